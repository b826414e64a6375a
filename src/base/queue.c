/* SPDX-License-Identifier: BSD-2-Clause */
/* A queue of items of one size. */
#include "base/queue.h"

#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"

#define ROOM_FIRST 256

static void
grow(struct queue *queue, size_t size)
{
	size_t room = queue->room == 0 ? ROOM_FIRST : queue->room * 2;
	char *items = xreallocarray(NULL, room, size);

	for (size_t i = 0; i < queue->count; i++)
		memcpy(items + i * size, queue_at(queue, i, size), size);
	free(queue->items);
	*queue = (struct queue){ .items = items, .room = room, .count = queue->count };
}

void
queue_push(struct queue *queue, const void *item, size_t size)
{
	if (queue->count == queue->room)
		grow(queue, size);
	memcpy(queue_at(queue, queue->count, size), item, size);
	queue->count++;
}

void *
queue_at(const struct queue *queue, size_t index, size_t size)
{
	return queue->items + (queue->first + index) % queue->room * size;
}

void
queue_pop(struct queue *queue)
{
	queue->first = (queue->first + 1) % queue->room;
	queue->count--;
}

void
queue_release(struct queue *queue)
{
	free(queue->items);
	*queue = (struct queue){ .count = 0 };
}
