/* SPDX-License-Identifier: BSD-2-Clause */
/* Small readers and writers of text. */
#include "base/text.h"

#include <errno.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

size_t
text_utf8_len(const unsigned char *s, size_t len)
{
	unsigned char low = 0x80, high = 0xbf;
	size_t need;

	if (len == 0)
		return 0;
	if (s[0] < 0x80)
		return 1;
	if (s[0] >= 0xc2 && s[0] <= 0xdf)
		need = 2;
	else if (s[0] >= 0xe0 && s[0] <= 0xef)
		need = 3;
	else if (s[0] >= 0xf0 && s[0] <= 0xf4)
		need = 4;
	else
		return 0;
	if (len < need)
		return 0;
	/* Overlong forms, surrogates and beyond U+10FFFF: RFC 3629, section 4. */
	if (s[0] == 0xe0)
		low = 0xa0;
	else if (s[0] == 0xed)
		high = 0x9f;
	else if (s[0] == 0xf0)
		low = 0x90;
	else if (s[0] == 0xf4)
		high = 0x8f;
	if (s[1] < low || s[1] > high)
		return 0;
	for (size_t i = 2; i < need; i++)
		if ((s[i] & 0xc0) != 0x80)
			return 0;
	return need;
}

/* clang-format off */
#define DIGIT(n) ((n) < 10 ? '0' + (n) : 'a' + (n) - 10)
#define HEX(high, low) { DIGIT(high), DIGIT(low), ':' }
#define HEX_4(high, low) HEX(high, low), HEX(high, (low) + 1), \
    HEX(high, (low) + 2), HEX(high, (low) + 3)
#define HEX_16(high) HEX_4(high, 0), HEX_4(high, 4), HEX_4(high, 8), HEX_4(high, 12)
#define HEX_64(high) HEX_16(high), HEX_16((high) + 1), HEX_16((high) + 2), \
    HEX_16((high) + 3)
/* clang-format on */

void
text_hex(char *dst, const void *bytes, size_t len)
{
	/* Four characters are copied at once, and three count. */
	static const char table[256][4] = {
		HEX_64(0), HEX_64(4), HEX_64(8), HEX_64(12)
	};
	const unsigned char *s = bytes;

	for (size_t at = 0; at < len; at += 3)
		memcpy(dst + at, table[*s++], 4);
}

/*
 * What shows nothing by itself, but changes how or in which order other text is shown, hides in it, or moves the
 * cursor. Unicode 17: general category Cc, Cf, Zl and Zp (DerivedGeneralCategory.txt), and Default_Ignorable_Code_Point
 * (DerivedCoreProperties.txt), which holds what is still unassigned of such, too.
 */
static const struct {
	uint32_t first, last;
} unseen[] = {
	{ 0x0000, 0x001f }, { 0x007f, 0x009f }, { 0x00ad, 0x00ad },
	{ 0x034f, 0x034f }, { 0x0600, 0x0605 }, { 0x061c, 0x061c },
	{ 0x06dd, 0x06dd }, { 0x070f, 0x070f }, { 0x0890, 0x0891 },
	{ 0x08e2, 0x08e2 }, { 0x115f, 0x1160 }, { 0x17b4, 0x17b5 },
	{ 0x180b, 0x180f }, { 0x200b, 0x200f }, { 0x2028, 0x202e },
	{ 0x2060, 0x206f }, { 0x3164, 0x3164 }, { 0xfe00, 0xfe0f },
	{ 0xfeff, 0xfeff }, { 0xffa0, 0xffa0 }, { 0xfff0, 0xfffb },
	{ 0x110bd, 0x110bd }, { 0x110cd, 0x110cd }, { 0x13430, 0x1343f },
	{ 0x1bca0, 0x1bca3 }, { 0x1d173, 0x1d17a }, { 0xe0000, 0xe0fff }
};

uint32_t
text_utf8_point(const unsigned char *s, size_t n)
{
	uint32_t point = n == 1 ? s[0] : s[0] & (0xffU >> (n + 1));

	for (size_t i = 1; i < n; i++)
		point = point << 6 | (s[i] & 0x3f);
	return point;
}

static bool
is_unseen(uint32_t point)
{
	for (size_t i = 0; i < sizeof(unseen) / sizeof(unseen[0]) &&
	     unseen[i].first <= point;
	     i++)
		if (point <= unseen[i].last)
			return true;
	return false;
}

size_t
text_visible(char *dst, size_t size, const char *bytes, size_t len)
{
	const unsigned char *s = (const unsigned char *)bytes;
	size_t used = 0;

	for (size_t i = 0; i < len;) {
		size_t n = text_utf8_len(s + i, len - i);
		bool escape = n == 0 || is_unseen(text_utf8_point(s + i, n)) ||
		    (s[i] == '\\' && i + 1 < len && s[i + 1] == 'x');

		if (!escape) {
			if (used + n >= size)
				break;
			memcpy(dst + used, s + i, n);
			used += n;
			i += n;
			continue;
		}
		if (used + 4 >= size)
			break;
		used += (size_t)snprintf(dst + used, size - used, "\\x%02x",
		    s[i]);
		i++;
	}
	dst[used] = '\0';
	return used;
}

int
text_number(const char *text, uint64_t min, uint64_t max, uint64_t *value)
{
	unsigned long long number;
	char *end;

	if (text[0] < '0' || text[0] > '9')
		return -1;
	errno = 0;
	number = strtoull(text, &end, 10);
	if (errno != 0 || *end != '\0' || number < min || number > max)
		return -1;
	*value = number;
	return 0;
}

int
text_size(const char *text, uint64_t min, uint64_t max, uint64_t *bytes)
{
	static const char units[] = "kmg";
	unsigned long long number;
	const char *unit;
	char *end;
	unsigned shift = 0;

	if (text[0] < '0' || text[0] > '9')
		return -1;
	errno = 0;
	number = strtoull(text, &end, 10);
	if (errno != 0)
		return -1;
	if (*end != '\0' && *end != 'B' &&
	    (unit = strchr(units, *end | 0x20)) != NULL) {
		shift = 10 * (unsigned)(unit - units + 1);
		end++;
		if (end[0] == 'i' && end[1] == 'B')
			end++;
	}
	if (*end == 'B')
		end++;
	if (*end != '\0' || number > UINT64_MAX >> shift)
		return -1;
	number <<= shift;
	if (number < min || number > max)
		return -1;
	*bytes = number;
	return 0;
}

const char *
text_put_size(char dst[TEXT_SIZE_LEN], uint64_t bytes)
{
	static const char *const units[] = { "", "k", "M", "G" };
	size_t unit = 0;

	while (bytes != 0 && bytes % 1024 == 0 && unit + 1 < sizeof(units) / sizeof(units[0])) {
		bytes /= 1024;
		unit++;
	}
	(void)snprintf(dst, TEXT_SIZE_LEN, "%llu%s", (unsigned long long)bytes, units[unit]);
	return dst;
}

int
text_duration(const char *text, uint64_t min, uint64_t max, uint64_t *ms)
{
	static const struct {
		const char *unit;
		double ms;
	} units[] = { { "", 1e3 }, { "ms", 1 }, { "s", 1e3 }, { "m", 60e3 },
		{ "h", 3600e3 }, { "d", 86400e3 } };
	double number;
	char *end;

	if (text[0] < '0' || text[0] > '9')
		return -1;
	number = strtod(text, &end);
	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
		if (strcmp(end, units[i].unit) != 0)
			continue;
		number = round(number * units[i].ms);
		if (!(number >= (double)min && number <= (double)max))
			return -1;
		*ms = (uint64_t)number;
		return 0;
	}
	return -1;
}

size_t
text_lines(const char *text, size_t len, bool (*take)(void *ctx, const char *line, size_t len), void *ctx)
{
	size_t damaged = 0;

	while (len > 0) {
		const char *newline = memchr(text, '\n', len);
		size_t line = newline == NULL ? len : (size_t)(newline - text);

		if (newline == NULL || !take(ctx, text, line))
			damaged++;
		if (newline == NULL)
			break;
		text += line + 1;
		len -= line + 1;
	}
	return damaged;
}
