# SPDX-License-Identifier: LicenseRef-agentrun-internal
"""What the tests of the command line share: a folder a test, a run of the
program that checks what holds for every run, and an HTTP server."""
import http.server
import json
import os
import pathlib
import re
import shutil
import subprocess
import tempfile
import threading
import unittest

AGENTRUN = "agentrun"

ROWS = [
    {"id": 1, "to": "LAX", "price": 320, "carrier": {"code": "AA"}, "tags": ["red"]},
    {"id": 2, "to": "JFK", "price": 180.50, "carrier": {"code": "DL"}, "tags": []},
    {"id": 3, "to": "LAX", "price": 99, "carrier": {"code": "UA"}, "tags": ["x", "y"]},
    {"id": 4, "to": "SFO", "price": None, "carrier": None},
]
WORKFLOW = {
    "nodes": [
        {"id": "fetch", "type": "http",
         "config": {"url": "https://example.com/flights", "method": "GET"}},
        {"id": "pick", "type": "filter"},
    ],
    "edges": [{"from": "fetch", "to": "pick"}],
}


class Ran:
    def __init__(self, status, out, err):
        self.status, self.out, self.err = status, out, err

    @property
    def json(self):
        return json.loads(self.out)


class CliTest(unittest.TestCase):
    def setUp(self):
        self.dir = pathlib.Path(tempfile.mkdtemp(prefix="agentrun-cli-"))
        self.dir.chmod(0o755)
        self.addCleanup(shutil.rmtree, self.dir, ignore_errors=True)

    def file(self, name, content):
        """A file in the test's folder: bytes, text, or a value as JSON."""
        if not isinstance(content, (bytes, str)):
            content = json.dumps(content)
        if isinstance(content, str):
            content = content.encode()
        path = self.dir / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        return str(path)

    def environment(self, more):
        keep = {k: v for k, v in os.environ.items()
                if k in ("PATH", "LD_LIBRARY_PATH", "ASAN_OPTIONS", "UBSAN_OPTIONS",
                         "TSAN_OPTIONS", "LSAN_OPTIONS", "GCOV_PREFIX", "HOME")}
        keep["LC_ALL"] = "C"
        keep.update(more or {})
        return keep

    def start(self, *args, env=None, **more):
        more.setdefault("stdin", subprocess.DEVNULL)
        more.setdefault("stdout", subprocess.PIPE)
        more.setdefault("stderr", subprocess.PIPE)
        more.setdefault("cwd", self.dir)
        return subprocess.Popen([AGENTRUN, *map(os.fspath, args)],
                                env=self.environment(env), **more)

    def run_it(self, *args, stdin=None, env=None, timeout=30, **more):
        if stdin is not None:
            more["stdin"] = subprocess.PIPE
            stdin = stdin.encode() if isinstance(stdin, str) else stdin
        process = self.start(*args, env=env, **more)
        try:
            out, err = process.communicate(stdin, timeout)
        except subprocess.TimeoutExpired:
            process.kill()
            process.communicate()
            self.fail(f"no end within {timeout} s: agentrun {args}")
        return Ran(process.returncode, (out or b"").decode("utf-8", "surrogateescape"),
                   (err or b"").decode("utf-8", "surrogateescape"))

    def ok(self, *args, **more):
        """It succeeds and is silent on stderr."""
        ran = self.run_it(*args, **more)
        self.assertEqual((ran.status, ran.err), (0, ""), f"agentrun {args}: {ran.out!r}")
        return ran

    def fails(self, status, *args, says=None, **more):
        """It ends with `status` and one printable line on stderr; `says` is a
        pattern in that line."""
        ran = self.run_it(*args, **more)
        about = f"agentrun {args}: {ran.err!r}, stdout {ran.out[:300]!r}"
        self.assertEqual(ran.status, status, about)
        self.assertRegex(ran.err, r"\Aagentrun: [^\n]+\n\Z", about)
        self.assertNotRegex(ran.err[:-1], r"[\x00-\x1f\x7f\x80-\x9f]", about)
        if says:
            self.assertRegex(ran.err, says, about)
        return ran

    def value(self, *args, **more):
        """It prints one line of compact JSON."""
        ran = self.ok(*args, **more)
        self.assertRegex(ran.out, r"\A[^\n]+\n\Z")
        return ran.json


class Request:
    def __init__(self, handler, body):
        self.method, self.path = handler.command, handler.path
        self.headers, self.body = handler.headers, body


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def answer(self):
        length = int(self.headers.get("Content-Length") or 0)
        request = Request(self, self.rfile.read(length))
        self.server.requests.append(request)
        route = self.server.routes.get(re.sub(r"\?.*", "", self.path))
        if callable(route):
            route = route(request)
        status, headers, body = route or (404, {}, b"no such thing")
        if not isinstance(body, bytes):
            body = json.dumps(body).encode()
        try:
            self.send_response(status)
            for name, text in headers.items():
                self.send_header(name, text)
            if "Content-Length" not in headers:
                self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)
        except (BrokenPipeError, ConnectionResetError):
            self.close_connection = True

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = answer

    def log_message(self, *args):
        pass


class Httpd(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request, client_address):
        pass  # clients that hang up are part of the game


class Server:
    """An HTTP server on a free port of the loopback. `routes` maps a path to
    (status, headers, body) or to a function of the request."""

    def __init__(self, routes, address="127.0.0.1"):
        self.httpd = Httpd((address, 0), Handler)
        self.httpd.routes, self.httpd.requests = routes, []
        self.port = self.httpd.server_address[1]
        self.url = f"http://{address}:{self.port}"
        threading.Thread(target=self.httpd.serve_forever, args=(0.05,), daemon=True).start()

    @property
    def routes(self):
        return self.httpd.routes

    @property
    def requests(self):
        return self.httpd.requests

    def close(self):
        self.httpd.shutdown()
        self.httpd.server_close()
