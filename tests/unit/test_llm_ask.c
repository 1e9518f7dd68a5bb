/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
/* What is sent to providers, byte for byte, and what is sent back to them. */
#include "unit.h"

#include <stdio.h>

#include "llm/brief.h"
#include "llm/codec.h"
#include "llm/strict.h"
#include "llm/tools.h"
#include "pipeline/pipeline.h"

static agr_talk talk;
static agr_wire wire;
static agentrun_ctx *ctx;
static agr_llm *llm;

static void setup(void)
{
	agentrun_ctx_options opts;

	memset(&talk, 0, sizeof(talk));
	wire = (agr_wire)AGR_WIRE_INIT;
	agentrun_ctx_options_init(&opts, sizeof(opts));
	ck_assert_int_eq(agentrun_ctx_new(&ctx, &opts, NULL), 0);
	ck_assert_int_eq(agr_ctx_llm(&llm, ctx, NULL), 0);
}

static void teardown(void)
{
	agr_talk_clear(&talk);
	agr_wire_clear(&wire);
	agentrun_ctx_free(ctx);
}

/* A conversation of one turn: what was asked, what `answer` says, a result. */
static void converse(const agr_codec *codec, const char *answer)
{
	static const agr_tool tool = { "a", "does a", "{\"type\":\"object\"}", 17, false };
	agr_answer got;
	agr_buf fault = AGR_BUF_INIT;

	talk.stable = "Be \"good\".";
	talk.workflow = strdup("W");
	ck_assert_int_eq(agr_talk_add_tool(&talk, &tool, NULL), 0);
	ck_assert_int_eq(agr_talk_add_user(&talk, "hi", 2, NULL), 0);
	agr_answer_init(&got);
	ck_assert_int_eq(agr_codec_read(codec, &got, NULL, answer, strlen(answer), &fault, NULL), 0);
	ck_assert_int_eq(agr_answer_finish(&got, "call_j", 1, NULL), 0);
	ck_assert_int_eq(agr_talk_take_answer(&talk, &got, codec, NULL), 0);
	for (size_t i = 0; i < talk.said[1].n_calls; i++)
		ck_assert_int_eq(agr_talk_add_result(&talk, &talk.said[1].calls[i], "{\"rows\":1}", 10,
			i > 0, NULL), 0);
	agr_answer_clear(&got);
	agr_buf_free(&fault);
}

static void encode(const agr_codec *codec, const char *base_url, bool stream)
{
	static const char *const headers[] = { "X-Team: t" };
	const agr_ask ask = { .talk = &talk, .base_url = base_url, .model = "m",
		.api_key = "k", .headers = headers, .n_headers = 1, .more = "\"x\":1",
		.temperature = "0.1", .max_tokens = 50, .stream = stream };
	agr_text text = { .n = 0 };
	agr_span value;

	ck_assert_int_eq(codec->encode(codec, &wire, &ask, NULL), 0);
	text.p = wire.body.data;
	text.n = wire.body.len;
	ck_assert_msg(agr_scan_document(&value, &text, NULL) == 0, "%s", wire.body.data);
	agr_buf_add(&wire.url, "", 0);
}

static void expect_body(const char *part)
{
	ck_assert_msg(strstr(wire.body.data, part) != NULL, "%s\nlacks %s", wire.body.data, part);
}

#define CHAT_CALLS "{\"choices\":[{\"message\":{\"content\":null,\"tool_calls\":[{\"id\":\"c1\"," \
	"\"type\":\"function\",\"function\":{\"name\":\"a\",\"arguments\":\"{\\\"x\\\": 1}\"}," \
	"\"extra_content\":{\"s\":\"t\"}},{\"id\":\"\",\"function\":{\"name\":\"a\",\"arguments\":" \
	"\"{broken\"}}]},\"finish_reason\":\"tool_calls\"}]}"

START_TEST(a_chat_request_repeats_calls_and_answers_every_id)
{
	converse(&agr_codec_openai, CHAT_CALLS);
	encode(&agr_codec_openai, "http://h/v1/", false);
	ck_assert_str_eq(wire.url.data, "http://h/v1/chat/completions");
	ck_assert_str_eq(wire.secrets.data, "Authorization: Bearer k\nX-Team: t\n");
	expect_body("{\"model\":\"m\",\"messages\":[{\"role\":\"system\",\"content\":"
		"\"Be \\\"good\\\".\\n\\nW\"},{\"role\":\"user\",\"content\":\"hi\"},"
		"{\"role\":\"assistant\",\"content\":null,\"tool_calls\":[{\"id\":\"c1\",\"type\":"
		"\"function\",\"function\":{\"name\":\"a\",\"arguments\":\"{\\\"x\\\": 1}\"},"
		"\"extra_content\":{\"s\":\"t\"}},");
	expect_body("{\"id\":\"call_j_2\",\"type\":\"function\",\"function\":{\"name\":\"a\","
		"\"arguments\":\"{\\\"not_json\\\":\\\"{broken\\\"}\"}}]}");
	expect_body("{\"role\":\"tool\",\"tool_call_id\":\"c1\",\"content\":\"{\\\"rows\\\":1}\"},"
		"{\"role\":\"tool\",\"tool_call_id\":\"call_j_2\",");
	expect_body("\"tools\":[{\"type\":\"function\",\"function\":{\"name\":\"a\",\"description\":"
		"\"does a\",\"parameters\":{\"type\":\"object\"}}}],\"tool_choice\":\"auto\"");
	expect_body("\"temperature\":0.1,\"max_tokens\":50,\"x\":1}");
	ck_assert_ptr_null(strstr(wire.body.data, "stream"));
}
END_TEST

START_TEST(the_vendors_own_server_gets_the_newer_names_and_azure_its_own_header)
{
	converse(&agr_codec_openai, CHAT_CALLS);
	encode(&agr_codec_openai, "https://api.openai.com/v1", true);
	expect_body("\"max_completion_tokens\":50");
	expect_body("\"stream\":true,\"stream_options\":{\"include_usage\":true}");
	agr_wire_clear(&wire);
	wire = (agr_wire)AGR_WIRE_INIT;
	encode(&agr_codec_openai, "https://x.openai.azure.com/openai/deployments/d?api-version=1",
		false);
	ck_assert_str_eq(wire.url.data,
		"https://x.openai.azure.com/openai/deployments/d/chat/completions?api-version=1");
	ck_assert_str_eq(wire.secrets.data, "api-key: k\nX-Team: t\n");
	ck_assert(!agr_url_has_host("https://api.openai.com.evil.example/v1", "api.openai.com"));
	ck_assert(!agr_url_has_host("https://notapi.openai.com/v1", "api.openai.com"));
	ck_assert(agr_url_has_host("https://user@api.openai.com:443/v1", "api.openai.com"));
}
END_TEST

START_TEST(a_responses_request_sends_items_back_as_they_came)
{
	converse(&agr_codec_responses, "{\"status\":\"completed\",\"output\":[{\"type\":\"reasoning\","
		"\"encrypted_content\":\"zz\"},{\"type\":\"function_call\",\"id\":\"fc\",\"call_id\":"
		"\"c1\",\"name\":\"a\",\"arguments\":\"{}\"}]}");
	encode(&agr_codec_responses, "http://h/v1", false);
	ck_assert_str_eq(wire.url.data, "http://h/v1/responses");
	expect_body("\"instructions\":\"Be \\\"good\\\".\\n\\nW\",\"input\":[{\"role\":\"user\","
		"\"content\":\"hi\"},{\"type\":\"reasoning\",\"encrypted_content\":\"zz\"},"
		"{\"type\":\"function_call\",\"id\":\"fc\",\"call_id\":\"c1\",\"name\":\"a\","
		"\"arguments\":\"{}\"},{\"type\":\"function_call_output\",\"call_id\":\"c1\","
		"\"output\":\"{\\\"rows\\\":1}\"}]");
	expect_body("\"tools\":[{\"type\":\"function\",\"name\":\"a\",\"description\":\"does a\","
		"\"parameters\":{\"type\":\"object\"},\"strict\":false}]");
	expect_body("\"max_output_tokens\":50,\"store\":false");
}
END_TEST

START_TEST(a_messages_request_marks_what_is_stable_and_returns_signed_thoughts)
{
	converse(&agr_codec_anthropic, "{\"content\":[{\"type\":\"thinking\",\"thinking\":\"t\","
		"\"signature\":\"s=\"},{\"type\":\"tool_use\",\"id\":\"t1\",\"name\":\"a\",\"input\":"
		"{\"x\":1}},{\"type\":\"tool_use\",\"id\":\"t2\",\"name\":\"a\",\"input\":{}}],"
		"\"stop_reason\":\"tool_use\"}");
	encode(&agr_codec_anthropic, "http://h", false);
	ck_assert_str_eq(wire.url.data, "http://h/v1/messages");
	ck_assert_str_eq(wire.secrets.data, "x-api-key: k\nX-Team: t\n");
	ck_assert_ptr_nonnull(strstr(wire.headers.data, "anthropic-version: 2023-06-01\n"));
	expect_body("\"system\":[{\"type\":\"text\",\"text\":\"Be \\\"good\\\".\",\"cache_control\":"
		"{\"type\":\"ephemeral\"}},{\"type\":\"text\",\"text\":\"W\",\"cache_control\":"
		"{\"type\":\"ephemeral\"}}]");
	expect_body("{\"role\":\"assistant\",\"content\":[{\"type\":\"thinking\",\"thinking\":\"t\","
		"\"signature\":\"s=\"},");
	expect_body("{\"role\":\"user\",\"content\":[{\"type\":\"tool_result\",\"tool_use_id\":"
		"\"t1\",\"content\":\"{\\\"rows\\\":1}\"},{\"type\":\"tool_result\",\"tool_use_id\":"
		"\"t2\",\"content\":\"{\\\"rows\\\":1}\",\"is_error\":true}]}");
	expect_body("\"max_tokens\":50,\"tools\":[{\"name\":\"a\",\"description\":\"does a\","
		"\"input_schema\":{\"type\":\"object\"}}]");
	agr_wire_clear(&wire);
	wire = (agr_wire)AGR_WIRE_INIT;
	encode(&agr_codec_anthropic, "http://h/v1/", false);
	ck_assert_str_eq(wire.url.data, "http://h/v1/messages");
}
END_TEST

START_TEST(a_gemini_request_returns_parts_with_their_signatures)
{
	converse(&agr_codec_gemini, "{\"candidates\":[{\"content\":{\"parts\":[{\"functionCall\":"
		"{\"name\":\"a\",\"args\":{}},\"thoughtSignature\":\"s=\"},{\"functionCall\":{\"id\":"
		"\"f2\",\"name\":\"a\",\"args\":{}}}]},\"finishReason\":\"STOP\"}]}");
	encode(&agr_codec_gemini, "http://h/", true);
	ck_assert_str_eq(wire.url.data, "http://h/v1beta/models/m:streamGenerateContent?alt=sse");
	ck_assert_str_eq(wire.secrets.data, "x-goog-api-key: k\nX-Team: t\n");
	expect_body("{\"role\":\"model\",\"parts\":[{\"functionCall\":{\"name\":\"a\",\"args\":{}},"
		"\"thoughtSignature\":\"s=\"},");
	expect_body("{\"role\":\"user\",\"parts\":[{\"functionResponse\":{\"name\":\"a\",\"response\":"
		"{\"rows\":1}}},{\"functionResponse\":{\"name\":\"a\",\"id\":\"f2\",\"response\":");
	expect_body("\"functionDeclarations\":[{\"name\":\"a\",\"description\":\"does a\","
		"\"parametersJsonSchema\":{\"type\":\"object\"}}]");
	agr_wire_clear(&wire);
	wire = (agr_wire)AGR_WIRE_INIT;
	encode(&agr_codec_gemini, "http://h/v1", false);
	ck_assert_str_eq(wire.url.data, "http://h/v1/models/m:generateContent");
}
END_TEST

START_TEST(what_one_provider_said_can_be_told_to_another)
{
	static const agr_codec *const others[] = { &agr_codec_openai, &agr_codec_responses,
		&agr_codec_gemini };

	converse(&agr_codec_anthropic, "{\"content\":[{\"type\":\"thinking\",\"thinking\":\"t\","
		"\"signature\":\"s=\"},{\"type\":\"text\",\"text\":\"So.\"},{\"type\":\"tool_use\","
		"\"id\":\"t1\",\"name\":\"a\",\"input\":{\"x\":1}}],\"stop_reason\":\"tool_use\"}");
	for (size_t i = 0; i < AGR_COUNT(others); i++) {
		encode(others[i], "http://h", false);
		expect_body("So.");
		expect_body("t1");
		ck_assert_ptr_null(strstr(wire.body.data, "signature"));
		agr_wire_clear(&wire);
		wire = (agr_wire)AGR_WIRE_INIT;
	}
}
END_TEST

/* ---- the brief -------------------------------------------------------------------------- */

#define WORKFLOW "{\"nodes\":[{\"id\":\"f\",\"type\":\"http\"},{\"id\":\"g\",\"type\":\"filter\"}]," \
	"\"edges\":[{\"from\":\"f\",\"to\":\"g\"}]}"

static agr_span span(const char *text)
{
	return (agr_span){ text, strlen(text) };
}

START_TEST(the_stable_part_is_long_and_the_same_and_the_volatile_one_last)
{
	agr_brief one = { .prompt = "sort the rows", .prompt_len = 13, .workflow = span(WORKFLOW),
		.data = span("[{\"price\":1,\"to\":\"LAX\"}]"), .lane = AGENTRUN_LANE_EXECUTE };
	agr_brief two = { .prompt = "other", .prompt_len = 5, .workflow = span(WORKFLOW) };
	agr_talk other = { .stable = NULL };

	ck_assert_int_eq(agr_brief_write(&talk, llm, &one, NULL), 0);
	ck_assert_int_eq(agr_brief_write(&other, llm, &two, NULL), 0);
	ck_assert_str_eq(talk.stable, other.stable);
	ck_assert_str_eq(talk.workflow, other.workflow);
	ck_assert_uint_gt(strlen(talk.stable), 6000); /* well over 1,024 tokens */
	ck_assert_ptr_null(strstr(talk.stable, "LAX\"}]"));
	ck_assert_ptr_nonnull(strstr(talk.workflow, "/nodes/0 f (http) -> g\n"));
	ck_assert_ptr_nonnull(strstr(talk.workflow, "/edges/0 f -> g\n"));
	ck_assert(strncmp(talk.said[0].text, "sort the rows", 13) == 0);
	ck_assert_ptr_nonnull(strstr(talk.said[0].text, "price, to"));
	for (size_t i = 0; agr_step_name(i); i++)
		ck_assert_ptr_nonnull(strstr(talk.stable, agr_step_name(i)));
	agr_talk_clear(&other);
}
END_TEST

START_TEST(a_clear_lane_offers_its_own_tools_alone)
{
	agr_brief brief = { .prompt = "x", .prompt_len = 1, .lane = AGENTRUN_LANE_PATCH };

	ck_assert_int_eq(agr_brief_write(&talk, llm, &brief, NULL), 0);
	ck_assert_ptr_nonnull(agr_talk_tool(&talk, "patch_workflow"));
	ck_assert_ptr_null(agr_talk_tool(&talk, "execute_pipeline"));
	agr_talk_clear(&talk);
	brief.lane = AGENTRUN_LANE_UNCLEAR;
	ck_assert_int_eq(agr_brief_write(&talk, llm, &brief, NULL), 0);
	ck_assert_ptr_nonnull(agr_talk_tool(&talk, "patch_workflow"));
	ck_assert_ptr_nonnull(agr_talk_tool(&talk, "execute_pipeline"));
}
END_TEST

START_TEST(a_tools_schema_is_made_of_the_steps_own)
{
	const agr_tool *tool = agr_llm_tool(llm, "execute_pipeline");
	agr_text text = { .p = tool->parameters, .n = tool->parameters_len };
	agr_span schema;

	ck_assert_int_eq(agr_scan_document(&schema, &text, NULL), 0);
	for (size_t i = 0; agr_step_name(i); i++) {
		char part[80];

		snprintf(part, sizeof(part), "\"step\":{\"const\":\"%s\"}", agr_step_name(i));
		ck_assert_msg(strstr(tool->parameters, part) != NULL, "%s", part);
	}
	ck_assert_ptr_null(strstr(tool->parameters, "#/definitions/"));
	ck_assert_ptr_nonnull(strstr(tool->parameters, "\"$defs\":{\"condition\":"));
}
END_TEST

START_TEST(arguments_that_break_the_schema_are_told_in_full)
{
	static const char good[] = "{\"patch_spec\":{\"operations\":[{\"op\":\"add\","
		"\"path\":\"/x\",\"value\":1}]}}";
	static const char bad[] = "{\"patch_spec\":{\"operations\":[{\"op\":\"put\"}]}}";
	const agr_tool *tool = agr_llm_tool(llm, "patch_workflow");
	agentrun_error *err = NULL;

	ck_assert_int_eq(agr_tool_check(tool, good, strlen(good), &err), 0);
	ck_assert_int_eq(agr_tool_check(tool, bad, strlen(bad), &err), AGENTRUN_EPLAN);
	ck_assert_ptr_nonnull(strstr(agentrun_error_message(err), "/patch_spec/operations/0"));
	ck_assert_ptr_nonnull(strstr(agentrun_error_message(err), "path"));
	agentrun_error_free(err);
	err = NULL;
	ck_assert_int_eq(agr_tool_check(tool, "{broken", 7, &err), AGENTRUN_EPLAN);
	ck_assert_ptr_nonnull(strstr(agentrun_error_message(err), "not JSON"));
	agentrun_error_free(err);
}
END_TEST

START_TEST(a_schema_is_strict_where_it_leaves_nothing_open)
{
	static const char *const strict[] = {
		"{\"type\":\"object\",\"properties\":{},\"additionalProperties\":false}",
		"{\"type\":\"object\",\"properties\":{\"a\":{\"type\":[\"string\",\"null\"],"
		"\"description\":\"d\"},\"b\":{\"type\":\"array\",\"items\":{\"enum\":[1]},\"minItems\":1},"
		"\"c\":{\"anyOf\":[{\"$ref\":\"#/$defs/n\"},{\"type\":\"null\"}]}},\"required\":[\"a\","
		"\"b\",\"c\"],\"additionalProperties\":false,\"$defs\":{\"n\":{\"type\":\"number\"}}}",
	};
	static const char *const open[] = {
		"true", "{}", "{\"type\":\"object\"}",
		"{\"type\":\"object\",\"properties\":{}}",
		"{\"type\":\"object\",\"properties\":{\"a\":{\"type\":\"string\"}},"
		"\"additionalProperties\":false}",
		"{\"type\":\"object\",\"properties\":{\"a\":{}},\"required\":[\"a\"],"
		"\"additionalProperties\":false}",
		"{\"type\":\"object\",\"properties\":{\"a\":{\"type\":\"string\",\"minLength\":1}},"
		"\"required\":[\"a\"],\"additionalProperties\":false}",
		"{\"type\":\"object\",\"properties\":{\"a\":{\"type\":\"array\"}},\"required\":[\"a\"],"
		"\"additionalProperties\":false}",
		"{\"type\":\"object\",\"properties\":{\"a\":{\"type\":[\"object\",\"null\"]}},"
		"\"required\":[\"a\"],\"additionalProperties\":false}",
		"{\"type\":\"object\",\"properties\":{\"a\":{\"anyOf\":[{\"type\":\"object\"}]}},"
		"\"required\":[\"a\"],\"additionalProperties\":false}",
	};

	for (size_t i = 0; i < AGR_COUNT(strict); i++)
		ck_assert_msg(agr_schema_is_strict((agr_span){ strict[i], strlen(strict[i]) }), "%s",
			strict[i]);
	for (size_t i = 0; i < AGR_COUNT(open); i++)
		ck_assert_msg(!agr_schema_is_strict((agr_span){ open[i], strlen(open[i]) }), "%s",
			open[i]);
}
END_TEST

START_TEST(only_strict_tools_are_said_to_be_strict_and_only_to_the_vendor)
{
	for (size_t i = 0; i < llm->n_tools; i++)
		ck_assert_int_eq(llm->tools[i].strict,
			strcmp(llm->tools[i].name, AGR_TOOL_SEARCH) == 0);
	ck_assert_int_eq(agr_talk_add_tool(&talk, agr_llm_tool(llm, AGR_TOOL_SEARCH), NULL), 0);
	ck_assert_int_eq(agr_talk_add_tool(&talk, agr_llm_tool(llm, AGR_TOOL_OPENAPI), NULL), 0);
	encode(&agr_codec_openai, "https://api.openai.com/v1", false);
	expect_body("\"additionalProperties\":false},\"strict\":true}},{\"type\":\"function\"");
	expect_body("\"required\":[\"openapi_url\",\"operation_id\"]}}}],\"tool_choice\"");
	agr_wire_clear(&wire);
	wire = (agr_wire)AGR_WIRE_INIT;
	encode(&agr_codec_openai, "http://127.0.0.1:8000/v1", false);
	ck_assert_ptr_null(strstr(wire.body.data, "strict"));
	ck_assert_int_eq(agr_tool_check(agr_llm_tool(llm, AGR_TOOL_SEARCH), "{\"query\":\"x\"}", 13,
		NULL), 0);
	ck_assert_int_eq(agr_tool_check(agr_llm_tool(llm, AGR_TOOL_SEARCH), "{\"query\":\"\"}", 12,
		NULL), AGENTRUN_EPLAN);
}
END_TEST

/* Long text that all requests share is not copied, and stands where it belongs. */
START_TEST(a_body_has_gaps_for_what_is_shared)
{
	agentrun_http_part parts[AGR_WIRE_PARTS];
	agr_buf whole = AGR_BUF_INIT;
	agr_text text = { .n = 0 };
	agr_span value, tools;
	agr_brief brief = { .prompt = "x", .prompt_len = 1 };
	agr_talk lender = { .stable = NULL };
	size_t n, lasting = 0;

	ck_assert_int_eq(agr_brief_write(&lender, llm, &brief, NULL), 0);
	talk.stable = lender.stable;
	talk.stable_json = lender.stable_json;
	talk.workflow = strdup("the \"workflow\"");
	ck_assert_int_eq(agr_talk_add_tool(&talk, agr_llm_tool(llm, AGR_TOOL_EXECUTE), NULL), 0);
	ck_assert_int_eq(agr_talk_add_user(&talk, "hi", 2, NULL), 0);
	for (size_t i = 0; i < 4; i++) {
		static const agr_codec *const codecs[] = { &agr_codec_openai, &agr_codec_responses,
			&agr_codec_anthropic, &agr_codec_gemini };
		const agr_ask ask = { .talk = &talk, .base_url = "http://h", .model = "m",
			.max_tokens = 50 };

		ck_assert_int_eq(codecs[i]->encode(codecs[i], &wire, &ask, NULL), 0);
		ck_assert_uint_lt(wire.body.len, 1000);
		n = agr_wire_parts(&wire, parts);
		for (size_t k = 0; k < n; k++) {
			agr_buf_add(&whole, parts[k].data, parts[k].len);
			lasting += parts[k].lasting != 0;
		}
		ck_assert_ptr_nonnull(whole.data);
		text.p = whole.data;
		text.n = whole.len;
		ck_assert_msg(agr_scan_document(&value, &text, NULL) == 0, "%s", whole.data);
		ck_assert(agr_get_typed(value, "tools", AGR_TYPE_ARRAY, &tools));
		ck_assert_ptr_nonnull(strstr(whole.data, "the \\\"workflow\\\""));
		ck_assert_ptr_nonnull(strstr(whole.data, "You are the planner of an agent runner."));
		agr_wire_clear(&wire);
		wire = (agr_wire)AGR_WIRE_INIT;
		agr_buf_reset(&whole);
	}
	ck_assert_uint_eq(lasting, 8);
	agr_talk_clear(&lender);
	agr_buf_free(&whole);
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		a_schema_is_strict_where_it_leaves_nothing_open,
		only_strict_tools_are_said_to_be_strict_and_only_to_the_vendor,
		a_body_has_gaps_for_what_is_shared,
		a_chat_request_repeats_calls_and_answers_every_id,
		the_vendors_own_server_gets_the_newer_names_and_azure_its_own_header,
		a_responses_request_sends_items_back_as_they_came,
		a_messages_request_marks_what_is_stable_and_returns_signed_thoughts,
		a_gemini_request_returns_parts_with_their_signatures,
		what_one_provider_said_can_be_told_to_another,
		the_stable_part_is_long_and_the_same_and_the_volatile_one_last,
		a_clear_lane_offers_its_own_tools_alone,
		a_tools_schema_is_made_of_the_steps_own,
		arguments_that_break_the_schema_are_told_in_full,
		NULL,
	};

	return unit_main(unit_suite_with("llm_ask", tests, setup, teardown));
}
