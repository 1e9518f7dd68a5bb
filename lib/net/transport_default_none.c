/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
/* For the command line, which loads libcurl only when a request is made. */
#include "ctx/ctx.h"

const agr_transport_new_fn agr_transport_default = NULL;
