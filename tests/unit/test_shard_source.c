/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Tests of shard/shard_source.c: what one of several tsharks gets of a capture.
 *
 *   state      event                                    next state, and what is given
 *   ---------  ---------------------------------------  ------------------------------------------------------------
 *   (first)    a packet                                 the order has it: its own, or a placeholder
 *   seeking    a packet of others                       seeking: a preview of a placeholder; the order does not have it
 *   seeking    a packet of its own                      reading: the input from where the session begins
 *   seeking    the header of the next session           between
 *   between    the order has the last packet            seeking in the next session, without that one
 *   between    the order has not                        between: to be waited for
 *   between    the same, and the first one has left     ended
 *   seeking    opaque, bad, cannot be rewound           ended: the first one tells
 *   reading    a packet                                 the order has it: its own, or a placeholder
 *   reading    anchor                                   (first) reading; the others seek
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "packet/flow_hash.h"
#include "shard/shard_source.h"

#define PLACEHOLDER 12345678u
#define PACKET_LEN 42
#define SHARDS_MAX 3

/* An input made of letters, one a record: see inner_next. */
struct inner {
	struct record_source base;
	const char *records;
	enum source_event end; /* what follows the last of them */
	size_t at, anchor;
	bool waited;   /* where `w` stands */
	bool is_fixed; /* it cannot be rewound */
	bool is_freed;
	uint8_t packets[SHARDS_MAX][PACKET_LEN]; /* of each shard */
};

struct test {
	struct inner inner;
	struct order *order;
	struct shard_source *source;
	unsigned readies;
	char given[256];
};

/*
 * 0, 1, 2 packets of these shards; h a header, f one that fits, d one that differs; o bytes of an opaque format; w
 * nothing yet, once.
 */
static enum source_event
inner_next(struct record_source *base, struct record *record,
    struct error *error)
{
	struct inner *inner = (struct inner *)base;
	char letter = inner->records[inner->at];

	if (letter == 'w' && !inner->waited) {
		inner->waited = true;
		return SOURCE_WAIT;
	}
	if (letter == 'w')
		letter = inner->records[++inner->at];
	if (letter == '\0') {
		if (inner->end == SOURCE_BAD)
			error_set(error, OUTCOME_INPUT, "it is bad");
		return inner->end;
	}
	*record = (struct record){ .placeholder = 0 };
	inner->at++;
	base->is_opaque |= letter == 'o';
	if (letter == 'f')
		record->raw.part = CAPTURE_PART_FITS;
	if (letter == 'd')
		record->raw.part = CAPTURE_PART_DIFFERS;
	if (letter < '0' || letter > '9')
		return SOURCE_RECORD;
	for (size_t i = 0; i < inner->at; i++)
		record->raw.ordinal += inner->records[i] >= '0' &&
		    inner->records[i] <= '9';
	record->raw.is_packet = true;
	record->raw.linktype = 1;
	record->raw.bytes = inner->packets[letter - '0'];
	record->raw.caplen = PACKET_LEN;
	return SOURCE_RECORD;
}

static void
inner_wait(struct record_source *base, bool on)
{
	(void)base;
	(void)on;
	fail_msg("the order is what is waited for");
}

static int
inner_copy(const struct record_source *base,
    const struct capture_record *record, bool empty, struct buffer *out)
{
	const struct inner *inner = (const struct inner *)base;

	assert_string_equal(inner->records, "h");
	(void)record;
	return buffer_append(out, empty ? "empty" : "whole", 5) == 0 ? 7 : -1;
}

static bool
inner_rewind(struct record_source *base)
{
	struct inner *inner = (struct inner *)base;

	if (inner->is_fixed)
		return false;
	inner->at = inner->anchor;
	return true;
}

static bool
inner_anchor(struct record_source *base)
{
	struct inner *inner = (struct inner *)base;

	inner->anchor = inner->at - 1;
	return false;
}

static void
inner_bytes(const struct record_source *base, uint64_t *done, uint64_t *all)
{
	const struct inner *inner = (const struct inner *)base;

	*done = inner->at;
	*all = strlen(inner->records);
}

static void
inner_free(struct record_source *base)
{
	struct inner *inner = (struct inner *)base;

	assert_false(inner->is_freed);
	inner->is_freed = true;
}

static const struct record_source_type inner_type = {
	.next = inner_next,
	.wait = inner_wait,
	.copy = inner_copy,
	.rewind = inner_rewind,
	.anchor = inner_anchor,
	.bytes = inner_bytes,
	.free = inner_free,
};

/* A datagram between addresses that belong to this shard of so many. */
static void
make_packet(uint8_t *packet, unsigned shard, unsigned count)
{
	static const uint8_t datagram[PACKET_LEN] = { [12] = 8,
		[14] = 0x45,
		[17] = 28,
		[22] = 64,
		[23] = 17,
		[26] = 10,
		[30] = 10 };

	memcpy(packet, datagram, PACKET_LEN);
	while (flow_hash_shard(1, packet, PACKET_LEN, count) != shard)
		assert_int_not_equal(++packet[33], 0);
}

static void
on_ready(void *ctx)
{
	struct test *test = ctx;

	test->readies++;
}

static int
setup(void **state)
{
	static struct test test;

	memset(&test, 0, sizeof(test));
	*state = &test;
	return 0;
}

static int
teardown(void **state)
{
	struct test *test = *state;

	if (test->source != NULL) {
		shard_source_base(test->source)->type->free(shard_source_base(test->source));
		assert_true(test->inner.is_freed);
	}
	order_free(test->order);
	return 0;
}

/* Shard `index` of so many gets this input. */
static void
start(struct test *test, unsigned index, unsigned count, const char *records)
{
	struct shard_source_config config = { .index = index,
		.count = count,
		.placeholder = PLACEHOLDER };

	config.order = test->order = order_new(count);
	test->inner.base.type = &inner_type;
	test->inner.records = records;
	test->inner.end = SOURCE_END;
	for (unsigned i = 0; i < count; i++)
		make_packet(test->inner.packets[i], i, count);
	test->source = shard_source_new(&config, &test->inner.base);
	shard_source_base(test->source)->on_ready = on_ready;
	shard_source_base(test->source)->ctx = test;
}

static bool
is_seeking(const struct test *test)
{
	return shard_source_base(test->source)->is_seeking;
}

static void
note(struct test *test, const char *text)
{
	size_t len = strlen(test->given);

	assert_true(len + strlen(text) + 2 < sizeof(test->given));
	(void)snprintf(test->given + len, sizeof(test->given) - len, "%s%s",
	    len == 0 ? "" : " ", text);
}

/* The number of a packet, in brackets if it is a placeholder; the letter of another record. */
static void
note_record(struct test *test, const struct record *record)
{
	static const char *const parts[] = { [CAPTURE_PART_GOES_ON] = "h",
		[CAPTURE_PART_FITS] = "f",
		[CAPTURE_PART_DIFFERS] = "d" };
	char text[32];

	assert_true(record->placeholder == 0 ||
	    record->placeholder == PLACEHOLDER);
	if (record->raw.is_packet)
		(void)snprintf(text, sizeof(text),
		    record->placeholder != 0 ? "(%u)" : "%u",
		    (unsigned)record->raw.ordinal);
	else
		(void)snprintf(text, sizeof(text), "%s%s",
		    parts[record->raw.part],
		    record->placeholder != 0 ? "?" : "");
	note(test, text);
}

/* What comes until it is no record, or one that differs, must be this; after it what is only a preview. */
static void
assert_given(struct test *test, const char *wanted)
{
	static const char *const names[] = { [SOURCE_WAIT] = "wait",
		[SOURCE_END] = "end",
		[SOURCE_BAD] = "bad" };
	struct record_source *base = shard_source_base(test->source);
	enum source_event event;
	bool was_seeking = is_seeking(test);
	struct record record;
	struct error error;

	test->given[0] = '\0';
	do {
		event = base->type->next(base, &record, &error);
		if (was_seeking && !is_seeking(test))
			note(test, "-");
		was_seeking = is_seeking(test);
		if (event == SOURCE_RECORD)
			note_record(test, &record);
		else
			note(test, names[event]);
	} while (event == SOURCE_RECORD &&
	    record.raw.part != CAPTURE_PART_DIFFERS);
	if (event == SOURCE_BAD)
		assert_string_equal(error.text, "it is bad");
	assert_string_equal(test->given, wanted);
}

/* The shards of the packets that the order has, from the first. */
static void
assert_order(struct test *test, const char *wanted)
{
	char got[32] = "";
	size_t len = 0;

	for (; order_shard(test->order) != ORDER_NOBODY; len++) {
		assert_true(len + 1 < sizeof(got));
		got[len] = (char)('0' + order_shard(test->order));
		got[len + 1] = '\0';
		order_done(test->order, order_next(test->order));
	}
	assert_string_equal(got, wanted);
}

static bool
anchor(struct test *test)
{
	struct record_source *base = shard_source_base(test->source);

	return base->type->anchor(base);
}

/* The first one. */

static void
test_first(void **state)
{
	struct test *test = *state;
	const struct record_source *base;

	start(test, 0, 3, "h0120w1f02");
	base = shard_source_base(test->source);
	assert_false(base->is_secondary);
	assert_false(is_seeking(test));
	assert_null(base->type->clone);
	assert_given(test, "h 1 (2) (3) 4 wait");
	assert_int_equal(order_last(test->order), 4);
	assert_given(test, "(5) f 6 (7) end");
	assert_int_equal(order_last(test->order), 7);
	assert_int_equal(shard_source_base(test->source)->session, 0);
	/* Again: the order knows them. */
	assert_true(base->type->rewind(shard_source_base(test->source)));
	assert_given(test, "h 1 (2) (3) 4 (5) f 6 (7) end");
	assert_order(test, "0120102");
}

static void
test_first_sessions(void **state)
{
	struct test *test = *state;

	start(test, 0, 2, "h1d10d1");
	assert_given(test, "h (1) d");
	assert_int_equal(shard_source_base(test->source)->session, 0);
	assert_false(anchor(test));
	assert_false(is_seeking(test));
	assert_int_equal(shard_source_base(test->source)->session, 1);
	assert_given(test, "(2) 3 d");
	assert_true(shard_source_base(test->source)->type->rewind(shard_source_base(test->source)));
	/* From the anchor on. */
	assert_given(test, "d");
	assert_given(test, "(2) 3 d");
	assert_false(anchor(test));
	assert_int_equal(shard_source_base(test->source)->session, 2);
	assert_given(test, "(4) end");
	assert_order(test, "1101");
}

static void
test_first_opaque_and_bad(void **state)
{
	struct test *test = *state;

	start(test, 0, 2, "o");
	test->inner.end = SOURCE_BAD;
	test->inner.base.is_empty = true;
	assert_given(test, "h bad");
	assert_true(shard_source_base(test->source)->is_opaque);
	assert_true(shard_source_base(test->source)->is_empty);
	assert_order(test, "");
}

/* The others. */

static void
test_seeking(void **state)
{
	struct test *test = *state;

	start(test, 1, 2, "h0f00w1001");
	assert_true(shard_source_base(test->source)->is_secondary);
	assert_true(is_seeking(test));
	assert_given(test, "h (1) f (2) (3) wait");
	assert_int_equal(order_last(test->order), 0);
	assert_true(is_seeking(test));
	assert_given(test, "- h (1) f (2) (3) 4 (5) (6) 7 end");
	assert_int_equal(shard_source_base(test->source)->session, 0);
	assert_order(test, "0001001");
}

/* Its own is the first record but the header. */
static void
test_seeking_first(void **state)
{
	struct test *test = *state;

	start(test, 2, 3, "h2012");
	assert_given(test, "h - h 1 (2) (3) 4 end");
	assert_order(test, "2012");
}

/* It has none at all. */
static void
test_nothing(void **state)
{
	struct test *test = *state;

	start(test, 2, 3, "h0101");
	assert_given(test, "h (1) (2) (3) (4) end");
	assert_given(test, "end");
	assert_true(is_seeking(test));
	assert_order(test, "");
}

static void
test_sessions(void **state)
{
	struct test *test = *state;

	start(test, 1, 2, "h1d001d1");
	assert_given(test, "h - h 1 d");
	/* Of the next one nothing is known; its header comes again. */
	assert_true(anchor(test));
	assert_true(is_seeking(test));
	assert_int_equal(shard_source_base(test->source)->session, 1);
	assert_given(test, "(2) (3) - d");
	assert_false(is_seeking(test));
	assert_given(test, "(2) (3) 4 d");
	assert_true(anchor(test));
	assert_int_equal(shard_source_base(test->source)->session, 2);
	assert_given(test, "- d");
	assert_given(test, "5 end");
	assert_order(test, "10011");
}

/* A session without its own is skipped when the order has the packets of that. */
static void
test_skip(void **state)
{
	struct test *test = *state;

	start(test, 1, 2, "h00d0d01");
	assert_given(test, "h (1) (2) d");
	assert_given(test, "wait");
	order_add(test->order, 1, 0);
	assert_given(test, "wait");
	assert_int_equal(shard_source_base(test->source)->session, 0);
	order_add(test->order, 2, 0);
	assert_given(test, "(3) d");
	assert_int_equal(shard_source_base(test->source)->session, 1);
	assert_given(test, "wait");
	order_add(test->order, 3, 0);
	/* It goes back no further than to the session in which it has one. */
	assert_given(test, "(4) - d");
	assert_given(test, "(4) 5 end");
	assert_int_equal(shard_source_base(test->source)->session, 2);
	assert_order(test, "00001");
}

/* Sessions that are skipped count as well: after the last one that may be, the first shard ends with an error. */
static void
test_skip_too_many(void **state)
{
	struct test *test = *state;
	static char records[3 * (SOURCE_SESSIONS_MAX + 10)] = "h0";
	struct record_source *base;
	struct record record;
	struct error error;
	unsigned headers = 0;

	for (size_t i = 2; i + 3 < sizeof(records); i += 2)
		memcpy(records + i, "d0", 3);
	start(test, 1, 2, records);
	base = shard_source_base(test->source);
	for (unsigned i = 1; i < sizeof(records) / 2; i++)
		order_add(test->order, i, 0);
	while (base->type->next(base, &record, &error) == SOURCE_RECORD)
		headers += record.raw.part == CAPTURE_PART_DIFFERS;
	assert_int_equal(headers, SOURCE_SESSIONS_MAX + 1);
	assert_int_equal(base->session, SOURCE_SESSIONS_MAX);
	assert_true(base->is_seeking);
}

/* One without packets needs nobody. */
static void
test_skip_empty(void **state)
{
	struct test *test = *state;

	start(test, 1, 2, "hdd1");
	assert_given(test, "h d");
	assert_given(test, "d");
	assert_int_equal(shard_source_base(test->source)->session, 1);
	assert_given(test, "- d");
	assert_int_equal(shard_source_base(test->source)->session, 2);
	assert_given(test, "1 end");
	assert_order(test, "1");
}

static void
test_first_has_left(void **state)
{
	struct test *test = *state;

	start(test, 1, 2, "h00d1");
	assert_given(test, "h (1) (2) d");
	order_add(test->order, 1, 0);
	assert_given(test, "wait");
	order_leave(test->order, 1);
	assert_given(test, "wait");
	order_leave(test->order, 0);
	assert_given(test, "end");
	assert_given(test, "end");
	assert_int_equal(shard_source_base(test->source)->session, 0);
}

/* It had all of the session before it left. */
static void
test_first_has_left_later(void **state)
{
	struct test *test = *state;

	start(test, 1, 2, "h0d1");
	assert_given(test, "h (1) d");
	order_add(test->order, 1, 0);
	order_leave(test->order, 0);
	assert_given(test, "- d");
	assert_given(test, "2 end");
}

static void
test_seeking_opaque(void **state)
{
	struct test *test = *state;

	start(test, 1, 2, "o1");
	assert_given(test, "end");
	assert_true(shard_source_base(test->source)->is_opaque);
	assert_false(shard_source_base(test->source)->is_empty);
}

/* What is bad the first one tells. */
static void
test_seeking_bad(void **state)
{
	struct test *test = *state;

	start(test, 1, 2, "h0w");
	test->inner.end = SOURCE_BAD;
	test->inner.base.is_empty = true;
	assert_given(test, "h (1) wait");
	assert_given(test, "end");
	assert_true(shard_source_base(test->source)->is_empty);
}

static void
test_bad_later(void **state)
{
	struct test *test = *state;

	start(test, 1, 2, "h01");
	test->inner.end = SOURCE_BAD;
	assert_given(test, "h (1) - h (1) 2 bad");
}

static void
test_seeking_fixed(void **state)
{
	struct test *test = *state;

	start(test, 1, 2, "h10");
	test->inner.is_fixed = true;
	assert_given(test, "h - end");
}

/* What is asked of the input. */

static void
test_inner(void **state)
{
	struct test *test = *state;
	struct record_source *base;
	struct capture_record record = { .is_packet = true };
	struct buffer out;
	uint64_t done, all;

	test->inner.base.is_stream = test->inner.base.grows = true;
	test->inner.base.has_date = true;
	test->inner.base.date = 99;
	start(test, 1, 2, "h");
	base = shard_source_base(test->source);
	assert_true(base->is_stream && base->grows && base->has_date);
	assert_int_equal(base->date, 99);
	buffer_init(&out, 100);
	assert_int_equal(base->type->copy(base, &record, true, &out), 7);
	assert_int_equal(base->type->copy(base, &record, false, &out), 7);
	assert_int_equal(out.len, 10);
	assert_memory_equal(out.data, "emptywhole", 10);
	buffer_release(&out);
	assert_given(test, "h end");
	base->type->bytes(base, &done, &all);
	assert_int_equal(done, 1);
	assert_int_equal(all, 1);
	assert_true(base->type->rewind(base));
	assert_int_equal(test->inner.at, 0);
	test->inner.is_fixed = true;
	assert_false(base->type->rewind(base));
}

static void
test_wait(void **state)
{
	struct test *test = *state;
	struct record_source *base;

	start(test, 1, 2, "h");
	base = shard_source_base(test->source);
	shard_source_look(test->source);
	assert_int_equal(test->readies, 0);
	base->type->wait(base, true);
	assert_int_equal(test->readies, 0);
	shard_source_look(test->source);
	assert_int_equal(test->readies, 1);
	/* Once. */
	shard_source_look(test->source);
	assert_int_equal(test->readies, 1);
	base->type->wait(base, true);
	base->type->wait(base, false);
	shard_source_look(test->source);
	assert_int_equal(test->readies, 1);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(test_first),
		CASE(test_first_sessions),
		CASE(test_first_opaque_and_bad),
		CASE(test_seeking),
		CASE(test_seeking_first),
		CASE(test_nothing),
		CASE(test_sessions),
		CASE(test_skip),
		CASE(test_skip_too_many),
		CASE(test_skip_empty),
		CASE(test_first_has_left),
		CASE(test_first_has_left_later),
		CASE(test_seeking_opaque),
		CASE(test_seeking_bad),
		CASE(test_bad_later),
		CASE(test_seeking_fixed),
		CASE(test_inner),
		CASE(test_wait),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
