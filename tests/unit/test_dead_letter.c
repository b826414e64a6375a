/* SPDX-License-Identifier: BSD-2-Clause */
/* Tests of sink/dead_letter.c: what is in the file when, and whose it is. */
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "sink/dead_letter.h"
#include "sink/dead_line.h"

static int
setup(void **state)
{
	static char dir[64];

	strcpy(dir, "/tmp/test_dead_letter.XXXXXX");
	*state = dir;
	return mkdtemp(dir) == NULL || chdir(dir) != 0;
}

static int
teardown(void **state)
{
	(void)unlink("dead");
	(void)unlink("link");
	return chdir("/") != 0 || rmdir(*state) != 0;
}

static void
add(struct dead_letter *letter, const char *document)
{
	struct dead_letter_entry entry = { .index = "packets-x",
		.index_len = 9,
		.id = "id",
		.id_len = 2,
		.status = 400,
		.type = "some_type",
		.reason = "a \"reason\"\nof two lines",
		.document = document,
		.document_len = strlen(document) };

	dead_letter_add(letter, &entry);
}

static size_t
contents(char *text, size_t size)
{
	int fd = open("dead", O_RDONLY | O_CLOEXEC);
	ssize_t n;

	assert_true(fd >= 0);
	n = read(fd, text, size - 1);
	assert_true(n >= 0);
	close(fd);
	text[n] = '\0';
	return (size_t)n;
}

#define LINE \
	"{\"index\":\"packets-x\",\"id\":\"id\",\"status\":400," \
	"\"type\":\"some_type\",\"reason\":\"a \\\"reason\\\"\\nof two lines\"," \
	"\"document\":{\"n\":1}}\n"

static void
test_lines(void **state)
{
	struct dead_letter *letter = dead_letter_open("dead", -1, NULL);
	struct dead_line dead;
	char text[2000];
	struct stat st;

	(void)state;
	assert_non_null(letter);
	add(letter, "{\"n\":1}");
	/* Made for the first document, and no sooner. */
	assert_int_equal(access("dead", F_OK), -1);
	assert_int_equal(dead_letter_sync(letter, NULL), 0);
	contents(text, sizeof(text));
	assert_string_equal(text, LINE);
	add(letter, "{\"n\":2}");
	dead_letter_forget(letter);
	add(letter, "{\"n\":1}");
	assert_int_equal(dead_letter_sync(letter, NULL), 0);
	contents(text, sizeof(text));
	assert_string_equal(text, LINE LINE);
	assert_int_equal(stat("dead", &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	dead_letter_free(letter);
	assert_int_equal(dead_line_read(LINE, strlen(LINE) - 1, &dead), 0);
	assert_string_equal(dead.id, "id");
	/* Appended to, not begun anew. */
	letter = dead_letter_open("dead", -1, NULL);
	add(letter, "{\"n\":1}");
	assert_int_equal(dead_letter_sync(letter, NULL), 0);
	dead_letter_free(letter);
	contents(text, sizeof(text));
	assert_string_equal(text, LINE LINE LINE);
}

static void
test_unused(void **state)
{
	struct dead_letter *letter = dead_letter_open("dead", -1, NULL);

	(void)state;
	assert_int_equal(dead_letter_sync(letter, NULL), 0);
	dead_letter_free(letter);
	assert_int_equal(access("dead", F_OK), -1);
	dead_letter_free(NULL);
}

static void
refuse(const char *name, const char *part)
{
	struct error error;

	assert_null(dead_letter_open(name, -1, &error));
	assert_int_equal(error.outcome, OUTCOME_USAGE);
	if (strstr(error.text, part) == NULL)
		fail_msg("%s", error.text);
}

static void
test_refusals(void **state)
{
	struct dead_letter *letter;

	(void)state;
	refuse("no/such/folder", "No such file or directory");
	refuse(".", "s a directory");
	refuse("/dev/null", "is not a regular file");
	assert_int_equal(symlink("dead", "link"), 0);
	refuse("link", "link: is a link");
	letter = dead_letter_open("dead", -1, NULL);
	add(letter, "{}");
	assert_int_equal(dead_letter_sync(letter, NULL), 0);
	dead_letter_free(letter);
	assert_int_equal(chmod("dead", 0644), 0);
	refuse("dead", "chmod 600");
}

static void
assert_number(const char *name, unsigned documents)
{
	char text[2000], wanted[2000] = "";
	int fd = open(name, O_RDONLY | O_CLOEXEC);
	ssize_t n;

	assert_true(fd >= 0);
	n = read(fd, text, sizeof(text) - 1);
	close(fd);
	assert_true(n >= 0);
	text[n] = '\0';
	for (unsigned i = 0; i < documents; i++)
		strcat(wanted, LINE);
	assert_string_equal(text, wanted);
}

static struct dead_letter *
begin(const char *name, const char *other)
{
	struct dead_letter *letter = dead_letter_open("dead", -1, NULL);

	assert_non_null(letter);
	assert_string_equal(dead_letter_name(letter), "dead");
	add(letter, "{\"n\":1}");
	assert_int_equal(dead_letter_sync(letter, NULL), 0);
	assert_string_equal(dead_letter_name(letter), name);
	if (other == NULL)
		assert_null(dead_letter_other(letter));
	else
		assert_string_equal(dead_letter_other(letter), other);
	return letter;
}

/* In a folder of everybody: only root could write to it. */
static void
test_owner(void **state)
{
	struct dead_letter *letter;
	int fd;

	(void)state;
	if (geteuid() != 0)
		skip();
	letter = dead_letter_open("dead", -1, NULL);
	fd = open("dead", O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	assert_int_equal(fchown(fd, 12345, 12345), 0);
	assert_int_equal(fchmod(fd, 0600), 0);
	close(fd);
	refuse("dead", "belongs to another user");
	/* Made in the meantime. */
	add(letter, "{\"n\":1}");
	assert_int_equal(dead_letter_sync(letter, NULL), -1);
	dead_letter_free(letter);
	assert_number("dead", 0);
	/* Who has the folder has all that is in it. */
	assert_int_equal(chown(".", 12345, 12345), 0);
	dead_letter_free(begin("dead", NULL));
	assert_number("dead", 1);
	assert_int_equal(chown(".", 0, 0), 0);
}

/* Each of several runs has a file; what is not fit to be one, or a link, is passed. */
static void
test_several(void **state)
{
	struct dead_letter *letters[4];
	int fd = open("dead.1", O_WRONLY | O_CREAT | O_CLOEXEC, 0644);

	(void)state;
	close(fd);
	assert_int_equal(symlink("elsewhere", "dead.2"), 0);
	letters[0] = begin("dead", NULL);
	letters[1] = begin("dead.3", "dead");
	letters[2] = begin("dead.4", "dead");
	add(letters[1], "{\"n\":1}");
	assert_int_equal(dead_letter_sync(letters[1], NULL), 0);
	for (int i = 0; i < 3; i++)
		dead_letter_free(letters[i]);
	/* What nobody holds any more is appended to. */
	letters[3] = begin("dead", NULL);
	dead_letter_free(letters[3]);
	assert_number("dead", 2);
	assert_number("dead.3", 2);
	assert_number("dead.4", 1);
	assert_number("dead.1", 0);
	assert_int_equal(access("elsewhere", F_OK), -1);
	for (int i = 1; i <= 4; i++) {
		char name[] = "dead.N";

		name[5] = (char)('0' + i);
		assert_int_equal(unlink(name), 0);
	}
}

/*
 * In the folder that it was to be in at the start, whatever the name leads to by then; and an error if it cannot be
 * made.
 */
static void
test_folder(void **state)
{
	struct dead_letter *letter;
	struct error error;

	(void)state;
	assert_int_equal(mkdir("folder", 0700), 0);
	assert_int_equal(mkdir("other", 0700), 0);
	letter = dead_letter_open("folder/dead", -1, NULL);
	assert_int_equal(rename("folder", "moved"), 0);
	assert_int_equal(symlink("other", "folder"), 0);
	add(letter, "{\"n\":1}");
	assert_int_equal(dead_letter_sync(letter, NULL), 0);
	dead_letter_free(letter);
	assert_number("moved/dead", 1);
	assert_int_equal(unlink("folder"), 0);
	assert_int_equal(rmdir("other"), 0);
	assert_int_equal(unlink("moved/dead"), 0);

	letter = dead_letter_open("moved/dead", -1, NULL);
	assert_int_equal(rmdir("moved"), 0);
	add(letter, "{\"n\":1}");
	assert_int_equal(dead_letter_sync(letter, &error), -1);
	assert_int_equal(error.outcome, OUTCOME_OUTPUT);
	assert_string_equal(error.text, "the dead letter file moved/dead: No such file or directory");
	dead_letter_free(letter);
}

/* One that it could not write to is no use to anybody. */
static void
test_full_at_once(void **state)
{
	struct dead_letter *letter = dead_letter_open("dead", -1, NULL);
	struct rlimit none, before;

	(void)state;
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
	none = before;
	none.rlim_cur = 0;
	signal(SIGXFSZ, SIG_IGN);
	add(letter, "{\"n\":1}");
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &none), 0);
	assert_int_equal(dead_letter_sync(letter, NULL), -1);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
	assert_int_equal(access("dead", F_OK), 0);
	dead_letter_free(letter);
	assert_int_equal(access("dead", F_OK), -1);
}

/* A file that may not grow stands for a full disk: half a line is cut off again. */
static void
test_full(void **state)
{
	struct dead_letter *letter = dead_letter_open("dead", -1, NULL);
	struct rlimit limit, before;
	struct error error;
	char text[2000];

	(void)state;
	add(letter, "{\"n\":1}");
	assert_int_equal(dead_letter_sync(letter, NULL), 0);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
	limit = before;
	limit.rlim_cur = strlen(LINE) + 10;
	signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
	add(letter, "{\"n\":2}");
	assert_int_equal(dead_letter_sync(letter, &error), -1);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
	assert_int_equal(error.outcome, OUTCOME_OUTPUT);
	assert_non_null(strstr(error.text, "dead: File too large"));
	contents(text, sizeof(text));
	assert_string_equal(text, LINE);
	dead_letter_free(letter);
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_lines),
		TEST(test_unused),
		TEST(test_refusals),
		TEST(test_owner),
		TEST(test_several),
		TEST(test_folder),
		TEST(test_full),
		TEST(test_full_at_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
