/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
#ifndef AGENTRUN_GO_CONFORMANCE_SHIM_H
#define AGENTRUN_GO_CONFORMANCE_SHIM_H

#include <stdint.h>

/* How many checks failed, or an error. */
int agrgo_check_store(uintptr_t handle, int durable);
int agrgo_check_queue(uintptr_t handle, int wakes);

#endif
