/* SPDX-License-Identifier: BSD-2-Clause */
/* Small readers and writers of text: numbers with ranges, sizes, times, and bytes of others made visible. */
#ifndef ESPCAP_BASE_TEXT_H
#define ESPCAP_BASE_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Copies bytes to dst as printable UTF-8 text: control characters (newline
 * included), characters that are not seen but change or hide what is (bidirectional and other format characters,
 * line separators, fillers), backslashes in front of an x, and bytes that are not UTF-8 become \xNN, each byte. Always
 * terminated; cut when size (at least 1) is reached. Returns strlen(dst).
 */
size_t text_visible(char *dst, size_t size, const char *bytes, size_t len);

/* Length 1..4 of the valid UTF-8 sequence (RFC 3629) at bytes, 0 if there is none within len. */
size_t text_utf8_len(const unsigned char *bytes, size_t len);
/* The code point of a valid sequence of len bytes. */
uint32_t text_utf8_point(const unsigned char *bytes, size_t len);

/* Length of the text of count > 0 bytes in hex: two digits each, colons between them. */
static inline uint64_t
text_hex_len(uint64_t count)
{
	return count > UINT64_MAX / 3 ? UINT64_MAX : 3 * count - 1;
}

/* Writes the first len characters of that text, for which (len + 2) / 3 bytes are needed. dst has room for len + 3. */
void text_hex(char *dst, const void *bytes, size_t len);

/* 0..15; -1 if it is no hex digit as they are written here, in lower case. */
static inline int
text_hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/*
 * Gives each line of text[0..len) to take, without its newline. Returns how many are damaged: those of which take says
 * false, and what has no newline, which was being written when the machine stopped.
 */
size_t text_lines(const char *text, size_t len, bool (*take)(void *ctx, const char *line, size_t len), void *ctx);

/* A decimal number in min..max with nothing around it; -1 if it is not. */
int text_number(const char *text, uint64_t min, uint64_t max, uint64_t *value);
/* A size in bytes: a number with an optional k, M or G (powers of 1024, an optional iB or B after). */
int text_size(const char *text, uint64_t min, uint64_t max, uint64_t *bytes);
/* The shortest such text of this size, "64M" or "1025"; dst is returned. */
#define TEXT_SIZE_LEN 24
const char *text_put_size(char dst[TEXT_SIZE_LEN], uint64_t bytes);
/* A time in milliseconds: a number, fractions allowed, with ms, s (default), m, h or d after it. */
int text_duration(const char *text, uint64_t min, uint64_t max, uint64_t *ms);

#endif
