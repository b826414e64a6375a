/* SPDX-License-Identifier: BSD-2-Clause */
/* Blocks of the pcapng format; capture_reader.c is its only user. */
#ifndef ESPCAP_PACKET_PCAPNG_READER_H
#define ESPCAP_PACKET_PCAPNG_READER_H

#include "base/buffer.h"
#include "base/error.h"
#include "packet/capture_record.h"

struct pcapng_interface {
	uint32_t linktype;
	uint32_t snaplen;
	uint64_t units; /* of time, in a second */
	int64_t offset; /* seconds to add */
	uint64_t at;    /* of its block in the stream, if that stands behind a packet; else 0 */
};

/* What the current section says. Start with a zeroed one. */
struct pcapng_reader {
	bool started; /* a section header was read */
	bool big;     /* big-endian */
	struct pcapng_interface *interfaces;
	size_t count;
	size_t room;
	uint64_t offset;  /* of the next block in the stream: set by the caller */
	uint64_t section; /* that of the section header */
	bool has_packet;  /* the section has had one */
	/* Of the first blocks with names and secrets behind it, and how many there were. */
	uint64_t late[PACKET_CONTEXT_MAX];
	uint8_t late_count;
};

void pcapng_reader_release(struct pcapng_reader *ng);

/*
 * Takes the next block from data. 1 with *record filled but for the ordinal; 0
 * if more bytes are needed; -1 with a text in *error. Sets record->is_packet in
 * each case, as far as the bytes tell.
 */
int pcapng_reader_take(struct pcapng_reader *ng, const uint8_t *data, size_t len,
    struct capture_record *record, struct error *error);

/* See capture_reader_empty. */
int pcapng_reader_empty(const struct pcapng_reader *ng, const struct capture_record *record,
    struct buffer *out);

#endif
