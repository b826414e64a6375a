/* SPDX-License-Identifier: BSD-2-Clause */
/* A ring of bytes with a fixed bound. */
#include "capture/ring_buffer.h"

#include <string.h>
#include <sys/mman.h>

int
ring_buffer_init(struct ring_buffer *ring, size_t size)
{
	void *bytes = mmap(NULL, size, PROT_READ | PROT_WRITE,
	    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	memset(ring, 0, sizeof(*ring));
	if (bytes == MAP_FAILED)
		return -1;
	ring->bytes = bytes;
	ring->size = size;
	return 0;
}

void
ring_buffer_release(struct ring_buffer *ring)
{
	if (ring->bytes != NULL)
		(void)munmap(ring->bytes, ring->size);
	memset(ring, 0, sizeof(*ring));
}

static void
put(struct ring_buffer *ring, const void *bytes, size_t len)
{
	size_t at = (ring->first + ring->len) % ring->size;
	size_t straight = ring->size - at < len ? ring->size - at : len;

	if (len == 0)
		return;
	memcpy(ring->bytes + at, bytes, straight);
	memcpy(ring->bytes, (const uint8_t *)bytes + straight, len - straight);
	ring->len += len;
}

int
ring_buffer_put(struct ring_buffer *ring, const void *head, size_t head_len,
    const void *body, size_t body_len)
{
	size_t room = ring->size - ring->len;

	if (head_len > room || body_len > room - head_len)
		return -1;
	put(ring, head, head_len);
	put(ring, body, body_len);
	return 0;
}

int
ring_buffer_pieces(const struct ring_buffer *ring, struct iovec pieces[2])
{
	size_t straight = ring->size - ring->first;

	if (ring->len == 0)
		return 0;
	if (straight > ring->len)
		straight = ring->len;
	pieces[0].iov_base = ring->bytes + ring->first;
	pieces[0].iov_len = straight;
	pieces[1].iov_base = ring->bytes;
	pieces[1].iov_len = ring->len - straight;
	return pieces[1].iov_len > 0 ? 2 : 1;
}

void
ring_buffer_take(struct ring_buffer *ring, size_t len)
{
	ring->len -= len;
	/* An idle ring stays in its first pages, so that it takes no more memory than it must. */
	ring->first = ring->len == 0 ? 0 : (ring->first + len) % ring->size;
}
