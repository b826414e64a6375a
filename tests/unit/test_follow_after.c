/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Tests of watch/follow_after.c: what becomes of a file that was delivered, with --after.
 *
 *   state      event                                              next
 *   ---------  -------------------------------------------------  --------------------------------------------------
 *   read       not every packet was delivered                     stays: no completion
 *   read       all delivered; its status tells of any change      sure
 *   read       the same, its status does not                      unsure
 *   known      skipped, as the registry says it was delivered     sure or unsure, and waits until it is finished
 *   sure       nobody writes to it                                deleted or moved: gone
 *   sure       somebody has it open; cannot be told               sure, again after a second; ten, with a warning
 *   sure       touched: its time of change is another             unsure
 *   sure written to and closed waits again (test_follow.c), and is forgotten when read
 *   
 *   sure       has changed; or it cannot be done                  given up: stays
 *   unsure     its content is what was delivered                  sure
 *   unsure     it is not                                          given up, and read again
 *   unsure     somebody has it open; cannot be told               unsure, again later
 *   any        it has no name any more                            given up
 *   any        it has another name                                under that name
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "following.h"

static int
setup(void **state)
{
	struct bench *bench;

	if (bench_setup(state) != 0)
		return -1;
	bench = *state;
	bench->watching.after.kind = AFTER_DELETE;
	bench->watching.after.target = bench->done;
	return 0;
}

/* So many times a second later. */
static void
wait_for(struct bench *bench, int seconds)
{
	while (seconds-- > 0)
		bench_tick(bench, 1001);
}

/* Seen to be closed by its writer, and so finished. */
static void
finish_one(struct bench *bench)
{
	char *hidden = bench_path(bench, ".a"), *a = bench_path(bench, "a");

	bench_start(bench);
	bench_put(bench, ".a", 1, 3);
	assert_int_equal(rename(hidden, a), 0);
	bench_let_age();
	free(hidden);
	free(a);
	bench_spin(bench);
	bench_tick(bench, 0);
	bench_tick(bench, IDLE + 1);
	for (int i = 0; i < 3; i++)
		bench_tick(bench, 0);
}

static void
test_deleted(void **state)
{
	struct bench *bench = *state;

	finish_one(bench);
	bench_assert_got(bench, "a/1 a/2 a/3");
	assert_false(bench_has(bench->in, "a"));
	bench_assert_registry(bench, "*a:delivered 3/0 -");
	assert_int_equal(bench->broker.changes, 1);
	bench_spin(bench);
	bench_tick(bench, 0);
	assert_int_equal(follow_outcome(bench->follow), OUTCOME_OK);
	assert_int_equal(watch_count(bench->follow->watch), 0);
}

/* Somebody has closed it before the last read: it need not be compared. */
static void
test_closed_while_read(void **state)
{
	struct bench *bench = *state;
	int fd;

	bench_put(bench, "a", 1, 2);
	fd = bench_open_to_write(bench, "a");
	bench_let_age();
	bench_start(bench);
	close(fd);
	bench_spin(bench);
	bench_tick(bench, 0);
	bench_assert_got(bench, "a/1 a/2");
	bench_tick(bench, IDLE + 1);
	bench_assert_events("follow a, finish a");
	/* At once. */
	assert_int_equal(bench->broker.changes, 1);
	assert_false(bench_has(bench->in, "a"));
}

static void
test_moved(void **state)
{
	struct bench *bench = *state;

	bench->watching.after.kind = AFTER_MOVE;
	finish_one(bench);
	assert_false(bench_has(bench->in, "a"));
	assert_true(bench_has(bench->done, "a"));
}

static void
test_nothing(void **state)
{
	struct bench *bench = *state;

	bench->watching.after.kind = AFTER_NOTHING;
	finish_one(bench);
	assert_true(bench_has(bench->in, "a"));
	assert_int_equal(bench->broker.changes, 0);
	assert_int_equal(bench->broker.probes, 0);
}

static void
test_not_before_delivered(void **state)
{
	struct bench *bench = *state;

	bench->keep_acks = true;
	finish_one(bench);
	bench_assert_got(bench, "a/1 a/2 a/3");
	assert_true(bench_has(bench->in, "a"));
	bench->first_ack = 1;
	bench_acknowledge(bench);
	bench_tick(bench, 0);
	assert_true(bench_has(bench->in, "a"));
	bench->first_ack = 0;
	bench->ack_count = 1;
	bench_acknowledge(bench);
	bench_tick(bench, 0);
	assert_false(bench_has(bench->in, "a"));
}

static void
assert_stays(struct bench *bench)
{
	finish_one(bench);
	bench_tick(bench, 20000);
	assert_true(bench_has(bench->in, "a"));
	assert_int_equal(bench->broker.changes, 0);
	assert_true(TAILQ_EMPTY(&bench->follow->completions));
}

static void
test_rejected(void **state)
{
	struct bench *bench = *state;

	ranges_add(&bench->reject, 3);
	assert_stays(bench);
}

static void
test_undissected(void **state)
{
	ranges_add(&doubles.bad, 3);
	assert_stays(*state);
}

static void
test_bad_end(void **state)
{
	doubles.outcome = OUTCOME_TSHARK;
	assert_stays(*state);
}

static void
test_count_reached(void **state)
{
	struct bench *bench = *state;

	bench->config.count = 3;
	assert_stays(bench);
}

static void
test_stopped(void **state)
{
	struct bench *bench = *state;

	bench_start(bench);
	bench_put(bench, "a", 1, 2);
	bench_spin(bench);
	bench_tick(bench, 0);
	bench_assert_got(bench, "a/1 a/2");
	follow_stop(bench->follow);
	wait_for(bench, 1);
	follow_close(bench->follow);
	assert_true(bench_has(bench->in, "a"));
	bench_assert_registry(bench, "a:partial 2/0 -");
}

/* What was delivered earlier. */

static void
test_known(void **state)
{
	struct bench *bench = *state;

	bench->watching.after.kind = AFTER_NOTHING;
	finish_one(bench);
	bench->watching.after.kind = AFTER_DELETE;
	bench_restart(bench);
	bench_tick(bench, 0);
	bench_assert_events("");
	wait_for(bench, 3);
	/* Whether it is finished is not known: its writer may go on. */
	assert_true(bench_has(bench->in, "a"));
	bench_put(bench, "b", 9, 9);
	bench_spin(bench);
	bench_tick(bench, 10001);
	wait_for(bench, 4);
	assert_false(bench_has(bench->in, "a"));
}

static void
test_known_as_incomplete(void **state)
{
	struct bench *bench = *state;

	ranges_add(&bench->reject, 3);
	finish_one(bench);
	bench_restart(bench);
	bench_put(bench, "b", 9, 9);
	bench_spin(bench);
	for (int i = 0; i < 4; i++)
		bench_tick(bench, 5000);
	bench_assert_got(bench, "b/1");
	assert_true(bench_has(bench->in, "a"));
}

/* Writers. */

static void
test_busy(void **state)
{
	struct bench *bench = *state;

	bench->broker.change_errno = ETXTBSY;
	finish_one(bench);
	assert_int_equal(bench->broker.changes, 1);
	assert_true(bench_has(bench->in, "a"));
	bench_tick(bench, 900);
	assert_int_equal(bench->broker.changes, 1);
	bench_tick(bench, 101);
	assert_int_equal(bench->broker.changes, 2);
	bench->broker.change_errno = 0;
	bench_tick(bench, 101 + 900);
	assert_false(bench_has(bench->in, "a"));
}

/* While somebody has it open, nothing is finished. */
static void
test_writer(void **state)
{
	struct bench *bench = *state;
	int fd;

	bench_start(bench);
	fd = bench_open_to_write(bench, "a");
	close(fd);
	bench_put(bench, "a", 1, 2);
	bench_let_age();
	bench_spin(bench);
	fd = bench_open_to_write(bench, "a");
	bench_tick(bench, 0);
	bench_tick(bench, IDLE + 1);
	bench_tick(bench, 1001);
	bench_assert_events("follow a");
	close(fd);
	bench_spin(bench);
	/* Writers are asked for once a second. */
	bench_tick(bench, 500);
	bench_assert_events("");
	bench_tick(bench, 501);
	bench_tick(bench, 0);
	bench_assert_events("finish a");
}

static void
test_writer_unknown(void **state)
{
	struct bench *bench = *state;

	/* There are no leases; that it was renamed tells nothing of who has it open. */
	bench->broker.probe_errno = bench->broker.change_errno = ENOLCK;
	finish_one(bench);
	assert_true(bench_has(bench->in, "a"));
	assert_true(bench->follow->warned);
	bench_tick(bench, 9000);
	assert_true(bench_has(bench->in, "a"));
	bench->broker.probe_errno = bench->broker.change_errno = 0;
	bench_tick(bench, 1001);
	wait_for(bench, 3);
	assert_false(bench_has(bench->in, "a"));
}

/* Only when it is to be done. */
static void
test_writer_unknown_at_last(void **state)
{
	struct bench *bench = *state;

	bench->broker.change_errno = ENOLCK;
	finish_one(bench);
	bench_tick(bench, 9000);
	assert_int_equal(bench->broker.changes, 1);
	bench_tick(bench, 1001);
	assert_int_equal(bench->broker.changes, 2);
}

/* Changes. */

static void
test_cannot_be_done(void **state)
{
	struct bench *bench = *state;

	bench->broker.change_errno = EACCES;
	finish_one(bench);
	assert_int_equal(bench->broker.changes, 1);
	bench_tick(bench, 20000);
	assert_int_equal(bench->broker.changes, 1);
	assert_true(TAILQ_EMPTY(&bench->follow->completions));
	assert_int_equal(follow_outcome(bench->follow), OUTCOME_OK);
}

/* Its status is another, but its content is what was delivered. */
static void
test_touched(void **state)
{
	struct bench *bench = *state;
	char *a = bench_path(bench, "a");

	bench->broker.change_errno = ETXTBSY;
	finish_one(bench);
	bench->broker.change_errno = 0;
	assert_int_equal(chmod(a, 0640), 0);
	bench_let_age();
	bench_tick(bench, 1001);
	wait_for(bench, 4);
	assert_false(bench_has(bench->in, "a"));
	bench_assert_got(bench, "a/1 a/2 a/3");
	free(a);
}

/* Written in its place between the last read and the completion. */
static void
test_rewritten(void **state)
{
	struct bench *bench = *state;

	bench->broker.change_errno = ETXTBSY;
	finish_one(bench);
	bench->broker.change_errno = 0;
	bench_assert_got(bench, "a/1 a/2 a/3");
	bench_put(bench, "a", 5, 6);
	bench_let_age();
	bench_spin(bench);
	bench_tick(bench, 1001);
	bench_tick(bench, 0);
	/* It is another capture now, and read before anything is done to it. */
	bench_assert_got(bench, "a/1 a/2");
	assert_true(bench_has(bench->in, "a"));
	assert_true(TAILQ_EMPTY(&bench->follow->completions));
	bench_tick(bench, IDLE);
	wait_for(bench, 4);
	assert_false(bench_has(bench->in, "a"));
}

/* The news of it has not come: only comparing tells. */
static void
test_compared(void **state)
{
	struct bench *bench = *state;
	struct completion *completion;

	uint64_t serial;

	bench->broker.change_errno = ETXTBSY;
	finish_one(bench);
	completion = TAILQ_FIRST(&bench->follow->completions);
	assert_non_null(completion);
	serial = completion->serial;
	completion->is_sure = false;
	bench_tick(bench, 1001);
	/* It is what was delivered. */
	completion = TAILQ_FIRST(&bench->follow->completions);
	assert_int_equal(completion->serial, serial);
	assert_true(completion->is_sure);
	completion->is_sure = false;
	completion->mark.text[0] = completion->mark.text[0] == '0' ? '1' : '0';
	bench_tick(bench, 1001);
	/* It is not: that is given up. It is looked at anew, and the registry knows it. */
	for (int i = 0; i < 3; i++)
		bench_tick(bench, 0);
	completion = TAILQ_FIRST(&bench->follow->completions);
	assert_non_null(completion);
	assert_true(completion->serial > serial);
	assert_int_equal(watch_find(bench->follow->watch, "a")->state,
	    WATCH_DONE);
}

static void
test_gone(void **state)
{
	struct bench *bench = *state;

	bench->broker.change_errno = ETXTBSY;
	finish_one(bench);
	bench_unlink(bench, "a");
	bench_spin(bench);
	bench_tick(bench, 1001);
	bench_tick(bench, 1001);
	assert_true(TAILQ_EMPTY(&bench->follow->completions));
	assert_int_equal(bench->broker.changes, 1);
	assert_int_equal(follow_outcome(bench->follow), OUTCOME_OK);
}

static void
test_renamed(void **state)
{
	struct bench *bench = *state;
	char *a = bench_path(bench, "a"), *z = bench_path(bench, "z");

	bench->watching.after.kind = AFTER_MOVE;
	bench->broker.change_errno = ETXTBSY;
	finish_one(bench);
	bench->broker.change_errno = 0;
	assert_int_equal(rename(a, z), 0);
	bench_let_age();
	bench_spin(bench);
	wait_for(bench, 6);
	assert_true(bench_has(bench->done, "z"));
	bench_assert_got(bench, "a/1 a/2 a/3");
	free(a);
	free(z);
}

/* Read a moment after it was written, its status tells nothing. */
static void
test_young(void **state)
{
	struct bench *bench = *state;

	bench_start(bench);
	bench_put(bench, "a", 1, 2);
	bench_spin(bench);
	bench_tick(bench, 0);
	bench_tick(bench, IDLE + 1);
	for (int i = 0; i < 3; i++)
		bench_tick(bench, 0);
	assert_true(bench_has(bench->in, "a"));
	bench_let_age();
	/* What somebody writes to is not compared. */
	bench->broker.probe_errno = ETXTBSY;
	wait_for(bench, 5);
	assert_int_equal(bench->broker.changes, 0);
	bench->broker.probe_errno = 0;
	wait_for(bench, 5);
	assert_false(bench_has(bench->in, "a"));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, bench_teardown)

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		TEST(test_deleted),
		TEST(test_closed_while_read),
		TEST(test_moved),
		TEST(test_nothing),
		TEST(test_not_before_delivered),
		TEST(test_rejected),
		TEST(test_undissected),
		TEST(test_bad_end),
		TEST(test_count_reached),
		TEST(test_stopped),
		TEST(test_known),
		TEST(test_known_as_incomplete),
		TEST(test_busy),
		TEST(test_writer),
		TEST(test_writer_unknown),
		TEST(test_writer_unknown_at_last),
		TEST(test_cannot_be_done),
		TEST(test_touched),
		TEST(test_rewritten),
		TEST(test_compared),
		TEST(test_gone),
		TEST(test_renamed),
		TEST(test_young),
	};

	return cmocka_run_group_tests_name("follow_after", tests, NULL, NULL);
}
