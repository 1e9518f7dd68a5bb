/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
/* tree - what the files of this folder share: tokens, nodes, values. */
#ifndef AGR_EXPR_TREE_H
#define AGR_EXPR_TREE_H

#include "expr/expr.h"
#include "table/object.h"

#define AGR_EXPR_DEPTH 100  /* parentheses, calls and signs within each other */
#define AGR_EXPR_NODES 2000 /* a chain of operators is as deep as it is long */
#define AGR_EXPR_ARGS 32    /* of one call */

typedef enum agr_expr_kind {
	AGR_EXPR_END, /* only a token */
	AGR_EXPR_NUMBER,
	AGR_EXPR_STRING,
	AGR_EXPR_FIELD,
	AGR_EXPR_TRUE,
	AGR_EXPR_FALSE,
	AGR_EXPR_NULL,
	AGR_EXPR_CALL,
	AGR_EXPR_OPEN, /* ( ) and , are only tokens */
	AGR_EXPR_CLOSE,
	AGR_EXPR_COMMA,
	AGR_EXPR_OR, /* operators, in groups of rising precedence */
	AGR_EXPR_AND,
	AGR_EXPR_NOT,
	AGR_EXPR_LT,
	AGR_EXPR_GT,
	AGR_EXPR_LE,
	AGR_EXPR_GE,
	AGR_EXPR_EQ,
	AGR_EXPR_NE,
	AGR_EXPR_ADD,
	AGR_EXPR_SUB,
	AGR_EXPR_MUL,
	AGR_EXPR_DIV,
	AGR_EXPR_MOD,
	AGR_EXPR_NEG
} agr_expr_kind;

/* ---- tokens --------------------------------------------------------------- */

typedef struct agr_lexer {
	const char *start, *p;
	/* The current token: */
	agr_expr_kind kind;
	size_t at;      /* its first byte */
	agr_buf text;   /* of a number, a string (decoded), a field or a function */
} agr_lexer;

/* Read the next token. */
int agr_lexer_next(agr_lexer *lexer, agentrun_error **err);
/* Raise AGENTRUN_EINPUT "expr is wrong at its character N: WHAT". */
int agr_lexer_wrong(const char *start, size_t at, agentrun_error **err,
	const char *fmt, ...) AGENTRUN_PRINTF(4, 5);

/* ---- nodes ----------------------------------------------------------------- */

#define AGR_EXPR_NONE UINT32_MAX

struct agr_function;

typedef struct agr_expr_node {
	agr_expr_kind kind;
	uint32_t child, next; /* the first operand, and this one's next sibling */
	size_t at;
	agr_span text;        /* a number, or a string's text */
	size_t field;
	const struct agr_function *function;
} agr_expr_node;

struct agr_expr {
	char *text;
	agr_expr_node *nodes;
	uint32_t n, cap, root;
	agr_field *fields;
	size_t n_fields, fields_cap;
	agr_arena arena; /* texts of the nodes */
};

/* ---- values ----------------------------------------------------------------- */

typedef struct agr_expr_value {
	enum {
		AGR_VALUE_NULL,
		AGR_VALUE_BOOL,
		AGR_VALUE_INT,
		AGR_VALUE_DOUBLE, /* finite */
		AGR_VALUE_JSON,   /* a number, a string, an array or an object as it came */
		AGR_VALUE_TEXT    /* decoded; text.p is NULL: it is in the scratch, at `at` */
	} kind;
	bool truth;
	int64_t whole;
	double real;
	agr_span text;
	size_t at;
} agr_expr_value;

/* One evaluation. */
typedef struct agr_eval {
	const agr_expr *expr;
	const agr_row *row;
	agr_buf *scratch;
	agentrun_error **err;
} agr_eval;

int agr_eval_node(agr_eval *eval, const agr_expr_node *node, agr_expr_value *out);
agr_expr_value agr_value_real(double real); /* null unless finite */
agr_expr_value agr_value_bool(bool truth);
agr_expr_value agr_value_whole(int64_t whole);
/* AGR_TYPE_...; of both truth values AGR_TYPE_TRUE. */
agr_type agr_value_type(const agr_expr_value *value);
/* Neither false nor null? */
bool agr_value_true(const agr_expr_value *value);
/* A number as int64 where it is one that fits, else as a double. */
void agr_value_number(const agr_expr_value *value, bool *is_whole, int64_t *whole,
	double *real);
/* Make a string an AGR_VALUE_TEXT; false when memory is short. */
bool agr_value_decode(agr_eval *eval, agr_expr_value *value);
/* Where its text is, until the scratch grows. */
const char *agr_value_text(const agr_eval *eval, const agr_expr_value *value);
/* Append it as JSON. */
void agr_value_put(const agr_eval *eval, agr_buf *out, const agr_expr_value *value);
/* Raise "what NAME wants", with the node's place. */
int agr_eval_wrong(agr_eval *eval, const agr_expr_node *node, const char *name,
	const char *wants, const agr_expr_value *got);

typedef struct agr_function {
	const char *name;
	unsigned least, most; /* arguments */
	/* The arguments are evaluated, and none is null. */
	int (*call)(agr_eval *eval, const agr_expr_node *node, agr_expr_value *args,
		size_t n, agr_expr_value *out);
	/* Or it evaluates them itself. */
	int (*lazy)(agr_eval *eval, const agr_expr_node *node, agr_expr_value *out);
} agr_function;

const agr_function *agr_function_find(const char *name, size_t len);
const agr_function *agr_function_at(size_t i); /* NULL past the last */

/* ---- letters ---------------------------------------------------------------- */

/* Append text with its letters made upper or lower case, one for one: Latin, Greek,
 * Cyrillic and Armenian. Whatever the locale. */
void agr_letters_turn(agr_buf *out, const char *text, size_t len, bool upper);

#endif
