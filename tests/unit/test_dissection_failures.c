/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Tests of dissect/dissection.c and dissect/recovery.c: the plugin that fails, memory, hanging, refusals, stopping. The
 * table is in test_dissection_passes.c.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/clock.h"
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

/* The plugin. */

static void
test_plugin(void **state)
{
	struct bench *bench = *state;

	bench->tshark.has_plugin = true;
	run_file(bench, 3, "die=2\n \n");
	assert_string_equal(bench->got, "1 2 3");
	bench_assert_counts(bench, 3, 0, 0);
	bench_assert_outcome(bench, OUTCOME_OK, NULL);
	assert_int_equal(dissection_counts(bench->dissection).fallbacks, 1);
	bench_assert_runs(bench, 2);
	bench_assert_run(bench, 1, "plugin", NULL);
	bench_assert_run(bench, 2, "ek flush", "H 1 2 3");
}

static void
test_plugin_and_poison(void **state)
{
	struct bench *bench = *state;

	bench->tshark.has_plugin = true;
	run_file(bench, 3, "poison=2");
	assert_string_equal(bench->got, "1 3");
	bench_assert_counts(bench, 2, 0, 1);
	assert_int_equal(dissection_counts(bench->dissection).fallbacks, 1);
	bench_assert_runs(bench, 3);
	bench_assert_run(bench, 3, "ek flush", "H 1 e2 3");
}

/* Frames have no boundary to go on at. */
static void
test_plugin_and_junk(void **state)
{
	struct bench *bench = *state;

	bench->tshark.has_plugin = true;
	run_file(bench, 3, "junk=2\n \n");
	assert_string_equal(bench->got, "1 2 3");
	bench_assert_counts(bench, 3, 0, 0);
	assert_int_equal(dissection_counts(bench->dissection).fallbacks, 1);
	bench_assert_runs(bench, 2);
}

/* It failed with one session, and is tried with the next. */
static void
test_plugin_of_the_next_session(void **state)
{
	struct bench *bench = *state;

	bench->tshark.has_plugin = true;
	bench_packets(bench, 1, 2);
	capfile_make(&bench->bytes, CAPFILE_RAW, 3, 4);
	bench_start_file(bench, "die=1\n \n \n");
	bench_run(bench);
	assert_string_equal(bench->got, "1 2 3 4");
	bench_assert_runs(bench, 3);
	bench_assert_run(bench, 1, "plugin", NULL);
	bench_assert_run(bench, 2, "ek flush", "H 1 2");
	bench_assert_run(bench, 3, "plugin", "H 3 4");
}

static void
test_pdml(void **state)
{
	struct bench *bench = *state;

	bench->tshark_config.pdml = true;
	run_file(bench, 2, "die=1");
	bench_assert_counts(bench, 0, 0, 2);
	bench_assert_run(bench, 1, "pdml", NULL);
	bench_assert_run(bench, 2, "pdml flush", NULL);
}

/* Memory. */

static void
test_memory(void **state)
{
	struct bench *bench = *state;
	struct sandbox sandbox = { 0 };

	bench->tshark.sandbox = &sandbox;
	run_file(bench, 5, "nomem=4\n \n");
	assert_string_equal(bench->got, "1 2 3 4 5");
	bench_assert_counts(bench, 5, 0, 0);
	bench_assert_runs(bench, 2);
	/* Those that are done with take none. */
	bench_assert_run(bench, 2, "ek", "H e1 e2 e3 4 5");
	bench_assert_outcome(bench, OUTCOME_TSHARK,
	    "packets after 3 were dissected without the context of earlier ones");
}

/* Without a sandbox around it, it is a failure as any other. */
static void
test_memory_without_limit(void **state)
{
	struct bench *bench = *state;

	run_file(bench, 3, "nomem=2\n \n");
	assert_string_equal(bench->got, "1 2 3");
	bench_assert_outcome(bench, OUTCOME_OK, NULL);
	bench_assert_runs(bench, 2);
	bench_assert_run(bench, 2, "ek flush", "H 1 2 3");
}

static void
test_memory_at_once(void **state)
{
	struct bench *bench = *state;
	struct sandbox sandbox = { 0 };

	bench->tshark.sandbox = &sandbox;
	run_file(bench, 3, "nomem=1");
	bench_assert_counts(bench, 0, 0, 3);
	bench_assert_run(bench, 2, "ek flush", NULL);
	bench_assert_outcome(bench, OUTCOME_TSHARK, TSHARK_LACKS_MEMORY);
}

/* The same packet again is that packet's fault. */
static void
test_memory_for_one_packet(void **state)
{
	struct bench *bench = *state;
	struct sandbox sandbox = { 0 };

	bench->tshark.sandbox = &sandbox;
	run_file(bench, 4, "nomem=3\nnomem=3\nnomem=3\n \n");
	assert_string_equal(bench->got, "1 2 4");
	bench_assert_counts(bench, 3, 0, 1);
	assert_undissected(bench, "3");
	bench_assert_runs(bench, 4);
	bench_assert_run(bench, 3, "ek flush", NULL);
	bench_assert_run(bench, 4, "ek flush", "H e1 e2 e3 4");
}

/* After many packets it does not count as a failure: this could go on for ever. */
static void
test_memory_again_and_again(void **state)
{
	struct bench *bench = *state;
	struct sandbox sandbox = { 0 };
	char script[1024] = "";

	bench->tshark.sandbox = &sandbox;
	for (unsigned n = 1; n <= 30; n++)
		(void)snprintf(script + strlen(script),
		    sizeof(script) - strlen(script), "nomem=%u\n",
		    n * 1001);
	(void)snprintf(script + strlen(script),
	    sizeof(script) - strlen(script), " \n");
	bench_packets(bench, 1, 30100);
	bench_start_file(bench, script);
	while (!bench->ended) {
		bench->got[0] = '\0';
		bench_once(bench);
	}
	bench_assert_counts(bench, 30100, 0, 0);
	bench_assert_runs(bench, 31);
}

/* No. */

static void
test_refused(void **state)
{
	struct bench *bench = *state;

	run_file(bench, 2, "refuse");
	bench_assert_counts(bench, 0, 0, 2);
	bench_assert_runs(bench, 1);
	bench_assert_outcome(bench, OUTCOME_INPUT, "it is not a capture");
	assert_false(dissection_is_no_capture(bench->dissection));
}

static void
test_no_capture(void **state)
{
	struct bench *bench = *state;

	capfile_bytes(&bench->bytes, "%PDF-1.4, or whatever else", 26);
	bench_start_file(bench, "refuse");
	bench_run(bench);
	bench_assert_counts(bench, 0, 0, 0);
	bench_assert_runs(bench, 1);
	assert_true(dissection_is_no_capture(bench->dissection));
	bench_assert_outcome(bench, OUTCOME_INPUT,
	    "not a capture that tshark can read");
}

static void
test_no_tshark(void **state)
{
	struct bench *bench = *state;
	char none[] = "/nonexistent/tshark";

	bench->tshark.path = none;
	run_file(bench, 2, "");
	bench_assert_outcome(bench, OUTCOME_USAGE, none);
	assert_int_equal(bench->documents, 0);
	assert_int_equal(dissection_counts(bench->dissection).tsharks, 0);
}

/* Stopping. */

static void
test_failure_while_stopping(void **state)
{
	struct bench *bench = *state;

	bench_packets(bench, 1, 4);
	bench_start_file(bench, "hold=3 die=4");
	bench_until(bench, 2);
	dissection_stop(bench->dissection, 0);
	bench_write(bench, "go", "");
	bench_run(bench);
	assert_string_equal(bench->got, "1 2 3");
	bench_assert_counts(bench, 3, 0, 1);
	bench_assert_runs(bench, 1);
	bench_assert_outcome(bench, OUTCOME_TSHARK, NULL);
}

/* A tshark that is not there any more takes no documents back. */
static void
test_failure_while_paused(void **state)
{
	struct bench *bench = *state;

	bench->pause_at = 1;
	bench_packets(bench, 1, 4);
	bench_start_file(bench, "die=3\n \n");
	bench_until(bench, 1);
	bench_wait(bench, 300);
	assert_false(bench->ended);
	dissection_resume(bench->dissection);
	bench_run(bench);
	assert_string_equal(bench->got, "1 2 3 4");
	bench_assert_counts(bench, 4, 0, 0);
}

/* Hanging. */

static void
test_sleeping(void **state)
{
	struct bench *bench = *state;
	uint64_t begun = clock_ms();

	bench->config.timeout = 100;
	run_file(bench, 3, "hang=2\n \n");
	assert_string_equal(bench->got, "1 2 3");
	bench_assert_outcome(bench, OUTCOME_OK, NULL);
	bench_assert_runs(bench, 2);
	assert_true(clock_ms() - begun < 20000);
}

/* One that is busy gets less time than one that sleeps, which may be the machine's fault. */
static void
test_busy(void **state)
{
	struct bench *bench = *state;
	uint64_t begun = clock_ms();

	bench->config.timeout = 2000;
	run_file(bench, 3, "spin=2\n \n");
	assert_string_equal(bench->got, "1 2 3");
	bench_assert_runs(bench, 2);
	assert_true(clock_ms() - begun < 10000);
}

/* A document that tshark keeps in its buffer is none that it owes, if not all are flushed. */
static void
test_document_that_is_not_due(void **state)
{
	struct bench *bench = *state;

	bench->config.timeout = 20;
	bench_start_pipe(bench, "hold=2");
	bench_packets(bench, 1, 2);
	bench_pour(bench);
	bench_until(bench, 1);
	bench_wait(bench, 4 * TICK_MS);
	bench_write(bench, "go", "");
	bench_end_pipe(bench);
	bench_run(bench);
	assert_string_equal(bench->got, "1 2");
	bench_assert_runs(bench, 1);
}

/* One that has nothing to do is not hung. */
static void
test_idle(void **state)
{
	struct bench *bench = *state;

	bench->config.timeout = 20;
	bench_start_pipe(bench, "");
	bench_packets(bench, 1, 2);
	bench_pour(bench);
	bench_until(bench, 2);
	bench_wait(bench, 4 * TICK_MS);
	bench_packets(bench, 3, 3);
	bench_pour(bench);
	bench_end_pipe(bench);
	bench_run(bench);
	bench_assert_counts(bench, 3, 0, 0);
	bench_assert_runs(bench, 1);
}

#define TEST(name) \
	cmocka_unit_test_setup_teardown(name, bench_setup, bench_teardown)

int
main(int argc, char **argv)
{
	static const struct CMUnitTest tests[] = {
		TEST(test_plugin),
		TEST(test_plugin_and_poison),
		TEST(test_plugin_and_junk),
		TEST(test_plugin_of_the_next_session),
		TEST(test_pdml),
		TEST(test_memory),
		TEST(test_memory_without_limit),
		TEST(test_memory_at_once),
		TEST(test_memory_for_one_packet),
		TEST(test_memory_again_and_again),
		TEST(test_refused),
		TEST(test_no_capture),
		TEST(test_no_tshark),
		TEST(test_failure_while_stopping),
		TEST(test_failure_while_paused),
		TEST(test_sleeping),
		TEST(test_busy),
		TEST(test_document_that_is_not_due),
		TEST(test_idle),
	};

	scripted_main(argc, argv);
	return cmocka_run_group_tests_name("dissection_failures", tests, NULL, NULL);
}
