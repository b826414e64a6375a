/* SPDX-License-Identifier: BSD-2-Clause */
/* How long to wait before something is tried again. */
#include "server/backoff.h"

#include <sys/random.h>

uint64_t
backoff_delay(uint64_t first, unsigned attempt)
{
	uint64_t top = first, random = 0;

	while (attempt-- > 0 && top < BACKOFF_MAX)
		top *= 2;
	if (top > BACKOFF_MAX)
		top = BACKOFF_MAX;
	/* Without random numbers it is no jitter, but still a wait. */
	if (getrandom(&random, sizeof(random), GRND_NONBLOCK) < 0)
		random = top / 2;
	random %= top + 1;
	return random < top / 100 ? top / 100 : random;
}
