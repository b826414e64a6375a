/* SPDX-License-Identifier: BSD-2-Clause */
/* The progress line, and the final line. */
#ifndef ESPCAP_RUN_PROGRESS_H
#define ESPCAP_RUN_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>
#include <stddef.h>

#include "base/buffer.h"

/* What is known at one time of a run. */
struct progress {
	uint64_t files_done, files_all;
	uint64_t packets;
	uint64_t resolved;              /* of the packets: what becomes of them is certain */
	uint64_t bytes_done, bytes_all; /* of the inputs; bytes_all 0 if not known */
	uint64_t elapsed;               /* ms */
	bool has_server;                /* the next seven are known */
	uint64_t indexed, duplicate, rejected, discarded, retries, in_flight;
	bool is_down;          /* no node answers */
	const char *interface; /* of a live capture, which has neither files nor an end; else NULL */
	uint64_t dropped;      /* of it, by queue, kernel and interface */
	bool is_cut_off;       /* with the next: no broker answers */
	bool has_lag;          /* of topics, which have neither files nor an interface: the next is known */
	uint64_t lag;          /* messages whose packets have no outcome yet */
	bool is_midline;       /* standard output is a terminal that shows the beginning of a line without its end */
};

/*
 * The one line: files, packets, bytes or lag, rate, time left, in at most so many cells. What does not fit is left out:
 * counters that are zero first, the number of packets never. Any line fits in PROGRESS_LINE_LEN bytes.
 */
#define PROGRESS_LINE_LEN 1000
void progress_line(const struct progress *progress, size_t cells, char line[PROGRESS_LINE_LEN]);

/* The sums of a run, or of one of the interfaces it captures on. */
struct totals {
	uint64_t read, delivered, duplicate, rejected, discarded, filtered, undissected, dropped, unsent;
	uint64_t skipped, retries, maybe_duplicate;
	uint64_t kernel_drop, interface_drop; /* beside the sum; of a live capture only */
	uint64_t ring_missing;                /* packets that --ring has not; not in the line */
	bool has_drops;                       /* the drops are of interest */
	bool is_kafka;                        /* the next five are of interest */
	uint64_t released;                    /* given up to another worker; part of the sum */
	uint64_t warmed, missed;              /* beside the sum, as the next two; see struct input_counts */
	uint64_t mixed, malformed;
	uint64_t fallbacks, tsharks;     /* see struct dissection_counts */
	bool has_server;                 /* delivered means indexed, else printed */
	bool has_auto_id;                /* maybe_duplicate is of interest */
	const char *dead_letter;         /* the file of those rejected, NULL for none; borrowed; not in the line */
	bool cut;                        /* standard output ends in the middle of a document; not in the line */
	bool is_part;                    /* of one interface: retries are of no interest */
	const struct totals_part *parts; /* of a run on several interfaces, each of them; borrowed; not in the line */
	size_t part_count;               /* 0 for other runs */
};

/* One of several interfaces. */
struct totals_part {
	const char *interface;
	struct totals totals;
	/* Bytes, as in struct metrics. */
	uint64_t capture_reader_bytes, capture_reader_room, capture_reader_memory;
	uint64_t spool_bytes, spool_room;
	uint64_t tshark_memory;
};

/* "read=N printed=N duplicate=N ...", see THE FINAL LINE in espcap(1). Room for PROGRESS_TOTALS_LEN is enough. */
#define PROGRESS_TOTALS_LEN 900
void progress_totals(const struct totals *totals, char *line, size_t size);

/*
 * The same as a JSON object with a newline, the exit status as "exit", the dead letter file as "dead_letter", and the
 * parts as "interfaces". -1 if out is full: PROGRESS_TOTALS_LEN for the sums and for each part is enough, beside the
 * name.
 */
int progress_json(const struct totals *totals, int status, struct buffer *out);

#endif
