# SPDX-License-Identifier: LicenseRef-agentrun-internal
"""The configuration: which file, what is wrong in it and where, the environment."""
from harness import ROWS, CliTest


class Config(CliTest):
    def complaint(self, yaml, says, status=3, **more):
        path = self.file("c.yaml", yaml)
        self.fails(status, "-c", path, "store", "list", says=says, **more)

    def fine(self, yaml, **more):
        self.ok("-c", self.file("c.yaml", yaml), "store", "list", **more)

    def limited(self, *args, **more):
        """Is limits.max_steps 1? Then two steps are refused."""
        rows = self.file("rows.json", ROWS)
        return self.run_it(*args, "exec", '[{"step":"limit","n":1},{"step":"count"}]',
                           "--input", rows, **more).status == 4

    def test_errors_name_file_line_and_column(self):
        for yaml, says in (
                ("service:\n  prot: 1\n", r'c\.yaml:2:3: unknown key "service\.prot"'),
                ("colour: red\n", r'c\.yaml:1:1: unknown key "colour"'),
                ("service:\n  port: many\n", r"c\.yaml:2:9: service\.port wants a whole number"),
                ("service: {port: -1}\n", r"c\.yaml:1:17: service\.port must be at least 0"),
                ("service: {port: 99999999999999999999}\n", r"c\.yaml:1:17: service\.port"),
                ("service: {port: 65536}\n", r"c\.yaml:1:17: .* at most 65535, not 65536"),
                ("redis: {port: 70000}\n", r"c\.yaml:1:15: redis\.port must be at most 65535"),
                ("classifier: {threshold: 1.5}\n", r"c\.yaml:1:25: .* at most 1, not 1\.5"),
                ("classifier: {threshold: 1.01}\n", r"c\.yaml:1:25: .* at most 1, not 1\.01"),
                ("service: {port: 1.5}\n", r"c\.yaml:1:17: service\.port"),
                ("service: [1]\n", r"c\.yaml:1:10: a section of keys"),
                ("service:\n  port: [1]\n", r"c\.yaml:2:9: a single value"),
                ("redis:\n  mode: both ways\n", r"c\.yaml:2:9: redis\.mode wants one of"),
                ("http: {allow_private_networks: maybe}\n", r"c\.yaml:1:32: .* true or false"),
                ("http: {allow_hosts: one}\n", r"c\.yaml:1:21: "),
                ("http: {allow_hosts: [[a]]}\n", r"c\.yaml:1:22: "),
                ("auth_profiles: {a: {type: magic}}\n", r"c\.yaml:1:27: .*api_key\|bearer\|basic"),
                ("auth_profiles: {a: {colour: x}}\n", r'c\.yaml:1:21: unknown key'),
                ("llm:\n\tmodel: x\n", r"c\.yaml:2:1: not valid YAML"),
                ("llm: {model: 'x}\n", r"c\.yaml:\d+:\d+: not valid YAML"),
                ("llm: *nowhere\n", r"c\.yaml:1:6: not valid YAML"),
                ("- a\n", r"c\.yaml:1:1: sections of keys"),
                ("text\n", r"c\.yaml:1:1: sections of keys"),
                ("llm: {}\n---\nllm: {}\n", r"c\.yaml:\d:\d+: only one document"),
                ("llm: {model: a, model: b}\n", r"c\.yaml:1:17: this key stands twice"),
                ("llm: {model: '${NOT_SET_HERE}'}\n",
                 r"c\.yaml:1:14: the variable NOT_SET_HERE is not set"),
                ("llm: {model: '${A'}\n", r"c\.yaml:1:14: .*not closed"),
                ("llm: {model: '${1A}'}\n", r"c\.yaml:1:14: .*no variable"),
                ("llm: {model: '${}'}\n", r"c\.yaml:1:14: .*no variable"),
                ("? [a]\n: b\n", r"c\.yaml:1:3: a key must be text"),
                ("k" * 1000 + ": 1\n", r"c\.yaml:1:1: "),
                ("storage: {backend: tape}\n", r"c\.yaml:1:20: storage\.backend wants one of"),
        ):
            with self.subTest(yaml=yaml):
                self.complaint(yaml, says)

    def test_variables_in_flow_style(self):
        for yaml in ("limits: {max_steps: ${STEPS}}\n", "limits: {max_steps: ${STEPS:-9}}\n",
                     "{limits: {max_steps: ${STEPS}, max_rows: ${NO:-5}}}\n",
                     "limits: {max_steps: \"${STEPS}\"}\n", "limits: {max_steps: '${STEPS}'}\n",
                     "llm: {model: ${NO:-a, [b]: {c #d}}\nlimits:\n  max_steps: ${STEPS}\n",
                     "http: {allow_hosts: [${NO:-a}, x]} # ${no {variable\n"
                     "limits: {max_steps: ${STEPS}}\n"):
            with self.subTest(yaml=yaml):
                self.assertTrue(self.limited("-c", self.file("c.yaml", yaml),
                                             env={"STEPS": "1"}))
        self.complaint("llm: {model: ${NOT_SET_HERE}, zzz: 1}\n",
                       r"c\.yaml:1:14: the variable NOT_SET_HERE is not set")
        self.complaint("llm: {model: ${A:-x}, zzz: 1}\n", r"c\.yaml:1:23: unknown key")
        self.complaint("${A}: 1\n", r'c\.yaml:1:1: unknown key "\$\{A\}"')
        self.complaint("llm: {model: ${A\n}\n", r"c\.yaml:\d:\d+: ")
        self.complaint("log: {level: \ue07b${A:-x}}\n", r"c\.yaml:1:")

    def test_what_is_no_fault(self):
        for yaml in ("", "# only a comment\n", "---\n", "~\n", "service:\n", "service: ~\n",
                     "service: {port: }\n", "\ufefflog: {level: warn}\n",
                     "service: &s {port: 1}\n", "service: {port: 65535}\n",
                     "classifier: {threshold: 1.0}\n", "classifier: {threshold: .5}\n", "log: {level: 'off'}\r\n"):
            with self.subTest(yaml=yaml):
                self.fine(yaml)

    def test_aliases_do_not_explode(self):
        lines = ["http:", "  allow_hosts: &a0 [x, x, x, x, x, x, x, x, x]"]
        self.fine("\n".join(lines) + "\n")
        lines = ["a0: &a0 [x]"] + [f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 9)}]"
                                  for i in range(1, 30)]
        self.complaint("\n".join(lines), 'unknown key "a0"', timeout=10)
        self.complaint("auth_profiles: &a\n  x: *a\n", r"c\.yaml:", timeout=10)

    def test_which_file_is_read(self):
        one = "limits: {max_steps: 1}\n"
        self.assertFalse(self.limited())
        self.file("config.yaml", one)
        self.assertTrue(self.limited())
        other = self.file("other.yaml", "log: {level: warn}\n")
        self.assertFalse(self.limited(env={"AGENTRUN_CONFIG": other}))
        self.assertFalse(self.limited("-c", other))
        third = self.file("third.yaml", one)
        self.assertTrue(self.limited("-c", third, env={"AGENTRUN_CONFIG": other}))
        self.assertTrue(self.limited(env={"AGENTRUN_CONFIG": ""}))
        self.fails(6, "store", "list", env={"AGENTRUN_CONFIG": "nowhere.yaml"},
                   says=r"nowhere\.yaml")
        self.fails(2, "-c", "", "store", "list")

    def test_variables_come_from_the_environment_then_from_dotenv(self):
        config = self.file("sub/c.yaml", "limits: {max_steps: '${STEPS:-9}'}\n")
        self.assertFalse(self.limited("-c", config))
        self.file("sub/.env", "# a comment\nexport STEPS='1'\nOTHER=2 # why\n\n")
        self.assertTrue(self.limited("-c", config))
        self.assertFalse(self.limited("-c", config, env={"STEPS": "7"}))
        self.assertFalse(self.limited("-c", config, env={"STEPS": ""}))
        self.file("sub/.env", "STEPS=1\nnonsense\n")
        self.fails(3, "-c", config, "store", "list", says=r"\.env:2:1: ")

    def test_a_dotenv_elsewhere_is_not_read(self):
        self.file(".env", "STEPS=1\n")
        config = self.file("sub/c.yaml", "limits: {max_steps: '${STEPS:-9}'}\n")
        self.assertFalse(self.limited("-c", config))

    def test_strange_dotenv_files(self):
        config = self.file("c.yaml", "llm: {model: '${M:-x}'}\n")
        for content, status in ((b"", 0), (b"\n\n#\n", 0), (b"M=\n", 0), (b"M\n", 3),
                                (b"=x\n", 3), (b"M=a\0b\n", 3), (b"\xff\xfe=1\n", 3),
                                (b"M=\xff\n", 0), (b"M=\x1b[31m\n", 0), (b"A" * 2000000, 4)):
            self.file(".env", content)
            with self.subTest(content=content[:20]):
                ran = self.run_it("-c", config, "store", "list")
                self.assertEqual(ran.status, status, ran.err)
                if status:
                    self.fails(status, "-c", config, "store", "list", says=r"\.env|c\.yaml")

    def test_the_environment_stands_above_the_file(self):
        config = self.file("c.yaml", "service: {port: 1}\nredis: {port: 2}\n")
        for name, value in (("PORT", "x"), ("REDIS_PORT", "x"), ("PORT", "99999999999999999999"),
                            ("REDIS_PORT", "0"), ("PORT", "-1"), ("REDIS_PORT", " 1")):
            with self.subTest(name=name, value=value):
                self.fails(3, "-c", config, "store", "list", env={name: value},
                           says=f"environment variable {name}")
        for env in ({"PORT": "1"}, {"PORT": ""}, {"REDIS_HOST": "h", "REDIS_URL": "redis://h"},
                    {"ORCHESTRATOR_URL": "http://o"}):
            self.ok("-c", config, "store", "list", env=env)

    def test_a_flag_stands_above_the_file(self):
        config = self.file("c.yaml", "log: {level: debug, format: text}\n")
        self.ok("-c", config, "--log-level", "off", "--log-format", "json", "store", "list")

    def test_controls_in_a_configuration_come_out_escaped(self):
        self.complaint('"\\e[31mred": 1\n', r"\\x1b\[31mred")
        self.complaint('service: {port: "\\e[31m\\n1"}\n', r"\\x1b\[31m\\x0a1")
        self.complaint('"a\\0b": 1\n', r"c\.yaml:1:1")

    def test_the_provider_that_is_not_there(self):
        config = self.file("c.yaml", "llm: {provider: nobody}\n")
        self.fails(3, "-c", config, "plan", "show the rows", says="nobody")
        self.ok("-c", config, "plan", "show the rows", "--planner", "builtin")
        self.ok("plan", "show the rows", "--planner", "auto")
