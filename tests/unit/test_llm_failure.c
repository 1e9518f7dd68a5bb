/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
/* What failures of providers mean, and when to come back. */
#include "unit.h"

#include "llm/breaker.h"
#include "llm/failure.h"
#include "net/retry_after.h"

static agentrun_http_event *event;
static agr_failure failure;
static agentrun_error *err;

static void setup(void)
{
	ck_assert_int_eq(agentrun_http_event_new(&event, 1, NULL), 0);
	err = NULL;
}

static void teardown(void)
{
	agentrun_http_event_free(event);
	agentrun_error_free(err);
	event = NULL;
	err = NULL;
}

static void header(const char *line)
{
	ck_assert_int_eq(agentrun_http_event_add_header(event, line, strlen(line)), 0);
}

static int judge(int status, const char *body)
{
	agentrun_error_free(err);
	err = NULL;
	ck_assert_int_eq(agr_failure_of_answer(&failure, status, event, body, strlen(body),
		"sk-secret-1234", &err), AGENTRUN_ELLM);
	return failure.remedy;
}

static void expect_says(const char *text)
{
	ck_assert_msg(strstr(agentrun_error_message(err), text) != NULL, "%s",
		agentrun_error_message(err));
}

START_TEST(durations_of_all_notations)
{
	static const struct {
		const char *text;
		int64_t ms;
	} all[] = {
		{ "12ms", 12 }, { "9ms", 9 }, { "1s", 1000 }, { "6m0s", 360000 },
		{ "1h2m3.5s", 3723500 }, { "1.5s", 1500 }, { "30", 30000 }, { "0.25", 250 },
		{ " 2", 2000 }, { "500us", 0 }, { "1500\xc2\xb5s", 1 }, { "0", 0 }, { "-1", -1 },
		{ "", -1 }, { "soon", -1 }, { "3 apples", 3000 }, { "3x", -1 }, { "1m30", -1 },
		{ "99999999999999999999", (int64_t)366 * 86400 * 1000 },
	};

	for (size_t i = 0; i < AGR_COUNT(all); i++)
		ck_assert_msg(agr_duration_ms(all[i].text) == all[i].ms, "%s: %lld", all[i].text,
			(long long)agr_duration_ms(all[i].text));
}
END_TEST

START_TEST(dates_of_all_three_forms)
{
	ck_assert_int_eq(agr_http_date_ms("Sun, 06 Nov 1994 08:49:37 GMT"), 784111777000);
	ck_assert_int_eq(agr_http_date_ms("Sunday, 06-Nov-94 08:49:37 GMT"), 784111777000);
	ck_assert_int_eq(agr_http_date_ms("Sun Nov  6 08:49:37 1994"), 784111777000);
	ck_assert_int_eq(agr_http_date_ms("Thu, 29 Feb 2024 00:00:00 GMT"), 1709164800000);
	ck_assert_int_eq(agr_http_date_ms("tomorrow"), -1);
	ck_assert_int_eq(agr_http_date_ms("Sun, 06 Foo 1994 08:49:37 GMT"), -1);
	ck_assert_int_eq(agr_http_date_ms(""), -1);
}
END_TEST

START_TEST(retry_after_is_read_in_all_its_forms)
{
	const int64_t now = 784111777000;

	header("Retry-After: 7");
	ck_assert_int_eq(agr_retry_after_ms(event, 429, now), 7000);
	header("retry-after-ms: 250.5");
	ck_assert_int_eq(agr_retry_after_ms(event, 429, now), 250);
	teardown();
	setup();
	header("Retry-After: Sun, 06 Nov 1994 08:49:40 GMT");
	ck_assert_int_eq(agr_retry_after_ms(event, 503, now), 3000);
	header("Date: Sun, 06 Nov 1994 08:49:35 GMT"); /* the server's clock */
	ck_assert_int_eq(agr_retry_after_ms(event, 503, now), 5000);
	teardown();
	setup();
	header("Retry-After: -1");
	ck_assert_int_eq(agr_retry_after_ms(event, 429, now), -1);
}
END_TEST

START_TEST(resets_of_limits_are_read_in_both_notations)
{
	const int64_t now = 1772049737000; /* 2026-02-25T20:02:17Z */

	header("x-ratelimit-remaining-requests: 0");
	header("x-ratelimit-reset-requests: 6m0s");
	header("x-ratelimit-remaining-tokens: 1999");
	header("x-ratelimit-reset-tokens: 900m");
	ck_assert_int_eq(agr_retry_after_ms(event, 429, now), 360000);
	ck_assert_int_eq(agr_retry_after_ms(event, 503, now), -1);
	teardown();
	setup();
	header("x-ratelimit-reset-tokens: 12"); /* Azure: seconds */
	ck_assert_int_eq(agr_retry_after_ms(event, 429, now), 12000);
	teardown();
	setup();
	header("x-ratelimit-reset-tokens: -1");
	header("x-ratelimit-remaining-tokens: 0");
	ck_assert_int_eq(agr_retry_after_ms(event, 429, now), -1);
	teardown();
	setup();
	header("anthropic-ratelimit-input-tokens-remaining: 0");
	header("anthropic-ratelimit-input-tokens-reset: 2026-02-25T20:02:37Z");
	ck_assert_int_eq(agr_retry_after_ms(event, 429, now), 20000);
}
END_TEST

START_TEST(statuses_are_told_apart)
{
	static const int again[] = { 408, 409, 425, 429, 500, 502, 503, 504, 520, 529 };
	static const int never[] = { 400, 401, 402, 403, 422, 418, 301, 307 };
	static const int other[] = { 404, 413 };

	for (size_t i = 0; i < AGR_COUNT(again); i++) {
		ck_assert_int_eq(judge(again[i], "{}"), AGR_REMEDY_RETRY);
		ck_assert_int_eq(agentrun_error_is_retryable(err), 1);
	}
	for (size_t i = 0; i < AGR_COUNT(never); i++) {
		ck_assert_int_eq(judge(never[i], "{}"), AGR_REMEDY_NONE);
		ck_assert_int_eq(agentrun_error_is_retryable(err), 0);
	}
	for (size_t i = 0; i < AGR_COUNT(other); i++)
		ck_assert_int_eq(judge(other[i], "{}"), AGR_REMEDY_FALLBACK);
	judge(307, "");
	expect_says("redirects of a provider are not followed");
}
END_TEST

START_TEST(a_429_that_means_money_is_told_by_its_code_alone)
{
	static const char *const money[] = {
		"{\"error\":{\"type\":\"insufficient_quota\",\"param\":null,\"code\":null}}",
		"{\"error\":{\"code\":\"insufficient_quota\"}}",
		"{\"error\":{\"code\":\"credit_balance_exhausted\"}}",
		"{\"error\":{\"code\":\"organization_spend_limit_exceeded\"}}",
		"{\"error\":{\"code\":\"project_spend_limit_exceeded\"}}",
		"{\"error\":{\"code\":\"organization_usage_limit_exceeded\"}}",
		"{\"error\":{\"details\":{\"error_code\":\"enforced_spend_limit_reached\"}}}",
	};
	static const char *const rate[] = {
		"{\"error\":{\"message\":\"insufficient_quota\",\"code\":\"rate_limit_exceeded\"}}",
		"{\"error\":{\"message\":\"the user said: \\\"code\\\":\\\"insufficient_quota\\\"\"}}",
		"{\"error\":{\"code\":\"slow_down\"}}", "{\"error\":{\"code\":\"never_seen\"}}", "no",
	};

	for (size_t i = 0; i < AGR_COUNT(money); i++)
		ck_assert_msg(judge(429, money[i]) == AGR_REMEDY_NONE, "%s", money[i]);
	for (size_t i = 0; i < AGR_COUNT(rate); i++)
		ck_assert_msg(judge(429, rate[i]) == AGR_REMEDY_RETRY, "%s", rate[i]);
	ck_assert_int_eq(judge(503, money[2]), AGR_REMEDY_RETRY);
	header("retry-after: 3");
	ck_assert_int_eq(judge(429, money[6]), AGR_REMEDY_RETRY);
	ck_assert_int_eq(judge(429, money[0]), AGR_REMEDY_NONE);
	ck_assert_int_eq(agentrun_error_retry_after_ms(err), 0); /* there is nothing to wait for */
}
END_TEST

START_TEST(googles_retry_info_is_waited_for)
{
	judge(429, "{\"error\":{\"code\":429,\"message\":\"m\",\"status\":\"RESOURCE_EXHAUSTED\","
		"\"details\":[{\"@type\":\"type.googleapis.com/google.rpc.QuotaFailure\"},{\"@type\":"
		"\"type.googleapis.com/google.rpc.RetryInfo\",\"retryDelay\":\"14.5s\"}]}}");
	ck_assert_int_eq(failure.wait_ms, 14500);
	ck_assert_int_eq(agentrun_error_retry_after_ms(err), 14500);
	judge(429, "[{\"error\":{\"code\":429,\"message\":\"listed\",\"status\":"
		"\"RESOURCE_EXHAUSTED\"}}]");
	expect_says("HTTP 429: listed (RESOURCE_EXHAUSTED)");
}
END_TEST

START_TEST(messages_are_the_providers_and_never_hold_the_key)
{
	judge(401, "{\"error\":{\"message\":\"Incorrect API key provided: sk-secret-1234. See "
		"sk-secret-1234\",\"type\":\"invalid_request_error\",\"code\":\"invalid_api_key\"}}");
	expect_says("HTTP 401: Incorrect API key provided: ***. See *** (invalid_api_key)");
	judge(400, "{\"detail\":\"in another place\"}");
	expect_says("HTTP 400: in another place");
	judge(400, "{\"error\":\"as text\"}");
	expect_says("as text");
	judge(502, "<!DOCTYPE html>\n<html><head><title>502 Bad\nGateway</title></head>"
		"<body>nginx</body></html>");
	expect_says("HTTP 502: 502 Bad Gateway");
	judge(503, "<h1>Down</h1>for <b>now</b>");
	expect_says("HTTP 503: Down for now");
	judge(500, "");
	expect_says("HTTP 500: internal server error");
	judge(529, "{\"type\":\"error\",\"error\":{\"type\":\"overloaded_error\",\"message\":"
		"\"Overloaded\"},\"request_id\":\"r\"}");
	expect_says("HTTP 529: Overloaded (overloaded_error)");
	judge(422, "{\"detail\":[{\"loc\":[\"body\"],\"msg\":\"field required\"}]}");
	expect_says("HTTP 422: [{\"loc\":[\"body\"],\"msg\":\"field required\"}]");
}
END_TEST

START_TEST(a_key_where_the_message_is_cut_is_not_told_in_part)
{
	static const char *const begins[] = { "", "<p>", "{\"error\":\"" };

	for (size_t i = 0; i < AGR_COUNT(begins); i++) {
		char body[700];

		memset(body, 'x', sizeof(body));
		memcpy(body, begins[i], strlen(begins[i]));
		memcpy(body + strlen(begins[i]) + 490, "sk-secret-1234", 14);
		memcpy(body + sizeof(body) - 3, "\"}", 3);
		judge(401, body);
		expect_says("xxx***xxx");
		ck_assert(!strstr(agentrun_error_message(err), "sk-"));
	}
}
END_TEST

START_TEST(a_server_may_say_not_to_try_again)
{
	header("x-should-retry: false");
	ck_assert_int_ne(judge(503, "{}"), AGR_REMEDY_RETRY);
}
END_TEST

START_TEST(errors_within_a_stream_are_judged_by_their_type)
{
	ck_assert_int_eq(judge(200, "{\"type\":\"overloaded_error\",\"message\":\"m\"}"),
		AGR_REMEDY_RETRY);
	ck_assert_int_eq(judge(200, "{\"type\":\"invalid_request_error\",\"message\":\"m\"}"),
		AGR_REMEDY_NONE);
	ck_assert_int_eq(judge(200, "{\"code\":\"context_length_exceeded\",\"message\":\"m\"}"),
		AGR_REMEDY_FALLBACK);
}
END_TEST

START_TEST(what_the_network_did_is_the_providers_fault)
{
	agentrun_error_raise(&err, AGENTRUN_ENETWORK, "connection refused");
	agr_failure_of_transport(&failure, &err);
	ck_assert_int_eq(agentrun_error_code(err), AGENTRUN_EPROVIDER);
	ck_assert_str_eq(agentrun_error_code_type(AGENTRUN_EPROVIDER), "llm_error");
	ck_assert_int_eq(agentrun_error_code_exit_status(AGENTRUN_EPROVIDER), 5);
	ck_assert_int_eq(failure.remedy, AGR_REMEDY_RETRY);
}
END_TEST

START_TEST(a_provider_that_fails_in_a_row_is_left_alone_for_a_while)
{
	agr_breakers breakers;
	int64_t wait;

	agr_breakers_init(&breakers);
	for (int i = 0; i < 3; i++) {
		ck_assert(agr_breaker_allows(&breakers, "p", 1000, &wait));
		agr_breaker_report(&breakers, "p", true, 1000, 3, 30000);
	}
	ck_assert(!agr_breaker_allows(&breakers, "p", 1001, &wait));
	ck_assert_int_eq(wait, 29999);
	ck_assert(agr_breaker_allows(&breakers, "other", 1001, &wait));
	ck_assert(agr_breaker_allows(&breakers, "p", 31000, &wait));  /* one goes to see */
	ck_assert(!agr_breaker_allows(&breakers, "p", 31001, &wait));
	agr_breaker_report(&breakers, "p", true, 31002, 3, 30000);
	ck_assert(!agr_breaker_allows(&breakers, "p", 61001, &wait));
	ck_assert(agr_breaker_allows(&breakers, "p", 61002, &wait));
	agr_breaker_report(&breakers, "p", false, 61003, 3, 30000);
	ck_assert(agr_breaker_allows(&breakers, "p", 61003, &wait));
	agr_breakers_clear(&breakers);
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		durations_of_all_notations,
		dates_of_all_three_forms,
		retry_after_is_read_in_all_its_forms,
		resets_of_limits_are_read_in_both_notations,
		statuses_are_told_apart,
		a_429_that_means_money_is_told_by_its_code_alone,
		googles_retry_info_is_waited_for,
		messages_are_the_providers_and_never_hold_the_key,
		a_key_where_the_message_is_cut_is_not_told_in_part,
		a_server_may_say_not_to_try_again,
		errors_within_a_stream_are_judged_by_their_type,
		what_the_network_did_is_the_providers_fault,
		a_provider_that_fails_in_a_row_is_left_alone_for_a_while,
		NULL,
	};

	return unit_main(unit_suite_with("llm_failure", tests, setup, teardown));
}
