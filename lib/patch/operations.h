/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
/*
 * operations - RFC 6902: reading a patch and running it on a tree. Operations
 * are counted from 1. Each change is noted in a journal, from which the inverse
 * patch is made and which knows what an operation removed.
 */
#ifndef AGR_OPERATIONS_H
#define AGR_OPERATIONS_H

#include "patch/faults.h"
#include "patch/pointer.h"
#include "patch/tree.h"

/* The result of a patch, and the text copied on the way to it, in bytes. */
#define AGR_PATCH_MAX_BYTES ((size_t)64 * 1024 * 1024)

typedef enum agr_op_kind {
	AGR_OP_ADD,
	AGR_OP_REMOVE,
	AGR_OP_REPLACE,
	AGR_OP_MOVE,
	AGR_OP_COPY,
	AGR_OP_TEST
} agr_op_kind;

typedef struct agr_operation {
	agr_op_kind kind;
	agr_pointer path;
	agr_pointer from; /* move, copy */
	agr_span value;   /* add, replace, test */
} agr_operation;

typedef struct agr_patch {
	agr_operation *list;
	size_t n;
	agr_span description; /* a JSON string; p is NULL when there is none */
} agr_patch;

/* `text` is an array of operations or {operations, description}. Every
 * operation that is malformed is named in `faults`. */
int agr_patch_read(agr_patch *out, agr_arena *arena, agr_span text, agr_faults *faults,
	agentrun_error **err);

typedef enum agr_undo_kind {
	AGR_UNDO_REMOVE,  /* of what was added at path */
	AGR_UNDO_ADD,     /* of the value that was removed at path */
	AGR_UNDO_REPLACE, /* by the value that stood at path */
	AGR_UNDO_MOVE     /* from where it was put, back to path */
} agr_undo_kind;

/* One change, told as what undoes it. Paths hold no "-". */
typedef struct agr_undo {
	agr_undo_kind kind;
	uint32_t op;
	agr_span path, from;  /* pointer text */
	agr_tree_value value; /* ADD, REPLACE: detached, changes no more; MOVE: unset */
} agr_undo;

typedef struct agr_journal {
	agr_undo *list;
	size_t n, cap;
} agr_journal;

typedef struct agr_patching {
	agr_arena *arena;
	agr_tree_value root;
	agr_journal journal;
	size_t copied; /* bytes written for copies so far */
	bool want_inverse;
} agr_patching;

/* Run all; the first operation that fails ends it and is named in the error. */
int agr_patch_run(agr_patching *patching, const agr_patch *patch, agentrun_error **err);

/* Append the patch that undoes the journal, a JSON array. */
int agr_inverse_write(agr_buf *out, const agr_journal *journal, agentrun_error **err);

#endif
