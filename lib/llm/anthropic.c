/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
/* Anthropic's Messages. */
#include <stdlib.h>
#include <string.h>

#include "llm/codec.h"

#define VERSION "2023-06-01"
#define KEPT ",\"cache_control\":{\"type\":\"ephemeral\"}"

/* ---- the request ----------------------------------------------------------- */

/* The end of what is the same in every turn of a job is marked: tools and system
 * prompt lie before it. */
static void add_system(agr_wire *out, const agr_talk *talk)
{
	agr_buf *body = &out->body;

	agr_buf_str(body, ",\"system\":[{\"type\":\"text\",\"text\":");
	agr_wire_add_stable(out, talk);
	agr_buf_str(body, KEPT "}");
	if (talk->workflow) {
		agr_buf_str(body, ",{\"type\":\"text\",\"text\":");
		agr_json_add(body, talk->workflow);
		agr_buf_str(body, KEPT "}");
	}
	agr_buf_char(body, ']');
}

static void add_assistant(agr_buf *body, const agr_message_said *said)
{
	bool first = true;

	agr_buf_str(body, "{\"role\":\"assistant\",\"content\":");
	if (said->own && said->own_by == &agr_codec_anthropic) {
		agr_buf_add(body, said->own, said->own_len);
		agr_buf_char(body, '}');
		return;
	}
	agr_buf_char(body, '[');
	if (said->text_len) {
		agr_buf_str(body, "{\"type\":\"text\",\"text\":");
		agr_buf_json_str(body, said->text, said->text_len);
		agr_buf_char(body, '}');
		first = false;
	}
	for (size_t i = 0; i < said->n_calls; i++, first = false) {
		agr_buf_str(body, first ? "{\"type\":\"tool_use\",\"id\":"
					: ",{\"type\":\"tool_use\",\"id\":");
		agr_json_add(body, said->calls[i].id.data);
		agr_buf_str(body, ",\"name\":");
		agr_json_add(body, said->calls[i].name.data);
		agr_buf_str(body, ",\"input\":");
		agr_json_add_arguments(body, &said->calls[i]);
		agr_buf_char(body, '}');
	}
	agr_buf_str(body, "]}");
}

static void add_results(agr_buf *body, const agr_message_said *said)
{
	agr_buf_str(body, "{\"role\":\"user\",\"content\":[");
	for (size_t i = 0; i < said->n_results; i++) {
		agr_buf_str(body, i ? ",{\"type\":\"tool_result\",\"tool_use_id\":"
				    : "{\"type\":\"tool_result\",\"tool_use_id\":");
		agr_json_add(body, said->results[i].id);
		agr_buf_str(body, ",\"content\":");
		agr_buf_json_str(body, said->results[i].content, said->results[i].content_len);
		agr_buf_str(body, said->results[i].is_error ? ",\"is_error\":true}" : "}");
	}
	agr_buf_str(body, "]}");
}

static void add_messages(agr_buf *body, const agr_talk *talk)
{
	agr_buf_str(body, ",\"messages\":[");
	for (size_t i = 0; i < talk->n_said; i++) {
		const agr_message_said *said = &talk->said[i];

		if (i)
			agr_buf_char(body, ',');
		if (said->role == AGR_ROLE_ASSISTANT) {
			add_assistant(body, said);
		} else if (said->role == AGR_ROLE_TOOL) {
			add_results(body, said);
		} else {
			agr_buf_str(body, "{\"role\":\"user\",\"content\":");
			agr_buf_json_str(body, said->text, said->text_len);
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
		agr_buf_str(body, i ? ",{" : "{");
		agr_wire_add_tool(out, &talk->tools[i], "input_schema");
		agr_buf_char(body, '}');
	}
	agr_buf_printf(body, "],\"tool_choice\":{\"type\":\"%s\"%s}",
		ask->no_tools ? "none" : "auto",
		ask->one_call && !ask->no_tools ? ",\"disable_parallel_tool_use\":true" : "");
}

static int encode(const agr_codec *codec, agr_wire *out, const agr_ask *ask,
	agentrun_error **err)
{
	size_t n = strcspn(ask->base_url, "?");
	agr_buf *body = &out->body;

	(void)codec;
	while (n && ask->base_url[n - 1] == '/')
		n--;
	agr_wire_url(out, ask->base_url,
		agr_ends_with(ask->base_url, n, "/v1") ? "/messages" : "/v1/messages");
	agr_wire_header(&out->headers, "anthropic-version", VERSION);
	if (ask->api_key)
		agr_wire_header(&out->secrets, "x-api-key", ask->api_key);
	agr_buf_str(body, "{\"model\":");
	agr_json_add(body, ask->model);
	agr_buf_printf(body, ",\"max_tokens\":%lld", (long long)ask->max_tokens);
	add_tools(out, ask);
	add_system(out, ask->talk);
	add_messages(body, ask->talk);
	if (ask->temperature)
		agr_buf_printf(body, ",\"temperature\":%s", ask->temperature);
	if (ask->stream)
		agr_buf_str(body, ",\"stream\":true");
	agr_wire_end(out, ask);
	return agr_buf_check(body, "request", err);
}

/* ---- the answer -------------------------------------------------------------- */

static void read_end(agr_span object, agr_answer *out)
{
	static const struct {
		const char *name;
		agr_end end;
	} ends[] = {
		{ "end_turn", AGR_END_STOP }, { "stop_sequence", AGR_END_STOP },
		{ "tool_use", AGR_END_CALLS }, { "max_tokens", AGR_END_LENGTH },
		{ "model_context_window_exceeded", AGR_END_LENGTH },
		{ "refusal", AGR_END_REFUSAL }, { "pause_turn", AGR_END_OTHER },
	};
	agr_buf name = AGR_BUF_INIT;

	if (!agr_get_text(object, "stop_reason", &name) || !name.len) {
		if (name.failed)
			out->finish_reason.failed = name.failed;
		agr_buf_free(&name);
		return;
	}
	out->end = AGR_END_OTHER;
	for (size_t i = 0; i < AGR_COUNT(ends); i++)
		if (strcmp(ends[i].name, name.data) == 0)
			out->end = ends[i].end;
	agr_buf_free(&out->finish_reason);
	out->finish_reason = name;
}

/* What was cached is not in input_tokens here: it is added. A stream's last usage is
 * cumulative and may leave out what the first one said. */
static void read_usage(agr_span object, agr_answer *out)
{
	agr_usage *usage = &out->usage;
	int64_t fresh, cached, written;
	agr_span u;

	if (!agr_get_typed(object, "usage", AGR_TYPE_OBJECT, &u))
		return;
	cached = usage->cached > 0 ? usage->cached : 0;
	written = usage->cache_write > 0 ? usage->cache_write : 0;
	fresh = usage->input < 0 ? -1 : usage->input - cached - written;
	fresh = agr_get_int(u, "input_tokens", fresh);
	usage->cached = agr_get_int(u, "cache_read_input_tokens", usage->cached);
	usage->cache_write = agr_get_int(u, "cache_creation_input_tokens", usage->cache_write);
	usage->output = agr_get_int(u, "output_tokens", usage->output);
	if (fresh >= 0)
		usage->input = fresh + (usage->cached > 0 ? usage->cached : 0) +
			(usage->cache_write > 0 ? usage->cache_write : 0);
}

static int read_block(agr_span block, agr_answer *out, agentrun_error **err)
{
	agr_span input;
	agr_call *call;

	if (agr_get_is(block, "type", "text")) {
		agr_get_text(block, "text", &out->text);
	} else if (agr_get_is(block, "type", "thinking")) {
		agr_get_text(block, "thinking", &out->reasoning);
	} else if (agr_get_is(block, "type", "tool_use")) {
		call = agr_answer_add_call(out);
		if (!call)
			return agr_error_oom(err);
		agr_get_text(block, "id", &call->id);
		agr_get_text(block, "name", &call->name);
		if (agr_get(block, "input", &input)) {
			if (agr_span_type(input) == AGR_TYPE_STRING)
				agr_arguments_add(&call->arguments, input);
			else
				agr_buf_add(&call->arguments, input.p, input.n);
		}
	}
	return 0;
}

static int decode(const agr_codec *codec, agr_answer *out, agr_span root,
	agentrun_error **err)
{
	agr_span content, block;
	agr_iter it;
	int r = 0;

	(void)codec;
	if (agr_span_type(root) != AGR_TYPE_OBJECT)
		return agentrun_error_raise(err, AGENTRUN_ELLM,
			"the provider's answer is no JSON object");
	agr_get_text(root, "model", &out->model);
	read_usage(root, out);
	read_end(root, out);
	out->empty = !agr_get_typed(root, "content", AGR_TYPE_ARRAY, &content);
	if (out->empty) {
		out->empty = !agr_get_text(root, "content", &out->text);
		return 0;
	}
	agr_buf_add(&out->own, content.p, content.n);
	it = agr_iter_of(content);
	while (r == 0 && agr_array_next(&it, &block))
		r = read_block(block, out, err);
	return r;
}

/* ---- the stream --------------------------------------------------------------- */

/* Blocks come whole but for what grows: a block's begin is kept in `scratch`, what
 * grows in the answer, and at its stop both become a block of `own`. */
static void begin_own(agr_answer *out)
{
	agr_buf_char(&out->own, out->own.len ? ',' : '[');
}

static int begin_block(agr_answer *out, agr_span data, agentrun_error **err)
{
	agr_span block, input;
	agr_call *call;

	agr_text_reset(&out->scratch);
	if (!agr_get_typed(data, "content_block", AGR_TYPE_OBJECT, &block))
		return 0;
	if (agr_get_is(block, "type", "tool_use")) {
		call = agr_answer_add_call(out);
		if (!call)
			return agr_error_oom(err);
		call->index = agr_get_int(data, "index", -1);
		agr_get_text(block, "id", &call->id);
		agr_get_text(block, "name", &call->name);
		if (agr_get_typed(block, "input", AGR_TYPE_OBJECT, &input) &&
			agr_span_count(input))
			agr_buf_add(&call->arguments, input.p, input.n);
		return 0;
	}
	/* Of other blocks: what it began as, then what was added, member by member. */
	agr_buf_add(&out->scratch, block.p, block.n);
	agr_get_text(block, "text", &out->text);
	return 0;
}

static agr_call *call_of(agr_answer *out, agr_span data)
{
	agr_span none = { NULL, 0 };

	return agr_answer_find_call(out, agr_get_int(data, "index", -1), none);
}

/* A delta is noted in `scratch` behind the block, one a line: MEMBER, a space, the text
 * as JSON, which holds no line end. */
static void note_delta(agr_answer *out, const char *member, agr_span value)
{
	if (!out->scratch.len) /* of no block that was begun */
		return;
	agr_buf_char(&out->scratch, '\n');
	agr_buf_str(&out->scratch, member);
	agr_buf_char(&out->scratch, ' ');
	agr_buf_add(&out->scratch, value.p, value.n);
}

static void take_delta(agr_answer *out, agr_span data)
{
	static const char *const members[] = { "text", "thinking", "signature" };
	agr_span delta, value;
	agr_call *call;

	if (!agr_get_typed(data, "delta", AGR_TYPE_OBJECT, &delta))
		return;
	if (agr_get_typed(delta, "partial_json", AGR_TYPE_STRING, &value)) {
		call = call_of(out, data);
		if (call)
			agr_arguments_add(&call->arguments, value);
		return;
	}
	for (size_t i = 0; i < AGR_COUNT(members); i++) {
		if (!agr_get_typed(delta, members[i], AGR_TYPE_STRING, &value))
			continue;
		note_delta(out, members[i], value);
		if (i < 2)
			agr_text_add(i ? &out->reasoning : &out->text, value);
	}
}

/* Append the text of all deltas of a member. */
static void join_deltas(agr_buf *out, const char *notes, const char *member)
{
	size_t len = strlen(member);

	while (notes && *notes) {
		const char *line = notes + 1, *end = strchr(line, '\n');

		if (strncmp(line, member, len) == 0 && line[len] == ' ') {
			const char *value = line + len + 1;

			agr_string_decode(out, (agr_span){ value,
				end ? (size_t)(end - value) : strlen(value) });
		}
		notes = end;
	}
}

/* The block as it began, with the members that grew. */
static void end_block(agr_answer *out)
{
	static const char *const members[] = { "text", "thinking", "signature" };
	agr_span block = { out->scratch.data, 0 }, key, value;
	const char *notes;
	agr_iter it;

	block.n = (size_t)(agr_skip_value(block.p) - block.p);
	notes = block.p + block.n;
	begin_own(out);
	agr_buf_char(&out->own, '{');
	it = agr_iter_of(block);
	for (bool first = true; agr_object_next(&it, &key, &value); first = false) {
		agr_buf grown = AGR_BUF_INIT;
		size_t i = 0;

		while (i < AGR_COUNT(members) && !agr_string_is(key, members[i],
			strlen(members[i])))
			i++;
		if (!first)
			agr_buf_char(&out->own, ',');
		agr_buf_add(&out->own, key.p, key.n);
		agr_buf_char(&out->own, ':');
		if (i < AGR_COUNT(members) && agr_span_type(value) == AGR_TYPE_STRING) {
			agr_string_decode(&grown, value);
			join_deltas(&grown, notes, members[i]);
			agr_buf_json_str(&out->own, grown.data ? grown.data : "", grown.len);
			if (grown.failed)
				out->own.failed = grown.failed;
		} else {
			agr_buf_add(&out->own, value.p, value.n);
		}
		agr_buf_free(&grown);
	}
	agr_buf_char(&out->own, '}');
	agr_text_reset(&out->scratch);
}

static void end_call(agr_answer *out, agr_call *call)
{
	begin_own(out);
	agr_buf_str(&out->own, "{\"type\":\"tool_use\",\"id\":");
	agr_buf_json_str(&out->own, call->id.data ? call->id.data : "", call->id.len);
	agr_buf_str(&out->own, ",\"name\":");
	agr_buf_json_str(&out->own, call->name.data ? call->name.data : "", call->name.len);
	agr_buf_str(&out->own, ",\"input\":");
	if (call->arguments.len)
		agr_json_add_arguments(&out->own, call);
	else
		agr_buf_str(&out->own, "{}");
	agr_buf_char(&out->own, '}');
}

static void stop_block(agr_answer *out, agr_span data)
{
	int64_t index = agr_get_int(data, "index", -1);

	if (out->scratch.failed)
		out->own.failed = out->scratch.failed;
	if (out->scratch.len && !out->scratch.failed) {
		end_block(out);
		return;
	}
	for (size_t i = 0; i < out->n_calls; i++)
		if (out->calls[i].index == index && index >= 0)
			end_call(out, &out->calls[i]);
}

static int event(agr_answer *out, const char *name, agr_span data, agentrun_error **err)
{
	agr_span value;

	(void)name;
	if (agr_get_is(data, "type", "message_start")) {
		if (agr_get_typed(data, "message", AGR_TYPE_OBJECT, &value)) {
			agr_get_text(value, "model", &out->model);
			read_usage(value, out);
		}
	} else if (agr_get_is(data, "type", "content_block_start")) {
		return begin_block(out, data, err);
	} else if (agr_get_is(data, "type", "content_block_delta")) {
		take_delta(out, data);
	} else if (agr_get_is(data, "type", "content_block_stop")) {
		stop_block(out, data);
	} else if (agr_get_is(data, "type", "message_delta")) {
		if (agr_get_typed(data, "delta", AGR_TYPE_OBJECT, &value))
			read_end(value, out);
		read_usage(data, out);
	} else if (agr_get_is(data, "type", "message_stop")) {
		out->done = true;
	}
	return 0;
}

static int finish(agr_answer *out, agentrun_error **err)
{
	(void)err;
	if (out->own.len)
		agr_buf_char(&out->own, ']');
	return 0;
}

const agr_codec agr_codec_anthropic = {
	.name = "anthropic",
	.base_url = "https://api.anthropic.com",
	.model = "claude-sonnet-4-5",
	.encode = encode,
	.decode = decode,
	.event = event,
	.finish = finish,
};
