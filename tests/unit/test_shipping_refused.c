/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Tests of sink/shipping.c: whole requests that are refused; what is not answered at all, and requests that are refused
 * for their body, are in test_shipping_unanswered.c. A request that is answered with
 *	408, 5xx, no status of bulk requests	blames the node, and is sent again: test_node_is_not_well, test_other_node
 *	429, a blocked cluster			is sent again: test_busy, test_blocked
 *	404, 405 and the like			is sent again slowly: test_configuration; a redirect is the end: test_redirect
 *	413					is halved: test_too_large_is_halved, test_halves_go_first; one document is rejected: test_too_large_alone
 *	401, 403				is sent again, or the end: test_forbidden*
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "shipper.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* --- The node ------------------------------------------------------------------------ */

static void
test_node_is_not_well(void **state)
{
	static const long statuses[] = { 100, 204, 408, 500, 502, 503, 504 };
	char heard[200];

	for (size_t i = 0; i < COUNT(statuses); i++) {
		anew(state);
		begin();
		give(1);
		answer(0, statuses[i], ERROR("odd", "why"));
		(void)snprintf(heard, sizeof(heard),
		    "note: http://a:9200: "
		    "HTTP status %ld odd: why; trying again\n",
		    statuses[i]);
		assert_heard(heard);
		heard[strlen(heard) - strlen("; trying again\n")] = '\0';
		assert_string_equal(shipping_trouble(bench.shipping),
		    heard + strlen("note: "));
		/* It is to be sent again, but to nobody yet. */
		pass(1000);
		assert_int_equal(world.count, 2);
		assert_int_equal(shipping_counts(bench.shipping).in_flight, 1);
		answer(1, 200, "");
		assert_heard("note: http://a:9200 answers again\n");
		answer(2, statuses[i], "a page");
		assert_heard("");
		/* The node is back before the longer wait is over. */
		answer(sent_after(1000), 200, "");
		reply(sent_after(1000), "i");
		assert_int_equal(retries(), 2);
		assert_counts(1, 0, 0, 0);
		assert_all_settled();
	}
}

static void
test_other_node(void **state)
{
	(void)state;
	make("http://a:9200,http://b:9200");
	shipping_start(bench.shipping);
	give(1);
	answer(0, 503, "");
	/* Not at once: it may be all of the cluster. */
	pass(999);
	assert_int_equal(world.count, 1);
	pass(1);
	assert_string_equal(request_at(1)->url, "http://a:9200/");
	assert_int_equal(
	    strncmp(request_at(2)->url, "http://b:9200/_bulk",
		19),
	    0);
	reply(2, "i");
	assert_counts(1, 0, 0, 0);
}

/* A node that did what it should is not one that failed before. */
static void
test_good_answer_praises(void **state)
{
	(void)state;
	begin();
	give(1);
	give(1);
	answer(0, 503, "");
	/* The first failure is forgotten, so that the next wait is the first again. */
	reply(1, "i");
	pass(1000);
	answer(2, 503, "");
	assert_int_equal(next_timer(), 1000);
}

/* --- The cluster --------------------------------------------------------------------- */

static void
test_busy(void **state)
{
	(void)state;
	begin();
	give(1);
	answer(0, 429, ERROR("es_rejected_execution_exception", "full"));
	assert_heard(
	    "note: http://a:9200: HTTP status 429 "
	    "es_rejected_execution_exception: full; trying again\n");
	answer(sent_after(1000), 429, "Too Many\nRequests");
	assert_string_equal(shipping_trouble(bench.shipping),
	    "http://a:9200: HTTP status 429: Too Many Requests");
	answer(sent_after(2000), 425, "");
	reply(sent_after(4000), "i");
	assert_int_equal(retries(), 3);
	assert_all_settled();
}

/* Whatever the status: neither the node nor the credentials are at fault. */
static void
test_blocked(void **state)
{
	static const long statuses[] = { 403, 429, 503, 403, 403, 403 };

	(void)state;
	begin();
	give(1);
	for (size_t i = 0; i < COUNT(statuses); i++) {
		answer(world.count - 1, statuses[i],
		    ERROR("cluster_block_exception", "no disk"));
		assert_int_equal(bench.failures, 0);
		(void)sent_after((uint64_t)1000 << i);
	}
	reply(world.count - 1, "i");
	assert_all_settled();
}

static void
test_configuration(void **state)
{
	static const long statuses[] = { 402, 404, 405, 406, 431 };

	for (size_t i = 0; i < COUNT(statuses); i++) {
		anew(state);
		begin();
		give(1);
		answer(0, statuses[i], "");
		assert_said("trying again");
		answer(sent_after(4000), statuses[i], "");
		answer(sent_after(8000), 429, "");
		answer(sent_after(16000), statuses[i], "");
		reply(sent_after(32000), "i");
		assert_all_settled();
	}
}

static void
test_redirect(void **state)
{
	struct http_reply there = { .fault = HTTP_ANSWERED,
		.status = 301,
		.body = "",
		.location = "https://b/" };

	(void)state;
	begin();
	give(1);
	end_request(0, &there);
	assert_failed(OUTCOME_OUTPUT,
	    "http://a:9200 redirects to https://b/, "
	    "which is not followed: give that address to --node");
	anew(state);
	begin();
	give(1);
	answer(0, 399, "");
	assert_failed(OUTCOME_OUTPUT, "http://a:9200 redirects to nowhere, ");
}

/* --- 413 --------------------------------------------------------------------------------- */

static void
test_too_large_is_halved(void **state)
{
	(void)state;
	begin();
	give(5);
	answer(0, 413, "");
	assert_sent(sent_after(0), " 0 1");
	reply(1, "ii");
	assert_sent(2, " 2 3 4");
	answer(2, 413, "");
	assert_sent(sent_after(0), " 2");
	reply(3, "i");
	assert_sent(4, " 3 4");
	reply(4, "id");
	assert_int_equal(retries(), 2);
	assert_counts(4, 1, 0, 0);
	assert_all_settled();
	/* It is nobody's trouble. */
	assert_heard("");
}

static void
test_too_large_alone(void **state)
{
	(void)state;
	begin();
	give(2);
	answer(0, 413, "");
	answer(sent_after(0), 413, "");
	assert_counts(0, 0, 0, 1);
	assert_dead(
	    "\"id\":\"id0\",\"status\":413,\"type\":"
	    "\"request_too_large\",\"reason\":\"the document is larger than "
	    "the server takes: --max-doc cuts it\",\"document\":{\"n\":0}}");
	assert_sent(2, " 1");
	reply(2, "i");
	assert_counts(1, 0, 0, 1);
	assert_all_settled();
}

/* Before what was queued already: it is older. */
static void
test_halves_go_first(void **state)
{
	(void)state;
	begin();
	give(2);
	for (size_t i = 0; i < 4; i++)
		give(1);
	answer(0, 413, "");
	reply(3, "i");
	assert_sent(4, " 1");
	reply(4, "i");
	assert_sent(5, " 5");
	assert_sent(sent_after(0), " 0");
}

/* A half begins anew. */
static void
test_halves_wait_anew(void **state)
{
	(void)state;
	begin();
	give(2);
	answer(0, 429, "");
	answer(sent_after(1000), 429, "");
	break_off(sent_after(2000), HTTP_LOST, "reset");
	answer(sent_when_back(1000), 413, "");
	answer(sent_after(0), 429, "");
	break_off(sent_after(1000), HTTP_LOST, "reset");
	break_off(sent_when_back(1000), HTTP_LOST, "reset");
	/* Twice only: it waits for the third. */
	pass(2000);
	assert_counts(0, 0, 0, 0);
	assert_int_equal(bench.failures, 0);
}

static void
test_dead_letter_fails(void **state)
{
	(void)state;
	begin();
	give(1);
	fill_disk(true);
	answer(0, 413, "");
	fill_disk(false);
	assert_counts(0, 0, 0, 0);
	assert_failed(OUTCOME_OUTPUT, "the dead letter file dead");
}

/* --- Credentials --------------------------------------------------------------------------- */

static void
test_forbidden(void **state)
{
	static const long statuses[] = { 401, 403 };
	char part[200];

	for (size_t i = 0; i < 2; i++) {
		anew(state);
		begin();
		give(1);
		answer(0, statuses[i], ERROR("security_exception", "no"));
		(void)snprintf(part, sizeof(part),
		    "note: http://a:9200: HTTP "
		    "status %ld security_exception: no; put in a valid key; "
		    "trying again\n",
		    statuses[i]);
		assert_heard(part);
		answer(sent_after(2000), statuses[i], "");
		assert_int_equal(bench.failures, 0);
		(void)snprintf(part, sizeof(part),
		    "http://a:9200: HTTP "
		    "status %ld: ",
		    statuses[i]);
		assert_string_equal(shipping_trouble(bench.shipping), part);
		answer(sent_after(4000), statuses[i], "");
		(void)snprintf(part, sizeof(part),
		    "http://a:9200: HTTP "
		    "status %ld: : see --user, --password-file and "
		    "--api-key-file",
		    statuses[i]);
		assert_failed(OUTCOME_OUTPUT, part);
	}
}

/* Each batch for itself: the first that gets the third refusal. */
static void
test_forbidden_counts_by_batch(void **state)
{
	(void)state;
	begin();
	give(1);
	give(1);
	answer(0, 401, "");
	answer(1, 401, "");
	pass(2000);
	answer(2, 401, "");
	answer(3, 401, "");
	assert_int_equal(bench.failures, 0);
	pass(4000);
	answer(5, 401, "");
	assert_int_equal(bench.failures, 1);
	/* What comes after the end is not heard. */
	answer(4, 401, "");
	assert_failed(OUTCOME_OUTPUT, "401");
}

static void
test_forbidden_with_new_credentials(void **state)
{
	(void)state;
	begin();
	cluster_authorize(bench.cluster, "ApiKey old");
	give(1);
	answer(0, 401, "");
	assert_string_equal(request_at(sent_after(2000))->authorization,
	    "ApiKey old");
	answer(1, 401, "");
	cluster_authorize(bench.cluster, "ApiKey new");
	assert_string_equal(request_at(sent_after(4000))->authorization,
	    "ApiKey new");
	reply(2, "i");
	assert_all_settled();
}

/* Credentials that did something once may be changed in any time. */
static void
test_forbidden_after_others(void **state)
{
	static const uint64_t waits[] = { 2000, 4000, 8000, 16000, 32000,
		60000, 60000 };

	(void)state;
	begin();
	give(1);
	reply(0, "i");
	give(1);
	for (size_t i = 0; i < COUNT(waits); i++) {
		answer(world.count - 1, 401, "");
		(void)sent_after(waits[i]);
	}
	reply(world.count - 1, "i");
	assert_all_settled();
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_node_is_not_well),
		TEST(test_other_node),
		TEST(test_good_answer_praises),
		TEST(test_busy),
		TEST(test_blocked),
		TEST(test_configuration),
		TEST(test_redirect),
		TEST(test_too_large_is_halved),
		TEST(test_too_large_alone),
		TEST(test_halves_go_first),
		TEST(test_halves_wait_anew),
		TEST(test_dead_letter_fails),
		TEST(test_forbidden),
		TEST(test_forbidden_counts_by_batch),
		TEST(test_forbidden_with_new_credentials),
		TEST(test_forbidden_after_others),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
