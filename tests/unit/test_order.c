/* SPDX-License-Identifier: BSD-2-Clause */
/* Tests of shard/order.c: whose turn it is. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "shard/order.h"

static void
test_turns(void **state)
{
	struct order *order = order_new(3);

	(void)state;
	assert_int_equal(order_next(order), 1);
	assert_int_equal(order_shard(order), ORDER_NOBODY);
	order_add(order, 1, 2);
	order_add(order, 2, 0);
	order_add(order, 3, 2);
	/* Another reads the same. */
	order_add(order, 1, 2);
	order_add(order, 2, 0);
	assert_int_equal(order_last(order), 3);
	assert_int_equal(order_shard(order), 2);
	order_done(order, 3);
	assert_int_equal(order_next(order), 1);
	order_done(order, 1);
	assert_int_equal(order_next(order), 2);
	assert_int_equal(order_shard(order), 0);
	order_done(order, 2);
	/* The third was done before. */
	assert_int_equal(order_next(order), 4);
	assert_int_equal(order_shard(order), ORDER_NOBODY);
	/* What is past, or not known, changes nothing. */
	order_done(order, 1);
	order_done(order, 9);
	assert_int_equal(order_next(order), 4);
	order_free(order);
}

static void
test_one_leaves(void **state)
{
	struct order *order = order_new(ORDER_SHARDS);
	unsigned last = ORDER_SHARDS - 1;

	(void)state;
	order_add(order, 1, last);
	order_add(order, 2, 5);
	order_add(order, 3, last);
	assert_false(order_has_left(order, last));
	order_leave(order, last);
	assert_true(order_has_left(order, last));
	assert_false(order_has_left(order, 5));
	assert_int_equal(order_next(order), 2);
	order_done(order, 2);
	assert_int_equal(order_next(order), 4);
	order_add(order, 4, last);
	assert_int_equal(order_next(order), 5);
	order_free(order);
}

/* Far more than there is room for at first, all open, and done backwards. */
static void
test_many(void **state)
{
	struct order *order = order_new(7);

	(void)state;
	for (uint64_t i = 1; i <= 100; i++) {
		order_add(order, i, 0);
		order_done(order, i);
	}
	for (uint64_t i = 101; i <= 50000; i++)
		order_add(order, i, (unsigned)(i % 7));
	for (uint64_t i = 50000; i > 101; i--) {
		order_done(order, i);
		assert_int_equal(order_next(order), 101);
	}
	assert_int_equal(order_shard(order), 101 % 7);
	order_done(order, 101);
	assert_int_equal(order_next(order), 50001);
	for (uint64_t i = 50001; i <= 60000; i++) {
		order_add(order, i, (unsigned)(i % 7));
		assert_int_equal(order_shard(order), i % 7);
		order_done(order, i);
	}
	order_free(order);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_turns),
		cmocka_unit_test(test_one_leaves),
		cmocka_unit_test(test_many),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
