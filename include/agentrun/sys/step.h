/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
/**
 * @file
 * Bring a pipeline step: something that takes rows one by one and hands others on.
 * Register it on a context; every pipeline that the context runs may then name it.
 */
#ifndef AGENTRUN_SYS_STEP_H
#define AGENTRUN_SYS_STEP_H

#include <agentrun/ctx.h>
#include <agentrun/sys/error.h>

AGENTRUN_BEGIN_DECLS

#define AGENTRUN_STEP_IMPL_VERSION 1

/** What push() returns, and gets, when no more rows are wanted. */
#define AGENTRUN_STEP_ENOUGH 1

/**
 * Hand a row on, any JSON value; the text is borrowed for the call.
 *
 * @param to as it was handed in
 * @return 0, AGENTRUN_STEP_ENOUGH, or a negative code, to be returned as it is
 */
typedef int (*agentrun_step_emit_fn)(void *to, const char *row, size_t len,
	agentrun_error **err);

/**
 * A plan is one step of one pipeline: immutable, used by several threads at once. A
 * run is that step at work on one input, by one thread at a time. Functions return 0
 * or a negative code, with an error made by agentrun_error_raise().
 */
typedef struct agentrun_step_impl {
	uint32_t version;     /**< AGENTRUN_STEP_IMPL_VERSION */
	uint32_t struct_size; /**< sizeof(agentrun_step_impl) */
	const char *name;     /**< what "step" names; static */
	const char *summary;  /**< one line, or NULL; static */
	/** JSON Schema of the step's object, or NULL; static. What it refuses does not
	 *  reach compile(). Of the draft-07 keywords those that describe data work. */
	const char *parameters;
	/** Optional. Read the parameters: `args` is the step's object,
	 *  {"step":NAME,...}. *plan is NULL without it. */
	int (*compile)(void *self, const char *args, size_t len, void **plan,
		agentrun_error **err);
	/** Optional. Also for what a failing compile() left. */
	void (*plan_free)(void *self, void *plan);
	/** Optional. Begin; *run is NULL without it. */
	int (*new_run)(void *self, void *plan, void **run, agentrun_error **err);
	/** Mandatory. Take a row: compact JSON that ends in NUL, borrowed. Hand on none,
	 *  one or many. */
	int (*push)(void *self, void *plan, void *run, const char *row, size_t len,
		agentrun_step_emit_fn emit, void *to, agentrun_error **err);
	/** Optional. No more rows come; some may still be handed on. */
	int (*finish)(void *self, void *plan, void *run, agentrun_step_emit_fn emit,
		void *to, agentrun_error **err);
	/** Optional. Also for what a failing new_run() left, and without finish(). */
	void (*run_free)(void *self, void *run);
	/** Optional. Frees `self`. */
	void (*destroy)(void *self);
	/* members above: version 1 */
} agentrun_step_impl;

/**
 * Register a step on a context, before the context is shared between threads.
 *
 * @param impl copied
 * @param take_self owned by the context on success
 * @return 0, AGENTRUN_EINVAL (incomplete, the schema is no JSON object, or the name is
 *         taken), AGENTRUN_ENOMEM
 */
AGENTRUN_API int agentrun_ctx_add_step(agentrun_ctx *ctx,
	const agentrun_step_impl *impl, void *take_self, agentrun_error **err);

AGENTRUN_END_DECLS
#endif
