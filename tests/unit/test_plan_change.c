/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
/* Prompts against the built-in planner: what it plans, and what it must not. */
#include "unit.h"

#include <agentrun/intent.h>

#include "plan/builtin.h"

struct expected {
	const char *prompt, *plan;
};

static const char workflow[] =
	"{\"nodes\":[{\"id\":\"start\",\"type\":\"start\"},{\"id\":\"fetch\",\"type\""
	":\"http\",\"config\":{\"url\":\"https://a/b\",\"method\":\"GET\"}},{\"id\""
	":\"send_email\",\"type\":\"function\",\"config\":{\"action\":\"email\",\""
	"input\":\"$nodes.fetch.body\"}},{\"id\":\"check\",\"type\":\"condition"
	"al\",\"config\":{\"condition\":\"x > 1\"}},{\"id\":\"review\",\"type\":\"h"
	"itl\",\"config\":{\"message\":\"ok?\"},\"retry\":{\"max_attempts\":2,\"b"
	"ackoff_ms\":100}},{\"id\":\"end\",\"type\":\"end\"}],\"edges\":[{\"from\""
	":\"start\",\"to\":\"fetch\"},{\"from\":\"fetch\",\"to\":\"check\"},{\"from\""
	":\"check\",\"to\":\"send_email\",\"condition\":\"true\"},{\"from\":\"chec"
	"k\",\"to\":\"review\",\"condition\":\"false\"},{\"from\":\"send_email\",\""
	"to\":\"end\"},{\"from\":\"review\",\"to\":\"end\"}]}";

static agr_plan_answer ask(const char *prompt, const json_t *graph, const char *node)
{
	agr_plan_request request = { .prompt = prompt, .prompt_len = strlen(prompt),
		.workflow = graph, .node_id = node, .workflow_tag = "w1", .workflow_owner = "me" };
	agr_plan_answer answer;
	agentrun_error *err = NULL;

	ck_assert_msg(agr_builtin_plan(&answer, &request, &err) == 0, "%s: %s", prompt,
		agentrun_error_message(err));
	ck_assert_ptr_nonnull(answer.message);
	return answer;
}

static json_t *read_workflow(const char *text)
{
	json_t *graph = json_loads(text, 0, NULL);

	ck_assert_ptr_nonnull(graph);
	return graph;
}

/* Apply one operation in the plainest way; what it points to must be there. */
static void apply(json_t *document, const json_t *operation)
{
	const char *op = agr_json_str(operation, "op", "");
	const char *path = agr_json_str(operation, "path", "");
	json_t *value = json_object_get(operation, "value"), *at = document;
	char *copy = strdup(path + 1), *save = NULL, *name = strtok_r(copy, "/", &save), *next;

	for (; (next = strtok_r(NULL, "/", &save)) != NULL; name = next)
		at = json_is_array(at) ? json_array_get(at, strtoul(name, NULL, 10))
				       : json_object_get(at, name);
	ck_assert_msg(at != NULL, "%s points to nothing", path);
	if (strcmp(name, "-") == 0) {
		json_array_append(at, value);
	} else if (json_is_array(at)) {
		ck_assert_str_eq(op, "remove");
		ck_assert_int_eq(json_array_remove(at, strtoul(name, NULL, 10)), 0);
	} else {
		ck_assert_msg(strcmp(op, "add") == 0 || json_object_get(at, name), "%s is not there", path);
		if (strcmp(op, "remove") == 0)
			json_object_del(at, name);
		else
			json_object_set(at, name, value);
	}
	free(copy);
}

static size_t node_index(const json_t *graph, const char *id)
{
	const json_t *nodes = json_object_get(graph, "nodes");

	for (size_t i = 0; i < json_array_size(nodes); i++)
		if (strcmp(agr_json_str(json_array_get(nodes, i), "id", ""), id) == 0)
			return i;
	return SIZE_MAX;
}

/* Ids are unique, edges join nodes, and there is no circle. */
static void is_valid(const json_t *graph, const char *prompt)
{
	const json_t *nodes = json_object_get(graph, "nodes");
	const json_t *edges = json_object_get(graph, "edges");
	size_t level[64] = { 0 }, n = json_array_size(nodes);

	ck_assert_uint_lt(n, 64);
	for (size_t i = 0; i < n; i++)
		ck_assert_msg(node_index(graph, agr_json_str(json_array_get(nodes, i), "id", "")) == i,
			"%s: an id comes twice", prompt);
	for (size_t round = 0; round <= n; round++)
		for (size_t i = 0; i < json_array_size(edges); i++) {
			size_t from = node_index(graph, agr_json_str(json_array_get(edges, i), "from", ""));
			size_t to = node_index(graph, agr_json_str(json_array_get(edges, i), "to", ""));

			ck_assert_msg(from < n && to < n, "%s: an edge joins no nodes", prompt);
			if (level[to] <= level[from])
				level[to] = level[from] + 1;
		}
	for (size_t i = 0; i < n; i++)
		ck_assert_msg(level[i] < n, "%s: a circle", prompt);
}

static void plans(const struct expected *expected, size_t n, const char *node)
{
	for (size_t i = 0; i < n; i++) {
		json_t *graph = read_workflow(workflow);
		agr_plan_answer answer = ask(expected[i].prompt, graph, node);
		const json_t *arguments = json_object_get(answer.call, "arguments"), *operations;
		char *text;

		ck_assert_msg(answer.call != NULL, "%s: %s", expected[i].prompt, answer.message);
		ck_assert_str_eq(agr_json_str(answer.call, "name", ""), "patch_workflow");
		ck_assert_str_eq(agr_json_str(arguments, "workflow_tag", ""), "w1");
		ck_assert_str_eq(agr_json_str(arguments, "workflow_owner", ""), "me");
		operations = json_object_get(json_object_get(arguments, "patch_spec"), "operations");
		text = agr_json_text(operations);
		ck_assert_msg(strcmp(text, expected[i].plan) == 0, "%s: %s", expected[i].prompt, text);
		free(text);
		for (size_t k = 0; k < json_array_size(operations); k++)
			apply(graph, json_array_get(operations, k));
		is_valid(graph, expected[i].prompt);
		agr_plan_answer_clear(&answer);
		json_decref(graph);
	}
}

static void is_unclear(const char *const *prompts, size_t n, const json_t *graph)
{
	for (size_t i = 0; i < n; i++) {
		agr_plan_answer answer = ask(prompts[i], graph, NULL);
		char *text = agr_json_text(answer.call);

		ck_assert_msg(!answer.call, "%s: %s", prompts[i], text);
		free(text);
		agr_plan_answer_clear(&answer);
	}
}

static const struct expected planned[] = {
	{ "add an http node called prices after fetch",
		  "[{\"op\":\"add\",\"path\":\"/nodes/-\",\"value\":{\"id\":\"prices"
		  "\",\"type\":\"http\"}},{\"op\":\"replace\",\"path\":\"/edges/1/to"
		  "\",\"value\":\"prices\"},{\"op\":\"add\",\"path\":\"/edges/-\",\"v"
		  "alue\":{\"from\":\"prices\",\"to\":\"check\"}}]" },
	{ "insert an approval step between fetch and check",
		  "[{\"op\":\"add\",\"path\":\"/nodes/-\",\"value\":{\"id\":\"approva"
		  "l\",\"type\":\"hitl\"}},{\"op\":\"replace\",\"path\":\"/edges/1/to"
		  "\",\"value\":\"approval\"},{\"op\":\"add\",\"path\":\"/edges/-\","
		  "\"value\":{\"from\":\"approval\",\"to\":\"check\"}}]" },
	{ "add a slack notification before end",
		  "[{\"op\":\"add\",\"path\":\"/nodes/-\",\"value\":{\"id\":\"slack\""
		  ",\"type\":\"function\",\"config\":{\"action\":\"slack\"}}},{\"op\""
		  ":\"replace\",\"path\":\"/edges/4/to\",\"value\":\"slack\"},{\"op\""
		  ":\"replace\",\"path\":\"/edges/5/to\",\"value\":\"slack\"},{\"op\""
		  ":\"add\",\"path\":\"/edges/-\",\"value\":{\"from\":\"slack\",\"to"
		  "\":\"end\"}}]" },
	{ "add an agent node named summarize with task \"Summarize the r"
		  "eport\" after fetch",
		  "[{\"op\":\"add\",\"path\":\"/nodes/-\",\"value\":{\"id\":\"summari"
		  "ze\",\"type\":\"agent\",\"config\":{\"task\":\"Summarize the repor"
		  "t\"}}},{\"op\":\"replace\",\"path\":\"/edges/1/to\",\"value\":\"su"
		  "mmarize\"},{\"op\":\"add\",\"path\":\"/edges/-\",\"value\":{\"from"
		  "\":\"summarize\",\"to\":\"check\"}}]" },
	{ "append a transform node",
		  "[{\"op\":\"add\",\"path\":\"/nodes/-\",\"value\":{\"id\":\"transfo"
		  "rm\",\"type\":\"transform\"}},{\"op\":\"replace\",\"path\":\"/edge"
		  "s/4/to\",\"value\":\"transform\"},{\"op\":\"replace\",\"path\":\"/"
		  "edges/5/to\",\"value\":\"transform\"},{\"op\":\"add\",\"path\":\"/"
		  "edges/-\",\"value\":{\"from\":\"transform\",\"to\":\"end\"}}]" },
	{ "add an http node to https://x.com/y after fetch in parallel",
		  "[{\"op\":\"add\",\"path\":\"/nodes/-\",\"value\":{\"id\":\"http\","
		  "\"type\":\"http\",\"config\":{\"url\":\"https://x.com/y\"}}},{\"op"
		  "\":\"add\",\"path\":\"/edges/-\",\"value\":{\"from\":\"fetch\",\"t"
		  "o\":\"http\"}}]" },
	{ "remove send_email",
		  "[{\"op\":\"remove\",\"path\":\"/edges/4\"},{\"op\":\"remove\",\"pa"
		  "th\":\"/edges/2\"},{\"op\":\"remove\",\"path\":\"/nodes/2\"},{\"op"
		  "\":\"add\",\"path\":\"/edges/-\",\"value\":{\"from\":\"check\",\"t"
		  "o\":\"end\",\"condition\":\"true\"}}]" },
	{ "delete the send email node",
		  "[{\"op\":\"remove\",\"path\":\"/edges/4\"},{\"op\":\"remove\",\"pa"
		  "th\":\"/edges/2\"},{\"op\":\"remove\",\"path\":\"/nodes/2\"},{\"op"
		  "\":\"add\",\"path\":\"/edges/-\",\"value\":{\"from\":\"check\",\"t"
		  "o\":\"end\",\"condition\":\"true\"}}]" },
	{ "remove the review step",
		  "[{\"op\":\"remove\",\"path\":\"/edges/5\"},{\"op\":\"remove\",\"pa"
		  "th\":\"/edges/3\"},{\"op\":\"remove\",\"path\":\"/nodes/4\"},{\"op"
		  "\":\"add\",\"path\":\"/edges/-\",\"value\":{\"from\":\"check\",\"t"
		  "o\":\"end\",\"condition\":\"false\"}}]" },
	{ "remove the start node",
		  "[{\"op\":\"remove\",\"path\":\"/edges/0\"},{\"op\":\"remove\",\"pa"
		  "th\":\"/nodes/0\"}]" },
	{ "rename fetch to get_prices",
		  "[{\"op\":\"replace\",\"path\":\"/nodes/1/id\",\"value\":\"get_pric"
		  "es\"},{\"op\":\"replace\",\"path\":\"/edges/0/to\",\"value\":\"get"
		  "_prices\"},{\"op\":\"replace\",\"path\":\"/edges/1/from\",\"value"
		  "\":\"get_prices\"},{\"op\":\"replace\",\"path\":\"/nodes/2/config/"
		  "input\",\"value\":\"$nodes.get_prices.body\"}]" },
	{ "rename send_email to mail",
		  "[{\"op\":\"replace\",\"path\":\"/nodes/2/id\",\"value\":\"mail\"},"
		  "{\"op\":\"replace\",\"path\":\"/edges/2/to\",\"value\":\"mail\"},{"
		  "\"op\":\"replace\",\"path\":\"/edges/4/from\",\"value\":\"mail\"}]" },
	{ "rename the http node to grab",
		  "[{\"op\":\"replace\",\"path\":\"/nodes/1/id\",\"value\":\"grab\"},"
		  "{\"op\":\"replace\",\"path\":\"/edges/0/to\",\"value\":\"grab\"},{"
		  "\"op\":\"replace\",\"path\":\"/edges/1/from\",\"value\":\"grab\"},"
		  "{\"op\":\"replace\",\"path\":\"/nodes/2/config/input\",\"value\":"
		  "\"$nodes.grab.body\"}]" },
	{ "change the type of fetch to function",
		  "[{\"op\":\"replace\",\"path\":\"/nodes/1/type\",\"value\":\"functi"
		  "on\"}]" },
	{ "turn review into a task",
		  "[{\"op\":\"replace\",\"path\":\"/nodes/4/type\",\"value\":\"task\""
		  "}]" },
	{ "make review an agent node",
		  "[{\"op\":\"replace\",\"path\":\"/nodes/4/type\",\"value\":\"agent"
		  "\"}]" },
	{ "connect fetch to review",
		  "[{\"op\":\"add\",\"path\":\"/edges/-\",\"value\":{\"from\":\"fetch"
		  "\",\"to\":\"review\"}}]" },
	{ "connect start to check when \"x > 5\"",
		  "[{\"op\":\"add\",\"path\":\"/edges/-\",\"value\":{\"from\":\"start"
		  "\",\"to\":\"check\",\"condition\":\"x > 5\"}}]" },
	{ "disconnect fetch from check",
		  "[{\"op\":\"remove\",\"path\":\"/edges/1\"}]" },
	{ "remove the edge from fetch to check",
		  "[{\"op\":\"remove\",\"path\":\"/edges/1\"}]" },
	{ "change the condition of the edge from check to review to `x "
		  "> 5`",
		  "[{\"op\":\"add\",\"path\":\"/edges/3/condition\",\"value\":\"x > 5"
		  "\"}]" },
	{ "change the condition of the edge between check and review to"
		  " x > 5",
		  "[{\"op\":\"add\",\"path\":\"/edges/3/condition\",\"value\":\"x > 5"
		  "\"}]" },
	{ "set the timeout of fetch to 30 seconds",
		  "[{\"op\":\"add\",\"path\":\"/nodes/1/timeout_ms\",\"value\":30000}"
		  "]" },
	{ "set fetch timeout to 2 minutes",
		  "[{\"op\":\"add\",\"path\":\"/nodes/1/timeout_ms\",\"value\":120000"
		  "}]" },
	{ "set fetch's timeout to 45s",
		  "[{\"op\":\"add\",\"path\":\"/nodes/1/timeout_ms\",\"value\":45000}"
		  "]" },
	{ "retry fetch 5 times with 2s backoff",
		  "[{\"op\":\"add\",\"path\":\"/nodes/1/retry\",\"value\":{\"max_atte"
		  "mpts\":5,\"backoff_ms\":2000}}]" },
	{ "retry fetch 3 times",
		  "[{\"op\":\"add\",\"path\":\"/nodes/1/retry\",\"value\":{\"max_atte"
		  "mpts\":3}}]" },
	{ "retry review 4 times",
		  "[{\"op\":\"add\",\"path\":\"/nodes/4/retry/max_attempts\",\"va"
		  "lue\":4}]" },
	{ "set url of fetch to https://x.y/z",
		  "[{\"op\":\"add\",\"path\":\"/nodes/1/config/url\",\"value\":\"http"
		  "s://x.y/z\"}]" },
	{ "change the method of fetch to POST",
		  "[{\"op\":\"add\",\"path\":\"/nodes/1/config/method\",\"value\":\"P"
		  "OST\"}]" },
	{ "set config region of fetch to \"eu\"",
		  "[{\"op\":\"add\",\"path\":\"/nodes/1/config/region\",\"value\":\"e"
		  "u\"}]" },
	{ "set the condition of check to \"y < 3\"",
		  "[{\"op\":\"add\",\"path\":\"/nodes/3/config/condition\",\"value\":"
		  "\"y < 3\"}]" },
	{ "set the retries of fetch to 4",
		  "[{\"op\":\"add\",\"path\":\"/nodes/1/retry\",\"value\":{\"max_atte"
		  "mpts\":4}}]" },
	{ "whenever fetch fails notify #ops",
		  "[{\"op\":\"add\",\"path\":\"/nodes/-\",\"value\":{\"id\":\"conditi"
		  "on\",\"type\":\"conditional\",\"config\":{\"condition\":\"fetch fa"
		  "ils\"}}},{\"op\":\"add\",\"path\":\"/nodes/-\",\"value\":{\"id\":"
		  "\"notify\",\"type\":\"function\",\"config\":{\"channel\":\"#ops\","
		  "\"action\":\"notify\"}}},{\"op\":\"add\",\"path\":\"/edges/-\",\"v"
		  "alue\":{\"from\":\"fetch\",\"to\":\"condition\"}},{\"op\":\"add\","
		  "\"path\":\"/edges/-\",\"value\":{\"from\":\"condition\",\"to\":\"n"
		  "otify\",\"condition\":\"true\"}}]" },
	{ "require approval before send_email",
		  "[{\"op\":\"add\",\"path\":\"/nodes/-\",\"value\":{\"id\":\"approva"
		  "l\",\"type\":\"hitl\"}},{\"op\":\"replace\",\"path\":\"/edges/2/to"
		  "\",\"value\":\"approval\"},{\"op\":\"add\",\"path\":\"/edges/-\","
		  "\"value\":{\"from\":\"approval\",\"to\":\"send_email\"}}]" },
	{ "add a email node at the end",
		  "[{\"op\":\"add\",\"path\":\"/nodes/-\",\"value\":{\"id\":\"email\""
		  ",\"type\":\"function\",\"config\":{\"action\":\"email\"}}},{\"op\""
		  ":\"replace\",\"path\":\"/edges/4/to\",\"value\":\"email\"},{\"op\""
		  ":\"replace\",\"path\":\"/edges/5/to\",\"value\":\"email\"},{\"op\""
		  ":\"add\",\"path\":\"/edges/-\",\"value\":{\"from\":\"email\",\"to"
		  "\":\"end\"}}]" },
	{ "add a start node at the beginning",
		  "[{\"op\":\"add\",\"path\":\"/nodes/-\",\"value\":{\"id\":\"start_2"
		  "\",\"type\":\"start\"}},{\"op\":\"replace\",\"path\":\"/edges/0/to"
		  "\",\"value\":\"start_2\"},{\"op\":\"add\",\"path\":\"/edges/-\",\""
		  "value\":{\"from\":\"start_2\",\"to\":\"fetch\"}}]" },
	{ "remove the condition of the edge from check to review",
		  "[{\"op\":\"remove\",\"path\":\"/edges/3/condition\"}]" },
};

static const struct expected notices[] = {
	{ "always email me when the price drops below 100",
		  "[{\"op\":\"add\",\"path\":\"/nodes/-\",\"value\":{\"id\":\"conditi"
		  "on\",\"type\":\"conditional\",\"config\":{\"condition\":\"price < "
		  "100\"}}},{\"op\":\"add\",\"path\":\"/nodes/-\",\"value\":{\"id\":"
		  "\"email\",\"type\":\"function\",\"config\":{\"to\":\"me\",\"action"
		  "\":\"email\"}}},{\"op\":\"add\",\"path\":\"/edges/-\",\"value\":{"
		  "\"from\":\"fetch\",\"to\":\"condition\"}},{\"op\":\"add\",\"path\""
		  ":\"/edges/-\",\"value\":{\"from\":\"condition\",\"to\":\"email\","
		  "\"condition\":\"true\"}}]" },
	{ "whenever fetch fails notify #ops",
		  "[{\"op\":\"add\",\"path\":\"/nodes/-\",\"value\":{\"id\":\"conditi"
		  "on\",\"type\":\"conditional\",\"config\":{\"condition\":\"fetch fa"
		  "ils\"}}},{\"op\":\"add\",\"path\":\"/nodes/-\",\"value\":{\"id\":"
		  "\"notify\",\"type\":\"function\",\"config\":{\"channel\":\"#ops\","
		  "\"action\":\"notify\"}}},{\"op\":\"add\",\"path\":\"/edges/-\",\"v"
		  "alue\":{\"from\":\"fetch\",\"to\":\"condition\"}},{\"op\":\"add\","
		  "\"path\":\"/edges/-\",\"value\":{\"from\":\"condition\",\"to\":\"n"
		  "otify\",\"condition\":\"true\"}}]" },
	{ "if the total is over 500 then send a slack message",
		  "[{\"op\":\"add\",\"path\":\"/nodes/-\",\"value\":{\"id\":\"conditi"
		  "on\",\"type\":\"conditional\",\"config\":{\"condition\":\"total > "
		  "500\"}}},{\"op\":\"add\",\"path\":\"/nodes/-\",\"value\":{\"id\":"
		  "\"slack\",\"type\":\"function\",\"config\":{\"action\":\"slack\"}}"
		  "},{\"op\":\"add\",\"path\":\"/edges/-\",\"value\":{\"from\":\"fetc"
		  "h\",\"to\":\"condition\"}},{\"op\":\"add\",\"path\":\"/edges/-\","
		  "\"value\":{\"from\":\"condition\",\"to\":\"slack\",\"condition\":"
		  "\"true\"}}]" },
	{ "when the price drops, send me an email",
		  "[{\"op\":\"add\",\"path\":\"/nodes/-\",\"value\":{\"id\":\"conditi"
		  "on\",\"type\":\"conditional\",\"config\":{\"condition\":\"the pric"
		  "e drops\"}}},{\"op\":\"add\",\"path\":\"/nodes/-\",\"value\":{\"id"
		  "\":\"email\",\"type\":\"function\",\"config\":{\"to\":\"me\",\"act"
		  "ion\":\"email\"}}},{\"op\":\"add\",\"path\":\"/edges/-\",\"value\""
		  ":{\"from\":\"fetch\",\"to\":\"condition\"}},{\"op\":\"add\",\"path"
		  "\":\"/edges/-\",\"value\":{\"from\":\"condition\",\"to\":\"email\""
		  ",\"condition\":\"true\"}}]" },
	{ "notify ops@x.com if the order amount exceeds 500",
		  "[{\"op\":\"add\",\"path\":\"/nodes/-\",\"value\":{\"id\":\"conditi"
		  "on\",\"type\":\"conditional\",\"config\":{\"condition\":\"the orde"
		  "r amount exceeds 500\"}}},{\"op\":\"add\",\"path\":\"/nodes/-\",\""
		  "value\":{\"id\":\"notify\",\"type\":\"function\",\"config\":{\"to"
		  "\":\"ops@x.com\",\"action\":\"notify\"}}},{\"op\":\"add\",\"path\""
		  ":\"/edges/-\",\"value\":{\"from\":\"fetch\",\"to\":\"condition\"}}"
		  ",{\"op\":\"add\",\"path\":\"/edges/-\",\"value\":{\"from\":\"condi"
		  "tion\",\"to\":\"notify\",\"condition\":\"true\"}}]" },
	{ "when the total is over $1.5k ask for approval",
		  "[{\"op\":\"add\",\"path\":\"/nodes/-\",\"value\":{\"id\":\"conditi"
		  "on\",\"type\":\"conditional\",\"config\":{\"condition\":\"total > "
		  "1500\"}}},{\"op\":\"add\",\"path\":\"/nodes/-\",\"value\":{\"id\":"
		  "\"approval\",\"type\":\"hitl\"}},{\"op\":\"add\",\"path\":\"/edges"
		  "/-\",\"value\":{\"from\":\"fetch\",\"to\":\"condition\"}},{\"op\":"
		  "\"add\",\"path\":\"/edges/-\",\"value\":{\"from\":\"condition\",\""
		  "to\":\"approval\",\"condition\":\"true\"}}]" },
	{ "email me when review is not done on time",
		  "[{\"op\":\"add\",\"path\":\"/nodes/-\",\"value\":{\"id\":\"conditi"
		  "on\",\"type\":\"conditional\",\"config\":{\"condition\":\"review i"
		  "s not done on time\"}}},{\"op\":\"add\",\"path\":\"/nodes/-\",\"va"
		  "lue\":{\"id\":\"email\",\"type\":\"function\",\"config\":{\"to\":"
		  "\"me\",\"action\":\"email\"}}},{\"op\":\"add\",\"path\":\"/edges/-"
		  "\",\"value\":{\"from\":\"review\",\"to\":\"condition\"}},{\"op\":"
		  "\"add\",\"path\":\"/edges/-\",\"value\":{\"from\":\"condition\",\""
		  "to\":\"email\",\"condition\":\"true\"}}]" },
	{ "add a hitl node after this node",
		  "[{\"op\":\"add\",\"path\":\"/nodes/-\",\"value\":{\"id\":\"approva"
		  "l\",\"type\":\"hitl\"}},{\"op\":\"replace\",\"path\":\"/edges/1/to"
		  "\",\"value\":\"approval\"},{\"op\":\"add\",\"path\":\"/edges/-\","
		  "\"value\":{\"from\":\"approval\",\"to\":\"check\"}}]" },
	{ "delete the last node",
		  "[{\"op\":\"remove\",\"path\":\"/edges/5\"},{\"op\":\"remove\",\"pa"
		  "th\":\"/edges/4\"},{\"op\":\"remove\",\"path\":\"/nodes/5\"}]" },
	{ "delete the first node",
		  "[{\"op\":\"remove\",\"path\":\"/edges/0\"},{\"op\":\"remove\",\"pa"
		  "th\":\"/nodes/0\"}]" },
	{ "remove the function node",
		  "[{\"op\":\"remove\",\"path\":\"/edges/4\"},{\"op\":\"remove\",\"pa"
		  "th\":\"/edges/2\"},{\"op\":\"remove\",\"path\":\"/nodes/2\"},{\"op"
		  "\":\"add\",\"path\":\"/edges/-\",\"value\":{\"from\":\"check\",\"t"
		  "o\":\"end\",\"condition\":\"true\"}}]" },
	{ "delete node review",
		  "[{\"op\":\"remove\",\"path\":\"/edges/5\"},{\"op\":\"remove\",\"pa"
		  "th\":\"/edges/3\"},{\"op\":\"remove\",\"path\":\"/nodes/4\"},{\"op"
		  "\":\"add\",\"path\":\"/edges/-\",\"value\":{\"from\":\"check\",\"t"
		  "o\":\"end\",\"condition\":\"false\"}}]" },
	{ "please remove the review node.",
		  "[{\"op\":\"remove\",\"path\":\"/edges/5\"},{\"op\":\"remove\",\"pa"
		  "th\":\"/edges/3\"},{\"op\":\"remove\",\"path\":\"/nodes/4\"},{\"op"
		  "\":\"add\",\"path\":\"/edges/-\",\"value\":{\"from\":\"check\",\"t"
		  "o\":\"end\",\"condition\":\"false\"}}]" },
	{ "could you delete the review node?",
		  "[{\"op\":\"remove\",\"path\":\"/edges/5\"},{\"op\":\"remove\",\"pa"
		  "th\":\"/edges/3\"},{\"op\":\"remove\",\"path\":\"/nodes/4\"},{\"op"
		  "\":\"add\",\"path\":\"/edges/-\",\"value\":{\"from\":\"check\",\"t"
		  "o\":\"end\",\"condition\":\"false\"}}]" },
	{ "add an http step before check that calls https://x.com",
		  "[{\"op\":\"add\",\"path\":\"/nodes/-\",\"value\":{\"id\":\"http\","
		  "\"type\":\"http\",\"config\":{\"url\":\"https://x.com\"}}},{\"op\""
		  ":\"replace\",\"path\":\"/edges/1/to\",\"value\":\"http\"},{\"op\":"
		  "\"add\",\"path\":\"/edges/-\",\"value\":{\"from\":\"http\",\"to\":"
		  "\"check\"}}]" },
	{ "add a http request to https://x.com/a after start called pin"
		  "g",
		  "[{\"op\":\"add\",\"path\":\"/nodes/-\",\"value\":{\"id\":\"ping\","
		  "\"type\":\"http\",\"config\":{\"url\":\"https://x.com/a\"}}},{\"op"
		  "\":\"replace\",\"path\":\"/edges/0/to\",\"value\":\"ping\"},{\"op"
		  "\":\"add\",\"path\":\"/edges/-\",\"value\":{\"from\":\"ping\",\"to"
		  "\":\"fetch\"}}]" },
	{ "add an approval node between check and send_email",
		  "[{\"op\":\"add\",\"path\":\"/nodes/-\",\"value\":{\"id\":\"approva"
		  "l\",\"type\":\"hitl\"}},{\"op\":\"replace\",\"path\":\"/edges/2/to"
		  "\",\"value\":\"approval\"},{\"op\":\"add\",\"path\":\"/edges/-\","
		  "\"value\":{\"from\":\"approval\",\"to\":\"send_email\"}}]" },
	{ "add approval before end",
		  "[{\"op\":\"add\",\"path\":\"/nodes/-\",\"value\":{\"id\":\"approva"
		  "l\",\"type\":\"hitl\"}},{\"op\":\"replace\",\"path\":\"/edges/4/to"
		  "\",\"value\":\"approval\"},{\"op\":\"replace\",\"path\":\"/edges/5"
		  "/to\",\"value\":\"approval\"},{\"op\":\"add\",\"path\":\"/edges/-"
		  "\",\"value\":{\"from\":\"approval\",\"to\":\"end\"}}]" },
	{ "insert a human review step called legal before send email",
		  "[{\"op\":\"add\",\"path\":\"/nodes/-\",\"value\":{\"id\":\"legal\""
		  ",\"type\":\"hitl\"}},{\"op\":\"replace\",\"path\":\"/edges/2/to\","
		  "\"value\":\"legal\"},{\"op\":\"add\",\"path\":\"/edges/-\",\"value"
		  "\":{\"from\":\"legal\",\"to\":\"send_email\"}}]" },
	{ "put a filter node called keep between fetch and check",
		  "[{\"op\":\"add\",\"path\":\"/nodes/-\",\"value\":{\"id\":\"keep\","
		  "\"type\":\"filter\"}},{\"op\":\"replace\",\"path\":\"/edges/1/to\""
		  ",\"value\":\"keep\"},{\"op\":\"add\",\"path\":\"/edges/-\",\"value"
		  "\":{\"from\":\"keep\",\"to\":\"check\"}}]" },
	{ "add a loop after review",
		  "[{\"op\":\"add\",\"path\":\"/nodes/-\",\"value\":{\"id\":\"loop\","
		  "\"type\":\"loop\"}},{\"op\":\"replace\",\"path\":\"/edges/5/to\","
		  "\"value\":\"loop\"},{\"op\":\"add\",\"path\":\"/edges/-\",\"value"
		  "\":{\"from\":\"loop\",\"to\":\"end\"}}]" },
	{ "add a node of type transform after fetch",
		  "[{\"op\":\"add\",\"path\":\"/nodes/-\",\"value\":{\"id\":\"transfo"
		  "rm\",\"type\":\"transform\"}},{\"op\":\"replace\",\"path\":\"/edge"
		  "s/1/to\",\"value\":\"transform\"},{\"op\":\"add\",\"path\":\"/edge"
		  "s/-\",\"value\":{\"from\":\"transform\",\"to\":\"check\"}}]" },
	{ "add a filter node called f1 after fetch with condition \"pric"
		  "e < 5\"",
		  "[{\"op\":\"add\",\"path\":\"/nodes/-\",\"value\":{\"id\":\"f1\",\""
		  "type\":\"filter\",\"config\":{\"condition\":\"price < 5\"}}},{\"op"
		  "\":\"replace\",\"path\":\"/edges/1/to\",\"value\":\"f1\"},{\"op\":"
		  "\"add\",\"path\":\"/edges/-\",\"value\":{\"from\":\"f1\",\"to\":\""
		  "check\"}}]" },
	{ "add http after fetch",
		  "[{\"op\":\"add\",\"path\":\"/nodes/-\",\"value\":{\"id\":\"http\","
		  "\"type\":\"http\"}},{\"op\":\"replace\",\"path\":\"/edges/1/to\","
		  "\"value\":\"http\"},{\"op\":\"add\",\"path\":\"/edges/-\",\"value"
		  "\":{\"from\":\"http\",\"to\":\"check\"}}]" },
	{ "add a new task after send_email",
		  "[{\"op\":\"add\",\"path\":\"/nodes/-\",\"value\":{\"id\":\"task\","
		  "\"type\":\"task\"}},{\"op\":\"replace\",\"path\":\"/edges/4/to\","
		  "\"value\":\"task\"},{\"op\":\"add\",\"path\":\"/edges/-\",\"value"
		  "\":{\"from\":\"task\",\"to\":\"end\"}}]" },
	{ "connect fetch to send_email if the price is low",
		  "[{\"op\":\"add\",\"path\":\"/edges/-\",\"value\":{\"from\":\"fetch"
		  "\",\"to\":\"send_email\",\"condition\":\"the price is low\"}}]" },
	{ "connect start to end",
		  "[{\"op\":\"add\",\"path\":\"/edges/-\",\"value\":{\"from\":\"start"
		  "\",\"to\":\"end\"}}]" },
	{ "connect fetch -> end",
		  "[{\"op\":\"add\",\"path\":\"/edges/-\",\"value\":{\"from\":\"fetch"
		  "\",\"to\":\"end\"}}]" },
	{ "link start to review",
		  "[{\"op\":\"add\",\"path\":\"/edges/-\",\"value\":{\"from\":\"start"
		  "\",\"to\":\"review\"}}]" },
	{ "add an edge from fetch to end",
		  "[{\"op\":\"add\",\"path\":\"/edges/-\",\"value\":{\"from\":\"fetch"
		  "\",\"to\":\"end\"}}]" },
	{ "add an edge from fetch to end with condition \"x > 3\"",
		  "[{\"op\":\"add\",\"path\":\"/edges/-\",\"value\":{\"from\":\"fetch"
		  "\",\"to\":\"end\",\"condition\":\"x > 3\"}}]" },
	{ "remove the edge between fetch and check",
		  "[{\"op\":\"remove\",\"path\":\"/edges/1\"}]" },
	{ "set the condition of the edge from fetch to check to \"ok\"",
		  "[{\"op\":\"add\",\"path\":\"/edges/1/condition\",\"value\":\"ok\"}"
		  "]" },
	{ "set the url of the http node to https://x.com",
		  "[{\"op\":\"add\",\"path\":\"/nodes/1/config/url\",\"value\":\"http"
		  "s://x.com\"}]" },
	{ "set the message of review to \"Please check\"",
		  "[{\"op\":\"add\",\"path\":\"/nodes/4/config/message\",\"value\":\""
		  "Please check\"}]" },
	{ "set the timeout of fetch to 1.5 seconds",
		  "[{\"op\":\"add\",\"path\":\"/nodes/1/timeout_ms\",\"value\":1500}]" },
	{ "remove retries from review",
		  "[{\"op\":\"remove\",\"path\":\"/nodes/4/retry\"}]" },
	{ "make fetch retry 5 times",
		  "[{\"op\":\"add\",\"path\":\"/nodes/1/retry\",\"value\":{\"max_atte"
		  "mpts\":5}}]" },
	{ "make fetch a conditional",
		  "[{\"op\":\"replace\",\"path\":\"/nodes/1/type\",\"value\":\"condit"
		  "ional\"}]" },
	{ "change fetch to a function",
		  "[{\"op\":\"replace\",\"path\":\"/nodes/1/type\",\"value\":\"functi"
		  "on\"}]" },
	{ "set the type of review to task",
		  "[{\"op\":\"replace\",\"path\":\"/nodes/4/type\",\"value\":\"task\""
		  "}]" },
	{ "rename review to legal-review",
		  "[{\"op\":\"replace\",\"path\":\"/nodes/4/id\",\"value\":\"legal-re"
		  "view\"},{\"op\":\"replace\",\"path\":\"/edges/3/to\",\"value\":\"l"
		  "egal-review\"},{\"op\":\"replace\",\"path\":\"/edges/5/from\",\"va"
		  "lue\":\"legal-review\"}]" },
	{ "rename the review node as legal",
		  "[{\"op\":\"replace\",\"path\":\"/nodes/4/id\",\"value\":\"legal\"}"
		  ",{\"op\":\"replace\",\"path\":\"/edges/3/to\",\"value\":\"legal\"}"
		  ",{\"op\":\"replace\",\"path\":\"/edges/5/from\",\"value\":\"legal"
		  "\"}]" },
	{ "rename FETCH to get",
		  "[{\"op\":\"replace\",\"path\":\"/nodes/1/id\",\"value\":\"get\"},{"
		  "\"op\":\"replace\",\"path\":\"/edges/0/to\",\"value\":\"get\"},{\""
		  "op\":\"replace\",\"path\":\"/edges/1/from\",\"value\":\"get\"},{\""
		  "op\":\"replace\",\"path\":\"/nodes/2/config/input\",\"value\":\"$n"
		  "odes.get.body\"}]" },
	{ "rename fetchh to get",
		  "[{\"op\":\"replace\",\"path\":\"/nodes/1/id\",\"value\":\"get\"},{"
		  "\"op\":\"replace\",\"path\":\"/edges/0/to\",\"value\":\"get\"},{\""
		  "op\":\"replace\",\"path\":\"/edges/1/from\",\"value\":\"get\"},{\""
		  "op\":\"replace\",\"path\":\"/nodes/2/config/input\",\"value\":\"$n"
		  "odes.get.body\"}]" },
	{ "email me if the price is below 100 and above 50",
		  "[{\"op\":\"add\",\"path\":\"/nodes/-\",\"value\":{\"id\":\"conditi"
		  "on\",\"type\":\"conditional\",\"config\":{\"condition\":\"the pric"
		  "e is below 100 and above 50\"}}},{\"op\":\"add\",\"path\":\"/nodes"
		  "/-\",\"value\":{\"id\":\"email\",\"type\":\"function\",\"config\":"
		  "{\"to\":\"me\",\"action\":\"email\"}}},{\"op\":\"add\",\"path\":\""
		  "/edges/-\",\"value\":{\"from\":\"fetch\",\"to\":\"condition\"}},{"
		  "\"op\":\"add\",\"path\":\"/edges/-\",\"value\":{\"from\":\"conditi"
		  "on\",\"to\":\"email\",\"condition\":\"true\"}}]" },
	{ "if price < 100 then email bob@x.com saying \"cheap!\"",
		  "[{\"op\":\"add\",\"path\":\"/nodes/-\",\"value\":{\"id\":\"conditi"
		  "on\",\"type\":\"conditional\",\"config\":{\"condition\":\"price < "
		  "100\"}}},{\"op\":\"add\",\"path\":\"/nodes/-\",\"value\":{\"id\":"
		  "\"email\",\"type\":\"function\",\"config\":{\"to\":\"bob@x.com\","
		  "\"message\":\"cheap!\",\"action\":\"email\"}}},{\"op\":\"add\",\"p"
		  "ath\":\"/edges/-\",\"value\":{\"from\":\"fetch\",\"to\":\"conditio"
		  "n\"}},{\"op\":\"add\",\"path\":\"/edges/-\",\"value\":{\"from\":\""
		  "condition\",\"to\":\"email\",\"condition\":\"true\"}}]" },
	{ "notify #ops whenever review fails",
		  "[{\"op\":\"add\",\"path\":\"/nodes/-\",\"value\":{\"id\":\"conditi"
		  "on\",\"type\":\"conditional\",\"config\":{\"condition\":\"review f"
		  "ails\"}}},{\"op\":\"add\",\"path\":\"/nodes/-\",\"value\":{\"id\":"
		  "\"notify\",\"type\":\"function\",\"config\":{\"channel\":\"#ops\","
		  "\"action\":\"notify\"}}},{\"op\":\"add\",\"path\":\"/edges/-\",\"v"
		  "alue\":{\"from\":\"review\",\"to\":\"condition\"}},{\"op\":\"add\""
		  ",\"path\":\"/edges/-\",\"value\":{\"from\":\"condition\",\"to\":\""
		  "notify\",\"condition\":\"true\"}}]" },
	{ "send a slack message to #ops whenever fetch fails",
		  "[{\"op\":\"add\",\"path\":\"/nodes/-\",\"value\":{\"id\":\"conditi"
		  "on\",\"type\":\"conditional\",\"config\":{\"condition\":\"fetch fa"
		  "ils\"}}},{\"op\":\"add\",\"path\":\"/nodes/-\",\"value\":{\"id\":"
		  "\"slack\",\"type\":\"function\",\"config\":{\"channel\":\"#ops\","
		  "\"action\":\"slack\"}}},{\"op\":\"add\",\"path\":\"/edges/-\",\"va"
		  "lue\":{\"from\":\"fetch\",\"to\":\"condition\"}},{\"op\":\"add\","
		  "\"path\":\"/edges/-\",\"value\":{\"from\":\"condition\",\"to\":\"s"
		  "lack\",\"condition\":\"true\"}}]" },
	{ "send me a text when the total exceeds 1,000",
		  "[{\"op\":\"add\",\"path\":\"/nodes/-\",\"value\":{\"id\":\"conditi"
		  "on\",\"type\":\"conditional\",\"config\":{\"condition\":\"total > "
		  "1000\"}}},{\"op\":\"add\",\"path\":\"/nodes/-\",\"value\":{\"id\":"
		  "\"sms\",\"type\":\"function\",\"config\":{\"to\":\"me\",\"action\""
		  ":\"sms\"}}},{\"op\":\"add\",\"path\":\"/edges/-\",\"value\":{\"fro"
		  "m\":\"fetch\",\"to\":\"condition\"}},{\"op\":\"add\",\"path\":\"/e"
		  "dges/-\",\"value\":{\"from\":\"condition\",\"to\":\"sms\",\"condit"
		  "ion\":\"true\"}}]" },
	{ "let me know when the price is at least $20",
		  "[{\"op\":\"add\",\"path\":\"/nodes/-\",\"value\":{\"id\":\"conditi"
		  "on\",\"type\":\"conditional\",\"config\":{\"condition\":\"price >="
		  " 20\"}}},{\"op\":\"add\",\"path\":\"/nodes/-\",\"value\":{\"id\":"
		  "\"notify\",\"type\":\"function\",\"config\":{\"to\":\"me\",\"actio"
		  "n\":\"notify\"}}},{\"op\":\"add\",\"path\":\"/edges/-\",\"value\":"
		  "{\"from\":\"fetch\",\"to\":\"condition\"}},{\"op\":\"add\",\"path"
		  "\":\"/edges/-\",\"value\":{\"from\":\"condition\",\"to\":\"notify"
		  "\",\"condition\":\"true\"}}]" },
	{ "every time fetch runs, email me",
		  "[{\"op\":\"add\",\"path\":\"/nodes/-\",\"value\":{\"id\":\"conditi"
		  "on\",\"type\":\"conditional\",\"config\":{\"condition\":\"fetch ru"
		  "ns\"}}},{\"op\":\"add\",\"path\":\"/nodes/-\",\"value\":{\"id\":\""
		  "email\",\"type\":\"function\",\"config\":{\"to\":\"me\",\"action\""
		  ":\"email\"}}},{\"op\":\"add\",\"path\":\"/edges/-\",\"value\":{\"f"
		  "rom\":\"fetch\",\"to\":\"condition\"}},{\"op\":\"add\",\"path\":\""
		  "/edges/-\",\"value\":{\"from\":\"condition\",\"to\":\"email\",\"co"
		  "ndition\":\"true\"}}]" },
};

static const char *const unclear[] = {
	"email me when done",
	"notify nobody when the total is over 5",
	"add a function node after check",
	"remove check",
	"remove fetch",
	"connect review to fetch",
	"connect fetch and review",
	"set the timeout of fetch to 30",
	"retry fetch 50 times",
	"change method of fetch to FOO",
	"set region of fetch to \"eu\"",
	"always email me when the price drops below 100",
	"if the total is over 500 then send a slack message",
	"when the price drops, send me an email",
	"email me when it is done",
	"email me when the price drops and delete fetch",
	"email me when the price drops and text bob",
	"notify ops@x.com if the order amount exceeds 500",
	"delete the node that fails most often",
	"delete foo",
	"remove fetch and check",
	"add a node",
	"add a node after fetch",
	"add an http node",
	"add an http node after foo",
	"add an http node called fetch after check",
	"add an http node called \"bad id\" after fetch",
	"add an http node after fetch and connect it to end",
	"don't delete fetch",
	"never retry fetch",
	"remove all nodes",
	"delete everything after fetch",
	"add two http nodes after fetch",
	"add an http node after fetch but not before check",
	"insert a filter between start and check",
	"disable fetch",
	"speed up fetch",
	"make fetch faster",
	"rename fetch to review",
	"rename fetch to get prices",
	"set the timeout to 30 seconds",
	"increase the timeout of fetch by 10 seconds",
	"move fetch after check",
	"swap fetch and check",
	"if fetch fails retry it",
	"delete fetchh",
	"remove the edge from fetch to end",
	"show the nodes",
	"email me the top 10 flights",
	"set timeout of review to 1 hour",
	"when the total is over $1.5k ask for approval",
	"remove the email step and add a slack step",
	"rename start",
	"delete start and end",
	"remove the conditional node",
	"add an agent node after fetch that summarizes the report",
	"add a transform node after fetch with condition \"x\"",
	"add an email step after check",
	"add an http node called a after fetch before check",
	"add an http node between fetch and check and between start a"
	"nd fetch",
	"add an http node called b in parallel with fetch",
	"add an http node after fetch without changing edges",
	"add six agent nodes after fetch",
	"add a database node after fetch",
	"add a webhook after fetch",
	"add the http node after fetch",
	"connect fetch to foo",
	"connect end to start",
	"connect fetch to fetch",
	"add an edge between fetch and end",
	"remove the edge from check",
	"remove all edges",
	"reverse the edge from fetch to check",
	"change the edge from fetch to check to go to end",
	"change the condition of check to x > 5",
	"change the condition of the edge from check to review to \"fa"
	"lse\" and remove end",
	"update the url of fetch",
	"set url of send_email to https://x.com",
	"set the message of review to please check",
	"set input of send_email to 5",
	"set the timeout of fetch to -5 seconds",
	"set the timeout of fetch to half a minute",
	"set the timeout of fetch and review to 5 seconds",
	"set the timeout of every node to 5 seconds",
	"set the timeout of fetch to 5 seconds and retry it 3 times",
	"retry fetch",
	"retry fetch forever",
	"retry fetch 0 times",
	"retry fetch 3 times every 5 seconds",
	"retry fetch 3 times with exponential backoff",
	"retry fetch once",
	"don't retry fetch",
	"stop retrying review",
	"remove the retry of fetch",
	"change fetch to POST",
	"turn fetch off",
	"make review optional",
	"turn check into a database node",
	"change the type of review from hitl to task",
	"rename review to \"legal review\"",
	"rename foo to bar",
	"rename fetch and review to a and b",
	"email me",
	"email me when fetch fails or review is late",
	"email me when the price drops unless it is weekend",
	"email me when price drops, but only on weekdays",
	"email me only when the price drops",
	"never email me when the price drops",
	"don't email me when the price drops",
	"stop emailing me when the price drops",
	"when fetch fails, retry",
	"when fetch fails, delete review",
	"when fetch fails, email me and slack bob",
	"when fetch fails, email me or slack bob",
	"if the price is below 100 email me else slack me",
	"alert me on slack when fetch and review fail",
	"tell me the price when it drops",
	"show me the flights when the price drops",
	"after fetch runs email me",
	"tell me when",
};

START_TEST(changes_become_patches_that_apply)
{
	plans(planned, AGR_COUNT(planned), NULL);
}
END_TEST

START_TEST(with_a_current_node_changes_and_notifications_apply_as_well)
{
	plans(notices, AGR_COUNT(notices), "fetch");
}
END_TEST

START_TEST(what_is_nearly_a_change_is_unclear)
{
	json_t *graph = read_workflow(workflow);

	is_unclear(unclear, AGR_COUNT(unclear), graph);
	json_decref(graph);
}
END_TEST

START_TEST(workflows_by_id_are_read_but_not_patched)
{
	json_t *graph = read_workflow("{\"nodes\":{\"a\":{\"type\":\"task\"}}}");
	agr_plan_answer answer = ask("remove a", graph, NULL);

	ck_assert_ptr_null(answer.call);
	ck_assert_ptr_nonnull(strstr(answer.message, "array form"));
	agr_plan_answer_clear(&answer);
	json_decref(graph);
}
END_TEST

START_TEST(broken_workflows_are_not_patched)
{
	static const char *const broken[] = { "{}", "[]", "{\"nodes\":[],\"edges\":[]}",
		"{\"nodes\":[{\"id\":\"a\"},{\"id\":\"a\"}],\"edges\":[]}", "{\"nodes\":[{}],\"edges\":[]}",
		"{\"nodes\":[{\"id\":\"a\"}],\"edges\":[{\"from\":\"a\",\"to\":\"b\"}]}",
		"{\"nodes\":[{\"id\":\"a\"}]}" };
	const char *prompt = "add an http node after a";

	for (size_t i = 0; i < AGR_COUNT(broken); i++) {
		json_t *graph = read_workflow(broken[i]);

		is_unclear(&prompt, 1, graph);
		json_decref(graph);
	}
	is_unclear(&prompt, 1, NULL);
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		changes_become_patches_that_apply,
		with_a_current_node_changes_and_notifications_apply_as_well,
		what_is_nearly_a_change_is_unclear,
		workflows_by_id_are_read_but_not_patched,
		broken_workflows_are_not_patched,
		NULL,
	};

	return unit_main(unit_suite("plan_change", tests));
}
