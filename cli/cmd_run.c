/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
#include <string.h>

#include "cli.h"

struct run {
	cli_job job;
	const char *planner;
	agentrun_buf message;
};

static int run_job(cli_global *global, const struct run *o, agentrun_result **out,
	agentrun_error **err)
{
	agentrun_engine_options opts;
	agentrun_engine *engine = NULL;
	agentrun_store *store = NULL;
	cli_progress progress;
	int r = cli_open_store(global, &store, err);

	if (r < 0)
		return r;
	agentrun_engine_options_init(&opts, sizeof(opts));
	opts.store = store;
	opts.planner = o->planner;
	opts.threads = 1;
	opts.max_jobs = 1;
	opts.stream_results = !global->output && !cli_is_terminal(); /* the message is enough */
	r = agentrun_engine_new(&engine, global->ctx, &opts, err);
	if (r == 0)
		r = agentrun_engine_submit(engine, o->message.data, o->message.len, 0, err);
	if (r == 0) {
		cli_progress_begin(&progress, engine);
		agentrun_engine_poll(engine, out, 1, -1);
		cli_progress_end(&progress);
	}
	agentrun_engine_free(engine);
	agentrun_store_free(store);
	return r;
}

/* For a person: the rows or what was changed, and how it went on stderr. */
static int show(cli_global *global, const cli_command *self,
	const agentrun_result *result)
{
	const char *preview = agentrun_result_preview(result, NULL), *data;
	size_t len = 0;
	int status;

	if (preview && !global->output) {
		cli_write(preview, strlen(preview));
		status = cli_finish();
	} else {
		data = agentrun_result_data(result, &len);
		status = cli_write_rows(global, self, data, len);
	}
	return status;
}

static int report(cli_global *global, const cli_command *self,
	const agentrun_result *result)
{
	const agentrun_error *why = agentrun_result_error(result);
	const char *message;
	size_t len;

	if (!why && (global->output || cli_is_terminal()))
		return show(global, self, result);
	message = agentrun_result_payload(result, &len);
	if (!why || !cli_is_terminal())
		cli_write_line(message, len);
	if (!why)
		return 0;
	return cli_complain(why);
}

static int run(cli_global *global, const cli_command *self, int argc, char **argv)
{
	struct run o = { .planner = NULL };
	const cli_option own[] = {
		{ "workflow", 'w', CLI_TEXT, "FILE", "current workflow", &o.job.workflow },
		{ "context", 'x', CLI_TEXT, "FILE", "context of the job, a JSON object",
			&o.job.context },
		{ "input", 'i', CLI_TEXT, "FILE", "rows: JSON, NDJSON or CSV", &o.job.input },
		{ "job", 'j', CLI_TEXT, "FILE", "a whole job message instead", &o.job.file },
		{ "planner", 'p', CLI_TEXT, "NAME", "auto (default), builtin or a provider",
			&o.planner },
		{ "output", 'o', CLI_TEXT, "FORMAT",
			"the resulting data as json, ndjson, csv or table", &global->output },
		{ NULL, 0, CLI_FLAG, NULL, NULL, NULL },
	};
	agentrun_result *result = NULL;
	agentrun_error *err = NULL;
	int n, r, status = cli_options_read(global, self, own, argc, argv, 0, 1, &n);

	if (status < 0)
		status = cli_job_check(self, &o.job, n);
	if (status < 0 && cli_output_format(global, self, AGENTRUN_FORMAT_TABLE) < 0)
		status = EXIT_USAGE;
	if (status >= 0)
		return status;
	r = cli_open(global, &err);
	if (r == 0)
		r = cli_share_limits(global, false, &err);
	if (r == 0)
		r = o.job.file ? cli_read(&o.message, o.job.file, &err)
			       : cli_job_message(global, &o.job, argv[0], &o.message, &err);
	if (r == 0)
		r = run_job(global, &o, &result, &err);
	status = r < 0 ? cli_fail(err) : report(global, self, result);
	agentrun_result_free(result);
	agentrun_buf_dispose(&o.message);
	return status;
}

const cli_command cli_run = {
	.name = "run",
	.arguments = "\"PROMPT\" [--workflow FILE] [--context FILE] [--input FILE] | --job FILE",
	.summary = "Run one whole job: classify, plan, execute or patch, store",
	.help = "Prints the result message; on a terminal, or with --output, the resulting rows or\n"
		"what the patch changes. Files may be - for stdin.\n\n"
		"Examples:\n"
		"  agentrun run \"show me the 10 cheapest flights to LAX\" --input flights.json\n"
		"  agentrun run \"add an http node named notify after fetch\" --workflow flow.json\n"
		"  agentrun run --job job.json\n",
	.run = run,
};
