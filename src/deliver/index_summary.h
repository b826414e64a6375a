/* SPDX-License-Identifier: BSD-2-Clause */
/* What an espcap that has ended did, from its exit status and the object of --summary-json. No I/O. */
#ifndef ESPCAP_DELIVER_INDEX_SUMMARY_H
#define ESPCAP_DELIVER_INDEX_SUMMARY_H

#include <stddef.h>
#include <stdint.h>

#include "deliver/attempt.h"

struct index_summary {
	uint64_t indexed, duplicate, rejected, undissected;
};

/* Members that are missing stay 0. -1: it is not one JSON object. */
int index_summary_read(const char *text, size_t len, struct index_summary *summary);

/* What an exit status of espcap means for the attempt (EXIT STATUS in espcap(1)); -1 is a signal. */
enum attempt_end index_judge(int exit_status);

#endif
