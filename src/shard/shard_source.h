/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The records of a capture as one of several tsharks gets them: its own, and placeholders for those of the others. No
 * I/O of its own.
 */
#ifndef ESPCAP_SHARD_SHARD_SOURCE_H
#define ESPCAP_SHARD_SHARD_SOURCE_H

#include "packet/record_source.h"
#include "shard/order.h"

struct shard_source;

struct shard_source_config {
	struct order *order; /* told whose each packet is */
	unsigned index, count;
	uint32_t placeholder; /* see struct record */
};

/*
 * Over `inner`, which it takes over, and which can be rewound. All but the one of index 0 seek: each session of the
 * input is read up to the first packet of this shard, which may be nowhere, and then given from its beginning. What is
 * wrong with the input before that the first one tells. All in the config is borrowed.
 */
struct shard_source *shard_source_new(const struct shard_source_config *config, struct record_source *inner);
struct record_source *shard_source_base(struct shard_source *source);

/* The order has moved on. Not from a call of this source. */
void shard_source_look(struct shard_source *source);

#endif
