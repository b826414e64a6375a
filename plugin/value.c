/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The values of fields as -T ek prints them. */
#include "plugin/value.h"

#include <stdint.h>
#include <string.h>
#include <time.h>

#include <epan/proto.h>

#include "plugin/series.h"

#define NANOSECONDS 1000000000

static const char hex_digits[] = "0123456789abcdef";

/* What was written to value->room up to end. */
static void
set_room(struct value *value, const char *end)
{
	value->form = VALUE_TEXT;
	value->data = value->room;
	value->len = (size_t)(end - value->room);
}

/* Writes the number with at least that many digits. Returns where it ends. */
static char *
put_decimal(char *to, uint64_t number, unsigned digits)
{
	char text[24], *at = text + sizeof(text);
	size_t len;

	while (number > 0 || at > text + sizeof(text) - digits) {
		*--at = (char)('0' + number % 10);
		number /= 10;
	}
	len = (size_t)(text + sizeof(text) - at);
	memcpy(to, at, len);
	return to + len;
}

/* Writes the last digits of the number. Returns where they end. */
static char *
put_hex(char *to, uint32_t number, unsigned digits)
{
	for (unsigned i = digits; i-- > 0; number >>= 4)
		to[i] = hex_digits[number & 0xf];
	return to + digits;
}

static unsigned
hex_width(ftenum_t type)
{
	switch (type) {
	case FT_UINT8:
		return HEX_DIGITS(2);
	case FT_UINT16:
		return HEX_DIGITS(4);
	case FT_UINT24:
		return HEX_DIGITS(6);
	default:
		return 8;
	}
}

static void
read_unsigned(struct value *value, ftenum_t type, int display, fvalue_t *from)
{
	char *to = value->room;
	uint32_t number = fvalue_get_uinteger(from);

	if (!IS_IN_HEX(display)) {
		set_room(value, put_decimal(to, number, 1));
		return;
	}
	*to++ = '0';
	*to++ = 'x';
	set_room(value, put_hex(to, number, hex_width(type)));
}

static void
read_signed(struct value *value, int64_t number)
{
	char *to = value->room;

	if (number < 0)
		*to++ = '-';
	set_room(value,
	    put_decimal(
		to, number < 0 ? -(uint64_t)number : (uint64_t)number, 1));
}

static void
read_ipv4(struct value *value, uint32_t address)
{
	char *to = value->room;

	for (int shift = 24; shift >= 0; shift -= 8) {
		to = put_decimal(to, address >> shift & 0xff, 1);
		*to++ = '.';
	}
	set_room(value, to - 1);
}

/* Negative ones, which have one sign for two numbers, are left to Wireshark. */
static void
read_duration(struct value *value, const nstime_t *duration)
{
	char *to = value->room;

	if (duration->secs < 0 || duration->nsecs < 0 ||
	    duration->nsecs >= NANOSECONDS)
		return;
	to = put_decimal(to, (uint64_t)duration->secs, 1);
	*to++ = '.';
	set_room(value, put_decimal(to, (uint64_t)duration->nsecs, 9));
}

/* A NUL is the one character that Wireshark escapes. */
static void
read_string(struct value *value, fvalue_t *from)
{
	const char *text = VALUE_STRING(from);
	size_t len = VALUE_STRING_LEN(from);

	if (memchr(text, '\0', len) != NULL)
		return;
	value->form = VALUE_TEXT;
	value->data = text;
	value->len = len;
}

static void
read_bytes(struct value *value, int display, fvalue_t *from)
{
	size_t len = VALUE_BYTES_LEN(from);

	if (len == 0 ||
	    (FIELD_DISPLAY(display) != BASE_NONE &&
		FIELD_DISPLAY(display) != SEP_COLON))
		return;
	value->form = VALUE_HEX;
	value->data = VALUE_BYTES(from);
	value->len = len;
}

void
value_read(struct value *value, ftenum_t type, int display, fvalue_t *from)
{
	value->form = VALUE_OTHER;
	switch (type) {
	case FT_UINT8:
	case FT_UINT16:
	case FT_UINT24:
	case FT_UINT32:
	case FT_FRAMENUM:
		read_unsigned(value, type, display, from);
		break;
	case FT_INT8:
	case FT_INT16:
	case FT_INT24:
	case FT_INT32:
		read_signed(value, fvalue_get_sinteger(from));
		break;
	case FT_IPv4:
		read_ipv4(value, VALUE_IPV4(from));
		break;
	case FT_RELATIVE_TIME:
		read_duration(value, VALUE_TIME(from));
		break;
	case FT_STRING:
	case FT_STRINGZ:
	case FT_UINT_STRING:
	case FT_STRINGZPAD:
		read_string(value, from);
		break;
	case FT_BYTES:
	case FT_UINT_BYTES:
	case FT_ETHER:
		read_bytes(value, display, from);
		break;
	default:
		break;
	}
}

/*
 * The date up to the second; only the day if -T ek has no room for more, as it prints what it did not write then, and
 * espcap keeps the same of that (times_certain). Returns the length.
 */
static size_t
put_date(char *to, size_t room, const struct tm *date)
{
	size_t len = strftime(to, room, "%Y-%m-%dT%H:%M:%S", date);

	if (WHOLE_DATES || len < sizeof("YYYY-MM-DDTHH:MM:SS"))
		return len;
	return strftime(to, room, "%Y-%m-%d", date);
}

void
value_read_date(struct value *value, const nstime_t *moment)
{
	static const char unknown[] = "Not representable";
	/* Most packets have several times of one second. */
	static struct {
		char text[32];
		size_t len;
		time_t second;
	} last;
	struct tm date;
	char *to = value->room;

	if (last.len == 0 || last.second != moment->secs) {
		last.len = 0;
		if (gmtime_r(&moment->secs, &date) == NULL) {
			value->form = VALUE_TEXT;
			value->data = unknown;
			value->len = sizeof(unknown) - 1;
			return;
		}
		last.len = put_date(last.text, sizeof(last.text), &date);
		last.second = moment->secs;
	}
	memcpy(to, last.text, last.len);
	to += last.len;
	if (memchr(last.text, 'T', last.len) != NULL) {
		*to++ = '.';
		to = put_decimal(to, (unsigned)moment->nsecs, FRACTION_DIGITS);
		*to++ = 'Z';
	}
	set_room(value, to);
}
