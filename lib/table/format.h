/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
/* format - a validated value as JSON, NDJSON, CSV or a table for a person. */
#ifndef AGR_FORMAT_H
#define AGR_FORMAT_H

#include <agentrun/pipeline.h>

#include "table/keep.h"
#include "table/object.h"

/* JSON ends without a newline, the others with one. An array is rows, an object
 * one row (a table: a line a member), a scalar prints itself. */
int agr_format_value(agr_buf *out, agr_span value, int format,
	agentrun_error **err);

/* The columns of rows: the union of their keys in order of first appearance;
 * rows that are no objects have the one column "value". */
typedef struct agr_columns {
	agr_keyset names;  /* decoded */
	agr_span *keys;    /* as strings, quotes included */
	size_t cap;
	size_t value;      /* the column of rows that are no objects, or NONE */
	agr_span *cells;   /* of the row last read; p is NULL: nothing there */
} agr_columns;

/* Start from zeroed memory; free in every case. */
int agr_columns_collect(agr_columns *columns, agr_span rows, agentrun_error **err);
/* Fill `cells` from a row. */
int agr_columns_read(agr_columns *columns, agr_span row, agentrun_error **err);
void agr_columns_free(agr_columns *columns);

/* Rows as an aligned table. */
int agr_format_table(agr_buf *out, agr_span rows, agentrun_error **err);

#endif
