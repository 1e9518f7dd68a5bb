/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
/*
 * guard - a patch that names nodes and edges by their places, made to be refused where they
 * stand at others: before each operation through such a place is a `test` of the node's id
 * that is there, or of the edge's ends.
 */
#ifndef AGR_GUARD_H
#define AGR_GUARD_H

#include "table/scan.h"

/* Write the operations, a JSON array, to the empty buffer. `workflow` is in the form with
 * arrays, and `patch`, any form of one, can be applied to it. */
int agr_guard_write(agr_buf *out, agr_span workflow, agr_span patch, agentrun_error **err);

#endif
