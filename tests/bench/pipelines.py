#!/usr/bin/env python3
# SPDX-License-Identifier: LicenseRef-agentrun-internal
"""Pipelines P1 to P5 against peers, whole processes in turns: ours, a peer, ours, the
next peer. Of each: the least CPU (user + system), the median wall time and the peak of
memory; of each pair: the ratio, and that of the least CPU of all rounds. What a peer printed
is compared with what we printed.

    pipelines.py --agentrun FILE --measure FILE [--rows 1000,100000] [--rounds 5] ...

AGENTRUN_BENCH_ROWS=1000000 stands for --rows, AGENTRUN_BENCH_DIR keeps the data,
AGENTRUN_BENCH_YYJSON and AGENTRUN_BENCH_SIMDJSON name clones to compare with. What takes
more memory than it may is a failure, and so is a peer with another answer; times are not."""
import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile

import flights
import peers

FORMS = {"json": "one array", "irregular.json": "irregular keys", "pretty.json": "indented",
         "ndjson": "lines"}


class Run:
    def __init__(self, measure, output):
        self.measure, self.output = measure, output

    def __call__(self, command, output=None):
        done = subprocess.run([self.measure, output or self.output, *command],
                              capture_output=True, text=True, check=True)
        status, wall, user, system, peak = done.stdout.split()[-5:]
        if int(status):
            raise RuntimeError(f"{command[0]} failed: {done.stderr.strip()[-300:]}")
        return {"wall": float(wall), "cpu": float(user) + float(system), "peak": int(peak)}


# ---- are the answers the same? ------------------------------------------------------

def plain(value):
    """Numbers by their first 12 digits, keys in order, null as if it were missing: peers
    differ in that."""
    if isinstance(value, dict):
        return {k: plain(value[k]) for k in sorted(value) if value[k] is not None}
    if isinstance(value, list):
        return [plain(v) for v in value]
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return float(f"{value:.12g}")
    return value


def read_rows(path):
    with open(path, encoding="utf-8") as f:
        text = f.read()
    try:
        rows = json.loads(text)
    except ValueError:
        rows = [json.loads(line) for line in text.splitlines() if line]
    return [plain(r) for r in (rows if isinstance(rows, list) else [rows])]


def keyed(rows):
    return sorted(json.dumps(r, sort_keys=True) for r in rows)


def differ(name, left, right):
    """What is different, or None. Peers may order rows of equal keys as they like, and
    so choose among those that share the tenth place."""
    a, b = read_rows(left), read_rows(right)
    if len(a) != len(b):
        return f"{len(b)} rows, ours {len(a)}"
    sort = {"P1": "price", "P2": "duration_min", "P5": "price"}.get(name)
    if sort and [r[sort] for r in a] != [r[sort] for r in b]:
        return f"another order by {sort}"
    if name in ("P1", "P5") and a:
        a = [r for r in a if r["price"] != a[-1]["price"]]
        b = [r for r in b if r["price"] != b[-1]["price"]]
    if keyed(a) != keyed(b):
        return "other rows"
    return None


# ---- measuring ------------------------------------------------------------------------

def rounds_for(first, wanted):
    """A peer that takes long is not run as often."""
    return wanted if first["wall"] < 10 else 1


def summary(name, runs):
    return {"name": name, "cpu": min(r["cpu"] for r in runs),
            "wall": statistics.median(r["wall"] for r in runs),
            "peak": max(r["peak"] for r in runs), "rounds": len(runs)}


def compare(run, name, ours, others, rounds, say):
    """The rows of the table: ours, then each peer with its ratios."""
    mine, rows = [], []
    run(ours, run.output + ".ours")
    for peer, command in others.items():
        try:
            first = run(command)
        except RuntimeError as e:
            say(f"{peer} {name}: {e}")
            continue
        wrong = differ(name, run.output + ".ours", run.output)
        pairs = []
        for _ in range(rounds_for(first, rounds)):
            pairs.append((run(ours), run(command)))
        mine += [a for a, _ in pairs]
        row = summary(peer, [b for _, b in pairs])
        row["ratio"] = statistics.median(b["cpu"] / max(a["cpu"], 1e-4) for a, b in pairs)
        row["wall_ratio"] = statistics.median(b["wall"] / a["wall"] for a, b in pairs)
        row["same"] = wrong or "yes"
        rows.append(row)
    while len(mine) < rounds:
        mine.append(run(ours))
    rows.insert(0, summary("agentrun", mine))
    return rows


def table(title, rows):
    lines = [title, f"  {'':14}{'CPU s':>8}{'wall s':>8}{'MiB':>8}{'rounds':>8}"
             f"{'CPU ratio':>11}{'of least':>10}{'wall ratio':>11}  same answer"]
    for r in rows:
        tail = ""
        if "ratio" in r:
            tail = (f"{r['ratio']:>11.2f}{r['cpu'] / max(rows[0]['cpu'], 1e-4):>10.2f}"
                    f"{r['wall_ratio']:>11.2f}  {r['same']}")
        lines.append(f"  {r['name']:14}{r['cpu']:>8.3f}{r['wall']:>8.3f}"
                     f"{r['peak'] / 1024:>8.1f}{r['rounds']:>8}{tail}")
    return "\n".join(lines)


def whole_process(run, agentrun, pipeline, data, rounds):
    """1000 rows, start to exit, against --version."""
    pairs = []
    for _ in range(max(rounds, 30)):
        pairs.append((run([agentrun, "exec", pipeline, "--input", data]),
                      run([agentrun, "--version"])))
    ratio = statistics.median(a["wall"] / b["wall"] for a, b in pairs)
    return (f"{statistics.median(a['wall'] for a, _ in pairs) * 1e3:.2f} ms, --version "
            f"{statistics.median(b['wall'] for _, b in pairs) * 1e3:.2f} ms, ratio {ratio:.2f}")


# ---- memory ---------------------------------------------------------------------------

FLAT_KIB = 16 * 1024   # P1, P3 and P4, whatever there is to be read
ROW_BYTES = 64         # P2 keeps a row's output and so much more,
HELD_BYTES = 4 << 20   # and what is held back of a result before any is written


def piped(command, path):
    """The same from a pipe, which nobody can seek in."""
    return ["sh", "-c", 'path=$1; shift; cat "$path" | "$@"', "sh", path, *command]


def memory(run, exe, plans, path, n):
    """Lines of what was measured, and which of them are too much. Through a pipe and from
    the file; P2's is what it has more than with no rows to speak of."""
    lines, wrong = [], 0
    empty = run.output + ".empty.json"
    with open(empty, "w", encoding="ascii") as f:
        f.write('[{"duration_min":1}]')
    for name, plan in plans.items():
        base = [exe, "exec", plan, "--threads", "1", "--input"]
        peaks = [run([*base, path])["peak"], run(piped([*base, "-"], path))["peak"]]
        if name == "P2":
            output = os.path.getsize(run.output)
            kept = max(peaks) * 1024 - run([*base, empty])["peak"] * 1024 - output
            kept -= min(output, HELD_BYTES)
            good = kept <= ROW_BYTES * n
            what = f"its output and {kept / n:.1f} bytes a row, may be {ROW_BYTES}"
        else:
            good = max(peaks) <= FLAT_KIB
            what = f"{max(peaks) / 1024:.1f} MiB, may be {FLAT_KIB // 1024}"
        wrong += not good
        lines.append(f"{name}, {n} rows, memory: {what}" + ("" if good else ": TOO MUCH"))
    return lines, wrong


def options():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    p.add_argument("--agentrun", required=True)
    p.add_argument("--measure", required=True)
    p.add_argument("--rows", default=os.environ.get("AGENTRUN_BENCH_ROWS", "1000,100000"))
    p.add_argument("--rounds", type=int, default=5)
    p.add_argument("--pipelines", default=",".join(peers.WHAT))
    p.add_argument("--forms", default=",".join(FORMS))
    p.add_argument("--peers", help="only these, by name")
    p.add_argument("--venv", help="where Python modules that are missing are put")
    args = p.parse_args()
    for name, known in [("pipelines", peers.WHAT), ("forms", FORMS)]:
        for word in getattr(args, name).split(","):
            if word not in known:
                p.error(f"--{name}: there is no {word}; there are {', '.join(known)}")
    return args


def measure_size(run, args, found, paths, directory, n, say):
    tables, plans = [], {}
    for name, steps in peers.ours(paths).items():
        if name not in args.pipelines.split(","):
            continue
        plan = os.path.join(directory, f"{name}.json")
        with open(plan, "w", encoding="utf-8") as f:
            json.dump(steps, f)
        plans[name] = plan
        for form in args.forms.split(","):
            if form != "json" and name != "P1":
                continue
            ours = [args.agentrun, "exec", plan, "--threads", "1", "--input", paths[form]]
            others = {p: make(name, paths, form) for p, make in found.items()}
            others["2 threads"] = [*ours[:4], "2", *ours[5:]]
            rows = compare(run, name, ours, {p: c for p, c in others.items() if c},
                           args.rounds, say)
            tables.append(table(f"{name}, {n} rows, {FORMS[form]}: {peers.WHAT[name]}", rows))
            say(tables[-1])
        if n <= 1000 and "json" in args.forms:
            tables.append(f"{name}, {n} rows, whole process: " + whole_process(
                run, args.agentrun, plan, paths["json"], args.rounds))
            say(tables[-1])
    plans.pop("P5", None)
    lines, wrong = memory(run, args.agentrun, plans, paths["json"], n) if n >= 100000 else ([], 0)
    for line in lines:
        say(line)
    return tables + lines, wrong


def main():
    args = options()
    tables, wrong = [], 0

    def say(line):
        print(line, flush=True)

    with tempfile.TemporaryDirectory() as scratch:
        directory = os.environ.get("AGENTRUN_BENCH_DIR", scratch)
        run = Run(args.measure, os.path.join(scratch, "out"))
        found = peers.available(scratch, args.venv, say)
        if args.peers:
            for name in set(args.peers.split(",")) - set(found):
                sys.exit(f"--peers: there is no {name}; there are {', '.join(found)}")
            found = {k: v for k, v in found.items() if k in args.peers.split(",")}
        for n in (int(float(x)) for x in args.rows.split(",")):
            forms = args.forms.split(",") + ["json", "ndjson"]
            paths = flights.forms(directory, n, forms)
            more, too_much = measure_size(run, args, found, paths, scratch, n, say)
            tables += more
            wrong += too_much
    say("\n---- all of it ----\n" + "\n".join(tables))
    differ_in = [t for t in tables if "another order" in t or "other rows" in t or " rows, ours" in t]
    return 1 if wrong or differ_in else 0


sys.exit(main())
