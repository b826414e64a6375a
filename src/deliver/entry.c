/* SPDX-License-Identifier: BSD-2-Clause */
/* One entry of the spool: the parcel, its file, and how far each destination is. */
#include "deliver/entry.h"

#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"

void
entry_release(struct entry *entry)
{
	parcel_release(&entry->parcel);
	free(entry->reason);
	for (size_t i = 0; i < DESTINATIONS; i++) {
		free(entry->ways[i].url);
		free(entry->ways[i].id);
		free(entry->ways[i].text);
	}
	memset(entry, 0, sizeof(*entry));
}

bool
entry_is_open(const struct entry *entry, enum destination destination)
{
	return (entry->parcel.destinations & 1U << destination) != 0 &&
	    entry->ways[destination].state <= ENTRY_SENDING;
}

bool
entry_has_ended(const struct entry *entry, bool *failed)
{
	*failed = false;
	for (unsigned i = 0; i < DESTINATIONS; i++) {
		if (entry_is_open(entry, i))
			return false;
		if ((entry->parcel.destinations & 1U << i) != 0 && entry->ways[i].state != ENTRY_DELIVERED)
			*failed = true;
	}
	return true;
}

void
entry_set(char **text, const char *to)
{
	char *copy = to == NULL ? NULL : xstrdup(to);

	free(*text);
	*text = copy;
}

enum entry_state
entry_failed_state(const struct entry_way *way)
{
	return way->lost > 0 ? ENTRY_UNKNOWN : ENTRY_FAILED;
}

void
entry_fail(struct entry *entry, const char *text)
{
	for (unsigned i = 0; i < DESTINATIONS; i++)
		if (entry_is_open(entry, i)) {
			entry->ways[i].state = entry_failed_state(&entry->ways[i]);
			entry_set(&entry->ways[i].text, text);
		}
}
