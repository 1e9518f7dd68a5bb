/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
/* x86-64 since 2013: 32 bytes at a time. */
#include <immintrin.h>
#include <stdint.h>

#include "table/index.h"

#define AGR_INDEX_KERNEL
struct agr_kinds;
static inline struct agr_kinds classify(const char *p);

static inline uint64_t prefix_xor(uint64_t bits)
{
	__m128i product = _mm_clmulepi64_si128(_mm_set_epi64x(0, (int64_t)bits),
		_mm_set1_epi8(-1), 0);

	return (uint64_t)_mm_cvtsi128_si64(product);
}

static const uint64_t places[256] = {
#include "table/index/places.inc"
};

/* Eight bytes at a time, as many tokens as there may be in them: no branches. */
static inline unsigned tokens(uint32_t *at, char *kinds, uint64_t bits, const char *p,
	uint32_t from)
{
	unsigned n = 0;

	for (unsigned i = 0; i < AGR_INDEX_BLOCK; i += 8) {
		unsigned set = bits >> i & 0xff;
		__m128i place = _mm_cvtsi64_si128((int64_t)places[set]);
		__m128i bytes = _mm_loadl_epi64((const __m128i *)(const void *)(p + i));
		__m256i base = _mm256_set1_epi32((int)(from + i));

		_mm256_storeu_si256((__m256i *)(void *)(at + n),
			_mm256_add_epi32(base, _mm256_cvtepu8_epi32(place)));
		_mm_storel_epi64((__m128i *)(void *)(kinds + n),
			_mm_shuffle_epi8(bytes, place));
		n += (unsigned)__builtin_popcount(set);
	}
	return n;
}

#include "table/index/pack.h"
#include "table/index/kernel.h"

static inline __m256i equal(__m256i v, char c)
{
	return _mm256_cmpeq_epi8(v, _mm256_set1_epi8(c));
}

static inline uint64_t bits(__m256i v, unsigned shift)
{
	return (uint64_t)(uint32_t)_mm256_movemask_epi8(v) << shift;
}

static inline struct agr_kinds classify(const char *p)
{
	/* At every byte's low half: what it must be, to be of the kind. */
	const __m256i ops = _mm256_setr_epi8(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, ':', '{', ',',
		'}', 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, ':', '{', ',', '}', 0, 0);
	const __m256i spaces = _mm256_setr_epi8(' ', 0, 0, 0, 0, 0, 0, 0, 0, '\t', '\n', 0, 0,
		'\r', 0, 0, ' ', 0, 0, 0, 0, 0, 0, 0, 0, '\t', '\n', 0, 0, '\r', 0, 0);
	struct agr_kinds k = { 0 };

	for (unsigned i = 0; i < AGR_INDEX_BLOCK; i += 32) {
		__m256i v = _mm256_loadu_si256((const __m256i *)(const void *)(p + i));
		__m256i folded = _mm256_or_si256(v, _mm256_set1_epi8(0x20));

		k.quote |= bits(equal(v, '"'), i);
		k.backslash |= bits(equal(v, '\\'), i);
		k.op |= bits(_mm256_cmpeq_epi8(folded, _mm256_shuffle_epi8(ops, v)), i);
		k.space |= bits(_mm256_cmpeq_epi8(v, _mm256_shuffle_epi8(spaces, v)), i);
		k.newline |= bits(equal(v, '\n'), i);
		k.control |= bits(_mm256_cmpeq_epi8(
			_mm256_max_epu8(v, _mm256_set1_epi8(0x1f)),
			_mm256_set1_epi8(0x1f)), i);
		k.high |= bits(v, i);
	}
	return k;
}

const struct agr_index_kernel agr_index_avx2 = { "avx2", index_blocks, squeeze_blocks };
