/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "queue.h"
#include "token.h"

/* Housekeeping is done at least so often, also while nothing comes. */
#define TICK_MS 1000
#define TOO_OFTEN "it was delivered %u times and never finished: its worker died or hung"

/* A script's reply: HEAD numbers, then PER_JOB parts for each job. */
#define HEAD 3
#define PER_JOB 5

/* One acquire, as long as it lasts. */
struct taking {
	redis_queue *q;
	agentrun_jobs *into;
	size_t max, got;
	int64_t lease_ms;
	int64_t due_ms;         /* until something returns by itself; -1: nothing */
	redis_landed landed;
	redis_landed replies;   /* of the scripts, by lane */
	struct redis_range asked[2];
	bool untouched[2];      /* no job of the reply is anybody's yet */
	agentrun_jobs *poison;  /* delivered too often; NULL: none */
	agentrun_jobs *surplus; /* more than was asked for; NULL: none */
};

/* ---- asking ------------------------------------------------------------- */

static size_t landed_count(const struct taking *t, size_t lane)
{
	const redisReply *reply = t->landed.reply[lane];

	if (!reply)
		return 0;
	if (reply->type == REDIS_REPLY_STRING)
		return 1;
	/* [[stream, [[id, fields]]]] */
	return reply->elements && reply->element[0]->elements > 1 ?
		reply->element[0]->element[1]->elements : 0;
}

static void write_landed(const struct taking *t, size_t lane, redis_conn *conn)
{
	const redisReply *reply = t->landed.reply[lane];

	if (!landed_count(t, lane))
		return;
	if (reply->type == REDIS_REPLY_STRING) {
		redis_conn_bytes(conn, reply->str, reply->len);
		return;
	}
	reply = reply->element[0]->element[1];
	for (size_t i = 0; i < reply->elements; i++)
		redis_conn_bytes(conn, reply->element[i]->element[0]->str,
			reply->element[i]->element[0]->len);
}

static void write_acquire(struct taking *t, size_t lane, size_t max, redis_conn *conn)
{
	redis_queue *q = t->q;
	size_t most = max + landed_count(t, lane);
	uint64_t first = atomic_fetch_add(&q->next_lease, most) + 1;

	t->asked[lane] = (struct redis_range){ lane, first, first + most - 1 };
	redis_lane_call(&q->lanes[lane], conn, LANE_ACQUIRE, 0, 6 + landed_count(t, lane));
	redis_conn_word(conn, q->consumer);
	redis_conn_int(conn, (int64_t)max);
	redis_conn_int(conn, t->lease_ms);
	redis_conn_int(conn, q->lease_ms);
	redis_conn_int(conn, (int64_t)first);
	redis_conn_int(conn, REDIS_MOST_BYTES);
	write_landed(t, lane, conn);
}

static bool next_lost(redis_queue *q, struct redis_range *range)
{
	bool any;

	pthread_mutex_lock(&q->lock);
	any = q->n_lost > 0;
	if (any)
		*range = q->lost[--q->n_lost];
	pthread_mutex_unlock(&q->lock);
	return any;
}

static void remember_lost(redis_queue *q, struct redis_range range)
{
	pthread_mutex_lock(&q->lock);
	if (q->n_lost < sizeof(q->lost) / sizeof(q->lost[0]))
		q->lost[q->n_lost++] = range;
	pthread_mutex_unlock(&q->lock);
}

/* Leases that nobody heard of go back before anything else is taken. */
static int forget_lost(redis_queue *q, redis_conn *conn, agentrun_error **err)
{
	struct redis_range range;
	redisReply *reply = NULL;
	int r = 0;

	while (r == 0 && next_lost(q, &range)) {
		redis_lane_call(&q->lanes[range.lane], conn, LANE_FORGET, 0, 3);
		redis_conn_word(conn, q->consumer);
		redis_conn_int(conn, (int64_t)range.first);
		redis_conn_int(conn, (int64_t)range.last);
		r = redis_conn_call(conn, &reply, err);
		freeReplyObject(reply);
		if (r < 0)
			remember_lost(q, range);
	}
	return r;
}

/* The scripts of these lanes (`max` of each, 0: not that one), in one round trip. */
static int ask(struct taking *t, const size_t *max, redis_conn *conn, agentrun_error **err)
{
	size_t n = t->q->n_lanes < 2 ? 1 : 2;
	bool out[2] = { false, false };
	int r;

	for (size_t i = 0; i < n; i++)
		if (max[i] || t->landed.reply[i]) {
			write_acquire(t, i, max[i], conn);
			out[i] = true;
		}
	r = redis_conn_send(conn, err);
	for (size_t i = 0; i < n; i++) {
		if (!out[i])
			continue;
		if (!conn->broken && r == 0)
			r = redis_conn_reply(conn, &t->replies.reply[i], 0, err);
		if (!t->replies.reply[i])
			remember_lost(t->q, t->asked[i]);
	}
	for (size_t i = 0; r == 0 && i < n; i++)
		if (out[i])
			r = redis_conn_fault(conn, t->replies.reply[i], err);
	/* What one lane refused has landed and has no lease; what the other gave is dropped. */
	for (size_t i = 0; r < 0 && i < n; i++)
		if (out[i] && t->replies.reply[i])
			remember_lost(t->q, t->asked[i]);
	redis_landed_free(&t->landed);
	return r;
}

/* ---- jobs of a reply ---------------------------------------------------- */

static size_t jobs_in(const redisReply *reply)
{
	return reply && reply->type == REDIS_REPLY_ARRAY && reply->elements > HEAD ?
		(reply->elements - HEAD) / PER_JOB : 0;
}

static int give_lease(agentrun_job *job, char letter, const redisReply *token,
	int64_t lease_ms)
{
	char *lease = malloc(token->len + 2);
	int r;

	if (!lease)
		return AGENTRUN_ENOMEM;
	lease[0] = letter;
	memcpy(lease + 1, token->str, token->len + 1);
	r = agentrun_job_set_lease(job, lease, lease_ms);
	free(lease);
	return r;
}

/* A list's item is the message; a stream's becomes one, with the run's workflow. */
static int message_of(agentrun_buf *out, const redis_message *item, bool is_token,
	const redisReply *workflow)
{
	redis_span flow = { NULL, 0 };

	if (!is_token)
		return agentrun_buf_append(out, item->text, item->len);
	if (workflow && workflow->type == REDIS_REPLY_STRING)
		flow = redis_json_value(workflow->str, workflow->len);
	return redis_token_job(out, item, flow);
}

static int job_of(agentrun_job **out, const redis_lane *lane, redisReply *const *parts,
	const redis_message *item, const redisReply *workflow, int64_t lease_ms,
	agentrun_error **err)
{
	agentrun_buf message = AGENTRUN_BUF_INIT, id = AGENTRUN_BUF_INIT;
	int64_t sent;
	int r = message_of(&message, item, lane->group != NULL, workflow);

	*out = NULL;
	if (r == 0)
		r = redis_message_id(&id, item);
	if (r == 0)
		r = agentrun_job_new(out, id.data, message.data, message.len, err);
	if (r == 0)
		r = give_lease(*out, lane->letter, parts[1], lease_ms);
	if (r == 0) {
		sent = parts[4]->integer ? 0 : redis_message_sent_ms(item);
		agentrun_job_set_counts(*out, (uint32_t)parts[2]->integer + 1,
			(uint32_t)parts[3]->integer);
		agentrun_job_set_enqueued_ms(*out, sent ? sent : parts[4]->integer);
	}
	agentrun_buf_dispose(&message);
	agentrun_buf_dispose(&id);
	return r < 0 ? redis_oom(err) : 0;
}

/* Where a job goes: to the caller, back, or to the dead letters. */
static agentrun_jobs **place_of(struct taking *t, int64_t deliveries)
{
	if (deliveries >= t->q->max_deliveries)
		return &t->poison;
	return t->got < t->max ? &t->into : &t->surplus;
}

static int add_job(struct taking *t, agentrun_job *job, int64_t deliveries,
	agentrun_error **err)
{
	agentrun_jobs **to = place_of(t, deliveries);

	if (!*to && agentrun_jobs_new(to, err) < 0)
		return AGENTRUN_ENOMEM;
	if (agentrun_jobs_add(*to, job) < 0)
		return redis_oom(err);
	t->got += to == &t->into;
	return 0;
}

/* The workflows of a stream's runs, in one more round trip. */
static int ask_workflows(redisReply **out, const redis_message *items, size_t n,
	redis_conn *conn, agentrun_error **err)
{
	int r = 0;

	redis_conn_begin(conn, 1 + n);
	redis_conn_word(conn, "MGET");
	for (size_t i = 0; r == 0 && i < n; i++) {
		agentrun_buf key = AGENTRUN_BUF_INIT;

		r = agentrun_buf_append(&key, "ir:", 3);
		if (r == 0)
			r = redis_message_run(&key, &items[i]);
		if (r == 0)
			redis_conn_bytes(conn, key.data, key.len);
		agentrun_buf_dispose(&key);
	}
	if (r < 0) {
		conn->broken = true;
		return redis_oom(err);
	}
	return redis_conn_call(conn, out, err);
}

static int take_jobs(struct taking *t, size_t lane, redis_conn *conn,
	agentrun_error **err)
{
	redisReply *reply = t->replies.reply[lane], *workflows = NULL;
	const redis_lane *from = &t->q->lanes[lane];
	size_t n = jobs_in(reply);
	redis_message *items;
	int r = 0;

	t->untouched[lane] = false;
	if (!n)
		return 0;
	items = calloc(n, sizeof(*items));
	if (!items) {
		t->untouched[lane] = true;
		return redis_oom(err);
	}
	for (size_t i = 0; i < n; i++) {
		const redisReply *text = reply->element[HEAD + i * PER_JOB];

		redis_message_read(&items[i], text->str, text->len, from->group != NULL);
	}
	if (from->group)
		r = ask_workflows(&workflows, items, n, conn, err);
	t->untouched[lane] = r < 0;
	for (size_t i = 0; r == 0 && i < n; i++) {
		redisReply *const *parts = reply->element + HEAD + i * PER_JOB;
		agentrun_job *job;

		r = job_of(&job, from, parts, &items[i], workflows ? workflows->element[i] : NULL,
			t->lease_ms, err);
		if (r == 0)
			r = add_job(t, job, parts[2]->integer, err);
		if (r < 0)
			agentrun_job_free(job);
	}
	freeReplyObject(workflows);
	free(items);
	return r;
}

/* ---- what becomes of them at once --------------------------------------- */

/* Ask `command` of `key` with the ids of the jobs that came last, of which there are
 * some: an element each. */
static int ask_of_last(redisReply **out, struct taking *t, const char *command,
	const char *key, size_t from, redis_conn *conn, agentrun_error **err)
{
	size_t n = agentrun_jobs_count(t->into) - from;

	redis_conn_begin(conn, 2 + n);
	redis_conn_word(conn, command);
	redis_conn_word(conn, key);
	for (size_t i = 0; i < n; i++)
		redis_conn_word(conn, agentrun_job_id(agentrun_jobs_at(t->into, from + i)));
	return redis_conn_call(conn, out, err);
}

/* Which of them are cancelled. */
static int ask_cancelled(struct taking *t, const redis_lane *lane, size_t from,
	redis_conn *conn, agentrun_error **err)
{
	size_t n = agentrun_jobs_count(t->into) - from;
	redisReply *reply = NULL;
	int r;

	if (!n)
		return 0;
	r = ask_of_last(&reply, t, "ZMSCORE", lane->cancelled, from, conn, err);
	for (size_t i = 0; r == 0 && i < n && i < reply->elements; i++)
		agentrun_job_set_cancelled(agentrun_jobs_at(t->into, from + i),
			reply->element[i]->type == REDIS_REPLY_STRING);
	freeReplyObject(reply);
	return r;
}

/* As long as nobody could say so: a journal that is there and is not looked into has things
 * done once more. */
static void suppose_journalled(struct taking *t, size_t from)
{
	for (size_t i = from; i < agentrun_jobs_count(t->into); i++)
		agentrun_job_set_journalled(agentrun_jobs_at(t->into, i), 1);
}

/* Which of them have a journal. */
static int ask_journalled(struct taking *t, const redis_lane *lane, size_t from,
	redis_conn *conn, agentrun_error **err)
{
	size_t n = agentrun_jobs_count(t->into) - from;
	redisReply *reply = NULL;
	int r;

	if (!n)
		return 0;
	r = ask_of_last(&reply, t, "SMISMEMBER", lane->journals, from, conn, err);
	for (size_t i = 0; r == 0 && i < n && i < reply->elements; i++)
		agentrun_job_set_journalled(agentrun_jobs_at(t->into, from + i),
			reply->element[i]->integer != 0);
	freeReplyObject(reply);
	return r;
}

static int bury(redis_queue *q, agentrun_jobs *poison, agentrun_error **err)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < agentrun_jobs_count(poison); i++) {
		agentrun_job *job = agentrun_jobs_at(poison, i);
		agentrun_buf result = AGENTRUN_BUF_INIT;
		struct timespec now;
		char why[160];

		snprintf(why, sizeof(why), TOO_OFTEN, agentrun_job_deliveries(job) - 1);
		clock_gettime(CLOCK_REALTIME, &now);
		r = redis_failure(&result, agentrun_job_id(job), why,
			(int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000);
		if (r == 0)
			r = agentrun_job_set_result(job, result.data, result.len);
		if (r == 0)
			r = agentrun_job_reject(job, why);
		agentrun_buf_dispose(&result);
		/* This delivery is none. */
		agentrun_job_set_counts(job, agentrun_job_deliveries(job) - 1,
			agentrun_job_retries(job));
	}
	return r < 0 ? redis_oom(err) : redis_queue_settle(q, poison, err);
}

static int give_back(redis_queue *q, agentrun_jobs *surplus, agentrun_error **err)
{
	for (size_t i = 0; i < agentrun_jobs_count(surplus); i++)
		agentrun_job_release(agentrun_jobs_at(surplus, i), 0, 0);
	return redis_queue_settle(q, surplus, err);
}

static int part(struct taking *t, agentrun_error **err)
{
	int r = 0;

	if (t->poison)
		r = bury(t->q, t->poison, err);
	if (r == 0 && t->surplus)
		r = give_back(t->q, t->surplus, err);
	agentrun_jobs_free(t->poison);
	agentrun_jobs_free(t->surplus);
	t->poison = t->surplus = NULL;
	return r;
}

/* ---- a round ------------------------------------------------------------ */

static int take_replies(struct taking *t, redis_conn *conn, agentrun_error **err)
{
	int r = 0;

	t->due_ms = -1;
	for (size_t i = 0; i < t->q->n_lanes; i++)
		t->untouched[i] = jobs_in(t->replies.reply[i]) > 0;
	for (size_t i = 0; r == 0 && i < t->q->n_lanes; i++) {
		const redisReply *reply = t->replies.reply[i];
		size_t from = agentrun_jobs_count(t->into);
		int64_t due;

		if (!reply || reply->elements < HEAD)
			continue;
		due = reply->element[0]->integer;
		if (due >= 0 && (t->due_ms < 0 || due < t->due_ms))
			t->due_ms = due;
		r = take_jobs(t, i, conn, err);
		if (reply->element[2]->integer > 0)
			suppose_journalled(t, from);
		if (r == 0 && reply->element[2]->integer > 0)
			r = ask_journalled(t, &t->q->lanes[i], from, conn, err);
		/* What cannot be asked for is told with the next renewal. */
		if (r == 0 && reply->element[1]->integer > 0)
			r = ask_cancelled(t, &t->q->lanes[i], from, conn, err);
	}
	for (size_t i = 0; r < 0 && i < t->q->n_lanes; i++)
		if (t->untouched[i])
			remember_lost(t->q, t->asked[i]);
	return r;
}

/* Half of what is wanted from each lane, then the rest from that which had its half. */
static int round_over(struct taking *t, redis_conn *conn, agentrun_error **err)
{
	size_t n = t->q->n_lanes, first = atomic_fetch_add(&t->q->turn, 1) % n;
	size_t max[2] = { t->max, 0 };
	int r;

	if (t->max > REDIS_MOST_JOBS)
		max[0] = REDIS_MOST_JOBS;
	if (n == 2) {
		size_t half = (max[0] + 1) / 2;

		max[1 - first] = max[0] - half;
		max[first] = half;
	}
	r = forget_lost(t->q, conn, err);
	if (r == 0)
		r = ask(t, max, conn, err);
	if (r == 0)
		r = take_replies(t, conn, err);
	if (r == 0 && n == 2 && t->got < t->max) {
		bool full[2] = { jobs_in(t->replies.reply[0]) >= max[0],
			jobs_in(t->replies.reply[1]) >= max[1] };

		redis_landed_free(&t->replies);
		max[0] = full[0] && !full[1] ? t->max - t->got : 0;
		max[1] = full[1] && !full[0] ? t->max - t->got : 0;
		if (max[0] || max[1]) {
			r = ask(t, max, conn, err);
			if (r == 0)
				r = take_replies(t, conn, err);
		}
	}
	redis_landed_free(&t->replies);
	return r;
}

static int do_round(struct taking *t, agentrun_error **err)
{
	redis_conn *conn = NULL;
	int r = redis_pool_take(&t->q->pool, &conn, err), parted;

	if (r == 0)
		r = round_over(t, conn, err);
	redis_pool_give(&t->q->pool, conn);
	/* What landed was not asked for: it is in our hand, without a lease. */
	for (size_t i = 0; i < 2; i++)
		if (t->landed.reply[i])
			remember_lost(t->q, (struct redis_range){ i, 1, 0 });
	redis_landed_free(&t->landed);
	parted = part(t, r < 0 ? NULL : err);
	if (!t->got)
		return r < 0 ? r : parted;
	/* What was taken is handed out; what failed will fail again. */
	if (err) {
		agentrun_error_free(*err);
		*err = NULL;
	}
	return 0;
}

/* ---- until there is one ------------------------------------------------- */

struct patience {
	struct redis_waiter waiter;
	bool waits;        /* the waiter has begun */
	int64_t deadline;
	int64_t failing;   /* since when the server cannot be reached; 0: it can */
	unsigned tries;
};

/* How long to wait now: not beyond the deadline. */
static int64_t slice(const struct patience *p, int64_t ms)
{
	int64_t left = p->deadline - redis_clock_ms();

	ms = ms < 1 ? 1 : ms < TICK_MS ? ms : TICK_MS;
	return left < ms ? left : ms;
}

/* 0: go on; 1: enough; or the error. `why` is what failed. */
static int bear(struct taking *t, struct patience *p, int r, agentrun_error **why,
	agentrun_error **err)
{
	int64_t now = redis_clock_ms();

	if (r == AGENTRUN_EBACKEND) {
		p->failing = p->failing ? p->failing : now;
		if (now - p->failing < t->q->pool.address.timeout_ms && now < p->deadline) {
			agentrun_error_free(*why);
			*why = NULL;
			return redis_waiter_sleep(&p->waiter,
				slice(p, redis_backoff_ms(++p->tries)));
		}
	}
	if (err && !*err)
		*err = *why;
	else
		agentrun_error_free(*why);
	*why = NULL;
	return r;
}

/* One round and, where that brought nothing, one wait. 0: go on; 1: enough. */
static int step(struct taking *t, struct patience *p, agentrun_error **err)
{
	agentrun_error *why = NULL;
	int r = do_round(t, &why);

	if (r == 0 && (t->got || redis_clock_ms() >= p->deadline))
		return 1;
	if (!p->waits) {
		int woken = redis_waiter_begin(t->q, &p->waiter, err);

		p->waits = woken >= 0;
		if (woken) {
			agentrun_error_free(why);
			return woken;
		}
	}
	if (r == 0) {
		p->failing = 0;
		p->tries = 0;
		r = redis_wait(t->q, &p->waiter, slice(p, t->due_ms < 0 ? TICK_MS : t->due_ms),
			&t->landed, &why);
	}
	if (r < 0)
		return bear(t, p, r, &why, err);
	if (r == 1 && (t->landed.reply[0] || t->landed.reply[1])) {
		/* It was woken, and something came all the same. */
		r = do_round(t, err);
		return r < 0 ? r : 1;
	}
	return r;
}

int redis_queue_acquire(void *self, agentrun_jobs *into, size_t max, int64_t lease_ms,
	int timeout_ms, agentrun_error **err)
{
	redis_queue *q = self;
	struct taking t = { .q = q, .into = into, .max = max,
		.lease_ms = lease_ms ? lease_ms : q->lease_ms };
	struct patience p = { .deadline =
		timeout_ms < 0 ? INT64_MAX : redis_clock_ms() + timeout_ms };
	int r = 0;

	atomic_store(&q->has_acquired, true);
	while (r == 0)
		r = step(&t, &p, err);
	if (p.waits)
		redis_waiter_end(q, &p.waiter);
	redis_landed_free(&t.landed);
	return r < 0 && !t.got ? r : 0;
}
