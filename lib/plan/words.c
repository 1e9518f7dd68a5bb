/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
#include "plan/words.h"

#include <string.h>
#include <strings.h>

struct reader {
	plan_pool *pool;
	plan_words *out;
	const char *p;
	size_t n, at;
};

static char peek(const struct reader *r, size_t ahead)
{
	return r->at + ahead < r->n ? r->p[r->at + ahead] : ' ';
}

static bool looking_at(const struct reader *r, const char *text)
{
	size_t n = strlen(text);

	return r->n - r->at >= n && memcmp(r->p + r->at, text, n) == 0;
}

static const char *lower(plan_pool *pool, const char *text)
{
	size_t n = strlen(text);
	char *low = agr_plan_alloc(pool, n + 1);

	if (!low)
		return "";
	for (size_t i = 0; i < n; i++)
		low[i] = agr_to_lower(text[i]);
	return low;
}

/* Add the token of `kind` that ends at `end`; its text is `from`..`to`. */
static plan_word *add(
	struct reader *r, plan_kind kind, size_t from, size_t to, size_t end)
{
	plan_word *word = &r->out->list[r->out->n++];

	word->kind = kind;
	word->text = agr_plan_text(r->pool, r->p + from, to - from);
	word->low = lower(r->pool, word->text);
	word->start = r->at;
	word->end = end;
	r->at = end;
	return word;
}

static bool is_word_char(char c)
{
	return agr_is_alpha(c) || agr_is_digit(c) || c == '_' || (unsigned char)c >= 0x80;
}

/* The length of the quote's mark, 0 when none begins here. */
static size_t quote_marks(const struct reader *r, const char **close)
{
	static const char *const pairs[][2] = { { "\"", "\"" }, { "`", "`" },
		{ "\xe2\x80\x9c", "\xe2\x80\x9d" }, { "\xe2\x80\x98", "\xe2\x80\x99" },
		{ "'", "'" }, { "\xc2\xab", "\xc2\xbb" } };

	for (size_t i = 0; i < AGR_COUNT(pairs); i++)
		if (looking_at(r, pairs[i][0])) {
			*close = pairs[i][1];
			return strlen(pairs[i][0]);
		}
	return 0;
}

static bool read_quoted(struct reader *r)
{
	const char *close = NULL;
	size_t open = quote_marks(r, &close), n, i;

	if (!open)
		return false;
	n = strlen(close);
	for (i = r->at + open; i + n <= r->n; i++) {
		if (memcmp(r->p + i, close, n) != 0)
			continue;
		/* An apostrophe inside a word closes nothing: 'it isn't'. */
		if ((*close == '\'' || *close == '\xe2') && i + n < r->n &&
			is_word_char(r->p[i + n]) && i > 0 && is_word_char(r->p[i - 1]))
			continue;
		add(r, PLAN_QUOTED, r->at + open, i, i + n);
		return true;
	}
	return false;
}

static bool read_url(struct reader *r)
{
	size_t end = r->at;

	if (!looking_at(r, "http://") && !looking_at(r, "https://") &&
		!looking_at(r, "HTTP://") && !looking_at(r, "HTTPS://"))
		return false;
	while (end < r->n && !agr_is_space(r->p[end]) && !strchr("\"'`<>", r->p[end]))
		end++;
	while (end > r->at && strchr(".,;:!?)", r->p[end - 1]))
		end--;
	add(r, PLAN_URL, r->at, end, end);
	return true;
}

/* Digits with a well-formed grouping by thousands, then a fraction. */
static size_t number_end(const struct reader *r, size_t i)
{
	size_t start = i;

	while (i < r->n && agr_is_digit(r->p[i]))
		i++;
	if (i - start <= 3)
		while (i + 3 < r->n && r->p[i] == ',' && agr_is_digit(r->p[i + 1]) &&
			agr_is_digit(r->p[i + 2]) && agr_is_digit(r->p[i + 3]) &&
			!(i + 4 < r->n && agr_is_digit(r->p[i + 4])))
			i += 4;
	if (i + 1 < r->n && r->p[i] == '.' && agr_is_digit(r->p[i + 1]))
		for (i++; i < r->n && agr_is_digit(r->p[i]);)
			i++;
	return i;
}

/* "1,500.50" with `zeros` more zeros as the JSON text "1500.5"; NULL when it has
 * more digits than every reader of JSON keeps. */
static const char *number_text(
	plan_pool *pool, const char *p, size_t n, int zeros, bool negative)
{
	char *out = agr_plan_alloc(pool, n + 16);
	size_t k = 0, digits = 0, point = SIZE_MAX;

	if (!out)
		return "0";
	if (negative)
		out[k++] = '-';
	for (size_t i = 0; i < n; i++) {
		if (p[i] == ',')
			continue;
		if (p[i] == '.') {
			point = zeros ? SIZE_MAX : k;
			if (!zeros)
				out[k++] = '.';
			else
				zeros = -zeros; /* counts the fraction's digits from here */
			continue;
		}
		if (zeros < 0 && ++zeros == 0 && i + 1 < n) {
			out[k++] = p[i];
			point = k;
			out[k++] = '.';
			continue;
		}
		out[k++] = p[i];
	}
	for (zeros = zeros < 0 ? -zeros : zeros; zeros > 0; zeros--)
		out[k++] = '0';
	while (point != SIZE_MAX && out[k - 1] == '0')
		k--;
	if (point != SIZE_MAX && out[k - 1] == '.')
		k--;
	out[k] = '\0';
	/* JSON knows no leading zeros. */
	for (p = out + negative; *p == '0' && agr_is_digit(p[1]);)
		memmove(out + negative, p + 1, strlen(p));
	for (p = out; *p; p++)
		digits += agr_is_digit(*p);
	return digits > (strchr(out, '.') ? 15 : 19) ? NULL : out;
}

static plan_unit unit_of(const char *p, size_t n, int *zeros)
{
	static const struct {
		const char *name;
		plan_unit unit;
		int zeros;
	} table[] = { { "k", PLAN_UNIT_NONE, 3 }, { "K", PLAN_UNIT_NONE, 3 },
		{ "m", PLAN_UNIT_M, 0 }, { "M", PLAN_UNIT_M, 0 }, { "%", PLAN_UNIT_PERCENT, 0 },
		{ "ms", PLAN_UNIT_MS, 0 }, { "s", PLAN_UNIT_SECONDS, 0 },
		{ "sec", PLAN_UNIT_SECONDS, 0 }, { "secs", PLAN_UNIT_SECONDS, 0 },
		{ "min", PLAN_UNIT_MINUTES, 0 }, { "mins", PLAN_UNIT_MINUTES, 0 },
		{ "h", PLAN_UNIT_HOURS, 0 }, { "hr", PLAN_UNIT_HOURS, 0 },
		{ "hrs", PLAN_UNIT_HOURS, 0 }, { "d", PLAN_UNIT_DAYS, 0 },
		{ "usd", PLAN_UNIT_USD, 0 }, { "USD", PLAN_UNIT_USD, 0 },
		{ "EUR", PLAN_UNIT_EUR, 0 }, { "eur", PLAN_UNIT_EUR, 0 },
		{ "GBP", PLAN_UNIT_GBP, 0 }, { "gbp", PLAN_UNIT_GBP, 0 },
		{ "\xe2\x82\xac", PLAN_UNIT_EUR, 0 }, { "\xc2\xa3", PLAN_UNIT_GBP, 0 },
		{ "$", PLAN_UNIT_USD, 0 } };

	for (size_t i = 0; i < AGR_COUNT(table); i++)
		if (strlen(table[i].name) == n && memcmp(table[i].name, p, n) == 0) {
			*zeros = table[i].zeros;
			return table[i].unit;
		}
	*zeros = -1;
	return PLAN_UNIT_NONE;
}

static size_t sign_and_currency(const struct reader *r, plan_unit *unit, bool *negative)
{
	size_t i = r->at;

	*unit = PLAN_UNIT_NONE;
	*negative = r->p[i] == '-';
	i += *negative;
	if (i < r->n && r->p[i] == '$') {
		*unit = PLAN_UNIT_USD;
		i++;
	} else if (r->n - i > 3 && memcmp(r->p + i, "\xe2\x82\xac", 3) == 0) {
		*unit = PLAN_UNIT_EUR;
		i += 3;
	} else if (r->n - i > 2 && memcmp(r->p + i, "\xc2\xa3", 2) == 0) {
		*unit = PLAN_UNIT_GBP;
		i += 2;
	}
	return i;
}

/* "10 million": the zeros of the word behind a plain number, and where it ends. */
static int magnitude(const struct reader *r, size_t *end)
{
	static const char *const names[] = { "thousand", "million", "billion" };
	size_t from = *end;

	while (from < r->n && r->p[from] == ' ')
		from++;
	for (size_t i = 0; from > *end && i < AGR_COUNT(names); i++) {
		size_t to = from + strlen(names[i]);

		if (to <= r->n && strncasecmp(r->p + from, names[i], to - from) == 0 &&
			(to == r->n || (!is_word_char(r->p[to]) && r->p[to] != '-'))) {
			*end = to;
			return 3 * (int)(i + 1);
		}
	}
	return 0;
}

static bool read_number(struct reader *r)
{
	bool negative;
	plan_unit money, unit = PLAN_UNIT_NONE;
	size_t i = sign_and_currency(r, &money, &negative), from = i, to, end;
	int zeros = 0;
	plan_word *word;

	if (i >= r->n || !agr_is_digit(r->p[i]))
		return false;
	end = to = number_end(r, i);
	while (
		end < r->n && (is_word_char(r->p[end]) || r->p[end] == '%' || r->p[end] == '$'))
		end++;
	if (end < r->n && (r->p[end] == '-' || r->p[end] == ':' || r->p[end] == '/') &&
		end + 1 < r->n && is_word_char(r->p[end + 1]))
		return false; /* a date, a time, "2-stop", "1/2" */
	if (end > to) {
		unit = unit_of(r->p + to, end - to, &zeros);
		if (zeros < 0)
			return false; /* "3rd", "747b" */
	} else {
		zeros = magnitude(r, &end);
	}
	if (money && unit == PLAN_UNIT_M) {
		zeros = 6;
		unit = PLAN_UNIT_NONE;
	}
	if (money && unit != PLAN_UNIT_NONE)
		return false;
	word = add(r, PLAN_NUMBER, r->at, end, end);
	word->unit = money ? money : unit;
	word->number = number_text(r->pool, r->p + from, to - from, zeros, negative);
	if (!word->number)
		word->kind = PLAN_WORD; /* too exact to be handed on */
	return true;
}

/* "fetch's" is two tokens, "what's" (what is) one. */
static size_t without_possessive(const struct reader *r, size_t end)
{
	static const char *const verbs[] = { "what", "that", "it", "there", "let", "who",
		"where" };
	size_t n = end - r->at;

	if (n < 3 || memcmp(r->p + end - 2, "'s", 2) != 0)
		return end;
	for (size_t i = 0; i < AGR_COUNT(verbs); i++)
		if (n - 2 == strlen(verbs[i]) && strncasecmp(r->p + r->at, verbs[i], n - 2) == 0)
			return end;
	return end - 2;
}

/* Runs of letters and digits, joined inside by - . / ' @ and the like. */
static bool read_word(struct reader *r)
{
	size_t i = r->at;

	if (r->p[i] && strchr("#@$'", r->p[i]))
		i++;
	if (i >= r->n || !is_word_char(r->p[i]))
		return false;
	for (; i < r->n; i++) {
		char c = r->p[i];
		bool more = i + 1 < r->n && is_word_char(r->p[i + 1]);

		if (is_word_char(c))
			continue;
		if (more && c && strchr("-.'@/&+:", c))
			continue;
		if (c == '[' || c == ']')
			if (c == ']' || (more && agr_is_digit(r->p[i + 1])))
				continue;
		break;
	}
	i = without_possessive(r, i);
	add(r, PLAN_WORD, r->at, i, i);
	return true;
}

static void read_symbol(struct reader *r)
{
	static const char *const pairs[] = { "<=", ">=", "==", "!=", "<>", "->", "=>", "&&",
		"||", "\xe2\x89\xa5", "\xe2\x89\xa4", "\xe2\x89\xa0", "\xe2\x86\x92" };
	size_t n = agr_utf8_len(r->p + r->at, r->n - r->at);

	for (size_t i = 0; i < AGR_COUNT(pairs); i++)
		if (looking_at(r, pairs[i]))
			n = strlen(pairs[i]);
	n = n ? n : 1;
	add(r, PLAN_SYMBOL, r->at, r->at + n, r->at + n);
}

/* Symbols of several bytes that would otherwise pass for letters. */
static bool is_wide_symbol(const struct reader *r)
{
	return looking_at(r, "\xe2\x89\xa5") || looking_at(r, "\xe2\x89\xa4") ||
		looking_at(r, "\xe2\x89\xa0") || looking_at(r, "\xe2\x86\x92") ||
		looking_at(r, "\xe2\x80");
}

static void spelled_number(plan_word *word)
{
	static const char *const names[] = { "zero", "one", "two", "three", "four", "five",
		"six", "seven", "eight", "nine", "ten", "eleven", "twelve" };
	static const char *const digits[] = { "0", "1", "2", "3", "4", "5", "6", "7", "8",
		"9", "10", "11", "12" };
	static const struct {
		const char *name, *number;
	} more[] = { { "dozen", "12" }, { "fifteen", "15" }, { "twenty", "20" },
		{ "thirty", "30" }, { "forty", "40" }, { "fifty", "50" }, { "hundred", "100" } };

	if (word->kind != PLAN_WORD)
		return;
	for (size_t i = 0; i < AGR_COUNT(names); i++)
		if (strcmp(word->low, names[i]) == 0)
			word->number = digits[i];
	for (size_t i = 0; i < AGR_COUNT(more); i++)
		if (strcmp(word->low, more[i].name) == 0)
			word->number = more[i].number;
	word->spelled = word->number != NULL;
}

/* ’ is written where ' is meant ("isn’t"); quotes were read before this. */
static void fold_apostrophe(plan_pool *pool, plan_word *word)
{
	const char *mark = strstr(word->low, "\xe2\x80\x99");
	size_t before;

	if (word->kind != PLAN_WORD || !mark)
		return;
	before = (size_t)(mark - word->low);
	word->low = agr_plan_printf(pool, "%.*s'%s", (int)before, word->low, mark + 3);
}

void agr_plan_words(plan_words *out, plan_pool *pool, const char *prompt, size_t len)
{
	struct reader r = { pool, out, prompt, len, 0 };

	out->prompt = prompt;
	out->n = 0;
	/* A token has a byte at least. */
	out->list = agr_plan_alloc(pool,
		((len < PLAN_WORDS_MAX ? len : PLAN_WORDS_MAX) + 2) * sizeof(*out->list));
	if (!out->list)
		return;
	while (r.at < r.n && out->n <= PLAN_WORDS_MAX) {
		if (agr_is_space(peek(&r, 0))) {
			r.at++;
			continue;
		}
		if (looking_at(&r, "\xc2\xa0")) {
			r.at += 2;
			continue;
		}
		if (read_quoted(&r) || read_url(&r) || read_number(&r))
			continue;
		if (is_wide_symbol(&r) || !read_word(&r))
			read_symbol(&r);
		spelled_number(&out->list[out->n - 1]);
		fold_apostrophe(pool, &out->list[out->n - 1]);
	}
	out->list[out->n] =
		(plan_word){ .kind = PLAN_END, .text = "", .low = "", .start = len, .end = len };
}

const char *agr_plan_words_text(
	const plan_words *words, plan_pool *pool, size_t from, size_t to)
{
	size_t start, end;

	if (from >= to || to > words->n)
		return "";
	start = words->list[from].start;
	end = words->list[to - 1].end;
	return agr_plan_text(pool, words->prompt + start, end - start);
}

const char *agr_plan_parts(plan_pool *pool, const char *name)
{
	size_t n = strlen(name), k = 0;
	char *out = agr_plan_alloc(pool, 2 * n + 1);

	if (!out)
		return "";
	for (size_t i = 0; i < n; i++) {
		char c = name[i];
		bool upper = c >= 'A' && c <= 'Z';
		bool camel = upper && i > 0 && name[i - 1] >= 'a' && name[i - 1] <= 'z';

		if (c == '_' || c == '-' || c == '.' || c == ' ' || c == '/') {
			if (k && out[k - 1] != ' ')
				out[k++] = ' ';
			continue;
		}
		if (camel && k && out[k - 1] != ' ')
			out[k++] = ' ';
		out[k++] = agr_to_lower(c);
	}
	while (k && out[k - 1] == ' ')
		k--;
	out[k] = '\0';
	return out;
}

static bool ends(const char *text, size_t n, const char *tail)
{
	size_t t = strlen(tail);

	return n > t && memcmp(text + n - t, tail, t) == 0;
}

bool agr_plan_is_plural(const char *low)
{
	static const char *const whole[] = { "ids", "data", "people", "children", "men",
		"women", "media" };
	static const char *const never[] = { "is", "was", "has", "does", "this", "its",
		"less", "plus", "always", "sometimes", "perhaps", "unless", "besides", "previous",
		"as", "us", "yes", "whereas", "minus", "versus", "vs", "towards", "afterwards",
		"hers", "ours", "yours", "theirs", "else's", "his", "news", "twos", "ones",
		"overseas" };
	size_t n = strlen(low);

	for (size_t i = 0; i < AGR_COUNT(whole); i++)
		if (strcmp(low, whole[i]) == 0)
			return true;
	for (size_t i = 0; i < AGR_COUNT(never); i++)
		if (strcmp(low, never[i]) == 0)
			return false;
	if (n < 4 || low[n - 1] != 's' || strchr(low, '\'') || strchr(low, '@'))
		return false;
	for (size_t i = 0; i < n; i++)
		if (!agr_is_alpha(low[i]) && low[i] != '-' && low[i] != '_')
			return false;
	return !ends(low, n, "ss") && !ends(low, n, "us") && !ends(low, n, "is");
}

const char *agr_plan_singular(plan_pool *pool, const char *parts)
{
	const char *last = strrchr(parts, ' ');
	size_t n = strlen(parts);

	if (!agr_plan_is_plural(last ? last + 1 : parts))
		return parts;
	if (parts[n - 1] != 's')
		return parts;
	if (ends(parts, n, "ies") && n > 4)
		return agr_plan_printf(pool, "%.*sy", (int)(n - 3), parts);
	if (ends(parts, n, "sses") || ends(parts, n, "xes") || ends(parts, n, "ches") ||
		ends(parts, n, "shes") || ends(parts, n, "uses"))
		return agr_plan_text(pool, parts, n - 2);
	return agr_plan_text(pool, parts, n - 1);
}

bool agr_plan_one_letter_off(const char *a, const char *b)
{
	size_t n = strlen(a), m = strlen(b), i = 0;

	if (n > m)
		return agr_plan_one_letter_off(b, a);
	if (m - n > 1)
		return false;
	while (a[i] && a[i] == b[i])
		i++;
	if (m > n)
		return strcmp(a + i, b + i + 1) == 0;
	if (!a[i])
		return false;
	return strcmp(a + i + 1, b + i + 1) == 0 ||
		(a[i] == b[i + 1] && a[i + 1] == b[i] && a[i + 1] &&
			strcmp(a + i + 2, b + i + 2) == 0);
}
