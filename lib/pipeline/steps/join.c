/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
/* join: the rows of two tables that have the same key. */
#include <stdlib.h>
#include <string.h>

#include "pipeline/steps/schema.h"
#include "pipeline/steps/steps.h"
#include "table/input.h"

#define NONE SIZE_MAX

struct join {
	agr_span rows; /* p is NULL: `ref` stands for them */
	char *ref;
	agr_fields left, right;
	bool keep_left; /* how: left */
	agr_wanted wanted;  /* of the right rows: the key, and */
	agr_wanted names;   /* what later steps look at in the joined rows, */
	size_t *left_slots; /* and where it is noted of the left; NULL: text is made */
	size_t *right_slots; /* and of the right; AGR_WANTED_NONE: it is of its key */
};

struct right_row {
	agr_span row;
	size_t next;        /* of the same key */
	size_t first, last; /* rows of the key that has this number */
};

struct joined {
	char *text; /* what a ref stood for */
	agr_keyset keys;
	struct right_row *rows;
	size_t n, cap;
	agr_span *found; /* what is noted of the right row at hand */
	agr_keyset names;     /* of the right's fields, and */
	agr_buf alone;        /* a row of nulls with them, for rows without a match */
	agr_members left, right;
	agr_buf name, made;   /* a new name, and those that could be made again */
	agr_span *noted; /* of the right rows and of `alone`, names.n each */
	agr_span *slots; /* of the row at hand */
	agr_row *row;    /* its left */
	size_t match;    /* its right, in rows; that behind the last is `alone` */
};

/* ---- reading it -------------------------------------------------------------- */

static void join_plan_free(void *plan)
{
	struct join *j = plan;

	free(j->ref);
	agr_wanted_free(&j->wanted);
	agr_wanted_free(&j->names);
	free(j->left_slots);
	free(j->right_slots);
	agr_fields_clear(&j->left);
	agr_fields_clear(&j->right);
	free(j);
}

static int read_side(const agr_args *args, const char *name, agr_fields *fields,
	agentrun_error **err)
{
	agr_span value = { NULL, 0 };
	int r;

	agr_fields_clear(fields);
	if (!agr_args_get(args, name, &value))
		value.p = NULL;
	r = agr_args_fields(args, name, fields, err);
	if (r < 0)
		return r;
	return fields->n ? 0 : agr_args_wrong(name, "a field's name or a list of them",
				       value, err);
}

static int read_keys(struct join *j, const agr_args *args, agentrun_error **err)
{
	agr_span on;
	bool both = agr_args_get(args, "on", &on);
	int r;

	if (!both && !agr_args_get(args, "left_on", &on) &&
		!agr_args_get(args, "right_on", &on))
		return agentrun_error_raise(err, AGENTRUN_EINPUT,
			"on is missing: it must be the key's field, or left_on and "
			"right_on must be given");
	r = read_side(args, both ? "on" : "left_on", &j->left, err);
	if (!r)
		r = read_side(args, both ? "on" : "right_on", &j->right, err);
	if (!r && j->left.n != j->right.n)
		return agentrun_error_raise(err, AGENTRUN_EINPUT,
			"left_on and right_on must name as many fields, got %zu and %zu",
			j->left.n, j->right.n);
	return r;
}

static int join_compile(void **plan, const agr_args *args, agentrun_error **err)
{
	static const char *const hows[] = { "inner", "left", NULL };
	struct join *j = calloc(1, sizeof(*j));
	agr_span right = { NULL, 0 };
	int how = 0, r;

	*plan = j;
	if (!j)
		return agr_error_oom(err);
	agr_wanted_init(&j->wanted);
	agr_wanted_init(&j->names);
	if (!agr_args_get(args, "right", &right) || (*right.p != '[' && *right.p != '"'))
		return agr_args_wrong("right", "a list of rows or a ref", right, err);
	if (*right.p == '[')
		j->rows = right;
	r = *right.p == '"' ? agr_args_string(args, "right", &j->ref, err) : 0;
	if (r < 0)
		return r;
	r = agr_args_choice(args, "how", hows, &how, err);
	if (r < 0)
		return r;
	j->keep_left = how;
	r = read_keys(j, args, err);
	if (!r && !agr_fields_want(&j->right, &j->wanted))
		r = agr_error_oom(err);
	return r;
}

static bool join_want(void *plan, agr_wanted *wanted)
{
	return agr_fields_want(&((struct join *)plan)->left, wanted);
}

agr_wanted *agr_join_names(void *plan)
{
	return &((struct join *)plan)->names;
}

/* A name that a clash may have made: only the text tells. */
static bool may_be_made(const agr_wanted_key *key)
{
	static const char tail[] = "_right";
	size_t n = sizeof(tail) - 1;

	return key->len >= n && memcmp(key->text + key->len - n, tail, n) == 0;
}

/* Of its key, which a joined row has from the left alone? */
static bool is_right_key(const struct join *j, const agr_wanted_key *key)
{
	for (size_t i = 0; i < j->right.n; i++) {
		const agr_path *path = &j->right.list[i].path;

		if (path->len == key->len && memcmp(path->text, key->text, key->len) == 0)
			return true;
	}
	return false;
}

int agr_join_link(void *plan, agr_wanted *left, agentrun_error **err)
{
	struct join *j = plan;

	for (size_t i = 0; i < j->names.n; i++)
		if (may_be_made(&j->names.keys[i]))
			return 0;
	j->left_slots = calloc(j->names.n + 1, sizeof(*j->left_slots));
	j->right_slots = calloc(j->names.n + 1, sizeof(*j->right_slots));
	if (!j->left_slots || !j->right_slots)
		return agr_error_oom(err);
	for (size_t i = 0; i < j->names.n; i++) {
		const agr_wanted_key *key = &j->names.keys[i];
		bool hidden = is_right_key(j, key);

		j->left_slots[i] = agr_wanted_add(left, key->text, key->len);
		j->right_slots[i] = hidden ? AGR_WANTED_NONE
					   : agr_wanted_add(&j->wanted, key->text, key->len);
		if (j->left_slots[i] == AGR_WANTED_NONE ||
			(!hidden && j->right_slots[i] == AGR_WANTED_NONE))
			return agr_error_oom(err);
	}
	return 0;
}

static const char *join_wants(const void *plan)
{
	return ((const struct join *)plan)->ref;
}

/* ---- the right side ------------------------------------------------------------ */

/* The row's key; false when a field of it is missing or null. */
static bool read_key(const agr_fields *fields, const agr_row *row, agr_buf *key)
{
	agr_span value;

	agr_buf_reset(key);
	for (size_t i = 0; i < fields->n; i++) {
		if (!agr_field_get(&fields->list[i], row, &value))
			return false;
		agr_value_canonical(key, value);
	}
	return true;
}

static bool is_key_field(const struct join *j, agr_span name)
{
	for (size_t i = 0; i < j->right.n; i++) {
		const agr_path *path = &j->right.list[i].path;

		if (agr_string_is(name, path->text, path->len))
			return true;
	}
	return false;
}

static int add_column(struct joined *s, agr_span name, agr_buf *text,
	agentrun_error **err)
{
	bool added;

	agr_buf_reset(text);
	agr_string_decode(text, name);
	if (text->failed ||
		agr_keyset_add(&s->names, text->data, text->len, &added) == AGR_KEYSET_NONE)
		return agr_error_oom(err);
	if (!added)
		return 0;
	agr_buf_char(&s->alone, s->alone.len ? ',' : '{');
	agr_buf_add(&s->alone, name.p, name.n);
	agr_buf_str(&s->alone, ":null");
	return 0;
}

static int add_columns(agr_op *op, agr_span row, agentrun_error **err)
{
	const struct join *j = op->plan;
	agr_iter it = agr_iter_of(row);
	agr_span name, value;
	int r = 0;

	while (!r && agr_object_next(&it, &name, &value))
		if (!is_key_field(j, name))
			r = add_column(op->state, name, &op->row, err);
	return r;
}

/* How much is noted of a row. */
static size_t n_noted(const struct join *j)
{
	return j->right_slots ? j->names.n : 0;
}

/* Room for one row more, and `alone` behind it. */
static bool reserve(const struct join *j, struct joined *s)
{
	size_t cap = s->cap ? 2 * s->cap : 64, note = n_noted(j) + 1;
	void *grown;

	if (s->n + 1 < s->cap)
		return true;
	if (cap > SIZE_MAX / (note * sizeof(*s->noted)) / 2 ||
		!agr_arena_charge(&s->keys.arena, (cap - s->cap) *
			(sizeof(*s->rows) + note * sizeof(*s->noted))))
		return false;
	grown = realloc(s->rows, cap * sizeof(*s->rows));
	if (!grown)
		return false;
	s->rows = grown;
	grown = realloc(s->noted, cap * note * sizeof(*s->noted));
	if (!grown)
		return false;
	s->noted = grown;
	s->cap = cap;
	return true;
}

/* Behind the right rows: what stands in where none matches. */
static int add_alone(const struct join *j, struct joined *s, agentrun_error **err)
{
	agr_span *noted, row;

	agr_buf_str(&s->alone, s->alone.len ? "}" : "{}");
	if (s->alone.failed || !reserve(j, s))
		return agr_error_oom(err);
	row = (agr_span){ s->alone.data, s->alone.len };
	s->rows[s->n] = (struct right_row){ .row = row, .next = NONE };
	noted = s->noted + s->n * n_noted(j);
	for (size_t i = 0; i < n_noted(j); i++) {
		const agr_wanted_key *key = &j->names.keys[i];

		if (j->right_slots[i] == AGR_WANTED_NONE ||
			!agr_object_get(row, key->text, key->len, &noted[i]))
			noted[i].p = NULL;
	}
	return 0;
}

static int add_right(agr_op *op, const agr_row *row, agentrun_error **err)
{
	static const agr_span nothing = { NULL, 0 };
	const struct join *j = op->plan;
	struct joined *s = op->state;
	agr_span *noted;
	size_t at;
	bool added;
	int r = 0;

	if (*row->span.p != '{')
		return 0;
	if (j->keep_left)
		r = add_columns(op, row->span, err);
	if (r < 0 || !read_key(&j->right, row, &op->key))
		return r;
	at = op->key.failed || !reserve(j, s)
		? AGR_KEYSET_NONE
		: agr_keyset_add(&s->keys, op->key.data, op->key.len, &added);
	if (at == AGR_KEYSET_NONE)
		return agr_error_oom(err);
	s->rows[s->n].row = row->span;
	s->rows[s->n].next = NONE;
	if (added)
		s->rows[at].first = s->n;
	else
		s->rows[s->rows[at].last].next = s->n;
	s->rows[at].last = s->n;
	noted = s->noted + s->n * n_noted(j);
	for (size_t i = 0; i < n_noted(j); i++)
		noted[i] = j->right_slots[i] == AGR_WANTED_NONE ? nothing
								 : s->found[j->right_slots[i]];
	s->n++;
	return 0;
}

/* The right rows are scanned as those of an input are, and stay where they are. */
static int add_rows(agr_op *op, agr_span rows, agentrun_error **err)
{
	const struct join *j = op->plan;
	struct joined *s = op->state;
	agr_input in;
	agr_row row;
	int r = agr_input_open_value(&in, rows, err);

	agr_input_want(&in, &j->wanted, s->found);
	while (!r && (r = agr_input_next(&in, &row, err)) == 1)
		r = add_right(op, &row, err);
	agr_input_close(&in);
	return r;
}

static int join_open(agr_op *op, agr_span supplied, agentrun_error **err)
{
	const struct join *j = op->plan;
	struct joined *s = op->state;
	agr_span rows = j->rows;
	int r;

	s->name.max = s->made.max = s->alone.max = SIZE_MAX;
	s->keys.arena.meter = s->names.arena.meter = agr_op_meter(op);
	if (supplied.p) {
		s->text = agr_strndup(supplied.p, supplied.n);
		if (!s->text)
			return agr_error_oom(err);
		rows = (agr_span){ s->text, supplied.n };
	}
	if (*rows.p != '[')
		return agentrun_error_raise(err, AGENTRUN_EPIPELINE,
			"right must be rows, but %s stands for %s", j->ref,
			agr_type_phrase(rows));
	if (!agr_arena_charge(&s->keys.arena, supplied.n))
		return agr_error_oom(err);
	s->slots = calloc(j->names.n + 1, sizeof(*s->slots));
	s->found = calloc(j->wanted.n + 1, sizeof(*s->found));
	if (!s->slots || !s->found)
		return agr_error_oom(err);
	r = add_rows(op, rows, err);
	return r < 0 ? r : add_alone(j, s, err);
}

/* ---- matching ------------------------------------------------------------------- */

/* Was this name made for another of the row's fields? */
static bool is_made(const struct joined *s, agr_span name)
{
	agr_span known;

	for (size_t at = 0; at < s->made.len; at += known.n) {
		known.p = s->made.data + at;
		known.n = (size_t)(agr_skip_value(known.p) - known.p);
		if (agr_string_same(known, name))
			return true;
	}
	return false;
}

/* A right field's name, with as many "_right" as it takes to be a new one. What ends in
 * two of them may be made of two names. */
static agr_span free_name(struct joined *s, agr_span name)
{
	static const char twice[] = "_right_right\"";
	const size_t n = sizeof(twice) - 1;
	agr_span found;
	bool again;

	if (!agr_members_find(&s->left, name))
		return name;
	agr_buf_reset(&s->name);
	agr_buf_add(&s->name, name.p, name.n - 1);
	do {
		if (s->name.len > name.n - 1)
			s->name.len--;
		agr_buf_str(&s->name, "_right\"");
		if (s->name.failed)
			return name;
		found = (agr_span){ s->name.data, s->name.len };
		again = found.n > n && memcmp(found.p + found.n - n, twice, n) == 0;
	} while (agr_members_find(&s->left, found) || agr_members_find(&s->right, found) ||
		(again && is_made(s, found)));
	if (again)
		agr_buf_add(&s->made, found.p, found.n);
	return found;
}

static void write_member(agr_buf *out, agr_span name, agr_span value)
{
	if (out->len > 1)
		agr_buf_char(out, ',');
	agr_buf_add(out, name.p, name.n);
	agr_buf_char(out, ':');
	agr_buf_add(out, value.p, value.n);
}

static void write_left(agr_op *op)
{
	struct joined *s = op->state;

	agr_buf_reset(&op->row);
	agr_buf_char(&op->row, '{');
	for (size_t i = 0; i < s->left.n; i++)
		write_member(&op->row, s->left.list[i].key, s->left.list[i].value);
}

static int write_match(agr_op *op, agr_span right, agentrun_error **err)
{
	struct joined *s = op->state;

	if (!agr_members_read(&s->right, right))
		return agr_error_oom(err);
	write_left(op);
	agr_buf_reset(&s->made);
	for (size_t i = 0; i < s->right.n; i++) {
		const agr_member *m = &s->right.list[i];

		if (!is_key_field(op->plan, m->key))
			write_member(&op->row, free_name(s, m->key), m->value);
	}
	return 0;
}

/* The text of the joined row at hand. */
static int make(agr_row *row, void *maker, agentrun_error **err)
{
	agr_op *op = maker;
	struct joined *s = op->state;
	int r = agr_row_make(s->row, err);

	if (r < 0)
		return r;
	if (!agr_members_read(&s->left, s->row->span))
		return agr_error_oom(err);
	r = write_match(op, s->rows[s->match].row, err);
	agr_buf_char(&op->row, '}');
	if (s->name.failed || s->made.failed)
		return agr_error_oom(err);
	row->span = (agr_span){ op->row.data, op->row.len };
	return r < 0 ? r : agr_buf_check(&op->row, "a row", err);
}

/* What later steps look at: the left's, else the right's. */
static void note(const struct join *j, struct joined *s, const agr_row *row)
{
	for (size_t i = 0; i < j->names.n; i++) {
		s->slots[i] = row->slots[j->left_slots[i]];
		if (!s->slots[i].p)
			s->slots[i] = s->noted[s->match * j->names.n + i];
	}
}

static int emit(agr_op *op, agr_row *row, size_t match, agentrun_error **err)
{
	const struct join *j = op->plan;
	struct joined *s = op->state;
	agr_row joined = { .make = make, .maker = op };
	int r = 0;

	s->row = row;
	s->match = match;
	if (row->slots && j->left_slots) {
		note(j, s, row);
		joined.slots = s->slots;
	} else {
		r = agr_row_make(&joined, err);
	}
	return r < 0 ? r : agr_op_emit(op, &joined, err);
}

static int emit_alone(agr_op *op, agr_row *row, agentrun_error **err)
{
	const struct join *j = op->plan;
	int r;

	if (!j->keep_left)
		return 0;
	r = agr_row_make(row, err);
	if (r < 0)
		return r;
	if (*row->span.p == '{')
		return emit(op, row, ((const struct joined *)op->state)->n, err);
	row->slots = NULL; /* they are not what comes next */
	return agr_op_emit(op, row, err);
}

static int join_push(agr_op *op, agr_row *row, agentrun_error **err)
{
	const struct join *j = op->plan;
	struct joined *s = op->state;
	size_t at = AGR_KEYSET_NONE;
	int r = 0;

	if (read_key(&j->left, row, &op->key)) {
		if (op->key.failed)
			return agr_error_oom(err);
		at = agr_keyset_find(&s->keys, op->key.data, op->key.len);
	}
	if (at == AGR_KEYSET_NONE)
		return emit_alone(op, row, err);
	for (size_t i = s->rows[at].first; !r && i != NONE; i = s->rows[i].next)
		r = emit(op, row, i, err);
	return r;
}

static void join_close(agr_op *op)
{
	struct joined *s = op->state;

	free(s->text);
	free(s->noted);
	free(s->found);
	free(s->slots);
	free(s->rows);
	agr_keyset_free(&s->keys);
	agr_keyset_free(&s->names);
	agr_members_free(&s->left);
	agr_members_free(&s->right);
	agr_buf_free(&s->name);
	agr_buf_free(&s->made);
	agr_buf_free(&s->alone);
}

const agr_step_type agr_step_join = {
	.name = "join",
	.summary = "the rows of two tables that have the same key",
	.holds = "the right side",
	.schema = AGR_SCHEMA_MORE("join", AGR_NEEDED("right"),
		AGR_PARAM("right", "{\"type\":[\"array\",\"string\"]," AGR_ABOUT("rows, or a ref") "}")
		AGR_PARAM("on", AGR_FIELDS("the key, where both sides have it"))
		AGR_PARAM("left_on", AGR_FIELDS("the rows' key"))
		AGR_PARAM("right_on", AGR_FIELDS("the key of right"))
		AGR_PARAM("how", "{\"enum\":[\"inner\",\"left\"]}"),
		",\"anyOf\":[{\"required\":[\"on\"]},{\"required\":[\"left_on\",\"right_on\"]}]"),
	.compile = join_compile,
	.plan_free = join_plan_free,
	.state_size = sizeof(struct joined),
	.wants = join_wants,
	.open = join_open,
	.want = join_want,
	.makes_rows = true,
	.push = join_push,
	.close = join_close,
};
