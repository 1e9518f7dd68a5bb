# SPDX-License-Identifier: LicenseRef-agentrun-internal
"""Options, help, exit statuses, and an output that cannot be written."""
import json
import os
import signal
import subprocess

from harness import ROWS, WORKFLOW, CliTest

COMMANDS = ["classify", "plan", "exec", "patch", "run", "store"]


class Usage(CliTest):
    def setUp(self):
        super().setUp()
        self.rows = self.file("rows.json", ROWS)
        self.workflow = self.file("workflow.json", WORKFLOW)
        self.nothing = self.file("nothing.json", [])

    def test_help_is_on_stdout_for_every_command(self):
        for args in [("--help",), ("-h",), ("help",)] + [(c, "--help") for c in COMMANDS] + \
                [(c, "-h") for c in COMMANDS] + [("--help", c) for c in COMMANDS]:
            with self.subTest(args=args):
                self.assertIn("Usage: agentrun", self.ok(*args).out)

    def test_help_of_every_command_shows_examples(self):
        for command in COMMANDS:
            self.assertRegex(self.ok(command, "--help").out,
                             rf"(?s)Examples:\n.*agentrun {command}")

    def test_version(self):
        for args in [("--version",)] + [(c, "--version") for c in COMMANDS]:
            with self.subTest(args=args):
                self.assertRegex(self.ok(*args).out, r"\Aagentrun \d+\.\d+\.\d+\n\Z")

    def test_what_is_missing_is_told_in_one_line(self):
        for command in ("patch", "exec", "classify", "plan"):
            with self.subTest(command=command):
                ran = self.run_it(command)
                self.assertEqual((ran.status, ran.err.count("\n")), (2, 1))
                self.assertNotIn("\\x0a", ran.err)

    def test_wrong_usage_is_2(self):
        for args in [
                (), ("frobnicate",), ("--frob",), ("-z",), ("",), ("-",), ("--",),
                ("classify",), ("classify", "a", "b"), ("classify", "--batch", "a"),
                ("classify", "a", "--workflow"),
                ("classify", "--batch=yes"), ("classify", "a", "--frob"),
                ("plan",), ("plan", "a", "b"), ("plan", "a", "--planner"),
                ("exec",), ("exec", "[]", "x"), ("exec", "-", "--input", "-"),
                ("exec", "[]", "--output", "xml"), ("exec", "[]", "--output", ""),
                ("exec", "[]", "--input-format", "table"),
                ("exec", "[]", "--input-format", "yaml"),
                ("patch",), ("patch", self.workflow), ("patch", "-", "-"),
                ("patch", "a", "b", "c"), ("patch", "-", self.nothing, "--in-place"),
                ("patch", self.workflow, self.nothing, "--diff", "--inverse"),
                ("run",), ("run", "a", "b"), ("run", "a", "--job", "x"),
                ("run", "--job", "x", "--input", "y"), ("run", "a", "--output", "xml"),
                ("run", "a", "--input", "-", "--workflow", "-"),
                ("store",), ("store", "frob"), ("store", "get"), ("store", "get", "a", "b"),
                ("store", "list", "x"), ("store", "gc", "x"), ("store", "migrate", "x"),
                ("store", "get", "artifact"), ("store", "get", "cas://md5:0"),
                ("store", "get", "cas://sha256:" + "G" * 64),
                ("store", "list", "--limit", "many"), ("store", "list", "--output", "yaml"),
                ("--config",), ("store", "list", "-c"),
        ]:
            with self.subTest(args=args):
                self.assertEqual(self.fails(2, *args).out, "")

    def test_global_options_stand_before_or_behind_the_command(self):
        config = self.file("c.yaml", "log: {level: debug}\n")
        for args in (("-c", config, "store", "list"), ("store", "list", "-c", config),
                     ("--config=" + config, "store", "list"), ("store", "-c" + config, "list"),
                     ("--log-level", "error", "store", "list"),
                     ("--log-level=off", "--log-format", "json", "store", "list")):
            with self.subTest(args=args):
                self.assertEqual(self.ok(*args).out, "[]\n")
        self.fails(2, "--log-level", "loud", "store", "list", says="--log-level wants")
        self.fails(2, "store", "list", "--log-format", "xml", says="--log-format wants")
        self.fails(2, "classify", "a", "--log-level", "", says="--log-level wants")

    def test_what_follows_two_dashes_is_no_option(self):
        self.assertEqual(self.value("classify", "--", "--batch")["text"], "--batch")

    def test_one_status_for_each_kind_of_failure(self):
        self.ok("exec", '[{"step":"count"}]', "--input", self.rows)
        self.fails(1, "exec", '[{"step":"groupby","by":["id"],"agg":"sum","field":"to"}]',
                   "--input", self.rows, says=r"step 1 \(groupby\)")
        self.fails(2, "exec")
        self.fails(3, "exec", "[]", "--input", self.rows)
        self.fails(4, "exec", '[{"step":"http_request","url":"http://127.0.0.1:9/"}]',
                   says=r"127\.0\.0\.1")
        config = self.file("c.yaml", "http: {allow_private_networks: true}\n")
        self.fails(5, "-c", config, "exec",
                   '[{"step":"http_request","url":"http://127.0.0.1:9/"}]',
                   says=r"step 1 \(http_request\).*127\.0\.0\.1")
        self.fails(6, "exec", "nowhere.json")
        self.fails(2, "plan", "x", "--planner", "nobody", says='no planner named "nobody"')

    def commands_that_print(self):
        many = json.dumps([{"n": i, "text": "x" * 100} for i in range(20000)])
        big = self.file("big.json", many)
        return [
            ("--help",), ("--version",), ("run", "--help"), ("store", "list"),
            ("classify", "show the rows"), ("plan", "the 2 cheapest", "--input", self.rows),
            ("exec", '[{"step":"count"}]', "--input", self.rows),
            ("exec", '[{"step":"offset","n":0}]', "--input", big),
            ("exec", '[{"step":"offset","n":0}]', "--input", big, "--output", "csv"),
            ("exec", '[{"step":"offset","n":0}]', "--input", big, "--output", "table"),
            ("patch", self.workflow, self.nothing), ("patch", "--raw", big, self.nothing),
            ("patch", "--diff", self.workflow, self.patch()),
            ("run", "the 2 cheapest", "--input", self.rows),
            ("run", "show all the rows", "--input", self.rows, "--output", "csv"),
        ]

    def patch(self):
        return self.file("rename.json", [{"op": "add", "path": "/nodes/0/timeout_ms",
                                          "value": 5}])

    def test_a_full_disk_is_one_line_and_1(self):
        for args in self.commands_that_print():
            with self.subTest(args=args):
                with open("/dev/full", "wb") as full:
                    self.fails(1, *args, stdout=full, says="cannot write the output: No space")
        with open("/dev/full", "wb") as full:
            self.fails(1, "classify", "--batch", stdin="show\n" * 50000, stdout=full)

    def test_a_closed_stdout_is_one_line_and_1(self):
        for args in self.commands_that_print():
            with self.subTest(args=args):
                self.fails(1, *args, preexec_fn=lambda: os.close(1), says="Bad file descriptor")

    def test_a_closed_pipe_ends_quietly(self):
        for args in self.commands_that_print():
            with self.subTest(args=args):
                read, write = os.pipe()
                os.close(read)
                ran = self.run_it(*args, stdout=write)
                os.close(write)
                self.assertIn(ran.status, (0, 141))
                self.assertEqual(ran.err, "")

    def test_a_reader_that_leaves_early(self):
        big = self.file("big.ndjson", '{"a":"%s"}\n' % ("x" * 200) * 50000)
        process = self.start("exec", '[{"step":"offset","n":0}]', "--input", big)
        process.stdout.read(10)
        process.stdout.close()
        err = process.stderr.read()
        process.stderr.close()
        self.assertIn(process.wait(20), (0, 141))
        self.assertEqual(err, b"")

    def test_a_closed_stderr_hurts_nobody(self):
        ran = self.run_it("exec", "nowhere", preexec_fn=lambda: os.close(2))
        self.assertEqual(ran.status, 6)

    def test_batch_streams_an_answer_a_line(self):
        process = self.start("classify", "--batch", stdin=subprocess.PIPE)
        for line in ("show me the rows", "", "add a node after fetch"):
            process.stdin.write(line.encode() + b"\n")
            process.stdin.flush()
            self.assertEqual(json.loads(process.stdout.readline())["text"], line)
        process.stdin.write(b"no newline at the end")
        process.stdin.close()
        self.assertEqual(json.loads(process.stdout.readline())["text"],
                         "no newline at the end")
        self.assertEqual(process.wait(10), 0)
        process.stdout.close()
        process.stderr.close()

    def test_batch_takes_any_line(self):
        lines = [b"", b"\xff\xfe\x00x", b"a\r", b"\x1b[31m", b"x" * 300000, b'"', b"\xc3\xa9"]
        ran = self.run_it("classify", "--batch", stdin=b"\n".join(lines) + b"\n")
        self.assertEqual((ran.status, ran.err), (0, ""))
        answers = ran.out.splitlines()
        self.assertEqual(len(answers), len(lines))
        for answer in answers:
            self.assertIn(json.loads(answer)["intent"], ("execute", "patch", "unclear"))

    def test_sigterm_is_not_swallowed(self):
        process = self.start("classify", "--batch", stdin=subprocess.PIPE)
        process.stdin.write(b"show\n")
        process.stdin.flush()
        process.stdout.readline()
        process.send_signal(signal.SIGTERM)
        self.assertEqual(process.wait(10), -signal.SIGTERM)
        for pipe in (process.stdin, process.stdout, process.stderr):
            pipe.close()

    def test_stdin_is_read_only_when_asked(self):
        """A command that was not told to must not wait for a stdin that stays open."""
        for args in (("exec", '[{"step":"count"}]', "--input", self.rows),
                     ("classify", "show"), ("plan", "show the rows"), ("store", "list"),
                     ("patch", self.workflow, self.nothing),
                     ("run", "the 2 cheapest", "--input", self.rows)):
            with self.subTest(args=args):
                read, write = os.pipe()
                self.assertEqual(self.run_it(*args, stdin=None, **{"cwd": self.dir},
                                             timeout=20).status, 0)
                process = self.start(*args, stdin=read)
                process.communicate(timeout=20)
                self.assertEqual(process.returncode, 0)
                os.close(read)
                os.close(write)
