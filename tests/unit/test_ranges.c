/* SPDX-License-Identifier: BSD-2-Clause */
/* Tests of base/ranges.c: what is in a set, how it is written, and what is none. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/ranges.h"

static void
prints(const struct ranges *ranges, const char *text)
{
	struct ranges again;
	struct buffer out;

	buffer_init(&out, 4096);
	assert_int_equal(ranges_print(ranges, &out), 0);
	assert_int_equal(buffer_append(&out, "", 1), 0);
	assert_string_equal(out.data, text);
	assert_int_equal(ranges_parse(&again, out.data), 0);
	assert_int_equal(again.count, ranges->count);
	assert_memory_equal(again.at, ranges->at,
	    ranges->count * sizeof(ranges->at[0]));
	buffer_release(&out);
}

static void
test_add(void **state)
{
	static const uint64_t numbers[] = { 1, 3, 4, 4, 2, 5, 9, 10 };
	struct ranges ranges = { .count = 0 };

	(void)state;
	prints(&ranges, "-");
	assert_false(ranges_has(&ranges, 0));
	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
		ranges_add(&ranges, numbers[i]);
	prints(&ranges, "1,3-5,9-10");
	assert_true(ranges_has(&ranges, 1) && ranges_has(&ranges, 4) &&
	    ranges_has(&ranges, 10));
	assert_false(ranges_has(&ranges, 0) || ranges_has(&ranges, 2) ||
	    ranges_has(&ranges, 6) || ranges_has(&ranges, 11));
}

/* What does not fit is not taken, and that is known. */
static void
test_full(void **state)
{
	struct ranges ranges = { .count = 0 };
	struct buffer out;

	(void)state;
	for (uint64_t i = 1; i <= RANGES_MAX; i++)
		ranges_add(&ranges, 2 * i);
	assert_false(ranges.is_full);
	ranges_add(&ranges, 2 * RANGES_MAX + 1);
	assert_false(ranges.is_full);
	ranges_add(&ranges, 2 * RANGES_MAX + 3);
	assert_true(ranges.is_full);
	ranges_add(&ranges, 2 * RANGES_MAX + 2);
	assert_int_equal(ranges.at[RANGES_MAX - 1].last, 2 * RANGES_MAX + 1);
	buffer_init(&out, 20);
	assert_int_equal(ranges_print(&ranges, &out), -1);
	assert_int_equal(out.len, 0);
	buffer_release(&out);
}

static void
merges(const char *a, const char *b, const char *all)
{
	struct ranges left, right;

	assert_int_equal(ranges_parse(&left, a), 0);
	assert_int_equal(ranges_parse(&right, b), 0);
	ranges_merge(&left, &right);
	prints(&left, all);
	assert_false(left.is_full);
}

static void
test_merge(void **state)
{
	struct ranges odd = { .count = 0 }, full = { .count = 0 },
		      other = { .count = 0 };

	(void)state;
	merges("-", "-", "-");
	merges("3-5", "-", "3-5");
	merges("-", "3-5", "3-5");
	merges("1,5-9", "2-3,7-12,20", "1-3,5-12,20");
	merges("1-20", "3-5,21", "1-21");
	for (uint64_t i = 1; i <= RANGES_MAX + 1; i++)
		ranges_add(&odd, 4 * i);
	full = odd;
	/* What comes after the last that the full set knows of may be missing in it. */
	ranges_add(&other, 5);
	for (uint64_t i = 4 * RANGES_MAX - 1; i < 4 * RANGES_MAX + 9; i++)
		ranges_add(&other, i);
	ranges_merge(&full, &other);
	assert_true(full.is_full && full.count == RANGES_MAX);
	assert_true(ranges_has(&full, 5) &&
	    ranges_has(&full, 4 * RANGES_MAX - 1));
	assert_int_equal(full.at[full.count - 1].last, 4 * RANGES_MAX);
	/* And what does not fit. */
	odd.is_full = false;
	memset(&other, 0, sizeof(other));
	ranges_add(&other, 2);
	ranges_merge(&odd, &other);
	assert_true(odd.is_full && odd.count == RANGES_MAX);
	assert_int_equal(odd.at[0].first, 2);
	assert_int_equal(odd.at[odd.count - 1].last, 4 * (RANGES_MAX - 1));
}

static void
test_parse(void **state)
{
	static const char *const bad[] = { "", ",", "1,", ",1", "0", "2-1",
		"3,2", "1-2,2", "1--2", "a", "1-2-3", " 1", "-1", "1 ",
		"18446744073709551615", "1-18446744073709551615",
		"00000000000000000000000000000000000000000000000000000000000000001",
		"1,3,5,7,9,11,13,15,17,19,21,23,25,27,29,31,33,35,37,39,41,43,45,"
		"47,49" };
	struct ranges ranges;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(ranges_parse(&ranges, bad[i]), -1);
	assert_int_equal(ranges_parse(&ranges, "1-18446744073709551614"), 0);
	assert_true(ranges_has(&ranges, UINT64_MAX - 1));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_add),
		cmocka_unit_test(test_full),
		cmocka_unit_test(test_merge),
		cmocka_unit_test(test_parse)
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
