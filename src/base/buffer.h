/* SPDX-License-Identifier: BSD-2-Clause */
/* A byte buffer with a stated maximum. Appending at the end and consuming at the front are cheap. */
#ifndef ESPCAP_BASE_BUFFER_H
#define ESPCAP_BASE_BUFFER_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

/*
 * Read data[0..len) freely; change the members only through the functions
 * below. The bytes are not terminated.
 */
struct buffer {
	char *data;  /* first byte not yet consumed */
	size_t len;  /* bytes from data on */
	size_t max;  /* len never exceeds this */
	char *base;  /* what was allocated */
	size_t size; /* bytes allocated at base */
};

void buffer_init(struct buffer *buffer, size_t max);
/* Frees the memory; the buffer is as after buffer_init. */
void buffer_release(struct buffer *buffer);
/* Forgets the bytes, keeps the memory. */
void buffer_clear(struct buffer *buffer);
/* Forgets the bytes, and the memory too if it is more than keep bytes. */
void buffer_shrink(struct buffer *buffer, size_t keep);

/* Makes room for count more bytes after data + len; -1 if that would exceed max (nothing changed then). */
int buffer_reserve(struct buffer *buffer, size_t count);
/* Bytes that fit after data + len without another allocation. */
static inline size_t
buffer_room(const struct buffer *buffer)
{
	if (buffer->base == NULL)
		return 0;
	return buffer->size - (size_t)(buffer->data - buffer->base) -
	    buffer->len;
}

/* Says that count bytes were written after data + len into reserved room. */
void buffer_added(struct buffer *buffer, size_t count);

/*
 * Room for count bytes, at least one, that follow the last one, which the caller fills, all of them; NULL if max would
 * be exceeded (nothing changed then). Inline: documents are made of small pieces.
 */
static inline char *
buffer_extend(struct buffer *buffer, size_t count)
{
	char *at;

	if ((buffer_room(buffer) < count ||
		buffer->max - buffer->len < count) &&
	    buffer_reserve(buffer, count) != 0)
		return NULL;
	at = buffer->data + buffer->len;
	buffer->len += count;
	return at;
}

/* 0, or -1 if max would be exceeded (nothing is appended then). */
static inline int
buffer_append(struct buffer *buffer, const void *bytes, size_t count)
{
	char *at;

	if (count == 0)
		return 0;
	at = buffer_extend(buffer, count);
	if (at == NULL)
		return -1;
	memcpy(at, bytes, count);
	return 0;
}

static inline int
buffer_puts(struct buffer *buffer, const char *text)
{
	return buffer_append(buffer, text, strlen(text));
}

int buffer_number(struct buffer *buffer, uint64_t number);
int buffer_printf(struct buffer *buffer, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* Drops the first count (at most len) bytes. */
void buffer_consume(struct buffer *buffer, size_t count);

#endif
