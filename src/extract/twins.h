/* SPDX-License-Identifier: BSD-2-Clause */
/* Which bytes were seen before, for good or for a time, of the last of them. No I/O. */
#ifndef ESPCAP_EXTRACT_TWINS_H
#define ESPCAP_EXTRACT_TWINS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The most that is remembered: the oldest are forgotten. */
#define TWINS_MAX 65536

struct twins;

/* window: ns; 0: time does not matter. */
struct twins *twins_new(uint64_t window);
void twins_free(struct twins *twins);

/*
 * Whether the same bytes were given at most that window before or after this time, in ns; if not, they are remembered.
 */
bool twins_is_one(struct twins *twins, const void *bytes, size_t len, uint64_t now);

#endif
