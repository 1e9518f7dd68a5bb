/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
#include "patch/facts.h"

#include <stdlib.h>
#include <string.h>

#include "patch/workflow.h"
#include "table/hash.h"
#include "table/word.h"

static agr_span name_span(const char *name)
{
	return (agr_span){ name, strlen(name) };
}

static bool is(agr_span string, const char *text)
{
	return agr_string_is(string, text, strlen(text));
}

/* ---- what is looked at ------------------------------------------------------------ */

enum { NODE_ID, NODE_TYPE, NODE_CONFIG, NODE_TIMEOUT, NODE_RETRY, NODE_MEMBERS };
enum { EDGE_FROM, EDGE_TO, EDGE_MEMBERS };

static const char *const node_members[NODE_MEMBERS] = { "id", "type", "config", "timeout_ms",
	"retry" };
static const char *const edge_members[EDGE_MEMBERS] = { "from", "to" };

static bool is_id_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '-' ||
		(c >= 'A' && c <= 'Z');
}

/* A string without escapes, of the letters that an id may have. */
static bool is_id(agr_span text)
{
	if (!text.p || *text.p != '"' || text.n < 3)
		return false;
	for (size_t i = 1; i + 1 < text.n; i++)
		if (!is_id_letter(text.p[i]))
			return false;
	return true;
}

static bool is_plain_string(agr_span text)
{
	return text.p && *text.p == '"' && agr_string_is_plain(text);
}

/* What the schema says of a node mostly depends on its type: that is asked once. */
static bool keeps_schema(agr_facts *facts, agr_span text, const agr_span *slots)
{
	agr_proof_value value = { text, slots };
	agr_span type = slots[NODE_TYPE];
	agr_fact_type *known;

	if (!facts->node_proof)
		return true;
	for (size_t i = 0; i < facts->n_types; i++) {
		known = &facts->types[i];
		if (known->name.n == type.n && memcmp(known->name.p, type.p, type.n) == 0)
			return !known->rest || agr_proof_passes(known->rest, value);
	}
	if (!agr_proof_passes(facts->node_proof, value))
		return false;
	if (facts->n_types == AGR_FACT_TYPES)
		return true;
	known = &facts->types[facts->n_types++];
	known->name = type;
	known->rest = agr_proof_rest(facts->arena, facts->node_proof, value, NODE_TYPE);
	return true;
}

static agr_node_fact node_fact(agr_facts *facts, agr_span text, const agr_span *slots)
{
	agr_span config = slots[NODE_CONFIG], timeout = slots[NODE_TIMEOUT];
	agr_span retry = slots[NODE_RETRY];
	agr_node_fact fact = { .at = text.p, .id = slots[NODE_ID] };

	fact.good = is_id(slots[NODE_ID]) && is_plain_string(slots[NODE_TYPE]) &&
		(!config.p || *config.p == '{') &&
		(!timeout.p || agr_is_digit(*timeout.p)) &&
		(!retry.p || agr_workflow_retry_is_good(retry)) &&
		keeps_schema(facts, text, slots);
	fact.agent = fact.good && agr_string_same(slots[NODE_TYPE], name_span("\"agent\""));
	return fact;
}

static agr_edge_fact edge_fact(const agr_facts *facts, agr_span text, const agr_span *slots)
{
	agr_edge_fact fact = { .at = text.p, .from = slots[EDGE_FROM], .to = slots[EDGE_TO] };

	fact.good = is_plain_string(fact.from) && is_plain_string(fact.to) &&
		(!facts->edge_proof ||
			agr_proof_passes(facts->edge_proof,
				(agr_proof_value){ text, slots }));
	return fact;
}

/* Room for one more of so many, each of that size. */
static bool more(void **list, size_t n, size_t *cap, size_t size)
{
	size_t wanted = *cap ? 2 * *cap : 64;
	void *grown;

	if (n < *cap)
		return true;
	grown = realloc(*list, wanted * size);
	if (!grown)
		return false;
	*list = grown;
	*cap = wanted;
	return true;
}

static bool see_node(void *user, agr_span text)
{
	agr_facts *facts = user;
	void *list = facts->nodes;

	if (facts->useless)
		return true;
	if (!more(&list, facts->n_nodes, &facts->cap_nodes, sizeof(*facts->nodes)))
		return false;
	facts->nodes = list;
	facts->nodes[facts->n_nodes++] = node_fact(facts, text, facts->node_slots);
	return true;
}

static bool see_edge(void *user, agr_span text)
{
	agr_facts *facts = user;
	void *list = facts->edges;

	if (facts->useless)
		return true;
	if (!more(&list, facts->n_edges, &facts->cap_edges, sizeof(*facts->edges)))
		return false;
	facts->edges = list;
	facts->edges[facts->n_edges++] = edge_fact(facts, text, facts->edge_slots);
	return true;
}

/* ---- what the schema says of a workflow -------------------------------------------- */

/* {"items": SCHEMA}, perhaps with "type": "array", which the rules want anyway. */
static bool read_list(agr_facts *facts, agr_span schema, agr_wanted *wanted,
	const agr_proof **out)
{
	agr_iter it = agr_iter_of(schema);
	agr_span key, value;

	if (*schema.p != '{')
		return *schema.p == 't';
	while (agr_object_next(&it, &key, &value)) {
		if (is(key, "items") && *value.p != '[' && !*out) {
			*out = agr_proof_new(facts->arena, value, wanted);
			if (!*out)
				return false;
		} else if (!is(key, "description") && !is(key, "title") &&
			!(is(key, "type") && *value.p == '"' && is(value, "array"))) {
			return false;
		}
	}
	return true;
}

static bool read_properties(agr_facts *facts, agr_span properties)
{
	agr_iter it = agr_iter_of(properties);
	agr_span key, value;
	agr_fact_member *m;

	if (*properties.p != '{' || facts->members)
		return false;
	facts->members = agr_arena_alloc(facts->arena, agr_span_count(properties) + 1,
		sizeof(*facts->members));
	if (!facts->members)
		return false;
	while (agr_object_next(&it, &key, &value)) {
		if (is(key, "nodes") || is(key, "edges")) {
			bool nodes = is(key, "nodes");

			if (!read_list(facts, value,
				    nodes ? &facts->node_wanted : &facts->edge_wanted,
				    nodes ? &facts->node_proof : &facts->edge_proof))
				return false;
			continue;
		}
		m = &facts->members[facts->n_members++];
		m->name = key;
		m->proof = agr_proof_new(facts->arena, value, NULL);
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

static bool read_schema(agr_facts *facts, agr_span schema)
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
			(is(key, "properties") && read_properties(facts, value));

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

int agr_facts_init(agr_facts *facts, agr_arena *arena, agr_span schema, agentrun_error **err)
{
	bool ok;

	memset(facts, 0, sizeof(*facts));
	facts->arena = arena;
	ok = want(&facts->node_wanted, node_members, NODE_MEMBERS);
	ok = want(&facts->edge_wanted, edge_members, EDGE_MEMBERS) && ok;
	if (!ok)
		return agr_error_oom(err);
	facts->useless = !read_schema(facts, schema);
	facts->node_slots = calloc(facts->node_wanted.n, sizeof(agr_span));
	facts->edge_slots = calloc(facts->edge_wanted.n, sizeof(agr_span));
	if (!facts->node_slots || !facts->edge_slots)
		return agr_error_oom(err);
	facts->watches[0] = (agr_outline_watch){ "nodes", &facts->node_wanted,
		facts->node_slots, see_node, facts };
	facts->watches[1] = (agr_outline_watch){ "edges", &facts->edge_wanted,
		facts->edge_slots, see_edge, facts };
	return 0;
}

void agr_facts_free(agr_facts *facts)
{
	agr_wanted_free(&facts->node_wanted);
	agr_wanted_free(&facts->edge_wanted);
	free(facts->node_slots);
	free(facts->edge_slots);
	free(facts->nodes);
	free(facts->edges);
}

/* ---- the patched workflow ------------------------------------------------------------ */

/* An id's first and last eight bytes, which are all of most ids: the table is searched
 * without going back to the text. */
struct id_key {
	uint64_t first, last;
	size_t n;
};

struct proving {
	agr_facts *facts;
	const agr_tree_source *source;
	agentrun_error **err;
	size_t n;         /* nodes */
	agr_span *ids;
	struct id_key *keys; /* of the ids */
	uint32_t *slots;  /* index + 1 by hash */
	size_t mask;
	size_t agents;    /* that may be new */
};

/* The value's text as it stands now, in the arena: 0 or an error. */
static int text_of(struct proving *p, const agr_tree_value *value, agr_span *out)
{
	agr_buf text = AGR_BUF_INIT;
	char *copy;
	int r;

	*out = value->text;
	if (!value->node)
		return 0;
	r = agr_tree_write(&text, value, p->source, p->err);
	copy = r || text.failed ? NULL : agr_arena_bytes(p->facts->arena, text.len);
	if (copy)
		memcpy(copy, text.data, text.len);
	*out = (agr_span){ copy, text.len };
	agr_buf_free(&text);
	return r < 0 ? r : copy ? 0 : agr_error_oom(p->err);
}

/* What would have been noted of it. */
static void note(const agr_wanted *wanted, agr_span *slots, agr_span text)
{
	for (size_t i = 0; i < wanted->n; i++) {
		const agr_wanted_key *key = &wanted->keys[i];

		if (*text.p != '{' || !agr_object_get(text, key->text, key->len, &slots[i]))
			slots[i].p = NULL;
	}
}

/* The same list in the tree: opened, not exchanged. */
static const agr_tree_node *list_of(const agr_tree_value *root, const char *name)
{
	agr_tree_value list;

	if (!agr_tree_get(root, name, &list) || !list.node || list.node->object)
		return NULL;
	return list.node;
}

static bool is_untouched(const agr_tree_value *value)
{
	return !value->node && !value->made;
}

/* What was noted of a node that stands at its place, changed inside or not: nodes stand in
 * their order, so *next is where to look. */
static const agr_node_fact *noted_of(const agr_facts *facts, const agr_tree_value *value,
	size_t *next)
{
	if (value->made)
		return NULL;
	while (*next < facts->n_nodes && facts->nodes[*next].at != value->text.p)
		++*next;
	return *next < facts->n_nodes ? &facts->nodes[(*next)++] : NULL;
}

static bool same_text(agr_span a, agr_span b)
{
	return a.n == b.n && memcmp(a.p, b.p, a.n) == 0;
}

/* 1 with the node's fact. */
static int node_of(struct proving *p, const agr_tree_value *value, size_t *next,
	agr_node_fact *out)
{
	agr_facts *facts = p->facts;
	const agr_node_fact *noted = noted_of(facts, value, next);
	agr_span text;
	int r;

	if (is_untouched(value)) {
		if (noted)
			*out = *noted;
		return noted && noted->good;
	}
	r = text_of(p, value, &text);
	if (r < 0)
		return r;
	note(&facts->node_wanted, facts->node_slots, text);
	*out = node_fact(facts, text, facts->node_slots);
	if (out->agent && !(noted && noted->agent && same_text(noted->id, out->id)))
		p->agents++;
	return out->good;
}

static int edge_of(struct proving *p, const agr_tree_value *value, size_t *next,
	agr_edge_fact *out)
{
	agr_facts *facts = p->facts;
	agr_span text;
	int r;

	if (is_untouched(value)) {
		while (*next < facts->n_edges && facts->edges[*next].at != value->text.p)
			++*next;
		if (*next == facts->n_edges)
			return 0;
		*out = facts->edges[(*next)++];
		return out->good;
	}
	r = text_of(p, value, &text);
	if (r < 0)
		return r;
	note(&facts->edge_wanted, facts->edge_slots, text);
	*out = edge_fact(facts, text, facts->edge_slots);
	return out->good;
}

static struct id_key key_of(agr_span id)
{
	size_t n = id.n < 8 ? id.n : 8;

	return (struct id_key){ agr_word_of(id.p, n), agr_word_of(id.p + id.n - n, n), id.n };
}

static bool is_same(const struct proving *p, size_t at, const struct id_key *key, agr_span id)
{
	const struct id_key *known = &p->keys[at];

	return known->first == key->first && known->last == key->last && known->n == key->n &&
		(id.n <= 16 || (p->ids[at].p && memcmp(p->ids[at].p, id.p, id.n) == 0));
}

/* Where the id stands in the table, or where it belongs. */
static uint32_t *slot_of(const struct proving *p, agr_span id, const struct id_key *key)
{
	size_t i = (size_t)agr_hash_of(id.p, id.n) & p->mask;

	while (p->slots[i] && !is_same(p, p->slots[i] - 1, key, id))
		i = (i + 1) & p->mask;
	return &p->slots[i];
}

static int make_table(struct proving *p, size_t n)
{
	size_t slots = 16;

	while (slots < 2 * n)
		slots *= 2;
	p->ids = calloc(n, sizeof(*p->ids));
	p->keys = calloc(n, sizeof(*p->keys));
	p->slots = calloc(slots, sizeof(*p->slots));
	p->mask = slots - 1;
	return p->ids && p->keys && p->slots ? 0 : agr_error_oom(p->err);
}

/* Nodes that are each good, and no two of one id. */
static int prove_nodes(struct proving *p, const agr_tree_node *nodes)
{
	size_t next = 0;
	int r = nodes->n && nodes->n < UINT32_MAX / 4 ? make_table(p, nodes->n) : 0;

	if (r < 0 || !p->slots)
		return r;
	for (size_t i = 0; i < nodes->n; i++) {
		agr_node_fact fact = { .at = NULL };
		struct id_key key;
		uint32_t *slot;

		r = node_of(p, &nodes->items[i].value, &next, &fact);
		if (r <= 0)
			return r;
		key = key_of(fact.id);
		slot = slot_of(p, fact.id, &key);
		if (*slot)
			return 0;
		p->ids[i] = fact.id;
		p->keys[i] = key;
		*slot = (uint32_t)++p->n;
	}
	return p->agents <= AGR_PATCH_MAX_AGENTS;
}

static bool find_end(const struct proving *p, agr_span id, size_t *out)
{
	struct id_key key = key_of(id);
	uint32_t at = *slot_of(p, id, &key);

	*out = at - 1;
	return at != 0;
}

/* Edges between nodes that there are, and no cycle. */
static int prove_edges(struct proving *p, const agr_tree_node *edges)
{
	agr_faults faults = AGR_FAULTS_INIT;
	agr_workflow_check check = { .faults = &faults, .arena = p->facts->arena,
		.err = p->err };
	agr_link *links = agr_arena_alloc(p->facts->arena, edges->n + 1, sizeof(*links));
	size_t next = 0;
	int r = 1;

	if (!links)
		return agr_error_oom(p->err);
	for (size_t i = 0; r > 0 && i < edges->n; i++) {
		agr_edge_fact fact = { .at = NULL };

		r = edge_of(p, &edges->items[i].value, &next, &fact);
		links[i].edge = i;
		if (r > 0)
			r = find_end(p, fact.from, &links[i].from) &&
				find_end(p, fact.to, &links[i].to);
	}
	if (r > 0)
		r = agr_workflow_check_cycles(&check, p->ids, p->n, links, edges->n);
	else
		return r;
	r = r < 0 ? r : !faults.n;
	agr_faults_free(&faults);
	return r;
}

/* The workflow's other members, where the schema has something to say of them. */
static int prove_members(struct proving *p, const agr_tree_value *root)
{
	for (size_t i = 0; i < p->facts->n_members; i++) {
		const agr_fact_member *m = &p->facts->members[i];
		const agr_tree_item *item = agr_tree_member(root->node, m->name);
		agr_proof_value value = { .slots = NULL };
		int r = item ? text_of(p, &item->value, &value.text) : 0;

		if (r < 0)
			return r;
		if (item && !agr_proof_passes(m->proof, value))
			return 0;
	}
	return 1;
}

int agr_facts_prove(agr_facts *facts, const agr_tree_value *root,
	const agr_tree_source *source, agentrun_error **err)
{
	struct proving p = { .facts = facts, .source = source, .err = err };
	const agr_tree_node *nodes, *edges;
	int r;

	if (facts->useless || !root->node || !root->node->object)
		return 0;
	nodes = list_of(root, "nodes");
	edges = list_of(root, "edges");
	if (!nodes || !edges)
		return 0;
	r = prove_nodes(&p, nodes);
	if (r > 0)
		r = prove_edges(&p, edges);
	if (r > 0)
		r = prove_members(&p, root);
	free(p.ids);
	free(p.keys);
	free(p.slots);
	return r;
}
