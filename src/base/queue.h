/* SPDX-License-Identifier: BSD-2-Clause */
/* A queue of items of one size: a ring that grows and never shrinks. */
#ifndef ESPCAP_BASE_QUEUE_H
#define ESPCAP_BASE_QUEUE_H

#include <stddef.h>

/* Zeroed it is empty. size, below, is that of an item: always the same. */
struct queue {
	char *items;
	size_t room, first, count;
};

/* Copies the item behind the last one. */
void queue_push(struct queue *queue, const void *item, size_t size);
/* The one after so many of the oldest; index is below count. Valid until the next push. */
void *queue_at(const struct queue *queue, size_t index, size_t size);
/* Takes the oldest away, of which there must be one; it stays valid until the next push. */
void queue_pop(struct queue *queue);
void queue_release(struct queue *queue);

#endif
