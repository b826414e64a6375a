/* SPDX-License-Identifier: BSD-2-Clause */
/* Tests of input/kafka_window.c: packets by the time of their capture. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "input/kafka_window.h"

static enum kafka_place
place(const struct kafka_window *window, int64_t sec, uint32_t nsec)
{
	struct wire_packet packet;

	memset(&packet, 0, sizeof(packet));
	packet.has_time = true;
	packet.sec = sec;
	packet.nsec = nsec;
	return kafka_window_place(window, &packet);
}

static enum kafka_place
place_timeless(const struct kafka_window *window)
{
	struct wire_packet packet;

	memset(&packet, 0, sizeof(packet));
	return kafka_window_place(window, &packet);
}

static void
test_without_bounds(void **state)
{
	const struct kafka_window all = { INT64_MIN, INT64_MAX, 60000 };

	(void)state;
	assert_int_equal(place(&all, -9223372036854, 0), KAFKA_INSIDE);
	assert_int_equal(place(&all, 9223372036854, 999999999), KAFKA_INSIDE);
	assert_int_equal(place_timeless(&all), KAFKA_INSIDE);
}

static void
test_bounds(void **state)
{
	const struct kafka_window window = { 10500, 20000, 0 };

	(void)state;
	assert_int_equal(place(&window, 10, 499999999), KAFKA_OUTSIDE);
	assert_int_equal(place(&window, 10, 500000000), KAFKA_INSIDE);
	assert_int_equal(place(&window, 19, 999999999), KAFKA_INSIDE);
	assert_int_equal(place(&window, 20, 0), KAFKA_OUTSIDE);
	assert_int_equal(place(&window, -9223372036854, 0), KAFKA_OUTSIDE);
	assert_int_equal(place(&window, 9223372036854, 0), KAFKA_OUTSIDE);
	assert_int_equal(place_timeless(&window), KAFKA_OUTSIDE);
}

static void
test_one_bound(void **state)
{
	const struct kafka_window since = { 10000, INT64_MAX, 0 }, until = { INT64_MIN, 10000, 60000 };

	(void)state;
	assert_int_equal(place(&since, 9, 999999999), KAFKA_OUTSIDE);
	assert_int_equal(place(&since, 9223372036854, 0), KAFKA_INSIDE);
	assert_int_equal(place(&until, -9223372036854, 0), KAFKA_INSIDE);
	assert_int_equal(place(&until, 9, 999999999), KAFKA_INSIDE);
	assert_int_equal(place(&until, 10, 0), KAFKA_OUTSIDE);
	assert_int_equal(place_timeless(&until), KAFKA_OUTSIDE);
}

/* What tshark sees before the first that is wanted. */
static void
test_context(void **state)
{
	const struct kafka_window window = { 100000, 200000, 60000 };

	(void)state;
	assert_int_equal(place(&window, 39, 999999999), KAFKA_OUTSIDE);
	assert_int_equal(place(&window, 40, 0), KAFKA_CONTEXT);
	assert_int_equal(place(&window, 99, 999999999), KAFKA_CONTEXT);
	assert_int_equal(place(&window, 100, 0), KAFKA_INSIDE);
	assert_int_equal(place(&window, 200, 0), KAFKA_OUTSIDE);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_without_bounds),
		cmocka_unit_test(test_bounds),
		cmocka_unit_test(test_one_bound),
		cmocka_unit_test(test_context),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
