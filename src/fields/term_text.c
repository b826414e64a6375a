/* SPDX-License-Identifier: BSD-2-Clause */
/* The values of terms from the texts that tshark prints. */
#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "fields/term.h"

/* A number in any of its forms; what is longer is none. */
#define NUMBER_TEXT_MAX 40
/* "ffff:ffff:ffff:ffff:ffff:ffff:255.255.255.255" */
#define ADDRESS_TEXT_MAX 46
/* What is appended of a value that is longer than TERM_VALUE_MAX is not longer than this. */
#define ENOUGH (TERM_VALUE_MAX + 1)
#define SECONDS_A_DAY 86400
/* Years have at most ten digits: their seconds fit in 64 bits. */
#define YEAR_DIGITS_MAX 10

static bool
text_is(const char *text, size_t len, const char *other)
{
	return len == strlen(other) && memcmp(text, other, len) == 0;
}

static bool
is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static int
hex_digit(char c)
{
	if (is_digit(c))
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* A number of digits alone, at least one. */
static bool
read_digits(const char *text, size_t len, unsigned base, uint64_t *number)
{
	*number = 0;
	for (size_t i = 0; i < len; i++) {
		int digit = hex_digit(text[i]);

		if (digit < 0 || (unsigned)digit >= base ||
		    *number > (UINT64_MAX - (unsigned)digit) / base)
			return false;
		*number = *number * base + (unsigned)digit;
	}
	return len > 0;
}

/* 'A', '\n', '\\', '\x1b', '\033': FT_CHAR. */
static bool
read_character(const char *text, size_t len, uint64_t *number)
{
	static const char letters[] = "abfnrtv\\'\"", values[] = "\a\b\f\n\r\t\v\\'\"";
	const char *letter;

	if (len < 3 || text[0] != '\'' || text[len - 1] != '\'')
		return false;
	text++;
	len -= 2;
	if (len == 1) {
		*number = (unsigned char)text[0];
		return text[0] != '\\';
	}
	if (text[0] != '\\')
		return false;
	if (text[1] == 'x')
		return len <= 4 && read_digits(text + 2, len - 2, 16, number);
	if (is_digit(text[1]))
		return read_digits(text + 1, len - 1, 8, number) && *number <= 255;
	letter = len == 2 && text[1] != '\0' ? strchr(letters, text[1]) : NULL;
	if (letter == NULL)
		return false;
	*number = (unsigned char)values[letter - letters];
	return true;
}

/* 443, 0x01bb, 0673 */
static bool
read_unsigned(const char *text, size_t len, uint64_t *number)
{
	if (len > 2 && text[0] == '0' && (text[1] == 'x' || text[1] == 'X'))
		return read_digits(text + 2, len - 2, 16, number);
	if (len > 1 && text[0] == '0')
		return read_digits(text + 1, len - 1, 8, number);
	return read_digits(text, len, 10, number) ||
	    read_character(text, len, number);
}

static int
unsigned_value(const char *text, size_t len, struct buffer *out)
{
	uint64_t number;

	if (!read_unsigned(text, len, &number))
		return 0;
	return term_unsigned(number, out) == 0 ? 1 : -1;
}

static int
signed_value(const char *text, size_t len, struct buffer *out)
{
	bool negative = len > 0 && text[0] == '-';
	uint64_t number;

	if (negative ? !read_digits(text + 1, len - 1, 10, &number) :
		       !read_unsigned(text, len, &number))
		return 0;
	if (number > (uint64_t)INT64_MAX + negative)
		return 0;
	return term_signed((int64_t)(negative ? -number : number), out) == 0 ?
	    1 :
	    -1;
}

static int
boolean_value(const char *text, size_t len, struct buffer *out)
{
	bool value = text_is(text, len, "1") || text_is(text, len, "true") ||
	    text_is(text, len, "True");

	if (!value && !text_is(text, len, "0") &&
	    !text_is(text, len, "false") && !text_is(text, len, "False"))
		return 0;
	return buffer_append(out, value ? "1" : "0", 1) == 0 ? 1 : -1;
}

/* 0.25, -1e+30, inf */
static int
double_value(const char *text, size_t len, struct buffer *out)
{
	char copy[NUMBER_TEXT_MAX], *end;
	size_t at = len > 0 && text[0] == '-';
	double number;

	if (len >= sizeof(copy) || len <= at ||
	    (!is_digit(text[at]) && text[at] != '.' && !text_is(text + at, len - at, "inf")) ||
	    memchr(text, 'x', len) != NULL || memchr(text, '\0', len) != NULL)
		return 0;
	memcpy(copy, text, len);
	copy[len] = '\0';
	number = strtod(copy, &end);
	if (*end != '\0')
		return 0;
	return term_double(number, out) == 0 ? 1 : -1;
}

/* Up to nine digits: a fraction in nanoseconds. */
static bool
read_fraction(const char *text, size_t len, int32_t *nsec)
{
	uint64_t number;

	if (len > 9 || !read_digits(text, len, 10, &number))
		return false;
	for (size_t i = len; i < 9; i++)
		number *= 10;
	*nsec = (int32_t)number;
	return true;
}

/* 12, 0.000012000, -0.500000000 */
static int
seconds_value(const char *text, size_t len, struct buffer *out)
{
	bool negative = len > 0 && text[0] == '-';
	const char *point;
	size_t whole;
	uint64_t sec;
	int32_t nsec = 0;

	text += negative;
	len -= negative;
	point = memchr(text, '.', len);
	whole = point == NULL ? len : (size_t)(point - text);
	if (!read_digits(text, whole, 10, &sec) || sec > INT64_MAX ||
	    (point != NULL &&
		!read_fraction(point + 1, len - whole - 1, &nsec)))
		return 0;
	return term_time(negative ? -(int64_t)sec : (int64_t)sec,
		   negative ? -nsec : nsec, out) == 0 ?
	    1 :
	    -1;
}

/* Days since 1970 of a date of the Gregorian calendar. */
static int64_t
days_of(int64_t year, unsigned month, unsigned day)
{
	/* Years begin in March: their last day is that of February. */
	int64_t from = month > 2 ? year : year - 1;
	int64_t era = (from >= 0 ? from : from - 399) / 400;
	unsigned of_era = (unsigned)(from - era * 400);
	unsigned of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;

	return era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 +
	    of_year - 719468;
}

/* Two digits after a character, from least to most. */
static bool
read_part(const char *text, char before, unsigned least, unsigned most,
    unsigned *part)
{
	uint64_t number;

	if (text[0] != before || !read_digits(text + 1, 2, 10, &number) ||
	    number < least || number > most)
		return false;
	*part = (unsigned)number;
	return true;
}

/* 2015-07-30T05:22:10.634684000Z: tshark 3.4 prints the nanoseconds without leading zeros. */
static int
date_value(const char *text, size_t len, struct buffer *out)
{
	bool negative = len > 0 && text[0] == '-';
	unsigned month, day, hour, minute, second;
	uint64_t year, nsec;
	const char *rest = text + negative;
	size_t n = 0;
	int64_t sec;

	while (n + negative < len && is_digit(rest[n]))
		n++;
	if (n > YEAR_DIGITS_MAX || !read_digits(rest, n, 10, &year))
		return 0;
	rest += n;
	len -= n + negative;
	if (len < sizeof("-07-30T05:22:10.0Z") - 1 || len > sizeof("-07-30T05:22:10.634684000Z") - 1 ||
	    !read_part(rest, '-', 1, 12, &month) ||
	    !read_part(rest + 3, '-', 1, 31, &day) ||
	    !read_part(rest + 6, 'T', 0, 23, &hour) ||
	    !read_part(rest + 9, ':', 0, 59, &minute) ||
	    !read_part(rest + 12, ':', 0, 60, &second) || rest[15] != '.' ||
	    rest[len - 1] != 'Z' ||
	    !read_digits(rest + 16, len - 17, 10, &nsec))
		return 0;
	sec = days_of(negative ? -(int64_t)year : (int64_t)year, month, day) * SECONDS_A_DAY +
	    hour * 3600 + minute * 60 + second;
	return term_time(sec, (int32_t)nsec, out) == 0 ? 1 : -1;
}

static int
address_value(int family, const char *text, size_t len, struct buffer *out)
{
	char copy[ADDRESS_TEXT_MAX];
	unsigned char address[16];

	if (len >= sizeof(copy) || memchr(text, '\0', len) != NULL)
		return 0;
	memcpy(copy, text, len);
	copy[len] = '\0';
	if (inet_pton(family, copy, address) != 1)
		return 0;
	if (family == AF_INET6)
		return term_ipv6(address, out) == 0 ? 1 : -1;
	return term_ipv4((uint32_t)address[0] << 24 | (uint32_t)address[1] << 16 | (uint32_t)address[2] << 8 | address[3],
		   out) == 0 ?
	    1 :
	    -1;
}

/* 00:1a:2b, 001A2B, 00-1a-2b, 0000.0000.0001-00; of no bytes tshark prints that they are missing. */
static int
bytes_value(const char *text, size_t len, struct buffer *out)
{
	static const char hex[] = "0123456789abcdef";
	char value[ENOUGH + 3];
	size_t used = 0;

	if (text_is(text, len, "<MISSING>"))
		return 1;
	for (size_t i = 0; i < len && used < ENOUGH;) {
		int high = hex_digit(text[i]), low;

		if (used > 0)
			value[used++] = ':';
		if (high < 0)
			return 0;
		value[used++] = hex[high];
		/* Half a byte is the end of a text that was cut. */
		low = i + 1 < len ? hex_digit(text[i + 1]) : -1;
		if (low < 0 && used < TERM_VALUE_MAX)
			return 0;
		if (low < 0)
			break;
		value[used++] = hex[low];
		i += 2;
		if (i + 1 < len && memchr(":-. ", text[i], 4) != NULL)
			i++;
	}
	return buffer_append(out, value, used) == 0 ? 1 : -1;
}

static int
text_value(const char *text, size_t len, struct buffer *out)
{
	size_t start = out->len;

	for (size_t i = 0, n; i < len && out->len - start < ENOUGH; i += n) {
		n = text_utf8_len((const unsigned char *)text + i, len - i);
		if (buffer_append(out, n == 0 ? "\xef\xbf\xbd" : text + i, n == 0 ? 3 : n) != 0)
			return -1;
		n += n == 0;
	}
	return 1;
}

int
term_value(enum term_kind kind, const char *text, size_t len,
    struct buffer *out)
{
	switch (kind) {
	case TERM_NONE:
		return 0;
	case TERM_UNSIGNED:
		return unsigned_value(text, len, out);
	case TERM_SIGNED:
		return signed_value(text, len, out);
	case TERM_RELATIVE:
		return seconds_value(text, len, out);
	case TERM_ABSOLUTE:
		return date_value(text, len, out);
	case TERM_DOUBLE:
		return double_value(text, len, out);
	case TERM_BOOLEAN:
		return boolean_value(text, len, out);
	case TERM_IPV4:
		return address_value(AF_INET, text, len, out);
	case TERM_IPV6:
		return address_value(AF_INET6, text, len, out);
	case TERM_BYTES:
	case TERM_ADDRESS:
		return bytes_value(text, len, out);
	case TERM_TEXT:
	case TERM_GUID:
	case TERM_OID:
	case TERM_OTHER:
		return text_value(text, len, out);
	}
	return 0;
}
