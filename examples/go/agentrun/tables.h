/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
/*
 * What is written in Go and called by C: backends, steps, tools. Each is a table of the
 * library's whose functions lead into Go (the exports of *_go.go), with a handle of Go as
 * its state. Lists cross flat, however many there are in them: texts one behind the other
 * and their lengths.
 */
#ifndef AGENTRUN_GO_TABLES_H
#define AGENTRUN_GO_TABLES_H

#include <stdlib.h>

#include <agentrun/agentrun.h>
#include <agentrun/sys/error.h>
#include <agentrun/sys/options.h>
#include <agentrun/sys/queue.h>
#include <agentrun/sys/step.h>
#include <agentrun/sys/store.h>
#include <agentrun/sys/tool.h>

/* The length of a text that is not there. */
#define AGRGO_UNSET SIZE_MAX

/* Texts on their way to Go. */
typedef struct agrgo_flat {
	agentrun_buf text;
	size_t *lens;
	size_t n;
} agrgo_flat;

void agrgo_flat_dispose(agrgo_flat *flat);

/* Make an error. `retryable` negative: as is usual for the code. Returns the code. */
int agrgo_raise(agentrun_error **err, int code, const char *message, int retryable,
	int64_t after_ms);

/* Fill `n` buffers. */
int agrgo_bufs_set(agentrun_buf *bufs, const char *data, const size_t *lens, size_t n,
	agentrun_error **err);

/* ---- records: as many texts each as the library has fields ---------------- */

int agrgo_record_flatten(agrgo_flat *out, const agentrun_record *record);
int agrgo_records_flatten(agrgo_flat *out, const agentrun_records *records);
int agrgo_record_fill(agentrun_record *into, const char *data, const size_t *lens,
	size_t fields, agentrun_error **err);
int agrgo_records_fill(agentrun_records *into, const char *data, const size_t *lens,
	size_t n, size_t fields, agentrun_error **err);

/* ---- stores --------------------------------------------------------------- */

/* Which of the optional members there are. */
enum {
	AGRGO_STORE_MIGRATE = 1,
	AGRGO_STORE_READ = 2,
	AGRGO_STORE_UPLOAD = 4,
	AGRGO_STORE_KEEP_RECORDS = 8, /* remove_records, mark_blobs */
	AGRGO_STORE_KEEP_BLOBS = 16   /* list_blobs, remove_blob */
};

/* The options of every store. `take_blobs` is owned on success. */
int agrgo_store_new(agentrun_store **out, uintptr_t handle, const char *name, int has,
	size_t max_inline, agentrun_store *take_blobs, agentrun_error **err);
/* Those options by themselves, for backends of C; free() them. NULL: no memory. */
agentrun_store_options *agrgo_store_options(size_t max_inline, agentrun_store *take_blobs);

/* ---- queues --------------------------------------------------------------- */

enum {
	AGRGO_QUEUE_WAKEUP = 1,
	AGRGO_QUEUE_RESULT = 2,
	AGRGO_QUEUE_CANCEL = 4,
	AGRGO_QUEUE_STATS = 8,
	AGRGO_QUEUE_DEAD = 16,
	AGRGO_QUEUE_JOURNAL = 32,
	AGRGO_QUEUE_OUTPUT = 64
};

/* A job, spread out. What it points to is the job's. */
typedef struct agrgo_job {
	const char *id, *lease, *payload, *reason, *result, *data;
	size_t payload_len, result_len, data_len;
	int64_t lease_ms, enqueued_ms, delay_ms;
	uint32_t deliveries, retries;
	int action, counts_as_retry, cancelled, journalled, lost, settled;
} agrgo_job;

int agrgo_queue_new(agentrun_queue **out, uintptr_t handle, const char *name, int has,
	agentrun_error **err);
/* Append leased jobs: the numbers of jobs[i], and id, lease and payload as texts. */
int agrgo_jobs_fill(agentrun_jobs *into, const agrgo_job *jobs, const char *data,
	const size_t *lens, size_t n, agentrun_error **err);
/* Enqueue jobs: id and payload as texts. */
int agrgo_enqueue(agentrun_queue *queue, const char *data, const size_t *lens, size_t n,
	agentrun_error **err);

/* ---- steps and tools -------------------------------------------------------- */

/* The texts are copied. */
int agrgo_add_step(agentrun_ctx *ctx, uintptr_t handle, const char *name,
	const char *summary, const char *parameters, agentrun_error **err);
/* Hand rows on: 0, AGENTRUN_STEP_ENOUGH, or an error. */
int agrgo_emit(void *emitter, const char *data, const size_t *lens, size_t n,
	agentrun_error **err);
int agrgo_add_tool(agentrun_ctx *ctx, uintptr_t handle, const char *name,
	const char *description, const char *parameters, int lane, int pure,
	agentrun_error **err);

#endif
