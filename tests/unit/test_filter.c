/* SPDX-License-Identifier: BSD-2-Clause */
/* Unit tests of packet/filter.c with libpcap's own compiler. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "packet/filter.h"

enum {
	LINKTYPE_USB_LINUX = 189,
	LINKTYPE_NULL = 0,
	LINKTYPE_ETHERNET = 1,
	LINKTYPE_RAW = 101,
	LINKTYPE_IEEE802_11 = 105,
	LINKTYPE_LINUX_SLL = 113
};

/* An IPv4 packet of a UDP datagram to port 53. */
static const uint8_t ip[] = {
	0x45, 0, 0, 28, 0, 0, 0, 0, 64, 17, 0, 0, 10, 0, 0, 1, 10, 0, 0, 2,
	0x30, 0x39, 0, 53, 0, 8, 0, 0
};

struct packet {
	uint8_t bytes[64];
	size_t len;
};

static struct capture_record
packet_of(struct packet *packet, uint32_t linktype, const void *header,
    size_t header_len)
{
	struct capture_record record = { .is_packet = true };

	memcpy(packet->bytes, header, header_len);
	memcpy(packet->bytes + header_len, ip, sizeof(ip));
	packet->len = header_len + sizeof(ip);
	record.linktype = linktype;
	record.bytes = packet->bytes;
	record.caplen = (uint32_t)packet->len;
	record.wirelen = 1500;
	return record;
}

static struct capture_record
ethernet(struct packet *packet)
{
	return packet_of(packet, LINKTYPE_ETHERNET,
	    "\1\2\3\4\5\6\1\2\3\4\5\7\10\0", 14);
}

static void
assert_answer(struct filter *filter, const struct capture_record *record,
    enum filter_answer want, const char *want_news)
{
	const char *news = "left from before";

	assert_int_equal(filter_match(filter, record, &news), want);
	if (want_news == NULL)
		assert_null(news);
	else
		assert_string_equal(news, want_news);
}

static void
assert_match(struct filter *filter, const struct capture_record *record, bool want)
{
	assert_answer(filter, record, want ? FILTER_MATCH : FILTER_REJECT, NULL);
}

static struct filter *
new_filter(const char *expression)
{
	struct error error = { .text = "" };
	struct filter *filter = filter_new(expression, &error);

	assert_string_equal(error.text, "");
	assert_non_null(filter);
	return filter;
}

static void
test_match(void **state)
{
	struct filter *yes = new_filter("udp port 53"), *no = new_filter("tcp");
	struct packet packet;
	struct capture_record record = ethernet(&packet);

	(void)state;
	assert_match(yes, &record, true);
	assert_match(no, &record, false);
	record.caplen = 20;
	assert_match(yes, &record, false);
	record.caplen = 0;
	assert_match(yes, &record, false);
	filter_free(yes);
	filter_free(no);
}

/* The same expression means another program for each link type. */
static void
test_link_types(void **state)
{
	struct filter *filter = new_filter("dst host 10.0.0.2");
	struct capture_record record;
	struct packet packet;

	(void)state;
	for (int round = 0; round < 2; round++) {
		record = ethernet(&packet);
		assert_match(filter, &record, true);
		record = packet_of(&packet, LINKTYPE_RAW, "", 0);
		assert_match(filter, &record, true);
		record = packet_of(&packet, LINKTYPE_LINUX_SLL,
		    "\0\4\3\4\0\6\0\0\0\0\0\0\0\0\10\0", 16);
		assert_match(filter, &record, true);
		record.linktype = LINKTYPE_RAW;
		assert_match(filter, &record, false);
		record.linktype = CAPTURE_LINKTYPE_NONE;
		assert_answer(filter, &record, FILTER_NONE, NULL);
	}
	filter_free(filter);
}

/* BSD's loopback: the address family is in the byte order of the machine that captured. */
static void
test_null_byte_orders(void **state)
{
	struct filter *filter = new_filter("udp");
	struct capture_record record;
	struct packet packet;

	(void)state;
	record = packet_of(&packet, LINKTYPE_NULL, "\2\0\0\0", 4);
	assert_match(filter, &record, true);
	record = packet_of(&packet, LINKTYPE_NULL, "\0\0\0\2", 4);
	assert_match(filter, &record, true);
	record = packet_of(&packet, LINKTYPE_NULL, "\0\0\0\3", 4);
	assert_match(filter, &record, false);
	filter_free(filter);
}

static void
test_lengths(void **state)
{
	struct filter *filter = new_filter("greater 1500");
	struct packet packet;
	struct capture_record record = ethernet(&packet);

	(void)state;
	assert_match(filter, &record, true);
	record.wirelen = 1499;
	assert_match(filter, &record, false);
	filter_free(filter);
}

static void
test_empty_expression(void **state)
{
	struct filter *filter = new_filter("");
	struct packet packet;
	struct capture_record record = ethernet(&packet);

	(void)state;
	assert_match(filter, &record, true);
	record.caplen = 0;
	assert_match(filter, &record, true);
	filter_free(filter);
}

static void
assert_refused(const char *expression, const char *part)
{
	struct error error = { .text = "" };

	assert_null(filter_new(expression, &error));
	assert_int_equal(error.outcome, OUTCOME_USAGE);
	if (strstr(error.text, part) == NULL)
		assert_string_equal(error.text, part);
}

static void
test_no_expression(void **state)
{
	char *huge = malloc(5001);

	(void)state;
	assert_refused("no such thing", "syntax error at \"no\"");
	assert_refused("tcp port", "syntax error at the end");
	assert_true(filter_parses("tcp port 80") && filter_parses("inbound") && filter_parses("port nosuch"));
	assert_false(filter_parses("tcp prot 80"));
	assert_refused("host 1.2.3.4.5", "1.2.3.4.5");
	assert_refused("port nosuchport", "nosuchport");
	assert_non_null(huge);
	memset(huge, '(', 5000);
	huge[5000] = '\0';
	assert_refused(huge, "longer than 4096 bytes");
	huge[4096] = '\0';
	assert_refused(huge, "");
	free(huge);
}

/* Long ones are not optimized; they match the same. */
static void
test_long_expression(void **state)
{
	char expression[4097] = "port 1";
	struct filter *filter;
	struct packet packet;
	struct capture_record record = ethernet(&packet);
	size_t len = strlen(expression);

	(void)state;
	for (int port = 1; len < 1500; port++)
		len += (size_t)snprintf(expression + len,
		    sizeof(expression) - len, " or port %d", port % 50);
	filter = new_filter(expression);
	assert_match(filter, &record, false);
	filter_free(filter);
	(void)snprintf(expression + len, sizeof(expression) - len, " or port 53");
	filter = new_filter(expression);
	assert_match(filter, &record, true);
	filter_free(filter);
}

/* An expression with a meaning on some link types only: why is reported once for each of the others. */
static void
test_some_link_types(void **state)
{
	struct filter *filter = new_filter("type mgt");
	struct packet packet;
	struct capture_record record = ethernet(&packet);

	(void)state;
	assert_false(filter_is_futile(filter));
	assert_answer(filter, &record, FILTER_INAPPLICABLE,
	    "--bpf: 802.11 link-layer types supported only on 802.11 (link "
	    "type 1, EN10MB); packets of this link type are skipped");
	assert_answer(filter, &record, FILTER_INAPPLICABLE, NULL);
	record.linktype = LINKTYPE_USB_LINUX;
	assert_int_equal(filter_match(filter, &record, NULL),
	    FILTER_INAPPLICABLE);
	assert_answer(filter, &record, FILTER_INAPPLICABLE,
	    "--bpf: 802.11 link-layer types supported only on 802.11 (link "
	    "type 189, USB_LINUX); packets of this link type are skipped");
	record.linktype = UINT16_MAX;
	assert_answer(filter, &record, FILTER_INAPPLICABLE,
	    "--bpf: unknown data link type 65535 (min 104, max 289) (link "
	    "type 65535); packets of this link type are skipped");
	assert_answer(filter, &record, FILTER_INAPPLICABLE, NULL);
	assert_true(filter_is_futile(filter));
	/* The first byte, with bits 2 and 3 clear, is that of a management frame. */
	record.linktype = LINKTYPE_IEEE802_11;
	assert_answer(filter, &record, FILTER_MATCH, NULL);
	assert_false(filter_is_futile(filter));
	filter_free(filter);
}

/* libpcap refuses to compile what matches nothing: that is an answer, not a fault. */
static void
test_rejects_all(void **state)
{
	struct filter *filter = new_filter("arp");
	struct packet packet;
	struct capture_record record = packet_of(&packet, LINKTYPE_RAW, "", 0);

	(void)state;
	assert_answer(filter, &record, FILTER_REJECT,
	    "--bpf: expression "
	    "rejects all packets (link type 101, RAW); packets of this link "
	    "type are skipped");
	assert_answer(filter, &record, FILTER_REJECT, NULL);
	assert_false(filter_is_futile(filter));
	record = ethernet(&packet);
	packet.bytes[13] = 6;
	assert_match(filter, &record, true);
	filter_free(filter);

	filter = new_filter("ip and arp");
	assert_answer(filter, &record, FILTER_REJECT,
	    "--bpf: expression "
	    "rejects all packets (link type 1, EN10MB); packets of this link "
	    "type are skipped");
	assert_false(filter_is_futile(filter));
	filter_free(filter);
}

/* More link types than are remembered: still the right answers. */
static void
test_many_link_types(void **state)
{
	struct filter *filter = new_filter("len > 0 and udp port 53");
	struct packet packet;
	struct capture_record record = ethernet(&packet), other = record;

	(void)state;
	for (int round = 0; round < 2; round++)
		for (uint32_t type = 0; type <= 300; type++) {
			const char *news;

			other.linktype = type;
			(void)filter_match(filter, &other, &news);
			assert_true(round == 0 || news == NULL);
			assert_match(filter, &record, true);
		}
	filter_free(filter);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_match),
		cmocka_unit_test(test_link_types),
		cmocka_unit_test(test_null_byte_orders),
		cmocka_unit_test(test_lengths),
		cmocka_unit_test(test_empty_expression),
		cmocka_unit_test(test_no_expression),
		cmocka_unit_test(test_long_expression),
		cmocka_unit_test(test_some_link_types),
		cmocka_unit_test(test_rejects_all),
		cmocka_unit_test(test_many_link_types)
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
