"""hookctl as an operator uses it: every command, on files in every state."""

import json
import os
import pty
import re
import select
import sqlite3
import subprocess
import unittest

from programs import LOOPBACK, PROGRAMS, ROOT, SECRET, TIMEOUT, ProgramTest, run

CSV = "name,email\nAda,ada@example.com\n"
CERTIFICATE = ROOT / "tests" / "data" / "client_certificate.pem"
KEY = ROOT / "tests" / "data" / "client_key.pem"
HOSTILE = "Acme\x1b[2J\u202e\u009b\"\\\n"
TIME = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z"


class HookctlTest(ProgramTest):
    def setUp(self):
        super().setUp()
        self.store = self.directory / "service.db"
        self.csv = self.file("contacts.csv", CSV)

    def hookctl(self, *arguments):
        return run("hookctl", "--store", self.store, *LOOPBACK, *arguments)

    def says(self, *arguments):
        """What people get to read."""
        result = self.hookctl(*arguments)
        self.assertEqual((result.returncode, result.stderr), (0, ""), arguments)
        return result.stdout

    def answer(self, *arguments):
        """What programs get to read: one document on one line, in ASCII."""
        result = self.hookctl("--json", *arguments)
        self.assertEqual((result.returncode, result.stderr), (0, ""), arguments)
        self.assertRegex(result.stdout, r"\A[\x20-\x7e]+\n\Z")
        return json.loads(result.stdout)

    def refused(self, *arguments, names, status=2):
        result = self.hookctl(*arguments)
        self.assertEqual((result.returncode, result.stdout), (status, ""), result.stderr)
        self.assertRegex(result.stderr, r"\Ahookctl: [^\n]+\n\Z")
        for name in [names] if isinstance(names, str) else names:
            self.assertIn(name, result.stderr)

    def add(self, url="https://example.com/hooks", **options):
        """Adds a webhook for every import and returns its id."""
        words = ["--all"]
        for name, value in options.items():
            words += ["--" + name.replace("_", "-"), value]
        return self.answer("webhooks", "add", "--url", url, *words)["webhooks"][0]["id"]

    def import_files(self, count=1, *arguments):
        """Imports with nothing delivered: the service is paused meanwhile."""
        self.answer("pause")
        files = [self.file(f"{i}.csv", CSV) for i in range(count)]
        result = self.importer("--store", self.store, *LOOPBACK, "--wait", 0, *arguments, *files)
        self.assertEqual(result.returncode, 3, result.stderr)
        self.answer("resume")
        return [json.loads(line) for line in result.stdout.splitlines()]

    def drain(self):
        return self.importer("--store", self.store, "--drain", *LOOPBACK, "--wait", 20)

    def deliveries(self, *arguments):
        return self.answer("list", *arguments)["deliveries"]

    def statuses(self):
        return [delivery["status"] for delivery in self.deliveries()]


class TheFile(HookctlTest):
    def test_one_that_is_not_there_is_not_made(self):
        for command in [["list"], ["stats"], ["pause"], ["webhooks", "list"], ["prune"]]:
            self.refused(*command, names=["--store", "service.db"])
        self.assertEqual(os.listdir(self.directory), ["contacts.csv"])

    def test_one_that_is_no_database(self):
        self.store = self.csv
        self.refused("list", names=["--store", "contacts.csv", "another path"])
        self.store = self.directory
        self.refused("list", names=["--store"])

    def test_one_of_another_program(self):
        with sqlite3.connect(self.store) as database:
            database.execute("CREATE TABLE mine(x)")
        database.close()
        self.refused("list", names=["--store", "service.db"])

    def test_one_of_a_newer_version(self):
        self.add()
        with sqlite3.connect(self.store) as database:
            (version,) = database.execute("PRAGMA user_version").fetchone()
            database.execute(f"PRAGMA user_version={version + 1}")
        database.close()
        self.refused("list", names=["--store", "newer hookline"])

    def test_it_is_readable_by_its_owner_alone(self):
        self.add()
        self.assertEqual(self.store.stat().st_mode & 0o777, 0o600)


class CommandLine(HookctlTest):
    def test_help_is_0(self):
        for words in [[], ["list"], ["webhooks"], ["webhooks", "add"]]:
            result = run("hookctl", *words, "--help")
            self.assertEqual((result.returncode, result.stderr), (0, ""))
            self.assertIn("--help", result.stdout)

    def test_faults_are_2_and_name_the_option(self):
        self.add()
        for words, names in [
            ([], "a command"),
            (["webhooks"], "a command"),
            (["lst"], "lst"),
            (["webhooks", "lst"], "lst"),
            (["list", "list"], "list"),
            (["stats", "pause"], "pause"),
            (["webhooks", "list", "stats"], "stats"),
            (["list", "--bo\ngus"], "--bo\\ngus"),
            (["list", "--limit", "0"], "--limit"),
            (["list", "--limit", "1001"], "--limit"),
            (["list", "--status", "lost"], ["--status", "lost"]),
            (["list", "--after", "x"], "--after"),
            (["show"], "ID"),
            (["show", "-1"], "-1"),
            (["show", "7"], "7"),
            (["replay", "7"], "7"),
            (["recover", "nobody", "--since", "1h"], "nobody"),
            (["recover", "nobody"], "--since"),
            (["recover", "nobody", "--since", "1 fortnight"], ["--since", "2h"]),
            (["recover", "nobody", "--since", "2024-02-31T00:00:00Z"], "--since"),
            (["test", "nobody"], "nobody"),
            (["discard"], ["--id", "--webhook", "--tenant", "--import", "--message"]),
            (["discard", "--tenant", "a", "--reason", ""], "--reason"),
            (["prune"], "--delivered-older-than"),
            (["prune", "--delivered-older-than", "7"], ["--delivered-older-than", "7d"]),
            (["erase"], "--tenant"),
            (["webhooks", "enable", "nobody"], "nobody"),
            (["webhooks", "remove", "nobody"], "nobody"),
            (["webhooks", "add"], "--url"),
            (["list", "--allow", "10.0.0.0/33"], "--allow"),
        ]:
            with self.subTest(words):
                self.refused(*words, names=names)

    def test_the_store_must_be_named(self):
        result = run("hookctl", "list")
        self.assertEqual(result.returncode, 2)
        self.assertIn("--store", result.stderr)

    def test_output_that_cannot_be_written_is_a_failure(self):
        self.add()
        with open("/dev/full", "w", encoding="utf-8") as full:
            result = subprocess.run(
                [PROGRAMS / "hookctl", "--store", self.store, "stats"],
                stdout=full, stderr=subprocess.PIPE, text=True, timeout=TIMEOUT, check=False,
            )
        self.assertEqual(result.returncode, 1)
        self.assertEqual(result.stderr, "hookctl: standard output cannot be written\n")


class Deliveries(HookctlTest):
    def test_list_finds_what_every_filter_names(self):
        self.add(id="one", tenant="acme")
        self.add(id="two", tenant="beta")
        (acme,) = self.import_files(1, "--tenant", "acme")
        self.import_files(1, "--tenant", "beta")
        self.assertEqual([d["tenant"] for d in self.deliveries()], ["acme", "beta"])
        for words, count in [
            (["--tenant", "acme"], 1), (["--tenant", ""], 0), (["--webhook", "two"], 1),
            (["--webhook", ""], 0), (["--import", acme["import"]], 1),
            (["--message", acme["message"], "--tenant", "beta"], 0),
            (["--status", "pending"], 2), (["--status", "delivered"], 0), (["--after", 1], 1),
        ]:
            with self.subTest(words):
                self.assertEqual(len(self.deliveries(*words)), count)
        text = self.says("list", "--tenant", "acme")
        self.assertRegex(text, r"\A *ID  STATUS .*\n +1  pending  .*" + acme["import"] + r".*\n\Z")

    def test_an_entry_has_all_that_is_known(self):
        self.add(id="one")
        (made,) = self.import_files()
        (entry,) = self.deliveries()
        self.assertRegex(entry.pop("created_at"), TIME)
        self.assertRegex(entry.pop("next_attempt_at"), TIME)
        self.assertEqual(entry, {
            "id": 1, "tenant": "", "import": made["import"], "event": "import_completed",
            "message": made["message"], "webhook": "one", "url": None, "status": "pending",
            "attempts": 0, "http_status": None, "error": None, "finished_at": None,
            "replay_of": None,
        })

    def test_pages_hang_together(self):
        self.add()
        self.import_files(5)
        seen, after = [], 0
        while after is not None:
            page = self.answer("list", "--limit", 2, "--after", after)
            seen += [delivery["id"] for delivery in page["deliveries"]]
            after = page["next"]
        self.assertEqual(seen, [1, 2, 3, 4, 5])
        result = self.hookctl("list", "--limit", 2)
        self.assertEqual(result.stderr, "hookctl: there is more: --after 2\n")

    def test_show_has_the_attempts(self):
        stub = self.stub(500)
        self.add(stub.url + "/in?token=hunter2", id="one")
        self.import_files()
        self.importer("--store", self.store, "--drain", *LOOPBACK, "--wait", 1)
        shown = self.answer("show", 1)
        self.assertEqual(shown["delivery"]["attempts"], 1)
        (attempt,) = shown["attempts"]
        self.assertEqual((attempt["number"], attempt["http_status"]), (1, 500))
        self.assertEqual(attempt["url"], stub.url + "/in")
        text = self.says("show", 1)
        self.assertRegex(text, r"(?m)^attempt 1 +" + TIME + r"  \d+ ms  500  ")
        self.assertNotIn("hunter2", text + json.dumps(shown))

    def test_replay_sends_once_more(self):
        stub = self.stub()
        self.add(stub.url)
        self.import_files()
        self.assertEqual(self.drain().returncode, 0)
        again = self.answer("replay", 1)["delivery"]
        self.assertEqual((again["id"], again["replay_of"], again["status"]), (2, 1, "pending"))
        self.assertEqual(len(stub.requests), 1, "hookctl has delivered")
        self.assertEqual(self.drain().returncode, 0)
        self.assertEqual(self.statuses(), ["delivered", "delivered"])
        ids = {headers["webhook-id"] for _, headers, _ in stub.requests}
        self.assertEqual((len(stub.requests), len(ids)), (2, 1))
        self.assertEqual(self.says("replay", 1), "delivery 3 waits to be sent\n")

    def test_a_test_is_a_delivery_like_any_other(self):
        stub = self.stub()
        self.add(stub.url, id="one")
        sent = self.answer("test", "one")["delivery"]
        self.assertEqual((sent["webhook"], sent["status"]), ("one", "pending"))
        self.assertEqual((self.drain().returncode, len(stub.requests)), (0, 1))

    def test_no_test_for_a_webhook_that_is_not_enabled_or_refused(self):
        self.add("http://127.0.0.1:8000/", id="one")
        self.answer("webhooks", "pause", "one")
        self.refused("test", "one", names=["one", "paused"])
        result = run("hookctl", "--store", self.store, "test", "one")
        self.assertEqual(result.returncode, 2)
        self.assertIn("--allow-http", result.stderr)


class ManyDeliveries(HookctlTest):
    def test_discard_takes_off_what_is_named(self):
        self.add(id="one", tenant="acme")
        self.add(id="two", tenant="beta")
        made = self.import_files(3, "--tenant", "acme")
        self.import_files(1, "--tenant", "beta")
        self.assertEqual(self.answer("discard", "--id", 1, "--reason", "why not"), {"discarded": 1})
        (first,) = self.deliveries("--status", "discarded")
        self.assertEqual((first["id"], first["error"]), (1, "why not"))
        self.assertRegex(first["finished_at"], TIME)
        self.assertEqual(self.answer("discard", "--import", made[1]["import"]), {"discarded": 1})
        self.assertEqual(self.answer("discard", "--message", made[0]["message"]), {"discarded": 0})
        self.assertEqual(self.says("discard", "--tenant", "acme", "--webhook", "one"), "1 discarded\n")
        self.assertEqual(self.statuses(), ["discarded"] * 3 + ["pending"])

    def test_many_go_in_bites(self):
        self.add(id="one", tenant="acme")
        self.import_files(450, "--tenant", "acme")
        self.assertEqual(self.answer("discard", "--webhook", "one"), {"discarded": 450})
        self.assertEqual(self.answer("recover", "one", "--since", "1h"), {"recovered": 450})
        self.assertEqual(self.answer("recover", "one", "--since", "1h"), {"recovered": 0})
        self.assertEqual(self.answer("stats")["pending"], 450)
        pruned = self.answer("prune", "--exhausted-and-discarded-older-than", "0s")
        self.assertEqual(pruned, {"removed": 450, "discarded": 0})
        self.assertEqual(self.answer("erase", "--tenant", "acme"), {"erased": 450})
        self.assertEqual(self.answer("stats")["pending"], 0)

    def test_progress_is_shown_on_a_terminal_and_wiped(self):
        self.add(id="one")
        self.import_files(3)
        terminal, side = pty.openpty()
        process = self.start(
            "hookctl", "--store", self.store, "discard", "--webhook", "one", stderr=side
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
        self.assertIn(b" %  0 discarded", shown)
        self.assertTrue(shown.endswith(b"\r\x1b[K"), shown)
        self.assertEqual(output, "3 discarded\n")

    def test_recover_repeats_what_did_not_get_there_since_then(self):
        self.add(id="one")
        self.import_files(2)
        self.answer("discard", "--webhook", "one")
        self.assertEqual(self.answer("recover", "one", "--since", "0s"), {"recovered": 0})
        times = [delivery["created_at"] for delivery in self.deliveries()]
        self.assertEqual(self.answer("recover", "one", "--since", times[1]), {"recovered": 1})
        self.assertEqual(self.says("recover", "one", "--since", "2h"), "1 recovered\n")
        self.assertEqual([d["replay_of"] for d in self.deliveries()], [None, None, 2, 1])

    def test_erase_leaves_nothing_of_a_tenant_or_an_import(self):
        self.add(id="one", tenant="acme")
        self.add(id="two", tenant="beta")
        made = self.import_files(2, "--tenant", "acme")
        self.import_files(1, "--tenant", "beta")
        erased = self.answer("erase", "--tenant", "acme", "--import", made[0]["import"])
        self.assertEqual(erased, {"erased": 1})
        self.assertEqual(self.says("erase", "--tenant", "acme"), "1 erased\n")
        self.assertEqual([d["tenant"] for d in self.deliveries()], ["beta"])
        files = [path.read_bytes() for path in self.directory.glob("service.db*")]
        self.assertFalse(any(line["import"].encode() in data for data in files for line in made))

    def test_prune_removes_what_is_named_alone(self):
        stub = self.stub()
        self.add(stub.url, id="one")
        self.import_files(2)
        self.assertEqual(self.drain().returncode, 0)
        self.answer("webhooks", "pause", "one")
        self.import_files(2)
        self.answer("discard", "--id", 3)
        for words, pruned, left in [
            (["--delivered-older-than", "1d"], (0, 0), 4),
            (["--bodies-older-than", "0s"], (0, 0), 4),
            (["--delivered-older-than", "0s"], (2, 0), 2),
            (["--pending-older-than", "0s"], (0, 1), 2),
            (["--pending-older-than", "0s", "--exhausted-and-discarded-older-than", "0s"], (2, 0), 0),
        ]:
            with self.subTest(words):
                answer = self.answer("prune", *words)
                self.assertEqual((answer["removed"], answer["discarded"]), pruned)
                self.assertEqual(len(self.deliveries()), left)

    def test_without_its_body_a_delivery_cannot_be_replayed(self):
        self.add(id="one")
        self.import_files()
        self.answer("discard", "--webhook", "one")
        self.says("prune", "--bodies-older-than", "0s")
        self.refused("replay", 1, names="body")


class Service(HookctlTest):
    def test_pause_holds_over_processes_until_resume(self):
        stub = self.stub()
        self.add(stub.url)
        self.import_files()
        self.assertEqual(self.says("pause"), "paused: nothing is sent until hookctl resume\n")
        self.assertIn("paused", self.says("stats"))
        result = self.importer("--store", self.store, "--drain", *LOOPBACK, "--wait", 0.5)
        self.assertEqual((result.returncode, stub.requests), (3, []))
        self.assertEqual(self.answer("resume"), {"paused": False})
        self.assertEqual((self.drain().returncode, len(stub.requests)), (0, 1))

    def test_stats_count_all_or_a_tenant(self):
        self.add(id="one", tenant="acme")
        self.add(id="two", tenant="beta")
        self.import_files(2, "--tenant", "acme")
        self.import_files(1, "--tenant", "beta", "--webhook-url", "http://127.0.0.1:9000/x?y")
        stats = self.answer("stats", "--lanes")
        self.assertEqual((stats["pending"], stats["in_flight"], stats["delivered"]), (4, 0, 0))
        self.assertGreater(stats["pending_bytes"], 0)
        self.assertRegex(stats["oldest_unfinished"], TIME)
        self.assertLess(stats["oldest_unfinished_age"], 60)
        lanes = {(lane["tenant"], lane["webhook"], lane["origin"]): lane for lane in stats["lanes"]}
        self.assertEqual(
            set(lanes),
            {("acme", "one", None), ("beta", "two", None), ("beta", None, "http://127.0.0.1:9000")},
        )
        self.assertEqual(lanes["acme", "one", None]["pending"], 2)
        beta = self.answer("stats", "--tenant", "beta", "--lanes")
        self.assertEqual((beta["pending"], len(beta["lanes"])), (2, 2))
        self.assertEqual(self.answer("stats", "--tenant", "nobody")["oldest_unfinished"], None)
        text = self.says("stats", "--lanes")
        self.assertIn("         4  pending  (", text)
        self.assertIn("(basic) http://127.0.0.1:9000\n", text)


class Webhooks(HookctlTest):
    def test_a_webhook_from_options(self):
        secrets = self.file("secrets", SECRET + "\n")
        (added,) = self.answer(
            "webhooks", "add", "--url", "https://example.com/in?token=hunter2", "--id", "crm",
            "--tenant", "acme", "--identifier", "contacts", "--identifier", "people",
            "--schema", "s1", "--event", "import_completed", "--event", "headless_import_failed",
            "--header", "X-Team: a: b", "--secret-file", secrets, "--rate-limit", "2.5",
            "--max-in-flight", "3", "--fifo", "--description", "the CRM", "--development",
        )["webhooks"]
        self.assertRegex(added.pop("created_at"), TIME)
        self.assertRegex(added.pop("updated_at"), TIME)
        self.assertEqual(added, {
            "id": "crm", "tenant": "acme", "url": "https://example.com/in",
            "description": "the CRM", "development_mode": True,
            "import_identifiers": ["contacts", "people"], "saved_schema_ids": ["s1"],
            "all_imports": False, "events": ["import_completed", "headless_import_failed"],
            "headers": [{"name": "X-Team", "value": "a: b"}], "basic_auth": None,
            "bearer_token": None, "client_certificate": None, "secrets": ["[secret]"],
            "max_in_flight": 3, "rate_limit": 2.5,
            "ordering": "fifo", "retry_schedule": None, "state": "enabled", "disabled_reason": "",
            "refused": None, "revision": 1,
        })
        self.assertEqual(self.answer("webhooks", "list")["webhooks"][0]["id"], "crm")

    def test_the_importer_fires_them_and_signs_with_the_generated_secret(self):
        stub, receiver = self.stub(), None
        answer = self.answer("webhooks", "add", "--url", stub.url, "--all", "--generate-secret")
        self.assertRegex(answer["secret"], r"\Awhsec_[A-Za-z0-9+/]+=*\Z")
        receiver, url = self.receiver("--secret", answer["secret"], "--count", 1)
        self.answer("webhooks", "remove", answer["webhooks"][0]["id"])
        text = self.says("webhooks", "add", "--url", url, "--all", "--id", "b", "--generate-secret")
        secret = re.fullmatch(r"added b\nsecret (whsec_\S+)  \(it is not shown again\)\n", text)
        self.assertTrue(secret, text)
        self.assertNotEqual(secret.group(1), answer["secret"])
        result = self.importer("--store", self.store, *LOOPBACK, "--wait", 20, self.csv)
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertIn("signature: invalid", receiver.communicate(timeout=TIMEOUT)[0])
        for words in [["webhooks", "list"], ["webhooks", "list", "--json"], ["list"]]:
            self.assertNotIn("whsec_", self.hookctl(*words).stdout)

    def test_a_client_certificate_is_kept_and_its_key_not_shown(self):
        good = ["webhooks", "add", "--url", "https://example.com/", "--all"]
        words = [*good, "--client-certificate", CERTIFICATE, "--client-key", KEY]
        (added,) = self.answer(*words)["webhooks"]
        self.assertEqual(
            added["client_certificate"],
            {"certificate": CERTIFICATE.read_text(), "key": "[secret]"},
        )
        for output in [self.hookctl(*words), self.hookctl("--json", "webhooks", "list")]:
            self.assertNotIn("PRIVATE KEY", output.stdout + output.stderr)
        none = self.directory / "none"
        for words, names in [
            ([*good, "--client-certificate", CERTIFICATE], ["--client-key"]),
            ([*good, "--client-key", KEY], ["--client-certificate"]),
            ([*good, "--client-certificate", KEY, "--client-key", KEY], ["holds a private key"]),
            ([*good, "--client-certificate", CERTIFICATE, "--client-key", CERTIFICATE],
             ["client_certificate.key: is not a private key"]),
            ([*good, "--client-certificate", none, "--client-key", KEY],
             ["--client-certificate", "No such file"]),
            ([*good, "--client-certificate", CERTIFICATE, "--client-key", none],
             ["--client-key", "No such file"]),
        ]:
            with self.subTest(words):
                self.refused(*words, names=names)

    def test_webhooks_from_a_file(self):
        webhook = {"url": "https://example.com/", "all_imports": True, "retry_schedule": [0, 0.5]}
        path = self.webhooks(
            {"id": "a", "bearer_token": "hunter2", **webhook},
            {"id": "b", "basic_auth": {"username": "u", "password": "hunter2"}, **webhook},
        )
        added = self.answer("webhooks", "add", "--from", path)["webhooks"]
        self.assertEqual([each["id"] for each in added], ["a", "b"])
        self.assertEqual(added[0]["retry_schedule"], [0, 0.5])
        self.assertEqual(added[0]["bearer_token"], "[secret]")
        self.assertEqual(added[1]["basic_auth"], {"username": "u", "password": "[secret]"})
        more = self.webhooks({"id": "c", **webhook}, {"id": "b", **webhook})
        self.refused("webhooks", "add", "--from", more, names=["b already", "nothing was added"])
        self.assertEqual(len(self.answer("webhooks", "list")["webhooks"]), 2)

    def test_webhooks_that_cannot_be(self):
        good = ["webhooks", "add", "--all", "--url", "https://example.com/"]
        path = self.webhooks({"id": "inside", "url": "https://10.0.0.1/", "all_imports": True})
        bad_secret = self.file("secrets", "hunter2\n")
        self.add(id="taken")
        for words, names in [
            (["webhooks", "add", "--url", "https://example.com/"], "import_identifiers"),
            (["webhooks", "add", "--url", "https://10.0.0.1/", "--all"], "10.0.0.1"),
            ([*good, "--id", "taken"], "taken"),
            ([*good, "--id", "a b"], "id"),
            ([*good, "--event", "import_begun"], ["--event", "import_completed"]),
            ([*good, "--header", "X-Team"], ["--header", "NAME: VALUE"]),
            ([*good, "--header", "host: a"], "host"),
            ([*good, "--rate-limit", "0"], "rate_limit"),
            ([*good, "--rate-limit", "fast"], "--rate-limit"),
            ([*good, "--max-in-flight", "-1"], "--max-in-flight"),
            ([*good, "--secret-file", bad_secret], "secrets[0]"),
            ([*good, "--secret-file", self.directory / "none"], ["--secret-file", "No such file"]),
            ([*good, "--secret-file", bad_secret, "--generate-secret"], "excludes"),
            ([*good, "--from", path], "excludes"),
            (["webhooks", "add", "--from", path], ["webhook inside", "10.0.0.1"]),
            (["webhooks", "add", "--from", self.csv], "contacts.csv"),
            (["webhooks", "add", "--from", self.directory / "none"], ["--from", "No such file"]),
        ]:
            with self.subTest(words):
                self.refused(*words, names=names)
        self.assertNotIn("hunter2", self.hookctl(*good, "--secret-file", bad_secret).stderr)
        self.assertEqual(len(self.answer("webhooks", "list")["webhooks"]), 1)

    def test_states(self):
        self.add(id="one")
        self.assertEqual(self.says("webhooks", "pause", "one"), "one is paused now\n")
        disabled = self.answer("webhooks", "disable", "one", "--reason", "moved")["webhook"]
        self.assertEqual((disabled["state"], disabled["disabled_reason"]), ("disabled", "moved"))
        self.assertIn("(moved)", self.says("webhooks", "list"))
        self.assertEqual(self.answer("webhooks", "enable", "one")["webhook"]["state"], "enabled")

    def test_remove_discards_what_waits(self):
        self.add(id="one")
        self.add(id="two")
        self.import_files(2)
        removed = self.answer("webhooks", "remove", "one")
        self.assertEqual(removed, {"removed": "one", "discarded": 2})
        self.assertEqual(len(self.deliveries("--status", "discarded", "--webhook", "one")), 2)
        self.assertEqual(self.says("webhooks", "remove", "two"), "removed two; 2 deliveries discarded\n")
        self.assertEqual(self.answer("webhooks", "list"), {"webhooks": [], "next": None})
        self.refused("replay", 1, names="removed")

    def test_pages_and_tenants(self):
        for i in range(5):
            self.add(id=f"w{i}", tenant="even" if i % 2 == 0 else "odd")
        seen, after = [], ""
        while after is not None:
            page = self.answer("webhooks", "list", "--limit", 2, "--after", after)
            seen += [webhook["id"] for webhook in page["webhooks"]]
            after = page["next"]
        self.assertEqual(seen, ["w0", "w1", "w2", "w3", "w4"])
        self.assertEqual(len(self.answer("webhooks", "list", "--tenant", "odd")["webhooks"]), 2)
        result = self.hookctl("webhooks", "list", "--limit", 2)
        self.assertEqual(result.stderr, "hookctl: there is more: --after w1\n")

    def test_what_the_options_refuse_has_no_state(self):
        self.add("http://127.0.0.1:8000/", id="one")
        strict = lambda *words: run("hookctl", "--store", self.store, *words)
        (webhook,) = json.loads(strict("webhooks", "list", "--json").stdout)["webhooks"]
        self.assertIsNone(webhook["state"])
        self.assertIn("http", webhook["refused"])
        self.assertIn("unknown", strict("webhooks", "list").stdout)
        for words in [["disable", "one"], ["enable", "one"]]:
            self.assertEqual(strict("webhooks", *words).returncode, 2)
        self.assertEqual(self.answer("webhooks", "list")["webhooks"][0]["state"], "enabled")


class TextOfStrangers(HookctlTest):
    def test_nothing_of_it_gets_to_a_terminal(self):
        self.add(id="one", tenant=HOSTILE, description=HOSTILE)
        self.import_files(1, "--tenant", HOSTILE)
        self.answer("discard", "--tenant", HOSTILE, "--reason", HOSTILE)
        for words in [["list"], ["show", "1"], ["webhooks", "list"], ["stats", "--lanes"]]:
            with self.subTest(words):
                text = self.says(*words)
                self.assertNotRegex(text, "[\x00-\x09\x0b-\x1f\x7f-\x9f\u202e]")
        self.assertIn("Acme\\x1b[2J", self.says("show", "1"))
        self.assertEqual(len(self.says("list").splitlines()), 2)
        self.refused("replay", HOSTILE, names="\\x1b")

    def test_programs_get_all_of_it(self):
        self.add(id="one", tenant=HOSTILE, description=HOSTILE)
        self.import_files(1, "--tenant", HOSTILE)
        self.answer("discard", "--tenant", HOSTILE, "--reason", HOSTILE)
        (delivery,) = self.deliveries("--tenant", HOSTILE)
        self.assertEqual((delivery["tenant"], delivery["error"]), (HOSTILE, HOSTILE))
        (webhook,) = self.answer("webhooks", "list")["webhooks"]
        self.assertEqual((webhook["tenant"], webhook["description"]), (HOSTILE, HOSTILE))

    def test_an_answer_that_is_not_text(self):
        stub = self.stub(500, body=b"\xff\x00\x1b[2J\xc2\x9b{")
        self.add(stub.url)
        self.import_files()
        self.importer("--store", self.store, "--drain", *LOOPBACK, "--wait", 1)
        (attempt,) = self.answer("show", 1)["attempts"]
        self.assertEqual(attempt["response_body"], "\ufffd\0\x1b[2J\x9b{")
        self.assertIn("\\xff\\x00\\x1b[2J\\xc2\\x9b{", self.says("show", 1))


class Secrets(HookctlTest):
    """What a webhook hides, however it got into the file."""

    DOCUMENT = {
        "version": 1,
        "webhooks": [{
            "id": "crm", "revision": 1, "all_imports": True,
            "url": "https://user:HushHush@crm.example.com/a@b?token=HushHush#HushHush",
            "basic_auth": {"username": "user", "password": "HushHush"},
            "secrets": ["whsec_HushHushHushHushHushHushHushHush"],
        }],
    }

    def put(self, document):
        self.add(id="other")
        with sqlite3.connect(self.store) as file:
            file.execute("INSERT INTO webhook(id,revision,version,document) VALUES('crm',1,100,?)",
                         [json.dumps(document).encode()])

    def test_nothing_of_it_is_shown(self):
        self.put(self.DOCUMENT)
        self.assertIn("https://[secret]@b", self.says("webhooks", "list"))
        for words in (["webhooks", "list"], ["webhooks", "list", "--json"], ["webhooks", "enable", "crm"],
                      ["webhooks", "disable", "crm"], ["webhooks", "pause", "crm"],
                      ["webhooks", "pause", "crm", "--json"], ["test", "crm"], ["replay", "1"],
                      ["stats", "--lanes"], ["webhooks", "remove", "crm"]):
            result = self.hookctl(*words)
            self.assertNotIn("HushHush", result.stdout + result.stderr, words)

    def test_a_document_that_cannot_be_read_is_not_shown_either(self):
        self.put({"version": 1, "webhooks": [{"url": "https://a/?HushHush", "secrets": "HushHush"}]})
        for words in (["list"], ["webhooks", "list"], ["stats"]):
            result = self.hookctl(*words)
            self.assertEqual(result.returncode, 1)
            self.assertIn("crm", result.stderr)
            self.assertNotIn("HushHush", result.stdout + result.stderr)


class SealedWebhooks(HookctlTest):
    KEY_1 = "key-1 MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=\n"
    KEY_2 = "key-2 ZmVkY2JhOTg3NjU0MzIxMGZlZGNiYTk4NzY1NDMyMTA=\n"

    def keys(self, name, text):
        path = self.file(name, text)
        os.chmod(path, 0o600)
        return path

    def raw(self):
        return b"".join(path.read_bytes() for path in self.directory.glob("service.db*"))

    def test_nothing_of_a_webhook_is_readable_but_its_id(self):
        keys = self.keys("keys", self.KEY_1)
        self.answer("--key-file", keys, "webhooks", "add", "--id", "crm", "--all",
                    "--url", "https://crm.example.com/?key=Mark", "--header", "x-api-key: Mark")
        self.assertNotIn(b"Mark", self.raw())
        self.assertNotIn(b"crm.example.com", self.raw())
        shown = self.answer("--key-file", keys, "webhooks", "list")["webhooks"]
        self.assertEqual([webhook["id"] for webhook in shown], ["crm"])

    def test_without_its_key_it_does_not_open(self):
        keys = self.keys("keys", self.KEY_1)
        self.answer("--key-file", keys, "webhooks", "add", "--id", "crm", "--all",
                    "--url", "https://crm.example.com/")
        self.refused("webhooks", "list", names=["crm", "sealed"])
        other = self.keys("other", self.KEY_2)
        self.refused("--key-file", other, "webhooks", "list", names=["crm", "key-1"])
        result = self.importer("--store", self.store, "--wait", 1, *LOOPBACK, self.csv)
        self.assertEqual(result.returncode, 2)
        self.assertIn("crm", result.stderr)

    def test_the_key_is_changed_by_reseal(self):
        self.add("https://crm.example.com/?key=Mark", id="plain")
        old = self.keys("old", self.KEY_1)
        self.assertEqual(self.answer("--key-file", old, "webhooks", "reseal"), {"sealed": 1})
        self.assertNotIn(b"Mark", self.raw())
        both = self.keys("both", self.KEY_2 + self.KEY_1)
        self.assertEqual(self.says("--key-file", both, "webhooks", "reseal"), "1 webhooks sealed\n")
        new = self.keys("new", self.KEY_2)
        self.assertEqual(len(self.answer("--key-file", new, "webhooks", "list")["webhooks"]), 1)
        self.refused("webhooks", "reseal", names="--key-file")

    def test_a_webhook_whose_key_is_lost_can_be_forgotten(self):
        keys = self.keys("keys", self.KEY_1)
        for name in ("crm", "other"):
            self.answer("--key-file", keys, "webhooks", "add", "--id", name, "--all",
                        "--url", "https://example.com/")
        self.refused("webhooks", "remove", "crm", names=["crm", "sealed"])
        self.assertEqual(self.says("webhooks", "forget", "crm"), "forgot crm\n")
        self.refused("webhooks", "forget", "crm", names="crm")
        self.assertEqual(self.answer("webhooks", "forget", "other"), {"forgotten": "other"})
        self.assertEqual(self.answer("webhooks", "list")["webhooks"], [])

    def test_to_reseal_takes_keys(self):
        self.add()
        self.refused("webhooks", "reseal", names="--key-file")

    def test_a_key_file_that_cannot_be_used_is_named_and_not_shown(self):
        self.add()
        path = self.file("keys", self.KEY_1)
        os.chmod(path, 0o644)
        self.refused("--key-file", path, "webhooks", "list", names=["--key-file", "chmod 600"])
        for text in ("", "key-1\n", "key-1 short\n", self.KEY_1 * 2):
            path = self.keys("bad", text)
            self.refused("--key-file", path, "webhooks", "list", names="--key-file")
        self.refused("--key-file", self.directory / "none", "webhooks", "list", names="--key-file")


if __name__ == "__main__":
    unittest.main()
