/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
/* Structs that grow, of the context and of jobs, from prompt to result. */
#include "growth.h"

#include <agentrun/memory.h>
#include <agentrun/sys/planner.h>
#include <agentrun/sys/provider.h>
#include <agentrun/sys/tool.h>
#include <agentrun/sys/transport.h>

#define WORKFLOW "{\"nodes\":[{\"id\":\"a\",\"type\":\"task\"}],\"edges\":[]}"

/* Every call here has a context of its own. */
static agentrun_ctx *new_ctx(void)
{
	agentrun_ctx *ctx;

	if (agentrun_ctx_new(&ctx, NULL, NULL) < 0)
		abort();
	return ctx;
}

static void ctx_options_init(void *s, size_t size)
{
	agentrun_ctx_options_init(s, size);
}

static int use_ctx_options(const void *s)
{
	agentrun_ctx *ctx;
	int r = agentrun_ctx_new(&ctx, s, NULL);

	agentrun_ctx_free(ctx);
	return r;
}

static void classify_options_init(void *s, size_t size)
{
	agentrun_classify_options_init(s, size);
}

static int use_classify_options(const void *s)
{
	agentrun_intent *intent;
	int r = agentrun_classify(&intent, NULL, "count rows", 10, s, NULL);

	agentrun_intent_free(intent);
	return r;
}

static void plan_options_init(void *s, size_t size)
{
	agentrun_plan_options_init(s, size);
}

static int use_plan_options(const void *s)
{
	agentrun_ctx *ctx = new_ctx();
	agentrun_plan_result *plan;
	int r = agentrun_plan(&plan, ctx, "count rows", 10, s, NULL);

	agentrun_plan_result_free(plan);
	agentrun_ctx_free(ctx);
	return r;
}

/* The input is among the first fields, which every version knows. */
static void execute_options_init(void *s, size_t size)
{
	static const char rows[] = "[1,2]";
	const char *input = rows;
	const size_t len = sizeof(rows) - 1;

	agentrun_execute_options_init(s, size);
	memcpy((char *)s + offsetof(agentrun_execute_options, input), &input, sizeof(input));
	memcpy((char *)s + offsetof(agentrun_execute_options, input_len), &len, sizeof(len));
}

static int use_execute_options(const void *s)
{
	static const char steps[] = "[{\"step\":\"count\"}]";
	agentrun_buf out = AGENTRUN_BUF_INIT;
	agentrun_ctx *ctx = new_ctx();
	int r = agentrun_execute_pipeline(&out, ctx, steps, sizeof(steps) - 1, s, NULL);

	agentrun_buf_dispose(&out);
	agentrun_ctx_free(ctx);
	return r;
}

static void patch_options_init(void *s, size_t size)
{
	agentrun_patch_options_init(s, size);
}

static int use_patch_options(const void *s)
{
	agentrun_patch_result *result;
	int r = agentrun_apply_patch(&result, NULL, WORKFLOW, sizeof(WORKFLOW) - 1, "[]", 2,
		s, NULL);

	agentrun_patch_result_free(result);
	return r;
}

static void workflow_options_init(void *s, size_t size)
{
	agentrun_workflow_options_init(s, size);
}

static int use_workflow_options(const void *s)
{
	return agentrun_workflow_check(NULL, WORKFLOW, sizeof(WORKFLOW) - 1, s, NULL);
}

static void engine_options_init(void *s, size_t size)
{
	agentrun_engine_options_init(s, size);
}

static int use_engine_options(const void *s)
{
	agentrun_ctx *ctx = new_ctx();
	agentrun_engine *engine;
	int r = agentrun_engine_new(&engine, ctx, s, NULL);

	agentrun_engine_free(engine);
	agentrun_ctx_free(ctx);
	return r;
}

static void submit_options_init(void *s, size_t size)
{
	agentrun_submit_options_init(s, size);
}

static int use_submit_options(const void *s)
{
	static const char job[] = "{\"prompt\":\"count the rows\"}";
	agentrun_ctx *ctx = new_ctx();
	agentrun_engine *engine;
	int r = agentrun_engine_new(&engine, ctx, NULL, NULL);

	if (r == 0)
		r = agentrun_engine_submit_with(engine, job, sizeof(job) - 1, s, NULL);
	agentrun_engine_free(engine);
	agentrun_ctx_free(ctx);
	return r;
}

static void worker_options_init(void *s, size_t size)
{
	agentrun_worker_options_init(s, size);
}

static int use_worker_options(const void *s)
{
	agentrun_ctx *ctx = new_ctx();
	agentrun_queue *queue;
	agentrun_worker *worker = NULL;
	int r = agentrun_memory_queue_new(&queue, NULL, NULL);

	if (r == 0)
		r = agentrun_worker_new(&worker, ctx, queue, s, NULL);
	agentrun_worker_free(worker);
	agentrun_queue_free(queue);
	agentrun_ctx_free(ctx);
	return r;
}

/* ---- what extenders bring -------------------------------------------------- */

static int no_plan(void *self, agentrun_buf *answer, const char *text, size_t len,
	const agentrun_plan_options *opts, agentrun_error **err)
{
	(void)self, (void)answer, (void)text, (void)len, (void)opts, (void)err;
	return AGENTRUN_EPLAN;
}

static void planner_init(void *s, size_t size)
{
	agentrun_planner_impl impl = { .version = AGENTRUN_PLANNER_IMPL_VERSION,
		.struct_size = (uint32_t)size, .name = "growth", .plan = no_plan };

	memcpy(s, &impl, size < sizeof(impl) ? size : sizeof(impl));
}

static int use_planner(const void *s)
{
	agentrun_ctx *ctx = new_ctx();
	int r = agentrun_ctx_add_planner(ctx, s, NULL, NULL);

	agentrun_ctx_free(ctx);
	return r;
}

static int no_encode(void *self, agentrun_provider_request *request,
	const agentrun_provider_call *call, agentrun_error **err)
{
	(void)self, (void)request, (void)call, (void)err;
	return AGENTRUN_ELLM;
}

static int no_decode(void *self, agentrun_buf *answer, const char *body, size_t len,
	agentrun_error **err)
{
	(void)self, (void)answer, (void)body, (void)len, (void)err;
	return AGENTRUN_ELLM;
}

static void provider_init(void *s, size_t size)
{
	agentrun_provider_impl impl = { .version = AGENTRUN_PROVIDER_IMPL_VERSION,
		.struct_size = (uint32_t)size, .name = "growth", .encode = no_encode,
		.decode = no_decode };

	memcpy(s, &impl, size < sizeof(impl) ? size : sizeof(impl));
}

static int use_provider(const void *s)
{
	agentrun_ctx *ctx = new_ctx();
	int r = agentrun_ctx_add_provider(ctx, s, NULL, NULL);

	agentrun_ctx_free(ctx);
	return r;
}

static int no_call(void *self, agentrun_buf *result, const agentrun_tool_call *call,
	agentrun_error **err)
{
	(void)self, (void)result, (void)call, (void)err;
	return AGENTRUN_EPIPELINE;
}

static void tool_of(void *s, size_t size, uint32_t version)
{
	agentrun_tool_impl impl = { .version = version,
		.struct_size = (uint32_t)size, .name = "growth", .description = "grows",
		.call = no_call };

	memcpy(s, &impl, size < sizeof(impl) ? size : sizeof(impl));
}

static void tool_init(void *s, size_t size)
{
	tool_of(s, size, AGENTRUN_TOOL_IMPL_VERSION);
}

static void first_tool_init(void *s, size_t size)
{
	tool_of(s, size, 1);
}

static void second_tool_init(void *s, size_t size)
{
	tool_of(s, size, 2);
}

static int use_tool(const void *s)
{
	agentrun_ctx *ctx = new_ctx();
	int r = agentrun_ctx_add_tool(ctx, s, NULL, NULL);

	agentrun_ctx_free(ctx);
	return r;
}

/* All of a transport's first version is mandatory: there is no older one. */
static void transport_init(void *s, size_t size)
{
	const agentrun_transport_impl *curl;
	agentrun_transport_impl impl;
	void *self;

	if (agentrun_curl_transport_new(&curl, &self, NULL) < 0)
		abort();
	impl = *curl;
	curl->destroy(self);
	impl.struct_size = (uint32_t)size;
	memcpy(s, &impl, size < sizeof(impl) ? size : sizeof(impl));
}

static int use_transport(const void *s)
{
	const agentrun_transport_impl *curl;
	agentrun_ctx *ctx = new_ctx();
	void *self;
	int r;

	if (agentrun_curl_transport_new(&curl, &self, NULL) < 0)
		abort();
	r = agentrun_ctx_set_transport(ctx, s, self, NULL);
	if (r < 0)
		curl->destroy(self);
	agentrun_ctx_free(ctx);
	return r;
}

static void limits_init(void *s, size_t size)
{
	const agentrun_limits_impl *memory;
	agentrun_limits_impl impl;
	void *self;

	if (agentrun_memory_limits_new(&memory, &self, NULL) < 0)
		abort();
	impl = *memory;
	memory->destroy(self);
	impl.struct_size = (uint32_t)size;
	memcpy(s, &impl, size < sizeof(impl) ? size : sizeof(impl));
}

static int use_limits(const void *s)
{
	const agentrun_limits_impl *memory;
	agentrun_ctx *ctx = new_ctx();
	void *self;
	int r;

	if (agentrun_memory_limits_new(&memory, &self, NULL) < 0)
		abort();
	r = agentrun_ctx_set_limits(ctx, s, self, NULL);
	if (r < 0)
		memory->destroy(self);
	agentrun_ctx_free(ctx);
	return r;
}

static void request_init(void *s, size_t size)
{
	agentrun_http_request request = { .struct_size = size, .id = 1, .method = "GET",
		.url = "http://127.0.0.1:9/" };

	memcpy(s, &request, size < sizeof(request) ? size : sizeof(request));
}

/* It is taken; that it is never sent is another matter. */
static int use_request(const void *s)
{
	const agentrun_transport_impl *curl;
	agentrun_config *config;
	void *self;
	int r;

	if (agentrun_config_new(&config, NULL) < 0 ||
		agentrun_curl_transport_new(&curl, &self, NULL) < 0)
		abort();
	r = curl->open(self, config, NULL);
	if (r == 0)
		r = curl->submit(self, s, NULL);
	curl->destroy(self);
	agentrun_config_free(config);
	return r;
}

static const struct subject subjects[] = {
	SUBJECT(agentrun_ctx_options, log_level, ctx_options_init, use_ctx_options),
	SUBJECT(agentrun_classify_options, input, classify_options_init, use_classify_options),
	SUBJECT(agentrun_plan_options, lane, plan_options_init, use_plan_options),
	SUBJECT(agentrun_execute_options, output_format, execute_options_init,
		use_execute_options),
	SUBJECT(agentrun_patch_options, base_hash, patch_options_init, use_patch_options),
	SUBJECT(agentrun_workflow_options, document_name, workflow_options_init,
		use_workflow_options),
	SUBJECT(agentrun_engine_options, max_jobs, engine_options_init, use_engine_options),
	SUBJECT(agentrun_engine_options, stream_results, engine_options_init,
		use_engine_options),
	SUBJECT(agentrun_submit_options, tag, submit_options_init, use_submit_options),
	SUBJECT(agentrun_submit_options, queue, submit_options_init, use_submit_options),
	SUBJECT(agentrun_worker_options, concurrency, worker_options_init, use_worker_options),
	SUBJECT(agentrun_planner_impl, destroy, planner_init, use_planner),
	SUBJECT(agentrun_provider_impl, destroy, provider_init, use_provider),
	SUBJECT(agentrun_tool_impl, destroy, tool_init, use_tool),
	SUBJECT(agentrun_tool_impl, flags, first_tool_init, use_tool),
	SUBJECT(agentrun_tool_impl, start, second_tool_init, use_tool),
	SUBJECT(agentrun_transport_impl, features, transport_init, use_transport),
	{ "agentrun_limits_impl", sizeof(agentrun_limits_impl), sizeof(agentrun_limits_impl),
		limits_init, use_limits },
	SUBJECT(agentrun_http_request, flags, request_init, use_request),
};

int main(void)
{
	return report(subjects, sizeof(subjects) / sizeof(subjects[0]));
}
