/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
/* Rows in, rows out in every format. What comes out as JSON must be valid, and
 * must come out the same when it goes in again. */
#include <stdlib.h>
#include <string.h>

#include "pipeline/pipeline.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int run(agentrun_buf *out, const char *rows, size_t len, int format)
{
	static const char pipeline[] =
		"[{\"step\":\"distinct\"},{\"step\":\"table_sort\","
		"\"field\":\"a.b\"},{\"step\":\"offset\",\"n\":0}]";
	static const agr_pipeline_limits limits = { .max_depth = 64, .max_rows = 10000 };
	agentrun_execute_options opts;
	agentrun_error *err = NULL;
	int r;

	agentrun_execute_options_init(&opts, sizeof(opts));
	opts.input = rows;
	opts.input_len = len;
	opts.input_format = format;
	r = agr_execute(out, pipeline, sizeof(pipeline) - 1, &opts, &limits, NULL, NULL,
		NULL,
		NULL, &err);
	if ((r < 0) != (err != NULL) || (err && !*agentrun_error_message(err)))
		abort();
	agentrun_error_free(err);
	return r;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	agentrun_buf out = AGENTRUN_BUF_INIT, again = AGENTRUN_BUF_INIT;

	if (!size)
		return 0;
	/* The first byte chooses how the input is read. */
	if (run(&out, (const char *)data + 1, size - 1, data[0] % 4) == 0) {
		if (run(&again, out.data, out.len, AGENTRUN_FORMAT_JSON) < 0 ||
			again.len != out.len || memcmp(again.data, out.data,
				out.len) != 0)
			abort();
		for (int format = AGENTRUN_FORMAT_NDJSON; format <= AGENTRUN_FORMAT_TABLE;
			format++)
			if (agentrun_rows_write(&again, NULL, out.data, out.len, format,
				    NULL) < 0 && format == AGENTRUN_FORMAT_NDJSON)
				abort();
	}
	agentrun_buf_dispose(&out);
	agentrun_buf_dispose(&again);
	return 0;
}
