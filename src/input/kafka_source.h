/* SPDX-License-Identifier: BSD-2-Clause */
/* Packets that came one by one as the stream of one tshark: a pcapng with an interface for each link type. No I/O. */
#ifndef ESPCAP_INPUT_KAFKA_SOURCE_H
#define ESPCAP_INPUT_KAFKA_SOURCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "packet/record_source.h"

struct kafka_source;

struct kafka_source_handler {
	/* Packets of so many bytes were read, or are not wanted any more: they are not kept. */
	void (*on_taken)(void *ctx, size_t len);
	void *ctx;
};

/* The dissection it is given to frees it, through record_source. */
struct kafka_source *kafka_source_new(const struct kafka_source_handler *handler);
struct record_source *kafka_source_base(struct kafka_source *source);

struct kafka_source_packet {
	struct record_identity identity; /* capture: valid until the packet has its outcome */
	bool has_time;
	int64_t sec; /* UTC, since 1970 */
	uint32_t nsec;
	uint32_t linktype, wirelen, caplen;
	const uint8_t *bytes; /* copied */
};

/* Why a packet is refused: it would be damage to tshark's reader. NULL for one that kafka_source_put takes. */
const char *kafka_source_refuses(const struct kafka_source *source, const struct kafka_source_packet *packet);
/* Adds one at the end, which is read later. */
void kafka_source_put(struct kafka_source *source, const struct kafka_source_packet *packet);
/* No more come. */
void kafka_source_end(struct kafka_source *source);
/* Calls on_ready of whoever waits. Call it from the loop, after packets were put or the end was set. */
void kafka_source_wake(struct kafka_source *source);

#endif
