/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
/* The table of steps, for who asks. */
#include <string.h>

#include "ctx/ctx.h"
#include "pipeline/own.h"

const char *agentrun_step_name(size_t i)
{
	return agr_step_name(i);
}

const char *agentrun_step_summary(size_t i)
{
	return agr_step_summary(i);
}

static void add_step(agr_buf *out, const char *name, const char *summary,
	const char *parameters)
{
	agr_buf_str(out, out->len > 1 ? ",{\"step\":" : "{\"step\":");
	agr_buf_json_str(out, name, strlen(name));
	agr_buf_str(out, ",\"summary\":");
	agr_buf_json_str(out, summary, strlen(summary));
	agr_buf_str(out, ",\"parameters\":");
	agr_value_write(out, (agr_span){ parameters, strlen(parameters) });
	agr_buf_char(out, '}');
}

int agentrun_steps_describe(agentrun_buf *out, agentrun_ctx *ctx, agentrun_error **err)
{
	agr_buf text = AGR_BUF_INIT;
	int r;

	agr_buf_char(&text, '[');
	for (size_t i = 0; agr_step_name(i); i++)
		add_step(&text, agr_step_name(i), agr_step_summary(i), agr_step_schema(i));
	for (const agr_own_step *own = ctx ? ctx->steps : NULL; own; own = agr_own_next(own)) {
		const char *parameters = agr_own_parameters(own);

		add_step(&text, agr_own_name(own), agr_own_summary(own),
			parameters ? parameters : "{\"type\":\"object\"}");
	}
	agr_buf_char(&text, ']');
	r = agr_buf_give(&text, out, "the steps", err);
	agr_buf_free(&text);
	return r;
}
