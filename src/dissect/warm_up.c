/* SPDX-License-Identifier: BSD-2-Clause */
/* The newest packets of a live capture, kept for a fresh tshark. */
#include "dissect/warm_up.h"

#include <stdlib.h>

void
warm_up_init(struct warm_up *warm_up)
{
	*warm_up = (struct warm_up){ .next = 0 };
	buffer_init(&warm_up->bytes, OVERLAP_BYTES);
}

void
warm_up_release(struct warm_up *warm_up)
{
	pending_release(&warm_up->packets);
	buffer_release(&warm_up->bytes);
}

void
warm_up_clear(struct warm_up *warm_up)
{
	pending_clear(&warm_up->packets);
	buffer_clear(&warm_up->bytes);
	warm_up->next = warm_up->next_at = 0;
}

size_t
warm_up_count(const struct warm_up *warm_up)
{
	return warm_up->packets.queue.count;
}

static void
drop_oldest(struct warm_up *warm_up)
{
	size_t len = pending_first(&warm_up->packets)->raw_len;

	buffer_consume(&warm_up->bytes, len);
	pending_pop(&warm_up->packets);
	if (warm_up->next > 0) {
		warm_up->next--;
		warm_up->next_at -= len;
	}
}

void
warm_up_keep(struct warm_up *warm_up, const struct pending_packet *packet,
    const void *raw)
{
	const struct pending_packet *oldest = pending_first(&warm_up->packets);

	if (oldest != NULL &&
	    packet->ordinal != oldest->ordinal + warm_up->packets.queue.count)
		warm_up_clear(warm_up);
	if (packet->raw_len == 0 || packet->raw_len > OVERLAP_BYTES) {
		warm_up_clear(warm_up);
		return;
	}
	while (warm_up->packets.queue.count == OVERLAP_PACKETS ||
	    warm_up->bytes.len + packet->raw_len > OVERLAP_BYTES)
		drop_oldest(warm_up);
	if (buffer_append(&warm_up->bytes, raw, packet->raw_len) != 0)
		abort(); /* there is room now */
	pending_push(&warm_up->packets, packet);
}

size_t
warm_up_begin(struct warm_up *warm_up, size_t count)
{
	size_t all = warm_up->packets.queue.count;

	warm_up->next = warm_up->next_at = 0;
	if (count > all)
		count = all;
	while (warm_up->next < all - count)
		warm_up->next_at +=
		    pending_at(&warm_up->packets, warm_up->next++)->raw_len;
	return count;
}

const struct pending_packet *
warm_up_peek(const struct warm_up *warm_up, const void **raw)
{
	if (warm_up->next == warm_up->packets.queue.count)
		return NULL;
	*raw = warm_up->bytes.data + warm_up->next_at;
	return pending_at(&warm_up->packets, warm_up->next);
}

const struct pending_packet *
warm_up_next(struct warm_up *warm_up, const void **raw)
{
	const struct pending_packet *packet = warm_up_peek(warm_up, raw);

	if (packet == NULL)
		return NULL;
	warm_up->next++;
	warm_up->next_at += packet->raw_len;
	return packet;
}
