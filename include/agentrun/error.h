/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
/**
 * @file
 * Errors are values.
 *
 * Every function that can fail returns 0 (or a count) on success and one of the
 * negative codes below on failure. Where it takes an `agentrun_error **err` and
 * the caller passed one that holds NULL, it also stores an error object there,
 * which the caller frees. There is no "last error" kept anywhere, so an error
 * may be read on another thread than the one that met it. A function that
 * returns a code and takes no `err` fails for want of memory, or as its comment
 * says; what then went wrong is in the code alone.
 *
 * Who makes errors (a backend, a planner) includes agentrun/sys/error.h.
 *
 * One table, agentrun_error(3), maps a code to the error type that result
 * messages carry and to the exit status of the command line:
 *
 *     code                     type             exit  meaning
 *     AGENTRUN_EINVAL          internal         2     wrong use of a function or command
 *     AGENTRUN_ENOMEM          internal         1     out of memory
 *     AGENTRUN_EINTERNAL       internal         1     a defect, or the system failed us
 *     AGENTRUN_EIO             internal         1     a file could not be read or written
 *     AGENTRUN_ECONFIG         internal         3     the configuration is wrong
 *     AGENTRUN_EJOB            invalid_job      3     the job message is wrong
 *     AGENTRUN_EPLAN           invalid_plan     3     no plan, or one that cannot be run
 *     AGENTRUN_EINPUT          pipeline_error   3     bad step, or input that is not rows
 *     AGENTRUN_EPIPELINE       pipeline_error   1     a step failed while it ran
 *     AGENTRUN_ENETWORK        pipeline_error   5     a host could not be reached
 *     AGENTRUN_EPATCH          patch_rejected   3     the patch, its document or the outcome is wrong
 *     AGENTRUN_EPOLICY         policy_refused   4     blocked address, lane not allowed
 *     AGENTRUN_ELIMIT          policy_refused   4     a configured limit was reached
 *     AGENTRUN_ERATE           rate_limited     4     come back later
 *     AGENTRUN_EBUDGET         budget_exceeded  4     tokens or money are used up
 *     AGENTRUN_ELLM            llm_error        1     the model's provider failed
 *     AGENTRUN_EPROVIDER       llm_error        5     the model's provider could not be reached
 *     AGENTRUN_ETIMEDOUT       timeout          1     the deadline passed
 *     AGENTRUN_EORCHESTRATOR   orchestrator_error 1   the orchestrator failed
 *     AGENTRUN_ESTORAGE        storage_error    1     a store failed
 *     AGENTRUN_EBACKEND        storage_error    5     a queue or store could not be reached
 *     AGENTRUN_ENOTFOUND       storage_error    6     no such ref, job or file
 *     AGENTRUN_ECANCELLED      cancelled        1     somebody cancelled the job
 */
#ifndef AGENTRUN_ERROR_H
#define AGENTRUN_ERROR_H

#include <agentrun/common.h>

AGENTRUN_BEGIN_DECLS

/** What went wrong, in full. Immutable once returned; free it yourself. */
typedef struct agentrun_error agentrun_error;

enum {
	AGENTRUN_OK = 0,
	AGENTRUN_EINVAL = -1,
	AGENTRUN_ENOMEM = -2,
	AGENTRUN_EINTERNAL = -3,
	AGENTRUN_EIO = -4,
	AGENTRUN_ECONFIG = -5,
	AGENTRUN_EJOB = -6,
	AGENTRUN_EPLAN = -7,
	AGENTRUN_EINPUT = -8,
	AGENTRUN_EPIPELINE = -9,
	AGENTRUN_ENETWORK = -10,
	AGENTRUN_EPATCH = -11,
	AGENTRUN_EPOLICY = -12,
	AGENTRUN_ELIMIT = -13,
	AGENTRUN_ERATE = -14,
	AGENTRUN_EBUDGET = -15,
	AGENTRUN_ELLM = -16,
	AGENTRUN_ETIMEDOUT = -17,
	AGENTRUN_EORCHESTRATOR = -18,
	AGENTRUN_ESTORAGE = -19,
	AGENTRUN_EBACKEND = -20,
	AGENTRUN_ENOTFOUND = -21,
	AGENTRUN_ECANCELLED = -22,
	AGENTRUN_EPROVIDER = -23
};

/** "pipeline_error" and so on, for any code; static text. */
AGENTRUN_API const char *agentrun_error_code_type(int code);
/** The exit status a command gives for this code; 0 for AGENTRUN_OK. */
AGENTRUN_API int agentrun_error_code_exit_status(int code);

AGENTRUN_API void agentrun_error_free(agentrun_error *err); /**< NULL ok */

/** AGENTRUN_E...; 0 for NULL. */
AGENTRUN_API int agentrun_error_code(const agentrun_error *err);
/** One line: what, where and what to do. Never NULL. */
AGENTRUN_API const char *agentrun_error_message(const agentrun_error *err);
/** 1 when the same call may succeed later. */
AGENTRUN_API int agentrun_error_is_retryable(const agentrun_error *err);
/** How long to wait before that; 0 when nothing is known. */
AGENTRUN_API int64_t agentrun_error_retry_after_ms(const agentrun_error *err);
/** Place in a text, from 1 (columns count bytes); 0 when there is none. */
AGENTRUN_API size_t agentrun_error_line(const agentrun_error *err);
AGENTRUN_API size_t agentrun_error_column(const agentrun_error *err);
/** Pipeline step, from 1; 0 when there is none. */
AGENTRUN_API size_t agentrun_error_step(const agentrun_error *err);
/** The tool whose call failed; NULL when there is none. */
AGENTRUN_API const char *agentrun_error_tool(const agentrun_error *err);

/** How many violations a refused patch or job lists. */
AGENTRUN_API size_t agentrun_error_violation_count(const agentrun_error *err);
/** Violation `i` as one line; NULL past the end. */
AGENTRUN_API const char *agentrun_error_violation(const agentrun_error *err,
	size_t i);

/**
 * The `error` member of a result message:
 * `{"type","message","retryable","tool","step","retry_after_ms","violations"}`.
 *
 * @return 0 or AGENTRUN_ENOMEM
 */
AGENTRUN_API int agentrun_error_json(agentrun_buf *out,
	const agentrun_error *err);

AGENTRUN_END_DECLS
#endif
