/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
/* backoff - how long to wait before trying again. */
#ifndef AGR_BACKOFF_H
#define AGR_BACKOFF_H

#include <stdint.h>

/* `base_ms`, doubled for every attempt that failed before, but no more than `most_ms`. */
int64_t agr_backoff_ms(int64_t base_ms, int64_t most_ms, uint32_t attempts);
/* So that not all come at once: between half and all of a time, as `random` says. */
int64_t agr_backoff_jitter(int64_t ms, uint64_t random);
/* Any number: for jitter, not for secrets. */
uint32_t agr_random(void);

#endif
