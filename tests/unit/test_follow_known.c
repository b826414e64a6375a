/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Tests of watch/follow_begin.c and follow_end.c: what becomes of a file in the registry, and what a file is whose
 * capture is there. Each test is of two runs or more, of which the later ones have the registry that the first has
 * left.
 *
 * How it ended                                          | entry        | in the next run
 * ----------------------------------------------------- | ------------ |
 * -------------------------------------------------- not every document has its place yet | none | read
 *  all delivered                                         | delivered    | skipped
 * damaged, or documents were rejected                   | incomplete   | skipped
 * stopped, or rewritten | partial | read; with --omit what is done with is left out
 *  packets were not dissected, --bpf had no meaning      | failed       | the same, but for those packets
 * no packet                                             | none         | read
 *
 * A file is known by its status (device, inode, size, time of change); else, if a capture with the same first packet is
 * in the registry, by its content: it is examined. Version 1 of the registry knows it by its size.
 *
 *   examined   it begins with what is known, and ends there      skipped, and entered under its own status
 *   examined   it begins with it, and goes on                    read; with --omit without what is known
 *   examined   it does not begin with it                         read
 *   examined   it may still grow (--omit)                        waits, until it has grown or not for a while
 *   examined   it is written anew; the run is stopped            waiting
 *   no packet yet (--omit)                                       postponed, until it changes or not for a while
 *   the same capture is being read (--omit)                      held, until that is in the registry
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "following.h"

/* --omit: nobody else would notice what is given twice. */
static int
setup_omit(void **state)
{
	struct bench *bench;

	if (bench_setup(state) != 0)
		return -1;
	bench = *state;
	bench->config.omit = true;
	return 0;
}

/* What is there is finished, and read. */
static void
read_all(struct bench *bench)
{
	bench_tick(bench, IDLE + 1);
	for (int i = 0; i < 4; i++)
		bench_tick(bench, 0);
}

/* The status is known. */

static void
test_delivered(void **state)
{
	struct bench *bench = *state;

	bench_put(bench, "a", 1, 2);
	bench_let_age();
	bench_start(bench);
	read_all(bench);
	bench_assert_got(bench, "a/1 a/2");
	bench_assert_registry(bench, "*a:delivered 2/0 -");
	bench_restart(bench);
	read_all(bench);
	bench_assert_events("");
	bench_assert_registry(bench, "*a:delivered 2/0 -");
	assert_int_equal(follow_outcome(bench->follow), OUTCOME_OK);
	assert_int_equal(watch_find(bench->follow->watch, "a")->state,
	    WATCH_DONE);
}

/* Read a moment after it was written: only its content tells. */
static void
test_delivered_at_once(void **state)
{
	struct bench *bench = *state;

	bench_put(bench, "a", 1, 2);
	bench_start(bench);
	read_all(bench);
	bench_assert_registry(bench, "a:delivered 2/0 -");
	bench_let_age();
	bench_restart(bench);
	read_all(bench);
	bench_assert_events("");
	/* From now on its status is known. */
	bench_assert_registry(bench, "*a:delivered 2/0 -");
}

static void
test_not_acknowledged(void **state)
{
	struct bench *bench = *state;

	bench->keep_acks = true;
	bench_put(bench, "a", 1, 2);
	bench_start(bench);
	read_all(bench);
	bench_assert_got(bench, "a/1 a/2");
	bench_assert_registry(bench, "");
	bench_acknowledge(bench);
	bench_tick(bench, 0);
	bench_assert_registry(bench, "a:delivered 2/0 -");
}

static void
test_killed_before_acknowledged(void **state)
{
	struct bench *bench = *state;

	bench->keep_acks = true;
	bench_put(bench, "a", 1, 2);
	bench_start(bench);
	read_all(bench);
	bench_restart(bench);
	bench_assert_registry(bench, "");
	bench_assert_got(bench, "a/1 a/2");
}

static void
test_rejected(void **state)
{
	struct bench *bench = *state;

	ranges_add(&bench->reject, 2);
	bench_put(bench, "a", 1, 3);
	bench_let_age();
	bench_start(bench);
	read_all(bench);
	bench_assert_registry(bench, "*a:incomplete 3/1 -");
	bench_restart(bench);
	read_all(bench);
	bench_assert_events("");
}

/* Half a record may be completed yet, unless its writer has closed it. */
static void
test_damaged(void **state)
{
	struct bench *bench = *state;
	char *path = bench_path(bench, ".a"), *a = bench_path(bench, "a");

	bench_put(bench, ".a", 1, 3);
	assert_int_equal(
	    truncate(path,
		CAPFILE_HEADER + 3 * (CAPFILE_RECORD + CAPFILE_PACKET) - 5),
	    0);
	bench_start(bench);
	assert_int_equal(rename(path, a), 0);
	bench_spin(bench);
	bench_tick(bench, 0);
	bench_assert_events("follow a");
	bench_assert_got(bench, "a/1 a/2");
	read_all(bench);
	bench_assert_registry(bench, "a:incomplete 2/0 -");
	assert_int_equal(follow_outcome(bench->follow), OUTCOME_INPUT);
	bench_restart(bench);
	read_all(bench);
	bench_assert_events("");
	assert_int_equal(follow_outcome(bench->follow), OUTCOME_OK);
	free(path);
	free(a);
}

static void
test_half_a_record(void **state)
{
	struct bench *bench = *state;
	char *path = bench_path(bench, "a");

	bench_put(bench, "a", 1, 3);
	assert_int_equal(
	    truncate(path,
		CAPFILE_HEADER + 3 * (CAPFILE_RECORD + CAPFILE_PACKET) - 5),
	    0);
	bench_start(bench);
	read_all(bench);
	bench_assert_events("follow a");
	bench_put(bench, "b", 8, 8);
	bench_spin(bench);
	read_all(bench);
	assert_non_null(strstr(doubles.events, "finish a"));
	free(path);
}

static void
test_no_packet(void **state)
{
	struct bench *bench = *state;

	bench_put(bench, "a", 1, 0);
	bench_start(bench);
	read_all(bench);
	bench_assert_events("follow a, finish a");
	bench_assert_registry(bench, "");
}

/* tshark failed, and no packet is at fault: that is what the file does to it. */
static void
test_tshark_failed(void **state)
{
	struct bench *bench = *state;

	doubles.outcome = OUTCOME_TSHARK;
	bench_put(bench, "a", 1, 2);
	bench_start(bench);
	read_all(bench);
	bench_assert_registry(bench, "a:incomplete 2/0 -");
	assert_int_equal(follow_outcome(bench->follow), OUTCOME_TSHARK);
}

static void
test_output_failed(void **state)
{
	struct bench *bench = *state;

	doubles.outcome = OUTCOME_INTERNAL;
	bench_put(bench, "a", 1, 2);
	bench_start(bench);
	read_all(bench);
	bench_assert_registry(bench, "a:failed 2/0 -");
	assert_int_equal(follow_outcome(bench->follow), OUTCOME_INTERNAL);
}

/* --bpf may suit another file: that is no fault of the run. */
static void
test_filter_without_meaning(void **state)
{
	struct bench *bench = *state;

	doubles.outcome = OUTCOME_USAGE;
	doubles.unfilterable = true;
	bench_put(bench, "a", 1, 2);
	bench_start(bench);
	read_all(bench);
	bench_assert_registry(bench, "a:failed 2/0 -");
	assert_int_equal(follow_outcome(bench->follow), OUTCOME_OK);
}

/* It has a meaning for some packets: in another run it may have for the others. */
static void
test_unfiltered_packet(void **state)
{
	struct bench *bench = *state;

	bench_put(bench, "a", 1, 3);
	bench_start(bench);
	ranges_add(&doubles.list[0]->unfiltered, 2);
	bench->watching.after.kind = AFTER_DELETE;
	read_all(bench);
	bench_assert_registry(bench, "a:failed 3/0 2");
	assert_true(bench_has(bench->in, "a"));
	assert_true(TAILQ_EMPTY(&bench->follow->completions));
	assert_int_equal(follow_outcome(bench->follow), OUTCOME_OK);
}

/* Unfinished. */

static void
stop_in_the_middle(struct bench *bench)
{
	bench_put(bench, "a", 1, 2);
	bench_start(bench);
	follow_stop(bench->follow);
	bench_tick(bench, 0);
	bench_assert_got(bench, "a/1 a/2");
	bench_assert_registry(bench, "a:partial 2/0 -");
	bench_put(bench, "a", 1, 4);
}

static void
test_partial(void **state)
{
	struct bench *bench = *state;

	stop_in_the_middle(bench);
	bench_restart(bench);
	read_all(bench);
	/* The server knows what it has. */
	bench_assert_got(bench, "a/1 a/2 a/3 a/4");
	bench_assert_events("follow a, finish a");
}

static void
test_partial_omit(void **state)
{
	struct bench *bench = *state;
	struct follow_counts counts;

	stop_in_the_middle(bench);
	bench_restart(bench);
	bench_tick(bench, 0);
	/* Also while it is being read. */
	counts = follow_counts(bench->follow);
	assert_int_equal(counts.duplicate, 2);
	read_all(bench);
	bench_assert_got(bench, "a/3 a/4");
	bench_assert_events("follow from mark a, finish a");
	counts = follow_counts(bench->follow);
	assert_int_equal(counts.dissection.read, 4);
	assert_int_equal(counts.duplicate, 2);
	/* The longer one stands beside the shorter. */
	bench_assert_registry(bench, "a:partial 2/0 -, a:delivered 4/0 -");
}

/* In its place is another capture that begins with the same packet. */
static void
test_partial_of_another(void **state)
{
	struct bench *bench = *state;
	int fd;

	stop_in_the_middle(bench);
	bench_put(bench, "a", 1, 1);
	fd = bench_open_to_write(bench, "a");
	bench_append(fd, 7, 8);
	close(fd);
	bench_restart(bench);
	read_all(bench);
	bench_assert_got(bench, "a/1 a/2 a/3");
	assert_null(strstr(doubles.events, "mark"));
}

static void
fail_on_two(struct bench *bench)
{
	ranges_add(&doubles.bad, 2);
	ranges_add(&doubles.bad, 3);
	bench_put(bench, "a", 1, 4);
	bench_start(bench);
	read_all(bench);
	bench_assert_got(bench, "a/1 a/4");
	bench_assert_registry(bench, "a:failed 4/0 2-3");
	assert_int_equal(follow_outcome(bench->follow), OUTCOME_TSHARK);
	doubles.bad.count = 0;
	bench_restart(bench);
	read_all(bench);
}

static void
test_failed(void **state)
{
	struct bench *bench = *state;

	fail_on_two(bench);
	bench_assert_got(bench, "a/1 a/2 a/3 a/4");
}

static void
test_failed_omit(void **state)
{
	struct bench *bench = *state;

	fail_on_two(bench);
	bench_assert_got(bench, "a/2 a/3");
	bench_assert_registry(bench, "a:delivered 4/0 -");
	assert_int_equal(follow_outcome(bench->follow), OUTCOME_OK);
}

/* Documents that were rejected in an earlier run keep it from being deleted. */
static void
test_rejected_earlier(void **state)
{
	struct bench *bench = *state;

	ranges_add(&bench->reject, 1);
	ranges_add(&doubles.bad, 2);
	bench_put(bench, "a", 1, 3);
	bench_start(bench);
	read_all(bench);
	bench_assert_registry(bench, "a:failed 3/1 2");
	doubles.bad.count = 0;
	bench_restart(bench);
	read_all(bench);
	bench_assert_registry(bench, "a:incomplete 3/1 -");
}

static void
test_rewritten(void **state)
{
	struct bench *bench = *state;

	bench_put(bench, "a", 1, 3);
	bench_start(bench);
	bench_assert_got(bench, "a/1 a/2 a/3");
	bench_put(bench, "a", 5, 6);
	bench_spin(bench);
	bench_tick(bench, 0);
	read_all(bench);
	bench_assert_got(bench, "a/1 a/2");
	bench_assert_registry(bench, "a:partial 3/0 -, a:delivered 2/0 -");
}

#define TEST(name) \
	cmocka_unit_test_setup_teardown(name, bench_setup, bench_teardown)
#define OMIT(name) \
	cmocka_unit_test_setup_teardown(name, setup_omit, bench_teardown)

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		TEST(test_delivered),
		OMIT(test_delivered),
		TEST(test_delivered_at_once),
		OMIT(test_delivered_at_once),
		TEST(test_not_acknowledged),
		TEST(test_killed_before_acknowledged),
		OMIT(test_killed_before_acknowledged),
		TEST(test_rejected),
		TEST(test_damaged),
		TEST(test_half_a_record),
		TEST(test_no_packet),
		TEST(test_tshark_failed),
		TEST(test_output_failed),
		TEST(test_filter_without_meaning),
		TEST(test_unfiltered_packet),
		TEST(test_partial),
		OMIT(test_partial_omit),
		OMIT(test_partial_of_another),
		TEST(test_failed),
		OMIT(test_failed_omit),
		OMIT(test_rejected_earlier),
		TEST(test_rewritten),
	};

	return cmocka_run_group_tests_name("follow_known", tests, NULL, NULL);
}
