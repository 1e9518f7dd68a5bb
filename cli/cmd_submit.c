/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

#include "cli.h"
#include "json.h"

#define BAR_WIDTH 30

struct submit {
	cli_job job;
	bool wait;
	size_t timeout_sec;
	agentrun_jobs *jobs;
};

/* ---- messages ------------------------------------------------------------ */

/* A random UUID. */
static int make_id(char *out, size_t size, agentrun_error **err)
{
	unsigned char b[16];

	if (getrandom(b, sizeof(b), 0) != (ssize_t)sizeof(b))
		return agentrun_error_raise(err, AGENTRUN_EINTERNAL,
			"the system gives no random numbers");
	b[6] = (unsigned char)(0x40 | (b[6] & 0x0f));
	b[8] = (unsigned char)(0x80 | (b[8] & 0x3f));
	snprintf(out, size,
		"%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-%02x%02x%02x%02x%02x%02x", b[0],
		b[1], b[2], b[3], b[4], b[5], b[6], b[7], b[8], b[9], b[10], b[11], b[12], b[13],
		b[14], b[15]);
	return 0;
}

static int add_text(agentrun_buf *to, const char *name, const char *value,
	agentrun_error **err)
{
	char member[160];
	int n = snprintf(member, sizeof(member), ",\"%s\":\"%s\"", name, value);

	return agentrun_buf_append(to, member, (size_t)n) < 0 ?
		agentrun_error_raise(err, AGENTRUN_ENOMEM, "out of memory") : 0;
}

/* What a queue wants and the message lacks comes behind what it has: of two members
 * of a name the last counts. */
static int complete(agentrun_buf *out, redis_span job, agentrun_error **err)
{
	static const char *const ids[] = { "job_id", "run_id", "node_id" };
	char text[64], seconds[32];
	struct timespec now;
	struct tm t;
	int r = 0;

	if (agentrun_buf_append(out, job.p, job.n - 1) < 0)
		return agentrun_error_raise(err, AGENTRUN_ENOMEM, "out of memory");
	for (size_t i = 0; r == 0 && i < 3; i++)
		if (!redis_json_get(job, ids[i]).p || redis_json_get(job, ids[i]).n == 2) {
			r = make_id(text, sizeof(text), err);
			if (r == 0)
				r = add_text(out, ids[i], text, err);
		}
	if (r == 0 && !redis_json_get(job, "version").p)
		r = add_text(out, "version", "1.0", err);
	if (r == 0 && !redis_json_get(job, "sent_at").p) {
		clock_gettime(CLOCK_REALTIME, &now);
		gmtime_r(&now.tv_sec, &t);
		strftime(seconds, sizeof(seconds), "%Y-%m-%dT%H:%M:%S", &t);
		snprintf(text, sizeof(text), "%s.%03dZ", seconds, (int)(now.tv_nsec / 1000000));
		r = add_text(out, "sent_at", text, err);
	}
	if (r == 0 && agentrun_buf_append(out, "}", 1) < 0)
		r = agentrun_error_raise(err, AGENTRUN_ENOMEM, "out of memory");
	return r;
}

/* What would fail the job at once is told at once. */
static int check_job(redis_span job, agentrun_error **err)
{
	static const char *const texts[] = { "job_id", "run_id", "node_id", "prompt", "task" };
	redis_span prompt = redis_json_get(job, "prompt");

	if (!redis_json_is(job, '{'))
		return agentrun_error_raise(err, AGENTRUN_EJOB, "a job is a JSON object");
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		redis_span value = redis_json_get(job, texts[i]);

		if (value.p && !redis_json_is(value, '"'))
			return agentrun_error_raise(err, AGENTRUN_EJOB, "the job's %s must be text",
				texts[i]);
	}
	prompt = prompt.p ? prompt : redis_json_get(job, "task");
	if (!prompt.p || prompt.n == 2)
		return agentrun_error_raise(err, AGENTRUN_EJOB, "the job's prompt is missing");
	return 0;
}

static int add_job(struct submit *o, redis_span given, agentrun_error **err)
{
	agentrun_buf message = AGENTRUN_BUF_INIT, id = AGENTRUN_BUF_INIT;
	agentrun_job *job = NULL;
	int r = check_job(given, err);

	if (r == 0)
		r = complete(&message, given, err);
	if (r == 0 && redis_json_string(&id,
		redis_json_get(redis_json_value(message.data, message.len), "job_id")) < 0)
		r = agentrun_error_raise(err, AGENTRUN_ENOMEM, "out of memory");
	if (r == 0)
		r = agentrun_job_new(&job, id.data, message.data, message.len, err);
	if (r == 0 && agentrun_jobs_add(o->jobs, job) < 0) {
		agentrun_job_free(job);
		r = agentrun_error_raise(err, AGENTRUN_ENOMEM, "out of memory");
	}
	agentrun_buf_dispose(&message);
	agentrun_buf_dispose(&id);
	return r;
}

/* A job a line; empty lines are none. */
static int add_lines(struct submit *o, const char *text, size_t len,
	agentrun_error **err)
{
	const char *end = text + len;
	size_t number = 1;

	for (const char *line = text; line < end; number++) {
		const char *stop = memchr(line, '\n', (size_t)(end - line));
		size_t n = (size_t)((stop ? stop : end) - line);
		agentrun_error *why = NULL;

		if (strspn(line, " \t\r") < n &&
			add_job(o, redis_json_value(line, n), &why) < 0) {
			int code = agentrun_error_code(why);

			agentrun_error_raise(err, code, "%s:%zu: %s", cli_name_of(o->job.file),
				number, agentrun_error_message(why));
			agentrun_error_free(why);
			return code;
		}
		line += n + 1;
	}
	return 0;
}

static int read_file(cli_global *global, struct submit *o, agentrun_error **err)
{
	agentrun_buf text = AGENTRUN_BUF_INIT, one = AGENTRUN_BUF_INIT;
	const char *newline;
	int r = cli_read(&text, o->job.file, err);

	if (r == 0) {
		const char *data = text.data ? text.data : "";
		redis_span whole = redis_json_value(data, text.len);

		newline = memchr(data, '\n', text.len);
		if (whole.p)
			r = add_job(o, whole, err);
		else if (newline && redis_json_value(data, (size_t)(newline - data)).p)
			r = add_lines(o, data, text.len, err);
		else /* for its words on what is wrong, and where */
			r = agentrun_rows_read(&one, global->ctx, data, text.len,
				AGENTRUN_FORMAT_JSON, cli_name_of(o->job.file), err);
	}
	if (r == 0 && !agentrun_jobs_count(o->jobs))
		r = agentrun_error_raise(err, AGENTRUN_EJOB, "%s: no job",
			cli_name_of(o->job.file));
	agentrun_buf_dispose(&text);
	agentrun_buf_dispose(&one);
	return r;
}

static int read_jobs(cli_global *global, struct submit *o, const char *prompt,
	agentrun_error **err)
{
	agentrun_buf message = AGENTRUN_BUF_INIT;
	int r = agentrun_jobs_new(&o->jobs, err);

	if (r == 0 && o->job.file)
		return read_file(global, o, err);
	if (r == 0)
		r = cli_job_message(global, &o->job, prompt, &message, err);
	if (r == 0)
		r = add_job(o, redis_json_value(message.data, message.len), err);
	agentrun_buf_dispose(&message);
	return r;
}

/* ---- results ------------------------------------------------------------- */

/* The exit status of a job that failed, by the type of its error. */
static int status_of(const agentrun_buf *result)
{
	redis_span message = redis_json_value(result->data, result->len);
	redis_span type = redis_json_get(redis_json_get(message, "error"), "type");

	if (redis_json_says(redis_json_get(message, "status"), "completed"))
		return 0;
	for (int code = AGENTRUN_EJOB; type.p && code >= AGENTRUN_ECANCELLED; code--)
		if (redis_json_says(type, agentrun_error_code_type(code)))
			return code == AGENTRUN_EINPUT ? 1 : agentrun_error_code_exit_status(code);
	return 1;
}

/* On a terminal, and for many. */
static void show_progress(size_t done, size_t all)
{
	char bar[BAR_WIDTH + 1];

	if (all < 2 || !isatty(STDERR_FILENO))
		return;
	memset(bar, '-', BAR_WIDTH);
	memset(bar, '#', done * BAR_WIDTH / all);
	bar[BAR_WIDTH] = '\0';
	fprintf(stderr, "\r[%s] %zu of %zu results%s", bar, done, all,
		done == all ? "\n" : "");
}

/* In the order in which they were submitted. The first failure is the status. */
static int print_results(const struct submit *o, agentrun_queue *queue,
	agentrun_error **err)
{
	size_t n = agentrun_jobs_count(o->jobs);
	int status = 0;

	for (size_t i = 0; i < n; i++) {
		agentrun_buf result = AGENTRUN_BUF_INIT;
		int r;

		show_progress(i, n);
		r = agentrun_queue_result(&result, queue,
			agentrun_job_id(agentrun_jobs_at(o->jobs, i)), cli_timeout_ms(o->timeout_sec),
			err);
		if (r < 0)
			return r;
		cli_write_line(result.data, result.len);
		status = status ? status : status_of(&result);
		agentrun_buf_dispose(&result);
	}
	show_progress(n, n);
	return status;
}

static int print_ids(const struct submit *o)
{
	for (size_t i = 0; i < agentrun_jobs_count(o->jobs); i++) {
		const char *id = agentrun_job_id(agentrun_jobs_at(o->jobs, i));

		cli_write(id, strlen(id));
		cli_write("\n", 1);
	}
	return cli_finish();
}

static int submit(cli_global *global, struct submit *o, const char *prompt,
	agentrun_error **err)
{
	agentrun_queue *queue = NULL;
	int r = cli_open(global, err);

	if (r == 0)
		r = read_jobs(global, o, prompt, err);
	if (r == 0)
		r = cli_open_queue(global, &queue, err);
	if (r == 0)
		r = agentrun_queue_enqueue(queue, o->jobs, err);
	if (r == 0)
		r = o->wait ? print_results(o, queue, err) : print_ids(o);
	agentrun_queue_free(queue);
	agentrun_jobs_free(o->jobs);
	return r;
}

static int run(cli_global *global, const cli_command *self, int argc, char **argv)
{
	struct submit o = { .timeout_sec = SIZE_MAX };
	const cli_option own[] = {
		{ "workflow", 'w', CLI_TEXT, "FILE", "current workflow", &o.job.workflow },
		{ "context", 'x', CLI_TEXT, "FILE", "context of the job, a JSON object",
			&o.job.context },
		{ "input", 'i', CLI_TEXT, "FILE", "rows: JSON, NDJSON or CSV", &o.job.input },
		{ "job", 'j', CLI_TEXT, "FILE", "a job message instead, or one a line",
			&o.job.file },
		{ "wait", 0, CLI_FLAG, NULL, "wait for the results and print them", &o.wait },
		{ "timeout", 't', CLI_SIZE, "SECONDS", "wait: how long for each (for ever)",
			&o.timeout_sec },
		{ NULL, 0, CLI_FLAG, NULL, NULL, NULL },
	};
	agentrun_error *err = NULL;
	int n, r, status = cli_options_read(global, self, own, argc, argv, 0, 1, &n);

	if (status < 0)
		status = cli_job_check(self, &o.job, n);
	if (status >= 0)
		return status;
	r = submit(global, &o, argv[0], &err);
	return r < 0 ? cli_fail(err) : r ? r : cli_finish();
}

const cli_command cli_submit = {
	.name = "submit",
	.arguments = "\"PROMPT\" [--workflow FILE] [--context FILE] [--input FILE] | --job FILE",
	.summary = "Put jobs on the queue",
	.help = "Prints the id of each job, a line each; with --wait the result messages, in the\n"
		"order of the jobs, and the status is that of the first one that failed. Ids that\n"
		"a message lacks are made up. All jobs are queued or none. Files may be - for\n"
		"stdin.\n\n"
		"Examples:\n"
		"  agentrun submit \"show me the 10 cheapest flights to LAX\" --input flights.json\n"
		"  agentrun submit --job jobs.ndjson --wait --timeout 60\n",
	.run = run,
};
