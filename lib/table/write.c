/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
/* Writing values: each byte is read once, however deep it lies. */
#include <stdlib.h>
#include <string.h>

#include "table/object.h"

/* A level that writes more members than this finds duplicates by hash. */
#define FEW_MEMBERS 12

/* A member that was written: its key, and where its value lies in the output. */
struct written {
	agr_span key;
	size_t from, to;
	bool renamed;
};

struct writer {
	agr_buf *out;
	const agr_edit *edits;
	size_t n_edits;
	struct written *list; /* a stack: each open object's members */
	size_t n, cap;
};

/* One open object. */
struct level {
	size_t base; /* its first member in writer.list */
	uint32_t *slots;
	size_t n_slots;
	bool duplicates;
};

static const char *write_value(struct writer *w, const char *p);

static const char *skip_white(const char *p)
{
	while (agr_is_white(*p))
		p++;
	return p;
}

static const agr_edit *edit_at(const struct writer *w, const char *p)
{
	for (size_t i = 0; i < w->n_edits; i++)
		if (w->edits[i].at == p)
			return &w->edits[i];
	return NULL;
}

static struct written *slot_find(struct writer *w, struct level *l, agr_span key,
	uint32_t **slot)
{
	size_t mask = l->n_slots - 1, i = (size_t)agr_string_hash(key) & mask;

	for (; l->slots[i]; i = (i + 1) & mask) {
		struct written *known = &w->list[l->base + l->slots[i] - 1];

		if (agr_string_same(known->key, key))
			return known;
	}
	*slot = &l->slots[i];
	return NULL;
}

/* Index the members of this level anew, in twice the room they need. */
static bool level_index(struct writer *w, struct level *l)
{
	size_t n = w->n - l->base, slots = 64;
	uint32_t *slot = NULL;

	while (slots < n * 4)
		slots *= 2;
	free(l->slots);
	l->slots = n < UINT32_MAX / 8 ? calloc(slots, sizeof(*l->slots)) : NULL;
	l->n_slots = l->slots ? slots : 0;
	if (!l->slots)
		return false;
	for (size_t i = 0; i < n; i++)
		if (!slot_find(w, l, w->list[l->base + i].key, &slot))
			*slot = (uint32_t)i + 1;
	return true;
}

static struct written *find_written(struct writer *w, struct level *l, agr_span key,
	uint32_t **slot)
{
	if (l->slots)
		return slot_find(w, l, key, slot);
	for (size_t i = l->base; i < w->n; i++)
		if (agr_string_same(w->list[i].key, key))
			return &w->list[i];
	return NULL;
}

static bool list_push(struct writer *w, struct written member)
{
	if (w->n == w->cap) {
		size_t cap = w->cap ? w->cap * 2 : 64;
		struct written *list = realloc(w->list, cap * sizeof(*list));

		if (!list)
			return false;
		w->list = list;
		w->cap = cap;
	}
	w->list[w->n++] = member;
	return true;
}

/* Note a member behind its value; a duplicate replaces what was there. */
static bool note_member(struct writer *w, struct level *l, struct written member)
{
	uint32_t *slot = NULL;
	struct written *known = find_written(w, l, member.key, &slot);

	if (known) {
		l->duplicates = true;
		if (!known->renamed || member.renamed) {
			known->from = member.from;
			known->to = member.to;
			known->renamed = member.renamed;
		}
		return true;
	}
	if (!list_push(w, member))
		return false;
	if (slot)
		*slot = (uint32_t)(w->n - l->base);
	if (w->n - l->base > FEW_MEMBERS && (w->n - l->base) * 2 > l->n_slots)
		return level_index(w, l);
	return true;
}

/* Write the object again from its members, where some were duplicates. */
static void rewrite(struct writer *w, const struct level *l, size_t start)
{
	agr_buf *out = w->out;
	agr_buf again = AGR_BUF_INIT;

	for (size_t i = l->base; i < w->n && !out->failed; i++) {
		const struct written *m = &w->list[i];

		if (i > l->base)
			agr_buf_char(&again, ',');
		agr_buf_add(&again, m->key.p, m->key.n);
		agr_buf_char(&again, ':');
		agr_buf_add(&again, out->data + m->from, m->to - m->from);
	}
	if (again.failed)
		out->failed = again.failed;
	if (!out->failed) {
		out->len = start;
		agr_buf_add(out, again.data, again.len);
	}
	agr_buf_free(&again);
}

/* The member whose key begins at `p`; returns what follows its value. */
static const char *write_member(struct writer *w, struct level *l, const char *p)
{
	struct written member = { .key = { p, 0 } };
	const agr_edit *edit;
	const char *end = agr_skip_value(p);

	member.key.n = (size_t)(end - p);
	p = skip_white(skip_white(end) + 1);
	edit = w->n_edits ? edit_at(w, p) : NULL;
	if (edit && edit->key.p) {
		member.key = edit->key;
		member.renamed = true;
	}
	agr_buf_add(w->out, member.key.p, member.key.n);
	agr_buf_char(w->out, ':');
	member.from = w->out->len;
	p = write_value(w, p);
	member.to = w->out->len;
	if (!note_member(w, l, member))
		w->out->failed = AGENTRUN_ENOMEM;
	return skip_white(p);
}

static const char *write_object(struct writer *w, const char *p)
{
	struct level l = { .base = w->n };
	size_t start;

	agr_buf_char(w->out, '{');
	start = w->out->len;
	for (p = skip_white(p + 1); *p != '}';) {
		p = write_member(w, &l, p);
		if (*p == ',') {
			agr_buf_char(w->out, ',');
			p = skip_white(p + 1);
		}
	}
	if (l.duplicates)
		rewrite(w, &l, start);
	w->n = l.base;
	free(l.slots);
	agr_buf_char(w->out, '}');
	return p + 1;
}

static const char *write_array(struct writer *w, const char *p)
{
	agr_buf_char(w->out, '[');
	for (p = skip_white(p + 1); *p != ']';) {
		p = skip_white(write_value(w, p));
		if (*p == ',') {
			agr_buf_char(w->out, ',');
			p = skip_white(p + 1);
		}
	}
	agr_buf_char(w->out, ']');
	return p + 1;
}

static const char *write_value(struct writer *w, const char *p)
{
	const agr_edit *edit = w->n_edits ? edit_at(w, p) : NULL;
	const char *end;

	if (edit && edit->value.p) {
		agr_value_write(w->out, edit->value);
		return agr_skip_value(p);
	}
	if (*p == '{')
		return write_object(w, p);
	if (*p == '[')
		return write_array(w, p);
	end = agr_skip_value(p);
	agr_buf_add(w->out, p, (size_t)(end - p));
	return end;
}

void agr_value_write_edited(agr_buf *out, agr_span value, const agr_edit *edits,
	size_t n_edits)
{
	struct writer w = { .out = out, .edits = edits, .n_edits = n_edits };

	if (*value.p == '{' || *value.p == '[')
		write_value(&w, value.p);
	else if (n_edits && edits[0].at == value.p && edits[0].value.p)
		agr_value_write(out, edits[0].value);
	else /* its end is known and may be the end of the text */
		agr_buf_add(out, value.p, value.n);
	free(w.list);
}

void agr_value_write(agr_buf *out, agr_span value)
{
	agr_value_write_edited(out, value, NULL, 0);
}
