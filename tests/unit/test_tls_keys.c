/* SPDX-License-Identifier: BSD-2-Clause */
/* Tests of tshark/tls_keys.c: the copy, and that nobody can change it. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "tshark/tls_keys.h"

#define LINE "CLIENT_RANDOM 00 11\n"

static char name[] = "/tmp/test_tls_keys.XXXXXX";
static int file;

static int
setup(void **state)
{
	(void)state;
	(void)strcpy(strrchr(name, '.'), ".XXXXXX");
	file = mkstemp(name);
	return file < 0;
}

static int
teardown(void **state)
{
	(void)state;
	close(file);
	return unlink(name);
}

static void
test_copy(void **state)
{
	char text[64];
	struct stat st;
	int fd;

	(void)state;
	assert_int_equal(write(file, LINE, strlen(LINE)), strlen(LINE));
	fd = tls_keys_copy(name, NULL);
	assert_true(fd > STDERR_FILENO);
	/* The copy stays what it is when the file changes. */
	assert_int_equal(ftruncate(file, 0), 0);
	assert_int_equal(pread(fd, text, sizeof(text), 0), strlen(LINE));
	assert_memory_equal(text, LINE, strlen(LINE));
	assert_int_equal(fstat(fd, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0444);
	assert_int_equal(fcntl(fd, F_GETFD), FD_CLOEXEC);
	close(fd);
}

/* By whoever has the descriptor, or opens it again. */
static void
test_nobody_changes_the_copy(void **state)
{
	char path[64];
	int fd, again;

	(void)state;
	assert_int_equal(write(file, LINE, strlen(LINE)), strlen(LINE));
	fd = tls_keys_copy(name, NULL);
	assert_true(fd >= 0);
	(void)snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	again = open(path, O_RDWR | O_CLOEXEC);
	for (int i = 0; i < (again < 0 ? 1 : 2); i++) {
		int which = i == 0 ? fd : again;

		assert_int_equal(pwrite(which, "x", 1, 0), -1);
		assert_int_equal(errno, EPERM);
		assert_int_equal(pwrite(which, "x", 1, sizeof(LINE) + 9), -1);
		assert_int_equal(errno, EPERM);
		assert_int_equal(ftruncate(which, 0), -1);
		assert_int_equal(errno, EPERM);
		assert_int_equal(ftruncate(which, 4096), -1);
		assert_int_equal(errno, EPERM);
		/* The seals stay. */
		assert_int_equal(fcntl(which, F_ADD_SEALS, F_SEAL_WRITE), -1);
		assert_int_equal(errno, EPERM);
	}
	assert_ptr_equal(mmap(NULL, 1, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0),
	    MAP_FAILED);
	if (again >= 0)
		close(again);
	close(fd);
}

static void
test_empty(void **state)
{
	char text[8];
	int fd = tls_keys_copy(name, NULL);

	(void)state;
	assert_true(fd >= 0);
	assert_int_equal(pread(fd, text, sizeof(text), 0), 0);
	close(fd);
}

static void
test_no_file(void **state)
{
	struct error error;

	(void)state;
	assert_int_equal(tls_keys_copy("/tmp/test_tls_keys/none", &error), -1);
	assert_int_equal(error.outcome, OUTCOME_USAGE);
	assert_non_null(strstr(error.text, "/tmp/test_tls_keys/none"));
}

static void
test_too_large(void **state)
{
	struct error error;

	(void)state;
	assert_int_equal(ftruncate(file, ((off_t)64 << 20) + 1), 0);
	assert_int_equal(tls_keys_copy(name, &error), -1);
	assert_int_equal(error.outcome, OUTCOME_USAGE);
	assert_non_null(strstr(error.text, name));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_copy, setup, teardown),
		cmocka_unit_test_setup_teardown(test_nobody_changes_the_copy,
		    setup, teardown),
		cmocka_unit_test_setup_teardown(test_empty, setup, teardown),
		cmocka_unit_test_setup_teardown(test_no_file, setup, teardown),
		cmocka_unit_test_setup_teardown(test_too_large, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
