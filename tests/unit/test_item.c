/* SPDX-License-Identifier: BSD-2-Clause */
/* Tests of deliver/item.c: retries, losses, and what a start makes of an entry. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/xalloc.h"
#include "deliver/item.h"

static const struct item_rules rules = { 2, 1000 };

static struct item *
new_item(unsigned destinations)
{
	struct entry *entry = xcalloc(1, sizeof(*entry));

	entry->parcel.destinations = destinations;
	entry->len = 1;
	return item_new("name", entry);
}

static void
attempt(struct item *item, enum destination destination, enum attempt_end end)
{
	item_begin(item, destination);
	item_end(item, destination, &(struct attempt_result){ .end = end, .text = "why", .url = "u", .id = "i" }, &rules);
}

static enum entry_state
state_of(const struct item *item, enum destination destination)
{
	return item->entry->ways[destination].state;
}

static void
test_delivered(void **state)
{
	struct item *item = new_item(1U << DESTINATION_S3);
	const struct entry_way *way = &item->entry->ways[DESTINATION_S3];

	(void)state;
	attempt(item, DESTINATION_S3, ATTEMPT_LATER);
	assert_string_equal(way->text, "why");
	item_begin(item, DESTINATION_S3);
	assert_int_equal(way->state, ENTRY_SENDING);
	assert_int_equal(item->users, 1);
	item_end(item, DESTINATION_S3, &(struct attempt_result){ .end = ATTEMPT_DELIVERED, .url = "u" }, &rules);
	assert_int_equal(way->state, ENTRY_DELIVERED);
	assert_string_equal(way->url, "u");
	assert_null(way->id);
	assert_null(way->text);
	assert_int_equal(way->attempts, 2);
	assert_int_equal(item->users, 0);
	item_free(item);
}

static void
test_retries(void **state)
{
	struct item *item = new_item(1U << DESTINATION_LOCAL | 1U << DESTINATION_S3);

	(void)state;
	for (unsigned i = 0; i < rules.max_retries; i++) {
		attempt(item, DESTINATION_LOCAL, ATTEMPT_LATER);
		assert_int_equal(state_of(item, DESTINATION_LOCAL), ENTRY_WAITING);
	}
	attempt(item, DESTINATION_LOCAL, ATTEMPT_LATER);
	assert_int_equal(state_of(item, DESTINATION_LOCAL), ENTRY_FAILED);
	attempt(item, DESTINATION_S3, ATTEMPT_REFUSED);
	assert_int_equal(state_of(item, DESTINATION_S3), ENTRY_FAILED);
	item_free(item);
}

/* The next attempt waits, for so long as the server has said at least. */
static void
test_due(void **state)
{
	struct item *item = new_item(1U << DESTINATION_S3);
	uint64_t now = clock_ms(), when = UINT64_MAX;

	(void)state;
	assert_true(item_is_due(item, DESTINATION_S3, now, &when));
	assert_false(item_is_due(item, DESTINATION_LOCAL, now, &when));
	item_begin(item, DESTINATION_S3);
	assert_false(item_is_due(item, DESTINATION_S3, now, &when));
	assert_true(when == UINT64_MAX);
	item_end(item, DESTINATION_S3, &(struct attempt_result){ .end = ATTEMPT_LATER, .retry_after = 5000 }, &rules);
	assert_false(item_is_due(item, DESTINATION_S3, now, &when));
	assert_true(when >= now + 5000 && when < now + 60000);
	assert_true(item_is_due(item, DESTINATION_S3, when, &when));
	item->is_checking = true;
	assert_false(item_is_due(item, DESTINATION_S3, when, &when));
	item_free(item);
}

/* CloudShark: repeated once. S3 sees that an object is there, so it is tried as often as any. */
static void
test_lost(void **state)
{
	struct item *item = new_item(1U << DESTINATION_CLOUDSHARK | 1U << DESTINATION_S3);

	(void)state;
	attempt(item, DESTINATION_CLOUDSHARK, ATTEMPT_LATER);
	attempt(item, DESTINATION_CLOUDSHARK, ATTEMPT_LOST);
	assert_int_equal(state_of(item, DESTINATION_CLOUDSHARK), ENTRY_WAITING);
	attempt(item, DESTINATION_CLOUDSHARK, ATTEMPT_LOST);
	assert_int_equal(state_of(item, DESTINATION_CLOUDSHARK), ENTRY_UNKNOWN);
	attempt(item, DESTINATION_S3, ATTEMPT_LOST);
	attempt(item, DESTINATION_S3, ATTEMPT_LOST);
	assert_int_equal(state_of(item, DESTINATION_S3), ENTRY_WAITING);
	/* It may be there, whatever the last attempt says. */
	attempt(item, DESTINATION_S3, ATTEMPT_LATER);
	assert_int_equal(state_of(item, DESTINATION_S3), ENTRY_UNKNOWN);
	item_free(item);
}

static void
test_restored(void **state)
{
	struct item *item = new_item((1U << DESTINATIONS) - 1);
	struct entry_way *ways = item->entry->ways;

	(void)state;
	ways[DESTINATION_LOCAL].state = ENTRY_SENDING;
	ways[DESTINATION_CLOUDSHARK].state = ENTRY_SENDING;
	ways[DESTINATION_S3].state = ENTRY_DELIVERED;
	ways[DESTINATION_INDEX].next = clock_of_day() + 7200000;
	item_restore(item);
	assert_true(item->is_restored && item->is_unchecked && item->is_unsaved);
	/* A local file is looked at again; what CloudShark has is not known. */
	assert_int_equal(ways[DESTINATION_LOCAL].state, ENTRY_WAITING);
	assert_int_equal(ways[DESTINATION_LOCAL].lost, 0);
	assert_int_equal(ways[DESTINATION_CLOUDSHARK].state, ENTRY_WAITING);
	assert_int_equal(ways[DESTINATION_CLOUDSHARK].lost, 1);
	assert_false(item->is_repeat[DESTINATION_CLOUDSHARK]);
	assert_true(item->is_repeat[DESTINATION_S3]);
	/* A clock that was wrong does not put it off for ever. */
	assert_true(item->next[DESTINATION_INDEX] <= clock_ms() + 60000);
	ways[DESTINATION_CLOUDSHARK].state = ENTRY_SENDING;
	item_restore(item);
	assert_int_equal(ways[DESTINATION_CLOUDSHARK].state, ENTRY_UNKNOWN);
	assert_true(item->is_repeat[DESTINATION_CLOUDSHARK]);
	item_free(item);
}

/* Back from the dead letter folder. */
static void
test_anew(void **state)
{
	struct item *item = new_item(1U << DESTINATION_S3 | 1U << DESTINATION_LOCAL);
	struct entry_way *way = &item->entry->ways[DESTINATION_S3];

	(void)state;
	item->entry->is_dead = true;
	way->state = ENTRY_UNKNOWN;
	way->attempts = 9;
	way->lost = 2;
	way->is_told = true;
	way->next = clock_of_day() + 1000;
	item->entry->ways[DESTINATION_LOCAL].state = ENTRY_DELIVERED;
	item_restore(item);
	assert_false(item->entry->is_dead);
	assert_int_equal(way->state, ENTRY_WAITING);
	assert_true(way->attempts == 0 && way->lost == 0 && !way->is_told);
	assert_true(item->next[DESTINATION_S3] == 0);
	assert_int_equal(state_of(item, DESTINATION_LOCAL), ENTRY_DELIVERED);
	item_free(item);
	/* A record without a file cannot. */
	item = new_item(1U << DESTINATION_S3);
	item->entry->len = 0;
	item->entry->is_dead = true;
	item->entry->ways[DESTINATION_S3].state = ENTRY_FAILED;
	item_restore(item);
	assert_int_equal(state_of(item, DESTINATION_S3), ENTRY_FAILED);
	item_free(item);
}

/* Documents name the local file: the index waits for the first attempt at that, and no longer. */
static void
test_order(void **state)
{
	struct item *item = new_item(1U << DESTINATION_INDEX | 1U << DESTINATION_LOCAL);
	uint64_t now = clock_ms(), when = UINT64_MAX;

	(void)state;
	assert_false(item_is_due(item, DESTINATION_INDEX, now, &when));
	item_begin(item, DESTINATION_LOCAL);
	assert_false(item_is_due(item, DESTINATION_INDEX, now, &when));
	item_end(item, DESTINATION_LOCAL, &(struct attempt_result){ .end = ATTEMPT_LATER }, &rules);
	assert_true(item_is_due(item, DESTINATION_INDEX, now, &when));
	item_free(item);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_delivered),
		cmocka_unit_test(test_retries),
		cmocka_unit_test(test_due),
		cmocka_unit_test(test_lost),
		cmocka_unit_test(test_restored),
		cmocka_unit_test(test_anew),
		cmocka_unit_test(test_order),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
