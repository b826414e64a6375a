/* SPDX-License-Identifier: BSD-2-Clause */
/* The captures that are joined in one input. */
#include "dissect/parts.h"

#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"

void
parts_release(struct parts *parts)
{
	free(parts->list);
	memset(parts, 0, sizeof(*parts));
}

struct part *
parts_add(struct parts *parts, uint64_t before)
{
	struct part *part;

	if (parts->count == parts->room) {
		parts->room = parts->room == 0 ? 1 : parts->room * 2;
		parts->list = xreallocarray(parts->list, parts->room,
		    sizeof(*parts->list));
	}
	part = &parts->list[parts->count++];
	part->before = before;
	part->id[0] = '\0';
	return part;
}

const struct part *
parts_find(const struct parts *parts, uint64_t ordinal)
{
	size_t low = 0, high = parts->count;

	while (high - low > 1) {
		size_t middle = low + (high - low) / 2;

		if (parts->list[middle].before < ordinal)
			low = middle;
		else
			high = middle;
	}
	return parts->count == 0 ? NULL : &parts->list[low];
}
