/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
/* A pointer: its tokens, written again, are the text they were read from. */
#include <stdlib.h>
#include <string.h>

#include "patch/pointer.h"
#include "patch/tree.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void follow(agr_arena *arena, const agr_pointer *pointer)
{
	static const char document[] = "{\"a\":[1,{\"b\":[]},\"\\u0061\"],\"\":{\"~\":{"
				       "\"/\":null}},\"a\":[[[0]],2]}";
	agr_tree_value root = {.text = {document, sizeof(document) - 1}}, *at;

	(void)agr_tree_op(&root, pointer);
	(void)agr_tree_walk(&at, arena, &root, pointer, pointer->n, NULL);
	(void)agr_tree_op(&root, pointer);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *text = (const char *)data;
	agr_arena arena = AGR_ARENA_INIT;
	agr_buf again = AGR_BUF_INIT;
	agr_pointer pointer;

	if (agr_pointer_parse(&pointer, &arena, text, size, NULL) == 0) {
		for (size_t i = 0; i < pointer.n; i++)
			agr_pointer_add_token(&again, pointer.tokens[i]);
		if (agr_utf8_invalid(text, size) == size &&
			(again.len != size ||
				(size && memcmp(again.data, text, size) != 0)))
			abort();
		follow(&arena, &pointer);
	}
	agr_buf_free(&again);
	agr_arena_free(&arena);
	return 0;
}
