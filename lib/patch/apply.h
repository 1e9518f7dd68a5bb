/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
/* apply - agentrun_apply_patch() for who has the rules already and must not wait for
 * them. */
#ifndef AGR_APPLY_H
#define AGR_APPLY_H

#include <agentrun/patch.h>

#include "patch/rules.h"

/* What a patched document may have, and one that becomes the form with arrays. `ctx` NULL:
 * the default. */
size_t agr_patch_max_bytes(const agentrun_ctx *ctx);

/* `opts` are complete (agentrun_patch_options_init()); their schema is not looked at.
 * `rules` NULL: any document. */
int agr_patch_apply(agentrun_patch_result **out, const agentrun_ctx *ctx,
	const agr_rules *rules, const char *document, size_t document_len,
	const char *patch, size_t patch_len, const agentrun_patch_options *opts,
	agentrun_error **err);

#endif
