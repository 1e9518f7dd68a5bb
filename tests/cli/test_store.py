# SPDX-License-Identifier: LicenseRef-agentrun-internal
"""store, over SQLite: what one process keeps another one reads."""
import hashlib
import json
import os
import sqlite3
import threading

from harness import ROWS, CliTest


class Store(CliTest):
    def setUp(self):
        super().setUp()
        self.config = self.file("c.yaml", "storage: {backend: sqlite, path: results.db}\n")
        self.rows = self.file("rows.json", ROWS)
        if self.run_it("-c", self.config, "store", "list").status == 5:
            self.skipTest("libagentrun-sqlite is not built")

    def job(self, job_id="job-1", prompt="show me the 2 cheapest", config=None, **more):
        job = {"job_id": job_id, "prompt": prompt, "run_id": "run-1", "node_id": "node-1",
               "context": {"data": ROWS}, **more}
        ran = self.run_it("-c", config or self.config, "run", "--job", "-",
                          stdin=json.dumps(job))
        return ran.json

    def store(self, *args, config=None):
        return self.ok("-c", config or self.config, "store", *args)

    def listed(self, *args, config=None):
        return self.store("list", *args, config=config).json

    def test_what_one_process_keeps_another_one_reads(self):
        ref = self.job()["result_ref"]
        rows = [{**ROWS[2]}, {**ROWS[1]}]
        self.assertEqual(json.loads(self.store("get", ref).out), rows)
        [record] = self.listed()
        self.assertEqual(list(record), [
            "result_id", "job_id", "run_id", "node_id", "result_data", "cas_id", "s3_ref",
            "status", "error", "tool_calls", "tokens_used", "cache_hit", "execution_time_ms",
            "llm_model", "created_at", "completed_at"])
        self.assertEqual((record["job_id"], record["run_id"], record["node_id"],
                          record["status"], record["llm_model"]),
                         ("job-1", "run-1", "node-1", "completed", "builtin"))
        self.assertEqual("artifact://" + record["result_id"], ref)
        self.assertEqual(record["tool_calls"][0]["function"]["name"], "execute_pipeline")

    def test_one_record_a_job(self):
        first = self.job()["result_ref"]
        self.assertEqual(self.job()["result_ref"], first)
        self.assertEqual(len(self.listed()), 1)

    def test_a_failure_is_kept_and_gives_way_to_success(self):
        self.job(prompt="zxqv the blorb")
        [record] = self.listed("--status", "failed")
        self.assertEqual(record["error"]["type"], "invalid_plan")
        self.job()
        self.assertEqual([r["status"] for r in self.listed()], ["completed"])

    def test_the_list_is_newest_first_and_can_be_narrowed(self):
        for i in range(5):
            self.job(f"job-{i}", run_id=f"run-{i % 2}", node_id=f"n{i}")
        self.assertEqual([r["job_id"] for r in self.listed()],
                         [f"job-{i}" for i in (4, 3, 2, 1, 0)])
        self.assertEqual([r["job_id"] for r in self.listed("--run", "run-1")],
                         ["job-3", "job-1"])
        self.assertEqual([r["job_id"] for r in self.listed("--node", "n2")], ["job-2"])
        self.assertEqual([r["job_id"] for r in self.listed("--limit", "2", "--offset", "1")],
                         ["job-3", "job-2"])
        self.assertEqual(len(self.listed("--limit", "0")), 5)
        self.assertEqual(self.listed("--since", "2999-01-01T00:00:00Z"), [])
        self.assertEqual(len(self.listed("--since", "2000-01-01T00:00:00Z")), 5)
        self.assertEqual(self.listed("--run", "'; DROP TABLE agent_results; --"), [])
        self.assertEqual(len(self.store("list", "--output", "ndjson").out.splitlines()), 5)
        self.assertTrue(self.store("list", "--output", "csv").out.startswith("result_id,"))
        self.assertTrue(self.store("list", "--output", "table").out.startswith("result_id"))

    def test_large_results_go_to_a_blob(self):
        config = self.file("small.yaml", "storage: {backend: sqlite, path: results.db, "
                                         "max_inline_bytes: 20}\n")
        ref = self.job(config=config)["result_ref"]
        [record] = self.listed(config=config)
        self.assertIsNone(record["result_data"])
        self.assertRegex(record["cas_id"], r"\Asha256:[0-9a-f]{64}\Z")
        data = self.store("get", ref).out
        self.assertEqual([row["id"] for row in json.loads(data)], [3, 2])
        blob = self.store("get", "cas://" + record["cas_id"]).out
        self.assertEqual(blob, data[:-1])
        self.assertEqual(hashlib.sha256(blob.encode()).hexdigest(), record["cas_id"][7:])

    def test_a_limit_of_zero_sends_all_to_blobs(self):
        config = self.file("zero.yaml", "storage: {backend: sqlite, path: results.db, "
                                        "max_inline_bytes: 0}\n")
        ref = self.job(prompt="how many rows are there", config=config)["result_ref"]
        self.assertIsNotNone(self.listed(config=config)[0]["cas_id"])
        self.assertEqual(json.loads(self.store("get", ref).out), [{"count": 4}])

    def test_without_blobs_long_results_stay_in_their_records(self):
        config = self.file("inline.yaml", "storage: {backend: sqlite, path: inline.db, "
                           "max_inline_bytes: 1, cas_enabled: false}\n")
        ref = self.job(config=config)["result_ref"]
        self.assertIsNone(self.listed(config=config)[0]["cas_id"])
        self.assertEqual(len(json.loads(self.store("get", ref, config=config).out)), 2)

    def test_a_damaged_blob_is_noticed(self):
        config = self.file("small.yaml", "storage: {backend: sqlite, path: results.db, "
                                         "max_inline_bytes: 20}\n")
        ref = self.job(config=config)["result_ref"]
        with sqlite3.connect(self.dir / "results.db") as db:
            db.execute("UPDATE cas_blobs SET data = 'x'")
        db.close()
        self.fails(1, "-c", config, "store", "get", ref, says="damaged")

    def test_refs(self):
        self.job()
        for ref, status in (("artifact://00000000-0000-4000-8000-000000000000", 6),
                            ("artifact://", 6), ("artifact://x", 6), ("artifact://' OR 1=1", 6),
                            ("cas://sha256:" + "0" * 64, 6), ("cas://sha256:" + "A" * 64, 2),
                            ("cas://sha256:", 2), ("cas://", 2), ("ARTIFACT://x", 2),
                            ("http://x", 2), ("", 2), (" ", 2), ("artifact:/x", 2)):
            with self.subTest(ref=ref):
                self.assertEqual(self.fails(status, "-c", self.config, "store", "get",
                                            ref).out, "")

    def test_gc(self):
        config = self.file("small.yaml", "storage: {backend: sqlite, path: results.db, "
                                         "max_inline_bytes: 20}\n")
        ref = self.job(config=config)["result_ref"]
        self.assertEqual(self.store("gc").json, {"records_removed": 0, "blobs_removed": 0})
        self.store("get", ref)
        self.assertEqual(self.store("gc", "--before", "2000-01-01T00:00:00Z").json,
                         {"records_removed": 0, "blobs_removed": 0})
        self.assertEqual(self.store("gc", "--before", "2999-01-01T00:00:00Z").json,
                         {"records_removed": 1, "blobs_removed": 0}) # it is young
        self.assertEqual(self.store("gc", "--grace", "0").json,
                         {"records_removed": 0, "blobs_removed": 1})
        self.fails(6, "-c", config, "store", "get", ref)
        self.assertEqual(self.listed(), [])

    def test_a_time_that_is_none_removes_nothing(self):
        self.job()
        for wrong in ("tomorrow", "", "9999", "2999-13-45", "zzzz"):
            with self.subTest(before=wrong):
                self.fails(2, "-c", self.config, "store", "gc", "--before", wrong,
                           says="before: .*is no time")
                self.fails(2, "-c", self.config, "store", "list", "--since", wrong,
                           says="since: .*is no time")
        self.assertEqual(len(self.listed()), 1)
        self.store("gc", "--before", "2020-01-01")

    def test_migrate_may_be_repeated(self):
        for _ in range(2):
            self.assertEqual(self.store("migrate").out, "")
        with sqlite3.connect(self.dir / "results.db") as db:
            self.assertTrue(db.execute("SELECT name FROM sqlite_master WHERE "
                                       "name = 'agent_results'").fetchall())
        db.close()

    def test_what_is_no_database(self):
        self.file("results.db", "this is no database, and long enough to be one\n" * 100)
        self.fails(1, "-c", self.config, "store", "list", says=r"results\.db")
        with open(self.dir / "results.db", encoding="utf-8") as file:
            self.assertTrue(file.read().startswith("this is no database"))

    def test_a_database_of_a_newer_version(self):
        self.job()
        with sqlite3.connect(self.dir / "results.db") as db:
            db.execute("PRAGMA user_version = 999")
        db.close()
        self.fails(1, "-c", self.config, "store", "list", says="newer version")

    def test_places_where_no_file_can_be(self):
        for path in ("missing/results.db", ".", "/proc/nothing.db"):
            config = self.file("p.yaml", f"storage: {{backend: sqlite, path: {path}}}\n")
            with self.subTest(path=path):
                self.fails(5, "-c", config, "store", "list")
                self.fails(5, "-c", config, "run", "show me the 2 cheapest", "--input",
                           self.rows)

    def test_a_read_only_database(self):
        self.job()
        for name in os.listdir(self.dir):
            if name.startswith("results.db"):
                os.chmod(self.dir / name, 0o444)
        os.chmod(self.dir, 0o555)
        more = {"user": 65534} if os.geteuid() == 0 else {}
        try:
            ran = self.run_it("-c", self.config, "run", "--job", "-", stdin=json.dumps(
                {"job_id": "job-2", "prompt": "show me the 2 cheapest",
                 "context": {"data": ROWS}}), **more)
        finally:
            os.chmod(self.dir, 0o755)
        self.assertIn(ran.status, (1, 5), ran.out)
        self.assertRegex(ran.err, r"\Aagentrun: [^\n]*results\.db[^\n]*\n\Z")

    def test_many_processes_share_a_file(self):
        results = []

        def one(i):
            results.append(self.job(f"job-{i}"))

        threads = [threading.Thread(target=one, args=(i,)) for i in range(12)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual({r["status"] for r in results}, {"completed"})
        self.assertEqual(len(self.listed()), 12)

    def test_killed_at_any_point_the_database_stays_whole(self):
        job = json.dumps({"job_id": "job-k", "prompt": "show me the 2 cheapest",
                          "context": {"data": ROWS}}).encode()
        path = self.file("job.json", job)
        for delay in range(0, 30, 2):
            process = self.start("-c", self.config, "run", "--job", path)
            try:
                process.wait(delay / 1000)
            except Exception:
                process.kill()
            process.communicate()
        self.assertLessEqual(len(self.listed()), 1)
        with sqlite3.connect(self.dir / "results.db") as db:
            self.assertEqual(db.execute("PRAGMA integrity_check").fetchall(), [("ok",)])
        db.close()

    def test_the_memory_store_is_empty_and_fine(self):
        self.assertEqual(self.ok("store", "list").out, "[]\n")
        self.ok("store", "migrate")
        self.ok("store", "gc")
        self.fails(6, "store", "get", "artifact://00000000-0000-4000-8000-000000000000")
