/* SPDX-License-Identifier: BSD-2-Clause */
/* Tests of fields/term.c and fields/term_text.c: kinds, texts of all readers, and that bytes sort as values do. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "fields/term.h"

#define ROUNDS 20000

static struct buffer out;

static int
setup(void **state)
{
	(void)state;
	buffer_init(&out, 4096);
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	buffer_release(&out);
	return 0;
}

/* What was appended, terminated. */
static const char *
made(void)
{
	static char text[4097];

	memcpy(text, out.data, out.len);
	text[out.len] = '\0';
	return text;
}

static void
test_kinds(void **state)
{
	static const struct {
		const char *type;
		enum term_kind kind;
	} rows[] = { { "FT_NONE", TERM_NONE }, { "FT_PROTOCOL", TERM_NONE }, { "FT_BOOLEAN", TERM_BOOLEAN },
		{ "FT_CHAR", TERM_UNSIGNED }, { "FT_UINT8", TERM_UNSIGNED }, { "FT_UINT24", TERM_UNSIGNED },
		{ "FT_UINT64", TERM_UNSIGNED }, { "FT_INT8", TERM_SIGNED }, { "FT_INT64", TERM_SIGNED },
		{ "FT_FRAMENUM", TERM_UNSIGNED }, { "FT_IPXNET", TERM_UNSIGNED }, { "FT_FLOAT", TERM_DOUBLE },
		{ "FT_DOUBLE", TERM_DOUBLE }, { "FT_RELATIVE_TIME", TERM_RELATIVE },
		{ "FT_ABSOLUTE_TIME", TERM_ABSOLUTE }, { "FT_IPv4", TERM_IPV4 }, { "FT_IPv6", TERM_IPV6 },
		{ "FT_ETHER", TERM_ADDRESS }, { "FT_BYTES", TERM_BYTES }, { "FT_UINT_BYTES", TERM_BYTES },
		{ "FT_EUI64", TERM_ADDRESS }, { "FT_FCWWN", TERM_ADDRESS }, { "FT_SYSTEM_ID", TERM_ADDRESS },
		{ "FT_UINT_STRING", TERM_TEXT }, { "FT_STRING", TERM_TEXT }, { "FT_STRINGZTRUNC", TERM_TEXT },
		{ "FT_GUID", TERM_GUID }, { "FT_OID", TERM_OID }, { "FT_REL_OID", TERM_OID },
		{ "FT_AX25", TERM_OTHER }, { "FT_VINES", TERM_OTHER }, { "FT_IEEE_11073_SFLOAT", TERM_OTHER },
		{ "FT_LATER", TERM_TEXT }, { "FT_UINT", TERM_TEXT }, { "FT_INT", TERM_TEXT }, { "FT_IPv", TERM_TEXT },
		{ "", TERM_TEXT } };

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (term_kind_of(rows[i].type, strlen(rows[i].type)) != rows[i].kind)
			fail_msg("the kind of %s", rows[i].type);
}

/* Values of each kind as the readers give them for the tsharks from 3.4 to 4.6. */
static void
test_values(void **state)
{
	static const struct {
		enum term_kind kind;
		const char *text, *value;
	} rows[] = { { TERM_UNSIGNED, "0", "10" }, { TERM_UNSIGNED, "0x00", "10" }, { TERM_UNSIGNED, "443", "31bb" },
		{ TERM_UNSIGNED, "0x01bb", "31bb" }, { TERM_UNSIGNED, "0x01BB", "31bb" }, { TERM_UNSIGNED, "0673", "31bb" },
		{ TERM_UNSIGNED, "18446744073709551615", "gffffffffffffffff" },
		{ TERM_UNSIGNED, "0xffffffffffffffff", "gffffffffffffffff" }, { TERM_UNSIGNED, "'A'", "241" },
		{ TERM_UNSIGNED, "'\\n'", "1a" }, { TERM_UNSIGNED, "'\\x1b'", "21b" }, { TERM_UNSIGNED, "'\\\\'", "25c" },
		{ TERM_UNSIGNED, "'\\033'", "21b" }, { TERM_UNSIGNED, "'''", "227" }, { TERM_UNSIGNED, "'\\''", "227" },
		{ TERM_SIGNED, "0", "10" }, { TERM_SIGNED, "5", "15" }, { TERM_SIGNED, "-1", "-ye" }, { TERM_SIGNED, "-0", "10" },
		{ TERM_SIGNED, "-16", "-xef" }, { TERM_SIGNED, "-9223372036854775808", "-j7fffffffffffffff" },
		{ TERM_SIGNED, "9223372036854775807", "g7fffffffffffffff" }, { TERM_SIGNED, "0x0010", "210" },
		{ TERM_RELATIVE, "0.000000000", "10" }, { TERM_RELATIVE, "0.000012000", "42ee0" },
		{ TERM_RELATIVE, "1", "83b9aca00" }, { TERM_RELATIVE, "1.5", "859682f00" },
		{ TERM_RELATIVE, "-0.000000001", "-ye" }, { TERM_RELATIVE, "-0.000000000", "10" },
		{ TERM_RELATIVE, "1438233730.634684000", "g13f5a1f53a771660" },
		{ TERM_ABSOLUTE, "1970-01-01T00:00:00.000000000Z", "10" },
		{ TERM_ABSOLUTE, "2015-07-30T05:22:10.634684000Z", "g13f5a1f53a771660" },
		{ TERM_ABSOLUTE, "1969-12-31T23:59:59.999999999Z", "-ye" },
		/* As tshark 3.4 prints 1,000 nanoseconds. */
		{ TERM_ABSOLUTE, "1970-01-01T00:00:00.1000Z", "33e8" },
		{ TERM_ABSOLUTE, "1970-03-01T00:00:00.0Z", "e121c3d7d350000" },
		{ TERM_DOUBLE, "0", "8000000000000000" }, { TERM_DOUBLE, "-0", "8000000000000000" },
		{ TERM_DOUBLE, "1", "bff0000000000000" }, { TERM_DOUBLE, "-1", "400fffffffffffff" },
		{ TERM_DOUBLE, "1e+30", "c6293e5939a08cea" }, { TERM_DOUBLE, "inf", "fff0000000000000" },
		{ TERM_DOUBLE, "-inf", "000fffffffffffff" }, { TERM_BOOLEAN, "true", "1" }, { TERM_BOOLEAN, "True", "1" },
		{ TERM_BOOLEAN, "1", "1" }, { TERM_BOOLEAN, "false", "0" }, { TERM_BOOLEAN, "False", "0" },
		{ TERM_BOOLEAN, "0", "0" }, { TERM_IPV4, "10.0.0.4", "0a000004" }, { TERM_IPV4, "255.255.255.255", "ffffffff" },
		{ TERM_IPV6, "::1", "00000000000000000000000000000001" },
		{ TERM_IPV6, "2001:db8::ff00:42:8329", "20010db8000000000000ff0000428329" },
		{ TERM_IPV6, "::ffff:1.2.3.4", "00000000000000000000ffff01020304" }, { TERM_BYTES, "00:1A:2b", "00:1a:2b" },
		{ TERM_BYTES, "001a2b", "00:1a:2b" }, { TERM_BYTES, "00-1a-2b", "00:1a:2b" }, { TERM_BYTES, "00.1a 2b", "00:1a:2b" },
		{ TERM_BYTES, "0000.0000.0001.02-03", "00:00:00:00:00:01:02:03" }, { TERM_BYTES, "", "" },
		{ TERM_BYTES, "<MISSING>", "" }, { TERM_TEXT, "HTTP/1.1 200 OK\\r\\n", "HTTP/1.1 200 OK\\r\\n" },
		{ TERM_TEXT, "", "" }, { TERM_TEXT, "\xc3\xa9\r\n", "\xc3\xa9\r\n" }, { TERM_TEXT, "a\xff\xc3", "a\xef\xbf\xbd\xef\xbf\xbd" } };

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		buffer_clear(&out);
		if (term_value(rows[i].kind, rows[i].text, strlen(rows[i].text), &out) != 1)
			fail_msg("\"%s\" is no value of kind %d", rows[i].text, (int)rows[i].kind);
		assert_string_equal(made(), rows[i].value);
	}
}

static void
test_not_values(void **state)
{
	static const struct {
		enum term_kind kind;
		const char *text;
	} rows[] = { { TERM_NONE, "1" }, { TERM_UNSIGNED, "" }, { TERM_UNSIGNED, "-1" }, { TERM_UNSIGNED, "0x" }, { TERM_UNSIGNED, "1 " },
		{ TERM_UNSIGNED, " 1" }, { TERM_UNSIGNED, "18446744073709551616" }, { TERM_UNSIGNED, "08" }, { TERM_UNSIGNED, "1f" },
		{ TERM_UNSIGNED, "''" }, { TERM_UNSIGNED, "'\\'" }, { TERM_UNSIGNED, "'ab'" }, { TERM_UNSIGNED, "'\\q'" },
		{ TERM_UNSIGNED, "'\\x'" }, { TERM_UNSIGNED, "'\\777'" }, { TERM_UNSIGNED, "'" }, { TERM_SIGNED, "" }, { TERM_SIGNED, "-" },
		{ TERM_SIGNED, "9223372036854775808" }, { TERM_SIGNED, "-9223372036854775809" }, { TERM_SIGNED, "--1" },
		{ TERM_RELATIVE, "" }, { TERM_RELATIVE, "-" }, { TERM_RELATIVE, "1." }, { TERM_RELATIVE, ".5" },
		{ TERM_RELATIVE, "1.0000000000" }, { TERM_RELATIVE, "1.5s" }, { TERM_RELATIVE, "9223372036854775808" },
		{ TERM_ABSOLUTE, "" }, { TERM_ABSOLUTE, "Not representable" }, { TERM_ABSOLUTE, "12015-07-30" },
		{ TERM_ABSOLUTE, "2015-07-30" }, { TERM_ABSOLUTE, "2015-13-30T05:22:10.634684000Z" },
		{ TERM_ABSOLUTE, "2015-07-30T05:22:10.634684000" }, { TERM_ABSOLUTE, "2015-07-30T05:22:10.6346840000Z" },
		{ TERM_ABSOLUTE, "2015-07-30T25:22:10.634684000Z" }, { TERM_ABSOLUTE, "-07-30T05:22:10.634684000Z" },
		{ TERM_ABSOLUTE, "99999999999-07-30T05:22:10.634684000Z" }, { TERM_DOUBLE, "" }, { TERM_DOUBLE, "-" }, { TERM_DOUBLE, "nan" },
		{ TERM_DOUBLE, "-nan" }, { TERM_DOUBLE, " 1" }, { TERM_DOUBLE, "1 " }, { TERM_DOUBLE, "0x10" }, { TERM_DOUBLE, "1e" },
		{ TERM_DOUBLE, "infinity" }, { TERM_BOOLEAN, "" }, { TERM_BOOLEAN, "2" }, { TERM_BOOLEAN, "truer" }, { TERM_IPV4, "" },
		{ TERM_IPV4, "1.2.3" }, { TERM_IPV4, "::1" }, { TERM_IPV4, "1.2.3.4 " }, { TERM_IPV6, "1.2.3.4" }, { TERM_IPV6, ":::" },
		{ TERM_IPV6, "ffff:ffff:ffff:ffff:ffff:ffff:255.255.255.2555" }, { TERM_BYTES, "0" }, { TERM_BYTES, "00:" },
		{ TERM_BYTES, "00:1" }, { TERM_BYTES, "0:01" }, { TERM_BYTES, "00::01" }, { TERM_BYTES, "text" }, { TERM_BYTES, "00:1\xe2\x80\xa6" } };

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		buffer_clear(&out);
		if (term_value(rows[i].kind, rows[i].text, strlen(rows[i].text), &out) != 0)
			fail_msg("\"%s\" is %s of kind %d", rows[i].text, made(), (int)rows[i].kind);
	}
	/* A byte of zero ends nothing. */
	assert_int_equal(term_value(TERM_IPV4, "1.2.3.4\0", 8, &out), 0);
	assert_int_equal(term_value(TERM_DOUBLE, "1\0", 2, &out), 0);
	assert_int_equal(term_value(TERM_UNSIGNED, "1\0", 2, &out), 0);
	assert_int_equal(term_value(TERM_UNSIGNED, "'\\\0'", 4, &out), 0);
}

static const char *
term(const char *name, enum term_kind kind, const char *text)
{
	buffer_clear(&out);
	assert_int_equal(term_write(name, strlen(name), kind, text, strlen(text), &out), 0);
	return made();
}

static void
test_terms(void **state)
{
	(void)state;
	assert_string_equal(term("ip.ttl", TERM_UNSIGNED, "64"), "ip.ttl=240");
	assert_string_equal(term("tcp.analysis", TERM_NONE, "64"), "tcp.analysis");
	assert_string_equal(term("ip.src", TERM_IPV4, "somewhere"), "ip.src=somewhere");
	assert_string_equal(term("dns.qry.name", TERM_TEXT, ""), "dns.qry.name=");
	/* Half of what was appended before it failed is not left. */
	assert_string_equal(term("data", TERM_BYTES, "00:11:x"), "data=00:11:x");
}

static void
test_long_values(void **state)
{
	char text[TERM_VALUE_MAX + 8], expected[TERM_VALUE_MAX + 16];

	(void)state;
	memset(text, 'a', sizeof(text));
	text[TERM_VALUE_MAX] = '\0';
	(void)snprintf(expected, sizeof(expected), "n=%s", text);
	assert_string_equal(term("n", TERM_TEXT, text), expected);
	/* The beginning of a longer one is the same whether or not more of it is known. */
	expected[1] = '>';
	buffer_clear(&out);
	assert_int_equal(term_write_part("n", 1, TERM_TEXT, text, TERM_VALUE_MAX, &out), 0);
	assert_string_equal(made(), expected);
	memcpy(text + TERM_VALUE_MAX, "a", 2);
	assert_string_equal(term("n", TERM_TEXT, text), expected);
	/* No character is cut: this one would end one byte after. */
	memcpy(text + TERM_VALUE_MAX - 3, "\xf0\x9f\x98\x80", 5);
	expected[2 + TERM_VALUE_MAX - 3] = '\0';
	assert_string_equal(term("n", TERM_TEXT, text), expected);
	buffer_clear(&out);
	assert_int_equal(term_write_part("n", 1, TERM_TEXT, text, TERM_VALUE_MAX - 3, &out), 0);
	assert_string_equal(made(), expected);
}

/* 85 bytes fit, and the half of one more. */
static void
test_long_bytes(void **state)
{
	char text[3 * 200], whole[sizeof(text) + 4];

	(void)state;
	for (size_t i = 0; i < sizeof(text); i += 3)
		memcpy(text + i, "a1:", 3);
	text[3 * 85 - 1] = '\0';
	(void)snprintf(whole, sizeof(whole), "n=%s", text);
	assert_string_equal(term("n", TERM_BYTES, text), whole);
	text[3 * 85 - 1] = ':';
	text[3 * 200 - 1] = '\0';
	(void)snprintf(whole, sizeof(whole), "n>%.256s", text);
	assert_string_equal(term("n", TERM_BYTES, text), whole);
	buffer_clear(&out);
	assert_int_equal(term_write_part("n", 1, TERM_BYTES, text, TERM_VALUE_MAX, &out), 0);
	assert_string_equal(made(), whole);
	/* In the other forms. */
	for (size_t i = 0; i < sizeof(text); i += 2)
		memcpy(text + i, "A1", 2);
	text[400] = '\0';
	assert_string_equal(term("n", TERM_BYTES, text), whole);
}

static void
test_full(void **state)
{
	struct buffer small;

	(void)state;
	for (size_t max = 0; max < sizeof("ip.ttl=240") - 1; max++) {
		buffer_init(&small, max);
		assert_int_equal(term_write("ip.ttl", 6, TERM_UNSIGNED, "64", 2, &small), -1);
		assert_int_equal(term_write("ip.ttl", 6, TERM_TEXT, "240", 3, &small), -1);
		buffer_release(&small);
	}
	buffer_init(&small, 3);
	assert_int_equal(term_ipv4(1, &small), -1);
	assert_int_equal(term_ipv6((const unsigned char *)"0123456789abcdef", &small), -1);
	assert_int_equal(term_double(1, &small), -1);
	assert_int_equal(term_time(1, 0, &small), -1);
	assert_int_equal(term_value(TERM_BYTES, "00:11", 5, &small), -1);
	assert_int_equal(term_value(TERM_BOOLEAN, "true", 4, &small), 1);
	buffer_release(&small);
	buffer_clear(&out);
	assert_int_equal(term_double(NAN, &out), -1);
}

/* Random values, of which many are near each other. */

static uint64_t
random_bits(void)
{
	static uint64_t seed = 0x2545f4914f6cdd1d;

	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return seed;
}

static uint64_t
random_number(void)
{
	return random_bits() >> random_bits() % 64;
}

static int
compare_bytes(const struct buffer *a, const struct buffer *b)
{
	int order = memcmp(a->data, b->data, a->len < b->len ? a->len : b->len);

	if (order != 0)
		return order;
	return a->len < b->len ? -1 : a->len > b->len;
}

static int
sign(int number)
{
	return (number > 0) - (number < 0);
}

/* Makes two random values: their terms, and their order. */
typedef int make_two(struct buffer *a, struct buffer *b);

static int
two_unsigned(struct buffer *a, struct buffer *b)
{
	uint64_t x = random_number(), y = random_bits() % 4 == 0 ? x : random_number();

	assert_int_equal(term_unsigned(x, a) | term_unsigned(y, b), 0);
	return (x > y) - (x < y);
}

static int64_t
random_signed(void)
{
	uint64_t number = random_number();

	return (int64_t)(random_bits() % 2 == 0 ? number : -number);
}

static int
two_signed(struct buffer *a, struct buffer *b)
{
	int64_t x = random_signed(), y = random_bits() % 4 == 0 ? x : random_signed();

	assert_int_equal(term_signed(x, a) | term_signed(y, b), 0);
	return (x > y) - (x < y);
}

static int
two_times(struct buffer *a, struct buffer *b)
{
	int64_t x = random_signed(), y = random_bits() % 2 == 0 ? x : random_signed();
	int32_t xn = (int32_t)(random_bits() % 1000000000), yn = (int32_t)(random_bits() % 1000000000);

	/* The same time in two ways: the next second less what is missing to it. */
	assert_int_equal(term_time(x, xn, a), 0);
	if (y < INT64_MAX && random_bits() % 2 == 0)
		assert_int_equal(term_time(y + 1, yn - 1000000000 + (yn == 0), b), 0);
	else {
		assert_int_equal(term_time(y, yn, b), 0);
		return x != y ? (x > y) - (x < y) : (xn > yn) - (xn < yn);
	}
	yn += yn == 0;
	return x != y ? (x > y) - (x < y) : (xn > yn) - (xn < yn);
}

static double
random_double(void)
{
	uint64_t bits = random_bits();
	double number;

	if (random_bits() % 2 == 0)
		return (double)random_signed() / 1000;
	memcpy(&number, &bits, sizeof(number));
	return isnan(number) ? 0 : number;
}

static int
two_doubles(struct buffer *a, struct buffer *b)
{
	double x = random_double(), y = random_bits() % 4 == 0 ? x : random_double();

	assert_int_equal(term_double(x, a) | term_double(y, b), 0);
	return (x > y) - (x < y);
}

static int
two_ipv4(struct buffer *a, struct buffer *b)
{
	uint32_t x = (uint32_t)random_number(), y = (uint32_t)random_number();

	assert_int_equal(term_ipv4(x, a) | term_ipv4(y, b), 0);
	return (x > y) - (x < y);
}

static size_t
random_bytes(unsigned char *bytes, size_t max)
{
	size_t len = 1 + random_bits() % max;

	for (size_t i = 0; i < len; i++)
		bytes[i] = (unsigned char)(random_bits() % 2 == 0 ? 0 : random_bits());
	return len;
}

static int
two_ipv6(struct buffer *a, struct buffer *b)
{
	unsigned char x[16] = { 0 }, y[16] = { 0 };

	(void)random_bytes(x, 16);
	(void)random_bytes(y, 16);
	assert_int_equal(term_ipv6(x, a) | term_ipv6(y, b), 0);
	return sign(memcmp(x, y, 16));
}

static void
put_bytes(const unsigned char *bytes, size_t len, struct buffer *to)
{
	char text[64];

	for (size_t i = 0; i < len; i++)
		(void)snprintf(text + 3 * i, 4, "%02X%c", bytes[i], i + 1 < len ? '-' : '\0');
	assert_int_equal(term_value(TERM_BYTES, text, 3 * len - 1, to), 1);
}

static int
two_bytes(struct buffer *a, struct buffer *b)
{
	unsigned char x[12], y[12];
	size_t xn = random_bytes(x, 12), yn = random_bytes(y, 12);
	int order;

	put_bytes(x, xn, a);
	put_bytes(y, yn, b);
	order = sign(memcmp(x, y, xn < yn ? xn : yn));
	return order != 0 ? order : (xn > yn) - (xn < yn);
}

static void
test_order(void **state)
{
	static make_two *const makers[] = { two_unsigned, two_signed, two_times, two_doubles, two_ipv4, two_ipv6, two_bytes };
	struct buffer a, b;

	(void)state;
	buffer_init(&a, 512);
	buffer_init(&b, 512);
	for (size_t kind = 0; kind < sizeof(makers) / sizeof(makers[0]); kind++)
		for (size_t i = 0; i < ROUNDS; i++) {
			int order;

			buffer_clear(&a);
			buffer_clear(&b);
			order = makers[kind](&a, &b);
			if (sign(compare_bytes(&a, &b)) != order)
				fail_msg("%.*s and %.*s are not in order %d", (int)a.len, a.data, (int)b.len,
				    b.data, order);
		}
	buffer_release(&a);
	buffer_release(&b);
}

/* A date and its seconds are the same. */
static void
test_dates(void **state)
{
	struct buffer seconds;

	(void)state;
	buffer_init(&seconds, 64);
	for (size_t i = 0; i < ROUNDS; i++) {
		/* From year 1 to 9999. */
		int64_t sec = -62135596800 + (int64_t)(random_bits() % 315537897600);
		time_t moment = (time_t)sec;
		char text[64];
		struct tm date;

		assert_non_null(gmtime_r(&moment, &date));
		(void)snprintf(text, sizeof(text), "%04d-%02d-%02dT%02d:%02d:%02d.000000007Z", date.tm_year + 1900, date.tm_mon + 1,
		    date.tm_mday, date.tm_hour, date.tm_min, date.tm_sec);
		buffer_clear(&out);
		buffer_clear(&seconds);
		assert_int_equal(term_value(TERM_ABSOLUTE, text, strlen(text), &out), 1);
		assert_int_equal(term_time(sec, 7, &seconds), 0);
		if (compare_bytes(&out, &seconds) != 0)
			fail_msg("%s is %s", text, made());
	}
	buffer_release(&seconds);
}

int
main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_kinds), cmocka_unit_test(test_values),
		cmocka_unit_test(test_not_values), cmocka_unit_test(test_terms), cmocka_unit_test(test_long_values),
		cmocka_unit_test(test_long_bytes), cmocka_unit_test(test_full), cmocka_unit_test(test_order),
		cmocka_unit_test(test_dates) };

	return cmocka_run_group_tests(tests, setup, teardown);
}
