# SPDX-License-Identifier: LicenseRef-agentrun-internal
"""Patches that go to an orchestrator: what it is sent, and that they land once, whatever
becomes of connections and answers."""
import json
import time

from harness import WORKFLOW, CliTest, Server

PROMPT = "add a task node named tell after pick"


class Hang(Exception):
    """The connection is closed without an answer."""


class Orchestrator:
    """Takes each patch once, by its key. `script` says what goes wrong first: the names of
    what is done to one request each."""

    def __init__(self, test, script=()):
        self.script, self.landed, self.keys = list(script), [], []
        self.workflow = WORKFLOW
        self.server = Server({
            "/api/v1/runs/run-1/patches": self.patch,
            "/api/v1/runs/a%2Fb%20c/patches": self.patch,
            "/api/v1/workflows/flow/patch": self.patch,
            "/api/v1/workflows/flow": self.get,
        })
        test.addCleanup(self.server.close)

    def get(self, request):
        assert request.method == "GET" and request.path.endswith("?materialize=true")
        return 200, {}, {"tag": "flow", "version": 3, "workflow": self.workflow}

    def commit(self, request):
        key = request.headers["Idempotency-Key"]
        for at, (known, _) in enumerate(self.landed):
            if known == key:
                return at
        self.landed.append((key, json.loads(request.body)))
        return len(self.landed) - 1

    def patch(self, request):
        self.keys.append(request.headers["Idempotency-Key"])
        wrong = self.script.pop(0) if self.script else None
        if wrong == "hang before":
            raise Hang
        if isinstance(wrong, int):
            return wrong, {}, {"error": {"message": f"said with {wrong}"}}
        if wrong == "wait":
            return 429, {"Retry-After": "1"}, b"slow down"
        if wrong == "moved":
            return 307, {"Location": "/api/v1/workflows/flow/patch"}, b""
        seq = self.commit(request)
        if wrong == "hang after":
            raise Hang
        if wrong == "garbage":
            return 200, {}, b"<html>fine</html>"
        if wrong == "slow":
            time.sleep(1.5)
        return 201, {}, {"id": f"patch-{seq}", "artifact_id": "a", "cas_id": "c",
                         "seq": seq + 1, "op_count": len(json.loads(request.body)["operations"])}


class Landing(CliTest):
    def orchestrate(self, *script, path="", more=""):
        self.there = Orchestrator(self, script)
        self.config = self.file("c.yaml", "orchestrator:\n"
                                f"  api_url: {self.there.server.url}{path}\n{more}")

    def run_job(self, status=0, **more):
        job = {"version": "1.0", "job_id": "j1", "run_id": "run-1", "node_id": "agent-7",
               "workflow_tag": "flow", "workflow_owner": "ann", "prompt": PROMPT,
               "current_workflow": WORKFLOW, **more}
        job = {name: value for name, value in job.items() if value is not None}
        ran = self.run_it("-c", self.config, "run", "--job", self.file("job.json", job))
        self.assertEqual(ran.status, status, ran.err)
        return ran.json

    def test_a_run_s_patch_goes_to_the_run(self):
        self.orchestrate()
        result = self.run_job()
        request, = self.there.server.requests
        self.assertEqual((request.method, request.path),
                         ("POST", "/api/v1/runs/run-1/patches"))
        self.assertEqual(request.headers["X-User-ID"], "ann")
        self.assertEqual(request.headers["Content-Type"], "application/json")
        body = json.loads(request.body)
        self.assertEqual(set(body), {"operations", "description", "node_id"})
        self.assertEqual(body["node_id"], "agent-7")
        self.assertEqual(body["operations"][0]["op"], "add")
        preview = result["result_preview"]
        self.assertEqual((preview["type"], preview["patch_id"], preview["op_count"]),
                         ("patch", "patch-0", len(body["operations"])))
        self.assertEqual(preview["description"], body["description"])

    def test_without_a_run_it_goes_to_the_workflow(self):
        self.orchestrate()
        self.run_job(run_id=None)
        request, = self.there.server.requests
        self.assertEqual((request.method, request.path),
                         ("PATCH", "/api/v1/workflows/flow/patch"))

    def test_the_url_may_hold_the_api_s_path(self):
        for path in ("/", "/api/v1", "/api/v1/"):
            with self.subTest(path=path):
                self.orchestrate(path=path)
                self.run_job()
                self.assertEqual(len(self.there.landed), 1)

    def test_names_are_escaped(self):
        self.orchestrate()
        self.run_job(run_id="a/b c")
        self.assertEqual(len(self.there.landed), 1)
        self.run_job(status=3, workflow_owner="ann\nX-Evil: 1")

    def test_it_lands_once_whatever_goes_wrong(self):
        for script in (["hang before"], ["hang after"], [500, 503], ["hang after", 502, "hang before"],
                       ["garbage"], [408], ["wait"]):
            with self.subTest(script=script):
                self.orchestrate(*script)
                result = self.run_job()
                self.assertEqual(result["result_preview"]["patch_id"], "patch-0")
                self.assertEqual(len(self.there.landed), 1)
                self.assertEqual(len(self.there.keys), len(script) + 1)
                self.assertEqual(len(set(self.there.keys)), 1)

    def test_a_slow_answer_is_waited_for_until_its_time_is_over(self):
        self.orchestrate("slow", more="  timeout_sec: 1\n")
        self.run_job()
        self.assertEqual((len(self.there.landed), len(self.there.keys)), (1, 2))

    def test_a_refusal_is_final_and_says_why(self):
        for status in (400, 401, 403, 404, 409, 422):
            with self.subTest(status=status):
                self.orchestrate(status)
                error = self.run_job(status=1)["error"]
                self.assertEqual((error["type"], error["retryable"]),
                                 ("orchestrator_error", False))
                self.assertIn(f"status {status}: said with {status}", error["message"])
                self.assertEqual(len(self.there.keys), 1)
                self.assertEqual(self.there.landed, [])

    def test_a_redirect_is_not_followed(self):
        self.orchestrate("moved")
        self.assertFalse(self.run_job(status=1)["error"]["retryable"])
        self.assertEqual(self.there.landed, [])

    def test_it_gives_up_after_so_many_tries(self):
        self.orchestrate(*[500] * 9, more="  max_retries: 2\n")
        error = self.run_job(status=1)["error"]
        self.assertEqual((error["type"], error["retryable"]), ("orchestrator_error", True))
        self.assertIn("after 3 attempts", error["message"])
        self.assertEqual(len(self.there.keys), 3)

    def test_what_is_not_known_is_told_by_the_same_job_again(self):
        self.orchestrate(*["hang after"] * 2, "garbage", more="  max_retries: 2\n")
        error = self.run_job(status=1)["error"]
        self.assertEqual((error["type"], error["retryable"]), ("orchestrator_error", True))
        self.assertIn("the patch may have landed", error["message"])
        self.assertEqual(self.run_job()["result_preview"]["patch_id"], "patch-0")
        self.assertEqual((len(self.there.landed), len(set(self.there.keys))), (1, 1))

    def test_what_is_not_known_is_said(self):
        retries = "  max_retries: 1\n  timeout_sec: 1\n"
        for script, unknown in ((["hang after", "hang before"], True), (["hang before", 503], True),
                                ([500, 429], True), (["garbage", 503], True), ([502, 502], True),
                                (["slow", 503], True), ([503, 429], False), ([408, 503], False),
                                (["hang after", 409], False), (["hang after", 422], False),
                                # Nobody looked at its key.
                                (["hang after", 401], True), (["hang after", 404], True),
                                (["hang after", 307], True), ([503, 401], False)):
            with self.subTest(script=script):
                self.orchestrate(*script, more=retries)
                error = self.run_job(status=1)["error"]
                self.assertEqual((error["type"], error["retryable"]),
                                 ("orchestrator_error", script[1] not in (307, 401, 404, 409, 422)))
                self.assertEqual("the patch may have landed" in error["message"], unknown,
                                 error["message"])

    def test_so_it_is_when_the_job_s_time_is_over(self):
        self.orchestrate("hang after", *[503] * 50, more="  max_retries: 50\n")
        self.assertIn("the patch may have landed", self.run_job(status=1, timeout_sec=1)["error"]["message"])

    def test_nothing_outlasts_the_job_s_time(self):
        self.orchestrate(*[503] * 50, more="  max_retries: 50\n")
        begun = time.monotonic()
        self.run_job(status=1, timeout_sec=1)
        self.assertLess(time.monotonic() - begun, 10)

    def test_the_same_job_again_has_the_same_key(self):
        self.orchestrate()
        self.run_job()
        self.run_job()
        self.run_job(job_id="j2")
        self.assertEqual(len(self.there.landed), 2)

    def test_a_patch_that_breaks_the_rules_is_not_sent(self):
        self.orchestrate()
        self.run_job(status=3, prompt="connect pick to fetch")
        self.assertEqual(self.there.server.requests, [])

    def test_a_workflow_that_the_job_lacks_is_asked_for(self):
        self.orchestrate()
        self.run_job(current_workflow=None)
        self.assertEqual([r.method for r in self.there.server.requests], ["GET", "POST"])
        self.assertEqual(len(self.there.landed), 1)

    def test_one_with_its_nodes_by_id_is_patched_in_the_form_with_arrays(self):
        keyed = {"nodes": {"fetch": {"type": "http", "dependents": ["pick"]},
                           "pick": {"type": "filter", "dependencies": ["fetch"]}}}
        for job in ({"current_workflow": None},                          # the orchestrator's
                    {"current_workflow": keyed},                         # is asked for all the same
                    {"current_workflow": keyed, "workflow_tag": None}):  # there is no other
            with self.subTest(job=job):
                self.orchestrate()
                self.there.workflow = keyed
                self.run_job(**job)
                asked = self.there.server.requests[0].method == "GET"
                self.assertEqual(asked, "workflow_tag" not in job)
                (_, body), = self.there.landed
                self.assertEqual([(o["op"], o["path"]) for o in body["operations"]],
                                 [("add", "/nodes/-"), ("add", "/edges/-")])

    def test_places_in_one_with_its_nodes_by_id_are_tested_there(self):
        self.orchestrate()
        self.there.workflow = {"nodes": {"fetch": {"type": "http", "dependents": ["pick"]},
                                         "pick": {"type": "filter", "dependents": ["tell"]},
                                         "tell": {"type": "task"}}}
        self.run_job(prompt="remove pick", current_workflow=None)
        (_, body), = self.there.landed
        tests = [(o["path"], o["value"]) for o in body["operations"] if o["op"] == "test"]
        self.assertIn(("/nodes/1/id", "pick"), tests)
        self.assertIn(("/edges/0/to", "pick"), tests)
        # Another order there is a refusal: nothing else is patched in its place.
        self.orchestrate(422)
        self.there.workflow = {"nodes": {"pick": {"type": "filter"}, "fetch": {"type": "http"}}}
        error = self.run_job(status=1, prompt="remove pick", current_workflow=None)["error"]
        self.assertEqual((error["type"], error["retryable"]), ("orchestrator_error", False))

    def test_an_unknown_workflow_fails_the_patch(self):
        self.orchestrate()
        error = self.run_job(status=1, current_workflow=None, workflow_tag="none")["error"]
        self.assertEqual(error["type"], "orchestrator_error")
        self.assertEqual([r.method for r in self.there.server.requests], ["GET"])

    def test_data_is_looked_at_without_it(self):
        self.orchestrate()
        self.run_job(prompt="count the rows", current_workflow=None,
                     context={"data": [{"a": 1}]})
        self.assertEqual(self.there.server.requests, [])

    def test_no_orchestrator_there(self):
        self.config = self.file("c.yaml", "orchestrator: {api_url: 'http://127.0.0.1:9',"
                                " max_retries: 1}\n")
        error = self.run_job(status=1)["error"]
        self.assertEqual((error["type"], error["retryable"]), ("orchestrator_error", True))
        self.assertNotIn("landed", error["message"])
