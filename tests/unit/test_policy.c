/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
#include "unit.h"

#include <arpa/inet.h>
#include <netinet/in.h>

#include "net/policy.h"

static agentrun_config *config;

static void setup(void)
{
	ck_assert_int_eq(agentrun_config_new(&config, NULL), 0);
}

static void teardown(void)
{
	agentrun_config_free(config);
}

static bool allowed(const char *address)
{
	struct sockaddr_storage any = { 0 };
	struct sockaddr_in *v4 = (struct sockaddr_in *)&any;
	struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)&any;

	if (inet_pton(AF_INET, address, &v4->sin_addr) == 1) {
		v4->sin_family = AF_INET;
	} else {
		ck_assert_int_eq(inet_pton(AF_INET6, address, &v6->sin6_addr), 1);
		v6->sin6_family = AF_INET6;
	}
	return agr_policy_address_allowed(config, (struct sockaddr *)&any);
}

static int host(const char *text, bool *trusted)
{
	return agr_policy_check_host(config, text, trusted, NULL);
}

START_TEST(only_public_addresses_are_reached)
{
	static const char *const refused[] = { "0.0.0.0", "10.1.2.3", "100.64.0.1", "127.0.0.1",
		"127.255.255.254", "169.254.169.254", "172.16.0.1", "172.31.255.255", "192.0.0.8",
		"192.0.2.1", "192.168.1.1", "198.18.0.1", "198.51.100.7", "203.0.113.9", "224.0.0.1",
		"255.255.255.255", "::", "::1", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "::127.0.0.1",
		"64:ff9b::7f00:1", "2002:7f00:1::", "fc00::1", "fd12::1", "fe80::1", "ff02::1",
		"2001:db8::1", "2001::1", "100::1", "3fff::1" };
	static const char *const open[] = { "1.1.1.1", "8.8.8.8", "172.32.0.1", "100.128.0.1",
		"192.0.1.1", "2606:4700::1111", "2a00:1450:4001::1", "64:ff9b::808:808" };

	for (size_t i = 0; i < AGR_COUNT(refused); i++)
		ck_assert_msg(!allowed(refused[i]), "%s", refused[i]);
	for (size_t i = 0; i < AGR_COUNT(open); i++)
		ck_assert_msg(allowed(open[i]), "%s", open[i]);
}
END_TEST

START_TEST(private_networks_can_be_allowed)
{
	agentrun_config_set(config, "http.allow_private_networks", "true", NULL);
	ck_assert(allowed("127.0.0.1"));
	ck_assert(allowed("fd12::1"));
}
END_TEST

START_TEST(other_numeric_forms_of_a_host_are_refused)
{
	static const char *const refused[] = { "127.1", "2130706433", "0x7f.0.0.1", "0177.0.0.1",
		"0x7f000001", "127.0.0.1.", "1.2.3", "example.0x7f", "", ".", "a b", "[::1", "::1",
		"[fe80::1%25eth0]", "exa$mple" };
	static const char *const open[] = { "example.com", "example.com.", "1.2.3.4", "[::1]",
		"localhost", "a-b.c_d.example", "xn--bcher-kva.example" };
	bool trusted;

	for (size_t i = 0; i < AGR_COUNT(refused); i++)
		ck_assert_msg(host(refused[i], &trusted) == AGENTRUN_EPOLICY, "%s", refused[i]);
	for (size_t i = 0; i < AGR_COUNT(open); i++)
		ck_assert_msg(host(open[i], &trusted) == 0 && !trusted, "%s", open[i]);
}
END_TEST

START_TEST(hosts_can_be_allowed_and_denied)
{
	bool trusted;

	agentrun_config_set(config, "http.allow_hosts", "intra.example\n*.lab.example", NULL);
	agentrun_config_set(config, "http.deny_hosts", "bad.lab.example", NULL);
	ck_assert(host("INTRA.example", &trusted) == 0 && trusted);
	ck_assert(host("intra.example.", &trusted) == 0 && trusted);
	ck_assert(host("x.lab.example", &trusted) == 0 && trusted);
	ck_assert(host("lab.example", &trusted) == 0 && !trusted);
	ck_assert(host("xlab.example", &trusted) == 0 && !trusted);
	ck_assert_int_eq(host("bad.lab.example", &trusted), AGENTRUN_EPOLICY);
	ck_assert_int_eq(host("bad.lab.example.", &trusted), AGENTRUN_EPOLICY);
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		only_public_addresses_are_reached,
		private_networks_can_be_allowed,
		other_numeric_forms_of_a_host_are_refused,
		hosts_can_be_allowed_and_denied,
		NULL,
	};

	return unit_main(unit_suite_with("policy", tests, setup, teardown));
}
