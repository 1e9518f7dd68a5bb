/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
/* arena - memory that is given back all at once. Start from AGR_ARENA_INIT or
 * zeroed memory. */
#ifndef AGR_ARENA_H
#define AGR_ARENA_H

#include <stddef.h>

#include "base/meter.h"

struct agr_chunk;

typedef struct agr_arena {
	struct agr_chunk *chunks;
	char *p;
	size_t left;
	agr_meter *meter; /* NULL, or what counts its memory; lent, set before it is used */
	size_t charged;
} agr_arena;

#define AGR_ARENA_INIT { NULL, NULL, 0, NULL, 0 }

/* `n` * `size` bytes, aligned for anything, not cleared; NULL: no memory. */
void *agr_arena_alloc(agr_arena *arena, size_t n, size_t size);
/* `len` bytes (0 is fine), not aligned; NULL: no memory. */
char *agr_arena_bytes(agr_arena *arena, size_t len);
/* Count memory beside it that lives as long; false: it may not. */
bool agr_arena_charge(agr_arena *arena, size_t bytes);
void agr_arena_free(agr_arena *arena); /* its meter stays */

#endif
