/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
#include "queue/queue.h"

#include <stdlib.h>
#include <string.h>

struct agentrun_job {
	char *id, *payload, *lease;
	size_t len;
	int64_t lease_ms, enqueued_ms;
	uint32_t deliveries, retries;
	bool lost, cancelled, settled, journalled;
	/* how it ends */
	int action;
	bool counts_as_retry;
	int64_t delay_ms;
	char *reason, *result, *data;
	size_t result_len, data_len;
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
	free(job->reason);
	free(job->result);
	free(job->data);
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

int64_t agentrun_job_lease_ms(const agentrun_job *job)
{
	return job->lease_ms;
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

int agentrun_job_is_journalled(const agentrun_job *job)
{
	return job->journalled;
}

int agentrun_job_is_settled(const agentrun_job *job)
{
	return job->settled;
}

/* ---- how it ends ---------------------------------------------------------- */

void agentrun_job_accept(agentrun_job *job)
{
	job->action = AGENTRUN_ACTION_ACCEPT;
}

void agentrun_job_release(agentrun_job *job, int64_t delay_ms, int counts_as_retry)
{
	job->action = AGENTRUN_ACTION_RELEASE;
	job->delay_ms = delay_ms > 0 ? delay_ms : 0;
	job->counts_as_retry = counts_as_retry != 0;
}

int agentrun_job_reject(agentrun_job *job, const char *reason)
{
	char *copy = strdup(reason ? reason : "");

	if (!copy)
		return AGENTRUN_ENOMEM;
	free(job->reason);
	job->reason = copy;
	job->action = AGENTRUN_ACTION_REJECT;
	return 0;
}

static int set_text(char **to, size_t *to_len, const char *json, size_t len)
{
	char *copy = json ? agr_strndup(json, len) : NULL;

	if (json && !copy)
		return AGENTRUN_ENOMEM;
	free(*to);
	*to = copy;
	*to_len = copy ? len : 0;
	return 0;
}

int agentrun_job_set_result(agentrun_job *job, const char *json, size_t len)
{
	return set_text(&job->result, &job->result_len, json, len);
}

int agentrun_job_set_data(agentrun_job *job, const char *json, size_t len)
{
	return set_text(&job->data, &job->data_len, json, len);
}

bool agr_job_is_decided(const agentrun_job *job)
{
	return job->action != AGENTRUN_ACTION_NONE;
}

/* ---- for backends --------------------------------------------------------- */

int agentrun_job_action(const agentrun_job *job)
{
	return job->settled || job->lost ? AGENTRUN_ACTION_NONE : job->action;
}

int64_t agentrun_job_delay_ms(const agentrun_job *job)
{
	return job->delay_ms;
}

int agentrun_job_counts_as_retry(const agentrun_job *job)
{
	return job->counts_as_retry;
}

const char *agentrun_job_reason(const agentrun_job *job)
{
	return job->reason ? job->reason : "";
}

const char *agentrun_job_result(const agentrun_job *job, size_t *len)
{
	if (len)
		*len = job->result_len;
	return job->result;
}

const char *agentrun_job_data(const agentrun_job *job, size_t *len)
{
	if (len)
		*len = job->data_len;
	return job->data;
}

int agentrun_job_set_lease(agentrun_job *job, const char *lease, int64_t lease_ms)
{
	if (lease) {
		char *copy = strdup(lease);

		if (!copy)
			return AGENTRUN_ENOMEM;
		free(job->lease);
		job->lease = copy;
	}
	job->lease_ms = lease_ms;
	return 0;
}

void agentrun_job_set_counts(agentrun_job *job, uint32_t deliveries, uint32_t retries)
{
	job->deliveries = deliveries;
	job->retries = retries;
}

void agentrun_job_set_enqueued_ms(agentrun_job *job, int64_t enqueued_ms)
{
	job->enqueued_ms = enqueued_ms;
}

void agentrun_job_set_cancelled(agentrun_job *job, int cancelled)
{
	job->cancelled = cancelled != 0;
}

void agentrun_job_set_journalled(agentrun_job *job, int journalled)
{
	job->journalled = journalled != 0;
}

void agentrun_job_set_lost(agentrun_job *job, int lost)
{
	job->lost = lost != 0;
}

void agentrun_job_set_settled(agentrun_job *job)
{
	job->settled = true;
}

/* ---- lists ---------------------------------------------------------------- */

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
