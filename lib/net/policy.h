/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
/*
 * policy - which hosts and addresses requests made on behalf of a prompt may
 * reach. Two questions: is the host's text acceptable (asked of every URL,
 * redirects included), and is the address that was resolved acceptable (asked of
 * the socket address that is about to be connected to, so that DNS cannot say
 * one thing to the check and another to the connection).
 */
#ifndef AGR_POLICY_H
#define AGR_POLICY_H

#include <stdbool.h>
#include <sys/socket.h>

#include <agentrun/config.h>

#include "base/base.h"

/* `host` as it stands in a URL: a name, a dotted quad, or a bracketed IPv6
 * literal. `*trusted` is set when http.allow_hosts names it: then its addresses
 * are not judged. */
int agr_policy_check_host(const agentrun_config *config, const char *host,
	bool *trusted, agentrun_error **err);

/* Is this a public address (IANA special-purpose registries), or are private
 * networks allowed? */
bool agr_policy_address_allowed(const agentrun_config *config,
	const struct sockaddr *address);

#endif
