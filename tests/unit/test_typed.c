/* SPDX-License-Identifier: BSD-2-Clause */
/* Tests of fields/typed.c: the list's grammar, and what values become of each type. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/xalloc.h"
#include "fields/typed.h"

static int
parse(struct typed *typed, const char *text, struct error *error)
{
	error->text[0] = '\0';
	return typed_parse(typed, text, strlen(text), "list", error);
}

static void
test_grammar(void **state)
{
	struct typed typed;
	struct error error;

	(void)state;
	assert_int_equal(
	    parse(&typed,
		"# comment\n\n  \t\n"
		"dns.a ip\tdns.ip # behind\n"
		"f.x  keyword   a.b_1  0=ZERO,1=ONE\r\n"
		"f.y keyword a.b_1\nmy.last double z",
		&error),
	    0);
	assert_int_equal(typed.count, 4);
	assert_string_equal(typed.entries[0].field, "dns.a");
	assert_int_equal(typed.entries[0].type, TYPED_IP);
	assert_string_equal(typed.entries[0].name, "dns.ip");
	assert_null(typed.entries[0].map);
	assert_string_equal(typed.entries[1].map, "0=ZERO,1=ONE");
	assert_int_equal(typed.entries[3].type, TYPED_DOUBLE);
	assert_string_equal(typed_type_name(TYPED_WILDCARD), "wildcard");
	typed_release(&typed);
	assert_int_equal(typed.count, 0);
	assert_int_equal(parse(&typed, "", &error), 0);
	typed_release(&typed);
}

static void
test_what_a_field_is(void **state)
{
	static const char list[] =
	    "a/Key#2?b=1&!c&d!=x&e keyword t.a[].m\n"
	    "a#1 keyword t.b\n"
	    "a keyword t.a[].n *=x # a comment\n";
	struct typed typed;
	struct error error;

	(void)state;
	assert_int_equal(parse(&typed, list, &error), 0);
	assert_string_equal(typed.entries[0].field, "a");
	assert_string_equal(typed.entries[0].key, "Key");
	assert_int_equal(typed.entries[0].nth, 2);
	assert_int_equal(typed.entries[0].condition_count, 4);
	assert_string_equal(typed.entries[0].conditions[0].value, "1");
	assert_true(typed.entries[0].conditions[1].is_negated);
	assert_null(typed.entries[0].conditions[1].value);
	assert_string_equal(typed.entries[0].conditions[2].field, "d");
	assert_true(typed.entries[0].conditions[2].is_negated);
	assert_string_equal(typed.entries[0].name, "t.a");
	assert_string_equal(typed.entries[0].member, "m");
	typed_release(&typed);
}

static void
test_bad_lists(void **state)
{
	static const struct {
		const char *text, *wanted;
	} bad[] = {
		{ "a.b", "list:1: expected FIELD TYPE NAME" },
		{ "a.b long", "list:1: expected FIELD TYPE NAME" },
		{ "\na long b 1=2 more", "list:2: expected FIELD TYPE NAME" },
		{ "a text b", "list:1: unknown type \"text\"" },
		{ "a Long b", "list:1: unknown type \"Long\"" },
		{ "a#0 long b", "list:1: FIELD is written" },
		{ "a#12 long b", "list:1: FIELD is written" },
		{ "?a long b", "list:1: FIELD is written" },
		{ "a? long b", "list:1: FIELD is written" },
		{ "a/ long b", "list:1: FIELD is written" },
		{ "a long event.type", "event.type is a keyword" },
		{ "a keyword event", "event.category is a member of every document" },
		{ "a long b[].c\na long b.c", "list:2: b.c (long) clashes with b" },
		{ "a long b[].c.d", "list:1: \"c.d\" is not a name" },
		{ "a long b[].c\na ip b[].c", "list:2: b (ip) clashes with b (long)" },
		{ "a long B", "list:1: \"B\" is not a name" },
		{ "a long .b", "\".b\" is not a name" },
		{ "a long b.", "\"b.\" is not a name" },
		{ "a long b..c", "\"b..c\" is not a name" },
		{ "a long b-c", "\"b-c\" is not a name" },
		{ "a long b\"c", "is not a name" },
		{ "a long b\na ip b", "list:2: b (ip) clashes with b (long)" },
		{ "a long b\na long b.c", "list:2: b.c (long) clashes with b" },
		{ "a long b.c\na long b", "list:2: b (long) clashes with b.c" },
		{ "a long layers", "layers is a member of every document" },
		{ "a long layers.x", "layers is a member of every document" },
		{ "a long file", "file.path is a member of every document" },
		{ "a long network", "network.bytes is a member of every document" },
		{ "a long observer.x", "observer is a member of every document" },
		{ "a long info", "info is a member of every document" },
		{ "a long espcap.kafka.lag", "espcap.kafka is a member of every document" },
		{ "a keyword host.name", "host.name is a member of every document" },
		{ "a long espcap.ordinal", "espcap.ordinal is a member of every document" }
	};
	struct typed typed;
	struct error error;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		assert_int_equal(parse(&typed, bad[i].text, &error), -1);
		assert_int_equal(error.outcome, OUTCOME_USAGE);
		if (strstr(error.text, bad[i].wanted) == NULL)
			fail_msg("%s: %s", bad[i].text, error.text);
		typed_release(&typed);
	}
}

static void
test_lists_of_the_largest_size(void **state)
{
	char *text = xcalloc(1, 1 << 20), *at = text;
	struct typed typed;
	struct error error;

	(void)state;
	for (int i = 0; i < 1000; i++)
		at += sprintf(at, "f long n%d\n", i);
	assert_int_equal(parse(&typed, text, &error), 0);
	assert_int_equal(typed.count, 1000);
	typed_release(&typed);
	strcpy(at, "f long more\n");
	assert_int_equal(parse(&typed, text, &error), -1);
	typed_release(&typed);
	/* A name of 128 characters is the longest. */
	memset(text, 'n', 200);
	memcpy(text, "f long ", 7);
	text[7 + 128] = '\0';
	assert_int_equal(parse(&typed, text, &error), 0);
	typed_release(&typed);
	text[7 + 128] = 'n';
	text[7 + 129] = '\0';
	assert_int_equal(parse(&typed, text, &error), -1);
	typed_release(&typed);
	free(text);
}

static void
test_shipped_list(void **state)
{
	static char text[1 << 16];
	FILE *file = fopen(ESPCAP_SRCDIR "/conf/typed.list", "r");
	struct typed typed;
	struct error error;

	(void)state;
	assert_non_null(file);
	text[fread(text, 1, sizeof(text) - 1, file)] = '\0';
	(void)fclose(file);
	if (parse(&typed, text, &error) != 0)
		fail_msg("%s", error.text);
	assert_true(typed.count >= 13);
	typed_release(&typed);
}

/* wanted NULL: the text is no value of the type. */
static void
assert_value(enum typed_type type, const char *map, const char *text, size_t len,
    const char *wanted)
{
	struct typed_entry entry = { .type = type, .map = (char *)(uintptr_t)map };
	char *exact = xmalloc(len);
	struct buffer out;
	int rv;

	memcpy(exact, text, len);
	buffer_init(&out, 1000);
	assert_int_equal(buffer_puts(&out, "#"), 0);
	rv = typed_value(&entry, exact, len, &out);
	assert_int_equal(buffer_append(&out, "", 1), 0);
	if (rv != (wanted != NULL) ||
	    strcmp(out.data + 1, wanted != NULL ? wanted : "") != 0)
		fail_msg("%s of \"%.*s\": %d, %s", typed_type_name(type),
		    (int)len, text, rv, out.data + 1);
	buffer_release(&out);
	free(exact);
}

/* Of a type that makes several values of one text. */
static void
assert_count(enum typed_type type, const char *text, const char *wanted)
{
	struct typed_entry entry = { .type = type };
	struct buffer out;
	int values = wanted == NULL ? 0 : 1;

	for (const char *at = wanted; at != NULL && (at = strstr(at, "\",\"")) != NULL; at++)
		values++;
	buffer_init(&out, 1000);
	assert_int_equal(typed_value(&entry, text, strlen(text), &out), values);
	assert_int_equal(buffer_append(&out, "", 1), 0);
	assert_string_equal(out.data, wanted != NULL ? wanted : "");
	buffer_release(&out);
}

static void
assert_values(enum typed_type type, const char *const pairs[][2], size_t count)
{
	for (size_t i = 0; i < count; i++)
		assert_value(type, NULL, pairs[i][0], strlen(pairs[i][0]),
		    pairs[i][1]);
}
#define ASSERT_VALUES(type, pairs) \
	assert_values(type, pairs, sizeof(pairs) / sizeof((pairs)[0]))

static void
test_whole_numbers(void **state)
{
	static const char *const longs[][2] = { { "0", "0" }, { "80", "80" },
		{ "-5", "-5" }, { "007", "7" }, { "0x0018", "24" },
		{ "0X1f", "31" }, { "0xffffffff", "4294967295" },
		{ "9223372036854775807", "9223372036854775807" },
		{ "-9223372036854775808", "-9223372036854775808" },
		{ "9223372036854775808", NULL }, { "0x8000000000000000", NULL },
		{ "", NULL }, { "x", NULL }, { "0x", NULL }, { "1.5", NULL },
		{ "1 2", NULL }, { "12x", NULL }, { "1e3", NULL },
		{ "99999999999999999999999999999999", NULL },
		{ "0000000000000000000000000000000000000000000000000000000000000001",
		    NULL } };
	static const char *const integers[][2] = { { "65535", "65535" },
		{ "2147483647", "2147483647" }, { "-2147483648", "-2147483648" },
		{ "2147483648", NULL }, { "-2147483649", NULL },
		{ "0xffffffff", NULL } };

	(void)state;
	ASSERT_VALUES(TYPED_LONG, longs);
	ASSERT_VALUES(TYPED_INTEGER, integers);
	assert_value(TYPED_LONG, NULL, "1\0002", 3, NULL);
}

static void
test_real_numbers(void **state)
{
	static const char *const pairs[][2] = { { "0.121884000", "0.121884000" },
		{ "-0.5", "-0.5" }, { "12", "12" }, { "0", "0" }, { "-0", "-0" },
		{ "00.5", "0.5" }, { "-01", "-1" }, { ".5", "0.5" },
		{ "5.", "5" }, { "-.25", "-0.25" }, { "1e3", "1000" },
		{ "inf", NULL }, { "-inf", NULL }, { "nan", NULL },
		{ "1e999", NULL }, { "", NULL }, { "-", NULL }, { ".", NULL },
		{ "1.2.3", NULL }, { "1,5", NULL }, { "x", NULL } };

	(void)state;
	ASSERT_VALUES(TYPED_DOUBLE, pairs);
}

static void
test_booleans(void **state)
{
	static const char *const pairs[][2] = { { "1", "true" },
		{ "0", "false" }, { "true", "true" }, { "True", "true" },
		{ "FALSE", "false" }, { "2", NULL }, { "", NULL },
		{ "yes", NULL }, { "tru", NULL } };

	(void)state;
	ASSERT_VALUES(TYPED_BOOLEAN, pairs);
}

static void
test_addresses(void **state)
{
	static const char *const macs[][2] = {
		{ "58:23:8c:b4:42:56", "\"58-23-8C-B4-42-56\"" },
		{ "58:23:8C:b4:42:56", "\"58-23-8C-B4-42-56\"" },
		{ "00:11:22:33:44:55:66:77", "\"00-11-22-33-44-55-66-77\"" },
		{ "", NULL }, { ":", NULL }, { "abc", NULL }, { "58:2", NULL },
		{ "58:23:8c:b4:42:5", NULL }, { "58:23:8c:b4:42:5g", NULL },
		{ "Broadcast", NULL }
	};
	static const char *const ips[][2] = {
		{ "74.125.239.39", "\"74.125.239.39\"" },
		{ "::", "\"::\"" }, { "fe80::ff:fe00:1", "\"fe80::ff:fe00:1\"" },
		{ "", NULL }, { "74.125.239", NULL }, { "74.125.239.390", NULL },
		{ "www.example.test", NULL }, { "fe80:::1", NULL }
	};

	(void)state;
	ASSERT_VALUES(TYPED_MAC, macs);
	ASSERT_VALUES(TYPED_IP, ips);
	assert_value(TYPED_IP, NULL, "10.0.0.1\0x", 10, NULL);
}

static void
test_texts(void **state)
{
	static const char *const pairs[][2] = { { "GET", "\"GET\"" },
		{ "", "\"\"" }, { "a\"b\\\xff", "\"a\\\"b\\\\\xef\xbf\xbd\"" } };

	(void)state;
	ASSERT_VALUES(TYPED_KEYWORD, pairs);
	ASSERT_VALUES(TYPED_WILDCARD, pairs);
	assert_value(TYPED_KEYWORD, NULL, "a\0b", 3, "\"a\\u0000b\"");
}

static void
test_made_values(void **state)
{
	static const char *const decimals[][2] = { { "0x67bf", "\"26559\"" }, { "007", "\"7\"" }, { "5", "\"5\"" },
		{ "-5", NULL }, { "0x", NULL }, { "", NULL }, { "1.5", NULL } };
	static const char *const emails[][2] = { { "\"B, Bob\" <b@c.d>", "\"b@c.d\"" },
		{ "a@b.c, <d@e.f>", "\"a@b.c\",\"d@e.f\"" }, { "nobody", NULL }, { "@", NULL }, { "a@", NULL }, { "@b", NULL },
		{ "", NULL } };
	static const char *const domains[][2] = { { "www.Example.co.uk.", "\"example.co.uk\"" }, { "co.uk", NULL },
		{ "10.1.0.2", NULL }, { "::1", NULL }, { "", NULL }, { ".", NULL }, { "<Root>", NULL }, { "a b.com", NULL } };
	static const char *const dates[][2] = { { "2036-11-19T05:22:51Z", "\"2036-11-19T05:22:51Z\"" },
		{ "1438233730.634684000", "1438233730634" }, { "1.5", "1500" }, { "12", "12000" }, { "0.", "0" },
		{ "0.001", "1" }, { "0xfffffffffffffff", NULL }, { "Jul 30, 2015", NULL }, { "", NULL } };
	static const char *const ports[][2] = { { "http://a:8080/x", "8080" }, { "http://a/", NULL }, { "http://[::1]:7/", "7" },
		{ "http://u:p@h:9?x", "9" }, { "http://a:70000/", NULL }, { "a:80", NULL }, { "http:", NULL } };
	static const char *const hosts[][2] = { { "http://u:p@h:9?x", "\"h\"" }, { "HTTP://[::1]:7/", "\"[::1]\"" },
		{ "://a", NULL }, { "http://", NULL }, { "9p://a", NULL } };
	static const char *const paths[][2] = { { "http://a/b/c?d#e", "\"/b/c\"" }, { "http://a?d", NULL }, { "http://a#/", NULL } };
	static const char *const queries[][2] = { { "http://a/b?c=d?e#f", "\"c=d?e\"" }, { "http://a/?", NULL } };
	static const char *const mimes[][2] = { { "89:50:4e:47:0d:0a:1a:0a:00", "\"image/png\"" },
		{ " \r\n<!doctype html>", "\"text/html\"" }, { "{\"a\":1}", "\"application/json\"" }, { "hello", NULL },
		{ "", NULL } };

	(void)state;
	ASSERT_VALUES(TYPED_DECIMAL, decimals);
	assert_value(TYPED_LOWER, NULL, "H2\xff", 3, "\"h2\xef\xbf\xbd\"");
	for (size_t i = 0; i < sizeof(emails) / sizeof(emails[0]); i++)
		assert_count(TYPED_EMAIL, emails[i][0], emails[i][1]);
#ifdef HAVE_LIBPSL
	ASSERT_VALUES(TYPED_REGISTERED_DOMAIN, domains);
#else
	(void)domains;
#endif
	ASSERT_VALUES(TYPED_DATE, dates);
	ASSERT_VALUES(TYPED_URL_PORT, ports);
	ASSERT_VALUES(TYPED_URL_DOMAIN, hosts);
	ASSERT_VALUES(TYPED_URL_PATH, paths);
	ASSERT_VALUES(TYPED_URL_QUERY, queries);
	ASSERT_VALUES(TYPED_MIME, mimes);
}

static void
test_keys(void **state)
{
	struct typed_entry entry = { .type = TYPED_KEYWORD, .key = (char *)(uintptr_t) "Key" };
	struct buffer out;

	(void)state;
	buffer_init(&out, 100);
	assert_int_equal(typed_value(&entry, "Keys: 1\n Key:  a b \r\nKey: 2", 27, &out), 1);
	assert_int_equal(out.len, 5);
	assert_memory_equal(out.data, "\"a b\"", 5);
	assert_int_equal(typed_value(&entry, "Key", 3, &out), 0);
	assert_int_equal(typed_value(&entry, "Key:\n", 5, &out), 0);
	assert_int_equal(typed_value(&entry, "", 0, &out), 0);
	buffer_release(&out);
}

static void
test_maps(void **state)
{
	static const char map[] = "0=NOERROR,3=NXDOMAIN,30=x,=EMPTY,z=";
	static const char all[] = "0=NOERROR,3=NXDOMAIN,30=x,=EMPTY,z=\0zzzzzzz";

	(void)state;
	assert_value(TYPED_KEYWORD, map, "0", 1, "\"NOERROR\"");
	assert_value(TYPED_KEYWORD, map, "3", 1, "\"NXDOMAIN\"");
	assert_value(TYPED_KEYWORD, map, "30", 2, "\"x\"");
	assert_value(TYPED_KEYWORD, map, "", 0, "\"EMPTY\"");
	assert_value(TYPED_KEYWORD, map, "z", 1, NULL);
	assert_value(TYPED_KEYWORD, map, "4", 1, "\"4\"");
	assert_value(TYPED_KEYWORD, map, "NOERROR", 7, "\"NOERROR\"");
	assert_value(TYPED_LONG, "on=1,off=0", "on", 2, "1");
	assert_value(TYPED_LONG, "on=1,off=0", "of", 2, NULL);
	assert_value(TYPED_BOOLEAN, "on=1,off=0", "off", 3, "false");
	assert_value(TYPED_KEYWORD, "nonsense", "nonsense", 8, "\"nonsense\"");
	/* Numbers are the same in any base, and make ranges. */
	assert_value(TYPED_KEYWORD, "0x1301=A,400..599=B,*=C", "4865", 4, "\"A\"");
	assert_value(TYPED_KEYWORD, "0x1301=A,400..599=B,*=C", "0x1F4", 5, "\"B\"");
	assert_value(TYPED_KEYWORD, "0x1301=A,400..599=B,*=C", "600", 3, "\"C\"");
	assert_value(TYPED_KEYWORD, "0x1301=A,400..599=B,*=C", "5x", 2, "\"C\"");
	assert_value(TYPED_KEYWORD, "1=A,*=", "2", 1, NULL);
	/* A text that is the map itself and goes on after a NUL. */
	assert_value(TYPED_KEYWORD, map, all, sizeof(all) - 1,
	    "\"0=NOERROR,3=NXDOMAIN,30=x,=EMPTY,z=\\u0000zzzzzzz\"");
}

static void
test_full_buffer(void **state)
{
	static const char *const text[] = { "GET", "GET", "10.0.0.1",
		"00:11:22:33:44:55", "1234", "1234", "0.5", "true" };

	(void)state;
	for (int type = TYPED_KEYWORD; type <= TYPED_BOOLEAN; type++) {
		struct typed_entry entry = { .type = (enum typed_type)type };
		struct buffer out;

		buffer_init(&out, 2);
		assert_int_equal(
		    typed_value(&entry, text[type],
			strlen(text[type]), &out),
		    -1);
		buffer_release(&out);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_grammar),
		cmocka_unit_test(test_what_a_field_is),
		cmocka_unit_test(test_bad_lists),
		cmocka_unit_test(test_lists_of_the_largest_size),
		cmocka_unit_test(test_shipped_list),
		cmocka_unit_test(test_whole_numbers),
		cmocka_unit_test(test_real_numbers),
		cmocka_unit_test(test_booleans),
		cmocka_unit_test(test_addresses),
		cmocka_unit_test(test_texts),
		cmocka_unit_test(test_made_values),
		cmocka_unit_test(test_keys),
		cmocka_unit_test(test_maps),
		cmocka_unit_test(test_full_buffer),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
