/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
/* The scanner against jansson, against itself without remembered shapes, and on texts
 * that are cut. */
#include "unit.h"

#include "json/json.h"
#include "table/scanner.h"
#include "texts.h"

#define DEPTH 2048 /* jansson's */
#define SLOTS_MAX 40

static agr_scanner scanner;

/* ---- jansson ----------------------------------------------------------------- */

/* What jansson says: 1, 0, or -1 where it refuses what JSON allows, or takes a NUL for
 * the end. */
static int jansson_accepts(const char *p, size_t n)
{
	json_error_t error;
	json_t *value = json_loadb(p, n, JSON_DECODE_ANY | JSON_ALLOW_NUL, &error);

	if (value) {
		json_decref(value);
		return memchr(p, '\0', n) ? -1 : 1;
	}
	if (json_error_code(&error) == json_error_numeric_overflow ||
		json_error_code(&error) == json_error_null_byte_in_key ||
		strstr(error.text, "invalid Unicode"))
		return -1;
	return 0;
}

/* Exactly one value? Then its span; else the scanner has the fault. */
static bool accepts(const char *p, size_t n, bool whole, const agr_index_kernel *kernel,
	agr_span *out)
{
	agr_scanner *s = &scanner;
	int r;

	agr_scanner_begin(s, p, p + n, whole, DEPTH, kernel);
	r = agr_scanner_value(s, out, NULL, NULL);
	if (r == AGR_SCAN_VALUE) {
		const char *next = agr_scanner_next(s);

		s->fault_at = next ? next : s->index.fault.at;
		s->fault = next ? "more" : s->index.fault.what;
		r = s->fault ? AGR_SCAN_FAULT : r;
	} else if (r == AGR_SCAN_END) {
		s->fault_at = p + n;
		s->fault = "empty";
	}
	agr_scanner_end(s);
	return r == AGR_SCAN_VALUE;
}

/* What comes before a fault is the beginning of a text, or all of one. */
static void is_first_fault(const char *p, const char *at, const agr_index_kernel *kernel)
{
	agr_scanner *s = &scanner;
	agr_span value;
	int r;

	agr_scanner_begin(s, p, at, false, DEPTH, kernel);
	do
		r = agr_scanner_value(s, &value, NULL, NULL);
	while (r == AGR_SCAN_VALUE);
	must(r != AGR_SCAN_FAULT, "a fault at %d, but %s at %d", (int)(at - p), s->fault,
		(int)(s->fault_at - p));
	agr_scanner_end(s);
}

static void agrees(const char *text, size_t n)
{
	const char *p = fenced(text, n), *at = NULL, *what = NULL;
	int right = jansson_accepts(p, n);
	const agr_index_kernel *kernel;
	agr_span value;

	for (size_t i = 0; (kernel = agr_index_kernel_at(i)); i++) {
		bool accepted = accepts(p, n, true, kernel, &value);

		must(right < 0 || accepted == right, "%s: %s: %.*s",
			agr_index_kernel_name(kernel), accepted ? "" : scanner.fault,
			(int)n, p);
		if (accepted)
			continue;
		must(scanner.fault && scanner.fault_at >= p && scanner.fault_at <= p + n,
			"no fault, or elsewhere");
		if (i)
			must(at == scanner.fault_at && !strcmp(what, scanner.fault),
				"%s, or %s", what, scanner.fault);
		at = scanner.fault_at;
		what = scanner.fault;
		is_first_fault(p, at, kernel);
	}
}

START_TEST(valid_and_mutated_texts_are_accepted_as_by_jansson)
{
	agr_buf text = AGR_BUF_INIT;

	texts_seed(11);
	for (unsigned i = 0; i < 1500; i++) {
		agr_buf_reset(&text);
		add_white(&text, i % 4);
		add_value(&text, 5, i % 4);
		add_white(&text, i % 4);
		if (text.len > 30000)
			continue;
		agrees(text.data, text.len);
		for (int k = 0; k < 5; k++) {
			mutate(&text);
			agrees(text.data, text.len);
		}
	}
	agr_buf_free(&text);
}
END_TEST

START_TEST(short_texts_of_the_bytes_that_matter_are_accepted_as_by_jansson)
{
	static const char marks[] = "{}[]\":,0-1.eE+ tnu\\\n\x1f\xc3\xa9";
	static const char *const words[] = { "true", "false", "null", "\"a\"", "-0.5e1", "[",
		"]", "{", "}", ":", ",", " ", "1", "\"\"", "{}" };
	char text[40];

	texts_seed(12);
	for (int i = 0; i < 15000; i++) {
		size_t n = below(7);

		for (size_t k = 0; k < n; k++)
			text[k] = marks[below(sizeof(marks) - 1)];
		agrees(text, n);
	}
	for (int i = 0; i < 15000; i++) {
		agr_buf out = AGR_BUF_INIT;

		agr_buf_str(&out, "");
		for (size_t k = below(8); k; k--)
			agr_buf_str(&out, words[below(AGR_COUNT(words))]);
		agrees(out.data ? out.data : "", out.len);
		agr_buf_free(&out);
	}
}
END_TEST

START_TEST(numbers_of_every_form_are_accepted_as_by_jansson)
{
	static const char marks[] = "0123456789.-+eE";
	char text[16];

	texts_seed(13);
	for (int i = 0; i < 25000; i++) {
		size_t n = 3 + below(9);

		text[0] = '[';
		for (size_t k = 1; k < n; k++)
			text[k] = marks[below(3) ? below(11) : below(sizeof(marks) - 1)];
		memcpy(text + n, "] ", 2);
		agrees(text, n + 1);          /* near the end: no eight bytes */
		agrees(text + 1, n - 1);
	}
}
END_TEST

/* `n` times `open` around one `inside`. */
static void add_nested(agr_buf *to, size_t n, const char *open, const char *close)
{
	for (size_t i = 0; i < n; i++)
		agr_buf_str(to, open);
	agr_buf_str(to, "1");
	for (size_t i = 0; i < n; i++)
		agr_buf_str(to, close);
}

START_TEST(depth_ends_where_it_is_said_to)
{
	static const char *const pairs[][2] = { { "[", "]" }, { "{\"a\":", "}" },
		{ " [0,{\"\":", "}]" } };
	agr_span value;

	for (size_t i = 0; i < AGR_COUNT(pairs); i++)
		for (size_t n = 1000; n <= 2050; n += n < 1022 || n > 2040 ? 1 : 100) {
			size_t depth = n * (i == 2 ? 2 : 1);
			agr_buf text = AGR_BUF_INIT;
			const char *p;

			add_nested(&text, n, pairs[i][0], pairs[i][1]);
			p = fenced(text.data, text.len);
			ck_assert_int_eq(accepts(p, text.len, true, NULL, &value),
				depth <= DEPTH);
			ck_assert_int_eq(scanner.too_deep, depth > DEPTH);
			agr_buf_free(&text);
		}
}
END_TEST

/* An object with some of a few keys, however written, and objects inside. */
static void add_object(agr_buf *to, size_t depth)
{
	static const char *const keys[] = { "a", "\\u0061", "id", "", "retry", "a long key of a row",
		"a long key of a raw", "max", "min", "type", "name", "\\n", "url", "to", "from", "x",
		"y", "z", "0", "00", "caf\xc3\xa9", "caf\\u00e9" };
	size_t n = below(depth ? 7 : 3);

	agr_buf_char(to, '{');
	for (size_t i = 0; i < n; i++) {
		agr_buf_printf(to, "%s\"%s\" :", i ? "," : "", keys[below(AGR_COUNT(keys))]);
		if (depth && below(3) == 0)
			add_object(to, depth - 1);
		else
			agr_buf_printf(to, "%zu", below(10));
	}
	agr_buf_char(to, '}');
}

START_TEST(a_key_that_is_there_twice_is_noticed)
{
	agr_buf text = AGR_BUF_INIT, written = AGR_BUF_INIT, dense = AGR_BUF_INIT;
	size_t n_twice = 0;

	texts_seed(15);
	for (int i = 0; i < 4000; i++) {
		agr_unique unique = { .twice = false };
		agr_span value;
		size_t n;

		agr_buf_reset(&text);
		agr_buf_reset(&written);
		agr_buf_reset(&dense);
		add_object(&text, below(4));
		agr_scanner_begin(&scanner, text.data, text.data + text.len, true, 0, NULL);
		scanner.unique = &unique;
		ck_assert_int_eq(agr_scanner_value(&scanner, &value, NULL, NULL), AGR_SCAN_VALUE);
		agr_scanner_end(&scanner);
		/* Written out, such a key is there once. */
		agr_value_write(&written, value);
		n = agr_index_squeeze(agr_buf_reserve(&dense, text.len + AGR_INDEX_BLOCK),
			value.p, value.n, NULL);
		must(unique.twice == (n != written.len), "%s", text.data);
		n_twice += unique.twice;
		agr_unique_free(&unique);
	}
	ck_assert_uint_gt(n_twice, 100);
	ck_assert_uint_lt(n_twice, 3000);
	agr_buf_free(&text);
	agr_buf_free(&written);
	agr_buf_free(&dense);
}
END_TEST

START_TEST(levels_around_the_values_count)
{
	const char *p = fenced("[[]] ", 5);
	agr_span value;

	for (size_t open = 0; open < 3; open++) {
		agr_scanner_begin(&scanner, p, p + 5, true, 3, NULL);
		scanner.open = open;
		ck_assert_int_eq(agr_scanner_value(&scanner, &value, NULL, NULL),
			open < 2 ? AGR_SCAN_VALUE : AGR_SCAN_FAULT);
		ck_assert_int_eq(scanner.too_deep, open == 2);
		agr_scanner_end(&scanner);
	}
}
END_TEST

/* ---- many values, with and without what is wanted ----------------------------- */

#define VALUES_MAX 4000

struct reading {
	size_t n;
	int end; /* AGR_SCAN_... */
	const char *fault, *fault_at;
	agr_span values[VALUES_MAX];
};

static void slots_are_right(agr_span value, const agr_wanted *wanted,
	const agr_span *slots)
{
	for (size_t i = 0; i < wanted->n; i++) {
		agr_span member = { NULL, 0 };

		if (*value.p == '{')
			agr_object_get(value, wanted->keys[i].text, wanted->keys[i].len,
				&member);
		if (member.p != slots[i].p || (member.p && member.n != slots[i].n))
			ck_abort_msg("of \"%s\" in %.*s: %.*s", wanted->keys[i].text,
				(int)value.n, value.p, slots[i].p ? (int)slots[i].n : 1,
				slots[i].p ? slots[i].p : "-");
	}
}

static void read_values(struct reading *to, agr_scanner *s, const agr_wanted *wanted)
{
	agr_span slots[SLOTS_MAX], value;

	to->n = 0;
	memset(slots, 0xa5, sizeof(slots));
	while ((to->end = agr_scanner_value(s, &value, wanted, slots)) == AGR_SCAN_VALUE) {
		must(to->n < VALUES_MAX && s->pos == value.p + value.n, "a wrong end");
		to->values[to->n++] = value;
		if (wanted)
			slots_are_right(value, wanted, slots);
	}
	to->fault = s->fault;
	to->fault_at = s->fault_at;
}

static void same_values(const struct reading *a, const struct reading *b)
{
	must(a->n == b->n && a->end == b->end, "%zu values and %d, or %zu and %d", a->n,
		a->end, b->n, b->end);
	for (size_t i = 0; i < a->n; i++)
		if (a->values[i].p != b->values[i].p || a->values[i].n != b->values[i].n)
			ck_abort_msg("value %zu: %.*s, or %.*s", i, (int)a->values[i].n,
				a->values[i].p, (int)b->values[i].n, b->values[i].p);
}

static struct reading plain, other;

/* Read by every kernel, with shapes and without; the same comes out. */
static void reads_alike(const char *text, size_t n, const agr_wanted *wanted)
{
	const char *p = fenced(text, n);
	const agr_index_kernel *kernel;

	agr_scanner_begin(&scanner, p, p + n, true, DEPTH, NULL);
	read_values(&plain, &scanner, NULL);
	agr_scanner_end(&scanner);
	for (size_t i = 0; (kernel = agr_index_kernel_at(i)); i++) {
		memset(&scanner, 0xa5, sizeof(scanner));
		agr_scanner_begin(&scanner, p, p + n, true, DEPTH, kernel);
		read_values(&other, &scanner, wanted);
		agr_scanner_end(&scanner);
		same_values(&plain, &other);
		if (plain.end == AGR_SCAN_FAULT)
			must(!strcmp(plain.fault, other.fault) &&
				plain.fault_at == other.fault_at, "%s, or %s", plain.fault,
				other.fault);
	}
}

/* ---- rows --------------------------------------------------------------------- */

#define LONG "a_key_of_more_than_64_bytes_that_goes_on_and_on_and_is_not_at_an_end_yet"

/* As they are written, some twice the same, and as they are asked for. */
static const char *const written[] = { "", "a", "id", "name", "exactly_14_byt",
	"one_more_than14", LONG, LONG "2", "\\u0061", "i\\u0064", "n\\/a", "n/a", "sp ace", "\xc3\xa9",
	"\\u00e9", "back\\\\slash", "qu\\\"ote", "\xf0\x9f\x98\x80", "x", "y", "id2" };
static const char *const asked[] = { "", "a", "id", "exactly_14_byt", "one_more_than14",
	LONG, "n/a", "\xc3\xa9", "back\\slash", "qu\"ote", "nobody has this", "\xf0\x9f\x98\x80",
	"y" };

static void want(agr_wanted *wanted, const char *const *keys, size_t n)
{
	agr_wanted_init(wanted);
	for (size_t i = 0; i < n; i++)
		ck_assert_uint_eq(agr_wanted_add(wanted, keys[i], strlen(keys[i])), i);
}

/* Members by their keys, and what kind of value each has. */
struct template {
	size_t n;
	size_t keys[12];
	size_t kinds[12];
};

static struct template any_template(void)
{
	struct template t = { .n = below(12) };

	for (size_t i = 0; i < t.n; i++) {
		t.keys[i] = below(2) ? below(4) : below(AGR_COUNT(written));
		t.kinds[i] = below(7);
	}
	return t;
}

static void add_member_value(agr_buf *to, size_t kind, unsigned style)
{
	static const char *const words[] = { "true", "false", "null" };

	if (kind < 3)
		agr_buf_str(to, words[kind]);
	else if (kind == 3)
		add_number(to);
	else if (kind == 4)
		add_string(to);
	else if (kind == 5)
		agr_buf_str(to, below(2) ? "{\"id\":[],\"a\":{}}" : "[[ 1],{\"a\": 2}]");
	else
		add_value(to, 3, style);
}

static void add_row(agr_buf *to, const struct template *t, unsigned style)
{
	agr_buf_char(to, '{');
	for (size_t i = 0; i < t->n; i++) {
		if (i)
			agr_buf_char(to, ',');
		add_white(to, style);
		agr_buf_printf(to, "\"%s\"", written[t->keys[i]]);
		add_white(to, style);
		agr_buf_char(to, ':');
		add_white(to, style);
		add_member_value(to, t->kinds[i], style);
		add_white(to, style);
	}
	agr_buf_char(to, '}');
}

/* Rows of so many templates, now and then another one or something that is no row. */
static void add_rows(agr_buf *to, size_t n_templates, size_t size, unsigned style)
{
	struct template templates[12], odd;

	for (size_t i = 0; i < n_templates; i++)
		templates[i] = any_template();
	while (to->len < size) {
		odd = any_template();
		add_row(to, below(30) ? &templates[below(n_templates)] : &odd, style);
		if (below(60) == 0)
			add_value(to, 2, style);
		agr_buf_char(to, '\n');
		if (to->len > size + 30000)
			break;
	}
}

START_TEST(slots_hold_what_a_look_into_the_row_finds)
{
	agr_buf text = AGR_BUF_INIT;
	agr_wanted wanted;

	want(&wanted, asked, AGR_COUNT(asked));
	texts_seed(21);
	for (size_t i = 0; i < 60; i++) {
		agr_buf_reset(&text);
		add_rows(&text, 1 + i % 12, i % 5 ? 3000 : 40000, (unsigned)(i / 12 % 3));
		reads_alike(text.data, text.len, &wanted);
		ck_assert_int_eq(plain.end, AGR_SCAN_END);
		ck_assert_uint_gt(plain.n, 1);
	}
	agr_buf_free(&text);
	agr_wanted_free(&wanted);
}
END_TEST

START_TEST(a_remembered_shape_accepts_nothing_that_is_wrong)
{
	agr_buf text = AGR_BUF_INIT;
	agr_wanted wanted;

	want(&wanted, asked, AGR_COUNT(asked));
	texts_seed(22);
	for (size_t i = 0; i < 1500; i++) {
		agr_buf_reset(&text);
		add_rows(&text, 1 + i % 4, 500 + below(1500), i % 7 ? 0 : 1);
		for (size_t k = 0; k <= i % 3; k++)
			mutate(&text);
		reads_alike(text.data, text.len, &wanted);
	}
	agr_buf_free(&text);
	agr_wanted_free(&wanted);
}
END_TEST

START_TEST(rows_that_cannot_be_remembered_leave_remembered_ones_alone)
{
	static const char odd[] = "{\"x\":1,\"key_of_20_characters\":2,\"id\":3}\n";
	static const char wrong[] = "{\"x\":1,\"key_of_20_characters\":01,\"id\":nul}\n";
	const char *const keys[] = { "id", "x" };
	agr_buf text = AGR_BUF_INIT;
	agr_wanted wanted;

	want(&wanted, keys, AGR_COUNT(keys));
	/* As many shapes as there is room for, each twice. */
	for (int i = 0; i < 2 * AGR_SHAPES; i++) {
		agr_buf_char(&text, '{');
		for (int k = 0; k <= i % AGR_SHAPES; k++)
			agr_buf_printf(&text, "\"k%d\":%d,", k, i);
		agr_buf_str(&text, "\"id\":true}\n");
	}
	agr_buf_str(&text, odd);
	agr_buf_str(&text, odd);
	reads_alike(text.data, text.len, &wanted);
	ck_assert_int_eq(plain.end, AGR_SCAN_END);
	agr_buf_str(&text, wrong);
	reads_alike(text.data, text.len, &wanted);
	ck_assert_int_eq(plain.end, AGR_SCAN_FAULT);
	agr_buf_free(&text);
	agr_wanted_free(&wanted);
}
END_TEST

/* Sanitizers see what is read behind the text. */
START_TEST(short_keys_at_the_end_are_compared_with_long_ones)
{
	const char *const keys[] = { "id" };
	agr_buf text = AGR_BUF_INIT;
	agr_wanted wanted;
	char *exact;

	want(&wanted, keys, AGR_COUNT(keys));
	for (int i = 0; i < 3; i++)
		agr_buf_printf(&text, "{\"%0300d\":1,\"id\":%d}\n", 0, i);
	agr_buf_str(&text, "{\"a\":1,\"id\":4}                \n");
	exact = malloc(text.len);
	ck_assert_ptr_nonnull(exact);
	memcpy(exact, text.data, text.len);
	reads_alike(exact, text.len, &wanted);
	ck_assert_int_eq(plain.end, AGR_SCAN_END);
	free(exact);
	agr_buf_free(&text);
	agr_wanted_free(&wanted);
}
END_TEST

START_TEST(shapes_in_turn_are_each_learned_once)
{
	const char *const keys[] = { "id" };
	agr_buf text = AGR_BUF_INIT;
	agr_wanted wanted;
	agr_span slot, value;
	size_t n = 0;

	want(&wanted, keys, 1);
	for (int i = 0; i < 300; i++)
		agr_buf_printf(&text, i % 3 == 0 ? "{\"id\":%d}\n" : i % 3 == 1
			? "{\"a\":\"\",\"id\":%d}\n" : "{\"id\":[%d]}\n", i);
	agr_buf_printf(&text, "%32s", ""); /* right before the end none is looked for */
	agr_scanner_begin(&scanner, text.data, text.data + text.len, true, 0, NULL);
	while (agr_scanner_value(&scanner, &value, &wanted, &slot) == AGR_SCAN_VALUE)
		n++;
	ck_assert_uint_eq(n, 300);
	ck_assert_uint_eq(scanner.shapes.n, 3);
	agr_scanner_end(&scanner);
	agr_buf_free(&text);
	agr_wanted_free(&wanted);
}
END_TEST

START_TEST(more_members_than_a_shape_can_hold_are_all_found)
{
	static char names[SLOTS_MAX][8];
	const char *keys[SLOTS_MAX];
	agr_buf text = AGR_BUF_INIT;
	agr_wanted wanted;

	for (int i = 0; i < SLOTS_MAX; i++) {
		snprintf(names[i], sizeof(names[i]), "k%d", i);
		keys[i] = names[i];
	}
	want(&wanted, keys, SLOTS_MAX);
	for (int members = 30; members < 70; members++) {
		agr_buf_reset(&text);
		for (int row = 0; row < 4; row++) {
			agr_buf_char(&text, '{');
			for (int i = 0; i < members; i++)
				agr_buf_printf(&text, "%s\"k%d\":%d", i ? "," : "", i, row * i);
			agr_buf_str(&text, "} ");
		}
		reads_alike(text.data, text.len, &wanted);
		ck_assert_uint_eq(plain.n, 4);
	}
	agr_buf_free(&text);
	agr_wanted_free(&wanted);
}
END_TEST

/* ---- cut texts ---------------------------------------------------------------- */

/* Read what comes before the cut, then all from there on. */
static void cut_is_no_fault(const char *text, size_t n, size_t cut,
	const agr_wanted *wanted, const agr_index_kernel *kernel)
{
	const char *p = fenced(text, cut);
	size_t before;

	agr_scanner_begin(&scanner, p, p + cut, false, DEPTH, kernel);
	read_values(&other, &scanner, wanted);
	must(other.end != AGR_SCAN_FAULT, "cut at %zu: %s at %zu", cut,
		scanner.fault, (size_t)(scanner.fault_at - p));
	before = other.n;
	for (size_t i = 0; i < plain.n; i++) {
		size_t from = (size_t)(plain.values[i].p - text), len = plain.values[i].n;
		bool closed = strchr("\"]}", plain.values[i].p[len - 1]) != NULL;

		if (i < before)
			must(other.values[i].p == p + from && other.values[i].n == len,
				"cut at %zu: value %zu is another", cut, i);
		else
			must(from + len > cut || !closed, "cut at %zu: value %zu "
				"is not read", cut, i);
		must(i != before || scanner.pos <= p + from, "cut at %zu: too far", cut);
	}
	/* Go on with the rest. */
	text += scanner.pos - p;
	n -= (size_t)(scanner.pos - p);
	agr_scanner_move(&scanner, text, text + n, true);
	read_values(&other, &scanner, wanted);
	agr_scanner_end(&scanner);
	must(other.end == AGR_SCAN_END && other.n == plain.n - before,
		"cut at %zu: the rest is not read", cut);
	for (size_t i = 0; i < other.n; i++)
		must(other.values[i].p == plain.values[before + i].p, "cut at %zu", cut);
}

static void may_be_cut(const agr_buf *text, size_t from, const agr_wanted *wanted)
{
	const agr_index_kernel *kernel;

	agr_scanner_begin(&scanner, text->data, text->data + text->len, true, DEPTH, NULL);
	read_values(&plain, &scanner, NULL);
	agr_scanner_end(&scanner);
	ck_assert_int_eq(plain.end, AGR_SCAN_END);
	for (size_t cut = from; cut <= text->len; cut++)
		for (size_t i = 0; (kernel = agr_index_kernel_at(i)); i++)
			cut_is_no_fault(text->data, text->len, cut, wanted, kernel);
}

START_TEST(a_text_cut_anywhere_is_cut_and_not_wrong)
{
	agr_buf text = AGR_BUF_INIT;
	agr_wanted wanted;

	want(&wanted, asked, AGR_COUNT(asked));
	texts_seed(31);
	for (unsigned i = 0; i < 36; i++) {
		agr_buf_reset(&text);
		add_white(&text, 1);
		if (i % 2)
			add_rows(&text, 1 + i % 3, 400, i % 3);
		for (int k = 0; k < 4; k++) {
			add_value(&text, 4, i % 3);
			agr_buf_char(&text, ' ');
		}
		if (text.len < 1000)
			may_be_cut(&text, 0, &wanted);
	}
	agr_buf_free(&text);
	agr_wanted_free(&wanted);
}
END_TEST

START_TEST(a_text_cut_near_a_window_edge_is_cut_and_not_wrong)
{
	agr_buf text = AGR_BUF_INIT;

	texts_seed(32);
	for (int i = 0; i < 25; i++) {
		size_t from;

		agr_buf_reset(&text);
		if (i % 2) /* a string goes on beyond the edge */
			agr_buf_str(&text, "[\"");
		while (text.len < AGR_INDEX_WINDOW - 30)
			agr_buf_char(&text, i % 2 ? 'a' : ' ');
		from = text.len + 20;
		if (!(i % 2))
			agr_buf_str(&text, "[\"");
		while (text.len < from + 40)
			add_piece(&text);
		agr_buf_str(&text, "\", -1.5, true]");
		may_be_cut(&text, from, NULL);
	}
	agr_buf_free(&text);
}
END_TEST

/* ---- faults ------------------------------------------------------------------- */

/* `values` of them are read, and then there is a fault at the byte. */
static void faults_at(const char *text, size_t values, size_t at)
{
	size_t n = strlen(text);
	const char *p = fenced(text, n);
	const agr_index_kernel *kernel;

	for (size_t i = 0; (kernel = agr_index_kernel_at(i)); i++)
		for (int whole = 0; whole < 2; whole++) {
			agr_scanner_begin(&scanner, p, p + n, whole, 0, kernel);
			read_values(&other, &scanner, NULL);
			must(other.end == AGR_SCAN_FAULT && other.n == values &&
				(size_t)(other.fault_at - p) == at,
				"%s: %d, %zu values, at %zu", text, other.end, other.n,
				(size_t)(other.fault_at - p));
			agr_scanner_end(&scanner);
		}
}

START_TEST(a_string_with_a_fault_behind_a_blank_is_no_value)
{
	faults_at("\"abc \x01\"", 0, 5);
	faults_at("\"abc \\q\"", 0, 5);
	faults_at("\"abc \t\"", 0, 5);
	faults_at("\"abc \xff\"", 0, 5);
	faults_at("{\"a\":\"abc \\uz\"}", 0, 10);
	faults_at("1 \"a\" \"\\\"b\\\\ \n\"", 2, 13);
	faults_at("1\" \\q\"", 0, 1);
	faults_at("[1\" \\q\"", 0, 2);
}
END_TEST

START_TEST(a_value_before_a_fault_is_read_wherever_the_fault_is_noticed)
{
	faults_at("[1]\xff", 1, 3);
	faults_at("[1] \xff", 1, 4);
	faults_at("\"a\"\xff", 1, 3);
	faults_at("\"a\" \xff", 1, 4);
	faults_at("1 \xff", 1, 2);
	faults_at("12\xff", 0, 2);
	faults_at("true\xff ", 0, 4);
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		valid_and_mutated_texts_are_accepted_as_by_jansson,
		short_texts_of_the_bytes_that_matter_are_accepted_as_by_jansson,
		numbers_of_every_form_are_accepted_as_by_jansson,
		depth_ends_where_it_is_said_to,
		a_key_that_is_there_twice_is_noticed,
		levels_around_the_values_count,
		slots_hold_what_a_look_into_the_row_finds,
		a_remembered_shape_accepts_nothing_that_is_wrong,
		rows_that_cannot_be_remembered_leave_remembered_ones_alone,
		short_keys_at_the_end_are_compared_with_long_ones,
		shapes_in_turn_are_each_learned_once,
		more_members_than_a_shape_can_hold_are_all_found,
		a_text_cut_anywhere_is_cut_and_not_wrong,
		a_text_cut_near_a_window_edge_is_cut_and_not_wrong,
		a_string_with_a_fault_behind_a_blank_is_no_value,
		a_value_before_a_fault_is_read_wherever_the_fault_is_noticed,
		NULL,
	};

	return unit_main(unit_suite("scanner", tests));
}
