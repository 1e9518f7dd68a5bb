/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
#include "engine/timers.h"

#include <stdlib.h>

#include "engine/engine.h"

int agr_timers_init(agr_timers *timers, size_t most, agentrun_error **err)
{
	timers->heap = calloc(most + 1, sizeof(*timers->heap));
	return timers->heap ? 0 : agr_error_oom(err);
}

void agr_timers_clear(agr_timers *timers)
{
	free(timers->heap);
	timers->heap = NULL;
}

static void put(agr_timers *timers, size_t at, agr_task *task)
{
	timers->heap[at] = task;
	task->timer.at = at;
}

static bool before(const agr_timers *timers, size_t a, size_t b)
{
	return timers->heap[a]->timer.wake_ms < timers->heap[b]->timer.wake_ms;
}

static void swap(agr_timers *timers, size_t a, size_t b)
{
	agr_task *task = timers->heap[a];

	put(timers, a, timers->heap[b]);
	put(timers, b, task);
}

static void settle(agr_timers *timers, size_t at)
{
	while (at > 1 && before(timers, at, at / 2)) {
		swap(timers, at, at / 2);
		at /= 2;
	}
	for (;;) {
		size_t least = at;

		for (size_t child = at * 2; child <= at * 2 + 1 && child <= timers->n; child++)
			if (before(timers, child, least))
				least = child;
		if (least == at)
			return;
		swap(timers, at, least);
		at = least;
	}
}

void agr_timers_push(agr_timers *timers, agr_task *task, int64_t wake_ms)
{
	task->timer.wake_ms = wake_ms;
	put(timers, ++timers->n, task);
	settle(timers, timers->n);
}

bool agr_timers_remove(agr_timers *timers, agr_task *task)
{
	size_t at = task->timer.at;

	if (!at)
		return false;
	task->timer.at = 0;
	if (at != timers->n) {
		put(timers, at, timers->heap[timers->n]);
		timers->n--;
		settle(timers, at);
	} else {
		timers->n--;
	}
	return true;
}

agr_task *agr_timers_pop(agr_timers *timers, int64_t now_ms)
{
	agr_task *task = timers->n ? timers->heap[1] : NULL;

	if (!task || task->timer.wake_ms > now_ms)
		return NULL;
	agr_timers_remove(timers, task);
	return task;
}

int64_t agr_timers_next(const agr_timers *timers)
{
	return timers->n ? timers->heap[1]->timer.wake_ms : AGR_DEADLINE_NONE;
}
