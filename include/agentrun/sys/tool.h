/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
/**
 * @file
 * Bring a tool: something of the application's that a model may call while it works on
 * a job. Register it on a context; it is then offered, with its description and the
 * schema of its parameters, beside the library's own tools.
 *
 * What computes has a call(), on a thread of the engine's, which it occupies until it
 * returns. What waits - for the network, for a person - has a start(), which occupies none:
 * its result is told with agentrun_tool_finish() when it is there.
 */
#ifndef AGENTRUN_SYS_TOOL_H
#define AGENTRUN_SYS_TOOL_H

#include <agentrun/intent.h>
#include <agentrun/sys/error.h>

AGENTRUN_BEGIN_DECLS

#define AGENTRUN_TOOL_IMPL_VERSION 3

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

/** A call that was started and whose result is to come. */
typedef struct agentrun_tool_pending agentrun_tool_pending;

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
	 * Mandatory, unless there is a start(). Do it and append the result, a JSON value.
	 * A negative code with an error is told to the model, which may try otherwise; so
	 * mind what the message gives away.
	 */
	int (*call)(void *self, agentrun_buf *result, const agentrun_tool_call *call,
		agentrun_error **err);
	/** Optional. Frees `self`. */
	void (*destroy)(void *self);
	/* members above: version 1 */
	uint32_t flags;    /**< AGENTRUN_TOOL_... */
	uint32_t reserved; /**< 0 */
	/* members above: version 2 */
	/**
	 * Optional, in place of call(). Begin it and return 0, soon; then end it with
	 * agentrun_tool_finish(), once, on any thread, now or later. `call` is borrowed
	 * until start() returns. A negative code with an error: it did not begin, and
	 * `pending` is gone.
	 */
	int (*start)(void *self, agentrun_tool_pending *pending,
		const agentrun_tool_call *call, agentrun_error **err);
	/**
	 * Optional, with start(). The job waits no longer: it was cancelled, or its time is
	 * over. `pending` only names the call here; it is still to be finished, unless that
	 * was done meanwhile by another thread. Return soon.
	 */
	void (*cancel)(void *self, const agentrun_tool_pending *pending);
	/* members above: version 3 */
} agentrun_tool_impl;

/**
 * End a call that was started: its job goes on. Any thread, also before start() has
 * returned, also where the job waits no longer or its engine is gone.
 *
 * @param take_pending gone afterwards
 * @param result       a JSON value, copied; not looked at where there is an error
 * @param take_error   why it failed, as call() would tell it, or NULL
 */
AGENTRUN_API void agentrun_tool_finish(agentrun_tool_pending *take_pending,
	const char *result, size_t len, agentrun_error *take_error);

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
