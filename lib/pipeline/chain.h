/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
/* chain - a stretch of row steps at work: rows pushed in at its head, the array
 * they become taken from its end. */
#ifndef AGR_CHAIN_H
#define AGR_CHAIN_H

#include "pipeline/compiled.h"
#include "table/input.h"

typedef struct agr_chain {
	agr_op *ops; /* the steps, then the end that writes the array */
	size_t n;    /* without the end */
	agr_buf out;
} agr_chain;

/* Set up the steps [from, to). Close in every case. */
int agr_chain_init(agr_chain *chain, agr_run *run, const agr_compiled *steps,
	size_t from, size_t to, size_t max_output, agentrun_error **err);
/* All rows of the input through the steps; chain->out then holds the array. */
int agr_chain_run(agr_chain *chain, agr_input *in, agentrun_error **err);
void agr_chain_close(agr_chain *chain);

/* In run.c, for chain.c and steps: limits and deadline of a run. */
int agr_run_tick(agr_run *run, agentrun_error **err);
int agr_run_check(agr_run *run, agentrun_error **err);
size_t agr_run_max_rows(const agr_run *run);
size_t agr_run_max_depth(const agr_run *run);

#endif
