/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
/* Rows that several threads scan are those of one thread, whatever the text. */
#include "run_pipeline.h"

#define ROWS 10000 /* about 1.5 MB: enough for other threads */

struct outcome {
	int r;
	agr_buf text; /* the result, then what is wrong */
};

static int take_part(void *user, const char *data, size_t len, agentrun_error **err)
{
	struct outcome *o = user;

	(void)err;
	agr_buf_add(&o->text, data, len);
	return 0;
}

static void run_threads(struct outcome *o, const char *pipeline, const agr_buf *input,
	size_t piece, size_t fails_at, unsigned threads)
{
	struct pieces pieces = { input->data, input->len, piece, fails_at };
	agentrun_execute_options opts;
	agentrun_error *err = NULL;

	agentrun_execute_options_init(&opts, sizeof(opts));
	opts.threads = threads;
	opts.write = take_part;
	opts.write_user = o;
	if (piece) {
		opts.read = read_piece;
		opts.read_user = &pieces;
	} else {
		opts.input = input->data;
		opts.input_len = input->len;
	}
	o->text = (agr_buf)AGR_BUF_INIT;
	o->r = agr_execute(NULL, pipeline, strlen(pipeline), &opts, NULL, NULL, NULL, NULL,
		NULL, &err);
	if (err)
		agr_buf_str(&o->text, agentrun_error_message(err));
	agentrun_error_free(err);
}

static const char *const pipelines[] = {
	"[{\"step\":\"table_filter\",\"condition\":{\"field\":\"n\",\"op\":\"<\",\"value\":40}},"
	"{\"step\":\"table_select\",\"fields\":[\"id\",\"in.x\"]}]",
	"[{\"step\":\"table_sort\",\"field\":\"n\"},{\"step\":\"limit\",\"n\":500}]",
	"[{\"step\":\"groupby\",\"by\":[\"k\"],\"aggs\":[{\"agg\":\"count\"},"
	"{\"agg\":\"avg\",\"field\":\"f\"}]}]",
};

/* The outcome for one thread, which is that for any number, in memory and read. */
static int both_agree(const char *pipeline, const agr_buf *input, size_t fails_at)
{
	struct outcome alone;

	run_threads(&alone, pipeline, input, 0, 0, 1);
	if (fails_at) {
		agr_buf_free(&alone.text);
		run_threads(&alone, pipeline, input, 5000, fails_at, 1);
	}
	for (size_t piece = fails_at ? 5000 : 0; piece <= 5000; piece += 5000) {
		struct outcome more;

		run_threads(&more, pipeline, input, piece, fails_at, 3);
		ck_assert_int_eq(alone.r, more.r);
		ck_assert_uint_eq(alone.text.len, more.text.len);
		ck_assert_int_eq(memcmp(alone.text.data, more.text.data, alone.text.len),
			0);
		agr_buf_free(&more.text);
	}
	agr_buf_free(&alone.text);
	return alone.r;
}

/* Row `i`; `extra` is put in its middle. */
static void add_row(agr_buf *out, size_t i, const char *extra)
{
	agr_buf_printf(out, "{\"id\":%zu,\"n\":%zu,\"k\":\"k%zu\",\"f\":%zu.%zu,\"in\":{\"x\":[%zu]},"
		"\"text\":\"a text of some words, so that the row is about as long as rows "
		"are: \\u00e9 \xc3\xa9\"%s}", i, i * 7919 % 1000, i % 17, i % 100, i % 7, i, extra);
}

static void make(agr_buf *out, bool lines, const char *between, const char *extra)
{
	*out = (agr_buf)AGR_BUF_INIT;
	if (!lines)
		agr_buf_str(out, "[\n");
	for (size_t i = 0; i < ROWS; i++) {
		if (i)
			agr_buf_str(out, between);
		add_row(out, i, extra);
	}
	agr_buf_str(out, lines ? "\n" : "\n]\n");
	ck_assert_int_eq(out->failed, 0);
}

START_TEST(rows_come_out_the_same_for_any_number_of_threads)
{
	static const char *const between[] = { ",", ",\n", "\n , \n\t" };
	agr_buf input;

	for (size_t i = 0; i < AGR_COUNT(between); i++) {
		make(&input, false, between[i], "");
		ck_assert_int_eq(both_agree(pipelines[i], &input, 0), 0);
		agr_buf_free(&input);
	}
	make(&input, true, "\n", "");
	ck_assert_int_eq(both_agree(pipelines[0], &input, 0), 0);
	agr_buf_free(&input);
}
END_TEST

/* What lies in a row looks like the beginning of one. */
START_TEST(a_part_that_begins_within_a_row_is_not_believed)
{
	static const char *const extra[] = { ",\"deep\":[{\"id\":1},{\"id\":2}]",
		",\"text\":\"},{\"", ",\"rows\":[{\"id\":1}\n,\n{\"id\":2}]" };
	static const char *const between[] = { ",", "},{", "\n,\n" };
	agr_buf input;

	for (size_t i = 0; i < AGR_COUNT(extra); i++) {
		make(&input, false, i == 2 ? between[2] : ",", extra[i]);
		ck_assert_int_eq(both_agree(pipelines[0], &input, 0), 0);
		agr_buf_free(&input);
	}
}
END_TEST

/* A row that fills parts, with what looks like rows in it. */
START_TEST(a_row_longer_than_a_part_is_one_row)
{
	agr_buf input = AGR_BUF_INIT;

	agr_buf_char(&input, '[');
	for (size_t i = 0; i < ROWS; i++) {
		add_row(&input, i, "");
		agr_buf_char(&input, ',');
	}
	agr_buf_str(&input, "{\"id\":1,\"n\":3,\"in\":[");
	for (size_t i = 0; i < ROWS; i++) {
		add_row(&input, i, "");
		agr_buf_char(&input, ',');
	}
	agr_buf_str(&input, "1]},");
	for (size_t i = 0; i < ROWS; i++) {
		add_row(&input, i, "");
		agr_buf_str(&input, i + 1 < ROWS ? "," : "]");
	}
	ck_assert_int_eq(both_agree(pipelines[0], &input, 0), 0);
	agr_buf_free(&input);
}
END_TEST

/* Replace what stands at the beginning of a row far behind with `fault`. */
static void spoil(agr_buf *input, size_t at, const char *fault)
{
	char *row = memmem(input->data + at, input->len - at, "{\"id\"", 5);

	ck_assert_ptr_nonnull(row);
	while (*fault)
		*row++ = *fault++;
}

START_TEST(a_fault_far_behind_is_told_as_by_one_thread)
{
	static const char *const faults[] = { "{id", "}", "]", "{\"\\x", "{\"\xff\"", "[", "\"",
		"{\"id\":01", "1 2", "{\"i\n" };

	for (int lines = 0; lines < 2; lines++) {
		for (size_t i = 0; i < AGR_COUNT(faults); i++) {
			agr_buf input;

			make(&input, lines, lines ? "\n" : ",\n", "");
			spoil(&input, 1200000 + i * 4099, faults[i]);
			ck_assert_int_eq(both_agree(pipelines[0], &input, 0), AGENTRUN_EINPUT);
			agr_buf_free(&input);
		}
	}
}
END_TEST

START_TEST(an_end_in_the_middle_is_told_as_by_one_thread)
{
	for (int lines = 0; lines < 2; lines++) {
		agr_buf input;

		make(&input, lines, lines ? "\n" : ",", "");
		input.len = 1300000;
		ck_assert_int_eq(both_agree(pipelines[0], &input, 0), AGENTRUN_EINPUT);
		agr_buf_free(&input);
	}
}
END_TEST

START_TEST(a_row_of_another_kind_ends_no_rows)
{
	static const char *const others[] = { "[1]   ", "null  ", "{}    ", "\"s\"   " };

	for (size_t i = 0; i < AGR_COUNT(others); i++) {
		agr_buf input;
		char *row, *end;

		make(&input, false, ",\n", "");
		row = memmem(input.data + 1200000, input.len - 1200000, "{\"id\"", 5);
		ck_assert_ptr_nonnull(row);
		end = memchr(row, '\n', (size_t)(input.data + input.len - row));
		memset(row, ' ', (size_t)(end - row) - 1);
		memcpy(row, others[i], strlen(others[i]));
		ck_assert_int_eq(both_agree(pipelines[0], &input, 0), 0);
		agr_buf_free(&input);
	}
}
END_TEST

START_TEST(a_reader_that_fails_is_told_behind_what_was_read)
{
	agr_buf input;

	make(&input, false, ",", "");
	ck_assert_int_eq(both_agree(pipelines[0], &input, 200000), AGENTRUN_EBACKEND);
	agr_buf_free(&input);
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		rows_come_out_the_same_for_any_number_of_threads,
		a_part_that_begins_within_a_row_is_not_believed,
		a_row_longer_than_a_part_is_one_row,
		a_fault_far_behind_is_told_as_by_one_thread,
		an_end_in_the_middle_is_told_as_by_one_thread,
		a_row_of_another_kind_ends_no_rows,
		a_reader_that_fails_is_told_behind_what_was_read,
		NULL,
	};

	return unit_main(unit_suite("ahead", tests));
}
