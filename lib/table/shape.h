/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
/*
 * shape - rows that look like one that was walked before. JSON's grammar depends on
 * the kinds of tokens alone, so a row whose tokens are of the same kinds, one by one,
 * as those of a row that was found valid is valid too, but for its numbers and words.
 * Where the keys are the same as well, the places of the wanted values are known.
 *
 * A few shapes are remembered; where hardly any row fits one, none is looked for.
 */
#ifndef AGR_SHAPE_H
#define AGR_SHAPE_H

#include "table/index.h"
#include "table/wanted.h"

#define AGR_SHAPES 8
#define AGR_SHAPE_TOKENS 256
#define AGR_SHAPE_KEYS 64
#define AGR_SHAPE_SCALARS 64
#define AGR_SHAPE_SLOTS 32

/* 16 bytes at once, on every machine. */
typedef uint64_t agr_shape_words __attribute__((vector_size(16)));

/* A key with its quotes, or 16 bytes of it, and which of them count. */
typedef struct agr_shape_key {
	agr_shape_words words, mask;
	uint32_t token, from; /* so many bytes into the token */
} agr_shape_key;

typedef struct agr_shape_slot {
	uint32_t slot, token; /* the value begins at the token */
	uint32_t close;       /* a container ends there, or 0: before the next one */
} agr_shape_slot;

typedef struct agr_shape {
	size_t n;
	size_t n_keys, n_scalars, n_slots;
	size_t reach; /* bytes that are read from where a key begins, at most */
	char kinds[AGR_SHAPE_TOKENS];
	agr_shape_key keys[AGR_SHAPE_KEYS];
	uint32_t scalars[AGR_SHAPE_SCALARS]; /* numbers, true, false, null */
	agr_shape_slot slots[AGR_SHAPE_SLOTS];
} agr_shape;

/* How a shape's kinds end. Rows of other lengths hardly ever end alike. */
typedef struct agr_shape_end {
	agr_shape_words words, mask;
	size_t at, n; /* the words' place among its n kinds */
} agr_shape_end;

typedef struct agr_shapes {
	agr_shape_end ends[AGR_SHAPES];
	agr_shape *list; /* and one being learned; NULL: memory was short, or none is */
	size_t n, room;  /* shapes that are, and that the list has room for */
	size_t oldest;   /* the next to be forgotten */
	int score;       /* below 0: not worth looking */
} agr_shapes;

void agr_shapes_init(agr_shapes *shapes);
void agr_shapes_free(agr_shapes *shapes);

/* The shape of the row whose first token is `first` of the index, or NULL: kinds and
 * keys are the same, scalars are not yet looked at. */
const agr_shape *agr_shapes_find(agr_shapes *shapes, const agr_index *index,
	size_t first);

/* Remember the row of `n` tokens, which was walked and is an object. */
void agr_shapes_learn(agr_shapes *shapes, const agr_index *index, size_t first,
	size_t n, const agr_wanted *wanted);

#endif
