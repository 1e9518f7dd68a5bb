/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
/*
 * store - records and blobs in Redis.
 *
 *     store.c  records, and the table of functions
 *     blobs.c  blobs, whole or in parts
 */
#ifndef REDIS_STORE_H
#define REDIS_STORE_H

#include <agentrun/sys/store.h>

#include "pool.h"

#define REDIS_HEX_LEN ((size_t)64)

struct redis_store {
	redis_pool pool;
	char *base;
	char *record, *record_of, *records, *uploads; /* keys, or their beginnings */
};

/* A word made of a key's beginning and its end. */
int redis_write_key(redis_conn *conn, const char *prefix, const char *name,
	agentrun_error **err);

int redis_put_blob(void *self, const char *hex, const char *data, size_t len,
	agentrun_error **err);
int redis_get_blob(void *self, agentrun_buf *out, const char *hex, agentrun_error **err);
int redis_blob_begin(void *self, void **out_upload, agentrun_error **err);
int redis_blob_add(void *self, void *upload, const char *data, size_t len,
	agentrun_error **err);
int redis_blob_finish(void *self, void *take_upload, const char *hex, agentrun_error **err);
void redis_blob_drop(void *self, void *take_upload);
int redis_read_blob(void *self, const char *hex, uint64_t offset, char *to, size_t cap,
	size_t *len, agentrun_error **err);
int redis_list_blobs(void *self, agentrun_buf *digests, agentrun_buf *cursor,
	int64_t before_ms, agentrun_error **err);
int redis_remove_blob(void *self, const char *hex, int64_t before_ms, int *removed,
	agentrun_error **err);

#endif
