# SPDX-License-Identifier: LicenseRef-agentrun-internal
"""run --job: the job message of section 2 and its result."""
import json
import time

from harness import ROWS, WORKFLOW, CliTest


class Job(CliTest):
    def run_job(self, message, *more, status=0, **kwargs):
        path = self.file("job.json", message)
        args = ("run", "--job", path, *more)
        return (self.ok(*args, **kwargs) if status == 0
                else self.fails(status, *args, **kwargs)).json

    def job(self, **more):
        return {"version": "1.0", "job_id": "job-1", "run_id": "run-1", "node_id": "node-1",
                "prompt": "show me the 2 cheapest", "context": {"data": ROWS}, **more}

    def ids(self, result):
        return [row["id"] for row in result["result_preview"]["sample"]]

    def test_a_job_keeps_its_id(self):
        result = self.run_job(self.job())
        self.assertEqual((result["job_id"], result["status"]), ("job-1", "completed"))
        self.assertEqual(self.ids(result), [3, 2])

    def test_a_job_on_stdin(self):
        result = self.value("run", "--job", "-", stdin=json.dumps(self.job()))
        self.assertEqual(result["job_id"], "job-1")

    def test_task_stands_for_prompt(self):
        job = self.job(task="show me the 1 cheapest")
        del job["prompt"]
        self.assertEqual(self.ids(self.run_job(job)), [3])
        self.assertEqual(self.ids(self.run_job(self.job(task="nonsense"))), [3, 2])
        self.assertEqual(self.ids(self.run_job({**job, "prompt": None})), [3])

    def test_unknown_fields_are_ignored(self):
        job = self.job(colour="red", nested={"a": [1]}, retry_count=3, created_at="now",
                       sent_at="2026-01-01T00:00:00Z")
        job["context"]["workflow_state"] = {"current_step": 1, "total_steps": 2}
        self.assertEqual(self.ids(self.run_job(job)), [3, 2])

    def test_versions(self):
        for version in ("1", "1.0", "1.7", "1.99", None):
            with self.subTest(version=version):
                self.run_job(self.job(version=version))
        job = self.job()
        del job["version"]
        self.run_job(job)
        for version in ("2.0", "2", "0.9", "10.0", "", "one", "1x", "-1.0"):
            with self.subTest(version=version):
                error = self.run_job(self.job(version=version), status=3)["error"]
                self.assertEqual((error["type"], error["retryable"]), ("invalid_job", False))
                self.assertIn(version, json.dumps(error))

    def test_every_wrong_field_is_listed(self):
        result = self.run_job({"version": 1, "job_id": "job-9", "run_id": [], "node_id": {},
                               "workflow_tag": 5, "workflow_owner": False, "prompt": 7,
                               "current_workflow": [], "context": "x", "timeout_sec": "soon"},
                              status=3)
        error = result["error"]
        self.assertEqual((result["job_id"], result["status"]), ("job-9", "failed"))
        self.assertEqual(error["type"], "invalid_job")
        self.assertFalse(error["retryable"])
        told = "\n".join(error["violations"])
        for name in ("version", "run_id", "node_id", "workflow_tag", "workflow_owner", "prompt",
                     "current_workflow", "context", "timeout_sec"):
            self.assertIn(name, told)
        self.assertEqual(len(error["violations"]), 9)

    def test_what_is_inside_the_context_is_checked_too(self):
        for context, violation in (
                ({"previous_results": 5}, "context.previous_results must be an array"),
                ({"previous_results": [5]}, "context.previous_results[0] must be an object"),
                ({"previous_results": [{"result_ref": "a"}, {"node_id": "a"}]},
                 "context.previous_results[1] must have a result_ref, a text"),
                ({"session_id": 5}, "context.session_id must be text")):
            with self.subTest(context=context):
                error = self.run_job(self.job(context=context), status=3)["error"]
                self.assertEqual(error["violations"], [violation])

    def test_a_document_that_is_no_table_stops_table_steps(self):
        for data in (5, "x", {"price": 1}):
            with self.subTest(data=data):
                self.run_job(self.job(context={"data": data}), status=3)

    def test_a_missing_or_empty_prompt(self):
        for prompt in (None, "", "  \n"):
            with self.subTest(prompt=prompt):
                error = self.run_job(self.job(prompt=prompt), status=3)["error"]
                self.assertEqual(error["type"], "invalid_job")
                self.assertIn("prompt", "".join(error["violations"]))
        job = self.job()
        del job["prompt"]
        self.run_job(job, status=3)

    def test_missing_ids_are_made_up(self):
        job = self.job()
        for name in ("job_id", "run_id", "node_id"):
            del job[name]
        self.assertEqual(len(self.run_job(job)["job_id"]), 36)
        self.assertEqual(len(self.run_job(self.job(job_id=""))["job_id"]), 36)

    def test_strange_ids_come_back_as_they_are(self):
        for job_id in ("a b", "é", "x" * 5000, "'; DROP TABLE agent_results; --", '"\\', "\u0001"):
            with self.subTest(job_id=job_id[:20]):
                self.assertEqual(self.run_job(self.job(job_id=job_id))["job_id"], job_id)

    def test_a_nul_in_an_id_is_refused(self):
        error = self.run_job(self.job(job_id="a\0b"), status=3)["error"]
        self.assertIn("job_id", "".join(error["violations"]))

    def test_of_duplicate_members_the_last_counts(self):
        text = json.dumps(self.job())[:-1] + ',"job_id":"job-2","prompt":"show me the 1 cheapest"}'
        result = self.run_job(text)
        self.assertEqual((result["job_id"], self.ids(result)), ("job-2", [3]))

    def test_a_message_that_is_too_long_is_refused(self):
        config = self.file("c.yaml", "limits: {max_job_bytes: 100}\n")
        error = self.run_job(self.job(), "-c", config, status=4)["error"]
        self.assertIn("limits.max_job_bytes", error["message"])
        self.assertEqual(error["type"], "policy_refused")

    def test_previous_results_stand_for_the_rows(self):
        """A ref that an earlier process stored, in SQLite."""
        config = self.file("c.yaml", "storage: {backend: sqlite, path: results.db}\n")
        if "cannot be loaded" in self.run_it("store", "list", "-c", config).err:
            self.skipTest("libagentrun-sqlite is not built")
        first = self.run_job(self.job(prompt="show me the rows where to is LAX"), "-c", config)
        self.assertEqual(first["result_preview"]["row_count"], 2)
        previous = [{"node_id": "earlier", "result_ref": "artifact://" + "0" * 36},
                    {"node_id": "fetch", "result_ref": first["result_ref"],
                     "preview": first["result_preview"]}]
        job = self.job(job_id="job-2", prompt="show me the 1 cheapest",
                       context={"previous_results": previous})
        second = self.run_job(job, "-c", config)
        self.assertEqual(self.ids(second), [3])
        previous.reverse()
        previous[1]["preview"] = first["result_preview"]
        error = self.run_job({**job, "job_id": "job-3"}, "-c", config, status=6)["error"]
        self.assertIn("0000", error["message"])
        self.assertEqual(error["type"], "storage_error")
        previous[1]["result_ref"] = "nonsense"
        error = self.run_job({**job, "job_id": "job-4"}, "-c", config, status=3)["error"]
        self.assertRegex(error["message"], 'not a ref: "nonsense"')
        self.assertEqual((error["type"], error["retryable"]), ("pipeline_error", False))

    def test_a_deadline_that_has_passed(self):
        rows = [{"id": i, "price": i * 7919 % 100003} for i in range(200000)]
        job = self.job(timeout_sec=0.001, context={"data": rows})
        started = time.monotonic()
        error = self.run_job(job, status=1)["error"]
        self.assertEqual((error["type"], error["retryable"]), ("timeout", True))
        self.assertLess(time.monotonic() - started, 10)
        self.run_job(self.job(timeout_sec=0))
        self.run_job(self.job(timeout_sec=1e300))
        for wrong in (-1, "5", [], True):
            with self.subTest(timeout=wrong):
                self.run_job(self.job(timeout_sec=wrong), status=3)

    def test_a_patch_job(self):
        result = self.run_job(self.job(prompt="add a task node named tell after pick",
                                       current_workflow=WORKFLOW, context={}))
        self.assertEqual(result["result_preview"]["type"], "patch")
        call = result["metadata"]["tool_calls"][0]
        self.assertEqual(call["function"]["name"], "patch_workflow")
        patched = self.file("patched.json", self.value(
            "run", "--output", "json", "--job", self.file("patch_job.json", self.job(
                prompt="add a task node named tell after pick", current_workflow=WORKFLOW,
                context={}))))
        undo = self.file("undo.json", call["inverse"])
        self.assertEqual(self.value("patch", patched, undo), WORKFLOW)

    def test_a_workflow_with_its_nodes_as_an_object_comes_out_in_the_other_form(self):
        flow = {"nodes": {"fetch": {"type": "http", "config": {"url": "http://e.org"},
                                    "dependencies": [], "dependents": ["pick"]},
                          "pick": {"type": "filter", "dependencies": ["fetch"],
                                   "dependents": []}}}
        result = self.run_job(self.job(prompt="add a task node named tell after pick",
                                       current_workflow=flow, context={}))
        flow = self.value("run", "--output", "json", "--job", self.file("flow.json", self.job(
            prompt="add a task node named tell after pick", current_workflow=flow,
            context={})))
        self.assertEqual([node["id"] for node in flow["nodes"]], ["fetch", "pick", "tell"])
        self.assertEqual(flow["edges"], [{"from": "fetch", "to": "pick"},
                                         {"from": "pick", "to": "tell"}])
        self.assertNotIn("dependents", flow["nodes"][0])
        self.assertEqual(result["result_preview"]["op_count"], 2)
        # So it is outside of jobs; pointers are into the form that comes out.
        keyed = {"nodes": {"pick": {"type": "task"}}}
        self.assertEqual(
            self.value("patch", self.file("ir.json", keyed),
                       self.file("p.json", [{"op": "add", "path": "/x", "value": 1}])),
            {"nodes": [{"id": "pick", "type": "task"}], "edges": [], "x": 1})
        self.fails(3, "patch", self.file("ir.json", keyed),
                   self.file("p.json", [{"op": "remove", "path": "/nodes/pick"}]),
                   says="nodes keyed by id, .* operation 1")
        plan = self.value("plan", "add a task node named tell after pick", "--workflow",
                          self.file("keyed.json", keyed))
        arguments = plan["tool_calls"][0]["function"]["arguments"]
        diff = self.ok("patch", self.file("ir.json", keyed), self.file("plan.json", arguments), "--diff").out
        self.assertEqual(diff, "+ node tell (task)\n+ edge pick -> tell\n")
        self.run_job(self.job(current_workflow={"nodes": {}}))

    def test_the_planner_is_named(self):
        error = self.run_job(self.job(), "--planner", "nobody", status=2)["error"]
        self.assertIn("nobody", error["message"])
