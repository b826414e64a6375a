/* SPDX-License-Identifier: BSD-2-Clause */
/* Unit tests of packet/capture_reader.c with the pcapng format. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "stream.h"

static void
test_pcapng(void **state)
{
	struct stream stream = { .big = false };
	struct reader reader;

	(void)state;
	put_section(&stream);
	put_interface(&stream, 1, 0, NULL);
	put_interface(&stream, 113, 96, NULL);
	put_enhanced(&stream, 1, 1700000000123456, 1500, "hello");
	put_text_block(&stream, 5, "statistics..");
	put_text_block(&stream, 0x7777, "a block of a kind nobody knows");
	put_enhanced(&stream, 0, 5, 3, "abc");
	/* Another section, of the other byte order, with interfaces of its own. */
	stream.big = true;
	put_section(&stream);
	put_interface(&stream, 147, 0, NULL);
	put_enhanced(&stream, 0, 1000000, 3, "xyz");
	reader_init(&reader, &stream);
	assert_block(&reader);
	assert_block(&reader);
	assert_block(&reader);
	assert_packet(&reader, 1, 1700000000, 123456000, 5, 1500);
	assert_int_equal(reader.record.linktype, 113);
	assert_int_equal(reader.record.snaplen, 96);
	assert_memory_equal(reader.record.bytes, "hello", 5);
	assert_int_equal(reader.record.raw_len, 40);
	assert_block(&reader);
	assert_block(&reader);
	assert_packet(&reader, 2, 0, 5000, 3, 3);
	assert_int_equal(reader.record.linktype, 1);
	assert_block(&reader);
	assert_block(&reader);
	assert_packet(&reader, 3, 1, 0, 3, 3);
	assert_int_equal(reader.record.linktype, 147);
	assert_int_equal(next(&reader), 0);
	reader_release(&reader);
}

static void
assert_position(const struct reader *reader, uint64_t section, const uint64_t *context, uint8_t count)
{
	assert_true(reader->record.is_pcapng);
	assert_int_equal(reader->record.section, section);
	assert_int_equal(reader->record.context_count, count);
	for (uint8_t i = 0; i < count; i++)
		assert_int_equal(reader->record.context[i], context[i]);
}

/* A section header has 28 bytes, an interface 20, names without a record 12, a packet of four bytes 36. */
static void
test_position(void **state)
{
	static const uint64_t one[] = { 96 }, two[] = { 96, 108 }, four[] = { 96, 108, 200, 212 };
	struct stream stream = { .big = false };
	struct reader reader;

	(void)state;
	put_section(&stream);
	put_text_block(&stream, 4, "");
	put_interface(&stream, 1, 0, NULL);
	put_enhanced(&stream, 0, 1, 1, "abcd");
	put_text_block(&stream, 4, "");
	put_interface(&stream, 1, 0, NULL);
	put_enhanced(&stream, 0, 1, 1, "abcd");
	put_enhanced(&stream, 1, 1, 1, "abcd");
	for (int i = 0; i < 5; i++)
		put_text_block(&stream, 4, "");
	put_enhanced(&stream, 1, 1, 1, "abcd");
	put_section(&stream);
	put_interface(&stream, 1, 0, NULL);
	put_enhanced(&stream, 0, 1, 1, "abcd");
	reader_init(&reader, &stream);
	for (int i = 0; i < 3; i++)
		assert_block(&reader);
	assert_packet(&reader, 1, 0, 1000, 4, 1);
	assert_int_equal(reader.record.offset, 60);
	assert_position(&reader, 0, NULL, 0);
	for (int i = 0; i < 2; i++)
		assert_block(&reader);
	assert_packet(&reader, 2, 0, 1000, 4, 1);
	assert_position(&reader, 0, one, 1);
	assert_packet(&reader, 3, 0, 1000, 4, 1);
	assert_position(&reader, 0, two, 2);
	for (int i = 0; i < 5; i++)
		assert_block(&reader);
	assert_packet(&reader, 4, 0, 1000, 4, 1);
	assert_position(&reader, 0, four, 4);
	for (int i = 0; i < 2; i++)
		assert_block(&reader);
	assert_packet(&reader, 5, 0, 1000, 4, 1);
	assert_position(&reader, reader.record.offset - 48, NULL, 0);
	reader_release(&reader);
}

static void
check_resolution(uint8_t resolution, int64_t offset, uint64_t stamp,
    int64_t sec, uint32_t nsec)
{
	struct stream stream = { .big = true }, options = { .big = true };
	struct reader reader;

	put_option(&options, 9, 1, resolution);
	put_option(&options, 14, 8, (uint64_t)offset);
	/* The second of its kind does not count. */
	put_option(&options, 9, 1, 0);
	put_option(&options, 0, 0, 0);
	put_section(&stream);
	put_interface(&stream, 1, 0, &options);
	put_enhanced(&stream, 0, stamp, 0, "");
	reader_init(&reader, &stream);
	assert_block(&reader);
	assert_block(&reader);
	assert_packet(&reader, 1, sec, nsec, 0, 0);
	reader_release(&reader);
}

static void
test_time_resolution(void **state)
{
	(void)state;
	check_resolution(9, 0, 1700000000123456789, 1700000000, 123456789);
	check_resolution(0, 0, 77, 77, 0);
	check_resolution(3, -100, 5, -100, 5000000);
	check_resolution(12, 0, 17000000123456789012u, 17000000, 123456789);
	check_resolution(0x80 | 10, 0, 3 * 1024 + 512, 3, 500000000);
	check_resolution(0x80 | 63, 7, UINT64_C(3) << 62, 8, 500000000);
	check_resolution(19, 0, 15000000000000000000u, 1, 500000000);
	/* Finer than 64 bits can say: as tshark, that many units in a second. */
	check_resolution(0x7f, 0, UINT64_MAX - 1, 0, 999999999);
}

static void
test_simple_and_old_packets(void **state)
{
	struct stream stream = { .big = false }, body = { .big = false };
	struct reader reader;

	(void)state;
	put_section(&stream);
	put_interface(&stream, 1, 4, NULL);
	put(&body, 1500, 4);
	put_bytes(&body, "abcd", 4);
	put_block(&stream, 3, &body);
	body.len = 0;
	put(&body, 0, 2);
	put(&body, 65535, 2);
	put(&body, 0, 4);
	put(&body, 2000000, 4);
	put(&body, 3, 4);
	put(&body, 60, 4);
	put_bytes(&body, "xyz", 3);
	put_block(&stream, 2, &body);
	reader_init(&reader, &stream);
	assert_block(&reader);
	assert_block(&reader);
	assert_int_equal(next(&reader), 1);
	assert_true(reader.record.is_packet);
	assert_false(reader.record.has_time);
	assert_int_equal(reader.record.caplen, 4);
	assert_int_equal(reader.record.wirelen, 1500);
	assert_packet(&reader, 2, 2, 0, 3, 60);
	assert_memory_equal(reader.record.bytes, "xyz", 3);
	reader_release(&reader);
}

/* Those that tshark gives a frame number, among those that it does not. */
static void
test_counted_blocks(void **state)
{
	static const struct {
		uint32_t type;
		bool counted;
	} blocks[] = {
		{ 9, true }, { 0x204, true }, { 0x216, true }, { 0x221, true },
		{ 0xbad, true }, { 0x40000bad, true }, { 7, false }, { 8, false },
		{ 0x201, false }, { 0x208, false }, { 0x217, false },
		{ 0x222, false }, { 0x80000001, false }
	};
	struct stream stream = { .big = false };
	struct reader reader;
	uint64_t ordinal = 0;

	(void)state;
	put_section(&stream);
	for (size_t i = 0; i < sizeof(blocks) / sizeof(blocks[0]); i++)
		put_text_block(&stream, blocks[i].type,
		    "__REALTIME_TIMESTAMP=1700000000000005\nM=1\n");
	reader_init(&reader, &stream);
	assert_block(&reader);
	for (size_t i = 0; i < sizeof(blocks) / sizeof(blocks[0]); i++) {
		assert_int_equal(next(&reader), 1);
		assert_int_equal(reader.record.is_packet, blocks[i].counted);
		if (!blocks[i].counted)
			continue;
		assert_int_equal(reader.record.ordinal, ++ordinal);
		assert_int_equal(reader.record.linktype, CAPTURE_LINKTYPE_NONE);
		assert_int_equal(reader.record.has_time, i < 4);
		if (i == 0) {
			assert_int_equal(reader.record.sec, 1700000000);
			assert_int_equal(reader.record.nsec, 5000);
		}
	}
	reader_release(&reader);
}

/* A block length that leaves out the padding is forgiven, as tshark does. */
static void
test_unpadded_length(void **state)
{
	struct stream stream = { .big = false };
	struct reader reader;
	size_t block;

	(void)state;
	put_section(&stream);
	put_interface(&stream, 1, 0, NULL);
	block = stream.len;
	put_enhanced(&stream, 0, 0, 5, "hello");
	stream.data[block + 4] -= 3;
	stream.data[stream.len - 4] -= 3;
	put_enhanced(&stream, 0, 0, 5, "world");
	reader_init(&reader, &stream);
	assert_block(&reader);
	assert_block(&reader);
	assert_packet(&reader, 1, 0, 0, 5, 5);
	assert_packet(&reader, 2, 0, 0, 5, 5);
	reader_release(&reader);
}

/* One byte of a whole stream is changed: what that leads to. The packet block begins at 48. */
static void
test_pcapng_damage(void **state)
{
	static const struct {
		size_t place;
		uint8_t value;
		const char *text;
	} cases[] = {
		{ 0, 1, "damaged in the file header, at byte 0: block of type 168627457 before any section" },
		{ 8, 1, "damaged in the file header, at byte 0: byte order 0x1a2b3c01 unknown" },
		{ 12, 2, "damaged in the file header, at byte 0: pcapng version 2.0 is not supported" },
		{ 14, 1, "damaged in the file header, at byte 0: pcapng version 1.1 is not supported" },
		{ 4, 24, "damaged in the file header, at byte 0: block of type 168627466 with 24 bytes is too short" },
		{ 92, 44, "damaged in packet 1, at byte 48: the two lengths of a block differ: 48 and 44" },
		{ 52, 8, "damaged in packet 1, at byte 48: block of type 6 with 8 bytes is too short" },
		{ 55, 255, "damaged in packet 1, at byte 48: block of type 6 with 4278190128 bytes, more than the maximum of 16777216" },
		{ 56, 1, "damaged in packet 1, at byte 48: interface 1 is not described" },
		{ 68, 17, "damaged in packet 1, at byte 48: packet of 17 bytes does not fit its block of 48" },
		{ 70, 5, "damaged in packet 1, at byte 48: packet of 327685 bytes, more than the maximum of 262144" },
		{ 86, 8, "damaged in packet 1, at byte 48: option 1 of 8 bytes does not fit its block" },
		{ 84, 2, "damaged in packet 1, at byte 48: packet option 2 has 0 bytes, not 4" },
		{ 52, 52, "cut short in packet 1, at byte 96" },
	};
	struct stream whole = { .big = false }, body = { .big = false };

	(void)state;
	put_section(&whole);
	put_interface(&whole, 1, 0, NULL);
	put(&body, 0, 12);
	put(&body, 5, 4);
	put(&body, 5, 4);
	put_bytes(&body, "hello\0\0\0\1\0\0\0", 12);
	put(&body, 0, 4);
	put_block(&whole, 6, &body);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct stream stream = whole;
		struct reader reader;

		stream.data[cases[i].place] = cases[i].value;
		reader_init_as(&reader, &stream, CAPTURE_PCAPNG);
		for (size_t before = cases[i].place < 28 ? 0 : 2; before > 0; before--)
			assert_block(&reader);
		assert_failure(&reader, cases[i].text);
		reader_release(&reader);
	}
}

/* The block's own bytes, then what is wrong with it. */
static void
check_bad_block(uint32_t type, const void *bytes, size_t len, const char *text)
{
	struct stream stream = { .big = false }, body = { .big = false };
	struct reader reader;

	put_section(&stream);
	put_bytes(&body, bytes, len);
	put_block(&stream, type, &body);
	reader_init(&reader, &stream);
	assert_block(&reader);
	assert_failure(&reader, text);
	reader_release(&reader);
}

static void
test_pcapng_bad_blocks(void **state)
{
	(void)state;
	check_bad_block(3, "\4\0\0\0abcd", 8,
	    "damaged in packet 1, at byte 28: interface 0 is not described");
	check_bad_block(4, "\1\0\5\0\1\2\3\4x\0\0\0", 12,
	    "damaged before the first packet, at byte 28: name record of type 1 is incomplete");
	check_bad_block(4, "\1\0\11\0\1\2\3\4", 8,
	    "damaged before the first packet, at byte 28: name record of 9 bytes does not fit its block");
	check_bad_block(10, "KSLT\5\0\0\0abcd", 12,
	    "damaged before the first packet, at byte 28: secrets of 5 bytes do not fit their block");
	check_bad_block(9, "too short for an entry\n\0", 22,
	    "damaged in packet 1, at byte 28: journal entry of 22 bytes is too short");
	check_bad_block(1, "\1\0\0\0\0\0\0\0\13\0\0\0", 12,
	    "damaged before the first packet, at byte 28: if_filter option is empty");
	check_bad_block(1, "\1\0\0\0\0\0\0\0\254\13\0\0", 12,
	    "damaged before the first packet, at byte 28: custom option of 0 bytes has no enterprise number");
	check_bad_block(0xbad, "\305\52\0\0\1\0\0\0\2\0\0\0", 12,
	    "damaged in packet 1, at byte 28: Netflix custom block has option 2");
	check_bad_block(0xbad, "\305\52\0\0\11\0\0\0", 8,
	    "damaged in packet 1, at byte 28: Netflix custom block of unknown kind");
}

/* A simple packet fills its block, no more and no less. */
static void
check_simple_packet(size_t len, const char *text)
{
	struct stream stream = { .big = false }, body = { .big = false };
	struct reader reader;

	put_section(&stream);
	put_interface(&stream, 1, 0, NULL);
	put(&body, 4, 4);
	put(&body, 0, len);
	put_block(&stream, 3, &body);
	reader_init(&reader, &stream);
	assert_block(&reader);
	assert_block(&reader);
	assert_failure(&reader, text);
	reader_release(&reader);
}

static void
test_simple_packet_len(void **state)
{
	(void)state;
	check_simple_packet(0,
	    "damaged in packet 1, at byte 48: "
	    "packet of 4 bytes does not fit its block of 16");
	check_simple_packet(8,
	    "damaged in packet 1, at byte 48: "
	    "simple packet of 4 bytes in a block of 24");
}

static void
test_pcapng_cut_between(void **state)
{
	struct stream stream = { .big = false };
	struct reader reader;

	(void)state;
	put_section(&stream);
	put_interface(&stream, 1, 0, NULL);
	put_enhanced(&stream, 0, 0, 5, "hello");
	put_text_block(&stream, 5, "statistics..");
	stream.len -= 1;
	reader_init(&reader, &stream);
	assert_block(&reader);
	assert_block(&reader);
	assert_packet(&reader, 1, 0, 0, 5, 5);
	assert_failure(&reader, "cut short after packet 1, at byte 111");
	reader_release(&reader);
}

static void
check_empty_pcapng(uint16_t linktype, uint32_t caplen, bool big)
{
	struct stream header = { .big = big }, stream, body = { .big = big };
	struct reader reader;

	put_section(&header);
	put_interface(&header, 1, 0, NULL);
	put_interface(&header, linktype, 96, NULL);
	stream = header;
	put_enhanced(&stream, 1, 1234567890123456, 1500, "hello");
	put(&body, 1, 2);
	put(&body, 7, 2);
	put(&body, 3000000, 8);
	put(&body, 5, 4);
	put(&body, 60, 4);
	put_bytes(&body, "hello\0\0\0", 8);
	put_option(&body, 2, 4, 1);
	put_block(&stream, 2, &body);
	body.len = 0;
	put(&body, 5, 4);
	put_bytes(&body, "hello", 5);
	put_block(&stream, 3, &body);
	put_text_block(&stream, 0xbad, "a custom block");
	reader_init(&reader, &stream);
	for (int i = 0; i < 3; i++)
		assert_block(&reader);
	assert_int_equal(next(&reader), 1);
	check_empty(&reader, &header, caplen, 1500);
	reader.record.wirelen = 20000000;
	check_empty(&reader, &header, caplen, 20000000);
	assert_int_equal(next(&reader), 1);
	check_empty(&reader, &header, caplen, 60);
	reader.record.wirelen = 20000000;
	check_empty(&reader, &header, caplen, 20000000);
	assert_int_equal(next(&reader), 1);
	check_empty(&reader, &header, 0, 0);
	assert_int_equal(next(&reader), 1);
	check_empty(&reader, &header, 12, 12);
	reader_release(&reader);
}

static void
test_empty_pcapng(void **state)
{
	(void)state;
	check_empty_pcapng(113, 0, false);
	check_empty_pcapng(196, 5, true);
}

static void
test_copy(void **state)
{
	struct stream stream = { .big = true }, copy = { .big = true };

	(void)state;
	put_section(&stream);
	put_interface(&stream, 1, 0, NULL);
	put_enhanced(&stream, 0, 5, 3, "abc");
	put_text_block(&stream, 0x7777, "another");
	copy_all(&stream, &copy);
	assert_int_equal(copy.len, stream.len);
	assert_memory_equal(copy.data, stream.data, stream.len);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_pcapng),
		cmocka_unit_test(test_position),
		cmocka_unit_test(test_time_resolution),
		cmocka_unit_test(test_simple_and_old_packets),
		cmocka_unit_test(test_counted_blocks),
		cmocka_unit_test(test_unpadded_length),
		cmocka_unit_test(test_pcapng_damage),
		cmocka_unit_test(test_pcapng_bad_blocks),
		cmocka_unit_test(test_simple_packet_len),
		cmocka_unit_test(test_pcapng_cut_between),
		cmocka_unit_test(test_empty_pcapng),
		cmocka_unit_test(test_copy)
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
