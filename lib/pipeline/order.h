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
bool agr_order_want(agr_order *order, agr_wanted *wanted);

/*
 * Records with their keys. A key is a class (of its type, or missing) and a rank of
 * 64 bits whose order is the order of values, so that most of sorting is counting
 * bytes; only where two ranks are equal and do not say it all are values compared.
 * Beside its text a record takes 28 bytes, 12 more while it is sorted.
 */
struct agr_sort_row;
struct agr_sort_more;

/* Start from an order and zeroes. */
typedef struct agr_sorted {
	const agr_order *order;
	struct agr_sort_row *rows;
	uint64_t *ranks;            /* of the first field */
	agr_span *texts;            /* keys whose rank does not say it all; or NULL */
	struct agr_sort_more *more; /* order->n - 1 a row: the other fields */
	uint32_t *sorted;           /* rows in order, once sorted; else as they came */
	size_t n, cap;
	bool inexact;               /* some rank does not say it all */
	agr_arena arena;
	agr_buf scratch;
} agr_sorted;

/* Add a record at the end: what is kept of it is `kept`, or itself where that is
 * NULL. 0 or an error. */
int agr_sorted_add(agr_sorted *list, agr_row *row, const agr_row *kept,
	agentrun_error **err);
/* Stable. 0, AGENTRUN_ENOMEM or what agr_op_check() says. */
int agr_sorted_sort(agr_sorted *list, agr_op *op, agentrun_error **err);
/* Would the record come before the one at place `i`, were it behind it in the list?
 * 1, 0 or AGENTRUN_ENOMEM. */
int agr_sorted_beats(agr_sorted *list, const agr_row *row, size_t i);
/* Keep the first k, and their memory alone. */
int agr_sorted_truncate(agr_sorted *list, size_t k, agentrun_error **err);
/* The record at place `i`. */
agr_row agr_sorted_row(const agr_sorted *list, size_t i);
void agr_sorted_clear(agr_sorted *list);

#endif
