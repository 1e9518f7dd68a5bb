/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
/*
 * query - jq's language through libjq, where it is built in; the sole includer of
 * jq.h. A query sees its input and nothing else: no files, no environment, no other
 * inputs, and it writes nowhere.
 *
 * libjq recurses as deep as its values, so it works on a thread of its own with a deep
 * stack. Where it notices that memory ran out, a jump leads out of it, and what it held
 * is lost; where it does not, and where an assertion of its own fails (1.6 has one for
 * `.[nan:]`), it ends the process, and nothing here can help that.
 *
 * A query may be run by many threads at once.
 */
#ifndef AGR_JQ_QUERY_H
#define AGR_JQ_QUERY_H

#include "table/scan.h"

typedef struct agr_jq agr_jq;

/* AGENTRUN_EINPUT: the query is wrong, or libjq is not built in. No NUL in it. */
int agr_jq_new(agr_jq **out, const char *query, agentrun_error **err);
void agr_jq_free(agr_jq *jq); /* NULL ok */

typedef struct agr_jq_limits {
	size_t max_depth; /* of what comes out; 0: AGR_DEPTH_DEFAULT */
	/* Asked every few milliseconds: 0, or an error, which ends the run. */
	int (*check)(void *user, agentrun_error **err);
	void *user;
} agr_jq_limits;

/*
 * What the query gives for `in`, appended to `made`, where *out then lies: of one
 * output that, else the array of all. Numbers are doubles in jq. AGENTRUN_EPIPELINE:
 * the query failed; AGENTRUN_ELIMIT: what comes out is too deep or too large.
 */
int agr_jq_run(agr_jq *jq, agr_span in, const agr_jq_limits *limits, agr_buf *made,
	agr_span *out, agentrun_error **err);

#endif
