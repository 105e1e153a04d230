"""Bad input of every kind: status 2, one line that names the place, and nothing sent."""

import unittest

from programs import LOOPBACK, ProgramTest


class BadInput(ProgramTest):
    def setUp(self):
        super().setUp()
        self.receiver_stub = self.stub()
        self.csv = self.file("contacts.csv", "a\n1\n")
        self.good = self.webhooks({"url": self.receiver_stub.url, "all_imports": True})

    def refused(self, *arguments, names):
        """Runs the importer; what it says must hold each of these."""
        result = self.importer(*arguments)
        self.assertEqual((result.returncode, result.stdout), (2, ""), result.stderr)
        self.assertRegex(result.stderr, r"\Aimporter: [^\n]+\n\Z")
        for name in [names] if isinstance(names, str) else names:
            self.assertIn(name, result.stderr)
        self.assertEqual(self.receiver_stub.requests, [])

    def refused_with_good_webhooks(self, *arguments, names):
        self.refused("--webhooks", self.good, *LOOPBACK, *arguments, names=names)

    def test_the_command_line(self):
        webhooks = ["--webhooks", self.good, *LOOPBACK]
        for arguments, names in [
            ([], "FILE"),
            (webhooks, "FILE"),
            ([self.csv], ["--webhooks", "--webhook-url"]),
            ([*webhooks, self.csv, "--bogus"], "--bogus"),
            ([*webhooks, self.csv, "--bo\ngus"], "--bo\\ngus"),
            ([*webhooks, self.csv, "--wait"], "--wait"),
            ([*webhooks, self.csv, "--wait", "soon"], ["--wait", "soon"]),
            ([*webhooks, self.csv, "--wait", "-1"], "--wait"),
            ([*webhooks, self.csv, "--wait", "nan"], "--wait"),
            ([*webhooks, self.csv, "--wait", "inf"], "--wait"),
            ([*webhooks, self.csv, "--wait", ""], "--wait"),
            ([*webhooks, self.csv, "--store", "sqlite"], ["--store", "sqlite"]),
            ([*webhooks, self.csv, "--status", "running"], ["--status", "running"]),
            ([*webhooks, self.csv, "--tenant", "a", "--tenant", "b"], "--tenant"),
            ([*webhooks, self.csv, "--allow", "10.0.0.0/33"], ["--allow", "10.0.0.0/33"]),
            ([*webhooks, self.csv, "--allow", "here"], ["--allow", "here"]),
        ]:
            with self.subTest(arguments):
                self.refused(*arguments, names=names)

    def test_a_state_that_raises_no_event(self):
        for status in ["needs_review", "failed"]:
            self.refused_with_good_webhooks("--status", status, self.csv, names="--status")

    def test_csv_files(self):
        for path, names in [
            (self.directory / "missing.csv", "missing.csv: No such file"),
            (self.directory, "Is a directory"),
            (self.directory / "new\nline.csv", "new\\nline.csv"),
        ]:
            self.refused_with_good_webhooks(path, names=names)

    def test_nothing_is_sent_if_the_last_of_the_files_is_bad(self):
        bad = self.file("bad.csv", 'a\n"1\n')
        self.refused_with_good_webhooks(self.csv, bad, names="bad.csv: line 2")

    def test_webhooks_json(self):
        url = "http://127.0.0.1:9000/"
        webhook = {"url": url, "all_imports": True}
        document = lambda *webhooks: {"version": 1, "webhooks": list(webhooks)}
        for content, names in [
            ("", "webhooks.json"),
            ('{"version":1,"webhooks":[', "webhooks.json"),
            (b"\0", "webhooks.json"),
            ([], "object"),
            ({}, "version"),
            ({"version": 2, "webhooks": []}, "version"),
            (document({**webhook, "retries": 3}), "webhooks[0].retries"),
            (document(webhook, {**webhook, "url": 7}), "webhooks[1].url"),
            (document({**webhook, "development_mode": "no"}), "development_mode"),
            (document({"all_imports": True}), "url"),
            (document({"url": url}), "import_identifiers"),
            (document({**webhook, "id": "bad", "secrets": ["hunter2"]}), ["webhook bad", "secrets"]),
            (document({**webhook, "secrets": ["[redacted]"]}), "secrets"),
            (document({**webhook, "id": "inside", "url": "http://10.0.0.1/"}),
             ["webhook inside", "10.0.0.1"]),
            (document({**webhook, "id": "a"}, {**webhook, "id": "a"}), "webhooks[1].id"),
        ]:
            with self.subTest(content):
                path = self.file("bad_webhooks.json", content)
                self.refused("--webhooks", path, *LOOPBACK, self.csv, names=names)

    def test_a_webhook_that_is_refused_without_the_options_that_open_up(self):
        self.refused("--webhooks", self.good, self.csv, names="http")
        self.refused("--webhooks", self.good, "--allow-http", self.csv, names="127.0.0.1")

    def test_documents_that_are_not_there(self):
        self.refused("--webhooks", self.directory / "no.json", self.csv, names="no.json")
        for option in ["--user", "--headless"]:
            with self.subTest(option):
                missing = self.directory / "no.json"
                self.refused_with_good_webhooks(option, missing, self.csv, names="no.json")
                self.refused_with_good_webhooks(option, "/", self.csv, names="Is a directory")

    def test_webhook_url(self):
        for url, names in [
            ("", "--webhook-url"),
            ("nonsense", "--webhook-url"),
            ("ftp://example.com/", "--webhook-url"),
            ("https://user:pw@example.com/", "--webhook-url"),
            ("https://localhost/", ["--webhook-url", "localhost"]),
            ("https://10.0.0.1/", ["--webhook-url", "10.0.0.1"]),
            ("https://example.com:6379/", ["--webhook-url", "6379"]),
            ("https://example.com/\n", "--webhook-url"),
        ]:
            with self.subTest(url):
                self.refused_with_good_webhooks("--webhook-url", url, self.csv, names=names)

    def test_a_secret_is_not_shown(self):
        for content in [{"secrets": ["hunter2"]}, {"secrets": ["whsec_hunter2"]}]:
            webhook = {"url": "http://127.0.0.1:9000/", "all_imports": True, **content}
            path = self.file("bad_webhooks.json", {"version": 1, "webhooks": [webhook]})
            result = self.importer("--webhooks", path, *LOOPBACK, self.csv)
            self.assertEqual(result.returncode, 2)
            self.assertNotIn("hunter2", result.stderr)
        result = self.importer("--webhook-url", "http://10.0.0.1/?key=hunter2", self.csv)
        self.assertNotIn("hunter2", result.stderr)

    def test_user_json(self):
        for content, names in [
            ("", "not JSON"),
            ('{"id":"a"', "not JSON at offset 9"),
            ('{"id":"a"} x', "not JSON"),
            (b'{"id":"a"}\0', "NUL"),
            (b'{"id":"\xff"}', "not JSON"),
            ("[" * 100_000, "not JSON"),
            ([], "object"),
            (None, "object"),
            ({"company": "Acme"}, "company"),
            ({"id": 7}, "id: must be a string or null"),
            ({"email": {}}, "email"),
            ('{"id":"a","id":"b"}', "id: stands here twice"),
            ({"name": "n" * 1_100_000}, "1048576"),
        ]:
            with self.subTest(str(content)[:40]):
                path = self.file("user.json", content)
                names = [names, "user.json: "]
                self.refused_with_good_webhooks("--user", path, self.csv, names=names)

    def test_headless_documents(self):
        for content, names in [
            ("", "not JSON"),
            ("[]", "not an object"),
            ('{"a":1', "offset"),
            ('{"a":1,"a":2}', "offset 7"),
            (b'{"a":"\xff"}', "offset"),
            ('{"a":' * 100 + "1" + "}" * 100, "offset"),
            ('{"a":"' + "x" * 1_100_000 + '"}', "1048576"),
        ]:
            with self.subTest(str(content)[:40]):
                path = self.file("retrieve.json", content)
                names = [names, "retrieve.json: "]
                self.refused_with_good_webhooks("--headless", path, self.csv, names=names)


if __name__ == "__main__":
    unittest.main()
