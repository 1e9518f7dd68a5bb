/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
#include "table/wanted.h"

#include <stdlib.h>
#include <string.h>

void agr_wanted_init(agr_wanted *wanted)
{
	memset(wanted, 0, sizeof(*wanted));
	for (size_t i = 0; i < 64; i++)
		wanted->first[i] = AGR_WANTED_NONE;
}

size_t agr_wanted_find(const agr_wanted *wanted, const char *text, size_t len)
{
	size_t i = wanted->first[len & 63];

	while (i != AGR_WANTED_NONE) {
		const agr_wanted_key *key = &wanted->keys[i];

		if (key->len == len && memcmp(key->text, text, len) == 0)
			break;
		i = key->next;
	}
	return i;
}

size_t agr_wanted_find_escaped(const agr_wanted *wanted, agr_span key)
{
	for (size_t i = 0; i < wanted->n; i++)
		if (agr_string_is(key, wanted->keys[i].text, wanted->keys[i].len))
			return i;
	return AGR_WANTED_NONE;
}

size_t agr_wanted_add(agr_wanted *wanted, const char *text, size_t len)
{
	size_t known = agr_wanted_find(wanted, text, len);
	size_t *first = &wanted->first[len & 63];

	if (known != AGR_WANTED_NONE)
		return known;
	if (wanted->n == wanted->cap) {
		size_t cap = wanted->cap ? wanted->cap * 2 : 8;
		void *grown = realloc(wanted->keys, cap * sizeof(*wanted->keys));

		if (!grown)
			return AGR_WANTED_NONE;
		wanted->keys = grown;
		wanted->cap = cap;
	}
	wanted->keys[wanted->n] = (agr_wanted_key){ text, len, *first };
	wanted->lengths |= (uint64_t)1 << (len & 63);
	*first = wanted->n;
	return wanted->n++;
}

void agr_wanted_free(agr_wanted *wanted)
{
	free(wanted->keys);
	agr_wanted_init(wanted);
}
