"""The first program that a newcomer reads."""

import unittest

from programs import ROOT, ProgramTest, run


class Quickstart(ProgramTest):
    def test_it_delivers_an_import(self):
        stub = self.stub()
        result = run("quickstart", stub.url + "/hooks", cwd=self.directory)
        self.assertEqual((result.returncode, result.stderr), (0, ""))
        self.assertRegex(result.stdout, r"\Amsg_\S+\ndelivered\n\Z")
        (body,) = stub.bodies()
        self.assertEqual(body["event"], "import_completed")
        self.assertEqual(body["data"]["filename"], "contacts.csv")

    def test_a_bad_url_is_said(self):
        result = run("quickstart", "nonsense", cwd=self.directory)
        self.assertEqual(result.returncode, 1)
        self.assertIn("url", result.stderr)

    def test_the_readme_shows_the_same_program(self):
        program = (ROOT / "examples" / "quickstart.cpp").read_text()
        self.assertIn(f"```cpp\n{program}```", (ROOT / "README.md").read_text())

    def test_it_is_short(self):
        lines = (ROOT / "examples" / "quickstart.cpp").read_text().splitlines()
        self.assertTrue(20 <= len(lines) <= 32, len(lines))


if __name__ == "__main__":
    unittest.main()
