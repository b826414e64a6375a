/* SPDX-License-Identifier: BSD-2-Clause */
/* A packet's time as the texts a document needs, in UTC. */
#include "document/timestamp.h"

#include <stdbool.h>

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

/* Packets have four times each: printf would show. */

/* Exactly so many digits, the last ones. Returns after them. */
static char *
put_digits(char *at, uint32_t number, int digits)
{
	for (int i = digits; i-- > 0; number /= 10)
		at[i] = (char)('0' + number % 10);
	return at + digits;
}

/* A number of any length, with at least `digits` digits. */
static char *
put_number(char *at, uint64_t number, int digits)
{
	char reversed[20];
	int len = 0;

	do {
		reversed[len++] = (char)('0' + number % 10);
		number /= 10;
	} while (number > 0);
	for (; digits > len; digits--)
		*at++ = '0';
	while (len > 0)
		*at++ = reversed[--len];
	return at;
}

static char *
put_civil(char *at, const struct civil *c, char separator)
{
	if (c->year < 0) {
		*at++ = '-';
		at = put_number(at, 0 - (uint64_t)c->year, 3);
	} else if (c->year < 10000)
		at = put_digits(at, (uint32_t)c->year, 4);
	else
		at = put_number(at, (uint64_t)c->year, 4);
	*at++ = '-';
	at = put_digits(at, c->month, 2);
	*at++ = '-';
	at = put_digits(at, c->day, 2);
	*at++ = separator;
	at = put_digits(at, c->hour, 2);
	*at++ = ':';
	at = put_digits(at, c->minute, 2);
	*at++ = ':';
	return put_digits(at, c->second, 2);
}

size_t
timestamp_iso(char text[MOMENT_LEN], int64_t sec, uint32_t nsec)
{
	struct civil civil = civil_of(sec);
	char *at = put_civil(text, &civil, 'T');

	*at++ = '.';
	at = put_digits(at, nsec, 9);
	*at++ = 'Z';
	*at = '\0';
	return (size_t)(at - text);
}

size_t
timestamp_date(char text[MOMENT_LEN], int64_t sec)
{
	struct civil civil = civil_of(sec);
	char *end = put_civil(text, &civil, ' ');

	*end = '\0';
	return (size_t)(end - text);
}

/* The sign and the whole seconds of a time; *nsec becomes that of its absolute value. Returns after the sign. */
static char *
put_sign(char *at, int64_t sec, uint64_t *whole, uint32_t *nsec)
{
	*whole = sec < 0 ? 0 - (uint64_t)sec : (uint64_t)sec;
	if (sec >= 0)
		return at;
	/* -1 s + 0.25 s is -0.75 s: borrow for the fraction of a negative time. */
	if (*nsec > 0) {
		(*whole)--;
		*nsec = 1000000000 - *nsec;
	}
	*at = '-';
	return at + 1;
}

size_t
timestamp_ms(char text[MOMENT_LEN], int64_t sec, uint32_t nsec)
{
	uint64_t whole;
	char *at = put_sign(text, sec, &whole, &nsec);

	/* Seconds and three digits of the fraction are milliseconds. */
	if (whole > 0) {
		at = put_number(at, whole, 1);
		at = put_digits(at, nsec / 1000000, 3);
	} else
		at = put_number(at, nsec / 1000000, 1);
	if (nsec % 1000000 > 0) {
		*at++ = '.';
		at = put_digits(at, nsec % 1000000, 6);
		while (at[-1] == '0')
			at--;
	}
	*at = '\0';
	return (size_t)(at - text);
}

size_t
timestamp_seconds(char text[MOMENT_LEN], int64_t sec, uint32_t nsec)
{
	uint64_t whole;
	char *at = put_sign(text, sec, &whole, &nsec);

	at = put_number(at, whole, 1);
	*at++ = '.';
	at = put_digits(at, nsec, 9);
	*at = '\0';
	return (size_t)(at - text);
}
