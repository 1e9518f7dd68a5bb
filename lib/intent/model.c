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
	W(KNOWN_NODE, 0.3, 0.1, -1.5)
	W(KNOWN_FIELD, -0.2, 0.9, -1.5)
};
/* clang-format on */

double agr_model_weight(agr_feature feature, int lane)
{
	return weights[feature][lane];
}

void agr_model_score(double out[AGR_LANES], const agr_feature_set *features)
{
	double top, sum = 0;

	for (int lane = 0; lane < AGR_LANES; lane++) {
		out[lane] = 0;
		for (int i = 0; i < AGR_FEATURE_COUNT; i++)
			if (features->has[i])
				out[lane] += weights[i][lane];
	}
	top = fmax(out[0], fmax(out[1], out[2]));
	for (int lane = 0; lane < AGR_LANES; lane++) {
		out[lane] = exp(out[lane] - top);
		sum += out[lane];
	}
	for (int lane = 0; lane < AGR_LANES; lane++)
		out[lane] /= sum;
}
