/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Tests of run/run.c and run/run_totals.c over an input that is none: what any input can count on (input/input.h), by
 * scripts (running.h), and that its sums come through.
 *
 *   state    event                          what is called
 *   -------  -----------------------------  ---------------------------------------------
 *   new      the run begins                 prepare
 *   new      the sink drains                nothing
 *   new      the sink is ready              start
 *   new      a signal                       nothing: the loop ends
 *   started  the sink is full               pause, from within on_document or on_placed
 *   started  the sink drains                resume
 *   started  a signal                       stop, once
 *   over     a signal                       stop, once; nothing if only the sink still worked after the last document
 *   any      the loop has ended             close, and free when the sink is freed
 *   none     there is no sink               free
 *
 * The first signal ends the run by itself if the input has an end (is_read) that it has not come to.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "run/run_totals.h"
#include "running.h"

static void
any_prepare(struct input *input)
{
	const struct input_handler *handler = &input->handler;

	SAY("prepare");
	bench_now->on_over = handler->on_end;
	bench_now->on_document = handler->on_document;
	bench_now->over_ctx = handler->ctx;
	if (bench_now->over != OUTCOME_OK)
		handler->on_failure(handler->ctx, bench_now->over);
}

/* Its documents have their place. */
static void
placed_prepare(struct input *input)
{
	SAY("prepare");
	bench_now->on_over = input->handler.on_end;
	bench_now->on_letter = input->handler.on_placed;
	bench_now->over_ctx = input->handler.ctx;
}

static void
any_start(struct input *input, size_t value_max)
{
	(void)input;
	note("start", "", value_max);
}

/* It had no documents at all. */
static void
empty_start(struct input *input, size_t value_max)
{
	any_start(input, value_max);
	input->handler.on_end(input->handler.ctx);
}

static void
any_pause(struct input *input)
{
	(void)input;
	SAY("pause");
}

static void
any_resume(struct input *input)
{
	(void)input;
	SAY("resume");
}

static void
any_stop(struct input *input)
{
	SAY("stop");
	input->handler.on_hurry(input->handler.ctx);
}

static void
any_close(struct input *input)
{
	SAY("close");
	input->handler.on_failure(input->handler.ctx, OUTCOME_OK);
}

static void
any_counts(const struct input *input, struct input_counts *counts)
{
	(void)input;
	*counts = (struct input_counts){ .read = 1000,
		.filtered = 1,
		.undissected = 2,
		.skipped = 3,
		.fallbacks = 4,
		.tsharks = 5,
		.duplicate = 6,
		.has_drops = true,
		.dropped = 7,
		.kernel_drop = 8,
		.interface_drop = 9,
		.ring_missing = 10,
		.is_kafka = true,
		.released = 11,
		.warmed = 12,
		.missed = 13,
		.mixed = 14,
		.malformed = 15 };
}

static void
any_progress(const struct input *input, struct input_progress *progress)
{
	(void)input;
	*progress = (struct input_progress){ .files_done = 1,
		.files_all = 2,
		.packets = 3,
		.bytes_done = 4,
		.bytes_all = 5,
		.interface = "eth7",
		.dropped = 6,
		.has_lag = true,
		.lag = 7 };
}

static const struct input_partition partition = { "packets", 3, 11 };

static void
any_metrics(const struct input *input, struct input_metrics *metrics)
{
	(void)input;
	*metrics = (struct input_metrics){ .tshark = "4.0",
		.dissection = "ek",
		.tshark_memory = 1,
		.capture_reader_bytes = 2,
		.capture_reader_room = 3,
		.capture_reader_memory = 4,
		.spool_bytes = 5,
		.spool_room = 6,
		.has_ring = true,
		.kafka = { .partitions = &partition,
		    .partition_count = 1,
		    .commits = 7,
		    .rebalances = 8,
		    .sessions = 9,
		    .is_cut_off = true,
		    .memory = 10 } };
}

static void
any_free(struct input *input)
{
	(void)input;
	SAY("free");
}

static void
no_counts(const struct input *input, struct input_counts *counts)
{
	(void)input;
	(void)counts;
}

static const struct input_type any = { .prepare = any_prepare,
	.start = any_start,
	.pause = any_pause,
	.resume = any_resume,
	.stop = any_stop,
	.close = any_close,
	.counts = no_counts,
	.progress = any_progress,
	.metrics = any_metrics,
	.free = any_free };

static int
setup(void **state)
{
	static struct input input;
	struct bench *bench;

	if (bench_setup(state) != 0)
		return -1;
	bench = *state;
	input.type = &any;
	bench->config.input = &input;
	return 0;
}

/* With another start, or so. */
static void
use(struct bench *bench, struct input_type *type)
{
	bench->config.input->type = type;
}

static void
test_life(void **state)
{
	struct bench *bench = *state;

	bench->value_max = 50;
	bench_run(bench, "ready d1 full d2 d3 drain d4 over",
	    "prepare, start 50, write d1, write d2, pause, write d3, resume, "
	    "write d4, end, close, gone, free");
	assert_int_equal(bench->outcome, OUTCOME_OK);
}

static void
test_placed(void **state)
{
	struct bench *bench = *state;
	struct input_type type = any;

	type.prepare = placed_prepare;
	use(bench, &type);
	bench_run(bench, "ready d1 full d2 drain over",
	    "prepare, start 0, place d1, at i, place d2, at i, pause, "
	    "resume, end, close, gone, free");
}

static void
test_no_prepare(void **state)
{
	struct bench *bench = *state;
	struct input_type type = any;

	type.prepare = NULL;
	use(bench, &type);
	bench_run(bench, "ready", "start 0, running, close, gone, free");
}

static void
test_ends_at_once(void **state)
{
	struct bench *bench = *state;
	struct input_type type = any;

	type.start = empty_start;
	use(bench, &type);
	bench_run(bench, "ready", "prepare, start 0, end, close, gone, free");
}

static void
test_drain_before_start(void **state)
{
	bench_run(*state, "drain ready over",
	    "prepare, start 0, end, close, gone, free");
}

static void
test_drain_after_end(void **state)
{
	bench_run(*state, "ready busy over empty drain",
	    "prepare, start 0, end, resume, close, gone, free");
}

static void
test_signal(void **state)
{
	struct bench *bench = *state;

	bench_run(bench, "ready int d1 over",
	    "prepare, start 0, stop, write d1, end, close, gone, free");
	assert_int_equal(bench->signal_number, 0);
}

static bool
no_end_yet(const struct input *input)
{
	(void)input;
	SAY("is read");
	return false;
}

static bool
at_its_end(const struct input *input)
{
	(void)input;
	SAY("is read");
	return true;
}

static void
test_signal_cuts_off(void **state)
{
	struct bench *bench = *state;
	struct input_type type = any;

	type.is_read = no_end_yet;
	use(bench, &type);
	bench_run(bench, "ready term d1 over",
	    "prepare, start 0, is read, stop, write d1, end, close, gone, free");
	assert_int_equal(bench->outcome, OUTCOME_OK);
	assert_int_equal(bench->signal_number, SIGTERM);
}

static void
test_signal_cuts_nothing_off(void **state)
{
	struct bench *bench = *state;
	struct input_type type = any;

	type.is_read = at_its_end;
	use(bench, &type);
	bench_run(bench, "ready term d1 over",
	    "prepare, start 0, is read, stop, write d1, end, close, gone, free");
	assert_int_equal(bench->signal_number, 0);
}

static void
test_signal_cuts_off_before_start(void **state)
{
	struct bench *bench = *state;
	struct input_type type = any;

	type.is_read = at_its_end;
	use(bench, &type);
	bench_run(bench, "int ready", "prepare, close, gone, free");
	assert_int_equal(bench->signal_number, SIGINT);
}

/* Every failure says more than the signal. */
static void
test_signal_and_failures(void **state)
{
	static const enum outcome all[] = { OUTCOME_INTERNAL, OUTCOME_USAGE,
		OUTCOME_INPUT, OUTCOME_TSHARK, OUTCOME_OUTPUT, OUTCOME_REJECTED };
	struct bench *bench = *state;
	struct input_type type = any;

	type.is_read = no_end_yet;
	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		use(bench, &type);
		bench->events[0] = '\0';
		bench->over = all[i];
		bench_run(bench, "ready int over",
		    "prepare, start 0, is read, stop, end, close, gone, free");
		assert_int_equal(bench->outcome, all[i]);
		assert_int_equal(bench->signal_number, 0);
		loop_free(bench->loop);
		bench->loop = bench->config.loop = bench->dissection.loop =
		    loop_new(NULL);
	}
}

static void
test_signal_and_rejected(void **state)
{
	struct bench *bench = *state;
	struct input_type type = any;

	type.is_read = no_end_yet;
	use(bench, &type);
	bench->counts.rejected = 1;
	bench_run(bench, "ready int over",
	    "prepare, start 0, is read, stop, end, close, gone, free");
	assert_int_equal(bench->outcome, OUTCOME_REJECTED);
	assert_int_equal(bench->signal_number, 0);
}

static void
test_second_signal(void **state)
{
	struct bench *bench = *state;

	bench_run(bench, "ready int int", "prepare, start 0, stop, close, gone, free");
	assert_int_equal(bench->signal_number, SIGINT);
}

/* Documents wait, and then only what the sink does when it has none. */
static void
test_signal_after_end(void **state)
{
	struct bench *bench = *state;

	bench_run(bench, "ready busy over int empty drain",
	    "prepare, start 0, end, hurry, stop, resume, close, gone, free");
	assert_int_equal(bench->signal_number, 0);
}

static void
test_signal_while_closing(void **state)
{
	struct bench *bench = *state;

	bench_run(bench, "ready closing over int",
	    "prepare, start 0, end, hurry, resume, close, gone, free");
	assert_int_equal(bench->signal_number, 0);
	assert_int_equal(bench->outcome, OUTCOME_OK);
}

static void
test_signal_before_start(void **state)
{
	struct bench *bench = *state;

	bench_run(bench, "int ready", "prepare, close, gone, free");
	assert_int_equal(bench->outcome, OUTCOME_OK);
}

/* What was read, and could not be given to any sink, is not delivered. */
static void
test_signal_before_start_with_packets(void **state)
{
	struct bench *bench = *state;
	struct input_type type = any;

	type.counts = any_counts;
	use(bench, &type);
	bench_run(bench, "int ready", "prepare, close, gone, free");
	assert_int_equal(bench->outcome, OUTCOME_OUTPUT);
}

static void
test_hurry(void **state)
{
	struct bench *bench = *state;

	bench->config.server = &bench->server;
	bench_run(bench, "ready int over",
	    "server, prepare, start 0, stop, retry 300000, end, close, gone, "
	    "free");
}

/* Whoever has said for how long is not overruled. */
static void
test_hurry_with_time(void **state)
{
	struct bench *bench = *state;

	bench->config.server = &bench->server;
	bench->server.retry_for = 1;
	bench_run(bench, "ready int over",
	    "server, prepare, start 0, stop, end, close, gone, free");
}

static void
test_failure(void **state)
{
	struct bench *bench = *state;

	bench->over = OUTCOME_TSHARK;
	bench_run(bench, "ready over", "prepare, start 0, end, close, gone, free");
	assert_int_equal(bench->outcome, OUTCOME_TSHARK);
}

static void
test_sink_fails(void **state)
{
	struct bench *bench = *state;

	bench->failure = OUTCOME_OUTPUT;
	bench_run(bench, "ready d1 fail d2",
	    "prepare, start 0, write d1, close, gone, free");
	assert_int_equal(bench->outcome, OUTCOME_OUTPUT);
}

static void
test_no_sink(void **state)
{
	struct bench *bench = *state;

	bench->failure = OUTCOME_USAGE;
	assert_int_equal(
	    run_input(&bench->config, &bench->totals, &bench->signal_number),
	    OUTCOME_OUTPUT);
	assert_string_equal(bench->events, "free");
}

/* The sums. */

static struct run_totals
sums_of(struct bench *bench)
{
	static struct input_type type;

	type = any;
	type.counts = any_counts;
	use(bench, &type);
	bench->sink.type = &sink_double;
	bench->counts = (struct sink_counts){ .delivered = 100,
		.duplicate = 20,
		.rejected = 30,
		.discarded = 40,
		.maybe_duplicate = 50,
		.retries = 60,
		.in_flight = 70,
		.queued = 80,
		.cut = true };
	return (struct run_totals){ bench->config.input, &bench->sink, NULL, NULL, 0 };
}

static void
test_totals(void **state)
{
	struct bench *bench = *state;
	struct run_totals sums = sums_of(bench);
	const struct totals *totals = &bench->totals;

	run_totals_totals(&sums, &bench->totals);
	assert_int_equal(totals->read, 1000);
	assert_int_equal(totals->delivered, 100);
	assert_int_equal(totals->duplicate, 6 + 20);
	assert_int_equal(totals->rejected, 30);
	assert_int_equal(totals->discarded, 40);
	assert_int_equal(totals->filtered, 1);
	assert_int_equal(totals->undissected, 2);
	assert_int_equal(totals->dropped, 7);
	assert_int_equal(totals->unsent,
	    1000 - 100 - 6 - 20 - 30 - 40 - 1 - 2 - 7 - 11);
	assert_int_equal(totals->skipped, 3);
	assert_int_equal(totals->retries, 60);
	assert_int_equal(totals->maybe_duplicate, 50);
	assert_int_equal(totals->kernel_drop, 8);
	assert_int_equal(totals->interface_drop, 9);
	assert_int_equal(totals->ring_missing, 10);
	assert_int_equal(totals->fallbacks, 4);
	assert_int_equal(totals->tsharks, 5);
	assert_true(totals->has_drops);
	assert_true(totals->is_kafka);
	assert_int_equal(totals->released, 11);
	assert_int_equal(totals->warmed, 12);
	assert_int_equal(totals->missed, 13);
	assert_int_equal(totals->mixed, 14);
	assert_int_equal(totals->malformed, 15);
	assert_true(totals->cut);
	assert_false(totals->has_server);
	assert_false(totals->has_auto_id);
}

static void
test_totals_with_server(void **state)
{
	struct bench *bench = *state;
	struct run_totals sums = sums_of(bench);

	sums.server = &bench->server;
	run_totals_totals(&sums, &bench->totals);
	assert_true(bench->totals.has_server);
	assert_false(bench->totals.has_auto_id);
	bench->server.auto_id = true;
	run_totals_totals(&sums, &bench->totals);
	assert_true(bench->totals.has_auto_id);
}

static void
test_progress(void **state)
{
	struct bench *bench = *state;
	struct run_totals sums = sums_of(bench);
	struct progress progress;

	run_totals_progress(&sums, &progress);
	assert_int_equal(progress.files_done, 1);
	assert_int_equal(progress.files_all, 2);
	assert_int_equal(progress.packets, 3);
	assert_int_equal(progress.resolved,
	    100 + 6 + 20 + 30 + 40 + 1 + 2 + 7 + 11);
	assert_int_equal(progress.bytes_done, 4);
	assert_int_equal(progress.bytes_all, 5);
	assert_string_equal(progress.interface, "eth7");
	assert_int_equal(progress.dropped, 6);
	assert_true(progress.has_lag);
	assert_int_equal(progress.lag, 7);
	assert_false(progress.has_server);
	sums.server = &bench->server;
	run_totals_progress(&sums, &progress);
	assert_true(progress.has_server);
	assert_int_equal(progress.indexed, 100);
	assert_int_equal(progress.duplicate, 20);
	assert_int_equal(progress.rejected, 30);
	assert_int_equal(progress.discarded, 40);
	assert_int_equal(progress.retries, 60);
	assert_int_equal(progress.in_flight, 70);
}

static void
test_metrics(void **state)
{
	struct bench *bench = *state;
	struct run_totals sums = sums_of(bench);
	struct metrics metrics;

	bench->server.memory = 90;
	sums.server = &bench->server;
	run_totals_metrics(&sums, &metrics);
	assert_string_equal(metrics.tshark, "4.0");
	assert_string_equal(metrics.dissection, "ek");
	assert_int_equal(metrics.tshark_memory, 1);
	assert_int_equal(metrics.capture_reader_bytes, 2);
	assert_int_equal(metrics.capture_reader_room, 3);
	assert_int_equal(metrics.capture_reader_memory, 4);
	assert_int_equal(metrics.spool_bytes, 5);
	assert_int_equal(metrics.spool_room, 6);
	assert_true(metrics.has_ring);
	assert_ptr_equal(metrics.kafka.partitions, &partition);
	assert_int_equal(metrics.kafka.partition_count, 1);
	assert_int_equal(metrics.kafka.commits, 7);
	assert_int_equal(metrics.kafka.rebalances, 8);
	assert_int_equal(metrics.kafka.sessions, 9);
	assert_true(metrics.kafka.is_cut_off);
	assert_int_equal(metrics.kafka.memory, 10);
	assert_int_equal(metrics.in_flight, 70);
	assert_int_equal(metrics.delivery_bytes, 80);
	assert_int_equal(metrics.delivery_room, 90);
	assert_int_equal(metrics.totals.read, 1000);
	assert_int_equal(metrics.resolved, 0);
	assert_true(metrics.own_memory > 0);
}

/* What it has not is left out. */
static void
test_no_metrics(void **state)
{
	struct bench *bench = *state;
	struct run_totals sums = sums_of(bench);
	struct input_type type = any;
	struct metrics metrics;

	type.metrics = NULL;
	use(bench, &type);
	run_totals_metrics(&sums, &metrics);
	assert_null(metrics.tshark);
	assert_int_equal(metrics.capture_reader_room, 0);
	assert_int_equal(metrics.delivery_room, 0);
	assert_int_equal(metrics.delivery_bytes, 80);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, bench_teardown)

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		TEST(test_life),
		TEST(test_placed),
		TEST(test_no_prepare),
		TEST(test_ends_at_once),
		TEST(test_drain_before_start),
		TEST(test_drain_after_end),
		TEST(test_signal),
		TEST(test_signal_cuts_off),
		TEST(test_signal_cuts_nothing_off),
		TEST(test_signal_cuts_off_before_start),
		TEST(test_signal_and_failures),
		TEST(test_signal_and_rejected),
		TEST(test_second_signal),
		TEST(test_signal_after_end),
		TEST(test_signal_while_closing),
		TEST(test_signal_before_start),
		TEST(test_signal_before_start_with_packets),
		TEST(test_hurry),
		TEST(test_hurry_with_time),
		TEST(test_failure),
		TEST(test_sink_fails),
		TEST(test_no_sink),
		TEST(test_totals),
		TEST(test_totals_with_server),
		TEST(test_progress),
		TEST(test_metrics),
		TEST(test_no_metrics),
	};

	return cmocka_run_group_tests_name("run_input", tests, NULL, NULL);
}
