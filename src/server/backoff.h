/* SPDX-License-Identifier: BSD-2-Clause */
/* How long to wait before something is tried again. */
#ifndef ESPCAP_SERVER_BACKOFF_H
#define ESPCAP_SERVER_BACKOFF_H

#include <stdint.h>

#define BACKOFF_FIRST 1000 /* ms */
#define BACKOFF_MAX 60000

/*
 * A random time below min(BACKOFF_MAX, first * 2^attempt), at least a hundredth of it, in ms: "full jitter", so
 * that many who failed together do not come back together. attempt counts from 0.
 */
uint64_t backoff_delay(uint64_t first, unsigned attempt);

#endif
