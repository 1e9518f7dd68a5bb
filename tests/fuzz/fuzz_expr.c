/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
/* Expressions: whatever is read can be evaluated, and gives JSON. */
#include <stdlib.h>
#include <string.h>

#include "expr/expr.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char *const rows[] = {
	"{\"a\":1,\"b\":\"x\\u00e9\\ud83d\\ude00\",\"c\":{\"d\":[1,2.5,null]},\"big\":9223372036854775807,"
	"\"n\":-1e-7,\"t\":true,\"name\":\"Zo\xc3\xab\",\"price\":12.5}",
	"{\"a\":-9223372036854775808,\"b\":null,\"a\":1e400,\"c\":[],\"price\":\"1\"}",
	"7",
};

static void evaluate(const agr_expr *expr, const char *text)
{
	agr_text document = { .p = text, .n = strlen(text) };
	agr_buf scratch = AGR_BUF_INIT, out = AGR_BUF_INIT;
	agentrun_error *err = NULL;
	agr_row row = { .slots = NULL };
	agr_span value;
	int r;

	if (agr_scan_document(&row.span, &document, NULL) < 0)
		abort();
	r = agr_expr_eval(expr, &row, &scratch, &out, &err);
	if ((r < 0) != (err != NULL) || (r < 0 && r != AGENTRUN_EPIPELINE))
		abort();
	document.p = out.data;
	document.n = out.len;
	if (r == 0 && agr_scan_document(&value, &document, NULL) < 0)
		abort();
	agentrun_error_free(err);
	agr_buf_free(&scratch);
	agr_buf_free(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	agentrun_error *err = NULL;
	agr_expr *expr;
	int r;

	/* What the step derive hands in. */
	if (memchr(data, 0, size) || agr_utf8_invalid((const char *)data, size) != size)
		return 0;
	r = agr_expr_new(&expr, (const char *)data, size, &err);
	if ((r < 0) != (err != NULL) ||
		(r < 0 && r != AGENTRUN_EINPUT && r != AGENTRUN_ELIMIT))
		abort();
	if (r == 0)
		for (size_t i = 0; i < AGR_COUNT(rows); i++)
			evaluate(expr, rows[i]);
	agentrun_error_free(err);
	agr_expr_free(expr);
	return 0;
}
