/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The interface of whatever packets are read from: a file, a pipe, one shard of a file. What reads it does not know
 * which it is. No I/O.
 */
#ifndef ESPCAP_PACKET_RECORD_SOURCE_H
#define ESPCAP_PACKET_RECORD_SOURCE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buffer.h"
#include "base/error.h"
#include "packet/capture_reader.h"

enum source_event {
	SOURCE_RECORD,
	SOURCE_WAIT, /* nothing now: wait until there may be more */
	SOURCE_END,
	SOURCE_BAD /* cut short or damaged; what came before is good. An empty input, too. */
};

/* What a packet is known by that comes by itself, and not at its place in a capture. */
struct record_identity {
	const char *capture; /* the id of its capture; borrowed until the next record */
	uint64_t ordinal;    /* in that */
	bool is_context;     /* dissected for what can be learned of it: no document is wanted, and it is not counted */
};

struct record {
	struct capture_record raw;
	const struct record_identity *identity; /* NULL: its place is what it is known by */
	/*
	 * Not 0: another tshark dissects the packet. Here an empty record with this length on the wire only counts it.
	 */
	uint32_t placeholder;
};

struct record_source;

struct record_source_type {
	/*
	 * The next record, valid until the next call. An input in a format that only tshark knows (is_opaque) comes in
	 * pieces that are not packets. With SOURCE_BAD *error is filled (OUTCOME_INPUT, or OUTCOME_INTERNAL if reading
	 * failed).
	 */
	enum source_event (*next)(struct record_source *source, struct record *record, struct error *error);
	/* After SOURCE_WAIT, on: calls on_ready once, from the loop, when there may be more. Off: does not any more. */
	void (*wait)(struct record_source *source, bool on);
	/*
	 * Appends a record, or an empty one in its place, as capture_reader_copy and capture_reader_empty; of an opaque
	 * format its bytes.
	 */
	int (*copy)(const struct record_source *source, const struct capture_record *record, bool empty, struct buffer *out);
	/* Begins again at the first byte that was read, or at the anchor; false if that cannot be. */
	bool (*rewind)(struct record_source *source);
	/*
	 * The record given last, the header of a part, is where to begin again from now on. True if the source begins
	 * there by itself, so that it is the next record.
	 */
	bool (*anchor)(struct record_source *source);
	/*
	 * Another one over the same input from where this one began, to be freed like this one; NULL if that cannot be.
	 */
	struct record_source *(*clone)(struct record_source *source);
	/* Bytes read of the input at most so far, in any pass, and its size: 0 if it has none. */
	void (*bytes)(const struct record_source *source, uint64_t *done, uint64_t *all);
	void (*free)(struct record_source *source);
};

/*
 * Captures that cannot stand in one stream, in one input: each costs the start of a tshark, and a hostile file may hold
 * one in a hundred bytes.
 */
#define SOURCE_SESSIONS_MAX 1000

/* The first member of each source. */
struct record_source {
	const struct record_source_type *type;
	/* Set by the one who reads. */
	void (*on_ready)(void *ctx);
	void *ctx;
	/* Kept by the source: */
	bool is_stream;           /* what was read cannot be read again */
	bool grows;               /* what comes after the end of the file is waited for */
	bool is_secondary;        /* another reader of the same input reports what is noticed */
	bool is_seeking;          /* whether any packet concerns this reader is not known yet: what is read is given again if one does */
	bool is_opaque, is_empty; /* known after the first event other than SOURCE_WAIT */
	unsigned session;         /* how often it was anchored, or would have been had it not been sought through */
	bool has_date;
	int64_t date; /* when the file was last modified, s since 1970 */
};

#endif
