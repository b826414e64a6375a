/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Tests of transfer/capture_out.c, transfer/pretty.c and packet/pcap_write.c: the file of Pycapa byte for byte, and
 * pcapng.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>
#include <openssl/evp.h>

#include "packet/capture_reader.h"
#include "transfer/capture_out.h"
#include "transfer/pretty.h"

/* Three messages that the real Pycapa sent. */
static const struct {
	uint8_t key[WIRE_KEY_LEN];
	uint8_t value[42];
	uint32_t len;
} messages[] = {
	{ { 0x00, 0x05, 0x1c, 0x10, 0xe2, 0x9e, 0x53, 0xbc },
	    { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x02, 0x10, 0xac, 0x00, 0x00, 0x02, 0x08, 0x06, 0x00, 0x01, 0x08, 0x00, 0x06,
		0x04, 0x00, 0x01, 0x02, 0x10, 0xac, 0x00, 0x00, 0x02, 0xac, 0x10, 0x00, 0x02, 0x00, 0x00, 0x00, 0x00, 0x00,
		0x00, 0xac, 0x10, 0x00, 0x01 },
	    42 },
	{ { 0x00, 0x06, 0x0a, 0x24, 0x18, 0x1e, 0x40, 0x00 },
	    { 0x02, 0x00, 0x00, 0x00, 0x00, 0x01, 0x02, 0x00, 0x00, 0x00, 0x00, 0x02, 0x08, 0x00, 0x45, 0x00, 0x00, 0x1c, 0x00,
		0x01, 0x00, 0x00, 0x40, 0x11, 0xb8, 0x5f, 0x0a, 0x00, 0x00, 0x01, 0x0a, 0x00, 0x00, 0x02, 0x30, 0x39, 0x00,
		0x35, 0x00, 0x08, 0x00, 0x00 },
	    42 },
	{ { 0, 0, 0, 0, 0, 0, 0, 1 }, { 0 }, 1 }
};
#define MESSAGES (sizeof(messages) / sizeof(messages[0]))

/* The whole of what the real Pycapa's consumer wrote of them, on a little-endian machine. */
#define PYCAPA_LEN 157
#define PYCAPA_SHA256 "5c37db8fa347bad2c23e1f1f9f98f422334b1e04bf2022bdebb04223a2822ccc"

static void
digest(const struct buffer *bytes, char text[65])
{
	unsigned char sum[EVP_MAX_MD_SIZE];
	unsigned len = 0;

	assert_int_equal(EVP_Digest(bytes->data, bytes->len, sum, &len, EVP_sha256(), NULL), 1);
	for (unsigned i = 0; i < len; i++)
		(void)snprintf(text + 2 * i, 3, "%02x", sum[i]);
}

static void
test_pycapa(void **state)
{
	const struct capture_out_config config = { .snaplen = 65535 };
	struct capture_out *out = capture_out_new(&config);
	struct wire_packet packet;
	struct buffer bytes;
	char sum[65];

	(void)state;
	buffer_init(&bytes, 4096);
	assert_false(capture_out_has_begun(out));
	assert_int_equal(capture_out_begin(out, 1, &bytes), 0);
	assert_true(capture_out_has_begun(out));
	for (size_t i = 0; i < MESSAGES; i++) {
		assert_int_equal(wire_parse(messages[i].key, WIRE_KEY_LEN, NULL, 0, messages[i].len, &packet), WIRE_PACKET);
		assert_int_equal(capture_out_packet(out, &packet, messages[i].value, messages[i].len, &bytes),
		    CAPTURE_OUT_WRITTEN);
	}
	assert_int_equal(bytes.len, PYCAPA_LEN);
	digest(&bytes, sum);
	if (*(const uint8_t *)bytes.data == 0xd4)
		assert_string_equal(sum, PYCAPA_SHA256);
	buffer_release(&bytes);
	capture_out_free(out);
}

static struct wire_packet
packet_of(uint32_t linktype, const char *interface, int64_t sec, uint32_t nsec)
{
	struct wire_packet packet = { .has_time = true, .sec = sec, .nsec = nsec, .linktype = linktype, .wirelen = 70 };

	(void)snprintf(packet.interface, sizeof(packet.interface), "%s", interface);
	(void)snprintf(packet.host, sizeof(packet.host), "sensor");
	return packet;
}

static void
test_limits(void **state)
{
	const struct capture_out_config config = { .snaplen = 65535 };
	struct capture_out *out = capture_out_new(&config);
	struct wire_packet packet = packet_of(113, "any", 1, 2);
	struct buffer bytes;
	size_t len;

	(void)state;
	buffer_init(&bytes, 4096);
	assert_int_equal(capture_out_begin(out, 1, &bytes), 0);
	len = bytes.len;
	assert_int_equal(capture_out_packet(out, &packet, (const uint8_t *)"x", 1, &bytes), CAPTURE_OUT_OTHER_LINK);
	packet = packet_of(1, "any", -1, 2);
	assert_int_equal(capture_out_packet(out, &packet, (const uint8_t *)"x", 1, &bytes), CAPTURE_OUT_NO_TIME);
	packet.sec = INT64_C(4294967296);
	assert_int_equal(capture_out_packet(out, &packet, (const uint8_t *)"x", 1, &bytes), CAPTURE_OUT_NO_TIME);
	assert_int_equal(bytes.len, len);
	/* From 2038 on, and to the end of the format. */
	packet.sec = INT64_C(4294967295);
	assert_int_equal(capture_out_packet(out, &packet, (const uint8_t *)"", 0, &bytes), CAPTURE_OUT_WRITTEN);
	buffer_release(&bytes);
	capture_out_free(out);
}

/* What our own reader of captures finds. */
static void
read_back(const struct buffer *bytes, enum capture_format format, struct capture_record records[4])
{
	struct capture_reader *reader = capture_reader_new(format);
	struct capture_record record;
	struct error error;
	size_t at = 0, found = 0;

	while (capture_reader_next(reader, (const uint8_t *)bytes->data + at, bytes->len - at, true, &record, &error) == 1) {
		at += record.raw_len;
		if (record.is_packet && found < 4)
			records[found++] = record;
	}
	assert_int_equal(at, bytes->len);
	assert_int_equal(found, 4);
	capture_reader_free(reader);
}

static void
test_pcapng(void **state)
{
	const struct capture_out_config config = { .pcapng = true, .snaplen = 262144 };
	const struct wire_packet packets[4] = { packet_of(1, "eth0", 1700000000, 123456789), packet_of(113, "any", 5, 1),
		packet_of(1, "eth1", 6, 2), packet_of(1, "eth0", 4294967295, 999999999) };
	struct capture_out *out = capture_out_new(&config);
	struct capture_record records[4];
	struct buffer bytes;

	(void)state;
	buffer_init(&bytes, 65536);
	assert_int_equal(capture_out_begin(out, 1, &bytes), 0);
	for (size_t i = 0; i < 4; i++)
		assert_int_equal(
		    capture_out_packet(out, &packets[i], (const uint8_t *)"packet", 6, &bytes), CAPTURE_OUT_WRITTEN);
	read_back(&bytes, CAPTURE_PCAPNG, records);
	for (size_t i = 0; i < 4; i++) {
		assert_int_equal(records[i].sec, packets[i].sec);
		assert_int_equal(records[i].nsec, packets[i].nsec);
		assert_int_equal(records[i].linktype, packets[i].linktype);
		assert_int_equal(records[i].wirelen, 70);
		assert_int_equal(records[i].caplen, 6);
		assert_memory_equal(records[i].bytes, "packet", 6);
	}
	/* Three interfaces, each named once. */
	assert_non_null(memmem(bytes.data, bytes.len, "sensor:eth0", 11));
	assert_non_null(memmem(bytes.data, bytes.len, "sensor:any", 10));
	assert_non_null(memmem(bytes.data, bytes.len, "sensor:eth1", 11));
	buffer_release(&bytes);
	capture_out_free(out);
}

static void
test_pretty(void **state)
{
	static const char expected[] =
	    "20 packet(s) received\n"
	    "ff ff ff ff ff ff 02 10 ac 00 00 02 08 06 00 01\n"
	    "08 00 06 04 00 01 02 10 ac 00 00 02 ac 10 00 02\n"
	    "00 00 00 00 00 00 ac 10 00 01\n"
	    "21 packet(s) received\n"
	    "22 packet(s) received\n"
	    "ff ff ff ff ff ff 02 10 ac 00 00 02 08 06 00 01\n";
	struct buffer out;

	(void)state;
	buffer_init(&out, 4096);
	assert_int_equal(pretty_write(&out, 20, messages[0].value, 42), 0);
	assert_int_equal(pretty_write(&out, 21, messages[0].value, 0), 0);
	assert_int_equal(pretty_write(&out, 22, messages[0].value, 16), 0);
	assert_int_equal(out.len, strlen(expected));
	assert_memory_equal(out.data, expected, out.len);
	buffer_release(&out);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_pycapa),
		cmocka_unit_test(test_limits),
		cmocka_unit_test(test_pcapng),
		cmocka_unit_test(test_pretty),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
