/* SPDX-License-Identifier: BSD-2-Clause */
/* The first bytes of a server. */
#include "loop/peek.h"

#include <errno.h>
#include <event2/event.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/xalloc.h"

/* Without Host:, at which Redis hangs up, and which HTTP/1.0 does not need. */
static const char request[] = "GET / HTTP/1.0\r\n\r\n";

struct peek {
	uint64_t end; /* clock_ms */
	void (*on_end)(void *ctx, const struct peeked *peeked);
	void *ctx;
	int fd; /* -1 before there is a connection */
	struct event *readable;
	struct loop *loop;
	char bytes[PEEK_BYTES];
	size_t len;
};

static const struct {
	const char *bytes;
	size_t len;
	enum protocol protocol;
} known[] = {
	{ "HTTP/1.", 7, PROTOCOL_HTTP },
	{ "\x15\x03", 2, PROTOCOL_TLS },
	{ "\x16\x03", 2, PROTOCOL_TLS },
	{ "SSH-", 4, PROTOCOL_SSH },
	{ "-ERR", 4, PROTOCOL_REDIS },
	{ "-NOAUTH", 7, PROTOCOL_REDIS },
	{ "-DENIED", 7, PROTOCOL_REDIS }
};

/* "HTTP/1.1 200" */
static bool
read_status(const char *bytes, size_t len, bool is_end, long *status)
{
	*status = 0;
	if (len < PEEK_BYTES)
		return is_end;
	for (size_t i = 9; i < PEEK_BYTES; i++) {
		if (bytes[i] < '0' || bytes[i] > '9') {
			*status = 0;
			break;
		}
		*status = *status * 10 + bytes[i] - '0';
	}
	return true;
}

bool
peek_read(const char *bytes, size_t len, bool is_end, struct peeked *peeked)
{
	bool may_be_known = len == 0;

	*peeked = (struct peeked){ PROTOCOL_UNKNOWN, 0 };
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		size_t both = len < known[i].len ? len : known[i].len;

		if (memcmp(bytes, known[i].bytes, both) != 0)
			continue;
		may_be_known = true;
		if (both < known[i].len)
			continue;
		peeked->protocol = known[i].protocol;
		return known[i].protocol != PROTOCOL_HTTP ||
		    read_status(bytes, len, is_end, &peeked->status);
	}
	/* What was cut so early tells nothing. */
	if (!may_be_known)
		peeked->protocol = PROTOCOL_OTHER;
	return !may_be_known || is_end;
}

/* The owner may free it. */
static void
finish(struct peek *peek)
{
	struct peeked peeked;

	(void)peek_read(peek->bytes, peek->len, true, &peeked);
	peek->on_end(peek->ctx, &peeked);
}

static void
wait_for_bytes(struct peek *peek)
{
	uint64_t now = clock_ms(), ms = now < peek->end ? peek->end - now : 0;
	struct timeval time = { (time_t)(ms / 1000), (suseconds_t)(ms % 1000 * 1000) };

	if (event_add(peek->readable, &time) != 0)
		abort(); /* out of memory */
}

static void
on_readable(evutil_socket_t fd, short what, void *ctx)
{
	struct peek *peek = ctx;
	struct peeked peeked;
	ssize_t n = 0;

	if ((what & EV_READ) != 0)
		n = recv(fd, peek->bytes + peek->len, PEEK_BYTES - peek->len, MSG_DONTWAIT);
	if (n > 0)
		peek->len += (size_t)n;
	if ((n > 0 && !peek_read(peek->bytes, peek->len, false, &peeked)) ||
	    (n < 0 && (errno == EAGAIN || errno == EINTR)))
		wait_for_bytes(peek);
	else
		finish(peek);
}

static void
on_connected(void *ctx, const struct http_reply *reply)
{
	struct peek *peek = ctx;

	peek->fd = reply->fd;
	if (peek->fd < 0) {
		finish(peek);
		return;
	}
	/* If it cannot be sent there may still be a greeting. */
	(void)send(peek->fd, request, sizeof(request) - 1, MSG_NOSIGNAL | MSG_DONTWAIT);
	peek->readable = event_new(loop_base(peek->loop), peek->fd, EV_READ, on_readable, peek);
	if (peek->readable == NULL)
		abort(); /* out of memory */
	wait_for_bytes(peek);
}

struct peek *
peek_new(struct loop *loop, struct http *http, const char *url, uint64_t timeout,
    void (*on_end)(void *ctx, const struct peeked *peeked), void *ctx)
{
	struct peek *peek = xcalloc(1, sizeof(*peek));
	const struct http_request bare = { .method = "GET",
		.url = url,
		.timeout = timeout,
		.is_bare = true };

	peek->loop = loop;
	peek->end = clock_ms() + timeout;
	peek->on_end = on_end;
	peek->ctx = ctx;
	peek->fd = -1;
	http_send(http, &bare, on_connected, peek);
	return peek;
}

void
peek_free(struct peek *peek)
{
	if (peek == NULL)
		return;
	if (peek->readable != NULL)
		event_free(peek->readable);
	if (peek->fd >= 0)
		close(peek->fd);
	free(peek);
}
