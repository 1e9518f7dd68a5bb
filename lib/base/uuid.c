/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
#include "base/uuid.h"

#include <errno.h>
#include <string.h>
#include <sys/random.h>

#include "base/clock.h"

static int random_bytes(unsigned char *out, size_t len, agentrun_error **err)
{
	size_t got = 0;

	while (got < len) {
		ssize_t n = getrandom(out + got, len - got, 0);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return agentrun_error_raise(err, AGENTRUN_EINTERNAL,
				"getrandom: %s", strerror(errno));
		got += (size_t)n;
	}
	return 0;
}

static void format(char out[AGR_UUID_SIZE], unsigned char b[16], int version)
{
	static const char hex[] = "0123456789abcdef";
	char *p = out;

	b[6] = (unsigned char)((b[6] & 0x0f) | version << 4);
	b[8] = (unsigned char)((b[8] & 0x3f) | 0x80);
	for (int i = 0; i < 16; i++) {
		if (i == 4 || i == 6 || i == 8 || i == 10)
			*p++ = '-';
		*p++ = hex[b[i] >> 4];
		*p++ = hex[b[i] & 15];
	}
	*p = '\0';
}

int agr_uuid_v4(char out[AGR_UUID_SIZE], agentrun_error **err)
{
	unsigned char b[16];
	int r = random_bytes(b, sizeof(b), err);

	if (r == 0)
		format(out, b, 4);
	return r;
}

int agr_uuid_v7(char out[AGR_UUID_SIZE], agentrun_error **err)
{
	uint64_t ms = (uint64_t)agr_clock_wall_ms();
	unsigned char b[16];
	int r = random_bytes(b, sizeof(b), err);

	if (r < 0)
		return r;
	for (int i = 5; i >= 0; i--, ms >>= 8)
		b[i] = (unsigned char)ms;
	format(out, b, 7);
	return 0;
}
