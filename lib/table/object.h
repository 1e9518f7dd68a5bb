/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
/*
 * object - an object's members without its duplicates (the last value at the
 * place of the first), and writing values with small changes on the way.
 */
#ifndef AGR_OBJECT_H
#define AGR_OBJECT_H

#include "table/scan.h"

typedef struct agr_member {
	agr_span key, value;
} agr_member;

/* Start from zeroed memory; reading again reuses the memory. */
typedef struct agr_members {
	agr_member *list;
	size_t n, cap;
	uint32_t *slots; /* index + 1 by hash, in use when there are many */
	size_t n_slots, slots_cap;
} agr_members;

/* False when memory is short (the list is then empty). */
bool agr_members_read(agr_members *members, agr_span object);
/* The member with this key (a string with its quotes), or NULL. */
agr_member *agr_members_find(const agr_members *members, agr_span key);
void agr_members_free(agr_members *members);

/* A change made while a value is written: where the value that starts at `at`
 * is met, `value` (unless its p is NULL) is written in its place, or its key
 * becomes `key` (unless NULL). A member that got a new key wins over one that
 * has it already. */
typedef struct agr_edit {
	const char *at;
	agr_span key, value;
} agr_edit;

/* agr_value_write() with edits; a replacement is written without edits. */
void agr_value_write_edited(agr_buf *out, agr_span value, const agr_edit *edits,
	size_t n_edits);

/* Append bytes that are the same for equal values (agr_value_equal) and differ
 * otherwise; no value's bytes are the beginning of another's. */
void agr_value_canonical(agr_buf *out, agr_span value);

#endif
