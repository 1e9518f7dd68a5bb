# SPDX-License-Identifier: LicenseRef-agentrun-internal
"""What tests of a worker share: a client that speaks RESP, and a redis-server on a
free port of the loopback with its data in a folder of its own."""
import pathlib
import shutil
import signal
import socket
import subprocess
import tempfile
import time


class RedisError(Exception):
    pass


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


class Redis:
    """One connection. Replies are bytes, int, None or lists; with `text`, str."""

    def __init__(self, port, timeout=20, text=True):
        self.socket = socket.create_connection(("127.0.0.1", port), timeout)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.reader = self.socket.makefile("rb")
        self.text = text

    def close(self):
        self.reader.close()
        self.socket.close()

    def __enter__(self):
        return self

    def __exit__(self, *why):
        self.close()

    @staticmethod
    def pack(words):
        out = [b"*%d\r\n" % len(words)]
        for word in words:
            if isinstance(word, str):
                word = word.encode()
            elif isinstance(word, (int, float)):
                word = str(word).encode()
            out += [b"$%d\r\n" % len(word), word, b"\r\n"]
        return b"".join(out)

    def read(self):
        line = self.reader.readline()
        if not line.endswith(b"\r\n"):
            raise ConnectionError("redis closed the connection")
        kind, rest = line[:1], line[1:-2]
        if kind == b"-":
            return RedisError(rest.decode("utf-8", "replace"))
        if kind == b":":
            return int(rest)
        if kind == b"*":
            n = int(rest)
            return None if n < 0 else [self.read() for _ in range(n)]
        if kind == b"$":
            n = int(rest)
            if n < 0:
                return None
            data = self.reader.read(n + 2)
            if len(data) != n + 2:
                raise ConnectionError("redis closed the connection")
            rest = data[:-2]
        return rest.decode("utf-8", "surrogateescape") if self.text else rest

    def pipeline(self, *commands):
        self.socket.sendall(b"".join(map(self.pack, commands)))
        replies = [self.read() for _ in commands]
        for reply in replies:
            if isinstance(reply, RedisError):
                raise reply
        return replies

    def __call__(self, *words):
        return self.pipeline(words)[0]


class RedisServer:
    """Everything is on disk before it is answered. Ended by its process id."""

    def __init__(self, *options):
        self.dir = pathlib.Path(tempfile.mkdtemp(prefix="agentrun-redis-"))
        self.port, self.options, self.process = free_port(), options, None
        self.url = f"redis://127.0.0.1:{self.port}"
        self.start()

    @staticmethod
    def is_there():
        return shutil.which("redis-server") is not None

    def start(self):
        with open(self.dir / "log", "ab") as log:
            self.process = subprocess.Popen(
                ["redis-server", "--bind", "127.0.0.1", "--port", str(self.port),
                 "--appendonly", "yes", "--appendfsync", "always", "--save", "",
                 *self.options], cwd=self.dir, stdin=subprocess.DEVNULL, stdout=log,
                stderr=log)
        until = time.monotonic() + 20
        while True:
            try:
                with Redis(self.port, 1) as redis:
                    redis("PING")
                return
            except (OSError, RedisError):
                if self.process.poll() is not None or time.monotonic() > until:
                    raise RuntimeError((self.dir / "log").read_text()[-2000:]) from None
                time.sleep(0.02)

    def client(self, **more):
        return Redis(self.port, **more)

    def stop(self, how=signal.SIGKILL):
        if self.process.poll() is None:
            self.process.send_signal(how)
        self.process.wait(20)

    def close(self):
        self.stop()
        shutil.rmtree(self.dir, ignore_errors=True)
