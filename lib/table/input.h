/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
/*
 * input - a text as rows or as one document: JSON, NDJSON or CSV. Everything is
 * validated, also what nobody reads; rows are as they come, so a fault may be met
 * behind rows that were good.
 *
 * The text is in memory, or it comes from a reader: rows then take a block of memory
 * however long the text is (or the longest row, if that is longer); documents are read
 * to their end first.
 */
#ifndef AGR_INPUT_H
#define AGR_INPUT_H

#include <agentrun/pipeline.h>

#include "table/ahead.h"
#include "table/csv.h"
#include "table/decompress.h"
#include "table/path.h"
#include "table/scanner.h"

typedef struct agr_input_limit {
	size_t bytes;        /* 0: none */
	const char *setting; /* what it is called, for messages */
} agr_input_limit;

/* Start from zeroed memory. */
typedef struct agr_input {
	agr_text text;     /* what is at hand; p, n and so on */
	int format;        /* AGENTRUN_FORMAT_JSON, _NDJSON or _CSV once open */
	bool is_table;
	agr_span document; /* JSON that is no table: the value */

	agentrun_read_fn read;  /* NULL: everything is at hand */
	void *user;
	agr_text packed;   /* in memory, compressed: what is not yet read */
	agr_decompressor *unpack;
	bool ended;        /* the reader has no more */
	agr_buf block;     /* what of it is at hand */
	agr_input_limit limit;
	size_t total;      /* read so far */
	size_t lines, column;     /* passed before the block */

	agr_scanner *scanner;
	bool one;          /* it is to be read as one document */
	bool maybe_lines;  /* it is read so, and may be lines all the same */
	enum { AGR_AT_FIRST, AGR_AT_VALUE, AGR_BEHIND_VALUE, AGR_AT_END } state;
	const agr_wanted *wanted; /* NULL: nothing is noted */
	agr_span *slots;

	unsigned threads;
	size_t rows_until; /* other threads are looked for; 0: they are not */
	agr_ahead *ahead;  /* what they scan; then nothing is at hand */
	agentrun_error *late; /* of reading, told once what is at hand is used up */

	agr_csv csv;
	agr_buf keys;      /* CSV: "\"name\":" of every column, one after another */
	size_t *key_ends;
	size_t *key_slots; /* of each column, or AGR_WANTED_NONE; NULL: nothing is noted */
	size_t n_keys;
	bool distinct;     /* no two columns are known to have one name */
	agr_buf row;       /* CSV: the row as JSON */
} agr_input;

/* Look at the text (borrowed until close) and get ready. A JSON document that is no
 * table is validated here, or when it is asked for where a reader reads it; rows are
 * as they are read. What is compressed (gzip, zstd) is read as what it was. Longer than the limit, also once unpacked, is AGENTRUN_ELIMIT.
 * Close in every case. */
int agr_input_open(agr_input *in, const agr_text *text, agr_input_limit limit, int format,
	agentrun_error **err);
/* The same of what a reader reads; `text` has all but the text itself. With `one` set,
 * what begins with { is not read to its line's end to see whether it is NDJSON. */
int agr_input_open_reader(agr_input *in, const agr_text *text, agentrun_read_fn read,
	void *user, agr_input_limit limit, int format, bool one, agentrun_error **err);
/* The same of a JSON value that is known to be valid. */
int agr_input_open_value(agr_input *in, agr_span value, agentrun_error **err);
void agr_input_close(agr_input *in);

/* Note the values of these keys in `slots`, from the first row on. */
void agr_input_want(agr_input *in, const agr_wanted *wanted, agr_span *slots);

/* From the first row on, let so many threads scan rows of JSON, this one included, where
 * there is much to be read. Reading stays on this thread. */
void agr_input_use_threads(agr_input *in, unsigned threads);

/* The next row: 1, 0 at the end, or an error. For tables only. */
int agr_input_next(agr_input *in, agr_row *row, agentrun_error **err);

/* ---- a document's tokens and values one by one, in place of its rows --------------- */

int agr_input_begin(agr_input *in, agentrun_error **err);
/* The next token: 1, 0 at the end, or an error. */
int agr_input_token(agr_input *in, const char **at, agentrun_error **err);
/* The value at the next token, which is there: 1 or an error. `noted`: what
 * agr_input_want() said. */
int agr_input_value(agr_input *in, agr_row *row, bool noted, agentrun_error **err);
/* How many lines lie before `p`, which is at hand. */
size_t agr_input_line(const agr_input *in, const char *p);
/* Raise what is wrong at `p`. */
int agr_input_raise(const agr_input *in, const char *p, agentrun_error **err,
	const char *what);
/* What was read was the first of many lines: validate the others. */
int agr_input_rest_of_lines(agr_input *in, agr_row *row, agentrun_error **err);

/* All of it as one value; `made` holds what had to be built and must be kept. */
int agr_input_document(agr_input *in, agr_buf *made, agr_span *out,
	agentrun_error **err);

#endif
