/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
#include <stdio.h>
#include <string.h>

#include "cli.h"

struct plan {
	const char *workflow, *context, *input, *planner;
	agentrun_buf texts[3];
};

static int print(const agentrun_plan_result *plan, agentrun_error **err)
{
	agentrun_buf json = AGENTRUN_BUF_INIT;

	if (cli_is_terminal()) {
		for (size_t i = 0; i < agentrun_plan_result_call_count(plan); i++) {
			cli_print_text(stdout, agentrun_plan_result_call_name(plan, i));
			putchar(' ');
			cli_print_text(stdout, agentrun_plan_result_call_arguments(plan, i, NULL));
			putchar('\n');
		}
		cli_print_text(stdout, agentrun_plan_result_message(plan));
		putchar('\n');
		return 0;
	}
	if (agentrun_plan_result_json(&json, plan) < 0)
		return agentrun_error_raise(err, AGENTRUN_ENOMEM, "out of memory");
	cli_write_line(json.data, json.len);
	agentrun_buf_dispose(&json);
	return 0;
}

static int plan(cli_global *global, struct plan *p, const char *prompt,
	agentrun_error **err)
{
	const char *const paths[] = { p->workflow, p->context, p->input };
	const cli_shape shapes[] = { CLI_OBJECT, CLI_OBJECT, CLI_ROWS };
	agentrun_plan_options opts;
	agentrun_plan_result *result = NULL;
	cli_progress progress;
	int r = cli_open(global, err);

	if (r == 0)
		r = cli_share_limits(global, false, err);
	for (int i = 0; r == 0 && i < 3; i++)
		if (paths[i])
			r = cli_read_value(global, &p->texts[i], paths[i], shapes[i], err);
	if (r < 0)
		return r;
	agentrun_plan_options_init(&opts, sizeof(opts));
	opts.planner = p->planner;
	opts.workflow = p->texts[0].data;
	opts.workflow_len = p->texts[0].len;
	opts.context = p->texts[1].data;
	opts.context_len = p->texts[1].len;
	opts.input = p->texts[2].data;
	opts.input_len = p->texts[2].len;
	cli_progress_begin(&progress, NULL);
	r = agentrun_plan(&result, global->ctx, prompt, strlen(prompt), &opts, err);
	cli_progress_end(&progress);
	if (r == 0)
		r = print(result, err);
	agentrun_plan_result_free(result);
	return r;
}

static int run(cli_global *global, const cli_command *self, int argc, char **argv)
{
	struct plan p = { .workflow = NULL };
	const cli_option own[] = {
		{ "workflow", 'w', CLI_TEXT, "FILE", "current workflow", &p.workflow },
		{ "context", 'x', CLI_TEXT, "FILE", "context of the job, a JSON object",
			&p.context },
		{ "input", 'i', CLI_TEXT, "FILE", "rows: JSON, NDJSON or CSV", &p.input },
		{ "planner", 'p', CLI_TEXT, "NAME", "auto (default), builtin or a provider",
			&p.planner },
		{ NULL, 0, CLI_FLAG, NULL, NULL, NULL },
	};
	agentrun_error *err = NULL;
	int n, r, status = cli_options_read(global, self, own, argc, argv, 1, 1, &n);

	if (status >= 0)
		return status;
	r = plan(global, &p, argv[0], &err);
	for (int i = 0; i < 3; i++)
		agentrun_buf_dispose(&p.texts[i]);
	return r < 0 ? cli_fail(err) : cli_finish();
}

const cli_command cli_plan = {
	.name = "plan",
	.arguments = "\"PROMPT\" [--workflow FILE] [--context FILE] [--input FILE] [--planner NAME]",
	.summary = "Print the tool calls that would answer a prompt, and run nothing",
	.help = "Prints {\"tool_calls\",\"message\",\"model\",\"tokens_used\",\"cache_hit\",\n"
		"\"execution_time_ms\",\"finish_reason\"}. A prompt that the built-in planner does not\n"
		"understand in full has no tool calls and the finish_reason \"unclear\".\n\n"
		"Examples:\n"
		"  agentrun plan \"the 5 cheapest flights to LAX\" --input flights.json\n"
		"  agentrun plan \"rename fetch to load\" --workflow workflow.json\n",
	.run = run,
};
