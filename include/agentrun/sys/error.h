/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
/**
 * @file
 * Make errors, in a backend, a planner, a transport or whatever else is called by
 * the library: raise one where the fault is met, then say more of it.
 *
 * The setters change an error that its maker still holds and has shown to
 * nobody. They take NULL and the static out-of-memory error, and leave both as
 * they are.
 */
#ifndef AGENTRUN_SYS_ERROR_H
#define AGENTRUN_SYS_ERROR_H

#include <agentrun/error.h>

AGENTRUN_BEGIN_DECLS

/**
 * Make an error.
 *
 * Control characters and invalid UTF-8 in the message are escaped, so that an
 * error can be printed and sent as it is. Never fails: when memory is short it
 * returns a static out-of-memory error (which may be freed like any other).
 *
 * @param code AGENTRUN_E...; 0 and above, which are none, become AGENTRUN_EINTERNAL
 */
AGENTRUN_API agentrun_error *agentrun_error_new(int code, const char *message);
/**
 * Store a new error in `*err` (which may be NULL, or hold an earlier error that
 * then stays: the first cause wins). C only; other languages use
 * agentrun_error_new().
 *
 * @return `code`, below 0 in any case; AGENTRUN_ENOMEM when there is no memory for the error
 */
AGENTRUN_API int agentrun_error_raise(agentrun_error **err, int code,
	const char *fmt, ...) AGENTRUN_PRINTF(3, 4);

/** Whether the same call may succeed later, and after how long (0: not known).
 * A new error has what is usual for its code. */
AGENTRUN_API void agentrun_error_set_retry(agentrun_error *err, int retryable,
	int64_t after_ms);
/** The place in a text, from 1 (columns count bytes). The message is not
 * changed. */
AGENTRUN_API void agentrun_error_set_place(agentrun_error *err, size_t line,
	size_t column);
/**
 * Add a line to the list of what is wrong, escaped like a message. A list of
 * more than 1000 is cut.
 *
 * @return 0, AGENTRUN_ENOMEM (the list is then as it was)
 */
AGENTRUN_API int agentrun_error_add_violation(agentrun_error *err,
	const char *text);

AGENTRUN_END_DECLS
#endif
