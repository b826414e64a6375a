/* SPDX-License-Identifier: BSD-2-Clause */
/* Tests of packet/flow_hash.c: which packets stay together. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "packet/flow_hash.h"

#define COUNT 251
#define ETHERNET 1
#define RAW 101

/* A packet that is being written, from its end to its beginning. */
struct packet {
	uint8_t bytes[256];
	size_t at;
};

static const struct packet nothing = { .at = 256 };

static void
prepend(struct packet *packet, const void *bytes, size_t len)
{
	packet->at -= len;
	memcpy(packet->bytes + packet->at, bytes, len);
}

static void
prepend_zeros(struct packet *packet, size_t len)
{
	packet->at -= len;
	memset(packet->bytes + packet->at, 0, len);
}

static void
prepend_ipv4(struct packet *packet, uint8_t protocol, uint8_t source,
    uint8_t destination)
{
	const uint8_t header[20] = { 0x45, [9] = protocol, [12] = 10, 0, 0,
		source, 10, 0, 0, destination };

	prepend(packet, header, sizeof(header));
}

static void
prepend_ipv6(struct packet *packet, uint8_t next, uint8_t source,
    uint8_t destination)
{
	const uint8_t header[40] = { 0x60, [6] = next, 64, 0xfd, [23] = source,
		0xfd, [39] = destination };

	prepend(packet, header, sizeof(header));
}

static unsigned
share(const struct packet *packet, uint32_t linktype)
{
	return flow_hash_shard(linktype, packet->bytes + packet->at,
	    sizeof(packet->bytes) - packet->at, COUNT);
}

/* What is in this packet's outermost IP header, without anything around it. */
static unsigned
plain4(uint8_t source, uint8_t destination)
{
	struct packet packet = nothing;

	prepend_zeros(&packet, 20);
	prepend_ipv4(&packet, 17, source, destination);
	return share(&packet, RAW);
}

static unsigned
plain6(uint8_t source, uint8_t destination)
{
	struct packet packet = nothing;

	prepend_zeros(&packet, 20);
	prepend_ipv6(&packet, 17, source, destination);
	return share(&packet, RAW);
}

static void
test_both_ways(void **state)
{
	(void)state;
	assert_int_equal(plain4(1, 2), plain4(2, 1));
	assert_int_equal(plain6(1, 2), plain6(2, 1));
	assert_int_not_equal(plain4(1, 2), plain4(1, 3));
	assert_int_not_equal(plain6(1, 2), plain6(1, 3));
	assert_int_not_equal(plain4(1, 2), 0);
}

/* No share has more than three times what it should have, though the addresses are neighbours. */
static void
test_even(void **state)
{
	unsigned found[4] = { 0 };

	(void)state;
	for (unsigned i = 1; i < 64; i++)
		for (unsigned j = 64; j < 128; j++)
			found[plain4((uint8_t)i, (uint8_t)j) % 4]++;
	for (unsigned i = 0; i < 4; i++)
		assert_in_range(found[i], 63 * 64 / 4 / 2, 63 * 64 / 4 * 3 / 2);
}

/* Each link layer that is known, in front of the same IPv4 packet. */
static void
test_links(void **state)
{
	static const struct {
		uint32_t linktype;
		size_t len;
		uint8_t bytes[32];
	} links[] = {
		{ 1, 14, { [12] = 0x08, 0x00 } },
		{ 1, 18, { [12] = 0x81, 0x00, 0, 7, 0x08, 0x00 } },
		{ 1, 22, { [12] = 0x88, 0xa8, 0, 7, 0x81, 0x00, 0, 8, 0x08 } },
		{ 1, 22, { [12] = 0x88, 0x47, 0, 1, 0x00, 64, 0, 2, 0x01, 64 } },
		{ 1, 22, { [12] = 0x88, 0x64, 0x11, 0, 0, 1, 0, 9, 0x00, 0x21 } },
		{ 0, 4, { 2 } },
		{ 9, 2, { 0x00, 0x21 } },
		{ 9, 4, { 0xff, 0x03, 0x00, 0x21 } },
		{ 12, 0, { 0 } },
		{ 14, 0, { 0 } },
		{ 101, 0, { 0 } },
		{ 108, 4, { 0, 0, 0, 2 } },
		{ 113, 16, { [14] = 0x08, 0x00 } },
		{ 228, 0, { 0 } },
		{ 276, 20, { 0x08, 0x00 } },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(links) / sizeof(links[0]); i++) {
		struct packet packet = nothing;

		prepend_zeros(&packet, 20);
		prepend_ipv4(&packet, 6, 1, 2);
		prepend(&packet, links[i].bytes, links[i].len);
		assert_int_equal(share(&packet, links[i].linktype),
		    plain4(1, 2));
	}
}

static void
test_carried(void **state)
{
	static const uint8_t gre[16] = { 0xb0, 0, 0x08, 0, [15] = 1 };
	static const uint8_t bridged[18] = { 0, 0, 0x65, 0x58,
		[16] = 0x86, 0xdd };
	static const uint8_t pptp[12] = { 0x20, 0x01, 0x88, 0x0b };
	struct packet packet = nothing;

	(void)state;
	/* IPv4 in IPv4, in GRE with all its fields, in IPv6. */
	prepend_ipv4(&packet, 6, 1, 2);
	prepend_ipv4(&packet, 4, 3, 4);
	assert_int_equal(share(&packet, RAW), plain4(1, 2));
	prepend(&packet, gre, sizeof(gre));
	prepend_ipv6(&packet, 47, 5, 6);
	assert_int_equal(share(&packet, RAW), plain4(1, 2));
	packet = nothing;
	prepend_ipv6(&packet, 6, 1, 2);
	prepend(&packet, bridged, sizeof(bridged));
	prepend_ipv4(&packet, 47, 3, 4);
	assert_int_equal(share(&packet, RAW), plain6(1, 2));
	/* What PPTP carries stays with it. */
	packet = nothing;
	prepend_ipv4(&packet, 6, 1, 2);
	prepend(&packet, pptp, sizeof(pptp));
	prepend_ipv4(&packet, 47, 3, 4);
	assert_int_equal(share(&packet, RAW), plain4(3, 4));
}

/* Each header that may stand between an IP header and the packet that it carries. */
static void
test_carriers(void **state)
{
	static const struct {
		uint8_t protocol;
		size_t len;
		uint8_t bytes[48];
		bool carries;
	} carriers[] = {
		{ 103, 8, { 0x21, 0, 0xde, 0xff }, true },
		{ 103, 8, { 0x21, 0, 0xde, 0xff, 0x40 }, true },
		{ 103, 8, { 0x20 }, false }, /* Hello */
		{ 103, 8, { 0x11 }, false },
		{ 2, 8, { 0x14, 1 }, true },
		{ 2, 8, { 0x14, 2 }, false },
		{ 2, 8, { 0x16, 1 }, false },
		{ 51, 24, { 4, 4 }, true },
		{ 51, 24, { 17, 4 }, false },
		{ 97, 16, { 0x30, [14] = 0x08 }, true },
		{ 97, 24, { 0x30, [15] = 36, 0xaa, 0xaa, 3, 0, 0, 0, 8 }, true },
		{ 97, 24, { 0x30, [15] = 36, 0xaa, 0xab, 3, 0, 0, 0, 8 }, false },
		{ 137, 8, { 0, 1, 0, 64, 0, 2, 1, 64 }, true },
		{ 47, 8, { 0, 0, 0x88, 0x48, 0, 2, 1, 64 }, true },
		{ 47, 6, { 0, 0, 0x88, 0x0b, 0, 0x21 }, true },
		{ 47, 18, { 0, 0, 0x88, 0xbe, [16] = 8 }, true },
		{ 47, 30, { 0x10, 0, 0x88, 0xbe, [8] = 0x10, [28] = 8 }, true },
		{ 47, 34, { 0x10, 0, 0x22, 0xeb, [8] = 0x20, [32] = 8 }, true },
		{ 47, 42, { 0x10, 0, 0x22, 0xeb, [8] = 0x20, [19] = 1, [40] = 8 },
		    true },
		{ 50, 8, { 0, 0, 0, 1 }, false }
	};

	(void)state;
	for (size_t i = 0; i < sizeof(carriers) / sizeof(carriers[0]); i++) {
		struct packet packet = nothing;

		prepend_ipv4(&packet, 17, 1, 2);
		prepend(&packet, carriers[i].bytes, carriers[i].len);
		prepend_ipv4(&packet, carriers[i].protocol, 3, 4);
		assert_int_equal(share(&packet, RAW),
		    carriers[i].carries ? plain4(1, 2) : plain4(3, 4));
		/* PIM version 1 and IGMP are no protocols of IPv6. */
		packet.at += 20;
		prepend_ipv6(&packet, carriers[i].protocol, 3, 4);
		assert_int_equal(share(&packet, RAW),
		    carriers[i].carries && carriers[i].protocol != 2 ?
			plain4(1, 2) :
			plain6(3, 4));
	}
}

static void
test_extension_headers(void **state)
{
	/* Options, a routing header of 24 bytes, options, the only fragment. */
	static const uint8_t headers[48] = { 43, 0, 1, 4, [8] = 60, 2,
		[32] = 44, 0, 1, 4, [40] = 41 };
	struct packet packet = nothing, others;

	(void)state;
	prepend_ipv6(&packet, 17, 1, 2);
	prepend(&packet, headers, sizeof(headers));
	prepend_ipv6(&packet, 0, 3, 4);
	assert_int_equal(share(&packet, RAW), plain6(1, 2));
	/* The first of several, and one after it. */
	others = packet;
	others.bytes[others.at + 40 + 43] = 1;
	assert_int_equal(share(&others, RAW), plain6(3, 4));
	others.bytes[others.at + 40 + 43] = 8;
	assert_int_equal(share(&others, RAW), plain6(3, 4));
	/* A header that is longer than the packet. */
	others = packet;
	others.bytes[others.at + 40 + 9] = 255;
	assert_int_equal(share(&others, RAW), plain6(3, 4));
	/* In IPv4 the number is that of no extension. */
	packet.at += 40;
	prepend_ipv4(&packet, 0, 3, 4);
	assert_int_equal(share(&packet, RAW), plain4(3, 4));
}

static void
test_errors(void **state)
{
	static const uint8_t unreachable[8] = { 3, 1 }, echo[8] = { 8 },
			     too_big[8] = { 2 };
	struct packet packet = nothing;

	(void)state;
	prepend_ipv4(&packet, 17, 1, 2);
	prepend(&packet, unreachable, sizeof(unreachable));
	prepend_ipv4(&packet, 1, 9, 1);
	assert_int_equal(share(&packet, RAW), plain4(1, 2));
	packet = nothing;
	prepend_ipv6(&packet, 17, 1, 2);
	prepend(&packet, too_big, sizeof(too_big));
	prepend_ipv6(&packet, 58, 9, 1);
	assert_int_equal(share(&packet, RAW), plain6(1, 2));
	/* An echo request may carry what looks like a packet. */
	packet = nothing;
	prepend_ipv4(&packet, 17, 1, 2);
	prepend(&packet, echo, sizeof(echo));
	prepend_ipv4(&packet, 1, 3, 4);
	assert_int_equal(share(&packet, RAW), plain4(3, 4));
}

/* Fragments of a datagram stay together, whatever the first one carries. */
static void
test_fragments(void **state)
{
	struct packet packet = nothing;

	(void)state;
	prepend_ipv4(&packet, 6, 1, 2);
	prepend_ipv4(&packet, 4, 3, 4);
	packet.bytes[packet.at + 6] = 0x20;
	assert_int_equal(share(&packet, RAW), plain4(3, 4));
	packet.bytes[packet.at + 6] = 0;
	packet.bytes[packet.at + 7] = 185;
	assert_int_equal(share(&packet, RAW), plain4(3, 4));
}

/* Each beginning of packets that have everything is read, and nothing after it: a sanitizer sees to that. */
static void
test_cut_short(void **state)
{
	static const uint8_t gre[16] = { 0xb0, 0, 0x08, 0, [15] = 1 };
	static const uint8_t tags[22] = {
		[12] = 0x81, 0x00, 0, 7, 0x88, 0x47, 0, 2, 0x01, 64
	};
	struct packet packet = nothing;
	uint8_t beginning[256];

	(void)state;
	prepend_ipv4(&packet, 6, 1, 2);
	prepend(&packet, gre, sizeof(gre));
	prepend_ipv4(&packet, 47, 3, 4);
	prepend(&packet, tags, sizeof(tags));
	for (size_t len = 0; len <= sizeof(packet.bytes) - packet.at; len++) {
		uint8_t *end = beginning + sizeof(beginning) - len;

		memcpy(end, packet.bytes + packet.at, len);
		assert_int_equal(flow_hash_shard(ETHERNET, end, len, COUNT),
		    len < 22 + 20 ?
			0 :
			len < 22 + 20 + 16 + 20 ?
			plain4(3, 4) :
			plain4(1, 2));
	}
}

static void
test_others(void **state)
{
	static const uint8_t arp[42] = { [12] = 0x08, 0x06 };
	struct packet packet = nothing;

	(void)state;
	assert_int_equal(flow_hash_shard(ETHERNET, arp, sizeof(arp), COUNT), 0);
	prepend_ipv4(&packet, 6, 1, 2);
	assert_int_equal(share(&packet, 105), 0);
	assert_int_equal(flow_hash_shard(RAW, packet.bytes + packet.at, 20, 1), 0);
	packet.bytes[packet.at] = 0x55;
	assert_int_equal(share(&packet, RAW), 0);
	packet.bytes[packet.at] = 0x41;
	assert_int_equal(share(&packet, RAW), plain4(1, 2));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_both_ways),
		cmocka_unit_test(test_even),
		cmocka_unit_test(test_links),
		cmocka_unit_test(test_carried),
		cmocka_unit_test(test_carriers),
		cmocka_unit_test(test_extension_headers),
		cmocka_unit_test(test_errors),
		cmocka_unit_test(test_fragments),
		cmocka_unit_test(test_cut_short),
		cmocka_unit_test(test_others),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
