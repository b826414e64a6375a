/* SPDX-License-Identifier: BSD-2-Clause */
/* Whose turn it is. */
#include "shard/order.h"

#include <stdlib.h>

#include "base/xalloc.h"

struct order {
	uint16_t *ring; /* shards; ORDER_NOBODY for what is done */
	uint64_t room, next, last;
	bool left[ORDER_SHARDS];
};

struct order *
order_new(unsigned shards)
{
	struct order *order = xcalloc(1, sizeof(*order));

	if (shards > ORDER_SHARDS)
		abort();
	order->room = 1024;
	order->ring = xcalloc(order->room, sizeof(*order->ring));
	order->next = 1;
	return order;
}

void
order_free(struct order *order)
{
	if (order == NULL)
		return;
	free(order->ring);
	free(order);
}

static uint16_t *
at(const struct order *order, uint64_t ordinal)
{
	return &order->ring[ordinal % order->room];
}

static void
advance(struct order *order)
{
	while (order->next <= order->last &&
	    (*at(order, order->next) == ORDER_NOBODY ||
		order->left[*at(order, order->next)]))
		order->next++;
}

static void
grow(struct order *order)
{
	struct order larger = *order;

	larger.room *= 2;
	larger.ring = xcalloc(larger.room, sizeof(*larger.ring));
	for (uint64_t i = order->next; i <= order->last; i++)
		*at(&larger, i) = *at(order, i);
	free(order->ring);
	order->ring = larger.ring;
	order->room = larger.room;
}

void
order_add(struct order *order, uint64_t ordinal, unsigned shard)
{
	if (ordinal <= order->last)
		return;
	if (ordinal != order->last + 1 || shard >= ORDER_SHARDS)
		abort();
	if (ordinal - order->next == order->room)
		grow(order);
	order->last = ordinal;
	*at(order, ordinal) = (uint16_t)shard;
	advance(order);
}

uint64_t
order_next(const struct order *order)
{
	return order->next;
}

unsigned
order_shard(const struct order *order)
{
	return order->next > order->last ? ORDER_NOBODY :
					   *at(order, order->next);
}

uint64_t
order_last(const struct order *order)
{
	return order->last;
}

void
order_done(struct order *order, uint64_t ordinal)
{
	if (ordinal < order->next || ordinal > order->last)
		return;
	*at(order, ordinal) = ORDER_NOBODY;
	advance(order);
}

void
order_leave(struct order *order, unsigned shard)
{
	order->left[shard] = true;
	advance(order);
}

bool
order_has_left(const struct order *order, unsigned shard)
{
	return order->left[shard];
}
