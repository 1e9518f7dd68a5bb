/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
#include "patch/parts.h"

#include <stdlib.h>
#include <string.h>

const agr_part_kind agr_part_kinds[AGR_PART_KINDS] = {
	{"node", "nodes", {"\"nodes\"", 7}, {"id", NULL}},
	{"edge", "edges", {"\"edges\"", 7}, {"from", "to"}},
};

static int name_order(const agr_part *a, const agr_part *b)
{
	int order = 0;

	for (int i = 0; !order && i < 2; i++) {
		if (a->name[i].p && b->name[i].p)
			order = agr_value_compare(a->name[i], b->name[i]);
		else
			order = (a->name[i].p != NULL) - (b->name[i].p != NULL);
	}
	return order;
}

static int part_order(const void *a, const void *b)
{
	const agr_part *x = *(agr_part *const *)a, *y = *(agr_part *const *)b;
	int order = name_order(x, y);

	return order ? order : (x->index > y->index) - (x->index < y->index);
}

static int read_parts(
	agr_parts *out, agr_arena *arena, const agr_part_kind *kind, agr_span document,
	agentrun_error **err)
{
	agr_span list, value;
	agr_iter it;

	memset(out, 0, sizeof(*out));
	if (agr_span_type(document) != AGR_TYPE_OBJECT ||
		!agr_object_get(document, kind->list, strlen(kind->list), &list) ||
		agr_span_type(list) != AGR_TYPE_ARRAY)
		return 0;
	out->n = agr_span_count(list);
	out->list = agr_arena_alloc(arena, out->n, sizeof(*out->list));
	out->sorted = agr_arena_alloc(arena, out->n, sizeof(*out->sorted));
	if (!out->list || !out->sorted)
		return agr_error_oom(err);
	it = agr_iter_of(list);
	for (size_t i = 0; agr_array_next(&it, &value); i++) {
		agr_part *part = out->sorted[i] = &out->list[i];

		*part = (agr_part){.value = value, .index = i};
		for (int k = 0; k < 2 && kind->names[k]; k++)
			if (agr_span_type(value) == AGR_TYPE_OBJECT)
				agr_object_get(value, kind->names[k],
					strlen(kind->names[k]), &part->name[k]);
	}
	qsort(out->sorted, out->n, sizeof(*out->sorted), part_order);
	for (size_t i = 1; i < out->n; i++)
		if (name_order(out->sorted[i - 1], out->sorted[i]) == 0)
			out->sorted[i]->nth = out->sorted[i - 1]->nth + 1;
	return 0;
}

static void match_parts(agr_parts *old, agr_parts *new)
{
	size_t i = 0, k = 0;

	while (i < old->n && k < new->n) {
		agr_part *a = old->sorted[i], *b = new->sorted[k];
		int order = name_order(a, b);

		if (!order)
			order = (a->nth > b->nth) - (a->nth < b->nth);
		if (!order) {
			a->other = b;
			b->other = a;
		}
		i += order <= 0;
		k += order >= 0;
	}
}

int agr_parts_read(agr_parts *before, agr_parts *after, agr_arena *arena,
	const agr_part_kind *kind, agr_span document, agr_span patched, agentrun_error **err)
{
	int r = read_parts(before, arena, kind, document, err);

	if (r == 0)
		r = read_parts(after, arena, kind, patched, err);
	if (r == 0)
		match_parts(before, after);
	return r;
}

const agr_part *agr_parts_find(const agr_parts *nodes, agr_span id)
{
	agr_part wanted = {.name = {id}};
	size_t low = 0, high = nodes->n;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (name_order(nodes->sorted[middle], &wanted) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low < nodes->n && name_order(nodes->sorted[low], &wanted) == 0
		       ? nodes->sorted[low]
		       : NULL;
}
