/* SPDX-License-Identifier: BSD-2-Clause */
/* Tests of base/write.c. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pty.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <termios.h>
#include <time.h>
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

static void
fill_now(int fd, enum write_kind kind)
{
	static const char bytes[65536];

	while (write_now(fd, kind, bytes, sizeof(bytes)) > 0)
		continue;
	assert_int_equal(errno, EAGAIN);
}

static uint64_t
milliseconds(void)
{
	struct timespec now;

	assert_int_equal(clock_gettime(CLOCK_MONOTONIC, &now), 0);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

static void
check_full(int reader, int writer, enum write_kind kind, int flags)
{
	struct pollfd more = { .fd = reader, .events = POLLIN };
	char bytes[65536];
	uint64_t begin;
	ssize_t n;

	assert_int_equal(fcntl(writer, F_SETFL, flags), 0);
	assert_int_equal(write_kind(writer), kind);
	fill_now(writer, kind);
	begin = milliseconds();
	for (int i = 0; i < 100; i++) {
		assert_int_equal(write_now(writer, kind, "text", 4), -1);
		assert_int_equal(errno, EAGAIN);
	}
	assert_true(milliseconds() - begin < 2000);
	/* It is as it was, for whoever shares it. */
	assert_int_equal(fcntl(writer, F_GETFL) & O_NONBLOCK, flags);
	n = read(reader, bytes, sizeof(bytes));
	assert_true(n > 0);
	/* A terminal's buffers move on in a thread of the kernel. */
	begin = milliseconds();
	while ((n = write_now(writer, kind, "text", 4)) < 0 &&
	    milliseconds() - begin < 20000) {
		assert_int_equal(errno, EAGAIN);
		if (kind == WRITE_TERMINAL && poll(&more, 1, 10) > 0)
			assert_true(read(reader, bytes, sizeof(bytes)) > 0);
	}
	assert_int_equal(n, 4);
	close(reader);
	close(writer);
}

static void
test_full_pipes_and_sockets(void **state)
{
	int ends[2], master, slave;
	struct termios raw;

	(void)state;
	for (int flags = 0; flags <= O_NONBLOCK; flags += O_NONBLOCK) {
		assert_int_equal(pipe(ends), 0);
		check_full(ends[0], ends[1], WRITE_PIPE, flags);
		assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
		check_full(ends[0], ends[1], WRITE_SOCKET, flags);
		assert_int_equal(openpty(&master, &slave, NULL, NULL, NULL), 0);
		assert_int_equal(tcgetattr(slave, &raw), 0);
		cfmakeraw(&raw);
		assert_int_equal(tcsetattr(slave, TCSANOW, &raw), 0);
		check_full(master, slave, WRITE_TERMINAL, flags);
	}
}

/* What write_now does for a terminal is what it does for a pipe where the kernel cannot be told not to wait. */
static void
write_to_a_raced_pipe(int writer, bool told)
{
	enum write_kind kind = told ? WRITE_PIPE : WRITE_TERMINAL;
	uint64_t worst = 0;

	for (int i = 0; i < 2000; i++) {
		uint64_t begin = milliseconds(), took;

		(void)write_now(writer, kind, "text", 4);
		took = milliseconds() - begin;
		worst = took > worst ? took : worst;
	}
	/* A guard of 50 ms, and a machine that is busy. */
	assert_true(worst < 1000);
}

/* It takes all the room there is at any time, and waits for more. */
static pid_t
race(int writer)
{
	static const char bytes[65536];
	pid_t pid = fork();

	if (pid == 0)
		for (;;)
			if (write(writer, bytes, sizeof(bytes)) < 0)
				_exit(0);
	assert_true(pid > 0);
	return pid;
}

/* It reads a little now and then, and in the middle not at all. */
static pid_t
read_little(int reader)
{
	char bytes[4096];
	pid_t pid = fork();

	if (pid == 0)
		for (unsigned i = 0;; i++) {
			usleep(i == 50 ? 300000 : 200);
			if (read(reader, bytes, sizeof(bytes)) <= 0)
				_exit(0);
		}
	assert_true(pid > 0);
	return pid;
}

static void
test_room_that_another_writer_takes(void **state)
{
	int ends[2];
	pid_t writer, reader;

	(void)state;
	alarm(60);
	for (int told = 0; told < 2; told++) {
		assert_int_equal(pipe(ends), 0);
		writer = race(ends[1]);
		reader = read_little(ends[0]);
		write_to_a_raced_pipe(ends[1], told);
		kill(writer, SIGKILL);
		kill(reader, SIGKILL);
		waitpid(writer, NULL, 0);
		waitpid(reader, NULL, 0);
		close(ends[0]);
		close(ends[1]);
	}
	alarm(0);
}

static bool
give_up(void *ctx)
{
	return ++*(unsigned *)ctx == 3;
}

static void
test_wait(void **state)
{
	unsigned asked = 0;
	int ends[2], status;
	char *bytes = malloc(LEN);
	pid_t reader;

	(void)state;
	for (size_t i = 0; i < LEN; i++)
		bytes[i] = (char)(i % 251);
	assert_int_equal(pipe(ends), 0);
	reader = fork();
	if (reader == 0) {
		close(ends[1]);
		count_slowly(ends[0]);
	}
	close(ends[0]);
	assert_int_equal(write_wait(ends[1], bytes, LEN, NULL, NULL), 0);
	close(ends[1]);
	assert_int_equal(waitpid(reader, &status, 0), reader);
	assert_int_equal(status, 0);
	assert_int_equal(pipe(ends), 0);
	assert_int_equal(write_wait(ends[1], bytes, LEN, give_up, &asked), -1);
	assert_int_equal(errno, ECANCELED);
	assert_int_equal(asked, 3);
	close(ends[0]);
	close(ends[1]);
	free(bytes);
}

static void
test_gone_and_full(void **state)
{
	int fd = open("/dev/full", O_WRONLY | O_CLOEXEC), ends[2];

	(void)state;
	signal(SIGPIPE, SIG_IGN);
	assert_int_equal(write_kind(fd), WRITE_FILE);
	assert_int_equal(write_now(fd, WRITE_FILE, "text", 4), -1);
	assert_int_equal(errno, ENOSPC);
	close(fd);
	assert_int_equal(pipe(ends), 0);
	close(ends[0]);
	assert_int_equal(write_now(ends[1], WRITE_PIPE, "text", 4), -1);
	assert_int_equal(errno, EPIPE);
	assert_int_equal(write_now(ends[1], WRITE_TERMINAL, "text", 4), -1);
	assert_int_equal(errno, EPIPE);
	close(ends[1]);
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
	close(ends[0]);
	assert_int_equal(write_now(ends[1], WRITE_SOCKET, "text", 4), -1);
	assert_int_equal(errno, EPIPE);
	close(ends[1]);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_all_in_spite_of_signals),
		cmocka_unit_test(test_full),
		cmocka_unit_test(test_full_pipes_and_sockets),
		cmocka_unit_test(test_room_that_another_writer_takes),
		cmocka_unit_test(test_wait),
		cmocka_unit_test(test_gone_and_full),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
