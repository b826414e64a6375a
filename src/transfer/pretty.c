/* SPDX-License-Identifier: BSD-2-Clause */
/* Packets as Pycapa prints them. */
#include "transfer/pretty.h"

#define PER_LINE 16

int
pretty_write(struct buffer *out, uint64_t count, const uint8_t *bytes, size_t len)
{
	static const char digits[] = "0123456789abcdef";
	int bad = buffer_printf(out, "%llu packet(s) received\n", (unsigned long long)count);

	for (size_t i = 0; i < len; i++) {
		char *at = buffer_extend(out, 3);

		if (at == NULL)
			return -1;
		at[0] = digits[bytes[i] >> 4];
		at[1] = digits[bytes[i] & 0xf];
		at[2] = (i + 1) % PER_LINE == 0 || i + 1 == len ? '\n' : ' ';
	}
	return bad;
}
