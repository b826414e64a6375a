/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Captures that were joined by writing one after the other: the header of a file where a record should begin. No I/O.
 */
#ifndef ESPCAP_PACKET_JOINED_H
#define ESPCAP_PACKET_JOINED_H

#include <stddef.h>
#include <stdint.h>

#include "packet/capture_record.h"

enum joined {
	JOINED_NOT,
	JOINED_PERHAPS, /* it begins like one: more bytes would tell */
	JOINED_PCAP,
	JOINED_PCAPNG
};

/*
 * What begins at a boundary of records of a stream of this format. A header is whole: of pcap the magic, version 2.4,
 * zeros where nobody writes anything else, and a link type. In pcapng a section is nothing else.
 */
enum joined joined_probe(enum capture_format format, const uint8_t *data, size_t len);

#endif
