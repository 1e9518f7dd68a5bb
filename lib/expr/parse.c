/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
/* Tokens -> a tree, by precedence climbing. */
#include <stdlib.h>
#include <string.h>

#include "expr/tree.h"

struct parser {
	agr_expr *expr;
	agr_lexer lexer;
	agr_buf json; /* a field's name as JSON */
	int depth;
	agentrun_error **err;
};

static int read_expr(struct parser *p, int least, uint32_t *out);

static int next(struct parser *p)
{
	return agr_lexer_next(&p->lexer, p->err);
}

static int wrong(const struct parser *p, const char *what)
{
	return agr_lexer_wrong(p->lexer.start, p->lexer.at, p->err, "%s", what);
}

static int add_node(struct parser *p, agr_expr_kind kind, size_t at, uint32_t *out)
{
	agr_expr *e = p->expr;

	if (e->n == AGR_EXPR_NODES)
		return agentrun_error_raise(p->err, AGENTRUN_ELIMIT,
			"expr is too long: it has more than %d parts", AGR_EXPR_NODES);
	if (e->n == e->cap) {
		uint32_t cap = e->cap ? e->cap * 2 : 16;
		agr_expr_node *grown = realloc(e->nodes, cap * sizeof(*grown));

		if (!grown)
			return agr_error_oom(p->err);
		e->nodes = grown;
		e->cap = cap;
	}
	*out = e->n++;
	e->nodes[*out] = (agr_expr_node){ .kind = kind, .at = at, .child = AGR_EXPR_NONE,
		.next = AGR_EXPR_NONE };
	return 0;
}

static bool keep(agr_arena *arena, agr_span *out, const agr_buf *text)
{
	char *copy = agr_arena_bytes(arena, text->len);

	if (!copy)
		return false;
	if (text->len)
		memcpy(copy, text->data, text->len);
	*out = (agr_span){ copy, text->len };
	return true;
}

static int add_field(struct parser *p, size_t *out)
{
	agr_expr *e = p->expr;
	agr_span name;

	if (e->n_fields == e->fields_cap) {
		size_t cap = e->fields_cap ? e->fields_cap * 2 : 4;
		agr_field *grown = realloc(e->fields, cap * sizeof(*grown));

		if (!grown)
			return agr_error_oom(p->err);
		e->fields = grown;
		e->fields_cap = cap;
	}
	agr_buf_reset(&p->json);
	agr_buf_json_str(&p->json, p->lexer.text.data, p->lexer.text.len);
	if (p->json.failed || !keep(&e->arena, &name, &p->json))
		return agr_error_oom(p->err);
	*out = e->n_fields++;
	return agr_field_read(&e->fields[*out], name) < 0 ? agr_error_oom(p->err) : 0;
}

static int read_literal(struct parser *p, uint32_t *out)
{
	agr_expr_node *node;
	int r = add_node(p, p->lexer.kind, p->lexer.at, out);

	if (r < 0)
		return r;
	node = &p->expr->nodes[*out];
	if (node->kind == AGR_EXPR_FIELD)
		r = add_field(p, &node->field);
	else if (!keep(&p->expr->arena, &node->text, &p->lexer.text))
		r = agr_error_oom(p->err);
	return r < 0 ? r : next(p);
}

static int unknown_function(struct parser *p)
{
	agr_buf known = AGR_BUF_INIT;
	int r;

	for (size_t i = 0; agr_function_at(i); i++)
		agr_buf_printf(&known, "%s%s", i ? ", " : "", agr_function_at(i)->name);
	r = agr_buf_check(&known, "text", p->err);
	if (r == 0)
		r = agr_lexer_wrong(p->lexer.start, p->lexer.at, p->err,
			"there is no such function; known are %s", known.data);
	agr_buf_free(&known);
	return r;
}

/* Behind the name: ( argument, ... ) */
static int read_arguments(struct parser *p, uint32_t call, unsigned *n)
{
	uint32_t *link, arg = AGR_EXPR_NONE;
	uint32_t last = AGR_EXPR_NONE;
	int r = next(p);

	if (r == 0)
		r = next(p); /* ( is there: the lexer saw it */
	for (*n = 0; r == 0 && p->lexer.kind != AGR_EXPR_CLOSE; ++*n) {
		if (*n && p->lexer.kind != AGR_EXPR_COMMA)
			return wrong(p, ", or ) is wanted");
		r = *n ? next(p) : 0;
		if (r == 0)
			r = read_expr(p, AGR_EXPR_OR, &arg);
		if (r < 0)
			return r;
		link = last == AGR_EXPR_NONE ? &p->expr->nodes[call].child
					     : &p->expr->nodes[last].next;
		*link = last = arg;
	}
	return r < 0 ? r : next(p);
}

static int read_call(struct parser *p, uint32_t *out)
{
	const agr_function *f = agr_function_find(p->lexer.text.data, p->lexer.text.len);
	size_t at = p->lexer.at;
	unsigned n = 0;
	int r;

	if (!f)
		return unknown_function(p);
	r = add_node(p, AGR_EXPR_CALL, at, out);
	if (r < 0)
		return r;
	p->expr->nodes[*out].function = f;
	r = read_arguments(p, *out, &n);
	if (r < 0)
		return r;
	if (n >= f->least && n <= f->most)
		return 0;
	if (f->least == f->most)
		return agr_lexer_wrong(p->lexer.start, at, p->err,
			"%s takes %u argument%s, not %u", f->name, f->least,
			f->least == 1 ? "" : "s", n);
	return agr_lexer_wrong(p->lexer.start, at, p->err,
		"%s takes %u to %u arguments, not %u", f->name, f->least, f->most, n);
}

/* `kind` applied to what follows. */
static int read_prefix(struct parser *p, agr_expr_kind kind, int least, uint32_t *out)
{
	uint32_t operand;
	int r = add_node(p, kind, p->lexer.at, out);

	if (r == 0)
		r = next(p);
	if (r == 0)
		r = read_expr(p, least, &operand);
	if (r == 0)
		p->expr->nodes[*out].child = operand;
	return r;
}

static int read_operand(struct parser *p, uint32_t *out)
{
	int r;

	switch (p->lexer.kind) {
	case AGR_EXPR_NUMBER:
	case AGR_EXPR_STRING:
	case AGR_EXPR_FIELD:
	case AGR_EXPR_TRUE:
	case AGR_EXPR_FALSE:
	case AGR_EXPR_NULL:
		return read_literal(p, out);
	case AGR_EXPR_CALL:
		return read_call(p, out);
	case AGR_EXPR_NOT:
		return read_prefix(p, AGR_EXPR_NOT, AGR_EXPR_LT, out);
	case AGR_EXPR_SUB:
		return read_prefix(p, AGR_EXPR_NEG, AGR_EXPR_NEG, out);
	case AGR_EXPR_OPEN:
		r = next(p);
		if (r == 0)
			r = read_expr(p, AGR_EXPR_OR, out);
		if (r == 0 && p->lexer.kind != AGR_EXPR_CLOSE)
			r = wrong(p, "an operator or ) is wanted");
		return r < 0 ? r : next(p);
	case AGR_EXPR_END:
		return wrong(p, "it ends where a value is wanted");
	default:
		return wrong(p, "a value is wanted here");
	}
}

/* How strongly an operator binds: the first of its group; 0: it is none. */
static int group_of(agr_expr_kind kind)
{
	if (kind == AGR_EXPR_OR || kind == AGR_EXPR_AND)
		return (int)kind;
	if (kind >= AGR_EXPR_LT && kind <= AGR_EXPR_NE)
		return AGR_EXPR_LT;
	if (kind == AGR_EXPR_ADD || kind == AGR_EXPR_SUB)
		return AGR_EXPR_ADD;
	return kind >= AGR_EXPR_MUL && kind <= AGR_EXPR_MOD ? AGR_EXPR_MUL : 0;
}

static int tighter(int group)
{
	switch (group) {
	case AGR_EXPR_OR:
		return AGR_EXPR_AND;
	case AGR_EXPR_AND:
		return AGR_EXPR_LT;
	case AGR_EXPR_LT:
		return AGR_EXPR_ADD;
	case AGR_EXPR_ADD:
		return AGR_EXPR_MUL;
	default:
		return AGR_EXPR_NEG;
	}
}

/* Operators that bind at least as strongly as `least`. */
static int read_operators(struct parser *p, int least, uint32_t *out)
{
	uint32_t left = *out, right = AGR_EXPR_NONE;
	int group, r = 0;

	while ((group = group_of(p->lexer.kind)) && group >= least) {
		r = add_node(p, p->lexer.kind, p->lexer.at, out);
		if (r == 0)
			r = next(p);
		if (r == 0)
			r = read_expr(p, tighter(group), &right);
		if (r < 0)
			return r;
		p->expr->nodes[*out].child = left;
		p->expr->nodes[left].next = right;
		left = *out;
		if (group == AGR_EXPR_LT && group_of(p->lexer.kind) == AGR_EXPR_LT)
			return wrong(p, "comparisons do not chain: join them with and");
	}
	return 0;
}

static int read_expr(struct parser *p, int least, uint32_t *out)
{
	int r;

	if (++p->depth > AGR_EXPR_DEPTH * 2)
		return agentrun_error_raise(p->err, AGENTRUN_ELIMIT,
			"expr is nested too deeply: more than %d levels", AGR_EXPR_DEPTH);
	*out = AGR_EXPR_NONE;
	r = read_operand(p, out);
	if (r == 0)
		r = read_operators(p, least, out);
	p->depth--;
	return r;
}

static int parse(struct parser *p)
{
	int r = next(p);

	if (r == 0)
		r = read_expr(p, AGR_EXPR_OR, &p->expr->root);
	if (r == 0 && p->lexer.kind != AGR_EXPR_END)
		r = wrong(p, "an operator or the end is wanted");
	return r;
}

int agr_expr_new(agr_expr **out, const char *text, size_t len, agentrun_error **err)
{
	agr_expr *e = calloc(1, sizeof(*e));
	struct parser p = { .expr = e, .err = err };
	int r;

	*out = NULL;
	if (e)
		e->text = agr_strndup(text, len);
	if (!e || !e->text) {
		agr_expr_free(e);
		return agr_error_oom(err);
	}
	p.lexer.start = p.lexer.p = e->text;
	p.lexer.text.max = p.json.max = SIZE_MAX;
	r = parse(&p);
	agr_buf_free(&p.lexer.text);
	agr_buf_free(&p.json);
	if (r < 0) {
		agr_expr_free(e);
		return r;
	}
	*out = e;
	return 0;
}

void agr_expr_free(agr_expr *e)
{
	if (!e)
		return;
	for (size_t i = 0; i < e->n_fields; i++)
		agr_field_clear(&e->fields[i]);
	free(e->fields);
	free(e->nodes);
	free(e->text);
	agr_arena_free(&e->arena);
	free(e);
}

bool agr_expr_want(agr_expr *e, agr_wanted *wanted)
{
	for (size_t i = 0; i < e->n_fields; i++)
		if (!agr_field_want(&e->fields[i], wanted))
			return false;
	return true;
}
