/* SPDX-License-Identifier: BSD-2-Clause */
/* The packets given to tshark whose documents have not come yet. */
#include "dissect/pending.h"

void
pending_push(struct pending *pending, const struct pending_packet *packet)
{
	queue_push(&pending->queue, packet, sizeof(*packet));
}

const struct pending_packet *
pending_first(const struct pending *pending)
{
	return pending->queue.count == 0 ? NULL : pending_at(pending, 0);
}

const struct pending_packet *
pending_at(const struct pending *pending, size_t index)
{
	return queue_at(&pending->queue, index, sizeof(struct pending_packet));
}

void
pending_pop(struct pending *pending)
{
	if (pending->queue.count > 0)
		queue_pop(&pending->queue);
}

void
pending_clear(struct pending *pending)
{
	pending->queue.first = pending->queue.count = 0;
}

void
pending_release(struct pending *pending)
{
	queue_release(&pending->queue);
}
