/* SPDX-License-Identifier: BSD-2-Clause */
/* Tests of kafka/intake.c: what is written is read, in pieces too, and nothing else. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/xalloc.h"
#include "kafka/intake.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
/* Before each body: its length, its kind. */
#define HEAD 8

static struct buffer out;

static int
setup(void **state)
{
	(void)state;
	buffer_init(&out, 2 * (size_t)INTAKE_FRAME_MAX);
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	buffer_release(&out);
	return 0;
}

/* Reads bytes from memory that ends with them. */
static ssize_t
read_exactly(const void *bytes, size_t len, struct intake_event *event)
{
	uint8_t *exact = xmalloc(len > 0 ? len : 1);
	ssize_t n;

	if (len > 0)
		memcpy(exact, bytes, len);
	n = intake_read(exact, len, event);
	free(exact);
	return n;
}

static struct intake_event
again(const struct intake_event *event)
{
	struct intake_event found;

	buffer_clear(&out);
	assert_int_equal(intake_write(&out, event), 0);
	for (size_t len = 0; len < out.len; len++)
		assert_int_equal(read_exactly(out.data, len, &found), 0);
	assert_int_equal(intake_read(out.data, out.len, &found), out.len);
	assert_int_equal(found.kind, event->kind);
	return found;
}

static void
test_said(void **state)
{
	static const enum intake_kind kinds[] = { INTAKE_AT_END, INTAKE_MISSED, INTAKE_SETTLED, INTAKE_REST, INTAKE_OPEN, INTAKE_REVOKED,
		INTAKE_HIGH, INTAKE_COMMITTED, INTAKE_CUT_OFF, INTAKE_REBALANCE };

	(void)state;
	for (size_t i = 0; i < COUNT(kinds); i++) {
		struct intake_event event = { .kind = kinds[i], .assignment = 7, .number = INT64_MAX, .flag = i % 2 == 0 };
		struct intake_event found = again(&event);

		assert_int_equal(found.assignment, 7);
		assert_true(found.number == INT64_MAX);
		assert_int_equal(found.flag, i % 2 == 0);
	}
}

static void
test_spoken(void **state)
{
	static const enum intake_kind kinds[] = { INTAKE_NOTE, INTAKE_CLUSTER, INTAKE_FAILED };
	struct intake_event event = { .error = { .outcome = OUTCOME_INPUT } };

	(void)state;
	for (size_t i = 0; i < COUNT(kinds); i++)
		for (size_t len = 0; len < sizeof(event.error.text); len += 341) {
			struct intake_event found;

			event.kind = kinds[i];
			memset(event.error.text, 'a', len);
			event.error.text[len] = '\0';
			found = again(&event);
			assert_int_equal(found.error.outcome, OUTCOME_INPUT);
			assert_string_equal(found.error.text, event.error.text);
		}
}

static void
test_assigned(void **state)
{
	const struct intake_event event = { .kind = INTAKE_ASSIGNED, .assigned = { 3, 1, 7, 1000, 990, 2000, 12 } };
	struct intake_event found;

	(void)state;
	found = again(&event);
	assert_int_equal(found.assigned.assignment, 3);
	assert_int_equal(found.assigned.topic, 1);
	assert_int_equal(found.assigned.partition, 7);
	assert_int_equal(found.assigned.start, 1000);
	assert_int_equal(found.assigned.warm, 990);
	assert_int_equal(found.assigned.end, 2000);
	assert_int_equal(found.assigned.missed, 12);
}

static void
assert_bytes(const uint8_t *found, uint32_t found_len, const uint8_t *bytes, uint32_t len)
{
	assert_int_equal(found_len, bytes != NULL ? len : 0);
	assert_int_equal(found != NULL, bytes != NULL);
	if (found_len > 0)
		assert_memory_equal(found, bytes, len);
}

/* What is not there differs from what is empty: a tombstone is no packet of length 0. */
static void
test_messages(void **state)
{
	static const uint8_t bytes[] = "0123456789";
	static const struct {
		const uint8_t *bytes;
		uint32_t len;
	} fields[] = { { NULL, 0 }, { bytes, 0 }, { bytes, 1 }, { bytes + 1, 9 } };

	(void)state;
	for (size_t i = 0; i < COUNT(fields); i++)
		for (size_t j = 0; j < COUNT(fields); j++)
			for (size_t k = 0; k < COUNT(fields); k++) {
				const struct intake_message message = { .assignment = 5,
					.sent_ms = 1700000000123,
					.offset = INT64_MAX,
					.key = fields[i].bytes,
					.key_len = fields[i].len,
					.header = fields[j].bytes,
					.header_len = fields[j].len,
					.value = fields[k].bytes,
					.value_len = fields[k].len };
				struct intake_event found = again(&(struct intake_event){ .kind = INTAKE_MESSAGE, .message = message });

				assert_int_equal(found.message.assignment, 5);
				assert_true(found.message.offset == INT64_MAX);
				assert_true(found.message.sent_ms == 1700000000123);
				assert_bytes(found.message.key, found.message.key_len, fields[i].bytes, fields[i].len);
				assert_bytes(found.message.header, found.message.header_len, fields[j].bytes, fields[j].len);
				assert_bytes(found.message.value, found.message.value_len, fields[k].bytes, fields[k].len);
			}
}

static void
test_long_fields(void **state)
{
	uint8_t *bytes = xcalloc(1, (size_t)INTAKE_VALUE_MAX + 1);
	const struct intake_message message = { 1, 0, bytes, bytes, bytes, INTAKE_KEY_MAX + 1, INTAKE_HEADER_MAX + 1,
		INTAKE_VALUE_MAX + 1, 0 };
	struct intake_event found;

	(void)state;
	assert_int_equal(intake_write_message(&out, &message), 0);
	assert_true(out.len <= INTAKE_FRAME_MAX);
	assert_int_equal(intake_read(out.data, out.len, &found), out.len);
	assert_int_equal(found.message.key_len, INTAKE_KEY_MAX);
	assert_int_equal(found.message.header_len, INTAKE_HEADER_MAX);
	assert_int_equal(found.message.value_len, INTAKE_VALUE_MAX);
	free(bytes);
}

static void
test_full(void **state)
{
	static const uint8_t bytes[100];
	const struct intake_message message = { .assignment = 1, .value = bytes, .value_len = sizeof(bytes) };
	struct buffer small;

	(void)state;
	buffer_init(&small, 50);
	assert_int_equal(intake_write_message(&small, &message), -1);
	assert_int_equal(small.len, 0);
	buffer_release(&small);
}

/* Puts a number of 4 bytes into the frame. */
static void
put(size_t at, uint32_t number)
{
	memcpy(out.data + at, &number, sizeof(number));
}

static void
assert_refused(void)
{
	struct intake_event found;

	assert_int_equal(read_exactly(out.data, out.len, &found), -1);
}

static void
test_nonsense(void **state)
{
	static const uint8_t bytes[] = "0123456789";
	const struct intake_message message = { 1, 2, bytes, NULL, bytes, 3, 0, 4, -1 };
	/* Where a number of the message stands, and what it must not be. */
	static const struct {
		size_t at;
		uint32_t number;
	} bad[] = {
		{ 0, UINT32_MAX }, { 0, INTAKE_FRAME_MAX }, { 0, 3 }, { 0, 38 }, /* length of the frame */
		{ 4, INTAKE_KINDS }, { 4, UINT32_MAX },                          /* kind */
		{ HEAD + 4, 0x80000000 },                                        /* offset, on a little-endian machine */
		{ HEAD + 8, 0 },                                                 /* assignment */
		{ HEAD + 12, 2 }, { HEAD + 12, 8 }, { HEAD + 12, UINT32_MAX },   /* length of the key */
		{ HEAD + 16, 0x7fffffff }, { HEAD + 20, 5 }, { HEAD + 20, UINT32_MAX - 1 }
	};

	(void)state;
	for (size_t i = 0; i < COUNT(bad); i++) {
		buffer_clear(&out);
		assert_int_equal(intake_write_message(&out, &message), 0);
		put(bad[i].at, bad[i].number);
#if __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
		if (bad[i].at == HEAD + 4)
			continue;
#endif
		assert_refused();
	}
}

static void
test_other_nonsense(void **state)
{
	struct intake_event event = { .kind = INTAKE_NOTE, .error = { .text = "four" } };
	const struct intake_event warm_late = { .kind = INTAKE_ASSIGNED, .assigned = { 1, 0, 0, 5, 6, 10, 0 } };
	const struct intake_event no_partition = { .kind = INTAKE_ASSIGNED, .assigned = { 1, 0, -1, 5, 5, 10, 0 } };
	const struct intake_event nobody = { .kind = INTAKE_ASSIGNED, .assigned = { 0, 0, 0, 5, 5, 10, 0 } };
	const struct intake_event large = { .kind = INTAKE_HIGH, .number = (uint64_t)INT64_MAX + 1 };

	(void)state;
	assert_int_equal(intake_write(&out, &event), 0);
	out.data[HEAD + 5] = '\0';
	assert_refused();
	out.data[HEAD + 5] = 'o';
	put(HEAD, OUTCOME_REJECTED + 1);
	assert_refused();
	buffer_clear(&out);
	assert_int_equal(intake_write(&out, &warm_late), 0);
	assert_refused();
	buffer_clear(&out);
	assert_int_equal(intake_write(&out, &no_partition), 0);
	assert_refused();
	buffer_clear(&out);
	assert_int_equal(intake_write(&out, &nobody), 0);
	assert_refused();
	buffer_clear(&out);
	assert_int_equal(intake_write(&out, &large), 0);
	assert_refused();
	buffer_clear(&out);
	event = (struct intake_event){ .kind = INTAKE_REVOKED, .flag = true };
	assert_int_equal(intake_write(&out, &event), 0);
	put(HEAD + 12, 2);
	assert_refused();
}

static void
test_orders(void **state)
{
	struct intake_order found;

	(void)state;
	for (int word = 0; word < INTAKE_WORDS; word++) {
		const struct intake_order order = { (enum intake_word)word, 9, 1234567890123 };

		buffer_clear(&out);
		assert_int_equal(intake_write_order(&out, &order), 0);
		for (size_t len = 0; len < out.len; len++)
			assert_int_equal(intake_read_order(out.data, len, &found), 0);
		assert_int_equal(intake_read_order(out.data, out.len, &found), out.len);
		assert_int_equal(found.word, word);
		assert_int_equal(found.assignment, 9);
		assert_true(found.number == 1234567890123);
	}
	put(8, INTAKE_WORDS);
	assert_int_equal(intake_read_order(out.data, out.len, &found), -1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_said, setup, teardown),
		cmocka_unit_test_setup_teardown(test_spoken, setup, teardown),
		cmocka_unit_test_setup_teardown(test_assigned, setup, teardown),
		cmocka_unit_test_setup_teardown(test_messages, setup, teardown),
		cmocka_unit_test_setup_teardown(test_long_fields, setup, teardown),
		cmocka_unit_test_setup_teardown(test_full, setup, teardown),
		cmocka_unit_test_setup_teardown(test_nonsense, setup, teardown),
		cmocka_unit_test_setup_teardown(test_other_nonsense, setup, teardown),
		cmocka_unit_test_setup_teardown(test_orders, setup, teardown)
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
