/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
/*
 * torture - every call with each of its allocations failing in turn.
 *
 *     allocator.c   malloc() and the like, which fail when they are told to
 *     calls.c       the calls, and what each must give
 *     journal.c     those of a job that comes again
 *     torture.c     n = 1, 2, 3, ... until nothing fails any more
 */
#ifndef TORTURE_H
#define TORTURE_H

#include <stdbool.h>
#include <stddef.h>

#include <agentrun/ctx.h>
#include <agentrun/error.h>

/* ---- allocator.c -------------------------------------------------------- */

/* Can allocations be made to fail here? Not under a sanitizer. */
extern const bool can_fail;

/* From now on the n-th allocation of any thread fails, and with `all` those
 * behind it too. */
void fail_arm(unsigned long n, bool all);
/* Returns how many failed. */
unsigned long fail_disarm(void);
/* Blocks that were allocated and not freed. */
long live_blocks(void);

/* ---- calls.c ------------------------------------------------------------ */

/* What a call gave, as text, without an allocation. */
struct outcome {
	char text[65536];
	size_t len;
};

struct call {
	const char *name;
	/* Returns the call's code; on 0 the outcome is filled. */
	int (*run)(struct outcome *out, agentrun_error **err);
};

extern const struct call calls[];
extern const size_t n_calls;

bool calls_begin(void);
void calls_end(void);

void say_str(struct outcome *out, const char *text);
/* A thread that could not be started is for want of memory. */
int no_thread(int r, agentrun_error **err);
/* A context over a transport that answers at once, with a provider's key. */
int open_wired(agentrun_ctx **out, agentrun_error **err);
/* How many POSTs came to a service, not to a model. */
int wire_posts(bool forget);

/* Some rows; and the arguments that POST to a service, inside a JSON string. */
#define ROWS "[{\"id\":1,\"to\":\"LAX\",\"price\":320,\"carrier\":{\"code\":\"AA\"}," \
	"\"tags\":[\"x\",\"y\"]},{\"id\":2,\"to\":\"JFK\",\"price\":18.5e1,\"tags\":[]}," \
	"{\"id\":3,\"to\":\"LA\\u0058\",\"price\":99,\"carrier\":{\"code\":\"UA\"},\"id\":4}]"
#define POST_ROWS "{\\\"pipeline\\\":[{\\\"step\\\":\\\"http_request\\\",\\\"method\\\":\\\"POST\\\"," \
	"\\\"url\\\":\\\"https://a.example/\\\",\\\"params\\\":{\\\"a\\\":1}}]}"

/* ---- journal.c ------------------------------------------------------------ */

int journal_of_plan(struct outcome *out, agentrun_error **err);
int journal_of_talk(struct outcome *out, agentrun_error **err);

#endif
