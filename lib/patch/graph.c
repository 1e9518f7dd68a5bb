/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
/* What a patch changed of a workflow, for programs: JSON, and graphs to be drawn, for
 * Graphviz (DOT) and Mermaid. */
#include <string.h>

#include "patch/parts.h"
#include "patch/result.h"
#include "patch/tree.h"

/* What became of a part. */
enum fate { SAME, ADDED, REMOVED, CHANGED };

struct graph {
	agr_buf *out;
	agr_arena arena;
	agr_parts before[AGR_PART_KINDS], after[AGR_PART_KINDS];
	agentrun_error **err;
};

static int fate_of(const agr_part *part, enum fate *out, agentrun_error **err)
{
	bool same = false;
	int r;

	*out = ADDED;
	if (!part->other)
		return 0;
	r = agr_tree_equal(&same, (agr_tree_value){ .text = part->other->value },
		(agr_tree_value){ .text = part->value }, err);
	*out = same ? SAME : CHANGED;
	return r;
}

/* Those that are gone, then all that are there now. */
typedef int (*each_fn)(struct graph *g, const agr_part *part, enum fate fate);

static int each(struct graph *g, int kind, each_fn fn)
{
	const agr_parts *before = &g->before[kind], *after = &g->after[kind];
	int r = 0;

	for (size_t i = 0; r == 0 && i < before->n; i++)
		if (!before->list[i].other)
			r = fn(g, &before->list[i], REMOVED);
	for (size_t i = 0; r == 0 && i < after->n; i++) {
		enum fate fate;

		r = fate_of(&after->list[i], &fate, g->err);
		if (r == 0)
			r = fn(g, &after->list[i], fate);
	}
	return r;
}

/* ---- JSON ------------------------------------------------------------------------- */

static void add_value(agr_buf *out, const char *name, agr_span value)
{
	agr_buf_str(out, name);
	agr_value_write(out, value);
}

static int add_json(struct graph *g, const agr_part *part, enum fate fate)
{
	static const char *const names[] = { "same", "added", "removed", "changed" };

	if (fate == SAME)
		return 0;
	if (g->out->data[g->out->len - 1] != '[')
		agr_buf_char(g->out, ',');
	agr_buf_printf(g->out, "{\"change\":\"%s\"", names[fate]);
	if (fate != ADDED)
		add_value(g->out, ",\"before\":", fate == REMOVED ? part->value
								     : part->other->value);
	if (fate != REMOVED)
		add_value(g->out, ",\"after\":", part->value);
	agr_buf_char(g->out, '}');
	return 0;
}

static int write_json(struct graph *g)
{
	int r = 0;

	for (int kind = 0; r == 0 && kind < AGR_PART_KINDS; kind++) {
		agr_buf_printf(g->out, "%s\"%s\":[", kind ? "," : "{",
			agr_part_kinds[kind].list);
		if (g->out->failed)
			return 0;
		r = each(g, kind, add_json);
		agr_buf_char(g->out, ']');
	}
	agr_buf_str(g->out, "}\n");
	return r;
}

/* ---- what is drawn ------------------------------------------------------------------ */

static agr_span member(agr_span object, const char *name)
{
	agr_span value = { NULL, 0 };

	if (agr_span_type(object) == AGR_TYPE_OBJECT)
		agr_object_get(object, name, strlen(name), &value);
	return value;
}

/* Text inside quotes, for either: `quote` stands for one. */
static void add_text(agr_buf *out, agr_span value, const char *quote, const char *backslash)
{
	agr_buf text = AGR_BUF_INIT, shown = AGR_BUF_INIT;

	if (value.p && agr_span_type(value) == AGR_TYPE_STRING)
		agr_string_decode(&text, value);
	else if (value.p)
		agr_value_write(&text, value);
	else
		agr_buf_str(&text, "(none)");
	if (!text.failed)
		agr_buf_printable(&shown, text.data ? text.data : "", text.len);
	for (size_t i = 0; i < shown.len; i++) {
		if (shown.data[i] == '"')
			agr_buf_str(out, quote);
		else if (shown.data[i] == '\\')
			agr_buf_str(out, backslash);
		else
			agr_buf_char(out, shown.data[i]);
	}
	if (text.failed || shown.failed)
		out->failed = text.failed ? text.failed : shown.failed;
	agr_buf_free(&text);
	agr_buf_free(&shown);
}

/* ---- DOT ---------------------------------------------------------------------------- */

static void dot_text(agr_buf *out, agr_span value)
{
	add_text(out, value, "\\\"", "\\\\");
}

static const char *dot_look(enum fate fate)
{
	static const char *const looks[] = { "", ", color=\"#1a7f37\", fontcolor=\"#1a7f37\"",
		", color=\"#cf222e\", fontcolor=\"#cf222e\", style=dashed",
		", color=\"#bf8700\", penwidth=2" };

	return looks[fate];
}

static int dot_node(struct graph *g, const agr_part *part, enum fate fate)
{
	agr_buf_str(g->out, "  \"");
	dot_text(g->out, part->name[0]);
	agr_buf_str(g->out, "\" [label=\"");
	dot_text(g->out, part->name[0]);
	agr_buf_str(g->out, "\\n");
	dot_text(g->out, member(part->value, "type"));
	agr_buf_printf(g->out, "\"%s];\n", dot_look(fate));
	return 0;
}

static int dot_edge(struct graph *g, const agr_part *part, enum fate fate)
{
	agr_span condition = member(part->value, "condition");

	agr_buf_str(g->out, "  \"");
	dot_text(g->out, part->name[0]);
	agr_buf_str(g->out, "\" -> \"");
	dot_text(g->out, part->name[1]);
	agr_buf_str(g->out, "\" [label=\"");
	if (condition.p && agr_span_type(condition) != AGR_TYPE_NULL)
		dot_text(g->out, condition);
	agr_buf_printf(g->out, "\"%s];\n", dot_look(fate));
	return 0;
}

static int write_dot(struct graph *g)
{
	int r;

	agr_buf_str(g->out, "digraph workflow {\n  rankdir=LR;\n  node [shape=box];\n");
	r = each(g, AGR_PART_NODE, dot_node);
	if (r == 0)
		r = each(g, AGR_PART_EDGE, dot_edge);
	agr_buf_str(g->out, "}\n");
	return r;
}

/* ---- Mermaid ------------------------------------------------------------------------ */

static void mermaid_text(agr_buf *out, agr_span value)
{
	add_text(out, value, "#quot;", "#92;");
}

/* Its own names for nodes: an id may be a word of the language. One that is gone and one
 * that is there may have the same number. */
static void mermaid_name(agr_buf *out, const agr_part *part, bool gone)
{
	agr_buf_printf(out, "%c%zu", gone ? 'r' : 'n', part->index);
}

static int mermaid_node(struct graph *g, const agr_part *part, enum fate fate)
{
	static const char *const classes[] = { "", ":::added", ":::removed", ":::changed" };

	agr_buf_str(g->out, "  ");
	mermaid_name(g->out, part, fate == REMOVED);
	agr_buf_str(g->out, "[\"");
	mermaid_text(g->out, part->name[0]);
	agr_buf_str(g->out, "<br/>");
	mermaid_text(g->out, member(part->value, "type"));
	agr_buf_printf(g->out, "\"]%s\n", classes[fate]);
	return 0;
}

/* The edge's end among those that are there, else among those that are gone. */
static void mermaid_end(struct graph *g, agr_span id)
{
	const agr_part *node = agr_parts_find(&g->after[AGR_PART_NODE], id);
	const agr_part *gone = node ? NULL : agr_parts_find(&g->before[AGR_PART_NODE], id);

	if (node || gone)
		mermaid_name(g->out, node ? node : gone, gone != NULL);
	else
		agr_buf_str(g->out, "missing");
}

static int mermaid_edge(struct graph *g, const agr_part *part, enum fate fate)
{
	agr_span condition = member(part->value, "condition");

	agr_buf_str(g->out, "  ");
	mermaid_end(g, part->name[0]);
	agr_buf_str(g->out, fate == REMOVED ? " -.-> " : fate == SAME ? " --> " : " ==> ");
	if (condition.p && agr_span_type(condition) != AGR_TYPE_NULL) {
		agr_buf_str(g->out, "|\"");
		mermaid_text(g->out, condition);
		agr_buf_str(g->out, "\"| ");
	}
	mermaid_end(g, part->name[1]);
	agr_buf_char(g->out, '\n');
	return 0;
}

static int write_mermaid(struct graph *g)
{
	int r;

	agr_buf_str(g->out, "flowchart LR\n");
	r = each(g, AGR_PART_NODE, mermaid_node);
	if (r == 0)
		r = each(g, AGR_PART_EDGE, mermaid_edge);
	agr_buf_str(g->out, "  classDef added stroke:#1a7f37,stroke-width:3px\n"
		"  classDef removed stroke:#cf222e,stroke-dasharray:5\n"
		"  classDef changed stroke:#bf8700,stroke-width:3px\n");
	return r;
}

/* ---- all of them ---------------------------------------------------------------------- */

int agr_preview_graph(agr_buf *out, agr_span before, agr_span after, int format,
	agentrun_error **err)
{
	static int (*const writers[])(struct graph *g) = {
		[AGENTRUN_PREVIEW_JSON] = write_json,
		[AGENTRUN_PREVIEW_DOT] = write_dot,
		[AGENTRUN_PREVIEW_MERMAID] = write_mermaid,
	};
	struct graph g = { .out = out, .err = err };
	int r = 0;

	for (int i = 0; r == 0 && i < AGR_PART_KINDS; i++)
		r = agr_parts_read(&g.before[i], &g.after[i], &g.arena, &agr_part_kinds[i], before,
			after, err);
	if (r == 0)
		r = writers[format](&g);
	agr_arena_free(&g.arena);
	return r;
}
