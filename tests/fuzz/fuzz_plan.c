/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
/* The planner on anything: a prompt, a newline, then the input rows - or, when
 * those are a JSON object with nodes, the workflow. */
#include <stdlib.h>
#include <string.h>

#include "plan/builtin.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *text = (const char *)data, *end = size ? memchr(text, '\n', size) : NULL;
	size_t len = end ? (size_t)(end - text) : size;
	agr_plan_request request = { .prompt = text, .prompt_len = len };
	json_t *workflow = NULL;
	agr_plan_answer answer;
	agentrun_error *err = NULL;

	if (agr_utf8_invalid(text, len) < len || memchr(text, 0, len))
		return 0;
	if (end) {
		request.input = end + 1;
		request.input_len = size - len - 1;
		workflow = json_loadb(request.input, request.input_len, JSON_ALLOW_NUL, NULL);
		if (json_object_get(workflow, "nodes")) {
			request.workflow = workflow;
			request.node_id = "a";
			request.input = NULL;
		}
	}
	if (agr_builtin_plan(&answer, &request, &err) == 0 && !answer.message)
		abort();
	agr_plan_answer_clear(&answer);
	agentrun_error_free(err);
	json_decref(workflow);
	return 0;
}
