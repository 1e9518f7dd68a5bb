/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
#include "limit_held.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "queue.h"

#define BATCH 128              /* scripts that are sent at once */
#define MOST_SETTLEMENTS 100000 /* then the oldest are left to their leases */

struct redis_settlement {
	struct redis_settlement *next;
	char **keys, **args;
	size_t n_keys, n_args;
};

struct redis_hold {
	struct redis_hold *next;
	char *id;
	char **keys;
	size_t n;
};

void redis_texts_free(char **texts, size_t n)
{
	for (size_t i = 0; texts && i < n; i++)
		free(texts[i]);
	free(texts);
}

static void settlement_free(struct redis_settlement *s)
{
	redis_texts_free(s->keys, s->n_keys);
	redis_texts_free(s->args, s->n_args);
	free(s);
}

static void hold_free(struct redis_hold *hold)
{
	redis_texts_free(hold->keys, hold->n);
	free(hold->id);
	free(hold);
}

static size_t slot_of(const char *id)
{
	uint32_t hash = 0;

	for (; *id; id++)
		hash = hash * 31 + (unsigned char)*id;
	return (hash ^ hash >> 8 ^ hash >> 16) & 255;
}

/* ---- settlements ----------------------------------------------------------------- */

struct batch {
	struct redis_settlement *list[BATCH];
	size_t n;
};

static int send_settlements(void *user, redis_conn *conn, agentrun_error **err)
{
	const struct batch *batch = user;
	int r;

	for (size_t i = 0; i < batch->n; i++) {
		const struct redis_settlement *s = batch->list[i];

		redis_conn_script(conn, REDIS_LIMIT_SETTLE, s->n_keys, s->n_args);
		for (size_t k = 0; k < s->n_keys; k++)
			redis_conn_word(conn, s->keys[k]);
		for (size_t k = 0; k < s->n_args; k++)
			redis_conn_word(conn, s->args[k]);
	}
	r = redis_conn_send(conn, err);
	for (size_t i = 0; r == 0 && i < batch->n; i++) {
		redisReply *reply = NULL;

		r = redis_conn_reply(conn, &reply, 0, err);
		if (r == 0)
			r = redis_conn_fault(conn, reply, err);
		freeReplyObject(reply);
	}
	return r;
}

/* With the lock held. */
static void take_batch(redis_held *held, struct batch *batch)
{
	for (batch->n = 0; batch->n < BATCH && held->first; batch->n++) {
		batch->list[batch->n] = held->first;
		held->first = held->first->next;
		held->n_settlements--;
	}
	if (!held->first)
		held->last = NULL;
}

/* With the lock held: they could not be told. */
static void put_back(redis_held *held, struct batch *batch)
{
	while (batch->n) {
		struct redis_settlement *s = batch->list[--batch->n];

		s->next = held->first;
		held->first = s;
		if (!held->last)
			held->last = s;
		held->n_settlements++;
	}
}

static void drop(struct batch *batch)
{
	while (batch->n)
		settlement_free(batch->list[--batch->n]);
}

/* With the lock held, which is given up meanwhile. False: the server is away. */
static bool tell_settlements(redis_held *held)
{
	bool told = true;

	while (told && held->first) {
		struct batch batch;
		int r;

		take_batch(held, &batch);
		pthread_mutex_unlock(&held->lock);
		r = redis_pool_run(held->pool, send_settlements, &batch, NULL);
		told = r != AGENTRUN_EBACKEND; /* what it refuses it will refuse again */
		if (told)
			drop(&batch);
		pthread_mutex_lock(&held->lock);
		put_back(held, &batch);
	}
	return told;
}

/* ---- leases ------------------------------------------------------------------------- */

struct renewal {
	const redis_held *held;
	char **keys, **ids; /* one of each to a key */
	size_t n;
};

static int send_renewal(void *user, redis_conn *conn, agentrun_error **err)
{
	const struct renewal *renewal = user;
	redisReply *reply = NULL;
	int r = 0;

	for (size_t from = 0; r == 0 && from < renewal->n; from += BATCH) {
		size_t n = renewal->n - from < BATCH ? renewal->n - from : BATCH;

		redis_conn_script(conn, REDIS_LIMIT_RENEW, n, 1 + n);
		for (size_t i = 0; i < n; i++)
			redis_conn_word(conn, renewal->keys[from + i]);
		redis_conn_int(conn, renewal->held->lease_ms);
		for (size_t i = 0; i < n; i++)
			redis_conn_word(conn, renewal->ids[from + i]);
		r = redis_conn_call(conn, &reply, err);
		freeReplyObject(reply);
		reply = NULL;
	}
	return r;
}

/* With the lock held: what is held now, copied. False: no memory. */
static bool copy_holds(const redis_held *held, struct renewal *out)
{
	size_t room = 0;

	for (size_t i = 0; i < 256; i++)
		for (const struct redis_hold *h = held->holds[i]; h; h = h->next)
			room += h->n;
	out->keys = calloc(room + 1, sizeof(*out->keys));
	out->ids = calloc(room + 1, sizeof(*out->ids));
	if (!out->keys || !out->ids)
		return false;
	for (size_t i = 0; i < 256; i++)
		for (const struct redis_hold *h = held->holds[i]; h; h = h->next)
			for (size_t k = 0; k < h->n; k++, out->n++) {
				out->keys[out->n] = strdup(h->keys[k]);
				out->ids[out->n] = strdup(h->id);
				if (!out->keys[out->n] || !out->ids[out->n])
					return false;
			}
	return true;
}

/* With the lock held, which is given up meanwhile. */
static void renew(redis_held *held)
{
	struct renewal renewal = { .held = held };
	bool copied = copy_holds(held, &renewal);

	pthread_mutex_unlock(&held->lock);
	if (copied && renewal.n)
		redis_pool_run(held->pool, send_renewal, &renewal, NULL);
	redis_texts_free(renewal.keys, renewal.n + 1);
	redis_texts_free(renewal.ids, renewal.n + 1);
	pthread_mutex_lock(&held->lock);
}

/* ---- the thread ----------------------------------------------------------------------- */

static void wait_until(redis_held *held, int64_t until_ms)
{
	struct timespec t = { .tv_sec = (time_t)(until_ms / 1000),
		.tv_nsec = (long)(until_ms % 1000) * 1000000 };

	pthread_cond_timedwait(&held->change, &held->lock, &t);
}

static void *tell(void *user)
{
	redis_held *held = user;
	int64_t renew_at = redis_clock_ms() + held->lease_ms / 3;

	pthread_mutex_lock(&held->lock);
	while (!held->stop) {
		bool told = tell_settlements(held);

		if (redis_clock_ms() >= renew_at) {
			renew_at = redis_clock_ms() + held->lease_ms / 3;
			renew(held);
		}
		if (held->stop || (told && held->first))
			continue;
		if (told)
			wait_until(held, renew_at);
		else /* away: come back soon, but do not knock all the time */
			wait_until(held, redis_clock_ms() + 200);
	}
	tell_settlements(held);
	pthread_mutex_unlock(&held->lock);
	return NULL;
}

/* With the lock held. */
static int start(redis_held *held, agentrun_error **err)
{
	if (held->running)
		return 0;
	if (pthread_create(&held->thread, NULL, tell, held) != 0)
		return agentrun_error_raise(err, AGENTRUN_ENOMEM, "no thread can be started");
	held->running = true;
	return 0;
}

/* ---- life -------------------------------------------------------------------------------- */

int redis_held_init(redis_held *held, redis_pool *pool, int64_t lease_ms,
	agentrun_error **err)
{
	pthread_condattr_t attr;

	memset(held, 0, sizeof(*held));
	held->pool = pool;
	held->lease_ms = lease_ms;
	if (pthread_condattr_init(&attr) != 0)
		return redis_oom(err);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_mutex_init(&held->lock, NULL);
	pthread_cond_init(&held->change, &attr);
	pthread_condattr_destroy(&attr);
	return 0;
}

void redis_held_clear(redis_held *held)
{
	struct batch batch;
	bool running;

	pthread_mutex_lock(&held->lock);
	held->stop = true;
	running = held->running;
	pthread_cond_signal(&held->change);
	pthread_mutex_unlock(&held->lock);
	if (running)
		pthread_join(held->thread, NULL);
	do {
		take_batch(held, &batch);
		drop(&batch);
	} while (held->first);
	for (size_t i = 0; i < 256; i++)
		while (held->holds[i]) {
			struct redis_hold *next = held->holds[i]->next;

			hold_free(held->holds[i]);
			held->holds[i] = next;
		}
	pthread_cond_destroy(&held->change);
	pthread_mutex_destroy(&held->lock);
}

/* ---- from any thread ---------------------------------------------------------------------- */

int redis_held_add(redis_held *held, const char *id, char **take_keys, size_t n,
	agentrun_error **err)
{
	struct redis_hold *hold = calloc(1, sizeof(*hold));
	size_t slot = slot_of(id);
	int r = 0;

	if (hold)
		hold->id = strdup(id);
	if (!hold || !hold->id)
		r = redis_oom(err);
	pthread_mutex_lock(&held->lock);
	if (r == 0)
		r = start(held, err);
	if (r == 0 && hold) {
		hold->keys = take_keys;
		hold->n = n;
		hold->next = held->holds[slot];
		held->holds[slot] = hold;
		hold = NULL;
	}
	pthread_mutex_unlock(&held->lock);
	if (hold)
		hold_free(hold);
	return r;
}

/* With the lock held. */
static struct redis_hold *unlink_hold(redis_held *held, const char *id)
{
	struct redis_hold **at = &held->holds[slot_of(id)], *hold;

	while (*at && strcmp((*at)->id, id) != 0)
		at = &(*at)->next;
	hold = *at;
	if (hold)
		*at = hold->next;
	return hold;
}

void redis_held_settle(redis_held *held, const char *id, char **take_keys, size_t n_keys,
	char **take_args, size_t n_args)
{
	struct redis_settlement *s = calloc(1, sizeof(*s)), *old = NULL;
	struct redis_hold *hold;

	pthread_mutex_lock(&held->lock);
	hold = unlink_hold(held, id);
	if (s) {
		*s = (struct redis_settlement){ NULL, take_keys, take_args, n_keys, n_args };
		*(held->last ? &held->last->next : &held->first) = s;
		held->last = s;
		if (++held->n_settlements > MOST_SETTLEMENTS) {
			old = held->first;
			held->first = old->next;
			held->n_settlements--;
		}
		if (held->n_settlements == 1)
			pthread_cond_signal(&held->change);
	}
	pthread_mutex_unlock(&held->lock);
	if (!s) {
		redis_texts_free(take_keys, n_keys);
		redis_texts_free(take_args, n_args);
	}
	if (hold)
		hold_free(hold);
	if (old)
		settlement_free(old);
}
