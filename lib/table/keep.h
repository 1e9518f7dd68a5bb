/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
/*
 * keep - memory that lives as long as a run: an arena for rows and keys that
 * must outlast the call they were pushed in, and a set of byte keys in order of
 * first appearance.
 */
#ifndef AGR_KEEP_H
#define AGR_KEEP_H

#include "base/arena.h"
#include "table/scan.h"

/* The span, copied unless it lasts; p is NULL when memory is short. */
agr_span agr_arena_keep(agr_arena *arena, agr_span span, bool lasting);

/* Start from zeroed memory. */
typedef struct agr_keyset {
	agr_arena arena;
	struct agr_keyset_entry *entries;
	size_t n, cap;
	uint32_t *slots; /* index + 1 */
	size_t n_slots;
} agr_keyset;

#define AGR_KEYSET_NONE SIZE_MAX

/* The key's index, or AGR_KEYSET_NONE. */
size_t agr_keyset_find(const agr_keyset *set, const void *key, size_t len);
/* The same, added at the end when new (then *added); NONE: out of memory. */
size_t agr_keyset_add(agr_keyset *set, const void *key, size_t len, bool *added);
void agr_keyset_free(agr_keyset *set);

#endif
