/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
/*
 * orchestrator - the service that holds workflows: it takes patches and gives the
 * current workflow. An exchange is one request to it with its attempts. A state
 * machine that never blocks: it says what it wants and goes on when it has it. One
 * thread's at a time.
 *
 *     POST  URL/api/v1/runs/RUN_ID/patches           where the job has a run
 *     PATCH URL/api/v1/workflows/TAG/patch           else
 *     GET   URL/api/v1/workflows/TAG?materialize=true
 *
 * A patch carries an Idempotency-Key that is made from the job and the patch: however
 * often it is sent, by whatever process, the orchestrator can tell that it is the same.
 * No answer, 408, 429 and 5xx are tried again; other statuses above 299 are final. Where that is
 * given up, and an attempt may have landed the patch, the error says so.
 */
#ifndef AGR_ORCHESTRATOR_H
#define AGR_ORCHESTRATOR_H

#include <agentrun/sys/transport.h>

#include "ctx/ctx.h"
#include "table/scan.h"

typedef struct agr_exchange agr_exchange;

/* Whose patch it is. NULL: not known. */
typedef struct agr_patch_place {
	const char *job_id; /* not NULL */
	const char *run_id, *node_id, *workflow_tag, *workflow_owner;
} agr_patch_place;

/* Is there an orchestrator? */
bool agr_orchestrator_is_set(const agentrun_ctx *ctx);

/* Send a patch: `spec` is {"operations","description"} or the operations alone, valid
 * JSON. `guarded` (p NULL: nothing) is sent in place of its operations; it is the same patch,
 * and has the same key. AGENTRUN_EORCHESTRATOR: neither a run nor a tag says where to. */
int agr_exchange_patch(agr_exchange **out, agentrun_ctx *ctx, const agr_patch_place *place,
	agr_span spec, agr_span guarded, int64_t deadline_ms, agentrun_error **err);
/* Get a workflow. */
int agr_exchange_workflow(agr_exchange **out, agentrun_ctx *ctx, const char *tag,
	const char *owner, int64_t deadline_ms, agentrun_error **err);
void agr_exchange_free(agr_exchange *x); /* NULL ok */

enum {
	AGR_EXCHANGE_DONE = 0,
	AGR_EXCHANGE_WANTS_HTTP = 1, /* agr_exchange_request(), then agr_exchange_supply() */
	AGR_EXCHANGE_WANTS_TIME = 2  /* call again at agr_exchange_wake_ms() */
};

/* AGR_EXCHANGE_..., or the error that ends it: AGENTRUN_EORCHESTRATOR with status and
 * message, AGENTRUN_ETIMEDOUT. */
int agr_exchange_advance(agr_exchange *x, agentrun_error **err);

agentrun_http_request *agr_exchange_request(agr_exchange *x);
void agr_exchange_supply(agr_exchange *x, agentrun_http_event *take_event);
int64_t agr_exchange_wake_ms(const agr_exchange *x); /* monotonic */

/* What is asked for, as a digest: the same for the same patch to the same place. */
void agr_exchange_name(const agr_exchange *x, char hex[AGR_SHA256_HEX]);
/* It was done before, and this is what was answered then: it is done. */
int agr_exchange_recall(agr_exchange *x, const char *answer, size_t len,
	agentrun_error **err);

/* The answer of one that is done, a JSON object; lent. */
agr_span agr_exchange_answer(const agr_exchange *x);

#endif
