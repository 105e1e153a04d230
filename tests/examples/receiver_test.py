"""The receiver as a person uses it: what it prints, how it answers, how it ends."""

import http.client
import signal
import socket
import time
import unittest
import urllib.parse

from programs import LOOPBACK, SECRET, TIMEOUT, ProgramTest, run


def post(url, body="", headers=None, method="POST"):
    """The answer, with nothing followed and nothing tried again."""
    parts = urllib.parse.urlsplit(url)
    connection = http.client.HTTPConnection(parts.netloc, timeout=TIMEOUT)
    target = parts.path + (f"?{parts.query}" if parts.query else "")
    connection.request(method, target or "/", body, headers or {})
    answer = connection.getresponse()
    answer.read()
    connection.close()
    return answer


class Printing(ProgramTest):
    def printed(self, process):
        process.send_signal(signal.SIGTERM)
        output, error = process.communicate(timeout=TIMEOUT)
        self.assertEqual((process.returncode, error), (0, ""))
        return output

    def test_what_a_request_has_to_say(self):
        process, url = self.receiver()
        headers = {
            "Content-Type": "application/json", "Webhook-Id": "msg_1", "WEBHOOK-timestamp": "7",
            "webhook-signature": "v1,x", "x-other": "not shown",
        }
        self.assertEqual(post(url + "/hooks?a=b", '{"a":"é"}'.encode(), headers).status, 200)
        self.assertEqual(
            self.printed(process),
            "POST /hooks?a=b answered 200\n"
            "  content-type: application/json\n"
            "  webhook-id: msg_1\n"
            "  webhook-signature: v1,x\n"
            "  webhook-timestamp: 7\n"
            '  body: {"a":"é"}\n',
        )

    def test_lines_are_flushed(self):
        process, url = self.receiver()
        post(url + "/now")
        self.assertEqual(process.stdout.readline(), "POST /now answered 200\n")

    def test_other_methods_are_printed_too(self):
        process, url = self.receiver()
        for method in ["GET", "PUT", "PATCH", "DELETE", "OPTIONS"]:
            self.assertEqual(post(url + "/x", method=method).status, 200)
            self.assertEqual(process.stdout.readline(), f"{method} /x answered 200\n")
            process.stdout.readline()

    def test_what_is_refused_is_printed_too(self):
        process, url = self.receiver()
        form = {"content-type": "application/x-www-form-urlencoded"}
        self.assertEqual(post(url + "/long", "a=" + "b" * 20_000, form).status, 413)
        self.assertEqual(process.stdout.readline(), "POST /long answered 413\n")

    def test_no_request_can_forge_a_line_or_reach_the_terminal(self):
        process, url = self.receiver()
        body = "a\n  signature: valid\r\x1b[2J\x9b\u202e\u2028\0".encode() + b"\xff"
        post(url + "/%0a%1b[2J", body, {"webhook-id": "a\x1bb"})
        post(url + "/after")
        output = self.printed(process)
        self.assertIn("POST /%0a%1b[2J answered 200\n", output)
        self.assertIn("webhook-id: a\\x1bb\n", output)
        self.assertIn("body: a\\n  signature: valid\\r\\x1b[2J\\xc2\\x9b\\xe2\\x80\\xae", output)
        self.assertEqual([c for c in output if not (c.isprintable() or c == "\n")], [])
        self.assertEqual(len(output.splitlines()), 3 + 2)

    def test_a_long_path_does_no_harm(self):
        process, url = self.receiver()
        self.assertEqual(post(url + "/" + "x" * 8000).status, 200)
        self.assertIsNone(process.poll())


class Signatures(ProgramTest):
    def signature_lines(self, *arguments, webhook=None, requests=1):
        process, url = self.receiver("--count", requests, *arguments)
        if webhook is not None:
            csv = self.file("a.csv", "a\n1\n")
            webhooks = self.webhooks({"url": url, "all_imports": True, **webhook})
            result = self.importer("--webhooks", webhooks, *LOOPBACK, csv)
            self.assertEqual(result.returncode, 0)
        else:
            headers = {"webhook-id": "msg_1", "webhook-timestamp": "7", "webhook-signature": "v1,x"}
            post(url, "{}", headers)
        output, _ = process.communicate(timeout=TIMEOUT)
        return [line.strip() for line in output.splitlines() if "signature: " in line]

    def test_valid(self):
        lines = self.signature_lines("--secret", SECRET, webhook={"secrets": [SECRET]})
        self.assertIn("signature: valid", lines)

    def test_valid_with_one_of_several_secrets(self):
        other = "whsec_" + "QUJD" * 10
        lines = self.signature_lines(
            "--secret", other, "--secret", SECRET, webhook={"secrets": [SECRET]}
        )
        self.assertIn("signature: valid", lines)

    def test_another_secret(self):
        other = "whsec_" + "QUJD" * 10
        lines = self.signature_lines("--secret", other, webhook={"secrets": [SECRET]})
        self.assertTrue(lines[-1].startswith("signature: invalid, "), lines)

    def test_missing(self):
        self.assertEqual(
            self.signature_lines("--secret", SECRET, webhook={}), ["signature: missing"]
        )

    def test_too_old(self):
        lines = self.signature_lines("--secret", SECRET)
        self.assertTrue(lines[-1].startswith("signature: invalid, "), lines)

    def test_without_a_secret_nothing_is_said(self):
        lines = self.signature_lines(webhook={"secrets": [SECRET]})
        self.assertEqual(len(lines), 1)
        self.assertTrue(lines[0].startswith("webhook-signature: "))


class Answering(ProgramTest):
    def test_statuses_in_turn_and_the_last_for_ever(self):
        _, url = self.receiver("--status", "500,503,204")
        self.assertEqual([post(url).status for _ in range(5)], [500, 503, 204, 204, 204])

    def test_retry_after_unless_the_status_is_2xx(self):
        _, url = self.receiver("--status", "503,200", "--retry-after", "7")
        self.assertEqual(post(url).getheader("retry-after"), "7")
        self.assertIsNone(post(url).getheader("retry-after"))

    def test_delay(self):
        process, url = self.receiver("--delay", "0.3")
        begun = time.monotonic()
        self.assertEqual(post(url).status, 200)
        self.assertGreaterEqual(time.monotonic() - begun, 0.3)
        self.assertEqual(process.stdout.readline(), "POST / answered 200\n")


class BeginningAndEnd(ProgramTest):
    def test_the_port_file(self):
        path = self.directory / "port"
        _, url = self.receiver("--port-file", path)
        self.wait_until(path.exists)
        self.assertEqual(path.read_text(), url.rsplit(":", 1)[1] + "\n")
        self.assertEqual([child.name for child in self.directory.iterdir()], ["port"])

    def test_a_port_that_is_taken(self):
        _, url = self.receiver()
        port = url.rsplit(":", 1)[1]
        result = run("receiver", "--port", port)
        self.assertEqual((result.returncode, result.stdout), (1, ""))
        self.assertEqual(result.stderr, f"receiver: cannot listen on 127.0.0.1 port {port}\n")

    def test_ipv6(self):
        try:
            socket.create_server(("::1", 0), family=socket.AF_INET6).close()
        except OSError:
            self.skipTest("no IPv6 here")
        _, url = self.receiver("--host", "::1")
        self.assertTrue(url.startswith("http://[::1]:"))
        self.assertEqual(post(url).status, 200)

    def test_count(self):
        process, url = self.receiver("--count", "2")
        post(url + "/1")
        self.assertIsNone(process.poll())
        self.assertEqual(post(url + "/2").status, 200)
        self.assertEqual(process.wait(TIMEOUT), 0)

    def test_signals_end_it_cleanly(self):
        for number in [signal.SIGINT, signal.SIGTERM]:
            process, _ = self.receiver()
            process.send_signal(number)
            self.assertEqual(process.wait(TIMEOUT), 0)

    def test_a_signal_ends_it_soon_also_amid_a_delay(self):
        process, url = self.receiver("--delay", "100")
        port = int(url.rsplit(":", 1)[1])
        with socket.create_connection(("127.0.0.1", port)) as connection:
            connection.sendall(b"POST /slow HTTP/1.1\r\nhost: x\r\ncontent-length: 0\r\n\r\n")
            process.stdout.readline()
            begun = time.monotonic()
            process.send_signal(signal.SIGTERM)
            self.assertTrue(connection.recv(100).startswith(b"HTTP/1.1 200"))
            self.assertEqual(process.wait(TIMEOUT), 0)
        self.assertLess(time.monotonic() - begun, 10)

    def test_bad_arguments(self):
        for arguments, name in [
            (["--bogus"], "--bogus"),
            (["--port", "70000"], "--port"),
            (["--status", "99"], "--status"),
            (["--status", "100"], "--status"),
            (["--status", "200,,300x"], "--status"),
            (["--delay", "-1"], "--delay"),
            (["--count", "0"], "--count"),
            (["--retry-after", "1\r\nx: y"], "--retry-after"),
            (["--secret", "hunter2"], "--secret"),
        ]:
            with self.subTest(arguments):
                result = run("receiver", *arguments)
                self.assertEqual((result.returncode, result.stdout), (2, ""))
                self.assertRegex(result.stderr, r"\Areceiver: [^\n]+\n\Z")
                self.assertIn(name, result.stderr)
                self.assertNotIn("hunter2", result.stderr)
        self.assertEqual(run("receiver", "--help").returncode, 0)

    def test_a_port_file_that_cannot_be_written(self):
        result = run("receiver", "--port-file", self.directory / "no" / "port")
        self.assertEqual(result.returncode, 1)
        self.assertIn("cannot be written", result.stderr)


if __name__ == "__main__":
    unittest.main()
