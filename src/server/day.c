/* SPDX-License-Identifier: BSD-2-Clause */
/* Which index a packet belongs to. */
#include "server/day.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* Seconds from 1970-01-01 to 1990-01-01. */
#define FIRST ((int64_t)631152000)
#define DAY_SECONDS ((int64_t)86400)

uint32_t
day_of(bool has_time, int64_t sec)
{
	if (!has_time || sec < FIRST ||
	    sec >= FIRST + DAY_UNDATED * DAY_SECONDS)
		return DAY_UNDATED;
	return (uint32_t)((sec - FIRST) / DAY_SECONDS);
}

int64_t
day_start(uint32_t day)
{
	return FIRST + day * DAY_SECONDS;
}

void
day_suffix(uint32_t day, char suffix[DAY_SUFFIX_LEN])
{
	time_t sec = (time_t)day_start(day);
	struct tm date;

	if (day >= DAY_UNDATED || gmtime_r(&sec, &date) == NULL ||
	    strftime(suffix, DAY_SUFFIX_LEN, "-%Y-%m-%d", &date) == 0)
		(void)snprintf(suffix, DAY_SUFFIX_LEN, "-undated");
}

bool
day_read(const char *suffix, uint32_t *day)
{
	char again[DAY_SUFFIX_LEN];
	struct tm date = { 0 };
	const char *end = strptime(suffix, "-%Y-%m-%d", &date);

	if (end == NULL || *end != '\0')
		return false;
	*day = day_of(true, (int64_t)timegm(&date));
	day_suffix(*day, again);
	/* strptime takes 2015-2-30 as well. */
	return *day < DAY_UNDATED && strcmp(again, suffix) == 0;
}

bool
day_open(struct day_set *set, uint32_t day, uint64_t max)
{
	uint8_t bit = (uint8_t)(1 << (day % 8)), *byte = &set->bits[day / 8];

	if ((*byte & bit) != 0)
		return true;
	if (set->count >= max)
		return false;
	*byte |= bit;
	set->count++;
	return true;
}
