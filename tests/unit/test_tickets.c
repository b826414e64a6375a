/* SPDX-License-Identifier: BSD-2-Clause */
/* Tests of listen/tickets.c. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/xalloc.h"
#include "listen/tickets.h"

static void
test_tickets(void **state)
{
	char *bytes = xcalloc(1, 2 * TICKET_BYTES_MAX);
	const struct listener_message first = { .bytes = "abc", .len = 3, .id = "x:1", .sent_ms = 5, .is_local = true };
	const struct listener_message second = { .bytes = bytes, .len = 2 * TICKET_BYTES_MAX, .sent_ms = -1 };
	struct tickets tickets;
	struct listener_message again;
	struct ticket *one, *two;

	(void)state;
	tickets_init(&tickets);
	one = tickets_add(&tickets, &first, "handle");
	two = tickets_add(&tickets, &second, NULL);
	assert_int_equal(tickets.count, 2);
	assert_int_equal(one->number, 1);
	assert_ptr_equal(tickets_get(&tickets, 2), two);
	assert_null(tickets_get(&tickets, 3));
	assert_ptr_equal(tickets_find(&tickets, "x:1"), one);
	assert_null(tickets_find(&tickets, "x:2"));
	again = ticket_message(one);
	assert_int_equal(again.len, 3);
	assert_memory_equal(again.bytes, "abc", 3);
	assert_string_equal(again.id, "x:1");
	assert_true(again.is_local && again.is_again && again.ticket == 1 && again.sent_ms == 5);
	assert_int_equal(two->len, TICKET_BYTES_MAX);
	assert_null(tickets_first_retry(&tickets));
	one->retry_at = 20;
	assert_ptr_equal(tickets_first_retry(&tickets), one);
	two->retry_at = 10;
	assert_ptr_equal(tickets_first_retry(&tickets), two);
	tickets_remove(&tickets, one);
	assert_null(tickets_get(&tickets, 1));
	/* Numbers are not reused. */
	assert_int_equal(tickets_add(&tickets, &first, NULL)->number, 3);
	tickets_release(&tickets);
	assert_int_equal(tickets.count, 0);
	free(bytes);
}

int
main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_tickets) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
