/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
#include "patch/rules.h"

#include <stdlib.h>
#include <string.h>

static const char *const node_members[AGR_NODE_MEMBERS] = { "id", "type", "config",
	"timeout_ms", "retry" };
static const char *const edge_members[AGR_EDGE_MEMBERS] = { "from", "to" };

static bool is(agr_span string, const char *text)
{
	return agr_string_is(string, text, strlen(text));
}

/* {"items": SCHEMA}, perhaps with "type": "array", which the rules want anyway. */
static bool read_list(agr_rules *rules, agr_span schema, agr_wanted *wanted,
	const agr_proof **out)
{
	agr_iter it = agr_iter_of(schema);
	agr_span key, value;

	if (*schema.p != '{')
		return *schema.p == 't';
	while (agr_object_next(&it, &key, &value)) {
		if (is(key, "items") && *value.p != '[' && !*out) {
			*out = agr_proof_new(&rules->arena, value, wanted);
			if (!*out)
				return false;
		} else if (!is(key, "description") && !is(key, "title") &&
			!(is(key, "type") && *value.p == '"' && is(value, "array"))) {
			return false;
		}
	}
	return true;
}

static bool read_properties(agr_rules *rules, agr_span properties)
{
	agr_iter it = agr_iter_of(properties);
	agr_span key, value;
	agr_rules_member *m;

	if (*properties.p != '{' || rules->members)
		return false;
	rules->members = agr_arena_alloc(&rules->arena, agr_span_count(properties) + 1,
		sizeof(*rules->members));
	if (!rules->members)
		return false;
	while (agr_object_next(&it, &key, &value)) {
		if (is(key, "nodes") || is(key, "edges")) {
			bool nodes = is(key, "nodes");

			if (!read_list(rules, value,
				    nodes ? &rules->node_wanted : &rules->edge_wanted,
				    nodes ? &rules->node_proof : &rules->edge_proof))
				return false;
			continue;
		}
		m = &rules->members[rules->n_members++];
		m->name = key;
		m->proof = agr_proof_new(&rules->arena, value, NULL);
		if (!m->proof)
			return false;
	}
	return true;
}

/* Are nodes and edges all that must be there? */
static bool are_lists(agr_span names)
{
	agr_iter it;
	agr_span name;

	if (*names.p != '[')
		return false;
	for (it = agr_iter_of(names); agr_array_next(&it, &name);)
		if (*name.p != '"' || (!is(name, "nodes") && !is(name, "edges")))
			return false;
	return true;
}

static bool read_schema(agr_rules *rules, agr_span schema)
{
	static const char *const says_nothing[] = { "$schema", "$id", "$comment", "title",
		"description", "definitions" };
	agr_iter it;
	agr_span key, value;

	if (*schema.p != '{')
		return false;
	for (it = agr_iter_of(schema); agr_object_next(&it, &key, &value);) {
		bool known = (is(key, "type") && *value.p == '"' && is(value, "object")) ||
			(is(key, "additionalProperties") && *value.p == 't') ||
			(is(key, "required") && are_lists(value)) ||
			(is(key, "properties") && read_properties(rules, value));

		for (size_t i = 0; !known && i < AGR_COUNT(says_nothing); i++)
			known = is(key, says_nothing[i]);
		if (!known)
			return false;
	}
	return true;
}

static bool want(agr_wanted *wanted, const char *const *names, size_t n)
{
	agr_wanted_init(wanted);
	for (size_t i = 0; i < n; i++)
		if (agr_wanted_add(wanted, names[i], strlen(names[i])) != i)
			return false;
	return true;
}

static int make_ready(agr_rules *rules, const char *name, agentrun_error **err)
{
	agr_text text = { .name = name, .p = rules->text, .n = rules->text_len,
		.code = AGENTRUN_ECONFIG };
	int r = agr_scan_document(&rules->schema, &text, err);
	bool ok;

	if (r < 0)
		return r;
	ok = want(&rules->node_wanted, node_members, AGR_NODE_MEMBERS);
	ok = want(&rules->edge_wanted, edge_members, AGR_EDGE_MEMBERS) && ok;
	if (!ok)
		return agr_error_oom(err);
	/* Without memory for a proof there is none, and the schema itself is asked. */
	rules->useless = !read_schema(rules, rules->schema);
	return 0;
}

int agr_rules_new(agr_rules **out, const char *name, const char *text, size_t len,
	agentrun_error **err)
{
	agr_rules *rules = calloc(1, sizeof(*rules));
	int r;

	*out = NULL;
	if (!rules)
		return agr_error_oom(err);
	atomic_init(&rules->holders, 1);
	rules->text = agr_strndup(text, len);
	rules->text_len = len;
	r = rules->text ? make_ready(rules, name, err) : agr_error_oom(err);
	if (r < 0)
		agr_rules_release(rules);
	else
		*out = rules;
	return r;
}

agr_rules *agr_rules_hold(agr_rules *rules)
{
	atomic_fetch_add(&rules->holders, 1);
	return rules;
}

void agr_rules_release(agr_rules *rules)
{
	if (!rules || atomic_fetch_sub(&rules->holders, 1) != 1)
		return;
	agr_wanted_free(&rules->node_wanted);
	agr_wanted_free(&rules->edge_wanted);
	agr_arena_free(&rules->arena);
	free(rules->text);
	free(rules);
}
