/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
#include "table/ahead.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/thread.h"
#include "base/text.h"
#include "table/scanner.h"

enum part_state {
	PART_FREE,  /* nothing is in it */
	PART_FULL,  /* to be scanned */
	PART_TAKEN, /* a thread scans it */
	PART_DONE
};

struct part {
	enum part_state state; /* under the lock */
	agr_buf buf;           /* the text, if it was read */
	const char *p, *end;
	const char *stop;      /* behind the last good row; `end` if all of it is rows */
	agr_span *cells;       /* a row and its slots, the next row and its slots ... */
	size_t n, cap;         /* rows */
	size_t lines;
};

struct agr_ahead {
	agr_ahead_options opts;
	size_t width;      /* cells a row */
	agr_buf tail;      /* read: the beginning of the next struct part */
	const char *at;    /* not read: the same */
	bool ended;        /* nothing more is made a struct part */
	bool all_read;
	agentrun_error *error;
	size_t lines, column; /* of parts that are over */
	char mark[AGR_AHEAD_MARK];

	struct part *parts;       /* a ring: n of them hold text, from `head` on */
	size_t n_parts, head, n;
	size_t next_row;   /* of the first */
	agr_scanner *scanner; /* the caller's own */

	pthread_mutex_t lock;
	pthread_cond_t work, done;
	bool closing;      /* under the lock */
	unsigned helpers;
	pthread_t threads[AGR_AHEAD_THREADS];
};

/* ---- scanning a part ------------------------------------------------------- */

static bool add_row(const agr_ahead *a, struct part *part)
{
	if (part->n == part->cap) {
		size_t cap = part->cap ? part->cap * 2 : 256;
		void *grown = realloc(part->cells, cap * a->width * sizeof(*part->cells));

		if (!grown)
			return false;
		part->cells = grown;
		part->cap = cap;
	}
	part->n++;
	return true;
}

/* Behind a row: is there what must stand between it and the next? */
static bool take_gap(const agr_ahead *a, const struct part *part, agr_scanner *s)
{
	const char *from = s->pos, *at;

	if (!a->opts.lines)
		return agr_scanner_take(s, ',');
	at = agr_scanner_next(s);
	return memchr(from, '\n', (size_t)((at ? at : part->end) - from)) != NULL;
}

static void scan(const agr_ahead *a, struct part *part, agr_scanner *s)
{
	const char *good = part->p;
	bool all = false;

	part->n = 0;
	agr_scanner_move(s, part->p, part->end, false);
	for (;;) {
		agr_span *row;

		if (!agr_scanner_next(s)) {
			all = part->n && !s->index.fault.what;
			break;
		}
		if (!add_row(a, part))
			break;
		row = &part->cells[(part->n - 1) * a->width];
		if (agr_scanner_value(s, row, a->opts.wanted, row + 1) != AGR_SCAN_VALUE ||
			(a->opts.lines && memchr(row->p, '\n', row->n))) {
			part->n--;
			break;
		}
		good = row->p + row->n;
		if (!take_gap(a, part, s))
			break;
	}
	part->stop = all ? part->end : good;
	part->lines = all ? (size_t)s->index.carry.newlines
			  : agr_count_lines(part->p, good);
}

static agr_scanner *scanner_new(const agr_ahead *a)
{
	agr_scanner *s = malloc(sizeof(*s));

	if (s) {
		agr_scanner_begin(s, "", "", false, a->opts.max_depth, NULL);
		s->open = !a->opts.lines;
	}
	return s;
}

static void scanner_free(agr_scanner *s)
{
	if (s)
		agr_scanner_end(s);
	free(s);
}

/* ---- threads ----------------------------------------------------------------- */

/* The first part that nobody scans yet, taken; or NULL. Under the lock. */
static struct part *take_part(agr_ahead *a)
{
	for (size_t i = 0; i < a->n; i++) {
		struct part *part = &a->parts[(a->head + i) % a->n_parts];

		if (part->state == PART_FULL) {
			part->state = PART_TAKEN;
			return part;
		}
	}
	return NULL;
}

/* Take a part and scan it, with the lock let go meanwhile. False: there is none. */
static bool scan_one(agr_ahead *a, agr_scanner *s)
{
	struct part *part = take_part(a);

	if (!part)
		return false;
	pthread_mutex_unlock(&a->lock);
	scan(a, part, s);
	pthread_mutex_lock(&a->lock);
	part->state = PART_DONE;
	pthread_cond_signal(&a->done);
	return true;
}

static void *help(void *user)
{
	agr_ahead *a = user;
	agr_scanner *s = scanner_new(a);

	pthread_mutex_lock(&a->lock);
	while (s && !a->closing)
		if (!scan_one(a, s))
			pthread_cond_wait(&a->work, &a->lock);
	pthread_mutex_unlock(&a->lock);
	scanner_free(s);
	return NULL;
}

static void join(agr_ahead *a)
{
	pthread_mutex_lock(&a->lock);
	a->closing = true;
	pthread_cond_broadcast(&a->work);
	pthread_mutex_unlock(&a->lock);
	while (a->helpers)
		pthread_join(a->threads[--a->helpers], NULL);
}

/* ---- cutting the text into parts ----------------------------------------------- */

/* The last place where a row seems to begin, behind `from`; or NULL. */
static const char *last_mark(const agr_ahead *a, const char *from, const char *end)
{
	const agr_ahead_options *o = &a->opts;
	const char *p = end - o->mark_len + 1;

	while (p > from && (p = memrchr(from, *o->mark, (size_t)(p - from))))
		if (memcmp(p, o->mark, o->mark_len) == 0)
			return p + o->mark_row > from ? p + o->mark_row : NULL;
	return NULL;
}

static void put_part(agr_ahead *a, struct part *part, const char *p, const char *end)
{
	part->p = p;
	part->end = end;
	pthread_mutex_lock(&a->lock);
	part->state = PART_FULL;
	a->n++;
	pthread_cond_signal(&a->work);
	pthread_mutex_unlock(&a->lock);
}

/* From the text at hand. */
static bool slice(agr_ahead *a, struct part *part)
{
	const char *end;

	if ((size_t)(a->opts.end - a->at) <= AGR_AHEAD_PART)
		return false;
	end = last_mark(a, a->at, a->at + AGR_AHEAD_PART);
	if (!end)
		return false;
	put_part(a, part, a->at, end);
	a->at = end;
	return true;
}

/* Read until `buf` is a part's size. */
static int read_into(agr_ahead *a, agr_buf *buf)
{
	while (!a->all_read && buf->len < AGR_AHEAD_PART) {
		size_t got = 0;
		char *to = agr_buf_reserve(buf, AGR_AHEAD_PART - buf->len);
		int r = to ? a->opts.read(a->opts.user, to, AGR_AHEAD_PART - buf->len, &got,
				&a->error) : agr_error_oom(&a->error);

		if (r < 0)
			return r;
		buf->len += got;
		a->all_read = got == 0;
	}
	return 0;
}

/* Behind what is left of the part before, with more that is read. */
static bool read_part(agr_ahead *a, struct part *part)
{
	agr_buf swap = part->buf;
	const char *end = NULL;
	int r;

	part->buf = a->tail;
	a->tail = swap;
	agr_buf_reset(&a->tail);
	r = read_into(a, &part->buf);
	if (r == 0 && !a->all_read)
		end = last_mark(a, part->buf.data, part->buf.data + part->buf.len);
	if (end)
		agr_buf_add(&a->tail, end, (size_t)(part->buf.data + part->buf.len - end));
	if (!end || a->tail.failed) {
		agr_buf_free(&a->tail);
		a->tail = part->buf;
		part->buf = (agr_buf)AGR_BUF_INIT;
		return false;
	}
	put_part(a, part, part->buf.data, end);
	return true;
}

static void fill(agr_ahead *a)
{
	while (!a->ended && a->n < a->n_parts) {
		struct part *part = &a->parts[(a->head + a->n) % a->n_parts];

		a->ended = !(a->opts.read ? read_part(a, part) : slice(a, part));
	}
}

/* ---- rows ---------------------------------------------------------------------- */

/* Wait until the first part was scanned, helping. */
static void await(agr_ahead *a)
{
	const struct part *first = &a->parts[a->head];

	pthread_mutex_lock(&a->lock);
	while (first->state != PART_DONE)
		if (!scan_one(a, a->scanner))
			pthread_cond_wait(&a->done, &a->lock);
	pthread_mutex_unlock(&a->lock);
}

static void pass(agr_ahead *a, const struct part *part)
{
	size_t n = (size_t)(part->stop - part->p);
	const char *line = part->lines ? memrchr(part->p, '\n', n) : NULL;

	a->lines += part->lines;
	a->column = line ? (size_t)(part->stop - line) - 1 : a->column + n;
}

/* The first part's rows were all given out. False: looking ahead is over. */
static bool next_part(agr_ahead *a)
{
	struct part *part = &a->parts[a->head];

	pass(a, part);
	if (part->stop != part->end)
		return false;
	pthread_mutex_lock(&a->lock);
	part->state = PART_FREE;
	a->head = (a->head + 1) % a->n_parts;
	a->n--;
	pthread_mutex_unlock(&a->lock);
	a->next_row = 0;
	return true;
}

bool agr_ahead_next(agr_ahead *a, agr_span *row, agr_span **slots)
{
	for (;;) {
		struct part *part = &a->parts[a->head];
		agr_span *cells;

		if (a->next_row == 0) {
			fill(a);
			if (!a->n)
				return false;
			await(a);
		}
		if (a->next_row < part->n) {
			cells = &part->cells[a->next_row++ * a->width];
			*row = *cells;
			*slots = cells + 1;
			return true;
		}
		if (!next_part(a))
			return false;
	}
}

/* ---- all ----------------------------------------------------------------------- */

/* What is left of the first part, the others, and what was read behind them. */
static int join_rest(agr_ahead *a, agr_ahead_rest *rest, agentrun_error **err)
{
	agr_buf all = AGR_BUF_INIT;

	for (size_t i = 0; i < a->n; i++) {
		const struct part *part = &a->parts[(a->head + i) % a->n_parts];
		const char *from = i ? part->p : part->stop;

		agr_buf_add(&all, from, (size_t)(part->end - from));
	}
	agr_buf_add(&all, a->tail.data, a->tail.len);
	agr_buf_free(&a->tail);
	a->tail = all;
	rest->p = all.data ? all.data : "";
	rest->n = all.len;
	return agr_buf_check(&all, "the input", err);
}

int agr_ahead_end(agr_ahead *a, agr_ahead_rest *rest, agentrun_error **err)
{
	const struct part *first = &a->parts[a->head];

	join(a);
	*rest = (agr_ahead_rest){
		.begins_row = !a->n || first->stop == first->p,
		.ended = !a->opts.read || a->all_read,
		.lines = a->lines, .column = a->column, .error = a->error,
	};
	a->error = NULL;
	if (a->opts.read)
		return join_rest(a, rest, err);
	rest->p = a->n ? first->stop : a->at;
	rest->n = (size_t)(a->opts.end - rest->p);
	return 0;
}

static void start_helpers(agr_ahead *a)
{
	/* With fewer it takes longer, no more. */
	while (a->helpers + 1 < a->opts.threads &&
		agr_thread_start(&a->threads[a->helpers], help, a, NULL) == 0)
		a->helpers++;
}

agr_ahead *agr_ahead_new(const agr_ahead_options *opts)
{
	agr_ahead *a = calloc(1, sizeof(*a));

	if (!a)
		return NULL;
	a->opts = *opts;
	a->width = 1 + (opts->wanted ? opts->wanted->n : 0);
	a->at = opts->p;
	a->opts.mark = memcpy(a->mark, opts->mark, opts->mark_len);
	if (a->opts.threads > AGR_AHEAD_THREADS)
		a->opts.threads = AGR_AHEAD_THREADS;
	a->n_parts = 2 * (size_t)a->opts.threads;
	a->parts = calloc(a->n_parts, sizeof(*a->parts));
	a->scanner = scanner_new(a);
	a->tail.max = SIZE_MAX;
	if (opts->read)
		agr_buf_add(&a->tail, opts->p, (size_t)(opts->end - opts->p));
	if (!a->parts || !a->scanner || a->tail.failed) {
		scanner_free(a->scanner);
		agr_buf_free(&a->tail);
		free(a->parts);
		free(a);
		return NULL;
	}
	for (size_t i = 0; i < a->n_parts; i++)
		a->parts[i].buf.max = SIZE_MAX;
	pthread_mutex_init(&a->lock, NULL);
	pthread_cond_init(&a->work, NULL);
	pthread_cond_init(&a->done, NULL);
	start_helpers(a);
	return a;
}

void agr_ahead_free(agr_ahead *a)
{
	if (!a)
		return;
	join(a);
	for (size_t i = 0; i < a->n_parts; i++) {
		agr_buf_free(&a->parts[i].buf);
		free(a->parts[i].cells);
	}
	scanner_free(a->scanner);
	agr_buf_free(&a->tail);
	agentrun_error_free(a->error);
	pthread_cond_destroy(&a->done);
	pthread_cond_destroy(&a->work);
	pthread_mutex_destroy(&a->lock);
	free(a->parts);
	free(a);
}
