/* SPDX-License-Identifier: BSD-2-Clause */
/* Times that tshark cannot print: those of packets are written by us, of others what is certain is kept. */
#include "readers/times.h"

#include <string.h>

#include "document/timestamp.h"

/* 9999-12-31T23:59:59Z */
#define LAST_SECOND INT64_C(253402300799)
/* "2015-07-30T05:22:10." */
#define DATE_LEN 20
/* "-07-30", "T05:22:10", ".498075000Z" */
#define DAY_LEN 6
#define CLOCK_LEN 9
#define FRACTION_LEN 11

void
times_init(struct times *times, const struct names *names)
{
	times->local = names_id(names, "frame.time", 10);
	times->utc = names_id(names, "frame.time_utc", 14);
	times->epoch = names_id(names, "frame.time_epoch", 16);
	times->epoch_is_date = times->epoch != NAMES_NONE &&
	    names_is_time(names, times->epoch);
}

/* tshark 3.4 prints the nanoseconds without leading zeros. */
static bool
is_fraction(const char *text, size_t len, uint32_t nsec)
{
	uint64_t number = 0;

	if (len < 2 || len > 10 || text[len - 1] != 'Z')
		return false;
	for (size_t i = 0; i < len - 1; i++) {
		if (text[i] < '0' || text[i] > '9')
			return false;
		number = number * 10 + (uint64_t)(text[i] - '0');
	}
	return number == nsec;
}

/* Whether tshark printed the date as it does all that it can print. */
static bool
is_right(const struct tree *tree, const struct tree_leaf *leaf,
    const char *iso)
{
	const char *text = tree_leaf_text(tree, leaf);
	uint32_t nsec = 0;

	for (size_t i = DATE_LEN; iso[i] != 'Z'; i++)
		nsec = nsec * 10 + (uint32_t)(iso[i] - '0');
	return leaf->kind == TREE_TEXT && leaf->len > DATE_LEN &&
	    memcmp(text, iso, DATE_LEN) == 0 &&
	    is_fraction(text + DATE_LEN, leaf->len - DATE_LEN, nsec);
}

void
times_write(const struct times *times, struct tree *tree,
    int64_t sec, uint32_t nsec)
{
	const struct tree_leaf *leaf = tree_find(tree, times->local);
	char iso[MOMENT_LEN], seconds[MOMENT_LEN];
	size_t iso_len = timestamp_iso(iso, sec, nsec), seconds_len;

	/* One of them tells of all, and most packets end here. */
	if (sec >= 0 && sec <= LAST_SECOND && leaf != NULL &&
	    is_right(tree, leaf, iso))
		return;
	seconds_len = timestamp_seconds(seconds, sec, nsec);
	for (uint32_t i = 0; i < tree->leaf_count; i++) {
		uint32_t field = tree->leaves[i].field;

		if (field == NAMES_NONE ||
		    (field != times->local && field != times->utc &&
			field != times->epoch))
			continue;
		if (field == times->epoch && !times->epoch_is_date)
			tree_change(tree, i, seconds, seconds_len);
		else if (sec < 0 || sec > LAST_SECOND ||
		    !is_right(tree, &tree->leaves[i], iso))
			tree_change(tree, i, iso, iso_len);
	}
}

/* Whether the text begins as the pattern says, in which 0 is any digit. */
static bool
is_like(const char *text, size_t len, const char *pattern)
{
	size_t wanted = strlen(pattern);

	if (len < wanted)
		return false;
	for (size_t i = 0; i < wanted; i++)
		if (pattern[i] == '0' ?
			text[i] < '0' || text[i] > '9' :
			text[i] != pattern[i])
			return false;
	return true;
}

size_t
times_certain(const char *text, size_t len)
{
	size_t year = len > 0 && text[0] == '-';

	while (year < len && text[year] >= '0' && text[year] <= '9')
		year++;
	if (year <= 4 || !is_like(text + year, len - year, "-00-00"))
		return len;
	return len == year + DAY_LEN + CLOCK_LEN + FRACTION_LEN &&
		is_like(text + year, len - year, "-00-00T00:00:00.000000000Z") ?
	    len :
	    year + DAY_LEN;
}
