/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
/* Records. What the JSON columns hold, and what beside them, is said in
 * agentrun/postgres.h. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include <agentrun/postgres.h>
#include <agentrun/sys/options.h>

#include "pg.h"

/* Of these tables. A field that a newer library adds has no column in them. */
#define COLUMNS (AGENTRUN_RECORD_COMPLETED_AT + 1)
#define HEX_LEN 64

struct call {
	const agentrun_record *const *records;
	size_t n;
	agentrun_buf *ids;
	agentrun_record *into;
	agentrun_records *list;
	const agentrun_store_query *query;
	int field;
	const char *key;
	uint64_t removed;
	const char *digests;
	unsigned char *named;
};

static bool is_json(int field)
{
	return field == AGENTRUN_RECORD_RESULT_DATA || field == AGENTRUN_RECORD_ERROR ||
		field == AGENTRUN_RECORD_TOOL_CALLS;
}

/* ---- put ------------------------------------------------------------------ */

#define SET(name) name " = EXCLUDED." name
/* A completed record stays; another one gives way. */
static const char insert[] =
	"INSERT INTO agent_results (result_id, job_id, run_id, node_id, result_data, cas_id,"
	" s3_ref, status, error, tool_calls, tokens_used, cache_hit, execution_time_ms,"
	" llm_model, created_at, completed_at, result_exact, error_exact, tool_calls_exact)"
	" VALUES ($1, $2, $3, $4, agent_jsonb($5), $6, $7, $8, agent_jsonb($9),"
	" agent_jsonb($10), $11, $12, $13, $14, $15, $16, $5, $9, $10)"
	" ON CONFLICT (job_id) DO UPDATE SET " SET("result_id") ", " SET("run_id") ", "
	SET("node_id") ", " SET("result_data") ", " SET("cas_id") ", " SET("s3_ref") ", "
	SET("status") ", " SET("error") ", " SET("tool_calls") ", " SET("tokens_used") ", "
	SET("cache_hit") ", " SET("execution_time_ms") ", " SET("llm_model") ", "
	SET("created_at") ", " SET("completed_at") ", " SET("result_exact") ", "
	SET("error_exact") ", " SET("tool_calls_exact")
	" WHERE agent_results.status IS DISTINCT FROM 'completed' RETURNING result_id::text";
#undef SET

static int take_id(const PGresult *result, agentrun_buf *id, agentrun_error **err)
{
	return agentrun_buf_set(id, PQgetvalue(result, 0, 0),
		(size_t)PQgetlength(result, 0, 0)) < 0 ? pg_oom(err) : 0;
}

/* 1: there is a completed one, which stays. */
static int insert_one(struct pg_conn *conn, const agentrun_record *record,
	agentrun_buf *id, agentrun_error **err)
{
	struct pg_params params = { .n = 0 };
	PGresult *result;
	int r;

	for (int i = 0; i < COLUMNS; i++) {
		size_t len = 0;
		const char *text = agentrun_record_get(record, i, &len);

		if (text && is_json(i))
			pg_bytes(&params, text, len);
		else
			pg_text(&params, text);
	}
	r = pg_exec(conn, &result, insert, &params, err);
	if (r == 0)
		r = PQntuples(result) ? take_id(result, id, err) : 1;
	PQclear(result);
	return r;
}

/* 1: it is gone meanwhile. */
static int kept_one(struct pg_conn *conn, const agentrun_record *record, agentrun_buf *id,
	agentrun_error **err)
{
	struct pg_params params = { .n = 0 };
	PGresult *result;
	int r;

	pg_text(&params, agentrun_record_get(record, AGENTRUN_RECORD_JOB_ID, NULL));
	r = pg_exec(conn, &result, "SELECT result_id::text FROM agent_results WHERE job_id = $1",
		&params, err);
	if (r == 0)
		r = PQntuples(result) ? take_id(result, id, err) : 1;
	PQclear(result);
	return r;
}

static int put_one(struct pg_conn *conn, const agentrun_record *record, agentrun_buf *id,
	agentrun_error **err)
{
	int r;

	do {
		r = insert_one(conn, record, id, err);
		if (r == 1)
			r = kept_one(conn, record, id, err);
	} while (r == 1);
	return r;
}

static int put(struct pg_store *s, struct pg_conn *conn, void *user, agentrun_error **err)
{
	const struct call *c = user;
	int r = c->n > 1 ? pg_do(conn, "BEGIN", NULL, NULL, err) : 0;

	(void)s;
	for (size_t i = 0; r == 0 && i < c->n; i++)
		r = put_one(conn, c->records[i], &c->ids[i], err);
	if (r == 0 && c->n > 1)
		r = pg_do(conn, "COMMIT", NULL, NULL, err);
	return r;
}

static int pg_put(void *self, agentrun_buf *result_ids,
	const agentrun_record *const *records, size_t n, agentrun_error **err)
{
	struct call c = { .records = records, .n = n, .ids = result_ids };

	return pg_run(self, put, &c, err);
}

/* ---- get ------------------------------------------------------------------ */

#define EXACT(exact, json) "COALESCE(" exact ", convert_to(" json "::text, 'UTF8'))"
#define TIME(name) "to_char(" name " AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.MS\"Z\"')"
/* In the order of the fields; `data` is the result's. */
#define SELECT(data) \
	"SELECT result_id::text, job_id::text, run_id::text, node_id::text, " data ", cas_id," \
	" s3_ref, status::text, " EXACT("error_exact", "error") ", " \
	EXACT("tool_calls_exact", "tool_calls") ", tokens_used::text, cache_hit::text," \
	" execution_time_ms::text, llm_model, " TIME("created_at") ", " TIME("completed_at") \
	" FROM agent_results "

static int read_row(agentrun_record *into, const PGresult *result, int row,
	agentrun_error **err)
{
	for (int i = 0; i < COLUMNS; i++)
		if (!PQgetisnull(result, row, i) &&
			agentrun_record_set(into, i, PQgetvalue(result, row, i),
				(size_t)PQgetlength(result, row, i)) < 0)
			return pg_oom(err);
	return 0;
}

static int get(struct pg_store *s, struct pg_conn *conn, void *user, agentrun_error **err)
{
	const struct call *c = user;
	struct pg_params params = { .n = 0 };
	PGresult *result;
	int r;

	(void)s;
	pg_text(&params, c->key);
	r = pg_exec(conn, &result, c->field == AGENTRUN_RECORD_JOB_ID
		? SELECT(EXACT("result_exact", "result_data")) "WHERE job_id = $1"
		: SELECT(EXACT("result_exact", "result_data")) "WHERE result_id = $1", &params, err);
	if (r == 0 && !PQntuples(result))
		r = agentrun_error_raise(err, AGENTRUN_ENOTFOUND, "no record has the %s %.100s",
			agentrun_record_field_name(c->field), c->key);
	else if (r == 0)
		r = read_row(c->into, result, 0, err);
	PQclear(result);
	return r;
}

static int pg_get(void *self, agentrun_record *into, int field, const char *key,
	agentrun_error **err)
{
	struct call c = { .into = into, .field = field, .key = key };

	return pg_run(self, get, &c, err);
}

/* ---- list ----------------------------------------------------------------- */

#define ID "(result_id::text COLLATE \"C\")"

static int list(struct pg_store *s, struct pg_conn *conn, void *user, agentrun_error **err)
{
	static const char sql[] = SELECT("NULL::text")
		"WHERE ($1::text IS NULL OR run_id = $1) AND ($2::text IS NULL OR node_id = $2)"
		" AND ($3::text IS NULL OR status = $3)"
		" AND ($4::timestamptz IS NULL OR created_at >= $4::timestamptz)"
		" AND ($5::timestamptz IS NULL OR date_trunc('milliseconds', created_at) <"
		" $5::timestamptz OR (date_trunc('milliseconds', created_at) = $5::timestamptz AND "
		ID " < $6::text))"
		" ORDER BY created_at DESC, " ID " DESC LIMIT $7::bigint OFFSET $8::bigint";
	const struct call *c = user;
	const agentrun_store_query *q = c->query;
	struct pg_params params = { .n = 0 };
	PGresult *result;
	int r;

	(void)s;
	pg_text(&params, q->run_id);
	pg_text(&params, q->node_id);
	pg_text(&params, q->status);
	pg_text(&params, q->since);
	pg_text(&params, q->after_created_at);
	pg_text(&params, q->after_result_id);
	if (q->limit)
		pg_number(&params, (int64_t)q->limit);
	else
		pg_text(&params, NULL);
	pg_number(&params, (int64_t)q->offset);
	r = pg_exec(conn, &result, sql, &params, err);
	for (int i = 0; r == 0 && i < PQntuples(result); i++) {
		agentrun_record *record = NULL;

		r = agentrun_record_new(&record, err);
		if (r == 0)
			r = read_row(record, result, i, err);
		if (r == 0 && agentrun_records_add(c->list, record) < 0)
			r = pg_oom(err);
		if (r < 0)
			agentrun_record_free(record);
	}
	PQclear(result);
	return r;
}

static int pg_list(void *self, agentrun_records *into, const agentrun_store_query *query,
	agentrun_error **err)
{
	agentrun_store_query q = { .struct_size = sizeof(q) };
	struct call c = { .list = into, .query = &q };
	int r = agentrun_options_read(&q, sizeof(q), query, "agentrun_store_query", err);

	return r < 0 ? r : pg_run(self, list, &c, err);
}

/* ---- keeping house -------------------------------------------------------- */

static int remove_records(struct pg_store *s, struct pg_conn *conn, void *user,
	agentrun_error **err)
{
	struct call *c = user;
	struct pg_params params = { .n = 0 };
	uint64_t n = 1;
	int r = 0;

	(void)s;
	pg_text(&params, c->key);
	/* Some at a time: each statement has to be done within the timeout. */
	while (r == 0 && n) {
		r = pg_do(conn, "DELETE FROM agent_results WHERE result_id IN (SELECT result_id"
			" FROM agent_results WHERE created_at < $1 LIMIT 5000)", &params, &n, err);
		c->removed += r == 0 ? n : 0;
	}
	return r;
}

static int pg_remove_records(void *self, uint64_t *removed, const char *before,
	agentrun_error **err)
{
	struct call c = { .key = before };
	int r = pg_run(self, remove_records, &c, err);

	*removed = r == 0 ? c.removed : 0;
	return r;
}

/* As PostgreSQL writes an array. */
static int write_ids(agentrun_buf *out, const char *digests, size_t n, agentrun_error **err)
{
	int r = agentrun_buf_append(out, "{", 1);

	for (size_t i = 0; r == 0 && i < n; i++) {
		r = i ? agentrun_buf_append(out, ",sha256:", 8)
		      : agentrun_buf_append(out, "sha256:", 7);
		if (r == 0)
			r = agentrun_buf_append(out, digests + i * HEX_LEN, HEX_LEN);
	}
	return r < 0 || agentrun_buf_append(out, "}", 1) < 0 ? pg_oom(err) : 0;
}

static int mark_blobs(struct pg_store *s, struct pg_conn *conn, void *user,
	agentrun_error **err)
{
	const struct call *c = user;
	struct pg_params params = { .n = 0 };
	agentrun_buf ids = AGENTRUN_BUF_INIT;
	PGresult *result = NULL;
	int r = write_ids(&ids, c->digests, c->n, err);

	(void)s;
	pg_text(&params, ids.data);
	if (r == 0)
		r = pg_exec(conn, &result, "SELECT (t.i - 1)::text FROM unnest($1::text[])"
			" WITH ORDINALITY AS t (id, i) WHERE EXISTS"
			" (SELECT FROM agent_results WHERE cas_id = t.id)", &params, err);
	for (int i = 0; r == 0 && i < PQntuples(result); i++)
		c->named[strtoul(PQgetvalue(result, i, 0), NULL, 10)] = 1;
	PQclear(result);
	agentrun_buf_dispose(&ids);
	return r;
}

static int pg_mark_blobs(void *self, const char *digests, size_t n, unsigned char *named,
	agentrun_error **err)
{
	struct call c = { .digests = digests, .n = n, .named = named };

	return pg_run(self, mark_blobs, &c, err);
}

static void pg_destroy(void *self)
{
	pg_clear(self);
	free(self);
}

static const agentrun_store_impl store_impl = {
	.version = AGENTRUN_STORE_IMPL_VERSION,
	.struct_size = sizeof(store_impl),
	.name = "postgres",
	.put = pg_put,
	.get = pg_get,
	.list = pg_list,
	.put_blob = pg_put_blob,
	.get_blob = pg_get_blob,
	.destroy = pg_destroy,
	.migrate = pg_migrate,
	.blob_begin = pg_blob_begin,
	.blob_add = pg_blob_add,
	.blob_finish = pg_blob_finish,
	.blob_drop = pg_blob_drop,
	.read_blob = pg_read_blob,
	.remove_records = pg_remove_records,
	.mark_blobs = pg_mark_blobs,
	.list_blobs = pg_list_blobs,
	.remove_blob = pg_remove_blob,
};

static const agentrun_postgres_store_options defaults = { .timeout_ms = 30000,
	.max_connections = 8 };

void agentrun_postgres_store_options_init(agentrun_postgres_store_options *opts,
	size_t struct_size)
{
	agentrun_options_init(opts, struct_size, &defaults, sizeof(defaults));
}

int agentrun_postgres_store_new(agentrun_store **out,
	const agentrun_postgres_store_options *opts_in, agentrun_error **err)
{
	agentrun_postgres_store_options opts = defaults;
	struct pg_store *s;
	int r;

	*out = NULL;
	r = agentrun_options_read(&opts, sizeof(opts), opts_in,
		"agentrun_postgres_store_options", err);
	if (r == 0 && (opts.timeout_ms < 1 || !opts.max_connections))
		r = agentrun_error_raise(err, AGENTRUN_EINVAL,
			"agentrun_postgres_store_options: timeout_ms and max_connections are at "
			"least 1");
	if (r < 0)
		return r;
	s = calloc(1, sizeof(*s));
	if (!s || pg_init(s) < 0) {
		free(s);
		return pg_oom(err);
	}
	s->timeout_ms = opts.timeout_ms;
	s->max_connections = opts.max_connections;
	if (opts.url) {
		s->url = strdup(opts.url);
		r = s->url ? 0 : pg_oom(err);
	}
	if (r == 0)
		r = agentrun_store_new(out, &store_impl, s, opts.store, err);
	if (r < 0)
		pg_destroy(s);
	return r;
}
