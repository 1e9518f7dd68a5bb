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

#endif
