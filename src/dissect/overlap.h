/* The newest packets of a live capture, kept for a fresh tshark, so that it knows the conversations that go on. No I/O. */
#ifndef ESPCAP_DISSECT_OVERLAP_H
#define ESPCAP_DISSECT_OVERLAP_H

#include <stddef.h>

#include "base/buffer.h"
#include "dissect/pending.h"

/*
 * Each is dissected twice, and documents pause meanwhile: 4,000 take a quarter of a second of
 * processor time, and are a sixtieth of the default life of a tshark. The bytes are for
 * packets of full size: 1,400 of them.
 */
#define OVERLAP_PACKETS 4000
#define OVERLAP_BYTES ((size_t)2 << 20)

/* Their ordinals rise by one. Use it through the functions only. */
struct overlap {
	struct pending packets;
	struct buffer bytes;	/* their records */
	size_t next, next_at;	/* to be given; its record */
};

void overlap_init(struct overlap *overlap);
void overlap_release(struct overlap *overlap);

/* Adds one, with the raw_len bytes of its record; the oldest make room. One without bytes, or behind a gap, makes all older ones go. */
void overlap_keep(struct overlap *overlap, const struct pending_packet *packet, const void *raw);
void overlap_clear(struct overlap *overlap);
size_t overlap_count(const struct overlap *overlap);

/* Begins to give the newest ones, so many if there are. Returns how many these are. */
size_t overlap_begin(struct overlap *overlap, size_t count);
/* The next of them, without taking it, and taking it, with its record; NULL behind the last. Valid until the next overlap_keep or overlap_clear. */
const struct pending_packet *overlap_peek(const struct overlap *overlap, const void **raw);
const struct pending_packet *overlap_next(struct overlap *overlap, const void **raw);

#endif
