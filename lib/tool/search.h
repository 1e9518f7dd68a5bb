/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
/* search - find tools by the words of what they do. Pure. */
#ifndef AGR_SEARCH_H
#define AGR_SEARCH_H

#include "llm/llm.h"

/* Append {"tools":[{"name","description","parameters"}],"total"}: the best first, at most
 * `limit`; none where nothing fits. */
void agr_tools_search(agr_buf *out, const agr_llm *llm, const char *query, size_t limit);

#endif
