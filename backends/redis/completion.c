/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
/* The message on completion_signals, and the result of a job that is parked. */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "token.h"

/* How many steps the last call's pipeline had. Its arguments are JSON in a JSON
 * string. */
static size_t steps_of(redis_span metadata)
{
	redis_span calls = redis_json_get(metadata, "tool_calls"), call, arguments;
	agentrun_buf text = AGENTRUN_BUF_INIT;
	size_t n = redis_json_count(calls);

	call = n ? redis_json_at(calls, n - 1) : (redis_span){ NULL, 0 };
	arguments = redis_json_get(redis_json_get(call, "function"), "arguments");
	n = 0;
	if (redis_json_is(arguments, '"') && redis_json_string(&text, arguments) == 0)
		n = redis_json_count(redis_json_get(redis_json_value(text.data, text.len),
			"pipeline"));
	agentrun_buf_dispose(&text);
	return n;
}

static void add_metrics(redis_text *to, redis_span metadata)
{
	static const char *const names[] = { "execution_time_ms", "queue_time_ms",
		"tokens_used" };

	redis_text_name(to, "metrics");
	redis_text_str(to, "{");
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		redis_text_member(to, names[i], redis_json_get(metadata, names[i]));
	redis_text_str(to, "}");
}

/* An orchestrator's answer is the result as it is; else what is known of the
 * patch, with the new workflow. */
static void add_patch(redis_text *to, redis_span preview, redis_span data)
{
	if (redis_json_is(data, '{') && !redis_json_get(data, "nodes").p) {
		redis_text_add(to, data.p, data.n);
		return;
	}
	redis_text_str(to, "{\"status\":\"success\"");
	redis_text_member(to, "patch_id", redis_json_get(preview, "patch_id"));
	redis_text_member(to, "op_count", redis_json_get(preview, "op_count"));
	redis_text_member(to, "description", redis_json_get(preview, "description"));
	redis_text_member(to, "workflow", data);
	redis_text_str(to, "}");
}

static void add_text(redis_text *to, redis_span preview, redis_span metadata)
{
	redis_span message = redis_json_get(preview, "text");

	if (redis_json_get(metadata, "message").p)
		message = redis_json_get(metadata, "message");
	redis_text_str(to, "{\"status\":\"completed\",\"type\":\"text_response\"");
	redis_text_member(to, "message", message);
	redis_text_str(to, "}");
}

static void add_result_data(redis_text *to, redis_span result, redis_span data)
{
	redis_span preview = redis_json_get(result, "result_preview");
	redis_span metadata = redis_json_get(result, "metadata");
	redis_span type = redis_json_get(preview, "type");

	redis_text_name(to, "result_data");
	if (!redis_json_says(redis_json_get(result, "status"), "completed")) {
		redis_text_str(to, "{");
		redis_text_member(to, "status", redis_json_get(result, "status"));
		redis_text_str(to, "}");
	} else if (redis_json_says(type, "patch")) {
		add_patch(to, preview, data);
	} else if (redis_json_says(type, "text")) {
		add_text(to, preview, metadata);
	} else {
		redis_text_str(to, "{\"status\":\"success\",\"data\":");
		redis_text_add(to, data.p ? data.p : "null", data.p ? data.n : 4);
		redis_text_name(to, "pipeline_steps");
		redis_text_int(to, (int64_t)steps_of(metadata));
		add_metrics(to, metadata);
		redis_text_str(to, "}");
	}
}

/* The result's, then what names its place and its fault. */
static void add_metadata(redis_text *to, redis_span result)
{
	redis_span metadata = redis_json_get(result, "metadata");
	redis_span error = redis_json_get(result, "error");

	redis_text_name(to, "metadata");
	redis_text_str(to, "{");
	if (redis_json_is(metadata, '{') && metadata.n > 2)
		redis_text_add(to, metadata.p + 1, metadata.n - 2);
	redis_text_member(to, "result_ref", redis_json_get(result, "result_ref"));
	redis_text_member(to, "error_type", redis_json_get(error, "type"));
	redis_text_member(to, "error_message", redis_json_get(error, "message"));
	redis_text_member(to, "retryable", redis_json_get(error, "retryable"));
	if (redis_json_count(redis_json_get(error, "violations")))
		redis_text_member(to, "violations", redis_json_get(error, "violations"));
	redis_text_str(to, "}");
}

int redis_completion(agentrun_buf *out, const char *job, size_t job_len,
	const char *result, size_t result_len, redis_span data)
{
	redis_span j = redis_json_value(job, job_len), r = redis_json_value(result, result_len);
	redis_text text = REDIS_TEXT_INIT;
	int status;

	redis_text_str(&text, "{\"version\":\"1.0\"");
	redis_text_member(&text, "job_id", redis_json_get(j, "job_id"));
	redis_text_member(&text, "run_id", redis_json_get(j, "run_id"));
	redis_text_member(&text, "node_id", redis_json_get(j, "node_id"));
	redis_text_member(&text, "status", redis_json_get(r, "status"));
	add_result_data(&text, r, data);
	add_metadata(&text, r);
	redis_text_str(&text, "}");
	status = text.status < 0 ? text.status
		: agentrun_buf_append(out, text.buf.data, text.buf.len);
	redis_text_free(&text);
	return status;
}

int redis_failure(agentrun_buf *out, const char *job_id, const char *message,
	int64_t now_ms)
{
	redis_text text = REDIS_TEXT_INIT;
	time_t seconds = (time_t)(now_ms / 1000);
	char when[40];
	struct tm t;
	int r;

	gmtime_r(&seconds, &t);
	strftime(when, sizeof(when), "%Y-%m-%dT%H:%M:%S", &t);
	redis_text_str(&text, "{\"version\":\"1.0\",\"job_id\":");
	redis_text_json(&text, job_id, strlen(job_id));
	redis_text_str(&text, ",\"status\":\"failed\",\"error\":{\"type\":\"internal\","
		"\"message\":");
	redis_text_json(&text, message, strlen(message));
	redis_text_str(&text, ",\"retryable\":false,\"tool\":null,\"step\":null,"
		"\"retry_after_ms\":null,\"violations\":[]},\"metadata\":{},\"completed_at\":\"");
	redis_text_str(&text, when);
	snprintf(when, sizeof(when), ".%03dZ\"}", (int)(now_ms % 1000));
	redis_text_str(&text, when);
	r = text.status < 0 ? text.status
		: agentrun_buf_append(out, text.buf.data, text.buf.len);
	redis_text_free(&text);
	return r;
}
