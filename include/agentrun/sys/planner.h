/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
/**
 * @file
 * Bring a planner: something that turns a prompt into tool calls. Register it on
 * a context, then name it in agentrun_plan_options.planner or
 * agentrun_engine_options.planner.
 *
 * A planner computes only: it waits for nothing and does no I/O, because it runs
 * on a thread of the engine's. What asks a model over the network is a provider.
 */
#ifndef AGENTRUN_SYS_PLANNER_H
#define AGENTRUN_SYS_PLANNER_H

#include <agentrun/plan.h>
#include <agentrun/sys/error.h>

AGENTRUN_BEGIN_DECLS

#define AGENTRUN_PLANNER_IMPL_VERSION 1

/** Several threads may call at once. */
typedef struct agentrun_planner_impl {
	uint32_t version;     /**< AGENTRUN_PLANNER_IMPL_VERSION */
	uint32_t struct_size; /**< sizeof(agentrun_planner_impl) */
	const char *name;     /**< what `planner` names; copied */
	/**
	 * Mandatory. Answer with JSON, an object:
	 * `{"tool_calls":[{"id","function":{"name","arguments"}}],"message",
	 * "model","tokens_used","cache_hit","finish_reason"}`; `arguments` is JSON
	 * text, an id may be left out. `opts` is in this library's layout.
	 */
	int (*plan)(void *self, agentrun_buf *answer, const char *text, size_t len,
		const agentrun_plan_options *opts, agentrun_error **err);
	/** Optional. Frees `self`. */
	void (*destroy)(void *self);
	/* members above: version 1 */
} agentrun_planner_impl;

/**
 * Register a planner on a context, before the context is shared between threads.
 *
 * @param impl copied
 * @param take_self owned by the context on success
 * @return 0, AGENTRUN_EINVAL (incomplete, or the name is taken), AGENTRUN_ENOMEM
 */
AGENTRUN_API int agentrun_ctx_add_planner(agentrun_ctx *ctx,
	const agentrun_planner_impl *impl, void *take_self, agentrun_error **err);

AGENTRUN_END_DECLS
#endif
