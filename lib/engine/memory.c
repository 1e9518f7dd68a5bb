/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
/* What a job holds of memory: limits.job_memory_bytes. */
#include "engine/engine.h"

#define BYTES_A_TOKEN 4

static size_t patch_bytes(const agentrun_patch_result *patch)
{
	size_t document = 0, inverse = 0;

	if (!patch)
		return 0;
	agentrun_patch_result_document(patch, &document);
	agentrun_patch_result_inverse(patch, &inverse);
	return document + inverse;
}

/* Beside what its pipeline's meter counts. */
static size_t held(const agr_task *task)
{
	size_t answer = 0, n = task->text_len + task->data.len + task->aside.len +
		task->workflow.len + task->steps.len;

	if (task->answer)
		agentrun_http_event_body(task->answer, &answer);
	n += task->context.len + agr_outputs_bytes(task->outputs);
	n += answer + patch_bytes(task->patch) + patch_bytes(task->pending);
	if (task->converse)
		n += task->converse->raw.len +
			(size_t)agr_talk_tokens(&task->converse->talk) * BYTES_A_TOKEN;
	return n;
}

static int refuse(agr_task *task, size_t bytes)
{
	return agentrun_error_raise(&task->error, AGENTRUN_ELIMIT,
		"the job wants %zu bytes of memory, the limit is %zu: give it less data, or raise "
		"limits.job_memory_bytes", bytes, agr_engine_job_memory(task->engine));
}

int agr_memory_check(agr_task *task)
{
	size_t most = agr_engine_job_memory(task->engine), n = held(task);

	task->meter.most = n < most ? most - n : 0;
	if (n + task->meter.used <= most)
		return 0;
	task->meter.wanted = n + task->meter.used;
	return refuse(task, task->meter.wanted);
}

void agr_memory_explain(agr_task *task)
{
	if (agentrun_error_code(task->error) != AGENTRUN_ENOMEM ||
		!agr_meter_is_over(&task->meter))
		return;
	agentrun_error_free(task->error);
	task->error = NULL;
	refuse(task, task->meter.wanted + agr_engine_job_memory(task->engine) - task->meter.most);
}
