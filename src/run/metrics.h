/* SPDX-License-Identifier: BSD-2-Clause */
/* What a run tells Prometheus, in its text format. No I/O. */
#ifndef ESPCAP_RUN_METRICS_H
#define ESPCAP_RUN_METRICS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buffer.h"
#include "input/input.h"
#include "run/progress.h"

/*
 * How a run stands; with totals.parts its counts and queues are written for each of these. Texts are borrowed; a NULL
 * is left out, and so are numbers that this kind of run has not.
 */
struct metrics {
	const char *version;    /* of espcap */
	const char *tshark;     /* its version */
	const char *dissection; /* "plugin", "ek" or "pdml"; with tshark */
	const char *interface;  /* of a live capture: then a label of every value; of several their names, "a,b" */
	uint64_t start;         /* ms since 1970, as the next */
	uint64_t resolved;      /* when a document was last delivered, found there or rejected; 0: never */
	struct totals totals;
	uint64_t in_flight;                                        /* documents */
	uint64_t capture_reader_bytes, capture_reader_room;        /* of the queue of a live capture */
	uint64_t spool_bytes, spool_room;                          /* the same of its spool; room 0: there is none */
	bool has_ring;                                             /* totals.ring_missing is of interest */
	uint64_t delivery_bytes, delivery_room;                    /* that wait to be delivered; room 0: not known */
	uint64_t own_memory, capture_reader_memory, tshark_memory; /* bytes; 0: not known */
	struct input_kafka kafka;                                  /* with totals.is_kafka */
	bool ended;
	int status; /* the exit status, if it has */
};

/* Appends all of it. -1 if that does not fit. */
int metrics_write(const struct metrics *metrics, struct buffer *out);

#endif
