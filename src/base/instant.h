/* SPDX-License-Identifier: BSD-2-Clause */
/* A point in time as a person writes it. No I/O. */
#ifndef ESPCAP_BASE_INSTANT_H
#define ESPCAP_BASE_INSTANT_H

#include <stdint.h>

/*
 * Reads a time of the years 1970 to 9999 as milliseconds since 1970; finer fractions are dropped. It is either seconds
 * since 1970, "1438233730.634", or ISO 8601: "2015-07-30", "2015-07-30T05:22", "2015-07-30T05:22:10.634Z", with Z, an
 * offset such as +02:00, or neither, which is UTC, too. A space may stand for the T. -1 for anything else.
 */
int instant_read(const char *text, int64_t *ms);

#endif
