"""The durable store as a person sees it: what outlives the importer, several importers on one file,
and hookctl beside an importer that runs."""

import json
import os
import signal
import sqlite3
import threading
import time
import unittest

from programs import LOOPBACK, TIMEOUT, ProgramTest, lines_of, run

CSV = "name,email\nAda,ada@example.com\n"
SOON = 3  # seconds within which a running importer heeds a command


class StoreTest(ProgramTest):
    def setUp(self):
        super().setUp()
        self.csv = self.file("contacts.csv", CSV)
        self.store = self.directory / "service.db"

    def on_store(self, *arguments):
        return self.importer("--store", self.store, *LOOPBACK, *arguments)

    def start_on_store(self, *arguments):
        return self.start("importer", "--store", self.store, *LOOPBACK, *arguments)

    def drain(self, *arguments):
        return self.on_store("--drain", "--wait", 30, *arguments)

    def hookctl(self, *arguments):
        result = run("hookctl", "--store", self.store, "--json", *LOOPBACK, *arguments)
        self.assertEqual((result.returncode, result.stderr), (0, ""), arguments)
        return json.loads(result.stdout)

    def statuses(self):
        return [delivery["status"] for delivery in self.hookctl("list")["deliveries"]]

    def add(self, url, *options):
        self.hookctl("webhooks", "add", "--id", "crm", "--url", url, "--all", *options)

    def crm(self, url, **more):
        return self.webhooks({"id": "crm", "url": url, "all_imports": True, **more})


class AfterAKill(StoreTest):
    def kill_while_it_waits(self):
        """Kills an importer whose requests are out."""
        release = threading.Event()
        stub = self.stub(release=release)
        process = self.start_on_store("--wait", 60, *self.aims(stub.url), self.csv)
        self.wait_until(lambda: len(stub.requests) == 1)
        process.send_signal(signal.SIGKILL)
        self.assertEqual(process.wait(TIMEOUT), -signal.SIGKILL)
        release.set()
        return stub

    def aims(self, url):
        return ["--webhook-url", url + "/basic"]

    def test_a_basic_delivery_is_drained(self):
        stub = self.kill_while_it_waits()
        result = self.drain()
        imports, (delivery,) = lines_of(result)
        self.assertEqual((result.returncode, result.stderr, imports), (0, "", []))
        self.assertEqual((delivery["status"], delivery["webhook"]), ("delivered", None))
        first, second = stub.requests
        self.assertEqual(first[1]["webhook-id"], second[1]["webhook-id"])
        self.assertEqual(first[2], second[2])

    def test_managed_deliveries_are_drained_with_the_webhooks_of_the_store(self):
        self.aims = lambda url: self.add(url) or []
        stub = self.kill_while_it_waits()
        result = self.drain()
        _, (delivery,) = lines_of(result)
        self.assertEqual((result.returncode, delivery["webhook"]), (0, "crm"))
        self.assertEqual(len(stub.requests), 2)

    def test_managed_deliveries_are_drained_with_the_same_file_of_webhooks(self):
        self.aims = lambda url: ["--webhooks", self.crm(url)]
        stub = self.kill_while_it_waits()
        without = self.drain()
        self.assertEqual((without.returncode, without.stdout), (2, ""))
        self.assertIn("--store: ", without.stderr)
        self.assertIn("--webhooks", without.stderr)
        self.assertIn("webhook crm", without.stderr)
        self.assertEqual(self.drain("--webhooks", self.crm(stub.url)).returncode, 0)
        self.assertEqual(self.statuses(), ["delivered"])

    def test_a_later_run_delivers_them_too_and_tells_of_its_own_alone(self):
        stub = self.kill_while_it_waits()
        result = self.on_store("--webhook-url", stub.url + "/later", "--wait", 30, self.csv)
        imports, deliveries = lines_of(result)
        self.assertEqual((result.returncode, len(imports), len(deliveries)), (0, 1, 1))
        self.assertTrue(deliveries[0]["url"].endswith("/later"))
        self.wait_until(lambda: self.drain().returncode == 0)
        self.assertEqual(self.statuses(), ["delivered", "delivered"])


class ExitStatus(StoreTest):
    def leave_one(self, url):
        """A delivery that failed once and waits for its next try."""
        self.add(url)
        result = self.on_store("--wait", 0.5, self.csv)
        self.assertEqual(result.returncode, 3, result.stderr)

    def test_nothing_to_drain_is_0(self):
        result = self.drain()
        self.assertEqual((result.returncode, result.stdout, result.stderr), (0, "", ""))

    def test_drained_is_0_with_a_line_for_each(self):
        stub = self.stub(500, 200)
        self.leave_one(stub.url)
        result = self.drain()
        _, (delivery,) = lines_of(result)
        self.assertEqual((result.returncode, delivery["attempts"]), (0, 2))
        again = self.drain()
        self.assertEqual((again.returncode, again.stdout), (0, ""))

    def test_not_drained_in_time_is_3(self):
        self.leave_one(self.stub(500).url)
        result = self.on_store("--drain", "--wait", 0.2)
        self.assertEqual((result.returncode, result.stdout), (3, ""))

    def test_drained_without_success_is_4(self):
        stub = self.stub(500, 410)
        self.leave_one(stub.url)
        result = self.drain()
        _, (delivery,) = lines_of(result)
        self.assertEqual((result.returncode, delivery["status"]), (4, "exhausted"))
        self.assertIn("webhook crm is disabled now", result.stderr)
        self.assertEqual(self.drain().returncode, 0, "what has ended before is not told again")
        self.assertEqual(self.hookctl("webhooks", "list")["webhooks"][0]["state"], "disabled")

    def test_what_other_runs_have_left_does_not_count(self):
        self.leave_one(self.stub(500).url)
        self.hookctl("webhooks", "pause", "crm")
        stub = self.stub()
        begun = time.monotonic()
        result = self.on_store(
            "--webhooks", self.crm(stub.url), "--wait", 30, self.csv
        )
        self.assertLess(time.monotonic() - begun, 20)
        _, (delivery,) = lines_of(result)
        self.assertEqual((result.returncode, delivery["status"]), (0, "delivered"))


class BadInput(StoreTest):
    def refused(self, *arguments, names):
        result = self.importer(*LOOPBACK, *arguments)
        self.assertEqual((result.returncode, result.stdout), (2, ""), result.stderr)
        self.assertRegex(result.stderr, r"\Aimporter: [^\n]+\n\Z")
        for name in [names] if isinstance(names, str) else names:
            self.assertIn(name, result.stderr)

    def test_options_that_do_not_go_together(self):
        store = ["--store", self.store]
        for words, names in [
            (["--drain"], ["--drain", "--store FILE.db"]),
            (["--drain", "--store", "memory"], ["--drain", "--store FILE.db"]),
            ([*store, "--drain", self.csv], ["--drain", "FILE"]),
            ([*store, "--drain", "--tenant", "a"], ["--drain", "--tenant"]),
            ([*store, "--drain", "--webhook-url", "http://127.0.0.1/"], "--webhook-url"),
            (store, "FILE"),
            (["--store", "", self.csv], "--store"),
            (["--store", "service", self.csv], ["--store", "./FILE"]),
        ]:
            with self.subTest(words):
                self.refused(*words, names=names)
        self.assertEqual(os.listdir(self.directory), ["contacts.csv"])

    def test_files_that_are_no_store(self):
        other = self.directory / "other.db"
        with sqlite3.connect(other) as database:
            database.execute("CREATE TABLE mine(x)")
        database.close()
        for path, name in [
            (self.csv, "contacts.csv"), (other, "other.db"), (self.directory, "store"),
            (self.directory / "none" / "a.db", "a.db"),
        ]:
            with self.subTest(path):
                self.refused("--store", path, "--drain", names=["--store", name])

    def test_bad_input_makes_no_file(self):
        bad = self.file("bad.csv", 'a\n"1\n')
        self.refused("--store", self.store, "--webhook-url", "http://127.0.0.1/", bad, names="bad.csv")
        self.assertFalse(self.store.exists())

    def test_a_stored_webhook_that_is_refused_is_left_out_and_told(self):
        self.add("http://127.0.0.1:8000/")
        result = self.importer("--store", self.store, "--wait", 5, self.csv)
        imports, _ = lines_of(result)
        self.assertEqual((result.returncode, imports[0]["deliveries"]), (0, 0))
        self.assertRegex(result.stderr, r"\Aimporter: webhook crm is disabled for this run: .*\n\Z")


class Together(StoreTest):
    def test_importers_share_a_file(self):
        stub = self.stub()
        self.add(stub.url)
        files = [self.file(f"{i}.csv", CSV) for i in range(60)]
        running = [self.start_on_store("--wait", 40, *files) for _ in range(3)]
        messages = set()
        for process in running:
            output, error = process.communicate(timeout=TIMEOUT)
            self.assertEqual((process.returncode, error), (0, ""))
            lines = [json.loads(line) for line in output.splitlines()]
            accepted = {line["message"] for line in lines if "import" in line}
            told = [line["message"] for line in lines if "import" not in line]
            self.assertEqual((len(accepted), len(told), set(told)), (60, 60, accepted))
            messages |= accepted
        self.assertEqual(len(messages), 180)
        sent = [headers["webhook-id"] for _, headers, _ in stub.requests]
        self.assertEqual(sorted(sent), sorted(messages), "sent more than once, or not at all")

    def test_another_process_drains_for_one_that_waits(self):
        stub = self.stub()
        self.add(stub.url)
        self.hookctl("pause")
        waiting = self.start_on_store("--wait", 40, self.csv)
        self.assertIn('"deliveries":1', waiting.stdout.readline())
        self.hookctl("resume")
        self.assertEqual(self.drain().returncode, 0)
        output, _ = waiting.communicate(timeout=TIMEOUT)
        self.assertEqual((waiting.returncode, json.loads(output)["status"]), (0, "delivered"))
        self.assertEqual(len(stub.requests), 1)


class CommandsOnARunningImporter(StoreTest):
    """The importer has a delivery that fails, so that it runs until a command ends it."""

    def run_importer(self, stub, *arguments):
        process = self.start_on_store("--wait", 60, *arguments, self.csv)
        self.assertIn('"deliveries":1', process.stdout.readline())
        self.wait_until(lambda: len(stub.requests) > 0)
        return process

    def ends_soon(self, process, status):
        begun = time.monotonic()
        output, error = process.communicate(timeout=TIMEOUT)
        self.assertLess(time.monotonic() - begun, SOON)
        self.assertEqual(process.returncode, status, error)
        return json.loads(output.splitlines()[-1])

    def test_discard(self):
        stub = self.stub(500)
        self.add(stub.url)
        process = self.run_importer(stub)
        self.wait_until(lambda: self.statuses() == ["pending"])
        self.hookctl("discard", "--webhook", "crm", "--reason", "enough")
        delivery = self.ends_soon(process, 4)
        self.assertEqual((delivery["status"], delivery["error"]), ("discarded", "enough"))

    def test_pause_and_resume(self):
        stub = self.stub(200)
        self.add(stub.url)
        self.hookctl("pause")
        process = self.start_on_store("--wait", 60, self.csv)
        self.assertIn('"deliveries":1', process.stdout.readline())
        time.sleep(1)
        self.assertEqual(stub.requests, [])
        self.hookctl("resume")
        self.assertEqual(self.ends_soon(process, 0)["status"], "delivered")

    def test_pause_stops_one_that_sends(self):
        stub = self.stub(500)
        path = self.crm(stub.url, retry_schedule=[0] + [0.1] * 49)
        self.hookctl("webhooks", "add", "--from", path)
        process = self.run_importer(stub)
        self.hookctl("pause")
        time.sleep(SOON)
        sent = len(stub.requests)
        time.sleep(1)
        self.assertEqual(len(stub.requests), sent)
        self.assertIsNone(process.poll())

    def test_a_webhook_that_is_enabled_again(self):
        stub = self.stub()
        self.add(stub.url)
        self.hookctl("webhooks", "pause", "crm")
        process = self.start_on_store("--wait", 60, self.csv)
        self.assertIn('"deliveries":1', process.stdout.readline())
        self.hookctl("webhooks", "enable", "crm")
        self.assertEqual(self.ends_soon(process, 0)["status"], "delivered")

    def test_a_webhook_that_is_removed(self):
        stub = self.stub(500)
        self.add(stub.url)
        process = self.run_importer(stub)
        self.hookctl("webhooks", "remove", "crm")
        self.assertEqual(self.ends_soon(process, 4)["error"], "the webhook was removed")

    def test_what_is_erased_is_waited_for_no_more(self):
        stub = self.stub(500)
        self.add(stub.url, "--tenant", "acme")
        process = self.run_importer(stub, "--tenant", "acme")
        self.wait_until(lambda: self.statuses() == ["pending"])
        self.hookctl("erase", "--tenant", "acme")
        begun = time.monotonic()
        process.communicate(timeout=TIMEOUT)
        self.assertLess(time.monotonic() - begun, SOON)
        self.assertEqual((process.returncode, self.statuses()), (0, []))

    def test_replays_and_tests_are_sent_by_it(self):
        stub = self.stub(500, 200)
        self.add(stub.url)
        process = self.run_importer(stub)
        self.hookctl("test", "crm")
        self.hookctl("replay", 1)
        self.wait_until(lambda: len(stub.requests) >= 3)
        process.communicate(timeout=TIMEOUT)
        self.assertEqual(process.returncode, 0)


if __name__ == "__main__":
    unittest.main()
