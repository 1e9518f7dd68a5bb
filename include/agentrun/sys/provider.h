/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
/**
 * @file
 * Bring a provider: a model behind an HTTP API of its own. Register it on a
 * context, then name it in `llm.provider`, in agentrun_plan_options.planner or in
 * agentrun_engine_options.planner, as "openai", "anthropic" and "gemini" are.
 *
 * A provider is a pure codec: it turns a conversation into the bytes of a request
 * and the bytes of an answer into what the model said. It does no I/O. Sending,
 * retries, back-off, deadlines, limits, budgets and the loop over tool calls are
 * the library's, and the same for every provider.
 *
 * A conversation is a JSON object:
 *
 *     {"system":[{"text","stable":true},…],
 *      "messages":[{"role":"user","text"},
 *                  {"role":"assistant","text","calls":[{"id","name","arguments"}],
 *                   "own":<what decode() gave as "own", or absent>},
 *                  {"role":"tool","results":[{"id","name","content","is_error"}]}],
 *      "tools":[{"name","description","parameters":<JSON Schema>}],
 *      "tool_choice":"auto"|"none"|"required","one_call":false,
 *      "temperature","max_tokens"}
 *
 * `arguments` is JSON text, in both directions: what came is handed on byte for
 * byte. A system text that is `stable` is the same in every conversation about
 * the same workflow, so that a provider may be told to keep it.
 *
 * An answer is a JSON object; all members may be left out:
 *
 *     {"text","refusal","calls":[{"id","name","arguments"}],
 *      "end":"stop"|"tool_calls"|"length"|"content_filter"|"refusal",
 *      "finish_reason":"<the provider's own word>","model",
 *      "usage":{"input","output","cached","total"},"own":<anything>}
 *
 * `usage.input` includes what was cached. `own` comes back unchanged with the
 * next request: what the provider wants to see again, such as signed thoughts.
 */
#ifndef AGENTRUN_SYS_PROVIDER_H
#define AGENTRUN_SYS_PROVIDER_H

#include <agentrun/ctx.h>
#include <agentrun/sys/error.h>

AGENTRUN_BEGIN_DECLS

#define AGENTRUN_PROVIDER_IMPL_VERSION 1

/** What is to be sent. Made by the library, borrowed for the call. Fields are only
 * appended: read no further than `struct_size`. */
typedef struct agentrun_provider_call {
	size_t struct_size;       /**< sizeof(agentrun_provider_call) */
	const char *base_url;     /**< without a slash at its end */
	const char *model;
	const char *api_key;      /**< NULL: none is configured */
	const char *conversation; /**< JSON, as above */
	size_t conversation_len;
	/* fields above: 0.1 */
} agentrun_provider_call;

/** The POST request that it becomes: append to the buffers, which are the
 * library's. A header line is "Name: value" and a newline. */
typedef struct agentrun_provider_request {
	size_t struct_size;          /**< sizeof(agentrun_provider_request) */
	agentrun_buf url;
	agentrun_buf headers;        /**< Content-Type is there already, as JSON */
	agentrun_buf secret_headers; /**< those that carry a key */
	agentrun_buf body;
	/* fields above: 0.1 */
} agentrun_provider_request;

/** Several threads may call at once. */
typedef struct agentrun_provider_impl {
	uint32_t version;     /**< AGENTRUN_PROVIDER_IMPL_VERSION */
	uint32_t struct_size; /**< sizeof(agentrun_provider_impl) */
	const char *name;     /**< what `planner` and `llm.provider` name; copied */
	const char *base_url; /**< where nothing is configured, or NULL; copied */
	const char *model;    /**< likewise */
	/** Mandatory. Write the request. 0 or a negative code. */
	int (*encode)(void *self, agentrun_provider_request *request,
		const agentrun_provider_call *call, agentrun_error **err);
	/**
	 * Mandatory. Read the body of an answer of status 200 to 299 and append the
	 * answer's JSON; AGENTRUN_ELLM where it is none. Other statuses are the
	 * library's to judge.
	 */
	int (*decode)(void *self, agentrun_buf *answer, const char *body, size_t len,
		agentrun_error **err);
	/** Optional. Frees `self`. */
	void (*destroy)(void *self);
	/* members above: version 1 */
} agentrun_provider_impl;

/**
 * Register a provider on a context, before the context is shared between threads.
 * Its keys are `llm.providers.NAME.api_key` and so on, else `llm.api_key`.
 *
 * @param impl copied
 * @param take_self owned by the context on success
 * @return 0, AGENTRUN_EINVAL (incomplete, or the name is taken), AGENTRUN_ENOMEM
 */
AGENTRUN_API int agentrun_ctx_add_provider(agentrun_ctx *ctx,
	const agentrun_provider_impl *impl, void *take_self, agentrun_error **err);

AGENTRUN_END_DECLS
#endif
