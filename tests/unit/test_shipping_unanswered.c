/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Tests of sink/shipping.c: requests of which nobody knows what became, and documents that are at fault for it. A batch
 * without a reply, or without one that can be read,
 *	is sent again twice			test_no_answer_is_halved, test_no_answer_in_a_row, test_damaged_*
 *	is halved the third time		test_no_answer_is_halved
 *	if it is one document, is accused	test_accused_*
 * One that is refused by a status that is about its body is halved at once: test_poison_is_found. A document that is
 * accused
 *	is rejected				others were answered since, and not for another that was: test_accused_and_rejected,
 *						test_accused_one_by_one
 *	is sent again				else: test_accused_without_others, test_accused_halves
 *	is suspected no more			it was answered: test_suspected_anew
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "shipper.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static uint64_t
maybe_duplicate(void)
{
	return shipping_counts(bench.shipping).maybe_duplicate;
}

/* --- No answer -------------------------------------------------------------------------------- */

/* Each fault that the cluster hands on takes the node down, so it waits for that, too. */
static void
test_no_answer_is_halved(void **state)
{
	static const enum http_fault faults[] = { HTTP_LOST, HTTP_NOT_HTTP,
		HTTP_REPLY_TOO_LARGE };

	for (size_t i = 0; i < COUNT(faults); i++) {
		anew(state);
		begin();
		give(3);
		break_off(0, faults[i], "why");
		/* The cluster has said it. */
		assert_heard("note: http://a:9200: why; trying again\n");
		assert_string_equal(shipping_trouble(bench.shipping),
		    "http://a:9200: why");
		break_off(sent_when_back(1000), faults[i], "why");
		assert_sent(2, " 0 1 2");
		break_off(sent_when_back(2000), faults[i], "why");
		assert_sent(4, " 0 1 2");
		assert_int_equal(maybe_duplicate(), 0);
		assert_sent(sent_when_back(1000), " 0");
		reply(6, "d");
		assert_sent(7, " 1 2");
		reply(7, "dd");
		assert_counts(0, 3, 0, 0);
		assert_all_settled();
		assert_int_equal(retries(), 3);
	}
}

/* Without ids each that is sent again may be there twice. */
static void
test_no_answer_without_ids(void **state)
{
	(void)state;
	bench.config.auto_id = true;
	begin();
	give(3);
	break_off(0, HTTP_LOST, "why");
	assert_int_equal(maybe_duplicate(), 3);
	reply(sent_when_back(1000), "ibi");
	answer(sent_after(1000), 200, "a page");
	assert_int_equal(maybe_duplicate(), 4);
	/* It said no: it did nothing. */
	answer(sent_after(1000), 429, "");
	assert_int_equal(maybe_duplicate(), 4);
	reply(sent_after(2000), "i");
	assert_counts(3, 0, 0, 0);
}

/* Three without an answer: what was answered between begins the count anew, what was refused does not. */
static void
test_no_answer_in_a_row(void **state)
{
	(void)state;
	begin();
	give(2);
	answer(0, 200, "");
	answer(sent_after(1000), 200, "");
	reply(sent_after(2000), "bb");
	answer(sent_after(1000), 200, "");
	answer(sent_after(1000), 429, "");
	answer(sent_after(2000), 200, "");
	assert_sent(sent_after(2000), " 0 1");
	answer(world.count - 1, 200, "");
	assert_sent(sent_after(0), " 0");
}

/* A reply that tells of more or fewer documents tells of none. */
static void
test_damaged_count(void **state)
{
	(void)state;
	begin();
	give(2);
	reply(0, "i");
	assert_counts(0, 0, 0, 0);
	assert_heard(
	    "note: http://a:9200: the reply is about 1 documents, "
	    "but 2 were sent; trying again\n");
	reply(sent_after(1000), "iii");
	assert_counts(0, 0, 0, 0);
	reply(sent_after(2000), "");
	assert_string_equal(shipping_trouble(bench.shipping),
	    "http://a:9200: "
	    "the reply is about 0 documents, but 2 were sent");
	/* Halved. */
	assert_sent(sent_after(0), " 0");
	reply(3, "i");
	reply(4, "i");
	assert_all_settled();
}

static void
test_damaged_text(void **state)
{
	char page[400], heard[400];

	(void)state;
	begin();
	give(1);
	memset(page, 'x', sizeof(page) - 1);
	page[sizeof(page) - 1] = '\0';
	answer(0, 200, page);
	/* The node is well, and the beginning is shown. */
	page[200] = '\0';
	(void)snprintf(heard, sizeof(heard),
	    "note: http://a:9200: the reply "
	    "cannot be read: %s; trying again\n",
	    page);
	assert_heard(heard);
	answer(sent_after(1000), 200, "<html>");
	assert_string_equal(shipping_trouble(bench.shipping),
	    "http://a:9200: "
	    "the reply cannot be read: <html>");
	reply(sent_after(2000), "i");
	assert_all_settled();
}

/* --- Accused ------------------------------------------------------------------------------------ */

/* One that alone is never answered, while others are. */
static void
test_accused_and_rejected(void **state)
{
	(void)state;
	begin();
	give(1);
	answer(0, 200, "");
	answer(sent_after(1000), 200, "no");
	give(1);
	reply(2, "i");
	answer(sent_after(2000), 200, "again");
	assert_counts(1, 0, 0, 1);
	assert_dead(
	    "\"id\":\"id0\",\"status\":0,\"type\":\"no_answer\","
	    "\"reason\":\"http://a:9200: the reply cannot be read: again\","
	    "\"document\":{\"n\":0}}");
	assert_said(
	    "error: documents were rejected: they are in dead with "
	    "the reasons; the first reason: http://a:9200: the reply cannot "
	    "be read: again");
	assert_all_settled();
}

/* The server answers nobody: it is not the document. What was answered before does not count. */
static void
test_accused_without_others(void **state)
{
	(void)state;
	begin();
	give(1);
	reply(0, "i");
	give(1);
	answer(1, 200, "");
	answer(sent_after(1000), 200, "");
	answer(sent_after(2000), 200, "");
	/* A request that was refused as a whole is no answer either. */
	give(1);
	answer(4, 413, "");
	assert_counts(1, 0, 0, 1);
	assert_int_equal(bench.acks[2].rejected, 1);
	answer(sent_after(1000), 200, "");
	answer(sent_after(2000), 200, "");
	assert_counts(1, 0, 0, 1);
	assert_sent(sent_after(4000), " 1");
	give(1);
	reply(world.count - 1, "b");
	answer(world.count - 2, 200, "");
	assert_counts(1, 0, 0, 2);
	assert_int_equal(bench.acks[1].rejected, 1);
}

/* Of several that are accused each needs another answer: else one would do for all. */
static void
test_accused_one_by_one(void **state)
{
	(void)state;
	begin();
	for (size_t i = 0; i < 3; i++)
		give(1);
	answer(0, 400, ERROR("odd", "why"));
	answer(1, 400, ERROR("odd", "why"));
	assert_heard("note: why; trying again\n");
	reply(2, "i");
	pass(1000);
	answer(3, 400, ERROR("odd", "why"));
	assert_counts(1, 0, 0, 1);
	assert_dead(
	    "\"id\":\"id0\",\"status\":400,\"type\":\"odd\","
	    "\"reason\":\"why\",\"document\":{\"n\":0}}");
	answer(4, 400, ERROR("odd", "why"));
	assert_counts(1, 0, 0, 1);
	give(1);
	reply(5, "i");
	answer(sent_after(2000), 400, ERROR("odd", "why"));
	assert_counts(2, 0, 0, 2);
	assert_all_settled();
}

/* It is halved until the one is found; its halves know that others were answered. */
static void
test_poison_is_found(void **state)
{
	static const long statuses[] = { 400, 409, 422 };

	for (size_t i = 0; i < COUNT(statuses); i++) {
		anew(state);
		begin();
		give(4);
		answer(0, statuses[i], ERROR("odd", "why"));
		assert_sent(sent_after(0), " 0 1");
		reply(1, "ii");
		assert_sent(2, " 2 3");
		answer(2, statuses[i], ERROR("odd", "why"));
		assert_sent(sent_after(0), " 2");
		answer(3, statuses[i], ERROR("odd", "why"));
		assert_counts(2, 0, 0, 1);
		assert_int_equal(bench.acks[2].rejected, 1);
		assert_sent(4, " 3");
		reply(4, "i");
		assert_counts(3, 0, 0, 1);
		assert_all_settled();
		assert_int_equal(retries(), 2);
	}
}

/* The only other documents are in the other half: it is sent while the accused one waits. */
static void
test_first_of_two_is_poison(void **state)
{
	(void)state;
	begin();
	give(2);
	answer(0, 400, ERROR("odd", "why"));
	assert_sent(sent_after(0), " 0");
	answer(1, 400, ERROR("odd", "why"));
	assert_sent(2, " 1");
	reply(2, "i");
	assert_counts(1, 0, 0, 0);
	assert_sent(sent_after(1000), " 0");
	answer(3, 400, ERROR("odd", "why"));
	assert_counts(1, 0, 0, 1);
	assert_int_equal(bench.acks[0].rejected, 1);
	assert_all_settled();
}

/* What was answered before the batch was halved counts for neither half. */
static void
test_accused_halves(void **state)
{
	(void)state;
	begin();
	give(1);
	reply(0, "i");
	give(2);
	answer(1, 400, ERROR("odd", "why"));
	/* There is room for the other half when something new comes. */
	give(1);
	assert_sent(2, " 2");
	answer(2, 400, ERROR("odd", "why"));
	assert_counts(1, 0, 0, 0);
	assert_sent(3, " 3");
	assert_sent(sent_after(0), " 1");
	answer(4, 400, ERROR("odd", "why"));
	assert_counts(1, 0, 0, 0);
	reply(3, "i");
	pass(1000);
	assert_sent(5, " 2");
	answer(5, 400, ERROR("odd", "why"));
	assert_counts(2, 0, 0, 1);
}

/* One that was suspected, then answered, and then is not: others must be answered since. */
static void
test_suspected_anew(void **state)
{
	(void)state;
	begin();
	give(1);
	answer(0, 400, ERROR("odd", "why"));
	give(1);
	reply(1, "i");
	reply(sent_after(1000), "b");
	answer(sent_after(2000), 400, ERROR("odd", "why"));
	assert_counts(1, 0, 0, 0);
	give(1);
	reply(world.count - 1, "i");
	answer(sent_after(4000), 400, ERROR("odd", "why"));
	assert_counts(2, 0, 0, 1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_no_answer_is_halved),
		TEST(test_no_answer_without_ids),
		TEST(test_no_answer_in_a_row),
		TEST(test_damaged_count),
		TEST(test_damaged_text),
		TEST(test_accused_and_rejected),
		TEST(test_accused_without_others),
		TEST(test_accused_one_by_one),
		TEST(test_poison_is_found),
		TEST(test_first_of_two_is_poison),
		TEST(test_accused_halves),
		TEST(test_suspected_anew),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
