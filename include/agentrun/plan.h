/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
/**
 * @file
 * Plan a prompt: ask a planner once for the tool calls that answer it.
 * Nothing is run.
 *
 * The built-in planner is deterministic and works offline. It never guesses: a
 * plan says which words of the prompt it used and which it left out, and one
 * content word that it did not understand makes the answer `unclear` - a plan
 * without calls whose message says what was not understood.
 */
#ifndef AGENTRUN_PLAN_H
#define AGENTRUN_PLAN_H

#include <agentrun/ctx.h>

AGENTRUN_BEGIN_DECLS

/** The tool calls that answer a prompt. Immutable. */
typedef struct agentrun_plan_result agentrun_plan_result;

/** Fields are only ever appended. All text is borrowed for the call. */
typedef struct agentrun_plan_options {
	size_t struct_size; /**< set by agentrun_plan_options_init() */
	const char *planner;  /**< NULL: "auto"; else "builtin", "openai", ... */
	const char *workflow; /**< JSON of the current workflow, or NULL */
	size_t workflow_len;
	const char *context;  /**< JSON object, a job's `context`, or NULL */
	size_t context_len;
	const char *input;    /**< rows (JSON, NDJSON or CSV), or NULL */
	size_t input_len;
	const char *workflow_tag;   /**< passed on to patch_workflow, or NULL */
	const char *workflow_owner; /**< likewise */
	const char *node_id;  /**< the workflow node that asks, or NULL */
	int lane;             /**< AGENTRUN_LANE_...: only that lane's tools; 0: any */
	uint32_t reserved;    /**< 0 */
	/* fields above: 0.1 */
} agentrun_plan_options;

AGENTRUN_API void agentrun_plan_options_init(agentrun_plan_options *opts,
	size_t struct_size);

/**
 * Turn a prompt into a plan. With the built-in planner it never blocks; with a
 * provider it waits for the model's answer.
 *
 * @param out  new plan, free with agentrun_plan_result_free(); NULL on failure
 * @param ctx  several threads may share one
 * @param text borrowed, `len` bytes, no NUL needed
 * @param opts NULL for defaults
 * @param err  may be NULL; on failure an error you free
 * @return 0 (also when the answer is `unclear`), AGENTRUN_EINVAL (no context, wrong
 *         options, or no planner of that name), AGENTRUN_ECONFIG (`llm.provider` names none),
 *         AGENTRUN_EINPUT (the prompt is not UTF-8, the rows are none),
 *         AGENTRUN_ELIMIT, AGENTRUN_EPATCH (the workflow is no JSON),
 *         AGENTRUN_ELLM (the provider's fault, or an answer of no use),
 *         AGENTRUN_EPROVIDER (it could not be reached), AGENTRUN_ENOMEM
 */
AGENTRUN_API int agentrun_plan(agentrun_plan_result **out, agentrun_ctx *ctx,
	const char *text, size_t len, const agentrun_plan_options *opts,
	agentrun_error **err);
AGENTRUN_API void agentrun_plan_result_free(
	agentrun_plan_result *plan); /**< NULL ok */

/** How many tools are called; 0 when the answer is `unclear`. */
AGENTRUN_API size_t agentrun_plan_result_call_count(
	const agentrun_plan_result *plan);
/** Id, tool name and argument text (JSON) of call `i`; lent, NULL past the end.
 * `len` may be NULL. */
AGENTRUN_API const char *agentrun_plan_result_call_id(
	const agentrun_plan_result *plan, size_t i);
AGENTRUN_API const char *agentrun_plan_result_call_name(
	const agentrun_plan_result *plan, size_t i);
AGENTRUN_API const char *agentrun_plan_result_call_arguments(
	const agentrun_plan_result *plan, size_t i, size_t *len);
/** What the planner says to a person; lent, never NULL. */
AGENTRUN_API const char *agentrun_plan_result_message(
	const agentrun_plan_result *plan);
/** "tool_calls", "unclear", or what a provider reported; lent. */
AGENTRUN_API const char *agentrun_plan_result_finish_reason(
	const agentrun_plan_result *plan);
/** The model that answered, "builtin" for the built-in planner; lent. */
AGENTRUN_API const char *agentrun_plan_result_model(
	const agentrun_plan_result *plan);
AGENTRUN_API int64_t agentrun_plan_result_tokens_used(
	const agentrun_plan_result *plan);
/** What `agentrun plan` prints, as one line of JSON without a newline. */
AGENTRUN_API int agentrun_plan_result_json(agentrun_buf *out,
	const agentrun_plan_result *plan);

AGENTRUN_END_DECLS
#endif
