/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
/**
 * @file
 * Write a store backend: fill an agentrun_store_impl, hand it to
 * agentrun_store_new(). `agentrun/conformance.h` checks a backend from outside.
 */
#ifndef AGENTRUN_SYS_STORE_H
#define AGENTRUN_SYS_STORE_H

#include <agentrun/store.h>
#include <agentrun/sys/error.h>

AGENTRUN_BEGIN_DECLS

#define AGENTRUN_STORE_IMPL_VERSION 2

/**
 * `self` is the backend's private state; several threads may call at once.
 * Every call returns 0 or a negative code and then sets `*err`
 * (agentrun_error_raise()). AGENTRUN_EBACKEND: the backend cannot be reached and
 * nothing was kept; AGENTRUN_ESTORAGE: it refused.
 */
typedef struct agentrun_store_impl {
	uint32_t version;     /**< AGENTRUN_STORE_IMPL_VERSION */
	uint32_t struct_size; /**< sizeof(agentrun_store_impl) */
	const char *name;     /**< "sqlite"; copied; appears in messages */

	/**
	 * Mandatory. Keep all of the records (borrowed, result_id and job_id set)
	 * or none, durably when it returns. Where a record of the same job_id is
	 * kept already, that one stays if its status is "completed", and is
	 * replaced otherwise. `result_ids[i]` becomes the result_id of the record
	 * that is kept for records[i]. Loop to agentrun_record_field_count(); a field
	 * of a newer library that you have no place for is left out.
	 */
	int (*put)(void *self, agentrun_buf *result_ids,
		const agentrun_record *const *records, size_t n, agentrun_error **err);
	/**
	 * Mandatory. Copy the record whose `field` (AGENTRUN_RECORD_RESULT_ID or
	 * _JOB_ID) is `key` into `into` (empty); AGENTRUN_ENOTFOUND when there is
	 * none.
	 */
	int (*get)(void *self, agentrun_record *into, int field, const char *key,
		agentrun_error **err);
	/**
	 * Mandatory. Append matching records, newest first (by created_at, then by
	 * result_id, as text); without result_data.
	 * `query` may be longer than yours: agentrun_options_read() refuses what you
	 * do not know.
	 */
	int (*list)(void *self, agentrun_records *into,
		const agentrun_store_query *query, agentrun_error **err);
	/**
	 * Mandatory. Keep a blob under its hex SHA-256 (64 characters), durably when
	 * it returns; a blob that is there already is success, and young again where
	 * you have remove_blob.
	 */
	int (*put_blob)(void *self, const char *hex, const char *data, size_t len,
		agentrun_error **err);
	/** Mandatory where read_blob is missing. Read a blob whole; AGENTRUN_ENOTFOUND when
	 * there is none. */
	int (*get_blob)(void *self, agentrun_buf *out, const char *hex,
		agentrun_error **err);
	/** Mandatory. Frees `self`, also a half-built one. */
	void (*destroy)(void *self);
	/** Optional. See agentrun_store_migrate(). */
	int (*migrate)(void *self, agentrun_error **err);
	/** Optional. See agentrun_store_gc(); not called where remove_records and
	 * mark_blobs are there, and list_blobs and remove_blob of who keeps the blobs. */
	int (*gc)(void *self, uint64_t *records_removed, uint64_t *blobs_removed,
		const char *before, agentrun_error **err);
	/* members above: version 1 */

	/** Optional, the four together: a blob in parts. Begin one; an upload is one
	 * thread's at a time, and what a killed process left must not stay for ever. */
	int (*blob_begin)(void *self, void **out_upload, agentrun_error **err);
	/** Add to it. */
	int (*blob_add)(void *self, void *upload, const char *data, size_t len,
		agentrun_error **err);
	/** Keep it under the digest of all that was added, as put_blob does. The upload
	 * is gone, also after a failure. */
	int (*blob_finish)(void *self, void *take_upload, const char *hex,
		agentrun_error **err);
	/** Drop it. */
	void (*blob_drop)(void *self, void *take_upload);
	/**
	 * Optional. Read up to `cap` bytes of a blob from `offset` on; fewer only at its
	 * end. AGENTRUN_ENOTFOUND when there is no such blob.
	 */
	int (*read_blob)(void *self, const char *hex, uint64_t offset, char *to,
		size_t cap, size_t *len, agentrun_error **err);
	/** Optional, with mark_blobs. Remove records created before `before`. */
	int (*remove_records)(void *self, uint64_t *removed, const char *before,
		agentrun_error **err);
	/** Optional. Set named[i] to 1 where a record's cas_id is "sha256:" and the
	 * i-th of `n` digests, which lie one behind the other (64 characters each). */
	int (*mark_blobs)(void *self, const char *digests, size_t n,
		unsigned char *named, agentrun_error **err);
	/**
	 * Optional, with remove_blob. Append the digests of some blobs that were last
	 * put before `before_ms` (since 1970), 64 characters each. `cursor`, yours, is
	 * empty at first and says where to go on; leave it empty at the end. What killed
	 * writers left (older than that, and than a minute) is removed on the way.
	 */
	int (*list_blobs)(void *self, agentrun_buf *digests, agentrun_buf *cursor,
		int64_t before_ms, agentrun_error **err);
	/** Optional. Remove a blob, unless it was put again since `before_ms`: one step,
	 * whoever else puts it. *removed is 1 or 0. */
	int (*remove_blob)(void *self, const char *hex, int64_t before_ms, int *removed,
		agentrun_error **err);
	/* members above: version 2 */
} agentrun_store_impl;

/**
 * Make a store from a backend.
 *
 * @param impl copied
 * @param take_self owned by the store on success: impl->destroy() is called once
 * @param opts NULL for defaults: hand on what your own options hold of them
 * @return 0, AGENTRUN_EINVAL (a mandatory member is missing, wrong options),
 *         AGENTRUN_ENOMEM
 */
AGENTRUN_API int agentrun_store_new(agentrun_store **out,
	const agentrun_store_impl *impl, void *take_self,
	const agentrun_store_options *opts, agentrun_error **err);

AGENTRUN_END_DECLS
#endif
