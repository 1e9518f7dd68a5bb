/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
#include "pool.h"

#include <stdlib.h>
#include <time.h>

#define MAX_IDLE 8
#define FIRST_WAIT_MS 20
#define LONGEST_WAIT_MS 1000

int64_t redis_clock_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

int64_t redis_backoff_ms(unsigned n)
{
	int64_t wait = FIRST_WAIT_MS;
	struct timespec t;

	while (--n && wait < LONGEST_WAIT_MS)
		wait *= 2;
	if (wait > LONGEST_WAIT_MS)
		wait = LONGEST_WAIT_MS;
	/* So that a hundred workers do not come back at once: half to all of it. */
	clock_gettime(CLOCK_REALTIME, &t);
	return wait / 2 + (t.tv_nsec / 1000) % (wait / 2 + 1);
}

void redis_pool_init(redis_pool *pool)
{
	pthread_mutex_init(&pool->lock, NULL);
}

static void drop_idle(redis_conn *list)
{
	while (list) {
		redis_conn *next = list->next;

		redis_conn_free(list);
		list = next;
	}
}

void redis_pool_free(redis_pool *pool)
{
	drop_idle(pool->idle);
	redis_address_free(&pool->address);
	pthread_mutex_destroy(&pool->lock);
}

static redis_conn *idle_one(redis_pool *pool)
{
	redis_conn *conn;

	pthread_mutex_lock(&pool->lock);
	conn = pool->idle;
	if (conn) {
		pool->idle = conn->next;
		pool->n_idle--;
	}
	pthread_mutex_unlock(&pool->lock);
	return conn;
}

int redis_pool_take(redis_pool *pool, redis_conn **out, agentrun_error **err)
{
	int r;

	while ((*out = idle_one(pool))) {
		if (redis_conn_is_alive(*out))
			return 0;
		redis_conn_free(*out);
	}
	r = redis_conn_open(out, &pool->address, err);
	if (r == 0) {
		pthread_mutex_lock(&pool->lock);
		pool->was_up = true;
		pthread_mutex_unlock(&pool->lock);
	}
	return r;
}

void redis_pool_give(redis_pool *pool, redis_conn *conn)
{
	redis_conn *old = NULL;

	if (!conn)
		return;
	pthread_mutex_lock(&pool->lock);
	if (conn->broken) {
		/* The others are likely to be so too. */
		old = pool->idle;
		pool->idle = NULL;
		pool->n_idle = 0;
	}
	if (conn->broken || pool->n_idle == MAX_IDLE) {
		conn->next = old;
		old = conn;
	} else {
		conn->next = pool->idle;
		pool->idle = conn;
		pool->n_idle++;
	}
	pthread_mutex_unlock(&pool->lock);
	drop_idle(old);
}

static void sleep_ms(int64_t ms)
{
	struct timespec t = { .tv_sec = (time_t)(ms / 1000), .tv_nsec = (long)(ms % 1000) * 1000000 };

	nanosleep(&t, NULL);
}

static bool has_been_up(redis_pool *pool)
{
	bool up;

	pthread_mutex_lock(&pool->lock);
	up = pool->was_up;
	pthread_mutex_unlock(&pool->lock);
	return up;
}

int redis_pool_run(redis_pool *pool, redis_work work, void *user,
	agentrun_error **err)
{
	int64_t deadline = redis_clock_ms() + pool->address.timeout_ms;
	unsigned tries = 0;

	for (;;) {
		agentrun_error *why = NULL;
		redis_conn *conn = NULL;
		int64_t wait = redis_backoff_ms(++tries);
		int r = redis_pool_take(pool, &conn, &why);
		bool once, in_time;

		if (r == 0)
			r = work(user, conn, &why);
		once = conn && conn->once;
		/* One that was there and gave no answer took all the time there was: it may
		 * have been half open. */
		in_time = redis_clock_ms() + wait < deadline || (conn && tries == 1);
		if (conn)
			conn->once = false;
		redis_pool_give(pool, conn);
		if (r != AGENTRUN_EBACKEND || once || !has_been_up(pool) || !in_time) {
			if (r < 0 && err && !*err)
				*err = why;
			else
				agentrun_error_free(why);
			return r;
		}
		agentrun_error_free(why);
		sleep_ms(wait);
	}
}
