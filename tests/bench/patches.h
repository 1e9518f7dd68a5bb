/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
/* patches - what the programs that time patches share. */
#ifndef PATCHES_H
#define PATCHES_H

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

struct text {
	char *p;
	size_t len;
};

static inline struct text text_read(const char *path)
{
	struct text text = { NULL, 0 };
	FILE *f = fopen(path, "rb");

	if (!f || fseek(f, 0, SEEK_END) < 0)
		exit(1);
	text.len = (size_t)ftell(f);
	rewind(f);
	text.p = malloc(text.len + 1);
	if (!text.p || fread(text.p, 1, text.len, f) != text.len)
		exit(1);
	text.p[text.len] = '\0';
	fclose(f);
	return text;
}

static inline double cpu_seconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
	return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

#endif
