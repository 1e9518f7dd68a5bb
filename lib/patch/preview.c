/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
/* What a patch changed, for a person: + added, - removed, ~ changed. */
#include <stdlib.h>
#include <string.h>

#include "patch/parts.h"
#include "patch/result.h"
#include "patch/tree.h"

#define VALUE_SHOWN_MAX 120

struct differ {
	agr_buf *out;
	agr_arena arena;
	agr_buf path; /* where the values stand that are compared */
	const char *indent;
	agentrun_error **err;
};

static void show_value(agr_buf *out, agr_span value)
{
	agr_buf text = AGR_BUF_INIT;
	size_t n;

	agr_value_write(&text, value);
	n = text.len;
	if (n > VALUE_SHOWN_MAX) {
		n = VALUE_SHOWN_MAX;
		while (n && ((unsigned char)text.data[n] & 0xc0) == 0x80)
			n--;
	}
	agr_buf_printable(out, text.data ? text.data : "", n);
	agr_buf_str(out, n < text.len ? "..." : "");
	if (text.failed)
		out->failed = text.failed;
	agr_buf_free(&text);
}

/* "SIGN PATH: old -> new", either of them NULL. */
static void line(struct differ *d, char sign, const agr_span *old, const agr_span *new)
{
	agr_buf_printf(d->out, "%s%c ", d->indent, sign);
	if (d->path.len)
		agr_buf_printable(d->out, d->path.data, d->path.len);
	else
		agr_buf_str(d->out, "the document");
	agr_buf_str(d->out, ": ");
	if (old)
		show_value(d->out, *old);
	if (old && new)
		agr_buf_str(d->out, " -> ");
	if (new)
		show_value(d->out, *new);
	agr_buf_char(d->out, '\n');
}

static void path_back(struct differ *d, size_t len)
{
	d->path.len = len;
	if (d->path.data)
		d->path.data[len] = '\0';
}

static int diff(struct differ *d, agr_tree_value old, agr_tree_value new);

static int diff_members(
	struct differ *d, const agr_tree_node *old, const agr_tree_node *new)
{
	size_t len = d->path.len;
	int r = 0;

	for (size_t i = 0; r == 0 && i < old->n; i++) {
		if (!old->items[i].key.p)
			continue;
		agr_pointer_add_token(&d->path, old->items[i].key);
		if (!agr_tree_member(new, old->items[i].key))
			line(d, '-', &old->items[i].value.text, NULL);
		path_back(d, len);
	}
	for (size_t i = 0; r == 0 && i < new->n; i++) {
		const agr_tree_item *was;

		if (!new->items[i].key.p)
			continue;
		was = agr_tree_member(old, new->items[i].key);
		agr_pointer_add_token(&d->path, new->items[i].key);
		if (was)
			r = diff(d, was->value, new->items[i].value);
		else
			line(d, '+', NULL, &new->items[i].value.text);
		path_back(d, len);
	}
	return r;
}

/* Elements that both arrays begin with, or (from the end) end with. */
static int common(struct differ *d, const agr_tree_node *old, const agr_tree_node *new,
	size_t skip, bool from_end, size_t *out)
{
	size_t most = (old->n < new->n ? old->n : new->n) - skip;
	bool same = true;

	for (*out = 0; *out < most; (*out)++) {
		size_t i = from_end ? old->n - 1 - *out : *out;
		size_t k = from_end ? new->n - 1 - *out : *out;
		int r = agr_tree_equal(
			&same, old->items[i].value, new->items[k].value, d->err);

		if (r < 0)
			return r;
		if (!same)
			break;
	}
	return 0;
}

static int diff_elements(
	struct differ *d, const agr_tree_node *old, const agr_tree_node *new)
{
	size_t len = d->path.len, head, tail;
	int r = common(d, old, new, 0, false, &head);

	if (r == 0)
		r = common(d, old, new, head, true, &tail);
	if (r < 0)
		return r;
	for (size_t i = head; r == 0 && (i < old->n - tail || i < new->n - tail); i++) {
		agr_pointer_add_index(&d->path, i);
		if (i >= new->n - tail)
			line(d, '-', &old->items[i].value.text, NULL);
		else if (i >= old->n - tail)
			line(d, '+', NULL, &new->items[i].value.text);
		else
			r = diff(d, old->items[i].value, new->items[i].value);
		path_back(d, len);
	}
	return r;
}

static int diff(struct differ *d, agr_tree_value old, agr_tree_value new)
{
	agr_type type = agr_tree_type(&old);
	bool same;
	int r = agr_tree_equal(&same, old, new, d->err);

	if (r < 0 || same)
		return r;
	if (type < AGR_TYPE_ARRAY || type != agr_tree_type(&new)) {
		line(d, '~', &old.text, &new.text);
		return 0;
	}
	r = agr_tree_open(&d->arena, &old, d->err);
	if (r == 0)
		r = agr_tree_open(&d->arena, &new, d->err);
	if (r < 0 || !old.node || !new.node)
		return r;
	return type == AGR_TYPE_OBJECT ? diff_members(d, old.node, new.node)
				       : diff_elements(d, old.node, new.node);
}

static int differ_end(struct differ *d, int r)
{
	if (d->path.failed)
		d->out->failed = d->path.failed;
	agr_buf_free(&d->path);
	agr_arena_free(&d->arena);
	return r;
}

int agr_preview_document(
	agr_buf *out, agr_span before, agr_span after, agentrun_error **err)
{
	struct differ d = {.out = out, .path = AGR_BUF_INIT, .indent = "", .err = err};
	agr_tree_value old = {.text = before}, new = {.text = after};

	return differ_end(&d, diff(&d, old, new));
}

/* ---- workflows ------------------------------------------------------------------- */

static void show_name(agr_buf *out, agr_span name)
{
	if (name.p && agr_span_type(name) == AGR_TYPE_STRING)
		agr_buf_printable(out, name.p + 1, name.n - 2);
	else
		agr_buf_str(out, "(none)");
}

/* An edge that is new or gone says when it is taken; of one that changed, the
 * lines below do. */
static void show_condition(agr_buf *out, const agr_part *part)
{
	agr_span condition;

	if (agr_span_type(part->value) != AGR_TYPE_OBJECT ||
		!agr_object_get(part->value, "condition", 9, &condition) ||
		agr_span_type(condition) == AGR_TYPE_NULL)
		return;
	agr_buf_str(out, " when ");
	show_value(out, condition);
}

static void part_line(
	struct differ *d, char sign, const agr_part_kind *kind, const agr_part *part)
{
	agr_span type;

	agr_buf_printf(d->out, "%c %s ", sign, kind->what);
	show_name(d->out, part->name[0]);
	if (kind->names[1]) {
		agr_buf_str(d->out, " -> ");
		show_name(d->out, part->name[1]);
		if (sign != '~')
			show_condition(d->out, part);
	} else if (agr_span_type(part->value) == AGR_TYPE_OBJECT &&
		   agr_object_get(part->value, "type", 4, &type)) {
		agr_buf_str(d->out, " (");
		show_name(d->out, type);
		agr_buf_char(d->out, ')');
	}
	agr_buf_char(d->out, '\n');
}

static int diff_parts(
	struct differ *d, const agr_part_kind *kind, agr_span before, agr_span after)
{
	agr_parts old, new;
	bool same;
	int r = agr_parts_read(&old, &new, &d->arena, kind, before, after, d->err);

	if (r < 0)
		return r;
	for (size_t i = 0; i < old.n; i++)
		if (!old.list[i].other)
			part_line(d, '-', kind, &old.list[i]);
	for (size_t i = 0; r == 0 && i < new.n; i++) {
		const agr_part *part = &new.list[i];
		agr_tree_value a = {
			.text = part->other ? part->other->value : part->value};
		agr_tree_value b = {.text = part->value};

		if (!part->other) {
			part_line(d, '+', kind, part);
			continue;
		}
		r = agr_tree_equal(&same, a, b, d->err);
		if (r == 0 && !same) {
			part_line(d, '~', kind, part);
			r = diff(d, a, b);
		}
	}
	return r;
}

/* An opened object without the lists that are told apart. */
static int open_rest(struct differ *d, agr_tree_value *value)
{
	int r = 0;

	if (agr_tree_type(value) != AGR_TYPE_OBJECT)
		value->text = (agr_span){"{}", 2};
	r = agr_tree_open(&d->arena, value, d->err);
	for (size_t i = 0; r == 0 && i < AGR_PART_KINDS; i++) {
		agr_tree_item *list = agr_tree_member(value->node, agr_part_kinds[i].key);

		if (list)
			agr_tree_remove_member(value->node, list);
	}
	return r;
}

/* The workflow's other members: its name, its settings. */
static int diff_rest(struct differ *d, agr_span before, agr_span after)
{
	agr_tree_value old = {.text = before}, new = {.text = after};
	int r = open_rest(d, &old);

	if (r == 0)
		r = open_rest(d, &new);
	return r < 0 || !old.node || !new.node ? r : diff_members(d, old.node, new.node);
}

int agr_preview_workflow(
	agr_buf *out, agr_span before, agr_span after, agentrun_error **err)
{
	struct differ d = {
		.out = out, .path = AGR_BUF_INIT, .indent = "    ", .err = err};
	int r = 0;

	for (size_t i = 0; r == 0 && i < AGR_PART_KINDS; i++)
		r = diff_parts(&d, &agr_part_kinds[i], before, after);
	d.indent = "";
	if (r == 0)
		r = diff_rest(&d, before, after);
	return differ_end(&d, r);
}
