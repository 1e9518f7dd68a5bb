# SPDX-License-Identifier: LicenseRef-agentrun-internal
"""P1 to P5 in everybody's language. A peer gives for a pipeline the command that
prints the rows as JSON, or None where it has none."""
import importlib.util
import json
import os
import shutil
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))

WHAT = {
    "P1": "filter price < 500, sort by price, top 10, select 4 fields",
    "P2": "sort by duration_min desc, select 4 fields, all rows out",
    "P3": "group by airline: count, average and greatest price",
    "P4": 'filter to == "LAX", whole records out',
    "P5": "join on carrier.code = code, sort by price, top 10",
}


def ours(paths):
    with open(paths["carriers"], encoding="utf-8") as f:
        carriers = json.load(f)
    cheap = {"step": "table_filter", "condition": {"field": "price", "op": "<", "value": 500}}
    return {
        "P1": [cheap, {"step": "table_sort", "field": "price", "order": "asc"},
               {"step": "top_k", "k": 10},
               {"step": "table_select", "fields": ["airline", "from", "to", "price"]}],
        "P2": [{"step": "table_sort", "field": "duration_min", "order": "desc"},
               {"step": "table_select", "fields": ["airline", "from", "to", "duration_min"]}],
        "P3": [{"step": "groupby", "by": ["airline"], "aggs": [
            {"agg": "count", "as": "n"}, {"agg": "avg", "field": "price", "as": "mean"},
            {"agg": "max", "field": "price", "as": "most"}]}],
        "P4": [{"step": "table_filter", "condition": {"field": "to", "op": "==", "value": "LAX"}}],
        "P5": [{"step": "join", "right": carriers, "left_on": "carrier.code", "right_on": "code"},
               {"step": "table_sort", "field": "price", "order": "asc"},
               {"step": "top_k", "k": 10}],
    }


# ---- jq ----------------------------------------------------------------------

JQ = {
    "P1": "map(select(.price < 500)) | sort_by(.price) | .[:10] | map({airline, from, to, price})",
    "P2": "sort_by(-.duration_min) | map({airline, from, to, duration_min})",
    "P3": "group_by(.airline) | map({airline: .[0].airline, n: length,"
          " mean: (map(.price) | add / length), most: (map(.price) | max)})",
    "P4": 'map(select(.to == "LAX"))',
    "P5": "(reduce $r[0][] as $c ({}; .[$c.code] = ($c | del(.code)))) as $by |"
          " map(select($by[.carrier.code]) | . + $by[.carrier.code]) | sort_by(.price) | .[:10]",
}


def jq(name, paths, form):
    if form == "ndjson":
        return None
    return ["jq", "-c", "--slurpfile", "r", paths["carriers"], JQ[name], paths[form]]


# ---- node ----------------------------------------------------------------------

NODE = """
const fs = require("fs");
const rows = JSON.parse(fs.readFileSync(process.argv[1], "utf8"));
const right = () => new Map(JSON.parse(fs.readFileSync(process.argv[2], "utf8"))
  .map(({code, ...rest}) => [code, rest]));
const pick = (...keys) => r => Object.fromEntries(keys.map(k => [k, r[k]]));
const group = () => {
  const groups = new Map();
  for (const r of rows) {
    let g = groups.get(r.airline);
    if (!g) groups.set(r.airline, g = {airline: r.airline, n: 0, mean: 0, most: -Infinity});
    g.n++; g.mean += r.price; g.most = Math.max(g.most, r.price);
  }
  return [...groups.values()].map(g => ({...g, mean: g.mean / g.n}));
};
const join = () => {
  const by = right();
  return rows.flatMap(r => by.has(r.carrier.code) ? [{...r, ...by.get(r.carrier.code)}] : []);
};
const price = (a, b) => a.price - b.price;
const run = {
  P1: () => rows.filter(r => r.price < 500).sort(price).slice(0, 10)
    .map(pick("airline", "from", "to", "price")),
  P2: () => rows.sort((a, b) => b.duration_min - a.duration_min)
    .map(pick("airline", "from", "to", "duration_min")),
  P3: group,
  P4: () => rows.filter(r => r.to === "LAX"),
  P5: () => join().sort(price).slice(0, 10),
};
fs.writeSync(1, "");
process.stdout.write(JSON.stringify(run[process.argv[3]]()));
"""


def node(name, paths, form):
    if form == "ndjson":
        return None
    return ["node", "--max-old-space-size=8192", "-e", NODE, paths[form], paths["carriers"], name]


# ---- Miller ----------------------------------------------------------------------

MILLER = {
    "P1": 'filter "$price < 500" then sort -nf price then head -n 10'
          " then template -f airline,from,to,price",
    "P2": "sort -nr duration_min then template -f airline,from,to,duration_min",
    "P3": "stats1 -a count,mean,max -f price -g airline"
          " then rename price_count,n,price_mean,mean,price_max,most",
    "P4": 'filter \'$to == "LAX"\'',
    "P5": "put '$code = $carrier[\"code\"]' then join -j code -f {carriers}"
          " then cut -x -f code then sort -nf price then head -n 10",
}


def miller(name, paths, form):
    import shlex
    kind = ["--ijsonl", "--ojson"] if form == "ndjson" else ["--json"]
    verbs = shlex.split(MILLER[name].format(carriers=paths["carriers"]))
    return ["mlr", "--no-auto-flatten", *kind, *verbs, paths[form]]


# ---- DuckDB, one thread ----------------------------------------------------------

RECORD = {
    "id": "BIGINT", "airline": "VARCHAR", "from": "VARCHAR", "to": "VARCHAR",
    "price": "DOUBLE", "stops": "BIGINT", "duration_min": "BIGINT", "departs": "VARCHAR",
    "seats": "BIGINT", "tags": "VARCHAR[]",
    "carrier": 'STRUCT(code VARCHAR, "name" VARCHAR)', "note": "VARCHAR",
}
# Only what a query needs is named: DuckDB then reads nothing else.
DUCKDB = {
    "P1": (["airline", "from", "to", "price"],
           'SELECT * FROM t WHERE price < 500 ORDER BY price LIMIT 10'),
    "P2": (["airline", "from", "to", "duration_min"],
           'SELECT * FROM t ORDER BY duration_min DESC'),
    "P3": (["airline", "price"],
           "SELECT airline, count(*) n, avg(price) mean, max(price) most FROM t GROUP BY airline"),
    "P4": (list(RECORD), "SELECT * FROM t WHERE \"to\" = 'LAX'"),
    "P5": (list(RECORD),
           "SELECT t.*, company, country FROM t JOIN c ON t.carrier.code = c.code"
           " ORDER BY price LIMIT 10"),
}
DUCKDB_RUN = """
import os, sys, duckdb
db = duckdb.connect()
# It seeks in what it writes, so the file behind stdout is opened by its name.
for line in sys.argv[1:]:
    db.execute(line.replace("/dev/stdout", os.path.realpath("/dev/stdout")))
"""


def duckdb(name, paths, form):
    fields, query = DUCKDB[name]
    columns = ", ".join("\"%s\": '%s'" % (f, RECORD[f].replace("'", "''")) for f in fields)
    kind = "newline_delimited" if form == "ndjson" else "array"
    read = "read_json('%s', format='%s', columns={%s})" % (paths[form], kind, columns)
    return [sys.executable, "-c", DUCKDB_RUN, "SET threads = 1",
            f"CREATE VIEW t AS SELECT * FROM {read}",
            f"CREATE VIEW c AS SELECT * FROM read_json('{paths['carriers']}')",
            f"COPY ({query}) TO '/dev/stdout' (FORMAT json, ARRAY true)"]


# ---- polars, one thread, which scans lines only -------------------------------------

POLARS_RUN = """
import sys
import polars as p
path, right, name = sys.argv[1:]
t = p.scan_ndjson(path)
c = p.col
price = c("price")
lines = {
    "P1": lambda: t.filter(price < 500).sort("price", maintain_order=True).head(10)
        .select("airline", "from", "to", "price"),
    "P2": lambda: t.sort("duration_min", descending=True, maintain_order=True)
        .select("airline", "from", "to", "duration_min"),
    "P3": lambda: t.group_by("airline").agg(p.len().alias("n"), price.mean().alias("mean"),
        price.max().alias("most")),
    "P4": lambda: t.filter(c("to") == "LAX"),
    "P5": lambda: t.with_columns(c("carrier").struct.field("code").alias("code"))
        .join(p.read_json(right).lazy(), on="code").drop("code").sort("price",
        maintain_order=True).head(10),
}
lines[name]().collect().write_ndjson(sys.stdout.buffer)
"""


def polars(name, paths, form):
    if form not in ("json", "ndjson"):
        return None
    return ["env", "POLARS_MAX_THREADS=1", sys.executable, "-c", POLARS_RUN,
            paths["ndjson"], paths["carriers"], name]


# ---- P1 on a bare parser --------------------------------------------------------------

def build_yyjson(clone, into):
    out = os.path.join(into, "yyjson_p1")
    subprocess.run([os.environ.get("CC", "cc"), "-O3", "-I", f"{clone}/src", "-o", out,
                    f"{HERE}/yyjson_p1.c", f"{clone}/src/yyjson.c"], check=True)
    return out


def build_simdjson(clone, into):
    out = os.path.join(into, "simdjson_p1")
    subprocess.run([os.environ.get("CXX", "c++"), "-O3", "-std=c++17", "-I", f"{clone}/include",
                    "-I", f"{clone}/src", "-o", out, f"{HERE}/simdjson_p1.cpp",
                    f"{clone}/src/simdjson.cpp"], check=True)
    return out


def on_parser(program):
    def command(name, paths, form):
        return [program, paths[form]] if name == "P1" and form != "ndjson" else None
    return command


def available(into, say):
    """Peers by name: a function (pipeline, paths, form) -> command or None."""
    found = {}
    for name, program, peer in [("jq", "jq", jq), ("node", "node", node), ("Miller", "mlr", miller)]:
        if shutil.which(program):
            found[name] = peer
        else:
            say(f"{name}: not installed, not compared")
    for name, module, peer in [("DuckDB", "duckdb", duckdb), ("polars", "polars", polars)]:
        if importlib.util.find_spec(module):
            found[name] = peer
        else:
            say(f"{name}: no such module of {sys.executable}, not compared")
    for name, build in [("yyjson", build_yyjson), ("simdjson", build_simdjson)]:
        variable = f"AGENTRUN_BENCH_{name.upper()}"
        clone = os.environ.get(variable)
        if clone:
            found[name + "+P1"] = on_parser(build(clone, into))
        else:
            say(f"{name}: {variable} names no clone of it, not compared")
    return found
