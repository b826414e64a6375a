/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Tests of sink/shipping.c: batches and their slots, from the start to the end. What becomes of the items of a reply is
 * in test_shipping_items.c, whole requests that fail in test_shipping_refused.c, documents that do not fit into their
 * mapping in test_shipping_held.c.
 *
 * The shipping is new, started or stopped:
 *	new			test_nothing_before_the_start
 *	new -> started		test_nothing_before_the_start
 *	new -> stopped		test_stop_before_the_start
 *	started -> stopped	by its owner, in each state of a batch: test_stop_*, test_stop_while_held
 *	any -> freed		test_free_in_each_state, test_free_while_held
 *
 * A batch is
 *	queued			all four slots are taken, or it was not started
 *	sent			the reply is awaited
 *	later			a timer runs
 *	held			its mappings are looked at
 * and goes
 *	queued -> sent		test_four_at_a_time
 *	sent -> gone		all its items are resolved: test_items_settled
 *	sent -> later		some are not: test_part_is_sent_again; or the request failed: test_shipping_refused.c
 *	later -> sent		test_waits_grow
 *	sent -> held		test_shipping_held.c, held -> later and held -> failed there, too
 *	sent -> later + queued	it was halved: test_too_large_is_halved and others; the half in front: test_halves_go_first
 *	sent -> failed		test_dead_letter_fails, test_forbidden_items, test_redirect
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <zlib.h>

#include <cmocka.h>

#include "shipper.h"

#define PATH \
	"/_bulk?filter_path=errors,items.*.status,items.*.error," \
	"items.*.failure_store"

/* --- The shipping ----------------------------------------------------------------- */

static void
test_nothing_before_the_start(void **state)
{
	(void)state;
	make("http://a:9200");
	give(2);
	give(1);
	assert_int_equal(world.count, 0);
	shipping_start(bench.shipping);
	assert_int_equal(world.count, 2);
	assert_sent(0, " 0 1");
	assert_sent(1, " 2");
	assert_int_equal(shipping_counts(bench.shipping).in_flight, 3);
	assert_string_equal(shipping_trouble(bench.shipping), "");
	shipping_free(NULL);
}

static void
test_four_at_a_time(void **state)
{
	(void)state;
	begin();
	for (size_t i = 0; i < 7; i++)
		give(i + 1);
	assert_int_equal(open_requests(), 4);
	assert_int_equal(shipping_counts(bench.shipping).in_flight, 10);
	/* In their order, whatever the order of replies. */
	reply(2, "iii");
	assert_sent(4, " 10 11 12 13 14");
	reply(0, "i");
	assert_sent(5, " 15 16 17 18 19 20");
	assert_int_equal(open_requests(), 4);
	reply(5, "iiiiii");
	assert_sent(6, " 21 22 23 24 25 26 27");
	reply(6, "iiiiiii");
	reply(1, "ii");
	reply(3, "iiii");
	assert_int_equal(open_requests(), 1);
	reply(4, "iiiii");
	assert_all_settled();
	assert_counts(28, 0, 0, 0);
	assert_int_equal(bench.replies, 7);
	assert_int_equal(retries(), 0);
}

/* One that waits for another try keeps its slot: documents do not pile up behind a server that takes none. */
static void
test_those_that_wait_have_slots(void **state)
{
	(void)state;
	begin();
	for (size_t i = 0; i < 5; i++)
		give(1);
	reply(0, "b");
	assert_int_equal(world.count, 4);
	reply(1, "i");
	assert_int_equal(world.count, 5);
	assert_sent(4, " 4");
	pass(1000);
	assert_sent(5, " 0");
}

/* In turn over the nodes; one that fails is not asked again. */
static void
test_several_nodes(void **state)
{
	(void)state;
	make("http://a:9200,http://b:9200");
	shipping_start(bench.shipping);
	for (size_t i = 0; i < 4; i++)
		give(1);
	assert_string_equal(request_at(0)->url, "http://a:9200" PATH);
	assert_string_equal(request_at(1)->url, "http://b:9200" PATH);
	assert_string_equal(request_at(2)->url, "http://a:9200" PATH);
	break_off(1, HTTP_UNREACHED, "refused");
	/* It got nowhere, so it is not sent again: it is sent. */
	assert_sent(4, " 1");
	assert_string_equal(request_at(4)->url, "http://a:9200" PATH);
	assert_int_equal(retries(), 0);
	for (size_t n = 0; n < 5; n++)
		if (n != 1 && n != 3)
			reply(n, "i");
	/* In the middle of an answer: later, to the other. */
	break_off(3, HTTP_LOST, "reset");
	assert_int_equal(retries(), 1);
	pass(1000);
	assert_string_equal(request_at(5)->url, "http://b:9200/");
	assert_string_equal(request_at(6)->url, "http://a:9200" PATH);
	assert_sent(6, " 3");
	/* Now all are down: it waits, and counts as sent. */
	break_off(6, HTTP_UNREACHED, "refused");
	break_off(5, HTTP_UNREACHED, "refused");
	assert_int_equal(open_requests(), 0);
	assert_int_equal(shipping_counts(bench.shipping).in_flight, 1);
	pass(1000);
	assert_string_equal(request_at(7)->url, "http://a:9200/");
	answer(7, 200, "");
	assert_sent(8, " 3");
	reply(8, "i");
	assert_counts(4, 0, 0, 0);
	assert_int_equal(retries(), 1);
}

/* --- What is sent -------------------------------------------------------------------- */

static void
test_request(void **state)
{
	const struct scripted_request *request;

	(void)state;
	bench.config.pipeline = "mine";
	begin();
	give(1);
	request = request_at(0);
	assert_string_equal(request->method, "POST");
	assert_string_equal(
	    request->url, "http://a:9200" PATH "&pipeline=mine");
	assert_string_equal(request->content_type, "application/x-ndjson");
	assert_false(request->is_gzip);
	assert_int_equal(request->reply_max, 64 << 20);
	assert_string_equal(request->body,
	    "{\"create\":{\"_index\":\"" INDEX
	    "\",\"_id\":\"id0\"}}\n{\"n\":0}\n");
}

/* As one gzip member, made anew for what is left. */
static void
test_compressed(void **state)
{
	static const char *const texts[] = {
		"{\"create\":{\"_index\":\"" INDEX
		"\",\"_id\":\"id0\"}}\n"
		"{\"n\":0}\n"
		"{\"create\":{\"_index\":\"" INDEX
		"\",\"_id\":\"id1\"}}\n"
		"{\"n\":1}\n",
		"{\"create\":{\"_index\":\"" INDEX
		"\",\"_id\":\"id1\"}}\n"
		"{\"n\":1}\n"
	};

	(void)state;
	bench.config.compress = true;
	begin();
	give(2);
	for (size_t n = 0; n < 2; n++) {
		const struct scripted_request *request = request_at(n);
		char text[400];
		z_stream zip = { .next_in = (Bytef *)request->body,
			.avail_in = (uInt)request->len,
			.next_out = (Bytef *)text,
			.avail_out = sizeof(text) - 1 };

		assert_true(request->is_gzip);
		assert_int_equal(inflateInit2(&zip, 16 + MAX_WBITS), Z_OK);
		assert_int_equal(inflate(&zip, Z_FINISH), Z_STREAM_END);
		assert_int_equal(zip.avail_in, 0);
		text[zip.total_out] = '\0';
		assert_string_equal(text, texts[n]);
		assert_int_equal(inflateEnd(&zip), Z_OK);
		reply(n, n == 0 ? "ib" : "i");
		pass(1000);
	}
	assert_all_settled();
}

/* --- Stop and the end -------------------------------------------------------------------- */

/* Gives one that is in this state: queued (with four others sent), sent, later. */
enum station { QUEUED,
	SENT,
	LATER,
	PLACES };

static void
bring(enum station place)
{
	begin();
	switch (place) {
	case QUEUED:
		for (size_t i = 0; i < 5; i++)
			give(1);
		assert_int_equal(open_requests(), 4);
		break;
	case SENT:
		give(1);
		assert_int_equal(open_requests(), 1);
		break;
	case LATER:
		give(1);
		reply(0, "b");
		assert_int_equal(next_timer(), 1000);
		break;
	case PLACES:
		break;
	}
}

static void
test_stop_while_sent(void **state)
{
	(void)state;
	bring(SENT);
	shipping_stop(bench.shipping);
	/* What it answers is not taken: unsent. */
	reply(0, "i");
	assert_counts(0, 0, 0, 0);
	assert_int_equal(bench.replies, 0);
	assert_int_equal(shipping_counts(bench.shipping).in_flight, 0);
	assert_int_equal(next_timer(), NO_TIMER);
	anew(state);
	bring(SENT);
	shipping_stop(bench.shipping);
	break_off(0, HTTP_LOST, "reset");
	assert_int_equal(retries(), 0);
	assert_string_equal(shipping_trouble(bench.shipping), "");
}

static void
test_stop_while_later(void **state)
{
	(void)state;
	bring(LATER);
	shipping_stop(bench.shipping);
	pass(60000);
	assert_int_equal(world.count, 1);
	assert_counts(0, 0, 0, 0);
}

static void
test_stop_while_queued(void **state)
{
	(void)state;
	bring(QUEUED);
	shipping_stop(bench.shipping);
	reply(0, "i");
	give(1);
	assert_int_equal(world.count, 4);
	assert_counts(0, 0, 0, 0);
}

/* A start after it does not wake it. */
static void
test_stop_before_the_start(void **state)
{
	(void)state;
	make("http://a:9200");
	give(1);
	shipping_stop(bench.shipping);
	shipping_start(bench.shipping);
	assert_int_equal(world.count, 0);
}

/* Nothing leaks, and nothing is called. */
static void
test_free_in_each_state(void **state)
{
	for (unsigned place = 0; place < PLACES; place++) {
		anew(state);
		bring((enum station)place);
		cluster_free(bench.cluster);
		bench.cluster = NULL;
		shipping_free(bench.shipping);
		bench.shipping = NULL;
		assert_int_equal(bench.resolved, 0);
		assert_int_equal(bench.failures, 0);
	}
	anew(state);
	make("http://a:9200");
	give(1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_nothing_before_the_start),
		TEST(test_four_at_a_time),
		TEST(test_those_that_wait_have_slots),
		TEST(test_several_nodes),
		TEST(test_request),
		TEST(test_compressed),
		TEST(test_stop_while_sent),
		TEST(test_stop_while_later),
		TEST(test_stop_while_queued),
		TEST(test_stop_before_the_start),
		TEST(test_free_in_each_state),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
