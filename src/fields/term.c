/* SPDX-License-Identifier: BSD-2-Clause */
/* Terms: fields and their values in a form whose byte order is the order of the values. */
#include "fields/term.h"

#include <math.h>
#include <string.h>

#include "base/json.h"

#define NANOSECONDS 1000000000

static const char digits[] = "0123456789abcdefghijklmnopqrstuvwxyz";

/* Types and kinds. */

static const struct {
	const char *type;
	enum term_kind kind;
} kinds[] = {
	{ "FT_NONE", TERM_NONE }, { "FT_PROTOCOL", TERM_NONE },
	{ "FT_BOOLEAN", TERM_BOOLEAN }, { "FT_CHAR", TERM_UNSIGNED },
	{ "FT_FRAMENUM", TERM_UNSIGNED }, { "FT_IPXNET", TERM_UNSIGNED },
	{ "FT_FLOAT", TERM_DOUBLE }, { "FT_DOUBLE", TERM_DOUBLE },
	{ "FT_RELATIVE_TIME", TERM_RELATIVE },
	{ "FT_ABSOLUTE_TIME", TERM_ABSOLUTE },
	{ "FT_IPv4", TERM_IPV4 }, { "FT_IPv6", TERM_IPV6 },
	{ "FT_ETHER", TERM_ADDRESS }, { "FT_BYTES", TERM_BYTES },
	{ "FT_UINT_BYTES", TERM_BYTES }, { "FT_EUI64", TERM_ADDRESS },
	{ "FT_FCWWN", TERM_ADDRESS }, { "FT_SYSTEM_ID", TERM_ADDRESS },
	{ "FT_GUID", TERM_GUID }, { "FT_OID", TERM_OID },
	{ "FT_REL_OID", TERM_OID }, { "FT_AX25", TERM_OTHER },
	{ "FT_VINES", TERM_OTHER }, { "FT_IEEE_11073_SFLOAT", TERM_OTHER },
	{ "FT_IEEE_11073_FLOAT", TERM_OTHER }
};

/* "FT_UINT8" to "FT_UINT64": whether the type is the prefix and digits. */
static bool
is_integer(const char *type, size_t len, const char *prefix)
{
	size_t prefix_len = strlen(prefix);

	return len > prefix_len && memcmp(type, prefix, prefix_len) == 0 &&
	    type[prefix_len] >= '0' && type[prefix_len] <= '9';
}

enum term_kind
term_kind_of(const char *type, size_t len)
{
	if (is_integer(type, len, "FT_UINT"))
		return TERM_UNSIGNED;
	if (is_integer(type, len, "FT_INT"))
		return TERM_SIGNED;
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (strlen(kinds[i].type) == len &&
		    memcmp(kinds[i].type, type, len) == 0)
			return kinds[i].kind;
	return TERM_TEXT;
}

/* Values. */

/* The count of the digits of a number of 128 bits, and they. */
static int
put_number(uint64_t high, uint64_t low, bool negative, struct buffer *out)
{
	char text[2 + 32], *at = text + sizeof(text), *end = at;
	size_t count;

	do {
		unsigned digit = (unsigned)(low & 15);

		*--at = digits[negative ? 15 - digit : digit];
		low = low >> 4 | high << 60;
		high >>= 4;
	} while ((low | high) != 0);
	count = (size_t)(end - at);
	*--at = digits[negative ? sizeof(digits) - 2 - count : count];
	if (negative)
		*--at = '-';
	return buffer_append(out, at, (size_t)(end - at));
}

int
term_unsigned(uint64_t number, struct buffer *out)
{
	return put_number(0, number, false, out);
}

int
term_signed(int64_t number, struct buffer *out)
{
	return put_number(0, number < 0 ? -(uint64_t)number : (uint64_t)number,
	    number < 0, out);
}

/* Seconds and less than one more. */
static int
put_time(uint64_t sec, uint32_t nsec, bool negative, struct buffer *out)
{
	/* In two halves, of which each is at most 62 bits long. */
	uint64_t low = (sec & UINT32_MAX) * NANOSECONDS + nsec;
	uint64_t high = (sec >> 32) * NANOSECONDS + (low >> 32);

	return put_number(high >> 32, high << 32 | (low & UINT32_MAX),
	    negative, out);
}

int
term_time(int64_t sec, int32_t nsec, struct buffer *out)
{
	/* Both get the sign of their sum. */
	if (sec < 0 && nsec > 0) {
		sec++;
		nsec -= NANOSECONDS;
	} else if (sec > 0 && nsec < 0) {
		sec--;
		nsec += NANOSECONDS;
	}
	return put_time(sec < 0 ? -(uint64_t)sec : (uint64_t)sec,
	    (uint32_t)(nsec < 0 ? -nsec : nsec), sec < 0 || nsec < 0, out);
}

static int
put_hex(uint64_t number, unsigned count, struct buffer *out)
{
	char text[16];

	for (unsigned i = count; i-- > 0; number >>= 4)
		text[i] = digits[number & 15];
	return buffer_append(out, text, count);
}

int
term_double(double number, struct buffer *out)
{
	const uint64_t sign = UINT64_C(1) << 63;
	uint64_t bits;

	if (isnan(number))
		return -1;
	/* There are two zeros. */
	if (number == 0)
		number = 0;
	memcpy(&bits, &number, sizeof(bits));
	return put_hex((bits & sign) != 0 ? ~bits : bits | sign, 16, out);
}

int
term_ipv4(uint32_t address, struct buffer *out)
{
	return put_hex(address, 8, out);
}

int
term_ipv6(const unsigned char address[16], struct buffer *out)
{
	char text[32];

	for (size_t i = 0; i < 16; i++) {
		text[2 * i] = digits[address[i] >> 4];
		text[2 * i + 1] = digits[address[i] & 15];
	}
	return buffer_append(out, text, sizeof(text));
}

/* Terms. */

static int
write_term(const char *name, size_t name_len, enum term_kind kind,
    const char *text, size_t len, bool part, struct buffer *out)
{
	size_t start = out->len, value;
	char separator = TERM_WHOLE;
	int rv = buffer_append(out, name, name_len);

	if (kind == TERM_NONE || rv != 0)
		return rv;
	if (buffer_append(out, &separator, 1) != 0)
		return -1;
	value = out->len;
	rv = term_value(kind, text, len, out);
	if (rv == 0) {
		out->len = value;
		rv = term_value(TERM_TEXT, text, len, out);
	}
	if (rv < 0)
		return -1;
	if (part || out->len - value > TERM_VALUE_MAX) {
		out->data[start + name_len] = TERM_LONG;
		out->len = value +
		    json_cut(out->data + value, out->len - value,
			TERM_VALUE_MAX);
	}
	return 0;
}

int
term_write(const char *name, size_t name_len, enum term_kind kind,
    const char *text, size_t len, struct buffer *out)
{
	return write_term(name, name_len, kind, text, len, false, out);
}

int
term_write_part(const char *name, size_t name_len, enum term_kind kind,
    const char *text, size_t len, struct buffer *out)
{
	return write_term(name, name_len, kind, text, len, true, out);
}
