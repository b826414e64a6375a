/* SPDX-License-Identifier: BSD-2-Clause */
/* Tests of watch/watch.c: order of names, and when a file is finished. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "watch/watch.h"

#define IDLE 60000

/* A file seen at `now` that was written to then. */
static struct watch_file *
see(struct watch *watch, const char *name, uint64_t inode, uint64_t size,
    int64_t now)
{
	struct folder_entry entry = { .dev = 1,
		.inode = inode,
		.size = size,
		.modified = now * 1000000,
		.changed = now * 1000000 };
	struct watch_time time = { now, now * 1000000 };

	return watch_seen(watch, name, &entry, &time);
}

static void
test_names(void **state)
{
	static const char *const names[] = { "0cap", "cap", "cap.pcap",
		"cap1", "cap01x", "cap2", "cap10", "cap10a", "cap_00002_x",
		"cap_00010_a", "d" };

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		for (size_t k = 0; k < sizeof(names) / sizeof(names[0]); k++) {
			int order = watch_compare(names[i], names[k]);

			assert_int_equal((order > 0) - (order < 0),
			    (i > k) - (i < k));
		}
	assert_true(watch_compare("a1", "a01") != 0);
	assert_true(watch_is_hidden(".x"));
	assert_false(watch_is_hidden("x"));
}

static void
test_order(void **state)
{
	struct watch *watch = watch_new(IDLE, false);

	(void)state;
	assert_null(watch_next(watch));
	see(watch, "cap10", 1, 5, 0);
	see(watch, "cap9", 2, 5, 0);
	see(watch, "cap1", 3, 0, 0);
	/* What is empty may become something yet. */
	assert_string_equal(watch_next(watch)->name, "cap9");
	watch_set(watch_next(watch), WATCH_READING);
	assert_string_equal(watch_next(watch)->name, "cap10");
	see(watch, "cap1", 3, 1, 5);
	assert_string_equal(watch_next(watch)->name, "cap1");
	watch_missing(watch, "cap1");
	assert_string_equal(watch_next(watch)->name, "cap10");
	assert_string_equal(watch_lost(watch)->name, "cap1");
	watch_forget(watch, watch_lost(watch));
	assert_null(watch_lost(watch));
	assert_int_equal(watch_count(watch), 2);
	watch_free(watch);
}

static void
test_finished(void **state)
{
	struct watch *watch = watch_new(IDLE, false);
	struct watch_file *file = see(watch, "a", 1, 5, 1000);

	(void)state;
	/* Whoever wrote it may do so again. */
	assert_false(watch_is_finished(watch, file, false, 1000 + IDLE - 1));
	assert_true(watch_is_finished(watch, file, false, 1000 + IDLE));
	assert_false(watch_is_finished(watch, file, true, 1000 + 9 * IDLE));
	watch_set_writer(watch, "a", WATCH_WRITER_OPEN);
	assert_false(watch_is_finished(watch, file, false, 1000 + 9 * IDLE));
	watch_set_writer(watch, "a", WATCH_WRITER_CLOSED);
	assert_false(watch_is_finished(watch, file, true, 1000 + IDLE - 1));
	assert_true(watch_is_finished(watch, file, true, 1000 + IDLE));
	/* Another one comes after it. */
	see(watch, "0", 2, 0, 2000);
	assert_false(watch_is_finished(watch, file, true, 1500));
	assert_true(watch_is_finished(watch, file, true, 2000));
	watch_forget_writers(watch);
	assert_false(watch_is_finished(watch, file, true, 2000));
	assert_true(watch_is_finished(watch, file, true, 11000));
	watch_set_writer(watch, "a", WATCH_WRITER_OPEN);
	assert_false(watch_is_finished(watch, file, false, 11000));
	assert_true(watch_is_finished(watch, file, false, 1000 + IDLE));
	assert_true(watch_is_idle(watch, file, 1000 + IDLE));
	see(watch, "a", 1, 6, 1000 + IDLE);
	assert_false(watch_is_finished(watch, file, false, 1001 + IDLE));
	assert_false(watch_is_idle(watch, file, 1001 + IDLE));
	watch_missing(watch, "a");
	assert_true(watch_is_finished(watch, file, false, 1001 + IDLE));
	watch_free(watch);
}

/* What is to be deleted must not be somebody's who is only slow. */
static void
test_careful(void **state)
{
	struct watch *watch = watch_new(IDLE, true);
	struct watch_file *file = see(watch, "a", 1, 5, 0);

	(void)state;
	assert_false(watch_is_finished(watch, file, false, 9 * IDLE));
	see(watch, "b", 2, 5, 1);
	assert_true(watch_is_finished(watch, file, false, 9 * IDLE));
	watch_free(watch);
}

/* Files that were there long before are not waited for; a clock that differs a little is no age. */
static void
test_age(void **state)
{
	struct watch *watch = watch_new(IDLE, false);
	struct folder_entry entry = {
		.dev = 1, .inode = 1, .size = 5, .modified = 0
	};
	struct watch_time time = { 100, (int64_t)IDLE * 1000000 };
	struct watch_file *file = watch_seen(watch, "old", &entry, &time);

	(void)state;
	assert_true(watch_is_finished(watch, file, false, 100));
	entry.inode = 2;
	entry.modified = time.real - 9000000000;
	file = watch_seen(watch, "newer", &entry, &time);
	assert_int_equal(file->changed, 100);
	entry.inode = 3;
	entry.modified = time.real + 9000000000;
	file = watch_seen(watch, "future", &entry, &time);
	assert_int_equal(file->changed, 100);
	watch_free(watch);
}

static void
test_done(void **state)
{
	struct watch *watch = watch_new(IDLE, false);
	struct watch_file *file = see(watch, "a", 1, 5, 0);

	(void)state;
	watch_set(file, WATCH_DONE);
	see(watch, "a", 1, 5, 0);
	assert_null(watch_next(watch));
	see(watch, "a", 1, 6, 1);
	assert_ptr_equal(watch_next(watch), file);
	watch_set(file, WATCH_DONE);
	/* Damage does not go away by what comes after it. */
	file->is_spoiled = true;
	see(watch, "a", 1, 7, 2);
	assert_null(watch_next(watch));
	see(watch, "a", 1, 4, 3);
	assert_ptr_equal(watch_next(watch), file);
	assert_false(file->is_spoiled);
	watch_free(watch);
}

/* A ring of fixed names: the first is written anew, and is the last then. */
static void
test_ring(void **state)
{
	struct watch *watch = watch_new(IDLE, false);
	struct watch_file *first = see(watch, "cap0", 1, 9, 0),
			  *last = see(watch, "cap1", 2, 9, 0);

	(void)state;
	watch_set(first, WATCH_DONE);
	watch_set_writer(watch, "cap1", WATCH_WRITER_CLOSED);
	assert_false(watch_is_finished(watch, last, false, 5000));
	see(watch, "cap0", 1, 1, 5000);
	assert_true(watch_is_finished(watch, last, false, 5000));
	assert_ptr_equal(watch_next(watch), first);
	watch_free(watch);
}

static void
test_renamed(void **state)
{
	struct watch *watch = watch_new(IDLE, false);
	struct watch_file *file = see(watch, "a.tmp", 1, 5, 0), *other;

	(void)state;
	watch_set(file, WATCH_READING);
	watch_missing(watch, "a.tmp");
	assert_ptr_equal(see(watch, "a.pcap", 1, 6, 1), file);
	assert_string_equal(file->name, "a.pcap");
	assert_true(file->is_here);
	assert_null(watch_find(watch, "a.tmp"));
	/* Another file under the name: the old one is gone, and still read. */
	other = see(watch, "a.pcap", 2, 3, 2);
	assert_ptr_not_equal(other, file);
	assert_false(file->is_here);
	assert_ptr_equal(watch_find(watch, "a.pcap"), other);
	/* The number of the file is used again, by one that is no continuation. */
	watch_set(file, WATCH_DONE);
	assert_ptr_not_equal(see(watch, "b", 1, 2, 3), file);
	watch_tidy(watch);
	assert_int_equal(watch_count(watch), 2);
	watch_free(watch);
}

static void
test_scan(void **state)
{
	struct watch *watch = watch_new(IDLE, false);
	struct watch_file *reading;

	(void)state;
	see(watch, "a", 1, 5, 0);
	reading = see(watch, "b", 2, 5, 0);
	watch_set(reading, WATCH_READING);
	watch_begin_scan(watch);
	see(watch, "c", 3, 5, 0);
	watch_end_scan(watch);
	assert_null(watch_find(watch, "a"));
	assert_false(reading->is_here);
	watch_forget(watch, watch_lost(watch));
	watch_tidy(watch);
	/* What is being read is not forgotten. */
	assert_int_equal(watch_count(watch), 2);
	assert_string_equal(watch_at(watch, 1)->name, "c");
	watch_free(watch);
}

/* Who could write to a file that is done may have done so without a trace: it is looked at. */
static void
test_closed(void **state)
{
	struct watch *watch = watch_new(IDLE, false);
	struct watch_file *file = see(watch, "a", 1, 5, 0);

	(void)state;
	watch_closed(watch, "none");
	watch_closed(watch, "a");
	assert_true(file->close_seen && !file->is_doubtful);
	assert_int_equal(file->closes, 1);
	watch_set(file, WATCH_READING);
	watch_closed(watch, "a");
	assert_int_equal(file->state, WATCH_READING);
	watch_set(file, WATCH_DONE);
	watch_set_writer(watch, "a", WATCH_WRITER_OPEN);
	assert_false(file->close_seen);
	watch_closed(watch, "a");
	assert_int_equal(file->closes, 3);
	assert_true(file->is_doubtful && file->close_seen);
	assert_ptr_equal(watch_next(watch), file);
	watch_set(file, WATCH_DONE);
	assert_false(file->is_doubtful);
	file->is_spoiled = true;
	watch_closed(watch, "a");
	assert_null(watch_next(watch));
	watch_forget_writers(watch);
	assert_false(file->close_seen);
	watch_free(watch);
}

static void
test_put_off(void **state)
{
	struct watch *watch = watch_new(IDLE, false);
	struct watch_file *held = see(watch, "a", 1, 5, 0),
			  *postponed = see(watch, "b", 2, 5, 0);
	struct folder_entry entry = { .dev = 1, .inode = 2 };
	size_t i = 0;

	(void)state;
	held->is_held = true;
	assert_ptr_equal(watch_next(watch), postponed);
	watch_set(postponed, WATCH_DONE);
	postponed->is_postponed = true;
	assert_null(watch_next(watch));
	assert_ptr_equal(watch_postponed(watch, &i), postponed);
	assert_null(watch_postponed(watch, &i));
	watch_release(watch, 0);
	assert_ptr_equal(watch_next(watch), held);
	see(watch, "b", 2, 6, 1);
	assert_false(postponed->is_postponed);
	assert_int_equal(postponed->state, WATCH_WAITING);
	/* A file by its number, as long as it has a name. */
	assert_ptr_equal(watch_find_inode(watch, &entry), postponed);
	watch_missing(watch, "b");
	assert_null(watch_find_inode(watch, &entry));
	entry.dev = 2;
	entry.inode = 1;
	assert_null(watch_find_inode(watch, &entry));
	watch_free(watch);
}

static void
test_hold(void **state)
{
	struct watch *watch = watch_new(IDLE, false);
	struct watch_file *first = see(watch, "a", 1, 5, 0),
			  *link = see(watch, "b", 1, 5, 0), *other = see(watch, "c", 2, 5, 0);
	struct folder_entry entry = first->entry;

	(void)state;
	watch_hold(watch, &entry, true);
	assert_true(first->is_held && link->is_held && !other->is_held);
	watch_release(watch, 0);
	assert_false(first->is_held || link->is_held);
	entry.size++;
	watch_hold(watch, &entry, true);
	assert_false(first->is_held || link->is_held);
	watch_hold(watch, &entry, false);
	assert_true(first->is_held && link->is_held && !other->is_held);
	/* For a while. */
	link->held_until = 100;
	watch_release(watch, 99);
	assert_true(!first->is_held && link->is_held);
	watch_release(watch, 100);
	assert_false(link->is_held);
	link->held_since = 50;
	watch_set(link, WATCH_READING);
	assert_true(link->held_until == 0 && link->held_since == 0);
	watch_free(watch);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_order),
		cmocka_unit_test(test_finished),
		cmocka_unit_test(test_careful),
		cmocka_unit_test(test_age),
		cmocka_unit_test(test_done),
		cmocka_unit_test(test_ring),
		cmocka_unit_test(test_renamed),
		cmocka_unit_test(test_scan),
		cmocka_unit_test(test_closed),
		cmocka_unit_test(test_put_off),
		cmocka_unit_test(test_hold)
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
