/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
/* The value of a tree for one row. */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "expr/tree.h"

/* ---- values ------------------------------------------------------------------ */

agr_expr_value agr_value_real(double real)
{
	if (!isfinite(real))
		return (agr_expr_value){ .kind = AGR_VALUE_NULL };
	return (agr_expr_value){ .kind = AGR_VALUE_DOUBLE, .real = real };
}

agr_expr_value agr_value_bool(bool truth)
{
	return (agr_expr_value){ .kind = AGR_VALUE_BOOL, .truth = truth };
}

agr_expr_value agr_value_whole(int64_t whole)
{
	return (agr_expr_value){ .kind = AGR_VALUE_INT, .whole = whole };
}

agr_type agr_value_type(const agr_expr_value *v)
{
	switch (v->kind) {
	case AGR_VALUE_NULL:
		return AGR_TYPE_NULL;
	case AGR_VALUE_BOOL:
		return AGR_TYPE_TRUE;
	case AGR_VALUE_INT:
	case AGR_VALUE_DOUBLE:
		return AGR_TYPE_NUMBER;
	case AGR_VALUE_TEXT:
		return AGR_TYPE_STRING;
	default:
		return agr_span_type(v->text);
	}
}

bool agr_value_true(const agr_expr_value *v)
{
	return v->kind == AGR_VALUE_BOOL ? v->truth : v->kind != AGR_VALUE_NULL;
}

void agr_value_number(const agr_expr_value *v, bool *is_whole, int64_t *whole,
	double *real)
{
	*is_whole = v->kind == AGR_VALUE_INT;
	*whole = v->whole;
	*real = v->real;
	if (v->kind == AGR_VALUE_JSON)
		*is_whole = agr_number_int64(v->text, whole);
	if (*is_whole)
		*real = (double)*whole;
	else if (v->kind == AGR_VALUE_JSON)
		*real = agr_number_double(v->text);
}

bool agr_value_decode(agr_eval *eval, agr_expr_value *v)
{
	if (v->kind == AGR_VALUE_TEXT)
		return true;
	v->kind = AGR_VALUE_TEXT;
	if (agr_string_is_plain(v->text)) {
		v->text.p++;
		v->text.n -= 2;
		return true;
	}
	v->at = eval->scratch->len;
	agr_string_decode(eval->scratch, v->text);
	v->text = (agr_span){ NULL, eval->scratch->len - v->at };
	return !eval->scratch->failed;
}

const char *agr_value_text(const agr_eval *eval, const agr_expr_value *v)
{
	if (v->text.p || !v->text.n)
		return v->text.p ? v->text.p : "";
	return eval->scratch->data + v->at;
}

void agr_value_put(const agr_eval *eval, agr_buf *out, const agr_expr_value *v)
{
	switch (v->kind) {
	case AGR_VALUE_NULL:
		agr_buf_str(out, "null");
		break;
	case AGR_VALUE_BOOL:
		agr_buf_str(out, v->truth ? "true" : "false");
		break;
	case AGR_VALUE_INT:
		agr_buf_printf(out, "%" PRId64, v->whole);
		break;
	case AGR_VALUE_DOUBLE:
		agr_number_write(out, v->real);
		break;
	case AGR_VALUE_JSON:
		agr_buf_add(out, v->text.p, v->text.n);
		break;
	default:
		agr_buf_json_str(out, agr_value_text(eval, v), v->text.n);
	}
}

int agr_eval_wrong(agr_eval *eval, const agr_expr_node *node, const char *name,
	const char *wants, const agr_expr_value *got)
{
	static const char *const phrases[] = { "null", "true or false", "true or false",
		"a number", "a string", "an array", "an object" };
	const char *text = eval->expr->text;
	size_t n = 1;

	for (size_t i = 0; i < node->at; i++)
		n += (text[i] & 0xc0) != 0x80;
	return agentrun_error_raise(eval->err, AGENTRUN_EPIPELINE,
		"%s at character %zu of expr wants %s, got %s", name, n, wants,
		phrases[agr_value_type(got)]);
}

/* ---- operators --------------------------------------------------------------- */

static const char *sign_of(agr_expr_kind kind)
{
	static const char *const signs[] = { [AGR_EXPR_ADD] = "+", [AGR_EXPR_SUB] = "-",
		[AGR_EXPR_MUL] = "*", [AGR_EXPR_DIV] = "/", [AGR_EXPR_MOD] = "%",
		[AGR_EXPR_NEG] = "-" };

	return signs[kind];
}

/* True with the result when it is whole and fits. */
static bool whole_result(agr_expr_kind kind, int64_t a, int64_t b, int64_t *out)
{
	switch (kind) {
	case AGR_EXPR_ADD:
		return !__builtin_add_overflow(a, b, out);
	case AGR_EXPR_SUB:
		return !__builtin_sub_overflow(a, b, out);
	case AGR_EXPR_MUL:
		return !__builtin_mul_overflow(a, b, out);
	case AGR_EXPR_DIV:
		if (b == -1)
			return !__builtin_sub_overflow(0, a, out);
		*out = a / b;
		return a % b == 0;
	default:
		*out = b == -1 ? 0 : a % b;
		return true;
	}
}

static double real_result(agr_expr_kind kind, double a, double b)
{
	switch (kind) {
	case AGR_EXPR_ADD:
		return a + b;
	case AGR_EXPR_SUB:
		return a - b;
	case AGR_EXPR_MUL:
		return a * b;
	case AGR_EXPR_DIV:
		return a / b;
	default:
		return fmod(a, b);
	}
}

static int arithmetic(agr_eval *eval, const agr_expr_node *node,
	const agr_expr_value *left, const agr_expr_value *right, agr_expr_value *out)
{
	const agr_expr_value *wrong = left;
	bool a_whole, b_whole;
	int64_t a, b, whole;
	double x, y;

	out->kind = AGR_VALUE_NULL;
	if (left->kind != AGR_VALUE_NULL && agr_value_type(left) != AGR_TYPE_NUMBER)
		goto wrong;
	wrong = right;
	if (right->kind != AGR_VALUE_NULL && agr_value_type(right) != AGR_TYPE_NUMBER)
		goto wrong;
	if (left->kind == AGR_VALUE_NULL || right->kind == AGR_VALUE_NULL)
		return 0;
	agr_value_number(left, &a_whole, &a, &x);
	agr_value_number(right, &b_whole, &b, &y);
	/* Division by zero is null; so is what no finite number can hold. */
	if (node->kind >= AGR_EXPR_DIV && !(y < 0) && !(y > 0))
		return 0;
	if (a_whole && b_whole && whole_result(node->kind, a, b, &whole))
		*out = agr_value_whole(whole);
	else
		*out = agr_value_real(real_result(node->kind, x, y));
	return 0;
wrong:
	return agr_eval_wrong(eval, node, sign_of(node->kind), "numbers", wrong);
}

static int negate(agr_eval *eval, const agr_expr_node *node, const agr_expr_value *v,
	agr_expr_value *out)
{
	bool is_whole;
	int64_t whole;
	double real;

	out->kind = AGR_VALUE_NULL;
	if (v->kind == AGR_VALUE_NULL)
		return 0;
	if (agr_value_type(v) != AGR_TYPE_NUMBER)
		return agr_eval_wrong(eval, node, "-", "a number", v);
	agr_value_number(v, &is_whole, &whole, &real);
	*out = is_whole && whole != INT64_MIN ? agr_value_whole(-whole)
					      : agr_value_real(-real);
	return 0;
}

/* A number as JSON text, written into `room` where it was computed. */
static agr_span number_text(const agr_eval *eval, const agr_expr_value *v, agr_buf *room)
{
	if (v->kind == AGR_VALUE_JSON)
		return v->text;
	agr_value_put(eval, room, v);
	return (agr_span){ room->data, room->len };
}

static int compare_numbers(agr_eval *eval, const agr_expr_value *a,
	const agr_expr_value *b, int *diff)
{
	agr_buf left = AGR_BUF_INIT, right = AGR_BUF_INIT;
	agr_span x, y;
	int r = 0;

	if (a->kind == AGR_VALUE_INT && b->kind == AGR_VALUE_INT) {
		*diff = (a->whole > b->whole) - (a->whole < b->whole);
		return 0;
	}
	x = number_text(eval, a, &left);
	y = number_text(eval, b, &right);
	if (left.failed || right.failed)
		r = agr_error_oom(eval->err);
	else
		*diff = agr_number_compare(x, y);
	agr_buf_free(&left);
	agr_buf_free(&right);
	return r;
}

static int compare_texts(agr_eval *eval, agr_expr_value *a, agr_expr_value *b, int *diff)
{
	size_t n;

	if (!agr_value_decode(eval, a) || !agr_value_decode(eval, b))
		return agr_error_oom(eval->err);
	n = a->text.n < b->text.n ? a->text.n : b->text.n;
	*diff = n ? memcmp(agr_value_text(eval, a), agr_value_text(eval, b), n) : 0;
	if (!*diff)
		*diff = (a->text.n > b->text.n) - (a->text.n < b->text.n);
	return 0;
}

static int compare_values(agr_eval *eval, agr_expr_value *a, agr_expr_value *b, int *diff)
{
	switch (agr_value_type(a)) {
	case AGR_TYPE_NUMBER:
		return compare_numbers(eval, a, b, diff);
	case AGR_TYPE_STRING:
		return compare_texts(eval, a, b, diff);
	case AGR_TYPE_TRUE:
		*diff = (int)a->truth - (int)b->truth;
		return 0;
	default:
		*diff = agr_value_equal(a->text, b->text)
			? 0
			: agr_value_compare(a->text, b->text);
		return 0;
	}
}

static bool judge(agr_expr_kind kind, int diff)
{
	switch (kind) {
	case AGR_EXPR_LT:
		return diff < 0;
	case AGR_EXPR_GT:
		return diff > 0;
	case AGR_EXPR_LE:
		return diff <= 0;
	case AGR_EXPR_GE:
		return diff >= 0;
	case AGR_EXPR_EQ:
		return diff == 0;
	default:
		return diff != 0;
	}
}

/* As in table_filter: null meets no condition, values of different types are neither
 * equal nor in order. Against the word null it is asked whether there is a value. */
static int comparison(agr_eval *eval, const agr_expr_node *node, agr_expr_value *a,
	agr_expr_value *b, agr_expr_value *out)
{
	const agr_expr_node *left = &eval->expr->nodes[node->child];
	const agr_expr_node *right = &eval->expr->nodes[left->next];
	bool a_null = a->kind == AGR_VALUE_NULL, b_null = b->kind == AGR_VALUE_NULL;
	int diff = 0, r;

	*out = agr_value_bool(false);
	if (left->kind == AGR_EXPR_NULL || right->kind == AGR_EXPR_NULL) {
		if (node->kind == AGR_EXPR_EQ)
			out->truth = a_null && b_null;
		else if (node->kind == AGR_EXPR_NE)
			out->truth = a_null != b_null;
		return 0;
	}
	if (a_null || b_null)
		return 0;
	if (agr_value_type(a) != agr_value_type(b)) {
		out->truth = node->kind == AGR_EXPR_NE;
		return 0;
	}
	r = compare_values(eval, a, b, &diff);
	out->truth = judge(node->kind, diff);
	return r;
}

/* and, or: the right side is looked at only where it matters. */
static int logic(agr_eval *eval, const agr_expr_node *node, agr_expr_value *out)
{
	const agr_expr_node *left = &eval->expr->nodes[node->child];
	int r = agr_eval_node(eval, left, out);

	if (r == 0 && agr_value_true(out) == (node->kind == AGR_EXPR_AND))
		r = agr_eval_node(eval, &eval->expr->nodes[left->next], out);
	*out = agr_value_bool(agr_value_true(out));
	return r;
}

static int binary(agr_eval *eval, const agr_expr_node *node, agr_expr_value *out)
{
	const agr_expr_node *left = &eval->expr->nodes[node->child];
	agr_expr_value a = { .kind = AGR_VALUE_NULL }, b = a;
	int r = agr_eval_node(eval, left, &a);

	if (r == 0)
		r = agr_eval_node(eval, &eval->expr->nodes[left->next], &b);
	if (r < 0)
		return r;
	return node->kind < AGR_EXPR_ADD ? comparison(eval, node, &a, &b, out)
					 : arithmetic(eval, node, &a, &b, out);
}

static int unary(agr_eval *eval, const agr_expr_node *node, agr_expr_value *out)
{
	agr_expr_value v;
	int r = agr_eval_node(eval, &eval->expr->nodes[node->child], &v);

	if (r < 0)
		return r;
	if (node->kind == AGR_EXPR_NEG)
		return negate(eval, node, &v, out);
	*out = agr_value_bool(!agr_value_true(&v));
	return 0;
}

static int call(agr_eval *eval, const agr_expr_node *node, agr_expr_value *out)
{
	const agr_expr_node *nodes = eval->expr->nodes;
	agr_expr_value args[3];
	bool null = false;
	size_t n = 0;
	int r = 0;

	if (node->function->lazy)
		return node->function->lazy(eval, node, out);
	for (uint32_t i = node->child; r == 0 && i != AGR_EXPR_NONE; i = nodes[i].next) {
		r = agr_eval_node(eval, &nodes[i], &args[n]);
		null = null || (r == 0 && args[n].kind == AGR_VALUE_NULL);
		n++;
	}
	out->kind = AGR_VALUE_NULL;
	return r < 0 || null ? r : node->function->call(eval, node, args, n, out);
}

static void read_field(const agr_eval *eval, const agr_expr_node *node,
	agr_expr_value *out)
{
	agr_span value;

	if (!agr_field_get(&eval->expr->fields[node->field], eval->row, &value))
		return;
	if (*value.p == 't' || *value.p == 'f')
		*out = agr_value_bool(*value.p == 't');
	else
		*out = (agr_expr_value){ .kind = AGR_VALUE_JSON, .text = value };
}

int agr_eval_node(agr_eval *eval, const agr_expr_node *node, agr_expr_value *out)
{
	*out = (agr_expr_value){ .kind = AGR_VALUE_NULL };
	switch (node->kind) {
	case AGR_EXPR_NUMBER:
		*out = (agr_expr_value){ .kind = AGR_VALUE_JSON, .text = node->text };
		return 0;
	case AGR_EXPR_STRING:
		*out = (agr_expr_value){ .kind = AGR_VALUE_TEXT, .text = node->text };
		return 0;
	case AGR_EXPR_FIELD:
		read_field(eval, node, out);
		return 0;
	case AGR_EXPR_TRUE:
	case AGR_EXPR_FALSE:
		*out = agr_value_bool(node->kind == AGR_EXPR_TRUE);
		return 0;
	case AGR_EXPR_NULL:
		return 0;
	case AGR_EXPR_AND:
	case AGR_EXPR_OR:
		return logic(eval, node, out);
	case AGR_EXPR_NOT:
	case AGR_EXPR_NEG:
		return unary(eval, node, out);
	case AGR_EXPR_CALL:
		return call(eval, node, out);
	default:
		return binary(eval, node, out);
	}
}

int agr_expr_eval(const agr_expr *expr, const agr_row *row, agr_buf *scratch,
	agr_buf *out, agentrun_error **err)
{
	agr_eval eval = { .expr = expr, .row = row, .scratch = scratch, .err = err };
	agr_expr_value value;
	int r;

	agr_buf_reset(scratch);
	r = agr_eval_node(&eval, &expr->nodes[expr->root], &value);
	if (r < 0)
		return r;
	agr_value_put(&eval, out, &value);
	return scratch->failed ? agr_buf_check(scratch, "a value of expr", err)
			       : agr_buf_check(out, "a value of expr", err);
}
