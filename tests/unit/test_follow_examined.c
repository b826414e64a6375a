/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Tests of watch/follow_begin.c: what is examined and when that ends, and which files wait for another. The table is in
 * test_follow_known.c.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "following.h"
#include "following_known.h"
#include "watch/file_id.h"

/* What is unfinished. */

/* What was delivered of it is left out, if its content says that it is still there. */
static void
test_unfinished_is_examined(void **state)
{
	struct bench *bench = *state;

	bench_put(bench, "a", 1, 2);
	bench_let_age();
	bench_start(bench);
	follow_stop(bench->follow);
	for (int i = 0; i < 3; i++)
		bench_tick(bench, 0);
	bench_assert_registry(bench, "*a:partial 2/0 -");
	bench_restart(bench);
	for (int i = 0; i < 3; i++)
		bench_tick(bench, 6000);
	assert_non_null(TAILQ_FIRST(&bench->follow->open));
	assert_true(TAILQ_FIRST(&bench->follow->open)->examination.is_done);
	assert_int_equal(TAILQ_FIRST(&bench->follow->open)->known.packets, 2);
	bench_assert_got(bench, "");
}

/* Of version 1 the size is all that there is to go by. */
static void
test_unfinished_of_version_1(void **state)
{
	struct bench *bench = *state;
	struct folder_entry entry;
	char id[CAPTURE_ID_LEN], *path = bench_path(bench, "a");
	FILE *file;
	int fd;

	/* Another capture with the same first packet is known by its content. */
	know(bench, 9);
	bench_close(bench);
	bench->watching.watcher = NULL;
	bench_put(bench, "a", 1, 3);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	assert_int_equal(file_id_of(fd, id), 0);
	assert_int_equal(folder_status(fd, &entry), 0);
	close(fd);
	file = fopen(bench->registry, "ae");
	assert_non_null(file);
	fprintf(file, "%s %" PRIu64 ":%" PRIu64 " %" PRIu64 " 1 partial 1 a\n",
	    id, entry.dev, entry.inode, entry.size);
	assert_int_equal(fclose(file), 0);
	bench_start(bench);
	bench_assert_events("follow a");
	bench_assert_got(bench, "a/2 a/3");
	assert_false(TAILQ_FIRST(&bench->follow->open)->examination.is_done);
	free(path);
}

/* Examining. */

static void
test_same_beginning_of_another_capture(void **state)
{
	struct bench *bench = *state;
	char id[CAPTURE_ID_LEN], *path = bench_path(bench, "b");
	FILE *file;
	int fd;

	know(bench, 3);
	bench_close(bench);
	bench->watching.watcher = NULL;
	bench_put(bench, "b", 1, 1);
	fd = bench_open_to_write(bench, "b");
	bench_append(fd, 7, 8);
	close(fd);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	assert_int_equal(file_id_of(fd, id), 0);
	close(fd);
	/* That nothing is known of its content must not be taken for that. */
	file = fopen(bench->registry, "ae");
	assert_non_null(file);
	fprintf(file, "%s 1:1 1 2 delivered 1 x\n", id);
	assert_int_equal(fclose(file), 0);
	bench_start(bench);
	for (int i = 0; i < 3; i++)
		bench_tick(bench, 6000);
	bench_assert_got(bench, "b/1 b/2 b/3");
	free(path);
}

/* While it is examined it is read by nobody else, and how it is then counts. */
static void
test_examined_once(void **state)
{
	struct bench *bench = *state;
	const struct reading *reading;
	int fd;

	know(bench, 3);
	bench_put(bench, "b", 1, 2);
	fd = bench_open_to_write(bench, "b");
	bench_spin(bench);
	for (int i = 0; i < 3; i++)
		bench_tick(bench, 0);
	assert_int_equal(bench->follow->examining_count, 1);
	assert_int_equal(bench->follow->serial, 1);
	assert_int_equal(file_of(bench, "b")->state, WATCH_READING);
	reading = TAILQ_FIRST(&bench->follow->examining);
	assert_int_equal(reading->head.len, reading->file->entry.size);
	bench_append(fd, 8, 9);
	close(fd);
	bench_spin(bench);
	bench_tick(bench, 0);
	bench_tick(bench, 1101);
	bench_tick(bench, 0);
	bench_assert_events("follow b");
	assert_int_equal(bench->follow->examining_count, 0);
	reading = TAILQ_FIRST(&bench->follow->open);
	assert_int_equal(reading->entry.size, reading->file->entry.size);
	bench_assert_got(bench, "b/1 b/2 b/3 b/4");
}

/* A copy that somebody has open is waited for, until it counts as finished. */
static void
test_examined_while_somebody_writes(void **state)
{
	struct bench *bench = *state;
	int fd;

	know(bench, 3);
	bench_put(bench, "b", 1, 1);
	fd = bench_open_to_write(bench, "b");
	bench_append(fd, 2, 2);
	bench_spin(bench);
	bench_tick(bench, 0);
	bench_tick(bench, 6000);
	bench_tick(bench, IDLE + 1);
	bench_tick(bench, 0);
	assert_int_equal(bench->follow->examining_count, 1);
	bench_assert_events("");
	bench_put(bench, "c", 11, 11);
	bench_spin(bench);
	bench_tick(bench, 0);
	bench_tick(bench, 0);
	assert_int_equal(bench->follow->examining_count, 0);
	assert_non_null(strstr(doubles.events, " b"));
	close(fd);
}

/* Who writes is not known: one that is there at the start. */
static void
test_examined_with_an_unknown_writer(void **state)
{
	struct bench *bench = *state;

	know(bench, 3);
	bench_close(bench);
	bench->watching.watcher = NULL;
	bench->config.jobs = 1;
	bench_put(bench, "b", 1, 2);
	bench_start(bench);
	bench_tick(bench, 4500);
	bench_tick(bench, 0);
	assert_int_equal(bench->follow->examining_count, 1);
	bench_tick(bench, 501);
	bench_tick(bench, 0);
	assert_int_equal(bench->follow->examining_count, 0);
	bench_assert_events("follow b");
}

/* It is not waited for so long if another file waits for its place, which that does not get before. */
static void
test_examined_while_another_waits(void **state)
{
	struct bench *bench = *state;

	know(bench, 3);
	bench_close(bench);
	bench->watching.watcher = NULL;
	bench->config.jobs = 1;
	bench_put(bench, "b", 1, 2);
	bench_put(bench, "c", 11, 11);
	bench_start(bench);
	bench_tick(bench, 500);
	bench_tick(bench, 0);
	assert_int_equal(bench->follow->examining_count, 1);
	bench_assert_events("");
	bench_tick(bench, 501);
	bench_tick(bench, 0);
	assert_int_equal(bench->follow->examining_count, 0);
	bench_assert_events("follow b");
}

/* Others are read while one waits to grow. */
static void
test_others_begin_meanwhile(void **state)
{
	struct bench *bench = *state;

	know(bench, 3);
	bench_put(bench, "b", 1, 2);
	bench_put(bench, "c", 11, 11);
	bench_spin(bench);
	bench_tick(bench, 0);
	bench_tick(bench, 0);
	assert_int_equal(bench->follow->examining_count, 1);
	bench_assert_events("follow c");
}

/* A damaged copy of a capture that was whole is no copy of it. */
static void
test_damaged_copy(void **state)
{
	struct bench *bench = *state;

	know(bench, 3);
	bench_put(bench, ".b", 1, 3);
	append_bytes(bench, ".b", "half a record");
	{
		char *from = bench_path(bench, ".b"), *to = bench_path(bench, "b");

		assert_int_equal(rename(from, to), 0);
		free(from);
		free(to);
	}
	bench_spin(bench);
	bench_tick(bench, 0);
	bench_assert_events("");
	for (int i = 0; i < 3; i++)
		bench_tick(bench, 6000);
	assert_non_null(strstr(doubles.events, " b"));
	bench_assert_got(bench, "");
}

/* What was damaged then is no better as a copy. */
static void
test_copy_of_a_damaged_one(void **state)
{
	struct bench *bench = *state;

	bench_put(bench, "z", 1, 3);
	append_bytes(bench, "z", "half a record");
	bench_start(bench);
	read_all(bench);
	/* A file that ends within a record is finished when another came. */
	bench_put(bench, "y", 11, 11);
	bench_spin(bench);
	read_all(bench);
	bench_unlink(bench, "z");
	bench_restart(bench);
	bench_put(bench, "b", 1, 3);
	append_bytes(bench, "b", "half a record");
	bench_spin(bench);
	bench_tick(bench, 0);
	assert_int_equal(bench->follow->examining_count, 1);
	for (int i = 0; i < 3; i++)
		bench_tick(bench, 6000);
	assert_null(strstr(doubles.events, " b"));
	assert_int_equal(file_of(bench, "b")->state, WATCH_DONE);
}

/* Nothing is waited for in a file that is finished when its turn comes. */
static void
test_damaged_copy_that_is_finished(void **state)
{
	struct bench *bench = *state;

	know(bench, 3);
	bench_close(bench);
	bench->watching.watcher = NULL;
	bench->config.jobs = 1;
	doubles.hold = true;
	bench_put(bench, "a", 11, 11);
	bench_start(bench);
	bench_put(bench, "b", 1, 3);
	append_bytes(bench, "b", "half a record");
	bench_spin(bench);
	bench_put(bench, "c", 21, 21);
	bench_spin(bench);
	bench_tick(bench, 2000);
	doubles.hold = false;
	double_end(doubles.list[doubles.count - 1]);
	bench_spin(bench);
	bench_assert_events("follow a, read b, follow c");
}

/* No packet yet. */

/* Nothing is known, and nothing on its way, that it could be a copy of. */
static void
test_not_postponed_without_others(void **state)
{
	struct bench *bench = *state;

	bench_put(bench, "b", 1, 0);
	bench_start(bench);
	bench_assert_events("follow b");
}

static void
test_postponed_while_another_is_delivered(void **state)
{
	struct bench *bench = *state;

	bench->keep_acks = true;
	bench_put(bench, "a", 1, 2);
	bench_start(bench);
	read_all(bench);
	assert_true(TAILQ_EMPTY(&bench->follow->open));
	assert_false(TAILQ_EMPTY(&bench->follow->delivering));
	bench_put(bench, "b", 1, 0);
	bench_spin(bench);
	bench_tick(bench, 0);
	bench_assert_events("");
	assert_true(file_of(bench, "b")->is_postponed);
}

static void
test_postponed_while_another_is_read(void **state)
{
	struct bench *bench = *state;

	bench_put(bench, "a", 1, 2);
	bench_start(bench);
	bench_put(bench, "b", 1, 0);
	bench_spin(bench);
	bench_tick(bench, 0);
	bench_assert_events("follow a");
	assert_true(file_of(bench, "b")->is_postponed);
}

/* Two that have no packet are not taken for each other. */
static void
test_two_without_a_packet(void **state)
{
	struct bench *bench = *state;
	int fd;

	bench_put(bench, ".a", 1, 0);
	bench_start(bench);
	fd = bench_open_to_write(bench, "a");
	{
		struct buffer bytes;

		buffer_init(&bytes, 64);
		capfile_header(&bytes, CAPFILE_ETHERNET);
		capfile_write(fd, bytes.data, bytes.len);
		buffer_release(&bytes);
	}
	bench_spin(bench);
	bench_tick(bench, 0);
	bench_assert_events("follow a");
	bench_put(bench, "b", 1, 0);
	bench_spin(bench);
	bench_tick(bench, 0);
	bench_assert_events("");
	bench_tick(bench, 1101);
	bench_assert_events("follow b");
	close(fd);
}

/* Held. */

/* The first packet comes when it has begun. */
static void
test_held_for_one_that_began_empty(void **state)
{
	struct bench *bench = *state;
	int fd;

	bench_put(bench, "a", 1, 0);
	fd = bench_open_to_write(bench, "a");
	bench_start(bench);
	bench_assert_events("follow a");
	bench_append(fd, 1, 2);
	bench_spin(bench);
	bench_tick(bench, 0);
	bench_put(bench, "b", 1, 2);
	bench_spin(bench);
	bench_tick(bench, 0);
	bench_assert_events("");
	assert_true(file_of(bench, "b")->is_held);
	close(fd);
}

/* It is looked at again from time to time, and only then. */
static void
test_held_for_a_moment(void **state)
{
	struct bench *bench = *state;
	const struct watch_file *b;
	int64_t left;
	int fd;

	bench_put(bench, "a", 1, 2);
	fd = bench_open_to_write(bench, "a");
	bench_start(bench);
	bench_put(bench, "b", 1, 2);
	bench_spin(bench);
	bench_tick(bench, 0);
	b = file_of(bench, "b");
	left = b->held_until - watcher_time().now;
	assert_true(b->is_held && left > 0 && left <= 500);
	/* One reading of each. */
	assert_int_equal(bench->follow->serial, 2);
	bench_tick(bench, 100);
	assert_int_equal(bench->follow->serial, 2);
	bench_tick(bench, 500);
	assert_int_equal(bench->follow->serial, 3);
	bench_assert_events("follow a");
	close(fd);
}

/* One that grows on and on does not hold up the other. */
static void
test_not_held_for_ever(void **state)
{
	struct bench *bench = *state;
	int fd;

	bench_put(bench, "a", 1, 2);
	fd = bench_open_to_write(bench, "a");
	bench_start(bench);
	bench_put(bench, "b", 1, 2);
	bench_spin(bench);
	bench_tick(bench, 0);
	bench_assert_events("follow a");
	for (uint32_t n = 3; n < 5; n++) {
		bench_append(fd, n, n);
		bench_spin(bench);
		bench_tick(bench, IDLE / 2 - 1000);
		bench_assert_events("");
	}
	bench_append(fd, 5, 5);
	bench_spin(bench);
	bench_tick(bench, 3000);
	bench_assert_events("read b");
	close(fd);
}

/* But one that is being finished is waited for. */
static void
test_held_until_the_other_is_finished(void **state)
{
	struct bench *bench = *state;
	int fd;

	bench_put(bench, "a", 1, 2);
	fd = bench_open_to_write(bench, "a");
	bench_start(bench);
	TAILQ_FIRST(&bench->follow->open)->finishing = true;
	bench_put(bench, "b", 1, 2);
	bench_spin(bench);
	bench_tick(bench, 0);
	bench_assert_events("follow a");
	for (uint32_t n = 3; n < 9; n++) {
		bench_append(fd, n, n);
		bench_spin(bench);
		bench_tick(bench, IDLE / 2 - 1000);
		bench_assert_events("");
	}
	close(fd);
}

/* Of two copies one is examined at a time. */
static void
test_held_for_one_that_is_examined(void **state)
{
	struct bench *bench = *state;

	know(bench, 3);
	bench_put(bench, "b", 1, 2);
	bench_put(bench, "c", 1, 2);
	bench_spin(bench);
	bench_tick(bench, 0);
	bench_tick(bench, 0);
	assert_int_equal(bench->follow->examining_count, 1);
	assert_true(file_of(bench, "c")->is_held);
}

/*
 * One that nobody has written to for long is finished for the other, though somebody has it open: whether that is so is
 * asked at that moment.
 */
static void
hold_for_idle(struct bench *bench, bool has_rest, const char *wanted, unsigned probes)
{
	int fd;

	bench->watching.after.kind = AFTER_DELETE;
	bench->broker.probe_errno = ETXTBSY;
	bench_put(bench, "a", 1, 2);
	fd = bench_open_to_write(bench, "a");
	bench_start(bench);
	if (has_rest)
		append_bytes(bench, "a", "half a record");
	bench_append(fd, 3, 2); /* nothing: a is only open */
	bench_spin(bench);
	bench_tick(bench, 0);
	bench_put(bench, "b", 1, 2);
	bench_spin(bench);
	doubles.events[0] = '\0';
	bench->broker.probes = 0;
	bench_tick(bench, IDLE + 1);
	bench_assert_events(wanted);
	assert_int_equal(bench->broker.probes, probes);
	close(fd);
}

static void
test_idle_is_finished_for_another(void **state)
{
	/* By looking at a; for b; before a is compared, to be deleted. */
	hold_for_idle(*state, false, "finish a", 3);
}

static void
test_idle_within_a_record(void **state)
{
	hold_for_idle(*state, true, "", 1);
}

#define TEST(name) \
	cmocka_unit_test_setup_teardown(name, bench_setup, bench_teardown)
#define OMIT(name) \
	cmocka_unit_test_setup_teardown(name, setup_omit, bench_teardown)

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		OMIT(test_unfinished_is_examined),
		OMIT(test_unfinished_of_version_1),
		OMIT(test_same_beginning_of_another_capture),
		OMIT(test_examined_once),
		OMIT(test_examined_while_somebody_writes),
		OMIT(test_examined_with_an_unknown_writer),
		OMIT(test_examined_while_another_waits),
		OMIT(test_others_begin_meanwhile),
		OMIT(test_damaged_copy),
		OMIT(test_copy_of_a_damaged_one),
		TEST(test_damaged_copy_that_is_finished),
		OMIT(test_not_postponed_without_others),
		OMIT(test_postponed_while_another_is_delivered),
		OMIT(test_postponed_while_another_is_read),
		OMIT(test_two_without_a_packet),
		OMIT(test_held_for_one_that_began_empty),
		OMIT(test_held_for_a_moment),
		OMIT(test_not_held_for_ever),
		OMIT(test_held_until_the_other_is_finished),
		OMIT(test_held_for_one_that_is_examined),
		OMIT(test_idle_is_finished_for_another),
		OMIT(test_idle_within_a_record),
	};

	return cmocka_run_group_tests_name("follow_examined", tests, NULL, NULL);
}
