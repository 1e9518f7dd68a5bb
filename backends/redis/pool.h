/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
/*
 * pool - connections, one a call that runs. A few stay open between calls; what is
 * broken is closed. Whoever needs one when none is idle opens another.
 */
#ifndef REDIS_POOL_H
#define REDIS_POOL_H

#include <pthread.h>

#include "conn.h"

typedef struct redis_pool {
	redis_address address;
	pthread_mutex_t lock;
	redis_conn *idle;
	size_t n_idle;
	bool was_up; /* a connection was made once */
} redis_pool;

void redis_pool_init(redis_pool *pool); /* the address was filled in */
void redis_pool_free(redis_pool *pool);

int redis_pool_take(redis_pool *pool, redis_conn **out, agentrun_error **err);
void redis_pool_give(redis_pool *pool, redis_conn *conn); /* NULL ok */

/* What a call does over a connection; it may be done again from the start. */
typedef int (*redis_work)(void *user, redis_conn *conn, agentrun_error **err);
/*
 * Do it; where the server cannot be reached, again with a growing wait, until the
 * address' timeout is over, and once more at least where a connection gave no answer. A
 * server that was never reached is not waited for.
 */
int redis_pool_run(redis_pool *pool, redis_work work, void *user,
	agentrun_error **err);

/* Milliseconds by the clock that only goes on. */
int64_t redis_clock_ms(void);
/* How long to wait before try `n`, from 1. */
int64_t redis_backoff_ms(unsigned n);

#endif
