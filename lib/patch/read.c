/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
/* Reading a patch: JSON text -> operations. */
#include <string.h>

#include "patch/operations.h"

static const struct op_name {
	const char *name;
	agr_op_kind kind;
} op_names[] = {
	{"add", AGR_OP_ADD},
	{"remove", AGR_OP_REMOVE},
	{"replace", AGR_OP_REPLACE},
	{"move", AGR_OP_MOVE},
	{"copy", AGR_OP_COPY},
	{"test", AGR_OP_TEST},
};

static bool wants_value(agr_op_kind kind)
{
	return kind == AGR_OP_ADD || kind == AGR_OP_REPLACE || kind == AGR_OP_TEST;
}

static bool wants_from(agr_op_kind kind)
{
	return kind == AGR_OP_MOVE || kind == AGR_OP_COPY;
}

/* The member's decoded text, in the arena. */
static int decode(agr_span *out, agr_arena *arena, agr_span string, agentrun_error **err)
{
	agr_buf text = AGR_BUF_INIT;
	char *copy = NULL;

	if (agr_string_is_plain(string)) {
		*out = (agr_span){string.p + 1, string.n - 2};
		return 0;
	}
	agr_string_decode(&text, string);
	if (!text.failed)
		copy = agr_arena_alloc(arena, text.len, 1);
	if (copy && text.len)
		memcpy(copy, text.data, text.len);
	*out = (agr_span){copy, text.len};
	agr_buf_free(&text);
	return copy ? 0 : agr_error_oom(err);
}

/* An operation's members, as they stand. */
enum { MEMBER_OP, MEMBER_PATH, MEMBER_FROM, MEMBER_VALUE, MEMBERS };

static const char *const member_names[MEMBERS] = {"op", "path", "from", "value"};

struct members {
	agr_span value[MEMBERS];
	int n[MEMBERS]; /* how often it is there */
};

/* Returns where the operation ends, an object that begins at `p`. */
static const char *read_members(struct members *out, const char *p)
{
	agr_iter it = agr_iter_of((agr_span){p, 1});
	agr_span key, value;

	memset(out, 0, sizeof(*out));
	while (agr_object_next(&it, &key, &value)) {
		for (int i = 0; i < MEMBERS; i++) {
			if (!agr_string_is(key, member_names[i], strlen(member_names[i])))
				continue;
			out->value[i] = value;
			out->n[i]++;
		}
	}
	return it.p + 1;
}

/* RFC 6902, 4: exactly one of each. Of two, no reader could know which counts. */
static int get_one(
	const struct members *members, int member, agr_span *out, agentrun_error **err)
{
	if (members->n[member] != 1)
		return agentrun_error_raise(err, AGENTRUN_EPATCH, "\"%s\" is %s",
			member_names[member],
			members->n[member] ? "there twice" : "missing");
	*out = members->value[member];
	return 0;
}

static int read_pointer(agr_pointer *out, agr_arena *arena, const struct members *members,
	int member, agentrun_error **err)
{
	const char *name = member_names[member];
	agr_span value, text;
	int r = get_one(members, member, &value, err);

	if (r < 0)
		return r;
	if (agr_span_type(value) != AGR_TYPE_STRING)
		return agentrun_error_raise(
			err, AGENTRUN_EPATCH, "\"%s\" must be a string", name);
	r = decode(&text, arena, value, err);
	if (r < 0)
		return r;
	r = agr_pointer_parse(out, arena, text.p, text.n, err);
	if (r < 0)
		agr_error_prefix(
			err, "\"%s\" (%s)", name, agr_shown(arena, text.p, text.n));
	return r;
}

static int read_kind(agr_op_kind *out, agr_arena *arena, const struct members *members,
	agentrun_error **err)
{
	agr_span op;
	int r = get_one(members, MEMBER_OP, &op, err);

	if (r < 0)
		return r;
	if (agr_span_type(op) != AGR_TYPE_STRING)
		return agentrun_error_raise(
			err, AGENTRUN_EPATCH, "\"op\" must be a string");
	for (size_t i = 0; i < AGR_COUNT(op_names); i++) {
		if (agr_string_is(op, op_names[i].name, strlen(op_names[i].name))) {
			*out = op_names[i].kind;
			return 0;
		}
	}
	return agentrun_error_raise(err, AGENTRUN_EPATCH,
		"unknown op %s, known are add, remove, replace, move, copy, test",
		agr_shown(arena, op.p, op.n));
}

/* The value at `*p`, which is moved behind it. */
static int read_operation(
	agr_operation *out, agr_arena *arena, const char **p, agentrun_error **err)
{
	struct members members;
	int r;

	memset(out, 0, sizeof(*out));
	if (**p != '{') {
		*p = agr_skip_value(*p);
		return agentrun_error_raise(err, AGENTRUN_EPATCH, "must be an object");
	}
	*p = read_members(&members, *p);
	r = read_kind(&out->kind, arena, &members, err);
	if (r == 0)
		r = read_pointer(&out->path, arena, &members, MEMBER_PATH, err);
	if (r == 0 && wants_from(out->kind))
		r = read_pointer(&out->from, arena, &members, MEMBER_FROM, err);
	if (r == 0 && wants_value(out->kind))
		r = get_one(&members, MEMBER_VALUE, &out->value, err);
	return r;
}

/* Behind an element: to the next one, or to the end. */
static void step(agr_iter *it)
{
	while (agr_is_white(*it->p) || *it->p == ',')
		it->p++;
}

/* Room for one more. */
static int more(agr_patch *out, size_t *cap, agr_arena *arena, agentrun_error **err)
{
	size_t wanted = *cap ? 2 * *cap : 16;
	agr_operation *grown;

	if (out->n < *cap)
		return 0;
	if (wanted >= UINT32_MAX)
		return agentrun_error_raise(err, AGENTRUN_ELIMIT, "too many operations");
	grown = agr_arena_alloc(arena, wanted, sizeof(*grown));
	if (!grown)
		return agr_error_oom(err);
	if (out->n)
		memcpy(grown, out->list, out->n * sizeof(*grown));
	out->list = grown;
	*cap = wanted;
	return 0;
}

/* Each operation's text is gone through once. */
static int read_list(agr_patch *out, agr_arena *arena, agr_span list, agr_faults *faults,
	agentrun_error **err)
{
	agr_iter it = agr_iter_of(list);
	size_t cap = 0;
	int r = 0;

	while (r == 0 && *it.p != ']') {
		agentrun_error *fault = NULL;

		r = more(out, &cap, arena, err);
		if (r < 0)
			return r;
		r = read_operation(&out->list[out->n++], arena, &it.p, &fault);
		if (r == AGENTRUN_EPATCH) {
			agr_faults_add(faults, "operation %zu: %s", out->n,
				agentrun_error_message(fault));
			r = 0;
		}
		agentrun_error_free(fault);
		step(&it);
	}
	return r < 0 ? agr_error_oom(err) : 0;
}

int agr_patch_read(agr_patch *out, agr_arena *arena, agr_span text, agr_faults *faults,
	agentrun_error **err)
{
	agr_span list;

	memset(out, 0, sizeof(*out));
	if (agr_span_type(text) == AGR_TYPE_OBJECT &&
		!agr_object_get(text, "operations", 10, &list) &&
		agr_object_get(text, "patch_spec", 10, &list)) {
		/* the tool's arguments; whose workflow it is, is not for us to say */
		if (agr_span_type(list) != AGR_TYPE_OBJECT)
			return agentrun_error_raise(err, AGENTRUN_EPATCH,
				"\"patch_spec\" must be an object that holds \"operations\"");
		text = list;
	}
	list = text;
	if (agr_span_type(text) == AGR_TYPE_OBJECT) {
		if (!agr_object_get(text, "operations", 10, &list))
			return agentrun_error_raise(
				err, AGENTRUN_EPATCH, "the patch has no \"operations\"");
		if (agr_object_get(text, "description", 11, &out->description) &&
			agr_span_type(out->description) != AGR_TYPE_STRING)
			return agentrun_error_raise(err, AGENTRUN_EPATCH,
				"the patch's \"description\" must be a string");
	}
	if (agr_span_type(list) != AGR_TYPE_ARRAY)
		return agentrun_error_raise(err, AGENTRUN_EPATCH,
			"the patch must be an array of operations, or an object that "
			"holds one as \"operations\"");
	return read_list(out, arena, list, faults, err);
}
