/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
#include <agentrun/common.h>

const char *agentrun_version(void)
{
	return AGENTRUN_VERSION;
}

uint32_t agentrun_version_number(void)
{
	return AGENTRUN_VERSION_NUMBER;
}
