/* SPDX-License-Identifier: BSD-2-Clause */
/* One record of a pcap or pcapng stream, as packet/capture_reader.h gives it. */
#ifndef ESPCAP_PACKET_CAPTURE_RECORD_H
#define ESPCAP_PACKET_CAPTURE_RECORD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/packet_position.h"

enum capture_format {
	CAPTURE_UNKNOWN, /* perhaps one that only tshark knows */
	CAPTURE_PCAP,
	CAPTURE_PCAPNG
};

/* The most bytes that a record may have. */
#define CAPTURE_RECORD_MAX (16u << 20)

/* A link type that no BPF filter can be compiled for (a record that tshark counts but that is not a packet). */
#define CAPTURE_LINKTYPE_NONE UINT32_MAX

/*
 * Captures are joined by writing one after the other. A whole file header where a record should begin starts the next
 * part. Of pcapng a section does not: it belongs to the format.
 */
enum capture_part {
	CAPTURE_PART_GOES_ON,
	CAPTURE_PART_FITS,   /* the record is the header of a part whose records can stand in the stream before: it is to be left out */
	CAPTURE_PART_DIFFERS /* the same of a part that must be a stream of its own */
};

struct capture_record {
	enum capture_part part;
	bool is_packet;     /* tshark gives it a frame number; else a header or another block */
	const uint8_t *raw; /* the record as it stands in the stream; points into the caller's data */
	size_t raw_len;
	uint64_t offset; /* of it in the stream */

	/* Of packets only. */
	uint64_t ordinal; /* 1 for the first packet of the stream */
	uint64_t number;  /* the same in its part, see capture_part */
	uint64_t section; /* the offset of the header that it stands behind; of pcapng that of its section */
	bool is_pcapng;
	bool big;      /* its section is big-endian; of pcap, its file header */
	bool has_time; /* simple packet blocks and custom blocks have none */
	int64_t sec;   /* UTC, since 1970, can be negative; nsec is always below 10^9 */
	uint32_t nsec;
	uint32_t linktype;    /* LINKTYPE_ value of its interface */
	uint32_t snaplen;     /* of its interface, 0 if not limited */
	const uint8_t *bytes; /* points into raw */
	uint32_t caplen;      /* bytes captured, those of a pseudo-header included */
	uint32_t wirelen;     /* bytes on the wire; can be less than caplen */
	/* Blocks that it needs behind the first packet of its section, see base/packet_position.h. */
	uint8_t context_count;
	uint64_t context[PACKET_CONTEXT_MAX];
};

#endif
