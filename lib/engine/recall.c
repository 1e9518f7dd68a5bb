/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
/* A job that was handed out again after its result was kept: the result as it was. */
#include <string.h>

#include "engine/engine.h"
#include "patch/canonical.h"
#include "plan/plan.h"

int agr_recall(agr_task *task, agentrun_error **err)
{
	agentrun_store *store = agr_engine_store(task->engine);
	agr_buf ref = AGR_BUF_INIT;
	agentrun_record *record;
	const char *status;
	int r = agentrun_store_find_job(&record, store, task->message.job_id, err);

	if (r == AGENTRUN_ENOTFOUND) {
		agentrun_error_free(err ? *err : NULL);
		if (err)
			*err = NULL;
		return 0;
	}
	if (r < 0)
		return r;
	task->record = record;
	status = agentrun_record_get(record, AGENTRUN_RECORD_STATUS, NULL);
	if (!status || strcmp(status, "completed") != 0) {
		agentrun_record_free(record);
		task->record = NULL;
		return 0;
	}
	agr_buf_printf(&ref, "artifact://%s",
		agentrun_record_get(record, AGENTRUN_RECORD_RESULT_ID, NULL));
	task->ref = agr_buf_give_str(&ref, err);
	if (!task->ref)
		return AGENTRUN_ENOMEM;
	if (agr_engine_streams(task->engine) &&
		agentrun_record_get(record, AGENTRUN_RECORD_CAS_ID, NULL))
		r = agr_spilled_read(&task->spilled, &task->data, store, task->ref, err);
	else
		r = agentrun_store_get(&task->data, store, task->ref, err);
	return r < 0 ? r : 1;
}

/* The arguments of the last call, if it is of the tool: 1, 0 or AGENTRUN_ENOMEM. */
static int last_call(agr_buf *arguments, agr_span calls, const char *tool)
{
	agr_iter it = agr_iter_of(calls);
	agr_span call, last = { NULL, 0 }, function, name, text;

	while (agr_array_next(&it, &call))
		last = call;
	if (!last.p || agr_span_type(last) != AGR_TYPE_OBJECT ||
		!agr_object_get(last, "function", 8, &function) ||
		!agr_object_get(function, "name", 4, &name) ||
		!agr_object_get(function, "arguments", 9, &text) ||
		agr_span_type(text) != AGR_TYPE_STRING ||
		!agr_string_is(name, tool, strlen(tool)))
		return 0;
	agr_string_decode(arguments, text);
	return arguments->failed ? AGENTRUN_ENOMEM : 1;
}

bool agr_landed_id(agr_span *id, const agentrun_buf *data)
{
	agr_span answer = { data->data, data->len }, nodes;

	return agr_span_type(answer) == AGR_TYPE_OBJECT &&
		!agr_object_get(answer, "nodes", 5, &nodes) &&
		agr_object_get(answer, "id", 2, id);
}

int agr_recall_patch(agr_buf *out, const agr_task *task)
{
	size_t len = 0;
	const char *calls = agentrun_record_get(task->record, AGENTRUN_RECORD_TOOL_CALLS, &len);
	agr_text text = { .name = AGR_TOOL_PATCH };
	agr_buf arguments = AGR_BUF_INIT;
	agr_span root, spec, operations, description = { "null", 4 };
	char hash[AGR_SHA256_HEX];
	agr_span id;
	bool landed;
	int r = calls ? last_call(&arguments, (agr_span){ calls, len }, AGR_TOOL_PATCH) : 0;

	text.p = arguments.data;
	text.n = arguments.len;
	if (r == 1 && (agr_scan_document(&root, &text, NULL) < 0 ||
		agr_span_type(root) != AGR_TYPE_OBJECT ||
		!agr_object_get(root, "patch_spec", 10, &spec) ||
		agr_span_type(spec) != AGR_TYPE_OBJECT ||
		!agr_object_get(spec, "operations", 10, &operations) ||
		agr_span_type(operations) != AGR_TYPE_ARRAY))
		r = 0;
	landed = r == 1 && agr_landed_id(&id, &task->data);
	if (r == 1 && !landed)
		r = agr_canonical_hash(hash, (agr_span){ task->data.data, task->data.len },
			NULL) < 0 ? AGENTRUN_ENOMEM : 1;
	if (r == 1) {
		agr_object_get(spec, "description", 11, &description);
		agr_buf_str(out, "{\"type\":\"patch\",\"patch_id\":");
		if (landed)
			agr_value_write(out, id);
		else
			agr_buf_json_str(out, hash, strlen(hash));
		agr_buf_printf(out, ",\"op_count\":%zu,\"description\":",
			agr_span_count(operations));
		agr_value_write(out, description);
		agr_buf_char(out, '}');
	}
	agr_buf_free(&arguments);
	return r;
}
