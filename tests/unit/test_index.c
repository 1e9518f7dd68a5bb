/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
/* Every kernel against an index made byte by byte. */
#include "unit.h"

#include "base/text.h"
#include "table/index.h"
#include "texts.h"

#define TEXT_MAX ((size_t)1 << 16)

/* ---- what is right ----------------------------------------------------------- */

static struct expected {
	size_t n, newlines;
	size_t fault_at;
	const char *fault;
	uint32_t at[TEXT_MAX];
	char kinds[TEXT_MAX];
	bool open; /* it ends in a string */
	size_t n_dense;
	char dense[TEXT_MAX]; /* without white space outside of strings */
} expected;

static bool is_one_of(char c, const char *list)
{
	return c && strchr(list, c);
}

/* Kernels take form feed and 0x1a, which are nothing in JSON, for tokens of their own
 * wherever they stand. */
static const char ops[] = "{}[]:,\f\x1a";

static void expect_fault(size_t at, const char *what)
{
	if (!expected.fault || at < expected.fault_at) {
		expected.fault_at = at;
		expected.fault = what;
	}
}

/* The byte at `i` is behind a backslash. */
static void expect_escape(const char *p, size_t n, size_t i)
{
	if (p[i] != 'u' && !is_one_of(p[i], "\"\\/bfnrt"))
		expect_fault(i - 1, "unknown escape in a string");
	for (size_t k = i + 1; p[i] == 'u' && k < i + 5 && k < n; k++)
		if (!agr_is_hex(p[k]))
			expect_fault(i - 1, "\\u wants four hex digits");
}

/* The character's length, 0 if it is none. RFC 3629's table. */
static size_t utf8_length(const unsigned char *p, size_t n)
{
	static const unsigned char table[][5] = { { 1, 0, 0x7f, 0, 0 },
		{ 2, 0xc2, 0xdf, 0x80, 0xbf }, { 3, 0xe0, 0xe0, 0xa0, 0xbf },
		{ 3, 0xe1, 0xec, 0x80, 0xbf }, { 3, 0xed, 0xed, 0x80, 0x9f },
		{ 3, 0xee, 0xef, 0x80, 0xbf }, { 4, 0xf0, 0xf0, 0x90, 0xbf },
		{ 4, 0xf1, 0xf3, 0x80, 0xbf }, { 4, 0xf4, 0xf4, 0x80, 0x8f } };

	for (size_t i = 0; i < AGR_COUNT(table); i++) {
		const unsigned char *row = table[i];

		if (*p < row[1] || *p > row[2])
			continue;
		if (n < row[0] || (row[0] > 1 && (p[1] < row[3] || p[1] > row[4])))
			return 0;
		for (size_t k = 2; k < row[0]; k++)
			if (p[k] < 0x80 || p[k] > 0xbf)
				return 0;
		return row[0];
	}
	return 0;
}

/* A first byte and too few others, and then the end. */
static bool is_cut(const unsigned char *p, size_t n)
{
	size_t whole = *p >= 0xf0 ? 4 : *p >= 0xe0 ? 3 : 2;

	if (*p < 0xc2 || *p > 0xf4 || n >= whole)
		return false;
	for (size_t i = 1; i < n; i++)
		if (p[i] < 0x80 || p[i] > 0xbf)
			return false;
	return true;
}

static void expect_utf8(const unsigned char *p, size_t n)
{
	size_t i = 0, length;

	while (i < n && (length = utf8_length(p + i, n - i)))
		i += length;
	if (i < n && !is_cut(p + i, n - i))
		expect_fault(i, "invalid UTF-8");
}

static void expect_token(size_t at, char kind)
{
	expected.at[expected.n] = (uint32_t)at;
	expected.kinds[expected.n++] = agr_is_digit(kind) || kind == '-' ? '0' : kind;
}

static void expect(const char *p, size_t n)
{
	bool inside = false, escaped = false, bare = false;

	expected.n = expected.newlines = expected.n_dense = 0;
	expected.fault = NULL;
	for (size_t i = 0; i < n; i++) {
		bool quote = p[i] == '"' && !escaped, op = is_one_of(p[i], ops);

		expected.newlines += p[i] == '\n';
		if (inside && escaped)
			expect_escape(p, n, i);
		else if (inside && (unsigned char)p[i] < 0x20)
			expect_fault(i, "a control character in a string must be escaped");
		if (!inside && (op || (!bare && !is_one_of(p[i], " \t\r\n"))))
			expect_token(i, p[i]);
		if (inside || !is_one_of(p[i], " \t\r\n"))
			expected.dense[expected.n_dense++] = p[i];
		bare = !quote && (inside || (!op && !is_one_of(p[i], " \t\r\n")));
		escaped = p[i] == '\\' && !escaped;
		inside ^= quote;
	}
	expected.open = inside;
	expect_utf8((const unsigned char *)p, n);
	while (expected.fault && expected.n &&
		expected.at[expected.n - 1] >= expected.fault_at)
		expected.n--;
}

/* ---- what is there ----------------------------------------------------------- */

static agr_index found;

/* The bytes of the window that are noted as backslashes and as beyond ASCII. */
static void same_bits(const char *name)
{
	for (size_t i = 0; i < (size_t)(found.next - found.base); i++) {
		uint64_t bit = (uint64_t)1 << (i & 63);
		char c = found.base[i];

		if (((found.escapes[i / 64] & bit) != 0) != (c == '\\') ||
			((found.high[i / 64] & bit) != 0) != ((unsigned char)c >= 0x80))
			ck_abort_msg("%s: wrong bits for byte %zu", name, i);
	}
}

static void same_tokens(const char *name, const char *p, size_t *seen)
{
	size_t base = (size_t)(found.base - p);

	for (size_t i = 0; i < found.n; i++, ++*seen)
		if (*seen >= expected.n || expected.at[*seen] != base + found.at[i] ||
			expected.kinds[*seen] != found.kinds[i])
			ck_abort_msg("%s: token %zu is '%c' at %zu", name, *seen,
				found.kinds[i], base + found.at[i]);
}

/* White space is counted, and can be left out. */
static void same_white(const agr_index_kernel *kernel, const char *p, size_t n)
{
	static char dense[TEXT_MAX + AGR_INDEX_BLOCK];
	size_t len;

	if (expected.open)
		return;
	must(found.carry.white == n - expected.n_dense, "%s: %zu white, not %zu",
		agr_index_kernel_name(kernel), (size_t)found.carry.white, n - expected.n_dense);
	len = agr_index_squeeze(dense, p, n, kernel);
	must(len == expected.n_dense && memcmp(dense, expected.dense, len) == 0,
		"%s: not squeezed", agr_index_kernel_name(kernel));
}

static void kernel_agrees(const agr_index_kernel *kernel, const char *p, size_t n)
{
	const char *name = agr_index_kernel_name(kernel);
	size_t seen = 0;

	memset(&found, 0xa5, sizeof(found)); /* nothing may depend on what was there */
	agr_index_begin(&found, p, p + n, kernel);
	while (agr_index_next(&found)) {
		same_tokens(name, p, &seen);
		if (!found.fault.what)
			same_bits(name);
	}
	must(seen == expected.n, "%s: %zu tokens, not %zu", name, seen, expected.n);
	must(!found.fault.what == !expected.fault, "%s: %s, not %s", name,
		found.fault.what, expected.fault);
	if (expected.fault)
		must(!strcmp(found.fault.what, expected.fault) &&
			(size_t)(found.fault.at - p) == expected.fault_at, "%s: %s at %d",
			name, found.fault.what, (int)(found.fault.at - p));
	else
		must(found.carry.newlines == expected.newlines, "%s: %zu lines, not %zu",
			name, (size_t)found.carry.newlines, expected.newlines);
	if (!expected.fault)
		same_white(kernel, p, n);
	must(!agr_index_next(&found), "%s: more behind the end", name);
}

/* Indexed by every kernel as by the book, right before memory that faults. */
static void agrees(const char *text, size_t n)
{
	const char *p = fenced(text, n);
	const agr_index_kernel *kernel;

	expect(p, n);
	for (size_t i = 0; (kernel = agr_index_kernel_at(i)); i++)
		kernel_agrees(kernel, p, n);
}

/* ---- tests ------------------------------------------------------------------- */

START_TEST(there_is_a_kernel_for_any_machine_and_it_comes_last)
{
	size_t n = 0;

	while (agr_index_kernel_at(n))
		n++;
	ck_assert_uint_ge(n, 1);
	ck_assert_str_eq(agr_index_kernel_name(agr_index_kernel_at(n - 1)), "portable");
	ck_assert_ptr_null(agr_index_kernel_at(n + 1));
}
END_TEST

START_TEST(texts_of_every_length_are_indexed_alike)
{
	agr_buf text = AGR_BUF_INIT;

	texts_seed(1);
	for (size_t n = 0; n <= 300; n++)
		for (int i = 0; i < 6; i++) {
			agr_buf_reset(&text);
			agr_buf_str(&text, i & 1 ? "\"" : " ");
			while (text.len < n)
				i < 4 ? add_piece(&text) : add_value(&text, 3, 2);
			agrees(text.data, n);
		}
	agr_buf_free(&text);
}
END_TEST

START_TEST(noise_is_indexed_alike)
{
	char text[1000];
	agr_buf marks = AGR_BUF_INIT;

	texts_seed(2);
	for (int i = 0; i < 2000; i++) {
		size_t n = below(sizeof(text));

		for (size_t k = 0; k < n; k++)
			text[k] = (char)below(i & 1 ? 256 : 128);
		agrees(text, n);
		agr_buf_reset(&marks);
		agr_buf_str(&marks, "");
		add_noise(&marks, below(i & 1 ? 40 : 400));
		agrees(marks.data, marks.len);
	}
	agr_buf_free(&marks);
}
END_TEST

START_TEST(valid_and_mutated_texts_are_indexed_alike)
{
	agr_buf text = AGR_BUF_INIT;

	texts_seed(3);
	for (unsigned i = 0; i < 600; i++) {
		agr_buf_reset(&text);
		do {
			add_value(&text, 5, i % 4);
			agr_buf_char(&text, '\n');
		} while (below(8));
		if (text.len > TEXT_MAX - 2000)
			continue;
		agrees(text.data, text.len);
		for (int k = 0; k < 4; k++) {
			mutate(&text);
			agrees(text.data, text.len);
		}
	}
	agr_buf_free(&text);
}
END_TEST

static const char *const delicate[] = { "\\\"", "\\\\\"", "\\\\\\\"", "\\\\\\\\\"", "\\",
	"\\\\", "\\\\\\", "\\n\\n\\n", "\\u00e9", "\\u00E9\\u00", "\\u00g9", "\\u0", "\\u",
	"\\ud83d\\ude00", "\\x", "\\\x01", "\\\xc3\xa9", "\"", "\"\"", "\"\"\"", "\" \"",
	"\"a\"b\"", "\"1\"", "\x01", "\x1f", "\x20", "\n", "\r\n\n", "\t", "\x7f", "12",
	"-1.5e3", "true", "{", "}{", "[],:", "\":", "\",\"", "\xc3\xa9", "\xe2\x82\xac",
	"\xf0\x9f\x98\x80", "\xc3", "\xe2\x82", "\xe2", "\xf0\x9f\x98", "\xf0\x9f", "\xf0",
	"\x80", "\xbf\xbf", "\xc0\x80", "\xc1\xbf", "\xc2\xc2\x80", "\xe0\x80\x80",
	"\xe0\x9f\xbf", "\xed\xa0\x80", "\xed\xbf\xbf", "\xef\xbf\xbf", "\xf0\x80\x80\x80",
	"\xf0\x8f\xbf\xbf", "\xf4\x90\x80\x80", "\xf4\x8f\xbf\xbf", "\xf5\x80\x80\x80",
	"\xfe", "\xff", "\xe2\x82\"", "\xe2\"\xac", "\xc3\xa9\xc3\xa9\xe2\x82\xac\xc3" };

/* The piece so that it begins at `at`, in a string or not, and something behind. */
static void agrees_around(const char *piece, size_t at, char filler, const char *behind)
{
	static char text[TEXT_MAX];
	size_t n = strlen(piece), more = strlen(behind);

	memset(text, filler, at);
	if (filler == 'a')
		text[0] = '"';
	memcpy(text + at, piece, n);
	memcpy(text + at + n, behind, more);
	agrees(text, at + n + more);
}

START_TEST(nothing_depends_on_where_blocks_and_windows_begin)
{
	static const size_t edges[] = { 64, 128, AGR_INDEX_WINDOW, 2 * AGR_INDEX_WINDOW };

	for (size_t e = 0; e < AGR_COUNT(edges); e++)
		for (size_t i = 0; i < AGR_COUNT(delicate); i++)
			for (size_t at = edges[e] - 7; at <= edges[e] + 1; at++) {
				agrees_around(delicate[i], at, 'a', "");
				agrees_around(delicate[i], at, 'a', "b\", 1]");
				if (e < 3)
					agrees_around(delicate[i], at, ' ', "a\" \"");
			}
}
END_TEST

START_TEST(runs_of_backslashes_pair_up_across_edges)
{
	static char text[3 * AGR_INDEX_WINDOW];

	for (size_t run = 0; run < 200; run++)
		for (size_t at = 60; at <= 68; at++) {
			memset(text, 'n', 400);
			text[0] = '"';
			memset(text + at, '\\', run);
			text[at + run] = '"';
			agrees(text, 400);
			agrees(text, at + run);
		}
	for (size_t run = 8120; run < 8260; run++) {
		memset(text, '\\', sizeof(text));
		text[0] = '"';
		text[run] = '"';
		agrees(text, run + 100);
	}
}
END_TEST

START_TEST(what_a_longer_window_left_behind_is_forgotten)
{
	static char text[2 * AGR_INDEX_WINDOW];
	size_t n = AGR_INDEX_WINDOW;

	/* A window of two-byte characters, and then a short one with a fault in its
	 * first block: the others are not looked at. */
	text[0] = '"';
	for (size_t i = 1; i < n - 1; i += 2)
		memcpy(text + i, "\xc3\xa9", 2);
	text[n - 1] = 'a';
	memcpy(text + n, "\xc3\xa9\x01", 3);
	for (size_t more = 3; more < 200; more++) {
		memset(text + n + 3, 'a', more);
		agrees(text, n + more);
	}
}
END_TEST

START_TEST(a_window_has_room_for_a_token_every_byte)
{
	static char text[2 * AGR_INDEX_WINDOW + 100];

	for (size_t i = 0; i < sizeof(text); i++)
		text[i] = "[{,:}]"[i % 6];
	for (size_t n = AGR_INDEX_WINDOW - 70; n <= AGR_INDEX_WINDOW + 70; n++)
		agrees(text, n);
	agrees(text, sizeof(text));
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		there_is_a_kernel_for_any_machine_and_it_comes_last,
		texts_of_every_length_are_indexed_alike,
		noise_is_indexed_alike,
		valid_and_mutated_texts_are_indexed_alike,
		nothing_depends_on_where_blocks_and_windows_begin,
		runs_of_backslashes_pair_up_across_edges,
		what_a_longer_window_left_behind_is_forgotten,
		a_window_has_room_for_a_token_every_byte,
		NULL,
	};

	return unit_main(unit_suite("index", tests));
}
