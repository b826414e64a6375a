/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Tests of sink/sink_server.c against a scripted server: the end of documents, and giving up. The sink goes
 *	ready -> ended			with documents in each place: test_end_*
 *	setting up -> failed		test_gives_up_before_ready
 *	ready -> failed			nothing was resolved for too long: test_gives_up_*; a batch cannot go on: test_fails_once
 *	ready -> ready			there was progress, or nothing to do: test_does_not_give_up
 *	any -> freed			test_free_in_each_state
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "sinker.h"

/* --- The end ------------------------------------------------------------------------- */

static void
test_end_empty(void **state)
{
	(void)state;
	begin();
	end();
	assert_int_equal(bench.drained, 0);
	pass(0);
	assert_int_equal(bench.drained, 1);
	assert_int_equal(world.count, 1);
}

static void
test_end_with_an_open_batch(void **state)
{
	(void)state;
	begin();
	give(2);
	end();
	/* At once, and not again when its time has come. */
	assert_int_equal(documents_of(1), 2);
	pass(500);
	assert_int_equal(world.count, 2);
	assert_int_equal(bench.drained, 0);
	create(1);
	pass(0);
	assert_int_equal(bench.drained, 1);
	assert_true(is_empty());
}

static void
test_end_while_sent_and_later(void **state)
{
	(void)state;
	bench.config.chunk = 1;
	begin();
	give(2);
	answer(1, 429, "");
	end();
	create(2);
	pass(999);
	assert_int_equal(bench.drained, 0);
	pass(1);
	create(3);
	pass(0);
	assert_int_equal(bench.drained, 1);
	assert_int_equal(counts().delivered, 2);
}

/* More batches than may be under way, and a day too many. */
static void
test_end_while_queued(void **state)
{
	(void)state;
	bench.config.chunk = 1;
	bench.config.max_indices = 1;
	begin();
	give(6);
	write_of(DAY + 86400, "{}", NULL);
	end();
	assert_int_equal(world.count, 5);
	for (size_t n = 1; n < 7; n++) {
		assert_int_equal(bench.drained, 0);
		create(n);
		pass(0);
	}
	assert_int_equal(bench.drained, 1);
	assert_int_equal(counts().delivered, 6);
	assert_int_equal(counts().rejected, 1);
}

static void
test_free_in_each_state(void **state)
{
	(void)state;
	make();
	anew(state);
	begin();
	give(1);
	anew(state);
	begin();
	give(1);
	pass(500);
	anew(state);
	begin();
	give(1);
	pass(500);
	answer(1, 429, "");
}

/* --- Giving up ----------------------------------------------------------------------- */

/* The first of the reasons counts, and it is reported once. */
static void
test_fails_once(void **state)
{
	struct http_reply there = { .fault = HTTP_ANSWERED,
		.status = 302,
		.body = "",
		.location = "http://b/" };

	(void)state;
	bench.config.chunk = 1;
	begin();
	give(2);
	end_request(1, &there);
	there.location[0] = '\0';
	end_request(2, &there);
	assert_int_equal(bench.failed, 0);
	/* It keeps no loop running. */
	assert_int_equal(next_timer(), NO_TIMER);
	assert_failed(OUTCOME_OUTPUT,
	    "http://a:9200 redirects to http://b/, "
	    "which is not followed: give that address to --node");
	assert_false(is_empty());
}

static void
test_gives_up_without_progress(void **state)
{
	(void)state;
	begin();
	give(1);
	pass(500);
	/* It answers nothing. */
	pass(299500 - 250);
	assert_int_equal(bench.failed, 0);
	pass(250);
	assert_failed(OUTCOME_OUTPUT,
	    "gave up after 300 s without any "
	    "progress (--retry-for): the server is too slow");
	/* What it says after that is not heard. */
	create(1);
	assert_int_equal(counts().delivered, 0);
}

/* What the server said last is the reason, else what happened to its nodes. */
static void
test_gives_up_with_a_reason(void **state)
{
	(void)state;
	bench.config.retry_for = 10000;
	begin();
	give(1);
	pass(500);
	answer(1, 429, "{\"error\":{\"type\":\"busy\",\"reason\":\"full\"}}");
	pass(10000);
	assert_failed(OUTCOME_OUTPUT,
	    "gave up after 10 s without any "
	    "progress (--retry-for): http://a:9200: HTTP status 429 busy: "
	    "full");
	anew(state);
	bench.config.retry_for = 10000;
	begin();
	give(1);
	pass(500);
	break_off(1, HTTP_UNREACHED, "refused");
	pass(10000);
	assert_failed(OUTCOME_OUTPUT,
	    "gave up after 10 s without any "
	    "progress (--retry-for): http://a:9200: refused");
}

static void
test_gives_up_before_ready(void **state)
{
	(void)state;
	make();
	break_off(0, HTTP_UNREACHED, "refused");
	pass(299750);
	assert_int_equal(bench.failed, 0);
	pass(250);
	assert_failed(OUTCOME_OUTPUT,
	    "gave up after 300 s without any "
	    "progress (--retry-for): http://a:9200: refused");
	assert_int_equal(bench.ready, 0);
}

/* Each document that is resolved is progress, and with nothing to deliver none is needed. */
static void
test_does_not_give_up(void **state)
{
	(void)state;
	bench.config.chunk = 1;
	make();
	/* What setting up took is not counted. */
	pass(299000);
	answer(0, 200, ROOT);
	give(1);
	pass(299000);
	assert_int_equal(bench.failed, 0);
	anew(state);
	bench.config.chunk = 1;
	begin();
	/* A sensor without packets. */
	pass(1000000);
	give(2);
	pass(299000);
	create(1);
	pass(299000);
	assert_int_equal(bench.failed, 0);
	create(2);
	pass(1000000);
	give(1);
	pass(299000);
	assert_int_equal(bench.failed, 0);
	pass(1250);
	assert_int_equal(bench.failed, 1);
}

static void
test_never_gives_up(void **state)
{
	(void)state;
	bench.config.retry_for = 0;
	begin();
	give(1);
	pass(3600000);
	assert_int_equal(bench.failed, 0);
	/* Until it is told to: the time counts from then. */
	bench.sink->type->give_up_after(bench.sink, 5000);
	pass(4750);
	assert_int_equal(bench.failed, 0);
	pass(250);
	assert_failed(OUTCOME_OUTPUT,
	    "gave up after 5 s without any "
	    "progress (--retry-for): the server is too slow");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_end_empty),
		TEST(test_end_with_an_open_batch),
		TEST(test_end_while_sent_and_later),
		TEST(test_end_while_queued),
		TEST(test_free_in_each_state),
		TEST(test_fails_once),
		TEST(test_gives_up_without_progress),
		TEST(test_gives_up_with_a_reason),
		TEST(test_gives_up_before_ready),
		TEST(test_does_not_give_up),
		TEST(test_never_gives_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
