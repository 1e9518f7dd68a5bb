#!/usr/bin/env python3
# SPDX-License-Identifier: LicenseRef-agentrun-internal
"""Patches of workflows, in process: parse, apply, write. Ours raw, with the workflow's
rules, and with those and a usual schema (definitions, $ref, pattern, oneOf) in place of the
built-in one, in turns with yyjson, which knows no rules.

    patches.py PATCHES [--nodes 1000,100000] [--rounds 5]

yyjson is an installed package, or a clone that AGENTRUN_BENCH_YYJSON names. Of each the
least CPU time of all rounds. The results must be of one length."""
import argparse
import json
import os
import subprocess
import sys
import tempfile

import peers

SCHEMA = os.path.join(os.path.dirname(os.path.abspath(__file__)), "workflow.schema.json")

TYPES = {
    "function": lambda i: {"name": f"fn_{i}", "args": {"a": i, "b": [i, i + 1]}},
    "http": lambda i: {"url": f"https://api.example.com/v1/items/{i}", "method": "GET"},
    "transform": lambda i: {"expression": f"row.price * {i}", "output": "price"},
    "filter": lambda i: {"field": "price", "op": "<", "value": i},
    "agent": lambda i: {"task": f"summarise batch {i}", "model": "small"},
    "conditional": lambda i: {"condition": f"count > {i}", "then": "a", "else": "b"},
    "task": lambda i: {"name": f"task {i}", "queue": "default"},
    "aggregate": lambda i: {"by": ["country"], "fn": "sum", "field": "amount"},
}


def workflow(n):
    nodes, edges = [], []
    for i in range(n):
        kind = list(TYPES)[i % len(TYPES)]
        node = {"id": f"node_{i}", "type": kind, "name": f"Step number {i}",
                "config": TYPES[kind](i)}
        if i % 3 == 0:
            node["timeout_ms"] = 30000
        if i % 5 == 0:
            node["retry"] = {"max_attempts": 3, "backoff_ms": 1000, "backoff_multiplier": 2}
        nodes.append(node)
        if i:
            edges.append({"from": f"node_{i - 1}", "to": f"node_{i}"})
    return {"name": "bench", "nodes": nodes, "edges": edges}


def operations(n, count):
    """Some in the middle, some at the ends."""
    four = [{"op": "replace", "path": f"/nodes/{n // 2}/config", "value": {"name": "changed"}},
            {"op": "add", "path": "/nodes/-", "value": {"id": "added", "type": "function"}},
            {"op": "add", "path": "/edges/-", "value": {"from": f"node_{n - 1}", "to": "added"}},
            {"op": "test", "path": "/nodes/0/id", "value": "node_0"}]
    more = [{"op": "replace", "path": f"/nodes/{i * 7919 % n}/name", "value": f"name {i}"}
            for i in range(count - len(four))]
    return four + more


def measure(command):
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f"{command[0]}: {done.stderr.strip() or 'it failed'}")
    least, length = done.stdout.split()
    return float(least), int(length)


def one(title, commands, rounds):
    least = {name: 1e9 for name in commands}
    lengths = set()
    for _ in range(rounds):
        for name, command in commands.items():
            took, length = measure(command)
            least[name] = min(least[name], took)
            lengths.add(length)
    ours = least["raw"]
    for name, took in least.items():
        ratio = f", {took / least['yyjson']:.2f} of yyjson's" if "yyjson" in least else ""
        print(f"{title}: {name} {took * 1e6:.1f} us{ratio}", flush=True)
    if len(lengths) > 1:
        sys.exit(f"{title}: results of different lengths, {lengths}")
    return ours


def main():
    p = argparse.ArgumentParser(description=__doc__,
                                formatter_class=argparse.RawTextHelpFormatter)
    p.add_argument("patches")
    p.add_argument("--nodes", default="10,1000,100000")
    p.add_argument("--rounds", type=int, default=5)
    args = p.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        yyjson = peers.build("yyjson", scratch, "patch_yyjson.c")
        if not yyjson:
            print("yyjson: skipped, it is not installed and AGENTRUN_BENCH_YYJSON names no "
                  "clone that builds")
        for n in (int(x) for x in args.nodes.split(",")):
            for form, separators in [("compact", (",", ":")), ("spaced", None)]:
                for count in (4, 1000):
                    document = os.path.join(scratch, "document.json")
                    patch = os.path.join(scratch, "patch.json")
                    with open(document, "w", encoding="utf-8") as f:
                        json.dump(workflow(n), f, separators=separators)
                    with open(patch, "w", encoding="utf-8") as f:
                        json.dump(operations(n, count), f)
                    commands = {name: [args.patches, how, document, patch, "0.3"]
                                for name, how in (("raw", "raw"), ("rules", "rules"),
                                                  ("schema", SCHEMA))}
                    if yyjson:
                        commands["yyjson"] = [yyjson, document, patch, "0.3"]
                    one(f"{n} nodes, {form}, {count} operations", commands, args.rounds)


main()
