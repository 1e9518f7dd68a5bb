/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
/* csv - RFC 4180 records, one at a time. The text may be the beginning of a longer one:
 * a record that it cuts off is then told apart from one that is whole or wrong. */
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
	bool part;          /* more follows the text */
	size_t pos;
	size_t line;        /* of the record's first byte, from 1 */
	size_t lines;       /* line ends passed */
	agr_buf bytes;      /* the record's fields, without their quotes */
	agr_csv_field *list;
	size_t n, cap;
	const char *fault;  /* what is wrong, and where */
	size_t fault_at;
} agr_csv;

enum {
	AGR_CSV_END = 0,
	AGR_CSV_RECORD = 1,
	AGR_CSV_CUT = 2,   /* the text ends too early, and is a part: nothing was taken */
	AGR_CSV_FAULT = -1 /* see `fault` and `fault_at` */
};

/* The next record that is no blank line: one of these, or AGENTRUN_ENOMEM. */
int agr_csv_next(agr_csv *csv);
void agr_csv_free(agr_csv *csv);

/* Append field `i` as JSON: a number, true or false stay, an empty field is null
 * (a quoted one ""), the rest is a string. */
void agr_csv_value(agr_buf *out, const agr_csv *csv, size_t i);

/* Append text as a field, in quotes where it needs them. */
void agr_csv_write(agr_buf *out, const char *text, size_t len);

#endif
