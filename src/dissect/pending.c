/* SPDX-License-Identifier: BSD-2-Clause */
/* The packets given to tshark whose documents have not come yet. */
#include "dissect/pending.h"

#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"

void
pending_push(struct pending *pending, const struct pending_packet *packet)
{
	if (pending->count == pending->room) {
		size_t room = pending->room == 0 ? 1024 : pending->room * 2;
		struct pending_packet *ring = xreallocarray(NULL, room,
		    sizeof(*ring));

		for (size_t i = 0; i < pending->count; i++)
			ring[i] = pending->ring[(pending->first + i) %
			    pending->room];
		free(pending->ring);
		pending->ring = ring;
		pending->room = room;
		pending->first = 0;
	}
	pending->ring[(pending->first + pending->count++) % pending->room] =
	    *packet;
}

const struct pending_packet *
pending_first(const struct pending *pending)
{
	return pending->count == 0 ? NULL : &pending->ring[pending->first];
}

const struct pending_packet *
pending_at(const struct pending *pending, size_t index)
{
	return &pending->ring[(pending->first + index) % pending->room];
}

void
pending_pop(struct pending *pending)
{
	if (pending->count == 0)
		return;
	pending->first = (pending->first + 1) % pending->room;
	pending->count--;
}

void
pending_clear(struct pending *pending)
{
	pending->first = pending->count = 0;
}

void
pending_release(struct pending *pending)
{
	free(pending->ring);
	memset(pending, 0, sizeof(*pending));
}
