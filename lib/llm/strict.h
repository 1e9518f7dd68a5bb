/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
/* strict - does a tool's schema meet OpenAI's rules for "strict"? */
#ifndef AGR_STRICT_H
#define AGR_STRICT_H

#include "llm/talk.h"

/* Is it an object whose members, all the way down, are named, all of them required and no
 * others allowed, by the keywords that strict mode takes? A server that is asked to be strict
 * refuses any other schema. The schema is valid JSON. */
bool agr_schema_is_strict(agr_span schema);

#endif
