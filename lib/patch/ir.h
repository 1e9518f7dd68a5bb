/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
/*
 * ir - a workflow as an engine runs it: `nodes` is an object keyed by id, each node lists
 * `dependencies` and `dependents`, and edges are implied. Wherever a workflow is read it may
 * be in that form, and becomes the one that patches are of, {nodes: [], edges: []}: nodes in
 * their order, then the edges that were written out, then those that are implied.
 */
#ifndef AGR_IR_H
#define AGR_IR_H

#include "table/scan.h"

/* Are its nodes an object, keyed by id? Of any value; p NULL: no. */
bool agr_ir_is(agr_span workflow);
/* Append it in the form that patches are of. An id is written once for each edge, so that a
 * short text may become a very long one: `out` is to have a ceiling. */
void agr_ir_write(agr_buf *out, agr_span ir);
/* If the workflow is in this form: 1, and it is in the other one from now on, in `room`. 0:
 * it is not, or is no workflow. `room` has a ceiling, too. */
int agr_ir_read(agr_span *workflow, agr_buf *room, agentrun_error **err);

#endif
