/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
/* 64-bit ARM: 16 bytes at a time. */
#include <arm_neon.h>
#include <stdint.h>

#define AGR_INDEX_KERNEL
struct agr_kinds;
static inline struct agr_kinds classify(const char *p);

#include "table/index/plain.h"

static inline uint8x16_t equal(uint8x16_t v, uint8_t c)
{
	return vceqq_u8(v, vdupq_n_u8(c));
}

/* One bit of each of 64 bytes: neighbours are added up until eight make a byte. */
static inline uint64_t bits(const uint8x16_t v[4])
{
	const uint8x16_t weights = { 1, 2, 4, 8, 16, 32, 64, 128, 1, 2, 4, 8, 16, 32, 64,
		128 };
	uint8x16_t low = vpaddq_u8(vandq_u8(v[0], weights), vandq_u8(v[1], weights));
	uint8x16_t top = vpaddq_u8(vandq_u8(v[2], weights), vandq_u8(v[3], weights));
	uint8x16_t all = vpaddq_u8(low, top);

	return vgetq_lane_u64(vreinterpretq_u64_u8(vpaddq_u8(all, all)), 0);
}

static inline struct agr_kinds classify(const char *p)
{
	uint8x16_t quote[4], backslash[4], op[4], space[4], newline[4], control[4], high[4];

	for (int i = 0; i < 4; i++) {
		uint8x16_t v = vld1q_u8((const uint8_t *)p + i * 16);
		uint8x16_t folded = vorrq_u8(v, vdupq_n_u8(0x20));

		quote[i] = equal(v, '"');
		backslash[i] = equal(v, '\\');
		op[i] = vorrq_u8(vorrq_u8(equal(folded, '{'), equal(folded, '}')),
			vorrq_u8(equal(folded, ':'), equal(folded, ',')));
		newline[i] = equal(v, '\n');
		space[i] = vorrq_u8(vorrq_u8(newline[i], equal(v, ' ')),
			vorrq_u8(equal(v, '\t'), equal(v, '\r')));
		control[i] = vcltq_u8(v, vdupq_n_u8(0x20));
		high[i] = vcgeq_u8(v, vdupq_n_u8(0x80));
	}
	return (struct agr_kinds){
		.quote = bits(quote),
		.backslash = bits(backslash),
		.op = bits(op),
		.space = bits(space),
		.newline = bits(newline),
		.control = bits(control),
		.high = bits(high),
	};
}

const struct agr_index_kernel agr_index_neon = { "neon", index_blocks, squeeze_blocks };
