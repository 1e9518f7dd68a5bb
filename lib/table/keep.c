/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
#include "table/keep.h"

#include <stdlib.h>
#include <string.h>

#include "table/hash.h"

struct agr_keyset_entry {
	uint64_t hash;
	const char *key;
	size_t len;
};

agr_span agr_arena_keep(agr_arena *arena, agr_span span, bool lasting)
{
	char *copy;

	if (lasting)
		return span;
	copy = agr_arena_bytes(arena, span.n);
	if (copy)
		memcpy(copy, span.p, span.n);
	return (agr_span){ copy, span.n };
}

static size_t find_hashed(const agr_keyset *set, const void *key, size_t len,
	uint64_t hash, size_t *slot)
{
	size_t mask = set->n_slots - 1, i;

	for (i = (size_t)hash & mask; set->slots[i]; i = (i + 1) & mask) {
		const struct agr_keyset_entry *e = &set->entries[set->slots[i] - 1];

		if (e->hash == hash && e->len == len &&
			(!len || memcmp(e->key, key, len) == 0))
			return set->slots[i] - 1;
	}
	*slot = i;
	return AGR_KEYSET_NONE;
}

size_t agr_keyset_find(const agr_keyset *set, const void *key, size_t len)
{
	size_t slot;

	if (!set->n)
		return AGR_KEYSET_NONE;
	return find_hashed(set, key, len, agr_hash_of(key, len), &slot);
}

static bool keyset_grow(agr_keyset *set)
{
	size_t n_slots = set->n_slots ? set->n_slots * 2 : 64;
	uint32_t *slots;
	void *entries;

	if (n_slots > UINT32_MAX || !agr_arena_charge(&set->arena,
		n_slots / 4 * sizeof(*set->entries) + n_slots / 2 * sizeof(*slots)))
		return false;
	entries = realloc(set->entries, n_slots / 2 * sizeof(*set->entries));
	if (!entries)
		return false;
	set->entries = entries;
	set->cap = n_slots / 2;
	slots = calloc(n_slots, sizeof(*slots));
	if (!slots)
		return false;
	free(set->slots);
	set->slots = slots;
	set->n_slots = n_slots;
	for (size_t k = 0; k < set->n; k++) {
		size_t i = (size_t)set->entries[k].hash & (n_slots - 1);

		while (slots[i])
			i = (i + 1) & (n_slots - 1);
		slots[i] = (uint32_t)k + 1;
	}
	return true;
}

size_t agr_keyset_add(agr_keyset *set, const void *key, size_t len, bool *added)
{
	uint64_t hash = agr_hash_of(key, len);
	size_t slot = 0, index;
	char *copy;

	*added = false;
	if (set->n * 2 >= set->n_slots && !keyset_grow(set))
		return AGR_KEYSET_NONE;
	index = find_hashed(set, key, len, hash, &slot);
	if (index != AGR_KEYSET_NONE)
		return index;
	copy = agr_arena_bytes(&set->arena, len);
	if (!copy)
		return AGR_KEYSET_NONE;
	if (len)
		memcpy(copy, key, len);
	set->entries[set->n] = (struct agr_keyset_entry){ hash, copy, len };
	set->slots[slot] = (uint32_t)++set->n;
	*added = true;
	return set->n - 1;
}

void agr_keyset_free(agr_keyset *set)
{
	agr_arena_free(&set->arena);
	free(set->entries);
	free(set->slots);
	memset(set, 0, sizeof(*set));
}
