/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
/*
 * A document up to the first newline, a patch behind it. Whatever is accepted
 * must be undone by its inverse.
 */
#include <stdlib.h>
#include <string.h>

#include <agentrun/patch.h>

#include "patch/ir.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(int good)
{
	if (!good)
		abort();
}

static agr_span read(const char *text, size_t len)
{
	agr_text what = {.p = text, .n = len};
	agr_span out = {NULL, 0};

	must(agr_scan_document(&out, &what, NULL) == 0);
	return out;
}

static void undo(const agentrun_patch_result *result, agr_span document)
{
	agentrun_patch_options opts;
	agentrun_patch_result *back;
	const char *text, *inverse;
	size_t text_len, inverse_len;
	int r;

	agentrun_patch_options_init(&opts, sizeof(opts));
	opts.raw = 1;
	opts.base_hash = agentrun_patch_result_hash(result);
	text = agentrun_patch_result_document(result, &text_len);
	inverse = agentrun_patch_result_inverse(result, &inverse_len);
	r = agentrun_apply_patch(
		&back, NULL, text, text_len, inverse, inverse_len, &opts, NULL);
	if (r == AGENTRUN_ELIMIT)
		return; /* on the way back something was deeper, or larger */
	must(r == 0);
	text = agentrun_patch_result_document(back, &text_len);
	must(agr_value_equal(read(text, text_len), document));
	agentrun_patch_result_free(back);
}

/* A document comes out valid and as if it were written anew. */
static void written(const char *text, size_t len)
{
	agr_buf again = AGR_BUF_INIT;

	agr_value_write(&again, read(text, len));
	must(again.len == len && memcmp(again.data, text, len) == 0);
	agr_buf_free(&again);
}

static void run(const char *document, size_t document_len, const char *patch,
	size_t patch_len, int raw)
{
	agentrun_patch_options opts;
	agentrun_patch_result *result;
	agentrun_error *err = NULL;
	agr_buf form = AGR_BUF_INIT;
	agr_span before;
	const char *text;
	size_t len;
	int r;

	agentrun_patch_options_init(&opts, sizeof(opts));
	opts.raw = raw;
	opts.want_inverse = 1;
	opts.want_preview = 1;
	opts.want_hash = 1;
	r = agentrun_apply_patch(
		&result, NULL, document, document_len, patch, patch_len, &opts, &err);
	must((r == 0) == (result != NULL) && (r == 0) == (err == NULL));
	if (result) {
		text = agentrun_patch_result_document(result, &len);
		written(text, len);
		/* What is seen soon is what is seen by looking at it all. */
		must(raw || agentrun_workflow_check(NULL, text, len, NULL, NULL) == 0);
		before = read(document, document_len);
		if (!raw)
			agr_ir_read(&before, &form, NULL);
		undo(result, before);
	}
	agr_buf_free(&form);
	agentrun_patch_result_free(result);
	agentrun_error_free(err);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *text = (const char *)data;
	const char *newline = size ? memchr(text, '\n', size) : NULL;
	size_t len;

	if (!newline)
		return 0;
	len = (size_t)(newline - text);
	run(text, len, newline + 1, size - len - 1, 1);
	run(text, len, newline + 1, size - len - 1, 0);
	return 0;
}
