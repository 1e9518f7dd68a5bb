/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
/* Keywords that look at one value alone: its type, size and text. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "schema/check.h"

#define SHOWN_MAX 60

/* A value for messages, cut when long. */
struct shown {
	char text[SHOWN_MAX + 4];
};

static struct shown show(agr_span value)
{
	struct shown s;
	size_t n = value.n;

	if (n > SHOWN_MAX) {
		n = SHOWN_MAX;
		while (n && ((unsigned char)value.p[n] & 0xc0) == 0x80)
			n--;
	}
	memcpy(s.text, value.p, n);
	memcpy(s.text + n, "...", sizeof("..."));
	if (n == value.n)
		s.text[n] = '\0';
	return s;
}

bool agr_schema_is_integer(agr_span number)
{
	const char *e = memchr(number.p, 'e', number.n);
	int64_t whole;

	if (agr_number_int64(number, &whole))
		return true;
	if (!e && !memchr(number.p, 'E', number.n) && !memchr(number.p, '.', number.n))
		return true;
	return fabs(agr_number_double(number)) >= 9007199254740992.0;
}

static bool has_type(agr_span value, agr_span name)
{
	static const char *const names[] = {
		"null", "boolean", "boolean", "number", "string", "array", "object"};
	agr_type type = agr_span_type(value);

	if (agr_string_is(name, names[type], strlen(names[type])))
		return true;
	return type == AGR_TYPE_NUMBER && agr_string_is(name, "integer", 7) &&
	       agr_schema_is_integer(value);
}

static int check_type(agr_schema_run *run, agr_span arg, agr_span schema, agr_span value)
{
	agr_iter it;
	agr_span name;

	(void)schema;
	if (agr_span_type(arg) == AGR_TYPE_STRING) {
		if (!has_type(value, arg))
			agr_schema_fault(run, "must be of type %.*s, is %s",
				(int)arg.n - 2, arg.p + 1, show(value).text);
		return 0;
	}
	if (agr_span_type(arg) != AGR_TYPE_ARRAY)
		return 0;
	for (it = agr_iter_of(arg); agr_array_next(&it, &name);)
		if (agr_span_type(name) == AGR_TYPE_STRING && has_type(value, name))
			return 0;
	agr_schema_fault(
		run, "must be of a type in %s, is %s", show(arg).text, show(value).text);
	return 0;
}

static void list_choices(agr_buf *out, agr_span choices)
{
	agr_iter it = agr_iter_of(choices);
	agr_span choice;
	const char *comma = "";

	while (agr_array_next(&it, &choice)) {
		agr_buf_printf(out, "%s%s", comma, show(choice).text);
		comma = ", ";
	}
}

static int check_enum(agr_schema_run *run, agr_span arg, agr_span schema, agr_span value)
{
	agr_buf list = AGR_BUF_INIT;
	agr_iter it;
	agr_span choice;

	(void)schema;
	if (agr_span_type(arg) != AGR_TYPE_ARRAY)
		return 0;
	for (it = agr_iter_of(arg); agr_array_next(&it, &choice);)
		if (agr_value_equal(choice, value))
			return 0;
	if (!run->quiet)
		list_choices(&list, arg);
	agr_schema_fault(run, "%s is not allowed, choose one of %s", show(value).text,
		list.data ? list.data : "none");
	agr_buf_free(&list);
	return 0;
}

static int check_const(agr_schema_run *run, agr_span arg, agr_span schema, agr_span value)
{
	(void)schema;
	if (!agr_value_equal(arg, value))
		agr_schema_fault(
			run, "must be %s, is %s", show(arg).text, show(value).text);
	return 0;
}

/* Is this keyword about numbers, and the value one? Then how do they compare? */
static bool number_order(agr_span arg, agr_span value, int *order)
{
	if (agr_span_type(arg) != AGR_TYPE_NUMBER ||
		agr_span_type(value) != AGR_TYPE_NUMBER)
		return false;
	*order = agr_number_compare(value, arg);
	return true;
}

static int check_minimum(
	agr_schema_run *run, agr_span arg, agr_span schema, agr_span value)
{
	int order;

	(void)schema;
	if (number_order(arg, value, &order) && order < 0)
		agr_schema_fault(run, "must be at least %s, is %s", show(arg).text,
			show(value).text);
	return 0;
}

static int check_maximum(
	agr_schema_run *run, agr_span arg, agr_span schema, agr_span value)
{
	int order;

	(void)schema;
	if (number_order(arg, value, &order) && order > 0)
		agr_schema_fault(run, "must be at most %s, is %s", show(arg).text,
			show(value).text);
	return 0;
}

static int check_above(agr_schema_run *run, agr_span arg, agr_span schema, agr_span value)
{
	int order;

	(void)schema;
	if (number_order(arg, value, &order) && order <= 0)
		agr_schema_fault(run, "must be more than %s, is %s", show(arg).text,
			show(value).text);
	return 0;
}

static int check_below(agr_schema_run *run, agr_span arg, agr_span schema, agr_span value)
{
	int order;

	(void)schema;
	if (number_order(arg, value, &order) && order >= 0)
		agr_schema_fault(run, "must be less than %s, is %s", show(arg).text,
			show(value).text);
	return 0;
}

static int check_multiple(
	agr_schema_run *run, agr_span arg, agr_span schema, agr_span value)
{
	int64_t a, b;
	double ratio;
	int order;

	(void)schema;
	if (!number_order(arg, value, &order))
		return 0;
	if (agr_number_int64(arg, &a) && agr_number_int64(value, &b) && a > 0) {
		if (b % a == 0)
			return 0;
	} else {
		ratio = agr_number_double(value) / agr_number_double(arg);
		if (fabs(ratio - round(ratio)) < 1e-9)
			return 0;
	}
	agr_schema_fault(
		run, "must be a multiple of %s, is %s", show(arg).text, show(value).text);
	return 0;
}

static bool is_surrogate(const char *p, char from, char to)
{
	char digit = agr_to_lower(p[3]);

	return p[0] == '\\' && p[1] == 'u' && agr_to_lower(p[2]) == 'd' &&
	       digit >= from && digit <= to;
}

/* Characters of a string, counted in the text itself: it needs no memory. */
static size_t code_points(agr_span string)
{
	const char *p = string.p + 1, *end = string.p + string.n - 1;
	size_t n = 0;

	while (p < end) {
		if (*p != '\\') {
			n += ((unsigned char)*p++ & 0xc0) != 0x80;
			continue;
		}
		n++;
		if (is_surrogate(p, '8', 'b') && end - p >= 12 &&
			is_surrogate(p + 6, 'c', 'f'))
			p += 12;
		else
			p += p[1] == 'u' ? 6 : 2;
	}
	return n;
}

/* The value's size in what `type` counts; false when the keyword does not apply. */
static bool size_of(
	agr_span arg, agr_span value, agr_type type, size_t *size, size_t *limit)
{
	int64_t n;

	if (agr_span_type(value) != type || agr_span_type(arg) != AGR_TYPE_NUMBER ||
		!agr_number_int64(arg, &n) || n < 0)
		return false;
	*limit = (size_t)n;
	*size = type == AGR_TYPE_STRING ? code_points(value) : agr_span_count(value);
	return true;
}

static int check_size(
	agr_schema_run *run, agr_span arg, agr_span value, agr_type type, bool least)
{
	const char *unit = type == AGR_TYPE_STRING  ? "characters"
			   : type == AGR_TYPE_ARRAY ? "elements"
						    : "members";
	size_t size, limit;

	if (!size_of(arg, value, type, &size, &limit))
		return 0;
	if (least ? size < limit : size > limit)
		agr_schema_fault(run, "must have at %s %zu %s, has %zu",
			least ? "least" : "most", limit, unit, size);
	return 0;
}

#define SIZE_KEYWORD(name, type, least)                                                  \
	static int name(                                                                 \
		agr_schema_run *run, agr_span arg, agr_span schema, agr_span value)      \
	{                                                                                \
		(void)schema;                                                            \
		return check_size(run, arg, value, type, least);                         \
	}

SIZE_KEYWORD(check_min_length, AGR_TYPE_STRING, true)
SIZE_KEYWORD(check_max_length, AGR_TYPE_STRING, false)
SIZE_KEYWORD(check_min_items, AGR_TYPE_ARRAY, true)
SIZE_KEYWORD(check_max_items, AGR_TYPE_ARRAY, false)
SIZE_KEYWORD(check_min_members, AGR_TYPE_OBJECT, true)
SIZE_KEYWORD(check_max_members, AGR_TYPE_OBJECT, false)

static int span_order(const void *a, const void *b)
{
	return agr_value_compare(*(const agr_span *)a, *(const agr_span *)b);
}

static int check_unique(
	agr_schema_run *run, agr_span arg, agr_span schema, agr_span value)
{
	agr_span *list, element;
	agr_iter it;
	size_t n = 0;

	(void)schema;
	if (agr_span_type(arg) != AGR_TYPE_TRUE || agr_span_type(value) != AGR_TYPE_ARRAY)
		return 0;
	list = malloc((agr_span_count(value) + 1) * sizeof(*list));
	if (!list)
		return agr_error_oom(run->err);
	for (it = agr_iter_of(value); agr_array_next(&it, &element);)
		list[n++] = element;
	qsort(list, n, sizeof(*list), span_order);
	for (size_t i = 1; i < n; i++) {
		if (span_order(&list[i - 1], &list[i]) == 0) {
			agr_schema_fault(
				run, "must not hold %s twice", show(list[i]).text);
			break;
		}
	}
	free(list);
	return 0;
}

int agr_schema_regex_new(agr_regex **out, agr_span arg, agentrun_error **err)
{
	agr_buf text = AGR_BUF_INIT;
	int r;

	*out = NULL;
	agr_string_decode(&text, arg);
	r = agr_buf_check(&text, "pattern", err);
	if (r == 0)
		r = agr_regex_new(out, text.data, text.len, true, AGENTRUN_ECONFIG, err);
	agr_buf_free(&text);
	if (r < 0) {
		agr_error_prefix(err, "the schema's pattern %s", show(arg).text);
		agr_regex_free(*out);
		*out = NULL;
	}
	return r;
}

int agr_schema_regex_test(const agr_regex *regex, agr_match *match, agr_span string,
	size_t *work, agentrun_error **err)
{
	agr_buf text = AGR_BUF_INIT;
	int r;

	if (agr_string_is_plain(string))
		return agr_regex_test_counted(regex, match, string.p + 1, string.n - 2, work, err);
	agr_string_decode(&text, string);
	r = text.failed ? agr_error_oom(err)
			: agr_regex_test_counted(regex, match, text.data ? text.data : "",
				  text.len, work, err);
	agr_buf_free(&text);
	return r;
}

static int compiled(agr_schema_run *run, agr_span arg, struct agr_schema_pattern **out)
{
	struct agr_schema_pattern *known = run->patterns;
	int r;

	while (known && known->at != arg.p)
		known = known->next;
	*out = known;
	if (known)
		return 0;
	known = calloc(1, sizeof(*known));
	if (!known)
		return agr_error_oom(run->err);
	r = agr_schema_regex_new(&known->regex, arg, run->err);
	if (r == 0)
		r = agr_match_new(&known->match, run->err);
	if (r < 0) {
		agr_regex_free(known->regex);
		agr_match_free(known->match);
		free(known);
		return r;
	}
	known->next = run->patterns;
	known->at = arg.p;
	run->patterns = *out = known;
	return 0;
}

int agr_schema_match(agr_schema_run *run, agr_span arg, agr_span string)
{
	struct agr_schema_pattern *pattern;
	int r = compiled(run, arg, &pattern);

	return r < 0 ? r : agr_schema_regex_test(pattern->regex, pattern->match, string,
		&run->work, run->err);
}

static int check_pattern(
	agr_schema_run *run, agr_span arg, agr_span schema, agr_span value)
{
	int r;

	(void)schema;
	if (agr_span_type(value) != AGR_TYPE_STRING ||
		agr_span_type(arg) != AGR_TYPE_STRING)
		return 0;
	r = agr_schema_match(run, arg, value);
	if (r == 0)
		agr_schema_fault(
			run, "must match %s, is %s", show(arg).text, show(value).text);
	return r < 0 ? r : 0;
}

#define OF(type) (1u << AGR_TYPE_##type)

const agr_keyword agr_schema_value_keywords[] = {
	{"type", check_type, AGR_SCHEMA_ANY},
	{"enum", check_enum, AGR_SCHEMA_ANY},
	{"const", check_const, AGR_SCHEMA_ANY},
	{"minimum", check_minimum, OF(NUMBER)},
	{"maximum", check_maximum, OF(NUMBER)},
	{"exclusiveMinimum", check_above, OF(NUMBER)},
	{"exclusiveMaximum", check_below, OF(NUMBER)},
	{"multipleOf", check_multiple, OF(NUMBER)},
	{"minLength", check_min_length, OF(STRING)},
	{"maxLength", check_max_length, OF(STRING)},
	{"minItems", check_min_items, OF(ARRAY)},
	{"maxItems", check_max_items, OF(ARRAY)},
	{"minProperties", check_min_members, OF(OBJECT)},
	{"maxProperties", check_max_members, OF(OBJECT)},
	{"uniqueItems", check_unique, OF(ARRAY)},
	{"pattern", check_pattern, OF(STRING)},
	{NULL, NULL, 0},
};

const agr_keyword *agr_schema_keyword(const agr_keyword *table, agr_span name)
{
	for (; table->name; table++)
		if (agr_string_is(name, table->name, strlen(table->name)))
			return table;
	return NULL;
}
