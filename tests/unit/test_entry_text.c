/* SPDX-License-Identifier: BSD-2-Clause */
/* Tests of deliver/entry.c and entry_text.c: an entry of the spool is read as it was written, or not at all. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "deliver/entry_text.h"

#define SUM "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

static void
fill(struct entry *entry)
{
	const struct parcel parcel = { .capture = (char *)(uintptr_t) "id 7/eth0",
		.name = (char *)(uintptr_t) "sensor-eth0-1.pcap",
		.tags = (char *)(uintptr_t) "a,\"b\"\n",
		.facts = { { (char *)(uintptr_t) "host", (char *)(uintptr_t) "s\xc3\xbc" },
		    { (char *)(uintptr_t) "bpf", (char *)(uintptr_t) "" } },
		.fact_count = 2,
		.destinations = 1U << DESTINATION_S3 | 1U << DESTINATION_CLOUDSHARK,
		.s3 = { .key = (char *)(uintptr_t) "k", .acl = (char *)(uintptr_t) "private" } };
	struct entry_way *way = &entry->ways[DESTINATION_CLOUDSHARK];

	memset(entry, 0, sizeof(*entry));
	parcel_copy(&entry->parcel, &parcel);
	memcpy(entry->sha256, SUM, sizeof(SUM));
	entry->len = INT64_MAX;
	entry->put = 1700000000123;
	way->state = ENTRY_DELIVERED;
	way->attempts = UINT32_MAX;
	way->lost = 1;
	way->next = 77;
	way->documents = 9;
	way->is_told = true;
	entry_set(&way->url, "https://h/captures/1");
	entry_set(&way->id, "1");
}

static void
write_entry(const struct entry *entry, struct buffer *out)
{
	buffer_init(out, ENTRY_LEN_MAX);
	assert_int_equal(entry_write(entry, out), 0);
}

static void
test_round_trip(void **state)
{
	struct entry entry, again;
	struct buffer text, second;
	struct error error;

	(void)state;
	fill(&entry);
	write_entry(&entry, &text);
	assert_int_equal(entry_read(text.data, text.len, &again, &error), 0);
	assert_string_equal(again.parcel.capture, "id 7/eth0");
	assert_string_equal(again.parcel.tags, "a,\"b\"\n");
	assert_null(again.parcel.comments);
	assert_null(again.reason);
	assert_string_equal(parcel_fact(&again.parcel, "host"), "s\xc3\xbc");
	assert_string_equal(parcel_fact(&again.parcel, "bpf"), "");
	assert_null(parcel_fact(&again.parcel, "id"));
	assert_int_equal(again.parcel.destinations, 1U << DESTINATION_S3 | 1U << DESTINATION_CLOUDSHARK);
	assert_string_equal(again.parcel.s3.key, "k");
	assert_null(again.parcel.s3.bucket);
	assert_string_equal(again.sha256, SUM);
	assert_true(again.len == INT64_MAX && again.put == 1700000000123);
	assert_false(again.is_dead);
	assert_int_equal(again.ways[DESTINATION_CLOUDSHARK].state, ENTRY_DELIVERED);
	assert_true(again.ways[DESTINATION_CLOUDSHARK].is_told);
	assert_int_equal(again.ways[DESTINATION_CLOUDSHARK].attempts, UINT32_MAX);
	assert_string_equal(again.ways[DESTINATION_CLOUDSHARK].url, "https://h/captures/1");
	assert_int_equal(again.ways[DESTINATION_S3].state, ENTRY_WAITING);
	assert_false(again.ways[DESTINATION_S3].is_told);
	write_entry(&again, &second);
	assert_int_equal(text.len, second.len);
	assert_memory_equal(text.data, second.data, text.len);
	buffer_release(&text);
	buffer_release(&second);
	entry_release(&entry);
	entry_release(&again);
}

/* One that was interrupted has no file. */
static void
test_without_file(void **state)
{
	struct entry entry, again;
	struct buffer text;
	struct error error;

	(void)state;
	fill(&entry);
	entry.len = 0;
	entry.sha256[0] = '\0';
	entry.is_dead = true;
	entry_set(&entry.reason, "interrupted");
	write_entry(&entry, &text);
	assert_int_equal(entry_read(text.data, text.len, &again, &error), 0);
	assert_string_equal(again.reason, "interrupted");
	assert_true(again.is_dead);
	entry_release(&again);
	buffer_release(&text);
	entry.len = 5;
	write_entry(&entry, &text);
	assert_int_equal(entry_read(text.data, text.len, &again, &error), -1);
	assert_non_null(strstr(error.text, "checksum"));
	buffer_release(&text);
	entry_release(&entry);
}

/* Whatever bit is wrong, and wherever it is cut. */
static void
test_damage(void **state)
{
	struct entry entry, again;
	struct buffer text;
	struct error error;

	(void)state;
	fill(&entry);
	write_entry(&entry, &text);
	for (size_t i = 0; i < text.len; i++) {
		for (unsigned bit = 0; bit < 8; bit++) {
			text.data[i] = (char)(text.data[i] ^ 1 << bit);
			assert_int_equal(entry_read(text.data, text.len, &again, &error), -1);
			text.data[i] = (char)(text.data[i] ^ 1 << bit);
		}
		assert_int_equal(entry_read(text.data, i, &again, &error), -1);
	}
	buffer_release(&text);
	entry_release(&entry);
}

/* The longest texts, of which each byte needs six. */
static void
test_longest(void **state)
{
	static char longest[PARCEL_TEXT_MAX - 64];
	struct entry entry, again;
	struct buffer text;
	struct error error;

	(void)state;
	memset(longest, '\x01', sizeof(longest) - 1);
	fill(&entry);
	entry_set(&entry.parcel.tags, longest);
	write_entry(&entry, &text);
	assert_int_equal(entry_read(text.data, text.len, &again, &error), 0);
	assert_string_equal(again.parcel.tags, longest);
	entry_release(&again);
	buffer_release(&text);
	entry_release(&entry);
}

static void
test_ends(void **state)
{
	struct entry entry;
	bool failed;

	(void)state;
	fill(&entry);
	assert_true(entry_is_open(&entry, DESTINATION_S3));
	assert_false(entry_is_open(&entry, DESTINATION_CLOUDSHARK));
	assert_false(entry_is_open(&entry, DESTINATION_LOCAL));
	assert_false(entry_has_ended(&entry, &failed));
	entry.ways[DESTINATION_S3].state = ENTRY_SENDING;
	assert_true(entry_is_open(&entry, DESTINATION_S3));
	entry.ways[DESTINATION_S3].state = ENTRY_DELIVERED;
	assert_true(entry_has_ended(&entry, &failed) && !failed);
	entry.ways[DESTINATION_S3].state = ENTRY_WAITING;
	entry_fail(&entry, "no");
	assert_int_equal(entry.ways[DESTINATION_S3].state, ENTRY_FAILED);
	assert_string_equal(entry.ways[DESTINATION_S3].text, "no");
	assert_int_equal(entry.ways[DESTINATION_CLOUDSHARK].state, ENTRY_DELIVERED);
	assert_true(entry_has_ended(&entry, &failed) && failed);
	/* It may be there. */
	entry.ways[DESTINATION_S3].state = ENTRY_WAITING;
	entry.ways[DESTINATION_S3].lost = 1;
	entry_fail(&entry, "no");
	assert_int_equal(entry.ways[DESTINATION_S3].state, ENTRY_UNKNOWN);
	entry_release(&entry);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_round_trip),
		cmocka_unit_test(test_without_file),
		cmocka_unit_test(test_damage),
		cmocka_unit_test(test_longest),
		cmocka_unit_test(test_ends),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
