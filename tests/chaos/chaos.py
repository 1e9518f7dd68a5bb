#!/usr/bin/env python3
# SPDX-License-Identifier: LicenseRef-agentrun-internal
"""Workers that die, a network that fails, a Redis that restarts; and then: was a job
lost, or answered twice, or something outside done twice?

    chaos.py [AGENTRUN] [--jobs N] [--kills N] [--minutes M] [--seed S]

Ends once N jobs were put on the queue and N processes died, or after M minutes; then
everything becomes calm and every job must end. Prints a table, Markdown; exit status 1
if a job was lost or answered twice, or an effect repeated. docs/worker.md says more."""
import argparse
import collections
import http.server
import json
import os
import pathlib
import random
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "redis")]
from proxy import Proxy  # noqa: E402
from server import RedisError, RedisServer  # noqa: E402

STATES = ["acquired", "started", "asking", "planned", "calling", "looking", "acting", "noted",
          "called", "storing", "stored", "settling", "settled", "recalled"]
ROWS = [{"id": i, "price": (i * 37) % 100} for i in range(20)]
CONFIG = """
service: {{concurrency: 16, workers: 2, drain_timeout_sec: 1, port: 0}}
redis: {{url: "redis://127.0.0.1:{port}", mode: both, timeout: 1}}
queue: {{lease_sec: {lease}, max_deliveries: 1000000, max_retries: 1000000, backoff: {{base_ms: 50, max_ms: 500}}}}
storage: {{backend: {store}, path: "{dir}/store.db"}}
http: {{allow_private_networks: true}}
llm: {{single_turn: true, timeout_sec: 10}}
orchestrator: {{api_url: "{stub}", timeout_sec: 10}}
log: {{level: debug}}
"""
# What Redis did is there to be asked again when the answer was lost.
SUBMIT = """
if redis.call('SETNX', 'chaos:sent:' .. ARGV[1], 1) == 0 then return 0 end
if ARGV[2] == 'list' then redis.call('RPUSH', 'agent:jobs', ARGV[3])
else redis.call('XADD', 'wf.tasks.agent', '*', 'token', ARGV[3]) end
return 1
"""
COLLECT = """
local out = {}
for _, id in ipairs(ARGV) do
	local got = 'chaos:got:' .. id
	while true do
		local value = redis.call('LPOP', 'agent:results:' .. id)
		if not value then break end
		redis.call('RPUSH', got, value)
	end
	out[#out + 1] = redis.call('LRANGE', got, 0, -1)
end
return out
"""


class Stub(http.server.ThreadingHTTPServer):
    """A slow service and an orchestrator, which do a thing once for each Idempotency-Key
    and count what they are asked; and a model that has them called, each time it is asked
    in another way."""
    daemon_threads = True
    request_queue_size = 256

    def __init__(self, seed):
        super().__init__(("127.0.0.1", 0), StubHandler)
        self.random, self.lock = random.Random(seed), threading.Lock()
        self.gets = collections.Counter()
        self.effects = collections.defaultdict(list) # job -> [(when, key)]
        self.landed = {}                             # job -> patch
        self.asked = 0
        self.url = f"http://127.0.0.1:{self.server_address[1]}"
        threading.Thread(target=self.serve_forever, args=(0.1,), daemon=True).start()

    def handle_error(self, request, client_address):
        pass

    def act(self, job, key):
        with self.lock:
            self.effects[job].append((time.monotonic(), key))
            return self.random.uniform(0.05, 1)

    def workflow(self, job):
        """As it is by now."""
        nodes = [{"id": "pick", "type": "task", "config": {}}]
        if job in self.landed:
            nodes.append({"id": "tell", "type": "task", "config": {}})
        return {"nodes": nodes, "edges": []}

    def plan(self, body):
        """What the model answers to this, which is never the same."""
        prompt = next(m["content"] for m in reversed(body["messages"])
                      if m["role"] == "user")
        if not isinstance(prompt, str):
            prompt = json.dumps(prompt)
        self.asked += 1
        if "node named tell" in prompt:
            return "patch_workflow", {"patch_spec": {"description": f"ask {self.asked}",
                "operations": [{"op": "add", "path": "/nodes/-", "value": {
                    "id": "tell", "type": "task", "config": {}}}]}}
        url = re.search(r"http://[0-9.:]+/slow/[\w-]+", prompt)
        steps = [{"step": "http_request", "method": "POST", "url": url[0],
                  "params": {"ask": self.asked}}] if url else []
        return "execute_pipeline", {"pipeline": steps + [{"step": "top_k", "k": 2}]}


class StubHandler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        stub = self.server
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        job = re.search(r"job-\d+", self.path)
        key = self.headers.get("Idempotency-Key")
        if self.path.startswith("/slow/"):
            if self.command == "POST":
                wait = stub.act(job[0], key)
            else:
                with stub.lock:
                    stub.gets[job[0]] += 1
                    wait = stub.random.uniform(0.05, 1)
            time.sleep(wait)
            answer = [{"n": 2}, {"n": 1}]
        elif self.path.startswith("/api/v1/"):
            if self.command == "GET":
                answer = {"workflow": stub.workflow(job[0])}
            else:
                time.sleep(stub.act(job[0], key) / 2)
                stub.landed[job[0]] = True
                answer = {"id": key, "artifact_id": "a", "cas_id": "c", "seq": 1, "op_count": 1}
        else:
            name, arguments = stub.plan(json.loads(body))
            call = {"id": "c1", "type": "function", "function": {
                "name": name, "arguments": json.dumps(arguments)}}
            answer = {"id": "1", "object": "chat.completion", "model": "stub", "choices": [
                {"index": 0, "finish_reason": "tool_calls",
                 "message": {"role": "assistant", "content": None, "tool_calls": [call]}}],
                "usage": {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2}}
        data = json.dumps(answer).encode()
        try:
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)
        except OSError:
            self.close_connection = True

    do_POST = do_PATCH = do_GET

    def log_message(self, *args):
        pass


class Fleet:
    """Workers, each started anew when it died."""

    def __init__(self, chaos, n):
        self.chaos, self.calm = chaos, False
        self.lock = threading.Lock()
        self.deaths, self.ends = collections.Counter(), collections.Counter()
        self.odd = []
        self.last_death, self.first_death = {}, {}
        self.stopped = {}     # process -> when it was put to sleep
        self.noted = {}       # job -> when the journal first had its effect
        self.acting = collections.defaultdict(list) # job -> [(from, until when it could)]
        self.acquired = collections.defaultdict(list)
        self.threads = [threading.Thread(target=self.run, args=(i,), daemon=True)
                        for i in range(n)]
        self.processes = {}
        for thread in self.threads:
            thread.start()

    def died(self):
        return sum(self.deaths.values())

    def run(self, slot):
        rng, n = random.Random(f"{self.chaos.args.seed}-{slot}"), 0
        while not self.chaos.over:
            n += 1
            self.one(rng, slot, n)

    def one(self, rng, slot, n):
        chaos = self.chaos
        env = dict(chaos.env, LD_PRELOAD=str(chaos.shim))
        how = "none" if self.calm else rng.choices(
            ["state", "random", "SIGTERM", "SIGSTOP"], [70, 20, 5, 5])[0]
        if how == "state":
            how = rng.choice(STATES)
            env.update(CHAOS_STATE=how, CHAOS_COUNT=str(rng.randint(1, 6)))
        if rng.random() < 0.5:
            env.update(OPENAI_API_KEY="key", OPENAI_BASE_URL=chaos.stub.url + "/v1")
        path = chaos.dir / f"worker-{slot}-{n}.log"
        with open(path, "wb") as log:
            process = subprocess.Popen([chaos.args.agentrun, "worker"], cwd=chaos.dir,
                                       env=env, stdin=subprocess.DEVNULL,
                                       stdout=subprocess.DEVNULL, stderr=log)
        self.processes[slot] = process
        life = rng.uniform(0.05, 1.2) if how in ("random", "SIGTERM", "SIGSTOP") else \
            rng.uniform(0.8, 1.5)
        how = self.end(process, how, life)
        self.account(path, process, how)

    def end(self, process, how, life):
        """Wait for the end, or bring it about. How it was."""
        try:
            if how == "none":
                process.wait()
                return "end of the run"
            process.wait(life)
            return how
        except subprocess.TimeoutExpired:
            pass
        if how == "SIGTERM":
            process.terminate()
            try:
                process.wait(20)
                return how
            except subprocess.TimeoutExpired:
                self.odd.append("no end within 20 s of SIGTERM")
        elif how == "SIGSTOP":
            process.send_signal(signal.SIGSTOP)
            self.stopped[process.pid] = time.monotonic()
            time.sleep(self.chaos.args.lease + 0.7)
            process.send_signal(signal.SIGCONT)
            time.sleep(0.5)
        elif how != "random":
            how = "random" # its state did not come about
        process.kill()
        process.wait()
        return how

    def leased(self, process):
        """The jobs that Redis takes for the dead process's, also those of an answer that
        it did not read any more."""
        mark, ids = f"-{process.pid}-", set()
        try:
            with self.chaos.redis.client(timeout=5) as redis:
                for key in redis("KEYS", f"agent:processing:*{mark}*"):
                    ids |= {json.loads(text)["job_id"] for text in redis("LRANGE", key, 0, -1)}
                held = redis("HGETALL", "wf.tasks.agent:agent_workers:held")
                for entry, token in zip(held[::2], held[1::2]):
                    if mark in token:
                        found = redis("XRANGE", "wf.tasks.agent", entry, entry)
                        ids.add(json.loads(found[0][1][1])["id"])
        except (OSError, RedisError, LookupError):
            pass # Redis is down: what the log says must do
        return ids

    def account(self, path, process, how):
        now, status = time.monotonic(), process.returncode
        text = path.read_text("utf-8", "replace")
        # What it may do once more when it wakes it had looked for before it slept; and what
        # it does it does because of what it saw when it looked.
        held, began, looked = set(), {}, {}
        asleep = self.stopped.get(process.pid, 1e18)
        for when, id, state in re.findall(r"^([\d.]+) debug job: (\S+) (\w+)$", text, re.M):
            (held.discard if state in ("settled", "lost") else held.add)(id)
            with self.lock:
                if state == "looking":
                    looked[id] = float(when)
                elif state == "acting":
                    began[id] = min(looked.pop(id, float(when)), asleep)
                elif state == "noted":
                    self.acting[id].append((began.pop(id, 0), float(when)))
                    self.noted[id] = min(float(when), self.noted.get(id, 1e18))
                elif state == "acquired":
                    self.acquired[id].append(float(when))
        with self.lock:
            for id, when in began.items():
                self.acting[id].append((when, now))
        if how != "end of the run":
            held |= self.leased(process)
        with self.lock:
            if how != "end of the run":
                self.deaths[how] += 1
                for id in held:
                    self.last_death[id] = now
                    self.first_death.setdefault(id, now)
            if status not in (-signal.SIGKILL, 0, 5 if how == "SIGTERM" else 0):
                self.odd.append(f"exit status {status} ({how}): {text[-300:]}")
            elif how == "SIGTERM" and status:
                self.ends["SIGTERM without Redis, exit status 5"] += 1
        if not self.chaos.args.keep:
            path.unlink()


class Chaos:
    def __init__(self, args):
        self.args, self.over, self.restarts = args, False, collections.Counter()
        self.calm, self.away = threading.Event(), []
        self.random = random.Random(args.seed)
        self.dir = pathlib.Path(tempfile.mkdtemp(prefix="agentrun-chaos-"))
        self.redis = RedisServer()
        self.proxy = Proxy(self.redis.port, args.seed + 1)
        self.proxy.calm = args.only_kills
        self.stub = Stub(args.seed + 2)
        self.shim = self.dir / "die.so"
        subprocess.run(["cc", "-O1", "-shared", "-fPIC", "-o", self.shim, HERE / "die.c"],
                       check=True)
        (self.dir / "config.yaml").write_text(CONFIG.format(
            port=self.proxy.port, stub=self.stub.url, lease=args.lease, store=args.store, dir=self.dir))
        keep = ("PATH", "LD_LIBRARY_PATH", "HOME")
        self.env = {k: v for k, v in os.environ.items() if k in keep}
        self.sent, self.got, self.signals = {}, {}, collections.Counter()
        self.seen_signals, self.waiting, self.when = 0, {}, {}
        self.client = None

    # ---- redis, over a connection that comes and goes ----------------------------

    def ask(self, *words):
        while True:
            try:
                if not self.client:
                    self.client = self.redis.client(timeout=10)
                return self.client(*words)
            except (OSError, RedisError, ValueError) as why:
                if isinstance(why, RedisError) and not str(why).startswith("LOADING"):
                    raise
                if self.client:
                    self.client.close()
                self.client = None
                time.sleep(0.05)

    # ---- jobs ----------------------------------------------------------------------

    def make(self):
        n = len(self.sent)
        id = f"job-{n}"
        kind = self.random.choices(["slow", "patch", "plain"], [25, 15, 60])[0]
        prompt = {"slow": f"get {self.stub.url}/slow/{id} and sort by n",
                  "patch": "add a task node named tell after pick",
                  "plain": "the 2 cheapest rows"}[kind]
        context = {"data": ROWS} if kind == "plain" else {}
        mode = self.random.choice(["list", "stream"])
        if mode == "list":
            text = {"version": "1.0", "job_id": id, "run_id": id, "node_id": "n",
                    "prompt": prompt, "context": context, "workflow_tag": id}
        else:
            text = {"id": id, "run_id": id, "to_node": "n", "metadata": {
                "task": prompt, "context": context, "workflow_tag": id}}
        return id, mode, kind, json.dumps(text)

    def feed(self):
        while len(self.waiting) < self.args.waiting:
            id, mode, kind, text = self.make()
            self.ask("EVAL", SUBMIT, 0, id, mode, text)
            self.sent[id] = (mode, kind)
            self.waiting[id] = True

    def collect(self, ids):
        for id, values in zip(ids, self.ask("EVAL", COLLECT, 0, *ids) if ids else []):
            if values:
                self.got[id] = values
        signals = self.ask("LRANGE", "completion_signals", self.seen_signals, -1)
        self.seen_signals += len(signals)
        for text in signals:
            self.signals[json.loads(text)["job_id"]] += 1
        now = time.monotonic()
        for id in list(self.waiting):
            if id in self.got and (self.sent[id][0] == "list" or self.signals[id]):
                self.when[id] = now
                del self.waiting[id]

    # ---- the run --------------------------------------------------------------------

    def meddle(self):
        """Redis ends, well or badly, and comes back."""
        rng = random.Random(self.args.seed + 3)
        while not self.fleet.calm:
            if self.calm.wait(rng.uniform(2, 2 * self.args.restart_every - 2)):
                return
            how = rng.choice([signal.SIGKILL, signal.SIGTERM])
            self.restarts[how.name] += 1
            begun = time.monotonic()
            self.redis.stop(how)
            time.sleep(rng.uniform(0, 0.5))
            self.redis.start()
            self.away.append((begun, time.monotonic()))

    def run(self):
        begun = time.monotonic()
        until = begun + self.args.minutes * 60
        self.fleet = Fleet(self, self.args.workers)
        meddler = threading.Thread(target=self.meddle, daemon=True)
        if not self.args.only_kills:
            meddler.start()
        told = begun
        while time.monotonic() < until and (len(self.sent) < self.args.jobs or
                                            self.fleet.died() < self.args.kills):
            self.feed()
            self.collect(list(self.waiting))
            time.sleep(0.03)
            if time.monotonic() > told + 30:
                told = time.monotonic()
                print(f"{told - begun:.0f} s: {len(self.sent)} jobs, {self.fleet.died()} "
                      f"deaths, {len(self.waiting)} waiting", file=sys.stderr, flush=True)
        self.fleet.calm = self.proxy.calm = True
        self.calm.set()
        if meddler.is_alive():
            meddler.join()
        self.took = time.monotonic() - begun
        end = time.monotonic() + self.args.grace
        while self.waiting and time.monotonic() < end:
            self.collect(list(self.waiting))
            time.sleep(0.05)
        # A second answer may still be on its way.
        time.sleep(self.args.lease + 1)
        ids = list(self.sent)
        for i in range(0, len(ids), 500):
            self.collect(ids[i:i + 500])
        self.over = True
        for process in list(self.fleet.processes.values()):
            process.terminate()
        for thread in self.fleet.threads:
            thread.join(30)

    def records(self):
        count = collections.Counter()
        if self.args.store == "sqlite":
            import sqlite3
            with sqlite3.connect(self.dir / "store.db") as db:
                table = [row[0] for row in db.execute(
                    "select name from sqlite_master where type='table'")]
                name = next(t for t in table if "result" in t or "record" in t)
                count.update(row[0] for row in db.execute(f"select job_id from {name}"))
            return count
        for key in self.ask("KEYS", "agent:record:*"):
            count[self.ask("HGET", key, "job_id")] += 1
        return count

    def close(self):
        for process in list(self.fleet.processes.values()):
            if process.poll() is None:
                process.kill()
        self.redis.close()
        if not self.args.keep:
            shutil.rmtree(self.dir, ignore_errors=True)


def percentile(values, p):
    values = sorted(values)
    return values[min(len(values) - 1, int(len(values) * p))] if values else 0


def without_redis(away, begin, end):
    """How much of the time there was no Redis."""
    return sum(max(0, min(end, until) - max(begin, since)) for since, until in away)


def repeats(fleet, calls, id):
    """How often the effect was asked for when the journal had it. Who had begun before and
    was still alive (stopped, or cut off from Redis) may ask late, once: nobody can know."""
    noted = fleet.noted.get(id, 1e18)
    late = sum(when > noted for when, _ in calls)
    begun = sum(start < noted < end for start, end in fleet.acting[id])
    return max(late - begun, 0)


def report(chaos):
    """The table; how much is wrong."""
    fleet, sent, args = chaos.fleet, chaos.sent, chaos.args
    lost = [id for id in sent if id in chaos.waiting]
    double = [id for id in sent if len(chaos.got.get(id, ())) > 1 or chaos.signals[id] > 1]
    failed = [id for id, values in chaos.got.items()
              if json.loads(values[0])["status"] != "completed"]
    records = chaos.records()
    wrong = [id for id in sent if records[id] != 1 and id not in chaos.waiting]
    # An answer that came before the process died was not recovered.
    spans = [(t, chaos.when[id]) for id, t in fleet.last_death.items()
             if chaos.when.get(id, 0) > t]
    last = [end - begin for begin, end in spans]
    net = [end - begin - without_redis(chaos.away, begin, end) for begin, end in spans]
    first = [chaos.when[id] - t for id, t in fleet.first_death.items() if id in chaos.when]
    first = [t for t in first if t > 0]
    resumed = []
    for id, t in fleet.last_death.items():
        later = [when for when in fleet.acquired[id] if when > t]
        if later:
            resumed.append(min(later) - t - without_redis(chaos.away, t, min(later)))
    away = [until - since for since, until in chaos.away]
    effects = chaos.stub.effects
    other = [id for id, calls in effects.items()
             if len({key for _, key in calls}) > 1 or None in {key for _, key in calls}]
    repeated = [id for id in effects if repeats(fleet, effects[id], id)]
    rows = [
        ("seed, minutes, workers, lease",
         f"{args.seed}, {chaos.took / 60:.1f}, {args.workers}, {args.lease} s"),
        ("jobs (list, stream)", "%d (%d, %d)" % (len(sent), *(
            sum(mode == m for mode, _ in sent.values()) for m in ("list", "stream")))),
        ("process deaths", fleet.died()),
        *((f"– {how}", n) for how, n in sorted(fleet.deaths.items())),
        ("restarts of Redis",
         ", ".join(f"{n} {how}" for how, n in chaos.restarts.items()) or "none"),
        ("– Redis was away for: p50, most",
         f"{percentile(away, .5):.2f} s, {max(away, default=0):.2f} s"),
        ("connections", ", ".join(f"{n} {how}" for how, n in chaos.proxy.counts.items())),
        ("**lost jobs**", len(lost)),
        ("**jobs answered twice**", len(double)),
        ("jobs without exactly one record", len(wrong)),
        ("jobs that failed", len(failed)),
        ("slow calls: GET, again", f"{sum(chaos.stub.gets.values())}, "
         f"{sum(n - 1 for n in chaos.stub.gets.values())}"),
        ("jobs with an effect, of which noted, and asked for in all",
         f"{len(effects)}, {len(fleet.noted)}, {sum(map(len, effects.values()))}"),
        ("– asked for again, unknown whether it was done, with the same key",
         sum(len(calls) - 1 for id, calls in effects.items() if id not in other)),
        ("**effects asked for again that the journal had**", len(repeated)),
        ("**effects done twice (another Idempotency-Key, or none)**", len(other)),
        ("recovery, from the last death of a worker that had the job to its result, its own "
         "work included: jobs, p50, p99, most",
         f"{len(last)}, {percentile(last, .5):.2f} s, {percentile(last, .99):.2f} s, "
         f"{max(last, default=0):.2f} s"),
        ("– less the time that Redis was away: p50, p99, most",
         f"{percentile(net, .5):.2f} s, {percentile(net, .99):.2f} s, "
         f"{max(net, default=0):.2f} s"),
        ("– of that until a worker had the job again: p50, p99, most",
         f"{percentile(resumed, .5):.2f} s, {percentile(resumed, .99):.2f} s, "
         f"{max(resumed, default=0):.2f} s"),
        ("– from the first such death: p50, p99",
         f"{percentile(first, .5):.2f} s, {percentile(first, .99):.2f} s"),
        ("ends that were odd", len(fleet.odd)),
    ]
    print("| | |\n| --- | --- |")
    for name, value in rows:
        print(f"| {name} | {value} |")
    for name, ids in (("lost", lost), ("twice", double), ("records", wrong),
                      ("repeated", repeated), ("another key", other)):
        if ids:
            print(f"\n{name}: {' '.join(ids[:20])}", file=sys.stderr)
    for id in repeated[:3]:
        print(id, "noted", fleet.noted[id], "acting", fleet.acting[id], "asked", effects[id],
              file=sys.stderr)
    for id in double[:3]:
        print(id, chaos.sent[id], chaos.signals[id], *chaos.got.get(id, ()), sep="\n  ",
              file=sys.stderr)
    for id in failed[:3]:
        print(id, chaos.got[id][0], file=sys.stderr)
    slow = sorted((chaos.when[id] - t - without_redis(chaos.away, t, chaos.when[id]), id)
                  for id, t in fleet.last_death.items() if id in chaos.when)[-3:]
    for took, id in reversed(slow):
        print(f"slow: {id} {chaos.sent[id]}: {took:.2f} s after {fleet.last_death[id]:.2f}, had at",
              *(f"{when:.2f}" for when in sorted(fleet.acquired[id])), file=sys.stderr)
    for text in fleet.odd[:5]:
        print(text, file=sys.stderr)
    return len(lost) + len(double) + len(wrong) + len(other) + len(repeated) + len(fleet.odd)


def main():
    parser = argparse.ArgumentParser(description="see the head of this file")
    parser.add_argument("agentrun", nargs="?",
                        default=str(HERE.parents[1] / "build" / "cli" / "agentrun"))
    parser.add_argument("--jobs", type=int, default=200)
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--minutes", type=float, default=0.5)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--workers", type=int, default=4)
    parser.add_argument("--lease", type=float, default=2)
    parser.add_argument("--waiting", type=int, default=60, help="jobs at a time")
    parser.add_argument("--grace", type=float, default=60, help="seconds of calm at most")
    parser.add_argument("--restart-every", type=float, default=10, help="seconds")
    parser.add_argument("--store", choices=["redis", "sqlite"], default="redis")
    parser.add_argument("--only-kills", action="store_true",
                        help="the network and Redis are well")
    parser.add_argument("--keep", action="store_true", help="the folder, with every log")
    args = parser.parse_args()
    args.agentrun = str(pathlib.Path(args.agentrun).resolve())
    if not RedisServer.is_there() or not shutil.which("cc"):
        print("left out: redis-server and cc are wanted")
        sys.exit(77)
    signal.signal(signal.SIGTERM, lambda *what: sys.exit(1)) # and everything with it
    chaos = Chaos(args)
    try:
        chaos.run()
        bad = report(chaos)
    finally:
        chaos.close()
    if args.keep:
        print(chaos.dir, file=sys.stderr)
    sys.exit(1 if bad else 0)


if __name__ == "__main__":
    main()
