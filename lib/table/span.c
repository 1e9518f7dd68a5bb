/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
/* Finding the way in validated text. */
#include "table/scan.h"

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

static const char *skip_string(const char *p)
{
	bool has_escape = false;

	return agr_skip_string(p, &has_escape);
}

/* What a byte outside of strings does to the depth, or that a string begins. */
enum { OPENS = 1, CLOSES, QUOTES };

static const unsigned char nests[256] = {
	['{'] = OPENS, ['['] = OPENS, ['}'] = CLOSES, [']'] = CLOSES, ['"'] = QUOTES
};

static const char *skip_nested(const char *p)
{
	size_t depth = 0;
	unsigned char kind;

	for (;;) {
		while (!(kind = nests[(unsigned char)*p]))
			p++;
		if (kind == QUOTES) {
			p = skip_string(p);
			continue;
		}
		p++;
		if (kind == OPENS)
			depth++;
		else if (--depth == 0)
			return p;
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
	return (agr_iter){ agr_skip_white(value.p + 1) };
}

static void take_value(agr_iter *it, agr_span *value)
{
	value->p = it->p;
	it->p = agr_skip_value(it->p);
	value->n = (size_t)(it->p - value->p);
	it->p = agr_skip_white(it->p);
	if (*it->p == ',')
		it->p = agr_skip_white(it->p + 1);
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
	it->p = agr_skip_white(agr_skip_white(it->p) + 1);
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
