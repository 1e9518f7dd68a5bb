/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
/* As a user writes it: the one header, initializers, constants. */
#include <agentrun/agentrun.h>

#include <agentrun/sys/planner.h>
#include <agentrun/sys/queue.h>
#include <agentrun/sys/storage.h>
#include <agentrun/sys/transport.h>

#if AGENTRUN_VERSION_MAJOR * 100 + AGENTRUN_VERSION_MINOR < 1
#error "the version is a number"
#endif

int use(agentrun_ctx *ctx);

int use(agentrun_ctx *ctx)
{
	agentrun_buf buf = AGENTRUN_BUF_INIT;
	agentrun_engine_options opts;
	agentrun_error *err = NULL;
	agentrun_result *result = NULL;
	int r;

	agentrun_engine_options_init(&opts, sizeof(opts));
	r = agentrun_run(&result, ctx, "{}", 2, &opts, &err);
	if (r < 0)
		r = agentrun_error_raise(&err, AGENTRUN_EINTERNAL, "%d", r);
	agentrun_result_free(result);
	agentrun_error_free(err);
	agentrun_buf_dispose(&buf);
	return r == AGENTRUN_OK && AGENTRUN_LOG_INFO > AGENTRUN_LOG_DEBUG;
}
