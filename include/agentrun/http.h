/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
/**
 * @file
 * The HTTP endpoints of a worker (libagentrun-http, on libmicrohttpd):
 *
 *     GET  /health      {"status":"ok","service","workers","running"}; 503 and
 *                       "draining" while the worker stops
 *     GET  /ready       200 when queue and store can be reached, else 503
 *     GET  /metrics     Prometheus' text format
 *     POST /quiet       take no more jobs
 *     POST /resume      take jobs again
 *     POST /test/chat   one whole job, its result message: ?prompt= (or ?task=),
 *                       or a JSON body, a job message
 *
 * The POST endpoints want `Authorization: Bearer TOKEN` when the address that is
 * listened on is not of the loopback; without a token they are closed there.
 */
#ifndef AGENTRUN_HTTP_H
#define AGENTRUN_HTTP_H

#include <agentrun/worker.h>

AGENTRUN_BEGIN_DECLS

typedef struct agentrun_http_server agentrun_http_server;

/** Text is borrowed for the call. Fields are only ever appended. */
typedef struct agentrun_http_server_options {
	size_t struct_size; /**< set by agentrun_http_server_options_init() */
	const char *host;   /**< an address, or "localhost"; NULL: `service.host` */
	const char *token;  /**< NULL: `service.auth_token` */
	int port;           /**< 0: any free one; init: -1, `service.port` */
	uint32_t max_connections; /**< at once, more are closed; init: 64 */
	size_t max_body_bytes; /**< of a request, more is 413; init: 16 MiB */
	/* fields above: 0.1 */
} agentrun_http_server_options;

AGENTRUN_API void agentrun_http_server_options_init(agentrun_http_server_options *opts,
	size_t struct_size);

/**
 * Listen, and answer on threads of its own. They take every signal that the caller's
 * thread takes: block signals first.
 *
 * @param ctx    its configuration says what the options do not; borrowed
 * @param worker borrowed for the server's life
 * @return 0, AGENTRUN_EINVAL, AGENTRUN_EBACKEND (the port is taken, there is no
 *         such address), AGENTRUN_ENOMEM
 */
AGENTRUN_API int agentrun_http_server_new(agentrun_http_server **out,
	agentrun_ctx *ctx, agentrun_worker *worker,
	const agentrun_http_server_options *opts, agentrun_error **err);
/** The port that is listened on. */
AGENTRUN_API int agentrun_http_server_port(const agentrun_http_server *server);
/** Stop listening, wait for what is being answered. NULL ok. */
AGENTRUN_API void agentrun_http_server_free(agentrun_http_server *server);

AGENTRUN_END_DECLS
#endif
