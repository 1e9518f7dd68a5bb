/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
#include "unit.h"

#include <agentrun/intent.h>

#include "intent/tokens.h"
#include "json/json.h"

static agentrun_intent *classify(
	const char *prompt, const char *workflow, const char *input)
{
	agentrun_classify_options opts;
	agentrun_intent *intent;
	agentrun_error *err = NULL;

	agentrun_classify_options_init(&opts, sizeof(opts));
	opts.workflow = workflow;
	opts.workflow_len = workflow ? strlen(workflow) : 0;
	opts.input = input;
	opts.input_len = input ? strlen(input) : 0;
	ck_assert_msg(agentrun_classify(
			      &intent, NULL, prompt, strlen(prompt), &opts, &err) == 0,
		"%s: %s", prompt, agentrun_error_message(err));
	return intent;
}

static void all_are(int lane, double at_least, const char *const *prompts, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		agentrun_intent *intent = classify(prompts[i], NULL, NULL);

		ck_assert_msg(agentrun_intent_lane(intent) == lane &&
				      agentrun_intent_confidence(intent) >= at_least,
			"%s: %s %.2f, %s", prompts[i],
			agentrun_lane_name(agentrun_intent_lane(intent)),
			agentrun_intent_confidence(intent),
			agentrun_intent_reasoning(intent));
		agentrun_intent_free(intent);
	}
}

START_TEST(standing_rules_and_edits_are_patches)
{
	static const char *const sure[] = {"always email me when the price drops",
		"add a node of type http after fetch", "remove the node load_prices",
		"rename the step fetch to load", "set the timeout of fetch to 30 seconds",
		"connect a to b", "whenever a booking is cancelled, notify support",
		"every morning send the sales report to the team",
		"disable the notification step", "increase the retry count of load to 5",
		"Could you please insert an approval before the payment node?",
		"from now on, skip rows that have no price"};

	all_are(AGENTRUN_LANE_PATCH, 0.7, sure, AGR_COUNT(sure));
}
END_TEST

START_TEST(slips_of_the_hand_are_read_as_they_were_meant)
{
	static const struct {
		const char *word, *meant;
	} slips[] = { { "remvoe", "remove" }, { "automaticaly", "automatically" },
		{ "schedulle", "schedule" }, { "evry", "every" }, { "customer", NULL },
		{ "axb", NULL }, { "fetch_1x", NULL }, { "mail2", NULL }, { "workfloooow", NULL },
		{ "", NULL } };

	for (size_t i = 0; i < AGR_COUNT(slips); i++) {
		const char *near = agr_lexicon_near(slips[i].word, strlen(slips[i].word));

		if (slips[i].meant)
			ck_assert_pstr_eq(near, slips[i].meant);
		else
			ck_assert_msg(!near, "%s: %s", slips[i].word, near);
	}
}
END_TEST

START_TEST(a_node_is_known_by_the_name_it_was_given)
{
	/* One letter away from a word that everybody knows. */
	agentrun_intent *intent = classify("what does dedup_e do with alertt",
		"{\"nodes\":[{\"id\":\"alertt\"}],\"edges\":[]}", NULL);
	agentrun_intent *other = classify("what does dedup_e do with alertt", NULL, NULL);

	ck_assert(agentrun_intent_score(intent, AGENTRUN_LANE_PATCH) !=
		agentrun_intent_score(other, AGENTRUN_LANE_PATCH));
	agentrun_intent_free(intent);
	agentrun_intent_free(other);
}
END_TEST

START_TEST(answers_and_acts_now_are_executed)
{
	static const char *const sure[] = {"show me the 10 cheapest flights to LAX",
		"sort by price and give me the top 5",
		"how many orders were shipped last week",
		"what is the average price per airline",
		"filter flights where price < 500",
		"which node failed most often yesterday", "List all nodes of type http",
		"Group the sales by region & sum the amounts"};
	static const char *const likely[] = {"drop the cancelled orders",
		"email me the list of unpaid invoices", "delete order 4411"};

	all_are(AGENTRUN_LANE_EXECUTE, 0.7, sure, AGR_COUNT(sure));
	all_are(AGENTRUN_LANE_EXECUTE, 0.4, likely, AGR_COUNT(likely));
}
END_TEST

START_TEST(who_acts_when_tells_the_lanes_apart)
{
	static const struct {
		const char *prompt;
		int lane;
	} cases[] = {
		{"get a text every time a parcel is delivered", AGENTRUN_LANE_PATCH},
		{"get the texts of the last parcel", AGENTRUN_LANE_EXECUTE},
		{"drop the unpaid bookings step", AGENTRUN_LANE_PATCH},
		{"drop the unpaid bookings", AGENTRUN_LANE_EXECUTE},
		{"let me know the price of gold", AGENTRUN_LANE_EXECUTE},
		{"let me know when the price of gold drops", AGENTRUN_LANE_PATCH},
		{"what do we do when a guest cancels", AGENTRUN_LANE_EXECUTE},
		{"when a guest cancels, mail the front desk", AGENTRUN_LANE_PATCH},
		{"does the upload step retry when the server is down",
			AGENTRUN_LANE_EXECUTE},
		{"retry the upload step when the server is down", AGENTRUN_LANE_PATCH},
		{"who removed the approval node", AGENTRUN_LANE_EXECUTE},
		{"remove the approval node", AGENTRUN_LANE_PATCH},
		{"loans over 900 need a second look", AGENTRUN_LANE_PATCH},
		{"loans over 900 that need a second look", AGENTRUN_LANE_EXECUTE},
	};

	for (size_t i = 0; i < AGR_COUNT(cases); i++)
		all_are(cases[i].lane, 0.5, &cases[i].prompt, 1);
}
END_TEST

/* Letters, digits, spaces, punctuation, NUL and two-byte characters, anyhow. */
static size_t make_soup(char *out, size_t n, uint32_t *seed)
{
	size_t len = 0;

	while (len + 2 < n) {
		*seed = *seed * 1664525u + 1013904223u;
		if (*seed >> 29 == 0) {
			out[len++] = '\xc3';
			out[len++] = (char)(0x80 | (*seed >> 16 & 0x3f));
		} else {
			out[len++] = (char)(*seed >> 16 & 0x7f);
		}
	}
	return len;
}

START_TEST(a_soup_of_bytes_is_told_the_same_each_time)
{
	char text[2048];
	uint32_t seed = 1;

	for (size_t n = 3; n < sizeof(text); n += 7) {
		size_t len = make_soup(text, n, &seed);
		agentrun_buf a = AGENTRUN_BUF_INIT, b = AGENTRUN_BUF_INIT;
		agentrun_intent *intent;

		ck_assert_int_eq(
			agentrun_classify(&intent, NULL, text, len, NULL, NULL), 0);
		ck_assert_int_eq(agentrun_intent_json(&a, intent), 0);
		agentrun_intent_free(intent);
		ck_assert_int_eq(
			agentrun_classify(&intent, NULL, text, len, NULL, NULL), 0);
		ck_assert_int_eq(agentrun_intent_json(&b, intent), 0);
		ck_assert_double_eq_tol(
			agentrun_intent_score(intent, AGENTRUN_LANE_PATCH) +
				agentrun_intent_score(intent, AGENTRUN_LANE_EXECUTE) +
				agentrun_intent_score(intent, AGENTRUN_LANE_UNCLEAR),
			1.0, 1e-9);
		agentrun_intent_free(intent);
		ck_assert_uint_eq(a.len, b.len);
		ck_assert_int_eq(memcmp(a.data, b.data, a.len), 0);
		agentrun_buf_dispose(&a);
		agentrun_buf_dispose(&b);
	}
}
END_TEST

START_TEST(reasons_name_words_as_they_were_written)
{
	static const char *const prompts[] = {"Drop the UNPAID bookings",
		"which pages were Printed twice", "route the Complaints to Ann by default",
		"what's the Total of march"};

	for (size_t i = 0; i < AGR_COUNT(prompts); i++) {
		agentrun_intent *intent = classify(prompts[i], NULL, NULL);
		const char *p = agentrun_intent_reasoning(intent), *end;

		while ((p = strchr(p, '"'))) {
			char quoted[64] = "";

			end = strchr(++p, '"');
			ck_assert_ptr_nonnull(end);
			memcpy(quoted, p, (size_t)(end - p));
			ck_assert_msg(strstr(prompts[i], quoted) != NULL, "%s: %s",
				prompts[i], quoted);
			p = end + 1;
		}
		agentrun_intent_free(intent);
	}
}
END_TEST

START_TEST(talk_and_what_is_too_vague_are_unclear)
{
	static const char *const prompts[] = {"hello", "if", "make it better", "help", "",
		"  \n ", "?!", "thanks a lot", "tell me a joke", "who are you", "...",
		"do something about it"};

	all_are(AGENTRUN_LANE_UNCLEAR, 0.6, prompts, AGR_COUNT(prompts));
}
END_TEST

START_TEST(case_and_punctuation_change_nothing)
{
	agentrun_intent *a = classify("what's the cheapest flight to Rome", NULL, NULL);
	agentrun_intent *b =
		classify("WHAT\xe2\x80\x99S the cheapest flight, to ROME", NULL, NULL);

	ck_assert(agentrun_intent_score(a, AGENTRUN_LANE_EXECUTE) ==
		  agentrun_intent_score(b, AGENTRUN_LANE_EXECUTE));
	agentrun_intent_free(a);
	agentrun_intent_free(b);
}
END_TEST

START_TEST(only_a_clear_lanes_tools_are_allowed)
{
	agentrun_intent *intent = classify("disable the retry step", NULL, NULL);

	ck_assert_str_eq(agentrun_intent_allowed_tool(intent, 0), "patch_workflow");
	ck_assert_ptr_null(agentrun_intent_allowed_tool(intent, 1));
	agentrun_intent_free(intent);
	intent = classify("show me the cheapest flights", NULL, NULL);
	ck_assert_str_eq(agentrun_intent_allowed_tool(intent, 0), "execute_pipeline");
	ck_assert_ptr_null(agentrun_intent_allowed_tool(intent, 1));
	agentrun_intent_free(intent);
	intent = classify("hello", NULL, NULL); /* sure, but of no lane */
	ck_assert_str_eq(agentrun_intent_allowed_tool(intent, 0), "execute_pipeline");
	ck_assert_str_eq(agentrun_intent_allowed_tool(intent, 1), "patch_workflow");
	ck_assert_uint_eq(agentrun_intent_allowed_tool_count(intent), 2);
	ck_assert_ptr_null(agentrun_intent_allowed_tool(intent, 2));
	agentrun_intent_free(intent);
}
END_TEST

static bool has_keyword(const agentrun_intent *intent, int lane, const char *word)
{
	size_t n = agentrun_intent_keyword_count(intent, lane);

	ck_assert_ptr_null(agentrun_intent_keyword(intent, lane, n));
	for (size_t i = 0; i < n; i++)
		if (strcmp(agentrun_intent_keyword(intent, lane, i), word) == 0)
			return true;
	return false;
}

START_TEST(keywords_and_reasoning_name_words_of_the_prompt)
{
	agentrun_intent *intent = classify("ALWAYS mail me when it rains", NULL, NULL);

	ck_assert(has_keyword(intent, AGENTRUN_LANE_PATCH, "ALWAYS"));
	ck_assert(has_keyword(intent, AGENTRUN_LANE_PATCH, "when"));
	ck_assert(!has_keyword(intent, AGENTRUN_LANE_EXECUTE, "ALWAYS"));
	ck_assert_ptr_nonnull(strstr(agentrun_intent_reasoning(intent), "(\"ALWAYS\")"));
	ck_assert_ptr_null(agentrun_intent_keyword(intent, 7, 0));
	ck_assert_uint_eq(agentrun_intent_keyword_count(intent, 7), 0);
	agentrun_intent_free(intent);
	intent = classify("how many orders are open", NULL, NULL);
	ck_assert(has_keyword(intent, AGENTRUN_LANE_EXECUTE, "how"));
	agentrun_intent_free(intent);
}
END_TEST

START_TEST(the_nodes_of_the_workflow_and_the_fields_of_the_data_are_known)
{
	static const char prompt[] = "remove zorb";
	static const char *const workflows[] = {
		"{\"nodes\":[{\"id\":\"zorb\",\"type\":\"task\"}],\"edges\":[]}",
		"{\"nodes\":{\"Zorb\":{\"dependencies\":[]}}}"};
	agentrun_intent *without = classify(prompt, NULL, NULL), *with;

	for (size_t i = 0; i < AGR_COUNT(workflows); i++) {
		with = classify(prompt, workflows[i], NULL);
		ck_assert(agentrun_intent_score(with, AGENTRUN_LANE_PATCH) >
			  agentrun_intent_score(without, AGENTRUN_LANE_PATCH));
		ck_assert_int_eq(agentrun_intent_lane(with), AGENTRUN_LANE_PATCH);
		agentrun_intent_free(with);
	}
	with = classify(prompt, "{\"nodes\":3", "[{\"zorb\":1},broken");
	ck_assert(agentrun_intent_score(with, AGENTRUN_LANE_EXECUTE) >
		  agentrun_intent_score(without, AGENTRUN_LANE_EXECUTE));
	agentrun_intent_free(with);
	with = classify(prompt, NULL, "{\"zorb\":1}\n{\"x\":2}");
	ck_assert(agentrun_intent_score(with, AGENTRUN_LANE_EXECUTE) >
		  agentrun_intent_score(without, AGENTRUN_LANE_EXECUTE));
	agentrun_intent_free(with);
	agentrun_intent_free(without);
}
END_TEST

START_TEST(the_json_has_every_member)
{
	static const char *const members[] = {"text", "intent", "confidence", "reasoning",
		"matched_keywords", "scores", "allowed_tools"};
	agentrun_intent *intent = classify("say \"hi\" \xc3\xa9 every day", NULL, NULL);
	agentrun_buf out = AGENTRUN_BUF_INIT;
	json_t *json;
	double p, e;

	ck_assert_int_eq(agentrun_intent_json(&out, intent), 0);
	ck_assert_int_eq(
		agr_json_parse(&json, NULL, out.data, out.len, AGENTRUN_EINPUT, NULL), 0);
	ck_assert_uint_eq(json_object_size(json), AGR_COUNT(members));
	for (size_t i = 0; i < AGR_COUNT(members); i++)
		ck_assert_ptr_nonnull(json_object_get(json, members[i]));
	ck_assert_str_eq(agr_json_str(json, "text", ""), "say \"hi\" \xc3\xa9 every day");
	p = json_number_value(json_object_get(json_object_get(json, "scores"), "patch"));
	e = json_number_value(
		json_object_get(json_object_get(json, "scores"), "execute"));
	ck_assert(p >= 0 && e >= 0 && p + e <= 1.0001);
	json_decref(json);
	agentrun_buf_dispose(&out);
	agentrun_intent_free(intent);
}
END_TEST

START_TEST(what_is_no_text_or_too_long_is_refused)
{
	agentrun_intent *intent;
	agentrun_error *err = NULL;
	size_t len = (size_t)1024 * 1024;
	char *text = malloc(len + 1);

	ck_assert_int_eq(agentrun_classify(&intent, NULL, "show \xff", 6, NULL, &err),
		AGENTRUN_EINPUT);
	ck_assert_ptr_null(intent);
	ck_assert_ptr_nonnull(strstr(agentrun_error_message(err), "byte 6"));
	agentrun_error_free(err);
	memset(text, 'a', len + 1);
	for (size_t i = 0; i < len; i += 5)
		text[i] = ' ';
	ck_assert_int_eq(agentrun_classify(&intent, NULL, text, len, NULL, NULL), 0);
	agentrun_intent_free(intent);
	ck_assert_int_eq(agentrun_classify(&intent, NULL, text, len + 1, NULL, NULL),
		AGENTRUN_ELIMIT);
	free(text);
}
END_TEST

START_TEST(a_nul_is_a_byte_like_another)
{
	agentrun_intent *intent;
	agentrun_buf out = AGENTRUN_BUF_INIT;

	ck_assert_int_eq(
		agentrun_classify(&intent, NULL, "show\0rows", 9, NULL, NULL), 0);
	ck_assert_int_eq(agentrun_intent_json(&out, intent), 0);
	ck_assert_ptr_nonnull(strstr(out.data, "\"show\\u0000rows\""));
	agentrun_buf_dispose(&out);
	agentrun_intent_free(intent);
}
END_TEST

START_TEST(the_lexicon_is_sorted)
{
	bool inflected;

	for (size_t i = 1; agr_lexicon_word(i); i++)
		ck_assert_msg(strcmp(agr_lexicon_word(i - 1), agr_lexicon_word(i)) < 0,
			"%s", agr_lexicon_word(i));
	ck_assert_uint_ne(agr_lexicon_find("dropped", 7, &inflected) & AGR_WORD_EDIT, 0);
	ck_assert(inflected);
	ck_assert_uint_ne(agr_lexicon_find("nodes", 5, &inflected) & AGR_WORD_SYSTEM, 0);
	ck_assert_uint_eq(agr_lexicon_find("xyzzy", 5, &inflected), 0);
}
END_TEST

START_TEST(prompts_are_cut_into_words)
{
	static agr_tokens tokens;

	ck_assert_int_eq(
		agr_tokens_read(&tokens, "What's up, #ops? don't A_b-c.", 29, NULL), 0);
	ck_assert_uint_eq(tokens.n, 6);
	ck_assert_str_eq(tokens.list[0].text, "what");
	ck_assert_str_eq(tokens.list[1].text, "'s");
	ck_assert_str_eq(tokens.list[3].text, "#ops");
	ck_assert(tokens.list[3].clause && !tokens.list[2].clause);
	ck_assert_str_eq(tokens.list[4].text, "don't");
	ck_assert_str_eq(tokens.list[5].text, "a_b-c");
	agr_tokens_clear(&tokens);
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		standing_rules_and_edits_are_patches,
		slips_of_the_hand_are_read_as_they_were_meant,
		a_node_is_known_by_the_name_it_was_given,
		answers_and_acts_now_are_executed,
		who_acts_when_tells_the_lanes_apart,
		a_soup_of_bytes_is_told_the_same_each_time,
		reasons_name_words_as_they_were_written,
		talk_and_what_is_too_vague_are_unclear,
		case_and_punctuation_change_nothing,
		only_a_clear_lanes_tools_are_allowed,
		keywords_and_reasoning_name_words_of_the_prompt,
		the_nodes_of_the_workflow_and_the_fields_of_the_data_are_known,
		the_json_has_every_member,
		what_is_no_text_or_too_long_is_refused,
		a_nul_is_a_byte_like_another,
		the_lexicon_is_sorted,
		prompts_are_cut_into_words,
		NULL,
	};

	return unit_main(unit_suite("intent", tests));
}
