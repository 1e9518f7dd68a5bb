/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
/*
 * meter - what a job holds of memory, against what it may hold. Buffers and arenas that
 * have one ask it before they grow; where it says no they fail as if there were no
 * memory, and whoever reports that asks agr_meter_is_over(). One thread's at a time.
 */
#ifndef AGR_METER_H
#define AGR_METER_H

#include <stdbool.h>
#include <stddef.h>

typedef struct agr_meter {
	size_t used, most;
	size_t wanted; /* what would have been used when it said no; 0: it never did */
} agr_meter;

/* NULL: there is no limit. */
static inline bool agr_meter_take(agr_meter *meter, size_t more)
{
	if (!meter)
		return true;
	if (meter->used > meter->most || more > meter->most - meter->used) {
		meter->wanted = more > (size_t)-1 - meter->used ? (size_t)-1
			: meter->used + more;
		return false;
	}
	meter->used += more;
	return true;
}

static inline void agr_meter_give(agr_meter *meter, size_t less)
{
	if (meter)
		meter->used -= less;
}

static inline bool agr_meter_is_over(const agr_meter *meter)
{
	return meter->wanted > 0;
}

#endif
