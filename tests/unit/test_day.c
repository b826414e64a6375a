/* SPDX-License-Identifier: BSD-2-Clause */
/* Tests of server/day.c: the day of a packet, its edges, and back. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "server/day.h"

static void
expect_suffix(bool has_time, int64_t sec, const char *wanted)
{
	char suffix[DAY_SUFFIX_LEN];

	day_suffix(day_of(has_time, sec), suffix);
	assert_string_equal(suffix, wanted);
}

static void
test_edges(void **state)
{
	(void)state;
	expect_suffix(true, 1438233730, "-2015-07-30");
	expect_suffix(true, 631152000, "-1990-01-01");
	expect_suffix(true, 631151999, "-undated");
	expect_suffix(true, 4102444799, "-2099-12-31");
	expect_suffix(true, 4102444800, "-undated");
	expect_suffix(true, 951782400, "-2000-02-29");
	expect_suffix(true, 951782399, "-2000-02-28");
	expect_suffix(true, INT64_MIN, "-undated");
	expect_suffix(true, INT64_MAX, "-undated");
	expect_suffix(true, 0, "-undated");
	expect_suffix(false, 1438233730, "-undated");
	assert_int_equal(day_of(true, 4102444799), DAY_UNDATED - 1);
}

static void
test_back(void **state)
{
	static const char *const wrong[] = { "", "-", "2015-07-30",
		"-2015-07-30 ", "-2015-7-30", "-2015-02-30", "-undated",
		"-1989-12-31", "-2100-01-01", "-2015-07-30-1", "-2015.07.30" };
	char suffix[DAY_SUFFIX_LEN];
	uint32_t found;

	(void)state;
	for (uint32_t day = 0; day < DAY_UNDATED; day++) {
		day_suffix(day, suffix);
		assert_true(day_read(suffix, &found));
		assert_int_equal(found, day);
	}
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		assert_false(day_read(wrong[i], &found));
}

static void
test_set_of_days(void **state)
{
	struct day_set set = { .count = 0 };

	(void)state;
	assert_true(day_open(&set, 0, 3));
	assert_true(day_open(&set, DAY_UNDATED, 3));
	assert_true(day_open(&set, 0, 3));
	assert_int_equal(set.count, 2);
	assert_true(day_open(&set, 7, 3));
	/* A fourth one is too many; those that are there are not. */
	assert_false(day_open(&set, 8, 3));
	assert_true(day_open(&set, 7, 3));
	assert_true(day_open(&set, DAY_UNDATED, 3));
	assert_int_equal(set.count, 3);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_edges),
		cmocka_unit_test(test_back),
		cmocka_unit_test(test_set_of_days),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
