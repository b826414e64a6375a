/* The monotonic clock: it does not step with the time of day. For how long ago, never for when. */
#ifndef ESPCAP_BASE_CLOCK_H
#define ESPCAP_BASE_CLOCK_H

#include <stdint.h>

/* Both count from some moment of the past, and are never 0: that may stand for "not yet". */
uint64_t clock_ms(void);
uint64_t clock_seconds(void);

#endif
