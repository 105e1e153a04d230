"""examples/run.sh, from another directory and without its leave to install anything."""

import os
import pathlib
import re
import subprocess
import tempfile
import unittest

from programs import PROGRAMS, ROOT


class RunScript(unittest.TestCase):
    def test_everything_is_delivered(self):
        with tempfile.TemporaryDirectory() as name:
            directory = pathlib.Path(name)
            apt = directory / "apt-get"
            apt.write_text("#!/bin/sh\necho 'a package is missing' >&2\nexit 1\n")
            apt.chmod(0o755)
            temporary = directory / "tmp"
            temporary.mkdir()
            result = self.run_script(
                PATH=f"{directory}:{os.environ['PATH']}",
                TMPDIR=str(temporary),
                HOOKLINE_BUILD_DIR=str(PROGRAMS.parent),
            )
            self.assertEqual(result.returncode, 0, result.stdout + result.stderr)
            self.assertEqual(result.stderr, "")
            self.assertEqual(list(temporary.iterdir()), [])
        self.assertRegex(result.stdout, r"(?m)^ +1  pending  .*  stored  ")
        self.assertRegex(result.stdout, r"(?m)^ +1  delivered$")
        last = result.stdout.splitlines()[-1]
        delivered = re.fullmatch(r"delivered (\d+) of \1", last)
        self.assertTrue(delivered, last)
        self.assertGreater(int(delivered.group(1)), 5)

    def run_script(self, **environment):
        return subprocess.run(
            ["sh", ROOT / "examples" / "run.sh"],
            cwd="/",
            env={**os.environ, **environment},
            capture_output=True,
            text=True,
            timeout=600,
            check=False,
        )


if __name__ == "__main__":
    unittest.main()
