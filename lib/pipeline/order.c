/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
#include "pipeline/order.h"

#include <stdlib.h>
#include <string.h>

/* Fewer rows than this are merged, not counted into buckets. */
#define FEW_ROWS 512
/* So many sorted rows before one is asked for its memory is. */
#define AHEAD ((size_t)8)
#define CLASS_MISSING 255

struct agr_sort_row {
	const char *p;
	uint32_t len;
	uint8_t class;
	bool exact;   /* the rank says it all */
	bool lasting;
};

struct agr_sort_more {
	uint64_t rank;
	agr_span text; /* kept where the rank does not say it all */
	uint8_t class;
	bool exact;
};

/* One key as it is read: for either. */
struct key {
	uint64_t rank;
	agr_span value;
	uint8_t class;
	bool exact;
};

/* ---- the parameters -------------------------------------------------------- */

static int read_entry(agr_order *order, agr_span entry, bool desc,
	agentrun_error **err)
{
	static const char *const orders[] = { "asc", "desc", NULL };
	agr_args args = { entry, NULL };
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

bool agr_order_want(agr_order *order, agr_wanted *wanted)
{
	for (size_t i = 0; i < order->n; i++)
		if (!agr_field_want(&order->fields[i], wanted))
			return false;
	return true;
}

/* ---- keys ------------------------------------------------------------------ */

/* Doubles in the order of their values as whole numbers. */
static uint64_t rank_of_double(double value)
{
	const uint64_t top = (uint64_t)1 << 63;
	uint64_t bits;

	if (value == 0.0)
		value = 0.0; /* not -0.0 */
	memcpy(&bits, &value, sizeof(bits));
	return bits & top ? ~bits : bits | top;
}

static double double_of_rank(uint64_t rank)
{
	const uint64_t top = (uint64_t)1 << 63;
	uint64_t bits = rank & top ? rank & ~top : ~rank;
	double value;

	memcpy(&value, &bits, sizeof(value));
	return value;
}

/* The first eight bytes of the decoded text. Shorter ones say it all, unless a NUL
 * in a text makes it look like the end of a shorter one. */
static bool rank_of_string(agr_sorted *list, struct key *key)
{
	const char *p = key->value.p + 1;
	size_t n = key->value.n - 2;

	if (!agr_string_is_plain(key->value)) {
		list->scratch.max = SIZE_MAX;
		agr_buf_reset(&list->scratch);
		agr_string_decode(&list->scratch, key->value);
		if (list->scratch.failed)
			return false;
		p = list->scratch.data;
		n = list->scratch.len;
		key->exact = false;
	} else {
		key->exact = n < 8;
	}
	for (size_t i = 0; i < 8; i++)
		key->rank = key->rank << 8 | (i < n ? (unsigned char)p[i] : 0);
	return true;
}

/* False when memory is short. */
static bool read_key(agr_sorted *list, struct key *key, size_t field, const agr_row *row)
{
	bool desc = list->order->desc[field];
	agr_type type;

	*key = (struct key){ .class = CLASS_MISSING, .exact = true };
	if (!agr_field_get(&list->order->fields[field], row, &key->value))
		return true;
	type = agr_span_type(key->value);
	key->class = (uint8_t)(desc ? AGR_TYPE_OBJECT - type : type);
	if (type == AGR_TYPE_NUMBER) {
		double value;

		key->exact = agr_number_simple(key->value, &value);
		if (!key->exact)
			value = agr_number_double(key->value);
		key->rank = rank_of_double(value);
	} else if (type == AGR_TYPE_STRING) {
		if (!rank_of_string(list, key))
			return false;
	} else if (type > AGR_TYPE_STRING) {
		key->exact = false;
	}
	if (desc)
		key->rank = ~key->rank;
	return true;
}

/* ---- comparing --------------------------------------------------------------- */

/* The key's value: as it was kept, or made from the rank that says it all. */
static agr_span value_of(const struct agr_sort_more *key, bool desc, agr_buf *made)
{
	uint64_t rank = desc ? ~key->rank : key->rank;

	if (!key->exact)
		return key->text;
	if (key->class == (desc ? AGR_TYPE_OBJECT - AGR_TYPE_NUMBER : AGR_TYPE_NUMBER)) {
		agr_number_write(made, double_of_rank(rank));
	} else {
		char text[8];
		size_t n = 0;

		for (; n < 8 && rank >> (56 - 8 * n) & 0xff; n++)
			text[n] = (char)(rank >> (56 - 8 * n));
		agr_buf_char(made, '"');
		agr_buf_add(made, text, n);
		agr_buf_char(made, '"');
	}
	return (agr_span){ made->data, made->len };
}

/* Keys of the same class and rank, at least one of which does not say it all. */
static int compare_values(const struct agr_sort_more *x, const struct agr_sort_more *y,
	bool desc)
{
	agr_buf made[2] = { AGR_BUF_INIT, AGR_BUF_INIT };
	agr_span a = value_of(x, desc, &made[0]), b = value_of(y, desc, &made[1]);
	int diff = 0;

	if (!made[0].failed && !made[1].failed)
		diff = agr_value_compare(a, b);
	agr_buf_free(&made[0]);
	agr_buf_free(&made[1]);
	return desc ? -diff : diff;
}

static struct agr_sort_more first_key(const agr_sorted *list, size_t row)
{
	return (struct agr_sort_more){ .rank = list->ranks[row],
		.class = list->rows[row].class, .exact = list->rows[row].exact,
		.text = list->texts ? list->texts[row] : (agr_span){ NULL, 0 } };
}

static int compare_first(const agr_sorted *list, size_t a, size_t b)
{
	const struct agr_sort_row *x = &list->rows[a], *y = &list->rows[b];
	struct agr_sort_more keys[2];

	if (x->class != y->class)
		return x->class < y->class ? -1 : 1;
	if (list->ranks[a] != list->ranks[b])
		return list->ranks[a] < list->ranks[b] ? -1 : 1;
	if (x->exact && y->exact)
		return 0;
	keys[0] = first_key(list, a);
	keys[1] = first_key(list, b);
	return compare_values(&keys[0], &keys[1], list->order->desc[0]);
}

static int compare_rows(const agr_sorted *list, size_t a, size_t b)
{
	size_t n = list->order->n - 1;
	int diff = compare_first(list, a, b);

	for (size_t i = 0; !diff && i < n; i++) {
		const struct agr_sort_more *x = &list->more[a * n + i];
		const struct agr_sort_more *y = &list->more[b * n + i];

		if (x->class != y->class)
			diff = x->class < y->class ? -1 : 1;
		else if (x->rank != y->rank)
			diff = x->rank < y->rank ? -1 : 1;
		else if (!x->exact || !y->exact)
			diff = compare_values(x, y, list->order->desc[i + 1]);
	}
	return diff;
}

/* ---- adding ------------------------------------------------------------------ */

static bool grow(agr_sorted *list, void *array, size_t cap, size_t size)
{
	void **at = array;
	void *grown = cap > SIZE_MAX / size ||
		!agr_arena_charge(&list->arena, (cap - list->cap) * size) ? NULL
		: realloc(*at, cap * size);

	if (grown)
		*at = grown;
	return grown != NULL;
}

/* Room for one more. */
static bool reserve(agr_sorted *list)
{
	size_t cap = list->cap ? list->cap * 2 : 64;

	if (list->n < list->cap)
		return true;
	if (cap > UINT32_MAX || !grow(list, &list->rows, cap, sizeof(*list->rows)) ||
		!grow(list, &list->ranks, cap, sizeof(*list->ranks)) ||
		!grow(list, &list->sorted, cap, sizeof(*list->sorted)))
		return false;
	if (list->texts && !grow(list, &list->texts, cap, sizeof(*list->texts)))
		return false;
	if (list->order->n > 1 &&
		!grow(list, &list->more, cap, (list->order->n - 1) * sizeof(*list->more)))
		return false;
	list->cap = cap;
	return true;
}

/* Keep the texts of first keys from now on. */
static bool keep_texts(agr_sorted *list)
{
	if (!list->texts && agr_arena_charge(&list->arena, list->cap * sizeof(*list->texts)))
		list->texts = calloc(list->cap, sizeof(*list->texts));
	return list->texts != NULL;
}

/* The keys of the row, as those of the row at `at`; lent or kept. */
static bool put_keys(agr_sorted *list, size_t at, const agr_row *row, bool keep)
{
	struct key key;

	for (size_t i = 0; i < list->order->n; i++) {
		if (!read_key(list, &key, i, row))
			return false;
		if (key.exact)
			key.value = (agr_span){ NULL, 0 };
		else if (keep)
			key.value = agr_arena_keep(&list->arena, key.value, row->lasting);
		if (!key.exact && !key.value.p)
			return false;
		if (i) {
			list->more[at * (list->order->n - 1) + i - 1] = (struct agr_sort_more){
				key.rank, key.value, key.class, key.exact };
			continue;
		}
		if (!key.exact && !keep_texts(list))
			return false;
		if (list->texts)
			list->texts[at] = key.value;
		list->ranks[at] = key.rank;
		list->rows[at].class = key.class;
		list->rows[at].exact = key.exact;
		if (keep)
			list->inexact = list->inexact || !key.exact;
	}
	return true;
}

int agr_sorted_add(agr_sorted *list, agr_row *row, const agr_row *kept,
	agentrun_error **err)
{
	struct agr_sort_row *to;
	agr_span text;
	int r;

	if (!reserve(list) || !put_keys(list, list->n, row, true))
		return agr_error_oom(err);
	r = kept ? 0 : agr_row_make(row, err);
	if (r < 0)
		return r;
	kept = kept ? kept : row;
	if (kept->span.n > UINT32_MAX)
		return agentrun_error_raise(err, AGENTRUN_ELIMIT,
			"a row of %zu bytes is too long to be sorted", kept->span.n);
	text = agr_arena_keep(&list->arena, kept->span, kept->lasting);
	if (!text.p)
		return agr_error_oom(err);
	to = &list->rows[list->n];
	to->p = text.p;
	to->len = (uint32_t)text.n;
	to->lasting = kept->lasting;
	list->sorted[list->n] = (uint32_t)list->n;
	list->n++;
	return 0;
}

int agr_sorted_beats(agr_sorted *list, const agr_row *row, size_t i)
{
	if (!reserve(list) || !put_keys(list, list->n, row, false))
		return AGENTRUN_ENOMEM;
	return compare_rows(list, list->n, list->sorted[i]) < 0;
}

agr_row agr_sorted_row(const agr_sorted *list, size_t i)
{
	const struct agr_sort_row *row = &list->rows[list->sorted[i]];

	/* Sorted rows lie all over the memory and are asked for one by one: the next ones
	 * are sent for. Not in a function of its own, which gcc takes to do nothing. */
	if (i + 2 * AHEAD < list->n)
		__builtin_prefetch(&list->rows[list->sorted[i + 2 * AHEAD]]);
	if (i + AHEAD < list->n) {
		const char *text = list->rows[list->sorted[i + AHEAD]].p;

		__builtin_prefetch(text);
		__builtin_prefetch(text + 64);
	}
	return (agr_row){ .span = { row->p, row->len }, .lasting = row->lasting };
}

/* ---- sorting ----------------------------------------------------------------- */

/* Stable, from and to the `n` at `at`; `room` is as long. */
static int merge_sort(const agr_sorted *list, uint32_t *at, uint32_t *room, size_t n,
	agr_op *op, agentrun_error **err)
{
	size_t middle = n / 2, i = 0, k = middle;
	int r;

	if (n < 2)
		return 0;
	r = merge_sort(list, at, room, middle, op, err);
	if (!r)
		r = merge_sort(list, at + middle, room, n - middle, op, err);
	if (!r && n > FEW_ROWS)
		r = agr_op_check(op, err);
	if (r < 0)
		return r;
	memcpy(room, at, middle * sizeof(*at));
	for (size_t to = 0; i < middle; to++) {
		if (k < n && compare_rows(list, at[k], room[i]) < 0)
			at[to] = at[k++];
		else
			at[to] = room[i++];
	}
	return 0;
}

static unsigned digit_of(const agr_sorted *list, uint32_t row, unsigned byte)
{
	if (byte == 8)
		return list->rows[row].class;
	return list->ranks[row] >> (8 * byte) & 0xff;
}

/* By the ranks' bytes from the lowest up, then by class: stable at each. Bytes that
 * are the same in all are passed over. */
static int count_sort(agr_sorted *list, uint32_t *room, agr_op *op, agentrun_error **err)
{
	size_t (*counts)[256] = calloc(9, sizeof(*counts));
	uint32_t *from = list->sorted, *to = room;
	int r = 0;

	if (!counts)
		return agr_error_oom(err);
	for (size_t i = 0; i < list->n; i++)
		for (unsigned byte = 0; byte <= 8; byte++)
			counts[byte][digit_of(list, from[i], byte)]++;
	for (unsigned byte = 0; !r && byte <= 8; byte++) {
		size_t *count = counts[byte], at = 0;
		uint32_t *swap = from;

		if (count[digit_of(list, from[0], byte)] == list->n)
			continue;
		for (size_t i = 0; i < 256; i++) {
			size_t n = count[i];

			count[i] = at;
			at += n;
		}
		for (size_t i = 0; i < list->n; i++)
			to[count[digit_of(list, from[i], byte)]++] = from[i];
		from = to;
		to = swap;
		r = agr_op_check(op, err);
	}
	if (from != list->sorted)
		memcpy(list->sorted, from, list->n * sizeof(*from));
	free(counts);
	return r;
}

/* Rows of equal class and rank, where that does not say it all. */
static int sort_runs(agr_sorted *list, uint32_t *room, agr_op *op, agentrun_error **err)
{
	size_t start = 0;
	int r = 0;

	for (size_t i = 1; !r && i <= list->n; i++) {
		uint32_t first = list->sorted[start], row = i < list->n ? list->sorted[i] : 0;

		if (i < list->n && list->ranks[first] == list->ranks[row] &&
			list->rows[first].class == list->rows[row].class)
			continue;
		r = merge_sort(list, list->sorted + start, room, i - start, op, err);
		start = i;
	}
	return r;
}

int agr_sorted_sort(agr_sorted *list, agr_op *op, agentrun_error **err)
{
	uint32_t *room;
	int r = 0;

	if (list->n < 2)
		return 0;
	room = malloc(list->n * sizeof(*room));
	if (!room)
		return agr_error_oom(err);
	if (list->n < FEW_ROWS) {
		r = merge_sort(list, list->sorted, room, list->n, op, err);
	} else {
		r = count_sort(list, room, op, err);
		if (!r && (list->inexact || list->order->n > 1))
			r = sort_runs(list, room, op, err);
	}
	free(room);
	return r;
}

int agr_sorted_truncate(agr_sorted *list, size_t k, agentrun_error **err)
{
	agr_sorted fresh = { .order = list->order, .arena = { .meter = list->arena.meter } };
	int r = 0;

	for (size_t i = 0; !r && i < k && i < list->n; i++) {
		agr_row row = agr_sorted_row(list, i);

		r = agr_sorted_add(&fresh, &row, NULL, err);
	}
	agr_sorted_clear(r ? &fresh : list);
	if (!r)
		*list = fresh;
	return r;
}

void agr_sorted_clear(agr_sorted *list)
{
	const agr_order *order = list->order;

	free(list->rows);
	free(list->ranks);
	free(list->texts);
	free(list->more);
	free(list->sorted);
	agr_arena_free(&list->arena);
	agr_buf_free(&list->scratch);
	memset(list, 0, sizeof(*list));
	list->order = order;
}
