/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
#include "ctx/ctx.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "config/config.h"
#include "net/http.h"

static const agentrun_ctx_options defaults = { .log_level = AGENTRUN_LOG_INFO };

void agentrun_ctx_options_init(agentrun_ctx_options *opts, size_t struct_size)
{
	agr_options_init(opts, struct_size, &defaults, sizeof(defaults));
}

int agentrun_ctx_new(agentrun_ctx **out, const agentrun_ctx_options *opts_in,
	agentrun_error **err)
{
	agentrun_ctx_options opts = defaults;
	agentrun_ctx *ctx;
	int r;

	*out = NULL;
	r = agr_options_read(&opts, sizeof(opts), opts_in, "agentrun_ctx_options", err);
	if (r < 0)
		return r;
	ctx = calloc(1, sizeof(*ctx));
	if (!ctx)
		return agr_error_oom(err);
	r = agr_config_copy(&ctx->config, opts.config, err);
	if (r < 0) {
		free(ctx);
		return r;
	}
	pthread_mutex_init(&ctx->lock, NULL);
	ctx->log = opts.log;
	ctx->log_user = opts.log_user;
	ctx->log_level = opts.log_level;
	ctx->transport_open = opts.transport_open ? opts.transport_open
						  : agr_transport_default;
	ctx->transport_user = opts.transport_user;
	*out = ctx;
	return 0;
}

void agentrun_ctx_free(agentrun_ctx *ctx)
{
	if (!ctx)
		return;
	agr_http_free(ctx->http);
	for (size_t i = 0; i < ctx->n_planners; i++)
		if (ctx->planners[i].impl.destroy)
			ctx->planners[i].impl.destroy(ctx->planners[i].self);
	free(ctx->planners);
	agr_own_steps_free(ctx->steps);
	agentrun_config_free(ctx->config);
	pthread_mutex_destroy(&ctx->lock);
	free(ctx);
}

const agentrun_config *agentrun_ctx_config(const agentrun_ctx *ctx)
{
	return ctx->config;
}

int agr_ctx_http(struct agr_http **out, agentrun_ctx *ctx, agentrun_error **err)
{
	int r = 0;

	*out = NULL;
	if (!ctx->transport_open)
		return agentrun_error_raise(err, AGENTRUN_EINTERNAL,
			"no HTTP transport is set: set transport_open in the context's options");
	pthread_mutex_lock(&ctx->lock);
	if (!ctx->http)
		r = agr_http_new(&ctx->http, ctx->transport_open, ctx->transport_user,
			ctx->config, err);
	*out = ctx->http;
	pthread_mutex_unlock(&ctx->lock);
	return r;
}

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
	grown = realloc(ctx->planners, (ctx->n_planners + 1) * sizeof(*grown));
	if (!grown)
		return agr_error_oom(err);
	planner.self = take_self;
	ctx->planners = grown;
	grown[ctx->n_planners++] = planner;
	return 0;
}

void agr_log(const agentrun_ctx *ctx, int level, const char *subject,
	const char *fmt, ...)
{
	agr_buf raw = AGR_BUF_INIT, line = AGR_BUF_INIT;
	va_list args;

	if (!ctx->log || level < ctx->log_level || ctx->log_level >= AGENTRUN_LOG_OFF)
		return;
	va_start(args, fmt);
	agr_buf_vprintf(&raw, fmt, args);
	va_end(args);
	agr_buf_printable(&line, raw.data ? raw.data : "", raw.len);
	agr_buf_add(&line, "", 0);
	if (!line.failed)
		ctx->log(ctx->log_user, level, subject, line.data);
	agr_buf_free(&raw);
	agr_buf_free(&line);
}
