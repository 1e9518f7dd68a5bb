/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
/* The functions of expressions, one entry each in the table at the end. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "expr/tree.h"

static int want_string(agr_eval *eval, const agr_expr_node *node, agr_expr_value *v)
{
	if (agr_value_type(v) != AGR_TYPE_STRING)
		return agr_eval_wrong(eval, node, node->function->name, "a string", v);
	return agr_value_decode(eval, v) ? 0 : agr_error_oom(eval->err);
}

static int want_number(agr_eval *eval, const agr_expr_node *node,
	const agr_expr_value *v)
{
	if (agr_value_type(v) != AGR_TYPE_NUMBER)
		return agr_eval_wrong(eval, node, node->function->name, "a number", v);
	return 0;
}

/* What was appended to the scratch from `at` on. */
static int made_text(agr_eval *eval, size_t at, agr_expr_value *out)
{
	if (eval->scratch->failed)
		return agr_buf_check(eval->scratch, "a value of expr", eval->err);
	*out = (agr_expr_value){ .kind = AGR_VALUE_TEXT, .at = at,
		.text = { NULL, eval->scratch->len - at } };
	return 0;
}

/* ---- strings ------------------------------------------------------------------- */

static int turn_letters(agr_eval *eval, const agr_expr_node *node, agr_expr_value *v,
	bool upper, agr_expr_value *out)
{
	agr_buf turned = AGR_BUF_INIT;
	size_t at;
	int r = want_string(eval, node, v);

	if (r < 0)
		return r;
	agr_letters_turn(&turned, agr_value_text(eval, v), v->text.n, upper);
	at = eval->scratch->len;
	agr_buf_add(eval->scratch, turned.len ? turned.data : "", turned.len);
	r = agr_buf_check(&turned, "a value of expr", eval->err);
	agr_buf_free(&turned);
	return r < 0 ? r : made_text(eval, at, out);
}

static int call_upper(agr_eval *eval, const agr_expr_node *node, agr_expr_value *args,
	size_t n, agr_expr_value *out)
{
	(void)n;
	return turn_letters(eval, node, args, true, out);
}

static int call_lower(agr_eval *eval, const agr_expr_node *node, agr_expr_value *args,
	size_t n, agr_expr_value *out)
{
	(void)n;
	return turn_letters(eval, node, args, false, out);
}

static int64_t count_points(const char *text, size_t len)
{
	int64_t n = 0;

	for (size_t i = 0; i < len; i++)
		n += (text[i] & 0xc0) != 0x80;
	return n;
}

static int call_length(agr_eval *eval, const agr_expr_node *node, agr_expr_value *args,
	size_t n, agr_expr_value *out)
{
	agr_members members = { .n = 0 };
	int r = 0;

	(void)n;
	switch (agr_value_type(args)) {
	case AGR_TYPE_STRING:
		r = want_string(eval, node, args);
		if (r == 0)
			*out = agr_value_whole(count_points(agr_value_text(eval, args),
				args->text.n));
		return r;
	case AGR_TYPE_ARRAY:
		*out = agr_value_whole((int64_t)agr_span_count(args->text));
		return 0;
	case AGR_TYPE_OBJECT:
		if (!agr_members_read(&members, args->text))
			r = agr_error_oom(eval->err);
		*out = agr_value_whole((int64_t)members.n);
		agr_members_free(&members);
		return r;
	default:
		return agr_eval_wrong(eval, node, "length", "a string, an array or an object",
			args);
	}
}

/* Strings as they are, all else as JSON. */
static int lazy_concat(agr_eval *eval, const agr_expr_node *node, agr_expr_value *out)
{
	const agr_expr_node *nodes = eval->expr->nodes;
	agr_buf all = AGR_BUF_INIT;
	agr_expr_value v = { .kind = AGR_VALUE_TEXT };
	size_t at;
	int r = 0;

	for (uint32_t i = node->child; r == 0 && i != AGR_EXPR_NONE; i = nodes[i].next) {
		r = agr_eval_node(eval, &nodes[i], &v);
		if (r < 0 || v.kind == AGR_VALUE_NULL)
			break;
		if (agr_value_type(&v) != AGR_TYPE_STRING)
			agr_value_put(eval, &all, &v);
		else if (agr_value_decode(eval, &v))
			agr_buf_add(&all, agr_value_text(eval, &v), v.text.n);
		else
			r = agr_error_oom(eval->err);
	}
	at = eval->scratch->len;
	agr_buf_add(eval->scratch, all.len ? all.data : "", all.len);
	if (r == 0)
		r = agr_buf_check(&all, "a value of expr", eval->err);
	agr_buf_free(&all);
	if (r == 0 && v.kind != AGR_VALUE_NULL)
		return made_text(eval, at, out);
	out->kind = AGR_VALUE_NULL;
	return r;
}

/* A number cut to a whole one, within what a text's length can be. */
static int64_t position(const agr_expr_value *v)
{
	const double most = 1e15;
	bool is_whole;
	int64_t whole;
	double real;

	agr_value_number(v, &is_whole, &whole, &real);
	return (int64_t)(real > most ? most : real < -most ? -most : real);
}

static int call_substr(agr_eval *eval, const agr_expr_node *node, agr_expr_value *args,
	size_t n, agr_expr_value *out)
{
	int64_t start, len = INT64_MAX / 2, points;
	const char *p, *end, *from;
	int r = want_string(eval, node, &args[0]);

	for (size_t i = 1; r == 0 && i < n; i++)
		r = want_number(eval, node, &args[i]);
	if (r < 0)
		return r;
	p = agr_value_text(eval, &args[0]);
	end = p + args[0].text.n;
	points = count_points(p, args[0].text.n);
	start = position(&args[1]);
	if (n > 2)
		len = position(&args[2]);
	if (start < 0)
		start = start + points < 0 ? 0 : start + points;
	for (; p < end && start > 0; start--)
		p += agr_utf8_len(p, (size_t)(end - p));
	for (from = p; p < end && len > 0; len--)
		p += agr_utf8_len(p, (size_t)(end - p));
	*out = args[0];
	out->at += (size_t)(from - agr_value_text(eval, &args[0]));
	if (out->text.p)
		out->text.p = from;
	out->text.n = (size_t)(p - from);
	return 0;
}

/* ---- numbers ------------------------------------------------------------------- */

static int call_abs(agr_eval *eval, const agr_expr_node *node, agr_expr_value *args,
	size_t n, agr_expr_value *out)
{
	int r = want_number(eval, node, args);

	(void)n;
	*out = *args;
	if (r < 0)
		return r;
	if (args->kind == AGR_VALUE_JSON && *args->text.p == '-') {
		out->text.p++;
		out->text.n--;
	} else if (args->kind == AGR_VALUE_DOUBLE) {
		out->real = fabs(args->real);
	} else if (args->kind == AGR_VALUE_INT && args->whole < 0) {
		*out = args->whole == INT64_MIN ? agr_value_real(-(double)INT64_MIN)
						: agr_value_whole(-args->whole);
	}
	return 0;
}

/* The number with its decimal point `by` places further right, and the double nearest
 * to that: no power of ten is multiplied, so that 1.005 is 100.5 hundredths. */
static double shift(agr_buf *room, double real, int by)
{
	const char *e;
	long exponent = by;

	agr_buf_reset(room);
	agr_number_write(room, real);
	if (room->failed)
		return real;
	e = memchr(room->data, 'e', room->len);
	if (e) {
		exponent += strtol(e + 1, NULL, 10);
		room->len = (size_t)(e - room->data);
	}
	agr_buf_printf(room, "e%ld", exponent);
	return room->failed ? real : agr_number_double((agr_span){ room->data, room->len });
}

/* To a whole multiple of 10^places, half of it away from zero. */
static bool round_whole(int64_t whole, int64_t places, int64_t *out)
{
	int64_t unit = 1, rest, half;

	if (places > 18) {
		*out = 0;
		return true;
	}
	while (places--)
		unit *= 10;
	rest = whole % unit;
	half = unit / 2;
	*out = whole - rest;
	if (rest >= half && rest)
		return !__builtin_add_overflow(*out, unit, out);
	if (-rest >= half && rest)
		return !__builtin_sub_overflow(*out, unit, out);
	return true;
}

static int call_round(agr_eval *eval, const agr_expr_node *node, agr_expr_value *args,
	size_t n, agr_expr_value *out)
{
	agr_buf room = AGR_BUF_INIT;
	int64_t whole, places = 0;
	bool is_whole;
	double real;
	int r = 0;

	for (size_t i = 0; r == 0 && i < n; i++)
		r = want_number(eval, node, &args[i]);
	if (r < 0)
		return r;
	if (n > 1)
		places = position(&args[1]);
	places = places > 330 ? 330 : places < -330 ? -330 : places;
	agr_value_number(&args[0], &is_whole, &whole, &real);
	*out = args[0];
	if (is_whole && (places >= 0 || round_whole(whole, -places, &whole)))
		*out = agr_value_whole(whole);
	if (out->kind == AGR_VALUE_INT)
		return 0;
	if (places >= 0 && out->kind == AGR_VALUE_JSON && agr_number_is_integer(out->text))
		return 0; /* longer than any double can tell */
	real = round(shift(&room, real, (int)places));
	/* Beyond the doubles there is nothing to round. */
	if (isfinite(real) && !room.failed)
		*out = agr_value_real(shift(&room, real, -(int)places));
	r = agr_buf_check(&room, "a value of expr", eval->err);
	agr_buf_free(&room);
	return r;
}

/* ---- choices ------------------------------------------------------------------- */

static int lazy_coalesce(agr_eval *eval, const agr_expr_node *node, agr_expr_value *out)
{
	const agr_expr_node *nodes = eval->expr->nodes;
	int r = 0;

	out->kind = AGR_VALUE_NULL;
	for (uint32_t i = node->child; r == 0 && i != AGR_EXPR_NONE; i = nodes[i].next) {
		r = agr_eval_node(eval, &nodes[i], out);
		if (out->kind != AGR_VALUE_NULL)
			break;
	}
	return r;
}

static int lazy_if(agr_eval *eval, const agr_expr_node *node, agr_expr_value *out)
{
	const agr_expr_node *nodes = eval->expr->nodes;
	uint32_t then = nodes[node->child].next;
	int r = agr_eval_node(eval, &nodes[node->child], out);

	if (r < 0)
		return r;
	if (!agr_value_true(out))
		then = nodes[then].next;
	if (then != AGR_EXPR_NONE)
		return agr_eval_node(eval, &nodes[then], out);
	*out = (agr_expr_value){ .kind = AGR_VALUE_NULL };
	return 0;
}

static const agr_function functions[] = {
	{ "upper", 1, 1, call_upper, NULL },
	{ "lower", 1, 1, call_lower, NULL },
	{ "length", 1, 1, call_length, NULL },
	{ "concat", 1, AGR_EXPR_ARGS, NULL, lazy_concat },
	{ "substr", 2, 3, call_substr, NULL },
	{ "round", 1, 2, call_round, NULL },
	{ "abs", 1, 1, call_abs, NULL },
	{ "coalesce", 1, AGR_EXPR_ARGS, NULL, lazy_coalesce },
	{ "if", 2, 3, NULL, lazy_if },
};

const agr_function *agr_function_at(size_t i)
{
	return i < AGR_COUNT(functions) ? &functions[i] : NULL;
}

const agr_function *agr_function_find(const char *name, size_t len)
{
	for (size_t i = 0; i < AGR_COUNT(functions); i++)
		if (strlen(functions[i].name) == len &&
			memcmp(functions[i].name, name, len) == 0)
			return &functions[i];
	return NULL;
}
