#!/usr/bin/env python3
# SPDX-License-Identifier: LicenseRef-agentrun-internal
"""Many jobs through one worker: does it grow, and is Redis as it was when they are over?
soak.py AGENTRUN [--jobs N]

Jobs of both modes are sent as the worker takes them, results are taken by who sent them, and
records older than some seconds are removed with `agentrun store gc`. Prints the memory of
both as it goes; exit status 1 if the worker's grew by more than a fifth (and 8 MiB) behind
the first tenth of the jobs, if Redis holds keys of jobs in the end or a tenth (and 1 MiB) more
memory than after the first jobs, or if a result is missing."""
import argparse
import datetime
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "redis"))
from server import RedisServer  # noqa: E402

CONFIG = """
service: {{concurrency: 256, workers: 2, port: 0}}
redis: {{url: "redis://127.0.0.1:{port}", mode: both}}
storage: {{backend: redis}}
"""
SEND = """
for i = tonumber(ARGV[1]), tonumber(ARGV[2]) do
	local context = '{"data":[{"id":1,"price":' .. i % 97 .. '},{"id":2,"price":10}]}'
	if i % 2 == 0 then
		redis.call('RPUSH', 'agent:jobs', '{"version":"1.0","job_id":"job-' .. i ..
			'","run_id":"run-' .. i .. '","node_id":"n","prompt":"the 2 cheapest rows",' ..
			'"context":' .. context .. '}')
	else
		redis.call('XADD', 'wf.tasks.agent', 'MAXLEN', '~', 20000, '*', 'token',
			'{"id":"job-' .. i .. '","run_id":"run-' .. i .. '","to_node":"n","metadata":' ..
			'{"task":"the 2 cheapest rows","context":' .. context .. '}}')
	end
end
"""
# Gives how many of the results were there; what is not, stays to be asked for again.
TAKE = """
local missing = {}
for _, i in ipairs(ARGV) do
	local text = redis.call('LPOP', 'agent:results:job-' .. i)
	if not text then missing[#missing + 1] = i
	elseif not text:find('"status":"completed"', 1, true) then return { text } end
end
while redis.call('LPOP', 'completion_signals', 1000) do end
return missing
"""
# What a run's outputs are for is over, too; they are the engine's that made the run.
FORGET = """
for i = tonumber(ARGV[1]), tonumber(ARGV[2]) do
	redis.call('UNLINK', 'context:run-' .. i)
end
"""


class Soak:
    def __init__(self, agentrun, jobs):
        self.agentrun, self.jobs = str(pathlib.Path(agentrun).resolve()), jobs
        self.dir = pathlib.Path(tempfile.mkdtemp(prefix="agentrun-soak-"))
        self.redis = RedisServer("--appendfsync", "everysec")
        self.client = self.redis.client(timeout=300)
        (self.dir / "config.yaml").write_text(CONFIG.format(port=self.redis.port))
        self.env = {k: v for k, v in os.environ.items() if k in ("PATH", "LD_LIBRARY_PATH")}
        self.worker = subprocess.Popen([self.agentrun, "worker", "--log-level", "warn"],
                                       cwd=self.dir, env=self.env, stdin=subprocess.DEVNULL)
        self.sent, self.taken, self.open = 0, 0, []

    def close(self):
        if self.worker.poll() is None:
            self.worker.send_signal(signal.SIGTERM)
            self.worker.wait(60)
        self.redis.close()
        shutil.rmtree(self.dir, ignore_errors=True)

    def rss(self):
        for line in pathlib.Path(f"/proc/{self.worker.pid}/status").read_text().splitlines():
            if line.startswith("VmRSS:"):
                return int(line.split()[1]) / 1024
        sys.exit("the worker is gone")

    def redis_mib(self):
        self.client("MEMORY", "PURGE")
        for line in self.client("INFO", "memory").splitlines():
            if line.startswith("used_memory:"):
                return int(line.split(":")[1]) / 1048576
        return 0

    def forget_records(self, seconds):
        before = datetime.datetime.now(datetime.timezone.utc) - \
            datetime.timedelta(seconds=seconds)
        subprocess.run([self.agentrun, "store", "gc", "--before",
                        before.strftime("%Y-%m-%dT%H:%M:%SZ")], cwd=self.dir, env=self.env,
                       check=True, stdout=subprocess.DEVNULL)

    def send(self, n):
        self.client("EVAL", SEND, 0, self.sent, self.sent + n - 1)
        self.open += range(self.sent, self.sent + n)
        self.sent += n

    def take(self):
        missing = []
        for at in range(0, len(self.open), 2000):
            some = self.open[at:at + 2000]
            answer = self.client("EVAL", TAKE, 0, *some)
            if answer and answer[0].startswith("{"):
                sys.exit(f"a job failed: {answer[0]}")
            missing += map(int, answer)
        gone = len(self.open) - len(missing)
        self.open = missing
        self.taken += gone

    def go(self, until):
        """Up to so many jobs, all of them taken."""
        still = time.monotonic()
        while self.taken < until:
            before = self.taken
            if len(self.open) < 4000 and self.sent < until:
                self.send(min(2000, until - self.sent))
            self.take()
            still = time.monotonic() if self.taken > before else still
            if time.monotonic() > still + 30:
                sys.exit(f"{len(self.open)} results do not come")
            time.sleep(0.02)

    def calm(self, since):
        """Nothing of a job is left but what is to be left."""
        self.client("EVAL", FORGET, 0, since, self.sent - 1)
        self.forget_records(0)
        self.client("XTRIM", "wf.tasks.agent", "MAXLEN", 0)
        time.sleep(1.5)
        self.forget_records(0)

    def run(self):
        first = max(self.jobs // 10, 1000)
        self.go(first)
        rss = self.rss()
        self.calm(0)
        redis, begun, since = self.redis_mib(), time.monotonic(), first
        print(f"{self.taken} jobs: worker {rss:.1f} MiB, Redis {redis:.2f} MiB", flush=True)
        while self.taken < self.jobs:
            self.go(min(self.taken + max(self.jobs // 20, 1000), self.jobs))
            print(f"{self.taken} jobs: worker {self.rss():.1f} MiB, Redis "
                  f"{self.redis_mib():.2f} MiB with records of the last ones", flush=True)
            self.client("EVAL", FORGET, 0, since, self.sent - 1)
            since = self.sent
            self.forget_records(1)
        took, end = time.monotonic() - begun, self.rss()
        self.calm(since)
        after = self.redis_mib()
        left = [key for key in self.client("KEYS", "*") if "job-" in key or "run-" in key]
        print(f"{self.taken} jobs, {(self.jobs - first) / max(took, 0.01):.0f} a second with all "
              f"that; worker {rss:.1f} -> {end:.1f} MiB, Redis {redis:.2f} -> {after:.2f} MiB")
        for key in self.client("KEYS", "*"):
            print(f"  left: {key} ({self.client('MEMORY', 'USAGE', key)} bytes)")
        bad = [f"the worker grew from {rss:.1f} to {end:.1f} MiB"] \
            if end > rss * 1.2 and end > rss + 8 else []
        if after > redis * 1.1 and after > redis + 1:
            bad.append(f"Redis grew from {redis:.2f} to {after:.2f} MiB")
        if left:
            bad.append(f"{len(left)} keys of jobs are left: {left[:5]}")
        for text in bad:
            print(text)
        return 1 if bad else 0


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("agentrun")
    parser.add_argument("--jobs", type=int, default=20000)
    args = parser.parse_args()
    if not RedisServer.is_there():
        print("left out: redis-server is wanted")
        sys.exit(77)
    soak = Soak(args.agentrun, args.jobs)
    try:
        sys.exit(soak.run())
    finally:
        soak.close()


main()
