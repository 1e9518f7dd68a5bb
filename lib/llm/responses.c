/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
/* OpenAI's Responses. Nothing is kept at the server: what the model thought comes
 * back encrypted, and goes with the next request. */
#include <string.h>

#include "llm/codec.h"

/* ---- the request ----------------------------------------------------------- */

static void begin_item(agr_buf *body, bool *first)
{
	if (!*first)
		agr_buf_char(body, ',');
	*first = false;
}

static void add_text_item(agr_buf *body, bool *first, const char *role, const char *text,
	size_t len)
{
	begin_item(body, first);
	agr_buf_printf(body, "{\"role\":\"%s\",\"content\":", role);
	agr_buf_json_str(body, text, len);
	agr_buf_char(body, '}');
}

static void add_assistant(agr_buf *body, bool *first, const agr_message_said *said)
{
	if (said->own && said->own_by == &agr_codec_responses) {
		if (said->own_len > 2) { /* the items without their brackets */
			begin_item(body, first);
			agr_buf_add(body, said->own + 1, said->own_len - 2);
		}
		return;
	}
	if (said->text_len)
		add_text_item(body, first, "assistant", said->text, said->text_len);
	for (size_t i = 0; i < said->n_calls; i++) {
		begin_item(body, first);
		agr_buf_str(body, "{\"type\":\"function_call\",\"call_id\":");
		agr_json_add(body, said->calls[i].id.data);
		agr_buf_str(body, ",\"name\":");
		agr_json_add(body, said->calls[i].name.data);
		agr_buf_str(body, ",\"arguments\":");
		agr_json_add_arguments_text(body, &said->calls[i]);
		agr_buf_char(body, '}');
	}
}

static void add_input(agr_buf *body, const agr_talk *talk)
{
	bool first = true;

	agr_buf_str(body, ",\"input\":[");
	for (size_t i = 0; i < talk->n_said; i++) {
		const agr_message_said *said = &talk->said[i];

		if (said->role == AGR_ROLE_USER)
			add_text_item(body, &first, "user", said->text, said->text_len);
		else if (said->role == AGR_ROLE_ASSISTANT)
			add_assistant(body, &first, said);
		for (size_t k = 0; k < said->n_results; k++) {
			begin_item(body, &first);
			agr_buf_str(body, "{\"type\":\"function_call_output\",\"call_id\":");
			agr_json_add(body, said->results[k].id);
			agr_buf_str(body, ",\"output\":");
			agr_buf_json_str(body, said->results[k].content, said->results[k].content_len);
			agr_buf_char(body, '}');
		}
	}
	agr_buf_char(body, ']');
}

static void add_tools(agr_wire *out, const agr_ask *ask)
{
	const agr_talk *talk = ask->talk;
	agr_buf *body = &out->body;

	if (!talk->n_tools)
		return;
	agr_buf_str(body, ",\"tools\":[");
	for (size_t i = 0; i < talk->n_tools; i++) {
		const agr_tool *tool = &talk->tools[i];

		agr_buf_str(body, i ? ",{\"type\":\"function\"," : "{\"type\":\"function\",");
		agr_wire_add_tool(out, tool, "parameters");
		agr_buf_printf(body, ",\"strict\":%s}", tool->strict ? "true" : "false");
	}
	agr_buf_printf(body, "],\"tool_choice\":\"%s\"", ask->no_tools ? "none" : "auto");
	if (ask->one_call)
		agr_buf_str(body, ",\"parallel_tool_calls\":false");
}

static int encode(const agr_codec *codec, agr_wire *out, const agr_ask *ask,
	agentrun_error **err)
{
	bool azure = agr_url_has_host(ask->base_url, ".azure.com");
	bool vendor = azure || agr_url_has_host(ask->base_url, "api.openai.com");
	agr_buf *body = &out->body;

	(void)codec;
	agr_wire_url(out, ask->base_url, "/responses");
	if (ask->api_key && azure)
		agr_wire_header(&out->secrets, "api-key", ask->api_key);
	else if (ask->api_key)
		agr_buf_printf(&out->secrets, "Authorization: Bearer %s\n", ask->api_key);
	agr_buf_str(body, "{\"model\":");
	agr_json_add(body, ask->model);
	agr_buf_str(body, ",\"instructions\":");
	agr_wire_add_system(out, ask->talk);
	add_input(body, ask->talk);
	add_tools(out, ask);
	if (ask->temperature && !agr_openai_reasons(ask->model))
		agr_buf_printf(body, ",\"temperature\":%s", ask->temperature);
	agr_buf_printf(body, ",\"max_output_tokens\":%lld,\"store\":false",
		(long long)ask->max_tokens);
	if (vendor && agr_openai_reasons(ask->model))
		agr_buf_str(body, ",\"include\":[\"reasoning.encrypted_content\"]");
	if (vendor)
		agr_openai_add_cache_key(body, ask->talk);
	if (ask->stream)
		agr_buf_str(body, ",\"stream\":true");
	agr_wire_end(out, ask);
	return agr_buf_check(body, "request", err);
}

/* ---- the answer -------------------------------------------------------------- */

static void read_message(agr_span item, agr_answer *out)
{
	agr_span content, part;
	agr_iter it;

	if (agr_get_text(item, "content", &out->text) ||
		!agr_get_typed(item, "content", AGR_TYPE_ARRAY, &content))
		return;
	it = agr_iter_of(content);
	while (agr_array_next(&it, &part))
		if (!agr_get_text(part, "text", &out->text))
			agr_get_text(part, "refusal", &out->refusal);
}

/* The output quotes call_id, not id. */
static int read_call(agr_span item, agr_answer *out, agentrun_error **err)
{
	agr_call *call = agr_answer_add_call(out);
	agr_span arguments;

	if (!call)
		return agr_error_oom(err);
	if (!agr_get_text(item, "call_id", &call->id))
		agr_get_text(item, "id", &call->id);
	agr_get_text(item, "name", &call->name);
	if (!agr_get_arguments(item, "arguments", &call->arguments) &&
		!agr_get_arguments(item, "input", &call->arguments) &&
		agr_get_typed(item, "arguments", AGR_TYPE_OBJECT, &arguments))
		agr_buf_add(&call->arguments, arguments.p, arguments.n);
	return 0;
}

/* Thoughts are taken back only with what makes them readable to the server. */
static void keep_item(agr_span item, agr_answer *out)
{
	agr_span secret;

	if (agr_get_is(item, "type", "reasoning") &&
		!agr_get_typed(item, "encrypted_content", AGR_TYPE_STRING, &secret))
		return;
	agr_buf_char(&out->own, out->own.len ? ',' : '[');
	agr_buf_add(&out->own, item.p, item.n);
}

static int read_item(agr_span item, agr_answer *out, agentrun_error **err)
{
	keep_item(item, out);
	if (agr_get_is(item, "type", "message"))
		read_message(item, out);
	else if (agr_get_is(item, "type", "function_call") ||
		agr_get_is(item, "type", "custom_tool_call"))
		return read_call(item, out, err);
	return 0;
}

static void read_usage(agr_span root, agr_usage *usage)
{
	agr_span u, details;

	if (!agr_get_typed(root, "usage", AGR_TYPE_OBJECT, &u))
		return;
	usage->input = agr_get_int(u, "input_tokens", usage->input);
	usage->output = agr_get_int(u, "output_tokens", usage->output);
	usage->total = agr_get_int(u, "total_tokens", usage->total);
	if (agr_get(u, "input_tokens_details", &details)) {
		usage->cached = agr_get_int(details, "cached_tokens", usage->cached);
		usage->cache_write = agr_get_int(details, "cache_write_tokens", usage->cache_write);
	}
}

static void read_status(agr_span root, agr_answer *out)
{
	agr_span details;

	agr_text_reset(&out->finish_reason);
	agr_get_text(root, "status", &out->finish_reason);
	if (agr_get_is(root, "status", "completed")) {
		out->end = out->n_calls ? AGR_END_CALLS : AGR_END_STOP;
	} else if (agr_get_is(root, "status", "incomplete")) {
		out->end = AGR_END_OTHER;
		if (agr_get(root, "incomplete_details", &details)) {
			agr_text_reset(&out->finish_reason);
			agr_get_text(details, "reason", &out->finish_reason);
			if (agr_get_is(details, "reason", "max_output_tokens"))
				out->end = AGR_END_LENGTH;
			else if (agr_get_is(details, "reason", "content_filter"))
				out->end = AGR_END_FILTER;
		}
	} else {
		out->end = AGR_END_OTHER;
	}
}

static int decode(const agr_codec *codec, agr_answer *out, agr_span root,
	agentrun_error **err)
{
	agr_span output, item;
	agr_iter it;
	int r = 0;

	(void)codec;
	if (agr_span_type(root) != AGR_TYPE_OBJECT)
		return agentrun_error_raise(err, AGENTRUN_ELLM,
			"the provider's answer is no JSON object");
	agr_text_reset(&out->model);
	agr_get_text(root, "model", &out->model);
	read_usage(root, &out->usage);
	if (agr_get_typed(root, "output", AGR_TYPE_ARRAY, &output)) {
		it = agr_iter_of(output);
		while (r == 0 && agr_array_next(&it, &item))
			r = read_item(item, out, err);
		if (out->own.len)
			agr_buf_char(&out->own, ']');
	}
	out->empty = !out->own.len && !out->text.len;
	read_status(root, out);
	return r;
}

/* ---- the stream --------------------------------------------------------------- */

/* The last event holds the whole answer again, but some servers leave its output
 * empty: then the items that were told one by one count. */
static int take_terminal(agr_answer *out, agr_span response, agentrun_error **err)
{
	agr_span output;

	if (agr_get_typed(response, "output", AGR_TYPE_ARRAY, &output) &&
		agr_span_count(output)) {
		agr_answer fresh;
		int r;

		agr_answer_init(&fresh);
		r = decode(&agr_codec_responses, &fresh, response, err);
		fresh.streamed = true;
		agr_answer_clear(out);
		*out = fresh;
		return r;
	}
	agr_get_text(response, "model", &out->model);
	read_usage(response, &out->usage);
	if (out->own.len)
		agr_buf_char(&out->own, ']');
	read_status(response, out);
	return 0;
}

static int event(agr_answer *out, const char *name, agr_span data, agentrun_error **err)
{
	static const char *const terminal[] = { "response.completed", "response.incomplete",
		"response.failed" };
	agr_span value;

	(void)name; /* the type stands in the data too, where some servers have it alone */
	if (agr_get_is(data, "type", "response.output_item.done") &&
		agr_get_typed(data, "item", AGR_TYPE_OBJECT, &value))
		return read_item(value, out, err);
	for (size_t i = 0; i < AGR_COUNT(terminal); i++) {
		if (!agr_get_is(data, "type", terminal[i]) ||
			!agr_get_typed(data, "response", AGR_TYPE_OBJECT, &value))
			continue;
		if (i == 2)
			return agentrun_error_raise(err, AGENTRUN_ELLM,
				"the provider failed while it answered");
		return take_terminal(out, value, err);
	}
	return 0;
}

/* A stream without its last event, from a server that says [DONE] alone. */
static int finish(agr_answer *out, agentrun_error **err)
{
	(void)err;
	if (out->own.len && out->own.data[out->own.len - 1] != ']')
		agr_buf_char(&out->own, ']');
	return 0;
}

const agr_codec agr_codec_responses = {
	.name = "openai",
	.base_url = "https://api.openai.com/v1",
	.model = "gpt-5-mini",
	.encode = encode,
	.decode = decode,
	.event = event,
	.finish = finish,
};
