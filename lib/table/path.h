/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
/*
 * path - where a value lies inside another: `carrier.code`, `tags[0]`,
 * `features[].properties`; and field - what a step's parameter names in a row.
 */
#ifndef AGR_PATH_H
#define AGR_PATH_H

#include "table/wanted.h"

typedef struct agr_path_part {
	enum { AGR_PART_KEY, AGR_PART_INDEX, AGR_PART_EACH } kind;
	const char *key; /* borrowed from the path's text */
	size_t len;
	int64_t index;   /* negative: from the end */
} agr_path_part;

typedef struct agr_path {
	char *text; /* decoded, NUL-terminated */
	size_t len;
	agr_path_part *parts;
	size_t n;
} agr_path;

/* Read a path from a JSON string. Returns 0, AGENTRUN_EINPUT when it is malformed
 * (nothing is raised, the text is kept) or AGENTRUN_ENOMEM. `[]` only if `each`.
 * Clear it in every case. */
int agr_path_read(agr_path *path, agr_span string, bool each);
void agr_path_clear(agr_path *path);

/* The next step into a value: false when there is nothing. Not for EACH. */
bool agr_path_enter(const agr_path_part *part, agr_span value, agr_span *out);

/*
 * A record on its way through steps. Where the values that steps look at were noted
 * already, `slots` has them by the numbers that agr_field_want() gave; its text may
 * then not be made yet.
 */
typedef struct agr_row {
	agr_span span;  /* p is NULL: make() first */
	bool lasting;   /* its bytes live as long as the run; else as the call */
	bool compact;   /* no white space and no duplicate keys: as it is to come out */
	const agr_span *slots; /* NULL: look into the span; p NULL: it lacks that key */
	int (*make)(struct agr_row *row, void *maker, agentrun_error **err);
	void *maker;
} agr_row;

static inline agr_row agr_row_of(agr_span span)
{
	return (agr_row){ .span = span };
}

/* See to it that the row has a text. */
static inline int agr_row_make(agr_row *row, agentrun_error **err)
{
	return row->span.p || !row->make ? 0 : row->make(row, row->maker, err);
}

/* A field: the key literally so named, else the path. */
typedef struct agr_field {
	agr_span name; /* the JSON string it was given as, borrowed */
	agr_path path; /* path.n is 0 when the text is no path */
	size_t whole;  /* slots of the key so named, and of the path's first key; */
	size_t head;   /* AGR_WANTED_NONE: none */
} agr_field;

int agr_field_read(agr_field *field, agr_span string);
void agr_field_clear(agr_field *field);

/* Look for it in the slots of rows that are scanned for `wanted`. False when memory
 * is short. */
bool agr_field_want(agr_field *field, agr_wanted *wanted);

/* The field's value, also null; false when the row lacks it or is no object. */
bool agr_field_find(const agr_field *field, const agr_row *row, agr_span *out);
/* The same, false for null too. */
bool agr_field_get(const agr_field *field, const agr_row *row, agr_span *out);

#endif
