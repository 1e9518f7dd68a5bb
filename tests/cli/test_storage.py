# SPDX-License-Identifier: LicenseRef-agentrun-internal
"""Every backend behind the commands: records in one, blobs there or in another."""
import hashlib
import json
import os
import pathlib
import re
import resource
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time

from harness import ROWS, CliTest

sys.path.insert(0, str(pathlib.Path(__file__).parent.parent / "postgres"))
from server import PostgresServer  # noqa: E402


class Kept(CliTest):
    """What holds for every store that outlives a process; `storage` is its configuration."""

    storage = None

    def setUp(self):
        super().setUp()
        if self.storage is None:
            self.skipTest("it stands for others")
        self.config = self.configure()
        if self.run_it("-c", self.config, "store", "list").status == 5:
            self.skipTest("a library is not built")

    def configure(self, **more):
        text = json.dumps({"storage": {**self.storage, **more}, **self.beside()})
        return self.file("c%d.yaml" % len(os.listdir(self.dir)), text)

    def beside(self):
        return {}

    def job(self, job_id="job-1", config=None, **more):
        job = {"job_id": job_id, "prompt": "show me the 2 cheapest", "run_id": "run-1",
               "node_id": "node-1", "context": {"data": ROWS}, **more}
        return self.run_it("-c", config or self.config, "run", "--job", "-",
                           stdin=json.dumps(job), timeout=120).json

    def store(self, *args, config=None, **more):
        return self.ok("-c", config or self.config, "store", *args, **more)

    def test_one_process_puts_another_gets(self):
        result = self.job()
        self.assertEqual(result["status"], "completed", result)
        self.assertEqual(self.job()["result_ref"], result["result_ref"])
        self.assertEqual([row["id"] for row in
                          json.loads(self.store("get", result["result_ref"]).out)], [3, 2])
        [record] = self.store("list").json
        self.assertEqual((record["job_id"], record["run_id"], record["node_id"],
                          record["status"], record["llm_model"], record["cache_hit"]),
                         ("job-1", "run-1", "node-1", "completed", "builtin", False))
        self.fails(6, "-c", self.config, "store", "get",
                   "artifact://00000000-0000-4000-8000-000000000000")
        self.fails(6, "-c", self.config, "store", "get", "artifact://no")
        self.fails(6, "-c", self.config, "store", "get", "cas://sha256:" + "0" * 64)

    def test_a_large_result_is_a_blob_and_an_input(self):
        config = self.configure(max_inline_bytes=10)
        ref = self.job(config=config)["result_ref"]
        [record] = self.store("list", config=config).json
        blob = self.store("get", "cas://" + record["cas_id"], config=config).out
        self.assertEqual(self.store("get", ref, config=config).out, blob + "\n")
        self.assertEqual("sha256:" + hashlib.sha256(blob.encode()).hexdigest(),
                         record["cas_id"])
        for wanted in (ref, "cas://" + record["cas_id"]):
            pipeline = json.dumps({"pipeline": [{"step": "count"}], "input_ref": wanted})
            self.assertEqual(self.value("-c", config, "exec", pipeline), [{"count": 2}])
            joined = json.dumps([{"step": "join", "right": wanted, "on": "id"},
                                 {"step": "table_select", "fields": ["id", "to_right"]}])
            self.assertEqual(
                self.value("-c", config, "exec", joined, "--input",
                           self.file("rows.json", ROWS)),
                [{"id": 2, "to_right": "JFK"}, {"id": 3, "to_right": "LAX"}])
        result = self.job("job-2", config=config, prompt="how many rows are there",
                          context={"previous_results": [{"node_id": "a", "result_ref": ref}]})
        self.assertEqual(json.loads(self.store("get", result["result_ref"],
                                               config=config).out), [{"count": 2}])

    def test_what_a_join_holds_is_bounded(self):
        ref = self.job()["result_ref"]
        joined = json.dumps([{"step": "join", "right": ref, "on": "id"}])
        rows = self.file("rows.json", [{"id": 3}])
        config = json.dumps({"storage": self.storage, **self.beside(),
                             "limits": {"max_input_bytes": 60}})
        self.fails(4, "-c", self.file("small.yaml", config), "exec", joined, "--input", rows,
                   says=r"step 1 \(join\): .*60 bytes \(limits.max_input_bytes\)")
        self.assertEqual(len(self.value("-c", self.config, "exec", joined, "--input", rows)), 1)

    def test_a_result_is_kept_as_it_was_written(self):
        text = '[{"b":1.0,"a":1e2,"\\u0000":"\\u0000"},12345678901234567890.10]'
        ran = self.ok("-c", self.config, "exec", '[{"step":"limit","n":9}]', "--input", "-",
                      "--keep", stdin=text).json
        self.assertEqual(ran["bytes"], len(text))
        self.assertEqual(self.store("get", ran["result_ref"]).out, text + "\n")

    def test_a_prompt_keeps_its_result_byte_for_byte(self):
        rows = '[{"b":1.0,"price":2,"z":"\\u0000"},{"price":1e0,"b":0.10}]'
        job = ('{"job_id":"exact","prompt":"show me the 2 cheapest","context":{"data":%s}}'
               % rows)
        result = self.ok("-c", self.config, "run", "--job", "-", stdin=job).json
        self.assertEqual(self.store("get", result["result_ref"]).out,
                         '[{"price":1e0,"b":0.10},{"b":1.0,"price":2,"z":"\\u0000"}]\n')

    def test_migrate_may_be_repeated_and_meet(self):
        threads = [threading.Thread(target=lambda: self.store("migrate")) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(self.store("migrate").out, "")
        self.assertEqual(self.store("list").json, [])

    def test_lists_are_narrowed_and_come_in_pages(self):
        for i in range(7):
            self.job(f"job-{i}", run_id=f"run-{i % 2}", node_id=f"n{i}")
            time.sleep(0.002)
        every = self.store("list").json
        self.assertEqual([r["job_id"] for r in every], [f"job-{i}" for i in range(6, -1, -1)])
        self.assertEqual([r["job_id"] for r in self.store("list", "--run", "run-1").json],
                         ["job-5", "job-3", "job-1"])
        self.assertEqual([r["job_id"] for r in self.store("list", "--node", "n2").json],
                         ["job-2"])
        self.assertEqual(self.store("list", "--status", "failed").json, [])
        self.assertEqual(len(self.store("list", "--since", every[2]["created_at"]).json), 3)
        seen, after = [], []
        while True:
            page = [json.loads(line) for line in
                    self.store("list", "--limit", "3", "--output", "ndjson", *after
                               ).out.splitlines()]
            if not page:
                break
            seen += page
            after = ["--after", page[-1]["result_id"]]
        self.assertEqual(seen, every)
        place = every[1]["created_at"] + "/" + every[1]["result_id"]
        for behind in (place, "artifact://" + every[1]["result_id"]):
            self.assertEqual(self.store("list", "--after", behind).json, every[2:])
        self.fails(6, "-c", self.config, "store", "list", "--after", "nobody")
        self.fails(2, "-c", self.config, "store", "list", "--after", "x/y",
                   says="is no time")

    def test_gc_removes_what_is_old_and_spares_what_is_young(self):
        config = self.configure(max_inline_bytes=10)
        ref = self.job(config=config)["result_ref"]
        [record] = self.store("list", config=config).json
        blob = "cas://" + record["cas_id"]
        self.assertEqual(self.store("gc", config=config).json,
                         {"records_removed": 0, "blobs_removed": 0})
        self.assertEqual(self.store("gc", "--grace", "0", config=config).json,
                         {"records_removed": 0, "blobs_removed": 0})
        self.assertEqual(self.store("gc", "--before", "2999-01-01", config=config).json,
                         {"records_removed": 1, "blobs_removed": 0})
        self.store("get", blob, config=config)
        self.fails(6, "-c", config, "store", "get", ref)
        self.assertEqual(self.store("gc", "--grace", "0", config=config).json,
                         {"records_removed": 0, "blobs_removed": 1})
        self.fails(6, "-c", config, "store", "get", blob)
        self.fails(2, "-c", config, "store", "gc", "--grace", "soon")

    def test_gc_removes_what_outlived_its_time(self):
        self.job()
        self.assertEqual(self.store("gc", config=self.configure(ttl_sec=3600)).json[
            "records_removed"], 0)
        time.sleep(2.1)
        self.assertEqual(self.store("gc", config=self.configure(ttl_sec=1)).json[
            "records_removed"], 1)

    def test_a_long_result_takes_little_memory(self):
        """Through prompt, store and get, each in less memory than it is long."""
        config = self.configure(max_inline_bytes=1000000)
        with open(self.dir / "rows.ndjson", "w", encoding="utf-8") as out:
            for i in range(250000):
                out.write('{"id":%d,"name":"row %d","pad":"%s"}\n' % (i, i, "x" * 60))
        kept = self.ok("-c", config, "exec", '[{"step":"limit","n":999999}]', "--input",
                       "rows.ndjson", "--keep", timeout=120).json
        self.assertGreater(kept["bytes"], 24000000)
        job = {"job_id": "long", "prompt": "where id > 0",
               "context": {"previous_results": [
                   {"node_id": "a", "result_ref": kept["result_ref"]}]}}
        result, used = self.measured("-c", config, "run", "--job", "-",
                                     stdin=json.dumps(job).encode())
        result = json.loads(result)
        self.assertEqual(result["status"], "completed", result)
        self.assertEqual(result["result_preview"]["row_count"], 249999)
        self.assertEqual([row["id"] for row in result["result_preview"]["sample"]],
                         [1, 2, 3])
        most = 36 << 10 if "ASAN_OPTIONS" not in os.environ else 100 << 10
        self.assertLess(used, most)
        data, used = self.measured("-c", config, "store", "get", result["result_ref"])
        self.assertLess(used, most)
        self.assertEqual(len(data.splitlines()), 1)
        self.assertEqual(data.count(b'"id":'), 249999)

    def measured(self, *args, stdin=b""):
        """What it prints, and its largest resident size in KiB, as often looked at."""
        out = open(self.dir / "out", "w+b")
        # A sanitizer keeps 256 MiB of what was freed, which would drown what is measured.
        env = {"ASAN_OPTIONS": os.environ.get("ASAN_OPTIONS", "") + ":quarantine_size_mb=1"}
        process = self.start(*args, stdin=subprocess.PIPE, stdout=out, env=env)
        process.stdin.write(stdin)
        process.stdin.close()
        most = 0
        while process.poll() is None:
            try:
                status = pathlib.Path(f"/proc/{process.pid}/status").read_text()
                most = max(most, int(re.search(r"VmHWM:\s+(\d+)", status).group(1)))
            except (OSError, AttributeError):
                pass
            time.sleep(0.005)
        self.assertEqual((process.returncode, process.stderr.read()), (0, b""))
        process.stderr.close()
        out.seek(0)
        data = out.read()
        out.close()
        return data, most


class Sqlite(Kept):
    storage = {"backend": "sqlite", "path": "results.db"}

    def test_a_folder_that_cannot_be_written(self):
        ref = self.job()["result_ref"]
        rows = self.file("rows.json", ROWS)
        more = {"user": 65534} if os.geteuid() == 0 else {}
        os.chmod(self.dir, 0o555)
        ran = self.run_it("-c", self.config, "run", "show me the 3 cheapest", "--input", rows,
                          **more)
        os.chmod(self.dir, 0o755)
        self.assertEqual((ran.status, ran.out), (1, ""))
        self.assertRegex(ran.err, r"\Aagentrun: results\.db: [^\n]*; whoever puts results must be "
                                  r"able to write the file and its folder\n\Z")
        self.store("get", ref)
        self.assertEqual(len(self.store("list").json), 1)

    def test_an_older_file_is_brought_up_to_date(self):
        with sqlite3.connect(self.dir / "old.db") as db:
            db.executescript(
                "CREATE TABLE agent_results (result_id TEXT PRIMARY KEY NOT NULL, job_id TEXT"
                " UNIQUE NOT NULL, run_id TEXT, node_id TEXT, result_data TEXT, cas_id TEXT,"
                " s3_ref TEXT, status TEXT, error TEXT, tool_calls TEXT, tokens_used INTEGER,"
                " cache_hit TEXT, execution_time_ms INTEGER, llm_model TEXT,"
                " created_at TEXT NOT NULL, completed_at TEXT);"
                "CREATE INDEX agent_results_created ON agent_results (created_at);"
                "CREATE TABLE cas_blobs (sha256 TEXT PRIMARY KEY NOT NULL, data BLOB NOT NULL)"
                " WITHOUT ROWID; PRAGMA user_version = 1;"
                "INSERT INTO cas_blobs VALUES ('%s', 'hello');"
                "INSERT INTO agent_results (result_id, job_id, cas_id, created_at) VALUES"
                " ('r', 'j', 'sha256:%s', '2026-01-01T00:00:00.000Z');"
                % ((hashlib.sha256(b"hello").hexdigest(),) * 2))
        db.close()
        config = self.configure(path="old.db")
        self.store("migrate", config=config)
        self.assertEqual(self.store("get", "artifact://r", config=config).out, "hello\n")
        self.assertEqual(self.store("gc", "--before", "2026-02-01", config=config).json,
                         {"records_removed": 1, "blobs_removed": 1})


class Files(Kept):
    """Records in SQLite, blobs as files."""
    storage = {"backend": "sqlite", "path": "results.db",
               "cas": {"backend": "fs", "path": "blobs"}}

    def blobs(self):
        return [path for path in (self.dir / "blobs").rglob("*")
                if path.is_file() and len(path.name) == 64]

    def small(self):
        return self.configure(max_inline_bytes=10)

    def test_a_blob_is_a_file_with_its_digest_for_a_name(self):
        ref = self.job(config=self.small())["result_ref"]
        [path] = self.blobs()
        self.assertEqual(path.parent.name, path.name[:2])
        self.assertEqual(hashlib.sha256(path.read_bytes()).hexdigest(), path.name)
        self.assertEqual(path.read_text() + "\n", self.store("get", ref).out)

    def test_a_damaged_file_is_noticed_and_mended_by_another_put(self):
        ref = self.job(config=self.small())["result_ref"]
        [path] = self.blobs()
        good = path.read_bytes()
        path.write_bytes(b"x" + good[1:])
        self.assertEqual(self.fails(1, "-c", self.config, "store", "get", ref,
                                    says="damaged").out, "")
        path.write_bytes(good[:-5])
        self.fails(1, "-c", self.config, "store", "get", ref, says="damaged")
        self.job("job-2", config=self.small())
        self.assertEqual(path.read_bytes(), good)

    def test_what_killed_writers_left_goes_with_gc(self):
        self.job(config=self.small())
        left = self.dir / "blobs" / "tmp" / "1-2-3"
        left.write_bytes(b"half")
        young = self.dir / "blobs" / "tmp" / "1-2-4"
        young.write_bytes(b"half")
        os.utime(left, (time.time() - 7200,) * 2)
        self.store("gc")
        self.assertEqual((left.exists(), young.exists()), (False, True))

    def test_a_folder_that_cannot_be_written(self):
        self.job(config=self.small())
        folder = self.dir / "blobs"
        made = [folder, *folder.rglob("*")]
        os.chmod(self.dir / "results.db", 0o666)
        for name in os.listdir(self.dir):
            if name.startswith("results.db"):
                os.chmod(self.dir / name, 0o666)
        os.chmod(self.dir, 0o777)
        for path in made:
            os.chmod(path, 0o555 if path.is_dir() else 0o444)
        more = {"user": 65534} if os.geteuid() == 0 else {}
        ran = self.run_it("-c", self.small(), "run", "--job", "-", stdin=json.dumps(
            {"job_id": "job-2", "prompt": "show me the 3 cheapest",
             "context": {"data": ROWS}}), **more)
        listed = self.run_it("-c", self.config, "store", "list", **more)
        for path in reversed(made):
            os.chmod(path, 0o755)
        self.assertEqual(ran.status, 1, ran.out)
        self.assertEqual(ran.json["error"]["type"], "storage_error")
        self.assertRegex(ran.err, r"blobs/\S+: Permission denied; whoever puts results must")
        self.assertEqual([r["job_id"] for r in listed.json if r["status"] == "completed"],
                         ["job-1"])

    def test_places_where_no_folder_can_be(self):
        self.file("file", "x")
        for path in ("missing/blobs", "file", "/proc/nothing"):
            config = self.configure(cas={"backend": "fs", "path": path})
            with self.subTest(path=path):
                self.fails(5, "-c", config, "store", "list", says=path)

    def test_a_file_that_may_not_grow(self):
        """As on a full disk, but for the words."""
        def limit():
            signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
            resource.setrlimit(resource.RLIMIT_FSIZE, (300000, 300000))

        ref = self.job(config=self.small())["result_ref"]
        self.file("rows.ndjson", '{"a":"%s"}\n' % ("x" * 100) * 20000)
        ran = self.run_it("-c", self.config, "exec", '[{"step":"limit","n":99999}]',
                          "--input", "rows.ndjson", "--keep", preexec_fn=limit)
        self.assertEqual((ran.status, ran.out), (1, ""))
        self.assertRegex(ran.err, r"\Aagentrun: (step 1 \(limit\): )?blobs/tmp/\S+: File too large; [^\n]*\n\Z")
        self.assertEqual(os.listdir(self.dir / "blobs" / "tmp"), [])
        self.store("get", ref)

    def test_a_full_disk(self):
        mounted = self.dir / "full"
        mounted.mkdir()
        if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", mounted],
                          capture_output=True, check=False).returncode:
            self.skipTest("no small file system can be mounted here")
        try:
            config = self.configure(path=str(mounted / "r.db"), max_inline_bytes=10,
                                    cas={"backend": "fs", "path": str(mounted / "blobs")})
            ref = self.job(config=config)["result_ref"]
            self.file("rows.ndjson", '{"a":"%s"}\n' % ("x" * 100) * 60000)
            ran = self.run_it("-c", config, "exec", '[{"step":"limit","n":99999}]',
                              "--input", "rows.ndjson", "--keep")
            self.assertEqual((ran.status, ran.out), (1, ""))
            self.assertRegex(ran.err, r"\Aagentrun: (step 1 \(limit\): )?\S+/blobs/tmp/\S+: No space left on "
                                      r"device; make room there[^\n]*\n\Z")
            self.assertEqual(os.listdir(mounted / "blobs" / "tmp"), [])
            self.store("get", ref, config=config)
            self.assertEqual(len(self.store("list", config=config).json), 1)
            sqlite = self.configure(path=str(mounted / "r.db"), cas={"backend": "sqlite",
                                    "path": str(mounted / "b.db")})
            ran = self.run_it("-c", sqlite, "exec", '[{"step":"limit","n":99999}]',
                              "--input", "rows.ndjson", "--keep")
            self.assertEqual((ran.status, ran.out), (1, ""))
            self.assertRegex(ran.err, r"b\.db: database or disk is full; make room there")
            for name in mounted.glob("b.db*"): # SQLite wants some room to read, too
                name.unlink()
            self.store("get", ref, config=config)
        finally:
            subprocess.run(["umount", mounted], check=True)


class TwoFiles(Kept):
    """Records and blobs in a SQLite file each."""
    storage = {"backend": "sqlite", "path": "results.db",
               "cas": {"backend": "sqlite", "path": "blobs.db"}}


class Redis(Kept):
    storage = {"backend": "redis"}
    folder = process = port = None

    @classmethod
    def setUpClass(cls):
        if shutil.which("redis-server"):
            with socket.socket() as free:
                free.bind(("127.0.0.1", 0))
                cls.port = free.getsockname()[1]
            cls.folder = tempfile.mkdtemp(prefix="agentrun-redis-")
            cls.process = subprocess.Popen(
                ["redis-server", "--port", str(cls.port), "--bind", "127.0.0.1", "--dir",
                 cls.folder, "--save", "", "--appendonly", "yes"],
                stdout=subprocess.DEVNULL)
            for _ in range(200):
                with socket.socket() as probe:
                    if probe.connect_ex(("127.0.0.1", cls.port)) == 0:
                        break
                time.sleep(0.02)

    @classmethod
    def tearDownClass(cls):
        if cls.process:
            cls.process.kill()
            cls.process.wait()
            shutil.rmtree(cls.folder, ignore_errors=True)

    def beside(self):
        return {"redis": {"url": f"redis://127.0.0.1:{self.port}/0"}}

    def setUp(self):
        if not self.process:
            self.skipTest("redis-server is not installed")
        self.command(b"FLUSHALL")
        super().setUp()

    def command(self, words):
        with socket.create_connection(("127.0.0.1", self.port)) as client:
            client.sendall(words + b"\r\n")
            client.recv(100)


    def test_a_redis_that_is_full(self):
        if "cas" in self.storage:
            self.skipTest("it is about both in Redis")
        ref = self.job()["result_ref"]
        self.file("rows.ndjson", '{"a":"%s"}\n' % ("x" * 100) * 60000)
        self.command(b"CONFIG SET maxmemory 4mb")
        try:
            ran = self.run_it("-c", self.config, "exec", '[{"step":"limit","n":99999}]',
                              "--input", "rows.ndjson", "--keep")
        finally:
            self.command(b"CONFIG SET maxmemory 0")
        self.assertEqual((ran.status, ran.out), (1, ""))
        self.assertRegex(ran.err, r"\Aagentrun: [^\n]*memory[^\n]*\n\Z")
        self.store("get", ref)
        self.assertEqual(len(self.store("list").json), 1)


class RedisFiles(Redis):
    """Records in Redis, blobs as files."""
    storage = {"backend": "redis", "cas": {"backend": "fs", "path": "blobs"}}


class RedisBlobs(Redis):
    """Records in SQLite, blobs in Redis."""
    storage = {"backend": "sqlite", "path": "results.db", "cas": {"backend": "redis"}}


class Postgres(Kept):
    storage = {"backend": "postgres"}
    server = None

    @classmethod
    def setUpClass(cls):
        if PostgresServer.is_there():
            cls.server = PostgresServer().open()

    @classmethod
    def tearDownClass(cls):
        if cls.server:
            cls.server.close()

    def setUp(self):
        if not self.server:
            self.skipTest("PostgreSQL is not installed")
        self.server.sql("SET client_min_messages = warning; DROP SCHEMA public CASCADE;"
                        "CREATE SCHEMA public")
        self.storage = {**type(self).storage, "url": self.server.url}
        super().setUp()

    def test_the_table_is_there_for_others(self):
        self.job()
        self.assertEqual(self.server.sql(
            "SELECT job_id, result_data->0->>'id', tool_calls->0->'function'->>'name',"
            " cache_hit, tokens_used, completed_at >= created_at - interval '1 minute'"
            " FROM agent_results"), "job-1|3|execute_pipeline|f|0|t")
        self.assertEqual(self.server.sql(
            "SELECT string_agg(column_name || ' ' || data_type, ',' ORDER BY column_name)"
            " FROM information_schema.columns WHERE table_name = 'agent_results' AND"
            " column_name IN ('result_data','error','tool_calls','created_at','cache_hit')"),
            "cache_hit boolean,created_at timestamp with time zone,error jsonb,"
            "result_data jsonb,tool_calls jsonb")

    def test_a_row_of_another_program_is_read(self):
        self.store("migrate")
        self.server.sql("INSERT INTO agent_results (result_id, job_id, result_data, status)"
                        " VALUES ('other', 'j', '[{\"a\": 1}]', 'completed')")
        self.assertEqual(json.loads(self.store("get", "artifact://other").out), [{"a": 1}])
        self.assertEqual(self.job("j")["result_ref"], "artifact://other")

    def test_a_table_that_is_there_is_taken(self):
        self.server.sql(
            "CREATE TABLE agent_results (result_id UUID PRIMARY KEY, job_id TEXT UNIQUE,"
            " run_id TEXT, node_id TEXT, result_data JSONB, cas_id TEXT, s3_ref TEXT,"
            " status VARCHAR(20), error JSONB, tool_calls JSONB, tokens_used INT, cache_hit"
            " BOOLEAN, execution_time_ms INT, llm_model TEXT, created_at TIMESTAMPTZ,"
            " completed_at TIMESTAMPTZ)")
        self.store("migrate")
        result = self.job()
        self.assertEqual(result["status"], "completed", result)
        self.store("get", result["result_ref"])
        self.assertEqual(len(self.store("list").json), 1)
        self.fails(6, "-c", self.config, "store", "get", "artifact://no-uuid")

    def test_tables_of_another_version(self):
        self.job()
        self.server.sql("INSERT INTO agent_schema VALUES (999, now())")
        self.fails(1, "-c", self.config, "store", "list", says="newer version")
        self.fails(1, "-c", self.config, "store", "migrate", says="newer version")

    def test_nobody_there(self):
        config = self.configure(url="postgresql://127.0.0.1:1/x", timeout_sec=2)
        self.fails(5, "-c", config, "store", "list", says="PostgreSQL: .*refused")
        config = self.configure(url=self.server.url.replace("/postgres?", "/none?"))
        self.fails(5, "-c", config, "store", "list", says="\"none\" does not exist")
        self.fails(5, "-c", self.configure(url="nonsense"), "store", "list",
                   says="PostgreSQL: ")
        with socket.create_server(("127.0.0.1", 0)) as silent: # it takes calls, and is silent
            url = "postgresql://127.0.0.1:%d/x" % silent.getsockname()[1]
            began = time.monotonic()
            self.fails(5, "-c", self.configure(url=url, timeout_sec=1), "store", "list",
                       says="no connection .* within 1000 ms")
            self.assertLess(time.monotonic() - began, 10)

    def test_a_statement_that_takes_too_long(self):
        self.job()
        lock = subprocess.Popen(
            [os.path.join(self.server.programs, "psql"), "-XAtq", "-d", self.server.url, "-c",
             "BEGIN; LOCK agent_results; SELECT 'locked'; SELECT pg_sleep(10)"],
            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        time.sleep(0.5)
        try:
            self.fails(1, "-c", self.configure(timeout_sec=1), "store", "list",
                       says="timeout")
        finally:
            lock.kill()
            lock.communicate()

    def test_a_full_disk(self):
        if type(self) is not Postgres:
            self.skipTest("blobs are elsewhere")
        server = PostgresServer(durable=True)
        self.addCleanup(server.close)
        mounted = self.dir / "full"
        mounted.mkdir()
        if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=90m,mode=777", "tmpfs", mounted],
                          capture_output=True, check=False).returncode:
            self.skipTest("no small file system can be mounted here")
        try:
            server.data = str(mounted / "data")
            server.open("-X", os.path.join(server.dir, "wal"))
            config = self.configure(url=server.url, max_inline_bytes=10)
            ref = self.job(config=config)["result_ref"]
            with open(self.dir / "rows.ndjson", "w", encoding="utf-8") as out:
                for i in range(100000):
                    out.write('"%d %s"\n' % (i, os.urandom(400).hex()))
            ran = self.run_it("-c", config, "exec", '[{"step":"limit","n":999999}]',
                              "--input", "rows.ndjson", "--keep", timeout=120)
            self.assertEqual((ran.status, ran.out), (1, ""))
            self.assertRegex(ran.err, r"No space left on device \(SQLSTATE 53100\); make room")
            self.store("get", ref, config=config)
            self.assertEqual(server.sql("SELECT count(*), (SELECT count(*) FROM agent_blobs)"
                                        " FROM agent_results"), "1|1")
        finally:
            server.stop(signal.SIGQUIT)
            subprocess.run(["umount", mounted], check=True)

    def across_a_restart(self, before):
        """The server restarts while a result is on its way."""
        fifo = self.dir / "fifo"
        if not fifo.exists():
            os.mkfifo(fifo)
        process = self.start("-c", self.config, "exec", '[{"step":"offset","n":0}]',
                             "--input", fifo, "--input-format", "ndjson", "--keep")
        with open(fifo, "w", encoding="utf-8") as out:
            out.write(before)
            out.flush()
            time.sleep(0.5)
            self.server.stop()
            self.server.start()
            try:
                out.write("[1]\n" * 1000000)
            except BrokenPipeError:
                pass
        out, err = process.communicate()
        return process.returncode, out, err

    def test_it_connects_anew(self):
        self.job("before")
        self.assertEqual(self.across_a_restart("[1]\n")[0], 0)
        # What was put already went with the connection.
        status, out, err = self.across_a_restart('"%s"\n' % ("x" * 1000) * 12000)
        self.assertEqual((status, out), (5, b""))
        self.assertRegex(err, rb"\Aagentrun: [^\n]*PostgreSQL: [^\n]*\n\Z")
        self.job("after")
        self.assertEqual(len(self.store("list").json), 3)


class PostgresFiles(Postgres):
    """Records in PostgreSQL, blobs as files."""
    storage = {"backend": "postgres", "cas": {"backend": "fs", "path": "blobs"}}
    test_it_connects_anew = None


del Kept
