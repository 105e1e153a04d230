"""What the tests of the example programs share: where the programs are, and receivers to aim at."""

import http.server
import json
import os
import pathlib
import re
import subprocess
import tempfile
import threading
import time
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
DATA = ROOT / "examples" / "data"
PROGRAMS = pathlib.Path(
    os.environ.get("HOOKLINE_EXAMPLES_DIR", ROOT / "build" / "examples")
)
LOOPBACK = ["--allow-http", "--allow", "127.0.0.0/8"]
TIMEOUT = 60
SECRET = "whsec_YW4gZXhhbXBsZSwgYW5kIG5vIHNlY3JldCBhdCBhbGw="


class ProgramTest(unittest.TestCase):
    """A test with a directory of its own."""

    def setUp(self):
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.directory = pathlib.Path(directory.name)

    def file(self, name, content):
        """Writes text (as UTF-8), bytes, or anything else as JSON; returns the path."""
        path = self.directory / name
        if isinstance(content, str):
            content = content.encode()
        if not isinstance(content, bytes):
            content = json.dumps(content).encode()
        path.write_bytes(content)
        return str(path)

    def webhooks(self, *webhooks):
        return self.file("webhooks.json", {"version": 1, "webhooks": list(webhooks)})

    def stub(self, *args, **kwargs):
        stub = StubReceiver(*args, **kwargs)
        self.addCleanup(stub.close)
        return stub

    def importer(self, *arguments):
        return run("importer", *arguments)

    def start(self, program, *arguments, **kwargs):
        """A program that runs beside the test, and is killed if it outlives it."""
        process = subprocess.Popen(
            [PROGRAMS / program, *map(str, arguments)],
            **{"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True, **kwargs},
        )
        self.addCleanup(end, process)
        return process

    def wait_until(self, condition):
        deadline = time.monotonic() + TIMEOUT
        while not condition():
            self.assertLess(time.monotonic(), deadline)
            time.sleep(0.01)

    def receiver(self, *arguments):
        """The receiver program and the URL that it says it listens on."""
        process = self.start("receiver", *arguments)
        line = process.stdout.readline()
        url = re.fullmatch(r"listening on (http://\S+:\d+)\n", line)
        self.assertTrue(url, line)
        return process, url.group(1)


def run(program, *arguments, **kwargs):
    return subprocess.run(
        [PROGRAMS / program, *map(str, arguments)],
        capture_output=True,
        text=True,
        timeout=TIMEOUT,
        check=False,
        **kwargs,
    )


def end(process):
    if process.poll() is None:
        process.kill()
    process.communicate()


def lines_of(result):
    """The JSON lines on stdout: those of imports, and those of deliveries."""
    lines = [json.loads(line) for line in result.stdout.splitlines()]
    imports = [line for line in lines if "import" in line]
    return imports, [line for line in lines if "import" not in line]


class StubReceiver:
    """Answers with these statuses, the last of them for ever; `release` holds answers back."""

    def __init__(self, *statuses, release=None, body=b""):
        self.requests = []
        self._body = body
        self._statuses = list(statuses) or [200]
        self._release = release
        stub = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                stub._answer(self)

            def log_message(self, *_):
                pass

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, args=[0.02])
        self._thread.start()
        self.port = self._server.server_address[1]
        self.url = f"http://127.0.0.1:{self.port}"

    def bodies(self):
        return [json.loads(body) for _, _, body in self.requests]

    def close(self):
        if self._release:
            self._release.set()
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def _answer(self, handler):
        body = handler.rfile.read(int(handler.headers["content-length"])).decode()
        self.requests.append((handler.path, handler.headers, body))
        if self._release:
            self._release.wait(TIMEOUT)
        status = self._statuses[0] if len(self._statuses) == 1 else self._statuses.pop(0)
        handler.send_response(status)
        handler.send_header("content-length", str(len(self._body)))
        try:
            handler.end_headers()
            handler.wfile.write(self._body)
        except BrokenPipeError:
            pass  # whoever asked was killed meanwhile
