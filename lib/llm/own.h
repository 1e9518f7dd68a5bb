/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
/* own - providers that the application registered. */
#ifndef AGR_LLM_OWN_H
#define AGR_LLM_OWN_H

#include <agentrun/sys/provider.h>

#include "llm/codec.h"

typedef struct agr_own_provider agr_own_provider;

const agr_codec *agr_own_provider_find(const agr_own_provider *list, const char *name);
void agr_own_providers_free(agr_own_provider *list); /* NULL ok */

#endif
