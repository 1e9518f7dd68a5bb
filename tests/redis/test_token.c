/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
#include "../unit/unit.h"
#include "conn.h"
#include "token.h"

static void job_is(const char *token, const char *workflow, const char *want)
{
	agentrun_buf out = AGENTRUN_BUF_INIT;
	redis_span flow = redis_json_value(workflow, strlen(workflow));
	redis_message message;

	redis_message_read(&message, token, strlen(token), true);
	ck_assert_int_eq(redis_token_job(&out, &message, flow), 0);
	ck_assert_str_eq(out.data, want);
	agentrun_buf_dispose(&out);
}

START_TEST(json_is_told_from_what_is_none)
{
	static const char *const good[] = { "0", "-0.5e+3", "\"\\ud83d\\ude00\"", " [] ",
		"{\"a\":[1,{\"b\":null}]}", "[[],{}]", "true" };
	static const char *const bad[] = { "", " ", "01", "1.", "+1", "[1,]", "{\"a\":1,}",
		"{\"a\"}", "{a:1}", "\"\n\"", "\"\\x\"", "\"\\u12g4\"", "[1 2]", "nul", "{} x", "]",
		"[}", "\"", "-", "1e", "{", "{ ", "{\"a\":", "{\"a\":1", "{\"a\":1 ", "{\"a\":1,",
		"{\"a\":1]", "{,}", "{\"a\":[}}", "{}}", "{\"a\\\":1}" };
	char deep[1100];

	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		ck_assert_msg(redis_json_value(good[i], strlen(good[i])).p != NULL, "%s", good[i]);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		ck_assert_msg(redis_json_value(bad[i], strlen(bad[i])).p == NULL, "%s", bad[i]);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		ck_assert_msg(redis_json_object(bad[i], strlen(bad[i]), NULL, NULL, 0).p == NULL,
			"%s", bad[i]);
	memset(deep, '[', 513);
	memset(deep + 513, ']', 513);
	ck_assert_ptr_null(redis_json_value(deep, 1026).p);
	ck_assert_ptr_nonnull(redis_json_value(deep + 1, 1024).p);
	memcpy(deep, (const char[]){ '{', '"', 'a', '"', ':' }, 5);
	memset(deep + 5, '[', 512);
	memset(deep + 517, ']', 512);
	deep[1029] = '}';
	ck_assert_ptr_null(redis_json_object(deep, 1030, NULL, NULL, 0).p);
	deep[5] = deep[1028] = ' ';
	ck_assert_ptr_nonnull(redis_json_object(deep, 1030, NULL, NULL, 0).p);
}
END_TEST

START_TEST(members_are_found_and_the_last_one_counts)
{
	static const char text[] = "{ \"a\" : 1 , \"b\":{\"a\":2},\"\\u0061\":[1, \"]\" ,{}] ,"
		"\"n\":null}";
	redis_span o = redis_json_value(text, strlen(text)), a = redis_json_get(o, "a");

	ck_assert_uint_eq(redis_json_count(a), 3);
	ck_assert_int_eq(redis_json_says(redis_json_at(a, 1), "]"), 1);
	ck_assert_ptr_null(redis_json_at(a, 3).p);
	ck_assert_ptr_null(redis_json_get(o, "n").p);
	ck_assert_ptr_null(redis_json_get(a, "a").p);
}
END_TEST

START_TEST(several_members_are_found_in_one_walk)
{
	static const char *const names[] = { "b", "a", "", "ab", "n", "x" };
	static const char text[] = "{\"a\":1,\"ab\":{\"b\":[\"}]\\\\\"]},\"\":\"e\",\"b\":\"\\\"\","
		"\"n\":null,\"a\\u0000\":3,\"a\":[{}]}";
	redis_span o = redis_json_value(text, strlen(text)), found[6];

	redis_json_members(o, names, found, 6);
	ck_assert_int_eq(redis_json_says(found[0], "\""), 1);
	ck_assert_uint_eq(redis_json_count(found[1]), 1);
	ck_assert_int_eq(redis_json_says(found[2], "e"), 1);
	ck_assert_int_eq(redis_json_is(found[3], '{'), 1);
	ck_assert_ptr_null(found[4].p);
	ck_assert_ptr_null(found[5].p);
	redis_json_members(found[1], names, found, 6);
	ck_assert_ptr_null(found[1].p);
	ck_assert_ptr_eq(redis_json_object(text, strlen(text), names, found, 6).p, text);
	ck_assert_int_eq(redis_json_says(found[0], "\""), 1);
	ck_assert_uint_eq(redis_json_count(found[1]), 1);
	ck_assert_ptr_null(found[4].p);
	ck_assert_ptr_null(redis_json_object(text, strlen(text) - 1, names, found, 6).p);
	ck_assert_ptr_null(found[1].p);
}
END_TEST

START_TEST(strings_are_decoded)
{
	static const char text[] = "\"\\ud83d\\ude00\\u00e9\\n\\/\\ud800x\"";
	agentrun_buf out = AGENTRUN_BUF_INIT;

	ck_assert_int_eq(redis_json_string(&out, redis_json_value(text, strlen(text))), 0);
	ck_assert_str_eq(out.data, "\xf0\x9f\x98\x80\xc3\xa9\n/\xef\xbf\xbdx");
	agentrun_buf_dispose(&out);
}
END_TEST

START_TEST(a_token_becomes_a_job_message)
{
	job_is("{\"id\":\"i\"}", "", "{\"job_id\":\"i\"}");
	job_is("{\"id\":\"i\",\"to_node\":\"n\",\"metadata\":{\"task\":\"m\"},"
		"\"config\":{\"task\":\"c\",\"prompt\":\"d\"}}", "",
		"{\"job_id\":\"i\",\"node_id\":\"n\",\"prompt\":\"m\"}");
	job_is("{\"config\":{\"task\":null,\"prompt\":\"d\"},\"metadata\":7}", "",
		"{\"prompt\":\"d\"}");
	job_is("{\"metadata\":{\"workflow\":{\"nodes\":[]},\"context\":{\"data\":[1.50]}}}", "",
		"{\"current_workflow\":{\"nodes\":[]},\"context\":{\"data\":[1.50]}}");
	job_is("{\"metadata\":{\"workflow\":{\"nodes\":[]}}}", "{\"nodes\":{}}",
		"{\"current_workflow\":{\"nodes\":{}}}");
	job_is("{\"metadata\":{\"workflow\":{\"nodes\":[]}}}", "broken",
		"{\"current_workflow\":{\"nodes\":[]}}");
	job_is("{\"id\":5}", "", "{\"job_id\":5}");
	job_is("[1]", "", "[1]");
	job_is("", "", "");
}
END_TEST

START_TEST(the_way_to_a_token_and_back_changes_nothing)
{
	static const char job[] = "{\"version\":\"1.0\",\"job_id\":\"i\",\"run_id\":\"r\","
		"\"node_id\":\"n\",\"workflow_tag\":\"t\",\"workflow_owner\":\"o\",\"prompt\":\"p\","
		"\"current_workflow\":{\"nodes\":[],\"edges\":[]},\"context\":{\"data\":[]},"
		"\"timeout_sec\":3.5,\"created_at\":\"a\",\"sent_at\":\"b\"}";
	agentrun_buf token = AGENTRUN_BUF_INIT;

	ck_assert_int_eq(redis_token_of_job(&token, job, strlen(job)), 0);
	job_is(token.data, "", job);
	agentrun_buf_dispose(&token);
}
END_TEST

static void id_is(const char *job, const char *want)
{
	agentrun_buf id = AGENTRUN_BUF_INIT;
	redis_message message;

	redis_message_read(&message, job, strlen(job), false);
	ck_assert_int_eq(redis_message_id(&id, &message), 0);
	ck_assert_str_eq(id.data, want);
	agentrun_buf_dispose(&id);
}

START_TEST(ids_that_can_be_read)
{
	id_is("{\"job_id\":\"a\\u0062\"}", "ab");
	id_is("{\"context\":{\"job_id\":\"x\"}}", "");
	id_is("{\"job_id\":7}", "");
	id_is("{\"job_id\":\"a\\u0000b\"}", "");
	id_is("{\"job_id\":\"a\"", "");
}
END_TEST

START_TEST(times_are_read)
{
	ck_assert_int_eq(redis_time_of("1970-01-01T00:00:01.250Z", 24), 1250);
	ck_assert_int_eq(redis_time_of("2026-01-02T03:04:05+01:00", 25), 1767319445000);
	ck_assert_int_eq(redis_time_of("2026-01-02T02:04:05", 19), 1767319445000);
	ck_assert_int_eq(redis_time_of("yesterday", 9), 0);
	ck_assert_int_eq(redis_time_of("2026-13", 7), 0);
}
END_TEST

static void completion_has(const char *result, const char *data, const char *part)
{
	agentrun_buf out = AGENTRUN_BUF_INIT;
	redis_span span = { data, data ? strlen(data) : 0 };

	ck_assert_int_eq(redis_completion(&out, "{\"job_id\":\"j\"}", 14, result,
		strlen(result), span), 0);
	ck_assert_ptr_nonnull(redis_json_value(out.data, out.len).p);
	ck_assert_msg(strstr(out.data, part) != NULL, "%s", out.data);
	agentrun_buf_dispose(&out);
}

START_TEST(completions_say_how_it_ended)
{
	completion_has("{\"status\":\"failed\",\"error\":{\"type\":\"timeout\",\"message\":\"m\","
		"\"retryable\":true},\"metadata\":{}}", NULL, "\"result_data\":{\"status\":\"failed\"},"
		"\"metadata\":{\"error_type\":\"timeout\",\"error_message\":\"m\",\"retryable\":true}");
	completion_has("{\"status\":\"completed\",\"result_preview\":{\"type\":\"text\",\"text\":"
		"\"t\"},\"metadata\":null}", NULL, "\"result_data\":{\"status\":\"completed\",\"type\":"
		"\"text_response\",\"message\":\"t\"}");
	completion_has("{\"status\":\"completed\",\"result_preview\":{\"type\":\"patch\","
		"\"patch_id\":\"x\",\"op_count\":2}}", "{\"nodes\":[]}", "\"result_data\":{\"status\":"
		"\"success\",\"patch_id\":\"x\",\"op_count\":2,\"workflow\":{\"nodes\":[]}}");
	completion_has("{\"status\":\"completed\",\"result_preview\":{\"type\":\"patch\"}}",
		"{\"id\":1}", "\"result_data\":{\"id\":1}");
	completion_has("{\"status\":\"completed\",\"result_preview\":{\"type\":\"value\"}}", "7",
		"\"result_data\":{\"status\":\"success\",\"data\":7,\"pipeline_steps\":0,");
	completion_has("garbage", NULL, "\"result_data\":{}");
}
END_TEST

START_TEST(addresses_are_read)
{
	redis_address a = { .port = 0 };

	ck_assert_int_eq(redis_address_parse(&a, "redis://u%20:p:@[::1]:7/2", NULL), 0);
	ck_assert_str_eq(a.user, "u ");
	ck_assert_str_eq(a.password, "p:");
	ck_assert_str_eq(a.host, "::1");
	ck_assert_int_eq(a.port, 7);
	ck_assert_int_eq(a.db, 2);
	redis_address_free(&a);
	ck_assert_int_eq(redis_address_parse(&a, "rediss://h", NULL), 0);
	ck_assert_int_eq(a.tls, 1);
	ck_assert_int_eq(a.port, 6379);
	redis_address_free(&a);
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		json_is_told_from_what_is_none,
		members_are_found_and_the_last_one_counts,
		several_members_are_found_in_one_walk,
		strings_are_decoded,
		a_token_becomes_a_job_message,
		the_way_to_a_token_and_back_changes_nothing,
		ids_that_can_be_read,
		times_are_read,
		completions_say_how_it_ended,
		addresses_are_read,
		NULL,
	};

	return unit_main(unit_suite("redis token", tests));
}
