/* SPDX-License-Identifier: BSD-2-Clause */
/* Fuzz target: a message of Kafka, as lengths of key and header (one byte each, 255 for none), key, header, value. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "kafka/wire.h"

#define NONE 255

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* In memory of its own, so that no byte behind it can be read; NULL for none. */
static uint8_t *
take(const uint8_t **data, size_t *size, size_t *len)
{
	uint8_t *exact;

	if (*len == NONE)
		return NULL;
	if (*len > *size)
		*len = *size;
	exact = malloc(*len > 0 ? *len : 1);
	assert(exact != NULL);
	memcpy(exact, *data, *len);
	*data += *len;
	*size -= *len;
	return exact;
}

/* What a message says can be said again, and then says the same. */
static void
repeat(const struct wire_packet *packet, size_t value_len)
{
	const struct wire_origin origin = { packet->capture, packet->interface, packet->host };
	const struct capture_record record = { .is_packet = true,
		.ordinal = packet->ordinal,
		.has_time = packet->has_time,
		.sec = packet->sec,
		.nsec = packet->nsec,
		.linktype = packet->linktype,
		.caplen = (uint32_t)value_len,
		.wirelen = packet->wirelen };
	struct wire_message message;
	struct wire_packet again;

	if (wire_write(&origin, &record, &message) != 0)
		return;
	assert(message.header_len <= WIRE_HEADER_MAX);
	assert(wire_parse(message.key, WIRE_KEY_LEN, message.header, message.header_len, value_len, &again) == WIRE_PACKET);
	assert(again.has_time == packet->has_time && again.sec == packet->sec && again.nsec == packet->nsec &&
	    again.linktype == packet->linktype && again.wirelen == packet->wirelen && again.ordinal == packet->ordinal);
	assert(strcmp(again.capture, packet->capture) == 0 && strcmp(again.interface, packet->interface) == 0 &&
	    strcmp(again.host, packet->host) == 0);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct wire_packet packet;
	size_t key_len, header_len;
	uint8_t *key, *header;

	if (size < 2)
		return 0;
	key_len = data[0];
	header_len = data[1];
	data += 2;
	size -= 2;
	key = take(&data, &size, &key_len);
	header = take(&data, &size, &header_len);
	if (wire_parse(key, key_len, header, header_len, size, &packet) == WIRE_PACKET && packet.has_header)
		repeat(&packet, size);
	free(key);
	free(header);
	return 0;
}
