/* SPDX-License-Identifier: BSD-2-Clause */
/* Tests of request/ledger.c: ids are remembered, and captures that were open in a crash are found. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/xalloc.h"
#include "request/ledger.h"

#define MAX ((size_t)1 << 20)

static const char *const two[] = { "eth0", "bond 1%" };

static void
accept_two(struct ledger *ledger, const char *id, int64_t time, struct buffer *out)
{
	const struct ledger_entry entry = {
		.id = id, .signer = "noc", .alertid = "-", .time = time, .destinations = 5, .count = 2, .interfaces = two
	};

	assert_int_equal(ledger_accept(ledger, &entry, out), 0);
}

struct seen {
	size_t count;
	char ids[64];
};

static void
see(void *ctx, const struct ledger_entry *entry)
{
	struct seen *seen = ctx;

	seen->count++;
	(void)strcat(strcat(seen->ids, entry->id), ";");
}

static void
test_crash(void **state)
{
	struct ledger *ledger = ledger_new(1000, 10), *again = ledger_new(1000, 10);
	const struct ledger_entry *found;
	struct seen seen = { .count = 0 };
	struct buffer out, written;

	(void)state;
	buffer_init(&out, MAX);
	buffer_init(&written, MAX);
	accept_two(ledger, "a b\n\x01%-\xc3\xa9", 5, &out);
	accept_two(ledger, "b", 6, &out);
	accept_two(ledger, "c", 7, &out);
	assert_int_equal(ledger_settle(ledger, "b", 1, LEDGER_SPOOLED, &out), 0);
	assert_int_equal(ledger_settle(ledger, "c", 0, LEDGER_EMPTY, &out), 0);
	assert_int_equal(ledger_settle(ledger, "c", 1, LEDGER_FAILED, &out), 0);
	assert_int_equal(ledger_settle(ledger, "c", 2, LEDGER_SPOOLED, &out), -1);
	assert_int_equal(ledger_settle(ledger, "d", 0, LEDGER_SPOOLED, &out), -1);
	assert_int_equal(ledger_read(again, out.data, out.len), 0);
	assert_int_equal(ledger_count(again), 3);
	found = ledger_find(again, "a b\n\x01%-\xc3\xa9");
	assert_non_null(found);
	assert_string_equal(found->signer, "noc");
	assert_string_equal(found->alertid, "-");
	assert_int_equal(found->time, 5);
	assert_int_equal(found->destinations, 5);
	assert_int_equal(found->count, 2);
	assert_string_equal(found->interfaces[1], "bond 1%");
	assert_int_equal(ledger_find(again, "b")->states[0], LEDGER_OPEN);
	assert_int_equal(ledger_find(again, "b")->states[1], LEDGER_SPOOLED);
	ledger_each_open(again, see, &seen);
	assert_int_equal(seen.count, 2);
	assert_string_equal(seen.ids, "a b\n\x01%-\xc3\xa9;b;");
	/* Written as a whole it is the same. */
	assert_int_equal(ledger_write(again, &written), 0);
	assert_int_equal(written.len, out.len);
	buffer_release(&out);
	buffer_release(&written);
	ledger_free(ledger);
	ledger_free(again);
}

static void
test_texts(void **state)
{
	char long_text[LEDGER_TEXT_MAX + 2];
	const char *none[] = { "" };
	struct ledger_entry entry = { .id = "x", .count = 1, .interfaces = none };
	struct ledger *ledger = ledger_new(1000, 10), *again = ledger_new(1000, 10);
	struct buffer out, tight;

	(void)state;
	buffer_init(&out, MAX);
	buffer_init(&tight, 20);
	assert_int_equal(ledger_accept(ledger, &entry, &tight), -1);
	assert_int_equal(tight.len, 0);
	assert_int_equal(ledger_accept(ledger, &entry, &out), 0);
	assert_int_equal(ledger_accept(ledger, &entry, &out), -1);
	memset(long_text, 'a', sizeof(long_text) - 1);
	long_text[sizeof(long_text) - 1] = '\0';
	entry.id = long_text;
	assert_int_equal(ledger_accept(ledger, &entry, &out), -1);
	entry.id = "";
	assert_int_equal(ledger_accept(ledger, &entry, &out), -1);
	entry.id = "-";
	assert_int_equal(ledger_accept(ledger, &entry, &out), 0);
	assert_int_equal(ledger_read(again, out.data, out.len), 0);
	assert_string_equal(ledger_find(again, "x")->interfaces[0], "");
	assert_null(ledger_find(again, "x")->signer);
	assert_null(ledger_find(again, "x")->alertid);
	assert_non_null(ledger_find(again, "-"));
	buffer_release(&out);
	buffer_release(&tight);
	ledger_free(ledger);
	ledger_free(again);
}

static void
test_damage(void **state)
{
	struct ledger *ledger = ledger_new(1000, 10);
	struct buffer out;

	(void)state;
	buffer_init(&out, MAX);
	accept_two(ledger, "a", 5, &out);
	accept_two(ledger, "b", 6, &out);
	/* Each byte changed, and each length: never more than is there, and never what is not. */
	for (size_t i = 0; i < out.len; i++) {
		struct ledger *again = ledger_new(1000, 10);

		out.data[i] ^= 1;
		assert_in_range(ledger_read(again, out.data, out.len), 1, 2);
		assert_in_range(ledger_count(again), 0, 1);
		out.data[i] ^= 1;
		ledger_free(again);
		again = ledger_new(1000, 10);
		(void)ledger_read(again, out.data, i);
		assert_in_range(ledger_count(again), 0, 1);
		ledger_free(again);
	}
	buffer_release(&out);
	ledger_free(ledger);
}

static void
test_expiry(void **state)
{
	struct ledger *ledger = ledger_new(1000, 2);
	struct buffer out;

	(void)state;
	buffer_init(&out, MAX);
	accept_two(ledger, "a", 5000, &out);
	assert_true(ledger_expire(ledger, 5000));
	accept_two(ledger, "b", 5500, &out);
	assert_false(ledger_expire(ledger, 6000));
	/* Old, but it has not ended. */
	assert_false(ledger_expire(ledger, 9000));
	assert_int_equal(ledger_settle(ledger, "a", 0, LEDGER_EMPTY, &out), 0);
	assert_false(ledger_expire(ledger, 9000));
	assert_int_equal(ledger_settle(ledger, "a", 1, LEDGER_SPOOLED, &out), 0);
	assert_true(ledger_expire(ledger, 9000));
	assert_null(ledger_find(ledger, "a"));
	assert_non_null(ledger_find(ledger, "b"));
	accept_two(ledger, "a", 9000, &out);
	ledger_withdraw(ledger, "c");
	ledger_withdraw(ledger, "a");
	assert_null(ledger_find(ledger, "a"));
	accept_two(ledger, "a", 9000, &out);
	/* A clock that was set back makes nothing old. */
	assert_false(ledger_expire(ledger, 0));
	buffer_release(&out);
	ledger_free(ledger);
}

int
main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_crash), cmocka_unit_test(test_texts),
		cmocka_unit_test(test_damage), cmocka_unit_test(test_expiry) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
