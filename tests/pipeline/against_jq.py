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


def sample(rng, rows, path):
    """A value that is there at the path, as often as not."""
    if rows and rng.random() < 0.7:
        found = rng.choice(rows)
        for key in path:
            found = found[key]
        return found
    return value(rng)


# A field, as we name it, as jq does, and how to find it.
FIELDS = [("v", ".v", ["v"]), ("n", ".n", ["n"]), ("g", ".g", ["g"]), ("in.x", ".in.x", ["in", "x"]),
          ("l[0]", ".l[0]", ["l", 0]), ("l[-1]", ".l[-1]", ["l", 1]), ("i", ".i", ["i"])]


def condition(rng, rows, depth=2):
    """A condition, and the same to jq, which has an order between types where we have
    none, and null where we have nothing."""
    what = rng.random()
    if depth and what < 0.35:
        word = rng.choice(["and", "or"])
        inner = [condition(rng, rows, depth - 1) for _ in range(rng.randrange(1, 4))]
        return ({word: [ours for ours, _ in inner]},
                "(" + f" {word} ".join(theirs for _, theirs in inner) + ")")
    if depth and what < 0.45:
        ours, theirs = condition(rng, rows, depth - 1)
        return {"not": ours}, f"({theirs}|not)"
    name, at, path = rng.choice(FIELDS)
    op = rng.choice(["<", ">", "<=", ">=", "==", "!=", "in", "not_in", "contains", "starts_with",
                     "ends_with", "exists"])
    wanted = sample(rng, rows, path)
    if op in ("in", "not_in"):
        wanted = [sample(rng, rows, path) for _ in range(rng.randrange(4))]
    elif op.endswith("_with"):
        wanted = rng.choice(WORDS)
    elif op == "exists":
        wanted = rng.random() < 0.5
    v = json.dumps(wanted)
    same = f"({at}|type)==({v}|type)"
    theirs = {
        "in": f"({at} as $x|any({v}[];.==$x))",
        "not_in": f"({at} as $x|any({v}[];.==$x)|not)",
        "contains": f'(if ({at}|type)=="array" then any({at}[];.=={v})'
                    f' elif [{at},{v}|type]==["string","string"] then'
                    f' ({v}=="" or ({at}|index({v}))!=null) else false end)',
        "starts_with": f'(({at}|type)=="string" and ({at}|tostring|startswith({v})))',
        "ends_with": f'(({at}|type)=="string" and ({at}|tostring|endswith({v})))',
        "exists": "true" if wanted else "false",
        "==": f"({at}=={v})", "!=": f"({at}!={v})",
    }.get(op, f"({same} and {at} {op} {v})")
    return {"field": name, "op": op, "value": wanted}, theirs


def order(rng):
    """Some fields to sort by; jq knows descending order for numbers alone."""
    by, theirs = [], []
    for name, at, _ in rng.sample(FIELDS, rng.randrange(1, 4)):
        desc = name in ("n", "i") and rng.random() < 0.5
        by.append({"field": name, "order": "desc"} if desc else name)
        theirs.append("-" + at if desc else at)
    return {**SORT, "by": by}, "sort_by([" + ",".join(theirs) + "])"


def select(rng):
    fields = rng.sample(FIELDS, rng.randrange(1, 5))
    names = {f"f{i}" if rng.random() < 0.5 else name: (name, at)
             for i, (name, at, _) in enumerate(fields)}
    return ({"step": "table_select", "fields": {k: name for k, (name, _) in names.items()}},
            "map({" + ",".join(f"{json.dumps(k)}:{at}" for k, (_, at) in names.items()) + "})")


def group(rng):
    """Groups in jq come sorted, so they are sorted behind ours too."""
    by = rng.sample(FIELDS, rng.randrange(1, 3))
    keys = "[" + ",".join(at for _, at, _ in by) + "]"
    aggs, theirs = [], [f"k{i}:.[0]{at}" for i, (_, at, _) in enumerate(by)]
    for i in range(rng.randrange(1, 4)):
        agg = rng.choice(["count", "sum", "avg", "min", "max"])
        name, at, _ = rng.choice([f for f in FIELDS if agg not in ("sum", "avg") or
                                  f[0] in ("n", "i")])
        aggs.append({"agg": agg, "field": name, "as": f"a{i}"})
        of = f"map({at})"
        theirs.append(f"a{i}:" + {"count": "length", "sum": f"({of}|add)",
                                  "avg": f"({of}|add/length)", "min": f"({of}|min)",
                                  "max": f"({of}|max)"}[agg])
    steps = [{"step": "groupby", "by": [name for name, _, _ in by], "aggs": aggs},
             {"step": "table_select", "fields": {
                 **{f"k{i}": name for i, (name, _, _) in enumerate(by)},
                 **{a["as"]: a["as"] for a in aggs}}},
             {**SORT, "by": [f"k{i}" for i in range(len(by))]}]
    return steps, f"group_by({keys})|map({{{','.join(theirs)}}})"


def random_queries(rng, rows, n=12):
    """Filters, sorts, a selection or groups, one behind the other."""
    for _ in range(n):
        steps, query = [], "."
        for _ in range(rng.randrange(1, 4)):
            if rng.random() < 0.6:
                ours, theirs = condition(rng, rows)
                steps.append({"step": "table_filter", "condition": ours})
                query += f"|map(select({theirs}))"
            else:
                ours, theirs = order(rng)
                steps.append(ours)
                query += "|" + theirs
        if rng.random() < 0.3:
            k = rng.randrange(1, 30)
            steps.append({"step": "limit", "n": k})
            query += f"|.[:{k}]"
        ending = rng.random()
        if ending < 0.35:
            ours, theirs = select(rng)
            steps.append(ours)
            query += "|" + theirs
        elif ending < 0.75:
            ours, theirs = group(rng)
            steps += ours
            query += "|" + theirs
        yield steps, query


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
        rows = table(rng)
        text = json.dumps(rows, ensure_ascii=rng.random() < 0.5)
        pairs = list(queries(rng)) + list(random_queries(rng, rows))
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
