/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
#include "unit.h"

#include <stdio.h>

#include "patch/rules.h"
#include "schema/proof.h"
#include "schema/schema.h"
#include "schemas.h"

static agr_span span_of(const char *json, size_t len)
{
	agr_text text = { .p = json, .n = len };
	agentrun_error *err = NULL;
	agr_span out = { NULL, 0 };

	ck_assert_msg(agr_scan_document(&out, &text, &err) == 0, "%s: %s", json,
		agentrun_error_message(err));
	return out;
}

static agr_span span(const char *json)
{
	return span_of(json, strlen(json));
}

static void ignore(void *user, const char *pointer, size_t len, const char *what)
{
	(void)user, (void)pointer, (void)len, (void)what;
}

/* A schema, and its proofs of a value by itself and of one whose members were noted. */
struct asked {
	agr_span schema;
	agr_proofs proofs;
	agr_wanted wanted;
	const agr_proof *proof, *noted; /* NULL: it has none */
	agr_proof_run *run;
};

static void open_asked(struct asked *a, agr_span schema, size_t max_work)
{
	a->schema = schema;
	agr_wanted_init(&a->wanted);
	ck_assert_uint_eq(agr_wanted_add(&a->wanted, "type", 4), 0);
	agr_proofs_init(&a->proofs, a->schema);
	a->proof = agr_proof_new(&a->proofs, a->schema, NULL, NULL, 0);
	a->noted = agr_proof_new(&a->proofs, a->schema, &a->wanted, NULL, 0);
	ck_assert_int_eq(!a->proof, !a->noted);
	if (a->proof && !agr_proofs_are_sound(&a->proofs))
		a->proof = a->noted = NULL;
	a->run = agr_proof_run_new(max_work);
	ck_assert_ptr_nonnull(a->run);
}

static void close_asked(struct asked *a)
{
	agr_proof_run_free(a->run);
	agr_proofs_free(&a->proofs);
	agr_wanted_free(&a->wanted);
}

/* What a scan would note. Free. */
static agr_span *note(const agr_wanted *wanted, agr_span value)
{
	agr_span *slots = calloc(wanted->n, sizeof(*slots)), key, member;
	agr_iter it;

	ck_assert_ptr_nonnull(slots);
	if (*value.p != '{')
		return slots;
	for (it = agr_iter_of(value); agr_object_next(&it, &key, &member);) {
		size_t at = agr_wanted_find_escaped(wanted, key);

		if (at != AGR_WANTED_NONE)
			slots[at] = member;
	}
	return slots;
}

static int check(const struct asked *a, agr_span value)
{
	return agr_schema_check_within(200000, a->schema, value, ignore, NULL, NULL);
}

/* How often it was each. */
struct counts {
	size_t none, good, bad, rest;
};

static void alike(bool passes, int r, const struct asked *a, agr_span value, const char *how)
{
	ck_assert_msg(passes == (r == 0), "%s says %d, the check %d: %.*s of %.*s", how, passes, r,
		(int)value.n, value.p, (int)a->schema.n, a->schema.p);
}

/* What is left of a value that passes, for another whose `type` is the same. */
static void ask_rest(struct asked *a, agr_span value, agr_span *slots, agr_span other,
	struct counts *counts)
{
	agr_arena arena = AGR_ARENA_INIT;
	const agr_proof *rest;
	agr_span *more = note(&a->wanted, other);
	int r = check(a, other);

	if (*other.p == '{' && more[0].p && more[0].n == slots[0].n &&
		memcmp(more[0].p, slots[0].p, slots[0].n) == 0 && r >= 0) {
		rest = agr_proof_rest(a->run, &arena, a->noted, (agr_proof_value){ value, slots }, 0);
		alike(!rest || agr_proof_passes(a->run, rest, (agr_proof_value){ other, more }), r, a,
			other, "the rest");
		counts->rest++;
	}
	agr_arena_free(&arena);
	free(more);
}

static void ask(struct asked *a, agr_span value, agr_span other, struct counts *counts)
{
	int r = check(a, value);
	agr_span *slots;
	bool passes;

	if (r == AGENTRUN_ELIMIT)
		return;
	if (!a->proof) {
		counts->none++;
		return;
	}
	ck_assert_int_ge(r, 0); /* it would have none */
	slots = note(&a->wanted, value);
	passes = agr_proof_passes(a->run, a->proof, (agr_proof_value){ value, NULL });
	alike(passes, r, a, value, "the proof");
	alike(agr_proof_passes(a->run, a->noted, (agr_proof_value){ value, slots }), r, a, value,
		"the proof of slots");
	counts->good += passes;
	counts->bad += !passes;
	if (passes && *value.p == '{' && slots[0].p)
		ask_rest(a, value, slots, other, counts);
	free(slots);
}

/* Both must agree, of whatever value. */
START_TEST(a_value_passes_just_where_the_check_finds_no_fault)
{
	agr_buf schema = AGR_BUF_INIT, value[2] = { AGR_BUF_INIT, AGR_BUF_INIT };
	struct counts counts = { 0, 0, 0, 0 };

	for (int i = 0; i < 4000; i++) {
		struct asked a;

		agr_buf_reset(&schema);
		if (i % 4)
			add_whole_schema(&schema, 1 + (unsigned)below(4));
		else
			add_kinds(&schema, 1 + (unsigned)below(3));
		open_asked(&a, span_of(schema.data, schema.len), 1000000000);
		for (int k = 0; k < 12; k++) {
			for (int j = 0; j < 2; j++) {
				agr_buf_reset(&value[j]);
				if (i % 4 == 0)
					add_kind(&value[j], 1 + (unsigned)below(2));
				else
					add_value(&value[j], 1 + (unsigned)below(3), !below(8));
			}
			ask(&a, span_of(value[0].data, value[0].len),
				span_of(value[1].data, value[1].len), &counts);
		}
		close_asked(&a);
	}
	ck_assert_uint_gt(counts.none, 1000);
	ck_assert_uint_gt(counts.good, 3000);
	ck_assert_uint_gt(counts.bad, 3000);
	ck_assert_uint_gt(counts.rest, 50);
	agr_buf_free(&schema);
	agr_buf_free(&value[0]);
	agr_buf_free(&value[1]);
}
END_TEST

/* What passes by the check is not known to pass where there is too much of it. */
static void is_left(const char *schema, const char *value, int checked)
{
	struct asked a;

	open_asked(&a, span(schema), 2000);
	ck_assert_ptr_nonnull(a.proof);
	ck_assert(!agr_proof_passes(a.run, a.proof, (agr_proof_value){ span(value), NULL }));
	ck_assert_int_eq(check(&a, span(value)), checked);
	close_asked(&a);
}

START_TEST(what_takes_too_much_is_left)
{
	agr_buf text = AGR_BUF_INIT;

	/* Each asks the next one three times. */
	agr_buf_str(&text, "{\"$ref\":\"#/definitions/d0\",\"definitions\":{");
	for (int i = 0; i < 14; i++)
		agr_buf_printf(&text, "\"d%d\":{\"oneOf\":[{\"$ref\":\"#/definitions/d%d\"},{"
			"\"$ref\":\"#/definitions/d%d\"},{\"$ref\":\"#/definitions/d%d\"}]},",
			i, i + 1, i + 1, i + 1);
	agr_buf_str(&text, "\"d14\":{\"minimum\":2}}}");
	is_left(text.data, "1", AGENTRUN_ELIMIT);
	agr_buf_reset(&text);
	for (int i = 0; i < 400; i++)
		agr_buf_char(&text, '[');
	for (int i = 0; i < 400; i++)
		agr_buf_char(&text, ']');
	is_left("{\"items\":{\"$ref\":\"#\"}}", text.data, 0);
	is_left("{\"allOf\":[{\"items\":{\"$ref\":\"#\"}},{\"items\":{\"$ref\":\"#\"}}]}",
		text.data, AGENTRUN_ELIMIT);
#ifdef AGR_HAVE_PCRE2
	/* One of these is not too much, and so many are. */
	agr_buf_reset(&text);
	for (int i = 0; i < 2000; i++)
		agr_buf_printf(&text, "%s\"aaaaaaaaaaaaaaaaaaaaaaab\"", i ? "," : "[");
	agr_buf_char(&text, ']');
	is_left("{\"items\":{\"not\":{\"pattern\":\"^(a|aa)+$\"}}}", text.data, AGENTRUN_ELIMIT);
	is_left("{\"pattern\":\"^(a|aa|a+)+$\"}", "\"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaab\"",
		AGENTRUN_ELIMIT);
#endif
	agr_buf_free(&text);
}
END_TEST

/* What is left of it for a type is looked for in bounds, too. */
START_TEST(what_is_left_is_found_soon_or_not_at_all)
{
	agr_buf text = AGR_BUF_INIT;
	agr_arena arena = AGR_ARENA_INIT;
	agr_span value = span("{\"type\":\"a\"}"), *slots;
	const agr_proof *rest;
	struct asked a;

	agr_buf_str(&text, "{\"$ref\":\"#/definitions/d0\",\"definitions\":{");
	for (int i = 0; i < 12; i++)
		agr_buf_printf(&text, "\"d%d\":{\"allOf\":[{\"$ref\":\"#/definitions/d%d\"},{"
			"\"$ref\":\"#/definitions/d%d\"}]},", i, i + 1, i + 1);
	agr_buf_str(&text, "\"d12\":{\"required\":[\"type\"]}}}");
	open_asked(&a, span_of(text.data, text.len), 1000000);
	slots = note(&a.wanted, value);
	ck_assert(agr_proof_passes(a.run, a.noted, (agr_proof_value){ value, slots }));
	rest = agr_proof_rest(a.run, &arena, a.noted, (agr_proof_value){ value, slots }, 0);
	ck_assert_ptr_eq(rest, a.noted); /* all of it */
	agr_arena_free(&arena);
	free(slots);
	close_asked(&a);
	agr_buf_free(&text);
}
END_TEST

START_TEST(what_is_no_schema_or_goes_in_circles_has_no_proof)
{
	static const char *const wrong[] = { "{\"$ref\":\"#\"}", "{\"not\":{\"$ref\":\"#\"}}",
		"{\"$ref\":\"#/nowhere\"}", "{\"$ref\":\"http://example.com/s\"}",
		"{\"anyOf\":[true,{\"pattern\":\"(\"}]}", "{\"properties\":{\"a\":7}}",
		"{\"items\":[1]}", "{\"if\":true,\"then\":null}",
		"{\"properties\":{\"a\":{\"$ref\":\"#/definitions/b\"}},\"allOf\":[{"
		"\"$ref\":\"#/definitions/b\"}],\"definitions\":{\"b\":{\"allOf\":[{"
		"\"$ref\":\"#\"}]}}}" };

	for (size_t i = 0; i < AGR_COUNT(wrong); i++) {
		struct asked a;

		open_asked(&a, span(wrong[i]), 1000);
		ck_assert_msg(!a.proof, "%s", wrong[i]);
		close_asked(&a);
	}
}
END_TEST

/* Of `properties` the last counts for what is additional; of others there may be so many that
 * lists of them are long. */
START_TEST(a_schema_that_has_a_keyword_twice_has_no_proof)
{
	static const char *const twice[] = {
		"{\"properties\":{\"a\":{}},\"properties\":{\"b\":{}},\"additionalProperties\":false}",
		"{\"properties\":{},\"propert\\u0069es\":{}}",
		"{\"required\":[],\"required\":[\"a\"]}", "{\"minimum\":1,\"minimum\":2}" };
	struct asked a;

	for (size_t i = 0; i < AGR_COUNT(twice); i++) {
		open_asked(&a, span(twice[i]), 1000);
		ck_assert_msg(!a.proof, "%s", twice[i]);
		close_asked(&a);
	}
	open_asked(&a, span(twice[0]), 1000);
	ck_assert_int_eq(check(&a, span("{\"a\":1}")), 1);
	close_asked(&a);
}
END_TEST

/* How often it may be asked for so much work. */
static int times(const char *schema, const char *value)
{
	struct asked a;
	int n = 0;

	open_asked(&a, span(schema), 1000);
	ck_assert_ptr_nonnull(a.proof);
	while (n < 1000 && agr_proof_passes(a.run, a.proof, (agr_proof_value){ span(value), NULL }))
		n++;
	close_asked(&a);
	return n;
}

START_TEST(a_long_list_is_work)
{
	agr_buf text = AGR_BUF_INIT;

	ck_assert_int_ge(times("{\"enum\":[1,7]}", "7"), 999);
	ck_assert_int_ge(times("{\"enum\":[\"a\",\"b\"]}", "\"b\""), 999);
	for (int i = 0; i < 10000; i++)
		agr_buf_printf(&text, "%s%d", i ? "," : "{\"enum\":[", i);
	agr_buf_str(&text, "]}");
	ck_assert_int_le(times(text.data, "9999"), 30);
	agr_buf_reset(&text);
	for (int i = 0; i < 10000; i++)
		agr_buf_printf(&text, "%s\"%d\"", i ? "," : "{\"enum\":[", i);
	agr_buf_str(&text, "]}");
	ck_assert_int_le(times(text.data, "\"9999\""), 30);
	agr_buf_free(&text);
}
END_TEST

#ifdef AGR_HAVE_PCRE2
/* Else each patch would take the long way. */
START_TEST(a_usual_schema_of_a_workflow_is_made_ready)
{
	FILE *f = fopen(DOCS "/../tests/bench/workflow.schema.json", "rb");
	static char text[65536];
	agr_rules *rules;
	size_t len;

	ck_assert_ptr_nonnull(f);
	len = fread(text, 1, sizeof(text), f);
	fclose(f);
	ck_assert_int_eq(agr_rules_new(&rules, "schema", text, len, NULL), 0);
	ck_assert(!rules->useless);
	ck_assert_ptr_nonnull(rules->nodes.each);
	ck_assert_ptr_nonnull(rules->edges.each);
	ck_assert_ptr_nonnull(rules->around);
	ck_assert_uint_eq(rules->nodes.least, 1);
	agr_rules_release(rules);
}
END_TEST
#endif

int main(void)
{
	const TTest *const tests[] = {
		a_value_passes_just_where_the_check_finds_no_fault,
		what_takes_too_much_is_left,
		what_is_left_is_found_soon_or_not_at_all,
		what_is_no_schema_or_goes_in_circles_has_no_proof,
		a_schema_that_has_a_keyword_twice_has_no_proof,
		a_long_list_is_work,
#ifdef AGR_HAVE_PCRE2
		a_usual_schema_of_a_workflow_is_made_ready,
#endif
		NULL,
	};

	return unit_main(unit_suite("proof", tests));
}
