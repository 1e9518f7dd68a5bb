/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
#include "pipeline/fetch.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/thread.h"
#include "net/body.h"
#include "store/store.h"

#define KEY "Idempotency-Key"
#define KEY_LENGTH 32
#define LONGEST_MS ((int64_t)24 * 3600 * 1000)

static void base64(agr_buf *out, const char *text, size_t len)
{
	static const char digits[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

	for (size_t i = 0; i < len; i += 3) {
		unsigned bits = (unsigned)(unsigned char)text[i] << 16;

		if (i + 1 < len)
			bits |= (unsigned)(unsigned char)text[i + 1] << 8;
		if (i + 2 < len)
			bits |= (unsigned char)text[i + 2];
		agr_buf_char(out, digits[bits >> 18]);
		agr_buf_char(out, digits[bits >> 12 & 63]);
		agr_buf_char(out, i + 1 < len ? digits[bits >> 6 & 63] : '=');
		agr_buf_char(out, i + 2 < len ? digits[bits & 63] : '=');
	}
}

static const char *profile_value(const agentrun_config *config, const char *profile,
	const char *member)
{
	char key[200];
	int n = snprintf(key, sizeof(key), "auth_profiles.%s.%s", profile, member);

	return n > 0 && (size_t)n < sizeof(key) ? agentrun_config_get(config, key) : NULL;
}

static int add_profile(agr_fetch *fetch, const agentrun_config *config,
	const char *profile, agentrun_error **err)
{
	const char *type = profile_value(config, profile, "type");
	const char *value = profile_value(config, profile, "value");
	const char *header = profile_value(config, profile, "header");
	agr_buf line = AGR_BUF_INIT;

	if (!type || !value || strchr(profile, '.'))
		return agentrun_error_raise(err, AGENTRUN_EINPUT,
			"no auth profile \"%s\" with a type and a value is configured "
			"(auth_profiles)", profile);
	if (strcmp(type, "bearer") == 0) {
		agr_buf_printf(&line, "Authorization: Bearer %s", value);
	} else if (strcmp(type, "basic") == 0) {
		agr_buf_str(&line, "Authorization: Basic ");
		base64(&line, value, strlen(value));
	} else {
		agr_buf_printf(&line, "%s: %s", header ? header : "X-API-Key", value);
	}
	fetch->secret = agr_buf_give_str(&line, err);
	fetch->secrets[0] = fetch->secret;
	return fetch->secret ? 0 : AGENTRUN_ENOMEM;
}

static int add_line(agr_fetch *fetch, const char *name, const char *value,
	agentrun_error **err)
{
	agr_buf line = AGR_BUF_INIT;
	char *text;

	agr_buf_printf(&line, "%s: %s", name, value);
	text = agr_buf_give_str(&line, err);
	if (!text)
		return AGENTRUN_ENOMEM;
	fetch->lines[fetch->n_lines++] = text;
	return 0;
}

static int add_lines(agr_fetch *fetch, const agr_pipeline_request *wanted,
	agentrun_error **err)
{
	bool typed = !wanted->body;
	int r = 0;

	fetch->lines = calloc(wanted->n_headers + 2, sizeof(char *));
	if (!fetch->lines)
		return agr_error_oom(err);
	for (size_t i = 0; r == 0 && i < wanted->n_headers; i++) {
		const agr_header *h = &wanted->headers[i];

		typed = typed || agr_str_equal_nocase(h->name, "Content-Type");
		r = add_line(fetch, h->name, h->value, err);
	}
	if (r == 0 && !typed)
		r = add_line(fetch, "Content-Type", "application/json", err);
	return r;
}

int agr_fetch_prepare(agr_fetch *fetch, const agentrun_ctx *ctx,
	const agr_pipeline_request *wanted, int64_t deadline_ms, agentrun_error **err)
{
	const agentrun_config *config = ctx->config;
	agentrun_http_request *request = &fetch->request;
	int64_t timeout = wanted->timeout_ms;
	int r;

	memset(fetch, 0, sizeof(*fetch));
	if (timeout <= 0 || timeout > LONGEST_MS)
		timeout = agentrun_config_get_int(config, "http.timeout_ms", 30000);
	timeout = agr_deadline_left(deadline_ms ? deadline_ms : AGR_DEADLINE_NONE, timeout);
	if (timeout <= 0)
		return agentrun_error_raise(err, AGENTRUN_ETIMEDOUT, "the deadline has passed");
	r = add_lines(fetch, wanted, err);
	if (r == 0 && wanted->auth_profile)
		r = add_profile(fetch, config, wanted->auth_profile, err);
	if (r < 0) {
		agr_fetch_clear(fetch);
		return r;
	}
	request->struct_size = sizeof(*request);
	request->method = wanted->method;
	request->url = wanted->url;
	request->headers = (const char *const *)fetch->lines;
	request->n_headers = fetch->n_lines;
	request->secret_headers = fetch->secrets;
	request->n_secret_headers = fetch->secret != NULL;
	request->body = wanted->body;
	request->body_len = wanted->body_len;
	request->timeout_ms = timeout;
	request->max_response_bytes =
		(size_t)agentrun_config_get_int(config, "http.max_response_bytes", 67108864);
	return 0;
}

/* The line with the key, or NULL. */
static const char *key_line(const agr_fetch *fetch)
{
	for (size_t i = 0; i < fetch->n_lines; i++)
		if (strncasecmp(fetch->lines[i], KEY ":", sizeof(KEY)) == 0)
			return fetch->lines[i];
	return NULL;
}

static bool changes_nothing(const agr_fetch *fetch)
{
	return strcmp(fetch->request.method, "GET") == 0;
}

static void add_request(agr_sha256 *sha, const agentrun_http_request *request)
{
	agr_sha256_add(sha, request->method, strlen(request->method) + 1);
	agr_sha256_add(sha, request->url, strlen(request->url) + 1);
	if (request->body)
		agr_sha256_add(sha, request->body, request->body_len);
}

bool agr_fetch_name(const agr_fetch *fetch, char hex[AGR_SHA256_HEX])
{
	const char *key = key_line(fetch);
	agr_sha256 sha;

	if (changes_nothing(fetch))
		return false;
	agr_sha256_init(&sha);
	if (key)
		agr_sha256_add(&sha, key, strlen(key) + 1);
	add_request(&sha, &fetch->request);
	agr_sha256_hex(&sha, hex);
	return true;
}

int agr_fetch_key(agr_fetch *fetch, const char *job_id, agentrun_error **err)
{
	char hex[AGR_SHA256_HEX];
	agr_sha256 sha;
	int r;

	if (changes_nothing(fetch) || key_line(fetch))
		return 0;
	agr_sha256_init(&sha);
	agr_sha256_add(&sha, job_id, strlen(job_id) + 1);
	add_request(&sha, &fetch->request);
	agr_sha256_hex(&sha, hex);
	hex[KEY_LENGTH] = '\0';
	r = add_line(fetch, KEY, hex, err);
	fetch->request.n_headers = fetch->n_lines;
	return r;
}

void agr_fetch_clear(agr_fetch *fetch)
{
	for (size_t i = 0; i < fetch->n_lines; i++)
		free(fetch->lines[i]);
	free(fetch->lines);
	free(fetch->secret);
	memset(fetch, 0, sizeof(*fetch));
}

agr_pipeline_limits agr_ctx_pipeline_limits(const agentrun_ctx *ctx)
{
	agr_pipeline_limits limits = agr_pipeline_limits_default();
	const agentrun_config *config;

	if (!ctx)
		return limits;
	config = ctx->config;
	limits.max_input_bytes = (size_t)agentrun_config_get_int(config,
		"limits.max_input_bytes", (int64_t)limits.max_input_bytes);
	limits.max_rows = (size_t)agentrun_config_get_int(config, "limits.max_rows",
		(int64_t)limits.max_rows);
	limits.max_depth = (size_t)agentrun_config_get_int(config, "limits.max_depth",
		(int64_t)limits.max_depth);
	limits.max_steps = (size_t)agentrun_config_get_int(config, "limits.max_steps",
		(int64_t)limits.max_steps);
	limits.max_response_bytes = (size_t)agentrun_config_get_int(config,
		"http.max_response_bytes", (int64_t)limits.max_response_bytes);
	limits.own = ctx->steps;
	return limits;
}

/* ---- the blocking entry -------------------------------------------------- */

/* More read faster only where memory is faster than most. */
#define THREADS_ENOUGH 4

static uint32_t default_threads(const agentrun_ctx *ctx)
{
	int64_t n = agentrun_config_get_int(ctx->config, "limits.max_threads", 0);

	if (n <= 0)
		n = agr_cpu_count() < THREADS_ENOUGH ? agr_cpu_count() : THREADS_ENOUGH;
	return (uint32_t)n;
}

struct blocking {
	agentrun_ctx *ctx;
	agentrun_store *store;
	int64_t deadline_ms;
};

static int fetch_now(void *user, const agr_pipeline_request *wanted, agr_response *answer,
	agentrun_error **err)
{
	struct blocking *b = user;
	agr_http *http;
	agr_fetch fetch;
	agr_body *body;
	int r;

	r = agr_ctx_http(&http, b->ctx, err);
	if (r == 0)
		r = agr_fetch_prepare(&fetch, b->ctx, wanted, b->deadline_ms, err);
	if (r < 0)
		return r;
	r = agr_body_open(&body, http, &fetch.request, &answer->status, err);
	answer->read = agr_body_read;
	answer->user = body;
	answer->close = agr_body_close;
	agr_fetch_clear(&fetch);
	return r;
}

int agr_store_open_ref(agr_response *out, agentrun_store *store, const char *ref,
	agentrun_error **err)
{
	agentrun_store_reader *reader;
	int r = agentrun_store_reader_new(&reader, store, ref, err);

	if (r == AGENTRUN_EINVAL)
		r = agr_error_recode(err, AGENTRUN_EINPUT);
	*out = (agr_response){ .read = agr_store_read_part, .user = reader,
		.close = agr_store_close_reader };
	return r;
}

static int resolve_now(void *user, const char *ref, agr_response *content,
	agentrun_error **err)
{
	const struct blocking *b = user;

	if (!b->store)
		return agentrun_error_raise(err, AGENTRUN_ENOTFOUND,
			"%.100s cannot be read: no store is given", ref);
	return agr_store_open_ref(content, b->store, ref, err);
}

int agentrun_execute_pipeline(agentrun_buf *out, agentrun_ctx *ctx,
	const char *pipeline, size_t pipeline_len, const agentrun_execute_options *opts_in,
	agentrun_error **err)
{
	agr_pipeline_limits limits = agr_ctx_pipeline_limits(ctx);
	struct blocking b = { .ctx = ctx };
	agentrun_execute_options opts;
	int r = agr_ctx_check(ctx, err);

	agentrun_execute_options_init(&opts, sizeof(opts));
	if (r == 0)
		r = agentrun_options_read(&opts, sizeof(opts), opts_in, "agentrun_execute_options",
			err);
	if (r == 0 && opts.timeout_ms < 0)
		r = agentrun_error_raise(err, AGENTRUN_EINVAL,
			"agentrun_execute_options.timeout_ms is negative");
	if (r < 0)
		return r;
	if (!opts.threads)
		opts.threads = default_threads(ctx);
	b.store = opts.store;
	b.deadline_ms = agr_deadline_in(opts.timeout_ms);
	return agr_execute(out, pipeline, pipeline_len, &opts, &limits, fetch_now, &b,
		resolve_now, &b, err);
}
