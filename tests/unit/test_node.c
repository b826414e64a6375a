/* SPDX-License-Identifier: BSD-2-Clause */
/* Tests of server/node.c: how people write addresses, and what may begin the name of an index. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "server/node.h"

static void
test_one_address(void **state)
{
	static const struct {
		const char *text, *url, *host;
		bool is_https, is_loopback;
	} good[] = {
		{ "localhost", "http://localhost:9200", "localhost", 0, 1 },
		{ "localhost:9200", "http://localhost:9200", "localhost", 0, 1 },
		{ "localhost:9200/path/", "http://localhost:9200/path",
		    "localhost", 0, 1 },
		{ "HTTP://LOCALHOST:9221//", "http://localhost:9221",
		    "localhost", 0, 1 },
		{ "HttpS://Es.Example.ORG", "https://es.example.org:9200",
		    "es.example.org", 1, 0 },
		{ "https://h/es", "https://h:9200/es", "h", 1, 0 },
		{ "https://h:443/a/b;c=%2F:~", "https://h:443/a/b;c=%2F:~", "h",
		    1, 0 },
		{ "127.9.8.7:1", "http://127.9.8.7:1", "127.9.8.7", 0, 1 },
		{ "128.0.0.1", "http://128.0.0.1:9200", "128.0.0.1", 0, 0 },
		{ "[::1]:9200", "http://[::1]:9200", "::1", 0, 1 },
		{ "http://[fe80::1%25eth0]:9200",
		    "http://[fe80::1%25eth0]:9200", "fe80::1%eth0", 0, 0 },
		{ "[FE80:0::1%br-0.5_x~]/es",
		    "http://[fe80::1%25br-0.5_x~]:9200/es",
		    "fe80::1%br-0.5_x~", 0, 0 },
		{ "[fe80::1%2525]", "http://[fe80::1%2525]:9200",
		    "fe80::1%25", 0, 0 },
		{ "[fe80::1%3]:9201", "http://[fe80::1%253]:9201",
		    "fe80::1%3", 0, 0 },
		{ "https://[0:0:0:0:0:0:0:1]:65535/x", "https://[::1]:65535/x",
		    "::1", 1, 1 },
		{ "[2001:DB8::A]", "http://[2001:db8::a]:9200", "2001:db8::a",
		    0, 0 },
		{ "es_node-1.lan.", "http://es_node-1.lan.:9200",
		    "es_node-1.lan.", 0, 0 },
		{ "localhost.example", "http://localhost.example:9200",
		    "localhost.example", 0, 0 },
		{ "9to5.example:09200", "http://9to5.example:9200",
		    "9to5.example", 0, 0 }
	};

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		struct node_addresses nodes;
		struct error error = { .text = "" };

		if (node_parse(good[i].text, &nodes, &error) != 0)
			fail_msg("%s", error.text);
		assert_int_equal(nodes.count, 1);
		assert_string_equal(nodes.list[0].url, good[i].url);
		assert_string_equal(nodes.list[0].host, good[i].host);
		assert_int_equal(nodes.list[0].is_https, good[i].is_https);
		assert_int_equal(nodes.list[0].is_loopback,
		    good[i].is_loopback);
		node_release(&nodes);
		assert_null(nodes.list);
	}
}

static void
test_several(void **state)
{
	struct node_addresses nodes;

	(void)state;
	assert_int_equal(
	    node_parse("a,https://a,a:9201,a/x,[::1]", &nodes,
		NULL),
	    0);
	assert_int_equal(nodes.count, 5);
	assert_string_equal(nodes.list[0].url, "http://a:9200");
	assert_string_equal(nodes.list[1].url, "https://a:9200");
	assert_string_equal(nodes.list[2].url, "http://a:9201");
	assert_string_equal(nodes.list[3].url, "http://a:9200/x");
	assert_string_equal(nodes.list[4].url, "http://[::1]:9200");
	node_release(&nodes);
}

static void
test_bad(void **state)
{
	static const char *const bad[][2] = {
		{ "", "an address is empty" }, { ",", "an address is empty" },
		{ "a,,b", "an address is empty" },
		{ "a,", "an address is empty" },
		{ "http://", "\"http://\": no host" }, { ":9200", "no host" },
		{ "https:///x", "no host" }, { "//a", "no host" },
		{ "ftp://x", "\"ftp://x\": must begin with http:// or https://" },
		{ "httpsx://x", "must begin with http" }, { "htt://x", "must begin with http" },
		{ "://x", "must begin with http" },
		{ "a:0", "\"a:0\": the port" }, { "a:65536", "the port" },
		{ "a:", "the port" }, { "a:-1", "the port" },
		{ "a:+9", "the port" }, { "a:9200x", "the port" },
		{ "a:18446744073709551617", "the port" },
		{ "http:/localhost", "the port" },
		{ "a, b", "\" b\": a character that a host name cannot have" },
		{ "a b", "a character that a host name cannot have" },
		{ "a\n", "\"a\\x0a\": a character that a host name cannot have" },
		{ "b\xc3\xbc", "a character that a host name cannot have" },
		{ "a%41", "a character that a host name cannot have" },
		{ "a\\b", "a character that a host name cannot have" },
		{ "a\"b", "a character that a host name cannot have" },
		{ "a/b c", "a character that an address cannot have" },
		{ "a/\x7f", "a character that an address cannot have" },
		{ "a/\xc3\xbc", "a character that an address cannot have" },
		{ "a/%4", "a character that an address cannot have" },
		{ "a/b?pretty", "has no query" }, { "a?pretty", "has no query" },
		{ "a/#x", "or fragment" },
		{ "a..b", "no host name" }, { ".a", "no host name" },
		{ "-a", "no host name" }, { "a-.b", "no host name" },
		{ "9200", "\"9200\" is neither a host name nor" },
		{ "127.1", "neither a host name" },
		{ "10.0.0.300", "neither a host name" },
		{ "::1", "an IPv6 address must be in brackets" },
		{ "fe80::1:9200", "an IPv6 address must be in brackets" },
		{ "[::1", "no ] after" }, { "[]", "no IPv6 address" },
		{ "[localhost]", "no IPv6 address" },
		{ "[127.0.0.1]", "no IPv6 address" },
		{ "[::1%25eth0]", "only a link-local address" },
		{ "[2001:db8::1%eth0]", "only a link-local address" },
		{ "[fe80::1%]", "no name of an interface" },
		{ "[fe80::1%25]", "no name of an interface" },
		{ "[fe80::1%255678901234567890]", "no name of an interface" },
		{ "[fe80::1%25a/b]", "a character that an address" },
		{ "[fe80::1%25a%25]", "a character that a zone" },
		{ "[fe80::1%25a b]", "a character that a zone" },
		{ "[fe80::1%25a]b]", "only :PORT" },
		{ "[fe80::1%25a],[fe80::1%a]", "the same node twice" },
		{ "[::1]9200", "only :PORT" }, { "[::1]]", "only :PORT" },
		{ "a,b,a", "\"a\": the same node twice" },
		{ "a,http://A:9200/", "the same node twice (http://a:9200)" },
		{ "[::1],[0::1]", "the same node twice" }
	};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct error error = { .text = "" };
		struct node_addresses nodes;

		if (node_parse(bad[i][0], &nodes, &error) != -1)
			fail_msg("taken: %s", bad[i][0]);
		assert_int_equal(error.outcome, OUTCOME_USAGE);
		if (strstr(error.text, bad[i][1]) == NULL)
			fail_msg("%s: %s", bad[i][0], error.text);
		assert_null(nodes.list);
		assert_int_equal(nodes.count, 0);
	}
}

static void
test_credentials_are_not_repeated(void **state)
{
	static const char *const bad[] = {
		"http://elastic:s3cret@h:9200", "elastic:s3cret@h",
		"s3cret@h", "https://u:s3/cret@h", "http://u:s3,cret@h,b",
		"a,http://u:s3cret@[::1]:9200/x", "ftp://u:s3cret@h",
		"http://u:s3?cret@h", "http://u:s3#cret@h", "u:s3 cret@h"
	};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct error error = { .text = "" };
		struct node_addresses nodes;

		assert_int_equal(node_parse(bad[i], &nodes, &error), -1);
		assert_int_equal(error.outcome, OUTCOME_USAGE);
		assert_non_null(strstr(error.text,
		    "credentials do not belong "
		    "in an address: use --user and --password-file"));
		assert_null(strstr(error.text, "s3"));
		assert_null(strstr(error.text, "cret@"));
	}
}

/* Takes count characters as one address. */
static int
parse_long(const char *label, size_t count, struct error *error)
{
	struct node_addresses nodes;
	char text[4096];
	int rv;

	for (size_t i = 0; i < count; i++)
		text[i] = label[i % strlen(label)];
	text[count] = '\0';
	rv = node_parse(text, &nodes, error);
	node_release(&nodes);
	return rv;
}

static void
test_long(void **state)
{
	static const char label[] =
	    "abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyzabcdefghijk.";
	struct error error;

	(void)state;
	assert_int_equal(parse_long("a", 63, &error), 0);
	assert_int_equal(parse_long("a", 64, &error), -1);
	assert_int_equal(parse_long(label, 253, &error), 0);
	assert_int_equal(parse_long(label, 254, &error), -1);
	assert_non_null(strstr(error.text, "at most 253"));
	assert_int_equal(parse_long(label, 300, &error), -1);
	assert_int_equal(parse_long("a/", 2048, &error), 0);
	assert_int_equal(parse_long("a/", 2049, &error), -1);
	assert_non_null(strstr(error.text, "longer than 2048"));
}

static void
test_many(void **state)
{
	struct node_addresses nodes;
	struct error error;
	char text[1024], *at = text;

	(void)state;
	for (int i = 0; i < 101; i++)
		at += sprintf(at, "%sh%d", i > 0 ? "," : "", i);
	assert_int_equal(node_parse(text, &nodes, &error), -1);
	assert_non_null(strstr(error.text, "more than 100"));
	*strrchr(text, ',') = '\0';
	assert_int_equal(node_parse(text, &nodes, &error), 0);
	assert_int_equal(nodes.count, 100);
	node_release(&nodes);
}

static void
test_prefix(void **state)
{
	static const char *const good[] = { "packets", "p", "0", "a.b_c-d",
		"packets-" };
	static const char *const bad[][2] = {
		{ "", "is empty" }, { ".", "begin" }, { "..", "begin" },
		{ ".a", "begin" }, { "_a", "begin" }, { "-a", "begin" },
		{ "Packets", "lower case" }, { "pA", "lower case" },
		{ "A B", "lower case" }, { "a b", "a-z" }, { "a/b", "a-z" },
		{ "a*", "a-z" }, { "a,b", "a-z" }, { "a\"", "a-z" },
		{ "a\nb", "a\\x0ab" }, { "+a", "a-z" }, { "a#", "a-z" },
		{ "a:b", "a-z" }, { "\xc3\xa4", "a-z" }
	};
	struct error error;
	char text[102];

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		assert_int_equal(node_check_prefix(good[i], &error), 0);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		assert_int_equal(node_check_prefix(bad[i][0], &error), -1);
		assert_int_equal(error.outcome, OUTCOME_USAGE);
		if (strstr(error.text, bad[i][1]) == NULL)
			fail_msg("%s", error.text);
	}
	memset(text, 'a', 101);
	text[101] = '\0';
	assert_int_equal(node_check_prefix(text, &error), -1);
	assert_non_null(strstr(error.text, "longer than 100"));
	text[100] = '\0';
	assert_int_equal(node_check_prefix(text, &error), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_one_address),
		cmocka_unit_test(test_several),
		cmocka_unit_test(test_bad),
		cmocka_unit_test(test_credentials_are_not_repeated),
		cmocka_unit_test(test_long),
		cmocka_unit_test(test_many),
		cmocka_unit_test(test_prefix),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
