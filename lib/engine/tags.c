/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
#include "engine/tags.h"

#include <stdlib.h>

#include "engine/engine.h"

#define FEWEST_BITS 4

int agr_tags_init(agr_tags *tags, agentrun_error **err)
{
	tags->bits = FEWEST_BITS;
	tags->lists = calloc((size_t)1 << FEWEST_BITS, sizeof(*tags->lists));
	return tags->lists ? 0 : agr_error_oom(err);
}

void agr_tags_clear(agr_tags *tags)
{
	free(tags->lists);
	tags->lists = NULL;
}

/* The high bits, which all bits of the tag went into: tags are often 1, 2, 3, or addresses. */
static size_t list_of(unsigned bits, uint64_t tag)
{
	return (size_t)((tag * 0x9e3779b97f4a7c15u) >> (64 - bits));
}

static void put(struct agr_task **list, struct agr_task *task)
{
	task->tagged.prev = NULL;
	task->tagged.next = *list;
	if (*list)
		(*list)->tagged.prev = task;
	*list = task;
}

/* The last of each list goes first, so that they stay in order. */
static void move_all(agr_tags *tags, struct agr_task **to, unsigned bits)
{
	for (size_t i = 0; i < (size_t)1 << tags->bits; i++) {
		struct agr_task *task = tags->lists[i], *prev;

		while (task && task->tagged.next)
			task = task->tagged.next;
		for (; task; task = prev) {
			prev = task->tagged.prev;
			put(&to[list_of(bits, task->opts.tag)], task);
		}
	}
}

static void grow(agr_tags *tags)
{
	unsigned bits = tags->bits + 1;
	struct agr_task **lists = calloc((size_t)1 << bits, sizeof(*lists));

	if (!lists)
		return;
	move_all(tags, lists, bits);
	free(tags->lists);
	tags->lists = lists;
	tags->bits = bits;
}

void agr_tags_add(agr_tags *tags, struct agr_task *task)
{
	if (tags->n >> tags->bits)
		grow(tags);
	put(&tags->lists[list_of(tags->bits, task->opts.tag)], task);
	tags->n++;
}

void agr_tags_remove(agr_tags *tags, struct agr_task *task)
{
	struct agr_task *prev = task->tagged.prev, *next = task->tagged.next;

	*(prev ? &prev->tagged.next : &tags->lists[list_of(tags->bits, task->opts.tag)]) = next;
	if (next)
		next->tagged.prev = prev;
	tags->n--;
}

static struct agr_task *same(struct agr_task *task, uint64_t tag)
{
	while (task && task->opts.tag != tag)
		task = task->tagged.next;
	return task;
}

struct agr_task *agr_tags_first(const agr_tags *tags, uint64_t tag)
{
	return same(tags->lists[list_of(tags->bits, tag)], tag);
}

struct agr_task *agr_tags_next(const struct agr_task *task)
{
	return same(task->tagged.next, task->opts.tag);
}
