#!/usr/bin/env python3
# SPDX-License-Identifier: LicenseRef-agentrun-internal
"""Jobs a second of a worker, from a list in Redis to its results, with the built-in planner
and with a model that is a stub: worker.py --agentrun A --stub S --proxy P --peer C [NAME...].
The peer is a C loop that does the same input and output and no work, in the same run.
Starts a redis-server of its own (appendonly, fsync every second). AGENTRUN_BENCH_JOBS for
more jobs. Prints figures, and never fails on one."""
import argparse
import contextlib
import json
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

JOBS = int(os.environ.get("AGENTRUN_BENCH_JOBS", "40000"))
TICK = os.sysconf("SC_CLK_TCK")
ROWS = [{"to": "LAX", "price": 320, "carrier": {"code": "AA"}},
        {"to": "JFK", "price": 180, "carrier": {"code": "DL"}},
        {"to": "SFO", "price": 250, "carrier": {"code": "UA"}}]
CONFIG = """
service: {{concurrency: {concurrency}, workers: 2, port: 0}}
redis: {{url: "redis://127.0.0.1:{port}", mode: {mode}}}
storage: {{backend: {store}}}
http: {{allow_private_networks: true}}
llm: {{single_turn: {single}, timeout_sec: 60}}
"""
#       name             delay turns concurrency jobs  wants
CASES = [
    ("builtin",          None, 1, 256,  JOBS, 10000),
    ("builtin-stream",   None, 1, 256,  JOBS, 10000),
    ("builtin-far",      None, 1, 1000, JOBS, 6000),
    ("llm-0ms",          0,    1, 256,  JOBS, 6500),
    ("llm-0ms-far",      0,    1, 1000, JOBS, 3900),
    ("llm-1s",           1000, 1, 1000, 12000, 900),
    ("llm-1s-two",       1000, 2, 2000, 12000, 900),
    ("llm-1s-far",       1000, 1, 1000, 12000, 540),
]


def cpu_of(pid):
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / TICK


def status_of(pid, name):
    for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith(name + ":"):
            return int(line.split()[1]) / 1024
    return 0


class Bench:
    def __init__(self, args):
        self.args = args
        self.dir = pathlib.Path(tempfile.mkdtemp(prefix="agentrun-bench-"))
        # Of the options the last one counts: every second, as a server has it.
        self.redis = RedisServer("--appendfsync", "everysec",
                                 "--auto-aof-rewrite-percentage", "0")
        self.client = self.redis.client(timeout=300)

    def close(self):
        self.redis.close()
        shutil.rmtree(self.dir, ignore_errors=True)

    @contextlib.contextmanager
    def helper(self, *command):
        """A process that prints its port, until its input ends."""
        process = subprocess.Popen(list(map(str, command)), stdin=subprocess.PIPE,
                                   stdout=subprocess.PIPE, text=True)
        try:
            yield process, int(process.stdout.readline())
        finally:
            process.stdin.close()
            process.wait(10)

    def fill(self, n, stream):
        self.client("FLUSHALL")
        context = {"data": ROWS}
        for at in range(0, n, 500):
            ids = range(at, min(at + 500, n))
            if stream:
                self.client.pipeline(*(("XADD", "wf.tasks.agent", "*", "token", json.dumps({
                    "id": f"job-{i}", "run_id": f"run-{i}", "to_node": "n", "metadata": {
                        "task": "show the 2 cheapest rows", "context": context}})) for i in ids))
            else:
                self.client("RPUSH", "agent:jobs", *(json.dumps({
                    "version": "1.0", "job_id": f"job-{i}", "run_id": f"run-{i}",
                    "node_id": "n", "prompt": "show the 2 cheapest rows",
                    "context": context}) for i in ids))

    def is_done(self, stream, n):
        if stream:
            return self.client("LLEN", "completion_signals") >= n
        return self.client("LLEN", "agent:jobs") == 0 and \
            self.client("ZCARD", "agent:leases") == 0

    def work(self, port, env, concurrency, n, stream, single):
        """Seconds, the worker's and Redis' CPU seconds, the worker's RSS in MiB at most."""
        (self.dir / "config.yaml").write_text(CONFIG.format(
            concurrency=concurrency, port=port, mode="stream" if stream else "list",
            store=self.args.store, single=str(single).lower()))
        env = {**{k: v for k, v in os.environ.items() if k in ("PATH", "LD_LIBRARY_PATH")},
               **env}
        self.fill(n, stream)
        redis = cpu_of(self.redis.process.pid)
        begun = time.monotonic()
        process = subprocess.Popen([self.args.agentrun, "worker", "--log-level", "warn"],
                                   cwd=self.dir, env=env, stdin=subprocess.DEVNULL)
        try:
            while not self.is_done(stream, n):
                time.sleep(0.02)
                if time.monotonic() > begun + 300 or process.poll() is not None:
                    sys.exit("the worker does not come to an end")
            took = time.monotonic() - begun
            cpu, most = cpu_of(process.pid), status_of(process.pid, "VmHWM")
            redis = cpu_of(self.redis.process.pid) - redis
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(60)
        done = sum(self.client.pipeline(*(("EXISTS", f"agent:results:job-{i}")
                                          for i in range(n))))
        failed = sum('"status":"failed"' in (text or "") for text in self.client.pipeline(*(
            ("LINDEX", f"agent:results:job-{i}", 0) for i in range(0, n, 97))))
        if done != n or failed:
            sys.exit(f"{done} results of {n}, {failed} of those looked at failed")
        return took, cpu, redis, most

    def peer(self, n, port, stub):
        self.fill(n, False)
        out = subprocess.run([str(self.args.peer), str(port), str(stub or 0), str(n)],
                             check=True, capture_output=True, text=True).stdout
        return float(out.split()[0])

    def case(self, name, delay, turns, concurrency, n, wants):
        stream, far = "stream" in name, "far" in name
        with contextlib.ExitStack() as stack:
            env, port, llm, model = {}, self.redis.port, None, None
            if delay is not None:
                model, llm = stack.enter_context(self.helper(self.args.stub, delay, turns))
                env = {"OPENAI_API_KEY": "k", "OPENAI_BASE_URL": f"http://127.0.0.1:{llm}/v1"}
            if far:
                _, port = stack.enter_context(self.helper(
                    self.args.proxy, self.redis.port, 1000))
            took, cpu, redis, most = self.work(port, env, concurrency, n, stream, turns == 1)
            stub = cpu_of(model.pid) if model else 0
            all_of_it = (cpu + redis + stub) / n * 1e6
            line = f"{name:15} {n / took:7.0f} jobs/s (wanted {wants}); CPU a job: worker " \
                f"{cpu / n * 1e6:.0f} us, Redis {redis / n * 1e6:.0f}, stub " \
                f"{stub / n * 1e6:.0f}, which leaves room for " \
                f"{os.cpu_count() * 1e6 / all_of_it:.0f} jobs/s; RSS at most {most:.0f} MiB"
            if not delay and not stream and not far:
                peer = self.peer(n, port, llm)
                line += f"; peer {n / peer:.0f} jobs/s, ratio {peer / took:.2f}"
            print(line, flush=True)


def main():
    parser = argparse.ArgumentParser()
    for name in ("agentrun", "stub", "proxy", "peer"):
        parser.add_argument("--" + name, required=True)
    parser.add_argument("--store", default="redis", choices=["redis", "memory"])
    parser.add_argument("names", nargs="*")
    args = parser.parse_args()
    args.agentrun = str(pathlib.Path(args.agentrun).resolve())
    if not RedisServer.is_there():
        print("redis-server: not installed, not measured")
        return
    bench = Bench(args)
    try:
        print(f"results are kept in {args.store}; {os.cpu_count()} cores for all of it")
        for case in CASES:
            if not args.names or case[0] in args.names:
                bench.case(*case)
    finally:
        bench.close()


main()
