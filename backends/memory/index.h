/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
/*
 * index - a hash table from text to a number. Keys are borrowed: the caller
 * keeps them in place for as long as they are in the table. Reserve first, then
 * add cannot fail.
 */
#ifndef MEMORY_INDEX_H
#define MEMORY_INDEX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct memory_slot {
	const char *key; /* NULL: free */
	uint64_t hash;
	size_t value;
};

typedef struct memory_index {
	struct memory_slot *slots; /* open addressing, linear probing */
	size_t cap;                /* a power of two, or 0 */
	size_t n;
} memory_index;

/* Make room for one more. 0, or -1 when out of memory. */
int memory_index_reserve(memory_index *index);
void memory_index_add(memory_index *index, const char *key, size_t value);
bool memory_index_find(const memory_index *index, const char *key, size_t *value);
void memory_index_remove(memory_index *index, const char *key);
void memory_index_clear(memory_index *index); /* keeps the room */
void memory_index_free(memory_index *index);

#endif
