/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
/* patches raw|rules|SCHEMA DOCUMENT PATCH SECONDS: the least CPU seconds of one
 * agentrun_apply_patch(), its result written out, and how many bytes that has. SCHEMA is
 * a file, which stands for the built-in rules. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <agentrun/patch.h>

#include "patches.h"

int main(int argc, char **argv)
{
	agentrun_patch_options opts;
	struct text document, patch, schema;
	agentrun_ctx *ctx; /* whose rules are read once, as in a service */
	double least = 1e9, all = 0;
	size_t len = 0;

	if (argc != 5)
		return 2;
	document = text_read(argv[2]);
	patch = text_read(argv[3]);
	if (agentrun_ctx_new(&ctx, NULL, NULL) < 0)
		return 1;
	agentrun_patch_options_init(&opts, sizeof(opts));
	opts.raw = strcmp(argv[1], "raw") == 0;
	if (!opts.raw && strcmp(argv[1], "rules") != 0) {
		schema = text_read(argv[1]);
		opts.schema = schema.p;
		opts.schema_len = schema.len;
	}
	while (all < atof(argv[4])) {
		double start = cpu_seconds(), took;
		agentrun_patch_result *result;
		agentrun_error *err = NULL;

		if (agentrun_apply_patch(&result, ctx, document.p, document.len, patch.p, patch.len,
			    &opts, &err) < 0) {
			fprintf(stderr, "%s\n", agentrun_error_message(err));
			return 1;
		}
		agentrun_patch_result_document(result, &len);
		agentrun_patch_result_free(result);
		took = cpu_seconds() - start;
		all += took;
		least = took < least ? took : least;
	}
	agentrun_ctx_free(ctx);
	printf("%.9f %zu\n", least, len);
	return 0;
}
