/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
#include "schema/proof.h"

#include <string.h>

#include "table/word.h"

/* In place of an agr_type: a number that is whole. */
#define INTEGER (1u << 16)
/* Deeper schemas are left to who knows them all. */
#define MAX_LEVELS 24
#define MAX_MEMBERS 32 /* that one schema names */

enum verdict { FAILS, PASSES, UNKNOWN };

struct member {
	agr_span name; /* a JSON string without escapes */
	uint64_t word; /* its first bytes, of which most names have no more */
	size_t slot;   /* or AGR_WANTED_NONE */
	const agr_proof *proof; /* NULL: it must only be there */
};

struct agr_proof {
	bool unknown;   /* it has a keyword that is not known here */
	bool never;     /* the schema false */
	unsigned types; /* a bit for each agr_type; 0: any */
	agr_span minimum; /* p NULL: none */
	agr_span *strings; /* enum, const; NULL: any value */
	size_t n_strings;
	struct member *members;
	size_t n_members;
	uint64_t looks_at; /* a bit for each of their slots; all where there are more */
	const agr_proof **all, **any;
	size_t n_all, n_any;
	const agr_proof *no, *condition, *then, *otherwise;
};

/* ---- reading a schema ------------------------------------------------------------ */

struct reader {
	agr_arena *arena;
	agr_wanted *wanted; /* NULL: below the members of the value */
	unsigned level;
	bool no_memory;
};

static const agr_proof *read_schema(struct reader *r, agr_span schema);

static void *allocate(struct reader *r, size_t n, size_t size)
{
	void *p = agr_arena_alloc(r->arena, n ? n : 1, size);

	r->no_memory = r->no_memory || !p;
	return p;
}

static bool is(agr_span key, const char *name)
{
	return agr_string_is(key, name, strlen(name));
}

static bool is_ignored(agr_span key)
{
	static const char *const names[] = { "$schema", "$id", "$comment", "title",
		"description", "default", "examples", "definitions", "format" };

	for (size_t i = 0; i < AGR_COUNT(names); i++)
		if (is(key, names[i]))
			return true;
	return false;
}

static bool read_type(agr_proof *p, agr_span name)
{
	static const struct {
		const char *name;
		unsigned types;
	} known[] = { { "null", 1u << AGR_TYPE_NULL },
		{ "boolean", 1u << AGR_TYPE_FALSE | 1u << AGR_TYPE_TRUE },
		{ "number", 1u << AGR_TYPE_NUMBER }, { "integer", INTEGER }, { "string", 1u << AGR_TYPE_STRING },
		{ "array", 1u << AGR_TYPE_ARRAY }, { "object", 1u << AGR_TYPE_OBJECT } };

	for (size_t i = 0; *name.p == '"' && i < AGR_COUNT(known); i++) {
		if (is(name, known[i].name)) {
			p->types |= known[i].types;
			return true;
		}
	}
	return false;
}

static bool read_types(agr_proof *p, agr_span value)
{
	agr_iter it;
	agr_span name;

	if (*value.p != '[')
		return read_type(p, value);
	for (it = agr_iter_of(value); agr_array_next(&it, &name);)
		if (!read_type(p, name))
			return false;
	return p->types != 0;
}

/* enum, or const as a list of one. Only of strings. */
static bool read_strings(struct reader *r, agr_proof *p, agr_span value, bool list)
{
	size_t n = list ? agr_span_count(value) : 1;
	agr_iter it = list ? agr_iter_of(value) : (agr_iter){ NULL };

	if (p->strings)
		return false;
	p->strings = allocate(r, n, sizeof(*p->strings));
	if (!p->strings)
		return false;
	if (!list)
		p->strings[p->n_strings++] = value;
	while (list && agr_array_next(&it, &p->strings[p->n_strings]))
		p->n_strings++;
	for (size_t i = 0; i < p->n_strings; i++)
		if (*p->strings[i].p != '"' || !agr_string_is_plain(p->strings[i]))
			return false;
	return true;
}

static uint64_t first_word(agr_span name)
{
	return agr_word_of(name.p, name.n < 8 ? name.n : 8);
}

static bool add_member(struct reader *r, agr_proof *p, agr_span name, const agr_proof *proof)
{
	struct member *m = &p->members[p->n_members];

	if (*name.p != '"' || !agr_string_is_plain(name) || p->n_members == MAX_MEMBERS)
		return false;
	*m = (struct member){ name, first_word(name), AGR_WANTED_NONE, proof };
	if (r->wanted) {
		m->slot = agr_wanted_add(r->wanted, name.p + 1, name.n - 2);
		r->no_memory = r->no_memory || m->slot == AGR_WANTED_NONE;
		p->looks_at |= m->slot < 64 ? (uint64_t)1 << m->slot : UINT64_MAX;
	}
	p->n_members++;
	return true;
}

/* Room for more of them than there are. */
static bool more_members(struct reader *r, agr_proof *p, size_t n)
{
	struct member *grown = allocate(r, p->n_members + n, sizeof(*grown));

	if (grown && p->n_members)
		memcpy(grown, p->members, p->n_members * sizeof(*grown));
	p->members = grown;
	return grown;
}

static bool read_properties(struct reader *r, agr_proof *p, agr_span value)
{
	agr_wanted *wanted = r->wanted;
	agr_iter it = agr_iter_of(value);
	agr_span name, schema;

	if (*value.p != '{' || !more_members(r, p, agr_span_count(value)))
		return false;
	while (agr_object_next(&it, &name, &schema)) {
		const agr_proof *proof;

		r->wanted = NULL;
		proof = read_schema(r, schema);
		r->wanted = wanted;
		if (!proof || !add_member(r, p, name, proof))
			return false;
	}
	return true;
}

static bool read_required(struct reader *r, agr_proof *p, agr_span value)
{
	agr_iter it;
	agr_span name;

	if (*value.p != '[' || !more_members(r, p, agr_span_count(value)))
		return false;
	for (it = agr_iter_of(value); agr_array_next(&it, &name);)
		if (!add_member(r, p, name, NULL))
			return false;
	return true;
}

static bool read_list(struct reader *r, agr_span value, const agr_proof ***out, size_t *n)
{
	agr_iter it;
	agr_span schema;

	if (*value.p != '[' || *out)
		return false;
	*out = allocate(r, agr_span_count(value), sizeof(**out));
	if (!*out)
		return false;
	for (it = agr_iter_of(value); agr_array_next(&it, &schema);) {
		(*out)[*n] = read_schema(r, schema);
		if (!(*out)[*n])
			return false;
		++*n;
	}
	return *n > 0;
}

static bool read_one(struct reader *r, agr_span value, const agr_proof **out)
{
	return !*out && (*out = read_schema(r, value)) != NULL;
}

static bool read_keyword(struct reader *r, agr_proof *p, agr_span key, agr_span value)
{
	if (is(key, "type"))
		return !p->types && read_types(p, value);
	if (is(key, "enum"))
		return *value.p == '[' && read_strings(r, p, value, true);
	if (is(key, "const"))
		return read_strings(r, p, value, false);
	if (is(key, "properties"))
		return read_properties(r, p, value);
	if (is(key, "required"))
		return read_required(r, p, value);
	if (is(key, "allOf"))
		return read_list(r, value, &p->all, &p->n_all);
	if (is(key, "anyOf"))
		return read_list(r, value, &p->any, &p->n_any);
	if (is(key, "not"))
		return read_one(r, value, &p->no);
	if (is(key, "if"))
		return read_one(r, value, &p->condition);
	if (is(key, "then"))
		return read_one(r, value, &p->then);
	if (is(key, "else"))
		return read_one(r, value, &p->otherwise);
	if (is(key, "minimum")) {
		p->minimum = value;
		return agr_span_type(value) == AGR_TYPE_NUMBER;
	}
	return is_ignored(key);
}

static const agr_proof *read_schema(struct reader *r, agr_span schema)
{
	agr_proof *p = allocate(r, 1, sizeof(*p));
	agr_span key, value;
	agr_iter it;

	if (!p)
		return NULL;
	memset(p, 0, sizeof(*p));
	if (*schema.p != '{') {
		p->never = *schema.p == 'f';
		p->unknown = *schema.p != 't' && *schema.p != 'f';
		return p;
	}
	p->unknown = ++r->level > MAX_LEVELS;
	for (it = agr_iter_of(schema); !p->unknown && agr_object_next(&it, &key, &value);)
		p->unknown = !read_keyword(r, p, key, value);
	r->level--;
	return p;
}

const agr_proof *agr_proof_new(agr_arena *arena, agr_span schema, agr_wanted *wanted)
{
	struct reader r = { .arena = arena, .wanted = wanted };
	const agr_proof *proof = read_schema(&r, schema);

	return r.no_memory ? NULL : proof;
}

/* ---- judging a value --------------------------------------------------------------- */

static enum verdict judge(const agr_proof *p, const agr_proof_value *value);

/* The schema's strings have no escapes. */
static enum verdict judge_string(const agr_proof *p, agr_span text)
{
	if (*text.p != '"')
		return FAILS;
	for (size_t i = 0; i < p->n_strings; i++)
		if (p->strings[i].n == text.n && memcmp(p->strings[i].p, text.p, text.n) == 0)
			return PASSES;
	return agr_string_is_plain(text) ? FAILS : UNKNOWN;
}

/* Behind a value, whose container ends at `end`. A quote that no backslash stands before
 * ends a string. */
static const char *skip_value(const char *p, const char *end)
{
	const char *quote = *p == '"' ? memchr(p + 1, '"', (size_t)(end - p) - 1) : NULL;

	return quote && quote[-1] != '\\' ? quote + 1 : agr_skip_value(p);
}

static void find_member(const agr_proof *p, agr_span key, bool plain, agr_span value,
	agr_span *found)
{
	uint64_t word = first_word(key);

	for (size_t i = 0; i < p->n_members; i++) {
		const struct member *m = &p->members[i];

		if (plain ? m->word == word && m->name.n == key.n &&
				    (key.n <= 8 || memcmp(m->name.p, key.p, key.n) == 0)
			  : agr_string_same(m->name, key))
			found[i] = value;
	}
}

/* The members that are asked for, out of the object's text; of duplicates the last. */
static void look(const agr_proof *p, agr_span object, agr_span *found)
{
	const char *end = object.p + object.n, *at = agr_skip_white(object.p + 1);
	agr_span key, value;
	bool has_escape;

	memset(found, 0, p->n_members * sizeof(*found));
	while (*at != '}') {
		key.p = at;
		has_escape = false;
		at = agr_skip_string(at, &has_escape);
		key.n = (size_t)(at - key.p);
		value.p = agr_skip_white(agr_skip_white(at) + 1);
		at = skip_value(value.p, end);
		value.n = (size_t)(at - value.p);
		find_member(p, key, !has_escape, value, found);
		at = agr_skip_white(at);
		if (*at == ',')
			at = agr_skip_white(at + 1);
	}
}

static enum verdict judge_members(const agr_proof *p, const agr_proof_value *value)
{
	agr_span found[MAX_MEMBERS];
	enum verdict worst = PASSES;

	if (*value->text.p != '{')
		return PASSES;
	if (!value->slots)
		look(p, value->text, found);
	for (size_t i = 0; i < p->n_members; i++) {
		const struct member *m = &p->members[i];
		agr_proof_value member = { .slots = NULL };
		enum verdict v = PASSES;

		member.text = value->slots ? value->slots[m->slot] : found[i];
		if (m->proof && member.text.p)
			v = judge(m->proof, &member);
		else if (!m->proof && !member.text.p)
			v = FAILS;
		if (v == FAILS)
			return FAILS;
		worst = v == UNKNOWN ? UNKNOWN : worst;
	}
	return worst;
}

static enum verdict judge_all(const agr_proof *p, const agr_proof_value *value)
{
	enum verdict worst = PASSES;

	for (size_t i = 0; i < p->n_all; i++) {
		enum verdict v = judge(p->all[i], value);

		if (v == FAILS)
			return FAILS;
		worst = v == UNKNOWN ? UNKNOWN : worst;
	}
	return worst;
}

static enum verdict judge_any(const agr_proof *p, const agr_proof_value *value)
{
	enum verdict best = FAILS;

	for (size_t i = 0; i < p->n_any; i++) {
		enum verdict v = judge(p->any[i], value);

		if (v == PASSES)
			return PASSES;
		best = v == UNKNOWN ? UNKNOWN : best;
	}
	return best;
}

static enum verdict judge_condition(const agr_proof *p, const agr_proof_value *value)
{
	enum verdict v = judge(p->condition, value);
	const agr_proof *next = v == PASSES ? p->then : p->otherwise;

	if (v == UNKNOWN)
		return UNKNOWN;
	return next ? judge(next, value) : PASSES;
}

static enum verdict judge_type(const agr_proof *p, agr_span text)
{
	agr_type type = agr_span_type(text);

	if (!p->types || p->types >> type & 1)
		return PASSES;
	if (type != AGR_TYPE_NUMBER || !(p->types & INTEGER))
		return FAILS;
	return agr_number_is_integer(text) ? PASSES : UNKNOWN; /* 1.0 is whole, too */
}

/* Of what is asked the first that fails, or is not known. */
static enum verdict judge(const agr_proof *p, const agr_proof_value *value)
{
	agr_type type = agr_span_type(value->text);
	enum verdict v;

	if (p->unknown)
		return UNKNOWN;
	if (p->never)
		return FAILS;
	v = judge_type(p, value->text);
	if (v == PASSES && p->strings)
		v = judge_string(p, value->text);
	if (v == PASSES && p->minimum.p && type == AGR_TYPE_NUMBER &&
		agr_number_compare(value->text, p->minimum) < 0)
		v = FAILS;
	if (v == PASSES && p->n_members)
		v = judge_members(p, value);
	if (v == PASSES && p->all)
		v = judge_all(p, value);
	if (v == PASSES && p->any)
		v = judge_any(p, value);
	if (v == PASSES && p->no) {
		v = judge(p->no, value);
		v = v == UNKNOWN ? v : v == PASSES ? FAILS : PASSES;
	}
	if (v == PASSES && p->condition)
		v = judge_condition(p, value);
	return v;
}

bool agr_proof_passes(const agr_proof *proof, agr_proof_value value)
{
	return judge(proof, &value) == PASSES;
}

/* ---- what is left ------------------------------------------------------------------ */

struct rest {
	agr_arena *arena;
	const agr_proof_value *value;
	uint64_t known; /* the slot's bit */
	const agr_proof **list;
	size_t n, cap;
};

/* What the condition looks at, at all levels of it that are about the same value. */
static uint64_t looks_at(const agr_proof *p)
{
	uint64_t slots = p->looks_at;

	for (size_t i = 0; i < p->n_all; i++)
		slots |= looks_at(p->all[i]);
	return p->any || p->no || p->condition || p->unknown ? UINT64_MAX : slots;
}

static void keep(struct rest *rest, const agr_proof *p)
{
	if (rest->n < rest->cap)
		rest->list[rest->n] = p;
	rest->n++;
}

/* The value passes: what the slot alone decides is decided. */
static void gather(struct rest *rest, const agr_proof *p)
{
	agr_proof *own;

	for (size_t i = 0; i < p->n_all; i++)
		gather(rest, p->all[i]);
	if (p->condition && !(looks_at(p->condition) & ~rest->known)) {
		const agr_proof *next = judge(p->condition, rest->value) == PASSES ? p->then
										   : p->otherwise;

		if (next)
			gather(rest, next);
	} else if (p->condition) {
		keep(rest, p);
		return;
	}
	/* Of what it says of the value itself nothing depends on members. */
	if (!p->any && !p->no && !(p->looks_at & ~rest->known))
		return;
	own = agr_arena_alloc(rest->arena, 1, sizeof(*own));
	if (own) {
		*own = *p;
		own->all = NULL;
		own->n_all = 0;
		own->condition = own->then = own->otherwise = NULL;
	}
	keep(rest, own ? own : p);
}

const agr_proof *agr_proof_rest(agr_arena *arena, const agr_proof *proof,
	agr_proof_value value, size_t slot)
{
	const agr_proof *list[8];
	struct rest rest = { arena, &value, (uint64_t)1 << slot, list, 0, AGR_COUNT(list) };
	agr_proof *all;

	gather(&rest, proof);
	if (!rest.n)
		return NULL;
	all = agr_arena_alloc(arena, 1, sizeof(*all));
	if (!all || rest.n > rest.cap)
		return proof;
	memset(all, 0, sizeof(*all));
	all->all = agr_arena_alloc(arena, rest.n, sizeof(*all->all));
	if (!all->all)
		return proof;
	memcpy(all->all, list, rest.n * sizeof(*list));
	all->n_all = rest.n;
	return rest.n == 1 ? list[0] : all;
}
