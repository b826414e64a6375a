/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Tests of sink/shipping.c: what becomes of each item of a reply that can be read. An item is
 *	indexed, duplicate, discarded, rejected		it leaves the batch: test_items_settled
 *	busy, blocked, stumbled over, no answer		sent again: test_part_is_sent_again, test_each_item_that_is_tried_again
 *	stumbled over again and again			rejected, if others are taken: test_stumbles_*
 *	a matter of the cluster				sent again slowly: test_each_item_that_is_tried_again
 *	forbidden					sent again, or the end: test_forbidden_items*
 *	no fit for its mapping				rejected without a guard: test_misfit_without_guard; else test_shipping_held.c
 * and what is rejected must get into the dead letter file: test_dead_letter_fails.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "shipper.h"

/* --- Items --------------------------------------------------------------------------- */

/* Each of those that end a document, in one reply. */
static void
test_items_settled(void **state)
{
	const char *dead;

	(void)state;
	begin();
	give(8);
	reply(0, "idorpFUV");
	assert_counts(1, 1, 1, 5);
	assert_all_settled();
	assert_int_equal(retries(), 0);
	for (size_t i = 0; i < 8; i++)
		assert_int_equal(bench.acks[i].rejected, i >= 3);
	dead = "{\"index\":\"" INDEX
	       "\",\"id\":\"id3\",\"status\":400,"
	       "\"type\":\"script_exception\",\"reason\":\"runtime error\","
	       "\"document\":{\"n\":3}}\n"
	       "{\"index\":\"" INDEX
	       "\",\"id\":\"id4\",\"status\":500,"
	       "\"type\":\"fail_processor_exception\",\"reason\":\"unwanted\","
	       "\"document\":{\"n\":4}}\n"
	       "{\"index\":\"" INDEX
	       "\",\"id\":\"id5\",\"status\":400,"
	       "\"type\":\"script_exception\",\"reason\":\"bad\","
	       "\"document\":{\"n\":5}}\n"
	       "{\"index\":\"" INDEX
	       "\",\"id\":\"id6\",\"status\":201,"
	       "\"type\":\"failure_store\",\"reason\":\"the server put it into "
	       "the failure store of the data stream\",\"document\":{\"n\":6}}\n"
	       "{\"index\":\"" INDEX
	       "\",\"id\":\"id7\",\"status\":200,"
	       "\"type\":\"failure_store\",\"reason\":\"the server put it into "
	       "the failure store of the data stream\",\"document\":{\"n\":7}}\n";
	assert_string_equal(dead_letters(), dead);
	assert_heard(
	    "error: documents were rejected: they are in dead with "
	    "the reasons; the first reason: 400 script_exception: runtime "
	    "error\n");
}

/* Without a guard a document that does not fit is rejected at once. */
static void
test_misfit_without_guard(void **state)
{
	(void)state;
	begin();
	give(1);
	reply(0, "m");
	assert_counts(0, 0, 0, 1);
	assert_all_settled();
	assert_dead(
	    "\"type\":\"document_parsing_exception\",\"reason\":"
	    "\"no date\",\"document\":{\"n\":0}}");
}

/* Without ids of ours a conflict is no duplicate. */
static void
test_conflict_without_id(void **state)
{
	(void)state;
	bench.config.auto_id = true;
	begin();
	give(2);
	assert_string_equal(request_at(0)->body,
	    "{\"create\":{\"_index\":\"" INDEX
	    "\"}}\n{\"n\":0}\n{\"create\":{\"_index\":\"" INDEX
	    "\"}}\n{\"n\":1}\n");
	reply(0, "id");
	assert_counts(1, 0, 0, 1);
	/* Nothing was sent twice. */
	assert_int_equal(shipping_counts(bench.shipping).maybe_duplicate, 0);
}

/* What was taken leaves the batch, and what was not is sent again. */
static void
test_part_is_sent_again(void **state)
{
	(void)state;
	begin();
	give(6);
	reply(0, "ibdkri");
	assert_counts(2, 1, 0, 1);
	assert_int_equal(shipping_counts(bench.shipping).in_flight, 0);
	assert_sent(sent_after(1000), " 1 3");
	assert_int_equal(shipping_counts(bench.shipping).in_flight, 2);
	assert_int_equal(retries(), 1);
	reply(1, "bi");
	assert_counts(3, 1, 0, 1);
	assert_sent(sent_after(1000), " 1");
	reply(2, "d");
	assert_counts(3, 2, 0, 1);
	assert_all_settled();
}

/* The wait doubles until something is resolved. */
static void
test_waits_grow(void **state)
{
	(void)state;
	begin();
	give(3);
	reply(0, "bbb");
	reply(sent_after(1000), "bbb");
	reply(sent_after(2000), "bbb");
	reply(sent_after(4000), "bbb");
	reply(sent_after(8000), "bbi");
	reply(sent_after(1000), "bb");
	reply(sent_after(2000), "ob");
	reply(sent_after(1000), "b");
	reply(sent_after(2000), "r");
	assert_counts(1, 0, 1, 1);
	assert_int_equal(retries(), 8);
	assert_all_settled();
}

/* The server says how long. It is no reason to wait less than otherwise, and holds once. */
static void
test_retry_after(void **state)
{
	struct http_reply busy = { .fault = HTTP_ANSWERED,
		.status = 429,
		.body = "",
		.retry_after = 7 };

	(void)state;
	begin();
	give(1);
	end_request(0, &busy);
	reply(sent_after(7000), "b");
	assert_int_equal(next_timer(), 2000);
	busy.retry_after = 3;
	end_request(sent_after(2000), &busy);
	assert_int_equal(next_timer(), 4000);
}

/* Each that is not resolved, what is said of it, and how long the waits are. */
static void
test_each_item_that_is_tried_again(void **state)
{
	static const struct {
		const char *item;
		uint64_t first, second;
		const char *text;
	} cases[] = {
		{ "b", 1000, 2000,
		    "429 es_rejected_execution_exception: "
		    "queue full" },
		{ "k", 1000, 2000, "403 cluster_block_exception: read-only" },
		{ "e", 1000, 2000, "201 odd: why" },
		{ "s", 1000, 2000, "500 null_pointer_exception: oops" },
		/* Somebody has to do something: slowly. */
		{ "c", 4000, 8000, "400 index_closed_exception: closed" }
	};
	char heard[200];

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		anew(state);
		begin();
		give(1);
		reply(0, cases[i].item);
		(void)snprintf(heard, sizeof(heard),
		    "note: index " INDEX ": %s; trying again\n", cases[i].text);
		assert_heard(heard);
		heard[strlen(heard) - strlen("; trying again\n")] = '\0';
		assert_string_equal(shipping_trouble(bench.shipping),
		    heard + strlen("note: "));
		reply(sent_after(cases[i].first), cases[i].item);
		reply(sent_after(cases[i].second), "i");
		assert_heard("");
		assert_counts(1, 0, 0, 0);
		assert_all_settled();
	}
}

/* Of the two waits the longer one. */
static void
test_cluster_and_busy_items(void **state)
{
	(void)state;
	begin();
	give(2);
	reply(0, "cb");
	reply(sent_after(4000), "bb");
	reply(sent_after(8000), "bc");
	reply(sent_after(16000), "ib");
	reply(sent_after(1000), "c");
	assert_int_equal(next_timer(), 4000);
}

/* --- Stumbling ----------------------------------------------------------------------- */

/* The server stumbles over one document, and takes others: after six times in a row it is that document. */
static void
test_stumbles_over_one(void **state)
{
	size_t n = 0;

	(void)state;
	begin();
	give(2);
	reply(0, "is");
	for (unsigned i = 1; i < 6; i++) {
		n = sent_after((uint64_t)1000 << (i - 1));
		assert_sent(n, " 1");
		reply(n, "s");
	}
	assert_counts(1, 0, 0, 0);
	/* The one taken with the first time is others enough. */
	reply(sent_after(32000), "s");
	assert_counts(1, 0, 0, 1);
	assert_dead(
	    "\"status\":500,\"type\":\"null_pointer_exception\","
	    "\"reason\":\"oops\",\"document\":{\"n\":1}}");
	assert_all_settled();
}

/* Five times are not enough, though it took another meanwhile. */
static void
test_stumbles_in_a_row(void **state)
{
	(void)state;
	begin();
	give(1);
	reply(0, "s");
	give(1);
	reply(1, "i");
	for (unsigned i = 0; i < 5; i++)
		reply(sent_after((uint64_t)1000 << i), i == 4 ? "b" : "s");
	/* Something else came between: it begins anew. */
	reply(sent_after(32000), "s");
	for (unsigned i = 0; i < 5; i++)
		reply(sent_after(60000), "s");
	assert_counts(1, 0, 0, 0);
	/* What is taken must come after the first time. */
	reply(sent_after(60000), "s");
	assert_counts(1, 0, 0, 0);
	give(1);
	reply(world.count - 1, "d");
	reply(sent_after(60000), "s");
	assert_counts(1, 1, 0, 1);
	assert_all_settled();
}

/* Discarded and rejected ones are no sign that the server takes documents. */
static void
test_stumbles_while_it_takes_none(void **state)
{
	(void)state;
	begin();
	give(1);
	reply(0, "s");
	give(2);
	reply(1, "or");
	for (unsigned i = 0; i < 12; i++) {
		pass(60000);
		reply(world.count - 1, "s");
	}
	assert_counts(0, 0, 1, 1);
	assert_int_equal(bench.acks[0].rejected, 0);
}

/* --- Credentials --------------------------------------------------------------------- */

/* Credentials that never did anything are wrong: after three times it ends. */
static void
test_forbidden_items(void **state)
{
	(void)state;
	begin();
	give(1);
	reply(0, "f");
	assert_heard(
	    "note: index " INDEX
	    ": 403 security_exception: may not; "
	    "put in a valid key; trying again\n");
	/* The remedy is for the log. */
	assert_string_equal(shipping_trouble(bench.shipping),
	    "index " INDEX ": 403 security_exception: may not");
	reply(sent_after(1000), "f");
	assert_int_equal(bench.failures, 0);
	reply(sent_after(2000), "f");
	assert_failed(OUTCOME_OUTPUT,
	    "index " INDEX
	    ": 403 "
	    "security_exception: may not: see --user, --password-file and "
	    "--api-key-file");
	assert_counts(0, 0, 0, 0);
}

/* Those that did may be in the middle of a change. */
static void
test_forbidden_items_after_others(void **state)
{
	static const char *const first[] = { "if", "df" };

	for (size_t i = 0; i < 2; i++) {
		anew(state);
		begin();
		give(2);
		reply(0, first[i]);
		for (unsigned times = 0; times < 20; times++) {
			pass(60000);
			reply(world.count - 1, "f");
		}
		assert_int_equal(bench.failures, 0);
		cluster_authorize(bench.cluster, "ApiKey new");
		pass(60000);
		assert_string_equal(request_at(world.count - 1)->authorization,
		    "ApiKey new");
		reply(world.count - 1, "i");
		assert_all_settled();
	}
}

/* New credentials in time. */
static void
test_forbidden_items_until_allowed(void **state)
{
	(void)state;
	begin();
	give(2);
	reply(0, "ff");
	reply(sent_after(1000), "fo");
	/* What a pipeline drops says nothing of them. */
	cluster_authorize(bench.cluster, "ApiKey new");
	reply(sent_after(1000), "i");
	assert_counts(1, 0, 1, 0);
	assert_all_settled();
}

/* --- The dead letter file ---------------------------------------------------------------- */

/* What cannot be kept is not resolved. What the server took with it is counted, in the sums and for its input. */
static void
test_dead_letter_fails(void **state)
{
	(void)state;
	begin();
	give(3);
	fill_disk(true);
	reply(0, "irb");
	fill_disk(false);
	assert_string_equal(dead_letters(), "");
	assert_int_equal(bench.resolved, 0);
	assert_int_equal(bench.rejects.count, 0);
	assert_int_equal(bench.acks[0].acknowledged, 1);
	for (size_t i = 1; i < 3; i++)
		assert_int_equal(bench.acks[i].acknowledged +
			bench.acks[i].rejected,
		    0);
	assert_int_equal(shipping_counts(bench.shipping).delivered, 1);
	assert_failed(OUTCOME_OUTPUT,
	    "the dead letter file dead: File too "
	    "large");
}

/* A reply that turns out to be damaged rejects nothing, and the other documents that were to be rejected stay so. */
static void
test_damaged_reply_rejects_nothing(void **state)
{
	(void)state;
	begin();
	give(1);
	give(2);
	reply(0, "r");
	answer(1, 200,
	    "{\"items\":[{\"create\":{\"status\":400,\"error\":"
	    "{\"type\":\"script_exception\",\"reason\":\"x\"}}},{\"cre");
	assert_counts(0, 0, 0, 1);
	reply(sent_after(1000), "ir");
	assert_counts(1, 0, 0, 2);
	assert_null(strstr(dead_letters(), "\"n\":1"));
	assert_dead("\"document\":{\"n\":2}}");
	/* Each reply was announced before it was read. */
	assert_int_equal(bench.replies, 3);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_items_settled),
		TEST(test_misfit_without_guard),
		TEST(test_conflict_without_id),
		TEST(test_part_is_sent_again),
		TEST(test_waits_grow),
		TEST(test_retry_after),
		TEST(test_each_item_that_is_tried_again),
		TEST(test_cluster_and_busy_items),
		TEST(test_stumbles_over_one),
		TEST(test_stumbles_in_a_row),
		TEST(test_stumbles_while_it_takes_none),
		TEST(test_forbidden_items),
		TEST(test_forbidden_items_after_others),
		TEST(test_forbidden_items_until_allowed),
		TEST(test_dead_letter_fails),
		TEST(test_damaged_reply_rejects_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
