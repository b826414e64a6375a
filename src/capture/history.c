/* SPDX-License-Identifier: BSD-2-Clause */
/* The last packets: records in a ring of bytes, each a head and what was captured. */
#include "capture/history.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"
#include "capture/ring_buffer.h"

struct record {
	uint64_t arrived_ns;
	uint32_t sec, fraction, caplen, wirelen;
	uint64_t reserved;
};

struct history {
	struct ring_buffer ring;
	size_t count;
	uint8_t *scratch; /* a packet that lies at the end of the ring and at its start */
	size_t scratch_size;
};

struct history *
history_new(size_t bytes)
{
	struct history *history = xcalloc(1, sizeof(*history));

	if (ring_buffer_init(&history->ring, bytes) == 0)
		return history;
	free(history);
	return NULL;
}

void
history_free(struct history *history)
{
	if (history == NULL)
		return;
	ring_buffer_release(&history->ring);
	free(history->scratch);
	free(history);
}

/* Copies len bytes that lie at an offset from the oldest. */
static void
copy(const struct iovec *pieces, size_t at, void *to, size_t len)
{
	size_t straight = at < pieces[0].iov_len ? pieces[0].iov_len - at : 0;

	if (straight > len)
		straight = len;
	if (straight > 0)
		memcpy(to, (const uint8_t *)pieces[0].iov_base + at, straight);
	if (straight < len)
		memcpy((uint8_t *)to + straight,
		    (const uint8_t *)pieces[1].iov_base + (at + straight - pieces[0].iov_len), len - straight);
}

static void
forget_oldest(struct history *history)
{
	struct iovec pieces[2];
	struct record record;

	(void)ring_buffer_pieces(&history->ring, pieces);
	copy(pieces, 0, &record, sizeof(record));
	ring_buffer_take(&history->ring, sizeof(record) + record.caplen);
	history->count--;
}

void
history_put(struct history *history, const struct nic_packet *packet, uint64_t arrived_ns)
{
	const struct record record = { .arrived_ns = arrived_ns,
		.sec = packet->sec,
		.fraction = packet->fraction,
		.caplen = packet->caplen,
		.wirelen = packet->wirelen };

	if (packet->caplen > history->scratch_size) {
		history->scratch = xreallocarray(history->scratch, packet->caplen, 1);
		history->scratch_size = packet->caplen;
	}
	while (ring_buffer_put(&history->ring, &record, sizeof(record), packet->bytes, packet->caplen) != 0) {
		/* It is larger than all. */
		if (history->count == 0)
			return;
		forget_oldest(history);
	}
	history->count++;
}

/* Where the bytes of a packet are in one piece. */
static const uint8_t *
whole(const struct history *history, const struct iovec *pieces, size_t at, size_t len)
{
	if (at + len <= pieces[0].iov_len)
		return (const uint8_t *)pieces[0].iov_base + at;
	if (at >= pieces[0].iov_len)
		return (const uint8_t *)pieces[1].iov_base + (at - pieces[0].iov_len);
	copy(pieces, at, history->scratch, len);
	return history->scratch;
}

void
history_each(const struct history *history, uint64_t since_ns,
    void (*on_packet)(void *ctx, const struct nic_packet *packet, uint64_t arrived_ns), void *ctx)
{
	struct iovec pieces[2] = { { NULL, 0 }, { NULL, 0 } };
	struct record record;
	size_t at = 0;

	(void)ring_buffer_pieces(&history->ring, pieces);
	for (size_t i = 0; i < history->count; i++) {
		copy(pieces, at, &record, sizeof(record));
		at += sizeof(record);
		if (record.arrived_ns >= since_ns) {
			const struct nic_packet packet = { .sec = record.sec,
				.fraction = record.fraction,
				.caplen = record.caplen,
				.wirelen = record.wirelen,
				.bytes = whole(history, pieces, at, record.caplen) };

			on_packet(ctx, &packet, record.arrived_ns);
		}
		at += record.caplen;
	}
}

size_t
history_count(const struct history *history)
{
	return history->count;
}
