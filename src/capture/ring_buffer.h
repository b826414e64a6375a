/* SPDX-License-Identifier: BSD-2-Clause */
/* A ring of bytes with a fixed bound: what does not fit is refused whole. No I/O. */
#ifndef ESPCAP_CAPTURE_RING_BUFFER_H
#define ESPCAP_CAPTURE_RING_BUFFER_H

#include <stddef.h>
#include <stdint.h>
#include <sys/uio.h>

struct ring_buffer {
	uint8_t *bytes;
	size_t size; /* the bound */
	size_t first, len;
};

/*
 * The memory is taken from the system as it is used. -1 with errno if there is none. Release with ring_buffer_release.
 */
int ring_buffer_init(struct ring_buffer *ring, size_t size);
void ring_buffer_release(struct ring_buffer *ring);

/* Appends a head and a body; -1, and nothing, if there is no room for both. */
int ring_buffer_put(struct ring_buffer *ring, const void *head, size_t head_len, const void *body, size_t body_len);
/* What is in it, oldest first, in one or two pieces; how many. */
int ring_buffer_pieces(const struct ring_buffer *ring, struct iovec pieces[2]);
/* Takes so many bytes (at most those in it) off the front. */
void ring_buffer_take(struct ring_buffer *ring, size_t len);

#endif
