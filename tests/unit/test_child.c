/* SPDX-License-Identifier: BSD-2-Clause */
/* Tests of process/child.c: the ends of a life in every order, floods, pauses, kills. */
#include <dirent.h>
#include <event2/event.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/argv.h"
#include "base/buffer.h"
#include "base/xalloc.h"
#include "loop/loop.h"
#include "process/child.h"

#define MIB ((size_t)1 << 20)

/* A child and all that came from it. */
struct run {
	struct loop *loop;
	struct child *child;
	struct buffer out;
	int finished;
	int after_finish; /* calls that must not be */
	bool pause_at_output;
	unsigned int slow_output; /* how long on_output takes, in us */
	struct event *timer;
	void (*on_timer)(struct run *run);

	size_t to_write; /* bytes left to feed, each (char)position */
	size_t written;
	bool kill_when_fed;
	int turns;        /* on_writable calls */
	size_t turn_most; /* bytes written in one of them */
};

static void
on_output(void *ctx, const char *data, size_t len)
{
	struct run *run = ctx;

	run->after_finish += run->finished;
	(void)buffer_append(&run->out, data, len);
	usleep(run->slow_output);
	if (run->pause_at_output)
		child_pause(run->child);
}

static void
feed(struct run *run)
{
	char piece[5000];
	size_t before = run->written;

	while (run->to_write > 0 && child_queued(run->child) < MIB) {
		size_t n = run->to_write < sizeof(piece) ?
		    run->to_write :
		    sizeof(piece);

		for (size_t i = 0; i < n; i++)
			piece[i] = (char)((run->written + i) % 251);
		if (child_write(run->child, piece, n) != 0)
			break;
		run->written += n;
		run->to_write -= n;
	}
	if (run->written - before > run->turn_most)
		run->turn_most = run->written - before;
	if (run->to_write == 0 && run->kill_when_fed)
		child_kill(run->child);
	else if (run->to_write == 0)
		child_close_input(run->child);
}

static void
on_writable(void *ctx)
{
	struct run *run = ctx;

	run->after_finish += run->finished;
	run->turns++;
	feed(run);
}

static void
on_finish(void *ctx)
{
	struct run *run = ctx;

	run->finished++;
	if (run->timer != NULL)
		event_del(run->timer);
}

static const struct child_handler handler_template = {
	on_output, on_writable, on_finish, NULL
};

/* Starts `sh -c script`. */
static void
start(struct run *run, const char *script, bool wants_input)
{
	struct argv argv = { 0 };
	const struct child_spec spec = { .argv = &argv,
		.home = "/",
		.extra_fd = -1,
		.wants_input = wants_input };
	struct child_handler handler = handler_template;
	struct error error = { .text = "" };

	handler.ctx = run;
	buffer_init(&run->out, 64 * MIB);
	argv_push(&argv, "sh");
	argv_push(&argv, "-c");
	argv_push(&argv, script);
	run->child = child_start(run->loop, &spec, &handler, &error);
	assert_string_equal(error.text, "");
	assert_non_null(run->child);
	argv_release(&argv);
}

/* Forgets the child, so that another can be started. */
static void
clear(struct run *run)
{
	struct loop *loop = run->loop;

	child_free(run->child);
	buffer_release(&run->out);
	if (run->timer != NULL)
		event_free(run->timer);
	*run = (struct run){ .loop = loop };
}

static void
finish(struct run *run)
{
	assert_int_equal(loop_run(run->loop, NULL), 0);
	assert_int_equal(run->finished, 1);
	assert_int_equal(run->after_finish, 0);
}

static void
expect_output(const struct run *run, const char *text)
{
	assert_int_equal(run->out.len, strlen(text));
	assert_memory_equal(run->out.data, text, run->out.len);
}

static void
on_run_timer(evutil_socket_t fd, short what, void *ctx)
{
	struct run *run = ctx;

	(void)fd;
	(void)what;
	run->on_timer(run);
}

static void
after(struct run *run, int ms, void (*call)(struct run *run))
{
	struct timeval when = { ms / 1000, ms % 1000 * 1000 };

	run->on_timer = call;
	run->timer = evtimer_new(loop_base(run->loop), on_run_timer, run);
	evtimer_add(run->timer, &when);
}

static double
now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

static int
setup(void **state)
{
	static struct run run;

	alarm(120);
	run = (struct run){ .loop = loop_new(NULL) };
	*state = &run;
	return run.loop == NULL;
}

static int
teardown(void **state)
{
	struct run *run = *state;

	clear(run);
	loop_free(run->loop);
	/* Nobody is left, not even a zombie. */
	return waitpid(-1, NULL, WNOHANG) != -1;
}

static void
expect_status(struct run *run, const char *script, int status,
    const char *text)
{
	start(run, script, false);
	finish(run);
	assert_string_equal(child_status(run->child), text);
	assert_int_equal(child_exit_status(run->child), status);
	assert_int_equal(child_succeeded(run->child), status == 0);
	clear(run);
}

static void
test_status(void **state)
{
	expect_status(*state, "exit 0", 0, "exit status 0");
	expect_status(*state, "exit 3", 3, "exit status 3");
	expect_status(*state, "kill -SEGV $$", -1,
	    "killed by signal 11 (Segmentation fault)");
	expect_status(*state, "kill -KILL $$", -1,
	    "killed by signal 9 (Killed)");
}

static void
test_output_and_errors(void **state)
{
	struct run *run = *state;

	start(run,
	    "echo one; echo 'Running as user \"root\" x' >&2; "
	    "echo two; echo bad >&2; cat",
	    false);
	assert_string_equal(child_errors(run->child), "");
	finish(run);
	expect_output(run, "one\ntwo\n");
	assert_string_equal(child_errors(run->child), "bad");
	assert_int_equal(child_progress(run->child), 8);
}

static void
test_cannot_start(void **state)
{
	struct run *run = *state;
	struct argv argv = { 0 };
	const struct child_spec spec = {
		.argv = &argv, .home = "/", .extra_fd = -1, .wants_input = true
	};
	struct error error;

	argv_push(&argv, "/no/such/program");
	assert_null(child_start(run->loop, &spec, &handler_template, &error));
	assert_int_equal(error.outcome, OUTCOME_USAGE);
	assert_int_equal(loop_run(run->loop, NULL), 0);
	argv_release(&argv);
}

static void
test_through_and_back(void **state)
{
	struct run *run = *state;
	const size_t size = 20 * MIB + 12345;

	start(run, "cat", true);
	run->to_write = size;
	feed(run);
	assert_int_equal(run->out.len, 0);
	finish(run);
	assert_int_equal(run->out.len, size);
	for (size_t i = 0; i < size; i++) {
		if (run->out.data[i] != (char)(i % 251))
			fail_msg("byte %zu differs", i);
	}
	assert_int_equal(child_progress(run->child), 2 * size);
	assert_true(child_succeeded(run->child));
}

static void
test_stdout_closes_first(void **state)
{
	struct run *run = *state;

	start(run, "echo x; exec >&-; sleep 0.3; echo late >&2; exit 4", false);
	finish(run);
	expect_output(run, "x\n");
	assert_int_equal(child_exit_status(run->child), 4);
	assert_string_equal(child_errors(run->child), "late");
}

static void
test_process_ends_first(void **state)
{
	struct run *run = *state;
	double began = now();

	start(run, "(sleep 0.2; echo late) & echo early; exit 5", false);
	finish(run);
	expect_output(run, "early\nlate\n");
	assert_int_equal(child_exit_status(run->child), 5);
	assert_true(now() - began < 0.95);
}

/* Whoever holds its stdout or writes to it on and on: it is over a second after the child. */
static void
check_lingering(struct run *run, const char *script)
{
	double began = now(), took;

	start(run, script, false);
	finish(run);
	took = now() - began;
	assert_true(took > 0.9 && took < 2.9);
	assert_true(run->out.len >= 6);
	assert_memory_equal(run->out.data, "early\n", 6);
	assert_int_equal(child_exit_status(run->child), 0);
	clear(run);
}

static void
test_held_stdout_is_given_up(void **state)
{
	check_lingering(*state, "echo early; sleep 30 & exit 0");
	check_lingering(*state, "echo early; setsid sleep 4 & exit 0");
	check_lingering(*state,
	    "echo early; setsid timeout 4 sh -c 'while :; do echo x; "
	    "sleep 0.1; done' & exit 0");
}

static bool
is_running(long pid)
{
	char *path = xasprintf("/proc/%ld/stat", pid), line[256] = "";
	FILE *file = fopen(path, "re");
	const char *state;

	free(path);
	if (file == NULL)
		return false;
	if (fgets(line, sizeof(line), file) == NULL)
		line[0] = '\0';
	fclose(file);
	state = strrchr(line, ')');
	return state != NULL && state[2] != 'Z' && state[2] != 'X';
}

static bool
dies_soon(long pid)
{
	for (int i = 0; i < 100; i++) {
		if (!is_running(pid))
			return true;
		usleep(10000);
	}
	return false;
}

/* The number at the beginning of what the child printed. */
static long
printed_number(const struct run *run)
{
	char text[32];

	snprintf(text, sizeof(text), "%.*s",
	    (int)(run->out.len < 20 ? run->out.len : 20), run->out.data);
	return strtol(text, NULL, 10);
}

static void
test_the_group_does_not_outlive_it(void **state)
{
	struct run *run = *state;

	start(run, "sleep 30 >/dev/null 2>&1 & echo $!", false);
	finish(run);
	assert_true(printed_number(run) > 1);
	assert_true(dies_soon(printed_number(run)));
}

static void
resume(struct run *run)
{
	run->pause_at_output = false;
	assert_int_equal(run->finished, 0);
	child_resume(run->child);
	child_resume(run->child);
}

static void
test_pause_loses_nothing_of_the_dead(void **state)
{
	struct run *run = *state;

	/* Longer than stdout may linger. */
	start(run, "head -c 200000 /dev/zero; exit 0", false);
	child_pause(run->child);
	child_pause(run->child);
	after(run, 1500, resume);
	finish(run);
	assert_int_equal(run->out.len, 200000);
	clear(run);
	/* Paused between two reads, with the end of the pipe still unseen. */
	start(run, "head -c 600000 /dev/zero; sleep 0.2; exit 0", false);
	run->pause_at_output = true;
	after(run, 1500, resume);
	finish(run);
	assert_int_equal(run->out.len, 600000);
}

static void
pause_for_long(struct run *run)
{
	static const struct timeval when = { 1, 400000 };

	expect_output(run, "early\n");
	child_pause(run->child);
	run->on_timer = resume;
	evtimer_add(run->timer, &when);
}

static void
test_pause_holds_up_the_lingering(void **state)
{
	struct run *run = *state;

	start(run, "echo early; (sleep 0.5; echo late) & exit 0", false);
	after(run, 200, pause_for_long);
	finish(run);
	expect_output(run, "early\nlate\n");
}

/* Everything happens while the owner is busy, so the loop learns of it at once and in any order. */
static void
test_busy_owner_loses_nothing(void **state)
{
	struct run *run = *state;

	run->slow_output = 500000;
	start(run, "head -c 1000000 /dev/zero; exit 0", false);
	child_pause(run->child);
	after(run, 300, resume);
	finish(run);
	assert_int_equal(run->out.len, 1000000);
	clear(run);
	run->slow_output = 400000;
	start(run,
	    "echo x; sleep 0.1; "
	    "head -c 60000 /dev/zero | tr '\\0' '\\n' >&2; echo last >&2",
	    false);
	finish(run);
	assert_non_null(strstr(child_errors(run->child), "last"));
}

static void
check_quiet(struct run *run)
{
	size_t got = run->out.len;

	assert_true(got < 4 * MIB);
	run->pause_at_output = false;
	child_kill(run->child);
}

static void
test_pause_stops_a_flood_and_kill_ends_it(void **state)
{
	struct run *run = *state;

	start(run, "yes; exit 1", false);
	run->pause_at_output = true;
	after(run, 300, check_quiet);
	finish(run);
	assert_true(run->out.len > 0 && run->out.len < 4 * MIB);
	assert_string_equal(child_status(run->child),
	    "killed by signal 9 (Killed)");
}

/* Pausing again in on_output must not hold up one that was killed. */
static void
kill_it(struct run *run)
{
	assert_int_equal(run->out.len, 0);
	child_kill(run->child);
	child_kill(run->child);
}

static void
test_kill_while_paused_delivers_the_rest(void **state)
{
	struct run *run = *state;

	start(run, "head -c 60000 /dev/zero; sleep 30", false);
	child_pause(run->child);
	run->pause_at_output = true;
	after(run, 400, kill_it);
	finish(run);
	assert_int_equal(run->out.len, 60000);
	assert_int_equal(child_exit_status(run->child), -1);
	assert_false(child_succeeded(run->child));
}

static void
test_flood_of_errors(void **state)
{
	struct run *run = *state;
	const char *errors;

	start(run,
	    "yes 'a line of text' | head -c 10000000 >&2; "
	    "echo >&2; echo last >&2; echo done",
	    false);
	finish(run);
	expect_output(run, "done\n");
	errors = child_errors(run->child);
	assert_true(strlen(errors) <= 4096 && strlen(errors) > 4000);
	assert_int_equal(strncmp(errors, "a line of text\n", 15), 0);
	assert_string_equal(errors + strlen(errors) - 5, "\nlast");
}

static void
test_closed_stdin_drops_silently(void **state)
{
	struct run *run = *state;

	start(run, "exec <&-; echo done; exec sleep 60", true);
	run->to_write = 40 * MIB;
	run->kill_when_fed = true;
	feed(run);
	finish(run);
	expect_output(run, "done\n");
	assert_int_equal(run->written, 40 * MIB);
	/* The loop came round in between. */
	assert_true(run->turns >= 20);
	assert_true(run->turn_most <= MIB + 5000);
	assert_true(child_progress(run->child) < 2 * MIB);
}

static void
test_queue_has_an_end(void **state)
{
	struct run *run = *state;
	char *piece = xcalloc(1, MIB);
	int queued = 0;

	start(run, "sleep 0.3", true);
	while (child_write(run->child, piece, MIB) == 0)
		queued++;
	assert_int_equal(queued, CHILD_QUEUE_MAX / MIB);
	assert_int_equal(child_queued(run->child), CHILD_QUEUE_MAX);
	assert_int_equal(child_write(run->child, piece, 1), -1);
	assert_int_equal(child_write(run->child, piece, 0), 0);
	free(piece);
	finish(run);
	assert_true(child_succeeded(run->child));
	clear(run);
	start(run, "cat", true);
	assert_int_equal(child_write(run->child, "", CHILD_QUEUE_MAX + 1), -1);
	assert_int_equal(child_write(run->child, "x", 1), 0);
	child_close_input(run->child);
	finish(run);
	expect_output(run, "x");
}

static void
stop(struct run *run)
{
	loop_stop(run->loop);
}

static void
test_free_ends_a_running_one(void **state)
{
	struct run *run = *state;
	long pid;

	start(run, "echo $$; exec sleep 60", true);
	after(run, 300, stop);
	assert_int_equal(loop_run(run->loop, NULL), 0);
	assert_int_equal(run->finished, 0);
	pid = printed_number(run);
	assert_true(pid > 1 && is_running(pid));
	clear(run);
	assert_false(is_running(pid));
	assert_int_equal(loop_run(run->loop, NULL), 0);
	child_free(NULL);
}

static void
test_strange_children_are_left_alone(void **state)
{
	struct run *run = *state;
	pid_t stranger = fork();
	int status;

	if (stranger == 0) {
		usleep(100000);
		_exit(7);
	}
	start(run, "exec >&-; sleep 0.4; exit 9", false);
	finish(run);
	assert_int_equal(child_exit_status(run->child), 9);
	assert_int_equal(waitpid(stranger, &status, 0), stranger);
	assert_int_equal(WEXITSTATUS(status), 7);
}

/* nohup and some supervisors start programs so. */
static void
test_ignored_sigchld(void **state)
{
	struct run *run = *state;

	signal(SIGCHLD, SIG_IGN);
	start(run, "exit 6", false);
	finish(run);
	assert_int_equal(child_exit_status(run->child), 6);
	signal(SIGCHLD, SIG_DFL);
}

static int
count_fds(void)
{
	DIR *dir = opendir("/proc/self/fd");
	int count = 0;

	while (readdir(dir) != NULL)
		count++;
	closedir(dir);
	return count;
}

static void
test_many_one_after_the_other(void **state)
{
	struct run *run = *state;
	int before = count_fds();

	for (int i = 0; i < 300; i++) {
		start(run, i % 2 == 0 ? "echo x" : "exit 1", i % 3 == 0);
		if (i % 3 == 0)
			child_close_input(run->child);
		finish(run);
		assert_int_equal(child_succeeded(run->child), i % 2 == 0);
		clear(run);
	}
	assert_int_equal(count_fds(), before);
}

static void
test_many_at_once(void **state)
{
	static struct run runs[20];
	struct run *first = *state;

	for (size_t i = 0; i < 20; i++) {
		runs[i] = (struct run){ .loop = first->loop };
		start(&runs[i], "cat; exit 2", true);
		runs[i].to_write = 300000 + i;
		feed(&runs[i]);
	}
	assert_int_equal(loop_run(first->loop, NULL), 0);
	for (size_t i = 0; i < 20; i++) {
		assert_int_equal(runs[i].finished, 1);
		assert_int_equal(runs[i].out.len, 300000 + i);
		assert_int_equal(child_exit_status(runs[i].child), 2);
		clear(&runs[i]);
	}
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_status),
		TEST(test_output_and_errors),
		TEST(test_cannot_start),
		TEST(test_through_and_back),
		TEST(test_stdout_closes_first),
		TEST(test_process_ends_first),
		TEST(test_held_stdout_is_given_up),
		TEST(test_the_group_does_not_outlive_it),
		TEST(test_pause_loses_nothing_of_the_dead),
		TEST(test_pause_holds_up_the_lingering),
		TEST(test_busy_owner_loses_nothing),
		TEST(test_pause_stops_a_flood_and_kill_ends_it),
		TEST(test_kill_while_paused_delivers_the_rest),
		TEST(test_flood_of_errors),
		TEST(test_closed_stdin_drops_silently),
		TEST(test_queue_has_an_end),
		TEST(test_free_ends_a_running_one),
		TEST(test_strange_children_are_left_alone),
		TEST(test_ignored_sigchld),
		TEST(test_many_one_after_the_other),
		TEST(test_many_at_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
