# SPDX-License-Identifier: LicenseRef-agentrun-internal
"""patch: the document, the diff, the inverse, the base hash, files in place."""
import hashlib
import json
import os
import resource
import stat
import subprocess
import unittest

from harness import WORKFLOW, CliTest, Server
import provider

ADD = [
    {"op": "add", "path": "/edges/-", "value": {"from": "pick", "to": "tell"}},
    {"op": "add", "path": "/nodes/-", "value": {"id": "tell", "type": "task"}},
]


class Patch(CliTest):
    def setUp(self):
        super().setUp()
        self.workflow = self.file("workflow.json", json.dumps(WORKFLOW, indent=2))
        self.add = self.file("add.json", ADD)
        self.bad = self.file("bad.json", ADD[:1] + [{"op": "remove", "path": "/nodes/7"}])

    def test_the_patched_document_is_compact_json(self):
        out = self.value("patch", self.workflow, self.add)
        self.assertEqual(out["nodes"][2], {"id": "tell", "type": "task"})
        self.assertEqual(out["nodes"][:2], WORKFLOW["nodes"])
        wrapped = self.file("wrapped.json", {"operations": ADD, "description": "tell"})
        self.assertEqual(self.value("patch", self.workflow, wrapped), out)

    def test_the_arguments_of_the_tool_are_a_patch(self):
        want = self.value("patch", self.workflow, self.add)
        spec = {"operations": ADD, "description": "tell"}
        for arguments in ({"patch_spec": spec},
                          {"workflow_tag": "t", "workflow_owner": "o", "patch_spec": spec}):
            self.assertEqual(self.value("patch", self.workflow, "-",
                                        stdin=json.dumps(arguments)), want)
        plan = self.value("plan", "add a task node named tell after pick",
                          "--workflow", self.workflow)
        arguments = plan["tool_calls"][0]["function"]["arguments"]
        self.assertEqual(self.value("patch", self.workflow, "-", stdin=arguments), want)
        for wrong in ({"patch_spec": ADD}, {"patch_spec": None}, {"patch_spec": {}},
                      {"patch_spec": {"patch_spec": spec}}, {"workflow_tag": "t"},
                      {"operations": None, "patch_spec": spec}):
            with self.subTest(patch=wrong):
                self.fails(3, "patch", self.workflow, "-", stdin=json.dumps(wrong))

    def test_either_file_may_be_stdin(self):
        want = self.value("patch", self.workflow, self.add)
        self.assertEqual(self.value("patch", "-", self.add, stdin=json.dumps(WORKFLOW)), want)
        self.assertEqual(self.value("patch", self.workflow, "-", stdin=json.dumps(ADD)), want)

    def test_the_diff_is_for_a_person(self):
        out = self.ok("patch", self.workflow, self.add, "--diff").out
        self.assertRegex(out, r"(?m)^\+.*tell")
        self.assertNotIn("\x1b", out)

    def test_the_diff_can_be_drawn_and_read_by_programs(self):
        change = self.file("change.json", ADD + [
            {"op": "remove", "path": "/edges/0"},
            {"op": "replace", "path": "/nodes/0/config",
             "value": {"url": "https://e.org/\"y\"", "method": "GET"}},
            {"op": "add", "path": "/edges/0/condition", "value": "a \"b\" \\ c"}])

        def show(form):
            return self.ok("patch", self.workflow, change, "--diff", "--format", form).out

        found = json.loads(show("json"))
        self.assertEqual([n["change"] for n in found["nodes"]], ["changed", "added"])
        self.assertEqual(found["nodes"][0]["before"], WORKFLOW["nodes"][0])
        self.assertEqual(found["nodes"][1], {"change": "added", "after": ADD[1]["value"]})
        self.assertEqual(sorted(e["change"] for e in found["edges"]), ["added", "removed"])
        dot = show("dot")
        self.assertTrue(dot.startswith("digraph workflow {") and dot.endswith("}\n"), dot)
        self.assertRegex(dot, r'"tell" \[label="tell\\ntask", color=')
        self.assertIn(r'label="a \"b\" \\ c"', dot)
        mermaid = show("mermaid")
        self.assertTrue(mermaid.startswith("flowchart LR\n"), mermaid)
        self.assertIn('["tell<br/>task"]:::added', mermaid)
        self.assertRegex(mermaid, r"n0 -\.-> n1")
        self.assertIn("a #quot;b#quot; ", mermaid)
        self.assertEqual(show("text"), self.ok("patch", self.workflow, change, "--diff").out)
        for wrong in (("--diff", "--format", "svg"), ("--format", "dot"),
                      ("--raw", "--diff", "--format", "dot")):
            with self.subTest(wrong=wrong):
                self.fails(2, "patch", self.workflow, change, *wrong)

    def test_the_inverse_undoes(self):
        inverse = self.file("inverse.json",
                            self.ok("patch", self.workflow, self.add, "--inverse").out)
        after = self.file("after.json", self.ok("patch", self.workflow, self.add).out)
        self.assertEqual(self.value("patch", after, inverse), WORKFLOW)

    def test_the_base_hash(self):
        text = json.dumps({"b": 1, "a": [True, None, "é"]}, ensure_ascii=False)
        document = self.file("d.json", text)
        nothing = self.file("nothing.json", [])
        right = hashlib.sha256('{"a":[true,null,"é"],"b":1}'.encode()).hexdigest()
        self.ok("patch", "--raw", document, nothing, "--base-hash", right)
        self.ok("patch", "--raw", document, nothing, "--base-hash", right.upper())
        self.fails(3, "patch", "--raw", document, nothing, "--base-hash", "0" * 64,
                   says=right)
        for wrong in ("", "xyz", right[:-1], right + "0"):
            with self.subTest(hash=wrong):
                ran = self.run_it("patch", "--raw", document, nothing, "--base-hash", wrong)
                self.assertIn(ran.status, (2, 3))

    def test_what_is_no_file_is_not_replaced(self):
        pipe = str(self.dir / "pipe")
        os.mkfifo(pipe)
        patch = self.file("p.json", [{"op": "add", "path": "/z", "value": 1}])
        writer = subprocess.Popen(["sh", "-c", 'echo "{}" > "$0"', pipe])
        self.fails(3, "patch", "--raw", "--in-place", pipe, patch, says="not a regular file")
        writer.wait()
        self.assertTrue(stat.S_ISFIFO(os.stat(pipe).st_mode))

    @unittest.skipIf(os.getuid() != 0, "only root can give a file away")
    def test_a_file_s_owner_stays(self):
        document = self.file("d.json", {})
        os.chown(document, 12345, 12346)
        os.chmod(document, 0o640)
        patch = self.file("p.json", [{"op": "add", "path": "/z", "value": 1}])
        self.ok("patch", "--raw", "--in-place", document, patch)
        st = os.stat(document)
        self.assertEqual((st.st_uid, st.st_gid, st.st_mode & 0o777), (12345, 12346, 0o640))

    def test_a_refusal_lists_every_violation(self):
        patch = self.file("p.json", [
            {"op": "add", "path": "/nodes/-", "value": {"id": "bad id", "type": "task"}},
            {"op": "add", "path": "/nodes/-", "value": {"id": "x", "type": "nonsense"}},
            {"op": "add", "path": "/edges/-", "value": {"from": "x", "to": "nowhere"}},
            {"op": "add", "path": "/edges/-", "value": {"from": "pick", "to": "fetch"}}])
        ran = self.fails(3, "patch", self.workflow, patch)
        for word in ("bad id", "nonsense", "nowhere", "cycle"):
            self.assertIn(word, ran.err)
        self.assertEqual(ran.out, "")

    def test_operations_that_fail_are_named(self):
        for op, says in (
                ({"op": "remove", "path": "/a/9"}, "operation 2.*/a/9"),
                ({"op": "replace", "path": "/z", "value": 1}, "operation 2.*/z"),
                ({"op": "test", "path": "/b", "value": 2}, "operation 2"),
                ({"op": "move", "from": "/a", "path": "/a/0"}, "operation 2"),
                ({"op": "add", "path": "/a/-1", "value": 1}, "operation 2"),
                ({"op": "add", "path": "/a/01", "value": 1}, "operation 2"),
                ({"op": "add", "path": "a", "value": 1}, "operation 2"),
                ({"op": "add", "path": "/a~2", "value": 1}, "operation 2"),
                ({"op": "add", "path": "/c"}, "operation 2.*value"),
                ({"op": "frob", "path": "/c"}, "operation 2.*frob"),
                ({"path": "/c"}, "operation 2"), (5, "operation 2"), (None, "operation 2"),
                ({"op": "add", "path": 5, "value": 1}, "operation 2")):
            with self.subTest(op=op):
                document = self.file("d.json", '{"a":[1,2],"b":1}')
                patch = self.file("p.json", [{"op": "test", "path": "/b", "value": 1}, op])
                self.fails(3, "patch", "--raw", document, patch, "--in-place", says=says)
                with open(document, encoding="utf-8") as file:
                    self.assertEqual(file.read(), '{"a":[1,2],"b":1}')

    def test_in_place_writes_the_whole_document(self):
        want = self.ok("patch", self.workflow, self.add).out
        os.chmod(self.workflow, 0o640)
        self.assertEqual(self.ok("patch", self.workflow, self.add, "--in-place").out, "")
        self.assertEqual(self.read(), want)
        self.assertEqual(stat.S_IMODE(os.stat(self.workflow).st_mode), 0o640)
        self.assertEqual(sorted(os.listdir(self.dir)), ["add.json", "bad.json", "workflow.json"])

    def test_in_place_through_a_link_changes_what_it_leads_to(self):
        (self.dir / "link.json").symlink_to(self.workflow)
        self.ok("patch", "link.json", self.add, "--in-place")
        self.assertTrue((self.dir / "link.json").is_symlink())
        self.assertEqual(len(json.loads(self.read())["nodes"]), 3)

    def test_a_refused_patch_leaves_the_file_byte_for_byte(self):
        before = self.read()
        for more in ((), ("--diff",), ("--inverse",), ("--base-hash", "0" * 64)):
            patch = self.add if "--base-hash" in more else self.bad
            with self.subTest(more=more):
                self.fails(3, "patch", self.workflow, patch, "--in-place", *more)
                self.assertEqual(self.read(), before)
                self.assertEqual(len(os.listdir(self.dir)), 3)

    def test_a_folder_that_may_not_be_written_leaves_the_file_whole(self):
        before = self.read()
        os.chmod(self.dir, 0o555)
        more = {"user": 65534} if os.geteuid() == 0 else {}
        try:
            self.fails(1, "patch", self.workflow, self.add, "--in-place",
                       says=r"workflow\.json: Permission denied", **more)
        finally:
            os.chmod(self.dir, 0o755)
        self.assertEqual(self.read(), before)
        self.assertEqual(len(os.listdir(self.dir)), 3)

    def test_a_full_disk_leaves_the_file_whole(self):
        before = self.read()

        def limit():
            import signal
            signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
            resource.setrlimit(resource.RLIMIT_FSIZE, (16, 16))

        self.fails(1, "patch", self.workflow, self.add, "--in-place", preexec_fn=limit,
                   says=r"workflow\.json: File too large")
        self.assertEqual(self.read(), before)
        self.assertEqual(len(os.listdir(self.dir)), 3)

    def test_killed_while_it_writes_the_file_is_the_old_or_the_new_one(self):
        document = {"nodes": [{"id": f"n{i}", "type": "task", "config": {"text": "x" * 50}}
                              for i in range(8000)], "edges": []}
        text = json.dumps(document)
        path = self.file("big.json", text)
        patch = self.file("p.json", [{"op": "add", "path": "/nodes/0/timeout_ms", "value": 5}])
        new = json.dumps(json.loads(self.ok("patch", path, patch).out))
        for delay in range(0, 60, 3):
            process = self.start("patch", path, patch, "--in-place")
            try:
                process.wait(delay / 1000)
            except Exception:
                process.kill()
            process.communicate()
            with open(path, encoding="utf-8") as file:
                now = json.dumps(json.load(file))
            self.assertIn(now, (json.dumps(document), new))
            self.file("big.json", text)

    def test_any_document_with_raw(self):
        for text in ("5", '"x"', "null", "[]", '{"a":{"a":1}}'):
            patch = self.file("p.json",
                              '[{"op":"replace","path":"","value":{"x":[1.10]}}]')
            self.assertEqual(self.ok("patch", "--raw", self.file("d.json", text), patch).out,
                             '{"x":[1.10]}\n')

    def test_the_result_is_bounded(self):
        config = self.file("c.yaml", "limits: {max_document_bytes: 1000}\n")
        patch = self.file("p.json", [{"op": "copy", "from": "/a", "path": "/a/-"}] * 10)
        self.fails(4, "-c", config, "patch", "--raw", self.file("d.json", '{"a":["0123"]}'),
                   patch, says="1000")

    def read(self):
        with open(self.workflow, encoding="utf-8") as file:
            return file.read()


class Schema(CliTest):
    """`workflow.schema` as a file and as an address."""
    TASKS = {"type": "object", "properties": {"nodes": {"items": {"properties": {
        "type": {"enum": ["http", "filter", "task"]}}}}}}

    def setUp(self):
        super().setUp()
        self.workflow = self.file("workflow.json", WORKFLOW)
        self.good = self.file("good.json", ADD)
        self.bad = self.file("bad.json", [{"op": "add", "path": "/nodes/-",
                                           "value": {"id": "x", "type": "agent"}}])

    def configure(self, schema, more=""):
        return "-c", self.file("c.yaml", f"workflow:\n  schema: {schema}\n{more}")

    def serve(self, answer):
        self.there = Server({"/flow.json": answer})
        self.addCleanup(self.there.close)
        return self.configure(self.there.url + "/flow.json")

    def test_a_file_is_read_again_when_it_changes(self):
        config = self.configure(self.file("s.json", self.TASKS))
        self.value(*config, "patch", self.workflow, self.good)
        self.fails(3, *config, "patch", self.workflow, self.bad, says="/nodes/2/type")
        self.file("s.json", "{")
        self.fails(3, *config, "patch", self.workflow, self.good, says=r"s\.json:1:2")
        self.fails(6, *self.configure("none.json"), "patch", self.workflow, self.good,
                   says="workflow.schema")

    def test_an_address_is_fetched(self):
        config = self.serve((200, {"ETag": '"1"'}, self.TASKS))
        self.value(*config, "patch", self.workflow, self.good)
        self.fails(3, *config, "patch", self.workflow, self.bad, says="/nodes/2/type")
        self.assertEqual([r.method for r in self.there.requests], ["GET", "GET"])
        self.value(*config, "patch", self.workflow, self.bad, "--raw")
        self.assertEqual(len(self.there.requests), 2)

    def test_nothing_is_applied_without_it(self):
        for status, answer in ((5, (503, {}, "down")), (3, (404, {}, "none")),
                               (3, (200, {}, {"error": "no"})), (3, (200, {}, b"<html>")),
                               (3, (302, {"Location": "/flow.json"}, b""))):
            with self.subTest(answer=answer):
                ran = self.fails(status, *self.serve(answer), "patch", self.workflow, self.good,
                                 says="workflow.schema: ")
                self.assertEqual(ran.out, "")
        self.fails(5, *self.configure("http://127.0.0.1:9/s"), "patch", self.workflow,
                   self.good, says="workflow.schema: ")
        self.fails(3, *self.configure("ftp://h/s"), "patch", self.workflow, self.good,
                   says="begins with http:// or https://, not ftp://")

    def test_a_job_waits_for_it(self):
        config = self.serve((200, {}, self.TASKS))
        job = self.file("job.json", {"job_id": "j", "run_id": "r", "node_id": "n",
                                     "prompt": "add a task node named tell after pick",
                                     "current_workflow": WORKFLOW})
        self.assertEqual(self.value(*config, "run", "--job", job)["status"], "completed")
        self.there.routes["/flow.json"] = (500, {}, b"")
        ran = self.run_it(*config, "run", "--job", job)
        self.assertEqual(ran.status, 1, ran.err)
        error = ran.json["error"]
        self.assertEqual((error["type"], error["retryable"], error["tool"]),
                         ("orchestrator_error", True, "patch_workflow"))
        self.assertIn("workflow.schema: the server answered with status 500", error["message"])

    def test_a_model_is_told_it(self):
        config = self.serve((200, {}, {"description": "ours alone", **self.TASKS}))
        add = provider.patch({"op": "add", "path": "/nodes/-",
                              "value": {"id": "tell", "type": "task"}})
        prompt = "please add a step that tells ann"
        for status, says in ((0, "ours alone"), (1, None)):
            model = provider.Provider(provider.chat(None, add), provider.chat("done"))
            self.addCleanup(model.close)
            ran = self.run_it(*config, "run", prompt, "--workflow", self.workflow,
                              env={"OPENAI_API_KEY": "k", "OPENAI_BASE_URL": model.url + "/v1"})
            self.assertEqual(ran.status, status, ran.err + ran.out)
            if says:
                self.assertIn(says, model.asked(0)["messages"][0]["content"])
                self.assertEqual(len(model.requests), 1 + (status == 0))
            else:
                self.assertEqual(ran.json["error"]["type"], "orchestrator_error")
            self.there.routes["/flow.json"] = (503, {}, b"")
