/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
/*
 * A blob is a string. One that comes in parts grows under a key of its own, which
 * expires when nothing is added any more, and gets its name at the end. What is sent
 * again after a lost connection changes nothing.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "queue.h"
#include "store.h"

#define BLOB "cas:sha256:"
#define PART ((size_t)1 << 20)
#define UPLOAD_MS 3600000 /* it lives so long after the last part */
#define MOST ((uint64_t)512 << 20) /* of a string in Redis */

struct upload {
	char number[24];
	uint64_t size;
};

/* One call, to be done again after a lost connection. */
struct call {
	const struct redis_store *s;
	const char *hex, *data;
	size_t len;
	struct upload *up;
	agentrun_buf *out, *digests, *cursor;
	char *to;
	uint64_t offset;
	int64_t before_ms;
	int removed;
	size_t got;
};

static int64_t now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_REALTIME, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* Send a command whose last key could be written (`r` is 0). */
static int answer(redis_conn *conn, int r, redisReply **out, agentrun_error **err)
{
	if (r == 0)
		return redis_conn_call(conn, out, err);
	conn->broken = true;
	return r;
}

/* ---- in ------------------------------------------------------------------- */

static int put(void *user, redis_conn *conn, agentrun_error **err)
{
	const struct call *c = user;
	redisReply *reply = NULL;
	int r;

	redis_conn_script(conn, REDIS_STORE_BLOB_PUT, 1, 4);
	r = redis_write_key(conn, BLOB, c->hex, err);
	redis_conn_word(conn, c->s->base);
	redis_conn_word(conn, c->hex);
	redis_conn_int(conn, now_ms());
	redis_conn_bytes(conn, c->data, c->len);
	r = answer(conn, r, &reply, err);
	freeReplyObject(reply);
	return r;
}

static int begin(void *user, redis_conn *conn, agentrun_error **err)
{
	const struct call *c = user;
	redisReply *reply = NULL;
	int r;

	redis_conn_begin(conn, 2);
	redis_conn_word(conn, "INCR");
	r = redis_write_key(conn, c->s->uploads, "number", err);
	r = answer(conn, r, &reply, err);
	if (r == 0)
		snprintf(c->up->number, sizeof(c->up->number), "%lld", reply->integer);
	freeReplyObject(reply);
	return r;
}

static int is_gone(agentrun_error **err)
{
	return agentrun_error_raise(err, AGENTRUN_EBACKEND,
		"a blob was removed while it was put, as nothing was added to it for long");
}

static int add(void *user, redis_conn *conn, agentrun_error **err)
{
	const struct call *c = user;
	redisReply *reply = NULL;
	int r;

	redis_conn_script(conn, REDIS_STORE_BLOB_ADD, 1, 3);
	r = redis_write_key(conn, c->s->uploads, c->up->number, err);
	redis_conn_int(conn, (int64_t)c->up->size);
	redis_conn_bytes(conn, c->data, c->len);
	redis_conn_int(conn, UPLOAD_MS);
	r = answer(conn, r, &reply, err);
	if (r == 0 && !reply->integer) {
		conn->once = true; /* not to be tried again */
		r = is_gone(err);
	}
	freeReplyObject(reply);
	return r;
}

static int finish(void *user, redis_conn *conn, agentrun_error **err)
{
	const struct call *c = user;
	redisReply *reply = NULL;
	int r;

	redis_conn_script(conn, REDIS_STORE_BLOB_FINISH, 2, 4);
	r = redis_write_key(conn, c->s->uploads, c->up->number, err);
	if (r == 0)
		r = redis_write_key(conn, BLOB, c->hex, err);
	redis_conn_word(conn, c->s->base);
	redis_conn_word(conn, c->hex);
	redis_conn_int(conn, now_ms());
	redis_conn_int(conn, (int64_t)c->up->size);
	r = answer(conn, r, &reply, err);
	if (r == 0 && !reply->integer) {
		conn->once = true;
		r = is_gone(err);
	}
	freeReplyObject(reply);
	return r;
}

static int drop(void *user, redis_conn *conn, agentrun_error **err)
{
	const struct call *c = user;
	redisReply *reply = NULL;
	int r;

	redis_conn_begin(conn, 2);
	redis_conn_word(conn, "UNLINK");
	r = redis_write_key(conn, c->s->uploads, c->up->number, err);
	r = answer(conn, r, &reply, err);
	freeReplyObject(reply);
	return r;
}

static int put_whole(struct redis_store *s, const char *hex, const char *data, size_t len,
	agentrun_error **err)
{
	struct call c = { .s = s, .hex = hex, .data = data, .len = len };

	return redis_pool_run(&s->pool, put, &c, err);
}

int redis_put_blob(void *self, const char *hex, const char *data, size_t len,
	agentrun_error **err)
{
	void *up;
	int r;

	if (len <= PART)
		return put_whole(self, hex, data, len, err);
	r = redis_blob_begin(self, &up, err);
	if (!up)
		return r;
	r = redis_blob_add(self, up, data, len, err);
	if (r == 0)
		return redis_blob_finish(self, up, hex, err);
	redis_blob_drop(self, up);
	return r;
}

int redis_blob_begin(void *self, void **out_upload, agentrun_error **err)
{
	struct redis_store *s = self;
	struct upload *up = calloc(1, sizeof(*up));
	struct call c = { .s = s, .up = up };
	int r = up ? redis_pool_run(&s->pool, begin, &c, err) : redis_oom(err);

	if (r < 0) {
		free(up);
		up = NULL;
	}
	*out_upload = up;
	return r;
}

int redis_blob_add(void *self, void *upload, const char *data, size_t len,
	agentrun_error **err)
{
	struct redis_store *s = self;
	struct upload *up = upload;
	struct call c = { .s = s, .up = up };
	int r = 0;

	if (len > MOST - up->size)
		return agentrun_error_raise(err, AGENTRUN_ESTORAGE, "a blob is longer than 512 MiB,"
			" which is the most that Redis keeps: keep blobs elsewhere"
			" (storage.cas.backend)");
	while (r == 0 && len) {
		c.data = data;
		c.len = len < PART ? len : PART;
		r = redis_pool_run(&s->pool, add, &c, err);
		up->size += r == 0 ? c.len : 0;
		data += c.len;
		len -= c.len;
	}
	return r;
}

int redis_blob_finish(void *self, void *take_upload, const char *hex, agentrun_error **err)
{
	struct redis_store *s = self;
	struct upload *up = take_upload;
	struct call c = { .s = s, .up = up, .hex = hex };
	int r = up->size ? redis_pool_run(&s->pool, finish, &c, err)
			 : put_whole(s, hex, "", 0, err);

	if (r < 0)
		redis_blob_drop(s, up);
	else
		free(up);
	return r;
}

void redis_blob_drop(void *self, void *take_upload)
{
	struct redis_store *s = self;
	struct upload *up = take_upload;
	struct call c = { .s = s, .up = up };

	if (up->size)
		redis_pool_run(&s->pool, drop, &c, NULL); /* else it expires */
	free(up);
}

/* ---- out ------------------------------------------------------------------ */

static int no_blob(const struct call *c, agentrun_error **err)
{
	return agentrun_error_raise(err, AGENTRUN_ENOTFOUND, "no blob is named %.100s", c->hex);
}

static int get(void *user, redis_conn *conn, agentrun_error **err)
{
	const struct call *c = user;
	redisReply *reply = NULL;
	int r;

	redis_conn_begin(conn, 2);
	redis_conn_word(conn, "GET");
	r = redis_write_key(conn, BLOB, c->hex, err);
	r = answer(conn, r, &reply, err);
	if (r == 0 && reply->type == REDIS_REPLY_NIL)
		r = no_blob(c, err);
	else if (r == 0 && agentrun_buf_set(c->out, reply->str, reply->len) < 0)
		r = redis_oom(err);
	freeReplyObject(reply);
	return r;
}

int redis_get_blob(void *self, agentrun_buf *out, const char *hex, agentrun_error **err)
{
	struct redis_store *s = self;
	struct call c = { .s = s, .hex = hex, .out = out };

	return redis_pool_run(&s->pool, get, &c, err);
}

static int exists(const struct call *c, redis_conn *conn, agentrun_error **err)
{
	redisReply *reply = NULL;
	int r;

	redis_conn_begin(conn, 2);
	redis_conn_word(conn, "EXISTS");
	r = redis_write_key(conn, BLOB, c->hex, err);
	r = answer(conn, r, &reply, err);
	if (r == 0 && !reply->integer)
		r = no_blob(c, err);
	freeReplyObject(reply);
	return r;
}

static int read_range(void *user, redis_conn *conn, agentrun_error **err)
{
	struct call *c = user;
	redisReply *reply = NULL;
	int r;

	redis_conn_begin(conn, 4);
	redis_conn_word(conn, "GETRANGE");
	r = redis_write_key(conn, BLOB, c->hex, err);
	redis_conn_int(conn, (int64_t)c->offset);
	redis_conn_int(conn, (int64_t)(c->offset + c->len - 1));
	r = answer(conn, r, &reply, err);
	if (r == 0) {
		c->got = reply->len;
		memcpy(c->to, reply->str, reply->len);
	}
	freeReplyObject(reply);
	return r < 0 || c->got ? r : exists(c, conn, err);
}

int redis_read_blob(void *self, const char *hex, uint64_t offset, char *to, size_t cap,
	size_t *len, agentrun_error **err)
{
	struct redis_store *s = self;
	struct call c = { .s = s, .hex = hex };
	int r = 0;

	*len = 0;
	while (r == 0 && *len < cap) {
		c.to = to + *len;
		c.len = cap - *len < PART ? cap - *len : PART;
		c.offset = offset + *len;
		r = redis_pool_run(&s->pool, read_range, &c, err);
		if (r == 0 && !c.got)
			break;
		*len += r == 0 ? c.got : 0;
	}
	return r;
}

/* ---- keeping house -------------------------------------------------------- */

static int list(void *user, redis_conn *conn, agentrun_error **err)
{
	struct call *c = user;
	redisReply *reply = NULL;
	int r;

	redis_conn_script(conn, REDIS_STORE_BLOB_LIST, 0, 3);
	redis_conn_word(conn, c->s->base);
	redis_conn_word(conn, c->cursor->len ? c->cursor->data : "0");
	redis_conn_int(conn, c->before_ms);
	r = redis_conn_call(conn, &reply, err);
	for (size_t i = 1; r == 0 && i < reply->elements; i++)
		if (reply->element[i]->len == REDIS_HEX_LEN && agentrun_buf_append(c->digests,
			reply->element[i]->str, REDIS_HEX_LEN) < 0)
			r = redis_oom(err);
	if (r == 0) {
		const redisReply *next = reply->element[0];

		agentrun_buf_dispose(c->cursor);
		if (strcmp(next->str, "0") != 0 &&
			agentrun_buf_set(c->cursor, next->str, next->len) < 0)
			r = redis_oom(err);
	}
	freeReplyObject(reply);
	return r;
}

int redis_list_blobs(void *self, agentrun_buf *digests, agentrun_buf *cursor,
	int64_t before_ms, agentrun_error **err)
{
	struct redis_store *s = self;
	struct call c = { .s = s, .digests = digests, .cursor = cursor,
		.before_ms = before_ms };

	return redis_pool_run(&s->pool, list, &c, err);
}

static int remove_one(void *user, redis_conn *conn, agentrun_error **err)
{
	struct call *c = user;
	redisReply *reply = NULL;
	int r;

	redis_conn_script(conn, REDIS_STORE_BLOB_REMOVE, 1, 3);
	r = redis_write_key(conn, BLOB, c->hex, err);
	redis_conn_word(conn, c->s->base);
	redis_conn_word(conn, c->hex);
	redis_conn_int(conn, c->before_ms);
	r = answer(conn, r, &reply, err);
	if (r == 0)
		c->removed = (int)reply->integer;
	freeReplyObject(reply);
	return r;
}

int redis_remove_blob(void *self, const char *hex, int64_t before_ms, int *removed,
	agentrun_error **err)
{
	struct redis_store *s = self;
	struct call c = { .s = s, .hex = hex, .before_ms = before_ms };
	int r = redis_pool_run(&s->pool, remove_one, &c, err);

	*removed = r == 0 && c.removed;
	return r;
}
