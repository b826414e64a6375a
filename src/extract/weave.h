/* SPDX-License-Identifier: BSD-2-Clause */
/* Merges runs of packets in a temporary file by their times. */
#ifndef ESPCAP_EXTRACT_WEAVE_H
#define ESPCAP_EXTRACT_WEAVE_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/error.h"

/* In front of each packet in the file. */
struct weave_head {
	int64_t sec;
	uint32_t nsec;
	uint32_t interface;
	uint32_t len; /* of the block that follows */
	uint32_t reserved;
};

/* Bytes of the file. */
struct weave_run {
	off_t at, end;
};

struct weave;

/* fd and runs are borrowed; runs have at least one packet each. */
struct weave *weave_new(int fd, const struct weave_run *runs, size_t count);
void weave_free(struct weave *weave);

/*
 * The packet that is next: of those that come next in each run the earliest, of equal ones that of the first run. 1, 0
 * after the last one, -1 with OUTCOME_OUTPUT. Valid until the next call; the block may be changed.
 */
int weave_next(struct weave *weave, const struct weave_head **head, uint8_t **block, struct error *error);

#endif
