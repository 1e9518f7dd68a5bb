/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
/*
 * sqlite - the store in one file.
 *
 *     store.c   records, and the table of functions
 *     blobs.c   blobs, whole or in parts
 *     schema.c  the tables, version by version
 *     call.c    statements and faults
 */
#ifndef SQLITE_SQLITE_H
#define SQLITE_SQLITE_H

#include <pthread.h>
#include <stdbool.h>

#include <sqlite3.h>

#include <agentrun/sys/store.h>

struct sqlite_store {
	pthread_mutex_t lock; /* of the connection */
	sqlite3 *db;
	char *path;
};

/* ---- call.c: with the lock held ------------------------------------------- */

int sqlite_oom(agentrun_error **err);
int sqlite_fault(const struct sqlite_store *s, agentrun_error **err);
int sqlite_run(struct sqlite_store *s, const char *sql, agentrun_error **err);
int sqlite_prepare(struct sqlite_store *s, sqlite3_stmt **out, const char *sql,
	agentrun_error **err);
/* Ends the statement of a single step that gives no row. */
int sqlite_finish(struct sqlite_store *s, sqlite3_stmt *stmt, agentrun_error **err);
/* The text is borrowed for as long as the statement lives; NULL ok. */
void sqlite_bind(sqlite3_stmt *stmt, int at, const char *text, size_t len);
/* Commit, where `r` is 0, or roll back; returns `r`, or why it could not commit. */
int sqlite_end(struct sqlite_store *s, int r, agentrun_error **err);

/* ---- schema.c ------------------------------------------------------------- */

int sqlite_migrate(void *self, agentrun_error **err);

/* ---- blobs.c -------------------------------------------------------------- */

int sqlite_put_blob(void *self, const char *hex, const char *data, size_t len,
	agentrun_error **err);
int sqlite_blob_begin(void *self, void **out_upload, agentrun_error **err);
int sqlite_blob_add(void *self, void *upload, const char *data, size_t len,
	agentrun_error **err);
int sqlite_blob_finish(void *self, void *take_upload, const char *hex,
	agentrun_error **err);
void sqlite_blob_drop(void *self, void *take_upload);
int sqlite_read_blob(void *self, const char *hex, uint64_t offset, char *to, size_t cap,
	size_t *len, agentrun_error **err);
int sqlite_list_blobs(void *self, agentrun_buf *digests, agentrun_buf *cursor,
	int64_t before_ms, agentrun_error **err);
int sqlite_remove_blob(void *self, const char *hex, int64_t before_ms, int *removed,
	agentrun_error **err);

#endif
