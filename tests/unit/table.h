/* SPDX-License-Identifier: BSD-2-Clause */
/* A field list as `tshark -G fields` prints it, small and made here; goes after assert.h or cmocka.h. */
#ifndef ESPCAP_TESTS_TABLE_H
#define ESPCAP_TESTS_TABLE_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fields/names_private.h"

/* NAME TYPE PROTOCOL of each field, and its base if that is not BASE_NONE; NAME alone of a protocol. */
static const char *const table_lines[] = {
	"frame", "frame.number FT_UINT32 frame",
	"frame.time FT_ABSOLUTE_TIME frame",
	"frame.protocols FT_STRING frame", "frame.len FT_UINT32 frame",
	"eth", "eth.src FT_ETHER eth", "eth.dst FT_ETHER eth",
	"eth.addr FT_ETHER eth", "eth.type FT_UINT16 eth BASE_HEX",
	"eth.fcs FT_UINT32 eth",
	"vlan", "vlan.id FT_UINT16 vlan", "sll", "arp",
	"arp.opcode FT_UINT16 arp",
	"ip", "ip.src FT_IPv4 ip", "ip.dst FT_IPv4 ip", "ip.addr FT_IPv4 ip",
	"ip.version FT_UINT8 ip", "ip.ttl FT_UINT8 ip", "ip.proto FT_UINT8 ip",
	"ip.flags FT_UINT8 ip", "ip.flags.df FT_BOOLEAN ip",
	"ip.fragments FT_NONE ip", "ip.fragment FT_FRAMENUM ip",
	"ip.reassembled.length FT_UINT32 ip",
	"ipv6", "ipv6.src FT_IPv6 ipv6", "ipv6.dst FT_IPv6 ipv6",
	"ipv6.nxt FT_UINT8 ipv6", "ipv6.hlim FT_UINT8 ipv6",
	"ipv6.hopopts", "ipv6.hopopts.nxt FT_UINT8 ipv6.hopopts",
	"gre", "gre.proto FT_UINT16 gre", "vxlan", "vxlan.vni FT_UINT24 vxlan",
	"tcp", "tcp.srcport FT_UINT16 tcp", "tcp.dstport FT_UINT16 tcp",
	"tcp.port FT_UINT16 tcp", "tcp.flags FT_UINT16 tcp",
	"tcp.flags.syn FT_BOOLEAN tcp", "tcp.analysis FT_NONE tcp",
	"tcp.segments FT_NONE tcp", "tcp.segment FT_FRAMENUM tcp",
	"tcp.segment.count FT_UINT32 tcp",
	"tcp.reassembled.length FT_UINT32 tcp",
	"tcp.options.mss", "tcp.options.mss_val FT_UINT16 tcp.options.mss",
	"udp", "udp.srcport FT_UINT16 udp", "udp.dstport FT_UINT16 udp",
	"sctp", "sctp.srcport FT_UINT16 sctp", "sctp.dstport FT_UINT16 sctp",
	"icmp", "icmp.type FT_UINT8 icmp", "icmp.code FT_UINT8 icmp",
	"icmpv6", "icmpv6.type FT_UINT8 icmpv6", "icmpv6.code FT_UINT8 icmpv6",
	"igmp", "igmp.type FT_UINT8 igmp",
	"sflow", "sflow_245.version FT_UINT32 sflow",
	"dns", "dns.qry.name FT_STRING dns", "dns.a FT_IPv4 dns",
	"dns.count.answers FT_UINT16 dns", "dns.resp.name FT_STRING dns", "dns.resp.type FT_UINT16 dns",
	"dns.resp.class FT_UINT16 dns", "dns.resp.ttl FT_INT32 dns", "dns.cname FT_STRING dns", "dns.txt FT_STRING dns",
	"dns.flags.rcode FT_UINT16 dns", "dns.time FT_RELATIVE_TIME dns",
	"http", "http.request.method FT_STRING http",
	"http.response.code FT_UINT16 http", "http.chat FT_STRING http",
	"http.time FT_RELATIVE_TIME http", "http.file_data FT_STRING http",
	"http.user_agent FT_STRING http",
	"tls", "tls.record.length FT_UINT16 tls",
	"tls.handshake.type FT_UINT8 tls",
	"quic", "quic.version FT_UINT32 quic",
	"gss-api", "spnego", "spnego.mechTypes FT_UINT32 spnego",
	"ntlmssp", "ntlmssp.messagetype FT_UINT32 ntlmssp",
	"nat-pmp", "nat-pmp.version FT_UINT8 nat-pmp",
	"media", "media.type FT_BYTES media",
	"data", "data.data FT_BYTES data", "data.len FT_INT32 data",
	"_ws.malformed", "_ws.expert", "_ws.expert.message FT_STRING _ws.expert",
	"_ws.expert.group FT_UINT32 _ws.expert",
	"bgp", "bgp.prefix_length FT_UINT8 bgp", "bgp.prefix.length FT_NONE bgp",
	"gfp", "gfp.fcs_bad FT_BOOLEAN gfp", "gfp.fcs.bad FT_NONE gfp",
	"smb", "smb.alloc.size FT_UINT32 smb", "smb.alloc_size FT_UINT32 smb"
};

static inline void
table_add_line(struct names *names, const char *line)
{
	char name[128], type[32], protocol[64], base[32] = "BASE_NONE";
	char text[512];

	switch (sscanf(line, "%127s %31s %63s %31s", name, type, protocol,
	    base)) {
	case 1:
		(void)snprintf(text, sizeof(text), "P\tA protocol\t%s", name);
		break;
	case 3:
	case 4:
		(void)snprintf(text, sizeof(text),
		    "F\tA field\t%s\t%s\t%s\t%s\t0x0\t", name, type,
		    protocol, base);
		break;
	default:
		abort();
	}
	names_add(names, text, strlen(text));
}

/* Fields that fill the table up to what names_finish takes for a tshark's. */
static inline void
table_fill(struct names *names)
{
	char line[64];

	table_add_line(names, "filler");
	for (unsigned i = 0; i < NAMES_COUNT_MIN; i++) {
		(void)snprintf(line, sizeof(line),
		    "filler.field%u FT_UINT32 filler", i);
		table_add_line(names, line);
	}
}

static inline struct names *
table_new(void)
{
	struct names *names = names_new();

	for (size_t i = 0; i < sizeof(table_lines) / sizeof(table_lines[0]); i++)
		table_add_line(names, table_lines[i]);
	table_fill(names);
	if (names_finish(names, NULL) != 0)
		abort();
	return names;
}

static inline uint32_t
table_id(const struct names *names, const char *name)
{
	return names_id(names, name, strlen(name));
}

/* The name of an id, terminated; valid until the next call. */
static inline const char *
table_name(const struct names *names, uint32_t id)
{
	static char text[1024];
	size_t len;
	const char *name = names_name(names, id, &len);

	(void)snprintf(text, sizeof(text), "%.*s", (int)len, name);
	return text;
}

/* What an EK key is called. */
static inline const char *
table_find(struct names *names, const char *key, enum names_kind kind,
    uint32_t within)
{
	return table_name(names,
	    names_find(names, key, strlen(key), kind, within));
}

struct table_bytes {
	const char *bytes;
	size_t len;
};

static inline int
table_read(void *ctx, void *bytes, size_t len)
{
	struct table_bytes *left = ctx;

	if (left->len < len)
		return -1;
	memcpy(bytes, left->bytes, len);
	left->bytes += len;
	left->len -= len;
	return 0;
}

/* The table that names_save made these bytes of, as names_restore. */
static inline struct names *
table_load(const char *bytes, size_t len)
{
	struct table_bytes left = { bytes, len };
	struct names_source from = { .read = table_read, .ctx = &left };

	return names_restore(&from, len);
}

#endif
