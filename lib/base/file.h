/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
/* file - read a small file whole. */
#ifndef AGR_FILE_H
#define AGR_FILE_H

#include "base/buf.h"

/* Append the file's bytes, up to the buffer's ceiling. AGENTRUN_ENOTFOUND,
 * AGENTRUN_EIO (also for a directory), AGENTRUN_ELIMIT, AGENTRUN_ENOMEM; the
 * message names the path. */
int agr_file_read(agr_buf *out, const char *path, agentrun_error **err);

#endif
