/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
#include "net/url.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

bool agr_is_header_safe(const char *text)
{
	for (; *text; text++)
		if (((unsigned char)*text < 0x20 && *text != '\t') || *text == 0x7f)
			return false;
	return true;
}

static const char *after_scheme(const char *url)
{
	if (strncasecmp(url, "http:", 5) == 0)
		url += 5;
	else if (strncasecmp(url, "https:", 6) == 0)
		url += 6;
	return strncmp(url, "//", 2) == 0 ? url + 2 : NULL;
}

int agr_url_host(char **host, const char *url, agentrun_error **err)
{
	const char *p = after_scheme(url), *end, *at, *colon;

	*host = NULL;
	if (!p)
		return agentrun_error_raise(err, AGENTRUN_EPOLICY,
			"only http:// and https:// addresses can be requested, not \"%.200s\"",
			url);
	if (!agr_is_header_safe(url) || strpbrk(url, " \\"))
		return agentrun_error_raise(err, AGENTRUN_EINPUT,
			"the url holds a character that must be percent-encoded: \"%.200s\"", url);
	end = p + strcspn(p, "/?#");
	for (at = end; at > p && at[-1] != '@'; at--)
		;
	if (*at == '[')
		colon = memchr(at, ']', (size_t)(end - at));
	else
		colon = memchr(at, ':', (size_t)(end - at));
	if (colon && *at == '[')
		colon++;
	if (colon)
		end = colon;
	*host = agr_strndup(at, (size_t)(end - at));
	return *host ? 0 : agr_error_oom(err);
}
