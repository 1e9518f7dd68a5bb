/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
/*
 * Records, and the table of functions. One connection a store, used by one thread at a
 * time. Every put is one transaction; WAL with synchronous=FULL makes its end durable.
 */
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <agentrun/sqlite.h>
#include <agentrun/sys/options.h>

#include "sqlite.h"

/* Of that schema. A field that a newer library adds has no column in it. */
#define COLUMNS (AGENTRUN_RECORD_COMPLETED_AT + 1)
#define HEX_LEN 64
#define NAP_MS 5

static const char columns[] =
	"result_id, job_id, run_id, node_id, result_data, cas_id, s3_ref, status, error,"
	" tool_calls, tokens_used, cache_hit, execution_time_ms, llm_model, created_at,"
	" completed_at";

/* ---- records ------------------------------------------------------------ */

static int insert(struct sqlite_store *s, const agentrun_record *record,
	agentrun_error **err)
{
	char sql[512];
	sqlite3_stmt *stmt;
	int r;

	snprintf(sql, sizeof(sql), "INSERT INTO agent_results (%s) VALUES"
		" (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?) ON CONFLICT (job_id) DO NOTHING", columns);
	r = sqlite_prepare(s, &stmt, sql, err);
	if (r < 0)
		return r;
	for (int i = 0; i < COLUMNS; i++) {
		size_t len = 0;
		const char *text = agentrun_record_get(record, i, &len);

		sqlite_bind(stmt, i + 1, text, len);
	}
	return sqlite_finish(s, stmt, err);
}

/* A job that has not completed may be tried again: its record gives way. */
static int remove_unfinished(struct sqlite_store *s, const agentrun_record *record,
	agentrun_error **err)
{
	size_t len = 0;
	const char *job = agentrun_record_get(record, AGENTRUN_RECORD_JOB_ID, &len);
	sqlite3_stmt *stmt;
	int r = sqlite_prepare(s, &stmt, "DELETE FROM agent_results WHERE job_id = ?"
		" AND status IS NOT 'completed'", err);

	if (r < 0)
		return r;
	sqlite_bind(stmt, 1, job, len);
	return sqlite_finish(s, stmt, err);
}

static int kept_id(struct sqlite_store *s, const agentrun_record *record,
	agentrun_buf *out, agentrun_error **err)
{
	size_t len = 0;
	const char *job = agentrun_record_get(record, AGENTRUN_RECORD_JOB_ID, &len);
	sqlite3_stmt *stmt;
	int r = sqlite_prepare(s, &stmt, "SELECT result_id FROM agent_results WHERE job_id = ?", err);

	if (r < 0)
		return r;
	sqlite_bind(stmt, 1, job, len);
	if (sqlite3_step(stmt) != SQLITE_ROW)
		r = sqlite_fault(s, err);
	else if (agentrun_buf_set(out, (const char *)sqlite3_column_text(stmt, 0),
		(size_t)sqlite3_column_bytes(stmt, 0)) < 0)
		r = sqlite_oom(err);
	sqlite3_finalize(stmt);
	return r;
}

static int sqlite_put(void *self, agentrun_buf *result_ids,
	const agentrun_record *const *records, size_t n, agentrun_error **err)
{
	struct sqlite_store *s = self;
	int r;

	pthread_mutex_lock(&s->lock);
	r = sqlite_run(s, "BEGIN IMMEDIATE", err);
	for (size_t i = 0; r == 0 && i < n; i++) {
		r = remove_unfinished(s, records[i], err);
		if (r == 0)
			r = insert(s, records[i], err);
		if (r == 0)
			r = kept_id(s, records[i], &result_ids[i], err);
	}
	r = sqlite_end(s, r, err);
	pthread_mutex_unlock(&s->lock);
	return r;
}

static int read_row(struct sqlite_store *s, sqlite3_stmt *stmt,
	agentrun_record *into, agentrun_error **err)
{
	for (int i = 0; i < COLUMNS; i++) {
		const char *text = (const char *)sqlite3_column_text(stmt, i);

		if (!text && sqlite3_column_type(stmt, i) != SQLITE_NULL)
			return sqlite_fault(s, err);
		if (agentrun_record_set(into, i, text,
			(size_t)sqlite3_column_bytes(stmt, i)) < 0)
			return sqlite_oom(err);
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
	r = sqlite_prepare(s, &stmt, sql, err);
	if (r == 0) {
		sqlite_bind(stmt, 1, key, strlen(key));
		step = sqlite3_step(stmt);
		if (step == SQLITE_ROW)
			r = read_row(s, stmt, into, err);
		else if (step == SQLITE_DONE)
			r = agentrun_error_raise(err, AGENTRUN_ENOTFOUND,
				"no record has the %s %.100s", name, key);
		else
			r = sqlite_fault(s, err);
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
		r = sqlite_oom(err);
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
		" AND (?5 IS NULL OR (created_at, result_id) < (?5, ?6))"
		" ORDER BY created_at DESC, result_id DESC LIMIT ?7 OFFSET ?8";
	agentrun_store_query q = { .struct_size = sizeof(q) };
	struct sqlite_store *s = self;
	const char *wanted[6];
	sqlite3_stmt *stmt;
	int r = agentrun_options_read(&q, sizeof(q), query, "agentrun_store_query", err), step;

	if (r < 0)
		return r;
	wanted[0] = q.run_id;
	wanted[1] = q.node_id;
	wanted[2] = q.status;
	wanted[3] = q.since;
	wanted[4] = q.after_created_at;
	wanted[5] = q.after_result_id;
	pthread_mutex_lock(&s->lock);
	r = sqlite_prepare(s, &stmt, sql, err);
	if (r == 0) {
		for (int i = 0; i < 6; i++)
			sqlite_bind(stmt, i + 1, wanted[i], wanted[i] ? strlen(wanted[i]) : 0);
		sqlite3_bind_int64(stmt, 7, q.limit ? (sqlite3_int64)q.limit : -1);
		sqlite3_bind_int64(stmt, 8, (sqlite3_int64)q.offset);
		while ((step = sqlite3_step(stmt)) == SQLITE_ROW && r == 0)
			r = add_row(s, stmt, into, err);
		if (r == 0 && step != SQLITE_DONE)
			r = sqlite_fault(s, err);
		sqlite3_finalize(stmt);
	}
	pthread_mutex_unlock(&s->lock);
	return r;
}

/* ---- keeping house ------------------------------------------------------ */

static int sqlite_remove_records(void *self, uint64_t *removed, const char *before,
	agentrun_error **err)
{
	struct sqlite_store *s = self;
	sqlite3_stmt *stmt;
	int r;

	pthread_mutex_lock(&s->lock);
	r = sqlite_prepare(s, &stmt, "DELETE FROM agent_results WHERE created_at < ?", err);
	if (r == 0) {
		sqlite_bind(stmt, 1, before, strlen(before));
		r = sqlite_finish(s, stmt, err);
	}
	if (r == 0)
		*removed = (uint64_t)sqlite3_changes64(s->db);
	pthread_mutex_unlock(&s->lock);
	return r;
}

static int mark(struct sqlite_store *s, sqlite3_stmt *stmt, const char *digests, size_t n,
	unsigned char *named, agentrun_error **err)
{
	int step = SQLITE_DONE;

	for (size_t i = 0; i < n && (step == SQLITE_ROW || step == SQLITE_DONE); i++) {
		sqlite_bind(stmt, 1, digests + i * HEX_LEN, HEX_LEN);
		step = sqlite3_step(stmt);
		named[i] = step == SQLITE_ROW;
		if (step == SQLITE_ROW || step == SQLITE_DONE)
			sqlite3_reset(stmt);
	}
	return step == SQLITE_ROW || step == SQLITE_DONE ? 0 : sqlite_fault(s, err);
}

static int sqlite_mark_blobs(void *self, const char *digests, size_t n,
	unsigned char *named, agentrun_error **err)
{
	struct sqlite_store *s = self;
	sqlite3_stmt *stmt;
	int r;

	pthread_mutex_lock(&s->lock);
	r = sqlite_prepare(s, &stmt,
		"SELECT 1 FROM agent_results WHERE cas_id = 'sha256:' || ? LIMIT 1", err);
	if (r == 0) {
		r = mark(s, stmt, digests, n, named, err);
		sqlite3_finalize(stmt);
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
	.destroy = sqlite_destroy,
	.migrate = sqlite_migrate,
	.blob_begin = sqlite_blob_begin,
	.blob_add = sqlite_blob_add,
	.blob_finish = sqlite_blob_finish,
	.blob_drop = sqlite_blob_drop,
	.read_blob = sqlite_read_blob,
	.remove_records = sqlite_remove_records,
	.mark_blobs = sqlite_mark_blobs,
	.list_blobs = sqlite_list_blobs,
	.remove_blob = sqlite_remove_blob,
};

void agentrun_sqlite_store_options_init(agentrun_sqlite_store_options *opts,
	size_t struct_size)
{
	const agentrun_sqlite_store_options defaults = { .path = "agentrun.db",
		.busy_timeout_ms = 5000 };

	agentrun_options_init(opts, struct_size, &defaults, sizeof(defaults));
}

/* While others make the file a WAL one, or mend it after a crash, SQLite says "locked" at
 * once, whatever the time-out: so the time is waited out here. */
static int use_wal(struct sqlite_store *s, int64_t timeout_ms, agentrun_error **err)
{
	const struct timespec nap = { .tv_nsec = NAP_MS * 1000000L };

	for (int64_t waited = 0;; waited += NAP_MS) {
		int r = sqlite3_exec(s->db, "PRAGMA journal_mode = WAL", NULL, NULL, NULL);

		if (!r)
			return 0;
		if ((r & 0xff) != SQLITE_BUSY || waited >= timeout_ms)
			return sqlite_fault(s, err);
		nanosleep(&nap, NULL);
	}
}

static int open_file(struct sqlite_store *s, const agentrun_sqlite_store_options *opts,
	agentrun_error **err)
{
	int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX;
	int r;

	s->path = strdup(opts->path);
	if (!s->path)
		return sqlite_oom(err);
	if (sqlite3_open_v2(s->path, &s->db, flags, NULL))
		return sqlite_fault(s, err);
	sqlite3_extended_result_codes(s->db, 1);
	sqlite3_busy_timeout(s->db,
		opts->busy_timeout_ms < INT_MAX ? (int)opts->busy_timeout_ms : INT_MAX);
	r = use_wal(s, opts->busy_timeout_ms, err);
	if (r == 0)
		r = sqlite_run(s, "PRAGMA synchronous = FULL", err);
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
		return sqlite_oom(err);
	pthread_mutex_init(&s->lock, NULL);
	r = open_file(s, &opts, err);
	if (r == 0)
		r = agentrun_store_new(out, &store_impl, s, opts.store, err);
	if (r < 0)
		sqlite_destroy(s);
	return r;
}
