/* SPDX-License-Identifier: BSD-2-Clause */
/* Tests of document/timestamp.c: ordinary times, leap years, and what only a hostile capture says. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "document/timestamp.h"

static void
assert_iso(int64_t sec, uint32_t nsec, const char *wanted)
{
	char text[MOMENT_LEN];

	timestamp_iso(text, sec, nsec);
	assert_string_equal(text, wanted);
}

static void
test_iso(void **state)
{
	(void)state;
	assert_iso(0, 0, "1970-01-01T00:00:00.000000000Z");
	assert_iso(1438233730, 634684000, "2015-07-30T05:22:10.634684000Z");
	assert_iso(-1, 999999999, "1969-12-31T23:59:59.999999999Z");
	assert_iso(951782399, 1, "2000-02-28T23:59:59.000000001Z");
	assert_iso(951782400, 0, "2000-02-29T00:00:00.000000000Z");
	/* 1900 and 2100 are no leap years. */
	assert_iso(-2203977600, 0, "1900-02-28T00:00:00.000000000Z");
	assert_iso(-2203891200, 0, "1900-03-01T00:00:00.000000000Z");
	assert_iso(4107456000, 0, "2100-02-28T00:00:00.000000000Z");
	assert_iso(4107542400, 0, "2100-03-01T00:00:00.000000000Z");
	assert_iso(253402300799, 999999999, "9999-12-31T23:59:59.999999999Z");
	assert_iso(253402300800, 0, "10000-01-01T00:00:00.000000000Z");
	assert_iso(-62135596800, 0, "0001-01-01T00:00:00.000000000Z");
	assert_iso(-62167219200, 0, "0000-01-01T00:00:00.000000000Z");
	assert_iso(INT64_MAX, 999999999,
	    "292277026596-12-04T15:30:07.999999999Z");
	assert_iso(INT64_MIN, 0, "-292277022657-01-27T08:29:52.000000000Z");
}

static void
test_dates_are_those_of_the_c_library(void **state)
{
	char text[MOMENT_LEN], wanted[MOMENT_LEN];
	struct tm tm;

	(void)state;
	/* From 1583 to 9000, in steps that hit every month, day and hour. */
	for (time_t sec = -12212553600; sec < 221845392000; sec += 7654321) {
		assert_non_null(gmtime_r(&sec, &tm));
		strftime(wanted, sizeof(wanted), "%Y-%m-%d %H:%M:%S", &tm);
		timestamp_date(text, sec);
		assert_string_equal(text, wanted);
	}
}

static void
assert_ms(int64_t sec, uint32_t nsec, const char *wanted)
{
	char text[MOMENT_LEN];

	timestamp_ms(text, sec, nsec);
	assert_string_equal(text, wanted);
}

static void
test_milliseconds_are_exact(void **state)
{
	(void)state;
	assert_ms(0, 0, "0");
	assert_ms(1438233730, 634684000, "1438233730634.684");
	assert_ms(1, 0, "1000");
	assert_ms(0, 1, "0.000001");
	assert_ms(0, 1000000, "1");
	assert_ms(0, 999999999, "999.999999");
	assert_ms(10, 10000000, "10010");
	assert_ms(-1, 0, "-1000");
	assert_ms(-1, 250000000, "-750");
	assert_ms(-1, 999999999, "-0.000001");
	assert_ms(-2, 1, "-1999.999999");
	assert_ms(INT64_MAX, 999999999, "9223372036854775807999.999999");
	assert_ms(INT64_MIN, 0, "-9223372036854775808000");
	assert_ms(INT64_MIN, 1, "-9223372036854775807999.999999");
}

static void
test_seconds(void **state)
{
	static const struct {
		int64_t sec;
		uint32_t nsec;
		const char *wanted;
	} cases[] = {
		{ 0, 0, "0.000000000" }, { 1438233730, 5, "1438233730.000000005" },
		{ -1, 500000000, "-0.500000000" }, { -1, 0, "-1.000000000" },
		{ INT64_MIN, 0, "-9223372036854775808.000000000" }
	};
	char text[MOMENT_LEN];

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_int_equal(
		    timestamp_seconds(text, cases[i].sec,
			cases[i].nsec),
		    strlen(cases[i].wanted));
		assert_string_equal(text, cases[i].wanted);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_iso),
		cmocka_unit_test(test_dates_are_those_of_the_c_library),
		cmocka_unit_test(test_milliseconds_are_exact),
		cmocka_unit_test(test_seconds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
