/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
/*
 * sum - a sum that does not depend on the order of its terms: integers exactly
 * at any size, other numbers as the double nearest to the sum of their doubles.
 */
#ifndef AGR_SUM_H
#define AGR_SUM_H

#include "table/scan.h"

/* Start from zeroed memory. */
typedef struct agr_sum {
	int64_t small;      /* integers, until they no longer fit */
	int64_t *limbs;     /* base 10^9, least first, each with a sign of its own */
	size_t n_limbs;
	uint32_t carry_due; /* additions since the limbs were normalised */
	double *partials;   /* of the doubles: no two overlap, rising */
	size_t n_partials, cap_partials;
	bool fractional;    /* a term was no integer */
	bool beyond;        /* out of a double's range */
} agr_sum;

/* 0 or AGENTRUN_ENOMEM. */
int agr_sum_add(agr_sum *sum, agr_span number);
/* Append the sum. 0, AGENTRUN_ENOMEM, or AGENTRUN_EPIPELINE (nothing is raised or
 * written): it is out of a double's range. */
int agr_sum_write(agr_buf *out, agr_sum *sum);
/* The sum as a double, infinite when out of range. 0 or AGENTRUN_ENOMEM. */
int agr_sum_double(agr_sum *sum, double *out);
void agr_sum_free(agr_sum *sum);

#endif
