/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
#include <stdlib.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>

#include "cli.h"

struct exec {
	const char *input, *input_format;
	bool explain, analyze, steps, keep;
	size_t threads; /* SIZE_MAX: not said */
	agentrun_buf pipeline;
	cli_source source;
	agentrun_store_writer *writer; /* --keep: where the result goes */
	uint64_t bytes;                /* of it */
};

static bool is_json_text(const char *argument)
{
	argument += strspn(argument, " \t\r\n");
	return *argument == '[' || *argument == '{';
}

static int read_pipeline(cli_global *global, struct exec *e, const char *argument,
	agentrun_error **err)
{
	if (!is_json_text(argument))
		return cli_read_value(global, &e->pipeline, argument, CLI_JSON, err);
	if (agentrun_buf_set(&e->pipeline, argument, strlen(argument)) < 0)
		return agentrun_error_raise(err, AGENTRUN_ENOMEM, "out of memory");
	return 0;
}

static int write_part(void *user, const char *data, size_t len, agentrun_error **err)
{
	(void)user;
	(void)err;
	cli_write(data, len); /* ends the program if it fails */
	return 0;
}

static int keep_part(void *user, const char *data, size_t len, agentrun_error **err)
{
	struct exec *e = user;

	e->bytes += len;
	return agentrun_store_writer_add(e->writer, data, len, err);
}

/* A record that holds the blob, so that it is not taken for a leftover. */
static int put_record(agentrun_buf *ref, agentrun_store *store, const char *cas_id,
	agentrun_error **err)
{
	static const char completed[] = "completed";
	agentrun_record *record = NULL;
	unsigned char random[16];
	char job[5 + 2 * sizeof(random) + 1] = "exec-";
	int r = agentrun_record_new(&record, err);

	if (r == 0 && getrandom(random, sizeof(random), 0) != sizeof(random))
		r = agentrun_error_raise(err, AGENTRUN_EINTERNAL, "no random numbers");
	for (size_t i = 0; r == 0 && i < sizeof(random); i++)
		snprintf(job + 5 + 2 * i, 3, "%02x", random[i]);
	if (r == 0 && (agentrun_record_set(record, AGENTRUN_RECORD_JOB_ID, job, strlen(job)) < 0 ||
		agentrun_record_set(record, AGENTRUN_RECORD_STATUS, completed,
			strlen(completed)) < 0 ||
		agentrun_record_set(record, AGENTRUN_RECORD_CAS_ID, cas_id, strlen(cas_id)) < 0))
		r = agentrun_error_raise(err, AGENTRUN_ENOMEM, "out of memory");
	if (r == 0)
		r = agentrun_store_put(ref, store, record, err);
	agentrun_record_free(record);
	return r;
}

static int keep(struct exec *e, agentrun_store *store, agentrun_error **err)
{
	agentrun_buf ref = AGENTRUN_BUF_INIT;
	char line[200];
	int r = agentrun_store_writer_finish(&ref, e->writer, err);

	if (r == 0)
		r = put_record(&ref, store, ref.data + strlen("cas://"), err);
	if (r == 0) {
		snprintf(line, sizeof(line), "{\"result_ref\":\"%s\",\"bytes\":%llu}", ref.data,
			(unsigned long long)e->bytes);
		cli_write(line, strlen(line));
	}
	agentrun_buf_dispose(&ref);
	return r;
}

static int exec(cli_global *global, struct exec *e, const char *argument,
	int input_format, int output_format, agentrun_error **err)
{
	agentrun_execute_options opts;
	agentrun_store *store = NULL;
	/* The input first: where stdin is closed, what is opened next gets its number. */
	int r = e->input ? cli_source_open(&e->source, e->input, err) : 0;

	if (r == 0)
		r = cli_open(global, err);
	if (r == 0)
		r = read_pipeline(global, e, argument, err);
	if (r == 0)
		r = cli_open_store(global, &store, err);
	if (r == 0 && e->keep)
		r = agentrun_store_writer_new(&e->writer, store, err);
	if (r < 0) {
		agentrun_store_free(store);
		return r;
	}
	agentrun_execute_options_init(&opts, sizeof(opts));
	opts.read = e->input ? cli_source_read : NULL;
	opts.read_user = &e->source;
	opts.write = e->keep ? keep_part : write_part;
	opts.write_user = e;
	opts.explain = e->analyze ? AGENTRUN_EXPLAIN_ANALYZE : e->explain
		? AGENTRUN_EXPLAIN_PLAN : AGENTRUN_EXPLAIN_NO;
	opts.input_name = e->input ? cli_name_of(e->input) : NULL;
	opts.input_format = input_format;
	opts.output_format = output_format;
	opts.store = store;
	opts.threads = e->threads == SIZE_MAX ? 0 : (uint32_t)e->threads;
	r = agentrun_execute_pipeline(NULL, global->ctx, e->pipeline.data, e->pipeline.len,
		&opts, err);
	if (r == 0 && e->keep)
		r = keep(e, store, err);
	agentrun_store_writer_free(e->writer);
	agentrun_store_free(store);
	return r;
}

static int print_steps(cli_global *global, const cli_command *self)
{
	agentrun_buf steps = AGENTRUN_BUF_INIT;
	agentrun_error *err = NULL;
	int r = agentrun_steps_describe(&steps, NULL, &err);
	int status = r < 0 ? cli_fail(err) : cli_write_rows(global, self, steps.data, steps.len);

	agentrun_buf_dispose(&steps);
	return status;
}

static void list_steps(void)
{
	const char *name;

	printf("Steps:\n");
	for (size_t i = 0; (name = agentrun_step_name(i)); i++)
		printf("  %-15s %s\n", name, agentrun_step_summary(i));
	printf("\n");
}

#define THREADS_MAX 1024

static int run(cli_global *global, const cli_command *self, int argc, char **argv)
{
	struct exec e = { .source = { .fd = -1 }, .threads = SIZE_MAX };
	const cli_option own[] = {
		{ "input", 'i', CLI_TEXT, "FILE", "the data; - is stdin", &e.input },
		{ "input-format", 0, CLI_TEXT, "FORMAT", "json, ndjson or csv (default: by look)",
			&e.input_format },
		{ "explain", 0, CLI_FLAG, NULL, "how it would be run, in place of the data",
			&e.explain },
		{ "analyze", 0, CLI_FLAG, NULL, "run it and tell rows and time of each step, in place "
			"of the data", &e.analyze },
		{ "threads", 0, CLI_SIZE, "N", "that scan the input (default: one a core, up to 4)",
			&e.threads },
		{ "keep", 0, CLI_FLAG, NULL, "put the result into the store and print its ref, in place "
			"of the data", &e.keep },
		{ "output", 'o', CLI_TEXT, "FORMAT", "json, ndjson, csv or table", &global->output },
		{ "steps", 0, CLI_FLAG, NULL, "print the steps with JSON Schemas of their parameters",
			&e.steps },
		{ NULL, 0, CLI_FLAG, NULL, NULL, NULL },
	};
	agentrun_error *err = NULL;
	int n, in = AGENTRUN_FORMAT_AUTO, format;
	int status = cli_options_read(global, self, own, argc, argv, 0, 1, &n);

	if (status >= 0)
		return status;
	if (e.steps)
		return n ? cli_usage(self, "--steps takes no pipeline") : print_steps(global, self);
	if (!n)
		return cli_usage(self, "it wants a pipeline: a file, - or JSON text");
	if (e.input_format) {
		in = agentrun_format_from_name(e.input_format);
		if (in < AGENTRUN_FORMAT_JSON || in == AGENTRUN_FORMAT_TABLE)
			return cli_usage(self, "--input-format wants json, ndjson or csv, not \"%s\"",
				e.input_format);
	}
	if (e.threads != SIZE_MAX && (!e.threads || e.threads > THREADS_MAX))
		return cli_usage(self, "--threads wants a number from 1 to %d, not %zu",
			THREADS_MAX, e.threads);
	if (e.input && strcmp(e.input, "-") == 0 && strcmp(argv[0], "-") == 0)
		return cli_usage(self, "only one of PIPELINE and --input can be stdin");
	if (e.keep && (global->output || e.explain || e.analyze))
		return cli_usage(self, "--keep takes no --output, --explain or --analyze");
	format = e.keep ? AGENTRUN_FORMAT_JSON
			: cli_output_format(global, self, AGENTRUN_FORMAT_TABLE);
	if (format < 0)
		return EXIT_USAGE;
	if (exec(global, &e, argv[0], in, format, &err) < 0)
		status = cli_fail(err);
	else
		status = format == AGENTRUN_FORMAT_JSON ? cli_write_line("", 0) : cli_finish();
	agentrun_buf_dispose(&e.pipeline);
	cli_source_close(&e.source);
	return status;
}

const cli_command cli_exec = {
	.name = "exec",
	.list = list_steps,
	.arguments = "PIPELINE [--input FILE] [--input-format FORMAT] [--output FORMAT]\n"
		"    [--explain] [--analyze] [--keep] [--threads N]\n  or:  agentrun exec --steps",
	.summary = "Run a data pipeline over JSON, NDJSON or CSV",
	.help = "PIPELINE is a file, - for stdin, or JSON text: an array of steps, or\n"
		"{\"session_id\",\"pipeline\",\"input_ref\"}. docs/pipeline.md describes the steps.\n\n"
		"Examples:\n"
		"  agentrun exec '[{\"step\":\"top_k\",\"k\":3,\"by\":\"price\"}]' --input flights.json\n"
		"  agentrun exec pipeline.json --input - --output csv < flights.ndjson\n"
		"  agentrun exec pipeline.json --input flights.ndjson --keep\n",
	.run = run,
};
