/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
#include "patch/tree.h"

#include <string.h>

#include "table/index.h"

/* An object of more members than this is looked up by hash. */
#define FEW_MEMBERS 12
#define FIRST_ITEMS 4

static int too_deep(agentrun_error **err)
{
	return agentrun_error_raise(err, AGENTRUN_ELIMIT,
		"nested deeper than the limit of %d levels", AGR_TREE_DEPTH);
}

agr_type agr_tree_type(const agr_tree_value *value)
{
	if (value->node)
		return value->node->object ? AGR_TYPE_OBJECT : AGR_TYPE_ARRAY;
	return agr_span_type(value->text);
}

const char *agr_tree_type_name(const agr_tree_value *value)
{
	static const char *const names[] = {
		"null", "false", "true", "a number", "a string", "an array", "an object"};

	return names[agr_tree_type(value)];
}

/* ---- objects by hash ------------------------------------------------------- */

static bool hash_alloc(agr_arena *arena, agr_tree_node *node)
{
	size_t slots = 1;

	node->slots = NULL;
	if (node->cap <= FEW_MEMBERS)
		return true;
	while (slots < node->cap * 2)
		slots *= 2;
	node->slots = agr_arena_alloc(arena, slots, sizeof(*node->slots));
	if (!node->slots || node->cap >= UINT32_MAX)
		return false;
	memset(node->slots, 0, slots * sizeof(*node->slots));
	node->mask = slots - 1;
	return true;
}

static void hash_put(agr_tree_node *node, size_t index)
{
	size_t slot;

	if (!node->slots)
		return;
	slot = (size_t)agr_string_hash(node->items[index].key) & node->mask;
	while (node->slots[slot])
		slot = (slot + 1) & node->mask;
	node->slots[slot] = (uint32_t)index + 1;
}

agr_tree_item *agr_tree_member(const agr_tree_node *node, agr_span key)
{
	size_t slot;

	if (!node->slots) {
		for (size_t i = 0; i < node->n; i++)
			if (node->items[i].key.p &&
				agr_string_same(node->items[i].key, key))
				return &node->items[i];
		return NULL;
	}
	slot = (size_t)agr_string_hash(key) & node->mask;
	for (; node->slots[slot]; slot = (slot + 1) & node->mask) {
		agr_tree_item *item = &node->items[node->slots[slot] - 1];

		if (item->key.p && agr_string_same(item->key, key))
			return item;
	}
	return NULL;
}

/* ---- opening --------------------------------------------------------------- */

static void list_elements(agr_tree_node *node, agr_span text)
{
	agr_iter it = agr_iter_of(text);
	agr_span value;

	while (agr_array_next(&it, &value))
		node->items[node->n++].value = (agr_tree_value){.text = value};
}

static void list_members(agr_tree_node *node, agr_span text)
{
	agr_iter it = agr_iter_of(text);
	agr_span key, value;

	while (agr_object_next(&it, &key, &value)) {
		agr_tree_value child = {.text = value};
		agr_tree_item *known = agr_tree_member(node, key);

		if (known) {
			known->value = child;
			continue;
		}
		node->items[node->n] = (agr_tree_item){key, child};
		hash_put(node, node->n++);
	}
	node->live = node->n;
}

agr_tree_node *agr_tree_new_node(agr_arena *arena, bool object)
{
	agr_tree_node *node = agr_arena_alloc(arena, 1, sizeof(*node));

	if (node)
		*node = (agr_tree_node){ .object = object };
	return node;
}

int agr_tree_open(agr_arena *arena, agr_tree_value *value, agentrun_error **err)
{
	agr_tree_node *node;

	if (value->node)
		return 0;
	node = agr_tree_new_node(arena, agr_span_type(value->text) == AGR_TYPE_OBJECT);
	if (!node)
		return agr_error_oom(err);
	node->cap = agr_span_count(value->text);
	node->items = agr_arena_alloc(arena, node->cap, sizeof(*node->items));
	if (!node->items || (node->object && !hash_alloc(arena, node)))
		return agr_error_oom(err);
	if (node->object)
		list_members(node, value->text);
	else
		list_elements(node, value->text);
	value->node = node;
	return 0;
}

bool agr_tree_get(const agr_tree_value *object, const char *key, agr_tree_value *out)
{
	size_t len = strlen(key);

	if (agr_tree_type(object) != AGR_TYPE_OBJECT)
		return false;
	if (!object->node) {
		*out = (agr_tree_value){.made = object->made};
		return agr_object_get(object->text, key, len, &out->text);
	}
	for (size_t i = 0; i < object->node->n; i++) {
		const agr_tree_item *item = &object->node->items[i];

		if (item->key.p && agr_string_is(item->key, key, len)) {
			*out = item->value;
			return true;
		}
	}
	return false;
}

/* ---- changing -------------------------------------------------------------- */

/* Room for one more item; removed members are dropped on the way. */
static int grow(agr_arena *arena, agr_tree_node *node, agentrun_error **err)
{
	agr_tree_item *old = node->items;
	size_t n = node->n;

	if (n < node->cap)
		return 0;
	node->cap = n < FIRST_ITEMS ? FIRST_ITEMS : n * 2;
	node->items = agr_arena_alloc(arena, node->cap, sizeof(*node->items));
	if (!node->items || (node->object && !hash_alloc(arena, node))) {
		node->items = old; /* the caller gives up; keep what can be freed */
		node->cap = n;
		return agr_error_oom(err);
	}
	node->n = 0;
	for (size_t i = 0; i < n; i++) {
		if (node->object && !old[i].key.p)
			continue;
		node->items[node->n] = old[i];
		if (node->object)
			hash_put(node, node->n);
		node->n++;
	}
	return 0;
}

int agr_tree_reserve(agr_arena *arena, agr_tree_node *node, size_t n, agentrun_error **err)
{
	agr_tree_item *items;

	if (n <= node->cap)
		return 0;
	items = agr_arena_alloc(arena, n, sizeof(*items));
	if (!items)
		return agr_error_oom(err);
	if (node->n)
		memcpy(items, node->items, node->n * sizeof(*items));
	node->items = items;
	node->cap = n;
	return 0;
}

int agr_tree_add_member(agr_arena *arena, agr_tree_node *node, agr_span key,
	agr_tree_value value, agentrun_error **err)
{
	int r = grow(arena, node, err);

	if (r < 0)
		return r;
	node->items[node->n] = (agr_tree_item){key, value};
	hash_put(node, node->n++);
	node->live++;
	return 0;
}

/* The place stays, empty, so that no hash slot must move. */
void agr_tree_remove_member(agr_tree_node *node, agr_tree_item *member)
{
	member->key.p = NULL;
	node->live--;
}

int agr_tree_insert(agr_arena *arena, agr_tree_node *node, size_t at,
	agr_tree_value value, agentrun_error **err)
{
	int r = grow(arena, node, err);

	if (r < 0)
		return r;
	memmove(node->items + at + 1, node->items + at,
		(node->n - at) * sizeof(*node->items));
	node->items[at].value = value;
	node->n++;
	return 0;
}

void agr_tree_remove(agr_tree_node *node, size_t at)
{
	node->n--;
	memmove(node->items + at, node->items + at + 1,
		(node->n - at) * sizeof(*node->items));
}

/* ---- finding --------------------------------------------------------------- */

static int step_into(agr_tree_value **at, agr_arena *arena, const agr_pointer *pointer,
	size_t i, agentrun_error **err)
{
	agr_span token = pointer->tokens[i];
	agr_tree_value *value = *at;
	agr_tree_item *item;
	size_t index;

	if (agr_tree_type(value) < AGR_TYPE_ARRAY)
		return agentrun_error_raise(err, AGENTRUN_EPATCH,
			"%s is %s and holds nothing",
			agr_pointer_shown(arena, pointer, i), agr_tree_type_name(value));
	if (agr_tree_open(arena, value, err) < 0)
		return AGENTRUN_ENOMEM;
	if (value->node->object) {
		item = agr_tree_member(value->node, token);
		if (!item)
			return agentrun_error_raise(err, AGENTRUN_EPATCH,
				"%s has no member %s",
				agr_pointer_shown(arena, pointer, i),
				agr_shown(arena, token.p, token.n));
		*at = &item->value;
		return 0;
	}
	if (!agr_token_index(token, &index))
		return agentrun_error_raise(err, AGENTRUN_EPATCH,
			"%s is an array and %s is no index of it",
			agr_pointer_shown(arena, pointer, i),
			agr_shown(arena, token.p, token.n));
	if (index >= value->node->n)
		return agentrun_error_raise(err, AGENTRUN_EPATCH,
			"no such element, %s has %zu",
			agr_pointer_shown(arena, pointer, i), value->node->n);
	*at = &value->node->items[index].value;
	return 0;
}

int agr_tree_walk(agr_tree_value **out, agr_arena *arena, agr_tree_value *root,
	const agr_pointer *pointer, size_t n, agentrun_error **err)
{
	*out = root;
	for (size_t i = 0; i < n; i++) {
		int r = step_into(out, arena, pointer, i, err);

		if (r < 0)
			return r;
	}
	return 0;
}

static const agr_tree_value *peek(const agr_tree_value *value, agr_span token)
{
	const agr_tree_node *node = value->node;
	const agr_tree_item *item;
	size_t index;

	if (!node)
		return NULL;
	if (node->object) {
		item = agr_tree_member(node, token);
		return item ? &item->value : NULL;
	}
	if (!agr_token_index(token, &index) || index >= node->n)
		return NULL;
	return &node->items[index].value;
}

uint32_t agr_tree_op(const agr_tree_value *root, const agr_pointer *pointer)
{
	const agr_tree_value *at = root, *next = at;
	uint32_t op = root->made;

	for (size_t i = 0; next && i < pointer->n; i++) {
		next = peek(at, pointer->tokens[i]);
		if (!next)
			break;
		at = next;
		op = at->made > op ? at->made : op;
	}
	return at->touched > op ? at->touched : op;
}

/* ---- writing --------------------------------------------------------------- */

struct writer {
	agr_buf *out;
	const agr_tree_source *source; /* NULL: none that can be copied from */
	agentrun_error **err;
};

/* Does the text nest no deeper than so many levels? It is valid. */
static bool fits(agr_span text, size_t levels)
{
	const char *p = text.p, *end = p + text.n;
	size_t open = 0;

	while (p < end) {
		if (*p == '"') {
			p = agr_skip_value(p);
			continue;
		}
		if ((*p == '{' || *p == '[') && ++open > levels)
			return false;
		if (*p == '}' || *p == ']')
			open--;
		p++;
	}
	return true;
}

/* The text of an item that stands as the source has it. */
static bool is_source(const struct writer *w, const agr_tree_value *value)
{
	const agr_span *text = &w->source->text;

	return !value->node && !value->made && value->text.p >= text->p &&
		value->text.p < text->p + text->n;
}

static const char *skip_white(const char *p, const char *end)
{
	while (p < end && agr_is_white(*p))
		p++;
	return p;
}

/* Is there nothing but `c` from `p` to `next`, white space apart? */
static bool is_next(const char *p, const char *next, char c)
{
	if (p >= next)
		return false;
	p = skip_white(p, next);
	return p < next && *p == c && skip_white(p + 1, next) == next;
}

static const char *begin_of(const agr_tree_node *node, size_t i)
{
	return node->object ? node->items[i].key.p : node->items[i].value.text.p;
}

static const char *end_of(const agr_tree_node *node, size_t i)
{
	const agr_span *text = &node->items[i].value.text;

	return text->p + text->n;
}

/* Is the item one piece of the source? */
static bool is_piece(const struct writer *w, const agr_tree_node *node, size_t i)
{
	const agr_tree_item *item = &node->items[i];
	const agr_span *text = &w->source->text;

	if (!is_source(w, &item->value))
		return false;
	return !node->object || (item->key.p >= text->p && item->key.p < item->value.text.p &&
		is_next(item->key.p + item->key.n, item->value.text.p, ':'));
}

/* From the item `i` on, the first that is not next to the one before in the source. */
static size_t end_of_run(const struct writer *w, const agr_tree_node *node, size_t i)
{
	for (i++; i < node->n; i++)
		if ((node->object && !node->items[i].key.p) || !is_piece(w, node, i) ||
			!is_next(end_of(node, i - 1), begin_of(node, i), ','))
			break;
	return i;
}

/* False when there is no room to squeeze it: it may fit all the same. */
static bool write_run(struct writer *w, const char *p, size_t n)
{
	size_t room = w->out->max - w->out->len;
	char *to;

	if (w->source->dense) {
		agr_buf_add(w->out, p, n);
		return true;
	}
	if (n + AGR_INDEX_BLOCK > room)
		return false;
	to = agr_buf_reserve(w->out, n + AGR_INDEX_BLOCK);
	if (to)
		w->out->len += agr_index_squeeze(to, p, n, NULL);
	return true;
}

static int write_node(struct writer *w, const agr_tree_node *node, size_t depth, bool moved);

static int write_value(struct writer *w, const agr_tree_value *value, size_t depth,
	bool moved)
{
	moved = moved || value->made;
	if (value->node && depth >= AGR_TREE_DEPTH)
		return too_deep(w->err);
	if (value->node)
		return write_node(w, value->node, depth, moved);
	if (moved && !fits(value->text, AGR_TREE_DEPTH - depth))
		return too_deep(w->err);
	agr_value_write(w->out, value->text);
	return 0;
}

static int write_items(struct writer *w, const agr_tree_node *node, size_t *i, size_t depth,
	bool moved)
{
	const agr_tree_item *item = &node->items[*i];

	if (w->source && !moved && is_piece(w, node, *i)) {
		size_t end = end_of_run(w, node, *i);
		const char *p = begin_of(node, *i);

		if (write_run(w, p, (size_t)(end_of(node, end - 1) - p))) {
			*i = end - 1;
			return 0;
		}
	}
	if (node->object) {
		agr_buf_add(w->out, item->key.p, item->key.n);
		agr_buf_char(w->out, ':');
	}
	return write_value(w, &item->value, depth + 1, moved);
}

static int write_node(struct writer *w, const agr_tree_node *node, size_t depth, bool moved)
{
	bool first = true;
	int r = 0;

	agr_buf_char(w->out, node->object ? '{' : '[');
	for (size_t i = 0; r == 0 && !w->out->failed && i < node->n; i++) {
		if (node->object && !node->items[i].key.p)
			continue;
		if (!first)
			agr_buf_char(w->out, ',');
		first = false;
		r = write_items(w, node, &i, depth, moved);
	}
	agr_buf_char(w->out, node->object ? '}' : ']');
	return r;
}

int agr_tree_write(agr_buf *out, const agr_tree_value *value,
	const agr_tree_source *source, agentrun_error **err)
{
	struct writer w = { out, source && source->unique ? source : NULL, err };

	return write_value(&w, value, 0, false);
}

/* ---- equality -------------------------------------------------------------- */

static int equal(bool *same, agr_arena *arena, agr_tree_value a, agr_tree_value b,
	int depth, agentrun_error **err);

static int equal_members(bool *same, agr_arena *arena, const agr_tree_node *a,
	const agr_tree_node *b, int depth, agentrun_error **err)
{
	int r = 0;

	*same = a->live == b->live;
	for (size_t i = 0; r == 0 && *same && i < a->n; i++) {
		const agr_tree_item *other;

		if (!a->items[i].key.p)
			continue;
		other = agr_tree_member(b, a->items[i].key);
		*same = other != NULL;
		if (other)
			r = equal(
				same, arena, a->items[i].value, other->value, depth, err);
	}
	return r;
}

static int equal_elements(bool *same, agr_arena *arena, const agr_tree_node *a,
	const agr_tree_node *b, int depth, agentrun_error **err)
{
	int r = 0;

	*same = a->n == b->n;
	for (size_t i = 0; r == 0 && *same && i < a->n; i++)
		r = equal(same, arena, a->items[i].value, b->items[i].value, depth, err);
	return r;
}

static int equal(bool *same, agr_arena *arena, agr_tree_value a, agr_tree_value b,
	int depth, agentrun_error **err)
{
	agr_type type = agr_tree_type(&a);
	int r;

	*same = type == agr_tree_type(&b);
	if (!*same || type < AGR_TYPE_NUMBER)
		return 0;
	if (!a.node && !b.node && a.text.n == b.text.n &&
		memcmp(a.text.p, b.text.p, a.text.n) == 0)
		return 0;
	if (type == AGR_TYPE_NUMBER)
		*same = agr_number_compare(a.text, b.text) == 0;
	if (type == AGR_TYPE_STRING)
		*same = agr_string_same(a.text, b.text);
	if (type < AGR_TYPE_ARRAY)
		return 0;
	if (depth >= 2 * AGR_TREE_DEPTH)
		return too_deep(err);
	r = agr_tree_open(arena, &a, err);
	if (r == 0)
		r = agr_tree_open(arena, &b, err);
	if (r < 0)
		return r;
	return a.node->object
		       ? equal_members(same, arena, a.node, b.node, depth + 1, err)
		       : equal_elements(same, arena, a.node, b.node, depth + 1, err);
}

int agr_tree_equal(bool *same, agr_tree_value a, agr_tree_value b, agentrun_error **err)
{
	agr_arena arena = AGR_ARENA_INIT; /* what is opened here is opened for this */
	int r = equal(same, &arena, a, b, 0, err);

	agr_arena_free(&arena);
	return r;
}
