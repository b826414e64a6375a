/* SPDX-License-Identifier: BSD-2-Clause */
/* A packet's time as the texts a document needs, in UTC. No I/O. */
#ifndef ESPCAP_DOCUMENT_TIMESTAMP_H
#define ESPCAP_DOCUMENT_TIMESTAMP_H

#include <stddef.h>
#include <stdint.h>

/* Enough for any of them. All return the length of the text, which is terminated. */
#define MOMENT_LEN 64

/* "2015-07-30T05:22:10.634684000Z"; years beyond 9999 are written with all their digits. nsec < 10^9. */
size_t timestamp_iso(char text[MOMENT_LEN], int64_t sec, uint32_t nsec);
/* "2015-07-30 05:22:10" */
size_t timestamp_date(char text[MOMENT_LEN], int64_t sec);
/* Milliseconds since 1970 as a decimal number that is exact to the nanosecond: "1438233730634.684". */
size_t timestamp_ms(char text[MOMENT_LEN], int64_t sec, uint32_t nsec);

/* Seconds since 1970 with nine digits after the point: "1438233730.634684000", "-0.500000000". */
size_t timestamp_seconds(char text[MOMENT_LEN], int64_t sec, uint32_t nsec);

#endif
