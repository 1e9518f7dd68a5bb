/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
#include <stdio.h>
#include <string.h>

#include "cli.h"

struct queue_options {
	size_t limit, offset;
	bool all;
};

enum { STATS, LIST, SHOW, RETRY, DROP };

static int stats(cli_global *global, const cli_command *self, agentrun_queue *queue,
	agentrun_error **err)
{
	agentrun_queue_stats s = { .struct_size = sizeof(s) };
	int r = agentrun_queue_stats_read(&s, queue, err);
	char row[200];

	if (r < 0)
		return r;
	snprintf(row, sizeof(row),
		"[{\"waiting\":%llu,\"delayed\":%llu,\"leased\":%llu,\"dead\":%llu}]",
		(unsigned long long)s.waiting, (unsigned long long)s.delayed,
		(unsigned long long)s.leased, (unsigned long long)s.dead);
	cli_write_rows(global, self, row, strlen(row));
	return 0;
}

/* Without the messages, which may be long. */
static int print_letters(cli_global *global, const cli_command *self,
	const agentrun_buf *letters, agentrun_error **err)
{
	static const char select[] = "[{\"step\":\"table_select\",\"fields\":[\"job_id\","
		"\"reason\",\"deliveries\",\"retries\",\"dead_at\"]}]";
	agentrun_buf rows = AGENTRUN_BUF_INIT;
	agentrun_execute_options opts;
	int r;

	agentrun_execute_options_init(&opts, sizeof(opts));
	opts.input = letters->data;
	opts.input_len = letters->len;
	r = agentrun_execute_pipeline(&rows, global->ctx, select, sizeof(select) - 1, &opts,
		err);
	if (r == 0)
		cli_write_rows(global, self, rows.data, rows.len);
	agentrun_buf_dispose(&rows);
	return r;
}

static int letters(cli_global *global, const cli_command *self,
	const struct queue_options *o, const char *job_id, agentrun_queue *queue,
	agentrun_error **err)
{
	agentrun_buf list = AGENTRUN_BUF_INIT;
	agentrun_dead_query query;
	int r;

	agentrun_dead_query_init(&query, sizeof(query));
	query.job_id = job_id;
	query.limit = job_id ? 0 : o->limit;
	query.offset = job_id ? 0 : o->offset;
	r = agentrun_queue_dead_list(&list, queue, &query, err);
	if (r == 0 && job_id && list.len == 2)
		r = agentrun_error_raise(err, AGENTRUN_ENOTFOUND,
			"no dead letter is named %.100s", job_id);
	else if (r == 0 && job_id)
		cli_write_rows(global, self, list.data, list.len);
	else if (r == 0)
		r = print_letters(global, self, &list, err);
	agentrun_buf_dispose(&list);
	return r;
}

static int retry_all(agentrun_queue *queue, agentrun_error **err)
{
	agentrun_queue_stats before = { .struct_size = sizeof(before) };
	char line[80];
	int r = agentrun_queue_stats_read(&before, queue, err);

	if (r == 0)
		r = agentrun_queue_dead_retry(queue, NULL, err);
	if (r < 0)
		return r;
	snprintf(line, sizeof(line), "[{\"retried\":%llu}]", (unsigned long long)before.dead);
	cli_write_line(line, strlen(line));
	return 0;
}

static int change(int action, const char *job_id, agentrun_queue *queue,
	agentrun_error **err)
{
	const char *tail = action == RETRY ? ",\"status\":\"waiting\"}]"
		: ",\"status\":\"dropped\"}]";
	agentrun_buf line = AGENTRUN_BUF_INIT;
	int r = action == RETRY ? agentrun_queue_dead_retry(queue, job_id, err)
		: agentrun_queue_dead_drop(queue, job_id, err);

	if (r < 0)
		return r;
	if (agentrun_buf_append(&line, "[{\"job_id\":", 11) < 0 ||
		agentrun_buf_append_json(&line, job_id, strlen(job_id)) < 0 ||
		agentrun_buf_append(&line, tail, strlen(tail)) < 0)
		r = agentrun_error_raise(err, AGENTRUN_ENOMEM, "out of memory");
	else
		cli_write_line(line.data, line.len);
	agentrun_buf_dispose(&line);
	return r;
}

/* -1 after a complaint. */
static int dead_action_of(const cli_command *self, const struct queue_options *o, int n,
	char **argv)
{
	static const char *const names[] = { "list", "show", "retry", "drop" };
	int wanted;

	if (n < 2) {
		cli_usage(self, "dead wants list, show, retry or drop");
		return -1;
	}
	for (int i = 0; i < 4; i++) {
		if (strcmp(argv[1], names[i]) != 0)
			continue;
		wanted = LIST + i == LIST || (LIST + i == RETRY && o->all) ? 2 : 3;
		if (n == wanted)
			return LIST + i;
		cli_usage(self, wanted == 2 ? "dead %s takes no id here" : "dead %s wants an ID",
			argv[1]);
		return -1;
	}
	cli_usage(self, "unknown action \"dead %.60s\": list, show, retry or drop", argv[1]);
	return -1;
}

static int action_of(const cli_command *self, const struct queue_options *o, int n,
	char **argv)
{
	int action = -1;

	if (strcmp(argv[0], "dead") == 0)
		action = dead_action_of(self, o, n, argv);
	else if (strcmp(argv[0], "stats") != 0)
		cli_usage(self, "unknown action \"%.60s\": stats or dead", argv[0]);
	else if (n > 1)
		cli_usage(self, "stats takes no argument");
	else
		action = STATS;
	if (action >= 0 && o->all && action != RETRY) {
		cli_usage(self, "--all goes with dead retry");
		action = -1;
	}
	return action;
}

static int act(cli_global *global, const cli_command *self, const struct queue_options *o,
	int action, const char *job_id, agentrun_error **err)
{
	agentrun_queue *queue = NULL;
	int r = cli_open(global, err);

	if (r == 0)
		r = cli_open_queue(global, &queue, err);
	if (r < 0)
		return r;
	if (action == STATS)
		r = stats(global, self, queue, err);
	else if (action == LIST || action == SHOW)
		r = letters(global, self, o, job_id, queue, err);
	else if (job_id)
		r = change(action, job_id, queue, err);
	else
		r = retry_all(queue, err);
	agentrun_queue_free(queue);
	return r;
}

static int run(cli_global *global, const cli_command *self, int argc, char **argv)
{
	struct queue_options o = { .limit = 100 };
	const cli_option own[] = {
		{ "all", 'a', CLI_FLAG, NULL, "dead retry: all of them", &o.all },
		{ "limit", 0, CLI_SIZE, "N", "dead list: at most so many (100; 0: all)",
			&o.limit },
		{ "offset", 0, CLI_SIZE, "N", "dead list: skip so many", &o.offset },
		{ "output", 'o', CLI_TEXT, "FORMAT", "json, ndjson, csv or table",
			&global->output },
		{ NULL, 0, CLI_FLAG, NULL, NULL, NULL },
	};
	agentrun_error *err = NULL;
	int n, action, status = cli_options_read(global, self, own, argc, argv, 1, 3, &n);

	if (status >= 0)
		return status;
	action = action_of(self, &o, n, argv);
	if (action < 0 || cli_output_format(global, self, AGENTRUN_FORMAT_TABLE) < 0)
		return EXIT_USAGE;
	return act(global, self, &o, action, n == 3 ? argv[2] : NULL, &err) < 0
		? cli_fail(err) : cli_finish();
}

const cli_command cli_queue = {
	.name = "queue",
	.arguments = "stats | dead list | dead show ID | dead retry ID | dead retry --all | dead drop ID",
	.summary = "Look into the queue and its dead letters",
	.help = "A dead letter is a job that was given up: its message was wrong, or it was delivered\n"
		"too often. retry puts it back on the queue, its counts at zero.\n\n"
		"Examples:\n"
		"  agentrun queue stats\n"
		"  agentrun queue dead list --output table\n"
		"  agentrun queue dead retry --all\n",
	.run = run,
};
