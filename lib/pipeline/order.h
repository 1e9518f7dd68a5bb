/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
/* order - records by one or more fields; for table_sort and top_k. */
#ifndef AGR_ORDER_H
#define AGR_ORDER_H

#include "pipeline/step.h"

typedef struct agr_order {
	agr_field *fields;
	bool *desc;
	size_t n;
} agr_order;

/* Read `name` (a field, or a list of fields or {field, order}); an entry without
 * an order gets `desc`. 1, 0 when missing, or an error. Clear in every case. */
int agr_order_read(agr_order *order, const agr_args *args, const char *name,
	bool desc, agentrun_error **err);
void agr_order_clear(agr_order *order);

struct agr_sort_key;
struct agr_sort_item;

/* Records with their keys; start from an order and zeroes. */
typedef struct agr_sorted {
	const agr_order *order;
	struct agr_sort_item *items;
	struct agr_sort_key *keys; /* order->n an item */
	size_t n, cap;
	agr_arena arena;
} agr_sorted;

/* Add a record at the end. 0 or AGENTRUN_ENOMEM. */
int agr_sorted_add(agr_sorted *list, const agr_row *row);
/* Stable. 0, AGENTRUN_ENOMEM or what agr_op_check() says. */
int agr_sorted_sort(agr_sorted *list, agr_op *op, agentrun_error **err);
/* Would the record come before item `i`, were it in the list behind it? 1, 0 or
 * AGENTRUN_ENOMEM. */
int agr_sorted_beats(agr_sorted *list, const agr_row *row, size_t i);
/* Keep the first k, and their memory alone. */
int agr_sorted_truncate(agr_sorted *list, size_t k);
agr_row agr_sorted_row(const agr_sorted *list, size_t i);
void agr_sorted_clear(agr_sorted *list);

#endif
