/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
#include "pipeline/url.h"

#include <string.h>

static void escape_byte(agr_buf *out, char c)
{
	agr_buf_printf(out, "%%%02X", (unsigned)(unsigned char)c);
}

void agr_url_escape(agr_buf *out, const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		char c = text[i];

		if (agr_is_alpha(c) || agr_is_digit(c) || (c && strchr("-._~", c)))
			agr_buf_char(out, c);
		else
			escape_byte(out, c);
	}
}

void agr_url_write(agr_buf *out, const char *url)
{
	for (; *url && *url != '#'; url++) {
		if ((unsigned char)*url < 0x80)
			agr_buf_char(out, *url);
		else
			escape_byte(out, *url);
	}
}

static int refuse(agentrun_error **err, const char *why)
{
	return agentrun_error_raise(err, AGENTRUN_EINPUT,
		"url must be an http or https URL: %s", why);
}

static const char *after_scheme(const char *url)
{
	static const char *const schemes[] = { "http://", "https://" };

	for (size_t i = 0; i < AGR_COUNT(schemes); i++) {
		const char *p = url, *s = schemes[i];

		while (*s && agr_to_lower(*p) == *s) {
			p++;
			s++;
		}
		if (!*s)
			return p;
	}
	return NULL;
}

int agr_url_check(const char *url, char **host, agentrun_error **err)
{
	const char *p = after_scheme(url), *end, *stop;

	if (!p)
		return refuse(err, "it begins otherwise");
	for (const char *c = url; *c; c++)
		if ((unsigned char)*c <= 0x20 || *c == 0x7f)
			return refuse(err,
				"it holds a space or a control character, which must "
					   "be written as %20 and the like");
	end = p + strcspn(p, "/?#\\");
	if (*end == '\\')
		return refuse(err, "it holds a backslash");
	for (const char *c = p; c < end; c++)
		if (*c == '@')
			p = c + 1;
	if (*p == '[')
		for (stop = p; stop < end && stop[-1] != ']';)
			stop++;
	else
		stop = p + strcspn(p, ":/?#");
	if (stop > end)
		stop = end;
	if (stop == p)
		return refuse(err, "it names no host");
	for (const char *c = p; c < stop; c++)
		if ((unsigned char)*c >= 0x80)
			return refuse(err, "its host is not ASCII (write it as xn--...)");
	*host = agr_strndup(p, (size_t)(stop - p));
	return *host ? 0 : agr_error_oom(err);
}
