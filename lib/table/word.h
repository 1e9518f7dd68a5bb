/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
/* word - a few bytes at once, without reading beyond them. */
#ifndef AGR_WORD_H
#define AGR_WORD_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

static inline uint32_t agr_word_half(const char *p)
{
	uint32_t half;

	memcpy(&half, p, sizeof(half));
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
	half = __builtin_bswap32(half);
#endif
	return half;
}

/* The `n` bytes, 8 at the most, as one number: the first is the lowest. */
static inline uint64_t agr_word_of(const char *p, size_t n)
{
	if (n >= 4) /* two halves, which may share bytes */
		return agr_word_half(p) |
			(uint64_t)agr_word_half(p + n - 4) << (8 * (n - 4));
	if (!n)
		return 0;
	return (uint64_t)(unsigned char)p[0] |
		(uint64_t)(unsigned char)p[n / 2] << (8 * (n / 2)) |
		(uint64_t)(unsigned char)p[n - 1] << (8 * (n - 1));
}

#endif
