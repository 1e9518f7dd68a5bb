/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
/* What both suites share: a list of checks, each a function that says by a text
 * why it failed. */
#ifndef CONFORMANCE_SUITE_H
#define CONFORMANCE_SUITE_H

#include <stdio.h>
#include <string.h>

#include <agentrun/conformance.h>
#include <agentrun/sys/options.h>

/* Why the check failed; "" while it has not. */
typedef struct suite_check {
	char why[400];
} suite_check;

/* Note the first failure. */
#define REQUIRE(check, condition) \
	do { \
		if (!(condition)) { \
			if (!*(check)->why) \
				snprintf((check)->why, sizeof((check)->why), "line %d: %s", \
					__LINE__, #condition); \
			return; \
		} \
	} while (0)

/* Note the first failure and go on to free things. */
#define EXPECT(check, condition) \
	do { \
		if (!(condition) && !*(check)->why) \
			snprintf((check)->why, sizeof((check)->why), "line %d: %s", __LINE__, \
				#condition); \
	} while (0)

#endif
