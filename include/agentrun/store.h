/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
/**
 * @file
 * Keep results and blobs.
 *
 * A ref names what is kept: `artifact://UUID` a result record,
 * `cas://sha256:HEX` a blob that is addressed by its SHA-256. Records are kept
 * once a job: putting a second record of a job that completed keeps the first and
 * gives its ref; a record of any other status gives way to a later one. Result
 * data above `max_inline_bytes` goes to a blob, and the record holds that blob's
 * ref.
 *
 * A store may be used from several threads at once. The one of memory.h lives in
 * the core and forgets at exit; others are libraries of their own, made from the
 * table of functions in sys/store.h.
 */
#ifndef AGENTRUN_STORE_H
#define AGENTRUN_STORE_H

#include <agentrun/ctx.h>

AGENTRUN_BEGIN_DECLS

typedef struct agentrun_store agentrun_store;

/** The result of one job: a field is text, or not set. One thread's at a time. */
typedef struct agentrun_record agentrun_record;

/** Fields of a record, in the order in which stores keep them. */
enum {
	AGENTRUN_RECORD_RESULT_ID = 0, /**< UUID; made by agentrun_store_put() */
	AGENTRUN_RECORD_JOB_ID = 1,    /**< unique */
	AGENTRUN_RECORD_RUN_ID = 2,
	AGENTRUN_RECORD_NODE_ID = 3,
	AGENTRUN_RECORD_RESULT_DATA = 4, /**< JSON; not set when it is in a blob */
	AGENTRUN_RECORD_CAS_ID = 5,      /**< "sha256:HEX" of that blob */
	AGENTRUN_RECORD_S3_REF = 6,
	AGENTRUN_RECORD_STATUS = 7,      /**< "completed", "failed", ... */
	AGENTRUN_RECORD_ERROR = 8,       /**< JSON */
	AGENTRUN_RECORD_TOOL_CALLS = 9,  /**< JSON */
	AGENTRUN_RECORD_TOKENS_USED = 10,       /**< whole number */
	AGENTRUN_RECORD_CACHE_HIT = 11,         /**< "true" or "false" */
	AGENTRUN_RECORD_EXECUTION_TIME_MS = 12, /**< whole number */
	AGENTRUN_RECORD_LLM_MODEL = 13,
	AGENTRUN_RECORD_CREATED_AT = 14,   /**< ISO 8601, UTC */
	AGENTRUN_RECORD_COMPLETED_AT = 15  /**< ISO 8601, UTC */
};

/** How many fields a record of the library that runs has: 16, and more later. */
AGENTRUN_API int agentrun_record_field_count(void);

/** "result_id", "job_id", ...; NULL for another number. */
AGENTRUN_API const char *agentrun_record_field_name(int field);

/** @return 0, AGENTRUN_ENOMEM */
AGENTRUN_API int agentrun_record_new(agentrun_record **out,
	agentrun_error **err);
AGENTRUN_API void agentrun_record_free(agentrun_record *record); /**< NULL ok */
/**
 * Set a field to a copy of `len` bytes; `text` NULL unsets it.
 *
 * @return 0, AGENTRUN_EINVAL (no such field), AGENTRUN_ENOMEM
 */
AGENTRUN_API int agentrun_record_set(agentrun_record *record, int field,
	const char *text, size_t len);
/** A field's text, lent until it is set again; NULL: not set. `len` may be NULL. */
AGENTRUN_API const char *agentrun_record_get(const agentrun_record *record,
	int field, size_t *len);
/** The record as one JSON object; unset fields are null. @return 0, AGENTRUN_ENOMEM */
AGENTRUN_API int agentrun_record_json(agentrun_buf *out,
	const agentrun_record *record);

/** Records in order. One thread's at a time. */
typedef struct agentrun_records agentrun_records;
/** @return 0, AGENTRUN_ENOMEM */
AGENTRUN_API int agentrun_records_new(agentrun_records **out,
	agentrun_error **err);
AGENTRUN_API void agentrun_records_free(agentrun_records *records); /**< NULL ok */
AGENTRUN_API size_t agentrun_records_count(const agentrun_records *records);
/** Record `i`, lent; NULL past the end. */
AGENTRUN_API const agentrun_record *agentrun_records_at(
	const agentrun_records *records, size_t i);
/** Append; the list owns `take_record` on success. @return 0, AGENTRUN_ENOMEM */
AGENTRUN_API int agentrun_records_add(agentrun_records *records,
	agentrun_record *take_record);

/** Which records to list, newest first: by created_at, of one time by result_id. Fields
 * are only ever appended. */
typedef struct agentrun_store_query {
	size_t struct_size;  /**< set by agentrun_store_query_init() */
	const char *run_id;  /**< NULL: any */
	const char *node_id; /**< NULL: any */
	const char *status;  /**< NULL: any */
	const char *since;   /**< created_at at or after, ISO 8601; NULL: any */
	size_t limit;        /**< init: 100; 0: no limit */
	size_t offset;
	const char *after_created_at; /**< a page: only what is listed behind the record */
	const char *after_result_id;  /**< with this time and id, there or not; both or none */
	/* fields above: 0.1 */
} agentrun_store_query;

AGENTRUN_API void agentrun_store_query_init(agentrun_store_query *query,
	size_t struct_size);

/** Of any store, whatever keeps it. Fields are only ever appended. */
typedef struct agentrun_store_options {
	size_t struct_size;      /**< set by agentrun_store_options_init() */
	size_t max_inline_bytes; /**< longer result data goes to a blob; init: 10485760 */
	agentrun_store *take_blobs; /**< keeps the blobs in the store's place, and is freed
	                                 with it; owned on success only. NULL: none */
	/* fields above: 0.1 */
} agentrun_store_options;

AGENTRUN_API void agentrun_store_options_init(agentrun_store_options *opts,
	size_t struct_size);

/** No other call on the store may be running, and no engine use it. NULL ok. */
AGENTRUN_API void agentrun_store_free(agentrun_store *store);

/*
 * Any call below may also fail with AGENTRUN_ESTORAGE (the backend refused),
 * AGENTRUN_EBACKEND (it cannot be reached; nothing was kept) and AGENTRUN_ENOMEM.
 */

/**
 * Keep a job's result. Sets result_id and created_at where they are not set.
 * `record` is changed so that it says what is kept.
 *
 * @param ref  "artifact://UUID" of the record that is kept now
 * @return 0, AGENTRUN_EINVAL (no job_id)
 */
AGENTRUN_API int agentrun_store_put(agentrun_buf *ref, agentrun_store *store,
	agentrun_record *record, agentrun_error **err);

/**
 * What a ref names: a record's result data (read from its blob where it is in
 * one), or a blob, whose SHA-256 is checked.
 *
 * @return 0, AGENTRUN_EINVAL (not a ref), AGENTRUN_ENOTFOUND
 */
AGENTRUN_API int agentrun_store_get(agentrun_buf *out, agentrun_store *store,
	const char *ref, agentrun_error **err);

/**
 * Keep a blob.
 *
 * @param ref "cas://sha256:HEX"
 * @return 0
 */
AGENTRUN_API int agentrun_store_put_blob(agentrun_buf *ref,
	agentrun_store *store, const char *data, size_t len, agentrun_error **err);

/** A blob on its way into a store. One thread's at a time. */
typedef struct agentrun_store_writer agentrun_store_writer;

/**
 * Put a blob in parts, however long it gets: it takes a few MiB of memory where the
 * backend can (those in `backends/` do, but for memory), else all of it.
 *
 * @param out   free it with agentrun_store_writer_free(), before the store; NULL on
 *              failure
 * @param store borrowed
 * @return 0
 */
AGENTRUN_API int agentrun_store_writer_new(agentrun_store_writer **out,
	agentrun_store *store, agentrun_error **err);
/**
 * Add `len` bytes. After a failure, nothing can be added.
 *
 * @return 0
 */
AGENTRUN_API int agentrun_store_writer_add(agentrun_store_writer *writer,
	const char *data, size_t len, agentrun_error **err);
/**
 * Keep what was added, durably, under its digest. Once.
 *
 * @param ref "cas://sha256:HEX"
 * @return 0, AGENTRUN_EINVAL (it failed, or is finished)
 */
AGENTRUN_API int agentrun_store_writer_finish(agentrun_buf *ref,
	agentrun_store_writer *writer, agentrun_error **err);
/** Drops what was not finished. NULL ok. */
AGENTRUN_API void agentrun_store_writer_free(agentrun_store_writer *writer);

/** What a ref names, on its way out. One thread's at a time. */
typedef struct agentrun_store_reader agentrun_store_reader;

/**
 * Read what agentrun_store_get() gives, in parts. A blob takes a few MiB of memory
 * where the backend can.
 *
 * @param out   free it with agentrun_store_reader_free(), before the store; NULL on
 *              failure
 * @param store borrowed
 * @return 0, AGENTRUN_EINVAL (not a ref), AGENTRUN_ENOTFOUND
 */
AGENTRUN_API int agentrun_store_reader_new(agentrun_store_reader **out,
	agentrun_store *store, const char *ref, agentrun_error **err);
/**
 * Store up to `cap` bytes in `to` and their number in *len, 0 at the end. The digest of
 * a blob is checked before its last MiB is given: what is damaged never ends well.
 *
 * @return 0, AGENTRUN_ESTORAGE (damaged), AGENTRUN_ENOTFOUND (removed meanwhile)
 */
AGENTRUN_API int agentrun_store_reader_read(agentrun_store_reader *reader, char *to,
	size_t cap, size_t *len, agentrun_error **err);
AGENTRUN_API void agentrun_store_reader_free(agentrun_store_reader *reader); /**< NULL ok */

/**
 * The record that `ref` names.
 *
 * @param out free it with agentrun_record_free(); NULL on failure
 * @return 0, AGENTRUN_EINVAL (not artifact://UUID), AGENTRUN_ENOTFOUND
 */
AGENTRUN_API int agentrun_store_get_record(agentrun_record **out,
	agentrun_store *store, const char *ref, agentrun_error **err);
/**
 * The record of a job.
 *
 * @param out free it with agentrun_record_free(); NULL on failure
 * @return 0, AGENTRUN_ENOTFOUND
 */
AGENTRUN_API int agentrun_store_find_job(agentrun_record **out,
	agentrun_store *store, const char *job_id, agentrun_error **err);
/**
 * List records, without their result data.
 *
 * @param out   free it with agentrun_records_free(); NULL on failure
 * @param query NULL for defaults
 * @return 0, AGENTRUN_EINVAL (a time that is none, a field that is not known)
 */
AGENTRUN_API int agentrun_store_list(agentrun_records **out,
	agentrun_store *store, const agentrun_store_query *query,
	agentrun_error **err);
/**
 * Bring the backend's tables to this version's shape; nothing to do is fine.
 *
 * @return 0
 */
AGENTRUN_API int agentrun_store_migrate(agentrun_store *store,
	agentrun_error **err);
/** What to remove. Fields are only ever appended. */
typedef struct agentrun_store_gc_options {
	size_t struct_size; /**< set by agentrun_store_gc_options_init() */
	const char *before; /**< records created before, ISO 8601; NULL: none */
	int64_t grace_ms;   /**< a blob put within it stays, as its record may be on its way;
	                         init: 3600000 */
	/* fields above: 0.1 */
} agentrun_store_gc_options;

AGENTRUN_API void agentrun_store_gc_options_init(agentrun_store_gc_options *opts,
	size_t struct_size);

/**
 * Remove old records, then the blobs that no record names, and what killed writers
 * left. Others may put meanwhile, as long as their records follow their blobs within
 * the grace.
 *
 * @param records_removed how many; may be NULL, as may blobs_removed
 * @param opts NULL for defaults
 * @return 0, AGENTRUN_EINVAL (a time that is none, or the backend cannot)
 */
AGENTRUN_API int agentrun_store_gc_with(uint64_t *records_removed,
	uint64_t *blobs_removed, agentrun_store *store,
	const agentrun_store_gc_options *opts, agentrun_error **err);
/**
 * The same without a grace: nobody may be putting a result. Remove records created
 * before `before` (ISO 8601; NULL: none), then the blobs that no record names.
 *
 * @param records_removed how many; may be NULL, as may blobs_removed
 * @return 0, AGENTRUN_EINVAL (a time that is none, or the backend cannot)
 */
AGENTRUN_API int agentrun_store_gc(uint64_t *records_removed,
	uint64_t *blobs_removed, agentrun_store *store, const char *before,
	agentrun_error **err);

AGENTRUN_END_DECLS
#endif
