/* A set of numbers that is mostly few ranges. */
#include "base/ranges.h"

#include <inttypes.h>
#include <string.h>

#include "base/text.h"

void
ranges_add(struct ranges *ranges, uint64_t number)
{
	uint64_t last = ranges->count == 0 ? 0 :
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
		if (parse_range(ranges, part, ranges->count == 0 ? 0 :
		    ranges->at[ranges->count - 1].last) != 0)
			return -1;
		if (text[len] == '\0')
			return 0;
		text += len + 1;
	}
}
