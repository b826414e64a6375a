/* The newest packets of a live capture, kept for a fresh tshark. */
#include "dissect/overlap.h"

#include <stdlib.h>

void
overlap_init(struct overlap *overlap)
{
	*overlap = (struct overlap){ .next = 0 };
	buffer_init(&overlap->bytes, OVERLAP_BYTES);
}

void
overlap_release(struct overlap *overlap)
{
	pending_release(&overlap->packets);
	buffer_release(&overlap->bytes);
}

void
overlap_clear(struct overlap *overlap)
{
	pending_clear(&overlap->packets);
	buffer_clear(&overlap->bytes);
	overlap->next = overlap->next_at = 0;
}

size_t
overlap_count(const struct overlap *overlap)
{
	return overlap->packets.count;
}

static void
drop_oldest(struct overlap *overlap)
{
	size_t len = pending_first(&overlap->packets)->raw_len;

	buffer_consume(&overlap->bytes, len);
	pending_pop(&overlap->packets);
	if (overlap->next > 0) {
		overlap->next--;
		overlap->next_at -= len;
	}
}

void
overlap_keep(struct overlap *overlap, const struct pending_packet *packet,
    const void *raw)
{
	const struct pending_packet *oldest = pending_first(&overlap->packets);

	if (oldest != NULL && packet->ordinal !=
	    oldest->ordinal + overlap->packets.count)
		overlap_clear(overlap);
	if (packet->raw_len == 0 || packet->raw_len > OVERLAP_BYTES) {
		overlap_clear(overlap);
		return;
	}
	while (overlap->packets.count == OVERLAP_PACKETS ||
	    overlap->bytes.len + packet->raw_len > OVERLAP_BYTES)
		drop_oldest(overlap);
	if (buffer_append(&overlap->bytes, raw, packet->raw_len) != 0)
		abort();	/* there is room now */
	pending_push(&overlap->packets, packet);
}

size_t
overlap_begin(struct overlap *overlap, size_t count)
{
	size_t all = overlap->packets.count;

	overlap->next = overlap->next_at = 0;
	if (count > all)
		count = all;
	while (overlap->next < all - count)
		overlap->next_at += pending_at(&overlap->packets,
		    overlap->next++)->raw_len;
	return count;
}

const struct pending_packet *
overlap_peek(const struct overlap *overlap, const void **raw)
{
	if (overlap->next == overlap->packets.count)
		return NULL;
	*raw = overlap->bytes.data + overlap->next_at;
	return pending_at(&overlap->packets, overlap->next);
}

const struct pending_packet *
overlap_next(struct overlap *overlap, const void **raw)
{
	const struct pending_packet *packet = overlap_peek(overlap, raw);

	if (packet == NULL)
		return NULL;
	overlap->next++;
	overlap->next_at += packet->raw_len;
	return packet;
}
