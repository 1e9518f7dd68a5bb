/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
/* Rates, concurrency and budgets, by a clock of the test's own. */
#include "unit.h"

#include <stdio.h>

#include "limit/limit.h"

#define DAY ((int64_t)86400000)

static agentrun_config *config;
static agr_limits *limits;
static agentrun_error *err;
static agr_entry entry; /* of the last that entered */
static const agr_who ann = { "ann", "flow" }, bob = { "bob", "flow" }, nobody = { NULL, NULL };

static void setup(void)
{
	ck_assert_int_eq(agentrun_config_new(&config, NULL), 0);
	limits = NULL;
	err = NULL;
}

static void teardown(void)
{
	agr_limits_free(limits);
	agentrun_config_free(config);
	agentrun_error_free(err);
}

static void set(const char *key, const char *value)
{
	ck_assert_int_eq(agentrun_config_set(config, key, value, NULL), 0);
}

static void begin(void)
{
	ck_assert_int_eq(agr_limits_new(&limits, config, NULL, NULL, &err), 0);
}

static int enter(const agr_who *who, int64_t now)
{
	agentrun_error_free(err);
	err = NULL;
	return agr_limits_enter(limits, &entry, who, now, &err);
}

static void expect_refused(const agr_who *who, int64_t now, const char *says, int64_t wait)
{
	ck_assert_int_eq(enter(who, now), AGENTRUN_ERATE);
	ck_assert_msg(strstr(agentrun_error_message(err), says) != NULL, "%s",
		agentrun_error_message(err));
	ck_assert_int_eq(agentrun_error_retry_after_ms(err), wait);
	ck_assert_int_eq(agentrun_error_is_retryable(err), 1);
}

START_TEST(without_limits_there_are_none)
{
	begin();
	ck_assert_ptr_null(limits);
	ck_assert_int_eq(agr_limits_enter(NULL, &entry, &ann, 1, NULL), 0);
	agr_limits_leave(NULL, &entry, &ann);
}
END_TEST

START_TEST(rates_are_read)
{
	int64_t count, period;

	ck_assert(agr_rate_read("5", &count, &period) && count == 5 && period == 60000);
	ck_assert(agr_rate_read("100/s", &count, &period) && count == 100 && period == 1000);
	ck_assert(agr_rate_read("7/day", &count, &period) && period == DAY);
	ck_assert(!agr_rate_read("", &count, &period));
	ck_assert(!agr_rate_read("0/s", &count, &period));
	ck_assert(!agr_rate_read("5/week", &count, &period));
	ck_assert(!agr_rate_read("-5", &count, &period));
	set("rate_limit.per_user", "often");
	ck_assert_int_eq(agr_limits_new(&limits, config, NULL, NULL, &err), AGENTRUN_ECONFIG);
	ck_assert_ptr_nonnull(strstr(agentrun_error_message(err), "rate_limit.per_user"));
}
END_TEST

START_TEST(the_bucket_of_the_service_fills_again)
{
	set("rate_limit.global", "2/s");
	begin();
	ck_assert_int_eq(enter(&ann, 1000), 0);
	ck_assert_int_eq(enter(&nobody, 1000), 0);
	expect_refused(&bob, 1000, "2 jobs in 1 s is reached (rate_limit.global)", 501);
	ck_assert_int_eq(enter(&bob, 1501), 0);
	ck_assert_int_eq(enter(&bob, 9000), 0); /* it never holds more than 2 */
	ck_assert_int_eq(enter(&bob, 9000), 0);
	ck_assert_int_eq(enter(&bob, 9000), AGENTRUN_ERATE);
}
END_TEST

START_TEST(the_window_of_a_user_slides)
{
	set("rate_limit.per_user", "2/min");
	begin();
	ck_assert_int_eq(enter(&ann, 1000), 0);
	ck_assert_int_eq(enter(&ann, 31000), 0);
	expect_refused(&ann, 32000, "for \"ann\"", 29000);
	ck_assert_int_eq(enter(&bob, 32000), 0);
	ck_assert_int_eq(enter(&nobody, 32000), 0);
	ck_assert_int_eq(enter(&ann, 61000), 0);
	expect_refused(&ann, 61001, "rate_limit.per_user", 29999);
}
END_TEST

START_TEST(a_workflow_has_a_window_of_its_own)
{
	set("rate_limit.per_workflow", "1/h");
	begin();
	ck_assert_int_eq(enter(&ann, 1000), 0);
	expect_refused(&bob, 2000, "for \"flow\" is reached (rate_limit.per_workflow)", 3599000);
}
END_TEST

START_TEST(what_is_refused_takes_nothing)
{
	set("rate_limit.global", "2/h");
	set("rate_limit.per_user", "1/h");
	begin();
	ck_assert_int_eq(enter(&ann, 1000), 0);
	for (int i = 0; i < 10; i++)
		ck_assert_int_eq(enter(&ann, 1000), AGENTRUN_ERATE);
	ck_assert_int_eq(enter(&bob, 1000), 0);
}
END_TEST

START_TEST(a_user_runs_only_so_many_at_once)
{
	set("rate_limit.concurrency_per_user", "2");
	begin();
	ck_assert_int_eq(enter(&ann, 1), 0);
	ck_assert_int_eq(enter(&ann, 1), 0);
	expect_refused(&ann, 1, "2 jobs of \"ann\" run already", 1000);
	ck_assert_int_eq(enter(&bob, 1), 0);
	agr_limits_leave(limits, &entry, &ann);
	ck_assert_int_eq(enter(&ann, 1), 0);
}
END_TEST

START_TEST(users_who_are_idle_are_forgotten)
{
	char name[32];
	agr_who who = { name, NULL };

	set("rate_limit.per_user", "5/s");
	begin();
	for (int i = 0; i < 5000; i++) {
		snprintf(name, sizeof(name), "user%d", i);
		ck_assert_int_eq(enter(&who, (int64_t)i * DAY), 0);
		agr_limits_leave(limits, &entry, &who);
	}
}
END_TEST

static int reserve(agr_reservation *r, const agr_who *who, int64_t input, int64_t output,
	int64_t now)
{
	agentrun_error_free(err);
	err = NULL;
	return agr_limits_reserve(limits, r, who, "m", input, output, now, &err);
}

START_TEST(tokens_are_reserved_and_settled)
{
	const agr_usage usage = { .input = 60, .output = 10, .total = 70, .cached = -1 };
	agr_reservation one, two;

	set("budget.tokens_per_user_per_day", "300");
	begin();
	ck_assert_int_eq(reserve(&one, &ann, 100, 100, DAY + 1), 0);
	ck_assert_int_eq(reserve(&two, &ann, 100, 100, DAY + 1), AGENTRUN_EBUDGET);
	ck_assert_ptr_nonnull(strstr(agentrun_error_message(err),
		"300 tokens a day for \"ann\" does not allow 200 more: 200 are used or reserved "
		"(budget.tokens_per_user_per_day)"));
	ck_assert_int_eq(agentrun_error_retry_after_ms(err), DAY - 1);
	ck_assert_int_eq(reserve(&two, &bob, 100, 100, DAY + 1), 0);
	agr_limits_settle(limits, &one, &ann, &usage);
	agr_limits_settle(limits, &one, &ann, &usage); /* only once */
	ck_assert_int_eq(reserve(&one, &ann, 130, 100, DAY + 1), 0);
	ck_assert_int_eq(reserve(&two, &ann, 1, 0, DAY + 1), AGENTRUN_EBUDGET);
	agr_limits_settle(limits, &one, &ann, NULL); /* it failed: nothing was spent */
	ck_assert_int_eq(reserve(&one, &ann, 230, 0, DAY + 1), 0);
	ck_assert_int_eq(reserve(&two, &ann, 300, 0, 2 * DAY), 0); /* another day */
	agr_limits_settle(limits, &one, &ann, NULL);
	ck_assert_int_eq(reserve(&one, &ann, 1, 0, 2 * DAY), AGENTRUN_EBUDGET);
}
END_TEST

START_TEST(usage_that_is_not_told_counts_as_estimated)
{
	const agr_usage unknown = { -1, -1, -1, -1, -1 };
	agr_reservation r;

	set("budget.tokens_per_day", "1000");
	begin();
	ck_assert_int_eq(reserve(&r, &nobody, 600, 300, 1), 0);
	agr_limits_settle(limits, &r, &nobody, &unknown);
	ck_assert_int_eq(reserve(&r, &ann, 401, 0, 1), AGENTRUN_EBUDGET);
	ck_assert_int_eq(reserve(&r, &ann, 400, 0, 1), 0);
}
END_TEST

START_TEST(money_is_counted_by_the_price_table)
{
	/* 1,000 fresh, 9,000 cached, 500 said and 500 thought that only the total tells. */
	const agr_usage usage = { .input = 10000, .output = 500, .cached = 9000, .total = 11000 };
	agr_reservation r;

	set("budget.usd_per_workflow_per_day", "0.05");
	set("budget.prices", "m 2.50 10 0.25\nother 1 2");
	begin();
	ck_assert_int_eq(reserve(&r, &ann, 10000, 2000, 1), 0); /* 0.045 dollars */
	agr_limits_settle(limits, &r, &ann, &usage); /* 0.0025 + 0.00225 + 0.01 = 0.01475 */
	ck_assert_int_eq(reserve(&r, &bob, 14200, 0, 1), AGENTRUN_EBUDGET); /* 0.0355 */
	ck_assert_ptr_nonnull(strstr(agentrun_error_message(err),
		"budget of 0.05 dollars a day for \"flow\" does not allow 35500 micro-dollars more: "
		"14750 are used"));
	ck_assert_int_eq(reserve(&r, &bob, 14000, 0, 1), 0);
	ck_assert_int_eq(agr_limits_reserve(limits, &r, &ann, "unknown", 1, 1, 1, &err),
		AGENTRUN_ECONFIG);
}
END_TEST

START_TEST(a_price_that_is_none_is_an_error)
{
	set("budget.prices", "m cheap");
	ck_assert_int_eq(agr_limits_new(&limits, config, NULL, NULL, &err), AGENTRUN_ECONFIG);
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		without_limits_there_are_none,
		rates_are_read,
		the_bucket_of_the_service_fills_again,
		the_window_of_a_user_slides,
		a_workflow_has_a_window_of_its_own,
		what_is_refused_takes_nothing,
		a_user_runs_only_so_many_at_once,
		users_who_are_idle_are_forgotten,
		tokens_are_reserved_and_settled,
		usage_that_is_not_told_counts_as_estimated,
		money_is_counted_by_the_price_table,
		a_price_that_is_none_is_an_error,
		NULL,
	};

	return unit_main(unit_suite_with("limit", tests, setup, teardown));
}
