/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
#include "plan/builtin.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <agentrun/intent.h>

#include "plan/change.h"
#include "plan/query.h"

#define WORDS_SHOWN 12
#define FIRST_BYTES 8192 /* of a call's memory, on the stack */

/* One attempt: the prompt read by one grammar. */
struct attempt {
	plan_parser parser;
	json_t *plan; /* the steps, or the patch; NULL: none */
};

static json_t *execute_call(
	plan_pool *pool, const agr_plan_request *request, json_t *steps)
{
	json_t *call = agr_plan_object(pool), *arguments = agr_plan_object(pool);

	if (request->session_id)
		agr_plan_put(
			pool, arguments, "session_id", agr_plan_str(pool, request->session_id));
	agr_plan_put(pool, arguments, "pipeline", steps);
	agr_plan_put(pool, call, "name", agr_plan_str(pool, "execute_pipeline"));
	agr_plan_put(pool, call, "arguments", arguments);
	return call;
}

static json_t *patch_call(plan_pool *pool, const agr_plan_request *request, json_t *patch)
{
	json_t *call = agr_plan_object(pool), *arguments = agr_plan_object(pool);

	if (request->workflow_tag)
		agr_plan_put(
			pool, arguments, "workflow_tag", agr_plan_str(pool, request->workflow_tag));
	if (request->workflow_owner)
		agr_plan_put(pool, arguments, "workflow_owner",
			agr_plan_str(pool, request->workflow_owner));
	agr_plan_put(pool, arguments, "patch_spec", patch);
	agr_plan_put(pool, call, "name", agr_plan_str(pool, "patch_workflow"));
	agr_plan_put(pool, call, "arguments", arguments);
	return call;
}

/* Append the words with one mark, neighbours together where they are quoted: "boss",
 * "would like". */
static void add_marked(agr_buf *out, const plan_parser *ps, plan_mark mark, bool quoted)
{
	const plan_word *list = ps->words->list;
	size_t shown = 0;

	for (size_t i = 0; i < ps->words->n && shown < WORDS_SHOWN;) {
		size_t from = i;

		if (ps->marks[i] != mark) {
			i++;
			continue;
		}
		while (i < ps->words->n && ps->marks[i] == mark && (quoted || i == from))
			i++;
		agr_buf_str(out, shown++ ? ", " : "");
		agr_buf_str(out, quoted ? "\"" : "");
		agr_buf_add(out, ps->words->prompt + list[from].start,
			list[i - 1].end - list[from].start);
		agr_buf_str(out, quoted ? "\"" : "");
	}
}

static bool has_marked(const plan_parser *ps, plan_mark mark)
{
	for (size_t i = 0; i < ps->words->n; i++)
		if (ps->marks[i] == mark)
			return true;
	return false;
}

static void explain_plan(agr_buf *out, const struct attempt *attempt, bool patch)
{
	const plan_parser *ps = &attempt->parser;

	agr_buf_str(out,
		patch ? agr_json_str(attempt->plan, "description", "")
			  : agr_plan_describe(ps->pool, attempt->plan));
	agr_buf_str(out, " Used: ");
	add_marked(out, ps, PLAN_USED, false);
	agr_buf_char(out, '.');
	if (!has_marked(ps, PLAN_IGNORED))
		return;
	agr_buf_str(out, " Ignored: ");
	add_marked(out, ps, PLAN_IGNORED, false);
	agr_buf_char(out, '.');
}

static void explain_unclear(agr_buf *out, const struct attempt *attempt, bool patch)
{
	plan_parser *ps = (plan_parser *)&attempt->parser;

	if (ps->reason) {
		agr_buf_str(out, ps->reason);
	} else if (has_marked(ps, PLAN_UNUSED)) {
		agr_buf_str(out, "I did not understand ");
		add_marked(out, ps, PLAN_UNUSED, true);
		agr_buf_char(out, '.');
	} else {
		agr_buf_str(out, "I did not understand what to do.");
	}
	if (patch) {
		agr_buf_str(out,
			" Try: \"add an http node after NODE\", \"remove NODE\", "
			"\"set the timeout of NODE to 30 seconds\".");
		return;
	}
	if (ps->facts->known)
		agr_buf_printf(out, " Known fields: %s.", agr_plan_field_names(ps));
	agr_buf_str(out,
		" Try: \"where FIELD is VALUE\", \"sorted by FIELD "
		"descending\", \"first 10\", \"count by FIELD\".");
}

/* What is shown to a person must not carry control characters from outside. */
static int finish(
	agr_plan_answer *out, agr_buf *message, const json_t *call, agentrun_error **err)
{
	agr_buf clean = AGR_BUF_INIT;

	if (message->failed) {
		agr_buf_free(message);
		return agr_error_oom(err);
	}
	agr_buf_printable(&clean, message->data ? message->data : "", message->len);
	agr_buf_free(message);
	out->message = agr_buf_give_str(&clean, err);
	if (!out->message)
		return AGENTRUN_ENOMEM;
	out->call = json_incref((json_t *)call);
	return 0;
}

static size_t understood(const plan_parser *ps)
{
	size_t n = 0;

	for (size_t i = 0; i < ps->words->n; i++)
		n += ps->marks[i] == PLAN_USED;
	return n;
}

static const json_t *decide(plan_pool *pool, agr_buf *message,
	const agr_plan_request *request, struct attempt *query, struct attempt *change)
{
	int lane = request->lane;
	bool patch = lane == AGENTRUN_LANE_PATCH ||
		(lane == AGENTRUN_LANE_UNCLEAR && !query->plan &&
			(change->plan || understood(&change->parser) > understood(&query->parser)));
	struct attempt *chosen = patch ? change : query;

	if (query->plan && change->plan && lane == AGENTRUN_LANE_UNCLEAR) {
		agr_buf_str(message,
			"This could be a question about the data or a change of "
			"the workflow; say which.");
		return NULL;
	}
	if (!chosen->plan && (query->plan || change->plan)) {
		agr_buf_str(message,
			query->plan ? "This asks about data, and only changes of the workflow "
						  "are possible here."
						: "This changes the workflow, and only questions about data "
						  "are possible here.");
		return NULL;
	}
	if (!chosen->plan) {
		explain_unclear(message, chosen, patch);
		return NULL;
	}
	explain_plan(message, chosen, patch);
	return patch ? patch_call(pool, request, chosen->plan)
				 : execute_call(pool, request, chosen->plan);
}

static int plan(agr_plan_answer *out, plan_pool *pool, const agr_plan_request *request,
	agentrun_error **err)
{
	struct attempt query = { .plan = NULL }, change = { .plan = NULL };
	plan_facts facts = { .given = false };
	plan_graph graph;
	plan_words words;
	agr_buf message = AGR_BUF_INIT;
	const json_t *call;
	int r = 0;

	if (request->lane != AGENTRUN_LANE_PATCH)
		r = agr_plan_facts(&facts, pool, request->input, request->input_len, err);
	if (r < 0)
		return r;
	agr_plan_words(&words, pool, request->prompt, request->prompt_len);
	agr_plan_graph(&graph, pool, request->workflow);
	agr_plan_parser_start(&query.parser, pool, &words, request);
	agr_plan_parser_start(&change.parser, pool, &words, request);
	if (pool->failed)
		return agr_error_oom(err);
	if (!words.n || words.n > PLAN_WORDS_MAX) {
		agr_buf_str(
			&message, words.n ? "The prompt is too long." : "The prompt is empty.");
		return finish(out, &message, NULL, err);
	}
	query.parser.facts = change.parser.facts = &facts;
	query.parser.graph = change.parser.graph = &graph;
	query.plan = agr_plan_query(&query.parser);
	change.plan = agr_plan_changes(&change.parser);
	call = decide(pool, &message, request, &query, &change);
	if (pool->failed) {
		agr_buf_free(&message);
		return agr_error_oom(err);
	}
	return finish(out, &message, call, err);
}

int agr_builtin_plan(
	agr_plan_answer *out, const agr_plan_request *request, agentrun_error **err)
{
	_Alignas(max_align_t) char first[FIRST_BYTES];
	plan_pool pool = PLAN_POOL_INIT(first);
	int r;

	out->call = NULL;
	out->message = NULL;
	r = plan(out, &pool, request, err);
	agr_plan_pool_free(&pool);
	return r;
}

void agr_plan_answer_clear(agr_plan_answer *answer)
{
	json_decref(answer->call);
	free(answer->message);
	answer->call = NULL;
	answer->message = NULL;
}
