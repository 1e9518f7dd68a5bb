/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
/*
 * A tool of your own: a model that works on a job may ask how many of an article are in
 * stock. It is offered beside the library's tools, and its arguments are checked against
 * its schema before it is called.
 *
 *     cc -o own_tool own_tool.c $(pkg-config --cflags --libs agentrun)
 *
 *     OPENAI_API_KEY=... ./own_tool "how many lamps are left?"
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <agentrun/agentrun.h>
#include <agentrun/sys/tool.h>

static const char parameters[] =
	"{\"type\":\"object\",\"required\":[\"article\"],\"additionalProperties\":false,"
	"\"properties\":{\"article\":{\"type\":\"string\",\"enum\":[\"lamp\",\"chair\"]}}}";

struct stock {
	int lamps, chairs; /* only read: several threads may call at once */
};

static int stock_call(void *self, agentrun_buf *result, const agentrun_tool_call *call,
	agentrun_error **err)
{
	const struct stock *stock = self;
	int lamp = strstr(call->arguments, "\"lamp\"") != NULL; /* the schema knows two */
	char row[80];
	int n = snprintf(row, sizeof(row), "[{\"article\":\"%s\",\"left\":%d}]",
		lamp ? "lamp" : "chair", lamp ? stock->lamps : stock->chairs);

	fprintf(stderr, "job %s asks: %s\n", call->job_id, call->arguments);
	if (agentrun_buf_append(result, row, (size_t)n) < 0)
		return agentrun_error_raise(err, AGENTRUN_ENOMEM, "out of memory");
	return 0;
}

static const agentrun_tool_impl stock_tool = {
	.version = AGENTRUN_TOOL_IMPL_VERSION,
	.struct_size = sizeof(agentrun_tool_impl),
	.name = "stock_level",
	.description = "How many of an article are left in stock.",
	.parameters = parameters,
	.lane = AGENTRUN_LANE_UNCLEAR, /* whatever the prompt is */
	.call = stock_call,
	.flags = AGENTRUN_TOOL_PURE,   /* it changes nothing: call it again if need be */
};

static int ask(agentrun_ctx *ctx, const char *prompt, agentrun_error **err)
{
	agentrun_buf job = AGENTRUN_BUF_INIT;
	agentrun_engine_options opts;
	agentrun_result *result = NULL;
	int r = agentrun_buf_append(&job, "{\"prompt\":", 10);

	agentrun_engine_options_init(&opts, sizeof(opts));
	if (r == 0)
		r = agentrun_buf_append_json(&job, prompt, strlen(prompt));
	if (r == 0)
		r = agentrun_buf_append(&job, "}", 1);
	if (r == 0)
		r = agentrun_run(&result, ctx, job.data, job.len, &opts, err);
	if (r == 0) {
		const agentrun_error *why = agentrun_result_error(result);

		puts(why ? agentrun_error_message(why) : agentrun_result_data(result, NULL));
		r = why ? AGENTRUN_ELLM : 0;
	}
	agentrun_result_free(result);
	agentrun_buf_dispose(&job);
	return r;
}

int main(int argc, char **argv)
{
	static struct stock stock = { .lamps = 12, .chairs = 3 };
	agentrun_ctx_options opts;
	agentrun_config *config = NULL;
	agentrun_ctx *ctx = NULL;
	agentrun_error *err = NULL;
	int r = agentrun_config_new(&config, &err);

	agentrun_ctx_options_init(&opts, sizeof(opts));
	opts.config = config;
	if (r == 0)
		r = agentrun_config_load_env(config, &err); /* OPENAI_API_KEY and the like */
	if (r == 0)
		r = agentrun_ctx_new(&ctx, &opts, &err);
	if (r == 0)
		r = agentrun_ctx_add_tool(ctx, &stock_tool, &stock, &err);
	if (r == 0)
		r = ask(ctx, argc > 1 ? argv[1] : "how many lamps are left?", &err);
	if (err)
		fprintf(stderr, "%s\n", agentrun_error_message(err));
	agentrun_error_free(err);
	agentrun_ctx_free(ctx);
	agentrun_config_free(config);
	return r == 0 ? 0 : 1;
}
