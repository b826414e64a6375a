/* SPDX-License-Identifier: BSD-2-Clause */
/* Tests of input/kafka_source.c: packets that came one by one as a stream that tshark reads. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "input/kafka_source.h"

#define ETHERNET 1
#define RAW_IP 101

struct test {
	struct kafka_source *source;
	struct record_source *base;
	size_t taken;
	unsigned ready;
};

static void
on_taken(void *ctx, size_t len)
{
	((struct test *)ctx)->taken += len;
}

static void
on_ready(void *ctx)
{
	((struct test *)ctx)->ready++;
}

static int
setup(void **state)
{
	static struct test test;

	test = (struct test){ .taken = 0 };
	test.source = kafka_source_new(&(struct kafka_source_handler){ on_taken, &test });
	test.base = kafka_source_base(test.source);
	test.base->on_ready = on_ready;
	test.base->ctx = &test;
	*state = &test;
	return 0;
}

static int
teardown(void **state)
{
	struct test *test = *state;

	if (test->base != NULL)
		test->base->type->free(test->base);
	return 0;
}

static struct kafka_source_packet
packet(uint32_t linktype, const char *text, uint64_t ordinal)
{
	return (struct kafka_source_packet){ .identity = { "capture", ordinal, false },
		.has_time = true,
		.sec = 1700000000,
		.nsec = 5,
		.linktype = linktype,
		.wirelen = 100,
		.caplen = (uint32_t)strlen(text),
		.bytes = (const uint8_t *)text };
}

static void
put(struct test *test, const struct kafka_source_packet *one)
{
	assert_null(kafka_source_refuses(test->source, one));
	kafka_source_put(test->source, one);
}

/* The next packet, past the blocks that are none. */
static enum source_event
next_packet(struct test *test, struct record *record)
{
	struct error error;
	enum source_event event;

	do
		event = test->base->type->next(test->base, record, &error);
	while (event == SOURCE_RECORD && !record->raw.is_packet);
	return event;
}

static void
test_packets(void **state)
{
	struct test *test = *state;
	struct kafka_source_packet first = packet(ETHERNET, "one", 17), second = packet(RAW_IP, "second", 4);
	struct record record;

	/* No block has such a time. */
	second.sec = -5;
	second.nsec = 999999999;
	second.identity.is_context = true;
	put(test, &first);
	put(test, &second);
	assert_int_equal(next_packet(test, &record), SOURCE_RECORD);
	assert_int_equal(record.raw.ordinal, 1);
	assert_int_equal(record.raw.linktype, ETHERNET);
	assert_int_equal(record.raw.wirelen, 100);
	assert_int_equal(record.raw.caplen, 3);
	assert_memory_equal(record.raw.bytes, "one", 3);
	assert_int_equal(record.raw.sec, 1700000000);
	assert_int_equal(record.raw.nsec, 5);
	assert_string_equal(record.identity->capture, "capture");
	assert_int_equal(record.identity->ordinal, 17);
	assert_false(record.identity->is_context);
	assert_int_equal(test->taken, 3);
	assert_int_equal(next_packet(test, &record), SOURCE_RECORD);
	assert_int_equal(record.raw.ordinal, 2);
	assert_int_equal(record.raw.linktype, RAW_IP);
	assert_true(record.raw.has_time);
	assert_true(record.raw.sec == -5);
	assert_int_equal(record.raw.nsec, 999999999);
	assert_true(record.identity->is_context);
	assert_int_equal(test->taken, 9);
	assert_int_equal(next_packet(test, &record), SOURCE_WAIT);
}

static void
test_waiting(void **state)
{
	struct test *test = *state;
	struct kafka_source_packet one = packet(ETHERNET, "one", 1);
	struct record record;

	assert_int_equal(next_packet(test, &record), SOURCE_WAIT);
	kafka_source_wake(test->source);
	assert_int_equal(test->ready, 0);
	test->base->type->wait(test->base, true);
	put(test, &one);
	kafka_source_wake(test->source);
	kafka_source_wake(test->source);
	assert_int_equal(test->ready, 1);
	kafka_source_end(test->source);
	assert_int_equal(next_packet(test, &record), SOURCE_RECORD);
	assert_int_equal(next_packet(test, &record), SOURCE_END);
}

static void
test_refusals(void **state)
{
	static const char big[300000] = "";
	struct test *test = *state;
	struct kafka_source_packet one = packet(65536, "one", 1);

	assert_non_null(kafka_source_refuses(test->source, &one));
	one = packet(ETHERNET, "one", 1);
	one.bytes = (const uint8_t *)big;
	one.caplen = sizeof(big);
	assert_non_null(kafka_source_refuses(test->source, &one));
	/* A link type with a pseudo-header that is not all there. */
	one = packet(204, "", 1);
	assert_non_null(kafka_source_refuses(test->source, &one));
	for (uint32_t i = 0; i < 64; i++) {
		one = packet(1000 + i, "one", 1);
		put(test, &one);
	}
	one = packet(ETHERNET, "one", 1);
	assert_non_null(kafka_source_refuses(test->source, &one));
	one = packet(1063, "one", 1);
	put(test, &one);
}

/* Bytes that nobody reads are not kept for ever, either. */
static void
test_rest(void **state)
{
	struct test *test = *state;
	struct kafka_source_packet one = packet(ETHERNET, "one", 1);
	struct record record;

	for (unsigned i = 0; i < 1000; i++)
		put(test, &one);
	assert_int_equal(next_packet(test, &record), SOURCE_RECORD);
	assert_int_equal(test->taken, 3);
	test->base->type->free(test->base);
	test->base = NULL;
	assert_int_equal(test->taken, 3000);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(test_packets),
		CASE(test_waiting),
		CASE(test_refusals),
		CASE(test_rest),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
