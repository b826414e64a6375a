/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Tests of dissect/resumption.c: what of a stream is kept, and given to another tshark.
 *
 *   state        event                                   next state
 *   -----------  --------------------------------------  -------------------------------------------------------------
 *   keeping      a packet, another record                keeping
 *   keeping      another section, too much, opaque       given up (stream): until the next session
 *   keeping      too many packets                        lossy (live): until none is pending
 *   keeping      resumption_begin                         giving: other records, fillers or warm ones, held packets
 *   giving       all is given                            keeping
 *   giving       resumption_begin                         giving, from the start
 *   lossy        resumption_begin                         giving: what was pending is the caller's to give up
 *   given up     resumption_begin                         given up: false, all stays pending
 *   any          resumption_turn                          keeping, without anything
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "dissect/resumption.h"

/* A packet has a header of its record in front. */
#define HEAD 16
#define RESUMED_MAX ((size_t)64 << 20)
#define PREAMBLE_MAX ((size_t)4 << 20)

struct test {
	struct resumption *resumption;
	struct pending pending;
	uint64_t resolved;
	char given[256];
};

/* The bytes of a record: of packet n all are n. */
static uint8_t large[RESUMED_MAX + 1];

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

	resumption_free(test->resumption);
	pending_release(&test->pending);
	return 0;
}

/* A packet with so many bytes in its record, which is pending then. */
static void
keep_large(struct test *test, uint64_t ordinal, size_t len)
{
	const struct capture_record record = { .is_packet = true,
		.raw = large,
		.raw_len = len,
		.ordinal = ordinal,
		.has_time = true,
		.sec = 1000 + (int64_t)ordinal,
		.nsec = 500,
		.linktype = 7,
		.big = true,
		.bytes = large + HEAD,
		.caplen = (uint32_t)(len - HEAD),
		.wirelen = 99 };
	struct pending_packet packet = { .ordinal = ordinal,
		.sec = record.sec,
		.nsec = record.nsec,
		.has_time = true,
		.big = true,
		.wirelen = record.wirelen };

	memset(large, (int)ordinal, len < 64 ? len : 64);
	resumption_keep(test->resumption, &record, &packet);
	pending_push(&test->pending, &packet);
}

/* Packets first..last, each of a length of its own. */
static void
keep(struct test *test, uint64_t first, uint64_t last)
{
	for (uint64_t n = first; n <= last; n++)
		keep_large(test, n, HEAD + n);
}

static void
keep_other(struct test *test, const char *text)
{
	resumption_keep_other(test->resumption, text, strlen(text));
}

/* The oldest so many have their outcomes. */
static void
pop(struct test *test, unsigned count)
{
	for (; count > 0; count--) {
		const struct pending_packet *first =
		    pending_first(&test->pending);

		test->resolved = first->ordinal;
		resumption_pop(test->resumption, first, test->pending.queue.count - 1);
		pending_pop(&test->pending);
	}
}

static bool
begin(struct test *test, uint64_t first, size_t warm)
{
	return resumption_begin(test->resumption, &test->pending, first,
	    test->resolved, warm);
}

/* It is the record of this packet, as it was. */
static void
assert_record(const struct capture_record *record, uint64_t ordinal)
{
	uint8_t wanted[64];

	assert_int_equal(record->ordinal, ordinal);
	assert_int_equal(record->raw_len, HEAD + ordinal);
	memset(wanted, (int)ordinal, sizeof(wanted));
	assert_memory_equal(record->raw, wanted, record->raw_len);
	assert_ptr_equal(record->bytes, record->raw + HEAD);
	assert_int_equal(record->caplen, ordinal);
	assert_int_equal(record->wirelen, 99);
	assert_int_equal(record->linktype, 7);
	assert_int_equal(record->sec, 1000 + ordinal);
	assert_int_equal(record->nsec, 500);
	assert_true(record->is_packet && record->has_time && record->big);
}

static void
note(struct test *test, const char *text, uint64_t number)
{
	size_t len = strlen(test->given);

	(void)snprintf(test->given + len, sizeof(test->given) - len, "%s%s",
	    len == 0 ? "" : " ", text);
	len = strlen(test->given);
	if (number > 0)
		(void)snprintf(test->given + len, sizeof(test->given) - len,
		    "%u", (unsigned)number);
}

static void
note_bytes(struct test *test, const struct resumed *resumed)
{
	char text[64];

	(void)snprintf(text, sizeof(text), "'%.*s'", (int)resumed->len,
	    resumed->len > 0 ? (const char *)resumed->bytes : "");
	note(test, text, 0);
}

/*
 * The next one: f3 a filler, w3 and we3 a warm one and an empty one, 3 a packet, which is pending again. False if there
 * is none.
 */
static bool
take(struct test *test, uint64_t filler)
{
	struct resumed resumed;

	resumption_next(test->resumption, &resumed);
	switch (resumed.kind) {
	case RESUMED_NOTHING:
		return false;
	case RESUMED_BYTES:
		note_bytes(test, &resumed);
		break;
	case RESUMED_FILLER:
		assert_record(&resumed.record, filler);
		assert_true(resumed.empty && resumed.packet.dead);
		note(test, "f", resumed.packet.ordinal);
		pending_push(&test->pending, &resumed.packet);
		break;
	case RESUMED_WARM:
		assert_record(&resumed.record, resumed.record.ordinal);
		note(test, resumed.empty ? "we" : "w",
		    resumed.record.ordinal);
		break;
	case RESUMED_PACKET:
		assert_record(&resumed.record, resumed.packet.ordinal);
		note(test, "", resumed.packet.ordinal);
		pending_push(&test->pending, &resumed.packet);
		break;
	}
	return true;
}

/* All that is given again must be this; fillers are empty records of packet 1. */
static void
assert_given(struct test *test, const char *wanted)
{
	test->given[0] = '\0';
	while (take(test, 1))
		continue;
	assert_string_equal(test->given, wanted);
}

/* So many are, first..last. */
static void
assert_pending(const struct test *test, uint64_t first, size_t count)
{
	assert_int_equal(test->pending.queue.count, count);
	for (size_t i = 0; i < count; i++)
		assert_int_equal(pending_at(&test->pending, i)->ordinal,
		    first + i);
}

/* A stream that ends. */

static void
test_stream(void **state)
{
	struct test *test = *state;

	test->resumption = resumption_new(false);
	assert_given(test, "");
	keep_other(test, "head");
	keep_other(test, "interface");
	keep(test, 1, 4);
	pop(test, 2);
	assert_int_equal(resumption_held(test->resumption), 0);
	assert_true(begin(test, 1, 0));
	assert_pending(test, 0, 0);
	assert_int_equal(resumption_held(test->resumption), 3);
	assert_given(test, "'headinterface' f1 f2 3 4");
	assert_pending(test, 1, 4);
	assert_int_equal(resumption_held(test->resumption), 0);
	/* It goes on. */
	assert_given(test, "");
	keep(test, 5, 6);
	pop(test, 4);
	assert_true(begin(test, 1, 0));
	assert_given(test, "'headinterface' f1 f2 f3 f4 5 6");
	assert_false(resumption_is_lossy(test->resumption));
	assert_int_equal(resumption_kept(test->resumption), 0);
}

static void
test_stream_at_once(void **state)
{
	struct test *test = *state;

	test->resumption = resumption_new(false);
	assert_true(begin(test, 1, 0));
	assert_given(test, "''");
	keep(test, 1, 1);
	assert_true(begin(test, 1, 0));
	assert_given(test, "'' 1");
	/* Nothing is pending any more. */
	pop(test, 1);
	assert_true(begin(test, 1, 0));
	assert_given(test, "'' f1");
}

/* Again before all is given again. */
static void
test_stream_in_the_middle(void **state)
{
	struct test *test = *state;

	test->resumption = resumption_new(false);
	keep_other(test, "h");
	keep(test, 1, 5);
	pop(test, 1);
	assert_true(begin(test, 1, 0));
	assert_int_equal(resumption_held(test->resumption), 2);
	for (unsigned i = 0; i < 4; i++)
		assert_true(take(test, 1));
	assert_string_equal(test->given, "'h' f1 2 3");
	assert_int_equal(resumption_held(test->resumption), 4);
	/* Of these one gets its document: the bytes of the others move. */
	pop(test, 2);
	assert_pending(test, 3, 1);
	test->given[0] = '\0';
	assert_true(take(test, 1));
	assert_string_equal(test->given, "4");
	assert_true(begin(test, 1, 0));
	assert_int_equal(resumption_held(test->resumption), 3);
	assert_given(test, "'h' f1 f2 3 4 5");
	assert_pending(test, 1, 5);
}

/* A later session: its packets are counted from another one, and an own packet stands for those before. */
static void
test_turn(void **state)
{
	struct test *test = *state;

	test->resumption = resumption_new(false);
	keep_other(test, "first");
	keep(test, 1, 2);
	pop(test, 1);
	assert_true(begin(test, 1, 0));
	assert_true(take(test, 1));
	/* Nothing of it remains, in whichever state it is. */
	resumption_turn(test->resumption);
	pending_clear(&test->pending);
	assert_int_equal(resumption_held(test->resumption), 0);
	assert_given(test, "");
	keep_other(test, "second");
	keep(test, 3, 5);
	pop(test, 1);
	assert_true(begin(test, 3, 0));
	test->given[0] = '\0';
	while (take(test, 3))
		continue;
	assert_string_equal(test->given, "'second' f3 4 5");
	/* What was given up is taken up again. */
	resumption_give_up(test->resumption);
	resumption_turn(test->resumption);
	pending_clear(&test->pending);
	assert_true(begin(test, 6, 0));
	/* Its first record was due. */
	resumption_turn(test->resumption);
	assert_given(test, "");
}

static void
test_give_up(void **state)
{
	struct test *test = *state;

	test->resumption = resumption_new(false);
	keep_other(test, "h");
	keep(test, 1, 4);
	assert_true(begin(test, 1, 0));
	for (unsigned i = 0; i < 3; i++)
		assert_true(take(test, 1));
	resumption_give_up(test->resumption);
	keep(test, 5, 5);
	assert_int_equal(pending_at(&test->pending, 2)->raw_len, 0);
	keep_other(test, "other");
	pending_clear(&test->pending);
	keep(test, 1, 2);
	/* What was still held comes back, after the others. */
	assert_false(begin(test, 1, 0));
	assert_pending(test, 1, 4);
	assert_given(test, "");
	assert_false(resumption_is_lossy(test->resumption));
}

static const char section[] = "\x0a\x0d\x0d\x0a section";

/* Interfaces are numbered anew in it. */
static void
test_section(void **state)
{
	struct test *test = *state;

	test->resumption = resumption_new(false);
	keep_other(test, section);
	assert_true(begin(test, 1, 0));
	/* Not enough to be one. */
	resumption_keep_other(test->resumption, section, 4);
	assert_true(begin(test, 1, 0));
	keep_other(test, "\x0a\x0d\x0d\x0b no section");
	assert_true(begin(test, 1, 0));
	keep_other(test, section);
	assert_false(begin(test, 1, 0));
}

static void
test_too_much(void **state)
{
	struct test *test = *state;

	test->resumption = resumption_new(false);
	for (uint64_t n = 1; n <= 4; n++)
		keep_large(test, n, RESUMED_MAX / 4);
	assert_true(begin(test, 1, 0));
	keep_large(test, 5, HEAD + 1);
	assert_false(begin(test, 1, 0));
	assert_false(resumption_is_lossy(test->resumption));
	assert_int_equal(test->pending.queue.count, 5);
}

static void
test_too_many_others(void **state)
{
	struct test *test = *state;

	memset(large, 'x', PREAMBLE_MAX);
	test->resumption = resumption_new(false);
	resumption_keep_other(test->resumption, large, PREAMBLE_MAX);
	assert_true(begin(test, 1, 0));
	keep_other(test, "x");
	assert_false(begin(test, 1, 0));
	resumption_free(test->resumption);
	/* Of a live capture, too. */
	test->resumption = resumption_new(true);
	resumption_keep_other(test->resumption, large, PREAMBLE_MAX);
	keep(test, 1, 1);
	assert_true(begin(test, 1, 0));
	keep_other(test, "x");
	assert_false(begin(test, 1, 0));
	assert_pending(test, 1, 1);
}

/* Live. */

static void
test_live(void **state)
{
	struct test *test = *state;

	test->resumption = resumption_new(true);
	/* Sections are no harm: a fresh tshark gets all of them. */
	keep_other(test, "A");
	keep_other(test, section);
	keep(test, 1, 5);
	assert_int_equal(resumption_kept(test->resumption), 0);
	pop(test, 3);
	assert_int_equal(resumption_kept(test->resumption), 3);
	assert_true(begin(test, 1, 0));
	assert_given(test, "'A\x0a\x0d\x0d\x0a section' 4 5");
	assert_true(begin(test, 1, 2));
	assert_given(test, "'A\x0a\x0d\x0d\x0a section' w2 w3 4 5");
	/* More than are kept. */
	assert_true(begin(test, 1, 5));
	assert_given(test, "'A\x0a\x0d\x0d\x0a section' we1 we1 w1 w2 w3 4 5");
	assert_true(begin(test, 1, 3));
	assert_given(test, "'A\x0a\x0d\x0d\x0a section' w1 w2 w3 4 5");
	assert_pending(test, 4, 2);
	keep(test, 6, 6);
	pop(test, 3);
	/* What is kept of the past since then is for the next one. */
	assert_given(test, "");
	assert_int_equal(resumption_kept(test->resumption), 6);
	assert_true(begin(test, 1, 1));
	assert_given(test, "'A\x0a\x0d\x0d\x0a section' w6");
}

/* One that ended a tshark is given as an empty record. */
static void
test_live_dead(void **state)
{
	struct test *test = *state;

	test->resumption = resumption_new(true);
	keep(test, 1, 3);
	((struct pending_packet *)queue_at(&test->pending.queue, 1, sizeof(struct pending_packet)))->dead = true;
	pop(test, 3);
	assert_true(begin(test, 1, 3));
	assert_given(test, "'' w1 we2 w3");
}

/* Others go on being given while the past is. */
static void
test_live_in_the_middle(void **state)
{
	struct test *test = *state;

	test->resumption = resumption_new(true);
	keep(test, 1, 4);
	pop(test, 2);
	assert_true(begin(test, 1, 2));
	assert_true(take(test, 1));
	assert_true(take(test, 1));
	assert_string_equal(test->given, "'' w1");
	assert_true(begin(test, 1, 2));
	assert_given(test, "'' w1 w2 3 4");
	/* Without the past. */
	assert_true(begin(test, 1, 2));
	assert_true(take(test, 1));
	assert_true(begin(test, 1, 0));
	assert_given(test, "'' 3 4");
}

static void
test_lossy(void **state)
{
	struct test *test = *state;

	test->resumption = resumption_new(true);
	keep_other(test, "h");
	keep(test, 1, 2);
	pop(test, 1);
	assert_int_equal(resumption_kept(test->resumption), 1);
	for (uint64_t n = 3; n <= 6; n++) {
		assert_false(resumption_is_lossy(test->resumption));
		keep_large(test, n, RESUMED_MAX / 4);
	}
	assert_true(resumption_is_lossy(test->resumption));
	keep(test, 7, 7);
	keep_other(test, "lost");
	assert_int_equal(pending_at(&test->pending, 5)->raw_len, 0);
	assert_int_equal(pending_at(&test->pending, 0)->raw_len, HEAD + 2);
	/* What is pending has no outcome, and what is kept of the past no neighbor. */
	pop(test, 1);
	assert_int_equal(resumption_kept(test->resumption), 0);
	pop(test, 4);
	assert_true(resumption_is_lossy(test->resumption));
	pop(test, 1);
	assert_false(resumption_is_lossy(test->resumption));
	assert_pending(test, 0, 0);
	keep(test, 8, 9);
	pop(test, 1);
	assert_int_equal(resumption_kept(test->resumption), 1);
	assert_true(begin(test, 1, 1));
	assert_given(test, "'h' w8 9");
	/* Another session. */
	for (uint64_t n = 10; n <= 14; n++)
		keep_large(test, n, RESUMED_MAX / 4);
	assert_true(resumption_is_lossy(test->resumption));
	resumption_turn(test->resumption);
	assert_false(resumption_is_lossy(test->resumption));
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(test_stream),
		CASE(test_stream_at_once),
		CASE(test_stream_in_the_middle),
		CASE(test_turn),
		CASE(test_give_up),
		CASE(test_section),
		CASE(test_too_much),
		CASE(test_too_many_others),
		CASE(test_live),
		CASE(test_live_dead),
		CASE(test_live_in_the_middle),
		CASE(test_lossy),
	};

	resumption_free(NULL);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
