#!/usr/bin/env python3
# SPDX-License-Identifier: LicenseRef-agentrun-internal
"""check_service.py SERVICE: the endpoints, and jobs by line, of the example."""
import json
import subprocess
import sys
import urllib.error
import urllib.parse
import urllib.request

service = subprocess.Popen([sys.argv[1]], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                           text=True)
base = service.stdout.readline().split()[-1]


def ask(path, method="GET", body=None):
    """(status, type, text)"""
    request = urllib.request.Request(base + path, method=method,
                                     data=body.encode() if body is not None else None)
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:
            return answer.status, answer.headers["Content-Type"], answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.headers["Content-Type"], error.read().decode()


def do(job):
    service.stdin.write(f"{job['job_id']} {json.dumps(job)}\n")
    service.stdin.flush()
    return json.loads(service.stdout.readline())


def same(got, wanted):
    assert got == wanted, (got, wanted)


ROWS = [{"id": 1, "price": 30}, {"id": 2, "price": 10}, {"id": 3, "price": 20}]
JOB = {"version": "1.0", "job_id": "j1", "run_id": "r", "node_id": "n",
       "prompt": "show me the 2 cheapest", "context": {"data": ROWS}}

result = do(JOB)
same(result["status"], "completed")
same(result["result_preview"], {"type": "dataset", "row_count": 2, "sample": [ROWS[1], ROWS[2]]})
assert result["metadata"]["queue_time_ms"] >= 0

status, kind, text = ask("/health")
health = json.loads(text)
same((status, kind), (200, "application/json"))
same((health["status"], health["service"], health["running"]), ("ok", "agent-runner", True))
assert health["workers"] >= 1
same(ask("/ready")[:2], (200, "application/json"))

status, kind, text = ask("/metrics")
same((status, kind.split(";")[0]), (200, "text/plain"))
lines = text.splitlines()
assert 'agentrun_jobs_total{lane="execute",outcome="completed"} 1' in lines, text
assert "agentrun_worker_up 1" in lines, text
for line in lines:  # a sample is described before it
    name = line.split("{")[0].split()[0]
    for end in ("_bucket", "_sum", "_count"):
        name = name.removesuffix(end)
    assert line.startswith("# ") or f"# TYPE {name} " in text, line

chat = json.loads(ask("/test/chat?" + urllib.parse.urlencode({"prompt": "hello"}), "POST", "")[2])
assert chat["status"] in ("completed", "failed") and chat["job_id"], chat
chat = json.loads(ask("/test/chat", "POST", json.dumps({
    "task": "show me the 2 cheapest", "context": {"data": ROWS}}))[2])
same(chat["result_preview"]["row_count"], 2)
same(ask("/test/chat", "POST", "")[0], 400)
same(ask("/test/chat", "POST", "{")[0], 400)
same(ask("/test/chat")[0], 405)
same(ask("/health", "POST", "")[0], 405)
same(ask("/nothing")[0], 404)
same(ask("/test/chat", "POST", "x" * (17 << 20))[0], 413)

same(ask("/quiet", "POST", "")[0], 200)
assert "agentrun_worker_up 0" in ask("/metrics")[2]
same(json.loads(ask("/health")[2])["running"], True)
same(ask("/resume", "POST", "")[0], 200)
same(do(dict(JOB, job_id="j2"))["status"], "completed")
same(do({"job_id": "j3", "prompt": "count"})["error"]["violations"],
     ["run_id is missing", "node_id is missing"])

service.stdin.close()
same(service.wait(60), 0)
