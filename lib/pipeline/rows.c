/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
#include "pipeline/fetch.h"
#include "table/input.h"

int agentrun_read_rows(agentrun_buf *out, agentrun_ctx *ctx, const char *text,
	size_t len, int format, const char *name, agentrun_error **err)
{
	agr_pipeline_limits limits = agr_ctx_pipeline_limits(ctx);
	agr_text document = { .name = name, .p = text, .n = len,
		.max_depth = limits.max_depth };
	agr_buf made = AGR_BUF_INIT;
	agr_input input = { .format = 0 };
	agr_span value;
	int r;

	if (limits.max_input_bytes && len > limits.max_input_bytes)
		return agentrun_error_raise(err, AGENTRUN_ELIMIT,
			"%s is %zu bytes long, the limit is %zu (limits.max_input_bytes)",
			name ? name : "input", len, limits.max_input_bytes);
	r = agr_input_open(&input, &document, format, err);
	if (r == 0)
		r = agr_input_document(&input, &made, &value, err);
	if (r == 0 && agentrun_buf_set(out, value.p, value.n) < 0)
		r = agr_error_oom(err);
	agr_input_close(&input);
	agr_buf_free(&made);
	return r;
}
