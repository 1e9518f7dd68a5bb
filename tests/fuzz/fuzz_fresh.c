/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
/* The headers of an answer, a line each: how long it may be used is always something that
 * can be reckoned with. */
#include <stdlib.h>
#include <string.h>

#include "net/fresh.h"

#define NOW 1700000000000
#define YEAR ((int64_t)365 * 86400 * 1000)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(int good)
{
	if (!good)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *text = (const char *)data;
	agentrun_http_event *event;
	agr_cache_control said;
	char *whole = agr_strndup(text, size);
	int64_t ms;

	must(whole && agentrun_http_event_new(&event, 1, NULL) == 0);
	said = agr_cache_control_read(whole);
	must(said.max_age_sec >= -1 && said.max_age_sec <= YEAR / 1000);
	for (size_t at = 0; at < size;) {
		const char *end = memchr(text + at, '\n', size - at);
		size_t n = end ? (size_t)(end - text) - at : size - at;

		must(agentrun_http_event_add_header(event, text + at, n) == 0);
		at += n + 1;
	}
	ms = agr_fresh_ms(event, NOW);
	must(ms >= -1 && ms <= YEAR);
	agentrun_http_event_free(event);
	free(whole);
	return 0;
}
