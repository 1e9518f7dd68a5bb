/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
/*
 * A short blob is a row of cas_blobs; a longer one, or one that comes in parts, is rows
 * of cas_parts. A part is a transaction of its own, so that nobody waits for a long
 * upload to end; the last one makes a blob of them.
 */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "sqlite.h"

#define PART ((size_t)1 << 20)
#define WHOLE (4 * PART) /* longer than this in one piece is put in parts as well */
#define HEX_LEN 64
#define LIST_MAX 1000
#define ABANDONED_MS 60000 /* an upload that was added to since may go on */

struct upload {
	int64_t id, size;
};

static int64_t now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_REALTIME, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* A statement with one or two whole numbers. */
static int do_numbers(struct sqlite_store *s, const char *sql, int64_t a, int64_t b,
	agentrun_error **err)
{
	sqlite3_stmt *stmt;
	int r = sqlite_prepare(s, &stmt, sql, err);

	if (r < 0)
		return r;
	sqlite3_bind_int64(stmt, 1, a);
	if (sqlite3_bind_parameter_count(stmt) > 1)
		sqlite3_bind_int64(stmt, 2, b);
	return sqlite_finish(s, stmt, err);
}

/* ---- in ------------------------------------------------------------------- */

/* 1: it is there, and young again. */
static int renew(struct sqlite_store *s, const char *hex, agentrun_error **err)
{
	sqlite3_stmt *stmt;
	int r = sqlite_prepare(s, &stmt, "UPDATE cas_blobs SET put_ms = ?1 WHERE sha256 = ?2",
		err);

	if (r < 0)
		return r;
	sqlite3_bind_int64(stmt, 1, now_ms());
	sqlite_bind(stmt, 2, hex, HEX_LEN);
	r = sqlite_finish(s, stmt, err);
	return r < 0 ? r : sqlite3_changes64(s->db) != 0;
}

static int insert(struct sqlite_store *s, const char *hex, const char *data, size_t len,
	const struct upload *up, agentrun_error **err)
{
	sqlite3_stmt *stmt;
	int r = sqlite_prepare(s, &stmt, "INSERT INTO cas_blobs (sha256, data, upload, put_ms)"
		" VALUES (?1, ?2, ?3, ?4)", err);

	if (r < 0)
		return r;
	sqlite_bind(stmt, 1, hex, HEX_LEN);
	sqlite3_bind_blob64(stmt, 2, len ? data : "", len, SQLITE_STATIC);
	if (up)
		sqlite3_bind_int64(stmt, 3, up->id);
	sqlite3_bind_int64(stmt, 4, now_ms());
	return sqlite_finish(s, stmt, err);
}

int sqlite_blob_begin(void *self, void **out_upload, agentrun_error **err)
{
	struct sqlite_store *s = self;
	struct upload *up = calloc(1, sizeof(*up));
	int r;

	*out_upload = NULL;
	if (!up)
		return sqlite_oom(err);
	pthread_mutex_lock(&s->lock);
	r = do_numbers(s, "INSERT INTO cas_uploads (added_ms) VALUES (?1)", now_ms(), 0, err);
	up->id = sqlite3_last_insert_rowid(s->db);
	pthread_mutex_unlock(&s->lock);
	if (r < 0)
		free(up);
	else
		*out_upload = up;
	return r;
}

static int is_abandoned(const struct sqlite_store *s, agentrun_error **err)
{
	return agentrun_error_raise(err, AGENTRUN_EBACKEND,
		"%s: a blob was removed while it was put, as nothing was added to it for long",
		s->path);
}

static int insert_part(struct sqlite_store *s, struct upload *up, const char *data,
	size_t len, agentrun_error **err)
{
	sqlite3_stmt *stmt;
	int r = sqlite_prepare(s, &stmt, "INSERT INTO cas_parts (upload, at, data)"
		" VALUES (?1, ?2, ?3)", err);

	if (r < 0)
		return r;
	sqlite3_bind_int64(stmt, 1, up->id);
	sqlite3_bind_int64(stmt, 2, up->size);
	sqlite3_bind_blob64(stmt, 3, data, len, SQLITE_STATIC);
	return sqlite_finish(s, stmt, err);
}

static int add_part(struct sqlite_store *s, struct upload *up, const char *data, size_t len,
	agentrun_error **err)
{
	int r;

	pthread_mutex_lock(&s->lock);
	r = sqlite_run(s, "BEGIN IMMEDIATE", err);
	if (r == 0) {
		r = do_numbers(s, "UPDATE cas_uploads SET added_ms = ?1 WHERE id = ?2", now_ms(),
			up->id, err);
		if (r == 0 && !sqlite3_changes64(s->db))
			r = is_abandoned(s, err);
		if (r == 0)
			r = insert_part(s, up, data, len, err);
		r = sqlite_end(s, r, err);
	}
	pthread_mutex_unlock(&s->lock);
	if (r == 0)
		up->size += (int64_t)len;
	return r;
}

int sqlite_blob_add(void *self, void *upload, const char *data, size_t len,
	agentrun_error **err)
{
	int r = 0;

	while (r == 0 && len) {
		size_t n = len < PART ? len : PART;

		r = add_part(self, upload, data, n, err);
		data += n;
		len -= n;
	}
	return r;
}

static int forget(struct sqlite_store *s, int64_t upload, bool parts, agentrun_error **err)
{
	int r = do_numbers(s, "DELETE FROM cas_uploads WHERE id = ?1", upload, 0, err);

	if (r == 0 && parts)
		r = do_numbers(s, "DELETE FROM cas_parts WHERE upload = ?1", upload, 0, err);
	return r;
}

/* Where another upload of the same bytes came first, its parts stay. */
int sqlite_blob_finish(void *self, void *take_upload, const char *hex, agentrun_error **err)
{
	struct sqlite_store *s = self;
	struct upload *up = take_upload;
	int r, there = 0;

	pthread_mutex_lock(&s->lock);
	r = sqlite_run(s, "BEGIN IMMEDIATE", err);
	if (r == 0) {
		r = there = renew(s, hex, err);
		if (r >= 0)
			r = forget(s, up->id, there == 1, err);
		if (r == 0 && !there && !sqlite3_changes64(s->db))
			r = is_abandoned(s, err);
		if (r == 0 && !there)
			r = insert(s, hex, NULL, 0, up, err);
		r = sqlite_end(s, r, err);
	}
	pthread_mutex_unlock(&s->lock);
	if (r < 0)
		sqlite_blob_drop(s, up);
	else
		free(up);
	return r;
}

void sqlite_blob_drop(void *self, void *take_upload)
{
	struct sqlite_store *s = self;
	struct upload *up = take_upload;

	pthread_mutex_lock(&s->lock);
	if (sqlite_run(s, "BEGIN IMMEDIATE", NULL) == 0)
		sqlite_end(s, forget(s, up->id, true, NULL), NULL);
	pthread_mutex_unlock(&s->lock);
	free(up);
}

static int put_in_parts(struct sqlite_store *s, const char *hex, const char *data,
	size_t len, agentrun_error **err)
{
	void *up;
	int r = sqlite_blob_begin(s, &up, err);

	if (!up)
		return r;
	r = sqlite_blob_add(s, up, data, len, err);
	if (r == 0)
		return sqlite_blob_finish(s, up, hex, err);
	sqlite_blob_drop(s, up);
	return r;
}

int sqlite_put_blob(void *self, const char *hex, const char *data, size_t len,
	agentrun_error **err)
{
	struct sqlite_store *s = self;
	int r, there;

	pthread_mutex_lock(&s->lock);
	r = sqlite_run(s, "BEGIN IMMEDIATE", err);
	there = r;
	if (r == 0) {
		r = there = renew(s, hex, err);
		if (r == 0 && len <= WHOLE)
			r = insert(s, hex, data, len, NULL, err);
		r = sqlite_end(s, r < 0 ? r : 0, err);
	}
	pthread_mutex_unlock(&s->lock);
	return r < 0 || there || len <= WHOLE ? r : put_in_parts(s, hex, data, len, err);
}

/* ---- out ------------------------------------------------------------------ */

static int no_blob(const char *hex, agentrun_error **err)
{
	return agentrun_error_raise(err, AGENTRUN_ENOTFOUND, "no blob is named %.100s", hex);
}

/* Some bytes from `offset` on, of the part that holds it. */
static int read_piece(struct sqlite_store *s, sqlite3_stmt *stmt, const char *hex,
	uint64_t offset, char *to, size_t cap, size_t *len, agentrun_error **err)
{
	int step;

	sqlite_bind(stmt, 1, hex, HEX_LEN);
	sqlite3_bind_int64(stmt, 2, (sqlite3_int64)offset);
	sqlite3_bind_int64(stmt, 3, (sqlite3_int64)(cap < PART ? cap : PART));
	step = sqlite3_step(stmt);
	if (step == SQLITE_DONE)
		return no_blob(hex, err);
	if (step != SQLITE_ROW)
		return sqlite_fault(s, err);
	*len = (size_t)sqlite3_column_bytes(stmt, 0);
	if (*len)
		memcpy(to, sqlite3_column_blob(stmt, 0), *len);
	sqlite3_reset(stmt);
	return 0;
}

int sqlite_read_blob(void *self, const char *hex, uint64_t offset, char *to, size_t cap,
	size_t *len, agentrun_error **err)
{
	static const char sql[] = "SELECT CASE WHEN upload IS NULL THEN substr(data, ?2 + 1, ?3)"
		" ELSE (SELECT substr(p.data, ?2 - p.at + 1, ?3) FROM cas_parts p"
		" WHERE p.upload = b.upload AND p.at <= ?2 ORDER BY p.at DESC LIMIT 1) END"
		" FROM cas_blobs b WHERE sha256 = ?1";
	struct sqlite_store *s = self;
	sqlite3_stmt *stmt;
	size_t n = 1;
	int r;

	*len = 0;
	pthread_mutex_lock(&s->lock);
	r = sqlite_prepare(s, &stmt, sql, err);
	if (r == 0) {
		while (r == 0 && n && *len < cap) {
			r = read_piece(s, stmt, hex, offset + *len, to + *len, cap - *len, &n, err);
			*len += r == 0 ? n : 0;
		}
		sqlite3_finalize(stmt);
	}
	pthread_mutex_unlock(&s->lock);
	return r;
}

/* ---- keeping house -------------------------------------------------------- */

/* Of processes that were killed. */
static int remove_leftovers(struct sqlite_store *s, int64_t before_ms, agentrun_error **err)
{
	int r;

	if (before_ms > now_ms() - ABANDONED_MS)
		before_ms = now_ms() - ABANDONED_MS;
	r = sqlite_run(s, "BEGIN IMMEDIATE", err);
	if (r < 0)
		return r;
	r = do_numbers(s, "DELETE FROM cas_parts WHERE upload IN"
		" (SELECT id FROM cas_uploads WHERE added_ms < ?1)", before_ms, 0, err);
	if (r == 0)
		r = do_numbers(s, "DELETE FROM cas_uploads WHERE added_ms < ?1", before_ms, 0, err);
	return sqlite_end(s, r, err);
}

static int list(struct sqlite_store *s, agentrun_buf *digests, agentrun_buf *cursor,
	int64_t before_ms, agentrun_error **err)
{
	sqlite3_stmt *stmt;
	int step = SQLITE_DONE, n = 0;
	int r = sqlite_prepare(s, &stmt, "SELECT sha256 FROM cas_blobs WHERE sha256 > ?1"
		" AND put_ms < ?2 ORDER BY sha256 LIMIT ?3", err);

	if (r < 0)
		return r;
	sqlite_bind(stmt, 1, cursor->len ? cursor->data : "", cursor->len);
	sqlite3_bind_int64(stmt, 2, before_ms);
	sqlite3_bind_int64(stmt, 3, LIST_MAX);
	while (r == 0 && (step = sqlite3_step(stmt)) == SQLITE_ROW) {
		n++;
		if (sqlite3_column_bytes(stmt, 0) == HEX_LEN && agentrun_buf_append(digests,
			(const char *)sqlite3_column_text(stmt, 0), HEX_LEN) < 0)
			r = sqlite_oom(err);
	}
	if (r == 0 && step != SQLITE_DONE)
		r = sqlite_fault(s, err);
	sqlite3_finalize(stmt);
	agentrun_buf_dispose(cursor);
	if (r == 0 && n == LIST_MAX && digests->len &&
		agentrun_buf_set(cursor, digests->data + digests->len - HEX_LEN, HEX_LEN) < 0)
		r = sqlite_oom(err);
	return r;
}

/* The cursor is the last digest. */
int sqlite_list_blobs(void *self, agentrun_buf *digests, agentrun_buf *cursor,
	int64_t before_ms, agentrun_error **err)
{
	struct sqlite_store *s = self;
	int r;

	pthread_mutex_lock(&s->lock);
	r = cursor->len ? 0 : remove_leftovers(s, before_ms, err);
	if (r == 0)
		r = list(s, digests, cursor, before_ms, err);
	pthread_mutex_unlock(&s->lock);
	return r;
}

static int remove_one(struct sqlite_store *s, const char *hex, int64_t before_ms,
	int *removed, agentrun_error **err)
{
	sqlite3_stmt *stmt;
	int r = sqlite_prepare(s, &stmt, "DELETE FROM cas_parts WHERE upload ="
		" (SELECT upload FROM cas_blobs WHERE sha256 = ?1 AND put_ms < ?2)", err);

	if (r < 0)
		return r;
	sqlite_bind(stmt, 1, hex, HEX_LEN);
	sqlite3_bind_int64(stmt, 2, before_ms);
	r = sqlite_finish(s, stmt, err);
	if (r == 0)
		r = sqlite_prepare(s, &stmt,
			"DELETE FROM cas_blobs WHERE sha256 = ?1 AND put_ms < ?2", err);
	if (r < 0)
		return r;
	sqlite_bind(stmt, 1, hex, HEX_LEN);
	sqlite3_bind_int64(stmt, 2, before_ms);
	r = sqlite_finish(s, stmt, err);
	*removed = r == 0 && sqlite3_changes64(s->db);
	return r;
}

int sqlite_remove_blob(void *self, const char *hex, int64_t before_ms, int *removed,
	agentrun_error **err)
{
	struct sqlite_store *s = self;
	int r;

	*removed = 0;
	pthread_mutex_lock(&s->lock);
	r = sqlite_run(s, "BEGIN IMMEDIATE", err);
	if (r == 0)
		r = sqlite_end(s, remove_one(s, hex, before_ms, removed, err), err);
	pthread_mutex_unlock(&s->lock);
	if (r < 0)
		*removed = 0;
	return r;
}
