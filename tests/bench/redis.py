#!/usr/bin/env python3
# SPDX-License-Identifier: LicenseRef-agentrun-internal
"""Jobs a second through the queue in Redis, of jobs without work, against the fewest
commands of hiredis that lose nothing: redis.py REDIS_QUEUE. Starts a redis-server of its
own (appendonly, fsync every second). AGENTRUN_BENCH_JOBS=200000 for more jobs. Prints
medians; never fails on a figure."""
import os
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time

JOBS = int(os.environ.get("AGENTRUN_BENCH_JOBS", "50000"))
ROUNDS = 3


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def wait_for(port):
    for _ in range(500):
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            return
        except OSError:
            time.sleep(0.02)
    sys.exit("redis-server does not start")


def run(program, port, what, batch, threads):
    put, take = [], []
    for _ in range(ROUNDS):
        subprocess.run(["redis-cli", "-p", str(port), "FLUSHALL"], check=True,
                       stdout=subprocess.DEVNULL)
        done = subprocess.run([program, f"redis://127.0.0.1:{port}", what, str(JOBS),
                               str(batch), str(threads)], check=True, capture_output=True,
                              text=True)
        seconds = [float(word) for word in done.stdout.split()]
        put.append(JOBS / seconds[0])
        take.append(JOBS / seconds[1])
    return statistics.median(put), statistics.median(take)


def main():
    if not shutil.which("redis-server") or not shutil.which("redis-cli"):
        print("redis-server: not installed, not measured")
        return
    folder, port = tempfile.mkdtemp(prefix="agentrun-bench-"), free_port()
    server = subprocess.Popen(
        ["redis-server", "--bind", "127.0.0.1", "--port", str(port), "--dir", folder,
         "--appendonly", "yes", "--save", ""], stdout=subprocess.DEVNULL)
    try:
        wait_for(port)
        print(f"{JOBS} jobs, jobs a second (median of {ROUNDS})")
        for batch in (1, 64, 256):
            peer = run(sys.argv[1], port, "peer", batch, 1)
            print(f"batch {batch:3}: peer       put in {peer[0]:7.0f}  take out "
                  f"{peer[1]:7.0f}")
            for what, threads in (("list", 1), ("list", 4), ("stream", 1), ("stream", 4)):
                ours = run(sys.argv[1], port, what, batch, threads)
                print(f"batch {batch:3}: {what:6} x {threads} put in {ours[0]:7.0f}  take "
                      f"out {ours[1]:7.0f}  ratio {ours[1] / peer[1]:.2f}")
    finally:
        server.kill()
        server.wait()
        shutil.rmtree(folder, ignore_errors=True)


main()
