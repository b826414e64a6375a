/* SPDX-License-Identifier: BSD-2-Clause */
/* Tests of base/files.c: small files read whole, whatever they are. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/files.h"
#include "base/xalloc.h"

struct test {
	char folder[64];
	char *name;
	struct buffer out;
	struct error error;
};

static int
setup(void **state)
{
	struct test *test = calloc(1, sizeof(*test));

	if (test == NULL)
		return -1;
	(void)snprintf(test->folder, sizeof(test->folder),
	    "/tmp/test_files.XXXXXX");
	if (mkdtemp(test->folder) == NULL)
		return -1;
	test->name = xasprintf("%s/a", test->folder);
	buffer_init(&test->out, 200000);
	*state = test;
	alarm(30);
	return 0;
}

static int
teardown(void **state)
{
	struct test *test = *state;

	buffer_release(&test->out);
	(void)unlink(test->name);
	assert_int_equal(rmdir(test->folder), 0);
	free(test->name);
	free(test);
	alarm(0);
	return 0;
}

static void
make(struct test *test, size_t len)
{
	FILE *file = fopen(test->name, "w");

	assert_non_null(file);
	for (size_t i = 0; i < len; i++)
		(void)fputc('a' + (int)(i % 26), file);
	assert_int_equal(fclose(file), 0);
}

static void
test_read(void **state)
{
	struct test *test = *state;

	make(test, 150000);
	assert_int_equal(buffer_append(&test->out, "head", 4), 0);
	assert_int_equal(files_read(test->name, &test->out, &test->error), 0);
	assert_int_equal(test->out.len, 150004);
	assert_memory_equal(test->out.data, "headabc", 7);
	assert_int_equal(test->out.data[150003], 'a' + 149999 % 26);
}

static void
test_empty(void **state)
{
	struct test *test = *state;

	make(test, 0);
	assert_int_equal(files_read(test->name, &test->out, &test->error), 0);
	assert_int_equal(test->out.len, 0);
}

/* One byte less than there is room for is the most. */
static void
test_too_long(void **state)
{
	struct test *test = *state;

	make(test, 199999);
	assert_int_equal(files_read(test->name, &test->out, &test->error), 0);
	assert_int_equal(test->out.len, 199999);
	buffer_clear(&test->out);
	make(test, 200000);
	assert_int_equal(files_read(test->name, &test->out, &test->error), -1);
	assert_int_equal(test->error.outcome, OUTCOME_USAGE);
	assert_non_null(strstr(test->error.text, "200000 bytes or more"));
	assert_non_null(strstr(test->error.text, test->name));
}

static void
test_not_readable(void **state)
{
	struct test *test = *state;

	assert_int_equal(files_read(test->name, &test->out, &test->error), -1);
	assert_int_equal(test->error.outcome, OUTCOME_USAGE);
	assert_non_null(strstr(test->error.text, "No such file"));
	assert_int_equal(files_read(test->folder, &test->out, &test->error),
	    -1);
	assert_int_equal(test->error.outcome, OUTCOME_USAGE);
	assert_non_null(strstr(test->error.text, "Is a directory"));
}

static void *
write_slowly(void *ctx)
{
	struct test *test = ctx;
	int fd;

	usleep(50000);
	fd = open(test->name, O_WRONLY | O_CLOEXEC);
	for (int i = 0; i < 3; i++) {
		if (write(fd, "part", 4) != 4)
			break;
		usleep(20000);
	}
	close(fd);
	return NULL;
}

/* A FIFO is opened at once, and waited for where it is read. */
static void
test_fifo(void **state)
{
	struct test *test = *state;
	pthread_t writer;
	int fd;

	assert_int_equal(mkfifo(test->name, 0600), 0);
	fd = files_open(test->name, &test->error);
	assert_true(fd >= 3);
	assert_true((fcntl(fd, F_GETFD) & FD_CLOEXEC) != 0);
	assert_int_equal(pthread_create(&writer, NULL, write_slowly, test), 0);
	assert_int_equal(
	    files_read_fd(fd, test->name, &test->out,
		&test->error),
	    0);
	assert_int_equal(pthread_join(writer, NULL), 0);
	assert_int_equal(test->out.len, 12);
	assert_memory_equal(test->out.data, "partpartpart", 12);
	/* It stays open. */
	assert_int_equal(fcntl(fd, F_GETFD) & FD_CLOEXEC, FD_CLOEXEC);
	close(fd);
}

/* Of a name that means an open descriptor that one is duplicated. */
static void
test_descriptor(void **state)
{
	struct test *test = *state;
	int saved = dup(STDIN_FILENO), fd;

	make(test, 10);
	fd = open(test->name, O_RDONLY | O_CLOEXEC);
	assert_int_equal(dup2(fd, STDIN_FILENO), STDIN_FILENO);
	close(fd);
	fd = files_open("/dev/stdin", &test->error);
	assert_true(fd >= 3);
	assert_int_equal(lseek(STDIN_FILENO, 4, SEEK_SET), 4);
	assert_int_equal(lseek(fd, 0, SEEK_CUR), 4);
	assert_int_equal(
	    files_read_fd(fd, "/dev/stdin", &test->out,
		&test->error),
	    0);
	assert_int_equal(test->out.len, 6);
	close(fd);
	assert_int_equal(dup2(saved, STDIN_FILENO), STDIN_FILENO);
	close(saved);
	assert_int_equal(files_open("/dev/fd/77", &test->error), -1);
	assert_int_equal(test->error.outcome, OUTCOME_USAGE);
	assert_non_null(strstr(test->error.text, "/dev/fd/77"));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		TEST(test_read),
		TEST(test_empty),
		TEST(test_too_long),
		TEST(test_not_readable),
		TEST(test_fifo),
		TEST(test_descriptor),
	};

	return cmocka_run_group_tests_name("files", tests, NULL, NULL);
}
