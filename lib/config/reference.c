/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
/*
 * Prints docs/configuration.md: the table of keys, as people read it.
 *
 *     ninja -C build lib/config-reference && build/lib/config-reference > docs/configuration.md
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "config/config.h"

static const char head[] =
	"# Configuration\n\n"
	"Every key of `config.yaml`, made from the table that the parser reads by\n"
	"(`lib/config/keys.c`). A key in a section is indented below it:\n\n"
	"```yaml\n"
	"queue:\n"
	"  backoff:\n"
	"    base_ms: 500\n"
	"```\n\n"
	"`agentrun --config FILE` reads that file, else `$AGENTRUN_CONFIG`, else `./config.yaml`, else\n"
	"nothing; a program calls `agentrun_config_load_file()`. `${VAR}` and `${VAR:-default}` in a value\n"
	"are replaced from the environment and from a file `.env` beside the configuration, of which the\n"
	"environment counts. `REDIS_URL`, `REDIS_HOST`, `REDIS_PORT`, `ORCHESTRATOR_URL` and `PORT` stand\n"
	"above the file. An unknown key, a value of the wrong type and a variable that is not set are\n"
	"errors with line and column. `*` is a name of your own. A list is one of YAML, or one value.\n";

/* Text in a cell: a bar would end it. */
static void print_cell(const char *text)
{
	for (; *text; text++)
		printf(*text == '|' ? "\\|" : "%c", *text);
}

static void print_choices(const char *choices)
{
	for (const char *p = choices; *p;) {
		size_t n = strcspn(p, "|");

		printf("%s`%.*s`", p == choices ? "" : ", ", (int)n, p);
		p += n + (p[n] == '|');
	}
}

static void print_type(const agr_config_key *key)
{
	switch (key->type) {
	case AGR_KEY_INT:
		printf("whole number, from %" PRId64, key->min);
		if (key->max)
			printf(" to %" PRId64, key->max);
		break;
	case AGR_KEY_NUMBER:
		printf(key->max ? "number, 0 to %" PRId64 : "number, from 0", key->max);
		break;
	case AGR_KEY_BOOL:
		printf("`true`, `false`");
		break;
	case AGR_KEY_CHOICE:
		print_choices(key->choices);
		break;
	case AGR_KEY_LIST:
		printf("list of texts");
		break;
	default:
		printf("text");
	}
}

static void print_key(const agr_config_key *key)
{
	printf("| `%s` | ", key->name);
	print_type(key);
	printf(key->fallback ? " | `%s` | " : " | | ", key->fallback);
	print_cell(key->meaning);
	printf(" |\n");
}

int main(void)
{
	const char *section = "";
	size_t n = 0;

	fputs(head, stdout);
	for (size_t i = 0; i < agr_config_keys_count; i++) {
		const agr_config_key *key = &agr_config_keys[i];
		size_t len = strcspn(key->name, ".");

		if (len != n || memcmp(key->name, section, n) != 0) {
			section = key->name;
			n = len;
			printf("\n## %.*s\n\n| key | value | default | |\n| --- | --- | --- | --- |\n",
				(int)n, section);
		}
		print_key(key);
	}
	return 0;
}
