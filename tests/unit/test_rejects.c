/* SPDX-License-Identifier: BSD-2-Clause */
/* Tests of sink/rejects.c: what counts when, and what is said of it. */
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cmocka.h>

#include "sink/rejects.h"

static struct log quiet = { .program = "test", .level = LOG_LEVEL_QUIET };

static int
setup(void **state)
{
	static char dir[64];

	strcpy(dir, "/tmp/test_rejects.XXXXXX");
	*state = dir;
	return mkdtemp(dir) == NULL || chdir(dir) != 0;
}

static int
teardown(void **state)
{
	(void)unlink("dead");
	(void)unlink("said");
	return chdir("/") != 0 || rmdir(*state) != 0;
}

static void
add(struct rejects *rejects, long status, const char *reason)
{
	struct dead_letter_entry entry = { .index = "packets-x",
		.index_len = 9,
		.status = status,
		.type = "some_type",
		.reason = reason,
		.document = "{}",
		.document_len = 2 };

	rejects_add(rejects, &entry);
}

static size_t
read_file(const char *name, char *text, size_t size)
{
	int fd = open(name, O_RDONLY | O_CLOEXEC);
	ssize_t n;

	assert_true(fd >= 0);
	n = read(fd, text, size - 1);
	assert_true(n >= 0);
	close(fd);
	text[n] = '\0';
	return (size_t)n;
}

/* What rejects_sync said on stderr. */
static void
sync_and_hear(struct rejects *rejects, uint64_t added, char *said, size_t size)
{
	int fd = open("said", O_CREAT | O_TRUNC | O_WRONLY | O_CLOEXEC, 0600);
	int before = dup(STDERR_FILENO);

	assert_true(fd >= 0 && before >= 0);
	assert_true(dup2(fd, STDERR_FILENO) >= 0);
	assert_int_equal(rejects_sync(rejects, added, NULL), 0);
	assert_true(dup2(before, STDERR_FILENO) >= 0);
	close(fd);
	close(before);
	(void)read_file("said", said, size);
}

static void
test_counts_when_synced(void **state)
{
	struct rejects rejects = { dead_letter_open("dead", -1, NULL), &quiet, "",
		0 };
	char text[1024], said[1024];

	(void)state;
	add(&rejects, 400, "the first reason");
	add(&rejects, 404, "the second reason");
	assert_int_equal(rejects.count, 0);
	assert_int_equal(access("dead", F_OK), -1);
	sync_and_hear(&rejects, 2, said, sizeof(said));
	assert_int_equal(rejects.count, 2);
	assert_true(read_file("dead", text, sizeof(text)) > 0);
	assert_non_null(strstr(said, "in dead with the reasons"));
	assert_non_null(strstr(said, "400 some_type: the first reason"));
	/* Said once. */
	add(&rejects, 400, "a third reason");
	sync_and_hear(&rejects, 1, said, sizeof(said));
	assert_string_equal(said, "");
	sync_and_hear(&rejects, 0, said, sizeof(said));
	assert_int_equal(rejects.count, 3);
	dead_letter_free(rejects.letter);
}

/* Another run has the file: the message names both. */
static void
test_says_which_file(void **state)
{
	struct rejects first = { dead_letter_open("dead", -1, NULL), &quiet, "", 0 };
	struct rejects second = { dead_letter_open("dead", -1, NULL), &quiet, "", 0 };
	char said[1024];

	(void)state;
	add(&first, 400, "a reason");
	sync_and_hear(&first, 1, said, sizeof(said));
	assert_null(strstr(said, "another espcap"));
	add(&second, 400, "a reason");
	sync_and_hear(&second, 1, said, sizeof(said));
	assert_non_null(strstr(said, "they are in dead.1 (another espcap writes to dead) with the reasons"));
	dead_letter_free(first.letter);
	dead_letter_free(second.letter);
	assert_int_equal(unlink("dead.1"), 0);
}

static void
test_what_is_forgotten_is_not_said(void **state)
{
	struct rejects rejects = { dead_letter_open("dead", -1, NULL), &quiet, "",
		0 };
	char text[1024], said[1024];

	(void)state;
	add(&rejects, 400, "a reason in half a reply");
	rejects_forget(&rejects);
	add(&rejects, 0, "no answer");
	sync_and_hear(&rejects, 1, said, sizeof(said));
	assert_null(strstr(said, "half a reply"));
	/* The server said nothing: no status and type in front of it. */
	assert_non_null(strstr(said, "first reason: no answer"));
	assert_true(read_file("dead", text, sizeof(text)) > 0);
	assert_null(strstr(text, "half a reply"));
	/* What is in the file keeps its place. */
	add(&rejects, 400, "again");
	rejects_forget(&rejects);
	assert_string_equal(rejects.first_reason, "no answer");
	dead_letter_free(rejects.letter);
}

static void
test_full_disk(void **state)
{
	struct rejects rejects = { dead_letter_open("dead", -1, NULL), &quiet, "",
		0 };
	struct rlimit before, small;
	struct error error;

	(void)state;
	signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
	small = before;
	small.rlim_cur = 10;
	add(&rejects, 400, "a reason");
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
	assert_int_equal(rejects_sync(&rejects, 1, &error), -1);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
	assert_int_equal(error.outcome, OUTCOME_OUTPUT);
	assert_int_equal(rejects.count, 0);
	dead_letter_free(rejects.letter);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_counts_when_synced, setup,
		    teardown),
		cmocka_unit_test_setup_teardown(test_says_which_file, setup, teardown),
		cmocka_unit_test_setup_teardown(
		    test_what_is_forgotten_is_not_said, setup, teardown),
		cmocka_unit_test_setup_teardown(test_full_disk, setup,
		    teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
