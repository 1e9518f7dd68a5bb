/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
#include "base/file.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"

static int raise_fault(agentrun_error **err, const char *path, int fault)
{
	int code = AGENTRUN_EIO;

	if (fault == ENOMEM)
		return agr_error_oom(err);
	if (fault == ENOENT || fault == ENOTDIR)
		code = AGENTRUN_ENOTFOUND;
	return agentrun_error_raise(err, code, "%s: %s", path, strerror(fault));
}

int agr_file_read(agr_buf *out, const char *path, agentrun_error **err)
{
	FILE *file = fopen(path, "re");
	char block[16384];
	size_t n;
	int fault;

	if (!file)
		return raise_fault(err, path, errno);
	errno = 0;
	while (!out->failed && (n = fread(block, 1, sizeof(block), file)) > 0)
		agr_buf_add(out, block, n);
	fault = ferror(file) ? errno : 0;
	fclose(file);
	if (fault)
		return raise_fault(err, path, fault);
	agr_buf_add(out, "", 0);
	return agr_buf_check(out, path, err);
}
