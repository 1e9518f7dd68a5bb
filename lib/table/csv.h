/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
/* csv - RFC 4180 records, one at a time. */
#ifndef AGR_CSV_H
#define AGR_CSV_H

#include "table/scan.h"

typedef struct agr_csv_field {
	size_t from, to; /* in agr_csv.bytes */
	bool quoted;
} agr_csv_field;

/* Start with a text and zeroes. */
typedef struct agr_csv {
	const agr_text *text;
	size_t pos;
	size_t line;        /* of the record's first byte, from 1 */
	size_t lines;       /* line ends passed */
	agr_buf bytes;      /* the record's fields, without their quotes */
	agr_csv_field *list;
	size_t n, cap;
} agr_csv;

/* The next record that is no blank line: 1, 0 at the end, or an error. */
int agr_csv_next(agr_csv *csv, agentrun_error **err);
void agr_csv_free(agr_csv *csv);

/* Append field `i` as JSON: a number, true or false stay, an empty field is null
 * (a quoted one ""), the rest is a string. */
void agr_csv_value(agr_buf *out, const agr_csv *csv, size_t i);

/* Append text as a field, in quotes where it needs them. */
void agr_csv_write(agr_buf *out, const char *text, size_t len);

#endif
