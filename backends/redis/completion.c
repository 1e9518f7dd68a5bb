/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
/* The message on completion_signals, and the result of a job that is parked. */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "token.h"

/* Members of a result message. */
enum { STATUS, PREVIEW, METADATA, ERROR, REF, OF_RESULT };

/* How many steps the last call's pipeline had. Its arguments are JSON in a JSON
 * string. */
static size_t steps_of(redis_span calls)
{
	agentrun_buf text = AGENTRUN_BUF_INIT;
	size_t n = redis_json_count(calls);
	redis_span call = redis_json_at(calls, n ? n - 1 : 0), arguments, steps = { NULL, 0 };
	static const char *const name = "pipeline";

	arguments = redis_json_get(redis_json_get(call, "function"), "arguments");
	if (redis_json_is(arguments, '"') && redis_json_string(&text, arguments) == 0)
		redis_json_object(text.data, text.len, &name, &steps, 1);
	n = redis_json_count(steps);
	agentrun_buf_dispose(&text);
	return n;
}

static void add_data(redis_text *to, redis_span metadata, redis_span data)
{
	static const char *const names[] = { "execution_time_ms", "queue_time_ms", "tokens_used",
		"tool_calls" };
	redis_span members[4];

	redis_json_members(metadata, names, members, 4);
	redis_text_str(to, "{\"status\":\"success\",\"data\":");
	redis_text_add(to, data.p ? data.p : "null", data.p ? data.n : 4);
	redis_text_name(to, "pipeline_steps");
	redis_text_int(to, (int64_t)steps_of(members[3]));
	redis_text_name(to, "metrics");
	redis_text_str(to, "{");
	for (size_t i = 0; i < 3; i++)
		redis_text_member(to, names[i], members[i]);
	redis_text_str(to, "}}");
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

static void add_result_data(redis_text *to, const redis_span result[OF_RESULT], redis_span data)
{
	redis_span type = redis_json_get(result[PREVIEW], "type");

	redis_text_name(to, "result_data");
	if (!redis_json_says(result[STATUS], "completed")) {
		redis_text_str(to, "{");
		redis_text_member(to, "status", result[STATUS]);
		redis_text_str(to, "}");
	} else if (redis_json_says(type, "patch")) {
		add_patch(to, result[PREVIEW], data);
	} else if (redis_json_says(type, "text")) {
		add_text(to, result[PREVIEW], result[METADATA]);
	} else {
		add_data(to, result[METADATA], data);
	}
}

/* The result's, then what names its place and its fault. */
static void add_metadata(redis_text *to, const redis_span result[OF_RESULT])
{
	static const char *const names[] = { "type", "message", "retryable", "violations" };
	redis_span metadata = result[METADATA], error[4];

	redis_json_members(result[ERROR], names, error, 4);
	redis_text_name(to, "metadata");
	redis_text_str(to, "{");
	if (redis_json_is(metadata, '{') && metadata.n > 2)
		redis_text_add(to, metadata.p + 1, metadata.n - 2);
	redis_text_member(to, "result_ref", result[REF]);
	redis_text_member(to, "error_type", error[0]);
	redis_text_member(to, "error_message", error[1]);
	redis_text_member(to, "retryable", error[2]);
	if (redis_json_count(error[3]))
		redis_text_member(to, "violations", error[3]);
	redis_text_str(to, "}");
}

int redis_completion(agentrun_buf *out, const char *job, size_t job_len,
	const char *result, size_t result_len, redis_span data)
{
	static const char *const names[] = { "job_id", "run_id", "node_id" };
	static const char *const of_result[] = { "status", "result_preview", "metadata", "error",
		"result_ref" };
	redis_span j[3], r[OF_RESULT];
	redis_text text = REDIS_TEXT_INIT;

	redis_json_object(job, job_len, names, j, 3);
	redis_json_object(result, result_len, of_result, r, OF_RESULT);
	redis_text_str(&text, "{\"version\":\"1.0\"");
	for (size_t i = 0; i < 3; i++)
		redis_text_member(&text, names[i], j[i]);
	redis_text_member(&text, "status", r[STATUS]);
	add_result_data(&text, r, data);
	add_metadata(&text, r);
	redis_text_str(&text, "}");
	return redis_text_give(&text, out);
}

int redis_failure(agentrun_buf *out, const char *job_id, const char *message,
	int64_t now_ms)
{
	redis_text text = REDIS_TEXT_INIT;
	time_t seconds = (time_t)(now_ms / 1000);
	char when[40];
	struct tm t;

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
	return redis_text_give(&text, out);
}
