/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
/* The suite of counters of limits, by the clock. Every check gets an empty one. */
#include <pthread.h>
#include <stdlib.h>
#include <time.h>

#include "suite.h"

#define LEASE_MS 400
#define PATIENCE_MS 3000 /* what is settled may be told to a server later */

struct counter {
	const agentrun_limits_impl *impl;
	void *self;
};

typedef struct limits_case {
	suite_check check;
	const agentrun_conformance_limits *backend;
	struct counter a;
} limits_case;

static int64_t now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static void sleep_ms(int64_t ms)
{
	struct timespec t = { .tv_sec = (time_t)(ms / 1000), .tv_nsec = (long)(ms % 1000) * 1000000 };

	nanosleep(&t, NULL);
}

static agentrun_limit limit_of(int kind, const char *name, int64_t most)
{
	return (agentrun_limit){ .struct_size = sizeof(agentrun_limit), .kind = kind,
		.key = kind == AGENTRUN_LIMIT_BUCKET ? "a.bucket" :
			kind == AGENTRUN_LIMIT_WINDOW ? "a.window" :
			kind == AGENTRUN_LIMIT_SLOTS ? "some.slots" : "a.budget",
		.name = name, .most = most, .period_ms = 86400000, .period = 20000, .amount = 1,
		.taken = 1 };
}

static int take_all(const struct counter *c, const char *id, const agentrun_limit *const *limits,
	size_t n, agentrun_limits_refusal *refusal)
{
	const agentrun_limits_request request = { .struct_size = sizeof(request), .id = id,
		.limits = limits, .n = n, .now_ms = now_ms() };
	agentrun_error *err = NULL;
	int r;

	*refusal = (agentrun_limits_refusal){ .struct_size = sizeof(*refusal), .index = 99,
		.used = -1, .wait_ms = -1 };
	r = c->impl->take(c->self, &request, refusal, &err);
	agentrun_error_free(err);
	return r;
}

static int take(const struct counter *c, const char *id, const agentrun_limit *limit,
	agentrun_limits_refusal *refusal)
{
	return take_all(c, id, &limit, 1, refusal);
}

/* 1: it is allowed. */
static int can_take(const struct counter *c, const char *id, const agentrun_limit *limit)
{
	agentrun_limits_refusal refusal;

	return take(c, id, limit, &refusal) == 0;
}

/* 1: it is allowed, now or soon. */
static int comes_free(const struct counter *c, const char *id, const agentrun_limit *limit)
{
	for (int64_t until = now_ms() + PATIENCE_MS; now_ms() < until; sleep_ms(10))
		if (can_take(c, id, limit))
			return 1;
	return 0;
}

static void settle(const struct counter *c, const char *id, agentrun_limit limit, int64_t amount)
{
	const agentrun_limit *list = &limit;
	const agentrun_limits_request request = { .struct_size = sizeof(request), .id = id,
		.limits = &list, .n = 1, .now_ms = now_ms() };

	limit.taken = limit.amount;
	limit.amount = amount;
	c->impl->settle(c->self, &request);
}

/* ---- checks ------------------------------------------------------------------- */

static void a_bucket_is_emptied_and_fills_again(limits_case *c)
{
	agentrun_limit bucket = limit_of(AGENTRUN_LIMIT_BUCKET, "", 3);
	agentrun_limits_refusal refusal;

	bucket.period_ms = 1500;
	for (int i = 0; i < 3; i++)
		REQUIRE(&c->check, can_take(&c->a, "1", &bucket));
	REQUIRE(&c->check, take(&c->a, "1", &bucket, &refusal) == 1);
	REQUIRE(&c->check, refusal.index == 0 && refusal.used == 3);
	REQUIRE(&c->check, refusal.wait_ms > 0 && refusal.wait_ms <= 510);
	sleep_ms(refusal.wait_ms + 20);
	REQUIRE(&c->check, can_take(&c->a, "1", &bucket));
	REQUIRE(&c->check, take(&c->a, "1", &bucket, &refusal) == 1);
}

static void a_window_slides(limits_case *c)
{
	agentrun_limit window = limit_of(AGENTRUN_LIMIT_WINDOW, "ann", 2);
	agentrun_limits_refusal refusal;

	window.period_ms = 800;
	REQUIRE(&c->check, can_take(&c->a, "1", &window));
	sleep_ms(300);
	REQUIRE(&c->check, can_take(&c->a, "2", &window));
	REQUIRE(&c->check, take(&c->a, "3", &window, &refusal) == 1);
	REQUIRE(&c->check, refusal.used == 2 && refusal.wait_ms > 0 && refusal.wait_ms <= 500);
	sleep_ms(refusal.wait_ms + 20);
	REQUIRE(&c->check, can_take(&c->a, "3", &window));
	REQUIRE(&c->check, take(&c->a, "4", &window, &refusal) == 1);
}

static void slots_are_held_until_they_are_given_back(limits_case *c)
{
	const agentrun_limit slots = limit_of(AGENTRUN_LIMIT_SLOTS, "ann", 2);
	agentrun_limits_refusal refusal;

	REQUIRE(&c->check, can_take(&c->a, "1", &slots) && can_take(&c->a, "2", &slots));
	REQUIRE(&c->check, take(&c->a, "3", &slots, &refusal) == 1 && refusal.used == 2);
	settle(&c->a, "1", slots, 0);
	REQUIRE(&c->check, comes_free(&c->a, "3", &slots));
	REQUIRE(&c->check, take(&c->a, "4", &slots, &refusal) == 1);
}

static void a_budget_is_reserved_and_settled(limits_case *c)
{
	agentrun_limit budget = limit_of(AGENTRUN_LIMIT_BUDGET, "ann", 100), rest;
	agentrun_limits_refusal refusal;

	budget.amount = 60;
	REQUIRE(&c->check, can_take(&c->a, "1", &budget));
	REQUIRE(&c->check, take(&c->a, "2", &budget, &refusal) == 1 && refusal.used == 60);
	settle(&c->a, "1", budget, 10);
	rest = budget;
	rest.amount = 90;
	REQUIRE(&c->check, comes_free(&c->a, "2", &rest));
	rest.amount = 1;
	REQUIRE(&c->check, take(&c->a, "3", &rest, &refusal) == 1 && refusal.used == 100);
	rest.amount = 90;
	settle(&c->a, "2", rest, 95); /* it cost more than was thought */
	sleep_ms(200);
	rest.amount = 1;
	REQUIRE(&c->check, take(&c->a, "4", &rest, &refusal) == 1 && refusal.used == 105);
}

static void whoever_is_another_is_counted_apart(limits_case *c)
{
	agentrun_limit budget = limit_of(AGENTRUN_LIMIT_BUDGET, "ann", 10), other = budget;

	budget.amount = other.amount = 10;
	REQUIRE(&c->check, can_take(&c->a, "1", &budget));
	other.name = "bob";
	REQUIRE(&c->check, can_take(&c->a, "2", &other));
	other.name = "ann:20000";
	REQUIRE(&c->check, can_take(&c->a, "3", &other));
	other.name = "ann";
	other.key = "another.budget";
	REQUIRE(&c->check, can_take(&c->a, "4", &other));
	other.key = budget.key;
	other.period++;
	REQUIRE(&c->check, can_take(&c->a, "5", &other));
	REQUIRE(&c->check, !can_take(&c->a, "6", &budget));
}

static void all_are_taken_or_none(limits_case *c)
{
	const agentrun_limit window = limit_of(AGENTRUN_LIMIT_WINDOW, "flow", 1);
	const agentrun_limit bucket = limit_of(AGENTRUN_LIMIT_BUCKET, "", 2);
	const agentrun_limit slots = limit_of(AGENTRUN_LIMIT_SLOTS, "ann", 1);
	const agentrun_limit *list[] = { &bucket, &window, &slots };
	agentrun_limits_refusal refusal;

	REQUIRE(&c->check, can_take(&c->a, "1", &slots));
	for (int i = 0; i < 5; i++)
		REQUIRE(&c->check, take_all(&c->a, "2", list, 3, &refusal) == 1 &&
			refusal.index == 2);
	settle(&c->a, "1", slots, 0);
	for (int64_t until = now_ms() + PATIENCE_MS;
		take_all(&c->a, "3", list, 3, &refusal) == 1; sleep_ms(10))
		REQUIRE(&c->check, refusal.index == 2 && now_ms() < until);
	REQUIRE(&c->check, take_all(&c->a, "4", list, 3, &refusal) == 1 && refusal.index == 1);
	REQUIRE(&c->check, can_take(&c->a, "5", &bucket));
}

struct crowd {
	const limits_case *c;
	int number, taken;
};

static void *take_many(void *user)
{
	struct crowd *crowd = user;
	const agentrun_limit budget = limit_of(AGENTRUN_LIMIT_BUDGET, "all", 100);
	char id[32];

	for (int i = 0; i < 40; i++) {
		snprintf(id, sizeof(id), "%d-%d", crowd->number, i);
		crowd->taken += can_take(&crowd->c->a, id, &budget);
	}
	return NULL;
}

static void threads_do_not_take_more_than_there_is(limits_case *c)
{
	struct crowd crowd[6];
	pthread_t threads[6];
	int taken = 0, n = 0;

	for (int i = 0; i < 6; i++)
		crowd[i] = (struct crowd){ c, i, 0 };
	while (n < 6 && pthread_create(&threads[n], NULL, take_many, &crowd[n]) == 0)
		n++;
	for (int i = 0; i < n; i++) {
		pthread_join(threads[i], NULL);
		taken += crowd[i].taken;
	}
	REQUIRE(&c->check, n == 6);
	REQUIRE(&c->check, taken == 100);
}

static void what_one_takes_another_sees(limits_case *c)
{
	agentrun_limit budget = limit_of(AGENTRUN_LIMIT_BUDGET, "ann", 100);
	const agentrun_limit slots = limit_of(AGENTRUN_LIMIT_SLOTS, "ann", 1);
	const agentrun_limit *both[] = { &slots, &budget };
	agentrun_limits_refusal refusal;
	struct counter b = { NULL, NULL };

	if (!c->backend->is_shared)
		return;
	budget.amount = 70;
	REQUIRE(&c->check, c->backend->open(c->backend->user, &b.impl, &b.self, LEASE_MS, NULL) == 0);
	EXPECT(&c->check, take_all(&c->a, "1", both, 2, &refusal) == 0);
	/* Longer than the lease, which the one that holds it prolongs. */
	for (int i = 0; i < 6; i++, sleep_ms(LEASE_MS / 2)) {
		EXPECT(&c->check, take(&b, "2", &slots, &refusal) == 1);
		EXPECT(&c->check, take(&b, "2", &budget, &refusal) == 1 && refusal.used == 70);
	}
	settle(&c->a, "1", budget, 20);
	settle(&c->a, "1", slots, 0);
	EXPECT(&c->check, comes_free(&b, "2", &slots));
	EXPECT(&c->check, comes_free(&b, "3", &budget));
	b.impl->destroy(b.self);
}

static const struct {
	const char *name;
	void (*run)(limits_case *);
} checks[] = {
#define CHECK(f) { #f, f }
	CHECK(a_bucket_is_emptied_and_fills_again),
	CHECK(a_window_slides),
	CHECK(slots_are_held_until_they_are_given_back),
	CHECK(a_budget_is_reserved_and_settled),
	CHECK(whoever_is_another_is_counted_apart),
	CHECK(all_are_taken_or_none),
	CHECK(threads_do_not_take_more_than_there_is),
	CHECK(what_one_takes_another_sees),
#undef CHECK
};

int agentrun_conformance_check_limits(const agentrun_conformance_limits *given)
{
	agentrun_conformance_limits backend = { .struct_size = sizeof(backend) };
	int failed = 0;

	if (agentrun_options_read(&backend, sizeof(backend), given,
		"agentrun_conformance_limits", NULL) < 0 || !backend.open || !backend.reset ||
		backend.reserved)
		return AGENTRUN_EINVAL;
	for (size_t i = 0; i < sizeof(checks) / sizeof(checks[0]); i++) {
		limits_case c = { .backend = &backend };
		agentrun_error *err = NULL;

		backend.reset(backend.user);
		if (backend.open(backend.user, &c.a.impl, &c.a.self, LEASE_MS, &err) == 0) {
			checks[i].run(&c);
			c.a.impl->destroy(c.a.self);
		} else {
			snprintf(c.check.why, sizeof(c.check.why), "open: %s",
				agentrun_error_message(err));
		}
		agentrun_error_free(err);
		failed += *c.check.why != '\0';
		if (backend.report)
			backend.report(backend.user, checks[i].name,
				*c.check.why ? c.check.why : NULL);
	}
	backend.reset(backend.user);
	return failed;
}
