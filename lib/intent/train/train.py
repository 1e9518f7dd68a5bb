#!/usr/bin/env python3
# SPDX-License-Identifier: LicenseRef-agentrun-internal
"""train.py DUMP HARD.jsonl MORE.jsonl ...  > ../weights.inc

Fits the weights of lib/intent/model.c: a multinomial logistic regression with
L2 over the features of lib/intent/features.h, nothing else of the text. DUMP is
the program built from dump.c. The prompts are {"text","label"} a line; those of
the first file, being written to deceive, and those of prompts.jsonl beside this
script count HARD_SHARE of all together. On stderr: the accuracy on parts of the
first file that were left out of the fit. The result depends on the input alone.
"""
import json
import math
import os
import random
import subprocess
import sys

LANES = ["patch", "execute", "unclear"]
HARD_SHARE = 0.4
L2 = 0.0006
EPOCHS = 60
RATE = 0.2
# Prompts of people deceive more than those at hand: what was left out of the fit
# is told with the right confidence when the weights are taken down by so much.
TEMPER = 0.75


def load(path):
    with open(path) as f:
        return [json.loads(line) for line in f if line.strip()]


def features(dump, rows):
    text = "\n".join(r["text"].replace("\n", " ") for r in rows) + "\n"
    out = subprocess.run([dump], input=text, capture_output=True, text=True, check=True)
    return [line.split() for line in out.stdout.split("\n")[:len(rows)]]


def scores(weights, names):
    z = [sum(weights[n][k] for n in names if n in weights) for k in range(3)]
    top = max(z)
    e = [math.exp(v - top) for v in z]
    return [v / sum(e) for v in e]


def fit(samples, epochs=EPOCHS):
    """samples: (feature names, lane, weight). AdaGrad."""
    weights, squares = {}, {}
    for names, _, _ in samples:
        for n in names:
            weights.setdefault(n, [0.0] * 3)
            squares.setdefault(n, [1e-3] * 3)
    shuffled = list(samples)
    rng = random.Random(7)
    for _ in range(epochs):
        rng.shuffle(shuffled)
        for names, lane, weight in shuffled:
            p = scores(weights, names)
            for k in range(3):
                g = weight * (p[k] - (lane == k))
                for n in names:
                    d = g + L2 * weights[n][k]
                    squares[n][k] += d * d
                    weights[n][k] -= RATE * d / math.sqrt(squares[n][k])
    return weights


def samples_of(hard, rest):
    share = HARD_SHARE / (1 - HARD_SHARE) * len(rest) / max(1, len(hard))
    return [(f, l, share) for f, l in hard] + [(f, l, 1.0) for f, l in rest]


def accuracy(weights, rows):
    good = 0
    for names, lane in rows:
        p = scores(weights, names)
        good += p.index(max(p)) == lane
    return good / max(1, len(rows))


def read(dump, path):
    rows = load(path)
    return [(f, LANES.index(r["label"])) for f, r in zip(features(dump, rows), rows)]


def main():
    dump, hard_path, rest_paths = sys.argv[1], sys.argv[2], sys.argv[3:]
    hard = read(dump, hard_path)
    own = read(dump, os.path.join(os.path.dirname(__file__), "prompts.jsonl"))
    rest = [row for path in rest_paths for row in read(dump, path)]
    order = list(range(len(hard)))
    random.Random(3).shuffle(order)
    left_out = []
    for part in range(5):
        held = set(order[part::5])
        weights = fit(samples_of(own + [hard[i] for i in order if i not in held],
                                 rest), 15)
        left_out.append(accuracy(weights, [hard[i] for i in held]))
    print("left out: %.3f" % (sum(left_out) / 5), file=sys.stderr)
    weights = fit(samples_of(own + hard, rest))
    print("fitted: hard %.3f, rest %.3f" % (accuracy(weights, hard),
          accuracy(weights, rest)), file=sys.stderr)
    for name in sorted(weights):
        print("W(%s, %.2f, %.2f, %.2f)" % (name, *(TEMPER * w for w in weights[name])))


if __name__ == "__main__":
    main()
