/* SPDX-License-Identifier: BSD-2-Clause */
/* Tests of base/json.c: what strings become, where they may be cut, and indentation. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/json.h"
#include "base/text.h"

static void
assert_json(const char *bytes, size_t len, const char *wanted)
{
	struct buffer out;

	buffer_init(&out, 1000);
	assert_int_equal(json_string(&out, bytes, len), 0);
	assert_int_equal(out.len, strlen(wanted));
	assert_memory_equal(out.data, wanted, out.len);
	assert_int_equal(json_string_len(bytes, len), out.len);
	buffer_release(&out);
}

static void
test_strings(void **state)
{
	(void)state;
	assert_json("", 0, "\"\"");
	assert_json("plain text ~", 12, "\"plain text ~\"");
	assert_json("a\"b\\c/", 6, "\"a\\\"b\\\\c/\"");
	assert_json("\b\t\n\v\f\r", 6, "\"\\b\\t\\n\\u000b\\f\\r\"");
	assert_json("\0\1\x1f\x7f", 4, "\"\\u0000\\u0001\\u001f\x7f\"");
	assert_json("\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80", 9,
	    "\"\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80\"");
}

#define BAD "\xef\xbf\xbd"

static void
test_bytes_that_are_not_utf8(void **state)
{
	(void)state;
	assert_json("\xff", 1, "\"" BAD "\"");
	assert_json("a\xc3", 2, "\"a" BAD "\"");
	assert_json("\xc3\"", 2, "\"" BAD "\\\"\"");
	assert_json("\xe2\x82z", 3, "\"" BAD BAD "z\"");
	/* Overlong, a surrogate, beyond U+10FFFF. */
	assert_json("\xc0\x80", 2, "\"" BAD BAD "\"");
	assert_json("\xed\xa0\x80", 3, "\"" BAD BAD BAD "\"");
	assert_json("\xf4\x90\x80\x80", 4, "\"" BAD BAD BAD BAD "\"");
}

/* Each byte at each place of a word: the eight-byte test must see what the one-byte test sees. */
static void
test_plain_at_every_place(void **state)
{
	char text[20];

	(void)state;
	for (size_t len = 1; len <= sizeof(text); len++)
		for (size_t at = 0; at < len; at++)
			for (unsigned c = 0; c < 256; c++) {
				bool plain = c >= 0x20 && c <= 0x7e &&
				    c != '"' && c != '\\';

				memset(text, c % 2 == 0 ? ' ' : '~', len);
				text[at] = (char)c;
				assert_int_equal(json_is_plain(text, len),
				    plain);
			}
	assert_true(json_is_plain(text, 0));
}

static void
test_utf8(void **state)
{
	(void)state;
	assert_true(json_is_utf8("", 0));
	assert_true(json_is_utf8("a\0\xc3\xa9", 4));
	assert_false(json_is_utf8("a\xc3", 2));
	assert_false(json_is_utf8("\x80", 1));
	assert_false(json_is_utf8("\xed\xa0\x80", 3));
	/* Eight bytes are looked at together, if they are there. */
	for (size_t len = 1; len <= 20; len++)
		for (size_t at = 0; at < len; at++) {
			char text[20];

			memset(text, 'a', sizeof(text));
			text[at] = '\x80';
			assert_false(json_is_utf8(text, len));
			text[at] = '\xc3';
			assert_false(json_is_utf8(text, len));
			if (at + 1 == len)
				continue;
			text[at + 1] = '\xa9';
			assert_true(json_is_utf8(text, len));
		}
}

/* -1 at every size that is too small, and never a byte beyond it. */
static void
test_full_buffer(void **state)
{
	static const char text[] = "ab\"\xc3\xa9\n\xff";
	size_t need = json_string_len(text, sizeof(text));

	(void)state;
	for (size_t max = 0; max <= need; max++) {
		struct buffer out;

		buffer_init(&out, max);
		assert_int_equal(json_string(&out, text, sizeof(text)),
		    max == need ? 0 : -1);
		assert_true(out.len <= max);
		buffer_release(&out);
	}
}

static void
test_cut_splits_no_sequence(void **state)
{
	static const char text[] = "a\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80z";
	static const size_t wanted[] = { 0, 1, 1, 3, 3, 3, 6, 6, 6, 6, 10, 11 };

	(void)state;
	for (size_t max = 0; max < 12; max++)
		assert_int_equal(json_cut(text, 11, max), wanted[max]);
	assert_int_equal(json_cut(text, 11, SIZE_MAX), 11);
	assert_int_equal(json_cut(text, 0, 5), 0);
	/* All is continuation: nothing to keep together. */
	assert_int_equal(json_cut("\x80\x80\x80\x80\x80\x80", 6, 5), 5);
	/* What was cut elsewhere, in the middle of a sequence. */
	assert_int_equal(json_cut("ab\xe2\x82", 4, 4), 2);
}

static void
assert_pretty(const char *in, const char *wanted)
{
	struct buffer out;

	buffer_init(&out, 1000);
	assert_int_equal(json_pretty(&out, in, strlen(in)), 0);
	assert_int_equal(buffer_append(&out, "", 1), 0);
	assert_string_equal(out.data, wanted);
	buffer_release(&out);
}

static void
test_pretty(void **state)
{
	struct buffer small;

	(void)state;
	assert_pretty("1", "1");
	assert_pretty("{}", "{}");
	assert_pretty("[]", "[]");
	assert_pretty("{\"a\":1}", "{\n  \"a\": 1\n}");
	assert_pretty("{\"a\":[1,\"x\"],\"b\":{},\"c\":[]}",
	    "{\n  \"a\": [\n    1,\n    \"x\"\n  ],\n  \"b\": {},\n"
	    "  \"c\": []\n}");
	assert_pretty("[[[]]]", "[\n  [\n    []\n  ]\n]");
	/* What stands in strings is no structure. */
	assert_pretty("[\"{}[],:\\\"]\\\\\",\"\"]",
	    "[\n  \"{}[],:\\\"]\\\\\",\n  \"\"\n]");
	buffer_init(&small, 4);
	assert_int_equal(json_pretty(&small, "[1,2,3]", 7), -1);
	buffer_release(&small);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_strings),
		cmocka_unit_test(test_bytes_that_are_not_utf8),
		cmocka_unit_test(test_plain_at_every_place),
		cmocka_unit_test(test_utf8),
		cmocka_unit_test(test_full_buffer),
		cmocka_unit_test(test_cut_splits_no_sequence),
		cmocka_unit_test(test_pretty),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
