/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
/* What providers send, byte for byte: answers and streams, and how servers that are
 * nearly compatible deviate. */
#include <stdio.h>

#include "unit.h"

#include "llm/codec.h"

static agr_answer answer;
static agr_buf fault;
static agentrun_error *err;

static void setup(void)
{
	agr_answer_init(&answer);
	fault = (agr_buf)AGR_BUF_INIT;
	err = NULL;
}

static void teardown(void)
{
	agr_answer_clear(&answer);
	agr_buf_free(&fault);
	agentrun_error_free(err);
}

/* Read a body that must be an answer. */
static void read_ok(const agr_codec *codec, const char *body)
{
	ck_assert_msg(agr_codec_read(codec, &answer, NULL, body, strlen(body), &fault, &err) == 0,
		"%s", agentrun_error_message(err));
	ck_assert_int_eq(agr_answer_finish(&answer, "call_job", 1, &err), 0);
	ck_assert_msg(agr_answer_check(&answer, 4000, &err) == 0, "%s",
		agentrun_error_message(err));
}

/* One that is none; `says` is in the message. */
static void read_bad(const agr_codec *codec, const char *body, const char *says,
	int retryable)
{
	int r = agr_codec_read(codec, &answer, NULL, body, strlen(body), &fault, &err);

	if (r == 0)
		r = agr_answer_finish(&answer, "call_job", 1, &err);
	if (r == 0)
		r = agr_answer_check(&answer, 4000, &err);
	ck_assert_int_eq(r, AGENTRUN_ELLM);
	ck_assert_msg(strstr(agentrun_error_message(err), says) != NULL, "%s",
		agentrun_error_message(err));
	ck_assert_int_eq(agentrun_error_is_retryable(err), retryable);
	teardown();
	setup();
}

/* Arguments that no C string holds. */
static void expect_bytes(size_t i, const char *bytes, size_t len)
{
	ck_assert_uint_lt(i, answer.n_calls);
	ck_assert_uint_eq(answer.calls[i].arguments.len, len);
	ck_assert(memcmp(answer.calls[i].arguments.data, bytes, len) == 0);
}

static void expect_call(size_t i, const char *id, const char *name, const char *arguments)
{
	ck_assert_uint_lt(i, answer.n_calls);
	ck_assert_str_eq(answer.calls[i].id.data, id);
	ck_assert_str_eq(answer.calls[i].name.data, name);
	ck_assert_str_eq(answer.calls[i].arguments.data, arguments);
}

#define CHAT(message, reason) "{\"id\":\"c\",\"object\":\"chat.completion\",\"model\":\"m\"," \
	"\"choices\":[{\"index\":0,\"finish_reason\":" reason ",\"message\":" message "}]}"
#define CALL(id, arguments) "{\"role\":\"assistant\",\"content\":null,\"tool_calls\":[{\"id\":" \
	id ",\"type\":\"function\",\"function\":{\"name\":\"count_rows\",\"arguments\":" arguments \
	"}}]}"

/* ---- chat completions ----------------------------------------------------------- */

START_TEST(a_chat_answer_has_its_calls_text_model_and_usage)
{
	read_ok(&agr_codec_openai, "{\"model\":\"gpt-x-2026\",\"choices\":[{\"index\":0,"
		"\"finish_reason\":\"tool_calls\",\"message\":{\"role\":\"assistant\",\"content\":"
		"\"Let me see.\",\"refusal\":null,\"annotations\":[],\"tool_calls\":[{\"id\":\"call_1\","
		"\"type\":\"function\",\"function\":{\"name\":\"a\",\"arguments\":\"{\\\"x\\\": 1}\"}},"
		"{\"id\":\"call_2\",\"type\":\"function\",\"function\":{\"name\":\"b\",\"arguments\":"
		"\"\"}}]}}],\"usage\":{\"prompt_tokens\":100,\"completion_tokens\":20,\"total_tokens\":"
		"120,\"prompt_tokens_details\":{\"cached_tokens\":64}}}");
	expect_call(0, "call_1", "a", "{\"x\": 1}");
	expect_call(1, "call_2", "b", "{}");
	ck_assert_str_eq(answer.text.data, "Let me see.");
	ck_assert_str_eq(answer.model.data, "gpt-x-2026");
	ck_assert_str_eq(answer.finish_reason.data, "tool_calls");
	ck_assert_int_eq(answer.usage.input, 100);
	ck_assert_int_eq(answer.usage.cached, 64);
	ck_assert_int_eq(agr_usage_tokens(&answer.usage), 120);
}
END_TEST

START_TEST(a_tool_call_is_one_whatever_the_finish_reason)
{
	static const char *const bodies[] = {
		CHAT(CALL("\"x\"", "\"{}\""), "\"stop\""), CHAT(CALL("\"x\"", "\"{}\""), "null"),
		CHAT(CALL("\"x\"", "\"{}\""), "\"tool_call\""),
		CHAT(CALL("\"x\"", "\"{}\""), "\"whatever\""),
	};

	for (size_t i = 0; i < AGR_COUNT(bodies); i++) {
		read_ok(&agr_codec_openai, bodies[i]);
		expect_call(0, "x", "count_rows", "{}");
		teardown();
		setup();
	}
}
END_TEST

START_TEST(arguments_may_be_an_object_and_keep_their_bytes)
{
	read_ok(&agr_codec_openai, CHAT(CALL("\"x\"", "{\"n\":123456789012345678901, \"d\":1.50}"),
		"\"tool_calls\""));
	expect_call(0, "x", "count_rows", "{\"n\":123456789012345678901, \"d\":1.50}");
}
END_TEST

START_TEST(arguments_of_another_type_are_shown_as_they_came)
{
	read_ok(&agr_codec_openai, CHAT(CALL("\"x\"", "[1, 2]"), "\"tool_calls\""));
	expect_call(0, "x", "count_rows", "[1, 2]");
	teardown();
	setup();
	read_ok(&agr_codec_openai, CHAT(CALL("\"x\"", "null"), "\"tool_calls\""));
	expect_call(0, "x", "count_rows", "{}");
}
END_TEST

START_TEST(a_call_without_an_id_gets_one_that_is_the_same_each_time)
{
	/* Gemini's compatible endpoint: an empty id, no content, a signature, odd totals. */
	read_ok(&agr_codec_openai, "{\"choices\":[{\"finish_reason\":\"tool_calls\",\"index\":0,"
		"\"message\":{\"role\":\"assistant\",\"tool_calls\":[{\"extra_content\":{\"google\":"
		"{\"thought_signature\":\"AbC=\"}},\"function\":{\"arguments\":\"{}\",\"name\":"
		"\"get_current_time\"},\"id\":\"\",\"type\":\"function\"}]}}],\"model\":\"g\",\"usage\":"
		"{\"completion_tokens\":12,\"prompt_tokens\":35,\"total_tokens\":109}}");
	expect_call(0, "call_job_1", "get_current_time", "{}");
	ck_assert(answer.calls[0].id_made_up);
	ck_assert_str_eq(answer.calls[0].extra.data, "{\"google\":{\"thought_signature\":\"AbC=\"}}");
	ck_assert_int_eq(agr_usage_tokens(&answer.usage), 109);
}
END_TEST

START_TEST(content_may_be_missing_null_empty_or_a_list_of_parts)
{
	static const char *const messages[] = {
		CHAT("{\"role\":\"assistant\",\"content\":\"hi\"}", "\"stop\""),
		CHAT("{\"role\":\"assistant\",\"content\":[{\"type\":\"text\",\"text\":\"h\"},"
			"{\"type\":\"image\"},{\"type\":\"text\",\"text\":\"i\"}]}", "\"stop\""),
		CHAT("{\"role\":\"assistant\",\"content\":[\"hi\"]}", "\"stop\""),
	};

	for (size_t i = 0; i < AGR_COUNT(messages); i++) {
		read_ok(&agr_codec_openai, messages[i]);
		ck_assert_str_eq(answer.text.data, "hi");
		teardown();
		setup();
	}
	read_bad(&agr_codec_openai, CHAT("{\"role\":\"assistant\"}", "\"stop\""), "nothing", 1);
	read_bad(&agr_codec_openai, CHAT("{\"content\":null}", "\"stop\""), "nothing", 1);
	read_bad(&agr_codec_openai, CHAT("{\"content\":\"\"}", "\"stop\""), "nothing", 1);
	read_bad(&agr_codec_openai, CHAT("{\"content\":[]}", "\"stop\""), "nothing", 1);
}
END_TEST

START_TEST(usage_that_is_missing_is_unknown_and_what_does_not_add_up_is_not_billed_low)
{
	read_ok(&agr_codec_openai, CHAT("{\"content\":\"hi\"}", "\"stop\""));
	ck_assert_int_eq(answer.usage.input, -1);
	ck_assert_int_eq(answer.usage.cached, -1);
	ck_assert_int_eq(agr_usage_tokens(&answer.usage), 0);
	teardown();
	setup();
	read_ok(&agr_codec_openai, "{\"choices\":[{\"message\":{\"content\":\"hi\"}}],\"usage\":"
		"{\"prompt_tokens\":50,\"completion_tokens\":7,\"total_tokens\":0}}");
	ck_assert_int_eq(agr_usage_tokens(&answer.usage), 57);
	teardown();
	setup();
	read_ok(&agr_codec_openai, "{\"choices\":[{\"message\":{\"content\":\"hi\"}}],\"usage\":"
		"{\"prompt_tokens\":9223372036854775807,\"completion_tokens\":9223372036854775807,"
		"\"total_tokens\":12}}");
	ck_assert_int_eq(agr_usage_tokens(&answer.usage), 12);
}
END_TEST

START_TEST(thoughts_are_kept_apart)
{
	read_ok(&agr_codec_openai, CHAT("{\"content\":\"hi\",\"reasoning_content\":"
		"\"call count_rows {}\"}", "\"stop\""));
	ck_assert_uint_eq(answer.n_calls, 0);
	ck_assert_str_eq(answer.text.data, "hi");
	ck_assert_str_eq(answer.reasoning.data, "call count_rows {}");
	teardown();
	setup();
	read_ok(&agr_codec_openai, CHAT("{\"content\":\"hi\",\"reasoning\":\"hm\"}", "\"stop\""));
	ck_assert_str_eq(answer.reasoning.data, "hm");
}
END_TEST

START_TEST(what_is_no_use_says_why)
{
	read_bad(&agr_codec_openai, CHAT("{\"content\":\"hal\"}", "\"length\""),
		"llm.max_tokens, now 4000", 0);
	read_bad(&agr_codec_openai, CHAT(CALL("\"x\"", "\"{\\\"a\\\": [1,\""), "\"length\""),
		"cut off", 0);
	read_bad(&agr_codec_openai, CHAT("{\"content\":\"\"}", "\"content_filter\""),
		"content filter", 0);
	read_bad(&agr_codec_openai, CHAT("{\"content\":null,\"refusal\":\"I will not.\"}",
		"\"stop\""), "refused the request (refusal): I will not.", 0);
	read_bad(&agr_codec_openai, "{\"choices\":[]}", "without choices", 1);
	read_bad(&agr_codec_openai, "{}", "without choices", 1);
	read_bad(&agr_codec_openai, "{\"choices\":[{\"mess", "cut off", 1);
	read_bad(&agr_codec_openai, "<html>oh</html>", "no JSON", 1);
	read_bad(&agr_codec_openai, "", "empty", 1);
	read_bad(&agr_codec_openai, "[]", "no JSON object", 0);
}
END_TEST

START_TEST(an_error_in_an_answer_of_200_is_an_error)
{
	static const char body[] = "{\"error\":{\"message\":\"Overloaded\",\"code\":502}}";

	ck_assert_int_eq(agr_codec_read(&agr_codec_openai, &answer, NULL, body, strlen(body),
		&fault, &err), AGENTRUN_ELLM);
	ck_assert_str_eq(fault.data, "{\"message\":\"Overloaded\",\"code\":502}");
}
END_TEST

/* ---- its streams ------------------------------------------------------------------ */

#define CHUNK(delta) "data: {\"object\":\"chat.completion.chunk\",\"model\":\"m\",\"choices\":" \
	"[{\"index\":0,\"delta\":" delta ",\"finish_reason\":null}]}\n\n"
#define LAST(reason) "data: {\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"" \
	reason "\"}]}\n\n"
#define DONE "data: [DONE]\n\n"

START_TEST(a_stream_adds_up_to_an_answer)
{
	read_ok(&agr_codec_openai, CHUNK("{\"role\":\"assistant\",\"content\":\"\"}")
		CHUNK("{\"content\":\"Hel\"}") CHUNK("{\"content\":\"lo\"}")
		CHUNK("{\"tool_calls\":[{\"index\":0,\"id\":\"a\",\"type\":\"function\",\"function\":"
			"{\"name\":\"one\",\"arguments\":\"\"}}]}")
		CHUNK("{\"tool_calls\":[{\"index\":0,\"function\":{\"arguments\":\"{\\\"x\\\"\"}}]}")
		CHUNK("{\"tool_calls\":[{\"index\":1,\"id\":\"b\",\"function\":{\"name\":\"two\","
			"\"arguments\":\"{}\"}}]}")
		CHUNK("{\"tool_calls\":[{\"index\":0,\"function\":{\"arguments\":\":1}\"}}]}")
		LAST("tool_calls")
		"data: {\"choices\":[],\"usage\":{\"prompt_tokens\":9,\"completion_tokens\":3,"
		"\"total_tokens\":12},\"obfuscation\":\"xyz\"}\n\n" DONE);
	expect_call(0, "a", "one", "{\"x\":1}");
	expect_call(1, "b", "two", "{}");
	ck_assert_str_eq(answer.text.data, "Hello");
	ck_assert_int_eq(agr_usage_tokens(&answer.usage), 12);
}
END_TEST

START_TEST(a_name_repeated_in_every_chunk_is_one_name)
{
	read_ok(&agr_codec_openai, /* vLLM */
		CHUNK("{\"tool_calls\":[{\"index\":0,\"id\":\"a\",\"function\":{\"name\":\"get_weather\","
			"\"arguments\":\"\"}}]}")
		CHUNK("{\"tool_calls\":[{\"index\":0,\"function\":{\"name\":\"get_weather\","
			"\"arguments\":\"{\\\"a\\\":\"}}]}")
		CHUNK("{\"tool_calls\":[{\"index\":0,\"function\":{\"name\":\"get_weather\","
			"\"arguments\":\"1}\"}}]}") LAST("stop"));
	ck_assert_uint_eq(answer.n_calls, 1);
	expect_call(0, "a", "get_weather", "{\"a\":1}");
}
END_TEST

START_TEST(calls_without_an_index_are_told_apart_by_id_or_name)
{
	read_ok(&agr_codec_openai, /* Ollama: whole calls, ids, no index */
		CHUNK("{\"tool_calls\":[{\"id\":\"a\",\"function\":{\"name\":\"one\",\"arguments\":"
			"\"{}\"}},{\"id\":\"b\",\"function\":{\"name\":\"one\",\"arguments\":"
			"\"{\\\"x\\\":\"}}]}")
		CHUNK("{\"tool_calls\":[{\"function\":{\"arguments\":\"2}\"}}]}") LAST("tool_calls")
		DONE);
	ck_assert_uint_eq(answer.n_calls, 2);
	expect_call(1, "b", "one", "{\"x\":2}");
	teardown();
	setup();
	read_ok(&agr_codec_openai,
		CHUNK("{\"tool_calls\":[{\"function\":{\"name\":\"one\",\"arguments\":\"{}\"}}]}")
		CHUNK("{\"tool_calls\":[{\"function\":{\"name\":\"two\",\"arguments\":\"{}\"}}]}")
		LAST("stop"));
	ck_assert_uint_eq(answer.n_calls, 2);
	expect_call(0, "call_job_1", "one", "{}");
	expect_call(1, "call_job_2", "two", "{}");
}
END_TEST

START_TEST(done_may_be_missing_but_not_both_it_and_the_reason)
{
	read_ok(&agr_codec_openai, CHUNK("{\"content\":\"hi\"}") LAST("stop"));
	teardown();
	setup();
	read_ok(&agr_codec_openai, CHUNK("{\"content\":\"hi\"}") DONE);
	teardown();
	setup();
	read_ok(&agr_codec_openai, CHUNK("{\"content\":\"hi\"}") "data: [DONE]");
	teardown();
	setup();
	read_bad(&agr_codec_openai, CHUNK("{\"content\":\"hi\"}"), "broke off", 1);
	read_bad(&agr_codec_openai, CHUNK("{\"content\":\"hi\"}") "data: {\"choi", "broke off", 1);
	read_bad(&agr_codec_openai, "data:\n\n", "without an event", 1);
}
END_TEST

START_TEST(an_error_in_the_middle_of_a_stream_is_an_error)
{
	static const char body[] = CHUNK("{\"content\":\"hi\"}")
		"data: {\"error\":{\"message\":\"boom\",\"type\":\"server_error\"}}\n\n";

	ck_assert_int_eq(agr_codec_read(&agr_codec_openai, &answer, "text/event-stream", body,
		strlen(body), &fault, &err), AGENTRUN_ELLM);
	ck_assert_ptr_nonnull(strstr(fault.data, "boom"));
}
END_TEST

START_TEST(streams_may_end_lines_as_they_like)
{
	read_ok(&agr_codec_openai, ": a comment\r\ndata: {\"choices\":[{\"delta\":{\"content\":\r\n"
		"data: \"hi\"},\"finish_reason\":\"stop\"}]}\r\n\r\n\r\nid: 5\r\nretry: 10\r\n\r\n"
		"data:[DONE]\r\r");
	ck_assert_str_eq(answer.text.data, "hi");
}
END_TEST

/* ---- responses --------------------------------------------------------------------- */

#define OUTPUT "[{\"type\":\"reasoning\",\"id\":\"rs_1\",\"encrypted_content\":\"zzz\",\"summary\":" \
	"[]},{\"type\":\"message\",\"id\":\"msg_1\",\"role\":\"assistant\",\"content\":[{\"type\":" \
	"\"output_text\",\"text\":\"Look.\",\"annotations\":[]}]},{\"type\":\"function_call\"," \
	"\"id\":\"fc_1\",\"call_id\":\"call_9\",\"name\":\"a\",\"arguments\":\"{\\\"q\\\":1}\"}]"
#define RESPONSE "{\"object\":\"response\",\"status\":\"completed\",\"error\":null,\"model\":" \
	"\"m\",\"output\":" OUTPUT ",\"usage\":{\"input_tokens\":11,\"input_tokens_details\":" \
	"{\"cached_tokens\":4},\"output_tokens\":5,\"total_tokens\":16}}"

START_TEST(a_response_is_quoted_by_its_call_id)
{
	read_ok(&agr_codec_responses, RESPONSE);
	expect_call(0, "call_9", "a", "{\"q\":1}");
	ck_assert_str_eq(answer.text.data, "Look.");
	ck_assert_int_eq(answer.usage.cached, 4);
	ck_assert_int_eq(agr_usage_tokens(&answer.usage), 16);
	ck_assert_str_eq(answer.own.data, OUTPUT);
}
END_TEST

START_TEST(thoughts_that_cannot_be_sent_back_are_not)
{
	read_ok(&agr_codec_responses, "{\"status\":\"completed\",\"output\":[{\"type\":\"reasoning\","
		"\"id\":\"rs\",\"summary\":[]},{\"type\":\"message\",\"content\":[{\"type\":"
		"\"output_text\",\"text\":\"x\"}]}]}");
	ck_assert_ptr_null(strstr(answer.own.data, "reasoning"));
}
END_TEST

START_TEST(a_response_that_is_incomplete_says_why)
{
	read_bad(&agr_codec_responses, "{\"status\":\"incomplete\",\"incomplete_details\":{\"reason\":"
		"\"max_output_tokens\"},\"output\":[{\"type\":\"message\",\"content\":[]}]}",
		"max_output_tokens", 0);
	read_bad(&agr_codec_responses, "{\"status\":\"incomplete\",\"incomplete_details\":{\"reason\":"
		"\"content_filter\"},\"output\":[]}", "content filter", 0);
	read_bad(&agr_codec_responses, "{\"status\":\"completed\",\"output\":[]}", "choices", 1);
}
END_TEST

START_TEST(a_stream_of_events_ends_with_the_response)
{
	read_ok(&agr_codec_responses, "event: response.created\ndata: {\"type\":"
		"\"response.created\",\"sequence_number\":0,\"response\":{\"status\":\"in_progress\","
		"\"output\":[]}}\n\nevent: response.output_text.delta\ndata: {\"type\":"
		"\"response.output_text.delta\",\"delta\":\"Lo\"}\n\nevent: response.completed\n"
		"data: {\"type\":\"response.completed\",\"response\":" RESPONSE "}\n\n");
	expect_call(0, "call_9", "a", "{\"q\":1}");
	teardown();
	setup();
	read_ok(&agr_codec_responses, "data: {\"type\":\"response.output_item.done\",\"item\":"
		"{\"type\":\"function_call\",\"id\":\"fc_1\",\"call_id\":\"call_9\",\"name\":\"a\","
		"\"arguments\":\"{\\\"q\\\":1}\"}}\n\ndata: {\"type\":\"response.completed\","
		"\"response\":{\"status\":\"completed\",\"output\":[]}}\n\n");
	expect_call(0, "call_9", "a", "{\"q\":1}");
	ck_assert(answer.own.data[answer.own.len - 1] == ']');
	teardown();
	setup();
	read_bad(&agr_codec_responses, "data: {\"type\":\"response.created\"}\n\n", "broke off", 1);
	read_bad(&agr_codec_responses, "data: {\"type\":\"response.failed\",\"response\":{\"error\":"
		"{\"code\":\"server_error\",\"message\":\"boom\"}}}\n\n", "error", 0);
}
END_TEST

/* ---- messages ------------------------------------------------------------------------ */

START_TEST(cached_tokens_are_added_to_what_anthropic_calls_input)
{
	read_ok(&agr_codec_anthropic, "{\"type\":\"message\",\"model\":\"c\",\"content\":[{\"type\":"
		"\"thinking\",\"thinking\":\"hm\",\"signature\":\"sig\"},{\"type\":\"text\",\"text\":"
		"\"Go.\"},{\"type\":\"tool_use\",\"id\":\"toolu_1\",\"name\":\"a\",\"input\":"
		"{\"n\":1.10}}],\"stop_reason\":\"tool_use\",\"usage\":{\"input_tokens\":10,"
		"\"cache_creation_input_tokens\":200,\"cache_read_input_tokens\":3000,"
		"\"output_tokens\":7}}");
	expect_call(0, "toolu_1", "a", "{\"n\":1.10}");
	ck_assert_str_eq(answer.text.data, "Go.");
	ck_assert_int_eq(answer.usage.input, 3210);
	ck_assert_int_eq(answer.usage.cached, 3000);
	ck_assert_int_eq(agr_usage_tokens(&answer.usage), 3217);
	ck_assert_ptr_nonnull(strstr(answer.own.data, "\"signature\":\"sig\""));
}
END_TEST

START_TEST(anthropic_says_why_an_answer_is_no_use)
{
	read_bad(&agr_codec_anthropic, "{\"content\":[{\"type\":\"text\",\"text\":\"x\"}],"
		"\"stop_reason\":\"max_tokens\"}", "max_tokens", 0);
	read_bad(&agr_codec_anthropic, "{\"content\":[],\"stop_reason\":\"refusal\"}", "refus", 0);
	read_bad(&agr_codec_anthropic, "{\"content\":[{\"type\":\"text\",\"text\":\"x\"}],"
		"\"stop_reason\":\"model_context_window_exceeded\"}", "context_window", 0);
	read_bad(&agr_codec_anthropic, "{\"content\":[],\"stop_reason\":\"end_turn\"}", "nothing", 1);
}
END_TEST

#define A_START "event: message_start\ndata: {\"type\":\"message_start\",\"message\":{\"model\":" \
	"\"c\",\"content\":[],\"usage\":{\"input_tokens\":10,\"cache_read_input_tokens\":90," \
	"\"output_tokens\":1}}}\n\n"
#define A_BLOCK(i, block) "data: {\"type\":\"content_block_start\",\"index\":" i \
	",\"content_block\":" block "}\n\n"
#define A_DELTA(i, delta) "data: {\"type\":\"content_block_delta\",\"index\":" i ",\"delta\":" \
	delta "}\n\n"
#define A_STOP(i) "data: {\"type\":\"content_block_stop\",\"index\":" i "}\n\n"
#define A_END "data: {\"type\":\"message_delta\",\"delta\":{\"stop_reason\":\"tool_use\"}," \
	"\"usage\":{\"output_tokens\":15}}\n\ndata: {\"type\":\"message_stop\"}\n\n"

START_TEST(a_stream_of_blocks_can_be_sent_back)
{
	read_ok(&agr_codec_anthropic, A_START "event: ping\ndata: {\"type\":\"ping\"}\n\n"
		A_BLOCK("0", "{\"type\":\"thinking\",\"thinking\":\"\",\"signature\":\"\"}")
		A_DELTA("0", "{\"type\":\"thinking_delta\",\"thinking\":\"A \\\"q\\\"\\n\"}")
		A_DELTA("0", "{\"type\":\"thinking_delta\",\"thinking\":\"B\"}")
		A_DELTA("0", "{\"type\":\"signature_delta\",\"signature\":\"Es=\"}") A_STOP("0")
		A_BLOCK("1", "{\"type\":\"text\",\"text\":\"\"}")
		A_DELTA("1", "{\"type\":\"text_delta\",\"text\":\"Hel\"}")
		A_DELTA("1", "{\"type\":\"text_delta\",\"text\":\"lo\"}") A_STOP("1")
		A_BLOCK("2", "{\"type\":\"tool_use\",\"id\":\"t1\",\"name\":\"a\",\"input\":{}}")
		A_DELTA("2", "{\"type\":\"input_json_delta\",\"partial_json\":\"\"}")
		A_DELTA("2", "{\"type\":\"input_json_delta\",\"partial_json\":\"{\\\"x\\\":\"}")
		A_DELTA("2", "{\"type\":\"input_json_delta\",\"partial_json\":\" 1}\"}") A_STOP("2")
		A_BLOCK("3", "{\"type\":\"tool_use\",\"id\":\"t2\",\"name\":\"b\",\"input\":{}}")
		A_STOP("3") A_END);
	expect_call(0, "t1", "a", "{\"x\": 1}");
	expect_call(1, "t2", "b", "{}"); /* no partial_json at all */
	ck_assert_str_eq(answer.text.data, "Hello");
	ck_assert_str_eq(answer.own.data, "[{\"type\":\"thinking\",\"thinking\":\"A \\\"q\\\"\\nB\","
		"\"signature\":\"Es=\"},{\"type\":\"text\",\"text\":\"Hello\"},{\"type\":\"tool_use\","
		"\"id\":\"t1\",\"name\":\"a\",\"input\":{\"x\": 1}},{\"type\":\"tool_use\",\"id\":\"t2\","
		"\"name\":\"b\",\"input\":{}}]");
	ck_assert_int_eq(answer.usage.input, 100);
	ck_assert_int_eq(answer.usage.output, 15);
}
END_TEST

START_TEST(an_error_event_ends_anthropics_stream)
{
	static const char body[] = A_START "event: error\ndata: {\"type\":\"error\",\"error\":"
		"{\"type\":\"overloaded_error\",\"message\":\"Overloaded\"}}\n\n";

	ck_assert_int_eq(agr_codec_read(&agr_codec_anthropic, &answer, NULL, body, strlen(body),
		&fault, &err), AGENTRUN_ELLM);
	ck_assert_ptr_nonnull(strstr(fault.data, "overloaded_error"));
	teardown();
	setup();
	read_bad(&agr_codec_anthropic, A_START, "broke off", 1);
}
END_TEST

/* ---- gemini --------------------------------------------------------------------------- */

START_TEST(geminis_calls_end_with_stop_and_need_no_id)
{
	read_ok(&agr_codec_gemini, "{\"candidates\":[{\"content\":{\"parts\":[{\"text\":\"think\","
		"\"thought\":true},{\"functionCall\":{\"name\":\"a\",\"args\":{\"n\":1}},"
		"\"thoughtSignature\":\"sig=\"}],\"role\":\"model\"},\"finishReason\":\"STOP\","
		"\"index\":0}],\"usageMetadata\":{\"promptTokenCount\":100,\"candidatesTokenCount\":5,"
		"\"totalTokenCount\":145,\"thoughtsTokenCount\":40,\"cachedContentTokenCount\":30},"
		"\"modelVersion\":\"g-2\"}");
	expect_call(0, "call_job_1", "a", "{\"n\":1}");
	ck_assert_str_eq(answer.text.data, "");
	ck_assert_int_eq(answer.usage.output, 45);
	ck_assert_int_eq(answer.usage.cached, 30);
	ck_assert_int_eq(agr_usage_tokens(&answer.usage), 145);
	ck_assert_ptr_nonnull(strstr(answer.own.data, "\"thoughtSignature\":\"sig=\""));
}
END_TEST

START_TEST(gemini_says_why_an_answer_is_no_use)
{
	read_bad(&agr_codec_gemini, "{\"promptFeedback\":{\"blockReason\":\"SAFETY\"}}", "SAFETY", 0);
	read_bad(&agr_codec_gemini, "{\"candidates\":[{\"finishReason\":\"SAFETY\"}]}", "SAFETY", 0);
	read_bad(&agr_codec_gemini, "{\"candidates\":[{\"finishReason\":\"MALFORMED_FUNCTION_CALL\","
		"\"content\":{}}]}", "MALFORMED", 1);
	read_bad(&agr_codec_gemini, "{\"candidates\":[{\"finishReason\":\"MAX_TOKENS\",\"content\":"
		"{\"parts\":[{\"text\":\"x\"}]}}]}", "MAX_TOKENS", 0);
	read_bad(&agr_codec_gemini, "{\"candidates\":[]}", "without choices", 1);
	read_bad(&agr_codec_gemini, "[{\"error\":{\"code\":429,\"message\":\"q\",\"status\":"
		"\"RESOURCE_EXHAUSTED\"}}]", "error", 0);
}
END_TEST

START_TEST(geminis_stream_ends_with_its_bytes)
{
	read_ok(&agr_codec_gemini, "data: {\"candidates\":[{\"content\":{\"parts\":[{\"text\":"
		"\"Hel\"}]}}]}\r\n\r\ndata: {\"candidates\":[{\"content\":{\"parts\":[{\"text\":\"lo\"}]},"
		"\"finishReason\":\"STOP\"}],\"usageMetadata\":{\"totalTokenCount\":9}}\r\n\r\n");
	ck_assert_str_eq(answer.text.data, "Hello");
	ck_assert_int_eq(agr_usage_tokens(&answer.usage), 9);
	teardown();
	setup();
	read_bad(&agr_codec_gemini, "data: {\"candidates\":[{\"content\":{\"parts\":[{\"text\":"
		"\"Hel\"}]}}]}\r\n\r\n", "broke off", 1);
}
END_TEST

START_TEST(arguments_are_kept_byte_for_byte)
{
	static const char bytes[] = "{\"a\": \"\0\xed\xa0\x80\xf0\x9f\x98\x80\"}";
	agr_buf json = AGR_BUF_INIT;

	read_ok(&agr_codec_openai, "{\"choices\":[{\"message\":{\"tool_calls\":[{\"id\":\"1\","
		"\"function\":{\"name\":\"a\",\"arguments\":\"{\\\"a\\\": \\\"\\u0000\\ud800"
		"\\ud83d\\ude00\\\"}\"}}]}}]}");
	expect_bytes(0, bytes, sizeof(bytes) - 1);
	agr_buf_json_raw(&json, answer.calls[0].arguments.data, answer.calls[0].arguments.len);
	ck_assert_str_eq(json.data, "\"{\\\"a\\\": \\\"\\u0000\\ud800\xf0\x9f\x98\x80\\\"}\"");
	agr_buf_free(&json);
	teardown();
	setup();
	/* A pair that a stream cut in two. */
	read_ok(&agr_codec_openai, "data: {\"choices\":[{\"delta\":{\"tool_calls\":[{\"index\":0,"
		"\"id\":\"1\",\"function\":{\"name\":\"a\",\"arguments\":\"{\\\"x\\\":\\\"\\ud83d\"}}]"
		"}}]}\n\ndata: {\"choices\":[{\"delta\":{\"tool_calls\":[{\"index\":0,\"function\":{"
		"\"arguments\":\"\\ude00\\\"}\"}}]},\"finish_reason\":\"tool_calls\"}]}\n\n");
	expect_call(0, "1", "a", "{\"x\":\"\xf0\x9f\x98\x80\"}");
}
END_TEST

START_TEST(a_stream_may_call_in_the_form_of_old)
{
	read_ok(&agr_codec_openai, "data: {\"choices\":[{\"delta\":{\"role\":\"assistant\","
		"\"function_call\":{\"name\":\"a\",\"arguments\":\"\"}}}]}\n\n"
		"data: {\"choices\":[{\"delta\":{\"function_call\":{\"arguments\":\"{\\\"x\\\"\"}}}]}\n\n"
		"data: {\"choices\":[{\"delta\":{\"function_call\":{\"arguments\":\":1}\"}}}]}\n\n"
		"data: {\"choices\":[{\"delta\":{},\"finish_reason\":\"function_call\"}]}\n\n"
		"data: [DONE]\n\n");
	ck_assert_uint_eq(answer.n_calls, 1);
	expect_call(0, "call_job_1", "a", "{\"x\":1}");
	ck_assert_int_eq(answer.end, AGR_END_CALLS);
}
END_TEST

/* ---- what is asked -------------------------------------------------------------- */

static void encode(const agr_codec *codec, agr_wire *wire, const char *base_url,
	const agr_talk *talk)
{
	const agr_ask ask = { .talk = talk, .base_url = base_url, .model = "gpt-x",
		.api_key = "k", .max_tokens = 10 };

	ck_assert_int_eq(codec->encode(codec, wire, &ask, &err), 0);
}

/* Of the vendor's own API alone: others may not know the member. A conversation that does
 * not begin as others do has none. */
START_TEST(prompts_that_begin_alike_are_told_to_the_vendor)
{
	static const agr_codec *const codecs[] = { &agr_codec_openai, &agr_codec_responses };
	agr_tool tool = { .name = "count_rows", .description = "d", .parameters = "{}",
		.parameters_len = 2 };
	agr_talk talk = { .stable = "s", .stable_len = 1, .stable_hash = "abc", .tools = &tool,
		.n_tools = 1 };
	char text[100], digest[65];

	/* "abccount_rows": the beginning's hash and the tools. */
	agr_sha256_of(digest, "abccount_rows", 13);
	snprintf(text, sizeof(text), ",\"prompt_cache_key\":\"%s", digest);
	for (size_t i = 0; i < 2; i++)
		for (int k = 0; k < 3; k++) {
			agr_wire wire = AGR_WIRE_INIT;

			talk.stable_hash = k == 2 ? NULL : "abc";
			encode(codecs[i], &wire, k == 1 ? "http://127.0.0.1:1/v1"
				: "https://api.openai.com/v1", &talk);
			if (k == 0)
				ck_assert_ptr_nonnull(strstr(wire.body.data, text));
			else
				ck_assert_ptr_null(strstr(wire.body.data, "prompt_cache_key"));
			agr_wire_clear(&wire);
		}
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		a_chat_answer_has_its_calls_text_model_and_usage,
		prompts_that_begin_alike_are_told_to_the_vendor,
		a_tool_call_is_one_whatever_the_finish_reason,
		arguments_may_be_an_object_and_keep_their_bytes,
		arguments_are_kept_byte_for_byte,
		a_stream_may_call_in_the_form_of_old,
		arguments_of_another_type_are_shown_as_they_came,
		a_call_without_an_id_gets_one_that_is_the_same_each_time,
		content_may_be_missing_null_empty_or_a_list_of_parts,
		usage_that_is_missing_is_unknown_and_what_does_not_add_up_is_not_billed_low,
		thoughts_are_kept_apart,
		what_is_no_use_says_why,
		an_error_in_an_answer_of_200_is_an_error,
		a_stream_adds_up_to_an_answer,
		a_name_repeated_in_every_chunk_is_one_name,
		calls_without_an_index_are_told_apart_by_id_or_name,
		done_may_be_missing_but_not_both_it_and_the_reason,
		an_error_in_the_middle_of_a_stream_is_an_error,
		streams_may_end_lines_as_they_like,
		a_response_is_quoted_by_its_call_id,
		thoughts_that_cannot_be_sent_back_are_not,
		a_response_that_is_incomplete_says_why,
		a_stream_of_events_ends_with_the_response,
		cached_tokens_are_added_to_what_anthropic_calls_input,
		anthropic_says_why_an_answer_is_no_use,
		a_stream_of_blocks_can_be_sent_back,
		an_error_event_ends_anthropics_stream,
		geminis_calls_end_with_stop_and_need_no_id,
		gemini_says_why_an_answer_is_no_use,
		geminis_stream_ends_with_its_bytes,
		NULL,
	};

	return unit_main(unit_suite_with("llm_wire", tests, setup, teardown));
}
