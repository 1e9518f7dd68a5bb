/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
/* How a proof is made of a schema. Where anything of it is not as it should be, or not known
 * here, there is none. */
#include "schema/proof.h"

#include <string.h>

#include "schema/compiled.h"

/* Deeper schemas, those of more references, and those whose reading goes through so much
 * text are left to agr_schema_check(). */
#define MAX_LEVELS 64
#define MAX_TARGETS 256
#define MAX_HOPS 4
#define MAX_WORK 40000
#define BYTES_PER_WORK 1024
#define PATTERN_BYTES 65536 /* as much work as a pattern is */
/* Schemas of one and the same value in a row, up to a reference and behind it, where each may
 * be behind so many more: fewer than agr_schema_check() takes for a circle. */
#define MAX_STILL 20
#define MAX_REACH 15
#define TOO_FAR 255

/* Bits of what is `given`, behind those of agr_schema_value_keywords. */
enum { GIVEN_PROPERTIES = 30, GIVEN_REQUIRED };

struct agr_proof_target {
	struct agr_proof_target *next;
	const char *at; /* in the schema */
	const agr_wanted *wanted;
	bool untold; /* it was read without some of its members */
	agr_proof *proof;
};

struct agr_proof_regex {
	struct agr_proof_regex *next;
	agr_regex *regex;
};

struct reader {
	agr_proofs *proofs;
	agr_wanted *wanted; /* NULL: below the members of the value */
	const char *const *untold;
	size_t n_untold;
	unsigned level;
	unsigned inside; /* of these, how many are about a part of the value */
	unsigned still;  /* and how many about the same as the one before */
};

static agr_proof *read_schema(struct reader *r, agr_span schema);

static void *allocate(struct reader *r, size_t n, size_t size)
{
	return agr_arena_alloc(&r->proofs->arena, n ? n : 1, size);
}

static bool is_too_much(agr_proofs *proofs, size_t bytes)
{
	proofs->work += 1 + bytes / BYTES_PER_WORK;
	return proofs->work > MAX_WORK;
}

static bool is(agr_span key, const char *name)
{
	return agr_string_is(key, name, strlen(name));
}

/* ---- what the value itself is ---------------------------------------------------- */

static bool read_type(agr_proof *p, agr_span name)
{
	static const struct {
		const char *name;
		unsigned types;
	} known[] = { { "null", 1u << AGR_TYPE_NULL },
		{ "boolean", 1u << AGR_TYPE_FALSE | 1u << AGR_TYPE_TRUE },
		{ "number", 1u << AGR_TYPE_NUMBER }, { "integer", AGR_PROOF_INTEGER },
		{ "string", 1u << AGR_TYPE_STRING }, { "array", 1u << AGR_TYPE_ARRAY },
		{ "object", 1u << AGR_TYPE_OBJECT } };

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

/* enum, or const as a list of one, only of strings, as most are. False: of others. */
static bool read_strings(struct reader *r, agr_proof *p, agr_span value, bool list)
{
	size_t n = list ? agr_span_count(value) : 1, i = 0;
	agr_iter it = list ? agr_iter_of(value) : (agr_iter){ NULL };
	agr_span *strings;

	if (p->strings || !n)
		return false;
	strings = allocate(r, n, sizeof(*strings));
	if (!strings)
		return false;
	if (!list)
		strings[i++] = value;
	while (list && agr_array_next(&it, &strings[i]))
		i++;
	for (i = 0; i < n; i++)
		if (*strings[i].p != '"' || !agr_string_is_plain(strings[i]))
			return false;
	p->strings = strings;
	p->n_strings = n;
	return true;
}

static const agr_regex *read_pattern(struct reader *r, agr_span pattern)
{
	struct agr_proof_regex *known = allocate(r, 1, sizeof(*known));

	if (!known || is_too_much(r->proofs, PATTERN_BYTES))
		return NULL;
	if (agr_schema_regex_new(&known->regex, pattern, &r->proofs->wrong) < 0)
		return NULL;
	known->next = r->proofs->regexes;
	r->proofs->regexes = known;
	return known->regex;
}

static bool add_rule(struct reader *r, agr_proof *p, const agr_keyword *keyword, agr_span value)
{
	agr_proof_rule *grown = allocate(r, p->n_rules + 1, sizeof(*grown));
	agr_proof_rule rule = { keyword->check, value, keyword->types, NULL };

	if (!grown)
		return false;
	if (is((agr_span){ "\"pattern\"", 9 }, keyword->name)) {
		if (*value.p != '"')
			return true; /* it counts for nothing */
		rule.regex = read_pattern(r, value);
		if (!rule.regex)
			return false;
	}
	if (p->n_rules)
		memcpy(grown, p->rules, p->n_rules * sizeof(*grown));
	grown[p->n_rules++] = rule;
	p->rules = grown;
	return true;
}

/* Of two the last counts for `additionalProperties`, but both by themselves; and of very many
 * the lists would be long. */
static bool is_second(agr_proof *p, unsigned keyword)
{
	bool second = p->given >> keyword & 1;

	p->given |= 1u << keyword;
	return second;
}

static bool read_value_keyword(struct reader *r, agr_proof *p, const agr_keyword *keyword,
	agr_span value)
{
	if (is_second(p, (unsigned)(keyword - agr_schema_value_keywords)))
		return false;
	if (strcmp(keyword->name, "type") == 0)
		return !p->types && read_types(p, value);
	if (strcmp(keyword->name, "enum") == 0 && *value.p == '[' && read_strings(r, p, value, true))
		return true;
	if (strcmp(keyword->name, "const") == 0 && read_strings(r, p, value, false))
		return true;
	return add_rule(r, p, keyword, value);
}

/* ---- its members and elements ------------------------------------------------------ */

static bool says_nothing(agr_span schema)
{
	return *schema.p == 't' || (*schema.p == '{' && !agr_span_count(schema));
}

/* A schema of a part of the value. */
static agr_proof *read_inside(struct reader *r, agr_span schema)
{
	agr_wanted *wanted = r->wanted;
	unsigned still = r->still;
	agr_proof *proof;

	r->wanted = NULL;
	r->inside++;
	r->still = 0;
	proof = read_schema(r, schema);
	r->still = still;
	r->inside--;
	r->wanted = wanted;
	return proof;
}

/* There is room for it. The member of this name, perhaps one that is known; or NULL. */
static agr_proof_member *add_member(struct reader *r, agr_proof *p, agr_span name)
{
	agr_proof_member *m;

	if (*name.p != '"' || !agr_string_is_plain(name))
		return NULL;
	for (m = p->members; m < p->members + p->n_members; m++)
		if (agr_string_same(m->name, name))
			return m;
	if (p->n_members == AGR_PROOF_MEMBERS)
		return NULL;
	*m = (agr_proof_member){ .name = name, .word = agr_proof_word(name),
		.slot = AGR_WANTED_NONE };
	if (r->wanted) {
		m->slot = agr_wanted_add(r->wanted, name.p + 1, name.n - 2);
		if (m->slot == AGR_WANTED_NONE)
			return NULL;
	}
	p->n_members++;
	return m;
}

static bool more_members(struct reader *r, agr_proof *p, size_t n)
{
	agr_proof_member *grown = allocate(r, p->n_members + n, sizeof(*grown));

	if (grown && p->n_members)
		memcpy(grown, p->members, p->n_members * sizeof(*grown));
	p->members = grown;
	return grown;
}

static bool leaves_out(const struct reader *r)
{
	return !r->inside && r->n_untold;
}

static bool is_untold(const struct reader *r, agr_span name)
{
	for (size_t i = 0; leaves_out(r) && i < r->n_untold; i++)
		if (is(name, r->untold[i]))
			return true;
	return false;
}

static bool read_properties(struct reader *r, agr_proof *p, agr_span value)
{
	agr_iter it = agr_iter_of(value);
	agr_span name, schema;

	if (is_second(p, GIVEN_PROPERTIES) || *value.p != '{' ||
		!more_members(r, p, agr_span_count(value)))
		return false;
	while (agr_object_next(&it, &name, &schema)) {
		agr_proof_member *m = add_member(r, p, name);

		if (!m || m->property)
			return false;
		m->property = true;
		if (says_nothing(schema) || is_untold(r, name))
			continue;
		m->proof = read_inside(r, schema);
		if (!m->proof)
			return false;
	}
	return true;
}

static bool read_required(struct reader *r, agr_proof *p, agr_span value)
{
	agr_iter it;
	agr_span name;

	if (is_second(p, GIVEN_REQUIRED) || *value.p != '[' ||
		!more_members(r, p, agr_span_count(value)))
		return false;
	for (it = agr_iter_of(value); agr_array_next(&it, &name);) {
		agr_proof_member *m = add_member(r, p, name);

		if (!m)
			return false;
		m->required = true;
	}
	return true;
}

static bool read_patterns(struct reader *r, agr_proof *p, agr_span value)
{
	agr_iter it = agr_iter_of(value);
	agr_span pattern, schema;

	if (*value.p != '{' || p->patterns)
		return false;
	p->patterns = allocate(r, agr_span_count(value), sizeof(*p->patterns));
	while (p->patterns && agr_object_next(&it, &pattern, &schema)) {
		agr_proof_pattern *of = &p->patterns[p->n_patterns];

		of->regex = read_pattern(r, pattern);
		of->proof = read_inside(r, schema);
		if (!of->regex || !of->proof)
			return false;
		p->n_patterns++;
	}
	return p->patterns;
}

/* One schema, of the value or of what is in it. */
static bool read_one(struct reader *r, agr_span value, agr_proof **out, bool inside)
{
	if (*out)
		return false;
	*out = inside ? read_inside(r, value) : read_schema(r, value);
	return *out;
}

static bool read_list(struct reader *r, agr_span value, agr_proof_list *out, bool inside)
{
	agr_iter it;
	agr_span schema;

	if (*value.p != '[' || out->of)
		return false;
	out->of = allocate(r, agr_span_count(value), sizeof(*out->of));
	if (!out->of)
		return false;
	for (it = agr_iter_of(value); agr_array_next(&it, &schema);) {
		out->of[out->n] = inside ? read_inside(r, schema) : read_schema(r, schema);
		if (!out->of[out->n])
			return false;
		out->n++;
	}
	return out->n > 0;
}

/* What is said of elements behind a list's own is `additionalItems`, where there is such a
 * list. */
static bool read_items(struct reader *r, agr_proof *p, agr_span value, agr_span schema)
{
	agr_span more;

	if (p->items || p->tuple.of)
		return false;
	if (*value.p != '[')
		return read_one(r, value, &p->items, true);
	if (!read_list(r, value, &p->tuple, true))
		return false;
	if (!agr_object_get(schema, "additionalItems", 15, &more))
		return true;
	return read_one(r, more, &p->items, true);
}

/* ---- the schema ---------------------------------------------------------------------- */

static bool read_condition(struct reader *r, agr_proof *p, agr_span value, agr_span schema)
{
	agr_span branch;

	if (!read_one(r, value, &p->condition, false))
		return false;
	if (agr_object_get(schema, "then", 4, &branch) && !read_one(r, branch, &p->then, false))
		return false;
	return !agr_object_get(schema, "else", 4, &branch) ||
		read_one(r, branch, &p->otherwise, false);
}

static bool read_keyword(struct reader *r, agr_proof *p, agr_span key, agr_span value,
	agr_span schema)
{
	const agr_keyword *keyword = agr_schema_keyword(agr_schema_value_keywords, key);

	if (keyword)
		return read_value_keyword(r, p, keyword, value);
	if (is(key, "properties"))
		return read_properties(r, p, value);
	if (is(key, "required"))
		return read_required(r, p, value);
	if (is(key, "patternProperties"))
		return read_patterns(r, p, value);
	if (is(key, "additionalProperties"))
		return says_nothing(value) || read_one(r, value, &p->additional, true);
	if (is(key, "propertyNames"))
		return read_one(r, value, &p->names, true);
	if (is(key, "items"))
		return read_items(r, p, value, schema);
	if (is(key, "contains"))
		return read_one(r, value, &p->contains, true);
	if (is(key, "allOf"))
		return read_list(r, value, &p->all, false);
	if (is(key, "anyOf"))
		return read_list(r, value, &p->any, false);
	if (is(key, "oneOf"))
		return read_list(r, value, &p->one, false);
	if (is(key, "not"))
		return read_one(r, value, &p->no, false);
	if (is(key, "if"))
		return read_condition(r, p, value, schema);
	return true; /* others count for nothing */
}

static bool read_into(struct reader *r, agr_proof *p, agr_span schema)
{
	agr_span key, value;
	bool ok = r->level < MAX_LEVELS && r->still < MAX_STILL &&
		!is_too_much(r->proofs, schema.n);
	agr_iter it;

	p->never = *schema.p == 'f';
	if (*schema.p == 't' || p->never)
		return true;
	if (*schema.p != '{')
		return agr_schema_raise_kind(&r->proofs->wrong) == 0;
	r->level++;
	r->still++;
	for (it = agr_iter_of(schema); ok && agr_object_next(&it, &key, &value);)
		ok = read_keyword(r, p, key, value, schema);
	r->still--;
	r->level--;
	return ok;
}

bool agr_proofs_follow(agr_proofs *proofs, agr_span *schema)
{
	agr_span ref;

	for (int hops = 0; *schema->p == '{' && agr_object_get(*schema, "$ref", 4, &ref) &&
		*ref.p == '"'; hops++) {
		if (hops == MAX_HOPS || is_too_much(proofs, proofs->root.n) ||
			agr_schema_find_ref(proofs->root, ref, schema, &proofs->wrong) < 0)
			return false;
	}
	return true;
}

/* What references lead to is read once, and may lead to itself. */
static const struct agr_proof_target *find_target(const struct reader *r, agr_span schema)
{
	const struct agr_proof_target *t = r->proofs->targets;

	while (t && (t->at != schema.p || t->wanted != r->wanted || t->untold != leaves_out(r)))
		t = t->next;
	return t;
}

static bool note_target(struct reader *r, agr_span schema, agr_proof *proof)
{
	struct agr_proof_target *t = allocate(r, 1, sizeof(*t));

	if (!t || r->proofs->n_targets++ == MAX_TARGETS)
		return false;
	*t = (struct agr_proof_target){ r->proofs->targets, schema.p, r->wanted, leaves_out(r),
		proof };
	r->proofs->targets = t;
	return true;
}

static agr_proof *read_schema(struct reader *r, agr_span schema)
{
	const char *at = schema.p;
	const struct agr_proof_target *known;
	agr_proof *p;

	if (!agr_proofs_follow(r->proofs, &schema))
		return NULL;
	known = schema.p == at ? NULL : find_target(r, schema);
	if (known)
		return known->proof;
	p = allocate(r, 1, sizeof(*p));
	if (!p)
		return NULL;
	memset(p, 0, sizeof(*p));
	if (schema.p != at && !note_target(r, schema, p))
		return NULL;
	return read_into(r, p, schema) ? p : NULL;
}

/* ---- all of them --------------------------------------------------------------------- */

void agr_proofs_init(agr_proofs *proofs, agr_span root)
{
	memset(proofs, 0, sizeof(*proofs));
	proofs->root = root;
}

void agr_proofs_free(agr_proofs *proofs)
{
	for (struct agr_proof_regex *known = proofs->regexes; known; known = known->next)
		agr_regex_free(known->regex);
	proofs->regexes = NULL;
	proofs->targets = NULL;
	agentrun_error_free(proofs->wrong);
	agr_arena_free(&proofs->arena);
}

agr_proof *agr_proof_new(agr_proofs *proofs, agr_span schema, agr_wanted *wanted,
	const char *const *untold, size_t n_untold)
{
	struct reader r = { .proofs = proofs, .wanted = wanted, .untold = untold,
		.n_untold = n_untold };
	agr_proof *proof = proofs->failed ? NULL : read_schema(&r, schema);

	proofs->failed = !proof; /* what references lead to is there in part */
	return proof;
}

agr_proof *agr_proof_both(agr_proofs *proofs, agr_proof *a, agr_proof *b)
{
	agr_proof *both = agr_arena_alloc(&proofs->arena, 1, sizeof(*both));
	agr_proof **of = agr_arena_alloc(&proofs->arena, 2, sizeof(*of));

	if (!both || !of)
		return NULL;
	memset(both, 0, sizeof(*both));
	of[0] = a;
	of[1] = b;
	both->all = (agr_proof_list){ of, 2 };
	return both;
}

static unsigned larger(unsigned a, unsigned b)
{
	return a > b ? a : b;
}

/* How many schemas in a row are about the same value, from this one on. One that leads to
 * itself has no end. */
static unsigned reach_of(agr_proof *p, unsigned level)
{
	agr_proof *const one[] = { p->no, p->condition, p->then, p->otherwise, p->names };
	const agr_proof_list lists[] = { p->all, p->any, p->one };
	unsigned most = level > MAX_REACH ? TOO_FAR : 0;

	if (p->reach)
		return p->reach;
	p->reach = TOO_FAR;
	for (size_t i = 0; most < TOO_FAR && i < AGR_COUNT(one); i++)
		if (one[i])
			most = larger(most, reach_of(one[i], level + 1));
	for (size_t i = 0; most < TOO_FAR && i < AGR_COUNT(lists); i++)
		for (size_t j = 0; most < TOO_FAR && j < lists[i].n; j++)
			most = larger(most, reach_of(lists[i].of[j], level + 1));
	if (most < MAX_REACH)
		p->reach = (unsigned char)(most + 1);
	return p->reach;
}

/* Only those that references lead to may be in a row that long. */
bool agr_proofs_are_sound(agr_proofs *proofs)
{
	if (proofs->failed)
		return false;
	for (const struct agr_proof_target *t = proofs->targets; t; t = t->next)
		if (reach_of(t->proof, 0) == TOO_FAR)
			return false;
	return true;
}

int agr_schema_try(agr_span schema, agentrun_error **err)
{
	agr_proofs proofs;
	int r;

	agr_proofs_init(&proofs, schema);
	agr_proof_new(&proofs, schema, NULL, NULL, 0);
	r = proofs.wrong ? agr_error_pass(err, proofs.wrong) : 0;
	proofs.wrong = NULL;
	agr_proofs_free(&proofs);
	return r;
}
