/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
#include "table/unique.h"

#include <stdlib.h>

bool agr_unique_grow(agr_unique *unique, size_t level)
{
	size_t n = level < 8 ? 16 : 2 * level;
	void *grown = NULL;

	/* Not again after it failed: a level that was opened in between is not known. */
	if (!unique->twice)
		grown = realloc(unique->levels, n * sizeof(*unique->levels));
	if (!grown) {
		unique->twice = true;
		return false;
	}
	unique->levels = grown;
	unique->n_levels = n;
	return true;
}

void agr_unique_look(agr_unique *unique, size_t level, const char *end)
{
	const char *from = unique->levels[level].from;
	agr_span object = { from, (size_t)(end - from) };

	if (!agr_members_read(&unique->members, object) ||
		unique->members.n < agr_span_count(object))
		unique->twice = true;
}

void agr_unique_free(agr_unique *unique)
{
	free(unique->levels);
	agr_members_free(&unique->members);
	*unique = (agr_unique){ .twice = false };
}
