/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
/*
 * step - what a step's file provides and what it may use. A step has one entry
 * in the table in steps/registry.c.
 *
 * `compile` reads the parameters into a plan, which is immutable. A row step
 * takes records one by one and emits others; what it must remember of a record
 * it copies unless the record lasts. A document step turns one value into another.
 */
#ifndef AGR_STEP_H
#define AGR_STEP_H

#include "pipeline/pipeline.h"
#include "table/keep.h"
#include "table/object.h"
#include "table/path.h"

/* ---- parameters ---------------------------------------------------------- */

/* A step's members in the pipeline text, which lives as long as the pipeline. */
typedef struct agr_args {
	agr_span object;
	const agr_members *members; /* of the object; NULL: its text is looked into */
} agr_args;

/* False when the parameter is missing or null. */
bool agr_args_get(const agr_args *args, const char *name, agr_span *out);
/* Raise "NAME must be WANTED, got VALUE", or "is missing" for a NULL p. */
int agr_args_wrong(const char *name, const char *wanted, agr_span got,
	agentrun_error **err);
/* 1 when it is there, 0 when not, or an error. */
int agr_args_whole(const agr_args *args, const char *name, int64_t least,
	int64_t *out, agentrun_error **err);
/* The same; `names` ends with NULL; *out is the index. */
int agr_args_choice(const agr_args *args, const char *name,
	const char *const *names, int *out, agentrun_error **err);
int agr_args_string(const agr_args *args, const char *name, char **out,
	agentrun_error **err);

typedef struct agr_fields {
	agr_field *list;
	size_t n;
} agr_fields;

/* One field, or a list of them; 1, 0 or an error. Clear in every case. */
int agr_args_fields(const agr_args *args, const char *name, agr_fields *out,
	agentrun_error **err);
void agr_fields_clear(agr_fields *fields);
bool agr_fields_want(agr_fields *fields, agr_wanted *wanted);
/* The parameter `name` that must be one field. */
int agr_args_field(const agr_args *args, const char *name, agr_field *out,
	agentrun_error **err);
/* The parameter `name` that names a member, as a JSON string; `fallback` when it is
 * missing, unless that is empty. */
int agr_args_key(const agr_args *args, const char *name, agr_span fallback,
	agr_span *out, agentrun_error **err);

/* Read a path that must be well formed. */
int agr_args_path(const char *name, agr_span value, agr_path *out,
	agentrun_error **err);

/* "an object", "a number" and so on. */
const char *agr_type_phrase(agr_span value);

/* ---- operators ----------------------------------------------------------- */

typedef struct agr_step_type agr_step_type;

/* A row step at work in one run. */
typedef struct agr_op {
	const agr_step_type *type;
	const void *plan;
	void *state;       /* zeroed, type->state_size bytes */
	struct agr_op *next;
	agr_run *run;
	size_t number;     /* the step's, from 1 */
	const char *name;  /* the step's, for messages */
	size_t rows_in, rows_out;
	int64_t time_ns;   /* with all that comes behind it, where it is measured */
	agr_buf row, key;  /* for building a row and a key; reset by who uses them */
} agr_op;

#define AGR_ENOUGH 1 /* a push that wants no more records */

/* Hand a record on. 0, AGR_ENOUGH or an error. */
int agr_op_emit(agr_op *op, agr_row *row, agentrun_error **err);
/* Hand on what op->row holds; `compact` as in agr_row. */
int agr_op_emit_made(agr_op *op, bool compact, agentrun_error **err);
/* Hand on the row with its member `key` (a JSON string) set to `value`: in its place
 * where there is one, else at the end. A row that is no object stays as it is. */
int agr_op_emit_with(agr_op *op, agr_row *row, agr_span key, agr_span value,
	agentrun_error **err);
/* What counts the run's memory, for what a step keeps; or NULL. */
agr_meter *agr_op_meter(const agr_op *op);
/* 0, AGENTRUN_ETIMEDOUT or AGENTRUN_ECANCELLED; for long work without rows. */
int agr_op_check(agr_op *op, agentrun_error **err);

enum { AGR_STEP_ROWS, AGR_STEP_DOCUMENT, AGR_STEP_HTTP };

struct agr_step_type {
	const char *name;
	const char *summary; /* one line */
	const char *holds;   /* what it keeps in memory, for who asks for the plan */
	const char *schema;  /* JSON Schema of the step's object */
	int kind;
	int (*compile)(void **plan, const agr_args *args, agentrun_error **err);
	void (*plan_free)(void *plan); /* half-built plans too */

	/* Row steps. All but push are optional. */
	/* Note the fields it looks at, with agr_field_want(): its rows may then come
	 * without a text, for agr_row_make(). False when memory is short. */
	bool (*want)(void *plan, agr_wanted *wanted);
	bool makes_rows; /* what it hands on is not what came in */
	size_t state_size;
	/* The ref that must be supplied before the first row, or NULL. */
	const char *(*wants)(const void *plan);
	/* Before the first row; `supplied` is what was wanted (p NULL: nothing). */
	int (*open)(agr_op *op, agr_span supplied, agentrun_error **err);
	int (*push)(agr_op *op, agr_row *row, agentrun_error **err);
	int (*finish)(agr_op *op, agentrun_error **err); /* no more rows come */
	void (*close)(agr_op *op);

	/* Document steps: `*out` lies in `in` or in `made`. */
	int (*apply)(const void *plan, agr_run *run, agr_span in, agr_buf *made,
		agr_span *out, agentrun_error **err);

	/* http_request. */
	const agr_pipeline_request *(*request)(const void *plan);
	/* Where the rows are in the answer (NULL: all of it is meant), or in the document
	 * from which this step does nothing but take them. */
	const agr_path *(*answer_path)(const void *plan);
};

/* The value at `path` in `in`; AGENTRUN_EPIPELINE says what is not there. */
int agr_path_extract(const agr_path *path, agr_span in, agr_buf *made,
	agr_span *out, agentrun_error **err);

/* For nested.c, which does the same as the document is read. Append, as elements of
 * an array, what the parts from `i` on find in `value`; missing is null, and an inner
 * [] of nothing adds nothing. */
int agr_path_collect(const agr_path *path, size_t i, agr_span value, agr_buf *made,
	agentrun_error **err);
/* "[] in PATH wants an array"; `value` is what is there. */
int agr_path_not_array(const agr_path *path, agr_span value, agentrun_error **err);
/* "there is nothing at PATH"; the path leads as far as `in`, which has these keys (the
 * first AGR_SHOWN_KEYS of them, ", " between) where it is an object. */
int agr_path_missing(const agr_path *path, agr_span in, const agr_buf *keys,
	agentrun_error **err);
#define AGR_SHOWN_KEYS 8
/* What is no array is refused by a step that wants rows. */
int agr_no_table(agr_span value, int code, agentrun_error **err);

/* The table, by name or by index; NULL when there is none. */
const agr_step_type *agr_step_find(const char *name, size_t len);
const agr_step_type *agr_step_at(size_t i);

#endif
