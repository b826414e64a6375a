/* SPDX-License-Identifier: BSD-2-Clause */
/* Tests of readers/pdml_value.c: times in every form, and control characters that are some or are not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/buffer.h"
#include "readers/pdml_value.h"

static void
assert_date(const char *show, bool whole, const char *wanted)
{
	char text[PDML_VALUE_MAX] = "";
	size_t len = strlen(show);
	char *exact = malloc(len + 1);

	assert_non_null(exact);
	memcpy(exact, show, len);
	assert_int_equal(pdml_value_time(exact, len, whole, text),
	    strlen(wanted));
	if (wanted[0] != '\0')
		assert_string_equal(text, wanted);
	free(exact);
}

static void
assert_time(const char *show, const char *wanted)
{
	assert_date(show, false, wanted);
	if (wanted[0] == '\0' || wanted[4] == '-')
		assert_date(show, true, wanted);
}

static void
test_moments(void **state)
{
	(void)state;
	assert_time("Jul 30, 2015 05:22:10.498075000 UTC",
	    "2015-07-30T05:22:10.498075000Z");
	assert_time("Jan  1, 1970 00:00:00.000000000 UTC",
	    "1970-01-01T00:00:00.000000000Z");
	assert_time("Dec 31, 2035 23:59:59 UTC",
	    "2035-12-31T23:59:59.000000000Z");
	assert_time("Feb 29, 2016 01:02:03.5 UTC",
	    "2016-02-29T01:02:03.500000000Z");
	assert_time("2015/001:05:22:10.498075000 UTC",
	    "2015-01-01T05:22:10.498075000Z");
	assert_time("2015/060:05:22:10.000000001 UTC",
	    "2015-03-01T05:22:10.000000001Z");
	assert_time("2016/060:05:22:10.000000001 UTC",
	    "2016-02-29T05:22:10.000000001Z");
	assert_time("1900/366:05:22:10.000000001 UTC", "");
	assert_time("2000/366:05:22:10.000000001 UTC",
	    "2000-12-31T05:22:10.000000001Z");
	assert_time("2015-07-30T05:22:10.498075000+0000",
	    "2015-07-30T05:22:10.498075000Z");
	assert_time("2015-07-30T05:22:10Z", "2015-07-30T05:22:10.000000000Z");
	assert_time("(0)Jan  1, 1970 00:00:00.000000000 UTC",
	    "1970-01-01T00:00:00.000000000Z");
	assert_time("1438233730.498075000", "2015-07-30T05:22:10.498075000Z");
	assert_time("0.000000000", "1970-01-01T00:00:00.000000000Z");
	assert_time("NULL", "1970-01-01T00:00:00.000000000Z");
	assert_time("Oct 15, -249 19:33:20.000000000 UTC",
	    "-249-10-15T19:33:20.000000000Z");
	/* Years that the buffer of -T ek is too short for, and is not. */
	assert_time("Jan  1, 12015 05:22:10.498075000 UTC", "12015-01-01");
	assert_time("Jun 12, -9504652 18:40:00 UTC", "-9504652-06-12");
	assert_time("9999999999999.000000000", "318857-05-20");
	assert_date("2147483647-12-31T23:59:59.000000000+0000", true,
	    "2147483647-12-31T23:59:59.000000000Z");
}

static void
test_no_moments(void **state)
{
	static const char *const texts[] = { "", " ", "NUL", "NULLL",
		"Not representable", "Jul", "Jul 30, 2015",
		"Jul 30, 2015 05:22:10.498075000 CET",
		"Jul 30, 2015 05:22:10.498075000 UTC ",
		"Jul 30, 2015 05:22:10. UTC", "Jul 30 2015 05:22:10 UTC",
		"Jux 30, 2015 05:22:10 UTC", "Jul 30, 2015 05:22 UTC",
		"2015/000:05:22:10 UTC", "2015/366:05:22:10 UTC",
		"2015-07-30T05:22:10+0100", "2015-07-30 05:22:10Z",
		"-1.000000000", "1438233730.",
		"1438233730x", "999999999999999999.000000000", ".5",
		"Jul 30, 99999999999 05:22:10 UTC" };

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		assert_time(texts[i], "");
}

static void
assert_decimal(const char *show, int base, const char *wanted)
{
	char text[PDML_VALUE_MAX] = "";

	assert_int_equal(pdml_value_decimal(show, strlen(show), base, text),
	    strlen(wanted));
	assert_string_equal(text, wanted);
}

static void
test_numbers(void **state)
{
	(void)state;
	assert_decimal("0x0800", 16, "2048");
	assert_decimal("0x0", 16, "0");
	assert_decimal("0xffffffffffffffff", 16, "18446744073709551615");
	assert_decimal("0644", 8, "420");
	assert_decimal("0", 8, "0");
	assert_decimal("", 8, "");
	assert_decimal("", 16, "");
	assert_decimal("0x", 16, "");
	assert_decimal("0800", 16, "");
	assert_decimal("0x1ffffffffffffffff", 16, "");
	assert_decimal("0xg", 16, "");
	assert_decimal("0x8 ", 16, "");
	assert_decimal("8", 8, "");
}

/* raw: the bytes in the packet. */
static void
assert_text(const char *show, const void *raw_bytes, size_t raw_len,
    const char *wanted)
{
	struct buffer raw, out, hex;

	buffer_init(&raw, 1 << 20);
	buffer_init(&out, 1 << 20);
	buffer_init(&hex, 1 << 20);
	for (size_t i = 0; i < raw_len; i++)
		assert_int_equal(
		    buffer_printf(&hex, "%02x",
			((const unsigned char *)raw_bytes)[i]),
		    0);
	assert_int_equal(buffer_reserve(&out, strlen(show) + 1), 0);
	pdml_value_text(show, strlen(show), hex.data, hex.len, &raw, &out);
	out.data[out.len] = '\0';
	assert_string_equal(out.data, wanted);
	buffer_release(&raw);
	buffer_release(&out);
	buffer_release(&hex);
}

#define TEXT(show, raw, wanted) assert_text(show, raw, sizeof(raw) - 1, wanted)

static void
test_what_the_bytes_say(void **state)
{
	(void)state;
	TEXT("a\\x1fb",
	    "a\x1f"
	    "b",
	    "a\x1f"
	    "b");
	TEXT("a\\x1fb", "a\\x1fb", "a\\x1fb");
	TEXT("a\\x1fb",
	    "a\x01"
	    "fb",
	    "a\x01"
	    "fb");
	TEXT("\\x1\\x2", "\x01\x02", "\x01\x02");
	TEXT("\\x7f", "\x7f", "\x7f");
	TEXT("\\x1b\\x1b", "\\x1b\x1b", "\\x1b\x1b");
	TEXT("\\x1b\\x1b", "\x1b\\x1b", "\x1b\\x1b");
	TEXT("\\x11",
	    "\x01"
	    "1",
	    "\x01"
	    "1");
	/* Those are shown as they are, or are none: nobody wrote \x for them. */
	TEXT("\\x9\\xa\\xd\\x0\\x20\\x41\\x01", "\t\n\r A\x01",
	    "\\x9\\xa\\xd\\x0\\x20\\x41\\x01");
	TEXT("\\x", "\\x", "\\x");
	TEXT("\\", "\\", "\\");
	TEXT("", "", "");
}

static void
test_bytes_that_are_not_the_text(void **state)
{
	(void)state;
	/* A length in front, and something after. */
	TEXT("a\\x1fb",
	    "\x03"
	    "a\x1f"
	    "b\r\n",
	    "a\x1f"
	    "b");
	/* The length looks like what is shown. */
	TEXT("\\x1f", "\x01\x1f", "\x1f");
	/* The name of a host in DNS, and UTF-16 of both kinds. */
	TEXT("ab.c\\x1fd.e",
	    "\x02"
	    "ab"
	    "\x03"
	    "c\x1f"
	    "d\x01"
	    "e\0",
	    "ab.c\x1f"
	    "d.e");
	TEXT("a\\x1fb", "a\0\x1f\0b\0",
	    "a\x1f"
	    "b");
	TEXT("a\\x1fb", "\0a\0\x1f\0b",
	    "a\x1f"
	    "b");
	TEXT("a\\x1fb",
	    "a\0\\\0x\0"
	    "1\0f\0b\0",
	    "a\\x1fb");
	/* Latin 1, of which UTF-8 was made; a byte that is nothing. */
	TEXT("\xc3\xa9\\x1f\xef\xbf\xbd\\x1e", "\xe9\x1f\xff\x1e",
	    "\xc3\xa9\x1f\xef\xbf\xbd\x1e");
	TEXT("\\x7f\xef\xbf\xbd\xef\xbf\xbd \\x1f", "\x7f\x80\xef \\x1f",
	    "\x7f\xef\xbf\xbd\xef\xbf\xbd \\x1f");
	/* Nothing is known: the characters that are there. */
	TEXT("a\\x1fb", "", "a\\x1fb");
	TEXT("a\\x1fb", "ab", "a\\x1fb");
}

/* Wireshark itself writes some control characters as C does, in labels and names. */
static void
test_formatted_text(void **state)
{
	(void)state;
	TEXT("\\a\\x7f\\af\\vc\\x0bc",
	    "\x07\\x7f\x07"
	    "f\x0b"
	    "c\\x0bc",
	    "\\a\\x7f\\af\\vc\\x0bc");
	TEXT("\\033[\\x1b", "\x1b[\\x1b", "\\033[\\x1b");
	TEXT("\\033[\\x1b", "\\033[\x1b", "\\033[\x1b");
	TEXT("\\r\\n\\x7f", "\r\n\\x7f", "\\r\\n\\x7f");
	TEXT("\\a\\x7f", "\\a\x7f", "\\a\x7f");
}

static void
test_digits_that_are_none(void **state)
{
	struct buffer raw, out;

	(void)state;
	buffer_init(&raw, 1 << 20);
	buffer_init(&out, 1 << 20);
	assert_int_equal(buffer_reserve(&out, 100), 0);
	pdml_value_text("\\x1f", 4, "1", 1, &raw, &out);
	pdml_value_text("\\x1f", 4, "1g", 2, &raw, &out);
	pdml_value_text("\\x1f", 4, "1f1", 3, &raw, &out);
	assert_int_equal(out.len, 9);
	assert_memory_equal(out.data, "\\x1f\\x1f\x1f", 9);
	buffer_release(&raw);
	buffer_release(&out);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_moments),
		cmocka_unit_test(test_no_moments),
		cmocka_unit_test(test_numbers),
		cmocka_unit_test(test_what_the_bytes_say),
		cmocka_unit_test(test_bytes_that_are_not_the_text),
		cmocka_unit_test(test_formatted_text),
		cmocka_unit_test(test_digits_that_are_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
