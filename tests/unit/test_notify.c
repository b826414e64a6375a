/* SPDX-License-Identifier: BSD-2-Clause */
/* Tests of loop/notify.c, against a socket as a service manager has it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

#include <event2/event.h>

#include "loop/loop.h"
#include "loop/notify.h"

/* Binds a socket to an abstract name of this process, and puts it into the environment. */
static int
manager(void)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_DGRAM, 0);
	char name[64];
	int len = snprintf(name, sizeof(name), "@espcap-test-%d",
	    (int)getpid());

	assert_true(fd >= 0);
	memcpy(address.sun_path, name, (size_t)len);
	address.sun_path[0] = '\0';
	assert_int_equal(
	    bind(fd, (struct sockaddr *)&address,
		(socklen_t)(offsetof(struct sockaddr_un, sun_path) + (size_t)len)),
	    0);
	assert_int_equal(setenv("NOTIFY_SOCKET", name, 1), 0);
	return fd;
}

/* "" if nothing was said. */
static void
assert_said(int fd, const char *wanted)
{
	char text[200];
	ssize_t n = recv(fd, text, sizeof(text) - 1, MSG_DONTWAIT);

	text[n > 0 ? n : 0] = '\0';
	assert_string_equal(text, wanted);
}

static void
test_messages(void **state)
{
	int fd = manager();
	struct notify *notify = notify_new();

	(void)state;
	assert_non_null(notify);
	assert_null(getenv("NOTIFY_SOCKET"));
	notify_ready(notify, "so");
	notify_ready(notify, "again");
	assert_said(fd, "READY=1\nSTATUS=so");
	assert_said(fd, "");
	notify_status(notify, "read=1");
	assert_said(fd, "STATUS=read=1");
	notify_stopping(notify);
	notify_stopping(notify);
	assert_said(fd, "STOPPING=1");
	assert_said(fd, "");
	/* Nobody listens any more. */
	close(fd);
	notify_status(notify, "read=2");
	notify_free(notify);
}

static void
end_loop(evutil_socket_t fd, short what, void *ctx)
{
	(void)fd;
	(void)what;
	loop_stop(ctx);
}

/* Counts what comes in so many ms with a watchdog of 40 ms. */
static int
watch(const char *usec, const char *pid, uint64_t ms)
{
	int fd = manager(), count = 0;
	char text[64];
	struct loop *loop = loop_new(NULL);
	struct event *end = event_new(loop_base(loop), -1, 0, end_loop, loop);
	struct notify *notify;

	if (usec != NULL)
		setenv("WATCHDOG_USEC", usec, 1);
	if (pid != NULL)
		setenv("WATCHDOG_PID", pid, 1);
	notify = notify_new();
	assert_null(getenv("WATCHDOG_USEC"));
	assert_null(getenv("WATCHDOG_PID"));
	notify_watch(notify, loop);
	loop_start_timer(end, ms);
	assert_int_equal(loop_run(loop, NULL), 0);
	notify_free(notify);
	event_free(end);
	loop_free(loop);
	while (recv(fd, text, sizeof(text), MSG_DONTWAIT) == 10) {
		assert_memory_equal(text, "WATCHDOG=1", 10);
		count++;
	}
	close(fd);
	return count;
}

static void
test_watchdog(void **state)
{
	char own[32], other[32];

	(void)state;
	(void)snprintf(own, sizeof(own), "%d", (int)getpid());
	(void)snprintf(other, sizeof(other), "%d", (int)getppid());
	/* At once and then each 20 ms; a busy machine may leave some out. */
	assert_in_range(watch("40000", own, 200), 3, 11);
	assert_in_range(watch("40000", NULL, 200), 3, 11);
	assert_int_equal(watch("40000", other, 100), 0);
	assert_int_equal(watch("0", own, 50), 0);
	assert_int_equal(watch("x", own, 50), 0);
	assert_int_equal(watch(NULL, NULL, 50), 0);
}

static void
test_nobody_to_tell(void **state)
{
	char name[200];

	(void)state;
	memset(name, 'x', sizeof(name));
	name[0] = '/';
	name[sizeof(name) - 1] = '\0';
	assert_null(notify_new());
	setenv("NOTIFY_SOCKET", "vsock:2:1234", 1);
	assert_null(notify_new());
	assert_null(getenv("NOTIFY_SOCKET"));
	setenv("NOTIFY_SOCKET", name, 1);
	assert_null(notify_new());
	setenv("NOTIFY_SOCKET", "", 1);
	assert_null(notify_new());
	notify_ready(NULL, "");
	notify_status(NULL, "");
	notify_stopping(NULL);
	notify_watch(NULL, NULL);
	notify_free(NULL);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_messages),
		cmocka_unit_test(test_watchdog),
		cmocka_unit_test(test_nobody_to_tell)
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
