/* Records of the classic pcap format; capture.c is its only user. */
#ifndef ESPCAP_PACKET_PCAPFILE_H
#define ESPCAP_PACKET_PCAPFILE_H

#include "packet/capture.h"

/* pcap 2.2 and older (and DG/UX's 543.0) have the two lengths exchanged; of 2.3 only some files. */
enum pcapfile_lengths {
	PCAPFILE_LENGTHS_NORMAL,
	PCAPFILE_LENGTHS_EXCHANGED,
	PCAPFILE_LENGTHS_UNSURE
};

/* Start with a zeroed one. */
struct pcapfile {
	bool started;		/* the file header was read */
	bool big;		/* big-endian */
	bool nanoseconds;
	bool modified;		/* 24-byte record headers */
	enum pcapfile_lengths lengths;
	uint32_t linktype;
	uint32_t snaplen;
};

/* Whether these (at least 4) bytes begin a pcap file that we read. */
bool pcapfile_probe(const uint8_t *data);

/*
 * Takes the file header or the next packet from data. 1 with *record filled but
 * for the ordinal; 0 if more bytes are needed; -1 with a text in *error. Sets
 * record->is_packet in each case.
 */
int pcapfile_take(struct pcapfile *file, const uint8_t *data, size_t len,
    struct capture_record *record, struct error *error);

/* See capture_copy and capture_empty. */
int pcapfile_copy(const struct pcapfile *file, const struct capture_record *record,
    struct buffer *out);
int pcapfile_empty(const struct pcapfile *file, const struct capture_record *record,
    struct buffer *out);

#endif
