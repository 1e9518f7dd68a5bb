/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
#include "table/scan.h"

#include <stdlib.h>
#include <string.h>

/* An object of more members than this finds its duplicates by hash. */
#define FEW_MEMBERS 12

/* ---- validation --------------------------------------------------------- */

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

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

static bool scan_escape(struct scanner *s, const char **at)
{
	const char *p = *at + 1;

	if (p >= s->end)
		return fail(s, s->end, "a string is not closed");
	if (*p == 'u') {
		for (int i = 1; i <= 4; i++)
			if (p + i >= s->end || hex_digit(p[i]) < 0)
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
			return fail(s, p, "a control character in a string must be escaped");
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
		agentrun_error_raise(err, code = AGENTRUN_ELIMIT,
			"nested deeper than the limit of %zu levels", s->max_depth);
	else
		agentrun_error_raise(err, code, "not valid JSON: %s", s->fault);
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

/* ---- finding the way ---------------------------------------------------- */

agr_type agr_span_type(agr_span value)
{
	switch (*value.p) {
	case 'n':
		return AGR_TYPE_NULL;
	case 'f':
		return AGR_TYPE_FALSE;
	case 't':
		return AGR_TYPE_TRUE;
	case '"':
		return AGR_TYPE_STRING;
	case '[':
		return AGR_TYPE_ARRAY;
	case '{':
		return AGR_TYPE_OBJECT;
	default:
		return AGR_TYPE_NUMBER;
	}
}

static const char *skip_white(const char *p)
{
	while (*p == ' ' || *p == '\n' || *p == '\r' || *p == '\t')
		p++;
	return p;
}

static const char *skip_string(const char *p)
{
	for (p++; *p != '"'; p++)
		if (*p == '\\')
			p++;
	return p + 1;
}

static const char *skip_nested(const char *p)
{
	size_t depth = 0;

	for (;;) {
		switch (*p) {
		case '"':
			p = skip_string(p);
			continue;
		case '{':
		case '[':
			depth++;
			break;
		case '}':
		case ']':
			if (--depth == 0)
				return p + 1;
			break;
		default:
			break;
		}
		p++;
	}
}

static const char *skip_number(const char *p)
{
	while (agr_is_digit(*p) || *p == '-' || *p == '+' || *p == '.' || *p == 'e' ||
		*p == 'E')
		p++;
	return p;
}

const char *agr_skip_value(const char *p)
{
	switch (*p) {
	case '"':
		return skip_string(p);
	case '{':
	case '[':
		return skip_nested(p);
	case 't':
	case 'n':
		return p + 4;
	case 'f':
		return p + 5;
	default:
		return skip_number(p);
	}
}

agr_iter agr_iter_of(agr_span value)
{
	return (agr_iter){ skip_white(value.p + 1) };
}

static void take_value(agr_iter *it, agr_span *value)
{
	value->p = it->p;
	it->p = agr_skip_value(it->p);
	value->n = (size_t)(it->p - value->p);
	it->p = skip_white(it->p);
	if (*it->p == ',')
		it->p = skip_white(it->p + 1);
}

bool agr_array_next(agr_iter *it, agr_span *value)
{
	if (*it->p == ']')
		return false;
	take_value(it, value);
	return true;
}

bool agr_object_next(agr_iter *it, agr_span *key, agr_span *value)
{
	if (*it->p == '}')
		return false;
	key->p = it->p;
	it->p = skip_string(it->p);
	key->n = (size_t)(it->p - key->p);
	it->p = skip_white(skip_white(it->p) + 1);
	take_value(it, value);
	return true;
}

size_t agr_span_count(agr_span value)
{
	agr_iter it = agr_iter_of(value);
	agr_span key, member;
	size_t n = 0;

	if (*value.p == '{')
		while (agr_object_next(&it, &key, &member))
			n++;
	else
		while (agr_array_next(&it, &member))
			n++;
	return n;
}

/* ---- strings ------------------------------------------------------------ */

/* Reads the decoded bytes of a string one code point at a time. */
struct decoder {
	const char *p, *end;
	char bytes[4];
	size_t n;
};

static struct decoder decoder_of(agr_span string)
{
	return (struct decoder){ .p = string.p + 1, .end = string.p + string.n - 1 };
}

static uint32_t hex4(const char *p)
{
	uint32_t value = 0;

	for (int i = 0; i < 4; i++)
		value = value << 4 | (uint32_t)hex_digit(p[i]);
	return value;
}

/* `d->p` is behind "\u". */
static void decode_u(struct decoder *d)
{
	uint32_t c = hex4(d->p);

	d->p += 4;
	if (c >= 0xd800 && c < 0xdc00 && d->end - d->p >= 6 && d->p[0] == '\\' &&
		d->p[1] == 'u') {
		uint32_t low = hex4(d->p + 2);

		if (low >= 0xdc00 && low < 0xe000) {
			c = 0x10000 + ((c - 0xd800) << 10) + (low - 0xdc00);
			d->p += 6;
		}
	}
	if (c >= 0xd800 && c < 0xe000)
		c = 0xfffd;
	d->n = agr_utf8_put(d->bytes, c);
}

static bool decode_next(struct decoder *d)
{
	static const char from[] = "bfnrt", to[] = "\b\f\n\r\t";
	const char *known;

	if (d->p >= d->end)
		return false;
	if (*d->p != '\\') {
		d->n = agr_utf8_len(d->p, (size_t)(d->end - d->p));
		memcpy(d->bytes, d->p, d->n);
		d->p += d->n;
		return true;
	}
	d->p += 2;
	if (d->p[-1] == 'u') {
		decode_u(d);
		return true;
	}
	known = strchr(from, d->p[-1]);
	d->bytes[0] = known ? to[known - from] : d->p[-1];
	d->n = 1;
	return true;
}

bool agr_string_is_plain(agr_span string)
{
	return !memchr(string.p, '\\', string.n);
}

bool agr_string_is(agr_span string, const char *text, size_t len)
{
	struct decoder d;

	if (string.n == len + 2 && memcmp(string.p + 1, text, len) == 0 &&
		!memchr(text, '\\', len))
		return true;
	if (agr_string_is_plain(string))
		return false;
	d = decoder_of(string);
	while (decode_next(&d)) {
		if (d.n > len || memcmp(text, d.bytes, d.n) != 0)
			return false;
		text += d.n;
		len -= d.n;
	}
	return len == 0;
}

static int string_compare(agr_span a, agr_span b)
{
	struct decoder x = decoder_of(a), y = decoder_of(b);
	int diff;

	for (;;) {
		bool more_x = decode_next(&x), more_y = decode_next(&y);

		if (!more_x || !more_y)
			return (int)more_x - (int)more_y;
		diff = memcmp(x.bytes, y.bytes, x.n < y.n ? x.n : y.n);
		if (diff)
			return diff;
	}
}

bool agr_string_same(agr_span a, agr_span b)
{
	if (a.n == b.n && memcmp(a.p, b.p, a.n) == 0)
		return true;
	if (agr_string_is_plain(a) && agr_string_is_plain(b))
		return false;
	return string_compare(a, b) == 0;
}

uint64_t agr_string_hash(agr_span string)
{
	uint64_t hash = 1469598103934665603u; /* FNV-1a */
	struct decoder d = decoder_of(string);

	while (decode_next(&d))
		for (size_t i = 0; i < d.n; i++)
			hash = (hash ^ (unsigned char)d.bytes[i]) * 1099511628211u;
	return hash;
}

void agr_string_decode(agr_buf *out, agr_span string)
{
	struct decoder d;

	if (agr_string_is_plain(string)) {
		agr_buf_add(out, string.p + 1, string.n - 2);
		return;
	}
	d = decoder_of(string);
	while (decode_next(&d))
		agr_buf_add(out, d.bytes, d.n);
}

/* ---- objects ------------------------------------------------------------ */

bool agr_object_get(agr_span object, const char *key, size_t len, agr_span *out)
{
	agr_iter it = agr_iter_of(object);
	agr_span name, value;
	bool found = false;

	while (agr_object_next(&it, &name, &value)) {
		if (agr_string_is(name, key, len)) {
			*out = value;
			found = true;
		}
	}
	return found;
}

struct member {
	agr_span key, value;
};

/* Members without duplicates, the last value at the place of the first. */
struct members {
	struct member *list;
	size_t n;
	uint32_t *slots; /* index + 1 by hash; NULL while there are few */
	size_t mask;
};

static bool members_alloc(struct members *m, size_t count)
{
	size_t slots = 1;

	memset(m, 0, sizeof(*m));
	m->list = malloc((count ? count : 1) * sizeof(*m->list));
	if (!m->list || count <= FEW_MEMBERS)
		return m->list != NULL;
	while (slots < count * 2)
		slots *= 2;
	m->slots = count < UINT32_MAX ? calloc(slots, sizeof(*m->slots)) : NULL;
	m->mask = slots - 1;
	return m->slots != NULL;
}

static void members_free(struct members *m)
{
	free(m->list);
	free(m->slots);
}

static struct member *members_find(struct members *m, agr_span key)
{
	size_t slot;

	if (!m->slots) {
		for (size_t i = 0; i < m->n; i++)
			if (agr_string_same(m->list[i].key, key))
				return &m->list[i];
		return NULL;
	}
	slot = (size_t)agr_string_hash(key) & m->mask;
	for (; m->slots[slot]; slot = (slot + 1) & m->mask)
		if (agr_string_same(m->list[m->slots[slot] - 1].key, key))
			return &m->list[m->slots[slot] - 1];
	m->slots[slot] = (uint32_t)m->n + 1;
	return NULL;
}

static bool members_of(struct members *m, agr_span object)
{
	agr_iter it = agr_iter_of(object);
	agr_span key, value;
	struct member *known;

	if (!members_alloc(m, agr_span_count(object))) {
		members_free(m);
		memset(m, 0, sizeof(*m));
		return false;
	}
	while (agr_object_next(&it, &key, &value)) {
		known = members_find(m, key);
		if (known)
			known->value = value;
		else
			m->list[m->n++] = (struct member){ key, value };
	}
	return true;
}

static void write_object(agr_buf *out, agr_span object)
{
	struct members m;

	if (!members_of(&m, object)) {
		out->failed = AGENTRUN_ENOMEM;
		return;
	}
	agr_buf_char(out, '{');
	for (size_t i = 0; i < m.n; i++) {
		if (i)
			agr_buf_char(out, ',');
		agr_buf_add(out, m.list[i].key.p, m.list[i].key.n);
		agr_buf_char(out, ':');
		agr_value_write(out, m.list[i].value);
	}
	agr_buf_char(out, '}');
	members_free(&m);
}

void agr_value_write(agr_buf *out, agr_span value)
{
	agr_iter it;
	agr_span element;
	bool first = true;

	if (*value.p == '{') {
		write_object(out, value);
		return;
	}
	if (*value.p != '[') {
		agr_buf_add(out, value.p, value.n);
		return;
	}
	agr_buf_char(out, '[');
	it = agr_iter_of(value);
	while (agr_array_next(&it, &element)) {
		if (!first)
			agr_buf_char(out, ',');
		first = false;
		agr_value_write(out, element);
	}
	agr_buf_char(out, ']');
}

/* ---- order and equality -------------------------------------------------- */

static int member_order(const void *a, const void *b)
{
	return string_compare(((const struct member *)a)->key,
		((const struct member *)b)->key);
}

/* The member behind `m` in the order of keys (the first when `m` is empty); of
 * duplicates the last. */
static bool next_member(agr_span object, struct member *m)
{
	agr_iter it = agr_iter_of(object);
	struct member best = { { NULL, 0 }, { NULL, 0 } };
	agr_span key, value;

	while (agr_object_next(&it, &key, &value)) {
		if (m->key.p && string_compare(key, m->key) <= 0)
			continue;
		if (!best.key.p || string_compare(key, best.key) <= 0)
			best = (struct member){ key, value };
	}
	*m = best;
	return best.key.p != NULL;
}

/* object_compare() without memory, in quadratic time: an answer that were wrong
 * because memory is short would be taken for the truth. */
static int object_compare_slowly(agr_span a, agr_span b)
{
	int diff = 0;

	for (int pass = 0; !diff && pass < 2; pass++) {
		struct member x = { { NULL, 0 }, { NULL, 0 } }, y = x;
		bool more_x = next_member(a, &x), more_y = next_member(b, &y);

		while (!diff && more_x && more_y) {
			diff = pass ? agr_value_compare(x.value, y.value)
				    : string_compare(x.key, y.key);
			more_x = next_member(a, &x);
			more_y = next_member(b, &y);
		}
		if (!diff)
			diff = (int)more_x - (int)more_y;
	}
	return diff;
}

static int object_compare(agr_span a, agr_span b)
{
	struct members x, y;
	int diff = 0;
	size_t i;

	if (!members_of(&x, a))
		return object_compare_slowly(a, b);
	if (!members_of(&y, b)) {
		members_free(&x);
		return object_compare_slowly(a, b);
	}
	qsort(x.list, x.n, sizeof(*x.list), member_order);
	qsort(y.list, y.n, sizeof(*y.list), member_order);
	for (i = 0; !diff && i < x.n && i < y.n; i++)
		diff = string_compare(x.list[i].key, y.list[i].key);
	if (!diff)
		diff = (x.n > y.n) - (x.n < y.n);
	for (i = 0; !diff && i < x.n; i++)
		diff = agr_value_compare(x.list[i].value, y.list[i].value);
	members_free(&x);
	members_free(&y);
	return diff;
}

static int array_compare(agr_span a, agr_span b)
{
	agr_iter x = agr_iter_of(a), y = agr_iter_of(b);
	agr_span u, v;
	int diff = 0;

	while (!diff) {
		bool more_x = agr_array_next(&x, &u), more_y = agr_array_next(&y, &v);

		if (!more_x || !more_y)
			return (int)more_x - (int)more_y;
		diff = agr_value_compare(u, v);
	}
	return diff;
}

int agr_value_compare(agr_span a, agr_span b)
{
	agr_type x = agr_span_type(a), y = agr_span_type(b);

	if (x != y)
		return x < y ? -1 : 1;
	switch (x) {
	case AGR_TYPE_NUMBER:
		return agr_number_compare(a, b);
	case AGR_TYPE_STRING:
		return string_compare(a, b);
	case AGR_TYPE_ARRAY:
		return array_compare(a, b);
	case AGR_TYPE_OBJECT:
		return object_compare(a, b);
	default:
		return 0;
	}
}

bool agr_value_equal(agr_span a, agr_span b)
{
	return agr_value_compare(a, b) == 0;
}
