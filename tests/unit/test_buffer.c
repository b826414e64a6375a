/* SPDX-License-Identifier: BSD-2-Clause */
/* Tests of base/buffer.c: growing, consuming, and the maximum. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/buffer.h"

static void
assert_holds(const struct buffer *buffer, const char *text)
{
	assert_int_equal(buffer->len, strlen(text));
	assert_memory_equal(buffer->data, text, strlen(text));
}

static void
test_append_and_consume(void **state)
{
	struct buffer buffer;

	(void)state;
	buffer_init(&buffer, 100);
	assert_int_equal(buffer_room(&buffer), 0);
	assert_int_equal(buffer_append(&buffer, NULL, 0), 0);
	assert_int_equal(buffer_puts(&buffer, "abc"), 0);
	assert_int_equal(buffer_printf(&buffer, "%d-%s", 42, "x"), 0);
	assert_holds(&buffer, "abc42-x");
	buffer_consume(&buffer, 3);
	assert_holds(&buffer, "42-x");
	buffer_consume(&buffer, 99);
	assert_int_equal(buffer.len, 0);
	buffer_consume(&buffer, 0);
	assert_int_equal(buffer_puts(&buffer, "again"), 0);
	assert_holds(&buffer, "again");
	buffer_release(&buffer);
	assert_int_equal(buffer.max, 100);
	assert_null(buffer.data);
}

static void
test_maximum_holds_and_nothing_is_changed(void **state)
{
	struct buffer buffer;

	(void)state;
	buffer_init(&buffer, 10);
	assert_int_equal(buffer_puts(&buffer, "0123456789"), 0);
	assert_int_equal(buffer_puts(&buffer, "x"), -1);
	assert_int_equal(buffer_printf(&buffer, "%s", "x"), -1);
	assert_holds(&buffer, "0123456789");
	buffer_consume(&buffer, 4);
	assert_int_equal(buffer_puts(&buffer, "abcde"), -1);
	assert_int_equal(buffer_puts(&buffer, "abcd"), 0);
	assert_holds(&buffer, "456789abcd");
	assert_int_equal(buffer_reserve(&buffer, SIZE_MAX), -1);
	buffer_release(&buffer);
}

static void
test_reserved_room_is_written_and_added(void **state)
{
	struct buffer buffer;

	(void)state;
	buffer_init(&buffer, SIZE_MAX);
	assert_int_equal(buffer_reserve(&buffer, 100000), 0);
	assert_true(buffer_room(&buffer) >= 100000);
	memset(buffer.data, 'a', 100000);
	buffer_added(&buffer, 100000);
	assert_int_equal(buffer.len, 100000);
	buffer_shrink(&buffer, 1000);
	assert_null(buffer.base);
	assert_int_equal(buffer_puts(&buffer, "x"), 0);
	buffer_shrink(&buffer, 1 << 20);
	assert_non_null(buffer.base);
	assert_int_equal(buffer.len, 0);
	buffer_release(&buffer);
}

/* A queue that is never empty must neither grow without end nor lose a byte. */
static void
test_long_life_as_a_queue(void **state)
{
	struct buffer buffer;
	unsigned in = 0, out = 0;

	(void)state;
	buffer_init(&buffer, 1 << 20);
	while (in < 300000) {
		for (unsigned i = 0; i < 7 + in % 911; i++, in++) {
			unsigned char c = (unsigned char)(in * 31);

			assert_int_equal(buffer_append(&buffer, &c, 1), 0);
		}
		for (; buffer.len > 500; out++) {
			assert_int_equal((unsigned char)buffer.data[0],
			    (unsigned char)(out * 31));
			buffer_consume(&buffer, 1);
		}
	}
	assert_int_equal(in - out, buffer.len);
	assert_true(buffer.size <= 16384);
	buffer_release(&buffer);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_append_and_consume),
		cmocka_unit_test(test_maximum_holds_and_nothing_is_changed),
		cmocka_unit_test(test_reserved_room_is_written_and_added),
		cmocka_unit_test(test_long_life_as_a_queue),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
