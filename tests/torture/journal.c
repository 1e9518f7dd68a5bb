/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
/* A job that comes from a queue with a journal, and comes again. */
#include "torture.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <agentrun/agentrun.h>
#include <agentrun/sys/planner.h>
#include <agentrun/sys/queue.h>

static int give_post(void *self, agentrun_buf *answer, const char *text, size_t len,
	const agentrun_plan_options *opts, agentrun_error **err)
{
	static const char json[] = "{\"tool_calls\":[{\"function\":{\"name\":"
		"\"execute_pipeline\",\"arguments\":\"" POST_ROWS "\"}}],\"message\":\"done\"}";

	(void)self;
	(void)text;
	(void)len;
	(void)opts;
	if (agentrun_buf_set(answer, json, sizeof(json) - 1) < 0)
		return agentrun_error_raise(err, AGENTRUN_ENOMEM, "out of memory");
	return 0;
}

/* Run the job that is held, for the first time or once more. */
static int run_held(struct outcome *out, agentrun_ctx *own, agentrun_queue *queue,
	const agentrun_job *job, const char *planner, uint32_t flags, agentrun_error **err)
{
	agentrun_submit_options how;
	agentrun_engine_options opts;
	agentrun_result *result = NULL;
	agentrun_engine *engine;
	const agentrun_error *why;
	const char *payload;
	size_t len;
	int r;

	agentrun_engine_options_init(&opts, sizeof(opts));
	opts.planner = planner;
	opts.threads = 1;
	opts.max_jobs = 1;
	agentrun_submit_options_init(&how, sizeof(how));
	how.queue = queue;
	how.lease = agentrun_job_lease(job);
	how.flags = flags;
	r = agentrun_engine_new(&engine, own, &opts, err);
	if (r < 0)
		return r;
	payload = agentrun_job_payload(job, &len);
	r = agentrun_engine_submit_with(engine, payload, len, &how, err);
	if (r == 0)
		agentrun_engine_poll(engine, &result, 1, -1);
	why = result ? agentrun_result_error(result) : NULL;
	if (why)
		r = agentrun_error_raise(err, agentrun_error_code(why), "%s",
			agentrun_error_message(why));
	if (r == 0)
		say_str(out, agentrun_result_data(result, NULL));
	agentrun_result_free(result);
	agentrun_engine_free(engine);
	return r;
}

static int hold_job(agentrun_queue *queue, agentrun_jobs *taken, agentrun_error **err)
{
	static const char payload[] = "{\"version\":\"1.0\",\"job_id\":\"j\",\"run_id\":\"r\","
		"\"node_id\":\"n\",\"prompt\":\"send the rows\",\"context\":{\"data\":" ROWS "}}";
	agentrun_jobs *jobs;
	agentrun_job *job;
	int r = agentrun_jobs_new(&jobs, err);

	if (r < 0)
		return r;
	r = agentrun_job_new(&job, "j", payload, sizeof(payload) - 1, err);
	if (r == 0 && agentrun_jobs_add(jobs, job) < 0) {
		agentrun_job_free(job);
		r = agentrun_error_raise(err, AGENTRUN_ENOMEM, "out of memory");
	}
	if (r == 0)
		r = agentrun_queue_enqueue(queue, jobs, err);
	if (r == 0)
		r = agentrun_queue_acquire(queue, taken, 1, 1000, 0, err);
	agentrun_jobs_free(jobs);
	return r;
}

/* A job that was run, and comes again, does nothing outside a second time. */
static int journal(struct outcome *out, agentrun_error **err, const char *planner)
{
	static const agentrun_planner_impl impl = { .version = AGENTRUN_PLANNER_IMPL_VERSION,
		.struct_size = sizeof(impl), .name = "post", .plan = give_post };
	agentrun_queue *queue = NULL;
	agentrun_jobs *taken = NULL;
	agentrun_ctx *own;
	int r = open_wired(&own, err);

	wire_posts(true);
	if (r == 0)
		r = agentrun_ctx_add_planner(own, &impl, NULL, err);
	if (r == 0)
		r = agentrun_memory_queue_new(&queue, NULL, err);
	if (r == 0)
		r = agentrun_jobs_new(&taken, err);
	if (r == 0)
		r = hold_job(queue, taken, err);
	for (uint32_t i = 0; r == 0 && i < 2; i++)
		r = run_held(out, own, queue, agentrun_jobs_at(taken, 0), planner,
			i ? AGENTRUN_SUBMIT_REDELIVERED : 0, err);
	if (r == 0 && wire_posts(false) != 1) {
		printf("%s: %d requests\n", planner, wire_posts(false));
		abort();
	}
	agentrun_jobs_free(taken);
	agentrun_queue_free(queue);
	agentrun_ctx_free(own);
	return no_thread(r, err);
}

int journal_of_plan(struct outcome *out, agentrun_error **err)
{
	return journal(out, err, "post");
}

int journal_of_talk(struct outcome *out, agentrun_error **err)
{
	return journal(out, err, "openai");
}
