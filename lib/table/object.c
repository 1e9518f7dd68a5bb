/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
#include "table/object.h"

#include <stdlib.h>
#include <string.h>

/* An object of more members than this finds its keys by hash. */
#define FEW_MEMBERS 12

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

/* Find keys by hash from now on, with room for as many members again. */
static bool members_index(agr_members *m)
{
	size_t slots = 32, slot = 0;

	while (slots < m->n * 4)
		slots *= 2;
	if (slots > m->slots_cap) {
		void *grown = realloc(m->slots, slots * sizeof(*m->slots));

		if (!grown)
			return false;
		m->slots = grown;
		m->slots_cap = slots;
	}
	memset(m->slots, 0, slots * sizeof(*m->slots));
	m->n_slots = slots;
	for (size_t i = 0; i < m->n; i++) {
		find_slot(m, m->list[i].key, &slot);
		m->slots[slot] = (uint32_t)i + 1;
	}
	return true;
}

static bool members_put(agr_members *m, agr_span key, agr_span value)
{
	size_t slot = 0;
	agr_member *known =
		m->n_slots ? find_slot(m, key, &slot) : agr_members_find(m, key);

	if (known) {
		known->value = value;
		return true;
	}
	if (m->n == m->cap) {
		size_t cap = m->cap ? 2 * m->cap : FEW_MEMBERS;
		void *grown = cap < UINT32_MAX / 4 ? realloc(m->list, cap * sizeof(*m->list))
						   : NULL;

		if (!grown)
			return false;
		m->list = grown;
		m->cap = cap;
	}
	m->list[m->n++] = (agr_member){ key, value };
	if (m->n > FEW_MEMBERS && m->n * 2 > m->n_slots)
		return members_index(m);
	if (m->n_slots)
		m->slots[slot] = (uint32_t)m->n;
	return true;
}

bool agr_members_read(agr_members *m, agr_span object)
{
	agr_iter it = agr_iter_of(object);
	agr_span key, value;

	m->n = m->n_slots = 0;
	while (agr_object_next(&it, &key, &value)) {
		if (!members_put(m, key, value)) {
			m->n = m->n_slots = 0;
			return false;
		}
	}
	return true;
}

void agr_members_free(agr_members *m)
{
	free(m->list);
	free(m->slots);
	memset(m, 0, sizeof(*m));
}
