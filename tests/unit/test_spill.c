/* SPDX-License-Identifier: BSD-2-Clause */
/* Tests of extract/spill.c and extract/twins.c: sorted in memory and by runs of a file; which bytes were seen. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "extract/spill.h"
#include "extract/twins.h"

/* count entries of three sources in an order of no sense, with memory for so many. */
static void
check_sorted(size_t count, size_t memory)
{
	struct spill *spill = spill_new("/tmp", memory * sizeof(struct wanted));
	const struct wanted *wanted;
	struct wanted before = { .source = 0 };
	struct error error;
	size_t given = 0;
	uint64_t sum = 0, expected = 0;

	for (size_t i = 0; i < count; i++) {
		struct wanted one = { .source = (uint32_t)(i * 7919 % 3),
			.has_offset = i % 3 != 0,
			.offset = i * 104729 % 5000,
			.ordinal = i * 104729 % 5000,
			.rank = i };

		expected += one.offset;
		assert_int_equal(spill_add(spill, &one, &error), 0);
	}
	assert_int_equal(spill_sort(spill, &error), 0);
	while (spill_next(spill, &wanted, &error) > 0) {
		assert_true(wanted->source >= before.source);
		if (wanted->source == before.source && given > 0) {
			assert_true(wanted->offset >= before.offset);
			if (wanted->offset == before.offset)
				assert_true(wanted->rank > before.rank);
		}
		sum += wanted->offset;
		before = *wanted;
		given++;
	}
	assert_int_equal(given, count);
	assert_int_equal(sum, expected);
	assert_int_equal(spill_next(spill, &wanted, &error), 0);
	spill_free(spill);
}

static void
test_sorted(void **state)
{
	(void)state;
	check_sorted(0, 100);
	check_sorted(1, 100);
	check_sorted(100, 100);
	check_sorted(101, 100);
	check_sorted(30000, 100);
	check_sorted(30000, 7000);
	check_sorted(30000, 40000);
}

static void
test_no_folder(void **state)
{
	struct spill *spill = spill_new("/nonexistent", 1);
	const struct wanted one = { .source = 1 };
	struct error error;
	int rv = 0;

	(void)state;
	for (int i = 0; i < 101 && rv == 0; i++)
		rv = spill_add(spill, &one, &error);
	assert_int_equal(rv, -1);
	assert_int_equal(error.outcome, OUTCOME_OUTPUT);
	spill_free(spill);
}

static void
test_twins(void **state)
{
	struct twins *twins = twins_new(10);

	(void)state;
	assert_false(twins_is_one(twins, "a", 1, 100));
	assert_true(twins_is_one(twins, "a", 1, 110));
	assert_true(twins_is_one(twins, "a", 1, 90));
	assert_false(twins_is_one(twins, "a", 1, 111));
	assert_true(twins_is_one(twins, "a", 1, 121));
	assert_false(twins_is_one(twins, "b", 1, 121));
	twins_free(twins);
	twins = twins_new(0);
	/* The first is forgotten when there are too many, and the others are not. */
	for (uint32_t i = 0; i < TWINS_MAX + 1; i++)
		assert_false(twins_is_one(twins, &i, sizeof(i), i));
	for (uint32_t i = 1; i < TWINS_MAX + 1; i++)
		assert_true(twins_is_one(twins, &i, sizeof(i), 0));
	assert_false(twins_is_one(twins, "\0\0\0", 4, 0));
	twins_free(twins);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sorted),
		cmocka_unit_test(test_no_folder),
		cmocka_unit_test(test_twins),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
