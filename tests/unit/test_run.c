/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Tests of run/run.c: the inputs in their order, the sink, and the end, by scripts (running.h).
 *
 * The run:
 *
 *   state      event                                next
 *   ---------  -----------------------------------  -----------------------------------------------------------------
 *   new        the sink is ready                    reading: inputs are begun, as many as --jobs; with --count one
 *   new        the sink is ready; there is none     done
 *   new        a signal; the sink fails             over
 *   reading    a document of the first input        to the sink
 *   reading    a document of another                waits; too many pause that input
 *   reading    the sink is full                     the first input is paused; resumed with on_drain
 *   reading    the first input has ended            the documents of the next go out, and more inputs are begun
 *   reading    another input has ended              waits until it is the first
 *   reading    an input cannot be opened            as one that has ended
 *   reading    --count is reached                   no more inputs are begun
 *   reading    a signal                             stopping: inputs are stopped, none is begun
 *   reading    all have ended                       done: the sink is told that it is the end
 *   done       the sink is empty                    over
 *   any        the sink fails; a second signal      over
 *
 * Signals, live capture, replay and watched folder are in test_run_modes.c.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "running.h"

static void
test_one(void **state)
{
	struct bench *bench = *state;

	bench_inputs(bench, "a");
	bench_run(bench, "ready a1 a2 a.",
	    "new a 0, write a1, write a2, "
	    "free a, end, gone");
	assert_int_equal(bench->outcome, OUTCOME_OK);
	assert_int_equal(bench->signal_number, 0);
	assert_int_equal(bench->totals.read, 2);
	assert_int_equal(bench->totals.delivered, 2);
	assert_int_equal(bench->totals.unsent, 0);
}

static void
test_none(void **state)
{
	bench_run(*state, "ready", "end, gone");
}

static void
test_not_ready(void **state)
{
	struct bench *bench = *state;

	bench_inputs(bench, "a");
	bench_run(bench, "", "running, gone");
}

static void
test_no_sink(void **state)
{
	struct bench *bench = *state;

	bench->failure = OUTCOME_USAGE;
	bench_inputs(bench, "a");
	bench->config.input = make_input(&bench->input);
	assert_int_equal(
	    run_input(&bench->config, &bench->totals,
		&bench->signal_number),
	    OUTCOME_OUTPUT);
	assert_string_equal(bench->events, "");
}

/* Order. */

static void
test_one_after_the_other(void **state)
{
	struct bench *bench = *state;

	bench_inputs(bench, "abc");
	bench_run(bench, "ready a1 a. b1 b. c1 c.",
	    "new a 0, write a1, free a, "
	    "new b 0, write b1, free b, new c 0, write c1, free c, end, gone");
	assert_int_equal(bench->totals.read, 3);
}

/* What comes before its turn waits. */
static void
test_two_at_a_time(void **state)
{
	struct bench *bench = *state;

	bench->input.jobs = 2;
	bench_inputs(bench, "abc");
	bench_run(bench, "ready b1 a1 b2 a. b3 c1 b. c.",
	    "new a 0, new b 0, "
	    "write a1, free a, write b1, write b2, resume b, new c 0, "
	    "write b3, free b, write c1, resume c, free c, end, gone");
}

static void
test_second_ends_first(void **state)
{
	struct bench *bench = *state;

	bench->input.jobs = 2;
	bench_inputs(bench, "abc");
	bench_run(bench, "ready b1 b. a1 c1 a. c1 c.",
	    "new a 0, new b 0, "
	    "write a1, nobody c1, free a, write b1, resume b, free b, new c 0, "
	    "write c1, free c, end, gone");
}

static void
test_all_end_at_once(void **state)
{
	struct bench *bench = *state;

	bench->input.jobs = 3;
	bench_inputs(bench, "abc");
	bench_run(bench, "ready c1 c. b1 b. a.",
	    "new a 0, new b 0, new c 0, "
	    "free a, write b1, resume b, free b, write c1, resume c, free c, "
	    "end, gone");
}

/* One that has much to wait for its turn with is paused. */
static void
test_backlog(void **state)
{
	struct bench *bench = *state;

	bench->input.jobs = 2;
	bench_inputs(bench, "ab");
	bench_run(bench, "ready b* b1 b* a. b.",
	    "new a 0, new b 0, pause b, "
	    "free a, write large, write b1, write large, resume b, free b, "
	    "end, gone");
}

static void
test_parts(void **state)
{
	struct bench *bench = *state;

	bench->input.parts = 4;
	bench_inputs(bench, "a");
	bench_run(bench, "ready a.", "new a 0, parts 4, free a, end, gone");
}

/* What the sink takes bounds what is dissected. */
static void
test_value_max(void **state)
{
	struct bench *bench = *state;

	bench->value_max = 50;
	bench->dissection.max_value = 70;
	bench_inputs(bench, "a");
	bench_run(bench, "ready a.", "new a 0, max 50, free a, end, gone");
}

static void
test_value_max_is_more(void **state)
{
	struct bench *bench = *state;

	bench->value_max = 90;
	bench->dissection.max_value = 70;
	bench_inputs(bench, "a");
	bench_run(bench, "ready a.", "new a 0, max 70, free a, end, gone");
}

static void
test_no_value_max(void **state)
{
	struct bench *bench = *state;

	bench->dissection.max_value = 70;
	bench_inputs(bench, "a");
	bench_run(bench, "ready a.", "new a 0, max 70, free a, end, gone");
}

/* --count. */

static void
test_count(void **state)
{
	struct bench *bench = *state;

	bench->input.count = 3;
	bench->input.jobs = 2;
	bench_inputs(bench, "abc");
	/* Only the one before can tell how many are left. */
	bench_run(bench, "ready a1 a2 a. b1 b.",
	    "new a 3, write a1, write a2, "
	    "free a, new b 1, write b1, free b, end, gone");
}

/* Also packets without a document count. */
static void
test_count_of_undissected(void **state)
{
	struct bench *bench = *state;

	bench->input.count = 3;
	bench_inputs(bench, "abc");
	bench_run(bench, "ready a- a. b1 b.",
	    "new a 3, free a, new b 2, "
	    "write b1, free b, new c 1, running, free c, gone");
	assert_int_equal(bench->totals.undissected, 1);
}

/* The sink. */

static void
test_full(void **state)
{
	struct bench *bench = *state;

	bench->input.jobs = 2;
	bench_inputs(bench, "ab");
	bench_run(bench, "ready a1 full a2 a3 drain a. b.",
	    "new a 0, new b 0, "
	    "write a1, write a2, pause a, write a3, resume a, free a, resume b, "
	    "free b, end, gone");
}

/* The next one begins when there is room again. */
static void
test_full_at_the_turn(void **state)
{
	struct bench *bench = *state;

	bench_inputs(bench, "ab");
	bench_run(bench, "ready full a1 a. drain b.",
	    "new a 0, write a1, "
	    "pause a, free a, new b 0, free b, end, gone");
}

/* Nothing of the next one is given to a full sink, nor of all those that follow if they end as well. */
static void
test_full_and_the_next_ended(void **state)
{
	struct bench *bench = *state;

	bench->failure = OUTCOME_OUTPUT;
	bench->input.jobs = 2;
	bench_inputs(bench, "abc");
	bench_run(bench, "ready b1 b. full a1 a. fail",
	    "new a 0, new b 0, "
	    "write a1, pause a, free a, free b, gone");
}

static void
test_full_by_the_backlog(void **state)
{
	struct bench *bench = *state;

	bench->input.jobs = 2;
	bench_inputs(bench, "ab");
	bench_run(bench, "ready b1 full a. drain b.",
	    "new a 0, new b 0, free a, "
	    "write b1, pause b, resume b, free b, end, gone");
}

/* What comes before its turn is of no interest to a full sink. */
static void
test_full_when_the_turn_comes(void **state)
{
	struct bench *bench = *state;

	bench->input.jobs = 2;
	bench_inputs(bench, "abc");
	bench_run(bench, "ready b1 full a1 a. drain b. c.",
	    "new a 0, new b 0, "
	    "write a1, pause a, free a, write b1, resume b, new c 0, free b, "
	    "resume c, free c, end, gone");
}

/* The end waits until all is delivered. */
static void
test_busy_at_the_end(void **state)
{
	struct bench *bench = *state;

	bench_inputs(bench, "a");
	bench_run(bench, "ready busy a1 a. drain empty drain a1",
	    "new a 0, "
	    "write a1, free a, end, gone");
}

static void
test_sink_fails(void **state)
{
	struct bench *bench = *state;

	bench->failure = OUTCOME_OUTPUT;
	bench->input.jobs = 2;
	bench_inputs(bench, "ab");
	bench_run(bench, "ready a1 b1 fail a2",
	    "new a 0, new b 0, write a1, "
	    "free a, free b, gone");
	assert_int_equal(bench->outcome, OUTCOME_OUTPUT);
	/* What waited did not get out. */
	assert_int_equal(bench->totals.unsent, 1);
}

/* The reader is gone: that is no error. */
static void
test_reader_is_gone(void **state)
{
	struct bench *bench = *state;

	bench_inputs(bench, "a");
	bench_run(bench, "ready a1 fail a2", "new a 0, write a1, free a, gone");
	assert_int_equal(bench->outcome, OUTCOME_OK);
}

static void
test_sink_fails_before_it_is_ready(void **state)
{
	struct bench *bench = *state;

	bench->failure = OUTCOME_OUTPUT;
	bench_inputs(bench, "a");
	bench_run(bench, "fail ready", "gone");
	assert_int_equal(bench->outcome, OUTCOME_OUTPUT);
}

static void
test_rejected(void **state)
{
	struct bench *bench = *state;

	bench->counts.rejected = 1;
	bench_inputs(bench, "a");
	bench_run(bench, "ready a- a.", "new a 0, free a, end, gone");
	assert_int_equal(bench->outcome, OUTCOME_REJECTED);
}

/* How far it is: files, packets, bytes (ten for a packet, see running.h). */

static void
test_progress(void **state)
{
	struct bench *bench = *state;

	bench->input.jobs = 2;
	bench_inputs(bench, "abc");
	bench_run(bench, "tell ready a1 b- tell a. tell b. c1 tell c. tell",
	    "at 0/3 0 0/?, new a 0, new b 0, write a1, at 0/3 2 20/?, free a, "
	    "resume b, new c 0, at 1/3 2 20/?, free b, resume c, write c1, "
	    "at 2/3 3 30/?, free c, end, gone");
}

/* How much there is to read is looked up if it is of interest. */
static void
test_progress_of_bytes(void **state)
{
	struct bench *bench = *state;
	char path[] = "/proc/self/exe";

	bench->input.progress = true;
	bench_inputs(bench, "a");
	bench->list[0].path = path;
	bench_run(bench, "tell ready a.",
	    "at 0/1 0 0/known, new a 0, free a, end, gone");
}

/* Inputs that fail. */

static void
test_unreadable(void **state)
{
	struct bench *bench = *state;

	bench->unreadable = "a";
	bench_inputs(bench, "ab");
	bench_run(bench, "ready b1 b.", "new b 0, write b1, free b, end, gone");
	assert_int_equal(bench->outcome, OUTCOME_INPUT);
	assert_int_equal(bench->totals.read, 1);
}

static void
test_second_is_unreadable(void **state)
{
	struct bench *bench = *state;

	bench->unreadable = "b";
	bench->input.jobs = 3;
	bench_inputs(bench, "abc");
	bench_run(bench, "ready c1 a1 a. c.",
	    "new a 0, new c 0, write a1, "
	    "free a, write c1, resume c, free c, end, gone");
	assert_int_equal(bench->outcome, OUTCOME_INPUT);
}

static void
test_standard_input(void **state)
{
	struct bench *bench = *state;
	int fd = open("/dev/null", O_RDONLY | O_CLOEXEC), saved = dup(0);
	char name[] = "-";

	assert_int_equal(dup2(fd, STDIN_FILENO), STDIN_FILENO);
	bench->list[0].name = name;
	bench->inputs.count = 1;
	bench_run(bench, "ready", "new - 0, running, free -, gone");
	assert_int_equal(dup2(saved, STDIN_FILENO), STDIN_FILENO);
	close(fd);
	close(saved);
}

static void
test_standard_input_is_closed(void **state)
{
	struct bench *bench = *state;
	int saved = dup(0);
	char name[] = "-";

	bench->list[0].name = name;
	bench->inputs.count = 1;
	bench_run(bench, "shut ready", "end, gone");
	assert_int_equal(bench->outcome, OUTCOME_INPUT);
	assert_int_equal(dup2(saved, STDIN_FILENO), STDIN_FILENO);
	close(saved);
}

static void
test_worst_outcome(void **state)
{
	struct bench *bench = *state;

	bench->ends[0].outcome = OUTCOME_TSHARK;
	bench->ends[1].outcome = OUTCOME_INPUT;
	bench_inputs(bench, "ab");
	bench_run(bench, "ready a. b.",
	    "new a 0, free a, new b 0, free b, end, "
	    "gone");
	assert_int_equal(bench->outcome, OUTCOME_TSHARK);
}

/* In a folder there may be anything. */
static void
test_no_capture(void **state)
{
	struct bench *bench = *state;

	bench->ends[0].outcome = OUTCOME_INPUT;
	bench->ends[0].no_capture = true;
	bench_inputs(bench, "ab");
	bench_run(bench, "ready a. b.",
	    "new a 0, free a, new b 0, free b, end, "
	    "gone");
	assert_int_equal(bench->outcome, OUTCOME_INPUT);
}

static void
test_no_capture_in_a_folder(void **state)
{
	struct bench *bench = *state;

	bench->inputs.from_dir = true;
	bench->ends[0].outcome = OUTCOME_INPUT;
	bench->ends[0].no_capture = true;
	bench_inputs(bench, "ab");
	bench_run(bench, "ready a. b.",
	    "new a 0, free a, new b 0, free b, end, "
	    "gone");
	assert_int_equal(bench->outcome, OUTCOME_OK);
}

/* --bpf may suit another input. */
static void
test_filter_without_meaning(void **state)
{
	struct bench *bench = *state;

	bench->ends[0].outcome = OUTCOME_USAGE;
	bench->ends[0].unfilterable = true;
	bench->lesser = OUTCOME_INPUT;
	bench_inputs(bench, "a");
	bench_run(bench, "ready a.", "new a 0, free a, end, gone");
	assert_int_equal(bench->outcome, OUTCOME_INPUT);
}

#define TEST(name) \
	cmocka_unit_test_setup_teardown(name, bench_setup, bench_teardown)

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		TEST(test_one),
		TEST(test_none),
		TEST(test_not_ready),
		TEST(test_no_sink),
		TEST(test_one_after_the_other),
		TEST(test_two_at_a_time),
		TEST(test_second_ends_first),
		TEST(test_all_end_at_once),
		TEST(test_backlog),
		TEST(test_parts),
		TEST(test_value_max),
		TEST(test_value_max_is_more),
		TEST(test_no_value_max),
		TEST(test_count),
		TEST(test_count_of_undissected),
		TEST(test_full),
		TEST(test_full_at_the_turn),
		TEST(test_full_by_the_backlog),
		TEST(test_full_when_the_turn_comes),
		TEST(test_full_and_the_next_ended),
		TEST(test_busy_at_the_end),
		TEST(test_sink_fails),
		TEST(test_reader_is_gone),
		TEST(test_sink_fails_before_it_is_ready),
		TEST(test_rejected),
		TEST(test_progress),
		TEST(test_progress_of_bytes),
		TEST(test_unreadable),
		TEST(test_second_is_unreadable),
		TEST(test_standard_input),
		TEST(test_standard_input_is_closed),
		TEST(test_worst_outcome),
		TEST(test_no_capture),
		TEST(test_no_capture_in_a_folder),
		TEST(test_filter_without_meaning),
	};

	return cmocka_run_group_tests_name("run", tests, NULL, NULL);
}
