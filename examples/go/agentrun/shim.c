/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
#include "shim.h"

#include <fcntl.h>
#include <string.h>

#include <agentrun/sys/error.h>

#include "_cgo_export.h"

/* ---- callbacks ----------------------------------------------------------- */

static int raise_go(agentrun_error **err, int code, const char *doing)
{
	/* What the reader or writer said stays in Go, see callbacks.go. */
	return code == 0 ? 0 : agentrun_error_raise(err, code, "%s failed", doing);
}

static int read_go(void *user, char *to, size_t cap, size_t *len, agentrun_error **err)
{
	return raise_go(err, agrgoRead((uintptr_t)user, to, cap, len), "the reader of the input");
}

static int write_go(void *user, const char *data, size_t len, agentrun_error **err)
{
	return raise_go(err, agrgoWrite((uintptr_t)user, (char *)(uintptr_t)data, len),
		"the writer of the result");
}

static void log_go(void *user, const agentrun_log_event *event)
{
	agrgoLog((uintptr_t)user, event->level, (char *)(uintptr_t)event->subject,
		(char *)(uintptr_t)event->message, (char *)(uintptr_t)event->job_id,
		(char *)(uintptr_t)event->run_id);
}

/* ---- context ------------------------------------------------------------- */

int agrgo_ctx_new(agentrun_ctx **out, const agentrun_config *config, uintptr_t log,
	int level, agentrun_error **err)
{
	agentrun_ctx_options opts;

	agentrun_ctx_options_init(&opts, sizeof(opts));
	opts.config = config;
	if (log) {
		opts.log = log_go;
		opts.log_user = (void *)log;
		opts.log_level = level;
	}
	return agentrun_ctx_new(out, &opts, err);
}

/* ---- classify and plan --------------------------------------------------- */

static int put(agentrun_buf *to, const char *text)
{
	return agentrun_buf_append(to, text, strlen(text) + 1);
}

static int spread(agrgo_intent *out, agentrun_buf *text, const agentrun_intent *intent)
{
	int r;

	out->lane = agentrun_intent_lane(intent);
	out->confidence = agentrun_intent_confidence(intent);
	out->execute = agentrun_intent_score(intent, AGENTRUN_LANE_EXECUTE);
	out->patch = agentrun_intent_score(intent, AGENTRUN_LANE_PATCH);
	out->n_execute = agentrun_intent_keyword_count(intent, AGENTRUN_LANE_EXECUTE);
	out->n_patch = agentrun_intent_keyword_count(intent, AGENTRUN_LANE_PATCH);
	out->n_tools = agentrun_intent_allowed_tool_count(intent);
	r = put(text, agentrun_intent_reasoning(intent));
	for (size_t i = 0; r == 0 && i < out->n_execute; i++)
		r = put(text, agentrun_intent_keyword(intent, AGENTRUN_LANE_EXECUTE, i));
	for (size_t i = 0; r == 0 && i < out->n_patch; i++)
		r = put(text, agentrun_intent_keyword(intent, AGENTRUN_LANE_PATCH, i));
	for (size_t i = 0; r == 0 && i < out->n_tools; i++)
		r = put(text, agentrun_intent_allowed_tool(intent, i));
	return r;
}

int agrgo_classify(agrgo_intent *out, agentrun_buf *text, agentrun_ctx *ctx, const char *data,
	const size_t *lens, size_t n, const char *workflow, size_t workflow_len,
	const char *input, size_t input_len, int mode, size_t *failed, agentrun_error **err)
{
	agentrun_classify_options opts;
	int r = 0;

	agentrun_classify_options_init(&opts, sizeof(opts));
	opts.workflow = workflow;
	opts.workflow_len = workflow_len;
	opts.input = input;
	opts.input_len = input_len;
	opts.mode = mode;
	for (size_t i = 0; r == 0 && i < n; i++) {
		agentrun_intent *intent;

		*failed = i;
		r = agentrun_classify(&intent, ctx, data, lens[i], &opts, err);
		if (r == 0)
			r = spread(&out[i], text, intent);
		agentrun_intent_free(intent);
		data += lens[i];
	}
	if (r < 0)
		agentrun_buf_dispose(text);
	return r;
}

int agrgo_plan(agentrun_plan_result **out, agentrun_ctx *ctx, const char *text, size_t len,
	const char *workflow, size_t workflow_len, const char *context, size_t context_len,
	const char *input, size_t input_len, agrgo_plan_names names, agentrun_error **err)
{
	agentrun_plan_options opts;

	agentrun_plan_options_init(&opts, sizeof(opts));
	opts.planner = names.planner;
	opts.workflow = workflow;
	opts.workflow_len = workflow_len;
	opts.context = context;
	opts.context_len = context_len;
	opts.input = input;
	opts.input_len = input_len;
	opts.workflow_tag = names.workflow_tag;
	opts.workflow_owner = names.workflow_owner;
	opts.node_id = names.node_id;
	opts.lane = names.lane;
	return agentrun_plan(out, ctx, text, len, &opts, err);
}

/* ---- pipelines and patches ----------------------------------------------- */

int agrgo_execute(agentrun_buf *out, agentrun_ctx *ctx, const char *pipeline, size_t pipeline_len,
	const char *input, size_t input_len, const char *context, size_t context_len,
	agrgo_execute_options o, agentrun_error **err)
{
	agentrun_execute_options opts;

	agentrun_execute_options_init(&opts, sizeof(opts));
	opts.input = input;
	opts.input_len = input_len;
	opts.input_name = o.input_name;
	opts.input_format = o.input_format;
	opts.output_format = o.output_format;
	opts.context = context;
	opts.context_len = context_len;
	opts.store = o.store;
	opts.timeout_ms = o.timeout_ms;
	opts.explain = o.explain;
	opts.threads = o.threads;
	if (o.read) {
		opts.read = read_go;
		opts.read_user = (void *)o.read;
	}
	if (o.write) {
		opts.write = write_go;
		opts.write_user = (void *)o.write;
	}
	return agentrun_execute_pipeline(out, ctx, pipeline, pipeline_len, &opts, err);
}

int agrgo_apply_patch(agentrun_patch_result **out, agentrun_ctx *ctx, const char *document,
	size_t document_len, const char *patch, size_t patch_len, const char *schema,
	size_t schema_len, agrgo_patch_options o, agentrun_error **err)
{
	agentrun_patch_options opts;

	agentrun_patch_options_init(&opts, sizeof(opts));
	opts.raw = o.raw;
	opts.want_inverse = o.want_inverse;
	opts.want_preview = o.want_preview;
	opts.want_hash = o.want_hash;
	opts.preview_format = o.preview_format;
	opts.base_hash = o.base_hash;
	opts.schema = schema;
	opts.schema_len = schema_len;
	opts.document_name = o.document_name;
	opts.patch_name = o.patch_name;
	return agentrun_apply_patch(out, ctx, document, document_len, patch, patch_len, &opts,
		err);
}

int agrgo_workflow_check(agentrun_ctx *ctx, const char *document, size_t len,
	const char *schema, size_t schema_len, agentrun_error **err)
{
	agentrun_workflow_options opts;

	agentrun_workflow_options_init(&opts, sizeof(opts));
	opts.schema = schema;
	opts.schema_len = schema_len;
	return agentrun_workflow_check(ctx, document, len, &opts, err);
}

/* ---- store --------------------------------------------------------------- */

int agrgo_memory_store(agentrun_store **out, const agentrun_store_options *store,
	agentrun_error **err)
{
	agentrun_memory_store_options opts;

	agentrun_memory_store_options_init(&opts, sizeof(opts));
	opts.store = store;
	return agentrun_memory_store_new(out, &opts, err);
}

int agrgo_store_collect(uint64_t *records, uint64_t *blobs, agentrun_store *store,
	const char *before, int64_t grace_ms, agentrun_error **err)
{
	agentrun_store_gc_options opts;

	agentrun_store_gc_options_init(&opts, sizeof(opts));
	opts.before = before;
	opts.grace_ms = grace_ms;
	return agentrun_store_gc_with(records, blobs, store, &opts, err);
}

int agrgo_store_list(agentrun_records **out, agentrun_store *store, const char *run_id,
	const char *node_id, const char *status, const char *since, size_t limit, size_t offset,
	const char *after_created_at, const char *after_result_id, agentrun_error **err)
{
	agentrun_store_query query;

	agentrun_store_query_init(&query, sizeof(query));
	query.run_id = run_id;
	query.node_id = node_id;
	query.status = status;
	query.since = since;
	query.limit = limit;
	query.offset = offset;
	query.after_created_at = after_created_at;
	query.after_result_id = after_result_id;
	return agentrun_store_list(out, store, &query, err);
}

/* ---- engine -------------------------------------------------------------- */

int agrgo_engine_new(agentrun_engine **out, agentrun_ctx *ctx, agentrun_store *store,
	uint32_t threads, uint32_t max_jobs, const char *planner, int stream,
	agentrun_error **err)
{
	agentrun_engine_options opts;

	agentrun_engine_options_init(&opts, sizeof(opts));
	opts.store = store;
	opts.threads = threads;
	opts.max_jobs = max_jobs;
	opts.planner = planner;
	opts.stream_results = stream ? 1 : 0;
	return agentrun_engine_new(out, ctx, &opts, err);
}

size_t agrgo_submit(agentrun_engine *engine, const char *data, const size_t *offsets,
	size_t n, uint64_t tag, int *code, agentrun_error **err)
{
	size_t i;

	*code = 0;
	for (i = 0; i < n; i++) {
		*code = agentrun_engine_submit(engine, data + offsets[i],
			offsets[i + 1] - offsets[i], tag + i, err);
		if (*code < 0)
			break;
	}
	return i;
}

void agrgo_cancel(agentrun_engine *engine, uint64_t tag, size_t n)
{
	for (size_t i = 0; i < n; i++)
		agentrun_engine_cancel_tag(engine, tag + i, NULL); /* done already: fine */
}

void agrgo_result_spread(agrgo_result *to, agentrun_result *result)
{
	*to = (agrgo_result){
		.result = result,
		.tag = agentrun_result_tag(result),
		.job_id = agentrun_result_job_id(result),
		.status = agentrun_result_status(result),
		.error = agentrun_result_error(result),
	};
	to->payload = agentrun_result_payload(result, &to->payload_len);
	to->data = agentrun_result_data(result, &to->data_len);
	to->preview = agentrun_result_preview(result, &to->preview_len);
}

int agrgo_poll(agentrun_engine *engine, agrgo_result *out, agentrun_result **room, int max)
{
	int n = agentrun_engine_poll(engine, room, (size_t)max, 0);

	for (int i = 0; i < n; i++)
		agrgo_result_spread(&out[i], room[i]);
	return n;
}

int agrgo_dup(int fd)
{
	return fcntl(fd, F_DUPFD_CLOEXEC, 0);
}

void agrgo_results_free(agrgo_result *results, int n)
{
	for (int i = 0; i < n; i++)
		agentrun_result_free(results[i].result);
}

/* ---- queue and worker ---------------------------------------------------- */

int agrgo_memory_queue(agentrun_queue **out, int64_t lease_ms, uint32_t max_deliveries,
	agentrun_error **err)
{
	agentrun_memory_queue_options opts;

	agentrun_memory_queue_options_init(&opts, sizeof(opts));
	if (lease_ms > 0)
		opts.lease_ms = lease_ms;
	if (max_deliveries > 0)
		opts.max_deliveries = max_deliveries;
	return agentrun_memory_queue_new(out, &opts, err);
}

int agrgo_queue_stats(agentrun_queue *queue, agentrun_queue_stats *stats, agentrun_error **err)
{
	*stats = (agentrun_queue_stats){ .struct_size = sizeof(*stats) };
	return agentrun_queue_stats_read(stats, queue, err);
}

int agrgo_dead_list(agentrun_buf *out, agentrun_queue *queue, const char *job_id, size_t limit,
	size_t offset, agentrun_error **err)
{
	agentrun_dead_query query;

	agentrun_dead_query_init(&query, sizeof(query));
	query.job_id = job_id;
	query.limit = limit;
	query.offset = offset;
	return agentrun_queue_dead_list(out, queue, &query, err);
}

int agrgo_worker_new(agentrun_worker **out, agentrun_ctx *ctx, agentrun_queue *queue,
	agentrun_store *store, const char *planner, uint32_t threads, uint32_t concurrency,
	int64_t lease_ms, int64_t drain_timeout_ms, agentrun_error **err)
{
	agentrun_worker_options opts;

	agentrun_worker_options_init(&opts, sizeof(opts));
	opts.store = store;
	opts.planner = planner;
	opts.threads = threads;
	opts.concurrency = concurrency;
	opts.lease_ms = lease_ms;
	opts.drain_timeout_ms = drain_timeout_ms;
	return agentrun_worker_new(out, ctx, queue, &opts, err);
}

int agrgo_worker_stats(agentrun_worker_stats *stats, const agentrun_worker *worker,
	agentrun_error **err)
{
	*stats = (agentrun_worker_stats){ .struct_size = sizeof(*stats) };
	return agentrun_worker_stats_read(stats, worker, err);
}
