/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
/*
 * A blob is a row of agent_blobs and its parts, which are known by the number of the
 * upload that brought them. An upload is a transaction on a connection of its own:
 * whoever is killed leaves nothing.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pg.h"

#define PART ((size_t)1 << 20)
#define HEX_LEN 64
#define LIST_MAX 1000

struct upload {
	struct pg_conn *conn;
	char number[24];
	int64_t size;
};

/* ---- in ------------------------------------------------------------------- */

static int begin(struct upload *up, agentrun_error **err)
{
	PGresult *result = NULL;
	int r = pg_do(up->conn, "BEGIN", NULL, NULL, err);

	if (r == 0)
		r = pg_exec(up->conn, &result, "SELECT nextval('agent_blob_uploads')::text", NULL,
			err);
	if (r == 0)
		snprintf(up->number, sizeof(up->number), "%s", PQgetvalue(result, 0, 0));
	PQclear(result);
	return r;
}

static int add_parts(struct upload *up, const char *data, size_t len, agentrun_error **err)
{
	int r = 0;

	while (r == 0 && len) {
		size_t n = len < PART ? len : PART;
		struct pg_params params = { .n = 0 };

		pg_text(&params, up->number);
		pg_number(&params, up->size);
		pg_bytes(&params, data, n);
		r = pg_do(up->conn, "INSERT INTO agent_blob_parts (upload, at, data)"
			" VALUES ($1, $2, $3)", &params, NULL, err);
		up->size += (int64_t)n;
		data += n;
		len -= n;
	}
	return r;
}

/* Where another upload of the same bytes came first, its parts stay. */
static int commit(struct upload *up, const char *hex, agentrun_error **err)
{
	struct pg_params params = { .n = 0 }, mine = { .n = 0 };
	PGresult *result = NULL;
	bool first = true;
	int r;

	pg_text(&params, hex);
	pg_text(&params, up->number);
	pg_number(&params, up->size);
	r = pg_exec(up->conn, &result, "INSERT INTO agent_blobs (sha256, upload, size, put_at)"
		" VALUES ($1, $2, $3, clock_timestamp())"
		" ON CONFLICT (sha256) DO UPDATE SET put_at = clock_timestamp()"
		" RETURNING upload::text", &params, err);
	if (r == 0)
		first = strcmp(PQgetvalue(result, 0, 0), up->number) == 0;
	PQclear(result);
	pg_text(&mine, up->number);
	if (r == 0 && !first)
		r = pg_do(up->conn, "DELETE FROM agent_blob_parts WHERE upload = $1", &mine, NULL,
			err);
	return r < 0 ? r : pg_do(up->conn, "COMMIT", NULL, NULL, err);
}

struct blob {
	const char *hex, *data;
	size_t len;
	agentrun_buf *out;
	char *to;
	uint64_t offset;
	size_t cap, got;
	int64_t before_ms;
	int removed;
	agentrun_buf *digests, *cursor;
};

/* One that is there is young again. */
static int put(struct pg_store *s, struct pg_conn *conn, void *user, agentrun_error **err)
{
	const struct blob *b = user;
	struct upload up = { .conn = conn };
	struct pg_params params = { .n = 0 };
	uint64_t there = 0;
	int r;

	(void)s;
	pg_text(&params, b->hex);
	pg_number(&params, (int64_t)b->len);
	r = pg_do(conn, "UPDATE agent_blobs SET put_at = clock_timestamp()"
		" WHERE sha256 = $1 AND size = $2", &params, &there, err);
	if (r < 0 || there)
		return r;
	r = begin(&up, err);
	if (r == 0)
		r = add_parts(&up, b->data, b->len, err);
	return r < 0 ? r : commit(&up, b->hex, err);
}

int pg_put_blob(void *self, const char *hex, const char *data, size_t len,
	agentrun_error **err)
{
	struct blob b = { .hex = hex, .data = data, .len = len };

	return pg_run(self, put, &b, err);
}

/* See that a server and its tables are there. */
static int nothing(struct pg_store *s, struct pg_conn *conn, void *user,
	agentrun_error **err)
{
	(void)s, (void)conn, (void)user, (void)err;
	return 0;
}

int pg_blob_begin(void *self, void **out_upload, agentrun_error **err)
{
	struct upload *up = calloc(1, sizeof(*up));
	int r;

	*out_upload = NULL;
	if (!up)
		return pg_oom(err);
	r = pg_run(self, nothing, NULL, err);
	if (r == 0)
		r = pg_take(self, &up->conn, true, err);
	if (r == 0)
		r = begin(up, err);
	if (r < 0)
		pg_blob_drop(self, up);
	else
		*out_upload = up;
	return r;
}

int pg_blob_add(void *self, void *upload, const char *data, size_t len,
	agentrun_error **err)
{
	(void)self;
	return add_parts(upload, data, len, err);
}

int pg_blob_finish(void *self, void *take_upload, const char *hex, agentrun_error **err)
{
	struct upload *up = take_upload;
	int r = commit(up, hex, err);

	pg_blob_drop(self, up);
	return r;
}

void pg_blob_drop(void *self, void *take_upload)
{
	struct upload *up = take_upload;

	pg_give(self, up->conn); /* rolls back what is not committed */
	free(up);
}

/* ---- out ------------------------------------------------------------------ */

static int no_blob(const char *hex, agentrun_error **err)
{
	return agentrun_error_raise(err, AGENTRUN_ENOTFOUND, "no blob is named %.100s", hex);
}

static int read_some(struct pg_store *s, struct pg_conn *conn, void *user,
	agentrun_error **err)
{
	struct blob *b = user;
	size_t n = 1;
	int r = 0;

	(void)s;
	b->got = 0;
	while (r == 0 && n && b->got < b->cap) {
		struct pg_params params = { .n = 0 };
		PGresult *result;

		pg_text(&params, b->hex);
		pg_number(&params, (int64_t)(b->offset + b->got));
		pg_number(&params, (int64_t)(b->cap - b->got < PART ? b->cap - b->got : PART));
		r = pg_exec(conn, &result, "SELECT (SELECT substring(p.data"
			" FROM ($2::bigint - p.at)::int + 1 FOR $3::int) FROM agent_blob_parts p"
			" WHERE p.upload = b.upload AND p.at <= $2::bigint"
			" AND p.at > $2::bigint - 1073741824 ORDER BY p.at DESC LIMIT 1)"
			" FROM agent_blobs b WHERE b.sha256 = $1", &params, err);
		if (r == 0 && !PQntuples(result)) {
			r = no_blob(b->hex, err);
		} else if (r == 0) {
			n = (size_t)PQgetlength(result, 0, 0);
			memcpy(b->to + b->got, PQgetvalue(result, 0, 0), n);
			b->got += n;
		}
		PQclear(result);
	}
	return r;
}

int pg_read_blob(void *self, const char *hex, uint64_t offset, char *to, size_t cap,
	size_t *len, agentrun_error **err)
{
	struct blob b = { .hex = hex, .to = to, .offset = offset, .cap = cap };
	int r = pg_run(self, read_some, &b, err);

	*len = r == 0 ? b.got : 0;
	return r;
}

static int get(struct pg_store *s, struct pg_conn *conn, void *user, agentrun_error **err)
{
	struct blob *b = user;
	struct pg_params params = { .n = 0 };
	PGresult *result;
	int r;

	pg_text(&params, b->hex);
	r = pg_exec(conn, &result, "SELECT size::text FROM agent_blobs WHERE sha256 = $1",
		&params, err);
	if (r == 0 && !PQntuples(result))
		r = no_blob(b->hex, err);
	if (r == 0) {
		b->cap = (size_t)strtoull(PQgetvalue(result, 0, 0), NULL, 10);
		free(b->to);
		b->to = malloc(b->cap + 1);
		r = b->to ? read_some(s, conn, b, err) : pg_oom(err);
	}
	PQclear(result);
	return r;
}

int pg_get_blob(void *self, agentrun_buf *out, const char *hex, agentrun_error **err)
{
	struct blob b = { .hex = hex };
	int r = pg_run(self, get, &b, err);

	if (r < 0) {
		free(b.to);
		return r;
	}
	agentrun_buf_dispose(out);
	b.to[b.got] = '\0';
	out->data = b.to;
	out->len = b.got;
	return 0;
}

/* ---- keeping house -------------------------------------------------------- */

/* The cursor is the last digest. */
static int list(struct pg_store *s, struct pg_conn *conn, void *user, agentrun_error **err)
{
	struct blob *b = user;
	struct pg_params params = { .n = 0 };
	PGresult *result;
	int r, n;

	(void)s;
	pg_text(&params, b->cursor->len ? b->cursor->data : "");
	pg_number(&params, b->before_ms);
	pg_number(&params, LIST_MAX);
	r = pg_exec(conn, &result, "SELECT sha256 FROM agent_blobs WHERE sha256 > $1"
		" AND put_at < to_timestamp($2::bigint / 1000.0) ORDER BY sha256 LIMIT $3", &params,
		err);
	if (r < 0)
		return r;
	n = PQntuples(result);
	agentrun_buf_dispose(b->digests);
	for (int i = 0; r == 0 && i < n; i++)
		if (PQgetlength(result, i, 0) == HEX_LEN &&
			agentrun_buf_append(b->digests, PQgetvalue(result, i, 0), HEX_LEN) < 0)
			r = pg_oom(err);
	agentrun_buf_dispose(b->cursor);
	if (r == 0 && n == LIST_MAX && agentrun_buf_set(b->cursor, PQgetvalue(result, n - 1, 0),
		(size_t)PQgetlength(result, n - 1, 0)) < 0)
		r = pg_oom(err);
	PQclear(result);
	return r;
}

int pg_list_blobs(void *self, agentrun_buf *digests, agentrun_buf *cursor,
	int64_t before_ms, agentrun_error **err)
{
	agentrun_buf some = AGENTRUN_BUF_INIT;
	struct blob b = { .digests = &some, .cursor = cursor, .before_ms = before_ms };
	int r = pg_run(self, list, &b, err);

	if (r == 0 && some.len && agentrun_buf_append(digests, some.data, some.len) < 0)
		r = pg_oom(err);
	agentrun_buf_dispose(&some);
	return r;
}

static int remove_one(struct pg_store *s, struct pg_conn *conn, void *user,
	agentrun_error **err)
{
	struct blob *b = user;
	struct pg_params params = { .n = 0 };
	PGresult *result;
	int r;

	(void)s;
	pg_text(&params, b->hex);
	pg_number(&params, b->before_ms);
	r = pg_exec(conn, &result, "WITH gone AS (DELETE FROM agent_blobs WHERE sha256 = $1"
		" AND put_at < to_timestamp($2::bigint / 1000.0) RETURNING upload),"
		" parts AS (DELETE FROM agent_blob_parts p USING gone"
		" WHERE p.upload = gone.upload)"
		" SELECT count(*)::text FROM gone", &params, err);
	if (r == 0)
		b->removed = *PQgetvalue(result, 0, 0) != '0';
	PQclear(result);
	return r;
}

int pg_remove_blob(void *self, const char *hex, int64_t before_ms, int *removed,
	agentrun_error **err)
{
	struct blob b = { .hex = hex, .before_ms = before_ms };
	int r = pg_run(self, remove_one, &b, err);

	*removed = r == 0 && b.removed;
	return r;
}
