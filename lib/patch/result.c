/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
#include "patch/result.h"

#include <stdlib.h>

void agentrun_patch_result_free(agentrun_patch_result *result)
{
	if (!result)
		return;
	agentrun_buf_dispose(&result->document);
	agentrun_buf_dispose(&result->inverse);
	agentrun_buf_dispose(&result->preview);
	agentrun_buf_dispose(&result->description);
	free(result);
}

static const char *lend(const agentrun_buf *buf, size_t *len)
{
	if (len)
		*len = buf->len;
	return buf->data;
}

const char *agentrun_patch_result_document(
	const agentrun_patch_result *result, size_t *len)
{
	return lend(&result->document, len);
}

const char *agentrun_patch_result_inverse(
	const agentrun_patch_result *result, size_t *len)
{
	return lend(&result->inverse, len);
}

const char *agentrun_patch_result_preview(
	const agentrun_patch_result *result, size_t *len)
{
	return lend(&result->preview, len);
}

const char *agentrun_patch_result_hash(const agentrun_patch_result *result)
{
	return *result->hash ? result->hash : NULL;
}

size_t agentrun_patch_result_operation_count(const agentrun_patch_result *result)
{
	return result->operations;
}

const char *agentrun_patch_result_description(const agentrun_patch_result *result)
{
	return result->description.data ? result->description.data : "";
}
