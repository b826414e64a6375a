/* SPDX-License-Identifier: BSD-2-Clause */
/* The packets given to tshark whose documents have not come yet, in order. No I/O. */
#ifndef ESPCAP_DISSECT_PENDING_H
#define ESPCAP_DISSECT_PENDING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/packet_position.h"
#include "base/queue.h"
#include "packet/capture_id.h"

struct pending_packet {
	uint64_t ordinal;
	int64_t sec;
	uint32_t nsec;
	uint32_t wirelen;
	/* To give it again: bytes kept of its record, 0 for none, and what is in them. */
	uint32_t raw_len;
	uint32_t bytes_at, caplen, linktype;
	bool has_time;
	bool big;                  /* see struct capture_record */
	bool selected;             /* --bpf wants it */
	bool dead;                 /* given as an empty record: its document is not wanted */
	uint8_t id[PACKET_ID_LEN]; /* zeros if ids are not wanted */
	struct packet_position position;
};

/* Zeroed it is empty. */
struct pending {
	struct queue queue; /* of struct pending_packet */
};

void pending_push(struct pending *pending, const struct pending_packet *packet);
/* The oldest, NULL if there is none. Valid until the next push. */
const struct pending_packet *pending_first(const struct pending *pending);
/* The one after so many of the oldest; there must be one. Valid as that. */
const struct pending_packet *pending_at(const struct pending *pending, size_t index);
void pending_pop(struct pending *pending);
void pending_clear(struct pending *pending);
void pending_release(struct pending *pending);

#endif
