/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli.h"

struct store {
	const char *run_id, *node_id, *status, *since, *before;
	size_t limit, offset;
};

static int get(agentrun_store *store, const char *ref, agentrun_error **err)
{
	agentrun_buf data = AGENTRUN_BUF_INIT;
	int r = agentrun_store_get(&data, store, ref, err);

	if (r == 0) {
		cli_write(data.data, data.len);
		if (strncmp(ref, "artifact://", 11) == 0)
			cli_write("\n", 1);
		cli_finish();
	}
	agentrun_buf_dispose(&data);
	return r;
}

/* The records as one JSON array. */
static char *records_json(const agentrun_records *list, size_t *len)
{
	char *text = NULL;
	FILE *out = open_memstream(&text, len);
	bool failed = !out;

	for (size_t i = 0; !failed && i < agentrun_records_count(list); i++) {
		agentrun_buf json = AGENTRUN_BUF_INIT;

		failed = agentrun_record_json(&json, agentrun_records_at(list, i)) < 0 ||
			fputc(i ? ',' : '[', out) == EOF ||
			fwrite(json.data, 1, json.len, out) < json.len;
		agentrun_buf_dispose(&json);
	}
	if (!failed)
		failed = fputs(agentrun_records_count(list) ? "]" : "[]", out) == EOF;
	if (out && fclose(out) == EOF)
		failed = true;
	if (!failed)
		return text;
	free(text);
	return NULL;
}

static int list(cli_global *global, const cli_command *self, const struct store *o,
	agentrun_store *store, agentrun_error **err)
{
	agentrun_store_query query;
	agentrun_records *records = NULL;
	char *json;
	size_t len = 0;
	int r;

	agentrun_store_query_init(&query, sizeof(query));
	query.run_id = o->run_id;
	query.node_id = o->node_id;
	query.status = o->status;
	query.since = o->since;
	query.limit = o->limit;
	query.offset = o->offset;
	r = agentrun_store_list(&records, store, &query, err);
	if (r < 0)
		return r;
	json = records_json(records, &len);
	agentrun_records_free(records);
	if (!json)
		return agentrun_error_raise(err, AGENTRUN_ENOMEM, "out of memory");
	cli_write_rows(global, self, json, len);
	free(json);
	return 0;
}

static int gc(const struct store *o, agentrun_store *store, agentrun_error **err)
{
	uint64_t records = 0, blobs = 0;
	char line[120];
	int r = agentrun_store_gc(&records, &blobs, store, o->before, err);

	if (r < 0)
		return r;
	snprintf(line, sizeof(line), "{\"records_removed\":%llu,\"blobs_removed\":%llu}",
		(unsigned long long)records, (unsigned long long)blobs);
	cli_write_line(line, strlen(line));
	return 0;
}

/* The action's place in this list, -1 after a complaint. */
static int action_of(const cli_command *self, int n, char **argv)
{
	static const struct {
		const char *name;
		int arguments;
	} actions[] = { { "get", 1 }, { "list", 0 }, { "migrate", 0 }, { "gc", 0 } };

	for (int i = 0; i < 4; i++) {
		if (strcmp(argv[0], actions[i].name) != 0)
			continue;
		if (n - 1 == actions[i].arguments)
			return i;
		cli_usage(self, actions[i].arguments ? "%s wants a REF" : "%s takes no argument",
			argv[0]);
		return -1;
	}
	cli_usage(self, "unknown action \"%.60s\": get, list, migrate or gc", argv[0]);
	return -1;
}

static int act(cli_global *global, const cli_command *self, const struct store *o,
	int action, char **argv, agentrun_error **err)
{
	agentrun_store *store = NULL;
	int r = cli_open(global, err);

	if (r == 0)
		r = cli_open_store(global, &store, err);
	if (r < 0)
		return r;
	switch (action) {
	case 0:
		r = get(store, argv[1], err);
		break;
	case 1:
		r = list(global, self, o, store, err);
		break;
	case 2:
		r = agentrun_store_migrate(store, err);
		break;
	default:
		r = gc(o, store, err);
	}
	agentrun_store_free(store);
	return r;
}

static int run(cli_global *global, const cli_command *self, int argc, char **argv)
{
	struct store o = { .limit = 100 };
	const cli_option own[] = {
		{ "run", 0, CLI_TEXT, "ID", "list: only of this run", &o.run_id },
		{ "node", 0, CLI_TEXT, "ID", "list: only of this node", &o.node_id },
		{ "status", 0, CLI_TEXT, "STATUS", "list: only with this status", &o.status },
		{ "since", 0, CLI_TEXT, "TIME", "list: created at or after this, ISO 8601", &o.since },
		{ "limit", 0, CLI_SIZE, "N", "list: at most so many (100; 0: all)", &o.limit },
		{ "offset", 0, CLI_SIZE, "N", "list: skip so many", &o.offset },
		{ "before", 0, CLI_TEXT, "TIME", "gc: remove records created before this, ISO 8601",
			&o.before },
		{ "output", 'o', CLI_TEXT, "FORMAT", "list: json, ndjson, csv or table",
			&global->output },
		{ NULL, 0, CLI_FLAG, NULL, NULL, NULL },
	};
	agentrun_error *err = NULL;
	int n, action, status = cli_options_read(global, self, own, argc, argv, 1, 2, &n);

	if (status >= 0)
		return status;
	action = action_of(self, n, argv);
	if (action < 0 || cli_output_format(global, self, AGENTRUN_FORMAT_TABLE) < 0)
		return EXIT_USAGE;
	return act(global, self, &o, action, argv, &err) < 0 ? cli_fail(err) : cli_finish();
}

const cli_command cli_store = {
	.name = "store",
	.arguments = "get REF | list | migrate | gc",
	.summary = "Read and keep results and blobs",
	.help = "The store is the one that the configuration names (storage.backend). A ref is\n"
		"artifact://UUID (a result) or cas://sha256:HEX (a blob). gc removes the records\n"
		"before --before, then the blobs that no record names.\n\n"
		"Examples:\n"
		"  agentrun store list --status failed --output table\n"
		"  agentrun store get artifact://0190f5c2-7d2e-7cc1-a1f5-6a5f4f2f8f10\n"
		"  agentrun store gc --before 2026-01-01T00:00:00Z\n",
	.run = run,
};
