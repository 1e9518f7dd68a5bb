# SPDX-License-Identifier: LicenseRef-agentrun-internal
"""exec: formats in and out, bytes that stay, errors that name step and place."""
import json

from harness import ROWS, CliTest

KEEP = '[{"step":"offset","n":0}]'


class Exec(CliTest):
    def rows(self, text, *more, pipeline=KEEP):
        return self.ok("exec", pipeline, "--input", self.file("in", text), *more).out

    def test_bytes_of_numbers_and_strings_stay(self):
        text = ('[{"a":1.10,"b":1E5,"c":123456789012345678901234567890,"d":-0,'
                '"e":"\\u00e9\\/","é":"é","f":1e999}]')
        self.assertEqual(self.rows(text), text + "\n")

    def test_of_duplicate_keys_the_last_value_counts_at_the_first_place(self):
        self.assertEqual(self.rows('[{"a":1,"b":2,"\\u0061":3}]'), '[{"a":3,"b":2}]\n')
        self.assertEqual(self.rows('[{"x":{"k":1,"k":2},"x":{"k":5,"k":6}}]'),
                         '[{"x":{"k":6}}]\n')
        self.assertEqual(self.rows('[{"p":1,"p":9},{"p":5}]', pipeline=
                                   '[{"step":"table_sort","field":"p"}]'),
                         '[{"p":5},{"p":9}]\n')

    def test_ndjson_in(self):
        self.assertEqual(self.rows('{"a":1}\n\n{"a":2}\r\n'), '[{"a":1},{"a":2}]\n')
        self.assertEqual(self.rows('{"a":1}', "--input-format", "ndjson"), '[{"a":1}]\n')
        self.fails(3, "exec", KEEP, "--input", self.file("x.ndjson", '{"a":1}\n{"a":}\n{"a":3}'),
                   says=r"x\.ndjson:2:6: ")

    def test_csv_in(self):
        text = 'id,name,ok\n1,"Smith, ""J""",true\n2,,false\n3,"",x\n'
        self.assertEqual(self.rows(text),
                         '[{"id":1,"name":"Smith, \\"J\\"","ok":true},'
                         '{"id":2,"name":null,"ok":false},{"id":3,"name":"","ok":"x"}]\n')
        self.assertEqual(self.rows("a\r\n1\r\n", "--input-format", "csv"), '[{"a":1}]\n')
        self.fails(3, "exec", KEEP, "--input", self.file("x.csv", "a,b\n1,2\n3\n"),
                   says=r"x\.csv:3:\d+: ")
        self.fails(3, "exec", KEEP, "--input", self.file("x.csv", 'a,b\n1,"2\n'),
                   says=r"x\.csv:")

    def test_a_byte_order_mark_is_no_data(self):
        ran = self.run_it("exec", KEEP, "--input", self.file("in", b'\xef\xbb\xbf[{"a":1}]'))
        self.assertIn((ran.status, ran.out), ((0, '[{"a":1}]\n'), (3, "")))

    def test_formats_out(self):
        text = '[{"a":1,"b":"x,\\"y"},{"a":null,"c":[1,{"d":2}]}]'
        self.assertEqual(self.rows(text, "--output", "json"), text + "\n")
        self.assertEqual(self.rows(text, "--output", "ndjson"),
                         '{"a":1,"b":"x,\\"y"}\n{"a":null,"c":[1,{"d":2}]}\n')
        self.assertEqual(self.rows(text, "--output", "csv"),
                         'a,b,c\n1,"x,""y",\n,,"[1,{""d"":2}]"\n')
        table = self.rows(text, "-o", "table")
        self.assertRegex(table, r"\Aa +b +c")

    def test_empty_results_in_every_format(self):
        for fmt, want in (("json", "[]\n"), ("ndjson", "")):
            self.assertEqual(self.rows("[]", "--output", fmt), want)
        for fmt in ("csv", "table"):
            self.rows("[]", "--output", fmt)

    def test_tables_and_csv_hide_no_control_characters_from_a_terminal(self):
        text = '[{"a\\u001b[1m":"\\u001b]0;x\\u0007","b":"\\u009b31m"}]'
        self.assertNotRegex(self.rows(text, "--output", "table"), r"[\x00-\x09\x0b-\x1f\x7f-\x9f]")
        self.assertEqual(self.rows(text), text + "\n")

    def test_no_colours_and_no_tables_in_a_pipe(self):
        out = self.rows(json.dumps(ROWS))
        self.assertNotIn("\x1b", out)
        self.assertEqual(json.loads(out), ROWS)

    def test_a_pipeline_from_a_file_stdin_and_text(self):
        rows = self.file("rows.json", ROWS)
        steps = [{"step": "table_filter",
                  "condition": {"field": "to", "op": "==", "value": "LAX"}},
                 {"step": "table_sort", "field": "price"},
                 {"step": "table_select", "fields": ["id", "carrier.code"]}]
        want = [{"id": 3, "carrier.code": "UA"}, {"id": 1, "carrier.code": "AA"}]
        text = json.dumps(steps)
        call = json.dumps({"session_id": "s", "pipeline": steps, "input_ref": None})
        self.assertEqual(self.value("exec", self.file("p.json", text), "--input", rows), want)
        self.assertEqual(self.value("exec", "-", "--input", rows, stdin=text), want)
        self.assertEqual(self.value("exec", text, "--input", rows), want)
        self.assertEqual(self.value("exec", " \n" + call, "--input", rows), want)
        self.assertEqual(self.value("exec", self.file("p.json", text), "--input", "-",
                                    stdin=json.dumps(ROWS)), want)

    def test_a_bad_step_is_named_by_number_and_name(self):
        rows = self.file("rows.json", ROWS)
        good = {"step": "limit", "n": 1}
        for step, says in [
                ({"step": "frobnicate"}, r'step 2.*"?frobnicate'), ({}, "step 2"), (5, "step 2"),
                (None, "step 2"), ([], "step 2"), ({"step": 5}, "step 2"),
                ({"step": "table_sort"}, r"step 2 \(table_sort\).*field"),
                ({"step": "table_sort", "field": "a", "order": "up"}, r"step 2.*order"),
                ({"step": "table_filter"}, r"step 2 \(table_filter\).*condition"),
                ({"step": "table_filter", "condition": {"field": "a", "op": "~", "value": 1}},
                 r"step 2 \(table_filter\)"),
                ({"step": "table_filter", "condition": {"and": {}}}, r"step 2 \(table_filter\)"),
                ({"step": "table_filter", "condition": {"field": "a", "op": "matches",
                                                        "value": "("}}, r"step 2"),
                ({"step": "table_select", "fields": 3}, r"step 2 \(table_select\).*fields"),
                ({"step": "top_k", "k": 0}, r"step 2 \(top_k\).*k"),
                ({"step": "top_k"}, r"step 2 \(top_k\).*k"),
                ({"step": "limit", "n": -1}, r"step 2 \(limit\)"),
                ({"step": "groupby", "by": ["a"], "agg": "median"}, r"step 2 \(groupby\)"),
                ({"step": "join", "on": "a"}, r"step 2 \(join\).*right"),
                ({"step": "extract"}, r"step 2 \(extract\).*path"),
                ({"step": "http_request"}, r"step 2 \(http_request\).*url"),
                ({"step": "http_request", "url": "http://a.b/", "method": "TRACE"}, r"step 2"),
        ]:
            with self.subTest(step=step):
                self.fails(3, "exec", json.dumps([good, step]), "--input", rows, says=says)
        other = {"step": "http_request", "url": "file:///etc/passwd"}
        self.fails(4, "exec", json.dumps([good, other]), "--input", rows, says=r"step 2")
        self.fails(3, "exec", "[]", "--input", rows)
        self.fails(3, "exec", "{}", "--input", rows)
        self.fails(3, "exec", '{"pipeline":5}', "--input", rows)
        self.fails(4, "exec", json.dumps([good] * 257), "--input", rows, says="256")

    def test_what_is_no_table_is_refused_by_table_steps(self):
        for text in ('{"a":[1]}', "5", '"x"', "true"):
            with self.subTest(text=text):
                self.fails(3, "exec", KEEP, "--input", self.file("in.json", text),
                           says="wants an array")
        self.assertEqual(self.value("exec", '[{"step":"extract","path":"a"}]', "--input",
                                    self.file("in.json", '{"a":[1]}')), [1])

    def test_the_steps_are_told_with_their_parameters(self):
        steps = self.value("exec", "--steps")
        self.assertGreaterEqual(len(steps), 18)
        for step in steps:
            self.assertEqual(list(step), ["step", "summary", "parameters"])
            self.assertEqual(step["parameters"]["properties"]["step"], {"const": step["step"]})
            self.assertIn("step", step["parameters"]["required"])
        self.fails(2, "exec", "--steps", "[]")
        self.fails(2, "exec", says="pipeline")

    def test_a_pipeline_without_input(self):
        self.fails(3, "exec", KEEP, says="input")

    def test_limits_are_refused_by_name(self):
        rows = self.file("rows.json", ROWS)
        deep = self.file("deep.json", "[" * 20 + "]" * 20)
        for key, value, says in (("max_rows", 2, "max_rows|rows"), ("max_input_bytes", 10, "10"),
                                 ("max_steps", 1, "step")):
            config = self.file("c.yaml", f"limits: {{{key}: {value}}}\n")
            with self.subTest(key=key):
                self.fails(4, "-c", config, "exec",
                           '[{"step":"offset","n":0},{"step":"count"}]', "--input", rows,
                           says=says)
        config = self.file("c.yaml", "limits: {max_rows: 3}\n")
        self.fails(4, "-c", config, "exec", '[{"step":"count"}]', "--input",
                   self.file("in.json", [1, 2, 3, 4]), says="the input has more rows .* 3 ")
        self.fails(4, "-c", config, "exec", '[{"step":"limit","n":1}]', "--input",
                   self.file("in.json", [1, 2, 3, 4]), says="the input has more rows .* 3 ")
        self.fails(4, "-c", config, "exec", '[{"step":"flatten","field":"a"}]', "--input",
                   self.file("in.json", [{"a": [1, 2]}] * 2),
                   says=r"step 1 \(flatten\): more rows .* 3 .*come out")
        config = self.file("c.yaml", "limits: {max_depth: 10}\n")
        self.fails(4, "-c", config, "exec", KEEP, "--input", deep, says="10 levels")
        self.ok("exec", KEEP, "--input", deep)

    def test_a_ref_that_is_not_kept(self):
        call = {"pipeline": [{"step": "count"}],
                "input_ref": "artifact://00000000-0000-4000-8000-000000000000"}
        self.fails(6, "exec", json.dumps(call), says="00000000-0000-4000-8000-000000000000")
        for ref in ("nonsense", "cas://md5:0", "cas://sha256:zz"):
            call["input_ref"] = ref
            self.fails(3, "exec", json.dumps(call), says="not a ref")
            step = {"step": "join", "right": ref, "on": "id"}
            self.fails(3, "exec", json.dumps([step]), "--input", self.file("r.json", ROWS),
                       says=r"step 1 \(join\): not a ref")

    def test_results_do_not_depend_on_the_number_of_threads(self):
        rows = self.file("big.json", [{"k": i * 7919 % 1000, "v": i / 7} for i in range(30000)])
        pipeline = json.dumps([{"step": "groupby", "by": ["k"],
                                "aggs": [{"agg": "sum", "field": "v"}, {"agg": "avg",
                                                                       "field": "v"}]},
                               {"step": "table_sort", "field": "sum_v", "order": "desc"}])
        outs = {self.ok("-c", self.file("c.yaml", f"service: {{workers: {n}}}"), "exec",
                        pipeline, "--input", rows).out for n in (1, 2, 7)}
        self.assertEqual(len(outs), 1)
