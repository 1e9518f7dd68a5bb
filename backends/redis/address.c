/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "conn.h"

#define DEFAULT_PORT 6379

static int oom(agentrun_error **err)
{
	return agentrun_error_raise(err, AGENTRUN_ENOMEM, "out of memory");
}

/* The password stays out of the message. */
static int wrong(agentrun_error **err, const char *what)
{
	return agentrun_error_raise(err, AGENTRUN_ECONFIG, "the Redis url %s: write "
		"redis://[[user]:password@]host[:port][/db] or unix:///path[?db=N]", what);
}

static int hex_of(char c)
{
	const char *digits = "0123456789abcdef", *at;

	at = c ? strchr(digits, c >= 'A' && c <= 'F' ? c + 32 : c) : NULL;
	return at ? (int)(at - digits) : -1;
}

/* A copy without the percent signs; NULL when out of memory. `*bad`: an escape
 * that is none, or a NUL. */
static char *decoded(const char *text, size_t len, bool *bad)
{
	char *copy = len < SIZE_MAX ? malloc(len + 1) : NULL, *to = copy;

	for (size_t i = 0; copy && i < len; i++) {
		int high, low;

		if (text[i] != '%') {
			*to++ = text[i];
			continue;
		}
		high = i + 2 < len ? hex_of(text[i + 1]) : -1;
		low = high >= 0 ? hex_of(text[i + 2]) : -1;
		if (low < 0 || (high == 0 && low == 0)) {
			*bad = true;
			break;
		}
		*to++ = (char)(high * 16 + low);
		i += 2;
	}
	if (copy)
		*to = '\0';
	return copy;
}

static int copy_part(char **out, const char *text, size_t len, const char *what,
	agentrun_error **err)
{
	bool bad = false;

	free(*out);
	*out = decoded(text, len, &bad);
	if (!*out)
		return oom(err);
	return bad ? wrong(err, what) : 0;
}

static bool number_of(const char *text, size_t len, long max, int *out)
{
	long number = 0;

	if (!len || len > 6)
		return false;
	for (size_t i = 0; i < len; i++) {
		if (text[i] < '0' || text[i] > '9')
			return false;
		number = number * 10 + (text[i] - '0');
	}
	*out = (int)number;
	return number <= max;
}

/* user:password, before the @ */
static int read_user(redis_address *out, const char *text, size_t len,
	agentrun_error **err)
{
	const char *colon = memchr(text, ':', len);
	size_t user = colon ? (size_t)(colon - text) : len;
	int r = 0;

	if (user)
		r = copy_part(&out->user, text, user, "has a wrong user", err);
	if (r == 0 && colon)
		r = copy_part(&out->password, colon + 1, len - user - 1,
			"has a wrong password", err);
	return r;
}

/* host:port, where an IPv6 address stands in brackets */
static int read_host(redis_address *out, const char *text, size_t len,
	agentrun_error **err)
{
	const char *end = text + len, *close, *colon;

	if (len && *text == '[') {
		close = memchr(text, ']', len);
		if (!close)
			return wrong(err, "lacks a ]");
		colon = close + 1;
		text++;
		len = (size_t)(close - text);
	} else {
		colon = memchr(text, ':', len);
		len = colon ? (size_t)(colon - text) : len;
		colon = colon ? colon : end;
	}
	if (colon < end && (*colon != ':' ||
		!number_of(colon + 1, (size_t)(end - colon - 1), 65535, &out->port) || !out->port))
		return wrong(err, "has a wrong port");
	if (!len)
		return copy_part(&out->host, "localhost", 9, "", err);
	return copy_part(&out->host, text, len, "has a wrong host", err);
}

/* ?db=N is all that is known. */
static int read_query(redis_address *out, const char *text, agentrun_error **err)
{
	if (!*text)
		return 0;
	if (strncmp(text, "?db=", 4) != 0 ||
		!number_of(text + 4, strlen(text + 4), 65535, &out->db))
		return wrong(err, "has an option that is not known");
	return 0;
}

static int read_server(redis_address *out, const char *text, agentrun_error **err)
{
	const char *end = text + strcspn(text, "/?"), *at = NULL, *query;
	int r = 0;

	for (const char *p = text; p < end; p++)
		if (*p == '@')
			at = p;
	out->port = DEFAULT_PORT;
	if (at)
		r = read_user(out, text, (size_t)(at - text), err);
	if (r == 0)
		r = read_host(out, at ? at + 1 : text, (size_t)(end - (at ? at + 1 : text)), err);
	if (r < 0)
		return r;
	query = end + strcspn(end, "?");
	if (query - end > 1 &&
		!number_of(end + 1, (size_t)(query - end - 1), 65535, &out->db))
		return wrong(err, "has a wrong database");
	return read_query(out, query, err);
}

int redis_address_parse(redis_address *out, const char *url, agentrun_error **err)
{
	const char *query = url + strcspn(url, "?"), *at;
	int r = 0;

	if (strncmp(url, "redis://", 8) == 0)
		return read_server(out, url + 8, err);
	if (strncmp(url, "rediss://", 9) == 0) {
		out->tls = true;
		return read_server(out, url + 9, err);
	}
	if (strncmp(url, "unix://", 7) != 0)
		return wrong(err, "is of a kind that is not known");
	url += 7;
	at = memchr(url, '@', (size_t)(query - url));
	if (at)
		r = read_user(out, url, (size_t)(at - url), err);
	url = at ? at + 1 : url;
	if (r == 0 && *url != '/')
		r = wrong(err, "lacks a path");
	if (r == 0)
		r = copy_part(&out->path, url, (size_t)(query - url), "has a wrong path", err);
	return r < 0 ? r : read_query(out, query, err);
}

int redis_address_finish(redis_address *address, agentrun_error **err)
{
	char label[300];

#ifndef REDIS_HAVE_TLS
	if (address->tls)
		return agentrun_error_raise(err, AGENTRUN_ECONFIG, "this build cannot speak TLS "
			"to Redis: it wants hiredis 1.0 or later; use redis:// or a tunnel");
#endif
	if (address->path)
		snprintf(label, sizeof(label), "%s", address->path);
	else
		snprintf(label, sizeof(label), "%s:%d", address->host, address->port);
	address->label = strdup(label);
	return address->label ? 0 : oom(err);
}

void redis_address_free(redis_address *address)
{
	free(address->host);
	free(address->path);
	free(address->user);
	free(address->password);
	free(address->label);
	memset(address, 0, sizeof(*address));
}
