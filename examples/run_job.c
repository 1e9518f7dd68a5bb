/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
/*
 * Run one job and print the rows it results in.
 *
 *     cc -o run_job run_job.c $(pkg-config --cflags --libs agentrun)
 */
#include <stdio.h>

#include <agentrun/agentrun.h>

static const char job[] =
	"{\"prompt\":\"show zone and utc_offset of the 2 rows with the highest utc_offset\","
	"\"context\":{\"data\":["
	"{\"zone\":\"America/Lima\",\"utc_offset\":-300},"
	"{\"zone\":\"Asia/Kathmandu\",\"utc_offset\":345},"
	"{\"zone\":\"Europe/Lisbon\",\"utc_offset\":0},"
	"{\"zone\":\"Pacific/Kiritimati\",\"utc_offset\":840}]}}";

int main(void)
{
	agentrun_ctx *ctx = NULL;
	agentrun_result *result = NULL;
	agentrun_error *err = NULL;
	int status = 1;

	if (agentrun_ctx_new(&ctx, NULL, &err) == 0 &&
		agentrun_run(&result, ctx, job, sizeof(job) - 1, NULL, &err) == 0) {
		if (agentrun_result_error(result)) {
			fprintf(stderr, "%s\n",
				agentrun_error_message(agentrun_result_error(result)));
		} else {
			puts(agentrun_result_data(result, NULL));
			status = 0;
		}
	} else {
		fprintf(stderr, "%s\n", agentrun_error_message(err));
	}
	agentrun_error_free(err);
	agentrun_result_free(result);
	agentrun_ctx_free(ctx);
	return status;
}
