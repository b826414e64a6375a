/* SPDX-License-Identifier: BSD-2-Clause */
/* The field that somebody may have meant. */
#include "query/suggest.h"

#include <string.h>
#include <strings.h>

#include "config/like.h"

/* Longer names are compared with nothing. */
#define LIKE_MAX 31

uint32_t
suggest_name(const struct names *names, const char *name, size_t len)
{
	size_t best = like_bound(len), count = names_count(names);
	uint32_t found = NAMES_NONE;
	char copy[LIKE_MAX + 1];

	for (uint32_t id = NAMES_TEXT + 1; id < count && len <= LIKE_MAX; id++) {
		size_t n, distance;
		const char *other = names_name(names, id, &n);

		if (n == len && strncasecmp(other, name, n) == 0)
			return id;
		/* A distance is at least the difference of the lengths; few mistake the first letter. */
		if (n > LIKE_MAX || (n > len ? n - len : len - n) >= best || (other[0] | 0x20) != (name[0] | 0x20))
			continue;
		memcpy(copy, other, n);
		copy[n] = '\0';
		distance = like_distance(name, len, copy);
		if (distance < best) {
			best = distance;
			found = id;
		}
	}
	return found;
}
