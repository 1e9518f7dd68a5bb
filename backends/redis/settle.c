/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
/*
 * Ending leases and prolonging them. Every job is settled by a script of its own, all
 * of them in one round trip. Redis remembers what was settled until it is told that
 * the answer came in, so that after a lost answer the same can be asked again.
 */
#include <stdlib.h>
#include <string.h>

#include "queue.h"
#include "token.h"

struct work {
	redis_queue *q;
	agentrun_jobs *jobs;
	int64_t lease_ms; /* renew: 0: as each was */
};

static const char *action_name(int action)
{
	return action == AGENTRUN_ACTION_ACCEPT ? "accept"
		: action == AGENTRUN_ACTION_RELEASE ? "release" : "reject";
}

/* ---- settle ------------------------------------------------------------- */

static int write_result_key(const redis_queue *q, redis_conn *conn, const char *id,
	agentrun_error **err)
{
	char *key = redis_join(q->results, id);

	if (!key)
		return redis_oom(err);
	redis_conn_word(conn, key);
	free(key);
	return 0;
}

static int write_completion(redis_conn *conn, const agentrun_job *job,
	agentrun_error **err)
{
	agentrun_buf completion = AGENTRUN_BUF_INIT;
	size_t len = 0, result_len = 0, data_len = 0;
	const char *result = agentrun_job_result(job, &result_len);
	const char *payload = agentrun_job_payload(job, &len);
	const char *text = agentrun_job_data(job, &data_len);
	redis_span data = { text, data_len };
	int r = 0;

	if (result)
		r = redis_completion(&completion, payload, len, result, result_len, data);
	redis_conn_bytes(conn, completion.data ? completion.data : "", completion.len);
	agentrun_buf_dispose(&completion);
	return r < 0 ? redis_oom(err) : 0;
}

static int write_settle(const redis_queue *q, const redis_lane *lane, const char *token,
	redis_conn *conn, const agentrun_job *job, agentrun_error **err)
{
	bool stream = lane->group != NULL;
	size_t len = 0, result_len = 0;
	const char *result = agentrun_job_result(job, &result_len);
	const char *payload = agentrun_job_payload(job, &len);
	int r;

	redis_lane_call(lane, conn, LANE_SETTLE, stream ? 2 : 1, 10);
	r = write_result_key(q, conn, agentrun_job_id(job), err);
	if (stream)
		redis_conn_word(conn, q->completions);
	redis_lane_arguments(lane, conn);
	redis_conn_word(conn, token);
	redis_conn_word(conn, agentrun_job_id(job));
	if (!stream)
		redis_conn_bytes(conn, payload, len);
	redis_conn_word(conn, action_name(agentrun_job_action(job)));
	redis_conn_int(conn, agentrun_job_delay_ms(job));
	redis_conn_int(conn, agentrun_job_counts_as_retry(job));
	redis_conn_word(conn, agentrun_job_reason(job));
	redis_conn_word(conn, result ? "1" : "0");
	redis_conn_bytes(conn, result ? result : "", result_len);
	redis_conn_int(conn, q->result_ttl_ms);
	if (r == 0 && stream)
		r = write_completion(conn, job, err);
	return r;
}

/* From job `from` on, as many as are sent together; `*to` is behind them. */
static int write_some(struct work *w, redis_conn *conn, size_t from, size_t *to,
	agentrun_error **err)
{
	size_t n = agentrun_jobs_count(w->jobs);
	int r = 0;

	for (*to = from; r == 0 && *to < n && *to - from < REDIS_MOST_JOBS &&
		conn->out_len < (size_t)REDIS_MOST_BYTES; (*to)++) {
		agentrun_job *job = agentrun_jobs_at(w->jobs, *to);
		const char *token;
		const redis_lane *lane = redis_lane_of(w->q, agentrun_job_lease(job), &token);

		if (agentrun_job_action(job) == AGENTRUN_ACTION_NONE)
			continue;
		if (!lane)
			agentrun_job_set_lost(job, 1);
		else
			r = write_settle(w->q, lane, token, conn, job, err);
	}
	return r;
}

/* Their answers. What failed for one job does not keep those behind from theirs. */
static int read_some(struct work *w, redis_conn *conn, size_t from, size_t to,
	agentrun_error **err)
{
	int status = 0;

	for (size_t i = from; i < to; i++) {
		agentrun_job *job = agentrun_jobs_at(w->jobs, i);
		redisReply *reply = NULL;
		int r;

		if (agentrun_job_action(job) == AGENTRUN_ACTION_NONE)
			continue;
		r = redis_conn_reply(conn, &reply, 0, err);
		if (r < 0)
			return r;
		r = redis_conn_fault(conn, reply, err);
		if (r == 0 && reply->integer)
			agentrun_job_set_settled(job);
		else if (r == 0)
			agentrun_job_set_lost(job, 1);
		status = status < 0 ? status : r;
		freeReplyObject(reply);
	}
	return status;
}

/* The answers are in: Redis may forget, and need not answer to that. */
static int write_known(struct work *w, redis_conn *conn, size_t from, size_t to,
	agentrun_error **err)
{
	for (size_t k = 0; k < w->q->n_lanes; k++) {
		const redis_lane *lane = &w->q->lanes[k];
		size_t n = 0;

		for (int pass = 0; pass < 2; pass++) {
			if (pass && n) {
				redis_conn_begin(conn, 3);
				redis_conn_word(conn, "CLIENT");
				redis_conn_word(conn, "REPLY");
				redis_conn_word(conn, "SKIP");
				redis_conn_begin(conn, 2 + n);
				redis_conn_word(conn, "ZREM");
				redis_conn_word(conn, lane->settled);
			}
			for (size_t i = from; i < to; i++) {
				const agentrun_job *job = agentrun_jobs_at(w->jobs, i);

				if (!agentrun_job_is_settled(job) ||
					*agentrun_job_lease(job) != lane->letter)
					continue;
				if (pass)
					redis_conn_word(conn, agentrun_job_lease(job) + 1);
				n += !pass;
			}
		}
	}
	return redis_conn_send(conn, err);
}

static int settle_all(void *user, redis_conn *conn, agentrun_error **err)
{
	struct work *w = user;
	size_t n = agentrun_jobs_count(w->jobs), to;
	int status = 0;

	for (size_t from = 0; from < n; from = to) {
		int r = write_some(w, conn, from, &to, err);

		if (r < 0) {
			conn->broken = true; /* half of a command is in it */
			return r;
		}
		r = redis_conn_send(conn, err);
		if (r == 0)
			r = read_some(w, conn, from, to, err);
		if (conn->broken)
			return r;
		status = status < 0 ? status : r;
		/* They are settled: that this is not heard is no fault. */
		(void)write_known(w, conn, from, to, NULL);
	}
	return status;
}

int redis_queue_settle(void *self, agentrun_jobs *jobs, agentrun_error **err)
{
	redis_queue *q = self;
	struct work w = { .q = q, .jobs = jobs };

	return redis_pool_run(&q->pool, settle_all, &w, err);
}

/* ---- renew -------------------------------------------------------------- */

static int64_t length_of(const struct work *w, const agentrun_job *job)
{
	return w->lease_ms ? w->lease_ms : agentrun_job_lease_ms(job);
}

/* Is the job of this lane, and still to be asked for? */
static bool is_of(const agentrun_job *job, const redis_lane *lane)
{
	return *agentrun_job_lease(job) == lane->letter && !agentrun_job_is_lost(job);
}

static void write_renew(struct work *w, const redis_lane *lane, redis_conn *conn,
	size_t from, size_t to)
{
	size_t n = 0;

	for (size_t i = from; i < to; i++)
		n += is_of(agentrun_jobs_at(w->jobs, i), lane);
	redis_lane_call(lane, conn, LANE_RENEW, 0, 1 + n * 3);
	redis_conn_int(conn, w->q->lease_ms);
	for (size_t i = from; i < to; i++) {
		const agentrun_job *job = agentrun_jobs_at(w->jobs, i);

		if (!is_of(job, lane))
			continue;
		redis_conn_word(conn, agentrun_job_lease(job) + 1);
		redis_conn_word(conn, agentrun_job_id(job));
		redis_conn_int(conn, length_of(w, job));
	}
}

static void take_renewed(struct work *w, const redis_lane *lane, const redisReply *reply,
	size_t from, size_t to)
{
	size_t k = 0;

	for (size_t i = from; i < to; i++) {
		agentrun_job *job = agentrun_jobs_at(w->jobs, i);
		long long state;

		if (!is_of(job, lane) || k >= reply->elements)
			continue;
		state = reply->element[k++]->integer;
		if (state) {
			agentrun_job_set_lease(job, NULL, length_of(w, job));
			agentrun_job_set_cancelled(job, state == 2);
		} else {
			agentrun_job_set_lost(job, 1);
		}
	}
}

static int renew_some(struct work *w, redis_conn *conn, size_t from, size_t to,
	agentrun_error **err)
{
	int r;

	for (size_t k = 0; k < w->q->n_lanes; k++)
		write_renew(w, &w->q->lanes[k], conn, from, to);
	r = redis_conn_send(conn, err);
	for (size_t k = 0; r == 0 && k < w->q->n_lanes; k++) {
		redisReply *reply = NULL;

		r = redis_conn_reply(conn, &reply, 0, err);
		if (r == 0)
			r = redis_conn_fault(conn, reply, err);
		if (r == 0)
			take_renewed(w, &w->q->lanes[k], reply, from, to);
		else
			conn->broken = true; /* the other lane's answer is not read */
		freeReplyObject(reply);
	}
	return r;
}

static int renew_all(void *user, redis_conn *conn, agentrun_error **err)
{
	struct work *w = user;
	size_t n = agentrun_jobs_count(w->jobs), to;
	int r = 0;

	for (size_t from = 0; r == 0 && from < n; from = to) {
		to = n - from > REDIS_MOST_JOBS ? from + REDIS_MOST_JOBS : n;
		r = renew_some(w, conn, from, to, err);
	}
	return r;
}

int redis_queue_renew(void *self, agentrun_jobs *jobs, int64_t lease_ms,
	agentrun_error **err)
{
	redis_queue *q = self;
	struct work w = { .q = q, .jobs = jobs, .lease_ms = lease_ms };

	return redis_pool_run(&q->pool, renew_all, &w, err);
}
