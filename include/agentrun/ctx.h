/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
/**
 * @file
 * The context: configuration, log handler and the HTTP transport that the calls
 * of a program share. Make one, use it from any number of threads, free it
 * last. Two contexts share nothing.
 *
 * Requests are made by libcurl unless the program brings another transport, see
 * agentrun_ctx_set_transport() in agentrun/sys/transport.h.
 */
#ifndef AGENTRUN_CTX_H
#define AGENTRUN_CTX_H

#include <agentrun/config.h>
#include <agentrun/error.h>

AGENTRUN_BEGIN_DECLS

typedef struct agentrun_ctx agentrun_ctx;

enum {
	AGENTRUN_LOG_DEBUG = 0,
	AGENTRUN_LOG_INFO = 1,
	AGENTRUN_LOG_WARN = 2,
	AGENTRUN_LOG_ERROR = 3,
	AGENTRUN_LOG_OFF = 4
};

/**
 * Something that happened. Text is lent for the call, without newlines, its control
 * characters escaped. Made by the library: read no further than `struct_size`.
 */
typedef struct agentrun_log_event {
	size_t struct_size;  /**< sizeof(agentrun_log_event) */
	int level;           /**< AGENTRUN_LOG_... */
	const char *subject; /**< "worker", "llm", ... */
	const char *message; /**< one line for a person */
	const char *job_id;  /**< the job that it is about, or NULL */
	const char *run_id;  /**< that job's run, or NULL */
	/* fields above: 0.1 */
} agentrun_log_event;

/**
 * Takes one event. May be called on any thread, several at once; must not call back
 * into the library.
 */
typedef void (*agentrun_log_fn)(void *user, const agentrun_log_event *event);

/** Fields are only ever appended. */
typedef struct agentrun_ctx_options {
	size_t struct_size; /**< set by agentrun_ctx_options_init() */
	const agentrun_config *config; /**< copied; NULL: the defaults */
	agentrun_log_fn log;           /**< NULL: no logs */
	void *log_user;
	int log_level;                 /**< least level that is logged; init: INFO */
	uint32_t reserved;             /**< 0 */
	/* fields above: 0.1 */
} agentrun_ctx_options;

AGENTRUN_API void agentrun_ctx_options_init(agentrun_ctx_options *opts,
	size_t struct_size);

/**
 * @param out  new context, free with agentrun_ctx_free(); NULL on failure
 * @param opts NULL for defaults
 * @return 0, AGENTRUN_EINVAL, AGENTRUN_ENOMEM
 */
AGENTRUN_API int agentrun_ctx_new(agentrun_ctx **out,
	const agentrun_ctx_options *opts, agentrun_error **err);

/** No call on the context may be running. NULL ok. */
AGENTRUN_API void agentrun_ctx_free(agentrun_ctx *ctx);

/** The context's configuration; lent until the context is freed. */
AGENTRUN_API const agentrun_config *agentrun_ctx_config(const agentrun_ctx *ctx);

AGENTRUN_END_DECLS
#endif
