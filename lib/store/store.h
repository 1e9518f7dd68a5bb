/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
/*
 * store - what is the same over every store backend: refs, ids, times, the
 * spill of large results into blobs, the check of a blob's digest.
 */
#ifndef AGR_STORE_H
#define AGR_STORE_H

#include <agentrun/sys/store.h>

#include "base/base.h"

#define AGR_ARTIFACT_PREFIX "artifact://"
#define AGR_CAS_PREFIX "cas://"
#define AGR_SHA_PREFIX "sha256:"

struct agentrun_store {
	agentrun_store_impl impl;
	void *self;
	char *name; /* a copy: impl.name points to it */
	agentrun_store_options opts;
	agentrun_store *blobs; /* who keeps the blobs: itself, or opts.take_blobs */
};

/* Does the text look like a ref of either kind? */
bool agr_is_ref(const char *text);

/* Longer result data goes to a blob. */
size_t agr_store_max_inline(const agentrun_store *store);

/* Read "sha256:HEX". AGENTRUN_EINVAL. */
int agr_store_read_digest(char hex[AGR_SHA256_HEX], const char *id, agentrun_error **err);
int agr_store_give_ref(agentrun_buf *ref, const char *prefix, const char *id,
	agentrun_error **err);
/* Times are compared as text by the backends, so there is one way to write them. */
int agr_store_read_time(char out[AGR_TIME_SIZE], const char *text, const char *name,
	agentrun_error **err);
/* What a ref of either kind stands for: 0, a record's own data, in `out`; 1, the blob of this
 * digest; AGENTRUN_EINVAL (it is none), AGENTRUN_ENOTFOUND, ... */
int agr_store_resolve(agentrun_store *store, const char *ref, agentrun_buf *out,
	char hex[AGR_SHA256_HEX], agentrun_error **err);
/* A blob whole, its digest checked; `out` may hold what `hex` was read from. */
int agr_store_get_blob(agentrun_store *store, const char *hex, agentrun_buf *out,
	agentrun_error **err);
int agr_store_damaged(const char *hex, const char *is, agentrun_error **err);

/* agentrun_store_writer_add(), agentrun_store_reader_read() and _free() for who calls
 * them by pointer. */
int agr_store_write_part(void *writer, const char *data, size_t len, agentrun_error **err);
int agr_store_read_part(void *reader, char *to, size_t cap, size_t *len,
	agentrun_error **err);
void agr_store_close_reader(void *reader);
/* Does a put wait for nothing but this process' memory? */
bool agr_store_is_local(const agentrun_store *store);
/* agentrun_store_put() of `n` records (1 to AGR_STORE_MOST), all or none. */
#define AGR_STORE_MOST 64
int agr_store_put_many(agentrun_buf *refs, agentrun_store *store,
	agentrun_record *const *records, size_t n, agentrun_error **err);

#endif
