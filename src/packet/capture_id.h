/* SPDX-License-Identifier: BSD-2-Clause */
/* What a capture and its packets are known by: cryptographic hashes. No I/O. */
#ifndef ESPCAP_PACKET_CAPTURE_ID_H
#define ESPCAP_PACKET_CAPTURE_ID_H

#include "packet/capture_record.h"

/* 128 bits in hexadecimal, and the end. */
#define CAPTURE_ID_LEN 33
#define PACKET_ID_LEN 16

/*
 * The id of the capture that begins with this packet: the same for the file
 * whatever its name, compression or length. Of an opaque format (not
 * is_packet) it hashes the first 512 bytes. -1 if the crypto library fails.
 */
int capture_id(const struct capture_record *first, char id[CAPTURE_ID_LEN]);

/* The id of what has no first packet, but this text that is its own. -1 if the crypto library fails. */
int capture_id_of_text(const char *text, char id[CAPTURE_ID_LEN]);

/*
 * The id of a packet of that capture: over the capture's id, the packet's ordinal, time, both lengths and
 * bytes. Of an opaque format pass a record without bytes. -1 if the crypto library fails.
 */
int capture_id_packet(const char *capture, const struct capture_record *packet, uint8_t id[PACKET_ID_LEN]);

#endif
