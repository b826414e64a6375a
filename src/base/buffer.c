/* SPDX-License-Identifier: BSD-2-Clause */
/* A byte buffer with a stated maximum. */
#include "base/buffer.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/xalloc.h"

void
buffer_init(struct buffer *buffer, size_t max)
{
	memset(buffer, 0, sizeof(*buffer));
	buffer->max = max;
}

void
buffer_release(struct buffer *buffer)
{
	free(buffer->base);
	buffer_init(buffer, buffer->max);
}

void
buffer_clear(struct buffer *buffer)
{
	buffer->data = buffer->base;
	buffer->len = 0;
}

void
buffer_shrink(struct buffer *buffer, size_t keep)
{
	if (buffer->size > keep)
		buffer_release(buffer);
	else
		buffer_clear(buffer);
}

int
buffer_reserve(struct buffer *buffer, size_t count)
{
	size_t size;

	if (buffer_room(buffer) >= count && buffer->max - buffer->len >= count)
		return 0;
	if (buffer->max - buffer->len < count)
		return -1;
	/* Moving to the front is worth it only when at least half is free. */
	if (buffer->base != NULL && buffer->size - buffer->len >= count &&
	    buffer->len <= buffer->size / 2) {
		memmove(buffer->base, buffer->data, buffer->len);
		buffer->data = buffer->base;
		return 0;
	}
	size = buffer->size < 4096 ? 4096 : buffer->size;
	while (size - buffer->len < count)
		size = size > SIZE_MAX / 2 ? SIZE_MAX : size * 2;
	if (size == buffer->size)
		size *= 2;
	if (buffer->len > 0 && buffer->data != buffer->base)
		memmove(buffer->base, buffer->data, buffer->len);
	buffer->base = xreallocarray(buffer->base, size, 1);
	buffer->data = buffer->base;
	buffer->size = size;
	return 0;
}

void
buffer_added(struct buffer *buffer, size_t count)
{
	assert(count <= buffer_room(buffer));
	buffer->len += count;
}

int
buffer_number(struct buffer *buffer, uint64_t number)
{
	char digits[20];
	size_t at = sizeof(digits);

	do {
		digits[--at] = (char)('0' + number % 10);
		number /= 10;
	} while (number > 0);
	return buffer_append(buffer, digits + at, sizeof(digits) - at);
}

int
buffer_printf(struct buffer *buffer, const char *format, ...)
{
	va_list ap;
	int len;

	va_start(ap, format);
	len = vsnprintf(NULL, 0, format, ap);
	va_end(ap);
	if (len < 0 || buffer_reserve(buffer, (size_t)len + 1) != 0)
		return -1;
	va_start(ap, format);
	(void)vsnprintf(buffer->data + buffer->len, (size_t)len + 1, format,
	    ap);
	va_end(ap);
	buffer->len += (size_t)len;
	return 0;
}

void
buffer_consume(struct buffer *buffer, size_t count)
{
	if (count >= buffer->len) {
		buffer_clear(buffer);
		return;
	}
	buffer->data += count;
	buffer->len -= count;
}
