/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
/*
 * intent PROMPTS.jsonl: each prompt classified, reasoning and all, ROUNDS times. Prints
 * the CPU time a prompt takes and what the process grew by, and fails when either is
 * above what docs/intent.md promises.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

#include <agentrun/agentrun.h>
#include <agentrun/intent.h>

#define ROUNDS 20
#define PROMPTS_MAX 8192
#define US_MAX 20.0
#define RSS_MAX_KIB 1024

static char *prompts[PROMPTS_MAX];
static size_t n_prompts;

/* The value of "text"; escapes stay as they are, which is prompt enough. */
static void add_prompt(char *line)
{
	char *text = strstr(line, "\"text\": \""), *end;

	end = text ? strstr(text, "\", \"label\"") : NULL;
	if (!end || n_prompts == PROMPTS_MAX)
		return;
	*end = '\0';
	prompts[n_prompts] = strdup(text + strlen("\"text\": \""));
	n_prompts += prompts[n_prompts] != NULL;
}

static double cpu_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

static long max_rss_kib(void)
{
	struct rusage use;

	getrusage(RUSAGE_SELF, &use);
	return use.ru_maxrss;
}

static int classify_all(void)
{
	for (size_t i = 0; i < n_prompts; i++) {
		agentrun_intent *intent;

		if (agentrun_classify(&intent, NULL, prompts[i], strlen(prompts[i]), NULL,
			    NULL) < 0)
			return 1;
		agentrun_intent_free(intent);
	}
	return 0;
}

int main(int argc, char **argv)
{
	FILE *file = argc > 1 ? fopen(argv[1], "r") : NULL;
	static char line[1 << 14];
	double us;
	long rss;

	if (!file)
		return 2;
	while (fgets(line, sizeof(line), file))
		add_prompt(line);
	fclose(file);
	if (!n_prompts)
		return 2;
	rss = max_rss_kib();
	us = cpu_us();
	for (int i = 0; i < ROUNDS; i++)
		if (classify_all())
			return 1;
	us = (cpu_us() - us) / ROUNDS / (double)n_prompts;
	rss = max_rss_kib() - rss;
	printf("%zu prompts: %.2f us of CPU each, %ld KiB of RSS added\n", n_prompts, us,
		rss);
	return us > US_MAX || rss > RSS_MAX_KIB;
}
