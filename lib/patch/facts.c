/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
#include "patch/facts.h"

#include <stdlib.h>
#include <string.h>

#include "patch/workflow.h"
#include "table/hash.h"
#include "table/word.h"

/* ---- what is looked at ------------------------------------------------------------ */

/* Longer ids are left to who asks them all. */
#define MAX_LEN UINT16_MAX

/* Schemas that are applied to it all, and two for each byte: then that is left, too. */
#define MAX_WORK 1000000

/* A string without escapes, of the letters that an id may have. */
static bool is_id(agr_span text)
{
	unsigned char all = 1;

	if (!text.p || *text.p != '"' || text.n < 3)
		return false;
	for (size_t i = 1; i + 1 < text.n; i++)
		all &= agr_workflow_id_letter[(unsigned char)text.p[i]];
	return all;
}

static bool is_string(agr_span text)
{
	return text.p && *text.p == '"';
}

static agr_id_key key_of(agr_span id)
{
	size_t n = id.n < 8 ? id.n : 8;

	return (agr_id_key){ agr_word_of(id.p, n), agr_word_of(id.p + id.n - n, n), id.p };
}

static bool is_same(const agr_id_key *a, const agr_id_key *b, size_t len)
{
	return a->first == b->first && a->last == b->last &&
		(len <= 16 || memcmp(a->p, b->p, len) == 0);
}

/* What is known of nodes of this type; NULL: nothing. */
static const agr_fact_type *find_type(const agr_facts *facts, const agr_id_key *name, size_t len)
{
	for (size_t i = 0; i < facts->n_types; i++)
		if (facts->types[i].len == len && is_same(&facts->types[i].name, name, len))
			return &facts->types[i];
	return NULL;
}

/* What the schema says of a node mostly depends on its type: that is asked once. */
static const agr_fact_type *learn_type(agr_facts *facts, agr_fact_type *type,
	const agr_proof_value *node)
{
	const agr_proof *proof = facts->rules->nodes.each;
	agr_span name = node->slots[AGR_NODE_TYPE];

	if (!agr_string_is_plain(name) || (proof && !agr_proof_passes(facts->run, proof, *node)))
		return NULL;
	*type = (agr_fact_type){ .name = key_of(name), .len = name.n,
		.agent = agr_string_same(name, (agr_span){ "\"agent\"", 7 }) };
	if (facts->n_types == AGR_FACT_TYPES)
		return type;
	if (proof)
		type->rest = agr_proof_rest(facts->run, facts->arena, proof, *node, AGR_NODE_TYPE);
	facts->types[facts->n_types++] = *type;
	return type;
}

/* A node's type that keeps the schema, as all of the node does; or NULL. */
static const agr_fact_type *type_of(agr_facts *facts, agr_fact_type *room,
	const agr_proof_value *node)
{
	agr_span name = node->slots[AGR_NODE_TYPE];
	agr_id_key key;
	const agr_fact_type *known;

	if (!is_string(name))
		return NULL;
	key = key_of(name);
	known = find_type(facts, &key, name.n);
	if (!known)
		return learn_type(facts, room, node);
	return !known->rest || agr_proof_passes(facts->run, known->rest, *node) ? known : NULL;
}

/* Nodes mostly have the same: then it is not read again. */
static bool is_good_retry(agr_facts *facts, agr_span retry)
{
	agr_span known = facts->good_retry;

	if (known.n == retry.n && memcmp(known.p, retry.p, retry.n) == 0)
		return true;
	if (!agr_workflow_retry_is_good(retry))
		return false;
	facts->good_retry = retry;
	return true;
}

static agr_node_fact node_fact(agr_facts *facts, agr_span text, const agr_span *slots)
{
	const agr_proof_value node = { text, slots };
	agr_span id = slots[AGR_NODE_ID], config = slots[AGR_NODE_CONFIG];
	agr_span timeout = slots[AGR_NODE_TIMEOUT], retry = slots[AGR_NODE_RETRY];
	agr_node_fact fact = { .at = 0 };
	const agr_fact_type *type;
	agr_fact_type room;

	if (!is_id(id) || id.n > MAX_LEN || (config.p && *config.p != '{') ||
		(timeout.p && !agr_is_digit(*timeout.p)) ||
		(retry.p && !is_good_retry(facts, retry)))
		return fact;
	type = type_of(facts, &room, &node);
	if (!type)
		return fact;
	fact.id = key_of(id);
	fact.id_len = (uint32_t)id.n & MAX_LEN;
	fact.good = 1;
	fact.agent = type->agent;
	return fact;
}

/* Whether an end has escapes does not matter: then it is like no id. */
static bool is_good_edge(agr_facts *facts, agr_span text, const agr_span *slots)
{
	const agr_proof *proof = facts->rules->edges.each;

	return is_string(slots[AGR_EDGE_FROM]) && is_string(slots[AGR_EDGE_TO]) &&
		slots[AGR_EDGE_FROM].n <= MAX_LEN && slots[AGR_EDGE_TO].n <= MAX_LEN &&
		(!proof || agr_proof_passes(facts->run, proof, (agr_proof_value){ text, slots }));
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

static uint32_t place_of(const agr_facts *facts, const char *p)
{
	return (uint32_t)(p - facts->text);
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
	facts->nodes[facts->n_nodes] = node_fact(facts, text, facts->node_slots);
	facts->nodes[facts->n_nodes++].at = place_of(facts, text.p);
	return true;
}

static bool see_edge(void *user, agr_span text)
{
	agr_facts *facts = user;
	const agr_span *ends = facts->edge_slots;
	agr_edge_fact fact = { .at = 0 };
	void *list = facts->edges;

	if (facts->useless)
		return true;
	if (!more(&list, facts->n_edges, &facts->cap_edges, sizeof(*facts->edges)))
		return false;
	facts->edges = list;
	fact.at = place_of(facts, text.p);
	if (is_good_edge(facts, text, ends)) {
		fact.from = place_of(facts, ends[AGR_EDGE_FROM].p);
		fact.to = place_of(facts, ends[AGR_EDGE_TO].p);
		fact.from_len = (uint16_t)ends[AGR_EDGE_FROM].n;
		fact.to_len = (uint16_t)ends[AGR_EDGE_TO].n;
	}
	facts->edges[facts->n_edges++] = fact;
	return true;
}

int agr_facts_init(agr_facts *facts, agr_arena *arena, const agr_rules *rules,
	const char *text, size_t len, agentrun_error **err)
{
	memset(facts, 0, sizeof(*facts));
	facts->arena = arena;
	facts->rules = rules;
	facts->text = text;
	facts->useless = rules->useless || len > UINT32_MAX;
	facts->node_slots = calloc(rules->nodes.wanted.n, sizeof(agr_span));
	facts->edge_slots = calloc(rules->edges.wanted.n, sizeof(agr_span));
	facts->run = agr_proof_run_new(MAX_WORK + 2 * len);
	if (!facts->node_slots || !facts->edge_slots || !facts->run)
		return agr_error_oom(err);
	facts->watches[0] = (agr_outline_watch){ "nodes", &rules->nodes.wanted,
		facts->node_slots, see_node, facts };
	facts->watches[1] = (agr_outline_watch){ "edges", &rules->edges.wanted,
		facts->edge_slots, see_edge, facts };
	return 0;
}

void agr_facts_free(agr_facts *facts)
{
	agr_proof_run_free(facts->run);
	free(facts->node_slots);
	free(facts->edge_slots);
	free(facts->nodes);
	free(facts->edges);
}

/* ---- the patched workflow ------------------------------------------------------------ */

/* A node is named by its number in facts->nodes: those that were read first, in their
 * order, those that came with the patch behind them. */
struct proving {
	agr_facts *facts;
	const agr_tree_source *source;
	agentrun_error **err;
	agr_hash_key key;
	uint32_t *slots;  /* by hash: a node's number + 1, and above it bits of the hash */
	size_t mask;
	uint32_t numbers; /* the bits of a slot that are the number's */
	size_t agents;    /* that may be new */
	size_t from, to;  /* where the last edge led: the next is mostly near */
};

/* The value's text as it stands now, in the arena: 0 or an error. */
static int text_of(struct proving *p, const agr_tree_value *value, agr_span *out)
{
	agr_buf text = AGR_BUF_INIT;
	char *copy;
	int r;

	*out = value->text;
	if (!value->node && !value->made)
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
	agr_span key, value;
	agr_iter it;

	memset(slots, 0, wanted->n * sizeof(*slots));
	if (*text.p != '{')
		return;
	for (it = agr_iter_of(text); agr_object_next(&it, &key, &value);) {
		size_t at = agr_string_is_plain(key)
			? agr_wanted_find(wanted, key.p + 1, key.n - 2)
			: agr_wanted_find_escaped(wanted, key);

		if (at != AGR_WANTED_NONE)
			slots[at] = value;
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

/* The number of what was noted of the node that stands at its place, changed inside or
 * not; SIZE_MAX: nothing. Nodes stand in their order, so *next is where to look. */
static size_t noted_of(const agr_facts *facts, const agr_tree_value *value, size_t n,
	size_t *next)
{
	if (value->made)
		return SIZE_MAX;
	while (*next < n && facts->text + facts->nodes[*next].at != value->text.p)
		++*next;
	return *next < n ? (*next)++ : SIZE_MAX;
}

static bool is_id_of(const agr_node_fact *node, const agr_id_key *id, size_t len)
{
	return node->id_len == len && is_same(&node->id, id, len);
}

/* What the patch made of a node, or a new one: its fact in place of the one it had, or
 * behind all. Its number, or SIZE_MAX: see *r. */
static size_t take_node(struct proving *p, const agr_tree_value *value, size_t noted, int *r)
{
	agr_facts *facts = p->facts;
	agr_node_fact fact, before = { .agent = 0 };
	void *list = facts->nodes;
	agr_span text;

	*r = text_of(p, value, &text);
	if (*r < 0)
		return SIZE_MAX;
	note(&facts->rules->nodes.wanted, facts->node_slots, text);
	fact = node_fact(facts, text, facts->node_slots);
	if (!fact.good)
		return SIZE_MAX;
	if (noted == SIZE_MAX) {
		if (!more(&list, facts->n_nodes, &facts->cap_nodes, sizeof(*facts->nodes))) {
			*r = agr_error_oom(p->err);
			return SIZE_MAX;
		}
		facts->nodes = list;
		noted = facts->n_nodes++;
	} else {
		before = facts->nodes[noted];
	}
	if (fact.agent && !(before.agent && is_id_of(&before, &fact.id, fact.id_len)))
		p->agents++;
	facts->nodes[noted] = fact;
	return noted;
}

static uint64_t hash_of(const struct proving *p, const agr_id_key *id, size_t len)
{
	uint64_t between = len <= 16 ? len : agr_hash_of(id->p, len);

	return agr_hash_words(&p->key, id->first, id->last ^ between);
}

/* Where the id stands in the table, or where it belongs; *tag is what its slot has above
 * the number. */
static uint32_t *slot_of(const struct proving *p, const agr_id_key *id, size_t len,
	uint32_t *tag)
{
	uint64_t hash = hash_of(p, id, len);
	size_t i = (size_t)hash & p->mask;
	uint32_t slot;

	*tag = (uint32_t)(hash >> 32) & ~p->numbers;
	while ((slot = p->slots[i]) != 0) {
		if ((slot & ~p->numbers) == *tag &&
			is_id_of(&p->facts->nodes[(slot & p->numbers) - 1], id, len))
			break;
		i = (i + 1) & p->mask;
	}
	return &p->slots[i];
}

/* For so many ids, of nodes whose numbers are at most `most`. */
static int make_table(struct proving *p, size_t n, size_t most)
{
	size_t slots = 16;

	while (slots < 2 * n)
		slots *= 2;
	for (p->numbers = 15; p->numbers <= most;)
		p->numbers = 2 * p->numbers + 1;
	p->slots = calloc(slots, sizeof(*p->slots));
	p->mask = slots - 1;
	agr_hash_key_init(&p->key);
	return p->slots ? 0 : agr_error_oom(p->err);
}

/* Nodes that are each good, and no two of one id. */
static int prove_nodes(struct proving *p, const agr_tree_node *nodes)
{
	agr_facts *facts = p->facts;
	size_t next = 0, noted = facts->n_nodes, most = noted + nodes->n;
	int r = nodes->n && most < AGR_LINKS_MAX / 2 ? make_table(p, nodes->n, most) : 0;

	if (r < 0 || !p->slots)
		return r;
	for (size_t i = 0; i < nodes->n; i++) {
		const agr_tree_value *value = &nodes->items[i].value;
		size_t number = noted_of(facts, value, noted, &next);
		agr_node_fact *node;
		uint32_t *slot, tag;

		if (!is_untouched(value))
			number = take_node(p, value, number, &r);
		if (number == SIZE_MAX)
			return r;
		node = &facts->nodes[number];
		if (!node->good)
			return 0;
		slot = slot_of(p, &node->id, node->id_len, &tag);
		if (*slot)
			return 0;
		*slot = ((uint32_t)number + 1) | tag;
		node->there = 1;
	}
	return p->agents <= AGR_PATCH_MAX_AGENTS;
}

/* Is it this node's id? */
static bool is_there(const struct proving *p, size_t number, const agr_id_key *id, size_t len)
{
	const agr_facts *facts = p->facts;

	return number < facts->n_nodes && facts->nodes[number].there &&
		is_id_of(&facts->nodes[number], id, len);
}

/* The node of this id: one of two that are likely, or one of all. */
static bool find_end(const struct proving *p, agr_span id, size_t likely, size_t or_else,
	size_t *out)
{
	agr_id_key key = key_of(id);
	uint32_t slot, tag;

	*out = likely;
	if (is_there(p, likely, &key, id.n))
		return true;
	*out = or_else;
	if (is_there(p, or_else, &key, id.n))
		return true;
	slot = *slot_of(p, &key, id.n, &tag);
	*out = (slot & p->numbers) - 1;
	return slot != 0;
}

/* 1 with the ends' ids of an edge that is good. */
static int ends_of(struct proving *p, const agr_tree_value *value, size_t *next, agr_span *from,
	agr_span *to)
{
	agr_facts *facts = p->facts;
	const agr_edge_fact *edge;
	agr_span text;
	int r;

	if (!is_untouched(value)) {
		r = text_of(p, value, &text);
		if (r < 0)
			return r;
		note(&facts->rules->edges.wanted, facts->edge_slots, text);
		*from = facts->edge_slots[AGR_EDGE_FROM];
		*to = facts->edge_slots[AGR_EDGE_TO];
		return is_good_edge(facts, text, facts->edge_slots);
	}
	while (*next < facts->n_edges && facts->text + facts->edges[*next].at != value->text.p)
		++*next;
	if (*next == facts->n_edges)
		return 0;
	edge = &facts->edges[(*next)++];
	*from = (agr_span){ facts->text + edge->from, edge->from_len };
	*to = (agr_span){ facts->text + edge->to, edge->to_len };
	return edge->from_len != 0;
}

/* Go through the edges; each is noted in `links` (NULL: none is). 1: they are good, each
 * between nodes that there are; *forward: from one to one of a higher number. */
static int follow_edges(struct proving *p, const agr_tree_node *edges, agr_link *links,
	bool *forward)
{
	size_t next = 0;

	*forward = true;
	for (size_t i = 0; i < edges->n; i++) {
		agr_span from, to;
		int r = ends_of(p, &edges->items[i].value, &next, &from, &to);

		if (r <= 0)
			return r;
		if (!find_end(p, from, p->to, p->from, &p->from) ||
			!find_end(p, to, p->from + 1, p->to + 1, &p->to))
			return 0;
		*forward = *forward && p->from < p->to;
		if (links)
			links[i] = (agr_link){ (uint32_t)p->from, (uint32_t)p->to, (uint32_t)i };
	}
	return 1;
}

/* Edges between nodes that there are, and no cycle: there is none where all lead to nodes
 * that stand behind those they come from, as they mostly do. */
static int prove_edges(struct proving *p, const agr_tree_node *edges)
{
	agr_arena *arena = p->facts->arena;
	agr_link *links;
	bool forward;
	int r = edges->n < AGR_LINKS_MAX ? follow_edges(p, edges, NULL, &forward) : 0;

	if (r <= 0 || forward)
		return r;
	links = agr_arena_alloc(arena, edges->n, sizeof(*links));
	if (!links)
		return agr_error_oom(p->err);
	r = follow_edges(p, edges, links, &forward);
	if (r <= 0)
		return r;
	r = agr_workflow_has_cycle(arena, p->facts->n_nodes, links, edges->n, p->err);
	return r < 0 ? r : !r;
}

/* As many as the schema wants? */
static bool is_size(const agr_rules_list *list, size_t n)
{
	return n >= list->least && n <= list->most;
}

/* The workflow, its lists empty. */
static int write_around(struct proving *p, const agr_tree_node *root, agr_buf *out)
{
	static const char *const lists[] = { "nodes", "edges" };
	const char *before = "{";

	for (size_t i = 0; i < root->n; i++) {
		const agr_tree_item *item = &root->items[i];
		agr_span text = { "[]", 2 };
		int r = 0;

		if (!item->key.p)
			continue;
		if (!agr_string_is(item->key, lists[0], 5) && !agr_string_is(item->key, lists[1], 5))
			r = text_of(p, &item->value, &text);
		if (r < 0)
			return r;
		agr_buf_str(out, before);
		agr_buf_add(out, item->key.p, item->key.n);
		agr_buf_char(out, ':');
		agr_buf_add(out, text.p, text.n);
		before = ",";
	}
	agr_buf_char(out, '}');
	return out->failed ? agr_error_oom(p->err) : 0;
}

/* What the schema says of the rest of the workflow. */
static int prove_around(struct proving *p, const agr_tree_value *root)
{
	const agr_proof *proof = p->facts->rules->around;
	agr_buf text = AGR_BUF_INIT;
	agr_proof_value value = { .slots = NULL };
	int r;

	if (!proof)
		return 1;
	r = write_around(p, root->node, &text);
	value.text = (agr_span){ text.data, text.len };
	if (r == 0)
		r = agr_proof_passes(p->facts->run, proof, value);
	agr_buf_free(&text);
	return r;
}

int agr_facts_prove(agr_facts *facts, const agr_tree_value *root,
	const agr_tree_source *source, agentrun_error **err)
{
	struct proving p = { .facts = facts, .source = source, .err = err };
	const agr_tree_node *nodes, *edges;
	int r;

	/* What was noted of a text that has a key twice is not what comes of it. */
	if (facts->useless || !source->unique || !root->node || !root->node->object)
		return 0;
	nodes = list_of(root, "nodes");
	edges = list_of(root, "edges");
	if (!nodes || !edges || !is_size(&facts->rules->nodes, nodes->n) ||
		!is_size(&facts->rules->edges, edges->n))
		return 0;
	r = prove_nodes(&p, nodes);
	if (r > 0)
		r = prove_edges(&p, edges);
	if (r > 0)
		r = prove_around(&p, root);
	free(p.slots);
	return r;
}
