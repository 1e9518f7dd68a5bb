/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
/* Validation: RFC 8259 grammar, UTF-8 and depth, in one pass, no recursion. */
#include "table/scan.h"

#include <string.h>

struct scanner {
	const char *p, *end;
	const char *fault_at;
	const char *fault;
	size_t max_depth;
	bool too_deep;
	unsigned char kinds[AGR_DEPTH_MAX / 8]; /* a bit a level: 1 for an object */
};

static bool fail(struct scanner *s, const char *at, const char *what)
{
	s->fault_at = at;
	s->fault = what;
	return false;
}

static const char *skip_space(const char *p, const char *end)
{
	while (p < end && (*p == ' ' || *p == '\n' || *p == '\r' || *p == '\t'))
		p++;
	return p;
}

static bool is_hex(char c)
{
	return agr_is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

static bool scan_escape(struct scanner *s, const char **at)
{
	const char *p = *at + 1;

	if (p >= s->end)
		return fail(s, s->end, "a string is not closed");
	if (*p == 'u') {
		for (int i = 1; i <= 4; i++)
			if (p + i >= s->end || !is_hex(p[i]))
				return fail(s, *at, "\\u wants four hex digits");
		*at = p + 5;
		return true;
	}
	if (!*p || !strchr("\"\\/bfnrt", *p))
		return fail(s, *at, "unknown escape in a string");
	*at = p + 1;
	return true;
}

static bool scan_string(struct scanner *s)
{
	const char *p = s->p + 1;

	while (p < s->end) {
		unsigned char c = (unsigned char)*p;
		size_t n;

		if (c == '"') {
			s->p = p + 1;
			return true;
		}
		if (c == '\\') {
			if (!scan_escape(s, &p))
				return false;
			continue;
		}
		if (c < 0x20)
			return fail(s, p,
				"a control character in a string must be escaped");
		n = agr_utf8_len(p, (size_t)(s->end - p));
		if (!n)
			return fail(s, p, "invalid UTF-8");
		p += n;
	}
	return fail(s, s->end, "a string is not closed");
}

static const char *skip_digits(const char *p, const char *end)
{
	while (p < end && agr_is_digit(*p))
		p++;
	return p;
}

static bool scan_number(struct scanner *s)
{
	const char *p = s->p, *from;

	if (*p == '-')
		p++;
	if (p >= s->end || !agr_is_digit(*p))
		return fail(s, p, "a number wants a digit here");
	from = p;
	p = skip_digits(p, s->end);
	if (*from == '0' && p - from > 1)
		return fail(s, from, "a number must not begin with 0");
	if (p < s->end && *p == '.') {
		from = ++p;
		p = skip_digits(p, s->end);
		if (p == from)
			return fail(s, p, "a number wants a digit here");
	}
	if (p < s->end && (*p == 'e' || *p == 'E')) {
		p++;
		if (p < s->end && (*p == '+' || *p == '-'))
			p++;
		from = p;
		p = skip_digits(p, s->end);
		if (p == from)
			return fail(s, p, "a number wants a digit here");
	}
	s->p = p;
	return true;
}

static bool scan_word(struct scanner *s, const char *word)
{
	size_t n = strlen(word);

	if ((size_t)(s->end - s->p) < n || memcmp(s->p, word, n) != 0)
		return fail(s, s->p, "expected a JSON value");
	s->p += n;
	return true;
}

static bool scan_scalar(struct scanner *s)
{
	switch (*s->p) {
	case '"':
		return scan_string(s);
	case 't':
		return scan_word(s, "true");
	case 'f':
		return scan_word(s, "false");
	case 'n':
		return scan_word(s, "null");
	default:
		if (*s->p != '-' && !agr_is_digit(*s->p))
			return fail(s, s->p, "expected a JSON value");
		return scan_number(s);
	}
}

static bool is_object(const struct scanner *s, size_t depth)
{
	return s->kinds[(depth - 1) / 8] >> ((depth - 1) % 8) & 1;
}

static bool push_level(struct scanner *s, size_t depth, bool object)
{
	unsigned char bit = (unsigned char)(1 << (depth % 8));

	if (depth >= s->max_depth) {
		s->too_deep = true;
		return fail(s, s->p, "nested too deeply");
	}
	if (object)
		s->kinds[depth / 8] |= bit;
	else
		s->kinds[depth / 8] &= (unsigned char)~bit;
	s->p++;
	return true;
}

static bool scan_key(struct scanner *s)
{
	if (s->p >= s->end || *s->p != '"')
		return fail(s, s->p, "expected a key in quotes");
	if (!scan_string(s))
		return false;
	s->p = skip_space(s->p, s->end);
	if (s->p >= s->end || *s->p != ':')
		return fail(s, s->p, "expected ':' after a key");
	s->p++;
	return true;
}

/* Behind a value at `depth` > 0: close what ends here. `*more` says whether
 * another member follows. */
static bool scan_after(struct scanner *s, size_t *depth, bool *more)
{
	*more = false;
	while (*depth) {
		bool object = is_object(s, *depth);

		s->p = skip_space(s->p, s->end);
		if (s->p >= s->end)
			return fail(s, s->end, object ? "an object is not closed"
						      : "an array is not closed");
		if (*s->p == ',') {
			s->p = skip_space(s->p + 1, s->end);
			*more = true;
			return !object || scan_key(s);
		}
		if (*s->p != (object ? '}' : ']'))
			return fail(s, s->p, object ? "expected ',' or '}'"
						    : "expected ',' or ']'");
		s->p++;
		(*depth)--;
	}
	return true;
}

/* Open containers until a scalar or an empty container was read. */
static bool scan_open(struct scanner *s, size_t *depth)
{
	for (;;) {
		bool object;

		s->p = skip_space(s->p, s->end);
		if (s->p >= s->end)
			return fail(s, s->end, "the text ends where a value should be");
		if (*s->p != '{' && *s->p != '[')
			return scan_scalar(s);
		object = *s->p == '{';
		if (!push_level(s, *depth, object))
			return false;
		(*depth)++;
		s->p = skip_space(s->p, s->end);
		if (s->p < s->end && *s->p == (object ? '}' : ']')) {
			s->p++;
			(*depth)--;
			return true;
		}
		if (object && !scan_key(s))
			return false;
	}
}

static bool scan_one(struct scanner *s)
{
	size_t depth = 0;
	bool more;

	do {
		if (!scan_open(s, &depth) || !scan_after(s, &depth, &more))
			return false;
	} while (more);
	return true;
}

static int raise_fault(const struct scanner *s, const agr_text *text,
	agentrun_error **err)
{
	int code = text->code ? text->code : AGENTRUN_EINPUT;

	if (s->too_deep)
		code = agentrun_error_raise(err, AGENTRUN_ELIMIT,
			"nested deeper than the limit of %zu levels", s->max_depth);
	else
		code = agentrun_error_raise(err, code, "not valid JSON: %s", s->fault);
	agr_error_at(err, text->name, text->p, text->n,
		(size_t)(s->fault_at - text->p));
	return code;
}

static void scanner_init(struct scanner *s, const agr_text *text, size_t pos)
{
	s->p = text->p + pos;
	s->end = text->p + text->n;
	s->fault = NULL;
	s->fault_at = s->p;
	s->too_deep = false;
	memset(s->kinds, 0, sizeof(s->kinds));
	s->max_depth = text->max_depth ? text->max_depth : AGR_DEPTH_DEFAULT;
	if (s->max_depth > AGR_DEPTH_MAX)
		s->max_depth = AGR_DEPTH_MAX;
}

int agr_scan_next(agr_span *out, const agr_text *text, size_t *pos,
	agentrun_error **err)
{
	struct scanner s;
	const char *from;

	if (*pos >= text->n)
		return 0;
	scanner_init(&s, text, *pos);
	if (*pos == 0 && text->n >= 3 && memcmp(s.p, "\xef\xbb\xbf", 3) == 0)
		s.p += 3;
	from = s.p = skip_space(s.p, s.end);
	*pos = (size_t)(s.p - text->p);
	if (from == s.end)
		return 0;
	if (!scan_one(&s))
		return raise_fault(&s, text, err);
	out->p = from;
	out->n = (size_t)(s.p - from);
	*pos = (size_t)(s.p - text->p);
	return 1;
}

int agr_scan_document(agr_span *out, const agr_text *text, agentrun_error **err)
{
	struct scanner s;
	size_t pos = 0;
	int r = agr_scan_next(out, text, &pos, err);

	if (r < 0)
		return r;
	scanner_init(&s, text, pos);
	if (r == 0) {
		fail(&s, s.p, "the text is empty");
		return raise_fault(&s, text, err);
	}
	s.p = skip_space(s.p, s.end);
	if (s.p < s.end) {
		fail(&s, s.p, "unexpected text after the value");
		return raise_fault(&s, text, err);
	}
	return 0;
}
