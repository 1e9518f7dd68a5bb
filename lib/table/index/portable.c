/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
/* Any machine: eight bytes at a time in a general register. */
#include <string.h>

#define AGR_INDEX_KERNEL
struct agr_kinds;
static inline struct agr_kinds classify(const char *p);

#include "table/index/plain.h"

#define ONES 0x0101010101010101u
#define TOPS 0x8080808080808080u

/* The lowest bit of every byte, gathered into eight bits. */
static inline uint64_t gather(uint64_t bytes)
{
	return (bytes & ONES) * 0x0102040810204080u >> 56;
}

/* 1 in the lowest bit of every byte of `word` that is zero. */
static inline uint64_t zeros(uint64_t word)
{
	return ~(((word & ~TOPS) + ~TOPS) | word | ~TOPS) >> 7;
}

static inline uint64_t equal(uint64_t word, unsigned char c)
{
	return zeros(word ^ ONES * c);
}

static inline struct agr_kinds classify(const char *p)
{
	struct agr_kinds k = { 0 };

	for (unsigned i = 0; i < AGR_INDEX_BLOCK; i += 8) {
		uint64_t w, folded, newline;

		memcpy(&w, p + i, 8);
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
		w = __builtin_bswap64(w);
#endif
		folded = w | ONES * 0x20; /* [ and { alike, ] and } too */
		newline = equal(w, '\n');
		k.quote |= gather(equal(w, '"')) << i;
		k.backslash |= gather(equal(w, '\\')) << i;
		k.op |= gather(equal(folded, '{') | equal(folded, '}') | equal(folded, ':') |
			equal(folded, ',')) << i;
		k.space |= gather(newline | equal(w, ' ') | equal(w, '\t') |
			equal(w, '\r')) << i;
		k.newline |= gather(newline) << i;
		k.control |= gather(zeros(w & ONES * 0xe0)) << i;
		k.high |= gather((w & TOPS) >> 7) << i;
	}
	return k;
}

const struct agr_index_kernel agr_index_portable = { "portable", index_blocks, squeeze_blocks };
