/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
#include "base/file.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

int agr_file_read(agr_buf *out, const char *path, agentrun_error **err)
{
	FILE *file = fopen(path, "re");
	char block[16384];
	size_t n;
	int fault;

	if (!file)
		return agentrun_error_raise(err,
			errno == ENOENT || errno == ENOTDIR ? AGENTRUN_ENOTFOUND : AGENTRUN_EIO,
			"%s: %s", path, strerror(errno));
	errno = 0;
	while (!out->failed && (n = fread(block, 1, sizeof(block), file)) > 0)
		agr_buf_add(out, block, n);
	fault = ferror(file) ? errno : 0;
	fclose(file);
	if (fault)
		return agentrun_error_raise(err, AGENTRUN_EIO, "%s: %s", path, strerror(fault));
	agr_buf_add(out, "", 0);
	return agr_buf_check(out, path, err);
}
