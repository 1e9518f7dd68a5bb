/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
/*
 * store - what is the same over every store backend: refs, ids, times, the
 * spill of large results into blobs, the check of a blob's digest.
 */
#ifndef AGR_STORE_H
#define AGR_STORE_H

#include <agentrun/store.h>

#include "base/base.h"

#define AGR_ARTIFACT_PREFIX "artifact://"
#define AGR_CAS_PREFIX "cas://"

/* Does the text look like a ref of either kind? */
bool agr_is_ref(const char *text);

/* Does a put wait for nothing but this process' memory? */
bool agr_store_is_local(const agentrun_store *store);
/* agentrun_store_put() of `n` records (1 to AGR_STORE_MOST), all or none. */
#define AGR_STORE_MOST 64
int agr_store_put_many(agentrun_buf *refs, agentrun_store *store,
	agentrun_record *const *records, size_t n, agentrun_error **err);

#endif
