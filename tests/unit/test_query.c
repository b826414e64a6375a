/* SPDX-License-Identifier: BSD-2-Clause */
/* Tests of query/: the grammar of display filters, the clauses that they become, and what is refused where. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "querying.h"

#define TERMS(list) "{\"terms\":{\"espcap.terms\":[" list "]}}"
#define RANGE(bounds) "{\"range\":{\"espcap.terms\":{" bounds "}}}"
#define ANY(list) "{\"bool\":{\"should\":[" list "],\"minimum_should_match\":1}}"
#define ALL(filter, not ) "{\"bool\":{\"filter\":[" filter "],\"must_not\":[" not "]}}"
#define NOT(list) "{\"bool\":{\"must_not\":[" list "]}}"

struct row {
	const char *filter, *clause;
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

static void
check_rows(const struct names *names, const struct row *rows, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		char *clause = querying_clause(names, NULL, rows[i].filter, strlen(rows[i].filter));

		if (strcmp(clause, rows[i].clause) != 0)
			fail_msg("%s:\n%s\nnot\n%s", rows[i].filter, clause, rows[i].clause);
		free(clause);
	}
}
#define CHECK_ROWS(names, rows) check_rows(names, rows, sizeof(rows) / sizeof((rows)[0]))

static void
test_tests(void **state)
{
	static const struct row rows[] = {
		{ "http", TERMS("\"http\"") },
		{ " tcp.port\t", TERMS("\"tcp.port\"") },
		{ ".tcp", TERMS("\"tcp\"") },
		{ "nat-pmp", TERMS("\"nat-pmp\"") },
		{ "tcp.flags.syn", TERMS("\"tcp.flags.syn\"") },
		{ "tcp.port == 80", TERMS("\"tcp.port=250\"") },
		{ "tcp.port==80", TERMS("\"tcp.port=250\"") },
		{ "tcp.port eq 80", TERMS("\"tcp.port=250\"") },
		{ "tcp.port any_eq 80", TERMS("\"tcp.port=250\"") },
		{ "tcp.port != 80", ALL(TERMS("\"tcp.port\""), TERMS("\"tcp.port=250\"")) },
		{ "tcp.port ne 80", ALL(TERMS("\"tcp.port\""), TERMS("\"tcp.port=250\"")) },
		{ "tcp.port all_ne 80", ALL(TERMS("\"tcp.port\""), TERMS("\"tcp.port=250\"")) },
		{ "tcp.port > 80", RANGE("\"gt\":\"tcp.port=250\",\"lt\":\"tcp.port=x\"") },
		{ "tcp.port ge 80", RANGE("\"gte\":\"tcp.port=250\",\"lt\":\"tcp.port=x\"") },
		{ "tcp.port < 80", RANGE("\"gte\":\"tcp.port=0\",\"lt\":\"tcp.port=250\"") },
		{ "tcp.port<=80", RANGE("\"gte\":\"tcp.port=0\",\"lte\":\"tcp.port=250\"") },
		{ "tcp.port in {80,443}", TERMS("\"tcp.port=250\",\"tcp.port=31bb\"") },
		{ "tcp.port in{ 80 }", TERMS("\"tcp.port=250\"") },
		{ "tcp.port not in {80}", NOT(TERMS("\"tcp.port=250\"")) },
		{ "tcp.port in {1..5, 80}",
		    ANY(TERMS("\"tcp.port=250\"") "," RANGE("\"gte\":\"tcp.port=11\",\"lte\":\"tcp.port=15\"")) },
		{ "ip.addr == 10.0.0.0/8", RANGE("\"gte\":\"ip.addr=0a000000\",\"lte\":\"ip.addr=0affffff\"") },
		{ "ip.addr == 10.1.2.3/8", RANGE("\"gte\":\"ip.addr=0a000000\",\"lte\":\"ip.addr=0affffff\"") },
		{ "ip.addr == 10.1.2.3/32", TERMS("\"ip.addr=0a010203\"") },
		{ "ip.addr > 10.0.0.0/8", RANGE("\"gt\":\"ip.addr=0affffff\",\"lt\":\"ip.addr=g\"") },
		{ "ip.addr >= 10.0.0.0/8", RANGE("\"gte\":\"ip.addr=0a000000\",\"lt\":\"ip.addr=g\"") },
		{ "ip.addr < 10.0.0.0/8", RANGE("\"gte\":\"ip.addr=0\",\"lt\":\"ip.addr=0a000000\"") },
		{ "ip.addr <= 10.0.0.0/8", RANGE("\"gte\":\"ip.addr=0\",\"lte\":\"ip.addr=0affffff\"") },
		{ "ip.addr in {10.0.0.0/8..11.0.0.0/8}", RANGE("\"gte\":\"ip.addr=0a000000\",\"lte\":\"ip.addr=0bffffff\"") },
		{ "eth.src contains 00:1a", "{\"wildcard\":{\"espcap.terms\":{\"value\":\"eth.src=*00:1a*\"}}}" },
		{ "eth.src > 00:00:00:00:00:01", RANGE("\"gt\":\"eth.src=00:00:00:00:00:01\",\"lt\":\"eth.src>\"") },
		{ "t.float > 1.5", RANGE("\"gt\":\"t.float=bff8000000000000\",\"lt\":\"t.float=g\"") },
		{ "dns.qry.name < \"m\"",
		    ANY(RANGE("\"gte\":\"dns.qry.name=\",\"lt\":\"dns.qry.name=m\"") "," RANGE(
			"\"gte\":\"dns.qry.name>\",\"lt\":\"dns.qry.name>m\"")) },
		{ "dns.qry.name >= \"m\"",
		    ANY(RANGE("\"gte\":\"dns.qry.name=m\",\"lt\":\"dns.qry.name>\"") "," RANGE(
			"\"gte\":\"dns.qry.name>m\",\"lt\":\"dns.qry.name?\"")) },
	};

	CHECK_ROWS(*state, rows);
}

/* Wireshark 4.0: "not" binds most, then "and", then "or". */
static void
test_joined(void **state)
{
	static const struct row rows[] = {
		{ "http or tcp and udp", ANY(TERMS("\"http\"") "," ALL(TERMS("\"tcp\"") "," TERMS("\"udp\""), "")) },
		{ "http and tcp or udp", ANY(TERMS("\"udp\"") "," ALL(TERMS("\"http\"") "," TERMS("\"tcp\""), "")) },
		{ "http && (tcp || udp)", ALL(TERMS("\"http\"") "," TERMS("\"tcp\",\"udp\""), "") },
		{ "not http and tcp", ALL(TERMS("\"tcp\""), TERMS("\"http\"")) },
		{ "!(http and tcp)", NOT(ALL(TERMS("\"http\"") "," TERMS("\"tcp\""), "")) },
		{ "!(http or tcp)", NOT(TERMS("\"http\",\"tcp\"")) },
		{ "!!http", TERMS("\"http\"") },
		{ "not not not http", NOT(TERMS("\"http\"")) },
		{ "!(!http)", TERMS("\"http\"") },
		{ "not tcp.port == 80", NOT(TERMS("\"tcp.port=250\"")) },
		{ "not tcp.port != 80", NOT(ALL(TERMS("\"tcp.port\""), TERMS("\"tcp.port=250\""))) },
		{ "not tcp.port not in {80}", TERMS("\"tcp.port=250\"") },
		{ "((((http))))", TERMS("\"http\"") },
		{ "http and (tcp and (udp and dns))",
		    ALL(TERMS("\"http\"") "," TERMS("\"tcp\"") "," TERMS("\"udp\"") "," TERMS("\"dns\""), "") },
		{ "tcp.port == 80 or udp.port == 53 or dns", TERMS("\"tcp.port=250\",\"udp.port=235\",\"dns\"") },
		{ "http or not tcp", ANY(TERMS("\"http\"") "," NOT(TERMS("\"tcp\""))) },
		{ "(tcp)and(http)", ALL(TERMS("\"tcp\"") "," TERMS("\"http\""), "") },
		{ "(tcp)&&!(http)", ALL(TERMS("\"tcp\""), TERMS("\"http\"")) },
		{ "dns.qry.name == \"a\"or http", TERMS("\"dns.qry.name=a\",\"http\"") },
	};

	CHECK_ROWS(*state, rows);
}

/* Where the index has only the beginning of a value the clause finds more; "_name" says what is certain. */
static void
test_doubtful(void **state)
{
	static const struct row rows[] = {
		{ "http.host contains \"a*b?c\\\\d\"",
		    ANY("{\"bool\":{\"filter\":[" ANY(
			"{\"wildcard\":{\"espcap.terms\":{\"value\":\"http.host=*a\\\\*b\\\\?c\\\\\\\\d*\"}}},"
			"{\"wildcard\":{\"espcap.terms\":{\"value\":\"http.host>*a\\\\*b\\\\?c\\\\\\\\d*\"}}}") "],\"_name\":\"0\"}}," ANY("{\"wildcard\":{\"espcap.terms\":{\"value\":\"http.host=*a\\\\*b\\\\?c\\\\\\\\d*\"}}}," RANGE("\"gte\":\"http.host>\",\"lt\":\"http.host?\""))) },
		{ "t.bytes > 01", ANY("{\"bool\":{\"filter\":[{\"term\":{\"espcap.terms\":\"=\"}}],\"_name\":\"0\"}},{\"term\":{\"espcap.terms\":\"t.bytes\"}}") },
		{ "not t.bytes > 01", NOT("{\"bool\":{\"filter\":[{\"term\":{\"espcap.terms\":\"=\"}}],\"_name\":\"0\"}}") },
		/* All hits have "http": nothing names it. */
		{ "http and not t.bytes > 01", ALL(TERMS("\"http\""), "{\"bool\":{\"filter\":[{\"term\":{\"espcap.terms\":\"=\"}}],\"_name\":\"2\"}}") },
		/* What the terms decide is one thing that the server names. */
		{ "t.bytes > 01 or http or tcp.port == 80",
		    ANY("{\"bool\":{\"filter\":[" TERMS("\"http\",\"tcp.port=250\"") "],\"_name\":\"4\"}}," ANY(
			"{\"bool\":{\"filter\":[{\"term\":{\"espcap.terms\":\"=\"}}],\"_name\":\"0\"}},{\"term\":{\"espcap.terms\":\"t.bytes\"}}")) },
	};

	CHECK_ROWS(*state, rows);
}

static void
test_refused(void **state)
{
	static const struct row rows[] = {
		{ "", "1: the filter is empty" },
		{ "  ", "3: the filter is empty" },
		{ "tcp.port ==", "12: the filter ends too early" },
		{ "tcp and", "8: the filter ends too early" },
		{ "not", "4: the filter ends too early" },
		{ "(tcp", "5: a ) is missing" },
		{ "tcp)", "4: ) is unexpected: no ( belongs to it" },
		{ "()", "2: ) is unexpected: a field or protocol belongs here" },
		{ "&& tcp", "1: && is unexpected: a field or protocol belongs here" },
		{ "tcp http", "5: http is unexpected: \"and\" or \"or\" belongs here" },
		{ "(tcp http)", "6: http is unexpected: \"and\", \"or\" or ) belongs here" },
		{ "tcp.port = 80", "10: = is unexpected: \"and\" or \"or\" belongs here" },
		{ "tcp; http", "4: ; is unexpected: \"and\" or \"or\" belongs here" },
		{ "tcp.port 80", "10: 80 is unexpected: \"and\" or \"or\" belongs here" },
		{ "80 == tcp.port", "1: this tshark has no field or protocol 80 (tshark -G fields lists them)" },
		{ "\"a\" == http.host", "1: a field must stand on the left side" },
		{ "tcp.port == 80 == 80", "16: comparisons cannot be chained: join them with \"and\"" },
		{ "tcp.port == {80}", "13: { is unexpected: a value belongs here" },
		{ "tcp.port == (80)", "13: ( is unexpected: a value belongs here" },
		{ "tcp.port == --80", "14: the index does not calculate: write the result" },
		{ "tcp.port in 80", "13: 80 is unexpected: a set belongs here, such as {80, 443, 8000..8099}" },
		{ "tcp.port in {}", "14: } is unexpected: a value belongs here" },
		{ "tcp.port in {80 443}", "17: 443 is unexpected: a comma or } belongs here" },
		{ "tcp.port in {80,}", "17: } is unexpected: a value belongs here" },
		{ "tcp.port in {1..}", "17: } is unexpected: a value belongs here" },
		{ "tcp.port not == 80", "14: == is unexpected: only \"in\" may follow \"not\" here" },
		{ "http.host == \"a", "14: the quote that ends this one is missing" },
		{ "http.host == 'a", "14: the quote that ends this one is missing" },
		{ "tcp.prot == 80", "1: this tshark has no field or protocol tcp.prot: did you mean tcp.port?" },
		{ "tcp and htpp", "9: this tshark has no field or protocol htpp: did you mean http?" },
		{ "HTTP", "1: this tshark has no field or protocol HTTP: did you mean http?" },
		{ "xyzzy.nothing.like.it", "1: this tshark has no field or protocol xyzzy.nothing.like.it (tshark -G fields lists them)" },
		{ "tcp.port\xc3\xa9", "9: \xc3\xa9 is unexpected: \"and\" or \"or\" belongs here" },
		{ "http.host == \"\xc3\xa9\" and tcp.prot", "22: this tshark has no field or protocol tcp.prot: did you mean tcp.port?" },
		{ "http.host == \"\xe9\"", "15: the filter is not UTF-8 here: write \\xe9 for such a byte in a string" },
		{ "t.float == 1.5", "9: the index has fractions only as tshark prints them: use > and < instead of equality" },
		{ "t.float != 1.5", "9: the index has fractions only as tshark prints them: use > and < instead of equality" },
		{ "t.float in {1 .. 2}", "9: the index has fractions only as tshark prints them: use > and < instead of equality" },
		{ "t.ax25 == 00:11", "1: the index has the values of this type only as tshark prints them: use the name of the field alone" },
		{ "t.oid > 1.2", "7: object identifiers have no order in the index: use == or \"in\"" },
		{ "t.oid contains 1.2", "7: object identifiers have no order in the index: use == or \"in\"" },
		{ "t.none == 1", "1: this field has no value: use its name alone" },
		{ "text contains \"a\"", "1: this field has no value: use its name alone" },
		{ "frame contains \"a\"", "1: the bytes of a protocol are not in the index: use one of its fields, or its name alone" },
		{ "http == \"GET\"", "1: the bytes of a protocol are not in the index: use one of its fields, or its name alone" },
		{ "tcp.port contains 80", "10: only strings and bytes can contain something: use ==" },
		{ "http.host contains \"\"", "20: nothing is not contained in anything: use the name of the field alone" },
		{ "http.host[0:2] == \"a\"", "10: slices are not in the index: compare the whole field, or use \"contains\"" },
		{ "tcp[0] == 1", "4: slices are not in the index: compare the whole field, or use \"contains\"" },
		{ "http.host matches \"a\"", "11: regular expressions are not answered: use \"contains\" or \"==\"" },
		{ "http.host ~ \"a\"", "11: regular expressions are not answered: use \"contains\" or \"==\"" },
		{ "len(http.host) > 1", "1: functions are not in the index: compare the field itself" },
		{ "upper(http.host) == \"A\"", "1: functions are not in the index: compare the field itself" },
		{ "tcp.srcport + 1 == 81", "13: the index does not calculate: write the result" },
		{ "tcp.srcport == 80 + 1", "19: the index does not calculate: write the result" },
		{ "tcp.srcport == 2 * 40", "18: the index does not calculate: write the result" },
		{ "tcp.flags & 2", "11: bits are not in the index: use the field of the bit, such as tcp.flags.syn == 1" },
		{ "tcp.port#1 == 80", "9: the index does not distinguish layers: leave the # out" },
		{ "any tcp.port == 80", "1: \"any\" and \"all\" are not in the index: leave them out; == means any, != means all" },
		{ "all tcp.port == 80", "1: \"any\" and \"all\" are not in the index: leave them out; == means any, != means all" },
		{ "tcp.port === 80", "10: the index cannot tell whether all values are equal: use \"==\"" },
		{ "tcp.port all_eq 80", "10: the index cannot tell whether all values are equal: use \"==\"" },
		{ "tcp.port !== 80", "10: the index cannot tell whether any value differs: use \"!=\", which means that all do" },
		{ "tcp.port ~= 80", "10: the index cannot tell whether any value differs: use \"!=\", which means that all do" },
		{ "tcp.port any_ne 80", "10: the index cannot tell whether any value differs: use \"!=\", which means that all do" },
		{ "tcp.srcport == tcp.dstport", "16: the index cannot compare a field with a field: tcp.dstport is one" },
		{ "tcp.port == http", "13: the index cannot compare a field with a field: http is one" },
		{ "${macro}", "1: macros are not known here: write what the macro stands for" },
	};

	CHECK_ROWS(*state, rows);
}

static void
test_nul(void **state)
{
	char *clause = querying_clause(*state, NULL, "tcp\0 and", 8);

	assert_string_equal(clause, "4: the filter has a NUL byte: write \\x00 in a string of bytes");
	free(clause);
}

/* count times the piece, between before and after. */
static char *
repeated(const char *before, const char *piece, size_t count, const char *after)
{
	struct buffer out;
	char *text;

	buffer_init(&out, SIZE_MAX);
	buffer_puts(&out, before);
	for (size_t i = 0; i < count; i++)
		buffer_puts(&out, piece);
	buffer_puts(&out, after);
	text = strndup(out.data, out.len);
	buffer_release(&out);
	return text;
}

static char *
clause_of(const struct names *names, char *filter)
{
	char *clause = querying_clause(names, NULL, filter, strlen(filter));

	free(filter);
	return clause;
}

static size_t
count_of(const char *text, const char *piece)
{
	size_t count = 0;

	for (; (text = strstr(text, piece)) != NULL; text += strlen(piece))
		count++;
	return count;
}

static void
test_many(void **state)
{
	char *clause = clause_of(*state, repeated("tcp", " or tcp.port == 80", 9999, ""));

	/* 10,000 terms: two lists of 5,000. */
	assert_int_equal(count_of(clause, "{\"terms\""), 2);
	assert_int_equal(count_of(clause, "tcp.port=250"), 9999);
	free(clause);
	clause = clause_of(*state, repeated("tcp", " and tcp.port != 80", 400, ""));
	assert_int_equal(count_of(clause, "{\"terms\""), 3);
	assert_int_equal(count_of(clause, "tcp.port=250"), 400);
	free(clause);
	clause = clause_of(*state, repeated("tcp", " or tcp.port > 80", 1001, ""));
	assert_string_equal(clause, "1: the filter has too many comparisons for a server (about 1,000 beside == and names): split it");
	free(clause);
	clause = clause_of(*state, repeated("tcp.port in {80", ",80", 100000, "}"));
	assert_string_equal(clause, "300016: a filter may compare with 100,000 values, not more");
	free(clause);
	clause = clause_of(*state, repeated("tcp", " or tcp.port == 80", 60000, ""));
	assert_string_equal(clause, "1: the filter is longer than 1 MiB");
	free(clause);
}

static void
test_deep(void **state)
{
	char *clause = clause_of(*state, repeated("", "(", 100, "tcp"));

	assert_string_equal(clause, "104: a ) is missing");
	free(clause);
	clause = clause_of(*state, repeated("", "(", 500000, "tcp"));
	assert_string_equal(clause, "101: more than 100 parentheses in each other: write the filter flatter");
	free(clause);
	clause = clause_of(*state, repeated("", "!", 500001, "tcp"));
	assert_string_equal(clause, NOT(TERMS("\"tcp\"")));
	free(clause);
	clause = clause_of(*state, repeated("", "tcp or udp and (", 20, "http))))))))))))))))))))"));
	assert_string_equal(clause, "1: \"and\", \"or\" and \"not\" stand too deep in each other for a server: write the filter flatter");
	free(clause);
	clause = clause_of(*state, repeated("", "tcp or udp and (", 7, "http)))))))"));
	assert_int_equal(count_of(clause, "\"should\""), 7);
	free(clause);
}

/* Messages show what is in the filter, without what would do something to a terminal. */
static void
test_messages(void **state)
{
	char *clause = clause_of(*state, repeated("http.host == 1/\x1b[31m", "x", 200, ""));

	assert_null(strchr(clause, '\x1b'));
	assert_true(strlen(clause) < 300);
	free(clause);
	clause = clause_of(*state, repeated("", "x", 2000, ""));
	assert_non_null(strstr(clause, "xxx..."));
	assert_true(strlen(clause) < 300);
	free(clause);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_tests),
		cmocka_unit_test(test_joined),
		cmocka_unit_test(test_doubtful),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_nul),
		cmocka_unit_test(test_many),
		cmocka_unit_test(test_deep),
		cmocka_unit_test(test_messages),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
