#!/usr/bin/env python3
# SPDX-License-Identifier: LicenseRef-agentrun-internal
"""kills.py PUT BACKEND [--kills N] [--writers N] [--seed N] [--server-kills N]

Kills -9 processes that put results (PUT, tests/store/put.c), at any moment, and sees
that no record is torn, no blob is wrong and nothing that was acknowledged is lost; also
after a gc. BACKEND is sqlite, fs, postgres or redis, of which the servers are started
here; with --server-kills they die, too. Exit status 1 if anything is not so."""
import argparse
import os
import pathlib
import random
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).parent.parent / "postgres"))
from server import PostgresServer  # noqa: E402


class Redis:
    def __init__(self, folder):
        self.folder = folder
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.url = f"redis://127.0.0.1:{self.port}/0"
        self.process = None

    def start(self):
        self.process = subprocess.Popen(
            ["redis-server", "--port", str(self.port), "--bind", "127.0.0.1", "--dir",
             self.folder, "--save", "", "--appendonly", "yes", "--appendfsync", "always"],
            stdout=subprocess.DEVNULL)
        for _ in range(1000):
            try:
                with socket.create_connection(("127.0.0.1", self.port)) as client:
                    client.sendall(b"PING\r\n")
                    if client.recv(10).startswith(b"+PONG"):
                        return self
            except OSError:
                pass
            time.sleep(0.02)
        raise RuntimeError("redis-server does not answer")

    def die(self):
        self.process.kill()
        self.process.wait()

    close = die


class Postgres(PostgresServer):
    def die(self):
        self.stop(signal.SIGQUIT)  # at once, without a word to the disk


class Kills:
    def __init__(self, args):
        self.args, self.random = args, random.Random(args.seed)
        self.dir = tempfile.mkdtemp(prefix="agentrun-kills-")
        self.server, self.kept, self.faults = None, {}, []
        self.killed = self.servers_killed = self.acknowledged = self.ended = 0
        if args.backend == "redis":
            self.server = Redis(self.dir).start()
        elif args.backend == "postgres":
            self.server = Postgres(durable=True).open()
        self.place = self.server.url if self.server else os.path.join(self.dir, "store")

    def start(self, n):
        return subprocess.Popen([self.args.put, self.args.backend, self.place, "put", str(n)],
                                stdout=subprocess.PIPE, text=True)

    def reap(self, process, kill):
        """The lines that it wrote whole were acknowledged."""
        if kill and process.poll() is None:
            process.kill()
            self.killed += 1
        text = process.stdout.read()
        process.stdout.close()
        if process.wait() != -signal.SIGKILL:
            self.ended += 1
        for line in text.split("\n")[:-1]:
            job, _, ref = line.partition(" ")
            if not ref.startswith("artifact://"):
                if not self.servers_killed:
                    self.faults.append("FAILED " + line)
                continue
            self.acknowledged += 1
            if self.kept.setdefault(job, ref) != ref:
                self.faults.append(f"TWICE {job} {self.kept[job]} {ref}")

    def check(self, *gc):
        lines = "".join(f"{job} {ref}\n" for job, ref in self.kept.items())
        done = subprocess.run([self.args.put, self.args.backend, self.place, "check", *gc],
                              input=lines, capture_output=True, text=True, check=False)
        if done.returncode:
            self.faults += done.stdout.splitlines()[:20] + [f"check: {done.returncode}"]
        return done.stdout.strip().rpartition("\n")[2]

    def run(self):
        every = max(1, self.args.kills // (self.args.server_kills + 1))
        n = 0
        while self.killed < self.args.kills and not self.faults:
            writers = [self.start(f"{n}-{i}") for i in range(self.args.writers)]
            n += 1
            for process in writers:
                # The first line says that it is under way; often it is killed before.
                time.sleep(self.random.uniform(0, self.args.life / 1000))
            server_dies = (self.server and self.args.server_kills > self.servers_killed and
                           self.killed >= (self.servers_killed + 1) * every)
            if server_dies:
                self.servers_killed += 1
                self.server.die()
            for process in writers:
                self.reap(process, True)
            if server_dies:
                self.server.start()
            if n % 40 == 0:
                self.check()
        before = self.check()
        after = self.check("gc")
        return before, after

    def close(self):
        if self.server:
            self.server.close()
        shutil.rmtree(self.dir, ignore_errors=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("put")
    parser.add_argument("backend", choices=["sqlite", "fs", "postgres", "redis"])
    parser.add_argument("--kills", type=int, default=500)
    parser.add_argument("--writers", type=int, default=2, help="at once")
    parser.add_argument("--life", type=float, default=150, help="ms at most between kills")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--server-kills", type=int, default=0)
    args = parser.parse_args()
    if args.backend == "redis" and not shutil.which("redis-server") or \
            args.backend == "postgres" and not PostgresServer.is_there():
        print("left out: there is no server to test with")
        sys.exit(77)
    signal.signal(signal.SIGTERM, lambda *what: sys.exit(1))
    kills = Kills(args)
    try:
        before, after = kills.run()
    finally:
        kills.close()
    print(f"{args.backend}: {kills.killed} killed, {kills.servers_killed} servers too, "
          f"{kills.acknowledged} puts acknowledged; {before}; after gc: {after}")
    print("\n".join(kills.faults[:40]))
    sys.exit(1 if kills.faults or not kills.acknowledged else 0)


if __name__ == "__main__":
    main()
