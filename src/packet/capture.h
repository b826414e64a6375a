/* Reads the records of a pcap or pcapng stream from bytes in memory, and writes an empty record in place of one. No I/O. */
#ifndef ESPCAP_PACKET_CAPTURE_H
#define ESPCAP_PACKET_CAPTURE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buffer.h"
#include "base/error.h"

enum capture_format {
	CAPTURE_UNKNOWN,	/* perhaps one that only tshark knows */
	CAPTURE_PCAP,
	CAPTURE_PCAPNG
};

/* Bytes that capture_probe needs to be sure. */
#define CAPTURE_PROBE_LEN 12

/* A link type that no BPF filter can be compiled for (a record that tshark counts but that is no packet). */
#define CAPTURE_LINKTYPE_NONE UINT32_MAX

struct capture_record {
	bool is_packet;		/* tshark gives it a frame number; else a header or another block */
	const uint8_t *raw;	/* the record as it stands in the stream; points into the caller's data */
	size_t raw_len;

	/* Of packets only. */
	uint64_t ordinal;	/* 1 for the first packet of the stream */
	bool has_time;		/* simple packet blocks and custom blocks have none */
	int64_t sec;		/* UTC, since 1970, can be negative; nsec is always below 10^9 */
	uint32_t nsec;
	uint32_t linktype;	/* LINKTYPE_ value of its interface */
	uint32_t snaplen;	/* of its interface, 0 if not limited */
	const uint8_t *bytes;	/* points into raw */
	uint32_t caplen;	/* bytes captured, those of a pseudo-header included */
	uint32_t wirelen;	/* bytes on the wire; can be less than caplen */
};

struct capture;

/* Which format the stream that begins with these bytes has. */
enum capture_format capture_probe(const uint8_t *data, size_t len);

/* A reader for one stream of a known format. Free with capture_free. */
struct capture *capture_new(enum capture_format format);
void capture_free(struct capture *capture);

/*
 * Takes the next record from data[0..len), which must begin where the last
 * record ended. Returns 1 and fills *record (valid while data is; go on at
 * data + record->raw_len); 0 if more bytes are needed (with eof: the stream
 * has ended cleanly, len is 0); -1 with OUTCOME_INPUT and a text that says
 * what is wrong, in or after which packet and at which byte of the stream
 * ("cut short in packet 18, at byte 5092"). After -1 nothing more can be read.
 * A record is at most CAPTURE_RECORD_MAX bytes long; a longer one is an error.
 */
#define CAPTURE_RECORD_MAX (16u << 20)
int capture_next(struct capture *capture, const uint8_t *data, size_t len, bool eof,
    struct capture_record *record, struct error *error);

/*
 * Appends to out the record (a packet or not) so that tshark can read it from
 * a pipe: as it stands, but for the modified pcap of 1999 (magic a1b2cd34),
 * which tshark takes from regular files only and which becomes standard pcap.
 * Both functions want the record that capture_next returned last. -1 if out is
 * full (nothing is appended then).
 */
int capture_copy(const struct capture *capture, const struct capture_record *record,
    struct buffer *out);

/*
 * Appends to out a record of the same format, byte order, interface, time and
 * length on the wire as the packet record, without options and captured bytes
 * but for the pseudo-header that tshark's reader insists on with a few link
 * types: tshark counts it and dissects nothing. A simple packet block loses its
 * length on the wire; a record of CAPTURE_LINKTYPE_NONE is copied whole. -1 if
 * out is full (nothing is appended then).
 */
int capture_empty(const struct capture *capture, const struct capture_record *record,
    struct buffer *out);

#endif
