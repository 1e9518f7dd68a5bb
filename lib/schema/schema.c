/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
/* Keywords that apply other schemas, and the walk itself. */
#include "schema/schema.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "schema/check.h"

#define MAX_DEPTH 3000   /* schemas within schemas */
#define MAX_STILL 100    /* of these, on one and the same value */
#define MAX_WORK 1000000 /* schemas applied in all, and two for each byte */
#define BYTES_PER_WORK 1024 /* of a schema's text that are gone through, as one more */

static int apply(agr_schema_run *run, agr_span schema, agr_span value);

void agr_schema_fault(agr_schema_run *run, const char *fmt, ...)
{
	agr_buf text = AGR_BUF_INIT;
	va_list args;

	run->faults++;
	if (run->quiet)
		return;
	va_start(args, fmt);
	agr_buf_vprintf(&text, fmt, args);
	va_end(args);
	run->report(run->user, run->path.data ? run->path.data : "", run->path.len,
		text.data ? text.data : "is not what the schema allows");
	agr_buf_free(&text);
}

/* ---- moving into the value ------------------------------------------------------ */

static int apply_inside(
	agr_schema_run *run, size_t path_len, agr_span schema, agr_span value)
{
	int still = run->still, r;

	run->still = 0;
	r = run->path.failed ? agr_error_oom(run->err) : apply(run, schema, value);
	run->still = still;
	run->path.len = path_len;
	run->path.data[path_len] = '\0';
	return r;
}

static void add_token(agr_buf *path, agr_span key)
{
	agr_buf plain = AGR_BUF_INIT;

	agr_buf_char(path, '/');
	agr_string_decode(&plain, key);
	if (plain.failed)
		path->failed = plain.failed;
	for (size_t i = 0; i < plain.len; i++) {
		char c = plain.data[i];

		if (c == '~' || c == '/')
			agr_buf_str(path, c == '~' ? "~0" : "~1");
		else
			agr_buf_char(path, c);
	}
	agr_buf_free(&plain);
}

static int apply_member(
	agr_schema_run *run, agr_span key, agr_span schema, agr_span value)
{
	size_t len = run->path.len;

	add_token(&run->path, key);
	if (!run->path.data)
		return agr_error_oom(run->err);
	return apply_inside(run, len, schema, value);
}

static int apply_element(
	agr_schema_run *run, size_t index, agr_span schema, agr_span value)
{
	size_t len = run->path.len;

	agr_buf_printf(&run->path, "/%zu", index);
	if (!run->path.data)
		return agr_error_oom(run->err);
	return apply_inside(run, len, schema, value);
}

/* Does `value` pass, without a word about it? 1, 0, <0. */
static int passes(agr_schema_run *run, agr_span schema, agr_span value)
{
	int faults = run->faults, r;

	run->quiet++;
	r = apply(run, schema, value);
	run->quiet--;
	if (r == 0)
		r = run->faults == faults;
	run->faults = faults;
	return r;
}

static bool get_member(agr_span object, agr_span key, agr_span *out)
{
	agr_iter it = agr_iter_of(object);
	agr_span name, value;
	bool found = false;

	while (agr_object_next(&it, &name, &value)) {
		if (agr_string_same(name, key)) {
			*out = value;
			found = true;
		}
	}
	return found;
}

static bool get(agr_span schema, const char *key, agr_type type, agr_span *out)
{
	return agr_object_get(schema, key, strlen(key), out) &&
	       agr_span_type(*out) == type;
}

/* ---- objects ---------------------------------------------------------------------- */

static int check_properties(
	agr_schema_run *run, agr_span arg, agr_span schema, agr_span value)
{
	agr_span key, sub, member;
	agr_iter it;
	int r = 0;

	(void)schema;
	if (agr_span_type(value) != AGR_TYPE_OBJECT ||
		agr_span_type(arg) != AGR_TYPE_OBJECT)
		return 0;
	for (it = agr_iter_of(arg); r == 0 && agr_object_next(&it, &key, &sub);)
		if (get_member(value, key, &member))
			r = apply_member(run, key, sub, member);
	return r;
}

static int check_required(
	agr_schema_run *run, agr_span arg, agr_span schema, agr_span value)
{
	agr_span key, member;
	agr_iter it;

	(void)schema;
	if (agr_span_type(value) != AGR_TYPE_OBJECT ||
		agr_span_type(arg) != AGR_TYPE_ARRAY)
		return 0;
	for (it = agr_iter_of(arg); agr_array_next(&it, &key);)
		if (agr_span_type(key) == AGR_TYPE_STRING &&
			!get_member(value, key, &member))
			agr_schema_fault(run, "%.*s is missing", (int)key.n, key.p);
	return 0;
}

/* Applies the schemas of the patterns that match; 1 when any did. */
static int apply_patterns(agr_schema_run *run, agr_span patterns, agr_span key,
	agr_span value, bool apply_too)
{
	agr_span pattern, sub;
	agr_iter it;
	int any = 0, r = 0;

	for (it = agr_iter_of(patterns);
		r >= 0 && agr_object_next(&it, &pattern, &sub);) {
		r = agr_schema_match(run, pattern, key);
		any |= r > 0;
		if (r > 0 && apply_too)
			r = apply_member(run, key, sub, value);
	}
	return r < 0 ? r : any;
}

static int check_patterns(
	agr_schema_run *run, agr_span arg, agr_span schema, agr_span value)
{
	agr_span key, member;
	agr_iter it;
	int r = 0;

	(void)schema;
	if (agr_span_type(value) != AGR_TYPE_OBJECT ||
		agr_span_type(arg) != AGR_TYPE_OBJECT)
		return 0;
	for (it = agr_iter_of(value); r >= 0 && agr_object_next(&it, &key, &member);)
		r = apply_patterns(run, arg, key, member, true);
	return r < 0 ? r : 0;
}

static int check_additional(
	agr_schema_run *run, agr_span arg, agr_span schema, agr_span value)
{
	agr_span known, patterns, key, member, sub;
	bool has_known, has_patterns;
	agr_iter it;
	int r = 0;

	if (agr_span_type(value) != AGR_TYPE_OBJECT)
		return 0;
	has_known = get(schema, "properties", AGR_TYPE_OBJECT, &known);
	has_patterns = get(schema, "patternProperties", AGR_TYPE_OBJECT, &patterns);
	for (it = agr_iter_of(value); r == 0 && agr_object_next(&it, &key, &member);) {
		if (has_known && get_member(known, key, &sub))
			continue;
		if (has_patterns)
			r = apply_patterns(run, patterns, key, member, false);
		if (r != 0) {
			r = r < 0 ? r : 0;
			continue;
		}
		if (agr_span_type(arg) == AGR_TYPE_FALSE)
			agr_schema_fault(run, "%.*s is not a known member",
				key.n > 80 ? 80 : (int)key.n, key.p);
		else
			r = apply_member(run, key, arg, member);
	}
	return r;
}

static int check_names(agr_schema_run *run, agr_span arg, agr_span schema, agr_span value)
{
	agr_span key, member;
	agr_iter it;
	int r = 0;

	(void)schema;
	if (agr_span_type(value) != AGR_TYPE_OBJECT)
		return 0;
	for (it = agr_iter_of(value); r == 0 && agr_object_next(&it, &key, &member);)
		r = apply(run, arg, key);
	return r;
}

/* ---- arrays ----------------------------------------------------------------------- */

static int check_items(agr_schema_run *run, agr_span arg, agr_span schema, agr_span value)
{
	agr_iter it, subs = {NULL};
	agr_span element, sub = arg, rest;
	bool tuple = agr_span_type(arg) == AGR_TYPE_ARRAY, more = true;
	int r = 0;

	if (agr_span_type(value) != AGR_TYPE_ARRAY)
		return 0;
	if (tuple)
		subs = agr_iter_of(arg);
	it = agr_iter_of(value);
	for (size_t i = 0; r == 0 && agr_array_next(&it, &element); i++) {
		if (tuple && more && !agr_array_next(&subs, &sub)) {
			more = agr_object_get(schema, "additionalItems", 15, &rest);
			if (!more)
				break;
			sub = rest;
			tuple = false;
		}
		r = apply_element(run, i, sub, element);
	}
	return r;
}

static int check_contains(
	agr_schema_run *run, agr_span arg, agr_span schema, agr_span value)
{
	agr_span element;
	agr_iter it;

	(void)schema;
	if (agr_span_type(value) != AGR_TYPE_ARRAY)
		return 0;
	for (it = agr_iter_of(value); agr_array_next(&it, &element);) {
		int still = run->still, r;

		run->still = 0;
		r = passes(run, arg, element);
		run->still = still;
		if (r != 0)
			return r < 0 ? r : 0;
	}
	agr_schema_fault(run, "holds no element of the kind that must be there");
	return 0;
}

/* ---- combinations ------------------------------------------------------------------ */

static int check_all(agr_schema_run *run, agr_span arg, agr_span schema, agr_span value)
{
	agr_span sub;
	agr_iter it;
	int r = 0;

	(void)schema;
	if (agr_span_type(arg) != AGR_TYPE_ARRAY)
		return 0;
	for (it = agr_iter_of(arg); r == 0 && agr_array_next(&it, &sub);)
		r = apply(run, sub, value);
	return r;
}

/* How many of the schemas in `list` the value passes, up to `enough`; or <0. */
static int count_passes(agr_schema_run *run, agr_span list, agr_span value, int enough)
{
	agr_span sub;
	agr_iter it;
	int n = 0;

	for (it = agr_iter_of(list); n < enough && agr_array_next(&it, &sub);) {
		int r = passes(run, sub, value);

		if (r < 0)
			return r;
		n += r;
	}
	return n;
}

static int check_any(agr_schema_run *run, agr_span arg, agr_span schema, agr_span value)
{
	int n;

	(void)schema;
	if (agr_span_type(arg) != AGR_TYPE_ARRAY)
		return 0;
	n = count_passes(run, arg, value, 1);
	if (n == 0)
		agr_schema_fault(
			run, "is none of the kinds that are allowed here (anyOf)");
	return n < 0 ? n : 0;
}

static int check_one(agr_schema_run *run, agr_span arg, agr_span schema, agr_span value)
{
	int n;

	(void)schema;
	if (agr_span_type(arg) != AGR_TYPE_ARRAY)
		return 0;
	n = count_passes(run, arg, value, 2);
	if (n == 0)
		agr_schema_fault(
			run, "is none of the kinds that are allowed here (oneOf)");
	if (n == 2)
		agr_schema_fault(run, "is more than one of the kinds of which it must be "
				      "one (oneOf)");
	return n < 0 ? n : 0;
}

static int check_not(agr_schema_run *run, agr_span arg, agr_span schema, agr_span value)
{
	int r = passes(run, arg, value);

	(void)schema;
	if (r == 1)
		agr_schema_fault(run, "is of a kind that is not allowed here (not)");
	return r < 0 ? r : 0;
}

static int check_if(agr_schema_run *run, agr_span arg, agr_span schema, agr_span value)
{
	agr_span branch;
	int r = passes(run, arg, value);

	if (r < 0)
		return r;
	if (!agr_object_get(schema, r ? "then" : "else", 4, &branch))
		return 0;
	return apply(run, branch, value);
}

/* ---- references ---------------------------------------------------------------------
 */

static int hex(char c)
{
	c = agr_to_lower(c);
	if (agr_is_digit(c))
		return c - '0';
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* The next token of a "#/a/b~1c%20d" reference, decoded; `*at` moves behind it. */
static void next_token(agr_buf *out, const char **at, const char *end)
{
	const char *p = *at + 1;

	for (; p < end && *p != '/'; p++) {
		if (*p == '%' && end - p > 2 && hex(p[1]) >= 0 && hex(p[2]) >= 0) {
			agr_buf_char(out, (char)(16 * hex(p[1]) + hex(p[2])));
			p += 2;
		} else if (*p == '~' && end - p > 1 && (p[1] == '0' || p[1] == '1')) {
			agr_buf_char(out, *++p == '0' ? '~' : '/');
		} else {
			agr_buf_char(out, *p);
		}
	}
	*at = p;
}

static bool step(agr_span *at, const char *token, size_t len)
{
	agr_iter it;
	agr_span element;
	char index[24];

	if (agr_span_type(*at) == AGR_TYPE_OBJECT)
		return agr_object_get(*at, token, len, at);
	if (agr_span_type(*at) != AGR_TYPE_ARRAY)
		return false;
	it = agr_iter_of(*at);
	for (unsigned i = 0; agr_array_next(&it, &element); i++) {
		snprintf(index, sizeof(index), "%u", i);
		if (strlen(index) == len && memcmp(index, token, len) == 0) {
			*at = element;
			return true;
		}
	}
	return false;
}

int agr_schema_find_ref(agr_span root, agr_span ref, agr_span *out, agentrun_error **err)
{
	agr_buf text = AGR_BUF_INIT, token = AGR_BUF_INIT;
	const char *p, *end;
	bool found;
	int r = 0;

	*out = root;
	agr_string_decode(&text, ref);
	agr_buf_add(&text, "", 0);
	if (text.failed) {
		agr_buf_free(&text);
		return agr_error_oom(err);
	}
	p = text.data;
	end = p + text.len;
	found = *p == '#' && (p[1] == '/' || p + 1 == end);
	for (p++; found && p < end;) {
		agr_buf_reset(&token);
		next_token(&token, &p, end);
		found = step(out, token.data ? token.data : "", token.len);
	}
	if (text.failed || token.failed)
		r = agr_error_oom(err);
	else if (!found)
		r = agentrun_error_raise(err, AGENTRUN_ECONFIG,
			"the schema's $ref %.*s leads nowhere",
			ref.n > 200 ? 200 : (int)ref.n, ref.p);
	agr_buf_free(&text);
	agr_buf_free(&token);
	return r;
}

/* The whole schema may be looked through for it: that is work, where it is not known from
 * the last time. */
static int follow_ref(agr_schema_run *run, agr_span ref, agr_span *out)
{
	size_t place = (size_t)(ref.p - run->root.p);
	agr_schema_ref *known = &run->refs[(place ^ place >> 8) % AGR_SCHEMA_REFS];
	int r;

	*out = known->target;
	if (known->at == ref.p)
		return 0;
	run->work += run->root.n / BYTES_PER_WORK;
	r = agr_schema_find_ref(run->root, ref, out, run->err);
	if (r == 0)
		*known = (agr_schema_ref){ref.p, *out};
	return r;
}

/* ---- the walk -----------------------------------------------------------------------
 */

#define OF(type) (1u << AGR_TYPE_##type)

static const agr_keyword apply_keywords[] = {
	{"properties", check_properties, OF(OBJECT)},
	{"required", check_required, OF(OBJECT)},
	{"patternProperties", check_patterns, OF(OBJECT)},
	{"additionalProperties", check_additional, OF(OBJECT)},
	{"propertyNames", check_names, OF(OBJECT)},
	{"items", check_items, OF(ARRAY)},
	{"contains", check_contains, OF(ARRAY)},
	{"allOf", check_all, AGR_SCHEMA_ANY},
	{"anyOf", check_any, AGR_SCHEMA_ANY},
	{"oneOf", check_one, AGR_SCHEMA_ANY},
	{"not", check_not, AGR_SCHEMA_ANY},
	{"if", check_if, AGR_SCHEMA_ANY},
	{NULL, NULL, 0},
};

static int apply_keyword_list(agr_schema_run *run, agr_span schema, agr_span value)
{
	agr_span name, arg;
	agr_iter it;
	int r = 0;

	for (it = agr_iter_of(schema); r == 0 && agr_object_next(&it, &name, &arg);) {
		const agr_keyword *keyword = agr_schema_keyword(agr_schema_value_keywords, name);

		if (!keyword)
			keyword = agr_schema_keyword(apply_keywords, name);
		if (keyword)
			r = keyword->check(run, arg, schema, value);
	}
	return r;
}

static int apply_object(agr_schema_run *run, agr_span schema, agr_span value)
{
	agr_span ref, target;
	int r;

	if (!get(schema, "$ref", AGR_TYPE_STRING, &ref))
		return apply_keyword_list(run, schema, value);
	r = follow_ref(run, ref, &target); /* its neighbours count for nothing */
	return r < 0 ? r : apply(run, target, value);
}

int agr_schema_raise_kind(agentrun_error **err)
{
	return agentrun_error_raise(err, AGENTRUN_ECONFIG,
		"a schema must be an object, true or false");
}

static int apply(agr_schema_run *run, agr_span schema, agr_span value)
{
	int r;

	if (agr_span_type(schema) == AGR_TYPE_FALSE)
		agr_schema_fault(run, "is not allowed here");
	if (agr_span_type(schema) == AGR_TYPE_FALSE ||
		agr_span_type(schema) == AGR_TYPE_TRUE)
		return 0;
	if (agr_span_type(schema) != AGR_TYPE_OBJECT)
		return agr_schema_raise_kind(run->err);
	if (run->still >= MAX_STILL)
		return agentrun_error_raise(run->err, AGENTRUN_ECONFIG,
			"the schema refers to itself without end");
	run->work += 1 + schema.n / BYTES_PER_WORK;
	if (run->depth >= MAX_DEPTH || run->work > run->max_work)
		return agentrun_error_raise(
			run->err, AGENTRUN_ELIMIT, "the schema takes too much work");
	run->depth++;
	run->still++;
	r = apply_object(run, schema, value);
	run->still--;
	run->depth--;
	return r;
}

int agr_schema_check_within(size_t max_work, agr_span schema, agr_span value,
	agr_schema_report_fn report, void *user, agentrun_error **err)
{
	agr_schema_ref refs[AGR_SCHEMA_REFS] = {{NULL, {NULL, 0}}};
	agr_schema_run run = {.root = schema,
		.refs = refs,
		.report = report,
		.user = user,
		.err = err,
		.max_work = max_work,
		.path = AGR_BUF_INIT};
	int r = apply(&run, schema, value);

	while (run.patterns) {
		struct agr_schema_pattern *next = run.patterns->next;

		agr_regex_free(run.patterns->regex);
		agr_match_free(run.patterns->match);
		free(run.patterns);
		run.patterns = next;
	}
	agr_buf_free(&run.path);
	return r < 0 ? r : run.faults;
}

int agr_schema_check(agr_span schema, agr_span value, agr_schema_report_fn report,
	void *user, agentrun_error **err)
{
	return agr_schema_check_within(MAX_WORK + 2 * value.n, schema, value, report, user,
		err);
}
