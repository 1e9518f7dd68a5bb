/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
#include "ctx/ctx.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "config/config.h"
#include "limit/limit.h"
#include "llm/llm.h"
#include "llm/own.h"
#include "net/http.h"
#include "patch/rulebook.h"
#include "tool/own.h"

static const agentrun_ctx_options defaults = { .log_level = AGENTRUN_LOG_INFO };

void agentrun_ctx_options_init(agentrun_ctx_options *opts, size_t struct_size)
{
	agentrun_options_init(opts, struct_size, &defaults, sizeof(defaults));
}

int agentrun_ctx_new(agentrun_ctx **out, const agentrun_ctx_options *opts_in,
	agentrun_error **err)
{
	agentrun_ctx_options opts = defaults;
	agentrun_ctx *ctx;
	int r;

	*out = NULL;
	r = agentrun_options_read(&opts, sizeof(opts), opts_in, "agentrun_ctx_options", err);
	if (r == 0)
		r = agr_options_reserved(opts.reserved, "agentrun_ctx_options", err);
	if (r < 0)
		return r;
	ctx = calloc(1, sizeof(*ctx));
	if (!ctx)
		return agr_error_oom(err);
	r = agr_config_copy(&ctx->config, opts.config, err);
	if (r == 0)
		r = agr_rulebook_new(&ctx->rulebook, ctx, err);
	if (r < 0) {
		agentrun_config_free(ctx->config);
		free(ctx);
		return r;
	}
	agr_config_seal(ctx->config);
	pthread_mutex_init(&ctx->lock, NULL);
	ctx->log = opts.log;
	ctx->log_user = opts.log_user;
	ctx->log_level = opts.log_level;
	*out = ctx;
	return 0;
}

static void planner_clear(const agr_planner *planner)
{
	if (planner->impl.destroy)
		planner->impl.destroy(planner->self);
	free((char *)planner->impl.name);
}

void agentrun_ctx_free(agentrun_ctx *ctx)
{
	if (!ctx)
		return;
	agr_http_free(ctx->http);
	if (ctx->transport.destroy)
		ctx->transport.destroy(ctx->transport_self);
	free((char *)ctx->transport.name);
	for (size_t i = 0; i < ctx->n_planners; i++)
		planner_clear(&ctx->planners[i]);
	free(ctx->planners);
	agr_own_steps_free(ctx->steps);
	agr_own_providers_free(ctx->providers);
	agr_own_tools_free(ctx->tools);
	agr_llm_free(ctx->llm);
	agr_rulebook_free(ctx->rulebook);
	agr_limits_free(ctx->limits);
	if (ctx->limits_impl.destroy)
		ctx->limits_impl.destroy(ctx->limits_self);
	free((char *)ctx->limits_impl.name);
	agentrun_config_free(ctx->config);
	pthread_mutex_destroy(&ctx->lock);
	free(ctx);
}

int agr_ctx_check(const agentrun_ctx *ctx, agentrun_error **err)
{
	return ctx ? 0 : agentrun_error_raise(err, AGENTRUN_EINVAL,
		"this call needs a context: agentrun_ctx_new() makes one");
}

const agentrun_config *agentrun_ctx_config(const agentrun_ctx *ctx)
{
	return ctx->config;
}

/* ---- the transport ------------------------------------------------------- */

static bool is_complete(const agentrun_transport_impl *impl)
{
	return impl->name && impl->open && impl->submit && impl->poll && impl->cancel &&
		impl->wakeup && impl->destroy;
}

int agentrun_ctx_set_transport(agentrun_ctx *ctx, const agentrun_transport_impl *impl_in,
	void *take_self, agentrun_error **err)
{
	agentrun_transport_impl impl;
	int r = agr_impl_read(&impl, sizeof(impl), impl_in, AGENTRUN_TRANSPORT_IMPL_VERSION,
		"agentrun_transport_impl", err);

	if (r < 0)
		return r;
	if (!is_complete(&impl))
		return agentrun_error_raise(err, AGENTRUN_EINVAL,
			"agentrun_transport_impl lacks a mandatory member");
	if (ctx->transport.name)
		return agentrun_error_raise(err, AGENTRUN_EINVAL,
			"the context has the transport \"%s\" already", ctx->transport.name);
	impl.name = strdup(impl.name);
	if (!impl.name)
		return agr_error_oom(err);
	ctx->transport = impl;
	ctx->transport_self = take_self;
	return 0;
}

static int set_default_transport(agentrun_ctx *ctx, agentrun_error **err)
{
	const agentrun_transport_impl *impl;
	void *self;
	int r;

	if (!agr_transport_default)
		return agentrun_error_raise(err, AGENTRUN_EINTERNAL,
			"no HTTP transport is set: call agentrun_ctx_set_transport()");
	r = agr_transport_default(&impl, &self, err);
	if (r < 0)
		return r;
	r = agentrun_ctx_set_transport(ctx, impl, self, err);
	if (r < 0)
		impl->destroy(self);
	return r;
}

/* With the lock held. Goes on where an earlier call failed. */
static int open_http(agentrun_ctx *ctx, agentrun_error **err)
{
	int r = ctx->transport.name ? 0 : set_default_transport(ctx, err);

	if (r == 0 && !ctx->transport_open) {
		r = ctx->transport.open(ctx->transport_self, ctx->config, err);
		ctx->transport_open = r == 0;
	}
	return r < 0 ? r : agr_http_new(&ctx->http, &ctx->transport, ctx->transport_self, err);
}

int agr_ctx_http(struct agr_http **out, agentrun_ctx *ctx, agentrun_error **err)
{
	int r;

	pthread_mutex_lock(&ctx->lock);
	r = ctx->http ? 0 : open_http(ctx, err);
	*out = ctx->http;
	pthread_mutex_unlock(&ctx->lock);
	return r;
}

int agentrun_ctx_set_limits(agentrun_ctx *ctx, const agentrun_limits_impl *impl_in,
	void *take_self, agentrun_error **err)
{
	agentrun_limits_impl impl;
	int r = agr_impl_read(&impl, sizeof(impl), impl_in, AGENTRUN_LIMITS_IMPL_VERSION,
		"agentrun_limits_impl", err);

	if (r < 0)
		return r;
	if (!impl.name || !impl.take || !impl.settle || !impl.destroy)
		return agentrun_error_raise(err, AGENTRUN_EINVAL,
			"agentrun_limits_impl lacks a mandatory member");
	if (ctx->limits_impl.name || ctx->limits_read)
		return agentrun_error_raise(err, AGENTRUN_EINVAL,
			"the context counts its limits already (%s)",
			ctx->limits_impl.name ? ctx->limits_impl.name : "memory");
	impl.name = strdup(impl.name);
	if (!impl.name)
		return agr_error_oom(err);
	ctx->limits_impl = impl;
	ctx->limits_self = take_self;
	return 0;
}

int agr_ctx_limits(struct agr_limits **out, agentrun_ctx *ctx, agentrun_error **err)
{
	int r = 0;

	pthread_mutex_lock(&ctx->lock);
	if (!ctx->limits_read)
		r = agr_limits_new(&ctx->limits, ctx->config,
			ctx->limits_impl.name ? &ctx->limits_impl : NULL, ctx->limits_self, err);
	ctx->limits_read = r == 0;
	*out = ctx->limits;
	pthread_mutex_unlock(&ctx->lock);
	return r;
}

/* ---- planners ------------------------------------------------------------ */

const agr_planner *agr_ctx_planner(const agentrun_ctx *ctx, const char *name)
{
	for (size_t i = 0; i < ctx->n_planners; i++)
		if (strcmp(ctx->planners[i].impl.name, name) == 0)
			return &ctx->planners[i];
	return NULL;
}

int agentrun_ctx_add_planner(agentrun_ctx *ctx, const agentrun_planner_impl *impl,
	void *take_self, agentrun_error **err)
{
	agr_planner planner, *grown;
	int r;

	r = agr_impl_read(&planner.impl, sizeof(planner.impl), impl,
		AGENTRUN_PLANNER_IMPL_VERSION, "agentrun_planner_impl", err);
	if (r < 0)
		return r;
	if (!planner.impl.name || !planner.impl.plan)
		return agentrun_error_raise(err, AGENTRUN_EINVAL,
			"agentrun_planner_impl wants name and plan");
	if (strcmp(planner.impl.name, "auto") == 0 ||
		strcmp(planner.impl.name, "builtin") == 0 ||
		agr_ctx_planner(ctx, planner.impl.name))
		return agentrun_error_raise(err, AGENTRUN_EINVAL,
			"a planner named \"%s\" is there already", planner.impl.name);
	planner.impl.name = strdup(planner.impl.name);
	grown = planner.impl.name ? realloc(ctx->planners,
		(ctx->n_planners + 1) * sizeof(*grown)) : NULL;
	if (!grown) {
		free((char *)planner.impl.name);
		return agr_error_oom(err);
	}
	planner.self = take_self;
	ctx->planners = grown;
	grown[ctx->n_planners++] = planner;
	return 0;
}

void agr_log_job(const agentrun_ctx *ctx, int level, const char *subject,
	const char *job_id, const char *run_id, const char *fmt, ...)
{
	agentrun_log_event event = { .struct_size = sizeof(event), .level = level,
		.subject = subject, .job_id = job_id, .run_id = run_id };
	agr_buf raw = AGR_BUF_INIT, line = AGR_BUF_INIT;
	va_list args;

	if (!ctx->log || level < ctx->log_level || ctx->log_level >= AGENTRUN_LOG_OFF)
		return;
	va_start(args, fmt);
	agr_buf_vprintf(&raw, fmt, args);
	va_end(args);
	agr_buf_printable(&line, raw.data ? raw.data : "", raw.len);
	agr_buf_add(&line, "", 0);
	event.message = line.data;
	if (!line.failed)
		ctx->log(ctx->log_user, &event);
	agr_buf_free(&raw);
	agr_buf_free(&line);
}
