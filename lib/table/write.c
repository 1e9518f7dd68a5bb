/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
/* Writing values: each byte is read once, however deep it lies, and what stands between
 * two places where something is left out or put in is copied in one piece. */
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
	const char *run; /* read, and not yet copied, from here on */
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
	uint64_t looks;  /* a bit for each look that a key of it has */
	bool has_escape; /* in a key: looks say nothing */
	bool duplicates;
};

static const char *write_value(struct writer *w, const char *p);

/* Copy what was read before `p`, and leave out what is from there to `on`. */
static const char *leave_out(struct writer *w, const char *p, const char *on)
{
	if (p > w->run)
		agr_buf_add(w->out, w->run, (size_t)(p - w->run));
	w->run = on;
	return on;
}

/* Where in the output `p` comes to lie. */
static size_t place_of(const struct writer *w, const char *p)
{
	return w->out->len + (size_t)(p - w->run);
}

static const char *skip_white(struct writer *w, const char *p)
{
	const char *behind = agr_skip_white(p);

	return behind == p ? p : leave_out(w, p, behind);
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

/* The same for keys that are the same, as long as none has an escape. */
static uint64_t look_of(agr_span key)
{
	unsigned char first = (unsigned char)key.p[1];
	unsigned char last = (unsigned char)key.p[key.n - 2];

	return (uint64_t)1 << ((first * 5u + last * 3u + key.n) % 64);
}

static struct written *find_written(struct writer *w, struct level *l, agr_span key,
	uint32_t **slot)
{
	uint64_t look = look_of(key);
	bool is_new = !l->has_escape && !(l->looks & look);

	l->looks |= look;
	if (l->slots)
		return slot_find(w, l, key, slot);
	if (is_new)
		return NULL;
	for (size_t i = l->base; i < w->n; i++)
		if (agr_string_same(w->list[i].key, key))
			return &w->list[i];
	return NULL;
}

static bool list_push(struct writer *w, struct written member)
{
	if (w->n == w->cap) {
		size_t cap = w->cap ? w->cap * 2 : 16;
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

/* The member's key becomes what an edit of its value, behind the key's `end`, says. */
static void rename_member(struct writer *w, struct level *l, struct written *member,
	const char *end)
{
	const char *p = end;
	const agr_edit *edit;

	while (*p == ':' || agr_is_white(*p))
		p++;
	edit = edit_at(w, p);
	if (!edit || !edit->key.p)
		return;
	leave_out(w, member->key.p, end);
	agr_buf_add(w->out, edit->key.p, edit->key.n);
	member->key = edit->key;
	member->renamed = true;
	l->has_escape |= !agr_string_is_plain(edit->key);
}

/* The member whose key begins at `p`; returns what follows its value. */
static const char *write_member(struct writer *w, struct level *l, const char *p)
{
	const char *end = agr_skip_string(p, &l->has_escape);
	struct written member = { .key = { p, (size_t)(end - p) } };

	if (w->n_edits)
		rename_member(w, l, &member, end);
	p = skip_white(w, skip_white(w, end) + 1);
	member.from = place_of(w, p);
	p = write_value(w, p);
	member.to = place_of(w, p);
	if (!note_member(w, l, member))
		w->out->failed = AGENTRUN_ENOMEM;
	return skip_white(w, p);
}

static const char *write_object(struct writer *w, const char *p)
{
	struct level l = { .base = w->n };
	size_t start = place_of(w, p + 1);

	for (p = skip_white(w, p + 1); *p != '}';) {
		p = write_member(w, &l, p);
		if (*p == ',')
			p = skip_white(w, p + 1);
	}
	if (l.duplicates) {
		leave_out(w, p, p);
		rewrite(w, &l, start);
	}
	w->n = l.base;
	free(l.slots);
	return p + 1;
}

static const char *write_array(struct writer *w, const char *p)
{
	for (p = skip_white(w, p + 1); *p != ']';) {
		p = skip_white(w, write_value(w, p));
		if (*p == ',')
			p = skip_white(w, p + 1);
	}
	return p + 1;
}

/* Behind the value at `p`. */
static const char *write_value(struct writer *w, const char *p)
{
	const agr_edit *edit = w->n_edits ? edit_at(w, p) : NULL;

	if (edit && edit->value.p) {
		leave_out(w, p, agr_skip_value(p));
		agr_value_write(w->out, edit->value);
		return w->run;
	}
	if (*p == '{')
		return write_object(w, p);
	return *p == '[' ? write_array(w, p) : agr_skip_value(p);
}

void agr_value_write_edited(agr_buf *out, agr_span value, const agr_edit *edits,
	size_t n_edits)
{
	struct writer w = { .out = out, .run = value.p, .edits = edits, .n_edits = n_edits };
	const char *end;

	if (*value.p == '{' || *value.p == '[') {
		end = write_value(&w, value.p);
		leave_out(&w, end, end);
	} else if (n_edits && edits[0].at == value.p && edits[0].value.p) {
		agr_value_write(out, edits[0].value);
	} else { /* its end is known and may be the end of the text */
		agr_buf_add(out, value.p, value.n);
	}
	free(w.list);
}

void agr_value_write(agr_buf *out, agr_span value)
{
	agr_value_write_edited(out, value, NULL, 0);
}
