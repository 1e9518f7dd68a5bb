/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
/*
 * transfer - one request on its way through libcurl, redirects included: what it sends,
 * what comes back, where it may go. transport_curl.c's alone. Redirects are followed here,
 * not by libcurl, so that each one's host is judged as it is written; addresses are judged
 * where the socket is opened, after DNS, and once more before a request is sent on a
 * connection that somebody else opened.
 */
#ifndef AGR_TRANSFER_H
#define AGR_TRANSFER_H

#include <curl/curl.h>

#include "net/event.h"
#include "net/origin.h"
#include "net/pieces.h"

typedef struct agr_transfer {
	struct agr_transfer *next; /* of `incoming`, `waiting` or `running` */
	struct agr_transfer *prev; /* of `running` */
	struct agr_transfer *next_fresh;
	struct agr_transfer **fresh; /* list of the streams that have something to hand out */
	struct agr_transfer *next_unsent;
	struct agr_transfer **unsent; /* list of those that have one that is `joined` */
	uint64_t id;
	CURL *easy; /* once it was started */
	struct curl_slist *plain, *secrets; /* secrets stay with the first origin */
	struct curl_slist *last_plain;
	char *method, *url, *host;
	agr_pieces body;
	char *joined; /* the body as one, while it is being sent; or NULL */
	bool has_body;
	agr_origin *origin; /* while it is on its way to a connection, and after; or NULL */
	uint32_t flags;
	agentrun_http_event *event; /* the answer; there from the start */
	size_t received, max_bytes;
	int broken; /* why we broke off: AGENTRUN_ELIMIT, _ENOMEM; 0: we did not */
	int64_t deadline_ms;
	long redirects_left;
	const agentrun_config *config;
	bool trusted, blocked, cancelled;
	bool headed;  /* the answer's headers came to their end */
	bool strayed; /* a redirect led to another origin */
	char fault[CURL_ERROR_SIZE];
} agr_transfer;

/* From a request that was read and checked; not started. `take_host`: what agr_transfer_host()
 * told of another with the same url; or NULL. Taken in any case. */
int agr_transfer_new(agr_transfer **out, const agentrun_config *config,
	const agentrun_http_request *request, char *take_host, agentrun_error **err);
/* The host of a url that is good for whoever operates this; NULL: another configuration, or
 * request, might say otherwise. */
const char *agr_transfer_host(const agr_transfer *t);
void agr_transfer_free(agr_transfer *t); /* NULL ok */

/* Does it use a handle with a small buffer? */
bool agr_transfer_is_small(const agr_transfer *t);
/* Of a new handle: what is the same for every request. */
CURLcode agr_transfer_prepare(CURL *easy, const agentrun_config *config, bool small);
/* Of t->easy, which was prepared: what is this hop's. */
CURLcode agr_transfer_set_up(agr_transfer *t);

bool agr_transfer_is_redirect(const agr_transfer *t, long status);
/* An answer came: 1, it is to be started once more, with another URL; 0, it is the final
 * one; or why the redirect is refused. */
int agr_transfer_follow(agr_transfer *t, long status, agentrun_error **err);

/* It is in the list of streams that have something to hand out no longer. */
void agr_transfer_forget_fresh(agr_transfer *t);
/* What was sent is not kept while the answer is waited for. */
void agr_transfers_drop_sent(agr_transfer **unsent);
/* It is no longer among those, whatever was sent of it. */
void agr_transfer_forget_unsent(agr_transfer *t);

#endif
