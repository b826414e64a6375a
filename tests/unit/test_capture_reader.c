/* SPDX-License-Identifier: BSD-2-Clause */
/* Unit tests of packet/capture_reader.c and the pcap format after it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>

#include "stream.h"

static void
test_probe(void **state)
{
	static const uint8_t other[12] = "not a pcap!";
	struct stream pcap = { .big = true }, ng = { .big = true };

	(void)state;
	put_file_header(&pcap, 0xa1b23c4d, 4, 1);
	put_section(&ng);
	assert_int_equal(capture_reader_probe(pcap.data, 4), CAPTURE_PCAP);
	assert_int_equal(capture_reader_probe(pcap.data, 3), CAPTURE_UNKNOWN);
	assert_int_equal(capture_reader_probe(ng.data, CAPTURE_PROBE_LEN),
	    CAPTURE_PCAPNG);
	assert_int_equal(capture_reader_probe(ng.data, CAPTURE_PROBE_LEN - 1),
	    CAPTURE_UNKNOWN);
	assert_int_equal(capture_reader_probe(other, sizeof(other)), CAPTURE_UNKNOWN);
	assert_int_equal(capture_reader_probe(NULL, 0), CAPTURE_UNKNOWN);
}

static void
check_pcap(uint32_t magic, bool big, uint32_t fraction, uint32_t nsec)
{
	struct stream stream = { .big = big };
	struct reader reader;

	/* The link type's upper bits say that there is an FCS. */
	put_file_header(&stream, magic, 4, 0x24000071);
	put_packet(&stream, 4000000000, fraction, 5, 1500, "hello");
	reader_init(&reader, &stream);
	assert_block(&reader);
	assert_int_equal(reader.record.raw_len, 24);
	assert_packet(&reader, 1, 4000000000, nsec, 5, 1500);
	assert_int_equal(reader.record.linktype, 0x71);
	assert_int_equal(reader.record.snaplen, 96);
	assert_memory_equal(reader.record.bytes, "hello", 5);
	assert_ptr_equal(reader.record.raw, reader.data + 24);
	assert_int_equal(next(&reader), 0);
	reader_release(&reader);
}

static void
test_pcap(void **state)
{
	(void)state;
	check_pcap(0xa1b2c3d4, false, 999999, 999999000);
	check_pcap(0xa1b2c3d4, true, 1, 1000);
	check_pcap(0xa1b23c4d, false, 999999999, 999999999);
	check_pcap(0xa1b23c4d, true, 1, 1);
}

static void
test_pcap_time_carries(void **state)
{
	struct stream stream = { .big = false };
	struct reader reader;

	(void)state;
	put_file_header(&stream, 0xa1b2c3d4, 4, 1);
	put_packet(&stream, 10, 1000000, 0, 0, "");
	put_packet(&stream, UINT32_MAX, UINT32_MAX, 0, 0, "");
	reader_init(&reader, &stream);
	assert_block(&reader);
	assert_packet(&reader, 1, 11, 0, 0, 0);
	assert_packet(&reader, 2, (int64_t)UINT32_MAX + 4294, 967295000, 0, 0);
	reader_release(&reader);
}

/* Version 2.2 has the lengths the other way round, 2.3 where it makes sense. */
static void
test_pcap_old_lengths(void **state)
{
	(void)state;
	for (uint16_t minor = 2; minor <= 3; minor++) {
		struct stream stream = { .big = false };
		struct reader reader;

		put_file_header(&stream, 0xa1b2c3d4, minor, 1);
		put_packet(&stream, 1, 0, 60, 2, "ab");
		reader_init(&reader, &stream);
		assert_block(&reader);
		assert_packet(&reader, 1, 1, 0, 2, 60);
		reader_release(&reader);
	}
}

static void
test_pcap_aix(void **state)
{
	struct stream stream = { .big = true };
	struct reader reader;

	(void)state;
	put_file_header(&stream, 0xa1b2c3d4, 2, 6);
	put_packet(&stream, 1, 5, 60, 2, "ab");
	reader_init(&reader, &stream);
	assert_block(&reader);
	assert_packet(&reader, 1, 1, 5, 2, 60);
	assert_int_equal(reader.record.linktype, 1);
	reader_release(&reader);
}

static void
check_pcap_header(uint32_t magic, uint32_t network, size_t len, const char *text)
{
	struct stream stream = { .big = false };
	struct reader reader;

	put_file_header(&stream, magic, 4, network);
	stream.len = len;
	reader_init_as(&reader, &stream, CAPTURE_PCAP);
	assert_failure(&reader, text);
	reader_release(&reader);
}

static void
test_pcap_bad_header(void **state)
{
	(void)state;
	check_pcap_header(0xa1b2c3d4, 1, 23,
	    "cut short in the file header, at byte 23");
	check_pcap_header(0xa1b2c3d4, 1, 0,
	    "cut short in the file header, at byte 0");
	check_pcap_header(0xa1b2c3d4, 0x10001, 24,
	    "damaged in the file header, at byte 0: link type 0x00010001 is not supported");
	check_pcap_header(0x12345678, 1, 24,
	    "damaged in the file header, at byte 0: pcap magic number 0x12345678 unknown");
}

/* Cut at every place: whole packets come, then it is said where the stream ends. */
static void
test_pcap_cut(void **state)
{
	struct stream whole = { .big = false };
	char text[100];

	(void)state;
	put_file_header(&whole, 0xa1b2c3d4, 4, 1);
	put_packet(&whole, 1, 0, 5, 5, "first");
	put_packet(&whole, 2, 0, 6, 6, "second");
	for (size_t len = 24; len <= whole.len; len++) {
		struct stream stream = whole;
		struct reader reader;
		unsigned int packets = len >= whole.len ?
		    2 :
		    len >= 45 ? 1 :
				0;

		stream.len = len;
		reader_init(&reader, &stream);
		assert_block(&reader);
		for (unsigned int i = 0; i < packets; i++)
			assert_int_equal(next(&reader), 1);
		if (len == 24 || len == 45 || len == whole.len)
			assert_int_equal(next(&reader), 0);
		else {
			(void)snprintf(text, sizeof(text),
			    "cut short in packet %u, at byte %zu",
			    packets + 1, len);
			assert_failure(&reader, text);
		}
		reader_release(&reader);
	}
}

static void
test_more_is_asked_for(void **state)
{
	struct stream stream = { .big = false };
	struct capture_reader *capture = capture_reader_new(CAPTURE_PCAP);
	struct capture_record record;
	struct error error;

	(void)state;
	put_file_header(&stream, 0xa1b2c3d4, 4, 1);
	assert_int_equal(
	    capture_reader_next(capture, stream.data, 10, false, &record,
		&error),
	    0);
	assert_int_equal(
	    capture_reader_next(capture, stream.data, 24, false, &record,
		&error),
	    1);
	assert_int_equal(
	    capture_reader_next(capture, stream.data, 0, false, &record,
		&error),
	    0);
	capture_reader_free(capture);
}

/* What tshark accepts, and one byte more: it needs no more than the header to see that. */
static void
check_limit(uint32_t linktype, uint32_t most, const char *text)
{
	struct stream stream = { .big = false };
	struct reader reader;
	struct capture_record record;
	struct error error;

	put_file_header(&stream, 0xa1b2c3d4, 4, linktype);
	put_packet(&stream, 1, 0, most, 0, "");
	reader_init(&reader, &stream);
	assert_block(&reader);
	assert_int_equal(
	    capture_reader_next(reader.capture, reader.data + 24, 16,
		false, &record, &error),
	    0);
	reader_release(&reader);
	stream.len = 24;
	put_packet(&stream, 1, 0, most + 1, most + 1, "");
	reader_init(&reader, &stream);
	assert_block(&reader);
	assert_failure(&reader, text);
	reader_release(&reader);
}

static void
test_limits(void **state)
{
	(void)state;
	check_limit(1, 262144,
	    "damaged in packet 1, at byte 24: "
	    "packet of 262145 bytes, more than the maximum of 262144");
	check_limit(279, 8 << 20,
	    "damaged in packet 1, at byte 24: "
	    "packet of 8388609 bytes, more than the maximum of 8388608");
	check_limit(231, CAPTURE_RECORD_MAX - 16,
	    "damaged in packet 1, at byte 24: "
	    "packet of 16777201 bytes, more than the maximum of 16777200");
}

static void
test_caplen_over_wirelen(void **state)
{
	struct stream stream = { .big = false };
	struct reader reader;

	(void)state;
	put_file_header(&stream, 0xa1b2c3d4, 4, 1);
	put_packet(&stream, 1, 0, 5, 2, "abcde");
	reader_init(&reader, &stream);
	assert_block(&reader);
	assert_packet(&reader, 1, 1, 0, 5, 2);
	reader_release(&reader);
}

/* A packet too short for the pseudo-header of its link type, and one with an unsound one. */
static void
test_pseudo_header(void **state)
{
	static const struct {
		uint32_t linktype;
		const char *bytes;
		size_t len;
		int got;
	} cases[] = {
		{ 204, "", 0, -1 }, { 204, "a", 1, 1 },
		{ 123, "abc", 3, -1 }, { 123, "abcd", 4, 1 },
		{ 177, "0123456789abcd\0000", 16, 1 },
		{ 177, "0123456789abcdef", 16, -1 },
		{ 197, "01234567\1bcdefg", 15, -1 },
		{ 197, "01234567\1bcdefgh", 16, 1 },
		{ 197, "01234567\2bcdefgh", 16, -1 },
		{ 197, "01234567\2bcdefghij", 18, 1 },
		{ 197, "01234567\201bcdefgh\200.......\1.......", 31, -1 },
		{ 197, "01234567\201bcdefgh\200.......\1.......", 32, 1 }
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct stream stream = { .big = false };
		struct reader reader;

		put_file_header(&stream, 0xa1b2c3d4, 4, cases[i].linktype);
		put_packet(&stream, 0, 0, (uint32_t)cases[i].len, 100, "");
		put_bytes(&stream, cases[i].bytes, cases[i].len);
		reader_init(&reader, &stream);
		assert_block(&reader);
		assert_int_equal(next(&reader), cases[i].got);
		reader_release(&reader);
	}
}

static void
test_empty_pcap(void **state)
{
	static const struct {
		uint32_t magic, linktype, first, second, caplen;
		uint16_t minor;
		bool big;
	} cases[] = {
		{ 0xa1b2c3d4, 1, 5, 1500, 0, 4, false },
		{ 0xa1b23c4d, 1, 5, 1500, 0, 4, true },
		{ 0xa1b2c3d4, 1, 1500, 5, 0, 2, true },
		{ 0xa1b2c3d4, 1, 1500, 5, 0, 3, true },
		{ 0xa1b2c3d4, 204, 5, 1500, 1, 4, false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct stream header = { .big = cases[i].big }, stream;
		struct reader reader;

		put_file_header(&header, cases[i].magic, cases[i].minor,
		    cases[i].linktype);
		stream = header;
		put_packet(&stream, 77, 5, cases[i].first, cases[i].second,
		    "hello");
		reader_init(&reader, &stream);
		assert_block(&reader);
		assert_int_equal(next(&reader), 1);
		check_empty(&reader, &header, cases[i].caplen, 1500);
		reader_release(&reader);
	}
}

/* Modified pcap has 8 bytes more for each packet; the copy is the same as standard pcap. */
static void
test_copy_modified(void **state)
{
	struct stream stream = { .big = false }, copy = { .big = false };
	struct stream standard = { .big = false };
	struct reader reader;

	(void)state;
	put_file_header(&stream, 0xa1b2cd34, 4, 1);
	put_packet(&stream, 1, 2, 3, 60, "");
	put(&stream, 2, 4);
	put_bytes(&stream, "\6\10\0\0abc", 7);
	put_file_header(&standard, 0xa1b2c3d4, 4, 1);
	put_packet(&standard, 1, 2, 3, 60, "abc");
	reader_init(&reader, &stream);
	assert_block(&reader);
	assert_packet(&reader, 1, 1, 2000, 3, 60);
	assert_memory_equal(reader.record.bytes, "abc", 3);
	assert_int_equal(reader.record.raw_len, 27);
	reader_release(&reader);
	copy_all(&stream, &copy);
	assert_int_equal(copy.len, standard.len);
	assert_memory_equal(copy.data, standard.data, standard.len);
}

/* A record with more in its header than the standard one. */
static void
put_variant(struct stream *stream, uint32_t sec, const void *extra,
    size_t extra_len, const char *bytes)
{
	put_packet(stream, sec, 1, (uint32_t)strlen(bytes), 60, "");
	put_bytes(stream, extra, extra_len);
	put_bytes(stream, bytes, strlen(bytes));
}

/* Each variant, of so many packets, becomes standard pcap; cut short it stays what it was from the second packet on. */
static void
check_variant(uint32_t magic, const void *extra, size_t extra_len)
{
	for (unsigned int count = 1; count <= 4; count++) {
		struct stream stream = { .big = false }, copy = { .big = false };
		struct stream standard = { .big = false };
		struct reader reader;

		put_file_header(&stream, magic, 4, 1);
		put_file_header(&standard, 0xa1b2c3d4, 4, 1);
		for (unsigned int i = 0; i < count; i++) {
			put_variant(&stream, i, extra, extra_len, "bytes of it");
			put_packet(&standard, i, 1, 11, 60, "bytes of it");
		}
		copy_all(&stream, &copy);
		assert_int_equal(copy.len, standard.len);
		assert_memory_equal(copy.data, standard.data, standard.len);
		if (count == 1)
			continue;
		stream.len--;
		reader_init(&reader, &stream);
		assert_block(&reader);
		for (unsigned int i = 0; i < count - 1; i++)
			assert_packet(&reader, i + 1, i, 1000, 11, 60);
		assert_int_equal(next(&reader), -1);
		reader_release(&reader);
	}
}

static void
test_variants(void **state)
{
	(void)state;
	check_variant(0xa1b2c3d4, "\0\0\0\0", 4);
	check_variant(0xa1b2c3d4, "\1\xb6\xbf\x9f", 4);
	check_variant(0xa1b2c3d4, "\2\0\0\0\0\10\4\xff", 8);
	check_variant(0xa1b2cd34, "\2\0\0\0\6\10\0\0", 8);
	check_variant(0xa1b2cd34, "\2\0\0\0\6\10\0\1\2\3\4\5", 12);
}

/* Which variant it is the next records tell, unless nothing more comes and the bytes end with a record. */
static void
test_variant_is_waited_for(void **state)
{
	struct stream stream = { .big = false };
	struct reader reader;

	(void)state;
	put_file_header(&stream, 0xa1b2c3d4, 4, 1);
	put_packet(&stream, 1, 0, 5, 60, "first");
	put_packet(&stream, 2, 0, 5, 60, "other");
	reader_init(&reader, &stream);
	assert_block(&reader);
	assert_int_equal(
	    capture_reader_next(reader.capture, reader.data + 24, 20,
		false, &reader.record, &reader.error),
	    0);
	assert_false(capture_reader_hurry(reader.capture, reader.data + 24, 20));
	assert_int_equal(
	    capture_reader_next(reader.capture, reader.data + 24, 21,
		false, &reader.record, &reader.error),
	    0);
	assert_true(capture_reader_hurry(reader.capture, reader.data + 24, 21));
	assert_false(capture_reader_hurry(reader.capture, reader.data + 24, 21));
	assert_packet(&reader, 1, 1, 0, 5, 60);
	assert_packet(&reader, 2, 2, 0, 5, 60);
	reader_release(&reader);
}

/* One that is known for what it is is taken as it comes, and nothing is joined to it. */
static void
test_trusted(void **state)
{
	struct stream stream = { .big = false };
	struct reader reader;

	(void)state;
	put_file_header(&stream, 0xa1b2c3d4, 4, 1);
	put_packet(&stream, 0xa1b2c3d4, 0x00040002, 0, 0, "");
	put_packet(&stream, 96, 1, 0, 0, "");
	reader_init(&reader, &stream);
	capture_reader_trust(reader.capture);
	assert_block(&reader);
	assert_int_equal(
	    capture_reader_next(reader.capture, reader.data + 24, 16,
		false, &reader.record, &reader.error),
	    1);
	assert_true(reader.record.is_packet);
	reader_release(&reader);
}

static void
assert_part(struct reader *reader, enum capture_part part)
{
	assert_block(reader);
	assert_int_equal(reader->record.part, part);
}

static void
assert_number(struct reader *reader, uint64_t ordinal, uint64_t number)
{
	assert_int_equal(next(reader), 1);
	assert_true(reader->record.is_packet);
	assert_int_equal(reader->record.ordinal, ordinal);
	assert_int_equal(reader->record.number, number);
}

/* Parts in one format go on; what they are copied to is one stream. */
static void
test_joined(void **state)
{
	struct stream stream = { .big = false }, standard = { .big = false };
	struct reader reader;
	struct buffer out;

	(void)state;
	put_file_header(&stream, 0xa1b2c3d4, 4, 1);
	put_packet(&stream, 1, 0, 5, 60, "first");
	put_file_header(&stream, 0xa1b2c3d4, 4, 1);
	stream.big = true;
	put_file_header(&stream, 0xa1b2c3d4, 4, 1);
	put_packet(&stream, 2, 3, 5, 60, "other");
	put_packet(&stream, 4, 5, 5, 60, "third");
	put_file_header(&standard, 0xa1b2c3d4, 4, 1);
	put_packet(&standard, 1, 0, 5, 60, "first");
	put_packet(&standard, 2, 3, 5, 60, "other");
	put_packet(&standard, 4, 5, 5, 60, "third");
	buffer_init(&out, sizeof(standard.data));
	reader_init(&reader, &stream);
	while (next(&reader) == 1)
		if (reader.record.part != CAPTURE_PART_FITS)
			assert_int_equal(
			    capture_reader_copy(reader.capture,
				&reader.record, &out),
			    0);
	assert_int_equal(reader.at, reader.len);
	assert_int_equal(out.len, standard.len);
	assert_memory_equal(out.data, standard.data, standard.len);
	buffer_release(&out);
	reader_release(&reader);

	reader_init(&reader, &stream);
	assert_part(&reader, CAPTURE_PART_GOES_ON);
	assert_number(&reader, 1, 1);
	assert_part(&reader, CAPTURE_PART_FITS);
	assert_part(&reader, CAPTURE_PART_FITS);
	assert_number(&reader, 2, 1);
	assert_number(&reader, 3, 2);
	assert_int_equal(next(&reader), 0);
	reader_release(&reader);
}

static void
test_joined_of_other_formats(void **state)
{
	struct stream stream = { .big = false };
	struct reader reader;

	(void)state;
	put_file_header(&stream, 0xa1b2c3d4, 4, 1);
	put_packet(&stream, 1, 0, 5, 60, "first");
	put_file_header(&stream, 0xa1b23c4d, 4, 1);
	put_packet(&stream, 2, 3, 5, 60, "other");
	put_section(&stream);
	put_interface(&stream, 101, 0, NULL);
	put_enhanced(&stream, 0, 1, 4, "four");
	put_section(&stream);
	put_file_header(&stream, 0xa1b2c3d4, 4, 101);
	put_packet(&stream, 1, 0, 5, 60, "first");
	reader_init(&reader, &stream);
	assert_part(&reader, CAPTURE_PART_GOES_ON);
	assert_number(&reader, 1, 1);
	assert_part(&reader, CAPTURE_PART_DIFFERS);
	assert_number(&reader, 2, 1);
	assert_int_equal(reader.record.nsec, 3);
	assert_part(&reader, CAPTURE_PART_DIFFERS);
	assert_part(&reader, CAPTURE_PART_GOES_ON);
	assert_number(&reader, 3, 1);
	assert_int_equal(reader.record.linktype, 101);
	/* That is pcapng's own way to join. */
	assert_part(&reader, CAPTURE_PART_GOES_ON);
	assert_part(&reader, CAPTURE_PART_DIFFERS);
	assert_number(&reader, 4, 1);
	assert_int_equal(next(&reader), 0);
	assert_int_equal(capture_reader_offset(reader.capture), stream.len);
	reader_release(&reader);
}

/* What lacks anything of a header is a record, here one without bytes; what is cut off is no packet. */
static void
test_joined_is_a_whole_header(void **state)
{
	static const struct {
		size_t at;
		uint8_t value;
		bool joined;
	} rows[] = {
		{ 0, 0xd4, true }, { 0, 0xd5, false }, { 4, 3, false },
		{ 6, 3, false }, { 8, 0, true }, { 18, 9, true },
		{ 22, 3, false }, { 23, 0xf0, true }
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct stream stream = { .big = false };
		struct reader reader;

		put_file_header(&stream, 0xa1b2c3d4, 4, 1);
		put_packet(&stream, 1, 0, 5, 60, "first");
		put_file_header(&stream, 0xa1b2c3d4, 4, 1);
		stream.data[45 + rows[i].at] = rows[i].value;
		reader_init(&reader, &stream);
		assert_block(&reader);
		assert_number(&reader, 1, 1);
		assert_int_equal(next(&reader), 1);
		assert_int_equal(reader.record.is_packet, !rows[i].joined);
		reader_release(&reader);
	}
	for (size_t len = 1; len < 24; len++) {
		struct stream stream = { .big = false };
		struct reader reader;

		put_file_header(&stream, 0xa1b2c3d4, 4, 1);
		put_packet(&stream, 1, 0, 5, 60, "first");
		put_file_header(&stream, 0xa1b2c3d4, 4, 1);
		stream.len = 45 + len;
		reader_init(&reader, &stream);
		assert_block(&reader);
		assert_number(&reader, 1, 1);
		assert_int_equal(next(&reader), -1);
		assert_non_null(strstr(reader.error.text,
		    len < 4 ?
			"cut short in packet 2, at byte " :
			"cut short in the file header after packet 1, at byte "));
		reader_release(&reader);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_probe),
		cmocka_unit_test(test_pcap),
		cmocka_unit_test(test_pcap_time_carries),
		cmocka_unit_test(test_pcap_old_lengths),
		cmocka_unit_test(test_pcap_aix),
		cmocka_unit_test(test_pcap_bad_header),
		cmocka_unit_test(test_pcap_cut),
		cmocka_unit_test(test_more_is_asked_for),
		cmocka_unit_test(test_limits),
		cmocka_unit_test(test_caplen_over_wirelen),
		cmocka_unit_test(test_pseudo_header),
		cmocka_unit_test(test_empty_pcap),
		cmocka_unit_test(test_copy_modified),
		cmocka_unit_test(test_variants),
		cmocka_unit_test(test_variant_is_waited_for),
		cmocka_unit_test(test_trusted),
		cmocka_unit_test(test_joined),
		cmocka_unit_test(test_joined_of_other_formats),
		cmocka_unit_test(test_joined_is_a_whole_header)
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
