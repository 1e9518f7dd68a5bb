# SPDX-License-Identifier: LicenseRef-agentrun-internal
"""Random pipelines over random tables: `agentrun exec` against oracle.py.

run.py AGENTRUN [--seed N] [--cases N] [--seconds S] [--keep DIR]

Case i of seed n is always the same; a difference is printed with its seed, and its files
are left in --keep. Stops after --cases, or after --seconds [8]."""
import argparse
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import threading
import time

import oracle
from values import NULL, Random, compact, spaced, spell, string

FIELDS = ["a", "b", "k", "n", "s", "t", "o", "o.x", "o.y", "o.a.b", "o.z.x", "l[0]", "l[-1]",
          "l[1].x", "é", "with space", 'q"k', "nothing", "a.b", "x_right", "right", "a_right"]
KEYS = ["a", "b", "k", "n", "s", "t", "é", "with space", 'q"k', "a.b", "o.x", "a_right",
        "right", "a-key-of-more-than-sixteen-bytes", "k" * 70]


# ---- tables ------------------------------------------------------------------

class Tables:
    def __init__(self, rng):
        self.rng = rng

    def of(self, kind):
        """A value for a field: mostly of one kind, so that much is equal."""
        rng = self.rng
        if rng.random() < 0.15:
            return rng.value()
        if kind == "number":
            return rng.number()
        return rng.text() if kind == "text" else ("num", str(rng.randrange(8)))

    def row(self, keys):
        rng = self.rng
        if rng.random() < 0.01:
            return rng.value()
        members = [(key, self.of(kind)) for key, kind, often in keys
                   if rng.random() < often]
        if rng.random() < 0.5:
            members.append((string("o"), rng.object(["x", "y", "z", "a"], 1)))
        if rng.random() < 0.3:
            members.append((string("l"), ("arr", [rng.value(1) for _ in range(
                rng.randrange(4))])))
        if members and rng.random() < 0.03:
            members.append((string(members[0][0][2], rng), rng.value()))
        if rng.random() < 0.03:
            rng.shuffle(members)
        return ("obj", members)

    def table(self, n, long=0):
        rng = self.rng
        keys = [(string(k, rng if rng.random() < 0.1 else None),
                 rng.choice(["number", "text", "small"]), rng.choice([1, 1, 0.9, 0.3]))
                for k in rng.sample(KEYS, rng.randrange(1, 8))]
        rows = [self.row(keys) for _ in range(n)]
        if long:
            pad = string("pad"), string("p" * long)
            rows = [("obj", r[1] + [pad]) if r[0] == "obj" else r for r in rows]
        return rows

    def any(self):
        what = self.rng.random()
        if what < 0.75:
            return self.table(self.rng.randrange(30))
        if what < 0.85:
            return self.table(self.rng.randrange(500, 900))
        if what < 0.92:  # more than a block of input
            return self.table(self.rng.randrange(200, 1400), self.rng.randrange(2000))
        rows = []  # of many shapes
        for _ in range(self.rng.randrange(2, 14)):
            rows += self.table(self.rng.randrange(40))
        self.rng.shuffle(rows)
        return rows


# ---- pipelines ---------------------------------------------------------------

class Pipelines:
    def __init__(self, rng, rows):
        self.rng, self.rows, self.tables = rng, rows, Tables(rng)
        known = {k[2] for row in rows[:40] if row[0] == "obj" for k, _ in row[1]}
        self.known = sorted(known - {"pad"}) or ["a"]

    def field(self):
        rng = self.rng
        return rng.choice(self.known) if rng.random() < 0.7 else rng.choice(FIELDS)

    def fields(self, least=1, most=3):
        found = [self.field() for _ in range(self.rng.randrange(least, most + 1))]
        return list(dict.fromkeys(found))

    def value_of(self, field):
        """One that is there, as often as not."""
        if self.rows and self.rng.random() < 0.7:
            found = oracle.get(self.rng.choice(self.rows), field)
            if found:
                return found
        return self.rng.value(1)

    def condition(self, depth=2):
        rng, what = self.rng, self.rng.random()
        if depth and what < 0.25:
            inner = [self.condition(depth - 1) for _ in range(rng.randrange(1, 4))]
            return {rng.choice(["and", "or"]): inner}
        if depth and what < 0.3:
            return {"not": self.condition(depth - 1)}
        field = self.field()
        op = rng.choice(["<", ">", "<=", ">=", "==", "!=", "in", "not_in", "contains",
                         "starts_with", "ends_with", "exists"])
        value = self.value_of(field)
        if op in ("in", "not_in"):
            value = ("arr", [self.value_of(field) for _ in range(rng.randrange(4))])
        elif op.endswith("_with") and value[0] != "str":
            value = rng.text()
        elif op == "exists":
            value = rng.choice([NULL, ("bool", True), ("bool", False)])
        return {"field": field, "op": op, "value": value}

    def order(self, step, name):
        rng = self.rng
        orders = ["asc", "desc"]
        if rng.random() < 0.4:
            step[name] = self.field()
        else:
            step["by"] = [f if rng.random() < 0.3 else
                          {"field": f, "order": rng.choice(orders)} for f in self.fields()]
        if rng.random() < 0.5:
            step["order"] = rng.choice(orders)
        return step

    def table_sort(self):
        return self.order({}, "field")

    def top_k(self):
        k = self.rng.choice([1, 2, 3, 7, 100, max(1, len(self.rows)), 10 ** 18])
        return self.order({"k": k}, "by") if self.rng.random() < 0.8 else {"k": k}

    def table_filter(self):
        return {"condition": self.condition()}

    def table_select(self):
        fields = self.fields(1, 5)
        if self.rng.random() < 0.3:
            return {"fields": {name: self.field() for name in fields}}
        return {"fields": fields}

    def groupby(self):
        aggs = []
        for i in range(self.rng.randrange(1, 4)):
            agg = {"agg": self.rng.choice(["count", "sum", "avg", "min", "max"]),
                   "as": "agg%d" % i}
            if agg["agg"] != "count" or self.rng.random() < 0.5:
                agg["field"] = self.field()
            aggs.append(agg)
        return {"by": self.fields(0, 2), "aggs": aggs}

    def join(self):
        right = self.tables.table(self.rng.randrange(12))
        if self.rows and self.rng.random() < 0.7:  # what can match
            right += [self.rng.choice(self.rows) for _ in range(self.rng.randrange(6))]
        step = {"right": ("arr", right)}
        on = self.fields(1, 2)
        if self.rng.random() < 0.6:
            step["on"] = on
        else:
            step["left_on"], step["right_on"] = on, [self.field() for _ in on]
        if self.rng.random() < 0.6:
            step["how"] = self.rng.choice(["left", "inner"])
        return step

    def rename(self):
        olds = self.rng.sample(self.known, min(len(self.known), self.rng.randrange(1, 3)))
        return {"fields": {old: self.rng.choice(self.known + ["new"]) for old in olds}}

    def flatten(self):
        return {"field": self.rng.choice(["l", self.field(), self.field()])}

    def distinct(self):
        return {"by": self.fields()} if self.rng.random() < 0.6 else {}

    def limit(self):
        return {"n": self.rng.choice([0, 1, 2, 5, 50, 10 ** 18])}

    def offset(self):
        return {"n": self.rng.choice([0, 1, 2, 5, 50])}

    def count(self):
        return {}

    NAMES = ["table_sort"] * 5 + ["table_filter"] * 4 + ["table_select"] * 2 + [
        "top_k", "top_k", "groupby", "groupby", "join", "join", "join", "rename", "flatten",
        "distinct", "limit", "limit", "offset", "count"]

    def any(self):
        steps = []
        for _ in range(self.rng.choice([1, 1, 2, 2, 3, 3, 4, 6])):
            name = self.rng.choice(self.NAMES)
            steps.append({"step": name, **getattr(self, name)()})
        return steps


def text_of(x):
    """A step as JSON: what is a tuple is a value of values.py."""
    if isinstance(x, tuple):
        return compact(x)
    if isinstance(x, dict):
        return "{" + ",".join(spell(k) + ":" + text_of(v) for k, v in x.items()) + "}"
    if isinstance(x, list):
        return "[" + ",".join(map(text_of, x)) + "]"
    return spell(x) if isinstance(x, str) else json.dumps(x)


# ---- a case ------------------------------------------------------------------

class Case:
    def __init__(self, seed, number):
        self.name = f"seed {seed}, case {number}"
        rng = self.rng = Random(f"{seed}/{number}")
        self.rows = Tables(rng).any()
        self.steps = Pipelines(rng, self.rows).any()
        self.options = []
        self.text = self.input_text()
        self.ndjson = rng.random() < 0.3
        if self.ndjson:
            self.options += ["--output", "ndjson"]
        self.piped = rng.random() < 0.4

    def input_text(self):
        rng, what = self.rng, self.rng.random()
        bom = "\ufeff" if rng.random() < 0.05 else ""
        if what < 0.4:
            return bom + "[" + ",".join(map(compact, self.rows)) + "]"
        if what < 0.65:
            return bom + spaced(("arr", self.rows), rng.space)
        if not self.rows:
            return "[]"
        if len(self.rows) == 1 or rng.random() < 0.3:
            self.options += ["--input-format", "ndjson"]
        end = rng.choice(["\n", "\r\n", "\n\n", "\n \t\n"])
        return bom + end.join(map(compact, self.rows)) + rng.choice(["", end])

    def expected(self):
        rows = oracle.run(self.rows, self.steps)
        if isinstance(rows, int):
            return rows
        if self.ndjson:
            return "".join(row + "\n" for row in rows)
        return "[" + ",".join(rows) + "]\n"


def feed(pipe, data, rng):
    """In pieces of odd sizes."""
    try:
        while data:
            n = rng.choice([1, 2, 3, 63, 64, 65, 4095, 4096, 65536, 100000])
            pipe.write(data[:n])
            pipe.flush()
            data = data[n:]
        pipe.close()
    except BrokenPipeError:
        pass


def run_case(agentrun, case, folder):
    data = case.text.encode()
    (folder / "input").write_bytes(data)
    (folder / "pipeline").write_text(text_of(case.steps), encoding="utf-8")
    source = "-" if case.piped else "input"
    process = subprocess.Popen([agentrun, "exec", "pipeline", "--input", source,
                                *case.options], cwd=folder, stdin=subprocess.PIPE,
                               stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    if case.piped:
        threading.Thread(target=feed, args=(process.stdin, data, case.rng),
                         daemon=True).start()
        process.stdin = None
    out, err = process.communicate(timeout=300)
    return process.returncode, out, err.decode(errors="replace")


def difference(case, status, out, err):
    want = case.expected()
    if isinstance(want, int):
        if status == 1 and f"step {want} " in err:
            return None
        return f"step {want} should refuse, but: exit {status} {err}{out[:200]!r}"
    if status or err:
        return f"exit {status}: {err}"
    want = want.encode()
    if out == want:
        return None
    at = next((i for i, (a, b) in enumerate(zip(out, want)) if a != b),
              min(len(out), len(want)))
    return (f"{len(out)} bytes for {len(want)}, they differ at {at}\n  got  "
            f"{out[max(0, at - 60):at + 90]!r}\n  want {want[max(0, at - 60):at + 90]!r}")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("agentrun", type=lambda p: str(pathlib.Path(p).resolve()))
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--cases", type=int, default=sys.maxsize)
    parser.add_argument("--seconds", type=float, default=8)
    parser.add_argument("--keep", type=pathlib.Path)
    args = parser.parse_args()
    end, failed, done = time.monotonic() + args.seconds, 0, 0
    os.environ.pop("AGENTRUN_CONFIG", None)
    with tempfile.TemporaryDirectory(prefix="agentrun-pipeline-") as folder:
        folder = args.keep or pathlib.Path(folder)
        folder.mkdir(exist_ok=True)
        while done < args.cases and time.monotonic() < end and failed < 5:
            case = Case(args.seed, args.first + done)
            wrong = difference(case, *run_case(args.agentrun, case, folder))
            done += 1
            if wrong:
                failed += 1
                print(f"{case.name}: {wrong}\n  {text_of(case.steps)[:600]}"
                      f"\n  {case.options} {'piped' if case.piped else ''}")
    print(f"{done} cases, {failed} failed (seed {args.seed})")
    sys.exit(failed > 0 or not done)


if __name__ == "__main__":
    main()
