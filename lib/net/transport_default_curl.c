/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
#include "ctx/ctx.h"

const agr_transport_new_fn agr_transport_default = agentrun_curl_transport_new;
