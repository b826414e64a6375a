/* SPDX-License-Identifier: BSD-2-Clause */
/* What stands between quotes in a display filter: the escape sequences of wireshark-filter(4). */
#include "query/escape.h"

#include <stdbool.h>
#include <string.h>

/* What a sequence means: a byte, or a code point. */
struct meaning {
	uint32_t value;
	bool is_point;
	size_t len; /* of the sequence; 0 if it is none */
};

static int
digit_of(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return c >= 'A' && c <= 'F' ? c - 'A' + 10 : 16;
}

/* Up to max digits at text; *count says how many there are. */
static uint32_t
number(const char *text, size_t len, int base, size_t max, size_t *count)
{
	uint32_t value = 0;
	size_t i = 0;

	for (; i < len && i < max && digit_of(text[i]) < base; i++)
		value = value * (uint32_t)base + (uint32_t)digit_of(text[i]);
	*count = i;
	return value;
}

static struct meaning
point(const char *text, size_t len, size_t digits)
{
	size_t count;
	uint32_t value = number(text + 2, len - 2, 16, digits, &count);

	if (count != digits || value > 0x10ffff || (value >= 0xd800 && value <= 0xdfff))
		return (struct meaning){ 0, false, 0 };
	return (struct meaning){ value, true, 2 + digits };
}

/* text[0] is a backslash. */
static struct meaning
sequence(const char *text, size_t len)
{
	static const char letters[] = "'\"\\abfnrtv", meanings[] = "'\"\\\a\b\f\n\r\t\v";
	const char *letter;
	uint32_t value;
	size_t count;

	if (len < 2 || text[1] == '\0')
		return (struct meaning){ 0, false, 0 };
	if (text[1] == 'u' || text[1] == 'U')
		return point(text, len, text[1] == 'u' ? 4 : 8);
	if (text[1] == 'x') {
		value = number(text + 2, len - 2, 16, 2, &count);
		return (struct meaning){ value, false, count == 0 ? 0 : 2 + count };
	}
	value = number(text + 1, len - 1, 8, 3, &count);
	if (count > 0)
		return (struct meaning){ value, false, value > 255 ? 0 : 1 + count };
	letter = strchr(letters, text[1]);
	if (letter == NULL)
		return (struct meaning){ 0, false, 0 };
	return (struct meaning){ (unsigned char)meanings[letter - letters], false, 2 };
}

static int
put_point(uint32_t value, struct buffer *out)
{
	char bytes[4];
	size_t n = value < 0x80 ? 1 : value < 0x800 ? 2 :
	    value < 0x10000                         ? 3 :
						      4;

	for (size_t i = n; i-- > 1; value >>= 6)
		bytes[i] = (char)(0x80 | (value & 0x3f));
	bytes[0] = (char)(n == 1 ? value : (0xf00u >> n & 0xf0) | value);
	return buffer_append(out, bytes, n);
}

const char *
escape_string(const char *text, size_t len, struct buffer *out)
{
	const char *end = text + len;

	while (text < end) {
		const char *next = memchr(text, '\\', (size_t)(end - text));
		struct meaning meaning;
		char byte;

		if (next == NULL)
			next = end;
		if (buffer_append(out, text, (size_t)(next - text)) != 0)
			return text;
		if ((text = next) == end)
			break;
		meaning = sequence(text, (size_t)(end - text));
		byte = (char)meaning.value;
		if (meaning.len == 0 ||
		    (meaning.is_point ? put_point(meaning.value, out) : buffer_append(out, &byte, 1)) != 0)
			return text;
		text += meaning.len;
	}
	return NULL;
}

int
escape_char(const char *text, size_t len)
{
	struct meaning meaning;

	if (len == 1 && text[0] != '\\')
		return (unsigned char)text[0] < 0x80 ? text[0] : -1;
	if (len == 0 || text[0] != '\\')
		return -1;
	meaning = sequence(text, len);
	return meaning.len == len && meaning.value < 256 ? (int)meaning.value : -1;
}
