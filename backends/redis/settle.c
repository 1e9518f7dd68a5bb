/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
/*
 * Ending leases and prolonging them. A script settles some dozens of jobs, so that
 * Redis is not kept for long; all of them go in one round trip. Redis remembers what was settled until it is told that
 * the answer came in, so that after a lost answer the same can be asked again.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "queue.h"
#include "token.h"

#define PART_JOBS 64
#define PART_BYTES ((size_t)1024 * 1024)
#define PARTS 16
/* Arguments of the script for each. */
#define PER_JOB 9

struct work {
	redis_queue *q;
	char name[256];   /* settle: of the call */
	char *names;      /* that, and behind a line's end each of those it may follow up */
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

/* As a JSON string that says the same bytes, also where they are no UTF-8: what is put
 * back from a dead letter is what was sent. */
static void add_bytes(redis_text *to, const char *bytes, size_t len)
{
	size_t from = 0;

	redis_text_str(to, "\"");
	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)bytes[i];
		char escape[8];

		if (c >= 0x20 && c != '"' && c != '\\')
			continue;
		redis_text_add(to, bytes + from, i - from);
		snprintf(escape, sizeof(escape), "\\u%04x", c);
		redis_text_str(to, escape);
		from = i + 1;
	}
	redis_text_add(to, bytes + from, len - from);
	redis_text_str(to, "\"");
}

/* A list's dead letter; it is found by how it begins (list_dead.lua). */
static int write_letter(redis_conn *conn, const agentrun_job *job, agentrun_error **err)
{
	const char *id = agentrun_job_id(job), *reason = agentrun_job_reason(job);
	redis_text text = REDIS_TEXT_INIT;
	struct timespec now;
	size_t len = 0;
	const char *payload = agentrun_job_payload(job, &len);
	int status;

	clock_gettime(CLOCK_REALTIME, &now);
	redis_text_str(&text, "{\"job_id\":");
	redis_text_json(&text, id, strlen(id));
	redis_text_name(&text, "reason");
	redis_text_json(&text, reason, strlen(reason));
	redis_text_name(&text, "deliveries");
	redis_text_int(&text, agentrun_job_deliveries(job));
	redis_text_name(&text, "retries");
	redis_text_int(&text, agentrun_job_retries(job));
	redis_text_name(&text, "dead_at");
	redis_text_int(&text, (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000);
	redis_text_name(&text, "payload");
	add_bytes(&text, payload, len);
	redis_text_str(&text, "}");
	status = text.status;
	if (status == 0)
		redis_conn_bytes(conn, text.data, text.len);
	redis_text_free(&text);
	return status < 0 ? redis_oom(err) : 0;
}

static int write_job(const redis_lane *lane, redis_conn *conn, const agentrun_job *job,
	agentrun_error **err)
{
	size_t len = 0, result_len = 0;
	const char *result = agentrun_job_result(job, &result_len);
	const char *payload = agentrun_job_payload(job, &len);
	int r = 0;

	redis_conn_word(conn, agentrun_job_lease(job) + 1);
	redis_conn_word(conn, agentrun_job_id(job));
	if (!lane->group)
		redis_conn_bytes(conn, payload, len);
	redis_conn_word(conn, action_name(agentrun_job_action(job)));
	redis_conn_int(conn, agentrun_job_delay_ms(job));
	redis_conn_int(conn, agentrun_job_counts_as_retry(job));
	if (!lane->group && agentrun_job_action(job) == AGENTRUN_ACTION_REJECT)
		r = write_letter(conn, job, err);
	else
		redis_conn_word(conn, agentrun_job_reason(job));
	redis_conn_word(conn, result ? "1" : "0");
	redis_conn_bytes(conn, result ? result : "", result_len);
	return r == 0 && lane->group ? write_completion(conn, job, err) : r;
}

/* The jobs of one lane that one script settles. */
struct part {
	const redis_lane *lane;
	agentrun_job *jobs[PART_JOBS];
	size_t n;
};

static int write_part(const struct work *w, const struct part *part, redis_conn *conn,
	agentrun_error **err)
{
	const redis_lane *lane = part->lane;
	int r = 0;

	redis_lane_call(lane, conn, LANE_SETTLE, part->n + (lane->group != NULL),
		2 + part->n * PER_JOB);
	if (lane->group)
		redis_conn_word(conn, w->q->completions);
	for (size_t i = 0; r == 0 && i < part->n; i++)
		r = write_result_key(w->q, conn, agentrun_job_id(part->jobs[i]), err);
	redis_lane_arguments(lane, conn);
	redis_conn_int(conn, w->q->result_ttl_ms);
	redis_conn_word(conn, w->names);
	for (size_t i = 0; r == 0 && i < part->n; i++)
		r = write_job(lane, conn, part->jobs[i], err);
	return r;
}

/* From job `from` on, those that go together; returns the place behind them. */
static size_t gather(struct work *w, const redis_lane *lane, size_t from,
	struct part *part)
{
	size_t n = agentrun_jobs_count(w->jobs), bytes = 0, at;

	part->lane = lane;
	part->n = 0;
	for (at = from; at < n && part->n < PART_JOBS && bytes < PART_BYTES; at++) {
		agentrun_job *job = agentrun_jobs_at(w->jobs, at);
		size_t len = 0, more = 0;

		if (*agentrun_job_lease(job) != lane->letter ||
			agentrun_job_action(job) == AGENTRUN_ACTION_NONE)
			continue;
		part->jobs[part->n++] = job;
		(void)agentrun_job_payload(job, &len);
		(void)agentrun_job_result(job, &more);
		bytes += len + more;
	}
	return at;
}

/* What failed for one job does not keep the others from theirs. */
static int take_answers(struct part *part, redis_conn *conn, const redisReply *reply,
	agentrun_error **err)
{
	int status = redis_conn_fault(conn, reply, err);

	for (size_t i = 0; i < part->n && i < reply->elements; i++) {
		const redisReply *answer = reply->element[i];
		int r = redis_conn_fault(conn, answer, err);

		if (r == 0 && answer->integer)
			agentrun_job_set_settled(part->jobs[i]);
		else if (r == 0)
			agentrun_job_set_lost(part->jobs[i], 1);
		status = status < 0 ? status : r;
	}
	return status;
}

/* All answers are in: Redis may forget, and need not answer to that. */
static void forget(const struct work *w, redis_conn *conn)
{
	for (size_t k = 0; k < w->q->n_lanes; k++) {
		char *key = redis_join(w->q->lanes[k].settled, w->name);

		if (!key)
			continue; /* it expires */
		redis_conn_begin(conn, 3);
		redis_conn_word(conn, "CLIENT");
		redis_conn_word(conn, "REPLY");
		redis_conn_word(conn, "SKIP");
		redis_conn_begin(conn, 2);
		redis_conn_word(conn, "UNLINK");
		redis_conn_word(conn, key);
		free(key);
	}
	(void)redis_conn_send(conn, NULL);
}

/* Parts are sent several at a time, so that few round trips are made. */
static int settle_parts(struct work *w, struct part *parts, size_t n, redis_conn *conn,
	agentrun_error **err)
{
	int r = 0, status = 0;

	for (size_t i = 0; r == 0 && i < n; i++)
		r = write_part(w, &parts[i], conn, err);
	if (r < 0)
		conn->broken = true; /* half of a command is in it */
	else
		r = redis_conn_send(conn, err);
	for (size_t i = 0; r == 0 && i < n; i++) {
		redisReply *reply = NULL;
		int fault;

		r = redis_conn_reply(conn, &reply, 0, err);
		if (r == 0) {
			fault = take_answers(&parts[i], conn, reply, err);
			status = status < 0 ? status : fault;
		}
		freeReplyObject(reply);
	}
	return r < 0 ? r : status;
}

static int settle_all(void *user, redis_conn *conn, agentrun_error **err)
{
	struct work *w = user;
	size_t count = agentrun_jobs_count(w->jobs), n = 0;
	struct part *parts = malloc(PARTS * sizeof(*parts));
	int r = 0;

	if (!parts)
		return redis_oom(err);
	for (size_t k = 0; r == 0 && k < w->q->n_lanes; k++)
		for (size_t at = 0; r == 0 && at < count;) {
			at = gather(w, &w->q->lanes[k], at, &parts[n]);
			n += parts[n].n > 0;
			if (n == PARTS) {
				r = settle_parts(w, parts, n, conn, err);
				n = 0;
			}
		}
	if (r == 0 && n)
		r = settle_parts(w, parts, n, conn, err);
	if (r == 0)
		forget(w, conn);
	free(parts);
	return r;
}

/* The names under which jobs of this call may have been settled; NULL: no memory. */
static char *names_of(redis_queue *q, const char *name)
{
	redis_text text = REDIS_TEXT_INIT;

	redis_text_str(&text, name);
	pthread_mutex_lock(&q->lock);
	for (size_t i = 0; i < REDIS_MOST_UNSURE && q->unsure[i]; i++) {
		redis_text_str(&text, "\n");
		redis_text_str(&text, q->unsure[i]);
	}
	pthread_mutex_unlock(&q->lock);
	redis_text_add(&text, "", 1);
	if (text.status < 0)
		redis_text_free(&text);
	return text.data;
}

/* Of a call that failed some jobs may be settled and the caller not know: it comes again
 * with those that are left, and perhaps others. */
static void note_outcome(redis_queue *q, const char *name, bool failed)
{
	char *kept = failed ? strdup(name) : NULL, *gone;
	size_t n = 0;

	pthread_mutex_lock(&q->lock);
	while (n < REDIS_MOST_UNSURE - 1 && q->unsure[n] && strcmp(q->unsure[n], name) != 0)
		n++;
	gone = q->unsure[n];
	if (kept) {
		memmove(q->unsure + 1, q->unsure, n * sizeof(q->unsure[0]));
		q->unsure[0] = kept;
	} else if (gone && strcmp(gone, name) == 0) {
		memmove(q->unsure + n, q->unsure + n + 1,
			(REDIS_MOST_UNSURE - n - 1) * sizeof(q->unsure[0]));
		q->unsure[REDIS_MOST_UNSURE - 1] = NULL;
	} else {
		gone = NULL;
	}
	pthread_mutex_unlock(&q->lock);
	free(gone);
}

int redis_queue_settle(void *self, agentrun_jobs *jobs, agentrun_error **err)
{
	redis_queue *q = self;
	struct work w = { .q = q, .jobs = jobs };
	const char *token;
	int r;

	/* So that it is the same when the caller settles the list again. */
	if (agentrun_jobs_count(jobs))
		snprintf(w.name, sizeof(w.name), "%.250s",
			agentrun_job_lease(agentrun_jobs_at(jobs, 0)));
	for (size_t i = 0; i < agentrun_jobs_count(jobs); i++)
		if (!redis_lane_of(q, agentrun_job_lease(agentrun_jobs_at(jobs, i)), &token))
			agentrun_job_set_lost(agentrun_jobs_at(jobs, i), 1);
	w.names = names_of(q, w.name);
	if (!w.names)
		return redis_oom(err);
	r = redis_pool_run(&q->pool, settle_all, &w, err);
	note_outcome(q, w.name, r < 0);
	free(w.names);
	return r;
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
