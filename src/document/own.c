/* SPDX-License-Identifier: BSD-2-Clause */
/* The members of a document that espcap itself knows. */
#include "document/own.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/xalloc.h"
#include "document/community.h"
#include "document/flow.h"
#include "document/geoip.h"

static const char *const own_names[OWN_COUNT] = {
	[OWN_NONE] = "",
	[OWN_DESTINATION_AS] = "destination.as",
	[OWN_DESTINATION_GEO] = "destination.geo",
	[OWN_ECS_VERSION] = "ecs.version",
	[OWN_CAPTURE] = "espcap.capture",
	[OWN_CONTEXT] = "espcap.context",
	[OWN_KAFKA_OFFSET] = "espcap.kafka.offset",
	[OWN_KAFKA_PARTITION] = "espcap.kafka.partition",
	[OWN_KAFKA_TOPIC] = "espcap.kafka.topic",
	[OWN_OFFSET] = "espcap.offset",
	[OWN_ORDINAL] = "espcap.ordinal",
	[OWN_SECTION] = "espcap.section",
	[OWN_TERMS] = "espcap.terms",
	[OWN_TRUNCATED] = "espcap.truncated",
	[OWN_EVENT_CATEGORY] = "event.category",
	[OWN_EVENT_DATASET] = "event.dataset",
	[OWN_EVENT_KIND] = "event.kind",
	[OWN_EVENT_MODULE] = "event.module",
	[OWN_EVENT_TYPE] = "event.type",
	[OWN_PATH] = "file.path",
	[OWN_HOST_NAME] = "host.name",
	[OWN_LABELS] = "labels",
	[OWN_BYTES] = "network.bytes",
	[OWN_COMMUNITY] = "network.community_id",
	[OWN_IANA_NUMBER] = "network.iana_number",
	[OWN_NETWORK_PROTOCOL] = "network.protocol",
	[OWN_TRANSPORT] = "network.transport",
	[OWN_TYPE] = "network.type",
	[OWN_INTERFACE] = "observer.ingress.interface.name",
	[OWN_HOST] = "observer.name",
	[OWN_PRODUCT] = "observer.product",
	[OWN_OBSERVER_TYPE] = "observer.type",
	[OWN_VENDOR] = "observer.vendor",
	[OWN_VERSION] = "observer.version",
	[OWN_SOURCE_AS] = "source.as",
	[OWN_SOURCE_BYTES] = "source.bytes",
	[OWN_SOURCE_GEO] = "source.geo",
	[OWN_TAGS] = "tags"
};

struct own {
	struct document_config config;
	struct flow *finder;
	struct community *community;
	struct geoip *geoip;        /* NULL without databases */
	struct buffer tags, labels; /* JSON, empty for none */
	uint32_t icmp, icmpv6, ip, ipv6;

	/* The document. */
	const struct layers *layers;
	const struct document_capture *capture;
	const struct document_packet *packet;
	struct community_flow flow;
	bool has_flow;
};

const char *
own_name(enum own_member member)
{
	return own_names[member];
}

static void
write_tags(struct buffer *out, const struct document_texts *tags)
{
	buffer_init(out, SIZE_MAX);
	for (size_t i = 0; i < tags->count; i++)
		(void)(buffer_puts(out, i == 0 ? "[" : ",") | json_string(out, tags->items[i], strlen(tags->items[i])));
	if (tags->count > 0)
		(void)buffer_puts(out, "]");
}

/* "KEY=VALUE" as members of one object. */
static void
write_labels(struct buffer *out, const struct document_texts *labels)
{
	buffer_init(out, SIZE_MAX);
	for (size_t i = 0; i < labels->count; i++) {
		const char *value = strchr(labels->items[i], '=');
		size_t len = value == NULL ? strlen(labels->items[i]) : (size_t)(value - labels->items[i]);

		value = value == NULL ? "" : value + 1;
		(void)(buffer_puts(out, i == 0 ? "{" : ",") | json_string(out, labels->items[i], len) |
		    buffer_puts(out, ":") | json_string(out, value, strlen(value)));
	}
	if (labels->count > 0)
		(void)buffer_puts(out, "}");
}

struct own *
own_new(const struct document_config *config, struct error *error)
{
	struct own *own = xcalloc(1, sizeof(*own));

	own->config = *config;
	own->community = community_new();
	if (own->community == NULL) {
		error_set(error, OUTCOME_INTERNAL,
		    "the crypto library offers no SHA-1 (Community ID needs it)");
		free(own);
		return NULL;
	}
	own->finder = flow_new(config->names);
	if (config->database_count > 0)
		own->geoip = geoip_new(config->databases, config->database_count);
	write_tags(&own->tags, &config->tags);
	write_labels(&own->labels, &config->labels);
	own->icmp = names_id(config->names, "icmp", 4);
	own->icmpv6 = names_id(config->names, "icmpv6", 6);
	own->ip = names_id(config->names, "ip", 2);
	own->ipv6 = names_id(config->names, "ipv6", 4);
	return own;
}

void
own_free(struct own *own)
{
	if (own == NULL)
		return;
	flow_free(own->finder);
	community_free(own->community);
	geoip_free(own->geoip);
	buffer_release(&own->tags);
	buffer_release(&own->labels);
	free(own);
}

void
own_look(struct own *own, const struct layers *layers, const struct tree *tree,
    const struct document_capture *capture, const struct document_packet *packet)
{
	own->layers = layers;
	own->capture = capture;
	own->packet = packet;
	own->has_flow = flow_find(own->finder, layers, tree, &own->flow);
}

static int
put_text(struct buffer *out, const char *text, size_t len)
{
	return json_string(out, text, len) == 0 ? 1 : -1;
}

static int
put_community(struct own *own, struct buffer *out)
{
	char text[COMMUNITY_LEN];

	if (!own->has_flow || community_id(own->community, &own->flow, text) != 0)
		return 0;
	return put_text(out, text, strlen(text));
}

/* ECS wants IANA's names; Wireshark's differ for ICMPv6 only. */
static int
put_transport(const struct own *own, struct buffer *out)
{
	struct layers_place place = layers_transport(own->layers);
	uint32_t above = layers_above_network(own->layers).protocol;
	const char *name;
	size_t len;

	if (place.protocol != NAMES_NONE) {
		name = names_name(own->config.names, place.protocol, &len);
		return put_text(out, name, len);
	}
	if (above == NAMES_NONE)
		return 0;
	if (above == own->icmp)
		return put_text(out, "icmp", 4);
	return above == own->icmpv6 ? put_text(out, "ipv6-icmp", 9) : 0;
}

static int
put_network_type(const struct own *own, struct buffer *out)
{
	uint32_t protocol = layers_network(own->layers).protocol;

	if (protocol == NAMES_NONE)
		return 0;
	if (protocol == own->ip)
		return put_text(out, "ipv4", 4);
	return protocol == own->ipv6 ? put_text(out, "ipv6", 4) : 0;
}

static int
put_network_protocol(const struct own *own, struct buffer *out)
{
	size_t len;
	const char *name = layers_protocol(own->layers, &len);

	if (!layers_has_application(own->layers))
		return 0;
	return put_text(out, name, len);
}

/* A text, if there is one. */
static int
put_known(const char *text, struct buffer *out)
{
	return text == NULL ? 0 : put_text(out, text, strlen(text));
}

static int
put_number(int64_t number, struct buffer *out)
{
	return buffer_printf(out, "%" PRId64, number) == 0 ? 1 : -1;
}

static int
put_json(const struct buffer *json, struct buffer *out)
{
	if (json->len == 0)
		return 0;
	return buffer_append(out, json->data, json->len) == 0 ? 1 : -1;
}

static int
put_place(struct own *own, enum mmdb_kind kind, const uint8_t *address, struct buffer *out)
{
	if (own->geoip == NULL || own->flow.address_len == 0)
		return 0;
	return geoip_put(own->geoip, kind, address, own->flow.address_len, out);
}

/* A keyword, though it is a number. */
static int
put_iana_number(const struct own *own, struct buffer *out)
{
	if (!own->has_flow)
		return 0;
	return buffer_printf(out, "\"%u\"", own->flow.protocol) == 0 ? 1 : -1;
}

static int
put_message(enum own_member member, const struct document_message *message, struct buffer *out)
{
	if (message == NULL)
		return 0;
	if (member == OWN_KAFKA_OFFSET)
		return put_number(message->offset, out);
	if (member == OWN_KAFKA_PARTITION)
		return put_number(message->partition, out);
	return put_known(message->topic, out);
}

/* The host of the capture: of a file the one that reads it. */
static int
put_host_name(const struct own *own, struct buffer *out)
{
	bool is_elsewhere = own->packet->message != NULL;

	return put_known(own->capture->host != NULL || is_elsewhere ? own->capture->host : own->config.host, out);
}

static int
put_size(uint64_t number, struct buffer *out)
{
	return buffer_number(out, number) == 0 ? 1 : -1;
}

/* Where the packet stands, or its section does; both functions answer as own_put. */
static int
put_offset(const struct packet_position *position, bool of_section, struct buffer *out)
{
	if (!position->is_known || (of_section && !position->has_section))
		return 0;
	return buffer_number(out, of_section ? position->section : position->offset) == 0 ? 1 : -1;
}

static int
put_context(const struct packet_position *position, struct buffer *out)
{
	int rv = 0;

	if (!position->is_known || position->context_count == 0)
		return 0;
	for (uint8_t i = 0; i < position->context_count; i++) {
		rv |= buffer_append(out, i == 0 ? "[" : ",", 1);
		rv |= buffer_number(out, position->context[i]);
	}
	rv |= buffer_append(out, "]", 1);
	return rv == 0 ? 1 : -1;
}

int
own_put(struct own *own, enum own_member member, struct buffer *out)
{
	switch (member) {
	case OWN_NONE:
	case OWN_TERMS:
	case OWN_TRUNCATED:
	case OWN_EVENT_TYPE:
	case OWN_COUNT:
		return 0;
	case OWN_DESTINATION_AS:
		return put_place(own, MMDB_SYSTEMS, own->flow.destination, out);
	case OWN_DESTINATION_GEO:
		return put_place(own, MMDB_PLACES, own->flow.destination, out);
	case OWN_ECS_VERSION:
		return put_known(OWN_ECS, out);
	case OWN_CAPTURE:
		return put_known(own->capture->id, out);
	case OWN_CONTEXT:
		return put_context(&own->packet->position, out);
	case OWN_OFFSET:
		return put_offset(&own->packet->position, false, out);
	case OWN_SECTION:
		return put_offset(&own->packet->position, true, out);
	case OWN_KAFKA_OFFSET:
	case OWN_KAFKA_PARTITION:
	case OWN_KAFKA_TOPIC:
		return put_message(member, own->packet->message, out);
	case OWN_ORDINAL:
		return put_size(own->packet->ordinal - own->capture->before, out);
	case OWN_EVENT_CATEGORY:
		return buffer_puts(out, "[\"network\"]") == 0 ? 1 : -1;
	case OWN_EVENT_DATASET:
		return put_known("espcap.packet", out);
	case OWN_EVENT_KIND:
		return put_known("event", out);
	case OWN_EVENT_MODULE:
		return put_known("espcap", out);
	case OWN_PATH:
		return put_known(own->capture->file_path, out);
	case OWN_HOST_NAME:
		return put_host_name(own, out);
	case OWN_LABELS:
		return put_json(&own->labels, out);
	case OWN_BYTES:
		return put_size(own->packet->wirelen, out);
	case OWN_COMMUNITY:
		return put_community(own, out);
	case OWN_IANA_NUMBER:
		return put_iana_number(own, out);
	case OWN_NETWORK_PROTOCOL:
		return put_network_protocol(own, out);
	case OWN_TRANSPORT:
		return put_transport(own, out);
	case OWN_TYPE:
		return put_network_type(own, out);
	case OWN_INTERFACE:
		return put_known(own->capture->interface, out);
	case OWN_HOST:
		return put_known(own->capture->host, out);
	case OWN_PRODUCT:
		return put_known("tshark", out);
	case OWN_OBSERVER_TYPE:
		return put_known("sensor", out);
	case OWN_VENDOR:
		return put_known("Wireshark", out);
	case OWN_VERSION:
		return put_known(own->config.tshark_version, out);
	case OWN_SOURCE_AS:
		return put_place(own, MMDB_SYSTEMS, own->flow.source, out);
	case OWN_SOURCE_BYTES:
		return own->flow.address_len == 0 ? 0 : put_size(own->packet->wirelen, out);
	case OWN_SOURCE_GEO:
		return put_place(own, MMDB_PLACES, own->flow.source, out);
	case OWN_TAGS:
		return put_json(&own->tags, out);
	}
	return 0;
}

/*
 * Messages of ICMP that say a packet was not delivered: RFC 792, RFC 1812 section 5.2.7.1 (administratively
 * prohibited), RFC 4443 section 3.
 */
static const char *
icmp_error(const struct community_flow *flow)
{
	uint16_t type = flow->source_port, code = flow->destination_port;

	if (flow->protocol == 1) {
		if (type == 3 && (code == 9 || code == 10 || code == 13))
			return ",\"denied\"";
		return type == 3 || type == 11 || type == 12 ? ",\"error\"" : "";
	}
	if (type == 1 && (code == 1 || code == 5 || code == 6))
		return ",\"denied\"";
	return type >= 1 && type <= 4 ? ",\"error\"" : "";
}

static void
add_value(struct copies_before *before, const char *text)
{
	size_t len;

	text += before->len == 0 && *text == ',';
	len = strlen(text);
	memcpy(before->text + before->len, text, len);
	before->len += len;
}

/*
 * ECS: a connection has addresses and ports; protocol is for details of a protocol beyond its name. What a packet says
 * of start, end and errors is in the typed list.
 */
void
own_event_type(const struct own *own, struct copies_before *before)
{
	bool is_icmp = own->has_flow && own->flow.has_ports && (own->flow.protocol == 1 || own->flow.protocol == 58);

	*before = (struct copies_before){ .is_array = true };
	if (own->has_flow && own->flow.has_ports && !is_icmp)
		add_value(before, ",\"connection\"");
	if (layers_has_application(own->layers))
		add_value(before, ",\"protocol\"");
	if (is_icmp)
		add_value(before, icmp_error(&own->flow));
	if (before->len == 0)
		add_value(before, ",\"info\"");
}
