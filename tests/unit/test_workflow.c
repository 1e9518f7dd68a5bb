/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
#include "unit.h"

#include "patch/ir.h"
#include "schemas.h"

#include <agentrun/patch.h>

#include "table/scan.h"

static const char base[] =
	"{\"nodes\":[{\"id\":\"fetch\",\"type\":\"http\",\"config\":{\"url\":\"https://a/"
	"\"}},"
	"{\"id\":\"clean\",\"type\":\"transform\"},{\"id\":\"mail\",\"type\":\"task\"}],"
	"\"edges\":[{\"from\":\"fetch\",\"to\":\"clean\"},{\"from\":\"clean\",\"to\":"
	"\"mail\","
	"\"condition\":\"rows > 0\",\"label\":\"x\"}]}";

static int apply(agentrun_patch_result **out, const char *document, const char *patch,
	agentrun_error **err)
{
	agentrun_patch_options opts;

	agentrun_patch_options_init(&opts, sizeof(opts));
	opts.want_preview = 1;
	opts.want_inverse = 1;
	return agentrun_apply_patch(
		out, NULL, document, strlen(document), patch, strlen(patch), &opts, err);
}

static void gives(const char *patch, const char *preview)
{
	agentrun_patch_result *result, *back;
	agentrun_error *err = NULL;

	ck_assert_msg(apply(&result, base, patch, &err) == 0, "%s: %s", patch,
		agentrun_error_message(err));
	ck_assert_str_eq(agentrun_patch_result_preview(result, NULL), preview);
	ck_assert_int_eq(apply(&back, agentrun_patch_result_document(result, NULL),
				 agentrun_patch_result_inverse(result, NULL), NULL),
		0);
	ck_assert_str_eq(agentrun_patch_result_document(back, NULL), base);
	agentrun_patch_result_free(back);
	agentrun_patch_result_free(result);
}

/* Refused with exactly these violations, one a line. */
static void refuses_of(const char *document, const char *patch, const char *violations)
{
	agentrun_patch_result *result = NULL;
	agentrun_error *err = NULL;
	agr_buf got = AGR_BUF_INIT;
	int r = apply(&result, document, patch, &err);

	ck_assert_msg(
		r == AGENTRUN_EPATCH, "%s: %d %s", patch, r, agentrun_error_message(err));
	ck_assert_ptr_null(result);
	for (size_t i = 0; i < agentrun_error_violation_count(err); i++)
		agr_buf_printf(&got, "%s\n", agentrun_error_violation(err, i));
	ck_assert_str_eq(got.data ? got.data : "", violations);
	agr_buf_free(&got);
	agentrun_error_free(err);
}

static void refuses(const char *patch, const char *violations)
{
	refuses_of(base, patch, violations);
}

START_TEST(nodes_and_edges_are_added_changed_and_removed)
{
	gives("[{\"op\":\"add\",\"path\":\"/edges/"
	      "-\",\"value\":{\"from\":\"mail\",\"to\":"
	      "\"log\"}},{\"op\":\"add\",\"path\":\"/nodes/-\",\"value\":{\"id\":\"log\","
	      "\"type\":\"function\"}}]",
		"+ node log (function)\n+ edge mail -> log\n");
	gives("[{\"op\":\"add\",\"path\":\"/nodes/0/timeout_ms\",\"value\":30000},"
	      "{\"op\":\"replace\",\"path\":\"/nodes/0/config/url\",\"value\":\"https://"
	      "b/\"},"
	      "{\"op\":\"replace\",\"path\":\"/edges/1/condition\",\"value\":\"true\"},"
	      "{\"op\":\"add\",\"path\":\"/name\",\"value\":\"daily\"}]",
		"~ node fetch (http)\n"
		"    ~ /config/url: \"https://a/\" -> \"https://b/\"\n"
		"    + /timeout_ms: 30000\n"
		"~ edge clean -> mail\n"
		"    ~ /condition: \"rows > 0\" -> \"true\"\n"
		"+ /name: \"daily\"\n");
	gives("[{\"op\":\"remove\",\"path\":\"/nodes/2\"},{\"op\":\"remove\",\"path\":"
	      "\"/edges/1\"}]",
		"- node mail (task)\n- edge clean -> mail when \"rows > 0\"\n");
	gives("[{\"op\":\"move\",\"from\":\"/nodes/0\",\"path\":\"/nodes/2\"}]", "");
}
END_TEST

START_TEST(two_edges_between_the_same_nodes_are_told_apart)
{
	gives("[{\"op\":\"add\",\"path\":\"/edges/"
	      "-\",\"value\":{\"from\":\"fetch\",\"to\":"
	      "\"clean\",\"condition\":\"late\"}}]",
		"+ edge fetch -> clean when \"late\"\n");
	gives("[{\"op\":\"add\",\"path\":\"/edges/-\",\"value\":{\"from\":\"fetch\",\"to\":"
	      "\"mail\",\"condition\":{\"n\":[1.50]}}},{\"op\":\"add\",\"path\":\"/edges/-\","
	      "\"value\":{\"from\":\"fetch\",\"to\":\"mail\",\"condition\":null}}]",
		"+ edge fetch -> mail when {\"n\":[1.50]}\n+ edge fetch -> mail\n");
}
END_TEST

START_TEST(every_violation_is_listed_with_operation_and_pointer)
{
	refuses("[{\"op\":\"add\",\"path\":\"/nodes/-\",\"value\":{\"id\":\"a "
		"b\",\"config\":[],"
		"\"timeout_ms\":-1,\"retry\":{\"max_attempts\":0,\"backoff_ms\":\"1\","
		"\"backoff_multiplier\":0.5}}},"
		"{\"op\":\"add\",\"path\":\"/nodes/"
		"-\",\"value\":{\"id\":\"fetch\",\"type\":7}},"
		"{\"op\":\"remove\",\"path\":\"/nodes/1/type\"},"
		"{\"op\":\"add\",\"path\":\"/edges/-\",\"value\":{\"from\":\"x\"}},"
		"{\"op\":\"add\",\"path\":\"/edges/-\",\"value\":3},"
		"{\"op\":\"add\",\"path\":\"/nodes/2/"
		"retry\",\"value\":{\"max_attempts\":2.5}}]",
		"operation 3: /nodes/1: the node has no type\n"
		"operation 6: /nodes/2/retry/max_attempts: must be a whole number from 1 "
		"to 10, "
		"is 2.5\n"
		"operation 1: /nodes/3/id: an id is a string of letters, digits, _ and "
		"-, not "
		"\"a b\"\n"
		"operation 1: /nodes/3: the node has no type\n"
		"operation 1: /nodes/3/config: must be an object\n"
		"operation 1: /nodes/3/timeout_ms: must be a number of at least 0, is "
		"-1\n"
		"operation 1: /nodes/3/retry/max_attempts: must be a whole number from 1 "
		"to 10, "
		"is 0\n"
		"operation 1: /nodes/3/retry/backoff_ms: must be a number of at least 0, "
		"is "
		"\"1\"\n"
		"operation 1: /nodes/3/retry/backoff_multiplier: must be a number of at "
		"least 1, "
		"is 0.5\n"
		"operation 2: /nodes/4/type: must be a string\n"
		"operation 2: /nodes/4/id: \"fetch\" is already the id of /nodes/0\n"
		"operation 4: /edges/2/from: there is no node \"x\"\n"
		"operation 4: /edges/2: the edge has no \"to\"\n"
		"operation 5: /edges/3: an edge must be an object\n"
		"operation 2: /nodes/4/type: 7 is not allowed, choose one of "
		"\"function\", "
		"\"http\", \"conditional\", \"branch\", \"loop\", \"parallel\", "
		"\"transform\", "
		"\"aggregate\", \"filter\", \"agent\", \"task\", \"hitl\", \"start\", "
		"\"end\"\n");
}
END_TEST

START_TEST(an_edge_that_lost_its_node_names_the_operation_that_took_it)
{
	refuses("[{\"op\":\"test\",\"path\":\"/nodes/0/id\",\"value\":\"fetch\"},"
		"{\"op\":\"remove\",\"path\":\"/nodes/2\"}]",
		"operation 2: /edges/1/to: there is no node \"mail\"\n");
	refuses("[{\"op\":\"replace\",\"path\":\"/nodes/2/id\",\"value\":\"post\"}]",
		"operation 1: /edges/1/to: there is no node \"mail\"\n");
}
END_TEST

START_TEST(cycles_are_named)
{
	refuses("[{\"op\":\"add\",\"path\":\"/edges/"
		"0\",\"value\":{\"from\":\"mail\",\"to\":"
		"\"fetch\"}}]",
		"operation 1: /edges/0: a cycle: fetch -> clean -> mail -> fetch\n");
	refuses("[{\"op\":\"test\",\"path\":\"/edges/0/from\",\"value\":\"fetch\"},"
		"{\"op\":\"add\",\"path\":\"/edges/"
		"-\",\"value\":{\"from\":\"mail\",\"to\":"
		"\"mail\"}}]",
		"operation 2: /edges/2: a cycle: mail -> mail\n");
	refuses("[{\"op\":\"add\",\"path\":\"/edges/"
		"-\",\"value\":{\"to\":\"fetch\",\"from\":"
		"\"clean\"}},{\"op\":\"add\",\"path\":\"/edges/"
		"-\",\"value\":{\"from\":\"mail\","
		"\"to\":\"clean\"}}]",
		"operation 2: /edges/3: a cycle: clean -> mail -> clean\n"
		"operation 1: /edges/2: a cycle: fetch -> clean -> fetch\n");
}
END_TEST

START_TEST(a_long_chain_is_no_cycle_and_needs_no_stack)
{
	agr_buf document = AGR_BUF_INIT;
	agentrun_patch_result *result;
	const int n = 20000;

	agr_buf_str(&document, "{\"nodes\":[");
	for (int i = 0; i < n; i++)
		agr_buf_printf(&document, "%s{\"id\":\"n%d\",\"type\":\"task\"}",
			i ? "," : "", i);
	agr_buf_str(&document, "],\"edges\":[");
	for (int i = 1; i < n; i++)
		agr_buf_printf(&document, "%s{\"from\":\"n%d\",\"to\":\"n%d\"}",
			i > 1 ? "," : "", i - 1, i);
	agr_buf_str(&document, "]}");
	ck_assert_int_eq(apply(&result, document.data, "[]", NULL), 0);
	agentrun_patch_result_free(result);
	agr_buf_free(&document);
}
END_TEST

START_TEST(a_workflow_has_both_arrays_and_a_node)
{
	refuses("[{\"op\":\"remove\",\"path\":\"/edges\"}]",
		"operation 1: the document: a workflow must have an array \"edges\"\n");
	refuses("[{\"op\":\"replace\",\"path\":\"/nodes\",\"value\":[]},"
		"{\"op\":\"replace\",\"path\":\"/edges\",\"value\":[]}]",
		"operation 1: /nodes: a workflow needs at least one node\n");
	refuses("[{\"op\":\"replace\",\"path\":\"/nodes\",\"value\":{}},"
		"{\"op\":\"replace\",\"path\":\"/edges\",\"value\":\"\"}]",
		"operation 1: /nodes: must be an array\noperation 2: /edges: must be an "
		"array\n");
	refuses("[{\"op\":\"replace\",\"path\":\"\",\"value\":3}]",
		"operation 1: the document: a workflow must be an object with the arrays "
		"\"nodes\" and \"edges\"\n");
}
END_TEST

START_TEST(what_was_wrong_before_is_wrong_without_an_operation)
{
	refuses_of("{\"nodes\":[{\"id\":\"a\",\"type\":\"agnt\"}],\"edges\":[]}",
		"[{\"op\":\"add\",\"path\":\"/name\",\"value\":1}]",
		"/nodes/0/type: \"agnt\" is not allowed, choose one of \"function\", "
		"\"http\", "
		"\"conditional\", \"branch\", \"loop\", \"parallel\", \"transform\", "
		"\"aggregate\", \"filter\", \"agent\", \"task\", \"hitl\", \"start\", "
		"\"end\"\n");
	/* and may be mended by the patch */
	agentrun_patch_result *result;

	ck_assert_int_eq(
		apply(&result, "{\"nodes\":[{\"id\":\"a\",\"type\":\"agnt\"}]}",
			"[{\"op\":\"replace\",\"path\":\"/nodes/0/type\",\"value\":"
			"\"agent\"},{\"op\":\"add\",\"path\":\"/edges\",\"value\":[]}]",
			NULL),
		0);
	agentrun_patch_result_free(result);
}
END_TEST

START_TEST(at_most_five_nodes_become_agents)
{
	static const char document[] = "{\"nodes\":[{\"id\":\"a\",\"type\":\"agent\"},{"
				       "\"id\":\"b\",\"type\":\"task\"}],"
				       "\"edges\":[]}";
	agr_buf patch = AGR_BUF_INIT;
	agentrun_patch_result *result;

	/* One that is copied anew under its old id is none that was added. */
	agr_buf_str(&patch, "[{\"op\":\"remove\",\"path\":\"/nodes/"
			    "0\"},{\"op\":\"add\",\"path\":\"/nodes/-\","
			    "\"value\":{\"id\":\"a\",\"type\":\"agent\"}}");
	for (int i = 0; i < 5; i++)
		agr_buf_printf(&patch,
			",{\"op\":\"add\",\"path\":\"/nodes/"
			"-\",\"value\":{\"id\":\"n%d\","
			"\"type\":\"agent\"}}",
			i);
	agr_buf_char(&patch, ']');
	ck_assert_int_eq(apply(&result, document, patch.data, NULL), 0);
	agentrun_patch_result_free(result);
	patch.data[--patch.len] = '\0';
	agr_buf_str(&patch,
		",{\"op\":\"replace\",\"path\":\"/nodes/0/type\",\"value\":\"agent\"}]");
	refuses_of(document, patch.data,
		"operation 7: /nodes/6: one of 6 new agent nodes; a patch may add at "
		"most 5\n");
	agr_buf_free(&patch);
}
END_TEST

START_TEST(configs_are_checked_by_type)
{
	refuses("[{\"op\":\"replace\",\"path\":\"/nodes/0/config/url\",\"value\":1},"
		"{\"op\":\"add\",\"path\":\"/nodes/"
		"-\",\"value\":{\"id\":\"h\",\"type\":\"hitl\","
		"\"config\":{\"message\":\"ok?\",\"timeout_ms\":-5}}},"
		"{\"op\":\"add\",\"path\":\"/nodes/"
		"-\",\"value\":{\"id\":\"t\",\"type\":\"task\","
		"\"config\":{\"url\":1}}}]",
		"operation 1: /nodes/0/config/url: must be of type string, is 1\n"
		"operation 2: /nodes/3/config/timeout_ms: must be at least 0, is -5\n");
}
END_TEST

START_TEST(a_schema_of_the_caller_stands_for_the_built_in_one)
{
	static const char schema[] =
		"{\"properties\":{\"nodes\":{\"items\":{\"properties\":{"
		"\"type\":{\"enum\":[\"robot\"]}}}}}}";
	static const char document[] = "{\"nodes\":[{\"id\":\"a\",\"type\":\"robot\"}],"
				       "\"edges\":[]}";
	agentrun_workflow_options opts;
	agentrun_error *err = NULL;

	agentrun_workflow_options_init(&opts, sizeof(opts));
	ck_assert_int_eq(
		agentrun_workflow_check(NULL, document, strlen(document), &opts, &err),
		AGENTRUN_EPATCH);
	ck_assert_uint_eq(agentrun_error_violation_count(err), 1);
	agentrun_error_free(err);
	opts.schema = schema;
	opts.schema_len = strlen(schema);
	ck_assert_int_eq(
		agentrun_workflow_check(NULL, document, strlen(document), &opts, NULL),
		0);
	opts.schema = "{";
	opts.schema_len = 1;
	ck_assert_int_eq(
		agentrun_workflow_check(NULL, document, strlen(document), &opts, NULL),
		AGENTRUN_ECONFIG);
}
END_TEST

#define CHANGE_B "[{\"op\":\"add\",\"path\":\"/nodes/1/timeout_ms\",\"value\":5}]"
#define UNKNOWN_DEPENDENT "{\"nodes\":{\"a\":{\"type\":\"task\",\"dependents\":[\"nowhere\"]}}}"
#define KEYED "{\"name\":\"f\",\"nodes\":{\"a\":{\"type\":\"task\",\"dependencies\":[]," \
	"\"dependents\":[\"b\"]},\"b\":{\"type\":\"task\",\"dependencies\":[\"a\"]," \
	"\"dependents\":[]}}}"

START_TEST(the_form_with_nodes_by_key_is_read_and_the_one_with_arrays_comes_out)
{
	agentrun_patch_result *result;
	agentrun_patch_options opts;
	agentrun_error *err = NULL;
	char hash[65];

	ck_assert_int_eq(agentrun_document_hash(hash, NULL, KEYED, strlen(KEYED), NULL), 0);
	agentrun_patch_options_init(&opts, sizeof(opts));
	opts.want_preview = opts.want_inverse = 1;
	opts.base_hash = hash; /* of what the caller has */
	ck_assert_msg(agentrun_apply_patch(&result, NULL, KEYED, strlen(KEYED), CHANGE_B,
		strlen(CHANGE_B), &opts, &err) == 0, "%s", agentrun_error_message(err));
	ck_assert_str_eq(agentrun_patch_result_document(result, NULL),
		"{\"name\":\"f\",\"nodes\":[{\"id\":\"a\",\"type\":\"task\"},{\"id\":\"b\","
		"\"type\":\"task\",\"timeout_ms\":5}],\"edges\":[{\"from\":\"a\",\"to\":\"b\"}]}");
	ck_assert_str_eq(agentrun_patch_result_preview(result, NULL),
		"~ node b (task)\n    + /timeout_ms: 5\n");
	ck_assert_str_eq(agentrun_patch_result_inverse(result, NULL),
		"[{\"op\":\"remove\",\"path\":\"/nodes/1/timeout_ms\"}]");
	agentrun_patch_result_free(result);
	ck_assert_int_eq(apply(&result, KEYED, "[{\"op\":\"remove\",\"path\":\"/nodes/b\"}]",
		&err), AGENTRUN_EPATCH);
	ck_assert_ptr_nonnull(strstr(agentrun_error_message(err), "nodes keyed by id"));
	ck_assert_ptr_nonnull(strstr(agentrun_error_message(err), "operation 1"));
	agentrun_error_free(err);
	err = NULL;
	ck_assert_int_eq(apply(&result, KEYED, "[{\"op\":\"add\",\"path\":\"/edges/-\",\"value\":{"
		"\"from\":\"b\",\"to\":\"a\"}}]", &err), AGENTRUN_EPATCH);
	ck_assert_ptr_nonnull(strstr(agentrun_error_message(err), "a cycle: a -> b -> a"));
	agentrun_error_free(err);
	err = NULL;
	ck_assert_int_eq(agentrun_workflow_check(NULL, KEYED, strlen(KEYED), NULL, NULL), 0);
	ck_assert_int_eq(agentrun_workflow_check(NULL, UNKNOWN_DEPENDENT,
		strlen(UNKNOWN_DEPENDENT), NULL, &err), AGENTRUN_EPATCH);
	ck_assert_ptr_nonnull(strstr(agentrun_error_message(err),
		"/edges/0/to: there is no node \"nowhere\""));
	agentrun_error_free(err);
}
END_TEST

/* A patch of some places of `alike` to some values. */
static void add_operations(agr_buf *out)
{
	static const char *const paths[] = { "/nodes/0/id", "/nodes/1/id", "/nodes/0/type",
		"/nodes/1/type", "/nodes/2/type", "/nodes/0/config", "/nodes/1/config",
		"/nodes/1/config/url", "/nodes/2/timeout_ms", "/nodes/0/timeout_ms",
		"/nodes/2/retry", "/nodes/2/retry/max_attempts", "/nodes/2/retry/backoff_ms",
		"/nodes/2/retry/backoff_multiplier", "/edges/0/from", "/edges/0/to", "/edges/1/to",
		"/nodes", "/edges", "/nodes/1", "/nodes/-", "/edges/-", "/name", "/meta/owner",
		"/edges/1" };
	static const char *const values[] = { "1", "0", "-1", "10", "11", "1.0", "1e0", "1e-3",
		"0.5", "-0", "null", "true", "[]", "{}", "\"a\"", "\"b\"", "\"c\"", "\"\"",
		"\"\\u0061\"", "\"a b\"", "\"agent\"", "\"http\"", "\"filter\"", "\"nosuch\"",
		"\"htt\\u0070\"", "{\"url\":1}", "{\"url\":\"x\",\"url\":2}", "{\"task\":\"t\"}",
		"{\"id\":\"d\",\"type\":\"task\"}", "{\"id\":\"e\",\"type\":\"agent\"}",
		"{\"id\":\"b\",\"type\":\"task\"}", "{\"from\":\"c\",\"to\":\"a\"}",
		"{\"from\":\"a\",\"to\":\"c\"}", "{\"from\":\"a\",\"to\":\"\\u0063\"}",
		"{\"max_attempts\":3,\"max_attempts\":30}", "{\"backoff_multiplier\":1e-1}" };
	static const char *const ops[] = { "replace", "add", "remove" };
	size_t n = 1 + below(4);

	agr_buf_char(out, '[');
	for (size_t i = 0; i < n; i++)
		agr_buf_printf(out, "%s{\"op\":\"%s\",\"path\":\"%s\",\"value\":%s}",
			i ? "," : "", ops[below(AGR_COUNT(ops))], paths[below(AGR_COUNT(paths))],
			values[below(AGR_COUNT(values))]);
	agr_buf_char(out, ']');
}

/* Is the patch of the workflow refused just where what raw gives is none? Counted in
 * judged[0] where it is applied, in judged[1] where it is refused. */
static void judge(const char *flow, const agr_buf *patch, const char *schema, size_t judged[2])
{
	agentrun_patch_options opts;
	agentrun_workflow_options check;
	agentrun_patch_result *raw, *result;
	const char *text;
	size_t len;
	int r, got;

	agentrun_patch_options_init(&opts, sizeof(opts));
	agentrun_workflow_options_init(&check, sizeof(check));
	opts.raw = 1;
	if (agentrun_apply_patch(&raw, NULL, flow, strlen(flow), patch->data, patch->len, &opts,
		    NULL) < 0)
		return;
	opts.raw = 0;
	check.schema = opts.schema = schema;
	check.schema_len = opts.schema_len = schema ? strlen(schema) : 0;
	text = agentrun_patch_result_document(raw, &len);
	r = agentrun_workflow_check(NULL, text, len, &check, NULL);
	got = agentrun_apply_patch(&result, NULL, flow, strlen(flow), patch->data, patch->len, &opts,
		NULL);
	if (agr_ir_is((agr_span){ text, len }) && got < 0)
		r = got; /* a form that is read, but does not come of a patch */
	if (got != r)
		ck_abort_msg("%d, not %d: %s of %s by %s", got, r, patch->data, flow,
			schema ? schema : "the rules");
	judged[r != 0]++;
	agentrun_patch_result_free(raw);
	agentrun_patch_result_free(result);
}

/* What is seen while a workflow is read and what is seen by looking at all of the
 * patched one must be the same. */
/* A long id with many dependents is written once for each of them. */
START_TEST(a_short_text_does_not_become_an_endless_one)
{
	agr_buf flow = AGR_BUF_INIT;
	agentrun_patch_result *result;
	agentrun_error *err = NULL;
	char *id = malloc(20001);

	memset(id, 'x', 20000);
	id[20000] = '\0';
	agr_buf_printf(&flow, "{\"nodes\":{\"%s\":{\"type\":\"task\",\"dependents\":[\"a\"", id);
	for (int i = 0; i < 5000; i++)
		agr_buf_printf(&flow, ",\"%d\"", i);
	agr_buf_str(&flow, "]}}}");
	ck_assert_int_eq(agentrun_workflow_check(NULL, flow.data, flow.len, NULL, &err),
		AGENTRUN_ELIMIT);
	agentrun_error_free(err);
	err = NULL;
	ck_assert_int_eq(apply(&result, flow.data, "[]", &err), AGENTRUN_ELIMIT);
	ck_assert_str_eq(agentrun_error_message(err),
		"the workflow is larger than the limit of 67108864 bytes");
	agentrun_error_free(err);
	free(id);
	agr_buf_free(&flow);
}
END_TEST

static const char alike[] = "{\"name\": \"x\",\"nodes\":[{\"id\":\"a\",\"type\":\"filter\","
	"\"config\":{}},{\"type\":\"http\",\"id\":\"b\",\"config\":{\"url\":\"u\"}},"
	"{\"id\":\"c\",\"type\":\"task\",\"retry\":{\"max_attempts\":2,\"backoff_ms\":5,"
	"\"backoff_multiplier\":1.5},\"timeout_ms\":7}],\"edges\":[{\"from\":\"a\","
	"\"to\":\"b\"},{\"from\":\"b\",\"to\":\"c\"}],\"meta\":{\"owner\":\"o\"}}";

START_TEST(a_patch_is_refused_just_where_its_result_is_no_workflow)
{
	static const char own[] = "{\"type\":\"object\",\"required\":[\"nodes\"],\"properties\":{"
		"\"name\":{\"type\":\"string\"},\"nodes\":{\"items\":{\"required\":[\"id\"],\"anyOf\":["
		"{\"properties\":{\"type\":{\"const\":\"http\"}}},{\"properties\":{\"timeout_ms\":"
		"{\"type\":\"integer\",\"minimum\":1},\"type\":{\"not\":{\"const\":\"agent\"}}}}]}},"
		"\"edges\":{\"type\":\"array\",\"items\":{\"properties\":{\"from\":{\"type\":"
		"\"string\"}}}}}}";
	agr_buf patch = AGR_BUF_INIT;
	size_t judged[2] = { 0, 0 };

	for (int i = 0; i < 30000; i++) {
		agr_buf_reset(&patch);
		add_operations(&patch);
		judge(alike, &patch, i % 2 ? own : NULL, judged);
	}
	ck_assert_uint_gt(judged[0], 1000);
	ck_assert_uint_gt(judged[1], 1000);
	agr_buf_free(&patch);
}
END_TEST

/* Half of them say nothing, so that a workflow may pass. */
static void add_some_schema(agr_buf *out)
{
	if (below(2))
		agr_buf_str(out, "true");
	else
		add_schema(out, (unsigned)below(3));
}

static void add_list_schema(agr_buf *out, const char *name)
{
	agr_buf_printf(out, "\"%s\":{\"%s\":%zu", name, below(2) ? "minItems" : "maxItems", 1 + below(3));
	agr_buf_str(out, below(32) ? ",\"items\":" : ",\"contains\":");
	if (!below(3) && strcmp(name, "nodes") == 0)
		agr_buf_str(out, "{\"$ref\":\"#/definitions/node\"}");
	else
		add_some_schema(out);
	agr_buf_char(out, '}');
}

/* What a schema may say of a workflow, as a caller may write it. */
static void add_flow_keywords(agr_buf *out)
{
	static const char *const more[] = { "", "", ",\"required\":[\"name\",\"edges\"]",
		",\"additionalProperties\":false", ",\"additionalProperties\":{\"type\":\"object\"}",
		",\"maxProperties\":3", ",\"propertyNames\":{\"pattern\":\"^[a-z]+$\"}",
		",\"patternProperties\":{\"^n\":true}", ",\"type\":[\"object\",\"null\"]",
		",\"anyOf\":[{\"required\":[\"name\"]},{\"required\":[\"meta\"]}]" };

	agr_buf_str(out, "\"properties\":{");
	add_list_schema(out, "nodes");
	agr_buf_char(out, ',');
	add_list_schema(out, below(8) ? "edges" : "others");
	agr_buf_str(out, ",\"name\":");
	add_some_schema(out);
	agr_buf_printf(out, "}%s", ONE_OF(more));
}

static void add_flow_schema(agr_buf *out)
{
	size_t how = below(4);

	agr_buf_str(out, "{\"definitions\":{\"p\":");
	add_some_schema(out);
	agr_buf_str(out, ",\"q\":{\"properties\":{\"b\":");
	add_some_schema(out);
	agr_buf_str(out, "}},\"r\":true,\"node\":");
	add_kinds(out, (unsigned)below(2));
	agr_buf_str(out, ",\"flow\":{");
	add_flow_keywords(out);
	agr_buf_str(out, "}},");
	if (how == 0)
		agr_buf_str(out, "\"$ref\":\"#/definitions/flow\"");
	else if (how == 1)
		agr_buf_str(out, "\"allOf\":[{\"$ref\":\"#/definitions/flow\"},{\"required\":[\"nodes\"]}],");
	if (how)
		add_flow_keywords(out);
	agr_buf_char(out, '}');
}

START_TEST(so_it_is_whatever_the_schema)
{
	agr_buf patch = AGR_BUF_INIT, schema = AGR_BUF_INIT;
	size_t judged[2] = { 0, 0 };

	for (int i = 0; i < 8000; i++) {
		if (i % 4 == 0) {
			agr_buf_reset(&schema);
			add_flow_schema(&schema);
		}
		agr_buf_reset(&patch);
		if (below(2))
			agr_buf_str(&patch, "[]");
		else
			add_operations(&patch);
		judge(alike, &patch, schema.data, judged);
	}
	ck_assert_uint_gt(judged[0], 300);
	ck_assert_uint_gt(judged[1], 300);
	agr_buf_free(&patch);
	agr_buf_free(&schema);
}
END_TEST

START_TEST(what_a_schema_says_holds_wherever_it_says_it)
{
	static const struct {
		const char *schema, *patch;
	} refused[] = {
		/* Of a list that is not named. */
		{ "{\"properties\":{\"nodes\":true,\"name\":true,\"meta\":true},\"additionalProperties\":"
			"{\"maxItems\":1}}", "[]" },
		{ "{\"properties\":{\"nodes\":true,\"name\":true,\"meta\":true},\"additionalProperties\":"
			"false}", "[]" },
		{ "{\"properties\":{\"edges\":{\"maxItems\":1}}}", "[]" },
		{ "{\"properties\":{\"nodes\":{\"minItems\":4}}}", "[]" },
		{ "{\"allOf\":[{\"properties\":{\"nodes\":{\"minItems\":4}}},{\"properties\":{"
			"\"nodes\":{\"minItems\":1}}}]}", "[]" },
		{ "{\"required\":[\"title\"]}", "[]" },
		{ "{\"minProperties\":5}", "[]" },
		{ "{\"$ref\":\"#/definitions/f\",\"definitions\":{\"f\":{\"maxProperties\":3}}}", "[]" },
		/* Of a part that is like the whole. */
		{ "{\"allOf\":[{\"$ref\":\"#/definitions/f\"}],\"properties\":{\"meta\":{\"$ref\":"
			"\"#/definitions/f\"}},\"definitions\":{\"f\":{\"required\":[\"nodes\",\"name\"],"
			"\"properties\":{\"nodes\":{\"maxItems\":3}}}}}",
			"[{\"op\":\"add\",\"path\":\"/meta\",\"value\":{\"name\":1,\"nodes\":[1,2,3,4]}}]" },
		/* Of what is there once in the end. */
		{ "{\"properties\":{\"nodes\":{\"items\":{\"properties\":{\"config\":{"
			"\"properties\":{\"x\":{\"minProperties\":2}}}}}}}}",
			"[{\"op\":\"add\",\"path\":\"/nodes/-\",\"value\":{\"id\":\"d\",\"type\":\"task\","
			"\"config\":{\"x\":{\"a\":1,\"a\":2}}}}]" },
	};
	static const char twice[] = "{\"nodes\":[{\"id\":\"a\",\"type\":\"task\",\"config\":{\"a\":1,"
		"\"a\":2}}],\"edges\":[]}";
	size_t judged[2] = { 0, 0 };
	agr_buf patch = AGR_BUF_INIT;

	for (size_t i = 0; i < AGR_COUNT(refused); i++) {
		agr_buf_reset(&patch);
		agr_buf_str(&patch, refused[i].patch);
		judge(alike, &patch, refused[i].schema, judged);
		ck_assert_msg(judged[1] == i + 1, "%s", refused[i].schema);
	}
	agr_buf_reset(&patch);
	agr_buf_str(&patch, "[]");
	judge(twice, &patch, "{\"properties\":{\"nodes\":{\"items\":{\"properties\":{\"config\":"
		"{\"minProperties\":2}}}}}}", judged);
	ck_assert_uint_eq(judged[0], 0);
	agr_buf_free(&patch);
}
END_TEST

/* Ids that are alike at both ends, of lengths around those that are compared at once. */
static void add_id(agr_buf *out, size_t i)
{
	static const char *const forms[] = { "n%zu", "node_%08zu_", "abcdefg%zuhijklmn",
		"a_long_beginning_%zu_and_a_long_end" };

	agr_buf_char(out, '"');
	agr_buf_printf(out, forms[i % 4], i);
	agr_buf_char(out, '"');
}

static void add_node(agr_buf *out, size_t i)
{
	static const char *const types[] = { "task", "http", "filter", "agent" };

	agr_buf_str(out, "{\"id\":");
	add_id(out, i);
	agr_buf_printf(out, ",\"type\":\"%s\"%s}", types[i % 4], i % 3 ? "" :
		",\"retry\":{\"max_attempts\":3}");
}

static void add_edge(agr_buf *out, size_t from, size_t to)
{
	agr_buf_str(out, "{\"from\":");
	add_id(out, from);
	agr_buf_str(out, ",\"to\":");
	add_id(out, to);
	agr_buf_char(out, '}');
}

/* Mostly forward, so that there is mostly no cycle. */
static void add_some_edge(agr_buf *out, size_t n)
{
	size_t from = below(n), to = below(n);

	if (from > to && below(8)) {
		size_t swap = from;

		from = to;
		to = swap;
	}
	add_edge(out, from, from == to ? (from + 1) % n : to);
}

static void add_flow(agr_buf *out, size_t n, bool chain)
{
	agr_buf nodes = AGR_BUF_INIT, edges = AGR_BUF_INIT;
	bool edges_first = below(2);

	agr_buf_str(&nodes, "\"nodes\":[");
	agr_buf_str(&edges, "\"edges\":[");
	for (size_t i = 0; i < n; i++) {
		agr_buf_str(&nodes, i ? "," : "");
		add_node(&nodes, i);
		if (i && chain) {
			agr_buf_str(&edges, i > 1 ? "," : "");
			add_edge(&edges, i - 1, i);
		}
	}
	agr_buf_char(&nodes, ']');
	agr_buf_char(&edges, ']');
	agr_buf_printf(out, "{%s,%s}", edges_first ? edges.data : nodes.data,
		edges_first ? nodes.data : edges.data);
	agr_buf_free(&nodes);
	agr_buf_free(&edges);
}

/* One change of a workflow of `n` nodes; ids of up to n + 3 may be in it. */
static void add_change(agr_buf *out, size_t n)
{
	size_t at = below(n);

	switch (below(9)) {
	case 0: /* the same id at the same place, or one that may be another's */
		agr_buf_printf(out, "{\"op\":\"replace\",\"path\":\"/nodes/%zu\",\"value\":", at);
		add_node(out, below(8) ? at : below(n + 3));
		break;
	case 1:
		agr_buf_printf(out, "{\"op\":\"replace\",\"path\":\"/nodes/%zu/id\",\"value\":", at);
		add_id(out, below(2) ? n + below(3) : below(n));
		break;
	case 2:
		agr_buf_printf(out, "{\"op\":\"add\",\"path\":\"/nodes/%zu/config\",\"value\":{}", at);
		break;
	case 3:
		agr_buf_printf(out, "{\"op\":\"move\",\"from\":\"/nodes/%zu\",\"path\":\"/nodes/%zu\"", at,
			below(n));
		break;
	case 4:
		agr_buf_printf(out, "{\"op\":\"add\",\"path\":\"/nodes/%zu\",\"value\":", at);
		add_node(out, below(16) ? n + below(3) : below(n));
		break;
	case 5:
		agr_buf_printf(out, "{\"op\":\"%s\",\"path\":\"/%s/%zu\"", "remove",
			below(8) ? "edges" : "nodes", at);
		break;
	case 6:
		agr_buf_printf(out, "{\"op\":\"replace\",\"path\":\"/edges/%zu/to\",\"value\":", at);
		add_id(out, below(n));
		break;
	default:
		agr_buf_printf(out, "{\"op\":\"add\",\"path\":\"/edges/%zu\",\"value\":", at);
		add_some_edge(out, n);
	}
	agr_buf_char(out, '}');
}

START_TEST(so_it_is_of_large_ones_however_their_nodes_and_edges_stand)
{
	agr_buf flow = AGR_BUF_INIT, patch = AGR_BUF_INIT;
	size_t judged[2] = { 0, 0 };

	for (int i = 0; i < 1500; i++) {
		size_t n = 2 + below(i % 50 ? 40 : 400), changes = 1 + below(6);

		agr_buf_reset(&flow);
		agr_buf_reset(&patch);
		add_flow(&flow, n, below(4));
		agr_buf_char(&patch, '[');
		for (size_t k = 0; k < changes; k++) {
			agr_buf_str(&patch, k ? "," : "");
			add_change(&patch, n);
		}
		agr_buf_char(&patch, ']');
		judge(flow.data, &patch, NULL, judged);
	}
	ck_assert_uint_gt(judged[0], 200);
	ck_assert_uint_gt(judged[1], 200);
	agr_buf_free(&flow);
	agr_buf_free(&patch);
}
END_TEST

/* Longer ids than are noted while the workflow is read are judged all the same. */
START_TEST(ids_may_be_very_long)
{
	agr_buf flow = AGR_BUF_INIT, patch = AGR_BUF_INIT;
	char *id = malloc(70001);
	size_t judged[2] = { 0, 0 };

	memset(id, 'x', 70000);
	id[70000] = '\0';
	agr_buf_printf(&flow, "{\"nodes\":[{\"id\":\"%s\",\"type\":\"task\"},{\"id\":\"%sy\","
		"\"type\":\"task\"}],\"edges\":[{\"from\":\"%s\",\"to\":\"%sy\"}]}", id, id, id, id);
	agr_buf_str(&patch, "[]");
	judge(flow.data, &patch, NULL, judged);
	ck_assert_uint_eq(judged[0], 1);
	agr_buf_reset(&patch);
	agr_buf_printf(&patch, "[{\"op\":\"add\",\"path\":\"/nodes/-\",\"value\":{\"id\":\"%sy\","
		"\"type\":\"task\"}}]", id);
	judge(flow.data, &patch, NULL, judged);
	ck_assert_uint_eq(judged[1], 1);
	free(id);
	agr_buf_free(&flow);
	agr_buf_free(&patch);
}
END_TEST

START_TEST(an_operation_that_fails_is_the_violation)
{
	refuses("[{\"op\":\"add\",\"path\":\"/"
		"x\",\"value\":1},{\"op\":\"remove\",\"path\":"
		"\"/nodes/9\"}]",
		"operation 2 (remove /nodes/9): no such element, /nodes has 3\n");
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		nodes_and_edges_are_added_changed_and_removed,
		two_edges_between_the_same_nodes_are_told_apart,
		every_violation_is_listed_with_operation_and_pointer,
		an_edge_that_lost_its_node_names_the_operation_that_took_it,
		cycles_are_named,
		a_long_chain_is_no_cycle_and_needs_no_stack,
		a_workflow_has_both_arrays_and_a_node,
		what_was_wrong_before_is_wrong_without_an_operation,
		at_most_five_nodes_become_agents,
		configs_are_checked_by_type,
		a_schema_of_the_caller_stands_for_the_built_in_one,
		the_form_with_nodes_by_key_is_read_and_the_one_with_arrays_comes_out,
		a_short_text_does_not_become_an_endless_one,
		a_patch_is_refused_just_where_its_result_is_no_workflow,
		so_it_is_whatever_the_schema,
		what_a_schema_says_holds_wherever_it_says_it,
		so_it_is_of_large_ones_however_their_nodes_and_edges_stand,
		ids_may_be_very_long,
		an_operation_that_fails_is_the_violation,
		NULL,
	};

	return unit_main(unit_suite("workflow", tests));
}
