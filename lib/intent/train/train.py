#!/usr/bin/env python3
# SPDX-License-Identifier: LicenseRef-agentrun-internal
"""train.py FIT HARD.jsonl [MORE.jsonl ...]

Makes weights.inc and table.inc of lib/intent. FIT is the program built from fit.c.
The prompts are {"text","label"} a line. Those of HARD.jsonl, being written to
deceive, and those of prompts.jsonl beside this script are the ones to get right;
MORE are gathered from elsewhere, where style tells the class. The voices in HELD_OUT
are not trained on but in the end, when the figures are had.

On stdout: how well prompts are told that the model did not see: those of HARD (ten
parts, each left out in turn), those of the voices held out. TEMPER, by which sums
are taken down to make the confidence the chance of being right, is fitted to these.
The result depends on the input alone.

train.py --sources FIT HARD.jsonl [MORE.jsonl ...]

Makes nothing, but tells how well each source of MORE ("source", up to a colon) is
told by a model that saw none of it.
"""
import json
import math
import os
import random
import subprocess
import sys

LANES = ["unclear", "execute", "patch"]
HERE = os.path.dirname(os.path.abspath(__file__))
WEIGHT_HARD, WEIGHT_OWN, WEIGHT_REST = 4.0, 3.0, 9.0
HELD_OUT = ("shop", "support", "clinic")
PARTS = 10


def load(path):
    with open(path, encoding="utf-8") as f:
        return [json.loads(line) for line in f if line.strip()]


def run(fit, mode, rows):
    """rows: (prompt, weight, fold). The probabilities of those with a fold."""
    text = "".join("%d\t%g\t%d\t%s\n" % (
        LANES.index(row["label"]), weight, fold, " ".join(row["text"].split()))
        for row, weight, fold in rows)
    out = subprocess.run([fit, mode], input=text, capture_output=True, text=True,
                         check=True).stdout
    return [[float(x) for x in line.split()] for line in out.splitlines()]


def tempered(p, temper):
    e = [max(x, 1e-9) ** temper for x in p]
    return [x / sum(e) for x in e]


def find_temper(told):
    def loss(temper):
        return -sum(math.log(tempered(p, temper)[LANES.index(row["label"])])
                    for row, p in told)
    return min((t / 100 for t in range(20, 151)), key=loss)


def report(name, told, temper):
    """Accuracy, expected calibration error of 15 bins, and the share of prompts, by
    falling confidence, that is told with 98 % right."""
    told = [(LANES.index(row["label"]), tempered(p, temper)) for row, p in told]
    told = sorted(((max(p), p.index(max(p)) == lane) for lane, p in told), reverse=True)
    bins, right, covered = {}, 0, 0
    for i, (sure, good) in enumerate(told):
        bins.setdefault(min(14, int(sure * 15)), []).append((sure, good))
        right += good
        if right / (i + 1) >= 0.98:
            covered = i + 1
    ece = sum(abs(sum(s - g for s, g in b)) for b in bins.values()) / len(told)
    print("%-24s n %4d  accuracy %.3f  ECE %.3f  at 98 %% %.2f" % (
        name, len(told), right / len(told), ece, covered / len(told)))


def sources(fit, hard, own, rest):
    names = [row.get("source", "").split(":")[0] for row, _, _ in rest]
    order = sorted(set(names))
    rest = [(row, weight, order.index(name))
            for (row, weight, _), name in zip(rest, names)]
    probabilities = run(fit, "folds", rest + own +
                        [(row, WEIGHT_HARD, -1) for row in hard])
    told = [(row, p) for (row, _, _), p in zip(rest, probabilities)]
    for name in order:
        report(name, [t for t, n in zip(told, names) if n == name], 1)
    report("all, each left out", told, 1)


def main():
    only_sources = sys.argv[1:2] == ["--sources"]
    if only_sources:
        del sys.argv[1]
    fit, hard_path, rest_paths = sys.argv[1], sys.argv[2], sys.argv[3:]
    hard, own = load(hard_path), load(os.path.join(HERE, "prompts.jsonl"))
    rest = [(row, WEIGHT_REST, -1) for path in rest_paths for row in load(path)]
    random.Random(3).shuffle(hard)
    held = [row for row in own if row["source"] in HELD_OUT]
    own = [(row, WEIGHT_OWN, -1) for row in own if row["source"] not in HELD_OUT]
    if only_sources:
        sources(fit, hard, own, rest)
        return
    parts = [(row, WEIGHT_HARD, i % PARTS) for i, row in enumerate(hard)]
    told = run(fit, "folds", rest + own + parts + [(row, 0, PARTS) for row in held])
    told = list(zip(hard + held, told))
    temper = find_temper(told)
    report("hard, left out", told[:len(hard)], temper)
    report("own voices, held out", told[len(hard):], temper)
    print("temper %.2f" % temper)
    run(fit, os.path.dirname(HERE), rest + own + parts +
        [(row, WEIGHT_OWN, -1) for row in held])
    with open(os.path.join(HERE, "..", "table.inc"), "a", encoding="utf-8") as f:
        f.write("#define TEMPER %.2f\n" % temper)


if __name__ == "__main__":
    main()
