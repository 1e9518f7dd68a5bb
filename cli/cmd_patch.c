/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
#include <string.h>

#include "cli.h"

struct patch {
	const char *base_hash, *format;
	int preview;
	bool raw, diff, inverse, in_place;
	agentrun_buf document, patch;
};

/* The lines of a preview, red and green on a terminal. */
static int write_preview(const struct patch *p, const char *text, size_t len)
{
	bool colour = p->preview == AGENTRUN_PREVIEW_TEXT && cli_has_colour();

	while (len) {
		const char *end = memchr(text, '\n', len);
		size_t n = end ? (size_t)(end - text) + 1 : len;
		const char *on = *text == '+' ? "\033[32m" : *text == '-' ? "\033[31m" : "";

		if (colour)
			cli_write(on, strlen(on));
		cli_write(text, n);
		if (colour && *on)
			cli_write("\033[0m", 4);
		text += n;
		len -= n;
	}
	return cli_finish();
}

static int give(const struct patch *p, const agentrun_patch_result *result,
	const char *path, agentrun_error **err)
{
	const char *text;
	size_t len;
	int r;

	if (p->in_place) {
		text = agentrun_patch_result_document(result, &len);
		r = cli_replace(path, text, len, err);
		if (r < 0 || (!p->diff && !p->inverse))
			return r;
	}
	if (p->diff) {
		text = agentrun_patch_result_preview(result, &len);
		write_preview(p, text, len);
		return 0;
	}
	text = p->inverse ? agentrun_patch_result_inverse(result, &len)
			  : agentrun_patch_result_document(result, &len);
	cli_write_line(text, len);
	return 0;
}

static int patch(cli_global *global, struct patch *p, char **paths,
	agentrun_error **err)
{
	agentrun_patch_options opts;
	agentrun_patch_result *result = NULL;
	int r = cli_open(global, err);

	if (r == 0)
		r = cli_read(&p->document, paths[0], err);
	if (r == 0)
		r = cli_read(&p->patch, paths[1], err);
	if (r < 0)
		return r;
	agentrun_patch_options_init(&opts, sizeof(opts));
	opts.raw = p->raw;
	opts.want_inverse = p->inverse;
	opts.want_preview = p->diff;
	opts.preview_format = p->preview;
	opts.base_hash = p->base_hash;
	opts.document_name = cli_name_of(paths[0]);
	opts.patch_name = cli_name_of(paths[1]);
	r = agentrun_apply_patch(&result, global->ctx, p->document.data, p->document.len,
		p->patch.data, p->patch.len, &opts, err);
	if (r == 0)
		r = give(p, result, paths[0], err);
	agentrun_patch_result_free(result);
	return r;
}

static bool read_format(struct patch *p)
{
	static const char *const names[] = {
		[AGENTRUN_PREVIEW_TEXT] = "text",
		[AGENTRUN_PREVIEW_JSON] = "json",
		[AGENTRUN_PREVIEW_DOT] = "dot",
		[AGENTRUN_PREVIEW_MERMAID] = "mermaid",
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (strcmp(p->format, names[i]) == 0) {
			p->preview = (int)i;
			return true;
		}
	}
	return false;
}

static int run(cli_global *global, const cli_command *self, int argc, char **argv)
{
	struct patch p = { .base_hash = NULL };
	const cli_option own[] = {
		{ "raw", 'r', CLI_FLAG, NULL, "any JSON document, no workflow rules", &p.raw },
		{ "diff", 'd', CLI_FLAG, NULL, "print what would change, for a person", &p.diff },
		{ "format", 0, CLI_TEXT, "FORMAT", "of --diff: text (default), json, or a graph: dot, "
			"mermaid", &p.format },
		{ "inverse", 0, CLI_FLAG, NULL, "print the patch that undoes this one", &p.inverse },
		{ "base-hash", 0, CLI_TEXT, "HEX", "refuse unless the document has this hash",
			&p.base_hash },
		{ "in-place", 0, CLI_FLAG, NULL, "write the patched document back to WORKFLOW",
			&p.in_place },
		{ NULL, 0, CLI_FLAG, NULL, NULL, NULL },
	};
	agentrun_error *err = NULL;
	int n, r, status = cli_options_read(global, self, own, argc, argv, 2, 2, &n);

	if (status >= 0)
		return status;
	if (strcmp(argv[0], "-") == 0 && strcmp(argv[1], "-") == 0)
		return cli_usage(self, "only one of WORKFLOW and PATCH can be stdin");
	if (p.in_place && strcmp(argv[0], "-") == 0)
		return cli_usage(self, "--in-place wants a file, not stdin");
	if (p.format && !p.diff)
		return cli_usage(self, "--format says how --diff is printed, which is not asked for");
	if (p.format && !read_format(&p))
		return cli_usage(self, "--format wants text, json, dot or mermaid, not \"%s\"",
			p.format);
	if (p.raw && p.preview != AGENTRUN_PREVIEW_TEXT)
		return cli_usage(self, "--format %s draws workflows, not --raw documents", p.format);
	if (p.diff && p.inverse)
		return cli_usage(self, "--diff and --inverse exclude each other");
	r = patch(global, &p, argv, &err);
	agentrun_buf_dispose(&p.document);
	agentrun_buf_dispose(&p.patch);
	return r < 0 ? cli_fail(err) : cli_finish();
}

const cli_command cli_patch = {
	.name = "patch",
	.arguments = "WORKFLOW PATCH [--raw] [--diff [--format FORMAT]] [--inverse] [--base-hash HEX]\n"
		"    [--in-place]",
	.summary = "Apply a JSON Patch to a workflow, all of it or nothing",
	.help = "Both are files; one of them may be - for stdin. The patch is an array of RFC 6902\n"
		"operations, or an object that holds one as \"operations\", or the arguments of the\n"
		"tool patch_workflow, as a plan has them. The result must be a valid workflow; what\n"
		"is wrong with it is listed in full. A workflow whose nodes are keyed by id is read\n"
		"as the form with arrays, which the patch is of and which comes out.\n\n"
		"Examples:\n"
		"  agentrun patch workflow.json patch.json --diff\n"
		"  agentrun patch workflow.json patch.json --diff --format dot | dot -Tsvg > change.svg\n"
		"  agentrun patch workflow.json patch.json --inverse > undo.json\n"
		"  echo '[{\"op\":\"remove\",\"path\":\"/a\"}]' | agentrun patch --raw doc.json -\n",
	.run = run,
};
