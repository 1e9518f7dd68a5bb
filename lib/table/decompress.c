/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
#include "table/decompress.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#ifdef AGR_HAVE_ZLIB
#include <zlib.h>
#endif
#ifdef AGR_HAVE_ZSTD
#include <zstd.h>
#endif

#include "base/base.h"

#ifndef AGR_ZLIB_LOAD /* where they are linked */
#define AGR_ZLIB_LOAD(err) 0
#define AGR_ZSTD_LOAD(err) 0
#endif

#define CHUNK ((size_t)64 * 1024)

struct agr_decompressor {
	agentrun_read_fn read;
	void *user;
	agr_compression kind;
	unsigned char *in;
	size_t pos, len;
	bool ended;  /* the reader has no more */
	bool inside; /* a member or frame is not complete */
#ifdef AGR_HAVE_ZLIB
	z_stream gzip;
	bool gzip_open;
#endif
#ifdef AGR_HAVE_ZSTD
	ZSTD_DStream *zstd;
#endif
};

static const char *const names[] = { "", "gzip", "zstd" };

static int damaged(const agr_decompressor *d, const char *what, agentrun_error **err)
{
	return agentrun_error_raise(err, AGENTRUN_EINPUT, "not valid %s data: %s",
		names[d->kind], what);
}

/* ---- gzip ------------------------------------------------------------------- */

#ifdef AGR_HAVE_ZLIB

static int gzip_open(agr_decompressor *d, agentrun_error **err)
{
	int r = AGR_ZLIB_LOAD(err);

	if (r < 0)
		return r;
	if (inflateInit2(&d->gzip, 15 + 16) != Z_OK)
		return agr_error_oom(err);
	d->gzip_open = true;
	return 0;
}

static int gzip_some(agr_decompressor *d, char *to, size_t cap, size_t *len,
	agentrun_error **err)
{
	z_stream *z = &d->gzip;
	int r;

	if (!d->inside && inflateReset(z) != Z_OK)
		return damaged(d, "it cannot be read on", err);
	d->inside = true;
	z->next_in = d->in + d->pos;
	z->avail_in = (uInt)(d->len - d->pos);
	z->next_out = (Bytef *)to;
	z->avail_out = (uInt)(cap < CHUNK ? cap : CHUNK);
	*len = z->avail_out;
	r = inflate(z, Z_NO_FLUSH);
	*len -= z->avail_out;
	d->pos = d->len - z->avail_in;
	if (r == Z_STREAM_END)
		d->inside = false;
	else if (r == Z_MEM_ERROR)
		return agr_error_oom(err);
	else if (r != Z_OK && r != Z_BUF_ERROR)
		return damaged(d, z->msg ? z->msg : "its end is missing", err);
	return 0;
}

#endif

/* ---- zstd ------------------------------------------------------------------- */

#ifdef AGR_HAVE_ZSTD

static int zstd_open(agr_decompressor *d, agentrun_error **err)
{
	int r = AGR_ZSTD_LOAD(err);

	if (r < 0)
		return r;
	d->zstd = ZSTD_createDStream();
	return d->zstd ? 0 : agr_error_oom(err);
}

static int zstd_some(agr_decompressor *d, char *to, size_t cap, size_t *len,
	agentrun_error **err)
{
	ZSTD_inBuffer in = { d->in, d->len, d->pos };
	ZSTD_outBuffer out = { to, cap, 0 };
	size_t r = ZSTD_decompressStream(d->zstd, &out, &in);

	d->pos = in.pos;
	*len = out.pos;
	if (ZSTD_isError(r))
		return damaged(d, ZSTD_getErrorName(r), err);
	d->inside = r != 0;
	return 0;
}

#endif

/* ---- both -------------------------------------------------------------------- */

static int open_kind(agr_decompressor *d, agentrun_error **err)
{
#ifdef AGR_HAVE_ZLIB
	if (d->kind == AGR_COMPRESSION_GZIP)
		return gzip_open(d, err);
#endif
#ifdef AGR_HAVE_ZSTD
	if (d->kind == AGR_COMPRESSION_ZSTD)
		return zstd_open(d, err);
#endif
	return agentrun_error_raise(err, AGENTRUN_EINPUT,
		"the input is compressed with %s, which this library was built without",
		names[d->kind]);
}

static int some(agr_decompressor *d, char *to, size_t cap, size_t *len,
	agentrun_error **err)
{
#ifdef AGR_HAVE_ZLIB
	if (d->gzip_open)
		return gzip_some(d, to, cap, len, err);
#endif
#ifdef AGR_HAVE_ZSTD
	if (d->zstd)
		return zstd_some(d, to, cap, len, err);
#endif
	(void)to;
	(void)cap;
	*len = 0;
	return damaged(d, "nothing reads it", err);
}

int agr_decompressor_new(agr_decompressor **out, agr_compression kind, const char *head,
	size_t len, agentrun_read_fn read, void *user, agentrun_error **err)
{
	agr_decompressor *d = calloc(1, sizeof(*d));
	size_t cap = len < CHUNK ? CHUNK : len;
	int r;

	*out = NULL;
	if (d)
		d->in = malloc(cap);
	if (!d || !d->in) {
		free(d);
		return agr_error_oom(err);
	}
	memcpy(d->in, head, len);
	d->len = len;
	d->read = read;
	d->user = user;
	d->kind = kind;
	r = open_kind(d, err);
	if (r < 0)
		agr_decompressor_free(d);
	else
		*out = d;
	return r;
}

int agr_decompressor_read(void *user, char *to, size_t cap, size_t *len,
	agentrun_error **err)
{
	agr_decompressor *d = user;
	int r = 0;

	*len = 0;
	while (!r && !*len) {
		if (d->pos == d->len && !d->ended) {
			d->pos = d->len = 0;
			r = d->read(d->user, (char *)d->in, CHUNK, &d->len, err);
			d->ended = !d->len;
			continue;
		}
		if (d->pos == d->len && !d->inside)
			break;
		r = some(d, to, cap, len, err);
		if (!r && !*len && d->inside && d->ended && d->pos == d->len)
			r = damaged(d, "its end is missing", err);
	}
	return r;
}

void agr_decompressor_free(agr_decompressor *d)
{
	if (!d)
		return;
#ifdef AGR_HAVE_ZLIB
	if (d->gzip_open)
		inflateEnd(&d->gzip);
#endif
#ifdef AGR_HAVE_ZSTD
	if (d->zstd)
		ZSTD_freeDStream(d->zstd);
#endif
	free(d->in);
	free(d);
}
