/* SPDX-License-Identifier: BSD-2-Clause */
/* Bytes as a display filter and tshark write them. */
#include "query/literal_bytes.h"

#include <string.h>

static int
digit_of(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* The byte behind a colon, if it is not the first one. */
static int
put_byte(struct buffer *out, size_t first, unsigned byte)
{
	static const char digits[] = "0123456789abcdef";
	const char text[3] = { ':', digits[byte >> 4], digits[byte & 15] };
	size_t skip = out->len == first ? 1 : 0;

	return buffer_append(out, text + skip, sizeof(text) - skip);
}

/* One group between marks: pairs of digits, or one digit where the mark is a point. */
static int
read_group(const char *text, size_t len, char mark, struct buffer *out, size_t first)
{
	if (len == 1 && mark == '.' && digit_of(text[0]) >= 0)
		return put_byte(out, first, (unsigned)digit_of(text[0])) == 0 ? 1 : -1;
	/* What follows a colon or a hyphen is one byte. */
	if (len == 0 || len % 2 != 0 || ((mark == ':' || mark == '-') && len != 2))
		return 0;
	for (size_t i = 0; i < len; i += 2) {
		int high = digit_of(text[i]), low = digit_of(text[i + 1]);

		if (high < 0 || low < 0)
			return 0;
		if (put_byte(out, first, (unsigned)(high << 4 | low)) != 0)
			return -1;
	}
	return 1;
}

int
literal_bytes_read(const char *text, size_t len, struct buffer *out)
{
	size_t first = out->len, n;
	const char *end = text + len;
	char mark;
	int rv;

	/* A colon in front says that no field is meant. */
	if (len > 0 && text[0] == ':')
		text++;
	n = 0;
	while (text + n < end && digit_of(text[n]) >= 0)
		n++;
	mark = text + n < end ? text[n] : '\0';
	if (mark != '\0' && mark != ':' && mark != '-' && mark != '.')
		return 0;
	for (;; text += n + 1) {
		const char *next = memchr(text, mark, (size_t)(end - text));

		n = (size_t)((next == NULL ? end : next) - text);
		rv = read_group(text, n, mark, out, first);
		if (rv != 1 || next == NULL)
			return rv;
	}
}

int
literal_bytes_put(struct buffer *out, size_t at, size_t len)
{
	size_t first = out->len;

	/* The bytes move with the buffer. */
	for (size_t i = 0; i < len; i++)
		if (put_byte(out, first, (unsigned char)out->data[at + i]) != 0)
			return -1;
	return 0;
}
