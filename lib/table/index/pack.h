/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
/* pack - dropping bytes where no instruction does it: run by run. */
#ifndef AGR_INDEX_PACK_H
#define AGR_INDEX_PACK_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

static inline size_t pack(char *to, const char *p, uint64_t drop)
{
	size_t len = 0;
	unsigned from = 0;

	while (drop) {
		unsigned at = (unsigned)__builtin_ctzll(drop);
		uint64_t behind = ~(drop >> at);

		memcpy(to + len, p + from, at - from);
		len += at - from;
		if (!behind) /* nothing but these */
			return len;
		from = at + (unsigned)__builtin_ctzll(behind);
		drop = from < 64 ? drop >> from << from : 0;
	}
	if (from < 64) {
		memcpy(to + len, p + from, 64 - from);
		len += 64 - from;
	}
	return len;
}

#endif
