/* SPDX-License-Identifier: BSD-2-Clause */
/* Tests of extract/wanted.c: what a document says of where its packet is. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "extract/wanted.h"

static struct wanted_source source;

static struct wanted
read_text(const char *json, const char *id)
{
	struct wanted wanted;

	assert_int_equal(wanted_read(json, strlen(json), id, id == NULL ? 0 : strlen(id), &wanted, &source), 0);
	return wanted;
}

static void
test_file(void **state)
{
	struct wanted wanted = read_text(
	    "{\"@timestamp\":\"2015-07-30T05:22:10.634684000Z\",\"type\":\"pcap_file\","
	    "\"network\":{\"bytes\":89},\"file\":{\"path\":\"/a/b.pcap\"},\"host\":{\"name\":\"h\"},"
	    "\"espcap\":{\"capture\":\"c\",\"ordinal\":18,\"offset\":1000,\"section\":28},"
	    "\"layers\":{\"espcap\":{\"offset\":7},\"offset\":8}}",
	    "AAECAwQFBgcICQoLDA0ODw");

	(void)state;
	assert_int_equal(source.kind, WANTED_FILE);
	assert_string_equal(source.path, "/a/b.pcap");
	assert_string_equal(source.capture, "c");
	assert_string_equal(source.host, "h");
	assert_false(source.needs_scan);
	assert_true(wanted.has_offset && wanted.has_id && wanted.has_time && wanted.has_wirelen);
	assert_int_equal(wanted.offset, 1000);
	assert_int_equal(wanted.section, 28);
	assert_int_equal(wanted.ordinal, 18);
	assert_int_equal(wanted.wirelen, 89);
	assert_int_equal(wanted.sec, 1438233730);
	assert_int_equal(wanted.nsec, 634684000);
	for (uint8_t i = 0; i < 16; i++)
		assert_int_equal(wanted.id[i], i);
}

static void
test_kinds(void **state)
{
	struct wanted wanted;

	(void)state;
	wanted = read_text(
	    "{\"type\":\"pcap_kafka\",\"espcap\":{\"ordinal\":3,\"kafka\":{\"topic\":\"t\",\"partition\":2,"
	    "\"offset\":5}}}",
	    NULL);
	assert_int_equal(source.kind, WANTED_KAFKA);
	assert_string_equal(source.topic, "t");
	assert_int_equal(source.partition, 2);
	assert_int_equal(wanted.offset, 5);
	wanted = read_text("{\"type\":\"pcap_live\",\"espcap\":{\"ordinal\":3},\"observer\":{\"name\":\"o\"}}", NULL);
	assert_int_equal(source.kind, WANTED_LIVE);
	assert_string_equal(source.host, "o");
	assert_false(wanted.has_offset || wanted.has_id || wanted.has_time);
	wanted = read_text("{\"type\":\"other\"}", NULL);
	assert_int_equal(source.kind, WANTED_NOWHERE);
	assert_true(source.needs_scan);
	/* Blocks behind the first packet. */
	(void)read_text("{\"type\":\"pcap_file\",\"espcap\":{\"offset\":3,\"context\":[1]}}", NULL);
	assert_true(source.needs_scan);
}

static void
test_ids(void **state)
{
	(void)state;
	/* One of a server, one that is no base64url, one whose last two bits are not of 16 bytes. */
	assert_false(read_text("{}", "abcdefghijklmnopqrst").has_id);
	assert_false(read_text("{}", "AAECAwQFBgcICQoLDA0OD+").has_id);
	assert_false(read_text("{}", "AAECAwQFBgcICQoLDA0ODx").has_id);
	assert_false(read_text("{}", NULL).has_id);
	assert_true(read_text("{}", "AAAAAAAAAAAAAAAAAAAAAA").has_id);
}

static void
check_path(const char *path, const char *expected)
{
	char json[128] = "{\"file\":{\"path\":\"";

	strcat(json, path);
	strcat(json, "\"}}");
	(void)read_text(json, NULL);
	assert_string_equal(source.path, expected);
}

static void
test_paths(void **state)
{
	(void)state;
	check_path("/a/..b/c..", "/a/..b/c..");
	check_path("a", "");
	check_path("/a/../b", "");
	check_path("/a/..", "");
	check_path("/..", "");
	check_path("/a\\u0000b", "");
}

static int64_t
second_of(const char *time)
{
	char json[128] = "{\"@timestamp\":\"";
	struct wanted wanted;

	strcat(json, time);
	strcat(json, "\"}");
	wanted = read_text(json, NULL);
	return wanted.has_time ? wanted.sec : INT64_MIN;
}

static void
test_times(void **state)
{
	(void)state;
	assert_int_equal(second_of("1970-01-01T00:00:00Z"), 0);
	assert_int_equal(second_of("1969-12-31T23:59:59.9Z"), -1);
	assert_int_equal(second_of("2000-02-29T00:00:00.000000000Z"), 951782400);
	assert_int_equal(second_of("2100-03-01T12:00:00Z"), INT64_C(4107585600));
	assert_int_equal(second_of("2015-07-30 05:22:10"), INT64_MIN);
	assert_int_equal(second_of("2015-13-30T05:22:10Z"), INT64_MIN);
	assert_int_equal(second_of("2015-00-30T05:22:10Z"), INT64_MIN);
	assert_int_equal(second_of("2015-07-30T05:22:10"), INT64_MIN);
	assert_int_equal(second_of("2015-07-30T05:22:xxZ"), INT64_MIN);
}

static void
test_no_documents(void **state)
{
	static const char *const texts[] = { "", "[]", "null", "1", "{", "{} {}", "\"{}\"" };
	struct wanted wanted;

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		assert_int_equal(wanted_read(texts[i], strlen(texts[i]), NULL, 0, &wanted, &source), -1);
	/* Numbers that are none of a place. */
	wanted = read_text("{\"espcap\":{\"offset\":-1,\"ordinal\":1e3,\"section\":\"5\",\"capture\":7}}", NULL);
	assert_false(wanted.has_offset);
	assert_int_equal(wanted.ordinal, 0);
	assert_int_equal(wanted.section, 0);
	assert_string_equal(source.capture, "");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_file),
		cmocka_unit_test(test_kinds),
		cmocka_unit_test(test_ids),
		cmocka_unit_test(test_paths),
		cmocka_unit_test(test_times),
		cmocka_unit_test(test_no_documents),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
