/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
/*
 * Records and blobs. What stands under which key is said in agentrun/redis.h. A
 * record's hash has one more field, "#": its member of B:records.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <agentrun/redis.h>
#include <agentrun/sys/options.h>
#include <agentrun/sys/store.h>

#include "options.h"
#include "pool.h"
#include "queue.h"
#include "token.h"

#define STEP 200

struct redis_store {
	redis_pool pool;
	char *base;
	char *record, *record_of, *records, *blobs, *in_use; /* keys, or their beginnings */
};

/* One call, to be done again after a lost connection. */
struct call {
	struct redis_store *s;
	const agentrun_record *const *records;
	size_t n;
	agentrun_buf *out;
	agentrun_record *into;
	agentrun_records *list;
	const agentrun_store_query *query;
	int field;
	const char *key, *data;
	size_t len;
	int64_t before_ms;
	uint64_t removed, blobs_removed;
};

/* A word made of a key's beginning and its end. */
static int write_key(redis_conn *conn, const char *prefix, const char *name,
	agentrun_error **err)
{
	char *key = redis_join(prefix, name);

	if (!key)
		return redis_oom(err);
	redis_conn_word(conn, key);
	free(key);
	return 0;
}

/* ---- put ---------------------------------------------------------------- */

static int write_put(const struct redis_store *s, redis_conn *conn,
	const agentrun_record *record, agentrun_error **err)
{
	size_t fields = 0, len = 0;
	const char *created;
	int r;

	for (int i = 0; i < agentrun_record_field_count(); i++)
		fields += agentrun_record_get(record, i, NULL) != NULL;
	redis_conn_script(conn, REDIS_STORE_PUT, 1, 4 + 2 * fields);
	r = write_key(conn, s->record_of,
		agentrun_record_get(record, AGENTRUN_RECORD_JOB_ID, NULL), err);
	redis_conn_word(conn, s->base);
	redis_conn_word(conn, agentrun_record_get(record, AGENTRUN_RECORD_RESULT_ID, NULL));
	redis_conn_word(conn, agentrun_record_get(record, AGENTRUN_RECORD_JOB_ID, NULL));
	created = agentrun_record_get(record, AGENTRUN_RECORD_CREATED_AT, &len);
	redis_conn_int(conn, created ? redis_time_of(created, len) : 0);
	for (int i = 0; i < agentrun_record_field_count(); i++) {
		const char *text = agentrun_record_get(record, i, &len);

		if (!text)
			continue;
		redis_conn_word(conn, agentrun_record_field_name(i));
		redis_conn_bytes(conn, text, len);
	}
	return r;
}

static int take_ids(struct call *c, redis_conn *conn, const redisReply *reply,
	agentrun_error **err)
{
	for (size_t i = 0; i < c->n && i < reply->elements; i++) {
		const redisReply *id = reply->element[i];
		int r = redis_conn_fault(conn, id, err);

		if (r < 0)
			return r;
		if (agentrun_buf_set(&c->out[i], id->str, id->len) < 0)
			return redis_oom(err);
	}
	return 0;
}

static int put(void *user, redis_conn *conn, agentrun_error **err)
{
	struct call *c = user;
	int r = 0, status = 0;

	redis_conn_begin(conn, 1);
	redis_conn_word(conn, "MULTI");
	for (size_t i = 0; r == 0 && i < c->n; i++)
		r = write_put(c->s, conn, c->records[i], err);
	redis_conn_begin(conn, 1);
	redis_conn_word(conn, "EXEC");
	if (r < 0) {
		conn->broken = true;
		return r;
	}
	r = redis_conn_send(conn, err);
	for (size_t i = 0; r == 0 && i < c->n + 2; i++) {
		redisReply *reply = NULL;

		r = redis_conn_reply(conn, &reply, 0, err);
		if (r == 0 && status == 0)
			status = redis_conn_fault(conn, reply, err);
		if (r == 0 && status == 0 && i == c->n + 1)
			status = take_ids(c, conn, reply, err);
		freeReplyObject(reply);
	}
	return r < 0 ? r : status;
}

static int redis_put(void *self, agentrun_buf *result_ids,
	const agentrun_record *const *records, size_t n, agentrun_error **err)
{
	struct redis_store *s = self;
	struct call c = { .s = s, .records = records, .n = n, .out = result_ids };

	return redis_pool_run(&s->pool, put, &c, err);
}

/* ---- get ---------------------------------------------------------------- */

static int field_of(const char *name)
{
	for (int i = 0; i < agentrun_record_field_count(); i++)
		if (strcmp(agentrun_record_field_name(i), name) == 0)
			return i;
	return -1;
}

static int fill_record(agentrun_record *into, const redisReply *pairs,
	agentrun_error **err)
{
	for (size_t i = 0; i + 1 < pairs->elements; i += 2) {
		int field = field_of(pairs->element[i]->str);

		if (field >= 0 && agentrun_record_set(into, field, pairs->element[i + 1]->str,
			pairs->element[i + 1]->len) < 0)
			return redis_oom(err);
	}
	return 0;
}

static int no_record(const struct call *c, agentrun_error **err)
{
	return agentrun_error_raise(err, AGENTRUN_ENOTFOUND, "no record has the %s %.100s",
		agentrun_record_field_name(c->field), c->key);
}

/* The text at a key; `*out` stays NULL where there is none. */
static int get_text(redis_conn *conn, const char *prefix, const char *name,
	redisReply **out, agentrun_error **err)
{
	int r;

	redis_conn_begin(conn, 2);
	redis_conn_word(conn, "GET");
	r = write_key(conn, prefix, name, err);
	if (r == 0)
		r = redis_conn_call(conn, out, err);
	else
		conn->broken = true;
	if (r == 0 && (*out)->type == REDIS_REPLY_NIL) {
		freeReplyObject(*out);
		*out = NULL;
	}
	return r;
}

static int get(void *user, redis_conn *conn, agentrun_error **err)
{
	struct call *c = user;
	redisReply *id = NULL, *reply = NULL;
	int r = 0;

	if (c->field == AGENTRUN_RECORD_JOB_ID)
		r = get_text(conn, c->s->record_of, c->key, &id, err);
	if (r == 0 && c->field == AGENTRUN_RECORD_JOB_ID && !id)
		r = no_record(c, err);
	if (r == 0) {
		redis_conn_begin(conn, 2);
		redis_conn_word(conn, "HGETALL");
		r = write_key(conn, c->s->record, id ? id->str : c->key, err);
		if (r < 0)
			conn->broken = true;
	}
	if (r == 0)
		r = redis_conn_call(conn, &reply, err);
	if (r == 0 && !reply->elements)
		r = no_record(c, err);
	if (r == 0)
		r = fill_record(c->into, reply, err);
	freeReplyObject(id);
	freeReplyObject(reply);
	return r;
}

static int redis_get(void *self, agentrun_record *into, int field, const char *key,
	agentrun_error **err)
{
	struct redis_store *s = self;
	struct call c = { .s = s, .into = into, .field = field, .key = key };

	return redis_pool_run(&s->pool, get, &c, err);
}

/* ---- list --------------------------------------------------------------- */

static bool says(const agentrun_record *record, int field, const char *want)
{
	const char *have = agentrun_record_get(record, field, NULL);

	return !want || (have && strcmp(have, want) == 0);
}

static bool is_wanted(const agentrun_record *record, const agentrun_store_query *q)
{
	const char *created = agentrun_record_get(record, AGENTRUN_RECORD_CREATED_AT, NULL);

	return says(record, AGENTRUN_RECORD_RUN_ID, q->run_id) &&
		says(record, AGENTRUN_RECORD_NODE_ID, q->node_id) &&
		says(record, AGENTRUN_RECORD_STATUS, q->status) &&
		(!q->since || (created && strcmp(created, q->since) >= 0));
}

/* All fields but the data. */
static int write_fields(const struct redis_store *s, redis_conn *conn, const char *member,
	agentrun_error **err)
{
	const char *id = strchr(member, ':');
	int n = agentrun_record_field_count(), r;

	redis_conn_begin(conn, (size_t)n + 1);
	redis_conn_word(conn, "HMGET");
	r = write_key(conn, s->record, id ? id + 1 : member, err);
	for (int i = 0; i < n; i++)
		if (i != AGENTRUN_RECORD_RESULT_DATA)
			redis_conn_word(conn, agentrun_record_field_name(i));
	return r;
}

static int read_fields(agentrun_record **out, const redisReply *reply,
	agentrun_error **err)
{
	int r = agentrun_record_new(out, err);
	size_t at = 0;

	for (int i = 0; r == 0 && i < agentrun_record_field_count(); i++) {
		const redisReply *value;

		if (i == AGENTRUN_RECORD_RESULT_DATA)
			continue;
		value = at < reply->elements ? reply->element[at++] : NULL;
		if (value && value->type == REDIS_REPLY_STRING &&
			agentrun_record_set(*out, i, value->str, value->len) < 0)
			r = redis_oom(err);
	}
	return r;
}

/* Add what is wanted of it; 1: the list is full. */
static int consider(struct call *c, size_t *skipped, const redisReply *reply,
	agentrun_error **err)
{
	agentrun_record *record = NULL;
	int r = read_fields(&record, reply, err);

	/* Gone meanwhile: it has no id. */
	if (r == 0 && agentrun_record_get(record, AGENTRUN_RECORD_RESULT_ID, NULL) &&
		is_wanted(record, c->query)) {
		if (c->query->limit && agentrun_records_count(c->list) >= c->query->limit)
			r = 1;
		else if (*skipped < c->query->offset)
			(*skipped)++;
		else if (agentrun_records_add(c->list, record) < 0)
			r = redis_oom(err);
		else
			record = NULL;
	}
	agentrun_record_free(record);
	return r;
}

static int list_step(struct call *c, size_t *skipped, const redisReply *members,
	redis_conn *conn, agentrun_error **err)
{
	int r = 0, status = 0;

	for (size_t i = 0; r == 0 && i < members->elements; i++)
		r = write_fields(c->s, conn, members->element[i]->str, err);
	if (r < 0)
		conn->broken = true;
	else
		r = redis_conn_send(conn, err);
	for (size_t i = 0; r == 0 && i < members->elements; i++) {
		redisReply *reply = NULL;

		r = redis_conn_reply(conn, &reply, 0, err);
		if (r == 0 && status == 0)
			status = redis_conn_fault(conn, reply, err);
		if (r == 0 && status == 0)
			status = consider(c, skipped, reply, err);
		freeReplyObject(reply);
	}
	return r < 0 ? r : status;
}

static int list(void *user, redis_conn *conn, agentrun_error **err)
{
	struct call *c = user;
	size_t skipped = 0, n = STEP;
	int r = 0;

	for (size_t at = 0; r == 0 && n == STEP; at += STEP) {
		redisReply *members = NULL;

		redis_conn_begin(conn, 4);
		redis_conn_word(conn, "ZREVRANGE");
		redis_conn_word(conn, c->s->records);
		redis_conn_int(conn, (int64_t)at);
		redis_conn_int(conn, (int64_t)at + STEP - 1);
		r = redis_conn_call(conn, &members, err);
		if (r == 0) {
			n = members->elements;
			r = list_step(c, &skipped, members, conn, err);
		}
		freeReplyObject(members);
	}
	if (agentrun_records_count(c->list) && r == AGENTRUN_EBACKEND)
		conn->once = true; /* half of the list is out */
	return r == 1 ? 0 : r;
}

static int redis_list(void *self, agentrun_records *into,
	const agentrun_store_query *query, agentrun_error **err)
{
	agentrun_store_query q = { .struct_size = sizeof(q) };
	struct redis_store *s = self;
	struct call c = { .s = s, .list = into, .query = &q };
	int r = agentrun_options_read(&q, sizeof(q), query, "agentrun_store_query", err);

	return r < 0 ? r : redis_pool_run(&s->pool, list, &c, err);
}

/* ---- blobs -------------------------------------------------------------- */

#define BLOB "cas:sha256:"

static int put_blob(void *user, redis_conn *conn, agentrun_error **err)
{
	struct call *c = user;
	int r, status = 0;

	redis_conn_begin(conn, 4);
	redis_conn_word(conn, "SET");
	r = write_key(conn, BLOB, c->key, err);
	redis_conn_bytes(conn, c->data, c->len);
	redis_conn_word(conn, "NX");
	redis_conn_begin(conn, 3);
	redis_conn_word(conn, "SADD");
	redis_conn_word(conn, c->s->blobs);
	redis_conn_word(conn, c->key);
	if (r < 0)
		conn->broken = true;
	else
		r = redis_conn_send(conn, err);
	for (int i = 0; r == 0 && i < 2; i++) {
		redisReply *reply = NULL;

		r = redis_conn_reply(conn, &reply, 0, err);
		if (r == 0 && status == 0)
			status = redis_conn_fault(conn, reply, err);
		freeReplyObject(reply);
	}
	return r < 0 ? r : status;
}

static int redis_put_blob(void *self, const char *hex, const char *data, size_t len,
	agentrun_error **err)
{
	struct redis_store *s = self;
	struct call c = { .s = s, .key = hex, .data = data, .len = len };

	return redis_pool_run(&s->pool, put_blob, &c, err);
}

static int get_blob(void *user, redis_conn *conn, agentrun_error **err)
{
	struct call *c = user;
	redisReply *reply = NULL;
	int r = get_text(conn, BLOB, c->key, &reply, err);

	if (r == 0 && !reply)
		r = agentrun_error_raise(err, AGENTRUN_ENOTFOUND, "no blob is named %.100s",
			c->key);
	else if (r == 0 && agentrun_buf_set(c->out, reply->str, reply->len) < 0)
		r = redis_oom(err);
	freeReplyObject(reply);
	return r;
}

static int redis_get_blob(void *self, agentrun_buf *out, const char *hex,
	agentrun_error **err)
{
	struct redis_store *s = self;
	struct call c = { .s = s, .key = hex, .out = out };

	return redis_pool_run(&s->pool, get_blob, &c, err);
}

/* ---- keeping house ------------------------------------------------------ */

static int remove_old(struct call *c, redis_conn *conn, agentrun_error **err)
{
	long long n = 1;
	int r = 0;

	while (r == 0 && n) {
		redisReply *reply = NULL;

		redis_conn_script(conn, REDIS_STORE_GC, 0, 2);
		redis_conn_word(conn, c->s->base);
		redis_conn_int(conn, c->before_ms);
		r = redis_conn_call(conn, &reply, err);
		n = r == 0 ? reply->integer : 0;
		c->removed += (uint64_t)n;
		freeReplyObject(reply);
	}
	return r;
}

/* The name of each blob that a record names, without "sha256:", into a set. */
static int note_used(struct call *c, redis_conn *conn, agentrun_error **err)
{
	agentrun_store_query all = { .struct_size = sizeof(all) };
	struct call each = { .s = c->s, .query = &all };
	redisReply *reply = NULL;
	int r = agentrun_records_new(&each.list, err);

	if (r == 0)
		r = list(&each, conn, err);
	for (size_t i = 0; r == 0 && i < agentrun_records_count(each.list); i++) {
		const char *cas = agentrun_record_get(agentrun_records_at(each.list, i),
			AGENTRUN_RECORD_CAS_ID, NULL);

		if (!cas || strncmp(cas, "sha256:", 7) != 0)
			continue;
		redis_conn_begin(conn, 3);
		redis_conn_word(conn, "SADD");
		redis_conn_word(conn, c->s->in_use);
		redis_conn_word(conn, cas + 7);
		r = redis_conn_call(conn, &reply, err);
		freeReplyObject(reply);
		reply = NULL;
	}
	agentrun_records_free(each.list);
	return r;
}

static int command(redis_conn *conn, const char *name, const char *key, const char *word,
	redisReply **out, agentrun_error **err)
{
	redis_conn_begin(conn, word ? 3 : 2);
	redis_conn_word(conn, name);
	redis_conn_word(conn, key);
	if (word)
		redis_conn_word(conn, word);
	return redis_conn_call(conn, out, err);
}

static int remove_blob(struct call *c, const char *hex, redis_conn *conn,
	agentrun_error **err)
{
	char *key = redis_join(BLOB, hex);
	redisReply *reply = NULL;
	int r = key ? command(conn, "UNLINK", key, NULL, &reply, err) : redis_oom(err);

	free(key);
	freeReplyObject(reply);
	reply = NULL;
	if (r == 0)
		r = command(conn, "SREM", c->s->blobs, hex, &reply, err);
	c->blobs_removed += r == 0 && reply->integer;
	freeReplyObject(reply);
	return r;
}

static int gc(void *user, redis_conn *conn, agentrun_error **err)
{
	struct call *c = user;
	redisReply *reply = NULL;
	int r = c->key ? remove_old(c, conn, err) : 0;

	if (r == 0)
		r = note_used(c, conn, err);
	if (r == 0)
		r = command(conn, "SDIFF", c->s->blobs, c->s->in_use, &reply, err);
	for (size_t i = 0; r == 0 && i < reply->elements; i++)
		r = remove_blob(c, reply->element[i]->str, conn, err);
	freeReplyObject(reply);
	reply = NULL;
	if (r == 0)
		r = command(conn, "UNLINK", c->s->in_use, NULL, &reply, err);
	freeReplyObject(reply);
	return r;
}

static int redis_gc(void *self, uint64_t *records_removed, uint64_t *blobs_removed,
	const char *before, agentrun_error **err)
{
	struct redis_store *s = self;
	struct call c = { .s = s, .key = before,
		.before_ms = before ? redis_time_of(before, strlen(before)) : 0 };
	int r = redis_pool_run(&s->pool, gc, &c, err);

	*records_removed = c.removed;
	*blobs_removed = c.blobs_removed;
	return r;
}

/* There are no tables: nothing to do but to see that it is there. */
static int ping(void *user, redis_conn *conn, agentrun_error **err)
{
	redisReply *reply = NULL;
	int r;

	(void)user;
	redis_conn_begin(conn, 1);
	redis_conn_word(conn, "PING");
	r = redis_conn_call(conn, &reply, err);
	freeReplyObject(reply);
	return r;
}

static int redis_migrate(void *self, agentrun_error **err)
{
	struct redis_store *s = self;

	return redis_pool_run(&s->pool, ping, s, err);
}

static void redis_destroy(void *self)
{
	struct redis_store *s = self;

	redis_pool_free(&s->pool);
	free(s->base);
	free(s->record);
	free(s->record_of);
	free(s->records);
	free(s->blobs);
	free(s->in_use);
	free(s);
}

static const agentrun_store_impl store_impl = {
	.version = AGENTRUN_STORE_IMPL_VERSION,
	.struct_size = sizeof(store_impl),
	.name = "redis",
	.put = redis_put,
	.get = redis_get,
	.list = redis_list,
	.put_blob = redis_put_blob,
	.get_blob = redis_get_blob,
	.destroy = redis_destroy,
	.migrate = redis_migrate,
	.gc = redis_gc,
};

void agentrun_redis_store_options_init(agentrun_redis_store_options *opts,
	size_t struct_size)
{
	const agentrun_redis_store_options defaults = { .url = NULL };

	agentrun_options_init(opts, struct_size, &defaults, sizeof(defaults));
}

static int fill(struct redis_store *s, const agentrun_redis_store_options *opts,
	const agentrun_config *config, agentrun_error **err)
{
	const char *jobs = opts->job_queue ? opts->job_queue
		: agentrun_config_get(config, "redis.job_queue");
	int r = redis_address_of(&s->pool.address, config, opts->url, err);

	if (r < 0)
		return r;
	s->base = redis_base_of(jobs ? jobs : "");
	if (!s->base)
		return redis_oom(err);
	s->record = redis_join(s->base, ":record:");
	s->record_of = redis_join(s->base, ":record-of:");
	s->records = redis_join(s->base, ":records");
	s->blobs = redis_join(s->base, ":blobs");
	s->in_use = redis_join(s->base, ":blobs-in-use");
	return s->record && s->record_of && s->records && s->blobs && s->in_use ? 0
		: redis_oom(err);
}

int agentrun_redis_store_new(agentrun_store **out,
	const agentrun_redis_store_options *opts_in, agentrun_error **err)
{
	agentrun_redis_store_options opts;
	const agentrun_config *config;
	agentrun_config *own = NULL;
	struct redis_store *s;
	int r;

	*out = NULL;
	agentrun_redis_store_options_init(&opts, sizeof(opts));
	r = agentrun_options_read(&opts, sizeof(opts), opts_in,
		"agentrun_redis_store_options", err);
	if (r < 0)
		return r;
	s = calloc(1, sizeof(*s));
	if (!s)
		return redis_oom(err);
	redis_pool_init(&s->pool);
	r = redis_config_of(&config, &own, opts.config, err);
	if (r == 0)
		r = fill(s, &opts, config, err);
	if (r == 0)
		r = agentrun_store_new(out, &store_impl, s, opts.store, err);
	if (r < 0)
		redis_destroy(s);
	agentrun_config_free(own);
	return r;
}
