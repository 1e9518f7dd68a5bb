/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
#include <stdlib.h>
#include <string.h>

#include "net/url.h"
#include "orchestrator/exchange.h"

#define API "/api/v1"

bool agr_orchestrator_is_set(const agentrun_ctx *ctx)
{
	const char *url = agentrun_config_get(ctx->config, "orchestrator.api_url");

	return url && *url;
}

/* `orchestrator.api_url`, with or without a slash or the API's path at its end. */
static void add_base(agr_buf *out, const agentrun_ctx *ctx)
{
	const char *url = agentrun_config_get(ctx->config, "orchestrator.api_url");
	size_t n = strlen(url);

	while (n && url[n - 1] == '/')
		n--;
	if (agr_ends_with(url, n, API))
		n -= strlen(API);
	agr_buf_add(out, url, n);
	agr_buf_str(out, API);
}

static int add_header(agr_exchange *x, const char *name, const char *value,
	agentrun_error **err)
{
	agr_buf line = AGR_BUF_INIT;
	char *text;

	if (!agr_is_header_safe(value))
		return agentrun_error_raise(err, AGENTRUN_EJOB,
			"%s must not hold control characters", name);
	agr_buf_printf(&line, "%s: %s", name, value);
	text = agr_buf_give_str(&line, err);
	if (!text)
		return AGENTRUN_ENOMEM;
	x->headers[x->n_headers++] = text;
	return 0;
}

static int begin(agr_exchange **out, agentrun_ctx *ctx, const char *method,
	const char *owner, int64_t deadline_ms, agentrun_error **err)
{
	agr_exchange *x = calloc(1, sizeof(*x));

	*out = x;
	if (!x)
		return agr_error_oom(err);
	x->ctx = ctx;
	x->method = method;
	x->deadline_ms = deadline_ms;
	x->answer_text.max = SIZE_MAX;
	return owner ? add_header(x, "X-User-ID", owner, err) : 0;
}

static int fail(agr_exchange **out, int r)
{
	if (r < 0) {
		agr_exchange_free(*out);
		*out = NULL;
	}
	return r;
}

/* BASE/collection/NAME then the rest. */
static int set_url(agr_exchange *x, const char *collection, const char *name,
	const char *rest, agentrun_error **err)
{
	agr_buf url = AGR_BUF_INIT;

	add_base(&url, x->ctx);
	agr_buf_printf(&url, "/%s/", collection);
	agr_url_escape(&url, name, strlen(name));
	agr_buf_str(&url, rest);
	x->url = agr_buf_give_str(&url, err);
	return x->url ? 0 : AGENTRUN_ENOMEM;
}

int agr_exchange_workflow(agr_exchange **out, agentrun_ctx *ctx, const char *tag,
	const char *owner, int64_t deadline_ms, agentrun_error **err)
{
	int r = begin(out, ctx, "GET", owner, deadline_ms, err);

	if (r == 0)
		r = set_url(*out, "workflows", tag, "?materialize=true", err);
	return fail(out, r);
}

/* ---- a patch ------------------------------------------------------------------- */

static int set_body(agr_exchange *x, const agr_patch_place *place, agr_span spec,
	agr_span guarded, agentrun_error **err)
{
	agr_span operations = spec, description = { "null", 4 };
	agr_buf body = AGR_BUF_INIT;

	if (agr_span_type(spec) == AGR_TYPE_OBJECT) {
		agr_object_get(spec, "description", 11, &description);
		if (!agr_object_get(spec, "operations", 10, &operations))
			return agentrun_error_raise(err, AGENTRUN_EPATCH,
				"the patch has no operations");
	}
	if (guarded.p)
		operations = guarded;
	agr_buf_str(&body, "{\"operations\":");
	agr_value_write(&body, operations);
	agr_buf_str(&body, ",\"description\":");
	agr_value_write(&body, description);
	agr_buf_str(&body, ",\"node_id\":");
	if (place->node_id)
		agr_buf_json_str(&body, place->node_id, strlen(place->node_id));
	else
		agr_buf_str(&body, "null");
	agr_buf_char(&body, '}');
	free(x->body);
	x->body = agr_buf_give_str(&body, err);
	return x->body ? 0 : AGENTRUN_ENOMEM;
}

/* The same for the same patch of the same job, in whatever process. */
static int add_key(agr_exchange *x, const agr_patch_place *place, agentrun_error **err)
{
	char key[AGR_SHA256_HEX];
	agr_sha256 sha;

	agr_sha256_init(&sha);
	agr_sha256_add(&sha, place->job_id, strlen(place->job_id) + 1);
	agr_sha256_add(&sha, x->body, strlen(x->body));
	agr_sha256_hex(&sha, key);
	return add_header(x, "Idempotency-Key", key, err);
}

int agr_exchange_patch(agr_exchange **out, agentrun_ctx *ctx, const agr_patch_place *place,
	agr_span spec, agr_span guarded, int64_t deadline_ms, agentrun_error **err)
{
	bool has_run = place->run_id && *place->run_id;
	int r = begin(out, ctx, has_run ? "POST" : "PATCH", place->workflow_owner, deadline_ms,
		err);

	if (r == 0 && has_run)
		r = set_url(*out, "runs", place->run_id, "/patches", err);
	else if (r == 0 && place->workflow_tag && *place->workflow_tag)
		r = set_url(*out, "workflows", place->workflow_tag, "/patch", err);
	else if (r == 0)
		r = agentrun_error_raise(err, AGENTRUN_EORCHESTRATOR,
			"the job has neither a run_id nor a workflow_tag: there is no workflow to "
			"send the patch to");
	if (r == 0)
		r = set_body(*out, place, spec, (agr_span){ NULL, 0 }, err);
	if (r == 0)
		r = add_key(*out, place, err);
	if (r == 0 && guarded.p)
		r = set_body(*out, place, spec, guarded, err);
	if (r == 0)
		r = add_header(*out, "Content-Type", "application/json", err);
	return fail(out, r);
}
