/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
/**
 * @file
 * Bring a tool: something of the application's that a model may call while it works on
 * a job. Register it on a context; it is then offered, with its description and the
 * schema of its parameters, beside the library's own tools.
 *
 * A tool runs on a thread of the engine's, which it occupies until it returns: what
 * waits for long is better a service that openapi_action calls.
 */
#ifndef AGENTRUN_SYS_TOOL_H
#define AGENTRUN_SYS_TOOL_H

#include <agentrun/intent.h>
#include <agentrun/sys/error.h>

AGENTRUN_BEGIN_DECLS

#define AGENTRUN_TOOL_IMPL_VERSION 2

/** Of agentrun_tool_impl.flags. */
enum {
	/** It changes nothing: a job that is run again calls it again. The result of a
	 * tool without this is noted in the job's journal, where its queue has one, and
	 * taken from there. */
	AGENTRUN_TOOL_PURE = 1
};

/** Who calls. Made by the library, borrowed for the call. Fields are only appended:
 * read no further than `struct_size`. */
typedef struct agentrun_tool_call {
	size_t struct_size;  /**< sizeof(agentrun_tool_call) */
	const char *job_id;
	const char *call_id; /**< of the call within its job: the same when it is repeated */
	const char *workflow_tag;   /**< NULL: the job names none */
	const char *workflow_owner; /**< likewise */
	const char *arguments; /**< JSON that meets `parameters`; ends in NUL */
	size_t arguments_len;
	/* fields above: 0.1 */
} agentrun_tool_call;

/** Several threads may call at once. */
typedef struct agentrun_tool_impl {
	uint32_t version;        /**< AGENTRUN_TOOL_IMPL_VERSION */
	uint32_t struct_size;    /**< sizeof(agentrun_tool_impl) */
	const char *name;        /**< 1 to 64 of A-Z a-z 0-9 _ -; copied */
	const char *description; /**< what it does and when to use it, for a model; copied */
	const char *parameters;  /**< JSON Schema of an object; NULL: it takes none; copied */
	int lane; /**< AGENTRUN_LANE_EXECUTE or _PATCH: offered when the prompt is of that
	               lane; _UNCLEAR: always */
	/**
	 * Mandatory. Do it and append the result, a JSON value. A negative code with an
	 * error is told to the model, which may try otherwise; so mind what the message
	 * gives away.
	 */
	int (*call)(void *self, agentrun_buf *result, const agentrun_tool_call *call,
		agentrun_error **err);
	/** Optional. Frees `self`. */
	void (*destroy)(void *self);
	/* members above: version 1 */
	uint32_t flags;    /**< AGENTRUN_TOOL_... */
	uint32_t reserved; /**< 0 */
	/* members above: version 2 */
} agentrun_tool_impl;

/**
 * Register a tool on a context, before the context is shared between threads.
 *
 * @param impl copied
 * @param take_self owned by the context on success
 * @return 0, AGENTRUN_EINVAL (incomplete, the schema is no JSON object, or the name is
 *         taken), AGENTRUN_ENOMEM
 */
AGENTRUN_API int agentrun_ctx_add_tool(agentrun_ctx *ctx,
	const agentrun_tool_impl *impl, void *take_self, agentrun_error **err);

AGENTRUN_END_DECLS
#endif
