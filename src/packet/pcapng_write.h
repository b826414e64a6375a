/* SPDX-License-Identifier: BSD-2-Clause */
/* Writes blocks of the pcapng format: one section, one interface, packets, counts. No I/O. */
#ifndef ESPCAP_PACKET_PCAPNG_WRITE_H
#define ESPCAP_PACKET_PCAPNG_WRITE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buffer.h"

/* All return -1, and append nothing, if out has no room. Texts are UTF-8, and cut after 1,000 bytes. */

/* The header of a section that goes on to the end of the file. comment: NULL for none. */
int pcapng_write_section(struct buffer *out, const char *comment, const char *application);

struct pcapng_write_interface {
	const char *name;  /* NULL for none */
	uint16_t linktype; /* LINKTYPE_ value */
	uint32_t snaplen;
	bool nano; /* times of its packets in ns, else in us */
};
int pcapng_write_interface(struct buffer *out, const struct pcapng_write_interface *interface);

struct pcapng_write_packet {
	uint32_t sec, fraction; /* as the interface has it */
	uint32_t caplen, wirelen;
	const uint8_t *bytes;
	uint64_t id;        /* epb_packetid, 0 for none */
	uint32_t interface; /* which of those written, from 0 */
};
/* A packet of that interface, which says what the unit of its times is. */
int pcapng_write_packet(struct buffer *out, bool nano, const struct pcapng_write_packet *packet);
/* The bytes of its block. */
size_t pcapng_write_packet_len(const struct pcapng_write_packet *packet);

struct pcapng_write_statistics {
	uint32_t interface;
	uint64_t start_ns, end_ns; /* since 1970 */
	uint64_t kept;             /* packets in the file; these were lost beside them: */
	uint64_t interface_drop, kernel_drop;
};
/* What is known of an interface at its end; nano as that interface has it. */
int pcapng_write_statistics(struct buffer *out, bool nano, const struct pcapng_write_statistics *statistics);
/* The bytes of that block. */
size_t pcapng_write_statistics_len(void);

/* How many bytes of blocks[0..len) are whole blocks, of those that these functions wrote; *packets: in these. */
size_t pcapng_write_whole(const char *blocks, size_t len, uint64_t *packets);

#endif
