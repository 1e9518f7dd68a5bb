/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
/* Limits in Redis: what the suite cannot see, of a process that dies and of a server that
 * goes away. */
#include <check.h>

#include <agentrun/redis.h>

#include "server.h"

static struct server server;
static const agentrun_limits_impl *impl;
static void *self;

static void open_limits(int64_t lease_ms)
{
	agentrun_redis_limits_options opts;

	agentrun_redis_limits_options_init(&opts, sizeof(opts));
	opts.url = server.url;
	opts.lease_ms = lease_ms;
	ck_assert_int_eq(agentrun_redis_limits_new(&impl, &self, &opts, NULL), 0);
}

static void setup(void)
{
	server_open(&server);
	open_limits(500);
}

static void teardown(void)
{
	impl->destroy(self);
	server_close(&server);
}

/* Half of a budget of 100, and the only slot. */
static const agentrun_limit slot = { .struct_size = sizeof(slot), .kind = AGENTRUN_LIMIT_SLOTS,
	.key = "rate_limit.concurrency_per_user", .name = "ann", .most = 1, .amount = 1,
	.taken = 1 };
static const agentrun_limit half = { .struct_size = sizeof(half),
	.kind = AGENTRUN_LIMIT_BUDGET, .key = "budget.tokens_per_day", .name = "", .most = 100,
	.period_ms = 86400000, .period = 20000, .amount = 60, .taken = 60 };

static int take(const char *id, agentrun_error **err)
{
	const agentrun_limit *both[] = { &slot, &half };
	const agentrun_limits_request request = { .struct_size = sizeof(request), .id = id,
		.limits = both, .n = 2 };
	agentrun_limits_refusal refusal = { .struct_size = sizeof(refusal) };

	return impl->take(self, &request, &refusal, err);
}

static void settle(const char *id, int64_t amount)
{
	agentrun_limit came_to = half;
	const agentrun_limit *both[] = { &slot, &came_to };
	const agentrun_limits_request request = { .struct_size = sizeof(request), .id = id,
		.limits = both, .n = 2 };

	came_to.amount = amount;
	impl->settle(self, &request);
}

static long long field(const char *name)
{
	redisReply *reply = redisCommand(server.client,
		"HGET agent:limit:budget.tokens_per_day::20000 %s", name);
	long long value = reply && reply->str ? strtoll(reply->str, NULL, 10) : 0;

	freeReplyObject(reply);
	return value;
}

static void wait_for(const char *name, long long value)
{
	for (int i = 0; i < 500 && field(name) != value; i++)
		server_sleep_ms(10);
	ck_assert_int_eq(field(name), value);
}

START_TEST(a_process_that_is_killed_holds_nothing_past_its_lease)
{
	int64_t waited = 0;
	pid_t child = fork();

	if (child == 0) {
		open_limits(500);
		if (take("child", NULL) != 0)
			_exit(1);
		server_sleep_ms(800); /* it lives, and prolongs its lease */
		kill(getpid(), SIGKILL);
	}
	server_sleep_ms(700);
	ck_assert_int_eq(take("us", NULL), 1);
	ck_assert_int_eq(waitpid(child, NULL, 0), child);
	for (; take("us", NULL) == 1; waited += 20)
		server_sleep_ms(20);
	ck_assert_int_le(waited, 1000);
	ck_assert_int_eq(field("reserved"), 60);
	settle("us", 5);
	wait_for("used", 5);
}
END_TEST

/* A turn that went on while nobody could prolong its lease did cost what it cost. */
START_TEST(what_lapsed_is_booked_all_the_same_and_once)
{
	ck_assert_int_eq(take("late", NULL), 0);
	server_do(&server, "DEL agent:limit:budget.tokens_per_day::20000:held");
	server_do(&server, "ZADD agent:limit:budget.tokens_per_day::20000:held 1 late");
	server_do(&server, "ZADD agent:limit:rate_limit.concurrency_per_user:ann 1 late");
	ck_assert_int_eq(take("next", NULL), 0);
	ck_assert_int_eq(field("reserved"), 60);
	settle("late", 30);
	wait_for("used", 30);
	settle("late", 30);
	settle("next", 1);
	wait_for("used", 31);
	ck_assert_int_eq(field("reserved"), 0);
}
END_TEST

START_TEST(a_server_that_goes_away_is_told_later)
{
	agentrun_error *err = NULL;

	ck_assert_int_eq(take("1", NULL), 0);
	server_stop(&server, SIGKILL);
	settle("1", 7);
	ck_assert_int_eq(take("2", &err), AGENTRUN_EBACKEND);
	ck_assert_int_eq(agentrun_error_is_retryable(err), 1);
	agentrun_error_free(err);
	server_start(&server);
	wait_for("used", 7);
	ck_assert_int_eq(field("reserved"), 0);
	ck_assert_int_eq(take("2", NULL), 0);
}
END_TEST

START_TEST(a_server_that_hangs_is_not_waited_for_long)
{
	agentrun_error *err = NULL;
	struct timespec from, to;

	ck_assert_int_eq(take("1", NULL), 0);
	kill(server.pid, SIGSTOP);
	clock_gettime(CLOCK_MONOTONIC, &from);
	ck_assert_int_eq(take("2", &err), AGENTRUN_EBACKEND);
	settle("1", 7); /* does not wait at all */
	clock_gettime(CLOCK_MONOTONIC, &to);
	kill(server.pid, SIGCONT);
	ck_assert_int_le(to.tv_sec - from.tv_sec, 3);
	agentrun_error_free(err);
	wait_for("used", 7);
}
END_TEST

START_TEST(keys_keep_to_the_hash_tag_and_expire)
{
	agentrun_redis_limits_options opts;
	redisReply *keys;

	impl->destroy(self);
	agentrun_redis_limits_options_init(&opts, sizeof(opts));
	opts.url = server.url;
	opts.job_queue = "{agent}:jobs";
	ck_assert_int_eq(agentrun_redis_limits_new(&impl, &self, &opts, NULL), 0);
	ck_assert_int_eq(take("1", NULL), 0);
	keys = redisCommand(server.client, "KEYS *");
	ck_assert_int_eq(keys->elements, 3);
	for (size_t i = 0; i < keys->elements; i++) {
		redisReply *left = redisCommand(server.client, "PTTL %s", keys->element[i]->str);

		ck_assert_msg(strncmp(keys->element[i]->str, "{agent}:limit:", 14) == 0, "%s",
			keys->element[i]->str);
		ck_assert_int_gt(left->integer, 0);
		freeReplyObject(left);
	}
	freeReplyObject(keys);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("redis limits");
	TCase *tests = tcase_create("limits");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_add_checked_fixture(tests, setup, teardown);
	tcase_set_timeout(tests, 120);
	tcase_add_test(tests, a_process_that_is_killed_holds_nothing_past_its_lease);
	tcase_add_test(tests, what_lapsed_is_booked_all_the_same_and_once);
	tcase_add_test(tests, a_server_that_goes_away_is_told_later);
	tcase_add_test(tests, a_server_that_hangs_is_not_waited_for_long);
	tcase_add_test(tests, keys_keep_to_the_hash_tag_and_expire);
	suite_add_tcase(suite, tests);
	srunner_set_fork_status(runner, CK_NOFORK);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
