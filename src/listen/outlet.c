/* SPDX-License-Identifier: BSD-2-Clause */
/* One place that results are published to: its queue. */
#include "listen/outlet.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/xalloc.h"

void
outlet_init(struct outlet *outlet, const struct outlet_methods *methods, char *name)
{
	outlet->methods = methods;
	outlet->name = name;
	STAILQ_INIT(&outlet->items);
}

void
outlet_start(struct outlet *outlet, const struct listen_context *context, const struct outlet_handler *handler)
{
	outlet->context = context;
	outlet->handler = *handler;
	outlet->methods->start(outlet);
}

static void
forget(struct outlet *outlet, struct outlet_item *item)
{
	STAILQ_REMOVE(&outlet->items, item, outlet_item, next);
	outlet->count--;
	outlet->bytes -= item->len;
	free(item);
}

void
outlet_give_up(struct outlet *outlet)
{
	struct outlet_item *item;

	outlet->lost += outlet->count;
	outlet->sent = 0;
	while ((item = STAILQ_FIRST(&outlet->items)) != NULL)
		forget(outlet, item);
}

void
outlet_free(struct outlet *outlet)
{
	if (outlet == NULL)
		return;
	outlet_give_up(outlet);
	free(outlet->name);
	free(outlet->state_text);
	outlet->methods->free(outlet);
}

void
outlet_note(struct outlet *outlet, const char *text)
{
	uint64_t now = clock_ms();

	if (outlet->noted_at > 0 && now - outlet->noted_at < OUTLET_NOTE_MS)
		return;
	outlet->noted_at = now;
	outlet->handler.on_note(outlet->handler.ctx, outlet->name, text);
}

void
outlet_state(struct outlet *outlet, bool is_connected, const char *text)
{
	if (outlet->state_text != NULL && outlet->is_connected == is_connected && strcmp(outlet->state_text, text) == 0)
		return;
	free(outlet->state_text);
	outlet->state_text = xstrdup(text);
	outlet->is_connected = is_connected;
	outlet->handler.on_state(outlet->handler.ctx, outlet->name, is_connected, text);
}

/* The oldest that is not on its way. */
static struct outlet_item *
first_waiting(struct outlet *outlet)
{
	struct outlet_item *item;

	STAILQ_FOREACH(item, &outlet->items, next)
	if (item->awaited == 0)
		return item;
	return NULL;
}

static void
make_room(struct outlet *outlet, size_t len)
{
	struct outlet_item *oldest;

	while ((outlet->count >= OUTLET_QUEUE_MAX || outlet->bytes + len > OUTLET_BYTES_MAX) &&
	    (oldest = first_waiting(outlet)) != NULL) {
		forget(outlet, oldest);
		outlet->lost++;
		outlet_note(outlet, "too many results wait: the oldest are lost");
	}
}

void
outlet_put(struct outlet *outlet, const char *bytes, size_t len)
{
	struct outlet_item *item;

	make_room(outlet, len);
	if (outlet->count >= OUTLET_QUEUE_MAX || outlet->bytes + len > OUTLET_BYTES_MAX) {
		outlet->lost++;
		return;
	}
	item = xcalloc(1, sizeof(*item) + len + 1);
	item->len = len;
	memcpy(item->bytes, bytes, len);
	STAILQ_INSERT_TAIL(&outlet->items, item, next);
	outlet->count++;
	outlet->bytes += len;
	outlet->methods->work(outlet);
}

struct outlet_item *
outlet_next(struct outlet *outlet, unsigned answers)
{
	struct outlet_item *item = first_waiting(outlet);

	if (item == NULL)
		return NULL;
	item->awaited = answers;
	outlet->sent++;
	return item;
}

void
outlet_answered(struct outlet *outlet, bool is_published)
{
	struct outlet_item *first = STAILQ_FIRST(&outlet->items);

	if (first == NULL || first->awaited == 0)
		return;
	if (is_published)
		outlet->published++;
	else
		outlet->lost++;
	if (--first->awaited > 0)
		return;
	outlet->sent--;
	forget(outlet, first);
	if (outlet->count == 0)
		outlet->handler.on_empty(outlet->handler.ctx);
}

void
outlet_again(struct outlet *outlet)
{
	struct outlet_item *item;

	STAILQ_FOREACH(item, &outlet->items, next)
	item->awaited = 0;
	outlet->sent = 0;
}
