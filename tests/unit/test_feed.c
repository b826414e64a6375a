/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Tests of dissect/feed.c: what a tshark is given, what is pending, and what is given again.
 *
 * States, and what leads from one to the next (all are reached here and in test_feed_again.c):
 *
 *   state                event                            next state, and what is given
 *   -------------------  -------------------------------  ---------------------------------------------------
 *   reading              a packet                         reading: it is given and pending
 *   reading              a packet of another share        reading: an empty record with the mark, not pending
 *   reading              a record that is not a packet       reading: given as it is
 *   reading              a header that fits               reading: nothing is given, told once
 *   reading              a header that differs            turning: FEED_SESSION
 *   reading              the pipe, or growing file, is dry    reading: FEED_WAIT
 *   reading              --count reached, feed_stop       ended: FEED_END
 *   reading              end of the source                ended: FEED_END
 *   reading              damage, nothing at all           ended: FEED_BAD
 *   turning              feed_next                        turning: FEED_SESSION
 *   turning              feed_turn                        header due, numbers from feed_base
 *   any (file)           feed_again                       reading, from the first byte or the session's header
 *   any (pipe)           feed_again                       giving again: blocks that are no packets, an empty record for
 *                                                         each resolved packet, the pending packets; then reading
 *   any (live)           feed_again(warm)                 warming: the same, but of those resolved the last `warm`
 *   too much retained    feed_again                       not taken up again: false, nothing is pending
 *   too much retained    the last pending is popped       (live) as before
 *   pending packet       feed_resolve                      resolved, once
 *   resolved packet       feed_forget, feed_again          given as an empty record
 *   pending packet feed_skip_poison, feed_again poison: given as an empty record, FEED_DEAD_MAX at most
 *   
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "feeding.h"

/* Files. */

static void
test_all_packets(void **state)
{
	struct test *test = *state;
	const struct pending_packet *first;
	uint64_t before, done, all;
	uint8_t zeros[PACKET_ID_LEN] = { 0 };

	capfile_make(&test->bytes, CAPFILE_ETHERNET, 1, 3);
	start_file(test, NULL, 0);
	assert_string_equal(first_id(test), "");
	assert_false(source_base(test->source)->is_stream);
	assert_null(feed_first(test->feed));
	feed_pop(test->feed);
	assert_false(feed_resolve(test->feed));
	assert_given(test, "H 1 2 3 end");
	assert_given(test, "end");
	assert_int_equal(packets_read(test), 3);
	assert_int_equal(packets_skipped(test), 0);
	assert_int_equal(feed_given(test->feed), 3);
	assert_int_equal(feed_base(test->feed), 0);
	assert_int_equal(strlen(first_id(test)), CAPTURE_ID_LEN - 1);
	assert_string_equal(id_of(test, 3, &before),
	    first_id(test));
	assert_int_equal(before, 0);
	assert_false(source_base(test->source)->is_opaque);
	assert_false(source_base(test->source)->is_empty);
	assert_false(selection_was_applied(feed_selection(test->feed)));
	source_base(test->source)->type->bytes(source_base(test->source), &done, &all);
	assert_int_equal(
	    all, CAPFILE_HEADER + 3 * (CAPFILE_RECORD + CAPFILE_PACKET));
	assert_int_equal(done, all);
	assert_pending(test, 1, 3);
	first = feed_first(test->feed);
	assert_int_equal(first->sec, CAPFILE_SECOND + 1);
	assert_int_equal(first->nsec, 1000);
	assert_int_equal(first->wirelen, CAPFILE_PACKET);
	assert_true(first->has_time && first->selected && !first->dead);
	assert_memory_not_equal(first->id, zeros, sizeof(zeros));
	assert_null(feed_news(test->feed));
}

static void
test_no_ids(void **state)
{
	struct test *test = *state;
	uint8_t zeros[PACKET_ID_LEN] = { 0 };
	const struct feed_config config = { .ids = false };

	capfile_make(&test->bytes, CAPFILE_ETHERNET, 1, 1);
	test->source = source_new(NULL, capfile_fd(&test->bytes));
	test->feed = feed_new(source_base(test->source), &config);
	assert_given(test, "H 1 end");
	assert_memory_equal(feed_first(test->feed)->id, zeros, sizeof(zeros));
}

/* Each packet is counted once, however often it is given. */
static void
test_settle(void **state)
{
	struct test *test = *state;

	capfile_make(&test->bytes, CAPFILE_ETHERNET, 1, 3);
	start_file(test, NULL, 0);
	assert_given(test, "H 1 2 3 end");
	assert_true(feed_resolve(test->feed));
	assert_false(feed_resolve(test->feed));
	assert_int_equal(feed_resolved(test->feed), 1);
	assert_pending(test, 1, 3);
	feed_pop(test->feed);
	assert_pending(test, 2, 2);
	assert_true(feed_again(test->feed, 0));
	assert_pending(test, 0, 0);
	assert_int_equal(feed_given(test->feed), 0);
	assert_given(test, "H 1 2 3 end");
	assert_false(feed_resolve(test->feed));
	feed_pop(test->feed);
	assert_true(feed_resolve(test->feed));
	assert_int_equal(feed_resolved(test->feed), 2);
	assert_int_equal(packets_read(test), 3);
	assert_int_equal(feed_since(test->feed), 3);
}

static void
test_bury(void **state)
{
	struct test *test = *state;
	uint8_t zeros[PACKET_ID_LEN] = { 0 };

	capfile_make(&test->bytes, CAPFILE_ETHERNET, 1, 12);
	start_file(test, NULL, 0);
	assert_false(feed_skip_poison(test->feed));
	(void)take(test, UINT32_MAX);
	test->given[0] = '\0';
	resolve(test, 1);
	assert_true(feed_skip_poison(test->feed));
	/* As long as it is not given again, it is what it was. */
	assert_false(feed_first(test->feed)->dead);
	assert_true(feed_again(test->feed, 0));
	assert_int_equal(take(test, 4), FEED_GAVE);
	assert_given_by(test, "H 1 e2 3");
	resolve(test, 1);
	assert_true(feed_first(test->feed)->dead);
	assert_int_equal(feed_first(test->feed)->ordinal, 2);
	assert_memory_equal(feed_first(test->feed)->id, zeros, sizeof(zeros));
	(void)take(test, UINT32_MAX);
	/* The others that may be, and one more. */
	for (unsigned i = 1; i < FEED_DEAD_MAX; i++) {
		resolve(test, 1);
		assert_true(feed_skip_poison(test->feed));
	}
	resolve(test, 1);
	assert_pending(test, 12, 1);
	assert_false(feed_skip_poison(test->feed));
	test->given[0] = '\0';
	assert_true(feed_again(test->feed, 0));
	assert_given(test, "H 1 e2 e3 e4 e5 e6 e7 e8 e9 e10 e11 12 end");
}

static void
test_forget(void **state)
{
	struct test *test = *state;

	capfile_make(&test->bytes, CAPFILE_ETHERNET, 1, 4);
	start_file(test, NULL, 0);
	assert_given(test, "H 1 2 3 4 end");
	resolve(test, 2);
	feed_forget(test->feed);
	assert_true(feed_again(test->feed, 0));
	assert_given(test, "H e1 e2 3 4 end");
	assert_true(feed_first(test->feed)->dead);
}

/* --bpf chooses, tshark gets all. */
static void
test_filter(void **state)
{
	struct test *test = *state;
	struct filter *filter = filter_new(
	    "udp dst port 1002 or udp dst port "
	    "1003",
	    NULL);

	assert_non_null(filter);
	capfile_make(&test->bytes, CAPFILE_ETHERNET, 1, 4);
	start_file(test, filter, 0);
	assert_given(test, "H 1 2 3 4 end");
	assert_int_equal(packets_read(test), 2);
	assert_int_equal(packets_skipped(test), 2);
	assert_true(selection_was_applied(feed_selection(test->feed)));
	assert_pending(test, 1, 4);
	/* What is not wanted has an outcome, but is not counted. */
	assert_false(feed_resolve(test->feed));
	assert_int_equal(feed_resolved(test->feed), 1);
	feed_pop(test->feed);
	assert_true(feed_resolve(test->feed));
	/* Again they are not counted again. */
	assert_true(feed_again(test->feed, 0));
	assert_given(test, "H 1 2 3 4 end");
	assert_int_equal(packets_read(test), 2);
	assert_int_equal(packets_skipped(test), 2);
	end(test);
	filter_free(filter);
}

static void
test_filter_that_matches_none(void **state)
{
	struct test *test = *state;
	struct filter *filter = filter_new("udp dst port 9", NULL);

	assert_non_null(filter);
	capfile_make(&test->bytes, CAPFILE_ETHERNET, 1, 2);
	start_file(test, filter, 0);
	assert_given(test, "H 1 2 end");
	assert_true(selection_was_applied(feed_selection(test->feed)));
	assert_int_equal(packets_read(test), 0);
	assert_int_equal(packets_skipped(test), 2);
	end(test);
	filter_free(filter);
}

static void
test_filter_without_meaning(void **state)
{
	struct test *test = *state;
	struct filter *filter = filter_new("udp", NULL);

	assert_non_null(filter);
	capfile_make(&test->bytes, CAPFILE_USB, 1, 2);
	start_file(test, filter, 0);
	assert_int_equal(take(test, 2), FEED_GAVE);
	assert_non_null(feed_news(test->feed));
	assert_null(feed_news(test->feed));
	assert_int_equal(take(test, 2), FEED_END);
	assert_given_by(test, "H 1 2 end");
	assert_null(feed_news(test->feed));
	assert_false(selection_was_applied(feed_selection(test->feed)));
	assert_int_equal(selection_inapplicable(feed_selection(test->feed))->count, 1);
	assert_int_equal(selection_inapplicable(feed_selection(test->feed))->at[0].first, 1);
	assert_int_equal(selection_inapplicable(feed_selection(test->feed))->at[0].last, 2);
	assert_int_equal(packets_skipped(test), 2);
	end(test);
	filter_free(filter);
}

static void
test_count(void **state)
{
	struct test *test = *state;
	struct filter *filter = filter_new(
	    "udp dst port 1002 or udp dst port "
	    "1004",
	    NULL);

	assert_non_null(filter);
	capfile_make(&test->bytes, CAPFILE_ETHERNET, 1, 6);
	start_file(test, filter, 2);
	assert_given(test, "H 1 2 3 4 end");
	assert_given(test, "end");
	assert_int_equal(packets_read(test), 2);
	assert_true(feed_again(test->feed, 0));
	assert_given(test, "H 1 2 3 4 end");
	end(test);
	filter_free(filter);
}

/* What was read is given again, and nothing more. */
static void
test_stop(void **state)
{
	struct test *test = *state;

	capfile_make(&test->bytes, CAPFILE_ETHERNET, 1, 6);
	start_file(test, NULL, 0);
	assert_int_equal(take(test, 4), FEED_GAVE);
	feed_stop(test->feed, 0);
	assert_given(test, "H 1 2 3 end");
	assert_true(feed_again(test->feed, 0));
	assert_given(test, "H 1 2 3 end");
	assert_int_equal(packets_read(test), 3);
}

/* With a place to stop at, what was read before does not matter. */
static void
test_stop_at(void **state)
{
	struct test *test = *state;

	capfile_make(&test->bytes, CAPFILE_ETHERNET, 1, 5);
	start_file(test, NULL, 0);
	assert_given(test, "H 1 2 3 4 5 end");
	assert_true(feed_again(test->feed, 0));
	feed_stop(test->feed, 2);
	assert_given(test, "H 1 2 end");
	assert_int_equal(packets_read(test), 5);
}

static void
test_stop_before_all(void **state)
{
	struct test *test = *state;

	capfile_make(&test->bytes, CAPFILE_ETHERNET, 1, 2);
	start_file(test, NULL, 0);
	feed_stop(test->feed, 0);
	assert_given(test, "end");
	assert_int_equal(packets_read(test), 0);
}

static void
test_bad(void **state)
{
	struct test *test = *state;

	start_file(test, NULL, 0);
	assert_given(test, "bad");
	assert_int_equal(test->error.outcome, OUTCOME_INPUT);
	assert_true(source_base(test->source)->is_empty);
	end(test);
	capfile_make(&test->bytes, CAPFILE_ETHERNET, 1, 2);
	test->bytes.len -= 7;
	start_file(test, NULL, 0);
	assert_given(test, "H 1 bad");
	assert_int_equal(test->error.outcome, OUTCOME_INPUT);
	assert_false(source_base(test->source)->is_empty);
	assert_pending(test, 1, 1);
	/* What is damaged is so again. */
	assert_true(feed_again(test->feed, 0));
	assert_given(test, "H 1 bad");
}

static void
test_growing(void **state)
{
	struct test *test = *state;
	int fd;

	capfile_make(&test->bytes, CAPFILE_ETHERNET, 1, 2);
	fd = capfile_fd(&test->bytes);
	test->out = dup(fd);
	start(test, fd, NULL, 0, NULL);
	assert_false(source_base(test->source)->grows);
	source_follow(test->source, true);
	assert_true(source_base(test->source)->grows);
	assert_given(test, "H 1 2 wait");
	assert_false(source_has_rest(test->source));
	buffer_clear(&test->bytes);
	capfile_packet(&test->bytes, 3);
	assert_int_equal(
	    pwrite(test->out, test->bytes.data, 20,
		CAPFILE_HEADER + 2 * (CAPFILE_RECORD + CAPFILE_PACKET)),
	    20);
	assert_given(test, "wait");
	assert_true(source_has_rest(test->source));
	assert_int_equal(
	    pwrite(test->out, test->bytes.data, test->bytes.len,
		CAPFILE_HEADER + 2 * (CAPFILE_RECORD + CAPFILE_PACKET)),
	    test->bytes.len);
	assert_given(test, "3 wait");
	source_follow(test->source, false);
	assert_given(test, "end");
}

static void
test_opaque(void **state)
{
	struct test *test = *state;
	uint64_t before;

	capfile_bytes(&test->bytes, "%PDF-1.4, or whatever else", 26);
	start_file(test, NULL, 0);
	assert_int_equal(
	    feed_next(test->feed, &(const void *){ NULL },
		&(size_t){ 0 }, &test->error),
	    FEED_GAVE);
	assert_true(source_base(test->source)->is_opaque);
	assert_pending(test, 0, 0);
	assert_int_equal(packets_read(test), 0);
	assert_int_equal(strlen(first_id(test)), CAPTURE_ID_LEN - 1);
	assert_string_equal(id_of(test, 7, &before),
	    first_id(test));
	assert_given(test, "end");
}

/* Joined captures. */

static void
test_joined(void **state)
{
	struct test *test = *state;
	uint64_t before;
	char first[CAPTURE_ID_LEN];

	capfile_make(&test->bytes, CAPFILE_ETHERNET, 1, 2);
	capfile_make(&test->bytes, CAPFILE_ETHERNET, 3, 4);
	capfile_make(&test->bytes, CAPFILE_ETHERNET, 5, 5);
	start_file(test, NULL, 0);
	assert_int_equal(take(test, 4), FEED_GAVE);
	assert_given_by(test, "H 1 2 -");
	assert_non_null(feed_news(test->feed));
	assert_given(test, "3 4 - 5 end");
	assert_null(feed_news(test->feed));
	assert_pending(test, 1, 5);
	(void)snprintf(first, sizeof(first), "%s", first_id(test));
	assert_string_equal(id_of(test, 2, &before), first);
	assert_int_equal(before, 0);
	assert_string_not_equal(id_of(test, 3, &before), first);
	assert_int_equal(before, 2);
	(void)id_of(test, 5, &before);
	assert_int_equal(before, 4);
}

/* The id of a packet is that which it has in its capture by itself. */
static void
test_joined_ids(void **state)
{
	struct test *test = *state;
	uint8_t id[PACKET_ID_LEN];

	capfile_make(&test->bytes, CAPFILE_ETHERNET, 3, 3);
	start_file(test, NULL, 0);
	assert_given(test, "H 3 end");
	memcpy(id, feed_first(test->feed)->id, sizeof(id));
	end(test);
	buffer_clear(&test->bytes);
	capfile_make(&test->bytes, CAPFILE_ETHERNET, 1, 2);
	capfile_make(&test->bytes, CAPFILE_ETHERNET, 3, 3);
	start_file(test, NULL, 0);
	assert_given(test, "H 1 2 - 3 end");
	resolve(test, 2);
	assert_memory_equal(feed_first(test->feed)->id, id, sizeof(id));
}

static void
test_session(void **state)
{
	struct test *test = *state;

	capfile_make(&test->bytes, CAPFILE_ETHERNET, 1, 2);
	capfile_make(&test->bytes, CAPFILE_RAW, 3, 4);
	start_file(test, NULL, 0);
	assert_given(test, "H 1 2 session");
	assert_given(test, "session");
	assert_non_null(feed_news(test->feed));
	/* As long as the first is not done with, it can be given again. */
	assert_true(feed_again(test->feed, 0));
	assert_given(test, "H 1 2 session");
	resolve(test, 1);
	while (feed_skip_poison(test->feed))
		;
	resolve(test, 1);
	feed_turn(test->feed);
	assert_int_equal(feed_base(test->feed), 2);
	assert_given(test, "H 3 4 end");
	assert_pending(test, 3, 2);
	/* It has its own poison packets. */
	assert_true(feed_skip_poison(test->feed));
	resolve(test, 1);
	/* From its own header on. */
	assert_true(feed_again(test->feed, 0));
	assert_int_equal(feed_given(test->feed), 2);
	assert_given(test, "H e3 4 end");
	assert_pending(test, 3, 2);
	assert_false(feed_resolve(test->feed));
	assert_int_equal(packets_read(test), 4);
}

/* Each costs the start of a tshark. */
static void
test_too_many_sessions(void **state)
{
	struct test *test = *state;
	enum feed_event event;
	unsigned turns = 0;

	for (unsigned i = 0; i < 1002; i++)
		capfile_make(&test->bytes,
		    i % 2 == 0 ? CAPFILE_ETHERNET : CAPFILE_RAW, i, i);
	start_file(test, NULL, 0);
	while ((event = take(test, UINT32_MAX)) == FEED_SESSION) {
		test->given[0] = '\0';
		feed_turn(test->feed);
		turns++;
	}
	assert_int_equal(event, FEED_BAD);
	assert_int_equal(turns, 1000);
	assert_non_null(strstr(test->error.text, "1000 captures"));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		TEST(test_all_packets),
		TEST(test_no_ids),
		TEST(test_settle),
		TEST(test_bury),
		TEST(test_forget),
		TEST(test_filter),
		TEST(test_filter_that_matches_none),
		TEST(test_filter_without_meaning),
		TEST(test_count),
		TEST(test_stop),
		TEST(test_stop_at),
		TEST(test_stop_before_all),
		TEST(test_bad),
		TEST(test_growing),
		TEST(test_opaque),
		TEST(test_joined),
		TEST(test_joined_ids),
		TEST(test_session),
		TEST(test_too_many_sessions),
	};

	return cmocka_run_group_tests_name("feed", tests, NULL, NULL);
}
