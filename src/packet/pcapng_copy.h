/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Copies blocks of pcapng files into another one, which is little-endian and has interfaces of its own. No I/O. All
 * want blocks that capture_reader_next returned, whole.
 */
#ifndef ESPCAP_PACKET_PCAPNG_COPY_H
#define ESPCAP_PACKET_PCAPNG_COPY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buffer.h"
#include "packet/capture_record.h"

enum pcapng_kind {
	PCAPNG_SECTION,
	PCAPNG_INTERFACE,
	PCAPNG_CONTEXT, /* names, decryption secrets */
	PCAPNG_PACKET,  /* of an interface */
	PCAPNG_OTHER
};

enum pcapng_kind pcapng_copy_kind(const struct capture_record *record);
/* Of a packet: the number of its interface in its section. */
uint32_t pcapng_copy_interface_of(const struct capture_record *record);
/* Of a packet: its epb_packetid; 0 if it has none. */
uint64_t pcapng_copy_packet_id(const struct capture_record *record);
/*
 * Of a section header: the text of its first comment that begins with prefix, after that, up to size - 1 bytes; false
 * if there is none or it is longer.
 */
bool pcapng_copy_comment(const struct capture_record *record, const char *prefix, char *text, size_t size);

/*
 * Appends a section header (its length is left open), the description of an interface, names or secrets. -1, and
 * nothing is appended, if out is full.
 */
int pcapng_copy_block(struct buffer *out, const struct capture_record *record);

/* The bytes of the interface's number in what the next two append. */
#define PCAPNG_COPY_INTERFACE_AT 8

/*
 * Appends a packet as an enhanced packet block of this interface, with the units of time of its own one, its options,
 * and at most snaplen of its bytes (0: all). -1 as above.
 */
int pcapng_copy_packet(struct buffer *out, const struct capture_record *record, uint32_t interface, uint32_t snaplen);

/* Of a pcap: its packet, and what a description of its interface would be. nano: its times are in ns, else in us. */
int pcapng_copy_pcap_packet(struct buffer *out, const struct capture_record *record, uint32_t interface, bool nano,
    uint32_t snaplen);

#endif
