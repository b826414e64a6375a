/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Reads the records of a pcap or pcapng stream from bytes in memory, and writes an empty record in place of one. No
 * I/O.
 */
#ifndef ESPCAP_PACKET_CAPTURE_READER_H
#define ESPCAP_PACKET_CAPTURE_READER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buffer.h"
#include "base/error.h"
#include "packet/capture_record.h"

/* Bytes that capture_reader_probe needs to be sure. */
#define CAPTURE_PROBE_LEN 12

struct capture_reader;

/* Which format the stream that begins with these bytes has. */
enum capture_format capture_reader_probe(const uint8_t *data, size_t len);

/* A reader for one stream of a known format. Free with capture_reader_free. */
struct capture_reader *capture_reader_new(enum capture_format format);
void capture_reader_free(struct capture_reader *capture);
/* Before the first record. It is known to be a standard one with no other joined to it: a live capture's own. */
void capture_reader_trust(struct capture_reader *capture);
/* The same. It begins at a part, after so many bytes and packets of the stream. */
void capture_reader_begin_at(struct capture_reader *capture, uint64_t offset, uint64_t packets);

/*
 * After the header of a part, of pcap also its first packet, was taken: what comes next is a record of the same part or
 * section at this place of the stream, wherever that is. Ordinals mean nothing from then on, and no other part is
 * looked for.
 */
void capture_reader_seek(struct capture_reader *capture, uint64_t offset);

/* Bytes of the stream before the record that comes next. */
uint64_t capture_reader_offset(const struct capture_reader *capture);
/*
 * After capture_reader_next wanted more bytes than these and none may come for long (a pipe, a file that grows). True
 * if it can go on with
 * these: it looks ahead to know which variant of pcap it reads, but needs not when the bytes end with a record.
 */
bool capture_reader_hurry(struct capture_reader *capture, const uint8_t *data, size_t len);

/*
 * Takes the next record from data[0..len), which must begin where the last
 * record ended. Returns 1 and fills *record (valid while data is; go on at
 * data + record->raw_len); 0 if more bytes are needed (with eof: the stream
 * has ended cleanly, len is 0); -1 with OUTCOME_INPUT and a text that says
 * what is wrong, in or after which packet and at which byte of the stream
 * ("cut short in packet 18, at byte 5092"). After -1 nothing more can be read.
 * A record is at most CAPTURE_RECORD_MAX bytes long; a longer one is an error.
 */
int capture_reader_next(struct capture_reader *capture, const uint8_t *data, size_t len, bool eof,
    struct capture_record *record, struct error *error);

/*
 * Appends to out the record (a packet or not) so that tshark can read it from
 * a pipe: as it stands, but for the variants of pcap with other record headers,
 * which tshark takes from regular files only and which become standard pcap, and
 * for parts of another byte order. Both functions want a record that capture_reader_next
 * returned since the last part that differs, of pcapng the last one. -1 if out is
 * full (nothing is appended then).
 */
int capture_reader_copy(const struct capture_reader *capture, const struct capture_record *record,
    struct buffer *out);

/*
 * Appends to out a record of the same format, byte order, interface, time and
 * length on the wire as the packet record, without options and captured bytes
 * but for the pseudo-header that tshark's reader insists on with a few link
 * types: tshark counts it and dissects nothing. A simple packet block loses its
 * length on the wire; a record of CAPTURE_LINKTYPE_NONE is copied whole. -1 if
 * out is full (nothing is appended then).
 */
int capture_reader_empty(const struct capture_reader *capture, const struct capture_record *record,
    struct buffer *out);

#endif
