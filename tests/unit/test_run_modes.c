/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Tests of run/run.c over each kind of input: signals, a server, a live capture, a replay, a watched folder, by scripts
 * (running.h). The table of the run is in test_run.c; the modes differ in what is begun when the sink is ready, and in
 * what a signal stops:
 *
 *   mode            begun                            a signal                        ends when
 *   --------------  -------------------------------  ------------------------------  ---------------------------
 *   files, stdin    a dissection of each, in order   stops them                      all have ended
 *   live capture    one, without --count             stops capturing only            it has ended
 *   several of them one of each                      stops capturing on all          all have ended
 *   replay          the replay                       stops it                        it is over
 *   watched folder  the watching                     stops it                        it is over
 *
 * A live capture and a watched folder have no end of their own, and try for ever to deliver: not after a signal.
 * The signal is how these end; it ends a run of files, standard input or a replay that was not read to its end.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "running.h"

static int
setup_files(void **state)
{
	return bench_setup(state);
}

static struct live live_a = { "a" }, live_b = { "b" };
static const struct input_live lives[] = { { .live = &live_a }, { .live = &live_b } };

static int
setup_live(void **state)
{
	struct bench *bench;

	if (bench_setup(state) != 0)
		return -1;
	bench = *state;
	bench->input.lives = lives;
	bench->input.live_count = 1;
	bench_inputs(bench, "a");
	return 0;
}

static int
setup_two_live(void **state)
{
	struct bench *bench;

	if (setup_live(state) != 0)
		return -1;
	bench = *state;
	bench->input.live_count = 2;
	bench_inputs(bench, "ab");
	return 0;
}

static int
setup_server(void **state)
{
	struct bench *bench;

	if (bench_setup(state) != 0)
		return -1;
	bench = *state;
	bench->config.server = &bench->server;
	return 0;
}

static int
setup_watch(void **state)
{
	static struct watching watching;
	struct bench *bench;

	if (bench_setup(state) != 0)
		return -1;
	bench = *state;
	bench->input.watching = &watching;
	return 0;
}

static int
setup_replay(void **state)
{
	struct bench *bench;

	if (setup_server(state) != 0)
		return -1;
	bench = *state;
	bench->input.replay = "dead";
	return 0;
}

/* Signals. */

static void
test_signal_before_ready(void **state)
{
	struct bench *bench = *state;

	bench_inputs(bench, "a");
	bench_run(bench, "int ready a1", "gone");
	assert_int_equal(bench->outcome, OUTCOME_OK);
	assert_int_equal(bench->signal_number, SIGINT);
}

/* What was read is delivered. */
static void
test_signal_while_reading(void **state)
{
	struct bench *bench = *state;

	bench->input.jobs = 3;
	bench_inputs(bench, "abcd");
	bench_run(bench, "ready a1 b1 c. int a2 a. b2 b.",
	    "new a 0, new b 0, "
	    "new c 0, write a1, stop a, stop b, write a2, free a, write b1, "
	    "resume b, write b2, free b, resume c, free c, end, gone");
	assert_int_equal(bench->outcome, OUTCOME_OK);
	assert_int_equal(bench->signal_number, SIGINT);
}

/* Documents are still to come, but nothing is to be read. */
static void
test_signal_after_reading(void **state)
{
	struct bench *bench = *state;

	bench->input.jobs = 3;
	bench_inputs(bench, "abc");
	bench_run(bench, "ready a1 a. b! c! int b. c1 c.",
	    "new a 0, new b 0, new c 0, write a1, free a, resume b, stop b, "
	    "stop c, free b, resume c, write c1, free c, end, gone");
	assert_int_equal(bench->signal_number, 0);
}

/* All that was begun is read, but one file was not. */
static void
test_signal_between_files(void **state)
{
	struct bench *bench = *state;

	bench_inputs(bench, "ab");
	bench_run(bench, "ready a1 a! term a.",
	    "new a 0, write a1, stop a, free a, end, gone");
	assert_int_equal(bench->signal_number, SIGTERM);
}

/* What --count wants is all. */
static void
test_signal_after_count(void **state)
{
	struct bench *bench = *state;

	bench->input.count = 2;
	bench_inputs(bench, "abc");
	bench_run(bench, "ready a1 a. b1 b! int b.",
	    "new a 2, write a1, free a, new b 1, write b1, stop b, free b, end, "
	    "gone");
	assert_int_equal(bench->signal_number, 0);
}

static void
test_signal_before_count(void **state)
{
	struct bench *bench = *state;

	bench->input.count = 2;
	bench_inputs(bench, "ab");
	bench_run(bench, "ready a1 a! int a.",
	    "new a 2, write a1, stop a, free a, end, gone");
	assert_int_equal(bench->signal_number, SIGINT);
}

/* A failure says more. */
static void
test_signal_and_failure(void **state)
{
	struct bench *bench = *state;

	bench->ends[0].outcome = OUTCOME_INPUT;
	bench_inputs(bench, "ab");
	bench_run(bench, "ready a1 a. b1 int b.",
	    "new a 0, write a1, free a, new b 0, write b1, stop b, free b, end, "
	    "gone");
	assert_int_equal(bench->outcome, OUTCOME_INPUT);
	assert_int_equal(bench->signal_number, 0);
}

static void
test_signal_while_full(void **state)
{
	struct bench *bench = *state;

	bench_inputs(bench, "ab");
	bench_run(bench, "ready full a1 term drain a.",
	    "new a 0, write a1, "
	    "pause a, stop a, resume a, free a, end, gone");
}

static void
test_signal_at_the_end(void **state)
{
	struct bench *bench = *state;

	bench_inputs(bench, "a");
	bench_run(bench, "ready busy a1 a. int empty drain",
	    "new a 0, write a1, "
	    "free a, end, hurry, gone");
	assert_int_equal(bench->outcome, OUTCOME_OK);
	assert_int_equal(bench->signal_number, 0);
}

/* The second ends it at once. */
static void
test_two_signals(void **state)
{
	struct bench *bench = *state;

	bench_inputs(bench, "ab");
	bench_run(bench, "ready a1 int a2 term a3",
	    "new a 0, write a1, stop a, "
	    "write a2, free a, gone");
	assert_int_equal(bench->signal_number, SIGTERM);
}

static void
test_two_signals_while_busy(void **state)
{
	struct bench *bench = *state;

	bench_inputs(bench, "a");
	bench_run(bench, "ready busy a1 a. int int empty",
	    "new a 0, write a1, "
	    "free a, end, hurry, gone");
	assert_int_equal(bench->signal_number, SIGINT);
}

/* A server. */

static void
test_server(void **state)
{
	struct bench *bench = *state;

	bench_inputs(bench, "a");
	bench_run(bench, "ready a1 a.",
	    "server, new a 0, write a1, free a, end, "
	    "gone");
	assert_true(bench->totals.has_server);
}

static const char *
new_authorization(void *ctx)
{
	(void)ctx;
	return "second";
}

static const char *
no_authorization(void *ctx)
{
	(void)ctx;
	return NULL;
}

static void
test_authorization(void **state)
{
	struct bench *bench = *state;

	bench->config.authorization = "first";
	bench->config.reauthorize = new_authorization;
	bench_inputs(bench, "a");
	bench_run(bench, "hup ready a1 hup a.",
	    "server, authorize first, "
	    "authorize second, new a 0, write a1, authorize second, free a, "
	    "end, gone");
}

static void
test_authorization_that_stays(void **state)
{
	struct bench *bench = *state;

	bench->config.authorization = "first";
	bench->config.reauthorize = no_authorization;
	bench_inputs(bench, "a");
	bench_run(bench, "ready hup a.",
	    "server, authorize first, new a 0, "
	    "free a, end, gone");
}

/* Files have an end: nobody is in a hurry. */
static void
test_signal_with_server(void **state)
{
	struct bench *bench = *state;

	bench_inputs(bench, "a");
	bench_run(bench, "ready a1 int a.",
	    "server, new a 0, write a1, stop a, "
	    "free a, end, gone");
}

/* Live captures. */

/* It counts for itself, for it counts what it drops, too. */
static void
test_live(void **state)
{
	struct bench *bench = *state;

	bench->input.count = 5;
	bench->captured[0] = (struct live_counts){ .captured = 9,
		.queue_drop = 3,
		.kernel_drop = 2,
		.interface_drop = 1,
		.ring_missing = 4 };
	bench_run(bench, "ready a1 a2 a.",
	    "new a 0, write a1, write a2, free a, "
	    "end, close capture a, gone");
	assert_int_equal(bench->outcome, OUTCOME_OK);
	assert_true(bench->totals.has_drops);
	assert_int_equal(bench->totals.read, 9);
	assert_int_equal(bench->totals.dropped, 3);
	assert_int_equal(bench->totals.kernel_drop, 2);
	assert_int_equal(bench->totals.interface_drop, 1);
	assert_int_equal(bench->totals.ring_missing, 4);
	assert_int_equal(bench->totals.unsent, 9 - 2 - 3);
}

/* What was captured is still dissected. */
static void
test_live_signal(void **state)
{
	struct bench *bench = *state;

	bench_run(bench, "ready a1 int a2 a.",
	    "new a 0, write a1, stop capture a, "
	    "write a2, free a, end, close capture a, gone");
	assert_int_equal(bench->outcome, OUTCOME_OK);
}

static void
test_live_signal_with_server(void **state)
{
	struct bench *bench = *state;

	bench->config.server = &bench->server;
	bench_run(bench, "ready a1 int a.",
	    "server, new a 0, write a1, "
	    "stop capture a, retry 300000, free a, end, close capture a, gone");
}

/* Whoever has said for how long is not overruled. */
static void
test_live_signal_with_time(void **state)
{
	struct bench *bench = *state;

	bench->config.server = &bench->server;
	bench->server.retry_for = 5000;
	bench_run(bench, "ready a1 int a.",
	    "server, new a 0, write a1, "
	    "stop capture a, free a, end, close capture a, gone");
}

/* Nobody was there to take what was captured. */
static void
test_live_signal_before_ready(void **state)
{
	struct bench *bench = *state;

	bench->captured[0].captured = 4;
	bench_run(bench, "int", "close capture a, gone");
	assert_int_equal(bench->outcome, OUTCOME_OUTPUT);
	assert_int_equal(bench->totals.unsent, 4);
}

static void
test_live_signal_before_any(void **state)
{
	struct bench *bench = *state;

	bench_run(bench, "int", "close capture a, gone");
	assert_int_equal(bench->outcome, OUTCOME_OK);
}

/* That its stream ends within a packet then is no other failure. */
static void
test_live_lost(void **state)
{
	struct bench *bench = *state;

	bench->ends[0].outcome = OUTCOME_INPUT;
	bench_run(bench, "ready a1 lost a2 a.",
	    "new a 0, write a1, write a2, "
	    "free a, end, close capture a, gone");
	assert_int_equal(bench->outcome, OUTCOME_TSHARK);
}

static void
test_live_damaged(void **state)
{
	struct bench *bench = *state;

	bench->ends[0].outcome = OUTCOME_INPUT;
	bench_run(bench, "ready a.", "new a 0, free a, end, close capture a, gone");
	assert_int_equal(bench->outcome, OUTCOME_INPUT);
}

/* Its stream waits until the sink takes more, and so does its end. */
static void
test_live_full(void **state)
{
	struct bench *bench = *state;

	bench_run(bench, "ready full a1 drain full a2 a. drain",
	    "new a 0, write a1, pause a, resume a, write a2, pause a, free a, "
	    "end, close capture a, gone");
}

/* It has an interface in place of files, and counts what the capture process saw. */
static void
test_live_progress(void **state)
{
	struct bench *bench = *state;

	bench->captured[0] = (struct live_counts){ .captured = 9,
		.queue_drop = 3,
		.kernel_drop = 2,
		.interface_drop = 1 };
	bench_run(bench, "tell ready a1 tell a.",
	    "at 0/0 9 0/?a, dropped 6, new a 0, write a1, at 0/0 9 0/?a, "
	    "dropped 6, free a, end, close capture a, gone");
}

/* Several live captures: each has a dissection of its own, and its documents go out as they come. */

static void
test_two_live(void **state)
{
	struct totals_part parts[] = { { .interface = "a" }, { .interface = "b" } };
	struct bench *bench = *state;

	bench->config.parts = parts;
	bench->config.part_count = 2;
	bench->captured[0] = (struct live_counts){ .captured = 9,
		.queue_drop = 3,
		.kernel_drop = 2,
		.interface_drop = 1,
		.ring_missing = 4 };
	bench->captured[1] = (struct live_counts){ .captured = 20,
		.queue_drop = 10,
		.kernel_drop = 30,
		.interface_drop = 40,
		.ring_missing = 50 };
	bench_run(bench, "ready a1 b1 a2 b. tell a- a.",
	    "new a 0, new b 0, write a1, write b1, write a2, free b, at 0/0 29 0/?2 interfaces, dropped 86, free a, end, "
	    "close capture a, close capture b, gone");
	assert_int_equal(bench->outcome, OUTCOME_OK);
	assert_true(bench->totals.has_drops);
	assert_int_equal(bench->totals.read, 29);
	assert_int_equal(bench->totals.dropped, 13);
	assert_int_equal(bench->totals.kernel_drop, 32);
	assert_int_equal(bench->totals.interface_drop, 41);
	assert_int_equal(bench->totals.ring_missing, 54);
	assert_int_equal(bench->totals.undissected, 1);
	assert_int_equal(bench->totals.unsent, 29 - 3 - 13 - 1);
	assert_ptr_equal(bench->totals.parts, parts);
	assert_int_equal(bench->totals.part_count, 2);
	assert_int_equal(parts[0].totals.read, 9);
	assert_int_equal(parts[0].totals.delivered, 2);
	assert_int_equal(parts[0].totals.dropped, 3);
	assert_int_equal(parts[0].totals.undissected, 1);
	assert_int_equal(parts[0].totals.unsent, 9 - 2 - 3 - 1);
	assert_int_equal(parts[0].totals.kernel_drop, 2);
	assert_true(parts[0].totals.is_part);
	assert_int_equal(parts[1].totals.read, 20);
	assert_int_equal(parts[1].totals.delivered, 1);
	assert_int_equal(parts[1].totals.unsent, 20 - 1 - 10);
	assert_int_equal(parts[1].totals.interface_drop, 40);
}

/* Both wait, and another begins each time. */
static void
test_two_live_full(void **state)
{
	bench_run(*state, "ready full a1 drain full b1 a2 drain a. b.",
	    "new a 0, new b 0, write a1, pause a, pause b, resume b, resume a, write b1, pause a, pause b, write a2, "
	    "resume a, resume b, free a, free b, end, close capture a, close capture b, gone");
}

static void
test_two_live_signal(void **state)
{
	struct bench *bench = *state;

	bench->config.server = &bench->server;
	bench_run(bench, "ready a1 int b1 b. a.",
	    "server, new a 0, new b 0, write a1, stop capture a, stop capture b, retry 300000, write b1, free b, free a, "
	    "end, close capture a, close capture b, gone");
	assert_int_equal(bench->outcome, OUTCOME_OK);
}

/* The other goes on. */
static void
test_two_live_lost(void **state)
{
	struct bench *bench = *state;

	bench->ends[1].outcome = OUTCOME_INPUT;
	bench_run(bench, "ready b1 lostb b. a1 int a.",
	    "new a 0, new b 0, write b1, free b, write a1, stop capture a, stop capture b, free a, end, "
	    "close capture a, close capture b, gone");
	assert_int_equal(bench->outcome, OUTCOME_TSHARK);
}

static void
test_two_live_signal_before_any(void **state)
{
	struct bench *bench = *state;

	bench_run(bench, "int", "close capture a, close capture b, gone");
	assert_int_equal(bench->outcome, OUTCOME_OK);
}

/* A replay. */

static void
test_replay(void **state)
{
	struct bench *bench = *state;

	bench_run(bench, "ready drain over", "server, go, go, end, gone");
	assert_int_equal(bench->totals.read, 7);
	assert_int_equal(bench->outcome, OUTCOME_OK);
}

static void
test_replay_full(void **state)
{
	bench_run(*state, "ready d1 full d2 drain over",
	    "server, go, place d1, at i, place d2, at i, wait, go, end, gone");
}

static void
test_replay_progress(void **state)
{
	bench_run(*state, "busy tell ready tell over tell empty drain",
	    "server, at 0/0 0 0/?, go, at 0/0 7 0/?, end, at 1/0 7 0/?, go, "
	    "gone");
}

static void
test_replay_signal(void **state)
{
	struct bench *bench = *state;

	bench_run(bench, "ready int over", "server, go, stop replay, end, gone");
	assert_int_equal(bench->outcome, OUTCOME_OK);
	assert_int_equal(bench->signal_number, SIGINT);
}

static void
test_replay_signal_at_the_end(void **state)
{
	struct bench *bench = *state;

	bench_run(bench, "ready busy over int empty drain",
	    "server, go, end, hurry, stop replay, go, gone");
	assert_int_equal(bench->signal_number, 0);
}

static void
test_replay_signal_before_ready(void **state)
{
	struct bench *bench = *state;

	bench_run(bench, "term ready", "server, gone");
	assert_int_equal(bench->signal_number, SIGTERM);
}

static void
test_replay_of_bad_lines(void **state)
{
	struct bench *bench = *state;

	bench->over = OUTCOME_INPUT;
	bench_run(bench, "ready over", "server, go, end, gone");
	assert_int_equal(bench->outcome, OUTCOME_INPUT);
}

static void
test_replay_unreadable(void **state)
{
	struct bench *bench = *state;

	bench->unreadable = "dead";
	bench_run(bench, "ready", "server, end, gone");
	assert_int_equal(bench->outcome, OUTCOME_INPUT);
	assert_int_equal(bench->totals.read, 0);
}

/* It would read what it writes. */
static void
test_replay_of_its_own_file(void **state)
{
	struct bench *bench = *state;
	int any;

	bench->input.dead_letter = (struct dead_letter *)(void *)&any;
	bench_run(bench, "ready", "server, end, gone");
	assert_int_equal(bench->outcome, OUTCOME_USAGE);
}

/* A watched folder. */

static void
test_watch(void **state)
{
	struct bench *bench = *state;

	bench->input.count = 6;
	bench_run(bench, "ready drain over",
	    "watch omit 6, go, end, "
	    "close watch, gone");
	assert_int_equal(bench->totals.read, 9);
	assert_int_equal(bench->outcome, OUTCOME_OK);
}

static void
test_watch_full(void **state)
{
	bench_run(*state, "ready d1 full d2 drain over",
	    "watch omit 0, write d1, write d2, wait, go, end, close watch, "
	    "gone");
}

static void
test_watch_progress(void **state)
{
	bench_run(*state, "tell ready tell over",
	    "at 0/0 0 0/?, watch omit 0, at 2/5 9 90/?, end, close watch, "
	    "gone");
}

/* With ids the server notices what is given twice. */
static void
test_watch_with_server(void **state)
{
	struct bench *bench = *state;

	bench->dissection.ids = true;
	bench->config.server = &bench->server;
	bench_run(bench, "ready over",
	    "server, watch all 0, retry 300000, end, "
	    "close watch, gone");
}

static void
test_watch_signal(void **state)
{
	struct bench *bench = *state;

	bench->config.server = &bench->server;
	bench->over = OUTCOME_INPUT;
	bench_run(bench, "ready int over",
	    "server, watch omit 0, stop watch, "
	    "retry 300000, retry 300000, end, close watch, gone");
	assert_int_equal(bench->outcome, OUTCOME_INPUT);
}

/* What has its place by then is put into the registry also now. */
static void
test_watch_two_signals(void **state)
{
	struct bench *bench = *state;

	bench_run(bench, "ready int int",
	    "watch omit 0, stop watch, "
	    "close watch, gone");
	assert_int_equal(bench->signal_number, SIGINT);
}

static void
test_watch_sink_fails(void **state)
{
	struct bench *bench = *state;

	bench->failure = OUTCOME_OUTPUT;
	bench_run(bench, "ready fail", "watch omit 0, close watch, gone");
	assert_int_equal(bench->outcome, OUTCOME_OUTPUT);
}

#define TEST(kind, name) \
	cmocka_unit_test_setup_teardown(name, setup_##kind, bench_teardown)

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		TEST(files, test_signal_before_ready),
		TEST(files, test_signal_while_reading),
		TEST(files, test_signal_after_reading),
		TEST(files, test_signal_between_files),
		TEST(files, test_signal_after_count),
		TEST(files, test_signal_before_count),
		TEST(files, test_signal_and_failure),
		TEST(files, test_signal_while_full),
		TEST(files, test_signal_at_the_end),
		TEST(files, test_two_signals),
		TEST(files, test_two_signals_while_busy),
		TEST(server, test_server),
		TEST(server, test_authorization),
		TEST(server, test_authorization_that_stays),
		TEST(server, test_signal_with_server),
		TEST(live, test_live),
		TEST(live, test_live_full),
		TEST(live, test_live_progress),
		TEST(live, test_live_signal),
		TEST(live, test_live_signal_with_server),
		TEST(live, test_live_signal_with_time),
		TEST(live, test_live_signal_before_ready),
		TEST(live, test_live_signal_before_any),
		TEST(live, test_live_lost),
		TEST(live, test_live_damaged),
		TEST(two_live, test_two_live),
		TEST(two_live, test_two_live_full),
		TEST(two_live, test_two_live_signal),
		TEST(two_live, test_two_live_lost),
		TEST(two_live, test_two_live_signal_before_any),
		TEST(replay, test_replay),
		TEST(replay, test_replay_full),
		TEST(replay, test_replay_progress),
		TEST(replay, test_replay_signal),
		TEST(replay, test_replay_signal_at_the_end),
		TEST(replay, test_replay_signal_before_ready),
		TEST(replay, test_replay_of_bad_lines),
		TEST(replay, test_replay_unreadable),
		TEST(replay, test_replay_of_its_own_file),
		TEST(watch, test_watch),
		TEST(watch, test_watch_full),
		TEST(watch, test_watch_with_server),
		TEST(watch, test_watch_progress),
		TEST(watch, test_watch_signal),
		TEST(watch, test_watch_two_signals),
		TEST(watch, test_watch_sink_fails),
	};

	return cmocka_run_group_tests_name("run_modes", tests, NULL, NULL);
}
