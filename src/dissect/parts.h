/* SPDX-License-Identifier: BSD-2-Clause */
/* The captures that are joined in one input, and which of them a packet is of. No I/O. */
#ifndef ESPCAP_DISSECT_PARTS_H
#define ESPCAP_DISSECT_PARTS_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "packet/capture_id.h"

#define PARTS_NO_SHA256 "the crypto library offers no SHA-256"

struct part {
	uint64_t before; /* packets of the input before it */
	char id[CAPTURE_ID_LEN];
};

/* Those that have a packet, in order. A zeroed one has none. */
struct parts {
	struct part *list;
	size_t count, room;
};

void parts_release(struct parts *parts);
/*
 * Adds one after so many packets, more than before the last one; the caller fills in its id. Valid until the next is
 * added.
 */
struct part *parts_add(struct parts *parts, uint64_t before);
/*
 * A packet of the input, or the first bytes of an opaque format: one that begins a capture is remembered as that, the
 * first time.
 * -1 with OUTCOME_INPUT if there are too many of them.
 */
int parts_remember(struct parts *parts, const struct capture_record *record, struct error *error);
/* The id of a packet that was remembered: that which it has in its capture by itself. -1 with OUTCOME_INTERNAL. */
int parts_identify(const struct parts *parts, const struct capture_record *record, uint8_t id[PACKET_ID_LEN],
    struct error *error);
/* The id of the first one; "" if there is none. */
const char *parts_first_id(const struct parts *parts);
/* The one that the packet with this ordinal in the input is of; NULL if there is none. */
const struct part *parts_find(const struct parts *parts, uint64_t ordinal);

#endif
