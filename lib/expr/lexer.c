/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
/* Expression text -> tokens. The text is valid UTF-8 and ends in NUL. */
#include <stdio.h>
#include <string.h>

#include "expr/tree.h"

int agr_lexer_wrong(const char *start, size_t at, agentrun_error **err,
	const char *fmt, ...)
{
	char what[160];
	size_t n = 1;
	va_list args;

	for (size_t i = 0; i < at; i++)
		n += (start[i] & 0xc0) != 0x80;
	va_start(args, fmt);
	vsnprintf(what, sizeof(what), fmt, args);
	va_end(args);
	return agentrun_error_raise(err, AGENTRUN_EINPUT,
		"expr is wrong at its character %zu: %s", n, what);
}

static bool starts_name(char c)
{
	return agr_is_alpha(c) || c == '_' || c == '$' || (c & 0x80);
}

static const char *skip_digits(const char *p)
{
	while (agr_is_digit(*p))
		p++;
	return p;
}

static int read_number(agr_lexer *l, agentrun_error **err)
{
	const char *p = l->p, *from = p, *end;

	l->kind = AGR_EXPR_NUMBER;
	while (*from == '0' && agr_is_digit(from[1]))
		from++; /* JSON knows no 007 */
	end = skip_digits(p);
	if (*end == '.' && agr_is_digit(end[1]))
		end = skip_digits(end + 1);
	if (*end == 'e' || *end == 'E') {
		p = end + 1 + (end[1] == '+' || end[1] == '-');
		if (agr_is_digit(*p))
			end = skip_digits(p);
	}
	if (starts_name(*end) || *end == '.')
		return agr_lexer_wrong(l->start, l->at, err,
			"a number such as 12 or 1.5e3 is wanted (a field of that name goes "
			"in backquotes)");
	agr_buf_add(&l->text, from, (size_t)(end - from));
	l->p = end;
	return 0;
}

/* Four hexadecimal digits, or -1. */
static int32_t read_hex(const char *p)
{
	int32_t value = 0;

	for (int i = 0; i < 4; i++) {
		if (!agr_is_hex(p[i]))
			return -1;
		value = value * 16 +
			(agr_is_digit(p[i]) ? p[i] - '0' : agr_to_lower(p[i]) - 'a' + 10);
	}
	return value;
}

static bool read_escape(agr_lexer *l)
{
	static const char names[] = "ntrbf", bytes[] = "\n\t\r\b\f";
	const char *name = *l->p ? strchr(names, *l->p) : NULL;
	char utf8[4];
	int32_t code;

	if (*l->p == 'u') {
		code = read_hex(l->p + 1);
		if (code <= 0 || (code >= 0xd800 && code <= 0xdfff))
			return false;
		agr_buf_add(&l->text, utf8, agr_utf8_put(utf8, (uint32_t)code));
		l->p += 5;
		return true;
	}
	if (!name && (!*l->p || !strchr("\\'\"`/", *l->p)))
		return false;
	agr_buf_char(&l->text, name ? bytes[name - names] : *l->p);
	l->p++;
	return true;
}

/* Up to the next `quote`; doubled it stands for itself. */
static int read_quoted(agr_lexer *l, char quote, bool escapes, agentrun_error **err)
{
	size_t at = (size_t)(l->p - l->start);

	for (l->p++; *l->p != quote || l->p[1] == quote;) {
		if (!*l->p)
			return agr_lexer_wrong(l->start, at, err, "what begins with %c has no end",
				quote);
		if (escapes && *l->p == '\\') {
			l->p++;
			if (!read_escape(l))
				return agr_lexer_wrong(l->start,
					(size_t)(l->p - l->start), err,
					"this is no escape: \\\\ is a backslash");
			continue;
		}
		l->p += *l->p == quote;
		agr_buf_char(&l->text, *l->p++);
	}
	l->p++;
	return 0;
}

/* A name or a path: a, a.b, a[0], `a b`.c */
static int read_field(agr_lexer *l, bool *quoted, agentrun_error **err)
{
	const char *p;
	int r = 0;

	l->kind = AGR_EXPR_FIELD;
	for (;;) {
		if (*l->p == '`') {
			*quoted = true;
			r = read_quoted(l, '`', false, err);
			if (r < 0)
				return r;
		}
		while (starts_name(*l->p) || agr_is_digit(*l->p))
			agr_buf_char(&l->text, *l->p++);
		while (*l->p == '[') {
			p = skip_digits(l->p + 1 + (l->p[1] == '-'));
			if (!agr_is_digit(p[-1]) || *p != ']')
				return agr_lexer_wrong(l->start, (size_t)(l->p - l->start), err,
					"[ wants a number and ]");
			agr_buf_add(&l->text, l->p, (size_t)(p + 1 - l->p));
			l->p = p + 1;
		}
		if (*l->p != '.')
			return 0;
		if (!starts_name(l->p[1]) && l->p[1] != '`')
			return agr_lexer_wrong(l->start, (size_t)(l->p - l->start), err,
				"behind the . a field's name is wanted");
		agr_buf_char(&l->text, *l->p++);
	}
}

static const struct {
	const char *text;
	agr_expr_kind kind;
} words[] = {
	{ "and", AGR_EXPR_AND },
	{ "or", AGR_EXPR_OR },
	{ "not", AGR_EXPR_NOT },
	{ "true", AGR_EXPR_TRUE },
	{ "false", AGR_EXPR_FALSE },
	{ "null", AGR_EXPR_NULL },
}, signs[] = { /* the longer first */
	{ "<=", AGR_EXPR_LE },
	{ ">=", AGR_EXPR_GE },
	{ "==", AGR_EXPR_EQ },
	{ "!=", AGR_EXPR_NE },
	{ "<", AGR_EXPR_LT },
	{ ">", AGR_EXPR_GT },
	{ "+", AGR_EXPR_ADD },
	{ "-", AGR_EXPR_SUB },
	{ "*", AGR_EXPR_MUL },
	{ "/", AGR_EXPR_DIV },
	{ "%", AGR_EXPR_MOD },
	{ "(", AGR_EXPR_OPEN },
	{ ")", AGR_EXPR_CLOSE },
	{ ",", AGR_EXPR_COMMA },
}, others[] = { /* of other languages, with the word that is meant */
	{ "&&", AGR_EXPR_AND },
	{ "||", AGR_EXPR_OR },
	{ "!", AGR_EXPR_NOT },
};

static int read_sign(agr_lexer *l, agentrun_error **err)
{
	const char *p = l->p;
	size_t n;

	for (size_t i = 0; i < AGR_COUNT(signs); i++) {
		if (!agr_starts_with(p, signs[i].text))
			continue;
		l->kind = signs[i].kind;
		l->p += strlen(signs[i].text);
		return 0;
	}
	if (*p == '=')
		return agr_lexer_wrong(l->start, l->at, err, "equality is written ==");
	for (size_t i = 0; i < AGR_COUNT(others); i++)
		if (agr_starts_with(p, others[i].text))
			return agr_lexer_wrong(l->start, l->at, err, "%s is written \"%s\"",
				others[i].text,
				others[i].kind == AGR_EXPR_AND ? "and" :
				others[i].kind == AGR_EXPR_OR ? "or" : "not");
	n = agr_utf8_len(p, strlen(p));
	return agr_lexer_wrong(l->start, l->at, err, "%.*s does not belong here", (int)n, p);
}

static int read_word(agr_lexer *l, agentrun_error **err)
{
	bool quoted = false;
	int r = read_field(l, &quoted, err);
	const char *ahead = l->p;

	agr_buf_add(&l->text, "", 0);
	if (r < 0 || quoted || l->text.failed)
		return r;
	while (*ahead && agr_is_space(*ahead))
		ahead++;
	if (*ahead == '(' && !strpbrk(l->text.data, ".["))
		l->kind = AGR_EXPR_CALL;
	for (size_t i = 0; i < AGR_COUNT(words); i++)
		if (strcmp(l->text.data, words[i].text) == 0)
			l->kind = words[i].kind;
	return 0;
}

int agr_lexer_next(agr_lexer *l, agentrun_error **err)
{
	int r;

	while (*l->p && agr_is_space(*l->p))
		l->p++;
	agr_buf_reset(&l->text);
	l->at = (size_t)(l->p - l->start);
	if (!*l->p) {
		l->kind = AGR_EXPR_END;
		return 0;
	}
	if (*l->p == '\'' || *l->p == '"') {
		l->kind = AGR_EXPR_STRING;
		r = read_quoted(l, *l->p, true, err);
	} else if (agr_is_digit(*l->p)) {
		r = read_number(l, err);
	} else if (starts_name(*l->p) || *l->p == '`') {
		r = read_word(l, err);
	} else {
		r = read_sign(l, err);
	}
	return r < 0 ? r : agr_buf_check(&l->text, "expr", err);
}
