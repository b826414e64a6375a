/* SPDX-License-Identifier: BSD-2-Clause */
/* The captures that are joined in one input. */
#include "dissect/parts.h"

#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"

/* Each is remembered, and a hostile file may hold one in forty bytes. */
#define PARTS_MAX 1000000

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

int
parts_remember(struct parts *parts, const struct capture_record *record,
    struct error *error)
{
	const struct part *last = parts_find(parts, UINT64_MAX);
	struct part *part;

	if (last != NULL &&
	    (record->number != 1 || record->ordinal <= last->before + 1))
		return 0;
	if (parts->count == PARTS_MAX)
		return error_set(error, OUTCOME_INPUT,
		    "more than %d captures are joined", PARTS_MAX);
	part = parts_add(parts,
	    record->ordinal == 0 ? 0 : record->ordinal - 1);
	if (capture_id(record, part->id) != 0)
		return error_set(error, OUTCOME_INTERNAL, PARTS_NO_SHA256);
	return 0;
}

int
parts_identify(const struct parts *parts, const struct capture_record *record,
    uint8_t id[PACKET_ID_LEN], struct error *error)
{
	const struct part *part = parts_find(parts, record->ordinal);
	struct capture_record own = *record;

	own.ordinal -= part->before;
	if (capture_id_packet(part->id, &own, id) != 0)
		return error_set(error, OUTCOME_INTERNAL, PARTS_NO_SHA256);
	return 0;
}

const char *
parts_first_id(const struct parts *parts)
{
	return parts->count == 0 ? "" : parts->list[0].id;
}
