/* SPDX-License-Identifier: BSD-2-Clause */
/* What a field is compared with: which texts Wireshark 4.0 takes for which type, and what they mean. */
#include "query/literal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "fields/address.h"
#include "fields/term.h"
#include "query/escape.h"
#include "query/literal_bytes.h"
#include "query/time_text.h"

/* Of the longest number that is read. */
#define NUMBER_LEN 128
/* Of the shortest address that is not of IP, in the form of a term. */
#define ADDRESS_TEXT_MIN (3 * 6 - 1)

/* What is being read, and where. */
struct reading {
	const struct literal_place *place;
	struct token token;
	char sign;
};

static int
refuse(const struct reading *reading, const char *what)
{
	const char *name, *at = reading->token.text;
	size_t len;

	name = names_name(reading->place->names, reading->place->field, &len);
	return query_error_set(reading->place->error, reading->place->filter, at, "%.*s needs %s, not %s%s", (int)len,
	    name, what, reading->sign == '-' ? "-" : "", query_error_shown(at, reading->token.len).text);
}

/* The text that was appended to the texts from at on. */
static struct expr_text
text_from(const struct buffer *texts, size_t at)
{
	return (struct expr_text){ (uint32_t)at, (uint32_t)(texts->len - at) };
}

static int
too_long(const struct reading *reading)
{
	return query_error_set(reading->place->error, reading->place->filter, reading->token.text,
	    "the filter is too long: its values do not fit into memory for one query");
}

/* One value that was appended from at on; rv is what appending it returned. */
static int
done(const struct reading *reading, size_t at, int rv, struct literal *literal)
{
	if (rv < 0)
		return too_long(reading);
	literal->low = literal->high = text_from(reading->place->texts, at);
	return 0;
}

/* A token that is a number as C writes them: 80, 0x50, 0120, 0b1010000. */
static bool
is_number(struct token token, uint64_t *number)
{
	char copy[NUMBER_LEN], *end;
	bool is_binary = token.len > 2 && token.text[0] == '0' && (token.text[1] | 0x20) == 'b';
	size_t skip = is_binary ? 2 : 0;

	if (token.kind != TOKEN_WORD || token.len >= sizeof(copy) || token.text[0] < '0' || token.text[0] > '9')
		return false;
	memcpy(copy, token.text + skip, token.len - skip);
	copy[token.len - skip] = '\0';
	if (is_binary && copy[strspn(copy, "01")] != '\0')
		return false;
	errno = 0;
	*number = strtoull(copy, &end, is_binary ? 2 : 0);
	return *end == '\0' && errno == 0;
}

/* The text of a token without its quotes. */
static struct token
unquoted(struct token token)
{
	size_t before = token.kind == TOKEN_RAW ? 2 : token.kind == TOKEN_WORD ? 0 :
										 1,
	       after = before > 0;

	return (struct token){ token.kind, token.text + before, token.len - before - after };
}

/* The name of a value. What is in quotes is held against names as it is written: they have no escapes. */
static int
read_name(const struct reading *reading, const char *what, uint64_t *number)
{
	const struct literal_place *place = reading->place;
	struct token name = unquoted(reading->token);
	const char *field;
	size_t len;

	if (reading->token.kind == TOKEN_CHAR || reading->sign != 0)
		return refuse(reading, what);
	field = names_name(place->names, place->field, &len);
	if (place->values != NULL && query_values_find(place->values, field, len, name.text, name.len, number))
		return 0;
	refuse(reading, what);
	place->error->needs_values = place->values == NULL;
	return -1;
}

/* A number without sign, a character, or the name of a value. */
static int
read_number(const struct reading *reading, const char *what, uint64_t *number)
{
	struct token inner = unquoted(reading->token);
	int code;

	if (reading->token.kind == TOKEN_CHAR && reading->sign == 0) {
		code = escape_char(inner.text, inner.len);
		*number = (uint64_t)code;
		return code < 0 ? refuse(reading, "one character") : 0;
	}
	return is_number(reading->token, number) ? 0 : read_name(reading, what, number);
}

static int
read_unsigned(const struct reading *reading, struct literal *literal)
{
	size_t at = reading->place->texts->len;
	uint64_t number;

	if (reading->sign == '-')
		return refuse(reading, "a number from 0 on");
	if (read_number(reading, "a number", &number) != 0)
		return -1;
	return done(reading, at, term_unsigned(number, reading->place->texts), literal);
}

static int
read_signed(const struct reading *reading, struct literal *literal)
{
	size_t at = reading->place->texts->len;
	uint64_t number, max = (uint64_t)INT64_MAX + (reading->sign == '-');
	bool is_written = is_number(reading->token, &number);

	if (!is_written && read_number(reading, "a number", &number) != 0)
		return -1;
	if (is_written && number > max)
		return refuse(reading, "a number of at most 64 bits");
	if (reading->sign == '-')
		number = -number;
	return done(reading, at, term_signed((int64_t)number, reading->place->texts), literal);
}

static bool
is_word(struct token token, const char *word)
{
	return token.kind == TOKEN_WORD && strlen(word) == token.len && memcmp(token.text, word, token.len) == 0;
}

static int
read_boolean(const struct reading *reading, struct literal *literal)
{
	size_t at = reading->place->texts->len;
	uint64_t number;

	if (is_word(reading->token, "True") || is_word(reading->token, "TRUE"))
		number = 1;
	else if (is_word(reading->token, "False") || is_word(reading->token, "FALSE"))
		number = 0;
	else if (reading->sign != 0)
		return refuse(reading, "True or False");
	else if (read_number(reading, "True or False", &number) != 0)
		return -1;
	return done(reading, at, buffer_append(reading->place->texts, number != 0 ? "1" : "0", 1), literal);
}

static int
read_time(const struct reading *reading, enum term_kind kind, struct literal *literal)
{
	size_t at = reading->place->texts->len;
	struct token inner = unquoted(reading->token);
	bool is_absolute = kind == TERM_ABSOLUTE;
	int64_t sec;
	int32_t nsec;

	if (is_absolute && (reading->sign != 0 || !time_text_absolute(inner.text, inner.len, &sec, &nsec)))
		return refuse(reading, "a time such as \"2015-07-30 05:22:10.634\" (UTC)");
	if (!is_absolute &&
	    (reading->token.kind != TOKEN_WORD || !time_text_relative(inner.text, inner.len, &sec, &nsec)))
		return refuse(reading, "a number of seconds with at most nine digits after the point");
	if (reading->sign == '-') {
		sec = -sec;
		nsec = -nsec;
	}
	return done(reading, at, term_time(sec, nsec, reading->place->texts), literal);
}

static int
read_double(const struct reading *reading, struct literal *literal)
{
	size_t at = reading->place->texts->len;
	char copy[NUMBER_LEN], *end;
	double number;

	if (reading->token.kind != TOKEN_WORD || reading->token.len >= sizeof(copy) || reading->token.text[0] < '0' ||
	    reading->token.text[0] > '9')
		return refuse(reading, "a number");
	memcpy(copy, reading->token.text, reading->token.len);
	copy[reading->token.len] = '\0';
	errno = 0;
	number = strtod(copy, &end);
	if (*end != '\0' || errno != 0)
		return refuse(reading, "a number");
	return done(reading, at, term_double(reading->sign == '-' ? -number : number, reading->place->texts), literal);
}

/*
 * How many bits are the same in all of a network: what follows the slash, max if there is none; -1 if it is no number.
 */
static int
prefix_of(struct token token, const char *slash, int max)
{
	const char *end = token.text + token.len;
	int bits = 0;

	if (slash == NULL)
		return max;
	if (slash + 1 == end || end - slash > 4)
		return -1;
	for (const char *at = slash + 1; at < end; at++) {
		if (*at < '0' || *at > '9')
			return -1;
		bits = bits * 10 + (*at - '0');
	}
	return bits <= max ? bits : -1;
}

static int
put_address(const uint8_t *address, size_t len, struct buffer *out)
{
	return len == 4 ? term_ipv4((uint32_t)address[0] << 24 | (uint32_t)address[1] << 16 | (uint32_t)address[2] << 8 |
				  address[3],
			      out) :
			  term_ipv6(address, out);
}

/* The first and the last address of a network. */
static int
put_network(const struct reading *reading, uint8_t *address, size_t len, int bits, struct literal *literal)
{
	struct buffer *texts = reading->place->texts;
	size_t at = texts->len;

	for (size_t i = 0; i < len; i++) {
		int own = bits - (int)(8 * i);

		address[i] &= (uint8_t)(own >= 8 ? 255 : own <= 0 ? 0 :
								    0xff00 >> own);
	}
	if (put_address(address, len, texts) != 0)
		return too_long(reading);
	literal->low = literal->high = text_from(texts, at);
	if (bits == (int)(8 * len))
		return 0;
	at = texts->len;
	for (size_t i = 0; i < len; i++) {
		int own = bits - (int)(8 * i);

		address[i] |= (uint8_t)(own >= 8 ? 0 : own <= 0 ? 255 :
								  255 >> own);
	}
	if (put_address(address, len, texts) != 0)
		return too_long(reading);
	literal->high = text_from(texts, at);
	return 0;
}

static int
read_address(const struct reading *reading, enum term_kind kind, struct literal *literal)
{
	const char *what = kind == TERM_IPV4 ? "an IPv4 address or network" : "an IPv6 address or network";
	struct token token = reading->token;
	const char *slash = memchr(token.text, '/', token.len);
	size_t len = slash == NULL ? token.len : (size_t)(slash - token.text);
	int max = kind == TERM_IPV4 ? 32 : 128, bits = prefix_of(token, slash, max);
	uint8_t address[16];
	char copy[ADDRESS_LEN];

	if (token.kind != TOKEN_WORD || reading->sign != 0 || bits < 0 || len >= sizeof(copy))
		return refuse(reading, what);
	memcpy(copy, token.text, len);
	copy[len] = '\0';
	if (!(kind == TERM_IPV4 ? address_v4(copy, len, address) : address_v6(copy, len, address)))
		return refuse(reading, what);
	return put_network(reading, address, (size_t)max / 8, bits, literal);
}

/* A string as the bytes that it stands for. Appends them to the texts. */
static int
put_string(const struct reading *reading)
{
	struct token inner = unquoted(reading->token);
	struct buffer *texts = reading->place->texts;
	const char *bad;
	char byte;
	int code;

	if (reading->token.kind == TOKEN_CHAR) {
		code = escape_char(inner.text, inner.len);
		byte = (char)code;
		if (code < 0)
			return refuse(reading, "one character");
		return buffer_append(texts, &byte, 1) != 0 ? too_long(reading) : 0;
	}
	if (reading->token.kind != TOKEN_STRING)
		return buffer_append(texts, inner.text, inner.len) != 0 ? too_long(reading) : 0;
	bad = escape_string(inner.text, inner.len, texts);
	if (bad == NULL)
		return 0;
	return query_error_set(reading->place->error, reading->place->filter, bad,
	    "%s is no escape sequence (a backslash itself is \\\\)", query_error_shown(bad, 2).text);
}

static int
read_bytes(const struct reading *reading, enum term_kind kind, struct literal *literal)
{
	static const char what[] = "bytes such as 00:1a:2b";
	struct buffer *texts = reading->place->texts;
	size_t at = texts->len, end;
	int rv;

	if (reading->sign != 0)
		return refuse(reading, what);
	if (reading->token.kind == TOKEN_WORD) {
		rv = literal_bytes_read(reading->token.text, reading->token.len, texts);
		if (rv == 0)
			return refuse(reading, what);
		if (rv == 1 && kind == TERM_ADDRESS && !reading->place->is_part && texts->len - at < ADDRESS_TEXT_MIN)
			return refuse(reading, "all bytes of an address such as 00:1a:2b:3c:4d:5e");
		return done(reading, at, rv, literal);
	}
	if (kind == TERM_ADDRESS)
		return refuse(reading, what);
	if (put_string(reading) != 0)
		return -1;
	end = texts->len;
	rv = literal_bytes_put(texts, at, end - at);
	return done(reading, end, rv, literal);
}

static int
read_text(const struct reading *reading, struct literal *literal)
{
	struct buffer *texts = reading->place->texts;
	size_t at = texts->len;

	if (reading->sign != 0 ||
	    (reading->token.kind == TOKEN_WORD && (memchr(reading->token.text, '/', reading->token.len) != NULL || reading->token.text[0] == ':')))
		return refuse(reading, "a string in double quotes");
	if (put_string(reading) != 0)
		return -1;
	if (!json_is_utf8(texts->data + at, texts->len - at) || memchr(texts->data + at, '\0', texts->len - at) != NULL)
		return query_error_set(reading->place->error, reading->place->filter, reading->token.text,
		    "a string of the index is UTF-8 without NUL: write \\u00e9 for a character that is not ASCII");
	return done(reading, at, 0, literal);
}

/* A word of letters, digits and these marks only: in lower case. */
static int
read_plain(const struct reading *reading, const char *digits, char mark, const char *what, struct literal *literal)
{
	struct buffer *texts = reading->place->texts;
	size_t at = texts->len, marks = 0;

	if (reading->token.kind != TOKEN_WORD || reading->sign != 0)
		return refuse(reading, what);
	for (size_t i = 0; i < reading->token.len; i++) {
		char c = reading->token.text[i];

		if (c >= 'A' && c <= 'Z')
			c |= 0x20;
		if (c == '\0' || (c != mark && strchr(digits, c) == NULL))
			return refuse(reading, what);
		marks += c == mark;
		if (buffer_append(texts, &c, 1) != 0)
			return too_long(reading);
	}
	return marks == 0 ? refuse(reading, what) : done(reading, at, 0, literal);
}

/* A word that is the name of a field means the field. */
static int
refuse_field(const struct reading *reading)
{
	struct token token = reading->token;
	bool is_dotted = token.text[0] == '.';

	if (token.kind != TOKEN_WORD ||
	    names_id(reading->place->names, token.text + is_dotted, token.len - is_dotted) == NAMES_NONE)
		return 0;
	return query_error_set(reading->place->error, reading->place->filter, token.text,
	    "the index cannot compare a field with a field: %s is one", query_error_shown(token.text, token.len).text);
}

int
literal_read(const struct literal_place *place, struct token token, char sign, struct literal *literal)
{
	const struct reading reading = { place, token, sign };
	enum term_kind kind = names_term_kind(place->names, place->field);

	if (refuse_field(&reading) != 0)
		return -1;
	switch (kind) {
	case TERM_UNSIGNED:
		return read_unsigned(&reading, literal);
	case TERM_SIGNED:
		return read_signed(&reading, literal);
	case TERM_BOOLEAN:
		return read_boolean(&reading, literal);
	case TERM_RELATIVE:
	case TERM_ABSOLUTE:
		return read_time(&reading, kind, literal);
	case TERM_DOUBLE:
		return read_double(&reading, literal);
	case TERM_IPV4:
	case TERM_IPV6:
		return read_address(&reading, kind, literal);
	case TERM_BYTES:
	case TERM_ADDRESS:
		return read_bytes(&reading, kind, literal);
	case TERM_GUID:
		return read_plain(&reading, "0123456789abcdef", '-', "a GUID", literal);
	case TERM_OID:
		return read_plain(&reading, "0123456789", '.', "an object identifier such as 1.2.840", literal);
	case TERM_NONE:
	case TERM_TEXT:
	case TERM_OTHER:
		break;
	}
	return read_text(&reading, literal);
}
