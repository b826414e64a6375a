/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Terms: what a field of a packet and its value are in the index, in a form whose byte order is the order of values.
 * espcap.terms of a document is made of them, and the queries that look for them. No I/O.
 */
#ifndef ESPCAP_FIELDS_TERM_H
#define ESPCAP_FIELDS_TERM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buffer.h"

/*
 * A term is the name of a field or protocol alone: the packet has it; or
 *	NAME=VALUE	the packet has it with this value, all of it
 *	NAME>BEGINNING	with a value that is longer than TERM_VALUE_MAX bytes, of which this is the beginning
 * All terms of one name with a whole value stand, in byte order, from "NAME=" on and before "NAME>".
 */
#define TERM_WHOLE '='
#define TERM_LONG '>'
/* Bytes of a value; of a longer one, less if a character of UTF-8 would be cut. */
#define TERM_VALUE_MAX 256

/*
 * What the values of a field are, and their form in a term. Digits are those of hex, in lower case; a number is
 * preceded by the count of its digits ('1' to '9', then 'a' to 'w').
 *	UNSIGNED	0 is "10", 443 is "31bb"
 *	SIGNED		the same from 0 on; a negative one is "-", then how many digits it lacks to 35 and its digits
 *			subtracted from f each: -1 is "-ye"
 *	RELATIVE	SIGNED, nanoseconds
 *	ABSOLUTE	SIGNED, nanoseconds since 1970
 *	DOUBLE		16 digits: the bits of IEEE 754, all of a negative one inverted, of others the sign; not a number is text
 *	BOOLEAN		"0", "1"
 *	IPV4, IPV6	8, 32 digits
 *	BYTES		two digits each with ':' between them
 *	TEXT		as tshark prints it, in UTF-8: bytes that are not are U+FFFD
 *	ADDRESS		as BYTES, of a fixed length: of Ethernet and its kind
 *	GUID, OID	as TEXT
 *	OTHER		as TEXT, and tshark compares something else
 * A text that is no value of its kind is what it is, as TEXT: it begins with none of the digits above only by chance.
 */
enum term_kind {
	TERM_NONE, /* there are no values, only the name: FT_NONE, FT_PROTOCOL */
	TERM_UNSIGNED,
	TERM_SIGNED,
	TERM_RELATIVE,
	TERM_ABSOLUTE,
	TERM_DOUBLE,
	TERM_BOOLEAN,
	TERM_IPV4,
	TERM_IPV6,
	TERM_BYTES,
	TERM_TEXT,
	TERM_ADDRESS,
	TERM_GUID,
	TERM_OID,
	TERM_OTHER
};
#define TERM_KIND_LAST TERM_OTHER

/* Of a type as `tshark -G fields` prints it: "FT_UINT32". TERM_TEXT for a type that is not known. */
enum term_kind term_kind_of(const char *type, size_t len);

/*
 * Appends the value of a term from the text that tshark prints of it, in whatever form a reader gives it ("443",
 * "0x01bb", "true"): 1, 0 if the text is no value of that kind (then something may have been appended), -1 if out is
 * full. At most TERM_VALUE_MAX + 4 bytes are appended: of a value that is longer than TERM_VALUE_MAX, its beginning.
 * Text is not empty for a value of a kind other than BYTES and TEXT.
 */
int term_value(enum term_kind kind, const char *text, size_t len, struct buffer *out);

/*
 * Appends a whole term, with the text itself if it is no value of that kind; of TERM_NONE the name alone. part: the
 * text is only the beginning of what tshark printed, at least TERM_VALUE_MAX - 3 bytes of it. -1 if out is full.
 */
int term_write(const char *name, size_t name_len, enum term_kind kind, const char *text, size_t len,
    struct buffer *out);
int term_write_part(const char *name, size_t name_len, enum term_kind kind, const char *text, size_t len,
    struct buffer *out);

/* Append the value itself in its form; -1 if out is full. */
int term_unsigned(uint64_t number, struct buffer *out);
int term_signed(int64_t number, struct buffer *out);
/* RELATIVE, ABSOLUTE. Each may be negative, nsec above -10^9 and below 10^9: their sum counts. */
int term_time(int64_t sec, int32_t nsec, struct buffer *out);
/* -1 of what is not a number, too. */
int term_double(double number, struct buffer *out);
int term_ipv4(uint32_t address, struct buffer *out);
/* IPV6 of 16 bytes. */
int term_ipv6(const unsigned char address[16], struct buffer *out);

#endif
