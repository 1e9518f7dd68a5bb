/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
/* The grammar of JSON (RFC 8259), over the positions of tokens. No recursion. */
#include "table/scanner.h"

#include <string.h>

#include "base/text.h"

#define likely(x) __builtin_expect(!!(x), 1)
#define unlikely(x) __builtin_expect(!!(x), 0)

static const char no_value[] = "expected a JSON value";
static const char wants_digit[] = "a number wants a digit here";

static inline bool is_white(char c)
{
	return c == ' ' || c == '\n' || c == '\r' || c == '\t';
}

static void fail(agr_scanner *s, const char *at, const char *what)
{
	s->fault_at = at;
	s->fault = what;
}

/* ---- tokens ---------------------------------------------------------------- */

/* The next window's; none at the end. */
static agr_tokens refill(agr_scanner *s)
{
	do {
		if (!agr_index_next(&s->index))
			return (agr_tokens){ NULL, NULL, NULL };
	} while (!s->index.n);
	return (agr_tokens){ s->index.at, s->index.at + s->index.n, s->index.base };
}

/* Is there a token? */
static inline bool fill(agr_scanner *s, agr_tokens *t)
{
	if (unlikely(t->at == t->end))
		*t = refill(s);
	return t->at != t->end;
}

/* Behind the last token, which begins the scalar `p`: where that may end. */
static const char *last_end(agr_scanner *s, const char *p)
{
	if (s->index.fault.what)
		return s->index.fault.at;
	if (s->index.carry.in_string || (!s->whole && *p != '"')) {
		fail(s, s->end, "the text ends in the middle of a value");
		return NULL;
	}
	return s->end;
}

/* ---- scalars --------------------------------------------------------------- */

static inline const char *skip_digits(const char *p, const char *end)
{
	while (p < end && agr_is_digit(*p))
		p++;
	return p;
}

/* Where the number ends, or NULL. */
static const char *scan_number(agr_scanner *s, const char *p, const char *end)
{
	const char *from;

	if (*p == '-')
		p++;
	from = p;
	p = skip_digits(p, end);
	if (p == from)
		return fail(s, p, wants_digit), NULL;
	if (*from == '0' && p - from > 1)
		return fail(s, from, "a number must not begin with 0"), NULL;
	if (p < end && *p == '.') {
		from = ++p;
		p = skip_digits(p, end);
		if (p == from)
			return fail(s, p, wants_digit), NULL;
	}
	if (p < end && (*p == 'e' || *p == 'E')) {
		p++;
		if (p < end && (*p == '+' || *p == '-'))
			p++;
		from = p;
		p = skip_digits(p, end);
		if (p == from)
			return fail(s, p, wants_digit), NULL;
	}
	return p;
}

/* Is it up to eight digits, with at most one point among them, as most numbers
 * are? Reads eight bytes. False also for numbers that are longer or rarer. */
static inline bool is_short_number(const char *p, size_t n)
{
	const uint64_t ones = 0x0101010101010101u, tops = ones << 7;
	uint64_t word, others, above;

	memcpy(&word, p, 8);
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
	word = __builtin_bswap64(word);
#endif
	/* The top bit of every byte that is no digit: not '0'..'9' once moved to
	 * 0..9. Bytes are kept apart by their top bits. */
	word ^= ones * '0';
	above = ((word & ~tops) + ones * (0x7f - 9)) | word;
	others = above & tops;
	if (n < 8)
		others &= ((uint64_t)1 << (n * 8)) - 1;
	if (word % 256 == 0 && n > 1 && p[1] != '.')
		return false;
	if (!others)
		return true;
	n = n * 8 - 1;
	return (others & (others - 1)) == 0 && others >> n == 0 && (others & 0x80) == 0 &&
		p[__builtin_ctzll(others) / 8] == '.';
}

/* Where the word ends, or NULL. */
static const char *scan_word(agr_scanner *s, const char *p, const char *end)
{
	const char *word = *p == 't' ? "true" : *p == 'f' ? "false" : "null";
	size_t n = *p == 'f' ? 5 : 4;

	if ((size_t)(end - p) >= n && memcmp(p, word, n) == 0)
		return p + n;
	return fail(s, p, no_value), NULL;
}

/* The scalar from `p`, no further than `end`: where it ends, or NULL. */
static inline const char *scan_scalar(agr_scanner *s, const char *p, const char *end)
{
	size_t n = (size_t)(end - p);

	if (*p == '"')
		return end;
	if (agr_is_digit(*p) || *p == '-') {
		if (likely(n <= 8 && s->end - p >= 8 && is_short_number(p, n)))
			return end;
		return scan_number(s, p, end);
	}
	if (*p == 't' || *p == 'f' || *p == 'n')
		return scan_word(s, p, end);
	return fail(s, p, no_value), NULL;
}

/* ---- members --------------------------------------------------------------- */

/* Does the string hold a backslash? */
static inline bool has_escape(const agr_scanner *s, const char *base, const char *p,
	size_t n)
{
	size_t at = (size_t)(p - base), bit = at % 64;
	uint64_t bits;

	if (unlikely(p < base || n > 64))
		return memchr(p, '\\', n) != NULL;
	bits = s->index.escapes[at / 64] >> bit;
	if (bit + n > 64)
		bits |= s->index.escapes[(at / 64 + 1) % AGR_INDEX_BLOCKS] << (63 - bit) << 1;
	return n < 64 ? (bits & (((uint64_t)1 << n) - 1)) != 0 : bits != 0;
}

/* Where the value of this key is to be noted; the key's quotes are at p and end - 1. */
static inline agr_span *slot_of(const agr_scanner *s, const agr_wanted *wanted,
	agr_span *slots, const char *base, const char *p, const char *end)
{
	size_t n = (size_t)(end - p) - 2, i = AGR_WANTED_NONE;

	if (unlikely(has_escape(s, base, p, n + 1)))
		i = agr_wanted_find_escaped(wanted, (agr_span){ p, n + 2 });
	else if (wanted->lengths >> (n & 63) & 1)
		i = agr_wanted_find(wanted, p + 1, n);
	return i == AGR_WANTED_NONE ? NULL : &slots[i];
}

static inline const char *trim(const char *end)
{
	while (is_white(end[-1]))
		end--;
	return end;
}

/* ---- values ---------------------------------------------------------------- */

static const char *unexpected(const agr_scanner *s, size_t depth)
{
	if (!depth)
		return "unexpected text after the value";
	return s->closers[depth - 1] == '}' ? "expected ',' or '}'" : "expected ',' or ']'";
}

static const char *unclosed(const agr_scanner *s, size_t depth)
{
	return s->closers[depth - 1] == '}' ? "an object is not closed"
					     : "an array is not closed";
}

/*
 * Walk the value that begins at `p`, the token taken last. Returns its end, or NULL
 * with s->fault; the fault "at the end" may mean that the text is cut.
 */
static const char *walk(agr_scanner *s, const char *p, const agr_wanted *wanted,
	agr_span *slots)
{
	agr_tokens t = s->tokens;
	agr_span *slot = NULL;
	const char *from = p, *q, *end;
	size_t depth = 0;

value:
	if (*p == '{' || *p == '[') {
		if (unlikely(depth >= s->max_depth)) {
			s->too_deep = true;
			return fail(s, p, "nested too deeply"), NULL;
		}
		s->closers[depth++] = (char)(*p + 2); /* } is { + 2, ] is [ + 2 */
		if (unlikely(!fill(s, &t)))
			return fail(s, s->end, *p == '{' ? "expected a key in quotes"
				: "the text ends where a value should be"), NULL;
		q = p;
		p = t.base + *t.at++;
		if (*p == *q + 2) {
			depth--;
			end = p + 1;
			goto after;
		}
		if (*q == '{')
			goto member;
		goto value;
	}
	q = likely(fill(s, &t)) ? t.base + *t.at : last_end(s, p);
	if (unlikely(!q))
		return NULL;
	q = trim(q);
	end = scan_scalar(s, p, q);
	if (unlikely(end != q)) {
		if (end)
			fail(s, end, unexpected(s, depth));
		return NULL;
	}
after:
	if (depth <= 1) {
		if (slot && depth == 1)
			*slot = (agr_span){ from, (size_t)(end - from) };
		if (depth == 0)
			goto done;
	}
	if (unlikely(!fill(s, &t)))
		return fail(s, s->end, unclosed(s, depth)), NULL;
	p = t.base + *t.at++;
	if (*p == ',') {
		q = s->closers[depth - 1] == '}' ? "expected a key in quotes"
			: "the text ends where a value should be";
		if (unlikely(!fill(s, &t)))
			return fail(s, s->end, q), NULL;
		p = t.base + *t.at++;
		if (s->closers[depth - 1] == '}')
			goto member;
		goto value;
	}
	if (unlikely(*p != s->closers[depth - 1]))
		return fail(s, p, unexpected(s, depth)), NULL;
	depth--;
	end = p + 1;
	goto after;
member:
	if (unlikely(*p != '"'))
		return fail(s, p, "expected a key in quotes"), NULL;
	if (unlikely(!fill(s, &t)))
		return fail(s, s->end, "expected ':' after a key"), NULL;
	q = t.base + *t.at++;
	if (unlikely(*q != ':'))
		return fail(s, q, "expected ':' after a key"), NULL;
	if (depth == 1 && wanted)
		slot = slot_of(s, wanted, slots, t.base, p, trim(q));
	if (unlikely(!fill(s, &t)))
		return fail(s, s->end, "the text ends where a value should be"), NULL;
	p = t.base + *t.at++;
	if (depth == 1)
		from = p;
	goto value;
done:
	s->tokens = t;
	return end;
}

/* What walk() could not read: which of two faults comes first, or that it is cut. */
static int refused(agr_scanner *s)
{
	const agr_index_fault *inside = &s->index.fault;

	if (inside->what && inside->at <= s->fault_at) {
		s->too_deep = false;
		fail(s, inside->at, inside->what);
	} else if (s->fault_at == s->end) {
		if (!s->whole)
			return AGR_SCAN_CUT;
		if (s->index.carry.in_string)
			s->fault = "a string is not closed";
	}
	return AGR_SCAN_FAULT;
}

void agr_scanner_begin(agr_scanner *s, const char *p, const char *end, bool whole,
	size_t max_depth, const agr_index_kernel *kernel)
{
	agr_index_begin(&s->index, p, end, kernel);
	s->tokens = (agr_tokens){ NULL, NULL, NULL };
	s->begin = s->pos = p;
	s->end = end;
	s->whole = whole;
	s->too_deep = false;
	s->max_depth = max_depth ? max_depth : AGR_DEPTH_DEFAULT;
	if (s->max_depth > AGR_DEPTH_MAX)
		s->max_depth = AGR_DEPTH_MAX;
	fail(s, p, NULL);
}

const char *agr_scanner_next(agr_scanner *s)
{
	return fill(s, &s->tokens) ? s->tokens.base + *s->tokens.at : NULL;
}

bool agr_scanner_take(agr_scanner *s, char c)
{
	if (!fill(s, &s->tokens) || s->tokens.base[*s->tokens.at] != c)
		return false;
	s->pos = s->tokens.base + *s->tokens.at++ + 1;
	return true;
}

int agr_scanner_value(agr_scanner *s, agr_span *out, const agr_wanted *wanted,
	agr_span *slots)
{
	const char *p, *end;

	if (!fill(s, &s->tokens)) {
		fail(s, s->end, NULL);
		return s->index.fault.what ? refused(s) : AGR_SCAN_END;
	}
	for (size_t i = 0; wanted && i < wanted->n; i++)
		slots[i].p = NULL;
	p = s->tokens.base + *s->tokens.at++;
	s->pos = p;
	end = walk(s, p, wanted, slots);
	if (end && s->index.fault.what && s->index.fault.at <= end) {
		fail(s, end, NULL);
		end = NULL;
	}
	if (!end)
		return refused(s);
	*out = (agr_span){ p, (size_t)(end - p) };
	s->pos = end;
	return AGR_SCAN_VALUE;
}
