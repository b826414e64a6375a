/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Tests of dissect/dissection.c and dissect/session.c: one input, one tshark that does what it should or hangs, and
 * whoever takes the documents. What comes after a failure is in test_dissection_passes.c, live captures are in
 * test_handover.c.
 *
 * States, and what leads from one to the next (all are reached below):
 *
 *   state          event                               next state
 *   -------------  ----------------------------------  -----------------------------------------------------------
 *   new            the first record                    reading: tshark is started
 *   new            nothing there, or damage; stop      ended, without a tshark
 *   new            the pipe is dry                     reading: tshark is started
 *   reading        tshark's queue is full              full; reading when it has taken enough
 *   reading        the file that grows is dry          waiting; reading with dissection_look
 *   reading        end, damage, --count, stop          closing: tshark's input is closed
 *   reading        end of a session                    turning: closing, then a fresh tshark, reading
 *   any            dissection_pause                    paused: what was read already still comes; tshark waits
 *   paused         dissection_resume                   as before
 *   any            no progress for too long            failed (test_dissection_failures.c); not while paused
 *   closing        tshark has ended, all is there      ended
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "dissecting.h"

static void
test_all_packets(void **state)
{
	struct bench *bench = *state;
	uint64_t done, all;

	bench_packets(bench, 1, 3);
	bench_start_file(bench, "");
	assert_string_equal(dissection_id(bench->dissection), "");
	bench_run(bench);
	assert_string_equal(bench->got, "1 2 3");
	bench_assert_counts(bench, 3, 0, 0);
	bench_assert_outcome(bench, OUTCOME_OK, NULL);
	bench_assert_runs(bench, 1);
	bench_assert_run(bench, 1, "ek", "H 1 2 3");
	dissection_bytes(bench->dissection, &done, &all);
	assert_int_equal(done, bench->bytes.len);
	assert_int_equal(all, bench->bytes.len);
	assert_int_equal(strlen(dissection_id(bench->dissection)), 32);
	assert_int_equal(dissection_filter(bench->dissection),
	    DISSECTION_UNASKED);
	assert_false(dissection_is_no_capture(bench->dissection));
	assert_int_equal(dissection_undissected(bench->dissection)->count, 0);
	/* What stands beside the layers. */
	assert_non_null(strstr(bench->last, "\"file_name\":\"a.pcap\""));
	assert_non_null(strstr(bench->last, "\"path\":\"/b/a.pcap\""));
	assert_non_null(strstr(bench->last,
	    "\"@timestamp\":"
	    "\"1970-01-01T00:16:43.000003000Z\""));
	assert_non_null(strstr(bench->last, dissection_id(bench->dissection)));
}

static void
test_no_packets(void **state)
{
	struct bench *bench = *state;

	capfile_header(&bench->bytes, CAPFILE_ETHERNET);
	bench_start_file(bench, "");
	bench_run(bench);
	bench_assert_counts(bench, 0, 0, 0);
	bench_assert_outcome(bench, OUTCOME_OK, NULL);
	bench_assert_run(bench, 1, "ek", "H");
}

/* A folder may hold thousands of them. */
static void
test_nothing_costs_no_tshark(void **state)
{
	struct bench *bench = *state;

	bench_start_file(bench, "");
	bench_run(bench);
	assert_int_equal(dissection_counts(bench->dissection).tsharks, 0);
	assert_true(dissection_is_no_capture(bench->dissection));
	bench_assert_outcome(bench, OUTCOME_INPUT, "");
}

static void
test_damage(void **state)
{
	struct bench *bench = *state;

	bench_packets(bench, 1, 3);
	bench->bytes.len -= 5;
	bench_start_file(bench, "");
	bench_run(bench);
	assert_string_equal(bench->got, "1 2");
	bench_assert_counts(bench, 2, 0, 0);
	bench_assert_outcome(bench, OUTCOME_INPUT, "cut short in packet 3");
	bench_assert_runs(bench, 1);
}

static void
test_count(void **state)
{
	struct bench *bench = *state;

	bench_packets(bench, 1, 5);
	bench_write(bench, "script", "");
	bench_start(bench, capfile_fd(&bench->bytes), 2);
	bench_run(bench);
	assert_string_equal(bench->got, "1 2");
	bench_assert_counts(bench, 2, 0, 0);
	bench_assert_run(bench, 1, "ek", "H 1 2");
}

/* tshark gets all packets; the documents of those not wanted end here. */
static void
test_bpf(void **state)
{
	struct bench *bench = *state;

	bench->config.filter = filter_new("udp dst port 1002", NULL);
	bench_packets(bench, 1, 3);
	bench_start_file(bench, "");
	bench_run(bench);
	assert_string_equal(bench->got, "2");
	bench_assert_counts(bench, 1, 0, 0);
	assert_int_equal(dissection_counts(bench->dissection).skipped, 2);
	assert_int_equal(dissection_filter(bench->dissection),
	    DISSECTION_FILTERED);
	bench_assert_run(bench, 1, "ek", "H 1 2 3");
}

static void
test_bpf_without_meaning(void **state)
{
	struct bench *bench = *state;

	bench->config.filter = filter_new("udp", NULL);
	capfile_make(&bench->bytes, CAPFILE_USB, 1, 2);
	bench_start_file(bench, "");
	bench_run(bench);
	bench_assert_counts(bench, 0, 0, 0);
	assert_int_equal(dissection_filter(bench->dissection),
	    DISSECTION_UNFILTERABLE);
	assert_int_equal(dissection_unfiltered(bench->dissection)->at[0].last,
	    2);
	bench_assert_outcome(bench, OUTCOME_USAGE, DISSECTION_NO_FILTER);
}

/* Packets without a document were kept back by the display filter. */
static void
test_display_filter(void **state)
{
	struct bench *bench = *state;

	bench->tshark_config.display_filter = "odd";
	bench_packets(bench, 1, 4);
	bench_start_file(bench, "");
	bench_run(bench);
	assert_string_equal(bench->got, "1 3");
	bench_assert_counts(bench, 2, 2, 0);
	bench_assert_outcome(bench, OUTCOME_OK, NULL);
	bench_assert_run(bench, 1, "ek flush odd", "H 1 2 3 4");
}

/* One that lags by more than tshark can be is not waited for. */
static void
test_display_filter_that_keeps_all_back(void **state)
{
	struct bench *bench = *state;

	bench->tshark_config.display_filter = "odd";
	capfile_header(&bench->bytes, CAPFILE_ETHERNET);
	for (uint32_t n = 0; n < 262200; n++)
		capfile_record(&bench->bytes, 2, 0);
	bench_start_file(bench, "hold=262199");
	while (dissection_counts(bench->dissection).read < 262200)
		bench_once(bench);
	assert_int_equal(dissection_counts(bench->dissection).filtered,
	    262200 - 262144);
	bench_write(bench, "go", "");
	bench_run(bench);
	bench_assert_counts(bench, 0, 262200, 0);
}

static void
test_plugin(void **state)
{
	struct bench *bench = *state;

	bench->tshark.has_plugin = true;
	bench_packets(bench, 1, 3);
	bench_start_file(bench, "");
	bench_run(bench);
	assert_string_equal(bench->got, "1 2 3");
	bench_assert_counts(bench, 3, 0, 0);
	bench_assert_run(bench, 1, "plugin", "H 1 2 3");
	assert_int_equal(dissection_counts(bench->dissection).fallbacks, 0);
}

static void
test_junk_is_passed_over(void **state)
{
	struct bench *bench = *state;

	bench_packets(bench, 1, 3);
	bench_start_file(bench, "junk=2");
	bench_run(bench);
	assert_string_equal(bench->got, "1 2 3");
	bench_assert_outcome(bench, OUTCOME_OK, NULL);
	bench_assert_runs(bench, 1);
}

/* Pipes. */

static void
test_pipe(void **state)
{
	struct bench *bench = *state;

	bench_start_pipe(bench, "");
	bench_packets(bench, 1, 2);
	bench_pour(bench);
	bench_until(bench, 2);
	assert_false(bench->ended);
	bench_packets(bench, 3, 3);
	bench_pour(bench);
	bench_until(bench, 3);
	bench_end_pipe(bench);
	bench_run(bench);
	assert_string_equal(bench->got, "1 2 3");
	/* Whoever writes into a pipe may wait for the documents. */
	bench_assert_run(bench, 1, "ek flush", "H 1 2 3");
}

/* Whoever takes the documents. */

static void
test_paused_from_the_start(void **state)
{
	struct bench *bench = *state;

	bench_packets(bench, 1, 3);
	bench_start_file(bench, "");
	dissection_pause(bench->dissection);
	bench_wait(bench, 2 * TICK_MS);
	assert_int_equal(bench->documents, 0);
	assert_false(bench->ended);
	dissection_resume(bench->dissection);
	bench_run(bench);
	assert_string_equal(bench->got, "1 2 3");
}

/* The pipe from tshark is full, and so tshark waits. One that is paused is not taken for hung. */
static void
test_output_that_nobody_takes(void **state)
{
	struct bench *bench = *state;
	unsigned documents;

	bench->config.timeout = 20;
	bench->pause_at = 2;
	bench_packets(bench, 1, 40);
	bench_start_file(bench, "large=60000");
	bench_until(bench, 2);
	bench_wait(bench, 4 * TICK_MS);
	documents = bench->documents;
	assert_true(documents >= 2 && documents < 20);
	/* It has not got further than its pipe holds. */
	assert_null(strstr(bench_read(bench, "read", 1), " 40"));
	dissection_resume(bench->dissection);
	bench_run(bench);
	bench_assert_counts(bench, 40, 0, 0);
	bench_assert_runs(bench, 1);
}

/* tshark does not read: neither is the file read on. */
static void
test_input_that_nobody_takes(void **state)
{
	struct bench *bench = *state;

	bench_packets(bench, 1, 40000);
	bench_start_file(bench, "deaf");
	bench_wait(bench, 2 * TICK_MS);
	assert_true(dissection_counts(bench->dissection).read < 30000);
	bench_write(bench, "go", "");
	bench->got[0] = '\0';
	while (bench->documents < 40000) {
		bench->got[0] = '\0';
		bench_once(bench);
	}
	bench->got[0] = '\0';
	bench_run(bench);
	bench_assert_counts(bench, 40000, 0, 0);
	bench_assert_runs(bench, 1);
}

/* Stopping. */

static void
test_stop_before_the_first(void **state)
{
	struct bench *bench = *state;

	bench_packets(bench, 1, 3);
	bench_start_file(bench, "");
	dissection_stop(bench->dissection, 0);
	bench_run(bench);
	bench_assert_counts(bench, 0, 0, 0);
	bench_assert_outcome(bench, OUTCOME_OK, NULL);
	assert_int_equal(dissection_counts(bench->dissection).tsharks, 0);
}

/* What was read is still dissected. */
static void
test_stop_in_the_middle(void **state)
{
	struct bench *bench = *state;

	bench_start_pipe(bench, "hold=3");
	bench_packets(bench, 1, 4);
	bench_pour(bench);
	bench_until(bench, 2);
	dissection_stop(bench->dissection, 0);
	dissection_stop(bench->dissection, 0);
	assert_false(dissection_is_read(bench->dissection));
	bench_packets(bench, 5, 9);
	bench_pour(bench);
	bench_write(bench, "go", "");
	bench_run(bench);
	assert_string_equal(bench->got, "1 2 3 4");
	bench_assert_counts(bench, 4, 0, 0);
	bench_assert_outcome(bench, OUTCOME_OK, NULL);
	assert_false(dissection_is_read(bench->dissection));
}

/* tshark holds documents back, but nothing is left to read. */
static void
test_stop_after_the_last(void **state)
{
	struct bench *bench = *state;

	bench_packets(bench, 1, 4);
	bench_start_file(bench, "hold=3");
	bench_until(bench, 2);
	assert_true(dissection_is_read(bench->dissection));
	dissection_stop(bench->dissection, 0);
	bench_write(bench, "go", "");
	bench_run(bench);
	assert_string_equal(bench->got, "1 2 3 4");
	assert_true(dissection_is_read(bench->dissection));
}

static void
test_stop_of_a_pipe_that_is_dry(void **state)
{
	struct bench *bench = *state;

	bench_start_pipe(bench, "");
	bench_wait(bench, 20);
	dissection_stop(bench->dissection, 0);
	bench_run(bench);
	bench_assert_counts(bench, 0, 0, 0);
	bench_assert_outcome(bench, OUTCOME_OK, NULL);
}

static void
test_stop_while_paused(void **state)
{
	struct bench *bench = *state;

	bench_start_pipe(bench, "");
	bench_packets(bench, 1, 3);
	bench_pour(bench);
	dissection_pause(bench->dissection);
	bench_wait(bench, 100);
	dissection_stop(bench->dissection, 0);
	bench_wait(bench, TICK_MS);
	assert_false(bench->ended);
	dissection_resume(bench->dissection);
	bench_run(bench);
	assert_string_equal(bench->got, "1 2 3");
}

/* A file that grows. */

static void
test_growing(void **state)
{
	struct bench *bench = *state;
	int fd, end;

	bench->follow = true;
	bench_packets(bench, 1, 2);
	bench_write(bench, "script", "");
	fd = capfile_fd(&bench->bytes);
	end = dup(fd);
	bench_start(bench, fd, 0);
	bench_until(bench, 2);
	assert_true(dissection_is_waiting(bench->dissection));
	assert_false(source_has_rest(bench->source));
	/* Nothing new: it goes on waiting. */
	dissection_look(bench->dissection);
	assert_true(dissection_is_waiting(bench->dissection));
	bench_packets(bench, 3, 3);
	assert_int_equal(
	    pwrite(end, bench->bytes.data, bench->bytes.len - 1,
		0),
	    bench->bytes.len - 1);
	dissection_look(bench->dissection);
	bench_wait(bench, TICK_MS);
	assert_true(dissection_is_waiting(bench->dissection));
	assert_true(source_has_rest(bench->source));
	assert_int_equal(bench->documents, 2);
	assert_int_equal(pwrite(end, bench->bytes.data, bench->bytes.len, 0),
	    bench->bytes.len);
	dissection_look(bench->dissection);
	bench_until(bench, 3);
	assert_false(bench->ended);
	source_follow(bench->source, false);
	dissection_look(bench->dissection);
	bench_run(bench);
	assert_false(dissection_is_waiting(bench->dissection));
	assert_string_equal(bench->got, "1 2 3");
	bench_assert_outcome(bench, OUTCOME_OK, NULL);
	bench_assert_run(bench, 1, "ek flush", "H 1 2 3");
	close(end);
}

/* Sessions. */

static void
test_sessions(void **state)
{
	struct bench *bench = *state;

	bench_packets(bench, 1, 2);
	capfile_make(&bench->bytes, CAPFILE_RAW, 3, 4);
	bench_start_file(bench, "");
	bench_run(bench);
	assert_string_equal(bench->got, "1 2 3 4");
	bench_assert_counts(bench, 4, 0, 0);
	bench_assert_runs(bench, 2);
	bench_assert_run(bench, 1, "ek", "H 1 2");
	bench_assert_run(bench, 2, "ek", "H 3 4");
	/* Frame numbers continue, in its fields too; the ordinal is that in its own capture. */
	assert_non_null(strstr(bench->last, "\"frame.number\":\"4\""));
	assert_non_null(strstr(bench->last, "\"ordinal\":2"));
}

#define TEST(name) \
	cmocka_unit_test_setup_teardown(name, bench_setup, bench_teardown)

int
main(int argc, char **argv)
{
	static const struct CMUnitTest tests[] = {
		TEST(test_all_packets),
		TEST(test_no_packets),
		TEST(test_nothing_costs_no_tshark),
		TEST(test_damage),
		TEST(test_count),
		TEST(test_bpf),
		TEST(test_bpf_without_meaning),
		TEST(test_display_filter),
		TEST(test_display_filter_that_keeps_all_back),
		TEST(test_plugin),
		TEST(test_junk_is_passed_over),
		TEST(test_pipe),
		TEST(test_paused_from_the_start),
		TEST(test_output_that_nobody_takes),
		TEST(test_input_that_nobody_takes),
		TEST(test_stop_before_the_first),
		TEST(test_stop_in_the_middle),
		TEST(test_stop_after_the_last),
		TEST(test_stop_of_a_pipe_that_is_dry),
		TEST(test_stop_while_paused),
		TEST(test_growing),
		TEST(test_sessions),
	};

	scripted_main(argc, argv);
	return cmocka_run_group_tests_name("dissection", tests, NULL, NULL);
}
