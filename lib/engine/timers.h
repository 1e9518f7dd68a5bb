/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
/*
 * timers - tasks that wait for a time, the earliest first: a heap with room for every
 * job that may be in flight, so that waiting never fails for want of memory. Whoever
 * uses it holds the engine's lock.
 */
#ifndef AGR_TIMERS_H
#define AGR_TIMERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <agentrun/sys/error.h>

struct agr_task;

typedef struct agr_timer {
	int64_t wake_ms;
	size_t at; /* place in the heap, from 1; 0: it does not wait */
} agr_timer;

typedef struct agr_timers {
	struct agr_task **heap; /* from 1 */
	size_t n;
} agr_timers;

int agr_timers_init(agr_timers *timers, size_t most, agentrun_error **err);
void agr_timers_clear(agr_timers *timers);
void agr_timers_push(agr_timers *timers, struct agr_task *task, int64_t wake_ms);
/* False: it did not wait. */
bool agr_timers_remove(agr_timers *timers, struct agr_task *task);
/* One whose time has come, or NULL. */
struct agr_task *agr_timers_pop(agr_timers *timers, int64_t now_ms);
/* When the next one's time comes; AGR_DEADLINE_NONE: nobody waits. */
int64_t agr_timers_next(const agr_timers *timers);

#endif
