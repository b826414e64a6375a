/* SPDX-License-Identifier: BSD-2-Clause */
/* Copies a file, compares two, or sums one, in pieces on the event loop. */
#include "deliver/copying.h"

#include <errno.h>
#include <event2/event.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/xalloc.h"

/* A piece takes about a millisecond; the loop has its turn after each. */
#define PIECE ((size_t)512 << 10)

struct copying {
	int from, to;
	uint64_t at, len;
	enum copying_kind kind;
	struct digest *digest;
	uint8_t *piece, *other;
	struct event *timer;
	void (*on_end)(void *ctx, const struct copying_end *end);
	void *ctx;
};

/* All of a piece; EIO if the file ends before. */
static int
read_piece(int fd, uint8_t *to, size_t len, uint64_t at)
{
	for (size_t have = 0; have < len;) {
		ssize_t got = pread(fd, to + have, len - have, (off_t)(at + have));

		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return got < 0 ? errno : EIO;
		have += (size_t)got;
	}
	return 0;
}

static int
write_piece(int fd, const uint8_t *from, size_t len, uint64_t at)
{
	for (size_t have = 0; have < len;) {
		ssize_t put = pwrite(fd, from + have, len - have, (off_t)(at + have));

		if (put < 0 && errno == EINTR)
			continue;
		if (put <= 0)
			return put < 0 ? errno : EIO;
		have += (size_t)put;
	}
	/* The disk begins now, and not with the fsync at the end, which then waits for less. */
	(void)sync_file_range(fd, (off_t)at, (off_t)len, SYNC_FILE_RANGE_WRITE);
	return 0;
}

static void
tell(struct copying *copying, struct copying_end *end)
{
	struct digest_mark mark;

	if (end->error == 0 && copying->digest != NULL) {
		if (digest_mark(copying->digest, &mark) != 0)
			end->error = EIO;
		end->sha256 = mark.text;
	}
	copying->on_end(copying->ctx, end);
}

static void
on_turn(evutil_socket_t fd, short what, void *ctx)
{
	struct copying *copying = ctx;
	struct copying_end end = { .is_same = true };
	uint64_t left = copying->len - copying->at;
	size_t len = left < PIECE ? (size_t)left : PIECE;

	(void)fd;
	(void)what;
	end.error = read_piece(copying->from, copying->piece, len, copying->at);
	end.is_read = end.error != 0;
	if (end.error == 0 && copying->kind == COPYING_COMPARE)
		end.error = read_piece(copying->to, copying->other, len, copying->at);
	if (end.error == 0 && copying->kind == COPYING_COPY)
		end.error = write_piece(copying->to, copying->piece, len, copying->at);
	if (end.error == 0 && copying->kind == COPYING_COMPARE)
		end.is_same = memcmp(copying->piece, copying->other, len) == 0;
	else if (end.error == 0)
		digest_bytes(copying->digest, copying->piece, len);
	copying->at += len;
	if (end.error != 0 || !end.is_same || copying->at == copying->len)
		tell(copying, &end);
	else
		loop_start_timer(copying->timer, 0);
}

struct copying *
copying_start(struct loop *loop, int from, int to, uint64_t len, enum copying_kind kind,
    void (*on_end)(void *ctx, const struct copying_end *end), void *ctx)
{
	struct copying *copying = xcalloc(1, sizeof(*copying));

	copying->from = from;
	copying->to = to;
	copying->len = len;
	copying->kind = kind;
	copying->on_end = on_end;
	copying->ctx = ctx;
	copying->piece = xmalloc(PIECE);
	if (kind == COPYING_COMPARE)
		copying->other = xmalloc(PIECE);
	else
		copying->digest = digest_new();
	copying->timer = evtimer_new(loop_base(loop), on_turn, copying);
	if (copying->timer == NULL || (kind != COPYING_COMPARE && copying->digest == NULL))
		abort(); /* out of memory */
	loop_start_timer(copying->timer, 0);
	return copying;
}

void
copying_free(struct copying *copying)
{
	if (copying == NULL)
		return;
	event_free(copying->timer);
	digest_free(copying->digest);
	free(copying->piece);
	free(copying->other);
	free(copying);
}
