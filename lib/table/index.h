/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
/*
 * index - where the tokens of JSON text begin, found 64 bytes at a time. Every
 * byte of text goes through here once; what walks the grammar (scan.c) then
 * looks only at the bytes that are named.
 *
 * A token is one of { } [ ] : , or the first byte of a string or of anything
 * else that is no white space (a number, a word, rubbish). What lies in strings is
 * checked here and nowhere else: control characters, escapes, UTF-8.
 *
 * The work on 64 bytes is a kernel's: one for each instruction set, chosen when an
 * index is begun. All give the same positions.
 */
#ifndef AGR_INDEX_H
#define AGR_INDEX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define AGR_INDEX_BLOCK 64
#define AGR_INDEX_BLOCKS 128 /* in a window */
#define AGR_INDEX_WINDOW ((size_t)AGR_INDEX_BLOCK * AGR_INDEX_BLOCKS)

/* What a kernel carries from one block to the next. */
typedef struct agr_index_carry {
	uint64_t in_string; /* all ones inside a string */
	uint64_t escaped;   /* 1: the next byte is escaped */
	uint64_t scalar;    /* 1: the byte before was part of a number or word */
	uint64_t newlines;  /* counted, so far */
	uint64_t white;     /* the same of all white space outside of strings */
} agr_index_carry;

/* A fault in a string: the byte, and what is wrong with it. */
typedef struct agr_index_fault {
	const char *at;
	const char *what; /* NULL: none */
} agr_index_fault;

typedef struct agr_index {
	const char *begin;  /* the text */
	const char *base;   /* the window: positions count from here */
	const char *next;   /* what is not yet indexed */
	const char *end;
	const struct agr_index_kernel *kernel;
	agr_index_carry carry;
	agr_index_fault fault; /* the first; nothing is indexed behind it */
	size_t n;
	uint64_t escapes[AGR_INDEX_BLOCKS]; /* a bit a byte: a backslash */
	uint64_t high[AGR_INDEX_BLOCKS];    /* a bit a byte: beyond ASCII */
	uint64_t high_blocks[AGR_INDEX_BLOCKS / 64]; /* a bit a block: it has some */
	uint64_t cut; /* the next block's first bytes that end a character */
	/* The tokens: where they begin, counted from `base`, and their first bytes, but
	 * '0' for every number. Kernels write up to a block behind the last. */
	uint32_t at[AGR_INDEX_WINDOW + AGR_INDEX_BLOCK];
	char kinds[AGR_INDEX_WINDOW + AGR_INDEX_BLOCK];
} agr_index;

/* Kernels by name, fastest first, those this machine can run: "avx512", "avx2",
 * "sse2", "neon", "portable". NULL past the last. */
typedef struct agr_index_kernel agr_index_kernel;
const agr_index_kernel *agr_index_kernel_at(size_t i);
const char *agr_index_kernel_name(const agr_index_kernel *kernel);

/* The text is borrowed. `kernel` NULL: the fastest. */
void agr_index_begin(agr_index *index, const char *p, const char *end,
	const agr_index_kernel *kernel);
/* Index the next window: `n` tokens. False when there is nothing more, or
 * behind a fault. */
bool agr_index_next(agr_index *index);

/* Copy `n` bytes, whole values and what stands between them, without their white space.
 * They are valid and begin outside of strings; `to` has room for AGR_INDEX_BLOCK bytes
 * more. Returns how many were copied. */
size_t agr_index_squeeze(char *to, const char *p, size_t n, const agr_index_kernel *kernel);

#endif
