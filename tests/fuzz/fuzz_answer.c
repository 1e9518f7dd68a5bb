/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
/*
 * What a provider sends. The first byte says to whom it goes: 0 to 3 the codecs, 4 the
 * reader of errors, 5 server-sent events. What is taken can be sent back as valid JSON,
 * and a stream is the same however it is cut.
 */
#include <stdlib.h>
#include <string.h>

#include "llm/codec.h"
#include "llm/failure.h"
#include "net/retry_after.h"
#include "llm/sse.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(int good)
{
	if (!good)
		abort();
}

static void send_back(const agr_codec *codec, agr_answer *answer)
{
	agr_talk talk = { .stable = "s" };
	agr_wire wire = AGR_WIRE_INIT;
	agr_ask ask = { .talk = &talk, .base_url = "http://h", .model = "m", .max_tokens = 1,
		.return_reasoning = true };
	agr_text text = { .max_depth = 2000 };
	agr_span value;

	must(agr_talk_add_user(&talk, "u", 1, NULL) == 0);
	must(agr_talk_take_answer(&talk, answer, codec, NULL) == 0);
	for (size_t i = 0; i < talk.said[1].n_calls; i++)
		must(agr_talk_add_result(&talk, &talk.said[1].calls[i], "1", 1, false, NULL) == 0);
	must(codec->encode(codec, &wire, &ask, NULL) == 0);
	text.p = wire.body.data;
	text.n = wire.body.len;
	must(agr_scan_document(&value, &text, NULL) == 0);
	agr_wire_clear(&wire);
	agr_talk_clear(&talk);
}

/* Arguments are printed as they came, whatever that was. */
static void print_raw(const agr_answer *answer)
{
	for (size_t i = 0; i < answer->n_calls; i++) {
		const agr_buf *arguments = &answer->calls[i].arguments;
		agr_buf json = AGR_BUF_INIT, back = AGR_BUF_INIT;
		agr_text text = { .n = 0 };
		agr_span value;

		agr_buf_json_raw(&json, arguments->data, arguments->len);
		text.p = json.data;
		text.n = json.len;
		must(agr_scan_document(&value, &text, NULL) == 0);
		agr_arguments_add(&back, value);
		must(back.len == arguments->len && (!back.len ||
			memcmp(back.data, arguments->data, back.len) == 0));
		agr_buf_free(&json);
		agr_buf_free(&back);
	}
}

/* A stream says the same however it is cut. */
static void read_in_parts(const agr_codec *codec, const agr_answer *whole, int expected,
	const char *body, size_t len)
{
	agr_buf error = AGR_BUF_INIT;
	agr_stream *stream;
	agr_answer answer;
	size_t step = len % 13 + 1;
	int r = 0;

	agr_answer_init(&answer);
	must(agr_stream_new(&stream, codec, &answer, NULL) == 0);
	for (size_t at = 0; r == 0 && at < len; at += step)
		r = agr_stream_feed(stream, body + at, len - at < step ? len - at : step, &error,
			NULL);
	if (r == 0)
		r = agr_stream_end(stream, &error, NULL);
	must(r == expected);
	if (r == 0)
		must(answer.n_calls == whole->n_calls && answer.text.len == whole->text.len &&
			answer.end == whole->end && answer.usage.total == whole->usage.total);
	agr_stream_free(stream);
	agr_answer_clear(&answer);
	agr_buf_free(&error);
}

static void read_answer(const agr_codec *codec, const char *body, size_t len)
{
	agr_answer answer;
	agr_buf error = AGR_BUF_INIT;
	agentrun_error *err = NULL;
	int r;

	agr_answer_init(&answer);
	r = agr_codec_read(codec, &answer, "text/event-stream", body, len, &error, &err);
	read_in_parts(codec, &answer, r, body, len);
	agr_answer_clear(&answer);
	agr_buf_reset(&error);
	agentrun_error_free(err);
	err = NULL;
	if (agr_codec_read(codec, &answer, NULL, body, len, &error, &err) == 0) {
		must(agr_answer_finish(&answer, "call", 1, NULL) == 0);
		for (size_t i = 0; i < answer.n_calls; i++)
			must(answer.calls[i].id.len && strlen(answer.calls[i].name.data) ==
				answer.calls[i].name.len);
		print_raw(&answer);
		must(agr_usage_tokens(&answer.usage) >= 0);
		(void)agr_answer_check(&answer, 1, NULL);
		send_back(codec, &answer);
	} else {
		must(err != NULL);
	}
	agentrun_error_free(err);
	agr_buf_free(&error);
	agr_answer_clear(&answer);
}

static void read_error(const char *body, size_t len)
{
	agentrun_http_event *event;
	agr_failure failure;
	agentrun_error *err = NULL;
	char *text = strndup(body, len);

	must(agentrun_http_event_new(&event, 1, NULL) == 0);
	must(agentrun_http_event_add_header(event, body, len) == 0);
	must(agr_failure_of_answer(&failure, 429, event, text, strlen(text), "secret", &err) ==
		AGENTRUN_ELLM);
	must(strstr(agentrun_error_message(err), "secret") == NULL);
	(void)agr_duration_ms(text);
	(void)agr_http_date_ms(text);
	agentrun_error_free(err);
	agentrun_http_event_free(event);
	free(text);
}

static int note(void *user, const char *event, const char *data, size_t len,
	agentrun_error **err)
{
	(void)err;
	agr_buf_str(user, event);
	agr_buf_char(user, '|');
	agr_buf_add(user, data, len);
	agr_buf_char(user, '\n');
	return 0;
}

static void read_events(agr_buf *out, const char *body, size_t len, size_t cut)
{
	agr_sse sse = AGR_SSE_INIT;

	must(agr_sse_feed(&sse, body, cut, note, out, NULL) == 0);
	must(agr_sse_feed(&sse, body + cut, len - cut, note, out, NULL) == 0);
	must(agr_sse_end(&sse, note, out, NULL) == 0);
	agr_sse_clear(&sse);
}

static void compare_events(const char *body, size_t len)
{
	agr_buf whole = AGR_BUF_INIT, cut = AGR_BUF_INIT;

	read_events(&whole, body, len, 0);
	read_events(&cut, body, len, len / 3);
	must(whole.len == cut.len && (!whole.len || memcmp(whole.data, cut.data, whole.len) == 0));
	agr_buf_free(&whole);
	agr_buf_free(&cut);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const agr_codec *const codecs[] = { &agr_codec_openai, &agr_codec_responses,
		&agr_codec_anthropic, &agr_codec_gemini };
	const char *body = (const char *)data + 1;
	unsigned to;

	if (!size)
		return 0;
	to = (unsigned)(*data - '0') % 6;
	if (to < 4)
		read_answer(codecs[to], body, size - 1);
	else if (to == 4)
		read_error(body, size - 1);
	else
		compare_events(body, size - 1);
	return 0;
}
