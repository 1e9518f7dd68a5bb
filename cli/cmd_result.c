/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
#include <string.h>

#include "cli.h"

static int run(cli_global *global, const cli_command *self, int argc, char **argv)
{
	size_t timeout_sec = SIZE_MAX;
	const cli_option own[] = {
		{ "timeout", 't', CLI_SIZE, "SECONDS", "how long to wait (0: do not; for ever)",
			&timeout_sec },
		{ NULL, 0, CLI_FLAG, NULL, NULL, NULL },
	};
	agentrun_buf result = AGENTRUN_BUF_INIT;
	agentrun_queue *queue = NULL;
	agentrun_error *err = NULL;
	int n, r, status = cli_options_read(global, self, own, argc, argv, 1, 1, &n);

	if (status >= 0)
		return status;
	r = cli_open(global, &err);
	if (r == 0)
		r = cli_open_queue(global, &queue, &err);
	if (r == 0)
		r = agentrun_queue_result(&result, queue, argv[0], cli_timeout_ms(timeout_sec),
			&err);
	if (r == 0)
		cli_write_line(result.data, result.len);
	agentrun_buf_dispose(&result);
	agentrun_queue_free(queue);
	return r < 0 ? cli_fail(err) : cli_finish();
}

const cli_command cli_result = {
	.name = "result",
	.arguments = "JOB_ID [--timeout SECONDS]",
	.summary = "Wait for the result of a job on the queue",
	.help = "Prints the result message, also one of a job that failed, and leaves it there for\n"
		"others until it expires. A job that the queue does not know ends with status 6.\n\n"
		"Examples:\n"
		"  agentrun result 0190f5c2-7d2e-7cc1-a1f5-6a5f4f2f8f10 --timeout 30\n",
	.run = run,
};
