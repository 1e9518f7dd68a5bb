/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
/*
 * One connection a store, used by one thread at a time. Every put is one
 * transaction; WAL with synchronous=FULL makes its end durable.
 */
#include <limits.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sqlite3.h>

#include <agentrun/sqlite.h>
#include <agentrun/sys/error.h>
#include <agentrun/sys/options.h>
#include <agentrun/sys/store.h>

#define SCHEMA_VERSION 1
/* Of that schema. A field that a newer library adds has no column in it. */
#define COLUMNS (AGENTRUN_RECORD_COMPLETED_AT + 1)

struct sqlite_store {
	pthread_mutex_t lock;
	sqlite3 *db;
	char *path;
};

static const char schema[] =
	"CREATE TABLE IF NOT EXISTS agent_results ("
	" result_id TEXT PRIMARY KEY NOT NULL,"
	" job_id TEXT UNIQUE NOT NULL,"
	" run_id TEXT,"
	" node_id TEXT,"
	" result_data TEXT,"
	" cas_id TEXT,"
	" s3_ref TEXT,"
	" status TEXT,"
	" error TEXT,"
	" tool_calls TEXT,"
	" tokens_used INTEGER,"
	" cache_hit TEXT,"
	" execution_time_ms INTEGER,"
	" llm_model TEXT,"
	" created_at TEXT NOT NULL,"
	" completed_at TEXT"
	");"
	"CREATE INDEX IF NOT EXISTS agent_results_created ON agent_results (created_at);"
	"CREATE INDEX IF NOT EXISTS agent_results_run ON agent_results (run_id);"
	"CREATE INDEX IF NOT EXISTS agent_results_cas ON agent_results (cas_id);"
	"CREATE TABLE IF NOT EXISTS cas_blobs ("
	" sha256 TEXT PRIMARY KEY NOT NULL,"
	" data BLOB NOT NULL"
	") WITHOUT ROWID;";

static const char columns[] =
	"result_id, job_id, run_id, node_id, result_data, cas_id, s3_ref, status, error,"
	" tool_calls, tokens_used, cache_hit, execution_time_ms, llm_model, created_at,"
	" completed_at";

/* ---- errors ------------------------------------------------------------- */

static int oom(agentrun_error **err)
{
	return agentrun_error_raise(err, AGENTRUN_ENOMEM, "out of memory");
}

static int fault(struct sqlite_store *s, agentrun_error **err)
{
	int code = s->db ? sqlite3_errcode(s->db) & 0xff : SQLITE_NOMEM;
	int kind = AGENTRUN_ESTORAGE;

	if (code == SQLITE_NOMEM)
		return oom(err);
	if (code == SQLITE_BUSY || code == SQLITE_LOCKED || code == SQLITE_CANTOPEN)
		kind = AGENTRUN_EBACKEND;
	return agentrun_error_raise(err, kind, "%s: %s", s->path, sqlite3_errmsg(s->db));
}

static int run(struct sqlite_store *s, const char *sql, agentrun_error **err)
{
	return sqlite3_exec(s->db, sql, NULL, NULL, NULL) ? fault(s, err) : 0;
}

static int prepare(struct sqlite_store *s, sqlite3_stmt **out, const char *sql,
	agentrun_error **err)
{
	return sqlite3_prepare_v2(s->db, sql, -1, out, NULL) ? fault(s, err) : 0;
}

/* Ends the statement of a single step that gives no row. */
static int finish(struct sqlite_store *s, sqlite3_stmt *stmt, agentrun_error **err)
{
	int r = sqlite3_step(stmt) == SQLITE_DONE ? 0 : fault(s, err);

	sqlite3_finalize(stmt);
	return r;
}

static void bind(sqlite3_stmt *stmt, int at, const char *text, size_t len)
{
	if (text)
		sqlite3_bind_text64(stmt, at, text, len, SQLITE_STATIC, SQLITE_UTF8);
}

/* ---- records ------------------------------------------------------------ */

static int insert(struct sqlite_store *s, const agentrun_record *record,
	agentrun_error **err)
{
	char sql[512];
	sqlite3_stmt *stmt;
	int r;

	snprintf(sql, sizeof(sql), "INSERT INTO agent_results (%s) VALUES"
		" (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?) ON CONFLICT (job_id) DO NOTHING", columns);
	r = prepare(s, &stmt, sql, err);
	if (r < 0)
		return r;
	for (int i = 0; i < COLUMNS; i++) {
		size_t len = 0;
		const char *text = agentrun_record_get(record, i, &len);

		bind(stmt, i + 1, text, len);
	}
	return finish(s, stmt, err);
}

/* A job that has not completed may be tried again: its record gives way. */
static int remove_unfinished(struct sqlite_store *s, const agentrun_record *record,
	agentrun_error **err)
{
	size_t len = 0;
	const char *job = agentrun_record_get(record, AGENTRUN_RECORD_JOB_ID, &len);
	sqlite3_stmt *stmt;
	int r = prepare(s, &stmt, "DELETE FROM agent_results WHERE job_id = ?"
		" AND status IS NOT 'completed'", err);

	if (r < 0)
		return r;
	bind(stmt, 1, job, len);
	return finish(s, stmt, err);
}

static int kept_id(struct sqlite_store *s, const agentrun_record *record,
	agentrun_buf *out, agentrun_error **err)
{
	size_t len = 0;
	const char *job = agentrun_record_get(record, AGENTRUN_RECORD_JOB_ID, &len);
	sqlite3_stmt *stmt;
	int r = prepare(s, &stmt, "SELECT result_id FROM agent_results WHERE job_id = ?", err);

	if (r < 0)
		return r;
	bind(stmt, 1, job, len);
	if (sqlite3_step(stmt) != SQLITE_ROW)
		r = fault(s, err);
	else if (agentrun_buf_set(out, (const char *)sqlite3_column_text(stmt, 0),
		(size_t)sqlite3_column_bytes(stmt, 0)) < 0)
		r = oom(err);
	sqlite3_finalize(stmt);
	return r;
}

static int sqlite_put(void *self, agentrun_buf *result_ids,
	const agentrun_record *const *records, size_t n, agentrun_error **err)
{
	struct sqlite_store *s = self;
	int r;

	pthread_mutex_lock(&s->lock);
	r = run(s, "BEGIN IMMEDIATE", err);
	if (r == 0) {
		for (size_t i = 0; r == 0 && i < n; i++) {
			r = remove_unfinished(s, records[i], err);
			if (r == 0)
				r = insert(s, records[i], err);
			if (r == 0)
				r = kept_id(s, records[i], &result_ids[i], err);
		}
		if (r == 0)
			r = run(s, "COMMIT", err);
		if (r < 0 && !sqlite3_get_autocommit(s->db))
			sqlite3_exec(s->db, "ROLLBACK", NULL, NULL, NULL);
	}
	pthread_mutex_unlock(&s->lock);
	return r;
}

static int read_row(struct sqlite_store *s, sqlite3_stmt *stmt,
	agentrun_record *into, agentrun_error **err)
{
	for (int i = 0; i < COLUMNS; i++) {
		const char *text = (const char *)sqlite3_column_text(stmt, i);

		if (!text && sqlite3_column_type(stmt, i) != SQLITE_NULL)
			return fault(s, err);
		if (agentrun_record_set(into, i, text,
			(size_t)sqlite3_column_bytes(stmt, i)) < 0)
			return oom(err);
	}
	return 0;
}

static int sqlite_get(void *self, agentrun_record *into, int field, const char *key,
	agentrun_error **err)
{
	struct sqlite_store *s = self;
	const char *name = agentrun_record_field_name(field);
	sqlite3_stmt *stmt;
	char sql[400];
	int r, step;

	snprintf(sql, sizeof(sql), "SELECT %s FROM agent_results WHERE %s = ?", columns, name);
	pthread_mutex_lock(&s->lock);
	r = prepare(s, &stmt, sql, err);
	if (r == 0) {
		bind(stmt, 1, key, strlen(key));
		step = sqlite3_step(stmt);
		if (step == SQLITE_ROW)
			r = read_row(s, stmt, into, err);
		else if (step == SQLITE_DONE)
			r = agentrun_error_raise(err, AGENTRUN_ENOTFOUND,
				"no record has the %s %.100s", name, key);
		else
			r = fault(s, err);
		sqlite3_finalize(stmt);
	}
	pthread_mutex_unlock(&s->lock);
	return r;
}

static int add_row(struct sqlite_store *s, sqlite3_stmt *stmt, agentrun_records *into,
	agentrun_error **err)
{
	agentrun_record *record = NULL;
	int r = agentrun_record_new(&record, err);

	if (r == 0)
		r = read_row(s, stmt, record, err);
	if (r == 0)
		agentrun_record_set(record, AGENTRUN_RECORD_RESULT_DATA, NULL, 0);
	if (r == 0 && agentrun_records_add(into, record) < 0)
		r = oom(err);
	if (r < 0)
		agentrun_record_free(record);
	return r;
}

static int sqlite_list(void *self, agentrun_records *into,
	const agentrun_store_query *query, agentrun_error **err)
{
	static const char sql[] =
		"SELECT result_id, job_id, run_id, node_id, NULL, cas_id, s3_ref, status, error,"
		" tool_calls, tokens_used, cache_hit, execution_time_ms, llm_model, created_at,"
		" completed_at FROM agent_results"
		" WHERE (?1 IS NULL OR run_id = ?1) AND (?2 IS NULL OR node_id = ?2)"
		" AND (?3 IS NULL OR status = ?3) AND (?4 IS NULL OR created_at >= ?4)"
		" ORDER BY created_at DESC, rowid DESC LIMIT ?5 OFFSET ?6";
	agentrun_store_query q = { .struct_size = sizeof(q) };
	struct sqlite_store *s = self;
	const char *wanted[4];
	sqlite3_stmt *stmt;
	int r = agentrun_options_read(&q, sizeof(q), query, "agentrun_store_query", err), step;

	if (r < 0)
		return r;
	wanted[0] = q.run_id;
	wanted[1] = q.node_id;
	wanted[2] = q.status;
	wanted[3] = q.since;
	pthread_mutex_lock(&s->lock);
	r = prepare(s, &stmt, sql, err);
	if (r == 0) {
		for (int i = 0; i < 4; i++)
			bind(stmt, i + 1, wanted[i], wanted[i] ? strlen(wanted[i]) : 0);
		sqlite3_bind_int64(stmt, 5, q.limit ? (sqlite3_int64)q.limit : -1);
		sqlite3_bind_int64(stmt, 6, (sqlite3_int64)q.offset);
		while ((step = sqlite3_step(stmt)) == SQLITE_ROW && r == 0)
			r = add_row(s, stmt, into, err);
		if (r == 0 && step != SQLITE_DONE)
			r = fault(s, err);
		sqlite3_finalize(stmt);
	}
	pthread_mutex_unlock(&s->lock);
	return r;
}

/* ---- blobs -------------------------------------------------------------- */

static int sqlite_put_blob(void *self, const char *hex, const char *data, size_t len,
	agentrun_error **err)
{
	struct sqlite_store *s = self;
	sqlite3_stmt *stmt;
	int r;

	pthread_mutex_lock(&s->lock);
	r = prepare(s, &stmt, "INSERT INTO cas_blobs (sha256, data) VALUES (?, ?)"
		" ON CONFLICT (sha256) DO NOTHING", err);
	if (r == 0) {
		bind(stmt, 1, hex, strlen(hex));
		if (sqlite3_bind_blob64(stmt, 2, len ? data : "", len, SQLITE_STATIC)) {
			sqlite3_finalize(stmt);
			r = agentrun_error_raise(err, AGENTRUN_ESTORAGE,
				"%s: a blob of %zu bytes is too large for SQLite", s->path, len);
		} else {
			r = finish(s, stmt, err);
		}
	}
	pthread_mutex_unlock(&s->lock);
	return r;
}

static int sqlite_get_blob(void *self, agentrun_buf *out, const char *hex,
	agentrun_error **err)
{
	struct sqlite_store *s = self;
	sqlite3_stmt *stmt;
	int r, step;

	pthread_mutex_lock(&s->lock);
	r = prepare(s, &stmt, "SELECT data FROM cas_blobs WHERE sha256 = ?", err);
	if (r == 0) {
		bind(stmt, 1, hex, strlen(hex));
		step = sqlite3_step(stmt);
		if (step == SQLITE_DONE)
			r = agentrun_error_raise(err, AGENTRUN_ENOTFOUND,
				"no blob is named %.100s", hex);
		else if (step != SQLITE_ROW)
			r = fault(s, err);
		else if (agentrun_buf_set(out, sqlite3_column_blob(stmt, 0),
			(size_t)sqlite3_column_bytes(stmt, 0)) < 0)
			r = oom(err);
		sqlite3_finalize(stmt);
	}
	pthread_mutex_unlock(&s->lock);
	return r;
}

/* ---- keeping house ------------------------------------------------------ */

static int sqlite_gc(void *self, uint64_t *records_removed, uint64_t *blobs_removed,
	const char *before, agentrun_error **err)
{
	struct sqlite_store *s = self;
	sqlite3_stmt *stmt;
	int r;

	pthread_mutex_lock(&s->lock);
	r = prepare(s, &stmt, "DELETE FROM agent_results WHERE created_at < ?", err);
	if (r == 0) {
		bind(stmt, 1, before, before ? strlen(before) : 0);
		r = finish(s, stmt, err);
	}
	if (r == 0) {
		*records_removed = (uint64_t)sqlite3_changes64(s->db);
		r = run(s, "DELETE FROM cas_blobs WHERE NOT EXISTS (SELECT 1 FROM agent_results"
			" WHERE cas_id = 'sha256:' || sha256)", err);
	}
	if (r == 0)
		*blobs_removed = (uint64_t)sqlite3_changes64(s->db);
	pthread_mutex_unlock(&s->lock);
	return r;
}

static int read_version(struct sqlite_store *s, int *version, agentrun_error **err)
{
	sqlite3_stmt *stmt;
	int r = prepare(s, &stmt, "PRAGMA user_version", err);

	if (r < 0)
		return r;
	if (sqlite3_step(stmt) == SQLITE_ROW)
		*version = sqlite3_column_int(stmt, 0);
	else
		r = fault(s, err);
	sqlite3_finalize(stmt);
	return r;
}

static int sqlite_migrate(void *self, agentrun_error **err)
{
	struct sqlite_store *s = self;
	int version = 0, r;
	char sql[64];

	pthread_mutex_lock(&s->lock);
	r = read_version(s, &version, err);
	if (r == 0 && version > SCHEMA_VERSION)
		r = agentrun_error_raise(err, AGENTRUN_ESTORAGE,
			"%s was made by a newer version (schema %d, this one knows %d)",
			s->path, version, SCHEMA_VERSION);
	if (r == 0 && version < SCHEMA_VERSION) {
		snprintf(sql, sizeof(sql), "PRAGMA user_version = %d", SCHEMA_VERSION);
		r = run(s, "BEGIN IMMEDIATE", err);
		if (r == 0)
			r = run(s, schema, err);
		if (r == 0)
			r = run(s, sql, err);
		if (r == 0)
			r = run(s, "COMMIT", err);
		if (r < 0 && !sqlite3_get_autocommit(s->db))
			sqlite3_exec(s->db, "ROLLBACK", NULL, NULL, NULL);
	}
	pthread_mutex_unlock(&s->lock);
	return r;
}

static void sqlite_destroy(void *self)
{
	struct sqlite_store *s = self;

	sqlite3_close(s->db);
	free(s->path);
	pthread_mutex_destroy(&s->lock);
	free(s);
}

static const agentrun_store_impl store_impl = {
	.version = AGENTRUN_STORE_IMPL_VERSION,
	.struct_size = sizeof(store_impl),
	.name = "sqlite",
	.put = sqlite_put,
	.get = sqlite_get,
	.list = sqlite_list,
	.put_blob = sqlite_put_blob,
	.get_blob = sqlite_get_blob,
	.destroy = sqlite_destroy,
	.migrate = sqlite_migrate,
	.gc = sqlite_gc,
};

void agentrun_sqlite_store_options_init(agentrun_sqlite_store_options *opts,
	size_t struct_size)
{
	const agentrun_sqlite_store_options defaults = { .path = "agentrun.db",
		.busy_timeout_ms = 5000 };

	agentrun_options_init(opts, struct_size, &defaults, sizeof(defaults));
}

static int open_file(struct sqlite_store *s, const agentrun_sqlite_store_options *opts,
	agentrun_error **err)
{
	int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX;
	int r;

	s->path = strdup(opts->path);
	if (!s->path)
		return oom(err);
	if (sqlite3_open_v2(s->path, &s->db, flags, NULL))
		return fault(s, err);
	sqlite3_extended_result_codes(s->db, 1);
	sqlite3_busy_timeout(s->db,
		opts->busy_timeout_ms < INT_MAX ? (int)opts->busy_timeout_ms : INT_MAX);
	r = run(s, "PRAGMA journal_mode = WAL", err);
	if (r == 0)
		r = run(s, "PRAGMA synchronous = FULL", err);
	return r < 0 ? r : sqlite_migrate(s, err);
}

int agentrun_sqlite_store_new(agentrun_store **out,
	const agentrun_sqlite_store_options *opts_in, agentrun_error **err)
{
	agentrun_sqlite_store_options opts;
	struct sqlite_store *s;
	int r;

	*out = NULL;
	agentrun_sqlite_store_options_init(&opts, sizeof(opts));
	r = agentrun_options_read(&opts, sizeof(opts), opts_in,
		"agentrun_sqlite_store_options", err);
	if (r < 0)
		return r;
	if (!opts.path)
		return agentrun_error_raise(err, AGENTRUN_EINVAL,
			"agentrun_sqlite_store_options.path is not set");
	s = calloc(1, sizeof(*s));
	if (!s)
		return oom(err);
	pthread_mutex_init(&s->lock, NULL);
	r = open_file(s, &opts, err);
	if (r == 0)
		r = agentrun_store_new(out, &store_impl, s, opts.store, err);
	if (r < 0)
		sqlite_destroy(s);
	return r;
}
