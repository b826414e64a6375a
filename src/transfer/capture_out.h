/* SPDX-License-Identifier: BSD-2-Clause */
/* Packets of a topic as a capture file: pcap as Pycapa writes it, or pcapng. No I/O. */
#ifndef ESPCAP_TRANSFER_CAPTURE_OUT_H
#define ESPCAP_TRANSFER_CAPTURE_OUT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buffer.h"
#include "kafka/wire.h"

struct capture_out_config {
	bool pcapng; /* several link types and interfaces, times in ns */
	bool nanosecond;
	uint32_t snaplen;
};

struct capture_out;

struct capture_out *capture_out_new(const struct capture_out_config *config);
void capture_out_free(struct capture_out *out);

/*
 * Appends what stands before all packets. linktype: that of the packets, as far as it is known; pcapng does not ask for
 * it. -1 if to is full.
 */
int capture_out_begin(struct capture_out *out, uint32_t linktype, struct buffer *to);
bool capture_out_has_begun(const struct capture_out *out);

enum capture_out_answer {
	CAPTURE_OUT_WRITTEN,
	CAPTURE_OUT_OTHER_LINK, /* of another link type than the file, which can have one only */
	CAPTURE_OUT_NO_TIME,    /* it has a time that the format does not have: before 1970 or from 2106 on */
	CAPTURE_OUT_FULL        /* to has no room */
};

/* Appends a packet. */
enum capture_out_answer capture_out_packet(struct capture_out *out, const struct wire_packet *packet, const uint8_t *value,
    uint32_t value_len, struct buffer *to);

#endif
