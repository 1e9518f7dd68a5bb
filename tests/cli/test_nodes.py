# SPDX-License-Identifier: LicenseRef-agentrun-internal
"""Expressions that stand for what other nodes of the run put out: in a job's prompt, its
context and its pipeline; from Redis, and from the previous results."""
import json

from harness import ROWS, WORKFLOW
from test_worker import Worker, WorkerTest, job, token
import provider

OUTPUT = {"pages": [{"items": ROWS}, {"items": []}], "n": 2, "to": "LAX",
          "a b": {"c": [1, [2, 3]]}, "quote": 'say "hi"\n'}


class Nodes(WorkerTest):
    def setUp(self):
        super().setUp()
        self.output("run-a", "fetch", OUTPUT)
        self.output("run-a", "rows", ROWS)

    def output(self, run, node, value):
        ref = f"ref-{run}-{node}"
        self.redis("HSET", f"context:{run}", f"{node}:output", ref)
        self.redis("SET", "cas:" + ref, json.dumps(value))

    def run_job(self, prompt="the 2 cheapest rows", **more):
        self.push(job("j", prompt, run_id="run-a", **more))
        return self.result("j")

    def ids(self, r):
        self.assertEqual(r["status"], "completed", r)
        return [row["id"] for row in r["result_preview"]["sample"]]

    def test_in_the_context(self):
        Worker(self)
        for data in ("$nodes.rows", "$nodes.fetch.pages[0].items"):
            self.assertEqual(self.ids(self.run_job(context={"data": data})), [3, 2])
        self.add(token("s", "the 2 cheapest rows", context={"data": "$nodes.rows"}))
        self.assertIn("no output of a node \"rows\"", self.result("s")["error"]["message"])
        self.output("run-s2", "rows", ROWS)
        self.add(token("s2", "the 2 cheapest rows", context={"data": "$nodes.rows"}))
        self.assertEqual(self.ids(self.result("s2")), [3, 2])

    def test_in_the_prompt(self):
        Worker(self)
        self.assertEqual(self.ids(self.run_job("the ${$nodes.fetch.n} cheapest rows",
                                               context={"data": ROWS})), [3, 2])
        self.output("run-a", "ask", "the 2 cheapest rows")
        self.assertEqual(self.ids(self.run_job("$nodes.ask", context={"data": ROWS})), [3, 2])

    def test_in_a_pipeline(self):
        model = provider.Provider(provider.chat(None, provider.pipeline(
            {"step": "join", "on": "id", "right": "$nodes.rows"},
            {"step": "derive", "as": "is", "expr": "'${$nodes.fetch.to} ${$nodes.fetch.pages[1]}'"},
            {"step": "limit", "n": 1})))
        self.addCleanup(model.close)
        Worker(self, env={"OPENAI_API_KEY": "k", "OPENAI_BASE_URL": model.url + "/v1"},
               more="llm: {single_turn: true}")
        r = self.run_job("well?", context={"data": [{"id": 2}]})
        self.assertEqual(r["status"], "completed", r)
        self.assertEqual(r["result_preview"]["sample"][0]["is"], 'LAX {"items":[]}')
        self.assertEqual(len(r["result_preview"]["sample"][0]), 2 + len(ROWS[0]) - 1)

    def test_a_text_stays_json(self):
        Worker(self)
        r = self.run_job("show every row", context={"data": [
            {"id": 1, "q": "${$nodes.fetch.quote}!", "all": "$nodes.fetch.a b.c",
             "deep": "$nodes.fetch.pages[1].items", "no": "so $nodes.fetch", "$nodes.x": 1,
             "plain": "\\\"$nodes"}]})
        self.assertEqual(r["status"], "completed", r)
        self.assertEqual(r["result_preview"]["sample"], [
            {"id": 1, "q": 'say "hi"\n!', "all": "$nodes.fetch.a b.c", "deep": [],
             "no": "so $nodes.fetch", "$nodes.x": 1, "plain": "\\\"$nodes"}])

    def test_of_the_previous_results(self):
        Worker(self)
        self.push(job("first", run_id="run-b", node_id="before"))
        ref = self.result("first")["result_ref"]
        # The store put it where the engine of the run looks, too.
        self.redis("UNLINK", "context:run-b")
        self.push(job("second", "the cheapest row", run_id="run-b", context={
            "data": "$nodes.before",
            "previous_results": [{"node_id": "before", "result_ref": ref}]}))
        self.assertEqual(self.ids(self.result("second")), [3])

    def test_one_that_is_missing_is_named(self):
        Worker(self)
        for data, says in (("$nodes.other", '$nodes.other: run run-a has no output of a node "other"'),
                           ("$nodes.fetch.nothing.here", "$nodes.fetch.nothing.here: there is nothing"),
                           ("$nodes.rows[99]", "$nodes.rows[99]: there is nothing"),
                           ("$nodes.fetch.pages[x", "$nodes.fetch.pages[x: this is no path")):
            r = self.run_job(context={"data": data})
            self.assertEqual((r["status"], r["error"]["type"]), ("failed", "invalid_job"), r)
            self.assertIn(says, r["error"]["message"])
        self.redis("DEL", "cas:ref-run-a-rows")
        self.assertIn("$nodes.rows", self.run_job(context={"data": "$nodes.rows"})
                      ["error"]["message"])

    def test_a_workflow_s_own_are_left_alone(self):
        Worker(self)
        flow = {**WORKFLOW, "nodes": [
            {**WORKFLOW["nodes"][0], "config": {"input": "$nodes.nowhere.body"}},
            *WORKFLOW["nodes"][1:]]}
        self.push(job("p", "add a task node named tell after pick", current_workflow=flow,
                      context={}))
        r = self.result("p")
        self.assertEqual(r["status"], "completed", r)

    def test_in_one_process(self):
        """`run` takes what its store has of the run."""
        config = self.file("c.yaml", "storage: {backend: redis}\n")
        first = job("first", run_id="run-c", node_id="before")
        self.cli("-c", config, "run", "--job", self.file("a.json", first))
        second = job("second", "the cheapest row", run_id="run-c",
                     context={"data": "$nodes.before"})
        ran = self.cli("-c", config, "run", "--job", self.file("b.json", second))
        self.assertEqual(self.ids(ran.json), [3])
