/* Tests of dissect/overlap.c: the newest packets, within bounds, in order and without a gap. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "dissect/overlap.h"

static uint8_t raw[OVERLAP_BYTES + 1];

/* Its record is its ordinal, again and again. */
static void
keep(struct overlap *overlap, uint64_t ordinal, size_t len)
{
	struct pending_packet packet = { .ordinal = ordinal,
		.raw_len = (uint32_t)len };

	memset(raw, (int)ordinal & 0xff, len);
	overlap_keep(overlap, &packet, raw);
}

/* The newest `count` are given, from `first` on. */
static void
expect(struct overlap *overlap, size_t count, uint64_t first)
{
	const struct pending_packet *packet;
	const void *bytes, *peeked;

	assert_int_equal(overlap_begin(overlap, count), count);
	for (size_t i = 0; i < count; i++) {
		assert_non_null(overlap_peek(overlap, &peeked));
		packet = overlap_next(overlap, &bytes);
		assert_non_null(packet);
		assert_ptr_equal(bytes, peeked);
		assert_int_equal(packet->ordinal, first + i);
		for (size_t j = 0; j < packet->raw_len; j += 97)
			assert_int_equal(((const uint8_t *)bytes)[j],
			    packet->ordinal & 0xff);
	}
	assert_null(overlap_next(overlap, &bytes));
	assert_null(overlap_peek(overlap, &bytes));
}

static void
test_few(void **state)
{
	struct overlap overlap;

	(void)state;
	overlap_init(&overlap);
	assert_int_equal(overlap_begin(&overlap, 5), 0);
	expect(&overlap, 0, 0);
	for (uint64_t i = 7; i <= 9; i++)
		keep(&overlap, i, 100 * i);
	assert_int_equal(overlap_begin(&overlap, 5), 3);
	expect(&overlap, 3, 7);
	expect(&overlap, 2, 8);
	expect(&overlap, 0, 0);
	overlap_release(&overlap);
}

static void
test_bounds(void **state)
{
	struct overlap overlap;

	(void)state;
	overlap_init(&overlap);
	for (uint64_t i = 1; i <= OVERLAP_PACKETS + 500; i++)
		keep(&overlap, i, 60);
	assert_int_equal(overlap_count(&overlap), OVERLAP_PACKETS);
	expect(&overlap, OVERLAP_PACKETS, 501);
	for (uint64_t i = 1; i <= 100; i++)
		keep(&overlap, OVERLAP_PACKETS + 500 + i, OVERLAP_BYTES / 10);
	assert_int_equal(overlap_count(&overlap), 10);
	expect(&overlap, 10, OVERLAP_PACKETS + 591);
	keep(&overlap, OVERLAP_PACKETS + 601, OVERLAP_BYTES);
	expect(&overlap, 1, OVERLAP_PACKETS + 601);
	keep(&overlap, OVERLAP_PACKETS + 602, OVERLAP_BYTES + 1);
	assert_int_equal(overlap_count(&overlap), 0);
	overlap_release(&overlap);
}

static void
test_gaps(void **state)
{
	struct overlap overlap;

	(void)state;
	overlap_init(&overlap);
	for (uint64_t i = 1; i <= 5; i++)
		keep(&overlap, i, 60);
	keep(&overlap, 7, 60);
	expect(&overlap, 1, 7);
	keep(&overlap, 8, 0);
	assert_int_equal(overlap_count(&overlap), 0);
	keep(&overlap, 9, 60);
	keep(&overlap, 10, 60);
	expect(&overlap, 2, 9);
	overlap_clear(&overlap);
	assert_int_equal(overlap_begin(&overlap, 1), 0);
	overlap_release(&overlap);
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
