/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
#include "table/index.h"

#include <string.h>

#include "base/text.h"
#include "table/index/kernel.h"

/* ---- kernels -------------------------------------------------------------- */

static const agr_index_kernel *const kernels[] = {
#ifdef AGR_WITH_AVX512
	&agr_index_avx512,
#endif
#ifdef AGR_WITH_AVX2
	&agr_index_avx2,
#endif
#ifdef AGR_WITH_SSE2
	&agr_index_sse2,
#endif
#ifdef AGR_WITH_NEON
	&agr_index_neon,
#endif
	&agr_index_portable,
};

static bool can_run(const agr_index_kernel *kernel)
{
#ifdef AGR_WITH_AVX512
	if (kernel == &agr_index_avx512)
		return __builtin_cpu_supports("avx512vbmi2") &&
			__builtin_cpu_supports("avx512vbmi") &&
			__builtin_cpu_supports("avx512bw") &&
			__builtin_cpu_supports("avx512vl") &&
			__builtin_cpu_supports("bmi2") &&
			__builtin_cpu_supports("pclmul");
#endif
#ifdef AGR_WITH_AVX2
	if (kernel == &agr_index_avx2)
		return __builtin_cpu_supports("avx2") &&
			__builtin_cpu_supports("bmi2") &&
			__builtin_cpu_supports("pclmul");
#endif
	(void)kernel;
	return true;
}

const agr_index_kernel *agr_index_kernel_at(size_t i)
{
	for (size_t k = 0; k < sizeof(kernels) / sizeof(kernels[0]); k++)
		if (can_run(kernels[k]) && i-- == 0)
			return kernels[k];
	return NULL;
}

const char *agr_index_kernel_name(const agr_index_kernel *kernel)
{
	return kernel->name;
}

/* ---- what kernels leave to be looked at ----------------------------------- */

/* Faults are found block by block, so only the one that comes first counts. */
static void fault(agr_index *index, const char *at, const char *what)
{
	if (!index->fault.what || at < index->fault.at)
		index->fault = (agr_index_fault){ at, what };
}

/* `p` is behind a backslash. What the text's end cuts off is not judged: the
 * string is not closed then, which is told elsewhere. */
static void check_escape(agr_index *index, const char *p)
{
	if (p >= index->end)
		return;
	if (*p == 'u') {
		for (int i = 1; i <= 4 && p + i < index->end; i++)
			if (!agr_is_hex(p[i])) {
				fault(index, p - 1, "\\u wants four hex digits");
				return;
			}
	} else if (!*p || !strchr("\"\\/bfnrt", *p)) {
		fault(index, p - 1, "unknown escape in a string");
	}
}

static void check_suspects(agr_index *index, const char *block,
	const struct agr_suspects *suspects)
{
	for (uint64_t bits = suspects->escaped; bits; bits &= bits - 1)
		check_escape(index, block + __builtin_ctzll(bits));
	if (suspects->control)
		fault(index, block + __builtin_ctzll(suspects->control),
			"a control character in a string must be escaped");
}

/* Is it a character that the text's end cuts off? */
static bool is_cut(const char *p, const char *end)
{
	unsigned char first = (unsigned char)*p;
	size_t whole = first < 0xc2 ? 1 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;

	if (first > 0xf4 || (size_t)(end - p) >= whole)
		return false;
	while (++p < end)
		if (((unsigned char)*p & 0xc0) != 0x80)
			return false;
	return true;
}

/* The block's bytes beyond ASCII, but for those that end a character of the block
 * before: each must begin or continue a character. Returns what is so ended in the block
 * behind. */
static uint64_t check_block(agr_index *index, const char *block, uint64_t bits)
{
	uint64_t into_next = 0;

	while (bits) {
		unsigned at = (unsigned)__builtin_ctzll(bits);
		size_t left = (size_t)(index->end - block) - at;
		size_t n = agr_utf8_len(block + at, left);
		uint64_t taken;

		if (!n && is_cut(block + at, index->end))
			n = left;
		if (!n) {
			fault(index, block + at, "invalid UTF-8");
			return 0;
		}
		taken = ((uint64_t)1 << n) - 1;
		bits &= ~(taken << at);
		if (at + n > AGR_INDEX_BLOCK)
			into_next = taken >> (AGR_INDEX_BLOCK - at);
	}
	return into_next;
}

/* The blocks with such bytes. What one wants of the next was looked at with it: nothing
 * is carried over a block that has none. */
static void check_utf8(agr_index *index, size_t n_blocks)
{
	size_t behind = 0; /* the block that index->cut is of */

	for (size_t i = 0; i < AGR_INDEX_BLOCKS / 64; i++) {
		for (uint64_t bits = index->high_blocks[i]; bits; bits &= bits - 1) {
			size_t at = i * 64 + (unsigned)__builtin_ctzll(bits);
			uint64_t begun = at == behind ? index->cut : 0;

			index->cut = check_block(index, index->base + at * AGR_INDEX_BLOCK,
				index->high[at] & ~begun);
			behind = at + 1;
			if (index->fault.what && index->fault.at < index->base + behind * AGR_INDEX_BLOCK)
				return;
		}
	}
	if (behind < n_blocks)
		index->cut = 0;
}

/* ---- windows --------------------------------------------------------------- */

void agr_index_begin(agr_index *index, const char *p, const char *end,
	const agr_index_kernel *kernel)
{
	index->begin = index->base = index->next = p;
	index->end = end;
	index->kernel = kernel ? kernel : agr_index_kernel_at(0);
	index->carry = (agr_index_carry){ 0 };
	index->fault = (agr_index_fault){ 0 };
	index->cut = 0;
	index->n = 0;
}

/* Index `n` blocks at `p`, which is the text itself or a copy of its end. Returns how
 * many were, up to a fault. */
static size_t index_at(agr_index *index, const char *p, const char *text, size_t n)
{
	const size_t all = n;

	while (n && !index->fault.what) {
		struct agr_suspects suspects = { 0 };
		size_t done = index->kernel->index_blocks(index, p, text, n, &suspects);

		p += done * AGR_INDEX_BLOCK;
		text += done * AGR_INDEX_BLOCK;
		n -= done;
		check_suspects(index, text - AGR_INDEX_BLOCK, &suspects);
	}
	return all - n;
}

/* Positions behind a fault would mislead. */
static void drop_behind_fault(agr_index *index)
{
	ptrdiff_t at = index->fault.at - index->base;

	while (index->n && (ptrdiff_t)index->at[index->n - 1] >= at)
		index->n--;
	index->next = index->end;
}

bool agr_index_next(agr_index *index)
{
	size_t left = (size_t)(index->end - index->next);
	size_t blocks = left < AGR_INDEX_WINDOW ? left / AGR_INDEX_BLOCK : AGR_INDEX_BLOCKS;
	size_t whole = blocks * AGR_INDEX_BLOCK, rest = left - whole, done;
	char tail[AGR_INDEX_BLOCK];

	index->base = index->next;
	index->n = 0;
	memset(index->high_blocks, 0, sizeof(index->high_blocks));
	if (!left || index->fault.what)
		return false;
	done = index_at(index, index->base, index->base, blocks);
	index->next += whole;
	if (rest && rest < AGR_INDEX_BLOCK && blocks < AGR_INDEX_BLOCKS) {
		memset(tail, ' ', sizeof(tail));
		memcpy(tail, index->next, rest);
		done += index_at(index, tail, index->next, 1);
		index->next += rest;
		if (!index->carry.in_string)
			index->carry.white -= AGR_INDEX_BLOCK - rest;
	}
	/* No further: what is noted there is of the window before. */
	check_utf8(index, done);
	if (index->fault.what)
		drop_behind_fault(index);
	return true;
}

size_t agr_index_squeeze(char *to, const char *p, size_t n, const agr_index_kernel *kernel)
{
	const agr_index_kernel *k = kernel ? kernel : agr_index_kernel_at(0);
	agr_index_carry carry = { 0 };
	size_t blocks = n / AGR_INDEX_BLOCK, rest = n % AGR_INDEX_BLOCK;
	size_t len = k->squeeze_blocks(&carry, to, p, blocks);
	char tail[AGR_INDEX_BLOCK];

	if (rest) {
		memset(tail, ' ', sizeof(tail));
		memcpy(tail, p + blocks * AGR_INDEX_BLOCK, rest);
		len += k->squeeze_blocks(&carry, to + len, tail, 1);
	}
	return len;
}
