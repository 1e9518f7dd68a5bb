/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
#include "patch/guard.h"

#include "patch/operations.h"
#include "patch/parts.h"

struct guard {
	agr_buf *out;
	agr_patching patching; /* the workflow, as the operations so far left it */
	agentrun_error **err;
};

static void separate(agr_buf *out)
{
	if (out->len > 1)
		agr_buf_char(out, ',');
}

static void write_test(struct guard *g, const agr_part_kind *kind, size_t index,
	const char *name, agr_span value)
{
	separate(g->out);
	agr_buf_printf(g->out, "{\"op\":\"test\",\"path\":\"/%s/%zu/%s\",\"value\":", kind->list, index,
		name);
	agr_value_write(g->out, value);
	agr_buf_char(g->out, '}');
}

/* What is at this place now, if it is one, and there is something. */
static void guard_place(struct guard *g, const agr_pointer *place)
{
	agr_tree_value *at, member;
	size_t index, kind = 0;

	if (place->n < 2 || !agr_token_index(place->tokens[1], &index))
		return;
	while (kind < AGR_PART_KINDS &&
		!agr_string_same(place->tokens[0], agr_part_kinds[kind].key))
		kind++;
	if (kind == AGR_PART_KINDS)
		return;
	/* Nothing is behind the last one, where something may be put. */
	if (agr_tree_walk(&at, g->patching.arena, &g->patching.root, place, 2, NULL) < 0 ||
		agr_tree_type(at) != AGR_TYPE_OBJECT)
		return;
	for (size_t i = 0; i < AGR_COUNT(agr_part_kinds[kind].names); i++) {
		const char *name = agr_part_kinds[kind].names[i];

		if (name && agr_tree_get(at, name, &member) && !member.node)
			write_test(g, &agr_part_kinds[kind], index, name, member.text);
	}
}

static int guard_all(struct guard *g, const agr_patch *patch, agr_span operations)
{
	agr_iter it = agr_iter_of(operations);
	agr_span text;
	int r = 0;

	for (size_t i = 0; r == 0 && i < patch->n && agr_array_next(&it, &text); i++) {
		const agr_patch one = { .list = &patch->list[i], .n = 1 };

		if (one.list->kind == AGR_OP_MOVE || one.list->kind == AGR_OP_COPY)
			guard_place(g, &one.list->from);
		guard_place(g, &one.list->path);
		separate(g->out);
		agr_value_write(g->out, text);
		r = agr_patch_run(&g->patching, &one, g->err);
	}
	agr_buf_char(g->out, ']');
	return r;
}

int agr_guard_write(agr_buf *out, agr_span workflow, agr_span patch, agentrun_error **err)
{
	agr_arena arena = AGR_ARENA_INIT;
	agr_faults faults = AGR_FAULTS_INIT;
	struct guard g = { .out = out, .err = err };
	agr_span operations = patch;
	agr_patch read;
	int r;

	g.patching.arena = &arena;
	g.patching.root.text = workflow;
	if (agr_span_type(patch) == AGR_TYPE_OBJECT)
		agr_object_get(patch, "operations", 10, &operations);
	r = agr_patch_read(&read, &arena, patch, &faults, err);
	if (r == 0)
		r = agr_faults_raise(&faults, "the patch is malformed", err);
	agr_buf_char(out, '[');
	if (r == 0)
		r = guard_all(&g, &read, operations);
	agr_faults_free(&faults);
	agr_arena_free(&arena);
	return r < 0 ? r : agr_buf_check(out, "the patch", err);
}
