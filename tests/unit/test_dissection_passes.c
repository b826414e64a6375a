/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Tests of dissect/dissection.c and dissect/recovery.c: what follows when a tshark ends, by one that does as told. How
 * each run was started, and what it was given, is part of it. Live captures are in test_handover.c.
 *
 * What happened, and what is known                        | what is done next
 * ------------------------------------------------------- |
 * ------------------------------------------------------------ all documents came, status 0 | the next session; or the
 * end all documents came, another status                      | the same, with a note
 * an exit status and a text before any document           | OUTCOME_INPUT with that text; all is counted, no tshark
 *   the same, of a format that only tshark reads          |   no capture
 * failed with the plugin                                  | again from the start, without it, with care
 * no memory left, and some packets have their documents   | again; those are given empty; told at the end
 * no memory left before any document                      | as another failure
 * failed the first time, a file, no display filter        | again from the start, with care: each document is flushed
 * failed with care, or a pipe                             | the packet it was at is poison: again, with an empty record
 *   FEED_DEAD_MAX poison packets already                  |   what is left is counted, no tshark
 * failed with a display filter, a file | again without the filter, only to find the packet; then with it
 * 
 *   the pass without the filter does not fail             |   again with the filter, with care
 * failed with a display filter, a pipe                    | what it had is lost; again after it
 * too much of a pipe is pending to be given again         | the rest is counted, no tshark
 * failed, and is stopping                                 | what is left is counted, no tshark
 * tshark cannot be started                                | the end, with its outcome
 *
 * A failure is: killed, another exit status, the end without all documents, a number out of order, what cannot be read,
 * or no progress. The plugin, memory, refusals, no progress and stopping are in test_dissection_failures.c.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "dissecting.h"

/* A file of packets 1..last by this script, to its end. */
static void
run_file(struct bench *bench, uint32_t last, const char *script)
{
	bench_packets(bench, 1, last);
	bench_start_file(bench, script);
	bench_run(bench);
}

static void
assert_undissected(const struct bench *bench, const char *wanted)
{
	struct buffer text;

	buffer_init(&text, 1000);
	assert_int_equal(
	    ranges_print(dissection_undissected(bench->dissection),
		&text),
	    0);
	assert_int_equal(buffer_append(&text, "", 1), 0);
	assert_string_equal(text.data, wanted);
	buffer_release(&text);
}

/* Success. */

static void
test_bad_status_after_all(void **state)
{
	struct bench *bench = *state;

	run_file(bench, 2, "late=3");
	assert_string_equal(bench->got, "1 2");
	bench_assert_counts(bench, 2, 0, 0);
	bench_assert_outcome(bench, OUTCOME_OK, NULL);
	bench_assert_runs(bench, 1);
}

/* With a display filter nobody can tell whether all came. */
static void
test_bad_status_with_filter(void **state)
{
	struct bench *bench = *state;

	bench->tshark_config.display_filter = "odd";
	run_file(bench, 3, "late=3\n \n");
	assert_string_equal(bench->got, "1 3");
	bench_assert_counts(bench, 2, 1, 0);
	bench_assert_outcome(bench, OUTCOME_OK, NULL);
	bench_assert_runs(bench, 3);
	bench_assert_run(bench, 2, "ek flush", "H 1 2 3");
	bench_assert_run(bench, 3, "ek flush odd", "H 1 2 3");
}

/* One failure that does not come again. */

static void
failed_once(struct bench *bench, const char *script)
{
	run_file(bench, 3, script);
	assert_string_equal(bench->got, "1 2 3");
	bench_assert_counts(bench, 3, 0, 0);
	bench_assert_outcome(bench, OUTCOME_OK, NULL);
	bench_assert_runs(bench, 2);
	bench_assert_run(bench, 1, "ek", NULL);
	bench_assert_run(bench, 2, "ek flush", "H 1 2 3");
}

static void
test_killed_before_a_packet(void **state)
{
	failed_once(*state, "die=1\n \n");
}

static void
test_killed_in_the_middle(void **state)
{
	failed_once(*state, "die=2\n \n");
}

static void
test_killed_at_the_last(void **state)
{
	failed_once(*state, "die=3\n \n");
}

/* What it had made was not written out: nothing is counted twice, nothing lost. */
static void
test_killed_with_all_in_its_buffer(void **state)
{
	failed_once(*state, "keep die=3\n \n");
}

static void
test_status(void **state)
{
	failed_once(*state, "fail=2\n \n");
}

/* tshark says why it does not want a file. */
static void
test_status_without_a_text(void **state)
{
	failed_once(*state, "mute=1\n \n");
}

static void
test_end_without_documents(void **state)
{
	failed_once(*state, "quit=2\n \n");
}

static void
test_packet_without_document(void **state)
{
	failed_once(*state, "skip=2\n \n");
}

static void
test_last_packet_without_document(void **state)
{
	failed_once(*state, "skip=3\n \n");
}

static void
test_number_out_of_order(void **state)
{
	failed_once(*state, "wrong=2\n \n");
}

/* Poison packets. */

static void
test_poison(void **state)
{
	struct bench *bench = *state;

	run_file(bench, 4, "poison=2");
	assert_string_equal(bench->got, "1 3 4");
	bench_assert_counts(bench, 3, 0, 1);
	assert_undissected(bench, "2");
	bench_assert_outcome(bench, OUTCOME_TSHARK,
	    "tshark failed: killed by signal 11");
	bench_assert_runs(bench, 3);
	bench_assert_run(bench, 2, "ek flush", NULL);
	bench_assert_run(bench, 3, "ek flush", "H 1 e2 3 4");
}

static void
test_poison_first(void **state)
{
	struct bench *bench = *state;

	run_file(bench, 2, "poison=1");
	assert_string_equal(bench->got, "2");
	bench_assert_counts(bench, 1, 0, 1);
	assert_undissected(bench, "1");
	bench_assert_run(bench, 3, "ek flush", "H e1 2");
	bench_assert_outcome(bench, OUTCOME_TSHARK, NULL);
}

static void
test_poison_last(void **state)
{
	struct bench *bench = *state;

	run_file(bench, 2, "poison=2");
	assert_string_equal(bench->got, "1");
	bench_assert_counts(bench, 1, 0, 1);
	bench_assert_run(bench, 3, "ek flush", "H 1 e2");
}

/* Each packet is printed once, whichever run it came from. */
static void
test_two_poison_packets(void **state)
{
	struct bench *bench = *state;

	run_file(bench, 5, "poison=2\npoison=2\npoison=4\npoison=4\n");
	assert_string_equal(bench->got, "1 3 5");
	bench_assert_counts(bench, 3, 0, 2);
	assert_undissected(bench, "2,4");
	bench_assert_runs(bench, 4);
	bench_assert_run(bench, 4, "ek flush", "H 1 e2 3 e4 5");
}

static void
test_too_many_poison_packets(void **state)
{
	struct bench *bench = *state;
	char script[1024] = "poison=1\n";

	for (unsigned n = 1; n <= 12; n++)
		(void)snprintf(script + strlen(script),
		    sizeof(script) - strlen(script), "poison=%u\n", n);
	run_file(bench, 15, script);
	/* Ten may be. At the eleventh it is given up, and the rest counted. */
	assert_string_equal(bench->got, "");
	bench_assert_counts(bench, 0, 0, 15);
	assert_undissected(bench, "1-15");
	bench_assert_runs(bench, 12);
	bench_assert_run(bench, 12, "ek flush", NULL);
	bench_assert_outcome(bench, OUTCOME_TSHARK, "tshark failed");
}

/* A packet that --bpf does not want is counted as skipped, not as undissected. */
static void
test_poison_that_is_not_wanted(void **state)
{
	struct bench *bench = *state;

	bench->config.filter = filter_new("udp dst port 1001", NULL);
	run_file(bench, 3, "poison=2");
	assert_string_equal(bench->got, "1");
	bench_assert_counts(bench, 1, 0, 0);
	bench_assert_outcome(bench, OUTCOME_OK, NULL);
	bench_assert_runs(bench, 3);
}

static void
test_poison_in_the_second_session(void **state)
{
	struct bench *bench = *state;

	bench_packets(bench, 1, 2);
	capfile_make(&bench->bytes, CAPFILE_RAW, 3, 5);
	bench_start_file(bench, "poison=4");
	bench_run(bench);
	assert_string_equal(bench->got, "1 2 3 5");
	bench_assert_counts(bench, 4, 0, 1);
	assert_undissected(bench, "4");
	bench_assert_runs(bench, 4);
	bench_assert_run(bench, 1, "ek", "H 1 2");
	bench_assert_run(bench, 2, "ek", NULL);
	bench_assert_run(bench, 4, "ek flush", "H 3 e4 5");
}

/* The display filter. */

static void
test_filter_and_poison(void **state)
{
	struct bench *bench = *state;

	bench->tshark_config.display_filter = "odd";
	run_file(bench, 5, "poison=3");
	assert_string_equal(bench->got, "1 5");
	bench_assert_counts(bench, 2, 2, 1);
	assert_undissected(bench, "3");
	bench_assert_runs(bench, 3);
	bench_assert_run(bench, 1, "ek flush odd", NULL);
	bench_assert_run(bench, 2, "ek flush", NULL);
	bench_assert_run(bench, 3, "ek flush odd", "H 1 2 e3 4 5");
}

/* One that the filter would not have let through counts as what it is. */
static void
test_filter_and_poison_that_is_kept_back(void **state)
{
	struct bench *bench = *state;

	bench->tshark_config.display_filter = "odd";
	run_file(bench, 5, "poison=2");
	assert_string_equal(bench->got, "1 3 5");
	bench_assert_counts(bench, 3, 1, 1);
	assert_undissected(bench, "2");
}

static void
test_filter_and_one_failure(void **state)
{
	struct bench *bench = *state;

	bench->tshark_config.display_filter = "odd";
	run_file(bench, 5, "die=3\n \n");
	assert_string_equal(bench->got, "1 3 5");
	bench_assert_counts(bench, 3, 2, 0);
	bench_assert_outcome(bench, OUTCOME_OK, NULL);
	bench_assert_runs(bench, 3);
	bench_assert_run(bench, 2, "ek flush", "H 1 2 3 4 5");
	bench_assert_run(bench, 3, "ek flush odd", "H 1 2 3 4 5");
}

static void
test_filter_of_a_pipe(void **state)
{
	struct bench *bench = *state;

	bench->tshark_config.display_filter = "odd";
	bench_start_pipe(bench, "die=3\n \n");
	bench_packets(bench, 1, 4);
	bench_pour(bench);
	while (dissection_counts(bench->dissection).tsharks < 2)
		bench_once(bench);
	bench_packets(bench, 5, 7);
	bench_pour(bench);
	bench_end_pipe(bench);
	bench_run(bench);
	assert_string_equal(bench->got, "1 5 7");
	/* Those that might have passed are lost, the others too. */
	bench_assert_counts(bench, 3, 1, 3);
	assert_undissected(bench, "2-4");
	bench_assert_runs(bench, 2);
	bench_assert_run(bench, 2, "ek flush odd", "H e1 e1 e1 e1 5 6 7");
	bench_assert_outcome(bench, OUTCOME_TSHARK, NULL);
}

/* Pipes. */

static void
test_pipe(void **state)
{
	struct bench *bench = *state;

	bench_start_pipe(bench, "poison=3");
	bench_packets(bench, 1, 4);
	bench_pour(bench);
	bench_until(bench, 3);
	bench_end_pipe(bench);
	bench_run(bench);
	assert_string_equal(bench->got, "1 2 4");
	bench_assert_counts(bench, 3, 0, 1);
	assert_undissected(bench, "3");
	/* It is flushed from the start: the first failure tells the packet. */
	bench_assert_runs(bench, 2);
	bench_assert_run(bench, 2, "ek flush", "H e1 e1 e3 4");
}

/* What is retained is not enough to begin again with. */
static void
test_pipe_that_cannot_be_taken_up(void **state)
{
	struct bench *bench = *state;
	static const char zeros[262144];
	struct error error;

	bench_start_pipe(bench, "keep poison=300");
	capfile_header(&bench->bytes, CAPFILE_ETHERNET);
	for (uint32_t n = 1; n <= 300; n++) {
		capfile_record(&bench->bytes, n, sizeof(zeros));
		capfile_bytes(&bench->bytes, zeros, sizeof(zeros));
		bench_pour(bench);
		while (dissection_counts(bench->dissection).read < n &&
		    !bench->ended)
			bench_once(bench);
	}
	bench_end_pipe(bench);
	bench_run(bench);
	/* No tshark gets them, and none is lost without a word. */
	assert_int_equal(dissection_counts(bench->dissection).read, 300);
	assert_int_equal(dissection_counts(bench->dissection).undissected, 300);
	assert_int_equal(dissection_outcome(bench->dissection, &error),
	    OUTCOME_TSHARK);
	assert_int_equal(bench->documents, 0);
	bench_assert_runs(bench, 1);
}

#define TEST(name) \
	cmocka_unit_test_setup_teardown(name, bench_setup, bench_teardown)

int
main(int argc, char **argv)
{
	static const struct CMUnitTest tests[] = {
		TEST(test_bad_status_after_all),
		TEST(test_bad_status_with_filter),
		TEST(test_killed_before_a_packet),
		TEST(test_killed_in_the_middle),
		TEST(test_killed_at_the_last),
		TEST(test_killed_with_all_in_its_buffer),
		TEST(test_status),
		TEST(test_status_without_a_text),
		TEST(test_end_without_documents),
		TEST(test_packet_without_document),
		TEST(test_last_packet_without_document),
		TEST(test_number_out_of_order),
		TEST(test_poison),
		TEST(test_poison_first),
		TEST(test_poison_last),
		TEST(test_two_poison_packets),
		TEST(test_too_many_poison_packets),
		TEST(test_poison_that_is_not_wanted),
		TEST(test_poison_in_the_second_session),
		TEST(test_filter_and_poison),
		TEST(test_filter_and_poison_that_is_kept_back),
		TEST(test_filter_and_one_failure),
		TEST(test_filter_of_a_pipe),
		TEST(test_pipe),
		TEST(test_pipe_that_cannot_be_taken_up),
	};

	scripted_main(argc, argv);
	return cmocka_run_group_tests_name("dissection_passes", tests, NULL, NULL);
}
