/* SPDX-License-Identifier: BSD-2-Clause */
/* One entry of the spool while the program runs. */
#include "deliver/item.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/xalloc.h"
#include "server/backoff.h"

/* An upload to CloudShark is repeated once if nobody knows what became of it. */
#define LOST_MAX 2

struct item *
item_new(const char *name, struct entry *entry)
{
	struct item *item = xcalloc(1, sizeof(*item));

	(void)snprintf(item->name, sizeof(item->name), "%s", name);
	item->entry = entry;
	item->fd = -1;
	return item;
}

void
item_free(struct item *item)
{
	if (item->fd >= 0)
		close(item->fd);
	entry_release(item->entry);
	free(item->entry);
	free(item);
}

static bool
is_remote(enum destination destination)
{
	return destination == DESTINATION_CLOUDSHARK || destination == DESTINATION_S3;
}

/* It was not known whether the attempt got there. */
static void
note_loss(struct entry_way *way, enum destination destination)
{
	if (!is_remote(destination))
		return;
	way->lost++;
	if (destination == DESTINATION_CLOUDSHARK && way->lost >= LOST_MAX)
		way->state = ENTRY_UNKNOWN;
}

static void
begin_anew(struct entry_way *way)
{
	way->state = ENTRY_WAITING;
	way->attempts = way->lost = 0;
	way->next = 0;
	way->is_told = false;
}

static void
restore_way(struct item *item, enum destination destination, uint64_t now)
{
	struct entry_way *way = &item->entry->ways[destination];

	if (item->entry->is_dead && way->state != ENTRY_DELIVERED)
		begin_anew(way);
	if (way->state == ENTRY_SENDING) {
		way->state = ENTRY_WAITING;
		entry_set(&way->text, "it was cut short by the end of the program");
		note_loss(way, destination);
		item->is_unsaved = true;
	}
	item->is_repeat[destination] = way->state > ENTRY_SENDING && !way->is_told;
	/* The clock may have been set meanwhile. */
	if (way->next > now)
		item->next[destination] = clock_ms() + (way->next - now < BACKOFF_MAX ? way->next - now : BACKOFF_MAX);
}

void
item_restore(struct item *item)
{
	uint64_t now = clock_of_day();

	item->is_restored = true;
	item->is_unchecked = item->entry->len > 0;
	/* Without a file there is nothing to begin anew. */
	if (item->entry->len == 0)
		return;
	for (unsigned i = 0; i < DESTINATIONS; i++)
		if ((item->entry->parcel.destinations & 1U << i) != 0)
			restore_way(item, i, now);
	item->is_unsaved |= item->entry->is_dead;
	item->entry->is_dead = false;
}

void
item_begin(struct item *item, enum destination destination)
{
	struct entry_way *way = &item->entry->ways[destination];

	way->state = ENTRY_SENDING;
	way->attempts++;
	item->is_under_way[destination] = true;
	item->users++;
}

static void
put_off(struct item *item, enum destination destination, uint64_t retry_after, const struct item_rules *rules)
{
	struct entry_way *way = &item->entry->ways[destination];
	uint64_t wait = backoff_delay(rules->retry_first > 0 ? rules->retry_first : BACKOFF_FIRST,
	    way->attempts > 0 ? way->attempts - 1 : 0);

	if (wait < retry_after)
		wait = retry_after;
	item->next[destination] = clock_ms() + wait;
	way->next = clock_of_day() + wait;
}

static void
note_failure(struct item *item, enum destination destination, const struct attempt_result *result,
    const struct item_rules *rules)
{
	struct entry_way *way = &item->entry->ways[destination];

	entry_set(&way->text, result->text != NULL ? result->text : "");
	way->state = ENTRY_WAITING;
	if (result->end == ATTEMPT_LOST)
		note_loss(way, destination);
	if (way->state != ENTRY_WAITING)
		return;
	if (result->end == ATTEMPT_REFUSED || way->attempts > rules->max_retries)
		way->state = entry_failed_state(way);
	else
		put_off(item, destination, result->retry_after, rules);
}

void
item_end(struct item *item, enum destination destination, const struct attempt_result *result,
    const struct item_rules *rules)
{
	struct entry_way *way = &item->entry->ways[destination];

	item->is_under_way[destination] = false;
	item->users--;
	way->documents = result->documents;
	if (result->end != ATTEMPT_DELIVERED) {
		note_failure(item, destination, result, rules);
		return;
	}
	way->state = ENTRY_DELIVERED;
	entry_set(&way->url, result->url);
	entry_set(&way->id, result->id);
	entry_set(&way->text, NULL);
}

bool
item_is_due(const struct item *item, enum destination destination, uint64_t now, uint64_t *when)
{
	const struct entry_way *local = &item->entry->ways[DESTINATION_LOCAL];

	if (!entry_is_open(item->entry, destination) || item->is_under_way[destination] || item->is_checking)
		return false;
	/* Documents name the local file, if there is to be one; but they do not wait for a disk that is full. */
	if (destination == DESTINATION_INDEX && entry_is_open(item->entry, DESTINATION_LOCAL) &&
	    local->attempts <= 1 && (item->is_under_way[DESTINATION_LOCAL] || local->attempts == 0))
		return false;
	if (item->next[destination] <= now)
		return true;
	if (item->next[destination] < *when)
		*when = item->next[destination];
	return false;
}
