/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
#include "net/origin.h"

#include <stdlib.h>
#include <string.h>

#define MOST 64          /* that are remembered; more only while they are used */
#define UNREACHED_MS 1000

static void origin_free(agr_origin *origin)
{
	free(origin->name);
	free(origin);
}

void agr_origins_clear(agr_origins *origins)
{
	while (origins->first) {
		agr_origin *next = origins->first->next;

		origin_free(origins->first);
		origins->first = next;
	}
	origins->n = 0;
}

/* Forget what nobody uses. */
static void sweep(agr_origins *origins)
{
	agr_origin **at = &origins->first;

	while (*at) {
		agr_origin *origin = *at;

		if (origin->users) {
			at = &origin->next;
			continue;
		}
		*at = origin->next;
		origin_free(origin);
		origins->n--;
	}
}

agr_origin *agr_origin_take(agr_origins *origins, const char *url)
{
	agr_origin *origin;
	size_t n;

	if (!agr_starts_with_nocase(url, "https://"))
		return NULL;
	n = 8 + strcspn(url + 8, "/?#");
	for (origin = origins->first; origin; origin = origin->next)
		if (strncmp(origin->name, url, n) == 0 && !origin->name[n])
			break;
	if (!origin) {
		if (origins->n >= MOST)
			sweep(origins);
		origin = calloc(1, sizeof(*origin));
		if (!origin)
			return NULL;
		origin->name = agr_strndup(url, n);
		if (!origin->name) {
			free(origin);
			return NULL;
		}
		origin->next = origins->first;
		origins->first = origin;
		origins->n++;
	}
	origin->users++;
	return origin;
}

void agr_origin_drop(agr_origin *origin)
{
	if (origin)
		origin->users--;
}

int64_t agr_origin_wait(const agr_origin *origin, int64_t now_ms)
{
	if (!origin || origin->serial || !origin->opener || now_ms < origin->free_ms ||
		now_ms >= origin->until_ms)
		return 0;
	return origin->until_ms - now_ms;
}

void agr_origin_close(agr_origin *origin, const void *opener, int64_t now_ms)
{
	if (!origin || origin->serial)
		return;
	origin->opener = opener;
	origin->until_ms = now_ms + AGR_GATE_MS;
}

void agr_origin_open(agr_origin *origin, const void *opener, bool failed, int64_t now_ms)
{
	if (!origin || origin->opener != opener)
		return;
	origin->opener = NULL;
	if (failed)
		origin->free_ms = now_ms + UNREACHED_MS;
}
