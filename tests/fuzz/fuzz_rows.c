/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
/* Rows in, rows out in every format. What comes out as JSON must be valid, and
 * must come out the same when it goes in again. Before that the text is scanned value
 * by value: every kernel must read the same, and so must one that gets it in pieces. */
#include <stdlib.h>
#include <string.h>

#include "pipeline/pipeline.h"
#include "table/scanner.h"

#define VALUES 256
#define WANTED 4

struct reading {
	size_t n;
	int end;
	const char *fault_at;
	agr_span values[VALUES];
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_slots(agr_span value, const agr_wanted *wanted, const agr_span *slots)
{
	for (size_t i = 0; i < wanted->n; i++) {
		agr_span member = { NULL, 0 };

		if (*value.p == '{')
			agr_object_get(value, wanted->keys[i].text, wanted->keys[i].len,
				&member);
		if (member.p != slots[i].p || (member.p && member.n != slots[i].n))
			abort();
	}
}

/* Read on. Returns how the last value was not one, or AGR_SCAN_VALUE: enough. */
static int read_values(struct reading *to, agr_scanner *s, const agr_wanted *wanted)
{
	agr_span slots[WANTED];
	int r = AGR_SCAN_VALUE;

	while (to->n < VALUES) {
		agr_span *value = &to->values[to->n];

		r = agr_scanner_value(s, value, wanted, slots);
		if (r != AGR_SCAN_VALUE)
			break;
		if (!value->n || s->pos != value->p + value->n)
			abort();
		if (wanted)
			check_slots(*value, wanted, slots);
		to->n++;
	}
	to->fault_at = s->fault_at;
	if (r == AGR_SCAN_FAULT && (!s->fault || s->fault_at < s->index.begin ||
		s->fault_at > s->end))
		abort();
	return to->end = r;
}

static void same(const struct reading *a, const struct reading *b)
{
	if (a->n != b->n || a->end != b->end ||
		(a->end == AGR_SCAN_FAULT && a->fault_at != b->fault_at))
		abort();
	for (size_t i = 0; i < a->n; i++)
		if (a->values[i].p != b->values[i].p || a->values[i].n != b->values[i].n)
			abort();
}

/* Each piece `step` bytes more than what is left of the one before. */
static void read_pieces(struct reading *to, const char *p, const char *end, size_t step,
	const agr_wanted *wanted)
{
	const char *cut = p;
	agr_scanner s;
	bool whole;
	int r;

	to->n = 0;
	agr_scanner_begin(&s, p, p, false, 64, NULL);
	do {
		cut += step < (size_t)(end - cut) ? step : (size_t)(end - cut);
		whole = cut == end;
		agr_scanner_move(&s, s.pos, cut, whole);
		r = read_values(to, &s, wanted);
		if (whole && r == AGR_SCAN_CUT)
			abort();
	} while (!whole && (r == AGR_SCAN_CUT || r == AGR_SCAN_END));
	agr_scanner_end(&s);
}

/* `size` is more than 0, and the first byte no part of the text. */
static void scan(const uint8_t *data, size_t size)
{
	static const char *const keys[WANTED] = { "a", "id", "", "name" };
	const char *p = (const char *)data + 1, *end = (const char *)data + size;
	const agr_index_kernel *kernel;
	struct reading first, other;
	agr_wanted wanted;
	agr_scanner s;

	agr_wanted_init(&wanted);
	for (size_t i = 0; i < WANTED; i++)
		agr_wanted_add(&wanted, keys[i], strlen(keys[i]));
	for (size_t i = 0; (kernel = agr_index_kernel_at(i)); i++) {
		struct reading *to = i ? &other : &first;

		to->n = 0;
		agr_scanner_begin(&s, p, end, true, 64, kernel);
		read_values(to, &s, i ? &wanted : NULL);
		agr_scanner_end(&s);
		same(&first, to);
	}
	read_pieces(&other, p, end, 1 + size / 8 + data[0] / 4, &wanted);
	same(&first, &other);
	if (size < 200) {
		read_pieces(&other, p, end, 1 + data[0] / 4 % 4, &wanted);
		same(&first, &other);
	}
	agr_wanted_free(&wanted);
}

static int run(agentrun_buf *out, const char *rows, size_t len, int format)
{
	static const char pipeline[] =
		"[{\"step\":\"distinct\"},{\"step\":\"table_sort\","
		"\"field\":\"a.b\"},{\"step\":\"offset\",\"n\":0}]";
	static const agr_pipeline_limits limits = { .max_depth = 64, .max_rows = 10000 };
	agentrun_execute_options opts;
	agentrun_error *err = NULL;
	int r;

	agentrun_execute_options_init(&opts, sizeof(opts));
	opts.input = rows;
	opts.input_len = len;
	opts.input_format = format;
	r = agr_execute(out, pipeline, sizeof(pipeline) - 1, &opts, &limits, NULL, NULL,
		NULL,
		NULL, &err);
	if ((r < 0) != (err != NULL) || (err && !*agentrun_error_message(err)))
		abort();
	agentrun_error_free(err);
	return r;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	agentrun_buf out = AGENTRUN_BUF_INIT, again = AGENTRUN_BUF_INIT;

	if (!size)
		return 0;
	scan(data, size);
	/* The first byte chooses how the input is read. */
	if (run(&out, (const char *)data + 1, size - 1, data[0] % 4) == 0) {
		if (run(&again, out.data, out.len, AGENTRUN_FORMAT_JSON) < 0 ||
			again.len != out.len || memcmp(again.data, out.data,
				out.len) != 0)
			abort();
		for (int format = AGENTRUN_FORMAT_NDJSON; format <= AGENTRUN_FORMAT_TABLE;
			format++)
			if (agentrun_rows_write(&again, NULL, out.data, out.len, format,
				    NULL) < 0 && format == AGENTRUN_FORMAT_NDJSON)
				abort();
	}
	agentrun_buf_dispose(&out);
	agentrun_buf_dispose(&again);
	return 0;
}
