/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
/* loaded - libraries of others, loaded by the first that needs them. */
#ifndef CLI_LOADED_H
#define CLI_LOADED_H

#include <stdbool.h>
#include <stddef.h>

#include <agentrun/error.h>

typedef struct cli_loaded {
	const char *library;
	const char *const *names;
	size_t n;
	void *functions; /* their addresses, one behind the other */
	bool done;
} cli_loaded;

/* 0 or AGENTRUN_EBACKEND. Any thread. */
int cli_load(cli_loaded *loaded, agentrun_error **err);

/* Of a list X(name)...: a member that is a pointer to it; its name. */
/* NOLINTBEGIN(bugprone-macro-parentheses) */
#define CLI_POINTER(name) __typeof__(&name) name;
#define CLI_NAME(name) #name,
/* NOLINTEND(bugprone-macro-parentheses) */

#endif
