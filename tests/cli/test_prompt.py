# SPDX-License-Identifier: LicenseRef-agentrun-internal
"""classify, plan and run with a prompt: the shape of what they print."""
import json
import re

from harness import ROWS, WORKFLOW, CliTest


class Prompt(CliTest):
    def setUp(self):
        super().setUp()
        self.rows = self.file("rows.json", ROWS)
        self.workflow = self.file("workflow.json", WORKFLOW)

    def test_classify_prints_all_members_in_order(self):
        for prompt in ("show me the 3 cheapest flights to LAX",
                       "add an http node named tell after fetch", "hm", ""):
            with self.subTest(prompt=prompt):
                out = self.value("classify", prompt)
                self.assertEqual(list(out), ["text", "intent", "confidence", "reasoning",
                                             "matched_keywords", "scores", "allowed_tools"])
                self.assertEqual(out["text"], prompt)
                self.assertIn(out["intent"], ("patch", "execute", "unclear"))
                self.assertTrue(0 <= out["confidence"] <= 1)
                self.assertEqual(list(out["matched_keywords"]), ["patch", "execute"])
                self.assertEqual(list(out["scores"]), ["patch", "execute"])
                self.assertTrue(out["allowed_tools"])

    def test_classify_is_deterministic(self):
        self.assertEqual(len({self.ok("classify", "delete the node pick",
                                      "--workflow", self.workflow).out for _ in range(5)}), 1)

    def test_a_prompt_of_controls_and_quotes_is_kept_as_json(self):
        prompt = 'a"b\\c\x01\x1b[31m\n\té€😀\u2028'
        ran = self.ok("classify", prompt)
        self.assertEqual(ran.json["text"], prompt)
        self.assertNotRegex(ran.out[:-1], r"[\x00-\x1f]")
        self.assertEqual(self.run_it("run", prompt, "--input", self.rows).json["status"],
                         "failed")

    def test_a_prompt_of_a_megabyte(self):
        ran = self.run_it("classify", "--batch", stdin="show me " * 130000 + "\n", timeout=60)
        self.assertEqual(ran.status, 0 if ran.out else 4)

    def test_plan_prints_all_members(self):
        out = self.value("plan", "show me the 2 cheapest", "--input", self.rows)
        self.assertEqual(list(out), ["tool_calls", "message", "model", "tokens_used",
                                     "cache_hit", "execution_time_ms", "finish_reason"])
        call = out["tool_calls"][0]
        self.assertEqual(sorted(call), ["function", "id"])
        self.assertEqual(call["function"]["name"], "execute_pipeline")
        steps = json.loads(call["function"]["arguments"])["pipeline"]
        self.assertTrue(all("step" in step for step in steps))
        self.assertEqual(out["finish_reason"], "tool_calls")

    def test_plan_of_what_it_does_not_understand_calls_nothing(self):
        out = self.value("plan", "zxqv the blorb of flim", "--input", self.rows)
        self.assertEqual((out["tool_calls"], out["finish_reason"]), ([], "unclear"))
        self.assertTrue(out["message"])

    def test_run_prints_the_result_message(self):
        out = self.value("run", "show me the 2 cheapest", "--input", self.rows)
        self.assertEqual(list(out), ["version", "job_id", "status", "result_ref",
                                     "result_preview", "metadata", "completed_at"])
        self.assertEqual((out["version"], out["status"]), ("1.0", "completed"))
        self.assertRegex(out["result_ref"], r"\Aartifact://[0-9a-f-]{36}\Z")
        self.assertRegex(out["completed_at"], r"\A\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+Z\Z")
        preview = out["result_preview"]
        self.assertEqual((preview["type"], preview["row_count"]), ("dataset", 2))
        self.assertEqual([row["id"] for row in preview["sample"]], [3, 2])
        self.assertEqual(set(out["metadata"]), {"intent", "tool_calls", "message", "tokens_used",
                                                "cache_hit", "execution_time_ms", "llm_model",
                                                "queue_time_ms"})

    def test_run_with_output_prints_the_rows(self):
        self.assertEqual([row["id"] for row in self.value(
            "run", "show me the 2 cheapest", "--input", self.rows, "--output", "json")], [3, 2])
        self.assertEqual(self.ok("run", "show me the 2 cheapest", "--input", self.rows,
                                 "--output", "csv").out.splitlines()[0], "id,to,price,carrier,tags")

    def test_run_counts_the_rows_of_an_empty_list(self):
        self.assertEqual(self.value("run", "count the rows", "--input", "-", "--output", "json",
                                    stdin="[]"), [{"count": 0}])

    def test_run_takes_ndjson_and_csv(self):
        ndjson = "".join(json.dumps(row) + "\n" for row in ROWS)
        csv = "id,to,price\n1,LAX,320\n2,JFK,180.50\n3,LAX,99\n"
        for text in (ndjson, csv):
            out = self.value("run", "show me the cheapest", "--input", "-", stdin=text)
            self.assertEqual(out["result_preview"]["sample"][0]["id"], 3)

    def test_run_of_a_patch_prints_its_preview(self):
        out = self.value("run", "add a task node named tell after pick",
                         "--workflow", self.workflow)
        preview = out["result_preview"]
        self.assertEqual(list(preview), ["type", "patch_id", "op_count", "description"])
        self.assertEqual(preview["type"], "patch")
        self.assertRegex(preview["patch_id"], r"\A[0-9a-f]{64}\Z")

    def changed(self, prompt, workflow):
        """The workflow after a change, as the text that it came out as."""
        return self.ok("run", prompt, "--workflow", self.file("changed.json", workflow),
                       "--output", "json").out.strip()

    def test_a_workflow_may_hold_what_no_tree_of_ours_can(self):
        load = (r'{"id":"load","type":"task","config":{"k\u0000y":"no","n":12345678901234567890,'
                r'"h":1e400}}')
        tell = r'{"id":"tell","type":"task","retry":{"max_attempts":2,"backoff_ms":1%s}}'
        whole = '{"nodes":[%s,%s],"edges":[{"from":"load","to":"tell"}]}'
        before = whole % (load, tell % ("0" * 30))
        self.assertEqual(self.changed("remove node tell", before),
                         '{"nodes":[%s],"edges":[]}' % load)
        self.assertEqual(self.changed("retry tell 4 times", before),
                         before.replace('"max_attempts":2', '"max_attempts":4'))
        self.assertEqual(self.changed("set config n of load to 5", before),
                         before.replace("12345678901234567890", "5"))
        self.assertEqual(self.changed("rename tell to say", before),
                         before.replace('"tell"', '"say"'))
        hidden = before.replace('"no"', '"$nodes.tell.x"')
        ran = self.fails(3, "run", "rename tell to say", "--workflow",
                         self.file("hidden.json", hidden))
        self.assertIn("NUL", ran.json["error"]["message"])

    def test_an_edge_past_a_removed_node_keeps_what_it_said(self):
        nodes = [{"id": name, "type": "task"} for name in ("load", "pick", "tell", "log", "end")]
        first = '"label":"x","weight":12345678901234567890,"at":[1.50]'
        edges = ('{"from":"load","to":"pick",%s},{"from":"pick","to":"tell"},'
                 '{"to":"log","from":"pick","condition":{"op":">","n":1.10}},'
                 '{"from":"end","to":"pick"}')
        before = '{"nodes":%s,"edges":[%s]}' % (json.dumps(nodes), edges % first)
        after = self.changed("remove node pick", before)
        self.assertEqual(json.loads(after)["nodes"], [nodes[0], *nodes[2:]])
        self.assertEqual(after[after.index('"edges":'):], (
            '"edges":[{"from":"load","to":"tell",%s},'
            '{"from":"load","to":"log",%s,"condition":{"op":">","n":1.10}},'
            '{"from":"end","to":"log","condition":{"op":">","n":1.10}},'
            '{"from":"end","to":"tell"}]}') % (first, first))
        loose = before.replace('[{"from":"load"', '[{"from":"load","to":"tell"},{"from":"load"')
        self.assertIn("already leads to", self.fails(
            3, "run", "remove node pick", "--workflow", self.file("loose.json", loose),
        ).json["error"]["message"])

    def test_a_patch_needs_a_workflow(self):
        ran = self.fails(3, "run", "add a task node named tell after pick")
        self.assertEqual(ran.json["status"], "failed")

    def test_the_failed_message_has_all_members_of_an_error(self):
        out = self.fails(3, "run", "zxqv the blorb", "--input", self.rows).json
        self.assertEqual(list(out), ["version", "job_id", "status", "error", "metadata",
                                     "completed_at"])
        self.assertEqual(list(out["error"]), ["type", "message", "retryable", "tool", "step",
                                              "retry_after_ms", "violations"])
        self.assertEqual(out["error"]["type"], "invalid_plan")

    def test_rows_stand_above_the_data_of_the_context(self):
        context = self.file("context.json", {"data": [{"id": 77, "price": 1}]})
        out = self.value("run", "show me the cheapest", "--context", context)
        self.assertEqual(out["result_preview"]["sample"][0]["id"], 77)
        out = self.value("run", "show me the cheapest", "--context", context,
                         "--input", self.rows)
        self.assertEqual(out["result_preview"]["sample"][0]["id"], 3)
        for text in ("{}", "{ }", '{"a":1 }', '{"data":5}'):
            with self.subTest(context=text):
                out = self.value("run", "show me the cheapest", "--input", self.rows,
                                 "--context", self.file("c.json", text))
                self.assertEqual(out["result_preview"]["sample"][0]["id"], 3)

    def test_the_ids_that_are_made_up_are_uuids(self):
        ids = {self.value("run", "show me the cheapest", "--input", self.rows)["job_id"]
               for _ in range(3)}
        self.assertEqual(len(ids), 3)
        for job_id in ids:
            self.assertTrue(re.fullmatch(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", job_id))
