/* A packet's time as the texts a document needs, in UTC. */
#include "document/moment.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

struct civil {
	int64_t year;
	unsigned month, day, hour, minute, second;
};

/*
 * Days to date in the proleptic Gregorian calendar. Our own because gmtime_r
 * fails where the year exceeds an int, and a hostile capture may say so.
 */
static struct civil
civil_of(int64_t sec)
{
	int64_t days = sec / 86400, left = sec % 86400, era, year;
	unsigned of_era, of_year, shifted;
	struct civil civil;

	if (left < 0) {
		left += 86400;
		days--;
	}
	/* Eras of 400 years, years that begin in March: the leap day is last. */
	days += 719468;
	era = (days >= 0 ? days : days - 146096) / 146097;
	of_era = (unsigned)(days - era * 146097);
	year = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) /
	    365;
	of_year = of_era - (unsigned)(365 * year + year / 4 - year / 100);
	shifted = (5 * of_year + 2) / 153;
	civil.day = of_year - (153 * shifted + 2) / 5 + 1;
	civil.month = shifted < 10 ? shifted + 3 : shifted - 9;
	civil.year = year + era * 400 + (civil.month <= 2);
	civil.hour = (unsigned)(left / 3600);
	civil.minute = (unsigned)(left / 60 % 60);
	civil.second = (unsigned)(left % 60);
	return civil;
}

void
moment_iso(char text[MOMENT_LEN], int64_t sec, uint32_t nsec)
{
	struct civil c = civil_of(sec);

	(void)snprintf(text, MOMENT_LEN,
	    "%04" PRId64 "-%02u-%02uT%02u:%02u:%02u.%09" PRIu32 "Z", c.year,
	    c.month, c.day, c.hour, c.minute, c.second, nsec);
}

void
moment_date(char text[MOMENT_LEN], int64_t sec)
{
	struct civil c = civil_of(sec);

	(void)snprintf(text, MOMENT_LEN, "%04" PRId64 "-%02u-%02u %02u:%02u:%02u",
	    c.year, c.month, c.day, c.hour, c.minute, c.second);
}

void
moment_ms(char text[MOMENT_LEN], int64_t sec, uint32_t nsec)
{
	bool negative = sec < 0;
	uint64_t whole = negative ? 0 - (uint64_t)sec : (uint64_t)sec;
	size_t len;

	/* -1 s + 0.25 s is -0.75 s: borrow for the fraction of a negative time. */
	if (negative && nsec > 0) {
		whole--;
		nsec = 1000000000 - nsec;
	}
	(void)snprintf(text, MOMENT_LEN, "%s%" PRIu64 "%09" PRIu32,
	    negative ? "-" : "", whole, nsec);
	len = strlen(text);
	/* Seconds and nine digits become milliseconds and six behind the point. */
	memmove(text + len - 5, text + len - 6, 7);
	text[len - 6] = '.';
	for (len = strlen(text); text[len - 1] == '0'; len--)
		text[len - 1] = '\0';
	if (text[len - 1] == '.')
		text[len - 1] = '\0';
	/* 0.000001 s is "0000000.001": JSON wants no leading zeros. */
	len = strspn(text + negative, "0");
	if (len > 0 && (text[negative + len] == '.' ||
	    text[negative + len] == '\0'))
		len--;
	memmove(text + negative, text + negative + len,
	    strlen(text + negative + len) + 1);
}
