/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
#include <string.h>

#include "cli.h"

/* {"job_id":"...","status":"cancelling"} */
static int say(const char *job_id, agentrun_error **err)
{
	static const char head[] = "{\"job_id\":", tail[] = ",\"status\":\"cancelling\"}";
	agentrun_buf line = AGENTRUN_BUF_INIT;
	int r = agentrun_buf_append(&line, head, sizeof(head) - 1);

	if (r == 0)
		r = agentrun_buf_append_json(&line, job_id, strlen(job_id));
	if (r == 0)
		r = agentrun_buf_append(&line, tail, sizeof(tail) - 1);
	if (r == 0)
		cli_write_line(line.data, line.len);
	else
		agentrun_error_raise(err, r, "out of memory");
	agentrun_buf_dispose(&line);
	return r;
}

static int run(cli_global *global, const cli_command *self, int argc, char **argv)
{
	agentrun_queue *queue = NULL;
	agentrun_error *err = NULL;
	int n, r, status = cli_options_read(global, self, NULL, argc, argv, 1, 1, &n);

	if (status >= 0)
		return status;
	r = cli_open(global, &err);
	if (r == 0)
		r = cli_open_queue(global, &queue, &err);
	if (r == 0)
		r = agentrun_queue_cancel(queue, argv[0], &err);
	agentrun_queue_free(queue);
	if (r == 0)
		r = say(argv[0], &err);
	return r < 0 ? cli_fail(err) : cli_finish();
}

const cli_command cli_cancel = {
	.name = "cancel",
	.arguments = "JOB_ID",
	.summary = "Ask that a job on the queue be cancelled, waiting or running",
	.help = "Whoever has the job, or takes it, ends it with a result of type cancelled.\n\n"
		"Examples:\n"
		"  agentrun cancel 0190f5c2-7d2e-7cc1-a1f5-6a5f4f2f8f10\n",
	.run = run,
};
