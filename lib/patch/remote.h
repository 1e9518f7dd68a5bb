/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
/*
 * remote - a schema that is fetched from an address. It is kept with its ETag and is
 * asked for again when it is no longer fresh (net/fresh.h); who wants it then waits, all
 * for the same request. What was there stands until something better came: where asking
 * again fails, that is logged, and jobs go on by the schema that is there. Without any,
 * nothing is applied.
 *
 * Any thread. The answer is read by one that waited for it, not on the HTTP client's.
 */
#ifndef AGR_REMOTE_H
#define AGR_REMOTE_H

#include <agentrun/ctx.h>

#include "patch/rules.h"

typedef struct agr_remote agr_remote;

enum { AGR_RULES_COMING = 1 };

/* Who waits, zero at first. `ready` is called once, on any thread, and must be quick. */
typedef struct agr_rules_wait {
	void (*ready)(void *user);
	void *user;
	agr_remote *on; /* NULL: it never waited */
	struct agr_rules_wait *next;
	bool waiting;
	bool waited; /* what came counts, whatever that is */
} agr_rules_wait;

/* Unless what it waits for came: `sleep` is called, under the lock that `ready` is called
 * under, so that whoever sleeps then is sure to be woken. Returns what that returned; 0: it
 * came. */
int agr_rules_sleep(agr_rules_wait *wait, int (*sleep)(void *user));
/* It does not wait any more, if it did: it is told nothing from now on. */
void agr_rules_forget(agr_rules_wait *wait);

/* Is it an address, and no file's name? 1 or 0; AGENTRUN_ECONFIG: one of another kind than
 * http and https. */
int agr_remote_is_url(const char *schema, agentrun_error **err);

/* `ctx` and `url` are borrowed. */
int agr_remote_new(agr_remote **out, agentrun_ctx *ctx, const char *url,
	agentrun_error **err);
/* No request is under way. NULL ok. */
void agr_remote_free(agr_remote *remote);

/* As in rulebook.h. */
int agr_remote_get(agr_remote *remote, agr_rules **out, agentrun_error **err);
int agr_remote_want(agr_remote *remote, agr_rules **out, agr_rules_wait *wait,
	agentrun_error **err);
void agr_remote_known(agr_remote *remote, agr_rules **out);

#endif
