/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
/*
 * intent - the built-in classifier: prompt -> words (tokens.h) -> what can be
 * said of their build (features.h) -> a score a lane (model.h) -> an answer that
 * names what decided it. No I/O, no state, some microseconds a prompt.
 */
#ifndef AGR_INTENT_H
#define AGR_INTENT_H

#include <agentrun/intent.h>

#include "intent/model.h"

#define AGR_PROMPT_MAX_BYTES ((size_t)1024 * 1024)
#define AGR_INTENT_THRESHOLD 0.7 /* `classifier.threshold` */

struct agentrun_intent {
	char *text;
	size_t len;
	int lane;
	double score[AGR_LANES]; /* sums to 1 */
	double threshold;
	char *reasoning;
	agr_buf keywords[AGR_LANES]; /* each word ended by a NUL */
};

/* Another classifier's word counts. */
int agr_intent_decide(agentrun_intent *intent, int lane, double confidence,
	const char *reasoning, agentrun_error **err);

/* explain.c: fill in the reasoning and the keywords. */
int agr_intent_explain(agentrun_intent *intent, const agr_tokens *tokens,
	const agr_feature_set *features, const agr_grams *grams, agentrun_error **err);

#endif
