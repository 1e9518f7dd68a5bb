/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
/*
 * What the Go side calls: the library's functions with their options spread out as
 * arguments, so that Go memory is only ever lent for one call and never stands in a
 * struct; and calls that do in one crossing what would take many.
 */
#ifndef AGENTRUN_GO_SHIM_H
#define AGENTRUN_GO_SHIM_H

#include <stdlib.h>

#include <agentrun/agentrun.h>
#include <agentrun/memory.h>

int agrgo_ctx_new(agentrun_ctx **out, const agentrun_config *config, uintptr_t log,
	int level, agentrun_error **err);

/* An intent, spread out; its texts stand elsewhere. */
typedef struct agrgo_intent {
	int lane;
	double confidence, execute, patch;
	size_t n_execute, n_patch, n_tools;
} agrgo_intent;

/*
 * Classify prompts, of so many bytes each, one behind the other in `data`. `text` becomes
 * what they have of NUL-terminated strings: the reasoning, the words for execute, those
 * for patch, the tools.
 *
 * Returns 0; or an error, and *failed is the prompt.
 */
int agrgo_classify(agrgo_intent *out, agentrun_buf *text, agentrun_ctx *ctx, const char *data,
	const size_t *lens, size_t n, const char *workflow, size_t workflow_len,
	const char *input, size_t input_len, int mode, size_t *failed, agentrun_error **err);

/* Text that the caller of agrgo_plan() and others made with malloc(), or NULL. */
typedef struct agrgo_plan_names {
	const char *planner, *workflow_tag, *workflow_owner, *node_id;
	int lane;
} agrgo_plan_names;

int agrgo_plan(agentrun_plan_result **out, agentrun_ctx *ctx, const char *text, size_t len,
	const char *workflow, size_t workflow_len, const char *context, size_t context_len,
	const char *input, size_t input_len, agrgo_plan_names names, agentrun_error **err);

typedef struct agrgo_execute_options {
	const char *input_name; /* malloc()ed or NULL */
	int input_format, output_format, explain;
	uint32_t threads;
	int64_t timeout_ms;
	agentrun_store *store;
	uintptr_t read, write; /* handles of Go, or 0 */
} agrgo_execute_options;

int agrgo_execute(agentrun_buf *out, agentrun_ctx *ctx, const char *pipeline, size_t pipeline_len,
	const char *input, size_t input_len, const char *context, size_t context_len,
	agrgo_execute_options opts, agentrun_error **err);

typedef struct agrgo_patch_options {
	int raw, want_inverse, want_preview, want_hash, preview_format;
	const char *base_hash, *document_name, *patch_name; /* malloc()ed or NULL */
} agrgo_patch_options;

int agrgo_apply_patch(agentrun_patch_result **out, agentrun_ctx *ctx, const char *document,
	size_t document_len, const char *patch, size_t patch_len, const char *schema,
	size_t schema_len, agrgo_patch_options opts, agentrun_error **err);
int agrgo_workflow_check(agentrun_ctx *ctx, const char *document, size_t len,
	const char *schema, size_t schema_len, agentrun_error **err);

int agrgo_memory_store(agentrun_store **out, const agentrun_store_options *store,
	agentrun_error **err);
int agrgo_store_collect(uint64_t *records, uint64_t *blobs, agentrun_store *store,
	const char *before, int64_t grace_ms, agentrun_error **err);
int agrgo_store_list(agentrun_records **out, agentrun_store *store, const char *run_id,
	const char *node_id, const char *status, const char *since, size_t limit, size_t offset,
	const char *after_created_at, const char *after_result_id, agentrun_error **err);

int agrgo_engine_new(agentrun_engine **out, agentrun_ctx *ctx, agentrun_store *store,
	uint32_t threads, uint32_t max_jobs, const char *planner, int stream,
	agentrun_error **err);

/*
 * Submit jobs, the i-th of them from data[offsets[i]] to data[offsets[i + 1]], with the
 * tags `tag`, `tag` + 1 and so on. Stops at the first that is refused.
 *
 * Returns how many were taken; *code is 0 if all were.
 */
size_t agrgo_submit(agentrun_engine *engine, const char *data, const size_t *offsets,
	size_t n, uint64_t tag, int *code, agentrun_error **err);
/* Cancel the jobs tagged from `tag` to `tag` + n - 1 that are still in flight. */
void agrgo_cancel(agentrun_engine *engine, uint64_t tag, size_t n);

/* A result, spread out: one crossing takes many. What it points to is the result's. */
typedef struct agrgo_result {
	agentrun_result *result;
	uint64_t tag;
	const char *job_id, *status, *payload, *data, *preview;
	size_t payload_len, data_len, preview_len;
	const agentrun_error *error;
} agrgo_result;

void agrgo_result_spread(agrgo_result *to, agentrun_result *result);
/* Take up to `max` results without waiting. Returns how many. */
int agrgo_poll(agentrun_engine *engine, agrgo_result *out, agentrun_result **room, int max);
/* A descriptor for the poller of Go, which closes what it is given. -1: none is left. */
int agrgo_dup(int fd);
void agrgo_results_free(agrgo_result *results, int n);

/* Numbers that are 0 are as the library has them. */
int agrgo_memory_queue(agentrun_queue **out, int64_t lease_ms, uint32_t max_deliveries,
	agentrun_error **err);
int agrgo_queue_stats(agentrun_queue *queue, agentrun_queue_stats *stats, agentrun_error **err);
int agrgo_dead_list(agentrun_buf *out, agentrun_queue *queue, const char *job_id, size_t limit,
	size_t offset, agentrun_error **err);

int agrgo_worker_new(agentrun_worker **out, agentrun_ctx *ctx, agentrun_queue *queue,
	agentrun_store *store, const char *planner, uint32_t threads, uint32_t concurrency,
	int64_t lease_ms, int64_t drain_timeout_ms, agentrun_error **err);
int agrgo_worker_stats(agentrun_worker_stats *stats, const agentrun_worker *worker,
	agentrun_error **err);

#endif
