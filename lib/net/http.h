/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
/*
 * http - one HTTP client a context: a transport (sys/transport.h) and the thread
 * that polls it. Every request of every job goes through it; nobody else blocks
 * on the network.
 *
 * This file knows no libcurl: transport_curl.c, the library's own transport, is its sole
 * user.
 */
#ifndef AGR_HTTP_H
#define AGR_HTTP_H

#include <agentrun/sys/transport.h>

#include "base/base.h"

typedef struct agr_http agr_http;

int agr_http_new(agr_http **out, agentrun_transport_open_fn open, void *user,
	const agentrun_config *config, agentrun_error **err);
/* Cancels what runs (its callbacks are called), joins the thread. NULL ok. */
void agr_http_free(agr_http *http);

/* Called once a request, on the client's thread; `answer` is the callee's. Must
 * be quick. */
typedef void (*agr_http_done_fn)(void *user, agentrun_http_completion *answer);

/* Begin a request; `request->id` is set here, and given in `*id` (NULL ok). On
 * failure `done` is not called. */
int agr_http_start(agr_http *http, agentrun_http_request *request,
	agr_http_done_fn done, void *user, uint64_t *id, agentrun_error **err);
void agr_http_cancel(agr_http *http, uint64_t id);

/* Begin a request and wait for it. On 0 the answer is the caller's to release
 * (body), with its status; otherwise its error was raised. */
int agr_http_fetch(agr_http *http, agentrun_http_request *request, int *status,
	agentrun_buf *body, agentrun_error **err);

#endif
