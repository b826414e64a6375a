/* Which of several tsharks a packet goes to. */
#include "packet/share.h"

#include <stdbool.h>
#include <string.h>

#include "packet/bytes.h"

/* LINKTYPE_ values. */
#define LINK_NULL 0
#define LINK_ETHERNET 1
#define LINK_PPP 9
#define LINK_RAW 101
#define LINK_RAW_OPENBSD 14	/* DLT_RAW where it is not 12 */
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
#define ETHER_BRIDGE 0x6558	/* Ethernet in GRE */

#define PPP_IPV4 0x0021
#define PPP_IPV6 0x0057

#define IPV4_LEN 20
#define IPV6_LEN 40
#define PROTO_ICMP 1
#define PROTO_IPV4 4
#define PROTO_IPV6 41
#define PROTO_GRE 47
#define PROTO_ICMPV6 58
#define GRE_CHECKSUM 0x8000
#define GRE_ROUTING 0x4000
#define GRE_KEY 0x2000
#define GRE_SEQUENCE 0x1000
#define GRE_VERSION 7
/* Packets in packets. */
#define DEPTH_MAX 8
/* Of an ICMP message, in front of what it quotes. */
#define ICMP_LEN 8

/* What is left of a packet. */
struct rest {
	const uint8_t *bytes;
	size_t len;
};

/* The two addresses, the lower first, zeros behind shorter ones. */
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

/* Behind an ethertype: up to an IP header; false if none follows. */
static bool
skip_types(struct rest *rest, uint32_t type)
{
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
		return skip_header(rest, 14, 12);
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

/* Goes behind an IP header; false if it is of a fragment. *protocol: what follows. */
static bool
skip_ip(struct rest *rest, uint8_t *protocol)
{
	const uint8_t *header = rest->bytes;

	if (is_version(rest, 6)) {
		*protocol = header[6];
		return skip(rest, IPV6_LEN);
	}
	*protocol = header[9];
	return (bytes_u16(header + 6, true) & 0x3fff) == 0 &&
	    (header[0] & 0xf) * 4 >= IPV4_LEN &&
	    skip(rest, (size_t)(header[0] & 0xf) * 4);
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
	return type == ETHER_BRIDGE ? skip_header(rest, 14, 12) :
	    skip_types(rest, type);
}

/* To the packet that this one carries or quotes, if it does no more than that; rest stays otherwise. */
static bool
skip_to_inner(struct rest *rest)
{
	struct rest inner = *rest;
	bool v6 = is_version(rest, 6), found = false;
	uint8_t protocol;

	if (!skip_ip(&inner, &protocol))
		return false;
	switch (protocol) {
	case PROTO_IPV4:
	case PROTO_IPV6:
		found = true;
		break;
	case PROTO_GRE:
		found = skip_gre(&inner);
		break;
	case PROTO_ICMP:
	case PROTO_ICMPV6:
		found = v6 == (protocol == PROTO_ICMPV6) && inner.len > 0 &&
		    quotes(v6, inner.bytes[0]) && skip(&inner, ICMP_LEN);
		break;
	default:
		break;
	}
	if (!found || !has_ip(&inner))
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

unsigned
share_of(uint32_t linktype, const uint8_t *bytes, size_t len, unsigned count)
{
	struct rest rest = { bytes, len };
	struct pair pair;

	if (count < 2 || !skip_link(&rest, linktype) ||
	    !find_pair(rest, &pair))
		return 0;
	return (unsigned)(mix(&pair) % count);
}
