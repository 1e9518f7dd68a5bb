/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
/*
 * block - the part of an input's text that is at hand: how more of it is read, and
 * unpacked where it comes compressed.
 */
#ifndef AGR_BLOCK_H
#define AGR_BLOCK_H

#include "table/input.h"

/* What is read at a time; a row that does not fit makes it grow. */
#define AGR_BLOCK ((size_t)256 * 1024)

/* Is all of the text that is not passed yet at hand? */
static inline bool agr_block_is_whole(const agr_input *in)
{
	return !in->read || in->ended;
}

/* Remember how far into the text the first `n` bytes at hand reach. */
void agr_block_pass(agr_input *in, size_t n);

/* Where what is at hand begins a compressed text: read that, and not its bytes. */
int agr_block_unpack(agr_input *in, agentrun_error **err);

/* An agentrun_read_fn for an input: up to `cap` bytes of its reader's; 0 at the end. */
int agr_block_read(void *input, char *to, size_t cap, size_t *len, agentrun_error **err);

/* Drop the first `n` bytes at hand and read more behind the rest. */
int agr_block_more(agr_input *in, size_t n, agentrun_error **err);
/* The same until there is news enough to look at the rest once more: what is long is
 * not looked at again for every bit that a pipe holds. */
int agr_block_on(agr_input *in, size_t n, agentrun_error **err);
/* Read it to its end. */
int agr_block_all(agr_input *in, agentrun_error **err);

#endif
