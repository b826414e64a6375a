/* SPDX-License-Identifier: BSD-2-Clause */
/* Writes the classic pcap format in the byte order of this machine. No I/O. */
#ifndef ESPCAP_PACKET_PCAP_WRITE_H
#define ESPCAP_PACKET_PCAP_WRITE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buffer.h"

/* Both return -1, and append nothing, if out has no room. */

/* The header of the file: linktype is a LINKTYPE_ value, nano: times of its packets are in ns, else in us. */
int pcap_write_header(struct buffer *out, bool nano, uint32_t linktype, uint32_t snaplen);

struct pcap_write_packet {
	uint32_t sec, fraction; /* as the header has it */
	uint32_t caplen, wirelen;
	const uint8_t *bytes;
};
int pcap_write_packet(struct buffer *out, const struct pcap_write_packet *packet);

#endif
