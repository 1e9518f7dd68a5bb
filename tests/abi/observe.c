/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
/*
 * The library in a process that watches it: what belongs to the process is as it was after
 * calls of every family, and nothing was printed. imports.sh says which functions the
 * library itself does not call; here its libraries are in it too.
 */
#include <dirent.h>
#include <errno.h>
#include <locale.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <agentrun/agentrun.h>

#define SIGNALS 64

struct state {
	struct sigaction actions[SIGNALS + 1];
	sigset_t mask;
	char cwd[4096], locale[256], zone[64];
	mode_t umask;
	size_t variables, descriptors, threads;
};

static size_t count_entries(const char *path)
{
	DIR *dir = opendir(path);
	size_t n = 0;

	while (dir && readdir(dir))
		n++;
	if (dir)
		closedir(dir);
	return n;
}

static void look(struct state *s)
{
	memset(s, 0, sizeof(*s));
	for (int i = 1; i <= SIGNALS; i++)
		sigaction(i, NULL, &s->actions[i]);
	pthread_sigmask(SIG_SETMASK, NULL, &s->mask);
	if (!getcwd(s->cwd, sizeof(s->cwd)))
		strcpy(s->cwd, "?");
	snprintf(s->locale, sizeof(s->locale), "%s", setlocale(LC_ALL, NULL));
	snprintf(s->zone, sizeof(s->zone), "%s", getenv("TZ") ? getenv("TZ") : "");
	s->umask = umask(0);
	umask(s->umask);
	while (environ[s->variables])
		s->variables++;
	s->descriptors = count_entries("/proc/self/fd");
	s->threads = count_entries("/proc/self/task");
}

static int bad;

static void expect(int same, const char *what)
{
	if (same)
		return;
	fprintf(stderr, "another after the calls: %s\n", what);
	bad = 1;
}

static void compare(const struct state *a, const struct state *b)
{
	for (int i = 1; i <= SIGNALS; i++)
		expect(a->actions[i].sa_handler == b->actions[i].sa_handler &&
			a->actions[i].sa_flags == b->actions[i].sa_flags, "a signal's handler");
	for (int i = 1; i <= SIGNALS; i++)
		expect(sigismember(&a->mask, i) == sigismember(&b->mask, i), "the signal mask");
	expect(strcmp(a->cwd, b->cwd) == 0, "the working directory");
	expect(strcmp(a->locale, b->locale) == 0, "the locale");
	expect(strcmp(a->zone, b->zone) == 0, "the time zone");
	expect(a->umask == b->umask, "the umask");
	expect(a->variables == b->variables, "the environment");
	expect(a->descriptors == b->descriptors, "the number of open descriptors");
	expect(a->threads == b->threads, "the number of threads");
}

/* ---- calls --------------------------------------------------------------------- */

static void classify_and_plan(agentrun_ctx *ctx)
{
	static const char prompt[] = "the 2 cheapest rows";
	agentrun_intent *intent = NULL;
	agentrun_plan_result *plan = NULL;

	expect(agentrun_classify(&intent, ctx, prompt, sizeof(prompt) - 1, NULL, NULL) == 0,
		"classify fails");
	expect(agentrun_plan(&plan, ctx, prompt, sizeof(prompt) - 1, NULL, NULL) <= 0,
		"plan");
	agentrun_intent_free(intent);
	agentrun_plan_result_free(plan);
}

static void run_pipelines(agentrun_ctx *ctx)
{
	static const char *const steps[] = {
		"[{\"step\":\"table_sort\",\"field\":\"a\"}]",
		"[{\"step\":\"parse_date\",\"field\":\"d\",\"format\":\"%d %B %Y\"}]",
		"[{\"step\":\"table_filter\",\"condition\":{\"field\":\"d\",\"op\":\"matches\",\"value\":\"^1\"}}]",
		"[{\"step\":\"jq_transform\",\"query\":\".\"}]",
		"[{\"step\":\"http_request\",\"url\":\"http://127.0.0.1:1/\"}]",
		"[{\"step\":\"none\"}]",
		"[",
	};
	static const char rows[] = "[{\"a\":2,\"d\":\"1 May 2020\"},{\"a\":1.5e3}]";

	for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
		agentrun_buf out = AGENTRUN_BUF_INIT;
		agentrun_execute_options opts;
		agentrun_error *err = NULL;

		agentrun_execute_options_init(&opts, sizeof(opts));
		opts.input = rows;
		opts.input_len = sizeof(rows) - 1;
		agentrun_execute_pipeline(&out, ctx, steps[i], strlen(steps[i]), &opts, &err);
		agentrun_error_free(err);
		agentrun_buf_dispose(&out);
	}
}

static void run_jobs(agentrun_ctx *ctx)
{
	static const char job[] = "{\"prompt\":\"count rows\",\"context\":{\"data\":[1,2,3]}}";
	agentrun_engine *engine = NULL;
	agentrun_result *result = NULL;

	expect(agentrun_engine_new(&engine, ctx, NULL, NULL) == 0, "no engine can be had");
	for (int i = 0; i < 10; i++)
		expect(agentrun_engine_submit(engine, job, sizeof(job) - 1, 1, NULL) == 0,
			"submit fails");
	for (int i = 0; i < 10; i++) {
		expect(agentrun_engine_poll(engine, &result, 1, 20000) == 1, "no result comes");
		agentrun_result_free(result);
	}
	agentrun_engine_free(engine);
}

static void apply_patch(agentrun_ctx *ctx)
{
	static const char document[] = "{\"nodes\":[{\"id\":\"a\",\"type\":\"t\"}],\"edges\":[]}";
	static const char patch[] = "[{\"op\":\"remove\",\"path\":\"/nodes/0\"}]";
	agentrun_patch_result *result = NULL;
	agentrun_error *err = NULL;

	agentrun_apply_patch(&result, ctx, document, sizeof(document) - 1, patch,
		sizeof(patch) - 1, NULL, &err);
	agentrun_patch_result_free(result);
	agentrun_error_free(err);
}

static void call_all(void)
{
	agentrun_ctx *ctx = NULL;
	agentrun_error *err = NULL;

	expect(agentrun_ctx_new(&ctx, NULL, &err) == 0, "no context can be had");
	classify_and_plan(ctx);
	run_pipelines(ctx);
	run_jobs(ctx);
	apply_patch(ctx);
	agentrun_error_free(err);
	agentrun_ctx_free(ctx);
}

/* ---- all ----------------------------------------------------------------------- */

/* Call with stdout and stderr in a file; how much was written there. */
static long printed(FILE *into)
{
	int out = dup(STDOUT_FILENO), error = dup(STDERR_FILENO);

	fflush(NULL);
	dup2(fileno(into), STDOUT_FILENO);
	dup2(fileno(into), STDERR_FILENO);
	call_all();
	fflush(NULL);
	dup2(out, STDOUT_FILENO);
	dup2(error, STDERR_FILENO);
	close(out);
	close(error);
	fseek(into, 0, SEEK_END);
	return ftell(into);
}

int main(void)
{
	struct state first, before, after;
	FILE *into = tmpfile();
	char text[500];
	long n;

	/* A program that has settled what is its own. */
	setlocale(LC_ALL, "C");
	signal(SIGPIPE, SIG_DFL);
	signal(SIGTERM, SIG_IGN);
	if (!into)
		return 1;
	look(&first);
	printed(into);
	look(&before);
	first.descriptors = before.descriptors; /* a library may keep one that it opened once */
	compare(&first, &before);
	n = printed(into);
	look(&after);
	compare(&before, &after);
	if (n) {
		rewind(into);
		text[fread(text, 1, sizeof(text) - 1, into)] = '\0';
		fprintf(stderr, "printed: %s\n", text);
		bad = 1;
	}
	fclose(into);
	return bad;
}
