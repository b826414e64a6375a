/* SPDX-License-Identifier: BSD-2-Clause */
/* Several partitions, each in order, in the order of time: which of them is next. No I/O. */
#ifndef ESPCAP_KAFKA_MERGE_H
#define ESPCAP_KAFKA_MERGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The packet that waits in a partition. */
struct merge_lane {
	bool has_packet; /* else none is there now */
	bool is_done;    /* none comes any more */
	int64_t sec;     /* its time */
	uint32_t nsec;
	uint64_t arrived; /* when it came, ms */
};

enum merge_answer {
	MERGE_TAKE, /* *index is next */
	MERGE_WAIT, /* for *wait ms, or until a partition that has none has a packet */
	MERGE_NONE, /* no packet waits */
	MERGE_END   /* all partitions are done */
};

/*
 * The earliest packet is next; of packets of one time that of the first partition. It waits until the others have one,
 * too, because these may be earlier; at most reorder ms from its arrival on.
 */
enum merge_answer merge_next(const struct merge_lane *lanes, size_t count, uint64_t now, uint64_t reorder, size_t *index,
    uint64_t *wait);

#endif
