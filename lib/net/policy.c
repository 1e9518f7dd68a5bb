/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
#include "net/policy.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

struct range4 {
	uint32_t base;
	unsigned bits;
};

/* IANA IPv4 special-purpose address registry: not globally reachable. */
static const struct range4 special4[] = {
	{ 0x00000000, 8 },  /* this network */
	{ 0x0a000000, 8 },  /* private */
	{ 0x64400000, 10 }, /* shared (carrier NAT) */
	{ 0x7f000000, 8 },  /* loopback */
	{ 0xa9fe0000, 16 }, /* link local, cloud metadata */
	{ 0xac100000, 12 }, /* private */
	{ 0xc0000000, 24 }, /* IETF protocol assignments */
	{ 0xc0000200, 24 }, /* documentation */
	{ 0xc0586300, 24 }, /* 6to4 relay */
	{ 0xc0a80000, 16 }, /* private */
	{ 0xc6120000, 15 }, /* benchmarking */
	{ 0xc6336400, 24 }, /* documentation */
	{ 0xcb007100, 24 }, /* documentation */
	{ 0xe0000000, 4 },  /* multicast */
	{ 0xf0000000, 4 },  /* reserved, broadcast */
};

struct range6 {
	unsigned char base[16];
	unsigned bits;
};

/* Inside 2000::/3, the only space that is allotted for global unicast. */
static const struct range6 special6[] = {
	{ { 0x20, 0x01, 0x00 }, 23 },             /* IETF protocol assignments */
	{ { 0x20, 0x01, 0x0d, 0xb8 }, 32 },       /* documentation */
	{ { 0x3f, 0xff }, 20 },                   /* documentation */
};

static const struct range6 global6 = { { 0x20 }, 3 };
static const struct range6 mapped4 = { { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff }, 96 };
static const struct range6 nat64 = { { 0x00, 0x64, 0xff, 0x9b }, 96 };
static const struct range6 six_to_four = { { 0x20, 0x02 }, 16 };

static bool in_range6(const unsigned char *a, const struct range6 *range)
{
	unsigned whole = range->bits / 8, rest = range->bits % 8;

	if (memcmp(a, range->base, whole) != 0)
		return false;
	return !rest || (a[whole] ^ range->base[whole]) >> (8 - rest) == 0;
}

static bool is_public4(uint32_t address)
{
	for (size_t i = 0; i < AGR_COUNT(special4); i++)
		if ((address ^ special4[i].base) >> (32 - special4[i].bits) == 0)
			return false;
	return true;
}

static uint32_t read4(const unsigned char *p)
{
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static bool is_public6(const unsigned char *a)
{
	/* An IPv4 address inside an IPv6 one is judged as what it leads to. */
	if (in_range6(a, &mapped4) || in_range6(a, &nat64))
		return is_public4(read4(a + 12));
	if (in_range6(a, &six_to_four))
		return is_public4(read4(a + 2));
	if (!in_range6(a, &global6))
		return false;
	for (size_t i = 0; i < AGR_COUNT(special6); i++)
		if (in_range6(a, &special6[i]))
			return false;
	return true;
}

bool agr_policy_address_allowed(const agentrun_config *config,
	const struct sockaddr *address)
{
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;

	if (address->sa_family == AF_INET) {
		memcpy(&v4, address, sizeof(v4));
		return agentrun_config_get_bool(config, "http.allow_private_networks", 0) ||
			is_public4(ntohl(v4.sin_addr.s_addr));
	}
	if (address->sa_family == AF_INET6) {
		memcpy(&v6, address, sizeof(v6));
		return agentrun_config_get_bool(config, "http.allow_private_networks", 0) ||
			is_public6(v6.sin6_addr.s6_addr);
	}
	return false;
}

/* A list item: a name, or `*.name` for everything below it. */
static bool pattern_matches(const char *pattern, size_t len, const char *host)
{
	size_t n = strlen(host);

	if (n && host[n - 1] == '.')
		n--; /* a fully qualified name is the same name */
	if (len > 2 && pattern[0] == '*' && pattern[1] == '.') {
		pattern++;
		len--;
		if (n <= len)
			return false;
		host += n - len;
		n = len;
	}
	if (n != len)
		return false;
	for (size_t i = 0; i < n; i++)
		if (agr_to_lower(pattern[i]) != agr_to_lower(host[i]))
			return false;
	return true;
}

static bool list_names(const char *list, const char *host)
{
	while (list && *list) {
		size_t n = strcspn(list, "\n");

		if (pattern_matches(list, n, host))
			return true;
		list += n + (list[n] == '\n');
	}
	return false;
}

static bool is_dotted_quad(const char *host)
{
	struct in_addr address;

	return inet_pton(AF_INET, host, &address) == 1;
}

/* Forms that resolvers read as IPv4 although they are no dotted quad: 127.1,
 * 0x7f.0.0.1, 2130706433, 0177.0.0.1. Their last label is numeric. */
static bool is_numeric_form(const char *host)
{
	size_t n = strlen(host);
	const char *label;

	while (n && host[n - 1] == '.')
		n--;
	label = host + n;
	while (label > host && label[-1] != '.')
		label--;
	n -= (size_t)(label - host);
	if (!n)
		return true;
	if (n >= 2 && label[0] == '0' && (label[1] == 'x' || label[1] == 'X'))
		return strspn(label + 2, "0123456789abcdefABCDEF") >= n - 2;
	return strspn(label, "0123456789") >= n;
}

static bool is_name(const char *host)
{
	size_t n = strlen(host);

	if (!n || n > 253 || *host == '.')
		return false;
	for (size_t i = 0; i < n; i++) {
		unsigned char c = (unsigned char)host[i];

		if (!agr_is_alpha((char)c) && !agr_is_digit((char)c) && c != '-' &&
			c != '.' && c != '_' && c < 0x80)
			return false;
	}
	return true;
}

static bool is_ipv6_literal(const char *host)
{
	struct in6_addr address;
	char text[INET6_ADDRSTRLEN];
	size_t n = strlen(host);

	if (n < 4 || *host != '[' || host[n - 1] != ']' || n - 2 >= sizeof(text))
		return false;
	memcpy(text, host + 1, n - 2);
	text[n - 2] = '\0';
	return inet_pton(AF_INET6, text, &address) == 1;
}

int agr_policy_check_host(const agentrun_config *config, const char *host,
	bool *trusted, agentrun_error **err)
{
	*trusted = false;
	if (list_names(agentrun_config_get(config, "http.deny_hosts"), host))
		return agentrun_error_raise(err, AGENTRUN_EPOLICY,
			"the host %s is refused by http.deny_hosts", host);
	if (!is_ipv6_literal(host) && !is_dotted_quad(host)) {
		if (is_numeric_form(host) || !is_name(host))
			return agentrun_error_raise(err, AGENTRUN_EPOLICY,
				"the host \"%s\" is refused: write a name, a dotted-quad IPv4 "
				"or a bracketed IPv6 address", host);
	}
	*trusted = list_names(agentrun_config_get(config, "http.allow_hosts"), host);
	return 0;
}
