/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
/**
 * @file
 * Bring an HTTP transport. The library's own one is built on libcurl
 * (agentrun_curl_transport_new()); a host that has an HTTP client already, or a
 * test, hands in another with agentrun_ctx_set_transport().
 *
 * A transport is a completion queue: requests go in from any thread, what comes
 * back goes out of poll(), which one thread calls in a loop.
 *
 * A transport enforces the configuration's `http.*` keys itself: which hosts and
 * addresses may be reached, how many redirects are followed. Nobody else looks
 * at the address that is connected to, so a transport that leaves this out lets
 * any prompt reach any host that the program can reach.
 */
#ifndef AGENTRUN_SYS_TRANSPORT_H
#define AGENTRUN_SYS_TRANSPORT_H

#include <agentrun/ctx.h>
#include <agentrun/sys/error.h>

AGENTRUN_BEGIN_DECLS

#define AGENTRUN_TRANSPORT_IMPL_VERSION 2

/** Flags of a request. */
enum {
	/** A redirect is the answer; it is not followed. */
	AGENTRUN_HTTP_NO_REDIRECTS = 1,
	/** The URL is the operator's, not a prompt's: its origin may be at any
	 * address. Where a redirect leads to another origin, the address is judged
	 * as ever. */
	AGENTRUN_HTTP_OPERATOR = 2,
	/** Hand out the body as it arrives, in any number of events. */
	AGENTRUN_HTTP_STREAM = 4
};

/** A piece of a request's body. */
typedef struct agentrun_http_part {
	const char *data;
	size_t len;
	int lasting; /**< it may be borrowed until the request's last event was handed out,
	                  or destroy(); else for the call to submit() */
} agentrun_http_part;

/**
 * One request, made by the library. Borrowed for the call to submit(). Fields
 * are only appended, so a transport reads no further than `struct_size`.
 */
typedef struct agentrun_http_request {
	size_t struct_size; /**< sizeof(agentrun_http_request) */
	uint64_t id;        /**< names the request in events and cancel() */
	const char *method; /**< "GET", ... */
	const char *url;
	const char *const *headers; /**< "Name: value" lines */
	size_t n_headers;
	const char *const *secret_headers; /**< the same, not sent to another origin
	                                        when a redirect leads there */
	size_t n_secret_headers;
	const char *body;   /**< NULL: none */
	size_t body_len;
	int64_t timeout_ms; /**< for all of it, redirects included; 0: none */
	size_t max_response_bytes; /**< decoded; more is AGENTRUN_ELIMIT */
	uint32_t flags;     /**< AGENTRUN_HTTP_... */
	uint32_t reserved;  /**< 0 */
	/** The body in pieces, in place of `body`, for a transport that says that it takes
	 * them (AGENTRUN_TRANSPORT_BODY_PARTS): what many requests have in common need not be
	 * copied for each. */
	const agentrun_http_part *body_parts;
	size_t n_body_parts; /**< 0: `body` is the body, or there is none */
	/* fields above: 0.1 */
} agentrun_http_request;

/**
 * What came back: the answer to a request, or a part of it. One thread's at a
 * time. A request has one event; with AGENTRUN_HTTP_STREAM it may have several,
 * in order, status and headers with the first, and all but the last have
 * `more` set. An event with an error is a request's last.
 */
typedef struct agentrun_http_event agentrun_http_event;

/**
 * An event of the request `id`: status 0, no headers, no body.
 *
 * A transport that makes one when it takes a request cannot run out of memory
 * when the answer comes.
 *
 * @param out yours until poll() hands it out; NULL on failure
 * @return 0, AGENTRUN_ENOMEM
 */
AGENTRUN_API int agentrun_http_event_new(agentrun_http_event **out, uint64_t id,
	agentrun_error **err);
/** Free one that poll() did not hand out. NULL ok. */
AGENTRUN_API void agentrun_http_event_free(agentrun_http_event *event);

/** The final HTTP status. */
AGENTRUN_API void agentrun_http_event_set_status(agentrun_http_event *event,
	int status);
/**
 * Add a line "Name: value" of the answer's headers; a line end is dropped.
 *
 * @return 0, AGENTRUN_ENOMEM (the event is then as it was)
 */
AGENTRUN_API int agentrun_http_event_add_header(agentrun_http_event *event,
	const char *line, size_t len);
/**
 * Append to the body, decoded.
 *
 * @return 0, AGENTRUN_ENOMEM (the event is then as it was)
 */
AGENTRUN_API int agentrun_http_event_append_body(agentrun_http_event *event,
	const char *data, size_t len);
/** 1: the body continues in another event. */
AGENTRUN_API void agentrun_http_event_set_more(agentrun_http_event *event,
	int more);
/**
 * No answer came, or it broke off. AGENTRUN_EPOLICY, _ENETWORK, _ETIMEDOUT,
 * _ELIMIT, _ECANCELLED, _EINPUT (bad URL), _ENOMEM. An earlier error stays.
 *
 * @param take_error owned by the event from now on
 */
AGENTRUN_API void agentrun_http_event_set_error(agentrun_http_event *event,
	agentrun_error *take_error);

/* For a transport that wraps another one, and for tests. */
AGENTRUN_API uint64_t agentrun_http_event_id(const agentrun_http_event *event);
AGENTRUN_API int agentrun_http_event_status(const agentrun_http_event *event);
/** The value of the first header of this name, in any case; lent, or NULL. */
AGENTRUN_API const char *agentrun_http_event_header(
	const agentrun_http_event *event, const char *name);
/** Lent; never NULL. `len` may be NULL. */
AGENTRUN_API const char *agentrun_http_event_body(
	const agentrun_http_event *event, size_t *len);
AGENTRUN_API int agentrun_http_event_has_more(const agentrun_http_event *event);
/** Lent; NULL: an answer came, whatever its status. */
AGENTRUN_API const agentrun_error *agentrun_http_event_error(
	const agentrun_http_event *event);

/** What a transport can do (agentrun_transport_impl.features). */
enum {
	/** It reads agentrun_http_request.body_parts. */
	AGENTRUN_TRANSPORT_BODY_PARTS = 1
};

/** `self` is the transport's private state. */
typedef struct agentrun_transport_impl {
	uint32_t version;     /**< AGENTRUN_TRANSPORT_IMPL_VERSION */
	uint32_t struct_size; /**< sizeof(agentrun_transport_impl) */
	const char *name;     /**< "curl"; copied; appears in messages */
	/** Mandatory. Called once before the first request, again only after it
	 * failed. `config` is lent until destroy(): read it with
	 * agentrun_config_get() and its kin. */
	int (*open)(void *self, const agentrun_config *config,
		agentrun_error **err);
	/** Mandatory. Begin a request; what becomes of it comes from poll(). A flag
	 * that the transport does not know is AGENTRUN_EINVAL. A request that is
	 * refused has no event. Any thread. */
	int (*submit)(void *self, const agentrun_http_request *request,
		agentrun_error **err);
	/** Mandatory. Wait up to `timeout_ms` for events and move up to `max` of
	 * them out; returns how many. Negative, with `*err` set: the transport is
	 * dead. Every request then fails with that error, those to come too, and
	 * nothing but destroy() is called any more. One thread. */
	int (*poll)(void *self, agentrun_http_event **events, size_t max,
		int timeout_ms, agentrun_error **err);
	/** Mandatory. End a request early, with AGENTRUN_ECANCELLED; unknown ids
	 * are ignored. Any thread. */
	void (*cancel)(void *self, uint64_t id);
	/** Mandatory. Make poll() return: one that is blocked, else the next. Any
	 * thread. */
	void (*wakeup)(void *self);
	/** Mandatory. Frees `self`, also one that was never opened; no other call
	 * is running. */
	void (*destroy)(void *self);
	/* members above: version 1 */
	uint32_t features; /**< AGENTRUN_TRANSPORT_... */
	/* members above: version 2 */
} agentrun_transport_impl;

/**
 * Make a context's requests go through this transport, instead of libcurl's.
 * Before the context is shared between threads, and once.
 *
 * @param impl copied
 * @param take_self owned by the context on success: impl->destroy() is called
 *        once, when the context is freed
 * @return 0, AGENTRUN_EINVAL (a mandatory member is missing, or the context has a
 *         transport already), AGENTRUN_ENOMEM
 */
AGENTRUN_API int agentrun_ctx_set_transport(agentrun_ctx *ctx,
	const agentrun_transport_impl *impl, void *take_self, agentrun_error **err);

/**
 * The transport on libcurl: HTTP/1.1 and HTTP/2 over shared connections, TLS
 * verified, redirects followed for http and https only, no proxies from the
 * environment. It reaches only addresses that the configuration's `http.*` keys
 * let it, judged on the address it connects to. A context without another
 * transport makes one by itself.
 *
 * With more than 64 requests under way it looks at its connections only every few
 * milliseconds (10 at the most, from a thousand requests on), which is much cheaper: an
 * answer, a request or a cancellation may wait so long.
 *
 * @param impl static
 * @param self yours: give it away or call (*impl)->destroy(); NULL on failure
 * @return 0, AGENTRUN_EINTERNAL (libcurl does not start), AGENTRUN_ENOMEM
 */
AGENTRUN_API int agentrun_curl_transport_new(const agentrun_transport_impl **impl,
	void **self, agentrun_error **err);

AGENTRUN_END_DECLS
#endif
