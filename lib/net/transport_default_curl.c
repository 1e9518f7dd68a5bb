/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
#include "ctx/ctx.h"

const agentrun_transport_open_fn agr_transport_default = agentrun_curl_transport_open;
