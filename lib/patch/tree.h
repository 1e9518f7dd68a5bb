/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
/*
 * tree - a document that is being changed. A value is the text it came as until
 * a pointer goes through it; then, and only then, its children are listed, each
 * again as text. So what no operation touches is never parsed twice, and leaves
 * byte for byte as it came in (white space and duplicate keys apart).
 *
 * Objects keep the order of their keys; of duplicates the last value stands at
 * the place of the first. Everything lives in an arena and borrows the texts.
 */
#ifndef AGR_TREE_H
#define AGR_TREE_H

#include "base/arena.h"
#include "patch/pointer.h"
#include "table/scan.h"

typedef struct agr_tree_value {
	agr_span text;              /* what it is, unless opened */
	struct agr_tree_node *node; /* its children, once opened */
	uint32_t made;              /* operation (from 1) that put it here; 0: none */
	uint32_t touched; /* the last one that added to or took from its children */
} agr_tree_value;

typedef struct agr_tree_item {
	agr_span key; /* objects; p is NULL where a member was removed */
	agr_tree_value value;
} agr_tree_item;

typedef struct agr_tree_node {
	bool object;
	agr_tree_item *items;
	size_t n, cap;
	size_t live;     /* members that were not removed */
	uint32_t *slots; /* big objects: index + 1 by the key's hash */
	size_t mask;
} agr_tree_node;

/* A text that values may lie in, and what is known of it: no object has a key twice,
 * nothing is between its tokens. Unless a key is there twice, what lies next to one
 * another in it is written in one go. */
typedef struct agr_tree_source {
	agr_span text; /* a value; n is 0 when there is none */
	bool unique;
	bool dense;
} agr_tree_source;

/* Deeper than this, opened levels are refused: AGENTRUN_ELIMIT. */
#define AGR_TREE_DEPTH AGR_DEPTH_DEFAULT

agr_type agr_tree_type(const agr_tree_value *value);
/* "an object", "a string": for messages. */
const char *agr_tree_type_name(const agr_tree_value *value);

/* An opened array or object without children, or NULL. */
agr_tree_node *agr_tree_new_node(agr_arena *arena, bool object);

/* List the children of an array or object, if that was not done yet. */
int agr_tree_open(agr_arena *arena, agr_tree_value *value, agentrun_error **err);

/* A member of an opened object, NULL when there is none. */
agr_tree_item *agr_tree_member(const agr_tree_node *node, agr_span key);
/* A member of an object, opened or not. */
bool agr_tree_get(const agr_tree_value *object, const char *key, agr_tree_value *out);

/* Make room for so many children in all, of an array. */
int agr_tree_reserve(agr_arena *arena, agr_tree_node *node, size_t n, agentrun_error **err);

/* Add a member that is not there yet, behind the others. */
int agr_tree_add_member(agr_arena *arena, agr_tree_node *node, agr_span key,
	agr_tree_value value, agentrun_error **err);
void agr_tree_remove_member(agr_tree_node *node, agr_tree_item *member);
/* Insert before element `at` (<= n); the others move up. */
int agr_tree_insert(agr_arena *arena, agr_tree_node *node, size_t at,
	agr_tree_value value, agentrun_error **err);
void agr_tree_remove(agr_tree_node *node, size_t at);

/* Follow the first `n` tokens, opening what is on the way. */
int agr_tree_walk(agr_tree_value **out, agr_arena *arena, agr_tree_value *root,
	const agr_pointer *pointer, size_t n, agentrun_error **err);

/* The last operation that made what `pointer` leads to, or holds it, or that
 * touched it; of a place that is not there, its holder. Opens nothing. 0: none. */
uint32_t agr_tree_op(const agr_tree_value *root, const agr_pointer *pointer);

/* Append as compact JSON. The buffer's own failure is left for the caller. `source` may
 * be NULL. */
int agr_tree_write(agr_buf *out, const agr_tree_value *value,
	const agr_tree_source *source, agentrun_error **err);

/* Same JSON value (RFC 6902, 4.6): numbers by value, members in any order. */
int agr_tree_equal(bool *same, agr_tree_value a, agr_tree_value b, agentrun_error **err);

#endif
