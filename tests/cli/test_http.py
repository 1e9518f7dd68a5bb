# SPDX-License-Identifier: LicenseRef-agentrun-internal
"""http_request against servers on the loopback: the address policy, redirects,
credentials, limits, and what an answer becomes."""
import base64
import gzip
import json
import pathlib
import re
import socket
import threading
import time
import zlib

import harness
from harness import ROWS, CliTest, Server

OPEN = "http: {allow_private_networks: true%s}\n"


class Http(CliTest):
    def setUp(self):
        super().setUp()
        self.server = Server({"/rows": (200, {}, ROWS)})
        self.addCleanup(self.server.close)
        self.other = Server({"/rows": (200, {}, ROWS)})
        self.addCleanup(self.other.close)
        self.open = self.config("")

    def config(self, more, extra=""):
        return self.file("c.yaml", OPEN % more + extra)

    def step(self, path="/rows", **more):
        url = path if "//" in path else self.server.url + path
        return json.dumps([{"step": "http_request", "url": url, **more}])

    def get(self, path="/rows", config=None, **more):
        return self.value("-c", config or self.open, "exec", self.step(path, **more))

    def refused(self, status, path="/rows", config=None, says=None, env=None, **more):
        return self.fails(status, "-c", config or self.open, "exec", self.step(path, **more),
                          says=says, env=env)

    # ---- which addresses ----

    def test_a_private_address_is_refused_by_default(self):
        self.fails(4, "exec", self.step(),
                   says=r"step 1 \(http_request\).*127\.0\.0\.1.*allow_private_networks")
        self.assertEqual(self.server.requests, [])

    def test_names_that_lead_to_private_addresses_are_refused(self):
        for host in ("localhost", "LOCALHOST"):
            with self.subTest(host=host):
                self.fails(4, "exec", self.step(f"http://{host}:{self.server.port}/rows"),
                           says="(?i)localhost")
        ran = self.run_it("exec", self.step(f"http://localhost.:{self.server.port}/rows"))
        self.assertIn(ran.status, (4, 5))  # not every resolver knows it with its dot
        self.assertEqual(self.server.requests, [])

    def test_other_forms_of_the_loopback_are_refused_even_when_private_is_allowed(self):
        for host in ("127.1", "2130706433", "0x7f000001", "0177.0.0.1", "017700000001",
                     "0x7f.1", "127.0.0.1.", "127.0.1", "①②⑦.⓪.⓪.①", "127。0。0。1", "[::ffff:7f00:1%25lo]",
                     "[fe80::1%25lo]", "[::1", "%31%32%37.0.0.1", "0", ""):
            with self.subTest(host=host):
                ran = self.run_it("-c", self.open, "exec",
                                  self.step(f"http://{host}:{self.server.port}/rows"))
                self.assertIn(ran.status, (3, 4), ran.err)
        self.assertEqual(self.server.requests, [])

    def test_private_forms_of_ipv6_are_refused_by_default(self):
        for host in ("[::1]", "[::]", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]",
                     "[64:ff9b::7f00:1]", "[fe80::1]", "[fc00::1]", "[::127.0.0.1]",
                     "[2002:7f00:1::]"):
            with self.subTest(host=host):
                self.fails(4, "exec", self.step(f"http://{host}:{self.server.port}/rows",
                                                timeout_ms=3000))

    def test_special_ipv4_ranges_are_refused_by_default(self):
        for host in ("0.0.0.0", "10.0.0.1", "100.64.0.1", "169.254.169.254", "172.16.0.1",
                     "192.168.0.1", "192.0.0.1", "198.18.0.1", "224.0.0.1", "240.0.0.1",
                     "255.255.255.255"):
            with self.subTest(host=host):
                self.fails(4, "exec", self.step(f"http://{host}/", timeout_ms=3000), says=host)

    def test_only_http_and_https(self):
        for url in ("file:///etc/passwd", "ftp://127.0.0.1/x", "gopher://127.0.0.1/x",
                    "dict://127.0.0.1/", "javascript:alert(1)", "//127.0.0.1/", "/etc/passwd",
                    "", "http:", "http://", "http:///x", "http://a b/", "http://a\\b/",
                    "http://a\nb/", "http://[", "http://:80/", "ldap://x", "HTTP:/x"):
            with self.subTest(url=url):
                ran = self.run_it("-c", self.open, "exec", json.dumps(
                    [{"step": "http_request", "url": url}]))
                self.fails(ran.status, "-c", self.open, "exec",
                           json.dumps([{"step": "http_request", "url": url}]))
                self.assertIn(ran.status, (3, 4), ran.err)

    def test_a_user_in_the_url_fools_nobody(self):
        url = f"http://example.com@127.0.0.1:{self.server.port}/rows"
        self.fails(4, "exec", self.step(url), says=r"127\.0\.0\.1")
        self.fails(4, "exec", self.step(f"http://example.com:80@127.0.0.1:{self.server.port}/"))
        self.fails(4, "exec", self.step(f"http://127.0.0.1:{self.server.port}#@example.com/"))
        self.assertEqual(self.server.requests, [])

    def test_allow_hosts_and_deny_hosts(self):
        named = self.file("a.yaml", "http: {allow_hosts: [127.0.0.1]}\n")
        self.assertEqual(self.get(config=named), ROWS)
        self.refused(4, f"http://localhost:{self.server.port}/rows", config=named,
                     says="localhost")
        named = self.file("a.yaml", "http: {allow_hosts: [LocalHost, '*.example']}\n")
        self.assertEqual(self.get(f"http://localhost:{self.server.port}/rows", config=named),
                         ROWS)
        denied = self.file("d.yaml", "http: {allow_private_networks: true, "
                                     "deny_hosts: [localhost, '*.local']}\n")
        for host in ("localhost", "LOCALHOST", "localhost.", "a.local", "b.a.LOCAL"):
            with self.subTest(host=host):
                self.refused(4, f"http://{host}:{self.server.port}/rows", config=denied,
                             says="deny_hosts")
        both = self.file("b.yaml", "http: {allow_hosts: [localhost], deny_hosts: [localhost]}\n")
        self.refused(4, f"http://localhost:{self.server.port}/rows", config=both,
                     says="deny_hosts")
        self.assertEqual(self.get(config=denied), ROWS)

    def test_proxies_of_the_environment_are_ignored(self):
        names = ("http_proxy", "HTTP_PROXY", "https_proxy", "HTTPS_PROXY", "all_proxy",
                 "ALL_PROXY")
        env = {name: self.other.url for name in names}
        self.value("-c", self.open, "exec", self.step(), env=env)
        self.assertEqual((len(self.server.requests), len(self.other.requests)), (1, 0))
        self.fails(4, "exec", self.step(), env=env)
        self.assertEqual(self.other.requests, [])

    # ---- redirects ----

    def redirect(self, to, status=302):
        self.server.routes["/go"] = (status, {"Location": to}, b"")

    def test_redirects_are_followed(self):
        for to in ("/rows", "rows", self.server.url + "/rows", "//" + self.server.url[7:] +
                   "/rows", self.other.url + "/rows", "?x=1"):
            with self.subTest(to=to):
                self.server.routes["/go"] = lambda r, to=to: (
                    (200, {}, ROWS) if "?" in r.path else (302, {"Location": to}, b""))
                self.assertEqual(self.get("/go"), ROWS)

    def test_redirects_to_refused_places_are_refused(self):
        named = self.file("a.yaml", "http: {allow_hosts: [127.0.0.1]}\n")
        port = self.server.port
        for to in (f"http://localhost:{port}/rows", f"http://2130706433:{port}/rows",
                   f"http://0x7f.1:{port}/rows", f"http://127.1:{port}/rows",
                   f"//127.1:{port}/rows", f"http://[::1]:{port}/rows",
                   "http://169.254.169.254/latest", "file:///etc/passwd", "ftp://127.0.0.1/",
                   "gopher://127.0.0.1/", f"http:\\\\127.1:{port}\\rows",
                   f"http://x@127.1:{port}/", f"HTTP://0177.0.0.1:{port}/rows"):
            with self.subTest(to=to):
                self.redirect(to)
                before = len(self.server.requests)
                ran = self.run_it("-c", named, "exec", self.step("/go", timeout_ms=5000))
                self.assertIn(ran.status, (3, 4), (ran.err, ran.out))
                self.assertEqual(len(self.server.requests), before + 1)

    def test_a_redirect_without_end_ends(self):
        self.redirect(self.server.url + "/go")
        self.refused(4, "/go", says="5 redirects")
        self.assertEqual(len(self.server.requests), 6)
        self.refused(4, "/go", config=self.config(", max_redirects: 0"), says="0 redirects")

    def test_a_redirect_that_leads_nowhere_is_an_answer_that_is_no_success(self):
        self.server.routes["/go"] = (302, {}, b"")
        self.refused(1, "/go", says="302")

    def test_credentials_stay_with_their_origin(self):
        config = self.config("", "auth_profiles: {shop: {type: api_key, header: X-Key, "
                                 "value: s3cret}, who: {type: bearer, value: tok3n}}\n")
        headers = {"Authorization": "Bearer mine", "Cookie": "c=1", "X-Plain": "p"}
        self.redirect(self.other.url + "/rows")
        for profile in ("shop", "who"):
            self.get("/go", config=config, auth_profile=profile, headers=headers
                     if profile == "shop" else {"X-Plain": "p"})
            first, second = self.server.requests[-1].headers, self.other.requests[-1].headers
            for name in ("Authorization", "Cookie", "X-Key"):
                self.assertIsNone(second.get(name), name)
            self.assertEqual(second["X-Plain"], "p")
        self.assertEqual(first["Authorization"], "Bearer tok3n")
        # A detour does not bring them back.
        self.other.routes["/back"] = (302, {"Location": self.server.url + "/rows"}, b"")
        self.redirect(self.other.url + "/back")
        self.get("/go", config=config, auth_profile="shop", headers=headers)
        self.assertIsNone(self.server.requests[-1].headers.get("X-Key"))
        # The same origin keeps them.
        self.redirect("/rows")
        self.get("/go", config=config, auth_profile="shop", headers=headers)
        self.assertEqual(self.server.requests[-1].headers["X-Key"], "s3cret")
        self.assertEqual(self.server.requests[-1].headers["Authorization"], "Bearer mine")

    def test_a_user_in_the_url_stays_with_its_origin(self):
        self.redirect(self.other.url + "/rows")
        self.get(f"http://me:pw@127.0.0.1:{self.server.port}/go")
        self.assertEqual(self.server.requests[-1].headers["Authorization"],
                         "Basic " + base64.b64encode(b"me:pw").decode())
        self.assertIsNone(self.other.requests[-1].headers.get("Authorization"))

    def test_the_method_after_a_redirect(self):
        for status, method in ((301, "GET"), (302, "GET"), (303, "GET"), (307, "POST"),
                               (308, "POST")):
            with self.subTest(status=status):
                self.redirect("/rows", status)
                self.get("/go", method="POST", params={"a": 1})
                last = self.server.requests[-1]
                self.assertEqual(last.method, method)
                self.assertEqual(last.body, b'{"a":1}' if method == "POST" else b"")
        self.redirect("/rows", 302)
        self.get("/go", method="PUT", params={"a": 1})
        self.assertEqual(self.server.requests[-1].method, "PUT")

    # ---- what is sent ----

    def test_params_of_a_get_are_the_query(self):
        self.get(params={"to": "L&X é", "n": 5, "big": 12345678901234567890123, "yes": True,
                         "none": None, "many": [1, "two"], "": "empty"})
        self.assertEqual(self.server.requests[-1].path,
                         "/rows?to=L%26X%20%C3%A9&n=5&big=12345678901234567890123&yes=true"
                         "&many=1&many=two&=empty")
        self.get("/rows?a=1#part", params={"b": 2})
        self.assertEqual(self.server.requests[-1].path, "/rows?a=1&b=2")
        self.refused(3, params={"a": {"b": 1}}, says="params")
        self.refused(3, params=[1], says="params")

    def test_params_of_the_others_are_json(self):
        for method in ("POST", "PUT", "PATCH", "DELETE", "post"):
            with self.subTest(method=method):
                self.server.routes["/rows"] = (200, {}, [])
                params = {"a": [1, {"b": None}], "c": "é"}
                self.get(method=method, params=params)
                last = self.server.requests[-1]
                self.assertEqual((last.method, json.loads(last.body)), (method.upper(), params))
                self.assertRegex(last.headers["Content-Type"], r"\Aapplication/json\b")

    def test_methods_without_a_body(self):
        for method in ("GET", "POST", "PUT", "PATCH", "DELETE"):
            with self.subTest(method=method):
                self.get(method=method)
                last = self.server.requests[-1]
                self.assertEqual((last.method, last.body), (method, b""))

    def test_headers(self):
        self.get(headers={"X-One": "1", "accept": "application/geo+json", "X-Num": 5,
                          "User-Agent": "mine"})
        headers = self.server.requests[-1].headers
        self.assertEqual((headers["X-One"], headers["X-Num"], headers["Accept"],
                          headers["User-Agent"]), ("1", "5", "application/geo+json", "mine"))
        self.assertEqual(len(headers.get_all("Accept")), 1)
        for bad in ({"X": "a\r\nY: b"}, {"X\r\nY": "b"}, {"X: Y": "b"}, {"": "b"},
                    {"X": "a\0b"}, {"X": {}}, {"X": None}, {"Content-Length": "5"},
                    {"transfer-encoding": "chunked"}, [], "X: y"):
            with self.subTest(headers=bad):
                self.refused(3, headers=bad, says="step 1")

    def test_auth_profiles(self):
        config = self.config("", """auth_profiles:
  key: {type: api_key, header: X-Shop-Key, value: k}
  plain: {type: api_key, value: k}
  token: {type: bearer, value: t}
  user: {type: basic, value: 'me:pässword'}
  broken: {type: bearer}
  evil: {type: bearer, value: "a\\r\\nX-Evil: 1"}
""")
        for profile, header, value in (
                ("key", "X-Shop-Key", "k"), ("plain", "X-API-Key", "k"),
                ("token", "Authorization", "Bearer t"),
                ("user", "Authorization", "Basic " + base64.b64encode(
                    "me:pässword".encode()).decode())):
            self.get(config=config, auth_profile=profile)
            self.assertEqual(self.server.requests[-1].headers[header], value)
        count = len(self.server.requests)
        for profile in ("nobody", "broken", "", "key.x", "evil", "*"):
            with self.subTest(profile=profile):
                ran = self.refused(3, config=config, auth_profile=profile)
                self.assertNotIn("X-Evil", ran.err.replace("\\x0d\\x0aX-Evil", ""))
        self.assertEqual(len(self.server.requests), count)

    def test_no_secret_in_any_output(self):
        config = self.config("", "auth_profiles: {shop: {type: bearer, value: s3cret}}\n")
        self.server.routes["/no"] = (401, {}, b"no")
        for path in ("/no", "http://127.0.0.1:1/"):
            ran = self.run_it("-c", config, "--log-level", "debug", "exec",
                              self.step(path, auth_profile="shop"))
            self.assertNotIn("s3cret", ran.err + ran.out)

    # ---- what comes back ----

    def test_a_status_that_is_no_success(self):
        for status in (400, 401, 403, 404, 409, 429, 500, 503):
            self.server.routes["/bad"] = (status, {}, b"{}")
            with self.subTest(status=status):
                self.refused(1, "/bad", says=rf"step 1 \(http_request\).*{status}")
        for status in (200, 201, 203, 206):
            self.server.routes["/good"] = (status, {}, [1])
            self.assertEqual(self.get("/good"), [1])

    def test_statuses_that_may_be_tried_again_say_so(self):
        for status, again in ((404, False), (408, True), (429, True), (500, True), (503, True)):
            self.server.routes["/bad"] = (status, {}, b"{}")
            job = {"prompt": f"show me the rows from {self.server.url}/bad"}
            ran = self.run_it("-c", self.open, "run", "--job", "-", stdin=json.dumps(job))
            error = ran.json["error"]
            if error["type"] == "invalid_plan":
                self.skipTest("the planner makes no request of this prompt")
            self.assertEqual((error["type"], error["retryable"], error["step"], error["tool"]),
                             ("pipeline_error", again, 1, "execute_pipeline"))

    def test_an_empty_answer_is_null(self):
        self.server.routes["/empty"] = (204, {}, b"")
        self.assertIsNone(self.get("/empty"))

    def test_answers_that_are_no_json(self):
        for body in (b"<html>\x1b[31m</html>", b"[1,", b"\xff\xfe", b"[1]\0", b"[" * 100000,
                     b'{"a":\x00}', b"Not found"):
            self.server.routes["/odd"] = (200, {"Content-Type": "application/json"}, body)
            with self.subTest(body=body[:20]):
                ran = self.run_it("-c", self.open, "exec", self.step("/odd"))
                self.assertIn(ran.status, (1, 3, 4))
                self.refused(ran.status, "/odd", says=r"step 1 \(http_request\)")

    def test_the_rows_are_where_path_says(self):
        self.server.routes["/deep"] = (200, {}, {"data": {"items": [{"a": {"n": 1}},
                                                                    {"a": {"n": 2}}]}})
        self.assertEqual(self.get("/deep")["data"]["items"][0], {"a": {"n": 1}})
        step = json.loads(self.step("/deep"))
        step[0]["path"] = "data.items[].a"
        self.assertEqual(self.value("-c", self.open, "exec", json.dumps(step)),
                         [{"n": 1}, {"n": 2}])
        step[0]["path"] = "data.nothing"
        self.fails(1, "-c", self.open, "exec", json.dumps(step), says=r"data\.nothing")

    def test_compressed_answers(self):
        raw = json.dumps(ROWS).encode()
        deflate = zlib.compress(raw)
        for name, body in (("gzip", gzip.compress(raw)), ("deflate", deflate)):
            self.server.routes["/z"] = (200, {"Content-Encoding": name}, body)
            self.assertEqual(self.get("/z"), ROWS)
        self.server.routes["/z"] = (200, {"Content-Encoding": "gzip"}, b"\x1f\x8bnonsense")
        ran = self.run_it("-c", self.open, "exec", self.step("/z"))
        self.assertIn(ran.status, (1, 5))

    def test_an_answer_that_is_too_large(self):
        config = self.config(", max_response_bytes: 1000")
        self.server.routes["/big"] = (200, {}, b"[" + b" " * 2000 + b"]")
        self.refused(4, "/big", config=config, says="1000 bytes")
        bomb = gzip.compress(b"[" + b" " * 50000000 + b"]")
        self.server.routes["/bomb"] = (200, {"Content-Encoding": "gzip"}, bomb)
        self.refused(4, "/bomb", config=self.config(", max_response_bytes: 1000000"),
                     says="1000000 bytes")
        self.server.routes["/fit"] = (200, {}, b"[" + b" " * 998 + b"]")
        self.assertEqual(self.get("/fit", config=config), [])

    def test_a_connection_that_is_refused(self):
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        self.refused(5, f"http://127.0.0.1:{port}/", says=r"step 1 \(http_request\).*127\.0\.0\.1")
        self.refused(5, "http://no-such-host.invalid/", says=r"no-such-host\.invalid")

    def raw_server(self, answer, hold=0):
        """A server that sends these bytes, whatever it is asked."""
        listener = socket.create_server(("127.0.0.1", 0))
        self.addCleanup(listener.close)

        def serve():
            while True:
                try:
                    peer, _ = listener.accept()
                except OSError:
                    return
                with peer:
                    peer.recv(65536)
                    peer.sendall(answer)
                    time.sleep(hold)

        threading.Thread(target=serve, daemon=True).start()
        return f"http://127.0.0.1:{listener.getsockname()[1]}/"

    def test_servers_that_break_off(self):
        for answer in (b"", b"HTTP/1.1 200 OK\r\n", b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n[1]",
                       b"nonsense\r\n\r\n", b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nZ"):
            with self.subTest(answer=answer):
                ran = self.run_it("-c", self.open, "exec", self.step(self.raw_server(answer)))
                self.fails(ran.status, "-c", self.open, "exec",
                           self.step(self.raw_server(answer)))
                self.assertEqual(ran.status, 5, ran.err)

    def test_a_server_that_never_answers(self):
        url = self.raw_server(b"", hold=20)
        started = time.monotonic()
        self.refused(1, url, timeout_ms=300, says="in time")
        self.refused(1, url, config=self.config(", timeout_ms: 300"), says="in time")
        self.assertLess(time.monotonic() - started, 8)
        job = {"prompt": f"show me the rows from {url}", "timeout_sec": 0.4}
        ran = self.run_it("-c", self.open, "run", "--job", "-", stdin=json.dumps(job))
        if ran.json["error"]["type"] != "invalid_plan":
            self.assertEqual((ran.status, ran.json["error"]["type"]), (1, "timeout"))

    def test_a_server_that_drips(self):
        def drip(_):
            time.sleep(3)
            return 200, {}, []

        self.server.routes["/slow"] = drip
        self.refused(1, "/slow", timeout_ms=200, says="in time")

    def parts_server(self, parts):
        """Sends what the function `parts` yields, chunk by chunk, and nothing behind it
        that would say that this was all."""
        listener = socket.create_server(("127.0.0.1", 0))
        self.addCleanup(listener.close)

        def serve():
            try:
                client, _ = listener.accept()
                with client:
                    client.recv(65536)
                    client.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
                    for part in parts():
                        client.sendall(b"%x\r\n%s\r\n" % (len(part), part) if part else b"0\r\n\r\n")
            except OSError:
                pass
        threading.Thread(target=serve, daemon=True).start()
        return f"http://127.0.0.1:{listener.getsockname()[1]}/"

    def test_rows_are_worked_on_while_they_arrive(self):
        peak = []
        row = b'{"n": 1, "text": "%s"},' % (b"x" * 200)

        def parts(begin=b"[", end=b"]"):
            yield begin
            for _ in range(400):  # not faster than it can read
                time.sleep(0.003)
                yield row * 500
            time.sleep(0.5)
            with open(f"/proc/{process.pid}/status", encoding="ascii") as f:
                peak.append(next(int(line.split()[1]) for line in f
                                 if line.startswith("VmHWM")))
            yield b'{"n": 1}' + end
            yield b""

        count = {"step": "groupby", "by": [], "agg": "sum", "field": "n"}
        for begin, end, more in ((b"[", b"]", {}),
                                 (b'{"meta": 1, "data": {"items": [', b"]}}",
                                  {"path": "data.items"})):
            with self.subTest(more=more):
                url = self.parts_server(lambda b=begin, e=end: parts(b, e))
                steps = [{"step": "http_request", "url": url, **more}, count]
                process = self.start("-c", self.open, "exec", json.dumps(steps))
                out, err = process.communicate(timeout=60)
                self.assertEqual((out, err), (b'[{"sum_n":200001}]\n', b""))
        self.assertEqual(len(peak), 2)
        program = pathlib.Path(harness.AGENTRUN).read_bytes()
        if not re.search(b"__[at]san_init", program):  # 45 MB were sent
            self.assertLess(max(peak), 30000)

    def test_rows_that_break_off(self):
        for begin in (b'[{"n": 1},', b'{"d": [{"n": 1},', b'{"n": 1}\n{"n": 2}\n'):
            for more in ({}, {"path": "d"}):
                with self.subTest(begin=begin, more=more):
                    url = self.parts_server(lambda b=begin: iter([b]))
                    steps = [{"step": "http_request", "url": url, **more}, {"step": "count"}]
                    self.fails(5, "-c", self.open, "exec", json.dumps(steps),
                               says=r"step 1 \(http_request\): 127\.0\.0\.1: ")

    def test_a_long_answer_that_is_no_success_is_not_waited_for(self):
        self.server.routes["/"] = (500, {}, b"no " * 1000000)
        self.fails(1, "-c", self.open, "exec", self.step("/"), says="status 500: no no no")

    def test_two_requests_of_one_pipeline(self):
        steps = json.loads(self.step()) + [
            {"step": "join", "right": [{"to": "LAX", "name": "Los Angeles"}], "on": "to"},
            {"step": "table_select", "fields": ["id", "name"]}]
        self.assertEqual(self.value("-c", self.open, "exec", json.dumps(steps)),
                         [{"id": 1, "name": "Los Angeles"}, {"id": 3, "name": "Los Angeles"}])

    def test_run_asks_the_network_too(self):
        ran = self.run_it("-c", self.open, "run",
                          f"show me the rows from {self.server.url}/rows")
        if ran.status == 3:
            self.skipTest("the planner makes no request of this prompt")
        self.assertEqual((ran.status, ran.json["result_preview"]["row_count"]), (0, len(ROWS)))
        ran = self.fails(4, "run", f"show me the rows from {self.server.url}/rows")
        self.assertEqual(ran.json["error"]["type"], "policy_refused")
        self.assertEqual(ran.json["error"]["step"], 1)
