/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Tests of watch/follow_begin.c: files that wait while another is delivered, read or examined, and changes of one that
 * is examined. The table is in test_follow_known.c.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "following.h"
#include "following_known.h"

/* a has been read, and its documents are on their way. */
static void
deliver_one(struct bench *bench)
{
	bench->keep_acks = true;
	bench_put(bench, "a", 1, 3);
	bench_let_age();
	bench_start(bench);
	read_all(bench);
	assert_false(TAILQ_EMPTY(&bench->follow->delivering));
	assert_int_equal(bench->follow->serial, 1);
}

static void
touch(struct bench *bench, const char *name)
{
	char *path = bench_path(bench, name);

	assert_int_equal(chmod(path, 0640), 0);
	free(path);
	bench_spin(bench);
	assert_int_equal(file_of(bench, name)->state, WATCH_WAITING);
}

/* Only touched: the registry will know it. */
static void
test_touched_while_it_is_delivered(void **state)
{
	struct bench *bench = *state;

	deliver_one(bench);
	touch(bench, "a");
	bench_tick(bench, 0);
	assert_int_equal(bench->follow->serial, 1);
	bench_acknowledge(bench);
	for (int i = 0; i < 4; i++)
		bench_tick(bench, 0);
	assert_int_equal(bench->follow->serial, 2);
	bench_assert_events("");
	bench_assert_got(bench, "");
}

static void
grow_while_delivered(struct bench *bench)
{
	int fd;

	deliver_one(bench);
	fd = bench_open_to_write(bench, "a");
	bench_append(fd, 4, 4);
	close(fd);
	bench_spin(bench);
	bench_tick(bench, 0);
}

/* It has more: that is read at once, unless what is known has to be left out. */
static void
test_grown_while_it_is_delivered(void **state)
{
	struct bench *bench = *state;

	grow_while_delivered(bench);
	bench_assert_events("follow a");
}

static void
test_grown_while_it_is_delivered_omit(void **state)
{
	struct bench *bench = *state;

	grow_while_delivered(bench);
	assert_int_equal(bench->follow->serial, 1);
	bench_assert_events("");
}

static void
link_of(struct bench *bench, const char *from, const char *to)
{
	char *old = bench_path(bench, from), *new = bench_path(bench, to);

	assert_int_equal(link(old, new), 0);
	free(old);
	free(new);
	bench_spin(bench);
	bench_tick(bench, 0);
}

/* Another name of a file that is read. */
static void
test_link_while_it_is_read(void **state)
{
	struct bench *bench = *state;

	bench_put(bench, "a", 1, 3);
	bench_start(bench);
	link_of(bench, "a", "b");
	bench_assert_events("follow a, follow b");
}

static void
test_link_while_it_is_read_omit(void **state)
{
	struct bench *bench = *state;

	bench_put(bench, "a", 1, 3);
	bench_start(bench);
	link_of(bench, "a", "b");
	bench_assert_events("follow a");
	/* It was not even opened. */
	assert_int_equal(bench->follow->serial, 1);
}

static void
test_link_while_it_is_examined_omit(void **state)
{
	struct bench *bench = *state;

	know(bench, 3);
	bench_put(bench, "b", 1, 2);
	bench_spin(bench);
	bench_tick(bench, 0);
	assert_int_equal(bench->follow->examining_count, 1);
	link_of(bench, "b", "c");
	assert_int_equal(bench->follow->examining_count, 1);
	assert_int_equal(bench->follow->serial, 1);
}

/* What ends after that makes room for no other. */
static void
test_nothing_begins_after_a_stop(void **state)
{
	struct bench *bench = *state;

	bench->config.jobs = 1;
	bench_put(bench, "a", 1, 3);
	bench_put(bench, "b", 11, 13);
	bench_start(bench);
	bench_assert_events("follow a");
	follow_stop(bench->follow);
	bench_spin(bench);
	bench_tick(bench, 0);
	bench_assert_events("stop a");
	assert_int_equal(bench->follow->serial, 1);
}

/* The order is kept while the first is examined; then the next begins without delay. */
static void
test_order_while_one_is_examined(void **state)
{
	struct bench *bench = *state;

	bench_put(bench, "a", 1, 3);
	bench_start(bench);
	read_all(bench);
	bench_put(bench, "b", 11, 11);
	follow_close(bench->follow);
	bench_close(bench);
	bench_open(bench);
	bench->follow = follow_new(&bench->config);
	assert_int_equal(bench->follow->examining_count, 1);
	assert_true(TAILQ_EMPTY(&bench->follow->open));
	for (int i = 0; i < 3; i++)
		assert_int_not_equal(event_base_loop(loop_base(bench->loop), EVLOOP_NONBLOCK), -1);
	assert_int_equal(bench->follow->ticks, 0);
	bench_assert_events("follow b");
}

/* A file without a packet is not waited for if nothing is left out. */
static void
test_no_packet_is_not_postponed(void **state)
{
	struct bench *bench = *state;

	know(bench, 3);
	bench_put(bench, "b", 1, 0);
	bench_spin(bench);
	bench_tick(bench, 0);
	bench_assert_events("follow b");
}

static void
test_postponed_stays_so(void **state)
{
	struct bench *bench = *state;

	know(bench, 3);
	bench_put(bench, "b", 1, 0);
	bench_spin(bench);
	bench_tick(bench, 0);
	assert_true(file_of(bench, "b")->is_postponed);
	follow_look_at_examined(bench->follow);
	assert_int_equal(file_of(bench, "b")->state, WATCH_DONE);
	bench_skew += 1101;
	follow_look_at_examined(bench->follow);
	assert_int_equal(file_of(bench, "b")->state, WATCH_WAITING);
}

/* Changes of one that is examined. */

static struct reading *
examine_one(struct bench *bench, uint32_t known, uint32_t last)
{
	struct reading *reading;

	know(bench, known);
	bench_put(bench, "b", 1, last);
	bench_spin(bench);
	bench_tick(bench, 0);
	reading = TAILQ_FIRST(&bench->follow->examining);
	assert_non_null(reading);
	assert_true(reading->examination.waits);
	return reading;
}

/* Seen by looking at it: there are no news. It goes on, and waits again. */
static void
test_examined_goes_on_when_it_has_grown(void **state)
{
	struct bench *bench = *state;
	struct reading *reading = examine_one(bench, 4, 2);
	uint64_t size = reading->file->entry.size;

	reading->file->entry.size--;
	reading->examination.size--;
	follow_look_at_examined(bench->follow);
	assert_int_equal(reading->file->entry.size, size);
	assert_false(reading->examination.waits);
	bench_spin(bench);
	assert_ptr_equal(TAILQ_FIRST(&bench->follow->examining), reading);
	assert_true(reading->examination.waits);
	bench_assert_events("");
}

/* The same if the kernel tells of it first: another capture, which its writer keeps open. */
static void
test_examined_has_grown_by_the_news(void **state)
{
	struct bench *bench = *state;
	struct reading *reading = examine_one(bench, 3, 2);
	uint64_t size = reading->file->entry.size;
	int fd = bench_open_to_write(bench, "b");

	bench_append(fd, 8, 9);
	bench_spin(bench);
	assert_true(reading->file->entry.size > size);
	bench_tick(bench, 0);
	bench_tick(bench, 0);
	assert_true(TAILQ_EMPTY(&bench->follow->examining));
	bench_assert_events("follow b");
	close(fd);
}

/* One that nobody has written to for a while, and that ends within a record: it is not the whole of what was read. */
static void
test_examined_ends_within_a_record(void **state)
{
	struct bench *bench = *state;
	struct timespec times[2];
	int fd;

	know(bench, 3);
	bench_close(bench);
	bench->watching.watcher = NULL;
	bench_put(bench, "b", 1, 3);
	fd = bench_open_to_write(bench, "b");
	assert_int_equal(write(fd, "\1\2\3\4", 4), 4);
	clock_gettime(CLOCK_REALTIME, &times[0]);
	times[0].tv_sec -= 60;
	times[1] = times[0];
	assert_int_equal(futimens(fd, times), 0);
	close(fd);
	bench_start(bench);
	bench_tick(bench, 0);
	bench_tick(bench, 0);
	assert_true(TAILQ_EMPTY(&bench->follow->examining));
	bench_assert_events("follow from mark b");
}

/* Written anew in its place, at its beginning or elsewhere. */
static void
test_examined_begins_with_something_else(void **state)
{
	struct bench *bench = *state;
	struct reading *reading = examine_one(bench, 4, 2);
	char *path = bench_path(bench, "b");
	int fd = open(path, O_WRONLY | O_CLOEXEC);

	assert_int_equal(pwrite(fd, "x", 1, 60), 1);
	close(fd);
	assert_int_equal(reading->head.len, reading->file->entry.size);
	follow_look_at_examined(bench->follow);
	assert_int_equal(bench->follow->examining_count, 0);
	assert_int_equal(file_of(bench, "b")->state, WATCH_WAITING);
	free(path);
}

static void
test_examined_is_cut_off(void **state)
{
	struct bench *bench = *state;
	char *path = bench_path(bench, "b");

	(void)examine_one(bench, 40, 30);
	assert_int_equal(truncate(path, HEAD_LEN + 100), 0);
	follow_look_at_examined(bench->follow);
	assert_int_equal(bench->follow->examining_count, 0);
	assert_int_equal(file_of(bench, "b")->state, WATCH_WAITING);
	free(path);
}

#define TEST(name) \
	cmocka_unit_test_setup_teardown(name, bench_setup, bench_teardown)
#define OMIT(name) \
	cmocka_unit_test_setup_teardown(name, setup_omit, bench_teardown)

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		TEST(test_touched_while_it_is_delivered),
		TEST(test_grown_while_it_is_delivered),
		OMIT(test_grown_while_it_is_delivered_omit),
		TEST(test_link_while_it_is_read),
		OMIT(test_link_while_it_is_read_omit),
		OMIT(test_link_while_it_is_examined_omit),
		TEST(test_nothing_begins_after_a_stop),
		TEST(test_order_while_one_is_examined),
		TEST(test_no_packet_is_not_postponed),
		OMIT(test_postponed_stays_so),
		OMIT(test_examined_goes_on_when_it_has_grown),
		OMIT(test_examined_has_grown_by_the_news),
		OMIT(test_examined_ends_within_a_record),
		OMIT(test_examined_begins_with_something_else),
		OMIT(test_examined_is_cut_off),
	};

	return cmocka_run_group_tests_name("follow_held", tests, NULL, NULL);
}
