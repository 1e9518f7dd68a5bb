#!/usr/bin/env python3
# SPDX-License-Identifier: LicenseRef-agentrun-internal
"""A PostgreSQL for a test: in a folder of its own, on a socket in it, ended by its
process id. Its programs refuse root, so they run as somebody else then.

    server.py PROGRAM ARGUMENT...   run the program with $AGENTRUN_TEST_POSTGRES, the
                                    server's url; 77: there is none to test with
"""
import ctypes
import glob
import os
import pwd
import shutil
import signal
import subprocess
import sys
import tempfile
import time

PR_SET_PDEATHSIG = 1


def folder_of_programs():
    for name in sorted(glob.glob("/usr/lib/postgresql/*/bin"), reverse=True):
        if os.path.exists(os.path.join(name, "initdb")):
            return name
    found = shutil.which("initdb")
    return os.path.dirname(found) if found else None


class PostgresServer:
    def __init__(self, durable=False):
        self.programs = folder_of_programs()
        self.durable = durable
        self.process = None
        self.who = None
        self.dir = tempfile.mkdtemp(prefix="agentrun-pg-")
        if os.geteuid() == 0:
            try:
                self.who = pwd.getpwnam("postgres")
            except KeyError:
                self.who = pwd.getpwnam("nobody")
            os.chown(self.dir, self.who.pw_uid, self.who.pw_gid)
        self.data = os.path.join(self.dir, "data")
        # As another user may connect: whoever comes is trusted, over this socket alone.
        self.url = f"postgresql:///postgres?host={self.dir}&user=tester"

    @staticmethod
    def is_there():
        return folder_of_programs() is not None

    def _become(self):
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        if self.who:
            os.setgroups([])
            os.setgid(self.who.pw_gid)
            os.setuid(self.who.pw_uid)
            ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)

    def _run(self, *args):
        env = {**os.environ, "LC_ALL": "C.UTF-8"}
        with open(os.path.join(self.dir, "log"), "ab") as log:
            return subprocess.Popen(args, stdout=subprocess.DEVNULL, stderr=log,
                                    stdin=subprocess.DEVNULL, cwd=self.dir, env=env,
                                    preexec_fn=self._become)

    def open(self, *more):
        """`more`: arguments of initdb."""
        made = self._run(os.path.join(self.programs, "initdb"), "-D", self.data, "-N",
                         "-A", "trust", "-E", "UTF8", "-U", "tester", *more)
        if made.wait():
            raise RuntimeError("initdb failed; see " + self.dir)
        self.start()
        return self

    def start(self):
        safe = "on" if self.durable else "off"
        self.process = self._run(
            os.path.join(self.programs, "postgres"), "-D", self.data, "-k", self.dir,
            "-c", "listen_addresses=", "-c", "max_connections=100", "-c", "fsync=" + safe,
            "-c", "autovacuum=off", "-c", "shared_buffers=32MB")
        for _ in range(600):
            if self.sql("SELECT 1") == "1":
                return
            if self.process.poll() is not None:
                raise RuntimeError("postgres ended; see " + self.dir)
            time.sleep(0.05)
        raise RuntimeError("postgres does not answer; see " + self.dir)

    def sql(self, text):
        done = subprocess.run([os.path.join(self.programs, "psql"), "-XAtq", "-d", self.url,
                               "-c", text], capture_output=True, text=True, check=False)
        return done.stdout.strip() if done.returncode == 0 else None

    def stop(self, how=signal.SIGINT):
        if self.process and self.process.poll() is None:
            self.process.send_signal(how)
            self.process.wait()
        self.process = None

    def close(self):
        self.stop(signal.SIGQUIT)
        shutil.rmtree(self.dir, ignore_errors=True)


def main():
    if not PostgresServer.is_there():
        print("left out: there is no PostgreSQL to test with")
        return 77
    server = PostgresServer()
    signal.signal(signal.SIGTERM, lambda *what: sys.exit(1))
    try:
        server.open()
        env = {**os.environ, "AGENTRUN_TEST_POSTGRES": server.url}
        return subprocess.run(sys.argv[1:], env=env, check=False).returncode
    finally:
        server.close()


if __name__ == "__main__":
    sys.exit(main())
