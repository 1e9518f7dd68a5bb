/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
/*
 * http - one HTTP client a context: a transport (sys/transport.h) and the thread
 * that polls it. Every request of every job goes through it; nobody else blocks
 * on the network.
 *
 * This file knows no libcurl. The library's own transport does, and it alone:
 *
 *     transport_curl.c  what comes in, what waits, what goes out
 *     transfer.c        one request on its way
 *     loop.c            libcurl and epoll
 *     origin.c          who may open a connection
 *     pieces.c          a body that is sent
 */
#ifndef AGR_HTTP_H
#define AGR_HTTP_H

#include "net/event.h"

typedef struct agr_http agr_http;

/* `impl` is the transport's, open already; it stays the caller's. */
int agr_http_new(agr_http **out, const agentrun_transport_impl *impl, void *self,
	agentrun_error **err);
/* Cancels what runs (its callbacks are called), joins the thread. NULL ok. */
void agr_http_free(agr_http *http);

/* Called on the client's thread with each event of a request, once unless it is
 * a stream; `take_event` is the callee's. Must be quick. */
typedef void (*agr_http_event_fn)(void *user, agentrun_http_event *take_event);

/* Begin a request; `request->id` is set here, and given in `*id` (NULL ok). On
 * failure `on_event` is not called. */
int agr_http_start(agr_http *http, agentrun_http_request *request,
	agr_http_event_fn on_event, void *user, uint64_t *id, agentrun_error **err);
/* The same of one that may be a stream (AGENTRUN_HTTP_STREAM): `*in_parts` says whether it
 * is, before the first event comes. A transport may know none: then the answer comes whole. */
int agr_http_start_parts(agr_http *http, agentrun_http_request *request, bool *in_parts,
	agr_http_event_fn on_event, void *user, uint64_t *id, agentrun_error **err);
void agr_http_cancel(agr_http *http, uint64_t id);

/* Begin a request (no stream) and wait for it. On 0 the answer is the caller's to
 * free; otherwise its error was raised. */
int agr_http_fetch(agr_http *http, agentrun_http_request *request,
	agentrun_http_event **answer, agentrun_error **err);

#endif
