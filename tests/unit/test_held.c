/* SPDX-License-Identifier: BSD-2-Clause */
/* Tests of kafka/held.c: refused messages keep their bytes and their order. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "kafka/held.h"

static void
add(struct held *held, const char *header, const char *value)
{
	const struct held_message message = { .key = "1234567",
		.conversation = 7,
		.header_len = strlen(header),
		.value_len = strlen(value) };

	held_add(held, &message, header, (const uint8_t *)value);
}

static void
check_first(struct held *held, const char *bytes)
{
	const struct held_message *first = held->first;

	assert_int_equal(first->header_len + first->value_len, strlen(bytes));
	assert_memory_equal(first->bytes, bytes, strlen(bytes));
	assert_string_equal((const char *)first->key, "1234567");
	assert_int_equal(first->conversation, 7);
	held_drop(held);
}

static void
test_order(void **state)
{
	struct held held = { .count = 0 }, returned = { .count = 0 };

	(void)state;
	/* Nothing before nothing. */
	held_put_before(&held, &returned);
	assert_int_equal(held.count, 0);
	add(&returned, "h1", "one");
	add(&returned, "", "two");
	held_put_before(&held, &returned);
	assert_int_equal(held.count, 2);
	assert_null(returned.first);
	check_first(&held, "h1one");
	/* What came back before what was not sent again. */
	add(&returned, "h1", "one");
	held_put_before(&held, &returned);
	add(&held, "h3", "");
	held_put_before(&held, &returned);
	assert_int_equal(held.count, 3);
	check_first(&held, "h1one");
	check_first(&held, "two");
	check_first(&held, "h3");
	assert_null(held.first);
	assert_null(held.last);
	add(&held, "", "");
	check_first(&held, "");
}

static void
test_clear(void **state)
{
	struct held held = { .count = 0 };

	(void)state;
	for (int i = 0; i < 100; i++)
		add(&held, "header", "value");
	held_clear(&held);
	assert_int_equal(held.count, 0);
	assert_null(held.first);
	assert_null(held.last);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_order),
		cmocka_unit_test(test_clear),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
