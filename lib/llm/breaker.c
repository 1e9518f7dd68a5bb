/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
#include "llm/breaker.h"

#include <stdlib.h>
#include <string.h>

#define PROBE_MS 5000

void agr_breakers_init(agr_breakers *breakers)
{
	memset(breakers, 0, sizeof(*breakers));
	pthread_mutex_init(&breakers->lock, NULL);
}

void agr_breakers_clear(agr_breakers *breakers)
{
	for (size_t i = 0; i < breakers->n; i++)
		free(breakers->list[i].name);
	free(breakers->list);
	pthread_mutex_destroy(&breakers->lock);
}

/* With the lock held. NULL: unknown, and healthy for all we know. */
static agr_breaker *find(agr_breakers *breakers, const char *name, bool make)
{
	agr_breaker *grown;

	for (size_t i = 0; i < breakers->n; i++)
		if (strcmp(breakers->list[i].name, name) == 0)
			return &breakers->list[i];
	if (!make)
		return NULL;
	grown = realloc(breakers->list, (breakers->n + 1) * sizeof(*grown));
	if (!grown)
		return NULL;
	breakers->list = grown;
	grown[breakers->n] = (agr_breaker){ .name = strdup(name) };
	return grown[breakers->n].name ? &grown[breakers->n++] : NULL;
}

bool agr_breaker_allows(agr_breakers *breakers, const char *name, int64_t now_ms,
	int64_t *wait_ms)
{
	bool allowed = true;
	agr_breaker *b;

	*wait_ms = 0;
	pthread_mutex_lock(&breakers->lock);
	b = find(breakers, name, false);
	if (b && b->closed_until) {
		allowed = now_ms >= b->closed_until;
		if (allowed) /* one goes to see; what becomes of it is reported, or is not */
			b->closed_until = now_ms + PROBE_MS;
		else
			*wait_ms = b->closed_until - now_ms;
	}
	pthread_mutex_unlock(&breakers->lock);
	return allowed;
}

void agr_breaker_report(agr_breakers *breakers, const char *name, bool sick,
	int64_t now_ms, unsigned most, int64_t pause_ms)
{
	agr_breaker *b;

	pthread_mutex_lock(&breakers->lock);
	b = find(breakers, name, sick && most);
	if (b && !sick) {
		b->failures = 0;
		b->closed_until = 0;
	} else if (b && ++b->failures >= most) {
		b->closed_until = now_ms + pause_ms;
	}
	pthread_mutex_unlock(&breakers->lock);
}
