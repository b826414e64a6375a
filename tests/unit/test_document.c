/* SPDX-License-Identifier: BSD-2-Clause */
/* Tests of document/document.c: the whole document, typed copies, lean documents, opaque bytes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "documents.h"

/* The members that say what kind of event a packet is. */
#define EVENT(types) \
	"\"event\":{\"category\":[\"network\"],\"dataset\":\"espcap.packet\",\"kind\":\"event\"," \
	"\"module\":\"espcap\",\"type\":[" types "]},"

static void
test_whole_document(void **state)
{
	struct maker maker = { .names = NULL };

	(void)state;
	start(&maker);
	assert_string_equal(make(&maker, FRAME("eth:ethertype:ip:tcp:http") "," ETH "," IP "," TCP "," HTTP ",\"tcp_tcp_segment\":\"5\""),
	    "{\"@timestamp\":\"2015-07-30T05:22:10.634684000Z\","
	    "\"type\":\"pcap_file\",\"file_name\":\"a.pcap\","
	    "\"file_date_utc\":\"2015-07-30 05:26:19\","
	    "\"sniff_date_utc\":\"2015-07-30 05:22:10\","
	    "\"sniff_timestamp\":1438233730634.684,\"protocol\":\"http\","
	    "\"info\":\"HTTP/1.1 200 OK\",\"frame_number\":18,"
	    "\"destination\":{\"ip\":\"10.0.0.4\",\"port\":59804},"
	    "\"ecs\":{\"version\":\"9.4.0\"},\"espcap\":{\"capture\":\"00ff\",\"http_time\":0.121884000,"
	    "\"ordinal\":18,\"tcp_flags\":24}," EVENT("\"connection\",\"protocol\"")
		"\"file\":{\"path\":\"/tmp/a.pcap\"},"
		"\"http\":{\"response\":{\"status_code\":200}},"
		"\"network\":{\"bytes\":89,"
		"\"community_id\":\"1:GVcKzGSN15Tey28v1dNour4Y6XQ=\","
		"\"iana_number\":\"6\",\"protocol\":\"http\",\"transport\":\"tcp\",\"type\":\"ipv4\"},"
		"\"observer\":{\"product\":\"tshark\",\"type\":\"sensor\",\"vendor\":\"Wireshark\",\"version\":\"4.0.17\"},"
		"\"source\":{\"bytes\":89,\"ip\":\"74.125.239.39\",\"mac\":\"58-23-8C-B4-42-56\","
		"\"port\":80},\"tcp\":{\"syn\":true},"
		"\"layers\":{\"frame\":{\"frame.number\":\"18\","
		"\"frame.protocols\":\"eth:ethertype:ip:tcp:http\"},"
		"\"link\":{\"eth.src\":\"58:23:8c:b4:42:56\",\"eth.addr\":"
		"[\"a\",\"b\"]},\"network\":{\"ip.src\":\"74.125.239.39\","
		"\"ip.dst\":\"10.0.0.4\",\"ip.proto\":\"6\",\"ip.flags.df\":false},"
		"\"transport\":{\"tcp.srcport\":\"80\",\"tcp.dstport\":\"59804\","
		"\"tcp.flags\":\"0x0018\",\"tcp.flags.syn\":true,"
		"\"tcp.analysis\":true},\"application\":{\"http.response.code\":"
		"\"200\",\"http.time\":\"0.121884000\"},\"data\":{\"envelope\":\"tcp\","
		"\"tcp.segment\":\"5\"}}}");
	maker_end(&maker);
}

/* What is not known is left out. */
static void
test_least_document(void **state)
{
	struct maker maker = { .capture = { .file_name = "a", .id = "x" } };

	(void)state;
	start(&maker);
	maker.packet.has_time = false;
	assert_string_equal(maker_run(&maker, "{}\n", 3),
	    "{\"type\":\"pcap_file\",\"file_name\":\"a\",\"protocol\":\"frame\","
	    "\"frame_number\":18,\"ecs\":{\"version\":\"9.4.0\"},\"espcap\":{\"capture\":\"x\",\"ordinal\":18}," EVENT("\"info\"")
		"\"network\":{\"bytes\":89},\"observer\":{\"product\":\"tshark\",\"type\":\"sensor\",\"vendor\":\"Wireshark\","
		"\"version\":\"4.0.17\"},\"layers\":{}}");
	assert_null(strict_json(maker.out.data, maker.out.len));
	maker_end(&maker);
}

/* A live capture has no file, but a host and an interface. */
static void
test_live(void **state)
{
	struct maker maker = { .names = NULL };

	(void)state;
	start(&maker);
	maker.capture = (struct document_capture){ .id = "x",
		.host = "sensor",
		.interface = "eth\"0" };
	maker.packet.has_time = false;
	assert_string_equal(maker_run(&maker, "{}\n", 3),
	    "{\"type\":\"pcap_live\",\"protocol\":\"frame\","
	    "\"frame_number\":18,\"ecs\":{\"version\":\"9.4.0\"},\"espcap\":{\"capture\":\"x\",\"ordinal\":18}," EVENT("\"info\"")
		"\"host\":{\"name\":\"sensor\"},"
		"\"network\":{\"bytes\":89},\"observer\":{\"ingress\":"
		"{\"interface\":{\"name\":\"eth\\\"0\"}},\"name\":\"sensor\","
		"\"product\":\"tshark\",\"type\":\"sensor\",\"vendor\":\"Wireshark\",\"version\":\"4.0.17\"},\"layers\":{}}");
	assert_null(strict_json(maker.out.data, maker.out.len));
	maker_end(&maker);
}

/* Duplicate keys are one array, in the order of the packet. */
static void
test_repeated_keys(void **state)
{
	struct maker maker = { .names = NULL };
	const char *json;

	(void)state;
	start(&maker);
	json = make(&maker,
	    FRAME("eth:ip")
		",\"ip\":{\"text\":\"1\","
		"\"ip_ip_ttl\":\"64\",\"text\":[\"2\",\"3\"],\"ip_ip_flags_df\":true,"
		"\"_ws_expert\":{\"_ws_expert__ws_expert_message\":\"a\",\"text\":"
		"\"4\"},\"ip_ip_flags_df\":false,\"ip_ip_flags_df\":null,"
		"\"_ws_expert\":{\"_ws_expert__ws_expert_message\":\"b\"},"
		"\"text\":\"5\"}");
	assert_has(json,
	    "\"network\":{\"text\":[\"1\",\"2\",\"3\",\"4\",\"5\"],"
	    "\"ip.ttl\":\"64\",\"ip.flags.df\":[true,false,true],"
	    "\"_ws.expert.message\":[\"a\",\"b\"]}");
	maker_end(&maker);
}

static void
test_order_for_an_unordered_tshark(void **state)
{
	struct maker maker = { .config = { .sort = true } };

	(void)state;
	start(&maker);
	assert_has(
	    make(&maker,
		FRAME("eth:ip") ",\"ip\":{\"ip_ip_ttl\":\"64\","
				"\"ip_ip_src\":\"1\",\"ip_ip_flags_df\":true,\"ip_ip_flags\":\"2\","
				"\"ip_ip_src\":\"0\"}"),
	    "\"network\":{\"ip.flags\":\"2\",\"ip.flags.df\":true,"
	    "\"ip.src\":[\"1\",\"0\"],\"ip.ttl\":\"64\"}");
	maker_end(&maker);
}

static void
test_pretty_is_the_same_document(void **state)
{
	static const char layers[] = FRAME("eth:ip") "," ETH "," IP;
	struct maker plain = { .names = NULL };
	struct maker pretty = { .config = { .pretty = true } };
	struct buffer indented;
	const char *json;

	(void)state;
	start(&plain);
	start(&pretty);
	(void)make(&plain, layers);
	buffer_init(&indented, 1 << 20);
	assert_int_equal(json_pretty(&indented, plain.out.data, plain.out.len),
	    0);
	assert_int_equal(buffer_append(&indented, "", 1), 0);
	json = make(&pretty, layers);
	assert_string_equal(json, indented.data);
	assert_has(json, "\n  \"protocol\": \"ip\",\n");
	buffer_release(&indented);
	maker_end(&plain);
	maker_end(&pretty);
}

/* Typed copies. */

static void
test_copies_of_several_values(void **state)
{
	struct maker maker = { .names = NULL };
	const char *json;

	(void)state;
	start(&maker);
	json = make(&maker,
	    FRAME("eth:ip:udp:dns")
		",\"dns\":{"
		"\"dns_dns_qry_name\":[\"a.test\",\"b.test\"],"
		"\"dns_dns_flags_rcode\":\"3\"},\"udp\":{\"udp_udp_srcport\":\"53\"}");
	assert_has(json,
	    "\"dns\":{\"question\":{\"name\":[\"a.test\","
	    "\"b.test\"]},\"response_code\":\"NXDOMAIN\"}");
	assert_has(json, "\"source\":{\"port\":53}");
	maker_end(&maker);
}

static void
test_texts_that_are_no_values_get_no_copy(void **state)
{
	struct maker maker = { .names = NULL };
	const char *json;

	(void)state;
	start(&maker);
	json = make(&maker,
	    FRAME("eth:ip:tcp:http")
		",\"ip\":{\"ip_ip_src\":"
		"\"nowhere\",\"ip_ip_dst\":[\"x\",\"10.0.0.4\",\"y\"]},\"tcp\":"
		"{\"tcp_tcp_srcport\":[\"http\",\"99999999999\"],"
		"\"tcp_tcp_flags\":null},\"http\":{\"http_http_time\":\"NaN\"}");
	assert_has(json, "\"destination\":{\"ip\":\"10.0.0.4\"}");
	assert_has_not(json, "\"source\"");
	assert_has_not(json, "tcp_flags");
	assert_has_not(json, "http_time");
	assert_has(json, "\"ip.dst\":[\"x\",\"10.0.0.4\",\"y\"]");
	maker_end(&maker);
}

static void
test_copies_are_of_the_innermost_packet(void **state)
{
	struct maker maker = { .names = NULL };
	const char *json;

	(void)state;
	start(&maker);
	json = make(&maker,
	    FRAME("eth:ip:gre:ip:tcp") "," ETH
				       ","
				       "\"ip\":[{\"ip_ip_src\":\"192.0.2.1\"},{\"ip_ip_src\":\"10.9.0.1\"}],"
				       "\"gre\":{\"gre_gre_proto\":\"1\"},\"tcp\":{\"tcp_tcp_srcport\":\"1\"}");
	assert_has(json,
	    "\"source\":{\"ip\":\"10.9.0.1\",\"mac\":"
	    "\"58-23-8C-B4-42-56\",\"port\":1}");
	json = make(&maker,
	    FRAME("eth:ip:icmp:ip:udp:dns")
		",\"ip\":{\"ip_ip_src\":"
		"\"192.0.2.1\"},\"icmp\":{\"icmp_icmp_type\":\"3\",\"ip\":{"
		"\"ip_ip_src\":\"10.9.0.1\"},\"udp\":{\"udp_udp_srcport\":\"7\"}},"
		"\"dns\":{\"dns_dns_qry_name\":\"quoted.test\"}");
	assert_has(json, "\"source\":{\"ip\":\"192.0.2.1\"}");
	assert_has(json, "\"protocol\":\"icmp\"");
	assert_has_not(json, "\"question\"");
	maker_end(&maker);
}

/* Two objects of one name side by side, several levels deep, and nothing of ours in between. */
static void
test_places_of_copies(void **state)
{
	struct maker maker = { .typed_list =
				   "ip.ttl long a.b.c.d\n"
				   "ip.src keyword a.b.c_d\nip.dst keyword a.b.e\nip.proto long zz\n"
				   "ip.version long network.zone\nno.such.field long a.x\n"
				   "ip.ttl keyword again.ttl\n" };

	(void)state;
	start(&maker);
	assert_has(
	    make(&maker,
		FRAME("ip") ",\"ip\":{\"ip_ip_ttl\":\"1\","
			    "\"ip_ip_src\":\"s\",\"ip_ip_dst\":\"t\",\"ip_ip_proto\":\"2\","
			    "\"ip_ip_version\":\"4\"}"),
	    "\"frame_number\":18,\"a\":{\"b\":{\"c\":{\"d\":1},\"c_d\":\"s\","
	    "\"e\":\"t\"}},\"again\":{\"ttl\":\"1\"},\"ecs\":{\"version\":\"9.4.0\"},\"espcap\":{\"capture\":"
	    "\"00ff\",\"ordinal\":18}," EVENT("\"info\"")
		"\"file\":{\"path\":\"/tmp/a.pcap\"},"
		"\"network\":{\"bytes\":89,\"type\":\"ipv4\",\"zone\":4},"
		"\"observer\":{\"product\":\"tshark\",\"type\":\"sensor\",\"vendor\":\"Wireshark\",\"version\":\"4.0.17\"},"
		"\"zz\":2,\"layers\":");
	maker_end(&maker);
}

/* Flows. */

static void
test_what_the_network_is(void **state)
{
	struct maker maker = { .names = NULL };
	const char *json;

	(void)state;
	start(&maker);
	json = make(&maker,
	    FRAME("eth:ip:icmp")
		",\"ip\":{\"ip_ip_src\":"
		"\"192.168.0.89\",\"ip_ip_dst\":\"192.168.0.1\",\"ip_ip_proto\":\"1\"}"
		",\"icmp\":{\"icmp_icmp_type\":\"8\",\"icmp_icmp_code\":\"0\"}");
	assert_has(json,
	    "\"community_id\":\"1:X0snYXpgwiv9TZtqg64sgzUn6Dk=\",\"iana_number\":\"1\","
	    "\"protocol\":\"icmp\",\"transport\":\"icmp\",\"type\":\"ipv4\"}");
	json = make(&maker,
	    FRAME("eth:ipv6:ipv6.hopopts:icmpv6")
		",\"ipv6\":{"
		"\"ipv6_ipv6_src\":\"fe80::200:86ff:fe05:80da\",\"ipv6_ipv6_dst\":"
		"\"fe80::260:97ff:fe07:69ea\",\"ipv6_ipv6_nxt\":\"0\"},"
		"\"ipv6_hopopts\":{},\"icmpv6\":{\"icmpv6_icmpv6_type\":\"135\","
		"\"icmpv6_icmpv6_code\":\"0\"}");
	assert_has(json,
	    "\"community_id\":\"1:dGHyGvjMfljg6Bppwm3bg0LO8TY=\",\"iana_number\":\"58\","
	    "\"protocol\":\"icmpv6\",\"transport\":\"ipv6-icmp\","
	    "\"type\":\"ipv6\"}");
	json = make(&maker,
	    FRAME("ip:sctp")
		",\"ip\":{\"ip_ip_src\":"
		"\"192.168.170.8\",\"ip_ip_dst\":\"192.168.170.56\"},\"sctp\":"
		"{\"sctp_sctp_srcport\":\"7\",\"sctp_sctp_dstport\":\"80\"}");
	assert_has(json, "\"1:jQgCxbku+pNGw8WPbEc/TS/uTpQ=\"");
	json = make(&maker,
	    FRAME("eth:ip")
		",\"ip\":{\"ip_ip_src\":\"10.1.24.4\","
		"\"ip_ip_dst\":\"10.1.12.1\",\"ip_ip_proto\":\"46\"}");
	assert_has(json, "\"1:/nQI4Rh/TtY3mf0R2gJFBkVlgS4=\",\"iana_number\":\"46\",\"type\":\"ipv4\"}");
	/* No flow: no address, not a network of IP. */
	assert_has_not(
	    make(&maker,
		FRAME("eth:ip") ",\"ip\":{\"ip_ip_src\":"
				"\"10.1.24.4\"}"),
	    "community_id");
	assert_has_not(
	    make(&maker,
		FRAME("eth:ip") ",\"ip\":{\"ip_ip_src\":"
				"\"10.1.24.4\",\"ip_ip_dst\":\"www.example.test\",\"ip_ip_proto\":"
				"\"6\"}"),
	    "community_id");
	json = make(&maker, FRAME("eth:arp") ",\"arp\":{\"arp_arp_opcode\":\"1\"}");
	assert_has_not(json, "community_id");
	assert_has_not(json, "transport");
	maker_end(&maker);
}

/* Lean documents. */

static void
test_lean_documents(void **state)
{
	static const char list[] = "ip.src,tcp.analysis,eth.addr,http.chat,text";
	struct maker maker = { .names = table_new() };
	struct fields *fields = fields_new(list, strlen(list), maker.names,
	    NULL);
	const char *json;

	(void)state;
	assert_non_null(fields);
	maker.config.fields = fields;
	start(&maker);
	json = make(&maker, FRAME("eth:ethertype:ip:tcp:http") "," ETH "," IP "," TCP "," HTTP ",\"tcp_tcp_segment\":\"5\",\"text\":\"x\"");
	assert_has(json,
	    "\"layers\":{\"link\":{\"eth.addr\":[\"a\",\"b\"]},"
	    "\"network\":{\"ip.src\":\"74.125.239.39\"},"
	    "\"transport\":{\"tcp.analysis\":true},"
	    "\"data\":[{\"envelope\":\"frame\",\"text\":\"x\"}]}}");
	/* All else is as in the full document. */
	assert_has(json, "\"protocol\":\"http\"");
	assert_has(json, "\"tcp_flags\":24");
	assert_has(json, "\"destination\":{\"ip\":\"10.0.0.4\",\"port\":59804}");
	json = make(&maker, FRAME("eth:udp") ",\"udp\":{\"udp_udp_srcport\":\"1\"}");
	assert_has(json, "\"layers\":{}}");
	maker_end(&maker);
	fields_free(fields);
}

/* Foreign bytes. */

static void
test_bytes_that_are_not_utf8(void **state)
{
	struct maker maker = { .capture = { .file_name = "a\xff.pcap",
				   .file_path = "/\xc3/a",
				   .id = "x" } };
	const char *json;

	(void)state;
	start(&maker);
	json = make(&maker, FRAME("eth") "," ETH);
	assert_has(json, "\"file_name\":\"a\xef\xbf\xbd.pcap\"");
	assert_has(json, "\"path\":\"/\xef\xbf\xbd/a\"");
	/* A file's name is not tshark's line. */
	assert_int_equal(document_sanitized(maker.document), 0);
	json = make(&maker,
	    FRAME("eth:ip:tcp:http")
		",\"http\":{"
		"\"http_http_user_agent\":\"a\xff\",\"http_http_chat\":\"\\u0000\xc3\"}");
	assert_has(json, "\"http.user_agent\":\"a\xef\xbf\xbd\"");
	assert_has(json, "\"http.chat\":\"\\u0000\xef\xbf\xbd\"");
	assert_has(json, "\"user_agent\":{\"original\":\"a\xef\xbf\xbd\"}");
	assert_int_equal(document_sanitized(maker.document), 1);
	json = make(&maker, FRAME("eth\xff") "," ETH);
	assert_has(json, "\"protocol\":\"eth\xef\xbf\xbd\"");
	assert_int_equal(document_sanitized(maker.document), 2);
	maker_end(&maker);
}

/* The line was sanitized, wherever the bytes stood. */
static void
test_info_that_is_not_utf8(void **state)
{
	static const char line[] = "{\"info\":\"a\xed\xa0\x80\",\"layers\":{}}\n";
	struct maker maker = { .names = NULL };

	(void)state;
	start(&maker);
	assert_has(maker_run(&maker, line, sizeof(line) - 1),
	    "\"info\":"
	    "\"a\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\"");
	assert_int_equal(document_sanitized(maker.document), 1);
	maker_end(&maker);
}

static void
test_unknown_keys(void **state)
{
	struct maker maker = { .names = NULL };
	char *layers = xmalloc(2000000), *at = layers;
	const char *json;

	(void)state;
	start(&maker);
	json = make(&maker,
	    FRAME("eth:ip")
		",\"ip\":{\"ip_ip_new\":\"1\","
		"\"envelope\":\"2\",\"a b\":\"3\",\"a\\\"\":\"4\",\"a\\u0000\":\"5\","
		"\"ip_ip_new\":null,\"ip.new\":\"6\"},\"new_layer\":{\"new_layer_new_layer_x\""
		":\"7\"}");
	assert_has(json,
	    "\"network\":{\"ip.new\":[\"1\",true],"
	    "\"text\":[\"2\",\"3\",\"4\",\"5\",\"6\"]}");
	assert_has(json,
	    "\"new_layer\":{\"envelope\":\"ip\",\"new_layer.x\":"
	    "\"7\"}");
	at += sprintf(at, FRAME("eth:ip") ",\"ip\":{\"ip_ip_ttl\":\"1\"");
	for (int i = 0; i < 20000; i++)
		at += sprintf(at, ",\"ip_ip_k%d\":\"%d\"", i, i);
	sprintf(at, "}");
	json = make(&maker, layers);
	assert_has(json, "\"ip.k0\":\"0\"");
	assert_has(json, "\"text\":[\"16");
	assert_has(json, "\"19999\"]");
	free(layers);
	maker_end(&maker);
}

/* A document is a function of the packet: the ones before it leave nothing behind. */
static void
test_packets_do_not_mix(void **state)
{
	static const char layers[] = FRAME("eth:ethertype:ip:tcp:http") "," ETH
									"," IP "," TCP "," HTTP;
	struct maker maker = { .names = NULL };
	char *first;

	(void)state;
	start(&maker);
	first = xstrdup(make(&maker, layers));
	(void)make(&maker,
	    FRAME("eth:ip:gre:ip:udp:dns")
		",\"ip\":[{},{}],"
		"\"dns\":{\"dns_dns_qry_name\":[\"a\",\"b\"]},\"tcp_tcp_segment\":\"1\"");
	(void)maker_run(&maker, "{}\n", 3);
	assert_string_equal(make(&maker, layers), first);
	free(first);
	maker_end(&maker);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_live),
		cmocka_unit_test(test_whole_document),
		cmocka_unit_test(test_least_document),
		cmocka_unit_test(test_repeated_keys),
		cmocka_unit_test(test_order_for_an_unordered_tshark),
		cmocka_unit_test(test_pretty_is_the_same_document),
		cmocka_unit_test(test_copies_of_several_values),
		cmocka_unit_test(test_texts_that_are_no_values_get_no_copy),
		cmocka_unit_test(test_copies_are_of_the_innermost_packet),
		cmocka_unit_test(test_places_of_copies),
		cmocka_unit_test(test_what_the_network_is),
		cmocka_unit_test(test_lean_documents),
		cmocka_unit_test(test_bytes_that_are_not_utf8),
		cmocka_unit_test(test_info_that_is_not_utf8),
		cmocka_unit_test(test_unknown_keys),
		cmocka_unit_test(test_packets_do_not_mix),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
