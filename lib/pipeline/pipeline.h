/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
/*
 * pipeline - steps over records. A pipeline is compiled (read and validated as a
 * whole) before any data is seen; a run then streams records through the
 * compiled steps. Neither does any I/O: where a step wants an answer from the
 * network or a ref's content, the run stops, says what it wants and goes on when
 * it is supplied, so that no thread ever waits.
 *
 * A pipeline is immutable and may be run by many threads at once; a run is one
 * thread's at a time.
 */
#ifndef AGR_PIPELINE_H
#define AGR_PIPELINE_H

#include <stdatomic.h>

#include <agentrun/pipeline.h>

#include "table/input.h"

struct agr_own_step;

/* 0 means no limit, but for max_depth and max_steps, where it is the default. */
typedef struct agr_pipeline_limits {
	size_t max_input_bytes;
	size_t max_rows;         /* read, or put out by any one step */
	size_t max_depth;        /* AGR_DEPTH_DEFAULT */
	size_t max_steps;        /* 256 */
	size_t max_response_bytes;
	size_t max_output_bytes; /* of what a run of steps holds as its result */
	const struct agr_own_step *own; /* steps that the application registered */
} agr_pipeline_limits;

static inline agr_input_limit agr_input_limit_of(const agr_pipeline_limits *limits)
{
	return (agr_input_limit){ limits->max_input_bytes, "limits.max_input_bytes" };
}

/* What applies where nothing is configured. */
agr_pipeline_limits agr_pipeline_limits_default(void);

typedef struct agr_pipeline agr_pipeline;

/*
 * Read an array of steps, or the arguments of the tool execute_pipeline. The
 * text is copied. AGENTRUN_EINPUT names the step (from 1); also AGENTRUN_ELIMIT,
 * AGENTRUN_ENOMEM. `limits` may be NULL.
 */
int agr_pipeline_compile(agr_pipeline **out, const char *text, size_t len,
	const agr_pipeline_limits *limits, agentrun_error **err);
void agr_pipeline_free(agr_pipeline *pipeline); /* NULL ok */

size_t agr_pipeline_steps(const agr_pipeline *pipeline);
/* The name of step `i` (from 0). */
const char *agr_pipeline_step_name(const agr_pipeline *pipeline, size_t i);
/* Does it begin with http_request, so that it needs no input? */
bool agr_pipeline_is_source(const agr_pipeline *pipeline);

/* Steps that are built in, for help and tool descriptions; NULL past the end. */
const char *agr_step_name(size_t i);
const char *agr_step_summary(size_t i);
/* JSON Schema of its object, {"step": NAME, ...}. What lies under the schema's
 * `definitions` is referred to from its root. */
const char *agr_step_schema(size_t i);

/* ---- a run --------------------------------------------------------------- */

typedef struct agr_header {
	char *name, *value;
} agr_header;

/* What an http_request step wants to have fetched. */
typedef struct agr_pipeline_request {
	const char *method; /* "GET" ... */
	char *url;          /* complete, with the query */
	char *host;         /* for messages: no user, no port */
	agr_header *headers;
	size_t n_headers;
	char *body;         /* NULL: none */
	size_t body_len;
	char *auth_profile; /* NULL: none */
	int64_t timeout_ms; /* 0: the default */
} agr_pipeline_request;

/* All text is borrowed until the run is freed. */
typedef struct agr_run_options {
	const char *input;      /* NULL: none, or `read`, or `context` */
	size_t input_len;
	agentrun_read_fn read;       /* NULL, or what reads the input */
	void *read_user;
	agentrun_write_fn write;     /* NULL, or what takes the result as it comes: */
	void *write_user;       /* see agr_run_write_output() */
	int output_format;      /* for `write`: AGENTRUN_FORMAT_... */
	unsigned threads;       /* that scan the input; 0 and 1: only the caller's */
	bool measured;          /* rows and time of every operator, to be explained */
	const char *input_name; /* for messages, or NULL */
	int input_format;       /* AGENTRUN_FORMAT_... */
	const char *context;    /* a job's context object, or NULL */
	size_t context_len;
	agr_pipeline_limits limits;
	int64_t deadline_ms;    /* monotonic, AGR_DEADLINE_NONE: none; 0 counts as none */
	const atomic_int *cancelled; /* NULL, or where a 1 stops the run */
	agr_meter *meter;       /* NULL, or what counts its memory; it outlives the run */
} agr_run_options;

typedef struct agr_run agr_run;

enum {
	AGR_RUN_DONE = 0,
	AGR_RUN_WANTS_HTTP = 1, /* agr_run_request(), then agr_run_supply_response() or
	                           agr_run_supply_answer() */
	AGR_RUN_WANTS_REF = 2   /* agr_run_ref(), then agr_run_supply_ref() */
};

/* The pipeline is borrowed until the run is freed. */
int agr_run_new(agr_run **out, const agr_pipeline *pipeline,
	const agr_run_options *opts, agentrun_error **err);
void agr_run_free(agr_run *run); /* NULL ok */

/* Go on until done or something is wanted: AGR_RUN_... or an error, after which
 * the run is over. */
int agr_run_advance(agr_run *run, agentrun_error **err);

/* What is wanted; lent until the run advances. NULL when it is not that. */
const agr_pipeline_request *agr_run_request(const agr_run *run);
const char *agr_run_ref(const agr_run *run);

/* Hand in what was wanted (copied). A refusal of it ends the run. */
int agr_run_supply_response(agr_run *run, int status, const char *body,
	size_t len, agentrun_error **err);

/* An answer whose body is read as it arrives, or what a ref names (then without a
 * status). */
typedef struct agr_response {
	int status;
	agentrun_read_fn read;
	void *user;
	void (*close)(void *user); /* NULL: nothing is to be done */
} agr_response;

/* Hand in what a ref names. As the input, it is read as the steps take it. It is closed
 * by the run, also when it is refused. */
int agr_run_supply_ref(agr_run *run, const agr_response *take_content,
	agentrun_error **err);

/* Hand in an answer. Steps that take rows then get them while it arrives, and
 * agr_run_advance() waits where `read` does. It is closed by the run, also when it is
 * refused. */
int agr_run_supply_answer(agr_run *run, const agr_response *take_answer,
	agentrun_error **err);

/* Put the step that waits before an error met outside (the network's). */
void agr_run_blame(const agr_run *run, agentrun_error **err);

/* The result of a run that is done. */
int agr_run_take_output(agr_run *run, agentrun_buf *out, int format,
	agentrun_error **err);

/* The same to the run's `write`, of which most may have gone there already: JSON and
 * NDJSON do not wait for the end, but for the first AGR_RUN_HOLD bytes, so that what
 * fails early has no output. */
int agr_run_write_output(agr_run *run, agentrun_error **err);

#define AGR_RUN_HOLD ((size_t)4 << 20)

/* Append how the pipeline is run, a row an operator, as a JSON array; with what it did
 * in a run that is done and was measured, or NULL. */
void agr_pipeline_explain(agr_buf *out, const agr_pipeline *pipeline, const agr_run *run);

/* ---- both with I/O ------------------------------------------------------- */

/* Fetch: give the final answer. 0 or an error, and then no answer. */
typedef int (*agr_fetch_fn)(void *user, const agr_pipeline_request *request,
	agr_response *answer, agentrun_error **err);
/* Open what a ref stands for. 0, AGENTRUN_ENOTFOUND, ... */
typedef int (*agr_resolve_fn)(void *user, const char *ref, agr_response *content,
	agentrun_error **err);

/* Compile and run, blocking in the two functions (NULL: there is none, and
 * wanting it is an error). `opts` and `limits` may be NULL. */
int agr_execute(agentrun_buf *out, const char *pipeline, size_t len,
	const agentrun_execute_options *opts, const agr_pipeline_limits *limits,
	agr_fetch_fn fetch, void *fetch_user, agr_resolve_fn resolve,
	void *resolve_user, agentrun_error **err);

#endif
