/* SPDX-License-Identifier: BSD-2-Clause */
/* Writes JSON text: always valid UTF-8, whatever the bytes. */
#include "base/json.h"

#include <stdint.h>
#include <string.h>

#include "base/text.h"

#define ONES 0x0101010101010101u
#define HIGH 0x8080808080808080u

/* Non-zero if one of the eight bytes is below 0x20, above 0x7e, '"' or '\\'. */
static uint64_t
word_is_special(uint64_t w)
{
	uint64_t quote = w ^ (ONES * '"'), slash = w ^ (ONES * '\\');

	/* The classic "has a zero byte", "has a byte less than n" tests. */
	return ((w - ONES * 0x20) | w | (w + ONES) |
		   ((quote - ONES) & ~quote) | ((slash - ONES) & ~slash)) &
	    HIGH;
}

static bool
byte_is_special(unsigned char c)
{
	return c < 0x20 || c > 0x7e || c == '"' || c == '\\';
}

static uint64_t
load(const char *bytes)
{
	uint64_t w;

	memcpy(&w, bytes, sizeof(w));
	return w;
}

/* Of fewer than eight bytes, in whatever order, some twice. */
static uint64_t
load_few(const char *bytes, size_t len)
{
	uint32_t first, last;
	uint64_t w = ONES * 'a';

	if (len >= 4) {
		memcpy(&first, bytes, 4);
		memcpy(&last, bytes + len - 4, 4);
		return (uint64_t)last << 32 | first;
	}
	for (size_t i = 0; i < len; i++)
		w = w << 8 | (unsigned char)bytes[i];
	return w;
}

/* Bytes at the front that need no escape. */
static size_t
plain_len(const char *bytes, size_t len)
{
	size_t i = 0;

	if (len < 8) {
		if (word_is_special(load_few(bytes, len)) == 0)
			return len;
	} else {
		while (i + 8 <= len && word_is_special(load(bytes + i)) == 0)
			i += 8;
		/* The rest, with bytes in front of it that were looked at. */
		if (i + 8 > len &&
		    word_is_special(load(bytes + len - 8)) == 0)
			return len;
	}
	while (i < len && !byte_is_special((unsigned char)bytes[i]))
		i++;
	return i;
}

bool
json_is_plain(const char *bytes, size_t len)
{
	return plain_len(bytes, len) == len;
}

bool
json_is_utf8(const char *bytes, size_t len)
{
	const unsigned char *s = (const unsigned char *)bytes;

	for (size_t i = 0; i < len;) {
		size_t n;

		/* Most of it is ASCII. */
		if (i + 8 <= len && (load(bytes + i) & HIGH) == 0) {
			i += 8;
			continue;
		}
		n = text_utf8_len(s + i, len - i);
		if (n == 0)
			return false;
		i += n;
	}
	return true;
}

/*
 * Writes the escape of the bytes at s (len > 0) to dst, says its length and how
 * many bytes it stands for.
 */
static size_t
escape(char dst[6], const unsigned char *s, size_t len, size_t *taken)
{
	static const char hex[] = "0123456789abcdef", shorts[] = "btn\0fr";
	size_t n = text_utf8_len(s, len);

	*taken = n > 0 ? n : 1;
	if (n == 0) {
		memcpy(dst, "\xef\xbf\xbd", 3);
		return 3;
	}
	if (n > 1) {
		memcpy(dst, s, n);
		return n;
	}
	if (*s == '"' || *s == '\\') {
		dst[0] = '\\';
		dst[1] = (char)*s;
		return 2;
	}
	if (*s >= 0x20) {
		dst[0] = (char)*s;
		return 1;
	}
	if (*s >= 8 && *s <= 13 && shorts[*s - 8] != '\0') {
		dst[0] = '\\';
		dst[1] = shorts[*s - 8];
		return 2;
	}
	memcpy(dst, "\\u00", 4);
	dst[4] = hex[*s >> 4];
	dst[5] = hex[*s & 15];
	return 6;
}

int
json_string(struct buffer *out, const char *bytes, size_t len)
{
	size_t plain = plain_len(bytes, len), taken;
	char text[6];

	/* Most is. */
	if (plain == len)
		return json_quoted(out, bytes, len);
	if (buffer_append(out, "\"", 1) != 0)
		return -1;
	for (size_t i = 0; i < len; plain = plain_len(bytes + i, len - i)) {
		if (buffer_append(out, bytes + i, plain) != 0)
			return -1;
		i += plain;
		if (i == len)
			break;
		if (buffer_append(out, text,
			escape(text, (const unsigned char *)bytes + i, len - i,
			    &taken)) != 0)
			return -1;
		i += taken;
	}
	return buffer_append(out, "\"", 1);
}

int
json_quoted(struct buffer *out, const char *bytes, size_t len)
{
	char *at = buffer_extend(out, len + 2);

	if (at == NULL)
		return -1;
	*at++ = '"';
	if (len > 0)
		memcpy(at, bytes, len);
	at[len] = '"';
	return 0;
}

size_t
json_string_len(const char *bytes, size_t len)
{
	size_t total = 2, taken;
	char text[6];

	for (size_t i = 0; i < len;) {
		size_t plain = plain_len(bytes + i, len - i);

		total += plain;
		i += plain;
		if (i == len)
			break;
		total += escape(text, (const unsigned char *)bytes + i, len - i,
		    &taken);
		i += taken;
	}
	return total;
}

size_t
json_cut(const char *bytes, size_t len, size_t max)
{
	size_t n = max < len ? max : len;

	if (n == len && len > 0 && (bytes[len - 1] & 0x80) == 0)
		return n;
	/* A sequence is four bytes at most: look back at three. */
	for (size_t back = 1; back <= 3 && back <= n; back++) {
		unsigned char c = (unsigned char)bytes[n - back];

		if ((c & 0xc0) == 0x80)
			continue;
		if (c >= 0xc0 &&
		    text_utf8_len(
			(const unsigned char *)bytes + n - back, back) == 0)
			return n - back;
		break;
	}
	return n;
}

static int
new_line(struct buffer *out, unsigned depth)
{
	if (buffer_append(out, "\n", 1) != 0)
		return -1;
	for (unsigned i = 0; i < depth; i++)
		if (buffer_append(out, "  ", 2) != 0)
			return -1;
	return 0;
}

/* Appends one structural character with the space around it. */
static int
pretty_mark(struct buffer *out, char mark, char next, unsigned *depth)
{
	int rv = 0;

	if (mark == '}' || mark == ']') {
		(*depth)--;
		return new_line(out, *depth) | buffer_append(out, &mark, 1);
	}
	rv |= buffer_append(out, &mark, 1);
	if (mark == ':')
		return rv | buffer_append(out, " ", 1);
	if (mark != ',')
		(*depth)++;
	if (next == '}' || next == ']')
		return rv;
	return rv | new_line(out, *depth);
}

/* Length of the string that begins (with its quote) at in. */
static size_t
string_extent(const char *in, size_t len)
{
	size_t i = 1;

	while (i < len && in[i] != '"')
		i += in[i] == '\\' ? 2 : 1;
	return i + 1 < len ? i + 1 : len;
}

int
json_pretty(struct buffer *out, const char *in, size_t len)
{
	unsigned depth = 0;

	for (size_t i = 0; i < len;) {
		char next = i + 1 < len ? in[i + 1] : '\0';
		size_t n = 1;

		if (in[i] == '"')
			n = string_extent(in + i, len - i);
		if (n == 1 && (in[i] == '{' || in[i] == '[') &&
		    (next == '}' || next == ']'))
			n = 2;
		if (n > 1 || strchr("{}[],:", in[i]) == NULL) {
			if (buffer_append(out, in + i, n) != 0)
				return -1;
		} else if (pretty_mark(out, in[i], next, &depth) != 0)
			return -1;
		i += n;
	}
	return 0;
}

size_t
json_common_objects(const char *a, const char *b)
{
	size_t common = 0;

	for (size_t i = 0; a[i] != '\0' && a[i] == b[i]; i++)
		if (a[i] == '.')
			common = i + 1;
	return common;
}
