/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
#include "table/block.h"

#include <stdlib.h>
#include <string.h>

void agr_block_pass(agr_input *in, size_t n)
{
	/* The index has counted the lines already, mostly. */
	const char *p = in->text.p, *end = p + n, *line = NULL;
	const agr_index *index = in->scanner ? &in->scanner->index : NULL;
	size_t lines;

	if (index && index->begin == p && index->next >= end)
		lines = (size_t)index->carry.newlines - agr_count_lines(end, index->next);
	else
		lines = agr_count_lines(p, end);
	if (lines)
		line = memrchr(p, '\n', n);
	in->lines += lines;
	in->column = line ? (size_t)(end - line) - 1 : in->column + n;
}

/* Bytes in memory as a reader. */
static int read_packed(void *user, char *to, size_t cap, size_t *len,
	agentrun_error **err)
{
	agr_text *left = user;

	(void)err;
	*len = left->n < cap ? left->n : cap;
	memcpy(to, left->p, *len);
	left->p += *len;
	left->n -= *len;
	return 0;
}

static agr_compression compression_of(const agr_text *t)
{
	if (t->n >= 2 && memcmp(t->p, "\x1f\x8b", 2) == 0)
		return AGR_COMPRESSION_GZIP;
	if (t->n >= 4 && memcmp(t->p, "\x28\xb5\x2f\xfd", 4) == 0)
		return AGR_COMPRESSION_ZSTD;
	return AGR_COMPRESSION_NONE;
}

int agr_block_unpack(agr_input *in, agentrun_error **err)
{
	agr_buf *block = &in->block;
	const agr_text *t = &in->text;
	agr_compression kind = compression_of(t);
	int r;

	if (!kind)
		return 0;
	if (in->read) {
		r = agr_decompressor_new(&in->unpack, kind, t->p, t->n, in->read, in->user, err);
	} else {
		in->packed = *t;
		r = agr_decompressor_new(&in->unpack, kind, t->p, 0, read_packed, &in->packed, err);
	}
	in->read = agr_decompressor_read;
	in->user = in->unpack;
	in->ended = false;
	in->total = 0;
	block->max = SIZE_MAX;
	agr_buf_reset(block);
	in->text.p = "";
	in->text.n = 0;
	return r;
}

int agr_block_read(void *input, char *to, size_t cap, size_t *len, agentrun_error **err)
{
	agr_input *in = input;
	int r = in->read(in->user, to, cap, len, err);

	if (r < 0 && in->unpack)
		agr_error_prefix(err, "%s", in->text.name ? in->text.name : "input");
	if (r < 0)
		return r;
	in->total += *len;
	if (in->limit.bytes && in->total > in->limit.bytes)
		return agentrun_error_raise(err, AGENTRUN_ELIMIT,
			"%s is longer than the limit of %zu bytes (%s)",
			in->text.name ? in->text.name : "input", in->limit.bytes,
			in->limit.setting);
	return 0;
}

int agr_block_more(agr_input *in, size_t n, agentrun_error **err)
{
	agr_buf *block = &in->block;
	size_t rest = block->len - n, got = 0;
	char *to;
	int r;

	if (in->late)
	{
		agentrun_error *late = in->late;

		in->late = NULL;
		return agr_error_pass(err, late);
	}
	agr_block_pass(in, n);
	if (n)
		memmove(block->data, block->data + n, rest);
	block->len = rest;
	to = agr_buf_reserve(block, rest < AGR_BLOCK ? AGR_BLOCK - rest : rest);
	if (!to)
		return agr_error_oom(err);
	r = agr_block_read(in, to, block->cap - 1 - rest, &got, err);
	block->len += got;
	in->ended = got == 0;
	in->text.p = block->data;
	in->text.n = block->len;
	return r;
}

int agr_block_on(agr_input *in, size_t n, agentrun_error **err)
{
	size_t rest = in->block.len - n;
	int r = agr_block_more(in, n, err);

	while (!r && !in->ended && rest > AGR_BLOCK && in->block.len < 2 * rest)
		r = agr_block_more(in, 0, err);
	return r;
}

int agr_block_all(agr_input *in, agentrun_error **err)
{
	int r = 0;

	while (!r && !agr_block_is_whole(in))
		r = agr_block_more(in, 0, err);
	return r;
}
