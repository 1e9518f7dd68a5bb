/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli.h"

struct classify {
	const char *workflow, *input;
	bool batch, explain, llm;
	agentrun_buf workflow_text, input_text;
	agentrun_classify_options opts;
};

static void print_keywords(FILE *out, const agentrun_intent *intent, int lane)
{
	const char *word;

	fprintf(out, "  %-8s %.3f ", agentrun_lane_name(lane),
		agentrun_intent_score(intent, lane));
	for (size_t i = 0; (word = agentrun_intent_keyword(intent, lane, i)); i++)
		fprintf(out, " %s", word);
	fputc('\n', out);
}

/* For a person: why, the scores, and the words that spoke for a lane. */
static void explain(FILE *out, const agentrun_intent *intent)
{
	cli_print_text(out, agentrun_intent_reasoning(intent));
	fputc('\n', out);
	print_keywords(out, intent, AGENTRUN_LANE_PATCH);
	print_keywords(out, intent, AGENTRUN_LANE_EXECUTE);
}

static int print(const struct classify *c, const agentrun_intent *intent,
	agentrun_error **err)
{
	agentrun_buf json = AGENTRUN_BUF_INIT;
	int r;

	if (cli_is_terminal() && !c->batch) {
		printf("%s, %.0f %% sure\n", agentrun_lane_name(agentrun_intent_lane(intent)),
			agentrun_intent_confidence(intent) * 100);
		explain(stdout, intent);
		return 0;
	}
	r = agentrun_intent_json(&json, intent);
	if (r < 0)
		return agentrun_error_raise(err, r, "out of memory");
	if (c->explain)
		explain(stderr, intent);
	cli_write(json.data, json.len);
	cli_write("\n", 1);
	agentrun_buf_dispose(&json);
	return 0;
}

static int classify_one(cli_global *global, struct classify *c, const char *text,
	size_t len, agentrun_error **err)
{
	agentrun_intent *intent = NULL;
	int r = agentrun_classify(&intent, global->ctx, text, len, &c->opts, err);

	if (r == 0)
		r = print(c, intent, err);
	agentrun_intent_free(intent);
	return r;
}

/* A line that is no UTF-8 has an answer too: its bad bytes count as '?'. */
static void mend(char *line, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if ((unsigned char)line[i] >= 0x80)
			line[i] = '?';
}

static int classify_line(cli_global *global, struct classify *c, char *line,
	size_t len, agentrun_error **err)
{
	int r;

	if (len && line[len - 1] == '\r')
		len--;
	r = classify_one(global, c, line, len, err);
	if (r != AGENTRUN_EINPUT)
		return r;
	agentrun_error_free(*err);
	*err = NULL;
	mend(line, len);
	return classify_one(global, c, line, len, err);
}

/* Answers all whole lines that were read before it reads on. */
static int batch(cli_global *global, struct classify *c, agentrun_error **err)
{
	size_t cap = 65536, len = 0;
	char *data = malloc(cap);
	ssize_t n = 1;
	int r = 0;

	while (data && r == 0 && n > 0) {
		char *line = data, *end;

		n = read(STDIN_FILENO, data + len, cap - len);
		if (n < 0 && errno == EINTR) {
			n = 1;
			continue;
		}
		if (n < 0)
			r = agentrun_error_raise(err, AGENTRUN_EIO, "stdin: %s", strerror(errno));
		len += n > 0 ? (size_t)n : 0;
		while (r == 0 && (end = memchr(line, '\n', len - (size_t)(line - data)))) {
			r = classify_line(global, c, line, (size_t)(end - line), err);
			line = end + 1;
		}
		len -= (size_t)(line - data);
		memmove(data, line, len);
		cli_finish();
		if (len == cap) {
			char *grown = realloc(data, cap *= 2);

			if (!grown)
				free(data);
			data = grown;
		}
	}
	if (data && r == 0 && len)
		r = classify_line(global, c, data, len, err);
	if (!data)
		r = agentrun_error_raise(err, AGENTRUN_ENOMEM, "out of memory");
	free(data);
	return r;
}

static int prepare(cli_global *global, struct classify *c, agentrun_error **err)
{
	int r = 0;

	agentrun_classify_options_init(&c->opts, sizeof(c->opts));
	if (c->llm)
		c->opts.mode = AGENTRUN_CLASSIFY_LLM;
	if (c->workflow)
		r = cli_read_value(global, &c->workflow_text, c->workflow, CLI_OBJECT, err);
	if (r == 0 && c->input)
		r = cli_read_value(global, &c->input_text, c->input, CLI_ROWS, err);
	c->opts.workflow = c->workflow_text.data;
	c->opts.workflow_len = c->workflow_text.len;
	c->opts.input = c->input_text.data;
	c->opts.input_len = c->input_text.len;
	return r;
}

static int run(cli_global *global, const cli_command *self, int argc, char **argv)
{
	struct classify c = { .workflow = NULL };
	const cli_option own[] = {
		{ "workflow", 'w', CLI_TEXT, "FILE", "current workflow, for the names of its nodes",
			&c.workflow },
		{ "input", 'i', CLI_TEXT, "FILE", "rows, for the names of their fields", &c.input },
		{ "batch", 'b', CLI_FLAG, NULL, "a prompt a line on stdin, an answer a line",
			&c.batch },
		{ "llm", 'l', CLI_FLAG, NULL, "ask the configured provider's model", &c.llm },
		{ "explain", 'e', CLI_FLAG, NULL, "say on stderr what decided", &c.explain },
		{ NULL, 0, CLI_FLAG, NULL, NULL, NULL },
	};
	agentrun_error *err = NULL;
	int n, r, status = cli_options_read(global, self, own, argc, argv, 0, 1, &n);

	if (status >= 0)
		return status;
	if (n == 0 && !c.batch)
		return cli_usage(self, "a prompt is missing");
	if (n == 1 && c.batch)
		return cli_usage(self, "--batch reads prompts on stdin and takes none as an argument");
	r = cli_open(global, &err);
	if (r == 0)
		r = prepare(global, &c, &err);
	if (r == 0)
		r = c.batch ? batch(global, &c, &err)
			    : classify_one(global, &c, argv[0], strlen(argv[0]), &err);
	agentrun_buf_dispose(&c.workflow_text);
	agentrun_buf_dispose(&c.input_text);
	return r < 0 ? cli_fail(err) : cli_finish();
}

const cli_command cli_classify = {
	.name = "classify",
	.arguments = "{\"PROMPT\" | --batch} [--workflow FILE] [--input FILE] [--llm] "
		"[--explain]",
	.summary = "Tell whether a prompt is a one-time operation or a change of the workflow",
	.help = "Prints {\"text\",\"intent\",\"confidence\",\"reasoning\",\"matched_keywords\",\"scores\",\n"
		"\"allowed_tools\"}; the intent is execute, patch or unclear.\n\n"
		"Examples:\n"
		"  agentrun classify \"always email me when the price drops\"\n"
		"  agentrun classify --batch < prompts.txt > intents.ndjson\n",
	.run = run,
};
