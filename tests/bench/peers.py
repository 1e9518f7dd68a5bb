# SPDX-License-Identifier: LicenseRef-agentrun-internal
"""P1 to P5 in everybody's language. A peer gives for a pipeline the command that
prints the rows as JSON, or None where it has none."""
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
          " then cut -o -f airline,from,to,price",
    "P2": "sort -nr duration_min then cut -o -f airline,from,to,duration_min",
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


# ---- SQLite ------------------------------------------------------------------------

SQLITE_PICK = """json_object('airline', value->>'airline', 'from', value->>'from',
    'to', value->>'to', '{0}', value->>'{0}')"""
SQLITE = {
    "P1": "SELECT " + SQLITE_PICK.format("price") + """ FROM t WHERE value->>'price' < 500
        ORDER BY value->>'price' LIMIT 10""",
    "P2": "SELECT " + SQLITE_PICK.format("duration_min") + """ FROM t
        ORDER BY value->>'duration_min' DESC""",
    "P3": """SELECT json_object('airline', value->>'airline', 'n', count(*), 'mean',
        avg(value->>'price'), 'most', max(value->>'price')) FROM t GROUP BY value->>'airline'""",
    "P4": "SELECT value FROM t WHERE value->>'to' = 'LAX'",
    "P5": """SELECT json_patch(t.value, json_object('company', c.value->>'company', 'country',
        c.value->>'country')) FROM t JOIN c ON t.value->>'$.carrier.code' = c.value->>'code'
        ORDER BY t.value->>'price' LIMIT 10""",
}
# An index for the join, which a table of its own must be for.
SQLITE_RIGHT = """CREATE TABLE c AS SELECT value FROM json_each(readfile('{0}'));
    CREATE INDEX c_code ON c(value->>'code');"""


def sqlite(name, paths, form):
    if form == "ndjson":
        return None
    right = SQLITE_RIGHT.format(paths["carriers"]) if name == "P5" else ""
    return ["sqlite3", ":memory:", f"{right} CREATE TEMP VIEW t AS SELECT value FROM"
            f" json_each(readfile('{paths[form]}')); {SQLITE[name]};"]


# ---- modules of Python: this one's, or a virtual environment's -----------------------

class Modules:
    """Which interpreter has a module. What none has is put into the environment `venv`
    (None: it is not), which needs a network once."""

    def __init__(self, venv):
        self.venv = venv

    def interpreter(self, module):
        own = os.path.join(self.venv or "", "bin", "python3")
        for python in [sys.executable, own]:
            if self.has(python, module):
                return python
        if self.venv and self.install(own, module) and self.has(own, module):
            return own
        return None

    @staticmethod
    def has(python, module):
        return os.path.exists(python) and subprocess.run(
            [python, "-c", f"import {module}"], capture_output=True, check=False).returncode == 0

    def install(self, python, module):
        mark = os.path.join(self.venv, f"no-{module}")
        if os.path.exists(mark):  # it was tried
            return False
        try:
            if not os.path.exists(python):
                subprocess.run([sys.executable, "-m", "venv", self.venv], capture_output=True,
                               check=True, timeout=120)
            subprocess.run([python, "-m", "pip", "install", "-q", "--retries", "1",
                            module.replace("_", "-")],
                           capture_output=True, check=True, timeout=300)
        except (OSError, subprocess.SubprocessError):
            os.makedirs(self.venv, exist_ok=True)
            with open(mark, "w", encoding="ascii"):
                pass
            return False
        return True


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
# It seeks in what it writes, so the file behind stdout is opened by its name.
DUCKDB_RUN = """
exec "$1" -c "$2 COPY ($3) TO '$(readlink /proc/$$/fd/1)' (FORMAT json, ARRAY true)"
"""
DUCKDB_PYTHON = """
import os, sys, duckdb
db = duckdb.connect()
db.execute(sys.argv[1])
db.execute("COPY (%s) TO '%s' (FORMAT json, ARRAY true)"
           % (sys.argv[2], os.path.realpath("/dev/stdout")))
"""


def duckdb_statements(name, paths, form):
    """What is to be set up, and the query."""
    fields, query = DUCKDB[name]
    columns = ", ".join("\"%s\": '%s'" % (f, RECORD[f].replace("'", "''")) for f in fields)
    kind = "newline_delimited" if form == "ndjson" else "array"
    return [f"SET threads = 1; CREATE VIEW t AS SELECT * FROM read_json('{paths[form]}',"
            f" format='{kind}', columns={{{columns}}});"
            f" CREATE VIEW c AS SELECT * FROM read_json('{paths['carriers']}');", query]


def duckdb(python, name, paths, form):
    return [python, "-c", DUCKDB_PYTHON, *duckdb_statements(name, paths, form)]


def duckdb_program(program, name, paths, form):
    return ["sh", "-c", DUCKDB_RUN, "sh", program, *duckdb_statements(name, paths, form)]


def find_duckdb(modules):
    """Its own program, which need not start Python first: installed, or out of a package."""
    program = shutil.which("duckdb")
    python = None if program else modules.interpreter("duckdb_cli")
    if python:
        program = subprocess.run(
            [python, "-c", "import duckdb_cli, os; print(os.path.dirname(duckdb_cli.__file__))"],
            capture_output=True, text=True, check=True).stdout.strip() + "/duckdb"
    return program if program and os.access(program, os.X_OK) else None


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


def polars(python, name, paths, form):
    if form not in ("json", "ndjson"):
        return None
    return ["env", "POLARS_MAX_THREADS=1", python, "-c", POLARS_RUN,
            paths["ndjson"], paths["carriers"], name]


# ---- P1 on a bare parser --------------------------------------------------------------

def flags_of(package):
    """What pkg-config says of an installed one, or None."""
    try:
        done = subprocess.run(["pkg-config", "--cflags", "--libs", package],
                              capture_output=True, text=True, check=False)
    except OSError:
        return None
    return done.stdout.split() if done.returncode == 0 else None


def build(parser, into, source_file=None):
    """A program with this parser, P1 or another of this folder, from a clone that AGENTRUN_BENCH_... names or from what
    is installed; or None, where there is neither, or it does not build."""
    clone = os.environ.get(f"AGENTRUN_BENCH_{parser.upper()}")
    out = os.path.join(into, f"{parser}_program")
    if parser == "yyjson":
        command = [os.environ.get("CC", "cc"), "-O3", "-march=native", "-o", out,
                   f"{HERE}/{source_file or 'yyjson_p1.c'}"]
        source = ["-I", f"{clone}/src", f"{clone}/src/yyjson.c"]
    else:
        command = [os.environ.get("CXX", "c++"), "-O3", "-march=native", "-std=c++17", "-o", out,
                   f"{HERE}/simdjson_p1.cpp"]
        source = ["-I", f"{clone}/include", "-I", f"{clone}/src", f"{clone}/src/simdjson.cpp"]
    flags = source if clone else flags_of(parser)
    if flags is None:
        return None
    try:
        subprocess.run(command + flags, capture_output=True, check=True)
    except (OSError, subprocess.SubprocessError):
        return None
    return out


def on_parser(program):
    def command(name, paths, form):
        return [program, paths[form]] if name == "P1" and form != "ndjson" else None
    return command


def run_by(program, peer):
    def command(name, paths, form):
        return peer(program, name, paths, form)
    return command


def available(into, venv, say):
    """Peers by name: a function (pipeline, paths, form) -> command or None."""
    found = {}
    modules = Modules(venv)
    for name, program, peer in [("jq", "jq", jq), ("node", "node", node),
                                ("Miller", "mlr", miller), ("SQLite", "sqlite3", sqlite)]:
        if shutil.which(program):
            found[name] = peer
        else:
            say(f"{name}: skipped, there is no {program}")
    program = find_duckdb(modules)
    if program:
        found["DuckDB"] = run_by(program, duckdb_program)
    for name, module, peer in [("DuckDB", "duckdb", duckdb), ("polars", "polars", polars)]:
        if name in found:
            continue
        python = modules.interpreter(module)
        if python:
            found[name] = run_by(python, peer)
        else:
            say(f"{name}: skipped, no Python here has the module {module}")
    for name in ("yyjson", "simdjson"):
        program = build(name, into)
        if program:
            found[name + "+P1"] = on_parser(program)
        else:
            say(f"{name}: skipped, it is not installed and AGENTRUN_BENCH_{name.upper()} "
                "names no clone that builds")
    return found
