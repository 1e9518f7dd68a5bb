/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
/* Blobs in parts. What a backend cannot take or give so is held whole. */
#include <stdlib.h>
#include <string.h>

#include "store/store.h"

/* What goes to a backend at once, and what is asked of it. */
#define PART ((size_t)1 << 20)

/* ---- in -------------------------------------------------------------------- */

struct agentrun_store_writer {
	agentrun_store *to;
	void *upload;  /* NULL: it has not begun; what is no longer than a part goes whole */
	bool in_parts; /* the backend can */
	agr_sha256 sha;
	agr_buf part;  /* not handed on yet */
	bool over;     /* it failed, or is finished */
};

int agentrun_store_writer_new(agentrun_store_writer **out, agentrun_store *store,
	agentrun_error **err)
{
	agentrun_store_writer *w = calloc(1, sizeof(*w));

	*out = w;
	if (!w)
		return agr_error_oom(err);
	w->to = store->blobs;
	w->in_parts = store->blobs->impl.blob_begin != NULL;
	w->part = (agr_buf)AGR_BUF_INIT;
	agr_sha256_init(&w->sha);
	return 0;
}

static int flush(agentrun_store_writer *w, agentrun_error **err)
{
	const agentrun_store_impl *impl = &w->to->impl;
	int r = w->upload ? 0 : impl->blob_begin(w->to->self, &w->upload, err);

	if (r == 0 && w->part.len)
		r = impl->blob_add(w->to->self, w->upload, w->part.data, w->part.len, err);
	agr_buf_reset(&w->part);
	return r;
}

static int is_over(agentrun_error **err)
{
	return agentrun_error_raise(err, AGENTRUN_EINVAL,
		"the writer failed, or is finished: nothing more can be added");
}

int agentrun_store_writer_add(agentrun_store_writer *w, const char *data, size_t len,
	agentrun_error **err)
{
	int r = 0;

	if (w->over)
		return is_over(err);
	agr_sha256_add(&w->sha, data, len);
	while (r == 0 && len) {
		size_t n = len;

		if (w->in_parts && n > PART - w->part.len)
			n = PART - w->part.len;
		agr_buf_add(&w->part, data, n);
		r = agr_buf_check(&w->part, "the blob", err);
		if (r == 0 && w->in_parts && w->part.len == PART)
			r = flush(w, err);
		data += n;
		len -= n;
	}
	w->over = r < 0;
	return r;
}

int agentrun_store_writer_finish(agentrun_buf *ref, agentrun_store_writer *w,
	agentrun_error **err)
{
	const agentrun_store_impl *impl = &w->to->impl;
	char hex[AGR_SHA256_HEX];
	int r = 0;

	if (w->over)
		return is_over(err);
	w->over = true;
	agr_sha256_hex(&w->sha, hex);
	if (w->upload) {
		r = flush(w, err);
		if (r == 0) {
			r = impl->blob_finish(w->to->self, w->upload, hex, err);
			w->upload = NULL;
		}
	} else {
		r = impl->put_blob(w->to->self, hex, w->part.data, w->part.len, err);
	}
	return r < 0 ? r : agr_store_give_ref(ref, AGR_CAS_PREFIX AGR_SHA_PREFIX, hex, err);
}

void agentrun_store_writer_free(agentrun_store_writer *w)
{
	if (!w)
		return;
	if (w->upload)
		w->to->impl.blob_drop(w->to->self, w->upload);
	agr_buf_free(&w->part);
	free(w);
}

/* ---- out ------------------------------------------------------------------- */

struct agentrun_store_reader {
	agentrun_store *from;      /* NULL: all is in `whole`, and checked */
	agentrun_buf whole;
	size_t at;                 /* of what is ready to be given */
	char *ready, *ahead;       /* PART each; `ahead` is read before `ready` is given */
	size_t n_ready, n_ahead;
	uint64_t offset;           /* read so far */
	agr_sha256 sha;
	char hex[AGR_SHA256_HEX];
	bool broken;
};

/* The next part into `ahead`; at the end, the digest is checked. */
static int read_ahead(agentrun_store_reader *reader, agentrun_error **err)
{
	const agentrun_store *from = reader->from;
	char is[AGR_SHA256_HEX];
	int r = from->impl.read_blob(from->self, reader->hex, reader->offset, reader->ahead,
		PART, &reader->n_ahead, err);

	if (r < 0)
		return r;
	agr_sha256_add(&reader->sha, reader->ahead, reader->n_ahead);
	reader->offset += reader->n_ahead;
	if (reader->n_ahead)
		return 0;
	agr_sha256_hex(&reader->sha, is);
	return strcmp(is, reader->hex) == 0 ? 0 : agr_store_damaged(reader->hex, is, err);
}

static int go_on(agentrun_store_reader *reader, agentrun_error **err)
{
	char *part = reader->ready;

	reader->ready = reader->ahead;
	reader->n_ready = reader->n_ahead;
	reader->ahead = part;
	reader->n_ahead = 0;
	reader->at = 0;
	return reader->n_ready ? read_ahead(reader, err) : 0;
}

/* The blob of reader->hex. */
static int open_blob(agentrun_store_reader *reader, agentrun_store *store, agentrun_error **err)
{
	agentrun_store *from = store->blobs;
	int r;

	if (!from->impl.read_blob)
		return agr_store_get_blob(store, reader->hex, &reader->whole, err);
	reader->from = from;
	reader->ready = malloc(PART);
	reader->ahead = malloc(PART);
	if (!reader->ready || !reader->ahead)
		return agr_error_oom(err);
	agr_sha256_init(&reader->sha);
	r = read_ahead(reader, err);
	return r < 0 ? r : go_on(reader, err);
}

int agentrun_store_reader_new(agentrun_store_reader **out, agentrun_store *store,
	const char *ref, agentrun_error **err)
{
	agentrun_store_reader *reader = calloc(1, sizeof(*reader));
	int r;

	*out = NULL;
	if (!reader)
		return agr_error_oom(err);
	r = agr_store_resolve(store, ref, &reader->whole, reader->hex, err);
	if (r == 1)
		r = open_blob(reader, store, err);
	if (r < 0)
		agentrun_store_reader_free(reader);
	else
		*out = reader;
	return r;
}

int agentrun_store_reader_read(agentrun_store_reader *reader, char *to, size_t cap,
	size_t *len, agentrun_error **err)
{
	const char *data = reader->from ? reader->ready : reader->whole.data;
	size_t n = reader->from ? reader->n_ready : reader->whole.len;
	int r;

	*len = 0;
	if (reader->broken)
		return agentrun_error_raise(err, AGENTRUN_EINVAL, "the reader has failed");
	if (reader->from && reader->at == n && n) {
		r = go_on(reader, err);
		reader->broken = r < 0;
		if (r < 0)
			return r;
		data = reader->ready;
		n = reader->n_ready;
	}
	*len = n - reader->at < cap ? n - reader->at : cap;
	if (*len)
		memcpy(to, data + reader->at, *len);
	reader->at += *len;
	return 0;
}

void agentrun_store_reader_free(agentrun_store_reader *reader)
{
	if (!reader)
		return;
	agentrun_buf_dispose(&reader->whole);
	free(reader->ready);
	free(reader->ahead);
	free(reader);
}

/* ---- by pointer ------------------------------------------------------------ */

int agr_store_write_part(void *writer, const char *data, size_t len, agentrun_error **err)
{
	return agentrun_store_writer_add(writer, data, len, err);
}

int agr_store_read_part(void *reader, char *to, size_t cap, size_t *len,
	agentrun_error **err)
{
	return agentrun_store_reader_read(reader, to, cap, len, err);
}

void agr_store_close_reader(void *reader)
{
	agentrun_store_reader_free(reader);
}
