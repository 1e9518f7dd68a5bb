/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
#include "table/shape.h"

#include <stdlib.h>
#include <string.h>

/* A row that fits counts one, a row that does not so many against it. */
#define MISS 4
#define SCORE_MAX 256
#define SCORE_LOW (-1024)

void agr_shapes_init(agr_shapes *shapes)
{
	*shapes = (agr_shapes){ .score = SCORE_MAX };
}

void agr_shapes_free(agr_shapes *shapes)
{
	free(shapes->list);
	agr_shapes_init(shapes);
}

static agr_shape_words words_at(const char *p)
{
	agr_shape_words words;

	memcpy(&words, p, sizeof(words));
	return words;
}

static bool is_zero(agr_shape_words words)
{
	return !(words[0] | words[1]);
}

static agr_shape_end end_of(const agr_shape *shape)
{
	agr_shape_end end = { .n = shape->n };
	size_t size = sizeof(end.words), n = shape->n < size ? shape->n : size;

	end.at = shape->n - n;
	memcpy(&end.words, shape->kinds + end.at, n);
	memset(&end.mask, 0xff, n);
	return end;
}

/* The shapes, a bit each, that end as the row whose kinds these are, `left` with those
 * behind it. Asked of all at once: which of them comes next cannot be foreseen, and a
 * branch that is mispredicted costs more than all of these. */
static unsigned that_end_so(const agr_shapes *shapes, const char *kinds, size_t left)
{
	unsigned found = 0;

	for (size_t i = 0; i < shapes->n; i++) {
		const agr_shape_end *end = &shapes->ends[i];

		if (end->n <= left)
			found |= (unsigned)is_zero((words_at(kinds + end->at) ^ end->words) &
					 end->mask) << i;
	}
	return found;
}

/* All but the end. memcmp() is called for every row: its call costs as much as what it
 * does. */
static bool has_kinds(const agr_shape *shape, const char *kinds, size_t n)
{
	agr_shape_words differ = { 0, 0 };

	for (size_t i = 0; i < n; i += sizeof(differ))
		differ |= words_at(shape->kinds + i) ^ words_at(kinds + i);
	return is_zero(differ);
}

/* May `reach` bytes be read from wherever a key of the row is? The row's keys may be
 * shorter than those they are compared with. */
static bool has_room(const agr_index *index, size_t last_token, size_t reach)
{
	const char *last = index->base + index->at[last_token];

	return (size_t)(index->end - last) >= reach;
}

static bool has_keys(const agr_shape *shape, const agr_index *index, size_t first)
{
	agr_shape_words differ = { 0, 0 };

	for (size_t i = 0; i < shape->n_keys; i++) {
		const agr_shape_key *key = &shape->keys[i];
		const char *p = index->base + index->at[first + key->token] + key->from;

		differ |= (words_at(p) ^ key->words) & key->mask;
	}
	return is_zero(differ);
}

const agr_shape *agr_shapes_find(agr_shapes *shapes, const agr_index *index,
	size_t first)
{
	const char *kinds = index->kinds + first;

	if (shapes->score < 0) { /* now and then the data may become regular */
		shapes->score++;
		return NULL;
	}
	for (unsigned bits = that_end_so(shapes, kinds, index->n - first); bits; bits &= bits - 1) {
		unsigned i = (unsigned)__builtin_ctz(bits);
		const agr_shape *shape = &shapes->list[i];

		if (has_kinds(shape, kinds, shapes->ends[i].at) &&
			has_room(index, first + shape->n - 1, shape->reach) &&
			has_keys(shape, index, first)) {
			shapes->score += shapes->score < SCORE_MAX;
			return shape;
		}
	}
	return NULL;
}

/* ---- learning --------------------------------------------------------------- */

static bool learn_key(agr_shape *shape, const agr_index *index, size_t first,
	uint32_t token)
{
	const char *p = index->base + index->at[first + token];
	const char *end = index->base + index->at[first + token + 1];
	size_t n = (size_t)(end - p);

	if (n < 2 || end[-1] != '"' || memchr(p, '\\', n))
		return false;
	for (uint32_t from = 0; from < n; from += sizeof(shape->keys->words)) {
		agr_shape_key *key = &shape->keys[shape->n_keys];
		size_t left = n - from;

		if (shape->n_keys == AGR_SHAPE_KEYS)
			return false;
		shape->n_keys++;
		if (left > sizeof(key->words))
			left = sizeof(key->words);
		memset(key, 0, sizeof(*key));
		memcpy(&key->words, p + from, left);
		memset(&key->mask, 0xff, left);
		key->token = token;
		key->from = from;
		if (shape->reach < from + sizeof(key->words))
			shape->reach = from + sizeof(key->words);
	}
	return true;
}

/* Depth 1 and behind a colon: a value that may be wanted. */
static bool learn_slot(agr_shape *shape, const agr_index *index, size_t first,
	uint32_t key, const agr_wanted *wanted, agr_shape_slot **open)
{
	const char *p = index->base + index->at[first + key];
	const char *end = index->base + index->at[first + key + 1];
	size_t slot;

	*open = NULL;
	if (!wanted)
		return true;
	slot = agr_wanted_find(wanted, p + 1, (size_t)(end - p) - 2);
	if (slot == AGR_WANTED_NONE)
		return true;
	/* Of duplicates the last counts, which the walk knows of. */
	for (size_t i = 0; i < shape->n_slots; i++)
		if (shape->slots[i].slot == slot)
			return false;
	if (shape->n_slots == AGR_SHAPE_SLOTS)
		return false;
	*open = &shape->slots[shape->n_slots++];
	**open = (agr_shape_slot){ (uint32_t)slot, key + 2, 0 };
	return true;
}

static bool learn(agr_shape *shape, const agr_index *index, size_t first, size_t n,
	const agr_wanted *wanted)
{
	agr_shape_slot *open = NULL;
	size_t depth = 0;

	shape->n_keys = shape->n_scalars = shape->n_slots = shape->reach = 0;
	shape->n = n;
	memcpy(shape->kinds, index->kinds + first, n);
	for (uint32_t i = 0; i < n; i++) {
		char kind = shape->kinds[i];

		if (kind == '{' || kind == '[') {
			depth++;
		} else if (kind == '}' || kind == ']') {
			if (--depth == 1 && open)
				open->close = i;
		} else if (kind == ':' && depth == 1) {
			if (!learn_key(shape, index, first, i - 1) ||
				!learn_slot(shape, index, first, i - 1, wanted, &open))
				return false;
		} else if (kind != '"' && kind != ',' && kind != ':') {
			if (shape->n_scalars == AGR_SHAPE_SCALARS)
				return false;
			shape->scalars[shape->n_scalars++] = i;
		}
	}
	return true;
}

/* Room for the first, which most inputs have alone, or for all and one being learned. */
static bool make_room(agr_shapes *shapes)
{
	size_t want = shapes->n ? AGR_SHAPES + 1 : 1;
	agr_shape *grown;

	if (shapes->room >= want)
		return true;
	grown = realloc(shapes->list, want * sizeof(*grown));
	if (!grown)
		return false;
	shapes->list = grown;
	shapes->room = want;
	return true;
}

void agr_shapes_learn(agr_shapes *shapes, const agr_index *index, size_t first,
	size_t n, const agr_wanted *wanted)
{
	size_t at = shapes->n < AGR_SHAPES ? shapes->n : shapes->oldest;
	agr_shape *learned;

	if (shapes->score < 0)
		return;
	shapes->score -= MISS;
	if (shapes->score < 0)
		shapes->score = SCORE_LOW;
	if (n > AGR_SHAPE_TOKENS)
		return;
	if (!make_room(shapes))
		return;
	/* Learned apart: half a shape would fit rows without looking at all of them. */
	learned = &shapes->list[shapes->n ? AGR_SHAPES : 0];
	if (!learn(learned, index, first, n, wanted))
		return;
	if (learned != &shapes->list[at])
		shapes->list[at] = *learned;
	shapes->ends[at] = end_of(&shapes->list[at]);
	if (at == shapes->n)
		shapes->n++;
	else
		shapes->oldest = (at + 1) % AGR_SHAPES;
}
