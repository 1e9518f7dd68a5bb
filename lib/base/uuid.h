/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
/* uuid - RFC 9562 identifiers, lower case, 36 characters and a NUL. */
#ifndef AGR_UUID_H
#define AGR_UUID_H

#include <agentrun/sys/error.h>

#define AGR_UUID_SIZE 37

/* Random (version 4). */
int agr_uuid_v4(char out[AGR_UUID_SIZE], agentrun_error **err);
/* Sortable by time (version 7), for identifiers that are listed in order. */
int agr_uuid_v7(char out[AGR_UUID_SIZE], agentrun_error **err);

#endif
