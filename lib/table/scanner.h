/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
/*
 * scanner - one JSON value after another out of a text, each validated in full:
 * RFC 8259's grammar, UTF-8, depth. The text may be the beginning of a longer one:
 * then a value that it cuts off is told apart from one that is wrong.
 */
#ifndef AGR_SCANNER_H
#define AGR_SCANNER_H

#include "table/index.h"
#include "table/shape.h"
#include "table/unique.h"

/* Begin it in place (about 60 KiB), end it when done. */
typedef struct agr_scanner {
	size_t next;       /* the next token of the window */
	const char *end;   /* of the text, which begins at index.begin */
	const char *pos;   /* behind what was taken */
	bool whole;        /* nothing follows `end` */
	bool too_deep;
	size_t max_depth;
	size_t open;       /* levels around the values: 1 in an array */
	const char *fault; /* what is wrong, and where */
	const char *fault_at;
	agr_unique *unique; /* borrowed; NULL: nobody asks whether keys are there twice */
	agr_shapes shapes;
	agr_index index;
	char closers[AGR_DEPTH_MAX];
} agr_scanner;

enum {
	AGR_SCAN_END = 0,   /* nothing but white space is left */
	AGR_SCAN_VALUE = 1,
	AGR_SCAN_CUT = 2,   /* the text ends too early, and is not whole */
	AGR_SCAN_FAULT = -1 /* see `fault` and `fault_at` */
};

/* `max_depth` 0: AGR_DEPTH_DEFAULT; `kernel` NULL: the fastest. `unique` may be set
 * behind it. */
void agr_scanner_begin(agr_scanner *s, const char *p, const char *end, bool whole,
	size_t max_depth, const agr_index_kernel *kernel);
void agr_scanner_end(agr_scanner *s);
/* Go on with another text, keeping what was learned of rows. */
void agr_scanner_move(agr_scanner *s, const char *p, const char *end, bool whole);

/* The next value. Where `wanted` is not NULL and the value is an object, the values
 * of its members by these keys are noted in `slots` (p NULL: it has none; of
 * duplicates the last). It must be the same from one value to the next. */
int agr_scanner_value(agr_scanner *s, agr_span *out, const agr_wanted *wanted,
	agr_span *slots);

/* Take the byte `c` if it is the next token. */
bool agr_scanner_take(agr_scanner *s, char c);
/* The next token, or NULL at the end (or at a fault: index.fault). */
const char *agr_scanner_next(agr_scanner *s);

/* Raise what is wrong, with `code` (too deep: AGENTRUN_ELIMIT); where is left to say. */
int agr_scan_fault(const agr_scanner *s, int code, agentrun_error **err);
/* Raise the fault of a scan of `text`: name:line:column and what. */
int agr_scan_raise(const agr_scanner *s, const agr_text *text, agentrun_error **err);

#endif
