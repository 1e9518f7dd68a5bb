/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
#include "patch/workflow.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "schema/schema.h"

/* ---- telling ------------------------------------------------------------------- */

static uint32_t find_op(agr_workflow_check *check, const char *pointer, size_t len)
{
	agr_pointer parsed;

	if (!check->patching ||
		agr_pointer_parse(&parsed, check->arena, pointer, len, NULL) < 0)
		return 0;
	return agr_tree_op(&check->patching->root, &parsed);
}

void agr_workflow_fault(agr_workflow_check *check, uint32_t op, const char *pointer,
	size_t len, const char *fmt, ...)
{
	const char *shown = len ? agr_shown(check->arena, pointer, len) : "the document";
	agr_buf text = AGR_BUF_INIT;
	va_list args;

	if (!op)
		op = find_op(check, pointer, len);
	va_start(args, fmt);
	agr_buf_vprintf(&text, fmt, args);
	va_end(args);
	if (text.failed)
		check->faults->text.failed = text.failed;
	if (op)
		agr_faults_add(check->faults, "operation %u: %s: %s", (unsigned)op, shown,
			text.data ? text.data : "");
	else
		agr_faults_add(
			check->faults, "%s: %s", shown, text.data ? text.data : "");
	agr_buf_free(&text);
}

/* The same at LIST/INDEX or LIST/INDEX/MEMBER. */
struct place {
	char text[64];
	size_t len;
};

static struct place place_of(const char *list, size_t index, const char *member)
{
	struct place place;

	place.len = (size_t)snprintf(place.text, sizeof(place.text), "/%s/%zu%s%s", list,
		index, member ? "/" : "", member ? member : "");
	return place;
}

#define FAULT_AT(check, op, place_, ...)                                                 \
	do {                                                                             \
		struct place at_ = place_;                                               \
		agr_workflow_fault(check, op, at_.text, at_.len, __VA_ARGS__);           \
	} while (0)

static bool get(agr_span object, const char *key, agr_span *out)
{
	return agr_object_get(object, key, strlen(key), out);
}

static const char *shown(agr_workflow_check *check, agr_span value)
{
	return agr_shown(check->arena, value.p, value.n);
}

/* ---- nodes ---------------------------------------------------------------------- */

struct node {
	agr_span id; /* p is NULL when it has none that counts */
	size_t index;
	bool agent;
};

const unsigned char agr_workflow_id_letter[256] = {
	['a'] = 1, ['b'] = 1, ['c'] = 1, ['d'] = 1, ['e'] = 1, ['f'] = 1, ['g'] = 1, ['h'] = 1,
	['i'] = 1, ['j'] = 1, ['k'] = 1, ['l'] = 1, ['m'] = 1, ['n'] = 1, ['o'] = 1, ['p'] = 1,
	['q'] = 1, ['r'] = 1, ['s'] = 1, ['t'] = 1, ['u'] = 1, ['v'] = 1, ['w'] = 1, ['x'] = 1,
	['y'] = 1, ['z'] = 1, ['A'] = 1, ['B'] = 1, ['C'] = 1, ['D'] = 1, ['E'] = 1, ['F'] = 1,
	['G'] = 1, ['H'] = 1, ['I'] = 1, ['J'] = 1, ['K'] = 1, ['L'] = 1, ['M'] = 1, ['N'] = 1,
	['O'] = 1, ['P'] = 1, ['Q'] = 1, ['R'] = 1, ['S'] = 1, ['T'] = 1, ['U'] = 1, ['V'] = 1,
	['W'] = 1, ['X'] = 1, ['Y'] = 1, ['Z'] = 1, ['0'] = 1, ['1'] = 1, ['2'] = 1, ['3'] = 1,
	['4'] = 1, ['5'] = 1, ['6'] = 1, ['7'] = 1, ['8'] = 1, ['9'] = 1, ['_'] = 1, ['-'] = 1,
};

static bool is_id(agr_workflow_check *check, agr_span string)
{
	agr_buf text = AGR_BUF_INIT;
	bool good;

	agr_string_decode(&text, string);
	if (text.failed)
		check->faults->text.failed = text.failed;
	good = text.len > 0;
	for (size_t i = 0; good && i < text.len; i++)
		good = agr_workflow_id_letter[(unsigned char)text.data[i]];
	agr_buf_free(&text);
	return good;
}

/* A number of at least so much, where it is there at all. */
static bool is_at_least(agr_span object, const char *key, const char *least, agr_span *value)
{
	agr_span limit = { least, strlen(least) };

	return !get(object, key, value) || (agr_span_type(*value) == AGR_TYPE_NUMBER &&
		agr_number_compare(*value, limit) >= 0);
}

static bool has_good_attempts(agr_span retry, agr_span *value)
{
	int64_t n;

	return !get(retry, "max_attempts", value) ||
		(agr_span_type(*value) == AGR_TYPE_NUMBER && agr_number_int64(*value, &n) &&
			n >= 1 && n <= 10);
}

/* As they mostly are, 3 and 1000 and 2: one look tells. */
static bool is_small_whole(agr_span value, int64_t least, int64_t most)
{
	int64_t n = 0;

	if (value.n > 9 || !agr_is_digit(*value.p))
		return false;
	for (size_t i = 0; i < value.n; i++) {
		if (!agr_is_digit(value.p[i]))
			return false;
		n = 10 * n + (value.p[i] - '0');
	}
	return n >= least && n <= most;
}

static bool is_usual_retry(agr_span retry)
{
	agr_iter it = agr_iter_of(retry);
	agr_span key, value;

	while (agr_object_next(&it, &key, &value)) {
		if (agr_string_is(key, "max_attempts", 12)) {
			if (!is_small_whole(value, 1, 10))
				return false;
		} else if (agr_string_is(key, "backoff_ms", 10)) {
			if (!is_small_whole(value, 0, INT64_MAX))
				return false;
		} else if (agr_string_is(key, "backoff_multiplier", 18)) {
			if (!is_small_whole(value, 1, INT64_MAX))
				return false;
		}
	}
	return true;
}

bool agr_workflow_retry_is_good(agr_span retry)
{
	agr_span value;

	if (*retry.p != '{')
		return false;
	return is_usual_retry(retry) || (has_good_attempts(retry, &value) &&
		is_at_least(retry, "backoff_ms", "0", &value) &&
		is_at_least(retry, "backoff_multiplier", "1", &value));
}

static void check_number(agr_workflow_check *check, const struct place *at,
	agr_span object, const char *key, const char *least)
{
	struct place place = *at;
	agr_span value;

	if (is_at_least(object, key, least, &value))
		return;
	place.len =
		(size_t)snprintf(place.text, sizeof(place.text), "%s/%s", at->text, key);
	agr_workflow_fault(check, 0, place.text, place.len,
		"must be a number of at least %s, is %s", least, shown(check, value));
}

static void check_retry(agr_workflow_check *check, size_t index, agr_span retry)
{
	struct place at = place_of("nodes", index, "retry");
	agr_span attempts;

	if (agr_span_type(retry) != AGR_TYPE_OBJECT) {
		agr_workflow_fault(check, 0, at.text, at.len, "must be an object");
		return;
	}
	if (!has_good_attempts(retry, &attempts))
		FAULT_AT(check, 0, place_of("nodes", index, "retry/max_attempts"),
			"must be a whole number from 1 to 10, is %s",
			shown(check, attempts));
	check_number(check, &at, retry, "backoff_ms", "0");
	check_number(check, &at, retry, "backoff_multiplier", "1");
}

static void check_id(agr_workflow_check *check, struct node *node, agr_span object)
{
	agr_span id;

	if (!get(object, "id", &id)) {
		FAULT_AT(check, 0, place_of("nodes", node->index, NULL),
			"the node has no id");
		return;
	}
	if (agr_span_type(id) == AGR_TYPE_STRING && is_id(check, id)) {
		node->id = id;
		return;
	}
	FAULT_AT(check, 0, place_of("nodes", node->index, "id"),
		"an id is a string of letters, digits, _ and -, not %s",
		shown(check, id));
}

static void check_node(agr_workflow_check *check, struct node *node, agr_span object)
{
	struct place at = place_of("nodes", node->index, NULL);
	agr_span value;

	if (agr_span_type(object) != AGR_TYPE_OBJECT) {
		agr_workflow_fault(check, 0, at.text, at.len, "a node must be an object");
		return;
	}
	check_id(check, node, object);
	if (!get(object, "type", &value))
		agr_workflow_fault(check, 0, at.text, at.len, "the node has no type");
	else if (agr_span_type(value) != AGR_TYPE_STRING)
		FAULT_AT(check, 0, place_of("nodes", node->index, "type"),
			"must be a string");
	else
		node->agent = agr_string_is(value, "agent", 5);
	if (get(object, "config", &value) && agr_span_type(value) != AGR_TYPE_OBJECT)
		FAULT_AT(check, 0, place_of("nodes", node->index, "config"),
			"must be an object");
	check_number(check, &at, object, "timeout_ms", "0");
	if (get(object, "retry", &value))
		check_retry(check, node->index, value);
}

static int node_order(const void *a, const void *b)
{
	const struct node *x = a, *y = b;
	int diff;

	if (!x->id.p || !y->id.p)
		diff = (x->id.p != NULL) - (y->id.p != NULL);
	else
		diff = agr_value_compare(x->id, y->id);
	return diff ? diff : (x->index > y->index) - (x->index < y->index);
}

static void check_unique(agr_workflow_check *check, const struct node *sorted, size_t n)
{
	const struct node *first = sorted;

	for (size_t i = 1; i < n; i++) {
		if (!first->id.p || agr_value_compare(first->id, sorted[i].id) != 0) {
			first = &sorted[i];
			continue;
		}
		FAULT_AT(check, 0, place_of("nodes", sorted[i].index, "id"),
			"%s is already the id of /nodes/%zu", shown(check, sorted[i].id),
			first->index);
	}
}

static const struct node *find_node(const struct node *sorted, size_t n, agr_span id)
{
	size_t low = 0, high = n;

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (sorted[mid].id.p && agr_value_compare(sorted[mid].id, id) >= 0)
			high = mid;
		else
			low = mid + 1;
	}
	if (low == n || !sorted[low].id.p || agr_value_compare(sorted[low].id, id) != 0)
		return NULL;
	return &sorted[low];
}

/* ---- agents --------------------------------------------------------------------- */

/* The ids of the agents there were, sorted. */
static int list_agents_before(agr_workflow_check *check, struct node **out, size_t *n)
{
	agr_span nodes, node, id, type;
	agr_iter it;

	*n = 0;
	*out = NULL;
	if (!check->before.p || agr_span_type(check->before) != AGR_TYPE_OBJECT ||
		!get(check->before, "nodes", &nodes) ||
		agr_span_type(nodes) != AGR_TYPE_ARRAY)
		return 0;
	*out = agr_arena_alloc(check->arena, agr_span_count(nodes), sizeof(**out));
	if (!*out)
		return agr_error_oom(check->err);
	for (it = agr_iter_of(nodes); agr_array_next(&it, &node);)
		if (agr_span_type(node) == AGR_TYPE_OBJECT && get(node, "type", &type) &&
			agr_span_type(type) == AGR_TYPE_STRING &&
			agr_string_is(type, "agent", 5) && get(node, "id", &id) &&
			agr_span_type(id) == AGR_TYPE_STRING) {
			(*out)[*n] = (struct node){.id = id, .index = *n};
			(*n)++;
		}
	qsort(*out, *n, sizeof(**out), node_order);
	return 0;
}

static int check_agents(agr_workflow_check *check, const struct node *sorted, size_t n)
{
	struct node *before;
	size_t n_before, added = 0, last = 0;
	int r;

	if (!check->patching)
		return 0;
	r = list_agents_before(check, &before, &n_before);
	if (r < 0)
		return r;
	for (size_t i = 0; i < n; i++) {
		if (!sorted[i].agent ||
			(sorted[i].id.p && find_node(before, n_before, sorted[i].id)))
			continue;
		added++;
		last = sorted[i].index > last ? sorted[i].index : last;
	}
	if (added > AGR_PATCH_MAX_AGENTS)
		FAULT_AT(check, 0, place_of("nodes", last, NULL),
			"one of %zu new agent nodes; a patch may add at most %d", added,
			AGR_PATCH_MAX_AGENTS);
	return 0;
}

/* ---- edges ---------------------------------------------------------------------- */

/* Is `value`, or an element of it, a node with this id, or the id itself? */
static bool holds_id(const agr_tree_value *value, agr_span id, int depth)
{
	agr_tree_value found;
	agr_span element;
	agr_iter it;

	if (agr_tree_type(value) == AGR_TYPE_STRING)
		return agr_string_same(value->text, id);
	if (agr_tree_type(value) == AGR_TYPE_OBJECT)
		return agr_tree_get(value, "id", &found) &&
		       agr_tree_type(&found) == AGR_TYPE_STRING &&
		       agr_string_same(found.text, id);
	if (agr_tree_type(value) != AGR_TYPE_ARRAY || depth)
		return false;
	for (size_t i = 0; value->node && i < value->node->n; i++)
		if (holds_id(&value->node->items[i].value, id, depth + 1))
			return true;
	if (value->node)
		return false;
	for (it = agr_iter_of(value->text); agr_array_next(&it, &element);) {
		found = (agr_tree_value){.text = element};
		if (holds_id(&found, id, depth + 1))
			return true;
	}
	return false;
}

/* The last operation that took the node of this id away; 0: none did. */
static uint32_t removed_by(const agr_workflow_check *check, agr_span id)
{
	const agr_journal *journal;

	if (!check->patching)
		return 0;
	journal = &check->patching->journal;
	for (size_t i = journal->n; i-- > 0;) {
		const agr_undo *undo = &journal->list[i];

		if ((undo->kind == AGR_UNDO_ADD || undo->kind == AGR_UNDO_REPLACE) &&
			undo->path.n >= 6 && memcmp(undo->path.p, "/nodes", 6) == 0 &&
			holds_id(&undo->value, id, 0))
			return undo->op;
	}
	return 0;
}

/* The place in `nodes` of an edge's end, or SIZE_MAX. */
static size_t check_end(agr_workflow_check *check, size_t index, agr_span edge,
	const char *end, const struct node *sorted, size_t n)
{
	const struct node *node;
	uint32_t op;
	agr_span id;

	if (!get(edge, end, &id)) {
		FAULT_AT(check, 0, place_of("edges", index, NULL),
			"the edge has no \"%s\"", end);
		return SIZE_MAX;
	}
	if (agr_span_type(id) != AGR_TYPE_STRING) {
		FAULT_AT(check, 0, place_of("edges", index, end), "must be a node's id");
		return SIZE_MAX;
	}
	node = find_node(sorted, n, id);
	if (node)
		return node->index;
	op = find_op(check, place_of("edges", index, end).text,
		place_of("edges", index, end).len);
	FAULT_AT(check, op ? op : removed_by(check, id), place_of("edges", index, end),
		"there is no node %s", shown(check, id));
	return SIZE_MAX;
}

static int check_edges(agr_workflow_check *check, agr_span edges,
	const struct node *sorted, size_t n, const agr_span *ids)
{
	agr_iter it = agr_iter_of(edges);
	agr_link *links =
		agr_arena_alloc(check->arena, agr_span_count(edges), sizeof(*links));
	size_t n_links = 0;
	agr_span edge;

	if (!links)
		return agr_error_oom(check->err);
	for (size_t i = 0; agr_array_next(&it, &edge); i++) {
		size_t from, to;

		if (agr_span_type(edge) != AGR_TYPE_OBJECT) {
			FAULT_AT(check, 0, place_of("edges", i, NULL),
				"an edge must be an object");
			continue;
		}
		from = check_end(check, i, edge, "from", sorted, n);
		to = check_end(check, i, edge, "to", sorted, n);
		if (from != SIZE_MAX && to != SIZE_MAX)
			links[n_links++] = (agr_link){
				(uint32_t)from, (uint32_t)to, (uint32_t)i};
	}
	return agr_workflow_check_cycles(check, ids, n, links, n_links);
}

/* ---- the whole ------------------------------------------------------------------ */

static bool get_array(agr_workflow_check *check, const char *key, agr_span *out)
{
	char pointer[16];
	int len = snprintf(pointer, sizeof(pointer), "/%s", key);

	if (!get(check->document, key, out))
		agr_workflow_fault(
			check, 0, "", 0, "a workflow must have an array \"%s\"", key);
	else if (agr_span_type(*out) == AGR_TYPE_ARRAY)
		return true;
	else
		agr_workflow_fault(check, 0, pointer, (size_t)len, "must be an array");
	*out = (agr_span){"[]", 2};
	return false;
}

static int check_graph(agr_workflow_check *check)
{
	agr_span nodes, edges, object, *ids;
	bool have_nodes = get_array(check, "nodes", &nodes);
	bool have_edges = get_array(check, "edges", &edges);
	agr_iter it = agr_iter_of(nodes);
	size_t n = agr_span_count(nodes), i = 0;
	struct node *list;
	int r;

	if (n > AGR_LINKS_MAX || agr_span_count(edges) > AGR_LINKS_MAX)
		return agentrun_error_raise(check->err, AGENTRUN_ELIMIT,
			"the workflow has too many nodes or edges");
	list = agr_arena_alloc(check->arena, n, sizeof(*list));
	ids = agr_arena_alloc(check->arena, n, sizeof(*ids));
	if (!list || !ids)
		return agr_error_oom(check->err);
	for (; agr_array_next(&it, &object); i++) {
		list[i] = (struct node){.index = i};
		check_node(check, &list[i], object);
		ids[i] = list[i].id;
	}
	if (have_nodes && !n)
		agr_workflow_fault(
			check, 0, "/nodes", 6, "a workflow needs at least one node");
	if (!have_nodes)
		return 0; /* every edge would be wrong for this one reason */
	qsort(list, n, sizeof(*list), node_order);
	check_unique(check, list, n);
	r = have_edges ? check_edges(check, edges, list, n, ids) : 0;
	return r < 0 ? r : check_agents(check, list, n);
}

static void report_schema(void *user, const char *pointer, size_t len, const char *what)
{
	agr_workflow_fault(user, 0, pointer, len, "%s", what);
}

int agr_workflow_check_all(agr_workflow_check *check)
{
	int r;

	if (agr_span_type(check->document) != AGR_TYPE_OBJECT) {
		agr_workflow_fault(check, 0, "", 0,
			"a workflow must be an object with the arrays \"nodes\" and "
			"\"edges\"");
		return 0;
	}
	r = check_graph(check);
	if (r < 0)
		return r;
	r = agr_schema_check(
		check->schema, check->document, report_schema, check, check->err);
	return r < 0 ? r : 0;
}
