/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
#include "queue.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "options.h"
#include "token.h"

/* Words of one RPUSH, entries of one transaction. */
#define PART 1000

/* ---- enqueue ------------------------------------------------------------ */

static void write_push(const redis_lane *lane, redis_conn *conn,
	const agentrun_jobs *jobs, size_t from, size_t n)
{
	redis_conn_begin(conn, 2 + n);
	redis_conn_word(conn, "RPUSH");
	redis_conn_word(conn, lane->source);
	for (size_t i = from; i < from + n; i++) {
		size_t len;
		const char *payload = agentrun_job_payload(agentrun_jobs_at(jobs, i), &len);

		redis_conn_bytes(conn, payload, len);
	}
}

static int write_add(const redis_lane *lane, redis_conn *conn, const agentrun_job *job,
	agentrun_error **err)
{
	agentrun_buf token = AGENTRUN_BUF_INIT;
	size_t len;
	const char *payload = agentrun_job_payload(job, &len);
	int r = redis_token_of_job(&token, payload, len);

	redis_conn_begin(conn, 5);
	redis_conn_word(conn, "XADD");
	redis_conn_word(conn, lane->source);
	redis_conn_word(conn, "*");
	redis_conn_word(conn, "token");
	redis_conn_bytes(conn, token.data ? token.data : "", token.len);
	agentrun_buf_dispose(&token);
	return r < 0 ? redis_oom(err) : 0;
}

static void write_word(redis_conn *conn, const char *word)
{
	redis_conn_begin(conn, 1);
	redis_conn_word(conn, word);
}

/* All in one transaction. `*answers`: how many replies come. */
static int write_jobs(const redis_lane *lane, redis_conn *conn, const agentrun_jobs *jobs,
	size_t *answers, agentrun_error **err)
{
	size_t n = agentrun_jobs_count(jobs), part = lane->group ? 1 : PART;
	int r = 0;

	*answers = (n + part - 1) / part;
	if (*answers > 1)
		write_word(conn, "MULTI");
	for (size_t i = 0; r == 0 && i < n; i += part) {
		if (lane->group)
			r = write_add(lane, conn, agentrun_jobs_at(jobs, i), err);
		else
			write_push(lane, conn, jobs, i, n - i < part ? n - i : part);
	}
	if (*answers > 1) {
		write_word(conn, "EXEC");
		*answers += 2;
	}
	return r;
}

struct enqueuing {
	redis_queue *q;
	const agentrun_jobs *jobs;
};

static int read_answers(redis_conn *conn, size_t answers, agentrun_error **err)
{
	int status = 0;

	for (size_t i = 0; i < answers; i++) {
		redisReply *reply = NULL;
		int r = redis_conn_reply(conn, &reply, 0, err);

		if (r < 0)
			return r;
		r = redis_conn_fault(conn, reply, err);
		/* The last is EXEC's: a fault inside it is one, too. */
		if (r == 0 && reply->type == REDIS_REPLY_ARRAY && reply->elements)
			r = redis_conn_fault(conn, reply->element[0], err);
		status = status < 0 ? status : r;
		freeReplyObject(reply);
	}
	return status;
}

/* It is not tried again once it was sent: it would come twice. */
static int enqueue(void *user, redis_conn *conn, agentrun_error **err)
{
	struct enqueuing *e = user;
	agentrun_error *why = NULL;
	size_t answers;
	int r = write_jobs(&e->q->lanes[0], conn, e->jobs, &answers, err);

	if (r < 0) {
		conn->broken = true;
		return r;
	}
	r = redis_conn_send(conn, err);
	if (r < 0)
		return r;
	r = read_answers(conn, answers, &why);
	if (r == AGENTRUN_EBACKEND && conn->broken) {
		conn->once = true;
		agentrun_error_raise(err, r, "%s; whether the jobs are queued is not known: "
			"look before you send them again", agentrun_error_message(why));
		agentrun_error_free(why);
		return r;
	}
	if (err && !*err)
		*err = why;
	else
		agentrun_error_free(why);
	return r;
}

static int redis_enqueue(void *self, const agentrun_jobs *jobs, agentrun_error **err)
{
	struct enqueuing e = { self, jobs };

	if (!agentrun_jobs_count(jobs))
		return 0;
	return redis_pool_run(&e.q->pool, enqueue, &e, err);
}

/* ---- the end ------------------------------------------------------------ */

static void leave(redis_queue *q)
{
	redis_conn *conn = NULL;

	if (redis_pool_take(&q->pool, &conn, NULL) < 0)
		return;
	for (size_t i = 0; i < q->n_lanes && !conn->broken; i++) {
		redisReply *reply = NULL;

		redis_lane_call(&q->lanes[i], conn, LANE_LEAVE, 0, 1);
		redis_conn_word(conn, q->consumer);
		redis_conn_call(conn, &reply, NULL);
		freeReplyObject(reply);
	}
	redis_pool_give(&q->pool, conn);
}

static void redis_destroy(void *self)
{
	redis_queue *q = self;

	if (atomic_load(&q->has_acquired))
		leave(q);
	for (size_t i = 0; i < 2; i++)
		redis_lane_free(&q->lanes[i]);
	redis_pool_free(&q->pool);
	free(q->consumer);
	free(q->results);
	free(q->completions);
	for (size_t i = 0; i < REDIS_MOST_UNSURE; i++)
		free(q->unsure[i]);
	pthread_mutex_destroy(&q->lock);
	free(q);
}

static const agentrun_queue_impl queue_impl = {
	.version = AGENTRUN_QUEUE_IMPL_VERSION,
	.struct_size = sizeof(queue_impl),
	.name = "redis",
	.enqueue = redis_enqueue,
	.acquire = redis_queue_acquire,
	.settle = redis_queue_settle,
	.renew = redis_queue_renew,
	.destroy = redis_destroy,
	.wakeup = redis_queue_wakeup,
	.result = redis_queue_result,
	.cancel = redis_queue_cancel,
	.stats = redis_queue_stats,
	.dead_list = redis_queue_dead_list,
	.dead_retry = redis_queue_dead_retry,
	.dead_drop = redis_queue_dead_drop,
	.journal_put = redis_queue_journal_put,
	.journal_get = redis_queue_journal_get,
	.node_output = redis_queue_node_output,
};

/* ---- options ------------------------------------------------------------ */

void agentrun_redis_queue_options_init(agentrun_redis_queue_options *opts,
	size_t struct_size)
{
	const agentrun_redis_queue_options defaults = { .result_ttl_ms = 86400000 };

	agentrun_options_init(opts, struct_size, &defaults, sizeof(defaults));
}

static int name_consumer(redis_queue *q, const char *given, agentrun_error **err)
{
	char host[65] = "", name[128];
	uint64_t random = 0;
	int r;

	if (given) {
		q->consumer = strdup(given);
		return q->consumer ? 0 : redis_oom(err);
	}
	if (gethostname(host, sizeof(host) - 1) < 0)
		snprintf(host, sizeof(host), "host");
	r = redis_random(&random, err);
	if (r < 0)
		return r;
	/* A slash ends the consumer's name in a lease. */
	for (char *p = host; *p; p++)
		if (*p == '/' || *p == ' ')
			*p = '-';
	snprintf(name, sizeof(name), "%s-%ld-%016llx", host, (long)getpid(),
		(unsigned long long)random);
	q->consumer = strdup(name);
	return q->consumer ? 0 : redis_oom(err);
}

static const char *text_of(const agentrun_config *config, const char *given,
	const char *key)
{
	const char *value = given ? given : agentrun_config_get(config, key);

	return value ? value : "";
}

static int make_lanes(redis_queue *q, const agentrun_redis_queue_options *opts,
	const agentrun_config *config, agentrun_error **err)
{
	const char *mode = text_of(config, opts->mode, "redis.mode");
	const char *jobs = text_of(config, opts->job_queue, "redis.job_queue");
	const char *stream = text_of(config, opts->stream, "redis.stream");
	const char *group = text_of(config, opts->consumer_group, "redis.consumer_group");
	bool both = strcmp(mode, "both") == 0;
	int r = 0;

	if (!both && strcmp(mode, "list") != 0 && strcmp(mode, "stream") != 0)
		return agentrun_error_raise(err, AGENTRUN_EINVAL,
			"redis mode \"%.40s\": list, stream or both", mode);
	if (!*jobs || !*stream || !*group)
		return agentrun_error_raise(err, AGENTRUN_EINVAL,
			"redis: job_queue, stream and consumer_group must not be empty");
	if (both || strcmp(mode, "list") == 0)
		r = redis_lane_list(&q->lanes[q->n_lanes++], jobs, q->consumer, err);
	if (r == 0 && (both || strcmp(mode, "stream") == 0))
		r = redis_lane_stream(&q->lanes[q->n_lanes++], stream, group, err);
	return r;
}

static int fill(redis_queue *q, const agentrun_redis_queue_options *opts,
	const agentrun_config *config, agentrun_error **err)
{
	int r = redis_address_of(&q->pool.address, config, opts->url, err);

	q->lease_ms = opts->lease_ms ? opts->lease_ms
		: redis_milliseconds_of(config, "queue.lease_sec");
	if (q->lease_ms < 1)
		q->lease_ms = 30000;
	q->result_ttl_ms = opts->result_ttl_ms;
	q->max_deliveries = opts->max_deliveries ? opts->max_deliveries
		: (uint32_t)agentrun_config_get_int(config, "queue.max_deliveries", 5);
	if (r == 0)
		r = name_consumer(q, opts->consumer, err);
	if (r == 0)
		r = make_lanes(q, opts, config, err);
	if (r < 0)
		return r;
	q->results = redis_join(text_of(config, opts->result_queue_prefix,
		"redis.result_queue_prefix"), ":");
	q->completions = strdup(text_of(config, opts->completion_queue,
		"redis.completion_queue"));
	return q->results && q->completions ? 0 : redis_oom(err);
}

static int check(const agentrun_redis_queue_options *opts, agentrun_error **err)
{
	if (opts->lease_ms < 0 || opts->result_ttl_ms <= 0 || opts->reserved)
		return agentrun_error_raise(err, AGENTRUN_EINVAL, "agentrun_redis_queue_options: "
			"lease_ms is not negative, result_ttl_ms is above 0, reserved is 0");
	if (opts->consumer && (!*opts->consumer || strpbrk(opts->consumer, "/ \n")))
		return agentrun_error_raise(err, AGENTRUN_EINVAL, "agentrun_redis_queue_options: "
			"a consumer's name holds no slash and no blank");
	return 0;
}

int agentrun_redis_queue_new(agentrun_queue **out,
	const agentrun_redis_queue_options *opts_in, agentrun_error **err)
{
	agentrun_redis_queue_options opts;
	const agentrun_config *config;
	agentrun_config *own = NULL;
	redis_queue *q;
	int r;

	*out = NULL;
	agentrun_redis_queue_options_init(&opts, sizeof(opts));
	r = agentrun_options_read(&opts, sizeof(opts), opts_in,
		"agentrun_redis_queue_options", err);
	if (r == 0)
		r = check(&opts, err);
	if (r < 0)
		return r;
	q = calloc(1, sizeof(*q));
	if (!q)
		return redis_oom(err);
	pthread_mutex_init(&q->lock, NULL);
	redis_pool_init(&q->pool);
	r = redis_config_of(&config, &own, opts.config, err);
	if (r == 0)
		r = fill(q, &opts, config, err);
	if (r == 0)
		r = agentrun_queue_new(out, &queue_impl, q, err);
	if (r < 0)
		redis_destroy(q);
	agentrun_config_free(own);
	return r;
}
