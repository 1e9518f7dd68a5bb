/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
/*
 * breaker - a provider that failed many times in a row (no connection, 5xx) is left
 * alone for a while, so that jobs fail or fall back at once instead of after all their
 * tries. Then one request goes through every few seconds; how it fares decides. Any
 * thread.
 */
#ifndef AGR_BREAKER_H
#define AGR_BREAKER_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct agr_breaker {
	char *name;
	unsigned failures;     /* in a row */
	int64_t closed_until;  /* monotonic; 0: open for business */
} agr_breaker;

typedef struct agr_breakers {
	pthread_mutex_t lock;
	agr_breaker *list;
	size_t n;
} agr_breakers;

void agr_breakers_init(agr_breakers *breakers);
void agr_breakers_clear(agr_breakers *breakers);

/* May this provider be asked? Else *wait_ms is when to come back. */
bool agr_breaker_allows(agr_breakers *breakers, const char *name, int64_t now_ms,
	int64_t *wait_ms);
/* How an attempt went. After `most` failures in a row (0: never) it is left alone for
 * `pause_ms`. */
void agr_breaker_report(agr_breakers *breakers, const char *name, bool sick,
	int64_t now_ms, unsigned most, int64_t pause_ms);

#endif
