/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
#include <stdlib.h>
#include <string.h>

#include "limit/limit.h"

bool agr_rate_read(const char *text, int64_t *count, int64_t *period_ms)
{
	static const struct {
		const char *name;
		int64_t ms;
	} periods[] = {
		{ "", 60000 }, { "/s", 1000 }, { "/sec", 1000 }, { "/m", 60000 },
		{ "/min", 60000 }, { "/h", 3600000 }, { "/hour", 3600000 }, { "/day", 86400000 },
		{ "/d", 86400000 },
	};
	size_t n = strspn(text, "0123456789");

	if (!n || n > 12)
		return false;
	*count = strtoll(text, NULL, 10);
	for (size_t i = 0; i < AGR_COUNT(periods); i++)
		if (strcmp(text + n, periods[i].name) == 0) {
			*period_ms = periods[i].ms;
			return *count > 0;
		}
	return false;
}
