/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
/* Readers, writers, and operators that stand for several steps. */
#include "run_pipeline.h"

#ifdef AGR_HAVE_ZLIB
#include <zlib.h>
#endif
#ifdef AGR_HAVE_ZSTD
#include <zstd.h>
#endif

#define FILTER "{\"step\":\"table_filter\",\"condition\":{\"field\":\"n\",\"op\":\">\",\"value\":3}}"
#define SORT "{\"step\":\"table_sort\",\"by\":[{\"field\":\"k\",\"order\":\"desc\"},\"s\"]}"
#define SELECT "{\"step\":\"table_select\",\"fields\":[\"s\",\"n\",\"in.x\"]}"
#define JOIN "{\"step\":\"join\",\"how\":\"left\",\"on\":\"s\",\"right\":[{\"s\":\"a\",\"r\":1,\"n\":9}," \
	"{\"s\":\"b\",\"r\":2},{\"s\":\"b\",\"r\":[ 3 ]}]}"

struct parts {
	agr_buf text;
	size_t n;
};

static int take_part(void *user, const char *data, size_t len, agentrun_error **err)
{
	struct parts *parts = user;

	(void)err;
	agr_buf_add(&parts->text, data, len);
	parts->n++;
	return 0;
}

static int run_pieces(struct parts *out, const char *pipeline, struct pieces *pieces,
	int format, agentrun_error **err)
{
	agentrun_execute_options opts;

	agentrun_execute_options_init(&opts, sizeof(opts));
	opts.read = read_piece;
	opts.read_user = pieces;
	opts.write = take_part;
	opts.write_user = out;
	opts.output_format = format;
	return agr_execute(NULL, pipeline, strlen(pipeline), &opts, NULL, NULL, NULL, NULL,
		NULL, err);
}

static int run_in_pieces(struct parts *out, const char *pipeline, const char *input,
	size_t size, int format, agentrun_error **err)
{
	struct pieces pieces = { input, strlen(input), size, 0 };

	return run_pieces(out, pipeline, &pieces, format, err);
}

/* A few rows of every kind, then so many of one. */
static void make_rows(agr_buf *out, size_t n, bool lines)
{
	const char *between = lines ? "\n" : ", \n\t";

	if (!lines)
		agr_buf_str(out, "\xef\xbb\xbf [");
	agr_buf_printf(out, "{\"s\":\"b\",\"n\":4.50,\"k\":1e1}%s[1]%s{}%s"
		"{ \"s\" : \"\\u0061\", \"n\":12345678901234567890, \"in\":{ \"x\" : [ 1, 2 ] },"
		"\"n\":5, \"k\":true}%snull", between, between, between, between);
	for (size_t i = 0; i < n; i++)
		agr_buf_printf(out, "%s{\"s\":\"%c%zu\",\"n\":%zu,\"k\":%zu.5,\"in\":{\"x\":%zu}}",
			between, (int)('a' + i % 26), i, i % 11, i % 7, i);
	agr_buf_str(out, lines ? "\n" : "]\n");
	ck_assert_int_eq(out->failed, 0);
}

static const char *const pipelines[] = { "[" FILTER "]", "[" SORT "]", "[" SORT "," SELECT "]",
	"[" SORT "," FILTER "]", "[" SORT ",{\"step\":\"limit\",\"n\":4}]",
	"[" SORT ",{\"step\":\"top_k\",\"k\":3}," SELECT "]", "[" JOIN "]",
	"[" JOIN "," SORT ",{\"step\":\"top_k\",\"k\":5}]", "[" JOIN "," FILTER "," SELECT "]",
	"[" JOIN ",{\"step\":\"table_select\",\"fields\":[\"r\",\"n_right\",\"n\"]}]",
	"[{\"step\":\"groupby\",\"by\":[\"k\"],\"aggs\":[{\"agg\":\"count\"},"
	"{\"agg\":\"sum\",\"field\":\"n\"}]}]",
	"[{\"step\":\"distinct\",\"by\":[\"k\",\"in.x\"]},{\"step\":\"count\"}]",
	"[{\"step\":\"offset\",\"n\":2},{\"step\":\"rename\",\"fields\":{\"s\":\"t\"}}]" };

static void pieces_give(bool lines)
{
	static const size_t sizes[] = { 1, 7, 4096, 1 << 20 };
	static const int formats[] = { AGENTRUN_FORMAT_JSON, AGENTRUN_FORMAT_NDJSON,
		AGENTRUN_FORMAT_CSV };
	agr_buf input = AGR_BUF_INIT;

	make_rows(&input, 40, lines);
	for (size_t i = 0; i < AGR_COUNT(pipelines); i++) {
		for (size_t f = 0; f < AGR_COUNT(formats); f++) {
			agentrun_buf whole = AGENTRUN_BUF_INIT;
			agentrun_error *err = NULL;

			ck_assert_int_eq(run_with(&whole, pipelines[i], input.data, input.len,
				AGENTRUN_FORMAT_AUTO, formats[f], NULL, &err), 0);
			for (size_t k = 0; k < AGR_COUNT(sizes); k++) {
				struct parts out = { AGR_BUF_INIT, 0 };

				ck_assert_int_eq(run_in_pieces(&out, pipelines[i], input.data,
					sizes[k], formats[f], &err), 0);
				ck_assert_uint_eq(out.text.len, whole.len);
				ck_assert_int_eq(memcmp(out.text.data, whole.data, whole.len), 0);
				agr_buf_free(&out.text);
			}
			agentrun_buf_dispose(&whole);
		}
	}
	agr_buf_free(&input);
}

START_TEST(pieces_give_what_the_whole_gives)
{
	pieces_give(false);
	pieces_give(true);
}
END_TEST

/* Steps run one at a time, each on what the one before it gave. */
START_TEST(steps_done_together_give_what_they_give_one_by_one)
{
	static const char *const steps[][3] = { { SORT, FILTER, SELECT },
		{ SORT, SELECT, "{\"step\":\"limit\",\"n\":7}" }, { SORT, "{\"step\":\"limit\",\"n\":0}" },
		{ SORT, "{\"step\":\"top_k\",\"k\":2}", SELECT },
		{ JOIN, SORT, "{\"step\":\"limit\",\"n\":9}" }, { JOIN, FILTER, SORT },
		{ FILTER, JOIN, "{\"step\":\"table_select\",\"fields\":[\"r\",\"n\",\"s\"]}" } };
	agr_buf input = AGR_BUF_INIT;

	make_rows(&input, 3000, false);
	for (size_t i = 0; i < AGR_COUNT(steps); i++) {
		agr_buf all = AGR_BUF_INIT, at = AGR_BUF_INIT;
		agentrun_buf out = AGENTRUN_BUF_INIT;
		agentrun_error *err = NULL;

		agr_buf_add(&at, input.data, input.len);
		for (size_t k = 0; k < 3 && steps[i][k]; k++) {
			agr_buf one = AGR_BUF_INIT;

			agr_buf_printf(&all, "%s%s", k ? "," : "[", steps[i][k]);
			agr_buf_printf(&one, "[%s]", steps[i][k]);
			ck_assert_int_eq(run_with(&out, one.data, at.data, at.len, 0,
				AGENTRUN_FORMAT_JSON, NULL, &err), 0);
			agr_buf_reset(&at);
			agr_buf_add(&at, out.data, out.len);
			agentrun_buf_dispose(&out);
			agr_buf_free(&one);
		}
		agr_buf_char(&all, ']');
		ck_assert_int_eq(run_with(&out, all.data, input.data, input.len, 0,
			AGENTRUN_FORMAT_JSON, NULL, &err), 0);
		ck_assert_str_eq(out.data, at.data);
		agentrun_buf_dispose(&out);
		agr_buf_free(&all);
		agr_buf_free(&at);
	}
	agr_buf_free(&input);
}
END_TEST

START_TEST(the_first_rows_are_looked_into_by_what_follows)
{
	static const char rows[] = "[{\"a\":1,\"b\":2},{\"b\":3},{\"a\":5}]";

	gives("[{\"step\":\"top_k\",\"k\":2},{\"step\":\"table_select\",\"fields\":[\"b\"]}]",
		rows, "[{\"b\":2},{\"b\":3}]");
	gives("[{\"step\":\"top_k\",\"k\":9},{\"step\":\"distinct\"},{\"step\":\"groupby\","
	      "\"by\":[],\"agg\":\"sum\",\"field\":\"a\"}]", rows, "[{\"sum_a\":6}]");
	gives("[{\"step\":\"limit\",\"n\":2},{\"step\":\"top_k\",\"k\":1},"
	      "{\"step\":\"table_sort\",\"field\":\"b\"}]", rows, "[{\"a\":1,\"b\":2}]");
}
END_TEST

/* Rows that are gone when they are compared, and keys that only their texts tell apart. */
START_TEST(second_keys_outlive_the_rows_they_came_from)
{
	static const char pipeline[] = "[{\"step\":\"table_sort\",\"by\":[\"k\",\"v\"]},"
		"{\"step\":\"table_select\",\"fields\":[\"v\"]}]";
	static const char *const pairs[][2] = { { "1.00000000000000000001", "1" },
		{ "\"abc\\u0000\"", "\"abc\"" }, { "\"\\u0061\\u0000\"", "\"a\"" } };

	char pad[401] = "";

	memset(pad, '{', sizeof(pad) - 1);
	for (size_t i = 0; i < AGR_COUNT(pairs); i++) {
		struct parts out = { AGR_BUF_INIT, 0 };
		agr_buf input = AGR_BUF_INIT, expected = AGR_BUF_INIT;
		agentrun_error *err = NULL;

		agr_buf_char(&input, '[');
		for (int row = 0; row < 2000; row++)
			agr_buf_printf(&input, "%s{\"k\":7,\"pad\":\"%s\",\"v\":%s}",
				row ? "," : "", pad, pairs[i][row % 2]);
		agr_buf_char(&input, ']');
		for (int row = 0; row < 2000; row++)
			agr_buf_printf(&expected, "%c{\"v\":%s}", row ? ',' : '[',
				pairs[i][row < 1000]);
		agr_buf_char(&expected, ']');
		ck_assert_int_eq(run_in_pieces(&out, pipeline, input.data, 4096,
			AGENTRUN_FORMAT_JSON, &err), 0);
		ck_assert_uint_eq(out.text.len, expected.len);
		ck_assert_int_eq(memcmp(out.text.data, expected.data, expected.len), 0);
		agr_buf_free(&out.text);
		agr_buf_free(&input);
		agr_buf_free(&expected);
	}
}
END_TEST

START_TEST(lines_are_lines_however_long_the_first)
{
	static const int lengths[] = { 262130, 262143, 262144, 262145, 700000 };
	static const char pipeline[] = "[{\"step\":\"count\"}]";

	for (size_t i = 0; i < AGR_COUNT(lengths); i++) {
		struct parts out = { AGR_BUF_INIT, 0 };
		agr_buf input = AGR_BUF_INIT;
		agentrun_error *err = NULL;

		agr_buf_printf(&input, "{\"a\":\"%0*d\"}\n \n{}\n", lengths[i] - 9, 0);
		ck_assert_int_eq(run_in_pieces(&out, pipeline, input.data, 65536,
			AGENTRUN_FORMAT_JSON, &err), 0);
		ck_assert_uint_eq(out.text.len, 13);
		ck_assert_int_eq(memcmp(out.text.data, "[{\"count\":2}]", 13), 0);
		agr_buf_free(&out.text);
		agr_buf_free(&input);
	}
}
END_TEST

struct stopped {
	struct pieces pieces;
	atomic_int cancelled;
};

/* Cancels once all is read. */
static int read_and_stop(void *user, char *to, size_t cap, size_t *len,
	agentrun_error **err)
{
	struct stopped *s = user;

	atomic_store(&s->cancelled, s->pieces.left == 0);
	return read_piece(&s->pieces, to, cap, len, err);
}

static int stopped_run(const char *pipeline, const char *input)
{
	struct stopped stopped = { .pieces = { input, strlen(input), 65536, 0 } };
	agr_run_options opts = { .read = read_and_stop, .read_user = &stopped,
		.cancelled = &stopped.cancelled, .limits = agr_pipeline_limits_default() };
	agr_pipeline *compiled;
	agentrun_error *err = NULL;
	agr_run *run;
	int r;

	ck_assert_int_eq(agr_pipeline_compile(&compiled, pipeline, strlen(pipeline), NULL,
		&err), 0);
	ck_assert_int_eq(agr_run_new(&run, compiled, &opts, &err), 0);
	r = agr_run_advance(run, &err);
	ck_assert_int_eq(agentrun_error_code(err), r);
	agentrun_error_free(err);
	agr_run_free(run);
	agr_pipeline_free(compiled);
	return r;
}

START_TEST(long_work_behind_the_input_can_be_stopped)
{
	agr_buf rows = AGR_BUF_INIT, pipeline = AGR_BUF_INIT;

	agr_buf_str(&rows, "[{\"k\":1,\"s\":\"the same beginning\"}");
	for (int i = 0; i < 4000; i++)
		agr_buf_printf(&rows, ",{\"k\":1,\"s\":\"the same beginning %d\"}", i);
	agr_buf_char(&rows, ']');
	/* Sorting itself: hardly anything comes out of it. */
	ck_assert_int_eq(stopped_run("[{\"step\":\"table_sort\",\"field\":\"s\"},"
		"{\"step\":\"limit\",\"n\":1}]", rows.data), AGENTRUN_ECANCELLED);
	agr_buf_printf(&pipeline, "[{\"step\":\"join\",\"on\":\"k\",\"right\":%s},"
		"{\"step\":\"count\"}]", rows.data);
	ck_assert_int_eq(stopped_run(pipeline.data, "[{\"k\":1,\"s\":2}]"),
		AGENTRUN_ECANCELLED);
	agr_buf_free(&rows);
	agr_buf_free(&pipeline);
}
END_TEST

START_TEST(a_long_result_comes_in_parts_and_a_short_one_in_one)
{
	agr_buf input = AGR_BUF_INIT;
	struct parts out = { AGR_BUF_INIT, 0 };
	agentrun_error *err = NULL;

	make_rows(&input, 200000, true);
	ck_assert_int_eq(run_in_pieces(&out, "[{\"step\":\"offset\",\"n\":1}]", input.data, 65536,
		AGENTRUN_FORMAT_JSON, &err), 0);
	ck_assert_uint_gt(out.text.len, AGR_RUN_HOLD);
	ck_assert_uint_gt(out.n, 2);
	agr_buf_reset(&out.text);
	out.n = 0;
	ck_assert_int_eq(run_in_pieces(&out, "[{\"step\":\"limit\",\"n\":1000}]", input.data, 65536,
		AGENTRUN_FORMAT_JSON, &err), 0);
	ck_assert_uint_eq(out.n, 1);
	agr_buf_free(&out.text);
	agr_buf_free(&input);
}
END_TEST

START_TEST(a_fault_is_where_it_is_however_the_text_came)
{
	static const struct {
		const char *input, *part;
	} cases[] = { { "[{\"a\":1},\n {\"a\":}]", "input:2:7: not valid JSON" },
		{ "{\"a\":1}\n{\"a\":2}\n{\"a\":", "input:3:6: not valid JSON" },
		{ "{\"a\":1}\n{\"a\":2} 3\n", "input:2:9: not valid NDJSON" },
		{ "[1,2,3", "input:1:7: not valid JSON: an array is not closed" },
		{ "[1,2,3] x", "input:1:9: not valid JSON: unexpected text" },
		{ "[\"a\xff\"]", "input:1:4: not valid JSON: invalid UTF-8" },
		{ "[\"\\u12", "input:1:7: not valid JSON: a string is not closed" }, { " \n ", "empty" },
		{ "a,b\n1,\"2\n\"\n3\n", "input:4:1: not valid CSV: this record has 1 fields" },
		{ "a,b\r\n1,2\r\n\"3\"x,4", "input:3:4: not valid CSV: text after a quoted field" },
		{ "a,b\n1,2\n3,\"4\n\n5", "input:3:3: not valid CSV: a quoted field is not closed" },
		{ "a,b\n\"1\n\",\xc3\x28\n", "input:3:3: not valid CSV: invalid UTF-8" },
		{ "a,b\n1,2\n3,\xe6\x97", "input:3:3: not valid CSV: invalid UTF-8" } };

	for (size_t i = 0; i < AGR_COUNT(cases); i++) {
		for (size_t size = 1; size < 40; size += 3) {
			struct parts out = { AGR_BUF_INIT, 0 };
			agentrun_error *err = NULL;

			ck_assert_int_eq(run_in_pieces(&out, "[{\"step\":\"count\"}]",
				cases[i].input, size, AGENTRUN_FORMAT_JSON, &err), AGENTRUN_EINPUT);
			ck_assert_msg(strstr(agentrun_error_message(err), cases[i].part) != NULL,
				"%s in pieces of %zu: %s", cases[i].input, size,
				agentrun_error_message(err));
			ck_assert_uint_eq(out.text.len, 0);
			agentrun_error_free(err);
		}
	}
}
END_TEST

/* Of every kind of field, with line ends of both kinds inside and behind records. */
static void make_csv(agr_buf *out, size_t n)
{
	agr_buf_str(out, "\xef\xbb\xbfs,n,\"k\r\n\",\"a \"\"b\"\"\"\r\n\r\n\n");
	agr_buf_str(out, "b,4.50,true,\"\"\n,-0,\"\",x\ry\r\n\"\r\n\",\"\"\"\",\",\",\"\"\"\n\"\"\"\n");
	agr_buf_str(out, "\xc3\xa9,01,1e5,\xe6\x97\xa5\xe6\x9c\xac\r\n\n\"\xf0\x9f\x98\x80\",-,1.,\"9\"\r\n");
	for (size_t i = 0; i < n; i++)
		agr_buf_printf(out, "%c%zu,%zu,%zu.5,\"line %zu\n\"\"%zu\"\"\"%s",
			(int)('a' + i % 26), i, i % 11, i % 7, i, i, i % 3 ? "\r\n" : "\n");
	agr_buf_str(out, "last,1,2,3");
	ck_assert_int_eq(out->failed, 0);
}

static void csv_pieces_give(size_t n, const size_t *sizes, size_t n_sizes)
{
	static const char *const csv_pipelines[] = { "[" FILTER "]", "[{\"step\":\"offset\",\"n\":0}]",
		"[" SORT "," SELECT "]", "[{\"step\":\"groupby\",\"by\":[\"a \\\"b\\\"\"],\"agg\":\"count\"}]" };
	agr_buf input = AGR_BUF_INIT;

	make_csv(&input, n);
	for (size_t i = 0; i < AGR_COUNT(csv_pipelines); i++) {
		agentrun_buf whole = AGENTRUN_BUF_INIT;
		agentrun_error *err = NULL;

		ck_assert_int_eq(run_with(&whole, csv_pipelines[i], input.data, input.len,
			AGENTRUN_FORMAT_AUTO, AGENTRUN_FORMAT_JSON, NULL, &err), 0);
		for (size_t k = 0; k < n_sizes; k++) {
			struct parts out = { AGR_BUF_INIT, 0 };

			ck_assert_int_eq(run_in_pieces(&out, csv_pipelines[i], input.data,
				sizes[k], AGENTRUN_FORMAT_JSON, &err), 0);
			ck_assert_uint_eq(out.text.len, whole.len);
			ck_assert_int_eq(memcmp(out.text.data, whole.data, whole.len), 0);
			agr_buf_free(&out.text);
		}
		agentrun_buf_dispose(&whole);
	}
	agr_buf_free(&input);
}

START_TEST(csv_in_pieces_gives_what_the_whole_gives)
{
	static const size_t few[] = { 1, 2, 3, 5, 64 }, many[] = { 1000, 65536, 1 << 20 };

	csv_pieces_give(20, few, AGR_COUNT(few));
	csv_pieces_give(40000, many, AGR_COUNT(many));
}
END_TEST

START_TEST(what_looks_like_csv_does_so_in_pieces)
{
	static const struct {
		const char *input, *expected; /* NULL: it is none */
	} cases[] = { { "a,b\n", "[]" }, { "a,b", "[]" }, { "a, b\n", NULL }, { "a, b\n1,2", "[{\"a\":1,\" b\":2}]" },
		{ "a,b\n\n \n1,2", NULL }, { "\"x\n\",y\n\n7,8\n", "[{\"x\\n\":7,\"y\":8}]" },
		{ "\"a\\\",b\"\n", NULL }, { "\"a\\\",b\"\n1,2", NULL },
		{ "a\n1\n", NULL }, { "\"a,b\n", NULL }, { "\r\n a,b\r\n1,2", "[{\" a\":1,\"b\":2}]" },
		{ "\xef\xbb\xbfq,r\n1,2", "[{\"q\":1,\"r\":2}]" } };
	static const char pipeline[] = "[{\"step\":\"offset\",\"n\":0}]";

	for (size_t i = 0; i < AGR_COUNT(cases); i++) {
		const char *input = cases[i].input;

		for (size_t size = 0; size < 20; size++) {
			struct parts out = { AGR_BUF_INIT, 0 };
			agentrun_buf whole = AGENTRUN_BUF_INIT;
			agentrun_error *err = NULL;
			int r = size ? run_in_pieces(&out, pipeline, input, size,
				AGENTRUN_FORMAT_JSON, &err)
				: run_with(&whole, pipeline, input, strlen(input), 0,
				AGENTRUN_FORMAT_JSON, NULL, &err);
			const char *got = size ? out.text.data : whole.data;

			ck_assert_msg(r == (cases[i].expected ? 0 : AGENTRUN_EINPUT), "%s by %zu: %d %s",
				input, size, r, err ? agentrun_error_message(err) : "");
			if (!r)
				ck_assert_str_eq(got, cases[i].expected);
			agentrun_error_free(err);
			agr_buf_free(&out.text);
			agentrun_buf_dispose(&whole);
		}
	}
}
END_TEST

#if defined(AGR_HAVE_ZLIB) || defined(AGR_HAVE_ZSTD)

/* Packed text gives what it gave as it was, in memory and in pieces; cut anywhere it
 * is refused. */
static void unpacks(const agr_buf *plain, const char *packed, size_t len, const char *kind)
{
	static const char pipeline[] = "[" FILTER "]";
	agentrun_buf whole = AGENTRUN_BUF_INIT, out = AGENTRUN_BUF_INIT;
	agentrun_error *err = NULL;
	static const size_t sizes[] = { 1, 50, 1 << 20 };

	ck_assert_int_eq(run_with(&whole, pipeline, plain->data, plain->len, 0,
		AGENTRUN_FORMAT_JSON, NULL, &err), 0);
	ck_assert_int_eq(run_with(&out, pipeline, packed, len, 0, AGENTRUN_FORMAT_JSON, NULL,
		&err), 0);
	ck_assert_str_eq(out.data, whole.data);
	for (size_t i = 0; i < AGR_COUNT(sizes); i++) {
		struct parts parts = { AGR_BUF_INIT, 0 };
		struct pieces pieces = { packed, len, sizes[i], 0 };

		ck_assert_int_eq(run_pieces(&parts, pipeline, &pieces, AGENTRUN_FORMAT_JSON,
			&err), 0);
		ck_assert_str_eq(parts.text.data, whole.data);
		agr_buf_free(&parts.text);
	}
	for (size_t cut = 4; cut < len; cut += 97) {
		agentrun_buf_dispose(&out);
		ck_assert_int_eq(run_with(&out, pipeline, packed, cut, 0, AGENTRUN_FORMAT_JSON,
			NULL, &err), AGENTRUN_EINPUT);
		ck_assert_ptr_nonnull(strstr(agentrun_error_message(err), kind));
		agentrun_error_free(err);
		err = NULL;
	}
	/* What it was is too long, though the packed text is not. */
	ck_assert_int_eq(run_with(&out, pipeline, packed, len, 0, AGENTRUN_FORMAT_JSON,
		&(agr_pipeline_limits){ .max_input_bytes = plain->len - 1 }, &err),
		AGENTRUN_ELIMIT);
	agentrun_error_free(err);
	agentrun_buf_dispose(&out);
	agentrun_buf_dispose(&whole);
}

START_TEST(what_is_compressed_is_read_as_what_it_was)
{
	agr_buf input = AGR_BUF_INIT;
	char *packed;

	make_rows(&input, 3000, false);
	packed = malloc(input.len + 1024);
	ck_assert_ptr_nonnull(packed);
#ifdef AGR_HAVE_ZLIB
	z_stream z = { .next_in = (Bytef *)input.data, .avail_in = (uInt)input.len / 2,
		.next_out = (Bytef *)packed, .avail_out = (uInt)input.len + 1024 };

	/* Two members. */
	ck_assert_int_eq(deflateInit2(&z, 6, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY), Z_OK);
	ck_assert_int_eq(deflate(&z, Z_FINISH), Z_STREAM_END);
	ck_assert_int_eq(deflateReset(&z), Z_OK);
	z.avail_in = (uInt)(input.len - input.len / 2);
	ck_assert_int_eq(deflate(&z, Z_FINISH), Z_STREAM_END);
	unpacks(&input, packed, input.len + 1024 - z.avail_out, "gzip");
	deflateEnd(&z);
#endif
#ifdef AGR_HAVE_ZSTD
	size_t n = ZSTD_compress(packed, input.len + 1024, input.data, input.len, 3);

	ck_assert(!ZSTD_isError(n));
	unpacks(&input, packed, n, "zstd");
#endif
	free(packed);
	agr_buf_free(&input);
}
END_TEST

#endif

static void explained(const char *pipeline, int explain, const char *const *parts)
{
	static const char rows[] = "[{\"n\":4,\"s\":\"x\"},{\"n\":1}]";
	agentrun_execute_options opts;
	agentrun_buf out = AGENTRUN_BUF_INIT;
	agentrun_error *err = NULL;

	agentrun_execute_options_init(&opts, sizeof(opts));
	opts.input = rows;
	opts.input_len = sizeof(rows) - 1;
	opts.explain = explain;
	ck_assert_int_eq(agr_execute(&out, pipeline, strlen(pipeline), &opts, NULL, NULL, NULL,
		NULL, NULL, &err), 0);
	for (size_t i = 0; parts[i]; i++)
		ck_assert_msg(strstr(out.data, parts[i]) != NULL, "%s lacks %s", out.data, parts[i]);
	agentrun_buf_dispose(&out);
}

START_TEST(a_plan_says_what_is_done_together_and_what_was_done)
{
	explained("[" SORT "," FILTER ",{\"step\":\"limit\",\"n\":1}," SELECT "]",
		AGENTRUN_EXPLAIN_PLAN, (const char *[]){ "[{\"operator\":\"scan\"", "\"detail\":\"for n, k, s\"",
		"{\"operator\":\"table_filter\",\"steps\":\"2\"",
		"{\"operator\":\"top_k\",\"steps\":\"1, 3\"", "\"steps\":\"4\"", NULL });
	explained("[{\"step\":\"extract\",\"path\":\"a\"}," FILTER "]", AGENTRUN_EXPLAIN_PLAN,
		(const char *[]){ "\"of what a reader reads a block", "\"a block of the input\"", NULL });
	explained("[{\"step\":\"extract\",\"path\":\"a[-1]\"}," FILTER "]", AGENTRUN_EXPLAIN_PLAN,
		(const char *[]){ "\"holds\":\"the document\"", NULL });
	explained("[" FILTER "]", AGENTRUN_EXPLAIN_ANALYZE, (const char *[]){
		"\"rows_in\":2,\"rows_out\":1,\"time_ms\":", NULL });
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		pieces_give_what_the_whole_gives,
		steps_done_together_give_what_they_give_one_by_one,
		the_first_rows_are_looked_into_by_what_follows,
		second_keys_outlive_the_rows_they_came_from,
		lines_are_lines_however_long_the_first,
		long_work_behind_the_input_can_be_stopped,
		a_long_result_comes_in_parts_and_a_short_one_in_one,
		a_fault_is_where_it_is_however_the_text_came,
		csv_in_pieces_gives_what_the_whole_gives,
		what_looks_like_csv_does_so_in_pieces,
#if defined(AGR_HAVE_ZLIB) || defined(AGR_HAVE_ZSTD)
		what_is_compressed_is_read_as_what_it_was,
#endif
		a_plan_says_what_is_done_together_and_what_was_done,
		NULL,
	};

	return unit_main(unit_suite("stream", tests));
}
