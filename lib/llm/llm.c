/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
#include "llm/llm.h"

#include <stdlib.h>
#include <string.h>

#include "llm/profile.h"

void agr_llm_free(agr_llm *llm)
{
	if (!llm)
		return;
	for (size_t i = 0; i < llm->n_tools; i++) {
		free((char *)llm->tools[i].name);
		free((char *)llm->tools[i].description);
		free((char *)llm->tools[i].parameters);
	}
	free(llm->tools);
	free(llm->temperature);
	agr_llm_forget_stable(llm);
	agr_breakers_clear(&llm->breakers);
	agr_llm_forget_profiles(llm);
	pthread_mutex_destroy(&llm->lock);
	free(llm);
}

static int read_temperature(agr_llm *llm, agentrun_error **err)
{
	const char *text = agentrun_config_get(llm->ctx->config, "llm.temperature");
	agr_buf number = AGR_BUF_INIT;

	if (!text || !*text)
		return 0;
	agr_number_write(&number, agr_llm_number(llm->ctx->config, "llm.temperature", 0));
	llm->temperature = agr_buf_give_str(&number, err);
	return llm->temperature ? 0 : AGENTRUN_ENOMEM;
}

static int make(agr_llm **out, const agentrun_ctx *ctx, agentrun_error **err)
{
	agr_llm *llm = calloc(1, sizeof(*llm));
	int r;

	if (!llm)
		return agr_error_oom(err);
	llm->ctx = ctx;
	agr_breakers_init(&llm->breakers);
	pthread_mutex_init(&llm->lock, NULL);
	r = read_temperature(llm, err);
	if (r == 0)
		r = agr_llm_make_tools(llm, ctx, err);
	if (r < 0)
		agr_llm_free(llm);
	else
		*out = llm;
	return r;
}

int agr_ctx_llm(agr_llm **out, agentrun_ctx *ctx, agentrun_error **err)
{
	int r = 0;

	pthread_mutex_lock(&ctx->lock);
	if (!ctx->llm)
		r = make(&ctx->llm, ctx, err);
	*out = ctx->llm;
	pthread_mutex_unlock(&ctx->lock);
	return r;
}

const agr_tool *agr_llm_tool(const agr_llm *llm, const char *name)
{
	for (size_t i = 0; i < llm->n_tools; i++)
		if (strcmp(llm->tools[i].name, name) == 0)
			return &llm->tools[i];
	return NULL;
}
