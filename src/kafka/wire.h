/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * How a packet becomes a message of Kafka, and a message a packet. Key and value are those of Pycapa (Apache Metron's
 * metron-sensors/pycapa); what these lack is in one header. No I/O.
 */
#ifndef ESPCAP_KAFKA_WIRE_H
#define ESPCAP_KAFKA_WIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "packet/capture_record.h"

/* The time of the packet in microseconds since 1970, big-endian. The value is the captured bytes, and nothing else. */
#define WIRE_KEY_LEN 8

/* The name of the header, and the most bytes that its value has. */
#define WIRE_HEADER "espcap"
#define WIRE_HEADER_MAX 2048

/* The most bytes of a name in it, before encoding, and the end. */
#define WIRE_NAME_LEN 256
/* The same of the id of a capture. */
#define WIRE_CAPTURE_LEN 65

/* What the packets of a capture have in common. */
struct wire_origin {
	const char *capture;   /* its id: 1 to 64 bytes */
	const char *interface; /* NULL or empty for none, cut after 255 bytes; so is the next */
	const char *host;
};

struct wire_message {
	uint8_t key[WIRE_KEY_LEN];
	char header[WIRE_HEADER_MAX];
	size_t header_len;
};

/*
 * Makes key and header of a packet. A packet without a time has a key of zeros. -1 if the time is none that a key can
 * hold, which are 292,277 years before and after 1970, or the origin has no valid capture.
 */
int wire_write(const struct wire_origin *origin, const struct capture_record *packet, struct wire_message *message);

/* What a message says of the packet in it. */
struct wire_packet {
	bool has_time;
	int64_t sec; /* UTC, since 1970 */
	uint32_t nsec;
	uint32_t linktype; /* LINKTYPE_ value */
	uint32_t wirelen;
	bool has_header; /* the rest is empty without it: the message is Pycapa's */
	uint64_t ordinal;
	char capture[WIRE_CAPTURE_LEN];
	char interface[WIRE_NAME_LEN], host[WIRE_NAME_LEN];
};

enum wire_verdict {
	WIRE_PACKET,
	WIRE_NO_KEY,    /* no key, or one of less than 8 bytes; of a longer one the first 8 count, as for Pycapa */
	WIRE_BAD_HEADER /* the header is not as described above, or contradicts the key */
};

/*
 * A message of a stranger. header: NULL if it has none of that name. value_len: bytes of the packet. Fills *packet if
 * it is one.
 */
enum wire_verdict wire_parse(const void *key, size_t key_len, const void *header, size_t header_len, size_t value_len,
    struct wire_packet *packet);

/* What the partition of a packet is taken from, modulo their number: the same for all packets of a conversation. */
uint32_t wire_conversation(const struct capture_record *packet);

/*
 * The bytes that a message of this size takes in a batch of its own, before compression: the most that the format
 * needs.
 */
size_t wire_batch_len(size_t header_len, size_t value_len);

#endif
