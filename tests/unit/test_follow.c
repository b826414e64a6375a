/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Tests of watch/follow.c and follow_begin.c: the files of a watched folder from being seen to having been read, with
 * real files and a dissection that is none (following.h). What the registry makes of a file is in test_follow_known.c,
 * what becomes of it in test_follow_after.c.
 *
 * A file:
 *
 *   state       event                                            next
 *   ----------  -----------------------------------------------  ------------------------------------------------------
 *   unseen      it is there, not hidden, a regular file          waiting, in the natural order of names
 *   waiting     it is empty                                      waiting
 *   waiting     its turn; fewer than --jobs are open, and of     reading: followed, or read at once if it is finished
 *               those before it all was read that is there
 *   waiting     it cannot be opened                              done: OUTCOME_INPUT
 *   waiting     it vanishes                                      lost: OUTCOME_INPUT, unless it has another name
 *   reading     it has grown                                     reading on
 *   reading     closed, and another came; idle; has vanished     finishing
 *   reading     idle, and another waits for its place            finishing
 *   reading     is shorter, or begins otherwise                  rewritten: stopped, then waiting
 *   finishing   its dissection has ended                         delivering; done
 *   delivering  every document has its place                     in the registry (test_follow_known.c)
 *   done        it changes, or is written to and closed          waiting
 *
 * The folder: watched; stopping (follow_stop, --count, --duration): what is open is stopped; lost: what is open is read
 * to its end. When nothing is open any more: ended, once.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "following.h"

/* Seeing. */

static void
test_files_that_are_there(void **state)
{
	struct bench *bench = *state;
	char *hidden = bench_path(bench, ".hidden"),
	     *link = bench_path(bench, "link"),
	     *folder = bench_path(bench, "folder");

	bench_put(bench, "cap10", 1, 1);
	bench_put(bench, "cap9", 1, 2);
	bench_put(bench, "cap11", 1, 3);
	bench_put(bench, ".hidden", 1, 1);
	assert_int_equal(symlink("cap9", link), 0);
	assert_int_equal(mkdir(folder, 0700), 0);
	bench_start(bench);
	bench_tick(bench, 0);
	bench_tick(bench, 0);
	/* In natural order, each when all of the one before has been read. */
	bench_assert_events("follow cap9, follow cap10, follow cap11");
	bench_assert_got(bench, "cap9/1 cap9/2 cap10/1 cap11/1 cap11/2 cap11/3");
	free(hidden);
	free(link);
	free(folder);
}

static void
test_order_waits_for_what_is_there(void **state)
{
	struct bench *bench = *state;

	doubles.hold = true;
	bench_put(bench, "a", 1, 1);
	bench_put(bench, "b", 1, 1);
	bench_start(bench);
	bench_tick(bench, 0);
	bench_assert_events("follow a");
	bench_release(bench);
	bench_tick(bench, 0);
	bench_assert_events("follow b");
	bench_assert_got(bench, "a/1 b/1");
}

static void
test_jobs(void **state)
{
	struct bench *bench = *state;

	bench->config.jobs = 2;
	bench_put(bench, "a", 1, 1);
	bench_put(bench, "b", 2, 2);
	bench_put(bench, "c", 3, 3);
	bench_start(bench);
	bench_tick(bench, 0);
	bench_tick(bench, 0);
	bench_assert_events("follow a, follow b");
	bench_tick(bench, IDLE + 1);
	bench_tick(bench, 0);
	bench_tick(bench, 0);
	bench_assert_events("finish a, finish b, follow c, finish c");
	assert_int_equal(doubles.count, 3);
}

/* One that is not known to be finished, as it is written to and none came later, makes room for one that waits. */
static void
test_idle_file_makes_room(void **state)
{
	struct bench *bench = *state;
	char *path = bench_path(bench, "a");
	int fd;

	bench->config.jobs = 1;
	bench_put(bench, "a", 1, 3);
	bench_put(bench, "b", 2, 2);
	bench_start(bench);
	assert_int_equal(truncate(path, CAPFILE_HEADER), 0);
	fd = bench_open_to_write(bench, "a");
	bench_append(fd, 4, 4);
	bench_spin(bench);
	bench_tick(bench, 0);
	bench_tick(bench, 0);
	bench_assert_events("follow a, stop a, follow a");
	bench_append(fd, 5, 5);
	bench_spin(bench);
	bench_tick(bench, IDLE - 1000);
	bench_tick(bench, 0);
	bench_assert_events("");
	bench_tick(bench, 2000);
	bench_tick(bench, 0);
	bench_tick(bench, 0);
	bench_assert_events("finish a, read b");
	close(fd);
	free(path);
}

static void
test_empty_file(void **state)
{
	struct bench *bench = *state;
	int fd = bench_open_to_write(bench, "a");

	bench_start(bench);
	bench_tick(bench, 0);
	bench_assert_events("");
	close(fd);
	bench_put(bench, "a", 1, 2);
	bench_spin(bench);
	bench_tick(bench, 0);
	bench_assert_events("follow a");
	bench_assert_got(bench, "a/1 a/2");
}

static void
test_file_that_comes(void **state)
{
	struct bench *bench = *state;

	bench_start(bench);
	bench_put(bench, "a", 1, 2);
	bench_tick(bench, 0);
	bench_tick(bench, 0);
	bench_assert_events("follow a");
	bench_assert_got(bench, "a/1 a/2");
}

/* A file whose turn has come, and that is known to be finished, is not followed. */
static void
test_finished_file(void **state)
{
	struct bench *bench = *state;
	struct timespec times[2] = { { .tv_sec = 1000000 },
		{ .tv_sec = 1000000 } };
	char *path = bench_path(bench, "a");

	bench_put(bench, "a", 1, 2);
	assert_int_equal(utimensat(AT_FDCWD, path, times, 0), 0);
	bench_put(bench, "b", 1, 1);
	bench_start(bench);
	bench_tick(bench, 0);
	bench_assert_events("read a, follow b");
	free(path);
}

static void
test_unreadable_file(void **state)
{
	struct bench *bench = *state;

	bench->broker.open_errno = EACCES;
	bench_put(bench, "a", 1, 1);
	bench_start(bench);
	bench_tick(bench, 0);
	bench_assert_events("");
	assert_int_equal(follow_outcome(bench->follow), OUTCOME_INPUT);
	/* It is not tried again until it changes. */
	bench->broker.open_errno = 0;
	bench_tick(bench, 1000);
	bench_assert_events("");
	bench_put(bench, "a", 1, 2);
	bench_spin(bench);
	bench_tick(bench, 0);
	bench_assert_got(bench, "a/1 a/2");
}

static void
test_file_that_is_gone(void **state)
{
	struct bench *bench = *state;

	bench->config.jobs = 1;
	doubles.hold = true;
	bench_put(bench, "a", 1, 1);
	bench_put(bench, "b", 1, 1);
	bench_start(bench);
	bench_unlink(bench, "b");
	bench_spin(bench);
	assert_int_equal(follow_outcome(bench->follow), OUTCOME_OK);
	bench_tick(bench, 0);
	assert_int_equal(follow_outcome(bench->follow), OUTCOME_INPUT);
	assert_int_equal(watch_count(bench->follow->watch), 1);
}

/* Nothing is lost that is still there under another name. */
static void
lose_link(struct bench *bench, const char *to)
{
	char *from = bench_path(bench, to), *name = bench_path(bench, "l");

	bench->config.jobs = 1;
	doubles.hold = true;
	bench_put(bench, "a", 1, 1);
	bench_put(bench, "b", 2, 2);
	assert_int_equal(link(from, name), 0);
	bench_start(bench);
	bench_unlink(bench, "l");
	bench_spin(bench);
	bench_tick(bench, 0);
	bench_assert_events("follow a");
	assert_int_equal(follow_outcome(bench->follow), OUTCOME_OK);
	free(from);
	free(name);
}

static void
test_link_to_one_that_is_read(void **state)
{
	lose_link(*state, "a");
}

static void
test_link_to_one_that_waits(void **state)
{
	lose_link(*state, "b");
}

/* Growing. */

static void
test_growing(void **state)
{
	struct bench *bench = *state;
	int fd;

	bench_put(bench, "a", 1, 1);
	fd = bench_open_to_write(bench, "a");
	bench_start(bench);
	bench_assert_got(bench, "a/1");
	bench_append(fd, 2, 3);
	bench_spin(bench);
	bench_tick(bench, 0);
	bench_assert_got(bench, "a/2 a/3");
	/* The writer has it open: it is not finished however long nothing comes. */
	bench_tick(bench, 10 * IDLE);
	bench_assert_events("follow a");
	close(fd);
	bench_spin(bench);
	bench_tick(bench, 0);
	bench_assert_events("finish a");
	bench_tick(bench, 0);
	bench_assert_registry(bench, "a:delivered 3/0 -");
}

static void
test_finished_when_another_comes(void **state)
{
	struct bench *bench = *state;

	bench_put(bench, "a", 1, 1);
	bench_start(bench);
	bench_put(bench, "b", 1, 1);
	bench_put(bench, "a", 1, 2);
	bench_spin(bench);
	bench_tick(bench, 0);
	/* Closed, and another came later. */
	bench_put(bench, "c", 1, 1);
	bench_spin(bench);
	doubles.events[0] = '\0';
	bench_tick(bench, 500);
	assert_null(strstr(doubles.events, "finish a"));
	bench_tick(bench, 600);
	assert_non_null(strstr(doubles.events, "finish a"));
	assert_non_null(strstr(doubles.events, "finish b"));
	assert_null(strstr(doubles.events, "finish c"));
}

static void
test_idle_file(void **state)
{
	struct bench *bench = *state;

	bench_put(bench, "a", 1, 1);
	bench_start(bench);
	bench_tick(bench, IDLE - 2000);
	bench_assert_events("follow a");
	bench_tick(bench, 2001);
	bench_assert_events("finish a");
	bench_tick(bench, 0);
	assert_int_equal(watch_find(bench->follow->watch, "a")->state,
	    WATCH_DONE);
	/* Once it is enough. */
	bench_tick(bench, IDLE);
	bench_assert_events("");
}

static void
test_file_that_vanishes_while_read(void **state)
{
	struct bench *bench = *state;

	bench_put(bench, "a", 1, 3);
	doubles.hold = true;
	bench_start(bench);
	bench_unlink(bench, "a");
	bench_spin(bench);
	bench_tick(bench, 0);
	/* Not before all of it that is there has been read. */
	bench_assert_events("follow a");
	bench_release(bench);
	bench_tick(bench, 0);
	bench_tick(bench, 0);
	bench_assert_got(bench, "a/1 a/2 a/3");
	bench_assert_events("finish a");
	assert_int_equal(follow_outcome(bench->follow), OUTCOME_OK);
	assert_int_equal(watch_count(bench->follow->watch), 0);
}

static void
test_renamed_while_read(void **state)
{
	struct bench *bench = *state;
	char *a = bench_path(bench, "a"), *z = bench_path(bench, "z");

	bench_put(bench, "a", 1, 1);
	bench_start(bench);
	assert_int_equal(rename(a, z), 0);
	bench_spin(bench);
	bench_tick(bench, IDLE + 1);
	bench_tick(bench, 0);
	bench_assert_events("follow a, finish a");
	bench_assert_got(bench, "a/1");
	assert_non_null(watch_find(bench->follow->watch, "z"));
	free(a);
	free(z);
}

/* A ring of fixed names: what was not read of the old one is lost. */
static void
test_cut_off(void **state)
{
	struct bench *bench = *state;

	bench_put(bench, "a", 1, 4);
	bench_start(bench);
	bench_assert_got(bench, "a/1 a/2 a/3 a/4");
	bench_put(bench, "a", 7, 8);
	bench_spin(bench);
	bench_tick(bench, 0);
	bench_tick(bench, 0);
	bench_assert_events("follow a, stop a, follow a");
	bench_assert_got(bench, "a/1 a/2");
	assert_int_equal(follow_outcome(bench->follow), OUTCOME_OK);
}

static void
test_written_anew(void **state)
{
	struct bench *bench = *state;

	bench_put(bench, "a", 1, 2);
	bench_start(bench);
	bench_assert_got(bench, "a/1 a/2");
	/* It is longer, and begins otherwise. */
	bench_put(bench, "a", 5, 9);
	bench_spin(bench);
	bench_tick(bench, 0);
	bench_tick(bench, 0);
	bench_assert_events("follow a, stop a, follow a");
	bench_assert_got(bench, "a/1 a/2 a/3 a/4 a/5");
}

static void
test_done_and_changed(void **state)
{
	struct bench *bench = *state;
	int fd;

	bench_put(bench, "a", 1, 1);
	bench_start(bench);
	bench_tick(bench, IDLE + 1);
	bench_tick(bench, 0);
	bench_assert_events("follow a, finish a");
	bench_assert_got(bench, "a/1");
	fd = bench_open_to_write(bench, "a");
	bench_append(fd, 2, 2);
	close(fd);
	bench_spin(bench);
	bench_tick(bench, 0);
	bench_tick(bench, 0);
	/* All of it: the server knows what it has. */
	bench_assert_got(bench, "a/1 a/2");
	bench_assert_events("follow a");
}

static void
test_done_and_renamed(void **state)
{
	struct bench *bench = *state;
	char *a = bench_path(bench, "a"), *z = bench_path(bench, "z");

	bench_put(bench, "a", 1, 1);
	bench_start(bench);
	bench_tick(bench, IDLE + 1);
	assert_int_equal(rename(a, z), 0);
	bench_spin(bench);
	assert_int_equal(watch_find(bench->follow->watch, "z")->state,
	    WATCH_DONE);
	free(a);
	free(z);
}

/* Damage does not get better by growing. */
static void
test_damaged(void **state)
{
	struct bench *bench = *state;
	int fd;

	bench_put(bench, "a", 1, 2);
	fd = bench_open_to_write(bench, "a");
	/* A record longer than any. */
	capfile_write(fd, "\1\2\3\4\1\2\3\4\377\377\377\177\377\377\377\177", 16);
	close(fd);
	bench_start(bench);
	bench_tick(bench, 0);
	bench_assert_got(bench, "a/1 a/2");
	assert_int_equal(follow_outcome(bench->follow), OUTCOME_INPUT);
	doubles.events[0] = '\0';
	fd = bench_open_to_write(bench, "a");
	bench_append(fd, 3, 3);
	close(fd);
	bench_spin(bench);
	assert_int_equal(watch_find(bench->follow->watch, "a")->state,
	    WATCH_DONE);
	bench_tick(bench, 0);
	bench_assert_events("");
}

#define TEST(name) \
	cmocka_unit_test_setup_teardown(name, bench_setup, bench_teardown)

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		TEST(test_files_that_are_there),
		TEST(test_order_waits_for_what_is_there),
		TEST(test_jobs),
		TEST(test_idle_file_makes_room),
		TEST(test_empty_file),
		TEST(test_file_that_comes),
		TEST(test_finished_file),
		TEST(test_unreadable_file),
		TEST(test_file_that_is_gone),
		TEST(test_link_to_one_that_is_read),
		TEST(test_link_to_one_that_waits),
		TEST(test_growing),
		TEST(test_finished_when_another_comes),
		TEST(test_idle_file),
		TEST(test_file_that_vanishes_while_read),
		TEST(test_renamed_while_read),
		TEST(test_cut_off),
		TEST(test_written_anew),
		TEST(test_done_and_changed),
		TEST(test_done_and_renamed),
		TEST(test_damaged),
	};

	return cmocka_run_group_tests_name("follow", tests, NULL, NULL);
}
