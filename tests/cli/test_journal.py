# SPDX-License-Identifier: LicenseRef-agentrun-internal
"""What a job did outside is not done again by who has the job next: workers are killed,
told to give back, or fail, behind a call that was finished and in the middle of one."""
import collections
import json
import signal
import threading
import time

from harness import WORKFLOW, Server
from test_orchestrator import Orchestrator
from test_worker import WAIT, Worker, WorkerTest, job, token
import provider


class Service:
    """POST /act/NAME is counted, with its key; /hold waits until it is let go; /flaky fails
    once."""

    def __init__(self, test):
        self.lock, self.gate = threading.Lock(), threading.Event()
        self.acts, self.holds, self.flaky = collections.defaultdict(list), 0, 0
        self.hold_acts = False
        self.server = Server(Paths(self.answer))
        self.url = self.server.url
        test.addCleanup(self.server.close)
        test.addCleanup(self.gate.set)

    def answer(self, request):
        if request.path.startswith("/act/"):
            with self.lock:
                done = self.acts[request.path[5:]]
                done.append(request.headers["Idempotency-Key"])
                n = len(done)
            if self.hold_acts and n == 1:
                self.gate.wait(WAIT)
            return 200, {}, [{"n": n, "act": request.path[5:]}]
        with self.lock:
            if request.path.startswith("/flaky"):
                self.flaky += 1
                return (503 if self.flaky == 1 else 200), {}, [{"n": 1}]
            self.holds += 1
        self.gate.wait(WAIT)
        return 200, {}, [{"n": 5}]


class Paths(dict):
    def __init__(self, route):
        super().__init__()
        self.route = route

    def get(self, path, default=None):
        return self.route


def post(url, **more):
    return {"step": "http_request", "method": "POST", "url": url, **more}


def get(url):
    return {"step": "http_request", "url": url}


class Journal(WorkerTest):
    def begin(self, llm="", more="", **settings):
        """A service, a model that answers turn N with self.turns[N], the first worker."""
        self.service, self.turns, self.asked = Service(self), [], []
        self.model = provider.Provider(self.answer)
        self.addCleanup(self.model.close)
        self.env = {"OPENAI_API_KEY": "k", "OPENAI_BASE_URL": self.model.url + "/v1"}
        self.settings = {"lease": 1, "more": f"llm: {{{llm}}}\n{more}", **settings}
        return self.worker()

    def answer(self, request):
        messages = json.loads(request.body)["messages"]
        turn = sum(m["role"] == "assistant" for m in messages)
        self.asked.append((turn, messages))
        calls = self.turns[turn]
        return provider.chat("done") if calls is None else provider.chat(None, *(
            provider.pipeline(*steps, id=f"c{turn}-{n}") if isinstance(steps, list) else steps
            for n, steps in enumerate(calls)))

    def worker(self):
        return Worker(self, env=self.env, **self.settings)

    def act(self, name, **more):
        return post(f"{self.service.url}/act/{name}", **more)

    @property
    def hold(self):
        return get(self.service.url + "/hold")

    def acted(self):
        return {name: len(keys) for name, keys in self.service.acts.items()}

    def journals(self):
        return [key for key in self.redis("KEYS", "*") if "journal" in key]

    def finish(self, id, holds=2):
        """Let go what waits the second time."""
        self.until(lambda: self.service.holds == holds)
        self.service.gate.set()
        r = self.result(id)
        self.assertEqual(r["status"], "completed", r)
        return r

    def killed(self, mode):
        first = self.begin()
        self.turns[:] = [[[self.act("one")]], [[self.hold]], None]
        self.push(job("k")) if mode == "list" else self.add(token("k"))
        self.until(lambda: self.service.holds == 1)
        self.assertTrue(self.journals())
        first.kill()
        # Who has it next would be told to do something else.
        self.turns[0] = [[self.act("other")]]
        self.worker()
        r = self.finish("k")
        self.assertEqual(self.acted(), {"one": 1})
        urls = [json.loads(c["function"]["arguments"])["pipeline"][0]["url"][-4:]
                for c in r["metadata"]["tool_calls"]]
        self.assertEqual(urls, ["/one", "hold"])
        self.assertEqual([turn for turn, _ in self.asked], [0, 1, 1, 2])
        self.until(lambda: not self.journals(), f"left: {self.journals()}")

    def test_a_finished_call_is_not_made_again_when_the_worker_is_killed(self):
        self.killed("list")

    def test_nor_is_that_of_a_stream(self):
        self.killed("stream")

    def test_what_was_answered_then_is_what_the_rest_goes_by(self):
        first = self.begin()
        self.turns[:] = [[[self.act("big", params={"text": "x" * 70000}),
                           {"step": "derive", "as": "m", "expr": "n * 10"}]],
                         [[self.hold]], None]
        self.push(job("noted"))
        self.until(lambda: self.service.holds == 1)
        first.kill()
        self.worker()
        self.until(lambda: self.service.holds == 2)
        told = [m["content"] for m in self.asked[-1][1] if m["role"] == "tool"]
        self.assertIn('"m":10', told[0])
        self.finish("noted")
        self.assertEqual(self.acted(), {"big": 1})

    def test_what_is_given_back_is_not_done_again(self):
        first = self.begin(lease=30)
        self.turns[:] = [[[self.act("one")]], [[self.hold]], None]
        self.push(job("back"))
        self.until(lambda: self.service.holds == 1)
        first.signal(signal.SIGTERM)
        time.sleep(0.2)
        first.signal(signal.SIGTERM)
        self.assertEqual(first.process.wait(WAIT), 0)
        self.worker()
        self.finish("back")
        self.assertEqual(self.acted(), {"one": 1})
        self.empty()

    def test_a_retry_goes_on_behind_what_was_done(self):
        self.begin("max_retries: 0")
        self.turns[:] = [[[self.act("one")]], None]
        failed = []

        def fail_once(request):
            if not failed and len(json.loads(request.body)["messages"]) > 3:
                failed.append(1)
                return 500, {}, provider.error("it passes")
            return self.answer(request)
        self.model.answers[:] = [fail_once]
        self.push(job("again"))
        r = self.result("again")
        self.assertEqual(r["status"], "completed", r)
        self.assertTrue(failed)
        self.assertEqual(self.acted(), {"one": 1})
        self.assertEqual([turn for turn, _ in self.asked], [0, 1])

    def test_a_call_that_is_not_known_to_be_done_is_made_with_the_same_key(self):
        first = self.begin("single_turn: true")
        self.service.hold_acts = True
        self.turns[:] = [[[self.act("one")]]]
        self.push(job("unknown"))
        self.until(lambda: self.service.acts["one"])
        first.kill()
        # The model would have it done otherwise by now.
        self.turns[0] = [[self.act("other")]]
        self.worker()
        self.assertEqual(self.result("unknown")["status"], "completed")
        self.assertEqual(self.acted(), {"one": 2})
        self.assertEqual(len(set(self.service.acts["one"])), 1)

    def test_the_same_call_twice_in_a_job_is_two_calls(self):
        first = self.begin()
        self.turns[:] = [[[self.act("one")], [self.act("one")]], [[self.hold]], None]
        self.push(job("pair"))
        self.until(lambda: self.service.holds == 1)
        self.assertEqual(self.acted(), {"one": 2})
        first.kill()
        self.worker()
        self.finish("pair")
        self.assertEqual(self.acted(), {"one": 2})

    def test_a_patch_lands_once_though_the_workflow_is_another_by_then(self):
        there = Orchestrator(self)
        first = self.begin(more=f"orchestrator: {{api_url: '{there.server.url}'}}\n")
        node = {"id": "tell", "type": "task", "config": {}}
        add = provider.patch({"op": "add", "path": "/nodes/-", "value": node})
        self.turns[:] = [[add], [[self.hold]], None]
        self.push(job("landing", "well, change whatever is best", run_id="run-1",
                      workflow_tag="flow", current_workflow=None))
        self.until(lambda: self.service.holds == 1)
        self.assertEqual(len(there.landed), 1)
        there.workflow = {**WORKFLOW, "nodes": WORKFLOW["nodes"] + [node]}
        first.kill()
        self.worker()
        self.finish("landing")
        self.assertEqual(len(there.keys), 1)

    def test_whether_a_patch_landed_is_found_out_when_the_orchestrator_is_back(self):
        """Its answer is lost, and so is all that is tried after it: the job comes back, and asks
        for the same with the same key, whatever the model says by then."""
        there = Orchestrator(self, ["hang after", "hang before", 502, "garbage", 503])
        self.begin("single_turn: true",
                   more=f"orchestrator: {{api_url: '{there.server.url}', max_retries: 1}}\n")
        adds = [provider.patch({"op": "add", "path": "/nodes/-", "value":
                                {"id": name, "type": "task", "config": {}}})
                for name in ("tell", "other", "more")]

        def answer(request):
            self.asked.append((0, []))
            return provider.chat(None, adds[min(len(self.asked), len(adds)) - 1])
        self.model.answers[:] = [answer] * 9
        self.push(job("lost", "well, change whatever is best", run_id="run-1",
                      workflow_tag="flow", current_workflow=None))
        r = self.result("lost")
        self.assertEqual((r["status"], r["result_preview"]["patch_id"]), ("completed", "patch-0"), r)
        self.assertEqual((len(there.landed), len(set(there.keys))), (1, 1))
        self.assertEqual(there.landed[0][1]["operations"][0]["value"]["id"], "tell")
        self.assertEqual(len(there.keys), 6)

    def test_a_worker_that_lost_the_job_does_nothing_more(self):
        first = self.begin()
        self.turns[:] = [[[self.act("one")]], [[self.hold], [self.act("two")]], None]
        self.push(job("stopped"))
        self.until(lambda: self.service.holds == 1)
        first.signal(signal.SIGSTOP)
        self.service.gate.set() # its answer waits in the socket
        self.worker()
        self.assertEqual(self.result("stopped")["status"], "completed")
        self.assertEqual(self.acted(), {"one": 1, "two": 1})
        first.signal(signal.SIGCONT)
        first.wait_for(r"job stopped: its lease was lost")
        self.assertEqual(self.acted(), {"one": 1, "two": 1})

    def test_a_worker_with_another_planner_goes_by_the_plan(self):
        first = self.begin("single_turn: true")
        self.turns[:] = [[[self.act("one")], [self.hold]]]
        self.push(job("other"))
        self.until(lambda: self.service.holds == 1)
        first.kill()
        self.env = {} # no model: it plans by itself
        self.worker()
        r = self.finish("other")
        self.assertEqual(self.acted(), {"one": 1})
        self.assertEqual(len(r["metadata"]["tool_calls"]), 2)

    def test_the_plan_that_was_begun_counts_whatever_was_heard_beside_it(self):
        """One worker heard a model and died before it began; another planned by itself and
        began: what the first one heard is void."""
        self.begin("single_turn: true")
        self.turns[:] = [[[self.act("asked")]]]
        plan = {"tool_calls": [provider.pipeline(self.act("plan"))]}
        heard = json.dumps(provider.chat(None, provider.pipeline(self.act("heard"))))
        for id, kind, acted in (("p1", "p", "plan"), ("p2", "c", "heard"), ("p3", "", "asked")):
            entries = ["turn:-1:0", "v0\napplication/json\n" + heard]
            if kind:
                entries += ["plan", "v" + kind + json.dumps(plan)]
            self.redis("HSET", "agent:journal:" + id, *entries)
            self.redis("SADD", "agent:journals", id)
            self.service.acts.clear()
            self.push(job(id))
            self.assertEqual(self.result(id)["status"], "completed")
            self.assertEqual(self.acted(), {acted: 1}, id)
