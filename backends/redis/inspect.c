/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
/* Looking for a job, its result, cancelling it, counting. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "queue.h"

/* A result that does not come: the job is looked for again after so long. */
#define LOOK_AGAIN_MS 10000
#define BLOCK_MS 1000

/* ---- looking for a job -------------------------------------------------- */

struct search {
	redis_queue *q;
	const char *job_id;
	bool cancel;
	bool dead_too;
	bool found;
};

/* The cursor of a reply, which a list gives as a number and a stream as text. */
static bool next_cursor(const redisReply *reply, char *cursor, size_t size)
{
	const redisReply *on = reply->element[0];

	if (on->type == REDIS_REPLY_INTEGER) {
		snprintf(cursor, size, "%lld", on->integer);
		return on->integer >= 0;
	}
	snprintf(cursor, size, "%s", on->str ? on->str : "");
	return *cursor != '\0';
}

static int search_place(struct search *s, const redis_lane *lane, const char *place,
	redis_conn *conn, agentrun_error **err)
{
	char cursor[64];
	bool more = true;
	int r = 0;

	snprintf(cursor, sizeof(cursor), "%s", lane->group ? "-" : "0");
	while (r == 0 && more && !s->found) {
		redisReply *reply = NULL;

		redis_lane_call(lane, conn, LANE_FIND, 0, 4);
		redis_conn_word(conn, s->job_id);
		redis_conn_word(conn, place);
		redis_conn_word(conn, cursor);
		redis_conn_word(conn, s->cancel ? "1" : "0");
		r = redis_conn_call(conn, &reply, err);
		if (r == 0) {
			s->found = reply->element[1]->integer != 0;
			more = next_cursor(reply, cursor, sizeof(cursor));
		}
		freeReplyObject(reply);
	}
	return r;
}

static int search(struct search *s, redis_conn *conn, agentrun_error **err)
{
	static const char *const places[] = { "jobs", "delayed", "hand", "dead" };
	int r = 0;

	/* Twice: a job may go back to where was looked already. */
	for (int pass = 0; pass < 2; pass++)
		for (size_t k = 0; k < s->q->n_lanes; k++)
			for (int i = 0; r == 0 && !s->found && i < 3 + s->dead_too; i++) {
				const redis_lane *lane = &s->q->lanes[k];

				/* A stream's delayed entries are in somebody's hand. */
				if (!lane->group || strcmp(places[i], "delayed") != 0)
					r = search_place(s, lane, places[i], conn, err);
			}
	return r;
}

/* ---- cancel ------------------------------------------------------------- */

static int cancel(void *user, redis_conn *conn, agentrun_error **err)
{
	return search(user, conn, err);
}

int redis_queue_cancel(void *self, const char *job_id, agentrun_error **err)
{
	redis_queue *q = self;
	struct search s = { .q = q, .job_id = job_id, .cancel = true };
	int r = *job_id ? redis_pool_run(&q->pool, cancel, &s, err) : 0;

	if (r == 0 && !s.found)
		r = agentrun_error_raise(err, AGENTRUN_ENOTFOUND,
			"no job %.100s is waiting or running", job_id);
	return r;
}

/* ---- result ------------------------------------------------------------- */

struct waiting {
	struct search search;
	const char *key;
	agentrun_buf *out;
	int64_t deadline;
};

/* 1: there is one. A second reader, or one with BLPOP, finds it too. */
static int read_result(struct waiting *w, int64_t block_ms, redis_conn *conn,
	agentrun_error **err)
{
	redisReply *reply = NULL;
	char seconds[32];
	int r;

	if (block_ms) {
		snprintf(seconds, sizeof(seconds), "%d.%03d", (int)(block_ms / 1000),
			(int)(block_ms % 1000));
		redis_conn_begin(conn, 6);
		redis_conn_word(conn, "BLMOVE"); /* onto itself: it stays, with its TTL */
		redis_conn_word(conn, w->key);
		redis_conn_word(conn, w->key);
		redis_conn_word(conn, "LEFT");
		redis_conn_word(conn, "LEFT");
		redis_conn_word(conn, seconds);
	} else {
		redis_conn_begin(conn, 3);
		redis_conn_word(conn, "LINDEX");
		redis_conn_word(conn, w->key);
		redis_conn_word(conn, "0");
	}
	r = redis_conn_send(conn, err);
	if (r == 0)
		r = redis_conn_reply(conn, &reply, block_ms, err);
	if (r == 0)
		r = redis_conn_fault(conn, reply, err);
	if (r == 0 && reply->type == REDIS_REPLY_STRING)
		r = agentrun_buf_set(w->out, reply->str, reply->len) < 0 ? redis_oom(err) : 1;
	freeReplyObject(reply);
	return r;
}

/* Is there one by now, and if not, will there be? */
static int look(struct waiting *w, redis_conn *conn, agentrun_error **err)
{
	int r = read_result(w, 0, conn, err);

	if (r == 0)
		r = search(&w->search, conn, err);
	if (r == 0 && !w->search.found)
		r = read_result(w, 0, conn, err);
	if (r == 0 && !w->search.found)
		r = agentrun_error_raise(err, AGENTRUN_ENOTFOUND, "the queue knows no job %.100s, "
			"or its result was taken or has expired", w->search.job_id);
	return r;
}

static int wait_for_result(void *user, redis_conn *conn, agentrun_error **err)
{
	struct waiting *w = user;
	int64_t again = 0;

	for (;;) {
		int64_t now = redis_clock_ms(), left = w->deadline - now;
		int r = 0;

		if (now >= again) {
			w->search.found = false;
			r = look(w, conn, err);
			again = now + LOOK_AGAIN_MS;
		}
		if (r == 0 && left <= 0)
			r = agentrun_error_raise(err, AGENTRUN_ETIMEDOUT,
				"job %.100s has no result yet", w->search.job_id);
		if (r == 0)
			r = read_result(w, left < BLOCK_MS ? left : BLOCK_MS, conn, err);
		if (r != 0)
			return r;
	}
}

int redis_queue_result(void *self, agentrun_buf *out, const char *job_id,
	int timeout_ms, agentrun_error **err)
{
	redis_queue *q = self;
	char *key = redis_join(q->results, job_id);
	struct waiting w = { .search = { .q = q, .job_id = job_id, .dead_too = true },
		.key = key, .out = out, .deadline =
		timeout_ms < 0 ? INT64_MAX : redis_clock_ms() + timeout_ms };
	int r = key ? redis_pool_run(&q->pool, wait_for_result, &w, err) : redis_oom(err);

	free(key);
	return r < 0 ? r : 0;
}

/* ---- stats -------------------------------------------------------------- */

struct counting {
	redis_queue *q;
	agentrun_queue_stats *stats;
};

static int count(void *user, redis_conn *conn, agentrun_error **err)
{
	struct counting *c = user;
	uint64_t sums[4] = { 0, 0, 0, 0 };
	int r = 0;

	for (size_t k = 0; r == 0 && k < c->q->n_lanes; k++) {
		redisReply *reply = NULL;

		redis_lane_call(&c->q->lanes[k], conn, LANE_STATS, 0, 0);
		r = redis_conn_call(conn, &reply, err);
		for (size_t i = 0; r == 0 && i < 4 && i < reply->elements; i++)
			sums[i] += (uint64_t)reply->element[i]->integer;
		freeReplyObject(reply);
	}
	if (r == 0) {
		c->stats->waiting = sums[0];
		c->stats->delayed = sums[1];
		c->stats->leased = sums[2];
		c->stats->dead = sums[3];
	}
	return r;
}

int redis_queue_stats(void *self, agentrun_queue_stats *stats, agentrun_error **err)
{
	redis_queue *q = self;
	struct counting c = { q, stats };

	return redis_pool_run(&q->pool, count, &c, err);
}
