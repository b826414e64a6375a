/* SPDX-License-Identifier: BSD-2-Clause */
/* Tests of dissect/pending.c: first in, first out, whatever the ring has grown from. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "dissect/pending.h"

static void
push(struct pending *pending, uint64_t ordinal)
{
	struct pending_packet packet = {
		.ordinal = ordinal, .sec = -1, .selected = ordinal % 2 == 0
	};

	pending_push(pending, &packet);
}

static void
test_empty(void **state)
{
	struct pending pending = { .queue = { .items = NULL } };

	(void)state;
	assert_null(pending_first(&pending));
	pending_pop(&pending);
	pending_clear(&pending);
	assert_int_equal(pending.queue.count, 0);
	pending_release(&pending);
}

/* Fills faster than it drains, so that it grows while its beginning is in the middle. */
static void
test_order_is_kept(void **state)
{
	struct pending pending = { .queue = { .items = NULL } };
	uint64_t in = 0, out = 0;

	(void)state;
	for (int round = 0; round < 3000; round++) {
		for (int i = 0; i < 7; i++)
			push(&pending, ++in);
		for (int i = 0; i < 5; i++) {
			const struct pending_packet *packet =
			    pending_first(&pending);

			assert_int_equal(packet->ordinal, ++out);
			assert_int_equal(packet->sec, -1);
			assert_int_equal(packet->selected, out % 2 == 0);
			pending_pop(&pending);
		}
	}
	assert_int_equal(pending.queue.count, in - out);
	while (pending_first(&pending) != NULL) {
		assert_int_equal(pending_first(&pending)->ordinal, ++out);
		pending_pop(&pending);
	}
	assert_int_equal(in, out);
	pending_release(&pending);
}

static void
test_clear_and_release(void **state)
{
	struct pending pending = { .queue = { .items = NULL } };

	(void)state;
	for (uint64_t i = 1; i <= 10; i++)
		push(&pending, i);
	pending_clear(&pending);
	assert_null(pending_first(&pending));
	push(&pending, 99);
	assert_int_equal(pending_first(&pending)->ordinal, 99);
	pending_release(&pending);
	assert_null(pending_first(&pending));
	push(&pending, 5);
	assert_int_equal(pending_first(&pending)->ordinal, 5);
	pending_release(&pending);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_empty),
		cmocka_unit_test(test_order_is_kept),
		cmocka_unit_test(test_clear_and_release),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
