/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Tests of watch/follow_begin.c: captures that are in the registry under another name, or as another version wrote it.
 * The table is in test_follow_known.c.
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

static void
copy(struct bench *bench, const char *from, const char *to)
{
	char *command = xasprintf("cp '%s/%s' '%s/%s'", bench->in, from,
	    bench->in, to);

	assert_int_equal(system(command), 0);
	free(command);
}

/* Other names. */

static void
test_copy(void **state)
{
	struct bench *bench = *state;

	bench_put(bench, "a", 1, 3);
	bench_let_age();
	bench_start(bench);
	read_all(bench);
	bench_assert_events("follow a, finish a");
	copy(bench, "a", "b");
	bench_let_age();
	bench_spin(bench);
	read_all(bench);
	bench_assert_events("");
	bench_assert_got(bench, "a/1 a/2 a/3");
	bench_assert_registry(bench,
	    "*a:delivered 3/0 -, *b:delivered 3/0 -");
}

static void
test_renamed(void **state)
{
	struct bench *bench = *state;
	char *a = bench_path(bench, "a"), *b = bench_path(bench, "b");

	bench_put(bench, "a", 1, 3);
	bench_start(bench);
	read_all(bench);
	assert_int_equal(rename(a, b), 0);
	bench_restart(bench);
	read_all(bench);
	bench_assert_events("");
	free(a);
	free(b);
}

/* One that begins like another, and goes on. */
static void
test_longer_copy(void **state)
{
	struct bench *bench = *state;

	bench_put(bench, "a", 1, 2);
	bench_start(bench);
	read_all(bench);
	bench_put(bench, "b", 1, 4);
	bench_spin(bench);
	read_all(bench);
	bench_assert_got(bench, "a/1 a/2 b/1 b/2 b/3 b/4");
}

static void
test_longer_copy_omit(void **state)
{
	struct bench *bench = *state;

	bench_put(bench, "a", 1, 2);
	bench_start(bench);
	read_all(bench);
	bench_put(bench, "b", 1, 4);
	bench_spin(bench);
	read_all(bench);
	bench_assert_got(bench, "a/1 a/2 b/3 b/4");
}

/* A copy on its way is waited for: it need not be what is known. */
static void
test_copy_that_grows(void **state)
{
	struct bench *bench = *state;
	int fd;

	bench_put(bench, "a", 1, 3);
	bench_start(bench);
	read_all(bench);
	bench_assert_events("follow a, finish a");
	bench_put(bench, "b", 1, 1);
	fd = bench_open_to_write(bench, "b");
	bench_append(fd, 2, 2);
	bench_spin(bench);
	bench_tick(bench, 0);
	bench_tick(bench, 3000);
	bench_assert_events("");
	bench_append(fd, 3, 3);
	close(fd);
	bench_spin(bench);
	bench_tick(bench, 0);
	bench_tick(bench, 2000);
	bench_tick(bench, 0);
	bench_assert_events("");
	bench_assert_got(bench, "a/1 a/2 a/3");
	assert_int_equal(watch_find(bench->follow->watch, "b")->state,
	    WATCH_DONE);
}

static void
test_copy_that_does_not_grow(void **state)
{
	struct bench *bench = *state;

	bench_put(bench, "a", 1, 3);
	bench_start(bench);
	read_all(bench);
	bench_put(bench, "b", 1, 2);
	bench_spin(bench);
	bench_tick(bench, 0);
	assert_int_equal(bench->follow->examining_count, 1);
	bench_tick(bench, 2000);
	bench_tick(bench, 0);
	/* All of it is known: that it ends earlier does not matter. */
	bench_tick(bench, IDLE);
	bench_tick(bench, 0);
	assert_int_equal(bench->follow->examining_count, 0);
	bench_assert_got(bench, "a/1 a/2 a/3 b/1 b/2");
}

static void
test_stop_while_examining(void **state)
{
	struct bench *bench = *state;

	bench_put(bench, "a", 1, 3);
	bench_start(bench);
	read_all(bench);
	bench_put(bench, "b", 1, 2);
	bench_spin(bench);
	bench_tick(bench, 0);
	assert_int_equal(bench->follow->examining_count, 1);
	follow_stop(bench->follow);
	assert_int_equal(bench->follow->examining_count, 0);
	assert_int_equal(watch_find(bench->follow->watch, "b")->state,
	    WATCH_WAITING);
	bench_tick(bench, 0);
	assert_int_equal(bench->ends, 1);
}

static void
test_rewritten_while_examined(void **state)
{
	struct bench *bench = *state;

	bench_put(bench, "a", 1, 3);
	bench_start(bench);
	read_all(bench);
	bench_put(bench, "b", 1, 2);
	bench_spin(bench);
	bench_tick(bench, 0);
	assert_int_equal(bench->follow->examining_count, 1);
	bench_put(bench, "b", 7, 8);
	bench_spin(bench);
	bench_tick(bench, 0);
	bench_tick(bench, 0);
	bench_tick(bench, 0);
	bench_assert_got(bench, "a/1 a/2 a/3 b/1 b/2");
}

/* Two names of one capture at the same time. */
static void
test_held(void **state)
{
	struct bench *bench = *state;

	bench->keep_acks = true;
	bench_put(bench, "a", 1, 2);
	bench_put(bench, "b", 1, 2);
	bench_start(bench);
	bench_tick(bench, 0);
	bench_assert_events("follow a");
	read_all(bench);
	/* a has been read, but is not in the registry yet. */
	bench_assert_events("finish a");
	bench_acknowledge(bench);
	for (int i = 0; i < 4; i++)
		bench_tick(bench, 600);
	bench_assert_events("");
	bench_assert_got(bench, "a/1 a/2");
	bench_assert_registry(bench, "a:delivered 2/0 -, b:delivered 2/0 -");
}

/* A header only, of which nothing can be known. */
static void
test_postponed(void **state)
{
	struct bench *bench = *state;
	int fd;

	bench_put(bench, "a", 1, 2);
	bench_start(bench);
	read_all(bench);
	bench_assert_events("follow a, finish a");
	bench_put(bench, "b", 1, 0);
	fd = bench_open_to_write(bench, "b");
	bench_spin(bench);
	bench_tick(bench, 0);
	bench_assert_events("");
	assert_true(watch_find(bench->follow->watch, "b")->is_postponed);
	bench_append(fd, 9, 9);
	close(fd);
	bench_spin(bench);
	bench_tick(bench, 0);
	bench_assert_events("follow b");
	bench_assert_got(bench, "a/1 a/2 b/1");
}

static void
test_postponed_for_long(void **state)
{
	struct bench *bench = *state;

	bench_put(bench, "a", 1, 2);
	bench_start(bench);
	read_all(bench);
	doubles.events[0] = '\0';
	bench_put(bench, "b", 1, 0);
	bench_spin(bench);
	bench_tick(bench, 0);
	bench_assert_events("");
	bench_tick(bench, 900);
	bench_assert_events("");
	bench_tick(bench, 200);
	bench_tick(bench, 0);
	bench_assert_events("follow b");
}

/* Version 1 knows a capture by its first packet and its size. */
static void
test_version_1(void **state)
{
	struct bench *bench = *state;
	struct folder folder = { -1, -1, false };
	struct folder_entry entry;
	char id[CAPTURE_ID_LEN];
	struct buffer bytes;
	struct source *source;
	struct capture_record record;
	FILE *file;

	buffer_init(&bytes, 4096);
	capfile_make(&bytes, CAPFILE_ETHERNET, 1, 2);
	source = source_new(NULL, capfile_fd(&bytes));
	while (source_next(source, &record, NULL) == SOURCE_RECORD &&
	    !record.is_packet)
		;
	assert_int_equal(capture_id(&record, id), 0);
	source_free(source);
	buffer_release(&bytes);
	bench_put(bench, "a", 1, 2);
	folder.fd = open(bench->in, O_RDONLY | O_CLOEXEC);
	assert_int_equal(folder_look(&folder, "a", &entry), 0);
	close(folder.fd);
	file = fopen(bench->registry, "w");
	assert_non_null(file);
	fprintf(file,
	    "%shas read: \n%s %" PRIu64 ":%" PRIu64 " %" PRIu64
	    " 2 delivered 1 a\n",
	    REGISTRY_TITLE, id, entry.dev, entry.inode, entry.size);
	assert_int_equal(fclose(file), 0);
	bench_start(bench);
	read_all(bench);
	bench_assert_events("");
}

#define TEST(name) \
	cmocka_unit_test_setup_teardown(name, bench_setup, bench_teardown)
#define OMIT(name) \
	cmocka_unit_test_setup_teardown(name, setup_omit, bench_teardown)

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		TEST(test_copy),
		OMIT(test_copy),
		TEST(test_renamed),
		TEST(test_longer_copy),
		OMIT(test_longer_copy_omit),
		OMIT(test_copy_that_grows),
		OMIT(test_copy_that_does_not_grow),
		OMIT(test_stop_while_examining),
		OMIT(test_rewritten_while_examined),
		OMIT(test_held),
		OMIT(test_postponed),
		OMIT(test_postponed_for_long),
		TEST(test_version_1),
	};

	return cmocka_run_group_tests_name("follow_copies", tests, NULL, NULL);
}
