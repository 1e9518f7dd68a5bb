/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
#include "base/backoff.h"

#include <sys/random.h>

#include "base/clock.h"

int64_t agr_backoff_ms(int64_t base_ms, int64_t most_ms, uint32_t attempts)
{
	int64_t ms = base_ms;

	while (attempts-- && ms < most_ms)
		ms *= 2;
	return ms < most_ms ? ms : most_ms;
}

int64_t agr_backoff_jitter(int64_t ms, uint64_t random)
{
	return ms - (int64_t)(random % (uint64_t)(ms / 2 + 1));
}

uint32_t agr_random(void)
{
	uint32_t bits = 0;

	if (getrandom(&bits, sizeof(bits), 0) != (ssize_t)sizeof(bits))
		bits = (uint32_t)agr_clock_mono_ns();
	return bits;
}
