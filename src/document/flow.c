/* SPDX-License-Identifier: BSD-2-Clause */
/* Finds the flow of a packet in its innermost headers, for its Community ID. */
#include "document/flow.h"

#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"
#include "fields/address.h"

/* The fields that the flow is read from. */
enum flow_field {
	FLOW_IP_SRC,
	FLOW_IP_DST,
	FLOW_IP_PROTO,
	FLOW_IPV6_SRC,
	FLOW_IPV6_DST,
	FLOW_IPV6_NXT,
	FLOW_TCP_SRCPORT,
	FLOW_TCP_DSTPORT,
	FLOW_UDP_SRCPORT,
	FLOW_UDP_DSTPORT,
	FLOW_SCTP_SRCPORT,
	FLOW_SCTP_DSTPORT,
	FLOW_ICMP_TYPE,
	FLOW_ICMP_CODE,
	FLOW_ICMPV6_TYPE,
	FLOW_ICMPV6_CODE,
	FLOW_FIELDS
};

static const char *const flow_names[FLOW_FIELDS] = {
	"ip.src", "ip.dst", "ip.proto", "ipv6.src", "ipv6.dst", "ipv6.nxt",
	"tcp.srcport", "tcp.dstport", "udp.srcport", "udp.dstport",
	"sctp.srcport", "sctp.dstport", "icmp.type", "icmp.code",
	"icmpv6.type", "icmpv6.code"
};

struct flow {
	uint32_t ids[FLOW_FIELDS];
	uint32_t ip, ipv6;
};

/* The packet that is looked at. */
struct view {
	const struct flow *flow;
	const struct layers *layers;
	const struct tree *tree;
};

const char *const *
flow_fields(size_t *count)
{
	*count = FLOW_FIELDS;
	return flow_names;
}

struct flow *
flow_new(const struct names *names)
{
	struct flow *flow = xcalloc(1, sizeof(*flow));

	for (size_t i = 0; i < FLOW_FIELDS; i++)
		flow->ids[i] = names_id(names, flow_names[i],
		    strlen(flow_names[i]));
	flow->ip = names_id(names, "ip", 2);
	flow->ipv6 = names_id(names, "ipv6", 4);
	return flow;
}

void
flow_free(struct flow *flow)
{
	free(flow);
}

/* The first leaf of a field in an object, NULL if there is none. */
static const struct tree_leaf *
object_leaf(const struct view *view, uint32_t object, uint32_t field)
{
	uint32_t at;

	if (object == LAYERS_NONE)
		return NULL;
	for (at = layers_object(view->layers, object)->first;
	     at != TREE_NONE; at = view->tree->leaves[at].next)
		if (view->tree->leaves[at].field == field)
			return &view->tree->leaves[at];
	return NULL;
}

static bool
read_address(const struct view *view, uint32_t object,
    enum flow_field field, bool v6, uint8_t address[16])
{
	const struct tree_leaf *leaf = object_leaf(view, object,
	    view->flow->ids[field]);
	char text[ADDRESS_LEN];

	if (leaf == NULL || leaf->len >= sizeof(text))
		return false;
	memcpy(text, tree_leaf_text(view->tree, leaf), leaf->len);
	text[leaf->len] = '\0';
	return v6 ? address_v6(text, leaf->len, address) :
		    address_v4(text, leaf->len, address);
}

static bool
read_number(const struct view *view, uint32_t object,
    enum flow_field field, uint16_t *number)
{
	const struct tree_leaf *leaf = object_leaf(view, object,
	    view->flow->ids[field]);
	char text[16];

	if (leaf == NULL || leaf->len == 0 || leaf->len >= sizeof(text))
		return false;
	memcpy(text, tree_leaf_text(view->tree, leaf), leaf->len);
	text[leaf->len] = '\0';
	*number = (uint16_t)strtoul(text, NULL, 0);
	return true;
}

/* The protocol number and, where it has them, ports; of ICMP type and code. */
static bool
read_ports(const struct view *view, struct community_flow *flow)
{
	static const struct {
		uint8_t protocol;
		enum flow_field source, destination;
	} kinds[] = {
		{ 6, FLOW_TCP_SRCPORT, FLOW_TCP_DSTPORT },
		{ 17, FLOW_UDP_SRCPORT, FLOW_UDP_DSTPORT },
		{ 132, FLOW_SCTP_SRCPORT, FLOW_SCTP_DSTPORT },
		{ 1, FLOW_ICMP_TYPE, FLOW_ICMP_CODE },
		{ 58, FLOW_ICMPV6_TYPE, FLOW_ICMPV6_CODE }
	};
	uint32_t above = layers_above_network(view->layers).object;
	uint32_t transport = layers_transport(view->layers).object;

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		uint32_t object = i < 3 ? transport : above;

		if (read_number(view, object, kinds[i].source,
			&flow->source_port) &&
		    read_number(view, object,
			kinds[i].destination, &flow->destination_port)) {
			flow->protocol = kinds[i].protocol;
			return true;
		}
	}
	return false;
}

/*
 * After an extension header (RFC 8200, section 4; RFC 6275; RFC 7401; RFC 5533)
 * stands the protocol of the flow: a fragment does not tell it.
 */
static bool
is_extension(uint16_t next_header)
{
	switch (next_header) {
	case 0:
	case 43:
	case 44:
	case 60:
	case 135:
	case 139:
	case 140:
		return true;
	}
	return false;
}

bool
flow_find(const struct flow *flow, const struct layers *layers,
    const struct tree *tree, struct community_flow *found)
{
	const struct view view = { flow, layers, tree };
	struct layers_place network = layers_network(layers);
	uint16_t protocol = 0;
	bool v6;

	memset(found, 0, sizeof(*found));
	if (network.protocol == NAMES_NONE ||
	    (network.protocol != flow->ip &&
		network.protocol != flow->ipv6))
		return false;
	v6 = network.protocol == flow->ipv6;
	if (!read_address(&view, network.object,
		v6 ? FLOW_IPV6_SRC : FLOW_IP_SRC, v6, found->source) ||
	    !read_address(&view, network.object,
		v6 ? FLOW_IPV6_DST : FLOW_IP_DST, v6, found->destination))
		return false;
	found->address_len = v6 ? 16 : 4;
	found->has_ports = read_ports(&view, found);
	if (found->has_ports)
		return true;
	if (!read_number(&view, network.object,
		v6 ? FLOW_IPV6_NXT : FLOW_IP_PROTO, &protocol))
		return false;
	found->protocol = (uint8_t)protocol;
	return !v6 || !is_extension(protocol);
}
