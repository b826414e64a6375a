/* SPDX-License-Identifier: BSD-2-Clause */
/* Packets of a topic as a capture file. */
#include "transfer/capture_out.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"
#include "packet/pcap_write.h"
#include "packet/pcapng_write.h"

/* Of more interfaces the rest share one for each link type: a hostile topic has a new one in each message. */
#define INTERFACES_MAX 4096

struct known {
	uint32_t linktype;
	char name[2 * WIRE_NAME_LEN]; /* "HOST:IFACE", as far as they are known */
};

struct capture_out {
	struct capture_out_config config;
	bool has_begun;
	uint32_t linktype;
	struct known *interfaces; /* of pcapng, in the order of the file */
	size_t count, last;
};

struct capture_out *
capture_out_new(const struct capture_out_config *config)
{
	struct capture_out *out = xcalloc(1, sizeof(*out));

	out->config = *config;
	return out;
}

void
capture_out_free(struct capture_out *out)
{
	if (out == NULL)
		return;
	free(out->interfaces);
	free(out);
}

int
capture_out_begin(struct capture_out *out, uint32_t linktype, struct buffer *to)
{
	out->has_begun = true;
	out->linktype = linktype;
	return out->config.pcapng ?
	    pcapng_write_section(to, "from Kafka", PACKAGE_STRING) :
	    pcap_write_header(to, out->config.nanosecond, linktype, out->config.snaplen);
}

bool
capture_out_has_begun(const struct capture_out *out)
{
	return out->has_begun;
}

static void
name_interface(const struct wire_packet *packet, char name[2 * WIRE_NAME_LEN])
{
	(void)snprintf(name, 2 * WIRE_NAME_LEN, "%s%s%s", packet->host,
	    packet->host[0] != '\0' && packet->interface[0] != '\0' ? ":" : "", packet->interface);
}

static bool
is_same(const struct known *known, const struct wire_packet *packet, const char *name)
{
	return known->linktype == packet->linktype && strcmp(known->name, name) == 0;
}

/* The number of the interface in the file, which is written if it is new; -1 if to is full. */
static int64_t
find_interface(struct capture_out *out, const struct wire_packet *packet, struct buffer *to)
{
	struct pcapng_write_interface interface = { .linktype = (uint16_t)packet->linktype,
		.snaplen = out->config.snaplen,
		.nano = true };
	char name[2 * WIRE_NAME_LEN] = "";

	if (out->count < INTERFACES_MAX)
		name_interface(packet, name);
	if (out->last < out->count && is_same(&out->interfaces[out->last], packet, name))
		return (int64_t)out->last;
	for (size_t i = 0; i < out->count; i++)
		if (is_same(&out->interfaces[i], packet, name)) {
			out->last = i;
			return (int64_t)i;
		}
	interface.name = name;
	if (pcapng_write_interface(to, &interface) != 0)
		return -1;
	out->interfaces = xreallocarray(out->interfaces, out->count + 1, sizeof(*out->interfaces));
	out->interfaces[out->count].linktype = packet->linktype;
	memcpy(out->interfaces[out->count].name, name, sizeof(name));
	out->last = out->count;
	return (int64_t)out->count++;
}

static enum capture_out_answer
write_pcapng(struct capture_out *out, const struct wire_packet *packet, const uint8_t *value, uint32_t value_len,
    struct buffer *to)
{
	struct pcapng_write_packet record = { .sec = (uint32_t)packet->sec,
		.fraction = packet->nsec,
		.caplen = value_len,
		.wirelen = packet->wirelen,
		.bytes = value };
	int64_t interface = find_interface(out, packet, to);

	if (interface < 0)
		return CAPTURE_OUT_FULL;
	record.interface = (uint32_t)interface;
	return pcapng_write_packet(to, true, &record) == 0 ? CAPTURE_OUT_WRITTEN : CAPTURE_OUT_FULL;
}

enum capture_out_answer
capture_out_packet(struct capture_out *out, const struct wire_packet *packet, const uint8_t *value, uint32_t value_len,
    struct buffer *to)
{
	const struct pcap_write_packet record = { .sec = (uint32_t)packet->sec,
		.fraction = out->config.nanosecond ? packet->nsec : packet->nsec / 1000,
		.caplen = value_len,
		.wirelen = packet->wirelen,
		.bytes = value };

	if (packet->sec < 0 || packet->sec > UINT32_MAX)
		return CAPTURE_OUT_NO_TIME;
	if (out->config.pcapng)
		return write_pcapng(out, packet, value, value_len, to);
	if (packet->linktype != out->linktype)
		return CAPTURE_OUT_OTHER_LINK;
	return pcap_write_packet(to, &record) == 0 ? CAPTURE_OUT_WRITTEN : CAPTURE_OUT_FULL;
}
