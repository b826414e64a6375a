/* SPDX-License-Identifier: BSD-2-Clause */
/* Records of the classic pcap format; capture_reader.c is its only user. */
#ifndef ESPCAP_PACKET_PCAP_READER_H
#define ESPCAP_PACKET_PCAP_READER_H

#include "base/buffer.h"
#include "base/error.h"
#include "packet/capture_record.h"
#include "packet/pcapvariant.h"

/* pcap 2.2 and older (and DG/UX's 543.0) have the two lengths exchanged; of 2.3 only some files. */
enum pcap_reader_lengths {
	PCAPFILE_LENGTHS_NORMAL,
	PCAPFILE_LENGTHS_EXCHANGED,
	PCAPFILE_LENGTHS_UNSURE
};

/* Start with a zeroed one. */
struct pcap_reader {
	bool started; /* the file header was read */
	bool big;     /* big-endian */
	bool nanoseconds;
	bool modified; /* the magic of Kuznetzov's later patches */
	bool guessed;  /* variant is known; else the first records tell */
	enum pcapvariant variant;
	enum pcap_reader_lengths lengths;
	uint32_t network; /* the link type as it stands in the header */
	uint32_t linktype;
	uint32_t snaplen;
};

/*
 * Takes the file header or the next packet from data. 1 with *record filled but
 * for the ordinal; 0 if more bytes are needed; -1 with a text in *error. Sets
 * record->is_packet in each case. end: no more bytes come.
 */
int pcap_reader_take(struct pcap_reader *file, const uint8_t *data, size_t len, bool end,
    struct capture_record *record, struct error *error);
/* True if the variant was not known and these bytes, to which none may be added for long, tell it. */
bool pcap_reader_hurry(struct pcap_reader *file, const uint8_t *data, size_t len);

/* Whether records of one file can stand in the other: of another byte order or variant they are written anew. */
bool pcap_reader_fits(const struct pcap_reader *file, const struct pcap_reader *other);

/* See capture_reader_copy and capture_reader_empty. file: the one in which the record is to stand. */
int pcap_reader_copy(const struct pcap_reader *file, const struct capture_record *record,
    struct buffer *out);
int pcap_reader_empty(const struct pcap_reader *file, const struct capture_record *record,
    struct buffer *out);

#endif
