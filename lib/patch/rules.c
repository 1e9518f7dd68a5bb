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

static bool is_any(agr_span string, const char *const *texts, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (is(string, texts[i]))
			return true;
	return false;
}

/* Does `type` allow this one? */
static bool allows(agr_span type, const char *name)
{
	agr_iter it;
	agr_span one;

	if (*type.p != '[')
		return *type.p == '"' && is(type, name);
	for (it = agr_iter_of(type); agr_array_next(&it, &one);)
		if (*one.p == '"' && is(one, name))
			return true;
	return false;
}

/* ---- a list of the workflow -------------------------------------------------------- */

static bool read_each(agr_rules *rules, agr_span schema, agr_rules_list *list)
{
	agr_proof *proof = agr_proof_new(&rules->proofs, schema, &list->wanted, NULL, 0);

	if (proof && list->each)
		proof = agr_proof_both(&rules->proofs, list->each, proof);
	list->each = proof;
	return proof;
}

/* What agr_schema_check() would say of so many elements, too. */
static void read_size(agr_span limit, bool least, agr_rules_list *list)
{
	int64_t n;

	if (agr_span_type(limit) != AGR_TYPE_NUMBER || !agr_number_int64(limit, &n) || n < 0)
		return;
	if (least && (size_t)n > list->least)
		list->least = (size_t)n;
	if (!least && (size_t)n < list->most)
		list->most = (size_t)n;
}

static bool read_list(agr_rules *rules, agr_span schema, agr_rules_list *list)
{
	static const char *const others[] = { "enum", "const", "contains", "uniqueItems",
		"allOf", "anyOf", "oneOf", "not", "if" };
	agr_span key, value;
	agr_iter it;

	if (!agr_proofs_follow(&rules->proofs, &schema) || *schema.p != '{')
		return *schema.p == 't';
	for (it = agr_iter_of(schema); agr_object_next(&it, &key, &value);) {
		if (is(key, "items") ? *value.p == '[' || !read_each(rules, value, list)
		    : is(key, "type") ? !allows(value, "array")
				      : is_any(key, others, AGR_COUNT(others)))
			return false;
		if (is(key, "minItems") || is(key, "maxItems"))
			read_size(value, is(key, "minItems"), list);
	}
	return true;
}

/* ---- the workflow -------------------------------------------------------------------- */

struct reader {
	agr_rules *rules;
	bool asks; /* something of what is around the lists */
	unsigned level;
};

static bool read_properties(struct reader *r, agr_span properties, bool *has_lists)
{
	bool nodes = false, edges = false;
	agr_span key, value;
	agr_iter it;

	if (*properties.p != '{')
		return false;
	for (it = agr_iter_of(properties); agr_object_next(&it, &key, &value);) {
		bool of_nodes = is(key, "nodes"), of_edges = is(key, "edges");

		nodes = nodes || of_nodes;
		edges = edges || of_edges;
		r->asks = r->asks || (!of_nodes && !of_edges);
		if ((of_nodes || of_edges) &&
			!read_list(r->rules, value, of_nodes ? &r->rules->nodes : &r->rules->edges))
			return false;
	}
	*has_lists = nodes && edges;
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

static bool read_schema(struct reader *r, agr_span schema);

static bool read_all(struct reader *r, agr_span list)
{
	agr_iter it;
	agr_span schema;

	if (*list.p != '[' || r->level > 8)
		return false;
	for (it = agr_iter_of(list); agr_array_next(&it, &schema);)
		if (!read_schema(r, schema))
			return false;
	return true;
}

static bool read_keywords(struct reader *r, agr_span schema)
{
	static const char *const others[] = { "enum", "const", "patternProperties", "anyOf",
		"oneOf", "not", "if" };
	static const char *const around[] = { "additionalProperties", "propertyNames",
		"minProperties", "maxProperties" };
	bool has_lists = false, additional = false, ok = true;
	agr_span key, value;
	agr_iter it;

	for (it = agr_iter_of(schema); ok && agr_object_next(&it, &key, &value);) {
		additional = additional || (is(key, "additionalProperties") && *value.p == '{');
		r->asks = r->asks || is_any(key, around, AGR_COUNT(around)) ||
			(is(key, "required") && !are_lists(value));
		ok = is(key, "type") ? allows(value, "object")
			: is(key, "properties") ? read_properties(r, value, &has_lists)
			: is(key, "allOf") ? read_all(r, value)
					   : !is_any(key, others, AGR_COUNT(others));
	}
	/* Else it would be asked of the lists. */
	return ok && (!additional || has_lists);
}

static bool read_schema(struct reader *r, agr_span schema)
{
	bool ok = agr_proofs_follow(&r->rules->proofs, &schema);

	if (!ok || *schema.p != '{')
		return ok && *schema.p == 't';
	r->level++;
	ok = read_keywords(r, schema);
	r->level--;
	return ok;
}

/* What of the schema is not known here, or wrong, or too much, is left to
 * agr_schema_check(), with all the rest. */
static bool make_proofs(agr_rules *rules)
{
	static const char *const lists[] = { "nodes", "edges" };
	struct reader r = { .rules = rules };

	agr_proofs_init(&rules->proofs, rules->schema);
	if (!read_schema(&r, rules->schema))
		return false;
	if (r.asks) {
		rules->around = agr_proof_new(&rules->proofs, rules->schema, NULL, lists,
			AGR_COUNT(lists));
		if (!rules->around)
			return false;
	}
	return agr_proofs_are_sound(&rules->proofs);
}

static bool want(agr_rules_list *list, const char *const *names, size_t n)
{
	list->most = SIZE_MAX;
	agr_wanted_init(&list->wanted);
	for (size_t i = 0; i < n; i++)
		if (agr_wanted_add(&list->wanted, names[i], strlen(names[i])) != i)
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
	ok = want(&rules->nodes, node_members, AGR_NODE_MEMBERS);
	ok = want(&rules->edges, edge_members, AGR_EDGE_MEMBERS) && ok;
	if (!ok)
		return agr_error_oom(err);
	rules->useless = !make_proofs(rules);
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
	agr_wanted_free(&rules->nodes.wanted);
	agr_wanted_free(&rules->edges.wanted);
	agr_proofs_free(&rules->proofs);
	free(rules->text);
	free(rules);
}
