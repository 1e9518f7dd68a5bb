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
#include "store.h"
#include "token.h"

#define STEP 200

/* One call, to be done again after a lost connection. */
struct call {
	const struct redis_store *s;
	const agentrun_record *const *records;
	size_t n;
	agentrun_buf *out;
	agentrun_record *into;
	agentrun_records *list;
	const agentrun_store_query *query;
	int field;
	const char *key;
	int64_t before_ms;
	uint64_t removed;
	const char *digests, *const *sorted;
	unsigned char *named;
};

int redis_write_key(redis_conn *conn, const char *prefix, const char *name,
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

static size_t words_of(const agentrun_record *record)
{
	size_t n = 0;

	for (int i = 0; i < agentrun_record_field_count(); i++)
		n += agentrun_record_get(record, i, NULL) != NULL;
	return 2 * n;
}

static void write_record(redis_conn *conn, const agentrun_record *record)
{
	size_t len = 0;
	const char *created = agentrun_record_get(record, AGENTRUN_RECORD_CREATED_AT, &len);

	redis_conn_word(conn, agentrun_record_get(record, AGENTRUN_RECORD_RESULT_ID, NULL));
	redis_conn_int(conn, created ? redis_time_of(created, len) : 0);
	redis_conn_int(conn, (int64_t)words_of(record));
	for (int i = 0; i < agentrun_record_field_count(); i++) {
		const char *text = agentrun_record_get(record, i, &len);

		if (!text)
			continue;
		redis_conn_word(conn, agentrun_record_field_name(i));
		redis_conn_bytes(conn, text, len);
	}
}

static int write_put(const struct call *c, redis_conn *conn, agentrun_error **err)
{
	size_t words = 1 + 3 * c->n;
	int r = 0;

	for (size_t i = 0; i < c->n; i++)
		words += words_of(c->records[i]);
	redis_conn_script(conn, REDIS_STORE_PUT, c->n, words);
	for (size_t i = 0; r == 0 && i < c->n; i++)
		r = redis_write_key(conn, c->s->record_of,
			agentrun_record_get(c->records[i], AGENTRUN_RECORD_JOB_ID, NULL), err);
	redis_conn_word(conn, c->s->base);
	for (size_t i = 0; i < c->n; i++)
		write_record(conn, c->records[i]);
	return r;
}

static int put(void *user, redis_conn *conn, agentrun_error **err)
{
	struct call *c = user;
	redisReply *reply = NULL;
	int r = write_put(c, conn, err);

	if (r < 0) {
		conn->broken = true; /* half of a command is in it */
		return r;
	}
	r = redis_conn_call(conn, &reply, err);
	for (size_t i = 0; r == 0 && i < c->n && i < reply->elements; i++)
		if (agentrun_buf_set(&c->out[i], reply->element[i]->str,
			    reply->element[i]->len) < 0)
			r = redis_oom(err);
	freeReplyObject(reply);
	return r;
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
	r = redis_write_key(conn, prefix, name, err);
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
		r = redis_write_key(conn, c->s->record, id ? id->str : c->key, err);
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

static bool is_behind(const agentrun_record *record, const char *created,
	const agentrun_store_query *q)
{
	const char *id = agentrun_record_get(record, AGENTRUN_RECORD_RESULT_ID, NULL);
	int order = strcmp(created, q->after_created_at);

	return order < 0 || (order == 0 && id && strcmp(id, q->after_result_id) < 0);
}

static bool is_wanted(const agentrun_record *record, const agentrun_store_query *q)
{
	const char *created = agentrun_record_get(record, AGENTRUN_RECORD_CREATED_AT, NULL);

	return says(record, AGENTRUN_RECORD_RUN_ID, q->run_id) &&
		says(record, AGENTRUN_RECORD_NODE_ID, q->node_id) &&
		says(record, AGENTRUN_RECORD_STATUS, q->status) &&
		(!q->since || (created && strcmp(created, q->since) >= 0)) &&
		(!q->after_created_at || (created && is_behind(record, created, q)));
}

/* All fields but the data. */
static int write_fields(const struct redis_store *s, redis_conn *conn, const char *member,
	agentrun_error **err)
{
	const char *id = strchr(member, ':');
	int n = agentrun_record_field_count(), r;

	redis_conn_begin(conn, (size_t)n + 1);
	redis_conn_word(conn, "HMGET");
	r = redis_write_key(conn, s->record, id ? id + 1 : member, err);
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

/* How many records are newer than what the page is to begin behind. */
static int newer(const struct call *c, redis_conn *conn, size_t *n, agentrun_error **err)
{
	const char *after = c->query->after_created_at;
	redisReply *reply = NULL;
	char from[32];
	int r;

	*n = 0;
	if (!after)
		return 0;
	snprintf(from, sizeof(from), "(%lld", (long long)redis_time_of(after, strlen(after)));
	redis_conn_begin(conn, 4);
	redis_conn_word(conn, "ZCOUNT");
	redis_conn_word(conn, c->s->records);
	redis_conn_word(conn, from);
	redis_conn_word(conn, "+inf");
	r = redis_conn_call(conn, &reply, err);
	if (r == 0)
		*n = (size_t)reply->integer;
	freeReplyObject(reply);
	return r;
}

static int list(void *user, redis_conn *conn, agentrun_error **err)
{
	struct call *c = user;
	size_t skipped = 0, n = STEP, at = 0;
	int r = newer(c, conn, &at, err);

	for (; r == 0 && n == STEP; at += STEP) {
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

static int remove_records(void *user, redis_conn *conn, agentrun_error **err)
{
	return remove_old(user, conn, err);
}

static int redis_remove_records(void *self, uint64_t *removed, const char *before,
	agentrun_error **err)
{
	struct redis_store *s = self;
	struct call c = { .s = s, .before_ms = redis_time_of(before, strlen(before)) };
	int r = redis_pool_run(&s->pool, remove_records, &c, err);

	*removed = c.removed;
	return r;
}

static int compare_digests(const void *a, const void *b)
{
	return memcmp(*(const char *const *)a, *(const char *const *)b, REDIS_HEX_LEN);
}

/* The cas_ids of some records, whose members and scores these are. */
static int mark_some(const struct call *c, redis_conn *conn, const redisReply *members,
	agentrun_error **err)
{
	int r = 0, status = 0;

	for (size_t i = 0; r == 0 && i < members->elements; i += 2) {
		const char *id = strchr(members->element[i]->str, ':');

		redis_conn_begin(conn, 3);
		redis_conn_word(conn, "HGET");
		r = redis_write_key(conn, c->s->record, id ? id + 1 : members->element[i]->str, err);
		redis_conn_word(conn, "cas_id");
	}
	if (r < 0)
		conn->broken = true;
	else
		r = redis_conn_send(conn, err);
	for (size_t i = 0; r == 0 && i < members->elements; i += 2) {
		redisReply *reply = NULL;
		const char *hex;
		const char *const *found = NULL;

		r = redis_conn_reply(conn, &reply, 0, err);
		if (r == 0 && status == 0)
			status = redis_conn_fault(conn, reply, err);
		if (r == 0 && status == 0 && reply->type == REDIS_REPLY_STRING &&
			reply->len == 7 + REDIS_HEX_LEN) {
			hex = reply->str + 7; /* behind "sha256:" */
			found = bsearch(&hex, c->sorted, c->n, sizeof(*c->sorted), compare_digests);
		}
		if (found)
			c->named[(size_t)(*found - c->digests) / REDIS_HEX_LEN] = 1;
		freeReplyObject(reply);
	}
	return r < 0 ? r : status;
}

/* ZSCAN, as it passes over none that is there all the time; ranks would, where one is
 * removed meanwhile. */
static int mark(void *user, redis_conn *conn, agentrun_error **err)
{
	const struct call *c = user;
	char cursor[24] = "0";
	int r;

	do {
		redisReply *reply = NULL;

		redis_conn_begin(conn, 5);
		redis_conn_word(conn, "ZSCAN");
		redis_conn_word(conn, c->s->records);
		redis_conn_word(conn, cursor);
		redis_conn_word(conn, "COUNT");
		redis_conn_int(conn, 1000);
		r = redis_conn_call(conn, &reply, err);
		if (r == 0) {
			snprintf(cursor, sizeof(cursor), "%s", reply->element[0]->str);
			r = mark_some(c, conn, reply->element[1], err);
		}
		freeReplyObject(reply);
	} while (r == 0 && strcmp(cursor, "0") != 0);
	return r;
}

static int redis_mark_blobs(void *self, const char *digests, size_t n,
	unsigned char *named, agentrun_error **err)
{
	struct redis_store *s = self;
	const char **sorted = malloc((n ? n : 1) * sizeof(*sorted));
	struct call c = { .s = s, .digests = digests, .n = n, .named = named, .sorted = sorted };
	int r;

	if (!sorted)
		return redis_oom(err);
	for (size_t i = 0; i < n; i++)
		sorted[i] = digests + i * REDIS_HEX_LEN;
	qsort(sorted, n, sizeof(*sorted), compare_digests);
	r = redis_pool_run(&s->pool, mark, &c, err);
	free(sorted);
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
	free(s->uploads);
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
	.blob_begin = redis_blob_begin,
	.blob_add = redis_blob_add,
	.blob_finish = redis_blob_finish,
	.blob_drop = redis_blob_drop,
	.read_blob = redis_read_blob,
	.remove_records = redis_remove_records,
	.mark_blobs = redis_mark_blobs,
	.list_blobs = redis_list_blobs,
	.remove_blob = redis_remove_blob,
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
	s->uploads = redis_join(s->base, ":upload:");
	return s->record && s->record_of && s->records && s->uploads ? 0 : redis_oom(err);
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
