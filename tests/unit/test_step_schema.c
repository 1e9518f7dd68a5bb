/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
/* What a step says about its parameters is what it takes: the schemas against the
 * compiler, on the examples of docs/pipeline.md and on what is refused. */
#include <stdio.h>

#include "unit.h"

#include "pipeline/own.h"

static const char *schema_of(const char *name)
{
	for (size_t i = 0; agr_step_name(i); i++)
		if (strcmp(agr_step_name(i), name) == 0)
			return agr_step_schema(i);
	ck_abort_msg("no step %s", name);
	return NULL;
}

static char *name_of(agr_span step)
{
	agr_args args = { step, NULL };
	char *name = NULL;

	ck_assert_int_eq(agr_args_string(&args, "step", &name, NULL), 1);
	return name;
}

/* Both take it, or both refuse it. */
static void agree(const char *text, size_t len, bool taken)
{
	agr_text step = { .p = text, .n = len };
	agr_buf array = AGR_BUF_INIT;
	agr_pipeline *pipeline = NULL;
	agentrun_error *said = NULL, *schema_said = NULL;
	agr_span object;
	char *name;
	int r, s;

	ck_assert_msg(agr_scan_document(&object, &step, &said) == 0, "%.*s: %s", (int)len,
		text, agentrun_error_message(said));
	name = name_of(object);
	agr_buf_printf(&array, "[%.*s]", (int)len, text);
	r = agr_pipeline_compile(&pipeline, array.data, array.len, NULL, &said);
	s = agr_step_check_schema(schema_of(name), object, &schema_said);
#ifndef AGR_HAVE_JQ
	if (strcmp(name, "jq_transform") == 0 && taken)
		r = 0;
#endif
#ifndef AGR_HAVE_PCRE2
	if (strcmp(name, "regex_extract") == 0 && taken)
		r = 0;
#endif
	ck_assert_msg((r == 0) == taken, "the compiler on %.*s: %s", (int)len, text,
		r ? agentrun_error_message(said) : "taken");
	ck_assert_msg((s == 0) == taken, "the schema on %.*s: %s", (int)len, text,
		s ? agentrun_error_message(schema_said) : "taken");
	ck_assert_msg(taken || (r < 0 && s == AGENTRUN_EINPUT), "%.*s: %d, %d",
		(int)len, text, r, s);
	agentrun_error_free(said);
	agentrun_error_free(schema_said);
	agr_pipeline_free(pipeline);
	agr_buf_free(&array);
	free(name);
}

static char *read_docs(void)
{
	char *text = calloc(1, 1 << 20);
	FILE *file = fopen(DOCS "/pipeline.md", "r");

	ck_assert_ptr_nonnull(file);
	ck_assert_uint_gt(fread(text, 1, (1 << 20) - 1, file), 0);
	fclose(file);
	return text;
}

START_TEST(every_example_of_the_docs_is_taken)
{
	char *docs = read_docs(), *end = docs;
	size_t found = 0;

	for (char *p = docs; (p = strstr(p, "```json\n")); p = end) {
		p += 8;
		end = strstr(p, "```");
		ck_assert_ptr_nonnull(end);
		agree(p, (size_t)(end - p), true);
		found++;
	}
	ck_assert_uint_ge(found, 15);
	/* and every step but count has one */
	for (size_t i = 0; agr_step_name(i); i++) {
		char part[64];

		snprintf(part, sizeof(part), "{\"step\": \"%s\"", agr_step_name(i));
		ck_assert_msg(strstr(docs, part) || strcmp(agr_step_name(i), "count") == 0 ||
				strcmp(agr_step_name(i), "offset") == 0,
			"docs/pipeline.md has no example of %s", agr_step_name(i));
	}
	free(docs);
}
END_TEST

START_TEST(both_take_the_same)
{
	static const char *const steps[] = {
		"{\"step\":\"count\"}",
		"{\"step\":\"count\",\"other\":[1]}",
		"{\"step\":\"offset\",\"n\":0}",
		"{\"step\":\"limit\",\"n\":1.0}",
		"{\"step\":\"top_k\",\"k\":1}",
		"{\"step\":\"top_k\",\"k\":3,\"by\":[\"a\",{\"field\":\"b\",\"order\":\"asc\"}]}",
		"{\"step\":\"table_sort\",\"by\":\"a\"}",
		"{\"step\":\"table_sort\",\"field\":\"a\",\"order\":\"desc\"}",
		"{\"step\":\"table_select\",\"fields\":{\"a\":\"b.c\"}}",
		"{\"step\":\"groupby\",\"by\":[],\"agg\":\"count\"}",
		"{\"step\":\"groupby\",\"by\":\"a\",\"agg\":\"sum\",\"field\":\"b\",\"as\":\"c\"}",
		"{\"step\":\"groupby\",\"by\":[\"a\"],\"aggs\":[{\"agg\":\"count\"},"
		"{\"agg\":\"max\",\"field\":\"b\"}]}",
		"{\"step\":\"join\",\"right\":\"artifact://x\",\"on\":[\"a\",\"b\"],\"how\":\"left\"}",
		"{\"step\":\"join\",\"right\":[],\"left_on\":\"a\",\"right_on\":\"b\"}",
		"{\"step\":\"distinct\"}",
		"{\"step\":\"distinct\",\"by\":\"a\"}",
		"{\"step\":\"table_filter\",\"condition\":{\"field\":\"a\",\"op\":\"exists\"}}",
		"{\"step\":\"table_filter\",\"condition\":{\"field\":\"a\",\"op\":\"==\",\"value\":null}}",
		"{\"step\":\"table_filter\",\"condition\":{\"not\":{\"or\":[{\"field\":\"a\","
		"\"op\":\"in\",\"value\":[1]},{\"field\":\"b\",\"op\":\"contains\",\"value\":2}]}}}",
		"{\"step\":\"http_request\",\"url\":\"https://e.org/\",\"method\":\"POST\","
		"\"params\":{\"a\":1},\"headers\":{\"X-A\":\"b\",\"X-N\":1},\"timeout_ms\":5}",
		"{\"step\":\"parse_date\",\"field\":\"a\"}",
		"{\"step\":\"regex_extract\",\"field\":\"a\",\"pattern\":\"\"}",
	};

	for (size_t i = 0; i < AGR_COUNT(steps); i++)
		agree(steps[i], strlen(steps[i]), true);
}
END_TEST

START_TEST(both_refuse_the_same)
{
	static const char *const steps[] = {
		"{\"step\":\"limit\"}",
		"{\"step\":\"limit\",\"n\":-1}",
		"{\"step\":\"limit\",\"n\":1.5}",
		"{\"step\":\"offset\",\"n\":\"1\"}",
		"{\"step\":\"top_k\"}",
		"{\"step\":\"top_k\",\"k\":0}",
		"{\"step\":\"top_k\",\"k\":1,\"order\":\"up\"}",
		"{\"step\":\"top_k\",\"k\":1,\"by\":[]}",
		"{\"step\":\"top_k\",\"k\":1,\"by\":[7]}",
		"{\"step\":\"table_sort\"}",
		"{\"step\":\"table_sort\",\"field\":7}",
		"{\"step\":\"table_sort\",\"by\":[{\"order\":\"asc\"}]}",
		"{\"step\":\"table_sort\",\"by\":[{\"field\":\"a\",\"order\":1}]}",
		"{\"step\":\"table_select\"}",
		"{\"step\":\"table_select\",\"fields\":[]}",
		"{\"step\":\"table_select\",\"fields\":\"a\"}",
		"{\"step\":\"table_select\",\"fields\":[1]}",
		"{\"step\":\"table_select\",\"fields\":{\"a\":1}}",
		"{\"step\":\"groupby\",\"agg\":\"count\"}",
		"{\"step\":\"groupby\",\"by\":[\"a\"]}",
		"{\"step\":\"groupby\",\"by\":[\"a\"],\"agg\":\"median\",\"field\":\"b\"}",
		"{\"step\":\"groupby\",\"by\":[\"a\"],\"agg\":\"sum\"}",
		"{\"step\":\"groupby\",\"by\":[\"a\"],\"aggs\":[]}",
		"{\"step\":\"groupby\",\"by\":[\"a\"],\"aggs\":[{\"agg\":\"sum\"}]}",
		"{\"step\":\"groupby\",\"by\":[1],\"agg\":\"count\"}",
		"{\"step\":\"join\",\"on\":\"a\"}",
		"{\"step\":\"join\",\"right\":{},\"on\":\"a\"}",
		"{\"step\":\"join\",\"right\":[]}",
		"{\"step\":\"join\",\"right\":[],\"left_on\":\"a\"}",
		"{\"step\":\"join\",\"right\":[],\"on\":\"a\",\"how\":\"outer\"}",
		"{\"step\":\"extract\"}",
		"{\"step\":\"extract\",\"path\":3}",
		"{\"step\":\"flatten\"}",
		"{\"step\":\"flatten\",\"field\":[]}",
		"{\"step\":\"distinct\",\"by\":7}",
		"{\"step\":\"distinct\",\"by\":[7]}",
		"{\"step\":\"rename\"}",
		"{\"step\":\"rename\",\"fields\":{}}",
		"{\"step\":\"rename\",\"fields\":{\"a\":1}}",
		"{\"step\":\"table_filter\"}",
		"{\"step\":\"table_filter\",\"condition\":[]}",
		"{\"step\":\"table_filter\",\"condition\":{}}",
		"{\"step\":\"table_filter\",\"condition\":{\"field\":\"a\",\"op\":\"<\"}}",
		"{\"step\":\"table_filter\",\"condition\":{\"field\":\"a\",\"op\":\"=\",\"value\":1}}",
		"{\"step\":\"table_filter\",\"condition\":{\"field\":\"a\",\"op\":\"in\",\"value\":1}}",
		"{\"step\":\"table_filter\",\"condition\":{\"field\":\"a\",\"op\":\"matches\","
		"\"value\":1}}",
		"{\"step\":\"table_filter\",\"condition\":{\"op\":\"<\",\"value\":1}}",
		"{\"step\":\"table_filter\",\"condition\":{\"and\":[]}}",
		"{\"step\":\"table_filter\",\"condition\":{\"not\":[]}}",
		"{\"step\":\"table_filter\",\"condition\":{\"or\":[{\"not\":{\"and\":[{}]}}]}}",
		"{\"step\":\"table_filter\",\"condition\":{\"and\":[{\"field\":\"a\",\"op\":"
		"\"exists\"}],\"or\":[{\"field\":\"a\",\"op\":\"exists\"}]}}",
		"{\"step\":\"derive\",\"as\":\"a\"}",
		"{\"step\":\"derive\",\"expr\":\"1\"}",
		"{\"step\":\"derive\",\"as\":\"a\",\"expr\":1}",
		"{\"step\":\"regex_extract\",\"field\":\"a\"}",
		"{\"step\":\"regex_extract\",\"field\":\"a\",\"pattern\":1}",
		"{\"step\":\"regex_extract\",\"field\":1,\"pattern\":\"a\"}",
		"{\"step\":\"regex_extract\",\"field\":\"a\",\"pattern\":\"a\",\"as\":1}",
		"{\"step\":\"parse_date\"}",
		"{\"step\":\"parse_date\",\"field\":\"a\",\"format\":1}",
		"{\"step\":\"parse_date\",\"field\":\"a\",\"as\":[]}",
		"{\"step\":\"jq_transform\"}",
		"{\"step\":\"jq_transform\",\"query\":1}",
		"{\"step\":\"jq_transform\",\"query\":\"\"}",
		"{\"step\":\"http_request\"}",
		"{\"step\":\"http_request\",\"url\":7}",
		"{\"step\":\"http_request\",\"url\":\"http://e.org/\",\"method\":\"HEAD\"}",
		"{\"step\":\"http_request\",\"url\":\"http://e.org/\",\"params\":1}",
		"{\"step\":\"http_request\",\"url\":\"http://e.org/\",\"headers\":{\"a\":[]}}",
		"{\"step\":\"http_request\",\"url\":\"http://e.org/\",\"timeout_ms\":-1}",
	};

	for (size_t i = 0; i < AGR_COUNT(steps); i++)
		agree(steps[i], strlen(steps[i]), false);
}
END_TEST

START_TEST(every_schema_describes_an_object_of_its_step)
{
	size_t n = 0;

	for (; agr_step_name(n); n++) {
		agr_text text = { .p = agr_step_schema(n), .n = strlen(agr_step_schema(n)) };
		agr_span schema, part;

		ck_assert_int_eq(agr_scan_document(&schema, &text, NULL), 0);
		ck_assert(agr_object_get(schema, "type", 4, &part));
		ck_assert(agr_string_is(part, "object", 6));
		ck_assert(agr_object_get(schema, "properties", 10, &part));
		ck_assert(agr_object_get(part, "step", 4, &part));
		ck_assert(agr_object_get(part, "const", 5, &part));
		ck_assert_msg(agr_string_is(part, agr_step_name(n), strlen(agr_step_name(n))),
			"%s", agr_step_name(n));
	}
	ck_assert_uint_ge(n, 18);
	ck_assert_ptr_null(agr_step_schema(n));
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		every_example_of_the_docs_is_taken,
		both_take_the_same,
		both_refuse_the_same,
		every_schema_describes_an_object_of_its_step,
		NULL,
	};

	return unit_main(unit_suite("step_schema", tests));
}
