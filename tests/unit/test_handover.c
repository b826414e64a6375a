/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Tests of dissect/handover.c, and of dissect/recovery.c with a live capture: when a fresh tshark takes over, and what
 * it is given.
 *
 * State of the tshark      | event                                | next
 * ------------------------ | ------------------------------------ |
 * ----------------------------------------------------
 * fresh                    | no packet yet                        | fresh, whatever its age
 * at work                  | had its packets, or its time         | worn: its input is closed; when all its documents
 *                          |                                      |   have come, the next one goes on
 * at work                  | will soon have had them              | the next one is started, and waits
 * at work                  | takes much address space             | the next one is started; worn after a while
 * worn                     | has ended well                       | the next is given the last packets, then goes on
 * worn                     | the next one could not be started    | it is started when it is needed
 * at work, or worn         | fails with the plugin                | without it; with it again when that one is worn
 *                          | fails before its first document,     | again, without the last packets
 *                          |   and was given some of the past     |
 *                          | fails                                | the packet it was at is poison
 *                          | no memory left                       | again after those that are resolved
 *                          | fails, too much is pending           | what it had is lost; again after it
 *                          | has failed too often in a minute     | nothing more is dissected: OUTCOME_TSHARK
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "dissecting.h"

static int
setup(void **state)
{
	struct bench *bench;

	if (bench_setup(state) != 0)
		return -1;
	bench = *state;
	bench->live =
	    (struct dissection_live){ .id = "00112233445566778899aabbccddeeff",
		    .host = "h",
		    .interface = "eth7" };
	bench->config.live = &bench->live;
	return 0;
}

/* Packets first..last come; so many documents have come then. */
static void
pour(struct bench *bench, uint32_t first, uint32_t last, unsigned documents)
{
	bench_packets(bench, first, last);
	bench_pour(bench);
	bench_until(bench, documents);
}

static void
until_runs(struct bench *bench, uint64_t count)
{
	while (dissection_counts(bench->dissection).tsharks < count) {
		assert_false(bench->ended);
		bench_once(bench);
	}
}

static void
finish(struct bench *bench)
{
	bench_end_pipe(bench);
	bench_run(bench);
}

static void
test_live(void **state)
{
	struct bench *bench = *state;

	bench_start_pipe(bench, "");
	pour(bench, 1, 3, 3);
	finish(bench);
	assert_string_equal(bench->got, "1 2 3");
	bench_assert_counts(bench, 3, 0, 0);
	bench_assert_runs(bench, 1);
	bench_assert_run(bench, 1, "ek flush", "H 1 2 3");
	assert_string_equal(dissection_id(bench->dissection), bench->live.id);
	assert_non_null(strstr(bench->last, "\"eth7\""));
	assert_null(strstr(bench->last, "\"file_name\""));
}

/* By the number of packets. */
static void
test_lifetime(void **state)
{
	struct bench *bench = *state;

	bench->live.lifetime = 3;
	bench_start_pipe(bench, "");
	pour(bench, 1, 4, 4);
	assert_non_null(strstr(bench->last, "\"frame.number\":\"4\""));
	pour(bench, 5, 8, 8);
	finish(bench);
	assert_string_equal(bench->got, "1 2 3 4 5 6 7 8");
	bench_assert_counts(bench, 8, 0, 0);
	bench_assert_runs(bench, 3);
	bench_assert_run(bench, 1, "ek flush", "H 1 2 3");
	/* Of the past no more than a life. */
	bench_assert_run(bench, 2, "ek flush frame.number > 3",
	    "H 1 2 3 4 5 6");
	bench_assert_run(bench, 3, "ek flush frame.number > 3",
	    "H 4 5 6 7 8");
	assert_non_null(strstr(bench->last, "\"frame.number\":\"8\""));
	assert_non_null(strstr(bench->last, "\"ordinal\":8"));
	bench_assert_outcome(bench, OUTCOME_OK, NULL);
}

/* At the end of a life that is just over. */
static void
test_end_at_the_lifetime(void **state)
{
	struct bench *bench = *state;

	bench->live.lifetime = 80;
	bench_start_pipe(bench, "");
	pour(bench, 1, 79, 79);
	bench_wait(bench, 50);
	/* Nothing stands ready for so short a life. */
	assert_string_equal(bench_read(bench, "arguments", 2), "");
	pour(bench, 80, 80, 80);
	finish(bench);
	bench_assert_counts(bench, 80, 0, 0);
}

static void
test_lifetime_with_filter(void **state)
{
	struct bench *bench = *state;

	bench->live.lifetime = 4;
	bench->tshark_config.display_filter = "odd";
	bench_start_pipe(bench, "");
	pour(bench, 1, 9, 5);
	finish(bench);
	bench_assert_counts(bench, 5, 4, 0);
	bench_assert_run(bench, 2, "ek flush frame.number > 4 && (odd)",
	    "H 1 2 3 4 5 6 7 8");
}

/* By its age. One that has had no packet does not age. */
static void
test_age(void **state)
{
	struct bench *bench = *state;

	bench->live.lifetime_ms = 1500;
	bench_start_pipe(bench, "");
	bench_wait(bench, 2000);
	bench_assert_runs(bench, 1);
	pour(bench, 1, 2, 2);
	/* The next stands ready at once, for so short a life. */
	bench_until_run(bench, 2);
	assert_string_equal(bench_read(bench, "arguments", 2),
	    "ek flush frame.number > 2");
	until_runs(bench, 2);
	pour(bench, 3, 4, 4);
	bench_wait(bench, 2 * TICK_MS);
	finish(bench);
	assert_int_equal(dissection_counts(bench->dissection).tsharks, 2);
	bench_assert_run(bench, 2, "ek flush frame.number > 2", "H 1 2 3 4");
}

/* The next one is started a part of a life before it is needed. */
static void
test_successor(void **state)
{
	struct bench *bench = *state;

	bench->live.lifetime = 8000;
	bench_start_pipe(bench, "");
	pour(bench, 1, 6999, 6999);
	bench_wait(bench, 50);
	assert_string_equal(bench_read(bench, "arguments", 2), "");
	bench->got[0] = '\0';
	pour(bench, 7000, 7100, 7100);
	bench_until_run(bench, 2);
	/* It gets the packets that are kept, when it gets them. */
	assert_string_equal(bench_read(bench, "arguments", 2),
	    "ek flush frame.number > 4000");
	assert_int_equal(dissection_counts(bench->dissection).tsharks, 1);
	bench->got[0] = '\0';
	pour(bench, 7101, 8001, 8001);
	finish(bench);
	bench_assert_counts(bench, 8001, 0, 0);
	bench_assert_runs(bench, 2);
	assert_non_null(strstr(bench_read(bench, "read", 2), "H 4001 4002 "));
	assert_non_null(strstr(bench_read(bench, "read", 2), " 8000 8001"));
}

/* Each tshark of these tests takes more than the limit; only what has had many packets is looked at. */
static void
test_memory(void **state)
{
	struct bench *bench = *state;
	struct sandbox sandbox = { 0 };

	bench->tshark.sandbox = &sandbox;
	bench_sandbox_memory = 1 << 20;
	bench_start_pipe(bench, "");
	pour(bench, 1, 5000, 5000);
	bench->got[0] = '\0';
	bench_wait(bench, 2 * TICK_MS);
	assert_string_equal(bench_read(bench, "arguments", 2), "");
	pour(bench, 5001, 10000, 10000);
	bench->got[0] = '\0';
	/* The next one is started, and has time for it. */
	bench_until_run(bench, 2);
	assert_int_equal(dissection_counts(bench->dissection).tsharks, 1);
	until_runs(bench, 2);
	pour(bench, 10001, 10002, 10002);
	finish(bench);
	assert_string_equal(bench->got, "10001 10002");
	bench_assert_counts(bench, 10002, 0, 0);
	bench_assert_outcome(bench, OUTCOME_OK, NULL);
}

/* Failures. */

static void
test_poison(void **state)
{
	struct bench *bench = *state;

	bench_start_pipe(bench, "poison=3");
	pour(bench, 1, 5, 4);
	finish(bench);
	bench_assert_counts(bench, 4, 0, 1);
	bench_assert_runs(bench, 2);
	/* It goes on: nothing of the past is given after a failure. */
	bench_assert_run(bench, 2, "ek flush", "H e3 4 5");
	bench_assert_outcome(bench, OUTCOME_TSHARK, NULL);
}

static void
test_plugin_comes_back(void **state)
{
	struct bench *bench = *state;

	bench->tshark.has_plugin = true;
	bench->live.lifetime = 4;
	bench_start_pipe(bench, "die=3\n \n \n");
	pour(bench, 1, 7, 7);
	finish(bench);
	assert_string_equal(bench->got, "1 2 3 4 5 6 7");
	bench_assert_counts(bench, 7, 0, 0);
	assert_int_equal(dissection_counts(bench->dissection).fallbacks, 1);
	bench_assert_runs(bench, 3);
	bench_assert_run(bench, 1, "plugin flush", NULL);
	bench_assert_run(bench, 2, "ek flush", "H 3 4 5 6");
	bench_assert_run(bench, 3, "plugin flush frame.number > 4",
	    "H 3 4 5 6 7");
	bench_assert_outcome(bench, OUTCOME_OK, NULL);
}

/* It may be the past that ends it. */
static void
test_failure_in_the_past(void **state)
{
	struct bench *bench = *state;

	bench->live.lifetime = 3;
	bench_start_pipe(bench, " \ndie=2\n \n");
	pour(bench, 1, 5, 5);
	finish(bench);
	assert_string_equal(bench->got, "1 2 3 4 5");
	bench_assert_counts(bench, 5, 0, 0);
	bench_assert_runs(bench, 3);
	bench_assert_run(bench, 2, "ek flush frame.number > 3", NULL);
	bench_assert_run(bench, 3, "ek flush", "H 4 5");
	bench_assert_outcome(bench, OUTCOME_OK, NULL);
}

/* After its first document it is the packet that it was at. */
static void
test_failure_behind_the_past(void **state)
{
	struct bench *bench = *state;

	bench->live.lifetime = 3;
	bench_start_pipe(bench, " \ndie=5\n \n");
	pour(bench, 1, 5, 4);
	finish(bench);
	bench_assert_counts(bench, 4, 0, 1);
	bench_assert_run(bench, 3, "ek flush", "H e5");
}

/* The one that stands ready was told to expect the past, which is not given after a failure. */
static void
test_failure_with_successor(void **state)
{
	struct bench *bench = *state;

	bench->live.lifetime_ms = 5300;
	bench_start_pipe(bench, "poison=3\n \n");
	pour(bench, 1, 2, 2);
	bench_until_run(bench, 2);
	pour(bench, 3, 4, 3);
	finish(bench);
	assert_string_equal(bench->got, "1 2 4");
	bench_assert_counts(bench, 3, 0, 1);
	bench_assert_run(bench, 2, "ek flush frame.number > 2", "");
	bench_assert_run(bench, 3, "ek flush", "H e3 4");
	assert_int_equal(dissection_counts(bench->dissection).tsharks, 2);
}

/* In a live capture that is no failure of the run. */
static void
test_out_of_memory(void **state)
{
	struct bench *bench = *state;
	struct sandbox sandbox = { 0 };

	bench->tshark.sandbox = &sandbox;
	bench_start_pipe(bench, "nomem=3\n \n");
	pour(bench, 1, 4, 4);
	finish(bench);
	assert_string_equal(bench->got, "1 2 3 4");
	bench_assert_runs(bench, 2);
	bench_assert_run(bench, 2, "ek flush", "H 3 4");
	bench_assert_outcome(bench, OUTCOME_OK, NULL);
}

/* After long service it goes on with what it knew. */
static void
test_out_of_memory_after_long(void **state)
{
	struct bench *bench = *state;
	struct sandbox sandbox = { 0 };

	bench->tshark.sandbox = &sandbox;
	bench_start_pipe(bench, "nomem=1003\n \n");
	pour(bench, 1, 1004, 1004);
	finish(bench);
	bench_assert_counts(bench, 1004, 0, 0);
	bench_assert_runs(bench, 2);
	bench_assert_run(bench, 2, "ek flush frame.number > 1002", NULL);
}

/* However often: in a long run it may be. */
static void
test_out_of_memory_again_and_again(void **state)
{
	struct bench *bench = *state;
	struct sandbox sandbox = { 0 };

	bench->tshark.sandbox = &sandbox;
	bench_start_pipe(bench,
	    "nomem=1002\nnomem=2003\nnomem=3004\n"
	    "nomem=4005\nnomem=5002\n");
	for (unsigned n = 0; n < 14; n++) {
		bench->got[0] = '\0';
		pour(bench, n * 1001 + 1, n * 1001 + 1001, n * 1001 + 1001);
	}
	finish(bench);
	bench_assert_counts(bench, 14014, 0, 0);
	assert_true(dissection_counts(bench->dissection).tsharks > 12);
	bench_assert_outcome(bench, OUTCOME_OK, NULL);
}

static void
test_too_much_pending(void **state)
{
	struct bench *bench = *state;
	static const char zeros[262144];

	bench_start_pipe(bench, "keep die=300\n \n");
	capfile_header(&bench->bytes, CAPFILE_ETHERNET);
	for (uint32_t n = 1; n <= 300; n++) {
		capfile_record(&bench->bytes, n, sizeof(zeros));
		capfile_bytes(&bench->bytes, zeros, sizeof(zeros));
		bench_pour(bench);
		while (dissection_counts(bench->dissection).read < n)
			bench_once(bench);
	}
	until_runs(bench, 2);
	pour(bench, 301, 302, 2);
	finish(bench);
	assert_string_equal(bench->got, "301 302");
	bench_assert_counts(bench, 2, 0, 300);
	bench_assert_runs(bench, 2);
	bench_assert_run(bench, 2, "ek flush", "H 301 302");
	bench_assert_outcome(bench, OUTCOME_TSHARK, NULL);
}

/* Ten failures in a minute are borne. */
static void
test_too_many_failures(void **state)
{
	struct bench *bench = *state;

	bench_start_pipe(bench, "die=1");
	bench_packets(bench, 1, 20);
	bench_pour(bench);
	/* It ends although the capture goes on: nobody would dissect it. */
	bench_run(bench);
	bench_assert_counts(bench, 0, 0, 20);
	bench_assert_runs(bench, 11);
	bench_assert_outcome(bench, OUTCOME_TSHARK, "tshark failed");
}

/* Also if each has got a little further. */
static void
test_failures_that_get_on(void **state)
{
	struct bench *bench = *state;

	bench_start_pipe(bench, "die=2");
	bench_packets(bench, 1, 40);
	bench_pour(bench);
	bench_run(bench);
	bench_assert_counts(bench, 1, 0, 39);
	bench_assert_runs(bench, 11);
}

/* What is captured is a capture. */
static void
test_refused(void **state)
{
	struct bench *bench = *state;

	bench_start_pipe(bench, "refuse\n \n");
	pour(bench, 1, 3, 2);
	finish(bench);
	bench_assert_counts(bench, 2, 0, 1);
	bench_assert_outcome(bench, OUTCOME_TSHARK, "tshark failed");
}

/* Stopping. */

static void
test_stop(void **state)
{
	struct bench *bench = *state;

	bench->live.lifetime = 2;
	bench_start_pipe(bench, "");
	pour(bench, 1, 3, 3);
	dissection_stop(bench->dissection, 0);
	bench_run(bench);
	bench_assert_counts(bench, 3, 0, 0);
}

/* What was read is still given to the fresh one. */
static void
test_stop_while_worn(void **state)
{
	struct bench *bench = *state;

	bench->live.lifetime = 3;
	bench_start_pipe(bench, "hold=3\n \n");
	pour(bench, 1, 5, 2);
	bench_wait(bench, 20);
	dissection_stop(bench->dissection, 0);
	bench_write(bench, "go", "");
	bench_run(bench);
	assert_string_equal(bench->got, "1 2 3");
	bench_assert_counts(bench, 3, 0, 0);
	bench_assert_outcome(bench, OUTCOME_OK, NULL);
}

#define TEST(name) \
	cmocka_unit_test_setup_teardown(name, setup, bench_teardown)

int
main(int argc, char **argv)
{
	static const struct CMUnitTest tests[] = {
		TEST(test_live),
		TEST(test_lifetime),
		TEST(test_end_at_the_lifetime),
		TEST(test_lifetime_with_filter),
		TEST(test_age),
		TEST(test_successor),
		TEST(test_memory),
		TEST(test_poison),
		TEST(test_plugin_comes_back),
		TEST(test_failure_in_the_past),
		TEST(test_failure_behind_the_past),
		TEST(test_failure_with_successor),
		TEST(test_out_of_memory),
		TEST(test_out_of_memory_after_long),
		TEST(test_out_of_memory_again_and_again),
		TEST(test_too_much_pending),
		TEST(test_too_many_failures),
		TEST(test_failures_that_get_on),
		TEST(test_refused),
		TEST(test_stop),
		TEST(test_stop_while_worn),
	};

	scripted_main(argc, argv);
	return cmocka_run_group_tests_name("handover", tests, NULL, NULL);
}
