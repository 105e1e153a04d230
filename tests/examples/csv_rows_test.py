"""How the importer counts the data rows of CSV files."""

import os
import threading
import unittest

from programs import LOOPBACK, ProgramTest

# What is in the file, and how many data rows that is.
ROWS = {
    "a row for each line": ("a,b\n1,2\n3,4\n", 2),
    "no line break at the end": ("a,b\n1,2\n3,4", 2),
    "the header alone": ("a,b\n", 0),
    "an empty file": ("", 0),
    "line breaks alone": ("\n\r\n\n", 0),
    "a byte order mark alone": (b"\xef\xbb\xbf", 0),
    "line breaks in quotes": ('a,b\n"1\n\n2",3\n"4\r\n5",6\n', 2),
    "a quoted header with a line break": ('"a\nb",c\n1,2\n', 1),
    "quotes in quotes": ('a\n"say ""hi"",\nnow"\n2\n', 2),
    "a quoted field at the end of the file": ('a\n"1"', 1),
    "CRLF": ("a,b\r\n1,2\r\n3,4\r\n", 2),
    "CR, as old Macs have it": ("a,b\r1,2\r3,4\r", 2),
    "CRLF and LF mixed": ("a\r\n1\n2\r\n3\r", 3),
    "empty lines are no rows": ("a,b\n\n1,2\n\n\r\n   \n3,4\n\n", 2),
    "empty lines before the header": ("\n\na,b\n1,2\n", 1),
    "rows of empty fields are rows": ('a,b\n,\n"",""\n""\n', 3),
    "ragged rows": ("a,b\n1\n1,2,3\n1,2\n", 3),
    "a byte order mark": (b"\xef\xbb\xbfa,b\n1,2\n", 1),
    "a byte order mark before a quote": (b'\xef\xbb\xbf"a\nb",c\n1,2\n', 1),
    "Latin-1": ("näme\njosé\nfrançois\n".encode("latin-1"), 2),
    "Shift JIS": ("名前\n山田\n表示\n".encode("shift_jis"), 2),
    "broken UTF-8": (b"a\n\xff\xc3\n\xe2\x82\n", 2),
    "quotes in text that is not quoted": ('a,b\n5" nails,1\n6" "x" nails,2\n', 2),
    "spaces around quotes": ('a,b\n "1\n2" , "3" \n', 1),
    "other separators, taken for text": ("a;b\n1;2\n", 1),
    "control characters": ("a\n\x1b[31m\x07\n", 1),
}

# What is in the file, and what the importer says of it.
FAULTS = {
    "a quote that is never closed": (
        'a,b\n1,2\n\n3,"4\n5,6\n', "line 4: a quote opens here and is never closed"),
    "a quote after one that was closed": (
        'a\n"1\n2","3\n', "line 3: a quote opens here and is never closed"),
    "a quote in the header": ('"a\n1\n', "line 1: a quote opens here and is never closed"),
    "a quote at the very end": ('a\r\n1\r\n"', "line 3: a quote opens here and is never closed"),
    "text after a closing quote": ('a,b\n"x"y,2\n3,4\n', "line 2: text after a closing quote"),
    "quotes that are not doubled": ('a\n"say "hi" now"\n', "line 2: text after a closing quote"),
    "UTF-16": ("a\n1\n".encode("utf-16"), "UTF-16 or UTF-32, not UTF-8"),
    "UTF-16, big-endian": (b"\xfe\xff\0a\0\n", "UTF-16 or UTF-32, not UTF-8"),
    "UTF-32": ("a\n1\n".encode("utf-32"), "UTF-16 or UTF-32, not UTF-8"),
    "UTF-16 without a mark": (
        "a\n1\n".encode("utf-16-le"), "line 1: a NUL byte: UTF-16 or not a text file"),
    "a NUL": (b"a\n1\n\0\n", "line 3: a NUL byte: UTF-16 or not a text file"),
    "a field without end": (
        b'a\n"' + b"x\n" * 9_000_000, "line 2: a field of more than 16 MiB begins here"),
}


class CsvRows(ProgramTest):
    def count(self, path):
        stub = self.stub()
        result = self.importer(
            "--webhooks", self.webhooks({"url": stub.url, "all_imports": True}),
            *LOOPBACK, "--wait", 30, path,
        )
        self.assertEqual((result.returncode, result.stderr), (0, ""))
        return stub.bodies()[0]["data"]["num_data_rows"]

    def test_rows_are_counted(self):
        for name, (content, rows) in ROWS.items():
            with self.subTest(name):
                self.assertEqual(self.count(self.file("file.csv", content)), rows)

    def test_rows_are_counted_across_the_blocks_that_a_file_is_read_in(self):
        for padding in range(65_530, 65_542):
            with self.subTest(padding):
                text = "h" * padding + '\r\n"1\r\n2",3\r\n4,5\r\n'
                self.assertEqual(self.count(self.file("file.csv", text)), 2)

    def test_what_is_not_csv_is_refused_with_its_file_and_line(self):
        for name, (content, message) in FAULTS.items():
            with self.subTest(name):
                path = self.file("file.csv", content)
                result = self.importer("--webhook-url", "https://example.com/", path)
                self.assertEqual((result.returncode, result.stdout), (2, ""))
                self.assertEqual(result.stderr, f"importer: {path}: {message}\n")

    def test_a_pipe_will_do(self):
        path = self.directory / "pipe.csv"
        os.mkfifo(path)
        writer = threading.Thread(target=path.write_text, args=["a,b\n1,2\n3,4\n"])
        writer.start()
        self.assertEqual(self.count(path), 2)
        writer.join()

    def test_a_large_file_needs_no_memory(self):
        path = self.directory / "large.csv"
        with path.open("wb") as file:
            file.write(b"a,b\n")
            for _ in range(200):
                file.write(b'1234567,"89\n0"\n' * 100_000)
        self.assertGreater(path.stat().st_size, 250_000_000)
        process = self.start(
            "importer", "--webhook-url", "https://example.com/", "--status", "failed", path
        )
        error = process.stderr.read()
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        self.assertLess(usage.ru_maxrss, 150_000)
        # It was read to its end, and the next fault was found.
        self.assertEqual(process.returncode, 2)
        self.assertIn("--status", error)


if __name__ == "__main__":
    unittest.main()
