/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Tests of run/finish.c: the exit status, the last messages, and that a signal ends the waiting for whoever does not
 * read.
 */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>

#include <cmocka.h>

#include "messages.h"
#include "run/finish.h"

struct test {
	struct loop *loop;
	struct log log;
	struct summary summary;
	struct finish finish;
	struct totals totals;
	struct messages messages;
	unsigned seen; /* signals */
};

static void
on_signal(void *ctx, int number)
{
	struct test *test = ctx;

	(void)number;
	test->seen++;
}

static int
setup(void **state)
{
	static struct test test;

	test = (struct test){ .loop = loop_new(NULL),
		.log = { .program = "test", .level = LOG_LEVEL_NORMAL },
		.summary = { .fd = -1 } };
	test.finish = (struct finish){ .loop = test.loop,
		.log = &test.log,
		.summary = &test.summary };
	test.totals = (struct totals){ .read = 2, .delivered = 2 };
	*state = &test;
	alarm(30);
	return test.loop == NULL;
}

static int
teardown(void **state)
{
	struct test *test = *state;

	loop_free(test->loop);
	alarm(0);
	return 0;
}

/* The exit status; the messages but the final line, which is checked, are wanted. */
static int
finish(struct test *test, enum outcome outcome, int signal_number, const char *wanted)
{
	char line[PROGRESS_TOTALS_LEN], all[4096];
	int status;

	messages_start(&test->messages);
	status = finish_run(&test->finish, &test->totals, outcome, signal_number);
	progress_totals(&test->totals, line, sizeof(line));
	(void)snprintf(all, sizeof(all), "%stest: %s\n", wanted, line);
	assert_string_equal(messages_end(&test->messages), all);
	return status;
}

static void
test_the_status_is_the_outcome(void **state)
{
	struct test *test = *state;

	assert_int_equal(finish(test, OUTCOME_OK, 0, ""), 0);
	assert_int_equal(finish(test, OUTCOME_REJECTED, 0, ""), 6);
}

static void
test_the_status_is_the_signal(void **state)
{
	struct test *test = *state;

	assert_int_equal(finish(test, OUTCOME_OUTPUT, SIGTERM, ""), 128 + SIGTERM);
}

/* One signal ends the reading; the run ends as it should. */
static void
test_a_signal_before_is_no_reason(void **state)
{
	struct test *test = *state;

	loop_catch(test->loop, on_signal, test);
	assert_int_equal(raise(SIGINT), 0);
	assert_int_equal(finish(test, OUTCOME_OK, 0, ""), 0);
}

static void
test_remarks(void **state)
{
	struct test *test = *state;

	test->finish.sanitized = 4;
	test->finish.ring = "/ring";
	test->totals.fallbacks = 5;
	test->totals.discarded = 6;
	test->totals.ring_missing = 7;
	assert_int_equal(
	    finish(test, OUTCOME_OK, 0,
		"test: 4 documents had texts that were not UTF-8; these were sanitized\n"
		"test: tshark failed with the plugin and was run without it: 5 times\n"
		"test: an ingest pipeline of the server dropped 6 packets\n"
		"test: 7 packets are missing in the packet ring files in /ring\n"),
	    0);
	/* Packets that the ring has not are an error, the others are not. */
	test->log.level = LOG_LEVEL_QUIET;
	assert_int_equal(
	    finish(test, OUTCOME_OK, 0, "test: 7 packets are missing in the packet ring files in /ring\n"), 0);
}

static void
assert_summary(const char *name, const struct totals *totals, int status)
{
	char text[PROGRESS_TOTALS_LEN];
	FILE *file = fopen(name, "re");
	struct buffer wanted;
	size_t n;

	assert_non_null(file);
	n = fread(text, 1, sizeof(text), file);
	fclose(file);
	buffer_init(&wanted, PROGRESS_TOTALS_LEN);
	assert_int_equal(progress_json(totals, status, &wanted), 0);
	assert_int_equal(n, wanted.len);
	assert_memory_equal(text, wanted.data, n);
	buffer_release(&wanted);
}

static bool
file_has(const char *name, const char *wanted)
{
	char line[256];
	FILE *file = fopen(name, "re");
	bool found = false;

	assert_non_null(file);
	while (!found && fgets(line, sizeof(line), file) != NULL)
		found = strcmp(line, wanted) == 0;
	fclose(file);
	return found;
}

static void
test_summary_and_metrics(void **state)
{
	struct test *test = *state;
	char folder[] = "/tmp/test_finish.XXXXXX", summary[64], metrics[64];
	const struct metrics first = { .interface = NULL };

	assert_non_null(mkdtemp(folder));
	(void)snprintf(summary, sizeof(summary), "%s/s", folder);
	(void)snprintf(metrics, sizeof(metrics), "%s/m", folder);
	assert_int_equal(summary_open(&test->summary, summary, &test->log, NULL), 0);
	test->finish.metrics = metrics_file_new(metrics, NULL);
	assert_non_null(test->finish.metrics);
	assert_int_equal(metrics_file_begin(test->finish.metrics, &first, NULL), 0);
	assert_int_equal(finish(test, OUTCOME_INPUT, SIGINT, ""), 130);
	assert_summary(summary, &test->totals, 130);
	assert_true(file_has(metrics, "espcap_exit_status 130\n"));
	summary_close(&test->summary);
	metrics_file_free(test->finish.metrics);
	assert_int_equal(unlink(summary), 0);
	assert_int_equal(unlink(metrics), 0);
	assert_int_equal(rmdir(folder), 0);
}

/* A standard error that takes nothing more, and that nobody reads. */
static int
block_stderr(int ends[2])
{
	static const char zeros[4096];
	int saved = dup(STDERR_FILENO);

	assert_int_equal(pipe2(ends, O_CLOEXEC | O_NONBLOCK), 0);
	while (write(ends[1], zeros, sizeof(zeros)) > 0)
		continue;
	assert_true(dup2(ends[1], STDERR_FILENO) >= 0);
	return saved;
}

static void
unblock_stderr(int ends[2], int saved)
{
	assert_true(dup2(saved, STDERR_FILENO) >= 0);
	close(saved);
	close(ends[0]);
	close(ends[1]);
}

/* A process that sends this one a signal in a moment. */
static pid_t
send_soon(int number)
{
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid == 0) {
		usleep(200000);
		(void)kill(getppid(), number);
		_exit(0);
	}
	return pid;
}

static void
test_a_signal_ends_the_waiting(void **state)
{
	struct test *test = *state;
	int ends[2], saved, status;
	pid_t pid;

	loop_catch(test->loop, on_signal, test);
	saved = block_stderr(ends);
	pid = send_soon(SIGTERM);
	status = finish_run(&test->finish, &test->totals, OUTCOME_OK, 0);
	unblock_stderr(ends, saved);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	assert_int_equal(status, 128 + SIGTERM);
}

/* The second signal is the last word: nothing is waited for. */
static void
test_after_two_signals_nothing_is_waited_for(void **state)
{
	struct test *test = *state;
	int ends[2], saved, status;

	loop_catch(test->loop, on_signal, test);
	assert_int_equal(raise(SIGINT), 0);
	assert_int_equal(raise(SIGTERM), 0);
	saved = block_stderr(ends);
	status = finish_run(&test->finish, &test->totals, OUTCOME_OK, SIGTERM);
	unblock_stderr(ends, saved);
	assert_int_equal(status, 128 + SIGTERM);
}

/* The wait status of a process that ends with this status. */
static int
exit_as(struct test *test, int status)
{
	pid_t pid = fork();
	int ended;

	assert_true(pid >= 0);
	if (pid == 0) {
		loop_catch(test->loop, on_signal, test);
		_exit(finish_exit(status));
	}
	assert_int_equal(waitpid(pid, &ended, 0), pid);
	return ended;
}

static void
test_exit(void **state)
{
	static const int numbers[] = { SIGINT, SIGTERM };

	for (int status = 0; status <= OUTCOME_REJECTED; status++)
		assert_int_equal(exit_as(*state, status), W_EXITCODE(status, 0));
	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
		assert_int_equal(exit_as(*state, 128 + numbers[i]),
		    W_EXITCODE(0, numbers[i]));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_the_status_is_the_outcome, setup, teardown),
		cmocka_unit_test_setup_teardown(test_the_status_is_the_signal, setup, teardown),
		cmocka_unit_test_setup_teardown(test_a_signal_before_is_no_reason, setup, teardown),
		cmocka_unit_test_setup_teardown(test_remarks, setup, teardown),
		cmocka_unit_test_setup_teardown(test_summary_and_metrics, setup, teardown),
		cmocka_unit_test_setup_teardown(test_a_signal_ends_the_waiting, setup, teardown),
		cmocka_unit_test_setup_teardown(test_after_two_signals_nothing_is_waited_for, setup, teardown),
		cmocka_unit_test_setup_teardown(test_exit, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
