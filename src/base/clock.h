/* SPDX-License-Identifier: BSD-2-Clause */
/* The monotonic clock: it does not step with the time of day. And that one, for other programs. */
#ifndef ESPCAP_BASE_CLOCK_H
#define ESPCAP_BASE_CLOCK_H

#include <stdint.h>

/* The first two count from some time in the past, and are never 0: that may stand for "not yet". */
uint64_t clock_ms(void);
uint64_t clock_seconds(void);
/* The time of day, in ms since 1970: for others to read. It may step. */
uint64_t clock_of_day(void);

#endif
