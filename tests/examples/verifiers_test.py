"""Requests of the importer, verified by the packages that receivers have: standardwebhooks and svix from
npm, pinned in verifiers/package-lock.json. Neither verifies v1a; Node's own Ed25519 does that."""

import json
import pathlib
import shutil
import subprocess
import sys
import tempfile
import unittest

from programs import LOOPBACK, SECRET, ProgramTest

SOURCE = pathlib.Path(__file__).resolve().parent / "verifiers"
SKIPPED = 77  # as tests/examples/CMakeLists.txt says
NO_NETWORK = ["ENOTFOUND", "EAI_AGAIN", "ECONNREFUSED", "ECONNRESET", "ETIMEDOUT", "E403", "E503"]

NEXT_SECRET = "whsec_dGhlIHNlY3JldCB0aGF0IGNvbWVzIG5leHQsIDMyIQ=="
ASYMMETRIC = "whsk_AQIDBAUGBwgJCgsMDQ4PEBESExQVFhcYGRobHB0eHyA="
FOLDER = None


def skip(why):
    print(f"SKIPPED: {why}")
    sys.exit(SKIPPED)


def install(folder):
    """Exactly what the lock file says, without running a script of any package."""
    if not shutil.which("node") or not shutil.which("npm"):
        skip("node and npm are not installed")
    for name in ["package.json", "package-lock.json", "receiver.js"]:
        shutil.copy(SOURCE / name, folder)
    result = subprocess.run(
        ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--fetch-retries=1",
         "--fetch-timeout=20000"],
        cwd=folder, capture_output=True, text=True, timeout=120, check=False,
    )
    if result.returncode != 0 and any(code in result.stderr for code in NO_NETWORK):
        skip("the npm registry cannot be reached")
    if result.returncode != 0:
        sys.exit(result.stderr)


class Verifiers(ProgramTest):
    def report_of(self, *known, sent_with):
        """What receivers with the secrets in `known` say of a request signed with `sent_with`."""
        node = subprocess.Popen(
            ["node", "receiver.js", *known], cwd=FOLDER, stdout=subprocess.PIPE, text=True
        )
        self.addCleanup(node.communicate)
        self.addCleanup(node.kill)
        url = f"http://127.0.0.1:{int(node.stdout.readline())}/hook"
        webhook = {"id": "a", "url": url, "all_imports": True, "secrets": list(sent_with)}
        # A name that is not ASCII, so that bytes and characters differ.
        csv = self.file("Kontakte für Zoë.csv", "name\nAda\n")
        result = self.importer("--webhooks", self.webhooks(webhook), *LOOPBACK, "--wait", 20, csv)
        self.assertEqual((result.returncode, result.stderr), (0, ""))
        report = json.loads(node.stdout.readline())
        self.assertIn("Kontakte für Zoë.csv", report["body"])
        for what, accepting in report["tampered"].items():
            self.assertEqual(accepting, [], what)
        return report

    def test_both_packages_verify_a_request(self):
        report = self.report_of(SECRET, NEXT_SECRET, sent_with=[SECRET])
        self.assertEqual(report["accepted"], ["standardwebhooks 0", "svix 0"])

    def test_during_a_rotation_receivers_with_either_secret_verify_it(self):
        report = self.report_of(SECRET, NEXT_SECRET, sent_with=[NEXT_SECRET, SECRET])
        self.assertEqual(
            report["accepted"],
            ["standardwebhooks 0", "svix 0", "standardwebhooks 1", "svix 1"],
        )
        self.assertEqual(len(report["signature"].split(" ")), 2)

    def test_an_asymmetric_signature_is_verified_by_ed25519_and_disturbs_nobody(self):
        report = self.report_of(SECRET, ASYMMETRIC, sent_with=[ASYMMETRIC, SECRET])
        self.assertEqual(report["accepted"], ["standardwebhooks 0", "svix 0", "node 1"])
        self.assertEqual(
            [entry.split(",")[0] for entry in report["signature"].split(" ")], ["v1a", "v1"]
        )

    def test_no_package_takes_an_asymmetric_signature_for_its_own(self):
        report = self.report_of(SECRET, sent_with=[ASYMMETRIC])
        self.assertEqual(report["accepted"], [])


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as made:
        FOLDER = made
        install(made)
        unittest.main(exit=True)
