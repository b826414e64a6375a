/* SPDX-License-Identifier: BSD-2-Clause */
/* Tests of request/naming.c: names of files, keys, tags, and what others may put into them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/json.h"
#include "request/naming.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static void
test_file(void **state)
{
	static const struct {
		const char *host;
		const char *interface;
		int64_t seconds;
		unsigned copy;
		bool is_pcapng;
		const char *file;
	} rows[] = { { "sensor1", "eth0", 1796040000, 0, false, "sensor1-eth0-1796040000.pcap" },
		{ "sensor1", "eth0", 1796040000, 0, true, "sensor1-eth0-1796040000.pcapng" },
		{ "sensor1", "eth0", 1796040000, 1, false, "sensor1-eth0-1796040000-1.pcap" },
		{ "sensor1", "eth0", 1796040000, 4294967295U, true, "sensor1-eth0-1796040000-4294967295.pcapng" },
		{ "web1.example.org", "eth0.100", 0, 0, false, "web1.example.org-eth0.100-0.pcap" },
		{ "../../etc", "eth0", 1, 0, false, "_._.._etc-eth0-1.pcap" },
		{ ".hidden", "eth0", 1, 0, false, "_hidden-eth0-1.pcap" },
		{ "-w", "/etc/passwd", 1, 0, false, "_w-_etc_passwd-1.pcap" },
		{ "", "", 1, 0, false, "_-1.pcap" },
		{ "a b\n%2e", "eth0:1", 1, 0, false, "a_b__2e-eth0_1-1.pcap" },
		{ "\xc3\xbc", "eth0", 1, 0, false, "__-eth0-1.pcap" } };
	char file[NAMING_FILE_SIZE];

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		naming_file(file, rows[i].host, rows[i].interface, rows[i].seconds, rows[i].copy, rows[i].is_pcapng);
		assert_string_equal(file, rows[i].file);
	}
}

/* The end is never cut off. */
static void
test_long_file(void **state)
{
	char name[1000], file[NAMING_FILE_SIZE];

	(void)state;
	memset(name, 'a', sizeof(name));
	name[sizeof(name) - 1] = '\0';
	naming_file(file, name, name, INT64_MIN, 4294967295U, true);
	assert_true(strlen(file) + 15 <= 255);
	assert_string_equal(file + strlen(file) - 39, "--9223372036854775808-4294967295.pcapng");
}

/* Whatever bytes the names are made of. */
static void
test_each_byte(void **state)
{
	char host[2] = "", interface[4] = "e?0", file[NAMING_FILE_SIZE];

	(void)state;
	for (int byte = 1; byte < 256; byte++) {
		host[0] = interface[1] = (char)byte;
		naming_file(file, host, interface, 1, 0, false);
		assert_int_equal(strspn(file, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-"), strlen(file));
		assert_true(file[0] != '.' && file[0] != '-');
	}
}

static void
test_key(void **state)
{
	char key[NAMING_KEY_SIZE], folder[NAMING_KEY_SIZE];

	(void)state;
	assert_int_equal(naming_key(key, "pcaps/a b", "f.pcap"), 0);
	assert_string_equal(key, "pcaps/a b/f.pcap");
	assert_int_equal(naming_key(key, NULL, "f.pcap"), 0);
	assert_string_equal(key, "f.pcap");
	assert_int_equal(naming_key(key, "", "f.pcap"), 0);
	assert_string_equal(key, "f.pcap");
	/* 1,024 bytes, and one more. */
	memset(folder, 'a', sizeof(folder));
	folder[1024 - 7] = '\0';
	assert_int_equal(naming_key(key, folder, "f.pcap"), 0);
	assert_int_equal(strlen(key), 1024);
	assert_int_equal(naming_key(key, folder, "ff.pcap"), -1);
}

static void
expect_tags(const struct naming_tags *tags, const char *text)
{
	struct buffer out;

	buffer_init(&out, NAMING_TAGS_MAX);
	assert_int_equal(naming_tags(&out, tags), 0);
	if (out.len != strlen(text) || memcmp(out.data, text, out.len) != 0)
		fail_msg("\"%.*s\" is not \"%s\"", (int)out.len, out.data, text);
	buffer_release(&out);
}

/* In the order in which pcapdaemon puts them. */
static void
test_tags(void **state)
{
	struct naming_tags tags = { .customer = "importantcustomer",
		.has_alertid = true,
		.alertid = 655443,
		.tags = "blah,tagme,stuff",
		.alias = "public",
		.node = "sensor1",
		.interface = "eth0",
		.snaplen = 1500 };

	(void)state;
	expect_tags(&tags,
	    "customer:importantcustomer,alertid:655443,blah,tagme,stuff,alias:public,node:sensor1,interface:eth0,snaplength:1500");
	tags.customer = NULL;
	expect_tags(&tags, "alertid:655443,blah,tagme,stuff,alias:public,node:sensor1,interface:eth0,snaplength:1500");
	tags.alertid = 0;
	expect_tags(&tags, "blah,tagme,stuff,alias:public,node:sensor1,interface:eth0,snaplength:1500");
	tags.alertid = -1;
	tags.tags = NULL;
	expect_tags(&tags, "alertid:-1,alias:public,node:sensor1,interface:eth0,snaplength:1500");
	tags.has_alertid = false;
	tags.alias = NULL;
	expect_tags(&tags, "node:sensor1,interface:eth0,snaplength:1500");
}

static void
test_strange_tags(void **state)
{
	const struct naming_tags tags = { .customer = "a,alertid:1\nb\r\"\\",
		.tags = ",, x ,\t,y\x01z,\xff\xfe,\xc3\xbc,\xc2\x85,\xe2\x80\xa8.,",
		.alias = " ",
		.node = "n\xff,",
		.interface = "",
		.snaplen = 65535 };

	(void)state;
	expect_tags(&tags, "customer:a alertid:1 b \"\\, x ,y z,  ,\xc3\xbc, , .,node:n  ,snaplength:65535");
}

/* No byte makes another tag, ends a line, or is not UTF-8. */
static void
test_each_byte_of_tags(void **state)
{
	char text[4] = "a?b";
	const struct naming_tags tags = { .customer = text, .tags = text, .alias = text, .node = text, .interface = text };

	(void)state;
	for (int byte = 1; byte < 256; byte++) {
		struct buffer out;
		size_t commas = 0;

		text[1] = (char)byte;
		buffer_init(&out, NAMING_TAGS_MAX);
		assert_int_equal(naming_tags(&out, &tags), 0);
		for (size_t i = 0; i < out.len; i++) {
			commas += out.data[i] == ',';
			assert_true((unsigned char)out.data[i] >= ' ' && out.data[i] != 0x7f);
		}
		assert_int_equal(commas, byte == ',' ? 6 : 5);
		assert_true(json_is_utf8(out.data, out.len));
		buffer_release(&out);
	}
}

static void
test_full(void **state)
{
	const struct naming_tags tags = { .customer = "c", .tags = "t,u", .alias = "a", .node = "n", .interface = "i", .snaplen = 1 };
	static const char text[] = "x,customer:c,t,u,alias:a,node:n,interface:i,snaplength:1";
	struct buffer out;

	(void)state;
	for (size_t max = 1; max < strlen(text); max++) {
		buffer_init(&out, max);
		assert_int_equal(buffer_puts(&out, "x"), 0);
		assert_int_equal(naming_tags(&out, &tags), -1);
		assert_int_equal(out.len, 1);
		buffer_release(&out);
	}
	buffer_init(&out, strlen(text));
	assert_int_equal(buffer_puts(&out, "x"), 0);
	assert_int_equal(naming_tags(&out, &tags), 0);
	assert_memory_equal(out.data, text, strlen(text));
	buffer_release(&out);
}

int
main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_file), cmocka_unit_test(test_long_file),
		cmocka_unit_test(test_each_byte), cmocka_unit_test(test_key), cmocka_unit_test(test_tags),
		cmocka_unit_test(test_strange_tags), cmocka_unit_test(test_each_byte_of_tags), cmocka_unit_test(test_full) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
