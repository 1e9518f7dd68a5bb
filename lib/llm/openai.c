/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
/* OpenAI's Chat Completions, and the many servers that speak it more or less. */
#include <string.h>

#include "llm/brief.h"
#include "llm/codec.h"

#define LEGACY_INDEX 1000000 /* of the one call that has none in its form */

/* ---- the request ----------------------------------------------------------- */

static void add_calls(agr_buf *body, const agr_message_said *said)
{
	agr_buf_str(body, ",\"tool_calls\":[");
	for (size_t i = 0; i < said->n_calls; i++) {
		const agr_call *call = &said->calls[i];

		agr_buf_str(body, i ? ",{\"id\":" : "{\"id\":");
		agr_json_add(body, call->id.data);
		agr_buf_str(body, ",\"type\":\"function\",\"function\":{\"name\":");
		agr_json_add(body, call->name.data);
		agr_buf_str(body, ",\"arguments\":");
		agr_json_add_arguments_text(body, call);
		agr_buf_char(body, '}');
		if (call->extra.len) {
			agr_buf_str(body, ",\"extra_content\":");
			agr_buf_add(body, call->extra.data, call->extra.len);
		}
		agr_buf_char(body, '}');
	}
	agr_buf_char(body, ']');
}

static void add_assistant(agr_buf *body, const agr_message_said *said, bool reasoning)
{
	agr_buf_str(body, ",{\"role\":\"assistant\",\"content\":");
	if (said->text_len || !said->n_calls)
		agr_buf_json_str(body, said->text, said->text_len);
	else
		agr_buf_str(body, "null");
	if (reasoning && said->reasoning) {
		agr_buf_str(body, ",\"reasoning_content\":");
		agr_json_add(body, said->reasoning);
	}
	if (said->n_calls)
		add_calls(body, said);
	agr_buf_char(body, '}');
}

static void add_results(agr_buf *body, const agr_message_said *said)
{
	for (size_t i = 0; i < said->n_results; i++) {
		agr_buf_str(body, ",{\"role\":\"tool\",\"tool_call_id\":");
		agr_json_add(body, said->results[i].id);
		agr_buf_str(body, ",\"content\":");
		agr_buf_json_str(body, said->results[i].content, said->results[i].content_len);
		agr_buf_char(body, '}');
	}
}

static void add_messages(agr_wire *out, const agr_ask *ask)
{
	agr_buf *body = &out->body;

	agr_buf_str(body, ",\"messages\":[{\"role\":\"system\",\"content\":");
	agr_wire_add_system(out, ask->talk);
	agr_buf_char(body, '}');
	for (size_t i = 0; i < ask->talk->n_said; i++) {
		const agr_message_said *said = &ask->talk->said[i];

		if (said->role == AGR_ROLE_ASSISTANT) {
			add_assistant(body, said, ask->return_reasoning);
		} else if (said->role == AGR_ROLE_TOOL) {
			add_results(body, said);
		} else {
			agr_buf_str(body, ",{\"role\":\"user\",\"content\":");
			agr_buf_json_str(body, said->text, said->text_len);
			agr_buf_char(body, '}');
		}
	}
	agr_buf_char(body, ']');
}

static void add_tools(agr_wire *out, const agr_ask *ask, bool vendor)
{
	const agr_talk *talk = ask->talk;
	agr_buf *body = &out->body;

	if (!talk->n_tools)
		return;
	agr_buf_str(body, ",\"tools\":[");
	for (size_t i = 0; i < talk->n_tools; i++) {
		const agr_tool *tool = &talk->tools[i];

		agr_buf_str(body, i ? ",{\"type\":\"function\",\"function\":{"
				    : "{\"type\":\"function\",\"function\":{");
		agr_wire_add_tool(out, tool, "parameters");
		if (vendor && tool->strict)
			agr_buf_str(body, ",\"strict\":true");
		agr_buf_str(body, "}}");
	}
	agr_buf_printf(body, "],\"tool_choice\":\"%s\"", ask->no_tools ? "none" : "auto");
	if (ask->one_call)
		agr_buf_str(body, ",\"parallel_tool_calls\":false");
}

static bool is_azure(const char *url)
{
	return agr_url_has_host(url, ".azure.com") || agr_url_has_host(url, ".azure-api.net");
}

void agr_openai_add_cache_key(agr_buf *body, const agr_talk *talk)
{
	char key[65];

	if (!talk->stable_hash)
		return;
	agr_brief_cache_key(key, talk);
	agr_buf_str(body, ",\"prompt_cache_key\":");
	agr_json_add(body, key);
}

static int encode(const agr_codec *codec, agr_wire *out, const agr_ask *ask,
	agentrun_error **err)
{
	bool azure = is_azure(ask->base_url);
	bool vendor = azure || agr_url_has_host(ask->base_url, "api.openai.com");
	agr_buf *body = &out->body;

	(void)codec;
	agr_wire_url(out, ask->base_url, "/chat/completions");
	if (ask->api_key && azure)
		agr_wire_header(&out->secrets, "api-key", ask->api_key);
	else if (ask->api_key)
		agr_buf_printf(&out->secrets, "Authorization: Bearer %s\n", ask->api_key);
	agr_buf_str(body, "{\"model\":");
	agr_json_add(body, ask->model);
	add_messages(out, ask);
	add_tools(out, ask, vendor);
	if (ask->temperature && !agr_openai_reasons(ask->model))
		agr_buf_printf(body, ",\"temperature\":%s", ask->temperature);
	/* The older name is what compatible servers know, the newer what reasoning models
	 * insist on. */
	agr_buf_printf(body, ",\"%s\":%lld",
		vendor || agr_openai_reasons(ask->model) ? "max_completion_tokens" : "max_tokens",
		(long long)ask->max_tokens);
	if (vendor)
		agr_openai_add_cache_key(body, ask->talk);
	if (ask->stream)
		agr_buf_str(body, ",\"stream\":true,\"stream_options\":{\"include_usage\":true}");
	agr_wire_end(out, ask);
	return agr_buf_check(body, "request", err);
}

/* ---- the answer -------------------------------------------------------------- */

static agr_end end_of(agr_span reason, agr_answer *out)
{
	static const struct {
		const char *name;
		agr_end end;
	} ends[] = {
		{ "stop", AGR_END_STOP }, { "eos", AGR_END_STOP }, { "end_turn", AGR_END_STOP },
		{ "tool_calls", AGR_END_CALLS }, { "tool_call", AGR_END_CALLS },
		{ "function_call", AGR_END_CALLS }, { "length", AGR_END_LENGTH },
		{ "max_tokens", AGR_END_LENGTH }, { "content_filter", AGR_END_FILTER },
		{ "refusal", AGR_END_REFUSAL },
	};
	agr_buf name = AGR_BUF_INIT;
	agr_end end = AGR_END_OTHER;

	if (agr_is_a(reason, AGR_TYPE_STRING))
		agr_text_add(&name, reason);
	if (!name.len) {
		if (name.failed)
			out->finish_reason.failed = name.failed;
		agr_buf_free(&name);
		return out->end;
	}
	for (size_t i = 0; i < AGR_COUNT(ends); i++)
		if (strcmp(ends[i].name, name.data) == 0)
			end = ends[i].end;
	agr_buf_free(&out->finish_reason);
	out->finish_reason = name;
	return end;
}

static void read_usage(agr_span u, agr_usage *usage)
{
	static const char *const names[] = { "prompt_tokens", "completion_tokens", "total_tokens",
		"prompt_tokens_details", "prompt_cache_hit_tokens" };
	agr_span m[5];

	agr_get_all(u, names, m, 5);
	usage->input = agr_int_of(m[0], usage->input);
	usage->output = agr_int_of(m[1], usage->output);
	usage->total = agr_int_of(m[2], usage->total);
	if (m[3].p) {
		usage->cached = agr_get_int(m[3], "cached_tokens", usage->cached);
		usage->cache_write = agr_get_int(m[3], "cache_write_tokens", usage->cache_write);
	}
	usage->cached = agr_int_of(m[4], usage->cached); /* DeepSeek */
}

/* Of a message, or of what a stream adds to one. */
enum { CONTENT, REFUSAL, REASONING_CONTENT, REASONING, CALLS, LEGACY_CALL, OF_MESSAGE };

static void read_message(agr_span message, agr_span members[OF_MESSAGE])
{
	static const char *const names[] = { "content", "refusal", "reasoning_content",
		"reasoning", "tool_calls", "function_call" };

	agr_get_all(message, names, members, OF_MESSAGE);
}

static bool add_string(agr_buf *out, agr_span value)
{
	if (!agr_is_a(value, AGR_TYPE_STRING))
		return false;
	agr_text_add(out, value);
	return true;
}

/* A string, or parts of which some have text. */
static void read_content(agr_span content, agr_answer *out)
{
	agr_span part;
	agr_iter it;

	if (add_string(&out->text, content) || !agr_is_a(content, AGR_TYPE_ARRAY))
		return;
	it = agr_iter_of(content);
	while (agr_array_next(&it, &part))
		if (agr_span_type(part) == AGR_TYPE_STRING)
			agr_text_add(&out->text, part);
		else if (!agr_get_text(part, "text", &out->text))
			agr_get_text(part, "refusal", &out->refusal);
}

static void read_said(const agr_span message[OF_MESSAGE], agr_answer *out)
{
	read_content(message[CONTENT], out);
	add_string(&out->refusal, message[REFUSAL]);
	if (!add_string(&out->reasoning, message[REASONING_CONTENT]))
		add_string(&out->reasoning, message[REASONING]);
}

/* Of a whole call or of a delta: the name once, the arguments bit by bit; what is no
 * string as it stands. */
static void read_function(agr_call *call, agr_span item)
{
	agr_span function, arguments;

	if (!agr_get(item, "function", &function) && !agr_get(item, "custom", &function))
		function = item;
	if (!call->id.len)
		agr_get_text(item, "id", &call->id);
	if (!call->name.len)
		agr_get_text(function, "name", &call->name);
	if (!agr_get(function, "arguments", &arguments) &&
		!agr_get(function, "input", &arguments))
		arguments.p = NULL;
	if (arguments.p && agr_span_type(arguments) == AGR_TYPE_STRING)
		agr_arguments_add(&call->arguments, arguments);
	else if (arguments.p && !call->arguments.len)
		agr_buf_add(&call->arguments, arguments.p, arguments.n);
	if (!call->extra.len && agr_get_typed(item, "extra_content", AGR_TYPE_OBJECT, &arguments))
		agr_buf_add(&call->extra, arguments.p, arguments.n);
}

static int read_calls(const agr_span message[OF_MESSAGE], agr_answer *out,
	agentrun_error **err)
{
	agr_span item;
	agr_iter it;

	if (agr_is_a(message[CALLS], AGR_TYPE_ARRAY)) {
		it = agr_iter_of(message[CALLS]);
		while (agr_array_next(&it, &item)) {
			agr_call *call = agr_answer_add_call(out);

			if (!call)
				return agr_error_oom(err);
			read_function(call, item);
		}
	} else if (agr_is_a(message[LEGACY_CALL], AGR_TYPE_OBJECT) &&
		!agr_get_is(message[LEGACY_CALL], "name", "")) {
		agr_call *call = agr_answer_add_call(out);

		if (!call)
			return agr_error_oom(err);
		read_function(call, message[LEGACY_CALL]);
	}
	return 0;
}

static int decode(const agr_codec *codec, agr_answer *out, agr_span root,
	agentrun_error **err)
{
	static const char *const in_root[] = { "model", "usage", "choices" };
	static const char *const in_choice[] = { "finish_reason", "message" };
	agr_span r[3], c[2], m[OF_MESSAGE], choice;
	agr_iter it;

	(void)codec;
	if (agr_span_type(root) != AGR_TYPE_OBJECT)
		return agentrun_error_raise(err, AGENTRUN_ELLM,
			"the provider's answer is no JSON object");
	agr_get_all(root, in_root, r, 3);
	add_string(&out->model, r[0]);
	read_usage(r[1], &out->usage);
	out->empty = true;
	if (!agr_is_a(r[2], AGR_TYPE_ARRAY))
		return 0;
	it = agr_iter_of(r[2]);
	if (!agr_array_next(&it, &choice))
		return 0;
	out->empty = false;
	agr_get_all(choice, in_choice, c, 2);
	out->end = end_of(c[0], out);
	read_message(c[1], m);
	read_said(m, out);
	return read_calls(m, out, err);
}

/* ---- the stream --------------------------------------------------------------- */

static int read_call_delta(agr_span delta, agr_answer *out, agentrun_error **err)
{
	int64_t index = agr_get_int(delta, "index", -1);
	agr_span id = { NULL, 0 }, function, name;
	agr_call *call;

	if (!agr_get_typed(delta, "id", AGR_TYPE_STRING, &id) || id.n == 2)
		id.p = NULL;
	call = agr_answer_find_call(out, index, id);
	/* Without index and id, a name where there are arguments already begins another. */
	if (call && index < 0 && !id.p && call->arguments.len &&
		agr_get(delta, "function", &function) &&
		agr_get_typed(function, "name", AGR_TYPE_STRING, &name) && name.n > 2 &&
		!(call->name.len && agr_string_is(name, call->name.data, call->name.len) &&
			!agr_is_json_object(call->arguments.data, call->arguments.len)))
		call = NULL;
	if (!call) {
		call = agr_answer_add_call(out);
		if (!call)
			return agr_error_oom(err);
		call->index = index;
	}
	read_function(call, delta);
	return 0;
}

/* What tool calls were before there could be several. */
static int read_legacy_delta(agr_span function, agr_answer *out, agentrun_error **err)
{
	agr_call *call;

	if (!agr_is_a(function, AGR_TYPE_OBJECT))
		return 0;
	call = agr_answer_find_call(out, LEGACY_INDEX, (agr_span){ NULL, 0 });
	if (!call) {
		call = agr_answer_add_call(out);
		if (!call)
			return agr_error_oom(err);
		call->index = LEGACY_INDEX;
	}
	read_function(call, function);
	return 0;
}

static int event(agr_answer *out, const char *name, agr_span data, agentrun_error **err)
{
	static const char *const in_choice[] = { "index", "finish_reason", "delta", "message" };
	agr_span choices, choice, item, c[4], m[OF_MESSAGE], usage;
	agr_iter it;
	int r = 0;

	(void)name;
	if (!out->model.len)
		agr_get_text(data, "model", &out->model);
	if (agr_get(data, "usage", &usage))
		read_usage(usage, &out->usage);
	if (!agr_get_typed(data, "choices", AGR_TYPE_ARRAY, &choices))
		return 0;
	it = agr_iter_of(choices);
	if (!agr_array_next(&it, &choice))
		return 0;
	agr_get_all(choice, in_choice, c, 4);
	if (agr_int_of(c[0], 0) != 0)
		return 0;
	out->end = end_of(c[1], out);
	read_message(agr_is_a(c[2], AGR_TYPE_OBJECT) ? c[2] : c[3], m);
	read_said(m, out);
	if (!agr_is_a(m[CALLS], AGR_TYPE_ARRAY))
		return read_legacy_delta(m[LEGACY_CALL], out, err);
	it = agr_iter_of(m[CALLS]);
	while (r == 0 && agr_array_next(&it, &item))
		r = read_call_delta(item, out, err);
	return r;
}

const agr_codec agr_codec_openai = {
	.name = "openai",
	.base_url = "https://api.openai.com/v1",
	.model = "gpt-5-mini",
	.encode = encode,
	.decode = decode,
	.event = event,
};
