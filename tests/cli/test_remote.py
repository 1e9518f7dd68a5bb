# SPDX-License-Identifier: LicenseRef-agentrun-internal
"""A worker whose workflow schema is at an address: jobs wait for it, come back when it is
not to be had, and go by the new one when it changes."""
import threading

from harness import Server
from test_worker import Worker, WorkerTest, job

PROMPT = "add a task node named tell after pick"


def schema(*types):
    return {"properties": {"nodes": {"items": {"properties": {"type": {"enum": list(types)}}}}}}


class Remote(WorkerTest):
    def setUp(self):
        super().setUp()
        self.lock = threading.Lock()
        self.answers, self.asked = [(200, {}, schema("http", "filter", "task"))], []
        self.there = Server({"/s.json": self.answer})
        self.addCleanup(self.there.close)

    def answer(self, request):
        with self.lock:
            self.asked.append(request.headers.get("If-None-Match"))
            return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]

    def begin(self):
        return Worker(self, more=f"workflow: {{schema: '{self.there.url}/s.json'}}")

    def test_jobs_come_back_until_it_is_there(self):
        self.answers[:0] = [(500, {}, b""), (200, {}, b"<html>")]
        self.begin()
        self.push(job("j", PROMPT))
        r = self.result("j")
        self.assertEqual(r["status"], "completed", r)
        self.assertEqual(len(self.asked), 3)

    def test_many_jobs_ask_once(self):
        self.begin()
        for i in range(50):
            self.push(job(f"j{i}", PROMPT))
        for i in range(50):
            self.assertEqual(self.result(f"j{i}")["status"], "completed")
        self.assertEqual(len(self.asked), 1)

    def test_a_new_one_holds_from_then_on(self):
        self.answers = [(200, {"ETag": '"1"', "Cache-Control": "no-cache"},
                         schema("http", "filter", "task")),
                        (304, {"Content-Length": "0"}, b""),
                        (200, {"ETag": '"2"', "Cache-Control": "no-cache"},
                         schema("http", "filter")),
                        (500, {}, b"")]
        self.begin()
        for id, status in (("a", "completed"), ("b", "completed"), ("c", "failed"),
                           ("d", "failed")):
            self.push(job(id, PROMPT))
            r = self.result(id)
            self.assertEqual(r["status"], status, r)
        self.assertEqual(r["error"]["type"], "patch_rejected")
        self.assertEqual(self.asked, [None, '"1"', '"1"', '"2"'])
