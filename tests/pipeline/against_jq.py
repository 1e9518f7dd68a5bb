# SPDX-License-Identifier: LicenseRef-agentrun-internal
"""Pipelines against jq: against_jq.py AGENTRUN JQ [SEED [TABLES]]

Tables whose fields are there and hold no null, so that both mean the same; values are
compared, not how they are written."""
import json
import random
import subprocess
import sys

WORDS = ["", "a", "ab", "abcdefgh", "abcdefghi", "b", "é", "日本", "\U0001f600", "x\0y", "\uffff"]
SORT = {"step": "table_sort"}


def value(rng, depth=1):
    what = rng.randrange(10)
    if what < 4:
        return rng.choice([rng.randrange(-9, 9), rng.randrange(10 ** 6) / 100])
    if what < 8 or not depth:
        return rng.choice(WORDS)
    if what == 8:
        return rng.random() < 0.5
    return rng.choice([[value(rng, 0)], {"x": value(rng, 0), "y": 1}, [], {}])


def table(rng):
    def row(i):
        return {"i": i, "g": rng.choice(WORDS[:5]), "n": rng.randrange(20), "v": value(rng),
                "in": {"x": value(rng)}, "l": [value(rng), value(rng)]}
    return [row(i) for i in range(rng.choice([0, 1, 9, 60, 700]))]


def queries(rng):
    """Pairs of a pipeline and what is the same to jq."""
    v, op = json.dumps(value(rng)), rng.choice(["<", ">", "<=", ">=", "==", "!="])
    same = "" if op in ("==", "!=") else f"(.v|type)==({v}|type) and "
    yield ([{"step": "table_filter", "condition":
             {"field": "v", "op": op, "value": json.loads(v)}}],
           f"map(select({same}.v {op} {v}))")
    yield [{**SORT, "field": "v"}], "sort_by(.v)"
    yield [{**SORT, "by": ["n", "in.x", "l[1]"]}], "sort_by([.n,.in.x,.l[1]])"
    yield ([{**SORT, "by": [{"field": "n", "order": "desc"}, "v"]}],
           "sort_by([-.n,.v])")
    yield [{**SORT, "field": "v"}, {"step": "limit", "n": 7}], "sort_by(.v)[:7]"
    yield ([{**SORT, "field": "n"}, {"step": "table_filter", "condition":
                                     {"field": "n", "op": "<", "value": 9}}],
           "map(select(.n<9))|sort_by(.n)")
    yield [{"step": "top_k", "k": 5, "by": "v", "order": "asc"}], "sort_by(.v)[:5]"
    yield ([{"step": "table_select", "fields": {"a": "in.x", "b": "l[0]", "c": "no"}}],
           "map({a:.in.x,b:.l[0],c:.no})")
    yield ([{"step": "groupby", "by": ["g"], "aggs": [
        {"agg": "count"}, {"agg": "sum", "field": "n"}, {"agg": "min", "field": "v"},
        {"agg": "max", "field": "v"}]}, {**SORT, "field": "g"}],
           "group_by(.g)|map({g:.[0].g,count:length,sum_n:(map(.n)|add),"
           "min_v:(map(.v)|min),max_v:(map(.v)|max)})")
    yield ([{"step": "distinct", "by": ["v"]}, {**SORT, "field": "v"}],
           "unique_by(.v)")
    yield [{"step": "flatten", "field": "l"}], "map(.l=.l[])"


def output(command, text):
    ran = subprocess.run(command, input=text.encode(), capture_output=True, timeout=100)
    if ran.returncode:
        sys.exit(f"{command}: {ran.stderr.decode()}")
    return json.loads(ran.stdout)


def main():
    agentrun, jq = sys.argv[1:3]
    seed = int(sys.argv[3]) if len(sys.argv) > 3 else 1
    tables = int(sys.argv[4]) if len(sys.argv) > 4 else 6
    rng, failed, done = random.Random(seed), 0, 0
    for _ in range(tables):
        text = json.dumps(table(rng), ensure_ascii=rng.random() < 0.5)
        pairs = list(queries(rng))
        theirs = output([jq, "-c", "[" + ",".join(f"({q})" for _, q in pairs) + "]"], text)
        for (pipeline, query), want in zip(pairs, theirs):
            done += 1
            got = output([agentrun, "exec", json.dumps(pipeline), "--input", "-"], text)
            if got != want:
                failed += 1
                at = next((i for i, (a, b) in enumerate(zip(got, want)) if a != b), -1)
                print(f"{json.dumps(pipeline)} is not {query}: {len(got)} rows for "
                      f"{len(want)}, row {at}: {got[at:at + 1]} for {want[at:at + 1]}")
    print(f"{done} queries, {failed} failed (seed {seed})")
    sys.exit(failed > 0)


if __name__ == "__main__":
    main()
