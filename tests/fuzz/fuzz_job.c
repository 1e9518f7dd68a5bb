/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
/*
 * A job message, run whole, over a store in memory and without a network. With a
 * first byte of '!' a planner of the test's own answers with what follows the
 * first newline, and the job is what stands before it.
 */
#include <stdlib.h>
#include <string.h>

#include <agentrun/engine.h>
#include <agentrun/memory.h>
#include <agentrun/sys/planner.h>
#include <agentrun/sys/transport.h>

#include "table/scan.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct text {
	const char *p;
	size_t n;
};

static void must(int good)
{
	if (!good)
		abort();
}

static int no_network(void *self, const agentrun_config *config, agentrun_error **err)
{
	(void)self;
	(void)config;
	return agentrun_error_raise(err, AGENTRUN_ENETWORK, "there is no network here");
}

/* What follows is not called: the transport cannot be opened. */
static int no_submit(void *self, const agentrun_http_request *request, agentrun_error **err)
{
	(void)request;
	return no_network(self, NULL, err);
}

static int no_poll(void *self, agentrun_http_event **events, size_t max, int timeout_ms,
	agentrun_error **err)
{
	(void)events;
	(void)max;
	(void)timeout_ms;
	return no_network(self, NULL, err);
}

static void no_cancel(void *self, uint64_t id)
{
	(void)self;
	(void)id;
}

static void nothing(void *self)
{
	(void)self;
}

static int give_plan(void *self, agentrun_buf *answer, const char *prompt,
	size_t len, const agentrun_plan_options *opts, agentrun_error **err)
{
	const struct text *text = self;

	(void)prompt;
	(void)len;
	(void)opts;
	(void)err;
	return agentrun_buf_set(answer, text->p, text->n);
}

static agentrun_ctx *new_ctx(struct text *plan)
{
	const agentrun_planner_impl planner = { .version = AGENTRUN_PLANNER_IMPL_VERSION,
		.struct_size = sizeof(planner), .name = "fuzz", .plan = give_plan };
	const agentrun_transport_impl transport = { .version = AGENTRUN_TRANSPORT_IMPL_VERSION,
		.struct_size = sizeof(transport), .name = "none", .open = no_network,
		.submit = no_submit, .poll = no_poll, .cancel = no_cancel, .wakeup = nothing,
		.destroy = nothing };
	agentrun_ctx *ctx;

	must(agentrun_ctx_new(&ctx, NULL, NULL) == 0);
	must(agentrun_ctx_set_transport(ctx, &transport, NULL, NULL) == 0);
	must(agentrun_ctx_add_planner(ctx, &planner, plan, NULL) == 0);
	return ctx;
}

static void check_json(const char *p, size_t n)
{
	agr_text text = { .p = p, .n = n, .max_depth = 2000 };
	agr_span value;

	must(agr_scan_document(&value, &text, NULL) == 0);
}

static void check(const agentrun_result *result, agentrun_store *store)
{
	int failed = strcmp(agentrun_result_status(result), "failed") == 0;
	agentrun_record *record = NULL;
	const char *text;
	size_t len;

	text = agentrun_result_payload(result, &len);
	check_json(text, len);
	must(failed == (agentrun_result_error(result) != NULL));
	must(failed == (agentrun_result_data(result, NULL) == NULL));
	must(*agentrun_result_job_id(result) != '\0');
	if (failed)
		return;
	text = agentrun_result_data(result, &len);
	check_json(text, len);
	must(agentrun_store_find_job(&record, store, agentrun_result_job_id(result),
		NULL) == 0);
	must(strcmp(agentrun_record_get(record, AGENTRUN_RECORD_STATUS, NULL),
		"completed") == 0);
	agentrun_record_free(record);
}

/* What node "n" of run "r" put out, for jobs that speak of it. */
static void put_output(agentrun_store *store)
{
	static const char *const fields[][2] = { { "job_id", "o" }, { "run_id", "r" },
		{ "node_id", "n" }, { "status", "completed" },
		{ "result_data", "{\"a\":[{\"b\":\"t\"},1],\"x\\n\":null}" } };
	agentrun_buf ref = AGENTRUN_BUF_INIT;
	agentrun_record *record;

	must(agentrun_record_new(&record, NULL) == 0);
	for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++)
		for (int k = 0; k < agentrun_record_field_count(); k++)
			if (strcmp(agentrun_record_field_name(k), fields[i][0]) == 0)
				must(agentrun_record_set(record, k, fields[i][1],
					strlen(fields[i][1])) == 0);
	must(agentrun_store_put(&ref, store, record, NULL) == 0);
	agentrun_buf_dispose(&ref);
	agentrun_record_free(record);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct text job = { (const char *)data, size }, plan = { "", 0 };
	const char *newline = size ? memchr(data, '\n', size) : NULL;
	agentrun_engine_options opts;
	agentrun_result *result;
	agentrun_store *store;
	agentrun_ctx *ctx = new_ctx(&plan);

	agentrun_engine_options_init(&opts, sizeof(opts));
	opts.planner = "builtin";
	if (size && *job.p == '!' && newline) {
		plan.p = newline + 1;
		plan.n = (size_t)(job.p + size - plan.p);
		job = (struct text){ job.p + 1, (size_t)(newline - job.p - 1) };
		opts.planner = "fuzz";
	}
	must(agentrun_memory_store_new(&store, NULL, NULL) == 0);
	put_output(store);
	opts.store = store;
	must(agentrun_run(&result, ctx, job.p, job.n, &opts, NULL) == 0);
	check(result, store);
	agentrun_result_free(result);
	agentrun_store_free(store);
	agentrun_ctx_free(ctx);
	return 0;
}
