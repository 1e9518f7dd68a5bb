/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
#include <stdlib.h>
#include <string.h>

#include <agentrun/queue.h>

#include "base/base.h"

struct agentrun_job {
	char *id, *payload, *lease;
	size_t len;
	uint32_t deliveries, retries;
	int64_t enqueued_ms;
	int lost, cancelled;
};

struct agentrun_jobs {
	agentrun_job **list;
	size_t n;
};

int agentrun_job_new(agentrun_job **out, const char *id, const char *payload,
	size_t len, agentrun_error **err)
{
	agentrun_job *job = calloc(1, sizeof(*job));

	*out = NULL;
	if (!job)
		return agr_error_oom(err);
	job->id = strdup(id);
	job->payload = agr_strndup(payload, len);
	job->len = len;
	if (!job->id || !job->payload) {
		agentrun_job_free(job);
		return agr_error_oom(err);
	}
	*out = job;
	return 0;
}

void agentrun_job_free(agentrun_job *job)
{
	if (!job)
		return;
	free(job->id);
	free(job->payload);
	free(job->lease);
	free(job);
}

const char *agentrun_job_id(const agentrun_job *job)
{
	return job->id;
}

const char *agentrun_job_payload(const agentrun_job *job, size_t *len)
{
	if (len)
		*len = job->len;
	return job->payload;
}

const char *agentrun_job_lease(const agentrun_job *job)
{
	return job->lease ? job->lease : "";
}

uint32_t agentrun_job_deliveries(const agentrun_job *job)
{
	return job->deliveries;
}

uint32_t agentrun_job_retries(const agentrun_job *job)
{
	return job->retries;
}

int64_t agentrun_job_enqueued_ms(const agentrun_job *job)
{
	return job->enqueued_ms;
}

int agentrun_job_is_lost(const agentrun_job *job)
{
	return job->lost;
}

int agentrun_job_is_cancelled(const agentrun_job *job)
{
	return job->cancelled;
}

int agentrun_job_set_lease(agentrun_job *job, const char *lease, uint32_t deliveries,
	uint32_t retries, int64_t enqueued_ms)
{
	char *copy = strdup(lease);

	if (!copy)
		return AGENTRUN_ENOMEM;
	free(job->lease);
	job->lease = copy;
	job->deliveries = deliveries;
	job->retries = retries;
	job->enqueued_ms = enqueued_ms;
	return 0;
}

void agentrun_job_set_lost(agentrun_job *job, int lost)
{
	job->lost = lost;
}

void agentrun_job_set_cancelled(agentrun_job *job, int cancelled)
{
	job->cancelled = cancelled;
}

int agentrun_jobs_new(agentrun_jobs **out, agentrun_error **err)
{
	*out = calloc(1, sizeof(**out));
	return *out ? 0 : agr_error_oom(err);
}

void agentrun_jobs_free(agentrun_jobs *jobs)
{
	if (!jobs)
		return;
	for (size_t i = 0; i < jobs->n; i++)
		agentrun_job_free(jobs->list[i]);
	free(jobs->list);
	free(jobs);
}

size_t agentrun_jobs_count(const agentrun_jobs *jobs)
{
	return jobs->n;
}

agentrun_job *agentrun_jobs_at(const agentrun_jobs *jobs, size_t i)
{
	return i < jobs->n ? jobs->list[i] : NULL;
}

int agentrun_jobs_add(agentrun_jobs *jobs, agentrun_job *take_job)
{
	agentrun_job **grown = realloc(jobs->list, (jobs->n + 1) * sizeof(agentrun_job *));

	if (!grown)
		return AGENTRUN_ENOMEM;
	jobs->list = grown;
	grown[jobs->n++] = take_job;
	return 0;
}

agentrun_job *agentrun_jobs_take(agentrun_jobs *jobs, size_t i)
{
	agentrun_job *job = agentrun_jobs_at(jobs, i);

	if (!job)
		return NULL;
	jobs->n--;
	memmove(jobs->list + i, jobs->list + i + 1, (jobs->n - i) * sizeof(agentrun_job *));
	return job;
}
