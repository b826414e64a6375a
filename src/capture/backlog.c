/* SPDX-License-Identifier: BSD-2-Clause */
/* The packets that were captured and are not in the pipe yet. */
#include "capture/backlog.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/xalloc.h"
#include "capture/ring_buffer.h"

/* Bytes on their way into the spool or out of it; a record is shorter by far than half of them. */
#define PIECE_LEN ((size_t)1 << 20)
#define HEAD_LEN 16

struct backlog {
	struct ring_buffer memory;
	struct spool_file *spool;
	uint8_t *piece; /* PIECE_LEN bytes; NULL without spool */
	size_t staged;  /* of these, for the spool */
	void (*on_resolved)(void *ctx, const struct nic_packet *packet,
	    bool taken);
	void *ctx;
};

struct backlog *
backlog_new(size_t size, struct spool_file *spool,
    void (*on_resolved)(void *ctx, const struct nic_packet *packet, bool taken),
    void *ctx)
{
	struct backlog *backlog = xcalloc(1, sizeof(*backlog));

	backlog->spool = spool;
	backlog->on_resolved = on_resolved;
	backlog->ctx = ctx;
	if (ring_buffer_init(&backlog->memory, size) != 0) {
		free(backlog);
		return NULL;
	}
	if (spool != NULL)
		backlog->piece = xmalloc(PIECE_LEN);
	return backlog;
}

void
backlog_free(struct backlog *backlog)
{
	if (backlog == NULL)
		return;
	ring_buffer_release(&backlog->memory);
	free(backlog->piece);
	free(backlog);
}

int
backlog_begin(struct backlog *backlog, const void *bytes, size_t len)
{
	return ring_buffer_put(&backlog->memory, bytes, len, NULL, 0);
}

/* In. */

static bool
stage(struct backlog *backlog, const uint32_t head[4],
    const struct nic_packet *packet)
{
	size_t len = HEAD_LEN + (size_t)packet->caplen;

	if (backlog->spool == NULL || len > PIECE_LEN ||
	    !spool_file_is_ready(backlog->spool))
		return false;
	if (len > PIECE_LEN - backlog->staged)
		backlog_resolve(backlog);
	memcpy(backlog->piece + backlog->staged, head, HEAD_LEN);
	memcpy(backlog->piece + backlog->staged + HEAD_LEN, packet->bytes,
	    packet->caplen);
	backlog->staged += len;
	return true;
}

void
backlog_put(struct backlog *backlog, const struct nic_packet *packet)
{
	const uint32_t head[4] = { packet->sec, packet->fraction,
		packet->caplen, packet->wirelen };
	/* Who comes after what is in the spool goes there too. */
	bool straight = backlog->staged == 0 &&
	    (backlog->spool == NULL || spool_file_is_empty(backlog->spool));

	if (straight &&
	    ring_buffer_put(&backlog->memory, head, sizeof(head), packet->bytes,
		packet->caplen) == 0)
		backlog->on_resolved(backlog->ctx, packet, true);
	else if (!stage(backlog, head, packet)) {
		backlog_resolve(backlog);
		backlog->on_resolved(backlog->ctx, packet, false);
	}
}

void
backlog_resolve(struct backlog *backlog)
{
	size_t len = backlog->staged, taken;

	if (len == 0)
		return;
	backlog->staged = 0;
	taken = spool_file_append(backlog->spool, backlog->piece, len);
	for (size_t at = 0; at < len;) {
		struct nic_packet packet;
		uint32_t head[4];

		memcpy(head, backlog->piece + at, sizeof(head));
		packet = (struct nic_packet){ .sec = head[0],
			.fraction = head[1],
			.caplen = head[2],
			.wirelen = head[3],
			.bytes = backlog->piece + at + HEAD_LEN };
		at += HEAD_LEN + (size_t)packet.caplen;
		backlog->on_resolved(backlog->ctx, &packet, at <= taken);
	}
}

/* Out. */

size_t
backlog_queued(const struct backlog *backlog)
{
	return backlog->memory.len;
}

uint64_t
backlog_spooled(const struct backlog *backlog)
{
	return backlog->spool == NULL ? 0 : spool_file_len(backlog->spool);
}

bool
backlog_waits(const struct backlog *backlog)
{
	return backlog->memory.len > 0 ||
	    (backlog->spool != NULL && !spool_file_is_empty(backlog->spool));
}

/* Before the memory is empty, so that who reads the pipe has no need to wait for the disk. */
static uint64_t
refill(struct backlog *backlog)
{
	size_t room = backlog->memory.size - backlog->memory.len, len;
	uint64_t lost;

	if (backlog->spool == NULL || spool_file_is_empty(backlog->spool) ||
	    room < backlog->memory.size / 2)
		return 0;
	len = spool_file_take(backlog->spool, backlog->piece,
	    room < PIECE_LEN ? room : PIECE_LEN, &lost);
	(void)ring_buffer_put(&backlog->memory, backlog->piece, len, NULL, 0);
	return lost;
}

int
backlog_write(struct backlog *backlog, int data, uint64_t *lost)
{
	struct iovec pieces[2];
	int count, rv = 0;
	ssize_t n;

	while ((count = ring_buffer_pieces(&backlog->memory, pieces)) > 0) {
		n = writev(data, pieces, count);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0) {
			rv = errno != EAGAIN ? -1 : 0;
			break;
		}
		ring_buffer_take(&backlog->memory, (size_t)n);
	}
	*lost = refill(backlog);
	return rv;
}
