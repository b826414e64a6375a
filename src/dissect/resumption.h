/* SPDX-License-Identifier: BSD-2-Clause */
/* What is kept of a stream, which cannot be read twice, so that another tshark can go on with it. No I/O. */
#ifndef ESPCAP_DISSECT_RESUMPTION_H
#define ESPCAP_DISSECT_RESUMPTION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "dissect/pending.h"
#include "packet/capture_reader.h"

struct resumption;

/* is_live: the capture has no end. Free with resumption_free. */
struct resumption *resumption_new(bool is_live);
void resumption_free(struct resumption *resumption);
/* Of the session of the input that follows. */
void resumption_turn(struct resumption *resumption);

/* A packet that is to be pending; fills in what is kept of it. */
void resumption_keep(struct resumption *resumption, const struct capture_record *record,
    struct pending_packet *packet);
/* A record that is not a packet, as tshark got it. */
void resumption_keep_other(struct resumption *resumption, const void *bytes, size_t len);
/* The stream cannot be taken up again from now on: it is in an opaque format. */
void resumption_give_up(struct resumption *resumption);
/* The oldest packet leaves the pending ones, of which `left` stay. */
void resumption_pop(struct resumption *resumption, const struct pending_packet *packet, size_t left);

/*
 * Another tshark begins, after the packets resolved. Of a stream that ends it gets empty records in place of those from
 * `first` on, so that numbers stay. Of a live one it gets the last `warm` of those resolved, with empty records in
 * front if fewer are kept. What is pending moves from there to what is given again. False if that cannot be: all stays
 * pending.
 */
bool resumption_begin(struct resumption *resumption, struct pending *pending, uint64_t first,
    uint64_t resolved, size_t warm);

enum resumed_kind {
	RESUMED_NOTHING, /* all was given again: go on with the stream */
	RESUMED_BYTES,   /* records that are not packets */
	RESUMED_FILLER,  /* an empty record stands for packet.ordinal: it is pending, no document is wanted */
	RESUMED_WARM,    /* a packet of the past: not pending */
	RESUMED_PACKET   /* a packet that was pending, and is to be so again */
};

/* Valid until the next call of any of these functions. */
struct resumed {
	enum resumed_kind kind;
	const void *bytes; /* with RESUMED_BYTES */
	size_t len;
	struct capture_record record; /* with the others */
	bool empty;                   /* it is given as an empty record */
	struct pending_packet packet;
};
void resumption_next(struct resumption *resumption, struct resumed *resumed);

/* What is pending cannot be given again, as it was too much to keep: of a live capture, which goes on nevertheless. */
bool resumption_is_lossy(const struct resumption *resumption);
/* Of a live capture: how many of the last packets resolved are kept. */
size_t resumption_kept(const struct resumption *resumption);
/* The first packet still to be given again, 0 for none. */
uint64_t resumption_held(const struct resumption *resumption);

#endif
