/* SPDX-License-Identifier: BSD-2-Clause */
/* Which protocol a server speaks. */
#include "loop/first_bytes.h"

#include <stdbool.h>
#include <string.h>

static bool
begins(const void *bytes, size_t len, const char *with, size_t with_len)
{
	return len >= with_len && memcmp(bytes, with, with_len) == 0;
}

enum first_bytes
first_bytes_of(const void *bytes, size_t len)
{
	static const struct {
		const char *bytes;
		size_t len;
		enum first_bytes what;
	} known[] = {
		{ "HTTP/", 5, FIRST_BYTES_HTTP },
		{ "\x15\x03", 2, FIRST_BYTES_TLS },
		{ "\x16\x03", 2, FIRST_BYTES_TLS },
		{ "SSH-", 4, FIRST_BYTES_SSH },
		{ "-ERR", 4, FIRST_BYTES_REDIS },
		{ "-DENIED", 7, FIRST_BYTES_REDIS }
	};

	if (len == 0)
		return FIRST_BYTES_NONE;
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (begins(bytes, len, known[i].bytes, known[i].len))
			return known[i].what;
	return FIRST_BYTES_OTHER;
}
