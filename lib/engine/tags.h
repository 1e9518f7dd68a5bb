/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
/*
 * tags - the tasks of an engine by the tag that they were submitted with, which several
 * may share: a hash table that grows with them, so that who cancels one job of very many,
 * or many, does not look at all of them each time. Whoever uses it holds the engine's lock.
 */
#ifndef AGR_TAGS_H
#define AGR_TAGS_H

#include <stddef.h>
#include <stdint.h>

#include <agentrun/sys/error.h>

struct agr_task;

/* A task's place: in a list of those with the same hash, the last submitted first. */
typedef struct agr_tagged {
	struct agr_task *prev, *next;
} agr_tagged;

typedef struct agr_tags {
	struct agr_task **lists; /* 2^bits */
	unsigned bits;
	size_t n; /* tasks */
} agr_tags;

int agr_tags_init(agr_tags *tags, agentrun_error **err);
void agr_tags_clear(agr_tags *tags);
/* Never fails: without memory the lists become longer. */
void agr_tags_add(agr_tags *tags, struct agr_task *task);
void agr_tags_remove(agr_tags *tags, struct agr_task *task);
/* The last that was submitted with this tag, and the one before it; or NULL. */
struct agr_task *agr_tags_first(const agr_tags *tags, uint64_t tag);
struct agr_task *agr_tags_next(const struct agr_task *task);

#endif
