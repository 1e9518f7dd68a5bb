/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
#include "pipeline/order.h"

#include <stdlib.h>
#include <string.h>

/* The clock is asked once in so many merged items. */
#define ITEMS_A_CHECK 65536

struct agr_sort_key {
	agr_span value; /* p is NULL: missing or null, behind all */
	double number;  /* of a number: decides unless equal */
	agr_type type;
};

struct agr_sort_item {
	agr_span row;
	size_t keys; /* index of the first */
	bool lasting;
};

/* ---- the parameters -------------------------------------------------------- */

static int read_entry(agr_order *order, agr_span entry, bool desc,
	agentrun_error **err)
{
	static const char *const orders[] = { "asc", "desc", NULL };
	agr_args args = { entry };
	size_t i = order->n++;
	int choice = desc, r;

	if (*entry.p == '{') {
		r = agr_args_field(&args, "field", &order->fields[i], err);
		if (r < 0)
			return r;
		r = agr_args_choice(&args, "order", orders, &choice, err);
		order->desc[i] = choice;
		return r < 0 ? r : 0;
	}
	if (*entry.p != '"')
		return agr_args_wrong("by", "a list of {\"field\": NAME, \"order\": ...}",
			entry, err);
	order->desc[i] = desc;
	return agr_field_read(&order->fields[i], entry) < 0 ? agr_error_oom(err) : 0;
}

int agr_order_read(agr_order *order, const agr_args *args, const char *name,
	bool desc, agentrun_error **err)
{
	agr_span value, entry;
	agr_iter it;
	size_t n = 1;
	int r = 0;

	memset(order, 0, sizeof(*order));
	if (!agr_args_get(args, name, &value))
		return 0;
	if (*value.p == '[')
		n = agr_span_count(value);
	if (!n)
		return agr_args_wrong(name, "a list of one field at least", value, err);
	order->fields = calloc(n, sizeof(*order->fields));
	order->desc = calloc(n, sizeof(*order->desc));
	if (!order->fields || !order->desc)
		return agr_error_oom(err);
	if (*value.p != '[') {
		r = read_entry(order, value, desc, err);
		return r < 0 ? r : 1;
	}
	it = agr_iter_of(value);
	while (!r && agr_array_next(&it, &entry))
		r = read_entry(order, entry, desc, err);
	return r < 0 ? r : 1;
}

void agr_order_clear(agr_order *order)
{
	for (size_t i = 0; i < order->n; i++)
		agr_field_clear(&order->fields[i]);
	free(order->fields);
	free(order->desc);
	memset(order, 0, sizeof(*order));
}

/* ---- keys ------------------------------------------------------------------ */

static int key_compare(const struct agr_sort_key *a, const struct agr_sort_key *b,
	bool desc)
{
	int diff;

	if (!a->value.p || !b->value.p)
		return (int)!a->value.p - (int)!b->value.p;
	if (a->type != b->type)
		diff = a->type < b->type ? -1 : 1;
	else if (a->type == AGR_TYPE_NUMBER &&
		(a->number < b->number || a->number > b->number))
		diff = a->number < b->number ? -1 : 1;
	else
		diff = agr_value_compare(a->value, b->value);
	return desc ? -diff : diff;
}

static int keys_compare(const agr_sorted *list, size_t a, size_t b)
{
	int diff = 0;

	for (size_t i = 0; !diff && i < list->order->n; i++)
		diff = key_compare(&list->keys[a + i], &list->keys[b + i],
			list->order->desc[i]);
	return diff;
}

static void read_keys(agr_sorted *list, size_t at, agr_span row)
{
	for (size_t i = 0; i < list->order->n; i++) {
		struct agr_sort_key *key = &list->keys[at + i];

		memset(key, 0, sizeof(*key));
		if (!agr_field_get(&list->order->fields[i], row, &key->value)) {
			key->value.p = NULL;
			continue;
		}
		key->type = agr_span_type(key->value);
		if (key->type == AGR_TYPE_NUMBER)
			key->number = agr_number_double(key->value);
	}
}

/* Room for one more item and its keys. */
static bool reserve(agr_sorted *list)
{
	size_t cap = list->cap ? list->cap * 2 : 64;
	void *grown;

	if (list->n < list->cap)
		return true;
	if (cap > SIZE_MAX / (list->order->n * sizeof(*list->keys)))
		return false;
	grown = realloc(list->items, cap * sizeof(*list->items));
	if (!grown)
		return false;
	list->items = grown;
	grown = realloc(list->keys, cap * list->order->n * sizeof(*list->keys));
	if (!grown)
		return false;
	list->keys = grown;
	list->cap = cap;
	return true;
}

int agr_sorted_add(agr_sorted *list, const agr_row *row)
{
	struct agr_sort_item *item;

	if (!reserve(list))
		return AGENTRUN_ENOMEM;
	item = &list->items[list->n];
	item->row = agr_arena_keep(&list->arena, row->span, row->lasting);
	item->lasting = row->lasting;
	item->keys = list->n * list->order->n;
	if (!item->row.p)
		return AGENTRUN_ENOMEM;
	read_keys(list, item->keys, item->row);
	list->n++;
	return 0;
}

int agr_sorted_beats(agr_sorted *list, const agr_row *row, size_t i)
{
	size_t at = list->n * list->order->n;

	if (!reserve(list))
		return AGENTRUN_ENOMEM;
	read_keys(list, at, row->span);
	return keys_compare(list, at, list->items[i].keys) < 0;
}

agr_row agr_sorted_row(const agr_sorted *list, size_t i)
{
	return (agr_row){ list->items[i].row, list->items[i].lasting };
}

/* ---- merge sort -------------------------------------------------------------- */

static void merge(const agr_sorted *list, const struct agr_sort_item *from,
	struct agr_sort_item *to, size_t left, size_t middle, size_t right)
{
	size_t i = left, k = middle;

	for (size_t at = left; at < right; at++) {
		if (k == right || (i < middle &&
			    keys_compare(list, from[i].keys, from[k].keys) <= 0))
			to[at] = from[i++];
		else
			to[at] = from[k++];
	}
}

int agr_sorted_sort(agr_sorted *list, agr_op *op, agentrun_error **err)
{
	struct agr_sort_item *from = list->items, *to, *swap;
	size_t n = list->n, since = 0;
	int r = 0;

	if (n < 2)
		return 0;
	to = malloc(list->cap * sizeof(*to));
	if (!to)
		return agr_error_oom(err);
	for (size_t width = 1; !r && width < n; width *= 2) {
		for (size_t left = 0; !r && left < n; left += 2 * width) {
			size_t middle = left + width < n ? left + width : n;
			size_t right = middle + width < n ? middle + width : n;

			merge(list, from, to, left, middle, right);
			since += right - left;
			if (since > ITEMS_A_CHECK) {
				since = 0;
				r = agr_op_check(op, err);
			}
		}
		swap = from;
		from = to;
		to = swap;
	}
	list->items = from;
	free(to);
	return r;
}

int agr_sorted_truncate(agr_sorted *list, size_t k)
{
	agr_sorted fresh = { .order = list->order };
	int r = 0;

	for (size_t i = 0; !r && i < k && i < list->n; i++) {
		agr_row row = agr_sorted_row(list, i);

		r = agr_sorted_add(&fresh, &row);
	}
	agr_sorted_clear(r ? &fresh : list);
	if (!r)
		*list = fresh;
	return r;
}

void agr_sorted_clear(agr_sorted *list)
{
	const agr_order *order = list->order;

	free(list->items);
	free(list->keys);
	agr_arena_free(&list->arena);
	memset(list, 0, sizeof(*list));
	list->order = order;
}
