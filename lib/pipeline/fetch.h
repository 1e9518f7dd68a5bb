/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
/*
 * fetch - from what an http_request step wants to what the HTTP client takes:
 * header lines, the auth profile's secret, limits and the time that is left.
 */
#ifndef AGR_FETCH_H
#define AGR_FETCH_H

#include "ctx/ctx.h"
#include "pipeline/pipeline.h"

typedef struct agr_fetch {
	agentrun_http_request request; /* borrows from the fetch and what it was made of */
	char **lines;                  /* "Name: value" */
	size_t n_lines;
	char *secret;                  /* the auth profile's line, or NULL */
	const char *secrets[1];
} agr_fetch;

/* `wanted` stays in place until agr_fetch_clear(). */
int agr_fetch_prepare(agr_fetch *fetch, const agentrun_ctx *ctx,
	const agr_pipeline_request *wanted, int64_t deadline_ms, agentrun_error **err);
/* To be able to repeat what changes something: give it the key that names this request
 * of this job, the same each time, also where a model comes to it by another way. A key
 * that the step set stands. */
int agr_fetch_key(agr_fetch *fetch, const char *job_id, agentrun_error **err);
/* What is asked for, as a digest: the same for the same request. false: it is a GET, and
 * changes nothing. */
bool agr_fetch_name(const agr_fetch *fetch, char hex[AGR_SHA256_HEX]);
void agr_fetch_clear(agr_fetch *fetch);

/* Open what a ref names. What is no ref is AGENTRUN_EINPUT: it is the pipeline's. */
int agr_store_open_ref(agr_response *out, agentrun_store *store, const char *ref,
	agentrun_error **err);

/* The limits that the configuration sets. */
agr_pipeline_limits agr_ctx_pipeline_limits(const agentrun_ctx *ctx);

#endif
