# SPDX-License-Identifier: LicenseRef-agentrun-internal
"""Plans and jobs with a scripted provider: one turn, its failures, the loop."""
import json
import os
import pathlib
import pty
import re
import shutil
import socket
import subprocess
import threading
import time
import unittest

import provider as p
from harness import ROWS, WORKFLOW, CliTest, Server

KEY = "sk-test-9876543210abcdef"
COUNT = {"step": "count"}


class Llm(CliTest):
    def serve(self, *answers):
        server = p.Provider(*answers)
        self.addCleanup(server.close)
        return server

    def env(self, server, **more):
        return {"OPENAI_API_KEY": KEY, "OPENAI_BASE_URL": server.url + "/v1", **more}

    def plan(self, server, prompt="the cheapest flights", *args, env=None, **more):
        return self.value("plan", prompt, *args, env=env or self.env(server), **more)

    def plan_fails(self, status, server, says=None, *args, env=None):
        ran = self.fails(status, *args, "plan", "the cheapest flights",
                         env=env or self.env(server), says=says)
        self.assertNotIn(KEY, ran.err + ran.out)
        return ran

    def run_job(self, server, prompt="how many flights go to LAX", *args, status=0,
                config=None, env=None, rows=ROWS):
        head = ["-c", self.file("c.yaml", config)] if config else []
        if rows is not None:
            args = (*args, "--input", self.file("rows.json", rows))
        ran = self.run_it(*head, "run", prompt, *args, env=env or self.env(server))
        self.assertEqual(ran.status, status, ran.err + ran.out)
        self.assertNotIn(KEY, ran.err + ran.out)
        return ran.json


class Plan(Llm):
    def test_a_workflow_with_its_nodes_by_id_is_shown_as_patches_see_it(self):
        server = self.serve(p.chat("nothing to do"))
        keyed = {"nodes": {"fetch": {"type": "http", "dependents": ["pick"]},
                           "pick": {"type": "filter", "dependencies": ["fetch"]}}}
        self.plan(server, "rename the node pick", "--workflow", self.file("w.json", keyed))
        told = json.dumps(server.asked(0)["messages"])
        self.assertIn("/nodes/0 fetch (http) -> pick", told)
        self.assertIn("/edges/0 fetch -> pick", told)
        self.assertNotIn("dependents", told)

    def test_the_calls_are_printed_as_they_were_received(self):
        text = '{"pipeline": [ {"step":"nope","n":123456789012345678901} ]}'
        server = self.serve(p.chat("On it.", p.call("execute_pipeline", text, "call_A"),
                                   p.call("fly_to_the_moon", "{broken", "call_B"),
                                   usage=(100, 20, 64)))
        got = self.plan(server)
        self.assertEqual(got["tool_calls"], [
            {"id": "call_A", "function": {"name": "execute_pipeline", "arguments": text}},
            {"id": "call_B", "function": {"name": "fly_to_the_moon", "arguments": "{broken"}}])
        self.assertEqual((got["message"], got["model"], got["tokens_used"], got["cache_hit"],
                          got["finish_reason"]),
                         ("On it.", "test-model-1", 120, True, "tool_calls"))
        self.assertEqual(len(server.requests), 1)
        request = server.requests[0]
        self.assertEqual(request.path, "/v1/chat/completions")
        self.assertEqual(request.headers["Authorization"], "Bearer " + KEY)

    def test_auto_is_the_provider_whose_key_is_there_else_builtin(self):
        server = self.serve(p.chat("hi"))
        self.assertEqual(self.plan(server)["model"], "test-model-1")
        got = self.value("plan", "count the rows", "--input", self.file("r.json", ROWS))
        self.assertEqual(got["model"], "builtin")
        got = self.plan(server, "count the rows", "--planner", "builtin", "--input",
                        self.file("r.json", ROWS))
        self.assertEqual(got["model"], "builtin")
        self.assertEqual(len(server.requests), 1)
        self.fails(3, "plan", "x", "--planner", "openai", says="OPENAI_API_KEY")
        self.fails(2, "plan", "x", "--planner", "nobody", says="nobody")

    def test_the_environment_stands_above_the_file_and_names_the_model(self):
        server = self.serve(p.chat("hi"))
        config = self.file("c.yaml", "llm: {provider: openai, model: file-model, "
                                     "base_url: 'http://127.0.0.1:1/v1', api_key: no}\n")
        self.value("-c", config, "plan", "x", env=self.env(server, OPENAI_MODEL="env-model"))
        self.assertEqual(server.asked(0)["model"], "env-model")
        config = self.file("c.yaml", f"llm: {{provider: openai, model: file-model, base_url: "
                                     f"'{server.url}/v1', api_key: k1}}\n")
        self.value("-c", config, "plan", "x")
        self.assertEqual(server.asked(1)["model"], "file-model")
        self.assertEqual(server.requests[1].headers["Authorization"], "Bearer k1")

    def test_a_compatible_server_needs_no_key(self):
        server = self.serve(p.chat("hi"))
        config = self.file("c.yaml", f"llm:\n  provider: local\n  providers:\n    local: {{kind: "
                                     f"openai, base_url: '{server.url}/v1/', model: m, headers: "
                                     "['X-Team: t'], body: '{\"seed\": 7}'}\n")
        self.assertEqual(self.value("-c", config, "plan", "x")["message"], "hi")
        self.assertNotIn("Authorization", server.requests[0].headers)
        self.assertEqual(server.requests[0].headers["X-Team"], "t")
        self.assertEqual(server.asked(0)["seed"], 7)

    def test_a_clear_intent_offers_its_lane_alone(self):
        server = self.serve(p.chat("hi"))
        rows, flow = self.file("r.json", ROWS), self.file("w.json", WORKFLOW)
        self.plan(server, "show me the 3 cheapest flights to LAX", "--input", rows)
        self.plan(server, "add an http node named notify after fetch", "--workflow", flow)
        self.plan(server, "blub")
        names = [[t["function"]["name"] for t in server.asked(i)["tools"]] for i in range(3)]
        self.assertIn("execute_pipeline", names[0])
        self.assertNotIn("patch_workflow", names[0])
        self.assertIn("patch_workflow", names[1])
        self.assertNotIn("execute_pipeline", names[1])
        self.assertTrue({"execute_pipeline", "patch_workflow"} <= set(names[2]))

    def test_the_prefix_is_the_same_for_the_same_workflow(self):
        server = self.serve(p.chat("hi"))
        flow = self.file("w.json", WORKFLOW)
        self.plan(server, "add a node after fetch", "--workflow", flow)
        self.plan(server, "remove the node pick", "--workflow", flow)
        one, two = (r.body for r in server.requests)
        at = one.index(b'"role":"user"')
        self.assertEqual(one[:at], two[:at])
        self.assertGreater(at, 5000)

    def test_every_api_is_spoken(self):
        cases = {
            "anthropic": ("/v1/messages", "x-api-key", {
                "type": "message", "model": "c", "stop_reason": "tool_use", "content": [
                    {"type": "tool_use", "id": "t1", "name": "a", "input": {"x": 1}}],
                "usage": {"input_tokens": 5, "output_tokens": 6,
                          "cache_read_input_tokens": 100}}, 111),
            "gemini": ("/v1beta/models/gemini-2.5-flash:generateContent", "x-goog-api-key", {
                "candidates": [{"content": {"parts": [{"functionCall": {
                    "name": "a", "args": {"x": 1}}}]}, "finishReason": "STOP"}],
                "usageMetadata": {"promptTokenCount": 5, "candidatesTokenCount": 6,
                                  "thoughtsTokenCount": 50, "totalTokenCount": 61}}, 61),
        }
        for name, (path, header, body, tokens) in cases.items():
            with self.subTest(name=name):
                server = self.serve(body)
                env = {f"{name.upper()}_API_KEY": KEY, f"{name.upper()}_BASE_URL": server.url}
                got = self.value("plan", "x", "--planner", name, env=env)
                self.assertEqual(json.loads(got["tool_calls"][0]["function"]["arguments"]),
                                 {"x": 1})
                self.assertEqual(got["tokens_used"], tokens)
                self.assertEqual(server.requests[0].path, path)
                self.assertEqual(server.requests[0].headers[header], KEY)
                self.assertEqual(self.value("plan", "x", env=env)["tokens_used"], tokens)
        server = self.serve({"object": "response", "status": "completed", "output": [
            {"type": "function_call", "id": "fc_1", "call_id": "call_1", "name": "a",
             "arguments": "{}"}], "usage": {"total_tokens": 9}})
        config = self.file("c.yaml", "llm: {api: responses}\n")
        got = self.value("-c", config, "plan", "x", env=self.env(server))
        self.assertEqual(got["tool_calls"][0]["id"], "call_1")
        self.assertEqual(server.requests[0].path, "/v1/responses")

    def test_streams_and_packed_bodies(self):
        config = self.file("c.yaml", "llm: {stream: true}\n")
        server = self.serve(p.events(
            {"model": "m", "choices": [{"index": 0, "delta": {"tool_calls": [
                {"index": 0, "id": "c1", "function": {"name": "a", "arguments": "{\"x\""}}]}}]},
            {"choices": [{"index": 0, "delta": {"tool_calls": [
                {"index": 0, "function": {"arguments": ": 1}"}}]}, "finish_reason": "stop"}]},
            "[DONE]"))
        got = self.value("-c", config, "plan", "x", env=self.env(server))
        self.assertEqual(got["tool_calls"][0]["function"], {"name": "a", "arguments": '{"x": 1}'})
        self.assertIs(server.asked(0)["stream"], True)
        self.assertEqual(self.plan(self.serve(p.zipped(p.chat("packed"))))["message"], "packed")
        try:
            import brotli
        except ImportError:
            return
        body = brotli.compress(json.dumps(p.chat("brotli")).encode())
        server = self.serve((200, {"Content-Encoding": "br"}, body))
        self.assertEqual(self.plan(server)["message"], "brotli")

    def raw(self, *answers):
        """A server that answers each connection with pieces of bytes, then closes it."""
        listener = socket.create_server(("127.0.0.1", 0))
        self.addCleanup(listener.close)

        def serve():
            for pieces in answers:
                peer, _ = listener.accept()
                with peer:
                    head = b""
                    while b"\r\n\r\n" not in head:
                        head += peer.recv(65536)
                    head, _, body = head.partition(b"\r\n\r\n")
                    length = int(re.search(rb"(?i)content-length: (\d+)", head).group(1))
                    while len(body) < length:
                        body += peer.recv(65536)
                    try:
                        for piece in pieces:
                            peer.sendall(piece)
                    except OSError:
                        pass
        threading.Thread(target=serve, daemon=True).start()
        return {"OPENAI_API_KEY": KEY,
                "OPENAI_BASE_URL": f"http://127.0.0.1:{listener.getsockname()[1]}/v1"}

    def test_a_stream_is_read_as_it_comes(self):
        def delta(text, **more):
            return b"data: " + json.dumps({"model": "m", "x": "padding" * 40, "choices": [
                {"index": 0, "delta": {"content": text}, **more}]}).encode() + b"\n\n"
        head = [b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n"]
        config = self.file("c.yaml", "llm: {stream: true}\n")
        words = [f"w{i} " for i in range(400)]
        whole = b"".join(map(delta, words)) + delta("end", finish_reason="stop")
        drops = [whole[i:i + 7] for i in range(0, 700, 7)] + [whole[700:]]
        # The first is cut off within, the second is a page of an error, the third is whole.
        env = self.raw(head + drops[:50],
                       [b"HTTP/1.1 503 No\r\nContent-Type: text/event-stream\r\n\r\n",
                        b'{"error":{"message":', b'"later"}}'],
                       head + drops)
        got = self.value("-c", config, "plan", "x", env=env)
        self.assertEqual(got["message"], "".join(words) + "end")
        # What it says is kept, not how it says it: 60 MB of that do not show in its memory.
        env = self.raw(head + [b": nothing\n" * 100000] * 60 + [whole])
        process = self.start("-c", config, "plan", "x", env=env)
        most, sanitized = 0, False
        while process.poll() is None:
            try:
                status = pathlib.Path(f"/proc/{process.pid}/status").read_text()
                sanitized = sanitized or re.search(
                    "lib[at]san", pathlib.Path(f"/proc/{process.pid}/maps").read_text())
            except OSError:
                break
            found = re.search(r"VmHWM:\s+(\d+) kB", status)
            most = max(most, int(found.group(1)) if found else 0)
            time.sleep(0.005)
        out, _ = process.communicate()
        self.assertEqual(json.loads(out)["message"], "".join(words) + "end")
        if not sanitized:  # those keep what was freed
            self.assertLess(most, 40000)

    def test_connections_are_reused(self):
        server = self.serve((500, {}, p.error()), (500, {}, p.error()), p.chat("hi"))
        self.plan(server)
        self.assertEqual(len(server.requests), 3)


class Failures(Llm):
    def test_what_may_pass_is_tried_again(self):
        for status in (408, 409, 429, 500, 502, 503, 504, 529):
            with self.subTest(status=status):
                server = self.serve((status, {}, p.error("later")), p.chat("hi"))
                self.assertEqual(self.plan(server)["message"], "hi")
                self.assertEqual(len(server.requests), 2)

    def test_max_retries_ends_it(self):
        server = self.serve((503, {"Retry-After": "0"}, p.error("down for good")))
        self.plan_fails(1, server, "openai: after 4 attempts: HTTP 503: down for good")
        self.assertEqual(len(server.requests), 4)
        server = self.serve((500, {}, p.error()))
        config = self.file("c.yaml", "llm: {max_retries: 0}\n")
        self.plan_fails(1, server, "HTTP 500", "-c", config)
        self.assertEqual(len(server.requests), 1)

    def test_what_does_not_pass_is_sent_once(self):
        for status in (400, 401, 402, 403, 404, 413, 422):
            with self.subTest(status=status):
                server = self.serve((status, {}, p.error(f"Incorrect key {KEY}", "a_code")))
                self.plan_fails(1, server, rf"HTTP {status}: Incorrect key \*\*\* \(a_code\)")
                self.assertEqual(len(server.requests), 1)

    def test_headers_are_as_secret_as_keys(self):
        server = self.serve((401, {}, p.error(f"{KEY} is unknown to team one")),
                            p.events(p.error(f"no {KEY}")))
        config = self.file("c.yaml", f"llm:\n  provider: local\n  providers:\n    local: {{kind: "
                                     f"openai, base_url: '{server.url}', headers: ['api-key: "
                                     f"{KEY}', 'Authorization: Bearer {KEY}', 'Team: one']}}\n")
        self.plan_fails(1, server, r"\*\*\* is unknown to team one", "-c", config, env={})
        self.plan_fails(1, server, r"no \*\*\*", "-c", config, env={})

    def test_a_429_that_means_money_is_sent_once(self):
        server = self.serve((429, {"Retry-After": "1"}, p.error(
            "You exceeded your current quota", "insufficient_quota", "insufficient_quota")))
        self.plan_fails(1, server, "HTTP 429: You exceeded.*insufficient_quota")
        self.assertEqual(len(server.requests), 1)
        server = self.serve((429, {}, p.error("insufficient_quota", "rate_limit_exceeded")),
                            p.chat("hi"))
        self.plan(server)
        self.assertEqual(len(server.requests), 2)

    def test_retry_after_is_honoured(self):
        def dated(request):
            date = time.strftime("%a, %d %b %Y %H:%M:%S GMT", time.gmtime(time.time() + 2))
            return 429, {"Retry-After": date}, p.error()
        for headers, least in (({"Retry-After": "1"}, 1), ({"retry-after-ms": "700"}, 0.7),
                               ({"Retry-After": "0.8"}, 0.8), (dated, 0.9),
                               ({"x-ratelimit-reset-requests": "900ms",
                                 "x-ratelimit-remaining-requests": "0"}, 0.9)):
            with self.subTest(headers=headers):
                first = headers if callable(headers) else (429, headers, p.error())
                server = self.serve(first, p.chat("hi"))
                self.plan(server)
                waited = server.times[1] - server.times[0]
                self.assertGreaterEqual(waited, least - 0.05)
                self.assertLess(waited, least + 2.5)

    def test_a_long_wait_fails_at_once(self):
        server = self.serve((429, {"Retry-After": "61"}, p.error("slow")))
        began = time.monotonic()
        self.plan_fails(1, server, "HTTP 429: slow; it asks to come back in 61 s")
        self.assertLess(time.monotonic() - began, 5)
        self.assertEqual(len(server.requests), 1)

    def test_a_jobs_deadline_is_not_outlived(self):
        server = self.serve((429, {"Retry-After": "5"}, p.error("slow")))
        job = self.file("j.json", {"prompt": "how many", "timeout_sec": 2})
        began = time.monotonic()
        ran = self.run_it("run", "--job", job, env=self.env(server))
        self.assertLess(time.monotonic() - began, 2)
        error = ran.json["error"]
        self.assertEqual((error["type"], error["retryable"]), ("llm_error", True))
        self.assertGreaterEqual(error["retry_after_ms"], 5000)
        server = self.serve(lambda request: time.sleep(3) or p.chat("late"))
        job = self.file("j.json", {"prompt": "how many", "timeout_sec": 1})
        ran = self.run_it("run", "--job", job, env=self.env(server))
        self.assertEqual(ran.json["error"]["type"], "timeout")

    def test_nobody_there(self):
        closed = p.Raw(b"")
        closed.close()
        self.plan_fails(5, closed, "openai: after 4 attempts: .*onnect")

    def test_a_silent_provider(self):
        server = self.serve(lambda request: time.sleep(2) or p.chat("late"))
        config = self.file("c.yaml", "llm: {timeout_sec: 0.3, max_retries: 1}\n")
        self.plan_fails(5, server, "did not answer in time", "-c", config)

    def test_cut_off_slow_and_reset(self):
        whole = p.http(p.chat("hi"))
        for name, first in (("cut", whole[:-20]), ("half a header", b"HTTP/1.1 20"),
                            ("nothing", b"")):
            with self.subTest(name=name):
                server = p.Raw(first, whole)
                self.addCleanup(server.close)
                self.assertEqual(self.plan(server)["message"], "hi")
                self.assertEqual(server.n, 2)
        server = p.Raw(b"", reset=True)
        self.addCleanup(server.close)
        self.plan_fails(5, server, "after 4 attempts")
        server = p.Raw([whole[:100], 0.3, whole[100:]])
        self.addCleanup(server.close)
        self.assertEqual(self.plan(server)["message"], "hi")

    def test_a_connection_that_died_meanwhile_is_made_anew(self):
        """The server closes a connection that it kept, when the second turn comes on it."""
        seen = []

        def read(peer):
            head, _, body = b"", b"", b""
            while b"\r\n\r\n" not in head:
                head += peer.recv(65536)
            head, _, body = head.partition(b"\r\n\r\n")
            length = int(re.search(rb"(?i)content-length: (\d+)", head).group(1))
            while len(body) < length:
                body += peer.recv(65536)
            seen.append(body)

        def serve(listener):
            for turn in (p.chat(None, p.pipeline(COUNT)), p.chat("done")):
                peer, _ = listener.accept()
                with peer:
                    read(peer)
                    body = json.dumps(turn).encode()
                    peer.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body) +
                                 body)
                    if len(seen) == 1:
                        read(peer)

        with socket.create_server(("127.0.0.1", 0)) as listener:
            thread = threading.Thread(target=serve, args=(listener,), daemon=True)
            thread.start()
            url = f"http://127.0.0.1:{listener.getsockname()[1]}/v1"
            got = self.run_job(None, config="llm: {max_retries: 0}\n",
                               env={"OPENAI_API_KEY": KEY, "OPENAI_BASE_URL": url})
            thread.join(20)
        self.assertEqual((got["status"], got["metadata"]["message"]), ("completed", "done"))
        self.assertEqual(len(seen), 3)
        self.assertEqual(seen[1], seen[2])

    def test_pages_of_html(self):
        page = b"<html><head><title>502 Bad Gateway</title></head><body>x</body></html>"
        server = self.serve((502, {"Content-Type": "text/html"}, page))
        self.plan_fails(1, server, "HTTP 502: 502 Bad Gateway")
        self.assertEqual(len(server.requests), 4)
        server = self.serve((200, {"Content-Type": "text/html"}, page), p.chat("hi"))
        self.assertEqual(self.plan(server)["message"], "hi")

    def test_redirects_are_not_followed(self):
        other = self.serve(p.chat("hi"))
        for status in (301, 302, 303, 307, 308):
            server = self.serve((status, {"Location": other.url + "/v1/chat/completions"}, b""))
            self.plan_fails(1, server, rf"HTTP {status}: redirects")
        self.assertEqual(other.requests, [])

    def test_answers_that_are_no_use(self):
        filtered = p.chat("", finish="content_filter")
        refused = p.chat(None)
        refused["choices"][0]["message"]["refusal"] = "I cannot do that."
        for body, says in ((p.chat("hal", finish="length"), "llm.max_tokens"),
                           (filtered, "content filter"), (refused, "I cannot do that"),
                           ({"choices": []}, "without choices"), (p.chat(""), "nothing"),
                           (p.error("in a 200"), "in a 200")):
            with self.subTest(says=says):
                server = self.serve(body)
                self.plan_fails(1, server, says)
                self.assertEqual(len(server.requests), 1)

    def test_another_model_and_another_provider(self):
        down = self.serve((503, {}, p.error("down")))
        up = self.serve(p.chat("from the other"))
        config = self.file("c.yaml", f"llm:\n  max_retries: 1\n  fallback: [other, other/m2]\n"
                                     f"  providers:\n    other: {{kind: openai, base_url: "
                                     f"'{up.url}', model: m1}}\n")
        got = self.value("-c", config, "plan", "x", env=self.env(down))
        self.assertEqual(got["message"], "from the other")
        self.assertEqual((len(down.requests), up.asked(0)["model"]), (2, "m1"))
        missing = self.serve((404, {}, p.error("no such model", "model_not_found")))
        self.value("-c", config, "plan", "x", env=self.env(missing))
        self.assertEqual(len(missing.requests), 1)
        unauthorized = self.serve((401, {}, p.error("bad key")))
        self.fails(1, "-c", config, "plan", "x", env=self.env(unauthorized), says="401")
        self.assertEqual(len(up.requests), 2)

    def test_a_key_without_a_name_reaches_no_other_vendor(self):
        down = self.serve((503, {}, p.error("down")))
        other = self.serve((401, {}, b'{"type":"error","error":{"type":"x","message":"who?"}}'))
        config = self.file("c.yaml", f"llm:\n  api_key: {KEY}\n  base_url: '{down.url}'\n"
                                     "  max_retries: 0\n  fallback: [anthropic]\n"
                                     f"  providers: {{anthropic: {{base_url: '{other.url}'}}}}\n")
        self.run_it("-c", config, "plan", "x")
        self.assertEqual(len(down.requests), 1)
        self.assertIn(KEY, str(down.requests[0].headers))
        for request in other.requests:
            self.assertNotIn(KEY, str(request.headers))

    def test_a_private_address_is_fine_for_the_operator(self):
        self.assertEqual(self.plan(self.serve(p.chat("hi")))["message"], "hi")

    def test_a_prompt_does_not_ride_on_the_operator_s_connection(self):
        server = self.serve()
        url = f"http://localhost:{server.port}"
        server.answers = [p.chat(None, p.pipeline({"step": "http_request",
                                                   "url": url + "/secret"})), p.chat("done")]
        got = self.run_job(server, status=4, env={"OPENAI_API_KEY": KEY,
                                                  "OPENAI_BASE_URL": url + "/v1"})
        self.assertIn("localhost is not at a public address", got["error"]["message"])
        self.assertEqual({r.path for r in server.requests}, {"/v1/chat/completions"})


class Loop(Llm):
    def test_a_call_its_result_and_the_closing_words(self):
        where = {"step": "table_filter", "condition": {"field": "to", "op": "==", "value": "LAX"}}
        server = self.serve(p.chat("Counting.", p.pipeline(where, COUNT), usage=(100, 20, 0)),
                            p.chat("There are 2.", usage=(150, 5, 90)))
        got = self.run_job(server)
        self.assertEqual(got["status"], "completed")
        self.assertEqual(got["result_preview"],
                         {"type": "dataset", "row_count": 1, "sample": [{"count": 2}]})
        meta = got["metadata"]
        self.assertEqual((meta["message"], meta["tokens_used"], meta["cache_hit"],
                          meta["llm_model"], len(meta["tool_calls"])),
                         ("There are 2.", 275, True, "test-model-1", 1))
        self.assertEqual(meta["intent"]["intent"], "execute")
        told = server.asked(1)["messages"]
        self.assertEqual([m["role"] for m in told], ["system", "user", "assistant", "tool"])
        self.assertEqual(told[3]["tool_call_id"], "call_1")
        result = json.loads(told[3]["content"])
        self.assertEqual((result["ok"], result["data"]), (True, [{"count": 2}]))
        self.assertRegex(result["ref"], "^(cas|artifact)://")

    def test_long_results_go_back_as_a_preview_with_a_ref_that_can_be_used(self):
        rows = [{"n": i, "text": "x" * 400} for i in range(300)]

        def second(request):
            content = json.loads(json.loads(request.body)["messages"][-1]["content"])
            self.ref = content["ref"]
            self.assertEqual(content["preview"]["row_count"], 250)
            self.assertLess(len(json.dumps(content)), 5000)
            return p.chat(None, p.pipeline(COUNT, input_ref=self.ref))
        server = self.serve(p.chat(None, p.pipeline({"step": "limit", "n": 250})), second,
                            p.chat("done"))
        got = self.run_job(server, "count the first 250 rows", rows=rows)
        self.assertEqual(got["result_preview"]["sample"], [{"count": 250}])

    def test_wide_and_deep_rows_are_no_flood(self):
        row = {f"k{i}": [{f"m{j}": "x" * 290 for j in range(80)}] * 20 for i in range(10)}
        for rows in ([row] * 3, [{"k" * 5000 + str(i): 1 for i in range(90)}]):
            server = self.serve(p.chat(None, p.pipeline({"step": "limit", "n": 2})),
                                p.chat("done"))
            got = self.run_job(server, "the first 2 rows", rows=rows)
            self.assertEqual(got["result_preview"]["row_count"], min(2, len(rows)))
            content = server.asked(1)["messages"][-1]["content"]
            self.assertIn("ref", json.loads(content))
            self.assertLess(len(content), 8000)
            self.assertLess(len(server.requests[0].body), 60000)

    def test_all_calls_of_an_answer_run_in_order_and_all_are_answered(self):
        server = self.serve(p.chat(None, p.pipeline({"step": "limit", "n": 1}, id="a"),
                                   p.pipeline({"step": "nope"}, id="b"),
                                   p.pipeline(COUNT, id="c")), p.chat("done"))
        got = self.run_job(server)
        self.assertEqual(got["result_preview"]["sample"], [{"count": len(ROWS)}])
        told = [m for m in server.asked(1)["messages"] if m["role"] == "tool"]
        self.assertEqual([m["tool_call_id"] for m in told], ["a", "b", "c"])
        self.assertIn("nope", told[1]["content"])
        self.assertIs(json.loads(told[1]["content"])["ok"], False)

    def test_broken_arguments_go_back_to_be_mended(self):
        server = self.serve(p.chat(None, p.call("execute_pipeline", "{broken")),
                            p.chat(None, p.call("execute_pipeline", {"pipeline": []})),
                            p.chat(None, p.pipeline(COUNT)), p.chat("done"))
        got = self.run_job(server)
        self.assertEqual(got["status"], "completed")
        tool = [m["content"] for m in server.asked(2)["messages"] if m["role"] == "tool"]
        self.assertIn("not JSON", tool[0])
        self.assertIn("pipeline", tool[1])

    def test_max_repairs(self):
        server = self.serve(p.chat(None, p.call("execute_pipeline", "{broken")))
        got = self.run_job(server, status=3)
        self.assertEqual((got["error"]["type"], got["error"]["tool"]),
                         ("invalid_plan", "execute_pipeline"))
        self.assertEqual(len(server.requests), 3)
        server = self.serve(p.chat(None, p.call("no_such_tool", {})))
        got = self.run_job(server, status=3, config="llm: {max_repairs: 0}\n")
        self.assertIn("no_such_tool", got["error"]["message"])
        self.assertEqual(len(server.requests), 1)

    def test_broken_calls_of_one_answer_are_mended_together(self):
        broken = [p.call("execute_pipeline", "{broken", id) for id in "abc"]
        server = self.serve(p.chat(None, *broken), p.chat(None, p.pipeline(COUNT)),
                            p.chat("done"))
        got = self.run_job(server)
        self.assertEqual(got["result_preview"]["sample"], [{"count": len(ROWS)}])
        told = [m["tool_call_id"] for m in server.asked(1)["messages"] if m["role"] == "tool"]
        self.assertEqual(told, ["a", "b", "c"])
        server = self.serve(p.chat(None, *broken))
        got = self.run_job(server, status=3)
        self.assertRegex(got["error"]["message"], "in 3 answers")
        self.assertEqual(len(server.requests), 3)

    def test_a_model_that_ends_without_a_word_has_answered(self):
        for end in ("", None):
            server = self.serve(p.chat(None, p.pipeline(COUNT)), p.chat(end))
            got = self.run_job(server)
            self.assertEqual((got["result_preview"]["sample"], got["metadata"]["message"]),
                             ([{"count": len(ROWS)}], ""))
            self.assertEqual(len(server.requests), 2)
        server = self.serve(p.chat(None, p.pipeline({"step": "nope"})), p.chat(""))
        self.assertEqual(self.run_job(server, status=1)["error"]["type"], "llm_error")

    def test_a_turn_that_fails_does_not_undo_what_was_reached(self):
        for last, says in (({"choices": []}, "without choices"),
                           (p.chat("", finish="length"), "cut off"),
                           (p.chat("", finish="refusal"), "refused"),
                           (p.chat("", finish="content_filter"), "filter"),
                           ((500, {}, p.error("broken")), "HTTP 500: broken"),
                           ((429, {}, p.error("pay", "insufficient_quota")), "HTTP 429: pay"),
                           ((401, {}, p.error("who?")), "HTTP 401: who")):
            server = self.serve(p.chat(None, p.pipeline(COUNT)), last)
            got = self.run_job(server, config="llm: {max_retries: 0}\n")
            self.assertEqual((got["status"], got["result_preview"]["sample"]),
                             ("completed", [{"count": len(ROWS)}]))
            self.assertRegex(got["metadata"]["message"],
                             f"ended with what was reached: .*{says}")
            # Nothing was reached, so that is what the job ends with.
            server = self.serve(p.chat(None, p.pipeline({"step": "nope"})), last)
            got = self.run_job(server, status=1, config="llm: {max_retries: 0}\n")
            self.assertEqual(got["error"]["type"], "llm_error")
        server = self.serve(p.chat(None, p.pipeline(COUNT), usage=(8000, 20, 0)), p.chat("done"))
        got = self.run_job(server, config="llm: {max_tokens: 100}\n"
                           "budget: {tokens_per_day: 9000}\n")
        self.assertIn("budget of 9000 tokens", got["metadata"]["message"])

    def test_max_turns_ends_with_what_was_reached(self):
        server = self.serve(p.chat("again", p.pipeline(COUNT)))
        got = self.run_job(server, config="llm: {max_turns: 3}\n")
        self.assertEqual((got["status"], len(server.requests)), ("completed", 3))
        self.assertEqual(len(got["metadata"]["tool_calls"]), 3)
        missing = {"step": "groupby", "by": "to", "agg": "sum", "field": "to"}
        server = self.serve(p.chat("again", p.pipeline(missing)))
        got = self.run_job(server, status=1, config="llm: {max_turns: 2}\n")
        self.assertEqual(got["error"]["type"], "pipeline_error")

    def test_single_turn(self):
        server = self.serve(p.chat("Here.", p.pipeline(COUNT)))
        got = self.run_job(server, config="llm: {single_turn: true}\n")
        self.assertEqual((got["status"], len(server.requests)), ("completed", 1))
        self.assertIs(server.asked(0)["parallel_tool_calls"], False)
        server = self.serve(p.chat(None, p.pipeline({"step": "nope"})),
                            p.chat(None, p.pipeline(COUNT)))
        got = self.run_job(server, config="llm: {single_turn: true}\n")
        self.assertEqual((got["status"], len(server.requests)), ("completed", 2))

    def test_a_call_of_another_lane_is_refused_and_told(self):
        server = self.serve(p.chat(None, p.patch({"op": "remove", "path": "/nodes/0"})),
                            p.chat(None, p.pipeline(COUNT)), p.chat("done"))
        got = self.run_job(server, "show me the 3 cheapest flights to LAX",
                           "--workflow", self.file("w.json", WORKFLOW))
        self.assertEqual(got["result_preview"]["type"], "dataset")
        content = json.loads(server.asked(1)["messages"][-1]["content"])
        self.assertEqual(content["error"]["type"], "policy_refused")
        server = self.serve(p.chat(None, p.patch({"op": "remove", "path": "/nodes/0"})),
                            p.chat("Then not."))
        got = self.run_job(server, "show me the 3 cheapest flights to LAX", status=4)
        self.assertEqual(got["error"]["type"], "policy_refused")
        self.assertEqual(got["metadata"]["message"], "Then not.")

    def test_a_patch_and_its_refusal(self):
        node = {"id": "notify", "type": "http", "config": {"url": "https://e.example/"}}
        server = self.serve(
            p.chat(None, p.patch({"op": "add", "path": "/nodes/-", "value": {"id": "a b"}})),
            p.chat(None, p.patch({"op": "add", "path": "/nodes/-", "value": node},
                                 {"op": "add", "path": "/edges/-",
                                  "value": {"from": "fetch", "to": "notify"}})),
            p.chat("Added."))
        got = self.run_job(server, "add an http node named notify after fetch", "--workflow",
                           self.file("w.json", WORKFLOW), rows=None)
        self.assertEqual((got["result_preview"]["type"], got["result_preview"]["op_count"]),
                         ("patch", 2))
        content = json.loads(server.asked(1)["messages"][-1]["content"])
        self.assertEqual(content["error"]["type"], "patch_rejected")
        self.assertTrue(content["error"]["violations"])
        content = json.loads(server.asked(2)["messages"][-1]["content"])
        self.assertIn("notify", content["changes"])

    def test_text_alone_is_a_text(self):
        server = self.serve(p.chat("What do you mean? " + "ä" * 1000))
        got = self.run_job(server, "blub", rows=None)
        self.assertEqual(got["status"], "completed")
        self.assertEqual(got["result_preview"]["type"], "text")
        self.assertLessEqual(len(got["result_preview"]["text"].encode()), 1024)
        self.assertEqual(len(got["metadata"]["message"]), 1018)
        self.assertEqual(got["metadata"]["tool_calls"], [])

    def test_the_providers_failure_is_the_jobs(self):
        server = self.serve((401, {}, p.error(f"bad key {KEY}", "invalid_api_key")))
        got = self.run_job(server, status=1)
        self.assertEqual((got["error"]["type"], got["error"]["retryable"]), ("llm_error", False))
        server = self.serve(p.chat("hal", finish="length"))
        self.assertEqual(self.run_job(server, status=1)["error"]["type"], "llm_error")
        server = self.serve((503, {}, p.error("down")), (503, {}, p.error("down")),
                            p.chat(None, p.pipeline(COUNT)), p.chat("done"))
        self.assertEqual(self.run_job(server)["status"], "completed")
        self.assertEqual(len(server.requests), 4)

    def test_thoughts_go_back_signed(self):
        thought = {"type": "thinking", "thinking": "hm", "signature": "c2ln"}
        server = self.serve(
            {"model": "c", "stop_reason": "tool_use", "content": [
                thought, {"type": "tool_use", "id": "t1", "name": "execute_pipeline",
                          "input": {"pipeline": [COUNT]}}], "usage": {}},
            {"model": "c", "stop_reason": "end_turn", "content": [
                {"type": "text", "text": "done"}], "usage": {}})
        got = self.run_job(server, env={"ANTHROPIC_API_KEY": KEY, "ANTHROPIC_BASE_URL":
                                        server.url})
        self.assertEqual(got["status"], "completed")
        messages = server.asked(1)["messages"]
        self.assertEqual(messages[1]["content"][0], thought)
        self.assertEqual((messages[2]["role"], messages[2]["content"][0]["tool_use_id"]),
                         ("user", "t1"))
        server = self.serve(
            {"candidates": [{"finishReason": "STOP", "content": {"role": "model", "parts": [
                {"functionCall": {"name": "execute_pipeline", "args": {"pipeline": [COUNT]}},
                 "thoughtSignature": "c2ln"}]}}]},
            {"candidates": [{"finishReason": "STOP", "content": {"parts": [{"text": "done"}]}}]})
        self.run_job(server, env={"GEMINI_API_KEY": KEY, "GEMINI_BASE_URL": server.url})
        self.assertEqual(server.asked(1)["contents"][1]["parts"][0]["thoughtSignature"], "c2ln")

    def test_nothing_of_a_job_tells_the_key(self):
        server = self.serve((500, {}, p.error(KEY)), p.chat(None, p.pipeline(COUNT)),
                            p.chat("done"))
        ran = self.run_it("--log-level", "debug", "run", "how many", "--input",
                          self.file("r.json", ROWS), env=self.env(server))
        self.assertEqual(ran.status, 0, ran.err)
        self.assertIn("trying again", ran.err)
        self.assertNotIn(KEY, ran.err + ran.out)


    def test_patches_build_on_each_other_whatever_lies_between(self):
        def add(name, id):
            return p.patch({"op": "add", "path": "/nodes/-", "value": {"id": name, "type": "task"}},
                           id=id)
        server = self.serve(p.chat(None, add("a", "1"), p.pipeline(COUNT, id="2"), add("b", "3"),
                                   add("b", "4")), p.chat("done"))
        got = self.run_it("run", "blub", "--workflow", self.file("w.json", WORKFLOW), "--output",
                          "json", "--input", self.file("r.json", ROWS), env=self.env(server))
        self.assertEqual([n["id"] for n in got.json["nodes"]], ["fetch", "pick", "a", "b"])
        told = [json.loads(m["content"])["ok"] for m in server.asked(1)["messages"]
                if m["role"] == "tool"]
        self.assertEqual(told, [True, True, True, False])

    def test_an_orchestrators_refusal_is_told_too(self):
        refuse = [(422, {}, {"error": "no such type here"}),
                  (201, {}, {"id": "p-1", "op_count": 1})]
        there = Server({"/api/v1/workflows/flow/patch": lambda request: refuse.pop(0)})
        self.addCleanup(there.close)
        patch = p.patch({"op": "add", "path": "/nodes/-", "value": {"id": "a", "type": "task"}})
        server = self.serve(p.chat(None, patch), p.chat(None, patch), p.chat("done"))
        job = self.file("j.json", {"prompt": "blub", "workflow_tag": "flow",
                                   "current_workflow": WORKFLOW})
        got = self.run_it("-c", self.file("c.yaml", f"orchestrator: {{api_url: '{there.url}'}}\n"),
                          "run", "--job", job, env=self.env(server))
        self.assertEqual(got.json["result_preview"]["patch_id"], "p-1", got.err)
        content = json.loads(server.asked(1)["messages"][-1]["content"])
        self.assertEqual(content["error"]["type"], "orchestrator_error")
        self.assertEqual(len(there.requests), 2)


DOCUMENT = {
    "openapi": "3.0.3", "servers": [{"url": "/api/{v}/", "variables": {"v": {"default": "v2"}}}],
    "paths": {
        "/flights/{code}": {
            "parameters": [{"name": "code", "in": "path", "required": True},
                           {"name": "limit", "in": "query"}],
            "get": {"operationId": "getFlights", "parameters": [
                {"$ref": "#/components/parameters/tag"},
                {"name": "X-Trace", "in": "header"}, {"name": "sid", "in": "cookie"},
                {"name": "Authorization", "in": "header"}]},
            "post": {"operationId": "book", "requestBody": {"content": {}}}}},
    "components": {"parameters": {"tag": {"name": "tag", "in": "query", "required": True}}}}


class Tools(Llm):
    def action(self, operation, params=None, **more):
        return p.call("openapi_action", {"openapi_url": self.api.url + "/docs/openapi.json",
                                         "operation_id": operation, "params": params or {},
                                         **more})

    def act(self, *calls, status=0, allow="true", extra=""):
        self.api = getattr(self, "api", None) or Server({
            "/docs/openapi.json": (200, {}, DOCUMENT), "/api/v2/flights/L%2FX": (200, {}, ROWS),
            "/api/v2/flights/LAX": (200, {}, {"booked": True})})
        self.addCleanup(self.api.close)
        made = [call() for call in calls]
        server = self.serve(*[p.chat(None, call) for call in made], p.chat("done"))
        got = self.run_job(server, "look it up", rows=None, status=status, config=(
            f"{{http: {{allow_private_networks: {allow}}}, auth_profiles: {{shop: {{type: bearer, "
            f"value: {KEY}}}}}{extra}}}\n"))
        return server, got

    def test_an_operation_of_an_openapi_document(self):
        _, got = self.act(lambda: self.action("getFlights", {
            "code": "L/X", "tag": ["a b", "c"], "limit": 5, "X-Trace": 7, "sid": "s",
            "Authorization": "Bearer theirs"}, auth_profile="shop"))
        self.assertEqual(got["result_preview"]["row_count"], len(ROWS))
        request = self.api.requests[1]
        self.assertEqual((request.method, request.path),
                         ("GET", "/api/v2/flights/L%2FX?tag=a%20b&tag=c&limit=5"))
        self.assertEqual((request.headers["X-Trace"], request.headers["Cookie"],
                          request.headers["Authorization"]), ("7", "sid=s", "Bearer " + KEY))

    def test_a_body_is_what_is_no_parameter(self):
        for params in ({"code": "LAX", "seat": 5, "body": {"seat": 4}}, {"code": "LAX", "seat": 4}):
            _, got = self.act(lambda: self.action("book", params))
            self.assertEqual(got["result_preview"], {"type": "object", "keys": ["booked"]})
            self.assertEqual(json.loads(self.api.requests[-1].body), {"seat": 4})

    def test_what_is_wrong_in_an_action_is_told(self):
        server, got = self.act(lambda: self.action("getFlight"),
                               lambda: self.action("getFlights", {"code": "x"}),
                               lambda: self.action("getFlights", {"code": "L/X", "tag": 1}))
        self.assertEqual(got["status"], "completed")
        told = [json.loads(m["content"])["error"]["message"]
                for m in server.asked(2)["messages"] if m["role"] == "tool"]
        self.assertRegex(told[0], "no operation.*it has getFlights, book")
        self.assertRegex(told[1], 'lacks "tag"')

    def test_an_action_is_under_the_address_policy(self):
        server, got = self.act(lambda: self.action("getFlights"), status=4, allow="false")
        self.assertEqual(got["error"]["type"], "policy_refused")
        self.assertEqual(self.api.requests, [])

    def test_tools_are_found(self):
        server, got = self.act(lambda: p.call("search_tools", {"query": "call an HTTP API",
                                                               "limit": 1}))
        content = json.loads(server.asked(1)["messages"][-1]["content"])
        self.assertEqual([t["name"] for t in content["tools"]], ["openapi_action"])
        self.assertEqual(got["result_preview"], {"type": "text", "text": "done"})

    AGENTS = ("agents: {counter: {instructions: You count., description: it counts, model: "
              "small}}\n")

    def delegate(self, id="call_1", agent="counter", **inputs):
        return p.call("delegate_to_agent", {"agent_type": agent, "inputs": inputs}, id)

    def test_an_agent_works_in_a_conversation_of_its_own(self):
        server = self.serve(p.chat(None, self.delegate(task="Count them", data=[1, 2])),
                            p.chat(None, p.pipeline(COUNT)), p.chat("Two."), p.chat("done"))
        got = self.run_job(server, config=self.AGENTS)
        self.assertEqual(got["result_preview"]["sample"], [{"count": 2}])
        self.assertEqual((len(got["metadata"]["tool_calls"]), got["metadata"]["tokens_used"],
                          got["metadata"]["message"]), (1, 480, "done"))
        self.assertEqual([server.asked(i)["model"] for i in range(4)],
                         ["gpt-5-mini", "small", "small", "gpt-5-mini"])
        offered = {t["function"]["name"]: t["function"]["description"]
                   for t in server.asked(0)["tools"]}
        self.assertIn("counter (it counts)", offered["delegate_to_agent"])
        text = server.asked(1)["messages"][1]["content"]
        self.assertRegex(text, "^You count\\.[^$]*Count them")
        self.assertIn("begins: 2", text)
        self.assertEqual(json.loads(server.asked(3)["messages"][-1]["content"])["data"],
                         [{"count": 2}])

    def test_what_an_agent_fails_with_is_told(self):
        server = self.serve(p.chat(None, self.delegate("a", "nobody"), self.delegate("b")),
                            p.chat(None, self.delegate("c"), p.patch({"op": "test"}, id="d")),
                            p.chat("I give up"), p.chat(None, p.pipeline(COUNT)),
                            p.chat("done"))
        got = self.run_job(server, config=self.AGENTS)
        self.assertEqual(got["result_preview"]["sample"], [{"count": len(ROWS)}])
        told = [json.loads(m["content"]) for m in server.asked(3)["messages"]
                if m["role"] == "tool"]
        self.assertRegex(told[0]["error"]["message"], 'no agent "nobody"')
        self.assertEqual((told[1]["ok"], told[1]["error"]["type"]), (False, "policy_refused"))
        down = self.serve(p.chat(None, self.delegate()), (401, {}, p.error("no")),
                          p.chat(None, p.pipeline(COUNT)), p.chat("done"))
        self.assertEqual(self.run_job(down, config=self.AGENTS)["status"], "completed")
        text = self.serve(p.chat(None, self.delegate()), p.chat("forty-two"), p.chat("done"))
        self.assertEqual(self.run_job(text, config=self.AGENTS)["result_preview"],
                         {"type": "value", "value": "forty-two"})


@unittest.skipUnless(shutil.which("node") and shutil.which("openssl"),
                     "node and openssl are needed for HTTP/2 over TLS")
class Http2(Llm):
    def setUp(self):
        super().setUp()
        self.cert, key = str(self.dir / "cert.pem"), str(self.dir / "key.pem")
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
                        "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2", "-subj",
                        "/CN=x", "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", key,
                        "-out", self.cert], check=True, capture_output=True)
        self.node = subprocess.Popen(
            ["node", pathlib.Path(__file__).parent / "h2.js", self.cert, key, "10"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.addCleanup(self.node.stdout.close)
        self.addCleanup(self.node.wait)
        self.addCleanup(self.node.stdin.close)
        self.url = f"https://127.0.0.1:{self.node.stdout.readline().strip()}"

    def test_http2_and_brotli_over_verified_tls(self):
        config = self.file("c.yaml", f"{{http: {{ca_file: {self.cert}}}, "
                                     "llm: {single_turn: true}}\n")
        got = self.value("-c", config, "plan", "x", env=self.env(self))
        self.assertEqual(got["message"], "by HTTP/2.0")
        ran = self.run_it("-c", config, "run", "how many", "--input", self.file("r.json", ROWS),
                          env=self.env(self))
        self.assertEqual(ran.json["status"], "completed")

    def test_a_certificate_that_nobody_vouches_for_is_refused(self):
        config = self.file("c.yaml", "llm: {max_retries: 0}\n")
        self.fails(5, "-c", config, "plan", "x", env=self.env(self), says="(?i)certificate")
        config = self.file("c.yaml", "{llm: {max_retries: 0}, http: {ca_file: /nowhere.pem}}\n")
        self.fails(5, "-c", config, "plan", "x", env=self.env(self))


class Classify(Llm):
    def report(self, intent, confidence, reasoning="because"):
        return p.chat(None, p.call("report_intent", {
            "intent": intent, "confidence": confidence, "reasoning": reasoning}))

    def test_a_model_classifies_when_it_is_asked_to(self):
        server = self.serve(self.report("patch", 0.93, "it says always"))
        got = self.value("classify", "blub", "--llm", env=self.env(server))
        self.assertEqual((got["intent"], got["confidence"], got["allowed_tools"]),
                         ("patch", 0.93, ["patch_workflow"]))
        self.assertEqual(got["reasoning"], "test-model-1: it says always")
        self.assertEqual(self.value("classify", "blub", env=self.env(server))["intent"], "unclear")
        self.assertEqual(len(server.requests), 1)
        self.fails(3, "classify", "blub", "--llm", says="no provider is configured")
        text = 'Sure:\n```json\n{"intent":"execute","confidence":0.8,"reasoning":"r"}\n```'
        got = self.value("classify", "x", "--llm", env=self.env(self.serve(p.chat(text))))
        self.assertEqual(got["intent"], "execute")
        self.fails(1, "classify", "x", "--llm", env=self.env(self.serve(p.chat("no idea"))),
                   says="did not report")

    def test_the_modes_of_the_configuration(self):
        server = self.serve(self.report("execute", 0.9))
        hybrid = self.file("h.yaml", "classifier: {mode: hybrid}\n")
        llm = self.file("l.yaml", "classifier: {mode: llm}\n")
        clear = "show me the 3 cheapest flights to LAX"
        self.assertEqual(self.value("-c", hybrid, "classify", clear, env=self.env(server))
                         ["intent"], "execute")
        self.assertEqual(len(server.requests), 0)
        self.assertEqual(self.value("-c", hybrid, "classify", "blub", env=self.env(server))
                         ["intent"], "execute")
        self.assertEqual(len(server.requests), 1)
        self.value("-c", llm, "classify", clear, env=self.env(server))
        self.assertEqual(len(server.requests), 2)
        down = self.serve((401, {}, p.error("no")))
        self.assertEqual(self.value("-c", hybrid, "classify", "blub", env=self.env(down))
                         ["intent"], "unclear")
        self.fails(1, "-c", llm, "classify", "blub", env=self.env(down), says="401")

    def test_a_job_whose_intent_a_model_tells(self):
        server = self.serve(self.report("execute", 0.95), p.chat(None, p.pipeline(COUNT)),
                            p.chat("done"))
        got = self.run_job(server, "blub", config="classifier: {mode: hybrid}\n")
        self.assertEqual(got["metadata"]["intent"]["intent"], "execute")
        self.assertEqual(got["metadata"]["tokens_used"], 360)
        names = [t["function"]["name"] for t in server.asked(1)["tools"]]
        self.assertNotIn("patch_workflow", names)
        server = self.serve((503, {}, p.error("down")))
        got = self.run_job(server, "blub", status=1,
                           config="{classifier: {mode: llm}, llm: {max_retries: 0}}\n")
        self.assertEqual((got["error"]["type"], len(server.requests)), ("llm_error", 1))


class Limits(Llm):
    def test_a_budget_that_one_call_may_exceed_refuses_it(self):
        server = self.serve(p.chat("hi"))
        config = self.file("c.yaml", "budget: {tokens_per_day: 5000}\n")
        self.fails(4, "-c", config, "plan", "x", env=self.env(server),
                   says=r"budget of 5000 tokens a day.*budget\.tokens_per_day.*come back in")
        got = self.run_job(server, status=4, config="budget: {tokens_per_day: 5000}\n")
        self.assertEqual((got["error"]["type"], got["error"]["retryable"]),
                         ("budget_exceeded", True))
        self.assertGreater(got["error"]["retry_after_ms"], 0)
        config = self.file("c.yaml", "budget: {usd_per_day: 0.001, prices: ['m 1 1']}\n")
        self.fails(3, "-c", config, "plan", "x", env=self.env(server), says="no price")
        config = self.file("c.yaml", "{budget: {usd_per_day: 0.001, prices: ['m 1 1']}, "
                                     "llm: {model: m}}\n")
        self.fails(4, "-c", config, "plan", "x", env=self.env(server), says="dollars")
        config = self.file("c.yaml", "{budget: {usd_per_day: 0.1, prices: ['m 1 1']}, "
                                     "llm: {model: m}}\n")
        self.value("-c", config, "plan", "x", env=self.env(server))
        config = self.file("c.yaml", "rate_limit: {per_user: sometimes}\n")
        self.fails(3, "-c", config, "run", "x", "--planner", "builtin", says="rate_limit.per_user")
        self.assertEqual(len(server.requests), 1)


class Terminal(Llm):
    def shown(self, server, *args):
        ours, theirs = pty.openpty()
        process = self.start(*args, env=self.env(server, TERM="xterm"), stdout=theirs)
        os.close(theirs)
        shown = b""
        while True:
            try:
                more = os.read(ours, 4096)
            except OSError:
                break
            if not more:
                break
            shown += more
        os.close(ours)
        process.communicate(timeout=20)
        self.assertEqual(process.returncode, 0)
        return shown.decode()

    def test_a_model_does_not_move_the_terminal(self):
        server = self.serve(p.chat("r\x1b[31med\x07 \u009b ü\nb",
                                   p.call("a\x1b[2J", '{"x":"\x1b[5m"}')))
        self.assertEqual(self.shown(server, "plan", "x"),
                         'a\\x1b[2J {"x":"\\x1b[5m"}\r\nr\\x1b[31med\\x07 \\x9b ü\r\nb\r\n')
        report = {"intent": "patch", "confidence": 0.9, "reasoning": "r\x1b[31m"}
        server = self.serve(p.chat(None, p.call("report_intent", report)))
        self.assertIn("r\\x1b[31m\r\n", self.shown(server, "classify", "--llm", "x"))


class Progress(Llm):
    def test_a_line_moves_on_a_terminal_alone(self):
        server = self.serve(lambda request: time.sleep(1) or p.chat(None, p.pipeline(COUNT)),
                            lambda request: time.sleep(1) or p.chat("done"))
        ours, theirs = pty.openpty()
        process = self.start("run", "how many", "--input", self.file("r.json", ROWS),
                             env=self.env(server, TERM="xterm"), stderr=theirs)
        os.close(theirs)
        shown = b""
        while True:
            try:
                more = os.read(ours, 4096)
            except OSError:
                break
            if not more:
                break
            shown += more
        os.close(ours)
        out, _ = process.communicate(timeout=20)
        self.assertEqual(json.loads(out)["status"], "completed")
        self.assertRegex(shown.decode(), r"turn 1.*0 tokens")
        self.assertRegex(shown.decode(), r"turn 2.*120 tokens")
        self.assertTrue(shown.endswith(b"\r\x1b[K"))
