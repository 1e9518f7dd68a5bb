/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
/*
 * nested - rows that lie at a path inside a JSON document, as that is read: all of it is
 * validated, and a block of it is in memory (or the longest of its values that is not
 * looked into).
 *
 * Of duplicate keys the last counts, and whether one follows is known at the document's
 * end only. So rows that were given may turn out to be void: then AGR_NESTED_AGAIN comes,
 * and whoever took them must forget what they led to, for the rows that follow it take
 * their place. What they led to must not be handed out before the 0 at the end.
 */
#ifndef AGR_NESTED_H
#define AGR_NESTED_H

#include "table/input.h"

typedef struct agr_nested agr_nested;

#define AGR_NESTED_AGAIN 2

/* Whose fault an error of agr_nested_next() is. */
enum {
	AGR_NESTED_INPUT, /* the document's */
	AGR_NESTED_PATH,  /* the path's: nothing is there */
	AGR_NESTED_TAKER  /* of who takes the rows: what is there is no array */
};

/* Can this path be followed while the document is read? Not from an array's end. */
bool agr_nested_can(const agr_path *path);

/* `path` and `in`, which is JSON and not yet read from, are borrowed. */
int agr_nested_new(agr_nested **out, const agr_path *path, agr_input *in,
	agentrun_error **err);
void agr_nested_free(agr_nested *nested); /* NULL ok */

/* The next row: 1, 0 at the end, AGR_NESTED_AGAIN or an error. */
int agr_nested_next(agr_nested *nested, agr_row *row, agentrun_error **err);
int agr_nested_fault(const agr_nested *nested);

#endif
