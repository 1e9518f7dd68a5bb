/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
/*
 * Run a hundred jobs at once: submit them as fast as the engine takes them, take
 * the results as they come. One thread, no callbacks.
 *
 *     cc -o many_jobs many_jobs.c $(pkg-config --cflags --libs agentrun)
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include <agentrun/agentrun.h>

#define JOBS 100
#define AT_ONCE 16

/* Job `i` has i + 1 rows and asks how many there are. */
static int submit(agentrun_engine *engine, unsigned i, agentrun_error **err)
{
	char job[4096];
	int n = snprintf(job, sizeof(job),
		"{\"job_id\":\"job-%u\",\"prompt\":\"count rows\",\"context\":{\"data\":[", i);

	for (unsigned row = 0; row <= i; row++)
		n += snprintf(job + n, sizeof(job) - (size_t)n, "%s{\"row\":%u}", row ? "," : "",
			row);
	n += snprintf(job + n, sizeof(job) - (size_t)n, "]}}");
	return agentrun_engine_submit(engine, job, (size_t)n, i, err);
}

/* Take what is finished; returns how many of them answered wrong. */
static int take(agentrun_engine *engine, unsigned *done)
{
	agentrun_result *results[8];
	char want[64];
	int wrong = 0, n = agentrun_engine_poll(engine, results, 8, 1000);

	for (int i = 0; i < n; i++) {
		const char *data = agentrun_result_data(results[i], NULL);

		snprintf(want, sizeof(want), "[{\"count\":%" PRIu64 "}]",
			agentrun_result_tag(results[i]) + 1);
		wrong += !data || strcmp(data, want) != 0;
		printf("%s %s %s\n", agentrun_result_job_id(results[i]),
			agentrun_result_status(results[i]), data ? data : "");
		agentrun_result_free(results[i]);
	}
	*done += n > 0 ? (unsigned)n : 0;
	return wrong;
}

static int run_all(agentrun_engine *engine, agentrun_error **err)
{
	unsigned submitted = 0, done = 0;
	int wrong = 0;

	while (done < JOBS) {
		int r = submitted < JOBS ? submit(engine, submitted, err) : AGENTRUN_ELIMIT;

		if (r == 0) {
			submitted++;
			continue;
		}
		if (r != AGENTRUN_ELIMIT)
			return r;
		agentrun_error_free(*err); /* as many run as may: wait for some */
		*err = NULL;
		wrong += take(engine, &done);
	}
	printf("%u jobs, %d wrong\n", done, wrong);
	return wrong;
}

int main(void)
{
	agentrun_engine_options opts;
	agentrun_engine *engine = NULL;
	agentrun_ctx *ctx = NULL;
	agentrun_error *err = NULL;
	int r = agentrun_ctx_new(&ctx, NULL, &err);

	agentrun_engine_options_init(&opts, sizeof(opts));
	opts.max_jobs = AT_ONCE;
	if (r == 0)
		r = agentrun_engine_new(&engine, ctx, &opts, &err);
	if (r == 0)
		r = run_all(engine, &err);
	if (err)
		fprintf(stderr, "%s\n", agentrun_error_message(err));
	agentrun_error_free(err);
	agentrun_engine_free(engine);
	agentrun_ctx_free(ctx);
	return r == 0 ? 0 : 1;
}
