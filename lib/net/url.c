/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
#include "net/url.h"

#include <string.h>
#include <strings.h>

bool agr_is_header_safe(const char *text)
{
	for (; *text; text++)
		if (((unsigned char)*text < 0x20 && *text != '\t') || *text == 0x7f)
			return false;
	return true;
}

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

static int refuse(agentrun_error **err, const char *url, const char *why)
{
	return agentrun_error_raise(err, AGENTRUN_EINPUT, "the url \"%.200s\" %s", url, why);
}

/* `p` is behind the "//" of `url`. */
static int take_host(const char *url, const char *p, char **host, agentrun_error **err)
{
	const char *end = p + strcspn(p, "/?#"), *stop;

	for (const char *c = p; c < end; c++)
		if (*c == '@')
			p = c + 1;
	stop = memchr(p, *p == '[' ? ']' : ':', (size_t)(end - p));
	if (stop && *p == '[')
		stop++;
	if (!stop)
		stop = end;
	if (stop == p)
		return refuse(err, url, "names no host");
	for (const char *c = p; c < stop; c++)
		if ((unsigned char)*c >= 0x80)
			return refuse(err, url, "has a host that is not ASCII: write it as xn--...");
	*host = agr_strndup(p, (size_t)(stop - p));
	return *host ? 0 : agr_error_oom(err);
}

static int check(const char *url, bool relative, char **host, agentrun_error **err)
{
	const char *p = url;

	*host = NULL;
	if (strncasecmp(p, "http:", 5) == 0)
		p += 5;
	else if (strncasecmp(p, "https:", 6) == 0)
		p += 6;
	if (strncmp(p, "//", 2) != 0 || (p == url && !relative))
		return agentrun_error_raise(err, AGENTRUN_EPOLICY,
			"only http:// and https:// addresses can be requested, not \"%.200s\"",
			url);
	for (const char *c = url; *c; c++)
		if ((unsigned char)*c <= 0x20 || *c == 0x7f)
			return refuse(err, url, "holds a space or a control character: write it as "
				"%20 and the like");
	if (strchr(url, '\\'))
		return refuse(err, url, "holds a backslash");
	return take_host(url, p + 2, host, err);
}

int agr_url_check(const char *url, char **host, agentrun_error **err)
{
	return check(url, false, host, err);
}

int agr_url_check_location(const char *url, char **host, agentrun_error **err)
{
	return check(url, true, host, err);
}
