/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
#include "index.h"

#include <stdlib.h>
#include <string.h>

static uint64_t hash_of(const char *key)
{
	uint64_t hash = 1469598103934665603u; /* FNV-1a */

	for (; *key; key++)
		hash = (hash ^ (unsigned char)*key) * 1099511628211u;
	return hash;
}

static void place(struct memory_slot *slots, size_t cap, struct memory_slot slot)
{
	size_t at = (size_t)slot.hash & (cap - 1);

	while (slots[at].key)
		at = (at + 1) & (cap - 1);
	slots[at] = slot;
}

int memory_index_reserve(memory_index *index)
{
	size_t cap = index->cap ? index->cap * 2 : 64;
	struct memory_slot *slots;

	if ((index->n + 1) * 4 <= index->cap * 3)
		return 0;
	slots = calloc(cap, sizeof(*slots));
	if (!slots)
		return -1;
	for (size_t i = 0; i < index->cap; i++)
		if (index->slots[i].key)
			place(slots, cap, index->slots[i]);
	free(index->slots);
	index->slots = slots;
	index->cap = cap;
	return 0;
}

void memory_index_add(memory_index *index, const char *key, size_t value)
{
	place(index->slots, index->cap, (struct memory_slot){ key, hash_of(key), value });
	index->n++;
}

static struct memory_slot *find(const memory_index *index, const char *key)
{
	uint64_t hash = hash_of(key);
	size_t at = index->cap ? (size_t)hash & (index->cap - 1) : 0;

	if (!index->cap)
		return NULL;
	for (; index->slots[at].key; at = (at + 1) & (index->cap - 1))
		if (index->slots[at].hash == hash && strcmp(index->slots[at].key, key) == 0)
			return &index->slots[at];
	return NULL;
}

bool memory_index_find(const memory_index *index, const char *key, size_t *value)
{
	const struct memory_slot *slot = find(index, key);

	if (slot)
		*value = slot->value;
	return slot != NULL;
}

/* What follows in the same run moves up, so that no search stops early. */
void memory_index_remove(memory_index *index, const char *key)
{
	struct memory_slot *gone = find(index, key);
	size_t at;

	if (!gone)
		return;
	gone->key = NULL;
	index->n--;
	at = ((size_t)(gone - index->slots) + 1) & (index->cap - 1);
	for (; index->slots[at].key; at = (at + 1) & (index->cap - 1)) {
		struct memory_slot moved = index->slots[at];

		index->slots[at].key = NULL;
		place(index->slots, index->cap, moved);
	}
}

void memory_index_clear(memory_index *index)
{
	if (index->cap)
		memset(index->slots, 0, index->cap * sizeof(*index->slots));
	index->n = 0;
}

void memory_index_free(memory_index *index)
{
	free(index->slots);
	index->slots = NULL;
	index->cap = index->n = 0;
}
