/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Whose turn it is, when several tsharks dissect the packets of one capture and their documents go out in its order. No
 * I/O.
 */
#ifndef ESPCAP_SHARD_ORDER_H
#define ESPCAP_SHARD_ORDER_H

#include <stdbool.h>
#include <stdint.h>

struct order;

/* shards: at most ORDER_SHARDS. Free with order_free. */
#define ORDER_SHARDS 256
struct order *order_new(unsigned shards);
void order_free(struct order *order);

/* Whoever reads a packet first adds it with its shard, from ordinal 1 on without a gap. Known packets are ignored. */
void order_add(struct order *order, uint64_t ordinal, unsigned shard);

/* The first packet whose outcome is not known; one more than all known if there is none. */
uint64_t order_next(const struct order *order);
/* Whose it is; ORDER_NOBODY if it has not been told. */
#define ORDER_NOBODY UINT16_MAX
unsigned order_shard(const struct order *order);
/* The last packet told. */
uint64_t order_last(const struct order *order);

/* The outcome of a packet is known: it needs no turn any more. */
void order_done(struct order *order, uint64_t ordinal);
/* The same for all of this shard, also those still to be told. */
void order_leave(struct order *order, unsigned shard);
bool order_has_left(const struct order *order, unsigned shard);

#endif
