/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
/*
 * input - a text as rows or as one document: JSON, NDJSON or CSV. Everything is
 * validated, also what nobody reads.
 */
#ifndef AGR_INPUT_H
#define AGR_INPUT_H

#include <agentrun/pipeline.h>

#include "table/csv.h"
#include "table/path.h"

typedef struct agr_input {
	agr_text text;
	int format;        /* AGENTRUN_FORMAT_JSON, _NDJSON or _CSV once open */
	agr_span document; /* JSON: the value */
	agr_iter it;       /* JSON: the next element */
	size_t pos;        /* NDJSON: the next line */
	agr_csv csv;
	agr_buf keys;      /* CSV: "\"name\":" of every column, one after another */
	size_t *key_ends;
	size_t n_keys;
	agr_buf row;       /* CSV: the row as JSON */
} agr_input;

/* Look at the text (borrowed until close) and get ready. A JSON document is
 * validated here, lines and records as they are read. Close in every case. */
int agr_input_open(agr_input *in, const agr_text *text, int format,
	agentrun_error **err);
void agr_input_close(agr_input *in);

/* Is it rows: NDJSON, CSV or a JSON array? */
bool agr_input_is_table(const agr_input *in);

/* The next row: 1, 0 at the end, or an error. For tables only. */
int agr_input_next(agr_input *in, agr_row *row, agentrun_error **err);

/* All of it as one value; `made` holds what had to be built and must be kept. */
int agr_input_document(agr_input *in, agr_buf *made, agr_span *out,
	agentrun_error **err);

#endif
