/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
#include <string.h>

#include "cli.h"

/* What JSON text has for bytes that are no UTF-8: U+FFFD. */
#define REPLACEMENT "\xef\xbf\xbd"

struct run {
	const char *job, *workflow, *context, *input, *planner;
	agentrun_buf message;
};

/* What is appended, and whether all of it was. */
struct text {
	agentrun_buf buf;
	int status;
};

static void add(struct text *to, const char *data, size_t len)
{
	if (to->status == 0)
		to->status = agentrun_buf_append(&to->buf, data, len);
}

static void add_str(struct text *to, const char *text)
{
	add(to, text, strlen(text));
}

/* The context, with the rows as its last member: of two `data` the last counts. */
static int add_context(cli_global *global, const struct run *o, struct text *to,
	agentrun_error **err)
{
	agentrun_buf context = AGENTRUN_BUF_INIT, rows = AGENTRUN_BUF_INIT;
	int r = 0;

	if (o->context)
		r = cli_read_value(global, &context, o->context, CLI_OBJECT, err);
	if (r == 0 && o->input)
		r = cli_read_value(global, &rows, o->input, CLI_ROWS, err);
	if (r == 0 && (o->context || o->input)) {
		size_t len = context.len ? context.len - 1 : 0;

		while (len > 1 && strchr(" \t\r\n", context.data[len - 1]))
			len--;
		add_str(to, ",\"context\":{");
		if (len > 1)
			add(to, context.data + 1, len - 1);
		if (rows.data) {
			add_str(to, len > 1 ? ",\"data\":" : "\"data\":");
			add(to, rows.data, rows.len);
		}
		add_str(to, "}");
	}
	agentrun_buf_dispose(&context);
	agentrun_buf_dispose(&rows);
	return r;
}

static int make_message(cli_global *global, struct run *o, const char *prompt,
	agentrun_error **err)
{
	struct text text = { AGENTRUN_BUF_INIT, 0 };
	agentrun_buf workflow = AGENTRUN_BUF_INIT;
	int r = 0;

	add_str(&text, "{\"version\":\"1.0\",\"prompt\":");
	if (text.status == 0)
		text.status = agentrun_buf_append_json(&text.buf, prompt, strlen(prompt));
	if (text.status == 0 && strstr(text.buf.data, REPLACEMENT) &&
		!strstr(prompt, REPLACEMENT))
		r = agentrun_error_raise(err, AGENTRUN_EINPUT, "the prompt is not valid UTF-8");
	if (r == 0 && o->workflow) {
		r = cli_read_value(global, &workflow, o->workflow, CLI_OBJECT, err);
		add_str(&text, ",\"current_workflow\":");
		add(&text, workflow.data, workflow.len);
	}
	if (r == 0)
		r = add_context(global, o, &text, err);
	add_str(&text, "}");
	if (r == 0 && text.status < 0)
		r = agentrun_error_raise(err, AGENTRUN_ENOMEM, "out of memory");
	agentrun_buf_dispose(&workflow);
	if (r < 0)
		agentrun_buf_dispose(&text.buf);
	else
		o->message = text.buf;
	return r;
}

static int run_job(cli_global *global, const struct run *o, agentrun_result **out,
	agentrun_error **err)
{
	agentrun_engine_options opts;
	agentrun_store *store = NULL;
	int r = cli_open_store(global, &store, err);

	if (r < 0)
		return r;
	agentrun_engine_options_init(&opts, sizeof(opts));
	opts.store = store;
	opts.planner = o->planner;
	r = agentrun_run(out, global->ctx, o->message.data, o->message.len, &opts, err);
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

static int check_usage(const cli_command *self, const struct run *o, int n)
{
	const char *paths[] = { o->workflow, o->context, o->input };
	int from_stdin = 0;

	for (int i = 0; i < 3; i++)
		from_stdin += paths[i] && strcmp(paths[i], "-") == 0;
	if (from_stdin > 1)
		return cli_usage(self, "only one file can be stdin");
	if (n == 0 && !o->job)
		return cli_usage(self, "a prompt is missing");
	if (o->job && (n || o->workflow || o->context || o->input))
		return cli_usage(self, "--job stands alone: the message holds all of it");
	return -1;
}

static int run(cli_global *global, const cli_command *self, int argc, char **argv)
{
	struct run o = { .job = NULL };
	const cli_option own[] = {
		{ "workflow", 'w', CLI_TEXT, "FILE", "current workflow", &o.workflow },
		{ "context", 'x', CLI_TEXT, "FILE", "context of the job, a JSON object",
			&o.context },
		{ "input", 'i', CLI_TEXT, "FILE", "rows: JSON, NDJSON or CSV", &o.input },
		{ "job", 'j', CLI_TEXT, "FILE", "a whole job message instead", &o.job },
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
		status = check_usage(self, &o, n);
	if (status < 0 && cli_output_format(global, self, AGENTRUN_FORMAT_TABLE) < 0)
		status = EXIT_USAGE;
	if (status >= 0)
		return status;
	r = cli_open(global, &err);
	if (r == 0)
		r = o.job ? cli_read(&o.message, o.job, &err)
			  : make_message(global, &o, argv[0], &err);
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
