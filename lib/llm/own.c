/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
/* A provider that the application registered, behind the interface of codec.h. */
#include "llm/own.h"

#include <stdlib.h>
#include <string.h>

#include "ctx/ctx.h"
#include "llm/profile.h"

struct agr_own_provider {
	agr_codec codec; /* first: a codec is cast back to its provider */
	agentrun_provider_impl impl;
	void *self;
	agr_own_provider *next;
};

/* ---- the conversation as JSON -------------------------------------------------- */

static void add_named(agr_buf *out, const char *name, const char *text)
{
	agr_buf_str(out, name);
	agr_json_add(out, text);
}

static void add_message(agr_buf *out, const agr_codec *codec, const agr_message_said *said)
{
	static const char *const roles[] = { "user", "assistant", "tool" };

	agr_buf_printf(out, "{\"role\":\"%s\"", roles[said->role]);
	if (said->role != AGR_ROLE_TOOL)
		add_named(out, ",\"text\":", said->text);
	for (size_t i = 0; i < said->n_calls; i++) {
		const agr_call *call = &said->calls[i];

		add_named(out, i ? ",{\"id\":" : ",\"calls\":[{\"id\":", call->id.data);
		add_named(out, ",\"name\":", call->name.data);
		agr_buf_str(out, ",\"arguments\":");
		agr_buf_json_str(out, call->arguments.data, call->arguments.len);
		agr_buf_str(out, i + 1 < said->n_calls ? "}" : "}]");
	}
	if (said->own && said->own_by == codec) {
		agr_buf_str(out, ",\"own\":");
		agr_buf_add(out, said->own, said->own_len);
	}
	for (size_t i = 0; i < said->n_results; i++) {
		const agr_tool_result *result = &said->results[i];

		add_named(out, i ? ",{\"id\":" : ",\"results\":[{\"id\":", result->id);
		add_named(out, ",\"name\":", result->name);
		add_named(out, ",\"content\":", result->content);
		agr_buf_printf(out, ",\"is_error\":%s}%s", result->is_error ? "true" : "false",
			i + 1 < said->n_results ? "" : "]");
	}
	agr_buf_char(out, '}');
}

static void add_tools(agr_buf *out, const agr_talk *talk)
{
	agr_buf_str(out, "],\"tools\":[");
	for (size_t i = 0; i < talk->n_tools; i++) {
		add_named(out, i ? ",{\"name\":" : "{\"name\":", talk->tools[i].name);
		add_named(out, ",\"description\":", talk->tools[i].description);
		agr_buf_str(out, ",\"parameters\":");
		agr_buf_add(out, talk->tools[i].parameters, talk->tools[i].parameters_len);
		agr_buf_char(out, '}');
	}
	agr_buf_char(out, ']');
}

static int write_conversation(agr_buf *out, const agr_codec *codec, const agr_ask *ask,
	agentrun_error **err)
{
	const agr_talk *talk = ask->talk;

	add_named(out, "{\"system\":[{\"text\":", talk->stable ? talk->stable : "");
	agr_buf_str(out, ",\"stable\":true}");
	if (talk->workflow) {
		add_named(out, ",{\"text\":", talk->workflow);
		agr_buf_str(out, ",\"stable\":true}");
	}
	agr_buf_str(out, "],\"messages\":[");
	for (size_t i = 0; i < talk->n_said; i++) {
		if (i)
			agr_buf_char(out, ',');
		add_message(out, codec, &talk->said[i]);
	}
	add_tools(out, talk);
	agr_buf_printf(out, ",\"tool_choice\":\"%s\",\"one_call\":%s,\"temperature\":%s,"
		"\"max_tokens\":%lld}", ask->no_tools ? "none" : "auto",
		ask->one_call ? "true" : "false", ask->temperature ? ask->temperature : "null",
		(long long)ask->max_tokens);
	return agr_buf_check(out, "conversation", err);
}

/* ---- the codec ------------------------------------------------------------------ */

static int said_nothing(int r, agentrun_error **err)
{
	return r < 0 ? agentrun_error_raise(err, r, "it failed and did not say why") : r;
}

static void take(agr_buf *to, agentrun_buf *from)
{
	agr_buf_add(to, from->data ? from->data : "", from->len);
	agentrun_buf_dispose(from);
}

static int own_encode(const agr_codec *codec, agr_wire *out, const agr_ask *ask,
	agentrun_error **err)
{
	const agr_own_provider *own = (const agr_own_provider *)codec;
	agentrun_provider_request request = { .struct_size = sizeof(request) };
	agentrun_provider_call call = { .struct_size = sizeof(call), .base_url = ask->base_url,
		.model = ask->model, .api_key = ask->api_key };
	agr_buf talk = AGR_BUF_INIT;
	int r = write_conversation(&talk, codec, ask, err);

	if (r == 0) {
		call.conversation = talk.data;
		call.conversation_len = talk.len;
		r = said_nothing(own->impl.encode(own->self, &request, &call, err), err);
	}
	agr_buf_free(&talk);
	agr_wire_header(&out->headers, "Content-Type", "application/json");
	take(&out->url, &request.url);
	take(&out->headers, &request.headers);
	take(&out->secrets, &request.secret_headers);
	take(&out->body, &request.body);
	for (size_t i = 0; i < ask->n_headers; i++) {
		agr_buf_str(&out->secrets, ask->headers[i]);
		agr_buf_char(&out->secrets, '\n');
	}
	return r < 0 ? r : agr_buf_check(&out->body, "request", err);
}

static agr_end end_of(agr_span root)
{
	static const char *const names[] = { "stop", "tool_calls", "length", "content_filter",
		"refusal" };
	static const agr_end ends[] = { AGR_END_STOP, AGR_END_CALLS, AGR_END_LENGTH,
		AGR_END_FILTER, AGR_END_REFUSAL };

	for (size_t i = 0; i < AGR_COUNT(names); i++)
		if (agr_get_is(root, "end", names[i]))
			return ends[i];
	return AGR_END_OTHER;
}

static int read_calls(agr_answer *out, agr_span list, agentrun_error **err)
{
	agr_iter it = agr_iter_of(list);
	agr_span item, arguments;

	while (agr_array_next(&it, &item)) {
		agr_call *call = agr_answer_add_call(out);

		if (!call)
			return agr_error_oom(err);
		agr_get_text(item, "id", &call->id);
		agr_get_text(item, "name", &call->name);
		if (!agr_get_arguments(item, "arguments", &call->arguments) &&
			agr_get_typed(item, "arguments", AGR_TYPE_OBJECT, &arguments))
			agr_buf_add(&call->arguments, arguments.p, arguments.n);
	}
	return 0;
}

static int read_answer(agr_answer *out, const char *name, const agentrun_buf *json,
	agentrun_error **err)
{
	agr_text text = { .name = name, .p = json->data ? json->data : "", .n = json->len,
		.code = AGENTRUN_ELLM };
	agr_span root, part;
	int r = agr_scan_document(&root, &text, err);

	if (r < 0)
		return r;
	agr_get_text(root, "text", &out->text);
	agr_get_text(root, "refusal", &out->refusal);
	agr_get_text(root, "finish_reason", &out->finish_reason);
	agr_get_text(root, "model", &out->model);
	out->end = end_of(root);
	if (agr_get_typed(root, "usage", AGR_TYPE_OBJECT, &part)) {
		out->usage.input = agr_get_int(part, "input", -1);
		out->usage.output = agr_get_int(part, "output", -1);
		out->usage.cached = agr_get_int(part, "cached", -1);
		out->usage.total = agr_get_int(part, "total", -1);
	}
	if (agr_get(root, "own", &part))
		agr_buf_add(&out->own, part.p, part.n);
	if (agr_get_typed(root, "calls", AGR_TYPE_ARRAY, &part))
		r = read_calls(out, part, err);
	return r;
}

static int own_decode(const agr_codec *codec, agr_answer *out, agr_span body,
	agentrun_error **err)
{
	const agr_own_provider *own = (const agr_own_provider *)codec;
	agentrun_buf json = AGENTRUN_BUF_INIT;
	int r = said_nothing(own->impl.decode(own->self, &json, body.p, body.n, err), err);

	if (r >= 0)
		r = read_answer(out, own->impl.name, &json, err);
	agentrun_buf_dispose(&json);
	return r;
}

/* ---- the list --------------------------------------------------------------------- */

const agr_codec *agr_own_provider_find(const agr_own_provider *list, const char *name)
{
	for (; list; list = list->next)
		if (strcmp(list->impl.name, name) == 0)
			return &list->codec;
	return NULL;
}

static void own_free(agr_own_provider *own)
{
	if (!own)
		return;
	free((char *)own->impl.name);
	free((char *)own->impl.base_url);
	free((char *)own->impl.model);
	free(own);
}

void agr_own_providers_free(agr_own_provider *list)
{
	while (list) {
		agr_own_provider *next = list->next;

		if (list->impl.destroy)
			list->impl.destroy(list->self);
		own_free(list);
		list = next;
	}
}

static char *copy(const char *text, int *failed)
{
	char *made = text ? strdup(text) : NULL;

	if (text && !made)
		*failed = 1;
	return made;
}

static int check_impl(const agentrun_ctx *ctx, const agentrun_provider_impl *impl,
	agentrun_error **err)
{
	if (!impl->name || !*impl->name || strchr(impl->name, '.') || !impl->encode ||
		!impl->decode)
		return agentrun_error_raise(err, AGENTRUN_EINVAL,
			"agentrun_provider_impl wants name (without a dot), encode and decode");
	if (agr_llm_name_is_taken(ctx, impl->name) || agr_ctx_planner(ctx, impl->name))
		return agentrun_error_raise(err, AGENTRUN_EINVAL,
			"a planner or provider named \"%s\" is there already", impl->name);
	return 0;
}

int agentrun_ctx_add_provider(agentrun_ctx *ctx, const agentrun_provider_impl *impl_in,
	void *take_self, agentrun_error **err)
{
	agentrun_provider_impl impl;
	agr_own_provider *own, **last = &ctx->providers;
	int failed = 0, r = agr_impl_read(&impl, sizeof(impl), impl_in,
		AGENTRUN_PROVIDER_IMPL_VERSION, "agentrun_provider_impl", err);

	if (r == 0)
		r = check_impl(ctx, &impl, err);
	if (r < 0)
		return r;
	own = calloc(1, sizeof(*own));
	if (!own)
		return agr_error_oom(err);
	own->impl = impl;
	own->impl.name = copy(impl.name, &failed);
	own->impl.base_url = copy(impl.base_url, &failed);
	own->impl.model = copy(impl.model, &failed);
	if (failed) {
		own_free(own);
		return agr_error_oom(err);
	}
	own->self = take_self;
	own->codec = (agr_codec){ .name = own->impl.name, .base_url = own->impl.base_url,
		.model = own->impl.model, .encode = own_encode, .decode = own_decode };
	while (*last)
		last = &(*last)->next;
	*last = own;
	return 0;
}
