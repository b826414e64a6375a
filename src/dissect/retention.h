/* SPDX-License-Identifier: BSD-2-Clause */
/* What is kept of a stream, which cannot be read twice, so that another tshark can go on with it. No I/O. */
#ifndef ESPCAP_DISSECT_RETENTION_H
#define ESPCAP_DISSECT_RETENTION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "dissect/pending.h"
#include "packet/capture_reader.h"

struct retention;

/* is_live: the capture has no end. Free with retention_free. */
struct retention *retention_new(bool is_live);
void retention_free(struct retention *retention);
/* Of the session of the input that follows. */
void retention_turn(struct retention *retention);

/* A packet that is to be pending; fills in what is kept of it. */
void retention_keep(struct retention *retention, const struct capture_record *record,
    struct pending_packet *packet);
/* A record that is no packet, as tshark got it. */
void retention_keep_other(struct retention *retention, const void *bytes, size_t len);
/* The stream cannot be taken up again from now on: it is in an opaque format. */
void retention_give_up(struct retention *retention);
/* The oldest packet leaves the pending ones, of which `left` stay. */
void retention_pop(struct retention *retention, const struct pending_packet *packet, size_t left);

/*
 * Another tshark begins, after the packets resolved. Of a stream that ends it gets empty records in place of those from `first`
 * on, so that numbers stay. Of a live one it gets the last `warm` of those resolved, with empty records in front if fewer
 * are kept. What is pending moves from there to what is given again. False if that cannot be: all stays pending.
 */
bool retention_begin(struct retention *retention, struct pending *pending, uint64_t first,
    uint64_t resolved, size_t warm);

enum retained_kind {
	RETAINED_NOTHING, /* all was given again: go on with the stream */
	RETAINED_BYTES,   /* records that are no packets */
	RETAINED_FILLER,  /* an empty record stands for packet.ordinal: it is pending, no document is wanted */
	RETAINED_WARM,    /* a packet of the past: not pending */
	RETAINED_PACKET   /* a packet that was pending, and is to be so again */
};

/* Valid until the next call of any of these functions. */
struct retained {
	enum retained_kind kind;
	const void *bytes; /* with RETAINED_BYTES */
	size_t len;
	struct capture_record record; /* with the others */
	bool empty;                   /* it is given as an empty record */
	struct pending_packet packet;
};
void retention_next(struct retention *retention, struct retained *retained);

/* What is pending cannot be given again, as it was too much to keep: of a live capture, which goes on nevertheless. */
bool retention_is_lossy(const struct retention *retention);
/* Of a live capture: how many of the last packets resolved are kept. */
size_t retention_kept(const struct retention *retention);
/* The first packet still to be given again, 0 for none. */
uint64_t retention_held(const struct retention *retention);

#endif
