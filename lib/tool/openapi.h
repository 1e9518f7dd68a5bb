/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
/*
 * openapi - an operation of an OpenAPI 3 document as a pipeline of one http_request, so
 * that everything that holds for that step (addresses, limits, credentials, statuses)
 * holds here. Pure.
 *
 * Path, query, header and cookie parameters go where the document says; a body is the
 * member `body` of the arguments' params, else what of params is no parameter.
 */
#ifndef AGR_OPENAPI_H
#define AGR_OPENAPI_H

#include "table/scan.h"

/* `arguments` are those of the tool openapi_action. AGENTRUN_EINPUT says what is missing
 * or wrong, for a model to mend. */
int agr_openapi_pipeline(agr_buf *out, agr_span document, const char *document_url,
	agr_span arguments, agentrun_error **err);

#endif
