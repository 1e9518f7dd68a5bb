/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
/* A run that blocks where it wants something. */
#include "pipeline/pipeline.h"
#include "table/format.h"

static const agentrun_execute_options defaults = {
	.input_format = AGENTRUN_FORMAT_AUTO,
	.output_format = AGENTRUN_FORMAT_JSON,
};

void agentrun_execute_options_init(agentrun_execute_options *opts,
	size_t struct_size)
{
	agentrun_options_init(opts, struct_size, &defaults, sizeof(defaults));
}

/* What serves a run's wishes. */
struct services {
	agr_fetch_fn fetch;
	void *fetch_user;
	agr_resolve_fn resolve;
	void *resolve_user;
};

static int serve_http(agr_run *run, const struct services *s, agentrun_error **err)
{
	agr_response answer = { .status = 0 };
	int r;

	if (s->fetch)
		r = s->fetch(s->fetch_user, agr_run_request(run), &answer, err);
	else
		r = agentrun_error_raise(err, AGENTRUN_EPIPELINE,
			"there is no network here");
	if (r < 0) {
		agr_run_blame(run, err);
		return r;
	}
	return agr_run_supply_answer(run, &answer, err);
}

static int serve_ref(agr_run *run, const struct services *s, agentrun_error **err)
{
	const char *ref = agr_run_ref(run);
	agr_response content = { .status = 0 };
	int r;

	if (s->resolve)
		r = s->resolve(s->resolve_user, ref, &content, err);
	else
		r = agentrun_error_raise(err, AGENTRUN_EINPUT,
			"the ref %s cannot be looked up: there is no store", ref);
	if (r == 0)
		return agr_run_supply_ref(run, &content, err);
	agr_run_blame(run, err);
	return r;
}

static int run_to_end(agr_run *run, const struct services *s, agentrun_error **err)
{
	int r = 0, wants;

	while (!r && (wants = agr_run_advance(run, err)) != AGR_RUN_DONE) {
		if (wants < 0)
			return wants;
		r = wants == AGR_RUN_WANTS_HTTP ? serve_http(run, s, err)
						: serve_ref(run, s, err);
	}
	return r;
}

static agr_run_options run_options(const agentrun_execute_options *opts,
	const agr_pipeline_limits *limits)
{
	return (agr_run_options){
		.input = opts->input,
		.input_len = opts->input_len,
		.input_name = opts->input_name,
		.input_format = opts->input_format,
		.read = opts->read,
		.read_user = opts->read_user,
		.write = opts->write,
		.write_user = opts->write_user,
		.output_format = opts->output_format,
		.context = opts->context,
		.context_len = opts->context_len,
		.limits = limits ? *limits : agr_pipeline_limits_default(),
		.threads = opts->threads,
		.deadline_ms = agr_deadline_in(opts->timeout_ms),
	};
}

static int ignore_part(void *user, const char *data, size_t len, agentrun_error **err)
{
	(void)user;
	(void)data;
	(void)len;
	(void)err;
	return 0;
}

/* How the pipeline is run, in place of its result. `run` is NULL, or done. */
static int give_plan(agentrun_buf *out, const agr_pipeline *pipeline, const agr_run *run,
	const agentrun_execute_options *opts, agentrun_error **err)
{
	agr_buf plan = AGR_BUF_INIT, text = AGR_BUF_INIT;
	int r;

	agr_pipeline_explain(&plan, pipeline, run);
	r = agr_buf_check(&plan, "the plan", err);
	if (!r)
		r = agr_format_value(&text, (agr_span){ plan.data, plan.len },
			opts->output_format, err);
	if (!r)
		r = agr_buf_check(&text, "the plan", err);
	if (!r && opts->write)
		r = opts->write(opts->write_user, text.data, text.len, err);
	else if (!r)
		r = agr_buf_give(&text, out, "the plan", err);
	agr_buf_free(&plan);
	agr_buf_free(&text);
	return r;
}

int agr_execute(agentrun_buf *out, const char *pipeline, size_t len,
	const agentrun_execute_options *opts_in, const agr_pipeline_limits *limits,
	agr_fetch_fn fetch, void *fetch_user, agr_resolve_fn resolve,
	void *resolve_user, agentrun_error **err)
{
	agentrun_execute_options opts = defaults;
	struct services services = { fetch, fetch_user, resolve, resolve_user };
	agr_run_options run_opts;
	agr_pipeline *compiled = NULL;
	agr_run *run = NULL;
	int r = agentrun_options_read(&opts, sizeof(opts), opts_in,
		"agentrun_execute_options", err);

	if (r < 0)
		goto out;
	run_opts = run_options(&opts, limits);
	if (opts.explain) {
		run_opts.measured = true;
		run_opts.write = ignore_part;
	}
	r = agr_pipeline_compile(&compiled, pipeline, len, &run_opts.limits, err);
	if (r < 0)
		goto out;
	if (opts.explain == AGENTRUN_EXPLAIN_PLAN) {
		r = give_plan(out, compiled, NULL, &opts, err);
		goto out;
	}
	r = agr_run_new(&run, compiled, &run_opts, err);
	if (r < 0)
		goto out;
	r = run_to_end(run, &services, err);
	if (!r && opts.explain) {
		r = agr_run_write_output(run, err);
		if (!r)
			r = give_plan(out, compiled, run, &opts, err);
		goto out;
	}
	if (r < 0)
		goto out;
	r = opts.write ? agr_run_write_output(run, err)
		       : agr_run_take_output(run, out, opts.output_format, err);
out:
	agr_run_free(run);
	agr_pipeline_free(compiled);
	return r;
}
