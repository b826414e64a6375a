/* SPDX-License-Identifier: BSD-2-Clause */
/* Tests of packet/capture_id.c: what the id hangs on, and what not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "packet/capture_id.h"

static const uint8_t bytes[600] = "some packet";

static const struct capture_record packet = { .is_packet = true,
	.raw = bytes,
	.raw_len = 100,
	.ordinal = 1,
	.has_time = true,
	.sec = 1438233730,
	.nsec = 634684000,
	.linktype = 1,
	.snaplen = 65535,
	.bytes = bytes,
	.caplen = 60,
	.wirelen = 1514 };

static void
id_of(const struct capture_record *record, char id[CAPTURE_ID_LEN])
{
	assert_int_equal(capture_id(record, id), 0);
	assert_int_equal(strlen(id), 32);
	assert_int_equal(strspn(id, "0123456789abcdef"), 32);
}

static void
assert_differs(const struct capture_record *a, const struct capture_record *b,
    bool differs)
{
	char one[CAPTURE_ID_LEN], two[CAPTURE_ID_LEN];

	id_of(a, one);
	id_of(b, two);
	assert_int_equal(strcmp(one, two) != 0, differs);
}

/* Ids are in people's clusters: they must not change from version to version. */
static void
test_id_is_what_it_was(void **state)
{
	char id[CAPTURE_ID_LEN];

	(void)state;
	id_of(&packet, id);
	assert_string_equal(id, "ced8e05e4e9e99de327f77b6f2ec438f");
}

/* The same file as pcap and pcapng, or with another snap length, holds the same packet. */
static void
test_the_format_does_not_matter(void **state)
{
	struct capture_record other = packet;

	(void)state;
	other.raw = bytes + 50;
	other.raw_len = 12;
	other.snaplen = 0;
	assert_differs(&packet, &other, false);
}

static void
test_all_of_the_packet_matters(void **state)
{
	struct capture_record other = packet;
	uint8_t changed[sizeof(bytes)];

	(void)state;
	other.sec++;
	assert_differs(&packet, &other, true);
	other = packet;
	other.nsec++;
	assert_differs(&packet, &other, true);
	other = packet;
	other.linktype = 276;
	assert_differs(&packet, &other, true);
	other = packet;
	other.caplen--;
	assert_differs(&packet, &other, true);
	other = packet;
	other.wirelen++;
	assert_differs(&packet, &other, true);
	memcpy(changed, bytes, sizeof(changed));
	changed[59] ^= 1;
	other = packet;
	other.bytes = changed;
	assert_differs(&packet, &other, true);
	changed[59] ^= 1;
	changed[60] ^= 1;
	assert_differs(&packet, &other, false);
}

/* Of a format that only tshark knows there are bytes, no packets. */
static void
test_foreign_formats(void **state)
{
	struct capture_record whole = { .raw = bytes, .raw_len = 600 };
	struct capture_record part = { .raw = bytes, .raw_len = 512 };
	uint8_t changed[sizeof(bytes)];

	(void)state;
	/* However much of it came at once. */
	assert_differs(&whole, &part, false);
	part.raw_len = 511;
	assert_differs(&whole, &part, true);
	memcpy(changed, bytes, sizeof(changed));
	changed[0] ^= 1;
	part = whole;
	part.raw = changed;
	assert_differs(&whole, &part, true);
	part = packet;
	part.is_packet = false;
	assert_differs(&packet, &part, true);
}

static void
test_empty_packet(void **state)
{
	struct capture_record empty = { .is_packet = true,
		.raw = bytes,
		.raw_len = 16,
		.bytes = bytes + 16 };
	char id[CAPTURE_ID_LEN];

	(void)state;
	id_of(&empty, id);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_id_is_what_it_was),
		cmocka_unit_test(test_the_format_does_not_matter),
		cmocka_unit_test(test_all_of_the_packet_matters),
		cmocka_unit_test(test_foreign_formats),
		cmocka_unit_test(test_empty_packet),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
