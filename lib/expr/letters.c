/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
/* Upper and lower case without a locale. */
#include "expr/tree.h"

/* Letters from..to, whose lower case is `apart` further on; or, with apart 1, pairs:
 * each letter of from's parity is followed by its lower case. */
static const struct range {
	uint32_t from, to;
	uint32_t apart;
} ranges[] = {
	{ 'A', 'Z', 32 },
	{ 0xc0, 0xd6, 32 },
	{ 0xd8, 0xde, 32 },
	{ 0x100, 0x12f, 1 },
	{ 0x132, 0x137, 1 },
	{ 0x139, 0x148, 1 },
	{ 0x14a, 0x177, 1 },
	{ 0x179, 0x17e, 1 },
	{ 0x218, 0x21b, 1 },
	{ 0x391, 0x3a1, 32 },
	{ 0x3a3, 0x3ab, 32 },
	{ 0x400, 0x40f, 80 },
	{ 0x410, 0x42f, 32 },
	{ 0x460, 0x481, 1 },
	{ 0x48a, 0x4bf, 1 },
	{ 0x4d0, 0x52f, 1 },
	{ 0x531, 0x556, 48 },
	{ 0x1e00, 0x1e95, 1 },
	{ 0x1ea0, 0x1eff, 1 },
};

/* Letters far from their other case, and the Greek ones with an accent. */
static const struct pair {
	uint32_t upper, lower;
} pairs[] = {
	{ 0x178, 0xff },
	{ 0x386, 0x3ac },
	{ 0x388, 0x3ad },
	{ 0x389, 0x3ae },
	{ 0x38a, 0x3af },
	{ 0x38c, 0x3cc },
	{ 0x38e, 0x3cd },
	{ 0x38f, 0x3ce },
	{ 0x3a3, 0x3c2 }, /* a final sigma; back it becomes the other one */
};

static uint32_t turn_in(const struct range *range, uint32_t c, bool upper)
{
	uint32_t from = range->from, to = range->to;

	if (range->apart == 1) {
		if (c < from || c > to || ((c - from) % 2 == 0) == upper)
			return c;
		return upper ? c - 1 : c + 1;
	}
	if (upper)
		return c >= from + range->apart && c <= to + range->apart ? c - range->apart : c;
	return c >= from && c <= to ? c + range->apart : c;
}

static uint32_t turn(uint32_t c, bool upper)
{
	for (size_t i = 0; i < AGR_COUNT(ranges); i++) {
		uint32_t turned = turn_in(&ranges[i], c, upper);

		if (turned != c)
			return turned;
	}
	for (size_t i = 0; i < AGR_COUNT(pairs); i++)
		if (c == (upper ? pairs[i].lower : pairs[i].upper))
			return upper ? pairs[i].upper : pairs[i].lower;
	return c;
}

static uint32_t code_point(const char *p, size_t n)
{
	uint32_t c = n == 1 ? (unsigned char)*p : (unsigned char)*p & (0xffU >> (n + 1));

	for (size_t i = 1; i < n; i++)
		c = c << 6 | ((unsigned char)p[i] & 0x3f);
	return c;
}

void agr_letters_turn(agr_buf *out, const char *text, size_t len, bool upper)
{
	char utf8[4];

	for (size_t i = 0, n; i < len; i += n) {
		n = agr_utf8_len(text + i, len - i);
		n = n ? n : 1;
		agr_buf_add(out, utf8,
			agr_utf8_put(utf8, turn(code_point(text + i, n), upper)));
	}
}
