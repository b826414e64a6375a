/* SPDX-License-Identifier: BSD-2-Clause */
/* Tests of base/instant.c: the forms that a time may have, and what is none. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/instant.h"

static void
test_forms(void **state)
{
	static const struct {
		const char *text;
		int64_t ms;
	} rows[] = { { "0", 0 }, { "1438233730", 1438233730000 }, { "1438233730.634684", 1438233730634 },
		{ "1438233730.6", 1438233730600 }, { "2015", 2015000 }, { "1970-01-01", 0 }, { "2015-07-30", 1438214400000 },
		{ "2015-07-30T05:22", 1438233720000 }, { "2015-07-30T05:22Z", 1438233720000 },
		{ "2015-07-30 05:22:10", 1438233730000 }, { "2015-07-30T05:22:10.634684000Z", 1438233730634 },
		{ "2015-07-30T07:22:10.5+02:00", 1438233730500 }, { "2015-07-29T23:52:10-05:30", 1438233730000 },
		{ "2024-02-29", 1709164800000 }, { "9999-12-31T23:59:59.999Z", 253402300799999 }, { "253402300799", 253402300799000 } };
	int64_t ms;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		if (instant_read(rows[i].text, &ms) != 0)
			fail_msg("refused: %s", rows[i].text);
		if (ms != rows[i].ms)
			fail_msg("%s is not %lld", rows[i].text, (long long)ms);
	}
}

static void
test_refused(void **state)
{
	static const char *const bad[] = { "", "-1", "+1", " 1", "1 ", "1.", ".5", "1.x", "x", "0x10", "253402300800",
		"99999999999999999999", "2015-07", "2015-7-30", "2015-07-30T", "2015-07-30T05", "2015-07-30T24:00", "2015-07-30T05:60",
		"2015-07-30T05:22:60", "2015-07-30T05:22:10.", "2015-07-30T05:22:10,5", "2015-07-30T05:22:10z", "2015-07-30Z",
		"2015-07-30T05:22:10Z ", "2015-07-30T05:22:10+0200", "2015-07-30T05:22:10+24:00", "2015-13-01", "2015-00-01",
		"2015-02-29", "2015-06-31", "2015-07-00", "1969-12-31", "1970-01-01T00:00+00:01", "10000-01-01",
		"2015-07-30x05:22", "9999-12-31T23:59:59-00:01" };
	int64_t ms = 7;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		if (instant_read(bad[i], &ms) == 0)
			fail_msg("taken: %s", bad[i]);
		assert_int_equal(ms, 7);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_forms), cmocka_unit_test(test_refused) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
