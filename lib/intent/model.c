/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
#include "intent/model.h"

#include <math.h>

/* clang-format off */
#define W(feature, patch, execute, unclear) \
	[AGR_FEATURE_##feature] = { \
		[AGENTRUN_LANE_PATCH] = (patch), \
		[AGENTRUN_LANE_EXECUTE] = (execute), \
		[AGENTRUN_LANE_UNCLEAR] = (unclear), \
	},

static const double weights[AGR_FEATURE_COUNT][AGR_LANES] = {
#include "intent/weights.inc"
	/* Set by hand: the prompts at hand come without a workflow or data. */
	W(KNOWN_NODE, 0.8, 0.1, -2.0)
	W(KNOWN_FIELD, -0.6, 1.2, -2.0)
};

#include "intent/table.inc"
/* clang-format on */

double agr_model_weight(agr_feature feature, int lane)
{
	return weights[feature][lane];
}

static void add_gram(int sum[AGR_LANES], uint32_t key)
{
	const uint32_t *bucket = table[agr_model_bucket(key)];
	uint32_t found = 0;
	int execute, patch;

	/* One at most has the mark; looking at all of them needs no branch. */
	for (int i = 0; i < AGR_MODEL_CELLS; i++)
		found |= (bucket[i] >> 16) == (key & 0xffff) ? bucket[i] : 0;
	execute = agr_model_execute(found);
	patch = agr_model_patch(found);
	sum[AGENTRUN_LANE_EXECUTE] += execute;
	sum[AGENTRUN_LANE_PATCH] += patch;
	sum[AGENTRUN_LANE_UNCLEAR] -= execute + patch;
}

void agr_model_gram(double out[AGR_LANES], const agr_gram *gram, double share)
{
	int of_gram[AGR_LANES] = {0};

	add_gram(of_gram, gram->key);
	for (int lane = 0; lane < AGR_LANES; lane++)
		out[lane] = of_gram[lane] * TABLE_SCALE * share;
}

void agr_model_score(
	double out[AGR_LANES], const agr_feature_set *features, const agr_grams *grams)
{
	double scale = TABLE_SCALE * agr_grams_share(grams->n), top, sum = 0;
	int of_grams[AGR_LANES] = {0};

	for (size_t i = 0; i < grams->n; i++)
		add_gram(of_grams, grams->list[i].key);
	for (int lane = 0; lane < AGR_LANES; lane++) {
		out[lane] = of_grams[lane] * scale;
		for (int i = 0; i < AGR_FEATURE_COUNT; i++)
			if (features->has[i])
				out[lane] += weights[i][lane];
	}
	top = fmax(out[0], fmax(out[1], out[2]));
	for (int lane = 0; lane < AGR_LANES; lane++) {
		out[lane] = exp((out[lane] - top) * TEMPER);
		sum += out[lane];
	}
	for (int lane = 0; lane < AGR_LANES; lane++)
		out[lane] /= sum;
}
