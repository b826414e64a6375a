/* SPDX-License-Identifier: BSD-2-Clause */
/* What PDML shows of a value, turned into what -T ek prints of it. */
#include "readers/pdml_value.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/text.h"

/*
 * Text and bytes in the packet differ by what is not text (the lengths of a name of DNS, every other byte of UTF-16):
 * so many bytes may be skipped for an ordinary character, and for one that is not shown.
 */
#define NEAR 16
#define FAR 4096

/* Moments. */

struct timestamp {
	long long year;
	long long day, hour, minute, second;
	int month;
	char fraction[10];
};

static long long
digits(const char **at, const char *end, size_t max)
{
	const char *from = *at;
	long long number = 0;

	while (*at < end && (size_t)(*at - from) < max && **at >= '0' &&
	    **at <= '9')
		number = number * 10 + *(*at)++ - '0';
	return *at == from ? -1 : number;
}

/* The year, which may be negative. */
static bool
read_year(const char **at, const char *end, struct timestamp *timestamp)
{
	bool negative = *at < end && **at == '-';

	*at += negative;
	timestamp->year = digits(at, end, 10);
	if (timestamp->year < 0)
		return false;
	if (negative)
		timestamp->year = -timestamp->year;
	return true;
}

static bool
skip(const char **at, const char *end, const char *text)
{
	size_t len = strlen(text);

	if ((size_t)(end - *at) < len || memcmp(*at, text, len) != 0)
		return false;
	*at += len;
	return true;
}

/* What is after the point, in nine digits. */
static bool
read_fraction(const char **at, const char *end, struct timestamp *timestamp)
{
	size_t n = 0;

	memset(timestamp->fraction, '0', 9);
	timestamp->fraction[9] = '\0';
	if (!skip(at, end, "."))
		return true;
	while (*at < end && **at >= '0' && **at <= '9' && n < 9)
		timestamp->fraction[n++] = *(*at)++;
	return n > 0;
}

static bool
read_clock(const char **at, const char *end, struct timestamp *timestamp)
{
	timestamp->hour = digits(at, end, 2);
	if (!skip(at, end, ":"))
		return false;
	timestamp->minute = digits(at, end, 2);
	if (!skip(at, end, ":"))
		return false;
	timestamp->second = digits(at, end, 2);
	return timestamp->hour >= 0 && timestamp->minute >= 0 &&
	    timestamp->second >= 0 && read_fraction(at, end, timestamp) &&
	    (skip(at, end, " UTC") || skip(at, end, "Z") ||
		skip(at, end, "+0000")) &&
	    *at == end;
}

/* Jul  3, 2015 05:22:10.498075000 UTC */
static bool
read_date(const char *at, const char *end, struct timestamp *timestamp)
{
	static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";

	for (timestamp->month = 0; timestamp->month < 12; timestamp->month++)
		if (skip(&at, end,
			(char[]){ months[3 * timestamp->month],
			    months[3 * timestamp->month + 1],
			    months[3 * timestamp->month + 2], ' ', '\0' }))
			break;
	if (timestamp->month++ == 12)
		return false;
	(void)skip(&at, end, " ");
	timestamp->day = digits(&at, end, 2);
	if (timestamp->day < 0 || !skip(&at, end, ", "))
		return false;
	return read_year(&at, end, timestamp) && skip(&at, end, " ") &&
	    read_clock(&at, end, timestamp);
}

/* 2015-07-03T05:22:10.498075000+0000 */
static bool
read_iso(const char *at, const char *end, struct timestamp *timestamp)
{
	if (!read_year(&at, end, timestamp) || !skip(&at, end, "-"))
		return false;
	timestamp->month = (int)digits(&at, end, 2);
	if (!skip(&at, end, "-"))
		return false;
	timestamp->day = digits(&at, end, 2);
	return timestamp->month >= 0 && timestamp->day >= 0 && skip(&at, end, "T") && read_clock(&at, end, timestamp);
}

static bool
has_leap_day(long long year)
{
	return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}

/* 2015/184:05:22:10.498075000 UTC: the day of the year, from 1 on. */
static bool
read_day_of_year(const char *at, const char *end, struct timestamp *timestamp)
{
	static const int lengths[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31,
		30, 31 };
	long long day;

	if (!read_year(&at, end, timestamp) || !skip(&at, end, "/"))
		return false;
	day = digits(&at, end, 3);
	for (timestamp->month = 1; timestamp->month <= 12; timestamp->month++) {
		int length = lengths[timestamp->month - 1] +
		    (timestamp->month == 2 && has_leap_day(timestamp->year));

		if (day <= length)
			break;
		day -= length;
	}
	timestamp->day = day;
	return day > 0 && timestamp->month <= 12 && skip(&at, end, ":") &&
	    read_clock(&at, end, timestamp);
}

/* 1435900930.498075000 */
static bool
read_seconds(const char *at, const char *end, struct timestamp *timestamp)
{
	time_t seconds = (time_t)digits(&at, end, 18);
	struct tm date;

	if (seconds < 0 || !read_fraction(&at, end, timestamp) || at != end ||
	    gmtime_r(&seconds, &date) == NULL)
		return false;
	timestamp->year = date.tm_year + 1900LL;
	timestamp->month = date.tm_mon + 1;
	timestamp->day = date.tm_mday;
	timestamp->hour = date.tm_hour;
	timestamp->minute = date.tm_min;
	timestamp->second = date.tm_sec;
	return true;
}

size_t
pdml_value_time(const char *show, size_t len, bool whole,
    char text[PDML_VALUE_MAX])
{
	static const char none[] = "1970-01-01T00:00:00.000000000Z";
	const char *end = show + len;
	struct timestamp timestamp;

	if (len == 4 && memcmp(show, "NULL", 4) == 0) {
		memcpy(text, none, sizeof(none));
		return sizeof(none) - 1;
	}
	/* Of NTP, too, as tshark 3.4 shows it. */
	(void)skip(&show, end, "(0)");
	if (!read_date(show, end, &timestamp) &&
	    !read_iso(show, end, &timestamp) &&
	    !read_day_of_year(show, end, &timestamp) &&
	    !read_seconds(show, end, &timestamp))
		return 0;
	/* As times_certain: years of more characters do not fit into what -T ek prints them with. */
	if (!whole && (timestamp.year > 9999 || timestamp.year < -999))
		return (size_t)snprintf(text, PDML_VALUE_MAX,
		    "%lld-%02d-%02lld", timestamp.year, timestamp.month, timestamp.day);
	return (size_t)snprintf(text, PDML_VALUE_MAX,
	    "%lld-%02d-%02lldT%02lld:%02lld:%02lld.%sZ", timestamp.year, timestamp.month,
	    timestamp.day, timestamp.hour, timestamp.minute, timestamp.second,
	    timestamp.fraction);
}

/* Numbers. */

size_t
pdml_value_decimal(const char *show, size_t len, int base,
    char text[PDML_VALUE_MAX])
{
	const char *at = show, *end = show + len;
	uint64_t number = 0;

	if (base == 16 && !skip(&at, end, "0x"))
		return 0;
	/* 64 bits, or more leading zeros than anything has. */
	if (at == end || end - at > (base == 16 ? 16 : 21))
		return 0;
	for (; at < end; at++) {
		int digit = text_hex_digit(*at);

		if (digit < 0 || digit >= base)
			return 0;
		number = number * (unsigned)base + (unsigned)digit;
	}
	return (size_t)snprintf(text, PDML_VALUE_MAX, "%" PRIu64, number);
}

/* Control characters. */

/* Whether PDML shows \x for it. */
static bool
is_hidden(int c)
{
	return (c > 0 && c < ' ' && c != '\t' && c != '\n' && c != '\r') ||
	    c == 0x7f;
}

/* The control character that \x and so many digits at the beginning of text stand for, 0 if for none. */
static int
hidden_at(const char *text, size_t len, size_t count)
{
	int c = 0;

	if (len < 2 + count || text[0] != '\\' || text[1] != 'x')
		return 0;
	for (size_t i = 0; i < count; i++) {
		int digit = text_hex_digit(text[2 + i]);

		if (digit < 0)
			return 0;
		c = c * 16 + digit;
	}
	/* \x01 is not what %x prints of 1. */
	return is_hidden(c) && (count == 1 || c > 15) ? c : 0;
}

/* The bytes in the packet, as far as they are known. */
static void
read_hex(const char *hex, size_t len, struct buffer *raw)
{
	buffer_clear(raw);
	if (buffer_reserve(raw, len / 2 + 1) != 0)
		abort(); /* it is given no bound */
	for (size_t i = 0; i + 1 < len; i += 2) {
		int high = text_hex_digit(hex[i]), low = text_hex_digit(hex[i + 1]);

		if (high < 0 || low < 0)
			return;
		raw->data[raw->len++] = (char)(high * 16 + low);
	}
}

static bool
is_high(char c)
{
	return (unsigned char)c >= 0x80;
}

/*
 * Where the bytes go on after the one that a character of the text came from. What
 * else stands between is skipped. Of other encodings Wireshark makes UTF-8: then
 * a character of several bytes, U+FFFD among them, came from one.
 */
static size_t
follow(const struct buffer *raw, size_t at, char c)
{
	if (at < raw->len && raw->data[at] == c)
		return at + 1;
	if (is_high(c))
		return at < raw->len && is_high(raw->data[at]) &&
			(unsigned char)c >= 0xc0 ?
		    at + 1 :
		    at;
	for (size_t i = at; i < raw->len && i < at + NEAR; i++)
		if (raw->data[i] == c)
			return i + 1;
	return at;
}

/*
 * An escape of format_text of Wireshark at the beginning of the text: its length, and what stands in the packet; 0 if
 * it is none.
 */
static size_t
formatted_at(const char *text, size_t len, char *c)
{
	static const char letters[] = "abfnrtv", controls[] = "\a\b\f\n\r\t\v";
	const char *letter;
	int number = 0;

	if (len < 2 || text[0] != '\\' || text[1] == '\0')
		return 0;
	letter = strchr(letters, text[1]);
	if (letter != NULL) {
		*c = controls[letter - letters];
		return 2;
	}
	if (len < 4)
		return 0;
	for (size_t i = 1; i < 4; i++) {
		if (text[i] < '0' || text[i] > '7')
			return 0;
		number = number * 8 + text[i] - '0';
	}
	*c = (char)number;
	return 4;
}

/*
 * How much of the text one byte of the packet may have been formatted to, if that comes before a backslash;
 * *at goes after it. 0 if it is not so.
 */
static size_t
follow_formatted(const char *text, size_t len, const struct buffer *raw,
    size_t *at)
{
	char c;
	size_t shown = formatted_at(text, len, &c);

	for (size_t i = *at; shown > 0 && i < raw->len && i < *at + NEAR; i++) {
		if (raw->data[i] == '\\')
			return 0;
		if (raw->data[i] == c) {
			*at = i + 1;
			return shown;
		}
	}
	return 0;
}

/* Whether the text after an escape may be what the bytes after its character are. */
static bool
goes_on(const char *text, size_t len, const struct buffer *raw, size_t at)
{
	return len == 0 || at >= raw->len || text[0] == raw->data[at] ||
	    text[0] == '\\' || (is_high(text[0]) && is_high(raw->data[at]));
}

struct escape {
	int character; /* '\\' if it is none */
	size_t len;    /* of what is shown for it */
	size_t at;     /* after it in the bytes */
};

/* Looks through so many bytes for what may be shown as the text; false if nothing in them is. */
static bool
look_for(const char *text, size_t len, const struct buffer *raw, size_t count,
    bool exact, struct escape *escape)
{
	int one = hidden_at(text, len, 1), two = hidden_at(text, len, 2);
	size_t at = escape->at;

	for (size_t i = at; i < raw->len && i < at + count; i++) {
		int c = (unsigned char)raw->data[i];
		size_t shown = c == '\\' ?
		    1 :
		    c == two ? 4 :
			       3;

		if (c == 0 || (c != one && c != two && c != '\\') ||
		    (exact && !goes_on(text + shown, len - shown, raw, i + 1)))
			continue;
		escape->character = c;
		escape->len = shown;
		escape->at = i + 1;
		return true;
	}
	return false;
}

/* What the text begins with, by the bytes from escape->at on; false, and left as it is, if they do not tell. */
static bool
read_escape(const char *text, size_t len, const struct buffer *raw,
    struct escape *escape)
{
	return look_for(text, len, raw, NEAR, true, escape) ||
	    look_for(text, len, raw, NEAR, false, escape) ||
	    look_for(text, len, raw, FAR, true, escape) ||
	    look_for(text, len, raw, FAR, false, escape);
}

static void
put_bytes(struct buffer *out, const char *bytes, size_t len)
{
	memcpy(out->data + out->len, bytes, len);
	out->len += len;
}

bool
pdml_value_is_hidden(const char *show, size_t len)
{
	return hidden_at(show, len, 1) != 0 || hidden_at(show, len, 2) != 0;
}

size_t
pdml_value_text(const char *show, size_t len, const char *hex, size_t hex_len,
    struct buffer *raw, struct buffer *out)
{
	size_t at = 0, i = 0, unknown = 0, formatted;

	read_hex(hex, hex_len, raw);
	while (i < len) {
		struct escape escape = { (unsigned char)show[i], 1, at };

		formatted = follow_formatted(show + i, len - i, raw, &at);
		if (formatted > 0) {
			put_bytes(out, show + i, formatted);
			i += formatted;
			continue;
		}
		if (pdml_value_is_hidden(show + i, len - i))
			unknown += !read_escape(show + i, len - i, raw,
			    &escape);
		else
			escape.at = follow(raw, at, show[i]);
		out->data[out->len++] = (char)escape.character;
		at = escape.at;
		i += escape.len;
	}
	return unknown;
}
