/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
#include "table/object.h"

#include <stdlib.h>
#include <string.h>

/* An object of more members than this finds its keys by hash. */
#define FEW_MEMBERS 12

static size_t slots_for(size_t members)
{
	size_t slots = 32;

	while (slots < members * 2)
		slots *= 2;
	return slots;
}

static bool members_reserve(agr_members *m, size_t count)
{
	size_t slots;
	void *grown;

	if (count >= UINT32_MAX / 4)
		return false;
	if (count > m->cap) {
		grown = realloc(m->list, count * sizeof(*m->list));
		if (!grown)
			return false;
		m->list = grown;
		m->cap = count;
	}
	m->n_slots = 0;
	if (count <= FEW_MEMBERS)
		return true;
	slots = slots_for(count);
	if (slots > m->slots_cap) {
		grown = realloc(m->slots, slots * sizeof(*m->slots));
		if (!grown)
			return false;
		m->slots = grown;
		m->slots_cap = slots;
	}
	memset(m->slots, 0, slots * sizeof(*m->slots));
	m->n_slots = slots;
	return true;
}

/* The member, or NULL with the slot where it belongs. */
static agr_member *find_slot(const agr_members *m, agr_span key, size_t *slot)
{
	size_t mask = m->n_slots - 1, i = (size_t)agr_string_hash(key) & mask;

	for (; m->slots[i]; i = (i + 1) & mask)
		if (agr_string_same(m->list[m->slots[i] - 1].key, key))
			return &m->list[m->slots[i] - 1];
	*slot = i;
	return NULL;
}

agr_member *agr_members_find(const agr_members *m, agr_span key)
{
	size_t slot;

	if (m->n_slots)
		return find_slot(m, key, &slot);
	for (size_t i = 0; i < m->n; i++)
		if (agr_string_same(m->list[i].key, key))
			return &m->list[i];
	return NULL;
}

static void members_put(agr_members *m, agr_span key, agr_span value)
{
	size_t slot = 0;
	agr_member *known =
		m->n_slots ? find_slot(m, key, &slot) : agr_members_find(m, key);

	if (known) {
		known->value = value;
		return;
	}
	m->list[m->n++] = (agr_member){ key, value };
	if (m->n_slots)
		m->slots[slot] = (uint32_t)m->n;
}

bool agr_members_read(agr_members *m, agr_span object)
{
	agr_iter it = agr_iter_of(object);
	agr_span key, value;

	m->n = m->n_slots = 0;
	if (!members_reserve(m, agr_span_count(object))) {
		m->n_slots = 0;
		return false;
	}
	while (agr_object_next(&it, &key, &value))
		members_put(m, key, value);
	return true;
}

void agr_members_free(agr_members *m)
{
	free(m->list);
	free(m->slots);
	memset(m, 0, sizeof(*m));
}
