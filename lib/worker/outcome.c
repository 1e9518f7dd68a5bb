/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
#include <stdio.h>
#include <string.h>

#include "base/backoff.h"
#include "worker/worker.h"

int64_t agr_retry_delay(const agr_retry_policy *policy, uint32_t retries, uint64_t random)
{
	return agr_backoff_jitter(agr_backoff_ms(policy->base_ms, policy->max_ms, retries),
		random);
}

static int reject(agentrun_job *job, const char *before, const agentrun_error *error)
{
	agr_buf reason = AGR_BUF_INIT;
	const char *violation;
	int r;

	agr_buf_printf(&reason, "%s%s", before, agentrun_error_message(error));
	for (size_t i = 0; (violation = agentrun_error_violation(error, i)); i++)
		agr_buf_printf(&reason, "%s%s", i ? "; " : ": ", violation);
	r = reason.failed ? AGENTRUN_ENOMEM : agentrun_job_reject(job, reason.data);
	agr_buf_free(&reason);
	return r < 0 ? r : AGR_WORKER_REJECTED;
}

static int give_up(agentrun_job *job, const agentrun_error *error)
{
	char before[64];

	snprintf(before, sizeof(before), "given up after %u retries: ",
		agentrun_job_retries(job));
	return reject(job, before, error);
}

static int retry(agentrun_job *job, const agentrun_error *error,
	const agr_retry_policy *policy)
{
	int64_t delay = agr_retry_delay(policy, agentrun_job_retries(job), agr_random());
	int64_t asked = agentrun_error_retry_after_ms(error);

	agentrun_job_release(job, asked > delay ? asked : delay, 1);
	return AGR_WORKER_RETRIED;
}

static int of_failure(agentrun_job *job, const agentrun_error *error, bool stopping,
	const agr_retry_policy *policy)
{
	int code = agentrun_error_code(error);

	if (stopping && code == AGENTRUN_ECANCELLED) {
		agentrun_job_release(job, 0, 0);
		return AGR_WORKER_GIVEN_BACK;
	}
	if (code == AGENTRUN_EJOB)
		return reject(job, "", error);
	if (agentrun_error_is_retryable(error))
		return agentrun_job_retries(job) < policy->max_retries
			? retry(job, error, policy) : give_up(job, error);
	agentrun_job_accept(job);
	return AGR_WORKER_FAILED;
}

/* Nobody waits for the result of a job without an id. The engine cannot name a job
 * that it could not read; who queued it may have been able to. */
static int set_result(agentrun_job *job, const agentrun_result *result)
{
	const char *id = agentrun_job_id(job), *message;
	agr_buf named = AGR_BUF_INIT;
	size_t len;
	int r;

	if (!*id)
		return 0;
	message = agentrun_result_payload(result, &len);
	if (*agentrun_result_job_id(result))
		return agentrun_job_set_result(job, message, len);
	agr_result_name(&named, result, id);
	r = named.failed ? AGENTRUN_ENOMEM : agentrun_job_set_result(job, named.data, named.len);
	agr_buf_free(&named);
	return r;
}

int agr_outcome(agentrun_job *job, const agentrun_result *result, bool stopping,
	const agr_retry_policy *policy)
{
	const agentrun_error *error = agentrun_result_error(result);
	const char *message;
	size_t len;

	if (set_result(job, result) < 0)
		return AGENTRUN_ENOMEM;
	if (error)
		return of_failure(job, error, stopping, policy);
	message = agentrun_result_data(result, &len);
	if (message && agentrun_job_set_data(job, message, len) < 0)
		return AGENTRUN_ENOMEM;
	agentrun_job_accept(job);
	return AGR_WORKER_COMPLETED;
}
