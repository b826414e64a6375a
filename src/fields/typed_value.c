/* SPDX-License-Identifier: BSD-2-Clause */
/* Values of typed copies: the text that tshark prints as JSON of a type. */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "fields/address.h"
#include "fields/certificate.h"
#include "fields/domain.h"
#include "fields/mime.h"
#include "fields/typed.h"
#include "fields/url.h"

/* A whole number, decimal or 0x...; the text need not be terminated. */
static bool
is_number(const char *text, size_t len, uint64_t *number)
{
	unsigned base = 10, digit;
	size_t i = 0;

	*number = 0;
	if (len > 2 && text[0] == '0' && (text[1] | 0x20) == 'x') {
		base = 16;
		i = 2;
	}
	if (len == i || len - i > 15)
		return false;
	for (; i < len; i++) {
		if (text[i] >= '0' && text[i] <= '9')
			digit = (unsigned)(text[i] - '0');
		else if (base == 16 && (text[i] | 0x20) >= 'a' && (text[i] | 0x20) <= 'f')
			digit = (unsigned)((text[i] | 0x20) - 'a') + 10;
		else
			return false;
		*number = *number * base + digit;
	}
	return true;
}

/* Whether a text is the value, the same number, or a number of the range LOW..HIGH. */
static bool
matches(const char *value, size_t value_len, const char *text, size_t len)
{
	const char *dots = memmem(value, value_len, "..", 2);
	uint64_t low, high, number;

	if (value_len == len && memcmp(value, text, len) == 0)
		return true;
	if (dots == NULL)
		return is_number(value, value_len, &low) && is_number(text, len, &number) && low == number;
	return is_number(value, (size_t)(dots - value), &low) &&
	    is_number(dots + 2, value_len - (size_t)(dots + 2 - value), &high) && is_number(text, len, &number) &&
	    number >= low && number <= high;
}

bool
typed_is(const struct typed_condition *condition, const char *text, size_t len)
{
	return condition->value == NULL || matches(condition->value, strlen(condition->value), text, len);
}

/* The text that the map puts in place of this one; *len changes with it. NULL: no copy is made. */
static const char *
mapped(const char *map, const char *text, size_t *len)
{
	const char *end;

	for (const char *at = map; at != NULL && *at != '\0';
	     at = *end == ',' ? end + 1 : end) {
		const char *is;

		end = at + strcspn(at, ",");
		is = memchr(at, '=', (size_t)(end - at));
		if (is == NULL)
			continue;
		if ((is - at == 1 && *at == '*') || matches(at, (size_t)(is - at), text, *len)) {
			*len = (size_t)(end - is - 1);
			return *len > 0 ? is + 1 : NULL;
		}
	}
	return text;
}

/* What follows "KEY:" in a line of the text, without blanks around it; NULL if there is none. */
static const char *
behind_key(const char *key, const char *text, size_t *len)
{
	size_t key_len = strlen(key);
	const char *end = text + *len, *next;

	for (const char *at = text; at < end; at = next) {
		const char *line_end = memchr(at, '\n', (size_t)(end - at));

		if (line_end == NULL)
			line_end = end;
		next = line_end + 1;
		while (at < line_end && (*at == ' ' || *at == '\t'))
			at++;
		if ((size_t)(line_end - at) <= key_len || memcmp(at, key, key_len) != 0 || at[key_len] != ':')
			continue;
		at += key_len + 1;
		while (at < line_end && (*at == ' ' || *at == '\t'))
			at++;
		while (line_end > at && (line_end[-1] == ' ' || line_end[-1] == '\t' || line_end[-1] == '\r'))
			line_end--;
		*len = (size_t)(line_end - at);
		return *len > 0 ? at : NULL;
	}
	return NULL;
}

/* Most numbers: a few digits, without a sign. False if it is another text. */
static bool
few_digits(const char *text, size_t len, uint64_t *number)
{
	*number = 0;
	if (len > 9)
		return false;
	for (size_t i = 0; i < len; i++) {
		if (text[i] < '0' || text[i] > '9')
			return false;
		*number = *number * 10 + (uint64_t)(text[i] - '0');
	}
	return true;
}

/* Whole numbers come as decimal or, for bit fields, as 0x... */
static int
whole_number(const char *text, size_t len, enum typed_type type,
    struct buffer *out)
{
	bool hex = text[0] == '0' && (text[1] | 0x20) == 'x';
	long long max = type == TYPED_INTEGER ? INT32_MAX : INT64_MAX;
	long long number;
	uint64_t few;
	char *end;

	if (few_digits(text, len, &few))
		return buffer_number(out, few) == 0 ? 1 : -1;
	errno = 0;
	number = strtoll(text, &end, hex ? 16 : 10);
	if (end == text || *end != '\0' || errno != 0 || number > max ||
	    number < -max - 1)
		return 0;
	if (number < 0)
		return buffer_printf(out, "%lld", number) == 0 ? 1 : -1;
	return buffer_number(out, (uint64_t)number) == 0 ? 1 : -1;
}

static int
real_number(const char *text, size_t len, struct buffer *out)
{
	char *end;
	double number = strtod(text, &end);

	if (end == text || *end != '\0' || !isfinite(number))
		return 0;
	/* tshark's own digits, if JSON can have them: nothing is rounded. */
	if (text[strspn(text, "-0123456789.")] == '\0' &&
	    text[0] != '.' && text[len - 1] != '.' &&
	    strncmp(text, "-.", 2) != 0 &&
	    (text[text[0] == '-'] != '0' || text[1 + (text[0] == '-')] == '.' ||
		text[1 + (text[0] == '-')] == '\0'))
		return buffer_append(out, text, len) == 0 ? 1 : -1;
	return buffer_printf(out, "%.17g", number) == 0 ? 1 : -1;
}

static bool
is_hex_digit(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') ||
	    (c >= 'A' && c <= 'F');
}

/* ECS writes MAC addresses, EUI-48 and EUI-64, as 00-00-5E-00-53-23. */
static int
mac(const char *text, size_t len, struct buffer *out)
{
	char hex[64];

	if (len != 17 && len != 23)
		return 0;
	for (size_t i = 0, within = 0; i < len; i++) {
		if (within == 2) {
			if (text[i] != ':')
				return 0;
			hex[i] = '-';
			within = 0;
			continue;
		}
		if (!is_hex_digit(text[i]))
			return 0;
		hex[i] = text[i] >= 'a' ? (char)(text[i] - 32) : text[i];
		within++;
	}
	return json_quoted(out, hex, len) == 0 ? 1 : -1;
}

static int
ip(const char *text, size_t len, struct buffer *out)
{
	uint8_t address[16];

	if (!address_v4(text, len, address) && !address_v6(text, len, address))
		return 0;
	return json_quoted(out, text, len) == 0 ? 1 : -1;
}

static int
boolean(const char *text, struct buffer *out)
{
	bool yes = strcmp(text, "1") == 0 || strcasecmp(text, "true") == 0;

	if (!yes && strcmp(text, "0") != 0 && strcasecmp(text, "false") != 0)
		return 0;
	return buffer_puts(out, yes ? "true" : "false") == 0 ? 1 : -1;
}

/* A keyword of a whole number: text that is one without leading zeros, or hexadecimal. */
static int
decimal(const char *text, size_t len, struct buffer *out)
{
	uint64_t number;

	if (!is_number(text, len, &number))
		return 0;
	return buffer_append(out, "\"", 1) | buffer_number(out, number) | buffer_append(out, "\"", 1) ? -1 : 1;
}

static int
lower(const char *text, size_t len, struct buffer *out)
{
	size_t start = out->len;

	if (json_string(out, text, len) != 0)
		return -1;
	/* Escapes are in lower case, but for U+FFFD, which is no escape. */
	for (size_t i = start; i < out->len; i++)
		if (out->data[i] >= 'A' && out->data[i] <= 'Z')
			out->data[i] = (char)(out->data[i] + 32);
	return 1;
}

static bool
is_address_byte(char c)
{
	return (unsigned char)c > ' ' && c != 0x7f && strchr("<>(),;:\"\\[]", c) == NULL;
}

/* Each run of characters with one @ within is an address: display names, groups and comments have none. */
static int
email(const char *text, size_t len, struct buffer *out)
{
	int count = 0;

	for (size_t i = 0, end; i < len; i = end + 1) {
		const char *at;

		for (end = i; end < len && text[end] != '\0' && is_address_byte(text[end]); end++)
			;
		at = memchr(text + i, '@', end - i);
		if (at == NULL || at == text + i || at == text + end - 1)
			continue;
		if ((count > 0 && buffer_append(out, ",", 1) != 0) || json_string(out, text + i, end - i) != 0)
			return -1;
		count++;
	}
	return count;
}

/* ISO 8601 in UTC, or seconds since 1970 with a fraction: what versions of tshark print of an absolute time. */
static int
date(const char *text, size_t len, struct buffer *out)
{
	const char *dot = strchr(text, '.');
	size_t whole = dot != NULL ? (size_t)(dot - text) : len;
	uint64_t seconds, ms = 0;

	if (len >= 20 && text[4] == '-' && text[7] == '-' && text[10] == 'T' && text[len - 1] == 'Z' &&
	    strspn(text, "0123456789-:.TZ") == len)
		return json_quoted(out, text, len) == 0 ? 1 : -1;
	if (!is_number(text, whole, &seconds) || seconds > INT64_MAX / 1000 - 1 ||
	    (dot != NULL && strspn(dot + 1, "0123456789") != len - whole - 1))
		return 0;
	for (size_t i = 1; i <= 3; i++)
		ms = ms * 10 + (dot != NULL && whole + i < len ? (uint64_t)(dot[i] - '0') : 0);
	/* The index reads whole numbers as milliseconds. */
	return buffer_number(out, seconds * 1000 + ms) == 0 ? 1 : -1;
}

/* Types of any length. */
static int
long_value(enum typed_type type, const char *text, size_t len, struct buffer *out)
{
	switch (type) {
	case TYPED_KEYWORD:
	case TYPED_WILDCARD:
		return json_string(out, text, len) == 0 ? 1 : -1;
	case TYPED_LOWER:
		return lower(text, len, out);
	case TYPED_EMAIL:
		return email(text, len, out);
	case TYPED_REGISTERED_DOMAIN:
		return domain_registered(text, len, out);
	case TYPED_MIME:
		return mime_put(text, len, out);
	case TYPED_URL_SCHEME:
		return url_put(URL_SCHEME, text, len, out);
	case TYPED_URL_DOMAIN:
		return url_put(URL_DOMAIN, text, len, out);
	case TYPED_URL_PORT:
		return url_put(URL_PORT, text, len, out);
	case TYPED_URL_PATH:
		return url_put(URL_PATH, text, len, out);
	case TYPED_URL_QUERY:
		return url_put(URL_QUERY, text, len, out);
	case TYPED_CERT_ISSUER:
		return certificate_put(CERTIFICATE_ISSUER, text, len, out);
	case TYPED_CERT_SUBJECT:
		return certificate_put(CERTIFICATE_SUBJECT, text, len, out);
	case TYPED_CERT_NOT_BEFORE:
		return certificate_put(CERTIFICATE_NOT_BEFORE, text, len, out);
	case TYPED_CERT_NOT_AFTER:
		return certificate_put(CERTIFICATE_NOT_AFTER, text, len, out);
	case TYPED_CERT_SHA1:
		return certificate_put(CERTIFICATE_SHA1, text, len, out);
	default:
		return mac(text, len, out);
	}
}

/* The others, terminated. */
static int
short_value(enum typed_type type, const char *text, size_t len, struct buffer *out)
{
	switch (type) {
	case TYPED_IP:
		return ip(text, len, out);
	case TYPED_BOOLEAN:
		return boolean(text, out);
	case TYPED_DOUBLE:
		return real_number(text, len, out);
	case TYPED_DATE:
		return date(text, len, out);
	case TYPED_DECIMAL:
		return decimal(text, len, out);
	default:
		return whole_number(text, len, type, out);
	}
}

static bool
is_short(enum typed_type type)
{
	switch (type) {
	case TYPED_IP:
	case TYPED_LONG:
	case TYPED_INTEGER:
	case TYPED_DOUBLE:
	case TYPED_BOOLEAN:
	case TYPED_DATE:
	case TYPED_DECIMAL:
		return true;
	default:
		return false;
	}
}

int
typed_value(const struct typed_entry *entry, const char *text, size_t len,
    struct buffer *out)
{
	size_t start = out->len;
	char small[64];
	int rv;

	if (entry->key != NULL)
		text = behind_key(entry->key, text, &len);
	if (text != NULL && entry->map != NULL)
		text = mapped(entry->map, text, &len);
	if (text == NULL)
		return 0;
	if (!is_short(entry->type))
		rv = long_value(entry->type, text, len, out);
	else {
		if (len == 0 || len >= sizeof(small) || memchr(text, '\0', len) != NULL)
			return 0;
		memcpy(small, text, len);
		small[len] = '\0';
		rv = short_value(entry->type, small, len, out);
	}
	if (rv == 0)
		out->len = start;
	return rv;
}
