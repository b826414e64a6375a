/* SPDX-License-Identifier: BSD-2-Clause */
/* Which of several tsharks a packet goes to. */
#include "packet/flow_hash.h"

#include <stdbool.h>
#include <string.h>

#include "packet/bytes.h"

/* LINKTYPE_ values. */
#define LINK_NULL 0
#define LINK_ETHERNET 1
#define LINK_PPP 9
#define LINK_RAW 101
#define LINK_RAW_OPENBSD 14 /* DLT_RAW where it is not 12 */
#define LINK_RAW_DLT 12
#define LINK_LOOP 108
#define LINK_SLL 113
#define LINK_IPV4 228
#define LINK_IPV6 229
#define LINK_SLL2 276

#define ETHER_IPV4 0x0800
#define ETHER_IPV6 0x86dd
#define ETHER_VLAN 0x8100
#define ETHER_QINQ 0x88a8
#define ETHER_QINQ_OLD 0x9100
#define ETHER_MPLS 0x8847
#define ETHER_PPPOE 0x8864
#define ETHER_BRIDGE 0x6558 /* Ethernet in GRE */
#define ETHER_MPLS_MULTICAST 0x8848
#define ETHER_ERSPAN 0x88be /* in GRE: types I and II */
#define ETHER_ERSPAN_III 0x22eb
#define ETHER_PPP 0x880b /* in GRE */
/* Below it an ethertype is a length, and a header of IEEE 802.2 follows. */
#define ETHER_TYPE_MIN 0x0600

#define PPP_IPV4 0x0021
#define PPP_IPV6 0x0057

#define IPV4_LEN 20
#define IPV6_LEN 40
#define PROTO_HOP_BY_HOP 0
#define PROTO_ICMP 1
#define PROTO_IGMP 2
#define PROTO_IPV4 4
#define PROTO_IPV6 41
#define PROTO_ROUTING 43
#define PROTO_FRAGMENT 44
#define PROTO_GRE 47
#define PROTO_AH 51
#define PROTO_ICMPV6 58
#define PROTO_DESTINATION 60
#define PROTO_ETHERIP 97
#define PROTO_PIM 103
#define PROTO_MPLS 137
#define GRE_CHECKSUM 0x8000
#define GRE_ROUTING 0x4000
#define GRE_KEY 0x2000
#define GRE_SEQUENCE 0x1000
#define GRE_VERSION 7
/* Packets in packets. */
#define DEPTH_MAX 8
/* Extension headers of IPv6, and AH, in a packet. */
#define EXTENSIONS_MAX 16
/* Of an ICMP message, in front of what it quotes. */
#define ICMP_LEN 8
#define ETHERNET_LEN 14
#define ETHERIP_LEN 2
#define ERSPAN_LEN 8
#define ERSPAN_III_LEN 12
#define ERSPAN_PLATFORM_LEN 8
/* A message of PIM in front of the packet that it registers; PIM version 1 is one of IGMP. */
#define PIM_LEN 8
#define PIM_REGISTER 0x21 /* version and type */
#define IGMP_PIM 0x14
#define PIM1_REGISTER 1

/* What is left of a packet. */
struct rest {
	const uint8_t *bytes;
	size_t len;
};

/* The two addresses, the lower first, zeros after shorter ones. */
struct pair {
	uint8_t bytes[32];
};

static bool
skip(struct rest *rest, size_t len)
{
	if (rest->len < len)
		return false;
	rest->bytes += len;
	rest->len -= len;
	return true;
}

static bool
is_version(const struct rest *rest, unsigned version)
{
	return rest->len > 0 && rest->bytes[0] >> 4 == version;
}

/* Of RFC 3032: up to the label that is the last, and then what its first four bits tell. */
static bool
skip_labels(struct rest *rest)
{
	while (skip(rest, 4))
		if ((rest->bytes[-2] & 1) != 0)
			return is_version(rest, 4) || is_version(rest, 6);
	return false;
}

static bool
skip_ppp(struct rest *rest)
{
	uint32_t protocol;

	if (!skip(rest, 2))
		return false;
	protocol = bytes_u16(rest->bytes - 2, true);
	return protocol == PPP_IPV4 || protocol == PPP_IPV6;
}

/* SNAP, in a header of IEEE 802.2, with an ethertype; 0 if it has none. */
static uint32_t
skip_snap(struct rest *rest)
{
	static const uint8_t snap[6] = { 0xaa, 0xaa, 0x03 };

	if (!skip(rest, 8) || memcmp(rest->bytes - 8, snap, sizeof(snap)) != 0)
		return 0;
	return bytes_u16(rest->bytes - 2, true);
}

/* After an ethertype: up to an IP header; false if none follows. */
static bool
skip_types(struct rest *rest, uint32_t type)
{
	if (type < ETHER_TYPE_MIN)
		type = skip_snap(rest);
	for (;;)
		switch (type) {
		case ETHER_IPV4:
		case ETHER_IPV6:
			return true;
		case ETHER_VLAN:
		case ETHER_QINQ:
		case ETHER_QINQ_OLD:
			if (!skip(rest, 4))
				return false;
			type = bytes_u16(rest->bytes - 2, true);
			break;
		case ETHER_MPLS:
		case ETHER_MPLS_MULTICAST:
			return skip_labels(rest);
		case ETHER_PPPOE:
			return skip(rest, 6) && skip_ppp(rest);
		default:
			return false;
		}
}

/* A header with an ethertype at this place. */
static bool
skip_header(struct rest *rest, size_t len, size_t type_at)
{
	const uint8_t *header = rest->bytes;

	return skip(rest, len) &&
	    skip_types(rest, bytes_u16(header + type_at, true));
}

static bool
skip_link(struct rest *rest, uint32_t linktype)
{
	switch (linktype) {
	case LINK_ETHERNET:
		return skip_header(rest, ETHERNET_LEN, 12);
	case LINK_SLL:
		return skip_header(rest, 16, 14);
	case LINK_SLL2:
		return skip_header(rest, 20, 0);
	case LINK_NULL:
	case LINK_LOOP:
		return skip(rest, 4);
	case LINK_PPP:
		/* With the address and control bytes of HDLC, or without. */
		if (rest->len >= 2 && rest->bytes[0] == 0xff)
			rest->bytes += 2, rest->len -= 2;
		return skip_ppp(rest);
	case LINK_RAW:
	case LINK_RAW_DLT:
	case LINK_RAW_OPENBSD:
	case LINK_IPV4:
	case LINK_IPV6:
		return true;
	default:
		return false;
	}
}

static void
put_pair(struct pair *pair, const uint8_t *source, const uint8_t *destination,
    size_t len)
{
	bool swap = memcmp(source, destination, len) > 0;

	memset(pair, 0, sizeof(*pair));
	memcpy(pair->bytes, swap ? destination : source, len);
	memcpy(pair->bytes + 16, swap ? source : destination, len);
}

/* Errors of RFC 792 and RFC 4443 quote the packet they are about. */
static bool
quotes(bool v6, uint8_t type)
{
	if (v6)
		return type >= 1 && type <= 4;
	return type == 3 || type == 4 || type == 5 || type == 11 || type == 12;
}

static bool
has_ip(const struct rest *rest)
{
	return (is_version(rest, 4) && rest->len >= IPV4_LEN) ||
	    (is_version(rest, 6) && rest->len >= IPV6_LEN);
}

/*
 * Goes after one of the headers that may stand between that of IP and what it carries; false if it is of a fragment.
 */
static bool
skip_extension(struct rest *rest, uint8_t *protocol)
{
	const uint8_t *header = rest->bytes;
	size_t len;

	if (rest->len < 8)
		return false;
	len = *protocol == PROTO_AH ?
	    (size_t)(header[1] + 2) * 4 :
	    (size_t)(header[1] + 1) * 8;
	if (*protocol == PROTO_FRAGMENT) {
		/* Of RFC 6946: the only fragment of its packet. */
		if ((bytes_u16(header + 2, true) & 0xfff9) != 0)
			return false;
		len = 8;
	}
	*protocol = header[0];
	return skip(rest, len);
}

static bool
is_extension(bool v6, uint8_t protocol)
{
	return protocol == PROTO_AH ||
	    (v6 &&
		(protocol == PROTO_HOP_BY_HOP || protocol == PROTO_ROUTING ||
		    protocol == PROTO_FRAGMENT ||
		    protocol == PROTO_DESTINATION));
}

/* Goes after an IP header and its extensions; false if it is of a fragment. *protocol: what follows. */
static bool
skip_ip(struct rest *rest, uint8_t *protocol)
{
	const uint8_t *header = rest->bytes;
	bool v6 = is_version(rest, 6);
	size_t len = v6 ? IPV6_LEN : (size_t)(header[0] & 0xf) * 4;

	*protocol = v6 ? header[6] : header[9];
	if (!v6 && (bytes_u16(header + 6, true) & 0x3fff) != 0)
		return false;
	if (len < IPV4_LEN || !skip(rest, len))
		return false;
	for (unsigned i = 0; is_extension(v6, *protocol); i++)
		if (i == EXTENSIONS_MAX || !skip_extension(rest, protocol))
			return false;
	return true;
}

static bool
skip_ethernet(struct rest *rest)
{
	return skip_header(rest, ETHERNET_LEN, 12);
}

/* What a switch mirrors to another: type I has no header of its own, and no sequence number in that of GRE. */
static bool
skip_erspan(struct rest *rest, uint32_t type, bool numbered)
{
	if (type == ETHER_ERSPAN)
		return (!numbered || skip(rest, ERSPAN_LEN)) &&
		    skip_ethernet(rest);
	if (!skip(rest, ERSPAN_III_LEN))
		return false;
	if ((rest->bytes[-1] & 1) != 0 && !skip(rest, ERSPAN_PLATFORM_LEN))
		return false;
	return skip_ethernet(rest);
}

/* Of RFC 2784 and RFC 2890. What PPTP makes of it (version 1) has conversations of its own. */
static bool
skip_gre(struct rest *rest)
{
	uint32_t flags, type;
	size_t len;

	if (!skip(rest, 4))
		return false;
	flags = bytes_u16(rest->bytes - 4, true);
	type = bytes_u16(rest->bytes - 2, true);
	len = ((flags & (GRE_CHECKSUM | GRE_ROUTING)) != 0 ? 4 : 0) +
	    ((flags & GRE_KEY) != 0 ? 4 : 0) +
	    ((flags & GRE_SEQUENCE) != 0 ? 4 : 0);
	if ((flags & GRE_VERSION) != 0 || !skip(rest, len))
		return false;
	switch (type) {
	case ETHER_BRIDGE:
		return skip_ethernet(rest);
	case ETHER_ERSPAN:
	case ETHER_ERSPAN_III:
		return skip_erspan(rest, type, (flags & GRE_SEQUENCE) != 0);
	case ETHER_PPP:
		return skip_ppp(rest);
	default:
		return skip_types(rest, type);
	}
}

/* A packet on its way to the rendezvous point, in a message of version 2 (RFC 7761, 4.9.3) or 1. */
static bool
skip_register(struct rest *rest, uint8_t protocol)
{
	const uint8_t *header = rest->bytes;

	if (!skip(rest, PIM_LEN))
		return false;
	return protocol == PROTO_PIM ?
	    header[0] == PIM_REGISTER :
	    header[0] == IGMP_PIM && header[1] == PIM1_REGISTER;
}

/* What a protocol carries or quotes; false if it does more than that. v6: it stands in IPv6. */
static bool
skip_carrier(struct rest *rest, uint8_t protocol, bool v6)
{
	switch (protocol) {
	case PROTO_IPV4:
	case PROTO_IPV6:
		return true;
	case PROTO_GRE:
		return skip_gre(rest);
	case PROTO_ETHERIP:
		return skip(rest, ETHERIP_LEN) && skip_ethernet(rest);
	case PROTO_MPLS:
		return skip_labels(rest);
	case PROTO_PIM:
		return skip_register(rest, protocol);
	case PROTO_IGMP:
		return !v6 && skip_register(rest, protocol);
	case PROTO_ICMP:
	case PROTO_ICMPV6:
		return v6 == (protocol == PROTO_ICMPV6) && rest->len > 0 &&
		    quotes(v6, rest->bytes[0]) && skip(rest, ICMP_LEN);
	default:
		return false;
	}
}

/* To the packet that this one carries or quotes, if it does no more than that; rest stays otherwise. */
static bool
skip_to_inner(struct rest *rest)
{
	struct rest inner = *rest;
	uint8_t protocol;

	if (!skip_ip(&inner, &protocol) ||
	    !skip_carrier(&inner, protocol, is_version(rest, 6)) ||
	    !has_ip(&inner))
		return false;
	*rest = inner;
	return true;
}

/* rest: where an IP header may begin. */
static bool
find_pair(struct rest rest, struct pair *pair)
{
	if (!has_ip(&rest))
		return false;
	for (unsigned depth = 0; depth < DEPTH_MAX && skip_to_inner(&rest);)
		depth++;
	if (is_version(&rest, 6))
		put_pair(pair, rest.bytes + 8, rest.bytes + 24, 16);
	else
		put_pair(pair, rest.bytes + 12, rest.bytes + 16, 4);
	return true;
}

/* Neighbouring addresses must not go to one tshark: each bit of the pair moves many of the result. */
static uint64_t
mix(const struct pair *pair)
{
	uint64_t hash = 0, word;

	for (size_t i = 0; i < sizeof(pair->bytes); i += sizeof(word)) {
		memcpy(&word, pair->bytes + i, sizeof(word));
		hash = (hash ^ word) * UINT64_C(0x9e3779b97f4a7c15);
		hash ^= hash >> 32;
	}
	return hash * UINT64_C(0x9e3779b97f4a7c15) >> 32;
}

bool
flow_hash_pair(uint32_t linktype, const uint8_t *bytes, size_t len, uint32_t *hash)
{
	struct rest rest = { bytes, len };
	struct pair pair;

	*hash = 0;
	if (!skip_link(&rest, linktype) || !find_pair(rest, &pair))
		return false;
	*hash = (uint32_t)mix(&pair);
	return true;
}

unsigned
flow_hash_shard(uint32_t linktype, const uint8_t *bytes, size_t len, unsigned count)
{
	uint32_t hash;

	if (count < 2 || !flow_hash_pair(linktype, bytes, len, &hash))
		return 0;
	return hash % count;
}
