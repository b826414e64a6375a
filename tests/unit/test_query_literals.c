/* SPDX-License-Identifier: BSD-2-Clause */
/* Tests of query/: which texts are values of which type, and what they mean. Each form was held against tshark 4.0. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "querying.h"

static const char values_list[] =
    "E\tip.proto\t1\tipproto_val\n"
    "V\tip.proto\t6\tTCP\n"
    "V\tip.proto\t17\tUDP\n"
    "V\tip.proto\t50\tEncap Security Payload\n"
    "V\ttcp.port\t80\tother field\n"
    "V\teth.type\t0x0800\tIPv4\n"
    "V64\tt.uint64\t0xffffffffffffffff\tAll\n"
    "V\tt.int8\t-1\tNone\n"
    "R\tarp.opcode\t0x1\t0x1\tone\n"
    "R\tarp.opcode\t0x2\t0x9\tseveral\n"
    "T\ttcp.flags.syn\tSet\tNot set\n"
    "V\tip.proto\n"
    "V\tip.proto\tx\tBad\n"
    "\n"
    "X";

struct row {
	const char *field, *literal;
	const char *value; /* NULL: refused */
};

static int
set_up(void **state)
{
	*state = querying_names();
	return 0;
}

static int
tear_down(void **state)
{
	names_free(*state);
	return 0;
}

static struct query_values *
values_of(const char *filter)
{
	struct query_values *values = query_values_new(filter, strlen(filter));

	for (const char *line = values_list; line != NULL; line = strchr(line, '\n')) {
		line += *line == '\n';
		query_values_add(values, line, strcspn(line, "\n"));
	}
	return values;
}

/* "field == literal" becomes the one term field=value. */
static void
check_row(const struct names *names, const struct row *row)
{
	char filter[1024], term[1024], *clause;
	struct query_values *values;

	snprintf(filter, sizeof(filter), "%s == %s", row->field, row->literal);
	values = values_of(filter);
	clause = querying_clause(names, values, filter, strlen(filter));
	query_values_free(values);
	snprintf(term, sizeof(term), "{\"terms\":{\"espcap.terms\":[\"%s=%s\"]}}", row->field, row->value == NULL ? "" : row->value);
	if (row->value != NULL ? strcmp(clause, term) != 0 : clause[0] == '{')
		fail_msg("%s: %s", filter, clause);
	free(clause);
}

static void
check_rows(const struct names *names, const struct row *rows, size_t count)
{
	for (size_t i = 0; i < count; i++)
		check_row(names, &rows[i]);
}
#define CHECK_ROWS(names, rows) check_rows(names, rows, sizeof(rows) / sizeof((rows)[0]))

static void
test_numbers(void **state)
{
	static const struct row rows[] = {
		{ "tcp.port", "80", "250" },
		{ "tcp.port", "0x50", "250" },
		{ "tcp.port", "0X50", "250" },
		{ "tcp.port", "0120", "250" },
		{ "tcp.port", "0b1010000", "250" },
		{ "tcp.port", "0B1010000", "250" },
		{ "tcp.port", "+80", "250" },
		{ "tcp.port", "'P'", "250" },
		{ "tcp.port", "'\\x50'", "250" },
		{ "tcp.port", "'\\120'", "250" },
		{ "tcp.port", "0", "10" },
		{ "tcp.port", "080", NULL },
		{ "tcp.port", "-80", NULL },
		{ "tcp.port", "80.0", NULL },
		{ "tcp.port", "80u", NULL },
		{ "tcp.port", "1e2", NULL },
		{ "tcp.port", "1_000", NULL },
		{ "tcp.port", "0x", NULL },
		{ "tcp.port", "0b", NULL },
		{ "tcp.port", "0b2", NULL },
		{ "tcp.port", "0b-1", NULL },
		{ "tcp.port", "99999999999999999999999", NULL },
		{ "tcp.port", "\"80\"", NULL },
		{ "tcp.port", "r\"80\"", NULL },
		{ "tcp.port", "''", NULL },
		{ "tcp.port", "'ab'", NULL },
		{ "tcp.port", "'\\q'", NULL },
		{ "tcp.port", "'\\u1234'", NULL },
		{ "tcp.port", "-'a'", NULL },
		{ "t.uint64", "18446744073709551615", "gffffffffffffffff" },
		{ "t.uint64", "18446744073709551616", NULL },
		{ "ip.fragment", "3000000000", "8b2d05e00" },
		{ "t.char", "'a'", "261" },
		{ "t.char", "97", "261" },
		{ "t.char", "'\\n'", "1a" },
		{ "t.char", "'\\''", "227" },
		{ "t.char", "'\"'", "222" },
		{ "t.char", "'\\u00e9'", "2e9" },
		{ "t.char", "\"a\"", NULL },
		{ "t.char", "'\xc3\xa9'", NULL },
		{ "t.int8", "-1", "-ye" },
		{ "t.int8", "- 1", "-ye" },
		{ "t.int8", "127", "27f" },
		{ "t.int64", "-9223372036854775808", "-j7fffffffffffffff" },
		{ "t.int64", "9223372036854775807", "g7fffffffffffffff" },
		{ "t.int64", "9223372036854775808", NULL },
		{ "t.int64", "-9223372036854775809", NULL },
	};

	CHECK_ROWS(*state, rows);
}

/* Names of values: in quotes or, if they are one word, without; in letters of either case. */
static void
test_names(void **state)
{
	static const struct row rows[] = {
		{ "ip.proto", "TCP", "16" },
		{ "ip.proto", "\"TCP\"", "16" },
		{ "ip.proto", "\"udp\"", "211" },
		{ "ip.proto", "\"Encap Security Payload\"", "232" },
		{ "ip.proto", "udp", NULL }, /* the protocol */
		{ "ip.proto", "ICMP", NULL },
		{ "ip.proto", "\"other field\"", NULL },
		{ "ip.proto", "Bad", NULL },
		{ "ip.proto", "-TCP", NULL },
		{ "eth.type", "IPv4", "3800" },
		{ "t.uint64", "All", "gffffffffffffffff" },
		{ "t.int8", "\"None\"", "-ye" },
		{ "arp.opcode", "one", "11" },
		{ "arp.opcode", "several", NULL },
		{ "tcp.flags.syn", "Set", "1" },
		{ "tcp.flags.syn", "\"Not set\"", "0" },
	};

	CHECK_ROWS(*state, rows);
}

/* Without a list the error says that one is needed, and only where it may help. */
static void
test_needs_values(void **state)
{
	static const struct {
		const char *filter;
		const char *error;
	} rows[] = {
		{ "ip.proto == TCP", "13: ip.proto needs a number, not TCP (values)" },
		{ "ip.proto in {6, \"UDP\"}", "17: ip.proto needs a number, not \"UDP\" (values)" },
		{ "tcp.flags.syn == Set", "18: tcp.flags.syn needs True or False, not Set (values)" },
		{ "tcp.port == -80", "14: tcp.port needs a number from 0 on, not -80" },
		{ "http.host == \"\\xe9\"", "14: a string of the index is UTF-8 without NUL: write \\u00e9 for a character that is not ASCII" },
		{ "ip.addr == host", "12: ip.addr needs an IPv4 address or network, not host" },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char *clause = querying_clause(*state, NULL, rows[i].filter, strlen(rows[i].filter));

		assert_string_equal(clause, rows[i].error);
		free(clause);
	}
}

static void
test_booleans(void **state)
{
	static const struct row rows[] = {
		{ "tcp.flags.syn", "True", "1" },
		{ "tcp.flags.syn", "TRUE", "1" },
		{ "tcp.flags.syn", "1", "1" },
		{ "tcp.flags.syn", "2", "1" },
		{ "tcp.flags.syn", "0x10", "1" },
		{ "tcp.flags.syn", "False", "0" },
		{ "tcp.flags.syn", "FALSE", "0" },
		{ "tcp.flags.syn", "0", "0" },
		{ "tcp.flags.syn", "'\\x00'", "0" },
		{ "tcp.flags.syn", "true", NULL },
		{ "tcp.flags.syn", "\"True\"", NULL },
		{ "tcp.flags.syn", "-1", NULL },
		{ "tcp.flags.syn", "yes", NULL },
		{ "tcp.flags.syn", "0.0", NULL },
	};

	CHECK_ROWS(*state, rows);
}

static void
test_addresses(void **state)
{
	static const struct row rows[] = {
		{ "ip.src", "1.2.3.4", "01020304" },
		{ "ip.src", "1.2.3.4/32", "01020304" },
		{ "ip.src", "\"1.2.3.4\"", NULL },
		{ "ip.src", "1.2.3.4/33", NULL },
		{ "ip.src", "1.2.3.4/", NULL },
		{ "ip.src", "1.2.3.4 /24", NULL },
		{ "ip.src", "1.2.3.4/255.255.255.0", NULL },
		{ "ip.src", "1.2.3/24", NULL },
		{ "ip.src", "01.02.03.04", NULL },
		{ "ip.src", "16909060", NULL },
		{ "ip.src", "-1.2.3.4", NULL },
		{ "ip.src", "localhost", NULL },
		{ "ip.src", "1.2.3.4.", NULL },
		{ "ipv6.src", "::1", "00000000000000000000000000000001" },
		{ "ipv6.src", "::", "00000000000000000000000000000000" },
		{ "ipv6.src", "FE80::1", "fe800000000000000000000000000001" },
		{ "ipv6.src", "2001:db8:0:0:0:0:0:1", "20010db8000000000000000000000001" },
		{ "ipv6.src", "::ffff:1.2.3.4", "00000000000000000000ffff01020304" },
		{ "ipv6.src", "::1/128", "00000000000000000000000000000001" },
		{ "ipv6.src", "::1/129", NULL },
		{ "ipv6.src", "1.2.3.4", NULL },
		{ "ipv6.src", "fe80::1%eth0", NULL },
		{ "ipv6.src", "[::1]", NULL },
		{ "eth.src", "00:1A:22:33:44:55", "00:1a:22:33:44:55" },
		{ "eth.src", "00-1a-22-33-44-55", "00:1a:22:33:44:55" },
		{ "eth.src", "001a.2233.4455", "00:1a:22:33:44:55" },
		{ "eth.src", "001a22334455", "00:1a:22:33:44:55" },
		{ "eth.src", "0.1a.22.33.44.55", "00:1a:22:33:44:55" },
		{ "eth.src", ":001a22334455", "00:1a:22:33:44:55" },
		{ "eth.src", "00:1a:22", NULL },
		{ "eth.src", "0:1a:22:33:44:5", NULL },
		{ "eth.src", "\"00:1a:22:33:44:55\"", NULL },
		{ "eth.src", "0x001a22334455", NULL },
		{ "eth.src", "broadcast", NULL },
		{ "t.guid", "ABCDEF78-1234-1234-1234-123456789abc", "abcdef78-1234-1234-1234-123456789abc" },
		{ "t.guid", "\"abcdef78-1234-1234-1234-123456789abc\"", NULL },
		{ "t.guid", "12345678123412341234123456789abc", NULL },
		{ "t.guid", "12:34", NULL },
		{ "t.oid", "1.2.840.113549", "1.2.840.113549" },
		{ "t.oid", "1", NULL },
		{ "t.oid", "\"1.2\"", NULL },
		{ "t.oid", "2a:86", NULL },
	};

	CHECK_ROWS(*state, rows);
}

static void
test_bytes(void **state)
{
	static const struct row rows[] = {
		{ "t.bytes", "00", "00" },
		{ "t.bytes", "0011", "00:11" },
		{ "t.bytes", "00:11", "00:11" },
		{ "t.bytes", "00-11", "00:11" },
		{ "t.bytes", "00.11", "00:11" },
		{ "t.bytes", "0.1.0.d", "00:01:00:0d" },
		{ "t.bytes", "4745.54", "47:45:54" },
		{ "t.bytes", "47.4554", "47:45:54" },
		{ "t.bytes", "ABcd", "ab:cd" },
		{ "t.bytes", "\"GET\"", "47:45:54" },
		{ "t.bytes", "r\"a\\\"", NULL }, /* the quote is not the end */
		{ "t.bytes", "r\"a\\b\"", "61:5c:62" },
		{ "t.bytes", "\"a\\x00b\"", "61:00:62" },
		{ "t.bytes", "\"\\xe9\"", "e9" },
		{ "t.bytes", "\"\\u00e9\"", "c3:a9" },
		{ "t.bytes", "'a'", "61" },
		{ "t.bytes", "\"\"", "" },
		{ "t.bytes", "0", NULL },
		{ "t.bytes", "000", NULL },
		{ "t.bytes", "0:1", NULL },
		{ "t.bytes", "00:1", NULL },
		{ "t.bytes", "00:11-22", NULL },
		{ "t.bytes", "00:1122", NULL },
		{ "t.bytes", "00:", NULL },
		{ "t.bytes", "0x00", NULL },
		{ "t.bytes", "xyz", NULL },
		{ "t.bytes", "-1", NULL },
		{ "t.bytes", "00 11", NULL },
	};

	CHECK_ROWS(*state, rows);
}

static void
test_strings(void **state)
{
	static const struct row rows[] = {
		{ "http.host", "\"abc\"", "abc" },
		{ "http.host", "abc", "abc" },
		{ "http.host", "123", "123" },
		{ "http.host", "a-b", "a-b" },
		{ "http.host", "www.x.org", "www.x.org" },
		{ "http.host", "00:11", "00:11" },
		{ "http.host", "'a'", "a" },
		{ "http.host", "\"\"", "" },
		{ "http.host", "\"\xc3\xa9\"", "\xc3\xa9" },
		{ "http.host", "\"\\u00e9\\U0001f600\"", "\xc3\xa9\xf0\x9f\x98\x80" },
		{ "http.host", "\"\\xc3\\xa9\"", "\xc3\xa9" },
		{ "http.host", "\"\\x414\\1011\\x4 \"", "A4A1\\u0004 " },
		{ "http.host", "\"\\r\\n\\t\"", "\\r\\n\\t" },
		{ "http.host", "\"\\a\\b\\f\\v\\\\\\\"\\'\"", "\\u0007\\b\\f\\u000b\\\\\\\"'" },
		{ "http.host", "r\"a\\b\"", "a\\\\b" },
		{ "http.host", "R\"a\\\"b\"", "a\\\\\\\"b" },
		{ "http.host", "r\"a\\\\\"", "a\\\\\\\\" },
		{ "http.host", "\"\\xe9\"", NULL },
		{ "http.host", "\"a\\x00b\"", NULL },
		{ "http.host", "\"\\0\"", NULL },
		{ "http.host", "\"\\ud800\"", NULL },
		{ "http.host", "\"\\U00110000\"", NULL },
		{ "http.host", "\"\\u12\"", NULL },
		{ "http.host", "\"\\x\"", NULL },
		{ "http.host", "\"\\xg\"", NULL },
		{ "http.host", "\"\\400\"", NULL },
		{ "http.host", "\"\\8\"", NULL },
		{ "http.host", "\"\\q\"", NULL },
		{ "http.host", "\"\\e\"", NULL },
		{ "http.host", "\"a\" \"b\"", NULL },
		{ "http.host", "a/b", NULL },
		{ "http.host", ":abc", NULL },
		{ "http.host", "-1", NULL },
		{ "http.host", "contains", NULL },
	};

	CHECK_ROWS(*state, rows);
}

static void
test_times(void **state)
{
	static const struct row rows[] = {
		{ "dns.time", "0", "10" },
		{ "dns.time", "1", "83b9aca00" },
		{ "dns.time", "0.000000001", "11" },
		{ "dns.time", "-0.000000001", "-ye" },
		{ "dns.time", "1.5", "859682f00" },
		{ "dns.time", "+1.5", "859682f00" },
		{ "dns.time", "1.", NULL },
		{ "dns.time", ".5", NULL },
		{ "dns.time", "1.1234567891", NULL },
		{ "dns.time", "1e3", NULL },
		{ "dns.time", "0x10", NULL },
		{ "dns.time", "\"1.5\"", NULL },
		{ "dns.time", "abc", NULL },
		{ "frame.time", "\"1970-01-01\"", "10" },
		{ "frame.time", "1970-01-01", "10" },
		{ "frame.time", "\"1970-01-01 00:00\"", "10" },
		{ "frame.time", "\"1970-01-01T00:00:01Z\"", "83b9aca00" },
		{ "frame.time", "\" 1970-01-01 00:00:01.5 \"", "859682f00" },
		{ "frame.time", "\"1970-01-01 00:00:01,5\"", "859682f00" },
		{ "frame.time", "\"1970-01-01 02:00:01+02:00\"", "83b9aca00" },
		{ "frame.time", "\"1970-01-01 02:00:01+0200\"", "83b9aca00" },
		{ "frame.time", "\"1969-12-31 22:00:01-02\"", "83b9aca00" },
		{ "frame.time", "\"1970-1-1 00:00:01 UTC\"", "83b9aca00" },
		{ "frame.time", "\"Jan 1, 1970 00:00:01\"", "83b9aca00" },
		{ "frame.time", "\"jan  1,1970  00:00:01.5 UTC\"", "859682f00" },
		{ "frame.time", "\"1969-12-31 23:59:59.999999999\"", "-ye" },
		{ "frame.time", "\"2015-07-30 05:22:10.634684000\"", "g13f5a1f53a771660" },
		{ "frame.time", "\"2000-02-29\"", "fd35690ccf780000" },
		{ "frame.time", "\"2015-02-29\"", NULL },
		{ "frame.time", "\"2015-02-30 00:00:00\"", NULL },
		{ "frame.time", "\"2015-13-30 00:00:00\"", NULL },
		{ "frame.time", "\"2015-07-30 24:00:00\"", NULL },
		{ "frame.time", "\"2015-07-30 05:22:10 +02:00\"", NULL },
		{ "frame.time", "\"2015-07-30t05:22:10\"", NULL },
		{ "frame.time", "\"20150730T052210Z\"", NULL },
		{ "frame.time", "\"20150730\"", NULL },
		{ "frame.time", "\"2015-07\"", NULL },
		{ "frame.time", "\"Jul 30, 2015 05:22\"", NULL },
		{ "frame.time", "\"Jul 30, 2015\"", NULL },
		{ "frame.time", "\"July 30, 2015 05:22:10\"", NULL },
		{ "frame.time", "\"Jul 30, 2015 05:22:10 GMT\"", NULL },
		{ "frame.time", "1438233730", NULL },
		{ "frame.time", "\"1438233730.5\"", NULL },
		{ "frame.time", "-1", NULL },
		{ "frame.time", "\"\"", NULL },
	};

	CHECK_ROWS(*state, rows);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_numbers),
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_needs_values),
		cmocka_unit_test(test_booleans),
		cmocka_unit_test(test_addresses),
		cmocka_unit_test(test_bytes),
		cmocka_unit_test(test_strings),
		cmocka_unit_test(test_times),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
