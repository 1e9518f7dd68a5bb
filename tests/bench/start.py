#!/usr/bin/env python3
# SPDX-License-Identifier: LicenseRef-agentrun-internal
"""How long a command takes from start to exit, against a named peer in the same
run: start.py AGENTRUN. Prints the medians and the ratio; never fails on a figure."""
import shutil
import statistics
import subprocess
import sys
import time

ROUNDS = 60


def wall(command):
    begin = time.perf_counter()
    subprocess.run(command, stdout=subprocess.DEVNULL, check=True)
    return time.perf_counter() - begin


def main():
    ours = [sys.argv[1], "classify", "always email me when the price drops"]
    peers = [["jq", "-n", "1"], ["sh", "-c", ":"]]
    for peer in peers:
        if not shutil.which(peer[0]):
            print(f"{peer[0]}: not installed, not compared")
            continue
        a, b = [], []
        for _ in range(ROUNDS):
            a.append(wall(ours))
            b.append(wall(peer))
        ratio = statistics.median(x / y for x, y in zip(a, b))
        print(
            f"agentrun classify {statistics.median(a) * 1e3:.2f} ms, "
            f"{' '.join(peer)} {statistics.median(b) * 1e3:.2f} ms, "
            f"ratio {ratio:.2f} (median of {ROUNDS} pairs, wall)"
        )


main()
