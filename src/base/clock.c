/* SPDX-License-Identifier: BSD-2-Clause */
/* The monotonic clock. */
#include "base/clock.h"

#include <time.h>

uint64_t
clock_ms(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	/* A second ahead: it begins with 0 when the machine does. */
	return ((uint64_t)time.tv_sec + 1) * 1000 +
	    (uint64_t)time.tv_nsec / 1000000;
}

uint64_t
clock_of_day(void)
{
	struct timespec time;

	clock_gettime(CLOCK_REALTIME, &time);
	return (uint64_t)time.tv_sec * 1000 + (uint64_t)time.tv_nsec / 1000000;
}

uint64_t
clock_seconds(void)
{
	return clock_ms() / 1000;
}
