# SPDX-License-Identifier: LicenseRef-agentrun-internal
"""Bad input of every kind for every input of every command: one clear line that
names the place, the right exit status, nothing on stdout."""
import json
import os
import subprocess

import harness
from harness import ROWS, WORKFLOW, CliTest

DEEP = 100000
# name, content, exit status for JSON inputs
KINDS = [
    ("empty", b"", 3),
    ("blank", b" \n\t\r\n ", 3),
    ("words", b"hello world\n", 3),
    ("truncated", b'{"nodes":[{"id":"a"', 3),
    ("cut-in-string", b'[{"a":"b', 3),
    ("cut-in-escape", b'[{"a":"\\u00', 3),
    ("trailing", b'[{"a":1}] x', 3),
    ("comma", b'[{"a":1},]', 3),
    ("single-quotes", b"[{'a':1}]", 3),
    ("bare-nan", b'[{"a":NaN}]', 3),
    ("leading-zero", b'[{"a":01}]', 3),
    ("lone-minus", b'[{"a":-}]', 3),
    ("deep-arrays", b"[" * DEEP + b"]" * DEEP, 4),
    ("deep-objects", b'{"a":' * DEEP + b"1" + b"}" * DEEP, 4),
    ("deep-unclosed", b"[" * DEEP, 4),
    ("nul", b'[{"a":1,"b":\x00}]', 3),
    ("nul-in-string", b'[{"a":"x\x00y"}]', 3),
    ("only-nuls", b"\x00" * 100, 3),
    ("bad-utf8", b'[{"a":"\xff\xfe"}]', 3),
    ("overlong", b'[{"a":"\xc0\xaf"}]', 3),
    ("surrogate-bytes", b'[{"a":"\xed\xa0\x80"}]', 3),
    ("ansi", b"\x1b[31m{\x1b]0;title\x07", 3),
    ("utf16", '[{"a":1}]'.encode("utf-16"), 3),
    ("gzip", b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03\x8b\x8e\x05\x00", 3),
    ("random", bytes((i * 7919 + 13) % 256 for i in range(5000)), 3),
]
CONFIG_KINDS = ["words", "truncated", "deep-arrays", "deep-objects", "deep-unclosed", "nul",
                "only-nuls", "bad-utf8", "ansi", "random"]


class BadInput(CliTest):
    def setUp(self):
        super().setUp()
        self.rows = self.file("rows.json", ROWS)
        self.workflow = self.file("workflow.json", WORKFLOW)
        self.nothing = self.file("nothing.json", [])
        self.pipeline = self.file("pipeline.json", [{"step": "limit", "n": 1}])

    def slots(self, bad):
        """Every place where a command reads a file, with `bad` there."""
        return [
            ("classify", "show the rows", "--workflow", bad),
            ("classify", "show the rows", "--input", bad),
            ("plan", "the 2 cheapest", "--input", bad),
            ("plan", "the 2 cheapest", "--input", self.rows, "--workflow", bad),
            ("plan", "the 2 cheapest", "--input", self.rows, "--context", bad),
            ("exec", bad, "--input", self.rows),
            ("exec", self.pipeline, "--input", bad),
            ("exec", self.pipeline, "--input-format", "json", "--input", bad),
            ("exec", self.pipeline, "--input-format", "ndjson", "--input", bad),
            ("patch", bad, self.nothing),
            ("patch", self.workflow, bad),
            ("patch", "--raw", bad, self.nothing),
            ("patch", "--raw", "--diff", self.workflow, bad),
            ("run", "the 2 cheapest", "--input", bad),
            ("run", "the 2 cheapest", "--input", self.rows, "--workflow", bad),
            ("run", "the 2 cheapest", "--input", self.rows, "--context", bad),
        ]

    def test_every_kind_in_every_slot(self):
        for name, content, status in KINDS:
            path = self.file("bad-" + name, content)
            for args in self.slots(path):
                with self.subTest(kind=name, args=args[:4]):
                    # The reader of NDJSON looks at a line at a time, and CSV may
                    # hold almost anything.
                    want = 3 if "ndjson" in args and name == "deep-unclosed" else status
                    ran = self.run_it(*args)
                    self.assertIn(ran.status, {want, status}, ran.err)
                    self.fails(ran.status, *args)
                    self.assertEqual(ran.out, "")

    def test_the_line_names_the_file_and_the_place(self):
        path = self.file("bad.json", b'[\n  {"a": tru}\n]')
        for args in self.slots(path):
            with self.subTest(args=args):
                line = 1 if "ndjson" in args else 2
                self.fails(3, *args, says=rf"bad\.json:{line}:\d+: ")

    def test_a_bad_job_message_still_has_a_result(self):
        for name, content, status in KINDS:
            with self.subTest(kind=name):
                ran = self.fails(status, "run", "--job", self.file("job-" + name, content))
                self.assertRegex(ran.out, r"\A[^\n]+\n\Z")
                self.assertEqual(ran.json["status"], "failed")
                self.assertIn(ran.json["error"]["type"], ("invalid_job", "policy_refused"))
                self.assertFalse(ran.json["error"]["retryable"])

    def test_bad_configuration(self):
        kinds = {name: content for name, content, _ in KINDS}
        for name in CONFIG_KINDS:
            with self.subTest(kind=name):
                path = self.file("config-" + name, kinds[name])
                self.fails(3, "-c", path, "store", "list", says="config-" + name)

    def test_what_is_not_there(self):
        for args in self.slots("missing.json") + [("run", "--job", "missing.json"),
                                                  ("-c", "missing.yaml", "store", "list")]:
            with self.subTest(args=args):
                ran = self.fails(6, *args, says=r"missing\.\w+: No such file")
                self.assertEqual(ran.out, "")

    def test_a_directory(self):
        (self.dir / "folder").mkdir()
        for args in self.slots("folder") + [("run", "--job", "folder")]:
            with self.subTest(args=args):
                self.assertEqual(self.fails(3, *args, says="folder: Is a directory").out, "")
        self.fails(1, "-c", "folder", "store", "list", says="folder: Is a directory")

    def test_a_file_as_a_directory(self):
        for args in self.slots(self.rows + "/x"):
            with self.subTest(args=args):
                self.fails(6, *args, says="Not a directory")

    def test_what_may_not_be_read(self):
        secret = self.file("secret.json", ROWS)
        os.chmod(secret, 0)
        more = {"user": 65534} if os.geteuid() == 0 else {}
        for args in self.slots(secret) + [("run", "--job", secret),
                                          ("-c", secret, "store", "list")]:
            with self.subTest(args=args):
                try:
                    self.fails(1, *args, says="Permission denied", **more)
                except PermissionError:
                    self.skipTest("the program itself is out of nobody's reach")

    def test_stdin_is_no_better(self):
        for name, content, status in KINDS:
            for args in (("exec", "-", "--input", self.rows),
                         ("exec", self.pipeline, "--input", "-"),
                         ("patch", "-", self.nothing), ("patch", self.workflow, "-"),
                         ("plan", "the 2 cheapest", "--input", "-"),
                         ("run", "the 2 cheapest", "--input", "-")):
                with self.subTest(kind=name, args=args):
                    self.assertEqual(self.fails(status, *args, stdin=content).out, "")

    def test_stdin_that_is_closed(self):
        for args in (("exec", self.pipeline, "--input", "-"), ("classify", "--batch"),
                     ("run", "--job", "-")):
            with self.subTest(args=args):
                self.fails(1, *args, preexec_fn=lambda: os.close(0), says="stdin")

    def test_huge_numbers_are_kept_or_refused_never_crash(self):
        huge = "9" * 400
        rows = self.file("huge.json", f'[{{"a":{huge},"b":1e{huge},"c":-0.{huge}e-{huge}}}]')
        out = self.ok("exec", '[{"step":"table_sort","field":"b"}]', "--input", rows).out
        self.assertEqual(out, f'[{{"a":{huge},"b":1e{huge},"c":-0.{huge}e-{huge}}}]\n')
        for k in (huge, "1e" + huge, "-" + huge, "0." + huge, "0", "-1", "1.5", '"3"', "null"):
            with self.subTest(k=k[:8]):
                self.assertIn(self.run_it("exec", f'[{{"step":"top_k","k":{k}}}]', "--input",
                                          rows).status, (0, 3, 4))
        self.fails(2, "store", "list", "--limit", huge, says="--limit")
        self.fails(2, "store", "list", "--limit", "-1", says="--limit")
        self.fails(2, "store", "list", "--limit", "0x10", says="--limit")

    def test_controls_in_names_and_arguments_come_out_escaped(self):
        evil = "\x1b[31mred\x07\x9b\n\r\t"
        for args in (("exec", evil), ("patch", evil, evil), ("run", "--job", evil),
                     ("-c", evil, "store", "list"), (evil,), ("store", evil),
                     ("store", "get", evil), ("plan", "x", "--planner", evil),
                     ("exec", "[]", "--output", evil), ("exec", "--" + evil),
                     ("exec", json_text(evil)),
                     ("exec", self.pipeline, "--input-format", evil),
                     ("patch", self.workflow, self.nothing, "--base-hash", evil),
                     ("classify", "a", evil)):
            with self.subTest(args=args):
                ran = self.run_it(*args)
                self.fails(ran.status, *args)
                self.assertIn(ran.status, (2, 3, 4, 6))

    def test_a_prompt_that_is_no_utf8(self):
        for command in ("classify", "plan", "run"):
            with self.subTest(command=command):
                ran = subprocess.run([self.program(), command, b"show \xff\xfe rows"],
                                     capture_output=True, cwd=self.dir, check=False)
                self.assertIn(ran.returncode, (2, 3))
                self.assertRegex(ran.stderr, rb"\Aagentrun: [ -~]+\n\Z")

    def program(self):
        return harness.AGENTRUN

    def test_wrong_kinds_of_value(self):
        for text in ("1", '"x"', "null", "true", "{}", "[]", "[1]", '{"nodes":1}',
                     '{"nodes":[],"edges":[]}', '{"nodes":[1],"edges":[]}',
                     '{"nodes":{},"edges":{}}', "[[[]]]"):
            path = self.file("kind.json", text)
            for args in self.slots(path):
                with self.subTest(text=text, args=args):
                    ran = self.run_it(*args)
                    self.assertIn(ran.status, (0, 3))
                    if ran.status:
                        self.fails(3, *args)


def json_text(text):
    return json.dumps([{"step": text}])
