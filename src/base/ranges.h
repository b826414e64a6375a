/* SPDX-License-Identifier: BSD-2-Clause */
/* A set of numbers that is mostly few ranges, such as the packets that failed. No I/O. */
#ifndef ESPCAP_BASE_RANGES_H
#define ESPCAP_BASE_RANGES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buffer.h"

#define RANGES_MAX 24

/* All zero at the start. */
struct ranges {
	struct {
		uint64_t first, last;
	} at[RANGES_MAX]; /* ascending */
	size_t count;
	bool is_full; /* some numbers after the last range were not added */
};

/* Numbers must be added in ascending order, from 1; one that is in the set already changes nothing. */
void ranges_add(struct ranges *ranges, uint64_t number);
bool ranges_has(const struct ranges *ranges, uint64_t number);

/* Adds the other's numbers. What either did not take for being full is still missing, and nothing after it is kept. */
void ranges_merge(struct ranges *ranges, const struct ranges *other);

/*
 * As text: "5,17,90-200", or "-" for none. -1 if out is full (nothing is appended then); if the text is none of those.
 */
int ranges_print(const struct ranges *ranges, struct buffer *out);
int ranges_parse(struct ranges *ranges, const char *text);

#endif
