/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
/* Gemini's generateContent. */
#include <string.h>

#include "llm/codec.h"

/* ---- the request ----------------------------------------------------------- */

static void add_call_part(agr_buf *body, const agr_call *call)
{
	agr_buf_str(body, "{\"functionCall\":{\"name\":");
	agr_json_add(body, call->name.data);
	if (!call->id_made_up) {
		agr_buf_str(body, ",\"id\":");
		agr_json_add(body, call->id.data);
	}
	agr_buf_str(body, ",\"args\":");
	agr_json_add_arguments(body, call);
	agr_buf_str(body, "}}");
}

static void add_model(agr_buf *body, const agr_message_said *said)
{
	bool first = true;

	agr_buf_str(body, "{\"role\":\"model\",\"parts\":");
	if (said->own && said->own_by == &agr_codec_gemini) {
		agr_buf_add(body, said->own, said->own_len);
		agr_buf_char(body, '}');
		return;
	}
	agr_buf_char(body, '[');
	if (said->text_len) {
		agr_buf_str(body, "{\"text\":");
		agr_buf_json_str(body, said->text, said->text_len);
		agr_buf_char(body, '}');
		first = false;
	}
	for (size_t i = 0; i < said->n_calls; i++, first = false) {
		if (!first)
			agr_buf_char(body, ',');
		add_call_part(body, &said->calls[i]);
	}
	agr_buf_str(body, "]}");
}

/* A response must be an object. */
static void add_response(agr_buf *body, const agr_tool_result *result)
{
	agr_buf_str(body, "{\"functionResponse\":{\"name\":");
	agr_json_add(body, result->name);
	if (!result->id_made_up) {
		agr_buf_str(body, ",\"id\":");
		agr_json_add(body, result->id);
	}
	agr_buf_str(body, ",\"response\":");
	if (agr_is_json_object(result->content, result->content_len)) {
		agr_buf_add(body, result->content, result->content_len);
	} else {
		agr_buf_str(body, result->is_error ? "{\"error\":" : "{\"result\":");
		agr_buf_json_str(body, result->content, result->content_len);
		agr_buf_char(body, '}');
	}
	agr_buf_str(body, "}}");
}

static void add_contents(agr_buf *body, const agr_talk *talk)
{
	agr_buf_str(body, "\"contents\":[");
	for (size_t i = 0; i < talk->n_said; i++) {
		const agr_message_said *said = &talk->said[i];

		if (i)
			agr_buf_char(body, ',');
		if (said->role == AGR_ROLE_ASSISTANT) {
			add_model(body, said);
			continue;
		}
		agr_buf_str(body, "{\"role\":\"user\",\"parts\":[");
		if (said->role == AGR_ROLE_USER) {
			agr_buf_str(body, "{\"text\":");
			agr_buf_json_str(body, said->text, said->text_len);
			agr_buf_char(body, '}');
		}
		for (size_t k = 0; k < said->n_results; k++) {
			if (k)
				agr_buf_char(body, ',');
			add_response(body, &said->results[k]);
		}
		agr_buf_str(body, "]}");
	}
	agr_buf_char(body, ']');
}

static void add_tools(agr_wire *out, const agr_ask *ask)
{
	const agr_talk *talk = ask->talk;
	agr_buf *body = &out->body;

	if (!talk->n_tools)
		return;
	agr_buf_str(body, ",\"tools\":[{\"functionDeclarations\":[");
	for (size_t i = 0; i < talk->n_tools; i++) {
		agr_buf_str(body, i ? ",{" : "{");
		agr_wire_add_tool(out, &talk->tools[i], "parametersJsonSchema");
		agr_buf_char(body, '}');
	}
	agr_buf_printf(body, "]}],\"toolConfig\":{\"functionCallingConfig\":{\"mode\":\"%s\"}}",
		ask->no_tools ? "NONE" : "AUTO");
}

static int add_url(agr_wire *out, const agr_ask *ask, agentrun_error **err)
{
	size_t n = strcspn(ask->base_url, "?");
	agr_buf path = AGR_BUF_INIT;
	int r;

	while (n && ask->base_url[n - 1] == '/')
		n--;
	if (!agr_ends_with(ask->base_url, n, "/v1beta") && !agr_ends_with(ask->base_url, n, "/v1"))
		agr_buf_str(&path, "/v1beta");
	agr_buf_printf(&path, "/models/%s:%s",
		agr_starts_with(ask->model, "models/") ? ask->model + 7 : ask->model,
		ask->stream ? "streamGenerateContent?alt=sse" : "generateContent");
	r = agr_buf_check(&path, "url", err);
	if (r == 0)
		agr_wire_url(out, ask->base_url, path.data);
	agr_buf_free(&path);
	return r;
}

static int encode(const agr_codec *codec, agr_wire *out, const agr_ask *ask,
	agentrun_error **err)
{
	agr_buf *body = &out->body;
	int r = add_url(out, ask, err);

	(void)codec;
	if (r < 0)
		return r;
	if (ask->api_key)
		agr_wire_header(&out->secrets, "x-goog-api-key", ask->api_key);
	agr_buf_str(body, "{\"systemInstruction\":{\"parts\":[{\"text\":");
	agr_wire_add_system(out, ask->talk);
	agr_buf_str(body, "}]},");
	add_contents(body, ask->talk);
	add_tools(out, ask);
	agr_buf_printf(body, ",\"generationConfig\":{\"maxOutputTokens\":%lld",
		(long long)ask->max_tokens);
	if (ask->temperature)
		agr_buf_printf(body, ",\"temperature\":%s", ask->temperature);
	agr_buf_char(body, '}');
	agr_wire_end(out, ask);
	return agr_buf_check(body, "request", err);
}

/* ---- the answer -------------------------------------------------------------- */

static void read_end(agr_span candidate, agr_answer *out)
{
	static const struct {
		const char *name;
		agr_end end;
	} ends[] = {
		{ "STOP", AGR_END_STOP }, { "MAX_TOKENS", AGR_END_LENGTH },
		{ "SAFETY", AGR_END_FILTER }, { "RECITATION", AGR_END_FILTER },
		{ "BLOCKLIST", AGR_END_FILTER }, { "PROHIBITED_CONTENT", AGR_END_FILTER },
		{ "SPII", AGR_END_FILTER }, { "LANGUAGE", AGR_END_FILTER },
		{ "IMAGE_SAFETY", AGR_END_FILTER }, { "MODEL_ARMOR", AGR_END_FILTER },
		{ "MALFORMED_FUNCTION_CALL", AGR_END_BROKEN },
		{ "UNEXPECTED_TOOL_CALL", AGR_END_BROKEN },
		{ "TOO_MANY_TOOL_CALLS", AGR_END_BROKEN },
	};
	agr_buf name = AGR_BUF_INIT;

	if (!agr_get_text(candidate, "finishReason", &name) || !name.len ||
		strcmp(name.data, "FINISH_REASON_UNSPECIFIED") == 0) {
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

/* The total alone holds everything: output is what was said and what was thought. */
static void read_usage(agr_span root, agr_usage *usage)
{
	int64_t said, thought;
	agr_span u;

	if (!agr_get_typed(root, "usageMetadata", AGR_TYPE_OBJECT, &u))
		return;
	usage->input = agr_get_int(u, "promptTokenCount", usage->input);
	if (agr_get_int(u, "toolUsePromptTokenCount", 0) > 0 && usage->input >= 0)
		usage->input += agr_get_int(u, "toolUsePromptTokenCount", 0);
	said = agr_get_int(u, "candidatesTokenCount", -1);
	thought = agr_get_int(u, "thoughtsTokenCount", -1);
	if (said >= 0 || thought >= 0)
		usage->output = (said > 0 ? said : 0) + (thought > 0 ? thought : 0);
	usage->cached = agr_get_int(u, "cachedContentTokenCount", usage->cached);
	usage->total = agr_get_int(u, "totalTokenCount", usage->total);
}

static int read_part(agr_span part, agr_answer *out, agentrun_error **err)
{
	agr_span function, args, thought;
	agr_call *call;

	if (out->own.len)
		agr_buf_char(&out->own, ',');
	else
		agr_buf_char(&out->own, '[');
	agr_buf_add(&out->own, part.p, part.n);
	if (agr_get_typed(part, "functionCall", AGR_TYPE_OBJECT, &function)) {
		call = agr_answer_add_call(out);
		if (!call)
			return agr_error_oom(err);
		agr_get_text(function, "id", &call->id);
		agr_get_text(function, "name", &call->name);
		if (agr_get_typed(function, "args", AGR_TYPE_OBJECT, &args))
			agr_buf_add(&call->arguments, args.p, args.n);
	} else if (agr_get_typed(part, "thought", AGR_TYPE_TRUE, &thought)) {
		agr_get_text(part, "text", &out->reasoning);
	} else {
		agr_get_text(part, "text", &out->text);
	}
	return 0;
}

static int read_candidate(agr_span candidate, agr_answer *out, agentrun_error **err)
{
	agr_span content, parts, part;
	agr_iter it;
	int r = 0;

	out->empty = false;
	read_end(candidate, out);
	if (!agr_get(candidate, "content", &content) ||
		!agr_get_typed(content, "parts", AGR_TYPE_ARRAY, &parts))
		return 0;
	it = agr_iter_of(parts);
	while (r == 0 && agr_array_next(&it, &part))
		r = read_part(part, out, err);
	return r;
}

/* One answer, or one piece of a stream: the same form. */
static int read_piece(agr_answer *out, agr_span root, agentrun_error **err)
{
	agr_span list, first;
	agr_iter it;

	if (!out->model.len)
		agr_get_text(root, "modelVersion", &out->model);
	read_usage(root, &out->usage);
	if (agr_get(root, "promptFeedback", &first))
		agr_get_text(first, "blockReason", &out->blocked);
	if (!agr_get_typed(root, "candidates", AGR_TYPE_ARRAY, &list))
		return 0;
	it = agr_iter_of(list);
	return agr_array_next(&it, &first) ? read_candidate(first, out, err) : 0;
}

static int finish(agr_answer *out, agentrun_error **err)
{
	(void)err;
	if (out->own.len)
		agr_buf_char(&out->own, ']');
	if (out->blocked.len && out->end == AGR_END_NONE)
		out->end = AGR_END_FILTER;
	return 0;
}

static int decode(const agr_codec *codec, agr_answer *out, agr_span root,
	agentrun_error **err)
{
	agr_iter it;
	int r = 0;

	(void)codec;
	out->empty = true;
	if (agr_span_type(root) == AGR_TYPE_ARRAY) { /* a stream asked for without alt=sse */
		agr_span piece;

		it = agr_iter_of(root);
		while (r == 0 && agr_array_next(&it, &piece))
			r = read_piece(out, piece, err);
	} else if (agr_span_type(root) == AGR_TYPE_OBJECT) {
		r = read_piece(out, root, err);
	} else {
		return agentrun_error_raise(err, AGENTRUN_ELLM,
			"the provider's answer is no JSON object");
	}
	return r < 0 ? r : finish(out, err);
}

static int event(agr_answer *out, const char *name, agr_span data, agentrun_error **err)
{
	(void)name;
	return read_piece(out, data, err);
}

const agr_codec agr_codec_gemini = {
	.name = "gemini",
	.base_url = "https://generativelanguage.googleapis.com",
	.model = "gemini-2.5-flash",
	.encode = encode,
	.decode = decode,
	.event = event,
	.finish = finish,
};
