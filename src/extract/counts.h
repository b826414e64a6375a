/* SPDX-License-Identifier: BSD-2-Clause */
/* How many documents there were, and what became of them. */
#ifndef ESPCAP_EXTRACT_COUNTS_H
#define ESPCAP_EXTRACT_COUNTS_H

#include <stdint.h>

/* found = written + missing + changed + twin. */
struct extract_counts {
	uint64_t found;   /* documents */
	uint64_t written; /* packets */
	uint64_t missing; /* their file is not there any more, cannot be read, or never was one */
	uint64_t changed; /* there are other bytes in its place */
	uint64_t twin;    /* of a packet that is written: named twice, or left out by dedup */
};
#endif
