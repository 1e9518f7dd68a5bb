/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
/* How a proof is asked of a value. */
#include <stdlib.h>
#include <string.h>

#include "schema/compiled.h"

#define MAX_DEPTH 200 /* schemas within schemas: deeper ones are left to others */
#define BYTES_PER_WORK 1024 /* of a value, or of what a keyword lists */
#define STRINGS_PER_WORK 256 /* that a value is none of */

/* UNKNOWN ends all: it would take too much. */
enum verdict { FAILS, PASSES, UNKNOWN };

struct agr_proof_run {
	agr_schema_run quiet; /* of the keywords of values.c */
	agr_match *match;     /* NULL until there is a pattern to be matched */
	size_t work, max_work;
	unsigned depth;
};

agr_proof_run *agr_proof_run_new(size_t max_work)
{
	agr_proof_run *run = calloc(1, sizeof(*run));

	if (run) {
		run->quiet.quiet = 1;
		run->max_work = max_work;
	}
	return run;
}

void agr_proof_run_free(agr_proof_run *run)
{
	if (!run)
		return;
	agr_match_free(run->match);
	free(run);
}

static enum verdict judge(agr_proof_run *run, const agr_proof *p, agr_span text,
	const agr_span *slots);

static enum verdict judge_part(agr_proof_run *run, const agr_proof *p, agr_span text)
{
	return p ? judge(run, p, text, NULL) : PASSES;
}

/* ---- the value itself --------------------------------------------------------------- */

static inline agr_type type_of(agr_span text)
{
	return *text.p == '"' ? AGR_TYPE_STRING : *text.p == '{' ? AGR_TYPE_OBJECT
		: agr_span_type(text);
}

/* The schema's strings have no escapes. */
static bool is_listed(const agr_proof *p, agr_span text)
{
	if (*text.p != '"')
		return false;
	for (size_t i = 0; i < p->n_strings; i++)
		if (p->strings[i].n == text.n && memcmp(p->strings[i].p, text.p, text.n) == 0)
			return true;
	if (agr_string_is_plain(text))
		return false;
	for (size_t i = 0; i < p->n_strings; i++)
		if (agr_string_same(p->strings[i], text))
			return true;
	return false;
}

static bool is_of_type(const agr_proof *p, agr_span text)
{
	agr_type type;

	if (!p->types)
		return true;
	type = type_of(text);
	if (p->types >> type & 1)
		return true;
	return type == AGR_TYPE_NUMBER && p->types & AGR_PROOF_INTEGER &&
		(agr_number_is_integer(text) || agr_schema_is_integer(text));
}

static enum verdict judge_pattern(agr_proof_run *run, const agr_regex *regex, agr_span string)
{
	int r;

	if (!run->match && agr_match_new(&run->match, NULL) < 0)
		return UNKNOWN;
	r = agr_schema_regex_test(regex, run->match, string, &run->work, NULL);
	return r < 0 ? UNKNOWN : r ? PASSES : FAILS;
}

static enum verdict judge_rules(agr_proof_run *run, const agr_proof *p, agr_span text)
{
	agr_type type = type_of(text);

	for (size_t i = 0; i < p->n_rules; i++) {
		const agr_proof_rule *rule = &p->rules[i];
		int faults = run->quiet.faults;
		enum verdict v = PASSES;

		if (!(rule->types >> type & 1))
			continue;
		run->work += rule->arg.n / BYTES_PER_WORK; /* an enum may be long */
		if (rule->regex)
			v = judge_pattern(run, rule->regex, text);
		else if (rule->check(&run->quiet, rule->arg, (agr_span){ NULL, 0 }, text) < 0)
			v = UNKNOWN;
		else if (run->quiet.faults != faults)
			v = FAILS;
		run->quiet.faults = 0;
		if (v != PASSES)
			return v;
	}
	return PASSES;
}

/* ---- members -------------------------------------------------------------------------- */

/* Behind a value, whose container ends at `end`. A quote that no backslash stands before
 * ends a string. */
static const char *skip_value(const char *p, const char *end)
{
	const char *quote = *p == '"' ? memchr(p + 1, '"', (size_t)(end - p) - 1) : NULL;

	return quote && quote[-1] != '\\' ? quote + 1 : agr_skip_value(p);
}

/* The number of the member of this name, or n_members. */
static size_t find_member(const agr_proof *p, agr_span key, bool plain)
{
	uint64_t word = agr_proof_word(key);
	size_t i;

	for (i = 0; i < p->n_members; i++) {
		const agr_proof_member *m = &p->members[i];

		if (plain ? m->word == word && m->name.n == key.n &&
				    (key.n <= 8 || memcmp(m->name.p, key.p, key.n) == 0)
			  : agr_string_same(m->name, key))
			break;
	}
	return i;
}

/* The members that are asked for, out of the object's text; of duplicates the last. Are
 * there others than those that are listed? */
static bool look(const agr_proof *p, agr_span object, agr_span *found)
{
	const char *end = object.p + object.n, *at = agr_skip_white(object.p + 1);
	bool others = false;

	memset(found, 0, p->n_members * sizeof(*found));
	while (*at != '}') {
		bool has_escape = false;
		agr_span key = { at, 0 }, value;
		size_t i;

		at = agr_skip_string(at, &has_escape);
		key.n = (size_t)(at - key.p);
		value.p = agr_skip_white(agr_skip_white(at) + 1);
		at = skip_value(value.p, end);
		value.n = (size_t)(at - value.p);
		i = find_member(p, key, !has_escape);
		if (i < p->n_members)
			found[i] = value;
		others = others || i == p->n_members || !p->members[i].property;
		at = agr_skip_white(at);
		if (*at == ',')
			at = agr_skip_white(at + 1);
	}
	return others;
}

static const char *back_over_white(const char *p)
{
	while (agr_is_white(*p))
		p--;
	return p;
}

/* How much of the object this member is, with the comma or bracket before it; 0: its name
 * is written in another way. */
static size_t extent(const char *begin, agr_span name, agr_span value)
{
	const char *at = back_over_white(value.p - 1);

	at = back_over_white(at - 1);
	if (at - begin < (ptrdiff_t)name.n || memcmp(at + 1 - name.n, name.p, name.n) != 0)
		return 0;
	at = back_over_white(at - name.n);
	if (*at != ',' && *at != '{')
		return 0;
	return (size_t)(agr_skip_white(value.p + value.n) - at);
}

/* Do those that are listed, whose values were noted, make all of the object? False: perhaps
 * not. Their names need not be looked for then. */
static bool are_all(const agr_proof *p, agr_span text, const agr_span *slots)
{
	size_t n = 1; /* the last bracket */

	for (size_t i = 0; i < p->n_members; i++) {
		const agr_proof_member *m = &p->members[i];
		agr_span member = slots[m->slot];

		if (m->property && member.p)
			n += extent(text.p, m->name, member);
	}
	return n == text.n;
}

/* What is asked of each of the members, and of those that are not listed. */
static enum verdict judge_each(agr_proof_run *run, const agr_proof *p, agr_span object)
{
	agr_iter it = agr_iter_of(object);
	enum verdict v = PASSES;
	agr_span key, member;

	while (v == PASSES && agr_object_next(&it, &key, &member)) {
		size_t known = p->additional ? find_member(p, key, agr_string_is_plain(key)) : 0;
		bool more = p->additional && (known == p->n_members || !p->members[known].property);

		v = judge_part(run, p->names, key);
		for (size_t i = 0; v == PASSES && i < p->n_patterns; i++) {
			enum verdict matches = judge_pattern(run, p->patterns[i].regex, key);

			if (matches == PASSES) {
				more = false;
				v = judge_part(run, p->patterns[i].proof, member);
			} else if (matches == UNKNOWN) {
				v = UNKNOWN;
			}
		}
		if (v == PASSES && more)
			v = judge_part(run, p->additional, member);
	}
	return v;
}

static enum verdict judge_object(agr_proof_run *run, const agr_proof *p,
	agr_span text, const agr_span *slots)
{
	agr_span found[AGR_PROOF_MEMBERS];
	bool each = p->n_patterns || p->names, others = false;
	enum verdict v = PASSES;

	if (!slots && (p->n_members || p->additional))
		others = look(p, text, found);
	for (size_t i = 0; v == PASSES && i < p->n_members; i++) {
		const agr_proof_member *m = &p->members[i];
		agr_span member = slots ? slots[m->slot] : found[i];

		if (member.p)
			v = judge_part(run, m->proof, member);
		else if (m->required)
			v = FAILS;
	}
	if (p->additional && !each)
		each = slots ? !are_all(p, text, slots) : others;
	return v == PASSES && each ? judge_each(run, p, text) : v;
}

/* ---- elements ------------------------------------------------------------------------- */

static enum verdict judge_array(agr_proof_run *run, const agr_proof *p, agr_span array)
{
	enum verdict v = PASSES, holds = p->contains ? FAILS : PASSES;
	agr_iter it = agr_iter_of(array);
	agr_span element;

	for (size_t i = 0; v == PASSES && agr_array_next(&it, &element); i++) {
		v = judge_part(run, i < p->tuple.n ? p->tuple.of[i] : p->items, element);
		if (holds == FAILS && v == PASSES)
			holds = judge_part(run, p->contains, element);
	}
	return v == PASSES ? holds : v;
}

/* ---- all that is asked ------------------------------------------------------------------ */

static enum verdict judge_all(agr_proof_run *run, const agr_proof *p,
	agr_span text, const agr_span *slots)
{
	enum verdict v = PASSES;

	for (size_t i = 0; v == PASSES && i < p->all.n; i++)
		v = judge(run, p->all.of[i], text, slots);
	return v;
}

/* At least so many of the list pass, and not one more than `most`. */
static enum verdict judge_some(agr_proof_run *run, const agr_proof_list *list, size_t most,
	agr_span text, const agr_span *slots)
{
	size_t n = 0;

	for (size_t i = 0; i < list->n && (n == 0 || n <= most); i++) {
		enum verdict v = judge(run, list->of[i], text, slots);

		if (v == UNKNOWN)
			return v;
		n += v == PASSES;
		if (n && most == SIZE_MAX)
			break;
	}
	return n && n <= most ? PASSES : FAILS;
}

static enum verdict judge_condition(agr_proof_run *run, const agr_proof *p,
	agr_span text, const agr_span *slots)
{
	enum verdict v = judge(run, p->condition, text, slots);
	const agr_proof *next = v == PASSES ? p->then : p->otherwise;

	if (v == UNKNOWN)
		return v;
	return next ? judge(run, next, text, slots) : PASSES;
}

static enum verdict judge_combined(agr_proof_run *run, const agr_proof *p,
	agr_span text, const agr_span *slots)
{
	enum verdict v = judge_all(run, p, text, slots);

	if (v == PASSES && p->any.n)
		v = judge_some(run, &p->any, SIZE_MAX, text, slots);
	if (v == PASSES && p->one.n)
		v = judge_some(run, &p->one, 1, text, slots);
	if (v == PASSES && p->no) {
		v = judge(run, p->no, text, slots);
		v = v == UNKNOWN ? v : v == PASSES ? FAILS : PASSES;
	}
	if (v == PASSES && p->condition)
		v = judge_condition(run, p, text, slots);
	return v;
}

static enum verdict judge_known(agr_proof_run *run, const agr_proof *p,
	agr_span text, const agr_span *slots)
{
	enum verdict v = PASSES;

	run->work += p->n_strings / STRINGS_PER_WORK;
	if (p->never || !is_of_type(p, text) || (p->strings && !is_listed(p, text)))
		return FAILS;
	if (p->n_rules)
		v = judge_rules(run, p, text);
	if (v == PASSES && *text.p == '{')
		v = judge_object(run, p, text, slots);
	if (v == PASSES && *text.p == '[' && (p->items || p->tuple.n || p->contains))
		v = judge_array(run, p, text);
	return v == PASSES ? judge_combined(run, p, text, slots) : v;
}

static enum verdict judge(agr_proof_run *run, const agr_proof *p, agr_span text,
	const agr_span *slots)
{
	enum verdict v;

	run->work += 1 + text.n / BYTES_PER_WORK;
	if (run->depth == MAX_DEPTH || run->work > run->max_work)
		return UNKNOWN;
	run->depth++;
	v = judge_known(run, p, text, slots);
	run->depth--;
	return v;
}

bool agr_proof_passes(agr_proof_run *run, const agr_proof *proof, agr_proof_value value)
{
	return judge(run, proof, value.text, value.slots) == PASSES;
}

/* ---- what is left ------------------------------------------------------------------ */

#define MAX_REST 16
#define MAX_STEPS 1000

struct rest {
	agr_proof_run *run;
	agr_arena *arena;
	const agr_proof_value *value;
	size_t slot; /* what is in it is known */
	agr_proof *list[MAX_REST];
	size_t n;
	unsigned steps; /* schemas that were looked at */
	bool failed;    /* there are too many, or no memory */
};

static void gather(struct rest *rest, const agr_proof *p);

/* Does the slot alone say no? */
static bool slot_fails(struct rest *rest, const agr_proof *p)
{
	agr_span known = rest->value->slots[rest->slot];

	rest->failed = rest->failed || ++rest->steps > MAX_STEPS;
	for (size_t i = 0; !rest->failed && i < p->n_members; i++)
		if (p->members[i].slot == rest->slot &&
			judge_part(rest->run, p->members[i].proof, known) == FAILS)
			return true;
	for (size_t i = 0; !rest->failed && i < p->all.n; i++)
		if (slot_fails(rest, p->all.of[i]))
			return true;
	return p->never;
}

/* Of this list those that are left to be asked. */
static void narrow(struct rest *rest, agr_proof_list *list)
{
	agr_proof_list left = { NULL, 0 };

	if (!list->n)
		return;
	left.of = agr_arena_alloc(rest->arena, list->n, sizeof(*left.of));
	if (!left.of)
		rest->failed = true;
	for (size_t i = 0; !rest->failed && i < list->n; i++)
		if (!slot_fails(rest, list->of[i]))
			left.of[left.n++] = list->of[i];
	*list = left;
	if (left.n != 1)
		return;
	gather(rest, left.of[0]); /* it is this one */
	list->n = 0;
}

/* Does what is asked look at nothing but the slot? */
static bool is_of_slot(struct rest *rest, const agr_proof *p)
{
	rest->failed = rest->failed || ++rest->steps > MAX_STEPS;
	if (rest->failed || p->n_rules || p->n_patterns || p->additional || p->names ||
		p->any.n || p->one.n || p->no || p->condition)
		return false;
	for (size_t i = 0; i < p->n_members; i++)
		if (p->members[i].slot != rest->slot)
			return false;
	for (size_t i = 0; i < p->all.n; i++)
		if (!is_of_slot(rest, p->all.of[i]))
			return false;
	return true;
}

static void narrow_condition(struct rest *rest, agr_proof *own)
{
	const agr_proof *next;
	enum verdict v;

	if (!own->condition || !is_of_slot(rest, own->condition))
		return;
	v = judge(rest->run, own->condition, rest->value->text, rest->value->slots);
	next = v == PASSES ? own->then : own->otherwise;
	rest->failed = rest->failed || v == UNKNOWN;
	if (next)
		gather(rest, next);
	own->condition = own->then = own->otherwise = NULL;
}

/* Members without the one that is known, which stays listed. True: none asks anything. */
static bool narrow_members(struct rest *rest, agr_proof *own)
{
	agr_proof_member *members = agr_arena_alloc(rest->arena, own->n_members + 1,
		sizeof(*members));
	bool nothing = true;

	if (!members) {
		rest->failed = true;
		return false;
	}
	for (size_t i = 0; i < own->n_members; i++) {
		members[i] = own->members[i];
		if (members[i].slot == rest->slot) {
			members[i].proof = NULL;
			members[i].required = false;
		}
		nothing = nothing && !members[i].proof && !members[i].required;
	}
	own->members = members;
	if (nothing && !own->additional)
		own->n_members = 0;
	return nothing;
}

/* What it says of an object besides its members. */
static bool narrow_rules(agr_proof *own)
{
	own->types = 0;
	for (size_t i = 0; i < own->n_rules; i++)
		if (own->rules[i].types >> AGR_TYPE_OBJECT & 1)
			return false;
	own->n_rules = 0;
	return true;
}

/* The value passes: what the slot alone decides is decided. */
static void gather(struct rest *rest, const agr_proof *p)
{
	agr_proof *own = agr_arena_alloc(rest->arena, 1, sizeof(*own));
	bool nothing;

	rest->failed = rest->failed || !own || ++rest->steps > MAX_STEPS;
	for (size_t i = 0; !rest->failed && i < p->all.n; i++)
		gather(rest, p->all.of[i]);
	if (rest->failed)
		return;
	*own = *p;
	own->all.n = 0;
	narrow(rest, &own->any);
	narrow(rest, &own->one);
	narrow_condition(rest, own);
	nothing = narrow_members(rest, own);
	nothing = narrow_rules(own) && nothing;
	if (nothing && !own->additional && !own->n_patterns && !own->names && !own->any.n &&
		!own->one.n && !own->no && !own->condition)
		return;
	if (rest->n < MAX_REST)
		rest->list[rest->n++] = own;
	else
		rest->failed = true;
}

const agr_proof *agr_proof_rest(agr_proof_run *run, agr_arena *arena, const agr_proof *proof,
	agr_proof_value value, size_t slot)
{
	struct rest rest = { .run = run, .arena = arena, .value = &value, .slot = slot };
	agr_proof *all;

	gather(&rest, proof);
	if (rest.failed)
		return proof;
	if (rest.n < 2)
		return rest.n ? rest.list[0] : NULL;
	all = agr_arena_alloc(arena, 1, sizeof(*all));
	if (!all)
		return proof;
	memset(all, 0, sizeof(*all));
	all->all.of = agr_arena_alloc(arena, rest.n, sizeof(*all->all.of));
	if (!all->all.of)
		return proof;
	memcpy(all->all.of, rest.list, rest.n * sizeof(rest.list[0]));
	all->all.n = rest.n;
	return all;
}
