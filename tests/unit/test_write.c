/* Tests of base/write.c. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/write.h"

#define LEN ((size_t)4 << 20)

static void
on_alarm(int number)
{
	(void)number;
}

/* Reads slowly to the end; its exit status is 0 if all came. */
static void
count_slowly(int fd)
{
	char bytes[16384];
	size_t sum = 0;
	ssize_t n;

	/* Signals come while the pipe is full. */
	usleep(100000);
	while ((n = read(fd, bytes, sizeof(bytes))) > 0) {
		for (ssize_t i = 0; i < n; i++)
			if (bytes[i] != (char)((sum + (size_t)i) % 251))
				_exit(2);
		sum += (size_t)n;
		usleep(200);
	}
	_exit(sum == LEN ? 0 : 1);
}

/* A pipe takes 64 kB at a time, and signals come in between. */
static void
test_all_in_spite_of_signals(void **state)
{
	struct sigaction action = { .sa_handler = on_alarm };
	struct itimerval often = { { 0, 5000 }, { 0, 5000 } }, never = { 0 };
	char *bytes = malloc(LEN);
	int ends[2], status;
	pid_t reader;

	(void)state;
	for (size_t i = 0; i < LEN; i++)
		bytes[i] = (char)(i % 251);
	assert_int_equal(pipe(ends), 0);
	reader = fork();
	assert_true(reader >= 0);
	if (reader == 0) {
		close(ends[1]);
		count_slowly(ends[0]);
	}
	close(ends[0]);
	sigaction(SIGALRM, &action, NULL);
	setitimer(ITIMER_REAL, &often, NULL);
	assert_int_equal(write_all(ends[1], bytes, LEN), 0);
	setitimer(ITIMER_REAL, &never, NULL);
	close(ends[1]);
	assert_int_equal(waitpid(reader, &status, 0), reader);
	assert_int_equal(status, 0);
	free(bytes);
}

static void
test_full(void **state)
{
	int fd = open("/dev/full", O_WRONLY | O_CLOEXEC);

	(void)state;
	assert_true(fd >= 0);
	assert_int_equal(write_all(fd, "", 0), 0);
	errno = 0;
	assert_int_equal(write_all(fd, "text", 4), -1);
	assert_int_equal(errno, ENOSPC);
	close(fd);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_all_in_spite_of_signals),
		cmocka_unit_test(test_full),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
