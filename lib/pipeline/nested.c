/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
#include "pipeline/nested.h"

#include <stdlib.h>

#include "pipeline/step.h"

/* So many levels beside the path are walked, to hold no large neighbour of the rows in
 * memory; what is deeper is read whole. */
#define BESIDE 2

struct level {
	char kind;     /* { or [ */
	enum { AT_FIRST, AT_NEXT, BEHIND } state;
	bool on;       /* the path leads through it: */
	size_t part;   /* by this part */
	int64_t index; /* of an array's next element */
};

enum place { ELSEWHERE, ON_PATH, AT_TARGET };

struct agr_nested {
	const agr_path *path;
	size_t n_parts;  /* before the first [] */
	agr_input *in;
	struct level *levels;
	size_t depth, max_depth;
	size_t rows_at;  /* the depth of the array whose elements are rows; 0: none is open */
	size_t line;     /* of the document's beginning */
	bool begun, ended;
	bool found;      /* something is at the path: */
	char kind;       /* it begins so */
	bool started;    /* rows of it were given, or may have been */
	bool again;      /* they are void, and nobody was told yet */
	bool literal;    /* a key is the path's text, and counts more than the path */
	size_t seen;     /* how many parts led somewhere, when nothing is found: */
	char there;      /* what begins so, */
	agr_buf keys;    /* and has these keys */
	size_t n_keys;
	agentrun_error *kept; /* the path's fault, unless it is void at last */
	int fault;
	agr_buf made;    /* rows of one element, for an inner [] */
	agr_iter it;
	bool has_made;
};

bool agr_nested_can(const agr_path *path)
{
	for (size_t i = 0; i < path->n && path->parts[i].kind != AGR_PART_EACH; i++)
		if (path->parts[i].kind == AGR_PART_INDEX && path->parts[i].index < 0)
			return false;
	return true;
}

int agr_nested_new(agr_nested **out, const agr_path *path, agr_input *in,
	agentrun_error **err)
{
	agr_nested *n = calloc(1, sizeof(*n));

	*out = n;
	if (!n)
		return agr_error_oom(err);
	n->path = path;
	n->in = in;
	n->keys.max = n->made.max = SIZE_MAX;
	while (n->n_parts < path->n && path->parts[n->n_parts].kind != AGR_PART_EACH)
		n->n_parts++;
	n->max_depth = n->n_parts + 1 + BESIDE;
	n->levels = calloc(n->max_depth, sizeof(*n->levels));
	return n->levels ? 0 : agr_error_oom(err);
}

void agr_nested_free(agr_nested *n)
{
	if (!n)
		return;
	free(n->levels);
	agr_buf_free(&n->keys);
	agr_buf_free(&n->made);
	agentrun_error_free(n->kept);
	free(n);
}

int agr_nested_fault(const agr_nested *n)
{
	return n->fault;
}

static bool has_each(const agr_nested *n)
{
	return !n->literal && n->n_parts < n->path->n;
}

/* ---- what was found ------------------------------------------------------------ */

/* A key came once more (or the first time): what it had before is void. */
static void forget(agr_nested *n)
{
	n->again = n->again || n->started;
	n->started = n->found = false;
	agentrun_error_free(n->kept);
	n->kept = NULL;
}

/* The path leads as far as `part`, to something that begins so. */
static void note_there(agr_nested *n, size_t part, char kind)
{
	n->seen = part;
	n->there = kind;
	n->n_keys = 0;
	agr_buf_reset(&n->keys);
}

static void note_key(agr_nested *n, agr_span key)
{
	if (n->n_keys++ >= AGR_SHOWN_KEYS)
		return;
	agr_buf_str(&n->keys, n->n_keys > 1 ? ", " : "");
	agr_string_decode(&n->keys, key);
}

static enum place led(const agr_nested *n, size_t part)
{
	return part == n->n_parts ? AT_TARGET : ON_PATH;
}

/* Where does the member of this key lie? */
static enum place place_of_key(agr_nested *n, const struct level *l, agr_span key)
{
	const agr_path_part *part;

	if (n->depth == 1 && agr_string_is(key, n->path->text, n->path->len)) {
		forget(n);
		n->literal = true;
		return AT_TARGET;
	}
	if (!l->on || n->literal)
		return ELSEWHERE;
	part = &n->path->parts[l->part];
	if (part->kind == AGR_PART_KEY && agr_string_is(key, part->key, part->len)) {
		forget(n);
		return led(n, l->part + 1);
	}
	if (n->seen == l->part)
		note_key(n, key);
	return ELSEWHERE;
}

static enum place place_of_element(agr_nested *n, struct level *l)
{
	const agr_path_part *part;
	int64_t index = l->index++;

	if (!l->on || n->literal)
		return ELSEWHERE;
	part = &n->path->parts[l->part];
	if (part->kind != AGR_PART_INDEX || part->index != index)
		return ELSEWHERE;
	return led(n, l->part + 1);
}

/* ---- reading --------------------------------------------------------------------- */

static int raise_at(agr_nested *n, const char *at, agentrun_error **err, const char *what)
{
	return agr_input_raise(n->in, at ? at : n->in->scanner->end, err, what);
}

/* A token that must be there, else `what` is wrong. */
static int want_token(agr_nested *n, const char **at, const char *what,
	agentrun_error **err)
{
	int r = agr_input_token(n->in, at, err);

	return r < 0 ? r : r == 0 ? raise_at(n, NULL, err, what) : 0;
}

static void enter(agr_nested *n, char kind, bool on, size_t part)
{
	agr_scanner_take(n->in->scanner, kind);
	n->in->scanner->open++;
	n->levels[n->depth++] = (struct level){ .kind = kind, .on = on, .part = part };
}

/* Read the value at the next token: what is at the path and may be looked into is
 * entered, to be read in further steps. */
static int read_value(agr_nested *n, enum place place, size_t part, agentrun_error **err)
{
	const agr_scanner *s = n->in->scanner;
	const char *at;
	agr_row row;
	bool enterable;
	int r = want_token(n, &at,
		"not valid JSON: the text ends where a value should be", err);

	if (r < 0)
		return r;
	enterable = (*at == '{' || *at == '[') && n->depth < n->max_depth &&
		s->open < s->max_depth;
	if (place == AT_TARGET) {
		n->found = true;
		n->kind = *at;
		if (*at == '[' && enterable) {
			n->started = true;
			n->rows_at = n->depth + 1;
		} else if (has_each(n)) {
			agr_path_not_array(n->path, (agr_span){ at, 1 }, &n->kept);
		}
	} else if (place == ON_PATH) {
		note_there(n, part, *at);
	}
	if (!enterable) {
		r = agr_input_value(n->in, &row, false, err);
		return r < 0 ? r : 0;
	}
	enter(n, *at, place == ON_PATH, part);
	return 0;
}

static int read_member(agr_nested *n, struct level *l, const char *at,
	agentrun_error **err)
{
	static const char no_colon[] = "not valid JSON: expected ':' after a key";
	size_t part = l->part + 1;
	enum place place;
	agr_row key;
	int r;

	if (*at != '"')
		return raise_at(n, at, err, "not valid JSON: expected a key in quotes");
	r = agr_input_value(n->in, &key, false, err);
	if (r < 0)
		return r;
	place = place_of_key(n, l, key.span);
	r = want_token(n, &at, no_colon, err);
	if (r < 0)
		return r;
	if (!agr_scanner_take(n->in->scanner, ':'))
		return raise_at(n, at, err, no_colon);
	return read_value(n, place, part, err);
}

/* One element of the array of rows, of which the rest of the path makes rows. 1: the
 * row, 0: see n->made. */
static int take_from(agr_nested *n, agr_row *row, agentrun_error **err)
{
	static const agr_span null = { "null", 4 };
	const agr_path *path = n->path;
	size_t i = n->n_parts + 1;
	agr_span value;
	int r = agr_input_value(n->in, row, false, err);

	if (r < 0 || n->kept)
		return r < 0 ? r : 0;
	value = row->span;
	for (; i < path->n && path->parts[i].kind != AGR_PART_EACH; i++)
		if (!agr_path_enter(&path->parts[i], value, &value))
			value = null;
	if (i == path->n) {
		*row = agr_row_of(value);
		return 1;
	}
	agr_buf_reset(&n->made);
	agr_buf_char(&n->made, '[');
	r = agr_path_collect(path, i, value, &n->made, &n->kept);
	agr_buf_char(&n->made, ']');
	if (r == AGENTRUN_ENOMEM || n->made.failed)
		return agr_error_oom(err);
	n->has_made = r == 0;
	n->it = agr_iter_of((agr_span){ n->made.data, n->made.len });
	return 0;
}

static int read_element(agr_nested *n, struct level *l, agr_row *row,
	agentrun_error **err)
{
	size_t part = l->part + 1;

	if (n->depth != n->rows_at)
		return read_value(n, place_of_element(n, l), part, err);
	return has_each(n) ? take_from(n, row, err) : agr_input_value(n->in, row, true, err);
}

static const char *cut_short(const struct level *l)
{
	if (l->state == BEHIND)
		return l->kind == '{' ? "not valid JSON: an object is not closed"
				      : "not valid JSON: an array is not closed";
	return l->kind == '{' ? "not valid JSON: expected a key in quotes"
			      : "not valid JSON: the text ends where a value should be";
}

static void leave(agr_nested *n)
{
	if (n->depth-- == n->rows_at)
		n->rows_at = 0;
	n->in->scanner->open--;
}

/* On by a member, an element, a comma or the end of the innermost array or object. */
static int go_on(agr_nested *n, agr_row *row, agentrun_error **err)
{
	struct level *l = &n->levels[n->depth - 1];
	char closer = (char)(l->kind + 2);
	const char *at;
	int r = want_token(n, &at, cut_short(l), err);

	if (r < 0)
		return r;
	if (*at == closer && l->state != AT_NEXT) {
		agr_scanner_take(n->in->scanner, closer);
		leave(n);
		return 0;
	}
	if (l->state == BEHIND) {
		if (!agr_scanner_take(n->in->scanner, ','))
			return raise_at(n, at, err, l->kind == '{'
				? "not valid JSON: expected ',' or '}'"
				: "not valid JSON: expected ',' or ']'");
		l->state = AT_NEXT;
		return 0;
	}
	l->state = BEHIND;
	return l->kind == '{' ? read_member(n, l, at, err) : read_element(n, l, row, err);
}

/* ---- the document's two ends ----------------------------------------------------- */

static int begin(agr_nested *n, agentrun_error **err)
{
	const char *at;
	int r = agr_input_begin(n->in, err);

	if (r < 0)
		return r;
	n->begun = true;
	r = want_token(n, &at, "not valid JSON: the text is empty", err);
	if (r < 0)
		return r;
	n->line = agr_input_line(n->in, at);
	return read_value(n, led(n, 0), 0, err);
}

/* What follows the document's value: nothing; or it was the first of many lines, that is
 * an array; else it is wrong. */
static int end(agr_nested *n, agentrun_error **err)
{
	size_t line = agr_input_line(n->in, n->in->scanner->pos);
	const char *at;
	agr_row row;
	int r = agr_input_token(n->in, &at, err);

	if (r <= 0)
		return r;
	if (!n->in->maybe_lines || line != n->line || agr_input_line(n->in, at) == line)
		return raise_at(n, at, err, "not valid JSON: unexpected text after the value");
	r = agr_input_rest_of_lines(n->in, &row, err);
	if (r == 0) {
		forget(n);
		note_there(n, 0, '[');
	}
	return r;
}

/* All was read: is there what the path asks for? */
static int judge(agr_nested *n, agentrun_error **err)
{
	n->fault = AGR_NESTED_PATH;
	if (n->kept) {
		agentrun_error *kept = n->kept;

		n->kept = NULL;
		return agr_error_pass(err, kept);
	}
	if (!n->found)
		return agr_path_missing(n->path, (agr_span){ &n->there, 1 }, &n->keys, err);
	n->fault = AGR_NESTED_TAKER;
	if (n->kind != '[')
		return agr_no_table((agr_span){ &n->kind, 1 }, AGENTRUN_EPIPELINE, err);
	return 0;
}

int agr_nested_next(agr_nested *n, agr_row *row, agentrun_error **err)
{
	int r = 0;

	*row = agr_row_of((agr_span){ NULL, 0 });
	while (r == 0) {
		if (n->again) {
			n->again = n->has_made = false;
			return AGR_NESTED_AGAIN;
		}
		if (n->has_made && agr_array_next(&n->it, &row->span)) {
			*row = agr_row_of(row->span);
			return 1;
		}
		n->has_made = false;
		if (!n->begun) {
			r = begin(n, err);
		} else if (n->depth) {
			r = go_on(n, row, err);
		} else {
			r = n->ended ? 0 : end(n, err);
			n->ended = true;
			return r < 0 ? r : judge(n, err);
		}
	}
	return r;
}
