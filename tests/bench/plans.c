/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
/*
 * plans URL CA_FILE IN_FLIGHT TOTAL: jobs of one model turn each through an engine, so
 * many at once. Prints {"plans_per_s","cpu_us","rss_kib","idle_rss_kib","failed"}: plans a
 * second once IN_FLIGHT were answered, and of this process alone.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

#include <agentrun/agentrun.h>

static double seconds(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static double cpu_seconds(void)
{
	struct rusage use;

	getrusage(RUSAGE_SELF, &use);
	return (double)(use.ru_utime.tv_sec + use.ru_stime.tv_sec) +
		(double)(use.ru_utime.tv_usec + use.ru_stime.tv_usec) / 1e6;
}

static long rss_kib(void)
{
	FILE *file = fopen("/proc/self/statm", "r");
	char line[128] = "", *rest = line;

	if (file && !fgets(line, sizeof(line), file))
		line[0] = '\0';
	if (file)
		fclose(file);
	strtol(line, &rest, 10);
	return strtol(rest, NULL, 10) * 4;
}

static void must(int r, agentrun_error *err)
{
	if (r >= 0)
		return;
	fprintf(stderr, "plans: %s\n", agentrun_error_message(err));
	exit(1);
}

static agentrun_engine *open_engine(agentrun_ctx **ctx, char **argv, uint32_t in_flight)
{
	const char *const settings[][2] = { { "llm.provider", "openai" }, { "llm.api_key", "k" },
		{ "llm.base_url", argv[1] }, { "http.ca_file", argv[2] },
		{ "llm.single_turn", "true" } };
	agentrun_engine_options opts;
	agentrun_ctx_options how;
	agentrun_engine *engine;
	agentrun_config *config;
	agentrun_error *err = NULL;

	must(agentrun_config_new(&config, &err), err);
	for (size_t i = 0; i < sizeof(settings) / sizeof(settings[0]); i++)
		must(agentrun_config_set(config, settings[i][0], settings[i][1], &err), err);
	agentrun_ctx_options_init(&how, sizeof(how));
	how.config = config;
	must(agentrun_ctx_new(ctx, &how, &err), err);
	agentrun_config_free(config);
	agentrun_engine_options_init(&opts, sizeof(opts));
	opts.threads = 1;
	opts.max_jobs = in_flight;
	must(agentrun_engine_new(&engine, *ctx, &opts, &err), err);
	return engine;
}

int main(int argc, char **argv)
{
	static const char job[] = "{\"prompt\":\"how many flights are there\",\"context\":{\"data\":"
		"[{\"to\":\"LAX\"},{\"to\":\"SFO\"}]}}";
	long in_flight = argc == 5 ? strtol(argv[3], NULL, 10) : 0;
	long total = argc == 5 ? strtol(argv[4], NULL, 10) : 0;
	long sent = 0, done = 0, failed = 0, most = 0, idle, rss, steady = 0;
	double began, cpu, from = 0;
	agentrun_engine *engine;
	agentrun_result *results[256];
	agentrun_ctx *ctx;

	if (in_flight < 1 || total < 2 * in_flight)
		return 2;
	engine = open_engine(&ctx, argv, (uint32_t)in_flight);
	idle = rss_kib();
	cpu = cpu_seconds();
	began = seconds();
	while (done < total) {
		int n;

		while (sent < total && sent - done < in_flight &&
			agentrun_engine_submit(engine, job, sizeof(job) - 1, 0, NULL) == 0)
			sent++;
		n = agentrun_engine_poll(engine, results, 256, -1);
		for (int i = 0; i < n; i++) {
			failed += agentrun_result_error(results[i]) != NULL;
			if (agentrun_result_error(results[i]) && failed == 1)
				fprintf(stderr, "%s\n",
					agentrun_error_message(agentrun_result_error(results[i])));
			agentrun_result_free(results[i]);
		}
		done += n;
		if (!steady && done >= in_flight) {
			steady = done;
			from = seconds();
		}
		rss = rss_kib();
		most = rss > most ? rss : most;
	}
	printf("{\"plans_per_s\":%.0f,\"seconds\":%.2f,\"cpu_us\":%.0f,\"rss_kib\":%ld,"
		"\"idle_rss_kib\":%ld,\"failed\":%ld}\n", (double)(total - steady) / (seconds() - from),
		seconds() - began, (cpu_seconds() - cpu) * 1e6 / (double)total, most, idle, failed);
	agentrun_engine_free(engine);
	agentrun_ctx_free(ctx);
	return failed ? 1 : 0;
}
