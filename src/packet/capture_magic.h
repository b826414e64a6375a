/* SPDX-License-Identifier: BSD-2-Clause */
/* How files of pcap and of pcapng begin. No I/O. */
#ifndef ESPCAP_PACKET_CAPTURE_MAGIC_H
#define ESPCAP_PACKET_CAPTURE_MAGIC_H

#include <stdbool.h>
#include <stdint.h>

/* Magic numbers of pcap. */
#define CAPTURE_MAGIC_MICRO 0xa1b2c3d4u
#define CAPTURE_MAGIC_NANO 0xa1b23c4du
#define CAPTURE_MAGIC_MODIFIED 0xa1b2cd34u /* Alexey Kuznetzov's libpcap of 1999 */

/* Whether these (at least 4) bytes begin a pcap file that espcap reads. */
bool capture_magic_is_pcap(const uint8_t *data);
/*
 * Of a whole file header that capture_magic_is_pcap takes for one: its byte order, and whether the field of the link
 * type is one.
 */
bool capture_magic_pcap_is_big(const uint8_t *data);
bool capture_magic_pcap_has_linktype(const uint8_t *data);

/* Bytes that capture_magic_is_pcapng needs. */
#define CAPTURE_MAGIC_PCAPNG_LEN 12
bool capture_magic_is_pcapng(const uint8_t *data);
/* The byte order of a section header that capture_magic_is_pcapng takes for one. */
bool capture_magic_pcapng_is_big(const uint8_t *data);

#endif
