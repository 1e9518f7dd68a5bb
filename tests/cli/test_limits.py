# SPDX-License-Identifier: LicenseRef-agentrun-internal
"""Limits that workers share through Redis, and what becomes of them when one is killed."""
import json
import signal
import time
import unittest

import provider
from test_worker import WAIT, RedisServer, Worker, job
import test_worker

DAY = 86400


@unittest.skipUnless(RedisServer.is_there(), "there is no redis-server")
class SharedLimits(test_worker.WorkerTest):
    def two(self, more, **env):
        return [Worker(self, name, more=more, env=env) for name in ("one", "two")]

    def done(self, ids):
        return [id for id in ids if self.redis("EXISTS", "agent:results:" + id)]

    def counted(self, field):
        key = f"agent:limit:budget.tokens_per_user_per_day:ann:{int(time.time()) // DAY}"
        return int(self.redis("HGET", key, field) or 0)

    def test_two_workers_allow_no_more_than_one(self):
        self.two("rate_limit: {per_user: 3/h}")
        ids = [f"u{i}" for i in range(8)]
        for id in ids:
            self.push(job(id))
        # The others come back when the window has room: their place is in the queue.
        self.until(lambda: self.redis("ZCARD", "agent:delayed") == 5)
        self.assertEqual(len(self.done(ids)), 3)
        self.push(job("bob", workflow_owner="bob"))
        self.assertEqual(self.result("bob")["status"], "completed")

    def test_one_of_its_own_counts_for_itself(self):
        self.two("rate_limit: {per_user: 3/h, backend: memory}")
        ids = [f"u{i}" for i in range(30)]
        for id in ids:
            self.push(job(id))
        self.until(lambda: self.redis("ZCARD", "agent:delayed") +
                   len(self.done(ids)) == len(ids))
        self.assertEqual(self.redis("KEYS", "agent:limit:*"), [])

    def test_what_a_killed_worker_had_reserved_is_free_after_its_lease(self):
        gate = []

        def answer(request):
            gate.append(1)
            if len(gate) == 1:
                time.sleep(WAIT)
            return provider.chat("Nothing.", usage=(100, 20, 0))
        model = provider.Provider(answer)
        self.addCleanup(model.close)
        more = "budget: {tokens_per_user_per_day: 12000}\nrate_limit: {lease_sec: 2}\n" \
            "llm: {max_tokens: 2000}"
        env = {"OPENAI_API_KEY": "k", "OPENAI_BASE_URL": model.url + "/v1"}
        one = Worker(self, more=more, env=env, lease=2)
        self.push(job("a", "well?"))
        self.until(lambda: gate and self.counted("reserved") > 2000)
        one.kill(signal.SIGKILL)
        Worker(self, more=more, env=env, lease=2)
        self.assertEqual(self.result("a")["status"], "completed")
        self.until(lambda: self.counted("used") == 120)
        self.until(lambda: self.counted("reserved") == 0)

    def test_a_refusal_says_which_how_much_and_when(self):
        config = self.file("shared.yaml", "rate_limit: {backend: redis, per_user: 1/h}\n")
        one = self.file("job.json", json.dumps(job("r1")))
        env = {"REDIS_URL": self.server.url}
        self.assertEqual(self.run_it("-c", config, "run", "--job", one, env=env).status, 0)
        ran = self.run_it("-c", config, "run", "--job", one, env=env)
        self.assertEqual(ran.status, 4)
        self.assertRegex(ran.err, r"1 jobs in 3600 s for \"ann\" is reached "
                         r"\(rate_limit.per_user\): come back in 35\d\d\.\d+ s")
        self.server.close()
        ran = self.run_it("-c", config, "run", "--job", one, env=env)
        self.assertEqual(ran.status, 5)
        self.assertIn("the limits (redis)", ran.err)


if __name__ == "__main__":
    unittest.main()
