/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
/* x86-64 as it has always been: 16 bytes at a time. */
#include <emmintrin.h>
#include <stdint.h>

#define AGR_INDEX_KERNEL
struct agr_kinds;
static inline struct agr_kinds classify(const char *p);

#include "table/index/plain.h"

static inline __m128i equal(__m128i v, char c)
{
	return _mm_cmpeq_epi8(v, _mm_set1_epi8(c));
}

static inline uint64_t bits(__m128i v, unsigned shift)
{
	return (uint64_t)(uint32_t)_mm_movemask_epi8(v) << shift;
}

static inline struct agr_kinds classify(const char *p)
{
	struct agr_kinds k = { 0 };

	for (unsigned i = 0; i < AGR_INDEX_BLOCK; i += 16) {
		__m128i v = _mm_loadu_si128((const __m128i *)(const void *)(p + i));
		__m128i folded = _mm_or_si128(v, _mm_set1_epi8(0x20));
		__m128i newline = equal(v, '\n');
		__m128i op = _mm_or_si128(
			_mm_or_si128(equal(folded, '{'), equal(folded, '}')),
			_mm_or_si128(equal(folded, ':'), equal(folded, ',')));
		__m128i space = _mm_or_si128(_mm_or_si128(newline, equal(v, ' ')),
			_mm_or_si128(equal(v, '\t'), equal(v, '\r')));

		k.quote |= bits(equal(v, '"'), i);
		k.backslash |= bits(equal(v, '\\'), i);
		k.op |= bits(op, i);
		k.space |= bits(space, i);
		k.newline |= bits(newline, i);
		k.control |= bits(_mm_cmpeq_epi8(_mm_max_epu8(v, _mm_set1_epi8(0x1f)),
			_mm_set1_epi8(0x1f)), i);
		k.high |= bits(v, i);
	}
	return k;
}

const struct agr_index_kernel agr_index_sse2 = { "sse2", index_blocks, squeeze_blocks };
