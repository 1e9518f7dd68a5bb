/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
/* chain - a stretch of row steps at work: rows pushed in at its head, the array
 * they become taken from its end. */
#ifndef AGR_CHAIN_H
#define AGR_CHAIN_H

#include "pipeline/compiled.h"
#include "pipeline/nested.h"

typedef struct agr_chain {
	agr_op *ops; /* the steps, then the end that writes the array */
	size_t n;    /* without the end */
	const agr_wanted *wanted; /* what is to be noted of the input's rows */
	agr_span *slots;
	agr_nested *nested; /* NULL, or what gives the rows in place of the input */
	bool no_rows;      /* it failed because it got no rows, and not at one */
	agr_buf out;       /* the array; where it is written out, what is held of it */
	int format;        /* AGENTRUN_FORMAT_JSON or _NDJSON */
	size_t rows;
	size_t hold;       /* write out from so many bytes on */
	agentrun_write_fn write; /* NULL: `out` is the result */
	void *user;
} agr_chain;

/* Set up the operators [from, to). Close in every case. Where `write` is set then,
 * rows go there in the chain's format. */
int agr_chain_init(agr_chain *chain, agr_run *run, const agr_compiled *ops,
	size_t from, size_t to, size_t max_output, agentrun_error **err);
/* All rows of the input through the steps; chain->out then holds the array. Or
 * AGR_NESTED_AGAIN: close it and begin with another. */
int agr_chain_run(agr_chain *chain, agr_input *in, agentrun_error **err);
void agr_chain_close(agr_chain *chain);

/* What the operator `i` did (0: the first of the chain). */
agr_op_stats agr_chain_stats(const agr_chain *chain, size_t i);

/* In run.c, for chain.c and steps: limits and deadline of a run. */
bool agr_run_is_measured(const agr_run *run);
const agr_op_stats *agr_run_stats(const agr_run *run, size_t i);
int64_t agr_run_read_ns(const agr_run *run);
int agr_run_tick(agr_run *run, agentrun_error **err);
int agr_run_check(agr_run *run, agentrun_error **err);
agr_meter *agr_run_meter(const agr_run *run);
size_t agr_run_max_rows(const agr_run *run);
size_t agr_run_max_depth(const agr_run *run);

#endif
