/* SPDX-License-Identifier: BSD-2-Clause */
/* Tests of dissect/warm_up.c: the newest packets, within bounds, in order and without a gap. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "dissect/warm_up.h"

static uint8_t raw[OVERLAP_BYTES + 1];

/* Its record is its ordinal, again and again. */
static void
keep(struct warm_up *warm_up, uint64_t ordinal, size_t len)
{
	struct pending_packet packet = { .ordinal = ordinal,
		.raw_len = (uint32_t)len };

	memset(raw, (int)ordinal & 0xff, len);
	warm_up_keep(warm_up, &packet, raw);
}

/* The newest `count` are given, from `first` on. */
static void
expect(struct warm_up *warm_up, size_t count, uint64_t first)
{
	const struct pending_packet *packet;
	const void *bytes, *peeked;

	assert_int_equal(warm_up_begin(warm_up, count), count);
	for (size_t i = 0; i < count; i++) {
		assert_non_null(warm_up_peek(warm_up, &peeked));
		packet = warm_up_next(warm_up, &bytes);
		assert_non_null(packet);
		assert_ptr_equal(bytes, peeked);
		assert_int_equal(packet->ordinal, first + i);
		for (size_t j = 0; j < packet->raw_len; j += 97)
			assert_int_equal(((const uint8_t *)bytes)[j],
			    packet->ordinal & 0xff);
	}
	assert_null(warm_up_next(warm_up, &bytes));
	assert_null(warm_up_peek(warm_up, &bytes));
}

static void
test_few(void **state)
{
	struct warm_up warm_up;

	(void)state;
	warm_up_init(&warm_up);
	assert_int_equal(warm_up_begin(&warm_up, 5), 0);
	expect(&warm_up, 0, 0);
	for (uint64_t i = 7; i <= 9; i++)
		keep(&warm_up, i, 100 * i);
	assert_int_equal(warm_up_begin(&warm_up, 5), 3);
	expect(&warm_up, 3, 7);
	expect(&warm_up, 2, 8);
	expect(&warm_up, 0, 0);
	warm_up_release(&warm_up);
}

static void
test_bounds(void **state)
{
	struct warm_up warm_up;

	(void)state;
	warm_up_init(&warm_up);
	for (uint64_t i = 1; i <= OVERLAP_PACKETS + 500; i++)
		keep(&warm_up, i, 60);
	assert_int_equal(warm_up_count(&warm_up), OVERLAP_PACKETS);
	expect(&warm_up, OVERLAP_PACKETS, 501);
	for (uint64_t i = 1; i <= 100; i++)
		keep(&warm_up, OVERLAP_PACKETS + 500 + i, OVERLAP_BYTES / 10);
	assert_int_equal(warm_up_count(&warm_up), 10);
	expect(&warm_up, 10, OVERLAP_PACKETS + 591);
	keep(&warm_up, OVERLAP_PACKETS + 601, OVERLAP_BYTES);
	expect(&warm_up, 1, OVERLAP_PACKETS + 601);
	keep(&warm_up, OVERLAP_PACKETS + 602, OVERLAP_BYTES + 1);
	assert_int_equal(warm_up_count(&warm_up), 0);
	warm_up_release(&warm_up);
}

static void
test_gaps(void **state)
{
	struct warm_up warm_up;

	(void)state;
	warm_up_init(&warm_up);
	for (uint64_t i = 1; i <= 5; i++)
		keep(&warm_up, i, 60);
	keep(&warm_up, 7, 60);
	expect(&warm_up, 1, 7);
	keep(&warm_up, 8, 0);
	assert_int_equal(warm_up_count(&warm_up), 0);
	keep(&warm_up, 9, 60);
	keep(&warm_up, 10, 60);
	expect(&warm_up, 2, 9);
	warm_up_clear(&warm_up);
	assert_int_equal(warm_up_begin(&warm_up, 1), 0);
	warm_up_release(&warm_up);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_few),
		cmocka_unit_test(test_bounds),
		cmocka_unit_test(test_gaps),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
