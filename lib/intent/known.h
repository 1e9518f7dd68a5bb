/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
/*
 * known - the names that a prompt may refer to: the ids of a workflow's nodes
 * and the fields of its data. A text that cannot be read gives none: it is no
 * reason not to classify.
 */
#ifndef AGR_KNOWN_H
#define AGR_KNOWN_H

#include "intent/features.h"

/* 0 or AGENTRUN_ENOMEM. `text` may be NULL. */
int agr_known_nodes(
	agr_known_words *out, const char *text, size_t len, agentrun_error **err);
/* The members of the first row of JSON or NDJSON. */
int agr_known_fields(
	agr_known_words *out, const char *text, size_t len, agentrun_error **err);
void agr_known_clear(agr_known_words *words);

#endif
