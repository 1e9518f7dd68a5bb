# SPDX-License-Identifier: LicenseRef-agentrun-internal
"""The worker from end to end, against a redis-server of the test's own: producers that
speak to Redis alone, what is no valid job, signals, crashes, the HTTP endpoints."""
import http.client
import json
import os
import pathlib
import re
import signal
import sys
import threading
import time
import unittest

from harness import ROWS, WORKFLOW, CliTest, Server
import provider

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "redis"))
from server import RedisServer  # noqa: E402

WAIT = 30  # seconds for what must come; a busy machine is no failure
WORKER = {"CONFIG": """
service: {concurrency: 32, drain_timeout_sec: %(drain)s}
redis: {mode: %(mode)s, timeout: %(timeout)s%(redis)s}
queue: {lease_sec: %(lease)s, backoff: {base_ms: 50, max_ms: 200}, max_retries: 2}
storage: {backend: redis}
http: {allow_private_networks: true}
%(more)s
"""}


class Worker:
    """One process. Its log is read as it comes."""

    def __init__(self, test, name="worker", env=None, args=(), **settings):
        values = {"mode": "both", "lease": 30, "drain": 10, "timeout": 2, "redis": "", "more": ""}
        values.update(settings)
        test.file("config.yaml", WORKER["CONFIG"] % values)
        self.test, self.lines, self.more = test, [], threading.Condition()
        self.process = test.start("worker", *args, env={"REDIS_URL": test.server.url,
                                                        "PORT": "0", **(env or {})})
        threading.Thread(target=self.read, daemon=True).start()
        test.addCleanup(self.kill)
        self.port = int(self.wait_for(r"listening on .*, port (\d+)").group(1))
        self.wait_for(r"working, up to")

    def read(self):
        for line in self.process.stderr:
            with self.more:
                self.lines.append(line.decode("utf-8", "surrogateescape"))
                self.more.notify_all()

    def wait_for(self, pattern):
        until = time.monotonic() + WAIT
        with self.more:
            at = 0
            while True:
                for line in self.lines[at:]:
                    found = re.search(pattern, line)
                    if found:
                        return found
                at = len(self.lines)
                if time.monotonic() > until or not self.more.wait(1) and \
                        self.process.poll() is not None and at == len(self.lines):
                    self.test.fail(f"no {pattern!r} in {''.join(self.lines)[-3000:]}")

    @property
    def log(self):
        with self.more:
            return "".join(self.lines)

    def kill(self, how=signal.SIGKILL):
        if self.process.poll() is None:
            self.process.send_signal(how)
        self.process.wait(WAIT)
        if how == signal.SIGKILL and self.process.stdout:
            self.process.stdout.close()
            time.sleep(0.05)
        return self.process.returncode

    def signal(self, how):
        self.process.send_signal(how)

    def http(self, method, path, body=None, **headers):
        peer = http.client.HTTPConnection("127.0.0.1", self.port, timeout=WAIT)
        try:
            peer.request(method, path, body, headers)
            answer = peer.getresponse()
            return answer.status, answer.read().decode()
        finally:
            peer.close()


class Slow:
    """An HTTP server whose answers wait until they are released."""

    def __init__(self, test):
        self.gate, self.count, self.lock = threading.Event(), 0, threading.Lock()
        self.server = Server({"/slow": self.answer, "/flaky": self.flaky})
        self.url = self.server.url
        test.addCleanup(self.server.close)
        test.addCleanup(self.gate.set)

    def answer(self, request):
        with self.lock:
            self.count += 1
        self.gate.wait(WAIT)
        return 200, {}, [{"n": 2}, {"n": 1}]

    def flaky(self, request):
        with self.lock:
            self.count += 1
            return (503 if self.count == 1 else 200), {}, [{"n": 2}, {"n": 1}]

    def wait(self, n):
        until = time.monotonic() + WAIT
        while self.count < n:
            assert time.monotonic() < until, f"{self.count} requests instead of {n}"
            time.sleep(0.01)


def job(id, prompt="the 2 cheapest rows", **more):
    return {"version": "1.0", "job_id": id, "run_id": "run-" + id, "node_id": "pick",
            "workflow_tag": "main", "workflow_owner": "ann", "prompt": prompt,
            "current_workflow": WORKFLOW, "context": {"data": ROWS, "session_id": "s"},
            "timeout_sec": 60, "retry_count": 0, "created_at": "2026-01-01T00:00:00Z",
            **more}


def token(id, task="the 2 cheapest rows", **metadata):
    return {"id": id, "run_id": "run-" + id, "from_node": "fetch", "to_node": "pick",
            "payload_ref": "", "config": {}, "hop": 1, "created_at": "2026-01-01T00:00:00Z",
            "sent_at": "2026-01-01T00:00:00Z", "workflow_owner": "ann",
            "metadata": {"task": task, "context": {"data": ROWS}, "workflow_tag": "main",
                         "workflow": WORKFLOW, **metadata}}


def compact(value):
    return json.dumps(value, separators=(",", ":"))


@unittest.skipUnless(RedisServer.is_there(), "there is no redis-server")
class WorkerTest(CliTest):
    def setUp(self):
        super().setUp()
        self.server = RedisServer()
        self.addCleanup(self.server.close)
        self.redis = self.server.client(timeout=5 * WAIT + 10)
        self.addCleanup(self.redis.close)

    def push(self, value, key="agent:jobs"):
        self.redis("RPUSH", key, value if isinstance(value, (bytes, str)) else compact(value))

    def add(self, value, stream="wf.tasks.agent"):
        return self.redis("XADD", stream, "*", "token",
                          value if isinstance(value, (bytes, str)) else compact(value))

    def pop(self, key, wait=WAIT):
        found = self.redis("BLPOP", key, wait)
        self.assertIsNotNone(found, f"nothing at {key}")
        return json.loads(found[1])

    def result(self, id, wait=WAIT):
        return self.pop("agent:results:" + id, wait)

    def cli(self, *args, **more):
        return self.run_it(*args, env={"REDIS_URL": self.server.url}, **more)

    def until(self, what, about=""):
        end = time.monotonic() + WAIT
        while True:
            value = what()
            if value:
                return value
            self.assertLess(time.monotonic(), end, about or "it did not come about")
            time.sleep(0.02)

    def dead(self):
        return [json.loads(text) for text in self.redis("LRANGE", "agent:dead", 0, -1)]

    def empty(self):
        """Nothing of any job is left in the queue."""
        def left():
            return [key for key in self.redis("KEYS", "*")
                    if re.match(r"agent:(jobs|processing:|leases|held:|delayed|cancelled)",
                                key)]
        self.until(lambda: not left(), f"left: {left()}")
        pending = self.redis("XPENDING", "wf.tasks.agent", "agent_workers")
        self.assertEqual(pending[0], 0)


class Producers(WorkerTest):
    def test_the_producers_of_both_modes_work_unchanged(self):
        Worker(self)
        self.push(job("l1"))
        r = self.result("l1")
        self.assertEqual((r["version"], r["job_id"], r["status"]), ("1.0", "l1", "completed"))
        self.assertRegex(r["result_ref"], r"^artifact://[0-9a-f-]{36}$")
        self.assertEqual((r["result_preview"]["type"], r["result_preview"]["row_count"]),
                         ("dataset", 2))
        self.assertEqual([row["id"] for row in r["result_preview"]["sample"]], [3, 2])
        self.assertEqual(set(r["metadata"]), {
            "intent", "tool_calls", "message", "tokens_used", "cache_hit",
            "execution_time_ms", "llm_model", "queue_time_ms"})
        self.add(token("s1"))
        done = self.pop("completion_signals")
        self.assertEqual(list(done)[:5], ["version", "job_id", "run_id", "node_id", "status"])
        self.assertEqual((done["version"], done["job_id"], done["run_id"], done["node_id"],
                          done["status"]), ("1.0", "s1", "run-s1", "pick", "completed"))
        data = done["result_data"]
        self.assertEqual(data["status"], "success")
        self.assertEqual([row["id"] for row in data["data"]], [3, 2])
        self.assertIn("metrics", data)
        steps = json.loads(done["metadata"]["tool_calls"][0]["function"]["arguments"])
        self.assertEqual(data["pipeline_steps"], len(steps["pipeline"]))
        self.assertEqual(self.result("s1")["status"], "completed")
        self.empty()

    def test_a_patch(self):
        Worker(self)
        self.add(token("p1", "remove the node pick"))
        done = self.pop("completion_signals")
        data = done["result_data"]
        self.assertEqual(done["status"], "completed", done)
        self.assertEqual(data["op_count"], self.result("p1")["result_preview"]["op_count"])
        self.assertRegex(data["patch_id"], r"^[0-9a-f]{64}$")
        self.assertEqual([n["id"] for n in data["workflow"]["nodes"]], ["fetch"])
        self.push(job("p2", "remove the node pick"))
        self.assertEqual(self.result("p2")["result_preview"]["type"], "patch")

    def test_a_text(self):
        model = provider.Provider(provider.chat("There is nothing to do."))
        self.addCleanup(model.close)
        Worker(self, env={"OPENAI_API_KEY": "k", "OPENAI_BASE_URL": model.url + "/v1"})
        self.add(token("t1", "well?"))
        done = self.pop("completion_signals")
        self.assertEqual(done["result_data"], {
            "status": "completed", "type": "text_response",
            "message": "There is nothing to do."}, done)
        self.assertEqual(self.result("t1")["result_preview"],
                         {"type": "text", "text": "There is nothing to do."})

    def test_a_failure_names_its_kind(self):
        Worker(self)
        self.add(token("f1", "make it all nicer somehow"))
        done = self.pop("completion_signals")
        self.assertEqual(done["status"], "failed")
        self.assertIsInstance(done["result_data"], dict)
        self.assertEqual(done["metadata"]["error_type"], "invalid_plan")
        self.assertTrue(done["metadata"]["error_message"])
        self.assertIs(done["metadata"]["retryable"], False)
        self.push(job("f2", "make it all nicer somehow"))
        self.assertEqual(self.result("f2")["error"]["type"], "invalid_plan")
        self.empty()

    def test_the_task_may_be_in_the_config(self):
        Worker(self)
        for id, config in (("c1", {"task": "the 2 cheapest rows"}),
                           ("c2", {"prompt": "the 2 cheapest rows"})):
            t = token(id)
            del t["metadata"]["task"]
            t["config"] = config
            self.add(t)
            self.assertEqual(self.pop("completion_signals")["status"], "completed")

    def test_the_workflow_of_a_run(self):
        Worker(self)
        self.redis("SET", "ir:run-w1", compact({"nodes": {
            "a": {"id": "a", "type": "http", "dependencies": [], "dependents": ["b"],
                  "config": {"url": "https://example.com/", "method": "GET"}},
            "b": {"type": "filter", "dependencies": ["a"], "dependents": ["c"]},
            "c": {"type": "task", "dependencies": ["b", "a"], "dependents": []},
            "d": {"type": "task", "dependencies": [], "dependents": []}},
            "name": "flow", "edges": [{"from": "b", "to": "c", "condition": "x > 1"}]}))
        self.add(token("w1", "remove the node d"))
        done = self.pop("completion_signals")
        # It was read, and became the form that patches are of.
        flow = done["result_data"]["workflow"]
        self.assertEqual(flow, {"name": "flow", "nodes": [
            {"id": "a", "type": "http", "config": {"url": "https://example.com/",
                                                   "method": "GET"}},
            {"id": "b", "type": "filter"}, {"id": "c", "type": "task"}],
            "edges": [{"from": "b", "to": "c", "condition": "x > 1"},
                      {"from": "a", "to": "b"}, {"from": "a", "to": "c"}]}, done)
        self.redis("SET", "ir:run-w2", compact(
            {"nodes": [{"id": "a", "type": "task"}, {"id": "b", "type": "task"}],
             "edges": []}))
        self.add(token("w2", "remove the node b"))
        done = self.pop("completion_signals")
        self.assertEqual([n["id"] for n in done["result_data"]["workflow"]["nodes"]], ["a"])

    def test_a_node_output_is_there_for_the_next(self):
        Worker(self)
        self.add(token("n1"))
        self.pop("completion_signals")
        ref = self.redis("HGET", "context:run-n1", "pick:output")
        self.assertEqual([row["id"] for row in json.loads(self.redis("GET", "cas:" + ref))],
                         [3, 2])

    def test_many_that_are_waited_for_have_a_bar_on_a_terminal(self):
        Worker(self)
        jobs = self.file("many.ndjson", "".join(compact(job(f"m{i}")) + "\n" for i in range(10)))
        us, terminal = os.openpty()
        self.addCleanup(os.close, us)
        process = self.start("submit", "--job", jobs, "--wait", stderr=terminal,
                             env={"REDIS_URL": self.server.url})
        out = process.communicate(timeout=WAIT)[0].decode()
        os.close(terminal)
        shown = os.read(us, 65536).decode()
        self.assertEqual(len(out.splitlines()), 10)
        self.assertIn("[###---------------------------] 1 of 10 results", shown)
        self.assertIn("[" + "#" * 30 + "] 10 of 10 results", shown)
        # In a pipe there is none.
        self.assertEqual(self.cli("submit", "--job", jobs, "--wait").err, "")

    def test_results_expire(self):
        Worker(self)
        self.push(job("e1"))
        self.until(lambda: self.redis("EXISTS", "agent:results:e1"))
        self.assertTrue(86000 < self.redis("TTL", "agent:results:e1") <= 86400)

    def test_names_with_a_hash_tag(self):
        Worker(self, redis=", job_queue: '{ag}:jobs', result_queue_prefix: '{ag}:results',"
               " stream: '{ag}:tasks', completion_queue: '{ag}:signals'")
        self.push(job("h1"), "{ag}:jobs")
        self.assertEqual(self.pop("{ag}:results:h1")["status"], "completed")
        self.add(token("h2"), "{ag}:tasks")
        self.assertEqual(self.pop("{ag}:signals")["status"], "completed")
        self.push("nonsense", "{ag}:jobs")
        self.until(lambda: self.redis("LLEN", "{ag}:dead"))
        # What upstream reads of a run has upstream's names.
        others = [key for key in self.redis("KEYS", "*")
                  if not key.startswith("{ag}") and not re.match("(context|cas):", key)]
        self.assertEqual(others, [])

    def test_the_commands(self):
        Worker(self)
        lines = "".join(compact(job(f"k{i}")) + "\n" for i in range(20))
        ran = self.cli("submit", "--job", "-", stdin=lines)
        self.assertEqual(ran.out.split(), [f"k{i}" for i in range(20)], ran.err)
        for i in range(20):
            ran = self.cli("result", f"k{i}", "--timeout", str(WAIT))
            self.assertEqual(ran.json["status"], "completed")
        ran = self.cli("submit", "the 2 cheapest rows", "--input", "-", "--wait",
                       stdin=json.dumps(ROWS))
        self.assertEqual(ran.json["status"], "completed", ran.err)
        self.assertLess(ran.json["metadata"]["queue_time_ms"], 500)
        self.empty()


DEEP = "[" * 100000 + "]" * 100000


class BadMessages(WorkerTest):
    def ends(self, message, reason, id=""):
        before = len(self.dead())
        self.push(message)
        self.until(lambda: len(self.dead()) > before)
        letter = self.dead()[-1]
        self.assertRegex(letter["reason"], reason)
        if id is not None:
            self.assertEqual(letter["job_id"], id)
        if id:
            r = self.result(id)
            self.assertEqual((r["job_id"], r["status"], r["error"]["type"]),
                             (id, "failed", "invalid_job"))
            self.assertIs(r["error"]["retryable"], False)
            return r
        return None

    def test_each_ends_and_the_worker_goes_on(self):
        worker = Worker(self)
        self.ends("", "empty|end|JSON")
        self.ends("hello", "JSON|value")
        self.ends("[1,2]", "object")
        self.ends("null", "object")
        self.ends('{"job_id":"cut","prompt":"x"', ".")
        self.ends(b'{"job_id":"\xff\xfe","prompt":"\xff"}', "UTF-8|utf-8", None)
        self.ends(DEEP, "deep|nest")
        self.ends("{}", "job_id")
        r = self.ends({"job_id": "b1", "prompt": 7}, "prompt", "b1")
        text = " ".join(map(str, r["error"]["violations"]))
        for name in ("run_id", "node_id", "prompt"):
            self.assertIn(name, text)
        self.ends(job("b2", version="2.0"), "version", "b2")
        self.ends(job("b3", version=1), "version", "b3")
        self.ends(job("b4", timeout_sec="soon"), "timeout_sec", "b4")
        self.ends(job("b5", context=[]), "context", "b5")
        deep = compact(job("b6"))[:-1] + ',"extra":' + DEEP + "}"
        before = len(self.dead())
        self.push(deep)
        self.until(lambda: len(self.dead()) > before)
        self.push(job("ok", version="1.7", unknown={"a": 1}))
        self.assertEqual(self.result("ok")["status"], "completed")
        self.assertIsNone(worker.process.poll())
        self.empty()

    def test_each_ends_in_a_stream_too(self):
        worker = Worker(self)
        bad = ["", "hello", "[1]", '{"id":"cut"', b'{"id":"\xff"}', DEEP, "{}"]
        for i, message in enumerate(bad):
            self.add(message)
            self.until(lambda: self.redis("XLEN", "wf.tasks.agent:dead") > i, message[:50])
        self.redis("XADD", "wf.tasks.agent", "*", "other", "field")
        self.until(lambda: self.redis("XLEN", "wf.tasks.agent:dead") > len(bad))
        self.redis("DEL", "completion_signals")
        t = token("x1")
        del t["metadata"]["task"], t["to_node"]
        self.add(t)
        done = self.pop("completion_signals")
        self.assertEqual((done["status"], done["metadata"]["error_type"]),
                         ("failed", "invalid_job"))
        self.assertIn("node_id", " ".join(done["metadata"]["violations"]))
        self.assertEqual(self.result("x1")["status"], "failed")
        self.add(token("x2"))
        self.assertEqual(self.pop("completion_signals")["status"], "completed")
        self.assertIsNone(worker.process.poll())
        self.empty()

    def test_a_huge_one(self):
        # Redis hashes it, and is silent meanwhile; on a busy machine for long.
        worker = Worker(self, timeout=20, more="limits: {max_job_bytes: 50000000}")
        self.push(b'{"job_id":"huge","prompt":"' + b"x" * (100 << 20) + b'"}')
        self.push(b"x" * (100 << 20))
        self.push(job("after"))
        self.assertEqual(self.result("after", 5 * WAIT)["status"], "completed")
        self.until(lambda: self.redis("LLEN", "agent:dead") == 2)
        r = self.result("huge")
        self.assertEqual((r["job_id"], r["error"]["type"]), ("huge", "invalid_job"))
        self.assertIsNone(worker.process.poll())
        self.empty()

    def test_a_dead_letter_does_not_block_a_new_job_of_its_id(self):
        Worker(self)
        self.ends(job("again", version="9.0"), "version", "again")
        self.push(job("again"))
        self.assertEqual(self.result("again")["status"], "completed")
        ran = self.cli("queue", "dead", "list")
        self.assertEqual([letter["job_id"] for letter in ran.json], ["again"])
        self.assertEqual(self.cli("queue", "dead", "drop", "again").status, 0)
        self.assertEqual(self.dead(), [])


class Ends(WorkerTest):
    def slow_job(self, slow, id, path="/slow", **more):
        return job(id, f"get {slow.url}{path} and sort by n", context={}, **more)

    def slow_token(self, slow, id):
        return token(id, f"get {slow.url}/slow and sort by n", context={})

    def test_sigterm_drains(self):
        slow = Slow(self)
        worker = Worker(self)
        self.push(self.slow_job(slow, "d1"))
        slow.wait(1)
        worker.signal(signal.SIGTERM)
        worker.wait_for("stopping")
        status, body = worker.http("GET", "/health")
        self.assertEqual((status, json.loads(body)["status"], json.loads(body)["running"]),
                         (503, "draining", False))
        self.push(job("later"))
        slow.gate.set()
        self.assertEqual(self.result("d1")["status"], "completed")
        self.assertEqual(worker.process.wait(WAIT), 0)
        self.assertEqual(self.redis("LLEN", "agent:jobs"), 1)
        self.assertEqual(self.redis("KEYS", "agent:processing:*"), [])

    def test_a_second_signal_gives_back_at_once(self):
        slow = Slow(self)
        worker = Worker(self, drain=600)
        self.push(self.slow_job(slow, "g1"))
        self.add(self.slow_token(slow, "g2"))
        slow.wait(2)
        worker.signal(signal.SIGTERM)
        worker.wait_for("stopping")
        begun = time.monotonic()
        worker.signal(signal.SIGTERM)
        self.assertEqual(worker.process.wait(WAIT), 0)
        self.assertLess(time.monotonic() - begun, 4)
        self.assertEqual(self.redis("LLEN", "agent:jobs"), 1)
        slow.gate.set()
        Worker(self)
        self.assertEqual(self.result("g1")["status"], "completed")
        self.assertEqual(self.result("g2")["status"], "completed")
        self.empty()

    def test_what_does_not_end_in_time_is_given_back(self):
        slow = Slow(self)
        worker = Worker(self, drain=1)
        self.push(self.slow_job(slow, "w1"))
        slow.wait(1)
        worker.signal(signal.SIGINT)
        self.assertEqual(worker.process.wait(WAIT), 0)
        self.assertEqual(self.redis("LLEN", "agent:jobs"), 1)

    def test_sigtstp_takes_no_more(self):
        worker = Worker(self)
        worker.signal(signal.SIGTSTP)
        self.until(lambda: "agentrun_worker_up 0" in worker.http("GET", "/metrics")[1])
        time.sleep(0.5)
        self.push(job("q1"))
        time.sleep(1.5)
        self.assertEqual(self.redis("LLEN", "agent:jobs"), 1)
        self.assertEqual(worker.http("GET", "/health")[0], 200)
        self.assertEqual(worker.http("POST", "/resume")[0], 200)
        self.assertEqual(self.result("q1")["status"], "completed")
        self.assertEqual(worker.http("POST", "/quiet")[0], 200)
        worker.signal(signal.SIGTERM)
        self.assertEqual(worker.process.wait(WAIT), 0)

    def test_another_finishes_what_was_killed(self):
        slow = Slow(self)
        first = Worker(self, lease=2)
        self.push(self.slow_job(slow, "k1"))
        self.add(self.slow_token(slow, "k2"))
        slow.wait(2)
        first.kill()
        died = time.monotonic()
        slow.gate.set()
        second = Worker(self, lease=2)
        self.assertEqual(self.result("k1")["status"], "completed")
        self.assertEqual(self.result("k2")["status"], "completed")
        self.assertLess(time.monotonic() - died, 2 + 2 + 2)
        self.assertIn("agentrun_jobs_redelivered_total 2", second.http("GET", "/metrics")[1])
        self.empty()
        self.assertEqual(self.redis("LLEN", "agent:results:k1"), 0)

    def test_one_that_was_asleep_past_its_lease_adds_nothing(self):
        slow = Slow(self)
        first = Worker(self, lease=1)
        self.push(self.slow_job(slow, "z1"))
        slow.wait(1)
        first.signal(signal.SIGSTOP)
        second = Worker(self, lease=1)
        slow.wait(2)
        slow.gate.set()
        self.assertEqual(self.result("z1")["status"], "completed")
        second.wait_for("working")
        first.signal(signal.SIGCONT)
        first.wait_for("job z1: its lease was lost")
        self.assertEqual(self.redis("EXISTS", "agent:results:z1"), 0)
        self.assertEqual(self.redis("HLEN", "agent:journal:z1"), 0)
        self.empty()

    def test_a_job_that_kills_its_workers_is_parked(self):
        slow = Slow(self)
        self.push(self.slow_job(slow, "poison"))
        for i in range(2):
            worker = Worker(self, lease=1, more="", redis="")
            slow.wait(i + 1)
            worker.kill()
        # Two deaths; the rest are as good as counted.
        text = WORKER["CONFIG"]
        WORKER["CONFIG"] = text.replace("max_retries: 2", "max_retries: 2, max_deliveries: 2")
        try:
            Worker(self, lease=1)
        finally:
            WORKER["CONFIG"] = text
        r = self.result("poison")
        self.assertEqual((r["status"], r["error"]["type"]), ("failed", "internal"))
        self.assertGreaterEqual(self.dead()[0]["deliveries"], 2)
        self.empty()

    def test_one_result_and_one_record_though_it_is_delivered_twice(self):
        Worker(self)
        self.redis.pipeline(*[("RPUSH", "agent:jobs", compact(job("twice")))] * 2)
        self.assertEqual(self.result("twice")["status"], "completed")
        self.empty()
        self.assertEqual(self.redis("EXISTS", "agent:results:twice"), 0)
        ids = [self.redis("HGET", key, "job_id") for key in self.redis("KEYS",
                                                                       "agent:record:*")]
        self.assertEqual(ids.count("twice"), 1)

    def test_cancelling_in_another_process(self):
        slow = Slow(self)
        Worker(self, lease=1)
        self.push(self.slow_job(slow, "c1"))
        self.add(self.slow_token(slow, "c2"))
        slow.wait(2)
        for id in ("c1", "c2"):
            self.assertEqual(self.cli("cancel", id).status, 0)
            r = self.result(id)
            self.assertEqual((r["status"], r["error"]["type"]), ("failed", "cancelled"))
        self.assertEqual(self.pop("completion_signals")["metadata"]["error_type"],
                         "cancelled")
        self.empty()

    def test_cancelling_what_waits(self):
        self.push(job("c3"))
        self.assertEqual(self.cli("cancel", "c3").status, 0)
        self.assertEqual(self.cli("cancel", "nobody").status, 6)
        Worker(self)
        self.assertEqual(self.result("c3")["error"]["type"], "cancelled")

    def test_failures_that_pass_are_tried_again(self):
        slow = Slow(self)
        Worker(self)
        self.push(self.slow_job(slow, "r1", "/flaky"))
        self.assertEqual(self.result("r1")["status"], "completed")
        self.assertEqual(slow.count, 2)
        self.empty()

    def test_what_is_asked_again_has_the_same_idempotency_key(self):
        slow = Slow(self)
        model = provider.Provider(provider.chat(None, provider.pipeline(
            {"step": "http_request", "method": "POST", "url": slow.url + "/flaky"})))
        self.addCleanup(model.close)
        Worker(self, more="llm: {single_turn: true}", env={
            "OPENAI_API_KEY": "k", "OPENAI_BASE_URL": model.url + "/v1"})
        keys = []
        for id in ("i1", "i2"):
            slow.count = 0
            self.push(job(id, "show me the rows", context={}))
            self.assertEqual(self.result(id)["status"], "completed")
            one, two = (r.headers["Idempotency-Key"] for r in slow.server.requests[-2:])
            self.assertEqual(one, two)
            self.assertRegex(one, "^[0-9a-f]{32}$")
            keys.append(one)
        self.assertNotEqual(*keys)

    def test_a_deadline(self):
        slow = Slow(self)
        Worker(self)
        self.push(self.slow_job(slow, "t1", timeout_sec=1))
        begun = time.monotonic()
        r = self.result("t1")
        self.assertEqual(r["error"]["type"], "timeout")
        self.assertLess(time.monotonic() - begun, 15)

    def test_redis_that_goes_and_comes(self):
        worker = Worker(self)
        self.push(job("a1"))
        self.assertEqual(self.result("a1")["status"], "completed")
        self.server.stop()
        time.sleep(1)
        self.assertEqual(worker.http("GET", "/ready")[0], 503)
        self.assertEqual(worker.http("GET", "/health")[0], 200)
        self.server.start()
        self.redis.close()
        self.redis = self.server.client(timeout=5 * WAIT + 10)
        self.push(job("a2"))
        self.assertEqual(self.result("a2")["status"], "completed")
        self.redis("FLUSHALL")
        self.add(token("a3"))
        self.assertEqual(self.pop("completion_signals")["status"], "completed")
        self.until(lambda: worker.http("GET", "/ready")[0] == 200)


    def test_what_redis_refuses_passes(self):
        """Scripts that are forgotten, a replica, no memory, keys of another type: the worker
        tells of it and goes on when it is over."""
        worker = Worker(self)
        n = 0

        def works():
            nonlocal n
            n += 1
            self.push(job(f"w{n}"))
            self.assertEqual(self.result(f"w{n}")["status"], "completed")
            self.add(token(f"v{n}"))
            self.assertEqual(self.result(f"v{n}")["status"], "completed")
        works()
        self.redis("SCRIPT", "FLUSH") # NOSCRIPT
        works()
        self.redis("REPLICAOF", "127.0.0.1", "1") # READONLY, or MASTERDOWN
        worker.wait_for(r"READONLY|read-only|MASTERDOWN|lost its master")
        self.redis("REPLICAOF", "NO", "ONE")
        works()
        self.redis("CONFIG", "SET", "maxmemory", "1")
        worker.wait_for(r"out of memory: raise its maxmemory")
        self.redis("CONFIG", "SET", "maxmemory", "0")
        works()
        self.redis("SET", "agent:leases", "text")
        worker.wait_for(r"WRONGTYPE|holds another type")
        self.redis("DEL", "agent:leases")
        works()
        self.assertIsNone(worker.process.poll())
        self.empty()

    def test_workers_that_make_the_group_at_once(self):
        workers = [Worker(self, f"w{i}") for i in range(3)] # BUSYGROUP
        for i in range(30):
            self.add(token(f"g{i}"))
        for i in range(30):
            self.assertEqual(self.result(f"g{i}")["status"], "completed")
        for worker in workers:
            self.assertNotIn("BUSYGROUP", worker.log)

    def test_a_long_wait_for_a_provider_is_waited_in_the_queue(self):
        model = provider.Provider((429, {"Retry-After": "90"}, provider.error("slow down")),
                                  provider.chat("done"))
        self.addCleanup(model.close)
        Worker(self, env={"OPENAI_API_KEY": "k", "OPENAI_BASE_URL": model.url + "/v1"})
        self.push(job("late", "well?", context={}))
        self.until(lambda: self.redis("ZCARD", "agent:delayed") == 1)
        member, due = self.redis("ZRANGE", "agent:delayed", 0, 0, "WITHSCORES")
        left = float(due) / 1000 - time.time()
        self.assertTrue(80 < left <= 91, left)
        self.assertRegex(member, r"^\S+ 1 0 ") # one retry, no delivery
        self.assertEqual(len(model.requests), 1)
        self.assertEqual(self.redis("EXISTS", "agent:results:late"), 0)
        self.redis("ZADD", "agent:delayed", 0, member) # as if it were over
        self.assertEqual(self.result("late")["result_preview"]["text"], "done")
        self.assertEqual(len(model.requests), 2)
        self.empty()

    def test_so_it_is_in_a_stream(self):
        model = provider.Provider((429, {"Retry-After": "90"}, provider.error("slow down")),
                                  provider.chat("done"))
        self.addCleanup(model.close)
        Worker(self, env={"OPENAI_API_KEY": "k", "OPENAI_BASE_URL": model.url + "/v1"})
        self.add(token("late", "well?", context={}))
        base = "wf.tasks.agent:agent_workers:"
        self.until(lambda: self.redis("ZCARD", base + "delayed") == 1)
        entry, due = self.redis("ZRANGE", base + "delayed", 0, 0, "WITHSCORES")
        self.assertTrue(80 < float(due) / 1000 - time.time() <= 91)
        self.assertEqual(self.redis("HGET", base + "retries", entry), "1")
        self.redis("ZADD", base + "delayed", 0, entry)
        self.assertEqual(self.result("late")["result_preview"]["text"], "done")


class Endpoints(WorkerTest):
    def test_what_they_say(self):
        worker = Worker(self)
        status, body = worker.http("GET", "/health")
        answer = json.loads(body)
        self.assertEqual(list(answer), ["status", "service", "workers", "running"])
        self.assertEqual((status, answer["status"], answer["service"], answer["running"]),
                         (200, "ok", "agent-runner", True))
        self.assertEqual(answer["workers"], len(os.sched_getaffinity(0)))
        self.assertEqual(worker.http("GET", "/ready")[0], 200)
        self.push(job("m1"))
        self.result("m1")
        self.until(lambda: 'agentrun_jobs_total{lane="execute",outcome="completed"} 1\n'
                   in worker.http("GET", "/metrics")[1])
        text = worker.http("GET", "/metrics")[1]
        for line in text.splitlines():
            self.assertRegex(line, r"^(# (HELP|TYPE) agentrun_\w+ .+|agentrun_\w+"
                             r"(\{[^}]*\})? [0-9.e+-]+|agentrun_\w+\{le=\"\+Inf\"\} \d+)$")
        for path, method in (("/nothing", "GET"), ("/test/chat", "GET"), ("/health", "POST")):
            self.assertIn(worker.http(method, path)[0], (404, 405))

    def test_a_job_by_http(self):
        worker = Worker(self)
        for query in ("prompt=", "task="):
            status, body = worker.http(
                "POST", f"/test/chat?{query}make%20it%20all%20nicer")
            self.assertEqual((status, json.loads(body)["status"]), (200, "failed"))
        status, body = worker.http("POST", "/test/chat", json.dumps(
            {"prompt": "the 2 cheapest rows", "context": {"data": ROWS}}))
        answer = json.loads(body)
        self.assertEqual((status, answer["status"]), (200, "completed"))
        self.assertEqual(answer["result_preview"]["row_count"], 2)
        for body in (None, "", "{}", "nonsense", "[]"):
            self.assertEqual(worker.http("POST", "/test/chat", body)[0], 400, body)
        self.assertEqual(self.redis("KEYS", "agent:results:*"), [])

    def test_a_token_where_others_can_reach_it(self):
        settings = "service: {host: 0.0.0.0, concurrency: 4%s}"
        text = WORKER["CONFIG"]
        try:
            for more, given, status in (
                    (", auth_token: s3cret", {}, 401),
                    (", auth_token: s3cret", {"Authorization": "Bearer wrong"}, 401),
                    (", auth_token: s3cret", {"Authorization": "Bearer s3cret"}, 200),
                    ("", {"Authorization": "Bearer "}, 403),
                    (", auth_token: ''", {"Authorization": "Bearer "}, 403)):
                WORKER["CONFIG"] = re.sub("service: .*", settings % more, text)
                worker = Worker(self)
                self.assertEqual(worker.http("POST", "/test/chat?prompt=x", None,
                                             **given)[0], status)
                self.assertEqual(worker.http("POST", "/quiet", None, **given)[0], status)
                self.assertEqual(worker.http("GET", "/health")[0], 200)
                worker.kill()
        finally:
            WORKER["CONFIG"] = text

    def test_the_log_holds_no_prompt(self):
        slow = Slow(self)
        for level, may in (("info", False), ("debug", True)):
            worker = Worker(self, args=("--log-level", level, "--log-format", "json"))
            self.push(job("s1", "show me the zebracorn"))
            self.push(job("s2", "zebracorn", version="zebracorn"))
            self.push('{"job_id":"s3","prompt":"zebracorn","zebracorn')
            self.push(job("s4", context={"data": [{"zebracorn": 1}], "x": "zebracorn"}))
            self.push(job("s5", f"get {slow.url}/zebracorn and sort by n"))
            for id in ("s1", "s2", "s4", "s5"):
                self.result(id)
            worker.signal(signal.SIGTERM)
            self.assertEqual(worker.process.wait(WAIT), 0)
            worker.wait_for("stopped")
            self.assertIn("s1", worker.log)
            if not may:
                self.assertNotIn("zebracorn", worker.log)
            for line in worker.log.splitlines():
                self.assertEqual(set(json.loads(line)) - {"job_id", "run_id"},
                                 {"time", "level", "subject", "message"})
                if "job s" in line and not may:
                    self.assertIn("job_id", json.loads(line))

    def test_every_change_of_state_is_told(self):
        worker = Worker(self, args=("--log-level", "debug"))
        self.push(job("one"))
        self.result("one")
        worker.wait_for("job: one settled")
        states = re.findall(r"debug job: one (\w+)", worker.log)
        self.assertEqual(states, ["acquired", "started", "planned", "calling", "called",
                                  "storing", "stored", "settling", "settled"])


if __name__ == "__main__":
    unittest.main()
