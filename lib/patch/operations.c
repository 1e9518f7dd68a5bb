/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
#include "patch/operations.h"

#include <string.h>

/* The operation that is running. */
struct run {
	agr_patching *state;
	agr_arena *arena;
	const agr_operation *op;
	uint32_t number;
	agentrun_error **err;
};

static int refuse(struct run *run, const char *what)
{
	return agentrun_error_raise(run->err, AGENTRUN_EPATCH, "%s", what);
}

/* ---- journal ---------------------------------------------------------------- */

static int note(struct run *run, agr_undo undo)
{
	agr_journal *journal = &run->state->journal;
	agr_undo *grown;

	undo.op = run->number;
	if (journal->n == journal->cap) {
		size_t cap = journal->cap ? journal->cap * 2 : 16;

		grown = agr_arena_alloc(run->arena, cap, sizeof(*grown));
		if (!grown)
			return agr_error_oom(run->err);
		if (journal->n)
			memcpy(grown, journal->list, journal->n * sizeof(*grown));
		journal->list = grown;
		journal->cap = cap;
	}
	journal->list[journal->n++] = undo;
	return 0;
}

/* The value's text at this moment, charged to what copies may cost. */
static int freeze(struct run *run, agr_tree_value *value)
{
	agr_buf text = AGR_BUF_MAX(AGR_PATCH_MAX_BYTES - run->state->copied);
	char *copy = NULL;
	int r;

	if (!value->node)
		return 0;
	r = agr_tree_write(&text, value, NULL, run->err);
	if (r == 0)
		r = agr_buf_check(&text, "what the patch copies", run->err);
	if (r == 0) {
		copy = agr_arena_alloc(run->arena, text.len, 1);
		if (!copy)
			r = agr_error_oom(run->err);
	}
	if (copy) {
		memcpy(copy, text.data, text.len);
		run->state->copied += text.len;
		*value = (agr_tree_value){.text = {copy, text.len}, .made = value->made};
	}
	agr_buf_free(&text);
	return r;
}

static int index_path(
	struct run *run, const agr_pointer *pointer, size_t index, agr_span *out)
{
	size_t dir = pointer->len - 1; /* the last token is "-" */
	agr_buf number = AGR_BUF_INIT;
	char *copy;

	agr_buf_printf(&number, "%zu", index);
	if (number.failed)
		return agr_error_oom(run->err);
	copy = agr_arena_alloc(run->arena, dir + number.len, 1);
	if (copy) {
		memcpy(copy, pointer->text, dir);
		memcpy(copy + dir, number.data, number.len);
	}
	*out = (agr_span){copy, dir + number.len};
	agr_buf_free(&number);
	return copy ? 0 : agr_error_oom(run->err);
}

/* ---- places ------------------------------------------------------------------ */

/* The opened container that holds, or will hold, what `pointer` leads to. */
static int parent_of(struct run *run, const agr_pointer *pointer, agr_tree_value **out)
{
	int r = agr_tree_walk(
		out, run->arena, &run->state->root, pointer, pointer->n - 1, run->err);

	if (r < 0)
		return r;
	if (agr_tree_type(*out) < AGR_TYPE_ARRAY)
		return agentrun_error_raise(run->err, AGENTRUN_EPATCH,
			"%s is %s and holds nothing",
			agr_pointer_shown(run->arena, pointer, pointer->n - 1),
			agr_tree_type_name(*out));
	return agr_tree_open(run->arena, *out, run->err);
}

static int find(struct run *run, const agr_pointer *pointer, agr_tree_value **out)
{
	return agr_tree_walk(
		out, run->arena, &run->state->root, pointer, pointer->n, run->err);
}

/* Put `value` where an existing value stands. */
static int overwrite(struct run *run, const agr_pointer *at, agr_tree_value *place,
	agr_tree_value value)
{
	agr_undo undo = {
		.kind = AGR_UNDO_REPLACE, .path = {at->text, at->len}, .value = *place};

	value.made = run->number;
	*place = value;
	return note(run, undo);
}

static int insert_element(struct run *run, const agr_pointer *at, agr_tree_value *parent,
	agr_tree_value value, agr_undo *undo)
{
	agr_span token = at->tokens[at->n - 1];
	size_t index = parent->node->n;
	int r;

	undo->path = (agr_span){at->text, at->len};
	if (agr_token_is_end(token)) {
		r = index_path(run, at, index, &undo->path);
		if (r < 0)
			return r;
	} else if (!agr_token_index(token, &index)) {
		return agentrun_error_raise(run->err, AGENTRUN_EPATCH,
			"%s is an array and %s is no index of it",
			agr_pointer_shown(run->arena, at, at->n - 1),
			agr_shown(run->arena, token.p, token.n));
	} else if (index > parent->node->n) {
		return agentrun_error_raise(run->err, AGENTRUN_EPATCH,
			"no such place, %s has %zu elements",
			agr_pointer_shown(run->arena, at, at->n - 1), parent->node->n);
	}
	return agr_tree_insert(run->arena, parent->node, index, value, run->err);
}

/* RFC 6902, 4.1. `undo` says how what is new there can be taken away again; a
 * value that was there is noted as overwritten, and `undo` is not used. */
static int put(
	struct run *run, const agr_pointer *at, agr_tree_value value, agr_undo undo)
{
	agr_tree_value *parent;
	agr_tree_item *known;
	int r;

	value.made = run->number;
	if (!at->n)
		return overwrite(run, at, &run->state->root, value);
	r = parent_of(run, at, &parent);
	if (r < 0)
		return r;
	if (parent->node->object) {
		agr_span key = at->tokens[at->n - 1];

		known = agr_tree_member(parent->node, key);
		if (known)
			return overwrite(run, at, &known->value, value);
		undo.path = (agr_span){at->text, at->len};
		r = agr_tree_add_member(run->arena, parent->node, key, value, run->err);
	} else {
		r = insert_element(run, at, parent, value, &undo);
	}
	parent->touched = run->number;
	if (r == 0 && undo.kind == AGR_UNDO_MOVE) {
		undo.from = undo.path;
		undo.path = (agr_span){run->op->from.text, run->op->from.len};
	}
	return r < 0 ? r : note(run, undo);
}

static int take(struct run *run, const agr_pointer *at, agr_tree_value *out)
{
	agr_tree_value *parent, *place;
	size_t index = 0;
	int r;

	r = find(run, at, &place);
	if (r == 0)
		r = parent_of(run, at, &parent);
	if (r != 0)
		return r;
	*out = *place;
	if (parent->node->object) {
		agr_tree_remove_member(parent->node,
			agr_tree_member(parent->node, at->tokens[at->n - 1]));
	} else {
		agr_token_index(at->tokens[at->n - 1], &index);
		agr_tree_remove(parent->node, index);
	}
	parent->touched = run->number;
	return 0;
}

/* ---- the six operations -------------------------------------------------------- */

static int run_add(struct run *run)
{
	agr_tree_value value = {.text = run->op->value};

	return put(run, &run->op->path, value, (agr_undo){.kind = AGR_UNDO_REMOVE});
}

static int run_remove(struct run *run)
{
	const agr_pointer *path = &run->op->path;
	agr_undo undo = {.kind = AGR_UNDO_ADD, .path = {path->text, path->len}};
	int r;

	/* Where there was a document there is null then, as others have it. */
	if (!path->n)
		return overwrite(run, path, &run->state->root,
			(agr_tree_value){.text = {"null", 4}});
	r = take(run, path, &undo.value);
	return r < 0 ? r : note(run, undo);
}

static int run_replace(struct run *run)
{
	agr_tree_value value = {.text = run->op->value}, *place;
	int r = find(run, &run->op->path, &place);

	return r < 0 ? r : overwrite(run, &run->op->path, place, value);
}

/* 1: an object's member, or the document, would be overwritten at `at`. */
static int is_taken(struct run *run, const agr_pointer *at)
{
	agr_tree_value *parent;
	int r;

	if (!at->n)
		return 1;
	/* A place that does not exist is told when the value is put there. */
	r = agr_tree_walk(&parent, run->arena, &run->state->root, at, at->n - 1, NULL);
	if (r == 0 && agr_tree_type(parent) != AGR_TYPE_OBJECT)
		return 0;
	if (r == 0)
		r = agr_tree_open(run->arena, parent, NULL);
	if (r == AGENTRUN_ENOMEM)
		return agr_error_oom(run->err);
	return r == 0 && agr_tree_member(parent->node, at->tokens[at->n - 1]) != NULL;
}

static int run_move(struct run *run)
{
	const agr_pointer *from = &run->op->from, *path = &run->op->path;
	agr_undo removed = {.kind = AGR_UNDO_ADD, .path = {from->text, from->len}};
	agr_tree_value value, *place;
	int r, taken;

	r = find(run, from, &place);
	if (r < 0) {
		agr_error_prefix(run->err, "\"from\" %s",
			agr_pointer_shown(run->arena, from, from->n));
		return r;
	}
	if (agr_pointer_same(from, path))
		return 0;
	if (agr_pointer_is_below(path, from))
		return refuse(run, "a value cannot be moved into itself");
	r = take(run, from, &value);
	if (r < 0)
		return r;
	taken = is_taken(run, path);
	if (taken < 0)
		return taken;
	if (!taken && !agr_pointer_is_below(from, path))
		return put(run, path, value, (agr_undo){.kind = AGR_UNDO_MOVE});
	/* What is overwritten must come back before what was moved, and a move back
	 * must not seem to lead into itself (/0/a was moved before /0): two notes. */
	removed.value = value;
	if (run->state->want_inverse)
		r = freeze(run, &removed.value);
	if (r == 0)
		r = note(run, removed);
	return r < 0 ? r : put(run, path, value, (agr_undo){.kind = AGR_UNDO_REMOVE});
}

static int run_copy(struct run *run)
{
	const agr_pointer *from = &run->op->from;
	agr_tree_value *place, value;
	int r = find(run, from, &place);

	if (r < 0) {
		agr_error_prefix(run->err, "\"from\" %s",
			agr_pointer_shown(run->arena, from, from->n));
		return r;
	}
	value = *place;
	r = freeze(run, &value);
	if (r < 0)
		return r;
	return put(run, &run->op->path, value, (agr_undo){.kind = AGR_UNDO_REMOVE});
}

static int run_test(struct run *run)
{
	agr_tree_value wanted = {.text = run->op->value}, *place;
	bool equal = false;
	int r = find(run, &run->op->path, &place);

	if (r == 0)
		r = agr_tree_equal(&equal, *place, wanted, run->err);
	if (r < 0 || equal)
		return r;
	return agentrun_error_raise(run->err, AGENTRUN_EPATCH,
		"the test failed, wanted %s but there is %s",
		agr_shown(run->arena, wanted.text.p, wanted.text.n),
		place->node ? "another value"
			    : agr_shown(run->arena, place->text.p, place->text.n));
}

static const struct op_entry {
	const char *name;
	int (*run)(struct run *run);
} op_table[] = {
	[AGR_OP_ADD] = {"add", run_add},
	[AGR_OP_REMOVE] = {"remove", run_remove},
	[AGR_OP_REPLACE] = {"replace", run_replace},
	[AGR_OP_MOVE] = {"move", run_move},
	[AGR_OP_COPY] = {"copy", run_copy},
	[AGR_OP_TEST] = {"test", run_test},
};

int agr_patch_run(agr_patching *patching, const agr_patch *patch, agentrun_error **err)
{
	for (size_t i = 0; i < patch->n; i++) {
		const agr_operation *op = &patch->list[i];
		struct run run = {patching, patching->arena, op, (uint32_t)i + 1, err};
		int r = op_table[op->kind].run(&run);

		if (r < 0) {
			agr_error_prefix(err, "operation %zu (%s %s)", i + 1,
				op_table[op->kind].name,
				op->path.len ? agr_shown(patching->arena, op->path.text,
						       op->path.len)
					     : "\"\"");
			return r;
		}
	}
	return 0;
}
