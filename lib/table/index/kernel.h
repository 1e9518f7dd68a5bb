/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
/*
 * kernel - what is the same for every instruction set: from the kinds of 64 bytes
 * to the positions of tokens. A kernel's file says what a vector is and includes
 * this; it defines
 *
 *     struct agr_kinds classify(const char *p)
 *     uint64_t prefix_xor(uint64_t bits)       bit i: the parity of bits 0..i
 *     unsigned tokens(uint32_t *at, char *kinds, uint64_t bits, const char *p,
 *         uint32_t from)                       their number; up to 64 are written
 *     size_t pack(char *to, const char *p, uint64_t drop)
 *                                              the 64 bytes without those; 64 are written
 *
 * and gets `static size_t index_blocks(...)` and `squeeze_blocks(...)`.
 */
#ifndef AGR_INDEX_KERNEL_H
#define AGR_INDEX_KERNEL_H

#include "table/index.h"

/* A bit a byte, the first byte's the lowest. */
struct agr_kinds {
	uint64_t quote, backslash;
	uint64_t op;      /* { } [ ] : , and two that JSON has no use for: \f 0x1a */
	uint64_t space;   /* blank, tab, newline, carriage return */
	uint64_t newline;
	uint64_t control; /* below a blank */
	uint64_t high;    /* beyond ASCII */
};

/* What is to be looked at again, in index.c. */
struct agr_suspects {
	uint64_t escaped; /* the byte behind a backslash: a u, or none that may stand there */
	uint64_t control; /* control characters inside a string */
};

struct agr_index_kernel {
	const char *name;
	/* Index whole blocks of `text`, whose bytes are at `p`. Stops behind a block
	 * with something to be looked at: *suspects says what. Returns how many blocks
	 * were done. */
	size_t (*index_blocks)(agr_index *index, const char *p, const char *text,
		size_t n, struct agr_suspects *suspects);
	/* Copy blocks without their white space; how many bytes were copied. */
	size_t (*squeeze_blocks)(agr_index_carry *carry, char *to, const char *p, size_t n);
};

extern const struct agr_index_kernel agr_index_avx512, agr_index_avx2, agr_index_sse2,
	agr_index_neon, agr_index_portable;

#ifdef AGR_INDEX_KERNEL

/* The bytes that a backslash makes literal; runs of backslashes pair up. */
static inline uint64_t escaped_bytes(uint64_t backslash, uint64_t *carry)
{
	const uint64_t even = 0x5555555555555555u;
	uint64_t escaped, starts, runs;

	if (!backslash) {
		escaped = *carry;
		*carry = 0;
		return escaped;
	}
	backslash &= ~*carry;
	escaped = backslash << 1 | *carry;
	/* A run that begins at an odd place: adding it to the even bits carries it
	 * to the byte behind its end. */
	starts = backslash & ~even & ~escaped;
	*carry = __builtin_add_overflow(starts, backslash, &runs);
	return (even ^ (runs << 1)) & escaped;
}

/* Of these escaped bytes, those that are more than one character's short name. */
static inline uint64_t long_escapes(const char *p, uint64_t escaped)
{
	static const bool is_short[256] = { ['"'] = 1, ['\\'] = 1, ['/'] = 1, ['b'] = 1,
		['f'] = 1, ['n'] = 1, ['r'] = 1, ['t'] = 1 };
	uint64_t found = 0;

	for (uint64_t bits = escaped; bits; bits &= bits - 1)
		if (!is_short[(unsigned char)p[__builtin_ctzll(bits)]])
			found |= bits & -bits;
	return found;
}

static inline unsigned index_block(agr_index *index, size_t n, const char *p,
	uint32_t from, agr_index_carry *c, struct agr_suspects *suspects)
{
	struct agr_kinds k = classify(p);
	uint64_t escaped = escaped_bytes(k.backslash, &c->escaped);
	uint64_t quote = k.quote & ~escaped;
	uint64_t inside = prefix_xor(quote) ^ c->in_string; /* opening quote included */
	uint64_t scalar = ~(k.op | k.space);
	uint64_t bare = scalar & ~quote;
	uint64_t starts = scalar & ~(bare << 1 | c->scalar);
	uint32_t block = from / AGR_INDEX_BLOCK;

	index->escapes[block] = k.backslash;
	index->high[block] = k.high;
	index->high_blocks[block / 64] |= (uint64_t)(k.high != 0) << block % 64;
	c->in_string = (uint64_t)((int64_t)inside >> 63);
	c->scalar = bare >> 63;
	c->newlines += (uint64_t)__builtin_popcountll(k.newline);
	c->white += (uint64_t)__builtin_popcountll(k.space & ~inside);
	suspects->escaped = long_escapes(p, escaped & inside);
	suspects->control = k.control & inside;
	/* Inside: all but the opening quote. The closing one begins nothing. */
	return tokens(index->at + n, index->kinds + n,
		(k.op | starts) & ~(inside ^ quote), p, from);
}

/* Every number is a '0'. A loop that compilers turn into vectors. */
static inline void name_numbers(char *kinds, size_t from, size_t to)
{
	for (size_t i = from; i < to; i++) {
		char c = kinds[i];

		kinds[i] = (c >= '0' && c <= '9') || c == '-' ? '0' : c;
	}
}

static size_t index_blocks(agr_index *index, const char *p, const char *text,
	size_t n, struct agr_suspects *suspects)
{
	agr_index_carry carry = index->carry;
	size_t i = 0, count = index->n;

	while (i < n) {
		size_t from = (size_t)(text - index->base) + i * AGR_INDEX_BLOCK;

		count += index_block(index, count, p + i * AGR_INDEX_BLOCK, (uint32_t)from,
			&carry, suspects);
		i++;
		if (suspects->escaped | suspects->control)
			break;
	}
	index->carry = carry;
	name_numbers(index->kinds, index->n, count);
	index->n = count;
	return i;
}

static size_t squeeze_blocks(agr_index_carry *carry, char *to, const char *p, size_t n)
{
	size_t len = 0;

	for (size_t i = 0; i < n; i++, p += AGR_INDEX_BLOCK) {
		struct agr_kinds k = classify(p);
		uint64_t quote = k.quote & ~escaped_bytes(k.backslash, &carry->escaped);
		uint64_t inside = prefix_xor(quote) ^ carry->in_string;

		carry->in_string = (uint64_t)((int64_t)inside >> 63);
		len += pack(to + len, p, k.space & ~inside);
	}
	return len;
}

#endif
#endif
