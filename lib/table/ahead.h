/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
/*
 * ahead - rows of a long text, scanned by several threads before they are asked for.
 *
 * The text is cut into parts where rows seem to begin: where the bytes around are those
 * that stood between two rows before. Threads scan parts as if they were right. They
 * were if the scan of the part before ended just there, between two rows; so the rows
 * are the same as those of a scan from the beginning, for any number of threads. At the
 * first part that does not end so (its end was misjudged, the array is closed, there is
 * a fault), looking ahead is over: the caller goes on by itself behind the last good row.
 *
 * Reading, and all calls below, are one thread's; the other threads only scan.
 */
#ifndef AGR_AHEAD_H
#define AGR_AHEAD_H

#include "table/scan.h"
#include "table/wanted.h"

#define AGR_AHEAD_PART ((size_t)256 * 1024) /* bytes, about */
#define AGR_AHEAD_THREADS 16                /* at most */
#define AGR_AHEAD_MARK 64                   /* bytes of a mark, at most */

typedef struct agr_ahead agr_ahead;

/* Read up to `cap` bytes; 0 at the end. An error is told only where looking ahead is
 * over: it comes behind the rows that were read before it. */
typedef int (*agr_ahead_read_fn)(void *user, char *to, size_t cap, size_t *len,
	agentrun_error **err);

/* All text is borrowed. */
typedef struct agr_ahead_options {
	unsigned threads;        /* also the caller's own */
	bool lines;              /* NDJSON; else the elements of an array */
	size_t max_depth;
	const agr_wanted *wanted; /* or NULL */
	const char *p, *end;     /* the text from where a row begins, */
	agr_ahead_read_fn read;  /* and what follows it; NULL: nothing does */
	void *user;
	/* What stands around the beginning of a row. */
	const char *mark;
	size_t mark_len, mark_row; /* the row begins so many bytes into it */
} agr_ahead_options;

/* Returns NULL when memory is short: rows are then read without. */
agr_ahead *agr_ahead_new(const agr_ahead_options *opts);
void agr_ahead_free(agr_ahead *ahead); /* NULL ok */

/* The next row, and what is noted of it, which stay until the row after it is asked
 * for (the row longer if nothing is read). False: it is over. */
bool agr_ahead_next(agr_ahead *ahead, agr_span *row, agr_span **slots);

/* Once it is over: what is left of the text at hand, from behind the last row on. */
typedef struct agr_ahead_rest {
	const char *p;     /* lent until agr_ahead_free() */
	size_t n;
	bool begins_row;   /* a row begins there; else what stands behind one */
	bool ended;        /* there is nothing more to be read */
	size_t lines;      /* passed since the beginning */
	size_t column;     /* passed since the last of them, or since the beginning */
	agentrun_error *error; /* of reading, yours; it comes behind this */
} agr_ahead_rest;

/* 0, or AGENTRUN_ENOMEM. */
int agr_ahead_end(agr_ahead *ahead, agr_ahead_rest *rest, agentrun_error **err);

#endif
