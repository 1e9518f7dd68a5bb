/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
/*
 * torture - every call with each of its allocations failing in turn.
 *
 *     allocator.c   malloc() and the like, which fail when they are told to
 *     calls.c       the calls, and what each must give
 *     torture.c     n = 1, 2, 3, ... until nothing fails any more
 */
#ifndef TORTURE_H
#define TORTURE_H

#include <stdbool.h>
#include <stddef.h>

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

#endif
