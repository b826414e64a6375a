/* SPDX-License-Identifier: BSD-2-Clause */
/* Tests of server/backoff.c: the bounds of the waits, and that they are spread between. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "server/backoff.h"

#define TIMES 2000

/* All waits are between a hundredth of top and top, and they come near both ends. */
static void
assert_spread(uint64_t first, unsigned attempt, uint64_t top)
{
	uint64_t least = UINT64_MAX, most = 0;

	for (unsigned i = 0; i < TIMES; i++) {
		uint64_t ms = backoff_delay(first, attempt);

		if (ms < least)
			least = ms;
		if (ms > most)
			most = ms;
	}
	assert_in_range(least, top / 100, top / 10);
	assert_in_range(most, top - top / 10, top);
}

/* A wait out of the outer tenths happens 2000 times in a row with a chance of 1e-91. */
static void
test_grows_up_to_a_minute(void **state)
{
	(void)state;
	assert_spread(1000, 0, 1000);
	assert_spread(1000, 1, 2000);
	assert_spread(1000, 5, 32000);
	assert_spread(1000, 6, 60000);
	assert_spread(1000, 7, 60000);
	assert_spread(1000, UINT32_MAX, 60000);
	assert_spread(20, 3, 160);
	assert_spread(BACKOFF_MAX, 0, BACKOFF_MAX);
	assert_spread(2 * BACKOFF_MAX, 0, BACKOFF_MAX);
	assert_spread(UINT64_MAX, 1, BACKOFF_MAX);
}

static void
test_small(void **state)
{
	bool seen[3] = { false };

	(void)state;
	assert_int_equal(backoff_delay(0, 0), 0);
	for (unsigned i = 0; i < TIMES; i++) {
		uint64_t ms = backoff_delay(1, 1);

		assert_in_range(ms, 0, 2);
		seen[ms] = true;
	}
	assert_true(seen[0] && seen[1] && seen[2]);
	/* Twice nothing is nothing. */
	assert_int_equal(backoff_delay(0, 3), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_grows_up_to_a_minute),
		cmocka_unit_test(test_small),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
