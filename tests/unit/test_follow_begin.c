/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Tests of watch/follow_begin.c: its questions to a file (head, writers), how a file begins, and what a skipped one
 * leaves. The tables are in test_follow_known.c and test_follow_after.c.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "following.h"
#include "following_known.h"
#include "messages.h"
#include "watch/file_id.h"

static const struct completion *
completion_of(const struct bench *bench)
{
	const struct completion *completion = TAILQ_FIRST(&bench->follow->completions);

	assert_non_null(completion);
	assert_null(TAILQ_NEXT(completion, next));
	return completion;
}

static struct reading *
open_one(struct bench *bench, const char *name)
{
	bench_put(bench, name, 1, 2);
	bench_start(bench);
	assert_non_null(TAILQ_FIRST(&bench->follow->open));
	return TAILQ_FIRST(&bench->follow->open);
}

/* The first bytes of a file. */

static struct reading head;

static int
setup_head(void **state)
{
	char path[] = "/tmp/test_follow_begin.XXXXXX";

	(void)state;
	memset(&head, 0, sizeof(head));
	head.fd = mkstemp(path);
	return head.fd < 0 ? -1 : unlink(path);
}

static int
teardown_head(void **state)
{
	(void)state;
	return close(head.fd);
}

/* So many bytes, of which one is another. */
static bool
head_with(size_t len, size_t other)
{
	char bytes[HEAD_LEN];

	memset(bytes, 'a', sizeof(bytes));
	if (other < len)
		bytes[other] = 'b';
	assert_int_equal(ftruncate(head.fd, 0), 0);
	assert_int_equal(pwrite(head.fd, bytes, len, 0), len);
	return follow_has_same_head(&head);
}

#define NO_OTHER HEAD_LEN

static void
test_head_that_grows(void **state)
{
	(void)state;
	assert_true(head_with(10, NO_OTHER));
	assert_int_equal(head.head.len, 10);
	assert_true(head_with(40, NO_OTHER));
	assert_int_equal(head.head.len, 40);
	assert_true(head_with(HEAD_LEN, NO_OTHER));
	assert_int_equal(head.head.len, HEAD_LEN);
}

static void
test_head_that_shrinks(void **state)
{
	(void)state;
	assert_true(head_with(40, NO_OTHER));
	assert_false(head_with(39, NO_OTHER));
	/* It is still the same if that was temporary. */
	assert_true(head_with(40, NO_OTHER));
}

/* Bytes 16 to 23 may be the length of a section. */
static void
test_head_that_changes(void **state)
{
	(void)state;
	assert_true(head_with(100, NO_OTHER));
	for (size_t i = 0; i < 16; i++)
		assert_false(head_with(100, i));
	for (size_t i = 24; i < 100; i++)
		assert_false(head_with(100, i));
	for (size_t i = 16; i < 24; i++)
		assert_true(head_with(100, i));
	/* What was not there before is not compared, and from now on is. */
	assert_true(head_with(200, 150));
	assert_false(head_with(200, NO_OTHER));
}

static void
test_short_head_that_changes(void **state)
{
	(void)state;
	assert_true(head_with(8, NO_OTHER));
	assert_false(head_with(8, 7));
	assert_true(head_with(20, 8));
	assert_false(head_with(20, 9));
	assert_true(head_with(24, 8));
	assert_true(head_with(25, 8));
	assert_false(head_with(25, 24));
}

/* Nothing is said of a disk that does not answer: the dissection finds out. */
static void
test_head_that_cannot_be_read(void **state)
{
	(void)state;
	assert_true(head_with(40, NO_OTHER));
	close(head.fd);
	head.fd = open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_true(head.fd >= 0);
	assert_true(follow_has_same_head(&head));
	assert_int_equal(head.head.len, 40);
}

static void
test_the_head_is_remembered(void **state)
{
	struct bench *bench = *state;
	const struct reading *reading = open_one(bench, "a");

	assert_int_equal(reading->head.len, reading->file->entry.size);
}

/* Writers. */

static void
test_nobody_asks_without_a_completion(void **state)
{
	struct bench *bench = *state;
	struct reading *reading = open_one(bench, "a");

	assert_false(follow_has_writer(reading));
	assert_int_equal(bench->broker.probes, 0);
}

/* A lease: nobody writes; else it depends on the reason that there is none. */
static void
test_answers_about_writers(void **state)
{
	static const struct {
		int reason;
		bool close_seen, has_writer, is_sure;
	} table[] = {
		{ 0, false, false, true },
		{ 0, true, false, true },
		{ ETXTBSY, false, true, false },
		{ ETXTBSY, true, true, false },
		{ ENOLCK, false, false, false },
		{ ENOLCK, true, false, true },
		{ EACCES, false, false, false },
		{ EACCES, true, false, false },
	};
	struct bench *bench = *state;
	struct reading *reading;

	bench->watching.after.kind = AFTER_DELETE;
	reading = open_one(bench, "a");
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		bench->broker.probe_errno = table[i].reason;
		reading->file->close_seen = table[i].close_seen;
		reading->is_sure = !table[i].is_sure;
		reading->asked = 0;
		assert_int_equal(follow_has_writer(reading), table[i].has_writer);
		assert_int_equal(reading->is_sure, table[i].is_sure);
	}
}

/* For a second the answer is that there may be one. */
static void
test_writers_are_asked_for_once_a_second(void **state)
{
	struct bench *bench = *state;
	struct reading *reading;
	unsigned probes;

	bench->watching.after.kind = AFTER_DELETE;
	reading = open_one(bench, "a");
	reading->asked = 0;
	assert_false(follow_has_writer(reading));
	probes = bench->broker.probes;
	assert_true(follow_has_writer(reading));
	bench_skew += 900;
	assert_true(follow_has_writer(reading));
	assert_int_equal(bench->broker.probes, probes);
	bench_skew += 101;
	assert_false(follow_has_writer(reading));
	assert_int_equal(bench->broker.probes, probes + 1);
}

static void
test_a_file_that_is_gone_has_no_writer(void **state)
{
	struct bench *bench = *state;
	struct reading *reading;

	bench->watching.after.kind = AFTER_DELETE;
	bench->broker.probe_errno = ETXTBSY;
	reading = open_one(bench, "a");
	reading->asked = 0;
	reading->file->is_here = false;
	assert_false(follow_has_writer(reading));
	assert_int_equal(bench->broker.probes, 0);
	reading->file->is_here = true;
}

/* How it begins. */

static void
test_names(void **state)
{
	struct bench *bench = *state;
	const struct reading *reading;
	char *shown = xasprintf("%s/a", bench->in);

	(void)strcat(bench->in, "/");
	reading = open_one(bench, "a");
	assert_string_equal(reading->shown, shown);
	assert_string_equal(reading->name, "a");
	free(shown);
}

/* b is finished when a makes room for it: a was read meanwhile. */
static const struct reading *
begin_late(struct bench *bench)
{
	bench->config.jobs = 1;
	doubles.hold = true;
	bench_put(bench, "a", 11, 11);
	bench_start(bench);
	bench_put(bench, "b", 1, 3);
	bench_spin(bench);
	bench_put(bench, "c", 21, 21);
	bench_spin(bench);
	bench_tick(bench, 2000);
	bench_assert_events("follow a");
	doubles.hold = false;
	double_end(doubles.list[0]);
	doubles.hold = true;
	bench_spin(bench);
	assert_non_null(TAILQ_FIRST(&bench->follow->open));
	return TAILQ_FIRST(&bench->follow->open);
}

static void
test_finished_when_it_begins(void **state)
{
	struct bench *bench = *state;
	const struct reading *reading = begin_late(bench);

	bench_assert_events("read b");
	assert_true(reading->finishing);
	assert_int_equal(reading->closes, 1);
}

static void
test_written_to_when_it_begins(void **state)
{
	struct bench *bench = *state;
	const struct reading *reading;

	bench->watching.after.kind = AFTER_DELETE;
	bench->broker.probe_errno = ETXTBSY;
	reading = begin_late(bench);
	bench_assert_events("follow b");
	assert_false(reading->finishing);
}

static void
test_gone_before_it_is_opened(void **state)
{
	struct bench *bench = *state;

	bench->broker.open_errno = ENOENT;
	bench_put(bench, "a", 1, 2);
	bench_start(bench);
	assert_int_equal(follow_outcome(bench->follow), OUTCOME_OK);
	assert_null(watch_find(bench->follow->watch, "a"));
	bench_assert_events("");
}

static size_t
count_done(const struct bench *bench)
{
	size_t count = 0;

	for (size_t i = 0; i < watch_count(bench->follow->watch); i++)
		count += watch_at(bench->follow->watch, i)->state == WATCH_DONE;
	return count;
}

/* Others have their turn between those that are only looked at. */
static void
test_many_that_are_known(void **state)
{
	struct bench *bench = *state;
	struct folder folder = { -1, -1, false };
	char id[CAPTURE_ID_LEN];
	FILE *file = fopen(bench->registry, "we");

	assert_non_null(file);
	fprintf(file, "%shas read: \n", REGISTRY_TITLE);
	folder.fd = open(bench->in, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	/* Of version 1, of another size each: one of the same is taken for the same. */
	for (uint32_t i = 0; i < 205; i++) {
		struct folder_entry entry;
		char name[16];
		int fd;

		(void)snprintf(name, sizeof(name), "f%u", i);
		bench_put(bench, name, 1, 1 + i);
		fd = folder_open(&folder, name);
		assert_int_equal(file_id_of(fd, id), 0);
		assert_int_equal(folder_status(fd, &entry), 0);
		close(fd);
		fprintf(file, "%s %" PRIu64 ":%" PRIu64 " %" PRIu64 " 1 delivered 1 %s\n",
		    id, entry.dev, entry.inode, entry.size, name);
	}
	close(folder.fd);
	assert_int_equal(fclose(file), 0);
	bench_open(bench);
	bench->follow = follow_new(&bench->config);
	assert_int_equal(count_done(bench), 100);
	bench_spin(bench);
	assert_int_equal(count_done(bench), 205);
	bench_assert_events("");
	/* Entries of version 1 stay what they are. */
	bench_assert_registry(bench, "");
}

/* What a skipped file leaves. */

/* A run that has read a; its status tells of a change if it is old. The next is to delete it. */
static void
read_and_restart(struct bench *bench, bool is_old)
{
	bench_put(bench, "a", 1, 2);
	if (is_old)
		bench_let_age();
	bench_start(bench);
	read_all(bench);
	bench->watching.after.kind = AFTER_DELETE;
	bench_restart(bench);
}

/* In the earlier run it may have been written to while it was read. */
static void
test_completion_of_a_known_status(void **state)
{
	struct bench *bench = *state;
	const struct completion *completion;

	read_and_restart(bench, true);
	completion = completion_of(bench);
	assert_false(completion->is_sure);
	assert_true(completion->waits);
	assert_true(completion->mark.len > 0);
	assert_int_equal(completion->entry.inode, file_of(bench, "a")->entry.inode);
	assert_string_equal(completion->name, "a");
}

/* Its content was compared by this run, and nothing is left to be done in the loop. */
static void
test_completion_of_a_known_content(void **state)
{
	struct bench *bench = *state;

	bench_put(bench, "a", 1, 2);
	bench_start(bench);
	read_all(bench);
	bench_let_age();
	bench->watching.after.kind = AFTER_DELETE;
	bench_restart(bench);
	assert_int_equal(file_of(bench, "a")->state, WATCH_DONE);
	assert_true(completion_of(bench)->is_sure);
	bench_assert_registry(bench, "*a:delivered 2/0 -");
}

static void
test_completion_of_a_young_file(void **state)
{
	struct bench *bench = *state;

	read_and_restart(bench, false);
	assert_int_equal(file_of(bench, "a")->state, WATCH_DONE);
	assert_false(completion_of(bench)->is_sure);
	bench_assert_registry(bench, "a:delivered 2/0 -");
}

/* Version 1 knows nothing by which it could be compared. */
static void
test_completion_of_version_1(void **state)
{
	struct bench *bench = *state;
	struct folder_entry entry;
	char id[CAPTURE_ID_LEN], *path = bench_path(bench, "a");
	FILE *file = fopen(bench->registry, "we");
	int fd;

	assert_non_null(file);
	bench_put(bench, "a", 1, 2);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	assert_int_equal(file_id_of(fd, id), 0);
	assert_int_equal(folder_status(fd, &entry), 0);
	close(fd);
	fprintf(file, "%shas read: \n%s %" PRIu64 ":%" PRIu64 " %" PRIu64 " 2 delivered 1 a\n",
	    REGISTRY_TITLE, id, entry.dev, entry.inode, entry.size);
	assert_int_equal(fclose(file), 0);
	bench->watching.after.kind = AFTER_DELETE;
	bench_start(bench);
	assert_true(completion_of(bench)->is_sure);
	assert_int_equal(completion_of(bench)->mark.len, 0);
	free(path);
}

/* How often it was closed by then. */
static void
test_completion_of_a_closed_copy(void **state)
{
	struct bench *bench = *state;

	know(bench, 2);
	bench->watching.after.kind = AFTER_DELETE;
	bench->broker.change_errno = ETXTBSY;
	bench_put(bench, "b", 1, 2);
	bench_spin(bench);
	bench_tick(bench, 0);
	assert_int_equal(file_of(bench, "b")->state, WATCH_DONE);
	assert_int_equal(completion_of(bench)->closes, 1);
}

/* What was written through a mapping need not show in the status: a file that was closed is compared. */
static void
test_closed_again_is_examined(void **state)
{
	struct bench *bench = *state;
	uint64_t serial;

	read_and_restart(bench, true);
	bench->broker.change_errno = ETXTBSY;
	serial = completion_of(bench)->serial;
	assert_false(completion_of(bench)->is_sure);
	close(bench_open_to_write(bench, "a"));
	bench_spin(bench);
	assert_true(file_of(bench, "a")->is_doubtful);
	bench_tick(bench, 0);
	assert_true(completion_of(bench)->serial > serial);
	assert_true(completion_of(bench)->is_sure);
}

/* The same capture in another form is known by its own size from now on. */
static void
test_compressed_copy(void **state)
{
	struct bench *bench = *state;
	char *command = xasprintf("cd '%s' && gzip -c z >b && rm z", bench->in);
	const struct registry_entry *entry;

	bench_put(bench, "z", 1, 30);
	bench_start(bench);
	read_all(bench);
	assert_int_equal(system(command), 0);
	bench_let_age();
	bench_restart(bench);
	bench_assert_events("");
	entry = registry_by_status(registry_file_registry(bench->watching.registry),
	    &file_of(bench, "b")->entry);
	assert_non_null(entry);
	assert_string_equal(entry->name, "b");
	assert_int_equal(entry->packets, 30);
	free(command);
}

/* What failed. */

static const char *
messages_of_restart(struct bench *bench, struct messages *messages)
{
	bench->log.level = LOG_LEVEL_NORMAL;
	messages_start(messages);
	bench_restart(bench);
	(void)messages_end(messages);
	bench->log.level = LOG_LEVEL_QUIET;
	return messages->text;
}

static void
test_packets_that_failed_are_counted(void **state)
{
	static struct messages messages;
	struct bench *bench = *state;

	ranges_add(&doubles.bad, 2);
	ranges_add(&doubles.bad, 3);
	ranges_add(&doubles.bad, 5);
	bench_put(bench, "a", 1, 6);
	bench_start(bench);
	read_all(bench);
	bench_assert_registry(bench, "a:failed 6/0 2-3,5");
	assert_non_null(strstr(messages_of_restart(bench, &messages),
	    "a: reading again: an earlier run did not deliver 3 packets of it\n"));
}

static void
test_failed_as_a_whole(void **state)
{
	static struct messages messages;
	struct bench *bench = *state;

	doubles.outcome = OUTCOME_INTERNAL;
	bench_put(bench, "a", 1, 2);
	bench_start(bench);
	read_all(bench);
	doubles.outcome = OUTCOME_OK;
	assert_non_null(strstr(messages_of_restart(bench, &messages),
	    "a: reading again: an earlier run did not deliver all of it\n"));
}

/* A run that was stopped has not failed. */
static void
stop_after(struct bench *bench, bool has_failed)
{
	static struct messages messages;

	if (has_failed)
		ranges_add(&doubles.bad, 2);
	bench_put(bench, "a", 1, 3);
	bench_start(bench);
	follow_stop(bench->follow);
	for (int i = 0; i < 3; i++)
		bench_tick(bench, 0);
	bench_assert_registry(bench,
	    has_failed ? "a:partial 3/0 2" : "a:partial 3/0 -");
	assert_null(strstr(messages_of_restart(bench, &messages), "reading again"));
}

static void
test_stopped_is_not_failed(void **state)
{
	stop_after(*state, false);
}

static void
test_stopped_with_failures_is_not_failed(void **state)
{
	stop_after(*state, true);
}

#define TEST(name) \
	cmocka_unit_test_setup_teardown(name, bench_setup, bench_teardown)
#define HEAD(name) \
	cmocka_unit_test_setup_teardown(name, setup_head, teardown_head)

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		HEAD(test_head_that_grows),
		HEAD(test_head_that_shrinks),
		HEAD(test_head_that_changes),
		HEAD(test_short_head_that_changes),
		HEAD(test_head_that_cannot_be_read),
		TEST(test_the_head_is_remembered),
		TEST(test_nobody_asks_without_a_completion),
		TEST(test_answers_about_writers),
		TEST(test_writers_are_asked_for_once_a_second),
		TEST(test_a_file_that_is_gone_has_no_writer),
		TEST(test_names),
		TEST(test_finished_when_it_begins),
		TEST(test_written_to_when_it_begins),
		TEST(test_gone_before_it_is_opened),
		TEST(test_many_that_are_known),
		TEST(test_completion_of_a_known_status),
		TEST(test_completion_of_a_known_content),
		TEST(test_completion_of_a_young_file),
		TEST(test_completion_of_version_1),
		TEST(test_completion_of_a_closed_copy),
		TEST(test_closed_again_is_examined),
		TEST(test_compressed_copy),
		TEST(test_packets_that_failed_are_counted),
		TEST(test_failed_as_a_whole),
		TEST(test_stopped_is_not_failed),
		TEST(test_stopped_with_failures_is_not_failed),
	};

	return cmocka_run_group_tests_name("follow_begin", tests, NULL, NULL);
}
