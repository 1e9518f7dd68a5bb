/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
/*
 * model - features and grams -> how much speaks for each lane. A linear model; its
 * weights of the features (weights.inc), its table for the grams, of a byte a slot and
 * lane, and how sure it may be (table.inc) are made by train/train.py.
 */
#ifndef AGR_MODEL_H
#define AGR_MODEL_H

#include <agentrun/intent.h>

#include "intent/grams.h"

#define AGR_LANES 3 /* indexed by AGENTRUN_LANE_... */

/* Probabilities of the lanes; they sum to 1. */
void agr_model_score(
	double out[AGR_LANES], const agr_feature_set *features, const agr_grams *grams);

/* What a feature alone adds to a lane's logit. */
double agr_model_weight(agr_feature feature, int lane);
/* What one of a prompt's grams adds; `share` is agr_grams_share() of their number. */
double agr_model_gram(const agr_gram *gram, double share, int lane);

#endif
