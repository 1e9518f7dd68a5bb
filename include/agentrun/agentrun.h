/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
/**
 * @file
 * Everything a user of libagentrun needs. Extenders include what they fill in
 * from agentrun/sys/.
 */
#ifndef AGENTRUN_H
#define AGENTRUN_H

#include <agentrun/common.h>
#include <agentrun/config.h>
#include <agentrun/ctx.h>
#include <agentrun/engine.h>
#include <agentrun/error.h>
#include <agentrun/intent.h>
#include <agentrun/memory.h>
#include <agentrun/patch.h>
#include <agentrun/pipeline.h>
#include <agentrun/plan.h>
#include <agentrun/queue.h>
#include <agentrun/store.h>
#include <agentrun/worker.h>

#endif
