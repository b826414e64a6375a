/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Tests of dissect/feed.c: what a pipe or a live capture gives again to a fresh tshark, and placeholders. The states
 * are in test_feed.c.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "feeding.h"
#include "packet/flow_hash.h"
#include "shard/shard_source.h"

/* Pipes. */

static void
test_pipe(void **state)
{
	struct test *test = *state;

	start_pipe(test, NULL);
	assert_true(source_base(test->source)->is_stream);
	assert_given(test, "wait");
	capfile_make(&test->bytes, CAPFILE_ETHERNET, 1, 2);
	pour(test);
	assert_given(test, "H 1 2 wait");
	capfile_packet(&test->bytes, 3);
	pour(test);
	end_pipe(test);
	assert_given(test, "3 end");
	assert_int_equal(packets_read(test), 3);
}

/* A new tshark gets empty records for what is resolved, and what is not. */
static void
test_pipe_again(void **state)
{
	struct test *test = *state;

	start_poured(test, NULL, 1, 4);
	resolve(test, 2);
	assert_true(feed_again(test->feed, 0));
	assert_pending(test, 0, 0);
	assert_int_equal(feed_given(test->feed), 2);
	assert_given(test, "H e1 e1 3 4 wait");
	assert_int_equal(feed_given(test->feed), 4);
	assert_pending(test, 1, 4);
	assert_true(feed_first(test->feed)->dead);
	assert_false(feed_resolve(test->feed));
	feed_pop(test->feed);
	feed_pop(test->feed);
	assert_int_equal(feed_first(test->feed)->ordinal, 3);
	assert_false(feed_first(test->feed)->dead);
	assert_true(feed_resolve(test->feed));
	capfile_packet(&test->bytes, 5);
	pour(test);
	assert_given(test, "5 wait");
	assert_int_equal(packets_read(test), 5);
}

/* One that fails while it is being given what the one before had. */
static void
test_pipe_again_in_the_middle(void **state)
{
	struct test *test = *state;

	start_poured(test, NULL, 1, 5);
	resolve(test, 1);
	assert_true(feed_again(test->feed, 0));
	assert_int_equal(take(test, 4), FEED_GAVE);
	assert_given_by(test, "H e1 2 3");
	assert_int_equal(feed_given(test->feed), 3);
	resolve(test, 2);
	assert_int_equal(feed_resolved(test->feed), 2);
	assert_true(feed_skip_poison(test->feed));
	assert_true(feed_again(test->feed, 0));
	assert_given(test, "H e1 e1 e3 4 5 wait");
	resolve(test, 2);
	assert_true(feed_first(test->feed)->dead);
	assert_true(feed_resolve(test->feed));
}

/* The documents of what is given again come before all of it is. */
static void
test_pipe_goes_on_in_the_middle(void **state)
{
	struct test *test = *state;

	start_poured(test, NULL, 1, 5);
	/* Its outcome is known, but it is still the oldest. */
	assert_true(feed_resolve(test->feed));
	assert_true(feed_again(test->feed, 0));
	assert_int_equal(take(test, 4), FEED_GAVE);
	assert_given_by(test, "H e1 2 3");
	resolve(test, 2);
	assert_given(test, "4 5 wait");
	assert_pending(test, 3, 3);
	assert_true(feed_again(test->feed, 0));
	assert_given(test, "H e1 e1 3 4 5 wait");
}

static void
test_pipe_again_at_once(void **state)
{
	struct test *test = *state;

	start_pipe(test, NULL);
	assert_true(feed_again(test->feed, 0));
	capfile_make(&test->bytes, CAPFILE_ETHERNET, 1, 1);
	pour(test);
	/* There is nothing to go in front. */
	assert_given(test, "- H 1 wait");
}

static void
test_session_of_a_pipe(void **state)
{
	struct test *test = *state;

	start_poured(test, NULL, 1, 2);
	resolve(test, 2);
	capfile_make(&test->bytes, CAPFILE_RAW, 3, 5);
	pour(test);
	assert_given(test, "session");
	feed_turn(test->feed);
	assert_given(test, "H 3 4 5 wait");
	resolve(test, 1);
	/* An empty record for each that was resolved of this session only. */
	assert_true(feed_again(test->feed, 0));
	assert_int_equal(take(test, 2), FEED_GAVE);
	assert_given_by(test, "H e3");
	assert_true(feed_first(test->feed)->dead);
	assert_given(test, "4 5 wait");
	assert_pending(test, 3, 3);
}

/* A pcapng has more blocks that are no packets. In a new section interfaces count anew: it cannot be taken up again. */
static void
pour_section(struct test *test)
{
	static const uint8_t section[28] = { 0x0a, 0x0d, 0x0d, 0x0a, 28, 0, 0, 0,
		0x4d, 0x3c, 0x2b, 0x1a, 1, 0, 0, 0, 255, 255, 255, 255, 255, 255,
		255, 255, 28, 0, 0, 0 };
	static const uint8_t interface[20] = { 1, 0, 0, 0, 20, 0, 0, 0, 1, 0, 0,
		0, 0, 0, 4, 0, 20, 0, 0, 0 };
	static const uint8_t simple[20] = { 3, 0, 0, 0, 20, 0, 0, 0, 4, 0, 0, 0,
		1, 2, 3, 4, 20, 0, 0, 0 };

	capfile_bytes(&test->bytes, section, sizeof(section));
	capfile_bytes(&test->bytes, interface, sizeof(interface));
	capfile_bytes(&test->bytes, simple, sizeof(simple));
	pour(test);
}

static void
take_blocks(struct test *test, size_t bytes)
{
	enum feed_event event;
	const void *data;
	size_t len, sum = 0;

	while ((event = feed_next(test->feed, &data, &len, &test->error)) ==
	    FEED_GAVE)
		sum += len;
	assert_int_equal(event, FEED_WAIT);
	assert_int_equal(sum, bytes);
}

static void
test_sections_of_a_pipe(void **state)
{
	struct test *test = *state;

	start_pipe(test, NULL);
	pour_section(test);
	take_blocks(test, 68);
	assert_pending(test, 1, 1);
	assert_false(feed_first(test->feed)->has_time);
	assert_true(feed_again(test->feed, 0));
	take_blocks(test, 68);
	pour_section(test);
	take_blocks(test, 68);
	assert_pending(test, 1, 2);
	assert_false(feed_again(test->feed, 0));
	assert_pending(test, 1, 2);
	assert_false(feed_is_lossy(test->feed));
}

static void
pour_large(struct test *test, uint32_t n)
{
	capfile_record(&test->bytes, n, LARGE);
	capfile_bytes(&test->bytes, test->large, LARGE);
	pour(test);
}

/* More is pending than is retained. */
static void
give_too_much(struct test *test)
{
	for (uint32_t n = 1; n <= 260; n++) {
		pour_large(test, n);
		assert_int_equal(take(test, UINT32_MAX), FEED_WAIT);
		test->given[0] = '\0';
	}
}

static void
test_pipe_with_too_much_pending(void **state)
{
	struct test *test = *state;

	start_poured(test, NULL, 1, 0);
	give_too_much(test);
	assert_pending(test, 1, 260);
	assert_false(feed_is_lossy(test->feed));
	resolve(test, 200);
	assert_false(feed_again(test->feed, 0));
	assert_pending(test, 201, 60);
	pour_large(test, 261);
	assert_given(test, "261 wait");
	assert_int_equal(packets_read(test), 261);
	assert_false(feed_again(test->feed, 0));
	assert_pending(test, 201, 61);
	while (feed_first(test->feed) != NULL)
		feed_pop(test->feed);
	/* The next session can be. */
	capfile_make(&test->bytes, CAPFILE_RAW, 1, 2);
	pour(test);
	assert_given(test, "session");
	feed_turn(test->feed);
	assert_given(test, "H 1 2 wait");
	assert_true(feed_again(test->feed, 0));
	assert_given(test, "H 1 2 wait");
}

/* Live captures. */

static void
test_live(void **state)
{
	struct test *test = *state;
	uint64_t before;

	start_poured(test, "00112233445566778899aabbccddeeff", 1, 5);
	assert_string_equal(first_id(test),
	    "00112233445566778899aabbccddeeff");
	assert_string_equal(id_of(test, 4, &before),
	    first_id(test));
	assert_int_equal(feed_since(test->feed), 5);
	assert_int_equal(feed_kept(test->feed), 0);
	resolve(test, 3);
	assert_int_equal(feed_kept(test->feed), 3);
	/* The new one counts from 1: no empty records for what is resolved. */
	assert_true(feed_again(test->feed, 0));
	assert_int_equal(feed_base(test->feed), 3);
	assert_int_equal(feed_since(test->feed), 0);
	assert_given(test, "H 4 5 wait");
	assert_int_equal(feed_since(test->feed), 2);
	assert_pending(test, 4, 2);
	capfile_packet(&test->bytes, 6);
	pour(test);
	assert_given(test, "6 wait");
	assert_int_equal(feed_given(test->feed), 6);
	assert_int_equal(packets_read(test), 6);
}

/* The last packets resolved go in front; no document is wanted of them. */
static void
test_live_warm(void **state)
{
	struct test *test = *state;

	start_poured(test, "live", 1, 6);
	resolve(test, 4);
	assert_true(feed_again(test->feed, 2));
	assert_int_equal(feed_base(test->feed), 2);
	assert_int_equal(take(test, 3), FEED_GAVE);
	assert_given_by(test, "H 3 4");
	assert_pending(test, 0, 0);
	assert_int_equal(feed_since(test->feed), 0);
	assert_given(test, "5 6 wait");
	assert_pending(test, 5, 2);
	/* Of those not kept an empty record: the child waits for so many. */
	resolve(test, 2);
	assert_true(feed_again(test->feed, 8));
	assert_int_equal(feed_base(test->feed), UINT64_MAX - 1);
	assert_given(test, "H e1 e1 1 2 3 4 5 6 wait");
	assert_pending(test, 0, 0);
	assert_int_equal(feed_resolved(test->feed), 6);
}

static void
test_live_warm_again_in_the_middle(void **state)
{
	struct test *test = *state;

	start_poured(test, "live", 1, 6);
	resolve(test, 3);
	assert_true(feed_again(test->feed, 3));
	assert_int_equal(take(test, 3), FEED_GAVE);
	assert_given_by(test, "H 1 2");
	assert_true(feed_again(test->feed, 1));
	assert_given(test, "H 3 4 5 6 wait");
	assert_pending(test, 4, 3);
}

/* A poison packet among the last is not given as it was. */
static void
test_live_poison(void **state)
{
	struct test *test = *state;

	start_poured(test, "live", 1, 30);
	for (unsigned i = 0; i < FEED_DEAD_MAX + 5; i++) {
		/* Those that are past make room for others. */
		assert_true(feed_skip_poison(test->feed));
		assert_true(feed_again(test->feed, 0));
		assert_int_equal(take(test, 3), FEED_GAVE);
		assert_true(feed_first(test->feed)->dead);
		resolve(test, 1);
	}
	test->given[0] = '\0';
	assert_true(feed_again(test->feed, 2));
	assert_int_equal(take(test, 4), FEED_GAVE);
	assert_given_by(test, "H e14 e15 16");
	for (unsigned i = 0; i < FEED_DEAD_MAX; i++)
		assert_true(feed_skip_poison(test->feed));
	assert_false(feed_skip_poison(test->feed));
}

static void
test_live_with_too_much_pending(void **state)
{
	struct test *test = *state;

	start_poured(test, "live", 1, 2);
	resolve(test, 2);
	give_too_much(test);
	assert_true(feed_is_lossy(test->feed));
	resolve(test, 1);
	/* It is not the newest any more. */
	assert_int_equal(feed_kept(test->feed), 0);
	resolve(test, 258);
	assert_true(feed_is_lossy(test->feed));
	resolve(test, 1);
	assert_false(feed_is_lossy(test->feed));
	assert_true(feed_again(test->feed, 0));
	assert_given(test, "H wait");
	pour_large(test, 261);
	assert_given(test, "261 wait");
	resolve(test, 1);
	assert_int_equal(feed_kept(test->feed), 1);
}

static void
test_live_stop(void **state)
{
	struct test *test = *state;

	start_poured(test, "live", 1, 2);
	feed_stop(test->feed, 0);
	assert_given(test, "end");
	assert_true(feed_again(test->feed, 0));
	assert_given(test, "H 1 2 end");
}

/* A source of a shard (shard/shard_source.h), which is of a file with two captures: two packets, and two packets. */
static void
test_placeholders(void **state)
{
	struct test *test = *state;
	const struct feed_config config = { .ids = true };
	struct order *order = order_new(2);
	struct shard_source_config its = { .order = order,
		.count = 2,
		.placeholder = MARK };
	struct record_source *source;
	uint8_t packet[CAPFILE_RECORD + CAPFILE_PACKET];
	unsigned odd;

	capfile_make(&test->bytes, CAPFILE_ETHERNET, 1, 2);
	capfile_make(&test->bytes, CAPFILE_ETHERNET, 3, 4);
	memcpy(packet, test->bytes.data + CAPFILE_HEADER, sizeof(packet));
	odd = flow_hash_shard(CAPFILE_ETHERNET, packet + CAPFILE_RECORD,
	    CAPFILE_PACKET, 2);
	for (its.index = 0; its.index < 2; its.index++) {
		source = shard_source_base(shard_source_new(&its,
		    source_base(
			source_new(NULL, capfile_fd(&test->bytes)))));
		test->feed = feed_new(source, &config);
		test->given[0] = '\0';
		assert_int_equal(take(test, UINT32_MAX), FEED_END);
		if (odd == its.index)
			assert_non_null(strstr(test->given, "H 1 m - 3 m end"));
		else
			assert_non_null(strstr(test->given, "H m 2 - m 4 end"));
		/* The second looks for its first packet. */
		assert_int_equal(strncmp(test->given, "preview ", 8) == 0,
		    its.index == 1);
		assert_pending(test, odd == its.index ? 1 : 2, 2);
		assert_int_equal(packets_read(test), 2);
		/* Only the first tells. */
		assert_int_equal(feed_news(test->feed) != NULL, its.index == 0);
		/* Stopped, it goes as far as any of them has read. */
		feed_stop(test->feed, 4);
		assert_true(feed_again(test->feed, 0));
		test->given[0] = '\0';
		assert_given(test,
		    odd == its.index ? "H 1 m - 3 m end" : "H m 2 - m 4 end");
		end(test);
		source->type->free(source);
	}
	order_free(order);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		TEST(test_pipe),
		TEST(test_pipe_again),
		TEST(test_pipe_again_in_the_middle),
		TEST(test_pipe_goes_on_in_the_middle),
		TEST(test_pipe_again_at_once),
		TEST(test_session_of_a_pipe),
		TEST(test_sections_of_a_pipe),
		TEST(test_pipe_with_too_much_pending),
		TEST(test_live),
		TEST(test_live_warm),
		TEST(test_live_warm_again_in_the_middle),
		TEST(test_live_poison),
		TEST(test_live_with_too_much_pending),
		TEST(test_live_stop),
		TEST(test_placeholders),
	};

	return cmocka_run_group_tests_name("feed_again", tests, NULL, NULL);
}
