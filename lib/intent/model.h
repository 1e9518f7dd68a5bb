/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
/*
 * model - features and grams -> how much speaks for each lane. A linear model; its
 * weights of the features (weights.inc), its table of the grams, and how sure it may be
 * (table.inc) are made by train/train.py.
 *
 * The table knows the grams that it was taught: one that it has never met says nothing.
 * A gram's key tells the bucket it would be in; its cell there holds a mark, more of the
 * key, and two weights of a byte each. The third lane's is what makes the sum zero, as
 * only differences count. Where a bucket was full, the gram that says least was left out.
 * A cell of 0 is empty.
 */
#ifndef AGR_MODEL_H
#define AGR_MODEL_H

#include <agentrun/intent.h>

#include "intent/grams.h"

#define AGR_LANES 3 /* indexed by AGENTRUN_LANE_... */

#define AGR_MODEL_BUCKETS 8000
#define AGR_MODEL_CELLS 8 /* in a bucket */

static inline size_t agr_model_bucket(uint32_t key)
{
	return (size_t)(((uint64_t)key * AGR_MODEL_BUCKETS) >> 32);
}

static inline uint32_t agr_model_cell(uint32_t key, int8_t execute, int8_t patch)
{
	return (key << 16) | (uint32_t)(uint8_t)execute << 8 | (uint8_t)patch;
}

static inline int agr_model_execute(uint32_t cell)
{
	return (int)((cell >> 8 & 0xff) ^ 0x80) - 0x80;
}

static inline int agr_model_patch(uint32_t cell)
{
	return (int)((cell & 0xff) ^ 0x80) - 0x80;
}

/* Probabilities of the lanes; they sum to 1. */
void agr_model_score(
	double out[AGR_LANES], const agr_feature_set *features, const agr_grams *grams);

/* What a feature alone adds to a lane's logit. */
double agr_model_weight(agr_feature feature, int lane);
/* What one of a prompt's grams adds to each; `share` is agr_grams_share() of their number. */
void agr_model_gram(double out[AGR_LANES], const agr_gram *gram, double share);

#endif
