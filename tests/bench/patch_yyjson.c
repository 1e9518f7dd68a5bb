/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
/* DOCUMENT PATCH SECONDS: the same with yyjson, which knows no workflow rules. */
#include <stdio.h>
#include <stdlib.h>

#include <yyjson.h>

#include "patches.h"

int main(int argc, char **argv)
{
	struct text document, patch;
	double least = 1e9, all = 0;
	size_t len = 0;

	if (argc != 4)
		return 2;
	document = text_read(argv[1]);
	patch = text_read(argv[2]);
	while (all < atof(argv[3])) {
		double start = cpu_seconds(), took;
		yyjson_doc *doc = yyjson_read(document.p, document.len, 0);
		yyjson_doc *ops = yyjson_read(patch.p, patch.len, 0);
		yyjson_mut_doc *to = yyjson_mut_doc_new(NULL);
		yyjson_patch_err err;
		yyjson_mut_val *result = yyjson_patch(to, yyjson_doc_get_root(doc),
			yyjson_doc_get_root(ops), &err);
		char *text = result ? yyjson_mut_val_write(result, 0, &len) : NULL;

		if (!text)
			return 1;
		free(text);
		yyjson_mut_doc_free(to);
		yyjson_doc_free(ops);
		yyjson_doc_free(doc);
		took = cpu_seconds() - start;
		all += took;
		least = took < least ? took : least;
	}
	printf("%.9f %zu\n", least, len);
	return 0;
}
