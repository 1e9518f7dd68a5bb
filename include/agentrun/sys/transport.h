/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
/**
 * @file
 * Bring an HTTP transport. The library's own one is built on libcurl
 * (agentrun_curl_transport_open()); a host that has an HTTP client already, or a
 * test, sets `transport_open` in the context's options.
 *
 * A transport is a completion queue: requests go in from any thread, answers
 * come out of poll(), which one thread calls in a loop.
 */
#ifndef AGENTRUN_SYS_TRANSPORT_H
#define AGENTRUN_SYS_TRANSPORT_H

#include <agentrun/ctx.h>

AGENTRUN_BEGIN_DECLS

#define AGENTRUN_TRANSPORT_IMPL_VERSION 1

/** One request. Borrowed for the call to submit(). Fields are only appended. */
typedef struct agentrun_http_request {
	size_t struct_size; /**< sizeof(agentrun_http_request) */
	uint64_t id;        /**< names the request in completions and cancel() */
	const char *method; /**< "GET", ... */
	const char *url;
	const char *const *headers; /**< "Name: value" lines */
	size_t n_headers;
	const char *const *secret_headers; /**< the same, not sent to another origin
	                                        when a redirect leads there */
	size_t n_secret_headers;
	const char *body;   /**< NULL: none */
	size_t body_len;
	int64_t timeout_ms; /**< for all of it, redirects included; > 0 */
	size_t max_response_bytes; /**< decoded; more is AGENTRUN_ELIMIT */
	/* fields above: 0.1 */
} agentrun_http_request;

/** One answer; the receiver owns `body` and `error`. Fields are only appended. */
typedef struct agentrun_http_completion {
	size_t struct_size; /**< sizeof(agentrun_http_completion) */
	uint64_t id;
	int status;           /**< final HTTP status; 0 when `error` is set */
	agentrun_buf body;    /**< decoded */
	agentrun_error *error; /**< NULL: an answer came, whatever its status.
		AGENTRUN_EPOLICY, _ENETWORK, _ETIMEDOUT, _ELIMIT, _ECANCELLED, _EINPUT
		(bad URL), _ENOMEM */
	/* fields above: 0.1 */
} agentrun_http_completion;

typedef struct agentrun_transport_impl {
	uint32_t version;     /**< AGENTRUN_TRANSPORT_IMPL_VERSION */
	uint32_t struct_size; /**< sizeof(agentrun_transport_impl) */
	const char *name;     /**< static */
	/** Mandatory. Begin a request; its completion comes from poll(). Any
	 * thread. */
	int (*submit)(void *self, const agentrun_http_request *request,
		agentrun_error **err);
	/** Mandatory. Wait up to `timeout_ms` for completions and move up to `max`
	 * of them out; returns how many. One thread. */
	int (*poll)(void *self, agentrun_http_completion *out, size_t max,
		int timeout_ms, agentrun_error **err);
	/** Mandatory. End a request early, with AGENTRUN_ECANCELLED; unknown ids
	 * are ignored. Any thread. */
	void (*cancel)(void *self, uint64_t id);
	/** Mandatory. Make a blocked poll() return. Any thread. */
	void (*wakeup)(void *self);
	/** Mandatory. Frees `self`; no other call is running. */
	void (*destroy)(void *self);
	/* members above: version 1 */
} agentrun_transport_impl;

/**
 * The transport on libcurl: HTTP/1.1 and HTTP/2 over shared connections, TLS
 * verified, redirects followed for http and https only, no proxies from the
 * environment. It reaches only addresses that the configuration's `http.*` keys
 * let it, judged on the address it connects to. An
 * agentrun_transport_open_fn; `user` is unused.
 */
AGENTRUN_API int agentrun_curl_transport_open(void *user,
	agentrun_transport_impl *impl, void **self, const agentrun_config *config,
	agentrun_error **err);

AGENTRUN_END_DECLS
#endif
