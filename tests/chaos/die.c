/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
/*
 * Loaded into a worker before libc: the process kills itself the moment it logs the
 * change of state $CHAOS_STATE for the $CHAOS_COUNT-th time, and goes no step beyond
 * the line, which a signal from outside cannot promise. Each line begins with the time,
 * in seconds of the clock that only goes on.
 */
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static atomic_int seen;

static int says(const char *line, size_t n, const char *state)
{
	size_t m = strlen(state);

	return strncmp(line, "debug job: ", 11) == 0 && n > m + 2 && line[n - m - 2] == ' ' &&
		memcmp(line + n - m - 1, state, m) == 0;
}

static int log_line(FILE *to, const char *format, va_list args)
{
	const char *state = getenv("CHAOS_STATE"), *count = getenv("CHAOS_COUNT");
	struct timespec now;
	char line[4096];
	int n, head;

	if (to != stderr)
		return vfprintf(to, format, args);
	clock_gettime(CLOCK_MONOTONIC, &now);
	head = snprintf(line, sizeof(line), "%lld.%06ld ", (long long)now.tv_sec,
		now.tv_nsec / 1000);
	n = vsnprintf(line + head, sizeof(line) - (size_t)head, format, args);
	if (n >= (int)sizeof(line) - head)
		n = (int)sizeof(line) - head - 1;
	if (n > 0 && write(2, line, (size_t)(n + head)) < 0)
		return -1;
	if (n > 0 && state && count && says(line + head, (size_t)n, state) &&
		atomic_fetch_add(&seen, 1) + 1 == atoi(count))
		kill(getpid(), SIGKILL);
	return n;
}

int fprintf(FILE *to, const char *format, ...)
{
	va_list args;
	int n;

	va_start(args, format);
	n = log_line(to, format, args);
	va_end(args);
	return n;
}

int __fprintf_chk(FILE *to, int flag, const char *format, ...);
int __fprintf_chk(FILE *to, int flag, const char *format, ...)
{
	va_list args;
	int n;

	(void)flag;
	va_start(args, format);
	n = log_line(to, format, args);
	va_end(args);
	return n;
}
