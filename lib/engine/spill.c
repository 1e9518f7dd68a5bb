/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
/*
 * A pipeline's result on its way: into memory, and from the length on from which it
 * would be kept as a blob anyway, into that blob. Of rows that went there, what a
 * preview shows stays here: their number, and the first.
 */
#include <stdlib.h>
#include <string.h>

#include "engine/engine.h"
#include "llm/sample.h"
#include "store/store.h"

#define SAMPLE_ROWS 3
#define PART ((size_t)256 << 10)

struct agr_tally {
	size_t depth, rows;
	bool in_string, escaped, is_row; /* is_row: one has begun */
	agr_buf head; /* "[" and the first rows, without the end */
	bool has_head, closed; /* closed: an end was added */
};

struct agr_spilled {
	struct agr_tally tally;
	char *ref; /* cas://... */
};

struct agr_spill {
	agentrun_store *store;
	agr_buf held;
	agentrun_store_writer *writer; /* NULL: all is in `held` */
	agr_spilled *spilled;
};

/* ---- what a preview shows ------------------------------------------------- */

/* A row ends at `p`, which is still to be kept out of the head. */
static void end_row(struct agr_tally *t, const char *from, const char *p)
{
	t->rows += t->is_row;
	t->is_row = false;
	if (!t->has_head && t->rows == SAMPLE_ROWS) {
		agr_buf_add(&t->head, from, (size_t)(p - from));
		t->has_head = true;
	}
}

/* Compact JSON, known to be valid: an array. */
static void count(struct agr_tally *t, const char *p, size_t len)
{
	const char *from = p, *end = p + len;

	for (; p < end; p++) {
		char c = *p;

		if (t->in_string) {
			if (t->escaped)
				t->escaped = false;
			else if (c == '\\')
				t->escaped = true;
			else if (c == '"')
				t->in_string = false;
			continue;
		}
		if ((c == ',' || c == ']') && t->depth == 1)
			end_row(t, from, p);
		else if (t->depth == 1)
			t->is_row = true;
		if (c == '"')
			t->in_string = true;
		else if (c == '[' || c == '{')
			t->depth++;
		else if (c == ']' || c == '}')
			t->depth--;
	}
	if (!t->has_head)
		agr_buf_add(&t->head, from, len);
}

/* The array that is in the head. */
static agr_span head_of(agr_spilled *s)
{
	agr_buf *head = &s->tally.head;

	if (s->tally.has_head && !s->tally.closed)
		agr_buf_char(head, ']');
	s->tally.closed = true;
	return (agr_span){ head->data, head->len };
}

/* ---- in ------------------------------------------------------------------- */

static agr_spilled *spilled_new(void)
{
	agr_spilled *s = calloc(1, sizeof(*s));

	if (s)
		s->tally.head = (agr_buf)AGR_BUF_INIT;
	return s;
}

void agr_spilled_free(agr_spilled *s)
{
	if (!s)
		return;
	agr_buf_free(&s->tally.head);
	free(s->ref);
	free(s);
}

int agr_spill_new(agr_spill **out, agentrun_store *store, agentrun_error **err)
{
	*out = calloc(1, sizeof(**out));
	if (!*out)
		return agr_error_oom(err);
	(*out)->store = store;
	(*out)->held = (agr_buf)AGR_BUF_INIT;
	return 0;
}

void agr_spill_free(agr_spill *spill)
{
	if (!spill)
		return;
	agentrun_store_writer_free(spill->writer);
	agr_spilled_free(spill->spilled);
	agr_buf_free(&spill->held);
	free(spill);
}

static int begin_blob(agr_spill *spill, agentrun_error **err)
{
	int r;

	spill->spilled = spilled_new();
	if (!spill->spilled)
		return agr_error_oom(err);
	r = agentrun_store_writer_new(&spill->writer, spill->store, err);
	if (r == 0)
		r = agentrun_store_writer_add(spill->writer, spill->held.data, spill->held.len,
			err);
	count(&spill->spilled->tally, spill->held.data, spill->held.len);
	agr_buf_free(&spill->held);
	return r;
}

int agr_spill_write(void *user, const char *data, size_t len, agentrun_error **err)
{
	agr_spill *spill = user;

	if (spill->writer) {
		count(&spill->spilled->tally, data, len);
		return agentrun_store_writer_add(spill->writer, data, len, err);
	}
	agr_buf_add(&spill->held, data, len);
	if (spill->held.failed)
		return agr_error_oom(err);
	/* What is no list was held by its pipeline, and its preview wants all of it. */
	if (spill->held.len > agr_store_max_inline(spill->store) && *spill->held.data == '[')
		return begin_blob(spill, err);
	return 0;
}

int agr_spill_finish(agr_spill *spill, agentrun_buf *data, agr_spilled **out,
	agentrun_error **err)
{
	agentrun_buf ref = AGENTRUN_BUF_INIT;
	int r;

	*out = NULL;
	if (!spill->writer)
		return agr_buf_give(&spill->held, data, "the output", err);
	r = agentrun_store_writer_finish(&ref, spill->writer, err);
	if (r == 0)
		r = agr_buf_check(&spill->spilled->tally.head, "the preview", err);
	if (r < 0) {
		agentrun_buf_dispose(&ref);
		return r;
	}
	*out = spill->spilled;
	(*out)->ref = ref.data; /* ours to free() from now on */
	spill->spilled = NULL;
	return 0;
}

/* ---- out ------------------------------------------------------------------ */

const char *agr_spilled_ref(const agr_spilled *s)
{
	return s->ref;
}

void agr_spilled_preview(agr_buf *out, agr_spilled *s, bool cut)
{
	agr_span head = head_of(s), row;
	agr_iter it = agr_iter_of(head);

	agr_buf_printf(out, "{\"type\":\"dataset\",\"row_count\":%zu,\"sample\":", s->tally.rows);
	if (cut) {
		agr_sample_rows(out, head, SAMPLE_ROWS, 2000);
	} else {
		agr_buf_char(out, '[');
		for (int i = 0; i < SAMPLE_ROWS && agr_array_next(&it, &row); i++) {
			if (i)
				agr_buf_char(out, ',');
			agr_value_write(out, row);
		}
		agr_buf_char(out, ']');
	}
	agr_buf_char(out, '}');
}

/* Count a blob that begins as a list; what is none comes whole. */
static int read_all(agentrun_store_reader *reader, char *part, agentrun_buf *data,
	agr_spilled **out, agentrun_error **err)
{
	size_t n = 1;
	int r = 0;

	while (r == 0 && n) {
		r = agentrun_store_reader_read(reader, part, PART, &n, err);
		if (r < 0 || !n)
			break;
		if (!*out && !data->len && *part == '[') {
			*out = spilled_new();
			r = *out ? 0 : agr_error_oom(err);
		}
		if (r == 0 && *out)
			count(&(*out)->tally, part, n);
		else if (r == 0 && agentrun_buf_append(data, part, n) < 0)
			r = agr_error_oom(err);
	}
	return r;
}

int agr_spilled_read(agr_spilled **out, agentrun_buf *data, agentrun_store *store,
	const char *ref, agentrun_error **err)
{
	agentrun_store_reader *reader = NULL;
	char *part = malloc(PART);
	int r = part ? agentrun_store_reader_new(&reader, store, ref, err)
		     : agr_error_oom(err);

	*out = NULL;
	if (r == 0)
		r = read_all(reader, part, data, out, err);
	agentrun_store_reader_free(reader);
	free(part);
	if (r == 0 && *out) {
		(*out)->ref = strdup(ref);
		r = (*out)->ref && !(*out)->tally.head.failed ? 0 : agr_error_oom(err);
	}
	if (r < 0) {
		agr_spilled_free(*out);
		*out = NULL;
	}
	return r;
}

/* ---- of a task ------------------------------------------------------------- */

void agr_task_set_data(agr_task *task, agentrun_buf *take_data, agr_spilled *take_spilled)
{
	agentrun_buf_dispose(&task->data);
	agr_spilled_free(task->spilled);
	task->data = *take_data;
	task->spilled = take_spilled;
	*take_data = (agentrun_buf)AGENTRUN_BUF_INIT;
}
