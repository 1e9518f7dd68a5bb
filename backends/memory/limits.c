/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
/*
 * Limits counted in this process. There is no lease: what is held ends with the process.
 */
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include <agentrun/memory.h>
#include <agentrun/sys/options.h>

#define SLOTS 256
#define SWEEP_AT 1024 /* counters; then those that are idle are forgotten */

struct counter {
	struct counter *next;
	char *key, *name;
	int kind;
	int64_t used_ms;  /* when it was last used, by the clock of requests */
	int64_t idle_ms;  /* how long after that it says nothing any more */
	double level;     /* of a bucket */
	int64_t at_ms;    /* as it was then */
	int64_t *times;   /* of a window: a ring of `room`, the oldest at `first` */
	size_t first, n, room;
	int64_t used;     /* slots; or of the budget of `period` */
	int64_t period;
};

struct limits {
	pthread_mutex_t lock; /* guards all below */
	struct counter *slots[SLOTS];
	size_t n, sweep_at;
	int64_t period; /* the newest of a budget */
};

/* ---- counters; all with the lock held ------------------------------------------- */

static void counter_free(struct counter *c)
{
	free(c->key);
	free(c->name);
	free(c->times);
	free(c);
}

static size_t slot_of(const char *key, const char *name)
{
	uint32_t hash = 0;

	for (; *key; key++)
		hash = hash * 31 + (unsigned char)*key;
	for (hash = hash * 31 + '\n'; *name; name++)
		hash = hash * 31 + (unsigned char)*name;
	return (hash ^ hash >> 8 ^ hash >> 16) & (SLOTS - 1);
}

static int is_idle(const struct limits *l, const struct counter *c, int64_t now_ms)
{
	if (c->kind == AGENTRUN_LIMIT_SLOTS)
		return c->used == 0;
	if (c->kind == AGENTRUN_LIMIT_BUDGET)
		return c->period < l->period || c->used == 0;
	return c->used_ms + c->idle_ms < now_ms;
}

static void sweep(struct limits *l, int64_t now_ms)
{
	for (size_t i = 0; i < SLOTS; i++) {
		struct counter **at = &l->slots[i];

		while (*at) {
			struct counter *c = *at;

			if (!is_idle(l, c, now_ms)) {
				at = &c->next;
				continue;
			}
			*at = c->next;
			counter_free(c);
			l->n--;
		}
	}
	l->sweep_at = l->n * 2 > SWEEP_AT ? l->n * 2 : SWEEP_AT;
}

/* NULL: no memory. */
static struct counter *counter_new(struct limits *l, const agentrun_limit *limit, size_t slot)
{
	struct counter *c = calloc(1, sizeof(*c));

	if (!c)
		return NULL;
	c->key = strdup(limit->key);
	c->name = strdup(limit->name);
	c->kind = limit->kind;
	c->period = limit->period;
	c->level = (double)limit->most;
	c->at_ms = INT64_MIN;
	if (!c->key || !c->name) {
		counter_free(c);
		return NULL;
	}
	c->next = l->slots[slot];
	l->slots[slot] = c;
	l->n++;
	return c;
}

static struct counter *counter_of(struct limits *l, const agentrun_limit *limit)
{
	size_t slot = slot_of(limit->key, limit->name);
	struct counter *c;

	for (c = l->slots[slot]; c; c = c->next)
		if (strcmp(c->key, limit->key) == 0 && strcmp(c->name, limit->name) == 0 &&
			(c->kind != AGENTRUN_LIMIT_BUDGET || c->period == limit->period))
			return c;
	return counter_new(l, limit, slot);
}

/* ---- what each kind allows ----------------------------------------------------------- */

static void fill_bucket(struct counter *c, const agentrun_limit *limit, int64_t now_ms)
{
	if (c->at_ms != INT64_MIN && limit->period_ms > 0)
		c->level += (double)(now_ms - c->at_ms) * (double)limit->most /
			(double)limit->period_ms;
	if (c->level > (double)limit->most)
		c->level = (double)limit->most;
	c->at_ms = now_ms;
}

static int bucket_allows(struct counter *c, const agentrun_limit *limit, int64_t now_ms,
	agentrun_limits_refusal *refusal)
{
	double missing;

	fill_bucket(c, limit, now_ms);
	missing = (double)limit->amount - c->level;
	if (missing <= 0)
		return 1;
	refusal->used = limit->most - (int64_t)c->level;
	refusal->wait_ms = (int64_t)(missing * (double)limit->period_ms / (double)limit->most) + 1;
	return 0;
}

static int window_allows(struct counter *c, const agentrun_limit *limit, int64_t now_ms,
	agentrun_limits_refusal *refusal)
{
	while (c->n && c->times[c->first] <= now_ms - limit->period_ms) {
		c->first = c->first + 1 < c->room ? c->first + 1 : 0;
		c->n--;
	}
	if (c->n < (size_t)limit->most)
		return 1;
	refusal->used = (int64_t)c->n;
	refusal->wait_ms = c->times[c->first] + limit->period_ms - now_ms;
	return 0;
}

static int amount_allows(struct counter *c, const agentrun_limit *limit,
	agentrun_limits_refusal *refusal)
{
	if (c->used <= limit->most && limit->amount <= limit->most - c->used)
		return 1;
	refusal->used = c->used;
	refusal->wait_ms = 0;
	return 0;
}

static int allows(struct counter *c, const agentrun_limit *limit, int64_t now_ms,
	agentrun_limits_refusal *refusal)
{
	switch (limit->kind) {
	case AGENTRUN_LIMIT_BUCKET:
		return bucket_allows(c, limit, now_ms, refusal);
	case AGENTRUN_LIMIT_WINDOW:
		return window_allows(c, limit, now_ms, refusal);
	default:
		return amount_allows(c, limit, refusal);
	}
}

/* Room for one more time, so that taking it cannot fail. */
static int make_room(struct counter *c, const agentrun_limit *limit)
{
	size_t room = c->room ? c->room * 2 : 8;
	int64_t *grown;

	if (limit->kind != AGENTRUN_LIMIT_WINDOW || c->n < c->room)
		return 0;
	grown = calloc(room, sizeof(*grown));
	if (!grown)
		return -1;
	for (size_t i = 0; i < c->n; i++)
		grown[i] = c->times[c->first + i < c->room ? c->first + i
							    : c->first + i - c->room];
	free(c->times);
	c->times = grown;
	c->first = 0;
	c->room = room;
	return 0;
}

static void take_one(struct limits *l, struct counter *c, const agentrun_limit *limit,
	int64_t now_ms)
{
	size_t at;

	c->used_ms = now_ms;
	c->idle_ms = limit->period_ms;
	if (limit->kind == AGENTRUN_LIMIT_BUCKET) {
		c->level -= (double)limit->amount;
	} else if (limit->kind == AGENTRUN_LIMIT_WINDOW) {
		at = c->first + c->n++;
		c->times[at < c->room ? at : at - c->room] = now_ms; /* make_room() was there */
	} else {
		c->used += limit->amount;
		if (limit->kind == AGENTRUN_LIMIT_BUDGET && limit->period > l->period)
			l->period = limit->period;
	}
}

/* ---- the vtable -------------------------------------------------------------------------- */

static int try_take(struct limits *l, const agentrun_limits_request *q,
	agentrun_limits_refusal *refusal, agentrun_error **err)
{
	for (size_t i = 0; i < q->n; i++) {
		struct counter *c = counter_of(l, q->limits[i]);

		if (!c || make_room(c, q->limits[i]) < 0)
			return agentrun_error_raise(err, AGENTRUN_ENOMEM, "out of memory");
		if (!allows(c, q->limits[i], q->now_ms, refusal)) {
			refusal->index = i;
			return 1;
		}
	}
	for (size_t i = 0; i < q->n; i++)
		take_one(l, counter_of(l, q->limits[i]), q->limits[i], q->now_ms);
	return 0;
}

static int memory_take(void *self, const agentrun_limits_request *request,
	agentrun_limits_refusal *refusal, agentrun_error **err)
{
	struct limits *l = self;
	int r;

	pthread_mutex_lock(&l->lock);
	if (l->n >= l->sweep_at)
		sweep(l, request->now_ms);
	r = try_take(l, request, refusal, err);
	pthread_mutex_unlock(&l->lock);
	return r;
}

static void memory_settle(void *self, const agentrun_limits_request *request)
{
	struct limits *l = self;

	pthread_mutex_lock(&l->lock);
	for (size_t i = 0; i < request->n; i++) {
		const agentrun_limit *limit = request->limits[i];
		struct counter *c = counter_of(l, limit);

		if (!c)
			continue;
		if (limit->kind == AGENTRUN_LIMIT_SLOTS)
			c->used -= limit->taken < c->used ? limit->taken : c->used;
		else if (limit->kind == AGENTRUN_LIMIT_BUDGET)
			c->used += limit->amount - limit->taken;
	}
	pthread_mutex_unlock(&l->lock);
}

static void memory_destroy(void *self)
{
	struct limits *l = self;

	for (size_t i = 0; i < SLOTS; i++)
		while (l->slots[i]) {
			struct counter *next = l->slots[i]->next;

			counter_free(l->slots[i]);
			l->slots[i] = next;
		}
	pthread_mutex_destroy(&l->lock);
	free(l);
}

int agentrun_memory_limits_new(const agentrun_limits_impl **impl, void **self,
	agentrun_error **err)
{
	static const agentrun_limits_impl limits_impl = {
		.version = AGENTRUN_LIMITS_IMPL_VERSION,
		.struct_size = sizeof(limits_impl),
		.name = "memory",
		.take = memory_take,
		.settle = memory_settle,
		.destroy = memory_destroy,
	};
	struct limits *l = calloc(1, sizeof(*l));

	*impl = &limits_impl;
	*self = l;
	if (!l)
		return agentrun_error_raise(err, AGENTRUN_ENOMEM, "out of memory");
	pthread_mutex_init(&l->lock, NULL);
	l->sweep_at = SWEEP_AT;
	return 0;
}
