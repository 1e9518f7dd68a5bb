/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
/*
 * model - features -> how much speaks for each lane. A linear model whose table
 * (weights.inc) train/train.py writes; a better one takes this place.
 */
#ifndef AGR_MODEL_H
#define AGR_MODEL_H

#include <agentrun/intent.h>

#include "intent/features.h"

#define AGR_LANES 3 /* indexed by AGENTRUN_LANE_... */

/* Probabilities of the lanes; they sum to 1. */
void agr_model_score(double out[AGR_LANES], const agr_feature_set *features);

/* What a feature adds to a lane's logit. */
double agr_model_weight(agr_feature feature, int lane);

#endif
