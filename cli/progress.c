/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
/* A line on stderr, on a terminal alone, while a model is waited for. */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "cli.h"

#define TICK_MS 100
#define QUIET_MS 400 /* what is done by then needs no line */

static int64_t now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static void draw(cli_progress *progress)
{
	static const char *const frames[] = { "⠋", "⠙", "⠹", "⠸", "⠼", "⠴", "⠦", "⠧", "⠇", "⠏" };
	int64_t ms = now_ms() - progress->began_ms;
	agentrun_progress p;

	if (ms < QUIET_MS)
		return;
	agentrun_progress_init(&p, sizeof(p));
	if (progress->engine)
		agentrun_engine_progress(progress->engine, 0, &p, NULL);
	fprintf(stderr, "\r\033[K%s turn %u%s%.40s, %lld tokens, %lld.%lld s",
		frames[ms / TICK_MS % 10], p.turn ? p.turn : 1, *p.tool ? ", " : "", p.tool,
		(long long)p.tokens, (long long)(ms / 1000), (long long)(ms / 100 % 10));
	fflush(stderr);
	progress->drawn = true;
}

static void *tick(void *user)
{
	cli_progress *progress = user;

	pthread_mutex_lock(&progress->lock);
	while (!progress->stop) {
		struct timespec t;

		draw(progress);
		clock_gettime(CLOCK_REALTIME, &t);
		t.tv_nsec += TICK_MS * 1000000L;
		t.tv_sec += t.tv_nsec / 1000000000;
		t.tv_nsec %= 1000000000;
		pthread_cond_timedwait(&progress->wake, &progress->lock, &t);
	}
	pthread_mutex_unlock(&progress->lock);
	return NULL;
}

void cli_progress_begin(cli_progress *progress, agentrun_engine *engine)
{
	const char *term = getenv("TERM");

	memset(progress, 0, sizeof(*progress));
	progress->engine = engine;
	progress->began_ms = now_ms();
	if (!isatty(STDERR_FILENO) || (term && strcmp(term, "dumb") == 0))
		return;
	pthread_mutex_init(&progress->lock, NULL);
	pthread_cond_init(&progress->wake, NULL);
	progress->running = pthread_create(&progress->thread, NULL, tick, progress) == 0;
}

void cli_progress_end(cli_progress *progress)
{
	if (!progress->running)
		return;
	pthread_mutex_lock(&progress->lock);
	progress->stop = true;
	pthread_cond_signal(&progress->wake);
	pthread_mutex_unlock(&progress->lock);
	pthread_join(progress->thread, NULL);
	pthread_cond_destroy(&progress->wake);
	pthread_mutex_destroy(&progress->lock);
	if (progress->drawn)
		fputs("\r\033[K", stderr);
}
