/* SPDX-License-Identifier: BSD-2-Clause */
/* What stands in an X.509 certificate: as much of DER (X.690) as that needs. */
#include "fields/certificate.h"

#include <openssl/evp.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/json.h"
#include "base/xalloc.h"

/* No certificate is larger: 2^24 - 1 bytes are the limit of TLS, and real ones have a few thousand. */
#define BYTES_MAX ((size_t)256 << 10)
#define PARTS_MAX 64

enum tag {
	TAG_OID = 0x06,
	TAG_UTF8 = 0x0c,
	TAG_PRINTABLE = 0x13,
	TAG_T61 = 0x14,
	TAG_IA5 = 0x16,
	TAG_UTC_TIME = 0x17,
	TAG_GENERALIZED_TIME = 0x18,
	TAG_BMP = 0x1e,
	TAG_SEQUENCE = 0x30,
	TAG_SET = 0x31,
	TAG_VERSION = 0xa0
};

/* Bytes that are not read yet. */
struct der {
	const uint8_t *bytes;
	size_t len;
};

/* Short names as RFC 4514, section 3, and OpenSSL have them. */
static const struct {
	const char *oid; /* its DER */
	const char *name;
} attributes[] = {
	{ "\x55\x04\x03", "CN" }, { "\x55\x04\x04", "SN" }, { "\x55\x04\x05", "serialNumber" },
	{ "\x55\x04\x06", "C" }, { "\x55\x04\x07", "L" }, { "\x55\x04\x08", "ST" }, { "\x55\x04\x09", "STREET" },
	{ "\x55\x04\x0a", "O" }, { "\x55\x04\x0b", "OU" }, { "\x55\x04\x0c", "title" }, { "\x55\x04\x2a", "GN" },
	{ "\x2a\x86\x48\x86\xf7\x0d\x01\x09\x01", "emailAddress" },
	{ "\x09\x92\x26\x89\x93\xf2\x2c\x64\x01\x19", "DC" },
	{ "\x09\x92\x26\x89\x93\xf2\x2c\x64\x01\x01", "UID" }
};

/* Takes the next element off; its content. -1 if there is none, or it is cut. */
static int
next(struct der *in, uint8_t *tag, struct der *content)
{
	size_t len, head = 2, count;

	if (in->len < 2)
		return -1;
	*tag = in->bytes[0];
	len = in->bytes[1];
	if (len >= 0x80) {
		count = len & 0x7f;
		if (count == 0 || count > 4 || in->len < 2 + count)
			return -1;
		len = 0;
		for (size_t i = 0; i < count; i++)
			len = len << 8 | in->bytes[2 + i];
		head += count;
	}
	if (in->len - head < len)
		return -1;
	*content = (struct der){ in->bytes + head, len };
	in->bytes += head + len;
	in->len -= head + len;
	return 0;
}

static int
enter(struct der *in, uint8_t wanted, struct der *content)
{
	uint8_t tag;

	return next(in, &tag, content) != 0 || tag != wanted ? -1 : 0;
}

static int
put_oid(const struct der *oid, struct buffer *out)
{
	uint64_t arc = 0;
	bool first = true;
	int rv = 0;

	for (size_t i = 0; i < sizeof(attributes) / sizeof(attributes[0]); i++)
		if (strlen(attributes[i].oid) == oid->len && memcmp(attributes[i].oid, oid->bytes, oid->len) == 0)
			return buffer_puts(out, attributes[i].name);
	for (size_t i = 0; i < oid->len; i++) {
		arc = (arc & (UINT64_MAX >> 8)) << 7 | (oid->bytes[i] & 0x7f);
		if (oid->bytes[i] & 0x80)
			continue;
		if (first) {
			uint64_t top = arc < 80 ? arc / 40 : 2;

			rv |= buffer_number(out, top);
			arc -= 40 * top;
		}
		rv |= buffer_puts(out, ".") | buffer_number(out, arc);
		first = false;
		arc = 0;
	}
	return rv;
}

static int
put_utf8(uint32_t c, struct buffer *out)
{
	char text[3];

	if (c < 0x80) {
		text[0] = (char)c;
		return buffer_append(out, text, 1);
	}
	if (c < 0x800) {
		text[0] = (char)(0xc0 | c >> 6);
		text[1] = (char)(0x80 | (c & 0x3f));
		return buffer_append(out, text, 2);
	}
	text[0] = (char)(0xe0 | c >> 12);
	text[1] = (char)(0x80 | (c >> 6 & 0x3f));
	text[2] = (char)(0x80 | (c & 0x3f));
	return buffer_append(out, text, 3);
}

/* RFC 4514, section 2.4: a part must not look like several. */
static bool
needs_escape(uint32_t c)
{
	return c < 0x80 && c != 0 && strchr(",+\"\\<>;", (int)c) != NULL;
}

static int
put_string(uint8_t tag, const struct der *value, struct buffer *out)
{
	size_t step = tag == TAG_BMP ? 2 : 1;

	for (size_t i = 0; i + step <= value->len; i += step) {
		uint32_t c = value->bytes[i];

		if (step == 2)
			c = c << 8 | value->bytes[i + 1];
		if (needs_escape(c) && buffer_append(out, "\\", 1) != 0)
			return -1;
		/* Bytes of UTF-8 stay as they are; the writer of JSON looks whether they are. */
		if (tag == TAG_T61 || tag == TAG_BMP ? put_utf8(c, out) != 0 : buffer_append(out, value->bytes + i, 1) != 0)
			return -1;
	}
	return 0;
}

/* AttributeTypeAndValue; -1 if it is none, or does not fit. */
static int
put_attribute(struct der *in, struct buffer *out)
{
	struct der pair, oid, value;
	uint8_t tag;

	if (enter(in, TAG_SEQUENCE, &pair) != 0 || enter(&pair, TAG_OID, &oid) != 0 || next(&pair, &tag, &value) != 0)
		return -1;
	return put_oid(&oid, out) | buffer_puts(out, "=") | put_string(tag, &value, out);
}

/* One RelativeDistinguishedName: mostly one attribute. */
static int
put_relative(struct der in, struct buffer *out)
{
	const char *before = out->len > 0 ? ", " : "";

	while (in.len > 0) {
		if (buffer_puts(out, before) != 0 || put_attribute(&in, out) != 0)
			return -1;
		before = "+";
	}
	return 0;
}

/* A Name begins with its country; ECS shows it from the other end. */
static int
put_name(struct der name, struct buffer *out)
{
	struct der parts[PARTS_MAX];
	struct buffer text;
	size_t count = 0;
	int rv;

	while (name.len > 0 && count < PARTS_MAX)
		if (enter(&name, TAG_SET, &parts[count++]) != 0)
			return 0;
	buffer_init(&text, CERTIFICATE_NAME_MAX);
	while (count-- > 0) {
		size_t mark = text.len;

		if (put_relative(parts[count], &text) == 0)
			continue;
		text.len = mark;
		break;
	}
	rv = text.len == 0                             ? 0 :
	    json_string(out, text.data, text.len) == 0 ? 1 :
							 -1;
	buffer_release(&text);
	return rv;
}

/* YYMMDDhhmmssZ or YYYYMMDDhhmmssZ (RFC 5280, section 4.1.2.5). */
static int
put_time(struct der *validity, struct buffer *out)
{
	struct der time;
	uint8_t tag;
	const char *at;
	size_t digits;
	char text[32];

	if (next(validity, &tag, &time) != 0)
		return 0;
	digits = tag == TAG_UTC_TIME ? 12 : 14;
	if ((tag != TAG_UTC_TIME && tag != TAG_GENERALIZED_TIME) || time.len != digits + 1 || time.bytes[digits] != 'Z')
		return 0;
	for (size_t i = 0; i < digits; i++)
		if (time.bytes[i] < '0' || time.bytes[i] > '9')
			return 0;
	at = (const char *)time.bytes;
	(void)snprintf(text, sizeof(text), "%s%.*s-%.2s-%.2sT%.2s:%.2s:%.2sZ",
	    digits == 14    ? "" :
		at[0] < '5' ? "20" :
			      "19",
	    (int)digits - 10, at, at + digits - 10, at + digits - 8, at + digits - 6, at + digits - 4, at + digits - 2);
	return json_quoted(out, text, strlen(text)) == 0 ? 1 : -1;
}

static int
put_sha1(const struct der *whole, struct buffer *out)
{
	unsigned char hash[EVP_MAX_MD_SIZE];
	char text[41];

	if (EVP_Digest(whole->bytes, whole->len, hash, NULL, EVP_sha1(), NULL) != 1)
		return 0;
	for (size_t i = 0; i < 20; i++)
		(void)snprintf(text + 2 * i, 3, "%02X", hash[i]);
	return json_quoted(out, text, 40) == 0 ? 1 : -1;
}

/* Certificate: tbsCertificate { [0] version, serialNumber, signature, issuer, validity, subject, ... }. */
static int
put_part(enum certificate_part part, const struct der *whole, struct buffer *out)
{
	struct der in = *whole, certificate, tbs, skipped, issuer, validity, subject;
	uint8_t tag;

	if (enter(&in, TAG_SEQUENCE, &certificate) != 0 || in.len != 0 || enter(&certificate, TAG_SEQUENCE, &tbs) != 0 ||
	    next(&tbs, &tag, &skipped) != 0 ||
	    (tag == TAG_VERSION && next(&tbs, &tag, &skipped) != 0) ||
	    enter(&tbs, TAG_SEQUENCE, &skipped) != 0 || enter(&tbs, TAG_SEQUENCE, &issuer) != 0 ||
	    enter(&tbs, TAG_SEQUENCE, &validity) != 0 || enter(&tbs, TAG_SEQUENCE, &subject) != 0)
		return 0;
	switch (part) {
	case CERTIFICATE_ISSUER:
		return put_name(issuer, out);
	case CERTIFICATE_SUBJECT:
		return put_name(subject, out);
	case CERTIFICATE_NOT_BEFORE:
		return put_time(&validity, out);
	case CERTIFICATE_NOT_AFTER:
		return next(&validity, &tag, &skipped) == 0 ? put_time(&validity, out) : 0;
	case CERTIFICATE_SHA1:
		return put_sha1(whole, out);
	}
	return 0;
}

static int
digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if ((c | 0x20) >= 'a' && (c | 0x20) <= 'f')
		return (c | 0x20) - 'a' + 10;
	return -1;
}

/* The bytes of "30:82:03"; their number, 0 if it is no such text. */
static size_t
from_hex(uint8_t *bytes, const char *hex, size_t len)
{
	size_t count = 0;

	for (size_t i = 0; i < len; i += 3) {
		int high = digit(hex[i]), low = i + 1 < len ? digit(hex[i + 1]) : -1;

		if (high < 0 || low < 0 || (i + 2 < len && hex[i + 2] != ':'))
			return 0;
		bytes[count++] = (uint8_t)(high << 4 | low);
	}
	return count;
}

int
certificate_put(enum certificate_part part, const char *hex, size_t len, struct buffer *out)
{
	struct der whole;
	uint8_t *bytes;
	int rv = 0;

	if (len < 2 || len / 3 >= BYTES_MAX)
		return 0;
	bytes = xmalloc(len / 3 + 1);
	whole = (struct der){ bytes, from_hex(bytes, hex, len) };
	if (whole.len > 0)
		rv = put_part(part, &whole, out);
	free(bytes);
	return rv;
}
