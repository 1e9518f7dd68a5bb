/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
/* How long an answer may be used, by what its headers say. */
#include "unit.h"

#include <stdint.h>

#include "net/fresh.h"

#define NOW 1700000000000 /* 2023-11-14T22:13:20Z */

/* Of these header lines, separated by line ends. */
static int64_t fresh(const char *headers)
{
	agentrun_http_event *event;
	int64_t ms;

	ck_assert_int_eq(agentrun_http_event_new(&event, 1, NULL), 0);
	while (*headers) {
		size_t n = strcspn(headers, "\n");

		ck_assert_int_eq(agentrun_http_event_add_header(event, headers, n), 0);
		headers += n + (headers[n] == '\n');
	}
	ms = agr_fresh_ms(event, NOW);
	agentrun_http_event_free(event);
	return ms;
}

START_TEST(an_answer_says_how_long_it_may_be_used)
{
	static const struct {
		const char *headers;
		int64_t ms;
	} of[] = {
		{ "", -1 },
		{ "Content-Type: a/b", -1 },
		{ "Cache-Control: ", -1 },
		{ "Cache-Control: public, immutable", -1 },
		{ "Cache-Control: max-age=60", 60000 },
		{ "cache-control:\tpublic ,, MAX-AGE=60 , x", 60000 },
		{ "Cache-Control: max-age=\"60\"", 60000 },
		{ "Cache-Control: max-age=0", 0 },
		{ "Cache-Control: max-age", 0 },
		{ "Cache-Control: max-age=", 0 },
		{ "Cache-Control: max-age=soon", 0 },
		{ "Cache-Control: max-age=-1", 0 },
		{ "Cache-Control: max-age=99999999999999999999999", 31536000000 },
		{ "Cache-Control: s-maxage=5, max-age=60", 60000 },
		{ "Cache-Control: max-age=60, max-age=5", 5000 },
		{ "Cache-Control: max-age=60\nCache-Control: max-age=7", 7000 },
		{ "Cache-Control: public\nX: 1\nCache-Control: no-cache", 0 },
		{ "Cache-Control: no-cache, max-age=60", 0 },
		{ "Cache-Control: max-age=60, No-Store", 0 },
		{ "Cache-Control: no-cache=\"Set-Cookie, max-age=1\", max-age=60", 60000 },
		{ "Cache-Control: x=\"\\\"no-cache\", max-age=60", 60000 },
		{ "Cache-Control: x=\"max-age=1", -1 },
		{ "Cache-Control: max-agee=1, xmax-age=1", -1 },
		{ "Cache-Control: max-age=60\nAge: 20", 40000 },
		{ "Cache-Control: max-age=60\nAge: 60", 0 },
		{ "Cache-Control: max-age=60\nAge: old", 60000 },
		{ "Cache-Control: max-age=60\nExpires: 0", 60000 },
		{ "Expires: 0", 0 },
		{ "Expires: Tue, 14 Nov 2023 22:14:20 GMT", 60000 },
		{ "Expires: Tue, 14 Nov 2023 22:12:20 GMT", 0 },
		{ "Date: Tue, 14 Nov 2023 22:14:10 GMT\nExpires: Tue, 14 Nov 2023 22:14:20 GMT",
			10000 },
		{ "Date: x\nExpires: Tue, 14 Nov 2123 22:14:20 GMT", 31536000000 },
	};

	for (size_t i = 0; i < sizeof(of) / sizeof(of[0]); i++)
		ck_assert_msg(fresh(of[i].headers) == of[i].ms, "%s: %lld", of[i].headers,
			(long long)fresh(of[i].headers));
}
END_TEST

int main(void)
{
	const TTest *const tests[] = { an_answer_says_how_long_it_may_be_used, NULL };

	return unit_main(unit_suite("fresh", tests));
}
