/* SPDX-License-Identifier: BSD-2-Clause */
/* What deliveries count, as metrics. No I/O. */
#ifndef ESPCAP_DELIVER_DELIVER_METRICS_H
#define ESPCAP_DELIVER_DELIVER_METRICS_H

#include <stdint.h>

#include "base/exposition.h"
#include "deliver/parcel.h"
#include "deliver/store.h"

/* Of enum deliver_end. */
#define DELIVER_ENDS 3

/* Since the start, but for waiting, which is now. */
struct deliver_sums {
	uint64_t spooled, refused; /* captures that were put */
	uint64_t attempts[DESTINATIONS];
	uint64_t ended[DESTINATIONS][DELIVER_ENDS];
	uint64_t bytes[DESTINATIONS]; /* delivered */
	uint64_t waiting[DESTINATIONS];
};

void deliver_metrics_write(const struct deliver_sums *sums, const struct store_counts *counts,
    struct exposition *exposition);

#endif
