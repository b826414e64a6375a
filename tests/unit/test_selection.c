/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Tests of dissect/selection.c: which packets are wanted, and what is counted. What a feed makes of it is in
 * test_feed.c.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "dissect/selection.h"

#define PACKET_LEN 60
#define USB 189

/* UDP or TCP over IPv4. */
static bool
takes(struct selection *selection, uint64_t ordinal, bool udp, bool foreign)
{
	uint8_t packet[PACKET_LEN] = { [12] = 8, [14] = 0x45, [23] = 6 };
	const struct capture_record record = { .is_packet = true,
		.ordinal = ordinal,
		.linktype = 1,
		.bytes = packet,
		.caplen = PACKET_LEN,
		.wirelen = PACKET_LEN };

	if (udp)
		packet[23] = 17;
	return selection_takes(selection, &record, foreign);
}

/* One that no expression about IP can be asked of. */
static bool
takes_strange(struct selection *selection, uint64_t ordinal, uint32_t linktype)
{
	const uint8_t packet[PACKET_LEN] = { 0 };
	const struct capture_record record = { .is_packet = true,
		.ordinal = ordinal,
		.linktype = linktype,
		.bytes = packet,
		.caplen = PACKET_LEN,
		.wirelen = PACKET_LEN };

	return selection_takes(selection, &record, false);
}

static void
assert_counts(const struct selection *selection, uint64_t seen, uint64_t read,
    uint64_t skipped)
{
	assert_int_equal(selection_seen(selection), seen);
	assert_int_equal(selection_read(selection), read);
	assert_int_equal(selection_skipped(selection), skipped);
}

static void
test_all(void **state)
{
	struct selection *selection = selection_new(NULL, 0);

	(void)state;
	assert_counts(selection, 0, 0, 0);
	assert_true(takes(selection, 1, true, false));
	assert_true(takes(selection, 2, false, false));
	assert_counts(selection, 2, 2, 0);
	/* Again. */
	assert_true(takes(selection, 1, true, false));
	assert_true(takes(selection, 2, false, false));
	assert_true(takes(selection, 3, false, false));
	assert_counts(selection, 3, 3, 0);
	/* Of another session those before are not shown. */
	assert_true(takes(selection, 9, false, false));
	assert_counts(selection, 9, 4, 0);
	assert_false(selection_counts_all(selection));
	assert_false(selection_is_full(selection));
	assert_false(selection_was_applied(selection));
	assert_null(selection_news(selection));
	assert_int_equal(selection_inapplicable(selection)->count, 0);
	selection_free(selection);
}

static void
test_filter(void **state)
{
	struct filter *filter = filter_new("udp", NULL);
	struct selection *selection = selection_new(filter, 0);

	(void)state;
	assert_false(takes(selection, 1, false, false));
	assert_true(selection_was_applied(selection));
	assert_true(takes(selection, 2, true, false));
	assert_counts(selection, 2, 1, 1);
	assert_false(takes(selection, 1, false, false));
	assert_true(takes(selection, 2, true, false));
	assert_counts(selection, 2, 1, 1);
	assert_false(selection_is_full(selection));
	selection_free(selection);
	/* The first that it can be asked of may match. */
	selection = selection_new(filter, 0);
	assert_true(takes(selection, 1, true, false));
	assert_true(selection_was_applied(selection));
	selection_free(selection);
	filter_free(filter);
}

static void
test_count(void **state)
{
	struct filter *filter = filter_new("udp", NULL);
	struct selection *selection = selection_new(filter, 2);

	(void)state;
	assert_true(selection_counts_all(selection));
	assert_true(takes(selection, 1, true, false));
	assert_false(takes(selection, 2, false, false));
	assert_true(takes(selection, 1, true, false));
	assert_false(selection_is_full(selection));
	assert_true(takes(selection, 3, true, false));
	assert_true(selection_is_full(selection));
	assert_counts(selection, 3, 2, 1);
	selection_free(selection);
	filter_free(filter);
}

/* Those of others count for --count only. */
static void
test_foreign(void **state)
{
	struct filter *filter = filter_new("udp", NULL);
	struct selection *selection = selection_new(filter, 3);

	(void)state;
	assert_true(takes(selection, 1, true, true));
	assert_false(takes(selection, 2, false, true));
	assert_true(takes(selection, 3, true, false));
	assert_true(takes(selection, 3, true, true));
	assert_counts(selection, 3, 1, 0);
	assert_false(selection_is_full(selection));
	assert_true(takes(selection, 4, true, true));
	assert_true(selection_is_full(selection));
	assert_counts(selection, 4, 1, 0);
	selection_free(selection);
	filter_free(filter);
}

static void
test_inapplicable(void **state)
{
	struct filter *filter = filter_new("udp", NULL);
	struct selection *selection = selection_new(filter, 0);

	(void)state;
	assert_false(takes_strange(selection, 1, CAPTURE_LINKTYPE_NONE));
	assert_null(selection_news(selection));
	assert_int_equal(selection_inapplicable(selection)->count, 0);
	assert_false(takes_strange(selection, 2, USB));
	assert_false(selection_was_applied(selection));
	/* Once, however many packets come meanwhile. */
	assert_false(takes_strange(selection, 3, USB));
	assert_non_null(selection_news(selection));
	assert_null(selection_news(selection));
	assert_false(takes_strange(selection, 4, USB));
	assert_null(selection_news(selection));
	assert_int_equal(selection_inapplicable(selection)->count, 1);
	assert_int_equal(selection_inapplicable(selection)->at[0].first, 2);
	assert_int_equal(selection_inapplicable(selection)->at[0].last, 4);
	assert_counts(selection, 4, 0, 4);
	assert_true(takes(selection, 5, true, false));
	assert_true(selection_was_applied(selection));
	assert_int_equal(selection_inapplicable(selection)->at[0].last, 4);
	assert_false(takes_strange(selection, 6, USB));
	assert_true(selection_was_applied(selection));
	selection_free(selection);
	filter_free(filter);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_all),
		cmocka_unit_test(test_filter),
		cmocka_unit_test(test_count),
		cmocka_unit_test(test_foreign),
		cmocka_unit_test(test_inapplicable),
	};

	selection_free(NULL);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
