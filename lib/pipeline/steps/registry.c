/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
/* All steps, in the order in which they are listed for people. */
#include <string.h>

#include "pipeline/steps/steps.h"

static const agr_step_type *const steps[] = {
	&agr_step_http_request,
	&agr_step_table_sort,
	&agr_step_table_filter,
	&agr_step_table_select,
	&agr_step_top_k,
	&agr_step_groupby,
	&agr_step_join,
	&agr_step_extract,
	&agr_step_jq_transform,
	&agr_step_flatten,
	&agr_step_distinct,
	&agr_step_rename,
	&agr_step_derive,
	&agr_step_regex_extract,
	&agr_step_parse_date,
	&agr_step_limit,
	&agr_step_offset,
	&agr_step_count,
};

const agr_step_type *agr_step_at(size_t i)
{
	return i < AGR_COUNT(steps) ? steps[i] : NULL;
}

const agr_step_type *agr_step_find(const char *name, size_t len)
{
	for (size_t i = 0; i < AGR_COUNT(steps); i++)
		if (strlen(steps[i]->name) == len &&
			memcmp(steps[i]->name, name, len) == 0)
			return steps[i];
	return NULL;
}

const char *agr_step_name(size_t i)
{
	return i < AGR_COUNT(steps) ? steps[i]->name : NULL;
}

const char *agr_step_schema(size_t i)
{
	return i < AGR_COUNT(steps) ? steps[i]->schema : NULL;
}

const char *agr_step_summary(size_t i)
{
	return i < AGR_COUNT(steps) ? steps[i]->summary : NULL;
}
