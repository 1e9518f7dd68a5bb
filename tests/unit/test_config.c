/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
#include "unit.h"

#include <stdio.h>
#include <unistd.h>

#include <agentrun/config.h>

static agentrun_config *config;
static agentrun_error *err;

static void setup(void)
{
	ck_assert_int_eq(agentrun_config_new(&config, NULL), 0);
	err = NULL;
}

static void teardown(void)
{
	agentrun_config_free(config);
	agentrun_error_free(err);
}

static int load(const char *yaml)
{
	return agentrun_config_load_text(config, "c.yaml", yaml, strlen(yaml), &err);
}

static void refused(const char *yaml, const char *message)
{
	ck_assert_int_eq(load(yaml), AGENTRUN_ECONFIG);
	ck_assert_str_eq(agentrun_error_message(err), message);
}

START_TEST(defaults_stand_without_a_file)
{
	ck_assert_int_eq(agentrun_config_get_int(config, "service.port", -1), 8082);
	ck_assert_str_eq(agentrun_config_get(config, "redis.job_queue"), "agent:jobs");
	ck_assert_int_eq(agentrun_config_get_bool(config, "redis.tls", 1), 0);
	ck_assert_int_eq(agentrun_config_get_bool(config, "storage.cas_enabled", 0), 1);
	ck_assert_ptr_null(agentrun_config_get(config, "llm.model"));
	ck_assert_ptr_null(agentrun_config_get(config, "no.such"));
}
END_TEST

START_TEST(a_file_is_read_by_its_table)
{
	ck_assert_int_eq(load("service: {port: 9000}\nstorage:\n  backend: sqlite\n"
		"http:\n  allow_hosts: [a.example, 'b.example']\n"
		"auth_profiles:\n  shop: {type: bearer, value: x}\nllm:\n"), 0);
	ck_assert_int_eq(agentrun_config_get_int(config, "service.port", -1), 9000);
	ck_assert_str_eq(agentrun_config_get(config, "http.allow_hosts"),
		"a.example\nb.example");
	ck_assert_str_eq(agentrun_config_get(config, "auth_profiles.shop.type"), "bearer");
}
END_TEST

START_TEST(unknown_key_says_where)
{
	refused("service:\n  port: 1\n  colour: red\n", "c.yaml:3:3: unknown key \"service.colour\"");
}
END_TEST

START_TEST(wrong_type_says_where)
{
	refused("service:\n  port: many\n",
		"c.yaml:2:9: service.port wants a whole number, not \"many\"");
}
END_TEST

START_TEST(wrong_shape_says_where)
{
	refused("service: 5\n", "c.yaml:1:10: a section of keys is wanted for \"service\"");
}
END_TEST

START_TEST(broken_yaml_says_where)
{
	ck_assert_int_eq(load("a: [1,\nb: }"), AGENTRUN_ECONFIG);
	ck_assert_uint_eq(agentrun_error_line(err), 2);
}
END_TEST

START_TEST(deep_nesting_is_refused_at_once)
{
	static char deep[200001];

	memset(deep, '[', 100000);
	memset(deep + 100000, ']', 100000);
	refused(deep, "c.yaml:1:33: nested deeper than 32 levels");
}
END_TEST

START_TEST(a_key_that_stands_twice_is_refused)
{
	refused("llm: {model: a}\nllm: {model: b}\n", "c.yaml:2:1: this key stands twice: \"llm\"");
}
END_TEST

START_TEST(a_failed_file_changes_nothing)
{
	ck_assert_int_eq(load("service: {port: 1, host: }\nredis: {db: -1}\n"), AGENTRUN_ECONFIG);
	ck_assert_int_eq(agentrun_config_get_int(config, "service.port", -1), 8082);
}
END_TEST

START_TEST(variables_are_replaced)
{
	setenv("AGR_TEST_MODEL", "m-1", 1);
	unsetenv("AGR_TEST_NONE");
	ck_assert_int_eq(load("llm:\n  model: x-${AGR_TEST_MODEL}-${AGR_TEST_NONE:-d}\n"), 0);
	ck_assert_str_eq(agentrun_config_get(config, "llm.model"), "x-m-1-d");
	refused("llm:\n  model: ${AGR_TEST_NONE}\n",
		"c.yaml:2:10: the variable AGR_TEST_NONE is not set: set it, or write "
		"${AGR_TEST_NONE:-default}");
}
END_TEST

START_TEST(a_dotenv_beside_the_file_is_read_first)
{
	char dir[] = "/tmp/agentrun-config-XXXXXX", path[64], env[64];
	FILE *file;

	ck_assert_ptr_nonnull(mkdtemp(dir));
	snprintf(path, sizeof(path), "%s/c.yaml", dir);
	snprintf(env, sizeof(env), "%s/.env", dir);
	file = fopen(env, "w");
	fputs("# keys\nexport AGR_TEST_DOT=\"from file\"\nAGR_TEST_BOTH=file # why\nPORT=9999\n", file);
	fclose(file);
	file = fopen(path, "w");
	fputs("llm: {model: '${AGR_TEST_DOT}', base_url: '${AGR_TEST_BOTH}'}\n", file);
	fclose(file);
	unsetenv("PORT");
	setenv("AGR_TEST_BOTH", "process", 1);
	ck_assert_int_eq(agentrun_config_load_file(config, path, &err), 0);
	ck_assert_str_eq(agentrun_config_get(config, "llm.model"), "from file");
	ck_assert_str_eq(agentrun_config_get(config, "llm.base_url"), "process");
	ck_assert_int_eq(agentrun_config_load_env(config, &err), 0);
	ck_assert_int_eq(agentrun_config_get_int(config, "service.port", -1), 9999);
	unlink(path);
	unlink(env);
	rmdir(dir);
	ck_assert_int_eq(agentrun_config_load_file(config, path, &err), AGENTRUN_ENOTFOUND);
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		defaults_stand_without_a_file,
		a_file_is_read_by_its_table,
		unknown_key_says_where,
		wrong_type_says_where,
		wrong_shape_says_where,
		broken_yaml_says_where,
		deep_nesting_is_refused_at_once,
		a_key_that_stands_twice_is_refused,
		a_failed_file_changes_nothing,
		variables_are_replaced,
		a_dotenv_beside_the_file_is_read_first,
		NULL,
	};

	return unit_main(unit_suite_with("config", tests, setup, teardown));
}
