# SPDX-License-Identifier: LicenseRef-agentrun-internal
"""Answers in the shapes that APIs give, one path away from their rows: answers.py AGENTRUN

Each goes in as a file, through a pipe in pieces, and as an http_request's answer. The
texts are made up; what is real is how they are nested, spaced and spelled."""
import http.server
import json
import os
import subprocess
import sys
import tempfile
import threading

AGENTRUN = sys.argv[1]
SELECT = {"step": "table_select"}

# What it is, the text, the path to the rows (None: they are not inside anything), steps,
# and what comes out.
CASES = [
    ("a page in an envelope", """{
  "status": "ok",
  "meta": {"page": 1, "per_page": 3, "total": 61, "tags": ["a", "b"]},
  "data": {
    "items": [
      {"id": "p-1", "name": "Kettle", "price": {"amount": "24.50", "currency": "EUR"}, "stock": 3},
      {"id": "p-2", "name": "T\\u00f6pfe", "price": {"amount": "9.00", "currency": "EUR"}, "stock": 0},
      {"id": "p-3", "name": "Tea \\"Nº 5\\"", "price": null, "stock": 12}
    ],
    "cursor": "eyJpZCI6InAtMyJ9"
  },
  "links": {"self": "/v2/products?page=1", "next": "/v2/products?page=2"}
}
""", "data.items", [{"step": "table_filter", "condition": {"field": "stock", "op": ">", "value": 0}},
                    {**SELECT, "fields": ["id", "name", "price.amount"]}],
     [{"id": "p-1", "name": "Kettle", "price.amount": "24.50"},
      {"id": "p-3", "name": 'Tea "Nº 5"', "price.amount": None}]),
    ("GeoJSON, the properties", '{"type":"FeatureCollection","metadata":{"generated":1700000000000,'
     '"count":3},"features":[{"type":"Feature","properties":{"mag":4.7,"place":"12 km W of Here",'
     '"alert":null},"geometry":{"type":"Point","coordinates":[-71.5,-30.25,35.1]},"id":"q1"},'
     '{"type":"Feature","properties":{"mag":1.20,"place":"There"},"geometry":null,"id":"q2"},'
     '{"type":"Feature","properties":null,"geometry":{"type":"Point","coordinates":[0,0]},"id":"q3"}],'
     '"bbox":[-180,-90,0,180,90,700]}', "features[].properties",
     [{"step": "table_sort", "field": "mag"}, {**SELECT, "fields": ["place", "mag"]}],
     [{"place": "There", "mag": 1.2}, {"place": "12 km W of Here", "mag": 4.7},
      {"place": None, "mag": None}]),
    ("GeoJSON, the features", '{"type":"FeatureCollection","features":[{"type":"Feature","geometry":'
     '{"type":"Polygon","coordinates":[[[1,2],[3,4],[1,2]]]},"properties":{"name":"A"}},{"type":'
     '"Feature","geometry":{"type":"Point","coordinates":[7.25,51.5]},"properties":{"name":"B"}}]}',
     "features", [{**SELECT, "fields": {"name": "properties.name", "kind": "geometry.type",
                                        "first": "geometry.coordinates[0]"}}],
     [{"name": "A", "kind": "Polygon", "first": [[1, 2], [3, 4], [1, 2]]},
      {"name": "B", "kind": "Point", "first": 7.25}]),
    ("JSON:API", '{"jsonapi":{"version":"1.0"},"data":[{"type":"articles","id":"1","attributes":'
     '{"title":"One","words":900},"relationships":{"author":{"data":{"type":"people","id":"9"}}}},'
     '{"type":"articles","id":"2","attributes":{"title":"Two","words":1200},"links":{"self":"/2"}}],'
     '"included":[{"type":"people","id":"9","attributes":{"name":"Someone"}}],"links":{"next":null}}',
     "data[].attributes", [{"step": "top_k", "k": 1, "by": "words"}], [{"title": "Two", "words": 1200}]),
    ("GraphQL, edges and nodes", '{"data":{"repository":{"issues":{"totalCount":3,"pageInfo":'
     '{"hasNextPage":true,"endCursor":"Y3Vyc29yOjM="},"edges":[{"cursor":"a","node":{"number":1,"labels":'
     '{"nodes":[{"name":"bug"},{"name":"ui"}]}}},{"cursor":"b","node":{"number":2,"labels":{"nodes":[]}}},'
     '{"cursor":"c","node":{"number":3,"labels":{"nodes":[{"name":"bug"}]}}}]}}},"extensions":'
     '{"cost":{"requested":12}}}', "data.repository.issues.edges[].node", [{**SELECT, "fields": ["number"]}],
     [{"number": 1}, {"number": 2}, {"number": 3}]),
    ("GraphQL, what is inside the nodes", '{"data":{"repository":{"issues":{"edges":[{"node":{"labels":'
     '{"nodes":[{"name":"bug"},{"name":"ui"}]}}},{"node":{"labels":null}},{"node":{"labels":{"nodes":'
     '[{"name":"bug"}]}}}]}}}}', "data.repository.issues.edges[].node.labels.nodes[]",
     [{"step": "groupby", "by": ["name"], "agg": "count"}],
     [{"name": "bug", "count": 2}, {"name": "ui", "count": 1}]),
    ("a search engine's hits", '{"took":5,"timed_out":false,"_shards":{"total":1,"failed":0},"hits":'
     '{"total":{"value":2,"relation":"eq"},"max_score":1.0,"hits":[{"_index":"logs-1","_id":"x1","_score":1.0,'
     '"_source":{"level":"error","ms":1203}},{"_index":"logs-1","_id":"x2","_score":0.5,"_source":'
     '{"level":"warn","ms":87}}]}}', "hits.hits[]._source",
     [{"step": "groupby", "by": [], "agg": "max", "field": "ms"}], [{"max_ms": 1203}]),
    ("HAL", '{"_links":{"self":{"href":"/orders"},"next":{"href":"/orders?page=2"}},"count":2,"_embedded":'
     '{"ea:order":[{"_links":{"self":{"href":"/orders/123"}},"total":30.00,"currency":"USD"},{"_links":{"self":'
     '{"href":"/orders/124"}},"total":20.00,"currency":"USD"}]}}', "_embedded.ea:order",
     [{"step": "groupby", "by": ["currency"], "agg": "sum", "field": "total"}],
     [{"currency": "USD", "sum_total": 50}]),
    ("OData", '{"@odata.context":"https://api.example.com/$metadata#People","value":[{"@odata.etag":"W/\\"1\\"",'
     '"UserName":"r","Gender":"Female"},{"@odata.etag":"W/\\"2\\"","UserName":"s","Gender":"Male"}],'
     '"@odata.nextLink":"https://api.example.com/People?$skip=2"}', "value",
     [{**SELECT, "fields": ["UserName", "@odata.etag"]}, {"step": "limit", "n": 1}],
     [{"UserName": "r", "@odata.etag": 'W/"1"'}]),
    ("time series", '{"status":"success","data":{"resultType":"matrix","result":[{"metric":{"job":"api",'
     '"instance":"a:9090"},"values":[[1700000000,"1"],[1700000015.123,"0.5"]]},{"metric":{"job":"db"},'
     '"values":[[1700000000,"NaN"]]}]}}', "data.result",
     [{"step": "flatten", "field": "values"},
      {**SELECT, "fields": {"job": "metric.job", "t": "values[0]", "v": "values[1]"}}],
     [{"job": "api", "t": 1700000000, "v": "1"}, {"job": "api", "t": 1700000015.123, "v": "0.5"},
      {"job": "db", "t": 1700000000, "v": "NaN"}]),
    ("pages one behind the other", '[{"page":1,"results":[{"id":1},{"id":2}]},{"page":2,"results":[]},'
     '{"page":3,"results":[{"id":3}],"last":true}]', "[].results[]",
     [{"step": "offset", "n": 1}], [{"id": 2}, {"id": 3}]),
    ("an array around one answer", '[{"total":2},[{"id":1},{"id":2}]]', "[1]",
     [{"step": "count"}], [{"count": 2}]),
    ("exchange rates as columns", '{"base":"EUR","rates":{"headers":["code","rate"],"rows":[["USD",1.0876],'
     '["JPY",163.21000000000001]]},"date":"2025-03-01"}', "rates.rows", [{"step": "top_k", "k": 1}],
     [["USD", 1.0876]]),
    ("a key with dots", '{"api.results":[{"n":1}],"api":{"results":[{"n":2}]}}', "api.results",
     [{"step": "offset", "n": 0}], [{"n": 1}]),
    ("a bare list", '\n[\n  {"id": 1296269, "owner": {"login": "someone", "id": 1}, "fork": false},\n'
     '  {"id": 12345678901234567890, "owner": {"login": "else", "id": 2}, "fork": true}\n]\n', None,
     [{**SELECT, "fields": ["id", "owner.login"]}],
     [{"id": 1296269, "owner.login": "someone"}, {"id": 12345678901234567890, "owner.login": "else"}]),
    ("logs, a line each", '{"ts":"2025-03-01T10:00:00.123Z","level":"info","http":{"status":200,"path":"/"}}\r\n'
     '{"ts":"2025-03-01T10:00:01Z","level":"error","msg":"boom: \\"x\\"\\n\\tat y","http":{"status":500,"path":"/a"}}\n'
     '\n{"ts":"2025-03-01T10:00:02Z","level":"error","http":{"status":503,"path":"/a"}}\n', None,
     [{"step": "table_filter", "condition": {"field": "http.status", "op": ">=", "value": 500}},
      {"step": "groupby", "by": ["http.path"], "agg": "count"}], [{"http.path": "/a", "count": 2}]),
    ("a table as text", '\ufeffdate,city,"temp, max"\r\n2025-03-01,"Köln, Dom",11.5\r\n2025-03-02,Bonn,\r\n', None,
     [{"step": "table_sort", "field": "temp, max", "order": "desc"}],
     [{"date": "2025-03-01", "city": "Köln, Dom", "temp, max": 11.5},
      {"date": "2025-03-02", "city": "Bonn", "temp, max": None}]),
]
WRONG = [
    ("the error that came in place of the page", '{"error":{"code":"rate_limited","message":"slow down"}}',
     "data.items", "there is nothing at data.items: the object there has error"),
    ("another shape than was said", '{"data":{"items":{"p-1":{}}}}', "data.items", "wants an array, got an object"),
    ("half a page", '{"data":{"items":[{"id":1},{"id":', "data.items", "not valid JSON"),
    ("a page for people", "<!DOCTYPE html>\n<html></html>", "data.items", "not valid JSON"),
]


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        body = self.server.bodies[int(self.path[1:])]
        self.send_response(200)
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        for part in pieces(body):
            self.wfile.write(b"%x\r\n%s\r\n" % (len(part), part))
        self.wfile.write(b"0\r\n\r\n")

    def log_message(self, *args):
        pass


def pieces(body, size=29):
    return [body[i:i + size] for i in range(0, len(body), size)]


def execute(steps, source=None, text=None, config=None):
    command = [AGENTRUN, *(["-c", config] if config else []), "exec", json.dumps(steps)]
    process = subprocess.Popen(command + (["--input", source] if source else []),
                               stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                               stderr=subprocess.PIPE)
    try:
        for part in pieces(text or b""):
            process.stdin.write(part)
            process.stdin.flush()
    except BrokenPipeError:
        pass
    out, err = process.communicate(timeout=60)
    return process.returncode, out, err.decode()


def ways(folder, url, text, path, steps):
    """The same pipeline over the same text, however it comes."""
    inside = [{"step": "extract", "path": path}] if path else []
    name = os.path.join(folder, "input")
    with open(name, "wb") as f:
        f.write(text)
    request = {"step": "http_request", "url": url, **({"path": path} if path else {})}
    config = os.path.join(folder, "c.yaml")
    with open(config, "w", encoding="ascii") as f:
        f.write("http: {allow_private_networks: true}\n")
    yield "from a file", execute(inside + steps, name)
    yield "through a pipe", execute(inside + steps, "-", text)
    yield "as an answer", execute([request, *steps], config=config)
    if path:
        yield "extracted from an answer", execute(
            [{**request, "path": None}, *inside, *steps], config=config)


def main():
    failed = done = 0
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    server.bodies = [case[1].encode() for case in CASES + WRONG]
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    os.environ.pop("AGENTRUN_CONFIG", None)
    with tempfile.TemporaryDirectory(prefix="agentrun-answers-") as folder:
        for i, case in enumerate(CASES + WRONG):
            name, text, path = case[:3]
            steps, want = case[3:] if i < len(CASES) else ([{"step": "count"}], None)
            url = f"http://127.0.0.1:{server.server_port}/{i}"
            for way, (status, out, err) in ways(folder, url, text.encode(), path, steps):
                done += 1
                good = (status == 0 and json.loads(out) == want if want is not None
                        else status in (1, 3) and case[3] in err and not out)
                if not good:
                    failed += 1
                    print(f"{name}, {way}: exit {status} {err}{out[:300]!r}")
    server.shutdown()
    print(f"{done} runs, {failed} failed")
    sys.exit(failed > 0)


main()
