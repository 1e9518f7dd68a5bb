/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
#include "llm/talk.h"

#include <stdlib.h>
#include <string.h>

#include "llm/brief.h"

#define MOST ((int64_t)1 << 53) /* a count beyond it is none; sums of some cannot overflow */

static void call_clear(agr_call *call)
{
	agr_buf_free(&call->id);
	agr_buf_free(&call->name);
	agr_buf_free(&call->arguments);
	agr_buf_free(&call->extra);
}

static void calls_free(agr_call *calls, size_t n)
{
	for (size_t i = 0; i < n; i++)
		call_clear(&calls[i]);
	free(calls);
}

static void said_clear(agr_message_said *said)
{
	free(said->text);
	calls_free(said->calls, said->n_calls);
	free(said->own);
	free(said->reasoning);
	for (size_t i = 0; i < said->n_results; i++) {
		free(said->results[i].id);
		free(said->results[i].name);
		free(said->results[i].content);
	}
	free(said->results);
}

void agr_talk_clear(agr_talk *talk)
{
	for (size_t i = 0; i < talk->n_said; i++)
		said_clear(&talk->said[i]);
	free(talk->said);
	free(talk->tools);
	free(talk->workflow);
	agr_stable_release(talk->held);
	memset(talk, 0, sizeof(*talk));
}

static agr_message_said *add_said(agr_talk *talk, agr_role role)
{
	agr_message_said *grown = realloc(talk->said, (talk->n_said + 1) * sizeof(*grown));

	if (!grown)
		return NULL;
	talk->said = grown;
	memset(&grown[talk->n_said], 0, sizeof(*grown));
	grown[talk->n_said].role = role;
	return &grown[talk->n_said++];
}

int agr_talk_add_user(agr_talk *talk, const char *text, size_t len, agentrun_error **err)
{
	agr_message_said *said = add_said(talk, AGR_ROLE_USER);

	if (said)
		said->text = agr_strndup(text, len);
	if (!said || !said->text)
		return agr_error_oom(err);
	said->text_len = len;
	return 0;
}

int agr_talk_add_tool(agr_talk *talk, const agr_tool *tool, agentrun_error **err)
{
	agr_tool *grown = realloc(talk->tools, (talk->n_tools + 1) * sizeof(*grown));

	if (!grown)
		return agr_error_oom(err);
	talk->tools = grown;
	grown[talk->n_tools++] = *tool;
	return 0;
}

const agr_tool *agr_talk_tool(const agr_talk *talk, const char *name)
{
	for (size_t i = 0; i < talk->n_tools; i++)
		if (strcmp(talk->tools[i].name, name) == 0)
			return &talk->tools[i];
	return NULL;
}

int agr_talk_add_result(agr_talk *talk, const agr_call *call, const char *content,
	size_t len, bool is_error, agentrun_error **err)
{
	agr_message_said *said = talk->n_said ? &talk->said[talk->n_said - 1] : NULL;
	agr_tool_result *grown, *result;

	if (!said || said->role != AGR_ROLE_TOOL)
		said = add_said(talk, AGR_ROLE_TOOL);
	if (!said)
		return agr_error_oom(err);
	grown = realloc(said->results, (said->n_results + 1) * sizeof(*grown));
	if (!grown)
		return agr_error_oom(err);
	said->results = grown;
	result = &grown[said->n_results++];
	*result = (agr_tool_result){ .id = strdup(call->id.data ? call->id.data : ""),
		.name = strdup(call->name.data ? call->name.data : ""),
		.content = agr_strndup(content, len), .content_len = len, .is_error = is_error,
		.id_made_up = call->id_made_up };
	return result->id && result->name && result->content ? 0 : agr_error_oom(err);
}

int agr_talk_take_answer(agr_talk *talk, agr_answer *answer, const void *codec,
	agentrun_error **err)
{
	agr_message_said *said = add_said(talk, AGR_ROLE_ASSISTANT);

	if (!said)
		return agr_error_oom(err);
	said->text_len = answer->text.len;
	said->text = agr_buf_give_str(&answer->text, err);
	said->calls = answer->calls;
	said->n_calls = answer->n_calls;
	answer->calls = NULL;
	answer->n_calls = 0;
	said->own_by = codec;
	if (answer->own.len) {
		said->own_len = answer->own.len;
		said->own = agr_buf_give_str(&answer->own, err);
	}
	if (answer->reasoning.len)
		said->reasoning = agr_buf_give_str(&answer->reasoning, err);
	return said->text && (said->own || !said->own_len) ? 0 : agr_error_oom(err);
}

int64_t agr_talk_tokens(const agr_talk *talk)
{
	size_t bytes = talk->stable_len + (talk->workflow ? strlen(talk->workflow) : 0);

	for (size_t i = 0; i < talk->n_tools; i++)
		bytes += talk->tools[i].parameters_len + strlen(talk->tools[i].description);
	for (size_t i = 0; i < talk->n_said; i++) {
		const agr_message_said *said = &talk->said[i];

		bytes += said->text_len + said->own_len;
		for (size_t k = 0; k < said->n_calls; k++)
			bytes += said->calls[k].arguments.len;
		for (size_t k = 0; k < said->n_results; k++)
			bytes += said->results[k].content_len;
	}
	return (int64_t)(bytes / 4) + 1;
}

/* ---- reading ---------------------------------------------------------------- */

bool agr_get(agr_span object, const char *key, agr_span *out)
{
	return object.p && agr_span_type(object) == AGR_TYPE_OBJECT &&
		agr_object_get(object, key, strlen(key), out) &&
		agr_span_type(*out) != AGR_TYPE_NULL;
}

void agr_get_all(agr_span object, const char *const *keys, agr_span *out, size_t n)
{
	agr_span key, value;
	agr_iter it;

	for (size_t i = 0; i < n; i++)
		out[i] = (agr_span){ NULL, 0 };
	if (!agr_is_a(object, AGR_TYPE_OBJECT))
		return;
	it = agr_iter_of(object);
	while (agr_object_next(&it, &key, &value))
		for (size_t i = 0; i < n; i++)
			if (agr_string_is(key, keys[i], strlen(keys[i])))
				out[i] = agr_span_type(value) == AGR_TYPE_NULL
					? (agr_span){ NULL, 0 } : value;
}

bool agr_is_a(agr_span value, agr_type type)
{
	return value.p && agr_span_type(value) == type;
}

bool agr_get_typed(agr_span object, const char *key, agr_type type, agr_span *out)
{
	return agr_get(object, key, out) && agr_span_type(*out) == type;
}

void agr_text_add(agr_buf *out, agr_span string)
{
	size_t from = out->len;

	agr_string_decode(out, string);
	for (size_t i = from; i < out->len; i++)
		if (!out->data[i])
			out->data[i] = ' ';
}

/* A stream may cut a pair in two: at `at` its halves meet. */
static void join_pair(agr_buf *out, size_t at)
{
	const unsigned char *p = (const unsigned char *)out->data + at - 3;
	uint32_t high, low;
	char whole[4];

	if (p[0] != 0xed || p[1] < 0xa0 || p[1] > 0xaf || p[3] != 0xed || p[4] < 0xb0)
		return;
	high = (uint32_t)(p[1] & 0x0f) << 6 | (p[2] & 0x3f);
	low = (uint32_t)(p[4] & 0x0f) << 6 | (p[5] & 0x3f);
	agr_utf8_put(whole, 0x10000 + (high << 10) + low);
	memcpy(out->data + at - 3, whole, 4);
	memmove(out->data + at + 1, out->data + at + 3, out->len - at - 3 + 1);
	out->len -= 2;
}

void agr_arguments_add(agr_buf *out, agr_span string)
{
	size_t at = out->len;

	agr_string_decode_raw(out, string);
	if (at >= 3 && out->len >= at + 3 && !out->failed)
		join_pair(out, at);
}

bool agr_get_arguments(agr_span object, const char *key, agr_buf *out)
{
	agr_span value;

	if (!agr_get_typed(object, key, AGR_TYPE_STRING, &value))
		return false;
	agr_arguments_add(out, value);
	return true;
}

void agr_text_reset(agr_buf *text)
{
	if (!text->failed)
		agr_buf_reset(text);
}

bool agr_get_text(agr_span object, const char *key, agr_buf *out)
{
	agr_span value;

	if (!agr_get_typed(object, key, AGR_TYPE_STRING, &value))
		return false;
	agr_text_add(out, value);
	return true;
}

int64_t agr_int_of(agr_span value, int64_t fallback)
{
	int64_t whole;

	if (agr_is_a(value, AGR_TYPE_NUMBER) && agr_number_int64(value, &whole) &&
		whole <= MOST && whole >= -MOST)
		return whole;
	return fallback;
}

int64_t agr_get_int(agr_span object, const char *key, int64_t fallback)
{
	agr_span value;

	return agr_get(object, key, &value) ? agr_int_of(value, fallback) : fallback;
}

bool agr_get_is(agr_span object, const char *key, const char *text)
{
	agr_span value;

	return agr_get_typed(object, key, AGR_TYPE_STRING, &value) &&
		agr_string_is(value, text, strlen(text));
}

bool agr_is_json_object(const char *text, size_t len)
{
	agr_text document = { .p = text, .n = len };
	agr_span value;

	return agr_scan_document(&value, &document, NULL) == 0 &&
		agr_span_type(value) == AGR_TYPE_OBJECT;
}
