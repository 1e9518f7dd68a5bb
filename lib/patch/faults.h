/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
/*
 * faults - everything that is wrong with a patch or a workflow, gathered so that
 * a refusal lists all of it. Memory that runs out is remembered and told at the
 * end.
 */
#ifndef AGR_FAULTS_H
#define AGR_FAULTS_H

#include "base/base.h"

typedef struct agr_faults {
	agr_buf text; /* lines, each ended by a NUL */
	size_t n;     /* faults met; only the first AGR_FAULTS_KEPT are in `text` */
} agr_faults;

#define AGR_FAULTS_KEPT 1000
#define AGR_FAULTS_INIT                                                                  \
	{                                                                                \
		AGR_BUF_INIT, 0                                                          \
	}

void agr_faults_add(agr_faults *faults, const char *fmt, ...) AGENTRUN_PRINTF(2, 3);

/* 0 when there are none; else AGENTRUN_EPATCH with each as a violation. `what`
 * begins the message: "the patch is refused". */
int agr_faults_raise(const agr_faults *faults, const char *what, agentrun_error **err);
void agr_faults_free(agr_faults *faults);

#endif
