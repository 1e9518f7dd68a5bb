/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
/* A job message from a prompt and files: run and submit. */
#include <string.h>

#include "cli.h"

/* What JSON text has for bytes that are no UTF-8: U+FFFD. */
#define REPLACEMENT "\xef\xbf\xbd"

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
static int add_context(cli_global *global, const cli_job *o, struct text *to,
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

int cli_job_message(cli_global *global, const cli_job *o, const char *prompt,
	agentrun_buf *out, agentrun_error **err)
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
		*out = text.buf;
	return r;
}

int cli_job_check(const cli_command *self, const cli_job *o, int n)
{
	const char *paths[] = { o->workflow, o->context, o->input };
	int from_stdin = 0;

	for (int i = 0; i < 3; i++)
		from_stdin += paths[i] && strcmp(paths[i], "-") == 0;
	if (from_stdin > 1)
		return cli_usage(self, "only one file can be stdin");
	if (n == 0 && !o->file)
		return cli_usage(self, "a prompt is missing");
	if (o->file && (n || o->workflow || o->context || o->input))
		return cli_usage(self, "--job stands alone: the message holds all of it");
	return -1;
}
