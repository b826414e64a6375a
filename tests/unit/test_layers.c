/* SPDX-License-Identifier: BSD-2-Clause */
/* Tests of document/layers.c: which layer goes in which section, and what the top protocol is. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/buffer.h"
#include "base/xalloc.h"
#include "document/layers.h"
#include "readers/ek.h"
#include "table.h"

/* All that is needed to arrange packets. */
struct bench {
	struct names *names;
	struct protocols *protocols;
	struct tree tree;
	struct ek *ek;
	struct layers *layers;
	struct buffer shown;
};

static int
setup(void **state)
{
	static const char list[] =
	    "# data\n# media\n# spnego\n# gss-api\n"
	    "# ntlmssp\n# ethertype\n";
	struct bench *bench = xcalloc(1, sizeof(*bench));

	bench->names = table_new();
	bench->protocols = protocols_new(list, strlen(list));
	tree_init(&bench->tree, 0, 1 << 20);
	bench->ek = ek_new(bench->names, &bench->tree, 1 << 20);
	bench->layers = layers_new(bench->names, bench->protocols);
	buffer_init(&bench->shown, 1 << 20);
	*state = bench;
	return 0;
}

static int
teardown(void **state)
{
	struct bench *bench = *state;

	buffer_release(&bench->shown);
	layers_free(bench->layers);
	ek_free(bench->ek);
	tree_release(&bench->tree);
	protocols_free(bench->protocols);
	names_free(bench->names);
	free(bench);
	return 0;
}

static void
show_object(struct bench *bench, const struct layers_object *object)
{
	const struct tree *tree = &bench->tree;

	buffer_puts(&bench->shown, object->inner ? "{" : "{!");
	if (object->envelope != NAMES_NONE)
		buffer_printf(&bench->shown, "<%s>",
		    table_name(bench->names, object->envelope));
	for (uint32_t at = object->first; at != TREE_NONE;
	     at = tree->leaves[at].next) {
		if (tree->leaves[at].field ==
		    table_id(bench->names, "frame.protocols"))
			continue;
		buffer_printf(&bench->shown, " %s",
		    table_name(bench->names, tree->leaves[at].field));
		if (tree->leaves[at].kind == TREE_TEXT)
			buffer_printf(&bench->shown, "=%.*s",
			    (int)tree->leaves[at].len,
			    tree_leaf_text(tree, &tree->leaves[at]));
	}
	buffer_puts(&bench->shown, "}");
}

/*
 * The sections as text: name{<envelope> field=value ...}, [] around those that
 * are arrays in any case, {! for an object that is not the packet's own.
 */
static const char *
show(struct bench *bench)
{
	size_t count;
	const struct layers_section *sections =
	    layers_sections(bench->layers, &count);

	buffer_clear(&bench->shown);
	for (size_t i = 0; i < count; i++) {
		buffer_printf(&bench->shown, "%s%.*s%s", i > 0 ? " " : "",
		    (int)sections[i].name_len, sections[i].name,
		    sections[i].is_array ? "[" : "");
		for (uint32_t at = sections[i].first; at != LAYERS_NONE;
		     at = layers_object(bench->layers, at)->next)
			show_object(bench, layers_object(bench->layers, at));
		buffer_puts(&bench->shown, sections[i].is_array ? "]" : "");
	}
	buffer_append(&bench->shown, "", 1);
	return bench->shown.data;
}

/* Arranges a packet with this frame.protocols and these layers in EK form. */
static void
arrange(struct bench *bench, const char *protocols, const char *ek)
{
	char *line = xasprintf(
	    "{\"layers\":{\"frame\":{"
	    "\"frame_frame_protocols\":\"%s\"}%s%s}}\n",
	    protocols,
	    ek[0] == '\0' ? "" : ",", ek);
	size_t used;

	assert_int_equal(ek_read(bench->ek, line, strlen(line), &used, NULL),
	    EK_DOCUMENT);
	layers_arrange(bench->layers, &bench->tree);
	free(line);
}

static void
assert_sections(struct bench *bench, const char *protocols, const char *ek,
    const char *wanted)
{
	arrange(bench, protocols, ek);
	assert_string_equal(show(bench), wanted);
}

static void
assert_top(struct bench *bench, const char *wanted)
{
	size_t len;
	const char *name = layers_protocol(bench->layers, &len);

	if (len != strlen(wanted) || memcmp(name, wanted, len) != 0)
		fail_msg("the top protocol is %.*s, not %s", (int)len, name,
		    wanted);
}

static void
assert_place(struct bench *bench, struct layers_place place,
    const char *protocol, const char *field, const char *value)
{
	const struct tree_leaf *leaf;

	assert_int_equal(place.protocol, table_id(bench->names, protocol));
	leaf = &bench->tree
		    .leaves[layers_object(bench->layers, place.object)->first];
	assert_string_equal(table_name(bench->names, leaf->field), field);
	assert_int_equal(leaf->len, strlen(value));
	assert_memory_equal(tree_leaf_text(&bench->tree, leaf), value,
	    leaf->len);
}

#define ETH "\"eth\":{\"eth_eth_src\":\"e\"}"
#define IP "\"ip\":{\"ip_ip_src\":\"i\"}"
#define TCP "\"tcp\":{\"tcp_tcp_srcport\":\"t\"}"
#define UDP "\"udp\":{\"udp_udp_srcport\":\"u\"}"
#define DNS "\"dns\":{\"dns_dns_a\":\"d\"}"
#define HTTP "\"http\":{\"http_http_chat\":\"h\"}"
#define LOWER "frame{} link{ eth.src=e} network{ ip.src=i} "

static void
test_plain_packet(void **state)
{
	struct bench *bench = *state;

	assert_sections(bench, "eth:ethertype:ip:tcp:http",
	    ETH "," IP "," TCP "," HTTP,
	    LOWER "transport{ tcp.srcport=t} application{ http.chat=h}");
	assert_top(bench, "http");
	assert_true(layers_has_application(bench->layers));
	assert_place(bench, layers_network(bench->layers), "ip", "ip.src", "i");
	assert_place(bench, layers_transport(bench->layers), "tcp",
	    "tcp.srcport", "t");
	assert_place(bench, layers_above_network(bench->layers), "tcp",
	    "tcp.srcport", "t");
}

/* Later tsharks print the layers in the order of a hash table. */
static void
test_order_is_that_of_the_stack(void **state)
{
	assert_sections(*state, "eth:ethertype:ip:tcp:http",
	    HTTP "," TCP "," ETH "," IP,
	    LOWER "transport{ tcp.srcport=t} application{ http.chat=h}");
}

static void
test_no_application_of_its_own(void **state)
{
	struct bench *bench = *state;

	assert_sections(bench, "eth:ethertype:ip:tcp", ETH "," IP "," TCP,
	    LOWER "transport{ tcp.srcport=t}");
	assert_top(bench, "tcp");
	assert_false(layers_has_application(bench->layers));
	assert_sections(bench, "eth:ethertype:arp",
	    ETH ",\"arp\":{\"arp_arp_opcode\":\"1\"}",
	    "frame{} link{ eth.src=e} network{ arp.opcode=1}");
	assert_top(bench, "arp");
	assert_sections(bench, "eth", ETH, "frame{} link{ eth.src=e}");
	assert_top(bench, "eth");
}

static void
test_layers_without_a_fixed_section(void **state)
{
	struct bench *bench = *state;

	assert_sections(bench, "eth:ethertype:vlan:ethertype:ip:udp:dns",
	    ETH
	    ",\"vlan\":[{\"vlan_vlan_id\":\"5\"},{\"vlan_vlan_id\":\"6\"}]," IP
	    "," UDP "," DNS,
	    "frame{} link{ eth.src=e} vlan{<eth> vlan.id=5}{<eth> vlan.id=6}"
	    " network{ ip.src=i} transport{ udp.srcport=u}"
	    " application{ dns.a=d}");
	assert_sections(bench, "eth:ipv6:ipv6.hopopts:icmpv6",
	    ETH
	    ",\"ipv6\":{\"ipv6_ipv6_src\":\"s\"},\"ipv6_hopopts\":"
	    "{\"ipv6_hopopts_ipv6_hopopts_nxt\":\"58\"},"
	    "\"icmpv6\":{\"icmpv6_icmpv6_type\":\"1\"}",
	    "frame{} link{ eth.src=e} network{ ipv6.src=s}"
	    " ipv6.hopopts{<ipv6> ipv6.hopopts.nxt=58}"
	    " application{ icmpv6.type=1}");
	/* The extension headers are not what is above IPv6. */
	assert_place(bench, layers_above_network(bench->layers), "icmpv6",
	    "icmpv6.type", "1");
	assert_int_equal(layers_transport(bench->layers).object, LAYERS_NONE);
}

static void
test_media_is_not_the_application(void **state)
{
	struct bench *bench = *state;

	assert_sections(bench, "eth:ethertype:ip:tcp:http:media",
	    ETH "," IP "," TCP "," HTTP ",\"media\":{\"media_media_type\":\"m\"}",
	    LOWER
	    "transport{ tcp.srcport=t} application{ http.chat=h}"
	    " media{<http> media.type=m}");
	assert_top(bench, "http");
}

/* The protocol "data" is its encloser's payload; the section "data" is what stands beside the layers. */
static void
test_data(void **state)
{
	struct bench *bench = *state;

	assert_sections(bench, "eth:ethertype:ip:udp:data",
	    ETH "," IP "," UDP ",\"data\":{\"data_data_data\":\"00\"}",
	    LOWER "transport{ udp.srcport=u data.data=00}");
	assert_top(bench, "udp");
	assert_sections(bench, "data", "\"data\":{\"data_data_data\":\"00\"}",
	    "frame{ data.data=00}");
	assert_top(bench, "frame");
	assert_sections(bench, "eth:ethertype:ip:tcp:http:media",
	    ETH "," IP "," TCP
		",\"tcp_tcp_segments\":null,\"tcp_tcp_segment\":"
		"[\"5\",\"6\"]," HTTP ",\"media\":{\"media_media_type\":\"m\"}",
	    LOWER
	    "transport{ tcp.srcport=t} application{ http.chat=h}"
	    " data{<tcp> tcp.segments tcp.segment=5 tcp.segment=6}"
	    " media{<http> media.type=m}");
	/* Two protocols that reassemble: an object each. */
	assert_sections(bench, "eth:ethertype:ip:tcp",
	    ETH "," IP "," TCP
		",\"tcp_tcp_segment\":\"5\",\"ip_ip_fragment\":"
		"\"3\",\"tcp_tcp_segment_count\":\"2\"",
	    LOWER
	    "transport{ tcp.srcport=t}"
	    " data{<tcp> tcp.segment=5 tcp.segment.count=2}{<ip> ip.fragment=3}");
	/* Texts and unknown keys beside the layers are the frame's. */
	assert_sections(bench, "eth", ETH ",\"text\":\"x\",\"odd_key\":\"y\"",
	    "frame{} link{ eth.src=e} data{<frame> text=x odd_key=y}");
}

static void
test_tunnels(void **state)
{
	struct bench *bench = *state;

	assert_sections(bench, "eth:ethertype:ip:gre:ip:udp:dns",
	    ETH
	    ",\"ip\":[{\"ip_ip_src\":\"out\"},{\"ip_ip_src\":\"in\"}],"
	    "\"gre\":{\"gre_gre_proto\":\"g\"}," UDP "," DNS,
	    "frame{} link{ eth.src=e} tunnel[{!<eth> ip.src=out}]"
	    " gre{<ip> gre.proto=g} network{ ip.src=in}"
	    " transport{ udp.srcport=u} application{ dns.a=d}");
	assert_place(bench, layers_network(bench->layers), "ip", "ip.src", "in");
	assert_sections(bench,
	    "eth:ethertype:ip:udp:vxlan:eth:ethertype:ip:tcp",
	    "\"eth\":[{\"eth_eth_src\":\"e1\"},{\"eth_eth_src\":\"e2\"}],"
	    "\"ip\":[{\"ip_ip_src\":\"i1\"},{\"ip_ip_src\":\"i2\"}]," UDP
	    ","
	    "\"vxlan\":{\"vxlan_vxlan_vni\":\"v\"}," TCP,
	    "frame{} tunnel[{! eth.src=e1}{!<eth> ip.src=i1}"
	    "{!<ip> udp.srcport=u}] vxlan{<udp> vxlan.vni=v}"
	    " link{ eth.src=e2} network{ ip.src=i2} transport{ tcp.srcport=t}");
	assert_top(bench, "tcp");
	/* The transport that carries a tunnel is not that of the packet in it. */
	assert_sections(bench, "eth:ethertype:ip:udp:vxlan:eth:ethertype:arp",
	    "\"eth\":[{\"eth_eth_src\":\"e1\"},{\"eth_eth_src\":\"e2\"}]," IP
	    "," UDP
	    ",\"vxlan\":{\"vxlan_vxlan_vni\":\"v\"},"
	    "\"arp\":{\"arp_arp_opcode\":\"1\"}",
	    "frame{} tunnel[{! eth.src=e1}{!<eth> ip.src=i}"
	    "{!<ip> udp.srcport=u}] vxlan{<udp> vxlan.vni=v}"
	    " link{ eth.src=e2} network{ arp.opcode=1}");
	assert_int_equal(layers_transport(bench->layers).object, LAYERS_NONE);
}

static void
test_quoted_packets(void **state)
{
	struct bench *bench = *state;

	assert_sections(bench, "eth:ethertype:ip:icmp:ip:udp:dns",
	    ETH "," IP
		",\"icmp\":{\"icmp_icmp_type\":\"3\",\"ip\":"
		"{\"ip_ip_src\":\"q\"}," UDP "}," DNS,
	    LOWER
	    "application{ icmp.type=3} ip{!<icmp> ip.src=q}"
	    " udp{!<ip> udp.srcport=u} dns{!<udp> dns.a=d}");
	assert_top(bench, "icmp");
	assert_place(bench, layers_network(bench->layers), "ip", "ip.src", "i");
	assert_place(bench, layers_above_network(bench->layers), "icmp",
	    "icmp.type", "3");
	assert_int_equal(layers_transport(bench->layers).object, LAYERS_NONE);
	/* Two samples: the nested layers of one protocol are one object. */
	assert_sections(bench, "eth:ethertype:ip:udp:sflow:eth:ethertype:ip",
	    "\"eth\":[{\"eth_eth_src\":\"e\"}]," IP "," UDP
	    ",\"sflow\":"
	    "{\"sflow_sflow_245_version\":\"5\",\"eth\":{\"eth_eth_src\":\"q\"},"
	    "\"ip\":{\"ip_ip_src\":\"q1\"},\"ip\":{\"ip_ip_src\":\"q2\"}}",
	    LOWER
	    "transport{ udp.srcport=u} application{ sflow_245.version=5}"
	    " eth{!<sflow> eth.src=q} ip{!<eth> ip.src=q1 ip.src=q2}");
	assert_top(bench, "sflow");
	/* An ICMP error about an ICMP packet. */
	assert_sections(bench, "eth:ethertype:ip:icmp:ip:icmp:data",
	    ETH "," IP
		",\"icmp\":{\"icmp_icmp_type\":\"11\",\"ip\":"
		"{\"ip_ip_src\":\"q\"},\"icmp\":{\"icmp_icmp_type\":\"8\"}},"
		"\"data\":{\"data_data_len\":\"2\"}",
	    LOWER
	    "application{ icmp.type=11} ip{!<icmp> ip.src=q}"
	    " icmp{!<ip> icmp.type=8 data.len=2}");
}

static void
test_nested_protocols(void **state)
{
	struct bench *bench = *state;

	assert_sections(bench, "eth:ethertype:ip:udp:quic:tls",
	    ETH "," IP "," UDP
		",\"quic\":{\"quic_quic_version\":\"1\",\"tls\":"
		"{\"tls_tls_handshake_type\":\"1\"},\"text\":\"after\"}",
	    LOWER
	    "transport{ udp.srcport=u} application{ quic.version=1"
	    " text=after} tls{<quic> tls.handshake.type=1}");
	assert_top(bench, "quic");
	assert_sections(bench, "eth:ethertype:ip:tcp:http:gss-api:spnego:ntlmssp",
	    ETH "," IP "," TCP
		",\"http\":{\"http_http_chat\":\"h\",\"gss-api\":{"
		"\"spnego\":{\"spnego_spnego_mechTypes\":\"s\",\"ntlmssp\":"
		"{\"ntlmssp_ntlmssp_messagetype\":\"n\"}}}}",
	    LOWER
	    "transport{ tcp.srcport=t} application{ http.chat=h}"
	    " gss-api{<http>} spnego{<gss-api> spnego.mechTypes=s}"
	    " ntlmssp{<spnego> ntlmssp.messagetype=n}");
	assert_top(bench, "http");
	/* Sub-trees, and protocols that the stack does not name, join their layer. */
	assert_sections(bench, "eth:ethertype:ip:tcp",
	    ETH "," IP
		",\"tcp\":{\"tcp_tcp_srcport\":\"t\",\"_ws_expert\":"
		"{\"_ws_expert__ws_expert_message\":\"m\"},\"tcp_options_mss\":"
		"{\"tcp_options_mss_tcp_options_mss_val\":\"1460\"}}",
	    LOWER
	    "transport{ tcp.srcport=t _ws.expert.message=m"
	    " tcp.options.mss_val=1460}");
	/* TLS that is not inside of QUIC is a protocol of its own. */
	assert_sections(bench, "eth:ethertype:ip:tcp:tls",
	    ETH "," IP "," TCP
		",\"tls\":[{\"tls_tls_record_length\":\"1\"},"
		"{\"tls_tls_record_length\":\"2\"}]",
	    LOWER
	    "transport{ tcp.srcport=t} application{ tls.record.length=1}"
	    "{ tls.record.length=2}");
	assert_top(bench, "tls");
}

/* frame.protocols orders, it does not count. */
static void
test_stack_and_layers_differ(void **state)
{
	struct bench *bench = *state;

	assert_sections(bench, "eth:ethertype:ip:igmp:igmp",
	    ETH "," IP ",\"igmp\":{\"igmp_igmp_type\":\"1\"}",
	    LOWER "application{ igmp.type=1}");
	assert_sections(bench, "eth:ethertype:ip:igmp",
	    ETH "," IP
		",\"igmp\":[{\"igmp_igmp_type\":\"1\"},"
		"{\"igmp_igmp_type\":\"2\"}]",
	    LOWER "application{ igmp.type=1}{ igmp.type=2}");
	/* Layers that the stack does not name come last. */
	assert_sections(bench, "eth:ethertype:ip:udp",
	    "\"_ws_malformed\":{\"_ws_expert\":{\"_ws_expert__ws_expert_message\":"
	    "\"m\"},\"_ws_malformed\":{}},\"nat-pmp\":"
	    "{\"nat-pmp_nat-pmp_version\":\"0\"}," ETH "," IP "," UDP,
	    LOWER
	    "transport{ udp.srcport=u}"
	    " _ws.malformed{<udp> _ws.expert.message=m}"
	    " nat-pmp{<udp> nat-pmp.version=0}");
	assert_top(bench, "udp");
	/* Names in the stack that no layer has. */
	assert_sections(bench, "eth:ethertype:nobody:ip:udp::tcp", ETH "," UDP,
	    "frame{} link{ eth.src=e} transport{ udp.srcport=u}");
}

static void
test_no_stack(void **state)
{
	struct bench *bench = *state;

	assert_sections(bench, "", ETH "," IP,
	    "frame{} eth{<frame> eth.src=e} ip{<frame> ip.src=i}");
	assert_top(bench, "frame");
	assert_int_equal(layers_network(bench->layers).object, LAYERS_NONE);
	assert_int_equal(layers_above_network(bench->layers).protocol,
	    NAMES_NONE);
	assert_sections(bench, ":", "", "frame{}");
	assert_top(bench, "frame");
}

/* A stack of 300 protocols: what the first 256 do not order comes last. */
static void
test_deep_stack(void **state)
{
	struct bench *bench = *state;
	char stack[5 * 300 + 1] = "", ek[40 * 300] = "\"vlan\":[";
	size_t count, objects = 0;

	for (int i = 0; i < 300; i++) {
		strcat(stack, i > 0 ? ":vlan" : "vlan");
		strcat(ek,
		    i > 0 ? ",{\"vlan_vlan_id\":\"1\"}" :
			    "{\"vlan_vlan_id\":\"1\"}");
	}
	strcat(ek, "]");
	arrange(bench, stack, ek);
	for (uint32_t at = layers_sections(bench->layers, &count)[1].first;
	     at != LAYERS_NONE; at = layers_object(bench->layers, at)->next)
		objects++;
	assert_int_equal(count, 2);
	assert_int_equal(objects, 300);
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_plain_packet),
		TEST(test_order_is_that_of_the_stack),
		TEST(test_no_application_of_its_own),
		TEST(test_layers_without_a_fixed_section),
		TEST(test_media_is_not_the_application),
		TEST(test_data),
		TEST(test_tunnels),
		TEST(test_quoted_packets),
		TEST(test_nested_protocols),
		TEST(test_stack_and_layers_differ),
		TEST(test_no_stack),
		TEST(test_deep_stack),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
