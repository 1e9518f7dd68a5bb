/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
/* Prints each check of a suite; for the programs that run one. */
#ifndef CONFORMANCE_RUN_H
#define CONFORMANCE_RUN_H

#include <stdio.h>
#include <stdlib.h>

#include <agentrun/conformance.h>

static inline void run_report(void *user, const char *check, const char *failure)
{
	(void)user;
	printf("%s %s%s%s\n", failure ? "FAIL" : "ok", check, failure ? ": " : "",
		failure ? failure : "");
}

static inline int run_end(int failed)
{
	printf("%d failed\n", failed);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}

#endif
