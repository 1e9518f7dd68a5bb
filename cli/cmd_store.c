/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "cli.h"

#define PART ((size_t)256 << 10)
#define PAGE ((size_t)500) /* records that are asked for at once */

struct store {
	const char *run_id, *node_id, *status, *since, *before, *after, *grace;
	size_t limit, offset;
};

static int oom(agentrun_error **err)
{
	return agentrun_error_raise(err, AGENTRUN_ENOMEM, "out of memory");
}

/* ---- get ------------------------------------------------------------------ */

static int get(agentrun_store *store, const char *ref, agentrun_error **err)
{
	agentrun_store_reader *reader = NULL;
	char *part = malloc(PART);
	size_t n = 1;
	int r = part ? agentrun_store_reader_new(&reader, store, ref, err) : oom(err);

	while (r == 0 && n) {
		r = agentrun_store_reader_read(reader, part, PART, &n, err);
		if (r == 0)
			cli_write(part, n); /* ends the program if it fails */
	}
	if (r == 0 && strncmp(ref, "artifact://", 11) == 0)
		cli_write("\n", 1);
	agentrun_store_reader_free(reader);
	free(part);
	return r;
}

/* ---- list ----------------------------------------------------------------- */

/* A list that is printed as it comes, or (`rows`) once it is there. */
struct listing {
	int format;
	FILE *rows;
	size_t left; /* SIZE_MAX: all */
	bool any;
	char created_at[40], result_id[200]; /* of the last one; "": there is none yet */
};

static int print(struct listing *l, const char *text, size_t len, agentrun_error **err)
{
	if (!l->rows)
		return cli_write(text, len);
	return fwrite(text, 1, len, l->rows) < len ? oom(err) : 0;
}

static int print_record(struct listing *l, const agentrun_record *record,
	agentrun_error **err)
{
	agentrun_buf json = AGENTRUN_BUF_INIT;
	int r = agentrun_record_json(&json, record) < 0 ? oom(err) : 0;

	if (r == 0 && l->format != AGENTRUN_FORMAT_NDJSON)
		r = print(l, l->any ? "," : "[", 1, err);
	if (r == 0)
		r = print(l, json.data, json.len, err);
	if (r == 0 && l->format == AGENTRUN_FORMAT_NDJSON)
		r = print(l, "\n", 1, err);
	l->any = true;
	agentrun_buf_dispose(&json);
	return r;
}

static void note_last(struct listing *l, const agentrun_record *record)
{
	const char *at = agentrun_record_get(record, AGENTRUN_RECORD_CREATED_AT, NULL);
	const char *id = agentrun_record_get(record, AGENTRUN_RECORD_RESULT_ID, NULL);

	snprintf(l->created_at, sizeof(l->created_at), "%s", at ? at : "");
	snprintf(l->result_id, sizeof(l->result_id), "%s", id ? id : "");
}

/* One page; 1: there may be more. */
static int list_page(struct listing *l, const struct store *o, size_t offset,
	agentrun_store *store, agentrun_error **err)
{
	agentrun_store_query query;
	agentrun_records *records = NULL;
	size_t n;
	int r;

	agentrun_store_query_init(&query, sizeof(query));
	query.run_id = o->run_id;
	query.node_id = o->node_id;
	query.status = o->status;
	query.since = o->since;
	query.limit = l->left < PAGE ? l->left : PAGE;
	query.offset = offset;
	query.after_created_at = *l->created_at ? l->created_at : NULL;
	query.after_result_id = *l->created_at ? l->result_id : NULL;
	r = agentrun_store_list(&records, store, &query, err);
	if (r < 0)
		return r;
	n = agentrun_records_count(records);
	for (size_t i = 0; r == 0 && i < n; i++)
		r = print_record(l, agentrun_records_at(records, i), err);
	if (n)
		note_last(l, agentrun_records_at(records, n - 1));
	agentrun_records_free(records);
	if (l->left != SIZE_MAX)
		l->left -= n;
	return r == 0 && n == query.limit && l->left;
}

/* Where to begin: a record by its id or ref, or TIME/ID, there or not. */
static int read_after(struct listing *l, const char *after, agentrun_store *store,
	agentrun_error **err)
{
	static const char artifact[] = "artifact://";
	const char *slash = strchr(after, '/');
	agentrun_record *record = NULL;
	char ref[240];
	int r;

	if (strncmp(after, artifact, strlen(artifact)) != 0 && slash) {
		if (slash == after || !slash[1] || (size_t)(slash - after) >= sizeof(l->created_at))
			return agentrun_error_raise(err, AGENTRUN_EINVAL,
				"--after wants a result_id or CREATED_AT/RESULT_ID, not \"%.100s\"", after);
		snprintf(l->created_at, sizeof(l->created_at), "%.*s", (int)(slash - after), after);
		snprintf(l->result_id, sizeof(l->result_id), "%s", slash + 1);
		return 0;
	}
	snprintf(ref, sizeof(ref), "%s%.200s", slash ? "" : artifact, after);
	r = agentrun_store_get_record(&record, store, ref, err);
	if (r == 0)
		note_last(l, record);
	agentrun_record_free(record);
	return r;
}

static int list_pages(struct listing *l, const struct store *o, agentrun_store *store,
	agentrun_error **err)
{
	int r = o->after ? read_after(l, o->after, store, err) : 0;
	size_t offset = o->offset;

	if (r < 0)
		return r;
	do {
		r = list_page(l, o, offset, store, err);
		offset = 0;
	} while (r == 1);
	if (r == 0 && l->format != AGENTRUN_FORMAT_NDJSON)
		r = print(l, l->any ? "]" : "[]", l->any ? 1 : 2, err);
	return r;
}

/* JSON and NDJSON go out page by page; a table wants to see all rows first. */
static int list(cli_global *global, const cli_command *self, const struct store *o,
	agentrun_store *store, agentrun_error **err)
{
	struct listing l = { .left = o->limit ? o->limit : SIZE_MAX,
		.format = cli_output_format(global, self, AGENTRUN_FORMAT_TABLE) };
	char *rows = NULL;
	size_t len = 0;
	int r;

	if (l.format != AGENTRUN_FORMAT_JSON && l.format != AGENTRUN_FORMAT_NDJSON) {
		l.rows = open_memstream(&rows, &len);
		if (!l.rows)
			return oom(err);
	}
	r = list_pages(&l, o, store, err);
	if (l.rows && fclose(l.rows) == EOF && r == 0)
		r = oom(err);
	if (r == 0 && rows)
		cli_write_rows(global, self, rows, len);
	else if (r == 0 && l.format == AGENTRUN_FORMAT_JSON)
		cli_write("\n", 1);
	free(rows);
	return r;
}

/* ---- gc ------------------------------------------------------------------- */

/* When the records were created that are old enough now. */
static void write_before(char *to, size_t size, int64_t ttl_sec)
{
	time_t now = time(NULL), before = now > ttl_sec ? now - (time_t)ttl_sec : 0;
	struct tm utc;

	gmtime_r(&before, &utc);
	strftime(to, size, "%Y-%m-%dT%H:%M:%SZ", &utc);
}

static int read_grace(const struct store *o, const agentrun_config *settings, int64_t *ms,
	agentrun_error **err)
{
	int64_t seconds = agentrun_config_get_int(settings, "storage.gc_grace_sec", 3600);
	char *end = NULL;

	if (o->grace) {
		seconds = strtoll(o->grace, &end, 10);
		if (end == o->grace || *end || seconds < 0)
			return agentrun_error_raise(err, AGENTRUN_EINVAL,
				"--grace wants whole seconds, not \"%.60s\"", o->grace);
	}
	*ms = seconds < INT64_MAX / 1000 ? seconds * 1000 : INT64_MAX / 2;
	return 0;
}

static int gc(cli_global *global, const struct store *o, agentrun_store *store,
	agentrun_error **err)
{
	const agentrun_config *settings = agentrun_ctx_config(global->ctx);
	int64_t ttl = agentrun_config_get_int(settings, "storage.ttl_sec", 0);
	agentrun_store_gc_options opts;
	uint64_t records = 0, blobs = 0;
	char before[40], line[120];
	int r;

	agentrun_store_gc_options_init(&opts, sizeof(opts));
	opts.before = o->before;
	if (!opts.before && ttl > 0) {
		write_before(before, sizeof(before), ttl);
		opts.before = before;
	}
	r = read_grace(o, settings, &opts.grace_ms, err);
	if (r == 0)
		r = agentrun_store_gc_with(&records, &blobs, store, &opts, err);
	if (r < 0)
		return r;
	snprintf(line, sizeof(line), "{\"records_removed\":%llu,\"blobs_removed\":%llu}",
		(unsigned long long)records, (unsigned long long)blobs);
	cli_write_line(line, strlen(line));
	return 0;
}

/* ---- which ---------------------------------------------------------------- */

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
		r = gc(global, o, store, err);
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
		{ "after", 0, CLI_TEXT, "ID", "list: begin behind this result_id, or CREATED_AT/ID",
			&o.after },
		{ "before", 0, CLI_TEXT, "TIME", "gc: remove records created before this, ISO 8601 "
			"(default: storage.ttl_sec ago)", &o.before },
		{ "grace", 0, CLI_TEXT, "SECONDS", "gc: spare blobs put since then (default: "
			"storage.gc_grace_sec, 3600)", &o.grace },
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
	.help = "The store is the one that the configuration names (storage.backend, and\n"
		"storage.cas.backend for blobs). A ref is artifact://UUID (a result) or\n"
		"cas://sha256:HEX (a blob). list goes on behind the last result_id of a page with\n"
		"--after. gc removes the records before --before, then the blobs that no record\n"
		"names, but for young ones: jobs may run meanwhile.\n\n"
		"Examples:\n"
		"  agentrun store list --status failed --output table\n"
		"  agentrun store list --limit 0 --output ndjson > records.ndjson\n"
		"  agentrun store get artifact://0190f5c2-7d2e-7cc1-a1f5-6a5f4f2f8f10\n"
		"  agentrun store gc --before 2026-01-01T00:00:00Z\n",
	.run = run,
};
