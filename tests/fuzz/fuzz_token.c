/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
/* A token of a stream, taken for the job message, too: what is made of JSON is JSON,
 * and no more than JSON is looked into. */
#include <stdlib.h>
#include <string.h>

#include "conn.h"
#include "token.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must_be_json(const agentrun_buf *text)
{
	if (!redis_json_value(text->data, text->len).p)
		abort();
}

static void address(const char *text, size_t size)
{
	char url[300] = "redis://";
	redis_address a = { .port = 0 };

	if (size > sizeof(url) - 20)
		size = sizeof(url) - 20;
	memcpy(url + 8, text, size);
	(void)redis_address_parse(&a, url, NULL);
	redis_address_free(&a);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *text = (const char *)data;
	static const char *const names[] = { "id", "metadata" };
	redis_span value = redis_json_value(text, size), none = { NULL, 0 }, found[2], again[2];
	redis_message as_token, as_job;
	agentrun_buf job = AGENTRUN_BUF_INIT, token = AGENTRUN_BUF_INIT;
	agentrun_buf id = AGENTRUN_BUF_INIT, done = AGENTRUN_BUF_INIT;

	/* Both ways of reading say the same. */
	if (redis_json_object(text, size, names, found, 2).p != value.p)
		abort();
	redis_json_members(value, names, again, 2);
	for (int i = 0; i < 2; i++)
		if (found[i].p != again[i].p || (found[i].p && found[i].n != again[i].n))
			abort();
	redis_message_read(&as_token, text, size, true);
	redis_message_read(&as_job, text, size, false);
	if (redis_token_job(&job, &as_token, value) < 0 ||
		redis_token_of_job(&token, text, size) < 0 ||
		redis_message_id(&id, &as_job) < 0 || redis_message_run(&id, &as_token) < 0 ||
		redis_completion(&done, text, size, text, size, none) < 0)
		abort();
	(void)redis_message_sent_ms(&as_job);
	must_be_json(&done);
	if (value.p) {
		must_be_json(&job);
		must_be_json(&token);
	}
	address(text, size);
	agentrun_buf_dispose(&job);
	agentrun_buf_dispose(&token);
	agentrun_buf_dispose(&id);
	agentrun_buf_dispose(&done);
	return 0;
}
