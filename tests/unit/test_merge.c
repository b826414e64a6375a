/* SPDX-License-Identifier: BSD-2-Clause */
/* Tests of kafka/merge.c: which partition is next, and how long it waits for others. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "kafka/merge.h"

#define REORDER 1000

static size_t chosen;
static uint64_t waiting;

static enum merge_answer
next(const struct merge_lane *lanes, size_t count, uint64_t now)
{
	chosen = SIZE_MAX;
	waiting = 0;
	return merge_next(lanes, count, now, REORDER, &chosen, &waiting);
}

static void
test_order(void **state)
{
	struct merge_lane lanes[3] = { { true, false, 5, 2, 100 }, { true, false, 5, 1, 100 }, { true, false, 6, 0, 100 } };

	(void)state;
	assert_int_equal(next(lanes, 3, 100), MERGE_TAKE);
	assert_int_equal(chosen, 1);
	lanes[1].sec = 7;
	assert_int_equal(next(lanes, 3, 100), MERGE_TAKE);
	assert_int_equal(chosen, 0);
	/* Of the same time: the first. */
	lanes[2] = lanes[1] = lanes[0];
	assert_int_equal(next(lanes, 3, 100), MERGE_TAKE);
	assert_int_equal(chosen, 0);
	lanes[2].sec = -3;
	assert_int_equal(next(lanes, 3, 100), MERGE_TAKE);
	assert_int_equal(chosen, 2);
}

static void
test_waits_for_others(void **state)
{
	struct merge_lane lanes[2] = { { true, false, 5, 0, 100 }, { .has_packet = false } };

	(void)state;
	assert_int_equal(next(lanes, 2, 400), MERGE_WAIT);
	assert_int_equal(waiting, 700);
	assert_int_equal(next(lanes, 2, 1099), MERGE_WAIT);
	assert_int_equal(waiting, 1);
	assert_int_equal(next(lanes, 2, 1100), MERGE_TAKE);
	assert_int_equal(chosen, 0);
	/* Nothing comes any more. */
	lanes[1].is_done = true;
	assert_int_equal(next(lanes, 2, 400), MERGE_TAKE);
	assert_int_equal(merge_next(lanes, 1, 100, 0, &chosen, &waiting), MERGE_TAKE);
}

static void
test_nothing(void **state)
{
	struct merge_lane lanes[2] = { { .has_packet = false }, { .is_done = true } };

	(void)state;
	assert_int_equal(next(lanes, 2, 400), MERGE_NONE);
	lanes[0].is_done = true;
	assert_int_equal(next(lanes, 2, 400), MERGE_END);
	assert_int_equal(next(lanes, 0, 400), MERGE_END);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_order),
		cmocka_unit_test(test_waits_for_others),
		cmocka_unit_test(test_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
