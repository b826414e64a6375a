/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Tests of watch/follow.c: a full sink, how the watching of a folder ends, and the sums. The table is in test_follow.c.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "following.h"

/* The sink. */

static void
test_full_sink(void **state)
{
	struct bench *bench = *state;

	bench_put(bench, "a", 1, 3);
	bench_put(bench, "b", 1, 1);
	bench->is_full = true;
	bench_start(bench);
	bench_assert_got(bench, "a/1");
	bench_assert_events("follow a, pause a");
	bench_tick(bench, 0);
	bench_assert_got(bench, "");
	bench->is_full = false;
	follow_resume(bench->follow);
	bench_spin(bench);
	bench_tick(bench, 0);
	bench_assert_got(bench, "a/2 a/3 b/1");
	bench_assert_events("resume a, follow b");
}

/* Of the one before it all has been read, but not all documents have come. */
static void
test_full_sink_at_the_next(void **state)
{
	struct bench *bench = *state;

	bench_put(bench, "a", 1, 1);
	bench_put(bench, "b", 2, 2);
	bench->is_full = true;
	bench_start(bench);
	doubles.list[0]->waiting = true;
	bench_tick(bench, 0);
	bench_assert_events("follow a, pause a, follow b, pause b");
	bench_assert_got(bench, "a/1");
}

/* The end. */

static void
test_count(void **state)
{
	struct bench *bench = *state;

	bench->config.count = 3;
	bench_put(bench, "a", 1, 2);
	bench_put(bench, "b", 1, 5);
	bench_put(bench, "c", 1, 5);
	bench_start(bench);
	bench_tick(bench, 0);
	/* One at a time: only the one before can tell how many are left. */
	bench_assert_events("follow a");
	bench_tick(bench, IDLE + 1);
	bench_tick(bench, 0);
	bench_tick(bench, 0);
	bench_assert_got(bench, "a/1 a/2 b/1");
	assert_int_equal(bench->ends, 1);
	assert_int_equal(follow_counts(bench->follow).dissection.read, 3);
}

static void
test_stop_with_nothing_open(void **state)
{
	struct bench *bench = *state;

	bench_start(bench);
	follow_stop(bench->follow);
	bench_tick(bench, 0);
	assert_int_equal(bench->ends, 1);
	follow_stop(bench->follow);
	bench_tick(bench, 0);
	assert_int_equal(bench->ends, 1);
	/* Nothing is begun any more. */
	bench_put(bench, "a", 1, 1);
	bench_tick(bench, 0);
	bench_assert_events("");
}

static void
test_stop_while_reading(void **state)
{
	struct bench *bench = *state;

	bench->keep_acks = true;
	bench_put(bench, "a", 1, 2);
	bench_start(bench);
	follow_stop(bench->follow);
	assert_int_equal(bench->ends, 0);
	bench_tick(bench, 0);
	bench_assert_events("follow a, stop a");
	assert_int_equal(bench->ends, 1);
	/* Its documents are still on their way. */
	bench_assert_registry(bench, "");
	bench_acknowledge(bench);
	follow_close(bench->follow);
	bench_assert_registry(bench, "a:partial 2/0 -");
}

static void
test_duration(void **state)
{
	struct bench *bench = *state;

	bench->config.duration = 1;
	bench_put(bench, "a", 1, 2);
	bench_start(bench);
	while (!bench->follow->stopping)
		bench_spin(bench);
	bench_tick(bench, 0);
	assert_int_equal(bench->ends, 1);
}

static void
test_folder_that_is_removed(void **state)
{
	struct bench *bench = *state;

	bench->config.jobs = 1;
	doubles.hold = true;
	bench_put(bench, "a", 1, 2);
	bench_put(bench, "b", 1, 2);
	bench_start(bench);
	bench_remove_all(bench->in);
	bench_spin(bench);
	bench_tick(bench, 0);
	bench_assert_events("follow a, finish a");
	assert_int_equal(follow_outcome(bench->follow), OUTCOME_INPUT);
	assert_int_equal(bench->ends, 0);
	bench_release(bench);
	/* What was open is read to its end. */
	bench_assert_got(bench, "a/1 a/2");
	assert_int_equal(bench->ends, 1);
}

static void
test_counts(void **state)
{
	struct bench *bench = *state;
	struct follow_counts counts;

	bench_put(bench, "a", 1, 2);
	bench_start(bench);
	bench_tick(bench, IDLE + 1);
	bench_put(bench, "b", 1, 3);
	bench_tick(bench, 0);
	bench_tick(bench, 0);
	counts = follow_counts(bench->follow);
	assert_int_equal(counts.dissection.read, 5);
	assert_int_equal(counts.files_done, 1);
	assert_int_equal(counts.files_all, 2);
	assert_int_equal(counts.bytes_done,
	    2 * CAPFILE_HEADER + 5 * (CAPFILE_RECORD + CAPFILE_PACKET));
}

#define TEST(name) \
	cmocka_unit_test_setup_teardown(name, bench_setup, bench_teardown)

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		TEST(test_full_sink),
		TEST(test_full_sink_at_the_next),
		TEST(test_count),
		TEST(test_stop_with_nothing_open),
		TEST(test_stop_while_reading),
		TEST(test_duration),
		TEST(test_folder_that_is_removed),
		TEST(test_counts),
	};

	return cmocka_run_group_tests_name("follow_stop", tests, NULL, NULL);
}
