/* Unit tests of packet/filter.c with libpcap's own compiler. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "packet/filter.h"

enum {
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
assert_match(struct filter *filter, const struct capture_record *record, int want)
{
	struct error error = { .text = "" };

	assert_int_equal(filter_match(filter, record, &error), want);
	assert_string_equal(error.text, "");
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
	assert_match(yes, &record, 1);
	assert_match(no, &record, 0);
	record.caplen = 20;
	assert_match(yes, &record, 0);
	record.caplen = 0;
	assert_match(yes, &record, 0);
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
		assert_match(filter, &record, 1);
		record = packet_of(&packet, LINKTYPE_RAW, "", 0);
		assert_match(filter, &record, 1);
		record = packet_of(&packet, LINKTYPE_LINUX_SLL,
		    "\0\4\3\4\0\6\0\0\0\0\0\0\0\0\10\0", 16);
		assert_match(filter, &record, 1);
		record.linktype = LINKTYPE_RAW;
		assert_match(filter, &record, 0);
		record.linktype = CAPTURE_LINKTYPE_NONE;
		assert_match(filter, &record, 0);
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
	assert_match(filter, &record, 1);
	record = packet_of(&packet, LINKTYPE_NULL, "\0\0\0\2", 4);
	assert_match(filter, &record, 1);
	record = packet_of(&packet, LINKTYPE_NULL, "\0\0\0\3", 4);
	assert_match(filter, &record, 0);
	filter_free(filter);
}

static void
test_lengths(void **state)
{
	struct filter *filter = new_filter("greater 1500");
	struct packet packet;
	struct capture_record record = ethernet(&packet);

	(void)state;
	assert_match(filter, &record, 1);
	record.wirelen = 1499;
	assert_match(filter, &record, 0);
	filter_free(filter);
}

static void
test_empty_expression(void **state)
{
	struct filter *filter = new_filter("");
	struct packet packet;
	struct capture_record record = ethernet(&packet);

	(void)state;
	assert_match(filter, &record, 1);
	record.caplen = 0;
	assert_match(filter, &record, 1);
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
	assert_refused("no such thing", "syntax error");
	assert_refused("tcp port", "syntax error");
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
	assert_match(filter, &record, 0);
	filter_free(filter);
	(void)snprintf(expression + len, sizeof(expression) - len, " or port 53");
	filter = new_filter(expression);
	assert_match(filter, &record, 1);
	filter_free(filter);
}

/* An expression with a meaning on some link types only. */
static void
test_some_link_types(void **state)
{
	struct filter *filter = new_filter("type mgt");
	struct error error = { .text = "" };
	struct packet packet;
	struct capture_record record = ethernet(&packet);

	(void)state;
	assert_int_equal(filter_check(filter, LINKTYPE_IEEE802_11, &error), 0);
	for (int round = 0; round < 2; round++) {
		error.text[0] = '\0';
		assert_int_equal(filter_check(filter, LINKTYPE_ETHERNET,
		    &error), -1);
		assert_int_equal(error.outcome, OUTCOME_USAGE);
		assert_non_null(strstr(error.text, "802.11"));
		assert_non_null(strstr(error.text, "(link type 1, EN10MB)"));
		error.text[0] = '\0';
		assert_int_equal(filter_match(filter, &record, &error), -1);
		assert_non_null(strstr(error.text, "802.11"));
	}
	assert_int_equal(filter_check(filter, 70000, &error), -1);
	assert_string_equal(error.text,
	    "no packet filter is possible (link type 70000)");
	filter_free(filter);
}

/* More link types than are remembered: still the right answers. */
static void
test_many_link_types(void **state)
{
	struct filter *filter = new_filter("len > 0 and udp port 53");
	struct packet packet;
	struct capture_record record = ethernet(&packet);
	struct error error;

	(void)state;
	for (int round = 0; round < 2; round++)
		for (uint32_t type = 0; type <= 300; type++) {
			(void)filter_check(filter, type, &error);
			assert_match(filter, &record, 1);
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
		cmocka_unit_test(test_many_link_types)
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
