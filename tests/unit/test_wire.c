/* SPDX-License-Identifier: BSD-2-Clause */
/* Tests of kafka/wire.c: the bytes of Pycapa, the header, and messages of strangers. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "kafka/wire.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static const uint8_t packet_bytes[42] = { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 2, 0x10, 0xac };

static struct capture_record
record_at(int64_t sec, uint32_t nsec)
{
	return (struct capture_record){ .is_packet = true,
		.ordinal = 18,
		.has_time = true,
		.sec = sec,
		.nsec = nsec,
		.linktype = 1,
		.bytes = packet_bytes,
		.caplen = sizeof(packet_bytes),
		.wirelen = 60 };
}

static const struct wire_origin origin = { .capture = "00112233445566778899aabbccddeeff",
	.interface = "eth0",
	.host = "sensor 1" };

/* The keys that the real Pycapa made of these times, with the times of pcapy. */
static void
test_keys_of_pycapa(void **state)
{
	static const struct {
		int64_t sec;
		uint32_t nsec;
		uint8_t key[WIRE_KEY_LEN];
	} cases[] = {
		{ 1438233730, 634684000, { 0x00, 0x05, 0x1c, 0x10, 0xe2, 0x9e, 0x53, 0xbc } },
		{ 1700000000, 0, { 0x00, 0x06, 0x0a, 0x24, 0x18, 0x1e, 0x40, 0x00 } },
		{ 0, 1000, { 0, 0, 0, 0, 0, 0, 0, 1 } },
		{ 0, 1999, { 0, 0, 0, 0, 0, 0, 0, 1 } }
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct capture_record record = record_at(cases[i].sec, cases[i].nsec);
		struct wire_message message;
		struct wire_packet packet;

		assert_int_equal(wire_write(&origin, &record, &message), 0);
		assert_memory_equal(message.key, cases[i].key, WIRE_KEY_LEN);
		assert_int_equal(wire_parse(message.key, WIRE_KEY_LEN, NULL, 0, 42, &packet), WIRE_PACKET);
		assert_true(packet.has_time);
		assert_false(packet.has_header);
		assert_int_equal(packet.sec, cases[i].sec);
		assert_int_equal(packet.nsec, cases[i].nsec / 1000 * 1000);
		assert_int_equal(packet.linktype, 1);
		assert_int_equal(packet.wirelen, 42);
	}
}

static void
assert_header(const struct wire_origin *from, const struct capture_record *record, const char *header)
{
	struct wire_message message;

	assert_int_equal(wire_write(from, record, &message), 0);
	assert_int_equal(message.header_len, strlen(header));
	assert_memory_equal(message.header, header, message.header_len);
}

static void
test_header(void **state)
{
	const struct wire_origin bare = { .capture = "-" }, hostile = { "a%b", "eth 0\n", "\xc3\xa9 -" };
	struct capture_record record = record_at(1, 2);

	(void)state;
	assert_header(&origin, &record, "1 00112233445566778899aabbccddeeff 18 1 60 2 eth0 sensor%201");
	record.has_time = false;
	assert_header(&bare, &record, "1 %2D 18 1 60 - - -");
	assert_header(&hostile, &record, "1 a%25b 18 1 60 - eth%200%0A %C3%A9%20-");
}

static void
round_trip(const struct wire_origin *from, const struct capture_record *record)
{
	struct wire_message message;
	struct wire_packet packet;

	assert_int_equal(wire_write(from, record, &message), 0);
	assert_int_equal(wire_parse(message.key, WIRE_KEY_LEN, message.header, message.header_len, record->caplen, &packet),
	    WIRE_PACKET);
	assert_true(packet.has_header);
	assert_int_equal(packet.has_time, record->has_time);
	if (record->has_time) {
		assert_int_equal(packet.sec, record->sec);
		assert_int_equal(packet.nsec, record->nsec);
	}
	assert_int_equal(packet.linktype, record->linktype);
	assert_int_equal(packet.wirelen, record->wirelen);
	assert_int_equal(packet.ordinal, record->ordinal);
	assert_string_equal(packet.capture, from->capture);
	assert_string_equal(packet.interface, from->interface != NULL ? from->interface : "");
	assert_string_equal(packet.host, from->host != NULL ? from->host : "");
}

static void
test_round_trip(void **state)
{
	static const int64_t seconds[] = { 0, 1, -1, -12345, 1438233730, INT64_C(4294967296), INT64_C(9223372036853),
		-INT64_C(9223372036853) };
	static const uint32_t nanoseconds[] = { 0, 1, 999, 1000, 634684001, 999999999 };
	char longest[WIRE_NAME_LEN];
	const struct wire_origin others[] = { { "x", NULL, "" }, { "-", "-", "--" },
		{ "0123456789012345678901234567890123456789012345678901234567890123", longest, longest } };
	struct capture_record record;

	(void)state;
	memset(longest, '\xff', sizeof(longest) - 1);
	longest[sizeof(longest) - 1] = '\0';
	for (size_t i = 0; i < COUNT(seconds); i++)
		for (size_t j = 0; j < COUNT(nanoseconds); j++) {
			record = record_at(seconds[i], nanoseconds[j]);
			record.linktype = 0xffff;
			record.wirelen = UINT32_MAX;
			record.ordinal = UINT64_MAX;
			for (size_t k = 0; k < COUNT(others); k++)
				round_trip(&others[k], &record);
		}
	record.has_time = false;
	round_trip(&origin, &record);
}

static void
test_not_written(void **state)
{
	struct capture_record record = record_at(INT64_C(9223372036854), 0);
	const struct wire_origin none = { .capture = "" };
	struct wire_message message;

	(void)state;
	assert_int_equal(wire_write(&origin, &record, &message), -1);
	record.sec = INT64_MIN;
	assert_int_equal(wire_write(&origin, &record, &message), -1);
	record.sec = 1;
	assert_int_equal(wire_write(&none, &record, &message), -1);
}

static enum wire_verdict
verdict_of_key(const char *key, size_t len, struct wire_packet *packet)
{
	return wire_parse(key, len, NULL, 0, 1, packet);
}

static void
test_odd_keys(void **state)
{
	struct wire_packet packet;

	(void)state;
	assert_int_equal(verdict_of_key(NULL, 0, &packet), WIRE_NO_KEY);
	assert_int_equal(verdict_of_key("", 0, &packet), WIRE_NO_KEY);
	assert_int_equal(verdict_of_key("\0\0\0\1", 4, &packet), WIRE_NO_KEY);
	assert_int_equal(verdict_of_key("\0\0\0\0\0\0\0", 7, &packet), WIRE_NO_KEY);
	/* Of longer ones the first 8 bytes count. */
	assert_int_equal(verdict_of_key("\0\0\0\0\0\x0f\x42\x41hello", 13, &packet), WIRE_PACKET);
	assert_int_equal(packet.sec, 1);
	assert_int_equal(packet.nsec, 1000);
	assert_int_equal(verdict_of_key("\xff\xff\xff\xff\xff\xff\xff\xff", 8, &packet), WIRE_PACKET);
	assert_int_equal(packet.sec, -1);
	assert_int_equal(packet.nsec, 999999000);
	assert_int_equal(verdict_of_key("\x80\0\0\0\0\0\0\0", 8, &packet), WIRE_PACKET);
	assert_int_equal(packet.sec, -INT64_C(9223372036855));
	assert_int_equal(packet.nsec, 224192000);
}

static void
test_odd_headers(void **state)
{
	static const char *const bad[] = { "", " ", "1", "2 c 1 1 60 2000 i h", "01 c 1 1 60 2000 i h", "1 c 1 1 60 2000 i",
		"1 c 1 1 60 2000 i h more", "1 c 1 1 60 2000 i ", "1  1 1 60 2000 i h", "1 - 1 1 60 2000 i h",
		"1 c 0 1 60 2000 i h", "1 c -1 1 60 2000 i h", "1 c 1 65536 60 2000 i h", "1 c 1 Ethernet 60 2000 i h",
		"1 c 1 1 4294967296 2000 i h", "1 c 1 1 6x 2000 i h", "1 c 1 1 60 3000 i h", "1 c 1 1 60 1000002000 i h",
		"1 c 1 1 60 - i h", "1 c 1 1 60 2000 % h", "1 c 1 1 60 2000 i %4", "1 c 1 1 60 2000 %zz h",
		"1 c 1 1 60 2000 a%00b h", "1 c 1 1 60 2000 \xff h", "1 c 18446744073709551616 1 60 2000 i h",
		"1 01234567890123456789012345678901234567890123456789012345678901234 1 1 60 2000 i h", "{\"json\": true}" };
	static const char key[] = "\0\0\0\0\0\0\0\2", good[] = "1 c 1 1 60 2000 i%2f h", zero[] = "1 c 1 1 60 2000 i h\0";
	static char longest[WIRE_HEADER_MAX + 1];
	struct wire_packet packet;

	(void)state;
	for (size_t i = 0; i < COUNT(bad); i++)
		assert_int_equal(wire_parse(key, 8, bad[i], strlen(bad[i]), 1, &packet), WIRE_BAD_HEADER);
	assert_int_equal(wire_parse(key, 8, zero, sizeof(zero), 1, &packet), WIRE_BAD_HEADER);
	memset(longest, 'a', sizeof(longest));
	assert_int_equal(wire_parse(key, 8, longest, sizeof(longest), 1, &packet), WIRE_BAD_HEADER);
	assert_int_equal(wire_parse(key, 8, good, strlen(good), 1, &packet), WIRE_PACKET);
	assert_string_equal(packet.interface, "i/");
	/* A length that is less than that of the value is possible: captures have such packets. */
	assert_int_equal(wire_parse(key, 8, good, strlen(good), 100000, &packet), WIRE_PACKET);
	assert_int_equal(packet.wirelen, 60);
}

static void
test_conversation(void **state)
{
	/* Of UDP over Ethernet: from 10.0.0.1 to 10.0.0.2, and back. */
	static const uint8_t there[34] = { [12] = 8, 0, 0x45, [26] = 10, 0, 0, 1, 10, 0, 0, 2 };
	static const uint8_t back[34] = { [12] = 8, 0, 0x45, [26] = 10, 0, 0, 2, 10, 0, 0, 1 };
	static const uint8_t other[34] = { [12] = 8, 0, 0x45, [26] = 10, 0, 0, 1, 10, 0, 0, 3 };
	struct capture_record record = record_at(0, 0);
	uint32_t hash;

	(void)state;
	assert_int_equal(wire_conversation(&record), 0);
	record.caplen = sizeof(there);
	record.bytes = there;
	hash = wire_conversation(&record);
	assert_int_not_equal(hash, 0);
	record.bytes = back;
	assert_int_equal(wire_conversation(&record), hash);
	record.bytes = other;
	assert_int_not_equal(wire_conversation(&record), hash);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_keys_of_pycapa),
		cmocka_unit_test(test_header),
		cmocka_unit_test(test_round_trip),
		cmocka_unit_test(test_not_written),
		cmocka_unit_test(test_odd_keys),
		cmocka_unit_test(test_odd_headers),
		cmocka_unit_test(test_conversation),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
