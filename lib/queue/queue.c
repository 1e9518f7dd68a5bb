/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
/* The public queue: a checked vtable and what holds for every backend. */
#include "queue/queue.h"

#include <stdlib.h>
#include <string.h>

struct agentrun_queue {
	agentrun_queue_impl impl;
	char *name; /* a copy: impl.name points to it */
	void *self;
};

static const agentrun_dead_query query_defaults = { .limit = 100 };

void agentrun_dead_query_init(agentrun_dead_query *query, size_t struct_size)
{
	agentrun_options_init(query, struct_size, &query_defaults, sizeof(query_defaults));
}

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
	if (r == 0 && !queue->impl.journal_put != !queue->impl.journal_get)
		r = agentrun_error_raise(err, AGENTRUN_EINVAL,
			"agentrun_queue_impl has one of journal_put and journal_get: both or none");
	if (r == 0) {
		queue->name = strdup(queue->impl.name);
		queue->impl.name = queue->name;
		r = queue->name ? 0 : agr_error_oom(err);
	}
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
	free(queue->name);
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

static int check_lease(int64_t lease_ms, agentrun_error **err)
{
	return lease_ms >= 0 ? 0 : agentrun_error_raise(err, AGENTRUN_EINVAL,
		"a lease of %lld ms: it is 0 or more", (long long)lease_ms);
}

int agentrun_queue_acquire(agentrun_queue *queue, agentrun_jobs *into, size_t max,
	int64_t lease_ms, int timeout_ms, agentrun_error **err)
{
	size_t before = agentrun_jobs_count(into), given;
	int r = check_lease(lease_ms, err);

	if (r < 0 || !max)
		return r;
	r = queue->impl.acquire(queue->self, into, max, lease_ms, timeout_ms, err);
	given = agentrun_jobs_count(into) - before;
	if (given <= max)
		return r;
	while (agentrun_jobs_count(into) > before + max) /* there may be no place for them */
		agentrun_job_free(agentrun_jobs_take(into, before + max));
	return r < 0 ? r : agentrun_error_raise(err, AGENTRUN_EINTERNAL,
		"the %s queue handed out %zu jobs, of which %zu were asked for: the others wait "
		"until their leases lapse", queue->impl.name, given, max);
}

int agentrun_queue_settle(agentrun_queue *queue, agentrun_jobs *jobs,
	agentrun_error **err)
{
	for (size_t i = 0; i < agentrun_jobs_count(jobs); i++)
		if (!agr_job_is_decided(agentrun_jobs_at(jobs, i)))
			return agentrun_error_raise(err, AGENTRUN_EINVAL,
				"job %zu of the list (%.100s) does not say how it ends: accept, "
				"release or reject it", i + 1,
				agentrun_job_id(agentrun_jobs_at(jobs, i)));
	return queue->impl.settle(queue->self, jobs, err);
}

int agentrun_queue_renew(agentrun_queue *queue, agentrun_jobs *jobs,
	int64_t lease_ms, agentrun_error **err)
{
	int r = check_lease(lease_ms, err);

	return r < 0 ? r : queue->impl.renew(queue->self, jobs, lease_ms, err);
}

void agentrun_queue_wakeup(agentrun_queue *queue)
{
	if (queue->impl.wakeup)
		queue->impl.wakeup(queue->self);
}

bool agr_queue_has_journal(const agentrun_queue *queue)
{
	return queue->impl.journal_put;
}

int agentrun_queue_journal_put(agentrun_queue *queue, const char *job_id,
	const char *lease, const char *name, const char *value, size_t len,
	agentrun_error **err)
{
	if (!queue->impl.journal_put)
		return missing(queue, "keep journals", err);
	return queue->impl.journal_put(queue->self, job_id, lease, name, value, len, err);
}

int agentrun_queue_journal_get(agentrun_buf *out, int *found, agentrun_queue *queue,
	const char *job_id, const char *lease, const char *name, agentrun_error **err)
{
	*found = 0;
	agentrun_buf_dispose(out);
	if (!queue->impl.journal_get)
		return missing(queue, "keep journals", err);
	return queue->impl.journal_get(queue->self, out, found, job_id, lease, name, err);
}

bool agr_queue_has_outputs(const agentrun_queue *queue)
{
	return queue->impl.node_output;
}

int agentrun_queue_node_output(agentrun_buf *out, int *found, agentrun_queue *queue,
	const char *run_id, const char *node_id, agentrun_error **err)
{
	*found = 0;
	agentrun_buf_dispose(out);
	if (!queue->impl.node_output)
		return missing(queue, "tell what nodes put out", err);
	return queue->impl.node_output(queue->self, out, found, run_id, node_id, err);
}

int agentrun_queue_result(agentrun_buf *out, agentrun_queue *queue,
	const char *job_id, int timeout_ms, agentrun_error **err)
{
	if (!queue->impl.result)
		return missing(queue, "give results", err);
	return queue->impl.result(queue->self, out, job_id, timeout_ms, err);
}

int agentrun_queue_cancel(agentrun_queue *queue, const char *job_id,
	agentrun_error **err)
{
	if (!queue->impl.cancel)
		return missing(queue, "cancel jobs", err);
	return queue->impl.cancel(queue->self, job_id, err);
}

/* The backend writes into our layout, never into a shorter one of the caller's. */
int agentrun_queue_stats_read(agentrun_queue_stats *stats, agentrun_queue *queue,
	agentrun_error **err)
{
	agentrun_queue_stats known = { .struct_size = sizeof(known) };
	const size_t head = sizeof(known.struct_size), given = stats->struct_size;
	size_t n = given < sizeof(known) ? given : sizeof(known);
	int r;

	if (given < head || given > (size_t)1024 * 1024)
		return agentrun_error_raise(err, AGENTRUN_EINVAL,
			"agentrun_queue_stats.struct_size is not set");
	if (!queue->impl.stats)
		return missing(queue, "count its jobs", err);
	r = queue->impl.stats(queue->self, &known, err);
	if (r < 0)
		return r;
	memset((char *)stats + head, 0, given - head);
	memcpy((char *)stats + head, (const char *)&known + head, n - head);
	return 0;
}

int agentrun_queue_dead_list(agentrun_buf *out, agentrun_queue *queue,
	const agentrun_dead_query *query_in, agentrun_error **err)
{
	agentrun_dead_query query = query_defaults;
	int r;

	if (!queue->impl.dead_list)
		return missing(queue, "list dead letters", err);
	r = agentrun_options_read(&query, sizeof(query), query_in, "agentrun_dead_query", err);
	return r < 0 ? r : queue->impl.dead_list(queue->self, out, &query, err);
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
