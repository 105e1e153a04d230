"""The importer as a person uses it: what it prints, what it sends, what it exits with."""

import array
import fcntl
import json
import os
import pty
import re
import select
import termios
import threading
import time
import unittest

from programs import DATA, LOOPBACK, SECRET, TIMEOUT, ProgramTest, lines_of

CSV = "name,email\nAda,ada@example.com\nBob,bob@example.com\n"
UUID4 = r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}"


def waiting_bytes(pipe):
    count = array.array("i", [0])
    fcntl.ioctl(pipe, termios.FIONREAD, count)
    return count[0]


class ImporterTest(ProgramTest):
    def setUp(self):
        super().setUp()
        self.csv = self.file("contacts.csv", CSV)

    def contacts(self, url, **more):
        return self.webhooks(
            {"id": "contacts", "url": url, "import_identifiers": ["contacts"], **more}
        )

    def deliver(self, webhooks, *arguments):
        return self.importer(
            "--webhooks", webhooks, *LOOPBACK, "--identifier", "contacts", *arguments
        )


class Lines(ImporterTest):
    def test_each_import_has_a_line_and_each_delivery_one_when_it_ends(self):
        stub = self.stub()
        result = self.deliver(self.contacts(stub.url + "/in?token=1"), "--wait", 20, self.csv)
        self.assertEqual((result.returncode, result.stderr), (0, ""))
        first, second = result.stdout.splitlines()
        sent = re.fullmatch(
            r'\{"import":"(%s)","event":"import_completed",'
            r'"message":"(msg_[A-Za-z0-9_-]+)","deliveries":1\}' % UUID4,
            first,
        )
        self.assertTrue(sent, first)
        self.assertEqual(
            second,
            '{"message":"%s","webhook":"contacts","url":"%s/in","status":"delivered",'
            '"attempts":1,"http_status":200,"error":null}' % (sent.group(2), stub.url),
        )
        self.assertEqual(stub.requests[0][0], "/in?token=1")
        self.assertEqual(stub.requests[0][1]["webhook-id"], sent.group(2))
        self.assertEqual(stub.bodies()[0]["data"]["id"], sent.group(1))

    def test_without_wait_there_are_lines_of_imports_alone(self):
        stub = self.stub()
        result = self.deliver(self.contacts(stub.url), self.csv)
        imports, deliveries = lines_of(result)
        self.assertEqual((result.returncode, len(imports), deliveries), (0, 1, []))
        self.assertEqual(len(stub.requests), 1)

    def test_a_basic_webhook_has_no_id(self):
        stub = self.stub()
        result = self.importer(
            "--webhook-url", stub.url + "/basic", *LOOPBACK, "--wait", 20, self.csv
        )
        imports, deliveries = lines_of(result)
        self.assertEqual(result.returncode, 0)
        self.assertIsNone(deliveries[0]["webhook"])
        self.assertEqual(stub.requests[0][2], "uploadId=" + imports[0]["import"])

    def test_an_import_that_nobody_wants_is_accepted(self):
        result = self.importer(
            "--webhooks", self.contacts("http://127.0.0.1:8000"), *LOOPBACK, "--wait", 20, self.csv
        )
        imports, _ = lines_of(result)
        self.assertEqual((result.returncode, imports[0]["deliveries"]), (0, 0))

    def test_the_line_of_an_import_comes_before_those_of_its_deliveries(self):
        stub = self.stub()
        files = [self.file(f"{i}.csv", CSV) for i in range(50)]
        result = self.deliver(self.contacts(stub.url), "--wait", 30, *files)
        seen = set()
        for line in map(json.loads, result.stdout.splitlines()):
            if "import" in line:
                seen.add(line["message"])
            else:
                self.assertIn(line["message"], seen)
        self.assertEqual((result.returncode, len(seen)), (0, 50))
        self.assertEqual(len(result.stdout.splitlines()), 100)

    def test_lines_are_flushed_as_they_are_written(self):
        release = threading.Event()
        stub = self.stub(release=release)
        process = self.start(
            "importer", "--webhooks", self.contacts(stub.url), *LOOPBACK,
            "--identifier", "contacts", "--wait", 30, self.csv,
        )
        self.assertIn('"deliveries":1', process.stdout.readline())
        self.assertIsNone(process.poll())
        release.set()
        self.assertIn('"delivered"', process.stdout.readline())
        self.assertEqual(process.wait(TIMEOUT), 0)

    def test_a_slow_reader_gets_every_line(self):
        release = threading.Event()
        stub = self.stub(release=release)
        files = [self.file(f"{i}.csv", CSV) for i in range(300)]
        process = self.start(
            "importer", "--webhooks", self.contacts(stub.url), *LOOPBACK,
            "--identifier", "contacts", "--wait", 40, *files,
        )
        # The lines of the imports fit into the pipe; those of the deliveries do not, and are held
        # up for longer than the dispatcher waits for its observer.
        self.wait_until(lambda: waiting_bytes(process.stdout) > 300 * 100)
        release.set()
        self.wait_until(lambda: len(stub.requests) == 300)
        time.sleep(2)
        lines = [json.loads(line) for line in process.stdout]
        self.assertEqual(process.wait(TIMEOUT), 0)
        self.assertEqual(sum("import" in line for line in lines), 300)
        self.assertEqual(sum(line.get("status") == "delivered" for line in lines), 300)

    def test_output_that_cannot_be_written_is_a_failure(self):
        stub = self.stub()
        with open("/dev/full", "w", encoding="utf-8") as full:
            process = self.start(
                "importer", "--webhooks", self.contacts(stub.url), *LOOPBACK,
                "--identifier", "contacts", self.csv, stdout=full,
            )
            _, error = process.communicate(timeout=TIMEOUT)
        self.assertEqual(process.returncode, 1)
        self.assertEqual(error, "importer: standard output cannot be written\n")

    def test_progress_is_shown_on_a_terminal_and_wiped(self):
        stub = self.stub()
        terminal, side = pty.openpty()
        process = self.start(
            "importer", "--webhooks", self.contacts(stub.url), *LOOPBACK,
            "--identifier", "contacts", "--wait", 20, self.csv, stderr=side,
        )
        os.close(side)
        output, _ = process.communicate(timeout=TIMEOUT)
        shown = b""
        while select.select([terminal], [], [], 0)[0]:
            try:
                shown += os.read(terminal, 65536)
            except OSError:
                break
        os.close(terminal)
        self.assertIn(b"deliveries ended", shown)
        self.assertTrue(shown.endswith(b"\r\x1b[K"), shown)
        self.assertNotIn("\x1b", output)


class ExitStatus(ImporterTest):
    def test_help_is_0(self):
        result = self.importer("--help")
        self.assertEqual((result.returncode, result.stderr), (0, ""))
        self.assertIn("--webhooks", result.stdout)

    def test_delivered_at_a_later_try_is_0(self):
        stub = self.stub(500, 503, 200)
        webhooks = self.contacts(stub.url, retry_schedule=[0, 0.1, 0.1])
        result = self.deliver(webhooks, "--wait", 30, self.csv)
        _, (delivery,) = lines_of(result)
        self.assertEqual((result.returncode, delivery["attempts"]), (0, 3))
        self.assertIsNone(delivery["error"])

    def test_not_finished_in_time_is_3(self):
        stub = self.stub(500)
        begun = time.monotonic()
        result = self.deliver(self.contacts(stub.url), "--wait", 0.5, self.csv)
        self.assertLess(time.monotonic() - begun, 10)
        imports, deliveries = lines_of(result)
        self.assertEqual((result.returncode, len(imports), deliveries), (3, 1, []))

    def test_a_receiver_that_never_answers_holds_nobody_up(self):
        stub = self.stub(release=threading.Event())
        begun = time.monotonic()
        result = self.deliver(self.contacts(stub.url), "--wait", 0, self.csv)
        self.assertLess(time.monotonic() - begun, 10)
        self.assertEqual(result.returncode, 3)

    def test_without_wait_what_takes_long_is_left(self):
        stub = self.stub(500)
        begun = time.monotonic()
        result = self.deliver(self.contacts(stub.url), self.csv)
        self.assertLess(time.monotonic() - begun, 20)
        self.assertEqual(result.returncode, 3)

    def test_exhausted_is_4(self):
        stub = self.stub(500)
        webhooks = self.contacts(stub.url, retry_schedule=[0, 0.1])
        result = self.deliver(webhooks, "--wait", 30, self.csv)
        _, (delivery,) = lines_of(result)
        self.assertEqual(result.returncode, 4)
        self.assertEqual(delivery["status"], "exhausted")
        self.assertEqual((delivery["attempts"], delivery["http_status"]), (2, 500))
        self.assertIn("500", delivery["error"])

    def test_without_an_answer_there_is_no_http_status(self):
        stub = self.stub()
        stub.close()
        webhooks = self.contacts(stub.url, retry_schedule=[0])
        self._cleanups.pop()
        result = self.deliver(webhooks, "--wait", 30, self.csv)
        _, (delivery,) = lines_of(result)
        self.assertEqual((result.returncode, delivery["status"]), (4, "exhausted"))
        self.assertIsNone(delivery["http_status"])
        self.assertTrue(delivery["error"])

    def test_410_is_4_and_said(self):
        stub = self.stub(410)
        result = self.deliver(self.contacts(stub.url), "--wait", 30, self.csv)
        self.assertEqual(result.returncode, 4)
        self.assertIn("webhook contacts is disabled now: ", result.stderr)

    def test_exhausted_outweighs_unfinished(self):
        failing, silent = self.stub(500), self.stub(release=threading.Event())
        webhooks = self.webhooks(
            {"url": failing.url, "all_imports": True, "retry_schedule": [0]},
            {"url": silent.url, "all_imports": True},
        )
        result = self.deliver(webhooks, "--wait", 2, self.csv)
        self.assertEqual(result.returncode, 4)


class WhatIsSent(ImporterTest):
    def sent(self, *arguments, **webhook):
        stub = self.stub()
        webhooks = self.webhooks({"url": stub.url, **(webhook or {"all_imports": True})})
        result = self.importer("--webhooks", webhooks, *LOOPBACK, "--wait", 20, *arguments)
        self.assertEqual((result.returncode, result.stderr), (0, ""))
        return stub.bodies()

    def test_an_embedded_import(self):
        user = self.file("user.json", {"id": "u1", "name": None, "company_name": "Acmé"})
        (body,) = self.sent("--user", user, self.csv)
        data = body["data"]
        self.assertEqual(body["event"], "import_completed")
        self.assertRegex(data.pop("id"), UUID4)
        self.assertRegex(data.pop("created_date"), r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z")
        self.assertEqual(
            data,
            {
                "filename": "contacts.csv",
                "user": {
                    "id": "u1", "name": None, "email": None,
                    "company_id": None, "company_name": "Acmé",
                },
                "import_type": "EMBEDDED", "status": "SUCCESSFUL", "num_data_rows": 2,
                "development_mode": False, "has_data": True,
            },
        )

    def test_each_file_is_an_import_of_its_own(self):
        one, two = self.sent(self.csv, self.file("more.csv", "a\n1\n"))
        self.assertNotEqual(one["data"]["id"], two["data"]["id"])
        self.assertEqual(
            sorted(body["data"]["num_data_rows"] for body in (one, two)), [1, 2]
        )

    def test_headless_imports_go_out_without_their_private_members(self):
        for name, status, event in [
            ("completed", "successful", "import_completed"),
            ("needs_review", "needs_review", "headless_import_needs_review"),
            ("failed", "failed", "headless_import_failed"),
        ]:
            with self.subTest(status):
                document = DATA / f"headless_{name}.json"
                (body,) = self.sent("--headless", document, "--status", status, self.csv)
                self.assertEqual(body["event"], event)
                self.assertEqual(body["data"]["status"], status.upper())
                headless = body["data"]["headless"]
                self.assertEqual(
                    set(json.loads(document.read_text())) - set(headless),
                    {"review_url", "original_file_download"},
                )
                self.assertNotIn("only-for-the", json.dumps(body))

    def test_schema_tenant_and_mode_choose_the_webhook(self):
        self.assertEqual(len(self.sent("--schema", "s1", self.csv, saved_schema_ids=["s1"])), 1)
        self.assertEqual(len(self.sent("--schema", "s2", self.csv, saved_schema_ids=["s1"])), 0)
        theirs = {"tenant": "acme", "all_imports": True}
        self.assertEqual(len(self.sent("--tenant", "acme", self.csv, **theirs)), 1)
        self.assertEqual(len(self.sent(self.csv, **theirs)), 0)
        testing = {"development_mode": True, "all_imports": True}
        self.assertEqual(len(self.sent(self.csv, **testing)), 0)
        (body,) = self.sent("--development", self.csv, **testing)
        self.assertTrue(body["data"]["development_mode"])

    def test_signed_where_the_webhook_has_a_secret(self):
        stub = self.stub()
        webhooks = self.contacts(stub.url, secrets=[SECRET])
        self.assertEqual(self.deliver(webhooks, "--wait", 20, self.csv).returncode, 0)
        self.assertRegex(stub.requests[0][1]["webhook-signature"], r"^v1,[A-Za-z0-9+/]{43}=$")


if __name__ == "__main__":
    unittest.main()
