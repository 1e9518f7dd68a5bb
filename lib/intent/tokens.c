/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
#include "intent/tokens.h"

#include <stdlib.h>
#include <string.h>

static bool is_word(char c)
{
	return agr_is_alpha(c) || agr_is_digit(c) || c == '_' || (unsigned char)c >= 0x80;
}

/* Holds a word together when it stands between two of its characters. */
static bool is_joint(char c)
{
	return c == '-' || c == '.' || c == ':' || c == '/' || c == '@' || c == '\'';
}

static bool ends_clause(char c)
{
	return c == ',' || c == ';' || c == ':' || c == '.' || c == '!' || c == '?' ||
	       c == '\n' || c == '(' || c == ')' || c == '[' || c == ']' || c == '>';
}

/* U+2019, the apostrophe of people who type with care. */
static bool is_curly(const char *p, const char *end)
{
	return end - p >= 3 && memcmp(p, "\xe2\x80\x99", 3) == 0;
}

static void add(
	agr_tokens *out, char *text, size_t len, size_t at, size_t at_len, bool clause)
{
	agr_token *token;
	const char *near;

	if (!len || out->n == AGR_TOKENS_MAX)
		return;
	token = &out->list[out->n++];
	text[len] = '\0';
	*token = (agr_token){.text = text, .at = at, .len = at_len, .clause = clause};
	token->written = text;
	token->kinds = agr_lexicon_find(text, len, &token->inflected);
	near = token->kinds ? NULL : agr_lexicon_near(text, len);
	if (!near)
		return;
	token->text = near;
	token->kinds = agr_lexicon_find(near, strlen(near), &token->inflected);
}

/* Copies one word, lower case; returns where it ends. */
static const char *take_word(char **to, const char *p, const char *end)
{
	char *q = *to;

	if (*p == '#')
		*q++ = *p++;
	while (p < end) {
		if (is_curly(p, end) && end - p > 3 && is_word(p[3])) {
			*q++ = '\'';
			p += 3;
			continue;
		}
		if (is_curly(p, end))
			break;
		if (!is_word(*p) && !(is_joint(*p) && end - p > 1 && is_word(p[1])))
			break;
		*q++ = agr_to_lower(*p++);
	}
	*to = q;
	return p;
}

/* "what's" is two words, "don't" is one. */
static size_t contraction(const char *word, size_t len)
{
	const char *quote = memchr(word, '\'', len);
	size_t at = quote ? (size_t)(quote - word) : 0;

	return at && strcmp(quote, "'t") != 0 ? at : 0;
}

static const char *read_word(agr_tokens *out, char **to, const char *text, const char *p,
	const char *end, bool clause)
{
	char *word = *to;
	const char *from = p;
	size_t len, split, at = (size_t)(from - text);

	p = take_word(to, p, end);
	len = (size_t)(*to - word);
	*(*to)++ = '\0';
	split = contraction(word, len);
	if (split) {
		/* The halves need a NUL each: the second moves one up. */
		memmove(word + split + 1, word + split, len - split);
		add(out, word, split, at, (size_t)(p - from), clause);
		add(out, word + split + 1, len - split, at, (size_t)(p - from), false);
		(*to)++;
	} else {
		add(out, word, len, at, (size_t)(p - from), clause);
	}
	return p;
}

int agr_tokens_read(agr_tokens *out, const char *text, size_t len, agentrun_error **err)
{
	const char *p = text, *end = text + len;
	bool clause = true;
	char *to;

	out->n = 0;
	out->question = false;
	/* A word of one byte takes two with its NUL, and one more when it is cut. */
	out->text = to = malloc(len * 2 + 4);
	if (!to)
		return agr_error_oom(err);
	while (p < end && out->n < AGR_TOKENS_MAX) {
		if (!is_curly(p, end) &&
			(is_word(*p) || (*p == '#' && end - p > 1 && is_word(p[1])))) {
			p = read_word(out, &to, text, p, end, clause);
			clause = false;
			out->question = false;
			continue;
		}
		clause |= ends_clause(*p);
		out->question |= *p == '?';
		p++;
	}
	return 0;
}

void agr_tokens_clear(agr_tokens *tokens)
{
	free(tokens->text);
	tokens->text = NULL;
	tokens->n = 0;
}
