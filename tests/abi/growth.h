/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
/*
 * Structs that grow: a program with an older header hands in a shorter one, which
 * nothing may be read or written behind (the address sanitizer looks), one with a
 * newer header a longer one, which is taken while the part that is not known is
 * zero.
 */
#ifndef GROWTH_H
#define GROWTH_H

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <agentrun/agentrun.h>

static int faults;

#define MUST(name, condition) \
	do { \
		if (!(condition)) { \
			faults++; \
			printf("%s: line %d: %s\n", name, __LINE__, #condition); \
		} \
	} while (0)

/* A struct, how it is filled in, and a call that it is handed to. */
struct subject {
	const char *name;
	size_t size, older;
	void (*init)(void *s, size_t size);
	int (*use)(const void *s);
};

/* The older one ends before `field`. */
#define SUBJECT(type, field, init, use) \
	{ #type, sizeof(type), offsetof(type, field), init, use }

static void check(const struct subject *s)
{
	char *older = malloc(s->older), *newer = malloc(s->size + 16);

	if (!older || !newer)
		abort();
	s->init(older, s->older);
	MUST(s->name, s->use(older) == 0);
	memset(newer, 0, s->size + 16);
	s->init(newer, s->size + 16);
	MUST(s->name, s->use(newer) == 0);
	newer[s->size + 15] = 1;
	MUST(s->name, s->use(newer) == AGENTRUN_EINVAL);
	free(older);
	free(newer);
}

static int report(const struct subject *subjects, size_t n)
{
	for (size_t i = 0; i < n; i++)
		check(&subjects[i]);
	printf("%d faults\n", faults);
	return faults ? EXIT_FAILURE : EXIT_SUCCESS;
}

#endif
