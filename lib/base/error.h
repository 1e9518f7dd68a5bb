/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
/*
 * error - inside view of agentrun_error. Every setter takes the caller's
 * `agentrun_error **err`, does nothing when that is NULL or empty, and never
 * fails: details that do not fit into memory are dropped, the code stays.
 *
 * Raise with agentrun_error_raise() where the fault is met, then let each
 * caller that knows more add it on the way out.
 */
#ifndef AGR_ERROR_H
#define AGR_ERROR_H

#include <agentrun/sys/error.h>

/* Out of memory: a static object, needs none. Returns AGENTRUN_ENOMEM. */
int agr_error_oom(agentrun_error **err);

#if defined(__clang_analyzer__) && !defined(AGR_ERROR_C)
/* So that an analyzer that sees one file knows that who raised has failed. */
#define agr_error_oom(err) ((void)agr_error_oom(err), AGENTRUN_ENOMEM)
#define agentrun_error_raise(err, code, ...) \
	((void)agentrun_error_raise(err, code, __VA_ARGS__), (code))
#endif

/* Hand over an error that was met elsewhere, where there is none yet; returns its
 * code. */
int agr_error_pass(agentrun_error **err, agentrun_error *take_why);

/* Put "text: " before the message. */
void agr_error_prefix(agentrun_error **err, const char *fmt, ...)
	AGENTRUN_PRINTF(2, 3);

/* Replace the code (a general fault met while doing something specific). */
int agr_error_recode(agentrun_error **err, int code);

/* The fault is at byte `offset` of `text`: records line and column and puts
 * "name:line:column: " before the message. `name` may be NULL ("input"). */
void agr_error_at(agentrun_error **err, const char *name, const char *text,
	size_t len, size_t offset);
/* The same of a part of a text: `lines` of it, and `column` bytes of the next, lie
 * before the part. */
void agr_error_at_behind(agentrun_error **err, const char *name, size_t lines,
	size_t column, const char *part, size_t offset);
/* The same when line and column (from 1) are known. */
void agr_error_at_line(agentrun_error **err, const char *name, size_t line,
	size_t column);

/* Pipeline step (from 1) and its name: "step 2 (table_sort): ". */
void agr_error_step(agentrun_error **err, size_t step, const char *name);
void agr_error_tool(agentrun_error **err, const char *tool);

/* Add one violation; raises `code` with the message `summary` at the first. */
int agr_error_violation(agentrun_error **err, int code, const char *summary,
	const char *fmt, ...) AGENTRUN_PRINTF(4, 5);

#endif
