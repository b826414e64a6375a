/* SPDX-License-Identifier: BSD-2-Clause */
/* Which index a packet belongs to: a function of its time alone. No I/O. */
#ifndef ESPCAP_SERVER_DAY_H
#define ESPCAP_SERVER_DAY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Days from 1990-01-01 to 2099-12-31 are 0..DAY_UNDATED - 1; all others, and packets without time, are DAY_UNDATED. */
#define DAY_UNDATED 40177

/* The day (UTC) of a second since 1970. */
uint32_t day_of(bool has_time, int64_t sec);
/* The first second of a day; of DAY_UNDATED: of the first day after the last. */
int64_t day_start(uint32_t day);

/* Room for "-2015-07-30" or "-undated" and the end. */
#define DAY_SUFFIX_LEN 12
void day_suffix(uint32_t day, char suffix[DAY_SUFFIX_LEN]);
/* The day of a suffix "-2015-07-30" of a real day; false for anything else, "-undated" too. */
bool day_read(const char *suffix, uint32_t *day);

/* Days that a run writes to; all zeros for none. */
struct day_set {
	uint8_t bits[DAY_UNDATED / 8 + 1];
	uint64_t count;
};

/* Puts the day in the set. False if it is not in it and max others are. */
bool day_open(struct day_set *set, uint32_t day, uint64_t max);

#endif
