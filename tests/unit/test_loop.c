/* SPDX-License-Identifier: BSD-2-Clause */
/* Tests of loop/loop.c: when it ends, caught signals, deferred calls. */
#include <event2/event.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "loop/loop.h"

struct seen {
	struct loop *loop;
	int calls;
	int last; /* signal, or timer */
	int until;
	bool nested; /* a call came from inside another */
	bool inside;
	struct event *timer;
};

static int
setup(void **state)
{
	static struct seen seen;

	seen = (struct seen){ .loop = loop_new(NULL) };
	*state = &seen;
	alarm(30);
	return seen.loop == NULL;
}

static int
teardown(void **state)
{
	struct seen *seen = *state;

	loop_free(seen->loop);
	alarm(0);
	return 0;
}

static void
test_empty_loop_ends(void **state)
{
	struct seen *seen = *state;

	assert_int_equal(loop_run(seen->loop, NULL), 0);
	assert_non_null(loop_base(seen->loop));
}

static void
count_signal(void *ctx, int number)
{
	struct seen *seen = ctx;

	seen->calls++;
	seen->last = number;
	loop_stop(seen->loop);
}

static void
test_caught_signals_are_no_reason_to_wait(void **state)
{
	struct seen *seen = *state;

	loop_catch(seen->loop, count_signal, seen);
	assert_int_equal(loop_run(seen->loop, NULL), 0);
	assert_int_equal(seen->calls, 0);
}

static void
raise_int(void *ctx)
{
	(void)ctx;
	raise(SIGINT);
}

static void
raise_term(void *ctx)
{
	(void)ctx;
	raise(SIGTERM);
}

static void
on_timer(evutil_socket_t fd, short what, void *ctx)
{
	struct seen *seen = ctx;

	(void)fd;
	(void)what;
	seen->last = 1000;
}

/* Something that keeps the loop waiting for longer than the test may take. */
static void
wait_long(struct seen *seen)
{
	static const struct timeval after = { 20, 0 };

	seen->timer = evtimer_new(loop_base(seen->loop), on_timer, seen);
	evtimer_add(seen->timer, &after);
}

static void
test_signals_come_from_the_loop(void **state)
{
	struct seen *seen = *state;

	wait_long(seen);
	loop_catch(seen->loop, count_signal, seen);
	loop_defer(seen->loop, raise_int, NULL);
	assert_int_equal(loop_run(seen->loop, NULL), 0);
	assert_int_equal(seen->calls, 1);
	assert_int_equal(seen->last, SIGINT);
	loop_defer(seen->loop, raise_term, NULL);
	assert_int_equal(loop_run(seen->loop, NULL), 0);
	assert_int_equal(seen->calls, 2);
	assert_int_equal(seen->last, SIGTERM);
	event_free(seen->timer);
}

/* As a second signal 3 s ago does; a program that ends in time never sees it. */
static void
test_signals_end_what_hangs(void **state)
{
	struct seen *seen = *state;
	pid_t pid = fork();
	int ended;

	assert_true(pid >= 0);
	if (pid == 0) {
		loop_catch(seen->loop, count_signal, seen);
		(void)raise(SIGTERM);
		(void)raise(SIGINT);
		for (;;)
			pause();
	}
	assert_int_equal(waitpid(pid, &ended, 0), pid);
	assert_true(WIFSIGNALED(ended));
	assert_int_equal(WTERMSIG(ended), SIGINT);
	assert_false(WCOREDUMP(ended));
}

static void
test_blocked_signals_are_unblocked(void **state)
{
	struct loop *loop;
	sigset_t blocked, now;

	(void)state;
	sigemptyset(&blocked);
	sigaddset(&blocked, SIGCHLD);
	sigaddset(&blocked, SIGTERM);
	sigprocmask(SIG_BLOCK, &blocked, NULL);
	loop = loop_new(NULL);
	sigprocmask(SIG_SETMASK, NULL, &now);
	assert_false(sigismember(&now, SIGCHLD));
	assert_false(sigismember(&now, SIGTERM));
	loop_free(loop);
}

static void
test_sigpipe_is_ignored(void **state)
{
	struct sigaction action;

	(void)state;
	assert_int_equal(sigaction(SIGPIPE, NULL, &action), 0);
	assert_true(action.sa_handler == SIG_IGN);
}

static void
defer_again(void *ctx)
{
	struct seen *seen = ctx;

	seen->nested = seen->nested || seen->inside;
	seen->inside = true;
	if (++seen->calls < seen->until)
		loop_defer(seen->loop, defer_again, seen);
	seen->inside = false;
}

static void
test_deferred_calls_run_once_each_and_later(void **state)
{
	struct seen *seen = *state;

	seen->until = 5;
	loop_defer(seen->loop, defer_again, seen);
	assert_int_equal(seen->calls, 0);
	assert_int_equal(loop_run(seen->loop, NULL), 0);
	assert_int_equal(seen->calls, 5);
	assert_false(seen->nested);
}

static void
stop_on_readable(evutil_socket_t fd, short what, void *ctx)
{
	struct seen *seen = ctx;

	(void)fd;
	(void)what;
	loop_stop(seen->loop);
}

static void
test_endless_deferring_does_not_starve_the_rest(void **state)
{
	struct seen *seen = *state;
	struct event *event;
	int ends[2];

	seen->until = INT32_MAX;
	assert_int_equal(pipe(ends), 0);
	event = event_new(loop_base(seen->loop), ends[0], EV_READ,
	    stop_on_readable, seen);
	event_add(event, NULL);
	loop_defer(seen->loop, defer_again, seen);
	assert_int_equal(write(ends[1], "x", 1), 1);
	assert_int_equal(loop_run(seen->loop, NULL), 0);
	assert_true(seen->calls < 1000);
	event_free(event);
	close(ends[0]);
	close(ends[1]);
}

static void
count_and_stop(void *ctx)
{
	struct seen *seen = ctx;

	seen->calls++;
	loop_stop(seen->loop);
}

static void
test_stop_leaves_the_rest_for_the_next_run(void **state)
{
	struct seen *seen = *state;

	for (int i = 0; i < 3; i++)
		loop_defer(seen->loop, count_and_stop, seen);
	for (int i = 1; i <= 3; i++) {
		assert_int_equal(loop_run(seen->loop, NULL), 0);
		assert_int_equal(seen->calls, i);
	}
	assert_int_equal(loop_run(seen->loop, NULL), 0);
	assert_int_equal(seen->calls, 3);
}

static void
test_stop_before_run_counts(void **state)
{
	struct seen *seen = *state;

	wait_long(seen);
	loop_stop(seen->loop);
	assert_int_equal(loop_run(seen->loop, NULL), 0);
	event_free(seen->timer);
}

static void
test_free_forgets_deferred_calls(void **state)
{
	struct seen *seen = *state;
	struct loop *loop = loop_new(NULL);

	loop_defer(loop, count_and_stop, seen);
	loop_free(loop);
	loop_free(NULL);
	assert_int_equal(seen->calls, 0);
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_empty_loop_ends),
		TEST(test_caught_signals_are_no_reason_to_wait),
		TEST(test_signals_come_from_the_loop),
		TEST(test_signals_end_what_hangs),
		TEST(test_blocked_signals_are_unblocked),
		TEST(test_sigpipe_is_ignored),
		TEST(test_deferred_calls_run_once_each_and_later),
		TEST(test_endless_deferring_does_not_starve_the_rest),
		TEST(test_stop_leaves_the_rest_for_the_next_run),
		TEST(test_stop_before_run_counts),
		TEST(test_free_forgets_deferred_calls),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
