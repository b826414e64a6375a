/* SPDX-License-Identifier: BSD-2-Clause */
/* Which protocol a server speaks, by the first bytes that it sends. No I/O. */
#ifndef ESPCAP_LOOP_FIRST_BYTES_H
#define ESPCAP_LOOP_FIRST_BYTES_H

#include <stddef.h>

#define FIRST_BYTES_LEN 8 /* are enough to tell */

enum first_bytes {
	FIRST_BYTES_NONE, /* nothing was seen */
	FIRST_BYTES_HTTP,
	FIRST_BYTES_TLS,
	FIRST_BYTES_SSH,
	FIRST_BYTES_REDIS,
	FIRST_BYTES_OTHER
};

/*
 * RFC 9112 section 4 (HTTP/1; in the clear HTTP/2 is never asked for), RFC 8446 section 5.1 (a TLS
 * record: an alert or a handshake, version 3.x), RFC 4253 section 4.2 (SSH); Redis answers a command that it does not know with
 * "-ERR", or "-DENIED" in protected mode.
 */
enum first_bytes first_bytes_of(const void *bytes, size_t len);

#endif
