/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
/*
 * origin - one connection at a time is opened to a server that may share it. A hundred
 * requests that come at once would open a hundred connections, although each of them
 * could carry all the others: libcurl looks only at those that are open.
 *
 * Who opens one closes the gate of its origin; the others wait, for AGR_GATE_MS at the
 * most, until it is open. A server that was seen to speak HTTP/1.1 has no gate. One
 * thread's.
 */
#ifndef AGR_ORIGIN_H
#define AGR_ORIGIN_H

#include "base/base.h"

#define AGR_GATE_MS 300

typedef struct agr_origin {
	struct agr_origin *next;
	char *name;         /* "https://host:port", as it was written */
	const void *opener; /* who has closed the gate; or NULL */
	int64_t until_ms;   /* then it opens by itself (monotonic) */
	int64_t free_ms;    /* until then there is none: the server cannot be reached */
	bool serial;        /* it speaks HTTP/1.1 */
	size_t users;       /* that hold a pointer to it */
} agr_origin;

typedef struct agr_origins {
	agr_origin *first;
	size_t n;
} agr_origins;

void agr_origins_clear(agr_origins *origins);
/* That of an https URL, to be given back with agr_origin_drop(); NULL: it has no gate. */
agr_origin *agr_origin_take(agr_origins *origins, const char *url);
void agr_origin_drop(agr_origin *origin); /* NULL ok */

/* How long to wait, in milliseconds; 0: go. NULL is always open, here and below. */
int64_t agr_origin_wait(const agr_origin *origin, int64_t now_ms);
void agr_origin_close(agr_origin *origin, const void *opener, int64_t now_ms);
/* The opener has a connection, or has not got one (failed). Does nothing for others. */
void agr_origin_open(agr_origin *origin, const void *opener, bool failed, int64_t now_ms);

#endif
