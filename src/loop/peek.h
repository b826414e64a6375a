/* SPDX-License-Identifier: BSD-2-Clause */
/* Finds out which protocol a server speaks, by the first bytes that it sends over a connection of its own. */
#ifndef ESPCAP_LOOP_PEEK_H
#define ESPCAP_LOOP_PEEK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "loop/http.h"
#include "loop/loop.h"

enum protocol {
	PROTOCOL_UNKNOWN, /* no connection, not a byte within the time, or too few of them */
	PROTOCOL_HTTP,
	PROTOCOL_TLS,
	PROTOCOL_SSH,
	PROTOCOL_REDIS,
	PROTOCOL_OTHER
};

struct peeked {
	enum protocol protocol;
	long status; /* of HTTP; 0 if it is unknown */
};

/* Bytes that are enough for every protocol: "HTTP/1.1 200". */
#define PEEK_BYTES 12

/*
 * By the first bytes (at most PEEK_BYTES) of a server that was sent an HTTP request. is_end: no more follow. False if
 * more are needed. RFC 9112 section 4 (HTTP/1), RFC 8446 section 5.1 (TLS: a record that is an alert or a handshake,
 * version 3.x), RFC 4253 section 4.2 (SSH); Redis answers "-ERR", "-NOAUTH" or "-DENIED". No I/O.
 */
bool peek_read(const char *bytes, size_t len, bool is_end, struct peeked *peeked);

struct peek;

/*
 * Connects to the host and port of url ("http://..."), asks for "/" by HTTP/1.0 without TLS and without any
 * credentials, and calls on_end once, from the loop, within so many ms. on_end may free it.
 */
struct peek *peek_new(struct loop *loop, struct http *http, const char *url, uint64_t timeout,
    void (*on_end)(void *ctx, const struct peeked *peeked), void *ctx);
/* The http must be freed before, unless on_end was called. NULL is allowed. */
void peek_free(struct peek *peek);

#endif
