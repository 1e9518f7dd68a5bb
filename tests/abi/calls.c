/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
/* The shared library, through its exported names alone. */
#include <stdio.h>
#include <string.h>

#include <agentrun/agentrun.h>

int main(void)
{
	static const char job[] = "{\"prompt\":\"how many rows are there\",\"context\":"
		"{\"data\":[{\"a\":1},{\"a\":2}]}}";
	agentrun_result *result = NULL;
	agentrun_ctx *ctx = NULL;
	int good;

	if (strcmp(agentrun_version(), AGENTRUN_VERSION) != 0)
		return 1;
	if (agentrun_ctx_new(&ctx, NULL, NULL) < 0 ||
		agentrun_run(&result, ctx, job, sizeof(job) - 1, NULL, NULL) < 0)
		return 1;
	good = agentrun_result_data(result, NULL) &&
		strcmp(agentrun_result_data(result, NULL), "[{\"count\":2}]") == 0;
	if (!good)
		puts(agentrun_result_message(result, NULL));
	agentrun_result_free(result);
	agentrun_ctx_free(ctx);
	return good ? 0 : 1;
}
