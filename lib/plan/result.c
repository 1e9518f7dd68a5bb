/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "plan/plan.h"

struct call {
	char *id, *name, *arguments;
	size_t arguments_len;
	char *inverse; /* JSON; NULL: it has none */
};

struct agentrun_plan_result {
	struct call *calls;
	size_t n_calls;
	char *message, *finish_reason, *model;
	int64_t tokens_used, took_ms;
	int cache_hit;
};

void agentrun_plan_result_free(agentrun_plan_result *plan)
{
	if (!plan)
		return;
	for (size_t i = 0; i < plan->n_calls; i++) {
		free(plan->calls[i].id);
		free(plan->calls[i].name);
		free(plan->calls[i].arguments);
		free(plan->calls[i].inverse);
	}
	free(plan->calls);
	free(plan->message);
	free(plan->finish_reason);
	free(plan->model);
	free(plan);
}

static int add_call(agentrun_plan_result *plan, const char *id, const char *name,
	const char *arguments, size_t len)
{
	struct call *call = &plan->calls[plan->n_calls++];
	char made_up[32];

	snprintf(made_up, sizeof(made_up), "call_%zu", plan->n_calls);
	call->id = strdup(id ? id : made_up);
	call->name = strdup(name);
	call->arguments = arguments ? agr_strndup(arguments, len) : NULL;
	call->arguments_len = len;
	call->inverse = NULL;
	if (call->id && call->name && call->arguments)
		return 0;
	free(call->id);
	free(call->name);
	free(call->arguments);
	plan->n_calls--;
	return AGENTRUN_ENOMEM;
}

static agentrun_plan_result *new_result(size_t n_calls, const char *message,
	const char *finish_reason, const char *model)
{
	agentrun_plan_result *plan = calloc(1, sizeof(*plan));

	if (!plan)
		return NULL;
	plan->calls = calloc(n_calls ? n_calls : 1, sizeof(*plan->calls));
	plan->message = strdup(message);
	plan->finish_reason = strdup(finish_reason);
	plan->model = strdup(model);
	if (plan->calls && plan->message && plan->finish_reason && plan->model)
		return plan;
	agentrun_plan_result_free(plan);
	return NULL;
}

int agr_plan_result_make(agentrun_plan_result **out, const char *name,
	const json_t *arguments, const char *message, int64_t took_ms,
	agentrun_error **err)
{
	agentrun_plan_result *plan =
		new_result(1, message, name ? "tool_calls" : "unclear", "builtin");
	char *text = name ? agr_json_text(arguments) : NULL;
	int r = plan ? 0 : AGENTRUN_ENOMEM;

	*out = NULL;
	if (r == 0 && name)
		r = add_call(plan, NULL, name, text, text ? strlen(text) : 0);
	free(text);
	if (r < 0) {
		agentrun_plan_result_free(plan);
		return agr_error_oom(err);
	}
	plan->took_ms = took_ms;
	*out = plan;
	return 0;
}

static int read_call(agentrun_plan_result *plan, const char *planner,
	const json_t *call, agentrun_error **err)
{
	const json_t *function = json_object_get(call, "function");
	const char *name = agr_json_str(function, "name", NULL);
	const char *arguments = agr_json_str(function, "arguments", NULL);

	if (!name || !arguments)
		return agentrun_error_raise(err, AGENTRUN_EPLAN,
			"the planner %s answered a tool call without function.name and "
			"function.arguments", planner);
	if (add_call(plan, agr_json_str(call, "id", NULL), name, arguments,
		strlen(arguments)) < 0)
		return agr_error_oom(err);
	return 0;
}

int agr_plan_result_read(agentrun_plan_result **out, const char *planner,
	const char *json, size_t len, int64_t took_ms, agentrun_error **err)
{
	json_t *root, *calls, *call;
	agentrun_plan_result *plan;
	size_t i;
	int r = agr_json_parse(&root, planner, json, len, AGENTRUN_EPLAN, err);

	*out = NULL;
	if (r < 0)
		return r;
	calls = json_object_get(root, "tool_calls");
	plan = new_result(json_array_size(calls), agr_json_str(root, "message", ""),
		agr_json_str(root, "finish_reason", "stop"),
		agr_json_str(root, "model", planner));
	if (!plan)
		r = agr_error_oom(err);
	if (r == 0)
		json_array_foreach(calls, i, call) {
			r = read_call(plan, planner, call, err);
			if (r < 0)
				break;
		}
	if (r == 0) {
		plan->tokens_used = agr_json_int(root, "tokens_used", 0);
		plan->cache_hit = json_is_true(json_object_get(root, "cache_hit"));
		plan->took_ms = took_ms;
		*out = plan;
	} else {
		agentrun_plan_result_free(plan);
	}
	json_decref(root);
	return r;
}

/* ---- of a model's answer ----------------------------------------------------------- */

static int replace(char **text, const char *by)
{
	char *copy = strdup(by);

	if (!copy)
		return AGENTRUN_ENOMEM;
	free(*text);
	*text = copy;
	return 0;
}

int agr_plan_result_new(agentrun_plan_result **out, agentrun_error **err)
{
	*out = new_result(0, "", "", "");
	return *out ? 0 : agr_error_oom(err);
}

int agr_plan_result_say(agentrun_plan_result *plan, const char *message,
	const char *finish_reason, agentrun_error **err)
{
	if ((message && replace(&plan->message, message) < 0) ||
		(finish_reason && replace(&plan->finish_reason, finish_reason) < 0))
		return agr_error_oom(err);
	return 0;
}

bool agr_plan_result_cache_hit(const agentrun_plan_result *plan)
{
	return plan->cache_hit;
}

int agr_plan_result_add(agentrun_plan_result *plan, const agr_answer *answer,
	const char *model, agentrun_error **err)
{
	struct call *grown = realloc(plan->calls,
		(plan->n_calls + answer->n_calls + 1) * sizeof(*grown));
	const char *reason = answer->finish_reason.data;

	if (!grown)
		return agr_error_oom(err);
	plan->calls = grown;
	if (!reason || !*reason)
		reason = answer->n_calls ? "tool_calls" : "stop";
	if ((answer->text.len && replace(&plan->message, answer->text.data) < 0) ||
		replace(&plan->model, answer->model.len ? answer->model.data : model) < 0 ||
		replace(&plan->finish_reason, reason) < 0)
		return agr_error_oom(err);
	plan->tokens_used += agr_usage_tokens(&answer->usage);
	plan->cache_hit = plan->cache_hit || answer->usage.cached > 0;
	for (size_t i = 0; i < answer->n_calls; i++)
		if (add_call(plan, answer->calls[i].id.data, answer->calls[i].name.data,
			answer->calls[i].arguments.data, answer->calls[i].arguments.len) < 0)
			return agr_error_oom(err);
	return 0;
}

int agr_plan_result_of_answer(agentrun_plan_result **out, const agr_answer *answer,
	const char *model, int64_t took_ms, agentrun_error **err)
{
	agentrun_plan_result *plan;
	int r = agr_plan_result_new(&plan, err);

	*out = NULL;
	if (r == 0)
		r = agr_plan_result_add(plan, answer, model, err);
	if (r < 0) {
		agentrun_plan_result_free(plan);
		return r;
	}
	plan->took_ms = took_ms;
	*out = plan;
	return 0;
}

size_t agentrun_plan_result_call_count(const agentrun_plan_result *plan)
{
	return plan->n_calls;
}

const char *agentrun_plan_result_call_id(const agentrun_plan_result *plan, size_t i)
{
	return i < plan->n_calls ? plan->calls[i].id : NULL;
}

const char *agentrun_plan_result_call_name(const agentrun_plan_result *plan, size_t i)
{
	return i < plan->n_calls ? plan->calls[i].name : NULL;
}

const char *agentrun_plan_result_call_arguments(const agentrun_plan_result *plan,
	size_t i, size_t *len)
{
	const char *text = i < plan->n_calls ? plan->calls[i].arguments : NULL;

	if (len)
		*len = text ? plan->calls[i].arguments_len : 0;
	return text;
}

const char *agentrun_plan_result_message(const agentrun_plan_result *plan)
{
	return plan->message;
}

const char *agentrun_plan_result_finish_reason(const agentrun_plan_result *plan)
{
	return plan->finish_reason;
}

const char *agentrun_plan_result_model(const agentrun_plan_result *plan)
{
	return plan->model;
}

int64_t agentrun_plan_result_tokens_used(const agentrun_plan_result *plan)
{
	return plan->tokens_used;
}

static void add_text(agr_buf *out, const char *name, const char *text)
{
	agr_buf_str(out, name);
	agr_buf_json_str(out, text, strlen(text));
}

/* `raw`: as they were received. Else so that every reader of JSON takes them, databases
 * too: what is no character is replaced. */
static void add_arguments(agr_buf *out, const struct call *call, bool raw)
{
	agr_buf text = AGR_BUF_INIT;

	agr_buf_str(out, ",\"arguments\":");
	if (!raw && !memchr(call->arguments, '\0', call->arguments_len)) {
		agr_buf_json_str(out, call->arguments, call->arguments_len);
		return;
	}
	if (raw) {
		agr_buf_json_raw(out, call->arguments, call->arguments_len);
		return;
	}
	agr_buf_add(&text, call->arguments, call->arguments_len);
	for (size_t i = 0; i < text.len; i++)
		if (!text.data[i])
			text.data[i] = ' ';
	agr_buf_json_str(out, text.data ? text.data : "", text.len);
	if (text.failed)
		out->failed = text.failed;
	agr_buf_free(&text);
}

static void write_calls(agr_buf *out, const agentrun_plan_result *plan, bool raw)
{
	agr_buf_char(out, '[');
	for (size_t i = 0; i < plan->n_calls; i++) {
		add_text(out, i ? ",{\"id\":" : "{\"id\":", plan->calls[i].id);
		add_text(out, ",\"function\":{\"name\":", plan->calls[i].name);
		add_arguments(out, &plan->calls[i], raw);
		agr_buf_char(out, '}');
		if (plan->calls[i].inverse) {
			agr_buf_str(out, ",\"inverse\":");
			agr_buf_str(out, plan->calls[i].inverse);
		}
		agr_buf_char(out, '}');
	}
	agr_buf_char(out, ']');
}

int agr_plan_result_undo(agentrun_plan_result *plan, size_t call, const char *inverse,
	size_t len, agentrun_error **err)
{
	char *copy = agr_strndup(inverse, len);

	if (!copy)
		return agr_error_oom(err);
	free(plan->calls[call].inverse);
	plan->calls[call].inverse = copy;
	return 0;
}

void agr_plan_write_calls(agr_buf *out, const agentrun_plan_result *plan)
{
	write_calls(out, plan, false);
}

int agentrun_plan_result_json(agentrun_buf *out, const agentrun_plan_result *plan)
{
	agr_buf buf = AGR_BUF_INIT;

	agr_buf_str(&buf, "{\"tool_calls\":");
	write_calls(&buf, plan, true);
	add_text(&buf, ",\"message\":", plan->message);
	add_text(&buf, ",\"model\":", plan->model);
	agr_buf_printf(&buf, ",\"tokens_used\":%lld,\"cache_hit\":%s,"
		"\"execution_time_ms\":%lld", (long long)plan->tokens_used,
		plan->cache_hit ? "true" : "false", (long long)plan->took_ms);
	add_text(&buf, ",\"finish_reason\":", plan->finish_reason);
	agr_buf_char(&buf, '}');
	return agr_buf_give(&buf, out, "plan", NULL);
}
