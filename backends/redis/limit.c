/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
/*
 * Limits that several processes share. What stands under which key is said in
 * agentrun/redis.h and at the head of scripts/limit.lua.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <agentrun/redis.h>
#include <agentrun/sys/options.h>

#include "limit_held.h"
#include "options.h"
#include "queue.h"

#define PATIENCE_MS 1000 /* who computes does not wait longer */
#define LEASE_MS 30000

struct redis_limits {
	redis_pool pool;
	char *base; /* "B:limit:" */
	redis_held held;
	bool held_made;
	uint64_t random;            /* what its calls are named by, with a number */
	atomic_uint_fast64_t calls;
};

/* ---- keys ------------------------------------------------------------------------ */

static char *key_of(const struct redis_limits *l, const agentrun_limit *limit,
	const char *end)
{
	char period[32] = "";
	size_t n;
	char *key;

	if (limit->kind == AGENTRUN_LIMIT_BUDGET)
		snprintf(period, sizeof(period), ":%" PRId64, limit->period);
	n = strlen(l->base) + strlen(limit->key) + strlen(limit->name) + strlen(period) +
		strlen(end) + 2;
	key = malloc(n);
	if (key)
		snprintf(key, n, "%s%s:%s%s%s", l->base, limit->key, limit->name, period, end);
	return key;
}

/* Of each limit its key and the one of what is held; NULL: no memory. */
static char **keys_of(const struct redis_limits *l, const agentrun_limits_request *q)
{
	char **keys = calloc(2 * q->n + 1, sizeof(*keys));

	for (size_t i = 0; keys && i < 2 * q->n; i++) {
		keys[i] = key_of(l, q->limits[i / 2], i % 2 ? ":held" : "");
		if (!keys[i]) {
			redis_texts_free(keys, i);
			return NULL;
		}
	}
	return keys;
}

static bool is_held(const agentrun_limit *limit)
{
	return limit->kind == AGENTRUN_LIMIT_SLOTS || limit->kind == AGENTRUN_LIMIT_BUDGET;
}

/* The sorted sets in which what was taken has a lease; the rest is freed. */
static size_t keep_held(const agentrun_limits_request *q, char **keys)
{
	size_t n = 0;

	for (size_t i = 0; i < q->n; i++) {
		int at = q->limits[i]->kind == AGENTRUN_LIMIT_BUDGET;
		char *kept = keys[2 * i + (size_t)at];

		free(keys[2 * i + (size_t)!at]);
		if (is_held(q->limits[i]))
			keys[n++] = kept;
		else
			free(kept);
	}
	return n;
}

/* ---- take ------------------------------------------------------------------------- */

struct call {
	const struct redis_limits *l;
	const agentrun_limits_request *q;
	char **keys;
	agentrun_limits_refusal *refusal;
	bool refused;
	char name[48]; /* the same where it is made again */
};

static int read_verdict(struct call *c, const redisReply *reply, agentrun_error **err)
{
	if (reply->type != REDIS_REPLY_ARRAY || reply->elements != 3)
		return agentrun_error_raise(err, AGENTRUN_ESTORAGE,
			"Redis answered a script of limits with something else");
	c->refused = reply->element[0]->integer > 0;
	if (c->refused) {
		c->refusal->index = (size_t)reply->element[0]->integer - 1;
		c->refusal->used = reply->element[1]->integer;
		c->refusal->wait_ms = reply->element[2]->integer;
	}
	return 0;
}

static int take(void *user, redis_conn *conn, agentrun_error **err)
{
	struct call *c = user;
	const agentrun_limits_request *q = c->q;
	redisReply *reply = NULL;
	int r;

	redis_conn_script(conn, REDIS_LIMIT_TAKE, 2 * q->n, 3 + 4 * q->n);
	for (size_t i = 0; i < 2 * q->n; i++)
		redis_conn_word(conn, c->keys[i]);
	redis_conn_word(conn, q->id);
	redis_conn_int(conn, c->l->held.lease_ms);
	redis_conn_word(conn, c->name);
	for (size_t i = 0; i < q->n; i++) {
		redis_conn_int(conn, q->limits[i]->kind);
		redis_conn_int(conn, q->limits[i]->most);
		redis_conn_int(conn, q->limits[i]->period_ms);
		redis_conn_int(conn, q->limits[i]->amount);
	}
	r = redis_conn_call(conn, &reply, err);
	if (r == 0)
		r = read_verdict(c, reply, err);
	freeReplyObject(reply);
	return r;
}

static int redis_take(void *self, const agentrun_limits_request *request,
	agentrun_limits_refusal *refusal, agentrun_error **err)
{
	struct redis_limits *l = self;
	struct call c = { .l = l, .q = request, .refusal = refusal };
	size_t n;
	int r;

	if (!request->n || request->n > REDIS_LIMIT_MOST)
		return request->n ? agentrun_error_raise(err, AGENTRUN_EINVAL,
			"more than %d limits at once", REDIS_LIMIT_MOST) : 0;
	c.keys = keys_of(l, request);
	if (!c.keys)
		return redis_oom(err);
	snprintf(c.name, sizeof(c.name), "%" PRIx64 "-%" PRIx64, l->random,
		(uint64_t)atomic_fetch_add(&l->calls, 1));
	r = redis_pool_run(&l->pool, take, &c, err);
	if (r < 0 || c.refused) {
		redis_texts_free(c.keys, 2 * request->n);
		return r < 0 ? r : 1;
	}
	n = keep_held(request, c.keys);
	if (n)
		r = redis_held_add(&l->held, request->id, c.keys, n, err);
	if (!n || r < 0)
		redis_texts_free(c.keys, n);
	return r;
}

/* ---- settle ------------------------------------------------------------------------- */

static char *number_text(int64_t number)
{
	char text[32];

	snprintf(text, sizeof(text), "%" PRId64, number);
	return strdup(text);
}

/* The id, then of each limit its kind and what it came to; NULL: no memory. */
static char **settle_args(const agentrun_limits_request *q)
{
	size_t n = 1 + 2 * q->n;
	char **args = calloc(n, sizeof(*args));
	bool missing = false;

	if (!args)
		return NULL;
	args[0] = strdup(q->id);
	for (size_t i = 0; i < q->n; i++) {
		args[1 + 2 * i] = number_text(q->limits[i]->kind);
		args[2 + 2 * i] = number_text(q->limits[i]->amount);
	}
	for (size_t i = 0; i < n; i++)
		missing = missing || !args[i];
	if (missing) {
		redis_texts_free(args, n);
		args = NULL;
	}
	return args;
}

static void redis_settle(void *self, const agentrun_limits_request *request)
{
	struct redis_limits *l = self;
	char **keys = keys_of(l, request), **args = settle_args(request);

	if (keys && args) {
		redis_held_settle(&l->held, request->id, keys, 2 * request->n, args,
			1 + 2 * request->n);
		return;
	}
	redis_texts_free(keys, 2 * request->n);
	redis_texts_free(args, 1 + 2 * request->n);
}

/* ---- life ----------------------------------------------------------------------------- */

static void redis_destroy(void *self)
{
	struct redis_limits *l = self;

	if (l->held_made)
		redis_held_clear(&l->held);
	redis_pool_free(&l->pool);
	free(l->base);
	free(l);
}

void agentrun_redis_limits_options_init(agentrun_redis_limits_options *opts,
	size_t struct_size)
{
	const agentrun_redis_limits_options defaults = { .url = NULL };

	agentrun_options_init(opts, struct_size, &defaults, sizeof(defaults));
}

static int fill(struct redis_limits *l, const agentrun_redis_limits_options *opts,
	const agentrun_config *config, agentrun_error **err)
{
	const char *jobs = opts->job_queue ? opts->job_queue
		: agentrun_config_get(config, "redis.job_queue");
	int64_t lease_ms = opts->lease_ms > 0 ? opts->lease_ms
		: redis_milliseconds_of(config, "rate_limit.lease_sec");
	char *base;
	int r = redis_address_of(&l->pool.address, config, opts->url, err);

	if (r < 0)
		return r;
	if (l->pool.address.timeout_ms > PATIENCE_MS)
		l->pool.address.timeout_ms = PATIENCE_MS;
	base = redis_base_of(jobs ? jobs : "");
	l->base = base ? redis_join(base, ":limit:") : NULL;
	free(base);
	if (!l->base)
		return redis_oom(err);
	r = redis_held_init(&l->held, &l->pool, lease_ms > 0 ? lease_ms : LEASE_MS, err);
	l->held_made = r == 0;
	return r;
}

int agentrun_redis_limits_new(const agentrun_limits_impl **impl, void **self,
	const agentrun_redis_limits_options *opts_in, agentrun_error **err)
{
	static const agentrun_limits_impl limits_impl = {
		.version = AGENTRUN_LIMITS_IMPL_VERSION,
		.struct_size = sizeof(limits_impl),
		.name = "redis",
		.take = redis_take,
		.settle = redis_settle,
		.destroy = redis_destroy,
	};
	agentrun_redis_limits_options opts;
	const agentrun_config *config;
	agentrun_config *own = NULL;
	struct redis_limits *l;
	int r;

	*impl = &limits_impl;
	*self = NULL;
	agentrun_redis_limits_options_init(&opts, sizeof(opts));
	r = agentrun_options_read(&opts, sizeof(opts), opts_in, "agentrun_redis_limits_options",
		err);
	if (r < 0)
		return r;
	l = calloc(1, sizeof(*l));
	if (!l)
		return redis_oom(err);
	redis_pool_init(&l->pool);
	atomic_init(&l->calls, 0);
	r = redis_random(&l->random, err);
	if (r == 0)
		r = redis_config_of(&config, &own, opts.config, err);
	if (r == 0)
		r = fill(l, &opts, config, err);
	if (r < 0)
		redis_destroy(l);
	else
		*self = l;
	agentrun_config_free(own);
	return r;
}
