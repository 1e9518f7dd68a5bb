/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
/* Every step: what it gives, and what it refuses. */
#include <stdio.h>

#include "run_pipeline.h"

struct example {
	const char *pipeline, *input, *expected;
};

static void all_give(const struct example *list, size_t n)
{
	for (size_t i = 0; i < n; i++)
		gives(list[i].pipeline, list[i].input, list[i].expected);
}

#define FILTER(condition) "{\"step\":\"table_filter\",\"condition\":" condition "}"
#define WHERE(op, value) FILTER("{\"field\":\"x\",\"op\":\"" op "\",\"value\":" value "}")
#define SORT(rest) "{\"step\":\"table_sort\"," rest "}"
#define GROUP(rest) "{\"step\":\"groupby\"," rest "}"
#define JOIN(rest) "{\"step\":\"join\"," rest "}"
#define SELECT(fields) "{\"step\":\"table_select\",\"fields\":" fields "}"

START_TEST(sort_orders_by_type_value_and_first_come)
{
	static const struct example list[] = {
		{ SORT("\"field\":\"x\""), "[{\"x\":3},{\"x\":1},{\"x\":2}]",
			"[{\"x\":1},{\"x\":2},{\"x\":3}]" },
		{ SORT("\"field\":\"x\",\"order\":\"desc\""), "[{\"x\":3},{\"x\":1},{\"x\":2}]",
			"[{\"x\":3},{\"x\":2},{\"x\":1}]" },
		/* missing and null are last both ways, in the order they came */
		{ SORT("\"field\":\"x\""), "[{\"x\":null},{\"y\":1},7,{\"x\":1}]",
			"[{\"x\":1},{\"x\":null},{\"y\":1},7]" },
		{ SORT("\"field\":\"x\",\"order\":\"desc\""),
			"[{\"x\":null},{\"y\":1},7,{\"x\":1}]",
			"[{\"x\":1},{\"x\":null},{\"y\":1},7]" },
		{ SORT("\"field\":\"x\""),
			"[{\"x\":{}},{\"x\":[]},{\"x\":\"a\"},{\"x\":0},{\"x\":true},{\"x\":false}]",
			"[{\"x\":false},{\"x\":true},{\"x\":0},{\"x\":\"a\"},{\"x\":[]},{\"x\":{}}]" },
		/* stable, ascending and descending */
		{ SORT("\"field\":\"x\",\"order\":\"desc\""),
			"[{\"x\":1,\"n\":1},{\"x\":1.0,\"n\":2},{\"x\":2,\"n\":3},{\"x\":1e0,\"n\":4}]",
			"[{\"x\":2,\"n\":3},{\"x\":1,\"n\":1},{\"x\":1.0,\"n\":2},{\"x\":1e0,\"n\":4}]" },
		{ SORT("\"by\":[{\"field\":\"a\"},{\"field\":\"b\",\"order\":\"desc\"}]"),
			"[{\"a\":2,\"b\":1},{\"a\":1,\"b\":1},{\"a\":1,\"b\":2}]",
			"[{\"a\":1,\"b\":2},{\"a\":1,\"b\":1},{\"a\":2,\"b\":1}]" },
		/* beyond doubles */
		{ SORT("\"field\":\"x\""),
			"[{\"x\":12345678901234567890124},{\"x\":12345678901234567890123}]",
			"[{\"x\":12345678901234567890123},{\"x\":12345678901234567890124}]" },
		{ SORT("\"field\":\"x\""), "[{\"x\":1e500},{\"x\":-1e500},{\"x\":1e400}]",
			"[{\"x\":-1e500},{\"x\":1e400},{\"x\":1e500}]" },
		/* paths, and the literal key before them */
		{ SORT("\"field\":\"a.b\""), "[{\"a\":{\"b\":2}},{\"a.b\":1,\"a\":{\"b\":9}}]",
			"[{\"a.b\":1,\"a\":{\"b\":9}},{\"a\":{\"b\":2}}]" },
		{ SORT("\"field\":\"t[-1]\""), "[{\"t\":[1,9]},{\"t\":[5,2]}]",
			"[{\"t\":[5,2]},{\"t\":[1,9]}]" },
		{ SORT("\"field\":\"x\""), "[]", "[]" },
	};

	all_give(list, AGR_COUNT(list));
	fails(SORT("\"order\":\"asc\""), "[]", AGENTRUN_EINPUT, 1, "field is missing");
	fails(SORT("\"field\":\"x\",\"order\":\"up\""), "[]", AGENTRUN_EINPUT, 1,
		"order must be \"asc\" or \"desc\", got \"up\"");
	fails(SORT("\"by\":[]"), "[]", AGENTRUN_EINPUT, 1, "by must be");
	fails(SORT("\"field\":7"), "[]", AGENTRUN_EINPUT, 1, "got 7");
}
END_TEST

START_TEST(filter_knows_every_operator)
{
	static const struct example list[] = {
		{ WHERE("<", "2"), "[{\"x\":1},{\"x\":2},{\"x\":3}]", "[{\"x\":1}]" },
		{ WHERE(">", "2"), "[{\"x\":1},{\"x\":2},{\"x\":3}]", "[{\"x\":3}]" },
		{ WHERE("<=", "2"), "[{\"x\":1},{\"x\":2.0},{\"x\":3}]", "[{\"x\":1},{\"x\":2.0}]" },
		{ WHERE(">=", "2"), "[{\"x\":1},{\"x\":2},{\"x\":3}]", "[{\"x\":2},{\"x\":3}]" },
		{ WHERE("==", "1.0"), "[{\"x\":1},{\"x\":\"1\"},{\"x\":10e-1}]",
			"[{\"x\":1},{\"x\":10e-1}]" },
		{ WHERE("!=", "1"), "[{\"x\":1},{\"x\":\"1\"},{\"y\":2},{\"x\":null},5]",
			"[{\"x\":\"1\"}]" },
		{ WHERE("in", "[1,\"a\"]"), "[{\"x\":1.0},{\"x\":\"a\"},{\"x\":2}]",
			"[{\"x\":1.0},{\"x\":\"a\"}]" },
		{ WHERE("not_in", "[1]"), "[{\"x\":1},{\"x\":2},{\"y\":0},{\"x\":null}]",
			"[{\"x\":2}]" },
		{ WHERE("contains", "\"b\""),
			"[{\"x\":\"abc\"},{\"x\":[\"b\"]},{\"x\":[\"bc\"]},{\"x\":{\"b\":1}},{\"x\":1}]",
			"[{\"x\":\"abc\"},{\"x\":[\"b\"]}]" },
		{ WHERE("contains", "1"), "[{\"x\":[0,1.0]},{\"x\":\"1\"}]", "[{\"x\":[0,1.0]}]" },
		{ WHERE("contains", "\"\""), "[{\"x\":\"\"},{\"x\":[]}]", "[{\"x\":\"\"}]" },
		{ WHERE("starts_with", "\"\\u00e9a\""),
			"[{\"x\":\"\\u00e9\\u0061b\"},{\"x\":\"\xc3\xa9" "ab\"},{\"x\":\"ea\"}]",
			"[{\"x\":\"\\u00e9\\u0061b\"},{\"x\":\"\xc3\xa9" "ab\"}]" },
		{ WHERE("ends_with", "\"bc\""), "[{\"x\":\"abc\"},{\"x\":\"bcd\"},{\"x\":3}]",
			"[{\"x\":\"abc\"}]" },
		{ FILTER("{\"field\":\"x\",\"op\":\"exists\"}"),
			"[{\"x\":0},{\"x\":null},{}]", "[{\"x\":0}]" },
		{ WHERE("exists", "true"), "[{\"x\":0},{\"x\":null},{}]", "[{\"x\":0}]" },
		{ WHERE("exists", "false"), "[{\"x\":0},{\"x\":null},{},3]",
			"[{\"x\":null},{},3]" },
		/* across types: never equal, never in order */
		{ WHERE("<", "\"b\""), "[{\"x\":1},{\"x\":\"a\"},{\"x\":false}]", "[{\"x\":\"a\"}]" },
		{ WHERE("<", "true"), "[{\"x\":false},{\"x\":0}]", "[{\"x\":false}]" },
		{ WHERE("==", "null"), "[{\"x\":null},{}]", "[]" },
		{ WHERE("==", "{\"a\":1,\"b\":2}"), "[{\"x\":{\"b\":2.0,\"a\":1}}]",
			"[{\"x\":{\"b\":2.0,\"a\":1}}]" },
		{ WHERE("==", "9007199254740993"), "[{\"x\":9007199254740992}]", "[]" },
	};

	all_give(list, AGR_COUNT(list));
}
END_TEST

#define X1 "{\"field\":\"x\",\"op\":\"==\",\"value\":1}"
#define Y1 "{\"field\":\"y\",\"op\":\"==\",\"value\":1}"

START_TEST(filters_combine)
{
	static const struct example list[] = {
		{ FILTER("{\"and\":[" X1 "," Y1 "]}"), "[{\"x\":1},{\"x\":1,\"y\":1}]",
			"[{\"x\":1,\"y\":1}]" },
		{ FILTER("{\"or\":[" X1 "," Y1 "]}"), "[{\"x\":1},{\"y\":1},{\"x\":2}]",
			"[{\"x\":1},{\"y\":1}]" },
		{ FILTER("{\"not\":" X1 "}"), "[{\"x\":1},{\"x\":2},{}]", "[{\"x\":2},{}]" },
		{ FILTER("{\"and\":[{\"not\":{\"or\":[" X1 "," Y1 "]}},"
			 "{\"field\":\"z\",\"op\":\"exists\"}]}"),
			"[{\"z\":1,\"x\":1},{\"z\":1},{}]", "[{\"z\":1}]" },
	};

	all_give(list, AGR_COUNT(list));
	fails(FILTER("{\"and\":[]}"), "[]", AGENTRUN_EINPUT, 1, "and must be a list");
	fails(FILTER("{\"and\":[" X1 "],\"or\":[" X1 "]}"), "[]", AGENTRUN_EINPUT, 1,
		"condition must be");
	fails(FILTER("{\"field\":\"x\",\"op\":\"=\",\"value\":1}"), "[]", AGENTRUN_EINPUT, 1,
		"op must be \"<\", \">\"");
	fails(FILTER("{\"field\":\"x\",\"op\":\"<\"}"), "[]", AGENTRUN_EINPUT, 1,
		"the value of < is missing");
	fails(WHERE("in", "3"), "[]", AGENTRUN_EINPUT, 1, "the value of in must be a list");
	fails(WHERE("starts_with", "3"), "[]", AGENTRUN_EINPUT, 1, "a string, got 3");
	fails(FILTER("3"), "[]", AGENTRUN_EINPUT, 1, "condition must be");
	fails("{\"step\":\"table_filter\"}", "[]", AGENTRUN_EINPUT, 1, "condition is missing");
}
END_TEST

START_TEST(filter_matches_patterns)
{
#ifdef AGR_HAVE_PCRE2
	gives(WHERE("matches", "\"^a.c$\""), "[{\"x\":\"abc\"},{\"x\":\"xabc\"},{\"x\":1}]",
		"[{\"x\":\"abc\"}]");
	gives(WHERE("matches", "\"^.$\""), "[{\"x\":\"\\u00e9\"},{\"x\":\"\xf0\x9f\x98\x80\"}]",
		"[{\"x\":\"\\u00e9\"},{\"x\":\"\xf0\x9f\x98\x80\"}]");
	fails(WHERE("matches", "\"a(\""), "[]", AGENTRUN_EINPUT, 1, "the pattern is wrong");
	fails(WHERE("matches", "\"^(a+)+$\""),
		"[{\"x\":\"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaab\"}]", AGENTRUN_ELIMIT, 1,
		"could not be matched");
#else
	fails(WHERE("matches", "\"a\""), "[]", AGENTRUN_EINPUT, 1, "without it");
#endif
}
END_TEST

START_TEST(select_takes_fields_in_the_order_asked)
{
	static const struct example list[] = {
		{ SELECT("[\"b\",\"a\",\"b\"]"), "[{\"a\":1,\"b\":2,\"c\":3},{\"a\":[ 1 ]},5]",
			"[{\"b\":2,\"a\":1},{\"b\":null,\"a\":[1]},{\"b\":null,\"a\":null}]" },
		{ SELECT("[\"owner.login\",\"tags[0]\"]"),
			"[{\"owner\":{\"login\":\"x\"},\"tags\":[\"t\",\"u\"]}]",
			"[{\"owner.login\":\"x\",\"tags[0]\":\"t\"}]" },
		{ SELECT("{\"who\":\"owner.login\",\"n\":\"id\"}"),
			"[{\"id\":1.50,\"owner\":{\"login\":\"\\u0078\"}}]",
			"[{\"who\":\"\\u0078\",\"n\":1.50}]" },
		{ SELECT("[\"a.b\"]"), "[{\"a\":{\"b\":1},\"a.b\":2}]", "[{\"a.b\":2}]" },
		{ SELECT("[\"\\u0061\",\"a\"]"), "[{\"a\":1}]", "[{\"\\u0061\":1}]" },
		{ SELECT("[\"a\"]"), "[{\"a\":{\"k\":1,\"k\":2},\"a\":{\"k\":3,\"k\":4}}]",
			"[{\"a\":{\"k\":4}}]" },
	};

	all_give(list, AGR_COUNT(list));
	fails(SELECT("[]"), "[]", AGENTRUN_EINPUT, 1, "fields must be");
	fails(SELECT("[1]"), "[]", AGENTRUN_EINPUT, 1, "fields must be");
	fails(SELECT("\"a\""), "[]", AGENTRUN_EINPUT, 1, "got \"a\"");
	fails("{\"step\":\"table_select\"}", "[]", AGENTRUN_EINPUT, 1, "fields is missing");
}
END_TEST

START_TEST(top_k_takes_the_first_or_the_best)
{
	static const struct example list[] = {
		{ "{\"step\":\"top_k\",\"k\":2}", "[3,1,{\"x\":2}]", "[3,1]" },
		{ "{\"step\":\"top_k\",\"k\":9}", "[3,null]", "[3,null]" },
		{ "{\"step\":\"top_k\",\"k\":2,\"by\":\"x\"}",
			"[{\"x\":1},{\"x\":3},{},{\"x\":2},{\"x\":3.0}]", "[{\"x\":3},{\"x\":3.0}]" },
		{ "{\"step\":\"top_k\",\"k\":2,\"by\":\"x\",\"order\":\"asc\"}",
			"[{\"x\":null},{\"x\":3},{\"x\":1},{\"x\":2}]", "[{\"x\":1},{\"x\":2}]" },
		{ "{\"step\":\"top_k\",\"k\":1.0,\"by\":[\"a\",{\"field\":\"b\",\"order\":\"asc\"}]}",
			"[{\"a\":1,\"b\":2},{\"a\":1,\"b\":1}]", "[{\"a\":1,\"b\":1}]" },
		{ "{\"step\":\"top_k\",\"k\":1}", "[]", "[]" },
		{ "{\"step\":\"top_k\",\"k\":1e30}", "[3]", "[3]" },
		{ "{\"step\":\"top_k\",\"k\":99999999999999999999,\"by\":\"x\"}",
			"[{\"x\":1},{\"x\":2}]", "[{\"x\":2},{\"x\":1}]" },
	};

	all_give(list, AGR_COUNT(list));
	fails("{\"step\":\"top_k\",\"k\":0}", "[]", AGENTRUN_EINPUT, 1,
		"k must be a whole number of at least 1, got 0");
	fails("{\"step\":\"top_k\",\"k\":1.5}", "[]", AGENTRUN_EINPUT, 1, "got 1.5");
	fails("{\"step\":\"top_k\",\"k\":\"2\"}", "[]", AGENTRUN_EINPUT, 1, "got \"2\"");
	fails("{\"step\":\"top_k\"}", "[]", AGENTRUN_EINPUT, 1, "k is missing");
}
END_TEST

START_TEST(top_k_is_a_sort_cut_off_however_many_rows_there_are)
{
	agr_buf in = AGR_BUF_INIT;
	agentrun_buf a = AGENTRUN_BUF_INIT, b = AGENTRUN_BUF_INIT;
	unsigned x = 12345;

	for (int i = 0; i < 20000; i++) {
		x = x * 1103515245u + 12345u;
		agr_buf_printf(&in, "{\"x\":%u,\"i\":%d}\n", x >> 16 & 1023, i);
	}
	/* Through table_select, whose rows do not last. */
	ck_assert_int_eq(run_with(&a,
		"[" SELECT("[\"x\",\"i\"]") ",{\"step\":\"top_k\",\"k\":25,\"by\":\"x\"}]", in.data,
		in.len, 0, AGENTRUN_FORMAT_JSON, NULL, NULL), 0);
	ck_assert_int_eq(run_with(&b,
		"[" SORT("\"field\":\"x\",\"order\":\"desc\"") ",{\"step\":\"limit\",\"n\":25}]",
		in.data, in.len, 0, AGENTRUN_FORMAT_JSON, NULL, NULL), 0);
	ck_assert_str_eq(a.data, b.data);
	agr_buf_free(&in);
	agentrun_buf_dispose(&a);
	agentrun_buf_dispose(&b);
}
END_TEST

START_TEST(groupby_aggregates_exactly)
{
	static const struct example list[] = {
		{ GROUP("\"by\":[\"k\"],\"agg\":\"count\""),
			"[{\"k\":1},{\"k\":\"a\"},{\"k\":1.0},{},{\"k\":null}]",
			"[{\"k\":1,\"count\":2},{\"k\":\"a\",\"count\":1},{\"k\":null,\"count\":2}]" },
		{ GROUP("\"by\":\"k\",\"agg\":\"sum\",\"field\":\"x\""),
			"[{\"k\":1,\"x\":9223372036854775807},{\"k\":1,\"x\":9223372036854775807},"
			"{\"k\":1,\"x\":123456789012345678901234567890},{\"k\":1,\"x\":null},{\"k\":1}]",
			"[{\"k\":1,\"sum_x\":123456789030792422974944119504}]" },
		{ GROUP("\"by\":[\"k\"],\"aggs\":[{\"agg\":\"count\"},{\"agg\":\"count\","
			"\"field\":\"x\"},{\"agg\":\"avg\",\"field\":\"x\",\"as\":\"mean\"},"
			"{\"agg\":\"min\",\"field\":\"x\"},{\"agg\":\"max\",\"field\":\"x\"}]"),
			"[{\"k\":\"a\",\"x\":1.50},{\"k\":\"a\",\"x\":2},{\"k\":\"a\"}]",
			"[{\"k\":\"a\",\"count\":3,\"count_x\":2,\"mean\":1.75,\"min_x\":1.50,"
			"\"max_x\":2}]" },
		{ GROUP("\"by\":[\"k\"],\"agg\":\"sum\",\"field\":\"x\""),
			"[{\"k\":1,\"x\":-100000000000000000000},{\"k\":1,\"x\":1}]",
			"[{\"k\":1,\"sum_x\":-99999999999999999999}]" },
		{ GROUP("\"by\":[\"k\"],\"agg\":\"sum\",\"field\":\"x\""),
			"[{\"k\":1,\"x\":100000000000000000000},{\"k\":1,\"x\":-100000000000000000000}]",
			"[{\"k\":1,\"sum_x\":0}]" },
		{ GROUP("\"by\":[\"k\"],\"agg\":\"sum\",\"field\":\"x\""),
			"[{\"k\":1,\"x\":1e16},{\"k\":1,\"x\":1.0},{\"k\":1,\"x\":-1e16},{\"k\":1,\"x\":2}]",
			"[{\"k\":1,\"sum_x\":3}]" },
		{ GROUP("\"by\":[\"k\"],\"agg\":\"avg\",\"field\":\"x\""),
			"[{\"k\":1},{\"k\":2,\"x\":1},{\"k\":2,\"x\":2}]",
			"[{\"k\":1,\"avg_x\":null},{\"k\":2,\"avg_x\":1.5}]" },
		{ GROUP("\"by\":[\"k\"],\"agg\":\"max\",\"field\":\"x\""),
			"[{\"k\":1,\"x\":5},{\"k\":1,\"x\":\"a\"},{\"k\":1,\"x\":true}]",
			"[{\"k\":1,\"max_x\":\"a\"}]" },
		{ GROUP("\"by\":[\"a.b\",\"c\"],\"agg\":\"count\""),
			"[{\"a\":{\"b\":1},\"c\":\"\\u0078\"},{\"a\":{\"b\":1},\"c\":\"x\"}]",
			"[{\"a.b\":1,\"c\":\"\\u0078\",\"count\":2}]" },
		{ GROUP("\"by\":[\"k\"],\"agg\":\"count\""), "[]", "[]" },
		{ GROUP("\"by\":[],\"agg\":\"sum\",\"field\":\"x\""), "[{\"x\":1},{\"x\":2}]",
			"[{\"sum_x\":3}]" },
		{ "[" SELECT("[\"k\",\"x\"]") "," GROUP("\"by\":[\"k\"],\"agg\":\"min\","
			"\"field\":\"x\"") "]", "[{\"k\":\"aa\",\"x\":2},{\"k\":\"aa\",\"x\":1}]",
			"[{\"k\":\"aa\",\"min_x\":1}]" },
	};

	all_give(list, AGR_COUNT(list));
	fails(GROUP("\"by\":[\"k\"],\"agg\":\"sum\",\"field\":\"x\""), "[{\"x\":1},{\"x\":\"2\"}]",
		AGENTRUN_EPIPELINE, 1, "sum of x wants numbers, got a string in row 2");
	fails(GROUP("\"by\":[\"k\"],\"agg\":\"sum\",\"field\":\"x\""), "[{\"x\":1e400}]",
		AGENTRUN_EPIPELINE, 1, "beyond the range");
	fails(GROUP("\"by\":[\"k\"],\"agg\":\"median\",\"field\":\"x\""), "[]", AGENTRUN_EINPUT, 1,
		"agg must be \"count\", \"sum\"");
	fails(GROUP("\"by\":[\"k\"],\"agg\":\"sum\""), "[]", AGENTRUN_EINPUT, 1,
		"field is missing");
	fails(GROUP("\"agg\":\"count\""), "[]", AGENTRUN_EINPUT, 1, "by is missing");
	fails(GROUP("\"by\":[\"count\"],\"agg\":\"count\""), "[]", AGENTRUN_EINPUT, 1,
		"two columns would be called count");
}
END_TEST

#define RIGHT "\"right\":[{\"code\":\"A\",\"name\":\"Ada\",\"n\":1},{\"code\":\"B\"," \
	"\"name\":\"Bob\"},{\"code\":\"A\",\"name\":\"Ann\"},{\"code\":null,\"name\":\"x\"}]"

START_TEST(join_matches_keys)
{
	static const struct example list[] = {
		{ JOIN(RIGHT ",\"on\":\"code\""), "[{\"code\":\"\\u0041\",\"i\":1},{\"code\":null},"
			"{\"code\":\"C\"},{\"code\":\"B\",\"i\":2},5]",
			"[{\"code\":\"\\u0041\",\"i\":1,\"name\":\"Ada\",\"n\":1},"
			"{\"code\":\"\\u0041\",\"i\":1,\"name\":\"Ann\"},"
			"{\"code\":\"B\",\"i\":2,\"name\":\"Bob\"}]" },
		{ JOIN(RIGHT ",\"on\":\"code\",\"how\":\"left\""), "[{\"code\":\"C\"},{\"n\":0},5]",
			"[{\"code\":\"C\",\"name\":null,\"n\":null},"
			"{\"n\":0,\"name\":null,\"n_right\":null},5]" },
		{ JOIN(RIGHT ",\"left_on\":\"c.id\",\"right_on\":\"code\""),
			"[{\"c\":{\"id\":\"B\"},\"name\":\"L\"}]",
			"[{\"c\":{\"id\":\"B\"},\"name\":\"L\",\"name_right\":\"Bob\"}]" },
		{ JOIN("\"right\":[{\"k\":1.0,\"a\":2,\"a_right\":3}],\"on\":[\"k\"]"),
			"[{\"k\":1,\"a\":0}]", "[{\"k\":1,\"a\":0,\"a_right_right\":2,\"a_right\":3}]" },
		{ JOIN("\"right\":[{\"k\":1,\"l\":\"x\",\"v\":true}],\"on\":[\"k\",\"l\"]"),
			"[{\"k\":1,\"l\":\"y\"},{\"k\":1,\"l\":\"x\"}]",
			"[{\"k\":1,\"l\":\"x\",\"v\":true}]" },
		{ JOIN("\"right\":[],\"on\":\"k\""), "[{\"k\":1}]", "[]" },
		{ JOIN("\"right\":[{\"k\":12345678901234567890123,\"v\":1.500}],\"on\":\"k\""),
			"[{\"k\":12345678901234567890123},{\"k\":12345678901234567890124}]",
			"[{\"k\":12345678901234567890123,\"v\":1.500}]" },
	};

	all_give(list, AGR_COUNT(list));
	fails(JOIN("\"on\":\"k\""), "[]", AGENTRUN_EINPUT, 1, "right is missing");
	fails(JOIN(RIGHT), "[]", AGENTRUN_EINPUT, 1, "on is missing");
	fails(JOIN(RIGHT ",\"left_on\":\"k\""), "[]", AGENTRUN_EINPUT, 1, "right_on is missing");
	fails(JOIN(RIGHT ",\"on\":\"k\",\"how\":\"outer\""), "[]", AGENTRUN_EINPUT, 1,
		"how must be \"inner\" or \"left\"");
	fails(JOIN("\"right\":\"artifact://x\",\"on\":\"k\""), "[]", AGENTRUN_EINPUT, 1,
		"artifact://x cannot be looked up");
}
END_TEST

START_TEST(joined_rows_lose_no_field_to_a_name)
{
	static const char join[] = "{\"step\":\"join\",\"on\":\"k\",\"how\":\"left\","
		"\"right\":[{\"k\":1,\"x\":8,\"x_right\":9,\"a.b\":4}]}";
	static const char rows[] = "[{\"k\":1,\"x\":1,\"x_right\":2},"
		"{\"k\":2,\"x\":1,\"a\":{\"b\":5}}]";
	char pipeline[256];

	gives(join, rows,
		"[{\"k\":1,\"x\":1,\"x_right\":2,\"x_right_right\":8,"
		"\"x_right_right_right\":9,\"a.b\":4},"
		"{\"k\":2,\"x\":1,\"a\":{\"b\":5},\"x_right_right\":null,"
		"\"x_right\":null,\"a.b\":null}]");
	/* The right's field is there, be it null: it is no path into the left's. */
	snprintf(pipeline, sizeof(pipeline),
		"[%s,{\"step\":\"table_select\",\"fields\":[\"a.b\"]}]", join);
	gives(pipeline, rows, "[{\"a.b\":4},{\"a.b\":null}]");
}
END_TEST

#define EXTRACT(path) "{\"step\":\"extract\",\"path\":\"" path "\"}"

START_TEST(extract_reaches_into_documents)
{
	static const struct example list[] = {
		{ EXTRACT("data.items"), "{\"data\":{\"items\":[1,2]}}", "[1,2]" },
		{ EXTRACT(".data.items"), "{\"data\":{\"items\":[1,2]}}", "[1,2]" },
		{ EXTRACT("features[].properties"),
			"{\"features\":[{\"properties\":{\"a\":1}},{\"properties\":{\"a\":2}},{}]}",
			"[{\"a\":1},{\"a\":2},null]" },
		{ EXTRACT("[].a"), "[{\"a\":1},{\"a\":2}]", "[1,2]" },
		{ EXTRACT("o[].i[]"), "{\"o\":[{\"i\":[1,2]},{},{\"i\":[]},{\"i\":[3]}]}", "[1,2,3]" },
		{ EXTRACT("[1]"), "[{\"a\":1},{\"a\":2}]", "{\"a\":2}" },
		{ EXTRACT("a.b"), "{\"a.b\":1,\"a\":{\"b\":2}}", "1" },
		{ EXTRACT("a"), "{\"a\":null}", "null" },
		{ EXTRACT("a"), "{\"a\":1,\"a\":{\"k\":1,\"k\":2}}", "{\"k\":2}" },
		{ "[" EXTRACT("rows") ",{\"step\":\"limit\",\"n\":1}]", "{\"rows\":[1,2]}", "[1]" },
		{ "[{\"step\":\"limit\",\"n\":1}," EXTRACT("[0].a") "]", "{\"a\":5}\n{\"a\":6}\n",
			"5" },
		{ EXTRACT("[].a"), "a,b\n1,2\n3,4\n", "[1,3]" },
	};

	all_give(list, AGR_COUNT(list));
	fails(EXTRACT("data.itmes"), "{\"data\":{\"items\":[],\"n\":0}}", AGENTRUN_EPIPELINE, 1,
		"nothing at data.itmes: the object there has items, n");
	fails(EXTRACT("a[]"), "{\"a\":{}}", AGENTRUN_EPIPELINE, 1, "wants an array, got an object");
	fails(EXTRACT("a..b"), "{}", AGENTRUN_EINPUT, 1, "path must be a path");
	fails(EXTRACT("a[x]"), "{}", AGENTRUN_EINPUT, 1, "path must be a path");
	fails("[" EXTRACT("a") ",{\"step\":\"count\"}]", "{\"a\":{}}", AGENTRUN_EPIPELINE, 2,
		"wants an array, got an object");
}
END_TEST

START_TEST(flatten_makes_a_row_an_element)
{
	static const struct example list[] = {
		{ "{\"step\":\"flatten\",\"field\":\"t\"}",
			"[{\"a\":1,\"t\":[\"x\",{\"y\":[ 2 ]}],\"b\":2},{\"t\":[]},{\"a\":3},"
			"{\"t\":null},{\"t\":7}]",
			"[{\"a\":1,\"t\":\"x\",\"b\":2},{\"a\":1,\"t\":{\"y\":[2]},\"b\":2},{\"t\":7}]" },
		{ "{\"step\":\"flatten\",\"field\":\"c.t\"}", "[{\"c\":{\"t\":[1,2],\"n\":0}}]",
			"[{\"c\":{\"t\":1,\"n\":0}},{\"c\":{\"t\":2,\"n\":0}}]" },
		{ "{\"step\":\"flatten\",\"field\":\"t\"}", "[{\"t\":1,\"b\":0,\"t\":[1,2]}]",
			"[{\"t\":1,\"b\":0},{\"t\":2,\"b\":0}]" },
	};

	all_give(list, AGR_COUNT(list));
	fails("{\"step\":\"flatten\"}", "[]", AGENTRUN_EINPUT, 1, "field is missing");
}
END_TEST

START_TEST(distinct_keeps_the_first)
{
	static const struct example list[] = {
		{ "{\"step\":\"distinct\"}",
			"[1,1.0,\"1\",{\"a\":1,\"b\":2},{\"b\":2,\"a\":1},[1],[1],null,null,{}]",
			"[1,\"1\",{\"a\":1,\"b\":2},[1],null,{}]" },
		{ "{\"step\":\"distinct\",\"by\":[\"a\",\"b\"]}",
			"[{\"a\":1,\"b\":1,\"n\":1},{\"a\":1,\"b\":2},{\"a\":1.0,\"b\":1},{\"a\":null},{}]",
			"[{\"a\":1,\"b\":1,\"n\":1},{\"a\":1,\"b\":2},{\"a\":null}]" },
		{ "{\"step\":\"distinct\",\"by\":\"a\"}", "[{\"a\":\"x\"},{\"a\":\"\\u0078\"}]",
			"[{\"a\":\"x\"}]" },
	};

	all_give(list, AGR_COUNT(list));
	fails("{\"step\":\"distinct\",\"by\":[1]}", "[]", AGENTRUN_EINPUT, 1, "by must be");
}
END_TEST

#define RENAME(fields) "{\"step\":\"rename\",\"fields\":" fields "}"

START_TEST(rename_leaves_fields_where_they_are)
{
	static const struct example list[] = {
		{ RENAME("{\"a\":\"z\",\"nope\":\"q\"}"), "[{\"a\":1,\"b\":2},{\"b\":3},4]",
			"[{\"z\":1,\"b\":2},{\"b\":3},4]" },
		{ RENAME("{\"a\":\"b\",\"b\":\"a\"}"), "[{\"a\":1,\"b\":2}]", "[{\"b\":1,\"a\":2}]" },
		{ RENAME("{\"a\":\"b\"}"), "[{\"a\":1,\"b\":2},{\"b\":2,\"a\":1}]",
			"[{\"b\":1},{\"b\":1}]" },
		{ RENAME("{\"c.code\":\"id\"}"), "[{\"c\":{\"code\":1,\"x\":2}},{\"c.code\":3}]",
			"[{\"c\":{\"id\":1,\"x\":2}},{\"id\":3}]" },
		{ RENAME("{\"a\":\"z\"}"), "[{\"a\":1,\"b\":0,\"a\":2}]", "[{\"z\":2,\"b\":0}]" },
	};

	all_give(list, AGR_COUNT(list));
	fails(RENAME("{\"a\":1}"), "[]", AGENTRUN_EINPUT, 1, "fields must be");
	fails(RENAME("{}"), "[]", AGENTRUN_EINPUT, 1, "fields must be");
}
END_TEST

START_TEST(limit_offset_and_count_take_rows_as_they_are)
{
	static const struct example list[] = {
		{ "{\"step\":\"limit\",\"n\":2}", "[1,[2],{\"a\":3}]", "[1,[2]]" },
		{ "{\"step\":\"limit\",\"n\":0}", "[1,2]", "[]" },
		{ "{\"step\":\"limit\",\"n\":99999999999}", "[1,2]", "[1,2]" },
		{ "{\"step\":\"limit\",\"n\":99999999999999999999}", "[1,2]", "[1,2]" },
		{ "{\"step\":\"offset\",\"n\":1}", "[1,[2],{\"a\":3}]", "[[2],{\"a\":3}]" },
		{ "{\"step\":\"offset\",\"n\":5}", "[1]", "[]" },
		{ "{\"step\":\"count\"}", "[1,null]", "[{\"count\":2}]" },
		{ "{\"step\":\"count\"}", "[]", "[{\"count\":0}]" },
		{ "[{\"step\":\"offset\",\"n\":1},{\"step\":\"limit\",\"n\":1},{\"step\":\"count\"}]",
			"[1,2,3]", "[{\"count\":1}]" },
	};

	all_give(list, AGR_COUNT(list));
	fails("{\"step\":\"limit\",\"n\":-1}", "[]", AGENTRUN_EINPUT, 1, "at least 0, got -1");
	fails("{\"step\":\"offset\"}", "[]", AGENTRUN_EINPUT, 1, "n is missing");
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		sort_orders_by_type_value_and_first_come,
		filter_knows_every_operator,
		filters_combine,
		filter_matches_patterns,
		select_takes_fields_in_the_order_asked,
		top_k_takes_the_first_or_the_best,
		top_k_is_a_sort_cut_off_however_many_rows_there_are,
		groupby_aggregates_exactly,
		join_matches_keys,
		joined_rows_lose_no_field_to_a_name,
		extract_reaches_into_documents,
		flatten_makes_a_row_an_element,
		distinct_keeps_the_first,
		rename_leaves_fields_where_they_are,
		limit_offset_and_count_take_rows_as_they_are,
		NULL,
	};

	return unit_main(unit_suite("steps", tests));
}
