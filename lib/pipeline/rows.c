/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
/* Rows from one format to another: in, out, and what the formats are called. */
#include <string.h>

#include "pipeline/fetch.h"
#include "table/format.h"
#include "table/input.h"

static const char *const format_names[] = {
	[AGENTRUN_FORMAT_JSON] = "json",
	[AGENTRUN_FORMAT_NDJSON] = "ndjson",
	[AGENTRUN_FORMAT_CSV] = "csv",
	[AGENTRUN_FORMAT_TABLE] = "table",
};

int agentrun_format_from_name(const char *name)
{
	for (int i = AGENTRUN_FORMAT_JSON; name && i <= AGENTRUN_FORMAT_TABLE; i++)
		if (strcmp(name, format_names[i]) == 0)
			return i;
	return -1;
}

int agentrun_rows_read(agentrun_buf *out, agentrun_ctx *ctx, const char *text,
	size_t len, int format, const char *name, agentrun_error **err)
{
	agr_pipeline_limits limits = agr_ctx_pipeline_limits(ctx);
	agr_text document = { .name = name, .p = text, .n = len,
		.max_depth = limits.max_depth };
	agr_buf made = AGR_BUF_INIT;
	agr_input input = { .format = 0 };
	agr_span value;
	int r;

	r = agr_input_open(&input, &document, agr_input_limit_of(&limits), format, err);
	if (r == 0)
		r = agr_input_document(&input, &made, &value, err);
	if (r == 0 && agentrun_buf_set(out, value.p, value.n) < 0)
		r = agr_error_oom(err);
	agr_input_close(&input);
	agr_buf_free(&made);
	return r;
}

int agentrun_rows_write(agentrun_buf *out, agentrun_ctx *ctx, const char *json,
	size_t len, int format, agentrun_error **err)
{
	agr_text text = { .name = "rows", .p = json, .n = len };
	agr_buf buf = AGR_BUF_INIT;
	agr_span value;
	int r = agr_scan_document(&value, &text, err);

	(void)ctx;
	if (!r)
		r = agr_format_value(&buf, value, format, err);
	if (!r)
		r = agr_buf_give(&buf, out, "the output", err);
	agr_buf_free(&buf);
	return r;
}
