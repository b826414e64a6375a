/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The newest packets of a live capture, kept for a fresh tshark, so that it knows the conversations that go on. No I/O.
 */
#ifndef ESPCAP_DISSECT_WARM_UP_H
#define ESPCAP_DISSECT_WARM_UP_H

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
struct warm_up {
	struct pending packets;
	struct buffer bytes;  /* their records */
	size_t next, next_at; /* to be given; its record */
};

void warm_up_init(struct warm_up *warm_up);
void warm_up_release(struct warm_up *warm_up);

/*
 * Adds one, with the raw_len bytes of its record; the oldest make room. One without bytes, or after a gap, makes all
 * older ones go.
 */
void warm_up_keep(struct warm_up *warm_up, const struct pending_packet *packet, const void *raw);
void warm_up_clear(struct warm_up *warm_up);
size_t warm_up_count(const struct warm_up *warm_up);

/* Begins to give the newest ones, so many if there are. Returns how many these are. */
size_t warm_up_begin(struct warm_up *warm_up, size_t count);
/*
 * The next of them, without taking it, and taking it, with its record; NULL after the last. Valid until the next
 * warm_up_keep or warm_up_clear.
 */
const struct pending_packet *warm_up_peek(const struct warm_up *warm_up, const void **raw);
const struct pending_packet *warm_up_next(struct warm_up *warm_up, const void **raw);

#endif
