/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
/* The record of a job, put into the store. */
#include <string.h>

#include "engine/engine.h"
#include "plan/plan.h"
#include "store/store.h"

#define PUT_BYTES ((size_t)1024 * 1024) /* of records that are put at once, and the last */

static void set(agentrun_record *record, int *r, int field, const char *text)
{
	if (*r == 0 && text)
		*r = agentrun_record_set(record, field, text, strlen(text));
}

static int fill_record(agr_task *task, agentrun_record *record)
{
	agr_buf number = AGR_BUF_INIT;
	char now[AGR_TIME_SIZE];
	int r = 0;

	agr_clock_iso8601(now, agr_clock_wall_ms());
	agr_buf_printf(&number, "%lld", (long long)(agr_clock_mono_ms() - task->started_ms));
	agr_buf_reset(&task->calls);
	if (task->plan)
		agr_plan_write_calls(&task->calls, task->plan);
	if (task->calls.failed || number.failed)
		r = AGENTRUN_ENOMEM;
	set(record, &r, AGENTRUN_RECORD_JOB_ID, task->message.job_id);
	set(record, &r, AGENTRUN_RECORD_RUN_ID, task->message.run_id);
	set(record, &r, AGENTRUN_RECORD_NODE_ID, task->message.node_id);
	set(record, &r, AGENTRUN_RECORD_STATUS, task->error ? "failed" : "completed");
	set(record, &r, AGENTRUN_RECORD_TOOL_CALLS, task->plan ? task->calls.data : NULL);
	set(record, &r, AGENTRUN_RECORD_EXECUTION_TIME_MS, number.data);
	set(record, &r, AGENTRUN_RECORD_CACHE_HIT,
		task->plan && agr_plan_result_cache_hit(task->plan) ? "true" : "false");
	set(record, &r, AGENTRUN_RECORD_COMPLETED_AT, now);
	if (!task->error && task->spilled)
		set(record, &r, AGENTRUN_RECORD_CAS_ID,
			agr_spilled_ref(task->spilled) + strlen(AGR_CAS_PREFIX));
	else if (r == 0 && !task->error)
		r = agentrun_record_set(record, AGENTRUN_RECORD_RESULT_DATA, task->data.data,
			task->data.len);
	if (task->plan) {
		set(record, &r, AGENTRUN_RECORD_LLM_MODEL,
			agentrun_plan_result_model(task->plan));
		agr_buf_reset(&number);
		agr_buf_printf(&number, "%lld",
			(long long)agr_task_tokens(task));
		set(record, &r, AGENTRUN_RECORD_TOKENS_USED, number.data);
	}
	agr_buf_free(&number);
	return r;
}

static int make_record(agentrun_record **out, agr_task *task, agentrun_error **err)
{
	agentrun_buf error = AGENTRUN_BUF_INIT;
	agentrun_record *record;
	int r = agentrun_record_new(&record, err);

	*out = record;
	if (r < 0)
		return r;
	r = fill_record(task, record);
	if (r == 0 && task->error)
		r = agentrun_error_json(&error, task->error);
	if (r == 0 && error.data)
		r = agentrun_record_set(record, AGENTRUN_RECORD_ERROR, error.data, error.len);
	agentrun_buf_dispose(&error);
	return r < 0 ? agr_error_oom(err) : 0;
}

int agr_task_store(agr_task *task)
{
	int r;

	agr_task_log(task, "storing");
	r = make_record(&task->keeping, task, &task->error);
	task->state = AGR_TASK_STORED;
	return r < 0 ? r : agr_engine_keep(task);
}

int agr_task_stored(agr_task *task)
{
	agentrun_record_free(task->keeping);
	task->keeping = NULL;
	if (task->error)
		return agentrun_error_code(task->error);
	agr_task_log(task, "stored");
	task->state = AGR_TASK_DONE;
	return 0;
}

static size_t size_of(const agentrun_record *record)
{
	size_t bytes = 0, len;

	for (int i = 0; i < agentrun_record_field_count(); i++)
		if (agentrun_record_get(record, i, &len))
			bytes += len;
	return bytes;
}

/* Together; where that fails each by itself, to know which is at fault. */
static void keep_some(agr_task *const *tasks, size_t n)
{
	agentrun_record *records[AGR_STORE_MOST];
	agentrun_buf refs[AGR_STORE_MOST];
	agentrun_store *store = agr_engine_store(tasks[0]->engine);
	int r;

	for (size_t i = 0; i < n; i++) {
		refs[i] = (agentrun_buf)AGENTRUN_BUF_INIT;
		records[i] = tasks[i]->keeping;
	}
	r = agr_store_put_many(refs, store, records, n, n == 1 ? &tasks[0]->error : NULL);
	for (size_t i = 0; i < n; i++) {
		if (r < 0 && n > 1)
			agr_store_put_many(&refs[i], store, &records[i], 1, &tasks[i]->error);
		tasks[i]->ref = refs[i].data; /* ours to free() from now on */
	}
}

/* Not too much at once: a store does nothing else meanwhile. */
void agr_keep_all(agr_task *const *tasks, size_t n)
{
	size_t from = 0;

	while (from < n) {
		size_t bytes = 0, to = from;

		while (to < n && bytes < PUT_BYTES)
			bytes += size_of(tasks[to++]->keeping);
		keep_some(tasks + from, to - from);
		from = to;
	}
}

void agr_task_store_failure(agr_task *task)
{
	agentrun_buf ref = AGENTRUN_BUF_INIT;
	agentrun_record *record = NULL;
	agentrun_error *err = NULL;
	int r;

	if (!task->message.job_id || task->state == AGR_TASK_DONE)
		return;
	r = make_record(&record, task, &err);
	if (r == 0)
		r = agentrun_store_put(&ref, agr_engine_store(task->engine), record, &err);
	if (r < 0)
		agr_log_job(agr_engine_ctx(task->engine), AGENTRUN_LOG_WARN, "store",
			task->message.job_id, task->message.run_id,
			"the failure of job %s was not kept: %s", task->message.job_id,
			agentrun_error_message(err));
	agentrun_record_free(record);
	agentrun_error_free(err);
	agentrun_buf_dispose(&ref);
}
