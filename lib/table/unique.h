/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
/*
 * unique - has an object a key twice? Noticed while objects are scanned: a key that may
 * have been there before (by a few bits of a hash, or because it is escaped) has its
 * object looked at once more when that is closed.
 */
#ifndef AGR_UNIQUE_H
#define AGR_UNIQUE_H

#include "table/object.h"
#include "table/word.h"

#define AGR_UNIQUE_WORDS 8

typedef struct agr_unique_level {
	const char *from;                /* the object begins there */
	uint64_t seen[AGR_UNIQUE_WORDS]; /* a bit a key */
	bool doubt;
} agr_unique_level;

/* Start from zeroed memory. */
typedef struct agr_unique {
	bool twice; /* some object has a key twice, or memory was short */
	agr_unique_level *levels;
	size_t n_levels;
	agr_members members;
} agr_unique;

bool agr_unique_grow(agr_unique *unique, size_t level);
void agr_unique_look(agr_unique *unique, size_t level, const char *end);
void agr_unique_free(agr_unique *unique);

/* The object at `p` is opened at this level. */
static inline void agr_unique_open(agr_unique *unique, size_t level, const char *p)
{
	if (level >= unique->n_levels && !agr_unique_grow(unique, level))
		return;
	unique->levels[level] = (agr_unique_level){ .from = p };
}

/* It has this key, a string with its quotes. */
static inline void agr_unique_key(agr_unique *unique, size_t level, agr_span key,
	bool escaped)
{
	const uint64_t mix = 0x9e3779b97f4a7c15u;
	agr_unique_level *at;
	uint64_t hash, bit;
	size_t n = key.n - 2;

	if (level >= unique->n_levels)
		return;
	at = &unique->levels[level];
	hash = agr_word_of(key.p + 1, n < 8 ? n : 8);
	if (n > 8)
		hash = hash * mix + agr_word_of(key.p + n - 7, 8);
	hash = (hash + n) * mix >> 55; /* 9 bits: AGR_UNIQUE_WORDS * 64 */
	bit = (uint64_t)1 << hash % 64;
	at->doubt = at->doubt || escaped || (at->seen[hash / 64] & bit);
	at->seen[hash / 64] |= bit;
}

/* It ends before `end`. */
static inline void agr_unique_close(agr_unique *unique, size_t level, const char *end)
{
	if (level < unique->n_levels && unique->levels[level].doubt)
		agr_unique_look(unique, level, end);
}

#endif
