/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
/*
 * What a job is known to have done: a hash for each job, which is written by who has its
 * lease alone, and which the scripts that settle remove. And what other nodes of its run
 * put out.
 */
#include <stdlib.h>

#include "queue.h"

struct entry {
	const redis_queue *q;
	const redis_lane *lane;
	const char *token, *job_id, *name;
	const char *value; /* NULL: it is read */
	size_t len;
	agentrun_buf *out;
	int *found;
};

static int is_lost(const char *job_id, agentrun_error **err)
{
	return agentrun_error_raise(err, AGENTRUN_ENOTFOUND,
		"job %.100s is not held under this lease any more", job_id);
}

static int take_value(struct entry *e, const redisReply *reply, agentrun_error **err)
{
	const redisReply *value = reply->elements ? reply->element[0] : NULL;

	if (!value || value->type != REDIS_REPLY_STRING)
		return 0;
	*e->found = 1;
	return agentrun_buf_set(e->out, value->str, value->len) < 0 ? redis_oom(err) : 0;
}

static int call_script(void *user, redis_conn *conn, agentrun_error **err)
{
	struct entry *e = user;
	redisReply *reply = NULL;
	int r;

	redis_lane_call(e->lane, conn, LANE_JOURNAL, 0, 4 + (e->value != NULL));
	redis_conn_word(conn, e->token);
	redis_conn_word(conn, e->job_id);
	redis_conn_int(conn, e->q->result_ttl_ms);
	redis_conn_word(conn, e->name);
	if (e->value)
		redis_conn_bytes(conn, e->value, e->len);
	r = redis_conn_call(conn, &reply, err);
	if (r == 0 && reply->type == REDIS_REPLY_INTEGER)
		r = reply->integer ? 0 : is_lost(e->job_id, err);
	else if (r == 0)
		r = take_value(e, reply, err);
	freeReplyObject(reply);
	return r;
}

static int run(struct entry *e, redis_queue *q, const char *lease, agentrun_error **err)
{
	e->q = q;
	e->lane = redis_lane_of(q, lease, &e->token);
	if (!e->lane)
		return is_lost(e->job_id, err);
	return redis_pool_run(&q->pool, call_script, e, err);
}

int redis_queue_journal_put(void *self, const char *job_id, const char *lease,
	const char *name, const char *value, size_t len, agentrun_error **err)
{
	struct entry e = { .job_id = job_id, .name = name, .value = value ? value : "",
		.len = len };

	return run(&e, self, lease, err);
}

int redis_queue_journal_get(void *self, agentrun_buf *out, int *found,
	const char *job_id, const char *lease, const char *name, agentrun_error **err)
{
	struct entry e = { .job_id = job_id, .name = name, .out = out, .found = found };

	return run(&e, self, lease, err);
}

/* ---- outputs of nodes ----------------------------------------------------- */

struct output {
	char *context, *field; /* where the ref is */
	agentrun_buf *out;
	int *found;
};

/* The reply to a command of these words; NULL where there is nothing. */
static int read_text(redis_conn *conn, redisReply **out, const char *command,
	const char *key, const char *field, agentrun_error **err)
{
	int r;

	redis_conn_begin(conn, field ? 3 : 2);
	redis_conn_word(conn, command);
	redis_conn_word(conn, key);
	if (field)
		redis_conn_word(conn, field);
	r = redis_conn_call(conn, out, err);
	if (r == 0 && (*out)->type != REDIS_REPLY_STRING) {
		freeReplyObject(*out);
		*out = NULL;
	}
	return r;
}

static int read_output(void *user, redis_conn *conn, agentrun_error **err)
{
	struct output *o = user;
	redisReply *ref = NULL, *json = NULL;
	int r = read_text(conn, &ref, "HGET", o->context, o->field, err);

	if (r == 0 && ref) {
		char *key = redis_join("cas:", ref->str);

		r = key ? read_text(conn, &json, "GET", key, NULL, err) : redis_oom(err);
		free(key);
	}
	if (r == 0 && json) {
		*o->found = 1;
		r = agentrun_buf_set(o->out, json->str, json->len) < 0 ? redis_oom(err) : 0;
	}
	freeReplyObject(ref);
	freeReplyObject(json);
	return r;
}

int redis_queue_node_output(void *self, agentrun_buf *out, int *found, const char *run_id,
	const char *node_id, agentrun_error **err)
{
	redis_queue *q = self;
	struct output o = { .context = redis_join("context:", run_id),
		.field = redis_join(node_id, ":output"), .out = out, .found = found };
	int r = o.context && o.field ? redis_pool_run(&q->pool, read_output, &o, err)
				     : redis_oom(err);

	free(o.context);
	free(o.field);
	return r;
}
