/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
/* plain - the functions of a kernel that need no special instruction. */
#ifndef AGR_INDEX_PLAIN_H
#define AGR_INDEX_PLAIN_H

#include <stdint.h>

static inline uint64_t prefix_xor(uint64_t bits)
{
	for (unsigned shift = 1; shift < 64; shift *= 2)
		bits ^= bits << shift;
	return bits;
}

/* Four are written whatever their number. */
static inline unsigned tokens(uint32_t *at, char *kinds, uint64_t bits, const char *p,
	uint32_t from)
{
	unsigned n = (unsigned)__builtin_popcountll(bits);

	for (unsigned i = 0; i < n; i += 4) {
		for (unsigned k = i; k < i + 4; k++) {
			unsigned bit = (unsigned)__builtin_ctzll(bits | (uint64_t)1 << 63);

			at[k] = from + bit;
			kinds[k] = p[bit];
			bits &= bits - 1;
		}
	}
	return n;
}

#include "table/index/pack.h"
#include "table/index/kernel.h"

#endif
