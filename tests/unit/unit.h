/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
/* What every unit test program needs: check, and its main(). */
#ifndef UNIT_H
#define UNIT_H

#include <check.h>
#include <stdlib.h>
#include <string.h>

/* Run one suite; the exit status says whether all passed. */
static inline int unit_main(Suite *suite)
{
	SRunner *runner = srunner_create(suite);
	int failed;

	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}

/* A suite of one case with these tests (NULL-terminated), each between a setup
 * and a teardown (NULL: none). */
static inline Suite *unit_suite_with(const char *name, const TTest *const *tests,
	SFun setup, SFun teardown)
{
	Suite *suite = suite_create(name);
	TCase *tcase = tcase_create(name);

	/* A hang is the test runner's to end: a busy machine is no failure. */
	tcase_set_timeout(tcase, 0);
	tcase_add_checked_fixture(tcase, setup, teardown);
	for (; *tests; tests++)
		tcase_add_test(tcase, *tests);
	suite_add_tcase(suite, tcase);
	return suite;
}

static inline Suite *unit_suite(const char *name, const TTest *const *tests)
{
	return unit_suite_with(name, tests, NULL, NULL);
}

#endif
