/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
/* A configuration in YAML, with variables. What is refused changes nothing; what
 * is taken can be read, copied and taken again. */
#include <stdlib.h>
#include <string.h>

#include "config/config.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(int good)
{
	if (!good)
		abort();
}

static int same(const char *a, const char *b)
{
	return a && b ? strcmp(a, b) == 0 : a == b;
}

static void check_same(const agentrun_config *a, const agentrun_config *b)
{
	for (size_t i = 0; i < agr_config_keys_count; i++) {
		const char *key = agr_config_keys[i].name;

		must(same(agentrun_config_get(a, key), agentrun_config_get(b, key)));
		agentrun_config_get_int(a, key, -1);
		agentrun_config_get_bool(a, key, -1);
	}
}

static agentrun_config *fresh(void)
{
	agentrun_config *config;

	must(agentrun_config_new(&config, NULL) == 0);
	return config;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	agentrun_config *config = fresh(), *defaults = fresh(), *copy = NULL;
	agentrun_error *err = NULL;
	int r;

	setenv("V", "7", 1);
	setenv("EMPTY", "", 1);
	r = agentrun_config_load_text(config, "c.yaml", (const char *)data, size, &err);
	must(r == 0 || r == AGENTRUN_ECONFIG);
	must((r == 0) == (err == NULL));
	if (err) {
		must(agentrun_error_code(err) == r);
		must(strncmp(agentrun_error_message(err), "c.yaml:", 7) == 0);
		must(agentrun_error_line(err) > 0 && agentrun_error_column(err) > 0);
		check_same(config, defaults);
	} else {
		must(agr_config_copy(&copy, config, NULL) == 0);
		check_same(copy, config);
		must(agentrun_config_load_text(copy, "c.yaml", (const char *)data, size,
			NULL) == 0);
		check_same(copy, config);
	}
	agentrun_error_free(err);
	agentrun_config_free(copy);
	agentrun_config_free(defaults);
	agentrun_config_free(config);
	return 0;
}
