/* SPDX-License-Identifier: BSD-2-Clause */
/* Unit tests of packet/pcapng_write.c: what it writes, packet/capture_reader.c reads. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "packet/capture_reader.h"
#include "packet/pcapng_write.h"

static void
test_bytes(void **state)
{
	static const char expected[] =
	    "\x0a\x0d\x0d\x0a\x30\0\0\0\x4d\x3c\x2b\x1a\1\0\0\0"
	    "\xff\xff\xff\xff\xff\xff\xff\xff"
	    "\1\0\3\0abc\0\4\0\1\0e\0\0\0\0\0\0\0\x30\0\0\0"
	    "\1\0\0\0\x28\0\0\0\x71\0\0\0\0\1\0\0"
	    "\2\0\2\0lo\0\0\x09\0\1\0\6\0\0\0\0\0\0\0\x28\0\0\0"
	    "\6\0\0\0\x38\0\0\0\0\0\0\0"
	    "\0\0\0\0\x88\x84\x1e\0\5\0\0\0\x09\0\0\0hello\0\0\0"
	    "\5\0\x08\0\2\0\0\0\1\0\0\0\0\0\0\0\x38\0\0\0"
	    "\6\0\0\0\x24\0\0\0\0\0\0\0"
	    "\0\0\0\0\x80\x84\x1e\0\4\0\0\0\4\0\0\0byes\x24\0\0\0";
	const struct pcapng_write_interface interface = { .name = "lo",
		.linktype = 113,
		.snaplen = 256 };
	struct pcapng_write_packet packet = { .sec = 2,
		.fraction = 8,
		.caplen = 5,
		.wirelen = 9,
		.bytes = (const uint8_t *)"hello",
		.id = ((uint64_t)1 << 32) + 2 };
	struct buffer out;
	size_t before;

	(void)state;
	buffer_init(&out, 4096);
	assert_int_equal(pcapng_write_section(&out, "abc", "e"), 0);
	assert_int_equal(pcapng_write_interface(&out, &interface), 0);
	before = out.len;
	assert_int_equal(pcapng_write_packet(&out, false, &packet), 0);
	assert_int_equal(out.len - before, pcapng_write_packet_len(&packet));
	packet = (struct pcapng_write_packet){ .sec = 2,
		.caplen = 4,
		.wirelen = 4,
		.bytes = (const uint8_t *)"byes" };
	before = out.len;
	assert_int_equal(pcapng_write_packet(&out, false, &packet), 0);
	assert_int_equal(out.len - before, pcapng_write_packet_len(&packet));
	assert_int_equal(out.len, sizeof(expected) - 1);
	assert_memory_equal(out.data, expected, sizeof(expected) - 1);
	buffer_release(&out);
}

static void
test_statistics(void **state)
{
	static const char expected[] =
	    "\x0a\x0d\x0d\x0a\x28\0\0\0\x4d\x3c\x2b\x1a\1\0\0\0"
	    "\xff\xff\xff\xff\xff\xff\xff\xff"
	    "\4\0\1\0e\0\0\0\0\0\0\0\x28\0\0\0"
	    "\5\0\0\0\x58\0\0\0\0\0\0\0"
	    "\1\0\0\0\2\0\0\0"
	    "\2\0\x08\0\1\0\0\0\1\0\0\0"
	    "\3\0\x08\0\1\0\0\0\2\0\0\0"
	    "\5\0\x08\0\4\0\0\0\0\0\0\0"
	    "\7\0\x08\0\5\0\0\0\2\0\0\0"
	    "\x08\0\x08\0\3\0\0\0\0\0\0\0"
	    "\0\0\0\0\x58\0\0\0";
	const struct pcapng_write_statistics statistics = { .start_ns = ((uint64_t)1 << 32) + 1,
		.end_ns = ((uint64_t)1 << 32) + 2,
		.kept = 3,
		.interface_drop = 4,
		.kernel_drop = ((uint64_t)2 << 32) + 5 };
	struct buffer out;

	(void)state;
	buffer_init(&out, 4096);
	assert_int_equal(pcapng_write_section(&out, NULL, "e"), 0);
	assert_int_equal(pcapng_write_statistics(&out, true, &statistics), 0);
	assert_int_equal(out.len, sizeof(expected) - 1);
	assert_memory_equal(out.data, expected, sizeof(expected) - 1);
	assert_int_equal(pcapng_write_statistics_len(), 0x58);
	buffer_release(&out);
}

/* What cannot be written leaves nothing. */
static void
test_no_room(void **state)
{
	const struct pcapng_write_interface interface = { .name = "lo" };
	const struct pcapng_write_packet packet = { .caplen = 4,
		.bytes = (const uint8_t *)"byes" };
	struct buffer out;

	(void)state;
	buffer_init(&out, 30);
	assert_int_equal(pcapng_write_section(&out, "abc", "e"), -1);
	assert_int_equal(pcapng_write_interface(&out, &interface), -1);
	assert_int_equal(pcapng_write_packet(&out, true, &packet), -1);
	assert_int_equal(out.len, 0);
	buffer_release(&out);
}

static void
test_is_read_again(void **state)
{
	const struct pcapng_write_interface interface = { .name = "eth0",
		.linktype = 1,
		.snaplen = 65535,
		.nano = true };
	struct capture_reader *capture = capture_reader_new(CAPTURE_PCAPNG);
	uint8_t bytes[64];
	struct capture_record record;
	struct error error;
	struct buffer out;
	size_t at = 0;
	uint64_t packets;

	(void)state;
	memset(bytes, 7, sizeof(bytes));
	buffer_init(&out, 1 << 16);
	assert_int_equal(pcapng_write_section(&out, "", ""), 0);
	assert_int_equal(pcapng_write_interface(&out, &interface), 0);
	for (uint32_t i = 0; i <= 64; i++)
		assert_int_equal(
		    pcapng_write_packet(&out, true,
			&(struct pcapng_write_packet){ .sec = 4000000000u + i,
			    .fraction = 999999999,
			    .caplen = i,
			    .wirelen = 100 + i,
			    .bytes = bytes,
			    .id = i }),
		    0);
	for (uint32_t i = 0; i <= 64; at += record.raw_len) {
		assert_int_equal(
		    capture_reader_next(capture,
			(const uint8_t *)out.data + at, out.len - at, true,
			&record, &error),
		    1);
		if (!record.is_packet)
			continue;
		assert_int_equal(record.sec, 4000000000u + i);
		assert_int_equal(record.nsec, 999999999);
		assert_int_equal(record.caplen, i);
		assert_int_equal(record.wirelen, 100 + i);
		assert_int_equal(record.linktype, 1);
		assert_int_equal(record.snaplen, 65535);
		assert_memory_equal(record.bytes, bytes, i);
		i++;
	}
	assert_int_equal(at, out.len);
	assert_int_equal(pcapng_write_whole(out.data, out.len, &packets),
	    out.len);
	assert_int_equal(packets, 65);
	/* Cut anywhere, it is whole up to a block that ends there or before. */
	for (size_t len = 0; len < out.len; len++) {
		size_t whole = pcapng_write_whole(out.data, len, &packets);

		assert_true(whole <= len && len - whole < 256);
		assert_true(packets < 65);
	}
	capture_reader_free(capture);
	buffer_release(&out);
}

static void
test_long_texts_are_cut(void **state)
{
	struct buffer out;
	char text[5000];
	uint64_t packets;

	(void)state;
	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	buffer_init(&out, 1 << 16);
	assert_int_equal(pcapng_write_section(&out, text, text), 0);
	assert_int_equal(
	    pcapng_write_interface(&out,
		&(struct pcapng_write_interface){ .name = text }),
	    0);
	assert_true(out.len < 4096);
	assert_int_equal(pcapng_write_whole(out.data, out.len, &packets),
	    out.len);
	buffer_release(&out);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_bytes),
		cmocka_unit_test(test_statistics),
		cmocka_unit_test(test_no_room),
		cmocka_unit_test(test_is_read_again),
		cmocka_unit_test(test_long_texts_are_cut)
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
