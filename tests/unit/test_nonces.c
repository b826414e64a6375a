/* SPDX-License-Identifier: BSD-2-Clause */
/* Tests of request/nonces.c: once, until when, how many, and as bytes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "in_valgrind.h"
#include "request/nonces.h"

#define RECORD_LEN 36

static void
test_once(void **state)
{
	struct nonces *nonces = nonces_new(NONCES_MAX);

	(void)state;
	assert_false(nonces_has(nonces, "soc", "n", 0));
	assert_int_equal(nonces_add(nonces, "soc", "n", 1000, 0), NONCES_NEW);
	assert_true(nonces_has(nonces, "soc", "n", 0));
	assert_int_equal(nonces_add(nonces, "soc", "n", 2000, 0), NONCES_KNOWN);
	/* Owners do not share names, and neither runs into the other. */
	assert_int_equal(nonces_add(nonces, "", "n", 1000, 0), NONCES_NEW);
	assert_int_equal(nonces_add(nonces, "so", "cn", 1000, 0), NONCES_NEW);
	assert_int_equal(nonces_add(nonces, "soc", "N", 1000, 0), NONCES_NEW);
	assert_int_equal(nonces_add(nonces, "soc", "", 1000, 0), NONCES_NEW);
	assert_int_equal(nonces_count(nonces), 5);
	nonces_free(nonces);
	nonces_free(NULL);
}

/* The first time that was given holds, up to its millisecond. */
static void
test_expiry(void **state)
{
	struct nonces *nonces = nonces_new(10);

	(void)state;
	assert_int_equal(nonces_add(nonces, "a", "1", 1000, 0), NONCES_NEW);
	assert_int_equal(nonces_add(nonces, "a", "2", 2000, 0), NONCES_NEW);
	assert_int_equal(nonces_add(nonces, "a", "1", 5000, 1000), NONCES_KNOWN);
	assert_true(nonces_has(nonces, "a", "1", 1000));
	assert_false(nonces_has(nonces, "a", "1", 1001));
	assert_int_equal(nonces_add(nonces, "a", "1", 5000, 1001), NONCES_NEW);
	assert_int_equal(nonces_count(nonces), 2);
	assert_int_equal(nonces_add(nonces, "a", "3", 9000, 5001), NONCES_NEW);
	assert_int_equal(nonces_count(nonces), 1);
	/* One that is forgotten takes no other along, not even in the last millisecond of that. */
	assert_int_equal(nonces_add(nonces, "a", "4", 9001, 6000), NONCES_NEW);
	assert_int_equal(nonces_add(nonces, "a", "4", 9999, 9001), NONCES_KNOWN);
	assert_int_equal(nonces_count(nonces), 1);
	nonces_free(nonces);
}

static void
test_remove(void **state)
{
	struct nonces *nonces = nonces_new(10);

	(void)state;
	assert_int_equal(nonces_add(nonces, "a", "1", 1000, 0), NONCES_NEW);
	nonces_remove(nonces, "a", "2");
	nonces_remove(nonces, "a", "1");
	nonces_remove(nonces, "a", "1");
	assert_int_equal(nonces_count(nonces), 0);
	assert_int_equal(nonces_add(nonces, "a", "1", 1000, 0), NONCES_NEW);
	nonces_free(nonces);
}

static void
test_full(void **state)
{
	/* Of which the memory is looked at, fewer: each takes its time there. */
	const int max = in_valgrind() ? 1000 : NONCES_MAX;
	struct nonces *nonces = nonces_new((size_t)max);
	char name[32];

	(void)state;
	for (int i = 0; i < max; i++) {
		(void)snprintf(name, sizeof(name), "%d", i);
		assert_int_equal(nonces_add(nonces, "a", name, i < 10 ? 1000 : 2000, 0), NONCES_NEW);
	}
	assert_int_equal(nonces_add(nonces, "a", "more", 2000, 1000), NONCES_FULL);
	assert_int_equal(nonces_add(nonces, "a", "5", 2000, 1000), NONCES_KNOWN);
	/* Ten have room again. */
	assert_int_equal(nonces_add(nonces, "a", "more", 2000, 1001), NONCES_NEW);
	assert_int_equal(nonces_count(nonces), max - 9);
	nonces_free(nonces);
}

static void
test_long(void **state)
{
	struct nonces *nonces = nonces_new(10);
	char name[NONCES_NAME_MAX + 2];

	(void)state;
	memset(name, 'x', sizeof(name));
	name[NONCES_NAME_MAX] = '\0';
	assert_int_equal(nonces_add(nonces, "", name, 1000, 0), NONCES_NEW);
	assert_int_equal(nonces_add(nonces, "a", name, 1000, 0), NONCES_FULL);
	assert_false(nonces_has(nonces, "a", name, 0));
	nonces_remove(nonces, "a", name);
	assert_int_equal(nonces_count(nonces), 1);
	nonces_free(nonces);
}

/* Three of which one is forgotten, and one more that was written by itself. */
static void
fill(struct buffer *bytes)
{
	struct nonces *nonces = nonces_new(10);

	assert_int_equal(nonces_add(nonces, "a", "1", 1000, 0), NONCES_NEW);
	assert_int_equal(nonces_add(nonces, "a", "2", INT64_MAX, 0), NONCES_NEW);
	assert_int_equal(nonces_add(nonces, "b", "1", 3000, 0), NONCES_NEW);
	assert_int_equal(nonces_save(nonces, bytes, 1001), 0);
	assert_int_equal(nonces_write(bytes, "c", "1", 3000), 0);
	nonces_free(nonces);
}

static void
test_saved(void **state)
{
	struct nonces *nonces = nonces_new(10);
	struct buffer bytes;

	(void)state;
	buffer_init(&bytes, SIZE_MAX);
	fill(&bytes);
	assert_int_equal(bytes.len, 3 * RECORD_LEN);
	assert_int_equal(nonces_load(nonces, bytes.data, bytes.len, 1001), bytes.len);
	assert_int_equal(nonces_count(nonces), 3);
	assert_int_equal(nonces_add(nonces, "a", "1", 9000, 1001), NONCES_NEW);
	assert_int_equal(nonces_add(nonces, "a", "2", 9000, 1001), NONCES_KNOWN);
	assert_int_equal(nonces_add(nonces, "b", "1", 9000, 3000), NONCES_KNOWN);
	assert_int_equal(nonces_add(nonces, "c", "1", 9000, 3001), NONCES_NEW);
	/* What is known already, and what is forgotten, changes nothing. */
	assert_int_equal(nonces_load(nonces, bytes.data, bytes.len, 3001), bytes.len);
	assert_int_equal(nonces_count(nonces), 3);
	nonces_free(nonces);
	buffer_release(&bytes);
}

/* Cut anywhere, and with each bit turned: no more than the records in front of the damage. */
static void
test_damaged(void **state)
{
	struct buffer bytes;

	(void)state;
	buffer_init(&bytes, SIZE_MAX);
	fill(&bytes);
	for (size_t len = 0; len < bytes.len; len++) {
		struct nonces *nonces = nonces_new(10);

		assert_int_equal(nonces_load(nonces, bytes.data, len, 0), len / RECORD_LEN * RECORD_LEN);
		assert_int_equal(nonces_count(nonces), len / RECORD_LEN);
		nonces_free(nonces);
	}
	for (size_t bit = 0; bit < 8 * bytes.len; bit++) {
		struct nonces *nonces = nonces_new(10);
		size_t whole = bit / 8 / RECORD_LEN;

		bytes.data[bit / 8] = (char)(bytes.data[bit / 8] ^ 1 << bit % 8);
		assert_int_equal(nonces_load(nonces, bytes.data, bytes.len, 0), whole * RECORD_LEN);
		assert_int_equal(nonces_count(nonces), whole);
		bytes.data[bit / 8] = (char)(bytes.data[bit / 8] ^ 1 << bit % 8);
		nonces_free(nonces);
	}
	buffer_release(&bytes);
}

static void
test_bounds(void **state)
{
	struct nonces *nonces = nonces_new(1);
	struct buffer bytes, small;

	(void)state;
	buffer_init(&bytes, SIZE_MAX);
	buffer_init(&small, RECORD_LEN - 1);
	fill(&bytes);
	assert_int_equal(nonces_load(nonces, bytes.data, bytes.len, 0), bytes.len);
	assert_int_equal(nonces_count(nonces), 1);
	assert_int_equal(nonces_save(nonces, &small, 0), -1);
	assert_int_equal(nonces_write(&small, "a", "1", 0), -1);
	nonces_free(nonces);
	buffer_release(&bytes);
	buffer_release(&small);
}

int
main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_once), cmocka_unit_test(test_expiry),
		cmocka_unit_test(test_remove), cmocka_unit_test(test_full), cmocka_unit_test(test_long),
		cmocka_unit_test(test_saved), cmocka_unit_test(test_damaged), cmocka_unit_test(test_bounds) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
