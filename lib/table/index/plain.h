/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
/* plain - the two functions of a kernel that need no special instruction. */
#ifndef AGR_INDEX_PLAIN_H
#define AGR_INDEX_PLAIN_H

#include <stdint.h>

#ifndef AGR_INDEX_PREFIX_XOR
static inline uint64_t prefix_xor(uint64_t bits)
{
	for (unsigned shift = 1; shift < 64; shift *= 2)
		bits ^= bits << shift;
	return bits;
}
#endif

/* Four are written whatever their number: there is room behind the last. */
static inline uint32_t *positions(uint32_t *at, uint64_t bits, uint32_t from)
{
	uint32_t *end = at + __builtin_popcountll(bits);

	while (bits) {
		for (int i = 0; i < 4; i++) {
			at[i] = from + (uint32_t)__builtin_ctzll(bits | (uint64_t)1 << 63);
			bits &= bits - 1;
		}
		at += 4;
	}
	return end;
}

#include "table/index/kernel.h"

#endif
