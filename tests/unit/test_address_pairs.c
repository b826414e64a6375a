/* SPDX-License-Identifier: BSD-2-Clause */
/* Tests of dissect/address_pairs.c: a number for each pair. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "shard/address_pairs.h"

static uint32_t
number(struct address_pairs *pairs, const char *one, const char *other)
{
	return address_pairs_number(pairs, one, strlen(one), other, strlen(other));
}

static void
test_few(void **state)
{
	struct address_pairs *pairs = address_pairs_new();

	(void)state;
	assert_int_equal(number(pairs, "b", "a"), 0);
	assert_int_equal(number(pairs, "a", "b"), 0);
	assert_int_equal(number(pairs, "a", "a"), 1);
	assert_int_equal(number(pairs, "a", "ab"), 2);
	assert_int_equal(number(pairs, "ab", "a"), 2);
	/* The same letters, at another place. */
	assert_int_equal(number(pairs, "aa", "b"), 3);
	assert_int_equal(number(pairs, "", "ab"), 4);
	assert_int_equal(number(pairs, "", ""), 5);
	assert_int_equal(number(pairs, "b", "a"), 0);
	address_pairs_free(pairs);
	address_pairs_free(NULL);
}

static void
test_many(void **state)
{
	struct address_pairs *pairs = address_pairs_new();
	char one[32], other[32];

	(void)state;
	for (unsigned round = 0; round < 2; round++)
		for (unsigned i = 0; i < 20000; i++) {
			(void)snprintf(one, sizeof(one), "10.%u.0.1", i);
			(void)snprintf(other, sizeof(other), "10.%u.0.2",
			    i / 3);
			assert_int_equal(round == 0 ?
				number(pairs, one, other) :
				number(pairs, other, one),
			    i);
		}
	address_pairs_free(pairs);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_few),
		cmocka_unit_test(test_many),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
