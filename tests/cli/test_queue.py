# SPDX-License-Identifier: LicenseRef-agentrun-internal
"""submit, result, cancel and queue, over a redis-server of their own."""
import json
import shutil
import socket
import subprocess
import time
import unittest

from harness import ROWS, WORKFLOW, CliTest


class Redis:
    def __init__(self, folder):
        with socket.socket() as s:
            s.bind(("127.0.0.1", 0))
            self.port = s.getsockname()[1]
        self.process = subprocess.Popen(
            ["redis-server", "--bind", "127.0.0.1", "--port", str(self.port), "--save", "",
             "--dir", str(folder)], stdout=subprocess.DEVNULL)
        for _ in range(500):
            try:
                socket.create_connection(("127.0.0.1", self.port), 1).close()
                return
            except OSError:
                time.sleep(0.02)
        raise OSError("redis-server does not start")

    def __call__(self, *words):
        done = subprocess.run(["redis-cli", "-p", str(self.port), *words], check=True,
                              capture_output=True, text=True)
        return done.stdout.rstrip("\n")

    def close(self):
        self.process.kill()
        self.process.wait()


@unittest.skipUnless(shutil.which("redis-server") and shutil.which("redis-cli"),
                     "redis-server is not installed")
class Queue(CliTest):
    def setUp(self):
        super().setUp()
        self.redis = Redis(self.dir)
        self.addCleanup(self.redis.close)
        self.env = {"REDIS_HOST": "127.0.0.1", "REDIS_PORT": str(self.redis.port)}
        ran = self.run_it("queue", "stats", env=self.env)
        if ran.status == 5 and "cannot be loaded" in ran.err:
            self.skipTest("libagentrun-redis is not built")

    def on(self, *args, **more):
        return self.ok(*args, env=self.env, **more)

    def refused(self, status, *args, says=None, **more):
        return self.fails(status, *args, says=says, env=self.env, **more)

    def jobs(self):
        return [json.loads(line) for line in
                self.redis("LRANGE", "agent:jobs", "0", "-1").splitlines() if line]

    def stats(self):
        return self.on("queue", "stats").json

    def test_a_prompt_is_submitted_with_ids(self):
        rows, flow = self.file("rows.json", ROWS), self.file("flow.json", WORKFLOW)
        ran = self.on("submit", "show me the 2 cheapest", "--input", rows, "--workflow", flow)
        [job] = self.jobs()
        self.assertEqual(ran.out, job["job_id"] + "\n")
        self.assertEqual(job["prompt"], "show me the 2 cheapest")
        self.assertEqual(job["context"]["data"], ROWS)
        self.assertEqual(job["current_workflow"], WORKFLOW)
        self.assertTrue(job["run_id"] and job["node_id"] and job["sent_at"])
        self.assertEqual(self.stats(), [{"waiting": 1, "delayed": 0, "leased": 0, "dead": 0}])

    def test_many_jobs_from_stdin_keep_their_ids(self):
        lines = [json.dumps({"job_id": f"j{i}", "run_id": "r", "node_id": "n", "prompt": "p"})
                 for i in range(2500)]
        ran = self.on("submit", "--job", "-", stdin="\n".join(lines) + "\n\n")
        self.assertEqual(ran.out.split(), [f"j{i}" for i in range(2500)])
        self.assertEqual([job["job_id"] for job in self.jobs()], ran.out.split())

    def test_a_wrong_line_submits_nothing(self):
        for wrong, says in (("{", "2:"), ('{"job_id":"x"}', "2: .*prompt is missing"),
                            ('{"job_id":7,"prompt":"p"}', "2: .*job_id must be text"),
                            ("[]", "2: .*JSON object")):
            self.refused(3, "submit", "--job", "-", stdin='{"prompt":"p"}\n' + wrong + "\n",
                         says=says)
        self.refused(3, "submit", "--job", "-", stdin="not json", says="stdin")
        self.refused(3, "submit", "--job", "-", stdin="")
        self.assertEqual(self.jobs(), [])

    def test_usage(self):
        for args in (["submit"], ["submit", "p", "--job", "-"], ["result"], ["cancel"],
                     ["queue"], ["queue", "x"], ["queue", "stats", "x"], ["queue", "dead"],
                     ["queue", "dead", "show"], ["queue", "dead", "list", "x"],
                     ["queue", "dead", "retry"], ["queue", "dead", "retry", "x", "--all"],
                     ["queue", "stats", "--all"]):
            self.refused(2, *args)

    def test_a_result_is_waited_for_and_stays(self):
        process = self.start("submit", "--job", "-", "--wait", env=self.env,
                             stdin=subprocess.PIPE)
        process.stdin.write(b'{"job_id":"a","prompt":"p"}\n{"job_id":"b","prompt":"p"}\n')
        process.stdin.close()
        process.stdin = None
        results = {"b": '{"job_id":"b","status":"completed"}',
                   "a": '{"job_id":"a","status":"failed","error":{"type":"policy_refused"}}'}
        for job_id, text in results.items():
            time.sleep(0.1)
            self.redis("RPUSH", "agent:results:" + job_id, text)
        out, _ = process.communicate(timeout=20)
        self.assertEqual(out.decode(), results["a"] + "\n" + results["b"] + "\n")
        self.assertEqual(process.returncode, 4)
        self.assertEqual(self.on("result", "b", "--timeout", "1").out, results["b"] + "\n")
        self.assertEqual(self.redis("LLEN", "agent:results:b"), "1")

    def test_a_result_that_does_not_come(self):
        self.refused(6, "result", "nobody", says="knows no job")
        self.on("submit", "--job", "-", stdin='{"job_id":"a","prompt":"p"}')
        self.refused(1, "result", "a", "--timeout", "0", says="no result yet")
        self.refused(1, "submit", "p", "--wait", "--timeout", "0", says="no result yet")

    def test_a_job_is_cancelled(self):
        self.on("submit", "--job", "-", stdin='{"job_id":"a","prompt":"p"}')
        self.assertEqual(self.on("cancel", "a").json,
                         {"job_id": "a", "status": "cancelling"})
        self.assertEqual(self.redis("ZCARD", "agent:cancelled"), "1")
        self.refused(6, "cancel", "b", says="no job b")

    def test_dead_letters(self):
        for i in range(3):
            self.redis("RPUSH", "agent:dead", json.dumps(
                {"job_id": f"d{i}", "reason": "why", "deliveries": 5, "retries": 0,
                 "dead_at": 1, "payload": f'{{"job_id":"d{i}"}}'}, separators=(",", ":")))
        self.redis("RPUSH", "agent:dead", "of somebody else")
        listed = self.on("queue", "dead", "list").json
        self.assertEqual([row["job_id"] for row in listed], ["d0", "d1", "d2", ""])
        self.assertNotIn("payload", listed[0])
        self.assertEqual(self.on("queue", "dead", "show", "d1").json[0]["payload"],
                         '{"job_id":"d1"}')
        self.on("queue", "dead", "drop", "d0")
        self.on("queue", "dead", "retry", "d2")
        self.assertEqual([job["job_id"] for job in self.jobs()], ["d2"])
        for action in ("show", "drop", "retry"):
            self.refused(6, "queue", "dead", action, "d0", says="no dead letter")
        self.assertEqual(self.on("queue", "dead", "retry", "--all").json, [{"retried": 2}])
        self.assertEqual(self.stats()[0]["dead"], 0)
        self.assertEqual(self.redis("LINDEX", "agent:jobs", "-1"), "of somebody else")
        table = self.on("queue", "stats", "--output", "table").out
        self.assertTrue(table.startswith("waiting"))

    def test_the_stream_of_the_configuration(self):
        config = self.file("c.yaml", "redis: {mode: stream, stream: '{s}.t', consumer_group: g}")
        self.on("-c", config, "submit", "--job", "-", stdin='{"job_id":"a","prompt":"p"}')
        token = json.loads(self.redis("XRANGE", "{s}.t", "-", "+").splitlines()[-1])
        self.assertEqual((token["id"], token["metadata"]["task"]), ("a", "p"))
        self.assertEqual(self.on("-c", config, "queue", "stats").json[0]["waiting"], 1)
        self.on("-c", config, "cancel", "a")

    def test_the_store(self):
        config = self.file("c.yaml", "storage: {backend: redis}")
        job = {"job_id": "j", "run_id": "r", "node_id": "n", "prompt": "count rows",
               "context": {"data": ROWS}}
        ref = self.on("-c", config, "run", "--job", "-", stdin=json.dumps(job)).json["result_ref"]
        self.assertEqual(self.on("-c", config, "store", "get", ref).json, [{"count": 4}])
        output = self.redis("HGET", "context:r", "n:output")
        self.assertEqual(json.loads(self.redis("GET", "cas:" + output)), [{"count": 4}])
        self.assertEqual([r["job_id"] for r in self.on("-c", config, "store", "list").json],
                         ["j"])

    def test_no_server(self):
        self.redis.close()
        for args in (["submit", "p"], ["result", "x"], ["cancel", "x"], ["queue", "stats"]):
            self.refused(5, *args, says="redis at 127.0.0.1:.*Connection refused")
        self.fails(5, "queue", "stats", env={"REDIS_URL": "redis://:pw@127.0.0.1:1"},
                   says="^(?!.*pw)")
        self.fails(3, "queue", "stats", env={"REDIS_URL": "nonsense"}, says="url")
