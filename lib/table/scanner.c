/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
/* The grammar of JSON (RFC 8259), over the positions of tokens. No recursion. */
#include "table/scanner.h"

#include <string.h>

#include "base/text.h"

#define likely(x) __builtin_expect(!!(x), 1)
#define unlikely(x) __builtin_expect(!!(x), 0)

static const char no_value[] = "expected a JSON value";
static const char no_key[] = "expected a key in quotes";
static const char no_colon[] = "expected ':' after a key";
static const char no_more[] = "the text ends where a value should be";
static const char wants_digit[] = "a number wants a digit here";

static void fail(agr_scanner *s, const char *at, const char *what)
{
	s->fault_at = at;
	s->fault = what;
}

/* ---- tokens ---------------------------------------------------------------- */

/* The next window. False at the end. */
static bool refill(agr_scanner *s)
{
	s->next = 0;
	do {
		if (!agr_index_next(&s->index))
			return false;
	} while (!s->index.n);
	return true;
}

/* Is there a token? */
static inline bool fill(agr_scanner *s)
{
	return likely(s->next < s->index.n) || refill(s);
}

static inline const char *token_at(const agr_scanner *s, size_t i)
{
	return s->index.base + s->index.at[i];
}

/* Does the string at `p` end before `end`? */
static bool is_closed(const char *p, const char *end)
{
	while (++p < end && *p != '"')
		p += *p == '\\';
	return p < end;
}

/* Behind the last token, which begins the scalar `p`: where that may end. */
static const char *last_end(agr_scanner *s, const char *p)
{
	const agr_index_fault *inside = &s->index.fault;

	if (inside->what && (*p != '"' || is_closed(p, inside->at)))
		return inside->at;
	if (inside->what)
		return fail(s, inside->at, inside->what), NULL;
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

/* Where the word (or what is none) ends, or NULL. */
static const char *scan_word(agr_scanner *s, const char *p, const char *end)
{
	const char *word = *p == 't' ? "true" : *p == 'f' ? "false" : "null";
	size_t n = *p == 'f' ? 5 : 4;

	if ((size_t)(end - p) >= n && memcmp(p, word, n) == 0)
		return p + n;
	return fail(s, p, no_value), NULL;
}

/* The number or word from `p`, no further than `end`: where it ends, or NULL. */
static inline const char *scan_scalar(agr_scanner *s, char kind, const char *p,
	const char *end)
{
	size_t n = (size_t)(end - p);

	if (kind != '0')
		return scan_word(s, p, end);
	if (likely(n <= 8 && s->end - p >= 8 && is_short_number(p, n)))
		return end;
	return scan_number(s, p, end);
}

/* ---- members --------------------------------------------------------------- */

/* Does the string hold a backslash? */
static inline bool has_escape(const agr_scanner *s, const char *p, size_t n)
{
	const char *base = s->index.base;
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
	agr_span *slots, const char *p, const char *end)
{
	size_t n = (size_t)(end - p) - 2, i = AGR_WANTED_NONE;

	if (unlikely(has_escape(s, p, n + 1)))
		i = agr_wanted_find_escaped(wanted, (agr_span){ p, n + 2 });
	else if (wanted->lengths >> (n & 63) & 1)
		i = agr_wanted_find(wanted, p + 1, n);
	return i == AGR_WANTED_NONE ? NULL : &slots[i];
}

static inline const char *trim(const char *end)
{
	while (agr_is_white(end[-1]))
		end--;
	return end;
}

static inline void note_key(agr_scanner *s, size_t level, const char *p, const char *end)
{
	agr_span key = { p, (size_t)(end - p) };

	agr_unique_key(s->unique, level, key, has_escape(s, p, key.n));
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
 * Walk the value whose first token, just taken, is of this kind and at `p`. Returns
 * its end, or NULL with s->fault; a fault at the end may mean that the text is cut.
 */
static const char *walk(agr_scanner *s, char kind, const char *p,
	const agr_wanted *wanted, agr_span *slots)
{
	agr_span *slot = NULL;
	const char *from = p, *end;
	size_t depth = 0;

value:
	if (kind == '"' || (kind != '{' && kind != '[')) {
		const char *next = fill(s) ? token_at(s, s->next) : last_end(s, p);

		if (unlikely(!next))
			return NULL;
		next = trim(next);
		end = likely(kind == '"') ? next : scan_scalar(s, kind, p, next);
		if (likely(end == next))
			goto after;
		if (end)
			fail(s, end, unexpected(s, depth));
		return NULL;
	}
	if (unlikely(depth + s->open >= s->max_depth)) {
		s->too_deep = true;
		return fail(s, p, "nested too deeply"), NULL;
	}
	s->closers[depth++] = (char)(kind + 2); /* } is { + 2, ] is [ + 2 */
	if (s->unique && kind == '{')
		agr_unique_open(s->unique, depth - 1, p);
	if (unlikely(!fill(s)))
		return fail(s, s->end, kind == '{' ? no_key : no_more), NULL;
	kind = s->index.kinds[s->next];
	if (kind == s->closers[depth - 1])
		goto close;
	if (s->closers[depth - 1] == '}')
		goto member;
	p = token_at(s, s->next++);
	goto value;
close:
	end = token_at(s, s->next++) + 1;
	depth--;
	if (s->unique && kind == '}')
		agr_unique_close(s->unique, depth, end);
after:
	if (depth <= 1) {
		if (depth == 0)
			return end;
		if (slot)
			*slot = (agr_span){ from, (size_t)(end - from) };
	}
	if (unlikely(!fill(s)))
		return fail(s, s->end, unclosed(s, depth)), NULL;
	kind = s->index.kinds[s->next];
	if (kind == s->closers[depth - 1])
		goto close;
	if (unlikely(kind != ','))
		return fail(s, token_at(s, s->next), unexpected(s, depth)), NULL;
	s->next++;
	if (unlikely(!fill(s)))
		return fail(s, s->end, s->closers[depth - 1] == '}' ? no_key : no_more), NULL;
	if (s->closers[depth - 1] == '}')
		goto member;
	kind = s->index.kinds[s->next];
	p = token_at(s, s->next++);
	goto value;
member:
	p = token_at(s, s->next);
	if (unlikely(s->index.kinds[s->next++] != '"'))
		return fail(s, p, no_key), NULL;
	if (unlikely(!fill(s)))
		return fail(s, s->end, no_colon), NULL;
	if (unlikely(s->index.kinds[s->next] != ':'))
		return fail(s, token_at(s, s->next), no_colon), NULL;
	if (s->unique)
		note_key(s, depth - 1, p, trim(token_at(s, s->next)));
	if (depth == 1 && wanted)
		slot = slot_of(s, wanted, slots, p, trim(token_at(s, s->next)));
	s->next++;
	if (unlikely(!fill(s)))
		return fail(s, s->end, no_more), NULL;
	kind = s->index.kinds[s->next];
	p = token_at(s, s->next++);
	if (depth == 1)
		from = p;
	goto value;
}

/* ---- rows of a shape --------------------------------------------------------- */

/* Does a row of this shape begin at the token `first`? Its end, or NULL. */
static inline const char *match(agr_scanner *s, const agr_shape *shape, size_t first,
	agr_span *slots)
{
	const agr_index *index = &s->index;
	const char *last = token_at(s, first + shape->n - 1);

	for (size_t i = 0; i < shape->n_scalars; i++) {
		size_t at = first + shape->scalars[i];
		const char *end = trim(token_at(s, at + 1));

		if (scan_scalar(s, index->kinds[at], token_at(s, at), end) != end)
			return NULL;
	}
	for (size_t i = 0; i < shape->n_slots; i++) {
		const agr_shape_slot *slot = &shape->slots[i];
		const char *p = token_at(s, first + slot->token);
		const char *end = slot->close ? token_at(s, first + slot->close) + 1
					      : trim(token_at(s, first + slot->token + 1));

		slots[slot->slot] = (agr_span){ p, (size_t)(end - p) };
	}
	return last + 1;
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

/* ---- all -------------------------------------------------------------------- */

void agr_scanner_begin(agr_scanner *s, const char *p, const char *end, bool whole,
	size_t max_depth, const agr_index_kernel *kernel)
{
	s->index.kernel = kernel ? kernel : agr_index_kernel_at(0);
	agr_shapes_init(&s->shapes);
	s->unique = NULL;
	s->open = 0;
	s->max_depth = max_depth ? max_depth : AGR_DEPTH_DEFAULT;
	if (s->max_depth > AGR_DEPTH_MAX)
		s->max_depth = AGR_DEPTH_MAX;
	agr_scanner_move(s, p, end, whole);
}

void agr_scanner_move(agr_scanner *s, const char *p, const char *end, bool whole)
{
	agr_index_begin(&s->index, p, end, s->index.kernel);
	s->next = 0;
	s->pos = p;
	s->end = end;
	s->whole = whole;
	s->too_deep = false;
	fail(s, p, NULL);
}

void agr_scanner_end(agr_scanner *s)
{
	agr_shapes_free(&s->shapes);
}

const char *agr_scanner_next(agr_scanner *s)
{
	return fill(s) ? token_at(s, s->next) : NULL;
}

bool agr_scanner_take(agr_scanner *s, char c)
{
	if (!fill(s) || s->index.kinds[s->next] != c)
		return false;
	s->pos = token_at(s, s->next++) + 1;
	return true;
}

/* The value at the next token, which is there. Its end, or NULL. */
static const char *read_value(agr_scanner *s, const char *p, const agr_wanted *wanted,
	agr_span *slots)
{
	size_t first = s->next;
	char kind = s->index.kinds[first];
	const char *base = s->index.base, *end;
	const agr_shape *shape;

	/* A shape says nothing of keys further inside. */
	if (kind == '{' && wanted && !s->unique) {
		shape = agr_shapes_find(&s->shapes, &s->index, first);
		end = shape ? match(s, shape, first, slots) : NULL;
		if (end) {
			s->next = first + shape->n;
			return end;
		}
	}
	s->next++;
	end = walk(s, kind, p, wanted, slots);
	if (end && kind == '{' && wanted && !s->unique && s->index.base == base)
		agr_shapes_learn(&s->shapes, &s->index, first, s->next - first, wanted);
	return end;
}

int agr_scanner_value(agr_scanner *s, agr_span *out, const agr_wanted *wanted,
	agr_span *slots)
{
	const char *p, *end;

	if (!fill(s)) {
		fail(s, s->end, NULL);
		return s->index.fault.what ? refused(s) : AGR_SCAN_END;
	}
	for (size_t i = 0; wanted && i < wanted->n; i++)
		slots[i].p = NULL;
	p = s->pos = token_at(s, s->next);
	end = read_value(s, p, wanted, slots);
	/* The fault is part of a number or word; what is closed ends before it. */
	if (end && s->index.fault.what && s->index.fault.at == end &&
		!strchr("\"]}", end[-1])) {
		fail(s, end, NULL);
		end = NULL;
	}
	if (!end)
		return refused(s);
	*out = (agr_span){ p, (size_t)(end - p) };
	s->pos = end;
	return AGR_SCAN_VALUE;
}
