/* SPDX-License-Identifier: BSD-2-Clause */
/* A set of numbers that is mostly few ranges. */
#include "base/ranges.h"

#include <inttypes.h>
#include <string.h>

#include "base/text.h"

void
ranges_add(struct ranges *ranges, uint64_t number)
{
	uint64_t last = ranges->count == 0 ?
	    0 :
	    ranges->at[ranges->count - 1].last;

	if (ranges->is_full || (ranges->count > 0 && number <= last))
		return;
	if (ranges->count > 0 && number == last + 1)
		ranges->at[ranges->count - 1].last = number;
	else if (ranges->count == RANGES_MAX)
		ranges->is_full = true;
	else {
		ranges->at[ranges->count].first = number;
		ranges->at[ranges->count++].last = number;
	}
}

/* The last number up to which the set is complete. */
static uint64_t
limit_of(const struct ranges *ranges)
{
	return ranges->is_full ?
	    ranges->at[ranges->count - 1].last :
	    UINT64_MAX;
}

static void
append(struct ranges *ranges, uint64_t first, uint64_t last)
{
	size_t count = ranges->count;

	if (count > 0 && first <= ranges->at[count - 1].last + 1) {
		if (last > ranges->at[count - 1].last)
			ranges->at[count - 1].last = last;
	} else if (count == RANGES_MAX) {
		ranges->is_full = true;
	} else {
		ranges->at[count].first = first;
		ranges->at[count].last = last;
		ranges->count++;
	}
}

void
ranges_merge(struct ranges *ranges, const struct ranges *other)
{
	const struct ranges *from[2] = { ranges, other };
	uint64_t limit = limit_of(ranges) < limit_of(other) ?
	    limit_of(ranges) :
	    limit_of(other);
	struct ranges all = { .is_full = false };
	size_t at[2] = { 0, 0 };

	while (!all.is_full &&
	    (at[0] < ranges->count || at[1] < other->count)) {
		unsigned next = at[0] == ranges->count ||
		    (at[1] < other->count &&
			other->at[at[1]].first < ranges->at[at[0]].first);
		uint64_t first = from[next]->at[at[next]].first,
			 last = from[next]->at[at[next]].last;

		at[next]++;
		if (first <= limit)
			append(&all, first, last < limit ? last : limit);
	}
	all.is_full |= limit != UINT64_MAX;
	*ranges = all;
}

bool
ranges_has(const struct ranges *ranges, uint64_t number)
{
	for (size_t i = 0; i < ranges->count; i++)
		if (number >= ranges->at[i].first &&
		    number <= ranges->at[i].last)
			return true;
	return false;
}

int
ranges_print(const struct ranges *ranges, struct buffer *out)
{
	size_t before = out->len;
	int rv = ranges->count == 0 ? buffer_puts(out, "-") : 0;

	for (size_t i = 0; rv == 0 && i < ranges->count; i++) {
		rv = buffer_printf(out, "%s%" PRIu64, i > 0 ? "," : "",
		    ranges->at[i].first);
		if (rv == 0 && ranges->at[i].last > ranges->at[i].first)
			rv = buffer_printf(out, "-%" PRIu64,
			    ranges->at[i].last);
	}
	if (rv != 0)
		out->len = before;
	return rv;
}

/* One range, which begins after `before`. */
static int
parse_range(struct ranges *ranges, char *text, uint64_t before)
{
	uint64_t first, last;
	char *dash = strchr(text, '-');

	if (dash != NULL)
		*dash++ = '\0';
	if (ranges->count == RANGES_MAX ||
	    text_number(text, before + 1, UINT64_MAX - 1, &first) != 0 ||
	    text_number(dash != NULL ? dash : text, first, UINT64_MAX - 1,
		&last) != 0)
		return -1;
	ranges->at[ranges->count].first = first;
	ranges->at[ranges->count++].last = last;
	return 0;
}

int
ranges_parse(struct ranges *ranges, const char *text)
{
	char part[64];

	memset(ranges, 0, sizeof(*ranges));
	if (strcmp(text, "-") == 0)
		return 0;
	for (;;) {
		size_t len = strcspn(text, ",");

		if (len >= sizeof(part))
			return -1;
		memcpy(part, text, len);
		part[len] = '\0';
		if (parse_range(ranges, part,
			ranges->count == 0 ?
			    0 :
			    ranges->at[ranges->count - 1].last) != 0)
			return -1;
		if (text[len] == '\0')
			return 0;
		text += len + 1;
	}
}
