/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
/* x86-64 with AVX-512 VBMI2: 64 bytes at a time, and positions in one go. */
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

static inline void put_places(uint32_t *at, __m512i places, __m512i base)
{
	__m128i low = _mm512_castsi512_si128(places);

	_mm512_storeu_si512(at, _mm512_add_epi32(base, _mm512_cvtepu8_epi32(low)));
}

/* Thirty-two are written where hardly ever more are: how many sixteens there are cannot be
 * foreseen. */
static inline unsigned tokens(uint32_t *at, char *kinds, uint64_t bits, const char *p,
	uint32_t from)
{
	const __m512i places = _mm512_set_epi64(0x3f3e3d3c3b3a3938, 0x3736353433323130,
		0x2f2e2d2c2b2a2928, 0x2726252423222120, 0x1f1e1d1c1b1a1918,
		0x1716151413121110, 0x0f0e0d0c0b0a0908, 0x0706050403020100);
	__m512i set = _mm512_maskz_compress_epi8(bits, places);
	__m512i base = _mm512_set1_epi32((int)from);
	unsigned n = (unsigned)__builtin_popcountll(bits);

	_mm512_storeu_si512(kinds, _mm512_maskz_compress_epi8(bits, _mm512_loadu_si512(p)));
	put_places(at, set, base);
	put_places(at + 16, _mm512_alignr_epi64(set, set, 2), base);
	if (__builtin_expect(n > 32, 0)) {
		put_places(at + 32, _mm512_alignr_epi64(set, set, 4), base);
		put_places(at + 48, _mm512_alignr_epi64(set, set, 6), base);
	}
	return n;
}

static inline size_t pack(char *to, const char *p, uint64_t drop)
{
	_mm512_storeu_si512(to, _mm512_maskz_compress_epi8(~drop, _mm512_loadu_si512(p)));
	return 64 - (size_t)__builtin_popcountll(drop);
}

#include "table/index/kernel.h"

static inline uint64_t equal(__m512i v, char c)
{
	return _mm512_cmpeq_epi8_mask(v, _mm512_set1_epi8(c));
}

static inline struct agr_kinds classify(const char *p)
{
	/* At every byte's low half: what it must be, to be of the kind. */
	const __m512i ops = _mm512_broadcast_i32x4(_mm_setr_epi8(0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
		':', '{', ',', '}', 0, 0));
	const __m512i spaces = _mm512_broadcast_i32x4(_mm_setr_epi8(' ', 0, 0, 0, 0, 0, 0, 0,
		0, '\t', '\n', 0, 0, '\r', 0, 0));
	__m512i v = _mm512_loadu_si512(p);
	__m512i folded = _mm512_or_si512(v, _mm512_set1_epi8(0x20));

	return (struct agr_kinds){
		.quote = equal(v, '"'),
		.backslash = equal(v, '\\'),
		.op = _mm512_cmpeq_epi8_mask(folded, _mm512_shuffle_epi8(ops, v)),
		.space = _mm512_cmpeq_epi8_mask(v, _mm512_shuffle_epi8(spaces, v)),
		.newline = equal(v, '\n'),
		.control = _mm512_cmplt_epu8_mask(v, _mm512_set1_epi8(0x20)),
		.high = _mm512_movepi8_mask(v),
	};
}

const struct agr_index_kernel agr_index_avx512 = { "avx512", index_blocks, squeeze_blocks };
