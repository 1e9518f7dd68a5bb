/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
/* A prompt up to the first newline; behind it a workflow, which are also rows. */
#include <stdlib.h>
#include <string.h>

#include <agentrun/intent.h>

#include "table/scan.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(int good)
{
	if (!good)
		abort();
}

static void check(const agentrun_intent *intent)
{
	agentrun_buf out = AGENTRUN_BUF_INIT;
	agr_text text = {.name = "intent"};
	agr_span value;
	double sum = 0;

	for (int lane = 0; lane < 3; lane++) {
		double score = agentrun_intent_score(intent, lane);

		must(score >= 0 && score <= 1 &&
			score <= agentrun_intent_confidence(intent));
		sum += score;
	}
	must(sum > 0.999 && sum < 1.001);
	must(agentrun_intent_allowed_tool(intent, 0) != NULL);
	must(agentrun_intent_json(&out, intent) == 0);
	text.p = out.data;
	text.n = out.len;
	must(agr_scan_document(&value, &text, NULL) == 0);
	agentrun_buf_dispose(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *text = (const char *)data;
	const char *newline = size ? memchr(text, '\n', size) : NULL;
	size_t len = newline ? (size_t)(newline - text) : size;
	agentrun_classify_options opts;
	agentrun_intent *intent;
	int r;

	agentrun_classify_options_init(&opts, sizeof(opts));
	if (newline) {
		opts.workflow = opts.input = newline + 1;
		opts.workflow_len = opts.input_len = size - len - 1;
	}
	r = agentrun_classify(&intent, NULL, text, len, &opts, NULL);
	must((r == 0) == (agr_utf8_invalid(text, len) == len));
	if (intent)
		check(intent);
	agentrun_intent_free(intent);
	return 0;
}
