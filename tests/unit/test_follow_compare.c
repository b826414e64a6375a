/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Tests of watch/follow_after.c: what is compared, what is tried again and when, and what is said of it. The table is
 * in test_follow_after.c.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "following.h"
#include "messages.h"

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

/* Seen to be closed by its writer, finished and delivered; it stays, as change_errno says. */
static struct completion *
finish_one(struct bench *bench)
{
	char *hidden = bench_path(bench, ".a"), *a = bench_path(bench, "a");

	bench->broker.change_errno = ETXTBSY;
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
	assert_non_null(TAILQ_FIRST(&bench->follow->completions));
	return TAILQ_FIRST(&bench->follow->completions);
}

/* The same, and its status tells nothing any more. */
static struct completion *
finish_unsure(struct bench *bench)
{
	struct completion *completion = finish_one(bench);

	completion->is_sure = false;
	completion->next_ms = 0;
	return completion;
}

static struct watch_file *
file_of(const struct bench *bench, const char *name)
{
	struct watch_file *file = watch_find(bench->follow->watch, name);

	assert_non_null(file);
	return file;
}

static int64_t
wait_of(const struct completion *completion)
{
	return completion->next_ms - watcher_time().now;
}

/* What is said during a try. */
static const char *
try_now(struct bench *bench, struct messages *messages)
{
	bench->log.level = LOG_LEVEL_VERBOSE;
	messages_start(messages);
	follow_after_tick(bench->follow);
	(void)messages_end(messages);
	bench->log.level = LOG_LEVEL_QUIET;
	return messages->text;
}

/* Whether it is compared. */

/* Nobody knows whether it is written to if there is no lease, but if it was seen to be closed. */
static void
test_probes(void **state)
{
	static const struct {
		int reason;
		bool close_seen, is_compared;
		int64_t wait;
		bool is_said;
	} table[] = {
		{ 0, false, true, 0, false },
		{ ETXTBSY, false, false, 1000, false },
		{ ETXTBSY, true, false, 1000, false },
		{ ENOLCK, true, true, 0, false },
		{ EACCES, false, true, 0, false },
		{ ENOLCK, false, false, 10000, true },
		/* Once a run. */
		{ ENOLCK, false, false, 10000, false },
	};
	static struct messages messages;
	struct bench *bench = *state;
	struct completion *completion = finish_unsure(bench);

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		const char *said;

		bench->broker.probe_errno = table[i].reason;
		file_of(bench, "a")->close_seen = table[i].close_seen;
		completion->is_sure = false;
		completion->next_ms = 0;
		said = try_now(bench, &messages);
		assert_int_equal(completion->examine != NULL, table[i].is_compared);
		assert_int_equal(bench->follow->comparing, table[i].is_compared);
		if (!table[i].is_compared)
			assert_in_range(wait_of(completion), table[i].wait - 900, table[i].wait);
		assert_int_equal(strstr(said, "a: stays where it is: it is unknown whether a writer") != NULL,
		    table[i].is_said);
		/* It is what was delivered, and is not compared twice. */
		while (follow_after_work(bench->follow))
			continue;
		assert_null(completion->examine);
		assert_int_equal(bench->follow->comparing, 0);
		assert_int_equal(completion->is_sure, table[i].is_compared);
	}
}

static void
assert_dropped(struct bench *bench, const char *why)
{
	static struct messages messages;
	const char *said = try_now(bench, &messages);
	char *wanted = xasprintf("test: %s/a: not deleted: %s\n", bench->in, why);

	assert_string_equal(said, wanted);
	assert_true(TAILQ_EMPTY(&bench->follow->completions));
	assert_int_equal(bench->follow->comparing, 0);
	free(wanted);
}

static void
test_cannot_be_opened(void **state)
{
	struct bench *bench = *state;

	(void)finish_unsure(bench);
	bench->broker.open_errno = EACCES;
	assert_dropped(bench, "it has changed meanwhile");
}

static int
count_descriptors(void)
{
	int count = 0;

	for (int fd = 0; fd < 1024; fd++)
		count += fcntl(fd, F_GETFD) >= 0;
	return count;
}

/* Nothing of it is known that it could be compared with. The descriptor is closed again. */
static void
test_no_mark(void **state)
{
	struct bench *bench = *state;
	int before;

	finish_unsure(bench)->mark.len = 0;
	before = count_descriptors();
	assert_dropped(bench, "it has changed meanwhile");
	assert_int_equal(count_descriptors(), before);
}

/* A long file takes several turns. */
static void
test_long_comparison(void **state)
{
	struct bench *bench = *state;
	struct completion *completion = finish_one(bench);
	struct digest_mark mark = completion->mark;
	char path[] = "/tmp/test_follow_compare.XXXXXX";
	struct buffer bytes;
	int fd = mkstemp(path);

	assert_true(fd >= 0);
	assert_int_equal(unlink(path), 0);
	buffer_init(&bytes, 16 << 20);
	capfile_make(&bytes, CAPFILE_ETHERNET, 1, 100000);
	capfile_write(fd, bytes.data, bytes.len);
	buffer_release(&bytes);
	assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
	mark.len = 1 << 30;
	completion->examine = examine_new(fd, &mark, 1, false);
	bench->follow->comparing++;
	assert_true(follow_after_work(bench->follow));
	assert_non_null(completion->examine);
	assert_false(follow_after_work(bench->follow));
	assert_int_equal(bench->follow->comparing, 0);
}

/* How often it was closed when the comparison began: a later writer is noticed. */
static void
test_closed_while_it_is_compared(void **state)
{
	static struct messages messages;
	struct bench *bench = *state;
	struct completion *completion = finish_unsure(bench);

	file_of(bench, "a")->closes = 7;
	(void)try_now(bench, &messages);
	assert_non_null(completion->examine);
	assert_int_equal(completion->closes, 7);
	/* It is not tried meanwhile. */
	(void)try_now(bench, &messages);
	assert_int_equal(bench->broker.changes, 1);
	assert_int_equal(bench->follow->comparing, 1);
	while (follow_after_work(bench->follow))
		continue;
	assert_true(completion->is_sure);
	file_of(bench, "a")->closes = 8;
	(void)try_now(bench, &messages);
	assert_int_equal(bench->broker.changes, 1);
	assert_non_null(completion->examine);
	while (follow_after_work(bench->follow))
		continue;
	(void)try_now(bench, &messages);
	assert_int_equal(bench->broker.changes, 2);
}

/* Each has a descriptor: not all are compared at a time. */
static void
test_many_to_compare(void **state)
{
	static struct messages messages;
	struct bench *bench = *state;
	struct completion *completion;
	unsigned count = 0;

	bench->broker.change_errno = ETXTBSY;
	bench->config.jobs = 30;
	bench_start(bench);
	for (int i = 0; i < 20; i++) {
		char name[8];

		(void)snprintf(name, sizeof(name), "f%d", i);
		bench_put(bench, name, (uint32_t)i, (uint32_t)i);
	}
	bench_let_age();
	bench_spin(bench);
	bench_tick(bench, 0);
	bench_tick(bench, IDLE + 1);
	for (int i = 0; i < 4; i++)
		bench_tick(bench, 0);
	TAILQ_FOREACH(completion, &bench->follow->completions, next) {
		assert_null(completion->examine);
		completion->is_sure = false;
		completion->next_ms = 0;
		count++;
	}
	assert_int_equal(count, 20);
	(void)try_now(bench, &messages);
	assert_int_equal(bench->follow->comparing, 16);
	count = 0;
	TAILQ_FOREACH(completion, &bench->follow->completions, next)
		count += completion->examine != NULL;
	assert_int_equal(count, 16);
	/* Then the others have their turn. */
	while (follow_after_work(bench->follow))
		continue;
	assert_int_equal(bench->follow->comparing, 0);
	TAILQ_FOREACH(completion, &bench->follow->completions, next)
		if (completion->is_sure)
			completion->next_ms = INT64_MAX;
	(void)try_now(bench, &messages);
	assert_int_equal(bench->follow->comparing, 4);
}

/* What comes of it. */

/* Another content: it is read, and its status is not believed. */
static void
test_is_another(void **state)
{
	static struct messages messages;
	struct bench *bench = *state;
	struct completion *completion = finish_unsure(bench);
	struct watch_file *file = file_of(bench, "a");

	completion->mark.text[0] = completion->mark.text[0] == '0' ? '1' : '0';
	(void)try_now(bench, &messages);
	bench->log.level = LOG_LEVEL_NORMAL;
	messages_start(&messages);
	while (follow_after_work(bench->follow))
		continue;
	(void)messages_end(&messages);
	bench->log.level = LOG_LEVEL_QUIET;
	assert_non_null(strstr(messages.text, "a: not deleted: it was rewritten\n"));
	assert_int_equal(file->state, WATCH_WAITING);
	assert_true(file->is_doubtful);
	assert_true(TAILQ_EMPTY(&bench->follow->completions));
}

/* Unless it has been looked at since. */
static void
test_is_another_by_now(void **state)
{
	static struct messages messages;
	struct bench *bench = *state;
	struct completion *completion = finish_unsure(bench);
	struct watch_file *file = file_of(bench, "a");

	completion->mark.text[0] = completion->mark.text[0] == '0' ? '1' : '0';
	(void)try_now(bench, &messages);
	file->done.changed++;
	while (follow_after_work(bench->follow))
		continue;
	assert_int_equal(file->state, WATCH_DONE);
	assert_false(file->is_doubtful);
	assert_true(TAILQ_EMPTY(&bench->follow->completions));
}

/* It is being read: whoever does that decides. */
static void
test_is_another_and_is_read(void **state)
{
	static struct messages messages;
	struct bench *bench = *state;
	struct completion *completion = finish_unsure(bench);
	struct watch_file *file = file_of(bench, "a");

	completion->mark.text[0] = completion->mark.text[0] == '0' ? '1' : '0';
	(void)try_now(bench, &messages);
	file->state = WATCH_READING;
	while (follow_after_work(bench->follow))
		continue;
	assert_int_equal(file->state, WATCH_READING);
	assert_false(file->is_doubtful);
	file->state = WATCH_DONE;
}

/* The file has more, whole or not, and nobody has noticed. */
static void
assert_longer_is_another(struct bench *bench, bool is_whole)
{
	static struct messages messages;
	struct completion *completion = finish_unsure(bench);
	int fd = bench_open_to_write(bench, "a");

	if (is_whole)
		bench_append(fd, 4, 4);
	else
		assert_int_equal(write(fd, "half", 4), 4);
	close(fd);
	completion->next_ms = 0;
	(void)try_now(bench, &messages);
	assert_int_equal(bench->follow->comparing, 1);
	while (follow_after_work(bench->follow))
		continue;
	assert_true(TAILQ_EMPTY(&bench->follow->completions));
	assert_int_equal(file_of(bench, "a")->state, WATCH_WAITING);
}

static void
test_is_longer(void **state)
{
	assert_longer_is_another(*state, true);
}

static void
test_is_longer_within_a_record(void **state)
{
	assert_longer_is_another(*state, false);
}

/* Changed a moment ago: a later change need not show, and it is compared again. */
static void
test_compared_too_early(void **state)
{
	static struct messages messages;
	struct bench *bench = *state;
	struct completion *completion = finish_unsure(bench);
	char *a = bench_path(bench, "a");

	assert_int_equal(chmod(a, 0640), 0);
	(void)try_now(bench, &messages);
	assert_int_equal(bench->follow->comparing, 1);
	while (follow_after_work(bench->follow))
		continue;
	assert_false(completion->is_sure);
	assert_in_range(wait_of(completion), 100, 1000);
	free(a);
}

/* What is tried again. */

/* It is said once that somebody has it open. */
static void
test_busy_is_said_once(void **state)
{
	static struct messages messages;
	struct bench *bench = *state;
	struct completion *completion = finish_one(bench);

	assert_true(completion->told);
	completion->told = false;
	completion->next_ms = 0;
	assert_non_null(strstr(try_now(bench, &messages), "a: not deleted yet: it is open for writing\n"));
	assert_in_range(wait_of(completion), 100, 1000);
	completion->next_ms = 0;
	assert_string_equal(try_now(bench, &messages), "");
	assert_int_equal(bench->broker.changes, 3);
}

static void
test_unknown_at_last_is_said(void **state)
{
	static struct messages messages;
	struct bench *bench = *state;
	struct completion *completion = finish_one(bench);

	bench->broker.change_errno = ENOLCK;
	completion->next_ms = 0;
	assert_non_null(strstr(try_now(bench, &messages), "a: stays where it is: it is unknown"));
	assert_in_range(wait_of(completion), 9000, 10000);
}

/* The file waits to be looked at, or is being read. */
static void
test_not_while_it_is_read(void **state)
{
	static struct messages messages;
	struct bench *bench = *state;
	struct completion *completion = finish_one(bench);
	struct watch_file *file = file_of(bench, "a");

	completion->next_ms = 0;
	file->state = WATCH_READING;
	(void)try_now(bench, &messages);
	assert_int_equal(bench->broker.changes, 1);
	assert_in_range(wait_of(completion), 100, 1000);
	file->state = WATCH_DONE;
}

/*
 * That of a file which an earlier run has read waits until the file is finished. That of one which this run has
 * finished does not: it may have come to be so otherwise.
 */
static void
test_not_before_it_is_finished(void **state)
{
	static struct messages messages;
	struct bench *bench = *state;
	struct completion *completion = finish_one(bench);
	struct watch_file *file = file_of(bench, "a");

	completion->waits = true;
	completion->next_ms = 0;
	file->changed = watcher_time().now;
	(void)try_now(bench, &messages);
	assert_int_equal(bench->broker.changes, 1);
	assert_in_range(wait_of(completion), 100, 1000);
	completion->waits = false;
	completion->next_ms = 0;
	(void)try_now(bench, &messages);
	assert_int_equal(bench->broker.changes, 2);
}

/* Without a lease it goes by that. */
static void
test_what_the_broker_is_told(void **state)
{
	static struct messages messages;
	struct bench *bench = *state;
	struct completion *completion = finish_one(bench);

	for (int i = 0; i < 2; i++) {
		file_of(bench, "a")->close_seen = i == 1;
		completion->next_ms = 0;
		bench->broker.closed = i == 0;
		(void)try_now(bench, &messages);
		assert_int_equal(bench->broker.closed, i == 1);
	}
}

/* Which reading counts. */

static struct completion
copy_of(const struct completion *completion, uint64_t serial)
{
	struct completion copy = *completion;

	copy.serial = serial;
	copy.next_ms = INT64_MAX;
	copy.examine = NULL;
	return copy;
}

/* A file has one completion: that of its last reading. */
static void
test_the_last_reading_counts(void **state)
{
	struct bench *bench = *state;
	struct completion first = copy_of(finish_one(bench), 5), other;
	char *name = xstrdup(first.name), *shown = xstrdup(first.shown);

	first.name = name;
	first.shown = shown;
	follow_after_add(bench->follow, &first);
	assert_int_equal(TAILQ_FIRST(&bench->follow->completions)->serial, 5);
	assert_null(TAILQ_NEXT(TAILQ_FIRST(&bench->follow->completions), next));
	/* Its documents were delivered later than those of a later reading. */
	other = copy_of(&first, 4);
	follow_after_add(bench->follow, &other);
	assert_int_equal(TAILQ_FIRST(&bench->follow->completions)->serial, 5);
	/* The same reading again, or another file. */
	other = copy_of(&first, 5);
	other.waits = true;
	follow_after_add(bench->follow, &other);
	assert_true(TAILQ_FIRST(&bench->follow->completions)->waits);
	other = copy_of(&first, 3);
	other.entry.inode++;
	follow_after_add(bench->follow, &other);
	assert_non_null(TAILQ_NEXT(TAILQ_FIRST(&bench->follow->completions), next));
	other = copy_of(&first, 2);
	other.entry.dev++;
	follow_after_add(bench->follow, &other);
	assert_int_equal(TAILQ_LAST(&bench->follow->completions, completions)->serial, 2);
	free(name);
	free(shown);
}

static void
test_forgotten_when_it_is_read_again(void **state)
{
	struct bench *bench = *state;
	struct folder_entry entry = finish_one(bench)->entry, other = entry;

	other.inode++;
	follow_after_forget(bench->follow, &other);
	assert_false(TAILQ_EMPTY(&bench->follow->completions));
	other = entry;
	other.dev++;
	follow_after_forget(bench->follow, &other);
	assert_false(TAILQ_EMPTY(&bench->follow->completions));
	follow_after_forget(bench->follow, &entry);
	assert_true(TAILQ_EMPTY(&bench->follow->completions));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, bench_teardown)

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		TEST(test_probes),
		TEST(test_cannot_be_opened),
		TEST(test_no_mark),
		TEST(test_long_comparison),
		TEST(test_closed_while_it_is_compared),
		TEST(test_what_the_broker_is_told),
		TEST(test_many_to_compare),
		TEST(test_is_another),
		TEST(test_is_another_by_now),
		TEST(test_is_another_and_is_read),
		TEST(test_is_longer),
		TEST(test_is_longer_within_a_record),
		TEST(test_compared_too_early),
		TEST(test_busy_is_said_once),
		TEST(test_unknown_at_last_is_said),
		TEST(test_not_while_it_is_read),
		TEST(test_not_before_it_is_finished),
		TEST(test_the_last_reading_counts),
		TEST(test_forgotten_when_it_is_read_again),
	};

	return cmocka_run_group_tests_name("follow_compare", tests, NULL, NULL);
}
