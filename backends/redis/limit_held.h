/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
/*
 * limit_held - what this process holds of the limits, and has to tell the server: leases to
 * prolong, amounts to settle. A thread does it, in batches, so that nobody waits for it.
 */
#ifndef REDIS_LIMIT_HELD_H
#define REDIS_LIMIT_HELD_H

#include <pthread.h>

#include "pool.h"

#define REDIS_LIMIT_MOST 16 /* limits of one request */

struct redis_settlement;
struct redis_hold;

typedef struct redis_held {
	redis_pool *pool;  /* lent */
	int64_t lease_ms;
	pthread_mutex_t lock; /* guards all below */
	pthread_cond_t change;
	struct redis_hold *holds[256]; /* by id */
	struct redis_settlement *first, *last; /* to be told, oldest first */
	size_t n_settlements;
	bool running, stop;
	pthread_t thread;
} redis_held;

int redis_held_init(redis_held *held, redis_pool *pool, int64_t lease_ms,
	agentrun_error **err);
/* Tell what there is to tell, if the server can be reached, and end the thread. */
void redis_held_clear(redis_held *held);

/* `keys` are sorted sets in which `id` stands now: it stays there until it is settled. */
int redis_held_add(redis_held *held, const char *id, char **take_keys, size_t n,
	agentrun_error **err);
/* It is prolonged no longer; `keys` and `args` are what the script settles with. Without
 * memory it lapses by itself. */
void redis_held_settle(redis_held *held, const char *id, char **take_keys, size_t n_keys,
	char **take_args, size_t n_args);

/* Free a list and its texts. NULL ok. */
void redis_texts_free(char **texts, size_t n);

#endif
