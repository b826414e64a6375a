/* SPDX-License-Identifier: BSD-2-Clause */
/* Times that tshark cannot print: those of packets are written by us, of others what is certain is kept. No I/O. */
#ifndef ESPCAP_READERS_TIMES_H
#define ESPCAP_READERS_TIMES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "document/tree.h"
#include "fields/names.h"

/* The fields that are a function of the record's own time. */
struct times {
	uint32_t local, utc, epoch; /* name ids, NAMES_NONE for one that this tshark does not have */
	bool epoch_is_date;         /* from tshark 4.2 on; before that seconds since 1970 */
};

void times_init(struct times *times, const struct names *names);

/*
 * Replaces the time that tshark printed of the packet in the tree unless it is that of the record: sec and nsec since
 * 1970, in UTC. Beyond year 9999 tshark 3.4 to 4.4 print memory that was never written; fractions of a second or more
 * and resolutions finer than nanoseconds are wrong in all of them. What is written is the text of timestamp_iso, or
 * timestamp_seconds.
 */
void times_write(const struct times *times, struct tree *tree, int64_t sec, uint32_t nsec);

/*
 * How many characters of a date that -T ek printed are certain: all, unless its year has so many digits that
 * tshark 3.4 to 4.4 did not print the whole of it (strftime into 20 bytes). Then it is
 * the length of the date without the time of the day, in which they agree.
 */
size_t times_certain(const char *text, size_t len);

#endif
