/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
#include "patch/outline.h"

#include <stdlib.h>
#include <string.h>

#include "table/scanner.h"

/* Levels that are opened: the document and its members. */
#define OPEN_LEVELS 2
/* An object of more members than this is no workflow: they are not opened. */
#define OPEN_MEMBERS 64
/* After so many elements, how many there will be is guessed. */
#define FORESEEN 64
#define FORESEEN_MAX ((size_t)1 << 18)

struct reader {
	agr_scanner *s;
	agr_arena *arena;
	agr_tree_source *source;
	const agr_outline_watch *watches;
	size_t n_watches;
	const agr_outline_watch *watch; /* that of the list that is read, or NULL */
};

enum { READ_FAULT = 1 }; /* or 0, or AGENTRUN_ENOMEM */

static int read_value(struct reader *r, agr_tree_value *out, size_t level, bool open);

static int read_span(struct reader *r, agr_span *out)
{
	return agr_scanner_value(r->s, out, NULL, NULL) == AGR_SCAN_VALUE ? 0 : READ_FAULT;
}

static int read_watched(struct reader *r, agr_span *out)
{
	const agr_outline_watch *w = r->watch;

	if (agr_scanner_value(r->s, out, w->wanted, w->slots) != AGR_SCAN_VALUE)
		return READ_FAULT;
	return w->element(w->user, *out) ? 0 : AGENTRUN_ENOMEM;
}

static const agr_outline_watch *watch_of(const struct reader *r, agr_span key, size_t level)
{
	for (size_t i = 0; level == 1 && i < r->n_watches; i++)
		if (agr_string_is(key, r->watches[i].list, strlen(r->watches[i].list)))
			return &r->watches[i];
	return NULL;
}

static int read_member(struct reader *r, agr_tree_node *node, size_t level)
{
	const char *next = agr_scanner_next(r->s);
	agr_tree_value value;
	agr_tree_item *known;
	agr_span key;
	int status;

	if (!next || *next != '"' || read_span(r, &key) != 0 || !agr_scanner_take(r->s, ':'))
		return READ_FAULT;
	r->watch = watch_of(r, key, level);
	status = read_value(r, &value, level, node->n < OPEN_MEMBERS);
	r->watch = NULL;
	if (status)
		return status;
	known = agr_tree_member(node, key);
	if (!known)
		return agr_tree_add_member(r->arena, node, key, value, NULL);
	known->value = value;
	r->source->unique = false;
	return 0;
}

/* Those that were read tell how many there may be: of a long list, which is mostly all
 * that follows, nothing is moved to make room then. */
static int foresee(struct reader *r, agr_tree_node *node)
{
	const char *first = node->items[0].value.text.p;
	size_t left = (size_t)(r->s->end - r->s->pos), read = (size_t)(r->s->pos - first);
	size_t more = left / (read / node->n) + 2;

	if (more > FORESEEN_MAX)
		more = FORESEEN_MAX;
	return agr_tree_reserve(r->arena, node, node->n + more, NULL);
}

static int read_element(struct reader *r, agr_tree_node *node)
{
	agr_tree_value value = { .text = { NULL, 0 } };
	int status = r->watch ? read_watched(r, &value.text) : read_span(r, &value.text);

	if (!status && node->n == FORESEEN)
		status = foresee(r, node);
	return status ? status : agr_tree_insert(r->arena, node, node->n, value, NULL);
}

/* The children of the container whose first byte was taken, and its last. */
static int read_children(struct reader *r, agr_tree_node *node, size_t level)
{
	char closer = node->object ? '}' : ']';

	if (agr_scanner_take(r->s, closer))
		return 0;
	do {
		int status = node->object ? read_member(r, node, level) : read_element(r, node);

		if (status)
			return status;
	} while (agr_scanner_take(r->s, ','));
	return agr_scanner_take(r->s, closer) ? 0 : READ_FAULT;
}

/* The value at the next token, in the container that is this many levels deep. Elements
 * of a document that is an array are not opened. */
static int read_value(struct reader *r, agr_tree_value *out, size_t level, bool open)
{
	const char *p = agr_scanner_next(r->s);
	agr_tree_node *node;
	int status;

	*out = (agr_tree_value){ .text = { NULL, 0 } };
	if (!p)
		return READ_FAULT;
	if (!open || level >= OPEN_LEVELS || (*p != '{' && *p != '['))
		return read_span(r, &out->text);
	node = agr_tree_new_node(r->arena, *p == '{');
	if (!node)
		return AGENTRUN_ENOMEM;
	agr_scanner_take(r->s, *p);
	r->s->open = level + 1;
	status = read_children(r, node, level + 1);
	r->s->open = level;
	out->text = (agr_span){ p, (size_t)(r->s->pos - p) };
	out->node = node;
	return status;
}

/* 0, READ_FAULT or AGENTRUN_ENOMEM. */
static int read_document(struct reader *r, agr_outline *out, const char *begin)
{
	const agr_index *index = &r->s->index;
	int status = read_value(r, &out->root, 0, true);
	size_t outside;

	if (status)
		return status;
	if (agr_scanner_next(r->s) || index->fault.what || index->carry.in_string)
		return READ_FAULT;
	out->source.text = out->root.text;
	outside = (size_t)(r->s->end - begin) - out->root.text.n;
	out->source.dense = index->carry.white == outside;
	return 0;
}

int agr_outline_read(agr_outline *out, agr_arena *arena, const agr_text *text,
	const agr_outline_watch *watches, size_t n_watches, agentrun_error **err)
{
	const char *begin = text->p + agr_bom_len(text->p, text->n);
	struct reader r = { malloc(sizeof(*r.s)), arena, &out->source, watches, n_watches, NULL };
	agr_unique unique = { .twice = false };
	int status;

	memset(out, 0, sizeof(*out));
	if (!r.s)
		return agr_error_oom(err);
	out->source.unique = true;
	agr_scanner_begin(r.s, begin, text->p + text->n, true, text->max_depth, NULL);
	r.s->unique = &unique;
	status = read_document(&r, out, begin);
	out->source.unique = out->source.unique && !unique.twice;
	agr_unique_free(&unique);
	agr_scanner_end(r.s);
	free(r.s);
	if (status < 0)
		return agr_error_oom(err);
	if (!status)
		return 0;
	/* What is wrong, and where, is told by who tells it of any document. */
	memset(out, 0, sizeof(*out));
	status = agr_scan_document(&out->root.text, text, err);
	out->source.text = out->root.text;
	return status;
}
