/* SPDX-License-Identifier: BSD-2-Clause */
/* Times as a display filter has them: the forms that Wireshark 4.0 takes. */
#include "query/time_text.h"

#include <string.h>

/* What is left of a text. */
struct rest {
	const char *at, *end;
};

static bool
take(struct rest *rest, char c)
{
	if (rest->at == rest->end || *rest->at != c)
		return false;
	rest->at++;
	return true;
}

static void
skip_spaces(struct rest *rest)
{
	while (take(rest, ' '))
		;
}

/* A number of at least min and at most max digits. */
static bool
take_number(struct rest *rest, int min, int max, int64_t *number)
{
	int digits = 0;

	*number = 0;
	for (; digits < max && rest->at < rest->end && *rest->at >= '0' && *rest->at <= '9'; digits++)
		*number = *number * 10 + (*rest->at++ - '0');
	return digits >= min;
}

/* Nanoseconds after a point that was taken. */
static bool
take_fraction(struct rest *rest, int32_t *nsec)
{
	const char *first = rest->at;
	int64_t number;

	if (!take_number(rest, 1, 9, &number))
		return false;
	for (long digits = rest->at - first; digits < 9; digits++)
		number *= 10;
	*nsec = (int32_t)number;
	return true;
}

bool
time_text_relative(const char *text, size_t len, int64_t *sec, int32_t *nsec)
{
	struct rest rest = { text, text + len };

	*nsec = 0;
	return take_number(&rest, 1, 18, sec) && (!take(&rest, '.') || take_fraction(&rest, nsec)) && rest.at == rest.end;
}

/* Days from 1970-01-01 to a date of the Gregorian calendar. */
static int64_t
days_of(int64_t year, int64_t month, int64_t day)
{
	int64_t y = month > 2 ? year : year - 1, era = y / 400, of_era = y % 400;
	int64_t of_year = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1;

	return era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719468;
}

static bool
is_date(int64_t year, int64_t month, int64_t day)
{
	static const int lengths[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
	bool is_leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;

	return year >= 1 && month >= 1 && month <= 12 && day >= 1 &&
	    day <= lengths[month - 1] + (month == 2 && is_leap);
}

/* hours:minutes, with seconds and a fraction of them where they are there (must: always). */
static bool
take_clock(struct rest *rest, bool must, int64_t *sec, int32_t *nsec)
{
	int64_t hours, minutes, seconds = 0;

	if (!take_number(rest, 1, 2, &hours) || !take(rest, ':') || !take_number(rest, 1, 2, &minutes))
		return false;
	if (take(rest, ':')) {
		if (!take_number(rest, 1, 2, &seconds))
			return false;
		if ((take(rest, '.') || take(rest, ',')) && !take_fraction(rest, nsec))
			return false;
	} else if (must)
		return false;
	*sec += hours * 3600 + minutes * 60 + seconds;
	return hours < 24 && minutes < 60 && seconds <= 60;
}

/* Z, " UTC", +02:00, +0200, +02 or nothing. */
static bool
take_zone(struct rest *rest, int64_t *sec)
{
	int64_t hours, minutes = 0;
	int sign;

	if (take(rest, 'Z'))
		return true;
	if (rest->at < rest->end && (*rest->at == '+' || *rest->at == '-')) {
		sign = *rest->at++ == '-' ? 1 : -1;
		if (!take_number(rest, 2, 2, &hours))
			return false;
		take(rest, ':');
		if (rest->at < rest->end && !take_number(rest, 2, 2, &minutes))
			return false;
		*sec += sign * (hours * 3600 + minutes * 60);
		return hours < 24 && minutes < 60;
	}
	skip_spaces(rest);
	if (rest->end - rest->at >= 3 && memcmp(rest->at, "UTC", 3) == 0)
		rest->at += 3;
	return true;
}

static bool
take_iso(struct rest *rest, int64_t *sec, int32_t *nsec)
{
	int64_t year, month, day;

	if (!take_number(rest, 4, 4, &year) || !take(rest, '-') || !take_number(rest, 1, 2, &month) ||
	    !take(rest, '-') || !take_number(rest, 1, 2, &day) || !is_date(year, month, day))
		return false;
	*sec = days_of(year, month, day) * 86400;
	if (rest->at == rest->end)
		return true;
	return (take(rest, 'T') || take(rest, ' ')) && take_clock(rest, false, sec, nsec) && take_zone(rest, sec);
}

/* The number of the month whose name begins so, from 1; 0 if none does. */
static int64_t
take_month(struct rest *rest)
{
	static const char names[] = "janfebmaraprmayjunjulaugsepoctnovdec";
	char name[3];

	if (rest->end - rest->at < 3)
		return 0;
	for (size_t i = 0; i < sizeof(name); i++)
		name[i] = (char)(rest->at[i] | 0x20);
	for (int64_t month = 0; month < 12; month++)
		if (memcmp(names + 3 * month, name, 3) == 0) {
			rest->at += 3;
			return month + 1;
		}
	return 0;
}

/* Jul 30, 2015 05:22:10.634684 UTC */
static bool
take_legacy(struct rest *rest, int64_t *sec, int32_t *nsec)
{
	int64_t year, day, month = take_month(rest);

	skip_spaces(rest);
	if (!take_number(rest, 1, 2, &day) || !take(rest, ','))
		return false;
	skip_spaces(rest);
	if (!take_number(rest, 4, 4, &year) || !is_date(year, month, day) || !take(rest, ' '))
		return false;
	skip_spaces(rest);
	*sec = days_of(year, month, day) * 86400;
	if (!take_clock(rest, true, sec, nsec))
		return false;
	skip_spaces(rest);
	return take_zone(rest, sec);
}

bool
time_text_absolute(const char *text, size_t len, int64_t *sec, int32_t *nsec)
{
	struct rest rest = { text, text + len };
	bool is_iso;

	*nsec = 0;
	skip_spaces(&rest);
	is_iso = rest.at < rest.end && *rest.at >= '0' && *rest.at <= '9';
	if (!(is_iso ? take_iso(&rest, sec, nsec) : take_legacy(&rest, sec, nsec)))
		return false;
	skip_spaces(&rest);
	return rest.at == rest.end;
}
