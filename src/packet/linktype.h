/* SPDX-License-Identifier: BSD-2-Clause */
/* What tshark's file reader (wiretap) demands of a packet by its link type. */
#ifndef ESPCAP_PACKET_LINKTYPE_H
#define ESPCAP_PACKET_LINKTYPE_H

#include <stddef.h>
#include <stdint.h>

/* The most bytes that wiretap accepts in one packet of this LINKTYPE_. */
uint32_t linktype_max_caplen(uint32_t linktype);

/*
 * Bytes at the front of the packet that wiretap takes off before dissection
 * (0 for most types); -1 if the packet has not all of them, which wiretap
 * reports as damage.
 */
int linktype_header_len(uint32_t linktype, const uint8_t *bytes, size_t caplen);

#endif
