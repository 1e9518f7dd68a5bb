/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
/* "set the timeout of fetch to 30 seconds", "retry fetch 5 times" */
#include <string.h>

#include "plan/change.h"

static const plan_node *node_of(const plan_change *c, size_t node)
{
	return &c->graph->nodes[node];
}

/* Set a member, which may be there or not. */
static void set_member(plan_change *c, size_t node, const char *member, json_t *value)
{
	agr_plan_op(
		c, "add", agr_plan_printf(c->ps->pool, "/nodes/%zu/%s", node, member), value);
}

/* `plain`: the key says that the number is one of milliseconds. */
static plan_outcome set_timeout(plan_change *c, size_t node, bool plain)
{
	plan_parser *ps = c->ps;
	const json_t *json = node_of(c, node)->json;
	const json_t *config = json_object_get(json, "config");
	bool inner = json_object_get(config, "timeout_ms") != NULL;
	json_int_t ms;
	plan_outcome r = plain && agr_plan_take_count(ps, 0, &ms)
		? PLAN_YES
		: agr_plan_take_duration(ps, &ms);

	if (r != PLAN_YES)
		return r;
	if ((strcmp(node_of(c, node)->type, "hitl") == 0 || inner) &&
		inner == (json_object_get(json, "timeout_ms") != NULL))
		return agr_plan_refuse(ps,
			"%s may have a timeout of its own and one in its config; "
			"say \"config timeout_ms\".",
			node_of(c, node)->id);
	set_member(
		c, node, inner ? "config/timeout_ms" : "timeout_ms", agr_plan_int(ps->pool, ms));
	c->description =
		agr_plan_printf(ps->pool, "Sets the timeout of %s to %" JSON_INTEGER_FORMAT " ms",
			node_of(c, node)->id, ms);
	return PLAN_YES;
}

static plan_outcome set_retry(
	plan_change *c, size_t node, json_int_t attempts, json_int_t backoff)
{
	plan_parser *ps = c->ps;
	const json_t *old = json_object_get(node_of(c, node)->json, "retry");
	json_t *retry = agr_plan_object(ps->pool), *count = agr_plan_int(ps->pool, attempts);
	json_t *pause = backoff >= 0 ? agr_plan_int(ps->pool, backoff) : NULL;

	if (attempts < 1 || attempts > 10)
		return agr_plan_refuse(ps, "A node can be tried 1 to 10 times.");
	if (json_is_object(old)) { /* its other members stay as they stand there */
		set_member(c, node, "retry/max_attempts", count);
		if (pause)
			set_member(c, node, "retry/backoff_ms", pause);
	} else {
		agr_plan_put(ps->pool, retry, "max_attempts", count);
		if (pause)
			agr_plan_put(ps->pool, retry, "backoff_ms", pause);
		set_member(c, node, "retry", retry);
	}
	c->description = agr_plan_printf(ps->pool,
		"Tries %s up to %" JSON_INTEGER_FORMAT " times", node_of(c, node)->id, attempts);
	return PLAN_YES;
}

static plan_outcome take_backoff(plan_change *c, json_int_t *backoff)
{
	plan_parser *ps = c->ps;
	size_t start = ps->pos;
	plan_outcome r;

	*backoff = -1;
	if (agr_plan_take(ps,
			"with backoff of|with a backoff of|and a backoff of|"
			"backoff of|with a delay of|waiting|and backoff of"))
		return agr_plan_take_duration(ps, backoff);
	if (!agr_plan_take(ps, "with a|with|and a"))
		return PLAN_YES;
	if (!agr_plan_at(ps, 0)->number) {
		agr_plan_rewind(ps, start);
		return PLAN_YES;
	}
	r = agr_plan_take_duration(ps, backoff);
	if (r == PLAN_YES &&
		!agr_plan_take(ps, "backoff|delay|of backoff|between attempts|pause"))
		return PLAN_NO;
	return r;
}

/* "retry fetch [up to] 5 times [with 2s backoff]", "make fetch retry 3 times". */
plan_outcome agr_plan_retry_rule(plan_change *c)
{
	plan_parser *ps = c->ps;
	bool make = agr_plan_take(ps, "make|let|have");
	json_int_t attempts, backoff;
	size_t node;
	plan_outcome r;

	if (!make && !agr_plan_take(ps, "always retry|retry"))
		return PLAN_NO;
	r = agr_plan_take_node(ps, &node);
	if (r == PLAN_NO)
		return make ? PLAN_NO : agr_plan_no_such_node(ps);
	if (r == PLAN_REFUSED)
		return r;
	if (make && !agr_plan_take(ps, "retry"))
		return PLAN_NO;
	agr_plan_take(ps, "up to|at most");
	if (!agr_plan_take_count(ps, 1, &attempts) || !agr_plan_take(ps, "times|attempts|x"))
		return agr_plan_refuse(
			ps, "Say how often, as in \"retry %s 3 times\".", node_of(c, node)->id);
	r = take_backoff(c, &backoff);
	return r == PLAN_YES ? set_retry(c, node, attempts, backoff) : r;
}

static const char *known_keys(const char *type)
{
	static const char *const keys[][2] = { { "http", "url|method|payload" },
		{ "agent", "task" }, { "hitl", "message" }, { "conditional", "condition" } };

	for (size_t i = 0; i < AGR_COUNT(keys); i++)
		if (strcmp(keys[i][0], type) == 0)
			return keys[i][1];
	return "";
}

/* The member of the config that is meant: one it has, or one of its type. */
static plan_outcome find_key(
	plan_change *c, size_t node, const char *said, bool config_said, const char **key)
{
	plan_parser *ps = c->ps;
	const json_t *config = json_object_get(node_of(c, node)->json, "config");
	const char *parts = agr_plan_parts(ps->pool, said), *name;
	json_t *value;
	size_t found = 0, len;

	json_object_keylen_foreach((json_t *)config, name, len,
		value) if (strlen(name) == len &&
		strcmp(agr_plan_parts(ps->pool, name), parts) == 0)
	{
		*key = name;
		found++;
		(void)value;
	}
	if (found > 1)
		return agr_plan_refuse(
			ps, "\"%s\" could mean several settings of %s.", said, node_of(c, node)->id);
	if (!found && agr_plan_in_list(parts, known_keys(node_of(c, node)->type))) {
		*key = parts;
		found = 1;
	}
	if (!found && config_said) {
		*key = said;
		found = 1;
	}
	return found
		? PLAN_YES
		: agr_plan_refuse(ps, "%s has no setting \"%s\"; say \"config %s\" to make one.",
			  node_of(c, node)->id, said, said);
}

static plan_outcome value_of(
	plan_change *c, const json_t *old, const char *key, json_t **out)
{
	plan_parser *ps = c->ps;
	const plan_word *word = agr_plan_at(ps, 0);
	size_t n;

	if (word->kind == PLAN_NUMBER && agr_plan_unit_at(ps, 0, &n) == PLAN_UNIT_NONE &&
		!json_is_string(old))
		*out = agr_plan_number(ps, word->number);
	else if (agr_plan_ahead(ps, 0, "true|false") && !json_is_string(old))
		*out = agr_plan_own(ps->pool, json_boolean(word->low[0] == 't'));
	else if (word->kind == PLAN_QUOTED || word->kind == PLAN_URL ||
		(word->kind == PLAN_WORD && agr_plan_ended(ps) == false &&
			ps->pos + 1 == ps->words->n && !agr_plan_is_reserved(word->low)))
		*out = agr_plan_str(ps->pool, word->text);
	else
		return agr_plan_refuse(
			ps, "Put the new value of %s in quotes, or give a number.", key);
	if (!*out)
		return agr_plan_refuse(ps, "The number \"%s\" is too large.", word->text);
	if (old && !json_is_null(old) && json_typeof(old) != json_typeof(*out) &&
		!(json_is_boolean(old) && json_is_boolean(*out)) &&
		!(json_is_number(old) && json_is_number(*out)))
		return agr_plan_refuse(ps, "%s is %s now, and \"%s\" is none.", key,
			agr_json_type_name(old), word->text);
	agr_plan_use(ps, 1);
	return PLAN_YES;
}

static plan_outcome set_config(
	plan_change *c, size_t node, const char *said, bool config_said)
{
	plan_parser *ps = c->ps;
	plan_pool *pool = ps->pool;
	const plan_node *at = node_of(c, node);
	const json_t *config = json_object_get(at->json, "config");
	const char *key = said;
	json_t *value = NULL, *made;
	plan_outcome r = find_key(c, node, said, config_said, &key);

	if (r == PLAN_YES)
		r = value_of(c, json_object_get(config, key), key, &value);
	if (r != PLAN_YES)
		return r;
	if (strcmp(at->type, "http") == 0 && strcmp(key, "method") == 0) {
		const char *method = json_string_value(value);

		if (!method || !agr_plan_in_list(method, "GET|POST|PUT|PATCH|DELETE|HEAD"))
			return agr_plan_refuse(
				ps, "The method is one of GET, POST, PUT, PATCH, DELETE.");
	}
	if (agr_plan_in_list(key, known_keys(at->type)) && strcmp(key, "payload") != 0 &&
		!json_is_string(value))
		return agr_plan_refuse(ps, "The %s of a node is a text; put it in quotes.", key);
	if (json_is_object(config)) {
		set_member(c, node, agr_plan_printf(pool, "config/%s", agr_plan_token(pool, key)),
			value);
	} else {
		made = agr_plan_object(pool);
		agr_plan_put(pool, made, key, value);
		set_member(c, node, "config", made);
	}
	c->description = agr_plan_printf(pool, "Sets %s of %s", key, at->id);
	return PLAN_YES;
}

static plan_outcome set_key(
	plan_change *c, size_t node, const char *key, bool config_said)
{
	plan_parser *ps = c->ps;
	json_int_t attempts;
	const json_t *retry = json_object_get(node_of(c, node)->json, "retry");
	plan_outcome r;

	if (!config_said && strcmp(key, "timeout") == 0)
		return set_timeout(c, node, false);
	if (!config_said && strcmp(key, "timeout_ms") == 0)
		return set_timeout(c, node, true);
	if (!config_said && agr_plan_in_list(key, "retry|id|type|backoff_ms") &&
		!json_object_get(json_object_get(node_of(c, node)->json, "config"), key))
		return agr_plan_refuse(ps,
			"Say \"set the timeout of %s to 30 seconds\" or \"retry %s "
			"3 times\".",
			node_of(c, node)->id, node_of(c, node)->id);
	if (!config_said && strcmp(key, "retries") == 0) {
		if (!agr_plan_take_count(ps, 1, &attempts))
			return agr_plan_refuse(ps, "A node can be tried 1 to 10 times.");
		return set_retry(c, node, attempts, -1);
	}
	if (!config_said && strcmp(key, "backoff") == 0) {
		r = agr_plan_take_duration(ps, &attempts);
		if (r == PLAN_YES && !json_is_integer(json_object_get(retry, "max_attempts")))
			r = agr_plan_refuse(
				ps, "%s is not tried again yet; say how often.", node_of(c, node)->id);
		return r != PLAN_YES
			? r
			: set_retry(c, node,
				  (json_int_t)json_integer_value(json_object_get(retry, "max_attempts")),
				  attempts);
	}
	return set_config(c, node, key, config_said);
}

static bool take_key(plan_parser *ps, const char **key, bool *config_said)
{
	const plan_word *word;

	*config_said = agr_plan_take(ps, "config|config value|config key|setting");
	if (agr_plan_take(ps,
			"number of retries|max attempts|maximum attempts|"
			"number of attempts|retry count|retries|max_attempts")) {
		*key = "retries";
		return true;
	}
	word = agr_plan_at(ps, 0);
	if (word->kind == PLAN_WORD && agr_starts_with(word->low, "config.")) {
		*key = word->text + 7;
		*config_said = true;
	} else if ((word->kind == PLAN_QUOTED && *config_said) ||
		(word->kind == PLAN_WORD &&
			(!agr_plan_is_reserved(word->low) || *config_said ||
				agr_plan_in_list(word->low, "to|from|limit|order|count"))))
		*key = word->text;
	else
		return false;
	agr_plan_use(ps, 1);
	return **key != '\0';
}

/* "set the KEY of NODE to VALUE", "set NODE's KEY to VALUE", "set NODE KEY to VALUE". */
plan_outcome agr_plan_set_rule(plan_change *c)
{
	plan_parser *ps = c->ps;
	size_t start, node;
	const char *key;
	bool config_said;
	plan_outcome r;

	if (!agr_plan_take(ps,
			"set|change|update|increase|decrease|raise|lower|bump|make|"
			"modify"))
		return PLAN_NO;
	agr_plan_skip(ps, "the|a|an");
	start = ps->pos;
	if (take_key(ps, &key, &config_said) && agr_plan_take(ps, "of|on|for|in")) {
		r = agr_plan_take_node(ps, &node);
		if (r == PLAN_NO)
			return agr_plan_no_such_node(ps);
	} else {
		agr_plan_rewind(ps, start);
		r = agr_plan_take_node(ps, &node);
		agr_plan_take(ps, "'s");
		if (r == PLAN_YES && !take_key(ps, &key, &config_said))
			r = PLAN_NO;
	}
	if (r != PLAN_YES)
		return r;
	if (!agr_plan_take(ps, "to|=|to be"))
		return PLAN_NO;
	return set_key(c, node, key, config_said);
}

/* "change the condition of the edge from a to b to `x > 5`". */
plan_outcome agr_plan_edge_condition_rule(plan_change *c)
{
	plan_parser *ps = c->ps;
	plan_pool *pool = ps->pool;
	const char *text = NULL;
	size_t edge;
	bool remove = agr_plan_take(ps, "remove|delete|drop|clear");
	plan_outcome r;

	if (!remove && !agr_plan_take(ps, "set|change|update|make|replace"))
		return PLAN_NO;
	agr_plan_skip(ps, "the|a");
	if (!agr_plan_take(ps, "condition of|condition on|condition for|condition from"))
		return PLAN_NO;
	agr_plan_skip(ps, "the");
	if (!agr_plan_take(ps, "edge|connection|link"))
		return PLAN_NO;
	r = agr_plan_take_edge(c, &edge);
	if (r != PLAN_YES)
		return r;
	if (remove) {
		if (!json_object_get(
				json_array_get(json_object_get(ps->request->workflow, "edges"), edge),
				"condition"))
			return agr_plan_refuse(ps, "That edge has no condition.");
		agr_plan_op(
			c, "remove", agr_plan_printf(pool, "/edges/%zu/condition", edge), NULL);
	} else {
		if (!agr_plan_take(ps, "to|=|to be|with") || !(text = agr_plan_take_rest(c)))
			return agr_plan_refuse(ps, "Put the new condition in quotes.");
		agr_plan_op(c, "add", agr_plan_printf(pool, "/edges/%zu/condition", edge),
			agr_plan_str(pool, text));
	}
	c->description = agr_plan_printf(pool, "%s the condition of the edge from %s to %s",
		remove ? "Removes" : "Changes", c->graph->nodes[c->graph->edges[edge].from].id,
		c->graph->nodes[c->graph->edges[edge].to].id);
	return PLAN_YES;
}
