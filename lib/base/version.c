/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
#include <agentrun/common.h>

const char *agentrun_version(void)
{
	return AGENTRUN_VERSION;
}
