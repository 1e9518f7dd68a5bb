/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
#include <stdlib.h>
#include <string.h>

#include "engine/engine.h"
#include "plan/plan.h"

#define SAMPLE_ROWS 3
#define TEXT_BYTES 1024
#define MESSAGE_BYTES 2000 /* of most: it need not grow by and by */

struct agentrun_result {
	uint64_t tag;
	char *job_id, *run_id, *message, *preview;
	size_t message_len;
	agentrun_buf data;
	agentrun_error *error;
	agr_result_facts facts;
};

static void add_text(agr_buf *out, const char *name, const char *text)
{
	agr_buf_str(out, name);
	if (text)
		agr_buf_json_str(out, text, strlen(text));
	else
		agr_buf_str(out, "null");
}

/* ---- the preview -------------------------------------------------------- */

static void preview_rows(agr_buf *out, agr_span rows)
{
	agr_iter it = agr_iter_of(rows);
	agr_span row;

	agr_buf_printf(out, "{\"type\":\"dataset\",\"row_count\":%zu,\"sample\":[",
		agr_span_count(rows));
	for (int i = 0; i < SAMPLE_ROWS && agr_array_next(&it, &row); i++) {
		if (i)
			agr_buf_char(out, ',');
		agr_value_write(out, row);
	}
	agr_buf_str(out, "]}");
}

static void preview_object(agr_buf *out, agr_span object)
{
	agr_iter it = agr_iter_of(object);
	agr_span key, value;
	bool first = true;

	agr_buf_str(out, "{\"type\":\"object\",\"keys\":[");
	while (agr_object_next(&it, &key, &value)) {
		if (!first)
			agr_buf_char(out, ',');
		first = false;
		agr_buf_add(out, key.p, key.n);
	}
	agr_buf_str(out, "]}");
}

/* `data` is what the pipeline wrote, valid JSON. */
static void preview_data(agr_buf *out, const agentrun_buf *data)
{
	agr_span value = { data->data, data->len };

	switch (agr_span_type(value)) {
	case AGR_TYPE_ARRAY:
		preview_rows(out, value);
		break;
	case AGR_TYPE_OBJECT:
		preview_object(out, value);
		break;
	default:
		agr_buf_str(out, "{\"type\":\"value\",\"value\":");
		agr_buf_add(out, value.p, value.n);
		agr_buf_char(out, '}');
	}
}

/* Cut where a character ends. */
static void preview_text(agr_buf *out, const char *text)
{
	size_t len = strlen(text), n = 0, step;

	while (n < len && (step = agr_utf8_len(text + n, len - n)) && n + step <= TEXT_BYTES)
		n += step;
	agr_buf_str(out, "{\"type\":\"text\",\"text\":");
	agr_buf_json_str(out, text, n);
	agr_buf_char(out, '}');
}

static void preview_patch(agr_buf *out, const agr_task *task)
{
	const agentrun_patch_result *patch = task->patch;
	agr_span id;

	agr_buf_str(out, "{\"type\":\"patch\"");
	if (task->landed && agr_landed_id(&id, &task->data)) {
		agr_buf_str(out, ",\"patch_id\":");
		agr_value_write(out, id);
	} else {
		add_text(out, ",\"patch_id\":", agentrun_patch_result_hash(patch));
	}
	agr_buf_printf(out, ",\"op_count\":%zu", agentrun_patch_result_operation_count(patch));
	add_text(out, ",\"description\":", agentrun_patch_result_description(patch));
	agr_buf_char(out, '}');
}

/* ---- the message -------------------------------------------------------- */

/* A field as it stands, or what else. */
static void add_field(agr_buf *out, const char *name, const agentrun_record *record,
	int field, const char *fallback)
{
	const char *text = agentrun_record_get(record, field, NULL);

	agr_buf_str(out, name);
	agr_buf_str(out, text ? text : fallback);
}

/* Of a job that was done before. */
static void add_recorded(agr_buf *out, const agr_task *task)
{
	const agentrun_record *r = task->record;

	add_field(out, ",\"metadata\":{\"intent\":null,\"tool_calls\":", r,
		AGENTRUN_RECORD_TOOL_CALLS, "[]");
	add_field(out, ",\"message\":null,\"tokens_used\":", r, AGENTRUN_RECORD_TOKENS_USED,
		"0");
	add_field(out, ",\"cache_hit\":", r, AGENTRUN_RECORD_CACHE_HIT, "false");
	add_field(out, ",\"execution_time_ms\":", r, AGENTRUN_RECORD_EXECUTION_TIME_MS, "0");
	add_text(out, ",\"llm_model\":", agentrun_record_get(r, AGENTRUN_RECORD_LLM_MODEL,
		NULL));
}

static int64_t queue_time(const agr_task *task)
{
	int64_t ms;

	if (!task->opts.enqueued_ms)
		return 0;
	ms = task->started_wall_ms - task->opts.enqueued_ms;
	return ms > 0 ? ms : 0;
}

static int add_plan(agr_buf *out, const agr_task *task)
{
	agentrun_buf intent = AGENTRUN_BUF_INIT;

	agr_buf_str(out, ",\"metadata\":{\"intent\":");
	if (task->intent) {
		if (agentrun_intent_json(&intent, task->intent) < 0)
			return AGENTRUN_ENOMEM;
		agr_buf_add(out, intent.data, intent.len);
		agentrun_buf_dispose(&intent);
	} else {
		agr_buf_str(out, "null");
	}
	agr_buf_str(out, ",\"tool_calls\":");
	if (task->plan && task->calls.len && !task->calls.failed)
		agr_buf_add(out, task->calls.data, task->calls.len);
	else if (task->plan)
		agr_plan_write_calls(out, task->plan);
	else
		agr_buf_str(out, "[]");
	add_text(out, ",\"message\":",
		task->plan ? agentrun_plan_result_message(task->plan) : NULL);
	agr_buf_printf(out, ",\"tokens_used\":%lld,\"cache_hit\":%s,"
		"\"execution_time_ms\":%lld",
		(long long)agr_task_tokens(task),
		task->plan && agr_plan_result_cache_hit(task->plan) ? "true" : "false",
		(long long)(agr_clock_mono_ms() - task->started_ms));
	add_text(out, ",\"llm_model\":",
		task->plan ? agentrun_plan_result_model(task->plan) : NULL);
	return 0;
}

static int add_metadata(agr_buf *out, const agr_task *task)
{
	if (task->record)
		add_recorded(out, task);
	else if (add_plan(out, task) < 0)
		return AGENTRUN_ENOMEM;
	agr_buf_printf(out, ",\"queue_time_ms\":%lld}", (long long)queue_time(task));
	return 0;
}

static int add_outcome(agr_buf *out, const agr_task *task)
{
	agentrun_buf error = AGENTRUN_BUF_INIT;
	int patch = 0;

	if (task->error) {
		agr_buf_str(out, ",\"status\":\"failed\",\"error\":");
		if (agentrun_error_json(&error, task->error) < 0)
			return AGENTRUN_ENOMEM;
		agr_buf_add(out, error.data, error.len);
		agentrun_buf_dispose(&error);
		return 0;
	}
	add_text(out, ",\"status\":\"completed\",\"result_ref\":", task->ref);
	agr_buf_str(out, ",\"result_preview\":");
	if (task->patch)
		preview_patch(out, task);
	else if (task->text_only)
		preview_text(out, agentrun_plan_result_message(task->plan));
	else if (task->spilled)
		agr_spilled_preview(out, task->spilled, false);
	else if (!task->record || (patch = agr_recall_patch(out, task)) == 0)
		preview_data(out, &task->data);
	return patch < 0 ? patch : 0;
}

static int write_message(agr_buf *out, const agr_task *task)
{
	char now[AGR_TIME_SIZE];
	const char *then = NULL;

	agr_clock_iso8601(now, agr_clock_wall_ms());
	agr_buf_reserve(out, MESSAGE_BYTES);
	if (task->record)
		then = agentrun_record_get(task->record, AGENTRUN_RECORD_COMPLETED_AT, NULL);
	add_text(out, "{\"version\":\"1.0\",\"job_id\":", task->message.job_id);
	if (add_outcome(out, task) < 0 || add_metadata(out, task) < 0)
		return AGENTRUN_ENOMEM;
	add_text(out, ",\"completed_at\":", then ? then : now);
	agr_buf_char(out, '}');
	return out->failed ? AGENTRUN_ENOMEM : 0;
}

/* ---- the result --------------------------------------------------------- */

int agr_report(agentrun_result **out, agr_task *task, agentrun_error **err)
{
	agentrun_result *result = calloc(1, sizeof(*result));
	agr_buf message = AGR_BUF_INIT;
	const char *preview = NULL;
	size_t len = 0;

	*out = NULL;
	if (!result)
		return agr_error_oom(err);
	result->tag = task->opts.tag;
	if (task->patch && !task->error)
		preview = agentrun_patch_result_preview(task->patch, &len);
	result->preview = preview ? agr_strndup(preview, len) : NULL;
	result->job_id = strdup(task->message.job_id ? task->message.job_id : "");
	if (task->message.run_id)
		result->run_id = strdup(task->message.run_id);
	if (!result->job_id || (task->message.run_id && !result->run_id) || (preview && !result->preview) ||
		write_message(&message, task) < 0) {
		agr_buf_free(&message);
		agentrun_result_free(result);
		return agr_error_oom(err);
	}
	result->message = message.data;
	result->message_len = message.len;
	if (!task->error) {
		result->data = task->data;
		task->data = (agentrun_buf)AGENTRUN_BUF_INIT;
	}
	result->error = task->error;
	task->error = NULL;
	result->facts = (agr_result_facts){
		.lane = task->intent ? agentrun_intent_lane(task->intent) : AGENTRUN_LANE_UNCLEAR,
		.tokens = task->plan ? agentrun_plan_result_tokens_used(task->plan) : 0,
		.took_ms = agr_clock_mono_ms() - task->started_ms,
		.waited_ms = queue_time(task),
	};
	*out = result;
	return 0;
}

void agr_result_name(agr_buf *out, const agentrun_result *result, const char *job_id)
{
	static const char head[] = "{\"version\":\"1.0\",\"job_id\":null";

	add_text(out, "{\"version\":\"1.0\",\"job_id\":", job_id);
	agr_buf_add(out, result->message + sizeof(head) - 1,
		result->message_len - (sizeof(head) - 1));
}

agr_result_facts agr_result_facts_of(const agentrun_result *result)
{
	return result ? result->facts : (agr_result_facts){ .lane = AGENTRUN_LANE_UNCLEAR };
}

const char *agr_result_run_id(const agentrun_result *result)
{
	return result ? result->run_id : NULL;
}

void agentrun_result_free(agentrun_result *result)
{
	if (!result)
		return;
	free(result->job_id);
	free(result->run_id);
	free(result->message);
	free(result->preview);
	agentrun_buf_dispose(&result->data);
	agentrun_error_free(result->error);
	free(result);
}

const char *agentrun_result_job_id(const agentrun_result *result)
{
	return result->job_id;
}

uint64_t agentrun_result_tag(const agentrun_result *result)
{
	return result->tag;
}

const char *agentrun_result_status(const agentrun_result *result)
{
	return result->error ? "failed" : "completed";
}

const char *agentrun_result_payload(const agentrun_result *result, size_t *len)
{
	if (len)
		*len = result->message_len;
	return result->message;
}

const char *agentrun_result_data(const agentrun_result *result, size_t *len)
{
	if (len)
		*len = result->data.len;
	return result->data.data;
}

const char *agentrun_result_preview(const agentrun_result *result, size_t *len)
{
	if (len)
		*len = result->preview ? strlen(result->preview) : 0;
	return result->preview;
}

const agentrun_error *agentrun_result_error(const agentrun_result *result)
{
	return result->error;
}

/* ---- short of memory ----------------------------------------------------- */

agentrun_result *agr_result_reserve(void)
{
	agentrun_result *result = calloc(1, sizeof(*result));

	if (!result)
		return NULL;
	result->job_id = strdup("");
	result->message = strdup("{\"version\":\"1.0\",\"job_id\":null,\"status\":\"failed\","
		"\"error\":{\"type\":\"internal\",\"message\":\"out of memory\","
		"\"retryable\":true,\"tool\":null,\"step\":null,\"retry_after_ms\":null,"
		"\"violations\":[]},\"metadata\":null,\"completed_at\":null}");
	if (!result->job_id || !result->message) {
		agentrun_result_free(result);
		return NULL;
	}
	result->message_len = strlen(result->message);
	agr_error_oom(&result->error);
	return result;
}

agentrun_result *agr_report_oom(agr_task *task)
{
	agentrun_result *result = task->reserve;

	task->reserve = NULL;
	result->tag = task->opts.tag;
	if (task->message.job_id) {
		free(result->job_id);
		result->job_id = task->message.job_id;
		task->message.job_id = NULL;
	}
	return result;
}
