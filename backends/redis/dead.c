/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
/* Dead letters: JSON texts in a list, entries with fields in a stream. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "queue.h"

#define STEP 200

/* ---- listing ------------------------------------------------------------ */

struct listing {
	redis_queue *q;
	agentrun_dead_query query;
	redis_text text;
	size_t skipped, n;
};

/* One letter, whatever it is made of; p NULL: not there. */
struct letter {
	agentrun_buf job_id, reason, payload;
	int64_t deliveries, retries, dead_at;
};

static void letter_clear(struct letter *l)
{
	agentrun_buf_dispose(&l->job_id);
	agentrun_buf_dispose(&l->reason);
	agentrun_buf_dispose(&l->payload);
	memset(l, 0, sizeof(*l));
}

static int64_t number_of(redis_span span)
{
	return span.p ? strtoll(span.p, NULL, 10) : 0;
}

static int text_of(agentrun_buf *out, redis_span span)
{
	return redis_json_is(span, '"') ? redis_json_string(out, span)
		: agentrun_buf_append(out, "", 0);
}

/* What is no letter of ours is shown as one: nothing vanishes. */
static int read_item(struct letter *l, const redisReply *item)
{
	static const char *const names[] = { "payload", "job_id", "reason", "deliveries",
		"retries", "dead_at" };
	redis_span o[6];
	int r;

	redis_json_object(item->str, item->len, names, o, 6);
	r = text_of(&l->job_id, o[1]);
	if (r == 0)
		r = text_of(&l->reason, o[2]);
	if (r == 0)
		r = redis_json_is(o[0], '"') ? redis_json_string(&l->payload, o[0])
			: agentrun_buf_append(&l->payload, item->str, item->len);
	l->deliveries = number_of(o[3]);
	l->retries = number_of(o[4]);
	l->dead_at = number_of(o[5]);
	return r;
}

static int read_field(struct letter *l, const char *name, const redisReply *value)
{
	if (strcmp(name, "job_id") == 0)
		return agentrun_buf_set(&l->job_id, value->str, value->len);
	if (strcmp(name, "reason") == 0)
		return agentrun_buf_set(&l->reason, value->str, value->len);
	if (strcmp(name, "token") == 0)
		return agentrun_buf_set(&l->payload, value->str, value->len);
	if (strcmp(name, "deliveries") == 0)
		l->deliveries = strtoll(value->str, NULL, 10);
	else if (strcmp(name, "retries") == 0)
		l->retries = strtoll(value->str, NULL, 10);
	else if (strcmp(name, "dead_at") == 0)
		l->dead_at = strtoll(value->str, NULL, 10);
	return 0;
}

static int read_entry(struct letter *l, const redisReply *fields)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i + 1 < fields->elements; i += 2)
		r = read_field(l, fields->element[i]->str, fields->element[i + 1]);
	return r;
}

static void write_number(redis_text *to, const char *name, int64_t number)
{
	redis_text_name(to, name);
	redis_text_int(to, number);
}

static void write_letter(struct listing *list, const struct letter *l)
{
	redis_text *to = &list->text;
	const char *id = l->job_id.data ? l->job_id.data : "";

	if (list->query.job_id && strcmp(list->query.job_id, id) != 0)
		return;
	if (list->skipped < list->query.offset) {
		list->skipped++;
		return;
	}
	redis_text_str(to, list->n++ ? ",{\"job_id\":" : "{\"job_id\":");
	redis_text_json(to, id, l->job_id.len);
	redis_text_name(to, "reason");
	redis_text_json(to, l->reason.data ? l->reason.data : "", l->reason.len);
	write_number(to, "deliveries", l->deliveries);
	write_number(to, "retries", l->retries);
	write_number(to, "dead_at", l->dead_at);
	redis_text_name(to, "payload");
	redis_text_json(to, l->payload.data ? l->payload.data : "", l->payload.len);
	redis_text_str(to, "}");
}

static bool is_full(const struct listing *list)
{
	return list->query.limit && list->n >= list->query.limit;
}

static int take_letters(struct listing *list, const redis_lane *lane,
	const redisReply *reply)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < reply->elements && !is_full(list); i++) {
		const redisReply *item = reply->element[i];
		struct letter l = { .deliveries = 0 };

		r = lane->group ? read_entry(&l, item->element[1]) : read_item(&l, item);
		if (r == 0)
			write_letter(list, &l);
		letter_clear(&l);
	}
	return r;
}

static void ask_letters(const redis_lane *lane, redis_conn *conn, const char *from)
{
	redis_conn_begin(conn, lane->group ? 6 : 4);
	redis_conn_word(conn, lane->group ? "XRANGE" : "LRANGE");
	redis_conn_word(conn, lane->dead);
	redis_conn_word(conn, from);
	if (lane->group) {
		redis_conn_word(conn, "+");
		redis_conn_word(conn, "COUNT");
		redis_conn_int(conn, STEP);
	} else {
		redis_conn_int(conn, strtoll(from, NULL, 10) + STEP - 1);
	}
}

static int list_lane(struct listing *list, const redis_lane *lane, redis_conn *conn,
	agentrun_error **err)
{
	char from[64];
	size_t n = STEP;
	int r = 0;

	snprintf(from, sizeof(from), "%s", lane->group ? "-" : "0");
	for (size_t at = STEP; r == 0 && n == STEP && !is_full(list); at += STEP) {
		redisReply *reply = NULL;

		ask_letters(lane, conn, from);
		r = redis_conn_call(conn, &reply, err);
		if (r == 0) {
			n = reply->elements;
			r = take_letters(list, lane, reply) < 0 ? redis_oom(err) : 0;
			if (n && lane->group)
				snprintf(from, sizeof(from), "(%s",
					reply->element[n - 1]->element[0]->str);
			else
				snprintf(from, sizeof(from), "%zu", at);
		}
		freeReplyObject(reply);
	}
	return r;
}

static int list_all(void *user, redis_conn *conn, agentrun_error **err)
{
	struct listing *list = user;
	int r = 0;

	redis_text_free(&list->text);
	list->n = list->skipped = 0;
	redis_text_str(&list->text, "[");
	for (size_t k = 0; r == 0 && k < list->q->n_lanes; k++)
		r = list_lane(list, &list->q->lanes[k], conn, err);
	redis_text_str(&list->text, "]");
	return r == 0 && list->text.status < 0 ? redis_oom(err) : r;
}

int redis_queue_dead_list(void *self, agentrun_buf *out,
	const agentrun_dead_query *query, agentrun_error **err)
{
	redis_queue *q = self;
	struct listing list = { .q = q, .query = { .struct_size = sizeof(list.query) } };
	int r = agentrun_options_read(&list.query, sizeof(list.query), query,
		"agentrun_dead_query", err);

	if (r == 0)
		r = redis_pool_run(&q->pool, list_all, &list, err);
	if (r == 0) {
		agentrun_buf_dispose(out);
		r = redis_text_give(&list.text, out) < 0 ? redis_oom(err) : 0;
	}
	redis_text_free(&list.text);
	return r;
}

/* ---- retry and drop ----------------------------------------------------- */

struct acting {
	redis_queue *q;
	const char *action;
	const char *job_id; /* NULL: all of them */
	char name[24];      /* of the call: what it did is known by it, also after a lost answer */
	struct {
		size_t left;    /* to be acted on, at most */
		size_t n;       /* acted on */
		bool counted, done;
	} lanes[2];
};

/* The first letter that is meant; `*acted`: there was one. */
static int act_on_one(struct acting *a, size_t k, redis_conn *conn, bool *acted,
	agentrun_error **err)
{
	const redis_lane *lane = &a->q->lanes[k];
	char cursor[64];
	bool more = true;
	int r = 0;

	*acted = false;
	snprintf(cursor, sizeof(cursor), "%s", lane->group ? "-" : "0");
	while (r == 0 && more && !*acted) {
		redisReply *reply = NULL;

		redis_lane_call(lane, conn, LANE_DEAD, 0, 6);
		redis_conn_word(conn, a->action);
		redis_conn_word(conn, a->job_id ? a->job_id : "");
		redis_conn_word(conn, a->job_id ? "0" : "1");
		redis_conn_word(conn, cursor);
		redis_conn_word(conn, a->name);
		redis_conn_int(conn, (int64_t)a->lanes[k].n);
		r = redis_conn_call(conn, &reply, err);
		if (r == 0) {
			const redisReply *on = reply->element[0];

			*acted = reply->element[1]->integer != 0;
			if (on->type == REDIS_REPLY_INTEGER)
				snprintf(cursor, sizeof(cursor), "%lld", on->integer);
			else
				snprintf(cursor, sizeof(cursor), "%s", on->str);
			more = *cursor && *cursor != '-';
		}
		freeReplyObject(reply);
	}
	return r;
}

static int count_letters(const redis_lane *lane, redis_conn *conn, size_t *n,
	agentrun_error **err)
{
	redisReply *reply = NULL;
	int r;

	redis_conn_begin(conn, 2);
	redis_conn_word(conn, lane->group ? "XLEN" : "LLEN");
	redis_conn_word(conn, lane->dead);
	r = redis_conn_call(conn, &reply, err);
	*n = r == 0 ? (size_t)reply->integer : 0;
	freeReplyObject(reply);
	return r;
}

static bool is_found(const struct acting *a)
{
	return a->lanes[0].n + a->lanes[1].n > 0;
}

/* From where it was, where it is done again after a lost connection. */
static int act(void *user, redis_conn *conn, agentrun_error **err)
{
	struct acting *a = user;
	int r = 0;

	for (size_t k = 0; r == 0 && k < a->q->n_lanes; k++) {
		bool acted = true;

		if (a->lanes[k].done || (a->job_id && is_found(a)))
			continue;
		/* No more than there are now: some may die again meanwhile. */
		if (!a->lanes[k].counted)
			r = a->job_id ? 0 : count_letters(&a->q->lanes[k], conn,
				&a->lanes[k].left, err);
		a->lanes[k].counted = r == 0;
		while (r == 0 && a->lanes[k].left && acted) {
			r = act_on_one(a, k, conn, &acted, err);
			if (r == 0 && acted) {
				a->lanes[k].n++;
				a->lanes[k].left--;
			}
		}
		a->lanes[k].done = r == 0;
	}
	return r;
}

static int act_all(redis_queue *q, const char *action, const char *job_id,
	agentrun_error **err)
{
	struct acting a = { .q = q, .action = action, .job_id = job_id,
		.lanes = { { .left = 1 }, { .left = 1 } } };
	uint64_t random = 0;
	int r = redis_random(&random, err);

	if (r < 0)
		return r;
	snprintf(a.name, sizeof(a.name), "%016llx", (unsigned long long)random);
	r = redis_pool_run(&q->pool, act, &a, err);
	if (r == 0 && job_id && !is_found(&a))
		r = agentrun_error_raise(err, AGENTRUN_ENOTFOUND,
			"no dead letter is named %.100s", job_id);
	return r;
}

int redis_queue_dead_retry(void *self, const char *job_id, agentrun_error **err)
{
	return act_all(self, "retry", job_id, err);
}

int redis_queue_dead_drop(void *self, const char *job_id, agentrun_error **err)
{
	return act_all(self, "drop", job_id, err);
}
