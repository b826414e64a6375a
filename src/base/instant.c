/* SPDX-License-Identifier: BSD-2-Clause */
/* A point in time as a person writes it. */
#include "base/instant.h"

#include <stdbool.h>
#include <stddef.h>
#include <string.h>
#include <time.h>

/* The last second of the year 9999. */
#define LAST 253402300799

static bool
is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* Exactly count digits at *at, moved on; -1 if there are fewer, or the number is not in min..max. */
static int
digits(const char **at, size_t count, int min, int max, int *number)
{
	*number = 0;
	for (size_t i = 0; i < count; i++, (*at)++) {
		if (!is_digit(**at))
			return -1;
		*number = *number * 10 + (**at - '0');
	}
	return *number >= min && *number <= max ? 0 : -1;
}

/* As digits, after this character. */
static int
part(const char **at, char before, size_t count, int min, int max, int *number)
{
	if (**at != before)
		return -1;
	(*at)++;
	return digits(at, count, min, max, number);
}

/* The milliseconds of ".634684"; none if there is no point. */
static int
fraction(const char **at, int *ms)
{
	int scale = 100;

	*ms = 0;
	if (**at != '.')
		return 0;
	(*at)++;
	if (!is_digit(**at))
		return -1;
	for (; is_digit(**at); (*at)++, scale /= 10)
		*ms += scale * (**at - '0');
	return 0;
}

/* The seconds that "Z", "+02:00" or nothing is ahead of UTC. */
static int
zone(const char **at, int *seconds)
{
	int sign = **at == '-' ? -1 : 1, hours, minutes;

	*seconds = 0;
	if (**at == 'Z')
		(*at)++;
	else if (**at == '+' || **at == '-') {
		if (part(at, **at, 2, 0, 23, &hours) != 0 || part(at, ':', 2, 0, 59, &minutes) != 0)
			return -1;
		*seconds = sign * (hours * 3600 + minutes * 60);
	}
	return 0;
}

static int
read_seconds(const char *text, int64_t *ms)
{
	int64_t seconds = 0;
	int rest;

	for (; is_digit(*text); text++) {
		seconds = seconds * 10 + (*text - '0');
		if (seconds > LAST)
			return -1;
	}
	if (fraction(&text, &rest) != 0 || *text != '\0')
		return -1;
	*ms = seconds * 1000 + rest;
	return 0;
}

static int
read_date(const char *text, int64_t *ms)
{
	struct tm tm = { .tm_isdst = 0 };
	int64_t seconds;
	int rest = 0, ahead = 0, day;

	if (digits(&text, 4, 1970, 9999, &tm.tm_year) != 0 || part(&text, '-', 2, 1, 12, &tm.tm_mon) != 0 ||
	    part(&text, '-', 2, 1, 31, &tm.tm_mday) != 0)
		return -1;
	if (*text == 'T' || *text == ' ') {
		text++;
		if (digits(&text, 2, 0, 23, &tm.tm_hour) != 0 || part(&text, ':', 2, 0, 59, &tm.tm_min) != 0 ||
		    (*text == ':' && (part(&text, ':', 2, 0, 59, &tm.tm_sec) != 0 || fraction(&text, &rest) != 0)) ||
		    zone(&text, &ahead) != 0)
			return -1;
	}
	day = tm.tm_mday;
	tm.tm_year -= 1900;
	tm.tm_mon -= 1;
	seconds = (int64_t)timegm(&tm) - ahead;
	/* timegm makes the 31st of June the 1st of July. */
	if (*text != '\0' || tm.tm_mday != day || seconds < 0 || seconds > LAST)
		return -1;
	*ms = seconds * 1000 + rest;
	return 0;
}

int
instant_read(const char *text, int64_t *ms)
{
	if (!is_digit(text[0]))
		return -1;
	return strlen(text) > 4 && text[4] == '-' ? read_date(text, ms) : read_seconds(text, ms);
}
