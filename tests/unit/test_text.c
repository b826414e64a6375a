/* SPDX-License-Identifier: BSD-2-Clause */
/* Tests of base/text.c: UTF-8, opaque bytes made visible, numbers, sizes, times. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/text.h"
#include "base/xalloc.h"

/* By the definition (RFC 3629): a code point that may be encoded, in its shortest form. */
static size_t
utf8_by_definition(const unsigned char *s, size_t len)
{
	static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
	size_t need = s[0] < 0x80 ?
	    1 :
	    (s[0] & 0xe0) == 0xc0 ?
	    2 :
	    (s[0] & 0xf0) == 0xe0 ?
	    3 :
	    (s[0] & 0xf8) == 0xf0 ?
	    4 :
	    0;
	uint32_t point = need == 1 ? s[0] : s[0] & (0xffu >> (need + 1));

	if (need == 0 || len < need)
		return 0;
	for (size_t i = 1; i < need; i++) {
		if ((s[i] & 0xc0) != 0x80)
			return 0;
		point = point << 6 | (s[i] & 0x3f);
	}
	return point < least[need] || point > 0x10ffff ||
		(point >= 0xd800 && point <= 0xdfff) ?
	    0 :
	    need;
}

static void
test_utf8_of_all_beginnings(void **state)
{
	static const unsigned char ends[] = { 0x00, 0x7f, 0x80, 0xbf, 0xc0, 0xff };
	unsigned char s[4] = { 0 };

	(void)state;
	assert_int_equal(text_utf8_len(s, 0), 0);
	for (unsigned first = 0; first < 65536; first++)
		for (size_t i = 0; i < 36; i++) {
			s[0] = (unsigned char)(first >> 8);
			s[1] = (unsigned char)first;
			s[2] = ends[i / 6];
			s[3] = ends[i % 6];
			for (size_t len = 1; len <= 4; len++)
				assert_int_equal(text_utf8_len(s, len),
				    utf8_by_definition(s, len));
		}
}

static void
assert_visible(const char *bytes, size_t len, const char *wanted)
{
	char text[64];

	assert_int_equal(text_visible(text, sizeof(text), bytes, len),
	    strlen(wanted));
	assert_string_equal(text, wanted);
}

static void
test_hex(void **state)
{
	unsigned char bytes[256];
	char wanted[3 * 256 + 1];

	(void)state;
	for (unsigned i = 0; i < 256; i++) {
		bytes[i] = (unsigned char)i;
		snprintf(wanted + 3 * i, 4, "%02x:", i);
	}
	assert_int_equal(text_hex_len(1), 2);
	assert_int_equal(text_hex_len(256), 767);
	assert_true(text_hex_len(UINT64_MAX) > UINT64_MAX / 2);
	/* Every length, from as few bytes as it needs, with nothing written beyond the room. */
	for (size_t len = 0; len <= 767; len++) {
		unsigned char *exact = xmalloc((len + 2) / 3);
		char *room = xmalloc(len + 3);

		memcpy(exact, bytes, (len + 2) / 3);
		text_hex(room, exact, len);
		assert_memory_equal(room, wanted, len);
		free(exact);
		free(room);
	}
}

static void
test_visible(void **state)
{
	(void)state;
	assert_visible("", 0, "");
	assert_visible("a b~", 4, "a b~");
	assert_visible("a\nb\0c\x7f\x1b[0m", 10, "a\\x0ab\\x00c\\x7f\\x1b[0m");
	assert_visible("\xc3\xa9\xff\xc3", 4, "\xc3\xa9\\xff\\xc3");
	/* What looks like our own escape is told from it; other backslashes stay. */
	assert_visible("\\x41 \\n", 7, "\\x5cx41 \\n");
	/* U+009B is CSI: as good as ESC [ on a terminal. */
	assert_visible("\xc2\x9b\xc2\xa0", 4, "\\xc2\\x9b\xc2\xa0");
}

static size_t
encode(uint32_t point, char s[4])
{
	size_t n = point < 0x80 ?
	    1 :
	    point < 0x800 ?
	    2 :
	    point < 0x10000 ?
	    3 :
	    4;

	for (size_t i = n - 1; i > 0; i--, point >>= 6)
		s[i] = (char)(0x80 | (point & 0x3f));
	s[0] = (char)(n == 1 ? point : (0xf00U >> n & 0xff) | point);
	return n;
}

/* General category Cc, Cf, Zl, Zp, and Default_Ignorable_Code_Point of Unicode 17, as it lists them. */
static bool
is_listed(uint32_t c)
{
	static const uint32_t single[] = { 0x7f, 0xad, 0x34f, 0x61c, 0x6dd,
		0x70f, 0x8e2, 0x180e, 0x2028, 0x2029, 0x2065, 0x3164, 0xfeff,
		0xffa0, 0x110bd, 0x110cd, 0xe0000, 0xe0001 };
	static const uint32_t ranges[][2] = { { 0, 0x1f }, { 0x80, 0x9f },
		{ 0x600, 0x605 }, { 0x890, 0x891 }, { 0x115f, 0x1160 },
		{ 0x17b4, 0x17b5 }, { 0x180b, 0x180d }, { 0x180f, 0x180f },
		{ 0x200b, 0x200f }, { 0x202a, 0x202e }, { 0x2060, 0x2064 },
		{ 0x2066, 0x206f }, { 0xfe00, 0xfe0f }, { 0xfff0, 0xfff8 },
		{ 0xfff9, 0xfffb }, { 0x13430, 0x1343f }, { 0x1bca0, 0x1bca3 },
		{ 0x1d173, 0x1d17a }, { 0xe0002, 0xe001f }, { 0xe0020, 0xe007f },
		{ 0xe0080, 0xe00ff }, { 0xe0100, 0xe01ef }, { 0xe01f0, 0xe0fff } };

	for (size_t i = 0; i < sizeof(single) / sizeof(single[0]); i++)
		if (c == single[i])
			return true;
	for (size_t i = 0; i < sizeof(ranges) / sizeof(ranges[0]); i++)
		if (c >= ranges[i][0] && c <= ranges[i][1])
			return true;
	return false;
}

static void
test_visible_of_all_characters(void **state)
{
	char s[4], text[32], wanted[32];

	(void)state;
	for (uint32_t c = 0; c <= 0x10ffff; c++) {
		size_t n, len = 0;

		if (c >= 0xd800 && c <= 0xdfff)
			continue;
		n = encode(c, s);
		for (size_t i = 0; i < n; i++)
			len += is_listed(c) ?
			    (size_t)snprintf(wanted + len, sizeof(wanted) - len,
				"\\x%02x", (unsigned char)s[i]) :
			    (wanted[len] = s[i], (size_t)1);
		wanted[len] = '\0';
		assert_int_equal(text_visible(text, sizeof(text), s, n), len);
		assert_memory_equal(text, wanted, len + 1);
	}
}

static void
test_visible_is_cut_whole(void **state)
{
	char text[8];

	(void)state;
	assert_int_equal(text_visible(text, 1, "abc", 3), 0);
	assert_string_equal(text, "");
	assert_int_equal(text_visible(text, 8, "abcdefghij", 10), 7);
	assert_string_equal(text, "abcdefg");
	/* Neither a sequence nor an escape is halved. */
	assert_int_equal(text_visible(text, 4, "ab\xc3\xa9", 4), 2);
	assert_int_equal(text_visible(text, 6, "ab\n", 3), 2);
	assert_int_equal(text_visible(text, 7, "ab\n", 3), 6);
}

static void
test_number(void **state)
{
	static const char *const bad[] = { "", "-1", "+1", " 1", "1 ", "1x",
		"0x10", "1.5", "18446744073709551616", "99999999999999999999999" };
	uint64_t value = 7;

	(void)state;
	assert_int_equal(text_number("0", 0, 10, &value), 0);
	assert_int_equal(value, 0);
	assert_int_equal(text_number("010", 0, 10, &value), 0);
	assert_int_equal(value, 10);
	assert_int_equal(
	    text_number("18446744073709551615", 0, UINT64_MAX,
		&value),
	    0);
	assert_true(value == UINT64_MAX);
	assert_int_equal(text_number("11", 0, 10, &value), -1);
	assert_int_equal(text_number("0", 1, 10, &value), -1);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(text_number(bad[i], 0, UINT64_MAX, &value), -1);
	assert_true(value == UINT64_MAX);
}

static void
test_size(void **state)
{
	static const struct {
		const char *text;
		uint64_t bytes;
	} good[] = { { "0", 0 }, { "1", 1 }, { "12B", 12 }, { "1k", 1024 },
		{ "1K", 1024 }, { "1kB", 1024 }, { "2KiB", 2048 },
		{ "16M", 16 << 20 }, { "3G", 3ull << 30 }, { "3GiB", 3ull << 30 } };
	static const char *const bad[] = { "", "k", "-1k", "1kk", "1i", "1ki",
		"1 k", "1T", "1kBB", "1iB", "17179869184G", "1.5k", "1b" };
	uint64_t bytes;

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		assert_int_equal(text_size(good[i].text, 0, UINT64_MAX, &bytes),
		    0);
		assert_true(bytes == good[i].bytes);
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(text_size(bad[i], 0, UINT64_MAX, &bytes), -1);
	assert_int_equal(text_size("1k", 0, 1023, &bytes), -1);
	assert_int_equal(text_size("1k", 1025, 9999, &bytes), -1);
}

static void
test_duration(void **state)
{
	static const struct {
		const char *text;
		uint64_t ms;
	} good[] = { { "0", 0 }, { "1", 1000 }, { "1.5", 1500 }, { "250ms", 250 },
		{ "0.001s", 1 }, { "2m", 120000 }, { "1h", 3600000 },
		{ "0.5d", 43200000 } };
	static const char *const bad[] = { "", "s", "-1s", "1 s", "1ss", "1w",
		"inf", "nan", "1e400" };
	uint64_t ms;

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		assert_int_equal(text_duration(good[i].text, 0, 1u << 30, &ms),
		    0);
		assert_true(ms == good[i].ms);
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(text_duration(bad[i], 0, 1u << 30, &ms), -1);
	assert_int_equal(text_duration("2", 0, 1999, &ms), -1);
	assert_int_equal(text_duration("1", 1001, 1999, &ms), -1);
}

static void
test_put_size(void **state)
{
	static const uint64_t sizes[] = { 0, 1, 1023, 1024, 1025, (uint64_t)64 << 20, ((uint64_t)64 << 20) + 1024, (uint64_t)3 << 30,
		(uint64_t)1 << 50, UINT64_MAX };
	static const char *const wanted[] = { "0", "1", "1023", "1k", "1025", "64M", "65537k", "3G", "1048576G",
		"18446744073709551615" };
	char text[TEXT_SIZE_LEN];
	uint64_t back;

	(void)state;
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		assert_string_equal(text_put_size(text, sizes[i]), wanted[i]);
		assert_int_equal(text_size(text, 0, UINT64_MAX, &back), 0);
		assert_true(back == sizes[i]);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_utf8_of_all_beginnings),
		cmocka_unit_test(test_hex),
		cmocka_unit_test(test_visible),
		cmocka_unit_test(test_visible_of_all_characters),
		cmocka_unit_test(test_visible_is_cut_whole),
		cmocka_unit_test(test_number),
		cmocka_unit_test(test_size),
		cmocka_unit_test(test_put_size),
		cmocka_unit_test(test_duration),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
