/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
/*
 * queue - what is the same over every queue backend: a job, its lease and what
 * its consumer says of it (job.c), and the checked table of a backend behind the
 * public calls (queue.c). No job reaches a backend's settle() that does not say
 * how it ends, and no struct of a caller's in a layout that is not ours.
 */
#ifndef AGR_QUEUE_H
#define AGR_QUEUE_H

#include <agentrun/sys/queue.h>

#include "base/base.h"

/* Was it accepted, released or rejected, whether or not that is done? */
bool agr_job_is_decided(const agentrun_job *job);
/* Has its backend journals? */
bool agr_queue_has_journal(const agentrun_queue *queue);
/* Can it tell what nodes put out? */
bool agr_queue_has_outputs(const agentrun_queue *queue);

#endif
