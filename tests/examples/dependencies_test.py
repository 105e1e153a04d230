"""cmake/install_dependencies.sh, with an apt-get that only writes down what it is asked for."""

import os
import pathlib
import shutil
import subprocess
import tempfile
import unittest

from programs import ROOT

SCRIPT = ROOT / "cmake" / "install_dependencies.sh"
LIST = ROOT / "cmake" / "dependencies.txt"
TOOLS = ["sh", "awk", "cat", "dirname", "env", "grep"]


def packages():
    lines = LIST.read_text().splitlines()
    return [line for line in lines if line and not line.startswith("#")]


class InstallDependencies(unittest.TestCase):
    def setUp(self):
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.directory = pathlib.Path(directory.name)
        self.calls = self.directory / "calls"
        self.calls.touch()
        for tool in TOOLS:
            (self.directory / tool).symlink_to(shutil.which(tool))
        self.fake("id", "echo ${FAKE_UID:-0}")
        self.fake("apt-get", 'echo "apt-get $*" >>"$CALLS"; exit ${APT_STATUS:-0}')
        self.fake("dpkg-query", self.installed_unless_missing())

    def fake(self, name, body):
        path = self.directory / name
        path.write_text(f"#!/bin/sh\n{body}\n")
        path.chmod(0o755)

    @staticmethod
    def installed_unless_missing():
        return (
            'for last in "$@"; do :; done\n'
            'case "$last" in *Provides*) echo "installed $PROVIDED"; exit ;; esac\n'
            'case " $MISSING " in *" $last "*) exit 1 ;; esac\n'
            "echo installed"
        )

    def install(self, *groups, **environment):
        result = subprocess.run(
            ["sh", SCRIPT, *groups],
            env={"PATH": str(self.directory), "CALLS": str(self.calls), **environment},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        return result, self.calls.read_text().splitlines()

    def test_nothing_is_asked_for_where_nothing_is_missing(self):
        result, calls = self.install(FAKE_UID="1000")
        self.assertEqual((result.returncode, result.stderr, calls), (0, "", []))

    def test_only_what_is_missing_is_installed(self):
        result, (update, install) = self.install(MISSING="libcsv-dev ninja-build")
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertIn(" update", update)
        self.assertTrue(install.endswith(" ninja-build libcsv-dev"), install)
        self.assertEqual(result.stdout, "")

    def test_what_another_package_provides_is_not_missing(self):
        result, calls = self.install(MISSING="npm", PROVIDED="nodejs-dev (= 1), npm (= 2), x")
        self.assertEqual((result.returncode, calls), (0, []))
        _, (_, install) = self.install(MISSING="npm", PROVIDED="nodejs-dev, xnpm, npm-x")
        self.assertTrue(install.endswith(" npm"), install)

    def test_only_the_groups_asked_for(self):
        _, (_, install) = self.install("examples", MISSING="libcsv-dev ninja-build catch2")
        self.assertTrue(install.endswith("--no-install-recommends libcsv-dev"), install)
        result, calls = self.install("library", MISSING="libcsv-dev")
        self.assertEqual((result.returncode, len(calls)), (0, 2))

    def test_every_package_is_looked_at(self):
        _, (_, install) = self.install(MISSING=" ".join(packages()))
        self.assertEqual(install.split("--no-install-recommends ")[1].split(), packages())

    def test_a_group_that_is_not_there(self):
        result, calls = self.install("nonsense")
        self.assertEqual((result.returncode, calls), (1, []))
        self.assertIn("nonsense", result.stderr)

    def test_sudo_is_used_by_others_than_root(self):
        self.fake("sudo", 'echo "sudo" >>"$CALLS"; exec "$@"')
        result, calls = self.install(MISSING="libcsv-dev", FAKE_UID="1000")
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertEqual([call.split()[0] for call in calls], ["sudo", "apt-get"] * 2)

    def test_without_root_and_sudo_it_says_so(self):
        result, calls = self.install(MISSING="libcsv-dev", FAKE_UID="1000")
        self.assertEqual((result.returncode, calls), (1, []))
        self.assertIn("sudo", result.stderr)
        self.assertIn("libcsv-dev", result.stderr)

    def test_a_failure_to_install_is_one(self):
        result, _ = self.install(MISSING="libcsv-dev", APT_STATUS="100")
        self.assertEqual(result.returncode, 1)
        self.assertIn("libcsv-dev", result.stderr)

    def test_without_apt_the_packages_are_named(self):
        (self.directory / "apt-get").unlink()
        result, _ = self.install("examples")
        self.assertEqual(result.returncode, 0)
        self.assertIn("libcsv-dev", result.stderr)


class List(unittest.TestCase):
    def test_it_is_a_package_a_line_and_none_twice(self):
        self.assertEqual(len(packages()), len(set(packages())))
        for package in packages():
            self.assertRegex(package, r"\A[a-z0-9][a-z0-9+.-]+\Z")


if __name__ == "__main__":
    unittest.main()
