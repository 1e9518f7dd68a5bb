/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
/* One order of all values, and bytes that stand for a value. */
#include <stdlib.h>
#include <string.h>

#include "table/object.h"

/* An object's members by rising key. When memory is short the members are
 * found by searching the object again and again: slow, but never wrong. */
struct sorted {
	agr_span object;
	agr_members members;
	size_t at;
	agr_span last_key; /* of the search */
	bool listed;
};

static int member_order(const void *a, const void *b)
{
	return agr_string_compare(((const agr_member *)a)->key,
		((const agr_member *)b)->key);
}

static struct sorted sorted_of(agr_span object)
{
	struct sorted s = { .object = object };

	s.listed = agr_members_read(&s.members, object);
	if (s.listed && s.members.n > 1)
		qsort(s.members.list, s.members.n, sizeof(*s.members.list), member_order);
	return s;
}

static bool search_next(struct sorted *s, agr_span *key, agr_span *value)
{
	agr_iter it = agr_iter_of(s->object);
	agr_span k, v;
	bool found = false;

	while (agr_object_next(&it, &k, &v)) {
		int diff;

		if (s->last_key.p && agr_string_compare(k, s->last_key) <= 0)
			continue;
		diff = found ? agr_string_compare(k, *key) : -1;
		if (diff > 0)
			continue;
		*key = k;
		*value = v; /* of duplicates the last stays */
		found = true;
	}
	if (found)
		s->last_key = *key;
	return found;
}

static bool sorted_next(struct sorted *s, agr_span *key, agr_span *value)
{
	if (!s->listed)
		return search_next(s, key, value);
	if (s->at == s->members.n)
		return false;
	*key = s->members.list[s->at].key;
	*value = s->members.list[s->at++].value;
	return true;
}

static void sorted_rewind(struct sorted *s)
{
	s->at = 0;
	s->last_key = (agr_span){ NULL, 0 };
}

static int keys_compare(struct sorted *x, struct sorted *y)
{
	agr_span key_x, key_y, value;
	int diff = 0;

	while (!diff) {
		bool more_x = sorted_next(x, &key_x, &value);
		bool more_y = sorted_next(y, &key_y, &value);

		if (!more_x || !more_y)
			return (int)more_x - (int)more_y;
		diff = agr_string_compare(key_x, key_y);
	}
	return diff;
}

static int object_compare(agr_span a, agr_span b)
{
	struct sorted x = sorted_of(a), y = sorted_of(b);
	int diff = keys_compare(&x, &y);
	agr_span key, u, v;

	sorted_rewind(&x);
	sorted_rewind(&y);
	while (!diff && sorted_next(&x, &key, &u) && sorted_next(&y, &key, &v))
		diff = agr_value_compare(u, v);
	agr_members_free(&x.members);
	agr_members_free(&y.members);
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
	if (a.n == b.n && memcmp(a.p, b.p, a.n) == 0)
		return 0;
	switch (x) {
	case AGR_TYPE_NUMBER:
		return agr_number_compare(a, b);
	case AGR_TYPE_STRING:
		return agr_string_compare(a, b);
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
	if (*a.p == '"' && *b.p == '"')
		return agr_string_same(a, b);
	return agr_value_compare(a, b) == 0;
}

/* The length goes before the text, so that no text needs an end mark: in a byte,
 * or behind the byte LONG. */
static void canonical_string(agr_buf *out, agr_span string)
{
	enum { LONG = 0xff };
	size_t at = out->len, n;

	agr_buf_add(out, "\"", 2); /* its NUL becomes the length */
	agr_string_decode(out, string);
	n = out->len - at - 2;
	if (n >= LONG)
		agr_buf_add(out, &n, sizeof(n));
	if (out->failed)
		return;
	out->data[at + 1] = (char)(n < LONG ? n : LONG);
	if (n >= LONG) {
		memmove(out->data + at + 2 + sizeof(n), out->data + at + 2, n);
		memcpy(out->data + at + 2, &n, sizeof(n));
	}
}

static void canonical_object(agr_buf *out, agr_span object)
{
	struct sorted s = sorted_of(object);
	agr_span key, value;

	agr_buf_char(out, '{');
	while (sorted_next(&s, &key, &value)) {
		canonical_string(out, key);
		agr_value_canonical(out, value);
	}
	agr_buf_char(out, '}');
	agr_members_free(&s.members);
}

void agr_value_canonical(agr_buf *out, agr_span value)
{
	agr_iter it;
	agr_span element;

	switch (agr_span_type(value)) {
	case AGR_TYPE_NUMBER:
		agr_number_canonical(out, value);
		break;
	case AGR_TYPE_STRING:
		canonical_string(out, value);
		break;
	case AGR_TYPE_OBJECT:
		canonical_object(out, value);
		break;
	case AGR_TYPE_ARRAY:
		agr_buf_char(out, '[');
		it = agr_iter_of(value);
		while (agr_array_next(&it, &element))
			agr_value_canonical(out, element);
		agr_buf_char(out, ']');
		break;
	default:
		agr_buf_char(out, *value.p);
	}
}
