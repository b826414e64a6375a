/* SPDX-License-Identifier: BSD-2-Clause */
/* Tests of base/descriptor.c at the start of a program: closed standard descriptors, each in a process of its own. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/descriptor.h"

/* In a process of its own a failed assertion must become its exit status. */
#define CHECK(expression) \
	do { \
		if (!(expression)) \
			_exit(__LINE__ % 200 + 1); \
	} while (0)

static void
apart(void (*call)(void))
{
	pid_t pid = fork();
	int status;

	if (pid == 0) {
		call();
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

/* Neither what was not closed nor anything above is touched. */
static void
all_are_open(void)
{
	int before = dup(STDIN_FILENO), flags[3];

	CHECK(before > STDERR_FILENO && close(before) == 0);
	for (int fd = 0; fd <= 2; fd++)
		flags[fd] = fcntl(fd, F_GETFL);
	descriptor_fill_standard();
	for (int fd = 0; fd <= 2; fd++)
		CHECK(fcntl(fd, F_GETFL) == flags[fd]);
	CHECK(fcntl(before, F_GETFD) < 0);
}

static void
test_open_ones_stay(void **state)
{
	(void)state;
	apart(all_are_open);
}

static void
all_are_closed(void)
{
	char byte;

	for (int fd = 0; fd <= 2; fd++)
		CHECK(close(fd) == 0);
	descriptor_fill_standard();
	/* Nothing is read, and what is written is not lost without an error. */
	CHECK(read(STDIN_FILENO, &byte, 1) == -1 && errno == EBADF);
	CHECK(write(STDOUT_FILENO, "", 1) == -1 && errno == EBADF);
	CHECK(write(STDERR_FILENO, "", 1) == -1 && errno == EBADF);
	/* Children find them, too. */
	for (int fd = 0; fd <= 2; fd++)
		CHECK(fcntl(fd, F_GETFD) == 0);
	CHECK((fcntl(STDIN_FILENO, F_GETFL) & O_ACCMODE) == O_WRONLY);
	CHECK((fcntl(STDOUT_FILENO, F_GETFL) & O_ACCMODE) == O_RDONLY);
	CHECK(open("/dev/null", O_RDONLY | O_CLOEXEC) > STDERR_FILENO);
}

static void
test_closed_ones_are_taken(void **state)
{
	(void)state;
	apart(all_are_closed);
}

static void
one_is_closed(void)
{
	int flags = fcntl(STDIN_FILENO, F_GETFL);

	CHECK(close(STDOUT_FILENO) == 0);
	descriptor_fill_standard();
	CHECK(write(STDOUT_FILENO, "", 1) == -1 && errno == EBADF);
	CHECK(fcntl(STDIN_FILENO, F_GETFL) == flags);
}

static void
test_one_is_closed(void **state)
{
	(void)state;
	apart(one_is_closed);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_open_ones_stay),
		cmocka_unit_test(test_closed_ones_are_taken),
		cmocka_unit_test(test_one_is_closed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
