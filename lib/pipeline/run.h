/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
/*
 * run - what a run is made of, for its two halves: run.c goes through the steps, supply.c
 * takes what they wait for from outside. pipeline.h has what others may call.
 */
#ifndef AGR_PIPELINE_RUN_H
#define AGR_PIPELINE_RUN_H

#include "pipeline/chain.h"

struct agr_run {
	const agr_pipeline *pipeline;
	agr_run_options opts;
	enum {
		STATE_START,
		STATE_READY,
		STATE_WANTS_INPUT, /* a ref as the input */
		STATE_WANTS_REF,   /* a ref of a step of the chain */
		STATE_WANTS_HTTP,
		STATE_DONE,
		STATE_FAILED
	} state;
	size_t at;         /* the next step */
	agr_chain chain;   /* the steps from `at`, while some want refs */
	size_t chain_at;   /* the next of its steps to open */
	char *ref;         /* wanted as the input */
	agr_response source; /* what the input reads, if that is what a ref names */
	agr_response answer; /* what the input reads, if that has a `read`: first `head` */
	agr_buf head;
	size_t head_at;
	size_t answer_at;  /* the step that asked for it */
	bool broken;       /* it ended too early */
	agr_input input;   /* the data as it stands */
	agr_nested *nested; /* NULL, or what takes rows out of it for the step `nested_at` */
	size_t nested_at;
	agr_buf text;      /* what the data lies in, when that is ours */
	bool made_here;    /* a step made the data */
	bool written;      /* the result went out, but for what `text` holds */
	unsigned ticks;
	agr_op_stats *stats; /* an operator each, where they are measured */
	int64_t read_ns;     /* spent on reading and scanning rows */
};

/* The step that is next. */
static inline const agr_compiled *agr_run_step(const agr_run *run)
{
	return &run->pipeline->ops[run->at];
}

/* Where `r` is a fault, say that it is that step's. */
int agr_run_blame_step(const agr_run *run, int r, agentrun_error **err);

/* Take over `text` as what the data lies in; or a copy of what is given. */
void agr_run_own(agr_run *run, agr_buf *text);
int agr_run_copy_text(agr_run *run, const char *p, size_t len, agentrun_error **err);

/* The data is now this value, known to be valid. */
int agr_run_set_value(agr_run *run, agr_span value, agentrun_error **err);

static inline void agr_response_close(agr_response *response)
{
	if (response->close)
		response->close(response->user);
	*response = (agr_response){ .status = 0 };
}

/* Nothing is read any more of what the input came from. */
void agr_run_close_answer(agr_run *run);

/* Is no more to be made of the input than a document to take rows out of? An array is
 * none where the path begins with a key. */
bool agr_run_is_one(const agr_run *run);

/* Open the chain's steps, as far as the first that wants a ref. */
int agr_run_open_ops(agr_run *run, agentrun_error **err);

/* After a fault a run cannot go on. Returns `r`. */
int agr_run_over(agr_run *run, int r);

#endif
