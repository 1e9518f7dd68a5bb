/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
/* Who may open a connection, by a clock of the test's own. */
#include "unit.h"

#include <stdio.h>

#include "net/origin.h"

static agr_origins origins;

static void teardown(void)
{
	agr_origins_clear(&origins);
}

START_TEST(one_opens_and_the_others_wait_until_it_has)
{
	agr_origin *origin = agr_origin_take(&origins, "https://a.example/v1/x");
	int one, two;

	ck_assert_ptr_eq(agr_origin_take(&origins, "https://a.example?q"), origin);
	ck_assert_ptr_ne(agr_origin_take(&origins, "https://a.example:444/"), origin);
	ck_assert_int_eq(agr_origin_wait(origin, 1000), 0);
	agr_origin_close(origin, &one, 1000);
	ck_assert_int_eq(agr_origin_wait(origin, 1100), AGR_GATE_MS - 100);
	agr_origin_open(origin, &two, false, 1100); /* not the one that closed it */
	ck_assert_int_gt(agr_origin_wait(origin, 1100), 0);
	agr_origin_open(origin, &one, false, 1100);
	ck_assert_int_eq(agr_origin_wait(origin, 1100), 0);
	agr_origin_close(origin, &two, 2000); /* one that takes long holds nobody up */
	ck_assert_int_eq(agr_origin_wait(origin, 2000 + AGR_GATE_MS), 0);
}
END_TEST

START_TEST(a_server_that_cannot_be_reached_or_shared_has_no_gate)
{
	agr_origin *origin = agr_origin_take(&origins, "https://a.example");
	int one, two;

	agr_origin_close(origin, &one, 1000);
	agr_origin_open(origin, &one, true, 1000);
	agr_origin_close(origin, &two, 1001);
	ck_assert_int_eq(agr_origin_wait(origin, 1500), 0);
	agr_origin_open(origin, &two, false, 1500);
	agr_origin_close(origin, &one, 2500);
	ck_assert_int_gt(agr_origin_wait(origin, 2500), 0);
	agr_origin_open(origin, &one, false, 2500);
	origin->serial = true;
	agr_origin_close(origin, &one, 3000);
	ck_assert_int_eq(agr_origin_wait(origin, 3000), 0);
	ck_assert_ptr_null(agr_origin_take(&origins, "http://a.example"));
	ck_assert_int_eq(agr_origin_wait(NULL, 1), 0);
	agr_origin_close(NULL, &one, 1);
	agr_origin_open(NULL, &one, false, 1);
	agr_origin_drop(NULL);
}
END_TEST

START_TEST(origins_that_nobody_uses_are_forgotten)
{
	agr_origin *kept = agr_origin_take(&origins, "https://kept.example");
	char url[64];

	for (int i = 0; i < 1000; i++) {
		snprintf(url, sizeof(url), "https://%d.example/", i);
		agr_origin_drop(agr_origin_take(&origins, url));
		ck_assert_uint_le(origins.n, 65);
	}
	ck_assert_ptr_eq(agr_origin_take(&origins, "https://kept.example"), kept);
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		one_opens_and_the_others_wait_until_it_has,
		a_server_that_cannot_be_reached_or_shared_has_no_gate,
		origins_that_nobody_uses_are_forgotten,
		NULL,
	};

	return unit_main(unit_suite_with("origin", tests, NULL, teardown));
}
