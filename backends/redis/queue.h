/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
/*
 * queue - the two ways in which jobs come, and what is the same for both. A lane is
 * a list or a stream with the keys beside it; the scripts of both have the same
 * names and the same order, so that what drives them is written once.
 *
 *     lane.c      names of keys, and the calls of scripts
 *     acquire.c   taking jobs: fair between lanes, all of a call in one round trip
 *     wait.c      waiting for the first job, and being woken
 *     settle.c    settle and renew
 *     inspect.c   result, cancel, stats
 *     journal.c   what a job is known to have done
 *     dead.c      dead letters
 *     queue.c     options, enqueue, the vtable
 *
 * A lease is called by the lane's letter and what the lane's scripts call it.
 */
#ifndef REDIS_QUEUE_H
#define REDIS_QUEUE_H

#include <stdatomic.h>

#include <agentrun/redis.h>
#include <agentrun/sys/error.h>
#include <agentrun/sys/options.h>
#include <agentrun/sys/queue.h>

#include "pool.h"
#include "text.h"

#define REDIS_LISTS 'L'
#define REDIS_STREAMS 'S'
/* Of one call of a script: Redis does nothing else meanwhile. */
#define REDIS_MOST_JOBS 512
#define REDIS_MOST_BYTES ((int64_t)4 * 1024 * 1024)

/* Calls without an answer that are known at once. */
#define REDIS_MOST_UNSURE 8

/* Scripts of a lane, counted from its first. */
enum {
	LANE_ACQUIRE = REDIS_LIST_ACQUIRE,
	LANE_SETTLE = REDIS_LIST_SETTLE,
	LANE_RENEW = REDIS_LIST_RENEW,
	LANE_FORGET = REDIS_LIST_FORGET,
	LANE_LEAVE = REDIS_LIST_LEAVE,
	LANE_STATS = REDIS_LIST_STATS,
	LANE_FIND = REDIS_LIST_FIND,
	LANE_DEAD = REDIS_LIST_DEAD,
	LANE_JOURNAL = REDIS_LIST_JOURNAL
};

typedef struct redis_lane {
	char letter;
	char *source;     /* the list or the stream */
	char *group;      /* NULL: a list */
	char *base;       /* what the other keys begin with */
	char *in_hand;    /* a list's B:processing:C */
	char *cancelled, *settled, *dead, *journals;
} redis_lane;

/* Leases whose acquire had no answer. */
struct redis_range {
	size_t lane;
	uint64_t first, last;
};

struct redis_waiter {
	struct redis_waiter *prev, *next;
	int fd; /* an eventfd: it is woken */
};

typedef struct redis_queue {
	redis_pool pool;
	redis_lane lanes[2];
	size_t n_lanes;
	char *consumer;
	char *results;     /* P: */
	char *completions;
	int64_t lease_ms, result_ttl_ms;
	uint32_t max_deliveries;
	atomic_uint turn;  /* which lane is asked first */
	atomic_uint_fast64_t next_lease;
	atomic_bool has_acquired;

	pthread_mutex_t lock; /* of what follows */
	struct redis_waiter *waiters;
	bool wake_next;    /* a wakeup that met nobody */
	struct redis_range lost[16];
	size_t n_lost;
	char *unsure[REDIS_MOST_UNSURE]; /* names of settlings that had no answer, newest first */
} redis_queue;

/* ---- lane.c ------------------------------------------------------------- */

int redis_lane_list(redis_lane *lane, const char *job_queue, const char *consumer,
	agentrun_error **err);
int redis_lane_stream(redis_lane *lane, const char *stream, const char *group,
	agentrun_error **err);
void redis_lane_free(redis_lane *lane);
/* What keys begin with that are made from the list's name; yours. NULL: no memory. */
char *redis_base_of(const char *job_queue);
/* `a` and `b`, joined; NULL: no memory. */
char *redis_join(const char *a, const char *b);

/* Begin a call of one of the lane's scripts: to be followed by `keys` more keys and
 * then `args` arguments behind the lane's own. With keys, write those first and then
 * redis_lane_arguments(). */
void redis_lane_call(const redis_lane *lane, redis_conn *conn, int script, size_t keys,
	size_t args);
void redis_lane_arguments(const redis_lane *lane, redis_conn *conn);
/* The lane of a lease, and the lease as the lane calls it; NULL: it is not ours. */
const redis_lane *redis_lane_of(const redis_queue *q, const char *lease,
	const char **token);

int redis_oom(agentrun_error **err);
/* A number that nobody guesses, to name something by. */
int redis_random(uint64_t *out, agentrun_error **err);

/* ---- acquire.c, wait.c -------------------------------------------------- */

/* What a lane's blocking call brought, by lane; NULL: nothing. */
typedef struct redis_landed {
	redisReply *reply[2];
} redis_landed;

void redis_landed_free(redis_landed *landed);

int redis_queue_acquire(void *self, agentrun_jobs *into, size_t max, int64_t lease_ms,
	int timeout_ms, agentrun_error **err);
/* Be told of wakeups from here on. 1: one was waiting already. */
int redis_waiter_begin(redis_queue *q, struct redis_waiter *waiter, agentrun_error **err);
void redis_waiter_end(redis_queue *q, struct redis_waiter *waiter);
/* Wait for up to `ms`; 1: woken. */
int redis_waiter_sleep(struct redis_waiter *waiter, int64_t ms);
/* Wait for a job of any lane for up to `ms`; 1: woken. A fault is told where nothing
 * landed. */
int redis_wait(redis_queue *q, struct redis_waiter *waiter, int64_t ms,
	redis_landed *landed, agentrun_error **err);
void redis_queue_wakeup(void *self);

/* ---- the rest of the vtable --------------------------------------------- */

int redis_queue_settle(void *self, agentrun_jobs *jobs, agentrun_error **err);
int redis_queue_renew(void *self, agentrun_jobs *jobs, int64_t lease_ms,
	agentrun_error **err);
int redis_queue_result(void *self, agentrun_buf *out, const char *job_id,
	int timeout_ms, agentrun_error **err);
int redis_queue_cancel(void *self, const char *job_id, agentrun_error **err);
int redis_queue_stats(void *self, agentrun_queue_stats *stats, agentrun_error **err);
int redis_queue_dead_list(void *self, agentrun_buf *out,
	const agentrun_dead_query *query, agentrun_error **err);
int redis_queue_dead_retry(void *self, const char *job_id, agentrun_error **err);
int redis_queue_dead_drop(void *self, const char *job_id, agentrun_error **err);
int redis_queue_node_output(void *self, agentrun_buf *out, int *found, const char *run_id,
	const char *node_id, agentrun_error **err);
int redis_queue_journal_put(void *self, const char *job_id, const char *lease,
	const char *name, const char *value, size_t len, agentrun_error **err);
int redis_queue_journal_get(void *self, agentrun_buf *out, int *found,
	const char *job_id, const char *lease, const char *name, agentrun_error **err);

#endif
