/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
/* The public queue: a checked vtable and what holds for every backend. */
#include <stdlib.h>

#include <agentrun/sys/queue.h>

#include "base/base.h"

struct agentrun_queue {
	agentrun_queue_impl impl;
	void *self;
};

int agentrun_queue_new(agentrun_queue **out, const agentrun_queue_impl *impl,
	void *take_self, agentrun_error **err)
{
	agentrun_queue *queue = calloc(1, sizeof(*queue));
	int r;

	*out = NULL;
	if (!queue)
		return agr_error_oom(err);
	r = agr_impl_read(&queue->impl, sizeof(queue->impl), impl,
		AGENTRUN_QUEUE_IMPL_VERSION, "agentrun_queue_impl", err);
	if (r == 0 && (!queue->impl.name || !queue->impl.enqueue || !queue->impl.acquire ||
		!queue->impl.settle || !queue->impl.renew || !queue->impl.destroy))
		r = agentrun_error_raise(err, AGENTRUN_EINVAL,
			"agentrun_queue_impl lacks a mandatory member");
	if (r < 0) {
		free(queue);
		return r;
	}
	queue->self = take_self;
	*out = queue;
	return 0;
}

void agentrun_queue_free(agentrun_queue *queue)
{
	if (!queue)
		return;
	queue->impl.destroy(queue->self);
	free(queue);
}

static int missing(const agentrun_queue *queue, const char *what, agentrun_error **err)
{
	return agentrun_error_raise(err, AGENTRUN_EINVAL, "the %s queue cannot %s",
		queue->impl.name, what);
}

int agentrun_queue_enqueue(agentrun_queue *queue, const agentrun_jobs *jobs,
	agentrun_error **err)
{
	return queue->impl.enqueue(queue->self, jobs, err);
}

int agentrun_queue_acquire(agentrun_queue *queue, agentrun_jobs *into, size_t max,
	uint32_t timeout_ms, agentrun_error **err)
{
	return max ? queue->impl.acquire(queue->self, into, max, timeout_ms, err) : 0;
}

int agentrun_queue_settle(agentrun_queue *queue,
	const agentrun_settlement *const *settlements, size_t n, agentrun_error **err)
{
	for (size_t i = 0; i < n; i++) {
		const agentrun_settlement *s = settlements[i];

		if (s->struct_size < sizeof(agentrun_settlement) || !s->job ||
			s->action < AGENTRUN_SETTLE_ACCEPT || s->action > AGENTRUN_SETTLE_REJECT)
			return agentrun_error_raise(err, AGENTRUN_EINVAL,
				"settlement %zu is not filled in", i + 1);
	}
	return queue->impl.settle(queue->self, settlements, n, err);
}

int agentrun_queue_renew(agentrun_queue *queue, agentrun_jobs *jobs,
	uint32_t lease_ms, agentrun_error **err)
{
	return queue->impl.renew(queue->self, jobs, lease_ms, err);
}

void agentrun_queue_wakeup(agentrun_queue *queue)
{
	if (queue->impl.wakeup)
		queue->impl.wakeup(queue->self);
}

int agentrun_queue_result(agentrun_buf *out, agentrun_queue *queue,
	const char *job_id, uint32_t timeout_ms, agentrun_error **err)
{
	if (!queue->impl.result)
		return missing(queue, "give results", err);
	return queue->impl.result(queue->self, job_id, timeout_ms, out, err);
}

int agentrun_queue_cancel(agentrun_queue *queue, const char *job_id,
	agentrun_error **err)
{
	if (!queue->impl.cancel)
		return missing(queue, "cancel jobs", err);
	return queue->impl.cancel(queue->self, job_id, err);
}

int agentrun_queue_stats_read(agentrun_queue *queue, agentrun_queue_stats *stats,
	agentrun_error **err)
{
	if (!queue->impl.stats)
		return missing(queue, "count its jobs", err);
	return queue->impl.stats(queue->self, stats, err);
}

int agentrun_queue_dead_list(agentrun_buf *out, agentrun_queue *queue,
	agentrun_error **err)
{
	if (!queue->impl.dead_list)
		return missing(queue, "list dead letters", err);
	return queue->impl.dead_list(queue->self, out, err);
}

int agentrun_queue_dead_retry(agentrun_queue *queue, const char *job_id,
	agentrun_error **err)
{
	if (!queue->impl.dead_retry)
		return missing(queue, "retry dead letters", err);
	return queue->impl.dead_retry(queue->self, job_id, err);
}

int agentrun_queue_dead_drop(agentrun_queue *queue, const char *job_id,
	agentrun_error **err)
{
	if (!queue->impl.dead_drop)
		return missing(queue, "drop dead letters", err);
	return queue->impl.dead_drop(queue->self, job_id, err);
}
